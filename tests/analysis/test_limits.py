"""From rates to couplings: errors by toys, combinations by brute force, limits back to p-values."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphoton.analysis.analysis_card import AnalysisCard, CountingBlock
from alphoton.analysis.counting import Rate
from alphoton.analysis.limits import (
    background_events,
    coupling_limit,
    signal_events_limit,
)
from alphoton.analysis.statistics import Counting, NoLimitError, median_expected_limit, p_value
from reference.checks import random_settings


def counting(card: AnalysisCard) -> CountingBlock:
    assert card.counting is not None
    return card.counting


# --- one coupling ------------------------------------------------------------------------------------------------


def test_coupling_limit() -> None:
    """The coupling whose square makes the rate the allowed one."""
    found = coupling_limit(Rate(2.0), Rate(50.0))
    assert found.value == pytest.approx(0.2)
    assert found.error == 0


@random_settings(60)
@given(st.floats(0, 0.02), st.floats(0, 0.02))
def test_errors_of_both_rates_reach_the_coupling(allowed_error: float, rate_error: float) -> None:
    """Against the spread of toys, for errors up to 2%."""
    rng = np.random.default_rng(13)
    toys = np.sqrt(2.0 * rng.normal(1, allowed_error, 20_000) / (50.0 * rng.normal(1, rate_error, 20_000)))
    found = coupling_limit(Rate(2.0, 2.0 * allowed_error), Rate(50.0, 50.0 * rate_error))
    assert found.error == pytest.approx(toys.std(), rel=0.03, abs=1e-12)
    doubled = coupling_limit(Rate(2.0, 4.0 * allowed_error), Rate(50.0, 100.0 * rate_error)).error
    assert toys.std() < 1e-9 or doubled != pytest.approx(toys.std(), rel=0.03)  # negative control


@pytest.mark.parametrize(
    ("allowed", "rate"),
    [
        (Rate(1.0), Rate(0.0)),
        (Rate(1.0), Rate(0.0, 0.1)),
        (Rate(1.0), Rate(0.3, 0.1)),  # three errors from nothing
        (Rate(0.0), Rate(1.0)),  # a recast of nothing would exclude everything
        (Rate(0.0, 0.1), Rate(1.0)),
        (Rate(0.3, 0.1), Rate(1.0)),
        (Rate(math.nan), Rate(1.0)),
        (Rate(1.0), Rate(math.nan)),
        (Rate(1.0), Rate(-1.0, 0.1)),
    ],
)
def test_no_limit(allowed: Rate, rate: Rate) -> None:
    found = coupling_limit(allowed, rate)
    assert math.isnan(found.value)
    assert math.isnan(found.error)


# --- background -------------------------------------------------------------------------------------------------


def test_background_grows_with_the_positrons() -> None:
    """3800 events for 1e11 positrons, arXiv:2012.07894, section 3.3, are 1.52e6 for 4e13."""
    block = counting(AnalysisCard.load("padme", ["counting.background.error=38"]))
    assert background_events(block) == pytest.approx((1.52e6, 1.52e4))
    assert background_events(counting(AnalysisCard.load("delphi"))) == (49.0, 4.9)
    assert background_events(counting(AnalysisCard.load("padme-poseydon"))) == (0.0, 0.0)


# --- the number of signal events ---------------------------------------------------------------------------------


def test_the_paper_on_delphi() -> None:
    """arXiv:2012.07894, section 3.1: 25.5 events at 90% CL, and 72 when all 61 may be signal."""
    assert signal_events_limit(AnalysisCard.load("delphi")) == pytest.approx(25.5, abs=0.05)
    without = AnalysisCard.load("delphi", ["counting.background.events=0", "counting.background.error=0"])
    assert signal_events_limit(without) == pytest.approx(72, abs=0.5)
    # negative controls: what neither may be taken for
    assert signal_events_limit(without) != pytest.approx(25.5, abs=0.05)
    assert signal_events_limit(AnalysisCard.load("delphi", ["limit.confidence_level=0.95"])) > 28


@pytest.mark.parametrize(("name", "events"), [("padme-poseydon", 100.0), ("padme-poseydon-ses", 2.3)])
def test_fixed_numbers_of_events(name: str, events: float) -> None:
    """arXiv:2012.07894, section 3.3: lines of 100 signal events and of single-event sensitivity."""
    assert signal_events_limit(AnalysisCard.load(name)) == events


@pytest.mark.parametrize("share", [1.0, 0.1, 1e-4])
def test_expected_limit_of_the_background_in_the_window(share: float) -> None:
    card = AnalysisCard.load("padme", ["counting.background.error=38"])
    expected = median_expected_limit(share * 1.52e6, share * 1.52e4, "cls", 0.90)
    assert signal_events_limit(card, share) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", ["cls", "bayesian", "poisson", "feldman_cousins"])
@pytest.mark.parametrize("level", [0.90, 0.95])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_p_value_at_the_limit_is_one_minus_cl(method: str, level: float, share: float) -> None:
    """The loop closed: what the card's counting excludes at its limit."""
    card = AnalysisCard.load("delphi", [f"limit={{method: {method}, confidence_level: {level}}}"])
    signal = signal_events_limit(card, share)
    observed = Counting(61, 49 * share, 4.9 * share)
    if method != "feldman_cousins":  # there it may step over the value
        assert p_value(observed, signal, method) == pytest.approx(1 - level, abs=1e-9)
    below, above = (p_value(observed, factor * signal, method) for factor in (0.999, 1.001))
    assert below > 1 - level > above
    # negative controls: no such step anywhere else
    assert all(p_value(observed, factor * signal, method) > 1 - level for factor in (0.9, 0.95))
    assert all(p_value(observed, factor * signal, method) < 1 - level for factor in (1.05, 1.1))


def test_no_limit_of_a_method() -> None:
    """CLs+b far below the background excludes even no signal; CLs does not."""
    far_below: dict[str, Any] = {"counting.observed": 25, "counting.background.error": 0}
    overrides = [f"{key}={value}" for key, value in far_below.items()]
    with pytest.raises(NoLimitError, match="use 'cls'"):
        signal_events_limit(AnalysisCard.load("delphi", [*overrides, "limit.method=poisson"]))
    assert 2 < signal_events_limit(AnalysisCard.load("delphi", overrides)) < 10
