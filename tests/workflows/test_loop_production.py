"""The report's table of loops at the momentum of production."""

from __future__ import annotations

import math

import pytest

from alphoton.generators.constants import ALPHA, ELECTRON_MASS
from alphoton.workflows.report import loop_production
from alphoton.workflows.report.claim_tools import Measured
from reference import closed_forms, loop_vertex

MASS = 0.0011


def cross_section(s: float, q2: float) -> float:
    """Of g_ae alone by Eq. (18), with the loop at a virtuality."""
    beta = ALPHA / math.pi * loop_vertex.one_virtual(MASS, q2, ELECTRON_MASS)
    photon, mixed, electron = (closed_forms.total(s, MASS, name) for name in ("photon", "interference", "electron"))
    return abs(beta) ** 2 * photon + beta.real * mixed + electron


def test_ratio_of_cross_sections() -> None:
    s = 10.58**2
    expected = cross_section(s, s) / cross_section(s, 0.0)
    assert loop_production.section_ratio("babar", MASS).value == pytest.approx(expected, rel=1e-5)
    assert abs(expected - 1) > 0.4


def test_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """At DELPHI the loop prevails: both limits go with the root of the ratio. A dump has nothing at tree level."""
    monkeypatch.setattr(loop_production, "EXPERIMENTS", {"delphi": "delphi", "e137-events": "e137-primakoff"})
    monkeypatch.setattr(loop_production, "MASSES", (MASS,))
    monkeypatch.setattr(loop_production, "EVENTS", 4000)
    delphi, dump = loop_production.table().rows
    assert delphi[:2] == ("delphi", "1.1")
    tree, on_shell, exact = (each for each in delphi[3:] if isinstance(each, Measured))
    assert on_shell.value / exact.value == pytest.approx(math.sqrt(float(str(delphi[2]))), rel=0.02)
    assert tree.value > 50 * exact.value
    assert dump[3] == "none"
    assert all(isinstance(each, Measured) for each in dump[4:])
