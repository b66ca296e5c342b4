"""A process whose beams are real, from the one whose beams are not."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import PHOTON_ID
from alphoton.generators.jit import Array, Density, IntArray, kernel
from alphoton.generators.kinematics import Collision, photon_momentum
from alphoton.generators.processes.base import Particle, Process
from alphoton.generators.real_beams.spectrum import DIMENSIONS, HALF_BETA, LENGTH, meet, parameters

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

DIVERGENT = ("annihilation", "dark_photon")
"""Where beams that have only the mass of X left make the measured photon a soft one."""
PHOTONS = (Particle(PHOTON_ID, 0.0), Particle(PHOTON_ID, 0.0))
"""What the beams radiate: along +z from the electron, along -z from the positron."""


def with_real_beams(
    process: Process,
    densities: dict[str, Density],
    density: Density,
    final_state: Callable[[Array, Array, Array], Array],
    *,
    unit_densities: Callable[[Array, Array], Array] | None = None,
    pdg_ids: Callable[[Array, Array], IntArray] | None = None,
) -> Process:
    """The process with real beams: the functions given take the points and parameters of `spectrum` behind its own.

    `densities` are those of the components. What the functions give is of the hard process; the photons that the beams
    radiate, where they do, are put behind its particles here.
    """

    def threshold(card: ProcessCard, collision: Collision) -> float:
        return max(process.threshold(card, collision), least_sqrt_s(card, collision))

    def all_parameters(card: ProcessCard, collision: Collision) -> Array:
        return np.append(process.parameters(card, collision), parameters(card, collision, threshold(card, collision)))

    def all_momenta(x: Array, phi: Array, p: Array) -> Array:
        hard = final_state(x, phi, p)
        return np.concatenate([hard, radiated(x, p)], axis=1) if radiates(p) else hard

    def all_ids(x: Array, p: Array) -> IntArray:
        assert pdg_ids is not None
        hard = pdg_ids(x, p)
        return np.hstack([hard, np.full((len(x), 2), PHOTON_ID)]) if radiates(p) else hard

    def all_particles(card: ProcessCard, collision: Collision) -> tuple[Particle, ...]:
        hard = process.particles(card, collision)
        return hard if card.beams.initial_state_radiation == "none" else (*hard, *PHOTONS)

    return replace(
        process,
        dimension=process.dimension + DIMENSIONS,
        components=tuple(replace(component, density=densities[component.name]) for component in process.components),
        density=density,
        parameters=all_parameters,
        final_state=all_momenta,
        particles=all_particles,
        unit_densities=unit_densities,
        pdg_ids=None if pdg_ids is None else all_ids,
        threshold=threshold,
    )


def least_sqrt_s(card: ProcessCard, collision: Collision) -> float:
    """Where e+ e- -> gamma X begins with real beams: at s' = M^2 the measured photon would be soft, which diverges.

    The photon has in the centre of mass of the hard process at least the energy that the card says, or else half of what it
    has at the nominal beams. 0 for other processes, whose photons begin elsewhere.
    """
    if card.process not in DIVERGENT:
        return 0.0
    k = max(0.0, photon_momentum(collision.sqrt_s, card.mass)) / 2 if card.photon is None else card.photon.least_energy
    return k + math.hypot(k, card.mass)


def radiates(p: Array) -> bool:
    """Whether the parameters are those of beams that radiate."""
    return bool(p[len(p) - LENGTH + HALF_BETA] > 0)


@kernel(void(float64[:, ::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, p: Array, out: Array) -> None:
    for i in range(len(x)):
        _, _, _, forwards, backwards = meet(x[i], p)
        out[i, 0, 2], out[i, 0, 3] = forwards, forwards
        out[i, 1, 2], out[i, 1, 3] = -backwards, backwards


def radiated(x: Array, p: Array) -> Array:
    """Momenta (n, 2, 4) in the laboratory of the photons that the beams radiated at the points x (n, dimension)."""
    out = np.zeros((len(x), 2, 4))
    _fill(x, p, out)
    return out
