"""Form factors, materials and showers against their definitions (`reference.fixed_target`) and the Particle Data Group."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.constants import Avogadro
from scipy.integrate import quad

from alphoton.generators.constants import ELECTRON_MASS, PROTON_MASS
from alphoton.generators.matter import shower
from alphoton.generators.matter.form_factors import squared_form_factor
from alphoton.generators.matter.materials import material, mixture, names
from reference import fixed_target
from reference.dirac import MP
from reference.fixed_target import FormFactor, depth_integral, electron_intensity, photon_intensity

E0 = 100.0  # GeV
REMOVABLE = E0 * -math.expm1(-7 / 12)  # Eq. (27) is 0/0 here
NUCLEI = {"lead": (82.0, 207.2), "carbon": (6.0, 12.0107)}

# ---- form factors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["paper", "squared", "regulated"])
@pytest.mark.parametrize("nucleus", NUCLEI)
def test_form_factor(nucleus: str, variant: FormFactor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eqs. (20)-(22), (28); the paper's m_p is rounded to 0.938 GeV, ours is not."""
    monkeypatch.setattr(fixed_target, "PROTON_MASS", PROTON_MASS)
    Z, A = NUCLEI[nucleus]
    for t in np.logspace(-16, 2, 37):
        found = squared_form_factor(t, Z, A, float(variant == "squared"), 1 / 3 if variant == "regulated" else 0.0)
        assert found == pytest.approx(float(fixed_target.g2(t, Z, A, variant)), rel=1e-13, abs=0)


def test_form_factor_with_the_rounded_proton() -> None:
    """By how much 0.938 GeV matters: less than 1e-3 anywhere."""
    for t in np.logspace(-16, 2, 37):
        assert squared_form_factor(t, 6, 12, 0, 0) == pytest.approx(fixed_target.g2(t, 6, 12), rel=1e-3)


def test_screening_and_regulator() -> None:
    """Neutral from afar, G2 ~ (a^4 Z^2 + b^4 Z) t^2; the charge squared between atom and nucleus; a step at a^2 t = 1/3."""
    Z, A = NUCLEI["lead"]
    a2, b2 = ((c / (ELECTRON_MASS * Z**power)) ** 2 for c, power in ((111, 1 / 3), (773, 2 / 3)))
    assert squared_form_factor(1e-16, Z, A, 0, 0) == pytest.approx((a2**2 * Z**2 + b2**2 * Z) * 1e-32, rel=1e-4)
    assert squared_form_factor(1e-5, Z, A, 0, 0) == pytest.approx(Z**2 + Z, rel=0.01)
    assert squared_form_factor(0.3334 / a2, Z, A, 0, 1 / 3) == squared_form_factor(0.3334 / a2, Z, A, 0, 0) > 0
    assert squared_form_factor(0.3333 / a2, Z, A, 0, 1 / 3) == 0


# ---- showers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1e-9, 1e-3, 1.0, 10.0, 40.0])
@pytest.mark.parametrize("fraction", [1e-6, 0.02, 0.5, 0.99, 0.999999])
def test_shower_photons(depth: float, fraction: float) -> None:
    expected = float(photon_intensity(depth, MP.convert(fraction * E0), E0))
    assert shower.photons(depth, fraction * E0, E0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e-15, -1e-13, 1e-10, 1e-7, -1e-7, 1e-5])
def test_removable_singularity(offset: float) -> None:
    """I_gamma is t exp(-7t/9)/E at E/E0 = 1 - exp(-7/12), and smooth; so is its integral over the depth."""
    energy = REMOVABLE * (1 + offset)
    with MP.workdps(80):
        expected = float(photon_intensity(3.0, MP.convert(energy) * (1 + MP.mpf("1e-40")), E0))
    assert shower.photons(3.0, energy, E0) == pytest.approx(expected, rel=1e-13)
    assert expected == pytest.approx(3 * math.exp(-7 / 3) / energy, rel=1e-4)
    length = quad(shower.photons, 0, 40, args=(energy, E0), epsabs=0, epsrel=1e-11)[0]
    assert shower.photon_track_length(np.array([energy]), E0, 40.0)[0] == pytest.approx(length, rel=1e-5)


@pytest.mark.parametrize("thickness", [0.1, 40.0])
@pytest.mark.parametrize("fraction", [1e-3, 0.1, 0.5, 0.9, 0.999999])
def test_photon_track_length(thickness: float, fraction: float) -> None:
    """The closed form over the depth against the numeric integral of I_gamma."""
    found = shower.photon_track_length(np.array([fraction * E0]), E0, thickness)[0]
    assert found == pytest.approx(float(depth_integral(photon_intensity, fraction * E0, E0, thickness)), rel=1e-9)


