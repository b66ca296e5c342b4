"""Binomial intervals and weighted efficiencies: definitions, toys, and intervals that must fail the same toys."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom, norm

from alphoton.analysis.efficiency import Efficiency, clopper_pearson, weighted_efficiency
from reference.checks import random_settings

FloatArray = NDArray[np.float64]
Intervals = Callable[[FloatArray, int], tuple[FloatArray, FloatArray]]
ONE_SIGMA = 0.6827


def efficiency_of(weights: FloatArray, selected: NDArray[np.bool_]) -> Efficiency:
    chosen = weights[selected]
    return weighted_efficiency(weights.sum(), (weights**2).sum(), chosen.sum(), (chosen**2).sum())


# --- Clopper-Pearson ---------------------------------------------------------------------------------------------


@random_settings(60)
@given(generated=st.integers(1, 10_000), share=st.floats(0, 1), coverage=st.sampled_from([0.5, ONE_SIGMA, 0.95]))
def test_clopper_pearson_inverts_the_binomial_tails(generated: int, share: float, coverage: float) -> None:
    """Its definition: at either bound the observed count or a more extreme one has the probability of one tail."""
    selected = round(share * generated)
    low, high = clopper_pearson(selected, generated, coverage)
    assert low <= selected / generated <= high
    if selected > 0:
        assert binom.sf(selected - 1, generated, low) == pytest.approx((1 - coverage) / 2, rel=1e-6)
    if selected < generated:
        assert binom.cdf(selected, generated, high) == pytest.approx((1 - coverage) / 2, rel=1e-6)


def test_clopper_pearson_at_the_ends() -> None:
    # no event selected: (1 - high)^n is the probability of that, one tail
    tail = (1 - ONE_SIGMA) / 2
    low, high = clopper_pearson(0, 10)
    assert (low, high) == (0, pytest.approx(1 - tail ** (1 / 10), rel=1e-12))
    low, high = clopper_pearson(10, 10)
    assert (low, high) == (pytest.approx(tail ** (1 / 10), rel=1e-12), 1)


def test_clopper_pearson_of_many_events_is_gaussian() -> None:
    low, high = clopper_pearson(4e8, 1e9)
    assert (high - low) / 2 == pytest.approx(norm.isf((1 - ONE_SIGMA) / 2) * math.sqrt(0.4 * 0.6 / 1e9), rel=1e-4)


def test_clopper_pearson_broadcasts() -> None:
    low, high = clopper_pearson(np.array([0.0, 2.5, 10.0]), 10.0)
    assert low.shape == high.shape == (3,)
    for index, count in enumerate([0.0, 2.5, 10.0]):
        assert (low[index], high[index]) == clopper_pearson(count, 10.0)
    assert clopper_pearson(np.ones((2, 1)), np.array([3, 4, 5]))[0].shape == (2, 3)


@random_settings(40)
@given(generated=st.floats(0.5, 1e6), share=st.floats(0.01, 0.99))
def test_fractional_counts_lie_between_whole_ones(generated: float, share: float) -> None:
    selected = share * generated
    whole = np.array([math.floor(selected), selected, min(math.ceil(selected), generated)])
    low, high = clopper_pearson(whole, generated)
    assert np.all(np.diff(low) >= 0)
    assert np.all(np.diff(high) >= 0)


def wald(selected: FloatArray, generated: int) -> tuple[FloatArray, FloatArray]:
    """The textbook k/n +- sqrt(e(1-e)/n): it has no width at k = 0."""
    value = selected / generated
    error = np.sqrt(value * (1 - value) / generated)
    return value - error, value + error


def covers(intervals: Intervals, truth: float, generated: int, toys: int = 20_000) -> bool:
    """Do the intervals hold the truth in 68.27% of the toys, within four binomial errors?"""
    counts = np.random.default_rng(3).binomial(generated, truth, toys).astype(float)
    low, high = intervals(counts, generated)
    return bool(np.mean((low <= truth) & (truth <= high)) >= ONE_SIGMA - 4 * math.sqrt(ONE_SIGMA * (1 - ONE_SIGMA) / toys))


@pytest.mark.parametrize(("truth", "generated"), [(0.02, 40), (0.1, 10), (0.4, 100), (0.995, 150)])
def test_clopper_pearson_covers(truth: float, generated: int) -> None:
    assert covers(clopper_pearson, truth, generated)


@pytest.mark.parametrize(("truth", "generated"), [(0.02, 40), (0.995, 150)])
def test_the_wald_interval_does_not_cover(truth: float, generated: int) -> None:
    """The negative control: few events, where the naive error vanishes too often."""
    assert not covers(wald, truth, generated)


@pytest.mark.parametrize(
    ("selected", "generated", "message"),
    [
        (0, 0, "generated events"),
        (1, -1, "generated events"),
        (0, math.nan, "generated events"),
        (-1, 5, "between zero and the generated"),
        (6, 5, "between zero and the generated"),
        (math.nan, 5, "between zero and the generated"),
        ([1, 6], [5, 5], "between zero and the generated"),
    ],
)
def test_impossible_counts_are_refused(selected: object, generated: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        clopper_pearson(selected, generated)


@pytest.mark.parametrize("coverage", [0.0, 1.0, 68.27, math.nan])
def test_coverage_is_a_probability(coverage: float) -> None:
    with pytest.raises(ValueError, match="coverage"):
        clopper_pearson(1, 2, coverage)


# --- weighted efficiency -----------------------------------------------------------------------------------------


@random_settings(60)
@given(
    generated=st.integers(1, 10**7),
    share=st.floats(0, 1),
    weight=st.floats(1e-6, 1e6),
)
def test_equal_weights_are_plain_clopper_pearson(generated: int, share: float, weight: float) -> None:
    selected = round(share * generated)
    efficiency = weighted_efficiency(weight * generated, weight**2 * generated, weight * selected, weight**2 * selected)
    low, high = clopper_pearson(selected, generated)
    assert efficiency.value == pytest.approx(selected / generated, rel=1e-12)
    assert efficiency.low == pytest.approx(float(low), rel=1e-9)
    assert efficiency.high == pytest.approx(float(high), rel=1e-9)
    assert efficiency.selected == pytest.approx(selected, rel=1e-9)
    assert efficiency.generated == pytest.approx(generated, rel=1e-9)


def test_error_is_half_the_interval() -> None:
    efficiency = weighted_efficiency(100, 100, 40, 40)
    assert efficiency.error == (efficiency.high - efficiency.low) / 2
    assert efficiency.error == pytest.approx(math.sqrt(0.4 * 0.6 / 100), rel=0.12)  # Clopper-Pearson adds about 0.5/n


@pytest.mark.parametrize("everything", [False, True])
def test_none_or_all_selected_fall_back_on_the_effective_size(everything: bool) -> None:
    weights = np.random.default_rng(8).exponential(size=1000)
    efficiency = efficiency_of(weights, np.full(1000, everything))
    effective = weights.sum() ** 2 / (weights**2).sum()
    assert efficiency.generated == pytest.approx(effective, rel=1e-12)
    assert (efficiency.low, efficiency.high) == clopper_pearson(efficiency.value * effective, effective)


def test_all_selected_in_another_order_is_still_all() -> None:
    weights = np.random.default_rng(8).exponential(size=100_000)
    shuffled = weights[::-1].cumsum()[-1]  # pairwise and running sums differ in the last digits
    for selected in (shuffled, 2 * weights.sum() - shuffled):
        efficiency = weighted_efficiency(weights.sum(), (weights**2).sum(), selected, (weights**2).sum())
        assert (efficiency.value, efficiency.high) == (1, 1)
        assert efficiency.generated == pytest.approx(5e4, rel=0.05)  # exponential weights: <w>^2/<w^2> = 1/2


def two_populations(random: np.random.Generator, events: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Selected events are light and many, rejected ones heavy and few: efficiency 0.7*0.5/(0.7*0.5 + 0.3*4)."""
    selected = random.random(events) < 0.7
    scale = np.where(selected, 0.5, 4.0)
    return scale * random.uniform(0.5, 1.5, events), selected


