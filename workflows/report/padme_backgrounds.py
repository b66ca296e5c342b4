"""PADME's backgrounds per 1e11 positrons, as a table: what the vetoes leave, by their inefficiency."""

from __future__ import annotations

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.detectors.detector_card import DetectorCard
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import Measured
from alphoton.workflows.report.expected_events import Generated, expected_events, generated

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


def sample_of(process: str) -> Generated:
    """The events of a background."""
    return generated(process, f"events={EVENTS}")


def expected(process: str, *overrides: str) -> Measured:
    """Events of a background that `padme-vetoes` selects for 1e11 positrons, with the Monte Carlo error."""
    analysis = AnalysisCard.load("padme-vetoes", [POSITRONS, *overrides])
    return expected_events(sample_of(process), DetectorCard.load("padme-vetoes"), analysis)


def table() -> BeyondTable:
    """Cross-sections in mb, and events."""
    rows: list[tuple[Entry, ...]] = []
    for name, process in BACKGROUNDS.items():
        made = sample_of(process).cross_section
        row = (expected(process, *inefficient(share)) for share in ("1", "1 %", "0.1 %"))
        above = expected(process, *inefficient("0.1 %"), ABOVE)
        rows.append((name, Measured(made.value * 1e-9, made.error * 1e-9), *row, above))
    return BeyondTable(
        "padme-backgrounds",
        "PADME's backgrounds per 10¹¹ positrons",
        "The paper takes 3800 events per 10¹¹ positrons from others. Here they are events with one photon in the "
        "calorimeter (15 to 80 mrad, 30 to 500 MeV) of the cards padme-twophoton, padme-threephoton (above 10 keV "
        "in the centre of mass) and padme-bethe-heitler (above 16 MeV and 9 mrad), without vetoes on the positron "
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
