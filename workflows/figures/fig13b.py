"""Fig. 13b: limits on both couplings at 1 GeV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphoton.workflows.figures.base import Curve
from alphoton.workflows.figures.slice_drawing import draw_plane
from alphoton.workflows.figures.slices import MISSING_ENERGY, LimitFigure, Moments, PlaneSlice

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SLICE = PlaneSlice(
    mass=1.0,
    analyses=MISSING_ENERGY,
    moments=Moments(("electron",), radiative=False),
)


def draw(curves: dict[str, Curve]) -> Canvas:
    return draw_plane(curves, (1e-4, 1e3), (1e-6, 1e-1), r"$m_a$ = 1 GeV")


FIGURE = LimitFigure("fig13b", "Limits on both couplings at 1 GeV", SLICE.compute, draw)
