"""SN1987A by other routes: Stefan-Boltzmann, polylogarithms, detailed balance, Bessel functions, Monte Carlo."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.constants import Stefan_Boltzmann, electron_volt
from scipy.constants import k as boltzmann
from scipy.integrate import simpson
from scipy.optimize import brentq
from scipy.special import expit, k1, kn

from alphoton.analysis.supernova import (
    FAR,
    NEUTRINO_LUMINOSITY,
    PROFILES,
    Profile,
    chi_sphere,
    coupling_of_path,
    interactions,
    luminosity,
    mean_free_path,
    packaged_profile,
    smallest_trapping,
    sphere,
    trapping,
)
from alphoton.data.errors import InputError
from alphoton.generators.model import fermion_width

Array = NDArray[np.float64]

HBARC = 1.973269804e-19
"""GeV km, CODATA 2018, as the next."""
GEV2_ERG = 1.602176634e-3 / 6.582119569e-25
"""erg/s per GeV^2: 1 GeV in erg, over hbar in GeV s."""
MASSES = (0.005, 0.010, 0.020, 0.030, 0.050)


def uniform(temperature: float) -> Profile:
    return Profile("uniform", np.array([1.0, 200.0]), np.full(2, temperature))


def sphere_like(radius: float, T: float, m: float, g: int = 4) -> float:
    """Eq. (11) in polylogarithms, erg/s: int dE E p^2 f = T^4 sum_k (-1)^{k+1} e^{-km/T} (2 mu^2/k^2 + 6 mu/k^3 + 6/k^4)."""
    mu = mpmath.mpf(m) / T
    terms = zip((2, 3, 4), (2 * mu**2, 6 * mu, 6), strict=True)
    integral = -sum(factor * mpmath.polylog(n, -mpmath.exp(-mu)) for n, factor in terms)
    return float(g * mpmath.mpf(radius / HBARC) ** 2 * mpmath.mpf(T) ** 4 * integral.real / (2 * mpmath.pi) * GEV2_ERG)


# --- the profile -------------------------------------------------------------------------------------------------


def analytic(name: str, r: Array) -> Array:
    """T in GeV outside 10 km: arXiv:1611.03864, and its neighbour through 4.267 MeV at 20 km."""
    if name == "fiducial":
        return 0.030 * (r / 10) ** (-5 / 3)
    return np.where(r <= 20, 0.030 * (r / 10) ** (math.log(4.267 / 30) / math.log(2)), 0.004267 * 20 / r)


@pytest.mark.parametrize("name", PROFILES)
def test_table_follows_the_analytic_profile_outside_the_core(name: str) -> None:
    r = np.linspace(10, 100, 1001)
    profile = packaged_profile(name)
    np.testing.assert_allclose(profile.at(r), analytic(name, r), rtol=4e-4)  # both ends of a piece have four digits
    assert np.abs(profile.at(r) / analytic("anchored" if name == "fiducial" else "fiducial", r) - 1).max() > 0.5
    assert profile.core == 10


def test_anchor_gives_the_neutrinos_luminosity_at_20_km() -> None:
    """T(20 km) = 4.27 MeV without a mass and 4.86 MeV for 10 MeV, from a sphere of one temperature."""
    for m, expected in ((0.0, 4.27e-3), (0.010, 4.86e-3)):
        T = brentq(lambda T, m=m: luminosity(uniform(T), 20, m) / NEUTRINO_LUMINOSITY - 1, 1e-3, 2e-2)
        assert pytest.approx(expected, abs=0.005e-3) == T
    assert luminosity(packaged_profile("anchored"), 20, 0) == pytest.approx(NEUTRINO_LUMINOSITY, rel=1e-3)


# --- luminosity --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("g", [1, 2, 4])
def test_massless_luminosity_is_7_8_of_a_black_body(g: int) -> None:
    """4 pi R^2 sigma T^4 in SI units for two polarisations, 7/8 for Fermi statistics; and 7 g pi^3/240, for every g."""
    R, T = 17.0, 0.0052
    found = luminosity(uniform(T), R, 0, g)
    photons = 4 * math.pi * (R * 1e3) ** 2 * Stefan_Boltzmann * (T * 1e9 * electron_volt / boltzmann) ** 4 * 1e7
    assert found == pytest.approx(7 / 8 * g / 2 * photons, rel=1e-8)
    assert found == pytest.approx(7 * g * math.pi**3 / 240 * (R / HBARC) ** 2 * T**4 * GEV2_ERG, rel=1e-8)


@pytest.mark.parametrize("ratio", [0, 1e-3, 0.3, 1, 3, 10, 100])
def test_luminosity_in_polylogarithms(ratio: float) -> None:
    T = 0.004
    assert luminosity(uniform(T), 20, ratio * T) == pytest.approx(sphere_like(20, T, ratio * T), rel=1e-8)


def test_luminosity_scales() -> None:
    """L ~ R^2 at one temperature, k^4 for masses and temperatures k times as large, and falls with the mass."""
    L = luminosity(uniform(0.004), 20, 0.01)
    assert luminosity(uniform(0.004), 40, 0.01) == pytest.approx(4 * L, rel=1e-9)
    assert luminosity(uniform(0.012), 20, 0.03) == pytest.approx(81 * L, rel=1e-9)
    assert np.all(np.diff([luminosity(uniform(0.004), 20, m) for m in (0, *MASSES)]) < 0)
    assert luminosity(uniform(0.004), 20, 1e3) == 0  # e^-250000, without a warning


# --- the chi-sphere ----------------------------------------------------------------------------------------------


def test_massless_chi_sphere_of_a_power_law() -> None:
    """R^2 T^4 = R0^2 T0^4 (R/R0)^(2-20/3): R = 10 km (L(10 km)/L_nu)^(3/14) = 39.5 km; 20 km in the anchored one."""
    expected = 10 * (sphere_like(10, 0.030, 0) / NEUTRINO_LUMINOSITY) ** (3 / 14)
    assert chi_sphere(packaged_profile("fiducial"), 0) == pytest.approx(expected, rel=2e-4)
    assert expected == pytest.approx(39.53, abs=0.01)
    assert chi_sphere(packaged_profile("anchored"), 0) == pytest.approx(20, rel=2e-4)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("m", MASSES)
def test_chi_sphere_on_the_analytic_profile(name: str, m: float) -> None:
    def excess(r: float) -> float:
        return math.log(sphere_like(r, float(analytic(name, np.array(r))), m) / NEUTRINO_LUMINOSITY)

    found = chi_sphere(packaged_profile(name), m)
    assert found == pytest.approx(brentq(excess, 10, 60), rel=2e-4)
    assert luminosity(packaged_profile(name), found, m) == pytest.approx(NEUTRINO_LUMINOSITY, rel=1e-9)


def test_outermost_of_several_chi_spheres() -> None:
    """A hot shell at 50 km: L crosses L_nu going out, in, and out again."""
    r = np.array([5.0, 10.0, 30.0, 50.0, 80.0])
    profile = Profile("shell", r, np.array([20, 30, 2, 4, 1]) * 1e-3)
    crossings = np.diff(np.sign([luminosity(profile, x, 0.005) - NEUTRINO_LUMINOSITY for x in np.linspace(10, 80, 400)]))
    assert np.count_nonzero(crossings) == 3
    assert 50 < chi_sphere(profile, 0.005) < 80


def test_the_crossing_within_the_core_is_not_the_chi_sphere() -> None:
    profile = packaged_profile("fiducial")
    assert luminosity(profile, 0.5, 0.01) < NEUTRINO_LUMINOSITY < luminosity(profile, 4, 0.01)
    assert chi_sphere(profile, 0.01) > profile.core


@pytest.mark.parametrize(("m", "neutrinos"), [(0.5, 3e52), (0.01, 1e56), (0, 1e48)])
def test_no_chi_sphere(m: float, neutrinos: float) -> None:
    """Too heavy; neutrinos too bright; chi still brighter where the profile ends."""
    assert math.isnan(chi_sphere(packaged_profile("fiducial"), m, neutrinos))


# --- detailed balance: the same number of interactions from the decays of the ALP ---------------------------------


def gauss(low: Array | float, high: Array | float, count: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(count)
    half = (np.asarray(high) - low)[..., None] / 2
    return np.asarray(low)[..., None] + half * (1 + x), half * w


def chi_density(m: float, T: float) -> float:
    """n of one spin in GeV^3: m^2 T/(2 pi^2) sum_k (-1)^{k+1} K2(k m/T)/k."""
    k = np.arange(1, 3 + math.ceil(45 * T / m))
    return float(m**2 * T / (2 * math.pi**2) * np.sum((-1.0) ** (k + 1) * kn(2, k * m / T) / k))


def inverse_length(m: float, m_a: float, T_sphere: float, T: Array) -> Array:
    """<1/lambda> in 1/km at g_achi m_chi = 1 from a -> chi chibar: 1/(2 n) int d^3k/(2 pi)^3 (m_a/E_a) Gamma <f fbar/v>.

    Gamma is the width of Eq. (5); the average is over the direction of the chi, whose energy is flat in it between
    m cosh(eta_a -+ eta0/2). Neither the cross-section of Eq. (12) nor a relative velocity enters.
    """
    half = math.acosh(m_a / (2 * m))
    beta = math.tanh(half)
    highest = math.acosh(1 + 60 * max(T_sphere, float(np.max(T))) / m_a)
    ends = np.array([0.0, half, max(highest, 2 * half)])  # a kink where a chi may be at rest
    eta_a, w_a = gauss(ends[:-1], ends[1:], 80)
    eta_a, w_a = eta_a.ravel(), w_a.ravel()
    eta, w = gauss(np.abs(eta_a - half), eta_a + half, 80)
    E = m * np.cosh(eta)
    other = m_a * np.cosh(eta_a)[:, None] - E
    momentum = m_a * np.sinh(eta_a)
    weight = (momentum**2 * m_a * w_a / (2 * math.pi**2) / (momentum * beta))[:, None] * w * E * expit(-E / T_sphere)
    occupied = np.array([float((weight * expit(-other / t)).sum()) for t in np.atleast_1d(T)])
    return fermion_width(1 / m, m, m_a) * occupied / (2 * chi_density(m, T_sphere)) / HBARC


@pytest.mark.parametrize("m", [0.001, 0.005, 0.010, 0.030, 0.100])
@pytest.mark.parametrize("ratio", [2.05, 3, 6])
def test_interactions_at_one_temperature_from_detailed_balance(m: float, ratio: float) -> None:
    T, path = 0.005, 30.0
    found = interactions(uniform(T), 20, m, ratio * m, 1 / m, far=20 + path)
    expected = path * inverse_length(m, ratio * m, T, np.array([T]))[0]
    assert found == pytest.approx(expected, rel=1e-6, abs=0)
    assert found != pytest.approx(expected / 2, rel=0.3, abs=0)  # one spin of the chibar, as Eq. (13)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("m", MASSES)
def test_interactions_along_the_profile_from_detailed_balance(name: str, m: float) -> None:
    """The path by Simpson's rule between the points of the table."""
    profile = packaged_profile(name)
    R = 18.5
    ends = np.unique([R, *profile.radius[profile.radius > R]])
    expected = 0.0
    for first, last in pairwise(ends.tolist()):
        r = np.linspace(first, last, 41)
        expected += simpson(inverse_length(m, 3 * m, float(profile.at(R)), profile.at(r)), x=r)
    assert interactions(profile, R, m, 3 * m, 1 / m) == pytest.approx(expected, rel=1e-6)


