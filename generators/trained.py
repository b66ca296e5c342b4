"""Trained grids and cells on disk, so that a card is adapted to once.

What is kept is named by all that it follows from: the density, its parameters (the card's physics), the seed, the settings
of the adaptation, and the versions of alphoton's generators, numpy and vegas. A change of any makes it anew. A file that is
damaged, or a place that cannot be written, costs only time: what is read back is bit for bit what would be made.
`ALPHOTON_CACHE` names another folder, or is `off`.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import numpy as np

from alphoton.generators.jit import Array, Density, cache_folder, fingerprint

LARGEST = 256_000_000
"""Bytes that all files together may have; the longest unused go first."""

Arrays = dict[str, Array]


def kept(
    what: str,
    density: Density,
    p: Array,
    seed: np.random.SeedSequence,
    settings: tuple[Any, ...],
    make: Callable[[], Arrays],
) -> Arrays:
    """The arrays that `make` gives, read from disk where they were made before."""
    folder = _folder()
    module = getattr(density, "__module__", "")
    if folder is None or not module.startswith("alphoton."):  # another's density may change without our knowing
        return make()
    drawn_from = (module, getattr(density, "__qualname__", ""), p.tobytes())
    name = (what, *drawn_from, seed.entropy, seed.spawn_key, settings, _versions())
    path = folder / f"{hashlib.blake2b(repr(name).encode(), digest_size=16).hexdigest()}.npz"
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


@cache
def _versions() -> tuple[str, ...]:
    return fingerprint(), np.__version__, version("vegas")


def _folder() -> Path | None:
    wanted = os.environ.get("ALPHOTON_CACHE", "")
    if wanted == "off":
        return None
    if wanted:
        return Path(wanted)
    beside = cache_folder()
    return Path(beside) / "trained" if beside else None


def _read(path: Path) -> Arrays | None:
    """What the file holds, whose checksums the zip format compares; None where there is none or it is damaged."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = dict(file)
        path.touch()
    except (OSError, EOFError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    return found


def _write(path: Path, arrays: Arrays) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(path.parent) as unfinished:
            np.savez_compressed(unfinished, allow_pickle=False, **arrays)
            unfinished.replace(path)
        if path.name.startswith("0"):
            _make_room(path.parent)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A path of its own in the folder, whose file is gone in the end unless it was moved."""
    number, name = mkstemp(dir=folder, suffix=".part.npz")
    os.close(number)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _make_room(folder: Path) -> None:
    """Remove the longest unused files beyond the largest total; looked at for one new file in sixteen."""
    files = sorted(((status := path.stat()).st_mtime, status.st_size, path) for path in folder.glob("*.npz"))
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= LARGEST:
            break
        path.unlink(missing_ok=True)
        total -= size
