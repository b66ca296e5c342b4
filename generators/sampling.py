"""Integrating and unweighting a density over the unit cube. Knows no process.

vegas learns a separable grid (with `beta=0`: only the grid adapts), on which a lattice integrates. Then the cube is cut
into cells, each with its own maximum of density times Jacobian, and a compiled kernel draws cells by an alias table and
accepts points below the cell's maximum. A point above it is kept with its weight above 1, so that the sample stays
exact, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import float64, int64, types, void

from alphoton.generators.jit import DENSITY_TYPE, Array, Density, IntArray, kernel

POINTS_1D, MARGIN_1D = 16, 1.01
"""Points tried in each cell, and the margin on the largest: between the points the density may be higher."""
POINTS, MARGIN, FLOOR = 150, 1.2, 1e-3
"""The same in more dimensions, at random points, with a floor relative to the mean maximum."""
ROUNDING = 1e-13
"""Relative rounding of a sum of densities: no quoted error is smaller."""
LATTICE, LATTICE_MULTIPLIER = 32_749, 7_495
"""Points of a Korobov lattice, (1, a, a^2, ...) i / n, and its multiplier: of 4000 at random the one whose error for the
worst function of smoothness 2 (the sum of the product over the axes of 1 + 2 pi^2 B_2(x)) lies furthest below the usual in
2 to 6 dimensions alike."""
EVEN_POINTS = 1 << 20
"""Added to a seed's spawn key for the points on the frozen grid: their number changes no grid and no event."""


@dataclass(frozen=True)
class Integral:
    """An integral with its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Grid:
    """A frozen vegas map: `edges[j, :ninc[j] + 1]` are the increments' edges on axis j."""

    edges: Array
    ninc: IntArray


@dataclass(frozen=True)
class Effort:
    """Evaluations and iterations for adapting, and the evaluations for which the grid is then made finer; for the
    integral on the frozen grid the points of a lattice, and its shifts."""

    adapt_evaluations: int = 4_000
    adapt_iterations: int = 8
    evaluations: int = 10_000
    lattice: int = 8_009
    shifts: int = 32


@kernel(void(DENSITY_TYPE, float64[:, ::1], float64[::1], float64[::1]))
def evaluate(density: Density, x: Array, p: Array, out: Array) -> None:
    """Fill `out` (n) with the density at the points x (n, d)."""
    for i in range(len(out)):
        out[i] = density(x[i], p)


def values(density: Density, x: Array, p: Array) -> Array:
    """The density at the points x (n, d)."""
    out = np.empty(len(x))
    evaluate(density, x, p, out)
    return out


def integrate(
    density: Density, p: Array, dimension: int, seed: np.random.SeedSequence, effort: Effort | None = None
) -> tuple[Integral, Grid]:
    """The integral of a density over the unit cube by vegas, and the grid adapted to it."""
    import vegas  # 0.1 s

    effort = effort or (Effort() if dimension == 1 else Effort(25_000, 8, 100_000, LATTICE))
    rng = np.random.default_rng(seed)

    @vegas.lbatchintegrand
    def integrand(x: Array) -> Array:
        return values(density, np.ascontiguousarray(x), p)

    integrator = vegas.Integrator([[0.0, 1.0]] * dimension, ran_array_generator=rng.random, beta=0.0)
    integrator(integrand, nitn=effort.adapt_iterations, neval=effort.adapt_evaluations)
    integrator.set(neval=effort.evaluations)
    ninc = np.asarray(integrator.map.ninc, dtype=np.int64)
    grid = Grid(np.ascontiguousarray(integrator.map.grid, dtype=np.float64), ninc)
    own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, EVEN_POINTS))
    return _on_the_grid(density, p, grid, np.random.default_rng(own), effort), grid


def _on_the_grid(density: Density, p: Array, grid: Grid, rng: np.random.Generator, effort: Effort) -> Integral:
    """The integral by a lattice that fills the frozen grid evenly, and its error from the spread over random shifts of it.

    A shift makes every point uniform, so that the mean is unbiased; the shifts are independent, so that the spread is the
    error (R. Cranley and T. N. L. Patterson, SIAM J. Numer. Anal. 13 (1976) 904). Scrambled Sobol points are as near, but
    rare scramblings are far off, and too few of them tell so.
    """
    generator = np.array([pow(LATTICE_MULTIPLIER, j, effort.lattice) for j in range(len(grid.ninc))], dtype=np.int64)
    shifts = rng.random((effort.shifts, len(grid.ninc)))
    means = np.array([_mean(density, p, grid.edges, grid.ninc, effort.lattice, generator, shift) for shift in shifts])
    value = float(means.mean())
    return Integral(value, float(np.hypot(means.std(ddof=1) / np.sqrt(len(means)), ROUNDING * value)))


