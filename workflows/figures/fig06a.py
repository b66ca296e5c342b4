"""Fig. 6a: the missing mass squared at PADME of ALPs behind resolution and cuts, and two shapes of the background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alphoton.analysis.counting import passing
from alphoton.analysis.window import bremsstrahlung_shape
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
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
from alphoton.workflows.figures.samples import Distribution, Units, generated_weight, measured, process, shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = {0.005: BLUE, 0.010: GREEN, 0.015: ORANGE, 0.020: VERMILLION}
"""Masses of the ALP, GeV, with the colours they are drawn in."""
EVENTS = 200_000
EDGES = np.linspace(-150e-6, 600e-6, 151)
"""GeV^2; every distribution is normalised between the first and the last."""
UNITS = Units("GeV^2", "1/GeV^2")
BACKGROUNDS = {"background_flat": "flat", "background_bremsstrahlung": "like bremsstrahlung"}


def compute(progress: Progress = quiet, *, masses: Sequence[float] = tuple(MASSES), events: int = EVENTS) -> list[Curve]:
    """The selected events of ALPs with both couplings 1 /GeV (the card's), and the backgrounds."""
    experiment = load_experiment("padme")
    signals = [_signal(experiment, mass, events, point) for point, mass in enumerate(tracked(masses, progress))]
    return [*signals, *_backgrounds(experiment)]


def _signal(experiment: Experiment, mass: float, events: int, point: int) -> Curve:
    found = Distribution(EDGES)
    for view in measured(process("padme", mass, events), experiment.detector, point):
        selected = passing(experiment.analysis, view)[-1][1]
        found.fill(view.quantity("missing_mass2")[selected], generated_weight(view)[selected])
    return found.curve(f"alp_{mass * 1e3:g}mev", UNITS)


def _backgrounds(experiment: Experiment) -> list[Curve]:
    """Flat over the card's range, the default of the limits; and photons of bremsstrahlung within the cuts."""
    card = experiment.analysis
    beam: Any = experiment.processes[0].collisions()[0].as_dict()
    assert card.counting is not None
    assert card.counting.background is not None
    assert card.counting.background.range is not None
    flat = np.array(card.counting.background.range), np.ones(1)
    shapes = {"background_flat": flat, "background_bremsstrahlung": bremsstrahlung_shape(card, beam)}
    return [shape(name, edges, content, EDGES, UNITS) for name, (edges, content) in shapes.items()]


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for mass, color in MASSES.items():
        curve = scaled(curves[f"alp_{mass * 1e3:g}mev"], x=1e6, y=1e-6)
        band(axes, curve, steps=True, color=color, label=rf"$m_a = {mass * 1e3:g}$ MeV")
    for (name, label), color in zip(BACKGROUNDS.items(), ("black", GREY), strict=True):
        options = {"color": color, "linestyle": "dashdot", "label": f"background, {label}"}
        band(axes, scaled(curves[name], x=1e6, y=1e-6), steps=True, **options)
    axes.set(yscale="log", xlabel=r"$M^2_\mathrm{miss}$ [MeV$^2$]", ylabel=r"$1/N\ dN/dM^2_\mathrm{miss}$ [1/MeV$^2$]")
    axes.set(xlim=(-150, 600), ylim=(1e-4, 0.7))
    axes.legend(ncols=2)
    return canvas


FIGURE = Figure("fig06a", "Missing mass squared at PADME: ALPs of some masses and the background", compute, draw)
