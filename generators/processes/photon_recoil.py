"""What e+ e- -> gamma X has in common for every X: the variable, the parameters, the final state.

With beta = sqrt(1 - 4 m_e^2 / s) and c = cos theta* of the photon, the channels with an exchanged electron peak like
1/D, D = 1 - beta^2 c^2, and D falls to 4 m_e^2 / s: 1e-11 at LEP. In eta = atanh(beta c), D = 1 / cosh^2(eta) and
dc = D deta / beta, so the peak is flat; 1 - |c| and 1 - 4 m_e^2 / (s D) follow from eta_max - |eta| without a
cancellation.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.jit import Array, kernel
from alphoton.generators.kinematics import Collision, photon_and_recoil

S, SQRT_S, MASS, BETA, ETA_MAX, PEAK, FAR, FAR_LESS_1, BOOST, LENGTH = range(3, 13)
"""Places in the parameters, behind up to three couplings: s, sqrt(s), M, beta, eta_max = atanh(beta), exp(2 eta_max),
exp(-4 eta_max), the same less 1, exp of the centre of mass' rapidity, and the number of all."""


def place_energy(sqrt_s: float, boost: float, p: Array) -> None:
    """Write into the parameters what follows from sqrt(s) and from exp of the centre of mass' rapidity."""
    ratio = 2 * ELECTRON_MASS / sqrt_s
    beta = math.sqrt((1 - ratio) * (1 + ratio))
    eta_max = math.log((1 + beta) / ratio)
    p[S], p[SQRT_S], p[BETA], p[ETA_MAX], p[BOOST] = sqrt_s**2, sqrt_s, beta, eta_max, boost
    p[PEAK], p[FAR], p[FAR_LESS_1] = math.exp(2 * eta_max), math.exp(-4 * eta_max), math.expm1(-4 * eta_max)


def parameters(couplings: Array, mass: float, collision: Collision) -> Array:
    """The array that the kernels take."""
    p = np.zeros(LENGTH)
    p[: len(couplings)] = couplings
    p[MASS] = mass
    place_energy(collision.sqrt_s, math.exp(collision.rapidity), p)
    return p


@kernel(float64(float64, float64[::1]))
def _inwards(x: float, p: Array) -> float:
    """X = exp(2 d) - 1 of the distance d = eta_max - |eta| from the nearer beam, the one function that a point costs."""
    return math.expm1(4 * p[ETA_MAX] * min(x, 1 - x))


@kernel("UniTuple(float64, 3)(float64, float64[::1])")
def collinear(x: float, p: Array) -> tuple[float, float, float]:
    """(D, 1 - 4 m_e^2 / (s D), |dc / dx| / D) at a point of the unit interval, from eta = eta_max (2 x - 1).

    With X = exp(2 d) - 1 and G = exp(2 |eta|) = exp(2 eta_max) / (1 + X), D = 1 / cosh^2(eta) = 4 G / (1 + G)^2, and
    1 - 4 m_e^2 / (s D) = 1 - cosh^2(eta) / cosh^2(eta_max) = sinh(d) sinh(2 eta_max - d) / cosh^2(eta_max), where
    4 sinh(d) sinh(2 eta_max - d) = exp(2 eta_max) (1 - exp(-2 d)) (1 - exp(2 d - 4 eta_max)) and
    exp(eta_max) / cosh(eta_max) = 1 + beta.
    """
    X, beta = _inwards(x, p), p[BETA]
    G = p[PEAK] / (1 + X)
    shape = 0.25 * (1 + beta) ** 2 * X / (1 + X) * -(X * p[FAR] + p[FAR_LESS_1])
    return 4 * G / ((1 + G) * (1 + G)), shape, 2 * p[ETA_MAX] / beta


@kernel(float64(float64, float64[::1]))
def one_minus_abs_c(x: float, p: Array) -> float:
    """1 - |cos theta*| = sinh(d) / (sinh(eta_max) cosh(eta)) = 2 X / [(exp(2 eta_max) - 1) (1 + exp(-2 |eta|))]."""
    X = _inwards(x, p)
    return 2 * X / ((p[PEAK] - 1) * (1 + (1 + X) / p[PEAK]))


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    """Fill `out` (n, 2, 4) as `final_state` gives it."""
    for i in range(len(phi)):
        sign = 1.0 if x[i, 0] > 0.5 else -1.0
        photon_and_recoil(p[SQRT_S], p[MASS], p[BOOST], sign, one_minus_abs_c(x[i, 0], p), phi[i], out[i])


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 2, 4) of photon and recoil in the laboratory at the points x (n, 1) and azimuths phi (n)."""
    out = np.empty((len(phi), 2, 4))
    fill(x, phi, p, out)
    return out
