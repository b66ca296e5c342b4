"""One writer at a time: advisory locks of the system, which end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alphoton.data.errors import InputError
from alphoton.data.signals import unbroken, when_ended

HELD = {errno.EACCES, errno.EAGAIN}
"""What the system says where another process has the lock; anything else means that it has no locks here."""


def lock(descriptor: int) -> bool:
    """Lock an open file or folder; False where another process has it. True also where the file system knows no locks."""
    if sys.platform == "win32":  # without such locks
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in HELD
    return True


@contextmanager
def folder_of_one_run(folder: Path) -> Iterator[None]:
    """Keep a folder, made where it is missing, to this process; the lock is on the folder itself and leaves nothing behind.

    A folder made here that stays empty, because something was wrong, goes again.
    Raises `InputError` where another run has it, or where it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, a folder is due")
    made = not folder.exists()

    def leave() -> None:
        if made:
            with suppress(OSError):  # holds something: the usual case
                folder.rmdir()

    with unbroken():
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        take_back = when_ended(leave)
    try:
        if not lock(descriptor):
            raise InputError(f"{folder}: another run is at work in it; wait until it is done, or choose another folder")
        yield
    finally:
        os.close(descriptor)
        leave()
        take_back()
