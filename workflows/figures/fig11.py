"""Fig. 11: limits on the photon coupling alone against the mass; E137 for shares of visible decays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alphoton.workflows.figures.base import Curve
from alphoton.workflows.figures.slice_drawing import draw_masses
from alphoton.workflows.figures.slices import MISSING_ENERGY, VISIBLE_RATIOS, LimitFigure, MassSlice

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SLICE = MassSlice(
    analyses=MISSING_ENERGY,
    couplings={"g_agamma": 1.0},
    shown="g_agamma",
    dumps=tuple(VISIBLE_RATIOS),
)


def draw(curves: dict[str, Curve]) -> Canvas:
    return draw_masses(curves, r"$g_{a\gamma}$ [GeV$^{-1}$]", (1e-8, 1e-2))


FIGURE = LimitFigure("fig11", "Limits on the photon coupling of an invisible ALP", SLICE.compute, draw)
