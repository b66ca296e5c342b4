"""What the paper says of DELPHI, section 3.1: Eqs. (29) to (33)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from alphoton.analysis.efficiency import Efficiency
from alphoton.analysis.limits import background_events
from alphoton.analysis.statistics import Counting, upper_limit
from alphoton.detectors.detector_card import EnergyResolution
from alphoton.detectors.smearing import relative_resolution
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.figures.fig04 import at_one_energy, without_trigger
from alphoton.workflows.figures.samples import ALONE, acceptances, measured, process
from alphoton.workflows.named_content import by_content
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import LIGHT, found, near, number, quotient
from alphoton.workflows.report.claims_annihilation import largest_interference, paper_totals
from alphoton.workflows.report.neutrino_background import choice
from alphoton.workflows.report.true_photons import interference_share, true_photons
from alphoton.workflows.survey import Survey

EVENTS = 20_000


@by_content(4)
def _delphi() -> Experiment:
    return load_experiment("delphi")


def _beams() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """sqrt(s) in GeV and luminosity in 1/pb of Table 1."""
    beams = _delphi().processes[0].beams
    assert beams.sqrt_s is not None
    assert beams.luminosity is not None
    return np.array(beams.sqrt_s), np.array(beams.luminosity)


def _total_luminosity(_: Survey) -> Found:
    return found(_beams()[1].sum(), unit="/pb")


def _mean_beam_energy(_: Survey) -> Found:
    sqrt_s, luminosity = _beams()
    return found(np.average(sqrt_s, weights=luminosity) / 2, unit="GeV")


@by_content(4)
def _efficiencies(*, trigger: bool) -> dict[str, Efficiency]:
    """Of each channel at 10 MeV, from events."""
    experiment = _delphi()
    if not trigger:
        experiment = replace(experiment, detector=without_trigger(experiment.detector))
    return acceptances(experiment, LIGHT, EVENTS, ALONE, 0)


def _efficiency(_: Survey) -> Found:
    photon = _efficiencies(trigger=True)["photon"]
    return found(photon.value, photon.error)


def _trigger(_: Survey) -> Found:
    return found(*quotient(*(_efficiencies(trigger=trigger)["photon"] for trigger in (True, False))))


def _electron_over_photon(_: Survey) -> Found:
    return found(*quotient(*(_efficiencies(trigger=True)[name] for name in ("electron", "photon"))))


def _correlation(_: Survey) -> Found:
    """Of the measured photon's energy and cos(theta) at one energy of the beams."""
    views = measured(at_one_energy(process("delphi", LIGHT, EVENTS)), _delphi().detector, 0)
    pairs = [[view.quantity(f"photon.{name}", "cm") for name in ("energy", "cos_theta")] for view in views]
    columns = np.concatenate(pairs, axis=1)
    columns = columns[:, np.isfinite(columns).all(axis=0)]  # the trigger leaves some without a photon
    return found(np.corrcoef(columns)[0, 1], 1 / math.sqrt(columns.shape[1]))


def energy_efficiency(card: ProcessCard, mass: float, weights: NDArray[np.float64] | None = None) -> float:
    """The sum in Eq. (33): the efficiency of the energy cut at each sqrt(s), by default weighted with the luminosity."""
    experiment = _delphi()
    (cut,) = (cut for cut in experiment.analysis.selection if cut.quantity == "photon.energy")
    (module,) = (module for module in experiment.detector.modules if isinstance(module, EnergyResolution))
    assert card.beams.sqrt_s is not None
    sqrt_s = np.array(card.beams.sqrt_s)
    energy = (sqrt_s - mass) * (sqrt_s + mass) / (2 * sqrt_s)
    width = energy * relative_resolution(energy, module.stochastic, module.noise, module.constant)
    low, high = (ndtr((bound * sqrt_s / 2 - energy) / width) for bound in cut.bounds("fraction"))
    chosen = card.beams.luminosity if weights is None else weights
    return float(np.average(np.where(mass < sqrt_s, high - low, 0.0), weights=chosen))


def _list_over_fixed(mass: float) -> float:
    """The efficiency with the energies of Table 1 over that with all luminosity at 100 GeV a beam."""
    card = _delphi().processes[0]
    return energy_efficiency(card, mass) / energy_efficiency(at_one_energy(card), mass)


def _light_alps(_: Survey) -> Found:
    return found(_list_over_fixed(LIGHT), note="10 MeV")


