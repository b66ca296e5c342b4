"""Recipes: the sources that a module can import, as a syntax tree has them, and what it costs to know them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphoton.data import provenance
from alphoton.data.errors import InputError
from alphoton.data.provenance import (
    FOLDERS,
    ContentCache,
    Recipe,
    digest_of,
    file_digest,
    files_digest,
    library_versions,
    package_folder,
    sources,
    tables,
)

LIMITS = "alphoton.workflows.survey"
ALL = {f"alphoton.{folder}.*" for folder in FOLDERS}
MODULES = sources(*ALL)
NAMED_ELSEWHERE = {
    "alphoton.generators.cluster": "the module of a process or a kernel that is imported already, and an optional library",
    "alphoton.workflows": "one of the modules that the same file names",
    "alphoton.workflows.card_tools": "one of the modules that the same file names",
    "alphoton.workflows.exchange.libraries": "an optional library",
}
"""The modules that import by a name which does not stand there, and what it is."""


def for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All that a program may run."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not for_types(child):
            yield from run_time(child)


def run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """What loading a module runs."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not for_types(child) and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from run_at_once(child)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """The modules of alphoton that statements import, without those of packages that they are in."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & MODULES.keys() or {str(node.module)}
    return found & MODULES.keys()


def scanned(text: str, *, at_once: bool) -> set[str]:
    """The same by the patterns that recipes use."""
    imports = [each for each in provenance._imports(text) if each.at_once or not at_once]
    return {name for each in imports for name, _ in provenance._targets(each, MODULES)}


@pytest.mark.parametrize("name", MODULES)
def test_no_import_is_overlooked(name: str) -> None:
    text = MODULES[name].read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert imported(run_time(tree)) <= scanned(text, at_once=False)
    assert imported(run_at_once(tree)) <= scanned(text, at_once=True)


def test_patterns_and_syntax_tree_see_imports() -> None:
    """The negative control of the test above, and what is left out."""
    text = """\
from typing import TYPE_CHECKING
import alphoton.data.grid as g, alphoton.data.card  # both
from alphoton.data import (
    errors,  # with a comment
    locks as l,
)
if TYPE_CHECKING:
    from alphoton.workflows import study

    import alphoton.workflows.cli
def f():
    from alphoton.data.merge import merge
    return import_module(f"alphoton.generators.real_beams.{name}"), 'alphoton.data.output', "alphoton.nothing"
"""
    tree = ast.parse(text)
    at_once = {f"alphoton.data.{name}" for name in ("grid", "card", "errors", "locks")}
    assert scanned(text, at_once=True) == imported(run_at_once(tree)) == at_once
    assert imported(run_time(tree)) == at_once | {"alphoton.data.merge"}
    by_name = {name for name in MODULES if name.startswith("alphoton.generators.real_beams.")} | {"alphoton.data.output"}
    assert scanned(text, at_once=False) == imported(run_time(tree)) | by_name


def by_name(name: str) -> list[ast.Call]:
    """The calls of `import_module` in a module whose argument does not begin with the name of a package."""
    calls = []
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        argument = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
        text = str(argument.value) if isinstance(argument, ast.Constant) else ""
        if called in ("import_module", "__import__") and text.count(".") < 2:
            calls.append(node)
    return calls


def test_every_import_by_name_is_followed() -> None:
    assert {name for name in MODULES if by_name(name)} == NAMED_ELSEWHERE.keys()
    texts = {name: MODULES[name].read_text(encoding="utf-8") for name in MODULES}
    assert sum(text.count("import_module(") for text in texts.values()) >= 8


def test_what_limits_can_import() -> None:
    found = sources(LIMITS)
    names = ("survey", "chain", "energy_scan", "backgrounds", "measurements", "exchange.pyhf_limits", "exchange.pyhf_shapes")
    assert {f"alphoton.workflows.{name}" for name in names} <= found.keys()
    assert {name for name in MODULES if name.startswith("alphoton.generators.")} <= found.keys()
    assert "alphoton.data.provenance" in found
    # how a result is drawn or reported changes no limit: passing through a package runs none of its functions
    assert not [name for name in found if ".report" in name or ".figures" in name or name.endswith((".cli", ".study"))]
    assert sources(LIMITS) == dict(sorted(found.items()))


