"""What section 4.1 of arXiv:2012.07894 says of one coupling alone, Figs. 11 and 12, and its introduction of E137."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from alphoton.analysis.magnetic_moments import contributions
from alphoton.analysis.slices import direction
from alphoton.workflows.chain import PointLimit
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.figures.slices import with_visible_ratio
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import LIGHT, found, near, same_order
from alphoton.workflows.report.claims_moments import measured, sign
from alphoton.workflows.report.slice_numbers import (
    CURRENT,
    ELECTRON,
    FIRST,
    LAST,
    MASSES,
    PHOTON,
    Slice,
    Strip,
    curve,
    lowest_mass_below,
    mass_strip,
    ratio,
    share,
    smallest_ratio,
    strongest,
)
from alphoton.workflows.survey import Survey

TENS_OF_GEV = np.geomspace(10.0, LAST, 201)
"""GeV"""
STEPS = 14
"""Of a bisection: 1e-4 of a few decades."""


# --- E137 --------------------------------------------------------------------------------------------------------------


def dump_band(survey: Survey, visible_ratio: float, mass: float, couplings: Slice = PHOTON) -> PointLimit:
    """What E137 excludes along a ray at a mass (GeV), for Gamma_vis / Gamma_inv, in the paper's form."""
    experiment = with_visible_ratio(survey.experiment("e137"), visible_ratio)
    return dump_limit(experiment, mass, ray=direction(mass, couplings))


def _is_new(survey: Survey, visible_ratio: float, mass: float) -> bool:
    """Whether E137 excludes photon couplings below those that present experiments exclude."""
    lower = dump_band(survey, visible_ratio, mass).g_agamma.value
    return lower < float(strongest(survey, CURRENT, PHOTON).at(mass))


def _last(holds: Callable[[float], bool], good: float, bad: float) -> float:
    """The last number from `good` to `bad` for which something holds, by bisection in the logarithm; NaN without one."""
    if not holds(good):
        return math.nan
    for _ in range(STEPS):
        middle = math.sqrt(good * bad)
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good


def last_new_mass(survey: Survey, visible_ratio: float) -> Found:
    """The mass (GeV) up to which E137 excludes what is allowed otherwise."""
    masses = survey.studies["e137"].masses
    return found(_last(lambda mass: _is_new(survey, visible_ratio, mass), min(masses), max(masses)), unit="GeV")


def last_new_ratio(survey: Survey, mass: float) -> Found:
    """The Gamma_vis / Gamma_inv down to which E137 excludes what is allowed otherwise, at a mass (GeV)."""
    return found(_last(lambda visible_ratio: _is_new(survey, visible_ratio, mass), 1.0, 1e-8))


# --- the photon coupling -----------------------------------------------------------------------------------------------


def share_of_babar(survey: Survey) -> Found:
    """The share of the logarithm of the masses from 1 MeV to 100 GeV where BaBar's limit is the strongest present one."""
    best = strongest(survey, CURRENT, PHOTON)
    return found(float(np.mean(np.isclose(best.at(MASSES), curve(survey, "babar", PHOTON).at(MASSES), rtol=1e-9))))


def advantage_of_belle(survey: Survey) -> Found:
    """The strongest present limit over that of Belle II with 50 /ab: its median over the masses."""
    values = strongest(survey, CURRENT, PHOTON).at(MASSES) / curve(survey, "belle2-50ab", PHOTON).at(MASSES)
    values = values[np.isfinite(values)]
    return found(float(np.median(values)), note=f"{values.min():.2g} to {values.max():.2g}")


def power(survey: Survey, analysis: str, couplings: Slice, low: float, high: float) -> Found:
    """The power of the mass with which a limit grows between two masses (GeV)."""
    limits = curve(survey, analysis, couplings)
    growth, logarithm = ratio(limits.at_mass(high), limits.at_mass(low)), math.log(high / low)
    return found(math.log(growth.value) / logarithm, growth.error / growth.value / logarithm)


def steepest(survey: Survey) -> Found:
    """The larger of the two powers, in size, of BaBar and NA64 from 1 to 10 MeV."""
    powers = [power(survey, name, PHOTON, FIRST, LIGHT) for name in ("babar", "na64")]
    return max((found(abs(each.value), each.error) for each in powers), key=lambda each: each.value)


def light_by_light(survey: Survey) -> Found:
    """The light-by-light term over the measured Delta a_e, at the strongest present limit: its largest up to 8 GeV."""
    best = strongest(survey, CURRENT, PHOTON)
    masses = best.mass[best.mass <= 8.0]
    terms = np.array([contributions("electron", direction(float(m), PHOTON)).light_by_light for m in masses])
    return found(float(np.max(terms * best.at(masses) ** 2)) / abs(measured("electron").value))


