"""Quantities in the laboratory and the centre of mass, against explicit Lorentz boosts with 50 digits."""

import math
from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphoton.data.event_file import Jagged
from alphoton.detectors.observables import (
    PHOTON_DIMENSIONS,
    Beam,
    Range,
    energy_cm,
    photon_quantity,
    theta_cm,
)
from alphoton.detectors.simulate import true_photons
from alphoton.generators.event_source import EventSource
from alphoton.generators.kinematics import Collision, collider, head_on, on_target
from alphoton.generators.process_card import ProcessCard
from reference.dirac import M_E

MP = mpmath.MPContext()
MP.dps = 50
Number = Any

BEAMS = {
    "padme": on_target(0.55),
    "babar": collider(10.58, 0.56),
    "belle2": collider(10.58, 0.28),
    "lep": collider(208.2),
    "head_on": head_on(9.0, 3.1),
    "backwards": head_on(3.1, 9.0),
}
ANGLES = [1e-9, 1e-6, 1e-3, 0.015, 0.08, 0.5, math.pi / 2, 2.5, 3.1, math.pi - 1e-6]


def repeated(collision: Collision, count: int) -> Beam:
    return Beam.of_events([collision.as_dict()], np.zeros(count, dtype=np.int32))


def exact_beam(name: str) -> tuple[Number, Number]:
    """Energy and momentum of the beams along z, from the numbers that define them."""
    m = MP.convert(M_E)
    momentum = {energy: MP.sqrt(MP.mpf(energy) ** 2 - m**2) for energy in (0.55, 9.0, 3.1)}
    if name == "padme":
        return MP.mpf(0.55) + m, momentum[0.55]
    if name in ("head_on", "backwards"):
        sign = 1 if name == "head_on" else -1
        return MP.mpf(9.0) + MP.mpf(3.1), sign * (momentum[9.0] - momentum[3.1])
    root_s, beta_gamma = {"babar": (10.58, 0.56), "belle2": (10.58, 0.28), "lep": (208.2, 0.0)}[name]
    return root_s * MP.sqrt(1 + MP.mpf(beta_gamma) ** 2), MP.mpf(root_s) * beta_gamma


def boosted(name: str, energy: float, theta: float) -> tuple[float, float]:
    """Energy and polar angle of a photon where the beams are at rest: a boost of its four-vector along z."""
    beam_energy, beam_momentum = exact_beam(name)
    root_s = MP.sqrt(beam_energy**2 - beam_momentum**2)
    gamma, beta_gamma = beam_energy / root_s, beam_momentum / root_s
    pz, pt = energy * MP.cos(theta), energy * MP.sin(theta)
    return float(gamma * energy - beta_gamma * pz), float(MP.atan2(pt, gamma * pz - beta_gamma * energy))


