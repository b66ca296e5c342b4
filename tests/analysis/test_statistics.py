"""Upper limits: every method against an independent route, its own p-value, toys, and a limit that must fail."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import norm, poisson, truncnorm

from alphoton.analysis import statistics
from alphoton.analysis.statistics import (
    METHODS,
    Counting,
    NoLimitError,
    expected_limit_band,
    median_expected_limit,
    p_value,
    upper_limit,
)
from reference.checks import random_settings

FloatArray = NDArray[np.float64]
SMOOTH = ("cls", "bayesian", "poisson")
DELPHI = Counting(61, 49, 4.9)  # arXiv:2012.07894, the DELPHI section: 61 observed, 49 expected, 10% uncertainty


@st.composite
def countings(draw: st.DrawFn, largest: float = 200.0) -> Counting:
    """Backgrounds over decades, uncertainties from none to as large as b, counts within about five deviations."""
    background = draw(st.one_of(st.just(0.0), st.floats(0.01, largest)))
    error = background * draw(st.sampled_from([0.0, 0.03, 0.1, 0.5, 1.0]))
    width = math.sqrt(background + error**2)
    count = max(0, round(background + draw(st.floats(-4, 6)) * width) + draw(st.integers(0, 3)))
    return Counting(count, background, error)


def limit_or_zero(counting: Counting, method: str, confidence_level: float = 0.90) -> float:
    try:
        return upper_limit(counting, method, confidence_level)
    except NoLimitError:
        return 0.0


# --- the numbers of the paper ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SMOOTH)
def test_delphi_without_background(method: str) -> None:
    # arXiv:2012.07894: "N_lim ~ 72 at 90% CL" when all 61 events are taken as signal
    assert upper_limit(Counting(61), method) == pytest.approx(72, abs=0.5)


@pytest.mark.parametrize("method", ["cls", "bayesian"])
def test_delphi_with_background(method: str) -> None:
    # arXiv:2012.07894: "N_lim ~ 25.5 at 90% CL" with 49 +- 4.9 background events
    assert upper_limit(DELPHI, method) == pytest.approx(25.5, abs=0.05)


def test_the_other_methods_give_other_numbers_for_delphi() -> None:
    # Values of this package, kept as a record; each method is verified by independent routes below.
    assert upper_limit(DELPHI, "poisson") == pytest.approx(25.02, abs=0.01)
    assert upper_limit(DELPHI, "feldman_cousins") == pytest.approx(28.54, abs=0.01)
    assert upper_limit(Counting(61), "feldman_cousins") == pytest.approx(75.03, abs=0.01)


# G. J. Feldman and R. D. Cousins, Phys. Rev. D57 (1998) 3873, Table IV (90%); the column b = 0 is repeated in the
# Statistics review of the Particle Data Group. Their scan has steps of 0.005 in s, hence the tolerance.
TABLE_IV = {
    **{(0, 0.0): 2.44, (1, 0.0): 4.36, (2, 0.0): 5.91, (3, 0.0): 7.42, (4, 0.0): 8.60, (5, 0.0): 9.99},
    **{(6, 0.0): 11.47, (7, 0.0): 12.53, (8, 0.0): 13.99, (9, 0.0): 15.30, (10, 0.0): 16.50},
    **{(0, 3.0): 1.08, (5, 3.0): 6.99, (10, 3.0): 13.50},
}


@pytest.mark.parametrize(("count", "background"), TABLE_IV)
def test_feldman_cousins_reproduces_its_table(count: int, background: float) -> None:
    limit = upper_limit(Counting(count, background), "feldman_cousins")
    assert limit == pytest.approx(TABLE_IV[count, background], abs=0.011)


def test_feldman_cousins_at_95_percent() -> None:
    # "The interval in Feldman & Cousins's original paper is [.29, 10.81]", b = 3: ROOT's tutorial rs401c_FeldmanCousins
    # (it does not name n; both ends fit n = 7 and no other)
    counting = Counting(7, 3)
    assert upper_limit(counting, "feldman_cousins", 0.95) == pytest.approx(10.81, abs=0.005)
    assert p_value(counting, 0.285, "feldman_cousins") < 0.05 < p_value(counting, 0.295, "feldman_cousins")


# --- closing the loop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SMOOTH)
@random_settings(40)
@given(counting=countings(1e6), level=st.floats(0.5, 0.999))
def test_p_value_at_the_limit_is_one_minus_confidence_level(method: str, counting: Counting, level: float) -> None:
    assume(method != "poisson" or p_value(counting, 0, "poisson") > 1 - level)
    assert p_value(counting, upper_limit(counting, method, level), method) == pytest.approx(1 - level, rel=1e-8)


@random_settings(15)
@given(counting=countings(), level=st.floats(0.5, 0.99))
def test_feldman_cousins_p_value_crosses_at_the_limit(counting: Counting, level: float) -> None:
    limit = upper_limit(counting, "feldman_cousins", level)
    assert p_value(counting, limit * (1 - 1e-9), "feldman_cousins") >= (1 - level) * (1 - 1e-6)
    assert p_value(counting, limit * (1 + 1e-9), "feldman_cousins") <= (1 - level) * (1 + 1e-6)


@random_settings(15)
@given(counting=countings(), fraction=st.floats(0, 3))
def test_feldman_cousins_p_value_falls_above_the_best_fit(counting: Counting, fraction: float) -> None:
    best, step = max(0.0, counting.observed - counting.background), math.sqrt(counting.observed + 1)
    assert p_value(counting, best, "feldman_cousins") == 1
    p_values = [p_value(counting, best + x * step, "feldman_cousins") for x in (fraction, fraction + 0.1)]
    assert p_values[1] <= p_values[0] * (1 + 1e-9)


# --- monotonicity ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@random_settings(12)
@given(counting=countings(), level=st.floats(0.6, 0.98))
def test_limit_is_monotonic(method: str, counting: Counting, level: float) -> None:
    n, b, error = counting.observed, counting.background, counting.background_error
    limit = limit_or_zero(counting, method, level)
    rounding = 1 + 1e-9
    assert limit_or_zero(Counting(n + 1, b, error), method, level) * rounding >= limit
    assert limit_or_zero(Counting(n, 1.03 * b + 0.1, error), method, level) <= limit * rounding
    assert limit_or_zero(counting, method, level + 0.01) * rounding >= limit


# --- limiting cases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize(("background", "error"), [(0, 0), (0.19, 0.07), (3, 0), (3, 3), (0, 5), (20, 10)])
def test_zero_events_exclude_minus_ln_one_minus_cl_whatever_the_background(
    background: float, error: float, level: float
) -> None:
    # e^-(s+b)/e^-b = e^-s
    assert upper_limit(Counting(0, background, error), "cls", level) == pytest.approx(-math.log(1 - level), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 3, 61])
def test_a_vanishing_background_changes_nothing(method: str, count: int) -> None:
    limit = upper_limit(Counting(count), method)
    assert upper_limit(Counting(count, 1e-8), method) == pytest.approx(limit, rel=1e-7)
    assert upper_limit(Counting(count, 1e-8, 1e-8), method) == pytest.approx(limit, rel=1e-7)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("counting", [Counting(4, 3), Counting(1, 3), Counting(61, 49), Counting(300_100, 3e5)])
def test_a_vanishing_background_error_changes_nothing(method: str, counting: Counting) -> None:
    for error in (1e-20, 1e-5):
        slightly_uncertain = Counting(counting.observed, counting.background, error)
        assert limit_or_zero(slightly_uncertain, method) == pytest.approx(limit_or_zero(counting, method), rel=1e-6)


@pytest.mark.parametrize("method", SMOOTH)
def test_without_background_the_smooth_methods_agree(method: str) -> None:
    assert upper_limit(Counting(7), method) == pytest.approx(upper_limit(Counting(7), "cls"), rel=1e-12)


def test_large_counts_approach_the_gaussian_limit() -> None:
    # p = Phi(-z) for s = z*width under CLs+b, 2 Phi(-z) under CLs at n = b; width^2 = b + error^2, corrections 1/sqrt(b)
    b, error = 1.3e6, 4e3
    width = math.sqrt(b + error**2)
    assert upper_limit(Counting(b, b, error), "poisson") == pytest.approx(norm.isf(0.10) * width, rel=2e-3)
    assert upper_limit(Counting(b, b, error), "cls") == pytest.approx(norm.isf(0.05) * width, rel=2e-3)
    assert upper_limit(Counting(b, b, error), "feldman_cousins") == pytest.approx(norm.isf(0.05) * width, rel=2e-3)


def test_feldman_cousins_no_longer_lifts_where_the_background_is_small() -> None:
    # for b' <= n the belt depends on s+b only: raising b moves the bound down by as much, and nothing is lifted
    assert upper_limit(Counting(10, 3), "feldman_cousins") == pytest.approx(
        upper_limit(Counting(10), "feldman_cousins") - 3, rel=1e-9
    )


def test_p_values_of_zero_signal() -> None:
    assert p_value(Counting(4, 3, 1), 0, "cls") == 1
    assert p_value(Counting(2, 3, 1), 0, "feldman_cousins") == 1
    assert p_value(Counting(0), 0, "feldman_cousins") == 1
    assert p_value(Counting(5), 0, "feldman_cousins") == 0  # five events cannot come from nothing
    assert p_value(Counting(5), 0, "poisson") == 1


# --- independent routes ------------------------------------------------------------------------------------------

SMALL = [Counting(0, 3, 3), Counting(2, 5, 1), Counting(5, 3), Counting(7, 2, 4), Counting(4, 0, 2), DELPHI]


def averaged_over_background(counting: Counting, function: Callable[[float], float]) -> float:
    """The average over the truncated Gaussian by scipy's adaptive quadrature."""
    b, error = counting.background, counting.background_error
    if error == 0:
        return function(b)
    prior = truncnorm(-b / error, np.inf, loc=b, scale=error)
    low, high = max(0.0, b - 9 * error), b + 9 * error
    points = [x for x in (b, counting.observed) if low < x < high]
    value, _ = quad(lambda x: prior.pdf(x) * function(x), low, high, points=points, epsabs=0, epsrel=1e-9, limit=200)
    return float(value)


