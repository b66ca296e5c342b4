"""What a figure is: curves with errors, which become a CSV, and a drawing of them, which becomes PNG and PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Array = NDArray[np.float64]
COLUMNS = ("curve", "x", "x_unit", "y", "y_error", "y_unit")
Progress = Callable[[int, int], None]


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


def style() -> Any:
    """A context in which matplotlib draws in the manner of particle physics, without a screen."""
    import matplotlib as mpl
    import mplhep

    mpl.use("agg")
    return mpl.rc_context({**mplhep.style.ROOT, "figure.figsize": (8.0, 6.0), "font.size": 16, "savefig.dpi": 150})


def band(axes: Any, curve: Curve, *, label: str, steps: bool = False, **options: Any) -> None:
    """Draw a curve with its error band."""
    drawstyle = {"drawstyle": "steps-mid"} if steps else {}
    (line,) = axes.plot(curve.x, curve.y, label=label, **drawstyle, **options)
    axes.fill_between(
        curve.x,
        curve.y - curve.y_error,
        curve.y + curve.y_error,
        color=line.get_color(),
        alpha=0.3,
        linewidth=0,
        step="mid" if steps else None,
    )
