"""Backgrounds from events, and limits from their shapes, through the cards."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.shape import ShapeLimit, ShapeModel, excess, fit_at, shape_limit
from alphoton.analysis.templates import Templates
from alphoton.analysis.window import window as peak_window
from alphoton.data.errors import CardError, InputError
from alphoton.workflows import analyse, generate, limit, run, simulate
from alphoton.workflows.backgrounds import Backgrounds
from alphoton.workflows.chain import Experiment, load_experiment, point_limit, sampled
from alphoton.workflows.exchange import pyhf_limits
from alphoton.workflows.exchange.pyhf_limits import pyhf_limit
from alphoton.workflows.exchange.pyhf_workspace import write_pyhf
from alphoton.workflows.limit_scan import as_dict

FEW = [f"counting.background.templates.{k}.events=40000" for k in range(3)]
COARSE = ["counting.bins.range=[-60 MeV^2, 510 MeV^2]", "counting.bins.number=19"]
SHAPE = [*FEW, *COARSE, "limit.method=shape"]
PYHF = "limit.engine=pyhf"
EXACT = "counting.background.template_statistics=false"
MASS, EVENTS = 0.012, 20_000


def observed(counts: np.ndarray) -> str:
    return f"counting.bins.observed={np.round(counts).astype(int).tolist()}"


def templates_of(card: AnalysisCard) -> Templates:
    found = Backgrounds.of(card, load_experiment("padme-vetoes").detector)
    assert found is not None
    return found.templates


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return load_experiment("padme-vetoes", SHAPE)


# --- backgrounds from events ---------------------------------------------------------------------------------------------


def test_a_reco_file_gives_the_events_that_analyse_expects(tmp_path: Path) -> None:
    """Three photons: the template's sum, and its part in the window, against the analysis of the file."""
    generate("padme-threephoton", tmp_path / "events.root", events=20_000)
    simulate(tmp_path / "events.root", "padme-vetoes", tmp_path / "reco.root")
    templates = f"counting.background.templates=[{{file: {tmp_path / 'reco.root'}, error: 20 %}}]"
    card = AnalysisCard.load("padme-vetoes", [templates, "counting.background.shape=events"])
    found = templates_of(card)
    whole = analyse(tmp_path / "reco.root", card)
    cut = {"name": "window", "quantity": "missing_mass2", "min": "-20 MeV^2", "max": "20 MeV^2"}
    cuts = json.dumps([*card.resolved["selection"], cut])
    window = analyse(tmp_path / "reco.root", AnalysisCard.load(card, [f"selection={cuts}"]))
    events, error = found.within(-20e-6, 20e-6)
    assert whole.expected_events is not None
    assert window.expected_events_error is not None
    assert found.items[0].weights.sum() == pytest.approx(whole.expected_events, rel=1e-9)
    assert events == pytest.approx(window.expected_events, rel=1e-9)
    assert error == pytest.approx(math.hypot(0.2 * events, window.expected_events_error), rel=0.02)


def test_an_event_file_is_no_template(tmp_path: Path) -> None:
    generate("padme-threephoton", tmp_path / "events.root", events=1000)
    templates = f"counting.background.templates=[{{file: {tmp_path / 'events.root'}}}]"
    card = AnalysisCard.load("padme-vetoes", [templates, "counting.background.shape=events"])
    with pytest.raises(InputError, match="has not been through a detector"):
        templates_of(card)


def test_an_unknown_template_is_told_before_any_work() -> None:
    with pytest.raises(CardError, match="padme-fourphoton"):
        load_experiment("padme-vetoes", ["counting.background.templates.0.process=padme-fourphoton", "limit.method=shape"])


def test_the_window_counts_the_events_of_the_templates() -> None:
    """b from events, in the card's window: with errors of the normalisations the limit is that of their sum."""
    one_line = [*FEW, "counting.background.shape=events"]
    (row,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=one_line).rows
    exact = [*one_line, EXACT, *(f"counting.background.templates.{k}.error=0" for k in range(3))]
    (known,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=exact).rows
    card = AnalysisCard.load("padme-vetoes", exact)
    experiment = load_experiment(card)
    peak = sampled(experiment, MASS, 0, EVENTS).measured[0].peak
    assert peak is not None
    values, weights = peak.of("photon")
    (low, high), share = peak_window(values, weights, MASS, 1.5)
    background, error = templates_of(card).within(low, high)
    assert error == 0
    signal = known.allowed["photon"].value * experiment.exposure * share
    assert signal == pytest.approx(1.645 * math.sqrt(background), rel=0.01)
    assert row.g_agamma.value > 3 * known.g_agamma.value


def test_scaled_events_have_the_shape_of_the_events_and_the_number_of_the_card() -> None:
    card = AnalysisCard.load("padme-vetoes", [*FEW, "counting.background.shape=scaled_events"])
    scaled = templates_of(card)
    whole, _ = scaled.within(-1.0, 1.0)
    assert whole == pytest.approx(3800 * 400, rel=1e-9)
    free = replace(scaled, total=None)
    assert scaled.within(1e-4, 2e-4)[0] / whole == pytest.approx(free.within(1e-4, 2e-4)[0] / free.within(-1, 1)[0])


