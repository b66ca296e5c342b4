"""The reaction e(p) Z(Pi) -> e(p') Z(Pf) a(k) from Feynman rules, and its cross-section in variables of its own.

No code of the package enters. q = Pi-Pf, t = -q^2 > 0, P = Pi+Pf, s' = (p'+k)^2 - m^2, u' = (p-k)^2 - m^2; spin-0 nucleus
at rest with the vertex e P^mu sqrt(G2(t)), pseudoscalar coupling y gamma5 with y = g_ae m_e. Cross-sections in pb at
g_ae = 1/GeV. Three parts:

1. |M|^2 with explicit spinors and matrices and 50 digits, and the closed form of the physics sheet, section 3;
2. |M|^2 in double precision, and its integral over s', t and the angles of the electron in the rest frame of (e a);
3. the improved Weizsaecker-Williams form, and thick targets.

Derivation of part 2. L^mu P_mu is unchanged when P is shifted along q (current conservation), so take P' = P - c q with
c = P.p/q.p, orthogonal to p. The Dirac equation then leaves one spinor structure (B = 1/s' + 1/u'):

    T = ubar(p') [A - B P'slash qslash] gamma5 u(p),    A = 2 c t/s' + 2 P'.p'/u'.

In the rest frame of (e a), with p along +z and q along -z, P' has one component in the (t,z) plane, orthogonal to p and
small (c t/(|p| W) times (|p|,0,0,E_p)), and the transverse P_T, |P_T|^2 = S (t-t_min)(t_max-t)/(W |p|)^2 with
S = (Pi+p)^2, W^2 = s'+m^2. Two-component helicity spinors make |T|^2 a sum of squares, and every other quantity is
written as a sum of positive terms, so that nothing cancels at 1 TeV.

Phase space: dPhi_3 = dW^2/(2 pi) dPhi_2(Z, W) dPhi_2(e a) with dPhi_2(Z, W) = dt/(16 pi M_A |p_lab|) (azimuth done) and
dPhi_2(e a) = |k*| dcos dphi/(16 pi^2 W); flux 4 M_A |p_lab|.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import cos, exp, expm1, lgamma, log, log1p, pi, sin, sqrt
from pathlib import Path
from typing import Literal, NamedTuple

import numba
import numpy as np
import vegas
from numpy.typing import NDArray
from scipy.integrate import quad

from reference.dirac import (
    ALPHA,
    GAMMA5,
    GEV2_TO_PB,
    IDENTITY,
    M_E,
    MP,
    Array,
    Number,
    bar,
    dot,
    slash,
    spinors_u,
    vector,
)
from reference.fixed_target import FormFactor, g2, nuclear_mass, scales, structure_function

Floats = NDArray[np.float64]

# ---- (1) 50 digits ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """Momenta of one phase-space point, any frame."""

    p: Array
    p_out: Array
    k: Array
    Pi: Array
    Pf: Array
    mass: Number

    @property
    def q(self) -> Array:
        """The photon's momentum, into the electron line."""
        return self.Pi - self.Pf

    @property
    def P(self) -> Array:
        """What the nucleus's vertex is proportional to."""
        return self.Pi + self.Pf

    @property
    def t(self) -> Number:
        """-q^2."""
        return -dot(self.q, self.q)

    @property
    def s_prime(self) -> Number:
        """(p'+k)^2 - m^2."""
        return 2 * dot(self.p_out, self.k) + self.mass**2

    @property
    def u_prime(self) -> Number:
        """(p-k)^2 - m^2."""
        return -2 * dot(self.p, self.k) + self.mass**2


def rotated(length: Number, cosine: Number, sine: Number, phi: Number, axis: Array) -> tuple[Number, ...]:
    """A three-vector at an angle to `axis`, which lies in the x-z plane, with azimuth phi about it."""
    nx, nz = axis
    along, across, up = length * cosine, length * sine * MP.cos(phi), length * sine * MP.sin(phi)
    return along * nx + across * nz, up, along * nz - across * nx


def opening(
    E: Number, mass: Number, x: Number, theta: Number, M: Number
) -> tuple[Array, Array, Number, tuple[Number, Number]]:
    """p, k, and the limits of t at fixed x and theta (`laboratory_point`), where q is parallel to p-k."""
    E, mass, x, theta, M = (MP.convert(v) for v in (E, mass, x, theta, M))
    p = vector(E, 0, 0, MP.sqrt(E**2 - MP.convert(M_E) ** 2))
    momentum = MP.sqrt((x * E) ** 2 - mass**2)
    k = vector(x * E, momentum * MP.sin(theta), 0, momentum * MP.cos(theta))
    d = p - k
    length = MP.sqrt(d[1] ** 2 + d[3] ** 2)
    # |q| length cos(alpha) = (u'-t)/2 - d^0 t/(2M), |q|^2 = t + t^2/(4M^2): squared, with cos(alpha) = +-1
    u_prime, g = -2 * dot(p, k) + mass**2, 1 + d[0] / M
    a, b, c = g**2 - length**2 / M**2, -2 * u_prime * g - 4 * length**2, u_prime**2
    root = MP.sqrt(b**2 - 4 * a * c) - b
    return p, k, length, (2 * c / root, root / (2 * a))


