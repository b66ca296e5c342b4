"""Counting events through a selection: sums of weights after each step, for the card's couplings and each component."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.efficiency import ROUNDING, Efficiency, weighted_efficiency
from alphoton.analysis.selection import Axis, EventView
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, Jagged
from alphoton.detectors.simulate import flags

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOTAL = "total"
"""The weight at the card's own couplings; the other weights are the components' at unit couplings."""

LEAST_SIZE = 100
"""Below this effective size a sum of weights is noise, or what is left of both signs."""


@dataclass(frozen=True)
class Sums:
    """Entries, sums of weights and of their squares, by step of the cutflow (rows) and by weight (columns).

    `mixed` are the sums of w times the part of w that is left: not the squares where vetoes leave a part of an event.
    """

    steps: tuple[str, ...]
    weights: tuple[str, ...]
    entries: NDArray[np.int64]
    sums: Array
    squares: Array
    mixed: Array
    generated_weight: float
    """The sum of genWeight, which the sample's cross-section belongs to."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.steps,
            self.weights,
            self.entries + other.entries,
            self.sums + other.sums,
            self.squares + other.squares,
            self.mixed + other.mixed,
            self.generated_weight + other.generated_weight,
        )

    def efficiency(self, step: int = -1, weight: str = TOTAL) -> Efficiency:
        """The share of the weight that is left after a step, with its interval; the weights may all be negative."""
        column = self.weights.index(weight)
        sign = -1.0 if self.sums[0, column] < 0 else 1.0
        return weighted_efficiency(
            sign * float(self.sums[0, column]),
            float(self.squares[0, column]),
            sign * float(self.sums[step, column]),
            float(self.squares[step, column]),
            float(self.mixed[step, column]),
        )

    def has_share(self, weight: str) -> bool:
        """Whether what is selected is a share of what is generated: not where weights of both signs cancel."""
        column = self.weights.index(weight)
        whole, selected = float(self.sums[0, column]), float(self.sums[-1, column])
        return whole != 0 and -ROUNDING <= selected / whole <= 1 + ROUNDING

    def net(self, weight: str) -> Rate:
        """The selected sum of a weight over the generated sum of genWeight, with its error; of either sign."""
        column = self.weights.index(weight)
        selected, square = float(self.sums[-1, column]), float(self.squares[-1, column])
        error = math.sqrt(max(0.0, square - selected**2 / float(self.entries[0])))
        return Rate(selected / self.generated_weight, error / self.generated_weight)

    def effective_size(self, weight: str) -> float:
        """(sum w)^2 / sum w^2 of the generated events."""
        column = self.weights.index(weight)
        square = float(self.squares[0, column])
        return float(self.sums[0, column]) ** 2 / square if square > 0 else 0.0


def check_reco(path: str | Path, branches: Sequence[str]) -> None:
    """Raise `InputError` for an event file that no detector has seen."""
    if "MissingMass2" not in branches:
        raise InputError(f"{path}: has not been through a detector; make a reco file with 'alphoton simulate'")


def needed_branches(card: AnalysisCard, branches: Sequence[str], axes: Iterable[Axis] = ()) -> list[str]:
    """Those of a file's branches that counting reads: the particles generated only where something looks at them.

    That is a cut or a histogram's axis of the true photon, a veto, or a decay of the ALP in flight.
    """
    quantities = [cut.quantity for cut in card.selection] + [axis.quantity for axis in axes]
    flying = card.counting is not None and card.counting.visible_branching_ratio > 0
    if flying or card.vetoes or any(quantity.startswith("true_photon.") for quantity in quantities):
        return list(branches)
    return [branch for branch in branches if branch.removeprefix("n").split("_")[0] != "GenPart"]


def weight_columns(chunk: Chunk, meta: dict[str, Any]) -> tuple[tuple[str, ...], Array]:
    """The weights' names and an array (events, weights): at the card's couplings, then each component at unit couplings."""
    names = [name.removeprefix("weight_") for name in chunk if name.startswith("weight_")]
    generated = chunk["genWeight"]
    assert isinstance(generated, np.ndarray)
    weights = np.empty((len(generated), 1 + len(names)))
    for column, name in enumerate(names, 1):
        weights[:, column] = chunk[f"weight_{name}"] * generated
    weights[:, 0] = weights[:, 1:] @ np.array([meta["couplings"][name] for name in names])
    return (TOTAL, *names), weights


def passing(card: AnalysisCard, view: EventView) -> list[tuple[str, Mask]]:
    """The steps of the cutflow with the events that pass each and all before it: the detector's flags, then the cuts."""
    left = np.ones(view.count, dtype=bool)
    steps = [("generated", left)]
    for name, flag in flags(view.chunk).items():
        left = left & flag
        steps.append((name, left))
    for index, cut in enumerate(card.selection):
        if cut.holds(view.meta["mass"]):
            try:
                left = left & cut.passes(view)
            except InputError as error:
                raise InputError(f"{card.origin}: selection.{index}.quantity: {error}") from None
            steps.append((cut.label, left))
    return steps


def count(card: AnalysisCard, view: EventView) -> tuple[Sums, Array]:
    """The sums of a chunk, and the share of each of its events that is selected: 1 or 0, or what the vetoes leave."""
    names, weights = weight_columns(view.chunk, view.meta)
    steps = [(name, mask.astype(np.float64)) for name, mask in passing(card, view)]
    for veto in card.vetoes:
        steps.append((veto.name, steps[-1][1] * veto.missed(view)))
    shares = np.array([share for _, share in steps])
    sums = shares @ weights
    squared = np.square(weights, out=weights)  # in place: they are not needed any more
    counted = Sums(
        steps=tuple(name for name, _ in steps),
        weights=names,
        entries=np.array([np.count_nonzero(share) for _, share in steps]),
        sums=sums,
        squares=np.square(shares) @ squared,
        mixed=shares @ squared,
        generated_weight=float(np.sum(view.chunk["genWeight"])),  # type: ignore[arg-type]
    )
    return counted, steps[-1][1]


