"""Workflow cards: several chains from events to limits, over a range of masses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alphoton.data.card import Block, Card
from alphoton.data.card_paths import ANY, KeyPath
from alphoton.data.errors import InputError
from alphoton.data.grid import Energies
from alphoton.data.quantities import Seed, WholeNumber
from alphoton.workflows.figure import expand

#: what a workflow scans: limits are functions of the mass
Scan = dict[Literal["model.m_a"], Energies]


class Study(Block):
    """One chain: an analysis, its process and detector (those its card names unless given), its own masses."""

    analysis: str
    process: str | None = None
    detector: str | None = None
    scan: Scan | None = None


class WorkflowCard(Card):
    """A validated workflow card."""

    KIND: ClassVar[str] = "workflow"
    FILES: ClassVar[tuple[KeyPath, ...]] = tuple(("studies", ANY, key) for key in ("analysis", "process", "detector"))

    schema_line: Literal["alphoton/workflow/1"] = Field(alias="schema")
    studies: Annotated[tuple[Study, ...], Field(min_length=1)]
    scan: Scan | None = None
    events: Annotated[WholeNumber, Field(gt=0, le=10**10)] | None = None
    """At each mass. Not given: 50000 where the events are kept, else enough for 1% on the limits."""
    seed: Seed = 1
    keep: Literal["events", "limits"] = "events"
    """What is kept of a chain: its event files, or the limits alone, which are then worked out in memory."""
    figures: tuple[str, ...] = ()
    """`limits` for this workflow's; `fig02` to `fig15` of arXiv:2012.07894; `showers` and the like beyond it; or `all`."""
    moments: str = "paper-2020"
    """The measured magnetic moments that the figures show."""
    report: bool = False
    """Whether to write the report, an HTML page with figures, limits and the comparison with the paper."""

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        names = [study.analysis for study in self.studies]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("studies", index, "analysis"), f"'{name}' is there already: a study is named by its analysis"
        known = []
        for index, name in enumerate(self.figures):
            try:
                known += self.paper_figures([name])
            except InputError as error:
                yield ("figures", index), f"{error}; or 'limits'"
        if self.keep == "events" and known:
            yield ("figures",), "figures of the paper and the report need 'keep: limits'"

    def paper_figures(self, names: Sequence[str] | None = None) -> list[str]:
        """The figures of the paper among `figures`, parts and `all` spelled out."""
        wanted = self.figures if names is None else names
        return list(dict.fromkeys(each for name in wanted if name != "limits" for each in expand(name)))

    def masses(self, study: Study) -> tuple[float, ...]:
        """The masses of a study in GeV; none where the process card's own is meant."""
        scan = study.scan or self.scan
        return scan["model.m_a"] if scan else ()
