"""A search for a peak of unknown mass, from the card to the global p-value; rows with bands in a survey's store."""

from __future__ import annotations

import json

import numpy as np
import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.errors import InputError
from alphoton.workflows import limit
from alphoton.workflows.bump_hunt import bump_hunt
from alphoton.workflows.chain import load_experiment, sampled
from alphoton.workflows.survey import from_plain, to_plain

SHAPE = [*(f"counting.background.templates.{k}.events=40000" for k in range(3)), "limit.method=shape"]
SHAPE += ["counting.bins.range=[-60 MeV^2, 510 MeV^2]", "counting.bins.number=38"]
SHAPE += ["counting.background.template_statistics=false", "counting.positrons_on_target=1e9"]
MASSES = tuple(np.sqrt(np.linspace(120, 400, 15)) * 1e-3)
TRUE = 7


def with_counts(deviations: float) -> AnalysisCard:
    """Counts of the background as expected, with a peak of so many deviations at one of the masses."""
    experiment = load_experiment("padme-vetoes", SHAPE)
    assert experiment.backgrounds is not None
    model = experiment.backgrounds.model(sampled(experiment, MASSES[TRUE], 99, 20_000).measured[0], "electron")
    counts = np.round(model.total + deviations * model.unit * model.signal).astype(int)
    return AnalysisCard.load(experiment.analysis, [f"counting.bins.observed={counts.tolist()}"])


def test_a_peak_is_found_where_it_is() -> None:
    found = bump_hunt(with_counts(5.0), MASSES, events=5000)
    assert found.mass == pytest.approx(MASSES[TRUE])
    local = min(found.p_values)
    assert found.p_values[TRUE] == local < 5e-4
    assert 2 * local < found.global_p_value < 50 * local


def test_no_peak_is_found_where_there_is_none() -> None:
    found = bump_hunt(with_counts(0.0), MASSES, events=5000)
    assert min(found.p_values) > 0.1
    assert found.global_p_value > 0.5


def test_a_search_needs_counts() -> None:
    with pytest.raises(InputError, match=r"counting\.bins\.observed: a search for a peak needs counts"):
        bump_hunt("padme-vetoes", MASSES, overrides=SHAPE)
    with pytest.raises(InputError, match="a search for a peak needs counts"):
        bump_hunt("padme-vetoes", MASSES)


def test_a_row_with_bands_is_kept_by_a_survey() -> None:
    (row,) = limit(with_counts(2.0), [MASSES[0]], events=5000).rows
    assert from_plain(json.loads(json.dumps(to_plain(row)))) == row
    assert row.p_values["electron"] <= 0.5
