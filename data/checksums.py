"""Checksums of event files: CRC-32 of what was written, for each branch and block of events.

They are taken of plain values in order, not of the file's bytes, so that neither compression, nor the sizes of the
writes, nor the way in which jagged columns are kept in memory changes them. A file keeps them in its `meta`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from isal import isal_zlib  # the CRC-32 of zlib, five times faster
from numpy.typing import NDArray


def crc(values: NDArray[Any], before: int = 0) -> int:
    """CRC-32 of the bytes of an array in little-endian order; `before` is that of the values in front of it."""
    little = values.dtype.newbyteorder("<")
    return isal_zlib.crc32(np.ascontiguousarray(values, dtype=little).data, before)


def crc_of_json(data: Mapping[str, Any]) -> int:
    """CRC-32 of plain data as JSON: of what it says, not of how it was spelled."""
    return isal_zlib.crc32(json.dumps(data).encode())


class BlockSums:
    """The checksums of branches in blocks of `size` events, while events are appended in pieces of any length."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.events = 0
        self.sums: dict[str, list[int]] = {}
        self._compared = 0

    def pieces(self, count: int) -> Iterator[tuple[int, int]]:
        """The next `count` events cut where a block ends: (first, one after the last) of each piece."""
        start = 0
        while start < count:
            stop = min(count, start + self.size - (self.events + start) % self.size)
            yield start, stop
            start = stop

    def add(self, count: int, branches: Mapping[str, NDArray[Any]]) -> None:
        """Append a piece of `count` events of one block: the values of each branch."""
        block = self.events // self.size
        for name, values in branches.items():
            sums = self.sums.setdefault(name, [])
            if len(sums) == block:
                sums.append(0)
            sums[block] = crc(values, sums[block])
        self.events += count

    def first_wrong(self, expected: Mapping[str, list[int]], total: int) -> tuple[str, int, int] | None:
        """(branch, first event, last event) of a block that became complete, of `total` events, and is not as expected."""
        complete = self.events // self.size if self.events < total else -(-total // self.size)
        for block in range(self._compared, complete):
            for name, sums in self.sums.items():
                if sums[block] != expected[name][block]:
                    return name, block * self.size, min(total, (block + 1) * self.size) - 1
        self._compared = complete
        return None