# --- Boltzmann limit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [2.5, 3, 5])
def test_cold_limit_in_bessel_functions(ratio: float) -> None:
    """With e^{-E/T} for f, up to e^{-m/T}: exact, m_a^3 K1(m_a/T)/(16 pi m^2 K2(m/T)).

    paper, sigma_res/(8 pi^2) (beta m_a^4/4) [K1(z)/z + (3 - beta^2) K2(z)/z^2]/(m^2 T K2(m/T)), z = m_a/T.
    """
    T, m, path = 0.001, 0.030, 10.0
    m_a = ratio * m
    z, beta = m_a / T, math.sqrt(1 - 4 / ratio**2)
    exact = m_a**3 * k1(z) / (16 * math.pi * m**2 * kn(2, m / T))
    bracket = k1(z) / z + (3 - beta**2) * kn(2, z) / z**2
    sigma = math.pi / (2 * beta)
    paper = sigma / (8 * math.pi**2) * beta * m_a**4 / 4 * bracket / (m**2 * T * kn(2, m / T))
    for form, expected in (("exact", exact), ("paper", paper)):
        found = interactions(uniform(T), 20, m, m_a, 1 / m, 20 + path, form)
        assert found == pytest.approx(expected * path / HBARC, rel=1e-8)


def test_eq_16_lacks_the_relative_velocity() -> None:
    """2 v_rel/v = 4 for E = Ebar = m_a/2, the only energies at T -> 0; 2 m_a^2 beta/(2 E Ebar) << 1 for m_a << T."""

    def ratio(m: float, T: float) -> float:
        exact, paper = (interactions(uniform(T), 20, m, 3 * m, 1 / m, form=form) for form in ("exact", "paper"))
        return exact / paper

    assert ratio(0.2, 0.001) == pytest.approx(4, rel=0.02)
    assert [ratio(m, 0.005) for m in (0.01, 0.03, 0.1)] == pytest.approx([2.6, 3.4, 3.8], abs=0.15)
    assert ratio(0.001, 0.005) < 0.2


