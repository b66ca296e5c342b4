"""The limits that the background alone would give: by toys, for every method of counting, and along directions."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from alphoton.analysis.shape import DEVIATIONS
from alphoton.analysis.statistics import METHODS, Counting, NoLimitError, upper_limit
from alphoton.workflows import limit
from alphoton.workflows.chain import COUPLINGS, PointLimit
from alphoton.workflows.limit_scan import as_dict
from alphoton.workflows.survey import from_plain, to_plain

TOYS = 4000
BACKGROUND, ERROR = 49.0, 4.9
"""Of `delphi`, which observed 61 events."""


def delphi(method: str, *overrides: str, **options: Any) -> PointLimit:
    changes = [f"limit.method={method}", "process.beams={sqrt_s: 200 GeV, luminosity: 600 /pb}", *overrides]
    (row,) = limit("delphi", [0.01], events=4000, overrides=changes, **options).rows
    return row


@lru_cache
def of_count(count: int, method: str) -> float:
    """The limit on signal events; below any other where there is none."""
    try:
        return upper_limit(Counting(count, BACKGROUND, ERROR), method)
    except NoLimitError:
        return -math.inf


def toys(method: str, error: float = ERROR) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Limits of counts of the background alone, whose mean is drawn with its error."""
    rng = np.random.default_rng(7)
    means = rng.normal(BACKGROUND, error, 2 * TOYS)
    counts = rng.poisson(means[means > 0][:TOYS])
    return np.array([of_count(int(count), method) for count in counts])


def agree(limits: Any, band: Any) -> bool:
    """Whether each limit of a band is the quantile that it should be, within three errors of the toys."""
    for edge, deviation in zip(band, DEVIATIONS, strict=True):
        if math.isnan(edge):
            edge = -math.inf
        share = float(ndtr(deviation))
        error = 3 * math.sqrt(share * (1 - share) / len(limits))
        below, up_to = (limits < edge * (1 - 1e-6)).mean(), (limits <= edge * (1 + 1e-6)).mean()
        if not below - error <= share <= up_to + error:
            return False
    return True


@pytest.mark.parametrize("observed", ["61", "null"])
@pytest.mark.parametrize("method", METHODS)
def test_the_band_is_that_of_toys(method: str, observed: str) -> None:
    row = delphi(method, f"counting.observed={observed}")
    alone = toys(method)
    events = of_count(61, method) if observed == "61" else float(np.median(alone))
    for name, found in zip(COUPLINGS, (row.g_agamma, row.g_ae), strict=True):
        band = np.array(row.expected[name])
        counted = events * (band / found.value) ** 2  # signal events grow with the coupling squared
        assert agree(alone, counted)
        assert not agree(alone, 1.3 * counted)  # negative controls: another scale, another error of the background
        assert not agree(toys(method, 3 * ERROR), counted)
        if observed == "null":
            assert found.value == pytest.approx(band[2], rel=1e-9)


def test_a_band_where_the_observation_sets_no_limit() -> None:
    """CLs+b far below the background: the band's lower end has no limit either."""
    row = delphi("poisson", "counting.observed=20")
    assert math.isnan(row.g_ae.value)
    band = row.expected["electron"]
    assert math.isnan(band[0])
    assert band[2] == pytest.approx(delphi("poisson", "counting.observed=null").g_ae.value, rel=1e-9)
    plain = json.loads(json.dumps(as_dict(row), allow_nan=False))
    assert plain["g_ae_expected_minus2"] is None
    assert plain["g_ae_expected_band_per_GeV"] == [None, *band[1:]]


@pytest.mark.parametrize(
    ("name", "mass"), [("padme-poseydon", 0.01), ("babar", 0.01), ("e137", 0.01), ("e137-events", 0.01)]
)
def test_none_without_a_background(name: str, mass: float) -> None:
    """`fixed` has none, and neither a recast nor a published band has a likelihood."""
    (row,) = limit(name, [mass], events=3000).rows
    assert row.expected == {}
    assert {value for column, value in as_dict(row).items() if "expected" in column} == {None}


