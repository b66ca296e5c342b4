"""What the paper says of annihilation, e+ e- -> gamma a, section 2.3: Eqs. (18), (19) and (25)."""

from __future__ import annotations

import math

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.workflows.figures.samples import process
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import CHARGE, EXACTLY, LIGHT, found, near, number, quotient, same_order, sections
from alphoton.workflows.report.true_photons import interference_share, true_photons
from alphoton.workflows.survey import Survey

CHANNELS = ("photon", "electron", "interference")


def _sqrt_s(card: str, mass: float, *overrides: str) -> float:
    return process(card, mass, 1, *overrides).collisions()[0].sqrt_s


def paper_totals(sqrt_s: float, m_a: float) -> dict[str, float]:
    """The three lines of Eq. (18) as printed, in pb at 1 /GeV."""
    s, m2, M2 = sqrt_s**2, ELECTRON_MASS**2, m_a**2
    beta = math.sqrt(1 - 4 * m2 / s)
    Lam = math.log((1 + beta) ** 2 * s / (4 * m2))
    electron = -2 * M2 * beta * s + (s**2 + M2**2 - 4 * M2 * m2) * Lam
    lines = (
        (s + 2 * m2) * (s - M2) ** 3 / (24 * beta * s**4),
        m2 * electron / (2 * (s - M2) * s**2 * beta**2),
        m2 * (s - M2) ** 2 / (2 * beta**2 * s**3) * Lam,
    )
    return {name: ALPHA * GEV2_PB * line for name, line in zip(CHANNELS, lines, strict=True)}


def _eq18(_: Survey) -> Found:
    """Of our cross-sections over the lines of Eq. (18), the one farthest from 1."""
    ratios = []
    for card, mass in (("padme", 0.001), ("padme", LIGHT), ("padme", 0.023), ("babar", LIGHT), ("babar", 8.0)):
        paper, ours = paper_totals(_sqrt_s(card, mass), mass), sections(card, mass).components
        ratios += [(ours[name].value / paper[name], ours[name].error / paper[name]) for name in CHANNELS]
    return found(*max(ratios, key=lambda ratio: abs(ratio[0] - 1)), note="the farthest of 15 from 1")


def _equal_rates(card: str, mass: float, *overrides: str) -> tuple[float, float]:
    """g_agamma over g_ae m_e / sqrt(s) where both channels have the same rate, with its error."""
    parts = sections(card, mass, *overrides).components
    value, error = quotient(parts["electron"], parts["photon"], power=0.5)
    scale = _sqrt_s(card, mass, *overrides) / ELECTRON_MASS
    return value * scale, error * scale


def _eq19(_: Survey) -> Found:
    padme, lep = _equal_rates("padme", LIGHT), _equal_rates("collider", LIGHT, "beams.sqrt_s=200 GeV")
    note = f"BaBar, 10 MeV; {number(padme[0])} at PADME, {number(lep[0])} at 200 GeV"
    return found(*_equal_rates("babar", LIGHT), note=note)


def _resonance(_: Survey) -> Found:
    """The electron channel at PADME 0.1% below threshold, over that at 1 MeV."""
    top = 0.999 * _sqrt_s("padme", 0.001)
    near_top, light = (sections("padme", mass).components["electron"] for mass in (top, 0.001))
    return found(*quotient(near_top, light), note="PADME, m_a = 0.999 sqrt(s) over 1 MeV")


def _balanced_interference(card: str, mass: float, *overrides: str) -> float:
    """Interference over the rest of the rate at g_agamma = g_ae m_e / sqrt(s)."""
    photons = true_photons(process(card, mass, 1, *overrides))
    g_agamma = ELECTRON_MASS / _sqrt_s(card, mass, *overrides)
    rest = g_agamma**2 * photons.rate("photon") + photons.rate("electron")
    return g_agamma * photons.rate("interference") / rest


def _interference_at_threshold(_: Survey) -> Found:
    top = 0.99 * _sqrt_s("padme", 0.001)
    return found(_balanced_interference("padme", top) / _balanced_interference("padme", 0.001), note="PADME")


def _interference_slope(_: Survey) -> Found:
    low, high = (_balanced_interference("collider", LIGHT, f"beams.sqrt_s={root} GeV") for root in (10, 100))
    return found(math.log10(high / low), note=f"10 to 100 GeV; {number(low)} at 10 GeV")


