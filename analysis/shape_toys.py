"""Pseudo-experiments of a binned likelihood: limits by CLs without asymptotic formulas, and how often they hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

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
    q_tilde,
    shape_limit,
)

STRENGTHS = 16
"""Of the signal, at which pseudo-experiments are made for a limit."""
LEAST = 100
"""Fewer pseudo-experiments tell nothing of a level of 90%."""


def pseudo_experiments(
    model: ShapeModel, strength: float, alphas: Array, gammas: Array, count: int, random: np.random.Generator
) -> Data:
    """Data sets at given parameters: counts fluctuate, and so does what is measured of alpha (samples), gamma (bins)."""
    expected = model.expected(strength, alphas[None], gammas[None])
    shape = (count, len(model.signal))
    return Data(
        random.poisson(np.broadcast_to(expected.counts, shape)).astype(np.float64),
        alphas + random.standard_normal((count, len(model.errors))),
        # a background is not negative, and nor is what is measured of it
        np.maximum(gammas + model.spread * random.standard_normal(shape), 0.0),
    )


def toy_limit(
    model: ShapeModel, counts: ArrayLike | None, toys: int, seed: int, confidence_level: float = 0.90
) -> ShapeLimit:
    """`shape_limit` with the distributions of q~_mu from pseudo-experiments, so many with and without a signal for each mu.

    They are made with the nuisance parameters that suit the data best at that mu. CLs is interpolated between the STRENGTHS;
    a limit is nan where so few tell none, as at -2 standard deviations with 200 of them.
    Raises ValueError for fewer than 100, and as `shape_limit` does.
    """
    check_level(confidence_level)
    if toys < LEAST:
        raise ValueError(f"{toys} pseudo-experiments tell no limit: at least {LEAST} are due")
    asymptotic = shape_limit(model, counts, confidence_level)
    data = model.nominal() if counts is None else model.observed(counts)
    at_zero, random = fit_at(model, data, 0.0), np.random.default_rng(seed)
    best = fit(model, data, at_zero)
    alone = pseudo_experiments(model, 0.0, at_zero.alphas[0], at_zero.gammas[0], toys, random)
    alone_best = fit(model, alone)
    nearest, farthest = min(asymptotic.band[0], asymptotic.value), max(asymptotic.band[-1], asymptotic.value)
    strengths = np.geomspace(0.4 * nearest, 1.8 * farthest, STRENGTHS)
    found = []
    for strength in strengths:
        fixed = fit_at(model, data, strength)
        both = pseudo_experiments(model, strength, fixed.alphas[0], fixed.gammas[0], toys, random)
        with_signal = q_tilde(model, both, strength, fit(model, both))
        without = q_tilde(model, alone, strength, alone_best)
        seen = [float(np.quantile(without, 1 - ndtr(deviation), method="lower")) for deviation in DEVIATIONS]
        if counts is not None:
            seen.append(float(q_tilde(model, data, strength, best)[0]))
        found.append([_share(with_signal, q) / _share(without, q) for q in seen])
    crossed = [_crossed(strengths, column, 1 - confidence_level) for column in np.transpose(found)]
    band = tuple(crossed[: len(DEVIATIONS)])
    if counts is None:
        return ShapeLimit(band[DEVIATIONS.index(0.0)], band)
    p_value = float(np.mean(excess(model, alone) >= excess(model, data)[0] - ROUNDING))
    return replace(asymptotic, value=crossed[-1], band=band, p_value=min(p_value, 0.5))


ROUNDING = 1e-7
"""Of q~: the same counts give the same value within this."""


def _share(values: Array, least: float) -> float:
    """How many of the values are as large, at least one, which is what so many pseudo-experiments can tell."""
    return max(float(np.mean(values >= least - ROUNDING)), 1 / len(values))


def _crossed(strengths: Array, levels: Array, wanted: float) -> float:
    """The largest strength at which CLs falls through the level wanted; log CLs is interpolated."""
    logs = np.log(levels)
    above = np.nonzero(levels > wanted)[0]
    if len(above) == 0 or above[-1] == len(levels) - 1:
        return float("nan")
    k = above[-1]
    part = (logs[k] - np.log(wanted)) / (logs[k] - logs[k + 1])
    return float(strengths[k] + part * (strengths[k + 1] - strengths[k]))
