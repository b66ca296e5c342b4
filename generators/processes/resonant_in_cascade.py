"""e+ e- -> a by the secondary positrons of a shower in a thick target, whose track lengths are from Monte Carlo.

The effective cross-section of an atom, in the sense of Eq. (26) of arXiv:2012.07894, is Z pi g_ae^2 m_e / (4 beta) times the
mean over the electrons' momenta k of dT+/dE at the energy E(k) at which a positron is on resonance (`resonant`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter import cascade_table
from alphoton.generators.matter.cascade_table import slope
from alphoton.generators.processes import resonant
from alphoton.generators.processes.base import Component, Process
from alphoton.generators.processes.resonant import electron, electrons, fill, resonance, strength

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

MASS, ENERGY, CUT, Z, LENGTH, SIZE, ELECTRONS = range(1, 8)
"""Places in the parameters, behind the coupling squared: m_a, energy of the beam, least energy of the ALP (GeV), Z,
radiation length in mm, size of the table of electrons, that table, and behind it the one of track lengths."""


@kernel(DENSITY)
def unit_density(x: Array, p: Array) -> float:
    """The effective cross-section's density at g_ae = 1 /GeV in (the electron's momentum, depth), whatever the depth."""
    size = int(p[SIZE])
    k, binding = electron(x[0], p[ELECTRONS : ELECTRONS + size])
    energy = resonance(p[MASS], k, binding)
    if not p[CUT] < energy < p[ENERGY]:
        return 0.0
    per_energy = slope(math.log(p[ENERGY] / energy), p[ELECTRONS + size :]) / energy
    return p[Z] * strength(p[MASS]) * per_energy


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """The effective cross-section's density at the card's coupling."""
    return p[0] * unit_density(x, p)


@kernel(void(float64[::1], float64[::1], float64[::1]))
def _energies(x: Array, p: Array, out: Array) -> None:
    for i in range(len(x)):
        k, binding = electron(x[i], p[ELECTRONS : ELECTRONS + int(p[SIZE])])
        out[i] = resonance(p[MASS], k, binding)


def _tables(p: Array) -> tuple[Array, Array]:
    end = ELECTRONS + int(p[SIZE])
    return np.ascontiguousarray(p[ELECTRONS:end]), np.ascontiguousarray(p[end:])


def _bins(x: Array, p: Array) -> Array:
    """The bins in energy of the track lengths (n) that the positrons are in."""
    energy = np.empty(len(x))
    _energies(np.ascontiguousarray(x[:, 0]), p, energy)
    return cascade_table.bins(np.log(p[ENERGY] / energy), _tables(p)[1])


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the shower's positron, the electron it hits, and the ALP."""
    out = np.empty((len(phi), 3, 4))
    fill(np.ascontiguousarray(x[:, 0]), p[MASS], _tables(p)[0], out)
    return out


def depth(x: Array, p: Array) -> Array:
    """Depth in mm at the points x."""
    bins = np.column_stack([np.zeros(len(x)), _bins(x, p)])
    return cascade_table.depths(x[:, 1], bins, _tables(p)[1])[:, 0] * p[LENGTH]


def table_error(x: Array, densities: Array, p: Array) -> float:
    """The relative error of the cross-section from the track lengths, with densities (n) at the points x."""
    return cascade_table.error(densities, _bins(x, p), _tables(p)[1])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    beams, bound = card.beams, electrons(card.beams.bound_electrons)
    E0, Z = beams.beam_energy, collision.atomic_number
    head = [float(resonant.couplings(card)[0]), card.mass, E0, card.energy_cut, Z, beams.radiation_length_mm, len(bound)]
    return np.concatenate([head, bound, cascade_table.packed(card.energy_cut / E0, beams.thickness, ("positron",))])


CASCADE = Process(
    name="resonant",
    reaction="E+ E- --> ALP",
    dimension=2,
    components=(Component("electron", {"g_ae": 2}, unit_density),),
    density=density,
    couplings=resonant.couplings,
    parameters=parameters,
    final_state=final_state,
    particles=resonant.particles,
    threshold=resonant.threshold,
    depth=depth,
    table_error=table_error,
)
