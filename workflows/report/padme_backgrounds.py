"""PADME's backgrounds per 1e11 positrons, as a table: what the vetoes leave, by their inefficiency."""

from __future__ import annotations

from functools import cache, reduce
from operator import add

from alphoton.analysis.analyse import exposure_of, summarise
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import count
from alphoton.analysis.selection import EventView
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import CrossSection, EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import Measured

BACKGROUNDS = {
    "e⁺e⁻ → γγ": "padme-twophoton",
    "e⁺e⁻ → γγγ": "padme-threephoton",
    "e⁺ C → e⁺ C γ": "padme-bethe-heitler",
}
EVENTS = 300_000
POSITRONS = "counting.positrons_on_target=1e11"
ABOVE = (
    "selection=[{quantity: photon.count, max: 1}, {quantity: photon.theta, min: 15 mrad, max: 80 mrad}, "
    "{quantity: photon.energy, min: 30 MeV, max: 500 MeV}, {quantity: missing_mass2, min: 50 MeV^2}]"
)
"""The selection of `padme-vetoes`, away from the peak of two photons at 0."""


def inefficient(share: str) -> tuple[str, ...]:
    """Overrides that give both vetoes an inefficiency."""
    return tuple(f"vetoes.{veto}.inefficiency={share}" for veto in (0, 1))


@cache
def _views(process: str) -> tuple[CrossSection, tuple[EventView, ...]]:
    source = EventSource(ProcessCard.load(process, [f"events={EVENTS}"]))
    meta, detector = source_meta(source), DetectorCard.load("padme-vetoes")
    meta["detector_seed"] = source.card.seed
    made = [reconstruct(detector, drawn.events, meta, index) for index, drawn in enumerate(chunks(source, EVENTS))]
    return source.cross_section, tuple(EventView(chunk, meta) for chunk in made)


def expected(process: str, *overrides: str) -> Measured:
    """Events of a background that `padme-vetoes` selects for 1e11 positrons, with the Monte Carlo error."""
    analysis = AnalysisCard.load("padme-vetoes", [POSITRONS, *overrides])
    made, views = _views(process)
    sums = reduce(add, (count(analysis, view)[0] for view in views))
    found = summarise(sums, made.value, made.error, per_pb=exposure_of(analysis, views[0].meta))
    assert found.expected_events is not None
    assert found.expected_events_error is not None
    return Measured(found.expected_events, found.expected_events_error)


def table() -> BeyondTable:
    """Cross-sections in mb, and events."""
    rows: list[tuple[Entry, ...]] = []
    for name, process in BACKGROUNDS.items():
        made = _views(process)[0]
        row = (expected(process, *inefficient(share)) for share in ("1", "1 %", "0.1 %"))
        above = expected(process, *inefficient("0.1 %"), ABOVE)
        rows.append((name, Measured(made.value * 1e-9, made.error * 1e-9), *row, above))
    return BeyondTable(
        "padme-backgrounds",
        "PADME's backgrounds per 10¹¹ positrons",
        "The paper takes 3800 events per 10¹¹ positrons from others. Here they are events with one photon in the "
        "calorimeter (15 to 80 mrad, 30 to 500 MeV) of the cards padme-twophoton, padme-threephoton (above 10 keV "
        "in the centre of mass) and padme-bethe-heitler (above 25 MeV and 10 mrad), without vetoes on the positron "
        "and on photons below 15 mrad, and with them; inefficiencies are assumed. The last column leaves out the "
        "peak of two photons at zero missing mass. Errors are of the Monte Carlo. Pile-up and virtual corrections "
        "are left out.",
        (
            "background",
            "cross-section [mb]",
            "no vetoes",
            "vetoes that miss 1%",
            "vetoes that miss 0.1%",
            "and above 50 MeV²",
        ),
        tuple(rows),
    )
