"""A binned likelihood of signal and background templates: limits by CLs, expected bands, pseudo-experiments.

The likelihood is HistFactory's (K. Cranmer et al., CERN-OPEN-2012-016), the one that pyhf evaluates. A bin holds

    nu = mu s + gamma sum_k (1 + e_k)^alpha_k b_k

events: mu is the strength of the signal, alpha_k moves the normalisation of a background by its relative error e_k
(log-normal), and gamma carries the Monte Carlo statistics of the bin's background, one for all of its samples (R. Barlow,
C. Beeston, Comput. Phys. Commun. 77 (1993) 219, in its light form of J. Conway, arXiv:1103.0354). alpha and gamma are
Gaussian about their auxiliary measurements, 0 +- 1 and 1 +- delta.

At given mu and alpha the best gamma solves a quadratic equation, so that a fit has as many parameters as normalisations,
however many bins there are. A general minimiser, which has them all, is hundreds of times slower. Fits run over many data
sets at once; arrays have the data sets first, then samples, then bins.

The test statistic is q~_mu, and its distributions those of G. Cowan et al., Eur. Phys. J. C71 (2011) 1554. They need many
events: `shape_limits` takes them only where they hold.

A limit here is not that of `statistics` where the background of a bin has an error: there probabilities are averaged over a
Gaussian background, here the likelihood has its best background. For 61 events over 49 +- 4.9 the limits are 25.5 and 24.8.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]

DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Of the background: where a band of expected limits is given."""
DECREMENT = 1e-9
"""Of -ln L: where a fit has converged."""
ENOUGH = 1e-3
"""Of -ln L: what is good enough after the most steps; q changes by twice as much."""
MOST_STEPS = 300
PRECISION = 1e-6
"""Relative, of a limit on mu."""
TINY = 1e-9
"""Of 1 - CL - CLs, and of sqrt(q): as good as none."""


@dataclass(frozen=True)
class ShapeModel:
    """Templates: expected events of the signal at mu = 1 (bins) and of each background (samples, bins).

    `errors` (samples) are relative, of the normalisations, 0 where one is known; `variances` (bins) are those of the sum of
    the backgrounds from the Monte Carlo, sums of squared weights. Raises ValueError for a template that has a negative or
    infinite number, a bin without background, or no signal at all.
    """

    signal: Array
    backgrounds: Array
    errors: Array
    variances: Array

    def __post_init__(self) -> None:
        for name in ("signal", "backgrounds", "errors", "variances"):
            if not np.all(np.isfinite(values := getattr(self, name)) & (values >= 0)):
                raise ValueError(f"{name}: a number is negative or not finite, no template is")
        if self.backgrounds.shape != (len(self.errors), len(self.signal)) or self.variances.shape != self.signal.shape:
            raise ValueError("the templates have different bins: a row of all bins is due for each background")
        if self.signal.sum() == 0:
            raise ValueError("none of the signal lies in the bins")
        if np.any(empty := self.total == 0):
            raise ValueError(
                f"bin {int(np.argmax(empty)) + 1} of {len(empty)} has no background (empty: {empty.sum()}): "
                "an event there has no likelihood; give wider bins, a smaller range, or more events of the backgrounds"
            )

    @property
    def total(self) -> Array:
        """The background expected in each bin."""
        return np.asarray(self.backgrounds.sum(axis=0))

    @property
    def spread(self) -> Array:
        """delta, the relative error of each bin's background from the Monte Carlo."""
        return np.sqrt(self.variances) / self.total

    @property
    def unit(self) -> float:
        """About the standard deviation of mu where the normalisations are known: the scale of every search in mu."""
        return float(1 / np.sqrt(np.sum(self.signal**2 / (self.total + self.variances))))

    def factors(self, alphas: Array) -> Array:
        """(1 + e)^alpha of each sample."""
        return np.asarray((1 + self.errors) ** alphas)

    def background(self, alphas: Array) -> Array:
        """The background of each bin at gamma = 1, (data sets, bins)."""
        return np.asarray(self.factors(alphas) @ self.backgrounds)

    def expected(self, strength: float, alphas: Array, gammas: Array) -> Data:
        """The data sets without fluctuations (Asimov's) at these parameters (data sets, samples) and (data sets, bins)."""
        return Data(strength * self.signal + gammas * self.background(alphas), alphas, gammas)

    def nominal(self) -> Data:
        """The background alone as expected."""
        return self.expected(0.0, np.zeros((1, len(self.errors))), np.ones((1, len(self.signal))))

    def observed(self, counts: ArrayLike) -> Data:
        """Counts (bins) as they were seen. Raises ValueError where they are negative, not finite, or of other bins."""
        seen = np.asarray(counts, dtype=np.float64)
        if seen.shape != self.signal.shape:
            raise ValueError(f"{seen.size} counts were observed, the templates have {len(self.signal)} bins")
        if not np.all(np.isfinite(seen) & (seen >= 0)):
            raise ValueError("an observed count is negative or not finite")
        return Data(seen[None], np.zeros((1, len(self.errors))), np.ones((1, len(self.signal))))


