"""Find and read cards: YAML, with inheritance (`extends`) and overrides, every key with its file and line."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from alphoton.data.card_paths import (
    ALLOWED,
    KINDS,
    KeyPath,
    homes,
    is_file,
    is_outside,
    leaves,
    named,
    own_folders,
    package_data,
)
from alphoton.data.errors import CardError, InputError, first_line
from alphoton.data.text_file import read_text
from alphoton.data.yaml_limits import MAX_BYTES, MAX_DEPTH, check_text

TAGS = ("map", "seq", "str", "int", "float", "bool", "null", "merge")
MAX_BASES = 20
"""Cards that one card extends, one below the other."""
MAX_NODES = 20_000
"""Values of a card, those that aliases repeat among them."""

Places = dict[KeyPath, str]


class _TooDeepError(CardError):
    """Told once, not once for each of the cards on the way down."""


class OverridePlace(str):
    """The place of a key that an override gives: a person's own choice, which no name of a file can pretend to be."""


def dotted(path: Iterable[str | int]) -> str:
    """model.m_a; a key that is empty is shown as one."""
    return ".".join(str(step) or "''" for step in path)


def package_folder() -> Path:
    """Where the packaged cards live, one folder a kind."""
    return package_data() / "cards"


def search_path(kind: str) -> list[Path]:
    """Folders in which a bare name is looked up: the working folder, `$ALPHOTON_CARDS`, the package."""
    return [Path(), *(folder for entry in own_folders() for folder in (entry, entry / kind)), package_folder() / kind]


def packaged(kind: str) -> list[str]:
    """The names of the packaged cards of a kind, sorted."""
    return sorted(path.stem for path in (package_folder() / kind).glob("*.yaml"))


def is_path(reference: str | Path) -> bool:
    """Whether a reference is a file (a path, or something ending in .yaml) rather than a bare name."""
    text = str(reference)
    return isinstance(reference, Path) or os.sep in text or text.endswith((".yaml", ".yml"))


def candidates(kind: str, reference: str | Path) -> list[Path]:
    """The files a reference may mean, nearest first; an explicit path means only itself."""
    if is_path(reference):
        return [Path(reference)]
    return [file for folder in search_path(kind) if is_file(file := folder / f"{reference}.yaml")]


@dataclass
class RawCard:
    """A card as written: plain data after inheritance and overrides, and the place each key came from."""

    kind: str
    origin: str
    data: dict[str, Any]
    places: Places = field(default_factory=dict)
    bases: tuple[str, ...] = ()
    """The files of the cards that it extends."""

    def place(self, path: KeyPath) -> str:
        """`file:line` of a key, or of the nearest key above it that is there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, f"{self.origin}:1")

    def strays(self, patterns: Iterable[KeyPath]) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with the files that are named at these keys, pairs of a key's path and a sentence."""
        for pattern in patterns:
            for path, name in named(self.data, pattern):
                place = self.place(path)
                own = [Path(self.origin), Path(place.rpartition(":")[0])]
                if not isinstance(place, OverridePlace) and leaves(name, own):
                    yield path, f"'{name}' lies outside {ALLOWED}; move it there, or give it with overrides=[...]"


def read(kind: str, reference: str | Path, overrides: Sequence[str] = (), dotted_keys: Sequence[str] = ()) -> RawCard:
    """The raw card of a kind behind a path or a bare name, with `extends` and overrides applied.

    `dotted_keys` are the kind's keys that contain a dot. Raises `CardError` where there is no card, where it cannot be
    parsed, or where an override cannot be placed.
    """
    raw = _with_bases(kind, reference, seen=())
    for override in overrides:
        apply_override(raw, override, dotted_keys)
    return raw


