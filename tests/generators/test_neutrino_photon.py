"""e+ e- -> nu nubar gamma against Feynman rules with explicit Dirac matrices, closed forms, limits, and other variables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from particle import Particle
from scipy.integrate import dblquad
from scipy.stats import qmc

from alphoton.data.errors import CardError
from alphoton.data.event_file import Jagged
from alphoton.generators.constants import ALPHA, FERMI_CONSTANT, GEV2_PB
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.jit import Array
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.neutrino_photon import PROCESS, density, flavours, pdg_ids, squared
from reference import neutrino_photon as reference

CARD = "delphi-nunugamma"
SMALL = 10_000
"""Events that are enough to count flavours with."""


def at(root_s: float, *overrides: str) -> ProcessCard:
    return ProcessCard.load(CARD, [f"beams.sqrt_s={root_s!r} GeV", "beams.luminosity=1 /pb", *overrides])


def parameters(card: ProcessCard) -> Array:
    return PROCESS.parameters(card, card.collisions()[0])


Points = tuple[tuple[Array, Array], Array, tuple[Array, Array]]


def events(root_s: float, count: int = 40, softest: float = 0.02) -> Points:
    """Beams, photons in the x-z plane and neutrinos at random, in the variables of the reference."""
    rng = np.random.default_rng(3)
    roots = np.full(count, root_s)
    w = root_s / 2 * rng.uniform(softest, 0.99, count)
    k = w[:, None] * reference.direction(rng.uniform(-0.99, 0.99, count), np.zeros(count))
    neutrinos = reference.pair(roots, k, rng.uniform(-1, 1, count), rng.uniform(0, 2 * math.pi, count))
    return reference.beams_of(roots), k, neutrinos


def light_cone(p: Array) -> tuple[float, float, float, float]:
    E, x, y, z = p.tolist()
    return E + z, E - z, x, y


def ours(card: ProcessCard, points: Points, charged: float) -> Array:
    """<|M|^2> of the kernel."""
    _, photons, neutrinos = points
    s_prime = reference.dot(neutrinos[0] + neutrinos[1], neutrinos[0] + neutrinos[1])
    rows = zip(*neutrinos, photons, s_prime, strict=True)
    p = parameters(card)
    found = [squared(light_cone(a), light_cone(b), light_cone(k), float(s), charged, p) for a, b, k, s in rows]
    return np.array(found) * 16 * FERMI_CONSTANT**2 * 4 * math.pi * ALPHA


@pytest.mark.parametrize("root_s", [20.0, 91.3, 206.7, 1000.0])
def test_squared_amplitude_is_the_diagrams(root_s: float) -> None:
    """With the W and without, up to the electron's mass; and not with another magnetic moment of the W."""
    card, points = at(root_s, "photon.least_angle=6 deg", "photon.least_energy=1 GeV"), events(root_s)
    weak = reference.inputs(card)
    electron, other = reference.mean_squared(*points, weak)
    mass_left_out = 200 * (2 * reference.M_E / root_s) ** 2 + 1e-11
    np.testing.assert_allclose(ours(card, points, 1.0), electron, rtol=mass_left_out)
    np.testing.assert_allclose(ours(card, points, 0.0), other, rtol=mass_left_out)
    wrong, same = reference.mean_squared(*points, weak, g_factor=1.0)
    np.testing.assert_array_equal(same, other)
    if root_s > 100:
        assert np.median(abs(wrong / electron - 1)) > 1e-2
    assert np.median(abs(wrong / electron - 1)) > 10 * mass_left_out


def test_diagrams_are_gauge_invariant() -> None:
    """A photon polarised along its momentum has no amplitude; it has one without the W's photon, or with the other sign.

    The magnetic part is invariant by itself: it is fixed by the vertex of Yang and Mills, which is the same for all bosons.
    """
    beams, k, neutrinos = events(206.7)
    weak = reference.inputs(at(206.7))

    def largest(pol: Array, sign: int = 1, g_factor: float = 2.0) -> float:
        z, w = reference.amplitudes(beams, k, neutrinos, pol, weak, sign, g_factor)
        return float(abs(z + w).max())

    longitudinal, real = k / k[:, :1], largest(reference.polarisations(k)[0])
    assert largest(longitudinal) < 1e-12 * real
    assert largest(longitudinal, g_factor=1.0) < 1e-12 * real
    assert largest(longitudinal, sign=0) > 1e-2 * real
    assert largest(longitudinal, sign=-1) > 1e-2 * real


