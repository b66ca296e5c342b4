"""The verb `figure`: a figure of arXiv:2012.07894 as NAME.png, NAME.pdf and NAME.csv."""

from __future__ import annotations

import difflib
import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from alphoton.data.arguments import several
from alphoton.data.errors import InputError
from alphoton.data.output import Unfinished, check_free
from alphoton.workflows.figures.base import Curve, Figure, Progress, quiet, style, to_csv

if TYPE_CHECKING:
    from alphoton.workflows.figures.slices import LimitFigure
    from alphoton.workflows.survey import Survey

EVENTS = ("fig02", "fig03", "fig04", "fig05", "fig06a", "fig06b", "fig07", "fig08a", "fig08b", "fig09")
LIMITS = ("fig11", "fig12", "fig13a", "fig13b", "fig13c", "fig14a", "fig14b", "fig15")
BEYOND = ("shapes", "showers", "resonant", "scan")
"""Of what goes beyond the paper."""
NAMES = (*EVENTS, *LIMITS, *BEYOND)
"""One file each in `alphoton.workflows.figures`; Figs. 1 and 10 of the paper are diagrams."""
ALL, PARTS = "all", "abc"
WORKFLOW = "paper"
"""The workflow card whose studies the figures of limits show."""
STORE = "limits.jsonl"
"""Holds finished limits, which the figures in a folder share."""
MOMENTS = "paper-2020"
SUFFIXES = ("png", "pdf", "csv")


@dataclass(frozen=True)
class FigureResult:
    """What `figure` made: its name, what it shows, and the files written: PNG, PDF, CSV."""

    name: str
    title: str
    paths: tuple[Path, ...]


def names() -> list[str]:
    """The figures, in the order of the paper."""
    return list(NAMES)


def expand(name: str) -> list[str]:
    """The figures that a name stands for: `all`, one of them, or a number with its parts (`fig06`).

    Raises `InputError` where it stands for none.
    """
    if name == ALL:
        return names()
    found = [known for known in NAMES if name in (known, known.rstrip(PARTS))]
    if not found:
        words = [ALL, *NAMES]
        padded = re.sub(r"\d+", lambda digits: digits[0].zfill(2), name.lower())
        close = [word for word in words if padded and word.startswith(padded)]
        close = close or difflib.get_close_matches(name, words, n=1, cutoff=0.85)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise InputError(f"no figure '{name}'{hint} (known: {', '.join(words)})")
    return found


def check_output(wanted: str | Sequence[str], output: str | Path, *, force: bool = False) -> None:
    """Raise `InputError` where a file of these figures exists and may not be replaced, before any work is done."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, the name of a folder is due")
    for name in several(wanted):
        for path in _paths(name, folder):
            check_free(path, force=force)


def figure(
    name: str,
    output: str | Path,
    *,
    force: bool = False,
    survey: Survey | None = None,
    moments: str = MOMENTS,
    progress: Progress | None = None,
) -> FigureResult:
    """Compute and draw one figure into the folder `output`, all of its files or none.

    Figures of limits show a `survey`, by default that of the workflow card `paper`, whose finished points are kept beside
    them, and the measured magnetic `moments` of a set. The same cards and versions give the same bytes: a figure that is
    there and was made from the same is left as it is. Raises `InputError` for an unknown name, or where another file exists
    and `force` is not set.
    """
    if name not in expand(name):
        raise InputError(f"'{name}' stands for {', '.join(expand(name))}: make one at a time")
    folder, chosen = Path(output), load(name)
    made_from = stamp(name, survey, moments)
    if is_up_to_date(name, folder, made_from):
        return FigureResult(chosen.name, chosen.title, _paths(name, folder))
    check_output([name], folder, force=force)
    return write(
        chosen, _curves(chosen, survey, moments, folder, progress or quiet), folder, force=force, made_from=made_from
    )


def _curves(
    chosen: Figure | LimitFigure, survey: Survey | None, moments: str, folder: Path, progress: Progress
) -> list[Curve]:
    if isinstance(chosen, Figure):
        return chosen.compute(progress)
    return chosen.compute(survey or default_survey(folder / STORE), moments, progress)


def default_survey(store: Path | None) -> Survey:
    """The survey of the workflow card `paper`."""
    from alphoton.workflows.study import surveyed
    from alphoton.workflows.workflow_card import WorkflowCard

    return surveyed(WorkflowCard.load(WORKFLOW), store)


def stamp(name: str, survey: Survey | None = None, moments: str = MOMENTS) -> str:
    """A digest of what a figure is made from."""
    from alphoton.data.provenance import Recipe
    from alphoton.workflows.named_content import named_content

    modules = [f"alphoton.workflows.figures.{name}"]
    shown: dict[str, str | None] = {}
    if name in LIMITS:
        shown = {"moments": moments, "survey": None if survey is None else survey.digest}
        modules += [__name__] if survey is None else []  # which makes the survey
    return Recipe.of(*modules, files=[Path(__file__)], figure=name, named=named_content(), **shown).digest


def is_up_to_date(name: str, folder: Path, made_from: str) -> bool:
    """Whether the files of a figure are there, whole, and made from this: the picture says so of all three."""
    png, *others = _paths(name, folder)
    try:
        if not all(path.is_file() for path in (png, *others)):
            return False
        found = png.read_bytes()
        note = _note(made_from, b"", others)
        drawn = found[: -len(note) - END] + found[-END:]
        return found == _with_note(drawn, _note(made_from, drawn, others))
    except OSError:
        return False


STAMP = "alphoton"
"""The key of the picture's note that says what the figure was made from."""
END = 12
"""Bytes of the last chunk of a PNG."""


def _note(made_from: str, drawn: bytes, others: Sequence[Path]) -> bytes:
    """A chunk of a PNG with text: what the figure was made from, and digests of the picture and of what belongs to it."""
    contents = [drawn, *(path.read_bytes() for path in others)]
    text = " ".join([made_from, *(hashlib.blake2b(content, digest_size=16).hexdigest() for content in contents)])
    chunk = b"tEXt" + f"{STAMP}\0{text}".encode("latin-1")
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _with_note(drawn: bytes, note: bytes) -> bytes:
    """A PNG with one more chunk, before its last."""
    return drawn[:-END] + note + drawn[-END:]


def load(name: str) -> Figure | LimitFigure:
    """The figure behind a known name."""
    found: Figure | LimitFigure = import_module(f"alphoton.workflows.figures.{name}").FIGURE
    return found


def write(
    chosen: Figure | LimitFigure, curves: Sequence[Curve], folder: Path, *, force: bool = False, made_from: str = ""
) -> FigureResult:
    """Draw curves into the files of a figure. They carry no date, and appear when all are whole."""
    paths = _paths(chosen.name, folder)
    with ExitStack() as stack, style():
        png, pdf, table = (stack.enter_context(Unfinished(path, force=force)) for path in paths)
        canvas = chosen.draw({curve.name: curve for curve in curves})
        canvas.savefig(pdf, format="pdf", metadata={"Title": chosen.title, "CreationDate": None})
        table.write_text(to_csv(curves), encoding="utf-8")
        picture = BytesIO()
        canvas.savefig(picture, format="png", metadata={"Title": chosen.title})
        drawn = picture.getvalue()
        png.write_bytes(_with_note(drawn, _note(made_from, drawn, [pdf, table])) if made_from else drawn)
    return FigureResult(chosen.name, chosen.title, paths)


def _paths(name: str, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"{name}.{suffix}" for suffix in SUFFIXES)
