"""Coverage of the limits by exact sums over the counts: no toys, over a table of backgrounds and signals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import poisson

from alphoton.analysis.statistics import METHODS, Counting, NoLimitError, upper_limit
from reference.checks import Array, honest

BACKGROUNDS = [(0.0, 0.0), (0.5, 0.0), (3.0, 0.0), (12.0, 0.0), (3.0, 1.0), (12.0, 3.0), (49.0, 4.9)]
SIGNALS = np.linspace(0.05, 25.0, honest(25, 500))
FELDMAN_COUSINS_SIGNALS = SIGNALS[:: honest(1, 5)]


@cache
def limit(count: int, background: float, error: float, method: str, level: float) -> float:
    """The upper limit; -1 where the method has none: no signal is then allowed."""
    try:
        return upper_limit(Counting(count, background, error), method, level)
    except NoLimitError:
        return -1.0


def probabilities(counts: Array, signal: float, background: float, error: float) -> Array:
    """P(N = n | signal), averaged over the background's cut Gaussian by the midpoint rule."""
    if error == 0:
        return np.asarray(poisson.pmf(counts, signal + background))
    low, high = max(0.0, background - 8 * error), background + 8 * error
    b = low + (high - low) * (np.arange(1000) + 0.5) / 1000
    weights = np.exp(-0.5 * ((b - background) / error) ** 2)
    return np.asarray(weights @ poisson.pmf(counts, signal + b[:, None]) / weights.sum())


def coverage(signal: float, background: float, error: float, method: str, level: float, scale: float = 1.0) -> float:
    """The probability that the limit, times `scale`, reaches the signal.

    A limit grows with the count, so that the counts that do not reach it are the first ones.
    """
    first = 0
    while scale * limit(first, background, error, method, level) < signal:
        first += 1
    return 1 - float(probabilities(np.arange(first), signal, background, error).sum())


def smallest(background: float, error: float, method: str, level: float = 0.90, scale: float = 1.0) -> float:
    signals = FELDMAN_COUSINS_SIGNALS if method == "feldman_cousins" else SIGNALS
    return min(coverage(float(s), background, error, method, level, scale) for s in signals)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("background", "error"), BACKGROUNDS)
def test_limits_cover(method: str, background: float, error: float) -> None:
    """At least as stated, at every signal; a limit of 0.8 of it does not (the negative control)."""
    levels = (0.90, 0.95) if method != "feldman_cousins" else (0.90,)
    for level in levels:
        found = smallest(background, error, method, level)
        print(f"{method} b = {background} +- {error}, {level}: {found:.5f}")
        assert found >= level - 1e-9
    assert smallest(background, error, method, 0.90, scale=0.8) < 0.90 - 0.01
