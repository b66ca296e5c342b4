"""Quantities with units: what is read, in which units it comes back, and what is refused with which sentence."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from alphoton.data import quantities
from alphoton.data.quantities import EXAMPLES, UNITS, parse


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("550 MeV", "energy", 0.55),  # GeV
        ("10.58GeV", "energy", 10.58),
        ("  1.5   keV ", "energy", 1.5e-6),
        ("+2 TeV", "energy", 2000),
        ("-3 eV", "energy", -3e-9),
        (".5 GeV", "energy", 0.5),
        ("5. GeV", "energy", 5),
        ("1e-3 GeV", "energy", 1e-3),
        ("1 * GeV", "energy", 1),
        ("1 /GeV", "inverse energy", 1),  # 1/GeV
        ("1/GeV", "inverse energy", 1),
        ("2 1/GeV", "inverse energy", 2),
        ("1 / GeV", "inverse energy", 1),
        ("1 GeV^-1", "inverse energy", 1),
        ("1 GeV-1", "inverse energy", 1),
        ("1 GeV**-1", "inverse energy", 1),
        ("1 GeV^(-1)", "inverse energy", 1),
        ("3 /TeV", "inverse energy", 3e-3),
        ("-1 /MeV", "inverse energy", -1e3),
        ("100 MeV^2", "energy squared", 1e-4),  # GeV^2
        ("100 MeV**2", "energy squared", 1e-4),
        ("100 MeV²", "energy squared", 1e-4),
        ("3.45 m", "length", 3450),  # mm
        ("100 um", "length", 0.1),
        ("100 µm", "length", 0.1),
        ("2 km", "length", 2e6),
        ("1 nm", "length", 1e-6),
        ("0.56 cm", "length", 5.6),
        ("15 mrad", "angle", 0.015),  # rad
        ("180 deg", "angle", math.pi),
        ("53 /fb", "luminosity", 53e3),  # 1/pb
        ("53 fb^-1", "luminosity", 53e3),
        ("50 ab-1", "luminosity", 50e6),
        ("154.7 /pb", "luminosity", 154.7),
        ("3.5 g/cm^3", "density", 3.5),  # g/cm^3
        ("3.5 g/cm³", "density", 3.5),
        ("3500 kg/m^3", "density", 3.5),
        ("2 %", "fraction", 0.02),
        ("0.0003%", "fraction", 3e-6),
        ("0.84", "fraction", 0.84),
        (0.84, "fraction", 0.84),
        (1, "fraction", 1),
    ],
)
def test_parse(text: str | float, dimension: str, value: float) -> None:
    assert parse(text, dimension) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "dimension", "message"),
    [
        ("550", "energy", "the unit is missing: write '550 MeV' (got '550')"),
        (550, "energy", "the unit is missing: write '550 MeV' (got '550')"),
        (1e-3, "energy", "the unit is missing: write '550 MeV' (got '0.001')"),
        ("550 Mev", "energy", "unknown unit 'Mev' for energy: known are 'eV', 'keV', 'MeV', 'GeV', 'TeV'"),
        ("1 GeV", "inverse energy", "unknown unit 'GeV' for inverse energy: known are '/eV', '/keV', '/MeV', "),
        ("1 /GeV^-1", "inverse energy", "unknown unit '/GeV^-1' for inverse energy: known are '/eV', "),
        ("1 GeV GeV", "energy", "unknown unit 'GeV GeV' for energy"),
        ("1,5 GeV", "energy", "unknown unit ',5 GeV' for energy"),
        ("3 s", "length", "unknown unit 's' for length: known are 'nm', 'um', 'mm', 'cm', 'm', 'km'"),
        ("MeV", "energy", "must be a quantity with its unit, like '550 MeV', got 'MeV'"),
        ("", "energy", "must be a quantity with its unit, like '550 MeV', got ''"),
        ("ten MeV", "energy", "must be a quantity with its unit, like '550 MeV', got 'ten MeV'"),
        ("--5 MeV", "energy", "must be a quantity with its unit, like '550 MeV', got '--5 MeV'"),
        (True, "energy", "must be a quantity with its unit, like '550 MeV', got True"),
        (None, "energy", "must be a quantity with its unit, like '550 MeV', got None"),
        ([1], "energy", "must be a quantity with its unit, like '550 MeV', got [1]"),
        ({"GeV": 1}, "energy", "must be a quantity with its unit"),
        (True, "fraction", "must be a number, like '2 %', got True"),
        ("many", "fraction", "must be a number, like '2 %', got 'many'"),
        ("2 percent", "fraction", "unknown unit 'percent' for fraction: known are '%'"),
        ("nan GeV", "energy", "must be finite, got 'nan GeV'"),
        ("-inf /GeV", "inverse energy", "must be finite, got '-inf /GeV'"),
        ("Infinity mm", "length", "must be finite, got 'Infinity mm'"),
        (math.nan, "energy", "must be finite, got 'nan'"),
        (math.inf, "fraction", "must be finite, got 'inf'"),
        ("1e400 GeV", "energy", "must be finite, got '1e400 GeV'"),
        ("1e308 TeV", "energy", "must be finite, got '1e308 TeV'"),  # finite in TeV, not in GeV
    ],
)
def test_errors(value: object, dimension: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        parse(value, dimension)


def test_several_dimensions() -> None:
    """The term of an energy resolution is a fraction or an energy."""
    assert parse("2 %", "fraction", "energy") == 0.02
    assert parse("3 MeV", "fraction", "energy") == 0.003
    with pytest.raises(ValueError, match="unknown unit 'mm' for fraction or energy: known are '%', 'eV'"):
        parse("3 mm", "fraction", "energy")
    with pytest.raises(ValueError, match="must be a number, like '2 %' or '550 MeV'"):
        parse("wide", "fraction", "energy")


@pytest.mark.parametrize(("dimension", "example"), EXAMPLES.items())
def test_examples_are_right(dimension: str, example: str) -> None:
    """What an error message tells a person to write is itself accepted."""
    assert parse(example, dimension) > 0


NUMBERS = st.floats(min_value=-1e250, max_value=1e250)
UNITS_OF = [(dimension, unit) for dimension, units in UNITS.items() for unit in units]


@settings(derandomize=True)
@given(NUMBERS, st.sampled_from(UNITS_OF), st.sampled_from(["", " ", "  "]))
def test_round_trip(number: float, known: tuple[str, str], space: str) -> None:
    """Any number in any unit comes back as that number of the unit, to the last bit."""
    dimension, unit = known
    assert parse(f"{number!r}{space}{unit}", dimension) == number * UNITS[dimension][unit]


TEXTS = st.text(max_size=20) | st.from_regex(r"[-+0-9.e]{1,6} ?[A-Za-z/^%]{0,6}", fullmatch=True)


@settings(derandomize=True)
@given(TEXTS, st.sampled_from(list(UNITS)))
def test_any_text_is_read_or_refused(text: str, dimension: str) -> None:
    """A finite number, or a `ValueError` with a sentence."""
    problem = ""
    try:
        assert math.isfinite(parse(text, dimension))
    except ValueError as error:
        problem = str(error)
    assert problem == "" or problem.startswith(("must be", "the unit is missing", "unknown unit"))


@pytest.mark.parametrize("dimension", UNITS)
def test_own_units(dimension: str) -> None:
    """GeV, 1/GeV, GeV^2, mm, rad, 1/pb, g/cm^3: each dimension has a unit that is one."""
    assert 1.0 in UNITS[dimension].values()


class Everything(BaseModel):
    """One field of each kind."""

    energy: quantities.Energy = 0.0
    inverse_energy: quantities.InverseEnergy = 0.0
    length: quantities.Length = 0.0
    angle: quantities.Angle = 0.0
    luminosity: quantities.Luminosity = 0.0
    density: quantities.Density = 0.0
    fraction: quantities.Fraction = 0.0
    resolution_term: quantities.ResolutionTerm = 0.0


@pytest.mark.parametrize("field", Everything.model_fields)
def test_fields_of_cards(field: str) -> None:
    """A field takes its dimension's example, and says so where it is given nonsense."""
    example = EXAMPLES[{"resolution_term": "fraction"}.get(field, field.replace("_", " "))]
    assert getattr(Everything.model_validate({field: example}), field) > 0
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({field: "nonsense"})
    (detail,) = caught.value.errors()
    assert detail["type"] == "quantity"
    assert f"'{example}'" in detail["msg"]
