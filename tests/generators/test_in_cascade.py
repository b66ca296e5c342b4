"""Production in showers by Monte Carlo: cross-sections by quadrature, and the distributions of energies and depths."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import gammainc

from alphoton.data.card import CardError
from alphoton.generators import processes
from alphoton.generators.event_source import EventSource, Normalisation, cross_section
from alphoton.generators.generate import load_process
from alphoton.generators.matter import cascade_table, shower
from alphoton.generators.matter.cascade import TrackLengths, track_lengths
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import primakoff
from alphoton.generators.processes.nuclear import nucleus_mass
from reference import cascade as equations
from reference.checks import IMPOSSIBLE, LIKELY, histogram_p, merged

Array = NDArray[np.float64]
MONTE_CARLO = "beams.target.shower=monte_carlo"
E0, THICKNESS, LEAST = 100.0, 40.0, 0.5
MAX_PULL = 4.5


def in_cascade(name: str, *overrides: str) -> ProcessCard:
    return load_process(name, (MONTE_CARLO, *overrides))


@cache
def few_primaries(beam: float, thickness: float, least: float) -> TrackLengths:
    return track_lengths(beam, thickness, least, primaries=200_000, seed=5)


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cascade_table.packed.cache_clear()
    monkeypatch.setattr(cascade_table, "track_lengths", few_primaries)


@cache
def on_a_photon(energy: float) -> float:
    """The thin cross-section in pb at g_ag = 1 /GeV, for ALPs above half of the shower's beam."""
    card = load_process("na64-primakoff")
    p = primakoff.parameters(card, card.collisions()[0])
    p[9] = energy
    return float(quad(lambda x: primakoff.thin_density(np.array([x]), p), 0, 1, epsrel=1e-6)[0])


def by_quadrature() -> float:
    """int dE (dT/dE) sigma = sigma(E_c) T(above E_c) + int dE sigma'(E) T(above E), lengths from the cascade equations.

    What the nucleus takes is so little that sigma is 0 at the cut, and nearly its own 1 MeV above.
    """
    total = on_a_photon(50.001) * equations.lengths_above(0.50001, THICKNESS)["photon"]
    for low, high in ((50.002, 65.0), (65.0, 99.9)):
        for node, weight in zip(*leggauss(8), strict=True):
            energy = low + (high - low) * (node + 1) / 2
            slope = (on_a_photon(energy + 1e-3) - on_a_photon(energy - 1e-3)) / 2e-3
            total += weight * (high - low) / 2 * slope * equations.lengths_above(energy / E0, THICKNESS)["photon"]
    return total


@pytest.mark.usefixtures("cheap")
def test_primakoff_cross_section_by_the_cascade_equations() -> None:
    found = cross_section(in_cascade("na64-primakoff"))
    assert abs(found.value - by_quadrature()) < MAX_PULL * found.error
    assert 0.001 < found.error / found.value < 0.01  # that of the track lengths, most of it
    closed = cross_section(load_process("na64-primakoff"))
    assert closed.error / closed.value < 1e-4
    assert closed.value - found.value > 10 * found.error  # Eq. (27) is another


def of_the_closed_form(beam: float, thickness: float, least: float) -> TrackLengths:
    """A table of Eq. (27): photons by quadrature in each bin, electrons by the incomplete Gamma function."""
    table = few_primaries(beam, thickness, least)
    lengths, nodes = np.zeros_like(table.lengths), leggauss(6)
    depths = table.depth_edges
    w = np.log(beam / table.energy_edges)
    for j in range(len(depths) - 1):
        t = depths[j] + np.diff(depths)[j] * (nodes[0] + 1) / 2
        dt = nodes[1] * np.diff(depths)[j] / 2
        lengths[0, :, j] = np.diff([sum(dt * -gammainc(4 / 3 * t, edge)) for edge in w])
        for i in range(len(w) - 1):
            energies = table.energy_edges[i] + np.diff(table.energy_edges)[i] * (nodes[0] + 1) / 2
            each = [[shower.photons(a, energy, beam) for a in t] for energy in energies]
            lengths[2, i, j] = nodes[1] / 2 * np.diff(table.energy_edges)[i] @ np.array(each) @ dt
    # int dw exp(-w) w^(b-1)/Gamma(b) is the number of electrons: the bins hold their lengths, whatever their energy
    lengths /= np.diff(table.energy_edges)[:, None]
    return replace(table, lengths=lengths, groups=np.repeat(lengths.sum(axis=2)[None], 32, axis=0))


