"""Efficiency tables against a search bin by bin, and what survives against the binomial."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from alphoton.data.event_file import Chunk, Jagged
from alphoton.detectors.acceptance import EfficiencyTable
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.observables import Beam, photon_quantity
from alphoton.detectors.simulate import reconstruct, true_photons
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from reference import checks

COUNT = 20_000
TABLE = EfficiencyTable(
    quantities=("theta", "energy"),
    edges=(("0 mrad", "15 mrad", "80 mrad"), ("30 MeV", "100 MeV", "300 MeV", "0.5 GeV")),
    content=[[0.0, 0.1, 0.2], [0.5, 0.9, 1.0]],
)
THETA, ENERGY = [0.0, 0.015, 0.080], [0.03, 0.1, 0.3, 0.5]


def by_hand(theta: float, energy: float, flow: str) -> float:
    """The content of the bin that holds the point: lower edge in, upper edge out except the last."""
    if flow == "clamp":
        theta, energy = min(max(theta, THETA[0]), THETA[-1]), min(max(energy, ENERGY[0]), ENERGY[-1])
    for i in range(2):
        for j in range(3):
            in_row = THETA[i] <= theta < THETA[i + 1] or (i == 1 and theta == THETA[2])
            in_column = ENERGY[j] <= energy < ENERGY[j + 1] or (j == 2 and energy == ENERGY[3])
            if in_row and in_column:
                return [[0.0, 0.1, 0.2], [0.5, 0.9, 1.0]][i][j]
    return 0.0


def table(**keys: Any) -> EfficiencyTable:
    return TABLE.model_copy(update=keys)


points = st.tuples(
    st.one_of(st.sampled_from(THETA), st.floats(-0.1, 0.2)), st.one_of(st.sampled_from(ENERGY), st.floats(-0.1, 1.0))
)


@settings(deadline=None, max_examples=100, derandomize=True, database=None)
@given(st.lists(points, min_size=1, max_size=30), st.sampled_from(["clamp", "zero"]))
def test_look_up(points: list[tuple[float, float]], flow: str) -> None:
    found = table(flow=flow).look_up(list(np.array(points).T))
    assert found.tolist() == [by_hand(*point, flow) for point in points]


def test_edges_are_inclusive_at_both_ends() -> None:
    columns = [np.array(THETA), np.array([0.03, 0.3, 0.5])]
    assert table(flow="zero").look_up(columns).tolist() == [0.0, 1.0, 1.0]
    outside = [np.nextafter(columns[0], [-1, 0, 1]), columns[1]]
    assert table(flow="zero").look_up(outside).tolist() == [0.0, 0.2, 0.0]
    assert table(flow="clamp").look_up(outside).tolist() == [0.0, 0.2, 1.0]


@pytest.mark.parametrize("flow", ["clamp", "zero"])
def test_a_photon_without_the_quantity_is_not_seen(flow: str) -> None:
    """NaN: a photon that flies away from the calorimeter has no x there, and is in none of the bins."""
    assert table(flow=flow).look_up([np.array([np.nan]), np.array([0.4])]).tolist() == [0.0]


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ({"content": [[0.0, 0.1, 0.2]]}, ("content",), r"has shape \(1, 3\), the edges make \(2, 3\)"),
        ({"content": [0.0, 0.1, 0.2, 0.5, 0.9, 1.0]}, ("content",), r"has shape \(6,\), the edges make \(2, 3\)"),
        ({"content": [[0.0, 0.1, 0.2], [0.5]]}, ("content",), r"numbers nested as \(2, 3\)"),
        ({"content": [[0.0, 0.1, 0.2], [0.5, 0.9, 1.1]]}, ("content",), "between 0 and 1"),
        ({"content": [[0.0, 0.1, 0.2], [0.5, 0.9, math.nan]]}, ("content",), "between 0 and 1"),
        ({"content": "half"}, ("content",), "must be numbers"),
        ({"quantities": ("theta",)}, ("edges",), "2 lists of edges for 1 quantities"),
        ({"quantities": ("theta", "charge")}, ("quantities", 1), "unknown quantity 'charge'"),
        ({"edges": (("0 mrad", "15 mrad", "15 mrad"), TABLE.edges[1])}, ("edges", 0), "increase"),
        ({"edges": (TABLE.edges[0], ("30 MeV",))}, ("edges", 1), "at least two"),
        ({"edges": (TABLE.edges[0], (30, 100, 300, 500))}, ("edges", 1), "the unit is missing"),
        ({"quantities": (), "edges": (), "content": 0.5}, ("quantities",), "at least one"),
    ],
)
def test_wrong_tables(keys: dict[str, Any], path: tuple[str | int, ...], message: str) -> None:
    assert list(TABLE.problems()) == []
    ((found, text),) = table(**keys).problems()
    assert found == path
    assert re.search(message, text)


# --- what survives -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def padme() -> tuple[Chunk, dict[str, Any]]:
    """A chunk of PADME's events, and what its file would say of them."""
    source = EventSource(ProcessCard.load("padme"))
    return source.chunk(0, COUNT).events, {**source_meta(source), "detector_seed": 1}


