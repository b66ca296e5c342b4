"""Bombs in the text of a card are refused at once, at the line where they go too far."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from alphoton.data.card_file import documents
from alphoton.data.errors import CardError
from alphoton.data.yaml_limits import MAX_CHARACTERS, MAX_DEPTH, MAX_DOCUMENTS, MAX_EVENTS

HEAD = "schema: alphoton/process/1\nname: x\n"
SECONDS = 5
"""Each takes less than half a second alone on a core."""


def nine(alias: str) -> str:
    return ", ".join([f"*{alias}"] * 9)


BOMBS = {
    "a flat list": (f"a: [{'1,' * 90_000}]\n", f"3: more than {MAX_EVENTS} keys and values"),
    "many keys": ("".join(f"k{i}: 1\n" for i in range(15_000)), f"9999: more than {MAX_EVENTS} keys and values"),
    "many documents": ("---\na: 1\n" * 20_000, f"{3 + 2 * (MAX_DOCUMENTS - 1)}: more than {MAX_DOCUMENTS} documents"),
    "deep lists": ("a: " + "[" * 90_000, f"3: more than {MAX_DEPTH} levels"),
    "deep mappings": ("".join(" " * i + "a:\n" for i in range(600)), f"{3 + MAX_DEPTH}: more than {MAX_DEPTH} levels"),
    "deep dashes": ("a:\n" + "- " * 60_000, f"4: more than {MAX_DEPTH} levels"),
    "complex keys": ("? " * 60_000, f"3: more than {MAX_DEPTH} levels"),
    "a long text": (f"description: {'x' * 180_000}\n", f"3: a text or number of more than {MAX_CHARACTERS} characters"),
    "a long number": (f"events: {'9' * 100_000}\n", f"3: a text or number of more than {MAX_CHARACTERS} characters"),
    "a long hexadecimal": (f"events: 0x{'f' * 9_000}\n", "3: a text or number of more than"),
    "aliases": (
        "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{nine(f'a{i - 1}')}]\n" for i in range(1, 20)),
        "1: more than 20000 values",
    ),
    "merged aliases": (
        "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], y{i}: 2}}\n" for i in range(1, 400)),
        "1: more than 20000 values",
    ),
    "a list in itself": ("a: &a [*a]\n", "3: '*a' inside of what it names"),
    "a mapping merged into itself": ("a: &a\n  b: {<<: *a}\n", "4: '*a' inside of what it names"),
    "half a pair": ('description: "\\ud800\\udc00"\n', "3: half of a surrogate pair, which is no character"),
    "a long tag": (f"a: {'!' * 100_000}\n", "3: "),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(tmp_path: Path, name: str) -> None:
    text, message = BOMBS[name]
    path = tmp_path / "bomb.yaml"
    path.write_text(HEAD + text)
    start = time.process_time()
    with pytest.raises(CardError) as caught:
        documents(path)
    assert time.process_time() - start < SECONDS
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{message}")
    assert len(problem) < len(str(path)) + 200


def test_what_is_just_allowed(tmp_path: Path) -> None:
    """Negative control: long texts, levels, repeated aliases and documents of a size that is read."""
    path = tmp_path / "card.yaml"
    levels = MAX_DEPTH - 2
    path.write_text(
        HEAD
        + f"description: {'x' * MAX_CHARACTERS}\na: {'[' * levels}{']' * levels}\nb: &b [1, 2]\nc: [{nine('b')}]\n"
        + "".join(f"---\n{HEAD}" for _ in range(MAX_DOCUMENTS - 1))
    )
    assert len(documents(path)) == MAX_DOCUMENTS