def laboratory_point(E: Number, mass: Number, x: Number, theta: Number, t: Number, phi: Number, M: Number) -> Point:
    """From the variables of the physics sheet: x = E_a/E0, the ALP's angle, t, and the azimuth of q about p-k.

    Pf on shell: q^0 = -t/(2M). p' = p-k+q on shell: u' - t + 2 (p-k).q = 0, which fixes the angle between q and p-k.
    """
    p, k, length, _ = opening(E, mass, x, theta, M)
    t, phi, M = (MP.convert(v) for v in (t, phi, M))
    d, q0 = p - k, -t / (2 * M)
    size = MP.sqrt(t + q0**2)
    u_prime = dot(d, d) - MP.convert(M_E) ** 2
    cosine = ((u_prime - t) / 2 + d[0] * q0) / (length * size)
    sine = MP.sqrt((1 - cosine) * (1 + cosine))
    q = vector(q0, *rotated(size, cosine, sine, phi, (d[1] / length, d[3] / length)))
    Pi = vector(M, 0, 0, 0)
    return Point(p=p, p_out=d + q, k=k, Pi=Pi, Pf=Pi - q, mass=MP.convert(mass))


def recoil_point(E: Number, mass: Number, M: Number, delta: Number, log_t: Number, w: Number, phi: Number) -> Point:
    """From the variables of part 2, in the rest frame of (e a).

    delta = s' - s'_min, log_t = ln(t/t_min(s')), w = 1 + cos of the electron's angle to p, phi its azimuth from P_T.
    """
    E, mass, M, delta, log_t, w, phi = (MP.convert(v) for v in (E, mass, M, delta, log_t, w, phi))
    m = MP.convert(M_E)
    s_prime = mass**2 + 2 * m * mass + delta
    W = MP.sqrt(s_prime + m**2)
    S = M**2 + m**2 + 2 * M * E
    # det(p, q, P) = S (t-t_min)(t_max-t) = -S t^2 + b t - M^2 s'^2
    b = 4 * M**2 * (E**2 - m**2) - 2 * M * (E + M) * s_prime
    t = 2 * (M * s_prime) ** 2 / (b + MP.sqrt(b**2 - 4 * S * (M * s_prime) ** 2)) * MP.exp(log_t)
    E_p, q0 = (s_prime + 2 * m**2 + t) / (2 * W), (s_prime - t) / (2 * W)
    p_z = MP.sqrt(E_p**2 - m**2)
    E_out = (s_prime + 2 * m**2 - mass**2) / (2 * W)
    k = MP.sqrt(E_out**2 - m**2)
    E_i = (M * E - t / 2) / W
    Pi_z = (E_i * E_p - M * E) / p_z
    Pi_x = MP.sqrt(E_i**2 - M**2 - Pi_z**2)
    cosine, sine = w - 1, MP.sqrt(w * (2 - w))
    p, q, Pi = vector(E_p, 0, 0, p_z), vector(q0, 0, 0, -p_z), vector(E_i, Pi_x, 0, Pi_z)
    p_out = vector(E_out, k * sine * MP.cos(phi), k * sine * MP.sin(phi), k * cosine)
    return Point(p=p, p_out=p_out, k=p + q - p_out, Pi=Pi, Pf=Pi - q, mass=mass)


def diagrams(point: Point, nuclear: Array, vertex: Array) -> tuple[Array, Array]:
    """M/(e^2 sqrt(G2)/t) of the ALP from the outgoing and from the incoming electron; rows: final, columns: initial spin.

    `vertex` is i L of the ALP; electron charge -e, nucleus i e P (G2 contains Z^2), photon -i g/q^2 = i g/t:
    i M = ubar [vertex i(...)/s' (i e gamma) + (i e gamma) i(...)/u' vertex] u (i/t) (-i e P).
    """
    m = MP.convert(M_E)
    u, u_bar = spinors_u(point.p, m, MP), bar(spinors_u(point.p_out, m, MP))
    photon, mass = slash(nuclear), IDENTITY * m
    after = (slash(point.p_out + point.k) + mass) * (1j / point.s_prime)
    before = (slash(point.p - point.k) + mass) * (1j / point.u_prime)
    from_outgoing = (u_bar @ vertex) @ (after @ (photon @ u))
    from_incoming = (u_bar @ photon) @ (before @ (vertex @ u))
    return from_outgoing, from_incoming


