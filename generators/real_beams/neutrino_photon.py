"""e+ e- -> nu nubar gamma with real beams.

The least energy and angle of the photon are those in the centre of mass of the hard process, where the beams have met.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, void

from alphoton.generators.jit import DENSITY, Array, IntArray, kernel
from alphoton.generators.processes import neutrino_photon
from alphoton.generators.processes.neutrino_photon import BOOST, C_R, SQRT_S, density, fill, fill_flavours, numbers
from alphoton.generators.real_beams.process import with_real_beams
from alphoton.generators.real_beams.spectrum import meet

OWN, LENGTH = 5, C_R + 1
"""Dimensions and parameters of the process itself."""


@kernel(DENSITY)
def real_density(x: Array, p: Array) -> float:
    """dsigma/dx in pb of the three flavours."""
    weight, sqrt_s, boost, _, _ = meet(x, p)
    own = p[:LENGTH].copy()
    own[SQRT_S], own[BOOST] = sqrt_s, boost
    return weight * density(x[:OWN], own) if weight > 0 else 0.0


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1], int64[::1]))
def _fill(x: Array, phi: Array, p: Array, out: Array, which: IntArray) -> None:
    """Momenta (n, 3, 4), and flavours (n) of 0 to 2."""
    own, momenta = p[:LENGTH].copy(), np.empty((1, 3, 4))
    for i in range(len(phi)):
        _, own[SQRT_S], own[BOOST], _, _ = meet(x[i], p)
        inner = x[i : i + 1, :OWN].copy()
        fill(inner, phi[i : i + 1], own, momenta)
        fill_flavours(inner, own, which[i : i + 1])
        out[i] = momenta[0]


def _events(x: Array, phi: Array, p: Array) -> tuple[Array, IntArray]:
    momenta, which = np.empty((len(x), 3, 4)), np.empty(len(x), dtype=np.int64)
    _fill(x, phi, p, momenta, which)
    return momenta, which


PROCESS = with_real_beams(
    neutrino_photon.PROCESS,
    {"neutrino_photon": real_density},
    real_density,
    lambda x, phi, p: _events(x, phi, p)[0],
    pdg_ids=lambda x, p: numbers(_events(x, np.zeros(len(x)), p)[1]),
)