@pytest.mark.parametrize("name", BEAMS)
def test_centre_of_mass_is_a_boost(name: str) -> None:
    """Down to collinear angles, and at PADME's rapidity of 3.8."""
    beam, theta = repeated(BEAMS[name], len(ANGLES)), np.array(ANGLES)
    energy = np.geomspace(0.001, 5.0, len(ANGLES))
    expected = np.array([boosted(name, *photon) for photon in zip(energy.tolist(), ANGLES, strict=True)])
    np.testing.assert_allclose(energy_cm(energy, theta, beam), expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(theta_cm(theta, beam), expected[:, 1], rtol=1e-12)


def test_a_boost_the_other_way_is_seen() -> None:
    """The negative control of the comparison above."""
    theta = np.array(ANGLES)
    expected = [boosted("babar", 1.0, angle)[1] for angle in ANGLES]
    backwards = repeated(collider(10.58, -0.56), len(ANGLES))
    assert not np.allclose(theta_cm(theta, backwards), expected, rtol=1e-3)


@pytest.mark.parametrize("name", ["padme", "babar", "belle2", "delphi"])
def test_missing_mass_of_true_photons_is_the_mass_of_the_recoil(name: str) -> None:
    """(P_beams - p_photon)^2 = m_a^2 to the rounding of s, which is 1e-16 of the largest energies squared."""
    card = ProcessCard.load(name)
    chunk = EventSource(card).chunk(0, 2000).events
    run, particles = chunk["run"], chunk["GenPart"]
    assert isinstance(particles, Jagged)
    photons = true_photons(particles)
    beam = Beam.of_events([collision.as_dict() for collision in card.collisions()], run)
    missing = beam.missing_mass_squared(photons.columns["energy"], photons.columns["theta"])
    assert np.all(np.abs(missing - card.mass**2) < 2e-15 * beam.energy**2)
    wrong = beam.missing_mass_squared(photons.columns["energy"] * (1 + 1e-9), photons.columns["theta"])
    assert not np.all(np.abs(wrong - card.mass**2) < 2e-15 * beam.energy**2)


@settings(deadline=None, max_examples=100, derandomize=True, database=None)
@given(st.floats(1e-3, 10.0), st.floats(0, math.pi), st.sampled_from(sorted(BEAMS)))
def test_missing_mass_is_the_same_in_both_frames(energy: float, theta: float, name: str) -> None:
    """s - 2 sqrt(s) E*."""
    beam, photon = repeated(BEAMS[name], 1), (np.array([energy]), np.array([theta]))
    expected = beam.sqrt_s**2 - 2 * beam.sqrt_s * energy_cm(*photon, beam)
    assert beam.missing_mass_squared(*photon) == pytest.approx(expected, rel=1e-12, abs=1e-12 * beam.sqrt_s[0] ** 2)


def test_quantities_of_a_photon() -> None:
    """Each from the components of a momentum (px, py, pz) = (1, 2, 2) GeV that crosses the plane at (30, -40) mm."""
    columns = {"energy": 3.0, "theta": math.acos(2 / 3), "phi": math.atan2(2, 1), "x": 30.0, "y": -40.0}
    photon = {name: np.array([value]) for name, value in columns.items()}
    pt = math.sqrt(5)
    expected = {
        ("lab", "cos_theta"): 2 / 3,
        ("lab", "radius"): 50.0,
        ("cm", "cos_theta"): math.cos(boosted("babar", 3.0, columns["theta"])[1]),
        ("cm", "energy"): boosted("babar", 3.0, columns["theta"])[0],
        ("cm", "theta"): boosted("babar", 3.0, columns["theta"])[1],
        **{("lab", name): value for name, value in columns.items()},
        **{(frame, "pt"): pt for frame in ("lab", "cm")},
        ("cm", "phi"): columns["phi"],
    }
    for (frame, name), value in expected.items():
        found = photon_quantity(name, frame, photon, repeated(BEAMS["babar"], 1))  # type: ignore[arg-type]
        assert found == pytest.approx(value, rel=1e-12), (frame, name)
    assert {name for _, name in expected} == set(PHOTON_DIMENSIONS)


# --- ranges ------------------------------------------------------------------------------------------------------


def test_a_range_in_units_of_the_beam_energy() -> None:
    """Half of sqrt(s), for each run its own."""
    beam = Beam.of_events([collider(10.0).as_dict(), collider(200.0).as_dict()], np.array([0, 0, 1, 1], dtype=np.int32))
    cut = Range(in_units_of="beam_energy", min=0.9, max="105 %")
    energies = np.array([4.49, 4.51, 104.9, 105.1])
    assert cut.accepts(energies, beam, "energy").tolist() == [False, True, True, False]


def test_both_limits_belong_to_the_range_and_nan_does_not() -> None:
    cut, beam = Range(min="15 mrad", max="80 mrad"), repeated(BEAMS["padme"], 5)
    values = np.array([0.015, 0.080, np.nan, 0.0149, np.inf])
    assert cut.accepts(values, beam, "angle").tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("keys", "dimension", "expected"),
    [
        ({"min": "80 mrad", "max": "15 mrad"}, "angle", [("min", "inverted")]),
        ({"min": "15 mrad", "max": "0.015 rad"}, "angle", [("min", "inverted or empty")]),
        ({"min": 15, "max": "80 mrad"}, "angle", [("min", "the unit is missing")]),
        ({"min": "15 mrad", "max": "80 MeV"}, "angle", [("max", "unknown unit 'MeV'")]),
        ({"min": "x", "max": "nan GeV"}, "energy", [("min", "got 'x'"), ("max", "must be finite")]),
        ({}, "angle", [("", "cuts nothing")]),
        ({"in_units_of": "beam_energy", "min": 0.1}, "angle", [("in_units_of", "goes with an energy")]),
        ({"in_units_of": "beam_energy", "min": "3 GeV"}, "energy", [("min", "unknown unit 'GeV'")]),
        ({"min": "15 mrad"}, "angle", []),
    ],
)
def test_problems_of_a_range(keys: dict[str, Any], dimension: str, expected: Sequence[tuple[str, str]]) -> None:
    found = [(".".join(map(str, path)), message) for path, message in Range(**keys).range_problems(dimension)]
    assert [path for path, _ in found] == [path for path, _ in expected]
    assert all(fragment in message for (_, message), (_, fragment) in zip(found, expected, strict=True)), found