def poisson_sum(counting: Counting, signal: float) -> float:
    """P(N <= n) summed term by term."""
    counts = np.arange(int(counting.observed) + 1)
    return averaged_over_background(counting, lambda b: float(poisson.pmf(counts, signal + b).sum()))


@pytest.mark.parametrize("counting", SMALL)
def test_cls_and_poisson_against_the_sum_of_terms(counting: Counting) -> None:
    for signal in (0.5, 3.0, 11.0):
        tail = poisson_sum(counting, signal)
        assert p_value(counting, signal, "poisson") == pytest.approx(tail, rel=1e-7)
        assert p_value(counting, signal, "cls") == pytest.approx(tail / poisson_sum(counting, 0), rel=1e-7)


@pytest.mark.parametrize("counting", SMALL)
def test_bayesian_against_the_integral_of_the_posterior(counting: Counting) -> None:
    """The posterior density integrated over s, where the module sums over counts."""
    n = int(counting.observed)

    def likelihood(signal: float) -> float:
        return averaged_over_background(counting, lambda b: float(poisson.pmf(n, signal + b)))

    # Gauss-Legendre over [0, limit] and beyond: the posterior is smooth, the nodes many
    limit = upper_limit(counting, "bayesian")
    nodes, weights = np.polynomial.legendre.leggauss(30)
    inside = sum(w * likelihood(limit / 2 * (1 + x)) for x, w in zip(nodes, weights, strict=True)) * limit / 2
    far = 3 * limit + 30
    half = (far - limit) / 2
    outside = sum(w * likelihood(limit + half * (1 + x)) for x, w in zip(nodes, weights, strict=True)) * half
    assert outside / (inside + outside) == pytest.approx(0.10, rel=1e-5)


