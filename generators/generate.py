"""The verb `generate`: a process card becomes an event file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.arguments import whole_argument
from alphoton.data.event_file import CHUNK, EventWriter
from alphoton.data.output import check_free, watched
from alphoton.data.places import check_space
from alphoton.data.provenance import Recipe
from alphoton.generators.decays import fraction
from alphoton.generators.event_source import CrossSection, Drawn, EventSource
from alphoton.generators.executors import Executor, chunks, executor
from alphoton.generators.parts import join, part_path, parts, parts_folder, read_tally
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import of

Progress = Callable[[int, int], None]
"""Called with (done, total) as the work goes on."""
EVENT_BYTES = 90
"""An event takes at least so much in a file: measured 94 (two photons) to 243 (a thick target, with decays)."""


@dataclass(frozen=True)
class Generated:
    """What `generate` made: the numbers of `generate --json`, and the path written."""

    path: Path
    events: int
    cross_section_pb: float
    error_pb: float
    components_pb: dict[str, float]
    unweighting_efficiency: float
    overweight_fraction: float
    events_per_second: float
    effective_sizes: dict[str, float]
    seed: int
    workers: int


def load_process(
    process: str | Path | ProcessCard, overrides: str | Sequence[str] = (), **options: int | None
) -> ProcessCard:
    """The validated process card with overrides, and then options such as `events` and `seed`, laid over it.

    Validated twice, so that a wrong override is told even where an option replaces it.
    """
    card = ProcessCard.load(process, overrides)
    return ProcessCard.load(card, [f"{key}={value}" for key, value in options.items() if value is not None])


def generate(
    process: str | Path | ProcessCard,
    output: str | Path,
    *,
    events: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    overrides: str | Sequence[str] = (),
    force: bool = False,
    point: int = 0,
    progress: Progress | None = None,
) -> Generated:
    """Generate the events of a process card into the ROOT file `output`.

    The events depend on card, seed and scan point only, not on the number of workers: `workers` threads here, or those of
    the dask cluster whose scheduler is at the address `scheduler`. A large job is made in parts, and one that was killed
    goes on from the parts it has finished. The file appears when it is whole.

    Raises `CardError` for a bad card; `InputError` where `output` exists and `force` is not set, or dask is asked for and
    not installed, or where the disk cannot hold so many events; `ClusterError` where the scheduler does not answer (any
    more), or its workers have other versions.
    """
    events = None if events is None else whole_argument("events", events)
    seed = None if seed is None else whole_argument("seed", seed, 0)
    workers = whole_argument("workers", workers)
    card = load_process(process, overrides, events=events, seed=seed)
    path = Path(output)
    check_free(path, force=force, inputs=card.files)
    check_space(path, disk_space(card.events), f"{card.events} events")
    made_from = recipe(card, point)
    with executor(workers, scheduler) as where:
        source = EventSource(card, point)
        pieces = parts(card.events)
        tally = _Tally(card)
        start = time.perf_counter()
        if len(pieces) == 1:
            with EventWriter(path, force=force) as writer:
                _fill(writer, source, pieces[0], tally, where, progress)
                meta = {**source_meta(source), "recipe": made_from.digest, "trials": tally.trials}
                writer.finish(meta, tally.runs(source.cross_section))
        else:
            _in_parts(path, source, made_from, tally, where, force=force, progress=progress)
        return tally.result(path, source.cross_section, time.perf_counter() - start, where.workers)


def disk_space(events: int) -> float:
    """Bytes that so many events need at least while they are written: a large job's are there twice, in parts and joined."""
    return EVENT_BYTES * events * (1 if len(parts(events)) == 1 else 2)


def recipe(card: ProcessCard, point: int = 0) -> Recipe:
    """What the events of a card at a scan point are made from; a file keeps its digest in `meta`."""
    return Recipe.of("alphoton.generators.generate", cards={"process": card.content}, point=point)


def _fill(
    writer: EventWriter,
    source: EventSource,
    piece: tuple[int, int],
    tally: _Tally,
    where: Executor,
    progress: Progress | None,
) -> None:
    """Write the events of a part, (first chunk, events), and count them."""
    before = tally.events
    for drawn in chunks(source, piece[1], where, piece[0]):
        writer.extend(drawn.events)
        tally.add(drawn)
        if progress is not None:
            progress(tally.events, source.card.events)
    if tally.events != before + piece[1]:
        raise RuntimeError(f"{tally.events - before} events were made in place of {piece[1]}")


def _in_parts(
    path: Path,
    source: EventSource,
    made_from: Recipe,
    tally: _Tally,
    where: Executor,
    *,
    force: bool,
    progress: Progress | None,
) -> None:
    """Make the parts that are not there yet, and join them."""
    meta = {**source_meta(source), "recipe": made_from.digest}
    pieces = parts(source.card.events)
    with parts_folder(path, made_from, force=force) as folder:
        for number, piece in enumerate(pieces):
            file = part_path(folder, number)
            own = {"recipe": made_from.digest, "part": number}
            found = read_tally(file, piece[1], own)
            made = found or _make_part(file, source, piece, {**meta, **own}, tally.events, where, progress)
            tally.add_part(made, found=found is not None)
        with EventWriter(path, force=force) as writer:
            join(folder, len(pieces), writer)
            writer.finish({**meta, "trials": tally.trials}, tally.runs(source.cross_section))