@kernel(float64(float64[:, ::1], int64[::1], int64[::1], int64, float64[::1], float64[::1]))
def _place(edges: Array, ninc: IntArray, cells: IntArray, cell: int, u: Array, x: Array) -> float:
    """Turn a position u within a cell of the vegas map into the point x of the cube; returns the map's Jacobian."""
    jacobian = 1.0
    for j in range(len(cells)):
        t = (cell % cells[j] + u[j]) / cells[j] * ninc[j]
        cell //= cells[j]
        k = min(int(t), ninc[j] - 1)
        width = edges[j, k + 1] - edges[j, k]
        x[j] = edges[j, k] + (t - k) * width
        jacobian *= ninc[j] * width
    return jacobian


@kernel(float64(DENSITY_TYPE, float64[::1], float64[:, ::1], int64[::1], int64, int64[::1], float64[::1]))
def _mean(density: Density, p: Array, edges: Array, ninc: IntArray, count: int, generator: IntArray, shift: Array) -> float:
    """The mean of density times Jacobian over the points `shift + i generator / count`, modulo 1, of the map's own cube."""
    x, u, whole = np.empty(len(ninc)), np.empty(len(ninc)), np.ones(len(ninc), np.int64)
    total = 0.0
    for i in range(count):
        for j in range(len(ninc)):
            u[j] = (shift[j] + (i * generator[j]) % count / count) % 1.0
        jacobian = _place(edges, ninc, whole, 0, u, x)
        total += density(x, p) * jacobian
    return total / count


@kernel(void(DENSITY_TYPE, float64[::1], float64[:, ::1], int64[::1], int64[::1], float64[:, ::1], float64[::1]))
def _scan(density: Density, p: Array, edges: Array, ninc: IntArray, cells: IntArray, points: Array, maxima: Array) -> None:
    """Fill `maxima` with the largest density times Jacobian in each cell among the same points of every cell."""
    x = np.empty(len(cells))
    for cell in range(len(maxima)):
        for i in range(len(points)):
            jacobian = _place(edges, ninc, cells, cell, points[i], x)
            maxima[cell] = max(maxima[cell], density(x, p) * jacobian)


@kernel(
    int64(
        DENSITY_TYPE,
        float64[::1],
        float64[:, ::1],
        int64[::1],
        int64[::1],
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
    cells: IntArray,
    maxima: Array,
    keep: Array,
    alias: IntArray,
    rng: np.random.Generator,
    x: Array,
    weights: Array,
) -> int:
    """Fill x (n, d) with accepted points, `weights` (n) with 1 or the excess above a maximum; returns the trials."""
    trials = 0
    u = np.empty(len(cells))
    for i in range(len(weights)):
        weight = 0.0
        while rng.random() >= weight:
            trials += 1
            r = rng.random() * len(maxima)
            cell = int(r)
            if r - cell >= keep[cell]:
                cell = alias[cell]
            for j in range(len(cells)):
                u[j] = rng.random()
            jacobian = _place(edges, ninc, cells, cell, u, x[i])
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


class Sampler:
    """Draws unweighted points of a density; immutable once made, so that threads can share it."""

    def __init__(
        self,
        density: Density,
        p: Array,
        dimension: int,
        seed: np.random.SeedSequence,
        cells: tuple[int, ...] | None = None,
    ) -> None:
        self.density, self.p = density, p
        self.integral, self.grid = integrate(density, p, dimension, seed)
        # one cell an increment of the map: within it the Jacobian is constant, so that few points find the maximum
        self._cells = self.grid.ninc if cells is None else np.array(cells, dtype=np.int64)
        self._maxima = self._find_maxima(dimension, np.random.default_rng(seed.spawn(1)[0]))
        self._keep, self._alias = alias_table(self._maxima)

    def _find_maxima(self, dimension: int, rng: np.random.Generator) -> Array:
        """A cell's maximum among its points, with a margin; where the density was 0 at all of them it may still not be."""
        maxima = np.zeros(int(np.prod(self._cells)))
        if dimension == 1:
            points, margin, floor = np.linspace(0.0, 1.0, POINTS_1D)[:, None], MARGIN_1D, 1e-9
        else:
            points, margin, floor = rng.random((POINTS, dimension)), MARGIN, FLOOR
        _scan(self.density, self.p, self.grid.edges, self.grid.ninc, self._cells, np.ascontiguousarray(points), maxima)
        return margin * np.maximum(maxima, floor * maxima.mean())

    def draw(self, count: int, rng: np.random.Generator) -> Sample:
        """`count` points distributed as the density."""
        x, weights = np.empty((count, len(self._cells))), np.empty(count)
        trials = _draw(
            self.density,
            self.p,
            self.grid.edges,
            self.grid.ninc,
            self._cells,
            self._maxima,
            self._keep,
            self._alias,
            rng,
            x,
            weights,
        )
        return Sample(x, weights, trials)
