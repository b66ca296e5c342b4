"""What stays in memory between calls is found by its content, never by the name of a card or a file.

Every cache is on the list below with what it is found by. A new one fails here until it is on it.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alphoton.data.provenance import FOLDERS, package_folder, sources
from alphoton.data.published_file import find
from alphoton.generators.jit import cache_folder
from alphoton.generators.matter import bound_electrons, materials
from alphoton.generators.matter.bound_electrons import bound_in
from alphoton.generators.matter.materials import material
from alphoton.workflows import analyse, generate, limit, simulate
from alphoton.workflows.report import claims_delphi
from alphoton.workflows.report.expected_events import generated

CONTENT = "content"
"""A digest of cards and files, or their text, is the key."""
NUMBERS = "numbers"
"""A function of numbers, arrays, and words of its own: nothing outside changes its result."""
OBJECT = "object"
"""Of an object that does not change and is made anew from its file or card by each verb."""
PROCESS = "process"
"""Of what is imported, which stays what it is while a process runs, and of paths of the system."""
RECORD = "record"
"""No cache: it says what this process has written, or does when a signal ends it."""

LIST = {
    "alphoton.analysis.selection.EventView._photon": OBJECT,
    "alphoton.analysis.selection.EventView._true_photon": OBJECT,
    "alphoton.analysis.selection.EventView.out_of_reach": OBJECT,
    "alphoton.analysis.statistics._log_likelihood": NUMBERS,
    "alphoton.analysis.templates.Templates.scale": OBJECT,
    "alphoton.data.card._dotted_keys": PROCESS,
    "alphoton.data.event_file.EventFile.groups": OBJECT,
    "alphoton.data.event_file.Jagged.counts": OBJECT,
    "alphoton.data.event_file.Jagged.events": OBJECT,
    "alphoton.data.kept_files._warned": RECORD,
    "alphoton.data.output._finished": RECORD,
    "alphoton.data.provenance._imports": CONTENT,
    "alphoton.data.provenance.library_versions": PROCESS,
    "alphoton.data.signals._tidying": RECORD,
    "alphoton.data.signals._watching": RECORD,
    "alphoton.data.signals._what_is_left": RECORD,
    "alphoton.generators.cluster.unpack": CONTENT,
    "alphoton.generators.jit._cache_folder": PROCESS,
    "alphoton.generators.jit.fingerprint": PROCESS,
    "alphoton.generators.jit.private": PROCESS,
    "alphoton.generators.matter.bound_electrons._of_atom": CONTENT,
    "alphoton.generators.matter.bound_electrons._parsed": CONTENT,
    "alphoton.generators.matter.cascade_table.packed": NUMBERS,
    "alphoton.generators.matter.materials._parsed": CONTENT,
    "alphoton.generators.trained._made_by": PROCESS,
    "alphoton.workflows.backgrounds.Backgrounds.binned": OBJECT,
    "alphoton.workflows.backgrounds.Backgrounds.templates": OBJECT,
    "alphoton.workflows.backgrounds._templates": CONTENT,
    "alphoton.workflows.chain.Experiment.background_table": OBJECT,
    "alphoton.workflows.chain.Experiment.backgrounds": OBJECT,
    "alphoton.workflows.chain.Experiment.exposures": OBJECT,
    "alphoton.workflows.report.claims_bfactories._pair": CONTENT,
    "alphoton.workflows.report.claims_delphi._delphi": CONTENT,
    "alphoton.workflows.report.claims_delphi._efficiencies": CONTENT,
    "alphoton.workflows.report.claims_padme._photons": CONTENT,
    "alphoton.workflows.report.expected_events.generated": CONTENT,
    "alphoton.workflows.report.neutrino_background.choice": CONTENT,
    "alphoton.workflows.report.real_beams._numbers": CONTENT,
    "alphoton.workflows.report.real_beams.effect": CONTENT,
}
BY_NAME = re.compile(r"Card|Path|Experiment|Any")
"""Types of parameters that `functools` may not find results by: a card or a file can change under its name."""
CONTENTS = {"text", "packed"}
"""Names of parameters that are the content itself."""
KEYED = {"by_content", "ContentCache"}
"""These take a digest of contents for the key."""
MUTABLE = {"dict", "list", "set", "OrderedDict", "defaultdict", "WeakKeyDictionary", "WeakValueDictionary", "deque"}
MUTATORS = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "extend", "insert", "remove"}


def name_of(node: ast.expr) -> str:
    """The last word of what is called or named."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def decorated(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """(name, function, decorator) of the functions whose results are kept, also within classes and functions."""
    for node in ast.iter_child_nodes(tree):
        inner = f"{prefix}.{node.name}" if isinstance(node, ast.FunctionDef | ast.ClassDef) else prefix
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if "cache" in name_of(decorator) or name_of(decorator) in KEYED:
                    yield inner, node, name_of(decorator)
        yield from decorated(node, inner)


def changed_globals(tree: ast.Module) -> set[str]:
    """Names of a module that its functions change."""
    names = {
        name_of(target)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    all_changed: set[str] = set()
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        changed: set[str] = set()
        own: set[str] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                own |= {*node.names}
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                changed.add(node.value.id if isinstance(node.value, ast.Name) else "")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
                changed.add(node.func.value.id if isinstance(node.func.value, ast.Name) else "")
        local = {arg.arg for arg in ast.walk(function) if isinstance(arg, ast.arg)}
        local |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        all_changed |= own | (changed - local)
    return all_changed & names - {""}


def held(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, kind) of the objects of a module that keep results: what is a cache, or empty at first, or changed."""
    changed = changed_globals(tree)
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        value = node.value
        elements = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [None])
        called = name_of(value) if isinstance(value, ast.Call) else ""
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if "Cache" in called or (called in MUTABLE and not value.args) or not elements or name_of(target) in changed:  # type: ignore[attr-defined]
                yield name_of(target), called


