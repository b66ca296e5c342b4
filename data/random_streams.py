"""Random numbers: one stream for each piece of work, named by what it is for, so that nobody's order of work matters."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stage(IntEnum):
    """What random numbers are for: the first number of a spawn key."""

    ADAPTATION = 0
    GENERATION = 1
    SIMULATION = 2
    DECAY = 3


def stream(seed: int, stage: Stage, point: int, *rest: int) -> np.random.SeedSequence:
    """The seed of one piece of work at a scan point; `rest` counts runs, chunks or modules."""
    return np.random.SeedSequence(seed, spawn_key=(stage, point, *rest))
