"""Reading a small text file that a card or an argument names: a regular file of bounded size, nothing that never ends."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alphoton.data.errors import InputError

_KINDS = (
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _check(mode: int, path: Path, what: str) -> None:
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            raise InputError(f"{path}: is {kind}: must be a regular file with a {what}")


def read_text(path: str | Path, what: str, most: int, encoding: str = "utf-8") -> str:
    """The text of a file with a `what` ("card", "curve") of at most so many bytes.

    Raises `InputError` for a pipe, a socket, a device, or more than that; `OSError` and
    `UnicodeDecodeError` as reading does.
    """
    path = Path(path)
    _check(path.stat().st_mode, path, what)
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # it may have become a pipe since
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor).st_mode, path, what)
        content = file.read(most + 1)
    if len(content) > most:
        raise InputError(f"{path}:1: a {what} of more than {most} bytes: is this a {what}?")
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
