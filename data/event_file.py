"""Event files: the only reader and writer of ROOT in alphoton.

A file holds three objects: the tree `Events`, the tree `Runs` (one row a chunk), and `meta` (JSON: cards, seed,
versions, beams, units, checksums). Particles and photons are jagged branches `GROUP_field` with the counter `nGROUP`.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

from alphoton.data.checksums import BlockSums, crc, crc_of_json
from alphoton.data.errors import InputError, first_line
from alphoton.data.event_meta import checksums_problem, columns_problem, meta_problem, runs_problem, values_problem
from alphoton.data.output import Unfinished
from alphoton.data.provenance import digest_of

FORMAT_VERSION = 1
CHUNK = 100_000
"""Events a chunk: the unit of random numbers, of writing and of memory. Part of the format: it fixes the events."""


@dataclass(frozen=True)
class Jagged:
    """Columns with the same number of entries an event: entries `offsets[i]:offsets[i + 1]` belong to event i."""

    offsets: NDArray[np.int64]
    fields: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.fields[name]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    @cached_property
    def events(self) -> NDArray[np.int64]:
        """The event index of each entry."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def cut(self, start: int, stop: int) -> Jagged:
        """The entries of events `start` to `stop`."""
        first, last = self.offsets[[start, stop]]
        fields = {name: values[first:last] for name, values in self.fields.items()}
        return Jagged(self.offsets[start : stop + 1] - first, fields)

    @classmethod
    def fixed(cls, per_event: int, fields: Mapping[str, NDArray[Any]]) -> Self:
        """The same number of entries in every event."""
        length = len(next(iter(fields.values())))
        return cls(np.arange(0, length + 1, per_event, dtype=np.int64), fields)

    def to_awkward(self) -> ak.Array:
        contents = [ak.contents.NumpyArray(values) for values in self.fields.values()]
        record = ak.contents.RecordArray(contents, list(self.fields))
        return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(self.offsets), record))


Column = NDArray[Any] | Jagged
Chunk = dict[str, Column]


def _length(chunk: Chunk) -> int:
    column = next(iter(chunk.values()))
    return len(column.offsets) - 1 if isinstance(column, Jagged) else len(column)


def _branches(chunk: Chunk, start: int, stop: int) -> dict[str, NDArray[Any]]:
    """The values of events `start` to `stop` branch by branch; those of a jagged group are its counts and its fields."""
    branches: dict[str, NDArray[Any]] = {}
    for name, column in chunk.items():
        if isinstance(column, Jagged):
            part = column.cut(start, stop)
            branches[f"n{name}"] = part.counts
            branches |= {f"{name}_{field}": values for field, values in part.fields.items()}
        else:
            branches[name] = column[start:stop]
    return branches


def _add(sums: BlockSums, chunk: Chunk, count: int) -> None:
    """Append a chunk of `count` events to the checksums of `Events`."""
    for start, stop in list(sums.pieces(count)):
        sums.add(stop - start, _branches(chunk, start, stop))


def versions() -> dict[str, str]:
    """The versions of what made a file."""
    packages = ("alphoton", "numpy", "numba", "vegas", "awkward", "uproot")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


