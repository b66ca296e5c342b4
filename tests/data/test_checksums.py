"""Checksums of event files: of the values alone, for every writer, and one message where a value is another."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

from alphoton.data import event_file
from alphoton.data.checksums import BlockSums, crc
from alphoton.data.errors import InputError
from alphoton.data.event_file import CHUNK, Chunk, EventFile, EventWriter, Jagged
from alphoton.data.merge import merge
from alphoton.detectors.simulate import simulate
from alphoton.generators import parts
from alphoton.generators.generate import generate


@pytest.fixture(autouse=True)
def any_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this module are small: what an event file must hold is looked at in `test_event_meta`."""
    monkeypatch.setattr(EventFile, "_check_contract", lambda _: None)
    monkeypatch.setattr(EventFile, "_check_values", lambda *_: None)


def chunk(start: int, stop: int) -> Chunk:
    """Events `start` to `stop` of one and the same long sample."""
    number = np.arange(start, stop)
    offsets = np.concatenate([[0], np.cumsum(number % 3)])
    return {
        "event": number.astype(np.uint64),
        "genWeight": np.cos(number),
        "Photon": Jagged(offsets, {"energy": np.repeat(np.sin(number), number % 3)}),
    }


def write(path: Path, *edges: int) -> Path:
    """The sample, in writes that end at these events."""
    with EventWriter(path, force=True) as writer:
        for start, stop in zip((0, *edges), edges, strict=False):
            writer.extend(chunk(start, stop))
        writer.finish({"seed": 1}, {"genEventCount": np.array([edges[-1]])})
    return path


def checksums(path: Path) -> dict[str, dict[str, list[int]]]:
    with uproot.open(path) as file:
        return dict(json.loads(str(file["meta"]))["checksums"])


def read_all(path: Path, columns: list[str] | None = None) -> int:
    with EventFile(path) as file:
        return sum(1 for _ in file.chunks(columns))


# ---- what they depend on ---------------------------------------------------------------------------------------------


def test_known_value() -> None:
    """The check value of CRC-32, of the text 123456789."""
    assert crc(np.frombuffer(b"123456789", dtype=np.uint8)) == 0xCBF43926
    assert crc(np.frombuffer(b"6789", dtype=np.uint8), crc(np.frombuffer(b"12345", dtype=np.uint8))) == 0xCBF43926


def test_neither_byte_order_nor_strides_matter() -> None:
    values = np.arange(10.0)
    assert crc(values.astype(">f8")) == crc(np.repeat(values, 2)[::2]) == crc(values)


def test_the_sizes_of_writes_do_not_matter(tmp_path: Path) -> None:
    last = 2 * CHUNK + 1000
    sums = checksums(write(tmp_path / "a.root", last))
    assert {name: len(blocks) for name, blocks in sums["Events"].items()} == dict.fromkeys(
        ("event", "genWeight", "nPhoton", "Photon_energy"), 3
    )
    assert checksums(write(tmp_path / "b.root", 1, 7, CHUNK - 1, CHUNK + 1, CHUNK + 2, last)) == sums
    assert checksums(write(tmp_path / "c.root", CHUNK, 2 * CHUNK, last)) == sums


def test_the_storage_of_jagged_columns_does_not_matter() -> None:
    """A cut of a longer one, with offsets that do not begin at 0 and values that are not used, is the same."""
    whole = chunk(0, 100)
    part = event_file._branches(whole, 30, 60)
    alone = event_file._branches(chunk(30, 60), 0, 30)
    assert {name: crc(values) for name, values in part.items()} == {name: crc(values) for name, values in alone.items()}


def test_blocks_are_compared_when_they_are_complete() -> None:
    sums, values = BlockSums(10), np.arange(25)
    due = {"x": [crc(values[:10]), crc(values[10:20]), 0]}
    found = []
    for start, stop in ((0, 8), (8, 13), (13, 20), (20, 25)):
        for first, last in list(sums.pieces(stop - start)):
            sums.add(last - first, {"x": values[start + first : start + last]})
        found.append(sums.first_wrong(due, 25))
    assert found == [None, None, None, ("x", 20, 24)]


# ---- every writer ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    return generate("padme", folder / "events.root", events=300).path


def test_generate_simulate_merge(small: Path, tmp_path: Path) -> None:
    other = generate("padme", tmp_path / "other.root", events=200, seed=2).path
    joined = merge([small, other], tmp_path / "joined.root").path
    reco = simulate(joined, "padme", tmp_path / "reco.root").path
    for path, branch in ((small, "GenPart_px"), (joined, "event"), (reco, "Photon_theta")):
        assert branch in checksums(path)["Events"]
        assert read_all(path) == 1
        with EventFile(path) as file:
            assert "checksums" not in file.meta
    assert checksums(reco)["Events"]["event"] == checksums(joined)["Events"]["event"]


