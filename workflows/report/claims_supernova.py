"""What the paper says of dark fermions in SN1987A, section 2.2: Eqs. (11) to (17)."""

from __future__ import annotations

import math
from collections.abc import Callable

from alphoton.analysis.supernova import (
    GEV2_ERG_PER_SECOND,
    HBARC_KM,
    PROFILES,
    chi_sphere,
    coupling_of_path,
    luminosity,
    packaged_profile,
    trapping,
)
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import EXACTLY, Measured, found, limits, near, number, quotient, same_order
from alphoton.workflows.survey import Survey

MASS = 0.1
"""GeV, of an ALP with m_chi = m_a/3 in the range of Eq. (17)."""
TRAPPING = 1e-6
"""g_achi m_chi of Eq. (17)."""


def _both(values: list[float], unit: str = "", note: str = "") -> Found:
    """The geometric mean of what both profiles give, with half of their distance as its error."""
    analytic, anchored = values
    told = f"{number(analytic)} (analytic profile), {number(anchored)} (anchored)"
    return found(math.sqrt(analytic * anchored), abs(analytic - anchored) / 2, unit, f"{told}{note}")


def _black_body(_: Survey) -> Found:
    """Eq. (11) for light fermions over its closed form, with R^2 in both."""
    profile, radius = packaged_profile("anchored"), 20.0
    T = float(profile.at(radius))
    closed = 7 * 4 * math.pi**3 / 240 * (radius / HBARC_KM) ** 2 * T**4 * GEV2_ERG_PER_SECOND
    return found(luminosity(profile, radius, 1e-6 * T) / closed)


def _radius(_: Survey) -> Found:
    return _both([chi_sphere(packaged_profile(name), 0.010) for name in PROFILES], "km")


def _trapped(m_chi: float) -> Callable[[Survey], Found]:
    def compute(_: Survey) -> Found:
        ours, paper = trapping(m_chi), trapping(m_chi, form="paper")
        return _both(
            [ours.fiducial.smallest, ours.anchored.smallest], note=f"; {number(paper.central)} by Eq. (16) as printed"
        )

    return compute


def _printed_over_balanced(_: Survey) -> Found:
    """The smallest coupling by Eq. (16) over that with the relative velocity and both spins."""
    ratios = [trapping(m, form="paper").central / trapping(m).central for m in (0.005, 0.010, 0.050)]
    return found(ratios[1], note=f"at 10 MeV; {ratios[0]:.2f} at 5 MeV, {ratios[2]:.2f} at 50 MeV")


def _free_path(_: Survey) -> Found:
    """g_achi m_chi with a path of 1 km at the chi-sphere, for m_chi = 20 MeV, m_a = 3 m_chi and E = m_a/2."""
    m_chi = 0.020
    profiles = [packaged_profile(name) for name in PROFILES]
    return _both([coupling_of_path(each, chi_sphere(each, m_chi), 1.5 * m_chi, m_chi, 3 * m_chi) for each in profiles])


def _needed(survey: Survey) -> Measured:
    """The larger of g_agamma m_a (BaBar) and g_ae m_e (NA64) at today's limits, which g_achi m_chi has to exceed."""
    photon, electron = limits(survey, "babar", MASS).g_agamma, limits(survey, "na64", MASS).g_ae
    products = [
        Measured(limit.value * mass, limit.error * mass) for limit, mass in ((photon, MASS), (electron, ELECTRON_MASS))
    ]
    return max(products, key=lambda product: product.value)


def _below_needed(survey: Survey) -> Found:
    return found(*quotient(_needed(survey), Measured(TRAPPING)), note="at 100 MeV")