class EventWriter:
    """Writes an event file chunk by chunk: whole under its name, or not there at all.

    with EventWriter(path, force=False) as writer:
        writer.extend(chunk)
        writer.finish(meta, runs)
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._unfinished = Unfinished(path, force=force)
        self._events: Any = None
        self._sums = BlockSums(CHUNK)
        self._finished = False

    def __enter__(self) -> Self:
        try:
            self._unfinished.__enter__()
            # LZ4 is ten times faster to write than ZLIB and every ROOT since 2017 reads it
            self._file = uproot.recreate(self._unfinished.open(), compression=uproot.LZ4(1))
            return self
        except BaseException as error:
            self._unfinished.__exit__(type(error), error, None)
            raise

    def extend(self, chunk: Chunk) -> None:
        """Append the events of a chunk."""
        arrays = {name: c.to_awkward() if isinstance(c, Jagged) else c for name, c in chunk.items()}
        if self._events is None:
            types = {name: a.type.content if isinstance(a, ak.Array) else a.dtype for name, a in arrays.items()}
            self._events = self._file.mktree("Events", types, title="events")
        self._events.extend(arrays)
        _add(self._sums, chunk, _length(chunk))

    def finish(self, meta: Mapping[str, Any], runs: Mapping[str, NDArray[Any]]) -> None:
        """Write `Runs` from its columns, and last of all `meta`: a file with a meta is whole."""
        self._file.mktree("Runs", {key: values.dtype for key, values in runs.items()}, title="chunks").extend(dict(runs))
        complete = {
            "format": FORMAT_VERSION,
            "units": {"energy": "GeV", "length": "mm", "cross_section": "pb", "angle": "rad"},
            "versions": versions(),
            "command_line": [Path(sys.argv[0]).name, *sys.argv[1:]],
            **meta,
        }
        sums = {
            "block": self._sums.size,
            "Events": self._sums.sums,
            "Runs": {name: crc(values) for name, values in runs.items()},
        }
        checked = {**complete, "checksums": sums}
        checked["checksums"] = {**sums, "meta": crc_of_json(checked)}
        self._file["meta"] = json.dumps(checked, allow_nan=False)
        self._finished = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._close(kind, error, trace)
        except BaseException as failure:  # Ctrl-C too: nothing unfinished is left
            self._unfinished.__exit__(type(failure), failure, None)
            raise

    def _close(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and not self._finished:
            kind = RuntimeError  # left without `finish`: not a whole file
        try:
            self._file.close()
        except Exception as failure:
            first = failure if kind is None or error is None else error  # the first failure is the one to tell
            self._unfinished.__exit__(type(first), first, None)
            if kind is None:
                raise
        else:
            self._unfinished.__exit__(kind, error, trace)


class EventFile:
    """An event file opened for reading.

    Raises `InputError` where it is missing, truncated, foreign or of another format, and where it breaks the contract of
    `event_meta`: in its `meta`, in `Runs`, or in the columns of `Events`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{path}: no such event file")
        try:
            # caches would keep all that was read: large files are read at constant memory
            options = {"array_cache": None, "object_cache": None, "use_threads": False}
            self._file = uproot.open(self.path, handler=uproot.MultithreadedFileSource, **options)
            if self._file.file.fEND > self.path.stat().st_size:
                raise ValueError("it ends before its end")
            keys = self._file.keys(recursive=False)
            names = {key.split(";")[0] for key in keys}
        except Exception as error:
            raise InputError(f"{path}: not a whole ROOT file ({first_line(error)}); generate it again") from None
        try:
            if sum(key.startswith("meta;") for key in keys) > 1:
                raise self._joined("it has several 'meta'")
            self._open(names)
        except BaseException:
            self._file.close()
            raise

    def _open(self, names: set[str]) -> None:
        """Read everything but the events. Raises `InputError` where that is not as it was written, or cannot be right."""
        missing = {"Events", "Runs", "meta"} - names
        if missing:
            raise InputError(
                f"{self.path}: no event file of alphoton: {', '.join(sorted(missing))} not found; "
                "make one with 'alphoton generate'"
            )
        self.meta = self._read_meta()
        self._checksums: dict[str, Any] = self.meta.pop("checksums")
        self._refuse(checksums_problem(self._checksums))
        self.tree = self._damaged(lambda: self._file["Events"])
        if not hasattr(self.tree, "num_entries"):
            raise InputError(f"{self.path}: no event file of alphoton: its 'Events' is no tree")
        self.branches: list[str] = self._damaged(lambda: [str(name) for name in self.tree.keys()])  # noqa: SIM118
        self._check_branches()
        self._runs = self._read_runs()
        expected = self._damaged(lambda: int(self._runs["genEventCount"].sum()))
        if expected != self.count:
            raise InputError(f"{self.path}: damaged: {self.count} events where {expected} were written; make it again")
        self._check_contract()

    def _joined(self, why: str) -> InputError:
        return InputError(
            f"{self.path}: several event files were joined in it by another program, as ROOT's hadd ({why}), and it does "
            "not say any more what its events are; join the files themselves with 'alphoton merge'"
        )

    def _read_meta(self) -> dict[str, Any]:
        try:
            meta = json.loads(str(self._file["meta"]))
            found = meta["format"]
        except Exception:
            raise InputError(f"{self.path}: its 'meta' cannot be read: the file is damaged, or of another program") from None
        if found != FORMAT_VERSION:
            raise InputError(f"{self.path}: format {found}, this version of alphoton reads format {FORMAT_VERSION}")
        due = self._damaged(lambda: meta["checksums"].pop("meta"))
        if crc_of_json(meta) != due:
            raise InputError(f"{self.path}: damaged: its 'meta' is not what was written; make it again")
        return dict(meta)

    def _check_branches(self) -> None:
        """Raise `InputError` where the branches are not those that were written."""
        if odd := {*self.branches} ^ {*self._checksums["Events"]}:
            shown = ", ".join(sorted(odd))
            raise InputError(f"{self.path}: damaged: branches were lost, or are not those written: {shown}; make it again")

    def _check_contract(self) -> None:
        """Raise `InputError`, naming the key, where the file is whole and its content is not what alphoton writes."""
        problem = meta_problem(self.meta) or runs_problem(self._runs)
        self._refuse(problem or columns_problem(self.types(), list(self.meta["couplings"])))
        if self.count == 0:
            self._refuse("Events: holds no events")

    def _refuse(self, problem: str | None) -> None:
        if problem is not None:
            raise InputError(f"{self.path}: {problem}; it is no event file of alphoton")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def count(self) -> int:
        """Number of events."""
        return int(self.tree.num_entries)

    @property
    def content(self) -> str:
        """A digest of the events and of what they were made from, by the checksums that are compared when they are read."""
        return digest_of([self.meta.get("recipe"), self._checksums["Events"], self._checksums["Runs"]])

    @cached_property
    def groups(self) -> list[str]:
        """The names of the jagged groups."""
        return [b[1:] for b in self.branches if b.startswith("n") and any(o.startswith(f"{b[1:]}_") for o in self.branches)]

    def types(self) -> dict[str, str]:
        """The C++ type of each branch of `Events`."""
        return dict(self._damaged(lambda: self.tree.typenames()))

    def cross_section(self) -> tuple[float, float]:
        """Cross-section and error of the events that the file holds, in pb: times the share of their decays among all."""
        runs, share = self.runs(), self.meta["decay_fraction"]
        return share * float(runs["crossSection_pb"][0]), share * float(runs["crossSectionError_pb"][0])

    def runs(self) -> dict[str, NDArray[Any]]:
        """The columns of `Runs`, one row a chunk."""
        return dict(self._runs)

    def _read_runs(self) -> dict[str, NDArray[Any]]:
        """The columns of `Runs`. Raises `InputError` where they are not what was written."""
        rows: dict[str, NDArray[Any]] = self._damaged(lambda: dict(self._file["Runs"].arrays(library="np")))
        found = self._damaged(lambda: {name: crc(values) for name, values in rows.items()})
        due = self._checksums["Runs"]
        wrong = [name for name in {**due, **found} if found.get(name) != due.get(name)]
        if wrong and _starts_or_ends_with(rows, due):
            raise self._joined("its 'meta' is that of a part of its 'Runs'")
        if wrong:
            raise InputError(
                f"{self.path}: damaged: Runs, branch {wrong[0]}: not the values that were written; make it again"
            )
        return rows

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[Chunk]:
        """The events in chunks of `CHUNK`, in order: all columns, or those named (a group means all its fields).

        Raises `InputError`, naming branch and events, where values are not those that were written.
        """
        wanted = self.branches if columns is None else [b for b in self.branches if self._wanted(b, columns)]
        sums = BlockSums(self._checksums["block"])
        for start in range(0, self.count, CHUNK):
            stop = min(start + CHUNK, self.count)
            chunk = self._read(wanted, start, stop)
            self._damaged(lambda chunk=chunk, count=stop - start: _add(sums, chunk, count))
            self._verify(sums)
            self._check_values(chunk)
            yield chunk

    def _check_values(self, chunk: Chunk) -> None:
        """Raise `InputError`, naming the branch, where a value that is as it was written cannot be right."""
        runs = len(self.meta["beams"])
        for name, column in chunk.items():
            if isinstance(column, Jagged):
                for field, values in column.fields.items():
                    if len(values) != column.offsets[-1]:
                        self._refuse(f"Events.{name}_{field}: has not as many entries as others of {name}")
                    self._refuse(values_problem(f"{name}_{field}", values, column.counts, runs))
            else:
                self._refuse(values_problem(name, column, np.ones(0, dtype=np.int64), runs))

    def _read(self, branches: Sequence[str], start: int, stop: int) -> Chunk:
        """The events `start` to `stop`; branch by branch, which is faster than all at once, and names the one that fails."""
        columns: dict[str, NDArray[Any]] = {}
        offsets: dict[str, NDArray[np.int64]] = {}
        fields: dict[str, dict[str, NDArray[Any]]] = {}
        for branch in branches:
            group = next((group for group in self.groups if branch.startswith(f"{group}_")), None)
            try:
                if group is None:
                    columns[branch] = self.tree[branch].array(entry_start=start, entry_stop=stop, library="np")
                else:
                    first, values = _flat(self.tree[branch].array(entry_start=start, entry_stop=stop, library="ak"))
                    if not np.array_equal(offsets.setdefault(group, first), first):
                        raise ValueError(f"other numbers of entries than {group} has")
                    fields.setdefault(group, {})[branch.removeprefix(f"{group}_")] = values
            except Exception as error:
                place = f"damaged: branch {branch}, events {start} to {stop - 1}: cannot be read ({first_line(error)})"
                raise InputError(f"{self.path}: {place}; make it again") from None
        for group in self.groups:
            columns.pop(f"n{group}", None)  # the offsets say it
        return columns | {group: Jagged(offsets[group], fields[group]) for group in fields}

    def _verify(self, sums: BlockSums) -> None:
        """Raise `InputError` where a block of events just completed is not what was written."""
        if wrong := sums.first_wrong(self._checksums["Events"], self.count):
            branch, first, last = wrong
            raise InputError(
                f"{self.path}: damaged: branch {branch}, events {first} to {last}: not the values that were written; "
                "make it again"
            )

    def _wanted(self, branch: str, columns: Sequence[str]) -> bool:
        return branch in columns or any(branch.startswith(f"{group}_") for group in self.groups if group in columns)

    def _damaged(self, reading: Any) -> Any:
        try:
            return reading()
        except Exception as error:
            raise InputError(f"{self.path}: the file is damaged ({first_line(error)}); make it again") from None


