"""The chain of a beam dump at one mass: the excluded band of each coupling, published or from events."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.beam_dump import STRONGEST, WEAKEST, Calorimeter, DecaysInFlight, Dump, Edges, Flights, recast
from alphoton.analysis.exposure import exposure
from alphoton.analysis.limits import CouplingLimit
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import ELECTRON_ONLY, PHOTON_ONLY, direction
from alphoton.data.errors import InputError
from alphoton.data.event_file import Jagged
from alphoton.data.random_streams import Stage, stream
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.model import Couplings
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.card_checks import setup
from alphoton.workflows.chain import COUPLINGS, NOT_MADE, NOT_PART, Experiment, PointLimit
from alphoton.workflows.measurements import Made

Array = NDArray[np.float64]
NAMES = ("g_agamma", "g_ae")
NOTHING = Edges(math.nan, math.nan, math.nan, math.nan)


def dump_limit(
    experiment: Experiment,
    mass: float,
    point: int = 0,
    events: int | None = None,
    ray: Couplings | None = None,
    made: Made | None = None,
) -> PointLimit:
    """The excluded band at a mass (GeV): of each coupling alone, or of both along a ray.

    A published band is that of the photon coupling. Raises `InputError` for an analysis card that lacks what a band needs.
    """
    card = experiment.analysis
    block = card.beam_dump
    assert block is not None
    search: PublishedBand | BandFromEvents
    if block.edges == "published":
        search = PublishedBand(experiment, mass)
    else:
        search = BandFromEvents(experiment, mass, point, events, made)
    bands, empty = {}, {}
    along = None if ray is None else search.band(ray)
    for component, name, alone in zip(COUPLINGS, NAMES, (PHOTON_ONLY, ELECTRON_ONLY), strict=True):
        strength = 1.0 if ray is None else getattr(ray, name)
        if along is not None:
            found = along
        else:
            found = search.band(direction(mass, alone), alone=True) if component in search.components else NOTHING
        bands[name] = [CouplingLimit(*edge).times(strength) for edge in found.edges]
        if not strength:
            empty[component] = NOT_PART
        elif along is None and component not in search.components:
            empty[component] = search.absent
        elif not math.isfinite(found.lower):
            empty[component] = search.nothing
    return PointLimit(
        analysis=card.name,
        mass=mass,
        g_agamma=bands["g_agamma"][0],
        g_ae=bands["g_ae"][0],
        method=search.method,
        confidence_level=card.limit.confidence_level if card.limit.method != "fixed" else math.nan,
        events=search.events,
        rates={},
        allowed={},
        effective_sizes={},
        systematic={"photon": 0.0, "electron": 0.0},
        g_agamma_upper=bands["g_agamma"][1],
        g_ae_upper=bands["g_ae"][1],
        empty=empty,
    )


class PublishedBand:
    """The published band of the photon coupling, carried over."""

    components = ("photon",)
    absent = "the band is that of g_agamma alone; give a direction with along=[...]"
    events = 0

    def __init__(self, experiment: Experiment, mass: float) -> None:
        card, self.mass = experiment.analysis, mass
        assert card.beam_dump is not None
        if experiment.loops is not None:
            raise InputError(f"{card.origin}: a published band cannot tell momentum-dependent loops; take one from events")
        self.block = card.beam_dump
        self.dump = Dump(self.block.shielding, self.block.decay_region)
        self.method = f"recast ({self.block.form})"
        self.known = published_edges(self.block, mass)
        self.is_known = all(map(math.isfinite, self.known))
        self.nothing = (
            "nothing is excluded at any strength of the couplings" if self.is_known else "outside the published curve"
        )

    def band(self, ray: Couplings, *, alone: bool = False) -> Edges:
        """What is excluded along a ray. Of a coupling `alone` the paper's form is the published band as it is."""
        if not self.is_known:
            return NOTHING
        block = self.block
        found = recast(self.dump, self.mass, *self.known, block.visible_ratio, block.form, None if alone else ray)
        last = STRONGEST if alone else STRONGEST / math.hypot(ray.g_agamma, ray.g_ae, ray.g_amu)
        return Edges(*found).ending_below(last)


