"""Libraries that are no part of a plain installation."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from alphoton.data.errors import InputError

INSTALL = "pip install 'alphoton[exchange]'"


def library(name: str, purpose: str) -> Any:
    """An optional library, imported when it is needed. Raises `InputError` that names the extra where it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(f"{purpose} needs the library {name} ({error}): {INSTALL}") from None
