"""What lies beside an output, or where it was to be, is of others: nothing of it is followed, emptied or removed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import uproot

from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, EventWriter, content_digest
from alphoton.data.merge import merge
from alphoton.data.output import Unfinished, check_free, unfinished_files, write_text
from alphoton.data.places import check_space, make_folders, remove_empty
from alphoton.generators.generate import EVENT_BYTES, disk_space, generate

KILLED = """\
import os, signal, sys
from pathlib import Path
from alphoton.data.output import Unfinished
with Unfinished(Path(sys.argv[1])) as part:
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
ODD = ("a::b.root", "file:x.root", "http:y.root", "memory::z.root", "c#d?e.root", "x.root:Events", "~x.root", "[1]*.root")
"""Names that libraries take for addresses or patterns."""


# --- temporary names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.txt.part", "x.txt.0123456789abcdef.part"])
@pytest.mark.parametrize("kind", ["file", "link", "dangling", "loop", "pipe", "folder"])
def test_what_has_a_temporary_name_is_not_touched(tmp_path: Path, name: str, kind: str) -> None:
    """But a regular file of our own pattern that nobody has locked: a killed run left it."""
    victim, odd = tmp_path / "victim", tmp_path / name
    victim.write_text("precious")
    match kind:
        case "file":
            odd.write_text("precious")
        case "link":
            odd.symlink_to(victim)
        case "dangling":
            odd.symlink_to(tmp_path / "nowhere")
        case "loop":
            odd.symlink_to(odd)
        case "pipe":
            os.mkfifo(odd)
        case _:
            odd.mkdir()
    write_text(tmp_path / "x.txt", "new")
    assert (tmp_path / "x.txt").read_text() == "new"
    assert victim.read_text() == "precious"
    left = kind == "file" and name != "x.txt.part"
    assert os.path.lexists(odd) is not left
    assert {path.name for path in tmp_path.iterdir()} == {"victim", "x.txt", *([] if left else [name])}


def test_a_hard_link_under_a_temporary_name_keeps_its_other_name(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "x.txt.0123456789abcdef.part").hardlink_to(tmp_path / "victim")
    write_text(tmp_path / "x.txt", "new")
    assert (tmp_path / "victim").read_text() == "precious"


def test_what_a_killed_run_left_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    answer = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert answer.returncode == -9
    (left,) = unfinished_files(tmp_path, re.escape("x.txt"))
    assert left.read_text() == "half"
    write_text(tmp_path / "y.txt", "another")
    assert left.exists()  # of another file
    write_text(path, "whole")
    assert {each.name for each in tmp_path.iterdir()} == {"x.txt", "y.txt"}


def test_names_are_unpredictable(tmp_path: Path) -> None:
    names = {Unfinished(tmp_path / "x.txt").part.name for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"x\.txt\.[0-9a-f]{16}\.part", name) for name in names)


def test_a_temporary_name_that_is_taken_is_not_opened(tmp_path: Path) -> None:
    unfinished = Unfinished(tmp_path / "x.txt")
    (tmp_path / "victim").write_text("precious")
    unfinished.part.symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        unfinished.__enter__()
    assert (tmp_path / "victim").read_text() == "precious"


def test_an_empty_file_is_never_renamed(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="nothing was written"), Unfinished(path, force=True):
        pass
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nor_is_one_that_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    unfinished = Unfinished(path)
    part = unfinished.__enter__()
    part.unlink()
    part.symlink_to(tmp_path)
    with pytest.raises(OSError, match="taken away or replaced"):
        unfinished.__exit__(None, None, None)
    assert not path.exists()


