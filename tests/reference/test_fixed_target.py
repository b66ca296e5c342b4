"""Form factors, Primakoff and track lengths: two calculations of each, and wrong ones that must be seen."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from reference.dirac import ALPHA, GEV2_TO_PB, M_E, MP, Number
from reference.fixed_target import (
    FormFactor,
    depth_integral,
    effective_primakoff,
    electron_intensity,
    g2,
    nuclear_mass,
    photon_intensity,
    photon_track_length,
    primakoff_cross_section,
    primakoff_formula,
    primakoff_from_diagram,
    primakoff_limits,
    primakoff_momenta,
    structure_function,
)

LEAD = (82.0, 207.2)
KINEMATICS = [
    (E, m, A) for E in (0.1, 1.0, 50.0, 1000.0) for m in (1e-3, 0.05, 0.7, 5.0) for A in (12.011, 207.2) if m < E / 2
]
TOLERANCE = 1e-35


# ---- form factors ----------------------------------------------------------------------------------------------


def test_form_factor_limits() -> None:
    """Screened as t^2 at small t; unscreened and point-like between, G2 -> Z^2+Z; squared: the bracket is below one."""
    Z, A = LEAD
    a2, inelastic_a2 = (111 / (M_E * Z ** (1 / 3))) ** 2, (773 / (M_E * Z ** (2 / 3))) ** 2
    tiny = 1e-20
    assert g2(tiny, Z, A) == pytest.approx(tiny**2 * (a2**2 * Z**2 + inelastic_a2**2 * Z), rel=1e-7)
    hydrogen = structure_function(1e-6, 1.0, 1.0)  # d = 0.164 GeV^2: nothing but screening is left, of relative size 1e-4
    assert hydrogen == pytest.approx(2, rel=1e-3)
    for t in (1e-3, 0.1, 3.0):
        nucleon = (1 + t / (4 * 0.938**2) * (2.79**2 - 1)) / (1 + t / 0.71) ** 4
        assert g2(t, Z, A, "paper") - g2(t, Z, A, "squared") == pytest.approx(Z * nucleon * (1 - nucleon), rel=1e-3)
        assert nucleon < 1


def test_form_factor_scales() -> None:
    """Elastic: a quarter of Z^2 at t = d (lead: 4.68e-3 GeV^2) but for screening; (28) cuts at a^2 t = 1/3."""
    Z, A = LEAD
    d, a2 = 0.164 * A ** (-2 / 3), (111 / (M_E * Z ** (1 / 3))) ** 2
    inelastic = Z * (1 + d / (4 * 0.938**2) * (2.79**2 - 1)) / (1 + d / 0.71) ** 4
    assert g2(d, Z, A) - inelastic == pytest.approx(Z**2 / 4, rel=1e-4)
    assert g2(0.3333 / a2, Z, A, "regulated") == 0
    assert g2(0.3334 / a2, Z, A, "regulated") == g2(0.3334 / a2, Z, A, "paper") > 0


@pytest.mark.parametrize("form_factor", ["paper", "squared", "regulated"])
def test_form_factor_in_any_precision(form_factor: FormFactor) -> None:
    """The same lines with floats and with 50 digits."""
    for t in (1e-15, 1e-9, 1e-4, 0.3, 20.0):
        assert g2(t, *LEAD, form_factor) == pytest.approx(float(g2(MP.mpf(t), *LEAD, form_factor)), rel=1e-13)


# ---- Primakoff -------------------------------------------------------------------------------------------------


def inner_points(E: float, m: float, M: float) -> list[Number]:
    """Values of t between the limits, logarithmically, and very close to both."""
    _, t_min, t_max = primakoff_limits(E, m, M)
    small = MP.mpf("1e-12")
    return [t_min * (1 + small), *(t_min * (t_max / t_min) ** MP.mpf(f) for f in (0.1, 0.4, 0.7, 0.95)), t_max * (1 - small)]


@pytest.mark.parametrize(("E", "m", "A"), KINEMATICS)
def test_primakoff_formula(E: float, m: float, A: float) -> None:
    """The physics sheet's dsigma/dt against the diagram, its flux and its phase space; wrong forms disagree."""
    M = nuclear_mass(A)
    for t in inner_points(E, m, M):
        diagram = primakoff_from_diagram(t, E, m, M)
        assert abs(primakoff_formula(t, E, m, M) / diagram - 1) < TOLERANCE
        assert abs(primakoff_no_recoil(t, E, m) / diagram - 1) > 1e-12  # no smaller than t/(2 M E)


