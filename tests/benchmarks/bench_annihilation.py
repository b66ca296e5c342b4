"""Annihilation events against the bounds of the same run: the bare kernel, the sampler, and uproot's writing.

    make bench

Ratios are printed at the end; absolute times are this machine's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from alphoton.data.event_file import CHUNK, EventWriter
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import generate
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.vegas_grid import values

EVENTS = 1_000_000


def rate(work: Callable[[], object], events: int, repeats: int = 3) -> float:
    """Events a second, the best of some repeats after a warm-up."""
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return events / best


def test_rates(tmp_path: Path, capsys: object) -> None:
    source = EventSource(ProcessCard.load("padme"))
    sampler = source.channels[0].sampler
    points = np.random.default_rng(1).random((EVENTS, 1))
    rng = np.random.default_rng(1)
    chunk = source.chunk(0).events

    def write() -> None:
        with EventWriter(tmp_path / "bound.root", force=True) as writer:
            for _ in range(EVENTS // CHUNK):
                writer.extend(chunk)
            writer.finish({}, {"genEventCount": np.array([EVENTS])})

    kernel = rate(lambda: values(sampler.density, points, sampler.p), EVENTS)
    drawing = rate(lambda: sampler.draw(EVENTS, rng), EVENTS)
    memory = rate(lambda: [source.chunk(index) for index in range(EVENTS // CHUNK)], EVENTS)
    writing = rate(write, EVENTS)
    made = generate("padme", tmp_path / "events.root", events=EVENTS)
    rows = [
        ("bare kernel", kernel, ""),
        ("unweighted points", drawing, f"{drawing / kernel:.2f} of the kernel"),
        ("events in memory", memory, f"{memory / drawing:.2f} of the points"),
        ("writing alone", writing, ""),
        ("events to ROOT", made.events_per_second, f"{made.events_per_second / writing:.2f} of writing alone"),
    ]
    with capsys.disabled():  # type: ignore[attr-defined]
        print()
        for name, number, ratio in rows:
            print(f"{name:<20} {number / 1e6:8.2f} M/s   {ratio}")
    assert made.events == EVENTS