def test_a_card_of_templates_needs_no_number() -> None:
    """Where they give the rate; scaled to a number they need it."""
    templates = "counting.background={shape: events, templates: [{process: padme-twophoton}]}"
    card = AnalysisCard.load("padme-vetoes", [templates])
    assert card.uses_templates
    with pytest.raises(CardError, match=r"counting\.background\.events: is due"):
        AnalysisCard.load("padme-vetoes", [templates.replace("shape: events", "shape: scaled_events")])


# --- limits from shapes --------------------------------------------------------------------------------------------------


def test_one_line_of_the_card_makes_a_limit_from_shapes() -> None:
    (row,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=SHAPE).rows
    assert row.method == "cls of shapes"
    assert row.confidence_level == 0.9
    for name, found in (("photon", row.g_agamma), ("electron", row.g_ae)):
        band = row.expected[name]
        assert list(band) == sorted(band)
        assert found.value == pytest.approx(band[2], rel=1e-9)
        assert 0 < found.error < 0.05 * found.value
    plain = json.loads(json.dumps(as_dict(row), allow_nan=False))
    assert plain["g_ae_expected_band_per_GeV"] == list(row.expected["electron"])
    assert "g_ae_local_p_value" not in plain  # nothing was observed


def test_more_template_events_give_a_better_limit() -> None:
    """And so do exact templates, which are what they lead to."""
    found = []
    for change in (
        ["counting.background.templates.1.events=4000", "counting.background.templates.2.events=4000"],
        [],
        [EXACT],
    ):
        (row,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*SHAPE, *change]).rows
        found.append(row.g_ae.value)
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.3 * found[1] > 1.3 * found[2]


def test_pyhf_finds_the_same_limit(tmp_path: Path) -> None:
    """Its likelihood of the workspace at our best parameters gives sqrt(q) = 1.645 at mu = 1, our limit; and none is better.

    pyhf's default minimiser, left to itself, ends 0.8 above the minimum here, and its CLs at mu = 1 would be 0.31; with
    iminuit it is 0.1004.
    """
    pyhf = pytest.importorskip("pyhf")
    coarse = [*FEW, "counting.bins.range=[-60 MeV^2, 510 MeV^2]", "counting.bins.number=8", "limit.method=shape"]
    written = write_pyhf("padme-vetoes", MASS, tmp_path / "w.json", coupling="g_ae", events=EVENTS, overrides=coarse)
    ours = load_experiment("padme-vetoes", coarse)
    (measured,) = sampled(ours, MASS, 0, EVENTS).measured
    assert ours.backgrounds is not None
    model = ours.backgrounds.model(measured, "electron")
    limit_on_events = shape_limit(model).value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workspace = pyhf.Workspace(json.loads(written.path.read_text()))
        theirs = workspace.model(modifier_settings={"normsys": {"interpcode": "code1"}})
        data = workspace.data(theirs)
        heights = []
        for mu in (0.0, 1.0, 0.7):
            found = fit_at(model, model.nominal(), mu * limit_on_events)
            parameters = np.concatenate([[mu], found.alphas[0], found.gammas[0]])
            height = float(pyhf.infer.mle.twice_nll(parameters, data, theirs)[0])
            _, lowest = pyhf.infer.mle.fixed_poi_fit(mu, data, theirs, init_pars=parameters.tolist(), return_fitted_val=True)
            assert height < float(lowest) + 1e-3
            heights.append(height)
    roots = np.sqrt(np.array(heights[1:]) - heights[0])
    assert roots[0] == pytest.approx(1.6449, rel=2e-3)
    assert roots[1] < 1.3
    assert theirs.config.npars == 1 + 3 + 8


@pytest.mark.parametrize("excess_of", [0.0, 300.0])
def test_limits_by_pyhf_itself(excess_of: float) -> None:
    """With iminuit; its band is that of the background as fitted to the counts, ours that of the background as expected."""
    background = np.array([[4e4, 3e4, 2e4, 1.5e4, 1e4], [500.0, 400, 600, 700, 900]])
    signal, spread = np.array([0.05, 0.2, 0.5, 0.2, 0.05]), np.array([100.0, 80, 60, 50, 40])
    model = ShapeModel(signal, background, np.array([0.1, 0.3]), spread**2)
    counts = model.total + excess_of * signal if excess_of else None
    ours, theirs = shape_limit(model, counts), pyhf_limit(model, counts)
    assert theirs.value == pytest.approx(ours.value, rel=2e-4)
    assert theirs.band == pytest.approx(ours.band, rel=2e-4 if counts is None else 5e-3)
    assert (theirs.p_value is None) == (counts is None)
    if ours.p_value is not None:
        assert theirs.p_value == pytest.approx(ours.p_value, rel=1e-3)
        exact = ShapeModel(signal, background, np.array([0.1, 0.3]), 0 * spread)
        assert shape_limit(exact, counts).value != pytest.approx(theirs.value, rel=0.02)  # negative control


