"""The vertex a gamma gamma* of a lepton's loop, with one photon off its mass shell.

The derivative coupling (g/2) (d_mu a) lbar gamma^mu gamma5 l is, by the anomaly, the pseudoscalar triangle and a constant:
(alpha/pi) g B1 is added to g_agamma, with

    B1(m_a^2, q^2) = 1 + 2 m^2 C0(m_a^2, q^2, 0) = 1 - [F(a) - F(b)] / (a - b),  F(z) = arcsin^2(sqrt z),
    a = m_a^2 / (4 m^2),  b = q^2 / (4 m^2),

from C0 = -int dx dy / (m^2 - x y m_a^2 - x (1-x-y) q^2 - i0) over x + y < 1. For b = 0 it is Eq. (10) of arXiv:2012.07894,
1 - tau arcsin^2(1/sqrt tau) with tau = 1/a. B1 -> 1 where the mass or the virtuality, of either sign, is far above 4 m^2,
and -(m_a^2 + q^2) / (12 m^2) where both are far below.
"""

from __future__ import annotations

import math

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.jit import kernel

SMALL = 0.25
"""Below it, 1 less a divided difference near 1 would cancel: its series is taken."""
TERMS = 26
"""Of the series, whose n-th term is at most n SMALL^n."""


@kernel("complex128(float64)")
def _deficit(z: float) -> complex:
    """pi/2 - arcsin(sqrt z) of z + i0 near z = 1 and above, where it is -i arccosh(sqrt z)."""
    return complex(math.asin(math.sqrt(1 - z)), 0) if z < 1 else complex(0, -math.asinh(math.sqrt(z - 1)))


@kernel("complex128(float64)")
def _arcsin(z: float) -> complex:
    """arcsin(sqrt z) of z + i0: imaginary for z < 0, pi/2 + i arccosh(sqrt z) for z > 1."""
    if z < 0:
        return complex(0, math.asinh(math.sqrt(-z)))
    return complex(math.asin(math.sqrt(z)), 0) if z < 0.5 else math.pi / 2 - _deficit(z)


@kernel("float64(float64, float64)")
def _series(a: float, b: float) -> float:
    """-sum_{n>1} c_n (a^{n-1} + a^{n-2} b + ... + b^{n-1}) with arcsin^2(sqrt z) = sum c_n z^n, c_1 = 1."""
    coefficient, powers, power, total = 1.0, 1.0, 1.0, 0.0
    for n in range(1, TERMS):
        coefficient *= 2 * n * n / ((n + 1) * (2 * n + 1))
        power *= b
        powers = a * powers + power
        total -= coefficient * powers
    return total


@kernel("complex128(float64, float64)")
def _slope(a: float, b: float) -> complex:
    """[arcsin(sqrt a) - arcsin(sqrt b)] / (a - b) on one side of 0 and of 1, from the sine of the difference."""
    if b < 0:
        root = math.sqrt(-a * (1 - b)) + math.sqrt(-b * (1 - a))
    elif b < 1:
        root = math.sqrt(a * (1 - b)) + math.sqrt(b * (1 - a))
    else:
        root = math.sqrt(b * (a - 1)) + math.sqrt(a * (b - 1))
    sine = (a - b) / root
    if abs(sine) < 1e-8:
        slope = 1 / root
    elif 0 <= b < 1:
        slope = math.asin(min(1.0, max(-1.0, sine))) / (a - b)
    else:
        slope = math.asinh(sine) / (a - b)
    if b < 0:
        return complex(0, -slope)
    return complex(slope, 0) if b < 1 else complex(0, slope)


@kernel("complex128(float64, float64)")
def vertex(a: float, b: float) -> complex:
    """B1 at a = m_a^2 / (4 m^2) and b = q^2 / (4 m^2), which may be negative; without dimension, symmetric in both."""
    if max(abs(a), abs(b)) < SMALL:
        return complex(_series(a, b), 0)
    first, second = _arcsin(a), _arcsin(b)
    if (a < 0) == (b < 0) and (a < 1) == (b < 1):
        return 1 - (first + second) * _slope(a, b)
    difference = first - second if min(a, b) < 0.5 else _deficit(b) - _deficit(a)
    return 1 - (first + second) * difference / (a - b)


@kernel("complex128(float64, float64, float64)")
def loops(m_a: float, q2: float, muon: float) -> complex:
    """What the loops add to g_agamma for each 1 /GeV of g_ae, at a virtuality q2 (GeV^2); `muon` is g_amu / g_ae."""
    electron = 4 * ELECTRON_MASS * ELECTRON_MASS
    added = vertex(m_a * m_a / electron, q2 / electron)
    if muon != 0:
        heavy = 4 * MUON_MASS * MUON_MASS
        added += muon * vertex(m_a * m_a / heavy, q2 / heavy)
    return ALPHA / math.pi * added
