"""Showers by Monte Carlo: track lengths of electrons, positrons and photons below an electron, in one dimension.

Approximation A of B. Rossi (High-Energy Particles, 1952), complete screening: bremsstrahlung with
dN/dt dv = (1/v) [4/3 (1 - v) + v^2], v = k/E (Tsai, Rev. Mod. Phys. 46 (1974) 815, without the term of 1 to 2% in
(1 - v)/v that depends on Z: then an electron loses the share dt of its energy in dt on average), and pair production
with dN/dt dz = 1 - 4/3 z (1 - z), 7/9 in all. No loss to collisions, no other process. Everything follows from ratios of
energies: depths are in radiation lengths, and w = ln(E0/E) is the energy.

A photon softer than a small share of the electron, and softer than the least energy, is a loss that goes on all the time;
every other one is drawn. Between two of these ln E falls evenly, and the length in each bin is exact. Each primary has
random numbers of its own, so that neither the order nor the number of workers changes it.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import float64, int64, uint64, void
from numpy.typing import NDArray

from alphoton.generators.jit import Array, kernel
from alphoton.generators.trained import Arrays, kept

ELECTRON, POSITRON, PHOTON = 0, 1, 2
KINDS = {"electron": ELECTRON, "positron": POSITRON, "photon": PHOTON}
PAIR_RATE = 7 / 9
"""Pair production per radiation length."""
SOFT = 0.001
"""Share of an electron's energy below which photons are a steady loss, in units of the share that it may lose. Where no more
than a few times that is lost, next to the beam's energy, dT/dE has not its shape."""
BATCHES = 32
"""Groups of primaries whose spread is the error."""

_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


