"""The verb `run`: whole, resumable, and never over somebody else's results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from alphoton.data import provenance
from alphoton.data.card_file import RawCard, package_folder, packaged
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import EventFile, content_digest
from alphoton.data.grid import distinct
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import generate, run, simulate, study, survey
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
    with pytest.raises(CardError, match=r"na\.yaml:4: process: 'na64-primakoff' is there 2 times"):
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


# --- what is kept is verified -----------------------------------------------------------------------------------------


ONE = CARD.replace("  - {process: babar, detector: babar, analysis: babar, scan: {model.m_a: [5 MeV]}}\n", "").replace(
    "{from: 5 MeV, to: 40 MeV, points: 2, spacing: log}", "[5 MeV]"
)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """One study at one mass."""
    path = tmp_path / "one.yaml"
    path.write_text(ONE)
    return path


def times_of(folder: Path, pattern: str = "*") -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob(pattern) if path.is_file()}


def test_a_reco_file_of_another_detector_is_refused(one: Path, tmp_path: Path) -> None:
    """The name is the same, and so are the events; only the detector card was another when it was made."""
    first = run(one, tmp_path / "out")
    folder = tmp_path / "out/padme/5MeV"
    simulate(folder / "events.root", "padme", folder / "reco.root", overrides=["modules.0.stochastic=9 %"], force=True)
    with pytest.raises(InputError, match=r"reco.root: was not made from the cards of this run; move it away"):
        run(one, tmp_path / "out")
    (folder / "reco.root").rename(tmp_path / "mine.root")
    assert run(one, tmp_path / "out").rows == first.rows
    simulate(folder / "events.root", "padme", folder / "reco.root", force=True)  # the same as the run's own
    assert run(one, tmp_path / "out").rows == first.rows


@pytest.mark.parametrize("change", [{"seed": 8}, {"point": 1}, {"overrides": ["model.m_a=6 MeV"]}])
def test_events_of_another_card_are_refused(one: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    run(one, tmp_path / "out")
    events = tmp_path / "out/padme/5MeV/events.root"
    with EventFile(events) as file:
        raw = RawCard("process", "mine.yaml", file.meta["cards"]["process"])
    generate(ProcessCard.validate_raw(raw), events, force=True, **change)
    with pytest.raises(InputError, match=r"events.root: was not made from the cards of this run"):
        run(one, tmp_path / "out")
    generate(ProcessCard.validate_raw(raw), events, force=True)  # the negative control: the same card and point
    run(one, tmp_path / "out")


def test_events_of_other_sources_are_refused(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of another version of alphoton, copied into the folder."""
    run(one, tmp_path / "out")
    events = tmp_path / "out/padme/5MeV/events.root"
    with EventFile(events) as file:
        raw = RawCard("process", "mine.yaml", file.meta["cards"]["process"])
    read = provenance._bytes
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "_bytes", lambda path: read(path) + (b"#" if path.name == "kinematics.py" else b""))
        generate(ProcessCard.validate_raw(raw), events, force=True)
    with pytest.raises(InputError, match=r"events.root: was not made from"):
        run(one, tmp_path / "out")


@pytest.mark.parametrize("name", ["materials.csv", "limits.py", "energy_scan.py", "pyhf_limits.py", "measurements.py"])
def test_a_folder_of_other_sources_is_refused(one: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(one, tmp_path / "out")
    read = provenance._bytes
    monkeypatch.setattr(provenance, "_bytes", lambda path: read(path) + (b"#" if path.name == name else b""))
    with pytest.raises(InputError, match="out: holds a run by another version of alphoton"):
        run(one, tmp_path / "out")
    before = times_of(tmp_path / "out", "*.root")
    run(one, tmp_path / "out", force=True)
    after = times_of(tmp_path / "out", "*.root")
    assert all(after[name] != before[name] for name in before)


def test_a_folder_of_another_library_is_refused(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(one, tmp_path / "out")
    versions = {**provenance.library_versions(), "numpy": "1.0"}
    monkeypatch.setattr(provenance, "library_versions", lambda: versions)
    with pytest.raises(InputError, match="out: holds a run by another version of numpy; choose another folder"):
        run(one, tmp_path / "out")


@pytest.mark.parametrize("damage", ["digit", "cut", "text", "other", "histograms", "lost"])
def test_numbers_that_are_not_what_was_written_are_made_again(one: Path, tmp_path: Path, damage: str) -> None:
    run(one, tmp_path / "out")
    folder = tmp_path / "out/padme/5MeV"
    path, histograms = folder / "analysis.json", folder / "histograms.root"
    text = path.read_text()
    numbers = json.loads(text)
    match damage:
        case "digit":
            path.write_text(text.replace(f'"selected": {numbers["selected"]}', f'"selected": {numbers["selected"] + 1}'))
        case "cut":
            path.write_text(text[: len(text) // 2])
        case "text":
            path.write_bytes(b"\xff[]")
        case "other":  # whole, of another analysis
            changed = {**numbers, "recipe": "another"}
            del changed["checksum"]
            path.write_text(study._to_json(changed))
        case "histograms":
            histograms.write_bytes(histograms.read_bytes()[:-1])
        case _:
            histograms.unlink()
    assert damage in ("histograms", "lost") or path.read_text(errors="replace") != text
    run(one, tmp_path / "out")
    again = json.loads(path.read_text())
    assert again == numbers  # ROOT writes the time into a file: the digest is that of the content
    assert again["histograms_digest"] == content_digest(histograms)
    before = times_of(tmp_path / "out/padme")
    run(one, tmp_path / "out")
    assert times_of(tmp_path / "out/padme") == before  # the negative control: what is whole is kept


def test_force_uses_nothing_that_is_there(one: Path, tmp_path: Path) -> None:
    first = run(one, tmp_path / "out")
    before = times_of(tmp_path / "out/padme")
    again = run(one, tmp_path / "out", force=True)
    after = times_of(tmp_path / "out/padme")
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    assert again.rows == first.rows


def test_force_uses_no_limit_of_the_store(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _edited(one, "figures: [limits]", "keep: limits", text=ONE)
    first = run(one, tmp_path / "out")
    asked: list[float] = []
    real = survey.precise_sample
    monkeypatch.setattr(survey, "precise_sample", lambda *given: (asked.append(given[1]), real(*given))[1])
    assert run(one, tmp_path / "out").rows == first.rows
    assert asked == []
    assert run(one, tmp_path / "out", force=True).rows == first.rows
    assert asked == [0.005]


def test_a_beam_dump_s_events_are_verified(tmp_path: Path) -> None:
    card = tmp_path / "dump.yaml"
    card.write_text(
        "schema: alphoton/workflow/1\nname: dump\nstudies: [{analysis: e137-events}]\n"
        "scan: {model.m_a: [10 MeV]}\nevents: 2000\n"
    )
    run(card, tmp_path / "out")
    (events,) = (tmp_path / "out").rglob("events.root")
    made = events.stat().st_mtime_ns
    run(card, tmp_path / "out")
    assert events.stat().st_mtime_ns == made
    generate("e137-primakoff", events, events=2000, force=True)
    with pytest.raises(InputError, match=r"events.root: was not made from the cards of this run"):
        run(card, tmp_path / "out")


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


def _edited(card: Path, *pairs: str, text: str = CARD) -> Path:
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
