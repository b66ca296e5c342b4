"""The binned likelihood: fits against a general minimiser, limits against exact Poisson sums, coverage by toys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr
from scipy.stats import binom, poisson

from alphoton.analysis.shape import (
    DEVIATIONS,
    Data,
    ShapeModel,
    asymptotic_cls,
    best_gammas,
    excess,
    expected_band,
    fit,
    fit_at,
    limits,
    q_tilde,
    shape_limit,
)
from alphoton.analysis.shape_toys import pseudo_experiments, toy_limit
from alphoton.analysis.statistics import Counting, upper_limit

X = np.linspace(0.0, 1.0, 12)
BUMP = np.exp(-0.5 * ((X - 0.4) / 0.12) ** 2)
SLOPES = np.array([np.ones(12), 0.2 + X, 1.5 - X])


def model(scale: float = 400.0, relative_spread: float = 0.05, errors: tuple[float, ...] = (0.1, 0.2, 0.3)) -> ShapeModel:
    """Three backgrounds of about `scale` events a bin, and a signal of about one standard deviation at mu = 1."""
    backgrounds = scale * SLOPES / 3
    total = backgrounds.sum(axis=0)
    return ShapeModel(np.sqrt(scale) * BUMP, backgrounds, np.array(errors), (relative_spread * total) ** 2)


def one_bin(background: float, spread: float = 0.0, error: float = 0.0) -> ShapeModel:
    """Counting: mu is the number of signal events."""
    return ShapeModel(np.ones(1), np.array([[background]]), np.array([error]), np.array([(spread * background) ** 2]))


def null_toys(made_from: ShapeModel, count: int, seed: int, strength: float = 0.0) -> Data:
    """Pseudo-experiments at the nominal nuisance parameters."""
    samples, bins = made_from.backgrounds.shape
    return pseudo_experiments(made_from, strength, np.zeros(samples), np.ones(bins), count, np.random.default_rng(seed))


def written_out(made_from: ShapeModel, data: Data, parameters: NDArray[np.float64]) -> float:
    """-ln L with every gamma a parameter of its own, term by term, and without a constant."""
    samples = len(made_from.errors)
    strength, alphas, gammas = parameters[0], parameters[1 : 1 + samples], parameters[1 + samples :]
    background = sum((1 + e) ** a * b for e, a, b in zip(made_from.errors, alphas, made_from.backgrounds, strict=True))
    total = -np.sum(poisson.logpmf(data.counts[0], strength * made_from.signal + gammas * background))
    total += 0.5 * np.sum(((gammas - data.gammas[0]) / made_from.spread) ** 2)
    return float(total + 0.5 * np.sum((alphas - data.alphas[0]) ** 2))


# --- fits ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [None, 0.0, 3.0])
def test_fit_finds_the_minimum_over_all_parameters(strength: float | None) -> None:
    """A general minimiser over mu, alphas and all gammas, from another start, finds the same place and depth."""
    made_from = model(scale=60.0)
    data = null_toys(made_from, 1, seed=5, strength=4.0)
    found = fit(made_from, data) if strength is None else fit_at(made_from, data, strength)
    place = np.concatenate([found.strength, found.alphas[0], found.gammas[0]])
    bounds = [(0, None) if strength is None else (strength, strength)] + [(-5, 5)] * 3 + [(1e-3, None)] * 12
    start = np.concatenate([[1.0 if strength is None else strength], np.zeros(3), np.ones(12)])
    other = minimize(lambda p: written_out(made_from, data, p), start, bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-7})
    assert written_out(made_from, data, place) <= other.fun + 1e-6
    assert place == pytest.approx(other.x, abs=2e-3)


def test_the_gammas_are_where_the_likelihood_is_largest() -> None:
    """Against a fine grid, from no event to many more than expected, with and without signal, for wide and narrow errors."""
    counts, signal, measured, spread = np.meshgrid([0.0, 3.0, 40.0], [0.0, 5.0], [0.6, 1.0], [1e-3, 0.1, 1.0])
    background = np.full_like(counts, 10.0)
    found = best_gammas(counts, signal, background, measured, spread)
    grid = np.geomspace(1e-4, 20.0, 100_001)[:, None]
    mean = signal.ravel() + grid * background.ravel()
    log_likelihood = counts.ravel() * np.log(mean) - mean - (grid - measured.ravel()) ** 2 / (2 * spread.ravel() ** 2)
    best = grid[np.argmax(log_likelihood, axis=0), 0]
    assert np.maximum(found.ravel(), 1e-4) == pytest.approx(best, rel=1e-4, abs=1e-4)


def test_gammas_of_known_templates_stay() -> None:
    measured = np.array([1.0, 0.9])
    assert best_gammas(np.array([5.0, 9.0]), np.zeros(2), np.ones(2), measured, np.zeros(2)).tolist() == measured.tolist()


def test_a_deficit_is_fitted_without_signal() -> None:
    made_from = model()
    few = made_from.observed(made_from.total - 3 * made_from.signal)
    assert fit(made_from, few).strength[0] == 0
    assert excess(made_from, few)[0] == 0
    assert fit(made_from, made_from.observed(made_from.total + 3 * made_from.signal)).strength[0] > 0


def test_bins_without_counts_over_a_template_of_one_event() -> None:
    """Its gamma falls to 0; the limit is that of the other bins, which is the one of a bin that saw nothing."""
    made_from = ShapeModel(np.full(2, 0.5), np.array([[100.0, 2.0]]), np.zeros(1), np.array([100.0**2, 0.0]))
    found = shape_limit(made_from, [0.0, 2.0])
    assert 0 < found.value < shape_limit(made_from, [5.0, 2.0]).value < shape_limit(made_from, [50.0, 2.0]).value


# --- limits against exact sums -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("observed", [1950, 2000, 2050])
def test_one_bin_with_many_events_has_the_limit_of_counting(observed: int) -> None:
    """To what one event more would change: the asymptotic formulas take the count for continuous."""
    made_from = one_bin(2000.0)
    found = float(limits(made_from, made_from.observed([observed]))[0])
    exact = upper_limit(Counting(observed, 2000.0))
    step = upper_limit(Counting(observed + 1, 2000.0)) - exact
    assert abs(found - exact) < step


@pytest.mark.parametrize(("observed", "background"), [(6, 4.0), (2, 3.0)])
def test_one_bin_with_few_events_has_the_limit_of_counting_by_toys(observed: int, background: float) -> None:
    """At the toys' limit the exact CLs is 10% within what so many toys can tell; the asymptotic limit is not."""
    toys = 8000
    found = toy_limit(one_bin(background), [observed], toys, seed=3).value
    both, alone = poisson.cdf(observed, found + background), poisson.cdf(observed, background)
    error = np.hypot(np.sqrt(both * (1 - both) / toys) / alone, 0.1 * np.sqrt((1 - alone) / alone / toys))
    assert both / alone == pytest.approx(0.1, abs=4 * error)
    asymptotic = shape_limit(one_bin(background), [observed]).value
    short = poisson.cdf(observed, asymptotic + background) / alone
    assert abs(short - 0.1) > 4 * error


