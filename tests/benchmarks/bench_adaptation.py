"""Cross-sections, trained grids, and a scan of masses over all experiments of the summary figures."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from benchmarks.measure import Row, Table, shortest

from alphoton.data.card_file import packaged
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.study import run

MASSES = 60
RANGES = {
    "delphi": "1 MeV to 190 GeV",
    "babar": "1 MeV to 8 GeV",
    "na64": "1 MeV to 3 GeV",
    "na64-5e12": "1 MeV to 3 GeV",
    "belle2-20fb": "1 MeV to 9 GeV",
    "belle2-50ab": "1 MeV to 9 GeV",
    "padme": "1 MeV to 22 MeV",
    "padme-poseydon": "1 MeV to 22 MeV",
    "padme-poseydon-ses": "1 MeV to 22 MeV",
    "e137": "2 MeV to 600 MeV",
}


def test_cross_sections(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slowest and the least exact of all packaged cards."""
    monkeypatch.setenv("ALPHOTON_CACHE", "off")
    seconds, errors = {}, {}
    for name in packaged("process"):
        card = ProcessCard.load(name)
        found = cross_section(card)
        errors[name] = found.error / found.value
        (seconds[name],) = shortest(lambda card=card: cross_section(card), repeats=2)  # type: ignore[misc]
    slowest, worst = max(seconds, key=seconds.__getitem__), max(errors, key=errors.__getitem__)
    table.add("adaptation", Row(f"slowest cross-section ({slowest})", f"{seconds[slowest]:.2f} s", wanted="< 1 s"))
    table.add("adaptation", Row(f"largest relative error ({worst})", f"{errors[worst]:.1e}", wanted="< 1e-4"))
    assert errors[worst] < 1e-4


def test_trained_grids(table: Table) -> None:
    """The second source of a card finds what the first has learnt."""
    card = ProcessCard.load("na64-bremsstrahlung")
    start = time.process_time()
    EventSource(card)
    first = time.process_time() - start
    (again,) = shortest(lambda: EventSource(card))
    row = Row("na64-bremsstrahlung, trained before", f"{again:.2f} s", f"first time {first:.2f} s", again / first)
    table.add("adaptation", row)


def test_scan(tmp_path: Path, table: Table) -> None:
    lines = ["schema: alphoton/workflow/1", "name: scan", "keep: limits", "seed: 1", "figures: [limits]", "studies:"]
    for name, span in RANGES.items():
        low, high = span.split(" to ")
        grid = f"{{from: {low}, to: {high}, points: {MASSES}}}"
        lines.append(f"  - {{analysis: {name}, scan: {{model.m_a: {grid}}}}}")
    path = tmp_path / "scan.yaml"
    path.write_text("\n".join(lines) + "\n")
    start = time.perf_counter()
    found = run(path, tmp_path / "out", workers=2)
    elapsed = (time.perf_counter() - start) / 60
    row = Row(f"{MASSES} masses, {len(RANGES)} experiments, 2 workers", f"{elapsed:.1f} min", wanted="minutes")
    table.add("a scan", row)
    assert len(found.rows) > MASSES
