"""The verb `figure`: a figure of arXiv:2012.07894 as NAME.png, NAME.pdf and NAME.csv."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from alphoton.data.errors import InputError
from alphoton.data.output import Unfinished, check_free
from alphoton.workflows.figures.base import Curve, Figure, Progress, quiet, style, to_csv

NAMES = ("fig02", "fig03", "fig04", "fig05", "fig06a", "fig06b", "fig07", "fig08a", "fig08b", "fig09")
"""One file each in `alphoton.workflows.figures`; Figs. 1 and 10 of the paper are diagrams."""
ALL, PARTS = "all", "ab"
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


def check_output(wanted: Sequence[str], output: str | Path, *, force: bool = False) -> None:
    """Raise `InputError` where a file of these figures exists and may not be replaced, before any work is done."""
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, the name of a folder is due")
    for name in wanted:
        for path in _paths(name, folder):
            check_free(path, force=force)


def figure(name: str, output: str | Path, *, force: bool = False, progress: Progress | None = None) -> FigureResult:
    """Compute and draw one figure into the folder `output`, all of its files or none.

    The same cards and versions give the same bytes. Raises `InputError` for an unknown name, or where a file exists and
    `force` is not set.
    """
    if name not in expand(name):
        raise InputError(f"'{name}' stands for {', '.join(expand(name))}: make one at a time")
    folder = Path(output)
    check_output([name], folder, force=force)
    chosen = load(name)
    return write(chosen, chosen.compute(progress or quiet), folder, force=force)


def load(name: str) -> Figure:
    """The figure behind a known name."""
    found = import_module(f"alphoton.workflows.figures.{name}").FIGURE
    assert isinstance(found, Figure)
    return found


def write(chosen: Figure, curves: Sequence[Curve], folder: Path, *, force: bool = False) -> FigureResult:
    """Draw curves into the files of a figure. They carry no date, and appear when all are whole."""
    paths = _paths(chosen.name, folder)
    with ExitStack() as stack, style():
        png, pdf, table = (stack.enter_context(Unfinished(path, force=force)) for path in paths)
        canvas = chosen.draw({curve.name: curve for curve in curves})
        canvas.savefig(png, format="png", metadata={"Title": chosen.title})
        canvas.savefig(pdf, format="pdf", metadata={"Title": chosen.title, "CreationDate": None})
        table.write_text(to_csv(curves), encoding="utf-8")
    return FigureResult(chosen.name, chosen.title, paths)


def _paths(name: str, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / f"{name}.{suffix}" for suffix in SUFFIXES)
