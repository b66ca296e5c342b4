"""e+ e- -> a: resonant production by positrons on electrons, at rest or bound in atoms.

sigma = pi g_ae^2 m_e^2 / (2 beta) delta(s - m_a^2), beta = sqrt(1 - 4 m_e^2/m_a^2), which is 4 pi^2 Gamma_ee / (beta^2 m_a)
delta(s - m_a^2) with the width of Eq. (4) of arXiv:2012.07894. An electron of binding energy B and momentum k along the beam
has the energy m_e - B, and s = m_a^2 where

2 (E (m_e - B) - p k) = m_a^2 - m_e^2 - (m_e - B)^2 + k^2.

The delta is taken over the positron's energy. With the flux, (E (m_e - B) - p k) / (E m_e), what remains is

sigma_eff = pi g_ae^2 m_e / (4 beta) <f(E(k))>,

f the distribution of energies (1/GeV) and the mean over the electrons' momenta: they smear the line and leave its area. f is
a Gaussian, the beam's `energy_spread`. Left out: momenta across the beam, of some keV; the width of the ALP, for which the
card must leave no room; and the radiation of the positron.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ELECTRON_MASS, GEV2_PB, TWO_PI
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter.bound_electrons import bound_in
from alphoton.generators.processes.base import BEAM, Component, Particle, Process

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

ELECTRON_ID = 11
MASS, ENERGY, SPREAD, ELECTRONS = range(1, 5)
"""Places in the parameters, behind the coupling squared: m_a, mean energy and spread of the beam (GeV), and the table of
`electrons`, to the end."""
AT_REST = np.zeros(1)
M2 = ELECTRON_MASS**2


def electrons(element: str | None) -> Array:
    """The electrons as an array for kernels: the number n of segments, shares (n + 1), first, last, binding (n each)."""
    if element is None:
        return AT_REST
    found = bound_in(element)
    return np.concatenate([[float(len(found.first))], found.share, found.first, found.last, found.binding])


@kernel("UniTuple(float64, 2)(float64, float64[::1])")
def electron(x: float, table: Array) -> tuple[float, float]:
    """(k, B) of an electron at x in [0, 1]: its momentum along the beam, and its binding energy, GeV.

    k is negative below 1/2. It is 0 at both ends and has no jump between them.
    """
    n = int(table[0])
    if n == 0:
        return 0.0, 0.0
    side = -1.0 if x < 0.5 else 1.0
    y = 2 * x if x < 0.5 else 2 - 2 * x
    shares = table[1 : n + 2]
    i = min(max(int(np.searchsorted(shares, y, side="right")) - 1, 0), n - 1)
    first, last = table[n + 2 + i], table[2 * n + 2 + i]
    k = first + (y - shares[i]) / (shares[i + 1] - shares[i]) * (last - first)
    return side * k, table[3 * n + 2 + i]


@kernel(float64(float64, float64, float64))
def resonance(m_a: float, k: float, binding: float) -> float:
    """The energy (GeV) of the positron at which s = m_a^2, without cancellation; inf where there is none."""
    energy = ELECTRON_MASS - binding
    S = (m_a * m_a - M2 - energy * energy + k * k) / 2
    root2 = S * S - M2 * (energy - k) * (energy + k)
    if root2 < 0 or S <= 0:
        return math.inf
    below = S * energy - k * math.sqrt(root2)
    return (S * S + M2 * k * k) / below if below > 0 else math.inf


@kernel(float64(float64))
def strength(m_a: float) -> float:
    """pi m_e / (4 beta) in pb GeV at g_ae = 1 /GeV: the area under the line."""
    beta = math.sqrt((1 - 2 * ELECTRON_MASS / m_a) * (1 + 2 * ELECTRON_MASS / m_a))
    return GEV2_PB * math.pi * ELECTRON_MASS / (4 * beta)


@kernel(DENSITY)
def unit_density(x: Array, p: Array) -> float:
    """The cross-section of an electron at g_ae = 1 /GeV, pb, by the variable of its momentum."""
    k, binding = electron(x[0], p[ELECTRONS:])
    away = (resonance(p[MASS], k, binding) - p[ENERGY]) / p[SPREAD]
    if not abs(away) < 38:
        return 0.0
    return strength(p[MASS]) * math.exp(-away * away / 2) / (math.sqrt(TWO_PI) * p[SPREAD])


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """The cross-section at the card's coupling."""
    return p[0] * unit_density(x, p)


