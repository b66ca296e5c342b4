"""The verb `simulate`: an event file goes through a detector card and becomes a reco file. Truth stays beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.data.arguments import whole_argument
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import Chunk, EventFile, EventWriter, Jagged
from alphoton.data.experiments import experiment_problems
from alphoton.data.output import check_free
from alphoton.data.places import check_space
from alphoton.data.provenance import Recipe
from alphoton.data.random_streams import Stage, stream
from alphoton.detectors import smearing
from alphoton.detectors.detector_card import (
    Acceptance,
    AngularResolution,
    DetectorCard,
    Efficiency,
    EnergyResolution,
    Geometry,
    PositionResolution,
    Trigger,
)
from alphoton.detectors.observables import PHOTON_DIMENSIONS, Beam, photon_quantity
from alphoton.detectors.reach import FINAL, VERTEX, apparent, check_size, escaping, out_of_reach
from alphoton.detectors.resolution import angle_sigma, energy_sigma, position_sigma
from alphoton.detectors.smearing import RandomNumbers

PHOTON_ID = 22
RECO = ("Photon", "MissingMass2", "MissingEnergy")
"""Columns of an earlier detector, which are made anew."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Simulated:
    """What `simulate` made: the numbers of `simulate --json`, and the path written."""

    path: Path
    events: int
    passed: dict[str, int]
    """Events that pass each flag."""
    events_per_second: float
    seed: int


@dataclass(frozen=True)
class Photons:
    """The photons of a chunk as measured so far: the event of each, and columns energy, theta, phi in the laboratory."""

    event: NDArray[np.int64]
    columns: dict[str, Array]
    place: NDArray[np.int64]
    """Where each stood among all true photons of the chunk: its random numbers are those of this place."""
    total: int

    def keep(self, mask: Mask) -> Photons:
        return self.at(np.flatnonzero(mask))

    def at(self, index: NDArray[np.int64]) -> Photons:
        kept = {name: values[index] for name, values in self.columns.items()}
        return Photons(self.event[index], kept, self.place[index], self.total)

    def by_falling_energy(self) -> Photons:
        """Ordered by energy within each event; those of the events stay in order."""
        if (np.diff(self.event) > 0).all():  # no event has two
            return self
        return self.at(np.lexsort((-self.columns["energy"], self.event)))

    def offsets(self, events: int) -> NDArray[np.int64]:
        """Where the photons of each of so many events begin, and the last end."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.event, minlength=events))])

    def measured(self, **columns: Array) -> Photons:
        """With columns replaced; photons that were not measured (NaN, or no energy left) are gone."""
        changed = Photons(self.event, {**self.columns, **columns}, self.place, self.total)
        good = np.isfinite(changed.columns["theta"]) & (changed.columns["energy"] > 0)
        return changed if good.all() else changed.keep(good)


class Draws:
    """Random numbers for the photons left, drawn for all: losing one leaves the others' as they were."""

    def __init__(self, rng: RandomNumbers, photons: Photons) -> None:
        self._rng, self._photons = rng, photons

    def standard_normal(self, size: int, /) -> Array:
        return self._left(self._rng.standard_normal(self._photons.total))

    def random(self, size: int, /) -> Array:
        return self._left(self._rng.random(self._photons.total))

    def _left(self, drawn: Array) -> Array:
        place = self._photons.place
        return drawn if len(place) == len(drawn) else drawn[place]


@dataclass
class Event:
    """A chunk on its way through the modules: the number of events, photons, beams, and the flags of the events."""

    count: int
    photons: Photons
    beam: Beam
    flags: dict[str, Mask]

    @property
    def photon_beam(self) -> Beam:
        return self.beam.take(self.photons.event)

    def with_photons(self) -> Mask:
        """Which events have a photon left."""
        found = np.zeros(self.count, dtype=bool)
        found[self.photons.event] = True
        return found


