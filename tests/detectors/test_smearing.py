"""Every smearing against the Gaussian it promises; each check also sees a slightly wrong one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest, cauchy, norm, pearsonr

from alphoton.detectors.smearing import (
    from_plane,
    relative_resolution,
    smear_angles,
    smear_at_plane,
    smear_direction,
    smear_energy,
    smear_energy_widely,
    to_plane,
    wrap,
)
from reference import checks

Array = NDArray[np.float64]
COUNT = 50_000
ECAL = 3450.0
"""Distance of PADME's calorimeter in mm, arXiv:2012.07894, section 3.3."""
PADME, DELPHI, BELLE2 = (0.02, 3e-6, 0.011), (0.32, 0.0, 0.0435), (0.0, 0.00066, 0.0134)
"""Stochastic, noise, constant: arXiv:2012.07894, Eqs. (44) and (32); two terms of Belle, NIM A479 (2002) 117."""


def generator(*seed: int) -> np.random.Generator:
    return np.random.default_rng([7, *seed])


def gaussian_p(deviations: Array) -> float:
    """How likely the deviations are to be standard normal (Kolmogorov-Smirnov)."""
    return checks.uniform_p(norm.cdf(deviations))


def directions(seed: int) -> tuple[Array, Array]:
    """All over the sphere, a tenth of them within 10 mrad of the poles."""
    rng = generator(seed)
    theta = np.arccos(rng.uniform(-1, 1, COUNT))
    theta[: COUNT // 20] = rng.uniform(0, 0.01, COUNT // 20)
    theta[-COUNT // 20 :] = math.pi - rng.uniform(0, 0.01, COUNT // 20)
    return theta, rng.uniform(-math.pi, math.pi, COUNT)


# --- energy ------------------------------------------------------------------------------------------------------


def test_lorentzian_tails() -> None:
    """Half of the photons within the half width at half maximum; a half width 10% larger, and a Gaussian, are not it."""
    energy, half_width = np.full(COUNT, 75.0), np.full(COUNT, 3.9)
    deviations = (smear_energy_widely(energy, half_width, generator(20)) - energy) / half_width
    assert checks.uniform_p(cauchy.cdf(deviations)) > checks.LIKELY
    assert checks.uniform_p(cauchy.cdf(1.1 * deviations)) < checks.IMPOSSIBLE
    assert checks.uniform_p(norm.cdf(deviations / 1.48)) < checks.IMPOSSIBLE
    assert np.mean(np.abs(deviations) < 1) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("stochastic", "noise", "constant"), [PADME, DELPHI, BELLE2])
def test_energy_resolution(stochastic: float, noise: float, constant: float) -> None:
    """(E - E_true)/E_true from 30 MeV to 100 GeV is a Gaussian of the width written out here."""
    energy = np.geomspace(0.03, 100.0, COUNT)
    sigma = energy * relative_resolution(energy, stochastic, noise, constant)
    deviation = smear_energy(energy, sigma, generator(1)) / energy - 1
    width = np.sqrt((stochastic / np.sqrt(energy)) ** 2 + (noise / energy) ** 2 + constant**2)
    assert gaussian_p(deviation / width) > checks.LIKELY
    # negative controls: 10% too narrow, the terms added linearly, stochastic and noise exchanged
    assert gaussian_p(deviation / width / 0.9) < checks.IMPOSSIBLE
    assert gaussian_p(deviation / (stochastic / np.sqrt(energy) + noise / energy + constant)) < checks.IMPOSSIBLE
    exchanged = np.sqrt((stochastic / energy) ** 2 + (noise / np.sqrt(energy)) ** 2 + constant**2)
    assert gaussian_p(deviation / exchanged) < checks.IMPOSSIBLE


def test_no_resolution_changes_nothing() -> None:
    theta, phi = directions(2)
    none = np.zeros(COUNT)
    assert np.array_equal(smear_energy(theta, none, generator(2)), theta)
    for smeared in (smear_angles(theta, phi, none, none, generator(2)), smear_direction(theta, phi, none, generator(2))):
        np.testing.assert_allclose(smeared[0], theta, atol=1e-15)
        np.testing.assert_allclose(np.cos(smeared[1] - phi), 1, atol=1e-15)


# --- position at a plane -----------------------------------------------------------------------------------------


def test_the_plane_and_back() -> None:
    theta, phi = np.array([0.0, 0.015, 0.08, 1.5]), np.array([0.0, 3.0, -2.0, 1.0])
    x, y = to_plane(theta, phi, ECAL)
    np.testing.assert_allclose(np.hypot(x, y), ECAL * np.tan(theta), rtol=1e-15)
    back = from_plane(x, y, ECAL)
    np.testing.assert_allclose(back[0], theta, rtol=1e-15)
    np.testing.assert_allclose(back[1], phi, rtol=1e-15)


@pytest.mark.parametrize("theta", [math.pi / 2, 2.0, math.pi])
def test_what_flies_away_from_the_plane_is_not_seen(theta: float) -> None:
    away = np.array([theta])
    assert np.isnan(to_plane(away, away, ECAL)).all()
    assert np.isnan(smear_at_plane(away, away, ECAL, np.array([4.0]), generator(3))[0]).all()


def test_position_resolution_is_that_of_each_axis() -> None:
    """4 mm for x and for y at 3.45 m, arXiv:2012.07894, section 3.3, whatever the direction."""
    rng = generator(4)
    theta, phi = rng.uniform(0.0, 0.08, COUNT), rng.uniform(-math.pi, math.pi, COUNT)
    smeared = smear_at_plane(theta, phi, ECAL, np.full(COUNT, 4.0), rng)
    x, y = (ECAL * np.tan(smeared[0]) * component(smeared[1]) for component in (np.cos, np.sin))
    dx, dy = (x - ECAL * np.tan(theta) * np.cos(phi)) / 4.0, (y - ECAL * np.tan(theta) * np.sin(phi)) / 4.0
    assert gaussian_p(dx) > checks.LIKELY
    assert gaussian_p(dy) > checks.LIKELY
    assert pearsonr(dx, dy).pvalue > checks.LIKELY
    # negative controls: 4 mm as the radial distance, 4 mm in the angle's own direction only
    assert gaussian_p(dx * math.sqrt(2)) < checks.IMPOSSIBLE
    assert pearsonr(dx, dx + dy).pvalue < checks.IMPOSSIBLE


def test_position_resolution_becomes_one_of_the_angles() -> None:
    """At 80 mrad, where the plane is 276 mm off the axis: sigma_theta = sigma cos^2/d, sigma_phi = sigma/(d tan)."""
    theta = 0.08
    smeared = smear_at_plane(np.full(COUNT, theta), np.zeros(COUNT), ECAL, np.full(COUNT, 4.0), generator(5))
    expected = (4.0 * math.cos(theta) ** 2 / ECAL, 4.0 / (ECAL * math.tan(theta)))
    # known to 1/sqrt(2 x 50000) = 0.3%; the plane's curvature in these angles adds (4/276)^2 = 0.02%
    assert smeared[0].std() == pytest.approx(expected[0], rel=0.012)
    assert smeared[1].std() == pytest.approx(expected[1], rel=0.012)
    assert smeared[0].std() != pytest.approx(4.0 / 3000.0, rel=0.012)  # negative control: another distance


# --- directions and angles ---------------------------------------------------------------------------------------


def unit_vectors(theta: Array, phi: Array) -> tuple[Array, Array, Array]:
    """The direction, and the unit vectors along growing theta and phi, (3, n) each."""
    sin, cos, zero = np.sin(theta), np.cos(theta), np.zeros(len(theta))
    along = np.stack([sin * np.cos(phi), sin * np.sin(phi), cos])
    e_theta = np.stack([cos * np.cos(phi), cos * np.sin(phi), -sin])
    return along, e_theta, np.stack([-np.sin(phi), np.cos(phi), zero])


def test_direction_is_smeared_alike_both_ways_up_to_the_poles() -> None:
    theta, phi = directions(6)
    sigma = np.full(COUNT, 0.02)
    along, e_theta, e_phi = unit_vectors(theta, phi)

    def transverse(smeared: tuple[Array, Array]) -> tuple[Array, Array]:
        """Where the smeared direction pierces the plane tangent to the sphere, in units of sigma."""
        new = unit_vectors(*smeared)[0]
        forward = np.sum(new * along, axis=0)
        return np.sum(new * e_theta, axis=0) / forward / sigma, np.sum(new * e_phi, axis=0) / forward / sigma

    first, second = transverse(smear_direction(theta, phi, sigma, generator(6)))
    assert gaussian_p(first) > checks.LIKELY
    assert gaussian_p(second) > checks.LIKELY
    assert pearsonr(first, second).pvalue > checks.LIKELY
    # negative control: the same width in phi itself, without 1/sin(theta)
    assert gaussian_p(transverse(smear_angles(theta, phi, sigma, sigma, generator(6)))[1]) < checks.IMPOSSIBLE


def folded_cdf(theta: Array, mean: float, sigma: float) -> Array:
    """Distribution function of |N(mean, sigma)|."""
    return norm.cdf((theta - mean) / sigma) - norm.cdf((-theta - mean) / sigma)


@pytest.mark.parametrize("south", [False, True])
def test_angles_are_reflected_at_the_poles(south: bool) -> None:
    """A photon 5 mrad from a pole, smeared by 10 mrad: a folded Gaussian, and the azimuth turns where it went through."""
    start, sigma, phi = 0.005, 0.010, 1.0
    theta = np.full(COUNT, math.pi - start if south else start)
    none = np.zeros(COUNT)
    smeared, azimuth = smear_angles(theta, np.full(COUNT, phi), np.full(COUNT, sigma), none, generator(8))
    distance = math.pi - smeared if south else smeared
    assert distance.min() >= 0
    assert checks.uniform_p(folded_cdf(distance, start, sigma)) > checks.LIKELY
    turned = np.isclose(azimuth, phi - math.pi)
    assert np.all(turned | np.isclose(azimuth, phi))
    through = norm.cdf(-start / sigma)
    assert binomtest(int(turned.sum()), COUNT, through).pvalue > checks.LIKELY
    # negative controls: cut off instead of folded, and a pole that turns no azimuth
    clipped = np.maximum(start + sigma * generator(8).standard_normal(COUNT), 0)
    assert checks.uniform_p(folded_cdf(clipped, start, sigma)) < checks.IMPOSSIBLE
    assert binomtest(0, COUNT, through).pvalue < checks.IMPOSSIBLE


def test_each_angle_has_its_own_resolution() -> None:
    theta, phi = generator(9).uniform(1.0, 2.0, COUNT), generator(10).uniform(-3.0, 3.0, COUNT)
    widths = np.linspace(0.01, 0.02, COUNT), np.linspace(0.03, 0.01, COUNT)
    smeared = smear_angles(theta, phi, *widths, generator(11))
    deviations = [(after - before) / w for after, before, w in zip(smeared, (theta, phi), widths, strict=True)]
    assert all(gaussian_p(deviation) > checks.LIKELY for deviation in deviations)
    assert pearsonr(*deviations).pvalue > checks.LIKELY
    assert gaussian_p(deviations[0] * widths[0] / widths[1]) < checks.IMPOSSIBLE  # negative control: widths exchanged


@settings(deadline=None, max_examples=200, derandomize=True, database=None)
@given(st.floats(-1000, 1000))
def test_wrap(phi: float) -> None:
    wrapped = float(wrap(np.array([phi]))[0])
    assert -math.pi < wrapped <= math.pi
    assert math.cos(wrapped - phi) == pytest.approx(1, abs=1e-12)


def test_wrap_at_its_ends() -> None:
    assert wrap(np.array([math.pi, -math.pi, 3 * math.pi])).tolist() == [math.pi] * 3
