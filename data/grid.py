"""Grids of values in cards: `{from: 1 MeV, to: 23 MeV, points: 20, spacing: log}`, or a list of values and grids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from alphoton.data.quantities import Energy, WholeNumber, parse

DIGITS = 12
"""Significant digits of an energy: those that agree to all of them are one, as 10 MeV and 0.01 GeV are."""


def digits_of(value: float) -> str:
    """A number with all digits that count, and no more."""
    return f"{value:.{DIGITS}g}"


def distinct(values: Iterable[float]) -> tuple[float, ...]:
    """Each value once, in their order."""
    found: dict[str, float] = {}
    for value in values:
        found.setdefault(digits_of(value), value)
    return tuple(found.values())


class EnergyGrid(BaseModel):
    """Points from one energy to another, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Energy = Field(alias="from")
    stop: Energy = Field(alias="to")
    points: Annotated[WholeNumber, Field(ge=1, le=10_000)]
    spacing: Literal["log", "linear"] = "log"

    def values(self) -> list[float]:
        """The grid's energies in GeV, rounded to 12 digits so that they read well."""
        make = np.geomspace if self.spacing == "log" else np.linspace
        grid = make(self.start, self.stop, self.points) if self.points > 1 else np.array([self.start])
        return [float(digits_of(value)) for value in grid]


def _energies(value: Any) -> tuple[float, ...]:
    if isinstance(value, dict):
        return _grid(value)
    items = value if isinstance(value, list | tuple) else [value]
    grids = any(isinstance(item, dict) for item in items)
    try:
        found = [
            energy for item in items for energy in (_grid(item) if isinstance(item, dict) else (parse(item, "energy"),))
        ]
    except ValueError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None
    return distinct(sorted(found) if grids else found)  # grids may touch or overlap


def _grid(value: dict[str, Any]) -> tuple[float, ...]:
    try:
        grid = EnergyGrid.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where, what = ".".join(map(str, first["loc"])), first["msg"]
        raise PydanticCustomError("quantity", "{message}", {"message": f"{where}: {what[:1].lower()}{what[1:]}"}) from None
    if not (0 < grid.start < grid.stop or grid.points == 1 or (grid.spacing == "linear" and 0 <= grid.start < grid.stop)):
        raise PydanticCustomError("quantity", "the grid is inverted or empty, or is logarithmic and starts at 0")
    return tuple(grid.values())


#: energies in GeV, from a list, one value, or a grid
Energies = Annotated[tuple[float, ...], BeforeValidator(_energies)]
