"""Beyond the paper: a scan of PADME's beam over a resonance, on the electrons of carbon and on electrons at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.energy_scan import points_of, scan_limit, signal
from alphoton.workflows.figures.base import BLUE, VERMILLION, Curve, Figure, Progress, panels, quiet, rounded, tracked

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = rounded(np.linspace(16.4, 17.4, 41) * 1e-3)
SHOWN = 0.017
"""GeV: the mass of the resonance on the left."""
ELECTRONS: dict[str, tuple[str, ...]] = {"bound": (), "at_rest": ("process.beams.bound_electrons=null",)}
DEVIATIONS = ("minus_2", "minus_1", "expected", "plus_1", "plus_2")


def scanned(name: str) -> Experiment:
    """The packaged scan with electrons of a kind."""
    return load_experiment("padme-scan", ELECTRONS[name])


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES) -> list[Curve]:
    """Events a point at g_ae = 1 /GeV against the beam's energy; limits on g_ae to be expected against the mass."""
    curves, x = [], np.array(masses)
    for name in ELECTRONS:
        experiment = scanned(name)
        points = points_of(experiment)
        events = signal(experiment, SHOWN, points)
        curves.append(Curve(f"events_{name}", points.energies, events, np.zeros_like(events), "GeV", "events"))
        bands = np.array([scan_limit(experiment, mass).expected["electron"] for mass in tracked(masses, progress)])
        for limit, values in zip(DEVIATIONS, bands.T, strict=True):
            curves.append(Curve(f"{limit}_{name}", x, values, np.zeros_like(values), "GeV", "1/GeV"))
    return curves


LINES: dict[str, dict[str, Any]] = {
    "bound": {"label": "electrons of carbon", "color": VERMILLION},
    "at_rest": {"label": "electrons at rest", "color": BLUE, "linestyle": "dotted"},
}


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (left, right) = panels(2)
    for name, line in LINES.items():
        events, middle = curves[f"events_{name}"], curves[f"expected_{name}"]
        left.plot(events.x * 1e3, events.y, marker=".", **line)
        right.plot(middle.x * 1e3, middle.y, **line)
    for inner, alpha in ((2, 0.15), (1, 0.3)):
        low, high = curves[f"minus_{inner}_bound"], curves[f"plus_{inner}_bound"]
        right.fill_between(low.x * 1e3, low.y, high.y, color=VERMILLION, alpha=alpha, linewidth=0)
    left.set(xlabel="beam energy [MeV]", ylabel=r"events a point at $g_{ae}$ = 1 GeV$^{-1}$", ylim=(0, None))
    right.set(xlabel=r"$m_a$ [MeV]", ylabel=r"$g_{ae}$ [GeV$^{-1}$], expected limit", ylim=(0, None))
    left.legend(title=r"$m_a$ = 17 MeV", loc="upper left")
    return canvas


FIGURE = Figure("scan", "A scan of PADME's beam over a resonance: events a point, and limits to be expected", compute, draw)
