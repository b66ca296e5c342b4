"""Samples of events for figures, in memory: truth or measured, as distributions or as shares that are selected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alphoton.analysis.counting import passing, weight_columns
from alphoton.analysis.efficiency import Efficiency, weighted_efficiency
from alphoton.analysis.selection import EventView
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import Experiment
from alphoton.workflows.figures.base import Array, Curve

ALONE = {"photon": (1.0, 0.0), "electron": (0.0, 1.0)}
"""Couplings (g_agamma, g_ae) in 1/GeV of either channel alone."""


def process(name: str, mass: float, events: int, *overrides: str) -> ProcessCard:
    """The packaged process card of a name with the mass (GeV) of what it produces."""
    card = ProcessCard.load(name)
    return ProcessCard.load(card, [f"model.{card.mass_key}={float(mass)!r} GeV", f"events={events}", *overrides])


def generated(card: ProcessCard, point: int) -> Iterator[EventView]:
    """The events of a card, a chunk at a time; `point` names their random numbers."""
    source = EventSource(card, point)
    meta = source_meta(source)
    for drawn in chunks(source, card.events):
        yield EventView(drawn.events, meta)


def generated_weight(view: EventView) -> Array:
    """The weights of events at the card's own couplings, as they were drawn."""
    weights = view.chunk["genWeight"]
    assert isinstance(weights, np.ndarray)
    return weights


def measured(card: ProcessCard, detector: DetectorCard, point: int) -> Iterator[EventView]:
    """The same events behind a detector."""
    for index, view in enumerate(generated(card, point)):
        meta = {**view.meta, "detector_seed": card.seed}
        yield EventView(reconstruct(detector, view.chunk, meta, index), meta)


# --- distributions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Units:
    """Units of a curve's axes; "1" for a number."""

    x: str
    y: str


class Distribution:
    """A histogram of weighted values, filled at constant memory."""

    def __init__(self, edges: Array) -> None:
        self.edges = edges
        self.content, self.squares = np.zeros((2, len(edges) - 1))

    def fill(self, values: Array, weights: Array) -> None:
        self.content += np.histogram(values, self.edges, weights=weights)[0]
        self.squares += np.histogram(values, self.edges, weights=weights**2)[0]

    def curve(self, name: str, units: Units) -> Curve:
        """Normalised to one between the first and the last edge.

        With p the share of a bin, the variance of its estimate is [(1-p)^2 sum_in w^2 + p^2 sum_out w^2] / (sum w)^2: linear
        error propagation, the total being the sample's own.
        """
        total, widths = self.content.sum(), np.diff(self.edges)
        share = self.content / total
        error = np.sqrt((1 - share) ** 2 * self.squares + share**2 * (self.squares.sum() - self.squares)) / total
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        return Curve(name, middles, share / widths, error / widths, units.x, units.y)


def shape(name: str, edges: Array, content: Array, bins: Array, units: Units) -> Curve:
    """A finely binned shape in other bins, normalised to one over them; without error."""
    cumulative = np.interp(bins, edges, np.concatenate([[0.0], np.cumsum(content)]))
    density = np.diff(cumulative) / np.diff(bins) / (cumulative[-1] - cumulative[0])
    return Curve(name, (bins[1:] + bins[:-1]) / 2, density, np.zeros_like(density), units.x, units.y)


# --- efficiencies ------------------------------------------------------------------------------------------------------


def acceptances(
    experiment: Experiment, mass: float, events: int, couplings: Mapping[str, tuple[float, float]], point: int
) -> dict[str, Efficiency]:
    """The share of the events that an experiment selects, at couplings (g_agamma, g_ae), from one reweighted sample."""
    (card,), _ = experiment.at(mass, events)
    products = np.array([(g_ag**2, g_ae**2, g_ag * g_ae) for g_ag, g_ae in couplings.values()]).T
    sums = np.zeros((4, len(couplings)))
    for view in measured(card, experiment.detector, point):
        weights = weight_columns(view.chunk, view.meta)[1][:, 1:] @ products
        chosen = weights[passing(experiment.analysis, view)[-1][1]]
        sums += np.array([part.sum(axis=0) for part in (weights, weights**2, chosen, chosen**2)])
    return {name: weighted_efficiency(*column) for name, column in zip(couplings, sums.T.tolist(), strict=True)}


def efficiency_curve(name: str, masses: Sequence[float], found: Sequence[Efficiency]) -> Curve:
    """Efficiencies against the mass, with half the 68% interval as error."""
    values, errors = [point.value for point in found], [point.error for point in found]
    return Curve(name, np.array(masses), np.array(values), np.array(errors), "GeV", "1")
