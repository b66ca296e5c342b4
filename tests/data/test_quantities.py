"""Quantities with units: what is read, in which units it comes back, and what is refused with which sentence."""

from __future__ import annotations

import math
import re

import numpy as np
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
        ("550", "energy", "the unit is missing: write '550 MeV' or '550 GeV' (got '550')"),
        (550, "energy", "the unit is missing: write '550 MeV' or '550 GeV' (got '550')"),
        (1e-3, "energy", "the unit is missing: write '0.001 MeV' or '0.001 GeV' (got '0.001')"),
        (10, "inverse energy", "the unit is missing: write '10 /GeV' (got '10')"),
        (10, "energy squared", "the unit is missing: write '10 MeV^2' (got '10')"),
        (10, "length", "the unit is missing: write '10 mm' or '10 m' (got '10')"),
        (10, "angle", "the unit is missing: write '10 mrad' or '10 deg' (got '10')"),
        (10, "luminosity", "the unit is missing: write '10 /fb' (got '10')"),
        (10, "density", "the unit is missing: write '10 g/cm^3' (got '10')"),
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


@pytest.mark.parametrize("dimension", [name for name, units in UNITS.items() if "" not in units])
def test_what_a_missing_unit_may_have_been(dimension: str) -> None:
    """Every suggestion has the number that was given, and is itself accepted."""
    with pytest.raises(ValueError, match="the unit is missing") as caught:
        parse("7.25", dimension)
    suggested = re.findall(r"'([^']*)'", str(caught.value).partition("(got")[0])
    assert suggested
    assert all(text.startswith("7.25 ") and parse(text, dimension) > 0 for text in suggested)


WHOLE = [
    1000,
    1000.0,
    "1000",
    "1000.0",
    "1e3",
    "1E3",
    "1e+3",
    "1.0e+3",
    "1.e+3",
    " 1000 ",
    "1_000",
    np.int64(1000),
    np.float64(1e3),
]


@pytest.mark.parametrize("value", WHOLE)
def test_whole_numbers_in_any_spelling(value: object) -> None:
    found = quantities.whole(value)
    assert (found, type(found)) == (1000, int)


def test_long_whole_numbers_keep_every_digit() -> None:
    largest = 2**63 - 1
    assert quantities.whole(largest) == quantities.whole(str(largest)) == largest
    assert quantities.whole(1e18) == 10**18
    assert quantities.whole("-3") == -3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, "must be a whole number, like 1000 or 1e3: write 1 or 2, got '1.5'"),
        ("1e-3", "must be a whole number, like 1000 or 1e3: write 1, got '1e-3'"),
        (-0.5, "must be a whole number, like 1000 or 1e3: write -1 or 0, got '-0.5'"),
        ("1e5000000", "is too large, got '1e5000000'"),
        (True, "must be a whole number, like 1000 or 1e3, got True"),
        (False, "must be a whole number, like 1000 or 1e3, got False"),
        ("true", "must be a whole number, like 1000 or 1e3, got 'true'"),
        ("many", "must be a whole number, like 1000 or 1e3, got 'many'"),
        ("", "must be a whole number, like 1000 or 1e3, got ''"),
        ("1000 MeV", "must be a whole number, like 1000 or 1e3, got '1000 MeV'"),
        (math.nan, "must be a whole number, like 1000 or 1e3, got 'nan'"),
        ("inf", "must be a whole number, like 1000 or 1e3, got 'inf'"),
        ([1000], "must be a whole number, like 1000 or 1e3, got [1000]"),
        (None, "must be a whole number, like 1000 or 1e3, got None"),
    ],
)
def test_what_is_no_whole_number(value: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        quantities.whole(value)


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