def test_an_error_of_the_template_adds_to_that_of_the_count() -> None:
    """With Gaussian errors the expected limit is 1.645 sqrt(b + (delta b)^2), for statistics and normalisation alike."""
    wide = 1.6448536 * np.sqrt(1e6 + (0.002 * 1e6) ** 2)
    for made_from in (one_bin(1e6, spread=0.002), one_bin(1e6, error=0.002)):
        assert expected_band(made_from)[2] == pytest.approx(wide, rel=2e-3)
    assert expected_band(one_bin(1e6))[2] == pytest.approx(1.6448536e3, rel=2e-3)


def test_cls_in_closed_form() -> None:
    """A Gaussian measurement x of mu >= 0 with unit error: CLs = Phi(x - mu)/Phi(x)."""
    mu, x = 2.2, np.array([-0.7, 0.4, 1.9])
    q = np.where(x < 0, mu**2 - 2 * mu * x, (mu - x) ** 2)
    assert asymptotic_cls(q, np.full(3, mu**2)) == pytest.approx(ndtr(x - mu) / ndtr(x), rel=1e-12)


# --- what the statistics of the templates do -----------------------------------------------------------------------------


def test_few_template_events_weaken_the_limit() -> None:
    limits_of = [expected_band(model(relative_spread=spread))[2] for spread in (0.0, 0.02, 0.05, 0.2)]
    assert limits_of == sorted(limits_of)
    assert limits_of[-1] > 2 * limits_of[0]
    assert limits_of[0] == pytest.approx(expected_band(model(relative_spread=1e-6))[2], rel=1e-4)


def test_sidebands_measure_the_normalisations() -> None:
    """With one background of unknown size, twelve bins limit better than the bump's own, a known one better yet."""
    backgrounds = np.full((1, 12), 400.0)
    made_from = ShapeModel(20 * BUMP, backgrounds, np.array([0.5]), np.zeros(12))
    inner = BUMP > 0.3
    narrow = ShapeModel(20 * BUMP[inner], backgrounds[:, inner], np.array([0.5]), np.zeros(inner.sum()))
    known = replace(made_from, errors=np.zeros(1))
    order = [expected_band(each)[2] for each in (known, made_from, narrow)]
    assert order == sorted(order)
    assert order[2] > 1.2 * order[1]


# --- coverage and bands --------------------------------------------------------------------------------------------------


