"""Input that is meant to hurt: each gives one clear message with its place, at once, and nothing of it steers a terminal."""

from __future__ import annotations

import ast
import os
import pickle
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from survival.limits import within
from survival.mutations import at, other_number, paths
from survival.test_cards import refused

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data import card_file, moments_file, published_file
from alphoton.data.card_file import KINDS, MAX_BASES, apply_override, packaged, read
from alphoton.data.errors import CardError, InputError
from alphoton.data.printable import BIDIRECTIONAL, one_line, printable
from alphoton.data.quantities import UNITS, parse, whole
from alphoton.generators.cluster import connected
from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import cli, energy_scan, parallel
from alphoton.workflows.card_tools import model, validate_file
from alphoton.workflows.exchange import tables
from alphoton.workflows.options import with_options

SIZE = 100_000
SECONDS = 20
CPU_SECONDS = 4.0
"""Of work for 100 kB. What is quadratic needs minutes; reading a card of the largest size takes about one second."""
ANALYSIS = """\
schema: alphoton/analysis/1
name: mine
process: padme
detector: padme
recast: {{curve: babar_2017_invisible_darkphoton, limit_column: epsilon_90CL, process: padme-darkphoton}}
comparison:
  - {{curve: {curve}, column: g_GeVinv, label: "{label}"}}
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["alphoton", *words])
    return cli._run()


# --- linear time -----------------------------------------------------------------------------------------------------


def _override(text: str) -> None:
    apply_override(read("process", "padme"), text)


def _card(content: str) -> None:
    Path("card.yaml").write_text(content)
    ProcessCard.load(Path("card.yaml"))


def _extending(content: str) -> None:
    Path("base.yaml").write_text("schema: alphoton/process/1\nname: base\n" + content)
    Path("card.yaml").write_text("schema: alphoton/process/1\nname: card\nextends: base.yaml\n" + content)
    ProcessCard.load(Path("card.yaml"))


def _curve(content: str) -> None:
    Path("curve.csv").write_text(content)
    published_file.load("curve.csv")


def _points(content: str) -> None:
    Path("points.csv").write_text(content)
    energy_scan.read_points("points.csv")


def _moments(content: str) -> None:
    Path("moments.csv").write_text(content)
    moments_file.load("moments.csv")


def _table(content: str) -> None:
    Path("limits.csv").write_text(content)
    tables.read(Path("limits.csv"))


PIECES = (" ", "1", "/", "a.", "'", "[", "#", ",", "\n")
READERS: dict[str, Callable[[str], Any]] = {
    "quantity": lambda text: parse(f"1{text}GeV", "energy"),
    "quantity of any kind": lambda text: parse(f"{text}x", *UNITS),
    "whole number": lambda text: whole(f"1{text}0"),
    "override": lambda text: _override(f"model.m_a={text}"),
    "key of an override": lambda text: _override(f"{text}=1"),
    "name of a card": lambda text: read("process", text),
    "value in a card": lambda text: _card(f"schema: alphoton/process/1\nname: x\nevents: {text}\n"),
    "key in a card": lambda text: _card(f"schema: alphoton/process/1\n{text}: 3\n"),
    "text of a card": _card,
    "schema": lambda text: _card(f'schema: "{text}"\n'),
    "title of a curve": lambda text: _curve(f"# title: x{text}x\n  #  use{text}\nmass_GeV,y\n1,2\n"),
    "names in a curve": lambda text: _curve(f"mass_GeV,{text}\n1,2\n"),
    "rows of a curve": lambda text: _curve(f"mass_GeV,y\n{text}\n"),
    "scan": lambda text: _points(f"beam_energy_MeV,{text}\n1,{text}\n"),
    "moments": lambda text: _moments(f"set,lepton,label,value,error,source\n{text}\n"),
    "table of limits": lambda text: _table(f"analysis,{text}\n{text}\n"),
    "message": lambda text: with_options(f"override {text}=x overrides=[{text[: cli.MOST_SHOWN]}]"),
    "printed": lambda text: printable(one_line(text)),
}


def work(function: Callable[[], Any]) -> float:
    """CPU seconds of some work, which may refuse its input and do nothing else."""
    began = time.process_time()
    with within(10 * SECONDS), suppress(InputError, ValueError):
        function()
    return time.process_time() - began


def test_the_bound_sees_what_is_quadratic() -> None:
    spaces = re.compile(r"\s*x|\s*(.*?)\s*y")
    began = time.process_time()
    spaces.fullmatch(" " * 1000)
    assert time.process_time() - began > 0.05  # of a hundredth of the size


@pytest.mark.parametrize("reader", READERS)
def test_reading_takes_linear_time(reader: str) -> None:
    for piece in PIECES:
        text = piece * (SIZE // len(piece))
        assert work(lambda text=text: READERS[reader](text)) < CPU_SECONDS, (reader, piece)


@pytest.mark.parametrize(
    ("what", "function"),
    [
        ("many keys over many keys", lambda: _extending("".join(f"key{i}: 1\n" for i in range(9_000)))),
        ("many labels", lambda: _curve("x,y,selection\n" + "".join(f"{i},1,s{i}\n" for i in range(1, 12_000)))),
        ("many columns", lambda: _curve(",".join(f"c{i}" for i in range(SIZE // 6)) + "\n1\n")),
        ("a path of many keys", lambda: _override("a." * (SIZE // 2) + "a=1")),
        ("merged keys", lambda: _card("a: &a {b: 1}\nc:\n  <<: [" + "*a, " * 9_000 + "]\n")),
    ],
)
def test_many_things_take_linear_time(what: str, function: Callable[[], Any]) -> None:
    assert work(function) < 3 * CPU_SECONDS, what


def test_a_long_quantity_is_refused_in_a_short_message() -> None:
    with pytest.raises(ValueError, match="got 2004 characters") as caught:
        parse("1" + 2000 * " " + "GeV", "energy")
    assert len(str(caught.value)) < 200
    assert parse(f"  1{' ' * 50}GeV ", "energy") == 1.0


# --- what is no file -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["pipe", "socket", "device", "endless device", "directory", "link to a pipe"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name = "thing.yaml"
    match request.param:
        case "pipe":
            os.mkfifo(name)
        case "socket":
            opened = socket.socket(socket.AF_UNIX)
            opened.bind(name)
            opened.close()
        case "device":
            Path(name).symlink_to("/dev/null")
        case "endless device":
            Path(name).symlink_to("/dev/zero")
        case "directory":
            Path(name).mkdir()
        case _:
            os.mkfifo("pipe")
            Path(name).symlink_to("pipe")
    return name


@pytest.mark.parametrize(
    "reader",
    [
        lambda name: card_file.documents(Path(name)),
        lambda name: ProcessCard.load(Path(name)),
        lambda name: validate_file(Path(name)),
        lambda name: _card(f"schema: alphoton/process/1\nname: x\nextends: {name}\n"),
        published_file.load,
        energy_scan.read_points,
        moments_file.load,
        lambda name: tables.read(Path(name)),
    ],
)
def test_what_is_no_file_is_refused_at_once(no_file: str, reader: Callable[[str], Any]) -> None:
    with within(SECONDS), pytest.raises(InputError, match=r"thing.yaml"):
        reader(no_file)


@pytest.mark.parametrize(
    "verb",
    [
        "inspect FILE",
        "simulate FILE --detector padme -o o.root",
        "analyse FILE --analysis padme",
        "export lhe FILE -o o.lhe",
        "export hepdata FILE -o o",
        "xsec ./FILE",
        "merge FILE FILE -o o.root",
        "card validate FILE",
        "run ./FILE -o o",
    ],
)
def test_commands_refuse_what_is_no_file(
    no_file: str, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with within(SECONDS):
        assert run(monkeypatch, *verb.replace("FILE", no_file).split()) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert no_file in message


def test_a_card_that_names_a_pipe(tmp_path: Path) -> None:
    os.mkfifo("pipe.csv")
    Path("mine.yaml").write_text(ANALYSIS.format(curve="pipe.csv", label="x"))
    with within(SECONDS), pytest.raises(CardError, match=r"mine.yaml:7: comparison.0.curve: .*pipe.csv"):
        validate_file(Path("mine.yaml"))


# --- names that pretend ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder",
    ["--set x", "override x", "override recast.curve=x:1", "a\nb", "a:7", "\x1b[31m", "--set x\noverride y", "a=b", "..."],
)
@pytest.mark.parametrize("named", ["../secret.csv", "link.csv", "sub/secret.csv"])
@pytest.mark.parametrize("below", [False, True])
def test_no_name_of_a_folder_is_a_way_out(tmp_path: Path, folder: str, named: str, below: bool) -> None:
    """A card reads below its folder, whatever this is called; only what a person overrides may lie elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    cards = tmp_path / "elsewhere" / folder if below else tmp_path / folder
    cards.mkdir()
    os.chdir(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "secret.csv").unlink(missing_ok=True)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.csv").write_text("a,b\n1,2\n")
    (cards / "link.csv").symlink_to(outside / "secret.csv")
    (cards / "sub").symlink_to(outside)
    target = str(outside / "secret.csv") if named.startswith("..") else named
    base = cards / "base.yaml"
    base.write_text(ANALYSIS.format(curve=target, label="x"))
    (cards / "mine.yaml").write_text("schema: alphoton/analysis/1\nname: upper\nextends: base.yaml\n")
    for card in (base, cards / "mine.yaml"):
        with pytest.raises(CardError, match="lies outside") as caught:
            AnalysisCard.load(card)
        assert len(str(caught.value).splitlines()) == 1
    assert AnalysisCard.load(base, [f"comparison.0.curve={outside / 'secret.csv'}"]).comparison


