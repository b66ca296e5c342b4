"""What the figures of limits share: the curves of experiments and magnetic moments in a slice of the couplings.

A curve of masses is the limit along a ray at each of them; a curve in a plane of two couplings is the limit along rays of
all ratios. An excluded range with two ends is one closed curve: its lower end, and then its upper end back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.magnetic_moments import Measured, band, inputs
from alphoton.analysis.slices import direction
from alphoton.data.errors import InputError
from alphoton.generators.model import Couplings
from alphoton.workflows.chain import Experiment, PointLimit
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.figures.base import Curve, Progress, rounded
from alphoton.workflows.survey import Survey

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MOMENT_MASSES = rounded(np.geomspace(1e-3, 100, 121))
"""GeV"""
RATIOS = rounded(np.geomspace(1e-10, 1e6, 161))
"""g_agamma / g_ae of the rays that sweep a plane."""
MISSING_ENERGY = ("delphi", "babar", "na64", "na64-5e12", "belle2-20fb", "belle2-50ab")
"""The analyses of every figure of limits, in the order in which they are drawn."""
PADME = ("padme", "padme-poseydon", "padme-poseydon-ses")
"""Those of the figures in which the electron coupling matters, up to PADME's masses."""
VISIBLE_RATIOS = {"e137": None, "e137_br1e-2": 1e-2, "e137_br1e-4": 1e-4}
"""Gamma_vis / Gamma_inv of each curve of E137; None: only visible decays."""


@dataclass(frozen=True)
class Moments:
    """The magnetic moments in a slice: a name of the packaged sets, the leptons, and whether the main band has the loop.

    Both bands are drawn, with and without the loop-induced photon coupling: the main one under the lepton's name, the other
    with `other` in its name.
    """

    leptons: tuple[str, ...]
    radiative: bool
    set: str = "paper-2020"

    @property
    def kinds(self) -> dict[str, bool]:
        """What stands in a curve's name, and whether the loop is in it."""
        return {"": self.radiative, ("_tree" if self.radiative else "_radiative"): not self.radiative}

    def measured(self) -> Iterator[tuple[str, Measured]]:
        """Names and values; a lepton that was measured twice carries its label."""
        found = [each for each in inputs(self.set) if each.lepton in self.leptons]
        for each in found:
            several = sum(other.lepton == each.lepton for other in found) > 1
            yield f"gm2_{each.lepton}{'_' + each.label.replace(' ', '-') if several else ''}", each


@dataclass(frozen=True)
class LimitFigure:
    """A figure of limits: its name, what it shows, the curves that a survey of experiments gives, and the drawing.

    `compute(survey, moments, progress)`: `moments` names a set of measured magnetic moments.
    """

    name: str
    title: str
    compute: Callable[[Survey, str, Progress], list[Curve]]
    draw: Callable[[dict[str, Curve]], Canvas]


def curve_name(analysis: str) -> str:
    """`na64-5e12` is the curve `na64_5e12`."""
    return analysis.replace("-", "_")


def missing_energy(survey: Survey, analysis: str) -> Experiment:
    """An experiment whose limit does not depend on decays. Raises `InputError` for another."""
    experiment = survey.experiment(analysis)
    counting = experiment.analysis.counting
    if counting is not None and counting.visible_branching_ratio > 0:
        raise InputError(
            f"{experiment.analysis.origin}: counting.visible_branching_ratio: a figure of slices needs 0; "
            "a limit along a direction is one of any slice, with decays"
        )
    return experiment


# --- limits against the mass -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MassSlice:
    """Relative couplings that are the same at each mass, and the one that is shown."""

    analyses: tuple[str, ...]
    couplings: Mapping[str, float]
    shown: str
    dumps: tuple[str, ...] = ()
    moments: Moments | None = None
    interference: bool = True

    def compute(self, survey: Survey, moments: str, progress: Progress) -> list[Curve]:
        """The curves of experiments, with all errors of the limits, and of magnetic moments, which have none."""
        for analysis in self.analyses:
            missing_energy(survey, analysis)
        survey.curves(self.analyses, progress)
        curves = [self._limits(analysis, survey.curve(analysis)) for analysis in self.analyses]
        curves += [self._dump(survey, name) for name in self.dumps]
        if self.moments is not None:
            curves += self._moments(self.moments, moments)
        return curves

    def _ray(self, mass: float, *, radiative: bool = False) -> Couplings:
        return direction(mass, self.couplings, radiative=radiative)

    def _limits(self, analysis: str, rows: Sequence[PointLimit]) -> Curve:
        found = [row.exclusion(interference=self.interference).limit(self._ray(row.mass)) for row in rows]
        size = self.couplings[self.shown]
        value = np.array([each.lower.value for each in found]) * size
        error = np.hypot([each.lower.error * size for each in found], value * [each.systematic for each in found])
        mass = np.array([row.mass for row in rows])
        return Curve(curve_name(analysis), mass, value, error, "GeV", "1/GeV")

    def _dump(self, survey: Survey, name: str) -> Curve:
        experiment = with_visible_ratio(survey.experiment("e137"), VISIBLE_RATIOS[name])
        masses = survey.studies["e137"].masses
        rows = [dump_limit(experiment, mass, ray=self._ray(mass)) for mass in masses]
        rows = [row for row in rows if math.isfinite(getattr(row, self.shown).value)]
        there = [getattr(row, self.shown) for row in rows]
        back = [getattr(row, f"{self.shown}_upper") for row in rows]
        edge = [*there, *reversed(back)]
        mass = np.array([row.mass for row in rows])
        return Curve(
            name,
            np.concatenate([mass, mass[::-1]]),
            np.array([each.value for each in edge]),
            np.array([each.error for each in edge]),
            "GeV",
            "1/GeV",
        )

    def _moments(self, wanted: Moments, name: str) -> list[Curve]:
        curves = []
        for base, measured in Moments(wanted.leptons, wanted.radiative, name).measured():
            for kind, radiative in wanted.kinds.items():
                bands = [band(measured, self._ray(mass, radiative=radiative)) for mass in MOMENT_MASSES]
                for end in ("lower", "upper"):
                    value = np.array([getattr(each, end) for each in bands]) * abs(self.couplings[self.shown])
                    shown = np.where((value > 0) & np.isfinite(value), value, np.nan)
                    name_ = f"{base}{kind}_{end}"
                    curves.append(Curve(name_, np.array(MOMENT_MASSES), shown, np.zeros_like(shown), "GeV", "1/GeV"))
        return curves


