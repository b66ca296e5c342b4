"""Decays of the ALP in the event record: shares, isotropy, balance, flight paths, mothers, status codes."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from alphoton.data.event_file import EventFile
from alphoton.generators.constants import ELECTRON_MASS, HBARC_MM, MUON_MASS
from alphoton.generators.decays import fraction, proper_length, two_body
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import generate
from alphoton.generators.jit import Array
from alphoton.generators.model import branching_ratios, widths
from alphoton.generators.process_card import ProcessCard
from reference import checks

COUNT = 50_000
# 300 MeV, with photons, electrons, muons and chi (50 MeV) of about the same width
MODEL = "model={m_a: 300 MeV, g_agamma: 1e-5 /GeV, g_ae: 2e-3 /GeV, g_amu: 1e-5 /GeV, g_achi: 2e-5 /GeV, m_chi: 50 MeV}"
MASSES = {22: 0.0, 11: ELECTRON_MASS, 13: MUON_MASS, 4900101: 0.05}
CHANNELS = {"photons": 22, "electrons": 11, "muons": 13, "invisible": 4900101}


@cache
def record(name: str, decay: str, *overrides: str) -> tuple[ProcessCard, dict[str, Array]]:
    """The card, and the record of a first chunk as columns (events, particles)."""
    card = ProcessCard.load(name, [*(overrides or (MODEL,)), f"decay={decay}"])
    found = EventSource(card).chunk(0, COUNT).events["GenPart"]
    return card, {key: column.reshape(COUNT, -1) for key, column in found.fields.items()}


def p4(columns: dict[str, Array], row: int) -> Array:
    return np.stack([columns[key][:, row] for key in ("px", "py", "pz", "energy")], axis=1)


@pytest.mark.parametrize("decay", ["all", "visible", "invisible"])
def test_shares(decay: str) -> None:
    """The channels by their branching ratios among those that the card writes; nothing else."""
    card, columns = record("na64-primakoff", decay)
    ratios = branching_ratios(card.couplings)
    assert min(ratios.values()) > 0.05
    wanted = {"all": CHANNELS, "visible": ("photons", "electrons", "muons"), "invisible": ("invisible",)}[decay]
    total = sum(ratios[name] for name in wanted)
    assert fraction(card) == pytest.approx(total, rel=1e-14)
    first, second = columns["pdgId"][:, 3], columns["pdgId"][:, 4]
    assert set(first) == {CHANNELS[name] for name in wanted}
    assert np.all(second == np.where(first == 22, 22, -first))
    counts = [int((first == CHANNELS[name]).sum()) for name in wanted]
    expected = [COUNT * ratios[name] / total for name in wanted]
    if len(counts) > 1:
        assert stats.chisquare(counts, expected).pvalue > checks.LIKELY
        assert stats.chisquare(counts, COUNT * np.full(len(counts), 1 / len(counts))).pvalue < checks.IMPOSSIBLE


@pytest.mark.parametrize("name", ["na64-primakoff", "bremsstrahlung-lead"])
def test_record(name: str) -> None:
    """Balance with the ALP, mass shells, status 2 and the mothers; what was there before is as it was."""
    card, columns = record(name, "all")
    _, before = record(name, "none")
    rows = before["pdgId"].shape[1]
    assert columns["pdgId"].shape == (COUNT, rows + 2)
    for key, column in before.items():
        if key != "status":
            assert np.array_equal(columns[key][:, :rows], column)
    assert np.array_equal(np.delete(columns["status"][:, :rows], 1, axis=1), np.delete(before["status"], 1, axis=1))
    assert np.all(columns["status"][:, 1] == 2)
    assert np.all(columns["status"][:, rows:] == 1)
    assert np.all(columns["genPartIdxMother"][:, rows:] == 1)
    assert np.all(columns["pdgId"][:, 1] == card.ids.alp)
    parent, one, two = (p4(columns, row) for row in (1, rows, rows + 1))
    assert (np.abs(parent - one - two) / parent[:, 3:]).max() < 1e-13
    masses = np.vectorize(MASSES.get)(np.abs(columns["pdgId"][:, rows]))
    for row, daughter in ((rows, one), (rows + 1, two)):
        off = daughter[:, 3] ** 2 - (daughter[:, :3] ** 2).sum(axis=1) - masses**2
        assert (np.abs(off) / parent[:, 3] ** 2).max() < 1e-13
        assert np.array_equal(columns["mass"][:, row], masses)


def test_isotropy() -> None:
    """cos theta* and phi* in the ALP's rest frame are flat and know nothing of each other; of each channel."""
    card, columns = record("na64-primakoff", "all")
    parent, one, two = (p4(columns, row) for row in (1, 3, 4))
    gamma, momentum = parent[:, 3] / card.mass, np.sqrt((parent[:, :3] ** 2).sum(axis=1))
    p_star = np.sqrt(card.mass**2 / 4 - columns["mass"][:, 3] ** 2)
    cos = (one[:, 3] - two[:, 3]) / 2 * card.mass / momentum / p_star
    # across the flight: the axes x and y less what lies along it
    direction = parent[:, :3] / momentum[:, None]
    across = one[:, :3] - (one[:, :3] * direction).sum(axis=1)[:, None] * direction
    phi = np.arctan2(across[:, 1], across[:, 0])
    assert np.abs(across).max() < card.mass
    assert gamma.min() > 100
    flat = np.full(20, 0.05)
    assert np.abs(cos).max() < 1 + 1e-9
    for number in CHANNELS.values():
        of = columns["pdgId"][:, 3] == number
        assert checks.histogram_p(np.clip(cos[of], -1, 1), np.linspace(-1, 1, 21), flat) > checks.LIKELY
        assert checks.histogram_p(phi[of], np.linspace(-np.pi, np.pi, 21), flat) > checks.LIKELY
    assert abs(np.corrcoef(cos, np.cos(phi))[0, 1]) < 4 / math.sqrt(COUNT)
    energies = 2 * one[:, 3] / parent[:, 3]  # flat between 1 -+ beta p*/E*, which the channels' masses narrow
    assert checks.histogram_p(energies, np.linspace(0, 2, 21), flat) < checks.IMPOSSIBLE


