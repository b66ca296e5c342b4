"""What `watch` does, in small programs of their own."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BEGIN = """\
import os, signal, sys, threading, time
from alphoton.data.signals import held, tidied, unbroken, watch, when_ended
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
WATCH = BEGIN + 'watch(lambda: "nothing was written")\nprint("ready", flush=True)\n'
SAID = {
    signal.SIGINT: "alphoton: interrupted: nothing was written\n",
    signal.SIGTERM: "alphoton: terminated: nothing was written\n",
}
Ended = tuple[int, str, float]


def ended(program: str, *numbers: signal.Signals, between: float = 0.3) -> Ended:
    """Exit code, what was said, and seconds from the first signal to the end."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        start = time.monotonic()
        for place, number in enumerate(numbers):
            time.sleep(between if place > 0 else 0)
            process.send_signal(number)
        _, said = process.communicate(timeout=30)
        return process.returncode, said, time.monotonic() - start


PLACES = {
    "finaliser": """
class Finaliser:
    def __del__(self):
        time.sleep(0.5)
for _ in range(20):
    Finaliser()
""",
    "callback of C": """
import ctypes
wait = ctypes.CFUNCTYPE(None)(lambda: time.sleep(0.5))
for _ in range(20):
    wait()
""",
    "weak reference": """
import weakref
class Thing:
    pass
for _ in range(20):
    weakref.finalize(Thing(), time.sleep, 0.5)
""",
    "all exceptions": """
for _ in range(20):
    try:
        time.sleep(0.5)
    except BaseException:
        pass
""",
    "native code": """
import numpy
matrix = numpy.ones((3000, 3000))
numpy.linalg.svd(matrix)
""",
    "compiled code": """
with held():
    time.sleep(10)
""",
    "end of the interpreter": """
import atexit
atexit.register(time.sleep, 10)
""",
    "another thread": """
threading.Thread(target=time.sleep, args=(10,)).start()
""",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", SAID)
def test_wherever_it_comes(place: str, number: signal.Signals) -> None:
    code, said, seconds = ended(WATCH + PLACES[place], number)
    assert (code, said) == (128 + number, SAID[number])
    assert seconds < 2


@pytest.mark.parametrize("place", ["finaliser", "callback of C", "all exceptions"])
def test_an_exception_would_be_swallowed(place: str) -> None:
    """Negative control: Python's own handler."""
    program = BEGIN + 'print("ready", flush=True)\n' + PLACES[place].replace("20", "5")
    code, _, seconds = ended(program, signal.SIGINT)
    assert code == 0
    assert seconds > 1


HANGS = WATCH + "when_ended(lambda: time.sleep(20))\ntime.sleep(20)\n"


def test_tidying_up_that_hangs() -> None:
    code, said, seconds = ended(HANGS, signal.SIGTERM)
    assert (code, said) == (143, SAID[signal.SIGTERM])
    assert 0.9 < seconds < 2


def test_a_second_signal_ends_at_once() -> None:
    code, _, seconds = ended(HANGS, signal.SIGINT, signal.SIGINT, between=0.3)
    assert code == 130
    assert seconds < 0.8


def test_the_same_signal_twice_is_one(tmp_path: Path) -> None:
    """As where a program passes on the Ctrl-C that the terminal has sent to all."""
    program = WATCH + f"when_ended(lambda: (time.sleep(0.05), open({str(tmp_path / 'done')!r}, 'w')))\ntime.sleep(20)\n"
    code, said, _ = ended(program, signal.SIGINT, signal.SIGINT, between=0.0)
    assert (code, said) == (130, SAID[signal.SIGINT])
    assert (tmp_path / "done").exists()


def test_the_newest_is_tidied_first_and_the_work_begins_nothing_new(tmp_path: Path) -> None:
    program = (
        WATCH
        + f"""
os.chdir({str(tmp_path)!r})
def note(name):
    time.sleep(0.05)
    with open("order", "a") as file:
        file.write(name)
when_ended(lambda: note("a"))
take_back = when_ended(lambda: note("b"))
with tidied(lambda: note("c")):
    take_back()
    with unbroken():
        time.sleep(0.5)
        note("u")
    with unbroken():
        note("never")
"""
    )
    code, said, _ = ended(program, signal.SIGTERM)
    assert (code, said) == (143, SAID[signal.SIGTERM])
    assert (tmp_path / "order").read_text() == "uca"


def test_ctrl_c_that_is_ignored_stays_so() -> None:
    """As a shell does for its background jobs; SIGTERM ends them."""
    program = WATCH.replace("signal.default_int_handler", "signal.SIG_IGN") + "time.sleep(20)\n"
    code, said, seconds = ended(program, signal.SIGINT, signal.SIGTERM, between=0.5)
    assert (code, said) == (143, SAID[signal.SIGTERM])
    assert seconds > 0.5


NO_THREAD = """
def refuse(_):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
"""


def test_without_another_thread() -> None:
    code, said, _ = ended(BEGIN + NO_THREAD + WATCH.removeprefix(BEGIN) + PLACES["finaliser"], signal.SIGTERM)
    assert (code, said) == (143, SAID[signal.SIGTERM])


def test_threads_run_out_later() -> None:
    code, said, seconds = ended(WATCH + NO_THREAD + PLACES["finaliser"], signal.SIGTERM)
    assert (code, said) == (143, SAID[signal.SIGTERM])
    assert seconds < 2


def test_outside_the_main_thread_nothing_is_set() -> None:
    program = (
        BEGIN
        + """
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
thread = threading.Thread(target=watch, args=(str,))
thread.start()
thread.join()
assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
print("ready", flush=True)
time.sleep(20)
"""
    )
    code, said, _ = ended(program, signal.SIGTERM)
    assert (code, said) == (-signal.SIGTERM, "")


def test_what_is_left_may_be_asked_for_later() -> None:
    code, said, _ = ended(WATCH + 'watch(lambda: "all is kept")\ntime.sleep(20)\n', signal.SIGINT)
    assert (code, said) == (130, "alphoton: interrupted: all is kept\n")


@pytest.mark.parametrize("broken", ["os.close(2)", "sys.__stderr__ = None", "watch(lambda: 1 / 0)"])
def test_nowhere_to_say_it(broken: str) -> None:
    code, said, _ = ended(WATCH + broken + "\ntime.sleep(20)\n", signal.SIGTERM)
    assert (code, said) == (143, "")


@pytest.mark.parametrize(("terminal", "cleared"), [("xterm", "\r\x1b[2K\x1b[?25h"), ("dumb", "")])
def test_a_progress_bar_is_taken_off_a_terminal(terminal: str, cleared: str) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": terminal}
    command = [sys.executable, "-c", WATCH + "time.sleep(20)\n"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
    assert os.read(ours, 1000).decode() == cleared + SAID[signal.SIGTERM].replace("\n", "\r\n")
    os.close(ours)
    os.close(theirs)
