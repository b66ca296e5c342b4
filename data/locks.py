"""One writer at a time: advisory locks of the system, which end with the process that holds them, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alphoton.data.errors import InputError
from alphoton.data.places import check_folder, check_link, make_folders, remove_empty
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

    Folders made here that stay empty, because something was wrong, go again.
    Raises `InputError` where another run has it, where it is a file, or where it cannot be made.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, a folder is due")
    check_link(folder)
    check_folder(folder)
    with unbroken():
        made = make_folders(folder)
        descriptor = os.open(folder, os.O_RDONLY)
        take_back = when_ended(lambda: remove_empty(made))
    try:
        if not lock(descriptor):
            raise InputError(f"{folder}: another run is at work in it; wait until it is done, or choose another folder")
        yield
    finally:
        os.close(descriptor)
        remove_empty(made)
        take_back()
