"""Masses as names and as texts: different masses never read the same."""

from __future__ import annotations

from collections.abc import Sequence

from alphoton.data.grid import DIGITS, digits_of


def in_mev(mass: float) -> str:
    """A mass (GeV) in MeV with all of its digits, for what must tell it from any other."""
    return digits_of(mass * 1e3)


def folder_name(mass: float) -> str:
    """The folder of a mass (GeV), like `20MeV`: four digits where these are exact, else all."""
    short = f"{mass * 1e3:.4g}"
    return f"{short if float(short) == float(in_mev(mass)) else in_mev(mass)}MeV"


def texts(values: Sequence[float], digits: int) -> list[str]:
    """Numbers as texts of so many significant digits; of two that would read the same, each has as many as it needs."""
    found = [f"{value:.{digits}g}" for value in values]
    if digits >= DIGITS:
        return found
    different: dict[str, set[str]] = {}
    for text, value in zip(found, values, strict=True):
        different.setdefault(text, set()).add(digits_of(value))
    close = [number for number, text in enumerate(found) if len(different[text]) > 1]
    for number, text in zip(close, texts([values[number] for number in close], digits + 1), strict=True):
        found[number] = text
    return found
