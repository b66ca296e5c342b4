"""Trained grids and cells on disk, so that a card is adapted to once.

What is kept is named by its recipe: the density, its parameters (the card's physics), the seed, the settings of the
adaptation, the sources of the generators and the versions of all libraries. A change of any makes it anew. A file that is
damaged or has another's name, or a place that cannot be written or that others can write to, costs only time: what is read
back is bit for bit what would be made.
`ALPHOTON_CACHE` names another folder, or is `off`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.data.kept_files import read_kept, usable, write_kept
from alphoton.data.provenance import Recipe, digest_of
from alphoton.generators.jit import Array, Density, cache_folder

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
    module = getattr(density, "__module__", "")
    ours = module.startswith("alphoton.generators.")  # another's density may change without our knowing
    folder = _folder() if ours else None
    if folder is None:
        return make()
    drawn_from = (module, getattr(density, "__qualname__", ""), p.tobytes().hex())
    name = digest_of([what, drawn_from, repr((seed.entropy, seed.spawn_key, settings)), _made_by()])
    path = folder / f"{name}.npz"
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


@cache  # what is imported stays what it is
def _made_by() -> str:
    """The sources of the generators, and the versions."""
    return Recipe.of("alphoton.generators.*").digest


def _folder() -> Path | None:
    wanted, beside = os.environ.get("ALPHOTON_CACHE", ""), ""
    if wanted == "off":
        return None
    if not wanted:
        beside = cache_folder()
        if not beside:
            return None
    folder = Path(wanted) if wanted else Path(beside) / "trained"
    return folder if usable(folder) else None


def _read(path: Path) -> Arrays | None:
    """What the file holds; None where there is none, or it is not exactly what was written under this name."""
    content = read_kept(path)
    if content is None:
        return None
    with suppress(OSError):
        path.touch()  # used last of all
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def _write(path: Path, arrays: Arrays) -> None:
    packed = BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_kept(path, packed.getvalue())
    if path.name.startswith("0"):
        _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Remove the longest unused files beyond the largest total; looked at for one new file in sixteen."""
    files = []
    for path in folder.glob("*.npz"):
        with suppress(OSError):  # another process was faster
            files.append(((status := path.lstat()).st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= LARGEST:
            break
        with suppress(OSError):
            path.unlink()
        total -= size