ANALYSES = {"padme": "padme", "babar": "babar", "belle2": "belle2-50ab"}
"""Process cards with their analyses."""
MASSES = {
    "padme": (0.001, 0.005, 0.010, 0.015, 0.018, 0.020, 0.022),
    "babar": (LIGHT, 1.0, 5.0),
    "belle2": (LIGHT, 1.0, 5.0),
}
"""GeV, at which the share of the interference is looked at."""


def largest_interference(card: str) -> tuple[float, float]:
    """Interference over the rest of the selected rate, at most over masses and ratios of the couplings; and the mass."""
    analysis, shares = AnalysisCard.load(ANALYSES[card]), []
    for mass in MASSES[card]:
        photons = true_photons(process(card, mass, 1))
        shares.append((interference_share(photons, photons.selected(analysis)), mass))
    return max(shares)


def _interference(_: Survey) -> Found:
    (padme, mass), (babar, _mass) = largest_interference("padme"), largest_interference("babar")
    before = interference_share(true_photons(process("padme", mass, 1)))
    note = f"PADME, {mass * 1e3:g} MeV, and {number(before)} before the cuts; {number(babar)} at BaBar"
    return found(max(padme, babar), note=note)


def _coupling_ratio(card: str, reference: str) -> tuple[float, float]:
    """e eps over g_ae m_e for the same cross-section of ALP and dark photon."""
    vector = sections(reference, LIGHT, "model.epsilon=1").components["dark_photon"]
    value, error = quotient(sections(card, LIGHT).components["electron"], vector, power=0.5)
    return value * CHARGE / ELECTRON_MASS, error * CHARGE / ELECTRON_MASS


def _eq25_annihilation(_: Survey) -> Found:
    padme = _coupling_ratio("padme", "padme-darkphoton")[0]
    return found(*_coupling_ratio("babar", "babar-darkphoton"), note=f"BaBar, 10 MeV; {number(padme)} at PADME")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "annihilation-total",
        "Sec. 2.3, Eq. (18)",
        "the cross-sections of both channels and of their interference; we give ours over them",
        *EXACTLY,
        _eq18,
        "Our differential cross-sections, integrated by vegas, against Eq. (18) as printed, for PADME and BaBar.",
    ),
    Claim(
        "equal-rates",
        "Sec. 2.3, Eq. (19)",
        "both rates are of the same order where g_agamma is about g_ae m_e/sqrt(s); we give the ratio of the two",
        *same_order(1.0),
        _eq19,
        "It holds up to a logarithm: equal rates need sqrt(12 ln((1+beta)/(1-beta))) g_ae m_e/sqrt(s), and this only for "
        "m_a much below sqrt(s), where the electron channel has no resonance.",
    ),
    Claim(
        "resonance",
        "Sec. 2.3, below Eq. (19)",
        "the electron channel has a resonant enhancement for m_a near sqrt(s)",
        10.0,
        math.inf,
        _resonance,
        "It grows like 1/(s - m_a²), Eq. (18): the photon becomes soft.",
    ),
    Claim(
        "interference-no-resonance",
        "Sec. 2.3, below Eq. (19)",
        "at g_agamma = g_ae m_e/sqrt(s) the interference has no resonance: its share at 0.99 sqrt(s) over that at 1 MeV",
        0.0,
        1.0,
        _interference_at_threshold,
        "It falls like (s - m_a²)² while the electron channel grows.",
    ),
    Claim(
        "interference-scaling",
        "Sec. 2.3, below Eq. (19)",
        "at g_agamma = g_ae m_e/sqrt(s) the share of the interference scales as m_e/sqrt(s): the exponent of sqrt(s)",
        *near(-1.0, 0.05),
        _interference_slope,
        "There the electron channel has the same logarithm as the interference, and the photon channel is small.",
    ),
    Claim(
        "interference-subdominant",
        "Sec. 2.3, below Eq. (19)",
        "the interference is subdominant everywhere; we give its largest share of the selected rate, at any couplings",
        0.0,
        0.5,
        _interference,
        "Largest where both channels are alike, sqrt(3 ln(s/m_e²)) m_e/sqrt(s) before the cuts. We keep it everywhere.",
    ),
    Claim(
        "dark-photon-annihilation",
        "Sec. 2.3, Eq. (25)",
        "e eps stands for g_ae m_e up to a factor of order one; for annihilation, before any cut",
        *same_order(1.0),
        _eq25_annihilation,
        "1/sqrt(2 - 2/ln(s/m_e²)): the peak of a dark photon along the beams is twice that of an ALP.",
    ),
)
