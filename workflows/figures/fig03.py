"""Fig. 3: effective cross-sections of Primakoff production and bremsstrahlung in NA64 against the mass, by vegas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.event_source import cross_section
from alphoton.generators.vegas_grid import Integral
from alphoton.workflows.figures.base import LINES, Curve, Figure, Progress, band, panels, quiet, rounded
from alphoton.workflows.figures.samples import process
from alphoton.workflows.parallel import side_by_side

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

CARDS = {"photon": "na64-primakoff", "electron": "na64-bremsstrahlung"}
"""The process card of each curve: 100 GeV electrons on 40 radiation lengths of lead, ALPs above 50 GeV."""
NAMES = {
    "photon": r"Primakoff, $\gamma Z\to aZ$",
    "electron": r"bremsstrahlung, $e^\pm Z\to e^\pm Z a$",
}
MASSES = rounded([*np.geomspace(1e-3, 1.0, 19), *np.geomspace(1.0, 5.0, 9)[1:]])
"""GeV; a little denser above 1 GeV, where the size of the nucleus ends its coherence."""
WORKERS = 2


def effective(name: str, mass: float, point: int) -> Integral:
    """One point; its random numbers are its own, whoever works it out."""
    return cross_section(process(CARDS[name], mass, 1), point).components[name]


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES) -> list[Curve]:
    """Eq. (26) of arXiv:2012.07894 in pb at 1 /GeV, with the errors of the integration."""
    jobs = [(name, mass, point) for name in CARDS for point, mass in enumerate(masses)]
    found: dict[int, Integral] = {}
    for number, integral in side_by_side(effective, jobs, WORKERS):
        found[number] = integral
        progress(len(found), len(jobs))
    curves = []
    for number, name in enumerate(CARDS):
        own = [found[number * len(masses) + point] for point in range(len(masses))]
        values, errors = (np.array([getattr(each, key) for each in own]) for key in ("value", "error"))
        curves.append(Curve(name, np.array(masses), values, errors, "GeV", "pb"))
    return curves


def draw(curves: dict[str, Curve]) -> Canvas:
    """Dotted: photon coupling; solid: electron coupling. The points are where they were integrated, with their errors."""
    canvas, (axes,) = panels()
    for name, curve in curves.items():
        line = {key: LINES[name][key] for key in ("color", "linestyle")}
        band(axes, curve, label=NAMES[name], **line)
        axes.errorbar(curve.x, curve.y, curve.y_error, fmt="o", markersize=3, color=line["color"], linewidth=1)
    axes.set(xscale="log", yscale="log", xlabel=r"$m_a$ [GeV]")
    axes.set(ylabel=r"$\sigma_\mathrm{eff}$ at 1 GeV$^{-1}$ [pb]")
    axes.set(xlim=(0.9e-3, 5.6), ylim=(1e-3, 1e12))
    axes.legend(loc="lower left", title=r"NA64: 100 GeV $e^-$ on lead, $E_a>50$ GeV", alignment="left")
    return canvas


FIGURE = Figure("fig03", "Effective production cross-section of ALPs in NA64 against the mass of the ALP", compute, draw)