def light_by_light_sign() -> Found:
    """Whether the light-by-light term has the sign of the measured Delta a_e: 1, or -1."""
    return sign(contributions("electron", direction(1.0, PHOTON)).light_by_light * measured("electron").value)


# --- the electron coupling ---------------------------------------------------------------------------------------------


def last_mass(survey: Survey, analysis: str) -> Found:
    """The highest mass (GeV) of the survey with a limit on the electron coupling."""
    return found(float(curve(survey, analysis, ELECTRON).mass[-1]), unit="GeV")


def step_to_lep(survey: Survey) -> Found:
    """DELPHI's limit on the electron coupling at 20 GeV over BaBar's at 1 GeV."""
    return ratio(curve(survey, "delphi", ELECTRON).at_mass(20.0), curve(survey, "babar", ELECTRON).at_mass(1.0))


def open_pure_band(survey: Survey) -> Found:
    """The share of the band of the pure g_ae^2 term from 10 to 100 GeV that no present limit excludes."""
    band = mass_strip(measured("electron"), ELECTRON, masses=TENS_OF_GEV)
    return share(band.below(strongest(survey, CURRENT, ELECTRON).at(TENS_OF_GEV)), band)


def smallest(survey: Survey, first: str, second: str, couplings: Slice) -> Found:
    """The smallest ratio of the limits of two experiments."""
    return smallest_ratio(curve(survey, first, couplings), curve(survey, second, couplings))


def at(survey: Survey, mass: float, first: str, second: str, couplings: Slice) -> Found:
    """The ratio of the limits of two experiments at a mass (GeV)."""
    return ratio(curve(survey, first, couplings).at_mass(mass), curve(survey, second, couplings).at_mass(mass))


def shared_with_na64(survey: Survey, analysis: str) -> Found:
    """Of what NA64 adds to present limits on g_ae with 5e12 electrons, at PADME's masses, the share that PADME reaches."""
    reach = curve(survey, analysis, ELECTRON)
    masses = np.geomspace(reach.mass[0], reach.mass[-1], 201)
    limits = strongest(survey, CURRENT, ELECTRON).at(masses)
    added = Strip(curve(survey, "na64-5e12", ELECTRON).at(masses), limits)
    return found(1 - share(added.below(reach.at(masses)), added).value)


def padme_reach(survey: Survey) -> Found:
    """The smallest ratio of PADME's farthest reach and the strongest present limit on the photon coupling."""
    return smallest_ratio(curve(survey, "padme-poseydon-ses", PHOTON), strongest(survey, CURRENT, PHOTON))


