"""e+ e- -> gamma gamma against Feynman diagrams, and the total against Dirac's and Heitler's formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alphoton.data.errors import CardError
from alphoton.data.event_file import Jagged
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.two_photon import PROCESS, density
from reference import amplitudes, dirac
from reference.dirac import MP, Number

CARD = "padme-twophoton"
ON_COLLIDERS = ("beams.electron_energy=null", "beams.positron_energy=null")


def collider(root_s: float) -> ProcessCard:
    return ProcessCard.load(CARD, [*ON_COLLIDERS, f"beams.sqrt_s={root_s!r} GeV"])


def diagrams(root_s: float, x: float) -> Number:
    """dsigma/dx in pb with 50 digits: the two diagrams with two transverse photons, halved as they are identical."""
    beta = MP.sqrt(1 - 4 * MP.convert(dirac.M_E) ** 2 / MP.mpf(root_s) ** 2)
    eta_max = MP.atanh(beta)
    eta = eta_max * (2 * MP.mpf(x) - 1)
    delta = max(0, 1 - abs(MP.tanh(eta)) / beta)
    point = amplitudes.kinematics(MP.mpf(root_s) ** 2, 0, delta, x > 0.5)
    squared = amplitudes.mean_squared(amplitudes.dark_photon_amplitudes(point))
    return amplitudes.cross_section_factor(point) * squared / 2 * 2 * eta_max / (beta * MP.cosh(eta) ** 2)


@pytest.mark.parametrize("root_s", [1.1e-3, 0.0237, 10.58, 209.0])
def test_kernel_is_the_diagrams(root_s: float) -> None:
    p = PROCESS.parameters(collider(root_s), collider(root_s).collisions()[0])
    for x in (0.0, 1e-6, 0.2, 0.5, 0.93, 1.0):
        expected = diagrams(root_s, x) * GEV2_PB / dirac.GEV2_TO_PB
        found = density(np.array([x]), p)
        assert abs(found / expected - 1) < 1e-13
        assert abs(found / (2 * expected) - 1) > 0.4  # negative control: without the 1/2 of identical photons


def heitler(gamma: float) -> float:
    """pb; W. Heitler, The Quantum Theory of Radiation, 3rd ed., section 27: annihilation in flight, gamma = E / m_e."""
    root = math.sqrt(gamma**2 - 1)
    bracket = (gamma**2 + 4 * gamma + 1) / root**2 * math.log(gamma + root) - (gamma + 3) / root
    return math.pi * (ALPHA / ELECTRON_MASS) ** 2 / (gamma + 1) * bracket * GEV2_PB


@pytest.mark.parametrize("energy", [1e-3, 0.01, 0.55, 10.0])
def test_total_is_heitlers(energy: float) -> None:
    found = cross_section(ProcessCard.load(CARD, [f"beams.positron_energy={energy!r} GeV"]))
    assert found.value == pytest.approx(heitler(energy / ELECTRON_MASS), rel=1e-5)
    assert found.value != pytest.approx(heitler(1.001 * energy / ELECTRON_MASS), rel=1e-5)


def test_events_are_pairs_of_photons_that_balance() -> None:
    card = ProcessCard.load(CARD)
    particles = EventSource(card).chunk(0, 20_000).events["GenPart"]
    assert isinstance(particles, Jagged)
    assert set(particles["pdgId"]) == {22}
    assert set(particles.counts) == {2}
    (beams,) = card.collisions()
    px, pz, energy = (particles[name].reshape(-1, 2) for name in ("px", "pz", "energy"))
    np.testing.assert_allclose(energy.sum(axis=1), beams.energy, rtol=1e-12)
    np.testing.assert_allclose(pz.sum(axis=1), beams.momentum_z, rtol=1e-12)
    np.testing.assert_allclose(px.sum(axis=1), 0, atol=1e-15)
    first_harder = (energy[:, 0] > energy[:, 1]).mean()
    assert abs(first_harder - 0.5) < 5 * 0.5 / math.sqrt(20_000)  # neither photon is the first


@pytest.mark.parametrize(
    ("override", "place"), [("model.m_a=1 MeV", "model"), ("decay=visible", "decay"), ("energy_cut=1 MeV", "energy_cut")]
)
def test_what_does_not_go_with_it(override: str, place: str) -> None:
    with pytest.raises(CardError, match=place):
        ProcessCard.load(CARD, [override])