@pytest.mark.parametrize("name", ["na64-primakoff", "na64-bremsstrahlung"])
def test_a_table_of_the_closed_form_gives_what_the_closed_form_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within what bins cost; with electrons a hundredth longer it does not."""
    expected = cross_section(load_process(name))
    component = next(iter(expected.components))

    def found(more: float) -> float:
        cascade_table.packed.cache_clear()

        def table(*arguments: float) -> TrackLengths:
            closed = of_the_closed_form(*arguments)
            return replace(closed, lengths=closed.lengths * more, groups=closed.groups * more)

        monkeypatch.setattr(cascade_table, "track_lengths", table)
        result = cross_section(in_cascade(name))
        cascade_table.packed.cache_clear()
        return result.components[component].value

    assert found(1.0) == pytest.approx(expected.value, rel=2e-3)
    assert found(1.01) != pytest.approx(expected.value, rel=2e-3)


@pytest.mark.usefixtures("cheap")
def test_events_have_the_energies_and_depths_of_the_table() -> None:
    card = in_cascade("na64-primakoff")
    columns = EventSource(card).chunk(0, 40_000).events
    record = columns["GenPart"]
    energy, depth = record["energy"].reshape(-1, 3)[:, 0], record["vz"].reshape(-1, 3)[:, 1] / 5.6
    table = few_primaries(1.0, THICKNESS, LEAST)
    width = np.diff(table.energy_edges)
    middles = E0 * np.sqrt(table.energy_edges[1:] * table.energy_edges[:-1])
    sigma = np.array([on_a_photon(e) for e in middles])
    share = (table.lengths[2] * (width * sigma)[:, None]) / (table.groups[:, 2].mean(axis=0) * width @ sigma)
    edges = table.energy_edges * E0

    def p_value(values: Array, bins: Array, expected: Array) -> float:
        return histogram_p(values, *merged(bins, expected / expected.sum(), 100 / len(values)))

    # sigma is not even within the lowest bins
    above = energy > edges[6]
    assert p_value(energy[above], edges[6:], share[6:].sum(axis=1)) > LIKELY
    assert p_value(depth[above], table.depth_edges, share[6:].sum(axis=0)) > LIKELY
    assert p_value(depth[above], table.depth_edges, share[20:].sum(axis=0)) < IMPOSSIBLE
    assert p_value(energy[above], edges[6:], share[6:, :6].sum(axis=1)) < IMPOSSIBLE


@pytest.mark.usefixtures("cheap")
def test_electrons_and_positrons_radiate_by_their_track_lengths() -> None:
    """Positrons' share of the events is near that of their track length, and they come later; energy is conserved."""
    card = in_cascade("na64-bremsstrahlung")
    record = EventSource(card).chunk(0, 20_000).events["GenPart"]
    numbers, energy, vz = (record[key].reshape(-1, 4) for key in ("pdgId", "energy", "vz"))
    assert set(np.unique(numbers[:, 0])) == {11, -11}
    np.testing.assert_array_equal(numbers[:, 0], numbers[:, 2])
    assert set(np.unique(numbers[:, 1:4:2])) == {card.ids.alp, 1_000_822_070}
    positron = numbers[:, 0] == -11
    table = few_primaries(1.0, THICKNESS, LEAST)
    threshold = 0.55  # of ALPs above 0.5, most are made by particles above it
    share = table.above(threshold, "positron")[0] / table.above(threshold, "electron", "positron")[0]
    assert positron.mean() == pytest.approx(share, rel=0.15)
    assert energy[positron, 0].mean() < energy[~positron, 0].mean() - 5  # they come later, and slower
    assert vz[positron, 1].mean() > vz[~positron, 1].mean() + 5
    mass = nucleus_mass(card.collisions()[0])
    np.testing.assert_allclose(energy[:, 1:].sum(axis=1), energy[:, 0] + mass, rtol=1e-12)


@pytest.mark.usefixtures("cheap")
def test_error_of_the_table_is_the_spread_of_groups() -> None:
    """Against the cross-sections of each group's own table."""
    card = in_cascade("na64-primakoff")
    error = Normalisation(card).table_error
    table = few_primaries(1.0, THICKNESS, LEAST)
    middles = E0 * np.sqrt(table.energy_edges[1:] * table.energy_edges[:-1])
    each = table.groups[:, 2] * np.diff(table.energy_edges) @ np.array([on_a_photon(e) for e in middles])
    expected = each.std(ddof=1) / math.sqrt(len(each)) / each.mean()
    assert error == pytest.approx(expected, rel=0.05)
    assert error != pytest.approx(expected / math.sqrt(len(each)), rel=0.05)


def test_closed_form_by_default() -> None:
    card = load_process("na64-primakoff")
    assert processes.of(card) is primakoff.THICK
    assert processes.of(load_process(card, ["beams.target.shower=closed_form"])) is primakoff.THICK
    assert processes.of(load_process(card, [MONTE_CARLO])) is not primakoff.THICK
    assert Normalisation(card).table_error == 0


@pytest.mark.parametrize(
    ("name", "override", "message"),
    [
        ("primakoff-lead", "energy_cut=1 GeV", "there is none in a thin target"),
        ("na64-primakoff", "energy_cut=0 GeV", "it must be at least 100 MeV"),
        ("na64-primakoff", "beams.target.thickness=thin", "there is none in a thin target"),
    ],
)
def test_bad_cards(name: str, override: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        in_cascade(name, override)