@kernel(void(float64[::1], float64, float64[::1], float64[:, :, ::1]))
def fill(x: Array, m_a: float, table: Array, out: Array) -> None:
    """Momenta (n, 3, 4) of positron, electron and ALP at the variable of the electron's momentum (n)."""
    for i in range(len(x)):
        k, binding = electron(x[i], table)
        energy = resonance(m_a, k, binding)
        momentum = math.sqrt((energy - ELECTRON_MASS) * (energy + ELECTRON_MASS))
        out[i, :, :2] = 0.0
        out[i, 0, 2], out[i, 0, 3] = momentum, energy
        out[i, 1, 2], out[i, 1, 3] = k, ELECTRON_MASS - binding
        out[i, 2, 2], out[i, 2, 3] = momentum + k, energy + ELECTRON_MASS - binding


def line(m_a: float, energies: Array, spread: float, element: str | None = None) -> Array:
    """The cross-section (n) of an electron at g_ae = 1 /GeV, pb, for beams of these mean energies (GeV) and relative spread.

    A sum over the segments of the electrons' momenta, without Monte Carlo: what `unit_density` integrates to. `element` is
    that of the atoms in which they are bound, None at rest. Raises ValueError for an element without a profile.
    """
    at, share = np.array([resonance(m_a, 0.0, 0.0)]), np.ones(1)
    if element is not None:
        found = bound_in(element)
        middles = (found.first + found.last) / 2
        pairs = [(side * k, binding) for side in (-1, 1) for k, binding in zip(middles, found.binding, strict=True)]
        at = np.array([resonance(m_a, k, binding) for k, binding in pairs])
        share = np.tile(np.diff(found.share) / 2, 2)
    sigma = spread * np.asarray(energies)[:, None]
    away = (at - np.asarray(energies)[:, None]) / sigma
    values: Array = strength(m_a) * (np.exp(-(away**2) / 2) / (math.sqrt(TWO_PI) * sigma)) @ share
    return values


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the positron and the electron that come in, and the ALP."""
    out = np.empty((len(phi), 3, 4))
    fill(np.ascontiguousarray(x[:, 0]), p[MASS], np.ascontiguousarray(p[ELECTRONS:]), out)
    return out


def couplings(card: ProcessCard) -> Array:
    """(g_ae^2,) in 1/GeV^2."""
    return np.array([card.model.g_ae**2])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    beams = card.beams
    assert beams.positron_energy is not None
    head = [float(couplings(card)[0]), card.mass, beams.positron_energy, beams.energy_spread * beams.positron_energy]
    return np.concatenate([head, electrons(beams.bound_electrons)])


def particles(card: ProcessCard, collision: Collision) -> tuple[Particle, ...]:
    """The positron and the electron that come in, and the ALP."""
    return (
        Particle(-ELECTRON_ID, ELECTRON_MASS, BEAM),
        Particle(ELECTRON_ID, ELECTRON_MASS, BEAM),
        Particle(card.ids.alp, card.mass, mother=0),
    )


def threshold(card: ProcessCard, collision: Collision) -> float:
    """No least sqrt(s): the beam's mean energy may lie beside the line."""
    return 0.0


PROCESS = Process(
    name="resonant",
    reaction="E+ E- --> ALP",
    dimension=1,
    components=(Component("electron", {"g_ae": 2}, unit_density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=final_state,
    particles=particles,
    threshold=threshold,
)
