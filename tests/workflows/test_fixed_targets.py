"""NA64 and E137 from cards to limits and figures: yields by hand, published curves, decays in a calorimeter, Figure 3."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.limits import CouplingLimit
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, Jagged
from alphoton.data.published_file import load
from alphoton.detectors.simulate import simulate
from alphoton.generators.decays import channels, fraction
from alphoton.generators.generate import generate
from alphoton.generators.model import widths
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import cli, run
from alphoton.workflows import figure as verb
from alphoton.workflows.chain import PointLimit, load_experiment
from alphoton.workflows.figures import fig03
from alphoton.workflows.figures.base import Curve
from alphoton.workflows.limit_scan import at_mass
from alphoton.workflows.limits_figure import draw_limits, published
from reference.bremsstrahlung import effective_bremsstrahlung
from reference.fixed_target import effective_primakoff

LEAD = (82.0, 207.2)
NA64_PER_PB = 2.84e11 * 6.02214076e23 * 11.4 / 207.2 * 0.56 * 1e-36
"""Eq. (43) of arXiv:2012.07894 without the efficiency: N_EoT N_A (rho / A) X0, in 1/pb."""


# --- NA64 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "electrons"), [("na64", 2.84e11), ("na64-5e12", 5e12)])
def test_yield_of_eq_43_by_hand(name: str, electrons: float) -> None:
    found = load_experiment(name).exposure
    assert found == pytest.approx(NA64_PER_PB * electrons / 2.84e11, rel=1e-9)
    assert found == pytest.approx(5.27e-3 * electrons / 2.84e11, rel=2e-3)  # on paper


@pytest.fixture(scope="module")
def na64() -> dict[float, PointLimit]:
    """Limits of NA64, in GeV."""
    experiment = load_experiment("na64")
    return {mass: at_mass(experiment, mass, 0, 20_000) for mass in (0.01, 0.1)}


@pytest.mark.parametrize("mass", [0.01, 0.1])
def test_photon_limit_of_na64_is_that_of_a_quadrature(mass: float, na64: dict[float, PointLimit]) -> None:
    """g = sqrt(2.3 / (50% N sigma_eff)) with Eq. (26) by quadrature, without the package."""
    sigma = effective_primakoff(100, mass, *LEAD, 40, 50)
    expected = math.sqrt(2.3 / (0.5 * NA64_PER_PB * sigma))
    found = na64[mass].g_agamma
    assert 0 < found.error < 0.01 * found.value
    assert abs(found.value - expected) < 4 * found.error


def test_electron_limit_of_na64_is_that_of_an_independent_integral(na64: dict[float, PointLimit]) -> None:
    """The same for bremsstrahlung: the reference's own variables, matrix element and shower."""
    sigma, _ = effective_bremsstrahlung(100, 0.1, *LEAD, 40, 50)
    found = na64[0.1].g_ae
    assert abs(found.value - math.sqrt(2.3 / (0.5 * NA64_PER_PB * sigma))) < 4 * found.error


def test_na64_agrees_with_the_collaboration_at_low_mass(na64: dict[float, PointLimit]) -> None:
    """At 10 MeV 2.14e-4 over the published 2.35e-4 /GeV (arXiv:2005.02710, a digitisation): 0.91, that is 9% stronger.

    arXiv:2012.07894 says 5% of its own; nothing is tuned. At 1 and 2 MeV the published curve rises by 9%, which is
    unconfirmed, and above 50 MeV it ends with the visible decay.
    """
    curve = load("na64_2020_alp_gagamma")
    theirs = float(curve.interpolate(0.01, "mass_GeV", "g_agamma_lower_90CL_GeVinv"))
    ours = na64[0.01].g_agamma
    assert ours.value == pytest.approx(theirs, rel=0.15)
    assert ours.value / theirs == pytest.approx(0.91, abs=0.01 + 3 * ours.error / theirs)


def test_more_electrons_scale_the_limits_of_na64(na64: dict[float, PointLimit]) -> None:
    more = at_mass(load_experiment("na64-5e12"), 0.01, 0, 20_000)
    factor = math.sqrt(2.84e11 / 5e12)
    assert more.g_agamma.value == pytest.approx(factor * na64[0.01].g_agamma.value, rel=1e-9)
    assert more.g_ae.value == pytest.approx(factor * na64[0.01].g_ae.value, rel=1e-9)