# --- Eq. (13) as it stands, by Monte Carlo ------------------------------------------------------------------------


def monte_carlo(profile: Profile, R: float, m: float, m_a: float, exact: bool, seed: int) -> tuple[float, float]:
    """N_int at g_achi m_chi = 1 with its error: r, both energies and the angle drawn, a resonance 3% wide in s.

    int dr 1/n int d^3p/(2 pi)^3 d^3pbar/(2 pi)^3 f fbar sigma, and 2 v_rel/v in `exact`, v_rel from the four-momenta.
    """
    count, rng, T = 2_000_000, np.random.default_rng(seed), float(profile.at(R))
    scale = 1.5 * T
    x, x_bar = rng.gamma(2, scale, count), rng.gamma(2, scale, count)
    proposal = x * x_bar * np.exp(-(x + x_bar) / scale) / scale**4
    r, cos = R * (FAR / R) ** rng.random(count), rng.uniform(-1, 1, count)
    E, E_bar = m + x, m + x_bar
    p, p_bar = (np.sqrt(energy**2 - m**2) for energy in (E, E_bar))
    product = E * E_bar - p * p_bar * cos
    width = 0.03 * m_a**2
    delta = np.exp(-0.5 * ((2 * m**2 + 2 * product - m_a**2) / width) ** 2) / (width * math.sqrt(2 * math.pi))
    sigma = math.pi / (2 * math.sqrt(1 - 4 * m**2 / m_a**2)) * delta
    if exact:
        sigma *= 2 * np.sqrt(product**2 - m**4) / (E * E_bar) * E / p
    occupied = expit(-E / T) * expit(-E_bar / profile.at(r))
    phase_space = p * E * p_bar * E_bar / (2 * math.pi**2) ** 2
    each = phase_space * occupied * sigma / proposal * r * math.log(FAR / R) / (chi_density(m, T) * HBARC)
    return float(each.mean()), float(each.std() / math.sqrt(count))


