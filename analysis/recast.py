"""Carrying a published dark-photon limit over to the couplings of an ALP, Eqs. (36) and (37) of arXiv:2012.07894."""

from __future__ import annotations

from alphoton.analysis.analysis_card import AnalysisCard, RecastBlock
from alphoton.analysis.counting import Rate
from alphoton.analysis.statistics import median_expected_limit
from alphoton.data.published_file import load


def published_limit(block: RecastBlock, mass: float) -> float:
    """The published limit on epsilon at a mass in GeV; NaN outside the published range.

    Raises `InputError` for a curve that cannot be found or read.
    """
    curve = load(block.curve)
    return float(curve.interpolate(mass, block.mass_column, block.limit_column, flat_below=block.flat_below))


def allowed_rate(epsilon_limit: float, dark_photon: Rate) -> Rate:
    """The largest allowed cross-section times efficiency in pb, from the dark photon's at epsilon = 1.

    The published limit excludes the rate of a dark photon at `epsilon_limit`, whatever the particle is: with R the ratio
    of rates of Eq. (36) at any epsilon, Eq. (37) is g = (epsilon_limit / epsilon) / sqrt(R).
    """
    return dark_photon.scaled(epsilon_limit**2)


def at_luminosity(card: AnalysisCard, of_table: tuple[float, float] | None = None) -> float:
    """The rate that a recast allows at its own luminosity L, over the one at the luminosity L0 of the publication.

    [S(b L / L0) / L] / [S(b) / L0], with S the median limit on signal events over the background b +- its error, which grow
    with the luminosity alike; `of_table` is that of the card's table at a mass. 1 where the card carries nothing over.
    """
    block = card.recast
    if block is None or block.background is None:
        return 1.0
    assert block.luminosity is not None
    assert block.background.per_luminosity is not None
    events, error = of_table or (block.background.events, block.background.error.of(block.background.events))
    times = block.luminosity / block.background.per_luminosity

    def allowed(scale: float) -> float:
        level = card.limit.confidence_level
        return median_expected_limit(scale * events, scale * error, card.limit.method, level)

    return allowed(times) / allowed(1.0) / times
