"""Fig. 2: the cross-sections of e+ e- -> gamma a on a target against the ALP's mass, by vegas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.event_source import cross_section
from alphoton.generators.kinematics import on_target
from alphoton.workflows.figures.base import (
    BLUE,
    LINES,
    ORANGE,
    VERMILLION,
    Curve,
    Figure,
    Progress,
    band,
    panels,
    quiet,
    rounded,
    scaled,
    tracked,
)
from alphoton.workflows.figures.samples import process

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

ENERGIES = {0.55: VERMILLION, 1.0: ORANGE, 10.0: BLUE}
"""Total energies of the positron, GeV, with the colours they are drawn in."""
CHANNELS = ("photon", "electron")


def masses(energy: float, points: int = 48) -> tuple[float, ...]:
    """Masses from 1 MeV to 1e-4 below threshold, dense there: the electron channel grows like 1 / (s - m_a^2)."""
    sqrt_s = on_target(energy).sqrt_s
    low = np.geomspace(1e-3, 0.4 * sqrt_s, points // 4, endpoint=False)
    return rounded([*low, *(sqrt_s * (1 - np.geomspace(0.6, 1e-4, points - points // 4)))])


def compute(progress: Progress = quiet, *, energies: Sequence[float] = tuple(ENERGIES), points: int = 48) -> list[Curve]:
    """Cross-sections in pb at 1 /GeV for either coupling alone, with the errors of the integration."""
    jobs = [(energy, mass) for energy in energies for mass in masses(energy, points)]
    found = {
        (energy, mass): cross_section(process("padme", mass, 1, f"beams.positron_energy={energy!r} GeV"), point).components
        for point, (energy, mass) in enumerate(tracked(jobs, progress))
    }
    return [
        Curve(
            f"{channel}_{energy:g}gev",
            np.array(masses(energy, points)),
            np.array([found[energy, mass][channel].value for mass in masses(energy, points)]),
            np.array([found[energy, mass][channel].error for mass in masses(energy, points)]),
            "GeV",
            "pb",
        )
        for channel in CHANNELS
        for energy in energies
    ]


def draw(curves: dict[str, Curve]) -> Canvas:
    """Dotted: photon coupling; solid: electron coupling; one colour an energy."""
    from matplotlib.lines import Line2D

    canvas, (axes,) = panels()
    for name, curve in curves.items():
        channel, energy = name.removesuffix("gev").split("_")
        band(axes, scaled(curve, x=1e3), color=ENERGIES[float(energy)], linestyle=LINES[channel]["linestyle"])
    channels = [Line2D([], [], **{**LINES[channel], "color": "black"}) for channel in CHANNELS]
    energies = [Line2D([], [], color=color, label=rf"$E_{{e^+}} = {e:g}$ GeV") for e, color in ENERGIES.items()]
    axes.set(xscale="log", yscale="log", xlabel=r"$m_a$ [MeV]", ylabel=r"$\sigma(e^+e^-\to\gamma a)$ at 1 GeV$^{-1}$ [pb]")
    axes.set(xlim=(1, 130), ylim=(1e-2, 3e8))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(handles=[*channels, *energies], loc="lower left")
    return canvas


FIGURE = Figure("fig02", "Cross-section of e+ e- -> gamma a on electrons at rest against the mass of the ALP", compute, draw)
