"""Formulas in detector cards: the right numbers, and nothing but arithmetic."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alphoton.data.errors import InputError
from alphoton.detectors.formula import MAX_CHARACTERS, Formula

E = np.array([0.03, 0.2, 0.55, 10.0])
THETA = np.array([0.02, 0.05, 1.0, 3.0])
PHI = np.array([-3.0, 0.0, 1.0, 2.0])

# --- values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # PADME, arXiv:2002.11671, Eq. (44)
        ("hypot(0.02/sqrt(energy), 3e-6/energy, 0.011)", np.sqrt(0.02**2 / E + (3e-6 / E) ** 2 + 0.011**2)),
        # BaBar, hep-ex/0105044
        ("hypot(0.0232 / energy**0.25, 0.0185)", np.sqrt((0.0232 / E**0.25) ** 2 + 0.0185**2)),
        ("energy + theta * phi - 2", E + THETA * PHI - 2),
        ("energy - 1 - 2", E - 3),
        ("energy / 2 / 4", E / 8),
        ("2 ** 3 ** 2 * energy", 512 * E),
        ("-energy ** 2", -(E**2)),
        ("(-energy) ** 2", E**2),
        ("energy ** -2", E**-2.0),
        ("+energy * - 3", -3 * E),
        ("exp(-energy) + log(energy) + log10(energy)", np.exp(-E) + np.log(E) + np.log10(E)),
        ("sin(theta) + cos(phi) * tan(theta)", np.sin(THETA) + np.cos(PHI) * np.tan(THETA)),
        ("abs(phi) - arctan(theta)", np.abs(PHI) - np.arctan(THETA)),
        ("min(energy, theta, 1) + max(energy, 2)", np.minimum(np.minimum(E, THETA), 1) + np.maximum(E, 2)),
        ("minimum(energy, theta) + maximum(energy, theta)", E + THETA),
        ("  pi * energy\n", np.pi * E),
        ("1_000 * energy + .5e-1", 1000 * E + 0.05),
    ],
)
def test_values(text: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(Formula(text)(energy=E, theta=THETA, phi=PHI), expected, rtol=1e-14)


def test_a_constant_takes_the_shape_of_the_variables() -> None:
    constant = Formula("0.02")
    assert constant(energy=E).tolist() == [0.02] * 4
    assert constant(energy=np.empty((0, 3))).shape == (0, 3)
    assert constant().shape == ()


def test_variables_are_broadcast() -> None:
    np.testing.assert_array_equal(Formula("energy * theta")(energy=E[:, None], theta=2), 2 * E[:, None])
    assert Formula("energy")(energy=E, theta=THETA[:, None]).shape == (4, 4)


def test_the_result_is_a_copy() -> None:
    energy = E.copy()
    Formula("energy")(energy=energy)[:] = 0
    np.testing.assert_array_equal(energy, E)


def test_integers_are_computed_as_floats() -> None:
    """An integer tower would fill the memory; a float overflows to infinity. An integer array divides as a float."""
    assert Formula("9**9**9**9")() == np.inf
    assert np.isnan(Formula("64**64**64 - 64**64**64")())
    assert Formula("energy ** -1")(energy=np.array([2])) == 0.5


def test_no_warning_leaks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = Formula("log(energy) + 1/energy + sqrt(theta) + exp(1e6)")(energy=[0.0, -1.0], theta=-1.0)
    assert not np.isfinite(result).any()


def test_other_names() -> None:
    formula = Formula("hypot(x, 3)", names=("x", "y"))
    assert formula(x=4.0) == 5
    assert formula.variables == {"x"}
    with pytest.raises(InputError, match=r"'energy' is not allowed; allowed are numbers, x, y, pi"):
        Formula("energy", names=("x", "y"))


def test_missing_and_unknown_variables() -> None:
    with pytest.raises(ValueError, match="needs phi, theta"):
        Formula("energy + theta + phi")(energy=1)
    with pytest.raises(ValueError, match="not of momentum"):
        Formula("energy")(energy=1, momentum=1)


def test_it_is_a_value() -> None:
    formula = Formula(" 0.02 /sqrt( energy )")
    assert str(formula) == " 0.02 /sqrt( energy )"
    assert {formula, Formula(formula.text)} == {formula}
    assert formula != Formula("0.02")
    for again in (pickle.loads(pickle.dumps(formula)), copy.deepcopy(formula)):
        assert again == formula
        np.testing.assert_array_equal(again(energy=E), formula(energy=E))


# --- resolutions


def test_a_resolution_is_finite_and_not_negative() -> None:
    formula = Formula("0.1 - 0.2 * energy")
    np.testing.assert_allclose(formula.evaluate_resolution(energy=[0.0, 0.5]), [0.1, 0.0])
    with pytest.raises(InputError, match=r"'0\.1 - 0\.2 \* energy' gives -0\.1 at energy = 1, theta = 3; a resolution"):
        formula.evaluate_resolution(energy=[0.1, 1.0, 2.0], theta=3)


@pytest.mark.parametrize(("text", "value"), [("1/energy", "inf"), ("sqrt(energy - 1)", "nan"), ("log(energy)", "-inf")])
def test_a_resolution_that_is_not_finite(text: str, value: str) -> None:
    with pytest.raises(InputError, match=f"gives {value} at energy = 0;"):
        Formula(text).evaluate_resolution(energy=[0.0, 0.0])


def test_a_bad_constant_resolution() -> None:
    with pytest.raises(InputError, match="gives -1 at every point"):
        Formula("-1").evaluate_resolution()


# --- what is refused


@pytest.mark.parametrize(
    ("text", "column", "complaint"),
    [
        ("__import__('os').system('true')", 12, 'the character "\'"'),
        ("__import__(energy)", 1, "'__import__(energy)'"),
        ("eval(energy)", 1, "'eval(energy)'"),
        ("energy.real", 1, "'energy.real'"),
        ("1 + energy.__class__.__mro__", 5, "'energy.__class__.__mro__'"),
        ("sqrt.reduce(energy)", 1, "'sqrt.reduce(energy)'"),
        ("energy(2)", 1, "'energy(2)'"),
        ("sqrt(2)(3)", 1, "'sqrt(2)(3)'"),
        ("sqrt", 1, "'sqrt'"),
        ("sqrt(sqrt)", 6, "'sqrt'"),
        ("momentum + 1", 1, "'momentum'"),
        ("  momentum + 1", 3, "'momentum'"),
        ("sqrt(*energy)", 6, "'*energy'"),
        ("sqrt(**energy)", 1, "'sqrt(**energy)'"),
        ("hypot(energy, x=1)", 16, "the character '='"),
        ("energy[0]", 7, "the character '['"),
        ("{energy}", 1, "the character '{'"),
        ("lambda: 1", 7, "the character ':'"),
        ("(energy := 2)", 9, "the character ':'"),
        ("f'{energy}'", 2, 'the character "\'"'),
        ('"energy"', 1, "the character '\"'"),
        ("energy; 1", 7, "the character ';'"),
        ("energy\n+ 1", 7, r"the character '\n'"),
        ("energy\\", 7, r"the character '\\'"),
        ("energy # 1", 8, "the character '#'"),
        ("energy % 2", 8, "the character '%'"),
        ("energy @ 2", 8, "the character '@'"),
        ("energy < 2", 8, "the character '<'"),
        ("energy ^ 2", 8, "the character '^'"),
        ("~energy", 1, "the character '~'"),
        ("energy\0", 7, r"the character '\x00'"),
        ("\ud800", 1, r"the character '\ud800'"),
        ("ｅnergy", 1, "the character 'ｅ'"),  # Python would read it as energy
        ("𝐞nergy", 1, "the character '𝐞'"),
        ("еnergy", 1, "the character 'е'"),  # Cyrillic
        ("energy\u00a0+ 1", 7, r"the character '\xa0'"),
        ("٣", 1, "the character '٣'"),
        ("energy // 2", 1, "'energy // 2'"),
        ("energy, 2", 1, "'energy, 2'"),
        ("()", 1, "'()'"),
        ("not energy", 1, "'not energy'"),
        ("energy and 1", 1, "'energy and 1'"),
        ("energy if theta else 1", 1, "'energy if theta else 1'"),
        ("energy in theta", 1, "'energy in theta'"),
        ("(energy for energy in theta)", 1, "'(energy for energy in theta)'"),
        ("max(1, (energy for energy in theta))", 8, "'(energy for energy in theta)'"),
        ("(yield)", 2, "'yield'"),
        ("await energy", 1, "'await energy'"),
        ("True", 1, "True"),
        ("1 + False", 5, "False"),
        ("None", 1, "None"),
        ("...", 1, "Ellipsis"),
        ("2j", 1, "2j"),
        ("nan", 1, "'nan'"),
        ("inf", 1, "'inf'"),
        ("1e999", 1, "a number above 1.8e+308"),
        ("-1e999", 2, "a number above 1.8e+308"),
        ("1" + "0" * 400, 1, "a number above 1.8e+308"),
        ("energy ** 65", 11, "an exponent above 64"),
        ("energy ** -64.5", 11, "an exponent above 64"),
        ("energy ** (+-1000000)", 12, "an exponent above 64"),
        ("1" + " + 1" * 60, 1, "nesting of more than 50 levels"),
        ("-" * 60 + "1", 51, "nesting of more than 50 levels"),
        ("sqrt(" * 60 + "1" + ")" * 60, 251, "nesting of more than 50 levels"),
    ],
)
def test_refused(text: str, column: int, complaint: str) -> None:
    with pytest.raises(InputError) as raised:
        Formula(text)
    message = str(raised.value)
    assert message.startswith(f"formula {text!r}, column {column}: {complaint} is not allowed; allowed are numbers, ")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty"),
        (" \n ", "the formula is empty"),
        ("1" * 501, "a formula has at most 500 characters, this one has 501"),
        ("1" + "+1" * 249, "has 499 terms, at most 200 are allowed"),
        ("-" * 499 + "1", "has 500 terms, at most 200 are allowed"),
        ("(" * 249 + "1" + ")" * 249, "too many nested parentheses"),
        ("1 +", "column 4: not a formula: invalid syntax"),
        ("2 energy", "column 3: not a formula: invalid syntax"),
        ("(1", "column 1: not a formula: '(' was never closed"),
        ("1if energy else 2", "column 1: not a formula: invalid decimal literal"),
        ("sqrt()", "column 1: sqrt takes one argument, got 0"),
        ("1 + sqrt(energy, 2)", "column 5: sqrt takes one argument, got 2"),
        ("hypot(energy)", "column 1: hypot takes two or more arguments, got 1"),
        ("min()", "column 1: min takes two or more arguments, got 0"),
    ],
)
def test_not_a_formula(text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        Formula(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [3, 0.5, None, True, b"1", ["1"]])
def test_a_formula_is_text(value: Any) -> None:
    with pytest.raises(InputError, match="a formula is text, got"):
        Formula(value)


# --- any text at all

words = ("energy", "theta", "pi", "sqrt", "hypot", "max", "if", "else", "for", "in", "lambda", "True", "__class__")
pieces = st.sampled_from((*words, *"0123456789.,()+-*/ _ej[]:='\"{}", "**", "//", "1e999", "0x", "(" * 30, ")" * 30))
likely = st.lists(pieces, max_size=120).map("".join)


@settings(max_examples=500, deadline=1000)
@given(text=st.text(max_size=600) | likely)
def test_any_text_is_computed_or_refused(text: str) -> None:
    try:
        formula = Formula(text)
    except InputError:
        return
    assert str(pickle.loads(pickle.dumps(formula))) == text
    assert formula(energy=E, theta=THETA, phi=PHI).shape == E.shape


# --- formulas made together with their values

Made = tuple[str, np.float64]

leaf = st.floats(0, 1e3).map(lambda x: (repr(x), np.float64(x))) | st.sampled_from(
    [("energy", np.float64(0.3)), ("theta", np.float64(0.02)), ("pi", np.float64(np.pi))]
)


def combined(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: (f"({p[0][0]} + {p[1][0]})", p[0][1] + p[1][1])),
        pair.map(lambda p: (f"({p[0][0]} - {p[1][0]})", p[0][1] - p[1][1])),
        pair.map(lambda p: (f"({p[0][0]} * {p[1][0]})", p[0][1] * p[1][1])),
        pair.map(lambda p: (f"max({p[0][0]}, {p[1][0]})", max(p[0][1], p[1][1]))),
        inner.map(lambda p: (f"-({p[0]})", -p[1])),
        inner.map(lambda p: (f"arctan({p[0]})", np.arctan(p[1]))),
        inner.map(lambda p: (f"sqrt(abs({p[0]}))", np.sqrt(np.abs(p[1])))),
    )


@given(made=st.recursive(leaf, combined, max_leaves=8))
def test_made_formulas_give_their_values(made: Made) -> None:
    text, value = made
    assume(len(text) <= MAX_CHARACTERS)
    np.testing.assert_allclose(Formula(text)(energy=0.3, theta=0.02), value, rtol=1e-12)
