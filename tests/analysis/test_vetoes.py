"""Vetoes: what is seen besides the photon multiplies the event's weight by what the detectors miss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alphoton.analysis.analyse import analyse
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import count
from alphoton.analysis.selection import EventView
from alphoton.analysis.vetoes import Veto
from alphoton.data.errors import CardError
from alphoton.data.event_file import Chunk, EventFile, Jagged
from alphoton.detectors.simulate import simulate
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.generate import generate
from alphoton.generators.kinematics import on_target

META = {"beams": [on_target(0.55).as_dict()], "mass": 0.0, "couplings": {"one": 1.0}}


def by_hand() -> EventView:
    """Three events with a photon measured at 40 mrad, beside a positron, a photon at 10 mrad, and more of both.

    The photon measured in each was at 39 mrad, and in the last the other one at 38 mrad on the other side.
    """
    theta = np.array([0.039, 0.02, 0.039, 0.01, 0.039, 0.01, 0.012, -0.038, 0.3])
    number = np.array([22, -11, 22, 22, 22, 22, 22, 22, -11])
    energy = np.array([0.2, 0.3, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1, 0.04])
    truth = {"pdgId": number, "status": np.ones(9, dtype=int), "energy": energy, "py": np.zeros(9)}
    truth |= {"px": energy * np.sin(theta), "pz": energy * np.cos(theta)}
    measured = {"energy": np.full(3, 0.2), "theta": np.full(3, 0.04), "phi": np.zeros(3), "x": np.zeros(3), "y": np.zeros(3)}
    chunk: Chunk = {
        "run": np.zeros(3, dtype=np.int32),
        "genWeight": np.array([1.0, 2.0, 1.0]),
        "weight_one": np.ones(3),
        "MissingMass2": np.zeros(3),
        "pass_invisible": np.ones(3, dtype=bool),
        "Photon": Jagged(np.array([0, 1, 2, 3]), measured),
        "GenPart": Jagged(np.array([0, 2, 4, 9]), truth),
    }
    return EventView(chunk, META)


def veto(**keys: object) -> Veto:
    return Veto.model_validate({"name": "veto", **keys})


def test_what_is_missed() -> None:
    view = by_hand()
    positrons = veto(particle="positron", inefficiency=0.1)
    assert positrons.missed(view) == pytest.approx([0.1, 1, 0.1])
    assert veto(particle="positron", min_energy="50 MeV", inefficiency=0.1).missed(view) == pytest.approx([0.1, 1, 1])
    assert veto(particle="photon", max_angle="15 mrad", inefficiency=0.2).missed(view) == pytest.approx([1, 0.2, 0.04])
    assert veto(particle="photon", inefficiency=0.2).missed(view) == pytest.approx([1, 0.2, 0.008])  # not the one measured
    assert veto(particle="photon", max_angle="15 mrad", inefficiency=0).missed(view).tolist() == [1, 0, 0]


def test_weights_are_what_is_missed() -> None:
    one = "{name: a, particle: positron, inefficiency: 0.1}"
    other = "{name: b, particle: photon, max_angle: 15 mrad, inefficiency: 0.2}"
    card = AnalysisCard.load("padme", [f"vetoes=[{one}, {other}]"])
    sums, share = count(card, by_hand())
    assert sums.steps == ("generated", "pass_invisible", "angle", "energy", "a", "b")
    assert share == pytest.approx([0.1, 0.2, 0.1 * 0.04])
    assert sums.sums[:, 0] == pytest.approx([4, 4, 4, 4, 0.1 + 2 + 0.1, 0.1 + 0.4 + 0.004])
    assert sums.squares[-1, 0] == pytest.approx(0.1**2 + 0.4**2 + 0.004**2)
    assert sums.mixed[-1, 0] == pytest.approx(0.1 + 2**2 * 0.2 + 0.004)
    assert sums.entries.tolist() == [3] * 6


def test_a_range_must_not_be_empty() -> None:
    with pytest.raises(CardError, match="max_energy: the range is inverted"):
        AnalysisCard.load("padme-vetoes", ["vetoes.0.min_energy=50 MeV", "vetoes.0.max_energy=40 MeV"])


def test_the_chain_of_a_background(tmp_path: Path) -> None:
    """A positron that goes out loses the event with `padme`, and all but the inefficiency of it with `padme-vetoes`.

    The missing mass squared is that of an annihilation, 2 m_e (E - k) - E k theta^2 about.
    """
    events, card = tmp_path / "events.root", "padme-bethe-heitler"
    generate(card, events, events=20_000)
    without, with_vetoes = tmp_path / "without.root", tmp_path / "with.root"
    simulate(events, "padme", without)
    simulate(events, "padme-vetoes", with_vetoes)
    assert analyse(without, "padme").efficiency == 0
    blind = analyse(with_vetoes, "padme-vetoes", overrides=["vetoes.0.inefficiency=1"])
    seen = analyse(with_vetoes, "padme-vetoes")
    assert 0.2 < blind.efficiency < 0.4
    assert seen.efficiency == pytest.approx(1e-3 * blind.efficiency, rel=1e-9)
    assert seen.efficiency_error < 0.02 * seen.efficiency
    slow = analyse(with_vetoes, "padme-vetoes", overrides=["vetoes.0.min_energy=100 MeV"])
    assert slow.efficiency > 5 * seen.efficiency
    with EventFile(with_vetoes) as file:
        (chunk,) = file.chunks(["Photon", "MissingMass2"])
    photon, missing = chunk["Photon"], chunk["MissingMass2"]
    assert isinstance(photon, Jagged)
    has_one = photon.counts == 1
    energy, theta = photon["energy"], photon["theta"]
    expected = 2 * ELECTRON_MASS * (0.55 - energy) - 0.55 * energy * theta**2
    np.testing.assert_allclose(np.asarray(missing)[has_one], expected, atol=2e-6)