@dataclass(frozen=True)
class Data:
    """Data sets: counts (data sets, bins), and what was measured of alpha (.., samples) and gamma (.., bins)."""

    counts: Array
    alphas: Array
    gammas: Array

    def rows(self, chosen: NDArray[np.bool_]) -> Data:
        return Data(self.counts[chosen], self.alphas[chosen], self.gammas[chosen])

    def repeated(self, times: int) -> Data:
        """Each data set so many times."""
        return Data(*(np.repeat(values, times, axis=0) for values in (self.counts, self.alphas, self.gammas)))


@dataclass(frozen=True)
class Fit:
    """The best parameters of each data set, and -ln L there, 0 for a perfect description."""

    strength: Array
    alphas: Array
    gammas: Array
    nll: Array


# --- fits ----------------------------------------------------------------------------------------------------------------


def fit_at(model: ShapeModel, data: Data, strength: ArrayLike, alphas: Array | None = None) -> Fit:
    """The best nuisance parameters of each data set at a given mu, one for all or one for each; `alphas` are a start."""
    strengths = np.broadcast_to(np.asarray(strength, dtype=np.float64), len(data.counts)).copy()
    first = np.zeros((len(strengths), len(model.errors))) if alphas is None else alphas
    return _minimise(model, data, np.column_stack([strengths, first]), free=False)


def fit(model: ShapeModel, data: Data, without: Fit | None = None) -> Fit:
    """The best mu >= 0 of each data set and its nuisance parameters; `without` is the fit at mu = 0 where that is known."""
    at_zero = fit_at(model, data, 0.0) if without is None else without
    slope = slope_in_strength(model, data, at_zero)
    rising = slope < 0  # only there is the best mu above 0
    if not np.any(rising):
        return at_zero
    start = np.column_stack([-slope * model.unit**2, at_zero.alphas])[rising]
    better = _minimise(model, data.rows(rising), start, free=True)
    columns = []
    for name in ("strength", "alphas", "gammas", "nll"):
        column = getattr(at_zero, name).copy()
        column[rising] = getattr(better, name)
        columns.append(column)
    return Fit(*columns)


def slope_in_strength(model: ShapeModel, data: Data, fixed: Fit) -> Array:
    """The derivative of -ln L in mu of each data set, at a fit of its nuisance parameters."""
    mean = fixed.strength[:, None] * model.signal + fixed.gammas * model.background(fixed.alphas)
    return np.asarray(slope_in_mean(data.counts, mean) @ model.signal)


POINT = ("parameters", "gammas", "nll", "gradient", "curvature")


