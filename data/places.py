"""Folders to write to: whether they can be made is asked before any work, and those made for nothing go again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from alphoton.data.errors import InputError


def check_link(path: Path) -> None:
    """Raise `InputError` where `path` is a symbolic link that leads nowhere: in a circle, or to what is not there."""
    if path.is_symlink() and not path.exists():
        try:
            path.stat()
        except FileNotFoundError:
            raise InputError(f"{path}: is a link to {path.readlink()}, which is not there; choose another name") from None
        except OSError as error:
            told = f"is a link that leads nowhere ({error.strerror})"
            raise InputError(f"{path}: {told}; choose another name") from None


def check_folder(folder: Path) -> None:
    """Raise `InputError` where there is no such folder and none can be made, or where nothing may be written in it."""
    for place in (folder, *folder.parents):
        if not os.path.lexists(place):
            continue
        check_link(place)
        if not place.is_dir():
            raise InputError(f"{place}: is a file, and must be a folder to write there; choose another name")
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{place}: nothing may be written in this folder; choose another one")
        return


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were not there, the deepest first."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except BaseException:
        remove_empty(missing)
        raise
    return missing


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, the deepest first, as long as they are empty."""
    with suppress(OSError):  # holds something: the usual case
        for folder in folders:
            if folder.exists():
                folder.rmdir()


def check_space(path: Path, needed: float, what: str) -> None:
    """Raise `InputError` where the disk of `path`, which need not be there yet, has less room than `needed` (bytes)."""
    place = next((place for place in (path, *path.absolute().parents) if place.is_dir()), None)
    if place is None:
        return
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError(
            f"{path}: {what} take about {_size(needed)}, and the disk has {_size(free)} left; "
            "make fewer, or choose another place"
        )


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count > 1e8 else f"{count / 1e6:.3g} MB"
