"""A bump hunt over many masses: how probable an excess as large is anywhere.

The global p-value of the largest q_0 = c is bounded by P(chi2_1 > c)/2 + <N(c)>, with N(c) how often q_0 rises through c
along the masses; and <N(c)> = <N(c_0)> exp(-(c - c_0)/2) for one degree of freedom, from a low level c_0 at which few
pseudo-experiments are enough (E. Gross, O. Vitells, Eur. Phys. J. C70 (2010) 525; R. B. Davies, Biometrika 74 (1987) 33).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from alphoton.analysis.shape import Array, Data, ShapeModel, excess, fit_at

ROUNDING = 1e-7
"""Of q_0: the same counts give the same value within this."""
LOW_LEVEL = 0.5
"""c_0: below the excesses of interest, and above the noise of the fits."""


def scan(models: Sequence[ShapeModel], data: Data) -> Array:
    """q_0 of each data set at each mass (data sets, masses); the models differ in their signal only, in order of mass."""
    without = fit_at(models[0], data, 0.0)
    return np.stack([excess(model, data, without) for model in models], axis=1)


def upcrossings(excesses: Array, level: float) -> Array:
    """How often q_0 (data sets, masses) rises through a level, for each data set."""
    return np.sum((excesses[:, :-1] < level) & (excesses[:, 1:] >= level), axis=1)


def global_p_value(largest: float, excesses: Array, level: float = LOW_LEVEL) -> float:
    """The chance of an excess as large as `largest` (a q_0) at any mass, from scans of the background alone.

    `excesses` (data sets, masses) give the mean number of upcrossings at `level`. The estimate is good where it is small;
    it is never above 1. Raises ValueError where `largest` is not above the level.
    """
    if largest < level:
        raise ValueError(f"the largest excess, q_0 = {largest:.3g}, is below the level {level:g}: nothing to look at")
    crossing = float(np.mean(upcrossings(excesses, level))) * float(np.exp(-(largest - level) / 2))
    return min(1.0, float(ndtr(-np.sqrt(largest))) + crossing)


def share_as_large(excesses: Array, seen: Array) -> Array:
    """The chance of an excess q_0 as large as `seen`, from those of the background alone (data sets first): what was seen is
    counted with them, so that it is never 0. It needs no asymptotic distribution."""
    return np.asarray((1 + np.sum(excesses >= seen - ROUNDING, axis=0)) / (1 + len(excesses)))
