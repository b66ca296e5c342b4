"""Caches cost only time: a file that is not exactly what was written is computed again and replaced.

Kernels are machine code: where a damaged one could be run, it is in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from alphoton.data.errors import CacheWarning
from alphoton.data.kept_files import read_kept, usable, write_kept

TIMES = 200
Damage = Callable[[Path, bytes, np.random.Generator], None]


def removed(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def truncated(path: Path, content: bytes, rng: np.random.Generator) -> None:
    path.write_bytes(content[: int(rng.integers(1, len(content)))])


def flipped(path: Path, content: bytes, rng: np.random.Generator) -> None:
    damaged = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        damaged[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    path.write_bytes(damaged if bytes(damaged) != content else b"x")


def moved(path: Path, content: bytes, rng: np.random.Generator) -> None:
    """Bytes that are missing or too many."""
    place, size = int(rng.integers(len(content))), int(rng.integers(1, 99))
    path.write_bytes(
        content[:place] + (content[place + size :] if rng.random() < 0.5 else rng.bytes(size) + content[place:])
    )


def empty(path: Path, content: bytes, rng: np.random.Generator) -> None:
    path.write_bytes(b"")


def other(path: Path, content: bytes, rng: np.random.Generator) -> None:
    """Of the same size, or a whole file that was written under another name."""
    if rng.random() < 0.5:
        path.write_bytes(rng.bytes(len(content)))
    else:
        elsewhere = path.with_name(f"other{path.suffix}")
        write_kept(elsewhere, content[:-32])
        elsewhere.replace(path)


def folder(path: Path, content: bytes, rng: np.random.Generator) -> None:
    removed(path)
    path.mkdir()


def unreadable(path: Path, content: bytes, rng: np.random.Generator) -> None:
    path.write_bytes(content)
    path.chmod(0)


def fifo(path: Path, content: bytes, rng: np.random.Generator) -> None:
    removed(path)
    os.mkfifo(path)


def link(path: Path, content: bytes, rng: np.random.Generator) -> None:
    """To nowhere, to itself, or to what never ends."""
    removed(path)
    path.symlink_to(["/nowhere", path.name, "/dev/zero"][int(rng.integers(3))])


DAMAGES = (truncated, flipped, moved, empty, other, folder, unreadable, fifo, link)


@contextmanager
def without_privileges() -> Iterator[None]:
    """The superuser reads what is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(1)
    try:
        yield
    finally:
        os.seteuid(0)


def damaged(path: Path, content: bytes, damage: Damage, rng: np.random.Generator) -> None:
    removed(path)
    damage(path, content, rng)


# --- one file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("size", [0, 5000])
def test_nothing_damaged_is_read(tmp_path: Path, damage: Damage, size: int) -> None:
    """And each is replaced by what is written next."""
    rng = np.random.default_rng(1)
    content = rng.bytes(size)
    path = tmp_path / "kept.npz"
    write_kept(path, content)
    assert read_kept(path) == content  # the negative control
    whole = path.read_bytes()
    for trial in range(TIMES):
        damaged(path, whole, damage, rng)
        if damage is unreadable:
            with without_privileges():
                assert read_kept(path) is None
        else:
            assert read_kept(path) is None, trial
        write_kept(path, content)
        assert read_kept(path) == content
    assert [*tmp_path.iterdir()] == [path]


def test_a_folder_with_files_in_its_place_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    path.mkdir()
    (path / "mine").write_text("precious")
    write_kept(path, b"content")
    assert read_kept(path) is None
    assert [*tmp_path.rglob("*")] == [path, path / "mine"]