def primakoff_no_recoil(t: Number, E: float, m: float) -> Number:
    """The limit M_A -> infinity: pT^2 = t (1-m^2/2E^2) - t^2/4E^2 - m^4/4E^2."""
    E, m = MP.convert(E), MP.convert(m)
    pT2 = t * (1 - m**2 / (2 * E**2)) - (t**2 + m**4) / (4 * E**2)
    return MP.convert(GEV2_TO_PB) * MP.convert(ALPHA) / 8 * pT2 / t**2


@pytest.mark.parametrize(("E", "m", "A"), KINEMATICS)
def test_primakoff_limits(E: float, m: float, A: float) -> None:
    """Between t_min and t_max, and only there, the photon's momentum has a real transverse part; both are on shell."""
    M = nuclear_mass(A)
    _, t_min, t_max = primakoff_limits(E, m, M)
    step = MP.mpf("1e-20")
    for t in inner_points(E, m, M):
        k, q, P = primakoff_momenta(t, E, m, M)
        assert MP.im(q[1]) == 0
        a, recoil = k + q, (P - q) / 2
        signs = (1, -1, -1, -1)
        assert abs(sum(g * x**2 for g, x in zip(signs, a, strict=True)) - MP.convert(m) ** 2) < 1e-38 * E**2
        assert abs(sum(g * x**2 for g, x in zip(signs, recoil, strict=True)) / MP.convert(M) ** 2 - 1) < TOLERANCE
    for outside in (t_min * (1 - step), t_max * (1 + step)):
        assert MP.im(primakoff_momenta(outside, E, m, M)[1][1]) != 0


def test_primakoff_threshold() -> None:
    """sqrt(S) = m + M: E = m + m^2/(2M)."""
    M, m = nuclear_mass(207.2), 1.0
    threshold = m + m**2 / (2 * M)
    assert primakoff_cross_section(threshold * (1 - 1e-6), m, *LEAD) == 0
    assert primakoff_cross_section(threshold * (1 + 1e-6), m, *LEAD) > 0


@pytest.mark.parametrize("form_factor", ["paper", "squared", "regulated"])
@pytest.mark.parametrize(("E", "m"), [(0.1, 0.01), (50.0, 1e-3), (100.0, 1.0)])
def test_primakoff_total(E: float, m: float, form_factor: FormFactor) -> None:
    """The integral in ln t against 20000 midpoints of the diagram's closed form, pT^2 from its own definition."""
    Z, A = LEAD
    M = nuclear_mass(A)
    _, t_min, t_max = (float(x) for x in primakoff_limits(E, m, M))
    edges = np.linspace(np.log(t_min), np.log(t_max), 20001)
    t = np.exp((edges[1:] + edges[:-1]) / 2)
    pT2 = np.maximum(t + t**2 / (4 * M**2) - (t / (2 * M) + (m**2 + t) / (2 * E)) ** 2, 0)
    G2 = np.array([g2(x, Z, A, form_factor) for x in t])
    midpoints = GEV2_TO_PB * ALPHA / 8 * float((G2 * pT2 / t * np.diff(edges)).sum())
    assert primakoff_cross_section(E, m, Z, A, form_factor=form_factor) == pytest.approx(midpoints, rel=3e-5)


def test_primakoff_energy_cut() -> None:
    """E_a > E_cut is t < 2M(E-E_cut): lost near the beam energy, invisible far below."""
    sigma = primakoff_cross_section(50.001, 0.1, *LEAD)
    assert primakoff_cross_section(50.001, 0.1, *LEAD, energy_cut=25) == pytest.approx(sigma, rel=1e-6)
    assert primakoff_cross_section(50.001, 0.1, *LEAD, energy_cut=50) < 0.9999 * sigma
    assert primakoff_cross_section(50.001, 0.1, *LEAD, energy_cut=50.002) == 0


# ---- track lengths ---------------------------------------------------------------------------------------------

E0 = 100.0


