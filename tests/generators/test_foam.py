"""Cells for unweighting in more than one dimension: they fill the cube, and follow what no product of maps can."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from alphoton.generators import foam
from alphoton.generators.event_source import EventSource
from alphoton.generators.jit import DENSITY, Array, Density, kernel
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.sampling import Sampler
from alphoton.generators.vegas_grid import Grid, Integral
from reference import checks

NONE = np.zeros(1)
COUNT = 20_000
FLAT_MAP = Grid(np.repeat([[0.0, 1.0]], 2, axis=0), np.ones(2, dtype=np.int64))


@kernel(DENSITY)
def ridge(x: Array, p: Array) -> float:
    """A Gaussian ridge of width 0.02 along the diagonal."""
    return math.exp(-0.5 * ((x[0] - x[1]) / 0.02) ** 2)


@kernel(DENSITY)
def corner(x: Array, p: Array) -> float:
    """Zero outside a triangle of a tenth of the square's sides."""
    return 1.0 if x[0] + x[1] < 0.1 else 0.0


def seed(number: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(number)


def sampler(density: Density, number: int = 1) -> Sampler:
    return Sampler(density, NONE, Integral(1.0, 0.0), FLAT_MAP, seed(number))


@pytest.mark.parametrize("density", [ridge, corner])
def test_cells_fill_the_cube(density: Density) -> None:
    """Every point lies in one cell and no other, and the volumes add up to 1."""
    boxes, maxima = foam.foam(density, NONE, FLAT_MAP, seed(1))
    assert len(boxes) == len(maxima) <= foam.CELLS
    assert boxes.volume.sum() == pytest.approx(1, abs=1e-12)
    for point in np.random.default_rng(1).random((200, 2)):
        inside = (boxes.low <= point) & (point < boxes.low + boxes.width)
        assert inside.all(axis=1).sum() == 1


def test_cells_grow_until_enough_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under one maximum a twentieth of the ridge's trials is accepted; no more cells are made than that takes, or may be."""
    boxes, _ = foam.foam(ridge, NONE, FLAT_MAP, seed(1))
    drawn = sampler(ridge).draw(COUNT, np.random.default_rng(1))
    assert len(boxes) < foam.CELLS
    assert COUNT / drawn.trials > 0.95 * foam.ENOUGH / foam.MARGIN
    monkeypatch.setattr(foam, "CELLS", 1)
    assert len(foam.foam(ridge, NONE, FLAT_MAP, seed(1))[0]) == 1
    assert COUNT / sampler(ridge).draw(COUNT, np.random.default_rng(1)).trials < 0.06
    monkeypatch.setattr(foam, "CELLS", 10)
    assert len(foam.foam(ridge, NONE, FLAT_MAP, seed(1))[0]) == 10


def test_maxima_are_hardly_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer than 3e-4 of the points are above a maximum; negative control: without margin and points they are more."""
    assert (sampler(ridge).draw(5 * COUNT, np.random.default_rng(1)).weights > 1).mean() < 3e-4
    monkeypatch.setattr(foam, "MARGIN", 1.0)
    monkeypatch.setattr(foam, "MORE_POINTS", 1)
    assert (sampler(ridge).draw(5 * COUNT, np.random.default_rng(1)).weights > 1).mean() > 1e-3


@pytest.mark.parametrize("name", ["bremsstrahlung-lead", "na64-bremsstrahlung", "na64-primakoff", "e137-primakoff"])
def test_packaged_cards(name: str) -> None:
    """Almost half of the trials is accepted or more, and fewer than 3e-4 of the events are above a maximum.

    The benchmarks hold the rates beside the bare matrix element's.
    """
    drawn = EventSource(ProcessCard.load(name)).channels[0].sampler.draw(10 * COUNT, np.random.default_rng(1))
    assert 10 * COUNT / drawn.trials > 0.45
    assert (drawn.weights > 1).mean() < 3e-4


def test_points_follow_the_ridge() -> None:
    """Across it and along it, over seeds of the foam and of the points; negative control: a ridge 3% wider."""
    across, wider = [], []
    for number in range(30):
        drawn = sampler(ridge, number).draw(COUNT, np.random.default_rng(number))
        middle = drawn.x[np.abs(drawn.x.sum(axis=1) - 1) < 0.8]  # away from the corners the ridge is a whole Gaussian
        distance = middle[:, 0] - middle[:, 1]
        across.append(float(stats.kstest(distance, stats.norm(scale=0.02).cdf).pvalue))
        wider.append(float(stats.kstest(distance, stats.norm(scale=0.0206).cdf).pvalue))
        along = (drawn.x[(drawn.x > 0.2).all(axis=1) & (drawn.x < 0.8).all(axis=1)]).mean(axis=1)
        across.append(float(stats.kstest(along[(along > 0.3) & (along < 0.7)], stats.uniform(0.3, 0.4).cdf).pvalue))
    assert checks.uniform_p(across) > checks.LIKELY
    assert checks.uniform_p(wider) < checks.IMPOSSIBLE


def test_the_foam_is_the_seed_s() -> None:
    (first, maxima), (same, same_maxima), (other, _) = (foam.foam(ridge, NONE, FLAT_MAP, seed(i)) for i in (1, 1, 2))
    np.testing.assert_array_equal(first.low, same.low)
    np.testing.assert_array_equal(maxima, same_maxima)
    assert len(first) != len(other) or (first.low != other.low).any()
