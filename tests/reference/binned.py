"""Weighted samples in bins of equal probability, and their chi-square p-values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from reference.checks import Array

BINS = 20


@dataclass(frozen=True)
class Bins:
    """Edges that share the reference's weight equally, the shares, and the covariance of the shares."""

    edges: Array
    shares: Array
    covariance: Array


def bins(values: Array, weights: Array, *, exact: bool) -> Bins | None:
    """Bins of a reference, which may be exact; None for a distribution that is a single value, within rounding."""
    low, high = values.min(), values.max()
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        return None
    order = np.argsort(values)
    levels = np.cumsum(weights[order]) / weights.sum()
    inner = np.unique(values[order][np.searchsorted(levels, np.arange(1, BINS) / BINS)])
    if len(np.unique(values)) <= BINS:
        inner = np.unique(values)[1:] - 1e-9  # whole numbers: one bin each
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    w, w2 = (np.histogram(values, edges, weights=each)[0] for each in (weights, weights**2))
    return Bins(edges, *normalised(np.stack([w, 0 * w2 if exact else w2])))


def normalised(found: Array) -> tuple[Array, Array]:
    """Shares of the bins, and their covariance, from sums of weights and of squares (2, bins)."""
    w, w2 = found
    p = w / w.sum()
    return p, (np.diag(w2) - np.outer(w2, p) - np.outer(p, w2) + np.outer(p, p) * w2.sum()) / w.sum() ** 2


def sums(values: Array, weights: Array, at: Bins) -> Array:
    """Sums of weights and of their squares (2, bins)."""
    return np.stack([np.histogram(values, at.edges, weights=each)[0] for each in (weights, weights**2)])


def p_value(found: Array, at: Bins) -> float:
    """The chi-square p-value of a sample's sums against the reference: the covariances of both add."""
    # the covariance is that under the reference's shares, as in `checks.histogram_p`
    (w, w2), p = found, at.shares
    w2 = np.where(w2 > 0, w2, p * w2.sum())  # an empty bin has the variance that is due
    own = (np.diag(w2) - np.outer(w2, p) - np.outer(p, w2) + np.outer(p, p) * w2.sum()) / w.sum() ** 2
    return _chi_square(w / w.sum() - p, own + at.covariance)


def two_sample_p(one: Array, two: Array) -> float:
    """The chi-square p-value of two samples' sums in the same bins."""
    (p, p_covariance), (q, q_covariance) = normalised(one), normalised(two)
    return _chi_square(p - q, p_covariance + q_covariance)


def _chi_square(residuals: Array, covariance: Array) -> float:
    """The residuals add to 0: the last one is dropped."""
    chi2 = residuals[:-1] @ np.linalg.solve(covariance[:-1, :-1], residuals[:-1])
    return float(stats.chi2.sf(chi2, len(residuals) - 1))
