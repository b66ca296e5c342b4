"""Whatever happens to a run, there is the whole result or a clear error, and what was done before is kept."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphoton.data.errors import InputError
from alphoton.data.locks import folder_of_one_run
from alphoton.data.output import Unfinished, write_text
from alphoton.data.published_file import find
from alphoton.workflows import analyse, generate, run, simulate
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.survey import Survey, Surveyed

CLI = [sys.executable, "-m", "alphoton.workflows.cli"]
WORKFLOW = """\
schema: alphoton/workflow/1
name: small
studies: [{process: padme, detector: padme, analysis: padme}]
scan: {model.m_a: [10 MeV]}
events: 3000
figures: [limits]
"""
HOLDER = """\
import sys, time
from pathlib import Path
from alphoton.data.locks import folder_of_one_run
with folder_of_one_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(WORKFLOW)
    return path


@pytest.fixture
def reco(tmp_path: Path) -> Path:
    generate("padme", tmp_path / "events.root", events=20_000)
    simulate(tmp_path / "events.root", "padme", tmp_path / "reco.root")
    return tmp_path / "reco.root"


# --- two at once -------------------------------------------------------------------------------------------------


def test_two_runs_into_one_folder(card: Path, tmp_path: Path) -> None:
    with folder_of_one_run(tmp_path / "out"), pytest.raises(InputError, match="out: another run is at work in it"):
        run(card, tmp_path / "out")
    assert run(card, tmp_path / "out").rows  # the first is gone: the lock went with it


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work in the folder `out`."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_killed_run_leaves_no_lock(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another run"), folder_of_one_run(tmp_path / "out"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with folder_of_one_run(tmp_path / "out"):
        pass


def test_two_runs_onto_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with Unfinished(path) as part:
        part.write_text("first")
        for force in (False, True):
            with pytest.raises(InputError, match=r"x\.txt: another run is writing it"):
                write_text(path, "second", force=force)
        assert part.read_text() == "first"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_the_slower_of_two_does_not_replace_the_faster(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    slow = Unfinished(path)
    slow.__enter__().write_text("slow")
    path.write_text("fast")
    with pytest.raises(InputError, match="exists already"):
        slow.__exit__(None, None, None)
    assert path.read_text() == "fast"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_made_for_nothing_goes_again(tmp_path: Path, card: Path) -> None:
    card.write_text(WORKFLOW.replace("10 MeV", "10 GeV"))
    with pytest.raises(InputError, match="no experiment reaches"):
        run(card, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- interruptions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
)
def test_signals_leave_nothing_unfinished(tmp_path: Path, number: signal.Signals, code: int, word: str) -> None:
    command = [*CLI, "generate", "padme", "-o", "big.root", "-n", "20000000"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        _wait_for(tmp_path / "big.root.parts", "000000.root.*.part")
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert told.strip().startswith(f"alphoton: {word}:")
    assert "Traceback" not in told
    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / "big.root").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_to_a_pool(tmp_path: Path, number: signal.Signals) -> None:
    """The workers of a survey get the signal too, as by Ctrl-C in a terminal: one message, and finished points are kept."""
    command = [*CLI, "run", "summary", "--workers", "2", "-o", "out"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        _wait_for(tmp_path / "out", "limits.jsonl")
        os.killpg(process.pid, number)
        _, told = process.communicate(timeout=60)
    assert process.returncode in (130, 143)
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1
    assert (tmp_path / "out" / "limits.jsonl").read_text().endswith("\n")


def _wait_for(folder: Path, pattern: str) -> None:
    deadline = time.monotonic() + 100
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- no space, no folder -----------------------------------------------------------------------------------------


def _limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "padme", "-n", "200000", "-o", "new.root"],
        ["simulate", "events.root", "--detector", "padme", "-o", "new.root"],
        ["export", "lhe", "events.root", "-o", "new.lhe"],
    ],
    ids=["generate", "simulate", "export"],
)
def test_no_space(reco: Path, words: list[str]) -> None:
    """Files may not grow beyond 20 kB, as on a full disk: one message that names the file, and nothing half-written."""
    before = sorted(reco.parent.iterdir())
    answer = subprocess.run(
        [*CLI, *words], cwd=reco.parent, preexec_fn=_limit_file_size, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    assert f"alphoton: {words[-1]}" in answer.stderr
    assert sorted(reco.parent.iterdir()) == before
    assert analyse(reco, "padme").generated == 20_000  # what was there is whole


@pytest.mark.parametrize("output", ["/proc/none/x.root", "file/x.root", "x" * 300 + ".root"])
def test_nowhere_to_write(tmp_path: Path, output: str) -> None:
    (tmp_path / "file").write_text("")
    answer = subprocess.run(
        [*CLI, "generate", "padme", "-n", "10", "-o", output], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode in (1, 2)
    assert answer.stderr.startswith("alphoton: ")
    assert len(answer.stderr.splitlines()) == 1


# --- clocks and curves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1.0, 4e9], ids=["1970", "2096"])
def test_a_clock_that_jumps(card: Path, tmp_path: Path, year: float) -> None:
    """What is up to date is told by content: wherever the clock stood, events are kept and limits are the same."""
    first = run(card, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        os.utime(path, (year, year))
    events = next((tmp_path / "out").rglob("events.root"))
    again = run(card, tmp_path / "out")
    assert events.stat().st_mtime == year
    assert again.rows == first.rows


def test_a_survey_sees_that_a_curve_changed(tmp_path: Path) -> None:
    """Other numbers in a user's own curve are other limits, though the card is the same."""
    curve, store = tmp_path / "mine.csv", tmp_path / "limits.jsonl"

    def limit() -> float:
        experiment = load_experiment("babar", [f"recast.curve={curve}"])
        row = Survey([Surveyed(experiment, (0.01,))], store, 4000).row("babar", 0.01)
        assert row is not None
        return row.g_agamma.value

    text = find("babar_2017_invisible_darkphoton").read_text()
    curve.write_text(text)
    first = limit()
    assert limit() == first
    curve.write_text(text.replace("0.000948", "0.001896"))
    assert limit() == pytest.approx(2 * first, rel=1e-9)
    assert len(store.read_text().splitlines()) == 2
