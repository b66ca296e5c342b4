"""Integrating a density over the unit cube: vegas learns a separable grid (with `beta=0`: only the grid adapts), on which a
lattice then integrates. Knows no process.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from numba import float64, int64, void

from alphoton.data.signals import held
from alphoton.generators.jit import DENSITY_TYPE, Array, Density, IntArray, kernel
from alphoton.generators.trained import Arrays, kept

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
class Boxes:
    """Boxes in the map's own cube: lower corners and widths, each (n, d)."""

    low: Array
    width: Array

    def __len__(self) -> int:
        return len(self.low)

    def __getitem__(self, which: IntArray) -> Boxes:
        return Boxes(self.low[which], self.width[which])

    @property
    def volume(self) -> Array:
        """Their shares (n) of the cube."""
        volume: Array = self.width.prod(axis=1)
        return volume

    def with_parts(self, which: IntArray, instead: Boxes, more: Boxes) -> Boxes:
        """These boxes, some of them replaced, and more behind them."""
        low, width = self.low.copy(), self.width.copy()
        low[which], width[which] = instead.low, instead.width
        return Boxes(np.concatenate([low, more.low]), np.concatenate([width, more.width]))


@dataclass(frozen=True)
class Effort:
    """Evaluations and iterations for adapting, and the evaluations for which the grid is then made finer; for the
    integral on the frozen grid the points of a lattice, and its shifts.

    The points of a lattice are no whole number of times the increments (1000 of them in one dimension: 8.627). Where they
    nearly are, at 8009 or 4001, the kinks at the increments' edges add up: the error is larger, and far from normal.
    """

    adapt_evaluations: int = 4_000
    adapt_iterations: int = 8
    evaluations: int = 10_000
    lattice: int = 8_627
    shifts: int = 32


@kernel(void(DENSITY_TYPE, float64[:, ::1], float64[::1], float64[::1]))
def evaluate(density: Density, x: Array, p: Array, out: Array) -> None:
    """Fill `out` (n) with the density at the points x (n, d)."""
    for i in range(len(out)):
        out[i] = density(x[i], p)


def values(density: Density, x: Array, p: Array) -> Array:
    """The density at the points x (n, d)."""
    out = np.empty(len(x))
    with held():
        evaluate(density, x, p, out)
    return out


def integrate(
    density: Density, p: Array, dimension: int, seed: np.random.SeedSequence, effort: Effort | None = None
) -> tuple[Integral, Grid]:
    """The integral of a density over the unit cube by vegas, and the grid adapted to it; kept on disk (`trained`)."""
    effort = effort or (Effort() if dimension == 1 else Effort(25_000, 8, 100_000, LATTICE))

    def make() -> Arrays:
        grid = _adapted(density, p, dimension, np.random.default_rng(seed), effort)
        own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, EVEN_POINTS))
        integral = _on_the_grid(density, p, grid, np.random.default_rng(own), effort)
        return {"integral": np.array([integral.value, integral.error]), "edges": grid.edges, "ninc": grid.ninc}

    found = kept("grid", density, p, seed, (dimension, *astuple(effort)), make)
    value, error = found["integral"]
    return Integral(float(value), float(error)), Grid(found["edges"], found["ninc"].astype(np.int64))


def _adapted(density: Density, p: Array, dimension: int, rng: np.random.Generator, effort: Effort) -> Grid:
    """The map of vegas after it has learnt, with as many increments as more evaluations would give."""
    import vegas  # 0.1 s

    @vegas.lbatchintegrand
    def integrand(x: Array) -> Array:
        return values(density, np.ascontiguousarray(x), p)

    integrator = vegas.Integrator([[0.0, 1.0]] * dimension, ran_array_generator=rng.random, beta=0.0)
    integrator(integrand, nitn=effort.adapt_iterations, neval=effort.adapt_evaluations)
    integrator.set(neval=effort.evaluations)
    ninc = np.asarray(integrator.map.ninc, dtype=np.int64)
    return Grid(np.ascontiguousarray(integrator.map.grid, dtype=np.float64), ninc)


def _on_the_grid(density: Density, p: Array, grid: Grid, rng: np.random.Generator, effort: Effort) -> Integral:
    """The integral by a lattice that fills the frozen grid evenly, and its error from the spread over random shifts of it.

    A shift makes every point uniform, so that the mean is unbiased; the shifts are independent, so that the spread is the
    error (R. Cranley and T. N. L. Patterson, SIAM J. Numer. Anal. 13 (1976) 904). Scrambled Sobol points are as near, but
    rare scramblings are far off, and too few of them tell so. In one dimension each shift has a point more than the last:
    where the density has a step, the mean is one of two values, and with one number of points the other may be so rare that
    no shift shows it.
    """
    generator = np.array([pow(LATTICE_MULTIPLIER, j, effort.lattice) for j in range(len(grid.ninc))], dtype=np.int64)
    shifts = rng.random((effort.shifts, len(grid.ninc)))
    counts = effort.lattice + (np.arange(len(shifts)) if len(grid.ninc) == 1 else np.zeros(len(shifts), dtype=np.int64))
    drawn = zip(counts.tolist(), shifts, strict=True)
    with held():
        means = np.array([_mean(density, p, grid.edges, grid.ninc, count, generator, shift) for count, shift in drawn])
    value = float(means.mean())
    return Integral(value, float(np.hypot(means.std(ddof=1) / np.sqrt(len(means)), ROUNDING * value)))


@kernel(float64(float64[:, ::1], int64[::1], float64[::1], float64[::1], float64[::1], float64[::1]))
def place(edges: Array, ninc: IntArray, low: Array, width: Array, u: Array, x: Array) -> float:
    """Turn a position u within the box from `low` of the map's own cube into the point x; returns the map's Jacobian."""
    jacobian = 1.0
    for j in range(len(ninc)):
        t = (low[j] + u[j] * width[j]) * ninc[j]
        k = min(int(t), ninc[j] - 1)
        increment = edges[j, k + 1] - edges[j, k]
        x[j] = edges[j, k] + (t - k) * increment
        jacobian *= ninc[j] * increment
    return jacobian


@kernel(float64(DENSITY_TYPE, float64[::1], float64[:, ::1], int64[::1], int64, int64[::1], float64[::1]))
def _mean(density: Density, p: Array, edges: Array, ninc: IntArray, count: int, generator: IntArray, shift: Array) -> float:
    """The mean of density times Jacobian over the points `shift + i generator / count`, modulo 1, of the map's own cube."""
    x, u, origin, whole = np.empty(len(ninc)), np.empty(len(ninc)), np.zeros(len(ninc)), np.ones(len(ninc))
    total = 0.0
    for i in range(count):
        for j in range(len(ninc)):
            u[j] = (shift[j] + (i * generator[j]) % count / count) % 1.0
        jacobian = place(edges, ninc, origin, whole, u, x)
        total += density(x, p) * jacobian
    return total / count
