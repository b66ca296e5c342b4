"""Event files: what is written comes back, a file is there whole or not at all, and nothing else is taken for one."""

from __future__ import annotations

import json
import os
import re
import resource
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from alphoton.data.checksums import crc, crc_of_json
from alphoton.data.errors import InputError
from alphoton.data.event_file import CHUNK, FORMAT_VERSION, Chunk, EventFile, EventWriter, Jagged
from alphoton.data.output import Unfinished, check_free, write_text

META = {"cards": {"process": {"name": "padme"}}, "seed": 1}


@pytest.fixture(autouse=True)
def any_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this module are small: what an event file must hold is looked at in `test_event_meta`."""
    monkeypatch.setattr(EventFile, "_check_contract", lambda _: None)
    monkeypatch.setattr(EventFile, "_check_values", lambda *_: None)


def chunk(start: int, count: int) -> Chunk:
    """Columns of several types, two particles an event, and zero to three photons."""
    rng = np.random.default_rng(start)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 4, count))])
    return {
        "event": np.arange(start, start + count, dtype=np.uint64),
        "genWeight": rng.random(count),
        "run": rng.integers(0, 10, count, dtype=np.int32),
        "pass_theta": rng.random(count) < 0.5,
        "GenPart": Jagged.fixed(
            2, {"pdgId": np.tile(np.array([22, 9000005], dtype=np.int32), count), "px": rng.normal(size=2 * count)}
        ),
        "Photon": Jagged(offsets, {"energy": rng.random(offsets[-1]), "theta": rng.random(offsets[-1])}),
    }


def runs(*counts: int) -> dict[str, np.ndarray]:
    return {"genEventCount": np.array(counts), "crossSection_pb": np.full(len(counts), 2.5)}


def write(path: Path, counts: tuple[int, ...] = (1000, 500), force: bool = False) -> list[Chunk]:
    """An event file of chunks with these numbers of events."""
    chunks = [chunk(sum(counts[:i]), count) for i, count in enumerate(counts)]
    with EventWriter(path, force=force) as writer:
        for part in chunks:
            writer.extend(part)
        writer.finish(META, runs(*counts))
    return chunks


def columns(chunks: list[Chunk]) -> dict[str, np.ndarray]:
    """All columns, flat."""
    flat: dict[str, list[np.ndarray]] = {}
    for part in chunks:
        for name, column in part.items():
            if isinstance(column, Jagged):
                flat.setdefault(f"n{name}", []).append(column.counts)
                for field, values in column.fields.items():
                    flat.setdefault(f"{name}_{field}", []).append(values)
            else:
                flat.setdefault(name, []).append(column)
    return {name: np.concatenate(parts) for name, parts in flat.items()}


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert name.startswith("n") or found[name].dtype == values.dtype


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small event file."""
    path = tmp_path_factory.mktemp("whole") / "events.root"
    write(path)
    return path.read_bytes()


# ---- there and back --------------------------------------------------------------------------------------------------


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "events.root"
    expected = write(path)
    with EventFile(path) as file:
        assert file.count == 1500
        assert sorted(file.groups) == ["GenPart", "Photon"]
        assert_same(columns(list(file.chunks())), columns(expected))
        np.testing.assert_equal(file.runs(), runs(1000, 500))
        assert file.meta["cards"] == META["cards"]


def test_a_few_columns(tmp_path: Path) -> None:
    """Named columns, and a group for all its fields."""
    write(tmp_path / "events.root")
    with EventFile(tmp_path / "events.root") as file:
        (part,) = file.chunks(["event", "Photon"])
    assert set(part) == {"event", "Photon"}
    assert set(part["Photon"].fields) == {"energy", "theta"}


