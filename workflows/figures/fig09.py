"""Fig. 9: the photon's energy against its angle at PADME, one curve a mass: kinematics, no events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.generators.kinematics import Collision
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.figures.base import COVERAGE, Array, Curve, Figure, Progress, band, panels, quiet, scaled, tracked

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = (0.001, 0.005, 0.010, 0.015, 0.018, 0.020, 0.022, 0.023)
THETA = np.linspace(0, 0.100, 201)
"""rad"""


def photon_energy(theta: Array, mass: float, collision: Collision) -> Array:
    """E(theta) = (s - M^2) / (2 [(E_b - P_b) + 2 P_b sin^2(theta / 2)]), from (P_beams - p_photon)^2 = M^2."""
    slow = collision.energy - collision.momentum_z
    gap = (collision.sqrt_s - mass) * (collision.sqrt_s + mass)
    return gap / (2 * (slow + 2 * collision.momentum_z * np.sin(theta / 2) ** 2))


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES) -> list[Curve]:
    """Exact for electrons at rest: no errors."""
    (collision,) = ProcessCard.load("padme").collisions()
    return [
        Curve(f"m_{mass * 1e3:g}mev", THETA, photon_energy(THETA, mass, collision), np.zeros_like(THETA), "rad", "GeV")
        for mass in tracked(masses, progress)
    ]


def draw(curves: dict[str, Curve]) -> Canvas:
    """Dashed: the borders of the calorimeter; grey: what the analysis accepts."""
    from matplotlib import colormaps

    canvas, (axes,) = panels()
    for mass in MASSES:
        color = colormaps["viridis"](mass / max(MASSES) * 0.9)
        band(axes, scaled(curves[f"m_{mass * 1e3:g}mev"], x=1e3, y=1e3), color=color, label=rf"{mass * 1e3:g} MeV")
    card = AnalysisCard.load("padme")
    angles, energies = (np.array(card.photon_range(f"photon.{name}")) * 1e3 for name in ("theta", "energy"))
    axes.fill_between(angles, *energies, **COVERAGE)
    axes.vlines(angles, 0, 1, transform=axes.get_xaxis_transform(), color="black", linestyle="dashed", linewidth=1.2)
    axes.set(xlim=(0, 100), ylim=(5, 800), yscale="log", xlabel=r"$\theta_\gamma$ [mrad]", ylabel=r"$E_\gamma$ [MeV]")
    axes.yaxis.set_major_formatter("{x:g}")
    for angle, name in ((angles[0] / 2, "SAC"), (angles.mean(), "ECAL")):
        axes.text(angle, 590, name, ha="center")
    canvas.legend(title=r"$m_a$", loc="outside right center")
    return canvas


FIGURE = Figure("fig09", "Energy of the photon against its angle at PADME, one curve a mass of the ALP", compute, draw)