class BandFromEvents:
    """The band from generated events, whose decays are placed behind the dump."""

    absent = NOT_MADE

    def __init__(
        self, experiment: Experiment, mass: float, point: int, events: int | None, progress: Made | None = None
    ) -> None:
        card = experiment.analysis
        block, needed = card.beam_dump, card.limit.signal_events
        assert block is not None
        if needed is None:
            raise InputError(f"{card.origin}: limit: a band from events needs 'method: fixed' and 'signal_events'")
        self.experiment, self.block, self.needed = experiment, block, needed
        self.method = f"events ({needed:g} events)"
        self.nothing = f"no strength of the couplings gives {needed:g} decays that are seen"
        processes, _ = experiment.at(mass, events)
        self.events = processes[0].events
        made = flights(experiment, processes, point, progress)
        self.components = tuple(name for name in COUPLINGS if name in made.weights)
        calorimeters = tuple(Calorimeter(c.width / 2, c.height / 2, c.share, block.threshold) for c in block.calorimeters)
        rng = np.random.default_rng(stream(processes[0].seed, Stage.SIMULATION, point, 0))
        self.decays = DecaysInFlight(Dump(block.shielding, block.decay_region), mass, made, calorimeters, rng)

    def band(self, ray: Couplings, *, alone: bool = False) -> Edges:
        """What is excluded along a ray, which may be that of a coupling alone."""
        ray = self.experiment.decaying(ray)
        found = self.decays.found_edges(self.needed, WEAKEST, STRONGEST, self.block.visible_ratio, ray)
        return found.ending_below(STRONGEST)


@dataclass
class _Sample:
    """Columns of the ALPs of one process, chunk by chunk."""

    momenta: list[Array] = field(default_factory=list)
    depths: list[Array] = field(default_factory=list)
    weights: dict[str, list[Array]] = field(default_factory=dict)


def flights(experiment: Experiment, processes: tuple[ProcessCard, ...], point: int, made: Made | None = None) -> Flights:
    """The ALPs that the processes make in the dump, in their numbers at couplings of 1 /GeV.

    Raises `CardError` if the cards give no exposure, or contradict each other.
    """
    if made is not None:
        made.wanted(sum(process.events for process in processes))
    samples = [_flights_of(process, exposure(experiment.analysis, setup(process)), point, made) for process in processes]
    names = dict.fromkeys(name for each in samples for name in each.weights)
    return Flights(
        np.concatenate([each.momenta for each in samples]),
        np.concatenate([each.depth for each in samples]),
        {name: np.concatenate(list(_columns(samples, name))) for name in names},
        experiment.loops is not None,
    )


def _columns(samples: list[Flights], name: str) -> Iterator[Array]:
    """A component's weights in each sample, 0 where its process has no such component."""
    for each in samples:
        yield each.weights.get(name, np.zeros(len(each.depth)))


def _flights_of(process: ProcessCard, per_pb: float, point: int, made: Made | None = None) -> Flights:
    source, sample = EventSource(process, point), _Sample()
    scale = per_pb * source.cross_section.value / process.events
    for drawn in chunks(source, process.events):
        particles, generated = drawn.events["GenPart"], drawn.events["genWeight"]
        assert isinstance(particles, Jagged)
        assert isinstance(generated, np.ndarray)
        alp = particles["pdgId"] == process.ids.alp
        sample.momenta.append(np.stack([particles[name][alp] for name in ("px", "py", "pz", "energy")], axis=1))
        sample.depths.append(particles["vz"][alp])
        for component in source.process.components:
            weights = drawn.events[f"weight_{component.name}"]
            assert isinstance(weights, np.ndarray)
            sample.weights.setdefault(component.name, []).append(weights * generated)
        if made is not None:
            made.add(len(generated))
    scaled = {name: scale * np.concatenate(columns) for name, columns in sample.weights.items()}
    return Flights(np.concatenate(sample.momenta), np.concatenate(sample.depths), scaled)
