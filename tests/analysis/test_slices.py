"""Limits along rays of couplings, against a scan of the quadratic form."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.analysis.slices import Exclusion, Term, direction, scaled
from alphoton.data.errors import InputError
from alphoton.generators.model import Couplings
from reference.checks import random_settings

MASS = 0.01
angles = st.floats(0, 2 * math.pi)
values = st.floats(1e-3, 1e3)


def ray(electron: float, photon: float, **more: Any) -> Couplings:
    return direction(MASS, {"g_ae": electron, "g_agamma": photon}, **more)


@random_settings(100)
@given(values, values, angles)
def test_combination_without_interference(electron_limit: float, photon_limit: float, angle: float) -> None:
    """Eq. (30) of arXiv:2012.07894, from the limits on each coupling alone."""
    exclusion = Exclusion(Term.of_limit(CouplingLimit(photon_limit)), Term.of_limit(CouplingLimit(electron_limit)))
    e, p = math.cos(angle), math.sin(angle)
    eq30 = math.hypot(e / electron_limit, p / photon_limit) ** -1
    assert exclusion.limit(ray(e, p)).lower.value == pytest.approx(eq30, rel=1e-9)
    assert exclusion.limit(ray(7 * e, 7 * p)).lower.value == pytest.approx(eq30 / 7, rel=1e-9)


def scanned(photon: float, electron: float, interference: float, e: float, p: float) -> float:
    """The largest multiple of a direction whose signal is allowed, by trying ever finer steps."""
    low, high = 0.0, 1e6
    for _ in range(8):
        steps = np.linspace(low, high, 1001)
        signal = electron * (steps * e) ** 2 + photon * (steps * p) ** 2 + interference * steps**2 * e * p
        first = int(np.argmax(signal > 1))
        low, high = steps[first - 1], steps[first]
    return float(low)


@random_settings(60)
@given(values, values, st.floats(-1.9, 1.9), angles)
def test_combination_with_interference(photon: float, electron: float, correlation: float, angle: float) -> None:
    """Against a scan; the sign of g_ae g_agamma decides whether the interference adds."""
    interference = correlation * math.sqrt(electron * photon)
    e, p = math.cos(angle), math.sin(angle)
    exclusion = Exclusion(Term(photon), Term(electron), Term(interference))
    assert exclusion.limit(ray(e, p)).lower.value == pytest.approx(scanned(photon, electron, interference, e, p), rel=1e-9)
    assert exclusion.strength(scaled(ray(e, p), exclusion.limit(ray(e, p)).lower.value)) == pytest.approx(1, rel=1e-12)


def test_signs_of_the_interference() -> None:
    """At PADME the rates are 1385, 38200 and 747 pb at 10 MeV: with it, equal signs are excluded further down."""
    rates = Term(38200.0), Term(1385.0), Term(747.0)  # measured with this package; only their signs matter
    equal, opposite = (Exclusion(*rates).limit(ray(sign, 1.0)).lower.value for sign in (1.0, -1.0))
    without = Exclusion(*rates[:2]).limit(ray(1.0, 1.0)).lower.value
    assert equal < without < opposite
    assert Exclusion(*rates).limit(ray(-1.0, -1.0)).lower.value == equal


def test_the_loop_is_added_to_the_photon_coupling() -> None:
    """(alpha/pi) B1 g_ae, Eq. (9): at 1 GeV 0.00232 g_ae; its interference counts with the real part."""
    exclusion = Exclusion(Term(1.0), Term(0.0), Term(1e-3))
    found = exclusion.limit(direction(1.0, {"g_ae": 1.0}, radiative=True)).lower.value
    coupling = direction(1.0, {"g_ae": 1.0}, radiative=True).photon
    assert coupling.real == pytest.approx(1 / 137.036 / math.pi, rel=1e-3)
    assert found == pytest.approx((abs(coupling) ** 2 + 1e-3 * coupling.real) ** -0.5, rel=1e-12)
    assert math.isnan(Exclusion(Term(1.0), Term(0.0)).limit(direction(1.0, {"g_ae": 1.0})).lower.value)


def test_errors_along_a_ray() -> None:
    """By moving each limit by its error, independent ones in quadrature, common ones together."""
    photon, electron = CouplingLimit(1e-3, 2e-5), CouplingLimit(0.5, 0.02)
    along = ray(1.0, 1e-3)

    def limit(photon_factor: float = 1.0, electron_factor: float = 1.0) -> float:
        terms = (Term.of_limit(g.times(f)) for g, f in ((photon, photon_factor), (electron, electron_factor)))
        return Exclusion(*terms).limit(along).lower.value

    found = Exclusion(Term.of_limit(photon, 0.1), Term.of_limit(electron, 0.1)).limit(along)
    moved = [limit(1 + 1e-4 * 0.02) - limit(), limit(1.0, 1 + 1e-4 * 0.04) - limit()]
    assert found.lower.error == pytest.approx(math.hypot(*moved) * 1e4, rel=1e-3)
    assert found.systematic == pytest.approx(0.1, rel=1e-12)  # both couplings' limits move by 10 %
    alone = Exclusion(Term.of_limit(photon, 0.1), Term()).limit(direction(MASS, {"g_agamma": 1.0}))
    assert (alone.lower.value, alone.lower.error, alone.systematic) == pytest.approx((1e-3, 2e-5, 0.1))


def test_a_coupling_without_limit_adds_nothing() -> None:
    exclusion = Exclusion(Term.of_limit(CouplingLimit(2.0)), Term.of_limit(NO_LIMIT))
    assert exclusion.limit(ray(5.0, 1.0)).lower.value == 2.0
    assert math.isnan(exclusion.limit(ray(1.0, 0.0)).lower.value)
    negative = Exclusion(Term(1.0), Term(1.0), Term(2.0)).limit(ray(1.0, -1.0))  # the form is 0 along it
    assert math.isnan(negative.lower.value)


@pytest.mark.parametrize(
    ("couplings", "message"),
    [
        ({"g_ay": 1.0}, "'g_ay' is no coupling of a direction (known: g_agamma, g_ae, g_amu)"),
        ({"g_ae": 0.0}, "one of them other than 0"),
        ({}, "one of them other than 0"),
        ({"g_ae": math.nan}, "finite couplings"),
    ],
)
def test_bad_directions(couplings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as told:
        direction(MASS, couplings)
    assert message in str(told.value)
