"""Visible decays behind a dump: E137, recast from its published edges, and computed from events.

Lengths in mm, energies and widths in GeV. The range of a long-lived ALP is bounded on both sides: too weak a coupling makes
too few, too strong a coupling makes it decay in the shielding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import lambertw

from alphoton.analysis.slices import PHOTON_ONLY, direction, scaled
from alphoton.generators.constants import HBARC_MM
from alphoton.generators.model import VISIBLE, Couplings, photon_width, widths

Array = NDArray[np.float64]

STEPS_A_DECADE = 200
WEAKEST, STRONGEST = 1e-10, 1e2
"""Couplings between which a band is searched, 1/GeV."""


@dataclass(frozen=True)
class Dump:
    """From the start of the dump to the start of the decay region D, and the decay region L behind it, mm."""

    shielding: float
    decay_region: float


@dataclass(frozen=True)
class Edges:
    """The excluded band of a coupling, 1/GeV, with the Monte Carlo errors of its edges; NaN where there is none."""

    lower: float
    upper: float
    lower_error: float = 0.0
    upper_error: float = 0.0

    @property
    def edges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both edges, each with its error."""
        return (self.lower, self.lower_error), (self.upper, self.upper_error)

    def ending_below(self, last: float) -> Edges:
        """Without an upper edge if that is only where the search ends."""
        return self if self.upper < last * (1 - 1e-9) else replace(self, upper=math.nan, upper_error=math.nan)


def mean_boost(dump: Dump, mass: float, lower: float, upper: float) -> float:
    """<gamma_a> from the published edges, Eq. (42): hbar c <gamma> = D Gamma(g_u) / W0(g_u^4 D / (g_d^4 L))."""
    ratio = (upper / lower) ** 4 * dump.shielding / dump.decay_region
    return dump.shielding * photon_width(upper, mass) / (HBARC_MM * float(lambertw(ratio).real))


def visible_probability(dump: Dump, visible: float, total: float, boost: float) -> float:
    """The exact probability of a visible decay in [D, D + L]: (Gvis/Gtot) (exp(-D Gtot/..) - exp(-(D+L) Gtot/..))."""
    if total == 0:
        return 0.0
    rate = total / (HBARC_MM * boost)
    return visible / total * math.exp(-dump.shielding * rate) * -math.expm1(-dump.decay_region * rate)


def paper_probability(dump: Dump, visible: float, total: float, boost: float) -> float:
    """Eq. (40): exp(-(L+D) Ginv / (hbar c gamma)) L Gvis / (hbar c gamma), for mostly invisible decays."""
    length = HBARC_MM * boost
    return (
        math.exp(-(dump.shielding + dump.decay_region) * (total - visible) / length) * dump.decay_region * visible / length
    )


def decay_widths(couplings: Couplings, visible_ratio: float | None) -> tuple[float, float]:
    """Visible and total width in GeV, with Gamma_vis / Gamma_inv = `visible_ratio`; None: no invisible decays."""
    partial = widths(couplings)
    visible = sum(partial[name] for name in VISIBLE)
    return visible, visible if visible_ratio is None else visible * (1 + 1 / visible_ratio)


def recast(
    dump: Dump,
    mass: float,
    lower: float,
    upper: float,
    visible_ratio: float | None,
    form: str = "exact",
    ray: Couplings | None = None,
) -> tuple[float, float]:
    """Both edges of what is excluded along a ray of couplings, with Gamma_vis / Gamma_inv = `visible_ratio`.

    Eqs. (39)-(42) of arXiv:2012.07894: g^2 P(g) = g_d^2 P_old(g_d) with the published edges g_d, g_u of a photon coupling
    alone; along another ray (the default is the photon coupling) ALPs are made by the photon coupling and decay by all.
    `visible_ratio` None: no invisible decays. `form` is `paper`, Eqs. (40) and (41), or `exact`. Without invisible decays
    the paper's form is the published edges, and exists for the photon coupling only: elsewhere the exact one is taken.
    NaN where nothing is excluded.
    """
    if visible_ratio is None and form == "paper":
        if ray is None:
            return lower, upper
        form = "exact"
    ray = direction(mass, PHOTON_ONLY) if ray is None else ray
    boost = mean_boost(dump, mass, lower, upper)
    probability = paper_probability if form == "paper" else visible_probability

    def signal(scale: float) -> float:
        couplings = scaled(ray, scale)
        visible, total = decay_widths(couplings, visible_ratio)
        return abs(couplings.photon) ** 2 * probability(dump, visible, total, boost)

    old = photon_width(lower, mass)
    if form == "paper":  # Eq. (41), the long-lived limit
        needed = lower**2 * dump.decay_region * old / (HBARC_MM * boost)
    else:
        needed = lower**2 * visible_probability(dump, old, old, boost)
    size = math.hypot(ray.g_agamma, ray.g_ae, ray.g_amu)
    return edges(signal, needed, WEAKEST / size, STRONGEST / size)


def edges(signal: Callable[[float], float], needed: float, first: float, last: float) -> tuple[float, float]:
    """The smallest and largest coupling between `first` and `last` with at least the signal needed; NaN without one."""
    grid = np.geomspace(first, last, int(STEPS_A_DECADE * math.log10(last / first)) + 2)
    above = np.array([signal(coupling) for coupling in grid]) >= needed
    if not above.any():
        return math.nan, math.nan
    inside = np.flatnonzero(above)
    low, high = int(inside[0]), int(inside[-1])

    def root(left: int, right: int) -> float:
        logarithm = brentq(lambda x: math.log(max(signal(math.exp(x)), 1e-300) / needed), *np.log(grid[[left, right]]))
        return math.exp(logarithm)

    return (
        root(low - 1, low) if low > 0 else float(grid[0]),
        root(high, high + 1) if high < len(grid) - 1 else float(grid[-1]),
    )


