"""Grids of values in cards: `{from: 1 MeV, to: 23 MeV, points: 20, spacing: log}`, or a list of values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from alphoton.data.quantities import Energy, parse


class EnergyGrid(BaseModel):
    """Points from one energy to another, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Energy = Field(alias="from")
    stop: Energy = Field(alias="to")
    points: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    spacing: Literal["log", "linear"] = "log"

    def values(self) -> list[float]:
        """The grid's energies in GeV, rounded to 12 digits so that they read well."""
        make = np.geomspace if self.spacing == "log" else np.linspace
        grid = make(self.start, self.stop, self.points) if self.points > 1 else np.array([self.start])
        return [float(f"{value:.12g}") for value in grid]


def _energies(value: Any) -> tuple[float, ...]:
    if isinstance(value, dict):
        grid = EnergyGrid.model_validate(value)
        if not (
            0 < grid.start < grid.stop or grid.points == 1 or (grid.spacing == "linear" and 0 <= grid.start < grid.stop)
        ):
            raise PydanticCustomError("quantity", "the grid is inverted or empty, or is logarithmic and starts at 0")
        return tuple(grid.values())
    items = value if isinstance(value, list | tuple) else [value]
    try:
        return tuple(parse(item, "energy") for item in items)
    except ValueError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None


#: energies in GeV, from a list, one value, or a grid
Energies = Annotated[tuple[float, ...], BeforeValidator(_energies)]
