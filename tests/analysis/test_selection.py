"""Cuts on named quantities, against the same cuts written out in numpy."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import passing
from alphoton.analysis.selection import DIMENSIONS, Axis, Cut, EventView
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, Jagged
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import source_meta
from alphoton.generators.kinematics import collider
from alphoton.generators.process_card import ProcessCard

Array = NDArray[Any]
ROOT_S, MASS = 10.0, 0.5
META = {"beams": [collider(ROOT_S, 0.56).as_dict(), collider(2 * ROOT_S).as_dict()], "mass": MASS}


def by_hand() -> EventView:
    """Four events: two photons, none, one, one (in the second run); truth has one photon each, of 3 GeV nearly along z.

    Exactly along z it would be radiation that stays in the beam pipe.
    """
    photons = {
        "energy": np.array([4.0, 1.0, 2.0, 9.0]),
        "theta": np.array([0.5, 1.0, 1.5, 2.0]),
        "phi": np.array([0.1, 0.2, 0.3, 0.4]),
        "x": np.array([1.0, 2.0, 3.0, 4.0]),
        "y": np.array([0.0, 0.0, -4.0, 3.0]),
    }
    truth = {"pdgId": np.full(4, 22), "status": np.ones(4, dtype=int), "px": np.full(4, 1e-12), "py": np.zeros(4)}
    chunk: Chunk = {
        "run": np.array([0, 0, 0, 1], dtype=np.int32),
        "MissingMass2": np.array([0.25, np.nan, 4.0, -1.0]),
        "pass_invisible": np.array([True, True, True, True]),
        "pass_trigger": np.array([True, True, False, True]),
        "Photon": Jagged(np.array([0, 2, 2, 3, 4]), photons),
        "GenPart": Jagged.fixed(1, {**truth, "pz": np.full(4, 3.0), "energy": np.full(4, 3.0)}),
    }
    return EventView(chunk, META)


def test_the_photon_is_the_first_one() -> None:
    view = by_hand()
    expected = {"energy": [4, math.nan, 2, 9], "phi": [0.1, math.nan, 0.3, 0.4], "radius": [1, math.nan, 5, 5]}
    for name, values in expected.items():
        np.testing.assert_allclose(view.quantity(f"photon.{name}"), values, rtol=1e-15)
    assert view.quantity("photon.count").tolist() == [2, 0, 1, 1]


def test_the_true_photon_is_another_one() -> None:
    view = by_hand()
    assert view.quantity("true_photon.energy").tolist() == [3.0] * 4
    assert view.quantity("true_photon.cos_theta").tolist() == [1.0] * 4
    # a photon along the boost: E* = E (sqrt(1 + 0.56^2) - 0.56); the second run is not boosted
    slowed = 3.0 * (math.hypot(1, 0.56) - 0.56)
    assert view.quantity("true_photon.energy", "cm") == pytest.approx([slowed, slowed, slowed, 3.0])


def test_missing_mass() -> None:
    """Its square may be negative; then there is no missing mass."""
    assert by_hand().quantity("missing_mass") == pytest.approx([0.5, math.nan, 2.0, math.nan], nan_ok=True)
    assert by_hand().quantity("missing_mass2") == pytest.approx([0.25, math.nan, 4.0, -1.0], nan_ok=True)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"quantity": "photon.energy", "min": "0 GeV"}, [True, False, True, True]),
        ({"quantity": "photon.energy", "max": "1 TeV"}, [True, False, True, True]),
        ({"quantity": "photon.energy", "in_units_of": "beam_energy", "min": 0.5, "max": 1}, [True, False, False, True]),
        ({"quantity": "photon.count", "max": 0}, [False, True, False, False]),
        ({"quantity": "photon.count", "min": 1, "max": 2}, [True, False, True, True]),
        ({"quantity": "missing_mass", "min": "0 GeV"}, [True, False, True, False]),
        ({"quantity": "missing_mass2", "max": "0.25 GeV^2"}, [True, False, False, True]),
        ({"quantity": "missing_mass2", "min": "2.5e5 MeV^2"}, [True, False, True, False]),
        ({"quantity": "true_photon.energy", "max": "3 GeV"}, [True, True, True, True]),
    ],
)
def test_cuts(cut: dict[str, Any], expected: list[bool]) -> None:
    """NaN never passes, whichever side is cut."""
    assert Cut(**cut).passes(by_hand()).tolist() == expected


def test_every_quantity_has_a_value_for_every_event() -> None:
    for name in set(DIMENSIONS) - {"missing_energy"}:
        for frame in ("lab", "cm"):
            assert by_hand().quantity(name, frame).shape == (4,)  # type: ignore[arg-type]


def test_missing_energy_needs_a_calorimeter_that_is_the_target() -> None:
    with pytest.raises(InputError, match="absorbs: true"):
        by_hand().quantity("missing_energy")


@pytest.mark.parametrize(
    ("low", "high", "mass", "made"),
    [
        (None, None, 0.0, True),
        (None, "5.5 GeV", 5.5, True),
        (None, "5.5 GeV", 5.500001, False),
        ("5.5 GeV", None, 5.5, False),
        ("5.5 GeV", None, 5.500001, True),
        ("1 GeV", "2 GeV", 1.5, True),
        ("1 GeV", "2 GeV", 0.5, False),
    ],
)
def test_a_cut_for_some_masses(low: str | None, high: str | None, mass: float, made: bool) -> None:
    """Above `min` and up to `max`: BaBar's two selections meet at 5.5 GeV and each mass has exactly one."""
    masses = {key: value for key, value in (("min", low), ("max", high)) if value is not None}
    card = AnalysisCard.load(
        "babar", [f"selection=[{{name: only, quantity: photon.theta, max: 0 rad, for_mass: {masses}}}]"]
    )
    view = by_hand()
    view.meta = {**META, "mass": mass}
    steps = passing(card, view)
    assert [name for name, _ in steps] == ["generated", "pass_invisible", "pass_trigger", *(["only"] if made else [])]


