"""gamma Z -> a Z: Primakoff production with exact recoil, by a photon beam or by the photons of a shower.

dsigma/dt = (alpha g_ag^2 / 8) G2(t) pT^2(t) / t^2 with pT^2 = A (t - t_min)(t_max - t), A = 1/(2 M E) + 1/(4 E^2). In a
thick target the energies and depths are those of Eq. (27) of arXiv:2012.07894, and the cross-section is the effective one
of Eq. (26): integrated over dT_gamma/dE.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ALPHA, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter.form_factors import form_factor
from alphoton.generators.matter.shower import photons
from alphoton.generators.processes import nuclear
from alphoton.generators.processes.base import BEAM, Component, Particle, Process
from alphoton.generators.processes.nuclear import (
    A2,
    B2,
    CUT,
    ENERGY,
    LENGTH,
    MASS,
    MASS_A,
    REGULATOR,
    SIZE,
    SQUARED,
    THICKNESS,
    Z,
)

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

PAIR_RATE = 7 / 9
"""Pair production per radiation length."""


@kernel(void(float64, float64, float64[::1], float64[::1]))
def _point(x: float, energy: float, p: Array, out: Array) -> None:
    """Fill out = (density in pb at g_ag = 1 /GeV, t, pT) at a point of ln t; the density is 0 outside phase space."""
    out[0] = 0.0
    m2, M = p[MASS] ** 2, p[MASS_A]
    a = 1 / (2 * M * energy) + 1 / (4 * energy * energy)
    b = 1 - m2 / (2 * M * energy) - m2 / (2 * energy * energy)
    c = m2 * m2 / (4 * energy * energy)
    root = b * b - 4 * a * c
    if root <= 0 or b <= 0 or energy <= p[CUT]:
        return
    root = b + math.sqrt(root)
    t_min, t_max = 2 * c / root, root / (2 * a)
    largest = min(t_max, 2 * M * (energy - p[CUT])) if p[CUT] > 0 else t_max
    smallest = max(t_min, 1e-30 * t_max)  # a massless ALP has t_min = 0, and screening makes the rest finite
    if largest <= smallest:
        return
    span = math.log(largest / smallest)
    t = smallest * math.exp(x * span)
    pt2 = a * (t - t_min) * (t_max - t)
    if pt2 <= 0:
        return
    form = form_factor(t, p[Z], p[A2], p[B2], p[SIZE], p[SQUARED], p[REGULATOR])
    out[0] = GEV2_PB * ALPHA / 8 * form * pt2 / t * span
    out[1], out[2] = t, math.sqrt(pt2)


@kernel(DENSITY)
def thin_density(x: Array, p: Array) -> float:
    """dsigma/dx at g_ag = 1 /GeV for the photon beam."""
    out = np.empty(3)
    _point(x[0], p[ENERGY], p, out)
    return out[0]


@kernel(void(float64[::1], float64[::1], float64[::1]))
def _shower_point(x: Array, p: Array, out: Array) -> None:
    """Fill out = (energy of the photon, depth in radiation lengths, dE ddepth/dx times I_gamma).

    At great depth I_gamma falls with the smaller of its two rates, -(4/3) ln(1-E/E0) and 7/9: the depth is drawn from that.
    """
    beam, lowest = p[ENERGY], max(p[CUT], p[MASS])
    span = math.log(beam / lowest)
    energy = lowest * math.exp(x[0] * span)
    out[0] = energy
    out[1] = out[2] = 0.0
    if energy >= beam:
        return
    rate = min(PAIR_RATE, -4 / 3 * math.log1p(-energy / beam))
    whole = -math.expm1(-rate * p[THICKNESS])
    depth = -math.log1p(-x[1] * whole) / rate
    out[1] = depth
    out[2] = photons(depth, energy, beam) * energy * span * whole * math.exp(rate * depth) / rate


@kernel(DENSITY)
def thick_density(x: Array, p: Array) -> float:
    """The effective cross-section's density at g_ag = 1 /GeV in (energy, depth, ln t)."""
    shower, out = np.empty(3), np.empty(3)
    _shower_point(x, p, shower)
    _point(x[2], shower[0], p, out)
    return out[0] * shower[2]


