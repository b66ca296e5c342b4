"""e Z -> e Z a: ALP bremsstrahlung on a nucleus, the exact 2 -> 3 matrix element (no Weizsaecker-Williams).

dsigma = alpha^2 y^2 / (32 pi M^2) |k| E / (|p| |p - k|) <{...}>_phi G2(t) / t^2 dx dcos(theta_k) dt with x = E_a / E,
y = g_ae m_e, and

{...} = (s'+u')^2 P^2/(s'u') - 4 t (P.k)^2/(s'u') + m_a^2 (s'+u')^2/(s'u')^2 [P^2 t - 4 ((u' P.p + s' P.p')/(s'+u'))^2],

s' = 2 p'.k + m_a^2, u' = -2 p.k + m_a^2, P = Pi + Pf, t = -q^2 > 0 (spin-0 nucleus of mass M; the physics of Tsai,
Phys. Rev. D34 (1986) 1326, without the approximation). The rate piles up at x -> 1 and t -> t_min, so ln(1 - x),
ln(1 + theta^2/theta_0^2) and ln t are the variables. Everything small is computed as such:

-u' = u_0 + 2 |p||k| (1 - cos theta) with u_0 = 2 (E E_a - |p||k|) - m_a^2 from a difference of squares,
(p - k).q = [u' - t (1 + (E - E_a)/M)] / 2, s'+u' = 2 q.k, and
u' P.p + s' P.p' = (2M - q_0) [2 q.(E_a p - E k) + t E_a + s' q_0] + q.(u' p + s' p')
where E_a p - E k is small and known in both its components.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, void

from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.matter.form_factors import form_factor
from alphoton.generators.processes import nuclear
from alphoton.generators.processes.base import BEAM, Component, Particle, Process
from alphoton.generators.processes.nuclear import (
    A2,
    B2,
    CUT,
    ENERGY,
    LENGTH,
    MASS,
    MASS_A,
    REGULATOR,
    SIZE,
    SQUARED,
    THICKNESS,
    Z,
)

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

ELECTRON_ID = 11
M2 = ELECTRON_MASS**2
OUTSIDE = (0.0,) * 8


@kernel("UniTuple(float64, 2)(float64, float64[::1])")
def energy_lost(x: float, p: Array) -> tuple[float, float]:
    """(u, du/dx), u = 1 - E_a/E logarithmic between what an electron of the beam's energy allows; 0 outside."""
    smallest, largest = ELECTRON_MASS / p[ENERGY], 1 - max(p[CUT], p[MASS]) / p[ENERGY]
    if largest <= smallest:
        return 0.0, 0.0
    span = math.log(largest / smallest)
    u = smallest * math.exp(x * span)
    return u, u * span


