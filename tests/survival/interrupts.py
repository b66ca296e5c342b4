"""Commands, signals at random times, and what may be left after one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import uproot

from alphoton.data.event_file import EventFile

ALPHOTON = (sys.executable, "-m", "alphoton.workflows")
CHAINS = """\
schema: alphoton/workflow/1
name: small
studies: [{process: padme, detector: padme, analysis: padme}]
scan: {model.m_a: [2 MeV, 5 MeV, 10 MeV, 15 MeV]}
events: 100000
figures: [limits]
"""
SURVEY = """\
schema: alphoton/workflow/1
name: survey
studies: [{analysis: padme}, {analysis: belle2-20fb}]
scan: {model.m_a: [2 MeV, 4 MeV, 6 MeV, 8 MeV, 10 MeV, 12 MeV]}
keep: limits
figures: [limits]
"""
CODES = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
SAID = ("nothing was written", "what was finished is kept, nothing unfinished is left behind")


@dataclass(frozen=True)
class Command:
    """A command line, the seconds from its start within which a signal comes, and the most until its end then."""

    words: str
    span: float
    cold: bool = False
    """Without anything compiled or trained."""
    to_all: bool = False
    """The signal goes to its workers too, as Ctrl-C in a terminal does."""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return 10 if self.cold else 2


UNTRAINED = {"ALPHOTON_CACHE": "off"}
COMMANDS = (
    Command("xsec na64-primakoff", 8, cold=True),
    Command("xsec padme", 1),
    Command("xsec delphi-nunugamma", 5, environment=UNTRAINED),
    Command("generate padme -n 2e7 -o new.root", 10),
    Command("generate na64-primakoff -n 1e6 --workers 2 -o new.root", 8, environment=UNTRAINED),
    Command("generate padme -n 1e5 -o new.root", 8, cold=True),
    Command("simulate events.root --detector padme -o new.root", 1.5),
    Command("analyse reco.root --analysis padme --histograms new.root", 1.5),
    Command("limit padme --mass 5MeV --mass 10MeV -o new.csv", 4),
    Command("run survey.yaml --workers 2 -o out", 8, to_all=True),
    Command("run survey.yaml --workers 2 -o out", 12, cold=True),
    Command("run chains.yaml -o out", 4),
    Command("figure fig02 -o figures", 4),
    Command("figure fig03 -o figures", 8, to_all=True),
    Command("export lhe events.root -o new.lhe", 8),
    Command("merge events.root more.root -o new.root", 1.5),
)
PATIENCE = 60
"""Seconds after which a command has not ended at all."""
PARTS = ("*.part", "*.part.*", "*.tmp.*")


def prepare(folder: Path) -> None:
    """The files that the commands read, and everything that they compile."""
    (folder / "chains.yaml").write_text(CHAINS)
    (folder / "survey.yaml").write_text(SURVEY)
    for words in (
        "xsec delphi-nunugamma",
        "xsec na64-primakoff",
        "generate padme -n 2e5 -o events.root",
        "generate padme -n 2e5 --seed 2 -o more.root",
        "simulate events.root --detector padme -o reco.root",
    ):
        subprocess.run([*ALPHOTON, *words.split()], cwd=folder, check=True, capture_output=True)


LAST_MOMENT = 0.05
"""Seconds in which Python ends after a command has done all its work."""


@dataclass(frozen=True)
class Attempt:
    """Seconds from a signal to the end of a command, and what was wrong then; without a signal it was over before."""

    command: Command
    signalled: bool
    seconds: float
    problem: str = ""


def attempt(command: Command, number: signal.Signals, random: Random, inputs: Path, folder: Path) -> Attempt:
    """Run a command in a folder of its own, and send it a signal at a random time after it has set its handlers."""
    for path in inputs.iterdir():
        (folder / path.name).symlink_to(path)
    environment = os.environ | command.environment
    if command.cold:
        environment |= {"NUMBA_CACHE_DIR": str(folder / "cache")}
    process = subprocess.Popen(
        [*ALPHOTON, *command.words.split()],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )
    wait_until_caught(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(command.span * random.random())
    start = time.monotonic()
    if process.returncode is not None:
        process.communicate()
        return Attempt(command, signalled=False, seconds=0.0)
    with suppress(ProcessLookupError):
        (os.killpg if command.to_all else os.kill)(process.pid, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    seconds = time.monotonic() - start
    if process.returncode == 0 and seconds < LAST_MOMENT:
        process.communicate()
        return Attempt(command, signalled=False, seconds=seconds)  # all was done when the signal came
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    problem = f"did not end within {PATIENCE} s" if alive else problem_of(process, command, number, seconds, folder)
    return Attempt(command, signalled=True, seconds=seconds, problem=problem)


def _hear_ctrl_c() -> None:
    """Also where the tests run as a background job of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def problem_of(
    process: subprocess.Popen[str], command: Command, number: signal.Signals, seconds: float, folder: Path
) -> str:
    """What is wrong with the end of a command; nothing in most cases."""
    left = workers_after(process.pid, 5)
    _, said = process.communicate()
    code, word = CODES[number]
    problems = []
    if process.returncode != code:
        problems.append(f"ended with {process.returncode}")
    if said not in {f"alphoton: {word}: {rest}\n" for rest in SAID}:
        problems.append(f"said {said!r}")
    if seconds > command.seconds:
        problems.append(f"took {seconds:.1f} s")
    if left:
        problems.append(f"left {len(left)} workers")
    problems += [f"left {path.name}" for pattern in PARTS for path in folder.rglob(pattern)]
    problems += [f"{path.name} is damaged" for path in damaged(folder)]
    if (SAID[1] in said) != bool(results(folder)):
        problems.append(f"says '{said.strip()}' and left {[path.name for path in results(folder)]}")
    return "; ".join(problems)


