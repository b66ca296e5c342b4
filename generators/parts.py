"""Large jobs in parts: a killed run is finished by the same command, and gives the same file.

A part is a whole event file of `PART` chunks in the folder `NAME.parts` beside the output. What is there already, made
from the same recipe, is not made again; at the end the parts are joined at constant memory.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alphoton.data.errors import ClusterError, InputError
from alphoton.data.event_file import CHUNK, EventFile, EventWriter
from alphoton.data.locks import folder_of_one_run
from alphoton.data.output import is_regular, note_finished, unfinished_files, watched, write_text
from alphoton.data.provenance import Recipe
from alphoton.data.signals import tidied

PART = 20
"""Chunks a part: a few hundred MB. Smaller jobs have one part and need no folder."""
IDENTITY = "identity.json"
"""Says what the parts in a folder were made from."""
NUMBER = r"\d{6,}\.root"
"""The names of parts, as a regular expression."""


def parts(events: int) -> list[tuple[int, int]]:
    """(first chunk, events) of each part of a job."""
    size = PART * CHUNK
    return [(number * PART, min(size, events - number * size)) for number in range(-(-events // size))]


@contextmanager
def parts_folder(output: Path, recipe: Recipe, *, force: bool = False) -> Iterator[Path]:
    """The folder of the parts of `output`; it goes when the job is done.

    Raises `InputError` where another run is at work in it, where it holds parts made from another card, seed or version and
    `force` is not set, or where it is not the folder of a job: it is a link, or nothing in it says what its parts are.
    """
    folder = output.with_name(f"{output.name}.parts")
    if folder.is_symlink():
        raise InputError(f"{folder}: is a link, and the folder of unfinished parts must be none; choose another name")
    text = json.dumps({**recipe.as_dict(), "chunks": PART}, indent=1, sort_keys=True) + "\n"
    marker = folder / IDENTITY

    def leave() -> None:
        if not _made(folder):
            marker.unlink(missing_ok=True)  # nothing to go on from

    with folder_of_one_run(folder), tidied(leave):
        before = _identity(marker)
        if before != text:
            if _made(folder) and before is None:
                raise InputError(
                    f"{folder}: holds files that may be of others: no {IDENTITY} says what they are; "
                    "move them away, or choose another name"
                )
            if _made(folder) and not force:
                raise InputError(
                    f"{folder}: holds parts of an unfinished job with another card, seed or version; finish that one, "
                    "choose another name, or replace them with force=True"
                )
            _clear(folder)
            with watched(None):
                write_text(marker, text, force=True, result=False)
        note_finished(*_made(folder))
        try:
            yield folder
        except BaseException as error:
            leave()
            if isinstance(error, ClusterError) and _made(folder):
                kept = (
                    "what was finished is kept, and the same command with a scheduler that answers, or without one, goes on"
                )
                raise ClusterError(f"{error}; {kept}") from None
            raise
        _clear(folder)
    with suppress(OSError):  # holds something else
        folder.rmdir()


def _identity(marker: Path) -> str | None:
    """What a folder says of its parts; None where it says nothing that this module wrote."""
    if not os.path.lexists(marker):
        return None
    if not is_regular(marker):
        raise InputError(f"{marker}: is no regular file; move it away, or choose another name")
    try:
        text = marker.read_text(encoding="utf-8")
        return text if "chunks" in json.loads(text) else None
    except (OSError, ValueError, TypeError):
        return None


def _made(folder: Path) -> list[Path]:
    """The parts in a folder."""
    return sorted(path for path in folder.iterdir() if re.fullmatch(NUMBER, path.name) and is_regular(path))


def _clear(folder: Path) -> None:
    """Remove what this module made in a folder, and nothing else."""
    names = f"{NUMBER}|{re.escape(IDENTITY)}"
    unfinished = [path for path in unfinished_files(folder, names) if is_regular(path)]
    for old in (*_made(folder), *unfinished, folder / IDENTITY):
        old.unlink(missing_ok=True)


def part_path(folder: Path, number: int) -> Path:
    """The file of a part. Raises `InputError` where something else has its name."""
    path = folder / f"{number:06d}.root"
    if os.path.lexists(path) and not is_regular(path):
        raise InputError(f"{path}: is no part but a link or a special file; move it away, or choose another name")
    return path


def read_tally(file: Path, events: int, meta: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was counted in a part; None where it is missing, damaged, not of so many events or does not have this in its
    `meta`, as the recipe and the number of the part, and must be made again."""
    try:
        with EventFile(file) as made:
            for _ in made.chunks():  # every value is compared with its checksum
                pass
            own = made.count == events and all(made.meta.get(key) == value for key, value in meta.items())
            return dict(made.meta["tally"]) if own else None
    except (InputError, KeyError):
        return None


def join(folder: Path, count: int, writer: EventWriter) -> None:
    """Append the events of all parts, a chunk at a time."""
    for number in range(count):
        with EventFile(part_path(folder, number)) as file:
            for chunk in file.chunks():
                writer.extend(chunk)
