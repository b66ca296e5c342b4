"""Every empty limit says why: of every kind, alone and along directions, and never one that is not empty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Rate
from alphoton.analysis.slices import direction
from alphoton.data.card_file import packaged
from alphoton.data.errors import InputError
from alphoton.workflows import limit
from alphoton.workflows.chain import CANCELLED, DECAYED, NOT_PART, TOO_FEW, PointLimit
from alphoton.workflows.limit_scan import COUPLINGS, along_ray, remarks, why_empty
from reference.synthetic_report import point

RAYS: tuple[Mapping[str, float], ...] = ({"g_agamma": 1e-3, "g_ae": 1.0}, {"g_ae": 1.0})
FAR = {"padme": 23.4e-3, "na64": 5.0, "na64-5e12": 5.0, "e137-events": 2.5, "delphi": 83.2, "na64-resonant": 0.33}
"""Masses (GeV) beyond the last of a card, where the next step would leave the range of its process."""


def check(rows: Sequence[PointLimit]) -> int:
    """Compare limits with reasons, and count the empty ones."""
    empty = 0
    for row in rows:
        for coupling in COUPLINGS:
            value, reason = getattr(row, coupling.name).value, row.empty.get(coupling.component, "")
            assert math.isfinite(value) == (not reason), (row.analysis, row.mass, row.ray, coupling.name, value, reason)
            empty += bool(reason)
        said = " ".join(why_empty(row))
        assert all(reason in said for reason in row.empty.values())
        assert "no reason is known" not in said
    return empty


@pytest.mark.parametrize("name", packaged("analysis"))
def test_every_packaged_analysis(name: str) -> None:
    """In its range, and beyond it or where hardly anything is left; alone and along two directions."""
    card = AnalysisCard.load(name)
    far = FAR.get(
        name.removesuffix("-vetoes").removesuffix("-poseydon").removesuffix("-poseydon-ses"), 1.04 * card.masses[-1]
    )
    for mass in (card.masses[-1], far):
        rows = list(limit(name, [mass], events=3000).rows)
        if card.scan is None:
            rows += limit(name, [mass], events=3000, along=RAYS).rows
        check(rows)
    if card.scan is not None:
        with pytest.raises(InputError, match="on resonance at no point"):
            limit(name, [2 * card.masses[-1]])


@pytest.mark.parametrize(
    ("name", "mass", "overrides", "reason"),
    [
        ("padme", 0.0236, [], TOO_FEW),
        ("padme", 0.01, ["limit.method=poisson", "counting.observed=0"], "'poisson' gives none for these events"),
        (
            "padme-vetoes",
            0.0236,
            ["limit.method=shape", *(f"counting.background.templates.{k}.events=20000" for k in range(3))],
            TOO_FEW,
        ),
        ("babar", 9.0, [], "outside the published curve"),
        ("babar", 0.01, [], ""),
        ("e137", 5.0, [], "outside the published curve"),
        ("e137-events", 2.5, [], "no strength of the couplings gives 2.3 decays that are seen"),
        ("na64", 0.1, ["counting.visible_branching_ratio=1"], DECAYED),
    ],
)
def test_reasons(name: str, mass: float, overrides: list[str], reason: str) -> None:
    rows = limit(name, [mass], events=6000, overrides=overrides).rows
    assert (check(rows) > 0) == bool(reason)
    assert reason in rows[0].empty.get("photon", "")


def test_reasons_along_directions() -> None:
    far, none = limit("e137", [5.0, 0.5], along=[{"g_agamma": 1e-3, "g_ae": 1.0}]).rows
    assert far.empty == dict.fromkeys(far.empty, "outside the published curve")
    assert none.empty == dict.fromkeys(none.empty, "nothing is excluded at any strength of the couplings")
    (lost,) = limit("na64", [0.1], events=3000, overrides=["counting.visible_branching_ratio=1"], along=[{"g_ae": 1.0}]).rows
    assert lost.empty["photon"] == NOT_PART
    assert check([far, none, lost]) >= 5


def test_channels_that_cancel() -> None:
    """Made up: an interference as large as both terms."""
    row = replace(point("padme", 0.01, 1.0, 1.0, mixing=2.0), rates={"interference": Rate(2.0)})
    ray = direction(0.01, {"g_agamma": 1.0, "g_ae": -1.0})
    assert along_ray(row, ray, row.exclusion().limit(ray)).empty == {"photon": CANCELLED, "electron": CANCELLED}
    same = direction(0.01, {"g_agamma": 1.0, "g_ae": 1.0})
    assert along_ray(row, same, row.exclusion().limit(same)).empty == {}


def test_one_remark_for_all_masses_of_a_reason() -> None:
    rows = limit("e137", [0.01, 0.05, 5.0, 5.00000001]).rows
    alone, far = remarks(rows)
    assert alone.startswith("e137, 4 masses from 10 to 5000 MeV: no limit on g_ae: the band is that of g_agamma alone")
    assert far == "e137, 2 masses from 5000 to 5000.00001 MeV: no limit on g_agamma: outside the published curve"
    assert remarks(rows[:0]) == []


def test_a_row_that_does_not_say_why_is_seen() -> None:
    """Negative control of this file."""
    (row,) = limit("e137", [5.0]).rows
    with pytest.raises(AssertionError):
        check([replace(row, empty={})])
    with pytest.raises(AssertionError):
        check([replace(row, empty={**row.empty, "electron": "a"}, g_ae=point("padme", 0.01, 1.0, 1.0).g_ae)])