TRUE_EFFICIENCY = 0.7 * 0.5 / (0.7 * 0.5 + 0.3 * 4.0)


def pull_widths(error_of: Callable[[FloatArray, NDArray[np.bool_]], tuple[float, float]]) -> tuple[float, float]:
    """Mean and width of (estimate - truth)/error over 2000 samples."""
    samples = [two_populations(np.random.default_rng([17, seed]), 2000) for seed in range(2000)]
    pulls = [(value - TRUE_EFFICIENCY) / error for value, error in (error_of(*sample) for sample in samples)]
    return float(np.mean(pulls)), float(np.std(pulls))


def naive(weights: FloatArray, selected: NDArray[np.bool_]) -> tuple[float, float]:
    """Effective size (sum w)^2/sum w^2 of the whole sample, blind to which weights are selected."""
    value = weights[selected].sum() / weights.sum()
    return value, math.sqrt(value * (1 - value) * (weights**2).sum()) / weights.sum()


def ours(weights: FloatArray, selected: NDArray[np.bool_]) -> tuple[float, float]:
    efficiency = efficiency_of(weights, selected)
    return efficiency.value, efficiency.error


def test_pulls_of_the_weighted_efficiency_are_standard() -> None:
    # 2000 pulls: the mean is known to 0.022, the width to 0.016; Clopper-Pearson's half event narrows it by about 2%
    mean, width = pull_widths(ours)
    assert abs(mean) < 0.09
    assert 0.93 < width < 1.05


