"""e+ e- -> gamma V with a dark photon V of kinetic mixing epsilon, exact in m_e: what the published searches quote."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.processes import photon_recoil
from alphoton.generators.processes.base import Component, Particle, Process
from alphoton.generators.processes.photon_recoil import BETA, MASS, SQRT_S, S, collinear

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

M2 = ELECTRON_MASS**2


@kernel(DENSITY)
def unit_density(x: Array, p: Array) -> float:
    """dsigma/dc at eps = 1 in pb, with w = M^2 + 2 m^2:

    pi alpha^2 eps^2 (s-M^2)/(beta s^2) [-2 + 4/D + 8 w s/((s-M^2)^2 D) - 32 m^2 w/((s-M^2)^2 D^2)]. The bracket is
    {2 (1 + beta^2 c^2) + 8 w s (1 - 4 m^2/(s D)) / (s-M^2)^2} / D, beta^2 c^2 = 1 - D: terms that are never negative.
    """
    s = p[S]
    gap = (p[SQRT_S] - p[MASS]) * (p[SQRT_S] + p[MASS])
    w = p[MASS] * p[MASS] + 2 * M2
    D, shape, jacobian = collinear(x[0], p)
    bracket = 2 * (2 - D) + 8 * w * s * shape / (gap * gap)
    return GEV2_PB * math.pi * ALPHA * ALPHA * gap / (p[BETA] * s * s) * bracket * jacobian


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's mixing."""
    return p[0] * unit_density(x, p)


def couplings(card: ProcessCard) -> Array:
    """(epsilon^2,)"""
    return np.array([card.model.epsilon**2])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    return photon_recoil.parameters(couplings(card), card.mass, collision)


PROCESS = Process(
    name="dark_photon",
    reaction="E+ E- --> GAMMA DARKPHOTON",
    dimension=1,
    components=(Component("dark_photon", {"epsilon": 2}, unit_density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=photon_recoil.final_state,
    particles=lambda card, _: (Particle(PHOTON_ID, 0.0), Particle(card.ids.dark_photon, card.mass)),
    threshold=lambda card, _: card.mass,
)
