"""Named quantities of a photon, in the laboratory or the centre of mass: what cards cut on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.constants import physical_constants

from alphoton.data.card import Block
from alphoton.data.card_paths import KeyPath
from alphoton.data.quantities import parse

Array = NDArray[np.float64]
Frame = Literal["lab", "cm"]

PHOTON_DIMENSIONS = {
    "energy": "energy",
    "pt": "energy",
    "theta": "angle",
    "phi": "angle",
    "cos_theta": "fraction",
    "x": "length",
    "y": "length",
    "radius": "length",
}
"""Quantities of a photon with the dimension that the limits of a cut on them carry."""
ELECTRON_MASS = physical_constants["electron mass energy equivalent in MeV"][0] * 1e-3
AT_THE_PLANE = ("x", "y", "radius")


@dataclass(frozen=True)
class Beam:
    """sqrt(s), total energy and momentum along z of the beams, GeV: for each of some events or photons, or one for all."""

    sqrt_s: Array
    energy: Array
    momentum_z: Array

    @classmethod
    def of_events(cls, beams: Sequence[Mapping[str, Any]], run: NDArray[np.int32]) -> Beam:
        """The beams of each event, or those of all: `beams` as in a file's meta, `run` as in its events."""
        table = np.array([[beam[key] for beam in beams] for key in ("sqrt_s", "energy", "momentum_z")])
        return cls(*(table if len(beams) == 1 else table.take(run, axis=1)))

    def take(self, index: NDArray[Any]) -> Beam:
        """The beams of the events at these places."""
        if len(self.sqrt_s) == 1:  # one for all
            return self
        return Beam(self.sqrt_s[index], self.energy[index], self.momentum_z[index])

    def on_electrons(self) -> Beam:
        """The same momenta of electrons or positrons, on electrons at rest."""
        energy = np.hypot(self.momentum_z, ELECTRON_MASS)
        return Beam(np.sqrt(2 * ELECTRON_MASS * (energy + ELECTRON_MASS)), energy + ELECTRON_MASS, self.momentum_z)

    def missing_mass_squared(self, energy: Array, theta: Array) -> Array:
        """(P_beams - p_photon)^2 = s - 2 E [(E_b - P_b) + 2 P_b sin^2(theta / 2)], without the cancellation of 1 - cos."""
        slow = self.energy - self.momentum_z
        return self.sqrt_s**2 - 2 * energy * (slow + 2 * self.momentum_z * np.sin(theta / 2) ** 2)


def theta_cm(theta: Array, beam: Beam) -> Array:
    """Polar angle in the centre of mass: tan(theta*/2) = exp(y) tan(theta/2), y the rapidity of the centre of mass."""
    boost = (beam.energy + beam.momentum_z) / beam.sqrt_s
    return 2 * np.arctan2(boost * np.sin(theta / 2), np.cos(theta / 2))


def energy_cm(energy: Array, theta: Array, beam: Beam) -> Array:
    """Energy of a photon in the centre of mass: p_photon . P_beams / sqrt(s)."""
    slow = beam.energy - beam.momentum_z
    return energy * (slow + 2 * beam.momentum_z * np.sin(theta / 2) ** 2) / beam.sqrt_s


def photon_quantity(name: str, frame: Frame, photon: Mapping[str, Array], beam: Beam) -> Array:
    """A quantity of `PHOTON_DIMENSIONS` from columns energy, theta, phi, x, y in the laboratory, and the photons' beams."""
    if name in ("x", "y"):
        return photon[name]
    if name == "radius":
        return np.hypot(photon["x"], photon["y"])
    if name == "phi":
        return photon["phi"]
    if name == "pt":
        return photon["energy"] * np.sin(photon["theta"])
    if name == "energy":
        return energy_cm(photon["energy"], photon["theta"], beam) if frame == "cm" else photon["energy"]
    theta = theta_cm(photon["theta"], beam) if frame == "cm" else photon["theta"]
    return np.cos(theta) if name == "cos_theta" else theta


class Range(Block):
    """The keys of a cut: a frame, and limits that carry the unit of the quantity."""

    frame: Frame = "lab"
    in_units_of: Literal["beam_energy"] | None = None
    min: str | float | None = None
    max: str | float | None = None

    def range_problems(self, dimension: str) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with the limits of a quantity of this dimension."""
        if self.in_units_of is not None and dimension != "energy":
            yield ("in_units_of",), "goes with an energy only"
            return
        if self.min is None and self.max is None:
            yield (), "cuts nothing: give 'min', 'max' or both"
        bounds = {}
        for key in ("min", "max"):
            try:
                bounds[key] = self._bound(key, dimension)
            except ValueError as error:
                yield (key,), str(error)
        if None not in bounds.values() and len(bounds) == 2 and bounds["min"] >= bounds["max"]:  # type: ignore[operator]
            yield ("min",), f"the range is inverted or empty: min {self.min} is not below max {self.max}"

    def bounds(self, dimension: str) -> tuple[float, float]:
        """The limits in alphoton's units, infinite where there is none."""
        low, high = self._bound("min", dimension), self._bound("max", dimension)
        return (-np.inf if low is None else low, np.inf if high is None else high)

    def _bound(self, key: str, dimension: str) -> float | None:
        value = getattr(self, key)
        return None if value is None else parse(value, "fraction" if self.in_units_of else dimension)

    def accepts(self, values: Array, beam: Beam, dimension: str) -> NDArray[np.bool_]:
        """Whether values lie within the limits; NaN never does."""
        low, high = self.bounds(dimension)
        scale = beam.sqrt_s / 2 if self.in_units_of == "beam_energy" else 1.0
        return (values >= low * scale) & (values <= high * scale)
