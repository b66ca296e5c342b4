"""Spread and radiation of beams against moments of leading logarithms, quadratures in other variables, and conservation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.stats import norm, qmc

from alphoton.data.errors import CardError
from alphoton.generators import processes
from alphoton.generators.cluster import pack, unpack
from alphoton.generators.constants import ALPHA, ELECTRON_MASS
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.jit import Array
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.real_beams.spectrum import dilogarithm, half_beta, hard_part, parameters, radiate
from alphoton.generators.vegas_grid import values
from reference import closed_forms
from reference.checks import IMPOSSIBLE, LIKELY, histogram_p

RADIATION = "beams.initial_state_radiation=leading_log"
SPREAD = "beams.energy_spread=0.1 %"
EVENTS = 20_000
LEP = ("beams.sqrt_s=200 GeV", "beams.luminosity=1 /pb")
CARDS = {
    "photon": ("babar", ("model.m_a=1 GeV", "model.g_ae=0 /GeV")),
    "electron": ("babar", ("model.m_a=7 GeV", "model.g_agamma=0 /GeV")),
    "dark_photon": ("babar-darkphoton", ("model.m_v=5 GeV",)),
    "neutrino_photon": ("delphi-nunugamma", LEP),
}


def load(name: str, *overrides: str) -> ProcessCard:
    card, own = CARDS[name]
    return ProcessCard.load(card, [*own, *overrides, f"events={EVENTS}"])


# ---- the structure function ------------------------------------------------------------------------------------------


def test_dilogarithm() -> None:
    """Against mpmath, on both sides of 1/2 and near both ends."""
    for v in (1e-12, 1e-3, 0.1, 0.499, 0.501, 0.9, 0.999):
        assert dilogarithm(1 - v, v) == pytest.approx(float(mpmath.polylog(2, 1 - v)), rel=2e-14)


def structure(v: float, beta: float) -> float:
    """D at x = 1 - v, with the soft part written anew."""
    h = beta / 2
    return float(math.exp((0.75 - np.euler_gamma) * h) / math.gamma(1 + h) * h * v ** (h - 1)) + hard_part(1 - v, v, beta)


def moment(n: int, beta: float) -> float:
    """The integral of x^(n - 1) D(x), in u = (1 - x)^(beta / 2)."""
    power = 2 / beta

    def integrand(u: float) -> float:
        v = u**power
        return (1 - v) ** (n - 1) * structure(v, beta) * power * v / u

    return float(quad(integrand, 0, 1, epsabs=1e-14, epsrel=1e-12, limit=400)[0])


def evolved(n: int, beta: float) -> float:
    """exp(beta / 4 P_n), where P_n is the moment of [(1 + z^2) / (1 - z)]_+: all orders of leading logarithms."""
    return math.exp(beta / 4 * (1.5 + 1 / (n * (n + 1)) - 2 * sum(1 / k for k in range(1, n + 1))))


@pytest.mark.parametrize("beta", [0.1, 0.3])
def test_moments_are_those_of_the_evolution(beta: float) -> None:
    """To third order: the rest is 0.02 beta^4, with the same factor at both values of beta."""
    for n in (1, 2, 3, 5, 10):
        assert abs(moment(n, beta) - evolved(n, beta)) < 0.02 * beta**4


def test_other_moments_are_seen() -> None:
    """The negative control: with the scale of the logarithm off by its 1, and with the second order for the third."""
    beta = 2 * half_beta(10.58)
    assert abs(moment(2, beta + 2 * ALPHA / math.pi) - evolved(2, beta)) > 100 * 0.02 * beta**4
    # hard_part is a beta + b beta^2 + c beta^3: the combination leaves c
    parts = [quad(lambda x, h=h: x * hard_part(x, 1 - x, h * beta), 0, 1)[0] for h in (1.0, 0.5, 0.25)]
    third = (parts[0] - 6 * parts[1] + 8 * parts[2]) * 8 / 3
    assert abs(third) > 5 * 0.02 * beta**4


def test_the_electron_is_whole() -> None:
    """The norm is 1: to 2e-6 where most is radiated here, at LEP."""
    assert abs(moment(1, 2 * half_beta(208.2)) - 1) < 2e-6


@pytest.mark.parametrize("least", [0.25, 1e-3, 0.999])
def test_flattened_radiation(least: float) -> None:
    """The map of the unit interval gives the structure function's moments above the least x."""
    h = half_beta(10.58)
    soft = math.exp((0.75 - np.euler_gamma) * h) / math.gamma(1 + h)

    def mapped(r: float, power: int) -> float:
        weight, x, _ = radiate(r, least, h, soft)
        return weight * x**power

    for power in (0, 3):
        direct = quad(
            lambda u, n=power: (1 - u ** (1 / h)) ** n * structure(u ** (1 / h), 2 * h) * u ** (1 / h - 1) / h,
            0,
            (1 - least) ** h,
            epsabs=1e-12,
        )[0]
        assert quad(mapped, 0, 1, args=(power,), epsabs=1e-12)[0] == pytest.approx(direct, rel=1e-8)


