"""Large jobs in parts: whatever kills a run, the same command gives the same file."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.data.errors import InputError
from alphoton.data.event_file import CHUNK, Chunk, EventFile, EventWriter, Jagged
from alphoton.data.locks import folder_of_one_run
from alphoton.generators import parts
from alphoton.generators.generate import Generated, generate

EVENTS = 350_000
KILLED = """\
import sys
from alphoton.generators import parts
from alphoton.generators.generate import generate
parts.PART = 1
generate("padme", sys.argv[1], events=350_000)
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART", 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Generated, list[Chunk], dict[str, Any]]:
    """The same job in one piece."""
    assert parts.PART > EVENTS / CHUNK
    made = generate("padme", tmp_path_factory.mktemp("whole") / "events.root", events=EVENTS)
    return made, *content(made.path)


def content(path: Path) -> tuple[list[Chunk], dict[str, Any]]:
    with EventFile(path) as file:
        return list(file.chunks()), {**file.runs(), **{k: v for k, v in file.meta.items() if k != "command_line"}}


def same(left: Any, right: Any) -> bool:
    """Bit for bit."""
    if isinstance(left, Jagged):
        return same(left.offsets, right.offsets) and same(dict(left.fields), dict(right.fields))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(np.array_equal(left, right))


def test_parts_cover_a_job() -> None:
    assert parts.parts(EVENTS) == [(0, CHUNK), (1, CHUNK), (2, CHUNK), (3, 50_000)]
    assert parts.parts(1) == [(0, 1)]
    assert parts.parts(CHUNK) == [(0, CHUNK)]


def test_parts_give_the_file_in_one_piece(whole: Any, tmp_path: Path) -> None:
    made = generate("padme", tmp_path / "events.root", events=EVENTS)
    assert list(tmp_path.iterdir()) == [made.path]
    assert same(list(content(made.path)), list(whole[1:]))
    assert (made.unweighting_efficiency, made.overweight_fraction) == (
        whole[0].unweighting_efficiency,
        whole[0].overweight_fraction,
    )
    assert made.effective_sizes == pytest.approx(whole[0].effective_sizes, rel=1e-12)
    other = generate("padme", tmp_path / "other.root", events=EVENTS, seed=2)
    assert not same(list(content(other.path)), list(whole[1:]))  # negative control


@pytest.mark.parametrize("after", [0, 1, 3])
def test_kill_9(whole: Any, tmp_path: Path, after: int) -> None:
    """Killed when so many parts are whole, and run again: the same file, and the whole parts were not made again."""
    path = tmp_path / "events.root"
    folder = tmp_path / "events.root.parts"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)]) as process:
        _wait_for(lambda: len(list(folder.glob("*.root"))) >= after and (folder / parts.IDENTITY).exists())
        process.kill()
    assert not path.exists()
    kept = {file: file.stat().st_mtime_ns for file in folder.glob("*.root")}
    assert len(kept) >= after
    written = []
    real = EventWriter.__init__

    def noted(self: EventWriter, path: Path, **options: Any) -> None:
        written.append(path)
        real(self, path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventWriter, "__init__", noted)
        generate("padme", path, events=EVENTS)
    assert not kept.keys() & set(written)
    assert len(written) == 4 - len(kept) + 1
    assert same(list(content(path)), list(whole[1:]))
    assert list(tmp_path.iterdir()) == [path]


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _interrupted(path: Path, seed: int) -> None:
    """A job that fails in its third part."""

    def failing(done: int, _: int) -> None:
        if done > 2 * CHUNK:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        generate("padme", path, events=EVENTS, seed=seed, progress=failing)


def test_parts_of_another_job_are_not_taken(whole: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    _interrupted(path, seed=2)
    assert len(list((tmp_path / "events.root.parts").glob("*.root"))) == 2
    with pytest.raises(InputError, match=r"holds parts of an unfinished job with another card, seed or version"):
        generate("padme", path, events=EVENTS)
    assert len(list((tmp_path / "events.root.parts").glob("*.root"))) == 2
    generate("padme", path, events=EVENTS, force=True)
    assert same(list(content(path)), list(whole[1:]))


def test_a_damaged_part_is_made_again(whole: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    _interrupted(path, seed=1)
    part = tmp_path / "events.root.parts" / "000000.root"
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    generate("padme", path, events=EVENTS)
    assert same(list(content(path)), list(whole[1:]))


def test_a_part_in_the_place_of_another_is_made_again(whole: Any, tmp_path: Path) -> None:
    """Whole and of the same job, but the events would be there twice."""
    path = tmp_path / "events.root"
    _interrupted(path, seed=1)
    folder = tmp_path / "events.root.parts"
    shutil.copy(folder / "000000.root", folder / "000001.root")
    generate("padme", path, events=EVENTS)
    assert same(list(content(path)), list(whole[1:]))


def test_a_part_of_another_job_in_the_folder_is_made_again(whole: Any, tmp_path: Path) -> None:
    """Whole, of as many events, and of another seed."""
    _interrupted(tmp_path / "other.root", seed=2)
    path = tmp_path / "events.root"
    _interrupted(path, seed=1)
    shutil.copy(tmp_path / "other.root.parts" / "000000.root", tmp_path / "events.root.parts" / "000000.root")
    generate("padme", path, events=EVENTS)
    assert same(list(content(path)), list(whole[1:]))


def test_two_jobs_onto_one_file(tmp_path: Path) -> None:
    with folder_of_one_run(tmp_path / "events.root.parts"), pytest.raises(InputError, match="another run is at work"):
        generate("padme", tmp_path / "events.root", events=EVENTS)


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    mine = tmp_path / "events.root.parts" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("precious")
    generate("padme", tmp_path / "events.root", events=EVENTS)
    assert list(mine.parent.iterdir()) == [mine]
