"""What is wrong is said in the words of who asked: arguments in Python, options on the command line."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import alphoton.data
from alphoton.data.errors import InputError
from alphoton.workflows import analyse, cli, generate, limit, merge, run, simulate
from alphoton.workflows.exchange.hepdata import write_hepdata
from alphoton.workflows.exchange.lhe import write_lhe
from alphoton.workflows.exchange.pyhf_workspace import write_pyhf
from alphoton.workflows.figure import figure
from alphoton.workflows.options import with_options

PACKAGE = Path(alphoton.data.__file__).parents[1]
OF_THE_COMMAND_LINE = {"cli.py", "export_cli.py", "options.py"}
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]+|-n)(?![\w-])")


# --- the sources -------------------------------------------------------------------------------------------------


def texts(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a module that are no docstrings, with their lines."""
    tree = ast.parse(source)
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def test_no_message_below_the_command_line_names_an_option() -> None:
    files = [
        path
        for room in ("data", "generators", "detectors", "analysis", "workflows")
        for path in (PACKAGE / room).rglob("*.py")
    ]
    assert len(files) > 100
    found = [
        (path.name, line, text)
        for path in files
        if path.name not in OF_THE_COMMAND_LINE
        for line, text in texts(path.read_text(encoding="utf-8"))
        if OPTION.search(text)
    ]
    assert found == []


def test_the_search_finds_an_option() -> None:
    """The control of the test above."""
    bad = (
        '"""Docstring with --force."""\nraise InputError(f"{path}: replace it with --force")\nwrong = "generate 5 with -n"\n'
    )
    assert sorted(line for line, text in texts(bad) if OPTION.search(text)) == [2, 3]


# --- both routes -------------------------------------------------------------------------------------------------


