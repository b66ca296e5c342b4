"""Detectors that see what comes with the photon, and miss some of it: vetoes of an analysis card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from alphoton.analysis.selection import EventView
from alphoton.data.card import Block
from alphoton.data.card_paths import KeyPath
from alphoton.data.event_file import Jagged
from alphoton.data.quantities import Angle, Energy, Fraction

Array = NDArray[np.float64]
FINAL = 1
NUMBERS = {"electron": (11,), "photon": (22,), "positron": (-11,)}


class Veto(Block):
    """An event is lost where this detector sees one of the true particles within the limits, besides the photon measured.

    `inefficiency` is the probability that it does not see one, each by itself: the event's weight is multiplied by it.
    Particles that are made out of the reach of the detector card are seen by no veto either.
    """

    name: Annotated[str, Field(pattern=r"^[\w .+-]+$", max_length=60)]
    particle: Literal["electron", "photon", "positron"]
    inefficiency: Annotated[Fraction, Field(ge=0, le=1)]
    min_energy: Annotated[Energy, Field(ge=0)] = 0.0
    max_energy: Annotated[Energy | None, Field(gt=0)] = None
    min_angle: Annotated[Angle, Field(ge=0)] = 0.0
    max_angle: Annotated[Angle | None, Field(gt=0)] = None

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        for quantity in ("energy", "angle"):
            low, high = getattr(self, f"min_{quantity}"), getattr(self, f"max_{quantity}")
            if high is not None and low >= high:
                yield (f"max_{quantity}",), f"the range is inverted or empty: min_{quantity} is not below it"

    def missed(self, view: EventView) -> Array:
        """The probability (events) that it sees nothing."""
        particles = view.chunk["GenPart"]
        assert isinstance(particles, Jagged)
        px, py, pz, energy = (particles[name] for name in ("px", "py", "pz", "energy"))
        theta = np.arctan2(np.hypot(px, py), pz)
        seen = np.isin(particles["pdgId"], NUMBERS[self.particle]) & (particles["status"] == FINAL)
        seen &= ~view.out_of_reach & (energy >= self.min_energy) & (theta >= self.min_angle)
        if self.max_energy is not None:
            seen &= energy <= self.max_energy
        if self.max_angle is not None:
            seen &= theta <= self.max_angle
        if self.particle == "photon":
            seen &= ~_measured(view, particles)
        found = self.inefficiency ** np.bincount(particles.events[seen], minlength=view.count)
        return found.astype(np.float64)


def _measured(view: EventView, particles: Jagged) -> NDArray[np.bool_]:
    """Which of the true particles is the photon measured: the final photon of each event nearest to it in direction."""
    event = particles.events
    theta, phi = (view.quantity(f"photon.{name}")[event] for name in ("theta", "phi"))
    px, py, pz, energy = (particles[name] for name in ("px", "py", "pz", "energy"))
    direction = (np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta))
    away = sum((p / energy - n) ** 2 for p, n in zip((px, py, pz), direction, strict=True))
    photons = (particles["pdgId"] == 22) & (particles["status"] == FINAL) & ~view.out_of_reach
    away = np.where(photons & np.isfinite(away), away, np.inf)
    nearest = np.full(view.count, np.inf)
    np.minimum.at(nearest, event, away)
    chosen: NDArray[np.bool_] = np.isfinite(away) & (away == nearest[event])
    return chosen
