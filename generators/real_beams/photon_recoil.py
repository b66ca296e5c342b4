"""e+ e- -> gamma X with real beams: its final state at the sqrt(s') of each event."""

from __future__ import annotations

import numpy as np
from numba import float64, void

from alphoton.generators.jit import Array, kernel
from alphoton.generators.processes.photon_recoil import LENGTH, fill
from alphoton.generators.processes.photon_recoil import place_energy as _place_energy
from alphoton.generators.real_beams.spectrum import meet

place_energy = kernel(void(float64, float64, float64[::1]))(_place_energy)


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    own, momenta = p[:LENGTH].copy(), np.empty((1, 2, 4))
    for i in range(len(phi)):
        _, sqrt_s, boost, _, _ = meet(x[i], p)
        place_energy(sqrt_s, boost, own)
        fill(x[i : i + 1, :1].copy(), phi[i : i + 1], own, momenta)
        out[i] = momenta[0]


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 2, 4) of photon and recoil in the laboratory at the points x (n, 5) and azimuths phi (n)."""
    out = np.empty((len(phi), 2, 4))
    _fill(x, phi, p, out)
    return out