@pytest.mark.parametrize("thickness", [0.1, 5.0, 40.0])
@pytest.mark.parametrize("fraction", [1e-4, 0.1, 0.4416, 0.5, 0.9, 1 - 1e-9])
def test_photon_track_length(fraction: float, thickness: float) -> None:
    """The closed form against the depth integral of I_gamma, also beside its removable pole at 1-exp(-7/12) = 0.4420."""
    numeric = depth_integral(photon_intensity, fraction * E0, E0, thickness)
    assert abs(photon_track_length(fraction * E0, E0, thickness) / numeric - 1) < 1e-12


def test_photon_intensity_pole() -> None:
    """At E/E0 = 1-exp(-7/12) both vanish: the limit is depth exp(-7 depth/9)/E."""
    for depth in (0.1, 2, 10):
        fraction = 1 - MP.exp(-MP.mpf(7) / 12)
        limit = depth * MP.exp(-MP.mpf(7) * depth / 9) / (fraction * E0)
        for side in (1, -1):
            E = fraction * E0 * (1 + side * MP.mpf("1e-20"))
            assert abs(photon_intensity(depth, E, E0) / limit - 1) < 1e-15


@pytest.mark.parametrize("depth", [0.03, 0.3, 0.75, 2.0, 10.0])
def test_one_electron_at_every_depth(depth: float) -> None:
    """int dE I_e = 1: dE = E0 exp(-u) du, v = u^b with b = 4 depth/3 if that is below 1; below u = 1e-30 analytically."""
    b = 4 * MP.mpf(depth) / 3
    bend = max(1, 1 / b)

    def integrand(v: Number, wrong: bool = False) -> Number:
        u = v**bend
        E = E0 * MP.exp(-u)
        return electron_intensity(depth, E, E0) * (E0 / E if wrong else 1) * E * bend * v ** (bend - 1)

    smallest = MP.mpf("1e-30")
    edges = [MP.mpf(x) ** (1 / bend) for x in (smallest, 1, 3, 10, 40, 140)]
    rest = smallest**b / MP.gamma(1 + b)
    assert abs(MP.quad(integrand, edges) + rest - 1) < 1e-12
    assert MP.quad(lambda v: integrand(v, wrong=True), edges) + rest > 1.2  # Eq. (27) as printed, with 1/E: it diverges


def test_effective_primakoff_by_depth() -> None:
    """Eq. (26) with the depth integrated last: Gauss nodes of I_gamma, no closed form of the track length."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = [0.0, 0.5, 2.0, 5.0, 10.0, 20.0, 40.0]
    m, cut = 0.1, 50.0
    energies, energy_weights = log_nodes(cut)
    sigma = np.array([primakoff_cross_section(E, m, *LEAD, energy_cut=cut) for E in energies])
    total = 0.0
    for lo, hi in pairwise(edges):
        for node, weight in zip(nodes, weights, strict=True):
            depth = (lo + hi) / 2 + (hi - lo) / 2 * node
            fall = np.log1p(-energies / E0)
            intensity = (np.exp(4 * depth / 3 * fall) - np.exp(-7 * depth / 9)) / (7 / 9 + 4 * fall / 3) / energies
            total += weight * (hi - lo) / 2 * float((intensity * sigma * energy_weights).sum())
    assert effective_primakoff(E0, m, *LEAD, 40.0, cut) == pytest.approx(total, rel=1e-5)


def log_nodes(cut: float) -> tuple[np.ndarray, np.ndarray]:
    """Energies from the cut to E0 and their weights, Gauss-Legendre in ln(1-E/E0), denser near the cut."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    start = -np.log1p(-cut / E0)
    edges = np.array([start, start + 1e-3, start + 0.1, start + 2, start + 10, 33])
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    v = (middle[:, None] + half[:, None] * nodes).ravel()
    return -E0 * np.expm1(-v), (half[:, None] * weights).ravel() * E0 * np.exp(-v)


def test_effective_primakoff_of_a_constant() -> None:
    """A light ALP has one cross-section at all energies: sigma_eff/sigma is the photons' track length above the cut."""
    track = quad(lambda E: float(photon_track_length(E, E0, 40)), 50, E0, limit=200, epsrel=1e-7)[0]
    sigma = primakoff_cross_section(75, 1e-4, *LEAD)
    assert effective_primakoff(E0, 1e-4, *LEAD, 40, 50) == pytest.approx(sigma * track, rel=1e-3)
