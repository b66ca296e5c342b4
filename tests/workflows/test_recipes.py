"""What a limit reads and imports is in its recipe, and a change of any of it is another recipe.

The limits are made in a process of their own (`read_by_limits`), which notes every file that is opened.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alphoton.data import provenance
from alphoton.data.provenance import FOLDERS, Recipe, package_folder, sources, tables
from alphoton.workflows.card_tools import model
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.provenance import LIMITS, OF_CARDS, data_files, experiment_recipe

SCRIPT = Path(__file__).with_name("read_by_limits.py")
PACKAGE = [str(package_folder(folder)) for folder in FOLDERS]


@dataclass(frozen=True)
class Read:
    """What the limits read: files opened by kind of limit, modules imported with their files, and what recipes cover."""

    kinds: dict[str, dict[str, list[str]]]
    modules: dict[str, str]
    covered: set[str]
    folder: Path

    def of_data(self, kind: str) -> set[str]:
        """The files of the package or of the user that a kind of limit opened; sources are looked at as modules."""
        places = (*PACKAGE, str(self.folder))
        opened = [path for path in self.kinds[kind]["opened"] if path.startswith(places) and Path(path).is_file()]
        return {path for path in opened if "__pycache__" not in path and not path.endswith((".py", ".pyc"))}

    def missing(self, kind: str) -> set[str]:
        """Those that are not in the recipe."""
        found = self.kinds[kind]
        return self.of_data(kind) - self.covered - {*found["files"], *found["cards"]}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    folder = tmp_path_factory.mktemp("read").resolve()
    # empty: what was trained before would be read in place of what it was made from
    environment = {**os.environ, "ALPHOTON_CACHE": str(tmp_path_factory.mktemp("trained"))}
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return Read(found["kinds"], found["modules"], set(found["covered"]), folder)


def test_every_module_that_a_limit_imports_is_in_its_recipe(read: Read) -> None:
    assert set(read.modules.values()) <= read.covered
    # the limits are of many kinds, and what is not read until then was
    some = ("workflows.energy_scan", "workflows.exchange.pyhf_limits", "generators.processes.resonant_in_cascade")
    some += ("generators.real_beams.annihilation", "analysis.beam_dump", "analysis.shape_toys", "generators.matter.cascade")
    assert {f"alphoton.{name}" for name in some} <= set(read.modules)


def test_every_file_that_a_limit_opens_is_in_its_recipe(read: Read) -> None:
    assert {kind: read.missing(kind) for kind in read.kinds} == {kind: set() for kind in read.kinds}
    assert all(read.of_data(kind) for kind in read.kinds)
    opened = {Path(path).name for kind in read.kinds for path in read.of_data(kind)}
    assert {
        "materials.csv",
        "compton_profiles.csv",
        "e137_alp_gagamma.csv",
        "padme-scan.csv",
        "own.csv",
        "own.root",
    } <= opened


def test_what_is_not_in_the_recipe_is_seen(read: Read) -> None:
    """The negative control of the two tests above."""
    few = {str(path) for path in sources("alphoton.analysis.shape").values()}
    assert not set(read.modules.values()) <= few
    assert read.of_data("own curve") - read.covered - set(read.kinds["own curve"]["cards"])  # without the card's files
    assert read.of_data("recast") - read.covered  # without its cards


class Touched:
    """Reads files for recipes, one of them as if it had changed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path: str | None = None
        read, digest = provenance._bytes, provenance.file_digest
        monkeypatch.setattr(provenance, "_bytes", lambda path: read(path) + (b"#" if str(path) == self.path else b""))
        monkeypatch.setattr(
            provenance, "file_digest", lambda path: digest(path) + ("#" if str(path.absolute()) == self.path else "")
        )


def test_a_change_of_anything_read_changes_the_recipe(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any source that was imported, and of any table."""
    touched = Touched(monkeypatch)
    before = Recipe.of(LIMITS).digest
    for path in {*read.modules.values(), *map(str, tables())}:
        touched.path = path
        assert Recipe.of(LIMITS).digest != before, path
    touched.path = str(package_folder("workflows") / "report" / "page.py")
    assert Recipe.of(LIMITS).digest == before  # the negative control: how a limit is shown
    touched.path = None
    assert Recipe.of(LIMITS).digest == before


def test_a_change_of_a_named_file_changes_the_recipe(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(read.folder)
    touched = Touched(monkeypatch)
    for name in ("own.yaml", "own-template.yaml", "e137", "padme-scan", "babar"):
        experiment = load_experiment(name)
        files = data_files(experiment.analysis)
        assert files
        before = experiment_recipe(experiment)
        for path in files:
            touched.path = str(path.absolute())
            assert experiment_recipe(experiment) != before, path
        touched.path = None
        assert experiment_recipe(experiment) == before


@pytest.mark.parametrize(
    "change",
    [
        "limit.confidence_level=0.95",
        "process.seed=7",
        "process.beams.positron_energy=540 MeV",
        "detector.modules.0.stochastic=1.9 %",
        "counting.background.templates.0.events=5",
    ],
)
def test_a_change_of_a_card_changes_the_recipe(change: str) -> None:
    overrides = ["limit.method=shape"]
    before = experiment_recipe(load_experiment("padme-vetoes", overrides))
    assert experiment_recipe(load_experiment("padme-vetoes", overrides)) == before
    assert experiment_recipe(load_experiment("padme-vetoes", [*overrides, change])) != before


def test_a_change_of_a_template_card_changes_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is named by the analysis card, and stands before the packaged one."""
    before = experiment_recipe(load_experiment("padme-vetoes", ["limit.method=shape"])).digest
    (tmp_path / "padme-twophoton.yaml").write_text("schema: alphoton/process/1\nname: mine\nextends: padme-bethe-heitler\n")
    monkeypatch.chdir(tmp_path)
    assert experiment_recipe(load_experiment("padme-vetoes", ["limit.method=shape"])).digest != before


def test_a_process_card_of_a_beam_dump_is_in_the_recipe() -> None:
    before = experiment_recipe(load_experiment("e137-events"))
    assert experiment_recipe(load_experiment("e137-events", ["process.beams.electron_energy=21 GeV"])) != before


@pytest.mark.parametrize("library", ["numpy", "llvmlite", "pyhf", "iminuit", "pydantic-core", "awkward", "gvar", "python"])
def test_a_change_of_a_library_changes_the_recipe(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of those that a library needs, and of optional ones."""
    before = Recipe.of(LIMITS)
    changed = {**before.versions, library: "another"}
    assert library in before.versions
    monkeypatch.setattr(provenance, "library_versions", lambda: changed)
    assert Recipe.of(LIMITS).digest != before.digest


@pytest.mark.parametrize("kind", ["process", "detector", "analysis", "workflow"])
def test_every_key_that_names_a_file_names_a_card_or_data(kind: str) -> None:
    """A key of data whose name is that of a kind of cards would not be in a recipe."""
    for pattern in model(kind).FILES:
        assert (pattern[-1] in OF_CARDS) == (pattern[-1] in {"process", "detector", "analysis"})
        block: Any = model(kind)
        assert pattern[0] in block.model_fields, pattern
