"""e+ e- -> gamma a, exact in m_e: photon coupling (s channel), electron coupling (t and u channel), interference.

The formulas integrate to Eq. (18) of arXiv:2012.07894. They are sums of terms that are never negative: nothing cancels
at threshold (M -> sqrt(s)) or along the beams (|c| -> 1). The interference is positive for g_ag g_ae > 0 where
the electron loop adds alpha g_ae / pi to g_ag: the sign of Eqs. (9) and (18), which is eps^0123 = +1 with
gamma5 = i gamma0 gamma1 gamma2 gamma3. With the eps^0123 = -1 printed below Eq. (1) both would change sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.processes import photon_recoil
from alphoton.generators.processes.base import Component, Particle, Process
from alphoton.generators.processes.photon_recoil import BETA, MASS, SQRT_S, S, collinear

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

M2 = ELECTRON_MASS**2


PHOTON, FLAT, SHAPED, MIXED = range(12, 16)
"""Places in the parameters, behind those of `photon_recoil`: what the terms below have in front of them."""


@kernel(float64(float64, float64[::1]))
def _photon(D: float, p: Array) -> float:
    """D dsigma/dc of the photon coupling."""
    return p[PHOTON] * (3 - p[BETA] ** 2 - D) * D


@kernel(float64(float64, float64[::1]))
def _electron(shape: float, p: Array) -> float:
    """D dsigma/dc of the electron coupling, with shape = 1 - 4 m^2 / (s D)."""
    return p[FLAT] + p[SHAPED] * shape


@kernel(DENSITY)
def photon_density(x: Array, p: Array) -> float:
    """Photon coupling: dsigma/dc = alpha g_ag^2 (s-M^2)^3 / (64 beta s^3) [2 - beta^2 (1 - c^2)], at 1 /GeV in pb."""
    D, _, jacobian = collinear(x[0], p)
    return _photon(D, p) * jacobian


@kernel(DENSITY)
def electron_density(x: Array, p: Array) -> float:
    """Electron coupling: dsigma/dc = alpha g_ae^2 m^2 / (2 beta s^2 (s-M^2)) [(s^2+M^4)/D - 8 M^2 m^2/D^2], 1 /GeV, pb.

    The bracket is [(s-M^2)^2 + 2 M^2 s (1 - 4 m^2/(s D))] / D.
    """
    _, shape, jacobian = collinear(x[0], p)
    return _electron(shape, p) * jacobian


@kernel(DENSITY)
def interference_density(x: Array, p: Array) -> float:
    """Interference: dsigma/dc = alpha g_ag g_ae m^2 (s-M^2)^2 / (2 beta s^3 D), at 1 /GeV each in pb; flat in eta."""
    return p[MIXED] * collinear(x[0], p)[2]


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx at the card's couplings."""
    D, shape, jacobian = collinear(x[0], p)
    return (p[0] * _photon(D, p) + p[1] * _electron(shape, p) + p[2] * p[MIXED]) * jacobian


@kernel(void(float64[:, ::1], float64[::1], float64[:, ::1]))
def fill_unit_densities(x: Array, p: Array, out: Array) -> None:
    """Fill `out` (3, n) as `unit_densities` gives it."""
    for i in range(len(x)):
        D, shape, jacobian = collinear(x[i, 0], p)
        out[0, i], out[1, i], out[2, i] = _photon(D, p), _electron(shape, p), p[MIXED]
        for k in range(3):
            out[k, i] *= jacobian


def unit_densities(x: Array, p: Array) -> Array:
    """(3, n): the densities of the three components at the points x (n, 1)."""
    out = np.empty((3, len(x)))
    fill_unit_densities(x, p, out)
    return out


def couplings(card: ProcessCard) -> Array:
    """(|g_ag|^2, g_ae^2, Re(g_ag) g_ae) in 1/GeV^2; the last is 0 where the interference is switched off.

    A loop-induced part of g_ag is taken on the ALP's mass shell with real photons, which is an approximation here.
    """
    g_ag, g_ae = card.couplings.photon, card.model.g_ae
    return np.array([abs(g_ag) ** 2, g_ae**2, g_ag.real * g_ae if card.interference else 0.0])


def place_factors(p: Array) -> None:
    """Write the factors of the formulas above, pb GeV^2, into the parameters; they follow from those of `photon_recoil`."""
    s, beta = p[S], p[BETA]
    gap = (p[SQRT_S] - p[MASS]) * (p[SQRT_S] + p[MASS])  # s - M^2
    factor = GEV2_PB * ALPHA / (2 * beta)
    electron = factor * M2 / s**2
    p[PHOTON] = factor / 32 * (gap / s) ** 3
    p[FLAT], p[SHAPED] = electron * gap, electron * 2 * p[MASS] ** 2 * s / gap
    p[MIXED] = factor * M2 * (gap / s) ** 2 / s


def parameters(card: ProcessCard, collision: Collision) -> Array:
    """Those of `photon_recoil`, and the factors of the formulas above in pb GeV^2."""
    p = np.append(photon_recoil.parameters(couplings(card), card.mass, collision), np.zeros(4))
    place_factors(p)
    return p


PROCESS = Process(
    name="annihilation",
    reaction="E+ E- --> GAMMA ALP",
    dimension=1,
    components=(
        Component("photon", {"g_agamma": 2}, photon_density),
        Component("electron", {"g_ae": 2}, electron_density),
        Component("interference", {"g_agamma": 1, "g_ae": 1}, interference_density, own_sample=False),
    ),
    density=density,
    unit_densities=unit_densities,
    couplings=couplings,
    parameters=parameters,
    final_state=photon_recoil.final_state,
    particles=lambda card, _: (Particle(PHOTON_ID, 0.0), Particle(card.ids.alp, card.mass)),
    threshold=lambda card, _: card.mass,
)