def sigma_0(s: float, card: ProcessCard, charged: bool) -> float:
    """e+ e- -> nu nubar in pb, of nu_e or another flavour: the physics sheet's section 7, from tree-level textbooks."""
    weak = card.electroweak
    left, right = weak.sin2_theta_w - 0.5, weak.sin2_theta_w
    chi = -(weak.z_mass**2) / (s - weak.z_mass**2 + 1j * weak.z_mass * weak.z_width)
    total = (left**2 + right**2) * abs(chi) ** 2
    total /= 3  # of each flavour alone
    if charged:
        w = weak.w_mass**2 / s
        L = math.log((1 + w) / w)
        total += w**2 * ((1 + w) ** 2 * (1 / w - 1 / (1 + w)) - 2 * (1 + w) * L + 1)
        total += 2 * left * chi.real * w * ((1 + w) ** 2 * L - 1.5 - w)
    return FERMI_CONSTANT**2 * s / (2 * math.pi) * total * GEV2_PB


def radiated(x: float, c: float, s: float, card: ProcessCard, charged: bool) -> float:
    """d sigma/dx dc from the cross-section without the photon: exact for the Z, and for soft photons."""
    shape = (1 + (1 - x) ** 2) / (1 - c * c) - x * x / 2
    return sigma_0(s * (1 - x), card, charged) * ALPHA / (math.pi * x) * shape


def over_neutrinos(card: ProcessCard, x: float, c: float) -> tuple[float, float]:
    """d sigma/dx dc of nu_e and of another flavour: the kernel's squared amplitudes over the neutrinos' directions."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    turns = (np.arange(24) + 0.5) * 2 * math.pi / 24
    cos, phi = (grid.ravel() for grid in np.meshgrid(nodes, turns))
    root_s = card.collisions()[0].sqrt_s
    k = np.tile(x * root_s / 2 * reference.direction(np.array([c]), np.zeros(1)), (len(cos), 1))
    roots = np.full(len(cos), root_s)
    points = reference.beams_of(roots), k, reference.pair(roots, k, cos, phi)
    measure = x * root_s**2 / 4 / (8 * math.pi**2) / (8 * math.pi) / (2 * root_s**2) * GEV2_PB
    mean = np.tile(weights, 24) / 2 / 24
    return measure * float(mean @ ours(card, points, 1.0)), measure * float(mean @ ours(card, points, 0.0))


@pytest.mark.parametrize(("x", "c"), [(0.01, 0.0), (0.3, -0.7), (0.8, 0.99), (0.99, 0.4)])
def test_z_exchange_is_the_closed_form(x: float, c: float) -> None:
    """Exactly, after the integral over the neutrinos; and not with a shape that is different by x^2/2."""
    card = at(206.7)
    expected = radiated(x, c, 206.7**2, card, charged=False)
    found = over_neutrinos(card, x, c)[1]
    assert found == pytest.approx(expected, rel=1e-12)
    wrong = expected * (1 + x * x / 2 / ((1 + (1 - x) ** 2) / (1 - c * c) - x * x / 2))
    assert found != pytest.approx(wrong, rel=1e-5)


def test_soft_photons_see_the_whole_of_the_w() -> None:
    """With the W, sigma_0 of nu_e comes back linearly in x; not at x = 0.5, where the sheet's product is 22% off."""
    card = at(206.7)
    off = [over_neutrinos(card, x, 0.0)[0] / radiated(x, 0.0, 206.7**2, card, charged=True) - 1 for x in (1e-3, 1e-4)]
    assert abs(off[0]) < 3e-3
    assert abs(off[1]) < 0.2 * abs(off[0])
    no_w = radiated(1e-4, 0.0, 206.7**2, card, charged=False)
    assert over_neutrinos(card, 1e-4, 0.0)[0] > 10 * no_w  # it is nearly all of it


