"""Numbers read off limits: where curves cross, which is stronger, how much of a band is left.

A curve holds scales along rays of couplings against the mass, straight between its points in the logarithms of both. With
the coupling that is shown at 1 in the ray, the scale is that coupling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alphoton.analysis.magnetic_moments import CUTOFF, Measured, band
from alphoton.analysis.slices import direction
from alphoton.data.errors import InputError
from alphoton.workflows.figures.slices import missing_energy
from alphoton.workflows.report.claim import Found
from alphoton.workflows.report.claim_tools import Known, found, quotient
from alphoton.workflows.survey import Survey

Array = NDArray[np.float64]
Slice = Mapping[str, float]

PHOTON: Slice = {"g_agamma": 1.0}
ELECTRON: Slice = {"g_ae": 1.0}
CURRENT = ("delphi", "babar", "na64")
FUTURE = ("na64-5e12", "belle2-50ab", "padme-poseydon-ses")
"""The farthest reach of each experiment that is still to come."""
FIRST, LAST = 1e-3, 100.0
"""The masses that the figures show, GeV."""
MASSES = np.geomspace(FIRST, LAST, 1001)
RAYS: tuple[Slice, ...] = tuple({"g_ae": 1.0, "g_agamma": float(r)} for r in np.geomspace(1e-8, 1e4, 241))
"""Rays that sweep the plane of both couplings, evenly in the logarithm of their ratio: the scale is g_ae."""


@dataclass(frozen=True, eq=False)
class MassCurve:
    """Scales against the mass (GeV, rising), with relative errors; no value outside."""

    mass: Array
    value: Array
    error: Array

    def at(self, mass: ArrayLike) -> Array:
        """The scale at masses; NaN outside."""
        return np.exp(np.interp(np.log(mass), np.log(self.mass), np.log(self.value), left=np.nan, right=np.nan))

    def error_at(self, mass: ArrayLike) -> Array:
        """The relative error at masses."""
        return np.interp(np.log(mass), np.log(self.mass), self.error)

    def at_mass(self, mass: float) -> Found:
        """The scale at one mass, 1/GeV."""
        value = float(self.at(mass))
        return found(value, value * float(self.error_at(mass)), "/GeV")

    def times(self, factor: float) -> MassCurve:
        return MassCurve(self.mass, self.value * factor, self.error)


def curve(survey: Survey, analysis: str, couplings: Slice, *, radiative: bool = False) -> MassCurve:
    """The limit of an experiment along the same ray at each mass, where no decay is seen; errors of the Monte Carlo."""
    missing_energy(survey, analysis)
    survey.curves([analysis])
    rows = survey.curve(analysis)
    limits = [row.exclusion().limit(direction(row.mass, couplings, radiative=radiative)).lower for row in rows]
    pairs = [(row.mass, each) for row, each in zip(rows, limits, strict=True) if math.isfinite(each.value)]
    kept = [(mass, each.value, each.error / each.value) for mass, each in pairs]
    if not kept:
        raise InputError(f"{analysis}: no limit for {dict(couplings)} at any mass of the survey")
    return MassCurve(*np.array(sorted(kept)).T)


def strongest(survey: Survey, analyses: Sequence[str], couplings: Slice, *, radiative: bool = False) -> MassCurve:
    """The smallest of several limits wherever there is one."""
    curves = [curve(survey, analysis, couplings, radiative=radiative) for analysis in analyses]
    mass = np.unique(np.concatenate([MASSES, *(each.mass for each in curves)]))
    values = np.array([each.at(mass) for each in curves])
    there = np.isfinite(values).any(axis=0)
    mass, values = mass[there], np.where(np.isfinite(values), values, np.inf)[:, there]
    best = values.argmin(axis=0)
    errors = np.array([each.error_at(mass) for each in curves])
    column = np.arange(len(mass))
    return MassCurve(mass, values[best, column], errors[best, column])


# --- two curves --------------------------------------------------------------------------------------------------------


def ratio(first: Known, second: Known, note: str = "") -> Found:
    """The first over the second, whose errors are independent."""
    return found(*quotient(first, second), note=note)


def smallest_ratio(first: MassCurve, second: MassCurve) -> Found:
    """The first over the second at the mass where this is smallest, of the masses where there are both."""
    mass = np.unique(np.concatenate([first.mass, second.mass]))
    values = first.at(mass) / second.at(mass)
    best = float(mass[np.nanargmin(values)])
    return ratio(first.at_mass(best), second.at_mass(best), f"at {in_words(best)}")


def lowest_mass_below(first: MassCurve, second: MassCurve, from_mass: float = FIRST) -> Found:
    """The lowest mass (GeV) from which on the first is at most the second, where both exist; NaN where it never is."""
    mass = np.unique(np.concatenate([MASSES, first.mass, second.mass]))
    gap = np.log(first.at(mass) / second.at(mass))
    good = np.isfinite(gap) & (mass >= from_mass * (1 - 1e-12))
    x, gap = np.log(mass[good]), gap[good]
    below = np.flatnonzero(gap <= 0)
    if not below.size:
        return found(math.nan, unit="GeV")
    if below[0] == 0:
        return found(float(np.exp(x[0])), unit="GeV")
    left, right = below[0] - 1, below[0]
    slope = (gap[right] - gap[left]) / (x[right] - x[left])
    crossing = float(np.exp(x[left] - gap[left] / slope))
    error = crossing * math.hypot(float(first.error_at(crossing)), float(second.error_at(crossing))) / abs(float(slope))
    return found(crossing, error, "GeV")


def in_words(mass: float) -> str:
    """A mass in GeV as text with its unit."""
    return f"{mass * 1e3:.3g} MeV" if mass < 1 else f"{mass:.3g} GeV"


# --- bands -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Strip:
    """Scales from `lower` to `upper` at each of some points, evenly spaced in a logarithm; NaN where there are none."""

    lower: Array
    upper: Array

    def both(self, other: Strip) -> Strip:
        """What lies in both."""
        lower, upper = np.maximum(self.lower, other.lower), np.minimum(self.upper, other.upper)
        there = lower < upper
        return Strip(np.where(there, lower, np.nan), np.where(there, upper, np.nan))

    def below(self, limit: Array) -> Strip:
        """What is not excluded from `limit` on; NaN in it: nothing is."""
        return self.both(Strip(np.full_like(self.lower, 0.0), np.where(np.isfinite(limit), limit, np.inf)))

    @property
    def there(self) -> NDArray[np.bool_]:
        return np.isfinite(self.lower) & (self.upper > self.lower)

    @property
    def area(self) -> float:
        """In both logarithms, in units of a step between points. Raises `InputError` for an endless one."""
        lower, upper = self.lower[self.there], self.upper[self.there]
        if not (np.all(lower > 0) and np.isfinite(upper).all()):
            raise InputError("the area of a band needs two ends of it")
        return float(np.log(upper / lower).sum())


def share(part: Strip, whole: Strip) -> Found:
    """The area of a part over that of the whole; NaN where the whole is nothing."""
    return found(part.area / whole.area if whole.area > 0 else math.nan)


def mass_strip(
    measured: Measured, couplings: Slice, *, radiative: bool = False, masses: Array = MASSES, cutoff: float = CUTOFF
) -> Strip:
    """The 2 sigma band of a magnetic moment at masses (GeV), along the same ray at each; `cutoff` is Lambda (GeV)."""
    bands = [band(measured, direction(float(m), couplings, radiative=radiative), cutoff=cutoff) for m in masses]
    return Strip(np.array([each.lower for each in bands]), np.array([each.upper for each in bands]))


def open_from(strip: Strip, limit: MassCurve, masses: Array = MASSES) -> Found:
    """The lowest mass (GeV) at which a part of a band lies below a limit."""
    there = strip.there
    lower = MassCurve(masses[there], strip.lower[there], np.zeros(int(there.sum())))
    return lowest_mass_below(lower, limit)


def plane_limit(survey: Survey, analyses: Sequence[str], mass: float) -> Array:
    """The strongest limit along each ray of the plane of both couplings at a mass (GeV); infinite without one."""
    survey.work_out([(analysis, mass) for analysis in analyses])
    rows = [row for analysis in analyses if (row := survey.row(analysis, mass)) is not None]
    rays = [direction(mass, each) for each in RAYS]
    values = np.array([[row.exclusion().limit(ray).lower.value for ray in rays] for row in rows])
    return np.min(np.where(np.isfinite(values), values, np.inf), axis=0)


def plane_strip(measured: Measured, mass: float, rays: Sequence[Slice] = RAYS) -> Strip:
    """The 2 sigma band of a magnetic moment along rays at a mass (GeV)."""
    bands = [band(measured, direction(mass, each)) for each in rays]
    return Strip(np.array([each.lower for each in bands]), np.array([each.upper for each in bands]))
