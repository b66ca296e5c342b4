"""What a detector does not see: efficiencies as numbers or binned tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from alphoton.data.card import Block
from alphoton.data.card_paths import KeyPath
from alphoton.data.quantities import parse
from alphoton.detectors.observables import PHOTON_DIMENSIONS, Beam, Frame, photon_quantity

Array = NDArray[np.float64]


class EfficiencyTable(Block):
    """A binned efficiency: `edges` for each of `quantities`, `content` nested alike, `flow` for what lies outside.

    flow: `clamp` takes the nearest bin, `zero` is 0.
    """

    quantities: tuple[str, ...]
    frame: Frame = "lab"
    edges: tuple[tuple[str | float, ...], ...]
    content: Any
    flow: Literal["clamp", "zero"] = "zero"

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        for index, name in enumerate(self.quantities):
            if name not in PHOTON_DIMENSIONS:
                yield ("quantities", index), f"unknown quantity '{name}' (known: {', '.join(PHOTON_DIMENSIONS)})"
                return
        if not self.quantities:
            yield ("quantities",), "name at least one quantity, or give 'value'"
            return
        if len(self.edges) != len(self.quantities):
            yield ("edges",), f"{len(self.edges)} lists of edges for {len(self.quantities)} quantities: one each is due"
            return
        for axis in range(len(self.edges)):
            try:
                edges = self.axis_edges(axis)
            except ValueError as error:
                yield ("edges", axis), str(error)
                return
            if len(edges) < 2 or np.any(np.diff(edges) <= 0):
                yield ("edges", axis), "edges must be at least two, and increase"
                return
        yield from self._content_problems()

    def _content_problems(self) -> Iterator[tuple[KeyPath, str]]:
        due = tuple(len(edges) - 1 for edges in self.edges)
        try:
            content = np.array(self.content, dtype=float)
        except (ValueError, TypeError):
            yield ("content",), f"must be numbers nested as {due}"
            return
        if content.shape != due:
            yield ("content",), f"has shape {content.shape}, the edges make {due}"
        elif not np.all((content >= 0) & (content <= 1)):
            yield ("content",), "efficiencies lie between 0 and 1"

    def axis_edges(self, axis: int) -> Array:
        """The edges of an axis in alphoton's units."""
        dimension = PHOTON_DIMENSIONS[self.quantities[axis]]
        return np.array([parse(edge, dimension) for edge in self.edges[axis]])

    def evaluate(self, photon: Mapping[str, Array], beam: Beam) -> Array:
        """The efficiency of each photon."""
        columns = [photon_quantity(name, self.frame, photon, beam) for name in self.quantities]
        return self.look_up(columns)

    def look_up(self, columns: Sequence[Array]) -> Array:
        """The efficiency at the values of the quantities; bins hold their lower edge, the last one both."""
        content = np.array(self.content, dtype=float)
        inside = np.ones(len(columns[0]), dtype=bool)
        known = ~np.isnan(columns).any(axis=0)
        index = []
        for axis, values in enumerate(columns):
            edges = self.axis_edges(axis)
            inside &= (values >= edges[0]) & (values <= edges[-1])
            index.append(np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2))
        found = content[tuple(index)]
        return np.where(known, found, 0.0) if self.flow == "clamp" else np.where(inside, found, 0.0)
