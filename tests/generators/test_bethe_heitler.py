"""e Z -> e Z gamma against Feynman diagrams, Bethe and Heitler's exact spectrum, complete screening, and carbon's X0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import qmc

from alphoton.data.errors import CardError
from alphoton.data.event_file import Jagged
from alphoton.generators.constants import ALPHA, ATOMIC_MASS_UNIT, ELECTRON_MASS, GEV2_PB
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.jit import Array
from alphoton.generators.matter.materials import material
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import nuclear
from alphoton.generators.processes.bethe_heitler import PROCESS, along_incoming, along_outgoing, bracket, density
from alphoton.generators.vegas_grid import values
from reference import bethe_heitler as reference
from reference import bremsstrahlung
from reference.dirac import MP, dot

CARD = "padme-bethe-heitler"
M_CARBON = 12.0107 * ATOMIC_MASS_UNIT
R_E2 = (ALPHA / ELECTRON_MASS) ** 2 * GEV2_PB
"""Square of the electron's classical radius, pb."""


def parameters(energy: float, *overrides: str) -> Array:
    card = ProcessCard.load(CARD, [f"beams.positron_energy={energy!r} GeV", "photon.least_angle=0 mrad", *overrides])
    return PROCESS.parameters(card, card.collisions()[0])


# ---- the matrix element ----------------------------------------------------------------------------------------------

POINTS = [  # E, k, theta, t, azimuth
    (0.55, 0.1, 0.05, 1e-4, 1.0),
    (0.55, 0.3, 1e-3, 1e-8, 2.0),
    (0.55, 0.5, 1e-5, 1e-9, 0.3),
    (20.0, 5.0, 0.03, 3e-2, 0.01),
    (20.0, 15.0, 0.01, 0.5, 0.5),
]


@pytest.mark.parametrize(("E", "k", "theta", "t", "phi"), POINTS)
def test_bracket_is_the_diagrams(E: float, k: float, theta: float, t: float, phi: float) -> None:
    """With 50 digits; and without the electron's mass it is not."""
    at = bremsstrahlung.laboratory_point(E, 0, MP.mpf(k) / E, theta, t, phi, M_CARBON)
    kappa, kappa_prime = dot(at.p, at.k), dot(at.p_out, at.k)
    invariants = (kappa, kappa_prime, kappa_prime - kappa, at.t, dot(at.P, at.P), dot(at.P, at.p), dot(at.P, at.k))
    expected = reference.bracket_from_diagrams(at)
    found = bracket(*(float(MP.re(x)) for x in invariants), ELECTRON_MASS**2)
    assert found == pytest.approx(float(expected), rel=1e-8)
    assert bracket(*(float(MP.re(x)) for x in invariants), 0.0) != pytest.approx(float(expected), rel=1e-6)


def test_diagrams_are_gauge_invariant() -> None:
    """A photon polarised along its momentum, and a nucleus that pushes along q, have no amplitude."""
    at = bremsstrahlung.laboratory_point(*POINTS[0][:1], 0, MP.mpf(0.1) / 0.55, *POINTS[0][2:], M_CARBON)
    size = max(abs(x) for x in reference.amplitude(at, at.P, reference.polarisations(at.k)[0]).flat)
    for nucleus, polarisation in ((at.P, at.k), (at.q, reference.polarisations(at.k)[0])):
        assert max(abs(x) for x in reference.amplitude(at, nucleus, polarisation).flat) < 1e-40 * size


# ---- integrated over angles ------------------------------------------------------------------------------------------


def spectrum(p: Array, k: float, power: int = 15) -> float:
    """k dsigma/dk in pb at one energy of the photon: the mean over the other variables of the cube."""
    span = math.log((p[nuclear.ENERGY] - ELECTRON_MASS) / p[13])
    x = np.asarray(qmc.Sobol(3, seed=3).random_base2(power))
    points = np.column_stack([np.full(len(x), math.log(k / p[13]) / span), x])
    return float(values(density, points, p).mean()) / span