def _starts_or_ends_with(rows: Mapping[str, NDArray[Any]], due: Mapping[str, int]) -> bool:
    """Whether the columns of `Runs` have these checksums when rows at their end, or at their beginning, are left out."""
    if rows.keys() != due.keys():
        return False
    length = min(len(values) for values in rows.values())
    parts = (part for cut in range(1, length) for part in (slice(cut), slice(cut, None)))
    return any(all(crc(values[part]) == due[name] for name, values in rows.items()) for part in parts)


def content_digest(path: Path) -> str:
    """A digest of what a ROOT file of events or histograms holds: dates, and what else every writing makes anew, do not
    enter. Raises `InputError` where it cannot be read."""
    try:
        with uproot.open(path, handler=uproot.MultithreadedFileSource, use_threads=False) as file:
            if file.file.fEND != path.stat().st_size:
                raise ValueError("it ends elsewhere than it says")
            keys = {name: file.key(name) for name in file.keys(recursive=False)}
            if not any(key.fName == "meta" for key in keys.values()):
                held = [[name, key.fClassName, _object_digest(key)] for name, key in sorted(keys.items())]
                return digest_of(held)
    except Exception as error:
        raise InputError(f"{path}: cannot be read ({first_line(error)})") from None
    with EventFile(path) as events:
        return events.content


def _object_digest(key: Any) -> str:
    chunk, cursor = key.get_uncompressed_chunk_cursor()
    return hashlib.blake2b(chunk.get(cursor.index, cursor.index + key.fObjlen, cursor, {}).tobytes()).hexdigest()


def _flat(array: ak.Array) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Offsets, from 0 on, and values of a jagged branch."""
    layout = array.layout.to_ListOffsetArray64(True)
    offsets = np.asarray(layout.offsets)
    return offsets, np.asarray(layout.content.data)[: offsets[-1]]
