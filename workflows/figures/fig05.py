"""Fig. 5: angle and energy of the photon at BaBar, in the laboratory, for an ALP and a dark photon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.selection import Cut
from alphoton.generators.kinematics import Collision
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.figures.base import (
    COVERAGE,
    LINES,
    Array,
    Curve,
    Figure,
    Progress,
    band,
    panels,
    quiet,
    scaled,
    tracked,
)
from alphoton.workflows.figures.samples import Distribution, Units, generated, generated_weight, process

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASS = 0.020
EVENTS = 3_000_000
ANGLE_BINS, ENERGY_BINS = 90, 30
SAMPLES = {
    "photon": ("babar", ("model.g_agamma=1.8e-4 /GeV", "model.g_ae=0 /GeV")),
    "electron": ("babar", ("model.g_agamma=0 /GeV", "model.g_ae=1e-3 /GeV")),
    "dark_photon": ("babar-darkphoton", ()),
}
"""Process cards and couplings: those of the caption. Each distribution is normalised, so that they drop out."""


def angular_cut() -> Cut:
    """The cut on cos(theta*) at this mass, Eq. (34), on the truth: the paper cuts there."""
    cuts = AnalysisCard.load("babar").selection
    (cut,) = (cut for cut in cuts if cut.holds(MASS))
    return cut.model_copy(update={"quantity": f"true_{cut.quantity}"})


def coverage(collision: Collision) -> Array:
    """The angles in the laboratory that the cut lets pass: tan(theta / 2) = exp(-y) tan(theta* / 2)."""
    cosines = np.array(angular_cut().bounds("fraction"))
    return np.sort(2 * np.arctan(np.exp(-collision.rapidity) * np.tan(np.arccos(cosines) / 2)))


def energies(collision: Collision) -> Array:
    """The photon's energies at the ends of the cut: E = k (gamma + beta gamma cos(theta*)), k = (s - M^2) / (2 sqrt(s))."""
    k = (collision.sqrt_s**2 - MASS**2) / (2 * collision.sqrt_s)
    return k * (collision.energy + collision.momentum_z * np.array(angular_cut().bounds("fraction"))) / collision.sqrt_s


def compute(progress: Progress = quiet, *, events: int = EVENTS) -> list[Curve]:
    """Distributions of the generated photons: theta of all of them, and the energy of those within the angular cut."""
    found = [
        _distributions(name, process(card, MASS, events, *overrides), point)
        for point, (name, (card, overrides)) in enumerate(tracked(list(SAMPLES.items()), progress))
    ]
    return [pair[panel] for panel in (0, 1) for pair in found]


def _distributions(name: str, card: ProcessCard, point: int) -> tuple[Curve, Curve]:
    """Angle and energy of one sample."""
    (collision,) = card.collisions()
    cut = angular_cut()
    angle = Distribution(np.linspace(0, np.pi, ANGLE_BINS + 1))
    lowest, highest = energies(collision)
    energy = Distribution(np.linspace(lowest, highest, ENERGY_BINS + 1))
    for view in generated(card, point):
        inside, weight = cut.passes(view), generated_weight(view)
        angle.fill(view.quantity("true_photon.theta"), weight)
        energy.fill(view.quantity("true_photon.energy")[inside], weight[inside])
    return angle.curve(f"{name}_angle", Units("rad", "1/rad")), energy.curve(f"{name}_energy", Units("GeV", "1/GeV"))


def draw(curves: dict[str, Curve]) -> Canvas:
    """Left: the angle, with the coverage in grey; right: the energy behind the angular cut."""
    canvas, (left, right) = panels(2)
    degree = np.pi / 180
    for name, line in LINES.items():
        band(left, scaled(curves[f"{name}_angle"], x=1 / degree, y=degree), steps=True, **line)
        band(right, curves[f"{name}_energy"], steps=True, **line)
    (collision,) = ProcessCard.load("babar").collisions()
    low, high = coverage(collision) / degree
    left.axvspan(low, high, label=r"$-0.4 < \cos\theta^* < 0.6$", **COVERAGE)
    left.set(yscale="log", xlim=(0, 180), xlabel=r"$\theta_\gamma$ in the laboratory [deg]")
    left.set(ylabel=r"$1/N\ dN/d\theta_\gamma$ [1/deg]")
    right.set(xlim=energies(collision), xlabel=r"$E_\gamma$ in the laboratory [GeV]")
    right.set(ylim=(0.2, 0.6), ylabel=r"$1/N\ dN/dE_\gamma$ [1/GeV]")
    left.legend()
    right.legend(title=r"$-0.4 < \cos\theta^* < 0.6$", loc="upper center")
    return canvas


FIGURE = Figure("fig05", "Angle and energy of the photon at BaBar for an ALP and a dark photon of 20 MeV", compute, draw)
