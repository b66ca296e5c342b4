"""Backgrounds from events: missing mass squared of what a selection leaves, in numbers of events to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.counting import TOTAL, Measurement
from alphoton.analysis.shape import ShapeModel
from alphoton.data.errors import InputError

Array = NDArray[np.float64]
LEAST_SIZE = 10
"""Effective number of background events in a window, below which its content is not known to 30%."""


@dataclass(frozen=True)
class Template:
    """One background: missing mass squared (GeV^2) of its selected events, each with the number of events it stands for.

    `error` is relative, of all of them together.
    """

    name: str
    missing_mass2: Array
    weights: Array
    error: float = 0.0
    of_one: float = 0.0
    """What one generated event stands for: the error of a place where none is found."""

    @classmethod
    def of(cls, name: str, measured: Measurement, per_pb: float) -> Template:
        """From a sample, and the events for each pb of its cross-section."""
        assert measured.peak is not None
        values, weights = measured.peak.of(TOTAL)
        generated = float(measured.sums.sums[0, measured.sums.weights.index(TOTAL)])
        scale = per_pb * measured.cross_section / generated
        return cls(name, values, weights * scale, of_one=scale * generated / float(measured.sums.entries[0]))


@dataclass(frozen=True)
class Templates:
    """The backgrounds of an analysis. `total` scales them together to so many events; without it their rates are their own.

    With `exact` the Monte Carlo statistics of the templates are taken for infinite.
    """

    items: tuple[Template, ...]
    total: float | None = None
    exact: bool = False

    @cached_property
    def scale(self) -> float:
        """What each event is multiplied with."""
        own = sum(float(item.weights.sum()) for item in self.items)
        return 1.0 if self.total is None or own == 0 else self.total / own

    def within(self, low: float, high: float) -> tuple[float, float]:
        """Events with missing mass squared from low to high (GeV^2), and their error: normalisations and Monte Carlo.

        Raises `InputError` if an effective number of fewer than LEAST_SIZE events of all templates lies there: nothing found
        does not mean that nothing is expected.
        """
        events = squares = variance = 0.0
        for item in self.items:
            weights = self.scale * item.weights[(item.missing_mass2 >= low) & (item.missing_mass2 <= high)]
            content, square = float(weights.sum()), float(np.sum(weights**2))
            events += content
            squares += square
            statistics = square if square > 0 else (self.scale * item.of_one) ** 2
            variance += (item.error * content) ** 2 + (0.0 if self.exact else statistics)
        size = events**2 / squares if squares > 0 else 0.0
        if size < LEAST_SIZE:
            raise InputError(
                f"counting.background.templates: an effective {size:.2g} background events lie in the window, and at "
                f"least {LEAST_SIZE} are needed; generate more of them (key 'events')"
            )
        return events, float(np.sqrt(variance))

    def binned(self, edges: Array) -> Binned:
        """In bins between these edges (GeV^2)."""
        contents = [np.histogram(item.missing_mass2, edges, weights=item.weights)[0] for item in self.items]
        squares = [np.histogram(item.missing_mass2, edges, weights=item.weights**2)[0] for item in self.items]
        variances = np.zeros(len(edges) - 1) if self.exact else self.scale**2 * np.sum(squares, axis=0)
        errors = np.array([item.error for item in self.items])
        return Binned(edges, self.scale * np.array(contents), errors, variances)


@dataclass(frozen=True)
class Binned:
    """Backgrounds in bins (samples, bins), their relative errors, and the Monte Carlo variance of their sum (bins)."""

    edges: Array
    contents: Array
    errors: Array
    variances: Array

    def model(self, values: Array, weights: Array) -> ShapeModel:
        """The likelihood of a peak (GeV^2, with its weights) over these backgrounds; mu is the peak's number of events.

        The peak may reach beyond the bins. Raises ValueError where these make no likelihood.
        """
        shares = np.histogram(values, self.edges, weights=weights / weights.sum())[0]
        return ShapeModel(shares, self.contents, self.errors, self.variances)
