"""Limits from shapes where few events are expected, from the card to the limit, the export and the search for a peak."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import poisson

from alphoton.analysis import shape_limits
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.shape import ShapeModel, shape_limit
from alphoton.analysis.shape_toys import toy_limit
from alphoton.data.errors import InputError
from alphoton.workflows import energy_scan, limit
from alphoton.workflows.backgrounds import toy_seed
from alphoton.workflows.bump_hunt import bump_hunt
from alphoton.workflows.chain import Experiment, load_experiment, sampled
from alphoton.workflows.exchange.pyhf_workspace import write_pyhf

FEW = [*(f"counting.background.templates.{k}.events=40000" for k in range(3)), "limit.method=shape"]
FEW += ["counting.bins.range=[-60 MeV^2, 510 MeV^2]", "counting.bins.number=25", "counting.positrons_on_target=1e7"]
EMPTY = f"counting.bins.observed={[0] * 25}"
MASS, EVENTS = 0.012, 20_000


def model(overrides: list[str], coupling: str = "electron") -> ShapeModel:
    experiment = load_experiment("padme-vetoes", overrides)
    assert experiment.backgrounds is not None
    return experiment.backgrounds.model(sampled(experiment, MASS, 0, EVENTS).measured[0], coupling)


def test_without_events_2_3_are_allowed() -> None:
    """In the bins; asymptotic formulas say 1.4. The same is expected: a bin has a hundredth of an event of background."""
    (row,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*FEW, EMPTY]).rows
    exposure = load_experiment("padme-vetoes", FEW).exposure
    inside = row.allowed["electron"].value * exposure * model(FEW).signal.sum()
    assert inside == pytest.approx(math.log(10), rel=1e-9)
    assert row.expected["electron"][:3] == pytest.approx([row.g_ae.value] * 3, rel=1e-9)
    assert row.p_values["electron"] == 0.5


def test_events_need_pseudo_experiments_by_themselves() -> None:
    """Without `toys` in the card; their error is in the quoted one, and more of them make it smaller."""
    counts = np.zeros(25)
    counts[8] = 1
    one = [*FEW, f"counting.bins.observed={counts.astype(int).tolist()}"]
    (row,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=one).rows
    expected = toy_limit(model(one), counts, shape_limits.TOYS, toy_seed(MASS))
    exposure = load_experiment("padme-vetoes", one).exposure
    assert row.allowed["electron"].value * exposure == pytest.approx(expected.value, rel=1e-9)
    assert row.allowed["electron"].error * exposure > expected.error > 0
    assert row.g_ae.value > row.expected["electron"][0]
    (fewer,) = limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*one, "counting.bins.toys=500"]).rows
    assert fewer.allowed["electron"].error > 2 * row.allowed["electron"].error


def test_a_sample_is_chosen_without_pseudo_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many events a limit to 1% needs is not asked of them: their error does not get smaller by it."""
    asked = []

    def noted(model: ShapeModel, counts: object, toys: int, *arguments: object) -> object:
        asked.append(toys)
        return shape_limit(model, counts)  # type: ignore[arg-type]

    monkeypatch.setattr(shape_limits, "toy_limit", noted)
    (row,) = limit("padme-vetoes", [MASS], overrides=FEW).rows
    assert asked == [shape_limits.TOYS] * 2  # a coupling each
    assert row.events < 200_000


def test_pyhf_is_refused() -> None:
    with pytest.raises(InputError, match=r"limit\.engine: 12 MeV: .* events count, .* need 100; leave 'engine' out"):
        limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*FEW, "limit.engine=pyhf"])


def test_too_few_toys_of_the_card_are_told_with_their_place() -> None:
    """One event where several are expected: 100 pseudo-experiments of the background have hardly any like it."""
    changes = [*FEW, "counting.positrons_on_target=1e9", f"counting.bins.observed={[0] * 12 + [1] + [0] * 12}"]
    with pytest.raises(InputError, match=r"counting\.bins: 12 MeV: 100 pseudo-experiments tell no limit"):
        limit("padme-vetoes", [MASS], events=EVENTS, overrides=[*changes, "counting.bins.toys=100"])


def test_the_workspace_of_pyhf_has_this_limit(tmp_path: Path) -> None:
    pytest.importorskip("pyhf")
    written = write_pyhf("padme-vetoes", MASS, tmp_path / "w.json", coupling="g_ae", events=EVENTS, overrides=[*FEW, EMPTY])
    samples = json.loads(written.path.read_text())["channels"][0]["samples"]
    (signal,) = (sample["data"] for sample in samples if sample["name"] == "signal")
    assert sum(signal) == pytest.approx(math.log(10), rel=1e-9)


def test_a_search_for_a_peak_counts_pseudo_experiments() -> None:
    """Three events where 0.05 are expected: the local p-value is near that of the count, the global one is larger."""
    counts = np.zeros(25, dtype=int)
    counts[8] = 3
    card = AnalysisCard.load("padme-vetoes", [*FEW, f"counting.bins.observed={counts.tolist()}"])
    masses = tuple(np.sqrt(np.linspace(100, 400, 7)) * 1e-3)
    found = bump_hunt(card, masses, events=5000)
    local = min(found.p_values)
    expected = float(model(FEW).total[8])
    assert poisson.sf(2, expected) < local < 100 * poisson.sf(2, 3 * expected) + 3e-4
    assert local <= found.global_p_value < 0.05
    assert all(value <= 0.5 for value in found.p_values)
    nothing = bump_hunt(AnalysisCard.load(card, [EMPTY]), masses[:2], events=5000)
    assert nothing.p_values == (0.5, 0.5)
    assert nothing.global_p_value == 1.0


def scan(folder: Path, background: float, observed: int | None) -> Experiment:
    """PADME's scan with so few events."""
    rows = [f"{262 + 3 * k},1e6,0.5,{background},0.0" + ("" if observed is None else f",{observed}") for k in range(12)]
    names = "beam_energy_MeV,positrons,efficiency,background,background_error" + ("" if observed is None else ",observed")
    (folder / "few.csv").write_text("\n".join([names, *rows]) + "\n")
    return load_experiment("padme-scan", [f"scan.points={folder / 'few.csv'}"])


def test_a_scan_of_energies_has_the_same_rule(tmp_path: Path) -> None:
    empty = scan(tmp_path, 0.2, 0)
    row = energy_scan.scan_limit(empty, 0.0169)
    made_from = energy_scan.model_of(empty, 0.0169, energy_scan.points_of(empty))
    assert row.g_ae.value**2 * made_from.signal.sum() == pytest.approx(math.log(10), rel=1e-9)
    expected = scan(tmp_path, 0.2, None)
    row = energy_scan.scan_limit(expected, 0.0169)
    assert row.g_ae.value >= math.sqrt(math.log(10) / made_from.signal.sum()) * (1 - 1e-12)
    seen = energy_scan.scan_limit(scan(tmp_path, 0.2, 1), 0.0169)
    assert 0 < seen.g_ae.error < 0.05 * seen.g_ae.value
    many = energy_scan.scan_limit(scan(tmp_path, 40_000.0, None), 0.0169)
    assert many.g_ae.error == 0