def pseudoscalar_vertex() -> Array:
    """i L of -i g_ae m a ebar gamma5 e at g_ae m = 1."""
    return GAMMA5 * MP.one


def derivative_vertex(point: Point) -> Array:
    """i L of (g_ae/2) (d_mu a) ebar gamma^mu gamma5 e at g_ae m = 1; the outgoing a gives d_mu -> i k_mu."""
    return slash(point.k) @ GAMMA5 * (-MP.one / (2 * MP.convert(M_E)))


def bracket_from_diagrams(point: Point) -> Number:
    """<|M|^2>/(e^4 y^2 G2/t^2), averaged over the spin of the initial electron: what the sheet calls {...}."""
    amplitude: Array = sum(diagrams(point, point.P, pseudoscalar_vertex()))
    return sum(abs(x) ** 2 for x in amplitude.flat) / 2


def bracket_formula(point: Point) -> Number:
    """{...} of the physics sheet, section 3."""
    s, u, t, P, mass = point.s_prime, point.u_prime, point.t, point.P, point.mass
    P2, Pk = dot(P, P), dot(P, point.k)
    mixed = (u * dot(P, point.p) + s * dot(P, point.p_out)) / (s + u)
    double_pole = mass**2 * (s + u) ** 2 / (s * u) ** 2 * (P2 * t - 4 * mixed**2)
    return (s + u) ** 2 * P2 / (s * u) - 4 * t * Pk**2 / (s * u) + double_pole


def sheet_measure(E: Number, mass: Number, x: Number, theta: Number, M: Number) -> Number:
    """dsigma/(dx dcos(theta) dt dphi) / ({...} y^2 G2/t^2) of the physics sheet, section 3."""
    p, k, length, _ = opening(E, mass, x, theta, M)
    momentum = MP.sqrt(k[1] ** 2 + k[3] ** 2)
    prefactor = MP.convert(ALPHA) ** 2 / (32 * MP.pi * MP.convert(M) ** 2)
    return prefactor * momentum * p[0] / (p[3] * length) / (2 * MP.pi)


def recoil_measure(E: Number, mass: Number, M: Number, delta: Number) -> Number:
    """dsigma/(ds' dw dt dphi) / ({...} y^2 G2/t^2): flux and phase space of the module's docstring."""
    E, mass, M, delta, m = (MP.convert(v) for v in (E, mass, M, delta, M_E))
    W = MP.sqrt((mass + m) ** 2 + delta)
    k = MP.sqrt(delta * (delta + 4 * m * mass)) / (2 * W)
    flux = 4 * M * MP.sqrt(E**2 - m**2)
    e4 = (4 * MP.pi * MP.convert(ALPHA)) ** 2
    return e4 / flux / (2 * MP.pi) / (4 * MP.pi * flux) * k / (16 * MP.pi**2 * W)


# ---- (2) double precision --------------------------------------------------------------------------------------

_g2 = numba.njit(structure_function)


class Event(NamedTuple):
    """What a phase-space point is sorted by, its |M|^2 and its measure; t < 0 marks a point outside phase space."""

    bracket: float
    measure: float  # dsigma = measure * bracket * y^2 G2/t^2 ds' dw dt dphi
    t: float
    one_minus_x: float
    theta: float


@numba.njit(error_model="numpy")
def t_limits(E: float, M: float, s_prime: float) -> tuple[float, float]:
    """t_min and t_max at fixed s'; their product is (M s')^2/S."""
    m = M_E
    S = M * M + m * m + 2 * M * E
    root_S = sqrt(S)
    s_max = 2 * M * (E - m) * (E + m) / (E + M + root_S)
    upper = 2 * M * (E + M + root_S)
    b = 4 * M * M * (E - m) * (E + m) - 2 * M * (E + M) * s_prime
    discriminant = upper * max(s_max - s_prime, 0.0) * (b + 2 * root_S * M * s_prime)
    t_max = (b + sqrt(discriminant)) / (2 * S)
    return (M * s_prime) ** 2 / S / t_max, t_max


