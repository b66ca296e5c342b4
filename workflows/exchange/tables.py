"""Tables of results, read from `limits.csv` and `figNN.csv`, with the words that a public record needs."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from alphoton.analysis.shape import DEVIATIONS
from alphoton.data.errors import InputError
from alphoton.data.text_file import read_text
from alphoton.generators.processes import of
from alphoton.workflows import figure
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.base import COLUMNS as FIGURE_COLUMNS
from alphoton.workflows.limit_scan import ALL_COLUMNS, COUPLINGS, RAY, CouplingColumns
from alphoton.workflows.limit_scan import COLUMNS as LIMIT_COLUMNS

Row = dict[str, str]
Keywords = dict[str, list[str | float]]

MASS = "$m_a$"
SYMBOLS = {"g_agamma": r"$g_{a\gamma}$", "g_ae": "$g_{ae}$"}
LIMITS = {name: f"Limit on {symbol}" for name, symbol in SYMBOLS.items()}
UNITS = {"_per_GeV": "1/GeV", "": ""}
"""Of a coupling, by the ending of its columns."""
STATISTICAL, SYSTEMATIC = "Monte Carlo", "systematic"
SIGMA, SHARE = "Cross-section at a coupling of 1/GeV", "Normalised distribution"
AXES = {
    ("fig02", "GeV"): (MASS, SIGMA),
    ("fig03", "GeV"): (MASS, "Effective " + SIGMA.lower()),
    ("fig04", "GeV"): (MASS, "Efficiency of the cuts on angle and energy"),
    ("fig05", "rad"): ("Photon angle", SHARE),
    ("fig05", "GeV"): ("Photon energy", SHARE),
    ("fig06a", "GeV^2"): (r"$M^2_\mathrm{miss}$", SHARE),
    ("fig06b", "GeV"): (MASS, r"Resolution in $M^2_\mathrm{miss}$"),
    ("fig07", "rad"): ("Photon angle", SHARE),
    ("fig08a", "GeV"): (MASS, SIGMA),
    ("fig08b", "GeV"): (MASS, "Acceptance"),
    ("fig09", "rad"): ("Photon angle", "Photon energy"),
    ("fig11", "GeV"): (MASS, r"$g_{a\gamma}$"),
    ("fig12", "GeV"): (MASS, "$g_{ae}$"),
    **{(f"fig13{part}", "1/GeV"): ("$g_{ae}$", r"$g_{a\gamma}$") for part in "abc"},
    **{(f"fig14{part}", "GeV"): (MASS, "$g_{ae}$") for part in "ab"},
    ("fig15", "GeV"): (MASS, "$g_{ae}$"),
    ("showers", "GeV"): ("Energy", "Track length per energy"),
    ("resonant", "GeV"): (MASS, "$g_{ae}$"),
    ("scan", "GeV"): ("Energy or mass", "Events, or $g_{ae}$"),
    ("shapes", "GeV^2"): (r"$M^2_\mathrm{miss}$", r"Events per $M^2_\mathrm{miss}$"),
    ("shapes", "GeV"): (MASS, LIMITS["g_ae"]),
}
"""What the axes of a figure are, by its name and the unit of x; a CSV has the units only."""
MAX_BYTES = 20_000_000
PHRASE = "axion-like particle"
WORDS = ("analysis", "method", RAY, "curve", "x_unit", "y_unit")
"""Columns that hold no numbers."""


@dataclass(frozen=True)
class Column:
    """Values of one quantity in a unit, NaN where there is none; errors are one standard deviation, by their label."""

    name: str
    unit: str
    values: tuple[float, ...]
    errors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    qualifiers: dict[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """One table of a record: columns `y` against a column `x`."""

    name: str
    description: str
    keywords: Keywords
    x: Column
    y: tuple[Column, ...]


def read(path: Path) -> list[Table]:
    """The tables of a file of limits or of a figure.

    Raises `InputError` where it is neither, or holds a cell that is no number where one is due.
    """
    try:
        rows = list(csv.DictReader(StringIO(read_text(path, "table", MAX_BYTES), newline="")))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise InputError(f"{path}: not a table ({error}); CSV of limits or of a figure is due") from None
    for columns, tables in ((LIMIT_COLUMNS, limit_tables), (FIGURE_COLUMNS, figure_tables)):
        if rows and set(columns) <= set(rows[0]):
            _check(path, rows, [name for name in dict.fromkeys((*columns, *ALL_COLUMNS)) if name in rows[0]])
            return tables(path, rows)
    expected = f"'{','.join(LIMIT_COLUMNS)}' or '{','.join(FIGURE_COLUMNS)}'"
    raise InputError(f"{path}: holds {'other columns' if rows else 'no rows'}; a table that begins with {expected} is due")


def _check(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    for number, row in enumerate(rows, start=2):
        for name in columns:
            cell, needed = row[name], name in ("m_a_GeV", "x")
            if not cell and (needed or cell is None):
                raise InputError(f"{path}:{number}: {name}: is missing")
            if cell and name not in WORDS and not _is_number(cell):
                raise InputError(f"{path}:{number}: {name}: '{cell}' is no number")


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _numbers(rows: Sequence[Row], name: str) -> tuple[float, ...]:
    """The numbers of a column, NaN for an empty cell; files of earlier versions have the first columns only."""
    return tuple(float(row[name]) if row.get(name) else math.nan for row in rows)


def limit_tables(path: Path, rows: Sequence[Row]) -> list[Table]:
    """A table for each analysis, method and direction in `limits.csv`, with columns for each coupling that is limited."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["analysis"], row["method"], row["confidence_level"], row.get(RAY) or ""), []).append(row)
    tables = []
    for (analysis, method, level, ray), group in groups.items():
        qualifiers: dict[str, str | float] = {"Analysis": analysis, "Method": method}
        if level:
            qualifiers["Confidence level"] = float(level)
        if ray:
            qualifiers["Direction"] = ray
        columns = [column for coupling in COUPLINGS for column in coupling_columns(group, coupling, ray, qualifiers)]
        banded = any(math.isfinite(edge) for coupling in COUPLINGS for edge in _numbers(group, coupling.upper_edge))
        keywords = limit_keywords(analysis)
        if banded:
            keywords["phrases"] = ["excluded band" if each == "upper limit" else each for each in keywords["phrases"]]
        name = f"{path.stem} {analysis}{ray and f' along {ray}'}"
        description = _description(analysis, method, level, ray, banded=banded)
        x = Column(MASS, "GeV", _numbers(group, "m_a_GeV"))
        tables += trimmed(Table(name, description, keywords, x, tuple(columns)))
    return tables


