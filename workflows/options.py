"""Options of several commands, and what their values may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer


def whole_number(least: int = 1, most: int | None = None) -> Callable[[Any], int]:
    """What reads an option with a whole number in any spelling, as in -n 1e6, from `least` to `most`."""

    def read(value: Any) -> int:
        from alphoton.data.quantities import whole  # when it is needed: `alphoton --help` is quick

        try:
            number = whole(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if number < least or (most is not None and number > most):
            reach = f"at least {least}" if most is None else f"from {least} to {most}"
            raise typer.BadParameter(f"must be {reach}, got {value}")
        return number

    return read