@kernel(uint64(uint64))
def _mixed(z: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    z = (z ^ (z >> _S30)) * _FIRST
    z = (z ^ (z >> _S27)) * _SECOND
    return z ^ (z >> _S31)


@kernel(float64(uint64[::1]))
def _random(state: NDArray[np.uint64]) -> float:
    """The next number of SplitMix64, evenly in (0, 1)."""
    state[0] += _GOLDEN
    return (float(_mixed(state[0]) >> _S11) + 0.5) * 2.0**-53


@kernel("UniTuple(float64, 2)(float64)")
def _radiation(soft: float) -> tuple[float, float]:
    """(photons above v = soft per radiation length, share of the energy lost to those below)."""
    rate = -4 / 3 * (math.log(soft) + 1 - soft) + (1 - soft * soft) / 2
    return rate, 4 / 3 * (soft - soft * soft / 2) + soft**3 / 3


@kernel(float64(float64, uint64[::1]))
def _photon_share(soft: float, state: NDArray[np.uint64]) -> float:
    """v of a photon above `soft`."""
    while True:
        v = math.pow(soft, _random(state))
        if _random(state) < 1 - v + 0.75 * v * v:
            return v


@kernel(float64(uint64[::1]))
def _pair_share(state: NDArray[np.uint64]) -> float:
    """z of the electron of a pair."""
    while True:
        z = _random(state)
        if _random(state) < 1 - 4 / 3 * z * (1 - z):
            return z


@kernel("UniTuple(float64, 2)(float64, float64, float64, float64, float64[::1], float64[::1], float64[:, ::1])")
def _walk(
    w: float, depth: float, step: float, loss: float, w_edges: Array, depths: Array, lengths: Array
) -> tuple[float, float]:
    """Go a step, w growing by `loss` per radiation length, and add it to the bins; ends at the last edge of either."""
    i, j = np.searchsorted(w_edges, w, side="right") - 1, np.searchsorted(depths, depth, side="right") - 1
    while step > 0 and i < len(w_edges) - 1 and j < len(depths) - 1:
        to_w = (w_edges[i + 1] - w) / loss if loss > 0 else math.inf
        to_depth = depths[j + 1] - depth
        move = min(step, to_w, to_depth)
        lengths[i, j] += move
        step -= move
        w, depth = w + loss * move, depth + move
        if move == to_w:
            i += 1
            w = w_edges[i]
        if move == to_depth:
            j += 1
            depth = depths[j]
    return w, depth


@kernel(void(int64, int64, uint64, float64, float64[::1], float64[::1], float64[:, :, ::1], float64[:, ::1]))
def _showers(
    first: int, count: int, seed: np.uint64, soft: float, w_edges: Array, depths: Array, lengths: Array, ends: Array
) -> None:
    """Add primaries `first`, `first` + 1, ... to `lengths` (3, energies, depths).

    `ends` (count, 2) is where each primary's energy, 1, went: below the least energy, and out of the end.
    """
    w_last, least, thickness = w_edges[-1], math.exp(-w_edges[-1]), depths[-1]
    size = int(1 / least) + 3  # together they have no more than the primary, and each has the least energy
    kinds, ws, starts, state = np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(1, np.uint64)
    for n in range(count):
        state[0] = _mixed(seed ^ _mixed(np.uint64(first + n)))
        kinds[0], ws[0], starts[0], waiting = ELECTRON, 0.0, 0.0, 1
        while waiting > 0:
            waiting -= 1
            kind, w, depth = kinds[waiting], ws[waiting], starts[waiting]
            while w < w_last and depth < thickness:
                energy = math.exp(-w)
                if kind == PHOTON:
                    w, depth = _walk(w, depth, -math.log(_random(state)) / PAIR_RATE, 0.0, w_edges, depths, lengths[kind])
                    if depth >= thickness:
                        break
                    share, kind, other = _pair_share(state), ELECTRON, POSITRON
                else:
                    cut = min(soft, least / energy)
                    rate, loss = _radiation(cut)
                    w, depth = _walk(w, depth, -math.log(_random(state)) / rate, loss, w_edges, depths, lengths[kind])
                    ends[n, 0] += energy - math.exp(-w)
                    if w >= w_last or depth >= thickness:
                        break
                    energy, share, other = math.exp(-w), 1 - _photon_share(cut, state), PHOTON
                left = energy * (1 - share)
                if left > least:
                    kinds[waiting], ws[waiting], starts[waiting] = other, -math.log(left), depth
                    waiting += 1
                else:
                    ends[n, 0] += left
                w = w - math.log(share) if share > 0 else math.inf
            ends[n, 1 if depth >= thickness and w < w_last else 0] += math.exp(-w)


@dataclass(frozen=True)
class TrackLengths:
    """Lengths travelled in a shower, per energy and depth, with what they are averages of.

    `energy_edges` (n + 1, GeV, rising) and `depth_edges` (m + 1, radiation lengths) bound the bins. `lengths` (3, n, m) are
    of electrons, positrons and photons, in radiation lengths per GeV of each primary and bin in depth: their sum over
    depths is dT/dE, averaged over the bin in energy. `errors` (3, n, m) are theirs, and `groups` (BATCHES, 3, n) is dT/dE of
    groups of primaries: errors of anything summed over energies follow from their spread.
    """

    beam_energy: float
    primaries: int
    energy_edges: Array
    depth_edges: Array
    lengths: Array
    errors: Array
    groups: Array

    @property
    def thickness(self) -> float:
        return float(self.depth_edges[-1])

    def spectrum(self, *kinds: str) -> tuple[Array, Array]:
        """dT/dE (n) of the kinds together, in radiation lengths per GeV, and its error."""
        return mean_and_error(self._together(kinds))

    def _together(self, kinds: tuple[str, ...]) -> Array:
        together: Array = self.groups[:, [KINDS[kind] for kind in kinds]].sum(axis=1)
        return together

    def above(self, energy: float, *kinds: str) -> tuple[float, float]:
        """The length (radiation lengths) above an energy (GeV) of the kinds together, and its error."""
        low, high = self.energy_edges[:-1], self.energy_edges[1:]
        # in a bin the length is even in ln E
        share = np.clip(np.log(high / np.maximum(energy, low)) / np.log(high / low), 0, 1)
        value, error = mean_and_error(self._together(kinds) @ (share * (high - low)))
        return float(value), float(error)

    def at(self, energy: float, *kinds: str) -> tuple[float, float]:
        """dT/dE (radiation lengths per GeV) of the kinds together at an energy (GeV), and its error.

        Between the middles of bins ln(dT/dE) is taken as linear in ln E. Raises `ValueError` outside the table.
        """
        if not self.energy_edges[0] <= energy <= self.energy_edges[-1]:
            low, high = self.energy_edges[[0, -1]]
            raise ValueError(f"{energy:g} GeV is outside the track lengths, {low:g} to {high:g} GeV")
        middles = np.log(np.sqrt(self.energy_edges[1:] * self.energy_edges[:-1]))
        value, error = self.spectrum(*kinds)
        return tuple(float(np.interp(math.log(energy), middles, y)) for y in (value, error))  # type: ignore[return-value]


def mean_and_error(groups: Array) -> tuple[Array, Array]:
    """The mean over the first axis and its standard error."""
    return groups.mean(axis=0), groups.std(axis=0, ddof=1) / math.sqrt(len(groups))


def track_lengths(
    beam_energy: float,
    thickness: float,
    least_energy: float,
    *,
    primaries: int | None = None,
    seed: int = 1,
    soft: float = SOFT,
    workers: int = 1,
) -> TrackLengths:
    """Track lengths above `least_energy` in the shower of an electron in a target of `thickness` radiation lengths.

    Energies in GeV. The number of primaries (by default what takes a few seconds) is rounded up to whole groups. The same
    numbers for any number of workers (threads). Kept on disk: they depend on least_energy / beam_energy only. Raises
    `ValueError` unless 0 < least_energy < beam_energy and the thickness is above 0.
    """
    if not 0 < least_energy < beam_energy or thickness <= 0:
        raise ValueError(
            f"a shower of {beam_energy:g} GeV needs a least energy above 0 and below it, and a thickness above 0; got "
            f"{least_energy:g} GeV and {thickness:g} radiation lengths"
        )
    least = least_energy / beam_energy
    cut = soft * (1 - least)
    wanted = _affordable(least) if primaries is None else primaries
    size = max(1, -(-wanted // BATCHES))
    w_edges, depths = _energy_bins(-math.log(least)), np.expm1(np.linspace(0.0, math.log1p(thickness), DEPTHS + 1))

    def make() -> Arrays:
        with ThreadPoolExecutor(workers) as pool:
            groups = np.array(list(pool.map(lambda k: _group(k * size, size, seed, cut, w_edges, depths), range(BATCHES))))
        lengths, errors = mean_and_error(groups)
        return {"lengths": lengths, "errors": errors, "groups": groups.sum(axis=3)}

    p = np.array([least, thickness, cut])
    found = kept("shower", track_lengths, p, np.random.SeedSequence(seed), (size, BATCHES), make)  # type: ignore[arg-type]
    edges = beam_energy * np.exp(-w_edges[::-1])
    edges[0] = least_energy
    width = np.diff(edges)
    return TrackLengths(
        beam_energy,
        size * BATCHES,
        edges,
        depths,
        found["lengths"][:, ::-1] / width[:, None],
        found["errors"][:, ::-1] / width[:, None],
        found["groups"][:, :, ::-1] / width,
    )


DEPTHS = 60
"""Bins in depth, even in ln(1 + depth)."""


def _affordable(least: float) -> int:
    """Primaries that take a few seconds: their work grows as the least energy falls."""
    return int(np.clip(6e6 * least, BATCHES * 10, 3_000_000))


def _energy_bins(w_last: float) -> Array:
    """Edges in w = ln(E0/E), 0.05 apart or closer, and finer where the primary is."""
    count = max(40, math.ceil(w_last / 0.05))
    even = np.linspace(0.0, w_last, count + 1)
    return np.concatenate([[0.0], even[1] / 2.0 ** np.arange(5, 0, -1), even[1:]])


def _group(first: int, count: int, seed: int, soft: float, w_edges: Array, depths: Array) -> Array:
    """Mean lengths (3, energies, depths) of `count` primaries, from number `first` on."""
    lengths = np.zeros((3, len(w_edges) - 1, len(depths) - 1))
    _showers(first, count, np.uint64(seed), soft, w_edges, depths, lengths, np.zeros((count, 2)))
    return lengths / count
