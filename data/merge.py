"""The verb `merge`: event or reco files of one card, made with different seeds, become one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.arguments import several
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, EventWriter
from alphoton.data.output import check_free
from alphoton.data.places import check_space

FREE = ("seed", "events")
"""Keys of a process card in which files may differ."""
LABELS = ("name", "description")
"""Keys of any card in which files may differ, as in the `source` of a number anywhere: they change no event."""
OF_A_FILE = ("format", "units", "versions", "command_line", "recipe")
"""What a file says of itself, and the writer says anew."""
WHOLE_SAMPLE = ("crossSection_pb", "crossSectionError_pb", "overweightFraction")
"""Columns of `Runs` that are the whole sample's, repeated in each row."""


@dataclass(frozen=True)
class Merged:
    """What `merge` made: the numbers of `merge --json`, and the path written."""

    path: Path
    events: int
    cross_section_pb: float
    error_pb: float
    overweight_fraction: float
    sources: tuple[dict[str, Any], ...]


def merge(
    files: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Merged:
    """Join event files, or reco files, of the same cards and different seeds into the file `output`, at constant memory.

    Events and their weights stay as they are, in the order of the files; `event` numbers run on. (A weight is relative to
    its file's own cross-section: that moves a mean weight by the square of their relative spread only.) Cross-sections
    (pb) are means in which every event counts the same; the errors of the files are independent, but for that of a shower
    which they have in common. Raises `InputError` where the cards differ in anything but the seed, the number of events and
    labels (`name`, `description`, `source`: the first file's are kept), where two files have random numbers of events or of
    detector noise in common, or where `output` exists and `force` is not set.
    """
    files = several(files)
    if len(files) < 2:
        raise InputError("merge: give two files or more")
    path = Path(output)
    check_free(path, force=force, inputs=files)
    check_space(path, sum(Path(file).stat().st_size for file in files if Path(file).is_file()), "the events of all")
    with ExitStack() as stack:
        opened = [stack.enter_context(EventFile(file)) for file in files]
        for file in opened[1:]:
            _check_same(opened[0], file)
        sources, noise = [_sources(file) for file in opened], [_noise(file) for file in opened]
        _check_distinct(opened, sources, "seed", "events", "generate")
        _check_distinct(opened, noise, "detector_seed", "detector noise", "simulate")
        runs = _runs(opened)
        _copy(opened, path, _meta(opened, list(chain(*sources)), list(chain(*noise))), runs, force=force, progress=progress)
    section, error, overweight = (float(runs[name][0]) for name in WHOLE_SAMPLE)
    return Merged(path, int(runs["genEventCount"].sum()), section, error, overweight, tuple(chain(*sources)))


def _copy(
    opened: Sequence[EventFile],
    path: Path,
    meta: dict[str, Any],
    runs: dict[str, NDArray[Any]],
    *,
    force: bool,
    progress: Callable[[int, int], None] | None,
) -> None:
    total, done = sum(file.count for file in opened), 0
    with EventWriter(path, force=force) as writer:
        for file in opened:
            for chunk in file.chunks():
                count = len(chunk["run"])  # type: ignore[arg-type]
                chunk["event"] = np.arange(done, done + count, dtype=np.uint64)
                writer.extend(chunk)
                done += count
                if progress is not None:
                    progress(done, total)
        writer.finish(meta, runs)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything in a resolved card but the sources of its numbers."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, value
        return
    yield path, type(value)  # also where there is nothing in it
    for key, item in items:
        if key != "source":
            yield from _leaves(item, f"{path}.{key}" if path else str(key))


def _check_same(first: EventFile, other: EventFile) -> None:
    """Raise `InputError` where two files were not made from the same cards, telling the keys."""
    cards = [dict(_leaves(file.meta["cards"])) for file in (first, other)]
    free = {f"process.{key}" for key in FREE} | {f"{kind}.{key}" for kind in first.meta["cards"] for key in LABELS}
    missing = object()
    keys = [key for key in dict.fromkeys([*cards[0], *cards[1]]) if key not in free]
    differing = [key for key in keys if cards[0].get(key, missing) != cards[1].get(key, missing)]
    if differing:
        told = "; ".join(f"{key}: {_shown(cards[0], key)} and {_shown(cards[1], key)}" for key in differing)
        raise InputError(f"{other.path}: not from the same cards as {first.path}: {told}")
    types = first.types(), other.types()
    odd = sorted(name for name in {*types[0], *types[1]} if types[0].get(name) != types[1].get(name))
    if odd:
        raise InputError(f"{other.path}: not the same branches as {first.path}: {', '.join(odd)}")
    if first.meta["couplings"].keys() != other.meta["couplings"].keys():
        raise InputError(f"{other.path}: meta.couplings: not the same components as in {first.path}")


def _shown(leaves: dict[str, Any], key: str) -> Any:
    value = leaves.get(key, "not given")
    return "several keys" if isinstance(value, type) else value


def _sources(file: EventFile) -> list[dict[str, Any]]:
    """What the events of a file were made as; one that was merged itself tells its own."""
    own = {"file": str(file.path), **{key: file.meta.get(key) for key in ("seed", "detector_seed", "point", "versions")}}
    return list(file.meta.get("sources") or [own | {"events": file.count}])


def _noise(file: EventFile) -> list[dict[str, Any]]:
    """What the detector noise of a file was made with: one stream for all of its chunks, or one for each reco file that was
    merged."""
    own = {"file": str(file.path), "detector_seed": file.meta.get("detector_seed"), "point": file.meta["point"]}
    # a file that an earlier version merged
    before = [each for each in file.meta.get("sources") or [] if each.get("detector_seed") is not None]
    return [{key: each.get(key) for key in own} for each in file.meta.get("noise") or before or [own]]


def _check_distinct(
    opened: Sequence[EventFile], sources: Sequence[list[dict[str, Any]]], key: str, shared: str, verb: str
) -> None:
    """Raise `InputError` where two sources share random numbers: of the events, which are then the same, or the detector.

    Streams are those of a seed, a scan point and the number of a chunk (`random_streams`), which every file counts from 0.
    """
    seen: dict[tuple[int, int], str] = {}
    for file, source in ((file, source) for file, own in zip(opened, sources, strict=True) for source in own):
        if source[key] is None:
            continue
        stream = source[key], source["point"]
        place = str(file.path) if source["file"] == str(file.path) else f"{file.path}, from {source['file']}"
        if stream in seen:
            raise InputError(
                f"{place}: has the same {shared} as {seen[stream]}: both have the {key.replace('_', ' ')} "
                f"{source[key]}; {verb} one of them with another seed"
            )
        seen[stream] = place


def _mean(
    values: Sequence[float], errors: Sequence[float], events: Sequence[int], common: Sequence[float]
) -> tuple[float, float]:
    """The mean in which every event counts the same, and its error; a relative part of the errors is common to all."""
    shares = np.array(events) / sum(events)
    mean = float(shares @ np.array(values))
    shared = np.array(common) * np.abs(values)
    own = [math.sqrt(max(0.0, (error - part) * (error + part))) for error, part in zip(errors, shared, strict=True)]
    return mean, math.hypot(*(shares * np.array(own)), float(shares @ shared))


def _common(opened: Sequence[EventFile]) -> list[float]:
    """The relative error of each cross-section from random numbers that all files have: those of a Monte Carlo shower."""
    return [float(file.meta.get("shower_error") or 0.0) for file in opened]


def _runs(opened: Sequence[EventFile]) -> dict[str, NDArray[Any]]:
    """The rows of all files, with the numbers of the whole sample made anew."""
    tables = [file.runs() for file in opened]
    events = [file.count for file in opened]
    firsts = [[float(table[name][0]) for table in tables] for name in WHOLE_SAMPLE]
    section, error = _mean(firsts[0], firsts[1], events, _common(opened))
    overweight, _ = _mean(firsts[2], [0.0] * len(events), events, [0.0] * len(events))
    names = [name for name in tables[0] if all(name in table for table in tables)]
    rows = {name: np.concatenate([table[name] for table in tables]) for name in names}
    length = len(rows["genEventCount"])
    return rows | {
        name: np.full(length, value) for name, value in zip(WHOLE_SAMPLE, (section, error, overweight), strict=True)
    }


def _meta(opened: Sequence[EventFile], sources: list[dict[str, Any]], noise: list[dict[str, Any]]) -> dict[str, Any]:
    """The first file's, with the number of events and the components' cross-sections of all."""
    metas, events = [file.meta for file in opened], [file.count for file in opened]
    meta = {key: value for key, value in metas[0].items() if key not in OF_A_FILE}
    for table in ("components_pb", "unit_components_pb"):
        names = metas[0][table]
        meta[table] = {
            name: _mean([m[table][name][0] for m in metas], [m[table][name][1] for m in metas], events, _common(opened))
            for name in names
        }
    if "trials" in meta:
        trials = [m.get("trials") for m in metas]
        meta["trials"] = None if None in trials else sum(trials)  # a file of version 0.1.0 does not say it
    process = {**meta["cards"]["process"], "events": sum(events)}
    made_with = {"sources": sources}
    if any(each["detector_seed"] is not None for each in noise):
        made_with["noise"] = noise
    return {**meta, "cards": {**meta["cards"], "process": process}, **made_with}
