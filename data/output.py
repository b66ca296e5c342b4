"""Files appear under their name only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from alphoton.data.errors import InputError
from alphoton.data.locks import lock
from alphoton.data.signals import unbroken, when_ended

_finished: set[Path] = set()


def note_finished(*paths: Path) -> None:
    """Remember results, whole files or parts of one, that stay whatever happens to the command: it says so at its end."""
    _finished.update(path.absolute() for path in paths)


def finished() -> list[Path]:
    """What is finished, by this process or found by it, and still there."""
    return sorted(path for path in list(_finished) if path.exists())  # a list: the work may go on meanwhile


def forget_finished() -> None:
    """Begin anew: what was finished belongs to an earlier command."""
    _finished.clear()


def check_free(path: Path, *, force: bool) -> None:
    """Raise `InputError` where `path` exists and may not be replaced: not even with `force` what is no regular file."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder, the name of a file is due")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file, and would not be one to read; choose another name")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another name, or replace it with force=True")


class Unfinished:
    """Gives the name `PATH.part` to write to, and renames it to `PATH` at the end; after a failure nothing is left.

    A file that is not a `result` by itself, but says what others were made from, is not among those `finished`.

    A `.part` left by a killed run is simply overwritten by the next; one that another run is writing is refused.
    """

    def __init__(self, path: Path, *, force: bool = False, result: bool = True) -> None:
        check_free(path, force=force)
        self._result = result
        self._named, self._force, self._lock = path, force, -1
        self._take_back: Callable[[], None] = lambda: None
        self.path = path.resolve() if path.is_symlink() else path  # a link stays one, what it points to is replaced
        self.part = self.path.with_name(self.path.name + ".part")

    def __enter__(self) -> Path:
        try:
            self._open()
            return self.part
        except BaseException:
            self._leave(whole=False)
            raise

    def _open(self) -> None:
        blocking = next((folder for folder in self.path.parents if folder.is_file()), None)
        if blocking is not None:
            raise InputError(f"{self.path}: cannot be written, {blocking} is a file and no folder")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with unbroken():
            self._lock = os.open(self.part, os.O_RDWR | os.O_CREAT, 0o666)
            if not lock(self._lock):
                os.close(self._lock)
                self._lock = -1
                raise InputError(f"{self._named}: another run is writing it; wait until it is done, or choose another name")
            self._take_back = when_ended(lambda: self.part.unlink(missing_ok=True))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._leave(whole=kind is None)
        except BaseException:
            self._leave(whole=False)
            raise
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(self.path)  # "no space left" should say where

    def _leave(self, *, whole: bool) -> None:
        if self._lock < 0:
            return  # never opened, or left already
        with unbroken():
            try:
                if whole:
                    check_free(self._named, force=self._force)  # another run may have been faster
                    if self._result:
                        note_finished(self.path)
                    self.part.replace(self.path)
            finally:
                self.part.unlink(missing_ok=True)
                self._take_back()
                held, self._lock = self._lock, -1
                os.close(held)


def write_text(path: Path, text: str, *, force: bool = False, result: bool = True) -> None:
    """Write a whole text file, or none."""
    with Unfinished(path, force=force, result=result) as part:
        part.write_text(text, encoding="utf-8")
