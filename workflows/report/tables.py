"""What the report's tables say: limits, the strongest of them, and the comparison with the paper, as text in cells."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.workflows.chain import PointLimit
from alphoton.workflows.console import with_error
from alphoton.workflows.limit_scan import COUPLINGS
from alphoton.workflows.report.claim import Found, Row
from alphoton.workflows.report.experiments import EXCLUDED, PROJECTION, shown
from alphoton.workflows.report.typeset import mass_text, mass_texts, powers, scientific
from alphoton.workflows.survey import Survey

DECADES = tuple(10.0**power for power in range(-3, 3))
"""Masses (GeV) at which the strongest limits stand."""
MASS, LEVEL = "m_a", "CL"
SAME = 1e-9
"""Masses (relative) that are one but for rounding."""


@dataclass(frozen=True)
class Cell:
    """A number as text, and whose it is, where that is not plain from the row."""

    text: str
    whose: str = ""


@dataclass(frozen=True)
class LimitTable:
    """The limits of one experiment: what it is, and a row of cells a mass."""

    name: str
    label: str
    about: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def limit_tables(survey: Survey) -> list[LimitTable]:
    """A table an experiment, in the order of the studies; those without a limit at any mass are left out."""
    tables = [_limit_table(survey, name, number) for number, name in enumerate(survey.studies)]
    return [table for table in tables if table.rows]


def _limit_table(survey: Survey, name: str, number: int) -> LimitTable:
    rows = sorted((row for row in survey.curve(name) if _limited(row)), key=lambda row: row.mass)
    look = shown(name, survey.experiment(name), number)
    banded = any(math.isfinite(upper.value) for row in rows for upper in (row.g_agamma_upper, row.g_ae_upper))
    masses = mass_texts([row.mass for row in rows])
    columns: list[tuple[str, Callable[[PointLimit], str]]] = [
        ("g_agamma [GeV⁻¹]", lambda row: _limit(row.g_agamma, row, "photon")),
        ("g_ae [GeV⁻¹]", lambda row: _limit(row.g_ae, row, "electron")),
        ("method", lambda row: row.method),
        (LEVEL, lambda row: f"{row.confidence_level:.0%}" if math.isfinite(row.confidence_level) else "–"),
    ]
    if banded:
        columns.insert(1, ("to", lambda row: _limit(row.g_agamma_upper, row, "photon")))
        columns.insert(3, ("to", lambda row: _limit(row.g_ae_upper, row, "electron")))
    filled = [(MASS, masses), *((title, [cell(row) for row in rows]) for title, cell in columns)]
    filled = [(title, cells) for title, cells in filled if title == LEVEL or any(cell != "–" for cell in cells)]
    span = " to ".join(dict.fromkeys((*masses[:1], *masses[-1:])))
    kind = "excluded today" if look.kind == EXCLUDED else "projection"
    return LimitTable(
        name,
        look.label,
        f"{kind}, {len(rows)} {'mass' if len(rows) == 1 else 'masses'}, {span}",
        tuple(title for title, _ in filled),
        tuple(zip(*(cells for _, cells in filled), strict=True)),
    )


def _limited(row: PointLimit) -> bool:
    return any(math.isfinite(limit.value) for limit in (row.g_agamma, row.g_ae))


def _limit(limit: CouplingLimit, row: PointLimit, channel: str) -> str:
    """A limit with its Monte Carlo error and, where there is one, the systematic error."""
    return scientific(limit.value, limit.error, limit.value * row.systematic[channel])


@dataclass(frozen=True)
class Strongest:
    """The strongest limits at a mass: on each coupling, excluded today and projected."""

    mass: str
    cells: tuple[Cell, ...]


def strongest(survey: Survey) -> list[Strongest]:
    """The strongest limits of invisible ALPs at whole decades of the mass; of a band its lower edge is compared.

    Cells are g_agamma today, g_agamma projected, g_ae today, g_ae projected.
    """
    candidates = []
    for number, name in enumerate(survey.studies):
        if survey.experiment(name).analysis.beam_dump is None:
            look = shown(name, survey.experiment(name), number)
            curves = {coupling.name: excluded_ranges(survey, name, coupling.name) for coupling in COUPLINGS}
            candidates.append((look.kind, look.label, curves))
    found = []
    for mass in DECADES:
        cells = [
            _strongest_of(
                [(label, range_at(curves[coupling.name], mass)) for which, label, curves in candidates if which == kind]
            )
            for coupling in COUPLINGS
            for kind in (EXCLUDED, PROJECTION)
        ]
        if any(cell.whose for cell in cells):
            found.append(Strongest(mass_text(mass), tuple(cells)))
    return found


@dataclass(frozen=True)
class Excluded:
    """The couplings that are excluded at a mass (GeV): from `lower`, of a band up to `upper`; NaN where there is none."""

    mass: float
    lower: float
    upper: float


def excluded_ranges(survey: Survey, name: str, coupling: str) -> list[Excluded]:
    """What an experiment excludes of one coupling, at each mass of its curve, with NaN where it is out of reach."""
    rows = {row.mass: row for row in survey.curve(name)}
    found = []
    for mass in sorted(set(survey.studies[name].masses)):
        edges = (NO_LIMIT, NO_LIMIT)
        if mass in rows:
            edges = getattr(rows[mass], coupling), getattr(rows[mass], f"{coupling}_upper")
        found.append(Excluded(mass, *(edge.value for edge in edges)))
    return found


def range_at(curve: Sequence[Excluded], mass: float) -> Excluded:
    """What is excluded at a mass (GeV): at a point of the curve, or log-log between two neighbours.

    Nothing is excluded outside of the curve, beside a mass without a limit, and between a band and a range without an end.
    """
    nothing = Excluded(mass, math.nan, math.nan)
    for point in curve:
        if math.isclose(point.mass, mass, rel_tol=SAME):
            return point
    for left, right in pairwise(curve):
        if 0 < left.mass < mass < right.mass:
            if math.isfinite(left.upper) != math.isfinite(right.upper):
                return nothing
            share = math.log(mass / left.mass) / math.log(right.mass / left.mass)
            lower, upper = (
                math.exp((1 - share) * math.log(ends[0]) + share * math.log(ends[1]))
                for ends in ((left.lower, right.lower), (left.upper, right.upper))
            )
            return Excluded(mass, lower, upper)
    return nothing


def _strongest_of(ranges: Sequence[tuple[str, Excluded]]) -> Cell:
    finite = [(label, found) for label, found in ranges if math.isfinite(found.lower)]
    if not finite:
        return Cell("–")
    label, best = min(finite, key=lambda each: each[1].lower)
    text = scientific(best.lower)
    return Cell(f"{text} to {scientific(best.upper)}" if math.isfinite(best.upper) else text, label)


@dataclass(frozen=True)
class Compared:
    """A row of the comparison as text; `anchor` is where the page finds it."""

    anchor: str
    place: str
    says: str
    found: str
    verdict: str
    why: str


def comparison(rows: Sequence[Row]) -> list[Compared]:
    """The claims of the paper with what we get: `holds` or `differs`."""
    return [
        Compared(
            "claim-" + re.sub(r"[^A-Za-z0-9]+", "-", row.claim.name).strip("-").lower(),
            row.claim.place,
            row.claim.says,
            found_text(row.found),
            "holds" if row.agrees else "differs",
            row.claim.why,
        )
        for row in rows
    ]


def found_text(found: Found) -> str:
    """A number with error and unit, or the text that stands for it."""
    if found.text or not math.isfinite(found.value):
        return found.text or "–"
    number = powers(with_error(found.value, found.error))
    if found.unit and "±" in number and not number.startswith("("):
        number = f"({number})"
    return f"{number} {found.unit}".strip().replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")
