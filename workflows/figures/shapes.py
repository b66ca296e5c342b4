"""Backgrounds of PADME from events, and its limit on the electron coupling by counting and by the shapes of the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alphoton.analysis.limits import background_events
from alphoton.analysis.window import bremsstrahlung_shape
from alphoton.workflows.chain import Experiment, PointLimit, load_experiment, point_limit, sampled
from alphoton.workflows.figures.base import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

ANALYSIS = "padme-vetoes"
MASSES = rounded(np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 21]) * 1e-3)
"""GeV"""
EVENTS = 50_000
PER = 1e11
"""Positrons, as in the paper."""
EXACT = "counting.background.template_statistics=false"
KNOWN = (EXACT, *(f"counting.background.templates.{k}.error=0" for k in range(3)))
VARIANTS: dict[str, tuple[str, ...]] = {
    "counting_flat": ("counting.background.shape=flat",),
    "counting_bremsstrahlung": ("counting.background.shape=bremsstrahlung", "counting.background.range=null"),
    "counting_events": ("counting.background.shape=events", *KNOWN),
    "counting_events_errors": ("counting.background.shape=events", EXACT),
    "shape": ("limit.method=shape", EXACT),
    "shape_statistics": ("limit.method=shape",),
}
"""How the same events become a limit: changes of the analysis card."""
BANDS = ("shape_minus2", "shape_minus1", "shape_median", "shape_plus1", "shape_plus2")
LINES: dict[str, dict[str, Any]] = {
    "counting_flat": {"label": "counting, 3800 events, flat", "color": "black", "linestyle": "dashdot"},
    "counting_bremsstrahlung": {"label": "3800, like bremsstrahlung", "color": GREY, "linestyle": "dashdot"},
    "counting_events": {"label": "counting, events, rates known", "color": BLUE, "linestyle": "dashed"},
    "counting_events_errors": {"label": "the same with their errors", "color": PURPLE, "linestyle": "dotted"},
    "shape": {"label": r"shapes, expected $\pm1,2\sigma$", "color": VERMILLION, "linestyle": "solid"},
    "shape_statistics": {"label": "with templates of $10^6$ events", "color": ORANGE, "linestyle": "solid"},
}
BACKGROUNDS = {
    "padme-twophoton": (r"$\gamma\gamma$", BLUE),
    "padme-threephoton": (r"$\gamma\gamma\gamma$", GREEN),
    "padme-bethe-heitler": ("$e^+$C $\\to e^+$C$\\gamma$", VERMILLION),
}


def variants(overrides: Sequence[str] = ()) -> dict[str, Experiment]:
    """The experiment with each way to set a limit."""
    return {name: load_experiment(ANALYSIS, [*overrides, *changes]) for name, changes in VARIANTS.items()}


def limits_at(experiments: dict[str, Experiment], mass: float, point: int, events: int = EVENTS) -> dict[str, PointLimit]:
    """The limits of all from one sample at a mass (GeV)."""
    sample = sampled(next(iter(experiments.values())), mass, point, events)
    return {name: point_limit(each, sample.measured, None, events) for name, each in experiments.items()}


def compute(
    progress: Progress = quiet,
    *,
    masses: Sequence[float] = MASSES,
    events: int = EVENTS,
    overrides: Sequence[str] = (),
) -> list[Curve]:
    """The backgrounds for 1e11 positrons in the bins of the card, and the limits on g_ae at the masses (GeV)."""
    experiments = variants(overrides)
    rows = [limits_at(experiments, mass, point, events) for point, mass in enumerate(tracked(masses, progress))]
    found = []
    for name in VARIANTS:
        limits = [row[name].g_ae for row in rows]
        found.append(_limit_curve(name, masses, [each.value for each in limits], [each.error for each in limits]))
    expected = [row["shape"].expected.get("electron", (np.nan,) * len(BANDS)) for row in rows]
    found += [
        _limit_curve(name, masses, values, np.zeros(len(masses)))
        for name, values in zip(BANDS, np.transpose(expected), strict=True)
    ]
    return [*_backgrounds(experiments["shape"]), *found]


def _limit_curve(name: str, masses: Sequence[float], values: Any, errors: Any) -> Curve:
    return Curve(name, np.array(masses), np.array(values), np.array(errors), "GeV", "1/GeV")


def _backgrounds(experiment: Experiment) -> list[Curve]:
    """Events per GeV^2, of each process with the error of the Monte Carlo, and of the paper's 3800 in two shapes."""
    card, backgrounds = experiment.analysis, experiment.backgrounds
    assert backgrounds is not None
    bins, counting = backgrounds.bins, card.counting
    assert counting is not None
    assert counting.positrons_on_target is not None
    assert counting.background is not None
    edges = np.linspace(*bins.range, bins.number + 1)
    share = PER / counting.positrons_on_target
    found = []
    for item in backgrounds.templates.items:
        content, square = (np.histogram(item.missing_mass2, edges, weights=item.weights**power)[0] for power in (1, 2))
        found.append(_density(item.name, edges, share * content, share * np.sqrt(square)))
    beam: Any = experiment.processes[0].collisions()[0].as_dict()
    paper = share * background_events(counting)[0]
    shapes = {"flat": (np.array(counting.background.range), np.ones(1)), "bremsstrahlung": bremsstrahlung_shape(card, beam)}
    for name, (fine, content) in shapes.items():
        cumulative = np.interp(edges, fine, np.concatenate([[0.0], np.cumsum(content)]))
        found.append(_density(f"paper_{name}", edges, paper * np.diff(cumulative), np.zeros(bins.number)))
    return found


def _density(name: str, edges: Array, content: Array, error: Array) -> Curve:
    widths = np.diff(edges)
    return Curve(name, (edges[1:] + edges[:-1]) / 2, content / widths, error / widths, "GeV^2", "1/GeV^2")


def draw(curves: dict[str, Curve]) -> Canvas:
    canvas, (left, right) = panels(2, 5.6)
    for name, (label, color) in BACKGROUNDS.items():
        band(left, scaled(curves[name], x=1e6, y=1e-6), steps=True, color=color, label=label)
    for name, color, label in (("flat", "black", "3800, flat"), ("bremsstrahlung", GREY, "3800, like bremsstrahlung")):
        curve = scaled(curves[f"paper_{name}"], x=1e6, y=1e-6)
        band(left, curve, steps=True, color=color, linestyle="dashdot", label=label)
    left.set(yscale="log", xlabel=r"$M^2_\mathrm{miss}$ [MeV$^2$]", ylim=(0.05, 5e4), xlim=(-100, 525))
    left.set_ylabel(r"events per MeV$^2$ and $10^{11}$ positrons")
    left.legend()
    x = curves["shape"].x * 1e3
    for low, high, alpha in ((0, 4, 0.15), (1, 3, 0.25)):
        right.fill_between(x, curves[BANDS[low]].y, curves[BANDS[high]].y, color=VERMILLION, alpha=alpha, linewidth=0)
    for name, line in LINES.items():
        band(right, scaled(curves[name], x=1e3), **line)
    right.set(yscale="log", xlabel=r"$m_a$ [MeV]", ylabel=r"expected limit on $g_{ae}$, 90% CL [1/GeV]", xlim=(0, 22))
    right.set_ylim(0.05, 3e3)
    right.legend()
    return canvas


FIGURE = Figure(
    "shapes",
    "PADME: backgrounds from events in missing mass squared, and limits on g_ae by counting and by shapes",
    compute,
    draw,
)