def _trapping_over_limit(survey: Survey) -> Found:
    """The g_achi that traps over the limit on g_ae, at m_a = 100 MeV = 3 m_chi."""
    m_chi, limit = MASS / 3, limits(survey, "na64", MASS).g_ae
    traps = trapping(m_chi)
    low, high = traps.spread
    coupling = Measured(traps.central / m_chi, (high - low) / 2 / m_chi)
    note = f"{number(coupling.value)} against {number(limit.value)} /GeV at 100 MeV"
    return found(*quotient(coupling, limit), note=note)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "black-body",
        "Sec. 2.2, Eq. (11)",
        "the luminosity of light fermions is 7 g pi³/240 R² T⁴",
        *EXACTLY,
        _black_body,
        "The middle form of Eq. (11) lacks R², which is put in here; with it the last form follows for every g.",
    ),
    Claim(
        "chi-sphere",
        "Sec. 2.2, below Eq. (11)",
        "the chi shine like neutrinos, 3e52 erg/s, at a radius of about 20 km for m_chi about 10 MeV",
        *near(20.0, 0.25),
        _radius,
        "The profile decides. The analytic one is the test; the anchored one was made to give 20 km without a mass, so that "
        "its agreement is none.",
    ),
    *(
        Claim(
            f"trapping-{m_chi * 1e3:g}mev",
            "Sec. 2.2, Eq. (17)",
            f"chi is trapped for g_achi m_chi above about 1e-6, for m_chi of 5 to 50 MeV; here {m_chi * 1e3:g} MeV",
            *same_order(TRAPPING),
            _trapped(m_chi),
            why,
        )
        for m_chi, why in (
            (
                0.005,
                "No one value holds: Eq. (16), also as printed, rises by a factor of 40 to 60 from 5 to 50 MeV, as the "
                "chibar of energy m_a/2 = 1.5 m_chi that absorb become rare against T = 3 to 9 MeV. At this mass 1e-6 is "
                "far more than is needed, so that the paper's conclusion holds all the more.",
            ),
            (
                0.010,
                "As at 5 MeV: 1e-6 belongs to the heavy end of the range, and light chi are trapped by far weaker "
                "couplings.",
            ),
            (0.050, "Here Eq. (17) is right. Both profiles agree, as each has nearly the same T on its own chi-sphere."),
        )
    ),
    Claim(
        "trapping-velocity",
        "Sec. 2.2, Eqs. (13) and (16)",
        "Eq. (13) counts the interactions on the way; we give the smallest coupling by it over that of detailed balance",
        *near(1.0, 0.05),
        _printed_over_balanced,
        "Eq. (13) lacks the relative velocity over that of the chi, and the two spins of the chibar: they make 1.9 to 3.4 "
        "times the interactions. Detailed balance with the width of Eq. (5) demands them.",
    ),
    Claim(
        "free-path",
        "Sec. 2.2, footnote 4",
        "a mean free path of 1 km at the chi-sphere gives the same order of magnitude as Eq. (17), for tens of MeV",
        *same_order(TRAPPING),
        _free_path,
        "At m_chi = 20 MeV and E = m_a/2; close to our own value from N_int = 1 at that mass, and like it below 1e-6.",
    ),
    Claim(
        "trapping-below-needed",
        "Sec. 2.2, below Eq. (17)",
        "Eq. (17) is several orders of magnitude below the g_achi m_chi of an ALP that stays invisible at today's limits",
        100.0,
        math.inf,
        _below_needed,
        "g_achi m_chi has to be much larger than the number compared here, the larger of g_agamma m_a (BaBar) and g_ae m_e "
        "(NA64), Eq. (8). It falls below 100 for lighter ALPs, as NA64's limit does.",
    ),
    Claim(
        "trapping-like-gae",
        "Sec. 2.2, below Eq. (17)",
        "the g_achi that traps is of the order of the experimental limit on g_ae",
        *same_order(1.0),
        _trapping_over_limit,
        "It is orders of magnitude smaller, also with the 1e-6 of Eq. (17). As products with the masses of the fermions, "
        "which is what Eq. (8) compares, both are still a factor of some hundred apart. Trapping is easier than the paper "
        "says.",
    ),
)
