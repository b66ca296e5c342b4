"""|M|^2 of e+ e- -> nu nubar gamma from Feynman rules in the unitary gauge, electrons of mass m_e, many points at once.

Vertices: i (g/c_w) gamma^mu (c_L P_L + c_R P_R) of Z and electron, i (g/c_w) gamma^mu P_L / 2 of Z and neutrino,
i g/sqrt(2) gamma^mu P_L of W, -i e Q gamma^mu of photon and electron, and of three bosons the one of Yang and Mills,
V = g^{ab} (p_a - p_b)^c + g^{bc} (p_b - p_c)^a + g^{ca} (p_c - p_a)^b with all momenta coming in, times i e and a sign that
the electric charge of the W fixes: a test lets a photon be polarised along its momentum. Its magnetic part,
g^{bc} p_c^a - g^{ca} p_c^b twice, has g = 2; `g_factor` changes it. (g/c_w)^2 = 4 sqrt(2) G_F M_Z^2 and
g^2 = 4 sqrt(2) G_F M_W^2. Vectors (n, 4) with upper indices, in GeV. Amplitudes (n, positron, electron) of two spins each;
neutrinos have one.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphoton.generators.process_card import ProcessCard
from reference import dirac
from reference.dirac import ALPHA, GEV2_TO_PB, M_E

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
G_FERMI = 1.1663787e-5  # CODATA 2022
METRIC = np.array([1.0, -1, -1, -1])
GAMMA = np.array([matrix.astype(complex) for matrix in dirac.GAMMA])
LOWERED = GAMMA * METRIC[:, None, None]
ONE = np.eye(4)
ROWS = np.swapaxes(GAMMA, 0, 1).reshape(4, 16)
GAMMA5 = dirac.GAMMA5.astype(complex)
P_L, P_R = (ONE - GAMMA5) / 2, (ONE + GAMMA5) / 2
SOFT = 0.55
"""The share of the reference's photons that is drawn from 1/E."""
CHARGE = math.sqrt(4 * math.pi * ALPHA)


@dataclass(frozen=True)
class Weak:
    """Inputs: masses and width in GeV, sin^2 of the mixing angle."""

    z_mass: float
    z_width: float
    w_mass: float
    sin2: float


def dot(a: Array, b: Array) -> Array:
    return np.asarray((a * METRIC * b).sum(axis=-1))


def slash(a: Array) -> Complex:
    return (a @ LOWERED.reshape(4, 16)).reshape(-1, 4, 4)


def spinors(p: Array, m: float, anti: bool) -> Complex:
    """Columns (n, 4, 2) of u or v, as in `reference.dirac`."""
    whole = m * ONE - slash(p) if anti else slash(p) + m * ONE
    half: Complex = whole[:, :, 2:] if anti else whole[:, :, :2]
    return half / np.sqrt(p[:, 0] + m)[:, None, None]


def bar(columns: Complex) -> Complex:
    return np.asarray(np.swapaxes(columns.conj(), 1, 2) @ GAMMA[0])


def left_handed(q: Array) -> Complex:
    """The spinor (n, 4, 1) of a left-handed neutrino, which is that of a right-handed antineutrino as well.

    P_L q-slash w / norm, from a constant w.
    """
    found = P_L @ slash(q) @ np.array([1.0, 0.3, 0.2, 0.7])[:, None]
    return np.asarray(found * np.sqrt(2 * q[:, 0] / (np.abs(found[:, :, 0]) ** 2).sum(axis=1))[:, None, None])


def current(left: Complex, right: Complex, vertex: Complex) -> Complex:
    """left gamma^mu vertex right: (n, mu, 2, 2)."""
    many = left @ ROWS  # (n, spins, mu and column)
    found = many.reshape(len(left), -1, 4) @ (vertex @ right)
    return np.asarray(found.reshape(len(left), left.shape[1], 4, right.shape[2]).swapaxes(1, 2))


def exchange(J: Complex, K: Complex, q: Array, m2: float) -> Complex:
    """J_mu (g^{mu nu} - q^mu q^nu / M^2) K_nu / (q^2 - M^2), the spins of J first."""
    flat = np.einsum("nmab,m,nmcd->nabcd", J, METRIC, K, optimize=True)
    along = [np.einsum("nmab,m,nm->nab", each, METRIC, q, optimize=True) for each in (J, K)]
    whole = flat - np.einsum("nab,ncd->nabcd", *along) / m2
    return np.asarray(whole / (dot(q, q) - m2)[:, None, None, None, None])