def caches(module: str, text: str) -> dict[str, tuple[str, str]]:
    """The caches of a module by name: what makes them one, and the parameters of the function."""
    tree = ast.parse(text)
    found = {name: (kind, ast.unparse(node.args)) for name, node, kind in decorated(tree, module)}
    return found | {f"{module}.{name}": (kind, "") for name, kind in held(tree)}


FOUND = {
    name: each
    for module, path in sources(*(f"alphoton.{folder}.*" for folder in FOLDERS)).items()
    for name, each in caches(module, path.read_text(encoding="utf-8")).items()
}


def test_every_cache_is_on_the_list() -> None:
    assert FOUND.keys() == LIST.keys()


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found_by_what_the_list_says(name: str) -> None:
    kind, parameters = FOUND[name]
    if kind in ("cache", "lru_cache"):
        assert not BY_NAME.search(parameters)
        of_content = any(parameter.partition(":")[0].strip() in CONTENTS for parameter in parameters.split(","))
        assert of_content == (LIST[name] == CONTENT)
    elif kind == "cached_property":
        assert (LIST[name], parameters) == (OBJECT, "self")
    else:
        assert (kind in KEYED and LIST[name] == CONTENT) or LIST[name] == RECORD


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("@cache\ndef f(card: ProcessCard): ...", "m.f"),
        ("@functools.lru_cache(maxsize=4)\ndef f(path: Path): ...", "m.f"),
        ("class A:\n    @cached_property\n    def f(self): ...", "m.A.f"),
        ("def g():\n    @cache\n    def f(): ...", "m.g.f"),
        ("_made: dict[str, int] = {}", "m._made"),
        ("_made = dict()", "m._made"),
        ("_made = OrderedDict()", "m._made"),
        ("_made = [1]\ndef f(x):\n    _made.append(x)", "m._made"),
        ("_made = {1: 2}\ndef f(x):\n    _made[x] = 1", "m._made"),
        ("_last = None\ndef f(x):\n    global _last\n    _last = x", "m._last"),
        ("_made = ContentCache(4)", "m._made"),
        ("@by_content(4)\ndef f(card: str): ...", "m.f"),
    ],
)
def test_a_new_cache_is_seen(source: str, name: str) -> None:
    """The negative control of the first test."""
    assert caches("m", source).keys() == {name}


