"""Electromagnetic form factors of an atom, Eqs. (20)-(22) and (28) of arXiv:2012.07894."""

from __future__ import annotations

from numba import float64

from alphoton.generators.constants import ELECTRON_MASS, PROTON_MASS
from alphoton.generators.jit import kernel

PROTON_MOMENT = 2.79
"""mu_p, as in Eq. (20)."""
DIPOLE = 0.71
"""GeV^2, as in Eq. (20)."""


@kernel("UniTuple(float64, 3)(float64, float64)")
def scales(Z: float, A: float) -> tuple[float, float, float]:
    """(a^2, b^2) in 1/GeV^2 of the screening by the atom's electrons, and d = 0.164 GeV^2 A^(-2/3) of the nucleus' size."""
    a2 = (111 / (ELECTRON_MASS * Z ** (1 / 3))) ** 2
    b2 = (773 / (ELECTRON_MASS * Z ** (2 / 3))) ** 2
    return a2, b2, 0.164 * A ** (-2 / 3)


@kernel(float64(float64, float64, float64, float64, float64, float64, float64))
def form_factor(t: float, Z: float, a2: float, b2: float, size: float, squared: float, smallest_a2t: float) -> float:
    """G2(t) = elastic + inelastic, with Z^2 and Z in it; t = -q^2 in GeV^2, and the atom's `scales`.

    `squared` = 1 squares the last inelastic bracket (Bjorken et al., arXiv:0906.0580), 0 leaves it as the paper has it.
    Where a^2 t is below `smallest_a2t` the result is 0: the regulator of Eq. (28) with 1/3, off with 0.
    """
    a2t, b2t = a2 * t, b2 * t
    if a2t < smallest_a2t:
        return 0.0
    elastic = (a2t / (1 + a2t) / (1 + t / size)) ** 2 * Z * Z
    bracket = (1 + t / (4 * PROTON_MASS**2) * (PROTON_MOMENT**2 - 1)) / (1 + t / DIPOLE) ** 4
    if squared != 0:
        bracket *= bracket
    return elastic + (b2t / (1 + b2t)) ** 2 * bracket * Z


def squared_form_factor(t: float, Z: float, A: float, squared: float, smallest_a2t: float) -> float:
    """`form_factor` of an atom by its Z and A."""
    a2, b2, size = scales(Z, A)
    return form_factor(t, Z, a2, b2, size, squared, smallest_a2t)
