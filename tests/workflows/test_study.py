"""The verb `run`: whole, resumable, and never over somebody else's results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import uproot

from alphoton.data.card_file import package_folder, packaged
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import EventFile
from alphoton.data.grid import distinct
from alphoton.workflows import run, study
from alphoton.workflows.masses import folder_name, texts
from alphoton.workflows.workflow_card import WorkflowCard

CARD = """\
schema: alphoton/workflow/1
name: small
studies:
  - {process: padme, detector: padme, analysis: padme}
  - {process: babar, detector: babar, analysis: babar, scan: {model.m_a: [5 MeV]}}
scan: {model.m_a: {from: 5 MeV, to: 40 MeV, points: 2, spacing: log}}
events: 3000
seed: 3
figures: [limits]
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CARD)
    return path


def events_of(folder: Path) -> dict[str, list[float]]:
    """The photon energies of every event file below a folder."""
    return {
        str(path.relative_to(folder)): uproot.open(path)["Events"]["GenPart_energy"].array().to_list()
        for path in sorted(folder.rglob("events.root"))
    }


def test_run_makes_everything(card: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    found = run(card, tmp_path / "out", progress=lambda *state: done.append(state[:2]))
    assert [(row.analysis, row.mass) for row in found.rows] == [("padme", 0.005), ("babar", 0.005)]
    assert found.skipped == ("padme 40 MeV",)  # above PADME's sqrt(s) = 23.7 MeV
    for folder in ("padme/5MeV", "babar/5MeV"):
        names = {path.name for path in (tmp_path / "out" / folder).iterdir()}
        assert names == {"events.root", "reco.root", "histograms.root", "analysis.json"}
    assert json.loads((tmp_path / "out/padme/5MeV/analysis.json").read_text())["generated"] == 3000
    assert (tmp_path / "out/limits.csv").read_text().startswith("analysis,m_a_GeV,")
    assert (tmp_path / "out/limits.png").read_bytes().startswith(b"\x89PNG")
    assert done[-1] == (2, 2)


def test_a_killed_run_is_finished_by_the_same_command(card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run(card, tmp_path / "whole")
    monkeypatch.setattr(study, "from_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(card, tmp_path / "killed")
    monkeypatch.undo()
    assert not (tmp_path / "killed/limits.csv").exists()
    made = (tmp_path / "killed/padme/5MeV/events.root").stat().st_mtime_ns
    finished = run(card, tmp_path / "killed", workers=2)
    assert (tmp_path / "killed/padme/5MeV/events.root").stat().st_mtime_ns == made
    assert finished.limits.read_text() == whole.limits.read_text()
    assert events_of(tmp_path / "killed") == events_of(tmp_path / "whole")


def test_close_masses_have_results_of_their_own(tmp_path: Path) -> None:
    """Masses that agree in four digits; one of them twice, in another unit."""
    path = tmp_path / "close.yaml"
    masses = "[10.0011 MeV, 10.0014 MeV, 0.0100011 GeV, 10 MeV, 0.01 GeV]"
    path.write_text(
        "schema: alphoton/workflow/1\nname: close\nstudies: [{analysis: padme-poseydon}]\n"
        f"scan: {{model.m_a: {masses}}}\nevents: 4000\n"
    )
    found = run(path, tmp_path / "out")
    names = ["10.0011MeV", "10.0014MeV", "10MeV"]
    assert sorted(each.name for each in (tmp_path / "out/padme-poseydon").iterdir()) == names
    assert [row.mass for row in found.rows] == pytest.approx([0.0100011, 0.0100014, 0.01], rel=1e-12)
    assert len({row.g_ae.value for row in found.rows}) == 3
    for name, row in zip(names, found.rows, strict=True):
        with EventFile(tmp_path / "out/padme-poseydon" / name / "reco.root") as file:
            assert file.meta["mass"] == row.mass
    table = [line.split(",")[1] for line in found.limits.read_text().splitlines()[1:]]
    assert table == ["0.0100011", "0.0100014", "0.01"]
    again = run(path, tmp_path / "out")
    assert again.limits.read_text() == found.limits.read_text()


def test_folders_of_masses() -> None:
    """What they were where four digits are exact, and different for different masses."""
    masses = [0.02, 0.0055, 1.0, 1.5, 10.0, 1e-9, 0.0, 1.01105, 1.01145, 0.0123456789012, 0.0123456789013]
    assert [folder_name(mass) for mass in masses] == [
        *("20MeV", "5.5MeV", "1000MeV", "1500MeV", "1e+04MeV", "1e-06MeV", "0MeV"),
        *("1011.05MeV", "1011.45MeV", "12.3456789012MeV", "12.3456789013MeV"),
    ]
    rng = np.random.default_rng(1)
    close = distinct(0.01 * (1 + 1e-6 * rng.random(2000)))
    assert len({folder_name(mass) for mass in close}) == len(close) > 1900
    assert len({f"{mass * 1e3:.4g}MeV" for mass in close}) == 1  # negative control: what they were called


def test_numbers_that_would_read_the_same_get_more_digits() -> None:
    assert texts([1.01105, 1.01145, 2.0, 1.01105], 4) == ["1.0111", "1.0114", "2", "1.0111"]
    assert texts([1.0, 1.0 + 1e-11, 1.0 + 1e-14], 3) == ["1", "1.00000000001", "1"]
    assert texts([], 4) == []


def test_studies_and_processes_of_one_name_are_refused(card: Path, tmp_path: Path) -> None:
    """Results are named by them: the second would be taken for the first."""
    text = "schema: alphoton/analysis/1\nname: padme\nextends: padme\n"
    (tmp_path / "mine.yaml").write_text(text)
    two = "  - {process: padme, detector: padme, analysis: padme}\n"
    with pytest.raises(CardError, match=r"small\.yaml:\d+: studies\.1\.analysis: .*'mine\.yaml' and 'padme' are both named"):
        run(_edited(card, two, two + "  - {analysis: mine.yaml}\n"), tmp_path / "out")
    process = (package_folder() / "process" / "na64-primakoff.yaml").read_text()
    (tmp_path / "again.yaml").write_text(process)
    (tmp_path / "na.yaml").write_text(
        "schema: alphoton/analysis/1\nname: na\nextends: na64\nprocess: [na64-primakoff, again.yaml]\n"
    )
    with pytest.raises(CardError, match=r"studies\.1\.analysis: 2 process cards of 'na' are named 'na64-primakoff'"):
        run(_edited(card, two, two + "  - {analysis: na.yaml}\n"), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*/*"))


def test_another_folder_content_is_refused(card: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="something else"):
        run(card, foreign)
    run(card, tmp_path / "out")
    with pytest.raises(InputError, match="other cards"):
        run(card, tmp_path / "out", overrides=["seed=4"])
    before = events_of(tmp_path / "out")
    run(card, tmp_path / "out", overrides=["seed=4"], force=True)
    assert events_of(tmp_path / "out") != before
    with pytest.raises(InputError, match="is a file"):
        run(card, card)


def test_bad_workflow_cards(card: Path, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"small.yaml:4: studies.0.detektor: unknown key"):
        run(_edited(card, "detector: padme", "detektor: padme"), tmp_path / "out")
    with pytest.raises(CardError, match="no analysis card 'nothing'"):
        run(_edited(card, "analysis: padme", "analysis: nothing"), tmp_path / "out")
    with pytest.raises(CardError, match="scan"):
        run(_edited(card, "from: 5 MeV", "from: 50 MeV"), tmp_path / "out")
    with pytest.raises(InputError, match="no experiment reaches"):
        run(_edited(card, "[5 MeV]", "[50 GeV]", "from: 5 MeV, to: 40 MeV", "from: 30 MeV, to: 40 MeV"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _edited(card: Path, *pairs: str) -> Path:
    text = CARD
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    card.write_text(text)
    return card


@pytest.mark.parametrize("name", packaged("workflow"))
def test_packaged_workflows_are_valid(name: str) -> None:
    assert WorkflowCard.load(name).name == name


def test_monophoton_has_the_four_experiments() -> None:
    assert {study.process for study in WorkflowCard.load("monophoton").studies} == {"delphi", "babar", "belle2", "padme"}
