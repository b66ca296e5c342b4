"""e+ e- -> gamma gamma, exact in m_e: the annihilation that every positron beam sees first.

The two photons are identical: a state is counted at c and at -c, and the density carries the factor 1/2 that is due to it.
The total is the one of Dirac (Proc. Camb. Phil. Soc. 26 (1930) 361) and Heitler.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.processes import photon_recoil
from alphoton.generators.processes.base import Component, Particle, Process
from alphoton.generators.processes.photon_recoil import BETA, S, collinear

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

M2 = ELECTRON_MASS**2


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx in pb, half of dsigma/dc = (2 pi alpha^2/(s beta)) [(1+beta^2 c^2+2(1-beta^2))/D - 2(1-beta^2)^2/D^2].

    With 1 - beta^2 = 4 m^2/s the bracket is {2 - D + 8 m^2/s [1 - 4 m^2/(s D)]} / D: terms that are never negative.
    """
    D, shape, jacobian = collinear(x[0], p)
    bracket = 2 - D + 8 * M2 / p[S] * shape
    return GEV2_PB * math.pi * ALPHA * ALPHA / (p[S] * p[BETA]) * bracket * jacobian


def couplings(card: ProcessCard) -> Array:
    """Nothing to scale with: 1."""
    return np.ones(1)


def parameters(card: ProcessCard, collision: Collision) -> Array:
    return photon_recoil.parameters(couplings(card), 0.0, collision)


PROCESS = Process(
    name="two_photon",
    reaction="E+ E- --> GAMMA GAMMA",
    dimension=1,
    components=(Component("two_photon", {}, density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=photon_recoil.final_state,
    particles=lambda *_: (Particle(PHOTON_ID, 0.0), Particle(PHOTON_ID, 0.0)),
    threshold=lambda *_: 2 * ELECTRON_MASS,
)