@dataclass(frozen=True)
class _Point:
    """-ln L at parameters (data sets, 1 + samples) with the best gammas, its gradient and expected curvature."""

    parameters: Array
    gammas: Array
    nll: Array
    gradient: Array
    curvature: Array

    def where(self, better: NDArray[np.bool_], other: _Point) -> _Point:
        """The rows of another point where that is better."""

        def chosen(name: str) -> Array:
            own = getattr(self, name)
            return np.where(better.reshape(-1, *[1] * (own.ndim - 1)), getattr(other, name), own)

        return _Point(*(chosen(name) for name in POINT))

    def rows(self, chosen: NDArray[np.bool_]) -> _Point:
        return _Point(*(getattr(self, name)[chosen] for name in POINT))

    def put(self, places: NDArray[np.intp], other: _Point) -> None:
        """Replace the rows at these places by those of another point."""
        for name in POINT:
            getattr(self, name)[places] = getattr(other, name)


def _minimise(model: ShapeModel, data: Data, start: Array, *, free: bool) -> Fit:
    """Fisher scoring from a start (data sets, 1 + samples); shorter steps keep mu above 0 and let -ln L fall."""
    moving = np.concatenate([[free], model.errors > 0])
    here = _point(model, data, start)
    found = here
    length = np.ones(len(start))
    left = np.arange(len(start))  # the data sets whose fits go on
    for _ in range(MOST_STEPS):
        gradient = here.gradient[:, moving]
        newton = np.linalg.solve(here.curvature[:, moving][:, :, moving], -gradient[..., None])[..., 0]
        going = -np.sum(gradient * newton, axis=1) >= DECREMENT
        if not np.all(going):
            found.put(left[~going], here.rows(~going))
            left, here, length, newton = left[going], here.rows(going), length[going], newton[going]
            data = data.rows(going)
        if len(left) == 0:
            break
        step = np.zeros_like(here.parameters)
        step[:, moving] = newton
        most = 0.9 * here.parameters[:, 0]
        inside = most / np.maximum(most, -step[:, 0]) if free else 1.0
        trial = _point(model, data, here.parameters + step * np.minimum(length, inside)[:, None])
        better = trial.nll <= here.nll + 0.1 * DECREMENT
        here = here.where(better, trial)
        length = np.where(better, np.minimum(1.0, 2 * length), length / 2)
    else:  # rounding keeps some from the last digits
        if np.any(-np.sum(gradient[going] * newton, axis=1) >= ENOUGH):
            raise ArithmeticError("a fit of the templates did not converge")
        found.put(left, here)
    return Fit(found.parameters[:, 0], found.parameters[:, 1:], found.gammas, found.nll)


def _point(model: ShapeModel, data: Data, parameters: Array) -> _Point:
    signal = parameters[:, :1] * model.signal
    factors = model.factors(parameters[:, 1:])
    background = factors @ model.backgrounds
    gammas = best_gammas(data.counts, signal, background, data.gammas, model.spread)
    mean = signal + gammas * background
    pulls = parameters[:, 1:] - data.alphas
    spread2 = np.where(model.spread > 0, model.spread**2, 1.0)
    poisson = deviance(data.counts, mean).sum(axis=1)
    nll = poisson + 0.5 * np.sum((gammas - data.gammas) ** 2 / spread2, axis=1) + 0.5 * np.sum(pulls**2, axis=1)
    # d nu / d(mu, alphas); the best gammas do not move -ln L to first order
    moves = (gammas[:, None, :] * model.backgrounds) * (np.log1p(model.errors) * factors)[:, :, None]
    slopes = np.concatenate([np.broadcast_to(model.signal, mean.shape)[:, None, :], moves], axis=1)
    gradient = np.einsum("tpb,tb->tp", slopes, slope_in_mean(data.counts, mean))
    gradient[:, 1:] += pulls
    variance = mean + (background * model.spread) ** 2
    curvature = np.einsum("tpb,tqb->tpq", slopes / variance[:, None, :], slopes)
    curvature[:, range(1, len(model.errors) + 1), range(1, len(model.errors) + 1)] += 1
    return _Point(parameters, gammas, nll, gradient, curvature)


def deviance(counts: Array, mean: Array) -> Array:
    """n ln(n/nu) - n + nu, from their relative difference, which keeps its digits where n and nu are large and near."""
    away = (mean - counts) / np.where(counts > 0, counts, 1.0)
    return np.where(counts > 0, counts * (away - np.log1p(away)), mean)


