"""gamma Z -> a Z as in `primakoff`, with the loops of leptons at the virtuality of the nucleus's photon, q^2 = -t.

The coupling is g_ag + g_ae beta(t), beta = (alpha/pi) B1(m_a^2, -t): the cross-section has the components

    g_ag^2      primakoff
    g_ae^2      |beta|^2 primakoff
    g_ag g_ae   2 Re(beta) primakoff

inside the integral over t. A muon's loop goes with g_ae, in the ratio g_amu / g_ae of the card.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.loop_vertex import loops
from alphoton.generators.processes import nuclear, primakoff
from alphoton.generators.processes.base import Component
from alphoton.generators.processes.nuclear import ENERGY, LENGTH, MASS
from alphoton.generators.processes.primakoff import _point, _shower_point

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

PHOTON, ELECTRON, MUON_RATIO = LENGTH + 1, LENGTH + 2, LENGTH + 3
"""Places in the parameters, behind those of every nucleus: g_ag, g_ae and g_amu / g_ae."""


@kernel(void(float64[::1], float64[::1], float64[::1]))
def _at(x: Array, p: Array, out: Array) -> None:
    """Fill out = (dsigma/dx at g_ag = 1 /GeV, t): of the photon beam for one x, of the shower for three."""
    point, shower = np.empty(3), np.ones(3)
    shower[0] = p[ENERGY]
    if len(x) > 1:
        _shower_point(x, p, shower)
    _point(x[-1], shower[0], p, point)
    out[0], out[1] = point[0], point[1]
    if len(x) > 1:
        out[0] *= shower[2]


@kernel(DENSITY)
def photon_density(x: Array, p: Array) -> float:
    """dsigma/dx at g_ag = 1 /GeV."""
    out = np.zeros(2)
    _at(x, p, out)
    return out[0]


@kernel(DENSITY)
def electron_density(x: Array, p: Array) -> float:
    """dsigma/dx at g_ae = 1 /GeV."""
    out = np.zeros(2)
    _at(x, p, out)
    if out[0] == 0:
        return 0.0
    added = loops(p[MASS], -out[1], p[MUON_RATIO])
    return out[0] * (added.real**2 + added.imag**2)


@kernel(DENSITY)
def interference_density(x: Array, p: Array) -> float:
    """What both couplings together add to dsigma/dx, at 1 /GeV each."""
    out = np.zeros(2)
    _at(x, p, out)
    return 2 * out[0] * loops(p[MASS], -out[1], p[MUON_RATIO]).real if out[0] > 0 else 0.0


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's couplings."""
    out = np.zeros(2)
    _at(x, p, out)
    if out[0] == 0:
        return 0.0
    coupling = p[PHOTON] + p[ELECTRON] * loops(p[MASS], -out[1], p[MUON_RATIO])
    return out[0] * (coupling.real**2 + coupling.imag**2)


@kernel(void(float64[:, ::1], float64[::1], float64[:, ::1]))
def _fill_unit_densities(x: Array, p: Array, out: Array) -> None:
    at = np.zeros(2)
    for i in range(len(x)):
        _at(x[i], p, at)
        added = loops(p[MASS], -at[1], p[MUON_RATIO]) if at[0] > 0 else 0j
        out[0, i] = at[0]
        out[1, i] = at[0] * (added.real**2 + added.imag**2)
        out[2, i] = 2 * at[0] * added.real


def unit_densities(x: Array, p: Array) -> Array:
    """(3, n): the densities of the three components at the points x (n, dimension)."""
    out = np.empty((3, len(x)))
    _fill_unit_densities(x, p, out)
    return out


def couplings(card: ProcessCard) -> Array:
    """(g_ag^2, g_ae^2, g_ag g_ae) in 1/GeV^2, the couplings of the card without loops."""
    g_ag, g_ae = card.model.g_agamma, card.model.g_ae
    return np.array([g_ag**2, g_ae**2, g_ag * g_ae])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    """Those of every nucleus, and the couplings."""
    model = card.model
    common = nuclear.parameters(model.g_agamma**2, card, collision)
    return np.append(common, (model.g_agamma, model.g_ae, model.muon_ratio))


COMPONENTS = (
    Component("photon", {"g_agamma": 2}, photon_density),
    Component("electron", {"g_ae": 2}, electron_density),
    Component("interference", {"g_agamma": 1, "g_ae": 1}, interference_density, own_sample=False),
)
PROCESS, THICK = (
    replace(
        tree,
        components=COMPONENTS,
        density=density,
        unit_densities=unit_densities,
        couplings=couplings,
        parameters=parameters,
    )
    for tree in (primakoff.PROCESS, primakoff.THICK)
)