# --- grids and tables of showers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
def test_trained_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Damage) -> None:
    """Grids, cells and tables of showers are kept by one function."""
    from alphoton.generators import trained
    from alphoton.generators.matter.cascade import track_lengths

    monkeypatch.setenv("ALPHOTON_CACHE", str(tmp_path / "kept"))
    rng = np.random.default_rng(2)
    arrays = {"edges": rng.random((2, 50)), "ninc": np.arange(3)}
    made = []

    def call() -> trained.Arrays:
        seed = np.random.SeedSequence(1)
        return trained.kept("shower", track_lengths, np.ones(2), seed, (), lambda: made.append(1) or arrays)  # type: ignore[arg-type,func-returns-value]

    call()
    (path,) = (tmp_path / "kept").iterdir()
    whole = path.read_bytes()
    np.load(path)["edges"]  # a person can open it
    for trial in range(1, TIMES + 1):
        damaged(path, whole, damage, rng)
        for key, values in call().items():
            np.testing.assert_array_equal(values, arrays[key])
        if damage is not unreadable or os.geteuid() != 0:
            assert len(made) == 1 + trial
            assert path.read_bytes() == whole
    call()
    assert len(made) == 1 + (TIMES if damage is not unreadable or os.geteuid() != 0 else 0)


# --- kernels ---------------------------------------------------------------------------------------------------------

TRIALS = """
import json, os, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {here!r})
import test_damaged_caches as t
import numba
from numba import float64, types
from alphoton.generators import jit

folder, kind, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
SIGNATURE = types.UniTuple(float64, 2)(float64[::1])
def function(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i] ** 2
    return total, np.sqrt(total)
x = np.array([3.0, 4.0])
def compiled():
    return jit.kernel(SIGNATURE)(function)
def sound(kernel):
    return kernel(x) == (25.0, 5.0)
before = compiled()
assert sound(before) and isinstance(before._cache, jit._Kept)
(path,) = Path(before._cache.cache_path).glob("function-*.nbc")
def times():
    return sum(compiled().stats.cache_misses.values())
assert times() == 0  # the negative control
whole = path.read_bytes()
damage = getattr(t, kind)
for trial in range(first, t.TIMES):
    (folder / "reached").write_text(str(trial))
    rng = np.random.default_rng([3, trial])
    t.damaged(path, whole, damage, rng)
    if trial % 40:  # to compile takes longer
        found = before._cache.load_overload(SIGNATURE, before.targetctx)
        if kind == "unreadable" and os.geteuid() == 0:
            continue
        assert found is None, trial
    else:
        assert sound(compiled())
        assert path.read_bytes()[-32:] != b"" and times() == 0  # replaced
"""


@pytest.mark.parametrize("damage", DAMAGES)
def test_kernels(tmp_path: Path, damage: Damage) -> None:
    """In one process, and again from where it crashed: none may."""
    script = tmp_path / "trials.py"
    script.write_text(TRIALS.format(here=str(Path(__file__).parent)))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, str(script), str(tmp_path), damage.__name__]
    failures, first = [], 0
    while first < TIMES:
        done = subprocess.run(
            [*command, str(first)], capture_output=True, text=True, env=environment, timeout=200, check=False
        )
        if done.returncode == 0:
            break
        assert (tmp_path / "reached").exists(), done.stderr
        reached = int((tmp_path / "reached").read_text())
        failures.append((reached, done.returncode, done.stderr[-500:]))
        shutil.rmtree(tmp_path / "cache")
        first = reached + 1
        if len(failures) > 3:
            break
    assert not failures


