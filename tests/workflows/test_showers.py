"""What showers by Monte Carlo change, as a table and a figure of the report."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alphoton.generators.matter.shower import photon_track_length
from alphoton.workflows.figures import showers as figure
from alphoton.workflows.report import showers
from reference import cascade as equations


def test_table_of_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each mass of each shower; limits go as the yield to a power, the band as its own acceptance allows."""
    monkeypatch.setattr(showers, "YIELDS", showers.YIELDS[2:3])
    monkeypatch.setattr(showers, "BANDS", (0.01,))
    monkeypatch.setattr(showers, "EVENTS", 20_000)
    table = showers.table()
    (light, made, limit), (*_, lower), (*_, upper) = (
        (row[0], *row[2:]) for row in (table.rows[0], table.rows[2], table.rows[3])
    )
    assert light == "E137, Primakoff"
    assert made.value == pytest.approx(0.676, abs=0.005)
    assert limit.value == pytest.approx(made.value**-0.25, rel=1e-12)
    assert limit.error / limit.value == pytest.approx(made.error / made.value / 4, rel=1e-9)
    assert abs(lower.value - limit.value) < 4 * lower.error < 0.02
    assert abs(lower.value - made.value**-0.5) > 10 * lower.error
    assert abs(upper.value - 1) < 0.05  # there the shielding decides
    assert "E137, lower end of the band, from events" in table.csv()


def test_curves_of_the_figure() -> None:
    """The Monte Carlo's follow the cascade equations, and the closed ones Eq. (27): dT/dE averaged over each bin."""
    curves = {curve.name: curve for curve in figure.compute(primaries=20_000)}
    assert set(curves) == {f"{kind}_{way}" for kind in ("electron", "positron", "photon") for way in ("mc", "closed")}
    for kind in ("electron", "positron", "photon"):
        curve = curves[f"{kind}_mc"]
        place = int(np.searchsorted(curve.x, 20.0))
        edges = np.sqrt(curve.x[place - 1 : place + 1] * curve.x[place : place + 2])
        low, high = (equations.lengths_above(edge / 100, 40)[kind] for edge in edges)
        assert abs(curve.y[place] - (low - high) / np.diff(edges)[0]) < 4.5 * curve.y_error[place]
    closed = curves["photon_closed"]
    np.testing.assert_allclose(closed.y, photon_track_length(closed.x, 100.0, 40.0), rtol=0.02)
    positrons = np.interp(50.0, curves["positron_closed"].x, curves["positron_closed"].y)
    h = 0.004
    exact = [equations.lengths_above(share, 40)["positron"] for share in (0.5 - h, 0.5 + h)]
    assert positrons / ((exact[0] - exact[1]) / (200 * h)) == pytest.approx(1.17, abs=0.02)
    assert math.isclose(curves["electron_closed"].y_error.max(), 0)