def slope_in_mean(counts: Array, mean: Array) -> Array:
    """1 - n/nu, the derivative of that; without an event it is 1, also at nu = 0, where a template of few events may end."""
    return 1 - np.divide(counts, mean, out=np.zeros_like(mean), where=counts > 0)


def best_gammas(counts: Array, signal: Array, background: Array, measured: Array, spread: Array) -> Array:
    """gamma that maximises n ln(s + gamma b) - gamma b - (gamma - gamma_0)^2/(2 delta^2): a quadratic equation's root.

    b gamma^2 + p gamma + q = 0 with p = s + b^2 delta^2 - gamma_0 b and q = b delta^2 (s - n) - gamma_0 s, whose larger root
    alone makes the mean positive.
    """
    linear = signal + (background * spread) ** 2 - measured * background
    constant = background * spread**2 * (signal - counts) - measured * signal
    root = np.sqrt(np.maximum(linear**2 - 4 * background * constant, 0.0))
    # the form that adds two numbers of one sign
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(linear > 0, -2 * constant / (linear + root), (root - linear) / (2 * background))
    return np.where(spread > 0, found, measured)


# --- the test statistic and its asymptotic distributions -----------------------------------------------------------------


def q_tilde(model: ShapeModel, data: Data, strength: ArrayLike, best: Fit) -> Array:
    """q~_mu of each data set, whose best fit is given: 0 where that has more signal than mu."""
    fixed = fit_at(model, data, strength)
    return np.where(best.strength > np.asarray(strength), 0.0, np.maximum(2 * (fixed.nll - best.nll), 0.0))


