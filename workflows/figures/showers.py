"""Beyond the paper: track lengths in the shower of 100 GeV electrons, by Monte Carlo and by closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import gammainc

from alphoton.generators.matter.cascade import KINDS, track_lengths
from alphoton.generators.matter.shower import photon_track_length
from alphoton.workflows.figures.base import BLUE, GREEN, VERMILLION, Array, Curve, Figure, Progress, panels, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

BEAM, THICKNESS, LEAST = 100.0, 40.0, 1.0
"""GeV, radiation lengths, GeV: NA64's."""
HIGHEST = 0.99 * BEAM
"""Above it bins are narrower than what the Monte Carlo takes as a steady loss."""
COLOURS = {"electron": VERMILLION, "positron": GREEN, "photon": BLUE}


def compute(progress: Progress = quiet, *, primaries: int | None = None) -> list[Curve]:
    """dT/dE of each kind in bins of energy, with the Monte Carlo's errors, and by closed forms."""
    table = track_lengths(BEAM, THICKNESS, LEAST, primaries=primaries)
    progress(1, 2)
    edges = table.energy_edges[table.energy_edges < HIGHEST]
    middles, bins = np.sqrt(edges[1:] * edges[:-1]), slice(len(edges) - 1)
    closed = {
        "electron": -np.diff(remaining(np.log(BEAM / edges))) / np.diff(edges),
        "positron": -np.diff([positrons_above(edge) for edge in edges]) / np.diff(edges),
        "photon": photon_track_length(middles, BEAM, THICKNESS),
    }
    progress(2, 2)
    curves = []
    for kind in KINDS:
        length, error = table.spectrum(kind)
        curves.append(Curve(f"{kind}_mc", middles, length[bins], error[bins], "GeV", "1/GeV"))
        curves.append(Curve(f"{kind}_closed", middles, closed[kind], np.zeros_like(middles), "GeV", "1/GeV"))
    return curves


def remaining(w: Array) -> Array:
    """Length (n) of an electron until it has lost ln(E0/E) = w, Eq. (27): int dt P(4t/3, w), the incomplete Gamma function.

    The target is thick: what it lets out is left aside.
    """
    depth = np.geomspace(1e-6, 60.0, 1500)
    return np.array([np.trapezoid(gammainc(4 / 3 * depth, each) * depth, np.log(depth)) for each in w])


def positrons_above(energy: float) -> float:
    """Length of positrons above an energy (GeV): photons of Eq. (27), their pairs 1 - 4/3 z (1 - z), and Eq. (27) again."""
    nodes, weights = leggauss(48)
    half = (BEAM - energy) / 2
    born = energy + half * (nodes + 1)
    photon = born[:, None] + (BEAM - born[:, None]) / 2 * (nodes + 1)
    z = born[:, None] / photon
    pairs = photon_track_length(photon, BEAM, THICKNESS) / photon * (1 - 4 / 3 * z * (1 - z))
    spectrum = pairs @ weights * (BEAM - born) / 2
    return float(spectrum * remaining(np.log(born / energy)) @ weights * half)


def draw(curves: dict[str, Curve]) -> Canvas:
    """E dT/dE: points are the Monte Carlo's, lines the closed forms; below, the Monte Carlo over the closed form."""
    from matplotlib.lines import Line2D

    canvas, (above, beside) = panels(2)
    for kind, colour in COLOURS.items():
        found, closed = curves[f"{kind}_mc"], curves[f"{kind}_closed"]
        above.errorbar(found.x, found.x * found.y, found.x * found.y_error, color=colour, fmt=".", label=f"{kind}s")
        above.plot(closed.x, closed.x * closed.y, color=colour)
        known = found.y_error < 0.1 * found.y
        ratio, error = found.y / closed.y, found.y_error / closed.y
        beside.errorbar(found.x[known], ratio[known], error[known], color=colour, fmt=".")
    above.set(xscale="log", yscale="log", xlabel=r"$E$ [GeV]", ylabel=r"$E\,dT/dE$ [radiation lengths]", ylim=(1e-4, 200))
    beside.axhline(1, color="0.6", linewidth=1, zorder=0)
    beside.set(xscale="log", yscale="log", xlabel=r"$E$ [GeV]", ylabel="Monte Carlo / closed form", ylim=(0.4, 40))
    line = Line2D([], [], color="black", label="closed forms, Eq. (27)")
    above.legend(handles=[*above.get_legend_handles_labels()[0], line], loc="lower left")
    return canvas


FIGURE = Figure("showers", "Track lengths in the shower of 100 GeV electrons in 40 radiation lengths", compute, draw)
