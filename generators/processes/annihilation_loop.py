"""e+ e- -> gamma a as in `annihilation`, with the loops of leptons at the virtuality of the photon between, q^2 = s.

The loop adds beta g_ae to g_ag in the amplitude, beta = (alpha/pi) B1(m_a^2, s), complex above 4 m^2. In products of the
card's own couplings, with the cross-sections of `annihilation` at unit couplings:

    g_ag^2      photon
    g_ae^2      electron + |beta|^2 photon + Re(beta) interference
    g_ag g_ae   interference + 2 Re(beta) photon

A muon's loop goes with g_ae, in the ratio g_amu / g_ae of the card. Other diagrams of this order are the electron channel's
own corrections, of relative order alpha and with its factor m_e^2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.loop_vertex import loops
from alphoton.generators.processes import annihilation
from alphoton.generators.processes.annihilation import MIXED, _electron, _photon
from alphoton.generators.processes.base import Component
from alphoton.generators.processes.photon_recoil import collinear

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

SQUARED, REAL = MIXED + 1, MIXED + 2
"""Places in the parameters, behind those of `annihilation`: |beta|^2 and Re(beta)."""


@kernel("UniTuple(float64, 3)(float64, float64, float64[::1])")
def _terms(D: float, shape: float, p: Array) -> tuple[float, float, float]:
    """D dsigma/dc of each product of couplings."""
    photon = _photon(D, p)
    electron = _electron(shape, p) + p[SQUARED] * photon + p[REAL] * p[MIXED]
    return photon, electron, p[MIXED] + 2 * p[REAL] * photon


@kernel(DENSITY)
def electron_density(x: Array, p: Array) -> float:
    """dsigma/dx of a lepton coupling alone, at 1 /GeV in pb."""
    D, shape, jacobian = collinear(x[0], p)
    return _terms(D, shape, p)[1] * jacobian


@kernel(DENSITY)
def interference_density(x: Array, p: Array) -> float:
    """What both couplings together add to dsigma/dx, at 1 /GeV each in pb."""
    D, shape, jacobian = collinear(x[0], p)
    return _terms(D, shape, p)[2] * jacobian


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's couplings."""
    D, shape, jacobian = collinear(x[0], p)
    photon, electron, mixed = _terms(D, shape, p)
    return (p[0] * photon + p[1] * electron + p[2] * mixed) * jacobian


@kernel(void(float64[:, ::1], float64[::1], float64[:, ::1]))
def _fill_unit_densities(x: Array, p: Array, out: Array) -> None:
    for i in range(len(x)):
        D, shape, jacobian = collinear(x[i, 0], p)
        out[0, i], out[1, i], out[2, i] = _terms(D, shape, p)
        for k in range(3):
            out[k, i] *= jacobian


def unit_densities(x: Array, p: Array) -> Array:
    """(3, n): the densities of the three components at the points x (n, 1)."""
    out = np.empty((3, len(x)))
    _fill_unit_densities(x, p, out)
    return out


def couplings(card: ProcessCard) -> Array:
    """(g_ag^2, g_ae^2, g_ag g_ae) in 1/GeV^2, the couplings of the card without loops."""
    g_ag, g_ae = card.model.g_agamma, card.model.g_ae
    return np.array([g_ag**2, g_ae**2, g_ag * g_ae])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    """Those of `annihilation`, and the loops at this s."""
    p = annihilation.parameters(card, collision)
    p[:3] = couplings(card)
    added = loops(card.mass, collision.sqrt_s**2, card.model.muon_ratio)
    return np.append(p, (abs(added) ** 2, added.real))


PROCESS = replace(
    annihilation.PROCESS,
    components=(
        annihilation.PROCESS.components[0],
        Component("electron", {"g_ae": 2}, electron_density),
        Component("interference", {"g_agamma": 1, "g_ae": 1}, interference_density, own_sample=False),
    ),
    density=density,
    unit_densities=unit_densities,
    couplings=couplings,
    parameters=parameters,
)
