"""The statements of sections 1, 3.4, 4 and 5: each is computed, and the numbers agree with routes of their own."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.optimize import brentq

from alphoton.analysis.magnetic_moments import CUTOFF
from alphoton.data.errors import InputError
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, HBARC_MM, MUON_MASS
from alphoton.workflows.report import claims_combined, claims_moments, claims_results, claims_single, slice_numbers
from alphoton.workflows.report.claim import Claim, Found, Row, compared
from alphoton.workflows.report.claims_results import CLAIMS
from alphoton.workflows.report.slice_numbers import MASSES, MassCurve, Strip, lowest_mass_below, ratio, share, smallest_ratio
from alphoton.workflows.study import surveyed
from alphoton.workflows.survey import Survey
from alphoton.workflows.workflow_card import WorkflowCard

CARD = """\
schema: alphoton/workflow/1
name: small
keep: limits
studies:
  - {analysis: delphi, scan: {model.m_a: [10 MeV, 1 GeV, 7.5 GeV, 20 GeV, 80 GeV]}}
  - {analysis: babar, scan: {model.m_a: [1 MeV, 10 MeV, 1 GeV, 5.5 GeV, 5.51 GeV, 7.5 GeV]}}
  - {analysis: na64, scan: {model.m_a: [1 MeV, 10 MeV, 100 MeV, 1 GeV, 7.5 GeV]}}
  - {analysis: na64-5e12, scan: {model.m_a: [1 MeV, 10 MeV, 100 MeV, 1 GeV, 7.5 GeV]}}
  - {analysis: belle2-20fb, scan: {model.m_a: [10 MeV, 1 GeV, 4 GeV, 7.5 GeV]}}
  - {analysis: belle2-50ab, scan: {model.m_a: [10 MeV, 1 GeV, 4 GeV, 7.5 GeV]}}
  - {analysis: padme-poseydon, scan: {model.m_a: [10 MeV, 20 MeV]}}
  - {analysis: padme-poseydon-ses, scan: {model.m_a: [10 MeV, 20 MeV]}}
  - {analysis: e137, scan: {model.m_a: [2 MeV, 600 MeV]}}
events: 15000
"""
NOT_AS_THE_PAPER_SAYS = {
    "lowest-open-14b",
    "hundred-mev",
    "hundred-mev-with-loop",
    "pure-term",
    "cutoff",
    "caesium-2025",
    "rubidium-2025",
    "caesium-and-rubidium",
    "muon-2025",
}
COARSE = 0.05
"""Relative: a few masses and few events."""


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    path = tmp_path_factory.mktemp("cards") / "small.yaml"
    path.write_text(CARD)
    made = surveyed(WorkflowCard.load(path), None)
    made.curves(made.studies)
    return made


@pytest.fixture(scope="module")
def rows(survey: Survey) -> dict[str, Row]:
    return {row.claim.name: row for row in compared(CLAIMS, survey)}


# --- all of them -------------------------------------------------------------------------------------------------------


def test_all_are_computed(rows: dict[str, Row]) -> None:
    assert len(rows) == len(CLAIMS) >= 50  # no name stands twice
    assert all(math.isfinite(row.found.value) and row.found.error >= 0 for row in rows.values())
    assert all(claim.low <= claim.high and claim.place and claim.says and claim.why for claim in CLAIMS)


def test_verdicts(rows: dict[str, Row]) -> None:
    """What does not hold is known and has its reason; of the paper's own statements two do not."""
    assert {name for name, row in rows.items() if not row.agrees} == NOT_AS_THE_PAPER_SAYS
    own = {claim.name for claim in CLAIMS if claim.place.startswith("beyond the paper")}
    assert {"lowest-open-14b", "hundred-mev"} == NOT_AS_THE_PAPER_SAYS - own


def test_a_wrong_statement_is_found_wrong(rows: dict[str, Row], survey: Survey) -> None:
    """Negative control: a range beside the value fails, and without a reason is an error; two errors are allowed."""
    row = rows["na64-in-electrons"]
    value, error = row.found.value, row.found.error
    assert error > 0
    beyond = Claim("x", "", "", value + 2.1 * error, value + 3 * error, lambda _: row.found)
    assert not beyond.judged(row.found)
    assert Claim("x", "", "", value + 1.9 * error, value + 3 * error, beyond.compute).judged(row.found)
    assert not Claim("x", "", "", -math.inf, math.inf, beyond.compute).judged(Found(math.nan))
    with pytest.raises(InputError, match="no reason is given"):
        compared((beyond,), survey)


