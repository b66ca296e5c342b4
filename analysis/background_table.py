"""A background and its error against mass, from a CSV file that an analysis card names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import BackgroundNumber
from alphoton.data.errors import InputError
from alphoton.data.published_file import PublishedCurve, load
from alphoton.data.quantities import ENERGY

Array = NDArray[np.float64]
ERROR = "error"
"""The column of errors, in events, where the card names none."""


@dataclass(frozen=True, eq=False)
class BackgroundTable:
    """Events and their errors (rows) at masses in GeV, as they stand in the file: nothing is scaled yet."""

    path: str
    masses: Array
    events: Array
    errors: Array

    @classmethod
    def load(cls, block: BackgroundNumber, path: str | Path) -> BackgroundTable:
        """The table of a card, from the file that it means.

        Raises `InputError`, with file and line, where there is none, where it cannot be understood, or where the card and
        the file both give an error.
        """
        curve = load(path, zeros=True)
        unit = ENERGY.get(block.mass_column.rpartition("_")[2])
        if unit is None:
            raise InputError(f"column '{block.mass_column}' must end in the unit of the mass, as mass_GeV")
        masses = unit * curve.complete(block.mass_column, increasing=True)
        events = curve.complete(block.events_column)
        return cls(curve.path, masses, events, _errors(block, curve, events))

    def at(self, mass: float) -> tuple[float, float]:
        """Events and error at a mass (GeV), on straight lines between the rows. Raises `InputError` outside of the table."""
        low, high = float(self.masses[0]), float(self.masses[-1])
        if not low <= mass <= high:
            reach = f"{low * 1e3:g} to {high * 1e3:g} MeV"
            raise InputError(f"{mass * 1e3:g} MeV lies outside of {self.path}, which has {reach}; nothing is extrapolated")
        return tuple(float(np.interp(mass, self.masses, column)) for column in (self.events, self.errors))  # type: ignore[return-value]


def _errors(block: BackgroundNumber, curve: PublishedCurve, events: Array) -> Array:
    given = "error" in block.model_fields_set
    if block.error_column is not None:
        return curve.complete(block.error_column)
    if ERROR not in curve.columns:
        errors: Array = block.error.of(events) if given else np.zeros_like(events)
        return errors
    if given:
        raise InputError(f"{curve.path} has a column '{ERROR}', and the card an 'error': give one of the two")
    return curve.complete(ERROR)
