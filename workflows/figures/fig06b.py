"""Fig. 6b: the resolution in missing mass squared at PADME against the mass of the ALP or dark photon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from alphoton.analysis.counting import Peak
from alphoton.analysis.window import width, width_error
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import REFERENCE_POINTS, Experiment, load_experiment
from alphoton.workflows.figures.base import LINES, Curve, Figure, Progress, band, panels, quiet, rounded, scaled, tracked
from alphoton.workflows.measurements import in_memory

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = rounded(np.array([*np.arange(1, 22.1, 1), 22.5]) * 1e-3)
"""GeV"""
EVENTS = 300_000
SMALLEST_SAMPLE = 400
"""Fewer selected events than this have no width with an error."""


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """Half of the central 68.27% interval of the selected events' missing mass squared, for each channel."""
    alp = load_experiment("padme")
    vector = replace(alp, processes=(ProcessCard.load("padme-darkphoton"),))
    widths = []
    for point, mass in enumerate(tracked(masses, progress)):
        both = _peak(alp, mass, events, point)
        single = _peak(vector, mass, events, REFERENCE_POINTS + point)
        widths.append([_width(peak, channel) for peak, channel in zip((both, both, single), LINES, strict=True)])
    values, errors = np.array(widths).transpose(2, 1, 0)
    return [
        Curve(channel, np.array(masses), value, error, "GeV", "GeV^2")
        for channel, value, error in zip(LINES, values, errors, strict=True)
    ]


def _peak(experiment: Experiment, mass: float, events: int, point: int) -> Peak:
    """The missing masses of the selected events of a sample."""
    (card,), _ = experiment.at(mass, events)
    peak = in_memory(card, experiment.detector, experiment.analysis, point).peak
    assert peak is not None  # the card has a window
    return peak


def _width(peak: Peak, channel: str) -> tuple[float, float]:
    """The width and its error; NaN where too few events are selected."""
    values, weights = peak.of(channel)
    if len(values) < SMALLEST_SAMPLE:
        return np.nan, np.nan
    return width(values, weights), width_error(values, weights)


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for name, line in LINES.items():
        band(axes, scaled(curves[name], x=1e3, y=1e6), **line)
    axes.set(xlim=(0, 24), xlabel=r"$m_X$ [MeV]", ylabel=r"$\sigma(M^2_\mathrm{miss})$ [MeV$^2$]")
    axes.set_ylim(bottom=0)
    axes.legend()
    return canvas


FIGURE = Figure(
    "fig06b", "Resolution in missing mass squared at PADME against the mass of ALP or dark photon", compute, draw
)
