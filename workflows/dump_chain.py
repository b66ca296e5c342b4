"""The chain of a beam dump at one mass: the excluded band of the photon coupling, published or from events."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from alphoton.analysis.beam_dump import STRONGEST, WEAKEST, Calorimeter, DecaysInFlight, Dump, Edges, Flights, recast
from alphoton.analysis.limits import CouplingLimit, exposure
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import PHOTON_ONLY, direction
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, Jagged
from alphoton.data.random_streams import Stage, stream
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.model import Couplings
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import Experiment, PointLimit, of_the_process
from alphoton.workflows.measurements import Made


def dump_limit(
    experiment: Experiment,
    mass: float,
    point: int = 0,
    events: int | None = None,
    ray: Couplings | None = None,
    made: Made | None = None,
) -> PointLimit:
    """The excluded band at a mass (GeV), of the photon coupling alone or along a ray of couplings.

    Raises `InputError` for an analysis card that lacks what a band needs.
    """
    card = experiment.analysis
    block = card.beam_dump
    assert block is not None
    dump = Dump(block.shielding, block.decay_region)
    used = 0
    if experiment.loops is not None:
        if block.edges == "published":
            raise InputError(f"{card.origin}: a published band cannot tell momentum-dependent loops; take one from events")
        ray = experiment.decaying(direction(mass, PHOTON_ONLY) if ray is None else ray)
    if block.edges == "published":
        known = published_edges(block, mass)
        band = Edges(math.nan, math.nan)
        if all(map(math.isfinite, known)):
            band = Edges(*recast(dump, mass, *known, block.visible_ratio, block.form, ray))
        method = f"recast ({block.form})"
    else:
        if card.limit.signal_events is None:
            raise InputError(f"{card.origin}: limit: a band from events needs 'method: fixed' and 'signal_events'")
        (process,), _ = experiment.at(mass, events)
        process = ProcessCard.load(process, ["decay=none"])
        used = process.events
        calorimeters = tuple(Calorimeter(c.width / 2, c.height / 2, c.share, block.threshold) for c in block.calorimeters)
        rng = np.random.default_rng(stream(process.seed, Stage.SIMULATION, point, 0))
        decays = DecaysInFlight(dump, mass, flights(experiment, process, point, ray, made), calorimeters, rng)
        band = decays.found_edges(card.limit.signal_events, WEAKEST, STRONGEST, block.visible_ratio, ray)
        method = f"events ({card.limit.signal_events:g} events)"
    lower, upper = CouplingLimit(band.lower, band.lower_error), CouplingLimit(band.upper, band.upper_error)
    photon, electron = (1.0, 0.0) if ray is None else (ray.g_agamma, ray.g_ae)
    return PointLimit(
        analysis=card.name,
        mass=mass,
        g_agamma=lower.times(photon),
        g_ae=lower.times(electron),
        method=method,
        confidence_level=card.limit.confidence_level if card.limit.method != "fixed" else math.nan,
        events=used,
        rates={},
        allowed={},
        effective_sizes={},
        systematic={"photon": 0.0, "electron": 0.0},
        g_agamma_upper=upper.times(photon),
        g_ae_upper=upper.times(electron),
    )


def flights(
    experiment: Experiment, process: ProcessCard, point: int, ray: Couplings | None = None, made: Made | None = None
) -> Flights:
    """The ALPs made in the dump, weighted to their number at a photon coupling of 1 /GeV on the mass shell."""
    counting = experiment.analysis.counting
    if counting is None:
        raise InputError(f"{experiment.analysis.origin}: counting: is missing, the electrons on target are due")
    source = EventSource(process, point)
    per_pb = exposure(counting, *of_the_process(experiment))
    if made is not None:
        made.wanted(process.events)
    momenta, depths, weights = [], [], []
    for drawn in chunks(source, process.events):
        particles = drawn.events["GenPart"]
        assert isinstance(particles, Jagged)
        alp = particles["pdgId"] == process.ids.alp
        momenta.append(np.stack([particles[name][alp] for name in ("px", "py", "pz", "energy")], axis=1))
        depths.append(particles["vz"][alp])
        weights.append(_photon_weight(process, drawn.events, ray) * drawn.events["genWeight"])
        if made is not None:
            made.add(len(depths[-1]))
    scale = per_pb * source.cross_section.value / process.events
    return Flights(np.concatenate(momenta), np.concatenate(depths), scale * np.concatenate(weights))


def _photon_weight(process: ProcessCard, events: Chunk, ray: Couplings | None) -> Any:
    """The weight at |g_agamma|^2 = 1 /GeV^2 on the mass shell; along a ray where loops depend on the momentum."""
    photon: Any = events["weight_photon"]
    if not process.momentum_dependent or ray is None:
        return photon
    electron: Any = events["weight_electron"]
    mixed: Any = events["weight_interference"]
    whole = ray.g_agamma**2 * photon + ray.g_ae**2 * electron + ray.g_agamma * ray.g_ae * mixed
    return whole / abs(ray.photon) ** 2
