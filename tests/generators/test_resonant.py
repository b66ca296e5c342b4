"""Resonant production: amplitude, width, area, smearing by bound electrons, and the positrons of a shower."""

from __future__ import annotations

import csv
import math
from importlib.resources import files

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import PchipInterpolator
from scipy.stats import kstest, norm

from alphoton.data.errors import CardError
from alphoton.data.event_file import Jagged
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.jit import Array
from alphoton.generators.matter.bound_electrons import ATOMIC_UNIT, bound_in
from alphoton.generators.matter.cascade import TrackLengths, track_lengths
from alphoton.generators.model import fermion_width
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.resonant import electron, electrons, resonance, strength
from reference.dirac import GAMMA5, MP, bar, spinors_u, spinors_v, vector

AT_REST = "beams.bound_electrons=null"
LINE = 0.017**2 / (2 * ELECTRON_MASS) - ELECTRON_MASS
"""Energy (GeV) of positrons at 17 MeV."""


def table(number: int) -> list[tuple[float, float, Array, Array]]:
    """Shells of the file: electrons, binding energy (GeV), momenta and J of one electron in atomic units."""
    text = (files("alphoton.data") / "compton_profiles.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(t for t in text.splitlines() if t[0] != "#")
    own = [row for row in rows if row[0] == str(number)]
    q = np.array(header[4:], dtype=float)
    return [(float(row[2]), float(row[3]) * 1e-9, q, np.array(row[4:], dtype=float)) for row in own]


def smooth(q: Array, J: Array) -> PchipInterpolator:
    """ln J by a cubic that keeps its shape, in another variable than the package's."""
    return PchipInterpolator(np.log1p(q), np.log(J))


def area(q: Array, J: Array, end: float = 100.0) -> float:
    """The electrons on one side of 0, up to a momentum."""
    f = smooth(q, J)
    return float(quad(lambda p: math.exp(f(math.log1p(p))), 0, end, limit=500)[0])


# --- the cross-section ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", [0.0011, 0.017, 0.25])
def test_strength_from_dirac_spinors(mass: float) -> None:
    """sigma = pi <|M|^2> delta(s - m_a^2) / (s beta) with M = g m_e vbar gamma5 u, both at 50 digits."""
    m, M = MP.mpf(ELECTRON_MASS), MP.mpf(mass)
    beta = MP.sqrt(1 - 4 * m**2 / M**2)
    e, p = M / 2, M * beta / 2
    u, v = (spinors(vector(e, 0, 0, sign * p), m, MP) for spinors, sign in ((spinors_u, 1), (spinors_v, -1)))
    amplitudes = m * (bar(v) @ GAMMA5 @ (u if u.shape[0] == 4 else u.T))
    squared = sum(abs(a) ** 2 for a in np.asarray(amplitudes).ravel()) / 4
    area = MP.pi * squared / (M**2 * beta) / (2 * m)  # over the energy: ds = 2 m dE
    assert strength(mass) == pytest.approx(float(area) * GEV2_PB, rel=1e-12)


@pytest.mark.parametrize("mass", [0.0011, 0.017, 0.25])
def test_strength_from_the_width(mass: float) -> None:
    """A narrow Breit-Wigner: 4 pi^2 Gamma_ee / (beta^2 m_a) delta(s - m_a^2)."""
    beta2 = 1 - 4 * ELECTRON_MASS**2 / mass**2
    area = 4 * math.pi**2 * fermion_width(1.0, ELECTRON_MASS, mass) / (beta2 * mass) / (2 * ELECTRON_MASS)
    assert strength(mass) == pytest.approx(area * GEV2_PB, rel=1e-11)


@pytest.mark.parametrize("mass", [0.00103, 0.017, 0.3])
@pytest.mark.parametrize("k", [-2e-3, -1e-5, 0.0, 1e-7, 3e-4])
@pytest.mark.parametrize("binding", [0.0, 88e-6])
def test_the_resonance_is_where_s_is_the_mass_squared(mass: float, k: float, binding: float) -> None:
    E, m = resonance(mass, k, binding), mpmath.mpf(ELECTRON_MASS)
    if not math.isfinite(E) or ELECTRON_MASS > E:
        assert mass < 0.0011
        return
    with mpmath.workdps(40):
        s = (E + m - binding) ** 2 - (mpmath.sqrt(mpmath.mpf(E) ** 2 - m**2) + k) ** 2
        slope = 2 * (ELECTRON_MASS - binding) - 2 * k * E / math.sqrt(E * E - ELECTRON_MASS**2)
        assert abs(float(s - mpmath.mpf(mass) ** 2)) < 4e-15 * E * abs(slope) + 1e-17


def test_no_resonance_on_an_electron_faster_than_that() -> None:
    assert math.isinf(resonance(0.017, ELECTRON_MASS, 0.0))
    assert resonance(0.017, 0.9 * ELECTRON_MASS, 0.0) == pytest.approx(10 * LINE, rel=0.1)


# --- bound electrons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [6, 82])
def test_profiles_hold_their_electrons(number: int) -> None:
    """One electron in each, but lead's innermost, as the docstring says, the negative control."""
    shells = table(number)
    assert sum(count for count, *_ in shells) == number
    missing = [1 - 2 * area(q, J) for _, _, q, J in shells]
    assert max(np.abs(missing[number == 82 :])) < 0.025
    assert missing[0] == pytest.approx(0.094 if number == 82 else 0, abs=3e-3)


def test_momenta_and_the_virial_theorem() -> None:
    """3/2 <p_z^2> of carbon's electrons is minus its energy, -37.6886 hartree by Hartree-Fock.

    E. Clementi and C. Roetti, At. Data Nucl. Data Tables 14 (1974) 177.
    """
    segments = bound_in("carbon")
    counts = 6 * np.diff(segments.share)
    square = (segments.last**3 - segments.first**3) / (segments.last - segments.first) / 3 / ATOMIC_UNIT**2
    assert 1.5 * counts @ square == pytest.approx(37.6886, rel=0.01)
    assert 1.5 * (counts * 1.05) @ square != pytest.approx(37.6886, rel=0.01)  # negative control: it can tell 5%


@pytest.mark.parametrize(("element", "number"), [("carbon", 6), ("lead", 82)])
def test_drawn_electrons_follow_the_profile(element: str, number: int) -> None:
    packed = electrons(element)
    drawn = np.array([electron(x, packed) for x in (np.arange(20_000) + 0.5) / 20_000])
    assert drawn[:, 0].mean() == pytest.approx(0, abs=1e-9)
    within = 0.0
    for count, binding, q, J in table(number):
        within += count * area(q, J, 1.0) / area(q, J)
        assert np.mean(drawn[:, 1] == binding) == pytest.approx(count / number, abs=1e-3)
    assert np.mean(np.abs(drawn[:, 0]) < ATOMIC_UNIT) == pytest.approx(within / number, abs=2e-3)


def test_unknown_elements() -> None:
    with pytest.raises(ValueError, match=r"'led'.*did you mean 'lead'\?"):
        bound_in("led")
    with pytest.raises(ValueError, match=r"no Compton profile of 'aluminium': it has to be an element \(Z = 6, 82\)"):
        bound_in("aluminium")
    assert bound_in("diamond").atomic_number == 6


# --- a beam --------------------------------------------------------------------------------------------------------------


def beam_card(energy: float, *overrides: str) -> ProcessCard:
    return ProcessCard.load("padme-scan", [f"beams.positron_energy={energy!r} GeV", *overrides])


def test_a_beam_on_electrons_at_rest_is_a_gaussian() -> None:
    for energy in (LINE, 1.004 * LINE, 0.993 * LINE):
        sigma = 0.0025 * energy
        gauss = math.exp(-(((LINE - energy) / sigma) ** 2) / 2) / (math.sqrt(2 * math.pi) * sigma)
        assert cross_section(beam_card(energy, AT_REST)).value == pytest.approx(strength(0.017) * gauss, rel=1e-9)


def folded(energy: float) -> float:
    """The line of carbon by quadrature over p_z, with s = m_a^2 to first order in p_z and B, and another interpolation."""
    found, sigma = 0.0, 0.0025 * energy
    for count, binding, q, J in table(6):
        f = smooth(q, J)

        def integrand(p: float, f: PchipInterpolator = f, binding: float = binding) -> float:
            k = p * ALPHA * ELECTRON_MASS
            at = (0.017**2 - 2 * ELECTRON_MASS**2) / (2 * (ELECTRON_MASS - binding - k))
            line = math.exp(-(((at - energy) / sigma) ** 2) / 2) / (math.sqrt(2 * math.pi) * sigma)
            return math.exp(f(math.log1p(abs(p)))) * line

        pieces = [
            quad(integrand, low, high, limit=400, epsrel=1e-9)[0] for low, high in ((-30, -3), (-3, 0), (0, 3), (3, 30))
        ]
        found += count / 6 * sum(pieces) / (2 * area(q, J))
    return found * strength(0.017)


@pytest.mark.parametrize("shift", [0.0, 0.004, -0.01, 0.03])
def test_a_beam_on_carbon_against_a_quadrature(shift: float) -> None:
    energy = LINE * (1 + shift)
    made = cross_section(beam_card(energy))
    assert made.value == pytest.approx(folded(energy), rel=4e-3)  # the two interpolations of the table
    if shift in (0.0, -0.01):  # at 0.004 the two lines cross, at 0.03 nothing at rest is left
        at_rest = cross_section(beam_card(energy, AT_REST)).value
        assert made.value != pytest.approx(at_rest, rel=0.3)  # negative control


def test_the_area_under_the_line_is_kept() -> None:
    """Carbon's momenta smear it over several percent and take nothing from it."""
    energies = LINE * np.linspace(0.82, 1.22, 41)
    values = [cross_section(beam_card(float(energy), "beams.energy_spread=2 %")).value for energy in energies]
    assert np.trapezoid(values, energies) == pytest.approx(strength(0.017), rel=2e-3)


def test_events_of_a_beam() -> None:
    source = EventSource(beam_card(LINE))
    events = source.chunk(0, 20_000).events["GenPart"]
    assert isinstance(events, Jagged)
    columns = {name: events[name].reshape(-1, 3) for name in ("pdgId", "status", "pz", "energy", "mass")}
    assert columns["pdgId"][0].tolist() == [-11, 11, 9000005]
    assert columns["status"][0].tolist() == [4, 4, 1]
    for name in ("pz", "energy"):
        np.testing.assert_allclose(columns[name][:, :2].sum(axis=1), columns[name][:, 2], rtol=1e-14)
    mass2 = (columns["energy"] - columns["pz"])[:, 2] * (columns["energy"] + columns["pz"])[:, 2]
    np.testing.assert_allclose(mass2, 0.017**2, rtol=1e-10)
    grid = LINE * np.linspace(0.985, 1.015, 1201)
    density = [folded_energy(energy) for energy in grid]
    cumulative = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (np.array(density)[1:] + np.array(density)[:-1]) / 2)])
    beam = columns["energy"][:, 0]
    assert kstest(beam, lambda e: np.interp(e, grid, cumulative / cumulative[-1])).pvalue > 1e-4
    assert kstest(beam, norm(LINE, 0.0025 * LINE).cdf).pvalue < 1e-6  # negative control: the beam alone


