"""The vertex a gamma gamma* of a lepton's loop: Feynman parameters, its cut, explicit traces, 50 digits, and its limits."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.loop_vertex import SMALL, loops, vertex
from alphoton.generators.model import loop_coupling, loop_function
from reference import amplitudes, loop_vertex
from reference.dirac import M_E, MP, Number, vector

MASSES = (1e-4, 9e-4, 1.2e-3, 0.01, 1.0)
"""GeV, on both sides of 2 m_e."""
VIRTUALITIES = (-100.0, -1e-3, -3e-7, -1e-10, 2e-7, 5.6e-4, 111.9364, 4e4)
"""GeV^2: a nucleus's photons, below 4 m_e^2, PADME, a B factory, LEP 2."""


def b1(m_a: float, q2: float, m: float = ELECTRON_MASS) -> complex:
    return vertex(m_a**2 / (4 * m**2), q2 / (4 * m**2))


@pytest.mark.parametrize("m_a", MASSES)
def test_feynman_parameters(m_a: float) -> None:
    """Real and imaginary part, with the sign of m^2 - i0; the on-shell constant is another number."""
    for q2 in VIRTUALITIES:
        if q2 > 0 and q2 < m_a**2:
            continue  # an ALP at rest does not go to a photon and a heavier one, but annihilation has s > m_a^2
        found, expected = b1(m_a, q2), loop_vertex.one_virtual(m_a, q2, ELECTRON_MASS)
        assert found.real == pytest.approx(expected.real, rel=1e-12)
        assert found.imag == pytest.approx(expected.imag, rel=1e-12, abs=0)
        if abs(q2) > 1e-3:
            on_shell = loop_function(4 * ELECTRON_MASS**2 / m_a**2)
            assert abs(on_shell - expected) > 1e-6


@pytest.mark.parametrize(("m_a", "q2"), [(5e-4, -1e-8), (9e-4, 9e-7), (0.002, -1e-4), (0.01, 5e-7), (0.01, -1e-3)])
def test_cut(m_a: float, q2: float) -> None:
    """The imaginary part from leptons on their mass shell, the real one from the dispersion integral over it."""
    found, expected = b1(m_a, q2), loop_vertex.dispersive(m_a**2, q2, ELECTRON_MASS)
    assert found == pytest.approx(expected, rel=1e-8)
    assert found.imag == pytest.approx(expected.imag, rel=1e-10, abs=0)
    assert abs(found - expected.conjugate()) > 1e-3 or m_a < 2 * ELECTRON_MASS


@pytest.mark.parametrize(("m_a", "q2"), [(5e-4, -1e-6), (9e-4, -1e-2), (0.01, -1e-3)])
def test_traces(m_a: float, q2: float) -> None:
    """Dirac traces of both orientations, less the Pauli-Villars regulator: the normalisation, and nothing but one tensor."""
    momenta = (vector(0, 0, 0, 0), vector(*map(MP.mpf, (0.3, -0.2, 1.1, 0.7))))
    loop, same = (amplitudes.loop_induced_coupling(m_a, M_E, momentum, q2=q2) for momentum in momenta)
    regulator = amplitudes.loop_induced_coupling(m_a, 1e6, momenta[0], q2=q2)
    assert abs(same - loop) < 1e-20 * abs(loop)
    unit = MP.convert(amplitudes.ALPHA) / MP.pi
    assert b1(m_a, q2, M_E) == pytest.approx(complex((loop - regulator) / unit), rel=1e-10)


def test_on_shell() -> None:
    """Eqs. (9) and (10)."""
    for m_a in (1e-6, *MASSES, 50.0):
        assert b1(m_a, 0.0) == pytest.approx(loop_function(4 * ELECTRON_MASS**2 / m_a**2), rel=1e-13)
    assert loops(0.01, 0.0, 0.0) == pytest.approx(loop_coupling(1.0, 0.01, ELECTRON_MASS), rel=1e-13)