def test_other_beginnings() -> None:
    own = {"alphoton.data", "alphoton.data.errors", "alphoton.data.printable"}
    assert sources("alphoton.data.errors").keys() == own
    assert sources("alphoton.workflows.report.make").keys() >= {"alphoton.workflows.report.claims_padme", LIMITS}
    assert sources("alphoton.workflows.figures.fig02").keys() >= {"alphoton.workflows.figures.base"}
    assert sources("alphoton.nothing") == {}
    assert {name for name in MODULES if "generators.processes." in name} <= sources("alphoton.generators.generate").keys()


def test_tables_and_files(tmp_path: Path) -> None:
    names = {path.name for path in tables()}
    assert {"materials.csv", "compton_profiles.csv", "moments.csv", "padme-scan.csv", "e137_alp_gagamma.csv"} <= names
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    digests = {files_digest([("one", one), ("two", two)]), files_digest([("one", two), ("two", one)]), files_digest([])}
    assert len(digests) == 3
    assert file_digest(one) != file_digest(two)
    assert file_digest(tmp_path / "three") == "missing"


def test_a_recipe_is_plain_data_and_knows_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("1,2\n")
    recipe = Recipe.of("alphoton.data.errors", cards={"process": {"name": "x"}}, files=[path], seed=1)
    assert recipe.digest == digest_of(json.loads(json.dumps(recipe.as_dict())))
    same = Recipe.of("alphoton.data.errors", cards={"process": {"name": "x"}}, files=[path], seed=1)
    assert same == recipe
    path.write_text("1,3\n")
    others = [
        Recipe.of("alphoton.data.errors", cards={"process": {"name": "x"}}, files=[path], seed=1),
        Recipe.of("alphoton.data.errors", cards={"process": {"name": "y"}}, files=[path], seed=1),
        Recipe.of("alphoton.data.errors", cards={"process": {"name": "y"}}, files=[path], seed=2),
        Recipe.of("alphoton.data.locks", cards={"process": {"name": "y"}}, files=[path], seed=2),
    ]
    assert len({recipe.digest, *(each.digest for each in others)}) == 5


def test_libraries_are_those_of_the_package() -> None:
    found = library_versions()
    assert found["alphoton"] == "0.1.0"
    assert {"python", "numpy", "llvmlite", "gvar", "pyhf", "iminuit", "pydantic-core", "awkward-cpp", "dask"} <= found.keys()
    assert not {"pytest", "mypy", "ruff"} & found.keys()  # of developers
    import numpy as np

    assert found["numpy"] == np.__version__


def test_it_is_cheap() -> None:
    """A recipe in a new process, in its own time: below 50 ms on a quiet machine."""
    code = """\
import time
from alphoton.data.provenance import Recipe
start = time.process_time()
Recipe.of("alphoton.workflows.survey")
print(time.process_time() - start)
"""
    times = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        times.append(float(done.stdout))
    assert min(times) < 0.05
    start = time.process_time()
    for _ in range(10):
        Recipe.of(LIMITS)
    assert time.process_time() - start < 0.3


def test_results_in_memory_are_found_by_content() -> None:
    cache: ContentCache[int] = ContentCache(2)
    made: list[str] = []

    def get(key: str) -> int:
        def make() -> int:
            made.append(key)
            return len(made)

        return cache.get(key, make)

    assert [get(key) for key in ("a", "a", "b", "a", "c", "a", "b")] == [1, 1, 2, 1, 3, 1, 4]  # b was not used for longest
    with pytest.raises(InputError):
        cache.get("d", lambda: (_ for _ in ()).throw(InputError("bad")))
    assert get("a") == 1


def test_nothing_is_imported_for_a_recipe() -> None:
    code = f"import sys\nfrom alphoton.data.provenance import Recipe\nRecipe.of('{LIMITS}')\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.split() if name.startswith("alphoton.")]
    assert names == ["alphoton.data", "alphoton.data.provenance"]
    assert package_folder("data").name == "data"