@numba.njit(error_model="numpy")
def squared_sum(A: float, B: float, frame: tuple[float, ...], electron: tuple[float, ...]) -> float:
    """Half the sum over spins of |ubar(p') [A - B P'slash qslash] gamma5 u(p)|^2, in the rest frame of (e a).

    Chiral representation: T = xi'^+ [-sqrt(p'.sigmabar) X_L sqrt(p.sigma) + sqrt(p'.sigma) X_R sqrt(p.sigmabar)] xi with
    X_L = A - B (P'.sigma)(q.sigmabar), X_R = A - B (P'.sigmabar)(q.sigma). By parity both initial helicities contribute
    alike: only + is written out.
    """
    m = M_E
    E_p, p, q_plus, q_minus, ell, P_T = frame  # q_plus = q^0+|q|, q_minus = q^0-|q|, P'_parallel = ell (p, 0, 0, E_p)
    E_out, k, w, phi = electron
    plus, minus = ell * (p + E_p), -ell * m * m / (E_p + p)  # P'^0 -+ P'^z
    # the first column (helicity +) of X_L and of X_R
    left0, left1 = A - B * minus * q_minus, B * P_T * q_minus
    right0, right1 = A - B * plus * q_plus, -B * P_T * q_plus
    left_p, right_p = m / sqrt(E_p + p), sqrt(E_p + p)
    large, small = sqrt(E_out + k), m / sqrt(E_out + k)
    half_cos, half_sin = sqrt(w / 2), sqrt(1 - w / 2)
    phase = complex(cos(phi), sin(phi))
    # xi'^+ of helicity +: (cos, sin e^{-i phi}); of helicity -: (-sin e^{i phi}, cos)
    left, right = half_cos * left0 + half_sin * left1 / phase, half_cos * right0 + half_sin * right1 / phase
    same = -large * left_p * left + small * right_p * right
    left, right = half_cos * left1 - half_sin * left0 * phase, half_cos * right1 - half_sin * right0 * phase
    flipped = -small * left_p * left + large * right_p * right
    return same.real**2 + same.imag**2 + flipped.real**2 + flipped.imag**2


@numba.njit(error_model="numpy")
def alp_angle(E: float, mass: float, one_minus_x: float, minus_u: float) -> float:
    """The ALP's laboratory angle from 4 |p||k| sin^2(theta/2) = -u' + m_a^2 - 2 (E E_a - |p||k|), without cancellations."""
    m = M_E
    p, E_a = sqrt((E - m) * (E + m)), E * (1 - one_minus_x)
    k = sqrt(max((E_a - mass) * (E_a + mass), 0.0))
    if k == 0.0:
        return 0.0
    # E^2 - p k and E - k as sums of positive terms
    E_less_k = E * one_minus_x + mass * mass / (E_a + k)
    gap = E * one_minus_x * E + E * E_less_k + k * m * m / (E + p)  # E(E-E_a) + E^2 - p k
    excess = minus_u - (mass * mass * gap + 2 * k * k * m * m) / (E * E_a + p * k)
    return 2 * np.arcsin(min(1.0, sqrt(max(excess, 0.0) / (4 * p * k))))


@numba.njit(error_model="numpy")
def backward_excess(E_out: float, k: float, q0: float, p: float, t: float) -> float:
    """-u' of an electron emitted against p, t + 2 (E' q^0 - k |p|), with q0^2 - p^2 = -t."""
    if q0 > 0:
        return t + 2 * (M_E**2 * q0 * q0 - k * k * t) / (E_out * q0 + k * p)
    return t + 2 * (E_out * q0 - k * p)


@numba.njit(error_model="numpy")
def outgoing_energy(M: float, Pi: tuple[float, float, float], electron: tuple[float, ...]) -> float:
    """The electron's laboratory energy p'.Pi/M.

    The cancellation E_Pi E' - |Pi_z| k is written as (Pi_z^2 m^2 + (M^2+Pi_x^2) E'^2)/(E_Pi E' + |Pi_z| k).
    """
    E_i, Pi_x, Pi_z = Pi
    E_out, k, w, phi = electron
    size = abs(Pi_z)
    least = (size * size * M_E**2 + (M * M + Pi_x * Pi_x) * E_out * E_out) / (E_i * E_out + size * k)
    along = w if Pi_z < 0 else 2 - w
    return (least + size * k * along - Pi_x * k * sqrt(w * (2 - w)) * cos(phi)) / M