@dataclass(frozen=True)
class Calorimeter:
    """A calorimeter at the end of the decay region: half widths in x and y (mm), share of the exposure, threshold (GeV)."""

    half_x: float
    half_y: float
    share: float
    threshold: float


@dataclass(frozen=True)
class Flights:
    """ALPs that leave the dump: momenta (n, 4) in GeV and production depth (n) in mm.

    The weights (n) of each component of the cross-section add to the number of ALPs at couplings of 1 /GeV. With
    `loops_in_weights` those of the `electron` component have the photon coupling that the leptons' loops make.
    """

    momenta: Array
    depth: Array
    weights: Mapping[str, Array]
    loops_in_weights: bool = False

    def made(self, couplings: Couplings) -> Array:
        """The number of ALPs (n) at some couplings: the sum of the components, each with its product of couplings."""
        photon = complex(couplings.g_agamma) if self.loops_in_weights else couplings.photon
        products = {
            "photon": abs(photon) ** 2,
            "electron": couplings.g_ae**2,
            "interference": photon.real * couplings.g_ae,
        }
        return np.asarray(sum(products[name] * weights for name, weights in self.weights.items()))


class DecaysInFlight:
    """Visible decays of a sample of ALPs behind a dump, seen by calorimeters; each decay placed evenly in the region.

    A position is drawn once for each ALP and weighted with the exponential of its flight path, so that one sample serves
    every coupling; lengths are along the axis of the dump. A decay is seen where at least one photon above the threshold is
    in the calorimeter.
    """

    def __init__(
        self, dump: Dump, mass: float, flights: Flights, calorimeters: tuple[Calorimeter, ...], rng: np.random.Generator
    ) -> None:
        self.dump, self.mass, self.flights = dump, mass, flights
        forward = flights.momenta[:, 2] > 0
        self.boost_length = HBARC_MM * np.where(forward, flights.momenta[:, 2], np.inf) / mass
        self.start = dump.shielding - flights.depth
        self.position = rng.random(len(forward)) * dump.decay_region
        self.seen = sum(c.share * self._seen(c, rng) for c in calorimeters) * forward

    def _seen(self, calorimeter: Calorimeter, rng: np.random.Generator) -> Array:
        """1 where a decay photon is seen, 0 elsewhere. ALPs are made on the axis of the dump."""
        p = self.flights.momenta
        with np.errstate(divide="ignore", invalid="ignore"):
            at_decay = p[:, :2] / p[:, 2:3] * (self.start + self.position)[:, None]
        left = (self.dump.decay_region - self.position)[:, None]
        hit = np.zeros(len(p), dtype=bool)
        for photon in self._photons(rng):
            with np.errstate(divide="ignore", invalid="ignore"):
                place = at_decay + photon[:, :2] / photon[:, 2:3] * left
            inside = (np.abs(place[:, 0]) < calorimeter.half_x) & (np.abs(place[:, 1]) < calorimeter.half_y)
            hit |= inside & (photon[:, 3] > calorimeter.threshold) & (photon[:, 2] > 0)
        return hit.astype(np.float64)

    def _photons(self, rng: np.random.Generator) -> tuple[Array, Array]:
        """Momenta (n, 4) of the two photons, isotropic in the ALP's rest frame."""
        p, count = self.flights.momenta, len(self.flights.momenta)
        cos, phi = rng.uniform(-1, 1, count), rng.uniform(0, 2 * np.pi, count)
        sin = np.sqrt((1 - cos) * (1 + cos))
        rest = 0.5 * self.mass * np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
        energy = (0.5 * self.mass * p[:, 3] + np.einsum("ij,ij->i", rest, p[:, :3])) / self.mass
        factor = (0.5 * self.mass + energy) / (p[:, 3] + self.mass)
        first = np.concatenate([rest + factor[:, None] * p[:, :3], energy[:, None]], axis=1)
        return first, p - first

    def found_edges(
        self, needed: float, first: float, last: float, visible_ratio: float | None, ray: Couplings | None = None
    ) -> Edges:
        """What is excluded along a ray between the scales `first` and `last`, with errors from the slope of the signal."""

        def signal(scale: float) -> float:
            return self.expected(scale, visible_ratio, ray)[0]

        values = edges(signal, needed, first, last)
        errors = []
        for value in values:
            slope = (signal(value * 1.01) - signal(value / 1.01)) / (2 * math.log(1.01))
            error = self.expected(value, visible_ratio, ray)[1]
            errors.append(abs(value * error / slope) if slope else math.nan)
        return Edges(*values, *errors)

    def expected(
        self, scale: float, visible_ratio: float | None = None, ray: Couplings | None = None
    ) -> tuple[float, float]:
        """Expected events at a scale (1/GeV) of a ray, by default the photon coupling alone, with their Monte Carlo error.

        Any visible decay counts as two photons would: what matters is that two light particles share the ALP's momentum.
        """
        couplings = scaled(direction(self.mass, PHOTON_ONLY) if ray is None else ray, scale)
        visible, total = decay_widths(couplings, visible_ratio)
        if total == 0:  # stable: a coupling to electrons alone, below their threshold
            return 0.0, 0.0
        rate = total / self.boost_length
        density = visible / total * rate * np.exp(-(self.start + self.position) * rate) * self.dump.decay_region
        each = self.flights.made(couplings) * density * self.seen
        return float(each.sum()), float(np.std(each) * math.sqrt(len(each)))
