"""Electromagnetic form factors of an atom, Eqs. (20)-(22) and (28) of arXiv:2012.07894."""

from __future__ import annotations

from numba import float64

from alphoton.generators.constants import ELECTRON_MASS, PROTON_MASS
from alphoton.generators.jit import kernel

PROTON_MOMENT = 2.79
"""mu_p, as in Eq. (20)."""
DIPOLE = 0.71
"""GeV^2, as in Eq. (20)."""


@kernel(float64(float64, float64, float64, float64, float64))
def squared_form_factor(t: float, Z: float, A: float, squared: float, smallest_a2t: float) -> float:
    """G2(t) = elastic + inelastic, with Z^2 and Z in it; t = -q^2 in GeV^2.

    `squared` = 1 squares the last inelastic bracket (Bjorken et al., arXiv:0906.0580), 0 leaves it as the paper has it.
    Where a^2 t is below `smallest_a2t` the result is 0: the regulator of Eq. (28) with 1/3, off with 0.
    """
    a2t = (111 / (ELECTRON_MASS * Z ** (1 / 3))) ** 2 * t
    if a2t < smallest_a2t:
        return 0.0
    b2t = (773 / (ELECTRON_MASS * Z ** (2 / 3))) ** 2 * t
    size = 0.164 * A ** (-2 / 3)
    elastic = (a2t / (1 + a2t) / (1 + t / size)) ** 2 * Z * Z
    bracket = (1 + t / (4 * PROTON_MASS**2) * (PROTON_MOMENT**2 - 1)) / (1 + t / DIPOLE) ** 4
    if squared != 0:
        bracket *= bracket
    return elastic + (b2t / (1 + b2t)) ** 2 * bracket * Z
