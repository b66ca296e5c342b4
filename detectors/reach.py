"""Where particles are made that decay in flight, and what a detector has of them. GeV and mm."""

from __future__ import annotations

from functools import reduce
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


def out_of_reach(card: DetectorCard, particles: Jagged) -> Mask | None:
    """Which particles (entries) are made where nothing is measured: in the shielding, or beyond the plane or the sphere.

    None where there are none. Without vertices all are made at the origin.
    """
    shielding = card.geometry.shielding
    if "vz" not in particles.fields:
        return None if shielding is None else np.ones(len(particles["pdgId"]), dtype=bool)
    found: list[Mask] = []
    if shielding is not None:
        found.append(particles["vz"] < shielding)
    if card.depth is not None:
        found.append(particles["vz"] > card.depth)
    if card.sphere is not None:
        found.append(_distance(*(particles[name] for name in VERTEX)) > card.sphere)
    found = [mask for mask in found if mask.any()]
    return reduce(np.logical_or, found) if found else None


def escaping(card: DetectorCard, particles: Jagged) -> Mask:
    """Which particles (entries) leave no energy in a calorimeter that is the target: invisible, or made beyond its end."""
    escapes: Mask = np.isin(particles["pdgId"], card.unseen)
    if "vz" not in particles.fields:
        return escapes
    if card.geometry.calorimeter_length is not None:
        return escapes | (particles["vz"] > card.geometry.calorimeter_length)
    lost = out_of_reach(card, particles)
    if lost is None:
        return escapes
    absorbed = particles["vz"] < (card.geometry.shielding or -np.inf)
    return escapes | (lost & ~absorbed)


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
    moved = (vertex[0] != 0) | (vertex[1] != 0) | (vertex[2] != 0)
    if (card.plane is None and card.sphere is None) or not moved.any():
        return theta, phi
    place = np.stack([column[moved] for column in vertex])
    sin = np.sin(theta[moved])
    direction = np.stack([sin * np.cos(phi[moved]), sin * np.sin(phi[moved]), np.cos(theta[moved])])
    path = np.full(place.shape[1], np.nan)
    if card.plane is not None:
        path = _to_plane(place, direction, card.plane)
    if card.sphere is not None:
        path = np.where(np.isfinite(path), path, _to_sphere(place, direction, card.sphere))
    x, y, z = place + path * direction
    theta, phi = theta.copy(), phi.copy()
    theta[moved] = np.where(np.isfinite(path), np.arctan2(np.hypot(x, y), z), theta[moved])
    phi[moved] = np.where(np.isfinite(path), np.arctan2(y, x), phi[moved])
    return theta, phi


def _to_plane(place: Array, direction: Array, distance: float) -> Array:
    """The path from places (3, n) along directions (3, n) to the plane z = distance; NaN where it is not met."""
    meets = (direction[2] > 0) & (place[2] < distance)
    return np.where(meets, distance - place[2], np.nan) / np.where(meets, direction[2], 1.0)


def _to_sphere(place: Array, direction: Array, radius: float) -> Array:
    """The path from places (3, n) inside along directions (3, n) to the sphere; NaN outside."""
    along = (place * direction).sum(axis=0)
    left = radius**2 - (place**2).sum(axis=0)
    return np.where(left >= 0, np.sqrt(np.maximum(left, 0.0) + along**2) - along, np.nan)


def _distance(x: Array, y: Array, z: Array) -> Array:
    return np.sqrt(x**2 + y**2 + z**2)
