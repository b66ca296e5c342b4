"""Selection efficiencies and their intervals, for unweighted and weighted events."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

FloatArray = NDArray[np.float64]

# Sums over the same events in another order differ by this much: an efficiency so close to 0 or 1 is 0 or 1.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Efficiency:
    """Efficiency with its central 68.27% interval, and the effective counts the interval was computed from."""

    value: float
    low: float
    high: float
    selected: float
    generated: float

    @property
    def error(self) -> float:
        """Half the 68.27% interval."""
        return (self.high - self.low) / 2


def clopper_pearson(selected: ArrayLike, generated: ArrayLike, coverage: float = 0.6827) -> tuple[FloatArray, FloatArray]:
    """Central interval (low, high) of a binomial probability that covers with at least the probability asked for.

    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404, as quantiles of the beta distribution, which continue it
    to fractional (effective) counts. Arrays broadcast; the bounds have the broadcast shape. None selected gives
    low = 0, all selected high = 1.

    Raises ValueError unless generated > 0, 0 <= selected <= generated and 0 < coverage < 1.
    """
    k, n = np.broadcast_arrays(np.asarray(selected, dtype=float), np.asarray(generated, dtype=float))
    if not (np.all(np.isfinite(n)) and np.all(n > 0)):
        raise ValueError("an efficiency needs generated events: every generated count must be finite and above zero")
    if not (np.all(k >= 0) and np.all(k <= n)):
        raise ValueError("every selected count must lie between zero and the generated count")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage is {coverage}: it must lie between 0 and 1, as in 0.6827")
    tail = (1 - coverage) / 2
    # at the ends the beta distribution has no first (second) parameter: any positive number serves, unused
    low = np.where(k > 0, betaincinv(np.where(k > 0, k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.where(k < n, n - k, 1), 1 - tail), 1.0)
    return low, high


def weighted_efficiency(
    weights_all_sum: float,
    weights_all_sum2: float,
    weights_selected_sum: float,
    weights_selected_sum2: float,
    mixed_sum2: float | None = None,
) -> Efficiency:
    """Efficiency = sum of selected weights / sum of generated weights, from the sums of w and of w^2.

    For equal weights the interval is Clopper-Pearson's. Otherwise it is Clopper-Pearson's for the effective count n at
    which a binomial has the variance of the ratio, e(1-e)/n = [(1-e)^2 sum_sel w^2 + e^2 sum_rej w^2]/(sum_all w)^2
    (linear error propagation with independent selected and rejected events). That is an approximation: right to
    first order for many events, in the middle of the interval rather than in its tails. With no event, or every
    event, selected, the variance is silent about n, and n = (sum w)^2/sum w^2.

    Events of which a share v is selected, as vetoes leave it, bring v w to the selected sum and (v w)^2 to that of squares;
    `mixed_sum2` is then the sum of v w^2, and (1-e)^2 sum_sel w^2 + e^2 sum_rej w^2 becomes the sum of (v-e)^2 w^2.

    Negative weights are allowed as long as the efficiency stays between 0 and 1. Raises ValueError if it does not, if
    there is no generated weight, or if the sums of squares are impossible.
    """
    _validate(weights_all_sum, weights_all_sum2, weights_selected_sum, weights_selected_sum2)
    value = _snapped(weights_selected_sum / weights_all_sum)
    rejected_sum2 = max(0.0, weights_all_sum2 - weights_selected_sum2)
    deviations = (1 - value) ** 2 * weights_selected_sum2 + value**2 * rejected_sum2
    if mixed_sum2 is not None:
        deviations -= 2 * value * (mixed_sum2 - weights_selected_sum2)
    variance = deviations / weights_all_sum**2
    spread = deviations > ROUNDING * weights_selected_sum2  # there is none where the same share of every event is left
    effective = value * (1 - value) / variance if 0 < value < 1 and spread else weights_all_sum**2 / weights_all_sum2
    low, high = clopper_pearson(value * effective, effective)
    return Efficiency(value, float(low), float(high), value * effective, effective)


def _snapped(value: float) -> float:
    """The efficiency, an exact 0 or 1 where it is one within rounding."""
    if value < -ROUNDING or value > 1 + ROUNDING:
        raise ValueError(
            f"the selected weights sum to {value:.6g} of the generated: negative weights dominate, and no efficiency "
            "between 0 and 1 exists; use more events or a sample without interference"
        )
    nearest = float(round(value))
    return nearest if abs(value - nearest) <= ROUNDING else value


def _validate(all_sum: float, all_sum2: float, selected_sum: float, selected_sum2: float) -> None:
    if not all(map(math.isfinite, (all_sum, all_sum2, selected_sum, selected_sum2))):
        raise ValueError("an efficiency needs finite sums of weights")
    if not (all_sum > 0 and all_sum2 > 0):
        raise ValueError("an efficiency needs generated events: their weights must sum to more than zero")
    if not 0 <= selected_sum2 <= all_sum2 * (1 + ROUNDING):
        raise ValueError("the selected sum of squared weights must lie between zero and the generated one")
    if selected_sum != 0 and selected_sum2 == 0:
        raise ValueError("the selected weights have a sum but no sum of squares: pass the sum of w and of w^2")
