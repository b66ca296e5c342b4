"""A dotted path reaches a key that contains a dot itself, there already or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alphoton.data.card import _dotted_keys
from alphoton.data.card_file import RawCard, apply_override
from alphoton.data.card_paths import KINDS
from alphoton.data.errors import CardError
from alphoton.workflows import run
from alphoton.workflows.card_tools import model
from alphoton.workflows.workflow_card import WorkflowCard

CARD = """\
schema: alphoton/workflow/1
name: small
studies:
  - {analysis: padme}
  - {analysis: delphi, scan: {model.m_a: [1 GeV]}}
scan: {model.m_a: [10 MeV]}
events: 3000
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CARD)
    return path


def masses(path: Path, *overrides: str) -> list[tuple[float, ...]]:
    found = WorkflowCard.load(path, overrides)
    return [found.masses(study) for study in found.studies]


def test_a_scan(card: Path) -> None:
    assert masses(card) == [(0.01,), (1.0,)]
    assert masses(card, "scan.model.m_a=[5 MeV, 6 MeV]") == [(0.005, 0.006), (1.0,)]
    assert masses(card, "studies.1.scan.model.m_a=2 GeV") == [(0.01,), (2.0,)]
    assert masses(card, "scan.model.m_a={from: 1 MeV, to: 2 MeV, points: 2}") == [(0.001, 0.002), (1.0,)]


def test_a_scan_that_is_not_there_yet(card: Path) -> None:
    assert masses(card, "studies.0.scan.model.m_a=2 MeV") == [(0.002,), (1.0,)]
    card.write_text(CARD.replace("scan: {model.m_a: [10 MeV]}\n", ""))
    assert masses(card, "scan.model.m_a=5 MeV") == [(0.005,), (1.0,)]
    assert masses(card, "scan={model.m_a: 5 MeV}") == [(0.005,), (1.0,)]


def test_a_run(card: Path, tmp_path: Path) -> None:
    card.write_text(CARD.replace("  - {analysis: delphi, scan: {model.m_a: [1 GeV]}}\n", ""))
    (row,) = run(card, tmp_path / "out", overrides="scan.model.m_a=20 MeV").rows
    assert row.mass == 0.02


def test_other_keys_of_a_scan_are_refused(card: Path) -> None:
    with pytest.raises(CardError, match=r"^override scan.model.g_ae=1 /GeV: scan\.model"):
        masses(card, "scan.model.g_ae=1 /GeV")
    with pytest.raises(CardError, match=r"override model.m_a=1 MeV: model\.m_a: unknown key"):
        masses(card, "model.m_a=1 MeV")


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, dict | list) and data:
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, value in items:
            yield from leaves(value, (*path, key))
    else:
        yield path


def test_every_key_that_is_there_is_reached() -> None:
    """By its path joined with dots, however many dots its steps have; the longest one is meant."""
    data = {"a": {"b": 1, "b.c": 2, "b.c.d": {"e": [3, {"f.g": 4}]}}, "a.b": {"c": 5}, "x": {"y.z": {"y.z": 6}}}
    paths = list(leaves(data))
    shadowed = {("a", "b"), ("a", "b.c"), ("a", "b.c.d", "e", 0), ("a", "b.c.d", "e", 1, "f.g")}  # behind "a.b"
    for path in paths:
        raw = RawCard("process", "x.yaml", {"a": {**data["a"]}, "a.b": {"c": 5}, "x": {"y.z": {"y.z": 6}}})  # type: ignore[dict-item]
        if path in shadowed:
            del raw.data["a.b"]
        apply_override(raw, f"{'.'.join(map(str, path))}=reached")
        node: Any = raw.data
        for step in path:
            node = node[step]
        assert node == "reached"


def test_the_keys_with_dots_of_every_kind_of_card() -> None:
    assert {kind: _dotted_keys(model(kind)) for kind in KINDS} == {
        "process": (),
        "detector": (),
        "analysis": (),
        "workflow": ("model.m_a",),
    }