def test_decays_inside_the_calorimeter_are_lost(tmp_path: Path) -> None:
    """Each ALP is lost with B_vis (1 - exp(-(L - z) m Gamma / (hbar c p_z))), L = 22.4 cm; half decay to photons here."""
    events = tmp_path / "events.root"
    overrides = ["model.m_a=100 MeV", "model.g_agamma=4e-4 /GeV", "model.m_chi=10 MeV", "decay=all"]
    bare = ProcessCard.load("na64-primakoff", [*overrides, "model.g_achi=1e-4 /GeV"])
    partial = widths(bare.couplings)
    g_achi = 1e-4 * math.sqrt(partial["photons"] / partial["invisible"])
    card = ProcessCard.load(bare, [f"model.g_achi={g_achi!r} /GeV"])
    assert channels(card) == pytest.approx({"photons": 0.5, "invisible": 0.5})
    assert fraction(card) == pytest.approx(1)
    generate(card, events, events=20_000)
    simulate(events, "na64", tmp_path / "reco.root")
    total, expected, variance, lost = 2 * widths(card.couplings)["photons"], 0.0, 0.0, 0
    with EventFile(tmp_path / "reco.root") as file:
        for chunk in file.chunks():
            particles, missing = chunk["GenPart"], chunk["MissingEnergy"]
            assert isinstance(particles, Jagged)
            alp = particles["pdgId"] == 9000005
            momentum, depth, energy = (particles[name][alp] for name in ("pz", "vz", "energy"))
            length = 1.973269804e-13 * momentum / 0.1 / total  # hbar c in GeV mm
            probability = -0.5 * np.expm1(-np.maximum(224.0 - depth, 0) / length)
            expected += probability.sum()
            variance += (probability * (1 - probability)).sum()
            assert isinstance(missing, np.ndarray)
            gone = missing < 50
            lost += int(gone.sum())
            assert (missing[gone] == 0).all()  # of a decay to photons nothing escapes, of another everything does
            assert missing[~gone] == pytest.approx(energy[~gone], rel=1e-9)
    assert expected > 4000  # a good part of half of the events
    assert abs(lost - expected) < 4 * math.sqrt(variance)
    assert abs(lost - 2 * expected) > 20 * math.sqrt(variance)  # negative control: were all decays visible


# --- E137 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mass", "lower", "upper"), [(0.002, 0.635, 1.11), (0.01, 0.590, 1.13), (0.1, 0.511, 1.22), (0.3, 0.472, 1.38)]
)
def test_e137_from_events_against_the_published_edges(mass: float, lower: float, upper: float) -> None:
    """Ours over published (arXiv:1709.00009, read to 2-5%): stronger on both sides, and by how much is stated here.

    The particles of Eq. (27)'s shower are collinear. Their angular spread, which is not in it, would carry ALPs past the
    calorimeter; 2.3 events in place of 3 is 6% of the lower edge. Nothing is tuned.
    """
    curve = load("e137_alp_gagamma")
    theirs = [float(curve.interpolate(mass, "mass_GeV", column)) for column in ("g_d_GeVinv", "g_u_GeVinv")]
    row = at_mass(load_experiment("e137-events"), mass, 0, 20_000)
    ratios = row.g_agamma.value / theirs[0], row.g_agamma_upper.value / theirs[1]
    assert ratios == pytest.approx((lower, upper), rel=0.03)
    assert row.g_agamma.error < 0.01 * row.g_agamma.value
    assert row.g_agamma_upper.error < 0.02 * row.g_agamma_upper.value
    assert math.isnan(row.g_ae.value)


def test_e137_recast_from_the_card() -> None:
    """Fully visible it is the published band; at 1e-2 and 1e-4 the upper edge comes down (Fig. 11), in either form."""
    curve = load("e137_alp_gagamma")
    edges = [float(curve.interpolate(0.01, "mass_GeV", column)) for column in ("g_d_GeVinv", "g_u_GeVinv")]
    for form in ("exact", "paper"):
        rows = [
            at_mass(load_experiment("e137", [f"beam_dump.visible_ratio={ratio}", f"beam_dump.form={form}"]), 0.01)
            for ratio in ("null", "1e-2", "1e-4")
        ]
        assert (rows[0].g_agamma.value, rows[0].g_agamma_upper.value) == pytest.approx(edges, rel=1e-3)
        uppers = [row.g_agamma_upper.value for row in rows]
        assert uppers[0] > uppers[1] > uppers[2] > rows[2].g_agamma.value
        assert rows[0].method == f"recast ({form})"


