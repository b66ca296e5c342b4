"""Files that a card names may lie where cards are kept, and nowhere else: a card from elsewhere is data, not a program.

Allowed are the folder of the card, its project, the working folder, those of `$ALPHOTON_CARDS` and the package, links
followed. The folder of a card that is a symbolic link is the link's, and that of what it points to: that is where its text
was written. What a person gives in an override is the person's own choice.

The project is the nearest folder, of the card's own and those above it, that has one of `MARKERS` in it. It is asked for
with care, because who writes a card also writes what lies beside it: a marker reaches only downwards, so that a card that
is downloaded with a marker of its own gets its own folder; folder and marker must belong to the person, and the folder must
be writable for nobody else, so that others cannot mark a shared place like `/tmp`; and the home folder and those above it
are never a project. A card that a person puts into a project may name the files of that project.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

KeyPath = tuple[str | int, ...]
KINDS = ("process", "detector", "analysis", "workflow")
MARKERS = (".git", "pyproject.toml", "alphoton.root")
"""What marks the root of a person's project; `alphoton.root` is an empty file for those who have neither of the others."""
ALLOWED = (
    "the card's own folder, the working folder, $ALPHOTON_CARDS, the package and the card's project "
    f"(your folder above it with {', '.join(MARKERS[:-1])} or an empty file {MARKERS[-1]})"
)
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


def project(folder: Path) -> Path | None:
    """The root of the project that a folder belongs to, links followed; None where there is none that is safe to open."""
    place = folder.resolve()
    for root in (place, *place.parents):
        for marker in MARKERS:
            if os.path.lexists(root / marker):
                return root if _is_own(root, root / marker) else None
    return None


def _is_own(root: Path, marker: Path) -> bool:
    """Whether a folder and the marker in it belong to the person alone, and the folder is not the home or above it."""
    if Path.home().resolve().is_relative_to(root):
        return False
    if not hasattr(os, "getuid"):  # Windows, where folders of others are not writable for all
        return True
    found, mark = root.stat(), marker.lstat()
    return found.st_uid == mark.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH


def homes(card: Path) -> list[Path]:
    """The folder of a card's file; where the file is a symbolic link, also that of what it points to."""
    try:
        return list(dict.fromkeys([card.parent, card.resolve().parent])) if card.is_symlink() else [card.parent]
    except (OSError, ValueError, RuntimeError):  # no name of a file, or links in a circle
        return [card.parent]


def beside(origin: Path, name: str) -> str | Path:
    """What an entry of the card in the file `origin` names: a file beside it if there is one, else a name or path."""
    if not name.endswith((".yaml", ".yml", ".csv", ".root")):
        return name
    return next((near for home in homes(origin) if is_file(near := home / name)), name)


def data_file(origin: Path, name: str) -> Path:
    """A file of data that the card in `origin` names: beside it, or as a path, or in the folders where cards are kept.

    A copy of a packaged card then finds what lies beside the original. The last place tried if there is no such file.
    """
    folders = [*homes(origin), Path(), *(folder / kind for folder in own_folders() for kind in ("", *KINDS))]
    folders += [package_data() / "cards" / kind for kind in KINDS]
    return next((folder / name for folder in folders if is_file(folder / name)), Path(name))


def is_outside(path: Path, cards: Sequence[Path]) -> bool:
    """Whether a file lies in none of the allowed folders; `cards` are those that it was named in."""
    own = [home for card in cards for home in homes(card)]
    folders = [*own, Path(), *own_folders(), package_data()]
    try:
        place = path.resolve()
        if any(place.is_relative_to(folder.resolve()) for folder in folders):
            return False
        return not any(root is not None and place.is_relative_to(root) for root in map(project, own))
    except (OSError, ValueError, RuntimeError):  # no name of a file, or links in a circle
        return True


def leaves(name: str, cards: Sequence[Path]) -> bool:
    """Whether what a card names is a file outside the allowed folders, or could be nothing else."""
    own = [folder / kind for folder in own_folders() for kind in ("", *KINDS, "published")]
    folders = [*(home for card in cards for home in homes(card)), Path(), *own]
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
