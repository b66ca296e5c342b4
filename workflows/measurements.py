"""What an analysis measures of a process: from events in memory, or of a reco file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Measurement, check_reco, measure, needed_branches
from alphoton.data.card_paths import is_file
from alphoton.data.event_file import Chunk, EventFile
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard


def beside(card: Any, name: str) -> str | Path:
    """What a card's entry names: a file beside the card where there is one, else a name or path as anywhere."""
    near = Path(card.origin).parent / name
    return near if name.endswith((".yaml", ".yml", ".csv", ".root")) and is_file(near) else name


def in_memory(card: ProcessCard, detector: DetectorCard, analysis: AnalysisCard, point: int = 0) -> Measurement:
    """Generate, simulate and count without files; the same numbers as through files with the same seeds."""
    return measured_source(EventSource(card, point), detector, analysis)


def measured_source(source: EventSource, detector: DetectorCard, analysis: AnalysisCard) -> Measurement:
    """The same for a source of events that is there."""
    meta = {**source_meta(source), "detector_seed": source.card.seed}

    def reco() -> Iterator[Chunk]:
        for index, drawn in enumerate(chunks(source, source.card.events)):
            yield reconstruct(detector, drawn.events, meta, index)

    section = source.cross_section
    return measure(analysis, reco(), meta, (section.value, section.error))


def from_file(reco: Path, analysis: AnalysisCard) -> Measurement:
    """Count the events of a reco file. Raises `InputError` for a file that did not go through a detector."""
    with EventFile(reco) as file:
        check_reco(reco, file.branches)
        runs = file.runs()
        section = float(runs["crossSection_pb"][0]), float(runs["crossSectionError_pb"][0])
        return measure(analysis, file.chunks(needed_branches(analysis, file.branches)), file.meta, section)