def test_e137_has_no_limit_outside_the_published_band() -> None:
    row = at_mass(load_experiment("e137"), 5.0)
    assert math.isnan(row.g_agamma.value)
    assert math.isnan(row.g_agamma_upper.value)


def test_e137_band_with_more_events_needed_and_with_invisible_decays() -> None:
    plain, three, invisible = (
        at_mass(load_experiment("e137-events", overrides), 0.01, 0, 5000)
        for overrides in ([], ["limit.signal_events=3"], ["beam_dump.visible_ratio=1e-2"])
    )
    # long-lived, the signal is g^4 and only the visible width counts
    assert three.g_agamma.value / plain.g_agamma.value == pytest.approx((3 / 2.3) ** 0.25, rel=1e-3)
    assert invisible.g_agamma.value == pytest.approx(plain.g_agamma.value, rel=0.01)
    assert three.g_agamma_upper.value < plain.g_agamma_upper.value
    assert invisible.g_agamma_upper.value < 0.3 * plain.g_agamma_upper.value


# --- verbs -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["na64", "e137", "e137-events"])
def test_limit_in_json(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["limit", name, "--mass", "10 MeV", "-n", "5000", "-o", "limits.csv", "--json"]
    monkeypatch.setattr(sys, "argv", ["alphoton", *arguments])
    assert cli._run() == 0
    (row,) = json.loads(capsys.readouterr().out)["limits"]
    assert row["analysis"] == name
    assert 1e-8 < row["g_agamma_limit_per_GeV"] < 1e-3
    assert (row["g_ae_limit_per_GeV"] is None) == name.startswith("e137")
    assert (row["g_agamma_upper_edge_per_GeV"] is None) == name.startswith("na64")
    line = Path("limits.csv").read_text().splitlines()[1].split(",")
    assert float(line[2]) == pytest.approx(row["g_agamma_limit_per_GeV"], rel=1e-5)
    assert (line[4] == "") == name.startswith("e137")


CARD = """\
schema: alphoton/workflow/1
name: targets
studies:
  - {analysis: na64}
  - {analysis: e137}
  - {analysis: e137-events}
scan: {model.m_a: [10 MeV]}
events: 3000
seed: 1
figures: [limits]
"""


def test_run_from_cards_to_limits_and_figures_and_again(tmp_path: Path) -> None:
    card = tmp_path / "targets.yaml"
    card.write_text(CARD)
    found = run(card, tmp_path / "out")
    assert [row.analysis for row in found.rows] == ["na64", "e137", "e137-events"]
    for process in ("na64-primakoff", "na64-bremsstrahlung"):
        names = {path.name for path in (tmp_path / "out/na64/10MeV" / process).iterdir()}
        assert names == {"events.root", "reco.root", "histograms.root", "analysis.json"}
    assert (tmp_path / "out/e137-events/10MeV/events.root").exists()
    assert {path.name for path in found.figures} == {"limits.png", "limits.pdf"}
    assert len(found.limits.read_text().splitlines()) == 4
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.root")}
    text = found.limits.read_text()
    found.limits.unlink()
    again = run(card, tmp_path / "out")
    assert again.limits.read_text() == text
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.root")} == before


@pytest.mark.parametrize("name", ["na64", "e137"])
def test_packaged_workflows_are_whole(name: str) -> None:
    """Their studies exist, and so do the published curves that are drawn beside them."""
    from alphoton.workflows.workflow_card import WorkflowCard

    card = WorkflowCard.load(name)
    cards = [load_experiment(study.analysis, (), study.process, study.detector).analysis for study in card.studies]
    assert len(cards) == 2
    assert published(cards)
    assert 0.01 in card.masses(card.studies[0])


# --- the figures -----------------------------------------------------------------------------------------------------------


def a_row(name: str, mass: float, **changes: Any) -> PointLimit:
    none = CouplingLimit(math.nan, math.nan)
    row = PointLimit(name, mass, none, none, "fixed", math.nan, 1, {}, {}, {}, {"photon": 0.0, "electron": 0.0})
    return replace(row, **changes)


def drawn(rows: list[PointLimit], folder: Path, monkeypatch: pytest.MonkeyPatch, *others: Any) -> list[Any]:
    """The panels of a figure of limits."""
    import matplotlib.pyplot as plt

    kept: list[Any] = []
    monkeypatch.setattr(plt, "close", kept.append)
    paths = draw_limits(rows, folder, *others)
    monkeypatch.undo()
    assert all(path.stat().st_size > 1000 for path in paths)
    axes = kept[0].axes
    plt.close(kept[0])
    return list(axes)


def test_a_band_is_filled_and_a_coupling_without_limits_has_no_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        a_row("dump", mass, g_agamma=CouplingLimit(1e-6, 1e-8), g_agamma_upper=CouplingLimit(1e-4, 1e-6))
        for mass in (0.01, 0.1)
    ]
    (panel,) = drawn(rows, tmp_path, monkeypatch)
    edges = {float(line.get_ydata()[0]) for line in panel.lines}
    assert edges == {1e-6, 1e-4}
    highest = max(path.vertices[:, 1].max() for collection in panel.collections for path in collection.get_paths())
    assert highest >= 1e-4
    assert "upper limit" not in panel.get_ylabel()


