"""The processes, one a file; `of` finds the one of a card."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from alphoton.generators.processes.base import Process

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

NAMES = (
    "annihilation",
    "bethe_heitler",
    "bremsstrahlung",
    "dark_photon",
    "neutrino_photon",
    "primakoff",
    "resonant",
    "three_photon",
    "two_photon",
)

KINDS = ("PROCESS", "THICK", "CASCADE")
"""What a process' module may have: itself, in a thin target or none; in the shower of a thick one; in one by Monte Carlo."""


def get(name: str, *, thick: bool = False, cascade: bool = False, real_beams: bool = False) -> Process:
    """The process of that name; only its own file is imported.

    It is another one on a thick target, and there another one where the shower is a Monte Carlo's; or with beams that have a
    spread of energies or radiate.
    """
    package, suffix = "real_beams" if real_beams else "processes", "_in_cascade" if cascade else ""
    module = import_module(f"alphoton.generators.{package}.{name}{suffix}")
    process: Process = module.CASCADE if cascade else module.THICK if thick else module.PROCESS
    return process


def of(card: ProcessCard) -> Process:
    """The process of a card; where loops depend on the momentum it has a file of its own."""
    beams = card.beams
    real = beams.real and card.process != "resonant"  # whose beams are always
    name = f"{card.process}_loop" if card.momentum_dependent else card.process
    return get(name, thick=beams.thickness > 0, cascade=beams.cascade, real_beams=real)
