"""Beam dumps: the recast of published edges, and decays in flight, against closed forms, quadrature and a toy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import lambertw

from alphoton.analysis.beam_dump import (
    HBARC_MM,
    Calorimeter,
    DecaysInFlight,
    Dump,
    Flights,
    edges,
    mean_boost,
    paper_probability,
    photon_width,
    recast,
    visible_probability,
)
from alphoton.analysis.slices import direction
from alphoton.data.published_file import load
from reference.checks import LIKELY

Array = NDArray[np.float64]

E137 = Dump(179e3, 204e3)
"""Lengths in mm: arXiv:2012.07894, section 3.2."""
TABLE = load("e137_alp_gagamma").columns
"""Edges of arXiv:1709.00009, with a column of the mean energy from them."""
DRAWN = np.flatnonzero(np.isfinite(TABLE["g_u_GeVinv"]) & np.isfinite(TABLE["m_gammabar_eq42_GeV"]))


def published(row: int) -> tuple[float, float, float]:
    """Mass and both edges."""
    return tuple(float(TABLE[name][row]) for name in ("mass_GeV", "g_d_GeVinv", "g_u_GeVinv"))  # type: ignore[return-value]


def at(mass: float) -> tuple[float, float, float]:
    return published(int(np.flatnonzero(TABLE["mass_GeV"] == mass)[0]))


# --- the recast ----------------------------------------------------------------------------------------------------------


def test_width_by_hand() -> None:
    """Gamma = g^2 m^3 / (64 pi): 1e-12 * 1e-3 / 201.06 GeV; c tau = 1.97327e-13 GeV mm / Gamma."""
    assert photon_width(1e-6, 0.1) == pytest.approx(1e-12 * 1e-3 / 201.0619298, rel=1e-9)
    assert pytest.approx(1.973269804e-13, rel=1e-9) == HBARC_MM


@pytest.mark.parametrize("row", DRAWN.tolist())
def test_mean_boost_is_that_of_the_published_table(row: int) -> None:
    """Eq. (42); the column was derived from the same edges, by others, before these were rounded to three digits."""
    mass, lower, upper = published(row)
    assert mass * mean_boost(E137, mass, lower, upper) == pytest.approx(TABLE["m_gammabar_eq42_GeV"][row], rel=0.015)


@pytest.mark.parametrize("mass", [0.002, 0.01, 0.1, 0.3])
def test_mean_boost_solves_the_condition_on_both_edges(mass: float) -> None:
    """Without Lambert's function: g_u^2 P(g_u) = g_d^2 P(g_d) with both lines of Eq. (41), by a root finder."""
    mass, lower, upper = at(mass)

    def excess(boost: float) -> float:
        strong = 2 * math.log(upper) - E137.shielding * photon_width(upper, mass) / (HBARC_MM * boost)
        weak = lower**2 * E137.decay_region * photon_width(lower, mass) / (HBARC_MM * boost)
        return strong - math.log(weak)

    found = mean_boost(E137, mass, lower, upper)
    assert excess(found) == pytest.approx(0, abs=1e-9)
    assert brentq(excess, found / 3, found * 3, rtol=1e-13) == pytest.approx(found, rel=1e-10)


def test_boost_is_near_that_of_the_beam() -> None:
    """m_a <gamma> of about 15 GeV at small masses, says arXiv:2012.07894 below Eq. (42); from these edges 12 to 14 GeV."""
    mass, lower, upper = at(0.002)
    assert 12 < mass * mean_boost(E137, mass, lower, upper) < 15.5