def test_reading_in_chunks(tmp_path: Path) -> None:
    """Chunks of CHUNK events whatever the chunks they were written in; none is lost at the borders."""
    counts = (60_000, 60_000, 1)
    expected = write(tmp_path / "events.root", counts)
    with EventFile(tmp_path / "events.root") as file:
        read = list(file.chunks(["event", "Photon"]))
    assert [len(part["event"]) for part in read] == [CHUNK, 20_001]
    found, truth = columns(read), columns(expected)
    for name in ("event", "nPhoton", "Photon_energy"):
        np.testing.assert_array_equal(found[name], truth[name])


def test_memory_stays_flat(tmp_path: Path) -> None:
    """What was read is let go: the memory held after ten chunks is that held after one."""
    path = tmp_path / "events.root"
    write(path, (CHUNK,) * 10)
    held = []
    with EventFile(path) as file:
        tracemalloc.start()
        for part in file.chunks():
            size = sum(a.nbytes for c in part.values() for a in (c.fields.values() if isinstance(c, Jagged) else (c,)))
            held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert held[0] > size / 2  # what tracemalloc sees
    assert held[-1] - held[0] < size / 2


def test_uproot_alone_opens_it(tmp_path: Path) -> None:
    """Two trees and a JSON text, by their names, as jagged branches with their counters."""
    expected = write(tmp_path / "events.root")
    with uproot.open(tmp_path / "events.root") as file:
        assert file.classnames(cycle=False) == {"Events": "TTree", "Runs": "TTree", "meta": "TObjString"}
        events = file["Events"].arrays()
        meta = json.loads(file["meta"])
        types = {name: branch.typename for name, branch in file["Events"].items()}
    assert ak.sum(events.Photon_energy) == pytest.approx(columns(expected)["Photon_energy"].sum(), rel=1e-12)
    assert ak.all(ak.num(events.GenPart_px) == 2)
    assert types["event"] == "uint64_t"
    assert types["GenPart_pdgId"] == "int32_t[]"
    assert types["Photon_theta"] == "double[]"
    assert types["pass_theta"] == "bool"
    assert meta["format"] == FORMAT_VERSION
    assert meta["units"] == {"energy": "GeV", "length": "mm", "cross_section": "pb", "angle": "rad"}
    assert {"alphoton", "numpy", "python", "vegas"} <= set(meta["versions"])
    assert isinstance(meta["command_line"], list)
    assert meta["seed"] == 1


def test_jagged() -> None:
    jagged = Jagged(np.array([0, 2, 2, 5]), {"x": np.arange(5.0)})
    assert jagged.counts.tolist() == [2, 0, 3]
    assert jagged.events.tolist() == [0, 0, 2, 2, 2]
    assert jagged["x"].tolist() == [0, 1, 2, 3, 4]
    assert jagged.to_awkward().x.tolist() == [[0, 1], [], [2, 3, 4]]
    assert Jagged.fixed(2, {"x": np.arange(6.0)}).counts.tolist() == [2, 2, 2]


@pytest.mark.parametrize("name", ["a:b.root", "with space.root", "x*[1].root", "no-suffix", "ü.root", "a%20b#c.root"])
def test_names_of_files(tmp_path: Path, name: str) -> None:
    """uproot reads some of these as addresses or patterns."""
    write(tmp_path / name, (10,))
    for path in (tmp_path / name, str(tmp_path / name)):
        with EventFile(path) as file:
            assert file.count == 10


# ---- whole, or not there ---------------------------------------------------------------------------------------------


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "events.root") as writer:
        writer.extend(chunk(0, 10))
        writer.finish(META, runs(10))
        (part,) = listing(tmp_path)
        assert re.fullmatch(r"events\.root\.[0-9a-f]{16}\.part", part)
    assert listing(tmp_path) == {"events.root"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError, SystemExit])
@pytest.mark.parametrize("finished", [False, True])
def test_a_failure_leaves_nothing(tmp_path: Path, error: type[BaseException], finished: bool) -> None:
    def fail() -> None:
        with EventWriter(tmp_path / "events.root") as writer:
            writer.extend(chunk(0, 10))
            if finished:
                writer.finish(META, runs(10))
            raise error

    with pytest.raises(error):
        fail()
    assert listing(tmp_path) == set()