def simulate(
    events: str | Path,
    detector: str | Path | DetectorCard,
    output: str | Path,
    *,
    seed: int | None = None,
    overrides: str | Sequence[str] = (),
    force: bool = False,
    allow_other: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Simulated:
    """Pass the events of a file through a detector card, into the ROOT file `output`.

    The seed is the event file's own unless given. Events of another experiment are refused unless `allow_other` is set.
    Raises `CardError` for a bad card, `InputError` for a bad event file or where `output` exists and `force` is not set.
    """
    seed = None if seed is None else whole_argument("seed", seed, 0)
    card = DetectorCard.load(detector, overrides)
    path = Path(output)
    check_free(path, force=force, inputs=[events, *card.files])
    if Path(events).is_file():  # the events stay as they are, and what is measured comes with them
        check_space(path, Path(events).stat().st_size, "its events")
    with EventFile(events) as source, EventWriter(path, force=force) as writer:
        problems = list(experiment_problems(events, source.meta["cards"], card))
        if problems and not allow_other:
            raise InputError(*(f"{problem}; to go on, allow it with allow_other=True" for problem in problems))
        header = {**source.meta, "cards": {**source.meta["cards"], "detector": card.resolved}}
        header["detector_seed"] = source.meta["seed"] if seed is None else seed
        header["recipe"] = recipe(card, source, header["detector_seed"]).digest
        _forget_noise(header)
        passed: dict[str, int] = {}
        done = 0
        start = time.perf_counter()
        for index, chunk in enumerate(source.chunks()):
            reco = reconstruct(card, chunk, header, index)
            writer.extend(reco)
            for name, flag in flags(reco).items():
                passed[name] = passed.get(name, 0) + int(flag.sum())
            done += len(reco["event"])  # type: ignore[arg-type]
            if progress is not None:
                progress(done, source.count)
        seconds = time.perf_counter() - start
        writer.finish(header, source.runs())
    return Simulated(path, done, passed, done / seconds, header["detector_seed"])


def recipe(card: DetectorCard, events: EventFile, seed: int) -> Recipe:
    """What the reco file of an event file is made from; it keeps the digest in `meta`."""
    return Recipe.of("alphoton.detectors.simulate", cards={"detector": card.content}, events=events.content, seed=seed)


def _forget_noise(meta: dict[str, Any]) -> None:
    """Take out what a merged file says of the noise of an earlier detector: all of it is made anew."""
    meta.pop("noise", None)
    if meta.get("sources"):
        meta["sources"] = [{**source, "detector_seed": None} for source in meta["sources"]]


def flags(chunk: Chunk) -> dict[str, Mask]:
    """The columns `pass_*` of a chunk, in order."""
    return {name: column for name, column in chunk.items() if name.startswith("pass_") and not isinstance(column, Jagged)}


def reconstruct(card: DetectorCard, chunk: Chunk, meta: dict[str, Any], index: int) -> Chunk:
    """The chunk number `index` with the columns `Photon_*`, `MissingMass2` and `pass_*` behind its own.

    `meta` gives the beams, the scan point and the `detector_seed`. Each module has random numbers of its own, so that a
    change in one leaves the others' as they were.
    """
    run, particles = chunk["run"], chunk["GenPart"]
    assert isinstance(particles, Jagged)
    beam = Beam.of_events(meta["beams"], run)  # type: ignore[arg-type]
    if card.missing_mass == "annihilation":
        beam = beam.on_electrons()
    check_size(card, particles, meta)
    photons = photons_in_reach(card, particles)
    event = Event(len(particles.counts), photons, beam, {"pass_invisible": unseen(card, particles)})
    for number, module in enumerate(card.modules):
        seed = stream(meta["detector_seed"], Stage.SIMULATION, meta["point"], index, number)
        rng: RandomNumbers = np.random.default_rng(seed)
        if not isinstance(module, Trigger):
            rng = Draws(rng, event.photons)
        try:
            _apply(module, card.geometry, event, rng)
        except InputError as error:  # of a formula, which the values at hand lead beyond its range
            raise CardError([card.problem(("modules", number), problem) for problem in error.problems]) from None
    truth = {name: column for name, column in chunk.items() if name not in RECO and not name.startswith("pass_")}
    columns = photon_columns(event, card.geometry)
    if card.absorbs:
        columns["MissingEnergy"] = missing_energy(card, particles)
    return truth | columns | event.flags


def _photon_rows(particles: Jagged) -> NDArray[np.int64]:
    photon = (particles["pdgId"] == PHOTON_ID) & (particles["status"] == FINAL)
    return np.flatnonzero(photon & ((particles["px"] != 0) | (particles["py"] != 0)))


def true_photons(particles: Jagged) -> Photons:
    """The final photons of the truth, without those along the beam, as leading-log radiation is: they stay in its pipe."""
    chosen = _photon_rows(particles)
    px, py, pz, energy = (particles[name][chosen] for name in ("px", "py", "pz", "energy"))
    angles = {"theta": np.arctan2(np.hypot(px, py), pz), "phi": np.arctan2(py, px)}
    count = len(energy)
    return Photons(particles.events[chosen], {"energy": energy, **angles}, np.arange(count), count)


def photons_in_reach(card: DetectorCard, particles: Jagged) -> Photons:
    """The true photons that meet the detector, with the angles of the places where they do, seen from the origin."""
    photons, lost = true_photons(particles), out_of_reach(card, particles)
    if not photons.total or ("vz" not in particles.fields and lost is None):
        return photons
    rows = _photon_rows(particles)
    if "vz" in particles.fields:
        vx, vy, vz = (particles[name][rows] for name in VERTEX)
        theta, phi = apparent(card, photons.columns["theta"], photons.columns["phi"], (vx, vy, vz))
        photons = replace(photons, columns={**photons.columns, "theta": theta, "phi": phi})
    return photons if lost is None else photons.keep(~lost[rows])


def unseen(card: DetectorCard, particles: Jagged) -> Mask:
    """Which events have, besides photons, only final particles that the detector does not see, or leaves to vetoes.

    What is made out of its reach it does not see either.
    """
    if card.absorbs:  # what is seen is absorbed, and measured as energy
        return np.ones(len(particles.counts), dtype=bool)
    not_seen = (PHOTON_ID, *card.unseen, *card.vetoed)
    seen = (particles["status"] == FINAL) & ~np.isin(particles["pdgId"], not_seen)
    lost = out_of_reach(card, particles)
    if lost is not None:
        seen &= ~lost
    result = np.ones(len(particles.counts), dtype=bool)
    result[particles.events[seen]] = False
    return result


def missing_energy(card: DetectorCard, particles: Jagged) -> Array:
    """Energy that leaves a calorimeter which is the target: of the invisible, and of all that is made behind it; GeV."""
    chosen = np.flatnonzero(escaping(card, particles) & (particles["status"] == FINAL))
    energy = particles["energy"][chosen]
    return np.bincount(particles.events[chosen], energy, minlength=len(particles.counts)).astype(np.float64)


def photon_columns(event: Event, geometry: Geometry) -> Chunk:
    """`Photon` ordered by falling energy in each event, and the missing mass squared to its first (NaN without one)."""
    photons = event.photons.by_falling_energy()
    columns, owner = photons.columns, photons.event
    if geometry.ecal_distance is None:
        x = y = np.full(len(owner), np.nan)
    else:
        x, y = smearing.to_plane(columns["theta"], columns["phi"], geometry.ecal_distance)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    leading = {name: columns[name][first] for name in ("energy", "theta")}
    missing = np.full(event.count, np.nan)
    missing[owner[first]] = event.beam.take(owner[first]).missing_mass_squared(**leading)
    return {"Photon": Jagged(photons.offsets(event.count), {**columns, "x": x, "y": y}), "MissingMass2": missing}


# --- the modules -------------------------------------------------------------------------------------------------------


def _apply(module: Any, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    """Let one module act on a chunk."""
    actions: dict[type, Callable[..., None]] = {
        EnergyResolution: _energy,
        PositionResolution: _position,
        AngularResolution: _angles,
        Acceptance: _acceptance,
        Efficiency: _efficiency,
        Trigger: _trigger,
    }
    actions[type(module)](module, geometry, event, rng)


def _energy(module: EnergyResolution, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    columns = event.photons.columns
    smear = smearing.smear_energy if module.shape == "gaussian" else smearing.smear_energy_widely
    event.photons = event.photons.measured(energy=smear(columns["energy"], energy_sigma(module, columns), rng))


def _position(module: PositionResolution, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    columns = event.photons.columns
    distance = module.distance or geometry.ecal_distance
    assert distance is not None
    sigma = position_sigma(module, columns)
    if module.surface == "plane":
        theta, phi = smearing.smear_at_plane(columns["theta"], columns["phi"], distance, sigma, rng)
    else:
        theta, phi = smearing.smear_direction(columns["theta"], columns["phi"], sigma / distance, rng)
    event.photons = event.photons.measured(theta=theta, phi=phi)


def _angles(module: AngularResolution, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    columns = event.photons.columns
    sigma_theta, sigma_phi = (angle_sigma(module, key, columns) for key in ("theta", "phi"))
    theta, phi = smearing.smear_angles(columns["theta"], columns["phi"], sigma_theta, sigma_phi, rng)
    event.photons = event.photons.measured(theta=theta, phi=phi)


def _acceptance(module: Acceptance, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    columns = dict(event.photons.columns)
    if geometry.ecal_distance is not None:
        columns["x"], columns["y"] = smearing.to_plane(columns["theta"], columns["phi"], geometry.ecal_distance)
    values = photon_quantity(module.quantity, module.frame, columns, event.photon_beam)
    dimension = PHOTON_DIMENSIONS[module.quantity]
    event.photons = event.photons.keep(module.accepts(values, event.photon_beam, dimension))
    event.flags[f"pass_{module.name}"] = event.with_photons()


def _efficiency(module: Efficiency, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    photons = event.photons
    if module.table is None:
        probability = np.full(len(photons.event), module.value)
    else:
        columns = dict(photons.columns)
        if geometry.ecal_distance is not None:
            columns["x"], columns["y"] = smearing.to_plane(columns["theta"], columns["phi"], geometry.ecal_distance)
        probability = module.table.evaluate(columns, event.photon_beam)
    event.photons = photons.keep(rng.random(len(photons.event)) < probability)
    event.flags[f"pass_{module.name}"] = event.with_photons()


def _trigger(module: Trigger, geometry: Geometry, event: Event, rng: RandomNumbers) -> None:
    event.flags[f"pass_{module.name}"] = rng.random(event.count) < module.efficiency
