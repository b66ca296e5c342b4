"""Files that only save time: used if they are exactly what was written, in a folder that nobody else can write to."""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import current_process
from pathlib import Path
from tempfile import mkstemp

from alphoton.data.errors import CacheWarning
from alphoton.data.signals import unbroken, when_ended

SEAL = 32
"""Bytes at the end of each file: a digest of its name and of all before. Who reads the format itself ignores them."""
LARGEST = 2**30
"""Bytes of a file beyond which it is not ours."""
BY_OTHERS, BY_GROUP = stat.S_IWOTH, stat.S_IWGRP

_warned: set[str] = set()


def read_kept(path: Path) -> bytes | None:
    """What was written under this name; None if there is nothing, or it is not exactly that, or others can write it."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST or _changed_by(status):
                return None
            content = file.read()
    except (OSError, MemoryError):
        return None
    content, seal = content[:-SEAL], content[-SEAL:]
    return content if seal == _seal(path, content) else None


def write_kept(path: Path, content: bytes) -> None:
    """Write a whole file in place of whatever is there, or none: a full disk, or a folder with files in its place."""
    with suppress(OSError):
        with unbroken():
            number, name = mkstemp(dir=path.parent, suffix=f".part{path.suffix}")
            unfinished = Path(name)
            take_back = when_ended(lambda: unfinished.unlink(missing_ok=True))
        try:
            with open(number, "wb") as file:  # noqa: PTH123
                file.write(content)
                file.write(_seal(path, content))
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
            take_back()


def usable(folder: Path, *, warn: bool = True) -> bool:
    """Make a folder for such files; whether it is there and nobody else can change what lies in it.

    What is kept is run: code is compiled, numbers are believed. So neither the folder nor one above it may be another
    user's, or one that others can write to (above it, unless only owners may rename in it, as in /tmp). The superuser counts
    as nobody else. Warns once if it is not so, unless not to `warn`: another place is left.
    """
    try:
        _make(folder)
        reason = next(_reasons(folder.absolute()), "")
    except (OSError, RuntimeError):  # no such place; a circle of links
        return False
    if reason and warn and current_process().name == "MainProcess" and str(folder) not in _warned:  # workers would repeat it
        _warned.add(str(folder))
        warnings.warn(
            f"{folder}: not used as a cache, for {reason}; correct that, or name another folder (NUMBA_CACHE_DIR, "
            "ALPHOTON_CACHE)",
            CacheWarning,
            stacklevel=2,
        )
    return not reason


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a FIFO would wait for somebody who writes


def _seal(path: Path, content: bytes) -> bytes:
    digest = hashlib.blake2b(path.name.encode() + b"\0", digest_size=SEAL)
    digest.update(content)
    return digest.digest()


def _make(folder: Path) -> None:
    """Also those above it, and none that others can write to, whatever the umask."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o755, exist_ok=True)


def _reasons(folder: Path) -> Iterator[str]:
    """Why others can change what lies in a folder: of all above it, and of those that links lead to."""
    for last in {folder, folder.resolve()}:
        for path in (*reversed(last.parents), last):
            status = path.lstat()
            who = _changed_by(status, shared=path != last)
            if who:
                yield f"{path} {who}"


def _changed_by(status: os.stat_result, *, shared: bool = False) -> str:
    """Who else can change a file or folder; in a `shared` one that is sticky only owners rename. Empty if nobody can."""
    if not hasattr(os, "geteuid"):
        return ""  # no such permissions on this system
    if status.st_uid not in (0, os.geteuid()):
        return f"belongs to another user ({status.st_uid})"
    if stat.S_ISLNK(status.st_mode) or (shared and status.st_mode & stat.S_ISVTX):
        return ""
    if status.st_mode & BY_OTHERS:
        return "can be written by everybody"
    if status.st_mode & BY_GROUP and not _own_group(status.st_gid):
        return f"can be written by a group ({status.st_gid})"
    return ""


def _own_group(group: int) -> bool:
    """Whether this user is alone in it: by the custom that such a group has the user's name."""
    import grp
    import pwd

    try:
        entry, name = grp.getgrgid(group), pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return False
    return entry.gr_name == name and set(entry.gr_mem) <= {name}
