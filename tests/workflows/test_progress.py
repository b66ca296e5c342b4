"""Work that takes a while shows that it goes on, from the first mass on."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alphoton.data.event_file import CHUNK
from alphoton.workflows import cli, console, limit
from alphoton.workflows.console import Bar, bar

Calls = list[tuple[int, int]]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks there is no bar."""
    monkeypatch.setenv("FORCE_COLOR", "1")


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_bar_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs to call it; what was called before it appeared is in it, and what comes later."""
    monkeypatch.setattr(console, "PATIENCE", 0.05)
    with bar("limit") as shown:
        shown(1, 4)
        wait_for(lambda: shown._progress is not None)
        (task,) = shown._progress.tasks
        assert (task.completed, task.total) == (1, 4)
        shown(3, 5, "more")
        assert (task.completed, task.total, task.description) == (3, 5, "limit more")
    assert shown._progress.live.is_started is False


def test_a_bar_that_was_never_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.01)
    with bar("limit") as shown:
        wait_for(lambda: shown._progress is not None)
        assert shown._progress.tasks[0].total is None  # it only moves


def test_what_is_over_soon_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", math.inf)
    with bar("limit") as shown:
        shown(1, 2)
    shown._timer.join(5)
    assert shown._progress is None
    assert not shown._timer.is_alive()


def test_no_bar_in_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setattr(console, "PATIENCE", 0.01)
    with bar("limit") as shown:
        shown._timer.join(20)
        shown(1, 2)
    assert shown._progress is None
    assert capsys.readouterr().err == ""


def test_a_bar_that_is_closed_while_it_appears() -> None:
    shown = Bar("limit")
    shown.close()
    shown._appear()
    assert shown._progress is None


@pytest.mark.parametrize(("analysis", "per_event"), [("padme", 1), ("babar", 1 + 4), ("na64", 2), ("e137-events", 1)])
def test_one_mass_counts_its_events(analysis: str, per_event: int) -> None:
    """Of all its processes, and of a recast's dark photon."""
    calls: Calls = []
    limit(analysis, "10 MeV", events=CHUNK + 10, progress=lambda *call: calls.append(call))
    wanted = per_event * (CHUNK + 10)
    assert calls[0] == (0, wanted)
    assert calls[-1] == (wanted, wanted)
    assert len(calls) >= 3
    assert calls == sorted(calls)


def test_one_mass_without_events_ends() -> None:
    calls: Calls = []
    limit("e137", "10 MeV", progress=lambda *call: calls.append(call))
    assert calls == [(1, 1)]


def test_the_command_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Calls = []
    monkeypatch.setattr(Bar, "__call__", lambda _, done, total, what="": calls.append((done, total)))
    monkeypatch.setattr(sys, "argv", ["alphoton", "limit", "padme", "--mass", "10 MeV", "-n", "3e3"])
    monkeypatch.chdir(tmp_path)
    assert cli._run() == 0
    assert calls == [(0, 3000), (3000, 3000)]
