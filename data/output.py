"""Files appear under their name only when they are whole, and files of others are neither replaced nor touched."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, cast

from alphoton.data.errors import InputError
from alphoton.data.locks import lock
from alphoton.data.places import check_folder, check_link, make_folders, remove_empty
from alphoton.data.signals import unbroken, when_ended

TOKEN_BYTES = 8
"""Of the random part of a temporary name, `NAME.<16 hexadecimal digits>.part`."""

_finished: set[Path] = set()


class Watch(Protocol):
    """Is asked before each file is begun, and told when it is whole."""

    def begins(self, path: Path) -> None:
        """Raise `InputError` where the file must not be written."""

    def ended(self, path: Path) -> None:
        """The file is whole, under its name."""


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(by: Watch | None) -> Iterator[None]:
    """Ask `by` about every file that is written in the block; None asks nobody."""
    token = _watch.set(by)
    try:
        yield
    finally:
        _watch.reset(token)


def note_finished(*paths: Path) -> None:
    """Remember results, whole files or parts of one, that stay whatever happens to the command: it says so at its end."""
    _finished.update(path.absolute() for path in paths)


def finished() -> list[Path]:
    """What is finished, by this process or found by it, and still there."""
    return sorted(path for path in list(_finished) if path.exists())  # a list: the work may go on meanwhile


def forget_finished() -> None:
    """Begin anew: what was finished belongs to an earlier command."""
    _finished.clear()


def check_free(path: Path, *, force: bool, inputs: Iterable[str | Path] = ()) -> None:
    """Raise `InputError` where `path` cannot be written, exists and may not be replaced, or is one of the `inputs`.

    Not even with `force` is replaced what is no regular file, or what is to be read, be it under another name (a symbolic or
    hard link): it would be lost before its result is there.
    """
    check_link(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder, the name of a file is due")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file, and would not be one to read; choose another name")
    for read in inputs:
        if _is_same(path, Path(read)):
            also = "" if Path(read) == path else f" under the name {read}"
            raise InputError(f"{path}: is a file that is to be read{also}, and would be lost; choose another name")
    if path.exists() and not force:
        raise InputError(f"{path}: exists already; choose another name, or replace it with force=True")
    check_folder(path.parent)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return False


def is_regular(path: Path) -> bool:
    """Whether there is a regular file of this name, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def unfinished_files(folder: Path, names: str) -> list[Path]:
    """The temporary files, finished by nobody yet, of files in a folder whose names match a regular expression."""
    pattern = re.compile(rf"(?:{names})\.[0-9a-f]{{{2 * TOKEN_BYTES}}}\.part")
    try:
        return sorted(folder / entry.name for entry in os.scandir(folder) if pattern.fullmatch(entry.name))
    except OSError:
        return []


class Unfinished:
    """Gives a temporary name to write to, and renames it to `PATH` at the end; after a failure nothing is left.

    The temporary file, `PATH.<random>.part`, is new and this process's own: what lies beside it under a similar name, be it
    a file, a link or a pipe, is not touched. Only what a killed run left under such a name, a regular file that nobody has
    locked, is removed by the next one; while another run is writing `PATH`, this one is refused. An empty file is never
    renamed.

    A file that is not a `result` by itself, but says what others were made from, is not among those `finished`.
    """

    def __init__(self, path: Path, *, force: bool = False, result: bool = True) -> None:
        check_free(path, force=force)
        self._result = result
        self._named, self._force, self._lock = path, force, -1
        self._folders: list[Path] = []
        self._opened: list[BinaryIO] = []
        self._take_back: Callable[[], None] = lambda: None
        self.path = path.resolve() if path.is_symlink() else path  # a link stays one, what it points to is replaced
        self.part = self.path.with_name(f"{self.path.name}.{secrets.token_hex(TOKEN_BYTES)}.part")

    def __enter__(self) -> Path:
        try:
            self._open()
            return self.part
        except BaseException:
            self._leave(whole=False)
            remove_empty(self._folders)
            raise

    def open(self) -> BinaryIO:
        """The temporary file, opened to read and write: for libraries that take a name like `a::b.root` for an address."""
        file = cast("BinaryIO", os.fdopen(os.dup(self._lock), "r+b"))
        self._opened.append(file)
        return file

    def _open(self) -> None:
        watch = _watch.get()
        if watch is not None:
            watch.begins(self._named)
        with unbroken():
            self._folders = make_folders(self.path.parent)
            try:
                self._lock = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o666)
            except OSError as error:
                error.filename = str(self.path)
                raise
            self._take_back = when_ended(self._remove)
            if not lock(self._lock) or self._is_written_by_another() or not self._is_there():
                raise InputError(f"{self._named}: another run is writing it; wait until it is done, or choose another name")

    def _remove(self) -> None:
        """What a signal leaves to be done."""
        self.part.unlink(missing_ok=True)
        remove_empty(self._folders)

    def _is_written_by_another(self) -> bool:
        """Whether another run has an unfinished file for this one; what killed runs left is removed."""
        for path in unfinished_files(self.path.parent, re.escape(self.path.name)):
            if path == self.part or not is_regular(path):
                continue
            try:
                descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            except OSError:
                continue  # gone, or not ours
            try:
                if not lock(descriptor):
                    return True
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    with suppress(OSError):
                        path.unlink()
            finally:
                os.close(descriptor)
        return False

    def _is_there(self) -> bool:
        """Whether the temporary name still means the file that was made."""
        try:
            return os.path.samestat(self.part.lstat(), os.fstat(self._lock))
        except OSError:
            return False

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        whole = False
        try:
            self._leave(whole=kind is None)
            whole = kind is None
        except BaseException:
            self._leave(whole=False)
            raise
        finally:
            if not whole:
                remove_empty(self._folders)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(self.path)  # "no space left" should say where

    def _leave(self, *, whole: bool) -> None:
        if self._lock < 0:
            return  # never opened, or left already
        with unbroken():
            try:
                if whole:
                    self._rename()
            finally:
                self.part.unlink(missing_ok=True)
                self._take_back()
                held, self._lock = self._lock, -1
                os.close(held)

    def _rename(self) -> None:
        check_free(self._named, force=self._force)  # another run may have been faster
        for file in self._opened:  # who writes to it may leave some of it in memory until it is closed
            if not file.closed:
                file.flush()
        if not self._is_there():
            raise OSError(None, "what was being written was taken away or replaced", str(self.part))
        if os.fstat(self._lock).st_size == 0:
            raise OSError(None, "nothing was written, and an empty file is no result", str(self.path))
        if self._result:
            note_finished(self.path)
        self.part.replace(self.path)
        watch = _watch.get()
        if watch is not None:
            watch.ended(self._named)


def write_text(path: Path, text: str, *, force: bool = False, result: bool = True) -> None:
    """Write a whole text file, or none."""
    unfinished = Unfinished(path, force=force, result=result)
    with unfinished, unfinished.open() as file:
        file.write(text.encode())