@kernel("UniTuple(float64, 8)(float64, float64, float64, float64, float64, float64[::1])")
def point(angle: float, transfer: float, turn: float, energy: float, u: float, p: Array) -> tuple[float, ...]:
    """A phase-space point of an electron of this energy with E_a = (1 - u) E, and the density at it.

    `angle`, `transfer` and `turn` in [0, 1] are the variables of the ALP's angle, of t, and of the azimuth of q. The density
    is even in q_y: the point is on the side of q_y > 0. Returns (density in pb per unit of u and of the three variables at
    g_ae = 1 /GeV, E_a, |k|, 1 - cos theta_k, t, q_x, q_y, q_z), with the ALP in the x-z plane and the beam along z.
    The density is 0 outside phase space.
    """
    m_a, M = p[MASS], p[MASS_A]
    momentum = math.sqrt((energy - ELECTRON_MASS) * (energy + ELECTRON_MASS))
    E_a, E_rest = energy * (1 - u), energy * u
    k2 = (E_a - m_a) * (E_a + m_a)
    if k2 <= 0 or E_rest < ELECTRON_MASS:
        return OUTSIDE
    k = math.sqrt(k2)
    pk = momentum * k
    # angle of the ALP, logarithmic in -u'
    less = (
        energy * E_rest + energy * (E_rest + m_a * m_a / (E_a + k)) + k * M2 / (energy + momentum)
    )  # 2 E^2 - E E_a - |p||k|
    u_0 = (m_a * m_a * less + 2 * M2 * k2) / (energy * E_a + pk)
    span_r = math.log1p(4 * pk / u_0)
    r = math.expm1(angle * span_r)
    one_minus_c = r * u_0 / (2 * pk)
    jacobian = (1 + r) * span_r * u_0 / (2 * pk)
    minus_u = u_0 * (1 + r)
    # momentum transfer, logarithmic between the roots of |q| |p - k| = |(p - k).q|
    p_minus_k = (E_rest * (energy + E_a) - M2 + m_a * m_a) / (momentum + k)
    V2 = p_minus_k * p_minus_k + 2 * pk * one_minus_c
    V = math.sqrt(V2)
    recoil = 1 + E_rest / M
    a, b, c = (recoil - V / M) * (recoil + V / M) / 4, V2 - minus_u * recoil / 2, minus_u * minus_u / 4
    root = b * b - 4 * a * c
    if root <= 0 or b <= 0:
        return OUTSIDE
    root = b + math.sqrt(root)
    t_min, t_max = 2 * c / root, root / (2 * a)
    span_t = math.log(t_max / t_min)
    t = t_min * math.exp(transfer * span_t)
    jacobian *= t * span_t
    q_0 = -t / (2 * M)
    if E_rest + q_0 < ELECTRON_MASS:
        return OUTSIDE
    q2 = t * (1 + t / (4 * M * M))
    q = math.sqrt(q2)
    along = -0.5 * (minus_u + t * recoil) / V
    across2 = (q + along) * (q - along)
    across = math.sqrt(across2) if across2 > 0 else 0.0
    # q in the frame of the beam; the ALP is in the x-z plane, p - k makes the angle -delta with the beam
    phi = math.pi * turn
    sin_k, cos_k = math.sqrt(one_minus_c * (2 - one_minus_c)), 1 - one_minus_c
    sin_d, cos_d = k * sin_k / V, (p_minus_k + k * one_minus_c) / V
    q_x = -along * sin_d + across * math.cos(phi) * cos_d
    q_y = across * math.sin(phi)
    q_z = along * cos_d + across * math.cos(phi) * sin_d
    # invariants
    q_dot_k = q_x * sin_k * k + q_z * cos_k * k
    s_prime = 2 * energy * q_0 - 2 * momentum * q_z - t
    qk = q_0 * E_a - q_dot_k
    parallel = (energy * energy * m_a * m_a - E_a * E_a * M2) / (E_a * momentum + energy * k) + energy * k * one_minus_c
    tilted = q_z * parallel - q_x * energy * k * sin_k  # q.(E_a p - E k)
    q_p = momentum * q_z
    q_p_prime = q_p + q2 - q_dot_k
    mixed = (2 * M - q_0) * (2 * tilted + t * E_a + s_prime * q_0) - minus_u * q_p + s_prime * q_p_prime
    P2, P_k = 4 * M * M + t, 2 * M * E_a - qk
    su = -s_prime * minus_u
    bracket = 4 * (qk * qk * P2 - t * P_k * P_k) / su + 4 * (m_a / su) ** 2 * (P2 * t * qk * qk - mixed * mixed)
    form = form_factor(t, p[Z], p[A2], p[B2], p[SIZE], p[SQUARED], p[REGULATOR])
    couplings = GEV2_PB * ALPHA**2 * M2 / (32 * math.pi * M * M)
    density = max(0.0, couplings * k * energy / (momentum * V) * bracket * form / (t * t) * jacobian)
    return density, E_a, k, one_minus_c, t, q_x, q_y, q_z


