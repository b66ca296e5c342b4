"""Electrons bound in an atom: how their momentum along a beam is distributed, by tabulated Compton profiles.

A Compton profile J(p_z) is the number of electrons per unit of p_z. Between the table's momenta ln J is a cubic in
asinh(2 p_z), p_z in atomic units, that keeps its shape, and each group of shells is scaled to its number of electrons: by
less than 1%, but by 10% for the innermost shell of lead, of which 9% is beyond the table's end at 0.73 m_e.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from alphoton.generators.constants import ALPHA, ELECTRON_MASS
from alphoton.generators.jit import Array

PARTS = 8
"""Segments between two momenta of the table."""
ATOMIC_UNIT = ALPHA * ELECTRON_MASS
"""Of momentum, in GeV."""


@dataclass(frozen=True)
class Segments:
    """An atom's electrons in n segments of momentum, even in each.

    `share` (n + 1) is the part of all electrons up to a segment's end, `low` and `high` (n) bound |p_z| in GeV, and
    `binding` (n) is the binding energy in GeV. Either sign of p_z is as likely.
    """

    atomic_number: int
    share: Array
    low: Array
    high: Array
    binding: Array


@cache
def _table() -> dict[str, list[dict[str, str]]]:
    text = (files("alphoton.data") / "compton_profiles.csv").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        found.setdefault(row["element"], []).append(row)
    return found


def elements() -> list[str]:
    """The elements with a profile."""
    return list(_table())


@cache
def bound_in(element: str) -> Segments:
    """The electrons of an element's atom. Raises ValueError where it has no profile."""
    if element not in _table():
        near = difflib.get_close_matches(element, elements(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"no Compton profile of '{element}' (known: {', '.join(elements())}){hint}")
    rows = _table()[element]
    groups = [[row for row in rows if row["group"] == name] for name in dict.fromkeys(row["group"] for row in rows)]
    counts, low, high, binding = (np.concatenate(each) for each in zip(*map(_segments, groups), strict=True))
    share = np.concatenate([[0.0], np.cumsum(counts)])
    return Segments(int(rows[0]["atomic_number"]), share / share[-1], low, high, binding)


def _segments(rows: list[dict[str, str]]) -> tuple[Array, Array, Array, Array]:
    """Electrons in each segment of a group of shells, its bounds, and the binding energy."""
    from scipy.interpolate import PchipInterpolator  # takes time to import, and few cards need it

    momentum, J = (np.array([float(row[name]) for row in rows]) for name in ("p_z", "J"))
    at = np.arcsinh(2 * momentum)
    edges = np.interp(np.arange(PARTS * (len(at) - 1) + 1) / PARTS, np.arange(len(at)), at)
    bounds = np.sinh(edges) / 2
    counts = np.exp(PchipInterpolator(at, np.log(J))((edges[1:] + edges[:-1]) / 2)) * np.diff(bounds)
    counts *= float(rows[0]["electrons"]) / counts.sum()
    binding = float(rows[0]["binding_energy_eV"]) * 1e-9
    return counts, bounds[:-1] * ATOMIC_UNIT, bounds[1:] * ATOMIC_UNIT, np.full(len(counts), binding)
