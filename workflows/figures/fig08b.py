"""Fig. 8b: the acceptance of PADME for several ratios of the couplings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.base import (
    BLUE,
    GREEN,
    LINES,
    ORANGE,
    PURPLE,
    VERMILLION,
    Curve,
    Figure,
    Progress,
    band,
    panels,
    quiet,
    scaled,
    tracked,
)
from alphoton.workflows.figures.fig08a import EVENTS, MASSES
from alphoton.workflows.figures.samples import ALONE, acceptances, efficiency_curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

RATIOS = {0.1: (BLUE, 4), 1.0: (GREEN, 2), 10.0: (PURPLE, 2), 100.0: (ORANGE, 6), 1000.0: (VERMILLION, 3)}
"""g_ae / g_agamma, with colours and line widths: the last two lie upon each other."""


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """The share of the events that is selected, at every ratio from the same balanced sample, with interference."""
    experiment = load_experiment("padme")
    couplings = {**ALONE, **{f"ratio_{ratio:g}": (1.0, ratio) for ratio in RATIOS}}
    found = [acceptances(experiment, mass, events, couplings, point) for point, mass in enumerate(tracked(masses, progress))]
    return [efficiency_curve(name, masses, [point[name] for point in found]) for name in couplings]


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for ratio, (color, linewidth) in RATIOS.items():
        label = rf"$g_{{ae}}/g_{{a\gamma}} = {ratio:g}$"
        band(axes, scaled(curves[f"ratio_{ratio:g}"], x=1e3), color=color, linewidth=linewidth, label=label)
    for name, linestyle in zip(ALONE, ("dotted", "dashed"), strict=True):
        label = LINES[name]["label"] + " alone"
        band(axes, scaled(curves[name], x=1e3), color="black", linewidth=1.2, linestyle=linestyle, label=label)
    axes.set(xlim=(0, 24), ylim=(0, 1), xlabel=r"$m_a$ [MeV]", ylabel="acceptance")
    axes.legend(ncols=2)
    return canvas


FIGURE = Figure(
    "fig08b", "Acceptance of PADME against the mass of the ALP for several ratios of the couplings", compute, draw
)
