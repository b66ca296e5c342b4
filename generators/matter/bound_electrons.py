"""Electrons bound in an atom: how their momentum along a beam is distributed, by tabulated Compton profiles.

A Compton profile J(p_z) is the chance of an electron per unit of p_z. Between the table's momenta ln J is a cubic in
asinh(2 p_z), p_z in atomic units, that keeps its shape, and each is scaled to hold one electron: by 2.4% at most, but by 10%
for the innermost shell of lead, of which 9% is beyond the table's end at 0.73 m_e. Atoms are free: the outer electrons of a
crystal differ.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from alphoton.data.card_paths import package_data
from alphoton.generators.constants import ALPHA, ELECTRON_MASS
from alphoton.generators.jit import Array
from alphoton.generators.matter.materials import material

PARTS = 8
"""Segments between two momenta of the table."""
ATOMIC_UNIT = ALPHA * ELECTRON_MASS
"""Of momentum, in GeV."""
FIRST = 4
"""Column of the first number of a profile."""


@dataclass(frozen=True)
class Shell:
    """Electrons of a shell: how many, their binding energy in GeV, and J of one at the table's momenta, in atomic units."""

    electrons: float
    binding: float
    momenta: Array
    profile: Array


@dataclass(frozen=True)
class Segments:
    """An atom's electrons in n segments of momentum, even in each.

    `share` (n + 1) is the part of all electrons up to a segment's end, |p_z| goes from `first` to `last` (n) in GeV, and
    `binding` (n) is the binding energy in GeV. Every second shell has its momenta in falling order: then |p_z| goes through
    all shells without a jump. Either sign of p_z is as likely.
    """

    atomic_number: int
    share: Array
    first: Array
    last: Array
    binding: Array


def _text() -> str:
    """The table of Compton profiles."""
    return (package_data() / "compton_profiles.csv").read_text(encoding="utf-8")


def atoms() -> dict[int, tuple[Shell, ...]]:
    """The shells of the atoms with a profile, by atomic number."""
    return _parsed(_text())


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[int, tuple[Shell, ...]]:
    """The same from the text of the table."""
    header, *rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    momenta = np.array(header[FIRST:], dtype=np.float64)
    found: dict[int, tuple[Shell, ...]] = {}
    for number, _, electrons, binding, *profile in rows:
        shell = Shell(float(electrons), 1e-9 * float(binding), momenta, np.array(profile, dtype=np.float64))
        found[int(number)] = (*found.get(int(number), ()), shell)
    return found


def bound_in(name: str) -> Segments:
    """The electrons of the atoms of a material, an element. Raises ValueError where it is none, or has no profile."""
    elements = material(name).elements
    number, text = round(elements[0].atomic_number), _text()
    if len(elements) > 1 or number not in _parsed(text):
        known = ", ".join(str(each) for each in _parsed(text))
        raise ValueError(f"no Compton profile of '{name}': it has to be an element (Z = {known})")
    return _of_atom(number, text)


@lru_cache(maxsize=8)
def _of_atom(number: int, text: str) -> Segments:
    """The electrons of an atom, from the text of the table."""
    shells = _parsed(text)[number]
    pieces = [_segments(shell, falling=place % 2 == 1) for place, shell in enumerate(shells)]
    counts, first, last, binding = (np.concatenate(each) for each in zip(*pieces, strict=True))
    share = np.concatenate([[0.0], np.cumsum(counts)])
    return Segments(number, share / share[-1], first, last, binding)


def _segments(shell: Shell, *, falling: bool) -> tuple[Array, Array, Array, Array]:
    """Electrons in each segment of a shell, where its momenta begin and end, and the binding energy."""
    from scipy.interpolate import PchipInterpolator  # takes time to import, and few cards need it

    at = np.arcsinh(2 * shell.momenta)
    edges = np.interp(np.arange(PARTS * (len(at) - 1) + 1) / PARTS, np.arange(len(at)), at)
    bounds = np.sinh(edges) / 2
    counts = np.exp(PchipInterpolator(at, np.log(shell.profile))((edges[1:] + edges[:-1]) / 2)) * np.diff(bounds)
    counts *= shell.electrons / counts.sum()
    binding = np.full(len(counts), shell.binding)
    if falling:
        counts, bounds = counts[::-1], bounds[::-1]
    return counts, bounds[:-1] * ATOMIC_UNIT, bounds[1:] * ATOMIC_UNIT, binding