@pytest.mark.parametrize("length", [1e2, 1e4, 1e5, 1e7, 1e10])
@pytest.mark.parametrize("share", [1.0, 0.3, 1e-4])
def test_exact_probability_is_the_integral_of_the_exponential(length: float, share: float) -> None:
    boost, mass_width = 100.0, HBARC_MM / length
    total = 100.0 * mass_width
    near, far = E137.shielding / length, (E137.shielding + E137.decay_region) / length
    expected = share * quad(lambda x: math.exp(-(x - near)), near, far, epsabs=0, epsrel=1e-12, limit=400)[0]
    expected *= math.exp(-near)
    assert visible_probability(E137, share * total, total, boost) == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_probabilities_agree_for_the_long_lived_and_add_to_one() -> None:
    width = 1e-8 * HBARC_MM  # boosted lengths of 1e10 mm
    exact, paper = (p(E137, 0.01 * width, width, 100.0) for p in (visible_probability, paper_probability))
    assert exact == pytest.approx(paper, rel=1e-4)
    assert exact == pytest.approx(204e3 / 1e10 * 0.01, rel=1e-4)
    everywhere = Dump(0.0, 1e15)
    assert visible_probability(everywhere, 0.3 * width, width, 100.0) == pytest.approx(0.3, rel=1e-12)


def test_forms_part_where_lifetimes_are_short() -> None:
    """Negative control: a decay length of 50 m, where Eq. (40) counts half-decayed ALPs in all of the region."""
    width = 100.0 / 5e4 * HBARC_MM
    exact, paper = (p(E137, 0.5 * width, width, 100.0) for p in (visible_probability, paper_probability))
    assert not 0.5 < exact / paper < 2


@pytest.mark.parametrize("row", [r for r in DRAWN.tolist() if TABLE["mass_GeV"][r] <= 0.3])
def test_exact_recast_without_invisible_decays_is_the_published_band(row: int) -> None:
    """The lower edge by construction; the upper one within 1% up to 300 MeV, for Eq. (42) is not exact."""
    mass, lower, upper = published(row)
    found = recast(E137, mass, lower, upper, None, "exact")
    assert found[0] == pytest.approx(lower, rel=1e-9)
    assert found[1] == pytest.approx(upper, rel=0.01)


def test_exact_recast_at_the_tip_of_the_band_shows_what_eq_42_leaves_out() -> None:
    """At 500 MeV the edges are a factor 1.9 apart; the boost of Eq. (42) then gives an upper edge 30 to 40% too high."""
    mass, lower, upper = at(0.5)
    found = recast(E137, mass, lower, upper, None, "exact")
    assert found[0] == pytest.approx(lower, rel=1e-9)
    assert 1.3 < found[1] / upper < 1.4


def test_paper_recast_without_invisible_decays_is_the_published_band() -> None:
    mass, lower, upper = at(0.01)
    assert recast(E137, mass, lower, upper, None, "paper") == (lower, upper)


