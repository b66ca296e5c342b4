"""Published curves: CSV files whose `#` lines say what they are and where they come from.

    # title: BaBar 2017, invisible dark photon
    # source: arXiv:1702.03327, Fig. 5
    # use: recast
    # note: 90% confidence level
    mass_GeV,epsilon_90CL,selection
    0.001,0.000948,lowM

Only the line of column names and the rows below it are due; a name carries its unit. The first column of numbers is the
abscissa. An empty cell is no data. A column `selection` splits the curve where the experiment changed its analysis.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from alphoton.data.card_paths import is_file, own_folders, package_data
from alphoton.data.errors import InputError
from alphoton.data.printable import shortened
from alphoton.data.text_file import read_text

USES = ("recast", "comparison", "input")
SELECTION = "selection"
MAX_BYTES = 1_000_000
MAX_COLUMNS = 200
MAX_NAME = 200

Numbers = NDArray[np.float64]
Row = tuple[int, list[str]]


@dataclass(frozen=True, eq=False)
class PublishedCurve:
    """One published result: columns of positive numbers (NaN where the cell is empty), columns of text, and its source.

    `lines` holds the line of the column names and then that of each row, so that a message can point there.
    """

    path: str
    lines: tuple[int, ...]
    title: str
    source: str
    use: str
    notes: tuple[str, ...]
    columns: dict[str, Numbers]
    text: dict[str, NDArray[np.str_]]

    def column(self, name: str) -> Numbers:
        """A column of numbers, shape (rows,), in the unit its name carries. Raises `InputError` where there is none."""
        if name in self.text:
            raise InputError(f"{self._place()}: column '{name}' holds text, a column of numbers is due")
        if name not in self.columns:
            raise InputError(f"{self._place()}: no column {_unknown(name, self.columns)}")
        return self.columns[name]

    def complete(self, name: str, *, increasing: bool = False) -> Numbers:
        """A column of numbers without an empty cell. Raises `InputError` where there is one, or it does not increase."""
        numbers = self.column(name)
        for row in np.flatnonzero(np.isnan(numbers)).tolist():
            raise InputError(f"{self._place(row)}: {name}: the cell is empty, it must have a number")
        for row in (np.flatnonzero(np.diff(numbers) <= 0) + 1).tolist() if increasing else ():
            raise InputError(f"{self._place(row)}: {name}: {numbers[row]:g} after {numbers[row - 1]:g}, it must increase")
        return numbers

    def interpolate(
        self, x: ArrayLike, x_column: str, y_column: str, selection: str | None = None, *, flat_below: bool = False
    ) -> Numbers:
        """`y_column` at `x` (any shape, in the unit of `x_column`), on straight lines in log x and log y.

        Never across two selections: a point belongs to the first selection that reaches it, and each begins where the
        one before it ends, at the value of its own first row. `selection` keeps to one of them. NaN, which is no limit,
        is the answer outside the table and beside an empty cell; `flat_below` continues the first value down to zero.
        Raises `InputError` for an unknown column or selection, and where `x_column` does not increase.
        """
        at = np.asarray(x, dtype=np.float64)
        result = np.full(at.shape, np.nan)
        pieces = self._pieces(x_column, y_column, selection)
        for known_x, known_y in reversed(pieces):  # the first one has the last word
            inside = (at >= known_x[0]) & (at <= known_x[-1])
            result[inside] = np.exp(np.interp(np.log(at[inside]), np.log(known_x), np.log(known_y)))
        if flat_below:
            known_x, known_y = pieces[0]
            first = np.argmax(~np.isnan(known_y))
            result[(at >= 0) & (at < known_x[first])] = known_y[first]
        return result

    def _pieces(self, x_column: str, y_column: str, selection: str | None) -> list[tuple[Numbers, Numbers]]:
        """The points of each selection, lowest first, each extended down to the end of the one before."""
        x, y = self.column(x_column), self.column(y_column)
        pieces: dict[str, tuple[Numbers, Numbers]] = {}
        end = 0.0
        for label, rows in self._selections(x_column).items():
            known_x, known_y = x[rows], y[rows]
            if 0 < end < known_x[0]:
                known_x, known_y = np.append(end, known_x), np.append(known_y[0], known_y)
            pieces[label], end = (known_x, known_y), max(end, known_x[-1])
        if selection is None:
            return list(pieces.values())
        if selection not in pieces:
            raise InputError(f"{self._place()}: no selection {_unknown(selection, pieces)}")
        return [pieces[selection]]

    def _selections(self, x_column: str) -> dict[str, NDArray[np.intp]]:
        """The rows of each selection, lowest first. Raises `InputError` where `x_column` does not increase in one."""
        x = self.column(x_column)
        labels = self.text.get(SELECTION, np.full(x.shape, ""))
        names, which = np.unique(labels, return_inverse=True)
        order = np.argsort(which, kind="stable")
        groups = np.split(order, np.searchsorted(which[order], np.arange(1, len(names))))
        selections = dict(zip(map(str, names), groups, strict=True))
        for rows in selections.values():
            for row in rows.tolist():
                if np.isnan(x[row]):
                    raise InputError(f"{self._place(row)}: {x_column}: the cell is empty, a number is due")
            for before, row in pairwise(rows.tolist()):
                if x[row] <= x[before]:
                    step = f"{x[row]:g} after {x[before]:g}"
                    raise InputError(f"{self._place(row)}: {x_column}: {step}, it must increase")
        return dict(sorted(selections.items(), key=lambda item: float(x[item[1][0]])))

    def _place(self, row: int = -1) -> str:
        return f"{self.path}:{self.lines[row + 1]}"


def packaged() -> list[str]:
    """The names of the packaged curves, sorted."""
    return sorted(path.stem for path in _package_folder().glob("*.csv"))


def load(name: str | Path, *, zeros: bool = False) -> PublishedCurve:
    """The curve behind a path or a bare name, looked up in the working folder, `$ALPHOTON_CARDS` and the package.

    With `zeros` a number may be 0, as a background may; `interpolate`, on logarithms, is not for it then. Raises
    `InputError`, naming file and line, where there is none or where it cannot be understood.
    """
    try:
        path = find(name)
        return _parse(read_text(path, "curve", MAX_BYTES, "utf-8-sig"), str(path), zeros=zeros)
    except UnicodeDecodeError:
        raise InputError(f"{name}: not a text file: a curve is CSV in UTF-8") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None


def _package_folder() -> Path:
    return package_data() / "published"


def find(name: str | Path) -> Path:
    """The file behind a path or a bare name. Raises `InputError` where there is none."""
    folders = [Path(), *(folder for entry in own_folders() for folder in (entry, entry / "published")), _package_folder()]
    for folder in folders:
        for file in (folder / name, folder / f"{name}.csv"):  # an absolute path stands for itself
            if is_file(file):
                return file
    raise InputError(f"no published curve {_unknown(str(name), packaged())}; or give the path of a file")


def _parse(text: str, path: str, *, zeros: bool = False) -> PublishedCurve:
    header: dict[str, list[str]] = {"title": [], "source": [], "use": [], "note": []}
    table: list[Row] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("#"):
            word, colon, value = line.lstrip().removeprefix("#").partition(":")
            if colon and (word := word.lstrip()) in header:
                header[word].append(value := value.strip())
                if word == "use" and value not in USES:
                    raise InputError(f"{path}:{number}: use: '{value}' is none of {', '.join(USES)}")
        elif line.strip():
            table.append((number, _cells(line, f"{path}:{number}")))
    _check_shape(table, path)
    columns, texts = _columns(table, path, _positive_or_zero if zeros else _positive)
    curve = PublishedCurve(
        path=path,
        lines=tuple(number for number, _ in table),
        title="; ".join(header["title"]) or Path(path).stem,
        source="; ".join(header["source"]),
        use="".join(header["use"][-1:]),
        notes=tuple(header["note"]),
        columns=columns,
        text=texts,
    )
    curve._selections(next(iter(columns)))  # tell at once where the abscissa does not increase
    return curve


def _cells(line: str, place: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        raise InputError(f"{place}: not valid CSV: {error}") from None


def _check_shape(table: Sequence[Row], path: str) -> None:
    """Raise `InputError` unless there are names above equally long rows."""
    if len(table) < 2:
        raise InputError(f"{path}:1: empty: a line of column names and at least one row of numbers are due")
    (line, names), *rows = table
    if len(names) < 2:
        raise InputError(f"{path}:{line}: one column only: two are due at least, separated by commas")
    if len(names) > MAX_COLUMNS:
        raise InputError(f"{path}:{line}: {len(names)} columns, more than {MAX_COLUMNS}: is this a curve?")
    for name in names:
        if len(name) > MAX_NAME:
            raise InputError(f"{path}:{line}: '{shortened(name)}' is too long for the name of a column")
        if not name or _number(name) is not None:
            raise InputError(f"{path}:{line}: '{name}' is no column name; the line above the numbers names the columns")
        if names.count(name) > 1:
            raise InputError(f"{path}:{line}: two columns are called '{name}'")
    for line, cells in rows:
        if len(cells) != len(names):
            raise InputError(f"{path}:{line}: {len(cells)} cells, but {len(names)} columns")


def _columns(
    table: Sequence[Row], path: str, read: Callable[[str, str], float]
) -> tuple[dict[str, Numbers], dict[str, NDArray[np.str_]]]:
    """Columns of numbers and columns of text; text is `selection`, and any column in which no cell is a number."""
    (top, names), *rows = table
    numbers: dict[str, Numbers] = {}
    texts: dict[str, NDArray[np.str_]] = {}
    for position, name in enumerate(names):
        cells = [row[position] for _, row in rows]
        if not any(cells):
            raise InputError(f"{path}:{top}: {name}: all cells of this column are empty")
        if name == SELECTION or all(_number(cell) is None for cell in cells):
            texts[name] = np.array(cells)
        else:
            numbers[name] = np.array([read(row[position], f"{path}:{line}: {name}") for line, row in rows])
    if not numbers:
        raise InputError(f"{path}:{top}: there is no column of numbers")
    for array in (*numbers.values(), *texts.values()):
        array.setflags(write=False)
    return numbers, texts


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _positive(cell: str, place: str) -> float:
    value = _number(cell) if cell else np.nan
    if value is None:
        raise InputError(f"{place}: '{cell}' is not a number")
    if cell and not 0 < value < np.inf:
        raise InputError(f"{place}: {cell} is not a positive number; leave the cell empty where there is none")
    return value


def _positive_or_zero(cell: str, place: str) -> float:
    if _number(cell) == 0:
        return 0.0
    return _positive(cell, place)


def _unknown(name: str, known: Iterable[str]) -> str:
    """'epsilon' and what it might have been."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"'{name}'{hint} (there are: {', '.join(filter(None, names)) or 'none'})"
