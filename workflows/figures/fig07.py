"""Fig. 7: the photon's angle of emission at PADME, for ALPs with three sets of couplings and a dark photon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.figures.base import (
    COVERAGE,
    LINES,
    PURPLE,
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

MASSES = (0.010, 0.020)
EVENTS = 500_000
EDGES = np.linspace(0, 0.100, 51)
"""rad; every distribution is normalised between the first and the last."""
COUPLINGS = {
    "photon": (1.8e-4, 0.0),
    "gae_1_gagamma_1": (1.0, 1.0),
    "gae_1_gagamma_0.001": (1e-3, 1.0),
}
"""(g_agamma, g_ae) of the caption's ALPs, 1/GeV."""
SETS = {
    "photon": {**LINES["photon"], "label": r"$g_{a\gamma} = 1.8\times10^{-4}$, $g_{ae} = 0$"},
    "gae_1_gagamma_1": {"label": r"$g_{a\gamma} = 1$, $g_{ae} = 1$", "color": PURPLE, "linestyle": "dashdot"},
    "gae_1_gagamma_0.001": {**LINES["electron"], "label": r"$g_{a\gamma} = 10^{-3}$, $g_{ae} = 1$"},
    "dark_photon": LINES["dark_photon"],
}
"""How they are drawn."""


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """Distributions of the angle at which photons are emitted, before the detector and its cuts; with interference."""
    jobs = [(name, mass) for mass in masses for name in SETS]
    return [_curve(_card(name, mass, events), name, point) for point, (name, mass) in enumerate(tracked(jobs, progress))]


def _card(name: str, mass: float, events: int) -> ProcessCard:
    if name not in COUPLINGS:
        return process("padme-darkphoton", mass, events)
    g_agamma, g_ae = COUPLINGS[name]
    return process("padme", mass, events, f"model.g_agamma={g_agamma!r} /GeV", f"model.g_ae={g_ae!r} /GeV")


def _curve(card: ProcessCard, name: str, point: int) -> Curve:
    found = Distribution(EDGES)
    for view in generated(card, point):
        found.fill(view.quantity("true_photon.theta"), generated_weight(view))
    return found.curve(f"{name}_{card.mass * 1e3:g}mev", Units("rad", "1/rad"))


def draw(curves: dict[str, Curve]) -> Canvas:
    """A panel a mass; grey where the calorimeter is."""
    canvas, axes = panels(2)
    low, high = AnalysisCard.load("padme").photon_range("photon.theta") or (0.0, 0.0)
    for panel, mass in zip(axes, MASSES, strict=True):
        for name, line in SETS.items():
            band(panel, scaled(curves[f"{name}_{mass * 1e3:g}mev"], x=1e3, y=1e-3), steps=True, **line)
        panel.axvspan(low * 1e3, high * 1e3, **COVERAGE)
        panel.text((low + high) / 2 * 1e3, 1.2e-3, "ECAL", ha="center")
        panel.set(yscale="log", xlim=(0, 100), ylim=(1e-3, 0.15), xlabel=r"$\theta_\gamma$ [mrad]")
        panel.set(ylabel=r"$1/N\ dN/d\theta_\gamma$ [1/mrad]")
        panel.legend(title=rf"$m_X = {mass * 1e3:g}$ MeV, couplings in 1/GeV")
    return canvas


FIGURE = Figure("fig07", "Angle of the photon at PADME for ALPs and a dark photon", compute, draw)