def test_soft_radiation_keeps_its_digits() -> None:
    """x and 1 - x are both exact down to where nothing is radiated, and the density is positive and finite everywhere."""
    h = half_beta(200.0)
    for r in (0.0, 1e-300, 1e-20, 1e-3, 0.1, 0.5, 0.9, 1 - 2**-53, 1.0):
        weight, x, v = radiate(r, 0.1, h, 1.0)
        assert 0 < weight < 10
        assert x + v == pytest.approx(1, rel=1e-15)
        exact = 9 * mpmath.mpf(r) ** (1 / mpmath.mpf(h))
        assert v == pytest.approx(float(exact / (1 + exact)), rel=1e-11, abs=1e-300)


# ---- cross-sections --------------------------------------------------------------------------------------------------


def hard_cross_section(name: str) -> Callable[[float], float]:
    """sigma(sqrt(s')) in pb without real beams: closed forms; for neutrinos a spline through sums over Sobol's points."""
    card = load(name)
    if name != "neutrino_photon":
        (coupling,) = (c for c in processes.of(card).couplings(card) if c)
        return lambda root: coupling * closed_forms.total(root**2, card.mass, name)  # type: ignore[arg-type, no-any-return]
    process, x = processes.of(card), qmc.Sobol(5, rng=1).random(2**13)
    roots = np.concatenate([np.linspace(12.001, 90, 20), np.linspace(91, 106, 31), np.geomspace(108, 201, 20)])
    cards = [load(name, f"beams.sqrt_s={root!r} GeV", "photon.least_angle=10 deg") for root in roots.tolist()]
    sigma = [values(process.density, x, process.parameters(each, each.collisions()[0])).mean() for each in cards]
    spline = PchipInterpolator(roots, sigma)
    return lambda root: float(spline(root))


def convolved(sigma: Callable[[float], float], root_s: float, least: float, beta: float) -> float:
    """The cross-section by one radiator with the beta of both beams: D x D = D at twice the beta, to its order.

    The variable is u = (1 - z)^beta, z = s' / s.
    """
    power = 1 / beta

    def integrand(u: float) -> float:
        v = u**power
        return structure(v, 2 * beta) * sigma(root_s * math.sqrt(1 - v)) * power * v / u

    top = (1 - (least / root_s) ** 2) ** beta
    return float(quad(integrand, 0, top, epsrel=1e-6, limit=100)[0])


def least_root(card: ProcessCard) -> float:
    """sqrt(s') at which the photon has half of its energy without radiation."""
    k = (card.collisions()[0].sqrt_s ** 2 - card.mass**2) / (4 * card.collisions()[0].sqrt_s)
    return k + math.hypot(k, card.mass)


@pytest.mark.parametrize("name", ["photon", "electron", "dark_photon"])
def test_cross_section_with_radiation(name: str) -> None:
    """Against the radiator of both beams; without radiation it is percents away."""
    card = load(name, RADIATION)
    root_s = card.collisions()[0].sqrt_s
    sigma = hard_cross_section(name)
    expected = convolved(sigma, root_s, least_root(card), 2 * half_beta(root_s))
    found = cross_section(card)
    assert found.value == pytest.approx(expected, rel=3e-5, abs=4 * found.error)
    assert abs(found.value / sigma(root_s) - 1) > 5e-3
    assert abs(found.value / convolved(sigma, root_s, least_root(card), 4 * half_beta(root_s)) - 1) > 1e-3


