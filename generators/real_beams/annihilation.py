"""e+ e- -> gamma a with real beams."""

from __future__ import annotations

import numpy as np
from numba import float64, void

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.processes import annihilation
from alphoton.generators.processes.annihilation import (
    density,
    electron_density,
    fill_unit_densities,
    interference_density,
    photon_density,
)
from alphoton.generators.real_beams.photon_recoil import final_state, place_energy
from alphoton.generators.real_beams.process import with_real_beams
from alphoton.generators.real_beams.spectrum import meet

place_factors = kernel(void(float64[::1]))(annihilation.place_factors)
LENGTH = annihilation.MIXED + 1


@kernel("Tuple((float64, float64[::1]))(float64[::1], float64[::1])")
def _at(x: Array, p: Array) -> tuple[float, Array]:
    """The weight of a point, and the parameters of the process there."""
    weight, sqrt_s, boost, _, _ = meet(x, p)
    own = p[:LENGTH].copy()
    if weight > 0:
        place_energy(sqrt_s, boost, own)
        place_factors(own)
    return weight, own


@kernel(DENSITY)
def real_photon_density(x: Array, p: Array) -> float:
    """Photon coupling at 1 /GeV in pb."""
    weight, own = _at(x, p)
    return weight * photon_density(x[:1], own)


@kernel(DENSITY)
def real_electron_density(x: Array, p: Array) -> float:
    """Electron coupling at 1 /GeV in pb."""
    weight, own = _at(x, p)
    return weight * electron_density(x[:1], own)


@kernel(DENSITY)
def real_interference_density(x: Array, p: Array) -> float:
    """Interference at 1 /GeV each in pb."""
    weight, own = _at(x, p)
    return weight * interference_density(x[:1], own)


@kernel(DENSITY)
def real_density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's couplings, in pb."""
    weight, own = _at(x, p)
    return weight * density(x[:1], own)


@kernel(void(float64[:, ::1], float64[::1], float64[:, ::1]))
def _fill_unit_densities(x: Array, p: Array, out: Array) -> None:
    values = np.empty((3, 1))
    for i in range(len(x)):
        weight, own = _at(x[i], p)
        fill_unit_densities(x[i : i + 1, :1].copy(), own, values)
        for k in range(3):
            out[k, i] = weight * values[k, 0]


def unit_densities(x: Array, p: Array) -> Array:
    """(3, n): the densities of the three components at the points x (n, 5)."""
    out = np.empty((3, len(x)))
    _fill_unit_densities(x, p, out)
    return out


PROCESS = with_real_beams(
    annihilation.PROCESS,
    {"photon": real_photon_density, "electron": real_electron_density, "interference": real_interference_density},
    real_density,
    final_state,
    unit_densities=unit_densities,
)
