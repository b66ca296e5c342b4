"""The model: couplings, the loop-induced photon coupling, widths. Eqs. (1)-(10) of arXiv:2012.07894."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS

COUPLING_UNITS = {"g_agamma": "1/GeV", "g_ae": "1/GeV", "g_amu": "1/GeV", "g_achi": "1/GeV", "epsilon": "1"}


@dataclass(frozen=True)
class Couplings:
    """Couplings in 1/GeV, masses in GeV. `radiative` adds the leptons' loops to the photon coupling."""

    m_a: float
    g_agamma: float = 0.0
    g_ae: float = 0.0
    g_amu: float = 0.0
    g_achi: float = 0.0
    m_chi: float = 0.0
    radiative: bool = False

    @property
    def photon(self) -> complex:
        """g_agamma with the loops of Eq. (9) where they are switched on; complex above the leptons' thresholds."""
        if not self.radiative:
            return complex(self.g_agamma)
        electron = loop_coupling(self.g_ae, self.m_a, ELECTRON_MASS)
        return self.g_agamma + electron + loop_coupling(self.g_amu, self.m_a, MUON_MASS)


def loop_function(tau: float) -> complex:
    """B1(tau) = 1 - tau f(tau)^2, Eq. (10); f is complex for tau < 1. B1 -> 1 for tau -> 0, -1/(3 tau) for tau >> 1."""
    if tau <= 0:
        return 1 + 0j
    if tau > 1e4:  # 1 - tau arcsin^2(1/sqrt(tau)) cancels: its series in 1/tau
        return complex(-1 / (3 * tau) - 8 / (45 * tau**2) - 4 / (35 * tau**3))
    if tau >= 1:
        return complex(1 - tau * math.asin(1 / math.sqrt(tau)) ** 2)
    root = math.sqrt(1 - tau)
    # ln((1+root)/(1-root)) = 2 ln(1+root) - ln(tau), without the cancellation of 1 - root
    f = 0.5j * (2 * math.log1p(root) - math.log(tau)) + math.pi / 2
    return 1 - tau * f**2


def loop_coupling(g_lepton: float, m_a: float, mass: float) -> complex:
    """The photon coupling that a lepton's loop adds, Eq. (9): (alpha/pi) g B1(4 m^2/m_a^2), in 1/GeV."""
    if m_a == 0:
        return 0j
    return ALPHA / math.pi * g_lepton * loop_function(4 * mass**2 / m_a**2)


def photon_width(coupling: complex, m_a: float) -> float:
    """a -> gamma gamma: |g|^2 m_a^3 / (64 pi), Eq. (3), in GeV."""
    return abs(coupling) ** 2 * m_a**3 / (64 * math.pi)


def fermion_width(coupling: float, mass: float, m_a: float) -> float:
    """a -> f fbar: g^2 m_f^2 m_a sqrt(1 - 4 m_f^2/m_a^2) / (8 pi), Eqs. (4) and (5), in GeV; 0 below threshold."""
    if m_a <= 2 * mass:
        return 0.0
    return coupling**2 * mass**2 * m_a * math.sqrt((1 - 2 * mass / m_a) * (1 + 2 * mass / m_a)) / (8 * math.pi)


VISIBLE = ("photons", "electrons", "muons")
INVISIBLE = ("invisible",)


def widths(couplings: Couplings) -> dict[str, float]:
    """The partial widths in GeV: `photons`, `electrons`, `muons`, `invisible`."""
    m_a = couplings.m_a
    return {
        "photons": photon_width(couplings.photon, m_a),
        "electrons": fermion_width(couplings.g_ae, ELECTRON_MASS, m_a),
        "muons": fermion_width(couplings.g_amu, MUON_MASS, m_a),
        "invisible": fermion_width(couplings.g_achi, couplings.m_chi, m_a),
    }


def branching_ratios(couplings: Couplings) -> dict[str, float]:
    """Partial over total width; all 0 for a stable particle."""
    partial = widths(couplings)
    total = sum(partial.values())
    return {name: width / total if total > 0 else 0.0 for name, width in partial.items()}
