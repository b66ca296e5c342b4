"""The benchmarks' own arithmetic, with a clock that is told what to say."""

from __future__ import annotations

import io

from benchmarks.measure import Row, Table, shortest
from rich.console import Console


def test_the_shortest_of_each_in_turn() -> None:
    """The first round does not count; works take turns, so that a slow while meets both."""
    now, calls = [0.0], []

    def work(name: str, seconds: list[float]) -> None:
        calls.append(name)
        now[0] += seconds.pop(0)

    first, second = [0.1, 3.0, 2.0, 9.0], [0.1, 5.0, 7.0, 4.0]
    found = shortest(lambda: work("a", first), lambda: work("b", second), repeats=3, clock=lambda: now[0])
    assert found == [2.0, 4.0]
    assert "".join(calls) == "abababab"


def test_the_table() -> None:
    table = Table()
    table.add("heading", Row("what", "2.00 M/s", "bound 4.00 M/s", 0.5, ">= 0.40"))
    text = io.StringIO()
    Console(width=120, file=text).print(table.drawn())
    assert "what   2.00 M/s  bound 4.00 M/s   0.50  >= 0.40" in text.getvalue()
