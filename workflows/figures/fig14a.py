"""Fig. 14a: limits on the electron coupling against the mass for g_agamma / g_ae = 0.001; the caption inverts the ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphoton.workflows.figures.base import Curve
from alphoton.workflows.figures.slice_drawing import draw_masses
from alphoton.workflows.figures.slices import MISSING_ENERGY, PADME, LimitFigure, MassSlice, Moments

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SLICE = MassSlice(
    analyses=(*MISSING_ENERGY, *PADME),
    couplings={"g_agamma": 1e-3, "g_ae": 1.0},
    shown="g_ae",
    moments=Moments(("electron",), radiative=False),
)


def draw(curves: dict[str, Curve]) -> Canvas:
    return draw_masses(curves, r"$g_{ae}$ [GeV$^{-1}$]", (1e-4, 10), "")


FIGURE = LimitFigure("fig14a", "Limits for g_agamma / g_ae = 0.001", SLICE.compute, draw)
