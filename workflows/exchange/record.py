"""Events as other formats want them: both particles that collide in every event, and weights in pb.

An event file keeps the beams once, and weights that go with its cross-section. Here each event is whole, and its weights are
shares of the cross-section: the mean of the first over the file is the cross-section of what the file holds. Where the file
holds decays into chosen channels only, that is production times their branching ratio.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.counting import weight_columns
from alphoton.data.card_file import RawCard
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, EventFile, Jagged
from alphoton.generators import processes
from alphoton.generators.beams import Beams
from alphoton.generators.constants import ELECTRON_MASS, PHOTON_ID
from alphoton.generators.kinematics import Collision
from alphoton.generators.model import COUPLING_UNITS
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.base import BEAM, DECAYED, FINAL, Powers, powers_of
from alphoton.generators.processes.nuclear import nucleus

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]
"""Called with (events done, all events) after each chunk."""

ELECTRON_ID = 11
MOMENTUM, VERTEX = ("px", "py", "pz", "energy"), ("vx", "vy", "vz")


@dataclass(frozen=True)
class Exported:
    """What was written: events, the cross-section that they stand for, and how fast."""

    path: Path
    events: int
    cross_section_pb: float
    error_pb: float
    events_per_second: float


@dataclass(frozen=True)
class Incoming:
    """A particle that comes in along z: particle number, mass, momentum and energy in the laboratory, GeV."""

    number: int
    mass: float
    pz: float
    energy: float
    px: float = 0.0
    py: float = 0.0


@dataclass(frozen=True)
class Block:
    """Events of a chunk: their numbers, their weights in pb (events, weights), and all particles of each event.

    The first two particles of an event are those that collide. The columns of the event file are joined by `mother1` and
    `mother2`, places within the event from 0, or -1; where something flies also by `time`, c t at the production in mm, and
    `lifetime`, c tau of what decays in mm.
    """

    numbers: NDArray[Any]
    weights: Array
    particles: Jagged


def monomial(powers: Powers) -> str:
    """A product of couplings in words, with its unit: "g_agamma g_ae in 1/GeV^2"."""
    product = " ".join(name if power == 1 else f"{name}^{power}" for name, power in powers.items())
    inverse = sum(power for name, power in powers.items() if COUPLING_UNITS.get(name) == "1/GeV")
    return product + (f" in 1/GeV^{inverse}" if inverse else "")


class Sample:
    """The events of an open event file, to be written in another format.

    `cross_section` and `error`, and those of each component at a coupling of 1 in `units`, are those of the decays that
    the file holds; pb.
    """

    def __init__(self, file: EventFile) -> None:
        self.meta, self.count = file.meta, file.count
        self._file = file
        raw = RawCard(ProcessCard.KIND, str(file.path), self.meta["cards"]["process"])
        self.card = ProcessCard.validate_raw(raw)
        self._collisions = [Collision(**beams) for beams in self.meta["beams"]]
        fraction = self.meta["decay_fraction"]
        self.cross_section, self.error = file.cross_section()
        self.units = {
            name: (fraction * value, fraction * error) for name, (value, error) in self.meta["unit_components_pb"].items()
        }
        self.components = tuple(self.meta["couplings"])
        self.trials: int | None = self.meta.get("trials")
        """Points that were tried for the events; None where the file does not say it, as one of version 0.1.0."""
        self._weights = ["genWeight", *(f"weight_{name}" for name in self.components)]
        self._scale, self.largest_weight = self._normalised()

    def _normalised(self) -> tuple[float, float]:
        """What turns weights into pb, and the largest weight in pb; the weights are read once for it."""
        total = largest = 0.0
        for chunk in self._file.chunks(self._weights):
            weights = weight_columns(chunk, self.meta)[1][:, 0]
            total, largest = total + float(weights.sum()), max(largest, float(weights.max()))
        if total == 0:
            raise InputError(f"{self._file.path}: the weights of its events add up to 0, they have no cross-section")
        scale = self.cross_section * self.count / total
        return scale, largest * scale

    def meaning(self, component: str) -> str:
        """What the weight of a component is, in words."""
        powers = powers_of(self.meta)[component]
        if not powers:
            return "pb, whatever the couplings"
        return f"pb at a coupling of 1, multiply by {monomial(powers)}"

    @property
    def beams(self) -> tuple[Incoming, Incoming]:
        """The beams of the accelerator, or its beam and the target.

        Of several sqrt(s) the highest, of several elements the most abundant.
        """
        top = max(self._collisions, key=lambda collision: (collision.share, collision.sqrt_s))
        beams = self.card.beams
        if not (recorded(self.card, top) and top.atomic_number):
            return at_beams(top, on_target=beams.electrons_at_rest)
        number, mass = (ELECTRON_ID, ELECTRON_MASS) if beams.photon_energy is None else (PHOTON_ID, 0.0)
        number = number if beams.positron_energy is None else -ELECTRON_ID
        return Incoming(number, mass, top.momentum_z, beams.beam_energy), at_rest(top)

    def blocks(self, progress: Progress | None = None) -> Iterator[Block]:
        """The events, a chunk at a time, with the progress told after each."""
        done, missing = 0, [absent(self.card, collision) for collision in self._collisions]
        for chunk in self._file.chunks(["run", "event", "GenPart", *self._weights]):
            self._check_statuses(chunk, 2 - len(missing[0]))
            weights = weight_columns(chunk, self.meta)[1] * self._scale
            yield Block(np.asarray(chunk["event"]), weights, completed(chunk, missing, self.card.beams))
            done += len(weights)
            if progress is not None:
                progress(done, self.count)

    def _check_statuses(self, chunk: Chunk, count: int) -> None:
        """Raise `InputError` where an event has not as many incoming particles, in front, as its process writes."""
        particles = chunk["GenPart"]
        assert isinstance(particles, Jagged)
        if odd := {*np.unique(particles["status"]).tolist()} - {BEAM, FINAL, DECAYED}:
            raise InputError(
                f"{self._file.path}: status {min(odd)}: expected {BEAM} (beam), {FINAL} (final) or {DECAYED} (decayed)"
            )
        incoming = np.flatnonzero(particles["status"] == BEAM)
        if not np.array_equal(incoming, (particles.offsets[:-1, None] + np.arange(count)).ravel()):
            raise InputError(
                f"{self._file.path}: events of '{self.card.process}' begin with {count} incoming particles (status {BEAM}), "
                "and some here do not"
            )


@contextmanager
def compressed(part: Path, suffix: str) -> Iterator[IO[bytes]]:
    """A file to write bytes to, compressed for the suffix `.gz`; without date or name, so that the same makes the same."""
    with part.open("wb") as plain:
        if suffix != ".gz":
            yield plain
            return
        with gzip.GzipFile("", "wb", compresslevel=4, fileobj=plain, mtime=0) as packed:
            yield cast("IO[bytes]", packed)


def recorded(card: ProcessCard, collision: Collision) -> int:
    """How many of the two particles that collide the process has in its events."""
    return sum(particle.status == BEAM for particle in processes.of(card).particles(card, collision))


def absent(card: ProcessCard, collision: Collision) -> tuple[Incoming, ...]:
    """The particles that collide and are not in the event file: both beams, or the nucleus at rest; none where both are."""
    there = recorded(card, collision)
    if there == 0:
        return at_beams(collision, on_target=card.beams.electrons_at_rest)
    return (at_rest(collision),) if there == 1 else ()


def at_rest(collision: Collision) -> Incoming:
    """The nucleus that is hit; its mass and number are those that it goes out with."""
    target = nucleus(collision)
    return Incoming(target.pdg_id, target.mass, 0.0, target.mass)


def at_beams(collision: Collision, *, on_target: bool) -> tuple[Incoming, Incoming]:
    """An electron and a positron: beams, or a beam of positrons on electrons at rest.

    The first of two goes along +z. At colliders E +- p_z of each beam are products, so that a boost costs no digits.
    """
    if on_target:
        positron = Incoming(-ELECTRON_ID, ELECTRON_MASS, collision.momentum_z, collision.energy - ELECTRON_MASS)
        return positron, Incoming(ELECTRON_ID, ELECTRON_MASS, 0.0, ELECTRON_MASS)
    half = collision.sqrt_s / 2
    large = half + math.sqrt((half - ELECTRON_MASS) * (half + ELECTRON_MASS))
    small = ELECTRON_MASS**2 / large
    up, down = math.exp(collision.rapidity), math.exp(-collision.rapidity)
    return _from_light_cone(ELECTRON_ID, large * up, small * down), _from_light_cone(-ELECTRON_ID, small * up, large * down)


def _from_light_cone(number: int, plus: float, minus: float) -> Incoming:
    """An electron or positron with E + p_z and E - p_z, GeV."""
    return Incoming(number, ELECTRON_MASS, (plus - minus) / 2, (plus + minus) / 2)


def completed(chunk: Chunk, missing: list[tuple[Incoming, ...]], beams: Beams) -> Jagged:
    """The particles of a chunk's events with both that collide in front; `missing` says by `run` what is put in.

    A particle put in is produced where the event begins. Where the beams' energies spread, each event has its own.
    """
    particles, run = chunk["GenPart"], np.asarray(chunk["run"])
    assert isinstance(particles, Jagged)
    added = len(missing[0])
    recorded = 2 - added
    start = np.repeat(particles.offsets[:-1], added)

    def put_in(column: str, attribute: str) -> NDArray[Any]:
        table = np.array([[getattr(each, attribute) for each in row] for row in missing])
        return np.insert(particles[column], start + recorded, table[run].ravel())

    fields: Columns = {name: put_in(name, name) for name in (*MOMENTUM, "mass")}
    fields["pdgId"] = put_in("pdgId", "number")
    fields["status"] = np.insert(particles["status"], start + recorded, BEAM)
    for name in VERTEX:
        if name in particles.fields:
            fields[name] = np.insert(particles[name], start + recorded, particles[name][start])
    if beams.energy_spread > 0 and added:
        _of_each_event(particles, np.flatnonzero(fields["status"] == BEAM).reshape(-1, 2), fields, beams)
    mother = np.insert(particles["genPartIdxMother"], start + recorded, -1)
    beam = fields["status"] == BEAM
    of_collision = ~beam & (mother < recorded)
    fields["mother1"] = np.where(beam, -1, np.where(of_collision, 0, mother + added))
    fields["mother2"] = np.where(of_collision, 1, -1)
    whole = Jagged(particles.offsets + added * np.arange(len(run) + 1), fields)
    return Jagged(whole.offsets, fields | _flights(whole)) if VERTEX[0] in fields else whole


def _of_each_event(particles: Jagged, rows: NDArray[Any], fields: Columns, beams: Beams) -> None:
    """Give the beams in `rows` (events, 2) the momenta that add up to those of their event."""
    first = particles["genPartIdxMother"] < 0
    total = {name: np.bincount(particles.events[first], particles[name][first], len(rows)) for name in ("pz", "energy")}
    if beams.electrons_at_rest:
        fields["pz"][rows[:, 0]], fields["energy"][rows[:, 0]] = total["pz"], total["energy"] - ELECTRON_MASS
        return
    forwards, backwards = total["energy"] + total["pz"], total["energy"] - total["pz"]
    half = np.sqrt(forwards * backwards) / 2
    large = half + np.sqrt((half - ELECTRON_MASS) * (half + ELECTRON_MASS))
    up, small = np.sqrt(forwards / backwards), ELECTRON_MASS**2 / large
    for row, plus, minus in ((rows[:, 0], large * up, small / up), (rows[:, 1], small * up, large / up)):
        fields["pz"][row], fields["energy"][row] = (plus - minus) / 2, (plus + minus) / 2


def _flights(whole: Jagged) -> Columns:
    """When each particle is produced, and how long what decays has lived: l E / p and l m / p of a flight path l, in mm."""
    daughter = np.flatnonzero((whole["mother1"] >= 0) & (whole["mother2"] < 0))
    parent = whole.offsets[whole.events[daughter]] + whole["mother1"][daughter]
    path = np.sqrt(sum((whole[name][daughter] - whole[name][parent]) ** 2 for name in VERTEX))
    momentum = np.sqrt(sum(whole[name][parent] ** 2 for name in MOMENTUM[:3]))
    inverse_speed = np.divide(path, momentum, out=np.zeros_like(path), where=momentum > 0)
    time, lifetime = np.zeros(len(whole["mass"])), np.zeros(len(whole["mass"]))
    time[daughter] = inverse_speed * whole["energy"][parent]
    lifetime[parent] = inverse_speed * whole["mass"][parent]
    return {"time": time, "lifetime": lifetime}