def test_numbers_come_from_the_survey(survey: Survey, rows: dict[str, Row]) -> None:
    """Negative control: with other limits the statements are other."""
    stronger = Survey(survey.studies.values(), None, survey.events)
    other = {("na64", mass): survey._rows["na64-5e12", mass] for name, mass in survey._rows if name == "na64"}
    stronger._rows = survey._rows | other
    claims = {claim.name: claim for claim in CLAIMS}
    for name in ("na64-subdominant", "lowest-open-14a", "na64-dominates-below"):
        claim = claims[name]
        assert claim.judged(rows[name].found)
        assert not claim.judged(claim.compute(stronger))


# --- curves and bands --------------------------------------------------------------------------------------------------


def line(power: float, at_one: float, low: float = 0.01, high: float = 100.0) -> MassCurve:
    mass = np.array([low, high])
    return MassCurve(mass, at_one * mass**power, np.full(2, 0.01))


def test_curves_cross_where_they_should() -> None:
    """x and x^-1/2 times 8 cross at x = 4, with the error that the slopes make of theirs."""
    crossing = lowest_mass_below(line(-0.5, 8.0), line(1.0, 1.0))
    assert crossing.value == pytest.approx(4.0, rel=1e-9)
    assert crossing.error == pytest.approx(4.0 * 0.01 * math.sqrt(2) / 1.5, rel=1e-6)
    assert math.isnan(lowest_mass_below(line(1.0, 10.0), line(1.0, 1.0)).value)
    assert lowest_mass_below(line(1.0, 1.0), line(1.0, 10.0)).value == pytest.approx(0.01)


def test_ratios() -> None:
    found = smallest_ratio(line(1.0, 1.0, 0.1, 10.0), line(0.0, 1.0))
    assert found.value == pytest.approx(0.1, rel=1e-9)
    assert "100 MeV" in found.text
    assert ratio(Found(3.0, 0.3), Found(2.0, 0.1)).error == pytest.approx(1.5 * math.hypot(0.1, 0.05))
    assert math.isnan(float(line(1.0, 1.0, 1.0, 2.0).at(3.0)))


def test_shares_of_a_band() -> None:
    """From 1 to 100 at each of three points, below 10 at one, below 1000 at another, and no limit at the third."""
    band = Strip(np.ones(3), np.full(3, 100.0))
    left = band.below(np.array([10.0, 1000.0, np.nan]))
    assert share(left, band).value == pytest.approx((0.5 + 1 + 1) / 3)
    assert share(band.below(np.full(3, 0.5)), band).value == 0.0
    assert band.both(Strip(np.array([10.0, np.nan, 200.0]), np.array([20.0, 1.0, 300.0]))).there.tolist() == [1, 0, 0]
    with pytest.raises(InputError, match="two ends"):
        _ = Strip(np.zeros(3), np.ones(3)).area


# --- section 3.4, from formulas that are written again -----------------------------------------------------------------


def h1(x: float) -> float:
    return float(quad(lambda z: 2 * z**3 / (z * z + x * (1 - z)), 0, 1, epsrel=1e-9)[0])


def h2(x: float) -> float:
    """The double integral behind Eq. (51)."""

    def inner(y: float, z: float) -> float:
        return math.log(z * z + x * y) + z * z / (z * z + x * y)

    return 3 + 2 * float(dblquad(inner, 0, 1, 0, lambda z: 1 - z, epsabs=1e-8, epsrel=1e-8)[0])


def barr_zee(mass: float, m_a: float, cutoff: float = CUTOFF, *, heavy: bool = True) -> float:
    """Of a product of couplings of 1 /GeV^2; `heavy`: h2 = ln x + 3/2."""
    x = (m_a / mass) ** 2
    return mass**2 / (8 * math.pi**2) * ((math.log(x) + 1.5 if heavy else h2(x)) - math.log(cutoff**2 / mass**2))


def per_unit(mass: float, m_a: float, g_agamma: float, g_al: float) -> float:
    """Delta a of both terms of a lepton at these couplings."""
    heavy = m_a > 100 * mass
    own = mass**2 / (16 * math.pi**2) * h1((m_a / mass) ** 2)
    return g_agamma * g_al * barr_zee(mass, m_a, heavy=heavy) - g_al**2 * own


def test_significances(rows: dict[str, Row]) -> None:
    assert rows["muon-significance"].found.value == pytest.approx(279 / 76)
    assert rows["electron-significance"].found.value == pytest.approx(87 / 36)
    assert rows["caesium-2025"].found.value == pytest.approx(102 / 26)


def test_products(rows: dict[str, Row]) -> None:
    """The muon's h2 by double quadrature, the electron's from its asymptote."""
    assert rows["electron-product"].found.value == pytest.approx(-8.7e-13 / barr_zee(ELECTRON_MASS, 1.0), rel=1e-4)
    muon = 2.79e-9 / barr_zee(MUON_MASS, 1.0, heavy=False)
    assert rows["muon-product"].found.value == pytest.approx(muon, rel=1e-6)
    assert rows["muon-product"].found.error == pytest.approx(abs(muon) * 76 / 279, rel=1e-6)