def _description(analysis: str, method: str, level: str, ray: str, *, banded: bool) -> str:
    """What a table of limits holds, in words."""
    what = "Ranges of the couplings" if banded else "Limits on the couplings"
    how = "Each is for one coupling, the other being zero."
    if is_of_both(ray):
        what = "A range of both couplings together" if banded else "Limits on both couplings together"
        how = f"The couplings grow together, in the ratio {ray}: a row is one limit, and says where it lies in each of them."
    return (
        f"{what} of an axion-like particle{' that is excluded' if banded else ''} against its mass, from the analysis "
        f"'{analysis}' by the method '{method}'{f' at {100 * float(level):g}% confidence level' if level else ''}. {how} "
        "Errors are those of the Monte Carlo, and where there is one the systematic error."
    )


def is_of_both(ray: str) -> bool:
    """Whether several couplings grow along a direction."""
    return len(ray.split()) > 1


def coupling_columns(
    rows: Sequence[Row], coupling: CouplingColumns, ray: str, qualifiers: dict[str, str | float]
) -> list[Column]:
    """The columns of one coupling: its limit or both edges of a band, and the limits that are to be expected."""
    symbol, unit = SYMBOLS[coupling.name], UNITS[coupling.unit]
    limit, error = coupling.limit
    values, upper = _numbers(rows, limit), _numbers(rows, coupling.upper_edge)
    systematic = tuple(abs(v) * relative for v, relative in zip(values, _numbers(rows, coupling.systematic), strict=True))
    errors = {STATISTICAL: _numbers(rows, error), SYSTEMATIC: systematic}
    together = " where both grow together" if is_of_both(ray) else ""
    banded = any(map(math.isfinite, upper))
    name = f"{symbol} excluded from" if banded else f"Limit on {symbol}"
    columns = [Column(f"{name}{together}", unit, values, errors, qualifiers)]
    if banded:
        columns.append(Column(f"{symbol} excluded up to{together}", unit, upper, {}, qualifiers))
    name = f"{symbol} expected to be excluded from" if banded else f"Expected limit on {symbol}"
    columns += [
        Column(f"{name}{together}", unit, _numbers(rows, each), {}, {**qualifiers, "Standard deviations": deviation})
        for each, deviation in zip(coupling.expected, map(int, DEVIATIONS), strict=True)
    ]
    return [column for column in columns if not all(map(math.isnan, column.values))]


