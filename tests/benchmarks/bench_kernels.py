"""The steps of the hot path one by one, with pytest-benchmark's statistics: 100,000 events a call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alphoton.data.event_file import CHUNK, EventWriter
from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.vegas_grid import values

CARDS = ["padme", "padme-darkphoton", "bremsstrahlung-lead", "na64-bremsstrahlung", "primakoff-lead", "na64-primakoff"]


@pytest.mark.parametrize("name", CARDS)
def test_matrix_element(name: str, benchmark: BenchmarkFixture) -> None:
    sampler = EventSource(ProcessCard.load(name)).channels[0].sampler
    x = sampler.draw(CHUNK, np.random.default_rng(1)).x
    assert (benchmark(values, sampler.density, x, sampler.p) > 0).all()


@pytest.mark.parametrize("name", CARDS)
def test_chunk(name: str, benchmark: BenchmarkFixture) -> None:
    source = EventSource(ProcessCard.load(name))
    assert len(benchmark(source.chunk, 0).events["genWeight"]) == CHUNK


def test_writing(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    chunk = EventSource(ProcessCard.load("padme")).chunk(0).events
    with EventWriter(tmp_path / "events.root") as writer:
        benchmark(writer.extend, chunk)
        writer.finish({}, {"genEventCount": np.array([1])})
