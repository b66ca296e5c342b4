"""What an analysis measures of a process: from events in memory, or of a reco file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Measurement, check_reco, measure, needed_branches
from alphoton.data import card_paths
from alphoton.data.event_file import Chunk, EventFile
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard


def beside(card: Any, name: str) -> str | Path:
    """What a card's entry names: a file beside the card if there is one, else a name or path as anywhere."""
    return card_paths.beside(Path(card.origin), name)


class Made:
    """Counts the events that are made, of those that are wanted, and tells a progress (done, total)."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress
        self.done = self.total = 0

    def wanted(self, events: int) -> None:
        """So many events more are wanted."""
        self.total += events
        self._progress(self.done, self.total)

    def add(self, events: int) -> None:
        """So many events more are made."""
        self.done += events
        self._progress(self.done, self.total)


def in_memory(
    card: ProcessCard, detector: DetectorCard, analysis: AnalysisCard, point: int = 0, made: Made | None = None
) -> Measurement:
    """Generate, simulate and count without files; the same numbers as through files with the same seeds."""
    return measured_source(EventSource(card, point), detector, analysis, made)


def measured_source(
    source: EventSource, detector: DetectorCard, analysis: AnalysisCard, made: Made | None = None
) -> Measurement:
    """The same for a source of events that is there."""
    meta = {**source_meta(source), "detector_seed": source.card.seed}
    meta["cards"] = {**meta["cards"], "detector": detector.resolved}

    def reco() -> Iterator[Chunk]:
        for index, drawn in enumerate(chunks(source, source.card.events)):
            yield reconstruct(detector, drawn.events, meta, index)
            if made is not None:
                made.add(len(drawn.events["event"]))  # type: ignore[arg-type]

    section, share = source.cross_section, meta["decay_fraction"]
    return measure(analysis, reco(), meta, (share * section.value, share * section.error))


def from_file(reco: Path, analysis: AnalysisCard) -> Measurement:
    """Count the events of a reco file. Raises `InputError` for a file that did not go through a detector."""
    with EventFile(reco) as file:
        check_reco(reco, file.branches)
        section = file.cross_section()
        return measure(analysis, file.chunks(needed_branches(analysis, file.branches)), file.meta, section)