@pytest.mark.parametrize(("name", "m_a"), [("loop-10mev", 0.01), ("loop-1gev", 1.0), ("loop-10gev", 10.0)])
def test_loop(rows: dict[str, Row], name: str, m_a: float) -> None:
    """B1 = 1 - tau f^2 with f = pi/2 + i arcosh(1/sqrt(tau)), of which the real part counts."""
    tau = (2 * ELECTRON_MASS / m_a) ** 2
    loop = ALPHA / math.pi * (1 - tau * (math.pi**2 / 4 - math.acosh(tau**-0.5) ** 2))
    expected = math.sqrt(-8.7e-13 / per_unit(ELECTRON_MASS, m_a, loop, 1.0))
    assert rows[name].found.value == pytest.approx(expected, rel=2e-3)


def test_cutoff(rows: dict[str, Row]) -> None:
    """At 10 GeV the Barr-Zee term, all that counts, goes with 2 ln(Lambda/m_a) - 3/2."""
    expected = math.sqrt((2 * math.log(1e3) - 1.5) / (2 * math.log(1e1) - 1.5))
    assert rows["cutoff"].found.value == pytest.approx(expected, rel=1e-3)


def test_light_by_light(rows: dict[str, Row], survey: Survey) -> None:
    """Its largest is at the weakest limit below 8 GeV, that of LEP where BaBar ends."""
    limits = [row.g_agamma.value for row in survey.curve("delphi") if row.mass <= 8]
    term = ELECTRON_MASS**2 / (16 * math.pi**2) * 3 * ALPHA / math.pi * math.log(CUTOFF / ELECTRON_MASS) ** 2
    expected = term * max(limits) ** 2 / 8.7e-13
    assert rows["light-by-light-size"].found.value == pytest.approx(expected, rel=COARSE)


# --- Figs. 11 to 15 ----------------------------------------------------------------------------------------------------


def e137_exponent(mass: float, visible: float, visible_ratio: float, survey: Survey) -> float:
    """(L + D) Gamma_inv / (hbar c gamma)."""
    block = survey.experiment("e137").analysis.beam_dump
    assert block is not None
    low, high = claims_combined.published_edges(block, mass)
    ends = claims_combined.Dump(block.shielding, block.decay_region)
    boost = claims_combined.mean_boost(ends, mass, low, high)
    return (block.shielding + block.decay_region) * visible / visible_ratio / (HBARC_MM * boost)


def photons(g: float, mass: float) -> float:
    return g**2 * mass**3 / (64 * math.pi)


def lower_edge(mass: float, survey: Survey) -> float:
    block = survey.experiment("e137").analysis.beam_dump
    assert block is not None
    return claims_combined.published_edges(block, mass)[0]


def test_e137_closes(rows: dict[str, Row], survey: Survey) -> None:
    """g^4 exp(-c g^2) is largest at c g^2 = 2, and reaches g_d^4 there while c g_d^2 < 2/e."""
    mass = rows["e137-1e-4"].found.value
    exponent = e137_exponent(mass, photons(lower_edge(mass, survey), mass), 1e-4, survey)
    assert exponent == pytest.approx(2 / math.e, rel=0.02)
    expected = e137_exponent(0.01, photons(lower_edge(0.01, survey), 0.01), 1.0, survey) * math.e / 2
    assert rows["e137-suppression"].found.value == pytest.approx(expected, rel=0.02)


def test_e137_ends(rows: dict[str, Row], survey: Survey) -> None:
    """On the edge the signal is that of the published lower one; beyond the end at large g_ae no ray has a signal."""
    g_ae, g_agamma = claims_combined.dump_end(survey)
    known = lower_edge(0.01, survey)
    electrons = g_ae**2 * ELECTRON_MASS**2 * 0.01 * math.sqrt(1 - (2 * ELECTRON_MASS / 0.01) ** 2) / (8 * math.pi)
    visible = electrons + photons(g_agamma, 0.01)
    signal = g_agamma**2 * visible * math.exp(-e137_exponent(0.01, visible, 1e-4, survey))
    assert signal == pytest.approx(known**2 * photons(known, 0.01), rel=1e-6)
    assert rows["e137-electrons"].found.value == pytest.approx(electrons / photons(g_agamma, 0.01), rel=1e-6)
    assert rows["e137-end"].found.value == g_ae
    exponent = e137_exponent(0.01, electrons * (1e-4 / g_ae) ** 2, 1e-4, survey)
    assert rows["e137-decay-length"].found.value == pytest.approx((1 + 204 / 179) / exponent, rel=1e-6)


