"""Signals at any line of opening and closing a file leave the whole file or none, and never a `.part`."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from alphoton.data.event_file import EventFile, EventWriter

OWN, UPROOT_S = "/data/", "/uproot/"
STEPS = {(OWN, "__enter__"): 1, (OWN, "__exit__"): 1, (UPROOT_S, "__enter__"): 7, (UPROOT_S, "__exit__"): 1}
"""One in so many lines of opening or closing, in our modules or uproot's, is interrupted. uproot closes in six lines."""


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Ctrl-C raises, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    gc.collect()  # closes files here, and not within some other test
    signal.signal(signal.SIGINT, before)


class Interrupting:
    """Sends SIGINT at one of the lines run below `EventWriter.__enter__` or `__exit__`."""

    def __init__(self, line: int, whose: str, transition: str) -> None:
        self.left, self.whose = line, whose
        self.transition = getattr(EventWriter, transition).__code__

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "call" and self.whose in frame.f_code.co_filename and self._below_the_transition(frame):
            return self._line
        return None

    def _below_the_transition(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code is self.transition:
                return True
            frame = frame.f_back
        return False

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        # at its very first instruction nothing of `__exit__` is there to catch anything
        at_the_door = frame.f_code is EventWriter.__exit__.__code__ and frame.f_lineno == frame.f_code.co_firstlineno + 1
        if event == "line" and not at_the_door:
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(signal.SIGINT)
        return self._line


@pytest.fixture(autouse=True)
def any_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this module are small: what an event file must hold is looked at in `test_event_meta`."""
    monkeypatch.setattr(EventFile, "_check_contract", lambda _: None)
    monkeypatch.setattr(EventFile, "_check_values", lambda *_: None)


def write(path: Path) -> None:
    with EventWriter(path) as writer:
        writer.extend({"x": np.arange(10.0)})
        writer.finish({}, {"genEventCount": np.array([10])})


pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # what is interrupted is closed by the garbage collector


def outcomes(folder: Path, whose: str, transition: str) -> Iterator[tuple[bool, list[str]]]:
    """For each line of opening or closing: whether a signal at it interrupted, and the files left."""
    number = 1
    while True:
        place = folder / f"{whose.strip('/')}-{transition}-{number}"
        place.mkdir()
        interrupting, interrupted = Interrupting(number, whose, transition), False
        sys.settrace(interrupting)
        try:
            write(place / "events.root")
        except KeyboardInterrupt:
            interrupted = True
        finally:
            sys.settrace(None)
        if interrupting.left > 0:
            return
        yield interrupted, [path.name for path in place.iterdir()]
        number += STEPS[whose, transition]


def test_at_any_line_of_opening_and_closing(tmp_path: Path) -> None:
    """Every signal acts. Where the file is there, it is whole: the signal came when it was as good as closed."""
    found = [outcome for walk in STEPS for outcome in outcomes(tmp_path, *walk)]
    assert len(found) > 60
    assert all(interrupted for interrupted, _ in found)
    assert {tuple(left) for _, left in found} == {(), ("events.root",)}
    for path in tmp_path.rglob("events.root"):
        with EventFile(path) as file:
            assert file.count == 10


@pytest.mark.parametrize("whose", [OWN, UPROOT_S])
def test_without_the_net_parts_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    """Negative control: closing that only its own failures stop."""

    def only_close(self: EventWriter, kind: Any, error: Any, trace: Any) -> None:
        self._close(kind, error, trace)

    monkeypatch.setattr(EventWriter, "__exit__", only_close)
    found = {tuple(left) for _, left in outcomes(tmp_path, whose, "__exit__")}
    assert any(len(left) == 1 and left[0].endswith(".part") for left in found)
