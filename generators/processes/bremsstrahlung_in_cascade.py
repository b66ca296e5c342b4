"""e Z -> e Z a by all electrons and positrons of a shower whose track lengths are from Monte Carlo (`matter.cascade`).

Besides the beam's electron, which is all of Eq. (27), those of pairs are counted; on a nucleus positrons do as electrons.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.jit import DENSITY, Array, IntArray, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter import cascade_table
from alphoton.generators.matter.cascade_table import inverse, length
from alphoton.generators.processes import bremsstrahlung
from alphoton.generators.processes.base import Component
from alphoton.generators.processes.bremsstrahlung import ELECTRON_ID, _fill, energy_lost, fractions_lost, point
from alphoton.generators.processes.nuclear import CUT, ENERGY, LENGTH, MASS, nucleus

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

ALP, NUCLEUS, TABLE = 13, 14, 15
"""Places of two particle numbers and of the table, behind the parameters of `nuclear`."""


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """The effective cross-section's density at g_ae = 1 /GeV in x = (depth, energy, that of u, angle, transfer, turn)."""
    table = p[TABLE:]
    u, jacobian = energy_lost(x[2], p)
    w_max = math.log(p[ENERGY] * (1 - u) / max(p[CUT], p[MASS]))
    if w_max <= 0 or jacobian == 0:
        return 0.0
    whole = length(w_max, table)
    w, _ = inverse(x[1] * whole, table)
    return point(x[3], x[4], x[5], p[ENERGY] * math.exp(-w), u, p)[0] * whole * jacobian


@kernel(DENSITY)
def total(x: Array, p: Array) -> float:
    """The effective cross-section's density at the card's coupling."""
    return p[0] * density(x, p)


def _drawn(x: Array, p: Array) -> tuple[Array, Array]:
    """ln(E0/E) of the particle and its bin (n, 2), and u (n)."""
    u = fractions_lost(x[:, 2], p)
    w_max = np.log(p[ENERGY] * (1 - u) / max(p[CUT], p[MASS]))
    return cascade_table.energies(w_max, x[:, 1], p[TABLE:]), u


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 4, 4) of the shower's electron or positron, the ALP, it again, and the nucleus."""
    out = np.empty((len(phi), 4, 4))
    drawn, u = _drawn(x, p)
    _fill(np.ascontiguousarray(x[:, 3:]), p[ENERGY] * np.exp(-drawn[:, 0]), u, phi, p, out)
    return out


def _depths(x: Array, p: Array) -> Array:
    return cascade_table.depths(x[:, 0], _drawn(x, p)[0], p[TABLE:])


def depth(x: Array, p: Array) -> Array:
    """Depth in mm at the points x."""
    return _depths(x, p)[:, 0] * p[LENGTH]


def table_error(x: Array, densities: Array, p: Array) -> float:
    """The relative error of the cross-section from the track lengths, with densities (n) at the points x."""
    return cascade_table.error(densities, _drawn(x, p)[0][:, 1], p[TABLE:])


def pdg_ids(x: Array, p: Array) -> IntArray:
    """Particle numbers (n, 4): an electron or a positron comes in, and goes out."""
    own = np.where(_depths(x, p)[:, 1] == 0, ELECTRON_ID, -ELECTRON_ID)
    return np.stack([own, np.full(len(x), int(p[ALP])), own, np.full(len(x), int(p[NUCLEUS]))], axis=1)


def parameters(card: ProcessCard, collision: Collision) -> Array:
    beams = card.beams
    table = cascade_table.packed(card.energy_cut / beams.beam_energy, beams.thickness, ("electron", "positron"))
    numbers = (card.ids.alp, nucleus(collision).pdg_id)
    return np.concatenate([bremsstrahlung.parameters(card, collision), numbers, table])


CASCADE = replace(
    bremsstrahlung.THICK,
    components=(Component("electron", {"g_ae": 2}, density),),
    density=total,
    parameters=parameters,
    final_state=final_state,
    depth=depth,
    pdg_ids=pdg_ids,
    table_error=table_error,
)
