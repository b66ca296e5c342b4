"""Large jobs in parts: a killed run is finished by the same command, and gives the same file.

A part is a whole event file of `PART` chunks in the folder `NAME.parts` beside the output. What is there already, made
from the same recipe, is not made again; at the end the parts are joined at constant memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alphoton.data.errors import ClusterError, InputError
from alphoton.data.event_file import CHUNK, EventFile, EventWriter
from alphoton.data.locks import folder_of_one_run
from alphoton.data.output import note_finished, write_text
from alphoton.data.provenance import Recipe
from alphoton.data.signals import tidied

PART = 20
"""Chunks a part: a few hundred MB. Smaller jobs have one part and need no folder."""
IDENTITY = "identity.json"
"""Says what the parts in a folder were made from."""


def parts(events: int) -> list[tuple[int, int]]:
    """(first chunk, events) of each part of a job."""
    size = PART * CHUNK
    return [(number * PART, min(size, events - number * size)) for number in range(-(-events // size))]


@contextmanager
def parts_folder(output: Path, recipe: Recipe, *, force: bool = False) -> Iterator[Path]:
    """The folder of the parts of `output`; it goes when the job is done.

    Raises `InputError` where another run is at work in it, or it holds parts made from another card, seed or version and
    `force` is not set.
    """
    folder = output.with_name(f"{output.name}.parts")
    text = json.dumps({**recipe.as_dict(), "chunks": PART}, indent=1, sort_keys=True) + "\n"
    marker = folder / IDENTITY

    def leave() -> None:
        if not any(folder.glob("*.root")):
            marker.unlink(missing_ok=True)  # nothing to go on from

    with folder_of_one_run(folder), tidied(leave):
        if not (marker.is_file() and marker.read_text(encoding="utf-8") == text):
            if not force and any(folder.glob("*.root")):
                raise InputError(
                    f"{folder}: holds parts of an unfinished job with another card, seed or version; finish that one, "
                    "choose another name, or replace them with force=True"
                )
            _clear(folder)
            write_text(marker, text, force=True, result=False)
        note_finished(*folder.glob("*.root"))
        try:
            yield folder
        except BaseException as error:
            leave()
            if isinstance(error, ClusterError) and any(folder.glob("*.root")):
                kept = (
                    "what was finished is kept, and the same command with a scheduler that answers, or without one, goes on"
                )
                raise ClusterError(f"{error}; {kept}") from None
            raise
        _clear(folder)
    with suppress(OSError):  # holds something else
        folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove what this module made in a folder, and nothing else."""
    for pattern in ("*.root", "*.part", IDENTITY):
        for old in folder.glob(pattern):
            old.unlink()


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"{number:06d}.root"


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
