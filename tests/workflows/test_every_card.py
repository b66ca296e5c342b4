"""Every packaged card through every verb and export: each works, or is refused with a message that names both sides."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyhepmc
import pylhe
import pytest
import yaml
from typer.testing import CliRunner

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.card_file import package_folder, packaged
from alphoton.data.errors import InputError
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.cli import app
from alphoton.workflows.workflow_card import WorkflowCard

EVENTS = 40
SMALLER = {"delphi-nunugamma": ["beams.sqrt_s=[200 GeV, 206 GeV]", "beams.luminosity=[1 /pb, 2 /pb]"]}
"""Two energies in place of ten, each of which would have a grid of its own."""
MASS = {"na64-resonant": "250 MeV", "padme-scan": "17 MeV"}
"""Where 10 MeV is not made."""
RUN = CliRunner()


@dataclass(frozen=True)
class Said:
    """What a command printed, or the message with which it was refused."""

    output: str
    refusal: str = ""


def said(*words: str | Path) -> Said:
    """Run a command. What is neither success nor a refusal, as a `KeyError`, is raised."""
    result = RUN.invoke(app, [str(word) for word in words])
    if isinstance(result.exception, InputError):
        return Said("", str(result.exception))
    if result.exception is not None:
        raise result.exception
    assert "internal error" not in result.output
    assert "Traceback" not in result.output
    return Said(result.stdout)


def done(*words: str | Path) -> str:
    """What a command printed that must not be refused."""
    found = said(*words)
    assert not found.refusal, found.refusal
    return found.output


def overrides(keys: Sequence[str]) -> list[str]:
    return [word for key in keys for word in ("--set", key)]


def refused_with(message: str, *sides: Sequence[str]) -> None:
    """A refusal names every side, by one of the words that it is known by."""
    for words in sides:
        assert any(word in message for word in words), (words, message)


def shown_and_valid(kind: str, name: str) -> None:
    path = package_folder() / kind / f"{name}.yaml"
    assert done("card", "show", kind, name) == path.read_text(encoding="utf-8")
    assert f"{kind} card '{name}' is valid" in done("card", "validate", path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("every-card")


@pytest.fixture(scope="module")
def events(folder: Path) -> Callable[..., Path]:
    """The event file of a process card and a seed, made once."""

    def made(name: str, seed: int = 1) -> Path:
        path = folder / f"{name}-{seed}.root"
        if not path.exists():
            words = ["generate", name, "-o", path, "-n", EVENTS, "--seed", seed, "--json", *overrides(SMALLER.get(name, ()))]
            found = json.loads(done(*map(str, words)))
            assert found["events"] == EVENTS
            assert found["cross_section_pb"] > 0
        return path

    return made


@pytest.fixture(scope="module")
def reco(folder: Path, events: Callable[..., Path]) -> Callable[[str, str], Path | str]:
    """The reco file of a process and a detector card, made once; or the message with which it was refused."""
    known: dict[tuple[str, str], Path | str] = {}

    def made(process: str, detector: str) -> Path | str:
        if (process, detector) not in known:
            path = folder / f"{process}-{detector}.reco.root"
            found = said("simulate", events(process), "--detector", detector, "-o", path, "--json", "--allow-other")
            known[process, detector] = found.refusal or path
        return known[process, detector]

    return made


# --- process cards -----------------------------------------------------------------------------------------------------


def balanced(particles: Sequence[tuple[int, Sequence[float]]]) -> None:
    """Two particles come in (1), and have the four-momentum of what goes out (-1)."""
    incoming = [momentum for sign, momentum in particles if sign == 1]
    outgoing = [momentum for sign, momentum in particles if sign == -1]
    assert len(incoming) == 2
    total, left = np.sum(incoming, axis=0), np.sum(outgoing, axis=0)
    assert np.abs(total - left).max() < 3e-15 * total[3]


def check_lhe(path: Path, count: int, section: float) -> None:
    file = pylhe.LHEFile.fromfile(path, generator=False)
    assert len(file.events) == count
    assert file.init.procInfo[0].xSection == pytest.approx(section, rel=1e-14)
    assert np.mean([event.eventinfo.weight for event in file.events]) == pytest.approx(section, rel=1e-12)
    for event in file.events:
        signs = {-1: 1, 1: -1, 2: 0}
        balanced([(signs[p.status], (p.px, p.py, p.pz, p.e)) for p in event.particles])


def check_hepmc(path: Path, count: int, section: float) -> None:
    with pyhepmc.open(str(path)) as file:
        found = list(file)
    assert len(found) == count
    assert np.mean([event.weights[0] for event in found]) == pytest.approx(section, rel=1e-12)
    for event in found:
        assert event.cross_section.xsec() == pytest.approx(section, rel=1e-8)
        assert event.cross_section.accepted_events == count <= event.cross_section.attempted_events
        assert len(event.beams) == 2
        signs = {4: 1, 1: -1, 2: 0}
        momenta = [(p.momentum.px, p.momentum.py, p.momentum.pz, p.momentum.e) for p in event.particles]
        balanced([(signs[p.status], momentum) for p, momentum in zip(event.particles, momenta, strict=True)])


CHECKS = {"lhe": check_lhe, "hepmc": check_hepmc}


@pytest.mark.parametrize("name", packaged("process"))
def test_process_card(name: str, events: Callable[..., Path], tmp_path: Path) -> None:
    """Cross-section, events of two seeds, merged, inspected, and exported; with the text and the JSON of each verb."""
    shown_and_valid("process", name)
    few = overrides(SMALLER.get(name, ()))
    section = json.loads(done("xsec", name, "--json", *few))
    assert math.isclose(section["cross_section_pb"], sum(section["components_pb"].values()), rel_tol=1e-9)
    assert "cross-section" in done("xsec", name, *few)
    one, two, both = events(name), events(name, 2), tmp_path / "both.root"
    assert json.loads(done("merge", one, two, "-o", both, "--json"))["events"] == 2 * EVENTS
    assert "cross-section" in done("merge", one, two, "-o", both, "--force")
    for path, count in ((one, EVENTS), (both, 2 * EVENTS)):
        found = json.loads(done("inspect", path, "--json"))
        assert found["events"] == count
        assert abs(found["cross_section_pb"] - section["cross_section_pb"]) < 1e-2 * section["cross_section_pb"]
        assert found["meta"]["trials"] >= count
        assert name in done("inspect", path)
        held = found["cross_section_pb"] * found["meta"]["decay_fraction"]
        for kind, check in CHECKS.items():
            output = tmp_path / f"{path.stem}.{kind}"
            exported = json.loads(done("export", kind, path, "-o", output, "--json"))
            assert exported["events"] == count
            assert exported["cross_section_pb"] == pytest.approx(held, rel=1e-14)
            check(output, count, held)
            assert f"{count} events" in done("export", kind, path, "-o", output, "--force")


def test_an_unbalanced_event_is_seen() -> None:
    """Negative control of the check above."""
    one, other = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, -1.0, 1.0)
    balanced([(1, one), (1, other), (-1, one), (-1, other)])
    for wrong in ([(1, one), (-1, one)], [(1, one), (1, other), (-1, one), (-1, (1e-14, 0.0, -1.0, 1.0))]):
        with pytest.raises(AssertionError):
            balanced(wrong)


# --- detector cards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", packaged("detector"))
def test_detector_card(
    name: str, events: Callable[..., Path], reco: Callable[[str, str], Path | str], tmp_path: Path
) -> None:
    """Behind it the events of every process card; a reco file of two seeds is merged, inspected and exported."""
    shown_and_valid("detector", name)
    for process in packaged("process"):
        found = reco(process, name)
        if isinstance(found, str):
            refused_with(found, [name], [process, str(events(process))])
            continue
    first, second, both = tmp_path / "first.root", tmp_path / "second.root", tmp_path / "both.root"
    assert "pass_invisible" in done("simulate", events("padme"), "--detector", name, "-o", first, "--allow-other")
    done("simulate", events("padme", 2), "--detector", name, "-o", second, "--allow-other")
    done("merge", first, second, "-o", both)
    shown = json.loads(done("inspect", both, "--json"))
    assert shown["events"] == 2 * EVENTS
    assert {"MissingMass2", "pass_invisible"} <= shown["branches"].keys()
    for kind in CHECKS:
        assert json.loads(done("export", kind, both, "-o", tmp_path / kind, "--json"))["events"] == 2 * EVENTS


# --- analysis cards ----------------------------------------------------------------------------------------------------


def one_of_each_process() -> list[str]:
    """The first packaged card of every process."""
    found: dict[str, str] = {}
    for name in packaged("process"):
        found.setdefault(ProcessCard.load(name).process, name)
    return [*found.values()]


@pytest.mark.parametrize("name", packaged("analysis"))
def test_analysis_card(name: str, reco: Callable[[str, str], Path | str], tmp_path: Path) -> None:
    """It selects the events of its own process cards, and those of any other process or refuses them."""
    shown_and_valid("analysis", name)
    card = AnalysisCard.load(name)
    own = [card.process] if isinstance(card.process, str) else card.process
    for process in own:
        file = reco(process, card.detector)
        assert "generated" in done("analyse", file, "--analysis", name, "--histograms", tmp_path / f"{process}.root")
        assert (tmp_path / f"{process}.root").is_file()
    for process in {*own, *one_of_each_process()}:
        for detector in {card.detector, "padme"} if process in own else {card.detector}:
            file = reco(process, detector)
            if isinstance(file, str):
                refused_with(file, [detector], [process])
                continue
            experiments = {ProcessCard.load(process).experiment, DetectorCard.load(detector).experiment} - {None}
            for allowed in ((), ("--allow-other",)):
                found = said("analyse", file, "--analysis", name, "--json", *allowed)
                assert found.refusal or allowed or experiments <= {card.experiment}
                if found.refusal:
                    assert process not in own or detector != card.detector, found.refusal
                    refused_with(found.refusal, [name], [process, detector, str(file)])
            if found.refusal:
                continue
            numbers = json.loads(found.output)
            assert numbers["generated"] == EVENTS
            assert 0 <= numbers["efficiency"] <= 1


@pytest.mark.parametrize("name", packaged("analysis"))
def test_limits_of_analysis_card(name: str, tmp_path: Path) -> None:
    """Its limit at a mass, and that for HEPData and pyhf."""
    mass, table = MASS.get(name, "10 MeV"), tmp_path / "limits.csv"
    found = json.loads(done("limit", name, "--mass", mass, "-n", "2500", "-o", table, "--json"))
    assert [row["analysis"] for row in found["limits"]] == [name]
    record = tmp_path / "record"
    assert "tables" in done("export", "hepdata", table, "-o", record)
    _, document = yaml.safe_load_all((record / "submission.yaml").read_text())
    keywords = {each["name"]: each["values"] for each in document["keywords"]}
    processes = load_experiment(name).processes
    assert len(keywords["reactions"]) == len({process.process for process in processes})
    assert ("cmenergies" in keywords) == (
        name in ("babar", "belle2-20fb", "belle2-50ab", "delphi") or (name.startswith("padme") and name != "padme-scan")
    )
    for coupling in ("g_agamma", "g_ae"):
        workspace = tmp_path / f"{coupling}.json"
        written = said("export", "pyhf", name, "--mass", mass, "--coupling", coupling, "-n", "2500", "-o", workspace)
        if written.refusal:
            refused_with(written.refusal, [f"{name}.yaml", f"{name},"], ["pyhf", "likelihood", coupling])
            assert not workspace.exists()
        else:
            assert str(workspace) in written.output
            measurement = json.loads(workspace.read_text())["measurements"][0]  # pyhf itself has built it
            assert measurement["config"]["poi"] == "mu"
            assert measurement["name"].startswith(coupling)
    counts = {path.name for path in tmp_path.glob("*.json")}
    assert bool(counts) == (name in ("delphi", "padme", "padme-vetoes"))


@pytest.mark.filterwarnings("ignore::alphoton.data.errors.CardWarning")  # of another experiment, or a lower energy cut
@pytest.mark.parametrize("name", packaged("analysis"))
def test_limits_with_other_processes(name: str) -> None:
    """A limit from any process is a number, or is refused with a message that names the analysis or the process."""
    numbers = []
    for process in one_of_each_process():
        found = said(
            "limit", name, "--mass", MASS.get(name, "10 MeV"), "-n", "2500", "--json", "--set", f"process={process}"
        )
        if found.refusal:
            refused_with(found.refusal, [name, process])
        else:
            numbers.append(process)
            assert json.loads(found.output)["limits"][0]["analysis"] == name
    assert len(numbers) < len(one_of_each_process())  # some are of no use


# --- workflow cards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", packaged("workflow"))
def test_workflow_card(name: str, tmp_path: Path) -> None:
    """A run at one mass, without the figures of the paper and the report, and its limits for HEPData."""
    shown_and_valid("workflow", name)
    studies = WorkflowCard.load(name).studies
    smaller = [f"studies.{index}.scan={{model.m_a: [10 MeV]}}" for index in range(len(studies))]
    words = overrides([*smaller, "events=2500", "figures=[limits]", "report=false"])
    found = json.loads(done("run", name, "-o", tmp_path / name, "--workers", "1", "--json", *words))
    assert {row["analysis"] for row in found["limits"]} == {study.analysis for study in studies}
    done("export", "hepdata", found["limits_csv"], "-o", tmp_path / "record")
    tables = list(yaml.safe_load_all((tmp_path / "record" / "submission.yaml").read_text()))[1:]
    assert len(tables) == len(studies)
    assert all("reactions" in {each["name"] for each in table["keywords"]} for table in tables)


# --- all of them -------------------------------------------------------------------------------------------------------


def test_the_cards_reach_every_process() -> None:
    """Else a process without a packaged card would be in no test of this file."""
    from alphoton.generators.processes import NAMES

    assert {ProcessCard.load(name).process for name in packaged("process")} == {*NAMES}