@pytest.mark.parametrize(
    "source",
    [
        "Row = dict[str, int]",
        "NAMES = {1: 2}\ndef f():\n    return NAMES[1]",
        "names = [1]\ndef f(names):\n    names.append(2)",
        "names = [1]\ndef f():\n    names = []\n    names.append(2)",
        "@dataclass\nclass A:\n    x: list[int] = field(default_factory=list)",
    ],
)
def test_what_keeps_nothing_is_not(source: str) -> None:
    assert caches("m", source) == {}


# --- what is edited between two calls --------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, where cards and curves are found before the packaged ones."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rewritten(path: Path, text: str | bytes) -> None:
    """Write a file as if within one tick of the clock, and of the same size: neither tells that it changed."""
    before = path.stat()
    content = text.encode() if isinstance(text, str) else text
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_card_edited_between_two_limits(here: Path) -> None:
    card = here / "mine.yaml"
    card.write_text("schema: alphoton/analysis/1\nname: mine\nextends: padme\ncounting: {background: {error: 100}}\n")
    first, again = (limit("mine", ["10 MeV"], events=4000).rows[0] for _ in range(2))
    assert first == again
    rewritten(card, card.read_text().replace("error: 100", "error: 900"))
    assert limit("mine", ["10 MeV"], events=4000).rows[0].g_ae.value > 1.2 * first.g_ae.value


def test_a_curve_edited_between_two_limits(here: Path) -> None:
    """Also one that stands before the packaged one of the same name."""
    name = "babar_2017_invisible_darkphoton"
    first = limit("babar", ["10 MeV"], events=4000).rows[0].g_agamma.value
    curve = here / f"{name}.csv"
    text = find(name).read_text(encoding="utf-8")
    curve.write_text(text)
    assert limit("babar", ["10 MeV"], events=4000).rows[0].g_agamma.value == first
    rewritten(curve, text.replace("0.000948", "0.001896"))
    assert limit("babar", ["10 MeV"], events=4000).rows[0].g_agamma.value == pytest.approx(2 * first, rel=1e-9)


def test_points_of_a_scan_edited_between_two_limits(here: Path) -> None:
    (here / "mine.yaml").write_text(
        "schema: alphoton/analysis/1\nname: mine\nextends: padme-scan\nscan: {points: points.csv}\n"
    )
    points = here / "points.csv"
    points.write_bytes((package_folder("data") / "cards/analysis/padme-scan.csv").read_bytes())
    first = limit("mine", ["17 MeV"]).rows[0].g_ae.value
    lines = points.read_text(encoding="utf-8").splitlines(keepends=True)
    (top,) = (number for number, line in enumerate(lines) if line.startswith("beam_energy_MeV"))
    column = lines[top].strip().split(",").index("efficiency")

    def halved(line: str) -> str:
        cells = line.split(",")
        cells[column] = f"{float(cells[column]) / 2:.12f}"[: len(cells[column])].ljust(len(cells[column]))
        return ",".join(cells)

    rewritten(points, "".join([*lines[: top + 1], *map(halved, lines[top + 1 :])]))
    assert limit("mine", ["17 MeV"]).rows[0].g_ae.value > 1.2 * first


def test_a_template_file_edited_between_two_limits(here: Path) -> None:
    """Other events of the same size, within one tick of the clock."""
    card = here / "mine.yaml"
    card.write_text(
        "schema: alphoton/analysis/1\nname: mine\nextends: padme-vetoes\nlimit: {method: shape}\n"
        "counting:\n  background: {templates: [{file: mine.root}]}\n  bins: {range: [-60 MeV^2, 510 MeV^2], number: 6}\n"
    )
    recos = []
    for seed in (1, 2):
        generate("padme-bethe-heitler", f"{seed}.root", events=20_000, seed=seed)
        simulate(f"{seed}.root", "padme-vetoes", f"reco{seed}.root")
        recos.append((here / f"reco{seed}.root").read_bytes())
    size = max(map(len, recos))
    one, two = (reco + bytes(size - len(reco)) for reco in recos)  # what is behind the end of a ROOT file is not read
    (here / "mine.root").write_bytes(one)

    def value() -> float:
        return limit("mine", ["12 MeV"], events=4000).rows[0].g_ae.value

    first = value()
    assert value() == first
    rewritten(here / "mine.root", two)
    assert value() != first
    rewritten(here / "mine.root", one)
    assert value() == first


