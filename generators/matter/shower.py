"""Electromagnetic showers in a thick target: Eq. (27) of arXiv:2012.07894 (Tsai and Whitis, Phys. Rev. 149 (1966) 1248).

Densities of photons and electrons in energy at a depth t (in radiation lengths) below an electron of energy E0. I_e carries
1/E0 (the paper prints 1/E): then the electron's energy is somewhere, int dE I_e = 1, at every depth.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64
from numpy.typing import NDArray

from alphoton.generators.jit import Array, kernel


@kernel(float64(float64, float64, float64))
def photons(depth: float, energy: float, beam: float) -> float:
    """I_gamma(t, E) in 1/GeV: (1/E) [(1-E/E0)^(4t/3) - exp(-7t/9)] / [7/9 + (4/3) ln(1-E/E0)].

    With L = -(4/3) ln(1-E/E0) it is (1/E) t exp(-7t/9) (exp(z)-1)/z, z = (7/9 - L) t: no 0/0 at E/E0 = 1 - exp(-7/12).
    """
    if energy >= beam:
        return 0.0
    L = -4 / 3 * math.log1p(-energy / beam)
    z = (7 / 9 - L) * depth
    ratio = math.expm1(z) / z if abs(z) > 1e-12 else 1.0
    return depth * math.exp(-7 / 9 * depth) * ratio / energy


@kernel(float64(float64, float64, float64))
def electrons(depth: float, energy: float, beam: float) -> float:
    """I_e(t, E) in 1/GeV: (1/E0) [ln(E0/E)]^(4t/3-1) / Gamma(4t/3)."""
    if energy >= beam or depth <= 0:
        return 0.0
    b = 4 / 3 * depth
    return math.exp((b - 1) * math.log(math.log(beam / energy)) - math.lgamma(b)) / beam


def photon_track_length(energy: NDArray[np.float64], beam: float, thickness: float) -> Array:
    """dT_gamma/dE in radiation lengths per GeV over a depth T: (1/E) [(1-e^(-LT))/L - (9/7)(1-e^(-7T/9))] / (7/9 - L)."""
    L = -4 / 3 * np.log1p(-np.asarray(energy) / beam)

    def total(rate: NDArray[np.float64] | float) -> Array:
        return -np.expm1(-np.asarray(rate) * thickness) / rate

    close = np.abs(L - 7 / 9) < 1e-6
    safe = np.where(close, 7 / 9 + 1e-6, L)
    return (total(safe) - total(7 / 9)) / (7 / 9 - safe) / energy