def test_cross_section_in_both_beams() -> None:
    """Against two radiators in (1 - x)^(beta / 2) of each beam, with Gauss-Legendre, for a number that falls with s'."""
    card = load("dark_photon", RADIATION)
    root_s, sigma = card.collisions()[0].sqrt_s, hard_cross_section("dark_photon")
    h, least = half_beta(root_s), (least_root(card) / root_s) ** 2
    z = np.linspace(least, 1, 60)
    spline = CubicSpline(z, [sigma(root_s * math.sqrt(each)) for each in z.tolist()])
    nodes, weights = np.polynomial.legendre.leggauss(60)

    def beam(lowest: float) -> tuple[Array, Array]:
        top = (1 - lowest) ** h
        u = top * (nodes + 1) / 2
        v = u ** (1 / h)
        return 1 - v, np.array([structure(each, 2 * h) for each in v.tolist()]) * v / (h * u) * top / 2 * weights

    total = 0.0
    for x_1, weight in zip(*beam(least), strict=True):
        x_2, inner = beam(least / float(x_1))
        total += float(weight * (inner @ spline(x_1 * x_2)))
    assert cross_section(card).value == pytest.approx(total, rel=2e-5)


@pytest.mark.parametrize("root_s", [106.0, 200.0])
def test_neutrinos_with_radiation(root_s: float) -> None:
    """The same beside the Z, where the hard cross-section is steep, and far above, where radiation returns to it."""
    card = load("neutrino_photon", RADIATION, "photon.least_angle=10 deg", f"beams.sqrt_s={root_s!r} GeV")
    sigma = hard_cross_section("neutrino_photon")
    expected = convolved(sigma, root_s, 12.0, 2 * half_beta(root_s))
    found = cross_section(card)
    assert found.value == pytest.approx(expected, rel=3e-3)
    assert abs(found.value / sigma(root_s) - 1) > 0.05


# ---- events ----------------------------------------------------------------------------------------------------------


def momenta(card: ProcessCard) -> Array:
    """(events, particles, 4) as (px, py, pz, E), of all particles of the record."""
    record = EventSource(card).chunk(0, card.events).events["GenPart"]
    columns = [record[name].reshape(card.events, -1) for name in ("px", "py", "pz", "energy")]  # type: ignore[union-attr,index]
    return np.stack(columns, axis=2)


@pytest.mark.parametrize("name", CARDS)
def test_every_event_balances(name: str) -> None:
    """Photons that the beams radiated included; without them hardly any does."""
    card = load(name, RADIATION)
    collision = card.collisions()[0]
    found = momenta(card)
    total = found.sum(axis=1) - np.array([0, 0, collision.momentum_z, collision.energy])
    assert np.abs(total).max() < 1e-12 * collision.energy
    lost = found[:, -2:]
    assert (lost[:, :, :2] == 0).all()
    assert (lost[:, 0, 2] == lost[:, 0, 3]).all()
    assert (lost[:, 1, 2] == -lost[:, 1, 3]).all()
    alone = found[:, :-2].sum(axis=1)[:, 3] - collision.energy
    assert (alone < -1e-12 * collision.energy).mean() > 0.3


@pytest.mark.parametrize("name", ["electron", "dark_photon"])
def test_spectrum_of_what_is_left(name: str) -> None:
    """s'/s of events against the radiator times the closed form; 10% more radiation, or none, is seen."""
    card = load(name, RADIATION)
    root_s, sigma = card.collisions()[0].sqrt_s, hard_cross_section(name)
    hard = momenta(card)[:, :2].sum(axis=1)
    lost = 1 - (hard[:, 3] ** 2 - hard[:, 2] ** 2) / root_s**2
    top = 1 - (least_root(card) / root_s) ** 2
    inner = np.geomspace(1e-6, 0.9, 12) * top
    edges = np.concatenate([[-1e-9], inner, [top * (1 + 1e-9)]])

    def p_value(beta: float) -> float:
        def integrand(u: float) -> float:
            v = u ** (1 / beta)
            return structure(v, 2 * beta) * sigma(root_s * math.sqrt(1 - v)) * v / (beta * u)

        bounds = np.array([0.0, *inner, top]) ** beta
        contents = [quad(integrand, low, high, epsrel=1e-6)[0] for low, high in itertools.pairwise(bounds.tolist())]
        return histogram_p(np.clip(lost, -1e-10, None), edges, np.array(contents) / sum(contents))

    beta = 2 * half_beta(root_s)
    assert p_value(beta) > LIKELY
    assert p_value(1.1 * beta) < IMPOSSIBLE


