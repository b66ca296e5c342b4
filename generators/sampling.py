"""Unweighted points of a density over the unit cube, on the grid that vegas learnt. Knows no process.

The cube is cut into cells, each with its own maximum of density times Jacobian, and a compiled kernel draws cells by an
alias table and accepts points below the cell's maximum. A point above it is kept with its weight above 1, so that the
sample stays exact, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import float64, int64, types

from alphoton.data.signals import held
from alphoton.generators.jit import DENSITY_TYPE, Array, Density, IntArray, kernel
from alphoton.generators.vegas_grid import Boxes, Grid, Integral, place, values

POINTS, MARGIN, FLOOR = 16, 1.01, 1e-9
"""Points tried in each cell of one dimension, the margin on the largest, and a floor relative to the mean maximum."""


@kernel(
    int64(
        DENSITY_TYPE,
        float64[::1],
        float64[:, ::1],
        int64[::1],
        float64[:, ::1],
        float64[:, ::1],
        float64[::1],
        float64[::1],
        int64[::1],
        types.npy_rng,
        float64[:, ::1],
        float64[::1],
    )
)
def _draw(
    density: Density,
    p: Array,
    edges: Array,
    ninc: IntArray,
    low: Array,
    width: Array,
    maxima: Array,
    keep: Array,
    alias: IntArray,
    rng: np.random.Generator,
    x: Array,
    weights: Array,
) -> int:
    """Fill x (n, d) with accepted points, `weights` (n) with 1 or the excess above a maximum; returns the trials."""
    trials = 0
    u = np.empty(len(ninc))
    for i in range(len(weights)):
        weight = 0.0
        while rng.random() >= weight:
            trials += 1
            r = rng.random() * len(maxima)
            cell = int(r)
            if r - cell >= keep[cell]:
                cell = alias[cell]
            for j in range(len(ninc)):
                u[j] = rng.random()
            jacobian = place(edges, ninc, low[cell], width[cell], u, x[i])
            weight = density(x[i], p) * jacobian / maxima[cell]
        weights[i] = max(weight, 1.0)
    return trials


def alias_table(probabilities: Array) -> tuple[Array, IntArray]:
    """Walker's alias table (Vose's construction): choose i uniformly, keep it with `keep[i]`, else take `alias[i]`."""
    keep = probabilities / probabilities.sum() * len(probabilities)
    alias = np.arange(len(keep))
    small, large = list(np.flatnonzero(keep < 1)), list(np.flatnonzero(keep >= 1))
    while small and large:
        low, high = small.pop(), large[-1]
        alias[low] = high
        keep[high] -= 1 - keep[low]
        if keep[high] < 1:
            small.append(large.pop())
    keep[small + large] = 1.0  # what is left differs from 1 by rounding only
    return keep, alias


@dataclass(frozen=True)
class Sample:
    """Points (n, d), their weights (1, or more where the density passed a cell's maximum), and the trials they took."""

    x: Array
    weights: Array
    trials: int


def cells(density: Density, p: Array, grid: Grid, seed: np.random.SeedSequence) -> tuple[Boxes, Array]:
    """Boxes of the map's own cube that fill it, and what the density times Jacobian hardly passes in each (n).

    In one dimension they are the increments of the map, within which the Jacobian is constant, so that few points find the
    maximum; in more a foam.
    """
    if len(grid.ninc) > 1:
        from alphoton.generators.foam import foam  # compiled for those who need it

        return foam(density, p, grid, seed)
    count = int(grid.ninc[0])
    low, width = grid.edges[0, :count, None], np.diff(grid.edges[0, : count + 1])[:, None]
    x = low + np.linspace(0.0, 1.0, POINTS) * width
    maxima = (count * width * values(density, x.reshape(-1, 1), p).reshape(x.shape)).max(axis=1)
    boxes = Boxes(np.arange(count)[:, None] / count, np.full((count, 1), 1 / count))
    return boxes, MARGIN * np.maximum(maxima, FLOOR * maxima.mean())


class Sampler:
    """Draws unweighted points of a density; immutable once made, so that threads can share it."""

    def __init__(self, density: Density, p: Array, integral: Integral, grid: Grid, seed: np.random.SeedSequence) -> None:
        self.density, self.p, self.integral, self.grid = density, p, integral, grid
        own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 0))
        self._boxes, self._maxima = cells(density, p, grid, own)
        self._keep, self._alias = alias_table(self._maxima * self._boxes.volume)

    def draw(self, count: int, rng: np.random.Generator) -> Sample:
        """`count` points distributed as the density."""
        x, weights = np.empty((count, len(self.grid.ninc))), np.empty(count)
        with held():
            trials = _draw(
                self.density,
                self.p,
                self.grid.edges,
                self.grid.ninc,
                self._boxes.low,
                self._boxes.width,
                self._maxima,
                self._keep,
                self._alias,
                rng,
                x,
                weights,
            )
        return Sample(x, weights, trials)
