"""Explicit Dirac matrices, spinors and polarisation vectors in any precision.

Everything is a numpy array of Python objects, so that the same lines run in double precision (`mpmath.fp`) and with
50 digits (`MP`). Metric (+,-,-,-); all vectors carry upper indices; Dirac representation;
gamma5 = i gamma^0 gamma^1 gamma^2 gamma^3 (+1 for right-handed particles), so that
Tr[gamma^0 gamma^1 gamma^2 gamma^3 gamma5] = -4i whatever the sign of eps^{0123}.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray
from scipy import constants

Array = NDArray[np.object_]
Number = Any  # int, float, complex, or a number of an mpmath context
Context = Any  # mpmath.fp (doubles) or an mpmath.mp context

MP = mpmath.mp.clone()  # a context of our own: nobody else's precision changes
MP.dps = 50

# CODATA through scipy.constants; hbar, c and e are exact in the SI of 2019.
ALPHA = constants.fine_structure
M_E = constants.physical_constants["electron mass energy equivalent in MeV"][0] * 1e-3  # GeV
GEV2_TO_PB = (constants.hbar * constants.c / constants.e * 1e-9) ** 2 * 1e40  # (hbar c)^2: GeV^2 m^2 to GeV^2 pb

# eps^{0123}, upper indices. +1 is the sign for which the electron loop adds to g_ag as in Eq. (9) of arXiv:2012.07894;
# with the -1 printed below its Eq. (1) both the loop and the interference change sign (see `test_amplitudes.py`).
EPSILON_0123 = 1


def exact(rows: Sequence[Sequence[complex]]) -> Array:
    """A matrix of small exact numbers, integers wherever possible (a product with an integer is exact and fast)."""
    return np.array([[int(x.real) if x.imag == 0 else x for x in map(complex, row)] for row in rows], dtype=object)


IDENTITY = exact(np.eye(4).tolist())
PAULI = [exact([[0, 1], [1, 0]]), exact([[0, -1j], [1j, 0]]), exact([[1, 0], [0, -1]])]
GAMMA = [
    exact(np.diag([1, 1, -1, -1]).tolist()),
    *(exact(np.kron([[0, 1], [-1, 0]], sigma.astype(complex)).tolist()) for sigma in PAULI),
]
GAMMA5 = exact((1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]).tolist())
METRIC = (1, -1, -1, -1)


def vector(*components: Number) -> Array:
    """A four-vector (t, x, y, z) with upper indices."""
    return np.array(components, dtype=object)


def dot(p: Array, q: Array) -> Number:
    """p.q = p^0 q^0 - p^1 q^1 - p^2 q^2 - p^3 q^3."""
    return sum(g * a * b for g, a, b in zip(METRIC, p, q, strict=True))


def slash(p: Array) -> Array:
    """p-slash = gamma^mu p_mu."""
    total: Array = sum(gamma * (g * a) for gamma, g, a in zip(GAMMA, METRIC, p, strict=True))
    return total


def parity(order: tuple[int, ...]) -> int:
    """Sign of a permutation of 0, 1, 2, 3."""
    return round(float(np.linalg.det(np.eye(len(order))[list(order)])))


PERMUTATIONS = [(order, parity(order)) for order in permutations(range(4))]


def levi_civita(a: Array, b: Array, c: Array, epsilon_0123: int = EPSILON_0123) -> Array:
    """The vector eps^{mu nu alpha beta} a_mu b_nu c_alpha with upper index beta."""
    total = [0, 0, 0, 0]
    for (i, j, k, beta), sign in PERMUTATIONS:
        lowered = METRIC[i] * METRIC[j] * METRIC[k]
        total[beta] += epsilon_0123 * sign * lowered * a[i] * b[j] * c[k]
    return vector(*total)


def spinors_u(p: Array, m: Number, context: Context) -> Array:
    """Columns u(p, up), u(p, down) = (p-slash + m) (xi, 0) / sqrt(E + m), with ubar u = 2m."""
    result: Array = (slash(p) + IDENTITY * m)[:, :2] / context.sqrt(p[0] + m)
    return result


def spinors_v(p: Array, m: Number, context: Context) -> Array:
    """Columns v(p, up), v(p, down) = (m - p-slash) (0, eta) / sqrt(E + m), with vbar v = -2m."""
    result: Array = (IDENTITY * m - slash(p))[:, 2:] / context.sqrt(p[0] + m)
    return result


def bar(spinors: Array) -> Array:
    """Rows psibar = psi^dagger gamma^0."""
    result: Array = spinors.conjugate().T @ GAMMA[0]
    return result