@numba.njit(error_model="numpy")
def event(E: float, mass: float, M: float, delta: float, log_t: float, w: float, phi: float) -> Event:
    """The variables of `recoil_point` in double precision."""
    m = M_E
    s_prime = mass * mass + 2 * m * mass + delta
    W = sqrt((mass + m) ** 2 + delta)
    t_min, t_max = t_limits(E, M, s_prime)
    t = t_min * exp(log_t)
    above, below = t_min * expm1(log_t), max(t_max - t, 0.0)
    E_p, q0 = (s_prime + 2 * m * m + t) / (2 * W), (s_prime - t) / (2 * W)
    p = sqrt((s_prime + t) ** 2 + 4 * m * m * t) / (2 * W)
    q_plus = q0 + p if q0 > 0 else t / (p - q0)
    E_out, k = (2 * m * mass + delta + 2 * m * m) / (2 * W), sqrt(delta * (delta + 4 * m * mass)) / (2 * W)
    minus_u = backward_excess(E_out, k, q0, p, t) + 2 * k * p * w
    Pp = 2 * M * E - (s_prime + t) / 2
    c = 2 * Pp / (s_prime + t)
    P_T = sqrt((M * M + m * m + 2 * M * E) * above * below) / (W * p)
    ell = c * t / (p * W)
    electron = (E_out, k, w, phi)
    P_out = ell * (p * E_out + E_p * k * (1 - w)) - P_T * k * sqrt(w * (2 - w)) * cos(phi)  # P'.p'
    A, B = 2 * c * t / s_prime - 2 * P_out / minus_u, (minus_u - s_prime) / (s_prime * minus_u)
    bracket = squared_sum(A, B, (E_p, p, q_plus, -t / q_plus, ell, P_T), electron)
    Pi = ((M * E - t / 2) / W, P_T / 2, -(2 * M * E * (s_prime - t) + t * (2 * m * m + s_prime + t)) / (4 * W * W * p))
    one_minus_x = (outgoing_energy(M, Pi, electron) + t / (2 * M)) / E
    p_lab = sqrt((E - m) * (E + m))
    # e^4/flux dW^2/(2 pi) dt/(16 pi M p) k/(16 pi^2 W)
    measure = ALPHA**2 / (128 * pi**2 * M * M * p_lab * p_lab) * k / W
    return Event(bracket, measure, t, one_minus_x, alp_angle(E, mass, one_minus_x, minus_u))


class Target(NamedTuple):
    """ALP and nucleus as the kernels take them."""

    mass: float
    Z: float
    A: float
    M: float
    energy_cut: float
    squared: bool
    regulated: bool


def target_of(mass: float, Z: float, A: float, energy_cut: float | None, form_factor: FormFactor) -> Target:
    """The kernels' parameters."""
    numbers = (float(x) for x in (mass, Z, A, nuclear_mass(A), energy_cut or 0.0))
    return Target(*numbers, form_factor == "squared", form_factor == "regulated")


@numba.njit(error_model="numpy")
def largest_delta(E: float, mass: float, M: float) -> float:
    """s'_max - s'_min from W_max = sqrt(S) - M; negative below threshold."""
    m = M_E
    root_S = sqrt(M * M + m * m + 2 * M * E)
    return 2 * M * (E - m) * (E + m) / (E + M + root_S) - mass * mass - 2 * m * mass


@numba.njit(error_model="numpy")
def density(y: Floats, E: float, target: Target) -> tuple[float, Event]:
    """dsigma/d^4y in 1/GeV^2, y in the unit cube, and the event there; zero outside phase space and below the cut.

    y0: ln(1 + (s'-s'_min)/(m (m_a+m))) ~ y0^2, which also removes the square root at threshold; y1: ln t between its
    limits at s'; y2: ln(-u') between its limits at s', t; y3: phi from 0 to pi, the other half being its mirror image.
    """
    m, mass, M = M_E, target.mass, target.M
    nothing = Event(0.0, 0.0, -1.0, 1.0, 0.0)
    delta_max, scale = largest_delta(E, mass, M), m * (mass + m)
    if delta_max <= 0:
        return 0.0, nothing
    stretch = log1p(delta_max / scale)
    delta = scale * expm1(stretch * y[0] * y[0])
    jacobian = (scale + delta) * stretch * 2 * y[0]
    s_prime, W = mass * mass + 2 * m * mass + delta, sqrt((mass + m) ** 2 + delta)
    t_min, t_max = t_limits(E, M, s_prime)
    k = sqrt(delta * (delta + 4 * m * mass)) / (2 * W)
    if not (t_max > t_min and k > 0):
        return 0.0, nothing
    stretch = log(t_max / t_min)
    t = t_min * exp(stretch * y[1])
    jacobian *= t * stretch
    p = sqrt((s_prime + t) ** 2 + 4 * m * m * t) / (2 * W)
    least = backward_excess((2 * m * mass + delta + 2 * m * m) / (2 * W), k, (s_prime - t) / (2 * W), p, t) / (2 * k * p)
    wide = log1p(2 / least)
    w = min(least * expm1(wide * y[2]), 2.0)
    jacobian *= (w + least) * wide * 2 * pi
    result = event(E, mass, M, delta, stretch * y[1], w, pi * y[3])
    if E * (1 - result.one_minus_x) < target.energy_cut:
        return 0.0, nothing
    squared_form_factor = _g2(t, target.Z, target.A, target.squared, target.regulated)
    return jacobian * result.measure * result.bracket * (m / t) ** 2 * squared_form_factor, result


