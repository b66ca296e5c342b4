"""e+ e- -> gamma gamma gamma from explicit Dirac matrices: with 50 digits, and vectorised in double precision.

Six orderings of the photons along the electron's line, vertices -i e Q gamma^mu, propagators i (p-slash + m)/(p^2 - m^2): up
to a phase M = e^3 sum vbar pol_c S(k_c - p_+) pol_b S(p_- - k_a) pol_a u with S(p) = (p-slash + m)/(p^2 - m^2).
"""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from reference import dirac
from reference.dirac import IDENTITY, M_E, MP, Array, Number, bar, dot, slash, spinors_u, spinors_v, vector

Doubles = NDArray[np.float64]
Complex = NDArray[np.complex128]
GAMMA = np.array([gamma.astype(complex) for gamma in dirac.GAMMA])
METRIC = np.array(dirac.METRIC)


def polarisations(k: Array) -> tuple[Array, Array]:
    """Two real transverse polarisations of a photon of this momentum, with 50 digits."""
    n, other = k[1:] / k[0], np.array([MP.mpf(1), MP.mpf(2), MP.mpf(-1)])
    first = np.cross(n, other)
    first = first / MP.sqrt(first @ first)
    return vector(0, *first), vector(0, *np.cross(n, first))


def amplitude(p_minus: Array, p_plus: Array, photons: list[Array], pols: tuple[Array, ...]) -> Array:
    """M / e^3 with 50 digits, rows: positron spin, columns: electron spin."""
    m = MP.convert(M_E)
    total = 0
    for a, b, c in permutations(range(3)):
        first = (slash(p_minus - photons[a]) + IDENTITY * m) / (-2 * dot(p_minus, photons[a]))
        last = (slash(photons[c] - p_plus) + IDENTITY * m) / (-2 * dot(p_plus, photons[c]))
        total = total + slash(pols[c]) @ last @ slash(pols[b]) @ first @ slash(pols[a])
    result: Array = bar(spinors_v(p_plus, m, MP)) @ total @ spinors_u(p_minus, m, MP)
    return result


def mean_squared(p_minus: Array, p_plus: Array, photons: list[Array]) -> Number:
    """<|M|^2> / e^6 with 50 digits."""
    of_each = [polarisations(k) for k in photons]
    chosen = [tuple(of_each[i][n] for i, n in enumerate(which)) for which in np.ndindex(2, 2, 2)]
    return sum(abs(x) ** 2 for pols in chosen for x in amplitude(p_minus, p_plus, photons, pols).flat) / 4


def slashes(p: Doubles) -> Complex:
    """(n, 4, 4) of momenta (n, 4) as (E, x, y, z)."""
    return np.einsum("im,mab->iab", p * METRIC, GAMMA)


def many_mean_squared(root_s: float, photons: Doubles) -> Doubles:
    """<|M|^2> / e^6 (n) in double precision, of photons (3, n, 4) as (E, x, y, z) in the centre of mass."""
    E = root_s / 2
    ingoing = [np.array([E, 0, 0, sign * math.sqrt(E * E - M_E**2)]) for sign in (1, -1)]
    u = np.array(spinors_u(ingoing[0].astype(object), M_E, dirac.mpmath.fp).astype(complex))
    v = np.array(bar(spinors_v(ingoing[1].astype(object), M_E, dirac.mpmath.fp)).astype(complex))
    mass = M_E * np.eye(4)
    first = [(slashes(ingoing[0] - k) + mass) / (-2 * (k * METRIC) @ ingoing[0])[:, None, None] for k in photons]
    last = [(slashes(k - ingoing[1]) + mass) / (-2 * (k * METRIC) @ ingoing[1])[:, None, None] for k in photons]
    vertex = []
    for k in photons:
        n = k[:, 1:] / k[:, :1]
        one = np.cross(n, [1.0, 2.0, -1.0])
        one /= np.linalg.norm(one, axis=1)[:, None]
        vertex.append([slashes(np.insert(pol, 0, 0.0, axis=1)) for pol in (one, np.cross(n, one))])
    total = np.zeros(photons.shape[1])
    for which in np.ndindex(2, 2, 2):
        pols = [vertex[i][n] for i, n in enumerate(which)]
        orders = permutations(range(3))
        found = sum((v @ pols[c] @ last[c]) @ (pols[b] @ (first[a] @ (pols[a] @ u))) for a, b, c in orders)
        total += (np.abs(found) ** 2).sum(axis=(1, 2))
    return total / 4


def sample(root_s: float, least: float, power: int) -> tuple[Doubles, Doubles]:
    """Photons (3, n, 4) in the centre of mass, hardest first, and the cross-section's weights (n) in 1/GeV^2.

    Energies of the harder two (Dalitz's variables, logarithmic in what is left to the third) and three angles:
    dPhi = dE1 dE2 dcos dphi dpsi / (8 (2 pi)^5). The mean of the weights is the cross-section.
    """
    x = np.asarray(qmc.Sobol(5, seed=5).random_base2(power)).clip(1e-12, 1 - 1e-12)
    E3 = least * (root_s / 3 / least) ** x[:, 0]
    E1_low, E1_high = (root_s - E3) / 2, np.minimum(root_s / 2, root_s - 2 * E3)
    E1 = E1_low + (E1_high - E1_low) * x[:, 1]
    E2 = root_s - E1 - E3
    measure = E3 * math.log(root_s / 3 / least) * (E1_high - E1_low) * 2 * (2 * math.pi) ** 2
    cos_12 = 1 - root_s * (root_s - 2 * E3) / (2 * E1 * E2)
    sin_12 = np.sqrt(np.clip(1 - cos_12**2, 0, None))
    c, phi, psi = 2 * x[:, 2] - 1, 2 * math.pi * x[:, 3], 2 * math.pi * x[:, 4]
    s = np.sqrt(1 - c**2)
    n = np.stack([s * np.cos(phi), s * np.sin(phi), c])
    one, two = np.stack([c * np.cos(phi), c * np.sin(phi), -s]), np.stack([-np.sin(phi), np.cos(phi), 0 * c])
    k1, k2 = E1 * n, E2 * (cos_12 * n + sin_12 * (np.cos(psi) * one + np.sin(psi) * two))
    photons = np.stack([np.vstack([E, k]).T for E, k in ((E1, k1), (E2, k2), (E3, -k1 - k2))])
    beta = math.sqrt(1 - 4 * M_E**2 / root_s**2)
    factor = (4 * math.pi * dirac.ALPHA) ** 3 / (2 * beta * root_s**2) / (8 * (2 * math.pi) ** 5)
    return photons, factor * measure * many_mean_squared(root_s, photons)
