"""e(p) Z(Pi) -> e(p') Z(Pf) gamma(k) from explicit Dirac matrices, on the kinematics of `reference.bremsstrahlung`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from reference.bremsstrahlung import Point, diagrams
from reference.dirac import ALPHA, M_E, MP, Array, Number, slash, vector
from reference.fixed_target import structure_function
from reference.three_photon import GAMMA, METRIC, slashes

Doubles = NDArray[np.float64]


def polarisations(k: Array) -> tuple[Array, Array]:
    """Two real transverse polarisations of a photon of this momentum."""
    n, other = k[1:] / k[0], np.array([MP.mpf(1), MP.mpf(2), MP.mpf(-1)])
    first = np.cross(n, other)
    first = first / MP.sqrt(first @ first)
    return vector(0, *first), vector(0, *np.cross(n, first))


def amplitude(point: Point, nuclear: Array, polarisation: Array) -> Array:
    """M / (e^3 sqrt(G2) / t) up to a phase; rows: final, columns: initial spin."""
    total: Array = sum(diagrams(point, nuclear, slash(polarisation)))
    return total


def bracket_from_diagrams(point: Point) -> Number:
    """<|M|^2> / (e^6 G2 / t^2), averaged over the spin of the initial electron."""
    pairs = (amplitude(point, point.P, polarisation) for polarisation in polarisations(point.k))
    return sum(abs(x) ** 2 for found in pairs for x in found.flat) / 2


def many_brackets(p: Doubles, p_out: Doubles, k: Doubles, P: Doubles) -> Doubles:
    """`bracket_from_diagrams` (n) in double precision, by traces of matrices.

    sum |ubar' X u|^2 = Tr[(p'-slash + m) X (p-slash + m) Xbar], Xbar = gamma0 X^dagger gamma0; momenta (n, 4).
    """
    mass, gamma0 = M_E * np.eye(4), GAMMA[0]
    after, before = (slashes(q) + mass for q in (p_out + k, p - k))
    after /= (2 * (p_out * k) @ METRIC)[:, None, None]
    before /= (-2 * (p * k) @ METRIC)[:, None, None]
    nucleus, u, u_out = slashes(P), slashes(p) + mass, slashes(p_out) + mass
    n = k[:, 1:] / k[:, :1]
    one = np.cross(n, [1.0, 2.0, -1.0])
    one /= np.linalg.norm(one, axis=1)[:, None]
    total = np.zeros(len(k))
    for pol in (one, np.cross(n, one)):
        photon = slashes(np.insert(pol, 0, 0.0, axis=1))
        X = photon @ after @ nucleus + nucleus @ before @ photon
        X_bar = gamma0 @ X.conj().transpose(0, 2, 1) @ gamma0
        total += np.einsum("iab,iba->i", u_out @ X, u @ X_bar).real
    return total / 2


def turned(vectors: Doubles, angle: Doubles) -> Doubles:
    """Three-vectors (n, 3) turned about z."""
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = vectors.T
    return np.stack([x * cos - y * sin, x * sin + y * cos, z], axis=1)


def sample(E: float, M: float, nucleus: tuple[float, float], least: tuple[float, float], power: int) -> tuple[Doubles, ...]:
    """Photons and outgoing electrons (n, 4) and the cross-section's weights (n) in 1/GeV^2, above an energy and an angle.

    The sheet's variables, section 3: k logarithmic, theta as 1/theta, t logarithmic, the azimuth of q about p - k uniform.
    dsigma = alpha^3/(8 M^2) k/(|p| |p - k|) <B>_phi G2/t^2 dk dcos(theta) dt. The mean of the weights is the cross-section.
    """
    x = np.asarray(qmc.Sobol(5, seed=5).random_base2(power)).clip(1e-12, 1 - 1e-12)
    energy, angle = least
    k = energy * ((E - M_E) / energy) ** x[:, 0]
    theta = 1 / (1 / angle + x[:, 1] * (1 / math.pi - 1 / angle))
    measure = k * math.log((E - M_E) / energy) * np.sin(theta) * theta**2 * (1 / angle - 1 / math.pi)
    p = np.array([E, 0, 0, math.sqrt(E**2 - M_E**2)])
    n = np.stack([np.sin(theta), 0 * theta, np.cos(theta)], axis=1)
    photon = k[:, None] * np.insert(n, 0, 1.0, axis=1)
    d = p - photon
    V = np.linalg.norm(d[:, 1:], axis=1)
    # |q| V cos = (u' - t)/2 - d^0 t/(2M) with |q|^2 = t + t^2/(4M^2): the limits of t are where |cos| = 1
    u_prime, g = -2 * (photon * p) @ METRIC, 1 + d[:, 0] / M
    a, b, c = g**2 - (V / M) ** 2, -2 * u_prime * g - 4 * V**2, u_prime**2
    root = np.sqrt(np.clip(b**2 - 4 * a * c, 0, None)) - b
    low, high = 2 * c / root, root / (2 * a)
    span = np.log(high / low)
    t = low * np.exp(x[:, 2] * span)
    q0, size = -t / (2 * M), np.sqrt(t + t**2 / (4 * M**2))
    cos = np.clip(((u_prime - t) / 2 + d[:, 0] * q0) / (V * size), -1, 1)
    sin, phi = np.sqrt(1 - cos**2), 2 * math.pi * x[:, 3]
    axis, up = d[:, 1:] / V[:, None], np.array([0.0, 1.0, 0.0])
    across = np.cross(up, axis)
    q = size[:, None] * (cos[:, None] * axis + (sin * np.cos(phi))[:, None] * across + (sin * np.sin(phi))[:, None] * up)
    transfer = np.column_stack([q0, q])
    electron = d + transfer
    bracket = many_brackets(np.broadcast_to(p, d.shape), electron, photon, np.array([2 * M, 0, 0, 0]) - transfer)
    form = structure_function(t, *nucleus)
    weights = ALPHA**3 / (8 * M**2) * k / (p[3] * V) * bracket * form / t * span * measure
    allowed = (electron[:, 0] > M_E) & (c > 0) & (b**2 > 4 * a * c)
    around = 2 * math.pi * x[:, 4]
    photon[:, 1:], electron[:, 1:] = turned(photon[:, 1:], around), turned(electron[:, 1:], around)
    return photon, electron, np.where(allowed, weights, 0.0)