@kernel(DENSITY)
def thin_density(x: Array, p: Array) -> float:
    """dsigma/dx at g_ae = 1 /GeV for the electron beam, x = (that of u, angle, transfer, turn)."""
    u, jacobian = energy_lost(x[0], p)
    return point(x[1], x[2], x[3], p[ENERGY], u, p)[0] * jacobian


@kernel("UniTuple(float64, 3)(float64, float64, float64, float64[::1])")
def _shower_point(below: float, energy: float, u: float, p: Array) -> tuple[float, float, float]:
    """(energy of the electron, depth in radiation lengths, I_e dE ddepth), Eq. (27) with 1/E0, at two variables in [0, 1].

    With w = ln(E0/E) and b = 4 depth/3, I_e dE = exp(-w) w^(b-1) / Gamma(b) dw, up to the largest w that leaves an ALP of
    E_a = (1 - u) E. In v = (y/N)^b, y = 1 - exp(-s w), N = 1 - exp(-s w_max), it is exp((s-1) w) (s w/y)^(b-1) N^b dv with
    s = Gamma(b+1)^(-1/b): nearly N^b at every depth and energy (v is within the bounds of H. Alzer, Math. Comp. 66 (1997)
    771, on the incomplete Gamma function). The depth is drawn from N^b at s = 1.
    """
    least = max(p[CUT], p[MASS]) / (p[ENERGY] * (1 - u))
    if least >= 1:
        return p[ENERGY], 0.0, 0.0
    w_max, rate = -math.log(least), -4 / 3 * math.log1p(-least)
    whole = -math.expm1(-rate * p[THICKNESS])
    depth = -math.log1p(-below * whole) / rate
    b = 4 / 3 * depth
    s = math.exp(-math.lgamma(b + 1) / b) if b > 0 else 1.0
    N = -math.expm1(-s * w_max)
    y = N * math.pow(energy, 1 / b) if b > 0 else 0.0
    stretched = -math.log1p(-y)  # s w
    w = stretched / s
    longer = stretched / y if y > 0 else 1.0
    spectrum = math.exp(stretched - w + rate * depth) * math.pow(longer, b - 1) * math.pow(N, b)
    return p[ENERGY] * math.exp(-w), depth, spectrum * whole / rate


@kernel(DENSITY)
def thick_density(x: Array, p: Array) -> float:
    """The effective cross-section's density at g_ae = 1 /GeV in x = (depth, energy, that of u, angle, transfer, turn)."""
    u, jacobian = energy_lost(x[2], p)
    energy, _, spectrum = _shower_point(x[0], x[1], u, p)
    return point(x[3], x[4], x[5], energy, u, p)[0] * spectrum * jacobian


@kernel(DENSITY)
def thin_total(x: Array, p: Array) -> float:
    """dsigma/dx at the card's coupling."""
    return p[0] * thin_density(x, p)


@kernel(DENSITY)
def thick_total(x: Array, p: Array) -> float:
    """The effective cross-section's density at the card's coupling."""
    return p[0] * thick_density(x, p)


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[:, :, ::1]))
def _fill(x: Array, energy: Array, u: Array, phi: Array, p: Array, out: Array) -> None:
    """Momenta of the electron that comes in, the ALP, the electron that goes out, the nucleus; all turned about the beam.

    Half of the circle of phi is for one side of q, half for the other; either turns once around in it.
    """
    for i in range(len(phi)):
        _, E_a, k, one_minus_c, t, q_x, q_y, q_z = point(x[i, 0], x[i, 1], x[i, 2], energy[i], u[i], p)
        q_y = q_y if phi[i] < math.pi else -q_y
        cos, sin = math.cos(2 * phi[i]), math.sin(2 * phi[i])
        k_x, k_z = k * math.sqrt(one_minus_c * (2 - one_minus_c)), k * (1 - one_minus_c)
        momentum = math.sqrt((energy[i] - ELECTRON_MASS) * (energy[i] + ELECTRON_MASS))
        q_0 = -t / (2 * p[MASS_A])
        rows = (
            (0.0, 0.0, momentum, energy[i]),
            (k_x, 0.0, k_z, E_a),
            (q_x - k_x, q_y, momentum - k_z + q_z, energy[i] - E_a + q_0),
            (-q_x, -q_y, -q_z, p[MASS_A] - q_0),
        )
        for j in range(4):
            out[i, j, 0] = rows[j][0] * cos - rows[j][1] * sin
            out[i, j, 1] = rows[j][0] * sin + rows[j][1] * cos
            out[i, j, 2], out[i, j, 3] = rows[j][2], rows[j][3]