@pytest.mark.parametrize(("mass", "daughter"), [(1.0, 0.0), (1.0, 0.5), (1.0, 0.4999)])
def test_a_decay_at_rest(mass: float, daughter: float) -> None:
    """At rest, where a boost along the momentum has no direction, and at threshold."""
    parent = np.tile([0.0, 0.0, 0.0, mass], (1000, 1))
    one, two = two_body(parent, np.full(1000, mass), np.full(1000, daughter), np.random.default_rng(1))
    assert np.all(one[:, 3] == mass / 2)
    assert np.all(one[:, :3] == -two[:, :3])
    assert np.allclose((one[:, :3] ** 2).sum(axis=1), mass**2 / 4 - daughter**2, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["na64-primakoff", "primakoff-lead", "bremsstrahlung-lead"])
@pytest.mark.parametrize("decay", ["all", "visible"])
def test_flight(name: str, decay: str) -> None:
    """From where it was made along its momentum, exponential with c tau p/m of the *total* width, whatever is written."""
    card, columns = record(name, decay)
    total = sum(widths(card.couplings).values())
    assert proper_length(card) == HBARC_MM / total
    last = columns["pdgId"].shape[1] - 1
    made, ended = (np.stack([columns[key][:, row] for key in ("vx", "vy", "vz")], axis=1) for row in (1, last))
    momentum = p4(columns, 1)[:, :3]
    flight, size = ended - made, np.sqrt((momentum**2).sum(axis=1))
    length = np.sqrt((flight**2).sum(axis=1))
    aligned = (flight * momentum).sum(axis=1) / (length * size)
    assert np.quantile(np.abs(aligned - 1), 0.99) < 1e-9  # a short flight from a deep vertex has few digits
    times = length / (size / card.mass * HBARC_MM / total)
    assert stats.kstest(times, "expon").pvalue > checks.LIKELY
    assert stats.kstest(times * 1.05, "expon").pvalue < checks.IMPOSSIBLE
    others = [row for row in range(last - 1) if row != 1]
    assert np.all(columns["vz"][:, others] == columns["vz"][:, 1:2])
    assert np.all(columns["vz"][:, last] == columns["vz"][:, last - 1])
    assert columns["vz"][:, 1].any() == (name == "na64-primakoff")


def test_vertices_only_where_something_flies() -> None:
    """A thin target without decays has none; a thick one has its depth; a decay has its own. Also in a collider's events."""
    assert "vz" not in record("primakoff-lead", "none")[1]
    assert "vz" in record("na64-primakoff", "none")[1]
    assert "vz" in record("primakoff-lead", "visible")[1]
    assert "vz" not in record("padme", "none", "model.m_a=10 MeV")[1]
    card, columns = record("padme", "visible", "model={m_a: 10 MeV, g_agamma: 1 /GeV, g_ae: 1 /GeV}")
    assert "vz" in columns
    assert columns["pdgId"].shape[1] == 4
    row = int(np.argmax(columns["pdgId"][0] == card.ids.alp))
    assert (np.abs(p4(columns, row) - p4(columns, 2) - p4(columns, 3)).max()) < 1e-13


def test_file(tmp_path: Path) -> None:
    """The branching ratio of what is written, and the vertices, are in the file; workers change nothing."""
    results = [
        generate("primakoff-lead", tmp_path / f"{w}.root", events=1000, workers=w, overrides=[MODEL, "decay=visible"])
        for w in (1, 2)
    ]
    card = ProcessCard.load("primakoff-lead", [MODEL, "decay=visible"])
    with EventFile(results[0].path) as one, EventFile(results[1].path) as two:
        assert one.meta["decay_fraction"] == pytest.approx(fraction(card), rel=1e-14)
        assert 0.1 < fraction(card) < 0.95
        (first,), (second,) = (list(file.chunks()) for file in (one, two))
    for key in ("vx", "vy", "vz", "px", "pdgId"):
        assert np.array_equal(first["GenPart"][key], second["GenPart"][key])
    assert results[0].cross_section_pb == results[1].cross_section_pb
