"""Materials: elements with their mass fractions, density and radiation length."""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import lru_cache

from alphoton.data.card_paths import package_data
from alphoton.generators.constants import AVOGADRO


@dataclass(frozen=True)
class Element:
    """Atomic number and mass (g/mol)."""

    atomic_number: float
    atomic_mass: float


@dataclass(frozen=True)
class Material:
    """Elements with mass fractions that add to 1, density in g/cm^3, radiation length in g/cm^2."""

    name: str
    elements: tuple[Element, ...]
    mass_fractions: tuple[float, ...]
    density: float
    radiation_length: float

    @property
    def mean_atomic_mass(self) -> float:
        """Mass of a mole of atoms, g/mol: 1 / sum(w / A)."""
        return 1 / sum(w / e.atomic_mass for w, e in zip(self.mass_fractions, self.elements, strict=True))

    @property
    def number_fractions(self) -> tuple[float, ...]:
        """The share of each element among the atoms."""
        mean = self.mean_atomic_mass
        return tuple(mean * w / e.atomic_mass for w, e in zip(self.mass_fractions, self.elements, strict=True))

    @property
    def atoms_per_radiation_length(self) -> float:
        """Atoms per cm^2 in one radiation length: N_A X0 / A, with X0 in g/cm^2."""
        return AVOGADRO * self.radiation_length / self.mean_atomic_mass

    @property
    def radiation_length_cm(self) -> float:
        return self.radiation_length / self.density


def _table() -> dict[str, dict[str, str]]:
    return _parsed((package_data() / "materials.csv").read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, dict[str, str]]:
    """The rows of the table by material, from its text."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {row["material"]: row for row in csv.DictReader(lines)}


def names() -> list[str]:
    """The packaged materials."""
    return [*_table(), "water"]


def material(name: str) -> Material:
    """A packaged material by its name. Raises `ValueError` for one that is not there."""
    if name == "water":  # H2O, 1 g/cm^3; Bragg's rule gives the 36.08 g/cm^2 of the Particle Data Group
        return mixture("water", {"hydrogen": 2 * 1.00794, "oxygen": 15.9994}, density=1.0)
    row = _table().get(name)
    if row is None:
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ValueError(f"unknown material '{name}'{hint} (known: {', '.join(names())})")
    element = Element(float(row["atomic_number"]), float(row["atomic_mass_g_per_mol"]))
    density, length = float(row["density_g_per_cm3"]), float(row["radiation_length_g_per_cm2"])
    return Material(name, (element,), (1.0,), density, length)


def mixture(name: str, masses: dict[str, float], density: float) -> Material:
    """A mixture of packaged materials by mass: 1/X0 = sum(w / X0_i) in g/cm^2 (Bragg's rule)."""
    total = sum(masses.values())
    elements: list[Element] = []
    fractions: list[float] = []
    inverse = 0.0
    for part, mass in masses.items():
        known = material(part)
        inverse += mass / total / known.radiation_length
        elements += known.elements
        fractions += [mass / total * w for w in known.mass_fractions]
    return Material(name, tuple(elements), tuple(fractions), density, 1 / inverse)
