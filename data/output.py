"""Files appear under their name only when they are whole."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from alphoton.data.errors import InputError


def check_free(path: Path, *, force: bool) -> None:
    """Raise `InputError` where `path` exists and may not be replaced: not even with `force` what is no regular file."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, the name of a file is due")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file, and would not be one to read; choose another name")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another name, or replace it with --force")


class Unfinished:
    """Gives the name `PATH.part` to write to, and renames it to `PATH` at the end; after a failure nothing is left.

    A `.part` left by a killed run is simply overwritten by the next.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        check_free(path, force=force)
        self.path = path.resolve() if path.is_symlink() else path  # a link stays one, what it points to is replaced
        self.part = self.path.with_name(self.path.name + ".part")

    def __enter__(self) -> Path:
        blocking = next((folder for folder in self.path.parents if folder.is_file()), None)
        if blocking is not None:
            raise InputError(f"{self.path}: cannot be written, {blocking} is a file and no folder")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self.part

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.part.replace(self.path)
            return
        self.part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(self.path)  # "no space left" should say where


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Write a whole text file, or none."""
    with Unfinished(path, force=force) as part:
        part.write_text(text, encoding="utf-8")
