"""`run` replaces and removes only what its own record lists, and no command replaces what it reads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, content_digest
from alphoton.generators import parts
from alphoton.workflows import analyse, generate, limit, merge, run, simulate, study
from alphoton.workflows.exchange.hepmc import write_hepmc
from alphoton.workflows.exchange.lhe import write_lhe
from alphoton.workflows.exchange.pyhf_workspace import write_pyhf
from alphoton.workflows.run_record import IDENTITY

CARD = """\
schema: alphoton/workflow/1
name: small
studies: [{analysis: padme}]
scan: {model.m_a: [5 MeV, 10 MeV]}
events: 2000
figures: [limits]
"""
SURVEY = CARD.replace("events: 2000", "events: 2000\nkeep: limits")
FULL = SURVEY.replace("[limits]", "[limits, fig02]\nreport: true")
"""With figures of the paper, the report and its tables for HEPData."""
ONLY_10 = ["scan={model.m_a: [10 MeV]}"]


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CARD)
    return path


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


# --- the record --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [CARD, FULL], ids=["events", "limits"])
def test_a_run_lists_what_it_made(card: Path, tmp_path: Path, text: str) -> None:
    card.write_text(text)
    run(card, tmp_path / "out")
    record = json.loads((tmp_path / "out" / IDENTITY).read_text())
    assert {*record["made"], IDENTITY} == listing(tmp_path / "out")
    assert all(record["made"].values())


def test_force_keeps_what_the_run_did_not_make(card: Path, tmp_path: Path) -> None:
    """And removes what it made, and does not make any more."""
    out = tmp_path / "out"
    run(card, out)
    foreign = ["mine.root", "padme/5MeV/mine.root", "padme/5MeV/notes/analysis.json", "other/analysis.json"]
    for name in foreign:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("precious")
    made = listing(out)
    run(card, out, overrides=ONLY_10, force=True)
    assert all((out / name).read_text() == "precious" for name in foreign)
    gone = {f"padme/5MeV/{name}" for name in ("events.root", "reco.root", "histograms.root", "analysis.json")}
    assert made - listing(out) == gone
    (out / "padme/10MeV/events.root").unlink()  # negative control: what the record lists is made again
    run(card, out, overrides=ONLY_10)


def test_a_file_that_was_changed_is_not_removed(card: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(card, out)
    (out / "padme/5MeV/analysis.json").write_text("my notes")
    generate("padme", out / "padme/5MeV/events.root", events=10, seed=77, force=True)
    run(card, out, overrides=ONLY_10, force=True)
    assert {name for name in listing(out) if "/5MeV/" in name} == {
        f"padme/5MeV/{n}" for n in ("analysis.json", "events.root")
    }


def test_what_is_there_goes_only_when_the_new_run_has_succeeded(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(card, out)
    before, table = listing(out), (out / "limits.csv").read_text()
    monkeypatch.setattr(study, "from_file", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(card, out, overrides=[*ONLY_10, "seed=5"], force=True)
    assert listing(out) == before
    assert (out / "limits.csv").read_text() == table
    monkeypatch.undo()
    found = run(card, out, overrides=[*ONLY_10, "seed=5"])  # goes on, without force, and replaces the rest
    assert not [name for name in listing(out) if "/5MeV/" in name]
    assert found.limits.read_text() == run(card, tmp_path / "new", overrides=[*ONLY_10, "seed=5"]).limits.read_text()


@pytest.mark.parametrize("record", [None, "{}", "text", '{"made": 3}', '{"made": {"x": 3}}'])
def test_a_folder_without_a_record_is_refused(card: Path, tmp_path: Path, record: str | None) -> None:
    """Also with force, and also one of version 0.1.0, which does not list its files."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.root").write_text("precious")
    if record is not None:
        (out / IDENTITY).write_text(record)
    before = {name: (out / name).read_text() for name in listing(out)}
    for force in (False, True):
        with pytest.raises(InputError, match="out: holds something else: no record of a run"):
            run(card, out, force=force)
    assert {name: (out / name).read_text() for name in listing(out)} == before