def _at_threshold(_: Survey) -> Found:
    return found(_list_over_fixed(95.0), note=f"95 GeV; {number(_list_over_fixed(75.0))} at 75 GeV")


def half_efficiency(card: ProcessCard) -> float:
    """The mass (GeV) at which the energy cut passes half of what it passes for a light ALP."""
    light = energy_efficiency(card, LIGHT)
    return float(brentq(lambda mass: energy_efficiency(card, mass) / light - 0.5, 30.0, 100.0))


def _threshold_shift(_: Survey) -> Found:
    card = _delphi().processes[0]
    table, fixed = half_efficiency(card), half_efficiency(at_one_energy(card))
    return found(table - fixed, unit="GeV", note=f"half of the efficiency at {number(table)} GeV, not {number(fixed)} GeV")


def _weights(_: Survey) -> Found:
    """At 70 GeV, the electron channel's efficiency of the events that are made over Eq. (33)."""
    card, mass = _delphi().processes[0], 70.0
    sqrt_s, luminosity = _beams()
    shares = {}
    for channel in ("photon", "electron"):
        made = [paper_totals(root, mass)[channel] for root in sqrt_s.tolist()]
        shares[channel] = energy_efficiency(card, mass, luminosity * made) / energy_efficiency(card, mass)
    return found(shares["electron"], note=f"70 GeV, electron channel; {number(shares['photon'])} for the photon channel")


def event_limits() -> tuple[float, float]:
    """Events at 90% confidence level: without background, and with the card's."""
    counting = _delphi().analysis.counting
    assert counting is not None
    assert counting.observed is not None
    assert counting.background is not None
    known = Counting(counting.observed, *background_events(counting))
    return upper_limit(Counting(counting.observed)), upper_limit(known)


def _stronger(_: Survey) -> Found:
    without, with_it = event_limits()
    return found(1 - math.sqrt(with_it / without), note=f"on the coupling; {number(1 - with_it / without)} on the events")


def _background(_: Survey) -> Found:
    """Neutrinos with a photon, by the resolution of Eq. (32)."""
    count = choice("delphi").background
    broad, wide = (c.background for c in (choice("delphi-broad"), choice("delphi", "modules.0.constant=0.08")))
    low, high = (number(choice("delphi", scale=scale).background.value, digits=2) for scale in (0.99, 1.01))
    note = (
        f"{number(broad.value, broad.error)} with the card delphi-broad, {number(wide.value, wide.error)} with a constant "
    )
    return found(
        count.value, count.error, "events", note + f"term of 8%, {low} and {high} with energies 1% lower and higher"
    )


def _consistent(_: Survey) -> Found:
    """The limit with background and signal from one resolution, over the paper's mixture of two."""
    broad, narrow = choice("delphi-broad"), choice("delphi")
    note = f"delphi-broad, whose efficiency is {number(broad.efficiency.value, broad.efficiency.error)}; "
    other = number(narrow.limit_ratio.value, narrow.limit_ratio.error)
    return found(broad.limit_ratio.value, broad.limit_ratio.error, note=note + f"{other} with the 6 events of Eq. (32)")