@pytest.mark.parametrize("form", ["exact", "paper"])
def test_interactions_by_monte_carlo(form: str) -> None:
    profile, R, m = packaged_profile("anchored"), 19.0, 0.010
    value, error = monte_carlo(profile, R, m, 3 * m, form == "exact", seed=5)
    found = {name: interactions(profile, R, m, 3 * m, 1 / m, form=name) for name in ("exact", "paper")}
    assert error < 0.01 * value
    assert abs(value - found.pop(form)) < 3 * error + 0.005 * value  # half a percent for the width of the resonance
    assert abs(value - found.popitem()[1]) > 50 * error


# --- mean free path ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("E_over_m", [1.05, 1.5, 4.0])
def test_mean_free_path_over_the_angle(E_over_m: float) -> None:
    """2 d^3pbar/(2 pi)^3 fbar sigma v_rel/v on a grid in p and angle, resonance 1% wide: no range of energies put in."""
    T, m, m_a = 0.005, 0.010, 0.030
    E = E_over_m * m
    p = math.sqrt(E**2 - m**2)
    (p_bar, w), (cos, w_cos) = gauss(0.0, 0.3, 400), gauss(-1.0, 1.0, 600)
    E_bar = np.hypot(p_bar, m)[:, None]
    product = E * E_bar - p * p_bar[:, None] * cos
    width = 0.01 * m_a**2
    delta = np.exp(-0.5 * ((2 * m**2 + 2 * product - m_a**2) / width) ** 2) / (width * math.sqrt(2 * math.pi))
    sigma = math.pi / (2 * math.sqrt(1 - 4 * m**2 / m_a**2)) * delta
    v_rel = np.sqrt(product**2 - m**4) / (E * E_bar)
    summed = (w * p_bar**2)[:, None] * w_cos * expit(-E_bar / T) * sigma / (2 * math.pi) ** 2
    for form, factor in (("exact", 2 * v_rel * E / p), ("paper", 1.0)):
        expected = HBARC / float((summed * factor).sum())
        assert mean_free_path(uniform(T), 20, E, m, m_a, 1 / m, form) == pytest.approx(expected, rel=2e-3)