def test_parts_that_are_damaged_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One wrong value in a part that opens and looks whole."""
    monkeypatch.setattr(parts, "PART", 1)

    def failing(done: int, _: int) -> None:
        if done > CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate("padme", tmp_path / "events.root", events=CHUNK + 10, progress=failing)
    part = tmp_path / "events.root.parts" / "000000.root"
    assert parts.read_tally(part, CHUNK, {}) is not None
    with EventFile(part) as file:
        content, meta, runs = list(file.chunks()), file.meta, file.runs()
    with EventWriter(part, force=True) as writer:
        for each in content:
            writer.extend(each)
        writer._sums.sums["GenPart_energy"][0] ^= 1
        writer.finish(meta, runs)
    assert parts.read_tally(part, CHUNK, {}) is None
    made = generate("padme", tmp_path / "events.root", events=CHUNK + 10).path
    whole = generate("padme", tmp_path / "whole.root", events=CHUNK + 10).path
    assert checksums(made)["Events"] == checksums(whole)["Events"]


# ---- what is damaged -------------------------------------------------------------------------------------------------


def test_a_wrong_value_is_told_with_branch_and_events(tmp_path: Path) -> None:
    """One bit of one value, one that stands in the file as it is."""
    path = write(tmp_path / "events.root", 300)
    content, value = path.read_bytes(), struct.pack(">d", np.cos(201))
    assert content.count(value) == 1
    path.write_bytes(content.replace(value, value[:7] + bytes([value[7] ^ 1])))
    with pytest.raises(InputError) as caught:
        read_all(path)
    expected = "damaged: branch genWeight, events 0 to 299: not the values that were written; make it again"
    assert str(caught.value) == f"{path}: {expected}"
    with pytest.raises(InputError, match="branch genWeight"):
        read_all(path, ["genWeight"])
    assert read_all(path, ["event", "Photon"]) == 1  # branches that are right are read


def test_a_branch_that_cannot_be_read_is_told_too(tmp_path: Path) -> None:
    """Compressed values have a checksum of their own, which is compared before."""
    path = write(tmp_path / "events.root", 300)
    content = bytearray(path.read_bytes())
    with uproot.open(path) as file:
        place = file["Events"]["event"].member("fBasketSeek")[0]
    content[place + 200] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged: branch event, events 0 to 299: cannot be read \(.*\); make it again"):
        read_all(path)
    assert read_all(path, ["genWeight", "Photon"]) == 1


def test_the_later_blocks_are_checked_too(tmp_path: Path) -> None:
    path = write(tmp_path / "events.root", CHUNK + 50)
    rewrite_meta(path, lambda meta: meta["checksums"]["Events"]["genWeight"].__setitem__(1, 0))
    with EventFile(path) as file:
        events = file.chunks()
        assert len(next(events)["event"]) == CHUNK
        with pytest.raises(InputError, match=rf"branch genWeight, events {CHUNK} to {CHUNK + 49}: not the values"):
            next(events)


def rewrite_meta(path: Path, change: Callable[[dict], object], *, agree: bool = True) -> None:
    """Write the sample again with another meta, which agrees with its own checksum or not."""
    with uproot.open(path) as file:
        meta = json.loads(str(file["meta"]))
        trees = {name: file[name].arrays(library="ak", how=dict) for name in ("Events", "Runs")}
    change(meta)
    if agree and "checksums" in meta:
        meta["checksums"].pop("meta")
        meta["checksums"]["meta"] = event_file.crc_of_json(meta)
    with uproot.recreate(path) as file:
        events = chunk(0, len(trees["Events"]["event"]))
        arrays = {name: c.to_awkward() if isinstance(c, Jagged) else c for name, c in events.items()}
        types = {name: a.dtype if isinstance(a, np.ndarray) else a.type.content for name, a in arrays.items()}
        file.mktree("Events", types).extend(arrays)
        rows = {name: np.asarray(values) for name, values in trees["Runs"].items()}
        file.mktree("Runs", {name: values.dtype for name, values in rows.items()}).extend(rows)
        file["meta"] = json.dumps(meta)


@pytest.mark.parametrize("key", ["checksums", "meta"])
def test_checksums_may_not_be_missing(tmp_path: Path, key: str) -> None:
    """As where damage makes another word of the key."""
    path = write(tmp_path / "events.root", 50)

    def rename(meta: dict) -> None:
        within = meta if key == "checksums" else meta["checksums"]
        within[key.upper()] = within.pop(key)

    rewrite_meta(path, rename, agree=False)
    with pytest.raises(InputError, match="damaged"):
        read_all(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta["checksums"]["Runs"].update(genEventCount=1), "Runs, branch genEventCount: not the values"),
        (lambda meta: meta["checksums"]["Runs"].update(lost=1), "Runs, branch lost: not the values"),
        (lambda meta: meta["checksums"]["Events"].pop("event"), "branches were lost, or are not those written: event"),
        (lambda meta: meta["checksums"]["Events"].update(lost=[0]), "or are not those written: lost"),
        (lambda meta: meta["checksums"]["Events"].update(nPhoton=[0]), "branch nPhoton, events 0 to 49"),
    ],
)
def test_everything_is_compared(tmp_path: Path, change: Callable[[dict], object], message: str) -> None:
    path = write(tmp_path / "events.root", 50)
    rewrite_meta(path, lambda _: None)
    assert read_all(path) == 1
    rewrite_meta(path, change)
    with pytest.raises(InputError, match=message):
        read_all(path)


def test_meta_is_compared(tmp_path: Path) -> None:
    path = write(tmp_path / "events.root", 50)
    rewrite_meta(path, lambda meta: meta.update(seed=3), agree=False)
    with pytest.raises(InputError, match="damaged: its 'meta' is not what was written; make it again"):
        EventFile(path)
