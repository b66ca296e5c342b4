"""Fig. 8a: the cross-section of e+ e- -> gamma a at PADME behind resolution and cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from alphoton.workflows.chain import COUPLINGS, load_experiment
from alphoton.workflows.figures.base import LINES, Curve, Figure, Progress, band, panels, quiet, rounded, scaled, tracked
from alphoton.workflows.measurements import in_memory

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = rounded(np.array([*np.arange(1, 20.1, 1), *np.arange(20.25, 22.6, 0.25), *np.arange(22.6, 23.45, 0.1)]) * 1e-3)
"""GeV; dense where the acceptance falls: between 20.65 MeV, where a photon at 80 mrad has 30 MeV, and 22.98 MeV, where one
at 15 mrad has."""
EVENTS = 50_000


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """Cross-section times acceptance in pb at 1 /GeV, for either coupling alone."""
    experiment = load_experiment("padme")
    rates = []
    for point, mass in enumerate(tracked(masses, progress)):
        (card,), _ = experiment.at(mass, events)
        measured = in_memory(card, experiment.detector, experiment.analysis, point)
        rates.append([(rate.value, rate.error) for rate in map(measured.rate, COUPLINGS)])
    values, errors = np.array(rates).transpose(2, 1, 0)
    return [
        Curve(channel, np.array(masses), value, error, "GeV", "pb")
        for channel, value, error in zip(COUPLINGS, values, errors, strict=True)
    ]


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for name in COUPLINGS:
        curve = scaled(curves[name], x=1e3)
        band(axes, replace(curve, y=np.where(curve.y > 0, curve.y, np.nan)), **LINES[name])
    axes.set(
        yscale="log",
        xlim=(0, 24),
        ylim=(1, 4e5),
        xlabel=r"$m_a$ [MeV]",
        ylabel=r"$\sigma \times$ acceptance at 1 GeV$^{-1}$ [pb]",
    )
    axes.legend(loc="lower left")
    return canvas


FIGURE = Figure(
    "fig08a", "Cross-section of e+ e- -> gamma a behind the cuts of PADME against the mass of the ALP", compute, draw
)
