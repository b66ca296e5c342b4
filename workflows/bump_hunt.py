"""A search for a peak of unknown mass in observed bins: local p-values, and the global one of the largest excess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.look_elsewhere import LOW_LEVEL, global_p_value, scan, share_as_large
from alphoton.analysis.shape import fit_at, local_p_value
from alphoton.analysis.shape_limits import LEAST_EVENTS, events_that_count
from alphoton.analysis.shape_limits import TOYS as MOST_TOYS
from alphoton.analysis.shape_toys import pseudo_experiments
from alphoton.data.arguments import several, whole_argument
from alphoton.data.errors import InputError
from alphoton.data.grid import distinct
from alphoton.workflows.chain import joined, load_experiment, of_component, sampled
from alphoton.workflows.limit_scan import FIRST_EVENTS, mass_of

TOYS = 200
"""Scans of the background alone, which give the number of upcrossings to 5%."""


@dataclass(frozen=True)
class BumpHunt:
    """Local p-values at the masses (GeV), the mass of the largest excess, and how probable one as large is anywhere."""

    masses: tuple[float, ...]
    p_values: tuple[float, ...]
    mass: float
    global_p_value: float


def bump_hunt(
    analysis: str | Path | AnalysisCard,
    masses: float | str | Sequence[float | str],
    *,
    component: str = "electron",
    events: int = FIRST_EVENTS,
    toys: int = TOYS,
    seed: int = 1,
    overrides: str | Sequence[str] = (),
) -> BumpHunt:
    """Look for the peak of one component (`photon` or `electron`) in the observed counts of a card with `method: shape`.

    `masses` (GeV, or text) must be nearer than the resolution, or excesses between them are missed. The global p-value is
    that of E. Gross and O. Vitells, from upcrossings in `toys` scans of the background; 1 where there is hardly an excess.
    If fewer than 100 events count at any of the masses (`analysis.shape_limits`), the local and the global p-values are the
    shares of 10 000 scans of the background, or `toys` if those are more, that have an excess as large.
    Raises `InputError` for a card without observed bins, and as `limit` does.
    """
    events, toys, seed = (
        whole_argument(name, value, least)
        for name, value, least in (("events", events, 1), ("toys", toys, 1), ("seed", seed, 0))
    )
    experiment = load_experiment(analysis, overrides)
    backgrounds, card = experiment.backgrounds, experiment.analysis
    if backgrounds is None or card.limit.method != "shape" or backgrounds.bins.observed is None:
        raise InputError(f"{card.origin}: counting.bins.observed: a search for a peak needs counts, and 'method: shape'")
    models, grid = [], sorted(distinct(map(mass_of, several(masses))))
    for point, mass in enumerate(grid):
        found = of_component(experiment, sampled(experiment, mass, point, events).measured, component)
        if not found:
            raise InputError(f"{card.origin}: no process has a component '{component}'")
        models.append(backgrounds.model(joined(found, component), component))
    data = models[0].observed(backgrounds.bins.observed)
    (excesses,) = scan(models, data)
    best = fit_at(models[0], data, 0.0)
    few = any(events_that_count(model, backgrounds.bins.observed) < LEAST_EVENTS for model in models)
    count = max(toys, MOST_TOYS) if few else toys
    alone = pseudo_experiments(models[0], 0.0, best.alphas[0], best.gammas[0], count, np.random.default_rng(seed))
    largest = float(excesses.max())
    if few:
        scans = scan(models, alone)
        local = np.minimum(share_as_large(scans, excesses), 0.5)
        return BumpHunt(
            tuple(grid),
            tuple(local.tolist()),
            grid[int(excesses.argmax())],
            float(share_as_large(scans.max(axis=1), np.array(largest))),
        )
    anywhere = global_p_value(largest, scan(models, alone)) if largest > LOW_LEVEL else 1.0
    return BumpHunt(tuple(grid), tuple(local_p_value(excesses).tolist()), grid[int(excesses.argmax())], anywhere)
