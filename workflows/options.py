"""What options may be given, and how messages name them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer

NAMES = (
    (r"^(warning: )?override ", r"\1--set "),
    (r"\boverride (?=[\w.]+=)", "--set "),
    (r"^scheduler=", "--scheduler "),
    (r"\b(force|radiative)=True", r"--\1"),
    (r"\ballow_other=True", "--allow-other"),
    (r"\balong=\[\.\.\.\]", "--along"),
    (r"\boverrides=\[(?:\.\.\.)?(.*?)\]$", r"--set \1"),
)
"""What a message calls an argument of Python, and the option that it is on the command line."""


def with_options(message: str) -> str:
    """A message in the words of the command line: below it arguments have the names that they have in Python."""
    return "\n".join(_line_with_options(line) for line in message.splitlines())


def _line_with_options(line: str) -> str:
    for pattern, option in NAMES:
        line = re.sub(pattern, option, line)
    return line.rstrip()


def restore_help(app: typer.Typer) -> None:
    """Give commands their help again where Python left out docstrings (`python -OO`): from their sources."""
    for group in app.registered_groups:
        if group.typer_instance is not None:
            restore_help(group.typer_instance)
    for command in app.registered_commands:
        if (function := command.callback) is not None and function.__doc__ is None:
            with suppress(OSError, SyntaxError):  # no sources: no help
                (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
                function.__doc__ = ast.get_docstring(definition)  # type: ignore[arg-type]


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
