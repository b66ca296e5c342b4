"""Pseudo-experiments of a binned likelihood: limits by CLs without asymptotic formulas, with the error of their number.

The pseudo-experiments at different strengths share their random numbers: the count of a bin is a Poisson process in its
expected number, of which more is seen at a larger strength. CLs is then smooth in the strength, and a search along it finds
where it falls through 1 - CL with few steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from alphoton.analysis.look_elsewhere import ROUNDING, share_as_large
from alphoton.analysis.shape import (
    DEVIATIONS,
    Array,
    Data,
    ShapeLimit,
    ShapeModel,
    check_level,
    excess,
    fit,
    fit_at,
    limit_without_events,
    shape_limit,
    slope_in_strength,
)

LEAST = 100
"""Fewer pseudo-experiments tell nothing of a level of 90%."""
NARROW = 0.2
"""Between two strengths so near, ln CLs is taken for straight: to less than 1% of a limit."""
CLOSE = 0.05
"""Of ln CLs: or so near to its level."""
FAR = 0.2
"""Of ln CLs: so far apart from the level on both sides, the slope of CLs is taken."""
AROUND = (0.85, 1.2)
"""An asymptotic limit: where the first pseudo-experiments for the observed counts are made."""
LEAST_EXCLUDED = 4
"""Pseudo-experiments with a signal that must be expected beyond the data at the limit."""
MOST_STRENGTHS = 40
"""At which pseudo-experiments are made for one limit with its band; about ten are enough."""


def pseudo_experiments(
    model: ShapeModel, strength: float, alphas: Array, gammas: Array, count: int, random: np.random.Generator
) -> Data:
    """Data sets at given parameters: counts fluctuate, and so does what is measured of alpha (samples), gamma (bins)."""
    return _Experiments(model, count, random).at(strength, alphas, gammas)


def toy_limit(
    model: ShapeModel, counts: ArrayLike | None, toys: int, seed: int, confidence_level: float = 0.90
) -> ShapeLimit:
    """`shape_limit` with the distributions of q~_mu from pseudo-experiments, so many with and without a signal for each mu.

    Those for the observed counts have the nuisance parameters that suit the counts best at each mu, those for the band the
    ones that suit the background as expected. `error` is that of `value` from the number of pseudo-experiments: the
    binomial errors of CLs+b and CLb with their correlation, over the slope of CLs. Data without an event in a bin of the
    signal need none: their limit is exact (`limit_without_events`), and no other is stronger.

    A limit of the band is nan where so few tell none, as at -2 standard deviations with 200 of them. Raises ValueError for
    fewer than 100, where so few tell no limit from the counts, and as `shape_limit` does.
    """
    check_level(confidence_level)
    if toys < LEAST:
        raise ValueError(f"{toys} pseudo-experiments tell no limit: at least {LEAST} are needed")
    asymptotic = shape_limit(model, counts, confidence_level)
    floor = limit_without_events(model, confidence_level)
    expected = _Search(model, model.nominal(), toys, np.random.default_rng([seed, 0]), 1 - confidence_level)
    empty = math.exp(-float(model.total[model.signal > 0].sum()))  # the chance of no event in a bin of the signal
    shares = [float(ndtr(deviation)) for deviation in DEVIATIONS]
    searched = [share for share in shares if share > empty]
    crossed = iter(expected.limits([_Quantile(share) for share in searched], asymptotic.band))
    found = [next(crossed) if share > empty else (floor, 0.0) for share in shares]
    band = tuple(max(value, floor) for value, _ in found)  # max keeps a nan that comes first
    if counts is None:
        middle = DEVIATIONS.index(0.0)
        if math.isnan(band[middle]):
            raise ValueError(_too_few(toys))
        return ShapeLimit(band[middle], band, error=found[middle][1])
    data = model.observed(counts)
    observed = _Search(model, data, toys, np.random.default_rng([seed, 1]), 1 - confidence_level)
    p_value = observed.p_value()
    if not np.any(data.counts[0][model.signal > 0]):
        return ShapeLimit(floor, band, p_value)
    ((value, error),) = observed.limits([_Observed(model, data)], [part * asymptotic.value for part in AROUND])
    if math.isnan(value):
        raise ValueError(_too_few(toys))
    return ShapeLimit(max(value, floor), band, p_value, error)


def _too_few(toys: int) -> str:
    return (
        f"{toys} pseudo-experiments tell no limit: hardly any of the background alone is like the counts; "
        "make more of them, or look for what the background leaves out"
    )


# --- the pseudo-experiments ----------------------------------------------------------------------------------------------


class _Experiments:
    """Pseudo-experiments at any parameters, with the same random numbers throughout."""

    def __init__(self, model: ShapeModel, count: int, random: np.random.Generator) -> None:
        self._model, self._random = model, random
        shape = (count, len(model.signal))
        self._alphas = random.standard_normal((count, len(model.errors)))
        self._gammas = random.standard_normal(shape) if np.any(model.spread > 0) else np.zeros(shape)
        self._means = [np.zeros(len(model.signal))]
        self._counts: list[NDArray[np.int64]] = [np.zeros(shape, dtype=np.int64)]

    def at(self, strength: float, alphas: Array, gammas: Array) -> Data:
        """Those at parameters of a fit: mu, alpha (samples) and gamma (bins)."""
        mean = self._model.expected(strength, alphas[None], gammas[None]).counts[0]
        return Data(
            self._counted(mean).astype(np.float64),
            alphas + self._alphas,
            # a background is not negative, and nor is what is measured of it
            np.maximum(gammas + self._model.spread * self._gammas, 0.0),
        )

    def _counted(self, mean: Array) -> NDArray[np.int64]:
        """Counts (data sets, bins) of Poisson processes when so many are expected; between two known counts those in
        between are divided by chance, and above the largest new ones come."""
        means, counts = np.array(self._means), np.stack(self._counts)
        bins = np.arange(len(mean))
        below = np.where(means <= mean, means, -np.inf).argmax(axis=0)
        above = np.where(means > mean, means, np.inf).argmin(axis=0)
        between = means[above, bins] > mean
        low, high = counts[below, :, bins].T, counts[above, :, bins].T
        more = mean - means[below, bins]
        share = np.where(between, more / np.where(between, means[above, bins] - means[below, bins], 1.0), 0.0)
        found = low + self._random.binomial(np.where(between, high - low, 0), share)
        found += self._random.poisson(np.where(between, 0.0, more), found.shape)
        self._means.append(mean)
        self._counts.append(found)
        return found


class _Quantile:
    """q~_mu below which the background alone has a share of its pseudo-experiments: of a limit of the expected band."""

    def __init__(self, share: float) -> None:
        self._above = 1 - share

    def __call__(self, strength: float, alone: Array) -> float:
        return float(np.quantile(alone, self._above, method="lower"))


class _Observed:
    """q~_mu of the observed counts."""

    def __init__(self, model: ShapeModel, data: Data) -> None:
        self._model, self._data = model, data

    def __call__(self, strength: float, alone: Array) -> float:
        return float(_statistic(self._model, self._data, strength)[0])


Statistic = Callable[[float, Array], float]
"""The q~ whose CLs is asked for, from the strength and the q~ of the background's pseudo-experiments."""


