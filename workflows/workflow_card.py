"""Workflow cards: several chains from events to limits, over a range of masses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alphoton.data.card import Block, Card
from alphoton.data.card_file import KeyPath
from alphoton.data.grid import Energies

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

    schema_line: Literal["alphoton/workflow/1"] = Field(alias="schema")
    studies: Annotated[tuple[Study, ...], Field(min_length=1)]
    scan: Scan | None = None
    events: Annotated[int, Field(strict=True, gt=0, le=10**10)] = 50_000
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    figures: tuple[Literal["limits"], ...] = ()

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        names = [study.analysis for study in self.studies]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("studies", index, "analysis"), f"'{name}' is there already: a study is named by its analysis"

    def masses(self, study: Study) -> tuple[float, ...]:
        """The masses of a study in GeV; none where the process card's own is meant."""
        scan = study.scan or self.scan
        return scan["model.m_a"] if scan else ()