@pytest.mark.parametrize("depth", [0.05, 0.75, 5.0, 30.0])
def test_the_electron_is_somewhere(depth: float) -> None:
    """int dE I_e = 1 at every depth, and with the paper's 1/E it is not. With w = ln(E0/E) and v = w^b: no singularity."""
    b = 4 / 3 * depth
    start, end = math.log(1e-8), math.log(b + 60)  # in ln w, w = ln(E0/E); below, E has no digits left to give w

    def integrand(y: float, paper: bool) -> float:
        energy = E0 * math.exp(-math.exp(y))
        return shower.electrons(depth, energy, E0) * energy * math.exp(y) * (E0 / energy if paper else 1)

    near = math.exp(b * start) / math.gamma(1 + b)  # of the incomplete gamma function
    right, wrong = (near + quad(integrand, start, end, args=(p,), epsrel=1e-7, limit=500)[0] for p in (False, True))
    assert right == pytest.approx(1, abs=1e-5)
    assert wrong > 1.1
    assert shower.electrons(depth, 37.0, E0) == pytest.approx(float(electron_intensity(depth, 37.0, E0)), rel=1e-13)


def test_nothing_above_the_beam() -> None:
    assert shower.photons(1.0, E0, E0) == shower.electrons(1.0, E0, E0) == shower.electrons(0.0, 1.0, E0) == 0


# ---- materials -------------------------------------------------------------------------------------------------------

# Particle Data Group, Atomic and Nuclear Properties of Materials: radiation length in cm
RADIATION_LENGTH_CM = {
    "carbon": 19.32,
    "aluminium": 8.897,
    "silicon": 9.370,
    "iron": 1.757,
    "copper": 1.436,
    "tungsten": 0.3504,
    "lead": 0.5612,
}


@pytest.mark.parametrize("name", RADIATION_LENGTH_CM)
def test_radiation_lengths(name: str) -> None:
    assert material(name).radiation_length_cm == pytest.approx(RADIATION_LENGTH_CM[name], rel=2e-3)


def test_every_material_is_sane() -> None:
    """Also by Tsai's formula 1/X0 = 4 alpha r_e^2 N_A/A [Z^2 (L_rad - f) + Z L'_rad] (PDG review, section 34.4.2), 1.5%."""
    for name in names():
        found = material(name)
        assert sum(found.mass_fractions) == pytest.approx(1, rel=1e-14)
        assert sum(found.number_fractions) == pytest.approx(1, rel=1e-14)
        inverse = 0.0
        for element, share in zip(found.elements, found.mass_fractions, strict=True):
            Z, A = element.atomic_number, element.atomic_mass
            assert 1 <= A / Z < 2.6
            if Z < 6:  # the formula's logarithms are those of heavier atoms
                inverse += share / 63.04
                continue
            a2 = (Z / 137.036) ** 2
            f = a2 * (1 / (1 + a2) + 0.20206 - 0.0369 * a2 + 0.0083 * a2**2 - 0.002 * a2**3)
            bracket = Z**2 * (math.log(184.15 * Z ** (-1 / 3)) - f) + Z * math.log(1194 * Z ** (-2 / 3))
            inverse += share * bracket / A / 716.408
        assert found.radiation_length == pytest.approx(1 / inverse, rel=0.015)


def test_water() -> None:
    """Bragg's rule gives the Particle Data Group's 36.08 g/cm^2; two atoms of three are hydrogen."""
    water = material("water")
    assert water.radiation_length == pytest.approx(36.08, rel=1e-3)
    assert water.number_fractions == pytest.approx((2 / 3, 1 / 3), rel=1e-12)
    assert water.mean_atomic_mass == pytest.approx(18.01528 / 3, rel=1e-5)


def test_mixture() -> None:
    """E137's dump, aluminium with water; masses need not add to 1, and a mixture of one is that one."""
    dump = mixture("dump", {"aluminium": 8.0, "water": 2.0}, density=2.0)
    assert dump.mass_fractions == pytest.approx((0.8, 0.2 * 0.11190, 0.2 * 0.88810), rel=1e-4)
    assert 1 / dump.radiation_length == pytest.approx(0.8 / 24.01 + 0.2 / 36.08, rel=1e-3)
    moles = np.array([8 / 26.9815385, 2 / 18.01528 * 2, 2 / 18.01528])
    assert dump.number_fractions == pytest.approx(tuple(moles / moles.sum()), rel=1e-5)
    lead = mixture("lead", {"lead": 3.0}, density=11.35)
    assert lead == material("lead")
    assert lead.atoms_per_radiation_length == pytest.approx(Avogadro * 6.37 / 207.2, rel=1e-14)


def test_unknown_material() -> None:
    with pytest.raises(ValueError, match=r"unknown material 'leed'; did you mean 'lead'\? \(known: carbon, .*water\)"):
        material("leed")
