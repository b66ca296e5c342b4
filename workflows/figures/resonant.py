"""Beyond the paper: NA64's limit on the electron coupling with and without resonant production by the shower's positrons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alphoton.analysis.limits import CouplingLimit
from alphoton.generators.processes.resonant import resonance
from alphoton.workflows.chain import Experiment, invisible_limit, load_experiment
from alphoton.workflows.figures.base import (
    BLUE,
    GREY,
    VERMILLION,
    Array,
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
from alphoton.workflows.measurements import in_memory

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = rounded(np.array([*np.arange(220, 230, 1), *np.arange(230, 310, 4), *np.arange(310, 320.5, 1)]) * 1e-3)
"""GeV; dense where a positron on resonance has half of the beam's energy, and all of it."""
BREMSSTRAHLUNG_AT = (0.220, 0.253, 0.287, 0.320)
"""GeV: between them the limit from bremsstrahlung alone is a power of the mass, bent a little."""
EVENTS = 20_000
LEAST, MOST = 50.0, 100.0
"""Energies (GeV) of positrons on resonance with electrons at rest that count, and that there are."""


def electron_limit(experiment: Experiment, mass: float) -> CouplingLimit:
    """The limit on g_ae alone."""
    cards, _ = experiment.at(mass, EVENTS)
    measured = [in_memory(card, experiment.detector, experiment.analysis) for card in cards]
    return invisible_limit(experiment, measured, None, EVENTS).g_ae


def bremsstrahlung_limits(masses: Sequence[float], progress: Progress = quiet) -> tuple[Array, Array]:
    """Limits (n) from bremsstrahlung alone and their errors, a cubic in ln m_a through some masses."""
    experiment = load_experiment("na64", (), "na64-bremsstrahlung")
    found = [electron_limit(experiment, mass) for mass in tracked(BREMSSTRAHLUNG_AT, progress)]
    at, wanted = np.log(BREMSSTRAHLUNG_AT), np.log(masses)
    values = np.exp(np.polyval(np.polyfit(at, np.log([limit.value for limit in found]), len(at) - 1), wanted))
    relative = np.interp(wanted, at, [limit.error / limit.value for limit in found])
    return values, values * relative


def reached_at_rest(mass: float) -> bool:
    """Whether positrons on resonance with electrons at rest have an energy that counts, at a mass (GeV)."""
    return LEAST < resonance(mass, 0.0, 0.0) < MOST


def together(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
    """Limits whose events add up, 1/g^2 = 1/g_1^2 + 1/g_2^2, with their errors; a missing second one adds nothing."""
    strengths = [np.where(np.isfinite(value), value**-2.0, 0.0) for value, _ in (first, second)]
    value = (strengths[0] + strengths[1]) ** -0.5
    shares = [strength * value**2 for strength in strengths]
    parts = [share * np.nan_to_num(error / one) for share, (one, error) in zip(shares, (first, second), strict=True)]
    return value, value * np.hypot(*parts)


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES) -> list[Curve]:
    """Limits on g_ae in 1/GeV: from bremsstrahlung, and with resonances on electrons in lead's atoms and at rest."""
    x = np.array(masses)
    alone = bremsstrahlung_limits(masses)
    curves = {"bremsstrahlung": alone}
    for name, overrides in (("bound", []), ("at_rest", ["process.beams.bound_electrons=null"])):
        experiment = load_experiment("na64-resonant", overrides, "na64-resonant")
        found = np.full((len(x), 2), np.nan)
        for i, mass in enumerate(tracked(masses, progress)):
            if name == "bound" or reached_at_rest(mass):
                limit = electron_limit(experiment, mass)
                found[i] = limit.value, limit.error
        curves[name] = together(alone, (found[:, 0], found[:, 1]))
    return [Curve(name, x, value, error, "GeV", "1/GeV") for name, (value, error) in curves.items()]


LINES: dict[str, dict[str, Any]] = {
    "bremsstrahlung": {"label": "bremsstrahlung alone", "color": GREY, "linestyle": "dashed"},
    "at_rest": {"label": "with resonances, electrons at rest", "color": BLUE, "linestyle": "dotted"},
    "bound": {"label": "with resonances, electrons of lead", "color": VERMILLION},
}


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (axes,) = panels()
    for name, line in LINES.items():
        band(axes, scaled(curves[name], x=1e3), **line)
    axes.set(yscale="log", xlim=(220, 320), ylim=(0.1, 3), xlabel=r"$m_a$ [MeV]", ylabel=r"$g_{ae}$ [GeV$^{-1}$]")
    axes.legend(loc="upper center")
    return canvas


FIGURE = Figure("resonant", "NA64's limit on the electron coupling with and without resonant production", compute, draw)
