"""gamma Z -> a Z by the photons of a shower whose track lengths are from Monte Carlo (`matter.cascade`)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter import cascade_table
from alphoton.generators.matter.cascade_table import inverse, length
from alphoton.generators.processes import primakoff
from alphoton.generators.processes.base import Component
from alphoton.generators.processes.nuclear import CUT, ENERGY, LENGTH, MASS
from alphoton.generators.processes.primakoff import _fill, _point

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

TABLE = 13
"""Place of the table, behind the parameters of `nuclear`."""


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """The effective cross-section's density at g_ag = 1 /GeV in (energy, depth, ln t); the depth does not enter it."""
    table, out = p[TABLE:], np.empty(3)
    whole = length(math.log(p[ENERGY] / max(p[CUT], p[MASS])), table)
    w, _ = inverse(x[0] * whole, table)
    _point(x[2], p[ENERGY] * math.exp(-w), p, out)
    return out[0] * whole


@kernel(DENSITY)
def total(x: Array, p: Array) -> float:
    """The effective cross-section's density at the card's coupling."""
    return p[0] * density(x, p)


def _drawn(x: Array, p: Array) -> Array:
    """(n, 2): ln(E0/E) of the photon and its bin."""
    w_max = math.log(p[ENERGY] / max(p[CUT], p[MASS]))
    return cascade_table.energies(np.full(len(x), w_max), x[:, 0], p[TABLE:])


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the shower's photon, the ALP and the nucleus."""
    out = np.empty((len(phi), 3, 4))
    _fill(np.ascontiguousarray(x[:, 2]), p[ENERGY] * np.exp(-_drawn(x, p)[:, 0]), phi, p, out)
    return out


def depth(x: Array, p: Array) -> Array:
    """Depth in mm at the points x."""
    return cascade_table.depths(x[:, 1], _drawn(x, p), p[TABLE:])[:, 0] * p[LENGTH]


def table_error(x: Array, densities: Array, p: Array) -> float:
    """The relative error of the cross-section from the track lengths, with densities (n) at the points x."""
    return cascade_table.error(densities, _drawn(x, p)[:, 1], p[TABLE:])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    beams = card.beams
    table = cascade_table.packed(card.energy_cut / beams.beam_energy, beams.thickness, ("photon",))
    return np.concatenate([primakoff.parameters(card, collision), table])


CASCADE = replace(
    primakoff.THICK,
    components=(Component("photon", {"g_agamma": 2}, density),),
    density=total,
    parameters=parameters,
    final_state=final_state,
    depth=depth,
    table_error=table_error,
)
