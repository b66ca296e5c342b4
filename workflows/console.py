"""What a person sees: progress bars and tables. Results go to stdout, progress and remarks to stderr."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

PATIENCE = 1.0
"""Seconds before a bar appears: what is over sooner needs none."""


class Bar:
    """A progress bar that appears when the work takes longer than a moment. Call it with (done, total[, what]).

    It appears by itself: work that has nothing to tell for long, as one mass of a limit, shows that it goes on.
    """

    def __init__(self, description: str) -> None:
        self._description = description
        self._lock = threading.Lock()
        self._state: dict[str, Any] = {"completed": 0, "total": None, "description": description}
        self._progress: Any = None
        self._task: Any = None
        self._timer = threading.Timer(min(PATIENCE, threading.TIMEOUT_MAX), self._appear)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, done: int, total: int, what: str = "") -> None:
        with self._lock:
            self._state = {"completed": done, "total": total, "description": f"{self._description} {what}"}
            if self._progress is not None:
                self._progress.update(self._task, **self._state)

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        with self._lock:
            if self._timer.finished.is_set() or not console.is_terminal:  # closed on the way, or a file: nobody looks
                return
            self._progress = Progress(*columns, console=console, transient=True)
            self._task = self._progress.add_task(**self._state)
            self._progress.start()

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            if self._progress is not None:
                self._progress.stop()


@contextmanager
def bar(description: str) -> Iterator[Bar]:
    """A `Bar` that is gone when the work is over, however it ends."""
    shown = Bar(description)
    try:
        yield shown
    finally:
        shown.close()


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose columns line up; the first column to the left, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # as it stands: [GeV] is no markup

    shown = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(header):
        shown.add_column(Text(name), justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        shown.add_row(*map(Text, row))
    needed = Console(width=10_000).measure(shown).maximum
    width = max(Console().width, needed)  # a number cut short is worse than a long line
    Console(width=width, highlight=False).print(shown)


def with_error(value: float, error: float) -> str:
    """A value and its error with two digits of the error: `0.4012 ± 0.0015`; a dash where there is none."""
    if not math.isfinite(value):
        return "-"
    if not math.isfinite(error) or error <= 0 or value == 0:
        return f"{value:.6g}"
    if error < 1e-7 * abs(value):
        return f"{value:.8g} ± {error:.1e}"
    exponent = math.floor(math.log10(abs(value)))
    if -3 <= exponent < 5:
        digits = max(0, 1 - math.floor(math.log10(error)))
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    scale = 10.0**exponent
    digits = max(0, min(9, 1 - math.floor(math.log10(error / scale))))
    return f"({value / scale:.{digits}f} ± {error / scale:.{digits}f})e{exponent:+03d}"


def print_json(value: Any) -> None:
    """One JSON object on stdout; what is not a finite number is null."""
    print(json.dumps(plain(value), allow_nan=False))


def plain(value: Any) -> Any:
    """Data that JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
