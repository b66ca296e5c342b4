"""What the paper says, what we get, and why: one row of the comparison."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from alphoton.data.errors import InputError
from alphoton.workflows.survey import Survey


@dataclass(frozen=True)
class Found:
    """A number with its error (one standard deviation, of the Monte Carlo or of a spread), as it is shown.

    `text` is shown instead of the number where a number alone would not say it.
    """

    value: float
    error: float = 0.0
    unit: str = ""
    text: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement of the paper that can be computed: where it stands, what it says, and what is accepted as the same.

    `low` and `high` bound the values that the words allow, in the unit of what `compute` finds. `why` says why we get
    something else, or what the agreement rests on; a claim that does not hold has to have one.
    """

    name: str
    place: str
    says: str
    low: float
    high: float
    compute: Callable[[Survey], Found]
    why: str = ""

    def judged(self, found: Found) -> bool:
        """Whether the value, within two of its errors, lies within the bounds."""
        if not math.isfinite(found.value):
            return False
        return self.low - 2 * found.error <= found.value <= self.high + 2 * found.error


@dataclass(frozen=True)
class Row:
    """A claim with what was found."""

    claim: Claim
    found: Found

    @property
    def agrees(self) -> bool:
        return self.claim.judged(self.found)


def compared(claims: tuple[Claim, ...], survey: Survey, progress: Callable[[int, int], None] | None = None) -> list[Row]:
    """All claims, computed now. Raises `InputError` where one that does not hold has no reason."""
    rows = []
    for done, claim in enumerate(claims):
        if progress is not None:
            progress(done, len(claims))
        rows.append(Row(claim, claim.compute(survey)))
    for row in rows:
        if not row.agrees and not row.claim.why:
            raise InputError(
                f"{row.claim.name}: we get {row.found.value:g}, the paper {row.claim.says!r}, and no reason is given"
            )
    return rows