def asymptotic_cls(statistic: ArrayLike, asimov: ArrayLike) -> Array:
    """CLs of q~_mu, from the one of the Asimov data set of the background alone (Eqs. (66) and (65) of Cowan et al.)."""
    root: Array = np.sqrt(np.asarray(statistic, dtype=np.float64))
    root_a: Array = np.sqrt(np.asarray(asimov, dtype=np.float64))
    far = (root > root_a) & (root_a > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.where(far, (root**2 + root_a**2) / (2 * root_a), root)
        alone = np.where(far, (root**2 - root_a**2) / (2 * root_a), root - root_a)
    return np.asarray(ndtr(-both) / ndtr(-alone))


def excess(model: ShapeModel, data: Data, without: Fit | None = None) -> Array:
    """q_0 of each data set: how much better the best signal describes it than none does; its square root are deviations."""
    at_zero = fit_at(model, data, 0.0) if without is None else without
    return np.maximum(2 * (at_zero.nll - fit(model, data, at_zero).nll), 0.0)


# --- limits --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShapeLimit:
    """Upper limits on mu: from the observed counts, or where none were observed the expected one, and those expected.

    `band` holds the limits that the background alone would give at -2, -1, 0, 1, 2 standard deviations. `p_value` is the
    local one of the background alone, for a signal at this place: 0.5 where there is no excess, None without counts.
    `error` is that of `value` from a finite number of pseudo-experiments, 0 where there are none.
    """

    value: float
    band: tuple[float, ...]
    p_value: float | None = None
    error: float = 0.0


def shape_limit(model: ShapeModel, counts: ArrayLike | None = None, confidence_level: float = 0.90) -> ShapeLimit:
    """Limits on mu by CLs with the asymptotic distributions; without `counts` the expected one stands for the observed.

    The band is that of the background as expected. Raises ValueError for counts that are none, and for a confidence level
    outside (0, 1).
    """
    check_level(confidence_level)
    band = expected_band(model, confidence_level)
    if counts is None:
        return ShapeLimit(band[DEVIATIONS.index(0.0)], band)
    data = model.observed(counts)
    return ShapeLimit(float(limits(model, data, confidence_level)[0]), band, float(local_p_value(excess(model, data))[0]))


def limit_without_events(model: ShapeModel, confidence_level: float = 0.90) -> float:
    """The limit on mu of data without an event in any bin of the signal: -ln(1 - CL)/S; S is what the bins hold at mu = 1.

    Then q~_mu = 2 mu S, for the best nuisance parameters do not depend on mu, and no other data have a larger one: such
    data are excluded at CLs = P(no event | s + b)/P(no event | b) = exp(-mu S) exactly, whatever the background. No other
    data give a stronger limit. What lies outside of the bins is not bounded: hence S, and not the whole signal.
    """
    check_level(confidence_level)
    return -math.log(1 - confidence_level) / float(model.signal.sum())


def check_level(confidence_level: float) -> None:
    """Raise ValueError for a confidence level that is none."""
    if not 0 < confidence_level < 1:
        raise ValueError(f"confidence level is {confidence_level}: it must lie between 0 and 1, as in 0.90")


def local_p_value(excesses: Array) -> Array:
    """The chance that the background alone has an excess q_0 as large, at a place that is given beforehand."""
    return np.asarray(ndtr(-np.sqrt(excesses)))


def expected_band(model: ShapeModel, confidence_level: float = 0.90) -> tuple[float, ...]:
    """Limits on mu at the DEVIATIONS of the background alone: sqrt(q_A) = N - Phi^-1((1 - CL) Phi(N))."""
    deviations = np.array(DEVIATIONS)
    wanted = deviations - ndtri((1 - confidence_level) * ndtr(deviations))
    asimov = model.nominal().repeated(len(wanted))
    best = fit_at(model, asimov, 0.0)

    def above(strengths: Array) -> Array:
        return np.sqrt(q_tilde(model, asimov, strengths, best)) - wanted

    found = crossings(above, np.zeros(len(wanted)), model.unit)
    return tuple(np.maximum(found, limit_without_events(model, confidence_level)).tolist())


def limits(model: ShapeModel, data: Data, confidence_level: float = 0.90) -> Array:
    """The limit on mu from each data set; the Asimov data sets have the nuisance parameters that suit the data.

    None is stronger than `limit_without_events`, which is that of data without events.
    """
    at_zero = fit_at(model, data, 0.0)
    best = fit(model, data, at_zero)
    asimov = model.expected(0.0, at_zero.alphas, at_zero.gammas)
    asimov_best = fit_at(model, asimov, 0.0)

    def above(strengths: Array) -> Array:
        q = q_tilde(model, data, strengths, best)
        return 1 - confidence_level - asymptotic_cls(q, q_tilde(model, asimov, strengths, asimov_best))

    least = limit_without_events(model, confidence_level)
    empty = ~np.any(data.counts[:, model.signal > 0], axis=1)
    return np.where(empty, least, np.maximum(crossings(above, best.strength, model.unit), least))


def crossings(function: Callable[[Array], Array], low: Array, unit: float) -> Array:
    """Where a function of many numbers, each below 0 at `low`, rises through 0; `unit` is the scale to look at first.

    Regula falsi, the end that stays halved (the Illinois algorithm), to 1e-6.
    """
    low, high = low.copy(), low + unit
    at_low, at_high = function(low), function(high)
    while np.any(below := at_high < 0):
        low, at_low = np.where(below, high, low), np.where(below, at_high, at_low)
        high = np.where(below, 2 * high, high)
        at_high = function(high)
    side, done = np.zeros(len(low)), np.zeros(len(low), dtype=bool)
    for _ in range(MOST_STEPS):
        done |= high - low <= PRECISION * high
        if np.all(done):
            break
        middle = np.where(done, high, (low * at_high - high * at_low) / np.where(done, 1.0, at_high - at_low))
        value = function(middle)
        up = value >= 0
        at_low = np.where(up, np.where(side == 1, at_low / 2, at_low), value)
        at_high = np.where(up, value, np.where(side == -1, at_high / 2, at_high))
        low, high = np.where(up, low, middle), np.where(up, middle, high)
        side = np.where(up, 1, -1)
        done |= np.abs(value) < TINY
        low, high = np.where(done, middle, low), np.where(done, middle, high)
    return high
