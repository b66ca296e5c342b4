"""e Z -> e Z gamma: Bethe-Heitler bremsstrahlung, exact, in the field of a spin-0 nucleus that recoils, times G2(t).

dsigma = alpha^3/(16 pi M^2) k/(|p| |p-k|) B G2(t)/t^2 dk dcos(theta_k) dt dphi with q = Pi - Pf into the electron's line,
t = -q^2, P = Pi + Pf, kappa = p.k, kappa' = p'.k, and B = {...}/(kappa kappa'), {...} =

2 t [(P.p)^2 + (P.p')^2] - P^2 [t^2 + 2 t (kappa' - kappa) + 2 kappa^2 + 2 kappa'^2]
- m^2/(kappa kappa') [4 (P.p kappa - P.p' kappa')^2 - P^2 t (kappa' - kappa)^2].

It is the formula of H. Bethe and W. Heitler, Proc. R. Soc. A 146 (1934) 83, in the frame in which the nucleus keeps its
energy, written with invariants. There are two peaks: the photon along the electron that comes in, 1/kappa, and along the
one that goes out, 1/kappa'. Either has variables of its own, logarithmic in the photon's energy, in t and in kappa or
kappa', and a weight kappa'^2/(kappa^2 + kappa'^2) or kappa^2/(kappa^2 + kappa'^2): the density at a point of the cube is the
sum of both, and the event is one of the two. Photons begin at an energy, as the rate diverges for soft ones, and at an
angle, both in the laboratory. The sign of the charge does not matter in this order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB, PHOTON_ID
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter.form_factors import form_factor
from alphoton.generators.processes import nuclear
from alphoton.generators.processes.base import BEAM, Component, Particle, Process
from alphoton.generators.processes.nuclear import A2, B2, ENERGY, MASS_A, REGULATOR, SIZE, SQUARED, Z

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

ELECTRON_ID = 11
M2 = ELECTRON_MASS**2
LEAST_ENERGY, LEAST_ANGLE = 13, 14
"""Places of the photon's least energy (GeV) and of 1 - cos of its least angle, behind the parameters of `nuclear`."""
Seven = tuple[float, float, float, float, float, float, float]
OUTSIDE = (0.0,) * 7


@kernel(float64(float64, float64, float64, float64, float64, float64, float64, float64))
def bracket(kappa: float, kappa_prime: float, gain: float, t: float, P2: float, P_p: float, P_k: float, m2: float) -> float:
    """B from p.k, p'.k, their difference q.k = p'.k - p.k, t, P^2, P.p and P.k."""
    both = kappa * kappa_prime
    P_p_prime = P_p - P_k
    mixed = P_k * kappa - P_p_prime * gain  # P.p kappa - P.p' kappa'
    whole = 2 * t * (P_p * P_p + P_p_prime * P_p_prime)
    whole -= P2 * (t * t + 2 * t * gain + 2 * (kappa * kappa + kappa_prime * kappa_prime))
    return (whole - m2 / both * (4 * mixed * mixed - P2 * t * gain * gain)) / both


@kernel(float64(float64, float64, float64, float64, float64, float64, float64, float64[::1]))
def _weighed(k: float, kappa: float, kappa_prime: float, t: float, q_z: float, gain: float, P_k: float, p: Array) -> float:
    """alpha^3/(16 pi M^2) k B G2/t^2 / (kappa^2 + kappa'^2) in pb; q_z is along the beam, gain = q.k."""
    E, M = p[ENERGY], p[MASS_A]
    momentum = math.sqrt((E - ELECTRON_MASS) * (E + ELECTRON_MASS))
    P_p = (2 * M + t / (2 * M)) * E + q_z * momentum
    found = bracket(kappa, kappa_prime, gain, t, 4 * M * M + t, P_p, P_k, M2)
    form = form_factor(t, p[Z], p[A2], p[B2], p[SIZE], p[SQUARED], p[REGULATOR])
    coupling = GEV2_PB * ALPHA**3 / (16 * math.pi * M * M)
    return coupling * k * max(0.0, found) * form / (t * t) / (kappa * kappa + kappa_prime * kappa_prime)


