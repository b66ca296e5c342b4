"""Events in memory: cross-sections, samplers and chunks of events of one process card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import float64, void
from numpy.typing import NDArray

from alphoton.data.errors import InputError
from alphoton.data.event_file import CHUNK, Chunk, Jagged
from alphoton.data.random_streams import Stage, stream
from alphoton.generators import processes
from alphoton.generators.constants import TWO_PI
from alphoton.generators.decays import Record, decay
from alphoton.generators.jit import Array, Density, kernel
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.base import Component, Process
from alphoton.generators.sampling import Sampler
from alphoton.generators.vegas_grid import Grid, Integral, integrate, places, values

TABLE, WHOLE, OWN = 8, 9, 10
"""Numbers for the seeds of a table's error, a process' density, and of the first component drawn by itself; below are all
components'."""
POINTS_FOR_TABLE = 50_000


@dataclass(frozen=True)
class CrossSection:
    """Cross-section in pb with its Monte Carlo error, and its components at the card's couplings."""

    value: float
    error: float
    components: dict[str, Integral]


@dataclass(frozen=True)
class Channel:
    """A density that events are drawn from: of one run, with its share of all events."""

    run: int
    sampler: Sampler
    share: float


@dataclass(frozen=True)
class Part:
    """What one channel gives to a chunk: momenta (n, particles, 4), depth in mm, components' weights (components, n), and
    particle numbers (n, particles), None where the process has its own."""

    run: int
    weights: Array
    momenta: Array
    depth: Array
    components: Array
    pdg_ids: NDArray[Any] | None
    trials: int


@dataclass(frozen=True)
class Drawn:
    """A chunk of events with what was counted while drawing it."""

    events: Chunk
    trials: int
    overweight: int

    @property
    def run_row(self) -> dict[str, Any]:
        weights = self.events["genWeight"]
        assert isinstance(weights, np.ndarray)
        sums = {"genEventSumw": weights.sum(), "genEventSumw2": (weights**2).sum()}
        return {"genEventCount": np.int64(len(weights)), **sums}


def luminosity_fractions(card: ProcessCard) -> Array:
    """The share of each sqrt(s) in the luminosity, or of each element among the atoms; 1 where there is one."""
    shares = np.array([collision.luminosity or collision.share for collision in card.collisions()])
    return shares / shares.sum()


def cross_section(card: ProcessCard, point: int = 0) -> CrossSection:
    """The cross-section of a card by vegas, averaged over a list of sqrt(s) with the luminosities.

    Raises `InputError` where the density is not finite, or its integral below 0.
    """
    return Normalisation(card, point).cross_section


class Normalisation:
    """Integrals of each component in each run, at unit couplings, and what follows from them.

    Raises `InputError` where a density has no finite integral, or the cross-section is below 0.
    """

    def __init__(self, card: ProcessCard, point: int = 0) -> None:
        self.card, self.point = card, point
        self.process: Process = processes.of(card)
        self.couplings = self.process.couplings(card)
        collisions = card.collisions()
        self.parameters = [self.process.parameters(card, collision) for collision in collisions]
        threshold = self.process.threshold
        self.open_runs = [run for run, collision in enumerate(collisions) if collision.sqrt_s > threshold(card, collision)]
        self.fractions = luminosity_fractions(card)
        self._adapted: dict[tuple[int, int], tuple[Integral, Grid]] = {}
        self.integrals = {c.name: [self._integrate(c, run) for run in self.open_runs] for c in self.process.components}
        self.table_error = 0.0 if self.process.table_error is None else self._table_error()
        if not 0 <= self.cross_section.value < np.inf:
            raise InputError(f"{card.origin}: {card.process}: the cross-section is {self.cross_section.value:g} pb")

    def seed(self, run: int, density: int) -> np.random.SeedSequence:
        return stream(self.card.seed, Stage.ADAPTATION, self.point, run, density)

    def _integrate(self, component: Component, run: int) -> Integral:
        if len(self.process.components) > 1:
            return self.adapted(component.density, run, self.process.components.index(component))[0]
        whole = self.adapted(self.process.density, run, WHOLE)[0]
        return Integral(whole.value / self.couplings[0], whole.error / abs(self.couplings[0]))

    def adapted(self, density: Density, run: int, number: int) -> tuple[Integral, Grid]:
        """The integral of a density in a run and the grid adapted to it, made once; the number is that of its seed."""
        if (run, number) not in self._adapted:
            seed = self.seed(run, number)
            try:
                integral, grid = integrate(density, self.parameters[run], self.process.dimension, seed)
            except ValueError:  # vegas met a density that is not a number
                integral, grid = Integral(np.nan, np.nan), Grid(np.empty((0, 0)), np.empty(0, dtype=np.int64))
            if not (np.isfinite(integral.value) and np.isfinite(integral.error)):
                raise InputError(
                    f"{self.card.origin}: {self.card.process}: the cross-section is {integral.value:g} +- "
                    f"{integral.error:g} pb: its density is not a finite number everywhere"
                )
            self._adapted[run, number] = integral, grid
        return self._adapted[run, number]

    def _table_error(self) -> float:
        """The relative error that a table gives to every run alike: the first's, of a number of points on its grid."""
        assert self.process.table_error is not None
        run = self.open_runs[0]
        p, grid = self.parameters[run], self.adapted(self.process.density, run, WHOLE)[1]
        u = np.random.default_rng(self.seed(run, TABLE)).random((POINTS_FOR_TABLE, len(grid.ninc)))
        x, jacobian = places(grid, u)
        return self.process.table_error(x, values(self.process.density, x, p) * jacobian, p)

    def mean(self, name: str) -> Integral:
        """A component's cross-section at unit couplings, in pb, averaged over the luminosity."""
        fractions = self.fractions[self.open_runs]
        value = sum(f * integral.value for f, integral in zip(fractions, self.integrals[name], strict=True))
        error = np.sqrt(sum((f * i.error) ** 2 for f, i in zip(fractions, self.integrals[name], strict=True)))
        if self.table_error:
            error = np.hypot(error, self.table_error * value)
        return Integral(float(value), float(error))

    @property
    def cross_section(self) -> CrossSection:
        components = {}
        for coupling, component in zip(self.couplings, self.process.components, strict=True):
            unit = self.mean(component.name)
            components[component.name] = Integral(float(coupling * unit.value), float(abs(coupling) * unit.error))
        value = sum(component.value for component in components.values())
        error = np.sqrt(sum(component.error**2 for component in components.values()))
        return CrossSection(float(value), float(error), components)


