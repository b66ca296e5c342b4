"""What beams have when they meet: a Gaussian spread of their energies, and initial-state radiation to leading logarithms.

The structure function of an electron in an electron is that of M. Skrzypek and S. Jadach, Z. Phys. C 49 (1991) 577, to third
order, with the soft part exponentiated as by V. N. Gribov and L. N. Lipatov. With beta = (2 alpha / pi) (ln(s / m_e^2) - 1),

D(x) = exp((3/4 - gamma) beta / 2) / Gamma(1 + beta / 2) (beta / 2) (1 - x)^(beta / 2 - 1)
     - (beta / 4) (1 + x)
     - (beta^2 / 32) [(1 + 3 x^2) / (1 - x) ln x + 4 (1 + x) ln(1 - x) + 5 + x]
     - (beta^3 / 384) {(1 + x) [6 Li2(x) + 12 ln^2(1 - x) - 3 pi^2]
         + [3/2 (1 + 8 x + 3 x^2) ln x + 6 (x + 5) (1 - x) ln(1 - x) + 12 (1 + x^2) ln x ln(1 - x)
            - 1/2 (1 + 7 x^2) ln^2 x + 1/4 (39 - 24 x - 15 x^2)] / (1 - x)}.

Each beam keeps the share x of its light-cone momentum, E + p_z or E - p_z, and loses v = 1 - x to a photon along itself, so
that the hard process is at s' = x_1 x_2 s and the balance is exact. Radiation of the other sort, with an angle, is what the
hard process has: where its own photon is at a large angle, the two are of different regions, and little is counted twice.
Corrections without the large logarithm, some alpha / pi of the cross-section, are left out.

A spread delta turns E + p_z of the electron beam, or E - p_z of the positron beam, into 1 + delta times that; for positrons
on electrons at rest it is that of the positron's energy.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, TWO_PI
from alphoton.generators.jit import Array, kernel
from alphoton.generators.kinematics import Collision

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

DIMENSIONS = 4
"""Those that the beams add to a process': two for both spreads, and one for the radiation of each beam."""
SPREAD, HALF_BETA, SOFT, LEAST, PLUS, MINUS, BEAM, LENGTH = range(8)
"""Places in the parameters, behind those of the process: the relative spread; beta / 2, 0 without radiation, and the factor
of the soft part; the least sqrt(s'); E + p_z and E - p_z of both beams; the energy of positrons on electrons at rest, or 0.
The last is their number."""
TINY = 1e-300
LEAST_SHARE = 1e-16
"""A Gaussian ends at 8.6 standard deviations."""


def parameters(card: ProcessCard, collision: Collision, threshold: float) -> Array:
    """The array that `meet` takes, for a process with this least sqrt(s)."""
    beams, p = card.beams, np.zeros(LENGTH)
    p[SPREAD], p[LEAST] = beams.energy_spread, max(threshold, 2 * ELECTRON_MASS)
    p[PLUS], p[MINUS] = (collision.sqrt_s * math.exp(sign * collision.rapidity) for sign in (1, -1))
    if beams.electrons_at_rest:
        assert beams.positron_energy is not None
        p[BEAM] = beams.positron_energy
    if beams.initial_state_radiation == "leading_log":
        p[HALF_BETA] = half_beta(collision.sqrt_s)
        p[SOFT] = math.exp((0.75 - np.euler_gamma) * p[HALF_BETA]) / math.gamma(1 + p[HALF_BETA])
    return p


def half_beta(sqrt_s: float) -> float:
    """(alpha / pi) (ln(s / m_e^2) - 1): how much one beam radiates."""
    return ALPHA / math.pi * (2 * math.log(sqrt_s / ELECTRON_MASS) - 1)


@kernel(float64(float64))
def _small_dilogarithm(x: float) -> float:
    """Li2(x) for 0 <= x <= 1/2, by the Bernoulli numbers in powers of u = -ln(1 - x)."""
    u = -math.log1p(-x)
    w = u * u
    series = 1 / 36 + w * (
        -1 / 3600 + w * (1 / 211680 + w * (-1 / 10886400 + w * (1 / 526901760 - w * 691 / 16999766784000)))
    )
    return u * (1 - u / 4 + w * series)


