"""How much is tried, and how long one try may take."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

TIMES = float(os.environ.get("ALPHOTON_FUZZ", "1"))
"""ALPHOTON_FUZZ=20 tries twenty times as much."""


def examples(count: int) -> int:
    """`count`, or as many times more as the environment asks for."""
    return max(1, round(count * TIMES))


class TooSlow(BaseException):
    """No `Exception`, so that nothing takes it for one of its own."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` where the block takes longer."""

    def stop(*_: object) -> None:
        raise TooSlow(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
