"""Cutting the vegas map's own cube into cells for unweighting, in more than one dimension. Knows no process.

A foam in the sense of S. Jadach, Comput. Phys. Commun. 152 (2003) 55, made for acceptance: a cell under its maximum wastes
its volume times (maximum - mean), and the cells that waste most are cut in two, at the place and along the axis that leave
the least under the maxima of the two halves.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numba import float64, int64, types, void

from alphoton.data.signals import held
from alphoton.generators.jit import DENSITY_TYPE, Array, Density, IntArray, kernel
from alphoton.generators.trained import Arrays, kept
from alphoton.generators.vegas_grid import Boxes, Grid, place

CELLS, ENOUGH = 10_000, 0.85
"""Cells at most, and the acceptance under the maxima found at which fewer do."""
POINTS, EARLY_POINTS, MORE_POINTS = 100, 50_000, 500
"""Random points in a cell to choose its cut by (in all together while the cells are few), and more for its final maximum."""
MARGIN, FLOOR = 1.15, 1e-3
"""The margin on the largest value at a cell's points, as the density is higher between them, and a floor relative to the
mean maximum: where the density was 0 at all of them it may still not be."""
BINS = 8
"""Places of a cut along an axis, and one more."""
AT_ONCE = 6
"""One cell in so many is cut before all are looked at again."""


@kernel(
    void(
        DENSITY_TYPE,
        float64[::1],
        float64[:, ::1],
        int64[::1],
        float64[:, ::1],
        float64[:, ::1],
        int64,
        types.npy_rng,
        float64[:, ::1],
    )
)
def _explore(
    density: Density,
    p: Array,
    edges: Array,
    ninc: IntArray,
    low: Array,
    width: Array,
    points: int,
    rng: np.random.Generator,
    found: Array,
) -> None:
    """Fill `found` (cells, 4) with maximum and mean of density times Jacobian, and axis and place of the best cut."""
    dimension = len(ninc)
    u, x, left, right = np.empty(dimension), np.empty(dimension), np.empty((dimension, BINS)), np.empty((dimension, BINS))
    for cell in range(len(low)):
        left[:] = 0.0
        top = total = 0.0
        for _ in range(points):
            for j in range(dimension):
                u[j] = rng.random()
            value = place(edges, ninc, low[cell], width[cell], u, x)
            value *= density(x, p)
            top, total = max(top, value), total + value
            for j in range(dimension):
                k = int(u[j] * BINS)
                left[j, k] = max(left[j, k], value)
        right[:] = left
        found[cell, 0], found[cell, 1], found[cell, 2], found[cell, 3] = top, total / points, 0.0, 0.5
        least = top
        for j in range(dimension):
            for k in range(1, BINS):
                left[j, k] = max(left[j, k], left[j, k - 1])
                right[j, BINS - 1 - k] = max(right[j, BINS - 1 - k], right[j, BINS - k])
            for k in range(1, BINS):
                share = k / BINS
                under = left[j, k - 1] * share + right[j, k] * (1 - share)
                if under < least:
                    least, found[cell, 2], found[cell, 3] = under, j, share


def foam(density: Density, p: Array, grid: Grid, seed: np.random.SeedSequence) -> tuple[Boxes, Array]:
    """The cells, n boxes, and what the density times Jacobian hardly passes in each (n); kept on disk (`trained`)."""

    def make() -> Arrays:
        boxes, maxima = _grow(density, p, grid, np.random.default_rng(seed))
        return {"low": boxes.low, "width": boxes.width, "maxima": maxima}

    settings = (CELLS, ENOUGH, POINTS, EARLY_POINTS, MORE_POINTS, MARGIN, FLOOR, BINS, AT_ONCE, crc32(grid.edges.tobytes()))
    found = kept("foam", density, p, seed, settings, make)
    return Boxes(found["low"], found["width"]), found["maxima"]


def _grow(density: Density, p: Array, grid: Grid, rng: np.random.Generator) -> tuple[Boxes, Array]:
    def explore(boxes: Boxes, points: int) -> Array:
        found = np.empty((len(boxes), 4))
        with held():
            _explore(density, p, grid.edges, grid.ninc, boxes.low, boxes.width, points, rng, found)
        return found

    dimension = len(grid.ninc)
    boxes = Boxes(np.zeros((1, dimension)), np.ones((1, dimension)))
    found = explore(boxes, EARLY_POINTS)
    while len(boxes) < CELLS:
        waste = boxes.volume * (found[:, 0] - found[:, 1])
        if waste.sum() < (1 - ENOUGH) * (boxes.volume @ found[:, 0]):
            break
        count = min(1 + len(boxes) // AT_ONCE, len(boxes), CELLS - len(boxes))
        cut = np.argsort(waste, kind="stable")[-count:]
        below, above = _halves(boxes[cut], found[cut, 2].astype(np.int64), found[cut, 3])
        points = max(POINTS, EARLY_POINTS // len(boxes))
        found[cut] = explore(below, points)
        found = np.concatenate([found, explore(above, points)])
        boxes = boxes.with_parts(cut, below, above)
    maxima = np.maximum(found[:, 0], explore(boxes, MORE_POINTS)[:, 0])
    return boxes, MARGIN * np.maximum(maxima, FLOOR * (maxima @ boxes.volume))


def _halves(boxes: Boxes, axis: IntArray, share: Array) -> tuple[Boxes, Boxes]:
    """The parts of boxes below and above a cut across an axis at a share of the width."""
    each = np.arange(len(boxes))
    low, first, second = boxes.low.copy(), boxes.width.copy(), boxes.width.copy()
    first[each, axis] *= share
    second[each, axis] *= 1 - share
    low[each, axis] += first[each, axis]
    return Boxes(boxes.low, first), Boxes(low, second)