@numba.njit(error_model="numpy")
def fill(x: Floats, E: float, target: Target, values: Floats, events: Floats) -> None:
    """`density` at the points x (n, 4): values (n), and events (n, 3) with 1-x, theta, t."""
    for i in range(len(values)):
        values[i], found = density(x[i], E, target)
        events[i, 0], events[i, 1], events[i, 2] = found.one_minus_x, found.theta, found.t


@numba.njit(error_model="numpy")
def fill_thick(x: Floats, E0: float, thickness: float, target: Target, values: Floats) -> None:
    """dsigma_eff/d^6y of Eq. (26) with I_e of Eq. (27) (1/E0), at the points x (n, 6).

    With u = ln(E0/E) and b = 4/3, I_e dE = exp(-u) u^(b depth-1)/Gamma(b depth) du. u = U y5^(1/(b depth)), U = ln(E0/E_c),
    takes the singularity at u = 0 away: what is left is exp(-u) U^(b depth)/Gamma(1+b depth) dy5.
    """
    widest = log(E0 / target.energy_cut)
    for i in range(len(values)):
        power = 4 * thickness * x[i, 4] / 3
        u = widest * x[i, 5] ** (1 / power)
        value, _ = density(x[i], E0 * exp(-u), target)
        values[i] = value * exp(power * log(widest) - u - lgamma(1 + power)) * thickness


@dataclass(frozen=True)
class Effort:
    """Evaluations per iteration, iterations to adapt and to integrate."""

    evaluations: int = 200_000
    adapt: int = 8
    iterations: int = 10


