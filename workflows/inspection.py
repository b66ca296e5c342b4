"""The verb `inspect`: what is inside an event file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alphoton.data.event_file import EventFile


@dataclass(frozen=True)
class Inspected:
    """An event file at a glance."""

    path: Path
    events: int
    chunks: int
    sum_of_weights: float
    cross_section_pb: float
    cross_section_error_pb: float
    overweight_fraction: float
    branches: dict[str, str]
    meta: dict[str, Any]


def inspect(path: str | Path) -> Inspected:
    """Read everything but the events. Raises `InputError` for a file that is no event file."""
    with EventFile(path) as file:
        runs = file.runs()
        return Inspected(
            path=file.path,
            events=file.count,
            chunks=len(runs["genEventCount"]),
            sum_of_weights=float(runs["genEventSumw"].sum()),
            cross_section_pb=float(runs["crossSection_pb"][0]),
            cross_section_error_pb=float(runs["crossSectionError_pb"][0]),
            overweight_fraction=float(runs["overweightFraction"][0]),
            branches=file.types(),
            meta=file.meta,
        )


def show(found: Inspected) -> None:
    """Print it as tables, and the cards as they were used."""
    from alphoton.workflows.console import say, table, with_error

    meta = found.meta
    rows = [
        ["events", f"{found.events} in {found.chunks} chunks"],
        ["sum of genWeight", f"{found.sum_of_weights:.8g}"],
        ["cross-section [pb]", with_error(found.cross_section_pb, found.cross_section_error_pb)],
        ["overweight fraction", f"{found.overweight_fraction:.1e}"],
        ["seed", str(meta["seed"])],
        ["versions", ", ".join(f"{name} {number}" for name, number in meta["versions"].items())],
        ["command line", " ".join(meta["command_line"])],
    ]
    table(str(found.path), ["", ""], rows)
    table("branches of Events", ["name", "type"], [[name, kind] for name, kind in found.branches.items()])
    for kind, card in meta["cards"].items():
        say(f"{kind} card:")
        _show_card(card)


def _show_card(card: dict[str, Any]) -> None:
    from io import StringIO

    from ruamel.yaml import YAML

    from alphoton.workflows.console import say

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.default_flow_style = False
    text = StringIO()
    yaml.dump(card, text)
    say("\n".join(f"  {line}" for line in text.getvalue().rstrip("\n").split("\n")))
