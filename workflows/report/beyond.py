"""What goes beyond the paper: the report's tables of it, each made by a module of its own with a function `table`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from alphoton.workflows.report.claim_tools import Measured, number

MODULES = ("neutrino_background", "padme_backgrounds", "shapes", "real_beams", "loop_production", "showers", "resonant")
"""In the order of the page."""
Entry = str | Measured


@dataclass(frozen=True)
class BeyondTable:
    """A table: its name, its title, what it shows and rests on, and rows of text or of numbers under a header."""

    name: str
    title: str
    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text, numbers with as many digits as their errors allow."""
        return tuple(
            tuple(entry if isinstance(entry, str) else number(entry.value, entry.error) for entry in row)
            for row in self.rows
        )

    def csv(self) -> str:
        """The table as the text of a CSV file, with a column of errors behind each of numbers that have some."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        columns = list(self._columns())
        writer.writerow([title for title, _ in columns])
        writer.writerows(zip(*(column for _, column in columns), strict=True))
        return text.getvalue()

    def _columns(self) -> Iterator[tuple[str, list[str]]]:
        for title, *column in zip(self.header, *self.rows, strict=True):
            yield str(title), [entry if isinstance(entry, str) else f"{entry.value:.6g}" for entry in column]
            errors = ["" if isinstance(entry, str) or not entry.error else f"{entry.error:.3g}" for entry in column]
            if any(errors):
                yield f"{title}, error", errors


def beyond_tables(progress: Callable[[int, int], None] | None = None) -> list[BeyondTable]:
    """All of them, computed now."""
    tables = []
    for done, name in enumerate(MODULES):
        if progress is not None:
            progress(done, len(MODULES))
        tables.append(import_module(f"alphoton.workflows.report.{name}").table())
    return tables
