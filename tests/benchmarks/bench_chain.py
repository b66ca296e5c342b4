"""simulate and analyse against reading and writing the same branches with uproot alone, and the time of cross-sections.

    make bench

Ratios of CPU time within one run; absolute times are this machine's own.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import uproot

from alphoton.data.card_file import packaged
from alphoton.data.event_file import EventFile, EventWriter
from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import analyse, generate, simulate

EVENTS = 500_000


def cpu(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of CPU, the least of some repeats after a warm-up."""
    work()
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def read(path: Path, *, truth: bool) -> None:
    """All branches, or all but those of the particles generated, as uproot gives them."""
    with uproot.open(path) as file:
        wanted = [name for name in file["Events"].keys() if truth or "GenPart" not in name]  # noqa: SIM118 (not a dict)
        for _ in file["Events"].iterate(wanted, step_size=100_000, library="ak", how=dict):
            pass


def test_chain(tmp_path: Path, capsys: object) -> None:
    events, reco, again = (tmp_path / f"{name}.root" for name in ("events", "reco", "again"))
    generate("padme", events, events=EVENTS)
    simulate(events, "padme", reco)
    with EventFile(reco) as file:
        chunks = list(file.chunks())

    def write() -> None:
        with EventWriter(again, force=True) as writer:
            for chunk in chunks:
                writer.extend(chunk)
            writer.finish({}, {"genEventCount": np.array([EVENTS])})

    bound = cpu(lambda: read(events, truth=True)) + cpu(write)
    simulating = cpu(lambda: simulate(events, "padme", reco, force=True))
    reading = cpu(lambda: read(reco, truth=False))
    analysing = cpu(lambda: analyse(reco, "padme"))
    with capsys.disabled():  # type: ignore[attr-defined]
        print(f"\n{platform.machine()}, Python {platform.python_version()}, {EVENTS} events of padme")
        print(f"simulate  {simulating:6.2f} s of CPU, {bound / simulating:.2f} of reading and writing alone ({bound:.2f} s)")
        print(f"analyse   {analysing:6.2f} s of CPU, {reading / analysing:.2f} of reading alone ({reading:.2f} s)")
    assert analyse(reco, "padme").generated == EVENTS


def test_cross_sections(capsys: object) -> None:
    rows = []
    for name in packaged("process"):
        card = ProcessCard.load(name)
        found = cross_section(card)
        rows.append((name, cpu(lambda card=card: cross_section(card), 1), found.error / found.value))
    with capsys.disabled():  # type: ignore[attr-defined]
        print()
        for name, seconds, relative in rows:
            print(f"{name:<22} {seconds:6.2f} s of CPU   relative error {relative:.1e}")
    assert max(relative for *_, relative in rows) < 1e-4
