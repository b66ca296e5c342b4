"""The verb `generate`: a process card becomes an event file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.event_file import CHUNK, EventWriter
from alphoton.data.output import check_free
from alphoton.generators.decays import fraction
from alphoton.generators.event_source import CrossSection, Drawn, EventSource
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import of

Progress = Callable[[int, int], None]
"""Called with (done, total) as the work goes on."""


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


def load_process(process: str | Path | ProcessCard, overrides: Sequence[str] = (), **options: int | None) -> ProcessCard:
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
    overrides: Sequence[str] = (),
    force: bool = False,
    point: int = 0,
    progress: Progress | None = None,
) -> Generated:
    """Generate the events of a process card into the ROOT file `output`.

    The events depend on card, seed and scan point only, not on the number of workers. Raises `CardError` for a bad card
    and `InputError` where `output` exists and `force` is not set; the file appears when it is whole.
    """
    card = load_process(process, overrides, events=events, seed=seed)
    path = Path(output)
    check_free(path, force=force)
    source = EventSource(card, point)
    tally = _Tally(card)
    with EventWriter(path, force=force) as writer:
        start = time.perf_counter()
        for drawn in chunks(source, card.events, workers):
            writer.extend(drawn.events)
            tally.add(drawn)
            if progress is not None:
                progress(tally.events, card.events)
        seconds = time.perf_counter() - start
        writer.finish(source_meta(source), tally.runs(source.cross_section))
    return tally.result(path, source.cross_section, seconds, workers)


def chunks(source: EventSource, events: int, workers: int = 1) -> Iterator[Drawn]:
    """All chunks in order, made by `workers` threads (the kernels hold no lock), few at a time: memory stays flat."""
    jobs = [(index, min(CHUNK, events - start)) for index, start in enumerate(range(0, events, CHUNK))]
    if workers <= 1:
        for index, count in jobs:
            yield source.chunk(index, count)
        return
    waiting: deque[Future[Drawn]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for index, count in jobs:
                waiting.append(pool.submit(source.chunk, index, count))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def source_meta(source: EventSource) -> dict[str, Any]:
    """What the file says of its events besides the format: card, seed, beams, shares of the channels."""
    card = source.card
    components = {name: [part.value, part.error] for name, part in source.cross_section.components.items()}
    return {
        "cards": {"process": card.resolved},
        "seed": card.seed,
        "point": source.point,
        "beams": [collision.as_dict() for collision in card.collisions()],
        "mass": card.mass,
        "alp_id": card.ids.alp,
        "decay_fraction": fraction(card),
        "couplings": dict(zip(components, map(float, source.process.couplings(card)), strict=True)),
        "components_pb": components,
        "unit_components_pb": {name: [part.value, part.error] for name, part in source.unit_cross_sections.items()},
        "chunk": CHUNK,
    }


class _Tally:
    """Adds up the chunks, in their order."""

    def __init__(self, card: ProcessCard) -> None:
        self.seed = card.seed
        self._sampled = [component.name for component in of(card).components if component.own_sample]
        self.events = self.trials = self.overweight = 0
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
            events_per_second=self.events / seconds,
            effective_sizes={k: s * s / s2 if s2 > 0 else 0.0 for k, (s, s2) in self._sums.items()},
            seed=self.seed,
            workers=workers,
        )
