"""Magnetic moments of the electron and the muon, Eqs. (47)-(51) of arXiv:2012.07894.

Delta a_l is measured minus Standard Model throughout; the paper prints the opposite definition beside values of this sign.
Eq. (49) is read with g_al in place of its g_ae. Masses in GeV, couplings in 1/GeV.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from alphoton.data.errors import InputError
from alphoton.data.moments_file import Measured, load
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.model import Couplings

__all__ = ["CUTOFF", "Band", "Contributions", "Measured", "band", "contributions", "h1", "h2", "inputs", "moment"]

Array = NDArray[np.float64]

CUTOFF = 1000.0
"""The scale Lambda up to which the couplings hold, GeV. The paper does not say its value."""

# --- the loop functions -------------------------------------------------------------------------------------------


def h1(x: ArrayLike) -> Array:
    """h1 = int_0^1 dz 2 z^3/(z^2 + x (1-z)), x = m_a^2/m_l^2 of any shape: Eq. (50), whose printed symbols are mixed up.

    1 at x = 0, falling to (2/x)(ln x - 11/6). Relative accuracy 1e-12. Raises ValueError for x < 0.
    """
    return _joined(x, lambda x: 1 + 2 * x + (1 - x) * xlogy(x, x) + 2 * x * (x - 3) * _phi(x), H1_SERIES)


def h2(x: ArrayLike) -> Array:
    """Eq. (51) with x = m_a^2/m_l^2 of any shape, continued to x > 4.

    h2 = 3 + 2 int_0^1 dz int_0^{1-z} dy [ln(z^2 + x y) + z^2/(z^2 + x y)]: 1 at x = 0, growing to ln x + 3/2. Relative
    accuracy 1e-12. Raises ValueError for x < 0.
    """
    return _joined(x, lambda x: 1 - x / 3 + x * xlogy(x, x) / 6 + (2 + x) * (4 - x) / 3 * _phi(x), H2_SERIES)


def _phi(x: Array) -> Array:
    """sqrt(x/(4-x)) arccos(sqrt(x)/2), above x = 4 continued to sqrt(x/(x-4)) arccosh(sqrt(x)/2); 1 at x = 4.

    In terms of |4-x|, which is exact near 4: the arccos of a rounded argument near 1 is not.
    """
    root, gap = np.sqrt(x), np.sqrt(np.abs(4 - x))
    angle = np.where(x < 4, np.arctan2(gap, root), np.arcsinh(gap / 2))
    return np.divide(root * angle, gap, out=np.ones_like(x), where=gap > 0)


SERIES_FROM = 16.0
"""From here on the closed forms, whose terms of order x^2 ln x cancel, give way to their expansions in 1/x."""
ORDERS = 32
"""Terms of the expansion, which goes like (4/x)^n: the next one is 5e-20."""


def _series(q: tuple[Fraction, ...]) -> tuple[Array, Array]:
    """The coefficients in 1/x, of ln x and of 1, of a closed form with the term q(x) phi(x) and the constant 1.

    phi = sum_n (b_n ln(x)/2 - y_n) x^-n. With v = sqrt(1-4/x) it is artanh(v)/v = [ln(x)/2 + ln((1+v)/2)]/v, where 1/v has
    the coefficients b_n = binomial(2n, n); those of the other term follow from its differential equation:
    (n+1) y_{n+1} = (4n+2) y_n + b_n/(n+1). What grows with x cancels and is left out.
    """
    b = [Fraction(math.comb(2 * n, n)) for n in range(ORDERS + len(q))]
    y = [Fraction(0)]
    for n, b_n in enumerate(b[:-1]):
        y.append(((4 * n + 2) * y[n] + b_n / (n + 1)) / (n + 1))
    logarithm = [sum(q_k * b[m + k] for k, q_k in enumerate(q)) / 2 for m in range(ORDERS)]
    rest = [(m == 0) - sum(q_k * y[m + k] for k, q_k in enumerate(q)) for m in range(ORDERS)]
    return np.array(logarithm, dtype=np.float64), np.array(rest, dtype=np.float64)


H1_SERIES = _series((Fraction(0), Fraction(-6), Fraction(2)))
H2_SERIES = _series((Fraction(8, 3), Fraction(2, 3), Fraction(-1, 3)))


def _joined(x: ArrayLike, closed: Callable[[Array], Array], series: tuple[Array, Array]) -> Array:
    """The closed form below `SERIES_FROM`, the expansion above."""
    x = np.asarray(x, dtype=np.float64)
    if not np.all(x >= 0):
        raise ValueError(f"x = m_a^2/m_l^2 is {x}: it must not be negative")
    near, far = np.minimum(x, SERIES_FROM), np.maximum(x, SERIES_FROM)
    logarithm, rest = (polyval(1 / far, part) for part in series)
    return np.where(x < SERIES_FROM, closed(near), logarithm * np.log(far) + rest)


# --- the moments --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contributions:
    """The three terms of Eq. (49): `barr_zee` ~ g_ag g_al, `fermion` ~ g_al^2, `light_by_light` ~ g_ag^2."""

    barr_zee: float
    fermion: float
    light_by_light: float

    @property
    def total(self) -> float:
        return self.barr_zee + self.fermion + self.light_by_light


def contributions(lepton: str, couplings: Couplings, cutoff: float = CUTOFF) -> Contributions:
    """The ALP's contributions to Delta a_l of the `electron` or the `muon`, Eq. (49) with g_al:

    m_l^2/(16 pi^2) {2 g_ag g_al [h2 - ln(Lambda^2/m_l^2)], -g_al^2 h1, g_ag^2 (3 alpha/pi) ln^2(Lambda/m_l)}.

    `cutoff` is Lambda in GeV. The last term holds to leading logarithm, and for m_a > m_l overestimates that one: the
    logarithm then begins at m_a. With `radiative` couplings g_ag is the on-shell coupling of Eq. (9), as in the paper.
    Raises `InputError` for another lepton, and for a cutoff at or below m_a or m_l.
    """
    m, g_al = _lepton(lepton, couplings)
    if not max(m, couplings.m_a) < cutoff < math.inf:
        raise InputError(
            f"the cutoff is {cutoff:g} GeV: it must lie above the masses of the {lepton} and of the ALP, "
            f"{m:g} and {couplings.m_a:g} GeV"
        )
    unit, x = m**2 / (16 * math.pi**2), (couplings.m_a / m) ** 2
    logarithm = math.log(cutoff / m)
    # Above a lepton's threshold the on-shell g_ag of Eq. (9) is complex: a -> l+ l- -> 2 photons. F2 at q^2 = 0, where
    # nothing goes on shell, is real, and so the real part is taken of each term (of g_ag^2, not |g_ag|^2).
    g_ag = couplings.photon
    return Contributions(
        barr_zee=unit * 2 * g_ag.real * g_al * (float(h2(x)) - 2 * logarithm),
        fermion=-unit * g_al**2 * float(h1(x)),
        light_by_light=unit * (g_ag**2).real * 3 * ALPHA / math.pi * logarithm**2,
    )


def moment(lepton: str, couplings: Couplings, cutoff: float = CUTOFF) -> float:
    """Delta a_l of the `electron` or the `muon`: the sum of the `contributions`, with the same arguments and errors."""
    return contributions(lepton, couplings, cutoff).total


def _lepton(name: str, couplings: Couplings) -> tuple[float, float]:
    """Mass and coupling of a lepton."""
    known = {"electron": (ELECTRON_MASS, couplings.g_ae), "muon": (MUON_MASS, couplings.g_amu)}
    if name not in known:
        raise InputError(f"no lepton '{name}' here; there are: {', '.join(known)}")
    return known[name]


# --- what is measured ---------------------------------------------------------------------------------------------


def inputs(name: str, path: str | Path | None = None) -> tuple[Measured, ...]:
    """A set of measured moments: `paper-2020` or `world-2025` of the packaged table, or one of the user's own file.

    Raises `InputError` for an unknown set and for a file that cannot be used.
    """
    sets = load(path)
    if name not in sets:
        raise InputError(
            f"no set '{name}' of magnetic moments{'' if path is None else f' in {path}'}; there are: {', '.join(sets)}"
        )
    return sets[name]


@dataclass(frozen=True)
class Band:
    """The scales g of couplings that explain a measurement, 1/GeV.

    `lower` = 0 where no ALP explains it too, and `upper` is then an upper limit; both NaN where no g does (the ALP's
    contribution has the wrong sign).
    """

    lower: float
    upper: float


def band(measured: Measured, direction: Couplings, sigmas: float = 2.0, cutoff: float = CUTOFF) -> Band:
    """All g with value - sigmas error <= Delta a_l <= value + sigmas error at the couplings g times `direction`.

    Every term of Eq. (49) is quadratic in the couplings, the loop-induced g_ag included, so that Delta a_l = g^2 K with K
    the moment at `direction`, whose couplings are ratios. Raises `InputError` as `contributions` does.
    """
    K = moment(measured.lepton, direction, cutoff)
    low, high = measured.value - sigmas * measured.error, measured.value + sigmas * measured.error
    if K < 0:
        K, low, high = -K, -high, -low
    if high < 0 or (K == 0 and low > 0):
        return Band(math.nan, math.nan)
    if K == 0:
        return Band(0.0, math.inf)
    return Band(math.sqrt(max(low, 0.0) / K), math.sqrt(high / K))
