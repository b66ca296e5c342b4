"""Track lengths of a shower (`cascade`) as part of a process' parameters: energies and depths drawn from them.

The length is even in ln E and depth within a bin. With F(w) the length of particles with ln(E0/E) below w, those above some
least energy have w = F^-1(x F(w_max)), x in [0, 1], and F(w_max) is the whole of their weight; then the depth is drawn from
those of that bin in energy. Where several kinds take part, the depths of one stand behind those of the other.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numba import float64, int64, void
from numpy.typing import NDArray

from alphoton.generators.jit import Array, kernel
from alphoton.generators.matter.cascade import BATCHES, KINDS, track_lengths


@lru_cache(maxsize=16)
def packed(least: float, thickness: float, kinds: tuple[str, ...]) -> Array:
    """The table of the kinds together above a share `least` of the beam's energy, as one array for kernels.

    n, m, kinds, edges in w (n + 1), F at them (n + 1), edges in depth (m + 1), for each bin in w the part of its length
    up to the end of each of the kinds' bins in depth (n, kinds m), and each group's length over the mean (n, BATCHES).
    """
    table = track_lengths(1.0, thickness, least)
    rows = [KINDS[kind] for kind in kinds]
    width = np.diff(table.energy_edges)
    lengths = (table.lengths[rows] * width[:, None])[:, ::-1]  # in w, from the beam's energy down
    groups = (table.groups[:, rows].sum(axis=1) * width)[:, ::-1]
    each = lengths.sum(axis=(0, 2))
    by_depth = np.concatenate(list(lengths), axis=1)
    some = np.where(each > 0, each, 1.0)[:, None]
    parts = np.cumsum(by_depth, axis=1) / some
    parts[:, -1] = 1.0
    F = np.concatenate([[0.0], np.cumsum(each)])
    w = -np.log(table.energy_edges[::-1])
    sizes = [len(each), len(table.depth_edges) - 1, len(rows)]
    pieces = (sizes, np.abs(w), F, table.depth_edges, parts.ravel(), (groups.T / some).ravel())
    return np.concatenate([np.asarray(piece, dtype=np.float64) for piece in pieces])


@kernel(float64(float64, float64[::1]))
def length(w: float, table: Array) -> float:
    """F(w): the length, in radiation lengths, of particles with ln(E0/E) below w."""
    n = int(table[0])
    edges, F = table[3 : 4 + n], table[4 + n : 5 + 2 * n]
    if w <= 0:
        return 0.0
    if w >= edges[n]:
        return float(F[n])
    i = int(np.searchsorted(edges, w, side="right")) - 1
    return float(F[i] + (w - edges[i]) / (edges[i + 1] - edges[i]) * (F[i + 1] - F[i]))


@kernel(int64(float64, float64[::1]))
def bin_of(w: float, table: Array) -> int:
    """The bin of ln(E0/E), the first or the last where it is outside."""
    n = int(table[0])
    return min(max(int(np.searchsorted(table[3 : 4 + n], w, side="right")) - 1, 0), n - 1)


@kernel(float64(float64, float64[::1]))
def slope(w: float, table: Array) -> float:
    """dF/dw, linear between the middles of bins: E dT/dE at w = ln(E0/E), in radiation lengths."""
    n = int(table[0])
    edges, F = table[3 : 4 + n], table[4 + n : 5 + 2 * n]
    i = bin_of(w, table)
    if w < (edges[i] + edges[i + 1]) / 2:
        i -= 1
    i = min(max(i, 0), n - 2)
    left, right = (edges[i] + edges[i + 1]) / 2, (edges[i + 1] + edges[i + 2]) / 2
    at_left, at_right = (F[i + 1] - F[i]) / (edges[i + 1] - edges[i]), (F[i + 2] - F[i + 1]) / (edges[i + 2] - edges[i + 1])
    share = min(max((w - left) / (right - left), 0.0), 1.0)
    return float(at_left + share * (at_right - at_left))


@kernel(void(float64[::1], float64[::1], float64[::1]))
def _fill_bins(w: Array, table: Array, out: Array) -> None:
    for k in range(len(w)):
        out[k] = bin_of(w[k], table)


def bins(w: Array, table: Array) -> Array:
    """The bins (n) of ln(E0/E) (n)."""
    out = np.empty(len(w))
    _fill_bins(np.ascontiguousarray(w), table, out)
    return out


@kernel("Tuple((float64, int64))(float64, float64[::1])")
def inverse(F_wanted: float, table: Array) -> tuple[float, int]:
    """w with F(w) as wanted, and its bin."""
    n = int(table[0])
    edges, F = table[3 : 4 + n], table[4 + n : 5 + 2 * n]
    i = min(max(int(np.searchsorted(F, F_wanted, side="left")) - 1, 0), n - 1)
    step = F[i + 1] - F[i]
    share = (F_wanted - F[i]) / step if step > 0 else 0.0
    return edges[i] + min(share, 1.0) * (edges[i + 1] - edges[i]), i


@kernel("Tuple((float64, int64))(float64, int64, float64[::1])")
def depth_and_kind(x: float, i: int, table: Array) -> tuple[float, int]:
    """The depth (radiation lengths) at x in [0, 1] of a particle in bin i in w, and the place of its kind."""
    n, m, kinds = int(table[0]), int(table[1]), int(table[2])
    edges = table[5 + 2 * n : 6 + 2 * n + m]
    start = 6 + 2 * n + m + i * kinds * m
    parts = table[start : start + kinds * m]
    j = min(int(np.searchsorted(parts, x, side="left")), kinds * m - 1)
    below = parts[j - 1] if j > 0 else 0.0
    step = parts[j] - below
    share = (x - below) / step if step > 0 else 0.0
    k = j % m
    return edges[k] + min(max(share, 0.0), 1.0) * (edges[k + 1] - edges[k]), j // m


@kernel(void(float64[::1], float64[::1], float64[::1], float64[:, ::1]))
def fill(w_max: Array, x_energy: Array, table: Array, out: Array) -> None:
    """Fill out (n, 2) = (w, its bin) at the variable of the energy (n) below `w_max` (n)."""
    for k in range(len(w_max)):
        w, i = inverse(x_energy[k] * length(w_max[k], table), table)
        out[k, 0], out[k, 1] = w, float(i)


@kernel(void(float64[::1], float64[:, ::1], float64[::1], float64[:, ::1]))
def fill_depths(x_depth: Array, drawn: Array, table: Array, out: Array) -> None:
    """Fill out (n, 2) = (depth, place of the kind) of particles drawn by `fill`."""
    for k in range(len(x_depth)):
        depth, kind = depth_and_kind(x_depth[k], int64(drawn[k, 1]), table)
        out[k, 0], out[k, 1] = depth, float(kind)


def energies(w_max: Array, x_energy: Array, table: Array) -> Array:
    """(n, 2): ln(E0/E) below `w_max` (n) and its bin."""
    out = np.empty((len(w_max), 2))
    fill(np.ascontiguousarray(w_max), np.ascontiguousarray(x_energy), table, out)
    return out


def depths(x_depth: Array, drawn: Array, table: Array) -> Array:
    """(n, 2): depth in radiation lengths, and the place of the kind, of particles from `energies`."""
    out = np.empty((len(x_depth), 2))
    fill_depths(np.ascontiguousarray(x_depth), drawn, table, out)
    return out


def groups(bins: NDArray[np.float64], table: Array) -> Array:
    """(n, BATCHES): by how much each group of primaries has more length than the mean in these bins in w."""
    ratios: Array = table[-int(table[0]) * BATCHES :].reshape(-1, BATCHES)
    return ratios[bins.astype(np.int64)]


def error(densities: Array, bins: Array, table: Array) -> float:
    """The relative error that an integral has from the table, with its densities (n) at points in these bins in w."""
    if not densities.any():
        return 0.0
    each = densities @ groups(bins, table) / densities.sum()
    return float(each.std(ddof=1) / math.sqrt(BATCHES))