def test_heavy_w_is_fermis_interaction() -> None:
    """Far below M_W and M_Z nu_e have left-handed couplings of 1/2 + sin^2: contact terms, with the closed form's shape."""
    card = at(1.0, "photon.least_energy=0.01 GeV", "photon.least_angle=70 deg")
    s2 = card.electroweak.sin2_theta_w
    contact = FERMI_CONSTANT**2 / (6 * math.pi) * ((0.5 + s2) ** 2 + s2**2) * GEV2_PB
    x, c = 0.4, 0.2
    shape = (1 + (1 - x) ** 2) / (1 - c * c) - x * x / 2
    expected = contact * (1 - x) * ALPHA / (math.pi * x) * shape
    assert over_neutrinos(card, x, c)[0] == pytest.approx(expected, rel=1e-3)
    assert over_neutrinos(card, x, c)[0] > 3 * expected * ((0.5 - s2) ** 2 + s2**2)  # the sign of W against Z


def gauss(*orders: int) -> tuple[Array, Array]:
    """Points (n, dimension) of the unit cube and weights (n) of a product of Gauss' rules."""
    rules = [np.polynomial.legendre.leggauss(order) for order in orders]
    grids = np.meshgrid(*[(nodes + 1) / 2 for nodes, _ in rules], indexing="ij")
    weights = np.meshgrid(*[weights / 2 for _, weights in rules], indexing="ij")
    return np.stack(grids, axis=-1).reshape(-1, len(orders)), np.prod(weights, axis=0).ravel()


def test_density_over_the_cube_is_the_closed_form() -> None:
    """The kernel's own variables: the total of a flavour without W against a quadrature over x and c."""
    card = at(206.7, "photon.least_energy=30 GeV")
    p = parameters(card)
    least = 30 / (206.7 / 2)
    peak = 1 - (card.electroweak.z_mass / 206.7) ** 2
    edge = math.cos(card.photon_cut.least_angle)
    expected = 0.0
    for low, high in ((least, peak - 0.02), (peak - 0.02, peak + 0.02), (peak + 0.02, 1.0)):
        # in eta the integrand is smooth up to the edges
        expected += dblquad(
            lambda eta, x: radiated(x, math.tanh(eta), 206.7**2, card, charged=False) / math.cosh(eta) ** 2,
            low, high, -math.atanh(edge), math.atanh(edge), epsrel=1e-7,
        )[0]  # fmt: skip
    found = 0.0
    for (a, b, d), weight in zip(*gauss(80, 20, 4), strict=True):
        values = [flavours(np.array([a, b, d, turn, 0.5]), p)[1] for turn in (0.05, 0.3, 0.55, 0.8)]
        found += weight * float(np.mean(values))
    assert found == pytest.approx(expected, rel=1e-5)


def test_total_in_other_variables() -> None:
    """Feynman rules in the reference's phase space; and not with a photon 2% harder."""
    card = at(195.5)
    x = qmc.Sobol(6, seed=2).random_base2(14)
    _, _, electron, other = reference.sample(np.full(len(x), 195.5), 6.0, math.radians(3.8), reference.inputs(card), x)
    found = cross_section(card)
    assert found.error < 1e-4 * found.value
    assert float((electron + 2 * other).mean()) == pytest.approx(found.value, rel=2e-3)
    harder = cross_section(at(195.5, "photon.least_energy=6.12 GeV")).value
    assert float((electron + 2 * other).mean()) != pytest.approx(harder, rel=2e-3)