@pytest.mark.parametrize("mass", [0.002, 0.005, 0.01, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("ratio", [1e-2, 1e-4])
def test_paper_form_is_lamberts_function(mass: float, ratio: float) -> None:
    """Eqs. (39)-(41): g^4 exp(-k g^2) = g_d^4, so y exp(-y) = k g_d^2 / 2 with y = k g^2 / 2: both real branches of W."""
    mass, lower, upper = at(mass)
    boost = mean_boost(E137, mass, lower, upper)
    k = (E137.shielding + E137.decay_region) * photon_width(1.0, mass) / ratio / (HBARC_MM * boost)
    argument = -k * lower**2 / 2
    if argument < -1 / math.e:
        assert np.isnan(recast(E137, mass, lower, upper, ratio, "paper")).all()
        return
    expected = [math.sqrt(-2 * float(lambertw(argument, branch).real) / k) for branch in (0, -1)]
    found = recast(E137, mass, lower, upper, ratio, "paper")
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("form", ["paper", "exact"])
def test_invisible_decays_shrink_the_band_from_above(form: str) -> None:
    """Fig. 11 of arXiv:2012.07894: at 1e-2 and 1e-4 the band of E137 remains, and its upper edge comes down."""
    mass, lower, upper = at(0.01)
    bands = [recast(E137, mass, lower, upper, ratio, form) for ratio in (None, 1e-2, 1e-4)]
    uppers = [band[1] for band in bands]
    assert uppers[0] > 5 * uppers[1] > 25 * uppers[2]
    assert all(band[0] == pytest.approx(lower, rel=0.05) for band in bands)
    assert np.isnan(recast(E137, mass, lower, upper, 1e-9, form)).all()


def test_edges_of_known_functions() -> None:
    """g^4 exp(-g^2) = 0.2 on both sides of its maximum at sqrt(2); none above it; the ends where all is above."""
    low, high = edges(lambda g: g**4 * math.exp(-(g**2)), 0.2, 1e-3, 1e3)
    for root in (low, high):
        assert root**4 * math.exp(-(root**2)) == pytest.approx(0.2, rel=1e-9)
    assert low < math.sqrt(2) < high
    assert np.isnan(edges(lambda g: g**4 * math.exp(-(g**2)), 1.0, 1e-3, 1e3)).all()
    assert edges(lambda g: 1.0 + g, 0.5, 1e-3, 1e3) == pytest.approx((1e-3, 1e3))


def test_recast_along_a_ray() -> None:
    """ALPs are made by the photon coupling and decay by both: at both edges g^2 P is what the published lower edge needs."""
    mass, lower, upper = at(0.01)
    boost = mean_boost(E137, mass, lower, upper)
    old = photon_width(lower, mass)
    needed = lower**2 * visible_probability(E137, old, old, boost)
    for g_agamma, g_ae, ratio in ((1.0, 0.0, None), (1.0, 1e-3, None), (0.1, 1.0, None), (0.1, 1.0, 1e-3)):
        ray = direction(mass, {"g_agamma": g_agamma, "g_ae": g_ae})
        found = recast(E137, mass, lower, upper, ratio, "exact", ray)
        for scale in found:
            electrons = (scale * g_ae * 0.51099895e-3) ** 2 * mass * math.sqrt(1 - 4 * 0.51099895e-3**2 / mass**2)
            visible = photon_width(scale * g_agamma, mass) + electrons / (8 * math.pi)
            total = visible if ratio is None else visible * (1 + 1 / ratio)
            signal = (scale * g_agamma) ** 2 * visible_probability(E137, visible, total, boost)
            assert signal == pytest.approx(needed, rel=1e-6)
    alone, with_electrons = (
        recast(E137, mass, lower, upper, None, "exact", direction(mass, {"g_agamma": 1.0, "g_ae": g})) for g in (0.0, 100.0)
    )
    assert alone == pytest.approx(recast(E137, mass, lower, upper, None), rel=1e-9)
    assert with_electrons[0] < alone[0]  # more of them decay visibly
    assert with_electrons[1] < alone[1]  # and in the shielding
    nothing = recast(E137, mass, lower, upper, None, "exact", direction(mass, {"g_ae": 1.0}))
    assert all(math.isnan(edge) for edge in nothing)  # nothing is made


# --- decays in flight ------------------------------------------------------------------------------------------------------

SHORT = Dump(1000.0, 3000.0)
MASS = 0.3
CALORIMETERS = (Calorimeter(40.0, 80.0, 0.25, 2.0), Calorimeter(120.0, 60.0, 0.75, 1.0))


def alps(count: int, rng: np.random.Generator, total: float = 1e6) -> Flights:
    """ALPs of 2 to 20 GeV within some 10 mrad of the axis, made in the first 300 mm."""
    energy = rng.uniform(2, 20, count)
    momentum = np.sqrt(energy**2 - MASS**2)
    theta, phi = np.abs(rng.normal(0, 0.01, count)), rng.uniform(0, 2 * np.pi, count)
    direction = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)
    momenta = np.concatenate([momentum[:, None] * direction, energy[:, None]], axis=1)
    return Flights(momenta, rng.uniform(0, 300, count), {"photon": np.full(count, total / count)})


def boosted(rest: Array, parent: Array, mass: float) -> Array:
    """A four-vector of the rest frame, by the matrix of the boost."""
    gamma, velocity = parent[3] / mass, parent[:3] / parent[3]
    matrix = np.empty((4, 4))
    matrix[3, 3], matrix[3, :3], matrix[:3, 3] = gamma, gamma * velocity, gamma * velocity
    matrix[:3, :3] = np.eye(3) + gamma**2 / (gamma + 1) * np.outer(velocity, velocity)
    return matrix @ rest


def toy(flights: Flights, coupling: float, visible_ratio: float | None, rng: np.random.Generator) -> tuple[float, float]:
    """Expected events, and error: every ALP flies and decays somewhere, and its photons are followed one by one."""
    visible = photon_width(coupling, MASS)
    share = 1.0 if visible_ratio is None else visible_ratio / (1 + visible_ratio)
    end = SHORT.shielding + SHORT.decay_region
    found = np.zeros(len(flights.depth))
    for i, (parent, depth) in enumerate(zip(flights.momenta, flights.depth, strict=True)):
        lifetime = rng.exponential(HBARC_MM * share / visible)
        place = np.array([0.0, 0.0, depth]) + lifetime * parent[:3] / MASS
        if not SHORT.shielding < place[2] < end or rng.random() > share:
            continue
        axis = rng.normal(size=3)
        axis *= MASS / 2 / np.linalg.norm(axis)
        photons = [boosted(np.array([*sign * axis, MASS / 2]), parent, MASS) for sign in (1, -1)]
        for c in CALORIMETERS:
            seen = False
            for photon in photons:
                x, y = place[:2] + photon[:2] / photon[2] * (end - place[2])
                seen |= bool(photon[2] > 0 and photon[3] > c.threshold and abs(x) < c.half_x and abs(y) < c.half_y)
            found[i] += c.share * seen
    each = coupling**2 * flights.weights["photon"] * found
    return float(each.sum()), float(each.std() * math.sqrt(len(each)))


def coupling_of_length(length: float, energy: float = 10.0) -> float:
    """The coupling at which an ALP of 10 GeV flies `length` mm on average."""
    return math.sqrt(HBARC_MM * math.sqrt(energy**2 - MASS**2) / MASS / length / photon_width(1.0, MASS))


@pytest.mark.parametrize(("length", "ratio"), [(3e4, None), (2000.0, None), (500.0, None), (2000.0, 0.5)])
def test_decays_in_flight_are_those_of_a_toy(length: float, ratio: float | None) -> None:
    rng = np.random.default_rng(7)
    coupling = coupling_of_length(length)
    expected, toy_error = toy(alps(40_000, rng), coupling, ratio, rng)
    found, error = DecaysInFlight(SHORT, MASS, alps(200_000, rng), CALORIMETERS, rng).expected(coupling, ratio)
    assert 0 < toy_error < 0.06 * expected
    assert abs(found - expected) < 3.5 * math.hypot(error, toy_error)


def test_a_toy_with_another_lifetime_would_not_agree() -> None:
    """Negative control."""
    rng = np.random.default_rng(8)
    coupling = coupling_of_length(500.0)
    expected, toy_error = toy(alps(20_000, rng), coupling, 1.0, rng)
    found, error = DecaysInFlight(SHORT, MASS, alps(100_000, rng), CALORIMETERS, rng).expected(coupling, None)
    assert abs(found - expected) > 6 * math.hypot(error, toy_error)


def test_all_is_seen_by_a_calorimeter_without_end() -> None:
    """Then the number is the exact probability of each ALP, summed: `visible_probability` on the way that is left."""
    flights = alps(200_000, np.random.default_rng(1))
    wide = (Calorimeter(1e9, 1e9, 1.0, 0.0),)
    decays = DecaysInFlight(SHORT, MASS, flights, wide, np.random.default_rng(2))
    coupling = coupling_of_length(1000.0)
    width = photon_width(coupling, MASS)
    expected = 0.0
    for p, depth, weight in zip(flights.momenta[:2000], flights.depth, flights.weights["photon"], strict=False):
        rest = Dump(SHORT.shielding - depth, SHORT.decay_region)
        expected += 100 * weight * coupling**2 * visible_probability(rest, width, width, p[2] / MASS)
    found, error = decays.expected(coupling)
    assert found == pytest.approx(expected, rel=0.02)
    assert error < 0.01 * found


def test_nothing_is_seen_above_the_highest_energy_or_of_what_flies_backwards() -> None:
    rng = np.random.default_rng(3)
    flights = alps(1000, rng)
    high = (Calorimeter(1e9, 1e9, 1.0, 21.0),)
    assert DecaysInFlight(SHORT, MASS, flights, high, rng).expected(coupling_of_length(1e3)) == (0.0, 0.0)
    back = Flights(flights.momenta * [1, 1, -1, 1], flights.depth, flights.weights)
    assert DecaysInFlight(SHORT, MASS, back, CALORIMETERS, rng).expected(coupling_of_length(1e3)) == (0.0, 0.0)


def test_decay_photons_are_massless_isotropic_and_add_up() -> None:
    rng = np.random.default_rng(4)
    flights = alps(20_000, rng)
    first, second = DecaysInFlight(SHORT, MASS, flights, CALORIMETERS, rng)._photons(rng)
    assert np.abs(first + second - flights.momenta).max() < 1e-12
    for photon in (first, second):
        assert np.abs(np.linalg.norm(photon[:, :3], axis=1) - photon[:, 3]).max() < 1e-12
    momentum = np.linalg.norm(flights.momenta[:, :3], axis=1)
    cosine = (2 * first[:, 3] - flights.momenta[:, 3]) / momentum  # E = (E_a + p_a cos) / 2
    assert stats.kstest(cosine, stats.uniform(-1, 2).cdf).pvalue > LIKELY


def test_errors_are_the_spread_over_samples() -> None:
    """Of the events and of both edges: 200 samples, whose spread is known to 5%."""
    events, found = [], []
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        decays = DecaysInFlight(SHORT, MASS, alps(1500, rng, 1e16), CALORIMETERS, rng)
        events.append(decays.expected(coupling_of_length(500.0)))
        found.append(decays.found_edges(10.0, 1e-7, 1e-1, None))
    values, errors = np.array(events).T
    assert np.std(values) == pytest.approx(errors.mean(), rel=0.2)
    for edge in ("lower", "upper"):
        values = np.array([getattr(band, edge) for band in found])
        errors = np.array([getattr(band, f"{edge}_error") for band in found])
        assert np.isfinite(values).all()
        assert np.std(values) == pytest.approx(np.median(errors), rel=0.35)
    assert all(band.lower < band.upper for band in found)


def test_edges_from_events_solve_for_the_number_needed() -> None:
    rng = np.random.default_rng(5)
    decays = DecaysInFlight(SHORT, MASS, alps(5000, rng, 1e16), CALORIMETERS, rng)
    band = decays.found_edges(10.0, 1e-7, 1e-1, None)
    for edge in (band.lower, band.upper):
        assert decays.expected(edge)[0] == pytest.approx(10.0, rel=1e-6)
    none = decays.found_edges(1e30, 1e-7, 1e-1, None)
    assert np.isnan([none.lower, none.upper]).all()


def test_a_stable_alp_is_not_excluded() -> None:
    """g_ae alone, below 2 m_e and without its loop: nothing decays, and nothing divides by the width."""
    assert visible_probability(Dump(179e3, 204e3), 0.0, 0.0, 1e4) == 0
    flights = Flights(np.array([[0.0, 0.0, 10.0, 10.0]]), np.zeros(1), {"photon": np.ones(1)})
    decays = DecaysInFlight(Dump(179e3, 204e3), 5e-4, flights, (), np.random.default_rng(1))
    edges = decays.found_edges(2.3, 1e-8, 1.0, None, direction(5e-4, {"g_ae": 1.0}))
    assert math.isnan(edges.lower)
    assert math.isnan(edges.upper)
