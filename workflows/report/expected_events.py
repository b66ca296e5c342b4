"""Events of a background that an analysis selects, from one sample for every way to look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

from alphoton.analysis.analyse import summarise
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import count
from alphoton.analysis.exposure import Setup, exposure
from alphoton.analysis.selection import EventView
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import CrossSection, EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.named_content import by_content
from alphoton.workflows.report.claim_tools import Measured


@dataclass(frozen=True)
class Generated:
    """A sample before any detector: its cross-section and its chunks."""

    cross_section: CrossSection
    chunks: tuple[EventView, ...]


@by_content(16)
def generated(process: str, *overrides: str) -> Generated:
    """The events of a process card, made once."""
    source = EventSource(ProcessCard.load(process, overrides))
    meta = {**source_meta(source), "detector_seed": source.card.seed}
    views = tuple(EventView(drawn.events, meta) for drawn in chunks(source, source.card.events))
    return Generated(source.cross_section, views)


def expected_events(sample: Generated, detector: DetectorCard, analysis: AnalysisCard) -> Measured:
    """Events selected behind a detector in the exposure of the cards, with the Monte Carlo error."""
    sums = []
    for index, view in enumerate(sample.chunks):
        reco = EventView(reconstruct(detector, view.chunk, view.meta, index), view.meta)
        sums.append(count(analysis, reco)[0])
    meta = sample.chunks[0].meta
    place = f"the process card '{meta['cards']['process']['name']}'"
    made, per_pb = sample.cross_section, exposure(analysis, Setup.of_meta(meta, place))
    found = summarise(reduce(add, sums), made.value, made.error, per_pb=per_pb)
    assert found.expected_events is not None
    assert found.expected_events_error is not None
    return Measured(found.expected_events, found.expected_events_error)
