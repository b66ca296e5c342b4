"""The numbers that the list of corrections tells, each computed, and found in its text."""

from __future__ import annotations

import math
import re
from dataclasses import fields

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.optimize import brentq
from scipy.stats import norm

from alphoton.analysis import supernova
from alphoton.analysis.beam_dump import Dump, decay_widths, mean_boost, recast
from alphoton.analysis.magnetic_moments import contributions, h1, inputs
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import direction
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.event_source import cross_section
from alphoton.generators.matter.shower import electrons
from alphoton.generators.model import fermion_width, loop_coupling, loop_function, photon_width
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.samples import process
from alphoton.workflows.report.claims_combined import PANELS
from alphoton.workflows.report.claims_results import FIG15, LOOPS, explained
from alphoton.workflows.report.corrections import CORRECTIONS, Correction
from alphoton.workflows.report.slice_numbers import MASSES


def about(place: str) -> Correction:
    """The one correction at a place."""
    (found,) = (each for each in CORRECTIONS if each.place == place)
    return found


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"(?<![\w.^-])\d+(?:\.\d+)?(?:e-?\d+)?", text)]


def assert_told(text: str, value: float, relative: float = 0.02) -> None:
    """One of the numbers of the text is this."""
    assert any(each == pytest.approx(value, rel=relative) for each in numbers(text)), (value, text)


# --- the list ----------------------------------------------------------------------------------------------------------


def test_each_says_everything() -> None:
    assert len(CORRECTIONS) == len({(each.place, each.printed) for each in CORRECTIONS}) >= 25
    for each in CORRECTIONS:
        assert all(getattr(each, field.name).strip() for field in fields(each))
        assert each.printed != each.right


def test_a_wrong_number_is_found_wrong() -> None:
    """Negative control of the checks below."""
    text = about("Eq. (19)").consequence
    assert numbers("15 at 10.58 GeV, ε^0123, 1e-4") == [15, 10.58, 1e-4]
    with pytest.raises(AssertionError):
        assert_told(text, 12.0)


# --- the model ---------------------------------------------------------------------------------------------------------


def test_sign_of_epsilon() -> None:
    """The interference's share at PADME where both channels are alike; its sign is tested with the diagrams."""
    shares = []
    for mass in (0.001, 0.003, 0.005, 0.01, 0.02):
        parts = cross_section(process("padme", mass, 1), 0).components
        photon, electron, mixed = (parts[name].value for name in ("photon", "electron", "interference"))
        shares.append(mixed * math.sqrt(electron / photon) / (2 * electron))
    assert max(shares) == pytest.approx(0.10, abs=0.01)
    assert "10%" in about("Below Eq. (1)").consequence


def test_decay_length() -> None:
    """Eq. (7) is c tau; the boost that it lacks."""
    text = about("Eq. (7)").consequence
    assert_told(text, 100 / 0.1)
    e137 = e137_dump()
    assert_told(text, mean_boost(e137, 0.01, *edges(0.01)), 0.005)


def test_loop_of_a_heavy_lepton() -> None:
    assert loop_function(1e3).real == pytest.approx(-1 / 3e3, rel=1e-2)
    changes = brentq(lambda m_a: loop_function((2 * MUON_MASS / m_a) ** 2).real, 0.05, 0.5)
    assert changes > 0.2  # below, it is negative
    assert_told(about("Below Eq. (10)").consequence, 0.2)


def test_size_of_the_loop() -> None:
    entry = about("Below Eq. (10), Fig. 14a and Fig. 15")
    assert_told(entry.right, ALPHA / math.pi, 0.01)

    def equal(loop: bool) -> float:
        """The mass at which the widths into photons and electrons are the same."""

        def excess(m_a: float) -> float:
            coupling = loop_coupling(1.0, m_a, ELECTRON_MASS) if loop else 1e-3
            return photon_width(coupling, m_a) / fermion_width(1.0, ELECTRON_MASS, m_a) - 1

        return float(brentq(excess, 0.01, 10))

    assert_told(entry.consequence, equal(True))
    assert_told(entry.consequence, equal(False), 0.04)
    for couplings, radiative in ((LOOPS, True), (FIG15, False)):
        assert_told(entry.consequence, float(MASSES[explained(couplings, radiative=radiative).there][0]))


