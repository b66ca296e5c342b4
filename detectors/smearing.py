"""What a calorimeter does to a photon: one pure function an effect. GeV, mm, rad; arrays over photons."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class RandomNumbers(Protocol):
    """Where random numbers come from: numpy's generator, or anything that gives as many."""

    def standard_normal(self, size: int, /) -> Array: ...

    def random(self, size: int, /) -> Array: ...


def relative_resolution(energy: Array, stochastic: float, noise: float, constant: float) -> Array:
    """sigma_E / E = stochastic / sqrt(E) (+) noise / E (+) constant, added in quadrature; E in GeV."""
    return np.sqrt(stochastic**2 / energy + (noise / energy) ** 2 + constant**2)


def smear_energy(energy_true: Array, sigma: Array, rng: RandomNumbers) -> Array:
    """Gaussian smearing with the absolute resolution sigma; the result may be negative, the caller drops such photons."""
    return energy_true + sigma * rng.standard_normal(len(energy_true))


def smear_energy_widely(energy_true: Array, half_width: Array, rng: RandomNumbers) -> Array:
    """Smearing with a Lorentzian (Cauchy) of this half width at half maximum, whose tails fall like 1/E^2; see above."""
    return energy_true + half_width * np.tan(np.pi * (rng.random(len(energy_true)) - 0.5))


def to_plane(theta: Array, phi: Array, distance: float) -> tuple[Array, Array]:
    """Where a photon from the origin crosses the plane z = distance; NaN for one that flies away from it."""
    with np.errstate(invalid="ignore"):
        radius = np.where(theta < np.pi / 2, distance * np.tan(theta), np.nan)
    return radius * np.cos(phi), radius * np.sin(phi)


def from_plane(x: Array, y: Array, distance: float) -> tuple[Array, Array]:
    """The angles of a photon from the origin seen at (x, y) in the plane z = distance."""
    return np.arctan2(np.hypot(x, y), distance), np.arctan2(y, x)


def smear_at_plane(theta: Array, phi: Array, distance: float, sigma: Array, rng: RandomNumbers) -> tuple[Array, Array]:
    """Angles after smearing both coordinates in the plane z = distance by sigma; NaN where the plane is not hit."""
    x, y = to_plane(theta, phi, distance)
    x, y = x + sigma * rng.standard_normal(len(x)), y + sigma * rng.standard_normal(len(y))
    return from_plane(x, y, distance)


def smear_angles(theta: Array, phi: Array, sigma_theta: Array, sigma_phi: Array, rng: RandomNumbers) -> tuple[Array, Array]:
    """Gaussian smearing of both angles, reflected at the poles."""
    theta = theta + sigma_theta * rng.standard_normal(len(theta))
    phi = phi + sigma_phi * rng.standard_normal(len(phi))
    folded = np.abs(_in_one_turn(theta + np.pi) - np.pi)
    beyond = np.abs(theta - folded) > 1e-9  # went through a pole: comes out on the other side
    return folded, wrap(np.where(beyond, phi + np.pi, phi))


def smear_direction(theta: Array, phi: Array, sigma: Array, rng: RandomNumbers) -> tuple[Array, Array]:
    """Both directions transverse to the flight smeared by the angle sigma (small), without a special pole.

    The unit vector n moves by sigma (g1 e_theta + g2 e_phi) in its tangent plane.
    """
    first, second = sigma * rng.standard_normal(len(theta)), sigma * rng.standard_normal(len(theta))
    sin, cos = np.sin(theta), np.cos(theta)
    along = sin + first * cos  # component away from the axis, in the plane of the photon
    transverse = np.hypot(along, second)
    return np.arctan2(transverse, cos - first * sin), wrap(phi + np.arctan2(second, along))


def wrap(phi: Array) -> Array:
    """An azimuth in (-pi, pi]."""
    return np.pi - _in_one_turn(np.pi - phi)


def _in_one_turn(angle: Array) -> Array:
    """The angle modulo 2 pi, changed in place: most are in [0, 2 pi) already, and a remainder takes long."""
    inside = (angle >= 0) & (angle < 2 * np.pi)
    return np.remainder(angle, 2 * np.pi, out=angle, where=~inside)