def test_a_reco_file_edited_between_two_analyses(here: Path) -> None:
    generate("padme", "events.root", events=4000)
    simulate("events.root", "padme", "reco.root")
    first = analyse("reco.root", "padme")
    assert analyse("reco.root", "padme") == first
    simulate("events.root", "padme", "reco.root", seed=9, force=True)
    assert analyse("reco.root", "padme").selected != first.selected


@pytest.mark.parametrize("name", ["padme-twophoton", "mine"])
def test_a_process_card_edited_between_two_reports(here: Path, name: str) -> None:
    """The name is that of a packaged card, or of one that such a card extends."""
    base = "schema: alphoton/process/1\nname: {}\nextends: padme-bethe-heitler\nevents: 1000\nseed: {}\n"
    card = here / f"{name}.yaml"
    card.write_text(base.format(name, 1))
    if name == "mine":
        (here / "padme-twophoton.yaml").write_text("schema: alphoton/process/1\nname: two\nextends: mine.yaml\n")
    first = generated("padme-twophoton")
    assert generated("padme-twophoton") is first
    rewritten(card, base.format(name, 2))
    assert generated("padme-twophoton") is not first
    rewritten(card, base.format(name, 1))
    assert generated("padme-twophoton") is first


def test_efficiencies_of_an_edited_detector_card(here: Path) -> None:
    """Of the report's claims, which name cards in their code."""
    first = claims_delphi._efficiencies(trigger=True)["photon"].value
    (here / "delphi.yaml").write_text(
        "schema: alphoton/detector/1\nname: delphi\nextends: base\nabsorbs: false\n"
        "---\nschema: alphoton/analysis/1\nname: delphi\nextends: more\n"
    )
    folder = package_folder("data") / "cards"
    (here / "base.yaml").write_text((folder / "detector" / "delphi.yaml").read_text(encoding="utf-8"))
    (here / "more.yaml").write_text((folder / "analysis" / "delphi.yaml").read_text(encoding="utf-8"))
    assert claims_delphi._efficiencies(trigger=True)["photon"].value == first
    text = (here / "base.yaml").read_text(encoding="utf-8")
    assert "efficiency: 84 %" in text
    rewritten(here / "base.yaml", text.replace("efficiency: 84 %", "efficiency: 42 %"))
    assert claims_delphi._efficiencies(trigger=True)["photon"].value == pytest.approx(first / 2, rel=0.05)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("materials.csv", lambda: material("lead").radiation_length),
        ("compton_profiles.csv", lambda: float(bound_in("carbon").binding[0])),
    ],
)
def test_a_packaged_table_edited(table: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(package_folder("data") / table, tmp_path / table)
    for module in (materials, bound_electrons):
        monkeypatch.setattr(module, "package_data", lambda: tmp_path)
    if table != "materials.csv":
        shutil.copy(package_folder("data") / "materials.csv", tmp_path)
    first = value()
    assert value() == first
    lines = (tmp_path / table).read_text(encoding="utf-8").splitlines(keepends=True)
    changed = []
    for line in lines:
        cells = line.rstrip("\n").split(",")
        if cells[0] == "lead":
            cells[-1] = "9" * len(cells[-1])
        elif cells[0] == "6" and table == "compton_profiles.csv":
            cells[3] = "9" * len(cells[3])
        changed.append(",".join(cells) + line[len(line.rstrip("\n")) :])
    rewritten(tmp_path / table, "".join(changed))
    assert value() != first


def test_another_place_for_trained_grids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a process may change."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "one"))
    assert cache_folder().startswith(str(tmp_path / "one"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "two"))
    assert cache_folder().startswith(str(tmp_path / "two"))
