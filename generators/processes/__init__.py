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
    "three_photon",
    "two_photon",
)


def get(name: str, *, thick: bool = False) -> Process:
    """The process of that name; only its own file is imported. On a thick target it is another one than on a thin."""
    module = import_module(f"alphoton.generators.processes.{name}")
    process: Process = module.THICK if thick else module.PROCESS
    return process


def of(card: ProcessCard) -> Process:
    """The process of a card; where loops depend on the momentum it has a file of its own."""
    return get(f"{card.process}_loop" if card.momentum_dependent else card.process, thick=card.beams.thickness > 0)