def test_pulls_of_the_naive_effective_size_are_not() -> None:
    """The negative control: the same sample, the same check."""
    _, width = pull_widths(naive)
    assert not 0.93 < width < 1.05


def vetoed(random: np.random.Generator, mixed: bool) -> Efficiency:
    """1000 events of unequal weights; a tenth is left of 60%, a fifth of 20%, nothing of the others: efficiency 0.1."""
    weights, shares = random.uniform(0.5, 1.5, 1000), random.choice([0.1, 0.2, 0.0], 1000, p=[0.6, 0.2, 0.2])
    left, squares = weights * shares, weights**2
    return weighted_efficiency(
        weights.sum(), squares.sum(), left.sum(), (left**2).sum(), (squares @ shares) if mixed else None
    )


@pytest.mark.parametrize("mixed", [True, False])
def test_pulls_where_vetoes_leave_a_part_of_an_event(mixed: bool) -> None:
    found = [vetoed(np.random.default_rng([23, seed]), mixed) for seed in range(1000)]
    width = np.std([(efficiency.value - 0.1) / efficiency.error for efficiency in found])
    assert (0.93 < width < 1.07) == mixed  # known to 0.022; 0.53 without the mixed sum, the negative control


def test_the_same_share_of_every_event_falls_back_on_the_effective_size() -> None:
    efficiency = weighted_efficiency(100, 100, 10, 1, 10)
    assert (efficiency.value, efficiency.generated) == (0.1, 100)


def test_effective_count_reproduces_the_bootstrap_variance() -> None:
    random = np.random.default_rng(29)
    weights, selected = two_populations(random, 3000)
    copies = random.poisson(1.0, (4000, 3000)).astype(float)  # Poisson bootstrap
    ratios = copies @ (weights * selected) / (copies @ weights)
    efficiency = efficiency_of(weights, selected)
    variance = efficiency.value * (1 - efficiency.value) / efficiency.generated
    assert variance == pytest.approx(ratios.var(), rel=0.08)  # 4000 copies: 2.2%


def test_negative_weights_are_carried_while_the_efficiency_makes_sense() -> None:
    random = np.random.default_rng(31)
    weights = np.where(random.random(4000) < 0.1, -1.0, 1.0)
    efficiency = efficiency_of(weights, random.random(4000) < 0.4)
    assert 0.3 < efficiency.low < efficiency.value < efficiency.high < 0.5
    assert efficiency.generated < 4000 * 0.8  # cancelling weights are worth fewer events


@pytest.mark.parametrize("selected_sum", [-0.5, 10.5])
def test_negative_weights_that_push_it_out_of_range_are_refused(selected_sum: float) -> None:
    with pytest.raises(ValueError, match="negative weights dominate"):
        weighted_efficiency(10, 14, selected_sum, 7)


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        ((0, 0, 0, 0), "generated events"),
        ((-3, 5, 0, 0), "generated events"),
        ((math.nan, 5, 0, 0), "finite"),
        ((10, 10, 5, 11), "sum of squared weights"),
        ((10, 10, 5, -1), "sum of squared weights"),
        ((10, 10, 5, 0), "no sum of squares"),
    ],
)
def test_impossible_sums_are_refused(sums: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_efficiency(*sums)
