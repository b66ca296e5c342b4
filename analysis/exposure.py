"""The one route to an exposure: events for each pb of cross-section times efficiency, from cards or from a file's meta.

Analysis cards say how much beam there was; process cards, and the meta of the files made from them, say what it meets.
Either of them may describe the target. If both do they must agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alphoton.analysis.analysis_card import AnalysisCard, CountingBlock, Target
from alphoton.data.card_paths import KeyPath
from alphoton.data.errors import CardError
from alphoton.generators.constants import AVOGADRO, ELECTRON_MASS

CM2_PER_PB = 1e-36
MM_PER_CM = 10.0
AGREEMENT = 0.01
"""Relative, within which two descriptions of one target are the same."""
SAME_NUMBER = 1e-6
"""The same for the atomic number of an element."""


LARGEST = 1e100
"""Events for each pb: far beyond any experiment, and products with it stay numbers."""


class NoExposureError(CardError):
    """The cards do not say how much beam there was, or what it met."""


@dataclass(frozen=True)
class Matter:
    """A target as a process card describes it: means over its atoms, g/mol, g/cm^3, mm, g/cm^2.

    The density is None if the card gives neither it nor a length, and the length is None for a thin target.
    """

    material: str
    atomic_number: float
    atomic_mass: float
    density: float | None
    length: float | None
    radiation_length: float


@dataclass(frozen=True)
class Setup:
    """What a sample was made from, as far as an exposure follows from it.

    `hits` is what the cross-section belongs to: a pair of `beams` that collide, an electron of the target, or a nucleus of
    it. With a `shower` it is the effective one for each atom in a radiation length. `place` says where that is written.
    """

    place: str
    hits: str
    luminosity: float | None = None
    shower: bool = False
    target: Matter | None = None
    atoms_per_radiation_length: float | None = None

    @classmethod
    def of_meta(cls, meta: Mapping[str, Any], place: str) -> Setup:
        """From the meta of an event file, or from `ProcessCard.setup`. Files of 0.1.0 describe no target."""
        shares = [collision.get("luminosity") for collision in meta["beams"]]
        column = meta.get("atoms_per_radiation_length")
        target = meta.get("target")
        return cls(
            place,
            hits(meta["beams"]),
            sum(shares) if shares and all(shares) else None,
            column is not None,
            None if target is None else Matter(**target),
            column,
        )


def hits(beams: Sequence[Mapping[str, Any]]) -> str:
    """What collides, from the beams in a file's meta: `nuclei`, `electrons` (at rest) or `beams`."""
    if any(collision.get("atomic_number") for collision in beams):
        return "nuclei"
    first = beams[0] if beams else {}
    if "energy" in first and math.isclose(first["sqrt_s"] ** 2, 2 * ELECTRON_MASS * first["energy"], rel_tol=1e-9):
        return "electrons"  # s = 2 m_e (E + m_e) of a positron on an electron at rest
    return "beams"


def exposure(card: AnalysisCard, setup: Setup) -> float:
    """Events for each pb of cross-section times efficiency, in 1/pb. For a scan it is that of one particle on target.

    * Beams that collide: the luminosity of the analysis card, else that of the process card.
    * A target that the beam meets once: N N_A (rho / A) d (1e-36 cm^2/pb) atoms, Eq. (45) of arXiv:2012.07894, and Z times
      as many electrons where those are hit.
    * A shower: N N_A X0 / A with X0 in g/cm^2, Eq. (43).

    Raises `NoExposureError` if the cards give none, and `CardError`, naming both places, if they contradict each other.
    """
    key, target_key, target, particles = _given(card)
    problems = list(_disagreements(card, setup, target_key, target))
    if problems:
        raise CardError(problems)
    counting = card.counting
    luminosity = counting.luminosity if counting is not None else None
    if luminosity is not None and setup.shower:
        message = f"a shower has no luminosity: give 'particles_on_target' ({setup.place} has a thick target)"
        raise CardError([card.problem(("counting", "luminosity"), message)])
    if particles is None:
        chosen = luminosity if luminosity is not None else setup.luminosity
        if chosen is None:
            raise NoExposureError([card.problem(("counting",), _missing(setup))])
        return chosen
    if setup.hits == "beams":
        message = f"there is no target: {setup.place} has two beams that collide; give 'luminosity'"
        raise CardError([card.problem(key, message)])
    atoms, hit_in_each = _column(card, setup, target, key)
    events = particles * atoms * hit_in_each * CM2_PER_PB
    if not events <= LARGEST:
        message = f"this and the target make {events:g} events for each pb: it must be at most {LARGEST:g}"
        raise CardError([card.problem(key, message)])
    return events


def _given(card: AnalysisCard) -> tuple[KeyPath, KeyPath, Target | None, float | None]:
    """The keys of particles and target in an analysis card, the target, and the number of particles."""
    if card.scan is not None:
        return ("scan",), ("scan", "target"), card.scan.target, 1.0
    counting = card.counting or CountingBlock()
    return ("counting", *counting.on_target_key), ("counting", "target"), counting.target, counting.on_target


def _missing(setup: Setup) -> str:
    if setup.hits == "beams":
        return f"neither the analysis card nor the process card gives a luminosity ({setup.place})"
    return f"the number of beam particles is missing: give 'particles_on_target' ({setup.place} has a target)"


def _column(card: AnalysisCard, setup: Setup, target: Target | None, key: KeyPath) -> tuple[float, float]:
    """Atoms per cm^2 that a beam particle passes, in a shower those of one radiation length, and what it may hit in each."""
    if setup.shower:
        assert setup.atoms_per_radiation_length is not None
        return setup.atoms_per_radiation_length, 1.0
    matter = setup.target
    if target is not None:
        number, mass, density, length = target.atomic_number, target.atomic_mass, target.density, target.thickness
    elif matter is not None and matter.length is not None and matter.density is not None:
        number, mass, density, length = matter.atomic_number, matter.atomic_mass, matter.density, matter.length
    else:
        message = (
            f"the length of the target is missing: give a 'target' beside it, or a thickness like '100 um' with "
            f"'shower: none' in the target of {setup.place}"
        )
        raise NoExposureError([card.problem(key, message)])
    return AVOGADRO * density / mass * length / MM_PER_CM, number if setup.hits == "electrons" else 1.0


def _disagreements(card: AnalysisCard, setup: Setup, key: KeyPath, target: Target | None) -> Iterator[str]:
    """In which numbers an analysis card's target is not that of the process card."""
    matter = setup.target
    if target is None or matter is None:
        return
    is_element = math.isclose(matter.atomic_number, round(matter.atomic_number), rel_tol=SAME_NUMBER)
    for name, unit, ours, theirs, tolerance in (
        ("atomic_number", "", target.atomic_number, matter.atomic_number, SAME_NUMBER if is_element else AGREEMENT),
        ("atomic_mass", " g/mol", target.atomic_mass, matter.atomic_mass, AGREEMENT),
        ("density", " g/cm^3", target.density, matter.density, AGREEMENT),
        ("thickness", " mm", target.thickness, matter.length, AGREEMENT),
    ):
        if theirs is not None and not math.isclose(ours, theirs, rel_tol=tolerance):
            message = f"{ours:.6g}{unit}, but {setup.place} has a target of {matter.material} with {theirs:.6g}{unit}"
            yield card.problem((*key, name), f"{message}: give one of the two targets, or the same in both")