def test_cls_against_toys() -> None:
    random = np.random.default_rng(11)
    limit, toys = upper_limit(DELPHI, "cls"), 400_000
    backgrounds = np.abs(random.normal(DELPHI.background, DELPHI.background_error, (2, toys)))  # b < 0: ten deviations
    with_signal = np.mean(random.poisson(limit + backgrounds[0]) <= DELPHI.observed)
    without = np.mean(random.poisson(backgrounds[1]) <= DELPHI.observed)
    error = 0.10 * math.sqrt((1 - with_signal) / (with_signal * toys) + (1 - without) / (without * toys))
    assert abs(with_signal / without - 0.10) < 4 * error


# Non-integer Asimov counts, both scales of the quadrature dominating in turn, truncation, deep deficits.
HARD = [
    (Counting(300_123.4, 3e5), 900.0),
    (Counting(1.5e6, 1.5e6), 2000.0),
    (Counting(4.5, 4.5, 0.45), 6.0),
    (Counting(0.3, 1, 0.8), 2.0),
    (Counting(0, 200, 100), 3.0),
    (Counting(3, 100, 30), 4.0),
    (Counting(30, 100, 5), 10.0),
    (Counting(2, 0, 4), 5.0),
    (Counting(0, 0, 1000), 1.0),
    (Counting(1e4, 1.2e4, 1e3), 500.0),
]