def test_crossings(rows: dict[str, Row], survey: Survey) -> None:
    """At the masses that were found the limits between the survey's points are the same, or both terms are."""

    def between(name: str, coupling: str, mass: float) -> float:
        known = [(row.mass, getattr(row, coupling).value) for row in survey.curve(name)]
        return float(np.exp(np.interp(math.log(mass), *np.log(np.array(known).T))))

    mass = rows["na64-dominates-below"].found.value
    assert between("na64", "g_ae", mass) == pytest.approx(between("babar", "g_ae", mass), rel=1e-6)
    for name, wanted in (("transition-14a", 1e-3), ("transition-14b", 1e-2)):
        mass = rows[name].found.value
        assert between("na64", "g_agamma", mass) / between("na64", "g_ae", mass) == pytest.approx(wanted, rel=1e-6)


def test_one_over_s(rows: dict[str, Row]) -> None:
    """Eq. (18)."""

    def section(s: float) -> float:
        m2, M2 = ELECTRON_MASS**2, 1e-4
        Lam = math.log(s / m2)
        return ((s * s + M2 * M2) * Lam - 2 * M2 * s) / ((s - M2) * s * s)

    s = 10.58**2
    assert rows["one-over-s"].found.value == pytest.approx(math.log(section(4 * s) / section(s)) / math.log(4), rel=1e-5)


def test_bands_meet(rows: dict[str, Row]) -> None:
    """Where the muon's band comes down to the electron's: 1.27e-9 and 15.9e-13 at the same g, with our own integrals."""

    def gap(log_mass: float) -> float:
        mass = math.exp(log_mass)
        muon, electron = per_unit(MUON_MASS, mass, 1e-3, -0.1), per_unit(ELECTRON_MASS, mass, 1e-3, 1.0)
        return muon / 1.27e-9 + electron / 15.9e-13

    mass = math.exp(brentq(gap, math.log(0.3), math.log(0.5), xtol=1e-3))
    assert mass == pytest.approx(float(MASSES[claims_results.explained(claims_results.FIG15).there][0]), rel=0.013)
    assert rows["fit-of-both"].found.value == pytest.approx(math.log10(100 / mass), abs=0.01)


def test_the_first_open_mass(rows: dict[str, Row], survey: Survey) -> None:
    """There the lower end of the muon's band is on BaBar's limit, and that of the electron's in Fig. 14a on NA64's."""
    limit = slice_numbers.curve(survey, "babar", claims_results.FIG15)
    mass = rows["hundred-mev"].found.value
    lower = math.sqrt(1.27e-9 / per_unit(MUON_MASS, mass, 1e-3, -0.1))
    assert lower == pytest.approx(float(limit.at(mass)), rel=2e-3)
    limit = slice_numbers.curve(survey, "na64", claims_combined.PANELS["14a"])
    mass = rows["lowest-open-14a"].found.value
    lower = math.sqrt(-1.5e-13 / per_unit(ELECTRON_MASS, mass, 1e-3, 1.0))
    assert lower == pytest.approx(float(limit.at(mass)), rel=2e-3)


def test_shares_of_the_figures(rows: dict[str, Row], survey: Survey) -> None:
    """BaBar is the strongest up to its end at 7.9 GeV, or where LEP passes it; the photon's share at one mass by hand."""
    assert rows["babar-dominates"].found.value == pytest.approx(math.log10(7.5 / 1e-3) / 5, abs=0.01)
    row = survey.row("babar", 1.0)
    assert row is not None
    photon, electron = 1e-6 / row.g_agamma.value**2, 1 / row.g_ae.value**2
    share_of = claims_combined.photon_share("babar", claims_combined.PANELS["14a"])(survey).value
    assert share_of == pytest.approx(photon / (photon + electron), rel=COARSE)


def test_directions_of_today() -> None:
    """Cs and Rb alone have directions, together none; with Cs twice all that Cs has."""
    assert claims_moments.explained_together().value == 0
    assert "Cs alone 45%, Rb alone 55%" in claims_moments.explained_together().text


def test_only_invisible_experiments(survey: Survey) -> None:
    """A curve of an analysis that is not there is an error that says so."""
    with pytest.raises(InputError, match="no study of 'padme'"):
        claims_single.smallest(survey, "padme", "na64", {"g_ae": 1.0})


def test_the_card_is_small(tmp_path: Path) -> None:
    """The paper's own workflow has every study that the statements need."""
    names = {study.analysis for study in WorkflowCard.load("paper").studies}
    path = tmp_path / "small.yaml"
    path.write_text(CARD)
    assert {study.analysis for study in WorkflowCard.load(path).studies} <= names