def three_bosons(J: Complex, K: Complex, pol: Array, q_1: Array, q_2: Array, k: Array, g_factor: float) -> Complex:
    """V contracted with the currents J of the W that comes in (q_1), K of the one that goes out (q_2), and the photon."""
    a, b, c = q_1, -q_2, -k

    def with_current(J: Complex, v: Array) -> Complex:
        return np.asarray(np.einsum("nmab,m,nm->nab", J, METRIC, v, optimize=True))

    def outer(first: Complex, second: Complex) -> Complex:
        return np.asarray(np.einsum("nab,ncd->nabcd", first, second))

    JK = np.einsum("nmab,m,nmcd->nabcd", J, METRIC, K, optimize=True)
    found = JK * dot(a - b, pol)[:, None, None, None, None]
    found += outer(with_current(J, b - c), with_current(K, pol)) + outer(with_current(J, pol), with_current(K, c - a))
    magnetic = outer(with_current(J, c), with_current(K, pol)) - outer(with_current(J, pol), with_current(K, c))
    return found - (g_factor - 2) * magnetic


def amplitudes(
    beams: tuple[Array, Array],
    k: Array,
    neutrinos: tuple[Array, Array],
    pol: Array,
    weak: Weak,
    sign: int = 1,
    g_factor: float = 2.0,
) -> tuple[Complex, Complex]:
    """M of the Z and of the W with a real polarisation vector; `sign` is that of the photon from the W, 0 leaves it away."""
    (p_1, p_2), (q_1, q_2) = beams, neutrinos
    u, v_bar = spinors(p_1, M_E, False), bar(spinors(p_2, M_E, True))
    n_bar, n = bar(left_handed(q_1)), left_handed(q_2)
    photon = slash(pol) * CHARGE
    from_electron = (slash(p_1 - k) + M_E * ONE) @ photon @ u / (-2 * dot(p_1, k))[:, None, None]
    from_positron = v_bar @ photon @ (slash(k - p_2) + M_E * ONE) / (-2 * dot(p_2, k))[:, None, None]
    coupling = (weak.sin2 - 0.5) * P_L + weak.sin2 * P_R
    lepton = current(v_bar, from_electron, coupling) + current(from_positron, u, coupling)
    neutral = np.einsum("nmab,m,nmcd->nabcd", lepton, METRIC, current(n_bar, n, P_L / 2), optimize=True)
    s_prime = dot(q_1 + q_2, q_1 + q_2)
    z2 = weak.z_mass**2
    propagator = 1 / (s_prime - z2 + 1j * weak.z_mass * weak.z_width)
    # i M = i (g/c)^2 J (-i) J D (i) (i e): the photon's vertex and the electron's propagator give i^2
    of_z: Complex = 4 * math.sqrt(2) * G_FERMI * z2 * neutral[..., 0, 0] * propagator[:, None, None]
    w2 = weak.w_mass**2
    Q_1, Q_2 = p_1 - q_1, q_2 - p_2
    plain = current(n_bar, u, P_L), current(v_bar, n, P_L)
    w = exchange(current(n_bar, from_electron, P_L), plain[1], Q_2, w2)
    w += exchange(plain[0], current(from_positron, n, P_L), Q_1, w2)
    if sign:
        ends = [each - np.einsum("nm,nab->nmab", Q, np.einsum("nmab,m,nm->nab", each, METRIC, Q, optimize=True)) / w2
                for each, Q in zip(plain, (Q_1, Q_2), strict=True)]  # fmt: skip
        middle = three_bosons(ends[0], ends[1], pol, Q_1, Q_2, k, g_factor)
        poles = (dot(Q_1, Q_1) - w2) * (dot(Q_2, Q_2) - w2)
        w += sign * CHARGE * middle / poles[:, None, None, None, None]
    # (neutrino, electron, positron, antineutrino) to the order of the others; exchanged fermions give a minus
    return of_z, -4 * math.sqrt(2) * G_FERMI * w2 / 2 * np.transpose(w, (0, 3, 2, 1, 4))[..., 0, 0]