def test_mean_free_path_of_a_light_chi() -> None:
    """m_chi -> 0 at fixed g_achi m_chi: 1/lambda = m_a^2 T ln(1 + e^{-m_a^2/(4 E T)})/(16 pi E^2); all above one energy."""
    T, E, m_a, m = 0.004, 0.02, 0.03, 1e-7
    expected = HBARC / (m_a**2 * T * math.log1p(math.exp(-(m_a**2) / (4 * E * T))) / (16 * math.pi * E**2))
    assert mean_free_path(uniform(T), 20, E, m, m_a, 1 / m) == pytest.approx(expected, rel=1e-8)


def test_mean_free_path_at_half_the_mass_by_hand() -> None:
    """In the cold int dEbar fbar = T e^{-Ebar_min/T}, and for E = m_a/2 the smallest Ebar = m cosh(eta0/2) is m_a/2 too."""
    T, m = 0.0005, 0.010
    expected = HBARC / ((0.03**2 / (16 * math.pi * (0.015**2 - m**2))) * T * math.exp(-0.015 / T))
    assert mean_free_path(uniform(T), 20, 0.015, m, 0.03, 1 / m) == pytest.approx(expected, rel=1e-9)


def test_coupling_of_one_kilometre() -> None:
    profile = packaged_profile("fiducial")
    for length in (1.0, 7.0):
        y = coupling_of_path(profile, 30, 0.02, 0.01, 0.03, length)
        assert mean_free_path(profile, 30, 0.02, 0.01, 0.03, y / 0.01) == pytest.approx(length, rel=1e-12)


def test_no_coupling_no_absorption() -> None:
    assert mean_free_path(uniform(0.005), 20, 0.02, 0.01, 0.03, 0) == math.inf
    assert interactions(uniform(0.005), 20, 0.01, 0.03, 0) == 0


# --- scaling -----------------------------------------------------------------------------------------------------


def test_interactions_scale() -> None:
    """(g m)^2; k for masses and temperatures k times as large at one g m; k for radii k times as large."""
    r, T = np.array([10.0, 20.0, 50.0]), np.array([0.03, 0.004, 0.002])
    once = interactions(Profile("x", r, T), 15, 0.01, 0.03, 2.0, 40)
    assert interactions(Profile("x", r, T), 15, 0.01, 0.03, -6.0, 40) == pytest.approx(9 * once, rel=1e-12)
    assert interactions(Profile("x", r, 3 * T), 15, 0.03, 0.09, 2 / 3, 40) == pytest.approx(3 * once, rel=1e-8)
    assert interactions(Profile("x", 2 * r, T), 30, 0.01, 0.03, 2.0, 80) == pytest.approx(2 * once, rel=1e-8)
    assert interactions(Profile("x", r, T), 15, 0.01, 0.03, 2.0, 50) > once


def test_interactions_vanish_with_the_phase_space_of_the_decay() -> None:
    """N ~ beta towards m_a = 2 m_chi."""
    m = 0.01
    first, second = (interactions(uniform(0.005), 20, m, 2 * m * (1 + step), 1 / m) for step in (1e-6, 4e-6))
    assert second == pytest.approx(2 * first, rel=1e-4)


@pytest.mark.parametrize("form", ["exact", "paper"])
def test_heavy_and_light_without_overflow(form: str) -> None:
    profile = packaged_profile("anchored")
    for m, m_a in ((1e-9, 1e-3), (1e-6, 3e-6), (0.01, 5.0), (2.0, 6.0), (1e3, 3e3)):
        assert 0 <= interactions(profile, 20, m, m_a, 1 / m, form=form) < math.inf


# --- trapping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("form", ["exact", "paper"])
def test_one_interaction_at_the_smallest_coupling(name: str, form: str) -> None:
    profile = packaged_profile(name)
    for m, m_a in ((0.005, None), (0.020, 0.05)):
        found = smallest_trapping(profile, m, m_a, form)
        at = chi_sphere(profile, m)
        assert interactions(profile, at, m, m_a or 3 * m, found / m, form=form) == pytest.approx(1, rel=1e-9)


def test_eq_17_between_5_and_50_mev() -> None:
    """1e-6 is enough up to 50 MeV, as an order of magnitude, and is due at 50 MeV only.

    The smallest coupling falls to a few 1e-8 at 5 MeV: e^{-m_a/T} rules it, and the chi-sphere is hotter for heavier chi.
    """
    for form, largest in (("exact", 1.3e-6), ("paper", 2.4e-6)):
        edges = np.array([trapping(m, form=form).spread for m in MASSES])
        assert np.all(np.diff(edges, axis=0) > 0)
        assert largest / 2 < edges[-1, 1] < largest
        assert edges[0, 1] < 1e-7
        assert np.all(edges[:, 1] / edges[:, 0] < 1.5)  # between the profiles, whose radii differ by up to 1.9


