"""Closed forms of e+ e- -> gamma X with 50 digits: nothing cancels, at any energy and mass.

Cross-sections in pb at unit couplings (g_ag = g_ae = 1/GeV, g_ag g_ae = 1/GeV^2, epsilon = 1), s in GeV^2, M in GeV.
Arguments may be floats (taken exactly as they stand) or numbers of the context `MP`. Near threshold hand over
s = MP.mpf(root_s)**2: a product rounded to double precision is another s.
"""

from typing import Protocol

from reference.amplitudes import Component
from reference.dirac import ALPHA, GEV2_TO_PB, M_E, MP, Number


class Total(Protocol):
    """A total cross-section in 1/GeV^2."""

    def __call__(self, s: Number, M: Number) -> Number: ...


class Formula(Protocol):
    """A differential cross-section dsigma/dc in 1/GeV^2."""

    def __call__(self, s: Number, M: Number, c: Number) -> Number: ...


def variables(s: Number, M: Number) -> tuple[Number, Number, Number, Number, Number, Number]:
    """alpha, m, s, M, beta = sqrt(1-4m^2/s), Lam = ln((1+beta)/(1-beta)), all with 50 digits."""
    alpha, m, s, M = (MP.convert(x) for x in (ALPHA, M_E, s, M))
    beta = MP.sqrt(1 - 4 * m**2 / s)
    return alpha, m, s, M, beta, MP.log((1 + beta) / (1 - beta))


def photon_total(s: Number, M: Number) -> Number:
    """sigma_ag in 1/GeV^2: arXiv:2012.07894, Eq. (18), first line."""
    alpha, m, s, M, beta, _ = variables(s, M)
    return alpha * (s + 2 * m**2) * (s - M**2) ** 3 / (24 * beta * s**4)


def electron_total(s: Number, M: Number) -> Number:
    """sigma_ae in 1/GeV^2: arXiv:2012.07894, Eq. (18), second line."""
    alpha, m, s, M, beta, Lam = variables(s, M)
    numerator = -2 * M**2 * beta * s + (s**2 + M**4 - 4 * M**2 * m**2) * Lam
    return alpha * m**2 * numerator / (2 * (s - M**2) * s**2 * beta**2)


def interference_total(s: Number, M: Number) -> Number:
    """sigma_int in 1/GeV^2: arXiv:2012.07894, Eq. (18), third line."""
    alpha, m, s, M, beta, Lam = variables(s, M)
    return alpha * m**2 * (s - M**2) ** 2 / (2 * beta**2 * s**3) * Lam


def dark_photon_total(s: Number, M: Number) -> Number:
    """sigma(gamma V) in 1/GeV^2: physics sheet, section 2, last line (the integral of `dark_photon_differential`)."""
    alpha, m, s, M, beta, Lam = variables(s, M)
    w = M**2 + 2 * m**2
    bracket = -4 + (4 + 8 * w * (s - 2 * m**2) / (s - M**2) ** 2) * Lam / beta - 8 * w * s / (s - M**2) ** 2
    return MP.pi * alpha**2 * (s - M**2) / (beta * s**2) * bracket


def photon_differential(s: Number, M: Number, c: Number) -> Number:
    """dsigma/dc in 1/GeV^2: physics sheet, section 2, photon coupling."""
    alpha, _, s, M, beta, _ = variables(s, M)
    return alpha * (s - M**2) ** 3 / (64 * beta * s**3) * (2 - beta**2 * (1 - c**2))


def electron_differential(s: Number, M: Number, c: Number) -> Number:
    """dsigma/dc in 1/GeV^2: physics sheet, section 2, electron coupling."""
    alpha, m, s, M, beta, _ = variables(s, M)
    D = 1 - beta**2 * c**2
    return alpha * m**2 / (2 * beta * s**2 * (s - M**2)) * ((s**2 + M**4) / D - 8 * M**2 * m**2 / D**2)


def interference_differential(s: Number, M: Number, c: Number) -> Number:
    """dsigma/dc in 1/GeV^2: physics sheet, section 2, interference."""
    alpha, m, s, M, beta, _ = variables(s, M)
    return alpha * m**2 * (s - M**2) ** 2 / (2 * beta * s**3 * (1 - beta**2 * c**2))


def dark_photon_differential(s: Number, M: Number, c: Number) -> Number:
    """dsigma/dc in 1/GeV^2: physics sheet, section 2, dark photon."""
    alpha, m, s, M, beta, _ = variables(s, M)
    D, w = 1 - beta**2 * c**2, M**2 + 2 * m**2
    recoil = (s - M**2) ** 2
    bracket = -2 + 4 / D + 8 * w * s / (recoil * D) - 32 * m**2 * w / (recoil * D**2)
    return MP.pi * alpha**2 * (s - M**2) / (beta * s**2) * bracket


def two_photon_differential(s: Number, one_minus_abs_c: Number) -> Number:
    """dsigma/dc of e+ e- -> gamma gamma in pb: physics sheet, section 7; over -1 < c < 1 each event counts twice."""
    alpha, _, s, _, beta, _ = variables(s, 0)
    c = 1 - MP.convert(one_minus_abs_c)
    D, w = 1 - beta**2 * c**2, 1 - beta**2
    bracket = (1 + beta**2 * c**2 + 2 * w) / D - 2 * w**2 / D**2
    return MP.convert(GEV2_TO_PB) * 2 * MP.pi * alpha**2 / (s * beta) * bracket


TOTALS: dict[Component, Total] = {
    "photon": photon_total,
    "electron": electron_total,
    "interference": interference_total,
    "dark_photon": dark_photon_total,
}
DIFFERENTIALS: dict[Component, Formula] = {
    "photon": photon_differential,
    "electron": electron_differential,
    "interference": interference_differential,
    "dark_photon": dark_photon_differential,
}


def total(s: Number, M: Number, component: Component) -> float:
    """sigma(e+ e- -> gamma X) in pb at unit couplings."""
    return float(MP.convert(GEV2_TO_PB) * TOTALS[component](s, M))


def differential(s: Number, M: Number, one_minus_abs_c: Number, component: Component) -> Number:
    """dsigma/dc in pb at unit couplings, with 50 digits; every component is even in c."""
    c = 1 - MP.convert(one_minus_abs_c)
    return MP.convert(GEV2_TO_PB) * DIFFERENTIALS[component](s, M, c)
