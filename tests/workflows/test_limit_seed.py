"""The seed of a limit: it reaches every sample, gives the same numbers again, and others are independent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from alphoton.data.errors import InputError
from alphoton.data.provenance import ContentCache
from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import backgrounds, dump_chain, limit, measurements
from alphoton.workflows.backgrounds import toy_seed


def drawn(**options: Any) -> dict[str, Any]:
    """What a limit made its samples from, by the name of the card and the scan point."""
    seen: dict[str, Any] = {}
    original = measurements.EventSource

    def source(card: ProcessCard, point: int = 0) -> EventSource:
        seen[card.name, point] = card.seed
        return original(card, point)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measurements, "EventSource", source)
        patch.setattr(backgrounds, "EventSource", source)
        patch.setattr(dump_chain, "EventSource", source)
        patch.setattr(backgrounds, "_templates", ContentCache(backgrounds.KEPT))
        limit(**options)
    return seen


SHAPES = [
    "limit.method=shape",
    "counting.background.templates=[{process: padme-twophoton, events: 2000}, {process: padme-threephoton, events: 2000}]",
    "counting.bins.number=5",
]


@pytest.mark.parametrize(
    ("analysis", "overrides", "samples"),
    [("padme", [], 1), ("babar", [], 2), ("na64", [], 2), ("e137-events", [], 1), ("padme-vetoes", SHAPES, 3)],
)
def test_a_seed_reaches_every_sample(analysis: str, overrides: list[str], samples: int) -> None:
    """The signal's, a recast's dark photon's and the backgrounds'; without one they have those of their cards."""
    options: dict[str, Any] = {"analysis": analysis, "masses": "10 MeV", "events": 3000, "overrides": overrides}
    seeds = drawn(**options, seed=77)
    assert len(seeds) == samples
    assert set(seeds.values()) == {77}
    assert set(drawn(**options).values()) == {1}


@pytest.mark.parametrize("analysis", ["padme", "babar", "na64"])
def test_the_same_seed_gives_the_same_limit(analysis: str) -> None:
    first, again, default = (limit(analysis, 0.01, events=3000, seed=seed).rows[0] for seed in (5, 5, None))
    assert first.g_agamma == again.g_agamma
    assert first.g_agamma != default.g_agamma
    assert default.g_agamma == limit(analysis, 0.01, events=3000, seed=1).rows[0].g_agamma  # that of the packaged cards


def test_other_seeds_are_independent() -> None:
    """Limits of 40 seeds spread by the error that each of them tells."""
    rows = [limit("padme", 0.01, events=3000, seed=seed).rows[0] for seed in range(40)]
    values = np.array([row.g_agamma.value for row in rows])
    told = np.mean([row.g_agamma.error for row in rows])
    assert 0.7 < np.std(values, ddof=1) / told < 1.3  # a spread of 40 is known to 11%
    assert len(set(values)) == 40


def test_pseudo_experiments_have_the_seed_too() -> None:
    seeds = {toy_seed(mass, seed) for mass in (0.01, 0.02) for seed in (None, 0, 1, 2)}
    assert len(seeds) == 8
    assert toy_seed(0.01, 1) == toy_seed(0.01, 1)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", True])
def test_what_is_no_seed(seed: Any) -> None:
    with pytest.raises(InputError, match=rf"^seed={seed}: must be"):
        limit("padme", 0.01, seed=seed)