@dataclass(frozen=True)
class _Level:
    """ln(CLs/(1 - CL)), and its error; nan where the pseudo-experiments are too few to tell 1 - CL."""

    above: float
    error: float


class _Search:
    """Limits on mu from pseudo-experiments that have the nuisance parameters which suit one data set."""

    def __init__(self, model: ShapeModel, data: Data, toys: int, random: np.random.Generator, wanted: float) -> None:
        self._model, self._data, self._wanted = model, data, wanted
        self._experiments = _Experiments(model, toys, random)
        at_zero = fit_at(model, data, 0.0)
        self._alone = self._experiments.at(0.0, at_zero.alphas[0], at_zero.gammas[0])
        self._alone_zero = fit_at(model, self._alone, 0.0)
        self._alone_best = fit(model, self._alone, self._alone_zero)
        self._alphas = self._alone_zero.alphas  # of the last fit, where the next one starts

    def p_value(self) -> float:
        """The local p-value of the background alone; 0.5 where there is no excess."""
        excesses = np.maximum(2 * (self._alone_zero.nll - self._alone_best.nll), 0.0)
        return min(float(share_as_large(excesses, excess(self._model, self._data)[0])), 0.5)

    def limits(self, statistics: Sequence[Statistic], guesses: Sequence[float]) -> list[tuple[float, float]]:
        """Where CLs of each falls through 1 - CL, with its error; nan where it cannot be told."""
        levels: dict[float, list[_Level]] = {}

        def look(strength: float) -> None:
            if all(abs(strength - known) > 1e-3 * strength for known in levels):
                levels[strength] = self._levels(strength, statistics)

        for guess in sorted(guesses):
            if all(abs(guess - known) > 0.1 * guess for known in levels):
                look(guess)
        while True:
            ways = [_way([(mu, of[k]) for mu, of in sorted(levels.items())], self._wanted) for k in range(len(statistics))]
            before = len(levels)
            for way in ways:
                if not way.settled and len(levels) < MOST_STRENGTHS:
                    look(way.strength)
            if len(levels) == before:
                return [(way.strength, way.error) for way in ways]

    def _levels(self, strength: float, statistics: Sequence[Statistic]) -> list[_Level]:
        fixed = fit_at(self._model, self._data, strength)
        both = self._experiments.at(strength, fixed.alphas[0], fixed.gammas[0])
        with_signal = _statistic(self._model, both, strength)
        fixed = fit_at(self._model, self._alone, strength, self._alphas)
        self._alphas = fixed.alphas
        alone = np.where(self._alone_best.strength > strength, 0.0, 2 * (fixed.nll - self._alone_best.nll))
        return [self._level(with_signal, alone, statistic(strength, alone)) for statistic in statistics]

    def _level(self, with_signal: Array, alone: Array, seen: float) -> _Level:
        both, only = with_signal >= seen - ROUNDING, alone >= seen - ROUNDING
        count, p_both, p_only = len(both), float(np.mean(both)), float(np.mean(only))
        if p_only * self._wanted * count < LEAST_EXCLUDED:
            return _Level(math.nan, math.nan)
        p_both = max(p_both, 0.5 / count)
        # of a ratio of correlated means
        error = float(np.std(both / p_both - only / p_only)) / math.sqrt(count)
        return _Level(math.log(p_both / p_only / self._wanted), error)


