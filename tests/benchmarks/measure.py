"""Times worth comparing, and the table that they end in.

A figure and its bound are measured in turn, several times over, and the shortest of each counts: what another program takes
from the machine for a while then harms neither. Ratios are comparable between machines, times are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.table import Table as RichTable

Work = Callable[[], object]


def shortest(*works: Work, repeats: int = 5, clock: Callable[[], float] = time.process_time) -> list[float]:
    """The least seconds of each work, done in turn after one round that does not count. By default seconds of CPU."""
    best = [float("inf")] * len(works)
    for turn in range(repeats + 1):
        for number, work in enumerate(works):
            start = clock()
            work()
            if turn > 0:
                best[number] = min(best[number], clock() - start)
    return best


@dataclass(frozen=True)
class Row:
    """A figure, what bounds it, their ratio (1 is the bound), and what is wanted of it."""

    what: str
    figure: str
    bound: str = ""
    ratio: float | None = None
    wanted: str = ""


@dataclass
class Table:
    """All rows, under headings."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, heading: str, row: Row) -> None:
        self.rows.setdefault(heading, []).append(row)

    def drawn(self) -> RichTable:
        table = RichTable(box=None, pad_edge=False)
        for name in ("", "figure", "bound", "ratio", "wanted"):
            table.add_column(name, justify="right" if name in ("figure", "ratio") else "left", no_wrap=True)
        for heading, rows in self.rows.items():
            table.add_row(f"[bold]{heading}")
            for row in rows:
                ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
                table.add_row(f"  {row.what}", row.figure, row.bound, ratio, row.wanted)
        return table


def rate(events: int, seconds: float) -> str:
    return f"{events / seconds / 1e6:.2f} M/s"
