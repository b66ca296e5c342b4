"""What a result is made from, as one digest: sources, cards, the files that these name, packaged tables, and versions.

Every store, cache and resumed job uses a `Recipe`: a result of another recipe is never used. Nothing in it is a list that
a person keeps up to date. The sources are those that the module which makes the result can import, directly or through
others, also within functions and by name; the tables are all packaged ones; the libraries are those that alphoton requires,
and those that they require.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

FOLDERS = ("data", "generators", "detectors", "analysis", "workflows")
PACKAGE = "alphoton"
EXTRAS = ("dask", "exchange")
"""Of the package: the optional libraries that a result may be made with."""
DIGEST_SIZE = 16
"""In bytes."""
MISSING = "missing"

Result = TypeVar("Result")


def digest_of(value: Any) -> str:
    """A digest of plain data."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=DIGEST_SIZE).hexdigest()


def file_digest(path: Path) -> str:
    """A digest of a file's bytes, at constant memory; `missing` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_SIZE)).hexdigest()
    except OSError:
        return MISSING


@dataclass(frozen=True)
class Recipe:
    """What a result is made from. Two results of equal recipes are the same.

    `sources` and `tables` are digests of contents; `files` has pairs of a file's name, not its folder, and the digest of its
    content; `cards` and `settings` are plain data.
    """

    sources: str
    tables: str
    versions: Mapping[str, str]
    cards: Any
    files: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, *modules: str, cards: Any = (), files: Iterable[Path] = (), **settings: Any) -> Self:
        """The recipe of what these modules make now; sources, tables and `files` are read for it.

        A module is named as `alphoton.workflows.survey`; the name of a package with `.*` stands for all modules in it.
        """
        return cls(
            sources=files_digest(sources(*modules).items()),
            tables=files_digest((path.name, path) for path in tables()),
            versions=library_versions(),
            cards=cards,
            files=tuple((path.name, file_digest(path)) for path in files),
            settings=settings,
        )

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for a file that a person may read."""
        return asdict(self)

    @property
    def digest(self) -> str:
        return digest_of(self.as_dict())


# --- sources -----------------------------------------------------------------------------------------------------

_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+[^\n]*\n|\n)+", re.MULTILINE)
_FROM = re.compile(rf"([ \t]*)from[ \t]+({PACKAGE}[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)")
_IMPORT = re.compile(rf"([ \t]*)import[ \t]+({PACKAGE}[^\n]*)")
_BY_NAME = re.compile(rf"[\"']({PACKAGE}\.\w[\w.]*)")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class _Import:
    """A statement or a text that may import a module, or `names` from it; `at_once` if loading the source does it."""

    module: str
    names: tuple[str, ...]
    at_once: bool


def sources(*modules: str) -> dict[str, Path]:
    """The modules of alphoton that these can import, themselves among them, with their files; sorted.

    Imports within functions count, and those by name (`import_module`), whose text gives the module, or with a part that is
    put in later the package that it is in. Loading a module loads the packages that it is in, but runs none of their
    functions. Imports for type checkers do not count.
    """
    known = _modules()
    whole: set[str] = set()
    loaded: set[str] = set()
    waiting = [item for name in modules for item in _targets(_Import(name.removesuffix("*"), (), at_once=True), known)]
    while waiting:
        name, is_whole = waiting.pop()
        if name in whole or (name in loaded and not is_whole):
            continue
        (whole if is_whole else loaded).add(name)
        waiting += [(parent, False) for parent in _parents(name) if parent in known]
        for found in _imports(_bytes(known[name]).decode()):
            if is_whole or found.at_once:
                waiting += _targets(found, known)
    return {name: known[name] for name in sorted(whole | loaded)}


