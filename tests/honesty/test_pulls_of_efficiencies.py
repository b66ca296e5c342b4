"""The quoted errors of efficiencies, and of the rates and limits made of them, against their spread over seeds."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment, point_limit, reference_in_memory
from alphoton.workflows.measurements import in_memory
from reference import checks
from reference.checks import Array, honest

SEEDS, EVENTS = honest(50, 300), honest(5_000, 10_000)
CASES = [("padme", 0.010), ("babar", 0.1), ("belle2-20fb", 0.1)][: honest(2, 3)]


def seeded(card: ProcessCard, seed: int) -> ProcessCard:
    return ProcessCard.load(card, [f"seed={seed}"])


@cache
def measured(analysis: str, mass: float) -> dict[str, Array]:
    """Value and error (seeds, 2) of every efficiency and of both limits."""
    experiment = load_experiment(analysis)
    rows: dict[str, list[tuple[float, float]]] = {}
    for seed in range(2000, 2000 + SEEDS):
        cards, dark_photon = experiment.at(mass, EVENTS)
        parts = [in_memory(seeded(card, seed), experiment.detector, experiment.analysis) for card in cards]
        reference = reference_in_memory(experiment, dark_photon and seeded(dark_photon, seed))
        for part in [*parts, *([reference] if reference else [])]:
            for name in part.sums.weights[1:]:
                if name != "interference" and 0 < (found := part.sums.efficiency(weight=name)).value < 1:
                    rows.setdefault(f"efficiency {name}", []).append((found.value, found.error))
        limits = point_limit(experiment, parts, reference, EVENTS)
        rows.setdefault("g_agamma", []).append((limits.g_agamma.value, limits.g_agamma.error))
        rows.setdefault("g_ae", []).append((limits.g_ae.value, limits.g_ae.error))
    return {name: np.array(each) for name, each in rows.items()}


@pytest.mark.parametrize(("analysis", "mass"), CASES)
def test_pulls_of_efficiencies_and_limits(analysis: str, mass: float) -> None:
    """About the mean over the seeds, whose own error is small."""
    for name, (values, errors) in {name: each.T for name, each in measured(analysis, mass).items()}.items():
        pulls = (values - values.mean()) / errors
        width, own = pulls.std(ddof=1), 1 / math.sqrt(2 * len(pulls))
        print(f"{analysis} {name}: width {width:.3f} +- {own:.3f} at a relative error of {np.mean(errors / values):.4f}")
        assert checks.width_is(pulls)
        assert not checks.width_is(2 * pulls)  # negative control: errors halved