def test_spread_of_the_energies() -> None:
    """sqrt(s') has the mean and the width of two independent beams, its rapidity too, and both are Gaussian."""
    sigma = 0.01
    card = load("photon", f"beams.energy_spread={sigma!r}")
    collision = card.collisions()[0]
    found = momenta(card)
    assert found.shape[1] == 2
    total = found.sum(axis=1)
    plus, minus = (total[:, 3] + total[:, 2]), (total[:, 3] - total[:, 2])
    root = np.sqrt(plus * minus) / collision.sqrt_s
    rapidity = np.log(plus / minus) / 2 - collision.rapidity
    for values_, mean in ((root, 1 - sigma**2 / 4), (rapidity, 0.0)):
        width = sigma / math.sqrt(2)
        assert abs(values_.mean() - mean) < 4 * width / math.sqrt(EVENTS)
        assert values_.std() == pytest.approx(width, rel=4 / math.sqrt(2 * EVENTS))
    assert abs(np.corrcoef(root, rapidity)[0, 1]) < 4 / math.sqrt(EVENTS)
    edges = np.concatenate([[-9.0], np.linspace(-2, 2, 9), [9.0]])
    electron = (plus / (collision.energy + collision.momentum_z) - 1) / sigma
    assert histogram_p(electron, edges, np.diff(norm.cdf(edges))) > LIKELY
    assert histogram_p(1.1 * electron, edges, np.diff(norm.cdf(edges))) < IMPOSSIBLE


def test_spread_of_positrons_on_a_target() -> None:
    """The positron's energy is spread, the electron stays at rest: s' = 2 m E + 2 m^2 in every event."""
    sigma = 0.02
    card = ProcessCard.load("padme", [f"beams.energy_spread={sigma!r}", f"events={EVENTS}"])
    total = momenta(card).sum(axis=1)
    energy = total[:, 3] - ELECTRON_MASS
    s = total[:, 3] ** 2 - total[:, 2] ** 2
    assert s == pytest.approx(2 * ELECTRON_MASS * (energy + ELECTRON_MASS), rel=1e-9)
    pull = (energy / 0.55 - 1) / sigma
    assert pull.std() == pytest.approx(1, rel=4 / math.sqrt(2 * EVENTS))
    # the cross-section is that of the mean energy, with half of its second derivative times the variance
    roots = [math.sqrt(2 * ELECTRON_MASS * (0.55 * (1 + n * sigma) + ELECTRON_MASS)) for n in (-1, 0, 1)]
    low, middle, high = (closed_forms.total(root**2, card.mass, "photon") for root in roots)
    found = cross_section(card).components["photon"]
    assert found.value == pytest.approx(middle + (high - 2 * middle + low) / 2, rel=2e-5)
    assert abs(pull.mean() - (high - low) / (2 * middle)) < 4 / math.sqrt(EVENTS)


def test_components_of_each_event() -> None:
    """Weights of the components at a point are their densities there: the sum with the couplings is 1."""
    card = load("photon", RADIATION, SPREAD, "model.g_ae=1e3 /GeV", "sampling=balanced")
    chunk = EventSource(card).chunk(0, 2000).events
    parts = [np.asarray(chunk[f"weight_{name}"]) for name in ("photon", "electron", "interference")]
    process, p = processes.of(card), EventSource(card)._normalisation.parameters[0]
    x = np.random.default_rng(1).random((200, process.dimension))
    assert process.unit_densities is not None
    units = process.unit_densities(x, p)
    assert process.couplings(card) @ units == pytest.approx(values(process.density, x, p), rel=1e-12)
    for row, component in zip(units, process.components, strict=True):
        assert row == pytest.approx(values(component.density, x, p), rel=1e-12)
    assert all((part > 0).all() for part in parts)