@pytest.mark.parametrize(
    ("cut", "label"),
    [
        ({"quantity": "photon.theta", "min": "15 mrad", "max": "80 mrad"}, "15 mrad < photon.theta < 80 mrad"),
        ({"quantity": "photon.cos_theta", "frame": "cm", "max": 0.6}, "photon.cos_theta (cm) < 0.6"),
        ({"quantity": "photon.energy", "in_units_of": "beam_energy", "min": 0.9}, "0.9 < photon.energy/E_beam"),
        ({"quantity": "photon.theta", "name": "angle", "min": "15 mrad"}, "angle"),
    ],
)
def test_labels(cut: dict[str, Any], label: str) -> None:
    assert Cut(**cut).label == label


def test_the_steps_are_the_flags_and_then_the_cuts_in_order() -> None:
    """On DELPHI's events, smeared: each step is the one before it and its own condition, in numpy."""
    source = EventSource(ProcessCard.load("delphi"))
    meta = {**source_meta(source), "detector_seed": 1}
    chunk = reconstruct(DetectorCard.load("delphi"), source.chunk(0, 20_000).events, meta, 0)
    photons = chunk["Photon"]
    assert isinstance(photons, Jagged)
    assert np.all(photons.counts == 1)
    root_s = np.array([beam["sqrt_s"] for beam in meta["beams"]])[chunk["run"]]
    in_angle = np.abs(np.cos(photons["theta"])) <= math.sqrt(0.5)
    in_energy = (photons["energy"] / (root_s / 2) >= 0.9) & (photons["energy"] / (root_s / 2) <= 1.05)
    trigger = chunk["pass_trigger"]
    expected = {
        "generated": np.ones(20_000, dtype=bool),
        "pass_invisible": np.ones(20_000, dtype=bool),
        "pass_trigger": trigger,
        "angle": trigger & in_angle,
        "energy": trigger & in_angle & in_energy,
    }
    found = dict(passing(AnalysisCard.load("delphi"), EventView(chunk, meta)))
    assert list(found) == list(expected)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_an_axis_in_units_of_the_beam_energy() -> None:
    axis = Axis(quantity="photon.energy", in_units_of="beam_energy", bins=10, min=0, max=2)
    assert axis.bounds() == (0.0, 2.0)
    assert axis.values(by_hand()) == pytest.approx([0.8, math.nan, 0.4, 0.9], nan_ok=True)
