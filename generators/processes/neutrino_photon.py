"""e+ e- -> nu nubar gamma at tree level: Z exchange for three flavours, W exchange for nu_e with the photon also from the W.

The electron is massless, and the photon keeps an angle to the beams, which is part of the card: what is left out is of
the order of m_e^2 / (E theta)^2. The width of the Z is constant.

The amplitudes are those of the spinors of massless momenta, with the gauge vector of the photon along a beam. For e-(p1) of
left-handed and e+(p2) of right-handed helicity, nu(q1), nubar(q2), and a photon k of positive helicity,

M = 8 G_F e <p2 q1>^2 / <k p2> { [q1 q2] / <p1 k> (c_L Z + W_2) + [q1 p1] [k q2] W_1 W_2 / M_W^2 },

Z = M_Z^2 / (M_Z^2 - s' - i M_Z Gamma_Z), s' = (q1 + q2)^2, W_i = M_W^2 / (M_W^2 - t_i), t_i = (p_i - q_i)^2, the W for nu_e
only. The magnetic moment of the W (g = 2) is in the last term, with which the sum factorises where the photon is along p2.
A negative helicity is the mirror image with the beams and the neutrinos exchanged; right-handed electrons have
<p1 q1>^2 [q1 q2] / (<p1 k> <k p2>) c_R Z. Summed over the helicities and without W that is the formula of G. Bonneau and
F. Martin, Nucl. Phys. B 27 (1971) 381; with W see F. A. Berends et al., Nucl. Phys. B 301 (1988) 583.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import float64, int64, void

from alphoton.generators.constants import ALPHA, FERMI_CONSTANT, GEV2_PB, PHOTON_ID, TWO_PI
from alphoton.generators.jit import DENSITY, Array, IntArray, kernel
from alphoton.generators.kinematics import Collision
from alphoton.generators.processes.base import Component, Particle, Process

if TYPE_CHECKING:
    from alphoton.generators.process_card import ProcessCard

NEUTRINOS = (12, 14, 16)
SQRT_S, BOOST, LEAST, ETA_MAX, M_Z, GAMMA_Z, M_W, C_L, C_R = range(1, 10)
"""Places in the parameters, behind the coupling: sqrt(s), exp of the centre of mass' rapidity, least energy of the photon,
eta at its least angle, and M_Z, Gamma_Z, M_W and the electron's couplings to the Z."""
Vector = tuple[float, float, float, float]
"""(p_+, p_-, p_x, p_y), p_+- = E +- p_z."""


@kernel("float64(UniTuple(float64, 4), UniTuple(float64, 4), UniTuple(float64, 4), float64, complex128, float64, float64)")
def _left(q1: Vector, q2: Vector, k: Vector, root_s: float, direct: complex, W_12: float, turn: float) -> float:
    """|M|^2 / (64 G_F^2 e^2) of left-handed electrons and a photon of positive helicity, k_y = 0 and p1 along +z.

    `direct` is c_L Z + W_2, conjugated, and W_12 is W_1 W_2 / M_W^2; `turn` = q_T2^2 > 0 tells whether q2 has an azimuth.
    """
    perp_1, perp_2 = complex(q1[2], q1[3]), complex(q2[2], q2[3])
    phase = perp_2 / math.sqrt(turn) if turn > 0 else 1.0 + 0.0j
    plus, minus = math.sqrt(q2[0]), math.sqrt(q2[1])
    spin = plus * perp_1 - phase * minus * q1[0]
    from_w = root_s * perp_1 * (plus * k[1] - phase * minus * k[2])
    found = spin * direct + from_w * W_12
    return q1[0] / (k[2] * k[2]) * (found.real * found.real + found.imag * found.imag)


