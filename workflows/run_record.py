"""What a run made: `workflow.json` in its folder says from what, and lists each file with a digest of its content.

The list is what `--force` goes by. A file that the run did not make is neither replaced nor removed, and a file that an
earlier run made, and this one does not, goes when this one has succeeded, if it is still what was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from alphoton.data.errors import InputError
from alphoton.data.event_file import content_digest
from alphoton.data.output import is_regular, note_finished, unfinished_files, watched, write_text
from alphoton.data.places import remove_empty
from alphoton.data.provenance import Recipe, file_digest

IDENTITY = "workflow.json"
"""Says what a folder was made from, and what was made."""
MADE, EARLIER = "made", "earlier"
Listed = dict[str, str | None]
"""The digest of each file, by its path below the folder; None while it is being made."""


class RunRecord:
    """The record of the run that is at work in a folder."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any], made: Listed, earlier: Listed) -> None:
        self.folder, self._recipe = folder, dict(recipe)
        self._made, self._earlier = made, earlier

    @classmethod
    def claim(cls, folder: Path, recipe: Recipe, *, force: bool) -> RunRecord:
        """Make the folder this run's own.

        Raises `InputError` where it holds something and no record of a run, or, without `force`, that of another one.
        """
        marker = folder / IDENTITY
        made_from: dict[str, Any] = json.loads(json.dumps(recipe.as_dict()))
        for left in unfinished_files(folder, IDENTITY.replace(".", r"\.")):
            if is_regular(left):
                left.unlink(missing_ok=True)  # by a run that was killed before it had made anything
        if os.path.lexists(marker) and not is_regular(marker):
            raise InputError(f"{marker}: is no regular file; choose another folder")
        before = _read(marker)
        if before is None and any(folder.iterdir()):
            remedy = "so that nothing in it is replaced; choose another folder, or empty this one"
            raise InputError(f"{folder}: holds something else: no record of a run that lists its files, {remedy}")
        made = dict(before[MADE]) if before else {}
        earlier = dict(before[EARLIER]) if before else {}
        same = before is not None and _recipe_of(before) == made_from
        if not same and before is not None and not force:
            raise InputError(
                f"{folder}: holds {_what_else(before, made_from)}; choose another folder, or replace it with force=True"
            )
        if before is not None and force:
            made, earlier = {}, {**earlier, **made}
        record = cls(folder, made_from, made, earlier)
        record._write()
        note_finished(*(path for name in made if is_regular(path := folder / name)))
        return record

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Ask this record about every file that is written; what an earlier run left goes at the end, if all went well."""
        with watched(self):
            yield
        self._finish()

    def is_earlier(self, path: Path) -> bool:
        """Whether a file is of an earlier run, whose files are replaced."""
        name = self._name(path)
        return name in self._earlier and self._made.get(name) is None

    def begins(self, path: Path) -> None:
        """List a file before it is made. Raises `InputError` where something stands there that no run made."""
        name = self._name(path)
        if name == IDENTITY:
            return
        if not path.parent.resolve().is_relative_to(self.folder.resolve()):
            raise InputError(f"{path}: leads out of {self.folder} by a link; take the link away")
        if os.path.lexists(path) and not (is_regular(path) and (name in self._made or name in self._earlier)):
            raise InputError(
                f"{path}: was not made by this run, and would be replaced; move it away, and the same command goes on"
            )
        if name not in self._made or self._made[name] is not None:
            self._made[name] = None
            self._write()

    def ended(self, path: Path) -> None:
        """A file is whole: its digest enters the list."""
        name = self._name(path)
        if name != IDENTITY:
            self._made[name] = _digest(path)

    def keeps(self, paths: Iterable[Path]) -> None:
        """Files of an earlier run that are as this one would make them are its own."""
        for path in paths:
            name = self._name(path)
            if self._made.get(name) is None and is_regular(path):
                self._made[name] = _digest(path)

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path.absolute(), self.folder.absolute())).as_posix()

    def _write(self) -> None:
        record = {**self._recipe, MADE: dict(sorted(self._made.items()))}
        if self._earlier:
            record[EARLIER] = dict(sorted(self._earlier.items()))
        with watched(None):
            write_text(self.folder / IDENTITY, json.dumps(record, indent=1) + "\n", force=True, result=False)

    def _finish(self) -> None:
        """Complete the list, and remove what only an earlier run made."""
        for name, digest in self._made.items():
            path = self.folder / name
            if digest is None and is_regular(path):  # made by a run that was killed before it could say so
                self._made[name] = _digest(path)
        self._made = {name: digest for name, digest in self._made.items() if digest is not None}
        for name, digest in self._earlier.items():
            if name not in self._made and _is_below(name):
                self._remove(self.folder / name, digest)
        self._earlier = {}
        self._write()

    def _remove(self, path: Path, digest: str | None) -> None:
        """Remove a file that is exactly what the earlier run wrote, and folders that are then empty."""
        inside = path.parent.resolve().is_relative_to(self.folder.resolve())
        if not inside or not is_regular(path) or digest is None or _digest(path) != digest:
            return
        path.unlink()
        remove_empty(place for place in path.parents if place != self.folder and place.is_relative_to(self.folder))


def _read(marker: Path) -> dict[str, Any] | None:
    """The record in a folder; None where there is none, or one that lists no files."""
    with suppress(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        record = json.loads(marker.read_text(encoding="utf-8"))
        record.setdefault(EARLIER, {})
        if all(_is_list(record[key]) for key in (MADE, EARLIER)):
            return dict(record)
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, dict) and all(digest is None or isinstance(digest, str) for digest in value.values())


def _is_below(name: str) -> bool:
    """Whether a path from a record stays below its folder."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and ".." not in parts


def _recipe_of(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in (MADE, EARLIER)}


def _digest(path: Path) -> str:
    """Of the bytes; of a ROOT file, in which dates stand, of the content."""
    if path.suffix == ".root":
        with suppress(InputError):
            return content_digest(path)
    return file_digest(path)


def _what_else(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What a folder holds whose recipe is another."""
    with suppress(TypeError, KeyError, AttributeError):
        if all(old[key] == new[key] for key in ("cards", "files", "settings")):
            versions = [name for name, version in new["versions"].items() if old["versions"].get(name) != version]
            return f"a run by another version of {', '.join(versions) or 'alphoton, or with other packaged tables'}"
    return "a run of other cards"
