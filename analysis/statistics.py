"""Upper limits on the mean signal of a counting experiment.

The count N is Poisson distributed with mean s + b. The background b is known as `background` +- `background_error`:
a Gaussian, cut at zero and renormalised, over which every probability below is averaged (R. D. Cousins and
V. L. Highland, Nucl. Instrum. Meth. A320 (1992) 331).

Four methods, named beside every limit because they answer different questions:

cls              P(N <= n | s+b) / P(N <= n | b)                      A. L. Read, J. Phys. G28 (2002) 2693
bayesian         posterior probability above s, prior flat in s >= 0  O. Helene, Nucl. Instrum. Meth. 212 (1983) 319
poisson          P(N <= n | s+b), that is CLs+b                       the classical bound; none far below background
feldman_cousins  unified interval, ordered by likelihood ratio        G. J. Feldman, R. D. Cousins, PRD 57 (1998) 3873

With the background averaged as above, `cls` and `bayesian` are the same number, identically.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammainc, gammaincc, ndtr

FloatArray = NDArray[np.float64]

# P(N <= n | b) below which CLs is refused (11 standard deviations): the quadrature would no longer reach the
# backgrounds that matter, and a background so far from the data sets no limit.
SMALLEST_CL_B = 1e-30

# Edges of the quadrature panels, in standard deviations, and the nodes within a panel: together 1e-11 relative
# (1e-9 for a fractional count of order one, whose Poisson sum has a branch point at zero).
GAUSSIAN_EDGES = np.arange(-14.0, 15.0)
GAMMA_EDGES = np.arange(-9.0, 15.0)
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(10)


class NoLimitError(ValueError):
    """No signal, not even zero, is compatible with the observation under the method asked for."""


@dataclass(frozen=True)
class Counting:
    """A counting experiment: events observed, and the background expected with its Gaussian uncertainty.

    `observed` may be fractional, as in an Asimov data set (observed = background): the Poisson sum
    P(N <= n | mu) = Gamma(n+1, mu)/Gamma(n+1) is the regularised incomplete gamma function, defined for every n >= 0.

    Raises ValueError for anything negative or not finite.
    """

    observed: float
    background: float = 0.0
    background_error: float = 0.0

    def __post_init__(self) -> None:
        for name in ("observed", "background", "background_error"):
            _require_non_negative(name, getattr(self, name))


def upper_limit(counting: Counting, method: str = "cls", confidence_level: float = 0.90) -> float:
    """Upper limit on the mean number of signal events.

    The signal at which `p_value` falls through 1 - confidence_level, to 1e-12 relative.

    Raises NoLimitError (a ValueError) where not even s = 0 is compatible with the observation (`poisson` far below the
    background), and ValueError for an unknown method, a confidence level outside (0, 1), a fractional count in
    `feldman_cousins`, or, in `cls` and `bayesian`, fewer events than the background can explain (11 deviations).
    """
    p_value_of = _method(method)
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence level is {confidence_level}: it must lie between 0 and 1, as in 0.90")
    target = 1 - confidence_level
    low = _best_signal(counting) if method == "feldman_cousins" else 0.0
    if (p_low := p_value_of(counting, low)) <= target:
        raise NoLimitError(
            f"no signal is compatible with {counting} at {confidence_level:.4g} confidence level by '{method}': "
            f"the background alone has p = {p_low:.3g}; use 'cls', which always gives a limit"
        )
    step = math.sqrt(counting.observed + 1 + counting.background_error**2)
    while p_value_of(counting, high := low + step) > target:
        step *= 2
    return float(brentq(lambda s: p_value_of(counting, s) - target, low, high, xtol=1e-15, rtol=1e-12))


def p_value(counting: Counting, signal: float, method: str = "cls") -> float:
    """Exclusion p-value of a mean signal: the signal is excluded at every confidence level up to 1 - p.

    CLs, the posterior probability above the signal, CLs+b, or 1 - the smallest confidence level whose Feldman-Cousins
    belt holds this signal. At the upper limit it equals 1 - CL; in Feldman-Cousins it may instead step there from
    above 1 - CL to below. Raises ValueError as `upper_limit` does, and for a negative signal.
    """
    _require_non_negative("signal", signal)
    return _method(method)(counting, signal)


def median_expected_limit(
    background: float, background_error: float = 0.0, method: str = "cls", confidence_level: float = 0.90
) -> float:
    """Upper limit for the median count of the background-only distribution (prior predictive: averaged over b).

    The middle of `expected_limit_band`. Raises ValueError as `upper_limit` does.
    """
    return upper_limit(_expected_counting(background, background_error, 0.0), method, confidence_level)


def expected_limit_band(
    background: float, background_error: float = 0.0, method: str = "cls", confidence_level: float = 0.90
) -> tuple[float, ...]:
    """Upper limits at the -2, -1, 0, 1, 2 standard deviation quantiles of the background-only count.

    A quantile at q is the smallest n with P(N <= n | b) >= q, so that the band is stepped for small backgrounds.
    nan where the method has no limit (`poisson` at the lower edge).
    """

    def limit(deviation: float) -> float:
        try:
            return upper_limit(_expected_counting(background, background_error, deviation), method, confidence_level)
        except NoLimitError:
            return math.nan

    return tuple(limit(deviation) for deviation in (-2.0, -1.0, 0.0, 1.0, 2.0))


def _expected_counting(background: float, background_error: float, deviation: float) -> Counting:
    """The count at this many standard deviations of the background-only distribution."""
    counting = Counting(0, background, background_error)
    return replace(counting, observed=_quantile(counting, float(ndtr(deviation))))


def _quantile(counting: Counting, probability: float) -> int:
    """Smallest n with P(N <= n | b) >= probability."""
    return _first(lambda n: _at_most(replace(counting, observed=n), 0.0) >= probability)


# --- the p-values ------------------------------------------------------------------------------------------------


def _cls(counting: Counting, signal: float) -> float:
    """CL_s = CL_{s+b}/CL_b = P(N <= n | s+b)/P(N <= n | b)."""
    cl_b = _at_most(counting, 0.0)
    if cl_b < SMALLEST_CL_B:
        raise ValueError(
            f"{counting}: so few events have probability {cl_b:.1g} from the background alone; "
            "a limit needs a background that describes the data"
        )
    return _at_most(counting, signal) / cl_b


def _poisson(counting: Counting, signal: float) -> float:
    """CL_{s+b} = P(N <= n | s+b)."""
    return _at_most(counting, signal)


def _feldman_cousins(counting: Counting, signal: float) -> float:
    """The belt's p-value, made monotonic in the background as its authors do.

    At fixed n the bare bound rises and falls with b as whole counts enter and leave the belt: 0.95 for n = 0, b = 3,
    but 1.08 for b = 3.455. Their Table IV has 1.08 for both, the largest bound of any b' >= b. So here, above the best
    fit, p is the largest over b' >= b (at fixed background error), which makes it fall with s and with b. It peaks
    where a rival ranks level with the observed count; the first peak is the largest (compared with the next 24 for
    300 random countings up to b = 300).
    """
    if counting.observed != int(counting.observed):
        raise ValueError(
            f"observed = {counting.observed}: Feldman-Cousins ranks whole counts; "
            "for an expected limit use median_expected_limit"
        )
    p = _belt_p_value(counting, signal)
    if signal <= _best_signal(counting):
        return p
    return max(p, _lifted_p_value(counting, signal))


_P_VALUES: dict[str, Callable[[Counting, float], float]] = {
    "cls": _cls,
    # int_s^inf ds' e^-(s'+b) (s'+b)^n/n! = P(N <= n | s+b): the flat-prior posterior beyond s *is* CLs
    "bayesian": _cls,
    "poisson": _poisson,
    "feldman_cousins": _feldman_cousins,
}
METHODS = tuple(_P_VALUES)


def _method(name: str) -> Callable[[Counting, float], float]:
    if name not in _P_VALUES:
        raise ValueError(f"unknown method '{name}': choose one of {', '.join(METHODS)}")
    return _P_VALUES[name]


# --- Feldman-Cousins ---------------------------------------------------------------------------------------------
#
# A count k ranks by R(k|s) = L(k|s)/L(k|s_k), s_k = max(0, k-b). ln R is concave in k, so that the counts that rank
# above the observed one are neighbours: {n+1 .. m-1} when the signal is above its best fit, {m+1 .. n-1} below. m, the
# `rival`, is all that is needed: there is no table of the belt, no window, and no limit on n. With a background error
# L is the averaged likelihood, and s_k stays max(0, k-b), as in J. Conrad et al., Phys. Rev. D67 (2003) 012002; the
# tests compare that case with the sorted table of all counts.


def _best_signal(counting: Counting) -> float:
    return max(0.0, counting.observed - counting.background)


def _belt_p_value(counting: Counting, signal: float) -> float:
    """Probability of all counts that rank no higher than the observed one."""
    best = _best_signal(counting)
    if signal == best:
        return 1.0
    if signal + counting.background + counting.background_error == 0:
        return 0.0  # something was seen where nothing can be
    direction = 1 if signal > best else -1
    rival = int(counting.observed) + direction * _steps_to_rival(counting, signal, direction)
    return _outside(counting, signal, rival)


def _outside(counting: Counting, signal: float, rival: int) -> float:
    """P(N <= low) + P(N >= high), with (low, high) the observed count and its rival in order."""
    low, high = sorted((int(counting.observed), rival))
    below = _at_most(replace(counting, observed=low), signal) if low >= 0 else 0.0
    return below + _more_than(replace(counting, observed=high - 1), signal)


def _steps_to_rival(counting: Counting, signal: float, direction: int) -> int:
    """How far above (+1) or below (-1) the observed count lies the first that ranks no higher."""

    def ranks_no_higher(steps: int) -> bool:
        rival = counting.observed + direction * (steps + 1)
        return rival < 0 or _rank_difference(counting, signal, rival) <= 0

    return 1 + _first(ranks_no_higher)


def _lifted_p_value(counting: Counting, signal: float) -> float:
    """The p-value at the larger background b' where the rival ranks level with the observed count.

    At b' = b the rival ranks no higher; at b' = rival both have their best fit at s = 0, and it ranks higher.
    """
    rival = int(counting.observed) + _steps_to_rival(counting, signal, 1)

    def difference(background: float) -> float:
        return _rank_difference(replace(counting, background=background), signal, rival)

    if difference(counting.background) >= 0 or difference(rival) <= 0:
        return 0.0  # level already, within rounding: nothing to lift
    level = float(brentq(difference, counting.background, rival, xtol=1e-13 * rival))
    return _outside(replace(counting, background=level), signal, rival)


def _rank_difference(counting: Counting, signal: float, rival: float) -> float:
    """ln R(rival|s) - ln R(observed|s)."""
    return _log_rank(replace(counting, observed=rival), signal) - _log_rank(counting, signal)


def _log_rank(counting: Counting, signal: float) -> float:
    return _log_likelihood(counting, signal) - _log_likelihood(counting, _best_signal(counting))


@lru_cache(maxsize=4096)  # the best fits of the rivals, and the observed count at each signal, recur
def _log_likelihood(counting: Counting, signal: float) -> float:
    """ln <e^(n-mu) (mu/n)^n>: the likelihood over its own maximum at mu = n, which drops out of every rank."""
    n = counting.observed
    mean, weight = _average(counting, signal)
    log_ratio = n - mean + (n * np.log(mean / n) if n > 0 else 0.0)
    largest = log_ratio.max()
    return float(largest + np.log(weight @ np.exp(log_ratio - largest)))


# --- the Poisson sums, averaged over the background --------------------------------------------------------------


def _at_most(counting: Counting, signal: float) -> float:
    """P(N <= n | s+b) = <Gamma(n+1, s+b)/Gamma(n+1)>."""
    mean, weight = _average(counting, signal)
    return float(weight @ gammaincc(counting.observed + 1, mean))


def _more_than(counting: Counting, signal: float) -> float:
    """P(N > n | s+b) = <gamma(n+1, s+b)/Gamma(n+1)>, without the cancellation of 1 - P(N <= n)."""
    mean, weight = _average(counting, signal)
    return float(weight @ gammainc(counting.observed + 1, mean))


def _average(counting: Counting, signal: float) -> tuple[FloatArray, FloatArray]:
    """Means s+b and weights, such that weight @ f(mean) is f averaged over the background.

    Gauss-Legendre panels, their edges taken from both scales in the integrand: the Gaussian in b, and the rise and
    fall of the Poisson terms about s+b = n. Either may be far narrower than the other.
    """
    b, error = counting.background, counting.background_error
    if b + error == b:
        return np.array([signal + b]), np.ones(1)
    edges = np.concatenate([b + error * GAUSSIAN_EDGES, _gamma_quantiles(counting.observed + 1) - signal])
    edges = np.unique(edges.clip(max(0.0, b + error * GAUSSIAN_EDGES[0]), b + error * GAUSSIAN_EDGES[-1]))
    half_width = np.diff(edges)[:, None] / 2
    backgrounds = edges[:-1, None] + half_width * (1 + NODES)
    weights = half_width * NODE_WEIGHTS * np.exp(-0.5 * ((backgrounds - b) / error) ** 2)
    return signal + backgrounds.ravel(), weights.ravel() / weights.sum()


def _gamma_quantiles(shape: float) -> FloatArray:
    """Wilson and Hilferty's approximate quantiles of the gamma distribution at GAMMA_EDGES standard deviations."""
    return shape * np.maximum(0.0, 1 - 1 / (9 * shape) + GAMMA_EDGES / (3 * math.sqrt(shape))) ** 3


def _first(holds: Callable[[int], bool]) -> int:
    """Smallest n >= 0 at which a condition holds that stays true once it is."""
    above = 0
    while not holds(above):
        above = 2 * above + 1
    below = (above - 1) // 2 if above else -1
    while above - below > 1:
        middle = (above + below) // 2
        above, below = (middle, below) if holds(middle) else (above, middle)
    return above


def _require_non_negative(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value}: it must be a finite number, zero or above")
