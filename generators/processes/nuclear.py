"""What production on a nucleus has in common: the parameters, and the particles of the event record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.constants import ATOMIC_MASS_UNIT
from alphoton.generators.jit import Array
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter.form_factors import scales
from alphoton.generators.processes.base import Particle

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

MASS, MASS_A, Z, A2, B2, SIZE, SQUARED, REGULATOR, ENERGY, CUT, THICKNESS, LENGTH = range(1, 13)
"""Places in the parameters, behind the coupling squared: m_a, mass of the nucleus, Z, three scales and two options of the
form factor, energy of the beam, smallest energy of the ALP (GeV), thickness in radiation lengths, radiation length in mm."""
NUCLEUS_ID = 1_000_000_000
"""Particle numbers of nuclei are 10LZZZAAAI."""


def parameters(coupling_squared: float, card: ProcessCard, collision: Collision) -> Array:
    """The array that the kernels take."""
    beams, form_factor = card.beams, card.form_factor
    return np.array(
        [
            coupling_squared,
            card.mass,
            nucleus_mass(collision),
            collision.atomic_number,
            *scales(collision.atomic_number, collision.atomic_mass),
            float(form_factor.inelastic == "squared"),
            form_factor.regulator,
            beams.beam_energy,
            card.energy_cut,
            beams.thickness,
            beams.radiation_length_mm,
        ]
    )


def nucleus_mass(collision: Collision) -> float:
    """Mass of the element's nucleus, GeV."""
    return collision.atomic_mass * ATOMIC_MASS_UNIT


def nucleus(collision: Collision) -> Particle:
    """The element's nucleus as it goes out, its mass number rounded in the particle number."""
    number = NUCLEUS_ID + 10_000 * round(collision.atomic_number) + 10 * round(collision.atomic_mass)
    return Particle(number, nucleus_mass(collision), mother=0)