def test_one_line_of_the_card_takes_pyhf(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def noted(model: ShapeModel, *arguments: Any) -> ShapeLimit:
        asked.append(arguments)
        return shape_limit(model, *arguments)

    monkeypatch.setattr(pyhf_limits, "pyhf_limit", noted)
    plain, chosen = (
        limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*SHAPE, *more]).rows[0] for more in ([], [PYHF])
    )
    assert asked == [(None, 0.9)] * 2  # both couplings
    assert chosen.g_ae == plain.g_ae
    with pytest.raises(CardError, match=r"limit\.engine: goes with 'method: shape', not with 'cls'"):
        AnalysisCard.load("padme", [PYHF])
    with pytest.raises(CardError, match=r"counting\.bins\.toys: are not made with 'engine: pyhf'"):
        AnalysisCard.load("padme-vetoes", [*SHAPE, PYHF, "counting.bins.toys=200"])


def test_an_excess_is_seen_and_weakens_the_limit(experiment: Experiment) -> None:
    """A signal of five standard deviations (Asimov's), put into the counts, has its p-value, and is not excluded."""
    exact = load_experiment(AnalysisCard.load(experiment.analysis, [EXACT]))
    sample = sampled(exact, MASS, 0, EVENTS)
    (measured,) = sample.measured
    assert exact.backgrounds is not None
    model = exact.backgrounds.model(measured, "photon")
    strength = 3.0 * model.unit
    counts = np.round(model.total + strength * model.signal)
    deviations = math.sqrt(excess(model, model.observed(counts))[0])
    seen = load_experiment(AnalysisCard.load(exact.analysis, [observed(counts)]))
    row = point_limit(seen, sample.measured, None, EVENTS)
    assert row.p_values["photon"] == pytest.approx(ndtr(-deviations), rel=1e-6)
    assert deviations > 1.5
    assert row.allowed["photon"].value * exact.exposure > strength
    assert row.g_agamma.value > row.expected["photon"][3]
    assert as_dict(row)["g_agamma_local_p_value"] == row.p_values["photon"]


def test_toys_of_the_card_give_about_the_same_limit() -> None:
    (asymptotic,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=SHAPE).rows
    (toys,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*SHAPE, "counting.bins.toys=300"]).rows
    assert toys.g_ae.value != asymptotic.g_ae.value
    assert toys.g_ae.value == pytest.approx(asymptotic.g_ae.value, rel=0.12)
    assert toys.expected["electron"][3] == pytest.approx(asymptotic.expected["electron"][3], rel=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "counting.bins.range=[-60 MeV^2, 900 MeV^2]",
            r"counting.bins: 12 MeV: bin 13 of 19 has no background \(empty: 7\)",
        ),
        ("counting.bins.range=[400 MeV^2, 510 MeV^2]", "none of the signal lies in the bins"),
        ("counting.bins.range=[-60 MeV^2, 510 MeV]", "counting.bins.range"),
    ],
)
def test_bins_that_make_no_likelihood_are_refused(change: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*SHAPE, change])


def test_the_templates_are_made_once(experiment: Experiment) -> None:
    """Analyses that differ in how they count share the events."""
    other = load_experiment(AnalysisCard.load(experiment.analysis, [EXACT, "counting.bins.number=10"]))
    assert experiment.backgrounds is not None
    assert other.backgrounds is not None
    for one, two in zip(experiment.backgrounds.templates.items, other.backgrounds.templates.items, strict=True):
        assert one.missing_mass2 is two.missing_mass2


def test_a_workflow_draws_the_limits_with_their_bands(tmp_path: Path) -> None:
    """From the workflow card to the figure."""
    search = "schema: alphoton/analysis/1\nname: own\nextends: padme-vetoes\nlimit: {method: shape}\n"
    few = "".join(
        f"      - {{process: padme-{name}, events: 40000, error: 5 %}}\n" for name in ("twophoton", "bethe-heitler")
    )
    coarse = "  bins: {range: [-60 MeV^2, 510 MeV^2], number: 19}\n"
    (tmp_path / "own.yaml").write_text(f"{search}counting:\n  background:\n    templates:\n{few}{coarse}")
    study = "studies: [{process: padme, detector: padme-vetoes, analysis: own.yaml}]"
    scan = "scan: {model.m_a: {from: 10 MeV, to: 20 MeV, points: 2, spacing: log}}"
    (tmp_path / "scan.yaml").write_text(
        f"schema: alphoton/workflow/1\nname: scan\n{study}\n{scan}\nevents: 8000\nfigures: [limits]\n"
    )
    found = run(tmp_path / "scan.yaml", tmp_path / "out")
    assert [row.method for row in found.rows] == ["cls of shapes"] * 2
    assert all(len(row.expected["electron"]) == 5 for row in found.rows)
    assert {path.name for path in found.figures} == {"limits.png", "limits.pdf"}
    assert "cls of shapes" in (tmp_path / "out" / "limits.csv").read_text()