@kernel(DENSITY)
def thin_total(x: Array, p: Array) -> float:
    """dsigma/dx at the card's coupling."""
    return p[0] * thin_density(x, p)


@kernel(DENSITY)
def thick_total(x: Array, p: Array) -> float:
    """The effective cross-section's density at the card's coupling."""
    return p[0] * thick_density(x, p)


@kernel(void(float64[::1], float64[::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, energy: Array, phi: Array, p: Array, out: Array) -> None:
    """Momenta of photon, ALP and nucleus: q_parallel = T + (m_a^2 + t) / (2 E) with the recoil's energy T = t / (2 M)."""
    point = np.empty(3)
    M = p[MASS_A]
    for i in range(len(x)):
        _point(x[i], energy[i], p, point)
        t, pt = point[1], point[2]
        recoil = t / (2 * M)
        along = recoil + (p[MASS] ** 2 + t) / (2 * energy[i])
        out[i, 0, 0] = out[i, 0, 1] = 0.0
        out[i, 0, 2] = out[i, 0, 3] = energy[i]
        out[i, 1, 0], out[i, 1, 1] = pt * math.cos(phi[i]), pt * math.sin(phi[i])
        out[i, 1, 2], out[i, 1, 3] = energy[i] - along, energy[i] - recoil
        out[i, 2, 0], out[i, 2, 1] = -out[i, 1, 0], -out[i, 1, 1]
        out[i, 2, 2], out[i, 2, 3] = along, M + recoil


def thin_final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the photon that comes in, the ALP and the nucleus."""
    out = np.empty((len(phi), 3, 4))
    _fill(np.ascontiguousarray(x[:, 0]), np.full(len(phi), p[ENERGY]), phi, p, out)
    return out


@kernel(void(float64[:, ::1], float64[::1], float64[:, ::1]))
def _showers(x: Array, p: Array, out: Array) -> None:
    for i in range(len(x)):
        _shower_point(x[i], p, out[i])


def shower(x: Array, p: Array) -> Array:
    """(n, 3): energy of the photon, depth in radiation lengths, and density, at the points x."""
    out = np.empty((len(x), 3))
    _showers(x, p, out)
    return out


def thick_final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the shower's photon, the ALP and the nucleus."""
    out = np.empty((len(phi), 3, 4))
    _fill(np.ascontiguousarray(x[:, 2]), np.ascontiguousarray(shower(x, p)[:, 0]), phi, p, out)
    return out


def depth(x: Array, p: Array) -> Array:
    """Depth in mm at the points x."""
    return shower(x, p)[:, 1] * p[LENGTH]


def couplings(card: ProcessCard) -> Array:
    """(|g_ag|^2,) in 1/GeV^2, with the electron's loop where the card switches it on."""
    return np.array([abs(card.couplings.photon) ** 2])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    return nuclear.parameters(float(couplings(card)[0]), card, collision)


def particles(card: ProcessCard, collision: Collision) -> tuple[Particle, ...]:
    """The photon that comes in, the ALP, the nucleus."""
    return Particle(PHOTON_ID, 0.0, BEAM), Particle(card.ids.alp, card.mass, mother=0), nuclear.nucleus(collision)


def threshold(card: ProcessCard, collision: Collision) -> float:
    return card.mass + nuclear.nucleus_mass(collision)


PROCESS = Process(
    name="primakoff",
    reaction="GAMMA NUCLEUS --> ALP NUCLEUS",
    dimension=1,
    components=(Component("photon", {"g_agamma": 2}, thin_density),),
    density=thin_total,
    couplings=couplings,
    parameters=parameters,
    final_state=thin_final_state,
    particles=particles,
    threshold=threshold,
)
THICK = Process(
    name="primakoff",
    reaction="GAMMA NUCLEUS --> ALP NUCLEUS",
    dimension=3,
    components=(Component("photon", {"g_agamma": 2}, thick_density),),
    density=thick_total,
    couplings=couplings,
    parameters=parameters,
    final_state=thick_final_state,
    particles=particles,
    threshold=threshold,
    depth=depth,
)
