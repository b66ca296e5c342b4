"""Fig. 13a: limits on both couplings at 10 MeV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphoton.workflows.figures.base import Curve
from alphoton.workflows.figures.slice_drawing import draw_plane
from alphoton.workflows.figures.slices import MISSING_ENERGY, PADME, LimitFigure, Moments, PlaneSlice

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SLICE = PlaneSlice(
    mass=0.01,
    analyses=(*MISSING_ENERGY, *PADME),
    dumps=("e137", "e137_br1e-4"),
    moments=Moments(("electron",), radiative=False),
)


def draw(curves: dict[str, Curve]) -> Canvas:
    return draw_plane(curves, (1e-7, 1e2), (1e-8, 1e-1), r"$m_a$ = 10 MeV")


FIGURE = LimitFigure("fig13a", "Limits on both couplings at 10 MeV", SLICE.compute, draw)