def documents(path: Path) -> list[RawCard]:
    """All cards in a file, one a YAML document; a file may hold one card of each kind."""
    shown = str(path)
    try:
        text = read_text(path, "card", MAX_BYTES)
        nodes = _load(text, shown)
    except CardError:
        raise
    except InputError as error:
        raise CardError(error.problems) from None
    except FileNotFoundError:
        raise CardError([f"{shown}: no such file"]) from None
    except OSError as error:
        raise CardError([f"{shown}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CardError([f"{shown}:{line}: not a text file: a card is YAML in UTF-8"]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise CardError([f"{shown}:{line}: not valid YAML: the character U+{code:04X} is not allowed"]) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = (error.problem or str(error)).splitlines()[0]
        raise CardError([f"{shown}:{line}: not valid YAML: {problem}"]) from None
    except RecursionError:
        raise CardError([f"{shown}:1: not valid YAML: nested too deeply"]) from None
    except Exception as error:  # ruamel fails on some broken texts with errors of its own inside
        first = first_line(error)
        raise CardError([f"{shown}:1: not valid YAML: {first}"]) from None
    return [_document(node, shown) for node in nodes]


def _load(text: str, shown: str) -> list[Any]:
    """The documents of a text; only plain mappings, lists and scalars are let through."""
    check_text(text, shown)
    yaml = YAML(typ="rt", pure=True)
    loaded = []
    for node in yaml.compose_all(text):
        _check_node(node, shown, set())
        loaded.append(yaml.constructor.construct_document(node))
    return [document for document in loaded if document is not None]


def _check_node(node: Any, shown: str, seen: set[int]) -> None:
    """Refuse what has no place in a card: tags that ask for objects, dates, keys that are not text."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    place = f"{shown}:{node.start_mark.line + 1}"
    tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
    if tag not in TAGS:
        raise CardError(
            [f"{place}: '{tag[:60]}' is nothing that a card can hold; write plain text, numbers, lists or mappings"]
        )
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise CardError([f"{shown}:{key.start_mark.line + 1}: a key must be plain text"])
            _check_node(key, shown, seen)
            _check_node(value, shown, seen)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            _check_node(item, shown, seen)


def _document(node: Any, shown: str) -> RawCard:
    if not isinstance(node, CommentedMap):
        raise CardError([f"{shown}:1: a card is a mapping of keys to values, this is a {type(node).__name__}"])
    places: Places = {(): f"{shown}:{node.lc.line + 1}"}
    data = _plain(node, (), places, shown, budget=[MAX_NODES])
    schema = str(data.get("schema", ""))
    match = re.fullmatch(r"alphoton/(\w+)/(\d+)", schema)
    if match is None or match[1] not in KINDS:
        known = ", ".join(f"alphoton/{kind}/1" for kind in KINDS)
        raise CardError([f"{places[()]}: schema: '{schema}' is no schema of a card; write one of {known}"])
    return RawCard(match[1], shown, data, places)


def _plain(node: Any, path: KeyPath, places: Places, shown: str, budget: list[int]) -> Any:
    """Plain Python data from ruamel's nodes; notes the line of every key. Bounded, so that an alias bomb is refused."""
    budget[0] -= 1
    if budget[0] < 0 or len(path) > MAX_DEPTH:
        raise CardError([f"{places[()]}: more than {MAX_NODES} values or {MAX_DEPTH} levels: this is no card"])
    if isinstance(node, CommentedMap):
        for key in node:
            merged = key not in (node.lc.data or {})  # by YAML's `<<`
            places[(*path, str(key))] = places[path] if merged else f"{shown}:{node.lc.key(key)[0] + 1}"
        return {str(key): _plain(value, (*path, str(key)), places, shown, budget) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            places[(*path, index)] = f"{shown}:{node.lc.item(index)[0] + 1}"
        return [_plain(value, (*path, index), places, shown, budget) for index, value in enumerate(node)]
    for plain in (bool, int, float, str):  # ruamel's scalars are subclasses that remember their spelling
        if isinstance(node, plain):
            return plain(node)
    return None if node is None else str(node)


def _with_bases(kind: str, reference: str | Path, seen: tuple[str, ...]) -> RawCard:
    raw = _find(kind, reference)
    base_name = raw.data.pop("extends", None)
    if base_name is None:
        return raw
    place = raw.place(("extends",))
    identity = str(Path(raw.origin).resolve())
    if identity in seen:
        raise CardError([f"{place}: extends: '{base_name}' extends itself in a circle"])
    if len(seen) >= MAX_BASES:
        raise _TooDeepError([f"{place}: extends: more than {MAX_BASES} cards one below the other"])
    if not isinstance(base_name, str) or Path(base_name).name != base_name:
        raise CardError([f"{place}: extends: must be the name of a card or of a file beside it, got {base_name!r}"])
    base_file = next((near for home in homes(Path(raw.origin)) if is_file(near := home / base_name)), base_name)
    if any(is_outside(file, [Path(raw.origin)]) for file in candidates(kind, base_file)):
        raise CardError([f"{place}: extends: '{base_name}' lies outside {ALLOWED}; copy it there"])
    try:
        base = _with_bases(kind, base_file, (*seen, identity))
    except _TooDeepError:
        raise
    except CardError as error:
        raise CardError([f"{place}: extends: {problem}" for problem in error.problems]) from None
    _lay_over(base, raw)
    base.bases, base.origin = (base.origin, *base.bases), raw.origin
    base.places[()] = raw.places[()]
    return base


def _find(kind: str, reference: str | Path) -> RawCard:
    """The nearest document of the kind; an explicit path must hold one."""
    for path in candidates(kind, reference):
        found = documents(path)
        own = [raw for raw in found if raw.kind == kind]
        if len(own) > 1:
            raise CardError([f"{own[1].place(())}: a second {kind} card in one file; one of each kind is allowed"])
        if own:
            return own[0]
        if is_path(reference):
            there = ", ".join(raw.kind for raw in found) or "no card"
            raise CardError([f"{path}:1: schema: a card of kind '{kind}' is due here, this file holds: {there}"])
    names = packaged(kind)
    close = difflib.get_close_matches(str(reference), names, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    raise CardError([f"no {kind} card '{reference}'{hint} (packaged: {', '.join(names)}; or give the path of a file)"])


def _lay_over(base: RawCard, raw: RawCard) -> None:
    """Lay a card over its base: mappings key by key, anything else replaced whole."""
    replaced: set[KeyPath] = set()
    _merge(base.data, raw.data, (), replaced)
    kept = {path: place for path, place in base.places.items() if not _is_below(path, replaced)}
    base.places = kept | raw.places


def _merge(target: dict[str, Any], data: Mapping[str, Any], path: KeyPath, replaced: set[KeyPath]) -> None:
    """The same for data at a path; notes the paths of what is replaced."""
    for key, value in data.items():
        here = (*path, key)
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value, here, replaced)
        else:
            target[key] = value
            replaced.add(here)


def _is_below(path: KeyPath, above: set[KeyPath]) -> bool:
    return any(path[:length] in above for length in range(1, len(path) + 1))


def _replace(raw: RawCard, path: KeyPath, value: Any, places: Places) -> None:
    for old in [p for p in raw.places if p[: len(path)] == path]:
        del raw.places[old]
    _at(raw.data, path[:-1])[path[-1]] = value
    raw.places.update(places)


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data[step]
    return data


def apply_override(raw: RawCard, override: str, dotted_keys: Sequence[str] = ()) -> None:
    """Lay one override `dotted.path=value` over a card; the value is read as YAML, a position counts from 0.

    A key may contain a dot itself: the longest one that is there, or among `dotted_keys`, is meant.
    """
    shown = OverridePlace(f"override {override}")
    key, separator, text = override.partition("=")
    keys = key.strip().split(".")
    if not separator or not all(keys):
        raise CardError([f"{shown}: write key=value, with the key as a dotted path like model.m_a"])
    if len(keys) > MAX_DEPTH:
        raise CardError([f"{shown}: {key}: a path of more than {MAX_DEPTH} keys"])
    if keys[0] in ("schema", "extends"):
        raise CardError([f"{shown}: {keys[0]}: cannot be overridden; copy the card and edit it"])
    try:
        documents_of = _load(text, shown)
        value = _plain(documents_of[0] if documents_of else None, (), {(): shown}, shown, budget=[1000])
    except Exception:
        raise CardError([f"{shown}: {key}: '{text}' is not a YAML value"]) from None
    path: KeyPath = ()
    while keys:
        node = _at(raw.data, path)
        if isinstance(node, list):
            step = keys.pop(0)
            if not (step.isascii() and step.isdigit() and len(step) < 10) or int(step) >= len(node):
                here = dotted(path)
                raise CardError([f"{shown}: {here}: a list with positions 0 to {len(node) - 1}, got '{step}'"])
            path = (*path, int(step))
        elif isinstance(node, dict):
            step = _longest_key(keys, (*node, *dotted_keys))
            keys = keys[step.count(".") + 1 :]
            path = (*path, step)
            if keys and step not in node:
                node[step] = {}
                raw.places[path] = shown
        else:
            raise CardError([f"{shown}: {dotted(path)}: is the value {node!r}, it has no key '{keys[0]}'"])
    _replace(raw, path, value, {path: shown})


def _longest_key(keys: Sequence[str], known: Iterable[str]) -> str:
    """The most steps of a dotted path that are one known key together; else its first step."""
    begun = [".".join(keys[:count]) for count in range(len(keys), 1, -1)]
    return next((key for key in begun if key in known), keys[0])
