"""What the paper says of the peak, the background and the reach of PADME, section 3.3: Eqs. (44) to (46)."""

from __future__ import annotations

import math

from alphoton.analysis.analysis_card import AnalysisCard, CountingBlock
from alphoton.analysis.exposure import CM2_PER_PB
from alphoton.analysis.slices import direction
from alphoton.analysis.window import window
from alphoton.generators.constants import AVOGADRO
from alphoton.generators.matter.materials import material
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures import fig06b
from alphoton.workflows.measurements import in_memory
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import EXACTLY, LIGHT, Measured, found, limits, near, number, quotient
from alphoton.workflows.survey import Survey

EVENTS = 40_000
POSITRONS = 1e18
"""On target, as many as the paper speaks of."""


def _counting(analysis: str) -> CountingBlock:
    counting = AnalysisCard.load(analysis).counting
    assert counting is not None
    return counting


def _luminosity(_: Survey) -> Found:
    """Ours for the card of the current run over Eq. (45)."""
    counting = _counting("padme")
    assert counting.positrons_on_target is not None
    printed = counting.positrons_on_target * AVOGADRO * 6 * 3.5 / 12 * 100e-4 * CM2_PER_PB
    ours = load_experiment("padme").exposure
    return found(ours / printed, note=f"{number(ours)} /pb for {number(counting.positrons_on_target)} positrons")


def _widths(_: Survey) -> Found:
    """The resolution in missing mass squared of the ALP over that of a dark photon, 10 MeV."""
    curves = {curve.name: curve for curve in fig06b.compute(masses=[LIGHT], events=EVENTS)}
    alp, vector = curves["electron"], curves["dark_photon"]
    widths = [Measured(float(each.y[0]), float(each.y_error[0])) for each in (alp, vector)]
    return found(*quotient(*widths), note=f"{number(alp.y[0] * 1e6)} MeV² for the ALP")


def _window(_: Survey) -> Found:
    """The part of the signal within 1.5 standard deviations."""
    experiment = load_experiment("padme")
    (card,), _reference = experiment.at(LIGHT, EVENTS)
    peak = in_memory(card, experiment.detector, experiment.analysis).peak
    assert peak is not None
    values, weights = peak.of("electron")
    share = window(values, weights, LIGHT, 1.5)[1]
    size = weights.sum() ** 2 / (weights**2).sum()
    return found(share, math.sqrt(share * (1 - share) / size), note=f"a Gaussian holds {math.erf(1.5 / math.sqrt(2)):.4f}")


def _signal_events(survey: Survey) -> Found:
    """What the limit of the current run asks of the signal, 10 MeV and an electron coupling, before the window."""
    allowed, per_pb = limits(survey, "padme", LIGHT).allowed["electron"], load_experiment("padme").exposure
    return found(allowed.value * per_pb, allowed.error * per_pb, "events", "10 MeV")


def _rescaling(survey: Survey) -> Found:
    """The limit for 2.3 events over that for 100."""
    hundred, single = (limits(survey, name, LIGHT).g_ae for name in ("padme-poseydon", "padme-poseydon-ses"))
    counted = _counting("padme-poseydon").positrons_on_target
    assert counted is not None
    most = hundred.value * math.sqrt(counted / POSITRONS)
    told = f"{number(hundred.value)} /GeV for 100 events at 10 MeV; with 10¹⁸ positrons it would be {number(most)}"
    return found(single.value / hundred.value, note=told)


def _combined(survey: Survey) -> Found:
    """Along the ray on which both channels have the same rate, without interference, over Eq. (30)."""
    row = limits(survey, "padme-poseydon", LIGHT)
    ray = direction(LIGHT, {"g_agamma": row.g_agamma.value, "g_ae": row.g_ae.value})
    alone, mixed = (row.exclusion(interference=switch).limit(ray).lower.value for switch in (False, True))
    printed = (1.0 + 1.0) ** -0.5
    return found(alone / printed, note=f"10 MeV, equal rates; {number(mixed / printed)} with the interference")


def _photon_reach(survey: Survey) -> Found:
    """The limits on g_agamma of POSEYDON over BaBar's."""
    hundred, single, babar = (
        limits(survey, name, LIGHT).g_agamma for name in ("padme-poseydon", "padme-poseydon-ses", "babar")
    )
    note = f"POSEYDON with 2.3 events over BaBar, 10 MeV; {number(hundred.value / babar.value)} with 100 events"
    return found(*quotient(single, babar), note=note)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "padme-resolution",
        "Sec. 3.3, Fig. 6b",
        "the resolution in missing mass agrees with that of a dark photon; we give the ratio of both widths",
        *near(1.0, 0.1),
        _widths,
        "Both have the same kinematics, and little different angles within the cuts. The numbers of the technical design "
        "report are not at hand.",
    ),
    Claim(
        "padme-window",
        "Sec. 3.3, below Eq. (46)",
        "1.5 standard deviations hold 85% of the signal",
        *near(0.85, 0.01),
        _window,
        "A Gaussian holds 86.6%; the peak has a little more in its tails.",
    ),
    Claim(
        "padme-luminosity",
        "Sec. 3.3, Eq. (45)",
        "events for a cross-section: N_positrons N_A (Z rho/A) d; we give ours over it",
        *EXACTLY,
        _luminosity,
        "With the paper's numbers for diamond, which the card has.",
    ),
    Claim(
        "padme-diamond",
        "Sec. 3.3, Eq. (45)",
        "the density of diamond is 3.5 g/cm³",
        *near(3.5, 0.01),
        lambda _: found(material("diamond").density, unit="g/cm³"),
        "Particle Data Group. The card of PADME has the paper's value.",
    ),
    Claim(
        "padme-hundred-events",
        "Sec. 3.3, below Eq. (46)",
        "with as much background as today, 100 signal events are the reach; what today's background asks for",
        100 / 3,
        300.0,
        _signal_events,
        "3800 in 1e11 are 1.5 million in 4e13 positrons. Nearly 200 thousand lie within 1.5 standard deviations of the "
        "peak, and hide more than 100 events. A limit of 100 events needs some seventy times less background.",
    ),
    Claim(
        "padme-rescaling",
        "Sec. 3.3, below Eq. (46)",
        "for n_s events the limit is multiplied by sqrt(100/n_s); 2.3 events over 100",
        *near(math.sqrt(100 / 2.3), 0.05),
        _rescaling,
        "Upside down in the text: the rate goes as the coupling squared, fewer events are a smaller coupling, "
        "sqrt(n_s/100). The line for 2.3 events in Fig. 12 is the lower one.",
    ),
    Claim(
        "padme-photon-coupling",
        "Sec. 3.3, below Fig. 7",
        "PADME and its extension matter for g_ae: limits on g_agamma are stronger already",
        1.0,
        math.inf,
        _photon_reach,
        "A low sqrt(s) is no loss for the electron channel and a large one for the photon channel, Eq. (19).",
    ),
    Claim(
        "combined-limit",
        "Sec. 3.1, Eq. (30)",
        "limits on either coupling combine as an ellipse; we give ours over Eq. (30), without interference",
        *EXACTLY,
        _combined,
        "Exact where there is no interference. alphoton solves the quadratic form with it.",
    ),
)
