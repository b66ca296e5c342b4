"""What a process is: differential cross-sections over the unit cube, and the final state at a point of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alphoton.generators.jit import Array, Density, IntArray
from alphoton.generators.kinematics import Collision

BEAM, FINAL, DECAYED = 4, 1, 2
"""Status codes."""

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard


Powers = Mapping[str, int]
"""A product of couplings: {"g_agamma": 1, "g_ae": 1} is g_agamma g_ae."""


@dataclass(frozen=True)
class Component:
    """A part of the cross-section that scales with one product of couplings: `powers`, empty in the Standard Model.

    `density(x, parameters)` is dsigma/dx in pb at unit couplings. `own_sample` is whether it is a density (never
    negative) that the balanced sampling draws from.
    """

    name: str
    powers: Powers
    density: Density
    own_sample: bool = True


@dataclass(frozen=True)
class Particle:
    """A row of the event record: particle number, mass (GeV), status (4 beam, 1 final), and the row of its mother."""

    pdg_id: int
    mass: float
    status: int = FINAL
    mother: int = -1


@dataclass(frozen=True)
class Process:
    """One process: its components, its density at the card's couplings, and its final state.

    `reaction` says it in words, in the notation of HEPData.
    `parameters` gives the array that the kernels take, with the components' couplings (`couplings`) first.
    `final_state` takes points x (n, dimension), azimuths (n) and the parameters, and gives momenta (n, particles, 4) as
    (px, py, pz, E) in the laboratory.
    """

    name: str
    reaction: str
    dimension: int
    components: tuple[Component, ...]
    density: Density
    couplings: Callable[[ProcessCard], Array]
    parameters: Callable[[ProcessCard, Collision], Array]
    final_state: Callable[[Array, Array, Array], Array]
    particles: Callable[[ProcessCard, Collision], tuple[Particle, ...]]
    threshold: Callable[[ProcessCard, Collision], float]
    """The smallest sqrt(s) at which it happens, GeV."""
    depth: Callable[[Array, Array], Array] | None = None
    """Depth in mm in a thick target of the points x (n, dimension), with the parameters."""
    unit_densities: Callable[[Array, Array], Array] | None = None
    """The densities (components, n) of all components at the points x (n, dimension), with the parameters; None where
    there is one component."""
    pdg_ids: Callable[[Array, Array], IntArray] | None = None
    """Particle numbers (n, particles) at the points x (n, dimension), with the parameters, where they differ from event to
    event; None where they are those of `particles`."""
    table_error: Callable[[Array, Array, Array], float] | None = None
    """The relative error that a cross-section has from a table in the parameters, with points x (n, dimension), densities
    (n) at them, and the parameters; None where there is no table."""


OF_VERSION_0_1: dict[str, Powers] = {
    "photon": {"g_agamma": 2},
    "electron": {"g_ae": 2},
    "interference": {"g_agamma": 1, "g_ae": 1},
    "dark_photon": {"epsilon": 2},
}
"""What components scale with in event files of version 0.1.0, which do not say it; the others are the Standard Model's."""


def powers_of(meta: Mapping[str, Any]) -> dict[str, Powers]:
    """What each component of an event file scales with, from the file's `meta`."""
    known: Mapping[str, Powers] = meta.get("powers", OF_VERSION_0_1)
    return {name: known.get(name, {}) for name in meta["couplings"]}