def test_flavours_are_of_the_point() -> None:
    """Neutrino and antineutrino agree, all three flavours are there, and the photons behind them are photons."""
    record = EventSource(load("neutrino_photon", RADIATION)).chunk(0, 5000).events["GenPart"]
    ids = record["pdgId"].reshape(5000, 5)  # type: ignore[union-attr,index]
    assert (ids[:, [0, 3, 4]] == 22).all()
    assert (ids[:, 1] == -ids[:, 2]).all()
    assert set(np.unique(ids[:, 1])) == {12, 14, 16}


# ---- cards -----------------------------------------------------------------------------------------------------------


def test_off_is_the_process_as_it_was() -> None:
    """Options that are off, written out or not, leave the process, its parameters and its events."""
    plain = load("photon")
    off = load("photon", "beams.energy_spread=0 %", "beams.initial_state_radiation=none")
    assert processes.of(off) is processes.get("annihilation")
    assert processes.of(load("photon", SPREAD)) is not processes.get("annihilation")
    assert (momenta(plain) == momenta(off)).all()


@pytest.mark.parametrize("name", ["photon", "dark_photon", "neutrino_photon"])
def test_no_radiation_and_no_spread_is_the_limit(name: str) -> None:
    """With a spread of 1e-12 the density at a point is that of nominal beams."""
    nominal, real = load(name), load(name, "beams.energy_spread=1e-12")
    before, after = processes.of(nominal), processes.of(real)
    x = np.random.default_rng(2).random((50, after.dimension))
    collision = nominal.collisions()[0]
    expected = values(before.density, np.ascontiguousarray(x[:, : before.dimension]), before.parameters(nominal, collision))
    assert values(after.density, x, after.parameters(real, collision)) == pytest.approx(expected, rel=1e-8)


def test_the_least_energy_of_the_photon() -> None:
    """By default half of the nominal one; a card may say it, and less radiation is then left out."""
    card = load("photon", RADIATION)
    collision = card.collisions()[0]
    assert processes.of(card).threshold(card, collision) == pytest.approx(least_root(card), rel=1e-12)
    lower = cross_section(load("photon", RADIATION, "photon.least_energy=1 GeV"))
    assert lower.value > 1.003 * cross_section(card).value


def test_events_of_a_cluster() -> None:
    """A source that was sent makes the same events."""
    source = EventSource(load("electron", RADIATION, SPREAD))
    here, there = (each.chunk(3, 100).events["GenPart"] for each in (source, unpack(pack(source))))
    assert (here["pz"] == there["pz"]).all()  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("padme", [RADIATION], "beams.initial_state_radiation: is that of two beams"),
        ("padme-twophoton", [SPREAD], "beams.energy_spread: goes with annihilation, dark_photon, neutrino_photon"),
        ("e137-primakoff", [RADIATION], "beams.initial_state_radiation: goes with"),
        ("babar", ["beams.energy_spread=6 %"], "beams.energy_spread: input should be less than or equal to 0.05"),
        ("babar", ["beams.energy_spread=5 MeV"], "beams.energy_spread: "),
        ("babar", ["beams.initial_state_radiation=exact"], "should be 'none' or 'leading_log'"),
        ("babar", ["photon.least_energy=1 GeV"], "photon: goes with soft photons"),
        ("babar", [RADIATION, "photon.least_energy=6 GeV"], "photon.least_energy: leaves nothing of sqrt(s)"),
        ("babar", ["beams.sqrt_s=50 MeV", SPREAD], "needs beams of at least 100 m_e = 51.1 MeV"),
    ],
)
def test_cards_that_are_refused(name: str, overrides: list[str], message: str) -> None:
    with pytest.raises(CardError) as caught:
        ProcessCard.load(name, overrides)
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1


def test_parameters_of_nominal_beams() -> None:
    """E + p_z and E - p_z are those of the collision."""
    card = load("photon", RADIATION)
    collision = card.collisions()[0]
    p = parameters(card, collision, 1.0)
    assert p[4] + p[5] == pytest.approx(2 * collision.energy, rel=1e-14)
    assert p[4] - p[5] == pytest.approx(2 * collision.momentum_z, rel=1e-14)
