"""The signal window in missing mass squared: its width, the signal in it, and the background under it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard, Background
from alphoton.data.errors import InputError
from alphoton.generators.constants import ELECTRON_MASS

Array = NDArray[np.float64]

SIGMA = 0.6826894921370859
"""Content of one standard deviation on both sides."""


def weighted_quantile(values: Array, weights: Array, probability: Array) -> Array:
    """Quantiles of weighted values, interpolated between the middles of their weights."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order]) - 0.5 * weights[order]
    return np.interp(probability, cumulative / weights.sum(), values[order])


def width(values: Array, weights: Array) -> float:
    """Half of the central 68.27% interval: the standard deviation of a Gaussian, robust against tails."""
    low, high = weighted_quantile(values, weights, np.array([0.5 - SIGMA / 2, 0.5 + SIGMA / 2]))
    return float(high - low) / 2


def width_error(values: Array, weights: Array, parts: int = 20) -> float:
    """Statistical error of `width`, from its spread over disjoint parts of the sample."""
    widths = [width(values[k::parts], weights[k::parts]) for k in range(parts)]
    return float(np.std(widths, ddof=1) / np.sqrt(parts))


def window(values: Array, weights: Array, mass: float, half_width: float) -> tuple[tuple[float, float], float]:
    """The window m^2 -+ half_width standard deviations, GeV^2, and the share of the signal in it."""
    half = half_width * width(values, weights)
    low, high = mass**2 - half, mass**2 + half
    inside = (values >= low) & (values <= high)
    return (low, high), float(weights[inside].sum() / weights.sum())


def background_share(
    card: AnalysisCard, background: Background, beam: dict[str, float], low: float, high: float, shape: str
) -> float:
    """The share of the background with missing mass squared between low and high, for one of the shapes.

    A flat background counts with the window's whole width, also where that sticks out of the range: the resolution
    carries background there too, and a limit must not gain from an edge that nobody measured.
    """
    if shape == "flat":
        if background.range is None:
            raise InputError("a flat background needs its 'range' in the analysis card")
        first, last = background.range
        return min(1.0, (high - low) / (last - first))
    edges, content = bremsstrahlung_shape(card, beam)
    cumulative = np.concatenate([[0.0], np.cumsum(content)])
    return float(np.interp(high, edges, cumulative) - np.interp(low, edges, cumulative))


def bremsstrahlung_shape(card: AnalysisCard, beam: dict[str, float], points: int = 1500) -> tuple[Array, Array]:
    """Missing mass squared of beam bremsstrahlung taken for an annihilation: edges (GeV^2) and contents that add to 1.

    Photons of energy k from a positron of energy E follow (1/k) [1 + (1-y)^2 - 2 (1-y)/3], y = k/E, and the small-angle
    form theta dtheta / (theta^2 + m_e^2/E^2)^2 (screened, relativistic; Tsai, Rev. Mod. Phys. 46 (1974) 815), within the
    energies and angles that the card selects. Resolution is left out: the shape is smooth.
    """
    energies, angles = card.photon_range("photon.energy"), card.photon_range("photon.theta")
    if energies is None or angles is None:
        raise InputError("a bremsstrahlung shape needs limits on photon.energy and photon.theta among the cuts")
    k = np.geomspace(*energies, points)[:, None]
    theta = np.geomspace(*angles, points)[None, :]
    positron = beam["momentum_z"]
    y = np.minimum(k / positron, 1.0)
    gamma2 = (positron / ELECTRON_MASS) ** 2
    # on logarithmic grids dk/k and theta dtheta = theta^2 dln(theta)
    density = (1 + (1 - y) ** 2 - 2 * (1 - y) / 3) * theta**2 / (theta**2 + 1 / gamma2) ** 2
    slow = beam["energy"] - positron
    missing = beam["sqrt_s"] ** 2 - 2 * k * (slow + 2 * positron * np.sin(theta / 2) ** 2)
    content, edges = np.histogram(missing, bins=2000, weights=density)
    return edges, content / content.sum()
