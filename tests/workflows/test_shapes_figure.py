"""The figure of PADME's backgrounds from events, and of its limits by counting and by shapes; the table of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alphoton.workflows import figure as verb
from alphoton.workflows import limit
from alphoton.workflows.figures import shapes
from alphoton.workflows.figures.base import Curve
from alphoton.workflows.report import shapes as report

FEW = [f"counting.background.templates.{k}.events={events}" for k, events in enumerate((50_000, 40_000, 40_000))]
FEW += ["counting.bins.range=[-75 MeV^2, 525 MeV^2]", "counting.bins.number=40"]
MASSES = (0.005, 0.012)


@pytest.fixture(scope="module")
def curves() -> dict[str, Curve]:
    return {curve.name: curve for curve in shapes.compute(masses=MASSES, events=8_000, overrides=FEW)}


def test_curves_and_units(curves: dict[str, Curve]) -> None:
    assert list(curves) == [
        *shapes.BACKGROUNDS,
        "paper_flat",
        "paper_bremsstrahlung",
        *shapes.VARIANTS,
        *shapes.BANDS,
    ]
    assert {(curve.x_unit, curve.y_unit) for curve in curves.values()} == {("GeV^2", "1/GeV^2"), ("GeV", "1/GeV")}


def test_the_backgrounds_have_their_numbers(curves: dict[str, Curve]) -> None:
    """For 1e11 positrons, against `alphoton analyse` of 200 000 events each; 1.6% lie below the bins."""
    width = 15e-6
    counted = {"padme-twophoton": (1.2105e5, 960), "padme-threephoton": (8602, 119), "padme-bethe-heitler": (2175.2, 9)}
    for name, (expected, error) in counted.items():
        found = curves[name].y.sum() * width
        own = np.sqrt(np.sum((curves[name].y_error * width) ** 2))
        assert found == pytest.approx(expected, abs=4 * np.hypot(error, own) + 0.025 * expected)
    assert curves["paper_flat"].y.sum() * width == pytest.approx(3800 * 525 / 528, rel=1e-6)


def test_limits_are_in_the_order_that_physics_wants(curves: dict[str, Curve]) -> None:
    """At 12 MeV the shapes beat 3800 flat events; errors of rates spoil counting, and statistics of templates the shapes."""
    at = {name: curves[name].y[1] for name in (*shapes.VARIANTS, *shapes.BANDS)}
    assert at["shape"] < at["counting_flat"]
    assert at["counting_events"] < 0.3 * at["counting_events_errors"]
    assert at["shape"] < 0.7 * at["shape_statistics"]
    assert at["shape"] == pytest.approx(at["shape_median"])
    assert [at[name] for name in shapes.BANDS] == sorted(at[name] for name in shapes.BANDS)
    # within sight of two photons it is the other way round: the paper's number does not have them
    assert curves["counting_flat"].y[0] < curves["shape"].y[0]


def test_flat_counting_is_that_of_the_card(curves: dict[str, Curve]) -> None:
    (row,) = limit("padme-vetoes", [MASSES[0]], events=8_000).rows
    assert curves["counting_flat"].y[0] == pytest.approx(row.g_ae.value, rel=1e-9)


def test_the_drawing_is_written(curves: dict[str, Curve], tmp_path: Path) -> None:
    made = verb.write(shapes.FIGURE, list(curves.values()), tmp_path)
    assert [path.name for path in made.paths] == ["shapes.png", "shapes.pdf", "shapes.csv"]
    assert all(path.stat().st_size > 1000 for path in made.paths)


def test_the_table_has_a_row_a_mass(monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = shapes.variants(FEW)
    monkeypatch.setattr(report, "MASSES", (0.012,))
    monkeypatch.setattr(report, "variants", lambda: experiments)
    monkeypatch.setattr(report, "limits_at", lambda many, mass, point: shapes.limits_at(many, mass, point, 8_000))
    table = report.table()
    ((mass, *cells),) = table.cells
    assert mass == "12 MeV"
    assert len(cells) == len(table.header) - 1
    assert " to " in cells[5]
