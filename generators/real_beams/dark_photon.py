"""e+ e- -> gamma V with real beams."""

from __future__ import annotations

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.processes import dark_photon
from alphoton.generators.processes.dark_photon import unit_density
from alphoton.generators.processes.photon_recoil import LENGTH
from alphoton.generators.real_beams.photon_recoil import final_state, place_energy
from alphoton.generators.real_beams.process import with_real_beams
from alphoton.generators.real_beams.spectrum import meet


@kernel(DENSITY)
def real_unit_density(x: Array, p: Array) -> float:
    """dsigma/dx at eps = 1 in pb."""
    weight, sqrt_s, boost, _, _ = meet(x, p)
    own = p[:LENGTH].copy()
    if weight > 0:
        place_energy(sqrt_s, boost, own)
    return weight * unit_density(x[:1], own)


@kernel(DENSITY)
def real_density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's mixing."""
    return p[0] * real_unit_density(x, p)


PROCESS = with_real_beams(dark_photon.PROCESS, {"dark_photon": real_unit_density}, real_density, final_state)