def files_digest(named: Iterable[tuple[str, Path]]) -> str:
    """A digest of files and their names."""
    digest = hashlib.blake2b(digest_size=DIGEST_SIZE)
    for name, path in sorted(named):
        content = _bytes(path)
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def package_folder(folder: str) -> Path:
    """Where a folder of alphoton is installed; nothing is imported for it."""
    spec = find_spec(f"{PACKAGE}.{folder}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def tables() -> list[Path]:
    """The packaged tables: materials, profiles, moments, published curves, points of scans."""
    return sorted(package_folder("data").rglob("*.csv"))


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _modules() -> dict[str, Path]:
    """Every module of alphoton with its file; that of a package is its `__init__.py`."""
    found = {}
    for folder in FOLDERS:
        root = package_folder(folder)
        for path in root.rglob("*.py"):
            words = (PACKAGE, folder, *path.relative_to(root).with_suffix("").parts)
            found[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return found


def _parents(name: str) -> Iterator[str]:
    """The packages that a module is in."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


@lru_cache(maxsize=1024)  # depends on the text alone
def _imports(text: str) -> tuple[_Import, ...]:
    """The modules of alphoton that a source may import. By patterns: a syntax tree would take twenty times as long."""
    if "if TYPE_CHECKING:" in text:
        text = _FOR_TYPES.sub("", text)
    found = []
    place = text.find(PACKAGE)
    while place >= 0:
        line = text.rfind("\n", 0, place) + 1
        if match := _FROM.match(text, line):
            words = [part.split("#")[0].split(" as ")[0] for part in re.split(r"[,\n]", match[3].strip("()"))]
            found.append(_Import(match[2], tuple(_WORD.findall(" ".join(words))), at_once=not match[1]))
        elif match := _IMPORT.match(text, line):
            modules = [part.split(" as ")[0].strip() for part in match[2].split("#")[0].split(",")]
            found += [_Import(module, (), at_once=not match[1]) for module in modules]
        elif match := _BY_NAME.match(text, max(place - 1, 0)):
            found.append(_Import(match[1], (), at_once=False))
        place = text.find(PACKAGE, place + 1 if match is None else match.end())
    return tuple(dict.fromkeys(found))


def _targets(found: _Import, known: Mapping[str, Path]) -> Iterator[tuple[str, bool]]:
    """The modules that an import means, and whether it may run their functions."""
    module = found.module
    if module.endswith("."):  # `alphoton.generators.processes.{name}`
        yield from ((name, True) for name in known if name.startswith(module))
    elif found.names:
        for name in found.names:
            inner = f"{module}.{name}"
            if inner in known:
                yield inner, True
            elif module in known:
                yield module, True
    elif module in known:
        yield module, True


# --- libraries ---------------------------------------------------------------------------------------------------

_NEEDS = re.compile(rb"^Requires-Dist: *([A-Za-z0-9._-]+)([^\n]*)", re.MULTILINE)


@cache  # what is imported stays what it is
def library_versions() -> dict[str, str]:
    """The versions of Python and of every library that alphoton needs or can use, and of what those need."""
    installed = _installed()
    found = {}
    waiting = [PACKAGE]
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        found[name], folder = installed.get(name, ("none", None))
        if folder is not None:
            waiting += _needed(folder, EXTRAS if name == PACKAGE else ())
    return {"python": platform.python_version(), **dict(sorted(found.items()))}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> dict[str, tuple[str, Path]]:
    """The libraries of this Python: version, and the folder that describes them. `importlib.metadata` takes five times as
    long."""
    found: dict[str, tuple[str, Path]] = {}
    for place in sys.path:
        try:
            entries = [entry.path for entry in os.scandir(place or ".") if entry.name.endswith(".dist-info")]
        except OSError:
            continue
        for entry in entries:
            name, _, version = Path(entry).stem.partition("-")
            found.setdefault(_normal(name), (version, Path(entry)))
    return found


def _needed(folder: Path, extras: Iterable[str]) -> list[str]:
    """What a library needs, with some of its extras."""
    try:
        head = (folder / "METADATA").read_bytes().partition(b"\n\n")[0]
    except OSError:
        return []
    wanted = [re.compile(rf"extra == .{extra}\b".encode()) for extra in extras]
    needs = _NEEDS.findall(head)
    return [name.decode() for name, rest in needs if b"extra" not in rest or any(each.search(rest) for each in wanted)]


# --- in memory ---------------------------------------------------------------------------------------------------


class ContentCache(Generic[Result]):
    """Results in memory by a digest of what they were made from, never by the name of a card or a file.

    Those that were not used for longest go first.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._results: OrderedDict[str, Result] = OrderedDict()

    def get(self, digest: str, make: Callable[[], Result]) -> Result:
        """The result of a digest; `make` makes it if it is not there."""
        if digest not in self._results:
            made = make()
            while len(self._results) >= self.size:
                self._results.popitem(last=False)
            self._results[digest] = made
        self._results.move_to_end(digest)
        return self._results[digest]
