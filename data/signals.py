"""Ctrl-C and SIGTERM end a command at once, wherever it is.

An exception raised by a signal handler appears anywhere: in a callback of a compiler, in a finaliser, during an import.
Some of these places swallow it, and the job runs on; in others it crashes the process. So a command raises nothing. A thread
of its own waits for the signal (the system wakes it, even while the main thread is in compiled code), removes what is
unfinished, says what is left and ends the process. Files appear under their names only when they are whole, so nothing else
is needed.

Only commands do so (`watch`). In a notebook Ctrl-C is the `KeyboardInterrupt` that Python raises.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

WORDS: dict[int, str] = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
GRACE, SAME = 1.0, 0.1
"""Seconds that tidying up may take, and within which a second signal is the same one, passed on by another program too."""
CLEAR_LINE = "\r\x1b[2K\x1b[?25h"
"""Takes a progress bar off a terminal and shows the cursor again."""
PARENT_CHECKS = 0.25
"""Seconds between two looks at whether the parent is still there."""

_unbroken = threading.RLock()
_ending = threading.Event()
_tidying: dict[int, Callable[[], object]] = {}
_numbers = count()
_what_is_left: Callable[[], str] = str
_watching = False


def watch(what_is_left: Callable[[], str]) -> None:
    """From now on Ctrl-C and SIGTERM tidy up, print one line that ends with `what_is_left()`, and end the process.

    The exit code is 128 and the number of the signal. A second signal, or a second of tidying up, ends it at once. Where
    Ctrl-C is ignored, as in a background job of a shell, it stays so. Does nothing outside the main thread, which alone may
    set handlers. Called again, it only replaces `what_is_left`.
    """
    global _what_is_left, _watching
    _what_is_left = what_is_left
    if _watching or threading.current_thread() is not threading.main_thread():
        return
    handler = _end if sys.platform == "win32" else _handler_of_a_thread()
    for number in WORDS:
        if not (number == signal.SIGINT and signal.getsignal(number) == signal.SIG_IGN):
            signal.signal(number, handler)
    _watching = True


def _handler_of_a_thread() -> Callable[..., None]:
    """The handler to set; it does nothing if there is a thread that waits for signals."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        threading.Thread(target=_wait_for_a_signal, args=(reading,), daemon=True, name="signals").start()
    except RuntimeError:  # no more threads: then between two steps of the main thread
        return _end
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return lambda *_: None


def _wait_for_a_signal(reading: int) -> None:
    number = 0
    while number not in WORDS:  # others may be handled, too
        number = os.read(reading, 1)[0]
    try:
        threading.Thread(target=_end, args=(number,), daemon=True).start()
    except RuntimeError:  # no more threads
        _end(number)
    time.sleep(SAME)
    select.select([reading], [], [], GRACE - SAME)
    os._exit(128 + number)


def _end(number: int, _: object = None) -> None:
    _wait_for_unbroken()
    with suppress(Exception):
        _say(f"alphoton: {WORDS[number]}: {_what_is_left()}\n")
    _tidy_up()  # last: the work still goes on
    os._exit(128 + number)


def _wait_for_unbroken() -> None:
    """Wait until the main thread is between two `unbroken` blocks; it begins no other."""
    _ending.set()
    _unbroken.acquire(timeout=GRACE)


def _say(message: str) -> None:
    if sys.__stderr__ is not None:
        drawn_on = sys.__stderr__.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        os.write(sys.__stderr__.fileno(), ((CLEAR_LINE if drawn_on else "") + message).encode("ascii", "replace"))


def _tidy_up() -> None:
    for tidy in reversed(list(_tidying.values())):
        with suppress(Exception):
            tidy()


@contextmanager
def unbroken() -> Iterator[None]:
    """A signal that ends the process waits for the end of the block: for a few system calls, as to open or to rename.

    A block within another ends no sooner: the signal waits for the outer one, for a second.
    """
    if _ending.is_set():
        threading.Event().wait()  # for the end of the process
    with _unbroken:
        yield


def when_ended(tidy: Callable[[], object]) -> Callable[[], None]:
    """Call `tidy`, the newest first, if a signal ends the process. Returns the function that takes this back.

    `tidy` runs in another thread while the work goes on; it must take no lock and import nothing.
    """
    number = next(_numbers)
    _tidying[number] = tidy

    def take_back() -> None:
        _tidying.pop(number, None)

    return take_back


@contextmanager
def tidied(tidy: Callable[[], object]) -> Iterator[None]:
    """Call `tidy` if a signal ends the process during the block."""
    take_back = when_ended(tidy)
    try:
        yield
    finally:
        take_back()


@contextmanager
def for_workers() -> Iterator[None]:
    """Processes started in this block never see Ctrl-C and SIGTERM, not even while they start: their parent ends them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WORDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int) -> None:
    """End this process soon after its parent, with this number, has ended, however that ended."""
    threading.Thread(target=_wait_for_the_end_of, args=(parent,), daemon=True, name="parent").start()


def _wait_for_the_end_of(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECKS)
    _wait_for_unbroken()
    _tidy_up()
    os._exit(1)


@contextmanager
def held() -> Iterator[None]:
    """Signals that come during the block act at its end; only in the main thread, for no other gets them.

    Compiled code that takes functions asks Python for their addresses, and dies where it gets an exception instead.
    """
    came: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if _watching or threading.current_thread() is not threading.main_thread():
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
