"""Imports run down only, workflows -> analysis -> {generators, detectors} -> data, and every folder is installed."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "workflows": {"workflows", "analysis", "generators", "detectors", "data"},
    "analysis": {"analysis", "generators", "detectors", "data"},
    "generators": {"generators", "data"},
    "detectors": {"detectors", "data"},
    "data": {"data"},
}
MODEL = {"alphoton.generators.constants", "alphoton.generators.model", "alphoton.generators.process_card"}
"""All that the analysis takes from the generators: masses, widths, and the beams that a file must have."""


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(source: str) -> Iterator[str]:
    """The modules that a source names in its imports, wherever they stand; `from a import b` may mean a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(folder: str, source: str) -> list[str]:
    """The imports that a file in a folder may not make."""
    found = []
    for name in imported(source):
        first, _, rest = name.partition(".")
        if first == "alphoton" and rest.split(".")[0] not in MAY_IMPORT[folder]:
            found.append(name)
        if first in MAY_IMPORT:  # the bare name loads a second copy
            found.append(name)
        if folder == "analysis" and name.startswith("alphoton.generators"):
            found += [] if any(name.startswith(allowed) for allowed in MODEL) else [name]
    return found


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_imports_run_down_only(folder: str) -> None:
    assert sources(folder)
    found = {str(path.relative_to(ROOT)): offences(folder, path.read_text(encoding="utf-8")) for path in sources(folder)}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("data", "from alphoton.generators.constants import ALPHA"),
        ("detectors", "def f():\n    from alphoton.generators import kinematics"),
        ("generators", "import alphoton.detectors.smearing as s"),
        ("analysis", "from alphoton.workflows import chain"),
        ("analysis", "from alphoton import workflows"),
        ("analysis", "from alphoton.generators.event_source import EventSource"),
        ("workflows", "from analysis.limits import exposure"),
    ],
)
def test_a_forbidden_import_is_seen(folder: str, source: str) -> None:
    """The negative control of the test above."""
    assert offences(folder, source)


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("workflows", "from alphoton.generators.generate import generate"),
        ("analysis", "from alphoton.generators.constants import ELECTRON_MASS"),
        ("analysis", "from alphoton.detectors.simulate import flags"),
        ("detectors", "import numpy as np\nfrom alphoton.data.card import Card"),
    ],
)
def test_an_allowed_import_is_not(folder: str, source: str) -> None:
    assert offences(folder, source) == []


def test_every_package_on_disk_is_installed() -> None:
    """setuptools is told each package by name: one that is not listed is missing from an installed alphoton."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {path.parent for folder in MAY_IMPORT for path in sources(folder)}
    on_disk = {"alphoton." + ".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert sorted(tool["packages"]) == sorted(on_disk)
    assert tool["package-dir"] == {f"alphoton.{folder}": folder for folder in sorted(MAY_IMPORT)}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []
    assert [str(folder) for folder in folders if not (folder / "py.typed").is_file()] == []


def data_files_not_installed(package_data: dict[str, list[str]]) -> list[str]:
    """Files of the packages, besides sources and what a reader of the repository sees, that no pattern names."""
    folders = {path.parent for folder in MAY_IMPORT for path in sources(folder)}
    names = {folder: "alphoton." + ".".join(folder.relative_to(ROOT).parts) for folder in folders}
    installed = {
        path
        for folder, name in names.items()
        for pattern in package_data.get("*", []) + package_data.get(name, [])
        for path in folder.glob(pattern)
    }
    on_disk = {path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*") if path.is_file()}
    others = {path for path in on_disk if "__pycache__" in path.parts or path.suffix == ".py"}
    shown = {ROOT / "workflows" / "README.md", *(ROOT / "workflows" / "images").iterdir()}
    return sorted(str(path.relative_to(ROOT)) for path in on_disk - others - shown - installed)


def package_data() -> dict[str, list[str]]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns: dict[str, list[str]] = pyproject["tool"]["setuptools"]["package-data"]
    return patterns


def test_every_data_file_is_installed() -> None:
    assert data_files_not_installed(package_data()) == []


def test_a_data_file_that_is_not_installed_is_seen() -> None:
    assert data_files_not_installed(package_data() | {"alphoton.workflows": []}) == ["workflows/Snakefile"]
    assert "data/cards/process/padme.yaml" in data_files_not_installed(package_data() | {"alphoton.data": ["**/*.csv"]})


def test_the_versions_of_python_agree() -> None:
    """The lowest of the classifiers is what packaging tools and the linter are told."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    prefix = "Programming Language :: Python :: "
    versions = [entry.removeprefix(prefix) for entry in pyproject["project"]["classifiers"] if entry.startswith(prefix)]
    assert pyproject["project"]["requires-python"] == f">={versions[0]}"
    assert pyproject["tool"]["ruff"]["target-version"] == "py" + versions[0].replace(".", "")
    assert versions == sorted(versions, key=lambda version: int(version.removeprefix("3.")))