def _make_part(
    file: Path,
    source: EventSource,
    piece: tuple[int, int],
    meta: dict[str, Any],
    done: int,
    where: Executor,
    progress: Progress | None,
) -> dict[str, Any]:
    """Write the event file of a part, with what was counted in its `meta`; `done` events stand before it."""
    own = _Tally(source.card)
    with watched(None), EventWriter(file, force=True) as writer:
        shown = None if progress is None else _from(progress, done, source.card.events)
        _fill(writer, source, piece, own, where, shown)
        counted = own.as_dict()
        writer.finish({**meta, "tally": counted}, own.runs(source.cross_section))
    return counted


def _from(progress: Progress, done: int, total: int) -> Progress:
    """Progress of a part, within the whole."""
    return lambda step, _: progress(done + step, total)


def source_meta(source: EventSource) -> dict[str, Any]:
    """What the file says of its events besides the format: card, seed, beams, shares of the channels."""
    card = source.card
    components = {name: [part.value, part.error] for name, part in source.cross_section.components.items()}
    return {
        "cards": {"process": card.resolved},
        "seed": card.seed,
        "point": source.point,
        **card.setup(),
        "mass": card.mass,
        "alp_id": card.ids.alp,
        "decay_fraction": fraction(card),
        "shower_error": source.table_error,
        "couplings": dict(zip(components, map(float, source.process.couplings(card)), strict=True)),
        "powers": {component.name: dict(component.powers) for component in source.process.components},
        "components_pb": components,
        "unit_components_pb": {name: [part.value, part.error] for name, part in source.unit_cross_sections.items()},
        "chunk": CHUNK,
    }


class _Tally:
    """Adds up the chunks, in their order."""

    def __init__(self, card: ProcessCard) -> None:
        self.seed = card.seed
        self._sampled = [component.name for component in of(card).components if component.own_sample]
        self.events = self.trials = self.overweight = self._found = 0
        self._rows: list[dict[str, float]] = []
        self._sums: dict[str, list[float]] = {}

    def add(self, drawn: Drawn) -> None:
        self._rows.append(drawn.run_row)
        self.events += int(drawn.run_row["genEventCount"])
        self.trials += drawn.trials
        self.overweight += drawn.overweight
        for name in self._sampled:
            weights = drawn.events[f"weight_{name}"] * drawn.events["genWeight"]  # type: ignore[operator]
            sums = self._sums.setdefault(name, [0.0, 0.0])
            sums[0] += float(weights.sum())
            sums[1] += float((weights**2).sum())

    def as_dict(self) -> dict[str, Any]:
        """What was counted, as data that JSON knows: every number comes back as it was."""
        rows = [{key: np.asarray(value).item() for key, value in row.items()} for row in self._rows]
        return {"rows": rows, "sums": self._sums, "trials": self.trials, "overweight": self.overweight}

    def add_part(self, part: dict[str, Any], *, found: bool) -> None:
        """Add what was counted in a part, made just now or found."""
        self._rows += part["rows"]
        events = sum(int(row["genEventCount"]) for row in part["rows"])
        self.events += events
        self._found += events if found else 0
        self.trials += part["trials"]
        self.overweight += part["overweight"]
        for name, (weights, squares) in part["sums"].items():
            sums = self._sums.setdefault(name, [0.0, 0.0])
            sums[0] += weights
            sums[1] += squares

    def runs(self, cross_section: CrossSection) -> dict[str, NDArray[Any]]:
        """The columns of `Runs`: sums of each chunk, and the numbers of the whole sample repeated in each row."""
        whole = {
            "crossSection_pb": cross_section.value,
            "crossSectionError_pb": cross_section.error,
            "overweightFraction": self.overweight / self.events,
        }
        rows = {key: np.array([row[key] for row in self._rows]) for key in self._rows[0]}
        return rows | {key: np.full(len(self._rows), value) for key, value in whole.items()}

    def result(self, path: Path, cross_section: CrossSection, seconds: float, workers: int) -> Generated:
        return Generated(
            path=path,
            events=self.events,
            cross_section_pb=cross_section.value,
            error_pb=cross_section.error,
            components_pb={name: part.value for name, part in cross_section.components.items()},
            unweighting_efficiency=self.events / self.trials,
            overweight_fraction=self.overweight / self.events,
            events_per_second=(self.events - self._found) / seconds,
            effective_sizes={k: s * s / s2 if s2 > 0 else 0.0 for k, (s, s2) in self._sums.items()},
            seed=self.seed,
            workers=workers,
        )
