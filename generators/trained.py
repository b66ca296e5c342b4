"""Trained grids and cells on disk, so that a card is adapted to once.

What is kept is named by its recipe: the density, its parameters (the card's physics), the seed, the settings of the
adaptation, the sources of the generators and the versions of all libraries. A change of any makes it anew. A file that is
damaged or has another's name, or a place that cannot be written, costs only time: what is read back is bit for bit what
would be made.
`ALPHOTON_CACHE` names another folder, or is `off`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import numpy as np

from alphoton.data.provenance import Recipe, digest_of
from alphoton.data.signals import unbroken, when_ended
from alphoton.generators.jit import Array, Density, cache_folder

LARGEST = 256_000_000
"""Bytes that all files together may have; the longest unused go first."""

SEAL = "seal"
"""The name, in a file, of the digest of what was written."""

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
    if folder is None or not module.startswith("alphoton.generators."):  # another's density may change without our knowing
        return make()
    drawn_from = (module, getattr(density, "__qualname__", ""), p.tobytes().hex())
    name = digest_of([what, drawn_from, repr((seed.entropy, seed.spawn_key, settings)), _made_by()])
    path = folder / f"{name}.npz"
    found = _read(path, name)
    if found is None:
        found = make()
        _write(path, name, found)
    return found


@cache  # what is imported stays what it is
def _made_by() -> str:
    """The sources of the generators, and the versions."""
    return Recipe.of("alphoton.generators.*").digest


def _folder() -> Path | None:
    wanted = os.environ.get("ALPHOTON_CACHE", "")
    if wanted == "off":
        return None
    if wanted:
        return Path(wanted)
    beside = cache_folder()
    return Path(beside) / "trained" if beside else None


def _read(path: Path, name: str) -> Arrays | None:
    """What the file holds; None where there is none, or it is not exactly what was written under this name."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = dict(file)
        if bytes(found.pop(SEAL)) != _seal(name, found):
            return None
        path.touch()
    except Exception:  # damage shows in many ways, some of them of zipfile's own
        return None
    return found


def _seal(name: str, arrays: Arrays) -> bytes:
    """A digest of the arrays and of what they were made from."""
    digest = hashlib.blake2b(name.encode(), digest_size=16)
    for key, values in sorted(arrays.items()):
        digest.update(repr((key, values.dtype.str, values.shape)).encode() + values.tobytes())
    return digest.digest()


def _write(path: Path, name: str, arrays: Arrays) -> None:
    seal = np.frombuffer(_seal(name, arrays), dtype=np.uint8)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _unfinished(path.parent) as unfinished:
            np.savez_compressed(unfinished, allow_pickle=False, **arrays, **{SEAL: seal})
            unfinished.replace(path)
        if path.name.startswith("0"):
            _make_room(path.parent)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A path of its own in the folder, whose file is gone in the end unless it was moved."""
    with unbroken():
        number, name = mkstemp(dir=folder, suffix=".part.npz")
        take_back = when_ended(lambda: Path(name).unlink(missing_ok=True))
    os.close(number)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        take_back()


def _make_room(folder: Path) -> None:
    """Remove the longest unused files beyond the largest total; looked at for one new file in sixteen."""
    files = sorted(((status := path.stat()).st_mtime, status.st_size, path) for path in folder.glob("*.npz"))
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= LARGEST:
            break
        path.unlink(missing_ok=True)
        total -= size