def command(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `alphoton` says with all its caches there."""
    environment = {key: value for key, value in os.environ.items() if key != "ALPHOTON_CACHE"}
    environment |= {"NUMBA_CACHE_DIR": str(cache)}
    program = [sys.executable, "-m", "alphoton.workflows.cli", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env=environment, timeout=200, check=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A cache folder, and the cross-section that it was filled with."""
    cache = tmp_path_factory.mktemp("cache")
    done = command(cache, "xsec", "padme", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return cache, done.stdout


@pytest.mark.parametrize("damages", [DAMAGES[:3], DAMAGES[3:6], DAMAGES[6:]], ids=["content", "whole", "kinds of files"])
def test_a_command_with_every_cache_file_damaged(kept: tuple[Path, str], damages: tuple[Damage, ...]) -> None:
    """Kernels and grids, all at once: the same numbers, and whole files afterwards."""
    cache, shown = kept
    rng = np.random.default_rng(4)
    files = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    kinds = [path.suffix for path in files]
    assert kinds.count(".nbc") > 10
    assert kinds.count(".npz") == 3
    for number, (path, content) in enumerate(files.items()):
        damaged(path, content, damages[number % len(damages)], rng)
    again = command(cache, "xsec", "padme", "--json")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(again.stdout) == json.loads(shown)
    for path, content in files.items():
        assert read_kept(path) is not None, path
        assert path.suffix == ".nbc" or path.read_bytes() == content
        path.chmod(0o600)  # of those that the superuser reads all the same


# --- folders that others can write to --------------------------------------------------------------------------------


def test_a_folder_of_one_s_own(tmp_path: Path) -> None:
    """Made where it is not there, and never for others to write, whatever the umask."""
    before = os.umask(0)
    try:
        assert usable(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o022 == (tmp_path / "a" / "b").stat().st_mode & 0o022 == 0
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert usable(tmp_path / "link" / "b")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    assert usable(tmp_path / "shared" / "mine")  # as in /tmp
    (tmp_path / "file").write_text("")
    assert not usable(tmp_path / "file")
    (tmp_path / "circle").symlink_to("circle")
    assert not usable(tmp_path / "circle")


PRIVILEGED = pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")


@pytest.mark.parametrize("which", ["folder", "above", "far above"])
@pytest.mark.parametrize(
    ("mode", "owner", "group"),
    [
        (0o757, -1, -1),
        (0o777, -1, -1),
        pytest.param(0o775, -1, 54321, marks=PRIVILEGED),
        pytest.param(0o755, 54321, -1, marks=PRIVILEGED),
        pytest.param(0o1777, 54321, -1, marks=PRIVILEGED),
    ],
)
def test_a_folder_that_others_can_change(tmp_path: Path, which: str, mode: int, owner: int, group: int) -> None:
    folder = tmp_path / "x" / "y" / "z"
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    assert usable(folder)
    bad = {"folder": folder, "above": folder.parent, "far above": tmp_path / "x"}[which]
    os.chown(bad, owner, group)
    bad.chmod(mode)
    with pytest.warns(CacheWarning, match=rf"z: not used as a cache, for {bad} (can be written|belongs)"):
        assert not usable(folder)
    with pytest.warns(CacheWarning, match="link: not used"):
        assert not usable(tmp_path / "link")
    assert not usable(folder)  # warned once; a second warning would be an error here
    bad.chmod(0o700)
    os.chown(bad, os.geteuid(), os.getegid())
    assert usable(folder)


def test_a_sticky_folder_is_not_used_itself(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.warns(CacheWarning, match="can be written by everybody"):
        assert not usable(tmp_path)


@pytest.mark.parametrize("mode", [0o646, pytest.param(0o664, marks=PRIVILEGED), pytest.param(0o600, marks=PRIVILEGED)])
def test_a_file_of_others_is_not_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kept.nbc"
    write_kept(path, b"code")
    if mode == 0o600:
        os.chown(path, 54321, -1)
    if mode == 0o664:
        os.chown(path, -1, 54321)
    path.chmod(mode)
    assert read_kept(path) is None


@pytest.mark.parametrize("variable", ["NUMBA_CACHE_DIR", "ALPHOTON_CACHE"])
def test_a_command_goes_on_without_it(tmp_path: Path, variable: str) -> None:
    """One warning, two workers or not, and nothing is written or read there."""
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), variable: str(open_to_all)}
    arguments = ["generate", "padme", "-n", "2000", "--workers", "2", "-o", str(tmp_path / "events.root"), "--json"]
    program = [sys.executable, "-m", "alphoton.workflows.cli", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, env=environment, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == 2000
    assert done.stderr.count("not used as a cache") == 1
    assert "alphoton: warning: " in done.stderr
    assert not [path for path in open_to_all.rglob("*") if path.is_file()]