LOOPS = "model.radiative_coupling=momentum_dependent"
Case = tuple[Callable[[], Any], list[str], str, str]
CASES: dict[str, Case] = {
    "generate over a file": (
        lambda: generate("padme", "there.root", events=10),
        ["generate", "padme", "-o", "there.root", "-n", "10"],
        "there.root: exists already; choose another name, or replace it with force=True",
        "there.root: exists already; choose another name, or replace it with --force",
    ),
    "simulate over a file": (
        lambda: simulate("events.root", "padme", "there.root"),
        ["simulate", "events.root", "--detector", "padme", "-o", "there.root"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "histograms over a file": (
        lambda: analyse("events.root", "padme", histograms="there.root"),
        ["analyse", "events.root", "--analysis", "padme", "--histograms", "there.root"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "limits over a file": (
        lambda: limit("padme", "10 MeV", output="there.root"),
        ["limit", "padme", "--mass", "10 MeV", "-o", "there.root"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "merge over a file": (
        lambda: merge(["a.root", "b.root"], "there.root"),
        ["merge", "a.root", "b.root", "-o", "there.root"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "a figure over a file": (
        lambda: figure("fig03", "full"),
        ["figure", "fig03", "-o", "full"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "lhe over a file": (
        lambda: write_lhe("events.root", "there.root"),
        ["export", "lhe", "events.root", "-o", "there.root"],
        "or replace it with force=True",
        "or replace it with --force",
    ),
    "hepdata over a folder": (
        lambda: write_hepdata(["limits.csv"], "full"),
        ["export", "hepdata", "limits.csv", "-o", "full"],
        "or replace what it holds with force=True",
        "or replace what it holds with --force",
    ),
    "a run over a folder": (
        lambda: run("na64", "full"),
        ["run", "na64", "-o", "full"],
        "no record of a run that lists its files",
        "choose another folder, or empty this one",
    ),
    "an override with a bad value": (
        lambda: generate("padme", "x.root", overrides=["model.m_a=10"]),
        ["generate", "padme", "-o", "x.root", "--set", "model.m_a=10"],
        "override model.m_a=10: model.m_a: the unit is missing: write '10 MeV' or '10 GeV' (got '10')",
        "--set model.m_a=10: model.m_a: the unit is missing: write '10 MeV' or '10 GeV' (got '10')",
    ),
    "an override without a key": (
        lambda: limit("padme", overrides=["10 MeV"]),
        ["limit", "padme", "--set", "10 MeV"],
        "override 10 MeV: write key=value",
        "--set 10 MeV: write key=value",
    ),
    "a file elsewhere": (
        lambda: limit("elsewhere.yaml"),
        ["limit", "elsewhere.yaml"],
        "move it there, or give it with overrides=[...]",
        "move it there, or give it with --set",
    ),
    "a mass without a unit": (
        lambda: limit("padme", ["10"]),
        ["limit", "padme", "--mass", "10"],
        "mass '10': the unit is missing: write '10 MeV' or '10 GeV' (got '10')",
        "mass '10': the unit is missing: write '10 MeV' or '10 GeV' (got '10')",
    ),
    "loops without a direction": (
        lambda: limit("padme", radiative=True),
        ["limit", "padme", "--radiative"],
        "give directions with along=[...]",
        "give directions with --along",
    ),
    "loops twice": (
        lambda: limit(
            "babar",
            along={"g_agamma": 1, "g_ae": 1},
            radiative=True,
            overrides=f"process.{LOOPS}",
        ),
        ["limit", "babar", "--along", "g_agamma=1,g_ae=1", "--radiative", "--set", f"process.{LOOPS}"],
        "radiative=True: the process card's momentum-dependent loops",
        "--radiative: the process card's momentum-dependent loops",
    ),
    "another ratio of the loops": (
        lambda: limit(
            "babar",
            along={"g_ae": 1, "g_amu": 3},
            overrides=f"process.{LOOPS}",
        ),
        ["limit", "babar", "--along", "g_ae=1,g_amu=3", "--set", f"process.{LOOPS}"],
        "along=[...]: the muon's loop is in the rates",
        "--along: the muon's loop is in the rates",
    ),
    "too few events": (
        lambda: limit("padme", "10 MeV", events=100),
        ["limit", "padme", "--mass", "10 MeV", "-n", "100"],
        "a limit needs 1000; generate at least 2000",
        "a limit needs 1000; generate at least 2000",
    ),
    "threads and a scheduler": (
        lambda: generate("padme", "x.root", events=10, workers=2, scheduler="tcp://127.0.0.1:1"),
        ["generate", "padme", "-o", "x.root", "-n", "10", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
        "workers are threads here, and a scheduler has workers of its own",
        "workers are threads here, and a scheduler has workers of its own",
    ),
    "no scheduler": (
        lambda: generate("padme", "x.root", events=10, scheduler="nonsense"),
        ["generate", "padme", "-o", "x.root", "-n", "10", "--scheduler", "nonsense"],
        "scheduler=nonsense: ",
        "--scheduler nonsense: ",
    ),
    "another experiment": (
        lambda: simulate("events.root", "babar", "x.root"),
        ["simulate", "events.root", "--detector", "babar", "-o", "x.root"],
        "allow it with allow_other=True",
        "allow it with --allow-other",
    ),
    "no likelihood": (
        lambda: write_pyhf("na64", "10 MeV", "x.json"),
        ["export", "pyhf", "na64", "--mass", "10 MeV", "-o", "x.json"],
        "overrides=['limit={method: cls, confidence_level: 0.90}']",
        "--set 'limit={method: cls, confidence_level: 0.90}'",
    ),
    "the same seeds": (
        lambda: merge(["events.root", "same.root"], "x.root"),
        ["merge", "events.root", "same.root", "-o", "x.root"],
        "generate one of them with another seed",
        "generate one of them with another seed",
    ),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the cases find in their way."""
    folder = tmp_path_factory.mktemp("messages")
    (folder / "there.root").write_text("something")
    (folder / "full").mkdir()
    for name in ("fig03.png", "something"):
        (folder / "full" / name).write_text("something")
    (folder / "elsewhere.yaml").write_text(
        "schema: alphoton/analysis/1\nname: elsewhere\nprocess: /etc/passwd\ndetector: padme\n"
    )
    for name in ("events.root", "same.root"):
        generate("padme", folder / name, events=1000)
    (folder / "limits.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_both_routes(case: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    python, words, in_python, on_the_command_line = CASES[case]
    monkeypatch.chdir(files)
    with pytest.raises(InputError) as caught:
        python()
    assert in_python in str(caught.value)
    assert not OPTION.search(str(caught.value))
    monkeypatch.setattr(sys, "argv", ["alphoton", *words])
    assert cli._run() == cli.BAD_INPUT
    told = capsys.readouterr().err
    assert on_the_command_line in told
    assert not re.search(r"=True\b|=\[|\boverride\b", told)


def test_what_a_person_wrote_stays_as_it_is() -> None:
    """Only the names of arguments are put into other words, at their places."""
    for text in ("an override of mine", "mine.yaml:3: name: got 'override x'", "the force = True", "scheduler"):
        assert with_options(text) == text
    within = "mine.yaml:5: counting: no luminosity (override beams.sqrt_s=1 GeV: beams)"
    assert with_options(within) == "mine.yaml:5: counting: no luminosity (--set beams.sqrt_s=1 GeV: beams)"
    both = "override a=1: a: unknown key\noverride b=2: b: unknown key"
    assert with_options(both) == "--set a=1: a: unknown key\n--set b=2: b: unknown key"


def test_why_a_limit_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is said beside a result is put into the same words."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["alphoton", "limit", "e137", "--mass", "10 MeV"])
    assert cli._run() == 0
    told = capsys.readouterr().err
    assert "give a direction with --along" in told
    assert "=[" not in told