def _lep_interference(_: Survey) -> Found:
    """The largest share at BaBar, Belle II and 200 GeV."""
    shares = {"BaBar": largest_interference("babar")[0], "Belle II": largest_interference("belle2")[0]}
    shares["LEP"] = interference_share(true_photons(process("collider", LIGHT, 1, "beams.sqrt_s=200 GeV")))
    where = max(shares, key=lambda name: shares[name])
    return found(shares[where], note=where)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "interference-colliders",
        "Sec. 3.1, Eq. (29)",
        "both channels are independent to a very good precision; we give the largest share of the interference",
        0.0,
        0.01,
        _lep_interference,
        "It falls like m_e/sqrt(s).",
    ),
    Claim(
        "delphi-luminosity",
        "Sec. 3.1, Table 1 and Eq. (33)",
        "a total of 645.7 /pb",
        *near(645.7, 1e-4),
        _total_luminosity,
        "The sum of Table 1.",
    ),
    Claim(
        "delphi-beam-energy",
        "Sec. 3.1, below Eq. (33)",
        "an average beam energy of 100 GeV",
        *near(100.0, 0.005),
        _mean_beam_energy,
        "The mean of Table 1, weighted with its luminosities, is 1.4% lower; 100 GeV is a round number.",
    ),
    Claim(
        "delphi-correlation",
        "Sec. 3.1, below Eq. (31)",
        "no correlation between energy and angle of the photon in the centre of mass",
        *(-0.01, 0.01),
        _correlation,
        "Two bodies: the energy is fixed, and the resolution of Eq. (32) knows no angle.",
    ),
    Claim(
        "delphi-efficiency",
        "Sec. 3.1, below Eq. (32)",
        "an efficiency of around 40% for 10 MeV and a photon coupling",
        *near(0.40, 0.125),
        _efficiency,
        "Angle, energy and trigger together, Eq. (33); without the trigger it is the 0.49 of Fig. 4.",
    ),
    Claim(
        "delphi-trigger",
        "Sec. 3.1, Eq. (33)",
        "a trigger efficiency of 84%, once",
        *near(0.84, 0.01),
        _trigger,
        "Taken over from the paper; events with it over events without.",
    ),
    Claim(
        "delphi-energies-light",
        "Sec. 3.1 and Fig. 4",
        "for light ALPs the energies of Table 1 and a fixed 100 GeV agree",
        *near(1.0, 0.02),
        _light_alps,
        "Both cuts are in units of the beam energy.",
    ),
    Claim(
        "delphi-energies-heavy",
        "Sec. 3.1 and Fig. 4",
        "close to 100 GeV they differ significantly; we give their ratio",
        1.1,
        math.inf,
        _at_threshold,
        "Eq. (33) without events. From 50 to 90 GeV the energies of Table 1 give less, as their mean is below 100 GeV.",
    ),
    Claim(
        "delphi-threshold",
        "Sec. 3.1, Fig. 4 and Sec. 5",
        "the energies of Table 1 move the mass threshold to larger masses",
        0.0,
        math.inf,
        _threshold_shift,
        "To smaller ones, where the efficiency has fallen to a half: the mean energy of a beam is 98.6 GeV, not 100 GeV. "
        "Only in the tail above 90 GeV, with about 1% of the efficiency left, the highest energies win.",
    ),
    Claim(
        "delphi-weights",
        "Sec. 3.1, Eq. (33)",
        "each energy counts with its luminosity; we give the efficiency with the events made there over that",
        *near(1.0, 0.05),
        _weights,
        "The cross-section depends on sqrt(s) when m_a comes near it. The limits have it.",
    ),
    Claim(
        "delphi-electron-channel",
        "Sec. 3.1 and Fig. 4",
        "the efficiency of the electron channel is much lower than that of the photon channel; we give the ratio",
        0.0,
        0.5,
        _electron_over_photon,
        "The angle alone: 2 atanh(cos 45°) over ln(s/m_e²), against 0.62.",
    ),
    Claim(
        "delphi-events-no-background",
        "Sec. 3.1",
        "about 72 events at 90% CL if all 61 are signal",
        *near(72.0, 0.01),
        lambda _: found(event_limits()[0], unit="events"),
        "CLs, or a flat prior: the same number.",
    ),
    Claim(
        "delphi-events",
        "Sec. 3.1",
        "about 25.5 events at 90% CL with 49 of background and 10% error",
        *near(25.5, 0.01),
        lambda _: found(event_limits()[1], unit="events"),
        "CLs with the background integrated over its Gaussian.",
    ),
    Claim(
        "delphi-background",
        "Sec. 3.1",
        "around 49 events of neutrinos with a photon between 0.9 and 1.05 of the beam's energy",
        *near(49.0, 0.1),
        _background,
        "Tree level, Z and W, with Eq. (32). Nearly all photons selected are of the peak of the Z at 0.75 to 0.81, and have "
        "been smeared upwards: the number measures the tails of the resolution, which Eq. (32) does not have. The source of "
        "the 49 has broader ones.",
    ),
    Claim(
        "delphi-background-consistent",
        "Sec. 3.1",
        "49 events with an unknown resolution, and the efficiency of Eq. (32); we give the limit on g_agamma with both of "
        "one resolution over that",
        0.0,
        math.inf,
        _consistent,
        "61 observed, 10% error. A broader resolution explains more of the events and keeps less of the signal.",
    ),
    Claim(
        "delphi-background-gain",
        "Sec. 3.1",
        "the background makes the limit about 40% lower",
        *near(0.40, 0.05),
        _stronger,
        "On the coupling, the square root of the events.",
    ),
)