def results(folder: Path) -> list[Path]:
    """Results that a command made in a folder."""
    kinds = {".root", ".csv", ".png", ".pdf", ".lhe", ".jsonl"}
    return [path for path in folder.rglob("*.*") if path.suffix in kinds and not path.is_symlink()]


def damaged(folder: Path) -> Iterator[Path]:
    """Results that are not whole."""
    ends = {".csv": b"\n", ".png": b"IEND\xaeB`\x82", ".pdf": b"%%EOF\n", ".lhe": b"</LesHouchesEvents>", ".jsonl": b"\n"}
    for path in results(folder):
        if path.suffix != ".root":
            whole = path.read_bytes().rstrip(b"\n" if path.suffix == ".lhe" else b"").endswith(ends[path.suffix])
        elif path.name == "histograms.root" or (
            path.name == "new.root" and (folder / "reco.root").exists() and path.stat().st_size < 100_000
        ):
            whole = has_histograms(path)
        else:
            whole = is_whole(path)
        if not whole:
            yield path


def has_histograms(path: Path) -> bool:
    """Whether every histogram of a file can be read."""
    try:
        with uproot.open(path) as file:
            return all(file[name].values().size > 0 for name in file.keys()) and len(file.keys()) > 0  # noqa: SIM118
    except Exception:
        return False


def is_whole(path: Path) -> bool:
    """Whether every event of a file can be read, and is as it was written."""
    try:
        with EventFile(path) as file:
            return sum(1 for _ in file.chunks()) > 0
    except Exception:
        return False


def wait_until_caught(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Wait until a process has a handler for a signal, or has ended: before, Python alone decides what a signal does."""
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.002)


def workers_after(session: int, seconds: float) -> list[int]:
    """The processes of a session that are still there after so many seconds at most."""
    deadline = time.monotonic() + seconds
    while (left := in_session(session)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def in_session(session: int) -> list[int]:
    """The processes of a session that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, own, *_ = path.read_text().rpartition(")")[2].split()
            if int(own) == session and state != "Z":
                found.append(int(path.parent.name))
    return found