@kernel("UniTuple(float64, 2)(float64, float64, float64[::1])")
def transfers(k: float, less: float, p: Array) -> tuple[float, float]:
    """The limits of t for a photon of this energy and 1 - cos theta, roots of |q| |p - k| = |(p - k).q|; or 0."""
    E, M = p[ENERGY], p[MASS_A]
    momentum = math.sqrt((E - ELECTRON_MASS) * (E + ELECTRON_MASS))
    kappa = k * (M2 / (E + momentum) + momentum * less)
    V2 = (momentum - k) ** 2 + 2 * momentum * k * less
    recoil = 1 + (E - k) / M
    a, b, c = (recoil * recoil - V2 / (M * M)) / 4, V2 - kappa * recoil, kappa * kappa
    square = b * b - 4 * a * c
    if square <= 0 or b <= 0:
        return 0.0, 0.0
    root = b + math.sqrt(square)
    return 2 * c / root, root / (2 * a)


@kernel("UniTuple(float64, 4)(float64, float64, float64[::1])")
def energy_and_transfer(x: float, y: float, p: Array) -> tuple[float, float, float, float]:
    """(k, t, E', dk dt / dx dy), both logarithmic, t from what the least angle leaves to what a photon straight back does.

    The Jacobian is 0 outside.
    """
    E, M = p[ENERGY], p[MASS_A]
    span = math.log((E - ELECTRON_MASS) / p[LEAST_ENERGY])
    k = p[LEAST_ENERGY] * math.exp(x * span)
    t_min, t_max = transfers(k, p[LEAST_ANGLE], p)[0], max(transfers(k, 2.0, p)[1], transfers(k, p[LEAST_ANGLE], p)[1])
    if t_min <= 0:
        return k, 0.0, 0.0, 0.0
    span_t = math.log(t_max / t_min)
    t = t_min * math.exp(y * span_t)
    E_prime = E - k - t / (2 * M)
    return k, t, E_prime, k * span * t * span_t if E_prime > ELECTRON_MASS else 0.0


@kernel("UniTuple(float64, 4)(float64, float64, float64, float64[::1])")
def _lengths(k: float, t: float, E_prime: float, p: Array) -> tuple[float, float, float, float]:
    """(|p|, |p'|, |q|, |p| - |p'| - k), the last, the least that |q| can be, without a cancellation."""
    E, T = p[ENERGY], t / (2 * p[MASS_A])
    momentum = math.sqrt((E - ELECTRON_MASS) * (E + ELECTRON_MASS))
    after = math.sqrt((E_prime - ELECTRON_MASS) * (E_prime + ELECTRON_MASS))
    q = math.sqrt(t + T * T)
    least = (2 * k * M2 / (E + momentum) + T * (2 * (E - k) - T)) / (momentum - k + after)
    return momentum, after, q, least