def test_momenta_and_flavours_of_events() -> None:
    """Massless, in balance also in a boosted frame, within the cuts; flavours as often as the densities say."""
    card = at(206.7, "beams.beta_gamma=0.3")
    source = EventSource(card)
    particles = source.chunk(0, SMALL).events["GenPart"]
    assert isinstance(particles, Jagged)
    (beams,) = card.collisions()
    numbers = particles["pdgId"].reshape(-1, 3)
    assert (numbers[:, 0] == 22).all()
    assert set(numbers[:, 1]) == {12, 14, 16}
    assert (numbers[:, 1] == -numbers[:, 2]).all()
    momenta = np.stack([particles[name].reshape(-1, 3) for name in ("energy", "px", "py", "pz")])
    np.testing.assert_allclose(momenta.sum(axis=2)[0], beams.energy, rtol=1e-12)
    np.testing.assert_allclose(momenta.sum(axis=2)[3], beams.momentum_z, rtol=1e-11)
    np.testing.assert_allclose(momenta.sum(axis=2)[1:3], 0, atol=1e-11)
    np.testing.assert_allclose(momenta[0] ** 2, (momenta[1:] ** 2).sum(axis=0), rtol=1e-10, atol=1e-10)
    E = (momenta[0] * beams.energy - momenta[3] * beams.momentum_z)[:, 0] / beams.sqrt_s
    p_z = (momenta[3] * beams.energy - momenta[0] * beams.momentum_z)[:, 0] / beams.sqrt_s
    assert 6 * (1 - 1e-9) < E.min() < 6.1
    assert 0.99 < abs(p_z / E).max() / math.cos(math.radians(3.8)) < 1 + 1e-9
    sampler = source.channels[0].sampler
    x = sampler.draw(SMALL, np.random.default_rng(4)).x
    shares = np.array([flavours(point, sampler.p)[0] / density(point, sampler.p) for point in x])
    found = pdg_ids(x, sampler.p)[:, 1]
    spread = math.sqrt((shares * (1 - shares)).sum())
    assert abs((found == 12).sum() - shares.sum()) < 4 * spread
    assert abs((found == 14).sum() - (1 - shares).sum() / 2) < 4 * math.sqrt(SMALL / 4)
    assert abs((found == 12).sum() - SMALL / 3) > 20 * spread  # negative control: flavours alike


def test_the_density_is_finite_in_every_corner() -> None:
    corners: Array = np.stack(np.meshgrid(*[[0.0, 1e-12, 0.3, 0.5, 1 - 1e-12, 1.0]] * 4), axis=-1).reshape(-1, 4)
    corners = np.hstack([corners, np.full((len(corners), 1), 0.5)])
    soft = ("photon.least_energy=1 keV", "photon.least_angle=6 mrad")
    for card in (at(208.2), at(208.2, *soft), at(91.2, "photon.least_energy=1 MeV", "photon.least_angle=1 deg"),
                 at(3.0, "photon.least_angle=60 deg", "photon.least_energy=1 GeV")):  # fmt: skip
        p = parameters(card)
        values = np.array([density(x, p) for x in corners])
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert (values > 0).mean() > 0.6


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("photon=null", "photon: is missing"),
        ("photon.least_angle=1 mrad", "photon.least_angle: the electron has no mass"),
        ("photon.least_angle=90 deg", "photon.least_angle: the electron has no mass"),
        ("photon.least_energy=105 GeV", "leaves nothing of sqrt"),
        ("electroweak.z_mass=0 GeV", "electroweak.z_mass"),
        ("model.m_a=1 MeV", "model"),
        ("decay=visible", "decay"),
    ],
)
def test_what_does_not_go_with_it(override: str, place: str) -> None:
    with pytest.raises(CardError, match=place):
        ProcessCard.load(CARD, [override])


def test_weak_inputs_are_those_of_the_particle_data_group() -> None:
    """A width that grows with s, s Gamma / M, is a constant one with M and Gamma smaller by sqrt(1 + Gamma^2 / M^2)."""
    weak = at(206.7).electroweak
    z = Particle.from_pdgid(23)
    shrunk = math.hypot(1, z.width / z.mass)
    assert weak.z_mass == pytest.approx(z.mass / shrunk * 1e-3, abs=0.002)
    assert weak.z_mass != pytest.approx(z.mass * 1e-3, abs=0.02)
    assert weak.z_width == pytest.approx(z.width / shrunk * 1e-3, abs=0.002)
    assert weak.w_mass == pytest.approx(Particle.from_pdgid(24).mass * 1e-3, abs=0.02)


def test_weak_inputs_go_with_neutrinos_only() -> None:
    with pytest.raises(CardError, match="electroweak: goes with 'neutrino_photon'"):
        ProcessCard.load("padme", ["electroweak.w_mass=80 GeV"])