@pytest.mark.parametrize(("counting", "signal"), HARD)
def test_cls_against_mpmath(counting: Counting, signal: float) -> None:
    n, b, error = counting.observed, counting.background, counting.background_error

    def tail(s: float) -> mpmath.mpf:
        def at(x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.gammainc(mpmath.mpf(n) + 1, s + x, mpmath.inf, regularized=True)

        if error == 0:
            return at(mpmath.mpf(b))
        gaussian, step = [b + k * error for k in range(-16, 17, 2)], math.sqrt(n + 1)
        inside = [x for x in gaussian + [n + 1 - s + 3 * k * step for k in range(-4, 8)] if 0 < x < gaussian[-1]]
        edges = sorted({max(0.0, gaussian[0]), gaussian[-1], *(x for x in inside if x > gaussian[0])})
        return mpmath.quad(lambda x: mpmath.exp(-(((x - b) / error) ** 2) / 2) * at(x), edges, maxdegree=4)

    with mpmath.workdps(20):
        assert p_value(counting, signal, "cls") == pytest.approx(float(tail(signal) / tail(0)), rel=1e-8)


@pytest.mark.parametrize("error", [150.0, 1.5e3, 1.5e5])
def test_a_million_events_keep_their_digits(error: float) -> None:
    """The trapezium rule, exponentially accurate on a Gaussian, in steps fine against both widths."""
    b, signal = 1.5e6, 2.0 * math.hypot(1225, error)
    grid = np.arange(b - 9 * error, b + 9 * error, min(error, 1225) / 8)
    weights = norm.pdf(grid, b, error)
    expected = weights @ poisson.cdf(1.5e6, signal + grid) / (weights @ poisson.cdf(1.5e6, grid))
    assert p_value(Counting(1.5e6, b, error), signal, "cls") == pytest.approx(expected, rel=1e-8)


# --- Feldman-Cousins by brute force: a table of all counts, sorted --------------------------------------------------


def likelihoods(counting: Counting, signals: FloatArray | float, counts: FloatArray) -> FloatArray:
    """P(k|s) of each count at its own signal, averaged over the background on a fine midpoint grid."""
    b, error = counting.background, counting.background_error
    low = max(0.0, b - 8 * error)
    backgrounds = low + (b + 8 * error - low) * (np.arange(1500) + 0.5) / 1500 if error else np.array([b])
    weights = np.exp(-0.5 * ((backgrounds - b) / error) ** 2) if error else np.ones(1)
    return np.asarray(weights @ poisson.pmf(counts, signals + backgrounds[:, None]) / weights.sum())


def brute_force_p_value(counting: Counting, signal: float) -> float:
    """Sum of the probabilities of all counts whose likelihood ratio does not exceed that of the observed one."""
    counts = np.arange(100.0)
    at_signal = likelihoods(counting, signal, counts)
    ratio = at_signal / likelihoods(counting, np.maximum(0, counts - counting.background), counts)
    return float(at_signal[ratio <= ratio[int(counting.observed)] * (1 + 1e-12)].sum())


@pytest.mark.parametrize("counting", [Counting(0, 3), Counting(5, 3), Counting(9, 3), Counting(4, 11), Counting(3)])
@pytest.mark.parametrize("signal", [0.3, 1.1, 4.7, 12.3])
def test_feldman_cousins_belt_against_brute_force(counting: Counting, signal: float) -> None:
    expected = brute_force_p_value(counting, signal)
    assert statistics._belt_p_value(counting, signal) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("counting", [Counting(0, 3, 1), Counting(6, 3, 3), Counting(4, 8, 2), Counting(12, 9, 0.9)])
@pytest.mark.parametrize("signal", [0.7, 5.3])
def test_feldman_cousins_belt_with_uncertain_background_against_brute_force(counting: Counting, signal: float) -> None:
    expected = brute_force_p_value(counting, signal)
    assert statistics._belt_p_value(counting, signal) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("count", "background"), [(0, 2.0), (0, 3.0), (1, 4.0), (2, 7.0)])
