"""Global p-values of a bump hunt: the estimate from upcrossings against pseudo-experiments."""

from __future__ import annotations

import numpy as np
import pytest

from alphoton.analysis.look_elsewhere import global_p_value, scan, upcrossings
from alphoton.analysis.shape import Array, ShapeModel
from alphoton.analysis.shape_toys import pseudo_experiments

TOYS = 1500
FEW = 100
"""As many give the upcrossings at the low level."""


@pytest.fixture(scope="module")
def excesses() -> Array:
    """q_0 of pseudo-experiments of a flat background, at masses a half of the resolution apart."""
    x = np.linspace(0.0, 1.0, 50)
    background, spread = np.full((1, 50), 150.0), np.full(50, (0.01 * 150) ** 2)
    centres = np.linspace(0.05, 0.95, 46)
    models = [ShapeModel(30 * np.exp(-0.5 * ((x - c) / 0.04) ** 2), background, np.array([0.2]), spread) for c in centres]
    toys = pseudo_experiments(models[0], 0.0, np.zeros(1), np.ones(50), TOYS, np.random.default_rng(7))
    return scan(models, toys)


@pytest.mark.parametrize("largest", [7.0, 9.0])
def test_upcrossings_give_the_global_p_value(excesses: Array, largest: float) -> None:
    """The share of all scans with an excess as large, against the estimate from the first few."""
    share = float(np.mean(excesses.max(axis=1) >= largest))
    estimate = global_p_value(largest, excesses[:FEW])
    few = upcrossings(excesses[:FEW], 0.5)
    error = np.hypot(np.sqrt(share * (1 - share) / TOYS), estimate * few.std() / few.mean() / np.sqrt(FEW))
    assert estimate == pytest.approx(share, abs=4 * error + 0.1 * share)


def test_the_local_p_value_is_no_global_one(excesses: Array) -> None:
    """The negative control: without counting the places, an excess is made far too rare."""
    share = float(np.mean(excesses.max(axis=1) >= 7.0))
    one_place = global_p_value(7.0, excesses[:, :1])
    assert one_place < 0.2 * share
    assert one_place == pytest.approx(np.mean(excesses[:, 20] >= 7.0), abs=0.006)


def test_a_wrong_power_is_seen(excesses: Array) -> None:
    """The negative control of the exponent: upcrossings at two levels fall by exp(-(c - c0)/2), not by its square."""
    low, high = (float(np.mean(upcrossings(excesses, level))) for level in (1.0, 5.0))
    error = high * 4 / np.sqrt(TOYS * high)
    assert high == pytest.approx(low * np.exp(-2.0), abs=error + 0.1 * high)
    assert abs(high - low * np.exp(-4.0)) > 2 * error


def test_upcrossings_by_hand() -> None:
    rows = np.array([[0.0, 2.0, 0.0, 2.0, 3.0], [2.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.5, 1.0]])
    assert upcrossings(rows, 1.0).tolist() == [2, 0, 2]


def test_a_largest_excess_below_the_level_is_refused(excesses: Array) -> None:
    with pytest.raises(ValueError, match="below the level"):
        global_p_value(0.3, excesses)
