"""e+ e- -> gamma gamma gamma at tree level, exact in m_e: six orderings of the photons along the electron's line.

The squared amplitude is that of double Compton scattering (F. Mandl, T. H. R. Skyrme, Proc. R. Soc. A 215 (1952) 497;
J. M. Jauch, F. Rohrlich, The Theory of Photons and Electrons, section 11-4) with two particles crossed. It is symmetric in
the photons and is infrared divergent: each photon has at least the energy `least` in the centre of mass.

Without masses it is a sum over i of K_i = kappa_i kappa_i' (kappa_i^2 + kappa_i'^2) over the product of all kappa kappa':
two photons are collinear or soft, the third is neither. So each point is weighted with K_3 / (K_1 + K_2 + K_3), and taken
three times; of the two others the first is the softer, which is taken twice. With the 1/6 of identical photons that is 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.processes import photon_recoil
from alphoton.generators.processes.base import Component, Particle, Process
from alphoton.generators.processes.photon_recoil import BETA, BOOST, ETA_MAX, SQRT_S, collinear, one_minus_abs_c

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

M2 = ELECTRON_MASS**2
Three = tuple[float, float, float]
LEAST = 12
"""Place of the photons' least energy, behind the parameters of `photon_recoil`."""


@kernel("float64(UniTuple(float64, 3), UniTuple(float64, 3))")
def squared(k: Three, q: Three) -> float:
    """m^2 <|M|^2> / e^6, from kappa_i = p_-.k_i / m^2 and kappa_i' = p_+.k_i / m^2; averaged over the spins that come in."""
    a, b = 1 / k[0] + 1 / k[1] + 1 / k[2], 1 / q[0] + 1 / q[1] + 1 / q[2]
    A, B = k[0] * k[1] * k[2], q[0] * q[1] * q[2]
    x = k[0] + k[1] + k[2]
    c = z = rho = 0.0
    for i in range(3):
        product = k[i] * q[i]
        c, z, rho = c + 1 / product, z + product, rho + (k[i] * k[i] + q[i] * q[i]) / product
    last = (A + B) * (x + 1) - (a * A + b * B) * (2 + z * (1 - x) / x) + x * x * (1 - z) + 2 * z
    first = 2 * (a * b - c) * ((a + b) * (x + 2) - (a * b - c) - 8) - 2 * x * (a * a + b * b) - 8 * c
    return -(first + 4 * x / (A * B) * last - 2 * rho * (a * b + c * (1 - x)))


@kernel("UniTuple(float64, 4)(float64, float64[::1])")
def _direction(x: float, p: Array) -> tuple[float, float, float, float]:
    """(1 - beta c, 1 + beta c, c, sin theta) of a photon from beta c = tanh(eta), eta = eta_max (2 x - 1)."""
    eta = p[ETA_MAX] * (2 * x - 1)
    near = one_minus_abs_c(x, p)
    c = 1 - near if x > 0.5 else near - 1
    return 2 / (1 + math.exp(2 * eta)), 2 / (1 + math.exp(-2 * eta)), c, math.sqrt(near * (2 - near))


