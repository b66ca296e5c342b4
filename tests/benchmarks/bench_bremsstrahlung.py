"""Bremsstrahlung against the bare matrix element of the same run, the adaptation, and a mass curve of Fig. 3.

make bench
"""

from __future__ import annotations

import time

import numpy as np

from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import of
from alphoton.generators.sampling import Sampler
from alphoton.generators.vegas_grid import integrate, values

EVENTS = 200_000


def seconds(work: object, repeats: int = 3) -> float:
    """The best time of some repeats after a warm-up."""
    assert callable(work)
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def test_unweighted_events(capsys: object) -> None:
    rows = []
    for name in ("bremsstrahlung-lead", "na64-bremsstrahlung", "na64-primakoff"):
        card = ProcessCard.load(name)
        process = of(card)
        p = process.parameters(card, card.collisions()[0])
        start = time.perf_counter()
        seed = np.random.SeedSequence(1)
        sampler = Sampler(process.density, p, *integrate(process.density, p, process.dimension, seed), seed)
        adaptation = time.perf_counter() - start
        # the matrix element where the events are: most of the uniform cube is outside phase space and costs nothing
        sample = sampler.draw(EVENTS, np.random.default_rng(1))
        bare = EVENTS / seconds(lambda s=sampler, x=sample.x: values(s.density, x, s.p))
        drawn = EVENTS / seconds(lambda s=sampler: s.draw(EVENTS, np.random.default_rng(2)))
        excess = float((sample.weights - 1).sum() / sample.weights.sum())
        rows.append((name, bare, drawn, EVENTS / sample.trials, excess, adaptation))
    with capsys.disabled():  # type: ignore[attr-defined]
        print(f"\n{'':<22}{'element':>9}{'events':>9}{'ratio':>7}{'accepted':>10}{'overweight':>12}{'adaptation':>12}")
        for name, bare, drawn, accepted, excess, adaptation in rows:
            print(
                f"{name:<22}{bare / 1e6:>6.2f}M/s{drawn / 1e6:>6.2f}M/s{drawn / bare:>7.2f}{accepted:>10.2f}"
                f"{excess:>12.1e}{adaptation:>10.2f} s"
            )
    assert all(excess < 1e-3 for *_, excess, _ in rows)


def test_mass_curve(capsys: object) -> None:
    start = time.perf_counter()
    errors = []
    for mass in np.geomspace(1e-3, 3.0, 30):
        for name in ("na64-primakoff", "na64-bremsstrahlung"):
            found = cross_section(ProcessCard.load(name, [f"model.m_a={float(mass)!r} GeV"]))
            errors.append(found.error / found.value)
    elapsed = time.perf_counter() - start
    with capsys.disabled():  # type: ignore[attr-defined]
        print(f"\nmass curve of Fig. 3, 30 points: {elapsed:.0f} s on one core, largest error {max(errors):.1e}")
    assert max(errors) < 5e-3
