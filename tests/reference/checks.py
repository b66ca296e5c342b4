"""The statistical checks that the tests share. Each test that uses one also shows it a sample that must fail.

`LIKELY` and `IMPOSSIBLE` say what is accepted and what a negative control has to reach. All seeds are fixed, so that a
test passes always or never.
"""

import os
from collections.abc import Sequence

import numpy as np
from hypothesis import settings
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

LIKELY = 1e-3
"""A p-value of a right sample is above this: with a few hundred fixed seeds in all, nearly certain."""
IMPOSSIBLE = 1e-6
"""A p-value of a wrong sample is below this."""


def random_settings(examples: int) -> settings:
    """Hypothesis with the same examples in every run."""
    return settings(deadline=None, max_examples=examples, derandomize=True, database=None)


def histogram_p(values: Array, edges: Array, probabilities: Array, weights: Array | None = None) -> float:
    """The chi-square p-value of a weighted histogram's shape against the bins' probabilities (which add to 1).

    The residuals r_b = sum_i w_i ([i in b] - p_b) have mean 0 and the covariance
    sum_i w_i^2 ([i in a] - p_a)([i in b] - p_b); they add to 0, so the last one is dropped. With unit weights this is
    the usual chi-square.
    """
    weights = np.ones(len(values)) if weights is None else weights
    p = probabilities
    assert abs(p.sum() - 1) < 1e-9
    assert values.min() >= edges[0]
    assert values.max() <= edges[-1]
    w = np.histogram(values, edges, weights=weights)[0]
    w2 = np.histogram(values, edges, weights=weights**2)[0]
    residuals = w - weights.sum() * p
    covariance = np.diag(w2) - np.outer(w2, p) - np.outer(p, w2) + np.outer(p, p) * w2.sum()
    chi2 = residuals[:-1] @ np.linalg.solve(covariance[:-1, :-1], residuals[:-1])
    return float(stats.chi2.sf(chi2, len(p) - 1))


def merged(edges: Array, probabilities: Array, least: float) -> tuple[Array, Array]:
    """Edges and probabilities with neighbouring bins joined until each has `least`: chi-square needs full bins."""
    kept, total = [0], 0.0
    for index, probability in enumerate(probabilities, start=1):
        total += probability
        if total >= least:
            kept.append(index)
            total = 0.0
    kept[-1] = len(probabilities)
    cumulative = np.concatenate([[0.0], np.cumsum(probabilities)])
    return edges[kept], np.diff(cumulative[kept])


def uniform_p(p_values: Sequence[float]) -> float:
    """How likely p-values are to be uniform between 0 and 1, as those of a right hypothesis are (Kolmogorov-Smirnov)."""
    return float(stats.kstest(p_values, "uniform").pvalue)


def pulls(values: Sequence[float], errors: Sequence[float], truth: float) -> Array:
    """(value - truth) / error."""
    return (np.array(values) - truth) / np.array(errors)


def are_unit(pulls: Array) -> bool:
    """Whether about 100 pulls have mean 0 (its error is 0.1) and standard deviation 1 (its error is 0.07)."""
    return abs(float(pulls.mean())) < 0.3 and 0.8 < float(pulls.std(ddof=1)) < 1.2


def effective_size(weights: Array) -> float:
    """(sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def honest(quick: int, full: int) -> int:
    """A number of seeds: `quick` in every run of the tests, `full` with ALPHOTON_HONESTY=full."""
    return full if os.environ.get("ALPHOTON_HONESTY") == "full" else quick


def width_is(pulls: Array, expected: float = 1.0) -> bool:
    """Whether pulls have mean 0 and this standard deviation, each within three and a half of its errors."""
    size = len(pulls)
    mean, width = float(pulls.mean()), float(pulls.std(ddof=1))
    return abs(mean) < 3.5 * expected / np.sqrt(size) and abs(width - expected) < 3.5 * expected / np.sqrt(2 * size)
