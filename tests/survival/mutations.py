"""Cards as a person, or chance, may spoil them: strategies for their data, their text and `--set`."""

from __future__ import annotations

import copy
import json
import math
import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

from alphoton.data.card_file import KINDS, package_folder, packaged

Key = tuple[str | int, ...]

CARDS = [(kind, name) for kind in KINDS for name in packaged(kind)]
UNITS = (
    "GeV",
    "MeV",
    "eV",
    "/GeV",
    "/fb",
    "/pb",
    "m",
    "mm",
    "um",
    "rad",
    "deg",
    "%",
    "X0",
    "g/cm^3",
    "MeV^2",
    "furlong",
    "",
)
NUMBERS = (
    "0",
    "-0",
    "-1",
    "1",
    "1e-300",
    "1e-30",
    "1e30",
    "1e300",
    "1e999",
    "-1e999",
    "nan",
    "inf",
    "-inf",
    "1,5",
    "0x10",
    "١",
)
quantities = st.tuples(st.sampled_from(NUMBERS) | st.floats().map(repr), st.sampled_from(UNITS)).map(" ".join)
scalars = st.one_of(
    st.sampled_from(
        [None, True, False, "", " ", "~", "null", "at rest", "thin", "[]", "{}", "\0", "\n", "\u2028", "😀", "a" * 300]
    ),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30, 10**400, 0.0, -0.0, 1e-320, 1e308, math.nan, math.inf, -math.inf]),
    st.integers(),
    st.floats(),
    quantities,
    st.text(max_size=12),
)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=6), v, max_size=3), max_leaves=6
)


def text_of(kind: str, name: str) -> str:
    """A packaged card as it is written."""
    return (package_folder() / kind / f"{name}.yaml").read_text(encoding="utf-8")


def data_of(kind: str, name: str) -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load(text_of(kind, name)))


def dump(node: Any) -> str:
    """Data as YAML in one line; also numbers that JSON does not know."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {dump(value)}" for key, value in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(dump, node)) + "]"
    if isinstance(node, float) and not math.isfinite(node):
        return ".nan" if math.isnan(node) else f"{'-' if node < 0 else ''}.inf"
    return hex(node) if isinstance(node, int) and abs(node) > 10**300 else json.dumps(node, ensure_ascii=False)


def lines(data: dict[str, Any]) -> str:
    """A card with one of its keys a line."""
    return "".join(f"{json.dumps(key, ensure_ascii=False)}: {dump(value)}\n" for key, value in data.items())


def paths(node: Any, path: Key = ()) -> list[Key]:
    """The paths of everything in nested data."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(inner for key, child in children for inner in paths(child, (*path, key)))]


def at(node: Any, path: Key) -> Any:
    for key in path:
        node = node[key]
    return node


def other_number(value: Any, number: str) -> Any:
    """A value with its unit kept, and another number."""
    if isinstance(value, str):
        return re.sub(r"^[-+.\de]+(?=\s|$)", number, value)
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(number) if plain and re.fullmatch(r"[-\de.]+", number) else value


@st.composite
def mutated_data(draw: st.DrawFn, kind: str, name: str) -> str:
    """A card in which keys are gone, renamed, doubled, or have other values."""
    data = copy.deepcopy(data_of(kind, name))
    for _ in range(draw(st.integers(1, 3))):
        chosen = [path for path in paths(data) if path and path[0] != "schema"]
        if not chosen:
            break
        path = draw(st.sampled_from(chosen))
        parent, key = at(data, path[:-1]), path[-1]
        match draw(st.sampled_from(["number", "number", "replace", "quantity", "delete", "rename", "double", "swap"])):
            case "replace":
                parent[key] = draw(values)
            case "number":
                parent[key] = other_number(parent[key], draw(st.sampled_from(NUMBERS) | st.floats(1e-12, 1e12).map(repr)))
            case "quantity":
                parent[key] = draw(quantities)
            case "delete":
                del parent[key]
            case "rename" if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = parent.pop(key)
            case "double" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[key]))
            case "swap":
                parent[key] = copy.deepcopy(at(data, draw(st.sampled_from(chosen))))
    return lines(data)


@st.composite
def mutated_text(draw: st.DrawFn, kind: str, name: str) -> bytes:
    """A card cut short, or with pieces doubled, moved, or replaced by any text or bytes."""
    text = text_of(kind, name).encode()
    for _ in range(draw(st.integers(1, 3))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 40))
        piece = text[start : start + length]
        new = draw(
            st.sampled_from([b"", piece * 2, piece[::-1], b"\t", b"- ", b": ", b"&a ", b"*a", b"'"]) | st.binary(max_size=6)
        )
        text = text[:start] + new + text[start + length :]
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


@st.composite
def overrides(draw: st.DrawFn, kind: str, name: str) -> list[str]:
    """Texts for `--set`, most of them of keys that are there."""
    known = [".".join(map(str, path)) for path in paths(data_of(kind, name)) if path]
    keys = st.sampled_from(known) | st.sampled_from(known).map("{}.x".format) | st.text(max_size=10)
    pairs = st.tuples(keys, values.map(dump) | quantities).map("=".join)
    return draw(st.lists(pairs | st.text(max_size=20), min_size=1, max_size=3))


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path
