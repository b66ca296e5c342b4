"""The a gamma* gamma* vertex of a fermion's loop, from its Feynman parameters and from its cut; no code of the package.

B1 = 1 + 2 m^2 C0 is the anomaly and the pseudoscalar triangle; `amplitudes.loop_induced_coupling` has the traces.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import dblquad, quad
from scipy.interpolate import CubicSpline

from reference.amplitudes import triangle
from reference.dirac import MP, Number


def one_virtual(m_a: Number, q2: Number, m: Number) -> complex:
    """B1 with one photon on its mass shell, by the integral over a Feynman parameter, good to 1e-14."""
    with MP.workdps(24):
        return complex(1 - 2 * MP.convert(m) ** 2 * triangle(MP.convert(m_a) ** 2, q2, m))


def two_virtual(m_a2: float, q1: float, q2: float, m: float) -> float:
    """B1 with both photons virtual, by the integral over both Feynman parameters, below every threshold.

    Lines 1, 2, 3 of the triangle with parameters x, y, z meet in pairs at the ALP (x, y) and the photons.
    """

    def integrand(y: float, x: float) -> float:
        z = 1 - x - y
        return 1 / (1 - (x * y * m_a2 + y * z * q1 + x * z * q2) / m**2)

    return 1 - 2 * float(dblquad(integrand, 0, 1, 0, lambda x: 1 - x, epsabs=0, epsrel=1e-9)[0])


def dispersive(m_a2: float, q2: float, m: float) -> complex:
    """B1 from its cut in m_a^2 alone: Im C0 = Im B0 <1/((l-k)^2 - m^2)>, Re C0 its dispersion integral; q2 < 4 m^2.

    Both leptons of the cut loop are on their mass shell with velocity beta: Im B0 = pi beta, and the third propagator,
    -(s - q2) (1 - beta c) / 2, is averaged over their direction. No subtraction: C0 falls like ln^2(s) / s.
    """

    def imaginary(s: float) -> float:
        beta = math.sqrt(1 - 4 * m**2 / s)
        average = quad(lambda c: -1 / ((s - q2) * (1 - beta * c)), -1, 1, epsrel=1e-11)[0]
        return math.pi * beta * float(average)

    threshold = 4 * m**2

    def over(v: float) -> float:  # s = threshold / (1 - v^2): the rise sqrt(s - threshold) is smooth in v
        s = threshold / (1 - v * v)
        return imaginary(s) * 2 * v * s / (1 - v * v) / (s - m_a2) / math.pi

    if m_a2 <= threshold:
        return complex(1 + 2 * m**2 * float(quad(over, 0, 1, epsabs=0, epsrel=1e-9, limit=200)[0]))
    pole = math.sqrt(1 - threshold / m_a2)
    # s - m_a^2 = (v - pole) (v + pole) threshold / ((1 - v^2) (1 - pole^2))
    top = (1 + pole) / 2

    def residue(v: float) -> float:
        return over(v) * (v - pole)

    principal = quad(residue, 0, top, weight="cauchy", wvar=pole, epsabs=0, epsrel=1e-9, limit=200)[0]
    principal += quad(over, top, 1, epsabs=0, epsrel=1e-9, limit=200)[0]
    return 1 + 2 * m**2 * complex(float(principal), imaginary(m_a2))


def spacelike(m_a: float, m: float) -> Callable[[Number], Number]:
    """B1 as a function of t = -q2 > 0 (number or array), by an integral over a Feynman parameter that falls apart there:

    B1 = 1 + 2 m^2 / (m_a^2 + t) [K - J(t)] with K = int dx/x ln(1 - x(1-x) m_a^2/m^2 - i0) and
    J = int dx/x ln(1 + x(1-x) t/m^2). J is interpolated in ln t, to 1e-6.
    """
    K = complex(-(MP.convert(m_a) ** 2) * triangle(MP.convert(m_a) ** 2, 0, m))

    nodes, weights = np.polynomial.legendre.leggauss(20)

    def J(log_t: float) -> float:
        first = min(0.0, 2 * math.log(m) - log_t) - 36  # y = ln x; below, what is left is 1e-15
        edges = np.linspace(first, 0, 2 + int(-first))
        half = (edges[1] - edges[0]) / 2
        y = (edges[:-1] + half)[:, None] + half * nodes
        return float((half * weights * np.log1p(-np.exp(y) * np.expm1(y) * math.exp(log_t) / m**2)).sum())

    grid = np.linspace(math.log(1e-26), math.log(1e6), 400)
    fitted = CubicSpline(grid, np.log([J(float(y)) for y in grid]))

    def b1(t: Number) -> Number:
        return 1 + 2 * m**2 / (m_a**2 + t) * (K - np.exp(fitted(np.log(t))))

    return b1