def test_limits_on_both_couplings_have_a_panel_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [a_row("both", m, g_agamma=CouplingLimit(1e-4, 1e-6), g_ae=CouplingLimit(1e-2, 1e-4)) for m in (0.01, 0.1)]
    panels = drawn(rows, tmp_path, monkeypatch)
    assert [len(panel.lines) for panel in panels] == [1, 1]
    assert all("upper limit" in panel.get_ylabel() for panel in panels)


def test_published_curves_are_drawn_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = [AnalysisCard.load(name) for name in ("na64", "na64-5e12")]
    beside_them = published(cards)
    assert len(beside_them) == 1  # both cards want the same curve
    assert "arXiv:2005.02710" in beside_them[0].label
    rows = [a_row("na64", mass, g_agamma=CouplingLimit(2e-4, 1e-6)) for mass in (0.001, 1.0)]
    (panel,) = drawn(rows, tmp_path, monkeypatch, beside_them)
    line = panel.lines[-1]
    assert line.get_linestyle() == "--"
    assert 2.35e-4 in np.asarray(line.get_ydata())
    both = published([AnalysisCard.load("e137")])
    assert len(both) == 2
    assert len({each.label for each in both}) == 1


def test_an_unknown_published_curve_is_told() -> None:
    card = AnalysisCard.load("na64", ["comparison.0.curve=na64_2021_alp_gagamma"])
    with pytest.raises(InputError, match="no published curve"):
        published([card])


@pytest.fixture(scope="module")
def figure_3() -> dict[str, Curve]:
    return {curve.name: curve for curve in fig03.compute(masses=(0.001, 0.1, 2.0))}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_fig03_photon_is_the_quadrature(place: int, figure_3: dict[str, Curve]) -> None:
    curve = figure_3["photon"]
    expected = effective_primakoff(100, float(curve.x[place]), *LEAD, 40, 50)
    assert abs(curve.y[place] - expected) < 4 * curve.y_error[place] + 1e-5 * expected
    assert curve.y_error[place] < 5e-3 * curve.y[place]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_fig03_electron_is_the_independent_integral(place: int, figure_3: dict[str, Curve]) -> None:
    curve = figure_3["electron"]
    expected, error = effective_bremsstrahlung(100, float(curve.x[place]), *LEAD, 40, 50)
    assert abs(curve.y[place] - expected) < 4 * math.hypot(curve.y_error[place], error)
    assert max(curve.y_error[place] / curve.y[place], error / expected) < 5e-3


def test_fig03_shows_that_photons_dominate(figure_3: dict[str, Curve]) -> None:
    """arXiv:2012.07894, section 2.3: the photon-driven production strongly dominates the rate at equal couplings."""
    assert (figure_3["photon"].y > 1000 * figure_3["electron"].y).all()
    assert {(c.x_unit, c.y_unit) for c in figure_3.values()} == {("GeV", "pb")}


def test_fig03_is_among_the_figures(tmp_path: Path, figure_3: dict[str, Curve]) -> None:
    assert verb.names()[:3] == ["fig02", "fig03", "fig04"]
    assert 25 <= len(fig03.MASSES) <= 30
    assert fig03.MASSES[0] == 1e-3
    assert fig03.MASSES[-1] >= 3
    result = verb.write(verb.load("fig03"), list(figure_3.values()), tmp_path)
    assert [path.name for path in result.paths] == ["fig03.png", "fig03.pdf", "fig03.csv"]
    assert (tmp_path / "fig03.csv").read_text().splitlines()[1].startswith("photon,0.001,GeV,")