# --- terminals -------------------------------------------------------------------------------------------------------

STEERING = "".join(
    map(chr, (*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0), *BIDIRECTIONAL, 0x2028, 0x2029))
)
EVIL = "\x1b[2J\nalphoton: all is well\r\x9b31m\u202egnp.exe\x07"


def is_harmless(text: str) -> bool:
    return not any(letter in text for letter in STEERING + "\r")


def test_what_is_printable() -> None:
    assert is_harmless(printable(STEERING + EVIL))
    assert "\n" not in one_line(EVIL)
    for text in ("größe ± 3 µm, √s, 質量, ελ, ά, naïve", "😀 \u200d", "a\tb\nc"):
        assert printable(text) == text
    assert one_line("\ud800\udcff") == r"\ud800\udcff"


def test_problems_are_one_line_each_and_survive_pickling() -> None:
    error = CardError([f"a.yaml:1: {EVIL}: x", "b.yaml:2: y: z"])
    assert len(str(error).splitlines()) == 2
    for each in (error, InputError("a\nb", "c")):
        again = pickle.loads(pickle.dumps(each))
        assert (str(again), again.problems, type(again)) == (str(each), each.problems, type(each))


@pytest.mark.parametrize(
    "words",
    [
        ["xsec", EVIL], ["xsec", "padme", "--set", f"{EVIL}=1"], ["xsec", "padme", "--set", f"model.m_a={EVIL}"],
        ["inspect", f"{EVIL}.root"], ["merge", EVIL, "-o", EVIL], ["card", "show", EVIL], ["card", "validate", "evil.yaml"],
        ["card", "validate", f"{EVIL}.yaml"], ["figure", EVIL, "-o", "x"], ["export", "hepdata", EVIL, "-o", "x"],
        ["limit", "padme", "--mass", EVIL], ["generate", "padme", "-n", "10", "-o", "x.root", "--scheduler", EVIL],
        [EVIL], ["xsec", f"--{EVIL}"], ["generate", "padme", "-n", EVIL, "-o", "x.root"], ["run", "evil.yaml", "-o", "x"],
    ],
)  # fmt: skip
def test_nothing_given_steers_a_terminal(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quoted = "".join(rf"\u{ord(letter):04x}" for letter in EVIL)
    Path("evil.yaml").write_text(
        f'schema: alphoton/process/1\nname: "{quoted}"\n"{quoted}": "{quoted}"\nevents: "{quoted}"\n'
    )
    assert run(monkeypatch, *words) != 0
    shown = capsys.readouterr()
    assert is_harmless(shown.err + shown.out)
    assert shown.err
    assert not any(line.startswith("alphoton: all is well") for line in shown.err.splitlines())
    assert "internal error" not in shown.err


def test_metadata_and_names_steer_no_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from alphoton.generators.generate import generate
    from alphoton.workflows import inspection

    folder = Path("\x1b[31m\u202eα")
    folder.mkdir()
    generate("padme", folder / "x.root", events=100)
    found = inspection.inspect(folder / "x.root")
    found.meta["command_line"] = [EVIL]
    found.meta["cards"]["process"][EVIL] = {"deep": [EVIL]}
    found.meta["versions"][EVIL] = EVIL
    found.branches[EVIL] = EVIL
    inspection.show(found)
    shown = capsys.readouterr().out
    assert is_harmless(shown)
    assert "α" in shown
    assert not any(line.strip().startswith("alphoton: all is well") for line in shown.splitlines())


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_terminals_that_know_few_letters(variables: dict[str, str]) -> None:
    environment = {**os.environ, **variables}
    for words, code in ((["xsec", "padme"], 0), (["xsec", "γαμμα"], 2)):
        ended = subprocess.run(
            [sys.executable, "-m", "alphoton.workflows.cli", *words], env=environment, capture_output=True
        )
        shown = ended.stdout + ended.stderr
        assert ended.returncode == code, shown
        assert b"internal" not in shown
        if code == 0:
            assert b"+-" in shown or b"\xb1" in shown
        else:
            assert b"gammaalphamumualpha" in shown or b"udcce" in shown  # or as bytes, where the argument is no text here


# --- more ------------------------------------------------------------------------------------------------------------


def test_cards_that_extend_each_other_thousands_of_times() -> None:
    for number in range(2000):
        Path(f"c{number}.yaml").write_text(f"schema: alphoton/process/1\nname: c{number}\nextends: c{number + 1}.yaml\n")
    Path("c2000.yaml").write_text("schema: alphoton/process/1\nname: last\nextends: padme\n")
    with (
        within(SECONDS),
        pytest.raises(CardError, match=rf"^c{MAX_BASES}.yaml:3: extends: more than {MAX_BASES} cards") as caught,
    ):
        ProcessCard.load(Path("c0.yaml"))
    assert len(caught.value.problems) == 1
    assert ProcessCard.load(Path(f"c{2002 - MAX_BASES}.yaml")).process == "annihilation"


@pytest.mark.parametrize(
    "scheduler",
    ["tls://127.0.0.1:9", "ucx://x:1", "inproc://x", "http://127.0.0.1:80", "tcp://[::1", "", "::", "tcp://", "file:///etc",
     "tcp://a b:1", "tcp://\x1b[31m:1", "a\nb", "tcp://" + "a" * 300 + ":1", "tcp://\u202e:1"],
)  # fmt: skip
def test_odd_schedulers(scheduler: str) -> None:
    pytest.importorskip("distributed")
    with within(2 * SECONDS), pytest.raises(InputError, match="an address is like tcp://host:8786"), connected(scheduler):
        pass


@pytest.mark.parametrize(
    "label", [r"$\\frac{$", "$$", "$x_$", "$" + "{" * 90 + "}" * 90 + "$", "$^$ and $y$", r"a\nb", r"\e[31m"]
)
def test_a_label_that_cannot_be_drawn_is_a_problem_of_the_card(label: str) -> None:
    Path("mine.yaml").write_text(ANALYSIS.format(curve="e137_alp_gagamma", label=label))
    with pytest.raises(CardError, match=r"^mine.yaml:7: comparison.0.label: (cannot be drawn|must be one line)"):
        AnalysisCard.load(Path("mine.yaml"))


@pytest.mark.parametrize("label", ["costs 5 $", r"$g_{a\\gamma}$ of E137", "größe", r"5 \\$ and 6 \\$"])
def test_a_label_that_can_be_drawn(label: str) -> None:
    import matplotlib.pyplot as plt

    Path("mine.yaml").write_text(ANALYSIS.format(curve="e137_alp_gagamma", label=label))
    (block,) = AnalysisCard.load(Path("mine.yaml")).comparison
    canvas = plt.figure()
    canvas.text(0, 0, block.label)
    canvas.canvas.draw()
    plt.close(canvas)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(12, "Cannot allocate memory"), "not enough memory"),
        (ImportError("x.so: failed to map segment from shared object"), "not enough memory"),
        (RuntimeError("can't start new thread"), "starts no more threads"),
    ],
)
def test_little_memory_or_threads_is_one_message(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("alphoton.generators.event_source.cross_section", fail)
    assert run(monkeypatch, "xsec", "padme") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert "internal error" not in line


def test_without_threads(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    assert run(monkeypatch, "xsec", "padme") == 0
    assert run(monkeypatch, "generate", "padme", "-n", "1000", "--workers", "2", "-o", "x.root") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no more threads" in line
    assert not Path("x.root").exists()


def test_without_shared_memory_work_is_done_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("loky.get_reusable_executor", fail)
    assert list(parallel.side_by_side(abs, [(-1,), (-2,)], 2)) == [(0, 1), (1, 2)]
    assert "Read-only file system" in caplog.text


# --- python -OO ------------------------------------------------------------------------------------------------------

PACKAGE = Path(__file__).parents[2]


def test_no_behaviour_depends_on_assert() -> None:
    """Each says what a type checker cannot see: that something is there, or of which class it is."""
    for folder in ("data", "generators", "detectors", "analysis", "workflows"):
        for file in (PACKAGE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Assert):
                    shown = ast.unparse(node.test)
                    assert shown.startswith("isinstance(") or shown.endswith(" is not None"), (
                        f"{file}:{node.lineno}: {shown}"
                    )


@pytest.mark.parametrize("words", [["--help"], ["export", "--help"], ["xsec", "--help"], ["xsec", "padme", "--json"]])
def test_without_docstrings_and_asserts(words: list[str]) -> None:
    shown = [
        subprocess.run([sys.executable, *options, "-m", "alphoton.workflows.cli", *words], capture_output=True, text=True)
        for options in ((), ("-OO",))
    ]
    assert shown[0].returncode == shown[1].returncode == 0, shown[1].stderr
    assert shown[0].stdout == shown[1].stdout


def test_a_card_of_another_kind() -> None:
    with pytest.raises(CardError, match="is a process card, not a analysis card"):
        AnalysisCard.load(ProcessCard.load("padme"))


# --- extreme numbers -------------------------------------------------------------------------------------------------

EXTREMES = ("1e-300", "1e300", "5e-324", "-0.0", "1e-40", "1e40", "0", "-1")


def numbers_of(kind: str) -> Iterator[tuple[str, str, str]]:
    """(card, dotted path, text with its unit) of every numeric key of a kind, each sort of key once."""
    seen = set()
    for name in packaged(kind):
        data = model(kind).load(name).resolved
        for path in paths(data):
            value = at(data, path) if path and path[0] != "schema" else None
            if isinstance(value, dict | list | bool | None) or other_number(value, "7") == value:
                continue
            parent = at(data, path[:-1])
            sort = parent.get("type") if isinstance(parent, dict) else None
            key = (tuple("*" if isinstance(step, int) else step for step in path), sort, str(data.get("process")))
            if key not in seen:
                seen.add(key)
                yield name, ".".join(map(str, path)), str(value)


def use(kind: str, name: str, override: str) -> None:
    """Load a card, and work out the cross-section of the quickest process."""
    card = model(kind).load(name, [override])
    if isinstance(card, ProcessCard) and card.process == "annihilation" and not isinstance(card.beams.sqrt_s, tuple):
        assert abs(cross_section(card).value) < float("inf"), (name, override)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_extreme_numbers_are_refused_or_used(kind: str) -> None:
    """A card with one is refused with its key, or what follows from it at once is finite."""
    outcomes = {"refused": 0, "used": 0}
    for name, key, value in numbers_of(kind):
        for extreme in EXTREMES:
            changed = other_number(value, extreme)
            override = f"{key}={changed if isinstance(changed, str) else extreme}"
            with within(3 * SECONDS):
                refusal = refused(lambda name=name, override=override: use(kind, name, override))
            outcomes["used" if refusal is None else "refused"] += 1
            if refusal is not None:
                placed = all(re.match(r"(override [^\n]*|[^\n]*\.yaml:\d+): \S", problem) for problem in refusal.problems)
                assert placed, (name, override, refusal.problems)
    assert min(outcomes.values()) > 3, outcomes


@pytest.mark.parametrize(
    ("card", "override", "message"),
    [
        ("padme-bethe-heitler", "photon.least_energy=1e-300 MeV", "must be at least 1e-21 eV"),
        ("padme-threephoton", "photon.least_energy=1e-300 keV", "must be at least 1e-21 eV"),
        ("na64-resonant", "energy_cut=1e-300 GeV", r"[^\n]*must be at least 100 MeV"),
        ("na64-resonant", "energy_cut=0 GeV", r"[^\n]*must be at least 100 MeV"),
        ("padme-scan", "model.m_a=1e300 MeV", r"is out of the range of numbers: must be at most 1e\+30"),
        ("padme-scan", "model.g_agamma=1e300 /GeV", r"is out of the range of numbers: must be at most 1e\+30"),
    ],
)
def test_numbers_that_no_formula_takes(card: str, override: str, message: str) -> None:
    key = override.partition("=")[0]
    with pytest.raises(CardError, match=f"^override [^\n]*: {key}: {message}"):
        ProcessCard.load(card, [override])


@pytest.mark.parametrize("override", ["counting.positrons_on_target=1e300", "counting.target.thickness=1e300 um"])
def test_an_exposure_that_overflows(override: str) -> None:
    from alphoton.workflows.chain import load_experiment

    with pytest.raises(CardError, match=r"^[^\n]*: counting\.positrons_on_target: [^\n]*it must be at most 1e\+100"):
        load_experiment("padme", [override])
