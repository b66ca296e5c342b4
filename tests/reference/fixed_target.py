"""Nuclear form factors, Primakoff production and track lengths in thick targets, from their definitions.

No code of the package enters. Sources: arXiv:2012.07894 ("the paper"), Eqs. (20)-(28), with the corrections of the
physics sheet, section 3. Conventions of `reference.dirac`; t = -q^2 > 0; spin-0 nucleus at rest with the vertex
e (Pi+Pf)^mu sqrt(G2(t)); all cross-sections in pb at g_ag = 1/GeV; depths and thicknesses in radiation lengths.

The bremsstrahlung counterparts of `primakoff_cross_section` and `effective_primakoff` are in `reference.bremsstrahlung`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.integrate import quad

from reference.dirac import ALPHA, GEV2_TO_PB, M_E, MP, Array, Number, dot, levi_civita, vector

FormFactor = Literal["paper", "squared", "regulated"]
"""Eq. (20) as printed; its last bracket squared (Bjorken et al., 0906.0580); as printed, with Eq. (28)."""

NUCLEON_MASS_UNIT = 0.9314941  # GeV: M_A = A * this, physics sheet, section 3
PROTON_MASS = 0.938  # GeV: the paper, below Eq. (20)
PROTON_MOMENT = 2.79  # mu_p: the paper, below Eq. (20)
DIPOLE = 0.71  # GeV^2: Eq. (20)


# ---- form factors ----------------------------------------------------------------------------------------------


def structure_function(t: Number, Z: float, A: float, squared: bool = False, regulated: bool = False) -> Number:
    """G2(t) = elastic + inelastic, Eqs. (20)-(22); `squared` squares the last inelastic bracket; `regulated`: Eq. (28).

    Plain arithmetic: t may be a float, an array's element or an mpmath number; numba compiles it as it stands.
    """
    a2_t = t * (111 / (M_E * Z ** (1 / 3))) ** 2
    inelastic_a2_t = t * (773 / (M_E * Z ** (2 / 3))) ** 2
    d = 0.164 * A ** (-2 / 3)
    if regulated and a2_t < 1 / 3:
        return 0 * t
    elastic = (a2_t / (1 + a2_t) / (1 + t / d)) ** 2 * Z**2
    nucleon = (1 + t / (4 * PROTON_MASS**2) * (PROTON_MOMENT**2 - 1)) / (1 + t / DIPOLE) ** 4
    if squared:
        nucleon = nucleon * nucleon
    return elastic + (inelastic_a2_t / (1 + inelastic_a2_t)) ** 2 * nucleon * Z


def g2(t: Number, Z: float, A: float, form_factor: FormFactor = "paper") -> Number:
    """`structure_function` by the name of its variant."""
    return structure_function(t, Z, A, form_factor == "squared", form_factor == "regulated")


def scales(Z: float, A: float) -> list[float]:
    """Where G2 bends, in GeV^2: both screening scales, Eq. (28), the nucleus, the nucleon."""
    screening = (M_E * Z ** (1 / 3) / 111) ** 2
    return sorted([screening, screening / 3, (M_E * Z ** (2 / 3) / 773) ** 2, 0.164 * A ** (-2 / 3), DIPOLE])


def nuclear_mass(A: float) -> float:
    """M_A in GeV."""
    return A * NUCLEON_MASS_UNIT


# ---- Primakoff gamma(k) Z(Pi) -> a Z(Pf) -----------------------------------------------------------------------


def primakoff_momenta(t: Number, E: Number, m: Number, M: Number) -> tuple[Array, Array, Array]:
    """k, q = Pi-Pf and P = Pi+Pf in the laboratory, the photon along +z, in exact kinematics with 50 digits.

    Pf on shell: q^0 = -t/(2M). The ALP on shell: (k+q)^2 = m^2, that is 2E(q^0-q^z) = m^2+t. The rest of
    |q|^2 = t+(q^0)^2 is transverse; where that is negative, t is outside its limits.
    """
    t, E, m, M = (MP.convert(x) for x in (t, E, m, M))
    q0 = -t / (2 * M)
    qz = q0 - (m**2 + t) / (2 * E)
    q = vector(q0, MP.sqrt(t + q0**2 - qz**2), 0, qz)
    return vector(E, 0, 0, E), q, vector(2 * M, 0, 0, 0) - q


def primakoff_mean_squared(t: Number, E: Number, m: Number, M: Number) -> Number:
    """<|M|^2>/G2 of gamma Z -> a Z at g_ag = 1/GeV, by an explicit sum over two linear polarisations, in GeV^0.

    (g/4) a F Ftilde = (g/2) eps^{mu nu alpha beta} a d_mu A_nu d_alpha A_beta; both photons come in, two ways to assign
    them: vertex^beta = -g eps^{mu nu alpha beta} k_mu pol_nu q_alpha, propagator -i g/q^2, nucleus e (Pi+Pf).
    """
    k, q, P = primakoff_momenta(t, E, m, M)
    polarisations = (vector(0, 1, 0, 0), vector(0, 0, 1, 0))
    amplitudes = [dot(levi_civita(k, pol, q), P) / dot(q, q) for pol in polarisations]
    return 4 * MP.pi * MP.convert(ALPHA) * sum(abs(x) ** 2 for x in amplitudes) / 2


def primakoff_from_diagram(t: Number, E: Number, m: Number, M: Number) -> Number:
    """dsigma/dt / G2 in pb/GeV^2 from the diagram: flux 4 k.Pi = 4 M E, phase space dt/(16 pi M E) (azimuth done)."""
    E, M = MP.convert(E), MP.convert(M)
    return MP.convert(GEV2_TO_PB) * primakoff_mean_squared(t, E, m, M) / (4 * M * E * 16 * MP.pi * M * E)


def primakoff_limits(E: Number, m: Number, M: Number) -> tuple[Number, Number, Number]:
    """A, t_min, t_max with pT^2 = A (t-t_min)(t_max-t): physics sheet, section 3."""
    E, m, M = (MP.convert(x) for x in (E, m, M))
    A, B, C = 1 / (2 * M * E) + 1 / (4 * E**2), 1 - m**2 / (2 * M * E) - m**2 / (2 * E**2), m**4 / (4 * E**2)
    if B <= 0 or B**2 < 4 * A * C:
        raise ValueError("no phase space")
    root = B + MP.sqrt(B**2 - 4 * A * C)
    return A, 2 * C / root, root / (2 * A)


def primakoff_formula(t: Number, E: Number, m: Number, M: Number) -> Number:
    """dsigma/dt / G2 in pb/GeV^2: the closed form of the physics sheet, section 3."""
    A, t_min, t_max = primakoff_limits(E, m, M)
    t = MP.convert(t)
    return MP.convert(GEV2_TO_PB) * MP.convert(ALPHA) / 8 * A * (t - t_min) * (t_max - t) / t**2


def primakoff_cross_section(
    photon_energy: float,
    mass: float,
    Z: float,
    A: float,
    energy_cut: float = 0.0,
    form_factor: FormFactor = "paper",
    coupling_squared: Callable[[float], float] = lambda t: 1.0,
) -> float:
    """sigma(gamma Z -> a Z) in pb with E_a = E - t/(2 M_A) > `energy_cut`, by quadrature in ln t; |g_ag|^2 may vary."""
    M = nuclear_mass(A)
    try:
        coefficient, t_min, t_max = (float(x) for x in primakoff_limits(photon_energy, mass, M))
    except ValueError:
        return 0.0
    upper = min(t_max, 2 * M * (photon_energy - energy_cut))
    if upper <= t_min:
        return 0.0

    def integrand(y: float) -> float:  # y = ln(t/t_min), t dsigma/dt
        t = t_min * np.exp(y)
        return coefficient * t_min * np.expm1(y) * (t_max - t) / t * float(g2(t, Z, A, form_factor)) * coupling_squared(t)

    cuts = [0.0, *(float(np.log(x / t_min)) for x in scales(Z, A) if t_min < x < upper), float(np.log(upper / t_min))]
    pieces = [quad(integrand, lo, hi, epsabs=0, epsrel=1e-10)[0] for lo, hi in pairwise(cuts)]
    return GEV2_TO_PB * ALPHA / 8 * sum(pieces)


# ---- track lengths ---------------------------------------------------------------------------------------------


def photon_intensity(depth: Number, E: Number, E0: Number) -> Number:
    """I_gamma in 1/GeV: Eq. (27) as printed."""
    depth, E, E0 = (MP.convert(x) for x in (depth, E, E0))
    fall = MP.log(1 - E / E0)
    seven = MP.mpf(7) / 9
    return (MP.exp(4 * depth / 3 * fall) - MP.exp(-seven * depth)) / (seven + 4 * fall / 3) / E


def electron_intensity(depth: Number, E: Number, E0: Number) -> Number:
    """I_e in 1/GeV: Eq. (27) with 1/E0 in place of 1/E (physics sheet, section 3)."""
    depth, E, E0 = (MP.convert(x) for x in (depth, E, E0))
    power = 4 * depth / 3
    return MP.log(E0 / E) ** (power - 1) / MP.gamma(power) / E0


def photon_track_length(E: Number, E0: Number, thickness: Number) -> Number:
    """dT_gamma/dE in 1/GeV: the closed form of the physics sheet, section 3."""
    E, E0, thickness = (MP.convert(x) for x in (E, E0, thickness))
    L, seven = -4 * MP.log(1 - E / E0) / 3, MP.mpf(7) / 9
    return (-MP.expm1(-L * thickness) / L + MP.expm1(-seven * thickness) / seven) / (seven - L) / E


def depth_integral(
    intensity: Callable[[Number, Number, Number], Number], E: Number, E0: Number, thickness: Number
) -> Number:
    """dT/dE in 1/GeV by numeric integration of an intensity of Eq. (27) over the depth."""
    edges = [x for x in (0, 0.25, 1, 3, 8, 20) if x < thickness] + [thickness]
    return MP.quad(lambda depth: intensity(depth, E, E0), edges)


def effective_primakoff(
    beam_energy: float,
    mass: float,
    Z: float,
    A: float,
    thickness: float,
    energy_cut: float,
    form_factor: FormFactor = "paper",
    coupling_squared: Callable[[float], float] = lambda t: 1.0,
) -> float:
    """sigma_eff of Eq. (26) in pb: int dE dT_gamma/dE sigma(E; E_a > energy_cut); |g_ag|^2 may vary with t.

    dT_gamma/dE falls like 1/L towards E0, L = -(4/3) ln(1-E/E0): integrated over L, where dE = (3/4) E0 exp(-3L/4) dL.
    """

    def integrand(L: float) -> float:
        E = -beam_energy * np.expm1(-0.75 * L)
        track = (-np.expm1(-L * thickness) / L + np.expm1(-7 * thickness / 9) * 9 / 7) / (7 / 9 - L) / E
        sigma = primakoff_cross_section(E, mass, Z, A, energy_cut, form_factor, coupling_squared)
        return track * sigma * 0.75 * (beam_energy - E)

    lowest = -np.log1p(-energy_cut / beam_energy) / 0.75
    cuts = [lowest, lowest + 0.1, lowest + 1, 5, 15, 45]  # beyond: exp(-0.75*45) = 2e-15 of E0 (and E rounds to E0)
    return float(sum(quad(integrand, lo, hi, epsrel=1e-7)[0] for lo, hi in pairwise(cuts)))