def exact_spectrum(E: float, k: float) -> float:
    """k dsigma/dk / Z^2 in pb of a point nucleus that does not move, without screening.

    H. W. Koch and J. W. Motz, Rev. Mod. Phys. 31 (1959) 920, formula 3BN: no approximation but Born's.
    """
    e0, w = E / ELECTRON_MASS, k / ELECTRON_MASS
    e = e0 - w
    p0, p = math.sqrt(e0**2 - 1), math.sqrt(e**2 - 1)
    l0, l1 = 2 * math.log(e0 + p0), 2 * math.log(e + p)
    L = 2 * math.log((e0 * e + p0 * p - 1) / w)
    bracket = 4 / 3 - 2 * e0 * e * (p**2 + p0**2) / (p * p0) ** 2 + l0 * e / p0**3 + l1 * e0 / p**3 - l1 * l0 / (p0 * p)
    bracket += L * (8 * e0 * e / (3 * p0 * p) + w**2 * ((e0 * e) ** 2 + (p0 * p) ** 2) / (p0 * p) ** 3)
    last = (e0 * e + p0**2) / p0**3 * l0 - (e0 * e + p**2) / p**3 * l1 + 2 * w * e0 * e / (p * p0) ** 2
    return ALPHA * R_E2 * p / p0 * (bracket + L * w / (2 * p0 * p) * last)


@pytest.mark.parametrize(("E", "k"), [(2e-3, 1e-3), (0.05, 0.01), (0.55, 0.03), (0.55, 0.3), (0.55, 0.54)])
def test_a_point_nucleus_gives_the_exact_spectrum(E: float, k: float) -> None:
    """Screening, size, inelastic part and recoil switched off in the parameters, and with screening it is another."""
    p = parameters(E, "photon.least_energy=10 keV")
    p[nuclear.A2], p[nuclear.SIZE], p[nuclear.B2], p[nuclear.MASS_A] = 1e30, 1e30, 0.0, 1e5
    expected = 36 * exact_spectrum(E, k)
    assert spectrum(p, k) == pytest.approx(expected, rel=2e-4)
    assert 36 * exact_spectrum(1.01 * E, k) != pytest.approx(expected, rel=2e-4)
    p[nuclear.A2] = 1e3 / ELECTRON_MASS**2  # negative control: an atom of this size screens
    assert spectrum(p, k) != pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("y", [0.1, 0.5, 0.9])
def test_complete_screening(y: float) -> None:
    """k dsigma/dk = 4 alpha r_e^2 {[4/3 - 4y/3 + y^2] (Z^2 L + Z L') + (1 - y)/9 (Z^2 + Z)} at high energies.

    H. Bethe and W. Heitler; Y. S. Tsai, Rev. Mod. Phys. 46 (1974) 815, Eq. (3.83), with L = ln(111 Z^(-1/3)) + 1/2 and
    L' = ln(773 Z^(-2/3)) + 1/2 of the form factors: int (t - ...)/t^2 [a^2 t/(1 + a^2 t)]^2 gives ln(a m) + 1/2.
    """
    Z, E = 6, 1e4
    L, L_prime = math.log(111 * Z ** (-1 / 3)) + 0.5, math.log(773 * Z ** (-2 / 3)) + 0.5
    expected = (4 / 3 - 4 * y / 3 + y * y) * (Z * Z * L + Z * L_prime) + (1 - y) / 9 * (Z * Z + Z)
    assert spectrum(parameters(E), y * E) == pytest.approx(4 * ALPHA * R_E2 * expected, rel=4e-3)


def test_energy_radiated_in_a_radiation_length_of_carbon() -> None:
    """N_A X0/A int dk k dsigma/dk / E with X0 = 42.70 g/cm^2 (Particle Data Group): all of it, but for the atom's model.

    X0 comes from Z^2 (L_rad - f) + Z L_rad' with 4.62 and 5.89 and f = 0.002 (beyond Born's approximation); the form factors
    of Eqs. (20)-(22) of arXiv:2012.07894 have other logarithms, and there are the terms with (1 - y)/9.
    """
    Z, E, carbon = 6, 100.0, material("carbon")
    p = parameters(E)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    radiated = sum(w / 2 * spectrum(p, (x + 1) / 2 * E) for x, w in zip(nodes, weights, strict=True))
    own = Z * Z * (math.log(111 * Z ** (-1 / 3)) + 0.5) + Z * (math.log(773 * Z ** (-2 / 3)) + 0.5) + (Z * Z + Z) / 18
    listed = Z * Z * (math.log(184.15 * Z ** (-1 / 3)) - 0.0023) + Z * math.log(1194 * Z ** (-2 / 3))
    found = radiated * 1e-36 * carbon.atoms_per_radiation_length
    assert found == pytest.approx(own / listed, rel=2e-3)
    assert found == pytest.approx(1, rel=0.02)