@kernel("UniTuple(float64, 7)(float64[::1], float64[::1])")
def along_incoming(x: Array, p: Array) -> Seven:
    """(weighed density in pb, k, q) in the variables of the photon along the beam.

    They are the angle of k to p and the azimuth of q about p - k. k lies in the x-z plane, q on the side
    of y > 0. x = (energy, t, angle, half a turn).
    """
    k, t, E_prime, jacobian = energy_and_transfer(x[0], x[1], p)
    if jacobian == 0:
        return OUTSIDE
    M, T = p[MASS_A], t / (2 * p[MASS_A])
    momentum, after, q, least = _lengths(k, t, E_prime, p)
    collinear = M2 / (p[ENERGY] + momentum)
    # 1 - cos theta between where p' is straight against q, or the least angle, and where it is along q
    widest = min(2.0, (q - least) * (after + q + momentum - k) / (2 * momentum * k))
    back = (q - after + momentum - k) * (q - after - momentum + k) / (2 * momentum * k) if q > after else 0.0
    closest = max(p[LEAST_ANGLE], back)
    if widest <= closest:
        return OUTSIDE
    lowest = collinear + momentum * closest
    span = math.log((collinear + momentum * widest) / lowest)
    less = closest + lowest * math.expm1(x[2] * span) / momentum  # 1 - cos theta
    slope = collinear + momentum * less
    kappa = k * slope
    V = math.sqrt((momentum - k) ** 2 + 2 * momentum * k * less)
    along = -(kappa + 0.5 * t * (1 + (p[ENERGY] - k) / M)) / V
    across = math.sqrt(max((q + along) * (q - along), 0.0))
    sin, cos = math.sqrt(less * (2 - less)), 1 - less
    sin_V, cos_V = k * sin / V, (momentum - k * cos) / V  # of p - k, on the other side of the beam
    phi = math.pi * x[3]
    q_x = -along * sin_V + across * math.cos(phi) * cos_V
    q_y = across * math.sin(phi)
    q_z = along * cos_V + across * math.cos(phi) * sin_V
    q_k = (q_x * sin + q_z * cos) * k
    gain = -T * k - q_k
    kappa_prime = kappa + gain
    if kappa_prime <= 0:
        return OUTSIDE
    jacobian *= slope * span / momentum * 2 * math.pi / (momentum * V)
    weight = _weighed(k, kappa, kappa_prime, t, q_z, gain, (2 * M + T) * k + q_k, p)
    return weight * kappa_prime * kappa_prime * jacobian, k * sin, 0.0, k * cos, q_x, q_y, q_z