def test_feldman_cousins_is_the_largest_bound_of_any_larger_background(count: int, background: float) -> None:
    """Scan b' >= b and s on grids; the lifted bound is the supremum of the accepted points."""
    signals = np.arange(0.5, 3.5, 0.01)
    accepted = 0.0
    for larger in np.arange(background, background + 2.5, 0.01):
        counts = np.arange(45.0)
        at_signal = poisson.pmf(counts, signals[:, None] + larger)
        ratio = at_signal / poisson.pmf(counts, np.maximum(counts, larger))
        p = np.where(ratio <= ratio[:, [count]] * (1 + 1e-12), at_signal, 0).sum(axis=1)
        accepted = max(accepted, float(signals[p > 0.10].max()))
    limit = upper_limit(Counting(count, background), "feldman_cousins")
    assert accepted <= limit * (1 + 1e-9)
    assert limit == pytest.approx(accepted, abs=0.025)


def test_the_bare_belt_alone_would_not_give_table_iv() -> None:
    """The negative control of the lift: at b = 3 the belt itself ends at 0.953, not 1.08."""
    assert statistics._belt_p_value(Counting(0, 3), 0.952) > 0.10 > statistics._belt_p_value(Counting(0, 3), 0.954)
    assert statistics._belt_p_value(Counting(0, 3.455), 1.0775) > 0.10


# --- coverage ----------------------------------------------------------------------------------------------------


def covers(
    limit: Callable[[Counting], float], signal: float, background: float, error: float, level: float, toys: int = 20_000
) -> bool:
    """Does the limit reach the true signal in a share `level` of the toys, within four binomial errors?

    The true background is drawn from its prior, as the average over it promises (b < 0 is five deviations away).
    """
    random = np.random.default_rng(5)
    backgrounds = np.abs(random.normal(background, error, toys))
    counts, multiplicity = np.unique(random.poisson(signal + backgrounds, toys), return_counts=True)
    reached = np.array([limit(Counting(float(n), background, error)) >= signal for n in counts])
    return bool(multiplicity @ reached / toys >= level - 4 * math.sqrt(level * (1 - level) / toys))


TRUTHS = [(3.0, 0.0, 0.0), (2.5, 4.0, 0.0), (6.0, 10.0, 2.0)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("signal", "background", "error"), TRUTHS)
def test_limits_cover(method: str, signal: float, background: float, error: float) -> None:
    assert covers(lambda counting: limit_or_zero(counting, method, 0.90), signal, background, error, 0.90)


@pytest.mark.parametrize(("signal", "background", "error"), TRUTHS)
def test_a_wrong_limit_does_not_cover(signal: float, background: float, error: float) -> None:
    """The negative control: n - b + 1.28 sqrt(n), the Gaussian bound with the observed variance."""

    def wrong(counting: Counting) -> float:
        return counting.observed - counting.background + 1.2816 * math.sqrt(counting.observed)

    assert not covers(wrong, signal, background, error, 0.90)