def test_a_file_that_was_not_finished_is_not_kept(tmp_path: Path) -> None:
    with EventWriter(tmp_path / "events.root") as writer:
        writer.extend(chunk(0, 10))
    assert listing(tmp_path) == set()


def test_meta_that_is_no_json_is_a_failure(tmp_path: Path) -> None:
    """NaN is no JSON: another program could not read it."""

    def write_nan() -> None:
        with EventWriter(tmp_path / "events.root") as writer:
            writer.extend(chunk(0, 10))
            writer.finish({"seed": float("nan")}, runs(10))

    with pytest.raises(ValueError, match="not JSON compliant"):
        write_nan()
    assert listing(tmp_path) == set()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: the error is the one of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_nothing(tmp_path: Path, force: bool) -> None:
    """Neither half a file nor a broken old one."""
    if force:
        write(tmp_path / "events.root", (10,))
    with pytest.raises(OSError, match="File too large"), disk_of(200_000):
        write(tmp_path / "events.root", (20_000,), force=force)
    if force:
        assert EventFile(tmp_path / "events.root").count == 10
    assert listing(tmp_path) == ({"events.root"} if force else set())


def test_existing_output_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "events.root", (10,))
    before = (tmp_path / "events.root").read_bytes()
    with pytest.raises(InputError, match=r"events.root: exists already; .* force=True"):
        write(tmp_path / "events.root", (20,))
    assert (tmp_path / "events.root").read_bytes() == before
    write(tmp_path / "events.root", (20,), force=True)
    assert EventFile(tmp_path / "events.root").count == 20
    assert listing(tmp_path) == {"events.root"}


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    write(tmp_path / "events.root", (10,))

    def fail() -> None:
        with EventWriter(tmp_path / "events.root", force=True) as writer:
            writer.extend(chunk(0, 20))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert EventFile(tmp_path / "events.root").count == 10


def test_a_part_left_behind_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "events.root.0123456789abcdef.part").write_bytes(b"half a file" * 100_000)
    write(tmp_path / "events.root", (10,))
    assert EventFile(tmp_path / "events.root").count == 10
    assert listing(tmp_path) == {"events.root"}