def excluded(made_from: ShapeModel, strength: float, count: int, seed: int, assumed: ShapeModel | None = None) -> float:
    """The share of pseudo-experiments with a signal that the limit excludes."""
    used = made_from if assumed is None else assumed
    toys = null_toys(made_from, count, seed, strength)
    at_zero = fit_at(used, toys, 0.0)
    asimov = used.expected(0.0, at_zero.alphas, at_zero.gammas)
    q = q_tilde(used, toys, strength, fit(used, toys, at_zero))
    cls = asymptotic_cls(q, q_tilde(used, asimov, strength, fit_at(used, asimov, 0.0)))
    return float(np.mean(cls < 0.1))


def test_a_true_signal_is_excluded_in_a_tenth_of_the_experiments() -> None:
    """With a signal well above the background's fluctuations CLs is the p-value of the signal, and coverage is exact."""
    count = 2000
    low, high = binom.ppf([1e-3, 1 - 1e-3], count, 0.1) / count
    assert low < excluded(model(), 12.0, count, seed=11) < high


def test_coverage_fails_where_statistics_of_the_templates_are_forgotten() -> None:
    """The negative control: each experiment's template, as its few events make it, taken for exact."""
    made_from = model(relative_spread=0.1)
    forgotten = replace(made_from, variances=np.zeros(12))
    count = 2000
    _, high = binom.ppf([1e-3, 1 - 1e-3], count, 0.1) / count
    assert excluded(made_from, 12.0, count, seed=11, assumed=forgotten) > 1.3 * high


def test_a_weak_signal_is_excluded_less_often() -> None:
    """CLs protects signals that the experiment has no eye for."""
    assert excluded(model(), 0.1, 2000, seed=12) < 0.03


def test_bands_of_pseudo_experiments_are_those_of_asimov() -> None:
    """Quantiles of the limits of the background alone, with the error of an order statistic."""
    made_from, count = model(), 1000
    sorted_limits = np.sort(limits(made_from, null_toys(made_from, count, seed=13)))
    for deviation, expected in zip(DEVIATIONS, expected_band(made_from), strict=True):
        low, high = binom.ppf([1e-3, 1 - 1e-3], count, ndtr(deviation)).astype(int)
        assert 0.98 * sorted_limits[max(low - 1, 0)] < expected < 1.02 * sorted_limits[min(high, count - 1)]


def test_the_limit_closes_the_loop() -> None:
    """CLs of the data at their own limit is 1 - CL."""
    made_from = model()
    data = null_toys(made_from, 5, seed=14)
    for level in (0.90, 0.95):
        found = limits(made_from, data, level)
        at_zero = fit_at(made_from, data, 0.0)
        asimov = made_from.expected(0.0, at_zero.alphas, at_zero.gammas)
        q = q_tilde(made_from, data, found, fit(made_from, data))
        cls = asymptotic_cls(q, q_tilde(made_from, asimov, found, fit_at(made_from, asimov, 0.0)))
        assert cls == pytest.approx(np.full(5, 1 - level), rel=1e-4)


def test_limits_by_toys_agree_with_the_asymptotic_ones_for_many_events() -> None:
    made_from = model()
    counts = null_toys(made_from, 1, seed=15).counts[0]
    toys, asymptotic = toy_limit(made_from, counts, 6000, seed=1), shape_limit(made_from, counts)
    assert toys.value == pytest.approx(asymptotic.value, rel=0.08)
    assert toys.band[1:] == pytest.approx(asymptotic.band[1:], rel=0.12)
    assert toy_limit(made_from, counts, 100, seed=1).value == toy_limit(made_from, counts, 100, seed=1).value
    assert toys.p_value == pytest.approx(asymptotic.p_value, abs=0.05)


def test_many_events_are_no_trouble_for_double_precision() -> None:
    """1e9 events a bin: the limit scales with the square root, as for 1e5."""
    few, many = (expected_band(model(scale=scale, relative_spread=0.0)) for scale in (1e5, 1e9))
    assert many == pytest.approx(few, rel=5e-3)


# --- what is no likelihood -----------------------------------------------------------------------------------------------


def test_input_that_makes_no_likelihood_is_refused() -> None:
    made_from = model()
    gap = made_from.backgrounds.copy()
    gap[:, 3] = 0
    for change, message in (
        ({"backgrounds": gap}, "bin 4 of 12 has no background .empty: 1.:"),
        ({"signal": np.zeros(12)}, "none of the signal"),
        ({"backgrounds": -made_from.backgrounds}, "negative or not finite"),
        ({"errors": np.ones(2)}, "different bins"),
        ({"variances": np.full(12, np.nan)}, "negative or not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(made_from, **change)


@pytest.mark.parametrize(
    ("counts", "message"),
    [(np.full(12, -1.0), "observed count is negative"), (np.ones(3), "3 counts were observed, the templates have 12 bins")],
)
def test_counts_that_are_none_are_refused(counts: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shape_limit(model(), counts)


def test_a_level_or_a_number_of_toys_that_tells_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence level is 1"):
        shape_limit(model(), None, 1.0)
    with pytest.raises(ValueError, match="at least 100"):
        toy_limit(model(), None, 10, seed=1)
