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

S, SQRT_S, MASS, BETA, ETA_MAX, RAPIDITY = range(3, 9)  # places in the parameters, behind up to three couplings


def parameters(couplings: Array, mass: float, collision: Collision) -> Array:
    """The array that the kernels take: couplings, s, sqrt(s), M, beta, eta_max = atanh(beta), rapidity of the CM."""
    ratio = 2 * ELECTRON_MASS / collision.sqrt_s
    beta = math.sqrt((1 - ratio) * (1 + ratio))
    eta_max = math.log((1 + beta) / ratio)
    padded = np.zeros(3)
    padded[: len(couplings)] = couplings
    values = (collision.sqrt_s**2, collision.sqrt_s, mass, beta, eta_max, collision.rapidity)
    return np.concatenate([padded, values])


@kernel("UniTuple(float64, 3)(float64, float64[::1])")
def collinear(x: float, p: Array) -> tuple[float, float, float]:
    """(D, 1 - 4 m_e^2 / (s D), |dc / dx| / D) at a point of the unit interval, from eta = eta_max (2 x - 1).

    1 - 4 m_e^2 / (s D) = 1 - cosh^2(eta) / cosh^2(eta_max) = sinh(eta_max - eta) sinh(eta_max + eta) / cosh^2(eta_max),
    with both hyperbolic sines as products of exponentials and expm1, and cosh(eta_max) = sqrt(s) / (2 m_e).
    """
    eta_max, beta = p[ETA_MAX], p[BETA]
    distance = 2 * eta_max * min(x, 1 - x)
    growth = math.exp(eta_max - distance)
    cosh_eta = 0.5 * (growth + 1 / growth)
    shape = 0.25 * (1 + beta) ** 2 * math.expm1(-2 * distance) * math.expm1(2 * distance - 4 * eta_max)
    return 1 / (cosh_eta * cosh_eta), shape, 2 * eta_max / beta


@kernel(float64(float64, float64[::1]))
def one_minus_abs_c(x: float, p: Array) -> float:
    """1 - |cos theta*| = sinh(eta_max - |eta|) / (sinh(eta_max) cosh(eta))."""
    distance = 2 * p[ETA_MAX] * min(x, 1 - x)
    return math.sinh(distance) / (math.sinh(p[ETA_MAX]) * math.cosh(p[ETA_MAX] - distance))


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    for i in range(len(phi)):
        sign = 1.0 if x[i, 0] > 0.5 else -1.0
        photon_and_recoil(p[SQRT_S], p[MASS], p[RAPIDITY], sign, one_minus_abs_c(x[i, 0], p), phi[i], out[i])


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 2, 4) of photon and recoil in the laboratory at the points x (n, 1) and azimuths phi (n)."""
    out = np.empty((len(phi), 2, 4))
    _fill(x, phi, p, out)
    return out
