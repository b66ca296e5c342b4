"""Cards name files where cards are kept, and nowhere else: no way out by `..`, by an absolute path, or through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.card_file import read
from alphoton.data.card_paths import MARKERS, beside, data_file, leaves
from alphoton.data.errors import CardError
from alphoton.workflows.card_tools import validate_file
from alphoton.workflows.workflow_card import WorkflowCard

ANALYSIS = """\
schema: alphoton/analysis/1
name: mine
process: {process}
detector: padme
recast: {{curve: {curve}, limit_column: epsilon_90CL, process: {reference}}}
comparison:
  - {{curve: {comparison}, column: y, label: x}}
"""
USUAL = {
    "process": "padme",
    "curve": "babar_2017_invisible_darkphoton",
    "reference": "padme-darkphoton",
    "comparison": "e137_alp_gagamma",
}
KEYS = {"process": "process", "curve": "recast.curve", "reference": "recast.process", "comparison": "comparison.0.curve"}
LINES = {"process": 3, "curve": 5, "reference": 5, "comparison": 7}


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of cards, beside a working folder, and files elsewhere."""
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)
    for name in ("work", "cards", "elsewhere"):
        (tmp_path / name).mkdir()
    for name in ("secret.csv", "secret.yaml", "secret"):
        (tmp_path / "elsewhere" / name).write_text("secret: 42\n")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "cards"


def analysis(folder: Path, **changed: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(ANALYSIS.format(**{**USUAL, **changed}))
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    try:
        AnalysisCard.load(path, overrides)
    except CardError as error:
        return error.problems
    return []


def test_what_is_usual_is_allowed(cards: Path) -> None:
    assert problems(analysis(cards)) == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "name",
    [
        "../elsewhere/secret.csv",
        "../elsewhere/secret",
        "../elsewhere/secret.yaml",
        "../../../../../../../../../etc/passwd",
        "/etc/passwd",
        "/etc/absent",
        "sub/../../elsewhere/secret.csv",
    ],
)
def test_ways_out(cards: Path, key: str, name: str) -> None:
    (cards / "sub").mkdir()
    path = analysis(cards, **{key: name})
    (problem,) = problems(path)
    assert problem.startswith(f"{path}:{LINES[key]}: {KEYS[key]}: '{name}' lies outside the card's own folder, the working")
    assert problem.endswith("move it there, or give it with overrides=[...]")
    with pytest.raises(CardError, match="lies outside"):
        validate_file(path)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("link", ["secret.csv", "secret.yaml", "folder/secret.csv"])
def test_links_are_followed(cards: Path, key: str, link: str) -> None:
    elsewhere = cards.parent / "elsewhere"
    if "/" in link:
        (cards / "folder").symlink_to(elsewhere)
    else:
        (cards / link).symlink_to(elsewhere / link)
    (problem,) = problems(analysis(cards, **{key: link}))
    assert f"'{link}' lies outside" in problem


def test_a_link_in_a_circle(cards: Path) -> None:
    (cards / "round.csv").symlink_to(cards / "round.csv")
    assert problems(analysis(cards, curve="round.csv")) == []  # no file: the loader says so
    assert leaves(str(cards / "round.csv"), [cards / "mine.yaml"]) in (True, False)