@kernel(void(float64[:, ::1], float64[::1], float64[::1]))
def _divide(unit: Array, in_mixture: Array, written: Array) -> None:
    """Divide unit densities (components, n) by their sum in the mixture, and leave those that are written."""
    for i in range(unit.shape[1]):
        mixture = 0.0
        for k in range(len(unit)):
            mixture += in_mixture[k] * unit[k, i]
        for k in range(len(unit)):
            unit[k, i] *= written[k] / mixture


def _mixing(counts: Sequence[int], rng: np.random.Generator) -> Callable[[list[NDArray[Any]]], NDArray[Any]]:
    """Puts columns of so many events of each channel into one, channels at random: any part of a chunk is a fair sample."""
    if len(counts) == 1:
        return lambda columns: columns[0]
    channels = rng.permutation(np.repeat(np.arange(len(counts), dtype=np.int16), counts))
    places = np.argsort(channels, kind="stable")

    def mixed(columns: list[NDArray[Any]]) -> NDArray[Any]:
        joined = np.concatenate(columns)
        out = np.empty_like(joined)
        out[places] = joined
        return out

    return mixed


class EventSource:
    """Makes any chunk of the events of a card. Immutable once made: threads may share it.

    `unweighted` sampling draws from the card's own density. `balanced` draws equal shares from the densities of the
    components, as a mixture q; the weights, dsigma/q, are then bounded by the number of components.
    """

    def __init__(self, card: ProcessCard, point: int = 0) -> None:
        self.card, self.point = card, point
        self._normalisation = Normalisation(card, point)
        self.process = self._normalisation.process
        self.cross_section = self._normalisation.cross_section
        self.table_error = self._normalisation.table_error
        self.unit_cross_sections = {c.name: self._normalisation.mean(c.name) for c in self.process.components}
        self._mixture = self._make_mixture()
        self.channels = self._make_channels()

    def _make_mixture(self) -> list[tuple[Any, float, int]]:
        """Densities that events are drawn from, with their luminosity-averaged integrals and numbers for seeds."""
        parts = [c for c in self.process.components if c.own_sample]
        if self.card.sampling == "balanced" and len(parts) > 1:
            return [(c.density, self._normalisation.mean(c.name).value, OWN + i) for i, c in enumerate(parts)]
        return [(self.process.density, self.cross_section.value, WHOLE)]

    def _make_channels(self) -> list[Channel]:
        channels = []
        normalisation = self._normalisation
        for density, mean, number in self._mixture:
            for run in normalisation.open_runs:
                adapted = normalisation.adapted(density, run, number)
                sampler = Sampler(density, normalisation.parameters[run], *adapted, normalisation.seed(run, number))
                share = normalisation.fractions[run] * sampler.integral.value / mean / len(self._mixture)
                channels.append(Channel(run, sampler, float(share)))
        return channels

    def chunk(self, index: int, count: int = CHUNK) -> Drawn:
        """Chunk number `index`, of `count` events: the same whoever makes it."""
        rng = np.random.default_rng(stream(self.card.seed, Stage.GENERATION, self.point, index))
        shares = np.array([channel.share for channel in self.channels])
        counts = rng.multinomial(count, shares / shares.sum())
        drawn = [self._draw(channel, n, rng) for channel, n in zip(self.channels, counts, strict=True) if n > 0]
        mixed = _mixing([len(part.weights) for part in drawn], rng)
        run = mixed([np.full(len(part.weights), part.run, dtype=np.int32) for part in drawn])
        weight = mixed([part.weights for part in drawn])
        components = [mixed([part.components[k] for part in drawn]) for k in range(len(self.process.components))]
        events: Chunk = {
            "run": run,
            "event": np.arange(index * CHUNK, index * CHUNK + count, dtype=np.uint64),
            "genWeight": weight,
        }
        for k, component in enumerate(self.process.components):
            events[f"weight_{component.name}"] = components[k]
        record = self._record(run, mixed([part.momenta for part in drawn]))
        numbers = [part.pdg_ids for part in drawn if part.pdg_ids is not None]
        if numbers:
            record["pdgId"] = mixed(numbers).astype(np.int32)
        if self.process.depth is not None or self.card.decay != "none":
            depth = mixed([part.depth for part in drawn])
            still = np.zeros_like(record["px"])
            record |= {"vx": still, "vy": still.copy(), "vz": still + depth[:, None]}
        if self.card.decay != "none":
            seed = stream(self.card.seed, Stage.DECAY, self.point, index)
            record = decay(self.card, record, np.random.default_rng(seed))
        per_event = record["pdgId"].shape[1]
        events["GenPart"] = Jagged.fixed(per_event, {name: column.reshape(-1) for name, column in record.items()})
        return Drawn(events, sum(part.trials for part in drawn), int((weight > 1).sum()))

    def _draw(self, channel: Channel, count: int, rng: np.random.Generator) -> Part:
        sample = channel.sampler.draw(count, rng)
        phi = rng.uniform(0.0, TWO_PI, count)
        p = channel.sampler.p
        momenta = self.process.final_state(sample.x, phi, p)
        depth = np.zeros(count) if self.process.depth is None else self.process.depth(sample.x, p)
        components = self._component_weights(channel, sample.x)
        for numbers in (sample.weights, components, momenta):
            if not np.isfinite(numbers.sum()):  # cheap: a number that is not finite spoils a sum
                raise InputError(
                    f"{self.card.origin}: {self.card.process}: an event's weight or momentum is not a finite number"
                )
        pdg_ids = None if self.process.pdg_ids is None else self.process.pdg_ids(sample.x, p)
        return Part(channel.run, sample.weights, momenta, depth, components, pdg_ids, sample.trials)

    def _component_weights(self, channel: Channel, x: Array) -> Array:
        """(components, n): dsigma_k / (sigma q); times the products of couplings they add to the event's weight."""
        couplings = self._normalisation.couplings
        if self.process.unit_densities is None:
            return np.full((1, len(x)), 1 / couplings[0])
        components = self.process.components
        in_mixture = couplings
        if len(self._mixture) > 1:
            means = iter([mean for _, mean, _ in self._mixture])
            shares = self.cross_section.value / len(self._mixture)
            in_mixture = np.array([shares / next(means) if component.own_sample else 0.0 for component in components])
        written = np.array([self.card.interference or component.own_sample for component in components], dtype=np.float64)
        weights = self.process.unit_densities(x, channel.sampler.p)
        _divide(weights, in_mixture, written)
        return weights

    def _record(self, run: NDArray[np.int32], momenta: Array) -> Record:
        """The columns of the event record, each (events, particles), from momenta (events, particles, 4)."""
        table = [self.process.particles(self.card, collision) for collision in self.card.collisions()]

        def column(name: str, dtype: Any) -> Array:
            rows = np.array([[getattr(particle, name) for particle in row] for row in table], dtype=dtype)
            if (rows == rows[0]).all():
                return np.broadcast_to(rows[0], (len(run), rows.shape[1])).copy()
            values: Array = rows[run]
            return values

        px, py, pz, energy = (np.ascontiguousarray(momenta[:, :, k]) for k in range(4))
        return {
            "pdgId": column("pdg_id", np.int32),
            "status": column("status", np.int32),
            "px": px,
            "py": py,
            "pz": pz,
            "energy": energy,
            "mass": column("mass", np.float64),
            "genPartIdxMother": column("mother", np.int32),
        }