def test_total_in_other_variables() -> None:
    """PADME's card: the sheet's variables alone, with traces of Dirac matrices for the amplitude."""
    card = ProcessCard.load(CARD)
    cut = card.photon_cut
    *_, weights = reference.sample(0.55, M_CARBON, (6, 12.0107), (cut.least_energy, cut.least_angle), 16)
    found, error = weights.mean() * GEV2_PB, weights.std() / math.sqrt(len(weights)) * GEV2_PB
    expected = cross_section(card)
    assert error < 0.02 * found
    assert abs(found - expected.value) < 3 * error
    assert abs(found - 1.1 * expected.value) > 3 * error  # negative control


# ---- events ----------------------------------------------------------------------------------------------------------


def test_both_kinds_of_variables_count() -> None:
    """At PADME's angles a good part of the photons goes along the outgoing positron."""
    card = ProcessCard.load(CARD)
    p = PROCESS.parameters(card, card.collisions()[0])
    x = np.asarray(qmc.Sobol(4, seed=3).random_base2(14))
    incoming, outgoing = (np.mean([f(point, p)[0] for point in x]) for f in (along_incoming, along_outgoing))
    assert 0.1 < outgoing / (incoming + outgoing) < 0.9
    assert cross_section(card).value == pytest.approx(incoming + outgoing, rel=0.05)


def test_events() -> None:
    """All on their mass shells, in balance, above the cuts; positron, photon, positron, carbon."""
    card = ProcessCard.load(CARD)
    particles = EventSource(card).chunk(0, 20_000).events["GenPart"]
    assert isinstance(particles, Jagged)
    rows = {name: column.reshape(-1, 4) for name, column in particles.fields.items()}
    assert rows["pdgId"][0].tolist() == [-11, 22, -11, 1_000_060_120]
    assert rows["status"][0].tolist() == [4, 1, 1, 1]
    energy, px, py, pz = (rows[name] for name in ("energy", "px", "py", "pz"))
    np.testing.assert_allclose(energy[:, 1:].sum(axis=1) - rows["mass"][:, 3], energy[:, 0], rtol=1e-12)
    for component in (px, py, pz):
        np.testing.assert_allclose(component[:, 1:].sum(axis=1), component[:, 0], atol=1e-13)
    mass2 = energy**2 - px**2 - py**2 - pz**2
    np.testing.assert_allclose(mass2, rows["mass"] ** 2, rtol=1e-10, atol=1e-11)
    theta = np.arctan2(np.hypot(px, py), pz)[:, 1]
    assert theta.min() > 0.009 * (1 - 1e-9)
    assert energy[:, 1].min() > 0.016 * (1 - 1e-9)
    assert abs((py[:, 1] > 0).mean() - 0.5) < 5 * 0.5 / math.sqrt(len(py))


def test_electrons_radiate_alike() -> None:
    positron = cross_section(ProcessCard.load(CARD))
    electron = ProcessCard.load(CARD, ["beams.positron_energy=null", "beams.electron_energy=550 MeV"])
    assert cross_section(electron).value == positron.value
    assert PROCESS.particles(electron, electron.collisions()[0])[2].pdg_id == 11


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("photon=null", "photon: is missing"),
        ("photon.least_energy=549.5 MeV", "photon.least_energy"),
        ("beams.electron_energy=1 GeV", "give one beam"),
        ("beams.target=null", "beams.target"),
        ("beams.target.thickness=1 X0", "beams.target.thickness"),
        ("energy_cut=30 MeV", "energy_cut"),
        ("beams.positron_energy=0.4 MeV", "the positron is the beam"),
        ("decay=visible", "decay"),
    ],
)
def test_what_does_not_go_with_it(override: str, place: str) -> None:
    with pytest.raises(CardError, match=place):
        ProcessCard.load(CARD, [override])