@kernel("Tuple((float64, UniTuple(float64, 3), UniTuple(float64, 3), UniTuple(float64, 3)))(float64[::1], float64[::1])")
def point(x: Array, p: Array) -> tuple[float, Three, Three, Three]:
    """(density in pb, momenta of the three photons in the centre of mass), the first photon's transverse one along x.

    x = (energy of the first photon, its angle, that of the second, azimuth between them, half a turn). The density is 0
    outside phase space.
    """
    root_s, least = p[SQRT_S], p[LEAST]
    E = root_s / 2
    minus_1, plus_1, c_1, s_1 = _direction(x[1], p)
    minus_2, plus_2, c_2, s_2 = _direction(x[2], p)
    phi = math.pi * x[3]
    c_12 = c_1 * c_2 + s_1 * s_2 * math.cos(phi)
    largest = root_s / (2 + math.sqrt(2 * max(1 + c_12, 0.0)))  # where both energies are the same
    span = math.log(largest / least)
    w_1 = least * math.exp(x[0] * span)
    w_2 = root_s * (root_s - 2 * w_1) / (2 * (root_s - w_1 * (1 - c_12)))
    w_3 = root_s - w_1 - w_2
    k_1 = (w_1 * s_1, 0.0, w_1 * c_1)
    k_2 = (w_2 * s_2 * math.cos(phi), w_2 * s_2 * math.sin(phi), w_2 * c_2)
    k_3 = (-k_1[0] - k_2[0], -k_2[1], -k_1[2] - k_2[2])
    if span <= 0 or w_3 < least:
        return 0.0, k_1, k_2, k_3
    across = k_3[0] * k_3[0] + k_3[1] * k_3[1]
    small = M2 / (E * (1 + p[BETA])) * w_3 + E * p[BETA] * across / (w_3 + abs(k_3[2]))  # w_3 (E - |p| |c_3|)
    large = E * (w_3 + p[BETA] * abs(k_3[2]))
    minus_3, plus_3 = (small, large) if k_3[2] > 0 else (large, small)
    kappa = (w_1 * E * minus_1 / M2, w_2 * E * minus_2 / M2, minus_3 / M2)
    kappa_prime = (w_1 * E * plus_1 / M2, w_2 * E * plus_2 / M2, plus_3 / M2)
    total = part = 0.0
    for i in range(3):
        product = kappa[i] * kappa_prime[i]
        part = product * (kappa[i] * kappa[i] + kappa_prime[i] * kappa_prime[i])
        total += part
    D_1, _, jacobian = collinear(x[1], p)
    D_2 = collinear(x[2], p)[0]
    # (2 pi)^-5 d^3k_1/(2 w_1) d^3k_2/(2 w_2) delta((P - k_1 - k_2)^2), and the flux 2 beta s
    volume = w_1 * w_2 / (8 * (root_s - w_1 * (1 - c_12))) * w_1 * span * D_1 * D_2 * jacobian * jacobian
    volume *= (2 * math.pi) ** 2 / (2 * math.pi) ** 5 / (2 * p[BETA] * root_s * root_s)
    coupling = GEV2_PB * (4 * math.pi * ALPHA) ** 3 / M2
    return coupling * volume * max(0.0, squared(kappa, kappa_prime)) * part / total, k_1, k_2, k_3


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx in pb of photons above the least energy."""
    return point(x, p)[0]


@kernel("float64(UniTuple(float64, 3))")
def _norm2(k: Three) -> float:
    return k[0] * k[0] + k[1] * k[1] + k[2] * k[2]


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    """Half of the circle of phi is for one side of the second photon, half for the other; either turns once around in it."""
    up = p[BOOST]
    for i in range(len(phi)):
        _, soft, other, third = point(x[i], p)
        first_two = (third, other) if _norm2(third) > _norm2(other) else (other, third)
        momenta = (first_two[0], first_two[1], soft)
        if _norm2(soft) > _norm2(first_two[1]):  # the first photon is softer than the second alone
            momenta = (first_two[0], soft, first_two[1])
        side = 1.0 if phi[i] < math.pi else -1.0
        cos, sin = math.cos(2 * phi[i]), math.sin(2 * phi[i])
        for j in range(3):
            k_x, k_y, k_z = momenta[j]
            k_y *= side
            energy = math.sqrt(k_x * k_x + k_y * k_y + k_z * k_z)
            large = energy + abs(k_z)
            small = (k_x * k_x + k_y * k_y) / large
            plus, minus = (large * up, small / up) if k_z > 0 else (small * up, large / up)
            out[i, j, 0], out[i, j, 1] = k_x * cos - k_y * sin, k_x * sin + k_y * cos
            out[i, j, 2], out[i, j, 3] = 0.5 * (plus - minus), 0.5 * (plus + minus)


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of the photons in the laboratory at the points x (n, 4) and azimuths phi (n).

    They are in the order of falling energy in the centre of mass.
    """
    out = np.empty((len(phi), 3, 4))
    _fill(x, phi, p, out)
    return out


def couplings(card: ProcessCard) -> Array:
    """Nothing to scale with: 1."""
    return np.ones(1)


def parameters(card: ProcessCard, collision: Collision) -> Array:
    return np.append(photon_recoil.parameters(couplings(card), 0.0, collision), card.photon_cut.least_energy)


PROCESS = Process(
    name="three_photon",
    reaction="E+ E- --> GAMMA GAMMA GAMMA",
    dimension=4,
    components=(Component("three_photon", {}, density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=final_state,
    particles=lambda *_: (Particle(PHOTON_ID, 0.0),) * 3,
    threshold=lambda card, _: max(2 * ELECTRON_MASS, 3 * card.photon_cut.least_energy),
)