def adapted(
    integrand: Callable[[Floats], Floats], dimension: int, effort: Effort, seed: int
) -> tuple[vegas.Integrator, Callable[[Floats], Floats]]:
    """A vegas integrator whose grid knows the integrand, with random numbers of its own."""
    batch = vegas.lbatchintegrand(integrand)
    rng = np.random.default_rng(seed)
    integrator = vegas.Integrator([[0.0, 1.0]] * dimension, ran_array_generator=rng.random)
    integrator(batch, nitn=effort.adapt, neval=effort.evaluations // 2)
    return integrator, batch


def integrated(integrand: Callable[[Floats], Floats], dimension: int, effort: Effort, seed: int) -> tuple[float, float]:
    """Value and error in pb of an integral in 1/GeV^2 over the unit cube, on an adapted and then frozen grid."""
    integrator, batch = adapted(integrand, dimension, effort, seed)
    result = integrator(batch, nitn=effort.iterations, neval=effort.evaluations, adapt=False)
    return GEV2_TO_PB * float(result.mean), GEV2_TO_PB * float(result.sdev)


def sampled(x: Floats, E: float, target: Target) -> tuple[Floats, Floats]:
    """`fill` into new arrays."""
    values, events = np.empty(len(x)), np.empty((len(x), 3))
    fill(np.ascontiguousarray(x), E, target, values, events)
    return values, events


def cross_section(
    beam_energy: float,
    mass: float,
    Z: float,
    A: float,
    energy_cut: float | None = None,
    form_factor: FormFactor = "paper",
    effort: Effort | None = None,
    seed: int = 1,
) -> tuple[float, float]:
    """sigma(e Z -> e Z a) in pb at g_ae = 1/GeV and its error, for E_a > `energy_cut`."""
    target = target_of(mass, Z, A, energy_cut, form_factor)
    if largest_delta(beam_energy, mass, target.M) <= 0:
        return 0.0, 0.0
    return integrated(lambda x: sampled(x, beam_energy, target)[0], 4, effort or Effort(), seed)


def legendre(points: int, panels: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on each panel."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    middle, half = (panels[1:] + panels[:-1]) / 2, np.diff(panels) / 2
    return (middle[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


def cross_section_by_quadrature(
    beam_energy: float, mass: float, Z: float, A: float, form_factor: FormFactor = "paper", points: int = 12, panels: int = 6
) -> float:
    """`cross_section` without a cut by Gauss-Legendre, no random numbers, in pb.

    At fixed s', t and u' the bracket is a polynomial of degree 2 in cos(phi): three midpoints integrate it exactly.
    """
    target = target_of(mass, Z, A, None, form_factor)
    y, weights = legendre(points, np.linspace(0.0, 1.0, panels + 1))
    grid = np.stack(np.meshgrid(y, y, y, (np.arange(3) + 0.5) / 3, indexing="ij"), axis=-1).reshape(-1, 4)
    values = sampled(grid, beam_energy, target)[0].reshape(len(y), len(y), len(y), 3).mean(axis=-1)
    return GEV2_TO_PB * float(np.einsum("ijk,i,j,k", values, weights, weights, weights))


Observable = Literal["one_minus_x", "theta", "t"]
OBSERVABLES: tuple[Observable, ...] = ("one_minus_x", "theta", "t")


@dataclass(frozen=True)
class Histogram:
    """Cross-section in pb, and its error, in each bin."""

    edges: Floats
    values: Floats
    errors: Floats


def distributions(
    beam_energy: float,
    mass: float,
    Z: float,
    A: float,
    edges: Mapping[Observable, Floats],
    energy_cut: float | None = None,
    form_factor: FormFactor = "paper",
    effort: Effort | None = None,
    seed: int = 1,
) -> dict[Observable, Histogram]:
    """The cross-section in bins of 1-x, of the ALP's laboratory angle and of t; errors from the spread of iterations."""
    effort = effort or Effort(iterations=20)
    target = target_of(mass, Z, A, energy_cut, form_factor)
    integrator, _ = adapted(lambda x: sampled(x, beam_energy, target)[0], 4, effort, seed)
    integrator.set(neval=effort.evaluations, adapt=False)
    sums = {name: np.zeros((effort.iterations, len(edges[name]) - 1)) for name in edges}
    for iteration in range(effort.iterations):
        for x, weights in integrator.random_batch():
            values, events = sampled(x, beam_energy, target)
            for name in edges:
                observed = events[:, OBSERVABLES.index(name)]
                sums[name][iteration] += np.histogram(observed, edges[name], weights=values * weights)[0]
    scale = GEV2_TO_PB
    return {
        name: Histogram(edges[name], scale * v.mean(axis=0), scale * v.std(axis=0, ddof=1) / sqrt(len(v)))
        for name, v in sums.items()
    }


# ---- (3) Weizsaecker-Williams and thick targets ----------------------------------------------------------------


def flux_of_photons(beam_energy: float, mass: float, Z: float, A: float, form_factor: FormFactor = "paper") -> float:
    """chi = int dt (t-t_min)/t^2 G2, t from (m_a^2/2E)^2 to m_a^2+m_e^2: physics sheet, section 3."""
    t_min, t_max = (mass**2 / (2 * beam_energy)) ** 2, mass**2 + M_E**2

    def integrand(y: float) -> float:
        t = exp(y)
        return (t - t_min) / t * g2(t, Z, A, form_factor)

    cuts = [log(t_min), *(log(x) for x in scales(Z, A) if t_min < x < t_max), log(t_max)]
    return float(sum(quad(integrand, lo, hi, epsabs=0, epsrel=1e-9)[0] for lo, hi in pairwise(cuts)))


def weizsaecker_williams_shape(x: float, one_minus_x: float, mass: float) -> float:
    """x (1+2f/3)/(1+f)^2 with f = m_a^2 (1-x)/(m_e^2 x^2): physics sheet, section 3 (Tsai 1986)."""
    f = mass**2 * one_minus_x / (M_E * x) ** 2
    return x * (1 + 2 * f / 3) / (1 + f) ** 2


def weizsaecker_williams(
    beam_energy: float, mass: float, Z: float, A: float, energy_cut: float | None = None, form_factor: FormFactor = "paper"
) -> float:
    """The improved Weizsaecker-Williams cross-section in pb at g_ae = 1/GeV, E_a from m_a or the cut to E0."""
    lowest = max(mass, energy_cut or 0.0) / beam_energy

    def integrand(y: float) -> float:  # y = ln(1-x)
        return weizsaecker_williams_shape(-expm1(y), exp(y), mass) * exp(y)

    cuts = [-60.0, -30.0, 2 * log(M_E / (mass + M_E)), log1p(-lowest)]
    shape = sum(quad(integrand, lo, hi, epsabs=0, epsrel=1e-9)[0] for lo, hi in pairwise(sorted(cuts)))
    return GEV2_TO_PB * ALPHA**2 / (4 * pi) * flux_of_photons(beam_energy, mass, Z, A, form_factor) * float(shape)


def effective_bremsstrahlung(
    beam_energy: float,
    mass: float,
    Z: float,
    A: float,
    thickness: float,
    energy_cut: float,
    form_factor: FormFactor = "paper",
    effort: Effort | None = None,
    seed: int = 1,
) -> tuple[float, float]:
    """sigma_eff of Eq. (26) in pb at g_ae = 1/GeV and its error: depth, energy and phase space in one integral."""
    target = target_of(mass, Z, A, energy_cut, form_factor)

    def integrand(x: Floats) -> Floats:
        values = np.empty(len(x))
        fill_thick(np.ascontiguousarray(x), beam_energy, thickness, target, values)
        return values

    return integrated(integrand, 6, effort or Effort(), seed)


# ---- (4) stored values -----------------------------------------------------------------------------------------

TABLE = Path(__file__).with_name("bremsstrahlung_lead.csv")
COLUMNS = (
    "quantity,Z,A,form_factor,thickness_X0,beam_energy_GeV,m_a_GeV,energy_cut_GeV,"
    "cross_section_pb,error_pb,weizsaecker_williams_pb,exact_over_ww"
)
ORIGIN = (
    "# origin: tests/reference/bremsstrahlung.py, written by `python -m reference.bremsstrahlung` in tests/; g_ae = 1/GeV\n"
    "# without a cut: Gauss-Legendre, error = change from fewer nodes; with a cut and thick targets: vegas, 1 sigma\n"
)
NUCLEI = {"lead": (82.0, 207.2), "aluminium": (13.0, 26.982), "tungsten": (74.0, 183.84), "carbon": (6.0, 12.011)}
BEAMS = (0.1, 1.0, 20.0, 100.0, 1000.0)
MASSES = (1e-3, 1e-2, 0.1, 1.0, 5.0)
LARGE = Effort(evaluations=500_000, adapt=8, iterations=10)
LARGEST = Effort(evaluations=2_000_000, adapt=8, iterations=10)


def table_points() -> list[tuple[str, FormFactor, float, float]]:
    """Nucleus, form factor, beam energy and mass of each pair of rows, without and with the cut E_a > E0/2."""
    points: list[tuple[str, FormFactor, float, float]] = [("lead", "paper", E, m) for E in BEAMS for m in MASSES]
    points += [("lead", variant, 100.0, m) for variant in ("squared", "regulated") for m in MASSES]
    points += [(nucleus, "paper", E, m) for nucleus in list(NUCLEI)[1:] for E in (1.0, 20.0, 100.0) for m in MASSES[1:4]]
    return [x for x in points if largest_delta(x[2], x[3], nuclear_mass(NUCLEI[x[0]][1])) > 0]


def table_value(
    nucleus: str, form_factor: FormFactor, E: float, mass: float, energy_cut: float | None
) -> tuple[float, float]:
    """The best value at hand and its error: Eq. (28) makes a step that quadrature does not like."""
    Z, A = NUCLEI[nucleus]
    if energy_cut or form_factor == "regulated":
        return cross_section(E, mass, Z, A, energy_cut, form_factor, LARGE, seed=11)
    rough, fine = (cross_section_by_quadrature(E, mass, Z, A, form_factor, n, 8) for n in (10, 12))
    return fine, abs(fine - rough) + 1e-9 * fine


def table_row(quantity: str, nucleus: str, form_factor: str, numbers: tuple[float | None, ...]) -> str:
    """One line; empty cells where there is no number."""
    cells = [f"{x:.9g}" if x is not None else "" for x in (*NUCLEI[nucleus], *numbers)]
    return ",".join([quantity, *cells[:2], form_factor, *cells[2:]]) + "\n"


def write_table() -> None:
    """Compute `TABLE` (about ten minutes)."""
    rows = []
    for nucleus, form_factor, E, mass in table_points():
        for cut in (None, E / 2):
            value, error = table_value(nucleus, form_factor, E, mass, cut)
            ww = weizsaecker_williams(E, mass, *NUCLEI[nucleus], cut, form_factor)
            numbers = (None, E, mass, cut, value, error, ww, value / ww)
            rows.append(table_row("bremsstrahlung", nucleus, form_factor, numbers))
    for mass in (1e-3, 1e-2, 0.1, 1.0, 5.0):
        value, error = effective_bremsstrahlung(100.0, mass, *NUCLEI["lead"], 40.0, 50.0, effort=LARGEST)
        numbers = (40.0, 100.0, mass, 50.0, value, error, None, None)
        rows.append(table_row("effective_bremsstrahlung", "lead", "paper", numbers))
    TABLE.write_text(ORIGIN + COLUMNS + "\n" + "".join(rows))


if __name__ == "__main__":
    write_table()
