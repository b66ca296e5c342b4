"""What a card says and hardly means draws a warning; half events that were observed are refused."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.card_file import packaged, read
from alphoton.data.card_paths import KINDS
from alphoton.data.errors import CardError, CardWarning
from alphoton.detectors.detector_card import DetectorCard
from alphoton.workflows import cli, generate, limit, simulate
from alphoton.workflows.card_tools import model

DETECTOR = """\
schema: alphoton/detector/1
name: mine
extends: padme
modules:
  - {type: energy_resolution, stochastic: 5.7, constant: 1 %}
  - {type: efficiency, value: 95 %}
"""
TOLD = "mine.yaml:5: modules.0.stochastic: 5.7 is 570 % of an energy of 1 GeV; if '5.7 %' is meant, write that"
Call = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The code of `alphoton WORDS` and what it says on stderr, beside a detector card of one's own and events."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(DETECTOR)
    (tmp_path / "scan.yaml").write_text(
        "schema: alphoton/workflow/1\nname: scan\nstudies: [{analysis: padme, detector: mine.yaml}]\n"
        "scan: {model.m_a: [5 MeV, 10 MeV]}\nevents: 3000\n"
    )
    generate("padme", "events.root", events=1000)

    def run(*words: str) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["alphoton", *words])
        return cli._run(), capsys.readouterr().err.splitlines()

    return run


COMMANDS = {
    "validate": ["card", "validate", "mine.yaml"],
    "simulate": ["simulate", "events.root", "--detector", "mine.yaml", "-o", "reco.root"],
    "limit": ["limit", "padme", "--set", "detector=mine.yaml", "--mass", "5 MeV", "--mass", "10 MeV", "-n", "3000"],
    "run": ["run", "scan.yaml", "-o", "out"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_tells_it_once(call: Call, command: str) -> None:
    code, told = call(*COMMANDS[command])
    assert code == 0
    assert [line for line in told if "warning" in line] == [f"alphoton: warning: {TOLD}"]


def test_an_override_has_its_place(call: Call) -> None:
    words = ["simulate", "events.root", "--detector", "padme", "-o", "reco.root", "--set", "modules.0.constant=3"]
    code, told = call(*words)
    assert code == 0
    assert told == [
        "alphoton: warning: --set modules.0.constant=3: modules.0.constant: 3 is 300 % of an energy of 1 GeV; "
        "if '3 %' is meant, write that"
    ]


def test_other_warnings_stay_as_they_are(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_call", lambda: warnings.warn("something else", UserWarning, stacklevel=1) or 0)
    with pytest.warns(UserWarning, match="something else"):
        assert call("xsec", "padme") == (0, [])


def test_python_warns(call: Call) -> None:
    with pytest.warns(CardWarning, match=TOLD):
        DetectorCard.load("mine.yaml")
    with pytest.warns(CardWarning, match=TOLD):
        simulate("events.root", "mine.yaml", "reco.root")
    with pytest.warns(CardWarning, match=TOLD):
        limit("padme", "10 MeV", events=3000, overrides="detector=mine.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_no_packaged_card_warns(kind: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in packaged(kind):
            model(kind).load(name)
    assert caught == []


def resolution(term: str) -> list[str]:
    """What is told of a term of the resolution."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DetectorCard.load("padme", [f"modules.0={{type: energy_resolution, {term}}}"])
    return [str(each.message).partition(": modules.0.")[2] for each in caught]


def test_which_resolutions_are_hardly_meant() -> None:
    """More than 100 % at 1 GeV; an energy may be as large as it is, for beams of hundreds of GeV."""
    assert resolution("constant: 2") == ["constant: 2 is 200 % of an energy of 1 GeV; if '2 %' is meant, write that"]
    assert resolution("noise: 101 %") == ["noise: 101 % is 101 % of an energy of 1 GeV"]
    assert resolution("stochastic: '5.7'") != []
    for term in ("stochastic: 100 %", "stochastic: 1", "stochastic: 5.7 %", "noise: 3 GeV", "formula: '5.7 / sqrt(energy)'"):
        assert resolution(term) == []
    assert len(resolution("stochastic: 2, noise: 3, constant: 4")) == 3


@pytest.mark.parametrize(
    ("name", "override", "key"),
    [
        ("delphi", "counting.background={events: 49, error: 500 %}", "counting.background.error"),
        ("babar", "recast.background={events: 49, error: 500 %, per_luminosity: 1 /fb}", "recast.background.error"),
        ("padme-vetoes", "counting.background.templates.0.error=5", "counting.background.templates.0.error"),
        ("padme-scan", "scan.common_error=5", "scan.common_error"),
    ],
)
def test_relative_errors_of_backgrounds(name: str, override: str, key: str) -> None:
    more = ["recast.luminosity=1 /fb"] if "recast" in override else []
    with pytest.warns(CardWarning, match=rf"override .*: {key}: 5\S* ?%? is 500 % of the background"):
        AnalysisCard.load(name, [override, *more])


def test_an_error_in_events_is_no_share() -> None:
    """The control of the test above: 500 events."""
    assert AnalysisCard.load("delphi", ["counting.background.error=500"]).counting is not None


# --- whole counts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cls", "bayesian", "poisson", "feldman_cousins"])
def test_half_an_event_is_not_observed(method: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    packaged_card = read("analysis", "delphi")
    path.write_text(Path(packaged_card.origin).read_text())
    line = packaged_card.place(("counting", "observed")).rpartition(":")[2]
    path.write_text(path.read_text().replace("observed: 61", "observed: 2.5").replace("method: cls", f"method: {method}"))
    with pytest.raises(CardError) as caught:
        AnalysisCard.load(path)
    assert caught.value.problems == [
        f"{path}:{line}: counting.observed: '{method}' counts whole events: write 2 or 3, or leave it out for the limit to "
        "expect; got 2.5"
    ]
    for whole in ("3", "3.0", "3e0", "0"):
        assert AnalysisCard.load(path, [f"counting.observed={whole}"]).counting is not None


def test_where_nothing_is_counted_it_does_not_matter() -> None:
    overrides = ["counting.observed=2.5", "limit={method: fixed, signal_events: 2.3}"]
    assert AnalysisCard.load("delphi", overrides).counting is not None


def test_nor_are_half_events_in_bins() -> None:
    overrides = ["limit.method=shape", "counting.bins.number=3", "counting.bins.observed=[1, 2.5, 3.5]"]
    with pytest.raises(CardError) as caught:
        AnalysisCard.load("padme-vetoes", overrides)
    keys = [problem.split(": ")[1] for problem in caught.value.problems]
    assert keys == ["counting.bins.observed.1", "counting.bins.observed.2"]
    assert AnalysisCard.load("padme-vetoes", overrides[:1] + overrides[1:2] + ["counting.bins.observed=[1, 2.0, 3]"])