def folded_energy(energy: float) -> float:
    """The distribution of the energies of positrons that are on resonance, unnormalised: the beam's times J at p_z(E)."""
    found, sigma = 0.0, 0.0025 * LINE
    for count, binding, q, J in table(6):
        k = ELECTRON_MASS - binding - (0.017**2 - 2 * ELECTRON_MASS**2) / (2 * energy)
        p = abs(k) / (ALPHA * ELECTRON_MASS)
        found += count * math.exp(float(smooth(q, J)(math.log1p(p)))) / energy
    return found * math.exp(-(((energy - LINE) / sigma) ** 2) / 2)


# --- a shower ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lengths() -> TrackLengths:
    return track_lengths(100.0, 40.0, 50.0)


def test_the_positrons_of_a_shower(lengths: TrackLengths) -> None:
    """On electrons at rest: Z times the area times dT+/dE at the line."""
    for mass in (0.23, 0.25, 0.29):
        line = mass**2 / (2 * ELECTRON_MASS) - ELECTRON_MASS
        length, error = lengths.at(line, "positron")
        made = cross_section(ProcessCard.load("na64-resonant", [f"model.m_a={mass} GeV", AT_REST]))
        assert made.value == pytest.approx(82 * strength(mass) * length, rel=0.02)
        assert made.error / made.value == pytest.approx(error / length, rel=0.5)
        assert made.value != pytest.approx(82 * strength(mass) * lengths.at(line, "electron")[0], rel=0.5)


