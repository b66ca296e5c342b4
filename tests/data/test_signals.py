"""Signals wait where they would do harm, and act right after."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import pytest

from alphoton.data.signals import held
from alphoton.generators import foam, sampling, vegas_grid
from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard


def terminate(*_: object) -> None:
    raise KeyboardInterrupt


def signalled(number: int, block: Callable[[], Any]) -> list[str]:
    """What happens where a signal comes within a block."""
    happened = []

    def run() -> None:
        with block():
            signal.raise_signal(number)
            happened.append("block done")
        happened.append("after")

    with pytest.raises(KeyboardInterrupt):
        run()
    return happened


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_block_is_done_first(number: signal.Signals) -> None:
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        assert signalled(number, held) == ["block done"]
        assert signalled(number, nullcontext) == []  # negative control
        assert signal.getsignal(signal.SIGTERM) is terminate
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_have_nothing_to_hold() -> None:
    done = []

    def work() -> None:
        with held():
            done.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.default_int_handler]


def test_sampling_is_not_interrupted_within_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    source, real, drawn = EventSource(ProcessCard.load("padme")), sampling._draw, []

    def interrupted(*arguments: Any) -> int:
        signal.raise_signal(signal.SIGINT)
        drawn.append(real(*arguments))
        return int(drawn[-1])

    monkeypatch.setattr(sampling, "_draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        source.chunk(0, 10)
    assert len(drawn) == 1
    monkeypatch.setattr(sampling, "held", nullcontext)
    with pytest.raises(KeyboardInterrupt):
        source.chunk(0, 10)
    assert len(drawn) == 1  # negative control


@pytest.mark.parametrize(("module", "name"), [(vegas_grid, "evaluate"), (vegas_grid, "_mean"), (foam, "_explore")])
def test_training_is_not_interrupted_within_compiled_code(
    module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, trained = getattr(module, name), []

    def interrupted(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        trained.append(name)
        return real(*arguments)

    monkeypatch.setenv("ALPHOTON_CACHE", "off")
    monkeypatch.setattr(module, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        EventSource(ProcessCard.load("na64-primakoff"))
    assert trained
    trained.clear()
    monkeypatch.setattr(module, "held", nullcontext)
    with pytest.raises(KeyboardInterrupt):
        EventSource(ProcessCard.load("na64-primakoff"))
    assert not trained  # negative control