def polarisations(k: Array) -> tuple[Array, Array]:
    """Two real transverse vectors of photons off the beam."""
    n = k[:, 1:] / k[:, :1]
    across = np.stack([-n[:, 1], n[:, 0], 0 * n[:, 0]], axis=1) / np.hypot(n[:, 0], n[:, 1])[:, None]
    zero = np.zeros((len(k), 1))
    return np.hstack([zero, across]), np.hstack([zero, np.cross(n, across)])


def mean_squared(
    beams: tuple[Array, Array], k: Array, neutrinos: tuple[Array, Array], weak: Weak, g_factor: float = 2.0
) -> tuple[Array, Array]:
    """<|M|^2> of nu_e and of another flavour, averaged over the spins that come in."""
    both = [amplitudes(beams, k, neutrinos, pol, weak, g_factor=g_factor) for pol in polarisations(k)]
    electron = sum((abs(z + w) ** 2).sum(axis=(1, 2)) for z, w in both) / 4
    other = sum((abs(z) ** 2).sum(axis=(1, 2)) for z, _ in both) / 4
    return np.asarray(electron), np.asarray(other)


def beams_of(root_s: Array) -> tuple[Array, Array]:
    E, zero = root_s / 2, np.zeros(len(root_s))
    p = np.sqrt(E**2 - M_E**2)
    return np.stack([E, zero, zero, p], axis=1), np.stack([E, zero, zero, -p], axis=1)


def boosted(p: Array, frame: Array) -> Array:
    """p (n, 4) of the rest frame of `frame` in the frame where that is its momentum."""
    M = np.sqrt(dot(frame, frame))
    along = (p[:, 1:] * frame[:, 1:]).sum(axis=1)
    E = (frame[:, 0] * p[:, 0] + along) / M
    more = (p[:, 0] + E) / (frame[:, 0] + M)
    return np.hstack([E[:, None], p[:, 1:] + frame[:, 1:] * more[:, None]])


def direction(cos: Array, phi: Array) -> Array:
    sin = np.sqrt(1 - cos**2)
    return np.stack([np.ones(len(cos)), sin * np.cos(phi), sin * np.sin(phi), cos], axis=1)


def pair(root_s: Array, k: Array, cos: Array, phi: Array) -> tuple[Array, Array]:
    """The neutrinos from angles to the beam's axis in the frame where they are back to back."""
    zero = np.zeros((len(k), 3))
    Q = np.hstack([root_s[:, None], zero]) - k
    half = np.sqrt(dot(Q, Q))[:, None] / 2
    q_1 = boosted(half * direction(cos, phi), Q)
    return q_1, Q - q_1


def inputs(card: ProcessCard) -> Weak:
    weak = card.electroweak
    return Weak(weak.z_mass, weak.z_width, weak.w_mass, weak.sin2_theta_w)


def sample(
    root_s: Array, least: float, angle: float, weak: Weak, x: Array
) -> tuple[Array, tuple[Array, Array], Array, Array]:
    """Photon, neutrinos, and weights (n) in pb of nu_e and of another flavour, from points x (n, 6).

    The photon's energy is drawn from 1/E or from the peak of the Z, in turns, and its angle from 1/(1 - c^2).
    """
    s, m2, mg = root_s**2, weak.z_mass**2, weak.z_mass * weak.z_width
    top = s - 2 * root_s * least
    span = np.log(root_s / 2 / least)
    low, high = np.arctan(-m2 / mg), np.arctan((top - m2) / mg)
    peak = m2 + mg * np.tan(low + (high - low) * x[:, 1])
    w = np.where(x[:, 0] < SOFT, least * np.exp(span * x[:, 1]), (s - np.clip(peak, 0, top)) / (2 * root_s))
    s_prime = s - 2 * root_s * w
    chance = SOFT / (w * span) + (1 - SOFT) * 2 * root_s * mg / ((s_prime - m2) ** 2 + mg**2) / (high - low)
    eta_max = math.atanh(math.cos(angle))
    c = np.tanh(eta_max * (2 * x[:, 2] - 1))
    k = w[:, None] * direction(c, 2 * math.pi * x[:, 3])
    neutrinos = pair(root_s, k, 2 * x[:, 4] - 1, 2 * math.pi * x[:, 5])
    volume = 2 * eta_max / chance * (1 - c**2) * w / (8 * math.pi**2) / (8 * math.pi) / (2 * s) * GEV2_TO_PB
    electron, other = mean_squared(beams_of(root_s), k, neutrinos, weak)
    return k, neutrinos, volume * electron, volume * other
