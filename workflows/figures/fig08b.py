"""Fig. 8b: the acceptance of PADME for several ratios of the couplings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.base import LINES, Curve, Figure, Progress, band, panels, quiet, scaled, tracked
from alphoton.workflows.figures.fig08a import EVENTS, MASSES
from alphoton.workflows.figures.samples import ALONE, acceptances, efficiency_curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

RATIOS = {0.1: "#440154", 1.0: "#3b528b", 10.0: "#21918c", 100.0: "#5ec962", 1000.0: "#fde725"}
"""g_ae / g_agamma, with the colours they are drawn in."""


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """The share of the events that is selected, at every ratio from the same balanced sample, with interference."""
    experiment = load_experiment("padme")
    couplings = {**ALONE, **{f"ratio_{ratio:g}": (1.0, ratio) for ratio in RATIOS}}
    found = [
        acceptances(experiment, mass, events, couplings, point) for point, mass in enumerate(tracked(masses, progress))
    ]
    return [efficiency_curve(name, masses, [point[name] for point in found]) for name in couplings]


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for ratio, color in RATIOS.items():
        band(axes, scaled(curves[f"ratio_{ratio:g}"], x=1e3), color=color, label=rf"$g_{{ae}}/g_{{a\gamma}} = {ratio:g}$")
    for name in ALONE:
        band(axes, scaled(curves[name], x=1e3), **LINES[name])
    axes.set(xlim=(0, 24), ylim=(0, 1), xlabel=r"$m_a$ [MeV]", ylabel="acceptance")
    axes.legend(ncols=2)
    return canvas


FIGURE = Figure("fig08b", "Acceptance of PADME against the mass of the ALP for several ratios of the couplings", compute, draw)