@kernel(float64(float64, float64))
def dilogarithm(x: float, v: float) -> float:
    """Li2(x) for 0 < x < 1, with v = 1 - x."""
    if x <= 0.5:
        return _small_dilogarithm(x)
    return math.pi**2 / 6 - math.log1p(-v) * math.log(v) - _small_dilogarithm(v)


@kernel(float64(float64, float64, float64))
def hard_part(x: float, v: float, beta: float) -> float:
    """D(x) without its soft part, at v = 1 - x > 0."""
    log_x = math.log(x) if x < 0.5 else math.log1p(-v)
    log_v = math.log(v)
    slope = log_x / v  # -1 as v goes to 0
    second = (1 + 3 * x * x) * slope + 4 * (1 + x) * log_v + 5 + x
    third = (1 + x) * (6 * dilogarithm(x, v) + 12 * log_v * log_v - 3 * math.pi**2)
    third += 1.5 * (1 + 8 * x + 3 * x * x) * slope + 6 * (x + 5) * log_v + 12 * (1 + x * x) * slope * log_v
    third += -0.5 * (1 + 7 * x * x) * slope * log_x + 0.25 * (54 - 15 * v)
    return -beta / 4 * (1 + x) - beta * beta / 32 * second - beta * beta * beta / 384 * third


@kernel("UniTuple(float64, 3)(float64, float64, float64, float64)")
def radiate(r: float, least: float, half_beta: float, soft: float) -> tuple[float, float, float]:
    """(D |dx / dr|, x, 1 - x) at a point r of the unit interval, for x above `least`.

    w = (1 - x) / x goes like r^(2 / beta). Where x is near 1 that flattens D, and where it is small 1 / x, as cross-sections
    go that fall with s'.
    """
    if least >= 1:
        return 0.0, 1.0, 0.0
    if half_beta == 0:
        return 1.0, 1.0, 0.0
    top = (1 - least) / least
    w = top * r ** (1 / half_beta)
    x = 1 / (1 + w)
    v = w * x
    density = soft * (top * x) ** half_beta
    if v > TINY:
        density += hard_part(x, v, 2 * half_beta) * v / (half_beta * r)
    return x * density, x, v


@kernel("UniTuple(float64, 5)(float64[::1], float64[::1])")
def meet(x: Array, p: Array) -> tuple[float, float, float, float, float]:
    """(weight, sqrt(s'), exp of the rapidity, E of the electron's photon, E of the positron's) at the last of x and p.

    sqrt(s') and the rapidity are those of the hard process, energies in the laboratory; the photons go along +z and -z. Both
    spreads are one point of a Gaussian in two dimensions. The weight is 0 where s' is too small.
    """
    i, j = len(x) - DIMENSIONS, len(p) - LENGTH
    distance = p[j + SPREAD] * math.sqrt(-2 * math.log(max(x[i], LEAST_SHARE)))
    first, second = distance * math.cos(TWO_PI * x[i + 1]), distance * math.sin(TWO_PI * x[i + 1])
    plus, minus = p[j + PLUS] * (1 + first), p[j + MINUS] * (1 + second)
    if p[j + BEAM] > 0:
        E = p[j + BEAM] * (1 + first)
        along = E + math.sqrt(max(0.0, (E - ELECTRON_MASS) * (E + ELECTRON_MASS)))
        plus, minus = along + ELECTRON_MASS, ELECTRON_MASS * (1 + ELECTRON_MASS / along)
    least = p[j + LEAST] * p[j + LEAST] / (plus * minus)
    weight_1, x_1, v_1 = radiate(x[i + 2], least, p[j + HALF_BETA], p[j + SOFT])
    weight_2, x_2, v_2 = radiate(x[i + 3], least / x_1, p[j + HALF_BETA], p[j + SOFT])
    sqrt_s = math.sqrt(plus * x_1 * minus * x_2)
    weight = weight_1 * weight_2 if sqrt_s > p[j + LEAST] else 0.0
    return weight, sqrt_s, math.sqrt(plus * x_1 / (minus * x_2)), plus * v_1 / 2, minus * v_2 / 2