def test_bound_electrons_of_lead_smear_what_the_shower_has(lengths: TrackLengths) -> None:
    """Against a sum over the segments of the profile and the track lengths, in a plain loop."""
    segments, mean = bound_in("lead"), 0.0
    for i, share in enumerate(np.diff(segments.share)):
        for side in (-1, 1):
            k = side * (segments.first[i] + segments.last[i]) / 2
            line = (0.31**2 - 2 * ELECTRON_MASS**2) / (2 * (ELECTRON_MASS - segments.binding[i] - k))
            if 50 < line < 100:
                mean += share / 2 * lengths.at(line, "positron")[0]
    made = cross_section(ProcessCard.load("na64-resonant", ["model.m_a=310 MeV"])).value
    assert made == pytest.approx(82 * strength(0.31) * mean, rel=0.02)


def test_depths_are_those_of_positrons(lengths: TrackLengths) -> None:
    source = EventSource(ProcessCard.load("na64-resonant", [AT_REST]))
    events = source.chunk(0, 20_000).events["GenPart"]
    assert isinstance(events, Jagged)
    depth = events["vz"].reshape(-1, 3)[:, 0] / 5.6
    line = 0.25**2 / (2 * ELECTRON_MASS)
    row = int(np.searchsorted(lengths.energy_edges, line)) - 1
    by_depth = lengths.lengths[1, row]
    mean = by_depth @ (lengths.depth_edges[1:] + lengths.depth_edges[:-1]) / 2 / by_depth.sum()
    assert depth.mean() == pytest.approx(mean, rel=0.02)
    assert depth.min() >= 0
    assert depth.max() <= 40


