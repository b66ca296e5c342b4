"""Beams, and the two-body final state, exact in every corner where 1 - |cos theta| and E - |p| are small."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from numba import float64, void

from alphoton.generators.constants import ATOMIC_MASS_UNIT, ELECTRON_MASS
from alphoton.generators.jit import Array, kernel
from alphoton.generators.matter.materials import Element


@dataclass(frozen=True)
class Collision:
    """One setting of the beams. +z follows the electron at colliders and the positron on a target.

    `energy` and `momentum_z` are the total ones in the laboratory; GeV. `luminosity` in 1/pb, None where not given.
    On nuclei there is one collision for each element of the target, and `share` is its part of the atoms.
    """

    sqrt_s: float
    energy: float
    momentum_z: float
    luminosity: float | None = None
    share: float = 1.0
    atomic_number: float = 0.0
    atomic_mass: float = 0.0

    @property
    def rapidity(self) -> float:
        """Rapidity of the centre of mass in the laboratory."""
        return math.asinh(self.momentum_z / self.sqrt_s)

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def collider(sqrt_s: float, beta_gamma: float = 0.0, luminosity: float | None = None) -> Collision:
    """Electron and positron head on, the centre of mass boosted by `beta_gamma` along the electron."""
    return Collision(sqrt_s, sqrt_s * math.hypot(1.0, beta_gamma), sqrt_s * beta_gamma, luminosity)


def head_on(electron_energy: float, positron_energy: float, luminosity: float | None = None) -> Collision:
    """Electron along +z against positron along -z, total energies in GeV."""
    p_electron, p_positron = _momentum(electron_energy), _momentum(positron_energy)
    s = 2 * ELECTRON_MASS**2 + 2 * (electron_energy * positron_energy + p_electron * p_positron)
    return Collision(math.sqrt(s), electron_energy + positron_energy, p_electron - p_positron, luminosity)


def on_target(positron_energy: float) -> Collision:
    """A positron of total energy E on an electron at rest: s = 2 m_e E + 2 m_e^2 (physics sheet, section 2)."""
    sqrt_s = math.sqrt(2 * ELECTRON_MASS * positron_energy + 2 * ELECTRON_MASS**2)
    return Collision(sqrt_s, positron_energy + ELECTRON_MASS, _momentum(positron_energy))


def on_nucleus(energy: float, mass: float, element: Element, share: float = 1.0) -> Collision:
    """A particle of total energy E and mass m on a nucleus at rest: s = m^2 + M^2 + 2 M E."""
    M = element.atomic_mass * ATOMIC_MASS_UNIT
    sqrt_s = math.sqrt(mass**2 + M**2 + 2 * M * energy)
    momentum = math.sqrt((energy - mass) * (energy + mass))
    return Collision(sqrt_s, energy + M, momentum, None, share, element.atomic_number, element.atomic_mass)


def _momentum(energy: float) -> float:
    return math.sqrt((energy - ELECTRON_MASS) * (energy + ELECTRON_MASS))


@kernel(float64(float64, float64))
def photon_momentum(sqrt_s: float, mass: float) -> float:
    """k = (s - M^2) / (2 sqrt s) of the photon in the centre of mass, as a product: right up to threshold."""
    return (sqrt_s - mass) * (sqrt_s + mass) / (2 * sqrt_s)


@kernel(void(float64, float64, float64, float64, float64, float64, float64[:, ::1]))
def photon_and_recoil(
    sqrt_s: float, mass: float, boost: float, sign: float, one_minus_abs_c: float, phi: float, out: Array
) -> None:
    """Fill `out` with (px, py, pz, E) in the laboratory of the photon and of the recoil of mass M.

    `sign` and `one_minus_abs_c` give cos theta* of the photon without the rounding that loses collinear photons.
    Light-cone momenta E +- p_z are products or sums of positive terms and are boosted by `boost` = exp(rapidity) and its
    inverse, so that each keeps its digits, and with it the mass and the balance.
    """
    k = photon_momentum(sqrt_s, mass)
    near, far = one_minus_abs_c, 2 - one_minus_abs_c
    transverse = k * math.sqrt(near * far)
    photon_small, photon_large = k * near, k * far
    excess = mass * mass / sqrt_s  # E_X - k in the centre of mass
    recoil_small, recoil_large = excess + k * near, excess + k * far
    up, down = boost, 1 / boost
    if sign > 0:
        photon_plus, photon_minus = photon_large * up, photon_small * down
        recoil_plus, recoil_minus = recoil_small * up, recoil_large * down
    else:
        photon_plus, photon_minus = photon_small * up, photon_large * down
        recoil_plus, recoil_minus = recoil_large * up, recoil_small * down
    out[0, 0] = transverse * math.cos(phi)
    out[0, 1] = transverse * math.sin(phi)
    out[0, 2] = 0.5 * (photon_plus - photon_minus)
    out[0, 3] = 0.5 * (photon_plus + photon_minus)
    out[1, 0] = -out[0, 0]
    out[1, 1] = -out[0, 1]
    out[1, 2] = 0.5 * (recoil_plus - recoil_minus)
    out[1, 3] = 0.5 * (recoil_plus + recoil_minus)
