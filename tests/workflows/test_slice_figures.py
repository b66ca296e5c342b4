"""Figures 11 to 15: each point lies on the limit, the bands are closed by the moments, and what is up to date is kept."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.magnetic_moments import inputs, moment
from alphoton.analysis.slices import direction
from alphoton.data.errors import InputError
from alphoton.workflows import figure as verb
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.figures.base import Curve, quiet
from alphoton.workflows.figures.slices import LimitFigure, MassSlice
from alphoton.workflows.survey import Survey, Surveyed

EVENTS = 3000
CURRENT = ("delphi", "babar", "na64")
PROJECTED = ("na64_5e12", "belle2_20fb", "belle2_50ab")
PADME = ("padme", "padme_poseydon", "padme_poseydon_ses")
ENDS = ("lower", "upper")
ELECTRON = tuple(f"gm2_electron_{end}" for end in ENDS)
MUON = tuple(f"gm2_muon_{end}" for end in ENDS)
NAMES = {
    "fig11": (*CURRENT, *PROJECTED, "e137", "e137_br1e-2", "e137_br1e-4"),
    "fig12": (*CURRENT, *PROJECTED, *PADME, *ELECTRON),
    "fig13a": (*CURRENT, *PROJECTED, *PADME, "e137_br1e-4", *ELECTRON),
    "fig13b": (*CURRENT, *PROJECTED, *ELECTRON),
    "fig13c": (*CURRENT, *PROJECTED, *ELECTRON),
    "fig14a": (*CURRENT, *PROJECTED, *PADME, *ELECTRON),
    "fig14b": (*CURRENT, *PROJECTED, *PADME, *ELECTRON),
    "fig15": (*CURRENT, *PROJECTED, *PADME, *ELECTRON, *MUON),
}
"""The curves that each figure has to have; some have more."""
COUPLINGS = {
    "fig11": {"g_agamma": 1.0},
    "fig12": {"g_ae": 1.0},
    "fig14a": {"g_agamma": 0.001, "g_ae": 1.0},
    "fig14b": {"g_agamma": 0.01, "g_ae": 1.0},
    "fig15": {"g_agamma": 0.001, "g_ae": 1.0, "g_amu": -0.1},
}
"""Of the figures against the mass: arXiv:2012.07894, section 4, with the ratios of Figs. 14 and 15 the right way round."""
PLANES = {"fig13a": 0.01, "fig13b": 1.0, "fig13c": 7.5}


@pytest.fixture(scope="module")
def survey() -> Survey:
    everywhere = (0.01, 1.0, 7.5)
    studies = [Surveyed(load_experiment(name), everywhere) for name in ("delphi", "babar", "na64", "na64-5e12")]
    studies += [Surveyed(load_experiment(name), everywhere) for name in ("belle2-20fb", "belle2-50ab")]
    studies += [Surveyed(load_experiment(name.replace("_", "-")), (0.005, 0.01)) for name in PADME]
    studies.append(Surveyed(load_experiment("e137"), (0.005, 0.01, 0.1)))
    return Survey(studies, None, EVENTS)


class Drawn(dict[str, dict[str, Curve]]):
    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey

    def __missing__(self, name: str) -> dict[str, Curve]:
        chosen = verb.load(name)
        assert isinstance(chosen, LimitFigure)
        self[name] = {curve.name: curve for curve in chosen.compute(self.survey, "paper-2020", quiet)}
        return self[name]


@pytest.fixture(scope="module")
def drawn(survey: Survey) -> Drawn:
    return Drawn(survey)


def analysis_of(curve: str) -> str:
    return curve.replace("_", "-")


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_is_there(name: str, drawn: Drawn) -> None:
    for curve in NAMES[name]:
        found = drawn[name][curve]
        assert np.isfinite(found.y).any()
        assert (found.y[np.isfinite(found.y)] > 0).all()
        assert found.y_unit == "1/GeV"
        assert found.x_unit == ("1/GeV" if name in PLANES else "GeV")


@pytest.mark.parametrize("name", COUPLINGS)
def test_points_against_the_mass_lie_on_the_limit(name: str, drawn: Drawn) -> None:
    """The signal there is what is allowed: the sum of the rates over the allowed one is 1."""
    couplings = COUPLINGS[name]
    for curve in (*CURRENT, *PROJECTED):
        for mass, y in zip(drawn[name][curve].x, drawn[name][curve].y, strict=True):
            row = drawn.survey.row(analysis_of(curve), mass)
            assert row is not None
            scale = y / couplings.get("g_ae", couplings.get("g_agamma", 0.0))
            photon, electron = (scale * couplings.get(coupling, 0.0) for coupling in ("g_agamma", "g_ae"))
            rates = {channel: rate.value for channel, rate in row.rates.items()}
            signal = (
                rates["photon"] * photon**2 + rates["electron"] * electron**2 + rates["interference"] * photon * electron
            )
            allowed = row.allowed["photon" if photon else "electron"].value
            assert signal / allowed == pytest.approx(1, rel=1e-9)
            assert signal / allowed != pytest.approx(1.01, rel=1e-9)


def test_the_errors_hold_the_systematics(drawn: Drawn) -> None:
    """BaBar's 25% on the efficiency is 12.5% on the coupling; some 20% of PADME's background; else a few per mille."""
    for name, systematic in (("babar", 0.125), ("padme", 0.2), ("delphi", 0.0)):
        curve = drawn["fig12"][name]
        relative = curve.y_error / curve.y
        assert (relative > systematic).all()
        assert (relative < systematic + 0.1).all()


@pytest.mark.parametrize("name", PLANES)
def test_points_in_a_plane_lie_on_the_limit(name: str, drawn: Drawn) -> None:
    for curve in (*CURRENT, *PROJECTED):
        found = drawn[name][curve]
        row = drawn.survey.row(analysis_of(curve), PLANES[name])
        assert row is not None
        exclusion = row.exclusion()
        for e, p in zip(found.x[::20], found.y[::20], strict=True):
            assert exclusion.strength(direction(PLANES[name], {"g_ae": e, "g_agamma": p})) == pytest.approx(1, rel=1e-9)
        # the ends of the boundary are the limits on each coupling alone
        assert found.x[0] == pytest.approx(row.g_ae.value, rel=1e-4)
        assert found.y[-1] == pytest.approx(row.g_agamma.value, rel=1e-4)
        assert (np.diff(found.y / found.x) > 0).all()


@pytest.mark.parametrize("name", ["fig12", "fig14a", "fig14b", "fig15", "fig13a", "fig13b", "fig13c"])
def test_bands_end_where_the_moment_is_two_deviations_off(name: str, drawn: Drawn) -> None:
    """With and without the loop; the values of the set by hand, Eqs. (47) and (48)."""
    values = {"electron": (-8.7e-13, 3.6e-13), "muon": (2.79e-9, 0.76e-9)}
    assert {each.lepton: (each.value, each.error) for each in inputs("paper-2020")} == values
    checked = 0
    for curve in drawn[name].values():
        if not curve.name.startswith("gm2"):
            continue
        lepton, end = curve.name.split("_")[1], curve.name.split("_")[-1]
        loop = "radiative" in curve.name or (name == "fig12" and "tree" not in curve.name)
        value, error = values[lepton]
        # the lower end of the band is the smaller moment
        wanted = value + math.copysign(2 * error, value if end == "upper" else -value)
        for x, y in list(zip(curve.x, curve.y, strict=True))[::15]:
            if not math.isfinite(y):
                continue
            if name in PLANES:
                couplings = direction(PLANES[name], {"g_ae": x, "g_agamma": y}, radiative=loop)
            else:
                couplings = direction(x, {g: v * y for g, v in COUPLINGS[name].items()}, radiative=loop)
            assert moment(lepton, couplings) / wanted == pytest.approx(1, rel=1e-9)
            checked += 1
    assert checked > 10


def test_both_bands_are_drawn(drawn: Drawn) -> None:
    """Fig. 12 shows the loop-induced photon coupling and, beside it, the electron coupling alone; the others the reverse."""
    assert {"gm2_electron_lower", "gm2_electron_tree_upper"} <= set(drawn["fig12"])
    assert {"gm2_electron_lower", "gm2_electron_radiative_upper"} <= set(drawn["fig14a"])
    loop, tree = drawn["fig12"]["gm2_electron_lower"], drawn["fig12"]["gm2_electron_tree_lower"]
    assert (loop.y < tree.y)[loop.x > 0.1].all()


def test_world_2025_has_two_electrons_and_no_lower_end_for_the_muon(survey: Survey) -> None:
    chosen = verb.load("fig15")
    assert isinstance(chosen, LimitFigure)
    curves = {curve.name: curve for curve in chosen.compute(survey, "world-2025", quiet)}
    assert {"gm2_electron_caesium_lower", "gm2_electron_rubidium_upper", "gm2_muon_upper"} <= set(curves)
    assert np.isfinite(curves["gm2_electron_caesium_lower"].y).all()
    assert not np.isfinite(curves["gm2_electron_rubidium_upper"].y).any()  # the other sign
    assert not np.isfinite(curves["gm2_muon_lower"].y).any()  # 38(63)e-11 holds 0
    chosen.draw(curves)
    with pytest.raises(InputError, match="no set 'world-2030'"):
        chosen.compute(survey, "world-2030", quiet)


def test_e137_is_a_closed_curve(drawn: Drawn) -> None:
    """There and back: the lower edges upwards in mass, then the upper edges."""
    for name in ("e137", "e137_br1e-2", "e137_br1e-4"):
        curve = drawn["fig11"][name]
        half = len(curve.x) // 2
        assert curve.x[:half] == pytest.approx(curve.x[half:][::-1])
        assert (curve.y[:half] < curve.y[half:][::-1]).all()
    # the lower edge stays, the upper one moves down with the invisible decays: arXiv:2012.07894, section 3.2
    full, few = drawn["fig11"]["e137"], drawn["fig11"]["e137_br1e-4"]
    assert few.y[0] == pytest.approx(full.y[0], rel=0.02)
    assert few.y[-1] < 0.1 * full.y[-1]


def test_e137_in_the_plane_ends_in_the_electron_coupling(drawn: Drawn) -> None:
    """With 1e-4 of the decays visible the exclusion stops near g_ae = 1e-4 /GeV: arXiv:2012.07894, section 4.2."""
    curve = drawn["fig13a"]["e137_br1e-4"]
    assert 2e-5 < curve.x.max() < 2e-4


def test_interference_can_be_switched_off(survey: Survey) -> None:
    """At PADME it adds some percent where both couplings have one sign."""
    slices = [
        MassSlice(("padme-poseydon",), {"g_agamma": 0.1, "g_ae": sign}, "g_agamma", interference=kept)
        for sign, kept in ((1.0, True), (1.0, False), (-1.0, True))
    ]
    equal, without, opposite = (chosen.compute(survey, "paper-2020", quiet)[0].y for chosen in slices)
    assert (equal < without).all()
    assert (without < opposite).all()
    row = survey.row("padme-poseydon", 0.01)
    assert row is not None
    found = row.exclusion(interference=False).limit(direction(0.01, {"g_agamma": 0.1, "g_ae": 1.0})).lower.value
    eq30 = 1 / math.hypot(1 / row.g_ae.value, 0.1 / row.g_agamma.value)
    assert found == pytest.approx(eq30, rel=1e-12)


def test_a_slice_needs_limits_without_decays(survey: Survey) -> None:
    experiment = load_experiment("na64")
    card = AnalysisCard.load(experiment.analysis, ["counting.visible_branching_ratio=0.5"])
    changed = Experiment(card, experiment.processes, experiment.detector, None)
    other = Survey([Surveyed(changed, (0.01,))], None, EVENTS)
    with pytest.raises(InputError, match="visible_branching_ratio: a figure of slices needs 0"):
        MassSlice(("na64",), {"g_ae": 1.0}, "g_ae").compute(other, "paper-2020", quiet)


@pytest.mark.parametrize("name", NAMES)
def test_drawings_are_written_and_left_alone_when_up_to_date(
    name: str, drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = verb.figure(name, tmp_path, survey=drawn.survey)
    with result.paths[2].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["curve"] for row in rows} == set(drawn[name])
    before = {path: path.stat().st_mtime_ns for path in result.paths}
    with monkeypatch.context() as patched:
        patched.setattr(verb, "write", lambda *_, **__: pytest.fail("it was up to date"))
        verb.figure(name, tmp_path, survey=drawn.survey)
        verb.figure(name, tmp_path, survey=drawn.survey, force=True)
    assert {path: path.stat().st_mtime_ns for path in result.paths} == before
    with pytest.raises(InputError, match="exists already"):  # the same name, made from something else
        verb.figure(name, tmp_path, survey=drawn.survey, moments="world-2025")
    result.paths[2].write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        verb.figure(name, tmp_path, survey=drawn.survey)
    canvas: Any = verb.load(name).draw(drawn[name])
    assert "GeV" in canvas.axes[0].get_xlabel()
    assert canvas.legends