@kernel("UniTuple(float64, 7)(float64[::1], float64[::1])")
def along_outgoing(x: Array, p: Array) -> Seven:
    """The same in the variables of the photon along the electron that goes out: angle of k to p', azimuth of k about p' + k.

    p' + k lies in the x-z plane, k on the side of y > 0.
    """
    k, t, E_prime, jacobian = energy_and_transfer(x[0], x[1], p)
    if jacobian == 0:
        return OUTSIDE
    M, T = p[MASS_A], t / (2 * p[MASS_A])
    momentum, after, q, least = _lengths(k, t, E_prime, p)
    collinear = M2 / (E_prime + after)
    widest = min(2.0, (q - least) * (after + k + momentum - q) / (2 * after * k))
    if widest <= 0:
        return OUTSIDE
    span = math.log1p(after * widest / collinear)
    less = collinear * math.expm1(x[2] * span) / after  # 1 - cos of the angle between p' and k
    slope = collinear + after * less
    kappa_prime = k * slope
    V = math.sqrt((after - k) ** 2 + 2 * after * k * (2 - less))
    shorter = least + 2 * after * k * less / (after + k + V)  # |p| - |p' + k|
    bend = (q - shorter) * (q + shorter) / (2 * momentum * V)  # 1 - cos of the angle of p' + k
    if bend < 0 or bend > 2:
        return OUTSIDE
    sin_V, cos_V = math.sqrt(bend * (2 - bend)), 1 - bend
    sin, cos = after * math.sqrt(less * (2 - less)) / V, (k + after * (1 - less)) / V
    # the azimuth up to where the photon comes to the least angle
    tilt = sin * sin / (1 + cos) if cos > 0 else 1 - cos  # 1 - cos of the angle between k and p' + k
    level = (p[LEAST_ANGLE] - tilt - bend * cos) / max(sin * sin_V, 1e-300)
    if level >= 1:
        return OUTSIDE
    half_turn = math.acos(max(level, -1.0))
    phi = half_turn * x[3]
    n_x = cos * sin_V + sin * math.cos(phi) * cos_V
    n_y = sin * math.sin(phi)
    n_z = cos * cos_V - sin * math.cos(phi) * sin_V
    to_beam = (n_x * n_x + n_y * n_y) / (1 + n_z) if n_z > 0 else 1 - n_z
    kappa = k * (M2 / (p[ENERGY] + momentum) + momentum * to_beam)
    q_x, q_z = V * sin_V, -shorter - V * bend
    q_k = (q_x * n_x + q_z * n_z) * k
    gain = -T * k - q_k
    jacobian *= slope * span * 2 * half_turn / (momentum * momentum * V)
    weight = _weighed(k, kappa, kappa_prime, t, q_z, gain, (2 * M + T) * k + q_k, p)
    return weight * kappa * kappa * jacobian, k * n_x, k * n_y, k * n_z, q_x, 0.0, q_z


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx in pb."""
    return along_incoming(x, p)[0] + along_outgoing(x, p)[0]


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    """Momenta of beam, photon, electron, nucleus. The circle of phi is divided between both kinds of variables by their
    densities, then between the two sides of the plane, and what is left turns all about the beam."""
    momentum = math.sqrt((p[ENERGY] - ELECTRON_MASS) * (p[ENERGY] + ELECTRON_MASS))
    for i in range(len(phi)):
        one, other = along_incoming(x[i], p), along_outgoing(x[i], p)
        share, turn = one[0] / (one[0] + other[0]), phi[i] / (2 * math.pi)
        first = turn < share
        chosen = one if first else other
        turn = turn / share if first else (turn - share) / (1 - share)
        side = 1.0 if turn < 0.5 else -1.0
        cos, sin = math.cos(4 * math.pi * turn), math.sin(4 * math.pi * turn)
        _, k_x, k_y, k_z, q_x, q_y, q_z = chosen
        k = math.sqrt(k_x * k_x + k_y * k_y + k_z * k_z)
        q2 = q_x * q_x + q_y * q_y + q_z * q_z
        T = q2 / (p[MASS_A] + math.sqrt(p[MASS_A] ** 2 + q2))
        rows = (
            (0.0, 0.0, momentum, p[ENERGY]),
            (k_x, k_y * side, k_z, k),
            (q_x - k_x, (q_y - k_y) * side, momentum - k_z + q_z, p[ENERGY] - k - T),
            (-q_x, -q_y * side, -q_z, p[MASS_A] + T),
        )
        for j in range(4):
            out[i, j, 0] = rows[j][0] * cos - rows[j][1] * sin
            out[i, j, 1] = rows[j][0] * sin + rows[j][1] * cos
            out[i, j, 2], out[i, j, 3] = rows[j][2], rows[j][3]


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 4, 4) of beam particle, photon, electron or positron, and nucleus."""
    out = np.empty((len(phi), 4, 4))
    _fill(x, phi, p, out)
    return out


def couplings(card: ProcessCard) -> Array:
    """Nothing to scale with: 1."""
    return np.ones(1)


def parameters(card: ProcessCard, collision: Collision) -> Array:
    cut = card.photon_cut
    least = (cut.least_energy, 2 * math.sin(cut.least_angle / 2) ** 2)
    return np.append(nuclear.parameters(1.0, card, collision), least)


def particles(card: ProcessCard, collision: Collision) -> tuple[Particle, ...]:
    """The electron or positron that comes in, the photon, it as it goes out, the nucleus."""
    number = ELECTRON_ID if card.beams.positron_energy is None else -ELECTRON_ID
    return (
        Particle(number, ELECTRON_MASS, BEAM),
        Particle(PHOTON_ID, 0.0, mother=0),
        Particle(number, ELECTRON_MASS, mother=0),
        nuclear.nucleus(collision),
    )


PROCESS = Process(
    name="bethe_heitler",
    reaction="E+- NUCLEUS --> E+- GAMMA NUCLEUS",
    dimension=4,
    components=(Component("bethe_heitler", {}, density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=final_state,
    particles=particles,
    threshold=lambda card, collision: ELECTRON_MASS + nuclear.nucleus_mass(collision) + card.photon_cut.least_energy,
)