def test_ratio_of_widths() -> None:
    """The branching ratio is smaller than the ratio of the widths by that ratio."""
    visible, total = decay_widths(direction(0.01, {"g_agamma": 1.0}), 0.01)
    assert visible / total / 0.01 - 1 == pytest.approx(-0.01, rel=0.02)
    assert "1%" in about("Sec. 4.1 and Fig. 11").consequence


@pytest.mark.parametrize("g", [1.0, 2.0, 4.0])
def test_black_body(g: float) -> None:
    """(g/2 pi) int E^3/(e^E + 1) = 7 g pi^3/240 for every g, T = 1."""
    integral = quad(lambda E: E**3 / (math.exp(E) + 1), 0, 200)[0]
    assert g / (2 * math.pi) * integral == pytest.approx(7 * g * math.pi**3 / 240, rel=1e-9)


@pytest.mark.parametrize("m_chi", [0.005, 0.05])
def test_trapping(m_chi: float) -> None:
    exact, paper = (supernova.trapping(m_chi, form=form).central for form in ("exact", "paper"))
    assert_told(about("Eqs. (13) and (16)").consequence, paper / exact, 0.005)


# --- production --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("card", "mass"), [("padme", 0.001), ("babar", 0.01), ("collider", 0.01)])
def test_equal_rates(card: str, mass: float) -> None:
    """The ratio of the couplings at equal rates, over g_ae m_e/sqrt(s)."""
    made = process(card, mass, 1, *(["beams.sqrt_s=200 GeV"] if card == "collider" else []))
    parts = cross_section(made, 0).components
    factor = math.sqrt(parts["electron"].value / parts["photon"].value) * made.collisions()[0].sqrt_s / ELECTRON_MASS
    assert_told(about("Eq. (19)").consequence, factor, 0.04)


def test_atomic_mass() -> None:
    assert_told(about("Eq. (26) and below Eq. (43)").consequence, math.sqrt(207.2 / 82), 0.01)


@pytest.mark.parametrize("depth", [0.5, 1.0, 3.0, 10.0])
def test_one_electron_at_every_depth(depth: float) -> None:
    """With 1/E_0, in u = ln(E_0/E); with 1/E the integrand is u^(4t/3-1) and grows without end for t > 3/4."""
    total = quad(lambda u: 100 * math.exp(-u) * electrons(depth, 100 * math.exp(-u), 100.0), 0, 100, limit=200)[0]
    assert total == pytest.approx(1, rel=1e-6)


def test_track_length() -> None:
    """NA64: over 40 radiation lengths, from 50 to 100 GeV, with 1/E over that with 1/E_0."""

    def length(power: int) -> float:
        def rate(depth: float, u: float) -> float:
            return 100 * math.exp((power - 1) * u) * electrons(depth, 100 * math.exp(-u), 100.0)

        return float(dblquad(rate, 1e-6, math.log(2), 0, 40, epsabs=0, epsrel=1e-3)[0])

    entry = about("Eq. (27), I_e")
    assert_told(entry.consequence, 100 * (length(1) / length(0) - 1))


# --- experiments -------------------------------------------------------------------------------------------------------


def test_weights_of_the_energies() -> None:
    """The energy cut of Eq. (31) with the resolution of Eq. (32), weighted with L_i and with L_i sigma_i, at 70 GeV."""
    beams = ProcessCard.load("delphi").beams
    assert isinstance(beams.sqrt_s, tuple)
    sqrt_s, luminosity = np.array(beams.sqrt_s), np.array(beams.luminosity)
    energy, beam = (sqrt_s**2 - 70.0**2) / (2 * sqrt_s), sqrt_s / 2
    width = energy * np.hypot(0.0435, 0.32 / np.sqrt(energy))
    passed = norm.cdf((1.05 * beam - energy) / width) - norm.cdf((0.9 * beam - energy) / width)
    made = luminosity * (1 - (70.0 / sqrt_s) ** 2) ** 3
    change = 1 - np.average(passed, weights=luminosity) / np.average(passed, weights=made)
    assert_told(about("Eq. (33)").consequence, 100 * float(change), 0.05)