def seen_by(module: str, padme: tuple[Chunk, dict[str, Any]]) -> Chunk:
    """The chunk behind a detector of one module."""
    return reconstruct(DetectorCard.load("padme", [f"modules=[{module}]"]), *padme, 0)


@pytest.mark.parametrize("module", ["{type: trigger, efficiency: 84 %}", "{type: efficiency, value: 0.84}"])
def test_a_share_of_the_events_survives(module: str, padme: tuple[Chunk, dict[str, Any]]) -> None:
    reco = seen_by(module, padme)
    name = "pass_trigger" if "trigger" in module else "pass_efficiency"
    passed = int(reco[name].sum())  # type: ignore[union-attr]
    assert binomtest(passed, COUNT, 0.84).pvalue > checks.LIKELY
    assert binomtest(passed, COUNT, 0.86).pvalue < checks.IMPOSSIBLE  # negative control
    photons = reco["Photon"]
    assert isinstance(photons, Jagged)
    # a trigger takes whole events, an efficiency takes photons
    assert photons.counts.sum() == (COUNT if "trigger" in module else passed)


@pytest.mark.parametrize(("value", "passed"), [("0", 0), ("100 %", COUNT)])
def test_none_and_all(value: str, passed: int, padme: tuple[Chunk, dict[str, Any]]) -> None:
    for module in (f"{{type: trigger, efficiency: {value}}}", f"{{type: efficiency, name: trigger, value: {value}}}"):
        assert seen_by(module, padme)["pass_trigger"].sum() == passed  # type: ignore[union-attr]


def test_a_table_thins_each_bin_by_its_content(padme: tuple[Chunk, dict[str, Any]]) -> None:
    """In bins of the angle in the centre of mass: survivors against the binomial of each bin."""
    module = (
        "{type: efficiency, table: {quantities: [cos_theta], frame: cm, edges: [[-1, 0, 0.5, 1]], content: [0.2, 0.9, 0.5]}}"
    )
    passed = seen_by(module, padme)["pass_efficiency"]
    particles = padme[0]["GenPart"]
    assert isinstance(particles, Jagged)
    beam = Beam.of_events(padme[1]["beams"], padme[0]["run"])  # type: ignore[arg-type]
    cosine = photon_quantity("cos_theta", "cm", true_photons(particles).columns, beam)
    for low, high, content in ((-1.0, 0.0, 0.2), (0.0, 0.5, 0.9), (0.5, 1.0, 0.5)):
        inside = (cosine >= low) & (cosine < high)
        survivors, tried = int(passed[inside].sum()), int(inside.sum())  # type: ignore[index]
        assert binomtest(survivors, tried, content).pvalue > checks.LIKELY
        assert binomtest(survivors, tried, content + 0.05).pvalue < checks.IMPOSSIBLE  # negative control


@pytest.mark.parametrize("frame", ["lab", "cm"])
def test_acceptance_in_either_frame(frame: str, padme: tuple[Chunk, dict[str, Any]]) -> None:
    """Without smearing the flag is the cut on the truth, and what is left of the photons passes it."""
    limits = {"lab": (0.015, 0.080), "cm": (0.5, 2.0)}[frame]
    module = f"{{type: acceptance, quantity: theta, frame: {frame}, min: {limits[0]} rad, max: {limits[1]} rad}}"
    reco, particles = seen_by(module, padme), padme[0]["GenPart"]
    assert isinstance(particles, Jagged)
    beam = Beam.of_events(padme[1]["beams"], padme[0]["run"])  # type: ignore[arg-type]
    theta = photon_quantity("theta", frame, true_photons(particles).columns, beam)  # type: ignore[arg-type]
    expected = (theta >= limits[0]) & (theta <= limits[1])
    assert 0.1 < expected.mean() < 0.9
    assert np.array_equal(reco["pass_acceptance"], expected)  # type: ignore[arg-type]
    photons = reco["Photon"]
    assert isinstance(photons, Jagged)
    assert np.array_equal(photons.counts == 1, expected)
    assert np.array_equal(np.isnan(reco["MissingMass2"]), ~expected)  # type: ignore[arg-type]


def test_acceptance_at_the_plane(padme: tuple[Chunk, dict[str, Any]]) -> None:
    """A round hole and edge in mm are angles at 3.45 m."""
    ring = "{type: acceptance, name: ring, quantity: radius, min: 51.75 mm, max: 276 mm}"
    cone = (
        f"{{type: acceptance, name: ring, quantity: theta, min: {math.atan(51.75 / 3450)} rad, max: {math.atan(0.08)} rad}}"
    )
    assert np.array_equal(seen_by(ring, padme)["pass_ring"], seen_by(cone, padme)["pass_ring"])  # type: ignore[arg-type]