@kernel(void(float64[::1], float64[::1], float64[::1]))
def _energies_lost(x: Array, p: Array, u: Array) -> None:
    for i in range(len(x)):
        u[i] = energy_lost(x[i], p)[0]


def fractions_lost(x: Array, p: Array) -> Array:
    """u = 1 - E_a/E (n) at the values x (n) of its variable."""
    u = np.empty(len(x))
    _energies_lost(np.ascontiguousarray(x), p, u)
    return u


def thin_final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 4, 4) of beam electron, ALP, electron and nucleus."""
    out = np.empty((len(phi), 4, 4))
    _fill(np.ascontiguousarray(x[:, 1:]), np.full(len(phi), p[ENERGY]), fractions_lost(x[:, 0], p), phi, p, out)
    return out


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, ::1]))
def _showers(x: Array, u: Array, p: Array, out: Array) -> None:
    for i in range(len(x)):
        out[i, 0], out[i, 1], out[i, 2] = _shower_point(x[i, 0], x[i, 1], u[i], p)


def shower(x: Array, p: Array) -> Array:
    """(n, 3): energy of the electron, depth in radiation lengths, and density, at the points x."""
    out = np.empty((len(x), 3))
    _showers(x, fractions_lost(x[:, 2], p), p, out)
    return out


def thick_final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 4, 4) of the shower's electron, ALP, electron and nucleus."""
    out = np.empty((len(phi), 4, 4))
    energy = np.ascontiguousarray(shower(x, p)[:, 0])
    _fill(np.ascontiguousarray(x[:, 3:]), energy, fractions_lost(x[:, 2], p), phi, p, out)
    return out


def depth(x: Array, p: Array) -> Array:
    """Depth in mm at the points x."""
    return shower(x, p)[:, 1] * p[LENGTH]


def couplings(card: ProcessCard) -> Array:
    """(g_ae^2,) in 1/GeV^2."""
    return np.array([card.model.g_ae**2])


def parameters(card: ProcessCard, collision: Collision) -> Array:
    return nuclear.parameters(float(couplings(card)[0]), card, collision)


def particles(card: ProcessCard, collision: Collision) -> tuple[Particle, ...]:
    """The electron that comes in, the ALP, the electron that goes out, the nucleus."""
    return (
        Particle(ELECTRON_ID, ELECTRON_MASS, BEAM),
        Particle(card.ids.alp, card.mass, mother=0),
        Particle(ELECTRON_ID, ELECTRON_MASS, mother=0),
        nuclear.nucleus(collision),
    )


def threshold(card: ProcessCard, collision: Collision) -> float:
    return card.mass + ELECTRON_MASS + nuclear.nucleus_mass(collision)


PROCESS = Process(
    name="bremsstrahlung",
    reaction="E- NUCLEUS --> E- ALP NUCLEUS",
    dimension=4,
    components=(Component("electron", {"g_ae": 2}, thin_density),),
    density=thin_total,
    couplings=couplings,
    parameters=parameters,
    final_state=thin_final_state,
    particles=particles,
    threshold=threshold,
)
THICK = Process(
    name="bremsstrahlung",
    reaction="E- NUCLEUS --> E- ALP NUCLEUS",
    dimension=6,
    components=(Component("electron", {"g_ae": 2}, thick_density),),
    density=thick_total,
    couplings=couplings,
    parameters=parameters,
    final_state=thick_final_state,
    particles=particles,
    threshold=threshold,
    depth=depth,
)
