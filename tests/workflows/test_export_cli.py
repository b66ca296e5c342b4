"""`alphoton export`: each command writes what its function does, and says what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alphoton.workflows import generate, limit
from alphoton.workflows.cli import app

RUN = CliRunner()


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("events") / "events.root"
    generate("padme", path, events=50)
    return path


@pytest.mark.parametrize(("kind", "start"), [("lhe", "<LesHouchesEvents"), ("hepmc", "HepMC::Version")])
def test_events(kind: str, start: str, events: Path, tmp_path: Path) -> None:
    path = tmp_path / f"events.{kind}"
    told = RUN.invoke(app, ["export", kind, str(events), "-o", str(path)])
    assert told.exit_code == 0, told.output
    assert "50 events" in told.output
    assert path.read_text().startswith(start)
    again = RUN.invoke(app, ["export", kind, str(events), "-o", str(path)])
    assert again.exit_code != 0
    assert "exists already" in str(again.exception)
    found = json.loads(RUN.invoke(app, ["export", kind, str(events), "-o", str(path), "--force", "--json"]).stdout)
    assert found["events"] == 50


def test_hepdata(tmp_path: Path) -> None:
    table = tmp_path / "limits.csv"
    limit("padme-poseydon", ["5 MeV", "10 MeV"], events=3000, output=table)
    told = RUN.invoke(app, ["export", "hepdata", str(table), "-o", str(tmp_path / "hepdata")])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "hepdata" / "submission.yaml").is_file()


def test_pyhf(tmp_path: Path) -> None:
    path = tmp_path / "workspace.json"
    words = ["export", "pyhf", "delphi", "--mass", "10 MeV", "--coupling", "g_ae", "-n", "4000", "-o", str(path)]
    told = RUN.invoke(app, words)
    assert told.exit_code == 0, told.output
    assert "25.46 signal events" in told.output  # at 61 observed over 49 +- 4.9, arXiv:2012.07894, section 3.1
    assert json.loads(path.read_text())["observations"][0]["data"] == [61]
    refused = RUN.invoke(app, ["export", "pyhf", "babar", "--mass", "10 MeV", "-o", str(tmp_path / "other.json")])
    assert refused.exit_code != 0
    assert "babar" in str(refused.exception)