@pytest.mark.parametrize("name", ["limits.csv", "limits.pdf", "padme/10MeV/events.root", "padme/10MeV/analysis.json"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_in_the_place_of_a_result(card: Path, tmp_path: Path, name: str, kind: str) -> None:
    """One that no run listed is refused, also with force, and what a link points to stays."""
    out = tmp_path / "out"
    run(card, out, overrides=ONLY_10)
    record = json.loads((out / IDENTITY).read_text())
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (out / name).unlink()
    if kind == "link":
        (out / name).symlink_to(victim)
    else:
        (out / name).write_text("precious")
        del record["made"][name]
        (out / IDENTITY).write_text(json.dumps(record, indent=1) + "\n")
    with pytest.raises(InputError, match=f"{name}: was not made by this run, and would be replaced; move it away"):
        run(card, out, overrides=ONLY_10, force=True)
    assert (out / name).read_text() == victim.read_text() == "precious"
    (out / name).unlink()
    assert run(card, out, overrides=ONLY_10).rows


def test_a_record_that_leads_out_of_its_folder(card: Path, tmp_path: Path) -> None:
    """Who gives a folder away also writes its record: nothing beside the folder is removed, digest or not."""
    out = tmp_path / "out"
    run(card, out)
    victim = tmp_path / "victim.root"
    shutil.copy(out / "padme/5MeV/events.root", victim)
    (out / "link").symlink_to(tmp_path)
    record = json.loads((out / IDENTITY).read_text())
    for name in ("../victim.root", str(victim), "link/victim.root"):
        record["made"][name] = content_digest(victim)
    (out / IDENTITY).write_text(json.dumps(record))
    run(card, out, overrides=ONLY_10, force=True)
    assert victim.exists()
    assert not (out / "padme/5MeV").exists()  # negative control


def test_a_folder_of_a_result_that_is_a_link(card: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(card, out, overrides=ONLY_10)
    shutil.move(out / "padme", tmp_path / "elsewhere")
    (out / "padme").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="leads out of"):
        run(card, out, overrides=ONLY_10, force=True)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_store_is_a_regular_file(card: Path, tmp_path: Path, kind: str) -> None:
    card.write_text(SURVEY)
    out = tmp_path / "out"
    run(card, out)
    (out / "limits.jsonl").unlink()
    (tmp_path / "victim").write_text("precious")
    if kind == "link":
        (out / "limits.jsonl").symlink_to(tmp_path / "victim")
    else:
        os.mkfifo(out / "limits.jsonl")
    with pytest.raises(InputError, match=r"limits\.jsonl: is no regular file"):
        run(card, out)
    assert (tmp_path / "victim").read_text() == "precious"


# --- parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["link", "file", "pipe", "foreign", "marker"])
def test_parts_that_are_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The folder of unfinished parts is no link, and nothing in it is taken that no job says it made."""
    monkeypatch.setattr(parts, "PART", 1)
    output, folder, victim = tmp_path / "x.root", tmp_path / "x.root.parts", tmp_path / "victim"
    victim.mkdir()
    (victim / "000000.root").write_text("precious")
    match kind:
        case "link":
            folder.symlink_to(victim)
        case "file":
            folder.write_text("precious")
        case "pipe":
            os.mkfifo(folder)
        case "foreign":
            folder.mkdir()
            (folder / "000000.root").write_text("precious")
        case _:
            folder.mkdir()
            (folder / "identity.json").symlink_to(victim / "000000.root")
    for force in (False, True):
        with pytest.raises(InputError, match=r"x\.root\.parts"):
            generate("padme", output, events=150_000, force=force)
    assert (victim / "000000.root").read_text() == "precious"
    assert not output.exists()


def test_other_root_files_among_parts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 1)
    folder = tmp_path / "x.root.parts"
    folder.mkdir()
    for name in ("mine.root", "000001.root.part"):
        (folder / name).write_text("precious")
    (folder / "000001.root.0123456789abcdef.part").symlink_to(folder / "mine.root")
    generate("padme", tmp_path / "x.root", events=150_000, force=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(
        ("mine.root", "000001.root.part", "000001.root.0123456789abcdef.part"), "precious"
    )


def test_a_link_in_the_place_of_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 1)
    victim = tmp_path / "victim"
    victim.write_text("precious")

    def failing(done: int, _: int) -> None:
        if done > 100_000:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        generate("padme", tmp_path / "x.root", events=150_000, progress=failing)
    (tmp_path / "x.root.parts" / "000001.root").symlink_to(victim)
    with pytest.raises(InputError, match=r"000001\.root: is no part but a link"):
        generate("padme", tmp_path / "x.root", events=150_000)
    assert victim.read_text() == "precious"


# --- what is read is not replaced --------------------------------------------------------------------------------

OWN = "schema: alphoton/{kind}/1\nname: mine\nextends: padme\n"
Command = Callable[[Path, Path], Any]
COMMANDS: dict[str, tuple[str, Command]] = {
    "generate, card": ("process.yaml", lambda read, out: generate(read, out, events=10, force=True)),
    "simulate, events": ("events.root", lambda read, out: simulate(read, "padme", out, force=True)),
    "simulate, card": ("detector.yaml", lambda read, out: simulate(read.parent / "events.root", read, out, force=True)),
    "analyse, reco": ("reco.root", lambda read, out: analyse(read, "padme", histograms=out, force=True)),
    "analyse, card": (
        "analysis.yaml",
        lambda read, out: analyse(read.parent / "reco.root", read, histograms=out, force=True),
    ),
    "limit, card": ("analysis.yaml", lambda read, out: limit(read, "10 MeV", events=1000, output=out, force=True)),
    "limit, base": ("base.yaml", lambda read, out: limit(read.parent / "based.yaml", "10 MeV", output=out, force=True)),
    "merge": ("events.root", lambda read, out: merge([read, read.parent / "second.root"], out, force=True)),
    "merge, second": ("second.root", lambda read, out: merge([read.parent / "events.root", read], out, force=True)),
    "export lhe": ("events.root", lambda read, out: write_lhe(read, out, force=True)),
    "export hepmc": ("events.root", lambda read, out: write_hepmc(read, out, force=True)),
    "export pyhf": ("analysis.yaml", lambda read, out: write_pyhf(read, "10 MeV", out, events=1000, force=True)),
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    generate("padme", folder / "events.root", events=500)
    generate("padme", folder / "second.root", events=500, seed=2)
    simulate(folder / "events.root", "padme", folder / "reco.root")
    for kind in ("process", "detector", "analysis"):
        (folder / f"{kind}.yaml").write_text(OWN.format(kind=kind))
    (folder / "base.yaml").write_text(OWN.format(kind="analysis"))
    (folder / "based.yaml").write_text("schema: alphoton/analysis/1\nname: based\nextends: base.yaml\n")
    return folder


@pytest.mark.parametrize("alias", ["same", "symbolic", "hard", "read by a link", "by a folder"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_replaces_what_it_reads(inputs: Path, tmp_path: Path, name: str, alias: str) -> None:
    for path in inputs.iterdir():
        shutil.copy(path, tmp_path)
    file, command = COMMANDS[name]
    read = output = tmp_path / file
    match alias:
        case "symbolic":
            output = tmp_path / f"link{read.suffix}"
            output.symlink_to(read)
        case "hard":
            output = tmp_path / f"link{read.suffix}"
            output.hardlink_to(read)
        case "read by a link":
            output = tmp_path / f"real{read.suffix}"
            read.rename(output)
            read.symlink_to(output)
        case "by a folder":
            output = tmp_path / "x" / ".." / file
            (tmp_path / "x").mkdir()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(InputError, match="is a file that is to be read"):
        command(read, output)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


# --- the same files ----------------------------------------------------------------------------------------------

KILLED = """\
import sys
from alphoton.workflows import run
run(sys.argv[1], sys.argv[2], workers=2)
"""


def content(folder: Path) -> dict[str, Any]:
    """Of every file: the bytes, or, of a ROOT file, which has dates, the checksums of its branches or its histograms."""
    return {name: _content(folder / name) for name in sorted(listing(folder))}


def _content(path: Path) -> Any:
    if path.suffix != ".root":
        return path.read_bytes()
    if path.name == "histograms.root":
        return content_digest(path)
    with EventFile(path) as file:
        return file._checksums["Events"], file._checksums["Runs"]


@pytest.mark.parametrize(
    ("text", "wait_for"),
    [
        (FULL, "limits.jsonl"),
        (FULL, "figures/fig02.png"),
        *((CARD, name) for name in (IDENTITY, "padme/5MeV/events.root", "padme/10MeV/reco.root")),
    ],
)
def test_the_same_files_after_a_kill(card: Path, tmp_path: Path, text: str, wait_for: str) -> None:
    """Every file that `run` writes, its record among them: workflow.json, text, PNG, PDF and ROOT."""
    card.write_text(text)
    run(card, tmp_path / "whole")
    time.sleep(1.1)  # a date with seconds would differ
    killed = tmp_path / "killed"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(card), str(killed)]) as process:
        deadline = time.monotonic() + 100
        while not (killed / wait_for).exists():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.kill()
    run(card, killed)
    assert content(killed) == content(tmp_path / "whole")
    assert {path.suffix for path in killed.rglob("*.*")} >= {".json", ".csv", ".png", ".pdf"}
    run(card, tmp_path / "other", overrides=["seed=9"])  # negative control
    assert all(content(tmp_path / "other")[name] != content(killed)[name] for name in ("limits.csv", IDENTITY))


def test_files_carry_no_date(card: Path, tmp_path: Path) -> None:
    run(card, tmp_path / "out")
    assert b"CreationDate" not in (tmp_path / "out" / "limits.pdf").read_bytes()
