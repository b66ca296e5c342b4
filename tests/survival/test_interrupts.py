"""Ctrl-C and SIGTERM at random times end every command: soon, with one line, and with nothing unfinished left.

24 signals; ALPHOTON_FUZZ=9 sends 216, over the whole length of the commands. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from survival import interrupts
from survival.interrupts import COMMANDS, SURVEY, Command, attempt, in_session, prepare, workers_after
from survival.limits import TIMES, examples

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
EARLY = 2 * TIMES
"""Seconds within which signals come: at first while commands start, where most goes on."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    prepare(folder)
    return folder


@pytest.mark.parametrize("number", range(examples(24)))
def test_a_signal_at_a_random_time(number: int, inputs: Path, tmp_path: Path) -> None:
    command, random = COMMANDS[number % len(COMMANDS)], Random(number)
    for again in range(5):
        folder = tmp_path / f"{again}"
        folder.mkdir()
        sent = random.choice([signal.SIGINT, signal.SIGTERM])
        seen = attempt(replace(command, span=min(command.span, EARLY) / 2**again), sent, random, inputs, folder)
        assert not seen.problem, f"{sent.name} to {command.words}: {seen.problem}"
        if seen.signalled:
            return
    pytest.fail(f"{command.words} was over each time")


SWALLOWED = """\
import signal, time
def stop(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGTERM, stop)
class Finaliser:
    def __del__(self):
        time.sleep(1)
for _ in range(60):
    Finaliser()
"""
HALF_WRITTEN = """\
import os, signal, time
def stop(*_):
    os.write(2, b"alphoton: terminated: nothing was written\\n")
    os._exit(143)
signal.signal(signal.SIGTERM, stop)
open("new.csv", "w").write("half a li")
open("new.csv.part", "w")
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("program", "problem"),
    [(SWALLOWED, "did not end"), (HALF_WRITTEN, "left new.csv.part; new.csv is damaged; says")],
    ids=["swallowed", "half written"],
)
def test_a_command_that_does_not_end_as_it_must_is_seen(
    program: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control; the first is what commands did: the exception was raised where nobody could pass it on."""
    (tmp_path / "inputs").mkdir()
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(interrupts, "ALPHOTON", (sys.executable, "-c", program))
    monkeypatch.setattr(interrupts, "PATIENCE", 3)
    command = Command("", 0.5)
    seen = attempt(command, signal.SIGTERM, Random(1), tmp_path / "inputs", tmp_path / "folder")
    assert problem in seen.problem


# --- kill -9 -----------------------------------------------------------------------------------------------------


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes, of which nothing is there after the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        for each in in_session(process.pid):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.communicate()


def begin(started: list[subprocess.Popen[str]], folder: Path, *words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, *words], cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    started.append(process)
    return process


def test_no_worker_of_a_survey_outlives_it(started: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "survey.yaml").write_text(SURVEY)
    process = begin(started, tmp_path, "-m", "alphoton.workflows", "run", "survey.yaml", "--workers", "2", "-o", "out")
    while len(in_session(process.pid)) < 4:  # two workers, and a process that keeps account of semaphores
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(1)
    process.kill()
    process.wait()
    assert workers_after(process.pid, 5) == []


POOL = """\
import os, sys, time
from loky import get_reusable_executor
from alphoton.data.signals import end_with
options = dict(initializer=end_with, initargs=(os.getpid(),)) if sys.argv[1] == "watching" else {}
pool = get_reusable_executor(max_workers=2, **options)
jobs = [pool.submit(time.sleep, 0.01) for _ in range(2)]
[job.result() for job in jobs]
jobs = [pool.submit(time.sleep, 30) for _ in range(2)]
print("at work", flush=True)
time.sleep(30)
"""


@pytest.mark.parametrize("how", ["watching", "not watching"])
def test_workers_end_because_they_watch_their_parent(how: str, started: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    """The second is the negative control: they would finish what they are at."""
    process = begin(started, tmp_path, "-c", POOL, how)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    time.sleep(0.5)
    process.kill()
    process.wait()
    left = workers_after(process.pid, 5 if how == "watching" else 2)
    assert bool(left) == (how == "not watching")
