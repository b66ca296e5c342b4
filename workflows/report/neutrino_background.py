"""e+ e- -> nu nubar gamma in the DELPHI analysis: the events to be expected, and what a broader resolution changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.limits import background_events
from alphoton.analysis.statistics import Counting, upper_limit
from alphoton.detectors.detector_card import DetectorCard
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.figures.samples import ALONE, acceptances
from alphoton.workflows.named_content import by_content
from alphoton.workflows.report.beyond import BeyondTable
from alphoton.workflows.report.claim_tools import LIGHT, Measured
from alphoton.workflows.report.expected_events import expected_events, generated
from alphoton.workflows.report.real_beams import ONE_ENERGY, RADIATION, effect

SELECTABLE = ("photon.least_angle=45 deg",)
"""Leaves out none of the photons that the analysis selects: the detectors here measure angles exactly."""
RADIATED = ("photon.least_angle=20 deg", "beams.initial_state_radiation=leading_log")
"""The same where the beams radiate: what turns a photon of 20 degrees by 25 leaves too little energy."""
EVENTS = 150_000
SIGNAL_EVENTS = 20_000
RELATIVE_ERROR = 0.1
"""Of the background, as in the paper."""


@dataclass(frozen=True)
class Choice:
    """A resolution: expected background, signal efficiency of a light ALP, and g_agamma's limit over the packaged card's.

    The limit counts the 61 events observed over this background with an error of 10%, and has this efficiency.
    """

    background: Measured
    efficiency: Measured
    limit_ratio: Measured


@by_content(64)
def choice(detector: str, *overrides: str, scale: float = 1.0, radiation: bool = False) -> Choice:
    """What follows from a detector card, perhaps with overrides, and an energy scale, for background and signal.

    Where the beams radiate, the efficiency is the share of the cross-section without radiation.
    """
    experiment = _experiment(scale, detector, *overrides)
    background = expected(experiment, RADIATED if radiation else SELECTABLE)
    signal, usual = (_radiated_efficiency if radiation else _efficiency)(experiment), _efficiency(_experiment(1.0, "delphi"))
    counting = experiment.analysis.counting
    assert counting is not None
    assert counting.observed is not None
    assert counting.background is not None
    paper = Counting(counting.observed, *background_events(counting))
    events, slope = _limit(counting.observed, background)
    ratio = math.sqrt(events / upper_limit(paper) * usual.value / signal.value)
    shares = () if signal == usual else (signal.error / signal.value, usual.error / usual.value)
    error = ratio / 2 * math.hypot(slope * background.error / events, *shares)
    return Choice(background, signal, Measured(ratio, error))


def _limit(observed: float, background: Measured) -> tuple[float, float]:
    """The upper limit on events, and by how much it changes with the background's value."""

    def at(value: float) -> float:
        return upper_limit(Counting(observed, value, RELATIVE_ERROR * value))

    low, high = background.value - background.error, background.value + background.error
    return at(background.value), (at(high) - at(low)) / (high - low)


def _experiment(scale: float, detector: str, *overrides: str) -> Experiment:
    """The analysis `delphi` with another detector, which measures `scale` times the energy: its cuts are as much lower."""
    packaged = load_experiment("delphi")
    (place,) = (n for n, cut in enumerate(packaged.analysis.selection) if cut.quantity == "photon.energy")
    bounds = packaged.analysis.selection[place].bounds("fraction")
    cuts = [f"selection.{place}.{key}={bound / scale!r}" for key, bound in zip(("min", "max"), bounds, strict=True)]
    analysis = packaged.analysis if scale == 1 else AnalysisCard.load(packaged.analysis, cuts)
    return replace(packaged, analysis=analysis, detector=DetectorCard.load(detector, overrides))


def expected(experiment: Experiment, overrides: tuple[str, ...] = SELECTABLE) -> Measured:
    """Events that an experiment at DELPHI's beams selects in their luminosity, with the Monte Carlo error."""
    sample = generated("delphi-nunugamma", *overrides, f"events={EVENTS}")
    return expected_events(sample, experiment.detector, experiment.analysis)


def _efficiency(experiment: Experiment) -> Measured:
    """Of a light ALP with a photon coupling."""
    found = acceptances(experiment, LIGHT, SIGNAL_EVENTS, ALONE, 0)["photon"]
    return Measured(found.value, found.error)


def _radiated_efficiency(experiment: Experiment) -> Measured:
    """The same where the beams radiate, at one energy, as the share of a cross-section without."""
    radiating = load_experiment("delphi", [*ONE_ENERGY, RADIATION]).processes
    left = effect("delphi", LIGHT, RADIATION).cross_section["photon"].value
    found = _efficiency(replace(experiment, processes=radiating))
    return Measured(left * found.value, left * found.error)


def table() -> BeyondTable:
    """Every resolution with what follows from it, as a table of the report."""
    own, broad = "delphi", "delphi-broad"
    choices = {
        "delphi, Eq. (32)": choice(own),
        "energies measured 1% too low": choice(own, scale=0.99),
        "energies measured 1% too high": choice(own, scale=1.01),
        **{
            f"constant term {share} % instead of 4.35 %": choice(own, f"modules.0.constant={share} %")
            for share in (8, 10, 12)
        },
        "delphi-broad: a Lorentzian of half width 5.2 % on top": choice(broad),
        "the same with a half width of 2.6 %": choice(broad, "modules.1.constant=2.6 %"),
        "delphi, Eq. (32), with initial-state radiation": choice(own, radiation=True),
        "delphi-broad, with initial-state radiation": choice(broad, radiation=True),
    }
    rows = [(name, c.background, c.efficiency, c.limit_ratio) for name, c in choices.items()]
    return BeyondTable(
        "neutrino-background",
        "Neutrinos with a photon at DELPHI, by the resolution",
        "The paper takes 49 ± 4.9 events of e⁺e⁻ → ν ν̄ γ from others; 61 were observed. Here they are computed at "
        "tree level with the card delphi-nunugamma. Most photons selected are of the peak of the Z, at 0.75 to 0.81 "
        "of the beam's energy, and have been smeared upwards: the count measures the resolution. The limit is that on "
        "g_agamma at 10 MeV with 61 observed over the background of its row, known to 10%, and the efficiency of its "
        "row, over the limit with the paper's 49 and the efficiency of Eq. (32). Errors are of the Monte Carlo. Beams "
        "radiate in the last two rows only, whose efficiencies are shares of the cross-section without radiation.",
        ("resolution", "background", "signal efficiency", "limit on g_agamma"),
        tuple(rows),
    )