def _statistic(model: ShapeModel, data: Data, strength: float) -> Array:
    """q~_mu of each data set. One that has a better description above mu has 0, and needs no other fit."""
    fixed = fit_at(model, data, strength)
    below = slope_in_strength(model, data, fixed) > 0
    rest, found = data.rows(below), np.zeros(len(data.counts))
    best = fit(model, rest, fit_at(model, rest, 0.0, fixed.alphas[below]))
    found[below] = np.maximum(2 * (fixed.nll[below] - best.nll), 0.0)
    return found


@dataclass(frozen=True)
class _Way:
    """Where CLs falls through its level as far as it is known, the error of that, and whether it is near enough."""

    strength: float
    error: float
    settled: bool


def _way(levels: Sequence[tuple[float, _Level]], wanted: float) -> _Way:
    """From the levels at some strengths in their order; at mu = 0 CLs is 1. ln CLs is interpolated."""
    points = [(0.0, _Level(-math.log(wanted), 0.0)), *levels]
    if any(math.isnan(level.above) for _, level in levels):
        return _Way(math.nan, math.nan, settled=True)
    last = max(k for k, (_, level) in enumerate(points) if level.above > 0)
    (low, at_low), (high, at_high) = points[last - 1 : last + 1] if last == len(points) - 1 else points[last : last + 2]
    slope = (at_high.above - at_low.above) / (high - low)
    if last == len(points) - 1:
        farther = high - at_high.above / slope if slope < 0 else math.inf
        return _Way(min(farther * 1.05, 2 * high), math.nan, settled=False)
    strength = low - at_low.above / slope
    nearest = min((at_low, at_high), key=lambda level: abs(level.above))
    near = abs(nearest.above) < CLOSE or high - low < NARROW * high
    # the slope from farther away, where CLs does not move by single pseudo-experiments
    start = max(k for k, (_, level) in enumerate(points) if level.above > FAR)
    end = next((k for k in range(start + 1, len(points)) if points[k][1].above < -FAR), len(points) - 1)
    slope = (points[end][1].above - points[start][1].above) / (points[end][0] - points[start][0])
    return _Way(strength, nearest.error / -slope, settled=near)
