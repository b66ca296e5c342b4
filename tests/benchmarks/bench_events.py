"""Events against the bare matrix element, the random numbers, and uproot's writing, of one core and of two."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.measure import Row, Table, rate, shortest

from alphoton.data.event_file import CHUNK, EventWriter
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks, executor
from alphoton.generators.generate import generate
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.vegas_grid import values

EVENTS = 10 * CHUNK


def consume(events: Iterable[object]) -> None:
    for _ in events:
        pass


def write(path: Path, chunk: dict[str, object], times: int) -> None:
    """The same branches by uproot, with what `generate` adds: checksums and closing."""
    with EventWriter(path, force=True) as writer:
        for _ in range(times):
            writer.extend(chunk)  # type: ignore[arg-type]
        writer.finish({}, {"genEventCount": np.array([EVENTS])})


@pytest.mark.parametrize("name", ["padme", "delphi"])
def test_annihilation(name: str, tmp_path: Path, table: Table) -> None:
    source = EventSource(ProcessCard.load(name))
    sampler = source.channels[0].sampler
    points = np.random.default_rng(1).random((EVENTS, 1))
    chunk = source.chunk(0).events
    kernel, numbers, drawing, memory = shortest(
        lambda: values(sampler.density, points, sampler.p),
        lambda: np.random.default_rng(1).random(EVENTS),
        lambda: sampler.draw(EVENTS, np.random.default_rng(1)),
        lambda: consume(source.chunk(index) for index in range(EVENTS // CHUNK)),
    )
    writing, to_root = shortest(
        lambda: write(tmp_path / "bound.root", chunk, EVENTS // CHUNK),
        lambda: generate(name, tmp_path / "events.root", events=EVENTS, force=True),
        repeats=3,
    )
    bound = f"matrix element {rate(EVENTS, kernel)}"
    heading = name
    table.add(heading, Row("random numbers", rate(EVENTS, numbers)))
    table.add(heading, Row("unweighted points", rate(EVENTS, drawing), bound, kernel / drawing))
    table.add(heading, Row("events in memory", rate(EVENTS, memory), bound, kernel / memory, ">= 0.053 (8 of 150)"))
    written = f"writing alone {rate(EVENTS, writing)}"
    table.add(heading, Row("events to ROOT", rate(EVENTS, to_root), written, writing / to_root, ">= 0.60"))
    assert source.chunk(0).overweight < 3e-4 * CHUNK


@pytest.mark.parametrize("name", ["bremsstrahlung-lead", "na64-bremsstrahlung", "na64-primakoff"])
def test_on_nuclei(name: str, table: Table) -> None:
    sampler = EventSource(ProcessCard.load(name)).channels[0].sampler
    # the matrix element where the events are: outside phase space it costs nothing
    sample = sampler.draw(EVENTS, np.random.default_rng(1))
    few = sample.x[: EVENTS // 20]
    element, drawing = shortest(
        lambda: values(sampler.density, few, sampler.p),
        lambda: sampler.draw(len(few), np.random.default_rng(2)),
        repeats=30,
    )
    trials = sampler.draw(len(few), np.random.default_rng(2)).trials
    bound = f"matrix element {rate(len(few), element)}"
    table.add(name, Row("unweighted points", rate(len(few), drawing), bound, element / drawing, ">= 0.40"))
    table.add(name, Row("accepted", f"{len(few) / trials:.2f}"))
    overweight = float((sample.weights > 1).mean())
    table.add(name, Row("events above a maximum", f"{overweight:.1e}", wanted="< 3e-4"))
    assert overweight < 3e-4


@pytest.mark.parametrize(("name", "events"), [("padme", 4 * EVENTS), ("na64-bremsstrahlung", EVENTS)])
def test_two_workers(name: str, events: int, table: Table) -> None:
    source = EventSource(ProcessCard.load(name))

    def work(workers: int) -> None:
        with executor(workers, None) as where:
            consume(chunks(source, events, where))

    one, two = shortest(lambda: work(1), lambda: work(2), repeats=3, clock=time.perf_counter)
    row = Row(f"{name}, in memory", rate(events, two), f"one worker {rate(events, one)}", one / two, ">= 1.8")
    table.add("two workers", row)


def test_two_workers_to_root(tmp_path: Path, table: Table) -> None:
    one, two = shortest(
        lambda: generate("padme", tmp_path / "one.root", events=EVENTS, force=True),
        lambda: generate("padme", tmp_path / "two.root", events=EVENTS, force=True, workers=2),
        repeats=3,
        clock=time.perf_counter,
    )
    row = Row("padme, to ROOT", rate(EVENTS, two), f"one worker {rate(EVENTS, one)}", one / two, "one writer bounds it")
    table.add("two workers", row)
