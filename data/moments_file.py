"""Measured magnetic moments: a CSV file with the columns set, lepton, label, value, error, source; `#` lines are comments.

`value` is Delta a_l, measured minus Standard Model, and `error` its standard deviation.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from alphoton.data.errors import InputError
from alphoton.data.text_file import read_text

LEPTONS = ("electron", "muon")
MAX_BYTES = 1_000_000
COLUMNS = ["set", "lepton", "label", "value", "error", "source"]


@dataclass(frozen=True)
class Measured:
    """Delta a_l = measured minus Standard Model with its standard deviation; `label` tells two of one lepton apart."""

    lepton: str
    label: str
    value: float
    error: float
    source: str

    @property
    def significance(self) -> float:
        """How many standard deviations the value is from zero."""
        return abs(self.value) / self.error


def load(path: str | Path | None = None) -> dict[str, tuple[Measured, ...]]:
    """All sets of a file by their names, in the file's order; the packaged file where no path is given.

    Raises `InputError`, naming file and line, where it cannot be read or understood.
    """
    file = Path(str(files("alphoton.data"))) / "moments.csv" if path is None else Path(path)
    try:
        text = read_text(file, "table of moments", MAX_BYTES, "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file}: not a text file: measured moments are CSV in UTF-8") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
    sets: dict[str, tuple[Measured, ...]] = {}
    for place, row in _rows(text, str(file)):
        sets[row["set"]] = (*sets.get(row["set"], ()), _measured(row, place))
    return sets


def _rows(text: str, path: str) -> list[tuple[str, dict[str, str]]]:
    """Each row with its place, `file:line`; the first line that is no comment names the columns."""
    lines = [(f"{path}:{n}", line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    if len(lines) < 2:
        raise InputError(f"{path}: empty: the columns {', '.join(COLUMNS)} and at least one row are due")
    (top, names), *rows = [(place, _cells(line, place)) for place, line in lines]
    if names != COLUMNS:
        raise InputError(f"{top}: the columns are {', '.join(names)}; they must be {', '.join(COLUMNS)}")
    for place, cells in rows:
        if len(cells) != len(COLUMNS):
            raise InputError(f"{place}: {len(cells)} cells, but {len(COLUMNS)} columns; quote a text that has a comma")
    return [(place, dict(zip(COLUMNS, cells, strict=True))) for place, cells in rows]


def _cells(line: str, place: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise InputError(f"{place}: not valid CSV: {error}") from None


def _measured(row: dict[str, str], place: str) -> Measured:
    if row["lepton"] not in LEPTONS:
        raise InputError(f"{place}: lepton: '{row['lepton']}' is none of {', '.join(LEPTONS)}")
    for name in ("set", "source"):
        if not row[name]:
            raise InputError(f"{place}: {name}: the cell is empty; every number needs its {name}")
    value, error = _number(row, "value", place), _number(row, "error", place)
    if error <= 0:
        raise InputError(f"{place}: error: {row['error']} is not positive; a standard deviation is due")
    return Measured(row["lepton"], row["label"], value, error, row["source"])


def _number(row: dict[str, str], name: str, place: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        raise InputError(f"{place}: {name}: '{row[name]}' is not a number") from None
    if not math.isfinite(value):
        raise InputError(f"{place}: {name}: {row[name]} is not a finite number")
    return value
