"""Carrying a published dark-photon limit over to the couplings of an ALP, Eqs. (36) and (37) of arXiv:2012.07894."""

from __future__ import annotations

from alphoton.analysis.analysis_card import RecastBlock
from alphoton.analysis.counting import Rate
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
