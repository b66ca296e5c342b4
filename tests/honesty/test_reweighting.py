"""A sample reweighted by its `weight_*` columns agrees with one that is generated at the other couplings."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard
from reference import checks, spectra
from reference.binned import Bins, bins, sums, two_sample_p
from reference.checks import Array, honest
from reference.spectra import Columns

SEEDS, SIZE = honest(60, 300), 4000
WEIGHTS = ("weight_photon", "weight_electron", "weight_interference")
PARTICLES = ("px", "py", "pz", "energy", "theta", "phi")


@cache
def source(card: str, sampling: str, g_agamma: float, g_ae: float) -> EventSource:
    overrides = [f"sampling={sampling}", f"model.g_agamma={g_agamma} /GeV", f"model.g_ae={g_ae} /GeV"]
    return EventSource(ProcessCard.load(card, overrides))


@cache
def edges(generated: EventSource) -> dict[str, Bins]:
    found = spectra.reference(generated.card)
    names = [f"{row}.{name}" for row in (0, 1) for name in PARTICLES]
    every = {name: bins(found.columns[name], found.weights, exact=True) for name in names}
    return {name: each for name, each in every.items() if each is not None}


def sample(made: EventSource, seed: int) -> tuple[Columns, Array]:
    made = copy.copy(made)
    made.card = made.card.model_copy(update={"seed": seed})
    events = made.chunk(0, SIZE).events
    return spectra.observables(events) | {n: np.asarray(events[n]) for n in WEIGHTS}, np.asarray(events["genWeight"])


def reweighted(columns: Columns, weights: Array, g_agamma: float, g_ae: float, interference: float = 1.0) -> Array:
    mixed = interference * g_agamma * g_ae * columns["weight_interference"]
    return weights * (g_agamma**2 * columns["weight_photon"] + g_ae**2 * columns["weight_electron"] + mixed)


def smallest(
    start: EventSource, end: EventSource, target: tuple[float, float], interference: float = 1.0
) -> tuple[float, float]:
    """The smallest p-value, times their number: of uniform p-values over seeds, and of all samples together."""
    at = edges(end)
    p_values: dict[str, list[float]] = {name: [] for name in at}
    total = {name: np.zeros((2, 2, len(each.shares))) for name, each in at.items()}
    for seed in range(SEEDS):
        (one, w), (two, v) = sample(start, 1000 + seed), sample(end, 5000 + seed)
        w = reweighted(one, w, *target, interference)
        for name, each in at.items():
            pair = sums(one[name], w, each), sums(two[name], v, each)
            p_values[name].append(two_sample_p(*pair))
            total[name] += np.stack(pair)
    uniform = [checks.uniform_p(values) for values in p_values.values()]
    together = [two_sample_p(*pair) for pair in total.values()]
    return min(uniform) * len(uniform), min(together) * len(together)


CASES = [
    ("padme", "balanced", (1.0, 1.0), (1.0, 4.0)),
    ("padme", "balanced", (1.0, 1.0), (1.0, -4.0)),
    ("padme", "unweighted", (1.0, 5.0), (1.0, -5.0)),
    ("babar", "balanced", (1.0, 1.0), (1.0, -10_000.0)),
]


@pytest.mark.parametrize(("card", "sampling", "first", "second"), CASES)
def test_reweighted_samples_agree(card: str, sampling: str, first: tuple[float, float], second: tuple[float, float]) -> None:
    start, end = source(card, sampling, *first), source(card, "unweighted", *second)
    found = smallest(start, end, second)
    print(f"{card} {sampling} {first} -> {second}: uniform {found[0]:.4f}, together {found[1]:.4f}")
    assert min(found) > checks.LIKELY


@pytest.mark.parametrize(("card", "sampling", "first", "second"), CASES[:3])
def test_interference_dropped_is_seen(
    card: str, sampling: str, first: tuple[float, float], second: tuple[float, float]
) -> None:
    start, end = source(card, sampling, *first), source(card, "unweighted", *second)
    assert min(smallest(start, end, second, interference=0.0)) < checks.IMPOSSIBLE