def test_what_is_inside_is_allowed(cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the card, in the working folder, in $ALPHOTON_CARDS, and by any spelling that ends there."""
    (cards / "own.csv").touch()
    (tmp_path / "work" / "near.csv").touch()
    for name in ("own.csv", "../cards/own.csv", str(cards / "own.csv"), "near.csv", "../work/near.csv", "absent.csv"):
        assert problems(analysis(cards, curve=name)) == []
    (cards / "link.csv").symlink_to(tmp_path / "work" / "near.csv")
    assert problems(analysis(cards, curve="link.csv")) == []
    assert problems(analysis(cards, curve="../elsewhere/secret.csv")) != []
    monkeypatch.setenv("ALPHOTON_CARDS", str(tmp_path / "elsewhere"))
    assert problems(analysis(cards, curve="../elsewhere/secret.csv")) == []
    assert problems(analysis(cards, curve="secret.csv")) == []


def test_what_a_person_sets_is_allowed(cards: Path) -> None:
    path = analysis(cards)
    name = "../elsewhere/secret.csv"
    assert problems(path, f"recast.curve={name}") == []
    assert problems(path, f"comparison=[{{curve: {name}, column: y, label: x}}]") == []
    assert problems(analysis(cards, curve=name), f"recast.curve={USUAL['curve']}") == []
    (problem,) = problems(analysis(cards, curve=name), f"comparison.0.curve={name}")
    assert "recast.curve" in problem


def test_all_problems_are_told_together(cards: Path) -> None:
    path = analysis(cards, curve="/etc/passwd", comparison="/etc/passwd")
    path.write_text(path.read_text() + "masse: 3\n")
    found = problems(path)
    assert len(found) == 3
    assert "masse" in found[0]


def test_several_processes(cards: Path) -> None:
    (problem,) = problems(analysis(cards, process="[padme, /etc/passwd]"))
    assert ": process.1: '/etc/passwd' lies outside" in problem


def test_workflows(cards: Path) -> None:
    path = cards / "flow.yaml"
    path.write_text(
        "schema: alphoton/workflow/1\nname: flow\nstudies:\n"
        "  - {analysis: ../elsewhere/secret.yaml, process: /etc/passwd, detector: ../elsewhere/secret.yaml}\n"
    )
    with pytest.raises(CardError) as caught:
        WorkflowCard.load(path)
    keys = [problem.split(": ")[1] for problem in caught.value.problems]
    assert keys == ["studies.0.analysis", "studies.0.process", "studies.0.detector"]


@pytest.mark.parametrize("marker", MARKERS)
def test_a_card_may_name_files_of_its_own_project(
    cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    """In a folder beside its own, wherever the person is; not above the project, not by a link out of it."""
    monkeypatch.setenv("HOME", str(tmp_path))  # a project may lie in it
    root = tmp_path / "mine"
    for name in ("one/deep", "two"):
        (root / name).mkdir(parents=True)
    for name in ("two/other.csv", "one/other.csv"):
        (root / name).touch()
    path = analysis(root / "one/deep", curve="../../two/other.csv", comparison="../other.csv")
    assert len(problems(path)) == 2  # no marker, no project
    (root / marker).mkdir() if marker == ".git" else (root / marker).touch()
    assert problems(path) == []
    assert problems(analysis(root / "one/deep", curve=str(root / "two/other.csv"))) == []
    for name in ("../../../elsewhere/secret.csv", "/etc/passwd", "../../../absent.csv", str(cards / "x.csv")):
        (problem,) = problems(analysis(root / "one/deep", curve=name))
        assert f"'{name}' lies outside" in problem
    (root / "two/link.csv").symlink_to(tmp_path / "elsewhere/secret.csv")
    assert len(problems(analysis(root / "one/deep", curve="../../two/link.csv"))) == 1
    (root / "two/folder").symlink_to(tmp_path / "elsewhere")
    assert len(problems(analysis(root / "one/deep", curve="../../two/folder/secret.csv"))) == 1


def test_a_project_ends_where_a_nearer_one_begins(tmp_path: Path) -> None:
    """A card that brings a marker of its own, as a downloaded folder may, gets no more than that folder."""
    inner = tmp_path / "mine" / "downloaded"
    inner.mkdir(parents=True)
    (tmp_path / "mine" / "alphoton.root").touch()
    (tmp_path / "mine" / "own.csv").touch()
    assert problems(analysis(inner, curve="../own.csv")) == []
    (inner / ".git").mkdir()
    assert len(problems(analysis(inner, curve="../own.csv"))) == 1


def test_the_home_folder_is_no_project(cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where it is kept in git; nor is what lies above it."""
    (tmp_path / ".git").mkdir()
    path = analysis(cards, curve="../elsewhere/secret.csv")
    assert problems(path) == []
    for home in (tmp_path, tmp_path / "users" / "me"):
        monkeypatch.setenv("HOME", str(home))
        assert len(problems(path)) == 1
    monkeypatch.setenv("HOME", str(tmp_path / "work"))  # below the marked folder
    assert len(problems(path)) == 1


def test_a_shared_folder_is_no_project(cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may have put the marker there."""
    (tmp_path / "alphoton.root").touch()
    path = analysis(cards, curve="../elsewhere/secret.csv")
    assert problems(path) == []
    tmp_path.chmod(0o777)
    assert len(problems(path)) == 1
    tmp_path.chmod(0o700)
    assert problems(path) == []
    monkeypatch.setattr(os, "getuid", lambda: -5)  # everything is somebody else's
    assert len(problems(path)) == 1


@pytest.mark.parametrize("folder", ["--set x", "override x", "override recast.curve=x", "overrides=[...]"])
def test_a_folder_named_like_an_override_is_no_way_out(cards: Path, tmp_path: Path, folder: str) -> None:
    """What a person gave is known by more than a text that somebody else may choose."""
    (tmp_path / folder).mkdir()
    (problem,) = problems(analysis(tmp_path / folder, curve="../elsewhere/secret.csv"))
    assert "recast.curve: '../elsewhere/secret.csv' lies outside" in problem


@pytest.mark.parametrize("folder", ["--set x", "override x"])
def test_nor_is_one_in_the_working_folder(cards: Path, tmp_path: Path, folder: str) -> None:
    """Its cards are named by a relative path, which begins with the folder's name."""
    (Path() / folder).mkdir()
    (problem,) = problems(analysis(Path(folder), curve="../../elsewhere/secret.csv"))
    assert problem.startswith(f"{folder}/mine.yaml:5: recast.curve: ")


@pytest.mark.parametrize("beside", [True, False])
def test_a_base_is_no_way_out(cards: Path, tmp_path: Path, beside: bool) -> None:
    """A base is a name, and a link beside the card or in the working folder is followed."""
    elsewhere = tmp_path / "elsewhere" / "base.yaml"
    elsewhere.write_text("schema: alphoton/process/1\nname: base\n")
    place = cards if beside else tmp_path / "work"
    (place / "base.yaml").symlink_to(elsewhere)
    path = cards / "mine.yaml"
    path.write_text(f"schema: alphoton/process/1\nname: mine\nextends: {'base.yaml' if beside else 'base'}\n")
    with pytest.raises(CardError, match=r"mine.yaml:3: extends: 'base.*' lies outside the card's own folder"):
        read("process", path)
    (place / "base.yaml").unlink()
    elsewhere.rename(place / "base.yaml")
    assert read("process", path).data["name"] == "mine"


def test_a_base_may_name_what_lies_beside_it(cards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that counts is that of the file in which the key stands."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "own.csv").touch()
    analysis(shared, curve=str(shared / "own.csv")).rename(shared / "base.yaml")
    path = cards / "mine.yaml"
    path.write_text("schema: alphoton/analysis/1\nname: mine\nextends: base\n")
    monkeypatch.setenv("ALPHOTON_CARDS", str(shared))
    assert problems(path) == []


@pytest.mark.parametrize("name", ["x" * 5000, "a/" * 3000, "nul\\0", "~/secret", "\\ud800"])
def test_strange_names(cards: Path, name: str) -> None:
    """They are names of no file, and that is said when one is needed; nothing fails here."""
    found = problems(analysis(cards, curve=f'"{name}"'))
    assert len(found) <= 1


# --- cards that are links ----------------------------------------------------------------------------------------


def test_a_link_to_a_card_finds_what_lies_beside_its_target(cards: Path, tmp_path: Path) -> None:
    """Curves, processes and bases; what lies beside the link comes first, and nothing else is opened."""
    shared, links = tmp_path / "shared", tmp_path / "links"
    shared.mkdir()
    links.mkdir()
    (shared / "own.csv").touch()
    (shared / "process.yaml").write_text("schema: alphoton/process/1\nname: mine\nextends: padme\n")
    (shared / "base.yaml").write_text((analysis(shared, curve="own.csv", process="process.yaml")).read_text())
    (shared / "mine.yaml").write_text("schema: alphoton/analysis/1\nname: mine\nextends: base.yaml\n")
    link, second = links / "link.yaml", links / "second.yaml"
    link.symlink_to(shared / "mine.yaml")
    second.symlink_to(link)
    for path in (shared / "mine.yaml", link, second):
        assert problems(path) == []
        assert Path(beside(path, "process.yaml")).resolve() == shared / "process.yaml"
        assert data_file(path, "own.csv").resolve() == shared / "own.csv"
    (links / "own.csv").touch()
    assert data_file(link, "own.csv") == links / "own.csv"
    analysis(shared, curve="../elsewhere/secret.csv")
    (problem,) = problems(link)
    assert "recast.curve: '../elsewhere/secret.csv' lies outside" in problem


def test_a_link_beside_a_card_opens_no_folder(cards: Path, tmp_path: Path) -> None:
    """Only the file in which a key is written counts: not what else is a link, nor where a link in its folder leads."""
    (cards / "link.yaml").symlink_to(tmp_path / "elsewhere" / "secret.yaml")
    (problem,) = problems(analysis(cards, curve="../elsewhere/secret.csv"))
    assert "lies outside" in problem
    (cards / "secret.csv").symlink_to(tmp_path / "elsewhere" / "secret.csv")
    (problem,) = problems(analysis(cards, curve="secret.csv"))
    assert "lies outside" in problem
    (cards / "circle.yaml").symlink_to(cards / "circle.yaml")
    assert problems(cards / "circle.yaml")