@kernel("float64(UniTuple(float64, 4), UniTuple(float64, 4), UniTuple(float64, 4), float64, float64, float64[::1])")
def squared(q1: Vector, q2: Vector, k: Vector, s_prime: float, charged: float, p: Array) -> float:
    """<|M|^2> / (16 G_F^2 e^2), averaged over the spins that come in, in the centre of mass with k_y = 0.

    With `charged` = 1 the W is there, with 0 it is not.
    """
    root_s = p[SQRT_S]
    M2, MG = p[M_Z] * p[M_Z], p[M_Z] * p[GAMMA_Z]
    Z = M2 / complex(M2 - s_prime, MG)  # conjugated
    W2 = p[M_W] * p[M_W]
    W_1, W_2 = charged * W2 / (W2 + root_s * q1[1]), charged * W2 / (W2 + root_s * q2[0])
    W_12 = W_1 * W_2 / W2
    turn_1, turn_2 = q1[2] * q1[2] + q1[3] * q1[3], q2[2] * q2[2] + q2[3] * q2[3]
    mirrored_1, mirrored_2 = (q1[1], q1[0], q1[2], q1[3]), (q2[1], q2[0], q2[2], q2[3])
    mirrored_k = (k[1], k[0], k[2], k[3])
    left = _left(q1, q2, k, root_s, p[C_L] * Z + W_2, W_12, turn_2)
    left += _left(mirrored_2, mirrored_1, mirrored_k, root_s, p[C_L] * Z + W_1, W_12, turn_1)
    right = p[C_R] * p[C_R] * (Z.real * Z.real + Z.imag * Z.imag) * s_prime
    return left + right * (q1[1] * q1[1] + q2[0] * q2[0]) / (k[2] * k[2])


@kernel(
    "Tuple((float64, float64, UniTuple(float64, 4), UniTuple(float64, 4), UniTuple(float64, 4)))(float64[::1], float64[::1])"
)
def point(x: Array, p: Array) -> tuple[float, float, Vector, Vector, Vector]:
    """(jacobian with flux and couplings in pb, s', momenta of photon, neutrino and antineutrino in the centre of mass).

    x = (s', eta of the photon, cos theta and phi of the neutrino in the frame of the pair, flavour). s' lies along
    s' = M_Z^2 + M_Z Gamma_Z sinh(u), in which the peak of the Z is a unit wide; c = tanh(eta) flattens 1 / (1 - c^2).
    The neutrino's angles are to the axis of J. C. Collins and D. E. Soper, Phys. Rev. D 16 (1977) 2219, between the beams.
    """
    root_s, M2, MG = p[SQRT_S], p[M_Z] * p[M_Z], p[M_Z] * p[GAMMA_Z]
    s = root_s * root_s
    lowest, highest = math.asinh(-M2 / MG), math.asinh((s - 2 * root_s * p[LEAST] - M2) / MG)
    u = lowest + (highest - lowest) * x[0]
    s_prime = max(0.0, M2 + MG * math.sinh(u))
    w = (s - s_prime) / (2 * root_s)
    eta = p[ETA_MAX] * (2 * x[1] - 1)
    near, far = 2 / (1 + math.exp(2 * eta)), 2 / (1 + math.exp(-2 * eta))  # 1 - c, 1 + c
    k = (w * far, w * near, w / math.cosh(eta), 0.0)
    cos, phi = 2 * x[2] - 1, TWO_PI * x[3]
    sin, root = math.sqrt((1 - cos) * (1 + cos)), math.sqrt(s_prime)
    Q_plus, Q_minus, M_T = root_s - k[0], root_s - k[1], math.sqrt(s_prime + k[2] * k[2])
    along, across = root * cos / M_T, k[2] * sin * math.cos(phi) / M_T
    turn_x, turn_y = M_T * sin * math.cos(phi), root * sin * math.sin(phi)
    q1 = (Q_plus * (1 + along + across) / 2, Q_minus * (1 - along + across) / 2, -(k[2] + turn_x) / 2, turn_y / 2)
    q2 = (Q_plus * (1 - along - across) / 2, Q_minus * (1 + along - across) / 2, -(k[2] - turn_x) / 2, -turn_y / 2)
    q1 = (max(0.0, q1[0]), max(0.0, q1[1]), q1[2], q1[3])
    q2 = (max(0.0, q2[0]), max(0.0, q2[1]), q2[2], q2[3])
    # d^3k / ((2 pi)^3 2 w) = w dw dc / (8 pi^2), dw = ds' / (2 sqrt(s)); the pair's 1 / (8 pi); the flux 2 s
    jacobian = MG * math.cosh(u) * (highest - lowest) / (2 * root_s) * near * far * 2 * p[ETA_MAX]
    jacobian *= w / (8 * math.pi**2) / (8 * math.pi) / (2 * s)
    return jacobian * GEV2_PB * 16 * FERMI_CONSTANT * FERMI_CONSTANT * 4 * math.pi * ALPHA, s_prime, k, q1, q2