def with_visible_ratio(experiment: Experiment, ratio: float | None) -> Experiment:
    """A beam dump at another ratio of visible and invisible decays, in the paper's form, Eqs. (40) and (41)."""
    text = "null" if ratio is None else repr(ratio)
    card = AnalysisCard.load(experiment.analysis, [f"beam_dump.visible_ratio={text}", "beam_dump.form=paper"])
    return Experiment(card, experiment.processes, experiment.detector, experiment.reference)


# --- limits in the plane of both couplings -----------------------------------------------------------------------------


@dataclass(frozen=True)
class PlaneSlice:
    """Both couplings free at one mass (GeV): x is g_ae, y is g_agamma."""

    mass: float
    analyses: tuple[str, ...]
    dumps: tuple[str, ...] = ()
    moments: Moments | None = None
    interference: bool = True

    def compute(self, survey: Survey, moments: str, progress: Progress) -> list[Curve]:
        """The boundaries, from the smallest g_agamma / g_ae to the largest; those of E137 closed."""
        for analysis in self.analyses:
            missing_energy(survey, analysis)
        survey.work_out([(analysis, self.mass) for analysis in self.analyses], progress)
        curves = [curve for analysis in self.analyses if (curve := self._limits(survey, analysis)) is not None]
        curves += [curve for name in self.dumps if (curve := self._dump(survey, name)) is not None]
        if self.moments is not None:
            curves += self._moments(self.moments, moments)
        return curves

    def rays(self, *, radiative: bool = False) -> list[Couplings]:
        """Rays of all ratios, of length 1."""
        return [
            direction(self.mass, {"g_ae": 1 / math.hypot(1, r), "g_agamma": r / math.hypot(1, r)}, radiative=radiative)
            for r in RATIOS
        ]

    def _curve(self, name: str, rays: Sequence[Couplings], scale: Sequence[float], error: Sequence[float]) -> Curve:
        """Points at scales along rays; the relative error is along the ray."""
        x = np.array([ray.g_ae * s for ray, s in zip(rays, scale, strict=True)])
        y = np.array([ray.g_agamma * s for ray, s in zip(rays, scale, strict=True)])
        return Curve(name, x, y, y * np.array(error), "1/GeV", "1/GeV")

    def _limits(self, survey: Survey, analysis: str) -> Curve | None:
        row = survey.row(analysis, self.mass)
        if row is None:
            return None
        exclusion, rays = row.exclusion(interference=self.interference), self.rays()
        found = [exclusion.limit(ray) for ray in rays]
        kept = [(ray, each) for ray, each in zip(rays, found, strict=True) if math.isfinite(each.lower.value)]
        if not kept:
            return None
        return self._curve(
            curve_name(analysis),
            [ray for ray, _ in kept],
            [each.lower.value for _, each in kept],
            [math.hypot(each.lower.error / each.lower.value, each.systematic) for _, each in kept],
        )

    def _dump(self, survey: Survey, name: str) -> Curve | None:
        experiment = with_visible_ratio(survey.experiment("e137"), VISIBLE_RATIOS[name])
        rows = [(ray, dump_limit(experiment, self.mass, ray=ray)) for ray in self.rays()]
        rows = [(ray, row) for ray, row in rows if math.isfinite(row.g_ae.value)]
        if not rows:
            return None
        rays = [ray for ray, _ in rows]
        there = [row.g_ae.value / ray.g_ae for ray, row in rows]
        back = [row.g_ae_upper.value / ray.g_ae for ray, row in rows]
        closed = [*rays, *reversed(rays)]
        return self._curve(name, closed, [*there, *reversed(back)], [0.0] * len(closed))

    def _moments(self, wanted: Moments, name: str) -> list[Curve]:
        curves = []
        for base, measured in Moments(wanted.leptons, wanted.radiative, name).measured():
            for kind, radiative in wanted.kinds.items():
                rays = self.rays(radiative=radiative)
                bands = [band(measured, ray) for ray in rays]
                for end in ("lower", "upper"):
                    scale = [getattr(each, end) for each in bands]
                    good = [(ray, s) for ray, s in zip(rays, scale, strict=True) if 0 < s < math.inf]
                    points = self._curve(
                        f"{base}{kind}_{end}", [ray for ray, _ in good], [s for _, s in good], [0.0] * len(good)
                    )
                    curves.append(points)
        return curves
