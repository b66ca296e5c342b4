"""The improved Weizsaecker-Williams form of bremsstrahlung (Tsai, Phys. Rev. D34 (1986) 1326): a curve to compare with.

It is what much of the literature uses, and too large by 1.4 to 40 at m_a >= 100 MeV; alphoton's events do not use it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.matter.form_factors import squared_form_factor

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard


def of_card(card: ProcessCard) -> float | None:
    """The cross-section in pb of a bremsstrahlung card on a thin target, at its coupling; None for any other card."""
    if card.process != "bremsstrahlung" or card.beams.thickness > 0:
        return None
    parts = (
        collision.share
        * cross_section(card.beams.beam_energy, card.mass, collision.atomic_number, collision.atomic_mass, card.energy_cut)
        for collision in card.collisions()
    )
    return card.model.g_ae**2 * sum(parts)


def spectrum(x: float, m_a: float) -> float:
    """The shape x (1 + 2 f/3) / (1 + f)^2 with f = m_a^2 (1 - x) / (m_e^2 x^2), x = E_a / E."""
    f = m_a**2 * (1 - x) / (ELECTRON_MASS * x) ** 2
    return x * (1 + 2 * f / 3) / (1 + f) ** 2


def photon_flux(energy: float, m_a: float, Z: float, A: float) -> float:
    """chi = int dt (t - t_min) / t^2 G2(t) from t_min = (m_a^2 / 2 E)^2 to m_a^2 + m_e^2."""
    from scipy.integrate import quad

    t_min, t_max = (m_a**2 / (2 * energy)) ** 2, m_a**2 + ELECTRON_MASS**2

    def integrand(log_t: float) -> float:
        t = math.exp(log_t)
        return (t - t_min) / t * squared_form_factor(t, Z, A, 0.0, 0.0)

    return float(quad(integrand, math.log(t_min), math.log(t_max), limit=500, epsrel=1e-9)[0])


def cross_section(energy: float, m_a: float, Z: float, A: float, energy_cut: float = 0.0) -> float:
    """The cross-section in pb at g_ae = 1 /GeV for ALPs above `energy_cut` and m_a (GeV), integrated over angles.

    dsigma/dx = alpha^2 (g_ae^2 / 4 pi) chi x (1 + 2 f/3) / (1 + f)^2 (physics sheet, section 3).
    """
    from scipy.integrate import quad

    largest = 1 - max(energy_cut, m_a) / energy  # 1 - x, logarithmic: the peak is at x -> 1
    shape = quad(
        lambda log_u: spectrum(1 - math.exp(log_u), m_a) * math.exp(log_u),
        math.log(ELECTRON_MASS / energy * 1e-9),
        math.log(largest),
        limit=500,
        epsrel=1e-9,
    )[0]
    return float(GEV2_PB * ALPHA**2 / (4 * math.pi) * photon_flux(energy, m_a, Z, A) * shape)