# --- cards ---------------------------------------------------------------------------------------------------------------

BAD = {
    "model.m_a=1 MeV": r"model\.m_a: must be above 2 m_e = 1\.022 MeV, got 1 MeV",
    "model.m_a=30 MeV": r"model\.m_a: 30 MeV is not reached: its positrons have 880\.1\d* MeV",
    "beams.energy_spread=0": r"beams\.energy_spread: is missing: a resonance is as wide as the beam",
    "beams.electron_energy=1 GeV": r"beams\.electron_energy: must be 'at rest'",
    "beams.bound_electrons=carbn": r"beams\.bound_electrons: unknown material 'carbn'; did you mean 'carbon'\?",
    "model.g_ae=0 /GeV": r"model\.g_ae: g_ae is zero: nothing is produced",
    "energy_cut=1 MeV": r"energy_cut: goes with production on nuclei",
}
BAD_SHOWER = {
    "beams.target.shower=closed_form": r"beams\.target\.shower: must be 'monte_carlo': the closed form",
    "beams.bound_electrons=carbon": r"beams\.bound_electrons: the target is not carbon alone",
    "beams.energy_spread=1 %": r"beams\.energy_spread: is that of positrons on a thin target",
    "model.m_a=500 MeV": r"model\.m_a: 500 MeV is not reached",
}


@pytest.mark.parametrize(
    ("name", "override", "message"),
    [*(("padme-scan", *each) for each in BAD.items()), *(("na64-resonant", *each) for each in BAD_SHOWER.items())],
)
def test_bad_cards(name: str, override: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        ProcessCard.load(name, [override])


def test_a_broad_alp_is_refused() -> None:
    with pytest.raises(CardError, match=r"model: the ALP's width, .* MeV, is left out, and not small"):
        ProcessCard.load("padme-scan", ["model.g_achi=100 /GeV", "model.m_chi=5 MeV"])


def test_bound_electrons_go_with_resonant_production() -> None:
    with pytest.raises(CardError, match=r"beams\.bound_electrons: goes with 'resonant', not with 'annihilation'"):
        ProcessCard.load("padme", ["beams.bound_electrons=carbon"])