def test_a_window_has_the_band_of_its_background() -> None:
    """PADME counts in a window about the peak, each channel's own."""
    (row,) = limit("padme", [0.01], events=6000).rows
    for name, found in zip(COUPLINGS, (row.g_agamma, row.g_ae), strict=True):
        band = row.expected[name]
        assert list(band) == sorted(band)
        assert band[2] == pytest.approx(found.value, rel=1e-9)
        # CLs over a large background: N - Phi^-1(0.1 Phi(N)) standard deviations, 1.645 at N = 0
        assert (band[4] / band[2]) ** 2 == pytest.approx(3.3 / 1.645, rel=0.01)


@pytest.mark.parametrize("analysis", ["delphi", "padme"])
def test_the_band_of_a_direction_is_that_of_both_couplings(analysis: str) -> None:
    """Without interference the rates add, Eq. (30) of arXiv:2012.07894, at each of the band's limits."""
    (alone,) = limit(analysis, [0.01], events=4000).rows
    sizes = {"g_agamma": alone.g_agamma.value / alone.g_ae.value, "g_ae": 1.0}
    (row,) = limit(analysis, [0.01], events=4000, along=[sizes], interference=False).rows
    photon, electron = (np.array(alone.expected[name]) for name in COUPLINGS)
    scale = ((sizes["g_agamma"] / photon) ** 2 + 1 / electron**2) ** -0.5
    assert row.expected["electron"] == pytest.approx(scale, rel=1e-9)
    assert row.expected["photon"] == pytest.approx(sizes["g_agamma"] * scale, rel=1e-9)
    assert row.expected["electron"] != pytest.approx(electron, rel=0.1)  # not that of the coupling alone
    (mixed,) = limit(analysis, [0.01], events=4000, along=[sizes]).rows
    if analysis == "padme":  # nothing observed: the median is the limit, interference included
        assert mixed.expected["electron"][2] == pytest.approx(mixed.g_ae.value, rel=1e-9)
        assert mixed.g_ae.value != pytest.approx(row.g_ae.value, rel=1e-3)
    (single,) = limit(analysis, [0.01], events=4000, along=[{"g_ae": 1.0}]).rows
    assert set(single.expected) == {"electron"}
    assert single.expected["electron"] == pytest.approx(electron, rel=1e-9)


def test_the_band_of_lower_edges_where_decays_are_lost() -> None:
    """NA64 with decays in the calorimeter: at few events the lower edge is that without decays, at many there is none."""
    options: dict[str, Any] = {"events": 3000}
    background = "counting.background={events: 40, error: 4}"
    (free,) = limit("na64", [0.01], overrides=["limit={method: cls}", background], **options).rows
    visible = ["limit={method: cls}", background, "counting.visible_branching_ratio=1"]
    (row,) = limit("na64", [0.01], overrides=visible, **options).rows
    for name, found in zip(COUPLINGS, (row.g_agamma, row.g_ae), strict=True):
        band = np.array(row.expected[name])
        assert band[2] == pytest.approx(found.value, rel=1e-9)
        assert (band >= np.array(free.expected[name]) * (1 - 1e-9)).all()
    assert row.g_agamma_upper.value > row.g_agamma.value
    assert row.expected["photon"] != pytest.approx(free.expected["photon"], rel=1e-4)


def test_a_store_has_all_of_a_row() -> None:
    """Direction, band with its gaps, reasons."""
    rows = [delphi("poisson", "counting.observed=20"), delphi("cls", along=[{"g_ae": 1.0}])]
    assert rows[0].empty
    assert rows[1].ray == "g_ae=1"
    for row in rows:
        again = from_plain(json.loads(json.dumps(to_plain(row), allow_nan=False)))
        assert as_dict(again) == as_dict(row)
        assert again.empty == row.empty
        assert again.ray == row.ray