def test_radius_is_20_km_in_the_anchored_profile_and_more_in_the_fiducial_one() -> None:
    result = trapping(0.010)
    assert result.anchored.radius == pytest.approx(19, abs=0.2)
    assert result.fiducial.radius == pytest.approx(33.7, abs=0.2)
    assert result.anchored.temperature == pytest.approx(4.97e-3, abs=0.02e-3)
    assert result.spread[0] < result.central < result.spread[1]
    assert result.m_a == 0.030


@pytest.mark.parametrize("m", MASSES)
@pytest.mark.parametrize("name", PROFILES)
def test_one_kilometre_is_of_the_same_order(name: str, m: float) -> None:
    """Footnote 4, E = m_a/2 on the chi-sphere."""
    found = sphere(packaged_profile(name), m)
    y = coupling_of_path(packaged_profile(name), found.radius, 1.5 * m, m, 3 * m)
    assert 0.5 < y / found.smallest < 2.2


def test_no_trapping_needed_where_chi_are_too_heavy() -> None:
    result = trapping(0.5)
    assert math.isnan(result.fiducial.radius)
    assert math.isnan(result.anchored.smallest)
    assert math.isnan(result.central)
    assert all(math.isnan(value) for value in result.spread)


# --- what cannot be computed -------------------------------------------------------------------------------------

FLAT = uniform(0.005)


@pytest.mark.parametrize(
    ("m_chi", "m_a"), [(0.01, 0.02), (0.01, 0.015), (0, 0.03), (-0.01, 0.03), (math.nan, 1), (0.01, math.inf)]
)
def test_no_resonance(m_chi: float, m_a: float) -> None:
    message = "a resonance needs m_a > 2 m_chi > 0"
    with pytest.raises(InputError, match=message):
        interactions(FLAT, 20, m_chi, m_a, 1)
    with pytest.raises(InputError, match=message):
        smallest_trapping(FLAT, m_chi, m_a)
    with pytest.raises(InputError, match=message):
        mean_free_path(FLAT, 20, 0.1, m_chi, m_a, 1)
    with pytest.raises(InputError, match=message):
        coupling_of_path(FLAT, 20, 0.1, m_chi, m_a)


def test_masses_of_chi_alone() -> None:
    for mass in (-0.01, math.nan, math.inf):
        with pytest.raises(InputError, match="a mass is a finite number, zero or above"):
            luminosity(FLAT, 20, mass)
    with pytest.raises(InputError, match="a resonance needs"):
        trapping(-0.01)


def test_radii_outside_the_profile() -> None:
    with pytest.raises(InputError, match="'uniform': asked for 300 km, but it holds 1 to 200 km"):
        luminosity(FLAT, 300, 0.01)
    with pytest.raises(InputError, match=r"'fiducial': asked for 10[.0-9]* to .* km, but it holds 0.1 to 100 km"):
        interactions(packaged_profile("fiducial"), 10, 0.01, 0.03, 1, far=150)
    with pytest.raises(InputError, match="from 20 km to 20 km: the path must lead outwards"):
        interactions(FLAT, 20, 0.01, 0.03, 1, far=20)
    with pytest.raises(InputError, match="asked for nan km"):
        luminosity(FLAT, math.nan, 0.01)


def test_other_arguments() -> None:
    with pytest.raises(InputError, match=r"E_chi = 0.01 GeV: it must be above m_chi = 0.01 GeV"):
        mean_free_path(FLAT, 20, 0.01, 0.01, 0.03, 1)
    with pytest.raises(InputError, match="no form 'papers': choose one of exact, paper"):
        interactions(FLAT, 20, 0.01, 0.03, 1, form="papers")
    with pytest.raises(InputError, match="no profile 'derocco': choose one of fiducial, anchored"):
        packaged_profile("derocco")
    with pytest.raises(InputError, match="g_achi m_chi = nan"):
        interactions(FLAT, 20, 0.01, 0.03, math.nan)
    with pytest.raises(InputError, match="mean free path of 0 km"):
        coupling_of_path(FLAT, 20, 0.02, 0.01, 0.03, 0)
    with pytest.raises(InputError, match="neutrino luminosity is 0 erg/s"):
        chi_sphere(FLAT, 0.01, 0)
