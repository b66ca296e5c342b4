"""Decays in flight: measured in the detector, by where they meet it, and not beyond it; unsettled where it has no size."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alphoton.analysis.selection import EventView
from alphoton.analysis.vetoes import Veto
from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import Chunk, Column, EventFile, Jagged
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct, simulate
from alphoton.generators.decays import proper_length
from alphoton.generators.generate import generate
from alphoton.generators.kinematics import collider
from alphoton.generators.process_card import ProcessCard

Array = NDArray[Any]
ALP = 9000005
BARE = ["geometry={}", "modules=[]", "absorbs=false"]
PLANE = ["geometry={ecal_distance: 3 m}"]
OWN_PLANE = ["modules=[{type: position_resolution, resolution: 0 mm, distance: 3 m}]"]
SPHERE = ["geometry={radius: 1 m}"]
OWN_SPHERE = ["modules=[{type: position_resolution, surface: sphere, resolution: 0 mm, distance: 1 m}]"]
LENGTH = ["geometry={calorimeter_length: 20 cm}", "absorbs=true"]
DUMP = ["geometry={shielding: 2 m, ecal_distance: 3 m}"]
ABSORBING_PLANE = [*PLANE, "absorbs=true"]
ABSORBING_SPHERE = [*SPHERE, "absorbs=true"]


def detector(*overrides: str) -> DetectorCard:
    """A card with nothing but what is said."""
    return DetectorCard.load("delphi", [*BARE, *overrides])


def decays(vertex: Array, directions: Array, number: int = 22, energy: float = 10.0) -> Chunk:
    """Events in which an ALP made at the origin decays at `vertex` (n, 3), mm, into two particles along `directions`
    (n, 3), each with this energy, GeV."""
    count = len(vertex)
    mass = 0.0 if number == 22 else 0.511e-3
    n = directions / np.linalg.norm(directions, axis=1)[:, None]
    momentum = math.sqrt(energy**2 - mass**2) * n
    rows = {
        "pdgId": np.tile([ALP, number, number if number == 22 else -number], (count, 1)),
        "status": np.tile([2, 1, 1], (count, 1)),
        "genPartIdxMother": np.tile([-1, 0, 0], (count, 1)),
        "energy": np.tile([2 * energy, energy, energy], (count, 1)),
    }
    rows |= {name: np.outer(momentum[:, k], [2.0, 1.0, 1.0]) for k, name in enumerate(("px", "py", "pz"))}
    rows |= {name: np.outer(vertex[:, k], [0.0, 1.0, 1.0]) for k, name in enumerate(("vx", "vy", "vz"))}
    fields = {name: column.reshape(-1) for name, column in rows.items()}
    return {"run": np.zeros(count, dtype=np.int32), "GenPart": Jagged.fixed(3, fields)}


META = {
    "beams": [collider(200.0).as_dict()],
    "point": 0,
    "detector_seed": 1,
    "cards": {"process": {"name": "mine", "decay": "visible"}},
}


def measured(card: DetectorCard, chunk: Chunk) -> Chunk:
    return reconstruct(card, chunk, META, 0)


def jagged(chunk: Chunk, name: str = "Photon") -> Jagged:
    column: Column = chunk[name]
    assert isinstance(column, Jagged)
    return column


# --- inside and beyond -------------------------------------------------------------------------------------------------

INSIDE_AND_BEYOND = [
    ("a plane", PLANE, (0, 0, 2.999), (0, 0, 3.001)),
    ("the plane of a module", OWN_PLANE, (0, 0, 2.999), (0, 0, 3.001)),
    ("a plane, far aside", PLANE, (40, 0, 2.9), (40, 0, 3.1)),
    ("a sphere", SPHERE, (0, 0.9, 0.4), (0, 0.9, 0.5)),
    ("a sphere, backwards", SPHERE, (0, 0.1, -0.9), (0, 0.1, -1.1)),
    ("the sphere of a module", OWN_SPHERE, (0.9, 0, 0.4), (0.9, 0, 0.5)),
    ("a calorimeter that is the target", LENGTH, (0, 0, 0.199), (0, 0, 0.201)),
    ("behind a dump", DUMP, (0, 0, 2.5), (0, 0, 3.001)),
    ("in a dump", DUMP, (0, 0, 2.001), (0, 0, 1.999)),
    ("very far", PLANE, (0, 0, 1.0), (0, 0, 1e9)),
]
every_place = pytest.mark.parametrize(
    ("overrides", "inside", "beyond"), [row[1:] for row in INSIDE_AND_BEYOND], ids=[row[0] for row in INSIDE_AND_BEYOND]
)


@every_place
def test_photons_beyond_are_not_measured(overrides: list[str], inside: tuple[float, ...], beyond: tuple[float, ...]) -> None:
    """Places in m. The missing mass is that to what is measured, and none where nothing is."""
    vertex = 1e3 * np.array([inside, beyond])
    found = measured(detector(*overrides), decays(vertex, np.array([[0.1, 0.0, 1.0]] * 2)))
    assert jagged(found).counts.tolist() == [2, 0]
    assert jagged(found)["energy"].tolist() == [10, 10]
    missing = found["MissingMass2"]
    assert isinstance(missing, np.ndarray)
    assert np.isfinite(missing).tolist() == [True, False]
    assert found["pass_invisible"].tolist() == [True, True]  # type: ignore[union-attr]


@every_place
def test_charged_particles_beyond_are_not_seen(
    overrides: list[str], inside: tuple[float, ...], beyond: tuple[float, ...]
) -> None:
    """Inside they spoil an invisible decay, beyond they do not; a calorimeter that is the target absorbs what it sees."""
    vertex = 1e3 * np.array([inside, beyond])
    chunk = decays(vertex, np.array([[0.1, 0.0, 1.0]] * 2), number=11)
    found = measured(detector(*overrides, "absorbs=false"), chunk)
    assert found["pass_invisible"].tolist() == [False, True]  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [22, 11])
@pytest.mark.parametrize(
    ("overrides", "inside", "beyond"),
    [
        (LENGTH, (0, 0, 0.199), (0, 0, 0.201)),
        (ABSORBING_PLANE, (0, 0, 2.9), (0, 0, 3.1)),
        (ABSORBING_SPHERE, (0, 0.9, 0.4), (0, 0.9, 0.5)),
        ([*LENGTH, "geometry.ecal_distance=3 m"], (0, 0, 0.1), (0, 0, 0.3)),
    ],
)
def test_energy_is_missing_beyond(
    overrides: list[str], inside: tuple[float, ...], beyond: tuple[float, ...], number: int
) -> None:
    """All that the ALP has escapes with a decay beyond the calorimeter, and nothing with one inside."""
    vertex = 1e3 * np.array([inside, beyond])
    found = measured(detector(*overrides), decays(vertex, np.array([[0.1, 0.0, 1.0]] * 2), number=number))
    assert found["MissingEnergy"].tolist() == [0, 20]  # type: ignore[union-attr]


def test_a_dump_absorbs(tmp_path: Path) -> None:
    """What is made in a dump is neither measured nor missing, prompt particles without vertices included."""
    chunk = decays(np.array([[0, 0, 1000.0], [0, 0, 2500.0], [0, 0, 3500.0]]), np.array([[0.1, 0.0, 1.0]] * 3), number=11)
    card = detector(*DUMP)
    assert measured(card, chunk)["pass_invisible"].tolist() == [True, False, True]  # type: ignore[union-attr]
    absorbing = measured(detector(*DUMP, "absorbs=true"), chunk)
    assert absorbing["MissingEnergy"].tolist() == [0, 0, 20]  # type: ignore[union-attr]
    made = generate("padme", tmp_path / "events.root", events=50).path
    prompt = simulate(made, card, tmp_path / "reco.root", allow_other=True)
    assert prompt.passed["pass_invisible"] == 50
    with EventFile(prompt.path) as file:
        (chunk,) = file.chunks()
    assert jagged(chunk).counts.sum() == 0


@pytest.mark.parametrize("end", ["ecal_distance: 1 m", "calorimeter_length: 1 m", "radius: 1 m"])
def test_a_dump_larger_than_the_detector(end: str) -> None:
    with pytest.raises(CardError, match=r"geometry\.shielding: leaves nothing to measure: it reaches beyond the detector"):
        detector(f"geometry={{shielding: 2 m, {end}}}")


def test_vetoes_see_nothing_beyond() -> None:
    """A photon beyond the plane vetoes nothing, and is not the one that was measured."""
    chunk = decays(np.array([[0, 0, 10.0], [0, 0, 9000.0]]), np.array([[0.1, 0.0, 1.0]] * 2))
    jagged(chunk, "GenPart")["energy"][1] = 11.0
    card = detector(*PLANE)
    reco = measured(card, chunk)
    meta = {**META, "cards": {"detector": card.resolved}}
    veto = Veto.model_validate({"name": "veto", "particle": "photon", "inefficiency": 0.1})
    assert veto.missed(EventView(reco, meta)) == pytest.approx([0.1, 1.0])  # the other photon, and nothing
    without = {**META, "cards": {"detector": detector("geometry={ecal_distance: 10 m}").resolved}}
    assert veto.missed(EventView(reco, without)) == pytest.approx([0.1, 0.01])  # negative control: a plane farther away


# --- where they meet the detector --------------------------------------------------------------------------------------


def rays(count: int = 500) -> tuple[Array, Array]:
    """Vertices within 30 cm of the origin (mm), and directions over the forward half."""
    rng = np.random.default_rng(11)
    vertex = rng.uniform(-300.0, 300.0, (count, 3))
    directions = rng.normal(size=(count, 3))
    directions[:, 2] = np.abs(directions[:, 2]) + 0.3
    return vertex, directions


def walked(vertex: Array, direction: Array, outside: Any) -> Array:
    """Where a ray leaves a volume, by bisection of the path."""
    n = direction / np.linalg.norm(direction)
    low, high = 0.0, 1e5
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if outside(vertex + middle * n) else (middle, high)
    place: Array = vertex + high * n
    return place


@pytest.mark.parametrize(
    ("overrides", "outside"),
    [
        (PLANE, lambda place: place[2] > 3000.0),
        (OWN_PLANE, lambda place: place[2] > 3000.0),
        (SPHERE, lambda place: np.linalg.norm(place) > 1000.0),
        (OWN_SPHERE, lambda place: np.linalg.norm(place) > 1000.0),
    ],
)
def test_photons_are_measured_where_they_meet_the_detector(overrides: list[str], outside: Any) -> None:
    vertex, directions = rays()
    found = jagged(measured(detector(*overrides), decays(vertex, directions)))
    places = np.repeat([walked(v, d, outside) for v, d in zip(vertex, directions, strict=True)], 2, axis=0)
    theta, phi = np.arctan2(np.hypot(places[:, 0], places[:, 1]), places[:, 2]), np.arctan2(places[:, 1], places[:, 0])
    np.testing.assert_allclose(found["theta"], theta, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.cos(found["phi"] - phi), 1, rtol=0, atol=1e-12)
    if overrides is PLANE:
        np.testing.assert_allclose(found["x"], places[:, 0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["y"], places[:, 1], rtol=0, atol=1e-5)
    true = np.arctan2(np.hypot(directions[:, 0], directions[:, 1]), directions[:, 2]).repeat(2)
    assert np.median(np.abs(found["theta"] - true)) > 0.02  # negative control: not as from the origin


def test_without_a_place_photons_have_their_true_angles() -> None:
    """In a card without a size, where flights are shorter than a millimetre, and in a calorimeter that is the target."""
    vertex, directions = rays()
    true = np.arctan2(np.hypot(directions[:, 0], directions[:, 1]), directions[:, 2]).repeat(2)
    for card, vertices in ((detector(), vertex / 1000), (detector(*LENGTH), vertex / 2)):
        found = jagged(measured(card, decays(vertices, directions)))
        np.testing.assert_allclose(found["theta"], true, rtol=1e-12)


@pytest.mark.parametrize("overrides", [PLANE, SPHERE, OWN_SPHERE, LENGTH])
def test_prompt_photons_stay_as_they_are_to_the_bit(overrides: list[str]) -> None:
    vertex, directions = rays()
    chunk = decays(np.zeros_like(vertex), directions)
    particles = jagged(chunk, "GenPart")
    bare = {name: column for name, column in particles.fields.items() if name not in ("vx", "vy", "vz")}
    without = {**chunk, "GenPart": Jagged(particles.offsets, bare)}
    card = detector(*overrides)
    found, expected = jagged(measured(card, chunk)), jagged(measured(card, without))
    assert all(np.array_equal(found[name], expected[name], equal_nan=True) for name in found.fields)


# --- a card without a size ---------------------------------------------------------------------------------------------


def test_a_card_without_a_size_is_not_settled() -> None:
    """An error that names both cards, where something that may be seen flies further than a millimetre."""
    near, far = np.array([[0, 0, 0.9]]), np.array([[0, 0, 1.1]])
    along = np.array([[0.1, 0.0, 1.0]])
    card = detector()
    for number in (22, 11):
        assert measured(card, decays(near, along, number))
        with pytest.raises(InputError) as error:
            measured(card, decays(far, along, number))
        for part in ("delphi.yaml: geometry.radius: is missing", "'mine' (decay: visible)", "up to 0.0011 m", "'delphi'"):
            assert part in str(error.value)
    assert measured(card, decays(far, along, number=4900101))  # invisible wherever
    assert measured(detector(*SPHERE), decays(far, along))


def test_depth_in_a_target_is_no_flight() -> None:
    """Particles made deep in a target have not decayed in flight: no size is needed for them."""
    chunk = decays(np.array([[0, 0, 0.5]]), np.array([[0.1, 0.0, 1.0]]))
    particles = jagged(chunk, "GenPart")
    particles["vz"][:] += 100.0
    assert jagged(measured(detector(), chunk)).counts.tolist() == [2]


def test_packaged_cards_have_a_size() -> None:
    """Each packaged detector knows where it ends."""
    for name in packaged("detector"):
        card = DetectorCard.load(name)
        assert card.depth is not None or card.sphere is not None


# --- from cards to counts ----------------------------------------------------------------------------------------------

VISIBLE = ["decay=visible", "model={m_a: 300 MeV, g_agamma: 4e-6 /GeV, g_ae: 0 /GeV}"]


@pytest.mark.parametrize(("process", "name", "reach"), [("collider", "belle2", 1250.0), ("collider", "delphi", 2080.0)])
def test_share_of_decays_in_a_detector(process: str, name: str, reach: float, tmp_path: Path) -> None:
    """1 - exp(-R m / (p c tau)) of the ALPs decay within R: two photons more in each such event."""
    path = generate(process, tmp_path / "events.root", events=4000, overrides=VISIBLE).path
    reco = simulate(path, name, tmp_path / "reco.root").path
    with EventFile(reco) as file:
        (chunk,) = file.chunks()
    particles = jagged(chunk, "GenPart")
    alp = particles["pdgId"] == ALP
    momentum = np.sqrt(sum(particles[k][alp] ** 2 for k in ("px", "py", "pz")))
    length = proper_length(ProcessCard.load(process, VISIBLE)) * momentum / 0.3
    expected = -np.expm1(-reach / length)
    assert 0.1 < expected.mean() < 0.9
    inside = jagged(chunk).counts > 1
    error = math.sqrt(float((expected * (1 - expected)).sum())) / len(expected)
    assert abs(inside.mean() - expected.mean()) < 4 * error
    assert (jagged(chunk).counts[~inside] == 1).all()


def test_e137_measures_what_decays_behind_its_hill(tmp_path: Path) -> None:
    """Photons between 179 m and 383 m; in front and behind there are none."""
    overrides = ["model.g_agamma=2e-5 /GeV", "model.m_a=30 MeV"]
    path = generate("e137-primakoff", tmp_path / "events.root", events=2000, overrides=overrides).path
    with EventFile(simulate(path, "e137", tmp_path / "reco.root").path) as file:
        (chunk,) = file.chunks()
    particles = jagged(chunk, "GenPart")
    vz = particles["vz"].reshape(2000, -1)[:, -1]
    within = (vz > 179e3) & (vz < 383e3)
    assert 50 < within.sum() < 1950
    assert (vz > 383e3).any()
    assert (vz < 179e3).any()
    assert np.array_equal(jagged(chunk).counts, np.where(within, 2, 0))
