"""Limits from shapes at low counts: exact if nothing is seen, else by pseudo-experiments with their own error."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import poisson

from alphoton.analysis.shape import (
    Data,
    ShapeModel,
    crossings,
    fit,
    limit_without_events,
    limits,
    q_tilde,
    shape_limit,
)
from alphoton.analysis.shape_limits import LEAST_EVENTS, TOYS, events_that_count, limit_from_shapes
from alphoton.analysis.shape_toys import _Experiments, _Observed, _Search, toy_limit
from alphoton.analysis.statistics import Counting, expected_limit_band, upper_limit

X = np.linspace(0.0, 1.0, 25)
PEAK = np.exp(-0.5 * ((X - 0.4) / 0.08) ** 2)
FLAT = np.array([np.ones(25), 0.2 + X, 1.5 - X])


def bins(scale: float, errors: tuple[float, ...] = (0.05, 0.2, 0.5), spread: float = 0.05, share: float = 1.0) -> ShapeModel:
    """25 bins with about `scale` events each, and a peak with a share of its events in the bins."""
    backgrounds = scale * FLAT / 3
    return ShapeModel(share * PEAK / PEAK.sum(), backgrounds, np.array(errors), (spread * backgrounds.sum(axis=0)) ** 2)


def one_bin(background: float) -> ShapeModel:
    """Counting: mu is the number of signal events."""
    return ShapeModel(np.ones(1), np.array([[background]]), np.zeros(1), np.zeros(1))


# --- without an event ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.001, 0.4, 40.0])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_without_events_the_limit_is_exact(scale: float, share: float) -> None:
    """CLs = exp(-mu S), with S what lies in the bins: with errors of the backgrounds or not, asymptotic or by toys."""
    for model in (bins(scale, share=share), bins(scale, (0.0, 0.0, 0.0), 0.0, share)):
        for found in (
            shape_limit(model, np.zeros(25)),
            toy_limit(model, np.zeros(25), 200, seed=1),
        ):
            assert found.value == pytest.approx(math.log(10) / share, rel=1e-14)
            assert found.error == 0
            assert found.p_value == 0.5
    assert shape_limit(bins(scale), np.zeros(25), 0.95).value == pytest.approx(math.log(20), rel=1e-14)


def test_asymptotic_formulas_alone_are_stronger_than_possible() -> None:
    """The negative control: what they would say of no events."""
    from alphoton.analysis.shape import asymptotic_cls

    model = bins(0.001)
    data = model.observed(np.zeros(25))
    best = fit(model, data)

    def above(strengths: NDArray[np.float64]) -> NDArray[np.float64]:
        q = q_tilde(model, data, strengths, best)
        return 0.1 - asymptotic_cls(q, q)

    (found,) = crossings(above, best.strength, model.unit)
    assert found == pytest.approx(1.4, abs=0.1)


def test_events_beside_the_signal_do_not_matter() -> None:
    """In bins of known background that have no signal."""
    model = bins(0.1, (0.0, 0.0, 0.0), 0.0)
    model = replace(model, signal=np.where(X < 0.6, model.signal, 0.0))
    counts = np.where(X < 0.6, 0.0, 3.0)
    found = toy_limit(model, counts, 200, seed=1)
    assert found.value == limit_without_events(model) == shape_limit(model, counts).value
    counts[10] = 1
    assert toy_limit(model, counts, 1000, seed=1).value > found.value  # negative control


@pytest.mark.parametrize("model", [bins(0.05), bins(0.05, (0.0, 0.0, 0.0), 0.0)])
def test_pseudo_experiments_know_the_exact_limit(model: ShapeModel) -> None:
    """They are not needed without an event; made all the same, they agree."""
    data = model.observed(np.zeros(25))
    search = _Search(model, data, 20_000, np.random.default_rng(5), 0.1)
    ((value, error),) = search.limits([_Observed(model, data)], [2.0, 2.6])
    assert value == pytest.approx(math.log(10), abs=4 * error)
    assert error < 0.3


def test_no_data_have_a_larger_statistic_than_those_without_events() -> None:
    model = bins(0.4)
    toys = _Experiments(model, 500, np.random.default_rng(6)).at(0.0, np.zeros(3), np.ones(25))
    most = 2 * 3.0 * model.signal.sum()
    assert np.all(q_tilde(model, toys, 3.0, fit(model, toys)) < most)


# --- against counting ----------------------------------------------------------------------------------------------------

FEW = [(1, 0.5), (1, 3.0), (2, 3.0), (4, 1.0), (6, 4.0), (12, 15.0), (20, 15.0)]


@pytest.mark.parametrize(("observed", "background"), FEW)
def test_one_bin_has_the_limit_of_counting(observed: int, background: float) -> None:
    exact = upper_limit(Counting(observed, background))
    found = toy_limit(one_bin(background), [observed], TOYS, seed=3)
    assert found.value == pytest.approx(exact, abs=4 * found.error)
    assert 0.002 < found.error / found.value < 0.03
    more = upper_limit(Counting(observed + 1, background))
    assert abs(found.value - more) > 4 * found.error  # negative control: of one event more


@pytest.mark.parametrize(("observed", "background"), FEW)
def test_bins_of_one_purity_have_the_limit_of_counting(observed: int, background: float) -> None:
    """With the same s/b everywhere only the sum of the counts tells, wherever they are."""
    shares = np.array([0.05, 0.2, 0.4, 0.25, 0.1])
    model = ShapeModel(shares, background * shares[None], np.zeros(1), np.zeros(5))
    counts = np.random.default_rng(observed).multinomial(observed, shares)
    found = toy_limit(model, counts, TOYS, seed=4)
    assert found.value == pytest.approx(upper_limit(Counting(observed, background)), abs=4 * found.error)


@pytest.mark.parametrize("background", [0.05, 0.5, 3.0, 15.0])
def test_the_band_of_one_bin_is_that_of_counting(background: float) -> None:
    """Exactly where it is the limit of no event; elsewhere the median count of so many toys may be one beside it."""
    exact = expected_limit_band(background)
    found = toy_limit(one_bin(background), None, TOYS, seed=5)
    assert found.value == found.band[2]
    for ours, theirs in zip(found.band, exact, strict=True):
        if theirs == pytest.approx(math.log(10), rel=1e-9):
            assert ours == pytest.approx(theirs, rel=1e-12)
        else:
            assert ours == pytest.approx(theirs, rel=0.08)


def test_the_p_value_is_that_of_the_count() -> None:
    """P(N >= n | b); asymptotic formulas say 2.0e-4 here."""
    found = toy_limit(one_bin(0.5), [3], 50_000, seed=6).p_value
    exact = float(poisson.sf(2, 0.5))
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact / 50_000))
    asymptotic = shape_limit(one_bin(0.5), [3]).p_value
    assert asymptotic is not None
    assert asymptotic < 0.7 * exact
    assert toy_limit(one_bin(0.5), [30], 1000, seed=6).p_value == pytest.approx(1 / 1001)  # never 0


def test_an_error_of_the_background_makes_another_limit_than_counting() -> None:
    """As the README quotes it: `cls` averages over the background, the likelihood has its best one."""
    model = replace(one_bin(49.0), variances=np.array([4.9**2]))
    assert upper_limit(Counting(61, 49.0, 4.9)) == pytest.approx(25.46, abs=0.005)
    assert shape_limit(model, [61.0]).value == pytest.approx(24.80, abs=0.005)
    found = toy_limit(model, [61.0], 20_000, seed=1)
    assert found.value == pytest.approx(24.80, abs=4 * found.error)
    assert abs(found.value - 25.46) > 4 * found.error


# --- the error of the number of pseudo-experiments -----------------------------------------------------------------------


@pytest.mark.parametrize(("observed", "background"), [(1, 0.5), (2, 3.0), (20, 15.0)])
def test_pulls_of_the_limit(observed: int, background: float) -> None:
    exact = upper_limit(Counting(observed, background))
    found = [toy_limit(one_bin(background), [observed], 2000, seed) for seed in range(60)]
    pulls = np.array([(each.value - exact) / each.error for each in found])
    assert abs(pulls.mean()) < 0.5
    assert 0.7 < pulls.std() < 1.35
    assert np.mean(np.abs(pulls / 0.5) > 2) > 0.15  # negative control: half the error would be too small


def test_spread_over_seeds_with_nuisance_parameters() -> None:
    """The error quoted is the spread of limits with other random numbers."""
    model = bins(1.0)
    counts = np.random.default_rng(8).poisson(model.total)
    found = [toy_limit(model, counts, 500, seed) for seed in range(25)]
    spread = np.std([each.value for each in found], ddof=1)
    assert 0.65 < spread / np.mean([each.error for each in found]) < 1.5


def test_counts_are_poisson_processes_in_the_strength() -> None:
    """In whatever order strengths are asked for, means and variances are those of Poisson counts, and they rise."""
    model = bins(2.0, (0.0, 0.0, 0.0), 0.0)
    toys, counts = 4000, {}
    made = _Experiments(model, toys, np.random.default_rng(9))
    for strength in (0.0, 30.0, 10.0, 20.0, 40.0, 15.0):
        counts[strength] = made.at(strength, np.zeros(3), np.ones(25)).counts
    for strength, found in counts.items():
        mean = model.total + strength * model.signal
        assert np.abs((found.mean(axis=0) - mean) / np.sqrt(mean / toys)).max() < 4.5
        assert np.abs(found.var(axis=0) / mean - 1).max() < 4.5 * np.sqrt((2 + 1 / mean.min()) / toys)
    ordered = [counts[strength] for strength in sorted(counts)]
    assert all(np.all(less <= more) for less, more in pairwise(ordered))
    assert np.all(made.at(15.0, np.zeros(3), np.ones(25)).counts == counts[15.0])


# --- where asymptotic formulas end ---------------------------------------------------------------------------------------


def worst(background: float) -> float:
    """How much the asymptotic limit of one bin is below the exact one, at worst in the central 95% of the counts."""
    low, high = poisson.ppf([0.025, 0.975], background)
    counts = np.arange(max(low, 1), high + 1)
    rows = len(counts)
    data = Data(counts[:, None], np.zeros((rows, 1)), np.ones((rows, 1)))
    exact = [upper_limit(Counting(int(count), background)) for count in counts]
    return float(np.max(1 - limits(one_bin(background), data) / np.array(exact)))


def test_how_good_asymptotic_limits_are() -> None:
    """The measurement that the least number of events is taken from, as the module quotes it."""
    found = [worst(background) for background in (3.0, 10.0, 30.0, 100.0, 1000.0)]
    assert found == pytest.approx([0.15, 0.085, 0.05, 0.027, 0.009], abs=0.006)


def test_a_signal_at_the_limit_is_excluded_as_often_as_by_the_exact_one() -> None:
    """At 100 events: a true signal at the median expected limit, in 5% of the experiments by both."""
    background = LEAST_EVENTS
    signal = upper_limit(Counting(background, background))
    counts = np.arange(40, 200)
    rows = len(counts)
    data = Data(counts[:, None].astype(float), np.zeros((rows, 1)), np.ones((rows, 1)))
    chance = poisson.pmf(counts, background + signal)
    asymptotic = chance[limits(one_bin(background), data) < signal].sum()
    exact = chance[np.array([upper_limit(Counting(int(count), background)) for count in counts]) < 0.999 * signal].sum()
    assert asymptotic == pytest.approx(exact, abs=0.012)
    assert asymptotic < 0.1


def test_events_that_count() -> None:
    assert events_that_count(one_bin(37.0)) == pytest.approx(37.0)
    assert 40 < events_that_count(bins(10.0)) < 60  # of 260 in all bins, those under the peak
    wide = replace(bins(10.0), signal=FLAT.sum(axis=0) / 100)
    assert events_that_count(wide) == pytest.approx(wide.total.sum())
    # a signal half of which lies where nothing else is, is found by the few events there
    pure = ShapeModel(np.array([0.5, 0.5]), np.array([[1e4, 1e-9]]), np.zeros(1), np.zeros(2))
    assert events_that_count(pure) < 5
    # counts say that there is less background than expected
    unsure = ShapeModel(np.ones(2), np.array([[400.0, 400.0]]), np.array([2.0]), np.zeros(2))
    assert events_that_count(unsure) > LEAST_EVENTS > events_that_count(unsure, [3.0, 3.0])


def test_few_events_take_pseudo_experiments_and_many_do_not() -> None:
    few, many = one_bin(LEAST_EVENTS - 1), one_bin(LEAST_EVENTS + 1)
    assert limit_from_shapes(few, [90.0], seed=1) == toy_limit(few, [90.0], TOYS, 1)
    assert limit_from_shapes(many, [90.0], seed=1) == shape_limit(many, [90.0])
    assert limit_from_shapes(many, [90.0], seed=1, toys=500) == toy_limit(many, [90.0], 500, 1)
    assert limit_from_shapes(few, None, seed=1).error > 0


def test_counts_unlike_the_background_tell_no_limit_with_so_few() -> None:
    with pytest.raises(ValueError, match="200 pseudo-experiments tell no limit: hardly any"):
        toy_limit(one_bin(30.0), [12.0], 200, seed=1)


def test_a_limit_with_its_band_takes_seconds() -> None:
    """25 bins, three backgrounds with errors, and 10 000 pseudo-experiments at each strength: 6 s of one quiet core."""
    model = bins(0.4)
    counts = np.random.default_rng(3).poisson(model.total)
    start = time.process_time()
    limit_from_shapes(model, counts, seed=1)
    assert time.process_time() - start < 20  # others may be at work
