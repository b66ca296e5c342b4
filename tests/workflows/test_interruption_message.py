"""What an interruption leaves: that something is kept is said where something is, and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphoton.data import event_file, output
from alphoton.generators import parts
from alphoton.workflows import cli, figure, study, survey

KEPT = "what was finished is kept, nothing unfinished is left behind"
NOTHING = "nothing was written"
WORKFLOW = """\
schema: alphoton/workflow/1
name: small
studies: [{analysis: padme}]
scan: {model.m_a: [5 MeV, 10 MeV]}
events: 3000
figures: [limits]
"""
Call = Callable[..., str]


def after(calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that works so many times, and is then interrupted."""
    left = [calls]

    def interrupted(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    return interrupted


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """What `alphoton WORDS`, which is interrupted, says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(WORKFLOW)

    def told(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["alphoton", *words])
        assert cli._run() == cli.INTERRUPTED
        (line,) = capsys.readouterr().err.splitlines()
        assert not list(tmp_path.rglob("*.part"))
        return line.removeprefix("alphoton: interrupted: ")

    return told


COMMANDS = {
    "generate": ["generate", "padme", "-o", "x.root", "-n", "2e5"],
    "limit": ["limit", "padme", "--mass", "10 MeV", "-n", "3000", "-o", "x.csv"],
    "xsec": ["xsec", "padme"],
    "run": ["run", "small.yaml", "-o", "out"],
    "figure": ["figure", "fig03", "-o", "figures"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_at_once_nothing_is_kept(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str) -> None:
    monkeypatch.setattr("alphoton.generators.event_source.EventSource.__init__", after(0, lambda: None))
    monkeypatch.setattr("alphoton.generators.event_source.Normalisation.__init__", after(0, lambda: None))
    monkeypatch.setattr(figure, "_curves", after(0, figure._curves))
    assert call(*COMMANDS[command]) == NOTHING
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".root", ".csv", ".png")]


def test_generate_within_its_only_part(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(event_file.EventWriter, "extend", after(1, event_file.EventWriter.extend))
    assert call(*COMMANDS["generate"]) == NOTHING
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_generate_in_parts(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the first part nothing is kept; in the second the first is, also for one who comes again and gets no further."""
    monkeypatch.setattr(parts, "PART", 1)
    whole = event_file.EventWriter.extend
    for finished, expected in ((0, NOTHING), (1, KEPT), (0, KEPT)):
        monkeypatch.setattr(event_file.EventWriter, "extend", after(finished, whole))
        assert call(*COMMANDS["generate"]) == expected
    assert [path.name for path in tmp_path.rglob("*.root")] == ["000000.root"]


def test_run(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The events of one mass are kept; the file that says what they were made from is no result."""
    monkeypatch.setattr(study, "generate", after(0, study.generate))
    assert call(*COMMANDS["run"]) == NOTHING
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    for finished in (1, 0):  # again, it gets no further, and what was there stays
        monkeypatch.setattr(study, "simulate", after(0, study.simulate))
        monkeypatch.setattr(study, "generate", after(finished, study.generate))
        assert call(*COMMANDS["run"]) == KEPT
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)


def test_run_of_a_survey(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = [*COMMANDS["run"], "--set", "keep=limits", "--workers", "1"]
    monkeypatch.setattr(survey, "precise_sample", after(0, survey.precise_sample))
    assert call(*words) == NOTHING
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(survey, "precise_sample", after(1, survey.precise_sample))
    assert call(*words) == KEPT
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(survey, "precise_sample", after(0, survey.precise_sample))
    assert call(*words) == KEPT


def test_figures(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are done are kept."""
    monkeypatch.setattr(figure, "expand", lambda name: ["fig03", "fig07"] if name == "all" else [name])
    monkeypatch.setattr(figure, "_curves", after(1, figure._curves))
    assert call("figure", "all", "-o", "figures") == KEPT


def test_an_earlier_command_is_none_of_this_one(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output.forget_finished()
    output.write_text(tmp_path / "earlier.txt", "done")
    assert output.finished() == [tmp_path / "earlier.txt"]
    monkeypatch.setattr("alphoton.generators.event_source.Normalisation.__init__", after(0, lambda: None))
    assert call("xsec", "padme") == NOTHING


def test_what_went_again_is_not_kept(tmp_path: Path) -> None:
    output.forget_finished()
    output.write_text(tmp_path / "a.txt", "done")
    output.write_text(tmp_path / "b.txt", "done", result=False)
    assert output.finished() == [tmp_path / "a.txt"]
    (tmp_path / "a.txt").unlink()
    assert output.finished() == []
