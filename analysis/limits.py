"""From rates to limits on couplings, one coupling at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alphoton.analysis.analysis_card import AnalysisCard, CountingBlock
from alphoton.analysis.counting import Rate
from alphoton.analysis.statistics import Counting, expected_limit_band, median_expected_limit, upper_limit


@dataclass(frozen=True)
class CouplingLimit:
    """An upper limit on a coupling with its Monte Carlo error; NaN where there is no limit."""

    value: float
    error: float = 0.0

    def times(self, coupling: float) -> CouplingLimit:
        """Of a scale along a ray: the limit on a coupling of the direction; none on a coupling that is not there."""
        if not coupling or not math.isfinite(self.value):
            return NO_LIMIT
        return CouplingLimit(self.value * coupling, self.error * abs(coupling))


NO_LIMIT = CouplingLimit(math.nan, math.nan)


def background_events(block: CountingBlock) -> tuple[float, float]:
    """Expected background and its error, scaled to the positrons on target where the card says so."""
    background = block.background
    if background is None:
        return 0.0, 0.0
    scale = 1.0
    if background.per_positrons_on_target is not None:
        assert block.on_target is not None
        scale = block.on_target / background.per_positrons_on_target
    return background.events * scale, background.error * scale


def signal_events_limit(card: AnalysisCard, share: float = 1.0, background: tuple[float, float] | None = None) -> float:
    """Upper limit on the number of signal events; `share` of the background lies in the signal window.

    The `background` and its error are the card's where none is given.

    Without an observation the median expectation of the background alone is taken. Raises `ValueError` where the method
    gives no limit.
    """
    if card.limit.signal_events is not None:
        return card.limit.signal_events
    assert card.counting is not None
    events, error = (share * value for value in background or background_events(card.counting))
    method, level = card.limit.method, card.limit.confidence_level
    if card.counting.observed is None:
        return median_expected_limit(events, error, method, level)
    return upper_limit(Counting(card.counting.observed, events, error), method, level)


def signal_events_band(
    card: AnalysisCard, share: float = 1.0, background: tuple[float, float] | None = None
) -> tuple[float, ...]:
    """The upper limits on the number of signal events that the background alone would give, with `share` and `background`
    as in `signal_events_limit`: those of its counts at -2, -1, 0, 1, 2 standard deviations, NaN where the method has none.

    Empty with `method: fixed`, whose number of events does not depend on a background. Raises `ValueError` as above.
    """
    if card.limit.signal_events is not None:
        return ()
    assert card.counting is not None
    events, error = (share * value for value in background or background_events(card.counting))
    return expected_limit_band(events, error, card.limit.method, card.limit.confidence_level)


def coupling_limit(rate_limit: Rate, rate: Rate) -> CouplingLimit:
    """g = sqrt(allowed rate / rate at g = 1), both errors propagated; no limit where nothing is selected.

    A rate that is not three errors away from 0 sets no limit either: its error could not be trusted.
    """
    if not (rate.value > 3 * rate.error >= 0 and rate_limit.value > 3 * rate_limit.error >= 0):
        return NO_LIMIT
    value = math.sqrt(rate_limit.value / rate.value)
    relative = math.hypot(rate.error / rate.value, rate_limit.error / rate_limit.value)
    return CouplingLimit(value, 0.5 * value * relative)