def test_the_folder_is_made(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder" / "events.root", (10,))
    assert EventFile(tmp_path / "new" / "folder" / "events.root").count == 10


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_is_no_output(tmp_path: Path, force: bool) -> None:
    with pytest.raises(InputError, match="is a folder, the name of a file is due"):
        check_free(tmp_path, force=force)


def test_text_is_written_whole_or_not(tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    write_text(path, "a,b\n")
    with pytest.raises(InputError, match="exists already"):
        write_text(path, "c\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800", force=True)
    assert path.read_text() == "a,b\n"
    assert listing(tmp_path) == {"limits.csv"}


def test_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "x") as part:
        part.write_text("1")
        assert not (tmp_path / "x").exists()
    assert (tmp_path / "x").read_text() == "1"


# ---- files that are no event files -----------------------------------------------------------------------------------


def read_all(path: Path) -> int:
    """The number of events that can be read in full."""
    with EventFile(path) as file:
        file.runs()
        return sum(len(part["event"]) for part in file.chunks())


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_all(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("part", range(20))
def test_truncated_files_are_refused(tmp_path: Path, whole: bytes, part: int) -> None:
    """Cut at twenty places, from nothing at all to all but the last byte: never a file of fewer events."""
    cut = part * (len(whole) - 1) // 19
    path = tmp_path / "cut.root"
    path.write_bytes(whole[:cut])
    assert any(word in refusal(path) for word in ("whole", "damaged"))


def test_truncation_with_zeros(tmp_path: Path, whole: bytes) -> None:
    """A file system that kept the length and lost the end: refused, or every event is there."""
    path = tmp_path / "zeros.root"
    for cut in range(100, len(whole), len(whole) // 20):
        path.write_bytes(whole[:cut] + bytes(len(whole) - cut))
        try:
            assert read_all(path) == 1500
        except InputError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017 (either is right)


def test_the_whole_file_is_read(tmp_path: Path, whole: bytes) -> None:
    """Negative control of the truncations."""
    (tmp_path / "whole.root").write_bytes(whole)
    assert read_all(tmp_path / "whole.root") == 1500


@pytest.mark.parametrize(
    "content",
    [b"", b"root", b"root\x00\x00\xf3\x94", b"\x89HDF\r\n\x1a\n" * 100, b"not a ROOT file\n" * 1000, bytes(10_000)],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.root"
    path.write_bytes(content)
    assert "not a whole ROOT file" in refusal(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.root").endswith("no such event file")
    assert "no such event file" in refusal(tmp_path)


def test_root_files_of_others_are_refused(tmp_path: Path) -> None:
    """What is missing is named, and how an event file is made."""
    path = tmp_path / "other.root"
    with uproot.recreate(path) as file:
        file.mktree("Events", {"x": np.float64}).extend({"x": np.zeros(3)})
    assert "Runs, meta not found; make one with 'alphoton generate'" in refusal(path)
    with uproot.recreate(path) as file:
        file["h"] = np.histogram([1.0, 2.0])
    assert "Events, Runs, meta not found" in refusal(path)
    uproot.recreate(path).close()
    assert "Events, Runs, meta not found" in refusal(path)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ("not JSON", "its 'meta' cannot be read: the file is damaged, or of another program"),
        ("[]", "its 'meta' cannot be read"),
        ("{}", "its 'meta' cannot be read"),
        (f'{{"format": {FORMAT_VERSION + 1}}}', f"format {FORMAT_VERSION + 1}, this version of alphoton reads format"),
    ],
)
def test_other_meta_is_refused(tmp_path: Path, meta: str, message: str) -> None:
    path = tmp_path / "other.root"
    write_foreign(path, meta=meta)
    assert message in refusal(path)


def write_foreign(path: Path, *, meta: str | None = None, without: str = "", events: int = 3) -> None:
    """A file with the three right names; a histogram under one of them. Its checksums are right."""
    columns = {"Events": {"event": np.zeros(3, dtype=np.uint64)}, "Runs": {"genEventCount": np.array([events])}}
    if meta is None:
        event, count = (crc(values) for tree in columns.values() for values in tree.values())
        sums = {"block": CHUNK, "Events": {"event": [event]}, "Runs": {"genEventCount": count}}
        plain = {"format": FORMAT_VERSION, "checksums": sums}
        meta = json.dumps({**plain, "checksums": {**sums, "meta": crc_of_json(plain)}})
    with uproot.recreate(path) as file:
        for tree in {"Events", "Runs"} - {without}:
            file.mktree(tree, {name: values.dtype for name, values in columns[tree].items()}).extend(columns[tree])
        if without:
            file[without] = np.histogram([1.0, 2.0])
        file["meta"] = meta


@pytest.mark.parametrize("name", ["Events", "Runs"])
def test_an_object_that_is_no_tree_is_refused(tmp_path: Path, name: str) -> None:
    write_foreign(tmp_path / "other.root", without=name)
    refusal(tmp_path / "other.root")


def test_lost_events_are_noticed(tmp_path: Path) -> None:
    """The trees must agree on the number of events."""
    write_foreign(tmp_path / "other.root", events=3)
    assert read_all(tmp_path / "other.root") == 3
    write_foreign(tmp_path / "other.root", events=4)
    assert "3 events where 4 were written" in refusal(tmp_path / "other.root")


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    """Not even with force: a pipe or a device would be gone. A link stays a link."""
    pipe, link, target = tmp_path / "pipe", tmp_path / "link.txt", tmp_path / "target.txt"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="no regular file"):
        check_free(pipe, force=True)
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new", force=True)
    assert link.is_symlink()
    assert target.read_text() == "new"
