"""Damaged event files: the announced error with the file's name, or exactly the right values; never anything else."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from survival.limits import examples, within

from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, Jagged
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import generate
from alphoton.workflows import cli, console
from alphoton.workflows.inspection import inspect

SECONDS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small event file and what a detector makes of it."""
    folder = tmp_path_factory.mktemp("whole")
    generate("padme", folder / "events.root", events=100)
    simulate(folder / "events.root", "padme", folder / "reco.root")
    return folder


def content(path: Path) -> dict[str, Any]:
    """Everything that the public functions read from a file, bit for bit."""
    found: dict[str, Any] = {}
    with EventFile(path) as file:
        for name, column in (item for chunk in file.chunks() for item in chunk.items()):
            fields = {"": column} if not isinstance(column, Jagged) else {"offsets": column.offsets, **column.fields}
            found |= {f"{name}.{field}": (values.dtype.str, values.tobytes()) for field, values in fields.items()}
        found |= {f"runs.{name}": values.tolist() for name, values in file.runs().items()}
    return found | {"inspect": repr(inspect(path))}


def flipped(content: bytes, rng: random.Random) -> bytes:
    """With one to eight bytes changed, by one bit or more."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        damaged[rng.randrange(len(damaged))] ^= rng.choice([1 << rng.randrange(8), rng.randrange(1, 256)])
    return bytes(damaged)


def cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


Damage = Callable[[bytes, random.Random], bytes]


def outcomes(whole: Path, damage: Damage, count: int, path: Path) -> dict[str, int]:
    """How often a damaged copy was refused, read right, and read wrong."""
    found = {"refused": 0, "told badly": 0, "right": 0, "wrong": 0}
    original = whole.read_bytes()
    path.write_bytes(original)
    expected = content(path)
    for number in range(count):
        path.write_bytes(damage(original, random.Random(number)))
        try:
            with within(SECONDS):
                read = content(path)
        except InputError as error:
            clear = str(error).startswith(f"{path}: ") and "\n" not in str(error)
            found["refused" if clear else "told badly"] += 1
        else:
            found["right" if read == expected else "wrong"] += 1
    return found


@pytest.mark.filterwarnings("default")  # numbers that are read from nonsense may overflow
@pytest.mark.parametrize("name", ["events.root", "reco.root"])
def test_flipped_bytes(folder: Path, tmp_path: Path, name: str) -> None:
    found = outcomes(folder / name, flipped, examples(150), tmp_path / "damaged.root")
    assert found["wrong"] == found["told badly"] == 0
    assert found["refused"] > 20
    assert found["right"] > 20  # in places that nothing reads


@pytest.mark.filterwarnings("default")
def test_truncated_files(folder: Path, tmp_path: Path) -> None:
    count = examples(40)
    assert outcomes(folder / "reco.root", cut, count, tmp_path / "damaged.root")["refused"] == count


@pytest.mark.filterwarnings("default")
def test_without_checksums_values_would_be_wrong(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the same damage, not compared."""
    monkeypatch.setattr(EventFile, "_verify", lambda *_: None)
    assert outcomes(folder / "reco.root", flipped, 100, tmp_path / "damaged.root")["wrong"] > 10


VERBS = {
    "inspect": ("inspect", "reco.root", "--json"),
    "simulate": ("simulate", "reco.root", "--detector", "padme", "-o", "out.root", "--force"),
    "analyse": ("analyse", "reco.root", "--analysis", "padme", "--json"),
    "merge": ("merge", "reco.root", "other.root", "-o", "out.root", "--force"),
}


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("verb", VERBS)
def test_verbs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """Exit code 0 with the same answer and file, or 1 or 2 with one message that names the file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["alphoton", *VERBS[verb]])
    monkeypatch.setattr(console, "PATIENCE", math.inf)  # on a busy machine a progress bar would be a difference
    generate("padme", Path("first.root"), events=50, seed=2)
    simulate("first.root", "padme", "other.root")
    out = Path("out.root")

    def answer(data: bytes) -> tuple[int, str, str, Any]:
        out.unlink(missing_ok=True)
        Path("reco.root").write_bytes(data)
        with within(SECONDS):
            code = cli._run()
        captured = capsys.readouterr()
        shown = captured.out if verb in ("inspect", "analyse") else ""
        return code, shown, captured.err, columns(out) if out.exists() else None

    original = (folder / "reco.root").read_bytes()
    right = answer(original)
    assert right[0] == 0
    codes = set()
    for number in range(examples(25)):
        found = answer(flipped(original, random.Random(1000 + number)))
        codes.add(found[0])
        if found[0] == 0:
            assert found == right
        else:
            assert found[0] in (1, 2)
            assert found[1] == ""
            assert found[2].startswith("alphoton: reco.root: ")
            assert found[2].count("\n") == 1
            assert found[3] is None
    assert codes >= {0, 2}


def columns(path: Path) -> dict[str, Any]:
    """Of a file that a verb made: all but its path and command line."""
    return {name: value for name, value in content(path).items() if name != "inspect"}
