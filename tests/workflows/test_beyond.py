"""The report's tables of what goes beyond the paper."""

from __future__ import annotations

import csv
from importlib import import_module

import pytest

from alphoton.workflows.report import beyond
from alphoton.workflows.report.beyond import BeyondTable, beyond_tables
from alphoton.workflows.report.claim_tools import Measured

TABLE = BeyondTable(
    "made-up",
    "Made up",
    "To test the table.",
    ("choice", "count", "limit"),
    (("one, with a comma", Measured(1.5, 0.12), Measured(2.25)), ("other", Measured(150.0), "none")),
)


def test_cells_have_the_digits_that_errors_allow() -> None:
    assert TABLE.cells == (("one, with a comma", "1.50 ± 0.12", "2.25"), ("other", "150", "none"))


def test_csv_has_errors_in_columns_of_their_own() -> None:
    assert list(csv.reader(TABLE.csv().splitlines())) == [
        ["choice", "count", "count, error", "limit"],
        ["one, with a comma", "1.5", "0.12", "2.25"],
        ["other", "150", "", "none"],
    ]


def test_rows_as_long_as_the_header_are_due() -> None:
    with pytest.raises(ValueError, match="zip"):
        BeyondTable("", "", "", ("one",), (("a", "b"),)).csv()


def test_each_module_has_a_table() -> None:
    assert all(callable(import_module(f"alphoton.workflows.report.{name}").table) for name in beyond.MODULES)


def test_tables_in_the_order_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    made = {name: BeyondTable(name, "", "", (), ()) for name in beyond.MODULES}
    for name, table in made.items():
        monkeypatch.setattr(f"alphoton.workflows.report.{name}.table", lambda table=table: table)
    assert [table.name for table in beyond_tables(lambda *args: told.append(args))] == list(beyond.MODULES)
    assert told == [(done, len(made)) for done in range(len(made))]
