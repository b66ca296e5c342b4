"""The cascade equations under approximation A, solved by Laplace transform in w = ln(E0/E): no random numbers, no bins.

With P, G and D the transforms, in w, of the densities of e- and e+ together, of photons, and of e- less e+,

dP/dt = -A P + B G,   dG/dt = C P - (7/9) G,   dD/dt = -A D   (pairs have as many of each),

from P = D = 1 and G = 0. A, B and C follow from bremsstrahlung dN/dt dv = (1/v) [4/3 (1 - v) + v^2] and pair production
dN/dt dz = 1 - 4/3 z (1 - z): B. Rossi and K. Greisen, Rev. Mod. Phys. 13 (1941) 240, section 24, there with the small term
b = 1/(18 ln(183/Z^(1/3))) in 4/3 + 2b. The solution in depth is a matrix exponential, and back from s to w a contour
integral (Talbot).
"""

from __future__ import annotations

import numpy as np
from mpmath import mpc
from numpy.typing import NDArray
from scipy.special import digamma

from reference.dirac import MP

Array = NDArray[np.float64]

SMALL = 0.0122
"""b of Rossi and Greisen: air."""


def loss(s: mpc, b: float = 0) -> mpc:
    """A(s) = int dv phi(v) [1 - (1-v)^s]."""
    return (MP.mpf(4) / 3 + 2 * b) * (MP.digamma(s + 1) + MP.euler - s / (s + 1)) + MP.mpf(1) / 2 - 1 / ((s + 1) * (s + 2))


def pairs(s: mpc, b: float = 0) -> mpc:
    """B(s) = 2 int dz z^s [1 - (4/3 + 2b) z (1 - z)]."""
    return 2 * (1 / (s + 1) - (MP.mpf(4) / 3 + 2 * b) * (1 / (s + 2) - 1 / (s + 3)))


def radiation(s: mpc, b: float = 0) -> mpc:
    """C(s) = int dv v^s phi(v)."""
    return (MP.mpf(4) / 3 + 2 * b) * (1 / s - 1 / (s + 1)) + 1 / (s + 2)


def pair_rate(b: float = 0) -> mpc:
    return 1 - (MP.mpf(4) / 3 + 2 * b) / 6


def asymptotic_lengths(b: float = 0) -> tuple[float, float]:
    """Total lengths for E << E0: that of e- and e+ above E is the first times E0/E, dT_gamma/dE the second times E0/E^2.

    The residue of P = 1/(A - B C/sigma) at s = 1, where energy is conserved: A = C = 1 and B = sigma.
    """
    rate = pair_rate(b)
    slope = MP.diff(lambda s: loss(s, b) - pairs(s, b) * radiation(s, b) / rate, MP.mpf(1))
    return float(1 / slope), float(radiation(MP.mpf(1), b) / rate / slope)


def transforms(s: mpc, depth: mpc) -> tuple[mpc, mpc, mpc]:
    """P, G and D integrated over depth from 0, by 1 - exp(M t) over -M."""
    a, b, c, rate = loss(s), pairs(s), radiation(s), pair_rate()
    middle, half = -(a + rate) / 2, MP.sqrt((a - rate) ** 2 / 4 + b * c)
    # exp(M t) (1, 0) - (1, 0)
    cosh, sinh = (
        (MP.exp((middle + half) * depth) + MP.exp((middle - half) * depth)) / 2,
        (MP.exp((middle + half) * depth) - MP.exp((middle - half) * depth)) / (2 * half),
    )
    p, g = cosh + sinh * (-a - middle) - 1, sinh * c
    # M^-1 times that
    determinant = a * rate - b * c
    return (-rate * p - b * g) / determinant, (-c * p - a * g) / determinant, -MP.expm1(-a * depth) / a


def lengths_above(share: float, depth: float) -> dict[str, float]:
    """Lengths (radiation lengths) of electrons, positrons and photons above E = share E0, from 0 to a depth."""
    w = -MP.log(MP.mpf(share))

    def back(which: int) -> mpc:
        return MP.invertlaplace(lambda s: transforms(s, MP.mpf(depth))[which] / s, w, method="talbot", degree=24)

    both, photons, difference = back(0), back(1), back(2)
    return {
        "electron": float((both + difference) / 2),
        "positron": float((both - difference) / 2),
        "photon": float(photons),
    }


def photon_density(w: Array, depth: Array, nodes: int = 32) -> Array:
    """G(w, t), photons per unit of ln E at w = ln(E0/E) (n) and a depth (m), (n, m): in double precision, all at once.

    The contour is Weideman's for Talbot's method (SIAM J. Numer. Anal. 44 (2006) 2342).
    """
    theta = (2 * np.arange(nodes) + 1) * np.pi / nodes - np.pi
    cot = 1 / np.tan(0.6407 * theta)
    z = nodes * (0.5017 * theta * cot - 0.6122 + 0.2645j * theta)
    slope = nodes * (0.5017 * cot - 0.5017 * 0.6407 * theta * (1 + cot**2) + 0.2645j)
    s = z / w[:, None]
    a = 4 / 3 * (digamma(s + 1) + np.euler_gamma - s / (s + 1)) + 1 / 2 - 1 / ((s + 1) * (s + 2))
    b = 2 * (1 / (s + 1) - 4 / 3 * (1 / (s + 2) - 1 / (s + 3)))
    c = 4 / 3 * (1 / s - 1 / (s + 1)) + 1 / (s + 2)
    middle, half = -(a + 7 / 9) / 2, np.sqrt((a - 7 / 9) ** 2 / 4 + b * c)
    found = np.empty((len(w), len(depth)))
    for j, t in enumerate(depth):
        transform = c * (np.exp((middle + half) * t) - np.exp((middle - half) * t)) / (2 * half)
        found[:, j] = (np.exp(z) * transform * slope / w[:, None] / (1j * nodes)).real.sum(axis=1)
    return found
