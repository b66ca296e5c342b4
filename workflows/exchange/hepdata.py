"""Tables in the submission format of HEPData (E. Maguire, L. Heinrich, G. Watt, J. Phys.: Conf. Ser. 898 (2017) 102006)."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from alphoton.data.arguments import several
from alphoton.data.errors import InputError
from alphoton.data.output import check_free, write_text
from alphoton.data.places import check_folder
from alphoton.workflows.exchange.tables import Column, Table, read

SUBMISSION = "submission.yaml"
LONGEST_NAME = 64
"""Of a table, in HEPData's schema."""
NO_VALUE = "-"


@dataclass(frozen=True)
class Submission:
    """The folder written, and the names of its tables."""

    path: Path
    tables: tuple[str, ...]


def write_hepdata(tables: str | Path | Sequence[str | Path], output: str | Path, *, force: bool = False) -> Submission:
    """Write tables of limits (`limits.csv`) and figures (`figNN.csv`) as a folder that HEPData takes.

    `submission.yaml` names the tables, and each has a data file: mass or other variable, values with units and errors, and
    what qualifies them (analysis, method, confidence level; the curve of a figure). Limits of one analysis stand in one
    table, and so do curves with the same x. The folder, packed, is what HEPData's upload takes.

    `submission.yaml` is written last. Raises `InputError` for a file that is no such table, where nothing is left to write,
    or where `output` is not empty and `force` is not set; with it an earlier submission there is replaced.
    """
    tables = several(tables)
    if not tables:
        raise InputError("no tables: name at least one CSV of limits or of a figure")
    folder = Path(output)
    _check_folder(folder, force=force)
    found = named_apart(table for path in tables for table in read(Path(path)))
    if not found:
        raise InputError(f"{', '.join(map(str, tables))}: hold no value at all, there is nothing to submit")
    files = {table.name: f"{re.sub(r'[^A-Za-z0-9]+', '_', table.name).strip('_').lower()}.yaml" for table in found}
    files = {name: f"{number:02d}_{file}" for number, (name, file) in enumerate(files.items(), start=1)}
    for name in (*files.values(), SUBMISSION):
        check_free(folder / name, force=True, inputs=tables)
    texts = {files[table.name]: yaml_text([data_document(table)]) for table in found}
    _remove_earlier(folder)
    for name, text in texts.items():
        write_text(folder / name, text, force=True)
    documents = [_about(tables), *(submission_document(table, files[table.name]) for table in found)]
    write_text(folder / SUBMISSION, yaml_text(documents), force=True)
    return Submission(folder, tuple(files))


def named_apart(tables: Iterable[Table]) -> list[Table]:
    """The tables with names that are short enough, and no two the same."""
    found: dict[str, Table] = {}
    for table in tables:
        name, number = table.name[:LONGEST_NAME], 2
        while name in found:
            ending = f" ({number})"
            name, number = table.name[: LONGEST_NAME - len(ending)] + ending, number + 1
        found[name] = replace(table, name=name)
    return list(found.values())


def data_document(table: Table) -> dict[str, Any]:
    """The data file of a table."""
    return {
        "independent_variables": [{"header": _header(table.x), "values": [{"value": x} for x in table.x.values]}],
        "dependent_variables": [
            {
                "header": _header(column),
                "qualifiers": [{"name": name, "value": value} for name, value in column.qualifiers.items()],
                "values": [_value(column, row) for row in range(len(column.values))],
            }
            for column in table.y
        ],
    }


def _header(column: Column) -> dict[str, str]:
    return {"name": column.name} | ({} if column.unit in ("", "1") else {"units": column.unit})


def _value(column: Column, row: int) -> dict[str, Any]:
    """A value with its errors and their labels; an error of zero, or none, is left out, as HEPData wants it."""
    value = column.values[row]
    if math.isnan(value):
        return {"value": NO_VALUE}
    errors = [
        {"symerror": each[row]} | ({"label": label} if label else {})
        for label, each in column.errors.items()
        if each[row] > 0
    ]
    return {"value": value} | ({"errors": errors} if errors else {})


def submission_document(table: Table, file: str) -> dict[str, Any]:
    """What `submission.yaml` says of a table."""
    return {
        "name": table.name,
        "description": table.description,
        "keywords": [{"name": name, "values": values} for name, values in table.keywords.items()],
        "data_file": file,
    }


def _about(tables: Sequence[str | Path]) -> dict[str, str]:
    names = ", ".join(Path(path).name for path in tables)
    return {"comment": f"Made with alphoton {version('alphoton')} from {names}."}


class _Numbers(RoundTripRepresenter):
    """Writes 1.0e-05 for 1e-05, which readers of YAML 1.1, as HEPData's, take for text."""

    def represent_number(self, value: float) -> Any:
        text = repr(value)
        return self.represent_scalar("tag:yaml.org,2002:float", text if "." in text else text.replace("e", ".0e"))


_Numbers.add_representer(float, _Numbers.represent_number)


def yaml_text(documents: Sequence[Any]) -> str:
    """Plain data as YAML documents."""
    yaml, text = YAML(), io.StringIO()
    yaml.Representer = _Numbers
    yaml.width = 4096  # no lines broken within a number's or a name's text
    yaml.explicit_start = len(documents) > 1
    yaml.dump_all(documents, text)
    return text.getvalue()


def _check_folder(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, the name of a folder is due")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise InputError(f"{folder}: is not empty; choose another folder, or replace what it holds with force=True")
    check_folder(folder)


def _remove_earlier(folder: Path) -> None:
    """Take away an earlier submission: `submission.yaml`, and the data files beside it that it names."""
    submission = folder / SUBMISSION
    if not submission.is_file():
        return
    try:
        documents = list(YAML(typ="safe").load_all(submission.read_text(encoding="utf-8")))
    except (YAMLError, UnicodeDecodeError):
        documents = []
    names = [str(document["data_file"]) for document in documents if isinstance(document, dict) and "data_file" in document]
    submission.unlink()
    for name in names:
        if Path(name).name == name and name.endswith(".yaml"):
            (folder / name).unlink(missing_ok=True)
