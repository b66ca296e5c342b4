"""Files that a card names may lie where cards are kept, and nowhere else: a card from elsewhere is data, not a program.

Allowed are the folder of the card, the working folder, those of `$ALPHOTON_CARDS` and the package, links followed. What
a person gives with `--set` is the person's own choice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

KeyPath = tuple[str | int, ...]
KINDS = ("process", "detector", "analysis", "workflow")
ALLOWED = "the card's own folder, the working folder, $ALPHOTON_CARDS and the package"
ANY = "*"
"""In a pattern of keys: each position of a list."""


def package_data() -> Path:
    """Where packaged cards and curves live."""
    return Path(str(files("alphoton.data")))


def own_folders() -> list[Path]:
    """The folders of `$ALPHOTON_CARDS`."""
    return [Path(entry) for entry in os.environ.get("ALPHOTON_CARDS", "").split(os.pathsep) if entry]


def is_file(path: Path) -> bool:
    """Whether there is such a file; no name, however strange, is an error."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a null byte
        return False


def beside(origin: Path, name: str) -> str | Path:
    """What an entry of the card in the file `origin` names: a file beside it if there is one, else a name or path."""
    near = origin.parent / name
    return near if name.endswith((".yaml", ".yml", ".csv", ".root")) and is_file(near) else name


def data_file(origin: Path, name: str) -> Path:
    """A file of data that the card in `origin` names: beside it, or as a path, or in the folders where cards are kept.

    A copy of a packaged card then finds what lies beside the original. The last place tried if there is no such file.
    """
    folders = [origin.parent, Path(), *(folder / kind for folder in own_folders() for kind in ("", *KINDS))]
    folders += [package_data() / "cards" / kind for kind in KINDS]
    return next((folder / name for folder in folders if is_file(folder / name)), Path(name))


def is_outside(path: Path, cards: Sequence[Path]) -> bool:
    """Whether a file lies in none of the allowed folders; `cards` are those that it was named in."""
    folders = [*(card.parent for card in cards), Path(), *own_folders(), package_data()]
    try:
        place = path.resolve()
        return not any(place.is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, ValueError, RuntimeError):  # no name of a file, or links in a circle
        return True


def leaves(name: str, cards: Sequence[Path]) -> bool:
    """Whether what a card names is a file outside the allowed folders, or could be nothing else."""
    own = [folder / kind for folder in own_folders() for kind in ("", *KINDS, "published")]
    folders = [*(card.parent for card in cards), Path(), *own]
    meant = [folder / f"{name}{suffix}" for folder in folders for suffix in ("", ".yaml", ".csv")]
    there = [path for path in meant if is_file(path)]
    if there:
        return any(is_outside(path, cards) for path in there)
    strays = Path(name).is_absolute() or ".." in Path(name).parts
    return strays and all(is_outside(path, cards) for path in meant)


def named(data: Any, pattern: KeyPath, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """(path, text) of each text at a pattern of keys, as in ("comparison", ANY, "curve"), also in a list there."""
    if isinstance(data, list) and (not pattern or pattern[0] == ANY):
        for index, item in enumerate(data):
            yield from named(item, pattern[1:], (*path, index))
    elif not pattern:
        if isinstance(data, str):
            yield path, data
    elif isinstance(data, dict) and pattern[0] in data:
        yield from named(data[pattern[0]], pattern[1:], (*path, pattern[0]))