def limit_keywords(analysis: str) -> Keywords:
    """Reactions and energies of the experiment behind an analysis, where its card is found by its name.

    An analysis that scans the energy of the beam has none of its own.
    """
    keywords: Keywords = {"observables": ["COUPLING"], "phrases": [PHRASE, "upper limit", analysis]}
    try:
        experiment = load_experiment(analysis)
    except InputError:
        return keywords
    processes = experiment.processes
    keywords["reactions"] = list(dict.fromkeys(of(process).reaction for process in processes))
    beams = (collision for process in processes for collision in process.collisions())
    energies = sorted(collision.sqrt_s for collision in beams if not collision.atomic_number)
    if energies and experiment.analysis.scan is None:
        first, last = energies[0], energies[-1]
        keywords["cmenergies"] = [float(f"{first:.6g}") if first == last else f"{first:.6g}-{last:.6g}"]
    return keywords


def figure_tables(path: Path, rows: Sequence[Row]) -> list[Table]:
    """The tables of `figNN.csv`: curves that share their x stand beside each other in one."""
    curves: dict[str, list[Row]] = {}
    for row in rows:
        curves.setdefault(row["curve"], []).append(row)
    groups: dict[tuple[str, tuple[float, ...]], list[Column]] = {}
    for name, points in curves.items():
        x_unit, y_unit = points[0]["x_unit"], points[0]["y_unit"]
        y_name = AXES.get((path.stem, x_unit), ("", "y"))[1]
        column = Column(y_name, y_unit, _numbers(points, "y"), {"": _numbers(points, "y_error")}, {"Curve": name})
        groups.setdefault((x_unit, _numbers(points, "x")), []).append(column)
    title = figure.load(path.stem).title if path.stem in figure.NAMES else f"Curves of {path.name}"
    tables = []
    for (x_unit, x), columns in groups.items():
        name = path.stem if len(groups) == 1 else f"{path.stem} {columns[0].qualifiers['Curve']}"
        description = f"{title}: {', '.join(str(column.qualifiers['Curve']) for column in columns)}."
        keywords: Keywords = {"observables": ["SIG"]} if columns[0].unit == "pb" else {}
        x_column = Column(AXES.get((path.stem, x_unit), ("x", ""))[0], x_unit, x)
        tables += trimmed(Table(name, description, keywords | {"phrases": [PHRASE]}, x_column, tuple(columns)))
    return tables


def trimmed(table: Table) -> list[Table]:
    """The table without the rows that hold no value at all; nothing where no row is left."""
    kept = [i for i in range(len(table.x.values)) if any(not math.isnan(column.values[i]) for column in table.y)]
    if not kept:
        return []

    def only(column: Column) -> Column:
        errors = {label: tuple(values[i] for i in kept) for label, values in column.errors.items()}
        return Column(column.name, column.unit, tuple(column.values[i] for i in kept), errors, column.qualifiers)

    return [Table(table.name, table.description, table.keywords, only(table.x), tuple(only(column) for column in table.y))]
