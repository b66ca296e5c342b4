"""The published edges of an excluded band."""

from __future__ import annotations

from alphoton.analysis.analysis_card import BeamDumpBlock
from alphoton.data.published_file import load


def published_edges(block: BeamDumpBlock, mass: float) -> tuple[float, float]:
    """Lower and upper edge at a mass in GeV, 1/GeV; NaN outside the published range."""
    assert block.curve is not None
    curve = load(block.curve)
    lower, upper = (
        curve.interpolate(mass, block.mass_column, column) for column in (block.lower_column, block.upper_column)
    )
    return float(lower), float(upper)