@dataclass(frozen=True)
class Rate:
    """Cross-section times efficiency at a coupling of 1, in pb, with its Monte Carlo error."""

    value: float
    error: float = 0.0

    def scaled(self, factor: float) -> Rate:
        return Rate(self.value * factor, self.error * factor)


@dataclass(frozen=True)
class Peak:
    """Missing mass squared (GeV^2) of the selected events, with their weights (events, weights)."""

    weights_names: tuple[str, ...]
    missing_mass2: Array
    weights: Array

    def of(self, weight: str) -> tuple[Array, Array]:
        """Values and weights for one of the weights."""
        return self.missing_mass2, self.weights[:, self.weights_names.index(weight)]


@dataclass(frozen=True)
class Flight:
    """ALPs of the selected events: |p| / m, depth of production in mm, and weights (events, weights)."""

    weights_names: tuple[str, ...]
    boost: Array
    depth: Array
    weights: Array

    @classmethod
    def of_events(cls, view: EventView, selected: Mask) -> Flight:
        particles = view.chunk["GenPart"]
        assert isinstance(particles, Jagged)
        alp = particles["pdgId"] == view.meta["alp_id"]
        momentum = np.sqrt(sum(particles[name][alp] ** 2 for name in ("px", "py", "pz")))
        depth = particles["vz"][alp] if "vz" in particles.fields else np.zeros(int(alp.sum()))
        names, weights = weight_columns(view.chunk, view.meta)
        return cls(names, (momentum / view.meta["mass"])[selected], depth[selected], weights[selected])

    @classmethod
    def joined(cls, parts: Sequence[Flight]) -> Flight:
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("boost", "depth", "weights"))
        return cls(parts[0].weights_names, *columns)

    def surviving(self, weight: str, rate: float, length: float) -> float:
        """The share of the selected weight that has not decayed before `length` (mm); `rate` is Gamma / (hbar c) in 1/mm."""
        weights = self.weights[:, self.weights_names.index(weight)]
        left = np.maximum(length - self.depth, 0.0)
        return float((weights * np.exp(-left * rate / self.boost)).sum() / weights.sum())


@dataclass(frozen=True)
class Measurement:
    """What a selection leaves of a sample: sums, the cross-section (pb) they belong to, and the peak where it is needed."""

    sums: Sums
    cross_section: float
    cross_section_error: float
    units: dict[str, list[float]]
    """Cross-section and error of each component at unit couplings, pb."""
    mass: float
    peak: Peak | None
    flight: Flight | None = None
    share: float = 1.0
    """Of the process's exposure in the experiment's, which rates refer to."""

    def part(self, index: int, parts: int) -> Measurement:
        """With every `parts`-th event of the peak only."""
        assert self.peak is not None
        chosen = slice(index, None, parts)
        peak = replace(self.peak, missing_mass2=self.peak.missing_mass2[chosen], weights=self.peak.weights[chosen])
        return replace(self, peak=peak)

    def expected_peak(self, component: str) -> tuple[Array, Array]:
        """Missing mass squared (GeV^2) of the selected events, each with the rate (pb) that it stands for."""
        assert self.peak is not None
        values, weights = self.peak.of(component)
        return values, weights * (self.share * self.cross_section / self.sums.generated_weight)

    def rate(self, component: str) -> Rate:
        """Cross-section (by integration, not from the weights) times efficiency of a component at unit couplings.

        It is multiplied by the process's share of the exposure. Where weights of both signs cancel there is no efficiency:
        the rate is the sum of the selected weights.
        """
        return self._own_rate(component).scaled(self.share)

    def _own_rate(self, component: str) -> Rate:
        cancelled = self.sums.effective_size(component) < LEAST_SIZE or not self.sums.has_share(component)
        if cancelled and self.sums.squares[0, self.sums.weights.index(component)] > 0:
            net = self.sums.net(component)
            return Rate(net.value * self.cross_section, net.error * self.cross_section)
        if float(self.sums.sums[0, self.sums.weights.index(component)]) == 0:
            return Rate(0.0)
        efficiency = self.sums.efficiency(weight=component)
        section, error = self.units[component]
        return Rate(efficiency.value * section, float(np.hypot(efficiency.error * section, efficiency.value * error)))


def measure(
    card: AnalysisCard, chunks: Iterable[Chunk], meta: dict[str, Any], cross_section: tuple[float, float]
) -> Measurement:
    """Count the reco chunks of a sample. `cross_section` is (value, error) in pb, `meta` the file's."""
    window = card.looks_at_peak
    flying = card.counting is not None and card.counting.visible_branching_ratio > 0
    total: Sums | None = None
    values, weights, flights = [], [], []
    for chunk in chunks:
        view = EventView(chunk, meta)
        sums, share = count(card, view)
        selected = share > 0
        total = sums if total is None else total + sums
        if window:
            values.append(view.quantity("missing_mass2")[selected])
            weights.append((weight_columns(chunk, meta)[1] * share[:, None])[selected])
        if flying:
            flights.append(Flight.of_events(view, selected))
    if total is None:
        raise InputError("the sample holds no events")
    peak = Peak(total.weights, np.concatenate(values), np.concatenate(weights)) if window else None
    flight = Flight.joined(flights) if flying else None
    share = meta["decay_fraction"]
    units = {name: [share * value, share * error] for name, (value, error) in meta["unit_components_pb"].items()}
    return Measurement(total, *cross_section, units, meta["mass"], peak, flight)
