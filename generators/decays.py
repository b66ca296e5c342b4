"""Two-body decays of the ALP: channels by branching ratio, flight paths by its width, daughters in the event record."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from alphoton.generators.constants import ELECTRON_MASS, HBARC_MM, MUON_MASS, PHOTON_ID, TWO_PI
from alphoton.generators.jit import Array
from alphoton.generators.model import VISIBLE, branching_ratios, widths
from alphoton.generators.processes.base import DECAYED, FINAL

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

DECAYS = {"invisible": ("invisible",), "visible": VISIBLE, "all": (*VISIBLE, "invisible")}
"""Which decays are written, by what a card says of them."""
Record = dict[str, Array]
"""Columns of the event record, each (events, particles)."""


def channels(card: ProcessCard) -> dict[str, float]:
    """The channels that the card writes, with their shares among themselves."""
    ratios = branching_ratios(card.couplings)
    chosen = {name: ratios[name] for name in DECAYS[card.decay]}
    total = sum(chosen.values())
    return {name: ratio / total for name, ratio in chosen.items() if ratio > 0}


def fraction(card: ProcessCard) -> float:
    """The branching ratio into the channels that the card writes; 1 where nothing decays."""
    if card.decay == "none":
        return 1.0
    ratios = branching_ratios(card.couplings)
    return sum(ratios[name] for name in DECAYS[card.decay])


def proper_length(card: ProcessCard) -> float:
    """c tau in mm, from the total width; Eq. (7) of arXiv:2012.07894 is this without the boost."""
    total = sum(widths(card.couplings).values())
    return HBARC_MM / total if total > 0 else math.inf


def daughters(card: ProcessCard, channel: str) -> tuple[int, int, float]:
    """The particle numbers of a channel's daughters, and their mass in GeV."""
    chi = card.ids.chi
    known = {
        "photons": (PHOTON_ID, PHOTON_ID, 0.0),
        "electrons": (11, -11, ELECTRON_MASS),
        "muons": (13, -13, MUON_MASS),
        "invisible": (chi, -chi, card.model.m_chi),
    }
    return known[channel]


def decay(card: ProcessCard, record: Record, rng: np.random.Generator) -> Record:
    """The record with the ALP decayed and its two daughters behind the other particles; vertices in mm."""
    row = int(np.argmax(record["pdgId"][0] == card.ids.alp))
    events = len(record["pdgId"])
    shares = channels(card)
    number = rng.choice(len(shares), size=events, p=np.array(list(shares.values())))
    kinds = [daughters(card, name) for name in shares]
    first, second = (np.array([kind[k] for kind in kinds])[number] for k in (0, 1))
    mass = np.array([kind[2] for kind in kinds])[number]
    parent = np.stack([record[name][:, row] for name in ("px", "py", "pz", "energy")], axis=1)
    one, two = two_body(parent, record["mass"][:, row], mass, rng)
    flight = proper_length(card) * rng.exponential(size=events) / record["mass"][:, row]
    vertex = [record[v][:, row] + flight * parent[:, k] for k, v in enumerate(("vx", "vy", "vz"))]
    new: Record = {
        "pdgId": np.stack([first, second], axis=1).astype(np.int32),
        "status": np.full((events, 2), FINAL, dtype=np.int32),
        "mass": np.stack([mass, mass], axis=1),
        "genPartIdxMother": np.full((events, 2), row, dtype=np.int32),
    }
    new |= {name: np.stack([one[:, k], two[:, k]], axis=1) for k, name in enumerate(("px", "py", "pz", "energy"))}
    new |= {name: np.stack([vertex[k]] * 2, axis=1) for k, name in enumerate(("vx", "vy", "vz"))}
    decayed = {name: np.concatenate([column, new[name]], axis=1) for name, column in record.items()}
    decayed["status"][:, row] = DECAYED
    return decayed


def two_body(parent: Array, parent_mass: Array, mass: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Momenta (n, 4) of two daughters of equal mass, isotropic in the parent's rest frame, boosted to its momentum."""
    cos = rng.uniform(-1.0, 1.0, len(mass))
    phi = rng.uniform(0.0, TWO_PI, len(mass))
    energy = parent_mass / 2
    momentum = np.sqrt(np.maximum((energy - mass) * (energy + mass), 0.0))
    sin = np.sqrt((1 - cos) * (1 + cos))
    rest = momentum[:, None] * np.stack([sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)
    first = boost(rest, energy, parent, parent_mass)
    return first, boost(-rest, energy, parent, parent_mass)


def boost(rest: Array, energy: Array, parent: Array, parent_mass: Array) -> Array:
    """A momentum (n, 3) and energy in the rest frame of a parent, in the frame in which the parent has `parent` (n, 4)."""
    along = np.einsum("ij,ij->i", rest, parent[:, :3])
    total = (energy * parent[:, 3] + along) / parent_mass
    factor = (along / (parent[:, 3] + parent_mass) + energy) / parent_mass
    return np.concatenate([rest + factor[:, None] * parent[:, :3], total[:, None]], axis=1)
