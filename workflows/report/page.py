"""The report of a workflow as one HTML page that needs nothing beside it: figures, limits, comparison, explorer.

All text goes through Jinja2 with escaping on. The same content gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from alphoton.data.output import check_free, write_text
from alphoton.workflows.figure import FigureResult
from alphoton.workflows.report.claim import Row
from alphoton.workflows.report.explorer import explorer_data
from alphoton.workflows.report.tables import comparison, limit_tables, strongest
from alphoton.workflows.report.typeset import typeset
from alphoton.workflows.survey import Survey

if TYPE_CHECKING:
    from alphoton.workflows.report.beyond import BeyondTable
    from alphoton.workflows.report.corrections import Correction

NAME = "report.html"
SCRIPTS = ("limits.js", "chart.js", "explorer.js", "page.js")
"""In the order in which they need each other."""
WIDE = 1.9
"""Pictures with this ratio of width to height, or more, get a row of their own."""


@dataclass(frozen=True)
class Content:
    """What a report shows. `provenance` is plain data: versions, digests, seeds, and cards as text by kind and name."""

    title: str
    description: str
    figures: Sequence[FigureResult]
    survey: Survey
    rows: Sequence[Row]
    beyond: Sequence[BeyondTable]
    corrections: Sequence[Correction]
    provenance: Mapping[str, Any]
    moments: str


@dataclass(frozen=True)
class Picture:
    """A figure on the page: where it is found, what it is called, what it shows, and the PNG as a data URI."""

    anchor: str
    label: str
    title: str
    source: str
    beside: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        return self.width >= WIDE * self.height


def write_report(content: Content, output: Path, *, force: bool) -> Path:
    """Write the page `output`, whole or not at all, and return its path.

    The curves of the survey must have been worked out. Raises `InputError` where `output` exists and `force` is not set.
    """
    check_free(output, force=force)
    write_text(output, render(content), force=force)
    return output


def render(content: Content) -> str:
    """The page as text."""
    script = "\n".join(_part(name) for name in SCRIPTS)
    compared = comparison(content.rows)
    return (
        _environment()
        .from_string(_part("template.html"))
        .render(
            content=content,
            style=Markup(_part("style.css")),
            script=Markup(script),
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            compared=compared,
            differing=[row for row in compared if row.verdict == "differs"],
            strongest=strongest(content.survey),
            tables=limit_tables(content.survey),
            pictures=[picture(figure) for figure in content.figures],
            explorer=explorer_data(content.survey),
        )
    )


def picture(figure: FigureResult) -> Picture:
    """A figure with its PNG inside; the other files are only named."""
    png, *others = sorted(figure.paths, key=lambda path: path.suffix != ".png")
    data = png.read_bytes()
    width, height = struct.unpack(">II", data[16:24])  # of the header chunk, the first of every PNG
    number = re.fullmatch(r"fig0*(\d+[a-z]?)", figure.name)
    return Picture(
        anchor=re.sub(r"[^A-Za-z0-9-]+", "-", figure.name),
        label=f"Fig. {number[1]}" if number else figure.name.capitalize(),
        title=figure.title,
        source="data:image/png;base64," + base64.b64encode(data).decode(),
        beside=", ".join(path.name for path in others),
        width=width,
        height=height,
    )


def _environment() -> Environment:
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.policies["json.dumps_kwargs"] = {"allow_nan": False, "ensure_ascii": False, "separators": (",", ":")}
    made.filters["typeset"] = typeset
    made.tests["long"] = lambda value: isinstance(value, str) and ("\n" in value or len(value) > 200)
    return made


def _part(name: str) -> str:
    return files("alphoton.workflows.report").joinpath(name).read_text(encoding="utf-8")