def closed(a: Number, b: Number) -> complex:
    """1 - [F(a) - F(b)]/(a - b), F = arcsin^2 of the root, as it stands, with 50 digits."""

    def squared(z: Number) -> Number:
        if z > 1:
            return (MP.pi / 2 + 1j * MP.acosh(MP.sqrt(z))) ** 2
        return MP.asin(MP.sqrt(z)) ** 2 if z >= 0 else -(MP.asinh(MP.sqrt(-z)) ** 2)

    a, b = MP.convert(a), MP.convert(b)
    return complex(1 - (squared(a) - squared(b)) / (a - b))


ABOUT = [x * sign for x in (1e-12, 1e-5, SMALL * 0.999, SMALL * 1.001, 0.7, 3.0, 1e4, 1e11) for sign in (1, -1)]
EDGES = [1.0, 1 - 1e-9, 1 + 1e-8, 1 - 1e-6, 1 + 1e-6, 1 - 1e-3, 1 + 1e-3]


def test_nothing_cancels() -> None:
    """Small, large, of either sign, at thresholds; 1 - B1 is what is small where B1 is near 1."""
    for a, b in product([*ABOUT, *EDGES], repeat=2):
        if a == b or abs(a + b) < 1e-3 * abs(a):  # the decoupled vertex passes 0 near a = -b
            continue
        expected = closed(a, b)
        assert vertex(a, b) == pytest.approx(expected, rel=3e-12), (a, b)
        assert vertex(a, b) == vertex(b, a)


@pytest.mark.parametrize("a", [0.3, 0.9, 1.1, 40.0, 1e7, -0.3, -40.0, -1e7, 1e-3])
def test_close_arguments(a: float) -> None:
    """At the threshold of production s -> m_a^2: the slope of F, which a difference of doubles would lose."""
    for distance in (1e-3, 1e-7, 1e-11, 1e-14):
        b = a * (1 + distance)
        assert vertex(a, b) == pytest.approx(closed(a, b), rel=1e-12)
    assert vertex(a, a) == pytest.approx(closed(a, MP.convert(a) * (1 + MP.mpf("1e-25"))), rel=1e-12)


def test_decoupling() -> None:
    """-(m_a^2 + q1^2 + q2^2)/(12 m^2) far below the threshold, with two virtual photons as well; not -m_a^2/(12 m^2)."""
    for m_a2, q1, q2 in ((1e-2, -3e-2, 2e-2), (2e-2, 1e-2, 1e-2), (1e-2, 0.0, -4e-2)):
        found = loop_vertex.two_virtual(m_a2, q1, q2, 1.0)
        assert found == pytest.approx(-(m_a2 + q1 + q2) / 12, rel=0.02, abs=3e-5)
        if q1 == 0:
            assert vertex(m_a2 / 4, q2 / 4).real == pytest.approx(found, rel=1e-6)
            assert abs(found + m_a2 / 12) > 1e-3
    assert vertex(1e-6, -4e-6).real == pytest.approx(1e-6, rel=1e-5)
    assert loop_vertex.two_virtual(0.5, -2.0, 0.0, 1.0) == pytest.approx(vertex(0.125, -0.5).real, rel=1e-8)


def test_far_above() -> None:
    """B1 -> 1 + (m^2/q^2) ln^2(-q^2/m^2) for a light ALP: the anomaly, however light the ALP is."""
    for q2 in (1e2, -1e2, 4e4):
        logarithm = math.log(abs(q2) / ELECTRON_MASS**2) - (1j * math.pi if q2 > 0 else 0)
        expected = ELECTRON_MASS**2 / q2 * logarithm**2
        assert b1(1e-5, q2) - 1 == pytest.approx(expected, rel=1e-4)
    assert abs(loop_function(4 * ELECTRON_MASS**2 / 1e-10)) < 1e-4


def test_loops_of_both_leptons() -> None:
    """Each with its own mass; the muon's in its ratio to the electron's coupling."""
    m_a, q2 = 0.1, -0.02
    parts = [loop_vertex.one_virtual(m_a, q2, m) for m in (ELECTRON_MASS, MUON_MASS)]
    expected = ALPHA / math.pi * (parts[0] - 3 * parts[1])
    assert loops(m_a, q2, -3.0) == pytest.approx(expected, rel=1e-10)
    assert loops(m_a, q2, 0.0) == pytest.approx(ALPHA / math.pi * parts[0], rel=1e-12)
    assert np.isfinite(loops(0.0, 0.0, 1.0))