CLAIMS = (
    Claim(
        "e137-suppression",
        "Sec. 1 and 5",
        "only a large suppression of visible decays relaxes E137: Γ_vis/Γ_inv where it adds nothing at 10 MeV, below 0.01",
        0.0,
        0.01,
        lambda survey: last_new_ratio(survey, LIGHT),
        "Below this E137 excludes nothing that BaBar and NA64 leave: Eqs. (39) to (42) with the published band.",
    ),
    Claim(
        "babar-dominates",
        "Sec. 4.1, Fig. 11",
        "BaBar dominates the limits on g_aγ in most of the range: over half of log m_a from 1 MeV to 100 GeV",
        0.5,
        1.0,
        share_of_babar,
        "Up to its last published masses of 8 GeV, where LEP takes over.",
    ),
    Claim(
        "na64-subdominant",
        "Sec. 4.1, Fig. 11",
        "NA64 is sub-dominant in g_aγ everywhere: its limit over BaBar's, at the smallest, above 1",
        1.0,
        math.inf,
        lambda survey: smallest(survey, "na64", "babar", PHOTON),
        "BaBar's recast is uncertain by 12% (25% on the rate), and our limit of NA64 is 9% stronger than the published one: "
        "the margin is wider than both.",
    ),
    Claim(
        "na64-5e12-beats-babar",
        "Sec. 4.1, Fig. 11",
        "NA64 with 5e12 electrons can overcome BaBar: the ratio at its smallest, below 1",
        0.0,
        1.0,
        lambda survey: smallest(survey, "na64-5e12", "babar", PHOTON),
        "Without background the limit goes with the square root of the electrons: 4.2 times better than today's.",
    ),
    Claim(
        "na64-5e12-and-belle",
        "Sec. 4.1, Fig. 11",
        "NA64 with 5e12 electrons directly competes with Belle II at 20 /fb: the ratio at 10 MeV within a factor of 2",
        0.5,
        2.0,
        lambda survey: at(survey, LIGHT, "na64-5e12", "belle2-20fb", PHOTON),
        "Our curve of 20 /fb is the published one of 50 /ab, scaled with the fourth root of the luminosity.",
    ),
    Claim(
        "advantage-of-belle",
        "Sec. 4.1, Fig. 11",
        "in the long run Belle II dominates by an order of magnitude: present limits over 50 /ab, median over the masses",
        *same_order(10.0),
        advantage_of_belle,
        "Both come from limits on dark photons; the projection is that of arXiv:1911.03176.",
    ),
    Claim(
        "padme-photon",
        "Sec. 4.1",
        "PADME adds nothing in g_aγ: its farthest reach over present limits, at the smallest, above 1",
        1.0,
        math.inf,
        padme_reach,
        "POSEYDON with 2.3 signal events and no background.",
    ),
    Claim(
        "e137-1e-4",
        "Sec. 4.1, Fig. 11",
        "at Γ_vis/Γ_inv = 1e-4 E137 stays relevant at low mass: up to some mass below 100 MeV",
        0.002,
        0.1,
        lambda survey: last_new_mass(survey, 1e-4),
        "The last mass with an excluded g_aγ that BaBar and NA64 leave, from 2 MeV where the published band begins. With "
        "Eq. (40) as printed; the exact probability reaches a little higher.",
    ),
    Claim(
        "saturation",
        "Sec. 4.1, Fig. 11",
        "the limits of BaBar and NA64 saturate at low mass: the power of m_a from 1 to 10 MeV, below 0.1",
        0.0,
        0.1,
        steepest,
        "Neither cross-section depends on a mass far below the energy.",
    ),
    Claim(
        "light-by-light-size",
        "Sec. 4.1",
        "the light-by-light term is negligible in Δa_e for allowed g_aγ: over the measured value, below 0.1 up to 8 GeV",
        0.0,
        0.1,
        light_by_light,
        "At the strongest present limit of each mass, to leading logarithm with Λ = 1 TeV.",
    ),
    Claim(
        "light-by-light-sign",
        "Sec. 4.1",
        "the light-by-light term has the wrong sign for Δa_e: that of its product with the measured value",
        -1.0,
        -1.0,
        lambda _: light_by_light_sign(),
        "It is positive and Eq. (48) negative. With α from Rb the sign would be right.",
    ),
    Claim(
        "na64-mass-scaling",
        "Sec. 4.1, Fig. 12",
        "NA64's limit on g_ae improves to low mass by the scaling of Eq. (23): with m_a to the power 1, 10 to 100 MeV",
        *near(1.0, 0.5),
        lambda survey: power(survey, "na64", ELECTRON, LIGHT, 0.1),
        "The cross-section goes like m_e²/m_a² for m_e ≪ m_a ≪ E; towards m_e it flattens.",
    ),
    Claim(
        "na64-dominates-below",
        "Sec. 4.1, Fig. 12",
        "NA64 dominates the limits on g_ae below around 200 MeV",
        *near(0.2, 0.25),
        lambda survey: lowest_mass_below(curve(survey, "babar", ELECTRON), curve(survey, "na64", ELECTRON)),
        "Where BaBar's limit crosses NA64's; the 25% on the rate of BaBar's recast move it by 10%.",
    ),
    Claim(
        "babar-up-to",
        "Sec. 4.1, Fig. 12",
        "BaBar and Belle II give the strongest limits on g_ae up to around 10 GeV",
        *near(10.0, 0.3),
        lambda survey: last_mass(survey, "babar"),
        "The last mass of BaBar's curve, which was published up to 8 GeV; there it is still far stronger than LEP's.",
    ),
    Claim(
        "lep-reach",
        "Sec. 4.1, Fig. 12",
        "LEP gives the strongest limits on g_ae in the tens of GeV: up to a mass of 20 to 100 GeV",
        20.0,
        100.0,
        lambda survey: last_mass(survey, "delphi"),
        "Nothing else reaches these masses; the last mass with enough selected events for a limit.",
    ),
    Claim(
        "lep-weaker",
        "Sec. 4.1, Fig. 12",
        "probing higher masses is significantly harder: DELPHI's limit on g_ae at 20 GeV over BaBar's at 1 GeV, above 3",
        3.0,
        math.inf,
        step_to_lep,
        "The cross-section of the electron channel falls like 1/s, and the luminosity is 80 times smaller.",
    ),
    Claim(
        "pure-band-open",
        "Sec. 4.1, Fig. 12",
        "the pure g_ae term can explain Δa_e in the tens of GeV, mostly excluded: the open share is above 0 and below 0.5",
        1e-3,
        0.5,
        open_pure_band,
        "Of the 2σ band of the term of g_ae² from 10 to 100 GeV, by its logarithmic area. Open: just above 10 GeV, and "
        "beyond the reach of DELPHI.",
    ),
    Claim(
        "padme-and-na64",
        "Sec. 4.1, Fig. 12",
        "improved PADME probes part of the space of NA64 with 5e12 electrons: the share at PADME's masses, above 0",
        0.01,
        1.0,
        lambda survey: shared_with_na64(survey, "padme-poseydon"),
        "POSEYDON with 100 signal events. Of what NA64's full data set adds to present limits, by its logarithmic area.",
    ),
)
