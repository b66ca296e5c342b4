"""Ctrl-C and SIGTERM wait where an exception out of nowhere would do harm."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Signals that come during the block act at its end; only in the main thread, for no other gets them.

    Compiled code that takes functions asks Python for their addresses, and dies where it gets an exception instead.
    """
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if threading.current_thread() is not threading.main_thread():
        handlers = {}
    ours = {number: handler for number, handler in handlers.items() if callable(handler)}  # others raise nothing
    try:
        for number in ours:
            signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        for each in came:
            signal.raise_signal(each)
