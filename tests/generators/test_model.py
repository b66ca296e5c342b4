"""Widths, thresholds and the loop-induced photon coupling, Eqs. (3)-(10) of arXiv:2012.07894."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.model import Couplings, branching_ratios, loop_coupling, loop_function, widths
from reference.dirac import MP, Number


def b1(tau: Number) -> complex:
    """Eq. (10) with 50 digits."""
    tau = MP.convert(tau)
    if tau >= 1:
        f = MP.asin(1 / MP.sqrt(tau))
    else:
        root = MP.sqrt(1 - tau)
        f = MP.pi / 2 + MP.mpc(0, 1) / 2 * MP.log((1 + root) / (1 - root))
    return complex(1 - tau * f**2)


TAUS = [*np.logspace(-8, 8, 65), 1 - 1e-12, 1 + 1e-12, 1 - 1e-6, 1 + 1e-6, 9999.0, 10001.0]


@pytest.mark.parametrize("tau", TAUS)
def test_loop_function(tau: float) -> None:
    """Real and imaginary part each; between 1 and 1e4 the difference costs four digits of sixteen."""
    found, expected = loop_function(tau), b1(tau)
    assert found.real == pytest.approx(expected.real, rel=1e-11)
    assert found.imag == pytest.approx(expected.imag, rel=1e-12, abs=0)


def test_loop_function_is_an_integral() -> None:
    """The Feynman-parameter form of the triangle: B1 = 1 + tau/2 int_0^1 dx/x ln(1 - 4x(1-x)/tau - i0).

    It knows nothing of arcsines, and fixes the sign of the imaginary part by m^2 - i0.
    """

    def integrand(tau: float, x: Number) -> Number:
        return MP.log(1 - 4 * x * (1 - x) / tau - MP.mpc(0, "1e-40")) / x

    for tau in (0.01, 0.3, 0.9, 1.5, 20.0):
        with MP.workdps(20):
            root = MP.sqrt(1 - tau) if tau < 1 else 0
            cuts = [0, (1 - root) / 2, 0.5, (1 + root) / 2, 1] if tau < 1 else [0, 0.5, 1]
            value = 1 + MP.mpf(tau) / 2 * MP.quad(partial(integrand, tau), cuts)
        assert loop_function(tau) == pytest.approx(complex(value), rel=1e-9)


def test_limits_of_the_loop_function() -> None:
    assert loop_function(0) == 1
    assert loop_function(1e8) == pytest.approx(-1 / 3e8, rel=1e-7)
    assert loop_function(1.0) == pytest.approx(1 - math.pi**2 / 4, rel=1e-12)
    assert loop_function(1e-8).imag != 0


def test_radiative_coupling() -> None:
    """Eq. (9): alpha/pi = 0.0023; the width takes |g + dg|^2, with the imaginary part."""
    heavy = loop_coupling(1.0, 10.0, ELECTRON_MASS)
    assert heavy == pytest.approx(0.0023228, rel=1e-4)
    m_a, g, g_e = 0.01, 1e-3, 1.0
    loop = ALPHA / math.pi * g_e * b1(4 * ELECTRON_MASS**2 / m_a**2)
    assert abs(loop.imag) > 1e-5
    found = widths(Couplings(m_a, g, g_e, radiative=True))["photons"]
    assert found == pytest.approx(((g + loop.real) ** 2 + loop.imag**2) * m_a**3 / (64 * math.pi), rel=1e-12)
    assert widths(Couplings(m_a, g, g_e))["photons"] == pytest.approx(g**2 * m_a**3 / (64 * math.pi), rel=1e-14)
    assert loop_coupling(1.0, 0.0, ELECTRON_MASS) == 0


@pytest.mark.parametrize("m_a", [1e-4, 0.01, 0.2, 0.3, 5.0])
def test_every_lepton_has_its_loop(m_a: float) -> None:
    """Eq. (9) adds the loops of electron and muon, each with its own threshold; below both the coupling is real."""
    g, g_e, g_mu = 1e-3, 0.7, -0.2
    found = Couplings(m_a, g, g_e, g_mu, radiative=True).photon
    electron, muon = (c * b1(4 * m**2 / m_a**2) for c, m in ((g_e, ELECTRON_MASS), (g_mu, MUON_MASS)))
    assert found == pytest.approx(g + ALPHA / math.pi * (electron + muon), rel=1e-12)
    assert (found.imag == 0) == (m_a < 2 * ELECTRON_MASS)
    alone = Couplings(m_a, g_amu=g_mu, radiative=True).photon
    assert alone == pytest.approx(ALPHA / math.pi * muon, rel=1e-10, abs=0)
    assert (alone.imag == 0) == (m_a < 2 * MUON_MASS)
    assert Couplings(m_a, g, g_e, g_mu).photon == g


@pytest.mark.parametrize("m_a", [1e-4, 0.0011, 0.01, 0.2113, 0.5, 5.0])
def test_widths(m_a: float) -> None:
    """Eqs. (3)-(5) with 50 digits."""
    found = widths(Couplings(m_a, 0.3, 2.0, 0.7, 5.0, 0.04))

    def fermions(g: float, mass: float) -> float:
        g, mass, m = MP.convert(g), MP.convert(mass), MP.convert(m_a)
        return float(g**2 * m * mass**2 / (8 * MP.pi) * MP.sqrt(1 - 4 * mass**2 / m**2)) if m > 2 * mass else 0.0

    assert found == {
        "photons": pytest.approx(0.3**2 * m_a**3 / (64 * math.pi), rel=1e-14),
        "electrons": pytest.approx(fermions(2.0, ELECTRON_MASS), rel=1e-13, abs=0),
        "muons": pytest.approx(fermions(0.7, MUON_MASS), rel=1e-13, abs=0),
        "invisible": pytest.approx(fermions(5.0, 0.04), rel=1e-13, abs=0),
    }
    ratios = branching_ratios(Couplings(m_a, 0.3, 2.0, 0.7, 5.0, 0.04))
    assert sum(ratios.values()) == pytest.approx(1, rel=1e-14)
    assert ratios["photons"] == pytest.approx(found["photons"] / sum(found.values()), rel=1e-14)


@pytest.mark.parametrize(("name", "mass"), [("electrons", ELECTRON_MASS), ("muons", MUON_MASS), ("invisible", 0.04)])
def test_thresholds(name: str, mass: float) -> None:
    """Closed at 2m, open just above it, with the square root of the distance."""
    at, above = (widths(Couplings(2 * mass * (1 + d), 1, 1, 1, 1, 0.04))[name] for d in (0.0, 1e-10))
    assert at == 0
    assert above == pytest.approx(mass**3 * math.sqrt(2e-10) / (4 * math.pi), rel=1e-5)


def test_a_stable_particle() -> None:
    assert set(branching_ratios(Couplings(0.0, 1.0, 1.0, 1.0, 1.0)).values()) == {0.0}
    assert set(branching_ratios(Couplings(1e-3)).values()) == {0.0}