def test_poisson_covers_no_more_than_it_must() -> None:
    """The check is sharp: where the Poisson steps allow 90%, the classical bound would fail it at 92%."""
    signal = upper_limit(Counting(20), "poisson") * (1 + 1e-9)  # from here on, 20 events exclude
    assert covers(lambda counting: upper_limit(counting, "poisson"), signal, 0, 0, 0.90)
    assert not covers(lambda counting: upper_limit(counting, "poisson"), signal, 0, 0, 0.92)


# --- expected limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_median_expected_limit_is_the_limit_of_the_median_count(method: str) -> None:
    # poisson.ppf gives the smallest n with P(N <= n) >= q
    count = float(poisson.ppf(0.5, 49))
    assert median_expected_limit(49, 0, method, 0.95) == upper_limit(Counting(count, 49), method, 0.95)


def test_expected_band_against_toys() -> None:
    random = np.random.default_rng(23)
    counts = random.poisson(np.abs(random.normal(49, 4.9, 200_001)))
    # the sorted counts at the quantile, give or take one event for the statistics of the toys
    for deviation, limit in zip([-2, -1, 0, 1, 2], expected_limit_band(49, 4.9), strict=True):
        count = float(np.quantile(counts, norm.cdf(deviation)))
        assert upper_limit(Counting(count - 1, 49, 4.9)) <= limit <= upper_limit(Counting(count + 1, 49, 4.9))


def test_expected_band_rises_and_is_nan_where_there_is_no_limit() -> None:
    for method in ("cls", "feldman_cousins"):
        assert np.all(np.diff(expected_limit_band(7, 2, method)) > 0)
    assert np.isnan(expected_limit_band(49, 4.9, "poisson")).tolist() == [True, False, False, False, False]


def test_no_background_no_band() -> None:
    assert expected_limit_band(0) == (upper_limit(Counting(0)),) * 5


@pytest.mark.parametrize(("mean", "error"), [(3.2, 0.0), (1e6, 0.0)])
def test_quantiles_against_scipy(mean: float, error: float) -> None:
    for probability in (1e-4, 0.1, 0.5, 0.9, 0.9999):
        assert statistics._quantile(Counting(0, mean, error), probability) == poisson.ppf(probability, mean)


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(-1,), (math.nan,), (3, -1), (3, math.inf), (3, 1, -0.1), (3, 1, math.nan)])
def test_impossible_countings_are_refused(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must be a finite number, zero or above"):
        Counting(*arguments)


@pytest.mark.parametrize("signal", [-1.0, math.nan, math.inf])
def test_impossible_signals_are_refused(signal: float) -> None:
    with pytest.raises(ValueError, match="signal is"):
        p_value(Counting(1), signal)


def test_unknown_method_names_the_known_ones() -> None:
    message = "'clz': choose one of cls, bayesian, poisson, feldman_cousins"
    with pytest.raises(ValueError, match=message):
        upper_limit(Counting(1), "clz")
    with pytest.raises(ValueError, match=message):
        p_value(Counting(1), 1, "clz")


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0, math.nan])
def test_confidence_level_is_a_probability(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        upper_limit(Counting(1), "cls", level)


def test_classical_bound_is_refused_far_below_the_background() -> None:
    with pytest.raises(NoLimitError, match=r"no signal is compatible .* use 'cls'"):
        upper_limit(Counting(0, 3), "poisson")  # P(0|3) = 5% < 10%
    assert upper_limit(Counting(0, 3), "poisson", 0.96) == pytest.approx(-math.log(0.04) - 3, rel=1e-9)


def test_feldman_cousins_refuses_fractions_of_events() -> None:
    with pytest.raises(ValueError, match="whole counts"):
        upper_limit(Counting(4.5, 4.5), "feldman_cousins")


def test_a_background_that_cannot_describe_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="a background that describes the data"):
        upper_limit(Counting(0, 1000, 10), "cls")
