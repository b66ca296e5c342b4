"""Where particles are made that decay in flight, and what a detector has of them. GeV and mm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.errors import InputError
from alphoton.data.event_file import Jagged
from alphoton.detectors.detector_card import DetectorCard

FINAL, DECAYED = 1, 2
VERTEX = ("vx", "vy", "vz")
LEAST_FLIGHT = 1.0
"""mm; what flies less before it decays is inside of any detector."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def out_of_reach(card: DetectorCard, particles: Jagged) -> Mask:
    """Which particles (entries) are made where nothing is measured: in the shielding, or beyond the plane or the sphere.

    Without vertices all are made at the origin.
    """
    shielding = card.geometry.shielding
    if "vz" not in particles.fields:
        return np.full(len(particles["pdgId"]), shielding is not None)
    result = np.zeros(len(particles["pdgId"]), dtype=bool)
    if shielding is not None:
        result |= particles["vz"] < shielding
    if card.depth is not None:
        result |= particles["vz"] > card.depth
    if card.sphere is not None:
        result |= _distance(*(particles[name] for name in VERTEX)) > card.sphere
    return result


def escaping(card: DetectorCard, particles: Jagged) -> Mask:
    """Which particles (entries) leave no energy in a calorimeter that is the target: invisible, or made beyond its end."""
    escapes: Mask = np.isin(particles["pdgId"], card.unseen)
    if "vz" not in particles.fields:
        return escapes
    if card.geometry.calorimeter_length is not None:
        return escapes | (particles["vz"] > card.geometry.calorimeter_length)
    absorbed = particles["vz"] < (card.geometry.shielding or -np.inf)
    return escapes | (out_of_reach(card, particles) & ~absorbed)


def check_size(card: DetectorCard, particles: Jagged, meta: dict[str, Any]) -> None:
    """Raise `InputError` where decays in flight may lie in the detector or beyond it: the card must say how large it is."""
    if card.depth is not None or card.sphere is not None or "vz" not in particles.fields:
        return
    mother = particles["genPartIdxMother"]
    daughters = np.flatnonzero((mother >= 0) & (particles["status"] == FINAL) & ~np.isin(particles["pdgId"], card.unseen))
    parent = particles.offsets[particles.events[daughters]] + mother[daughters]
    daughters, parent = (rows[particles["status"][parent] == DECAYED] for rows in (daughters, parent))
    flight = _distance(*(particles[name][daughters] - particles[name][parent] for name in VERTEX))
    longest = float(flight.max(initial=0.0))
    if longest > LEAST_FLIGHT:
        process = meta["cards"]["process"]
        raise InputError(
            f"{card.origin}: geometry.radius: is missing: in the events of the process card '{process['name']}' (decay: "
            f"{process['decay']}) particles fly up to {longest / 1e3:.3g} m before they decay, and the detector card "
            f"'{card.name}' does not say where it ends; give it a 'radius', an 'ecal_distance' or a 'calorimeter_length'"
        )


def apparent(card: DetectorCard, theta: Array, phi: Array, vertex: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """The angles of photons from these vertices as a detector has them that takes them to come from the origin.

    It sees where a photon meets its plane or sphere. A card with neither has the true angles.
    """
    plane, radius = card.plane, card.sphere
    moved = (vertex[0] != 0) | (vertex[1] != 0) | (vertex[2] != 0)
    if (plane is None and radius is None) or not moved.any():
        return theta, phi
    x, y, z = (column[moved] for column in vertex)
    sin, n_z = np.sin(theta[moved]), np.cos(theta[moved])
    n_x, n_y = sin * np.cos(phi[moved]), sin * np.sin(phi[moved])
    if plane is not None:
        meets = (n_z > 0) & (z < plane)
        path = np.where(meets, plane - z, 0.0) / np.where(meets, n_z, 1.0)
    else:
        assert radius is not None
        along = x * n_x + y * n_y + z * n_z
        left = radius**2 - (x**2 + y**2 + z**2) + along**2
        meets = left >= 0
        path = np.sqrt(np.where(meets, left, 0.0)) - along
    x, y, z = x + path * n_x, y + path * n_y, z + path * n_z
    theta, phi = theta.copy(), phi.copy()
    theta[moved] = np.where(meets, np.arctan2(np.hypot(x, y), z), theta[moved])
    phi[moved] = np.where(meets, np.arctan2(y, x), phi[moved])
    return theta, phi


def _distance(x: Array, y: Array, z: Array) -> Array:
    return np.sqrt(x**2 + y**2 + z**2)
