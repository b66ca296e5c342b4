"""e+ e- -> gamma gamma gamma against explicit Dirac matrices, the soft-photon limit, and positronium's published ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alphoton.data.errors import CardError
from alphoton.data.event_file import Jagged
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.jit import Array
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.three_photon import PROCESS, point, squared
from reference import amplitudes, dirac, three_photon
from reference.dirac import MP, Number, dot, vector

CARD = "padme-threephoton"


def at(root_s: float, least: float) -> ProcessCard:
    energies = ("beams.electron_energy=null", "beams.positron_energy=null", f"beams.sqrt_s={root_s!r} GeV")
    return ProcessCard.load(CARD, [*energies, f"photon.least_energy={least!r} GeV"])


def beams(root_s: Number) -> tuple[dirac.Array, dirac.Array]:
    E = MP.mpf(root_s) / 2
    p = MP.sqrt(E**2 - MP.convert(dirac.M_E) ** 2)
    return vector(E, 0, 0, p), vector(E, 0, 0, -p)


def exact(root_s: float, w: float, angles: tuple[float, float, float, float]) -> list[dirac.Array]:
    """Three photons with 50 digits from the energy of the first and the directions of two."""
    root = MP.mpf(root_s)
    t1, t2, f1, f2 = (MP.mpf(a) for a in angles)
    n1, n2 = (np.array([MP.sin(t) * MP.cos(f), MP.sin(t) * MP.sin(f), MP.cos(t)]) for t, f in ((t1, f1), (t2, f2)))
    w1 = MP.mpf(w)
    w2 = root * (root - 2 * w1) / (2 * (root - w1 * (1 - n1 @ n2)))
    k1, k2 = vector(w1, *(w1 * n1)), vector(w2, *(w2 * n2))
    p_minus, p_plus = beams(root)
    return [k1, k2, p_minus + p_plus - k1 - k2]


POINTS = [
    (0.3, (0.7, 2.0, 0.1, 1.9)),
    (0.4, (1e-5, 2.5, 0.1, 0.9)),  # one along the electron
    (0.2, (1e-3, math.pi - 1e-4, 0.3, 2.0)),  # one along each beam
    (1e-6, (1.3, 0.8, 0.1, 3.0)),  # a soft one
    (0.45, (0.9, 0.91, 0.1, 0.1)),  # two close to each other
]


@pytest.mark.parametrize("root_s", [1.03e-3, 0.0237, 10.58])
def test_squared_amplitude_is_the_diagrams(root_s: float) -> None:
    """In double precision, all over phase space; with a wrong photon it is another.

    Of the collinear photons' terms like s/m_e^2 several digits cancel: all but 7 at worst at a B factory.
    """
    p_minus, p_plus = beams(root_s)
    m2 = MP.convert(ELECTRON_MASS) ** 2
    for w, angles in POINTS:
        photons = exact(root_s, w * root_s, angles)
        kappa, kappa_prime = (tuple(float(dot(p, k) / m2) for k in photons) for p in (p_minus, p_plus))
        expected = float(m2 * three_photon.mean_squared(p_minus, p_plus, photons))
        found = squared(kappa, kappa_prime)  # type: ignore[arg-type]
        assert found == pytest.approx(expected, rel=1e-7 if root_s > 1 else 1e-10)
        wrong = (kappa[0], 1.01 * kappa[1], kappa[2])
        assert squared(wrong, kappa_prime) != pytest.approx(expected, rel=1e-4)  # type: ignore[arg-type]


def test_diagrams_are_gauge_invariant() -> None:
    """A photon polarised along its momentum has no amplitude when all six orderings are there, and has one otherwise."""
    p_minus, p_plus = beams(0.0237)
    photons = exact(0.0237, 0.005, POINTS[0][1])
    pols = [three_photon.polarisations(k)[0] for k in photons]
    real = max(abs(x) for x in three_photon.amplitude(p_minus, p_plus, photons, tuple(pols)).flat)
    for i in range(3):
        longitudinal = tuple(photons[j] if j == i else pols[j] for j in range(3))
        found = max(abs(x) for x in three_photon.amplitude(p_minus, p_plus, photons, longitudinal).flat)
        assert found < 1e-40 * real
    tilted = (photons[0] + vector(0, photons[0][0] / 100, 0, 0), pols[1], pols[2])
    assert max(abs(x) for x in three_photon.amplitude(p_minus, p_plus, photons, tilted).flat) > 1e-6 * real


def test_soft_photon_limit_of_the_amplitude() -> None:
    """<|M_3|^2> -> -e^2 (p_-/(p_-.k) - p_+/(p_+.k))^2 <|M_2|^2>, linearly in the energy of the soft photon."""
    p_minus, p_plus = beams(0.0237)
    differences = []
    for w in (1e-6, 1e-7):
        photons = exact(0.0237, w * 0.0237, (1.3, 0.8, 0.1, 3.0))
        kinematics = amplitudes.kinematics(MP.mpf(0.0237) ** 2, 0, 1 - abs(MP.cos(0.8)))
        charge = amplitudes.charge(MP)
        hard = amplitudes.mean_squared(amplitudes.dark_photon_amplitudes(kinematics)) / charge**4
        current = p_minus / dot(p_minus, photons[0]) - p_plus / dot(p_plus, photons[0])
        soft = -dot(current, current) * hard
        differences.append(float(abs(three_photon.mean_squared(p_minus, p_plus, photons) / soft - 1)))
    assert differences[0] < 1e-3
    assert differences[1] < 0.2 * differences[0]


def test_soft_photon_limit_of_the_cross_section() -> None:
    """d sigma / d ln(least) = -(2 alpha/pi) [(1+beta^2)/(2 beta) ln((1+beta)/(1-beta)) - 1] sigma(gamma gamma)."""
    one, two = (cross_section(ProcessCard.load(CARD, [f"photon.least_energy={keV} keV"])) for keV in (0.1, 0.2))
    pairs = cross_section(ProcessCard.load("padme-twophoton")).value
    beta = math.sqrt(1 - 4 * ELECTRON_MASS**2 / ProcessCard.load(CARD).collisions()[0].sqrt_s ** 2)
    logarithm = (1 + beta**2) / (2 * beta) * math.log((1 + beta) / (1 - beta))
    expected = 2 * ALPHA / math.pi * (logarithm - 1) * math.log(2) * pairs
    error = math.hypot(one.error, two.error)
    assert abs(one.value - two.value - expected) < 5 * error + 1e-4 * expected
    assert abs(one.value - two.value - expected * logarithm / (logarithm - 1)) > 50 * error  # negative control: no -1


def test_at_rest_it_is_positroniums_ratio() -> None:
    """sigma(2 gamma) / sigma(3 gamma) -> 3 pi / [4 (pi^2 - 9) alpha] = 371.3.

    A. Ore and J. L. Powell, Phys. Rev. 75 (1949) 1696.
    """
    beta = 0.01
    card = at(2 * ELECTRON_MASS / math.sqrt(1 - beta**2), 1e-7)
    pairs = 2 * math.pi * ALPHA**2 / (4 * ELECTRON_MASS**2 * beta) * GEV2_PB  # Dirac's total for beta -> 0
    assert pairs / cross_section(card).value == pytest.approx(3 * math.pi / (4 * (math.pi**2 - 9) * ALPHA), rel=3e-3)


def test_total_in_other_variables() -> None:
    """Dalitz's variables and vectorised Dirac matrices, without the kernel's weights of photons; and not without a mass."""
    root_s, least = 2.5e-3, 5e-5
    _, weights = three_photon.sample(root_s, least, 15)
    found = cross_section(at(root_s, least))
    assert weights.mean() * GEV2_PB == pytest.approx(found.value, rel=2e-3)
    assert weights.mean() * GEV2_PB != pytest.approx(cross_section(at(root_s, 1.05 * least)).value, rel=2e-3)


def test_momenta_of_a_point() -> None:
    """Photons are on their mass shell and balance, and the events are in the order of falling energy, above the cut."""
    card = ProcessCard.load(CARD, ["photon.least_energy=100 keV"])
    particles = EventSource(card).chunk(0, 20_000).events["GenPart"]
    assert isinstance(particles, Jagged)
    assert set(particles["pdgId"]) == {22}
    (each,) = card.collisions()
    momenta = np.stack([particles[name].reshape(-1, 3) for name in ("energy", "px", "py", "pz")])
    np.testing.assert_allclose(momenta.sum(axis=2)[0], each.energy, rtol=1e-12)
    np.testing.assert_allclose(momenta.sum(axis=2)[3], each.momentum_z, rtol=1e-12)
    np.testing.assert_allclose(momenta.sum(axis=2)[1:3], 0, atol=1e-15)
    np.testing.assert_allclose(momenta[0] ** 2, (momenta[1:] ** 2).sum(axis=0), rtol=1e-12)
    in_cm = (momenta[0] * each.energy - momenta[3] * each.momentum_z) / each.sqrt_s
    assert (np.diff(in_cm, axis=1) <= 0).all()
    assert in_cm.min() > 0.99999 * card.photon_cut.least_energy
    assert in_cm.min() < 1.01 * card.photon_cut.least_energy


def test_double_precision_of_the_density() -> None:
    """The density is never negative nor infinite, in every corner of the cube."""
    corners: Array = np.stack(np.meshgrid(*[[0.0, 1e-9, 0.3, 0.5, 1 - 1e-9, 1.0]] * 4), axis=-1).reshape(-1, 4)
    for card in (ProcessCard.load(CARD), at(1.0221e-3, 1e-7), at(10.58, 1e-3)):
        p = PROCESS.parameters(card, card.collisions()[0])
        values = np.array([point(x, p)[0] for x in corners])
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert (values > 0).mean() > 0.3


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("photon=null", "photon: is missing"),
        ("photon.least_energy=0 keV", "photon.least_energy"),
        ("photon.least_energy=8 MeV", "leaves nothing of sqrt"),
        ("model.m_a=1 MeV", "model"),
    ],
)
def test_what_does_not_go_with_it(override: str, place: str) -> None:
    with pytest.raises(CardError, match=place):
        ProcessCard.load(CARD, [override])


def test_the_cut_goes_with_radiative_processes_only() -> None:
    with pytest.raises(CardError, match="photon: goes with soft photons"):
        ProcessCard.load("padme-twophoton", ["photon.least_energy=1 keV"])
