"""A report with a few limits that are made up, for the tests of the page: nothing is generated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from alphoton.analysis.counting import Rate
from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.workflows.chain import PointLimit, load_experiment
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.figure import FigureResult
from alphoton.workflows.report.beyond import BeyondTable
from alphoton.workflows.report.claim import Claim, Found, Row
from alphoton.workflows.report.claim_tools import Measured
from alphoton.workflows.report.page import Content
from alphoton.workflows.survey import Survey, Surveyed

HOSTILE = "</script><script>alert(1)</script> & \"quoted\" 'text' <b>"
"""Text that would be markup if it were not escaped."""
DUMP_MASSES = (5e-3, 1e-2, 2e-2, 5e-2, 1e-1)
"""GeV"""


@dataclass(frozen=True)
class Correction:
    """What is printed in the paper, and what is right."""

    place: str
    printed: str
    right: str
    consequence: str


def point(
    analysis: str,
    mass: float,
    g_agamma: float,
    g_ae: float,
    *,
    error: float = 0.004,
    systematic: float = 0.0,
    mixing: float = 0.0,
) -> PointLimit:
    """Limits at a mass, with relative errors; `mixing` is the interference over the root of both other terms."""
    found = {name: CouplingLimit(value, error * value) for name, value in (("photon", g_agamma), ("electron", g_ae))}
    interference = mixing / (g_agamma * g_ae)
    return PointLimit(
        analysis=analysis,
        mass=mass,
        g_agamma=found["photon"] if math.isfinite(g_agamma) else NO_LIMIT,
        g_ae=found["electron"] if math.isfinite(g_ae) else NO_LIMIT,
        method="cls",
        confidence_level=0.9,
        events=1000,
        rates={"interference": Rate(interference, 0.01 * abs(interference))},
        allowed={"photon": Rate(1.0), "electron": Rate(1.0)},
        effective_sizes={"photon": 1000.0, "electron": 1000.0},
        systematic={"photon": systematic, "electron": systematic},
    )


def _rows() -> list[PointLimit]:
    rows = [point("na64", m, 2e-4 * (1 + m), 0.03 * (m / 0.01) ** 0.6) for m in (1e-3, 1e-2, 1e-1, 1.0, 10.0)]
    rows += [point("delphi", m, 9e-4, 60.0 * (1 + m / 40), mixing=1e-3) for m in (1e-3, 1e-2)]
    rows += [point("delphi", 0.1, math.nan, math.nan)]  # a gap
    rows += [point("delphi", m, 9e-4, 60.0 * (1 + m / 40), mixing=1e-3) for m in (1.0, 10.0, 80.0)]
    rows += [point("babar", m, 1.6e-4, 0.6, systematic=0.125, mixing=3e-4) for m in (1e-3, 1.0, 5.5)]
    rows += [point("babar", m, 4e-4, 0.9, systematic=0.125, mixing=-2e-4) for m in (5.501, 7.5)]  # a step
    return rows + [
        point("padme", m, 2.7e-3 * (1 + 30 * m), 0.012 / (1 + 30 * m), systematic=0.3, mixing=0.126 - 4 * m)
        for m in (1e-3, 5e-3, 1e-2, 2e-2)
    ]


class GivenSurvey(Survey):
    """A survey whose limits are given; those of E137 are the published band."""

    def __init__(self, rows: Sequence[PointLimit], *, dump: bool = True) -> None:
        masses: dict[str, list[float]] = {}
        for row in rows:
            masses.setdefault(row.analysis, []).append(row.mass)
        studies = [Surveyed(load_experiment(name), tuple(own)) for name, own in masses.items()]
        if dump:
            e137 = load_experiment("e137")
            studies.append(Surveyed(e137, DUMP_MASSES))
            rows = [*rows, *(dump_limit(e137, mass) for mass in DUMP_MASSES)]
        super().__init__(studies)
        self._rows = {(row.analysis, row.mass): row for row in rows}


def _claim(name: str, found: Found, low: float, high: float, says: str = "as said", why: str = "") -> Row:
    return Row(Claim(name, f"Sec. {name}", says, low, high, lambda _: found, why), found)


CLAIMS = (
    _claim("3.1", Found(0.4012, 0.0015), 0.35, 0.45, says="around 40% at m_a = 20 MeV"),
    _claim("3.2", Found(2.2e-4, 3e-6, "GeV⁻¹"), 1.5e-4, 2.5e-4, says=HOSTILE),
    _claim("3.3", Found(22.98, 0.01, "MeV"), 20.9, 21.1, says="up to 21 MeV", why=f"no threshold {HOSTILE}"),
    _claim("4", Found(37.0, text="37 times more"), 0.9, 1.1, why="only parametrically"),
)
"""Two that hold, two that differ."""


def content(folder: Path, *, survey: Survey | None = None) -> Content:
    """A small report; its pictures are written into `folder`."""
    figures = []
    for name, size in (("fig02", (90, 60)), ("fig05", (200, 60)), ("fig13a", (90, 60))):
        paths = tuple(folder / f"{name}.{suffix}" for suffix in ("png", "pdf", "csv"))
        Image.new("RGB", size, "teal").save(paths[0])
        figures.append(FigureResult(name, f"What {name} shows, g_agamma and {HOSTILE}", paths))
    return Content(
        title=f"A report {HOSTILE}",
        description="Made up, to test the page.",
        figures=figures,
        survey=survey or GivenSurvey(_rows()),
        rows=CLAIMS,
        beyond=[
            BeyondTable("made-up", HOSTILE, HOSTILE, ("choice", "limit on g_agamma"), ((HOSTILE, Measured(1.5, 0.1)),)),
        ],
        corrections=[Correction("Eq. (27)", "I_e with 1/E", "I_e with 1/E_0", HOSTILE)],
        provenance={
            "command": "alphoton run made-up -o out",
            "seeds": {"seed": 1},
            "versions": {"alphoton": "0.1.0", "numpy": "2.0"},
            "cards": {"analysis": {"padme": f"name: padme\ntext: {HOSTILE}\n" + "long: " + 300 * "x"}},
        },
        moments="paper-2020",
    )
