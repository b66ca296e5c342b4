"""What a figure is: curves with errors, which become a CSV, and a drawing of them, which becomes PNG and PDF.

Curves are in alphoton's own units (GeV, rad, pb) and so is the CSV; a drawing changes them where others read better.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Array = NDArray[np.float64]
Item = TypeVar("Item")
COLUMNS = ("curve", "x", "x_unit", "y", "y_error", "y_unit")
Progress = Callable[[int, int], None]

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#666666"
"""Colours that the colour-blind tell apart: M. Okabe and K. Ito, Color Universal Design (2008)."""
LINES: dict[str, dict[str, Any]] = {
    "photon": {"label": r"photon coupling $g_{a\gamma}$", "color": BLUE, "linestyle": "dotted"},
    "electron": {"label": r"electron coupling $g_{ae}$", "color": VERMILLION, "linestyle": "solid"},
    "dark_photon": {"label": "dark photon", "color": GREEN, "linestyle": "dashed"},
}
"""How the production channels are drawn, in every figure; the kinds of lines are the paper's."""
COVERAGE = {"color": "0.88", "linewidth": 0, "zorder": 0}
"""The region that a detector covers."""


@dataclass(frozen=True)
class Curve:
    """Points of one curve; NaN where there is no value. `y_error` is one standard deviation of the Monte Carlo."""

    name: str
    x: Array
    y: Array
    y_error: Array
    x_unit: str
    y_unit: str


@dataclass(frozen=True)
class Figure:
    """A figure of the paper: its name (`fig02`), what it shows, the function that computes its curves, and the drawing.

    `compute(progress)` calls progress(done, total) as it goes. `draw` takes the curves by name.
    """

    name: str
    title: str
    compute: Callable[[Progress], list[Curve]]
    draw: Callable[[dict[str, Curve]], Canvas]


def quiet(done: int, total: int) -> None:
    """A progress that nobody watches."""


def tracked(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """The items, one after another, with the progress told."""
    for done, item in enumerate(items):
        progress(done, len(items))
        yield item
    progress(len(items), len(items))


def rounded(values: Sequence[float] | Array) -> tuple[float, ...]:
    """Points of a grid with the digits that a CSV keeps, so that its y belong to its x exactly."""
    return tuple(float(f"{value:.9g}") for value in values)


def to_csv(curves: Sequence[Curve]) -> str:
    """The text of `figNN.csv`; an empty cell where there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for curve in curves:
        for x, y, error in zip(curve.x, curve.y, curve.y_error, strict=True):
            writer.writerow([curve.name, _cell(x), curve.x_unit, _cell(y), _cell(error), curve.y_unit])
    return text.getvalue()


def _cell(value: float) -> str:
    return f"{value:.9g}" if np.isfinite(value) else ""


# --- drawing -----------------------------------------------------------------------------------------------------------


def style() -> Any:
    """A context in which matplotlib draws in the manner of particle physics, without a screen, to fit a paper's column."""
    import matplotlib as mpl
    import mplhep

    mpl.use("agg")
    own: Any = {
        "figure.figsize": (6.4, 4.8),
        "font.size": 15,
        "legend.fontsize": 12.5,
        "legend.title_fontsize": 12.5,
        "lines.linewidth": 1.8,
        "axes.linewidth": 1.2,
        "savefig.dpi": 200,
        "savefig.bbox": "standard",
        **{f"{axis}tick.{size}.size": length for axis in "xy" for size, length in (("major", 7), ("minor", 4))},
        **{f"{axis}tick.{size}.width": 1.0 for axis in "xy" for size in ("major", "minor")},
        **{f"{axis}tick.major.pad": 5 for axis in "xy"},
    }
    return mpl.rc_context(mplhep.style.ROOT | own)


def panels(columns: int = 1, height: float = 4.8) -> tuple[Canvas, list[Any]]:
    """An empty drawing with panels side by side."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(6.4 * columns, height), layout="constrained")
    return canvas, list(canvas.subplots(1, columns, squeeze=False)[0])


def scaled(curve: Curve, x: float = 1.0, y: float = 1.0) -> Curve:
    """The curve in other units, for a drawing."""
    return replace(curve, x=curve.x * x, y=curve.y * y, y_error=curve.y_error * y)


def band(axes: Any, curve: Curve, *, label: str | None = None, steps: bool = False, **options: Any) -> None:
    """Draw a curve with its error band; in `steps`, x are the middles of equal bins."""
    points = (curve.x, curve.y, curve.y_error)
    x, y, error = _corners(*points) if steps else points
    (line,) = axes.plot(x, y, label=label, **options)
    axes.fill_between(x, y - error, y + error, color=line.get_color(), alpha=0.3, linewidth=0)


def _corners(middles: Array, *contents: Array) -> list[Array]:
    """The corners of a histogram's steps: each bin has two."""
    half = (middles[1] - middles[0]) / 2
    return [np.stack([middles - half, middles + half], axis=1).ravel(), *(np.repeat(content, 2) for content in contents)]
