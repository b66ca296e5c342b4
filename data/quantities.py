"""Quantities with units as text: "550 MeV", "1 /GeV", "53 /fb", "3.45 m", "2 %".

A number is returned in alphoton's own units: GeV, 1/GeV, mm, rad, 1/pb, g/cm^3. A bare number where a unit is due is an
error, because nobody can tell 10 (MeV) from 10 (GeV) afterwards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Annotated, Any

import hepunits
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from alphoton.data.printable import shortened

ENERGY = {name: getattr(hepunits, name) / hepunits.GeV for name in ("eV", "keV", "MeV", "GeV", "TeV")}
PICOBARN = {"mb": 1e9, "ub": 1e6, "nb": 1e3, "pb": 1.0, "fb": 1e-3, "ab": 1e-6}
UNITS: dict[str, dict[str, float]] = {
    "energy": ENERGY,
    "inverse energy": {f"/{name}": 1 / value for name, value in ENERGY.items()},
    "energy squared": {f"{name}^2": value**2 for name, value in ENERGY.items()},
    "length": {
        name: value / hepunits.mm
        for name, value in {
            "nm": hepunits.nanometer,
            "um": hepunits.micrometer,
            "mm": hepunits.mm,
            "cm": hepunits.cm,
            "m": hepunits.meter,
            "km": hepunits.km,
        }.items()
    },
    "angle": {"rad": 1.0, "mrad": 1e-3, "urad": 1e-6, "deg": math.pi / 180},
    "luminosity": {f"/{name}": 1 / value for name, value in PICOBARN.items()},
    "density": {"g/cm^3": 1.0, "kg/m^3": 1e-3},
    "fraction": {"": 1.0, "%": 1e-2},
}
EXAMPLES = {
    "energy": "550 MeV",
    "inverse energy": "1 /GeV",
    "energy squared": "100 MeV^2",
    "length": "3.45 m",
    "angle": "15 mrad",
    "luminosity": "53 /fb",
    "density": "3.5 g/cm^3",
    "fraction": "2 %",
}
PLAUSIBLE = {
    "energy": ("MeV", "GeV"),
    "inverse energy": ("/GeV",),
    "energy squared": ("MeV^2",),
    "length": ("mm", "m"),
    "angle": ("mrad", "deg"),
    "luminosity": ("/fb",),
    "density": ("g/cm^3",),
}
"""The units that a number without one may have meant: what a message suggests."""
MOST_DIGITS = 40
"""Of a whole number; no key needs one as long."""
MOST_CHARACTERS = 200
"""Of a quantity or a whole number; what is longer is refused unread."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:infinity|inf|nan)", re.IGNORECASE)


def _canonical(unit: str) -> str:
    """The one spelling of a unit: "1/GeV", "GeV^-1", "GeV-1" and "GeV**-1" are all "/GeV"."""
    unit = unit.replace("**", "^").replace("µ", "u").replace("μ", "u").replace("³", "^3").replace("²", "^2")
    unit = "/".join(part.strip() for part in unit.split("/")).removeprefix("*").strip()
    inverse = re.fullmatch(r"(?:1/|/)?([A-Za-z]+)(?:\^?\(?(-1)\)?)?", unit)
    if inverse and (unit.startswith(("1/", "/")) != bool(inverse[2])):
        return f"/{inverse[1]}"
    return unit


def parse(value: Any, *dimensions: str) -> float:
    """A quantity in alphoton's units, from text like "550 MeV".

    `dimensions` are the keys of `UNITS` that are welcome, the first one first. Raises `ValueError` with one sentence:
    what is wrong and what would be right.
    """
    example = " or ".join(f"'{EXAMPLES[d]}'" for d in dimensions)
    wanted = f"a number, like {example}" if "fraction" in dimensions else f"a quantity with its unit, like {example}"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"must be {wanted}, got {value!r}")
    text = _text(value, wanted)
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f"must be {wanted}, got '{value}'")
    number, written = float(match[0]), text[match.end() :].strip()
    unit = _canonical(written)
    if not math.isfinite(number):
        raise ValueError(f"must be finite, got '{value}'")
    for dimension in dimensions:
        if unit in UNITS[dimension]:
            result = number * UNITS[dimension][unit]
            if not math.isfinite(result):
                raise ValueError(f"must be finite, got '{value}'")
            return result
    known = ", ".join(repr(name) for d in dimensions for name in UNITS[d] if name)
    if unit == "":
        given = match[0].removesuffix(".0")
        meant = " or ".join(f"'{given} {name}'" for d in dimensions for name in PLAUSIBLE.get(d, ()))
        raise ValueError(f"the unit is missing: write {meant} (got '{value}')")
    raise ValueError(f"unknown unit '{written}' for {' or '.join(dimensions)}: known are {known}")


def _text(value: Any, wanted: str) -> str:
    """A value as text without spaces about it. Raises `ValueError` if it is too long to be one."""
    if isinstance(value, int) and abs(value) >= 10**MOST_CHARACTERS:  # Python does not write out all of them
        raise ValueError(f"must be {wanted}, got a number of more than {MOST_CHARACTERS} digits")
    text = str(value).strip()
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"must be {wanted}, got {len(text)} characters: '{shortened(text, 40)}'")
    return text


def whole(value: Any) -> int:
    """A whole number, from 1000, 1000.0, 1e3, or text like "1e3": YAML reads 1e6 as a number or as text by its spelling.

    Raises `ValueError` with one sentence: what is wrong and what would be right.
    """
    wanted = "must be a whole number, like 1000 or 1e3"
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise ValueError(f"{wanted}, got {value!r}")
    try:
        number = Decimal(_text(value, wanted.removeprefix("must be ")))
    except InvalidOperation:
        raise ValueError(f"{wanted}, got '{value}'") from None
    if not number.is_finite():
        raise ValueError(f"{wanted}, got '{value}'")
    if number.adjusted() > MOST_DIGITS:
        raise ValueError(f"is too large, got '{value}'")
    if number != (below := number.to_integral_value("ROUND_FLOOR")):
        near = f"{below + 1:f}" if below == 0 else f"{below:f} or {below + 1:f}"
        raise ValueError(f"{wanted}: write {near}, got '{value}'")
    return int(number)


def _validator(*dimensions: str) -> BeforeValidator:
    return BeforeValidator(_told(lambda value: parse(value, *dimensions)))


def _told(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What cannot be read is a problem of the card, in the words of the `ValueError`."""

    def validate(value: Any) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None

    return validate


Energy = Annotated[float, _validator("energy")]
InverseEnergy = Annotated[float, _validator("inverse energy")]
Length = Annotated[float, _validator("length")]
Angle = Annotated[float, _validator("angle")]
Luminosity = Annotated[float, _validator("luminosity")]
Density = Annotated[float, _validator("density")]
Fraction = Annotated[float, _validator("fraction")]
#: a term of an energy resolution: a fraction, or an energy (its value at 1 GeV)
ResolutionTerm = Annotated[float, _validator("fraction", "energy")]
#: a whole number in any spelling; limits are `Field`s beside it
WholeNumber = Annotated[int, BeforeValidator(_told(whole))]
#: of random numbers
Seed = Annotated[WholeNumber, Field(ge=0, lt=2**63)]