def test_beams_of_babar() -> None:
    entry = about("Sec. 3.1, BaBar")
    assert_told(entry.right, 2 * math.sqrt(9 * 3.1), 1e-4)
    assert_told(entry.consequence, 100 * (10.58 / (2 * math.sqrt(9 * 3.1)) - 1))


def e137_dump() -> Dump:
    block = load_experiment("e137").analysis.beam_dump
    assert block is not None
    return Dump(block.shielding, block.decay_region)


def edges(mass: float) -> tuple[float, float]:
    block = load_experiment("e137").analysis.beam_dump
    assert block is not None
    return published_edges(block, mass)


def test_probability_of_e137() -> None:
    text = about("Eq. (40)").consequence
    dump = e137_dump()
    exact, paper = (recast(dump, 0.01, *edges(0.01), 1e-4, form) for form in ("exact", "paper"))
    assert_told(text, exact[1] / paper[1], 0.005)
    for form, ends_at in (("paper", 20), ("exact", 23)):
        assert ends_at in numbers(text)
        there, gone = (
            recast(dump, mass * 1e-3, *edges(mass * 1e-3), 1e-4, form)[0] for mass in (ends_at - 0.5, ends_at + 0.5)
        )
        assert math.isfinite(there)
        assert math.isnan(gone)


def test_share_within_the_window() -> None:
    share = math.erf(1.5 / math.sqrt(2))
    assert_told(about("Sec. 3.3, background").right, 100 * share, 1e-3)
    assert math.sqrt(share / 0.85) - 1 == pytest.approx(0.01, abs=0.001)


def test_end_of_padme() -> None:
    """E = (s - m_a^2)/(2 (E_beam + m_e - p cos theta)) at the edges of the acceptance."""
    beam = 0.550
    p, s = math.sqrt(beam**2 - ELECTRON_MASS**2), 2 * ELECTRON_MASS * (beam + ELECTRON_MASS)

    def path(theta: float) -> float:
        return 2 * (beam + ELECTRON_MASS - p * math.cos(theta))

    text = about("Sec. 3.3, Fig. 8").right
    for theta in (0.015, 0.080):
        assert_told(text, 1e3 * (s - 0.021**2) / path(theta), 0.01)
        assert_told(text, 1e3 * math.sqrt(s - 0.030 * path(theta)), 1e-3)


# --- moments -----------------------------------------------------------------------------------------------------------


def test_sign_of_the_moments() -> None:
    """With the printed values as measured minus Standard Model, the signs of section 3.4 follow."""
    unit = direction(1.0, {"g_agamma": 1.0, "g_ae": 1.0, "g_amu": 1.0})
    signs = [each.value / contributions(each.lepton, unit).barr_zee > 0 for each in inputs("paper-2020")]
    assert signs == [True, False]  # the electron's product is positive, the muon's negative


def test_first_loop_function() -> None:
    """The form that is right, by quadrature; it falls from 1."""
    for x in (0.0, 0.5, 3.0, 40.0):
        right = quad(lambda z, x=x: 2 * z**3 / (z * z + x * (1 - z)), 0, 1)[0]
        assert float(h1(x)) == pytest.approx(right, rel=1e-8)


def test_ratios_of_the_captions() -> None:
    """What the figures are drawn for."""
    assert PANELS["14a"]["g_agamma"] / PANELS["14a"]["g_ae"] == 1e-3
    assert PANELS["14b"]["g_agamma"] / PANELS["14b"]["g_ae"] == 1e-2
    assert FIG15["g_agamma"] / FIG15["g_amu"] == pytest.approx(-0.01)
    assert FIG15["g_ae"] / FIG15["g_amu"] == pytest.approx(-10)
