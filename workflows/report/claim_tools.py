"""What the claims share: the ranges that words of the paper allow, ratios with errors, and how a number is written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from alphoton.generators.constants import ALPHA
from alphoton.generators.event_source import CrossSection, cross_section
from alphoton.workflows.chain import PointLimit
from alphoton.workflows.console import with_error
from alphoton.workflows.figures.samples import process
from alphoton.workflows.report.claim import Found
from alphoton.workflows.report.typeset import powers
from alphoton.workflows.survey import Survey

LIGHT = 0.010
"""GeV: an ALP that is light at every experiment, and well above m_e."""
CHARGE = math.sqrt(4 * math.pi * ALPHA)
"""e"""
EXACTLY = (0.999, 1.001)
"""What a ratio to a formula that is printed as an equality may be."""
DIGITISED = 0.035
"""Relative error of a number from `data/published`: 2 to 5%, says each file."""


def same_order(value: float) -> tuple[float, float]:
    """What "of the order of" allows: a factor of 3 to both sides."""
    return value / 3, value * 3


def near(value: float, relative: float) -> tuple[float, float]:
    """The range of a relative width about a value of either sign."""
    half = abs(value) * relative
    return value - half, value + half


# --- numbers with errors -------------------------------------------------------------------------------------------------


class Known(Protocol):
    """A number with its error, as cross-sections, efficiencies and limits are."""

    @property
    def value(self) -> float: ...

    @property
    def error(self) -> float: ...


@dataclass(frozen=True)
class Measured:
    """A number with its error."""

    value: float
    error: float = 0.0


def digitised(value: float) -> Measured:
    """A number read from a published figure."""
    return Measured(value, DIGITISED * value)


def quotient(first: Known, second: Known, *, power: float = 1.0) -> tuple[float, float]:
    """(first / second)^power with its error, both being independent."""
    value = (first.value / second.value) ** power
    return value, abs(power * value) * math.hypot(first.error / first.value, second.error / second.value)


def number(value: float, error: float = 0.0, digits: int = 3) -> str:
    """As many digits as the error allows; without an error, as many as are asked for."""
    return powers(with_error(value, error) if error > 0 else f"{value:.{digits}g}")


def found(value: float, error: float = 0.0, unit: str = "", note: str = "") -> Found:
    """A number with its error and unit, and with what else belongs to it."""
    shown = number(value, error, digits=4)
    if unit and "±" in shown and not shown.startswith("("):
        shown = f"({shown})"
    return Found(float(value), float(error), unit, f"{shown} {unit}".strip() + (f"; {note}" if note else ""))


# --- where they come from ------------------------------------------------------------------------------------------------


def sections(card: str, mass: float, *overrides: str) -> CrossSection:
    """The cross-section of a packaged process card at a mass (GeV), in pb at the card's couplings."""
    return cross_section(process(card, mass, 1, *overrides))


def limits(survey: Survey, analysis: str, mass: float) -> PointLimit:
    """The limits of an experiment that reaches the mass (GeV)."""
    row = survey.row(analysis, mass)
    assert row is not None
    return row
