"""Fig. 12: limits on the electron coupling alone against the mass, and where it explains the electron's moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphoton.workflows.figures.base import Curve
from alphoton.workflows.figures.slice_drawing import draw_masses
from alphoton.workflows.figures.slices import MISSING_ENERGY, PADME, LimitFigure, MassSlice, Moments

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SLICE = MassSlice(
    analyses=(*MISSING_ENERGY, *PADME),
    couplings={"g_ae": 1.0},
    shown="g_ae",
    moments=Moments(("electron",), radiative=True),
)


def draw(curves: dict[str, Curve]) -> Canvas:
    return draw_masses(curves, r"$g_{ae}$ [GeV$^{-1}$]", (1e-4, 1e3), ", with loop")


FIGURE = LimitFigure("fig12", "Limits on the electron coupling of an invisible ALP", SLICE.compute, draw)
