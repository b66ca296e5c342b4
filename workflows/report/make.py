"""Everything that the report of a workflow needs, brought together; the comparison with the paper also as a table."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from alphoton.data.card_file import documents
from alphoton.data.event_file import versions
from alphoton.data.output import write_text
from alphoton.data.provenance import Recipe, library_versions
from alphoton.workflows.figure import FigureResult
from alphoton.workflows.named_content import named_content
from alphoton.workflows.provenance import LIMITS
from alphoton.workflows.report.beyond import BeyondTable, beyond_tables
from alphoton.workflows.report.claim import Claim, Row, compared
from alphoton.workflows.report.corrections import CORRECTIONS
from alphoton.workflows.report.page import Content, write_report
from alphoton.workflows.survey import Survey
from alphoton.workflows.workflow_card import WorkflowCard

CLAIMS = ("claims_production", "claims_experiments", "claims_results")
"""The modules with the paper's statements, in the order of its sections."""
NEEDED = (
    "delphi",
    "babar",
    "belle2-20fb",
    "belle2-50ab",
    "na64",
    "na64-5e12",
    "padme",
    "padme-poseydon",
    "padme-poseydon-ses",
    "e137",
)
"""The studies that they are about."""
ALSO_SHOWN = ("scipy", "matplotlib", "mplhep")
"""Libraries whose versions the report shows beside those of event files; the digests are of all."""
COLUMNS = ("name", "place", "paper_says", "low", "high", "value", "error", "unit", "holds", "why")


def paper_claims() -> tuple[Claim, ...]:
    """Every statement of arXiv:2012.07894 that is compared."""
    return tuple(claim for name in CLAIMS for claim in import_module(f"alphoton.workflows.report.{name}").CLAIMS)


def make_report(
    card: WorkflowCard,
    survey: Survey,
    figures: Sequence[FigureResult],
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Write `report.html`, `comparison.csv` and `beyond/*.csv` into a folder, replacing older ones.

    The comparison and what goes beyond the paper are there where the workflow has the paper's experiments.
    """
    rows: list[Row] = []
    beyond: list[BeyondTable] = []
    if set(NEEDED) <= set(survey.studies):
        rows = compared(paper_claims(), survey, progress)
        beyond = beyond_tables(progress)
    content = Content(
        title=f"alphoton: {card.name}",
        description=card.description or "",
        figures=figures,
        survey=survey,
        rows=rows,
        beyond=beyond,
        corrections=CORRECTIONS if rows else (),
        provenance=provenance(card, survey),
        moments=card.moments,
    )
    page = write_report(content, folder / "report.html", force=True)
    texts = {"comparison": comparison_csv(rows)} if rows else {}
    texts |= {f"beyond/{table.name}": table.csv() for table in beyond}
    tables = [folder / f"{name}.csv" for name in texts]
    for path, text in zip(tables, texts.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        write_text(path, text, force=True)
    return page, *tables


def comparison_csv(rows: Sequence[Row]) -> str:
    """The text of `comparison.csv`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        claim, found = row.claim, row.found
        bounds = (f"{claim.low:.6g}", f"{claim.high:.6g}")
        numbers = (f"{found.value:.6g}", f"{found.error:.3g}", found.unit)
        writer.writerow([claim.name, claim.place, claim.says, *bounds, *numbers, "yes" if row.agrees else "no", claim.why])
    return text.getvalue()


def provenance(card: WorkflowCard, survey: Survey) -> dict[str, Any]:
    """What the report was made from: command, versions, digests, seeds, and the text of every card."""
    everything = Recipe.of("alphoton.workflows.*", named=named_content())
    return {
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": versions() | {name: library_versions()[name] for name in ALSO_SHOWN},
        "digests": {"numbers": Recipe.of(LIMITS).digest, "everything": everything.digest, "survey": survey.digest},
        "seed": card.seed,
        "cards": card_texts(card, survey),
    }


def card_texts(card: WorkflowCard, survey: Survey) -> dict[str, str]:
    """The cards as they are written, by kind and name; several cards in one file stand together."""
    cards: list[Any] = [card]
    for study in survey.studies.values():
        experiment = study.experiment
        reference = [] if experiment.reference is None else [experiment.reference]
        cards += [experiment.analysis, *experiment.processes, experiment.detector, *reference]
    texts = {}
    for each in cards:
        path = Path(each.origin)
        if path.is_file():
            kinds = ", ".join(raw.kind for raw in documents(path))
            texts[f"{kinds} {each.name}"] = path.read_text(encoding="utf-8")
    return dict(sorted(texts.items()))