# --- where nothing can be written --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["loop", "loop/x", "dangling", "dangling/x", "file/x", "file/a/b/x", "pipe"])
@pytest.mark.parametrize("force", [False, True])
def test_nowhere(tmp_path: Path, name: str, force: bool) -> None:
    """Told at once, and no folder appears."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "new" / "x")
    (tmp_path / "file").write_text("precious")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=re.escape(str(tmp_path))) as told:
        generate("padme", tmp_path / name, events=10, force=force)
    assert len(str(told.value).splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before
    check_free(tmp_path / "free" / "x", force=force)  # negative control


def test_folders_made_for_nothing_go_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(RuntimeError), Unfinished(tmp_path / "a" / "b" / "c" / "x.txt"):
        raise RuntimeError
    assert list((tmp_path / "a").iterdir()) == []
    made = make_folders(tmp_path / "d" / "e")
    (tmp_path / "d" / "mine").write_text("precious")
    remove_empty(made)
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["mine"]


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9))
    with pytest.raises(InputError, match=r"3000000000 events take about 540 GB, and the disk has 1 GB left"):
        generate("padme", tmp_path / "new" / "x.root", events=3_000_000_000)
    assert not (tmp_path / "new").exists()
    check_space(tmp_path / "x", 1e9, "as many")
    made = generate("padme", tmp_path / "x.root", events=50_000).path
    assert 0.9 * disk_space(50_000) < made.stat().st_size < 5 * EVENT_BYTES * 50_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1000))
    with pytest.raises(InputError, match=r"the disk has 0\.001 MB left"):
        merge([made, made], tmp_path / "y.root")


# --- names that are taken for addresses --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD)
def test_odd_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    generate("padme", name, events=10)
    with EventFile(name) as file:
        assert sum(len(chunk["run"]) for chunk in file.chunks()) == 10  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == [name]


# --- joined by another program -----------------------------------------------------------------------------------


def as_hadd(files: list[Path], output: Path, *, metas: bool) -> None:
    """The trees one behind the other, and the `meta` of the first file, or of each."""
    with uproot.recreate(output) as joined:
        for tree in ("Events", "Runs"):
            for number, file in enumerate(files):
                arrays = uproot.open(file)[tree].arrays()
                flat = {name: arrays[name] for name in arrays.fields if not name.startswith("nGenPart")}
                jagged = [name for name in flat if name.startswith("GenPart_")]
                columns = {name: values for name, values in flat.items() if name not in jagged}
                if jagged:
                    import awkward as ak

                    columns["GenPart"] = ak.zip({name.removeprefix("GenPart_"): flat[name] for name in jagged})
                if number == 0:
                    types = {k: v.type.content if v.ndim > 1 else np.asarray(v).dtype for k, v in columns.items()}
                    joined.mktree(tree, types)
                joined[tree].extend(columns)
        for file in files if metas else files[:1]:
            joined["meta"] = str(uproot.open(file)["meta"])


@pytest.mark.parametrize("metas", [False, True])
def test_files_joined_by_hadd(tmp_path: Path, metas: bool) -> None:
    files = [generate("padme", tmp_path / f"{seed}.root", events=2000, seed=seed).path for seed in (1, 2, 3)]
    as_hadd(files, tmp_path / "all.root", metas=metas)
    with pytest.raises(InputError, match=r"all\.root: several event files were joined .* hadd .* 'alphoton merge'"):
        EventFile(tmp_path / "all.root")
    as_hadd(files[:1], tmp_path / "one.root", metas=metas)
    with EventFile(tmp_path / "one.root") as file:  # negative control: what is written here can be read
        assert file.count == 2000
    assert merge(files, tmp_path / "merged.root").events == 6000


def test_damaged_runs_are_not_taken_for_joined_ones(tmp_path: Path) -> None:
    path = tmp_path / "x.root"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alphoton.data.event_file.crc", lambda *_: 1)
        with EventWriter(path) as writer:
            writer.extend({"x": np.arange(20.0)})
            writer.finish({}, {"genEventCount": np.array([10, 10])})
    with pytest.raises(InputError, match="damaged: Runs"):
        EventFile(path)


def test_a_digest_of_content(tmp_path: Path) -> None:
    """The same content written twice has one, another content another one; a damaged file has none."""
    paths = [generate("padme", tmp_path / f"{n}.root", events=100, seed=1 + n // 2).path for n in range(3)]
    assert paths[0].read_bytes() != paths[1].read_bytes()
    digests = [content_digest(path) for path in paths]
    assert digests[0] == digests[1] != digests[2]
    paths[0].write_bytes(paths[0].read_bytes()[:-1])
    with pytest.raises(InputError, match="cannot be read"):
        content_digest(paths[0])
