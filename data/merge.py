"""The verb `merge`: event or reco files of one card, made with different seeds, become one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.arguments import several
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, EventWriter
from alphoton.data.output import check_free

FREE = ("seed", "events")
"""Keys of a process card in which files may differ."""
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
    (pb) are means in which every event counts the same, with the independent errors of the files in quadrature. Raises
    `InputError` where the cards differ in anything but the seed and the number of events, where two files have the same
    events or detector noise, or where `output` exists and `force` is not set.
    """
    files = several(files)
    if len(files) < 2:
        raise InputError("merge: give two files or more")
    path = Path(output)
    check_free(path, force=force)
    with ExitStack() as stack:
        opened = [stack.enter_context(EventFile(file)) for file in files]
        if any(path.exists() and path.samefile(file.path) for file in opened):
            raise InputError(f"{path}: is one of the files to merge; choose another name")
        for file in opened[1:]:
            _check_same(opened[0], file)
        sources = list(_sources(opened))
        _check_distinct(sources)
        runs = _runs(opened)
        _copy(opened, path, _meta(opened, sources), runs, force=force, progress=progress)
    section, error, overweight = (float(runs[name][0]) for name in WHOLE_SAMPLE)
    return Merged(path, int(runs["genEventCount"].sum()), section, error, overweight, tuple(sources))


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
    """(dotted path, value) of everything in a resolved card."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _check_same(first: EventFile, other: EventFile) -> None:
    """Raise `InputError` where two files were not made from the same cards, telling the keys."""
    cards = [dict(_leaves(file.meta["cards"])) for file in (first, other)]
    free = {f"process.{key}" for key in FREE}
    missing = object()
    keys = [key for key in dict.fromkeys([*cards[0], *cards[1]]) if key not in free]
    differing = [key for key in keys if cards[0].get(key, missing) != cards[1].get(key, missing)]
    if differing:
        told = "; ".join(
            f"{key}: {cards[0].get(key, 'not given')} and {cards[1].get(key, 'not given')}" for key in differing
        )
        raise InputError(f"{other.path}: not from the same cards as {first.path}: {told}")
    if first.branches != other.branches:
        odd = ", ".join(sorted({*first.branches} ^ {*other.branches}))
        raise InputError(f"{other.path}: not the same branches as {first.path}: {odd}")


def _sources(opened: Iterable[EventFile]) -> Iterator[dict[str, Any]]:
    """What each file was made as; one that was merged itself tells its own."""
    for file in opened:
        own = {"file": str(file.path), **{key: file.meta.get(key) for key in ("seed", "detector_seed", "point", "versions")}}
        own["events"] = file.count
        yield from file.meta.get("sources", [own])


def _check_distinct(sources: Sequence[dict[str, Any]]) -> None:
    """Raise `InputError` where two sources share random numbers: of the events, which are then the same, or the detector."""
    for key, shared, verb in (("seed", "events", "generate"), ("detector_seed", "detector noise", "simulate")):
        seen: dict[tuple[int, int], str] = {}
        for source in sources:
            stream = source[key], source["point"]
            if source[key] is not None and stream in seen:
                raise InputError(
                    f"{source['file']}: has the same {shared} as {seen[stream]}: both have the {key.replace('_', ' ')} "
                    f"{source[key]}; {verb} one of them with another seed"
                )
            seen[stream] = source["file"]


def _mean(values: Sequence[float], errors: Sequence[float], events: Sequence[int]) -> tuple[float, float]:
    """The mean in which every event counts the same, and its error from independent ones."""
    shares = np.array(events) / sum(events)
    return float(shares @ np.array(values)), float(np.sqrt(np.sum((shares * np.array(errors)) ** 2)))


def _runs(opened: Sequence[EventFile]) -> dict[str, NDArray[Any]]:
    """The rows of all files, with the numbers of the whole sample made anew."""
    tables = [file.runs() for file in opened]
    events = [file.count for file in opened]
    firsts = [[float(table[name][0]) for table in tables] for name in WHOLE_SAMPLE]
    section, error = _mean(firsts[0], firsts[1], events)
    overweight, _ = _mean(firsts[2], [0.0] * len(events), events)
    rows = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    length = len(rows["genEventCount"])
    return rows | {
        name: np.full(length, value) for name, value in zip(WHOLE_SAMPLE, (section, error, overweight), strict=True)
    }


def _meta(opened: Sequence[EventFile], sources: list[dict[str, Any]]) -> dict[str, Any]:
    """The first file's, with the number of events and the components' cross-sections of all."""
    metas, events = [file.meta for file in opened], [file.count for file in opened]
    meta = {key: value for key, value in metas[0].items() if key not in OF_A_FILE}
    for table in ("components_pb", "unit_components_pb"):
        names = metas[0][table]
        meta[table] = {
            name: _mean([m[table][name][0] for m in metas], [m[table][name][1] for m in metas], events) for name in names
        }
    if "trials" in meta:
        trials = [m.get("trials") for m in metas]
        meta["trials"] = None if None in trials else sum(trials)  # a file of version 0.1.0 does not say it
    process = {**meta["cards"]["process"], "events": sum(events)}
    return {**meta, "cards": {**meta["cards"], "process": process}, "sources": sources}