@kernel("UniTuple(float64, 2)(float64[::1], float64[::1])")
def flavours(x: Array, p: Array) -> tuple[float, float]:
    """dsigma/dx in pb of electron neutrinos, and of one of the other flavours."""
    jacobian, s_prime, k, q1, q2 = point(x, p)
    return jacobian * squared(q1, q2, k, s_prime, 1.0, p), jacobian * squared(q1, q2, k, s_prime, 0.0, p)


@kernel(DENSITY)
def density(x: Array, p: Array) -> float:
    """dsigma/dx in pb of the three flavours; the last of x chooses among them and changes nothing."""
    electron, other = flavours(x, p)
    return electron + 2 * other


@kernel(void(float64[:, ::1], float64[::1], float64[::1], float64[:, :, ::1]))
def fill(x: Array, phi: Array, p: Array, out: Array) -> None:
    """Fill `out` (n, 3, 4) as `final_state` gives it."""
    up = p[BOOST]
    for i in range(len(phi)):
        cos, sin = math.cos(phi[i]), math.sin(phi[i])
        _, _, k, q1, q2 = point(x[i], p)
        for j, (plus, minus, across, aside) in enumerate((k, q1, q2)):
            out[i, j, 0], out[i, j, 1] = across * cos - aside * sin, across * sin + aside * cos
            out[i, j, 2], out[i, j, 3] = 0.5 * (plus * up - minus / up), 0.5 * (plus * up + minus / up)


def final_state(x: Array, phi: Array, p: Array) -> Array:
    """Momenta (n, 3, 4) of photon, neutrino and antineutrino in the laboratory at points x (n, 5) and azimuths phi (n)."""
    out = np.empty((len(phi), 3, 4))
    fill(x, phi, p, out)
    return out


@kernel(void(float64[:, ::1], float64[::1], int64[::1]))
def fill_flavours(x: Array, p: Array, out: IntArray) -> None:
    """Fill `out` (n) with 0, 1 or 2: of each flavour as often as its share of the density at the points x (n, 5)."""
    for i in range(len(out)):
        electron, other = flavours(x[i], p)
        chosen = x[i, 4] * (electron + 2 * other)
        out[i] = 0 if chosen < electron else (1 if chosen < electron + other else 2)


def pdg_ids(x: Array, p: Array) -> IntArray:
    """Particle numbers (n, 3) at the points x (n, 5)."""
    which = np.empty(len(x), dtype=np.int64)
    fill_flavours(x, p, which)
    return numbers(which)


def numbers(which: IntArray) -> IntArray:
    """Particle numbers (n, 3) of photon, neutrino and antineutrino, from flavours 0, 1, 2."""
    neutrino = np.array(NEUTRINOS)[which]
    return np.stack([np.full(len(which), PHOTON_ID), neutrino, -neutrino], axis=1)


def couplings(card: ProcessCard) -> Array:
    """Nothing to scale with: 1."""
    return np.ones(1)


def parameters(card: ProcessCard, collision: Collision) -> Array:
    photon, weak = card.photon_cut, card.electroweak
    eta_max = -math.log(math.tan(photon.least_angle / 2))
    own = (collision.sqrt_s, math.exp(collision.rapidity), photon.least_energy, eta_max)
    inputs = (weak.z_mass, weak.z_width, weak.w_mass, weak.sin2_theta_w - 0.5, weak.sin2_theta_w)
    return np.array([*couplings(card), *own, *inputs])


PROCESS = Process(
    name="neutrino_photon",
    reaction="E+ E- --> GAMMA NU NUBAR",
    dimension=5,
    components=(Component("neutrino_photon", {}, density),),
    density=density,
    couplings=couplings,
    parameters=parameters,
    final_state=final_state,
    particles=lambda *_: (Particle(PHOTON_ID, 0.0), Particle(NEUTRINOS[0], 0.0), Particle(-NEUTRINOS[0], 0.0)),
    threshold=lambda card, _: 2 * card.photon_cut.least_energy,
    pdg_ids=pdg_ids,
)
