"""Loops of leptons at the virtuality of the exchanged photon: annihilation and Primakoff production.

The vertex is that of `reference.loop_vertex`, by Feynman parameters; amplitudes, closed forms and the integrals over t and
over showers are those of the tree level's references.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from alphoton.data.errors import CardError
from alphoton.generators import processes
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS, PROTON_MASS
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.executors import chunks, executor
from alphoton.generators.model import widths
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.photon_recoil import collinear, one_minus_abs_c
from reference import amplitudes, closed_forms, fixed_target, loop_vertex
from reference.fixed_target import effective_primakoff, primakoff_cross_section

LOOP = "model.radiative_coupling=momentum_dependent"
ON_SHELL = "model.radiative_coupling=true"
COMPONENTS = ("photon", "electron", "interference")
LEAD, ALUMINIUM = (82.0, 207.2), (13.0, 26.9815385)


@pytest.fixture(autouse=True)
def _proton(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper rounds m_p to 0.938 GeV (`test_matter`: below 1e-3); here it is ours."""
    monkeypatch.setattr(fixed_target, "PROTON_MASS", PROTON_MASS)


def load(name: str, *overrides: str) -> ProcessCard:
    return ProcessCard.load(name, [LOOP, *overrides])


def beta(m_a: float, q2: float, muon: float = 0.0) -> complex:
    """What the loops add to g_agamma for each 1 /GeV of g_ae."""
    added = loop_vertex.one_virtual(m_a, q2, ELECTRON_MASS)
    if muon:
        added += muon * loop_vertex.one_virtual(m_a, q2, MUON_MASS)
    return ALPHA / math.pi * added


# ---- e+ e- -> gamma a ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mass", "g_ag", "g_ae"),
    [("padme", 0.01, 0.01, -3.0), ("padme", 0.001, 0.0, 1.0), ("babar", 0.002, 1e-3, -2.0), ("babar", 8.0, -2e-3, 1.0)],
)
def test_amplitudes(name: str, mass: float, g_ag: float, g_ae: float) -> None:
    """All diagrams added before squaring, with the complex coupling of the photon at q^2 = s."""
    card = load(name, f"model.m_a={mass} GeV", f"model.g_agamma={g_ag} /GeV", f"model.g_ae={g_ae} /GeV")
    (collision,) = card.collisions()
    process = processes.of(card)
    p = process.parameters(card, collision)
    coupling = g_ag + g_ae * beta(mass, collision.sqrt_s**2)
    for x in (0.5, 0.9, 0.02):
        D, _, jacobian = collinear(x, p)
        point = amplitudes.kinematics(collision.sqrt_s**2, mass, one_minus_abs_c(x, p), x > 0.5)
        factor = amplitudes.cross_section_factor(point) * (D * jacobian)
        expected = factor * amplitudes.alp_mean_squared(point, coupling, g_ae)
        found = process.density(np.array([x]), p)
        assert found == pytest.approx(float(expected), rel=1e-9)
        parts = [each.density(np.array([x]), p) for each in process.components]
        assert np.dot(process.couplings(card), parts) == pytest.approx(found, rel=1e-12)
        assert process.unit_densities is not None
        np.testing.assert_allclose(process.unit_densities(np.array([[x]]), p)[:, 0], parts, rtol=1e-13)
    tree = factor * amplitudes.alp_mean_squared(point, g_ag, g_ae)
    assert abs(float(tree / expected) - 1) > 1e-4


@pytest.mark.parametrize(
    ("name", "mass", "muon"),
    [("padme", 0.01, 0.0), ("padme", 0.0005, 0.0), ("babar", 0.001, 0.0), ("babar", 1.0, 2.0), ("delphi", 0.01, 0.0)],
)
def test_annihilation(name: str, mass: float, muon: float) -> None:
    """Totals by Eq. (18), weighted with the luminosities; the on-shell constant gives another number for light ALPs."""
    overrides = (f"model.m_a={mass} GeV", "model.g_agamma=0 /GeV", f"model.g_amu={muon} /GeV")
    found = cross_section(load(name, *overrides))
    collisions = load(name).collisions()
    luminosity = np.array([each.luminosity or 1.0 for each in collisions])
    parts, trees = [], []
    for each in collisions:
        s = each.sqrt_s**2
        unit = {component: closed_forms.total(s, mass, component) for component in COMPONENTS}  # type: ignore[arg-type]
        b = beta(mass, s, muon)
        parts.append(abs(b) ** 2 * unit["photon"] + b.real * unit["interference"] + unit["electron"])
        trees.append(unit["electron"])
    expected, tree = (float(np.average(values, weights=luminosity)) for values in (parts, trees))
    assert found.value == pytest.approx(expected, abs=5 * found.error + 1e-7 * expected)
    assert found.error < 1e-5 * expected
    assert found.value == found.components["electron"].value
    on_shell = cross_section(ProcessCard.load(name, [*overrides, ON_SHELL])).value
    if mass < 0.02:
        assert abs((on_shell - tree) / (expected - tree) - 1) > 0.01


def test_an_alp_far_below_the_electron() -> None:
    """On shell the loop decouples like m_a^2/(12 m_e^2); at q^2 = s it is the whole anomaly: at BaBar a factor of 11."""
    overrides = ("model.m_a=10 keV", "model.g_agamma=0 /GeV")
    exact, on_shell = (cross_section(ProcessCard.load("babar", [*overrides, mode])).value for mode in (LOOP, ON_SHELL))
    assert exact / on_shell == pytest.approx(10.7, rel=0.05)


# ---- gamma Z -> a Z --------------------------------------------------------------------------------------------------


@cache
def vertex(mass: float, lepton: float = ELECTRON_MASS) -> Callable[[float], complex]:
    """B1 as a function of t."""
    return loop_vertex.spacelike(mass, lepton)


def test_reference_vertex() -> None:
    """The interpolated integral is the same as the exact one."""
    for t in (1e-20, 1e-8, 1e-3, 1.0):
        assert vertex(0.01)(t) == pytest.approx(loop_vertex.one_virtual(0.01, -t, ELECTRON_MASS), rel=2e-6)


POINTS = [
    ("lead", LEAD, 50.0, 0.01, 0.0, 1.0, 0.0),
    ("lead", LEAD, 50.0, 0.0005, 0.0, 1.0, 0.0),
    ("lead", LEAD, 50.0, 0.0011, 2e-3, -1.0, 0.0),
    ("aluminium", ALUMINIUM, 5.0, 0.2, 1e-3, 1.0, -3.0),
]


@pytest.mark.parametrize(("nucleus", "atom", "energy", "mass", "g_ag", "g_ae", "g_mu"), POINTS)
def test_thin_primakoff(
    nucleus: str, atom: tuple[float, float], energy: float, mass: float, g_ag: float, g_ae: float, g_mu: float
) -> None:
    """The coupling inside the integral over t; with that of real photons it is another number."""
    overrides = [f"beams.photon_energy={energy} GeV", f"beams.target.material={nucleus}", f"model.m_a={mass} GeV"]
    overrides += [f"model.g_agamma={g_ag} /GeV", f"model.g_ae={g_ae} /GeV", f"model.g_amu={g_mu} /GeV"]

    def squared(t: float) -> float:
        added = g_ae * vertex(mass)(t) + (g_mu * vertex(mass, MUON_MASS)(t) if g_mu else 0)
        return abs(g_ag + ALPHA / math.pi * added) ** 2

    found = cross_section(load("primakoff-lead", *overrides))
    expected = primakoff_cross_section(energy, mass, *atom, coupling_squared=squared)
    assert found.value == pytest.approx(expected, rel=1e-4)
    assert found.error < 1e-4 * abs(found.components["electron"].value)
    if g_ag:
        on_shell = cross_section(ProcessCard.load("primakoff-lead", [*overrides, ON_SHELL])).value
    else:
        tree = cross_section(ProcessCard.load("primakoff-lead", overrides[:3])).value
        on_shell = tree * abs(load("primakoff-lead", *overrides).couplings.photon) ** 2
    assert abs(on_shell / expected - 1) > 2e-3


def test_showers() -> None:
    """Integrated over a shower's photons too."""
    mass = 0.003
    card = load("e137-primakoff", f"model.m_a={mass} GeV", "model.g_agamma=0 /GeV", "model.g_ae=1 /GeV")
    found = cross_section(card)

    def squared(t: float) -> float:
        return float(abs(ALPHA / math.pi * vertex(mass)(t)) ** 2)

    expected = effective_primakoff(20.0, mass, *ALUMINIUM, 200.0, 2.0, coupling_squared=squared)
    assert found.value == pytest.approx(expected, rel=2e-3)
    tree = cross_section(ProcessCard.load("e137-primakoff", [f"model.m_a={mass} GeV", "model.g_agamma=1 /GeV"])).value
    assert abs(tree * abs(card.couplings.photon) ** 2 / expected - 1) > 0.02


# ---- events and cards ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mass", "sampling"),
    [
        ("padme", "10 MeV", "unweighted"),
        ("delphi", "1 MeV", "balanced"),
        ("primakoff-lead", "1 MeV", "unweighted"),
        ("na64-primakoff", "5 MeV", "balanced"),
    ],
)
def test_weights(name: str, mass: str, sampling: str) -> None:
    """1 on average at the card's couplings; each component's mean is its share, by its own integration."""
    couplings = ("model.g_agamma=1e-3 /GeV", "model.g_ae=1 /GeV")
    source = EventSource(load(name, f"model.m_a={mass}", *couplings, f"sampling={sampling}"))
    events = source.chunk(0, 20_000).events
    products = source.process.couplings(source.card)
    total = 0
    for product, component in zip(products, COMPONENTS, strict=True):
        each = np.asarray(events[f"weight_{component}"]) * np.asarray(events["genWeight"])
        share = source.unit_cross_sections[component].value / source.cross_section.value
        assert each.mean() == pytest.approx(share, abs=5 * each.std() / math.sqrt(len(each)) + 1e-3 * share)
        total += product * each
    assert total.mean() == pytest.approx(1, abs=0.02 if sampling == "balanced" else 1e-3)


def test_workers_change_nothing() -> None:
    source = EventSource(load("na64-primakoff", "model.g_ae=1 /GeV"))
    one = [part.events for part in chunks(source, 70_000)]
    with executor(workers=2) as threads:
        two = [part.events for part in chunks(source, 70_000, threads)]
    for first, second in zip(one, two, strict=True):
        for key in ("weight_photon", "weight_electron", "weight_interference", "genWeight"):
            assert np.array_equal(first[key], second[key])


def test_decays_are_on_the_mass_shell() -> None:
    """Both photons of a decay are real, whatever the production."""
    overrides = ("model.g_agamma=0 /GeV", "model.g_ae=1e-4 /GeV")
    exact, on_shell = (ProcessCard.load("padme", [*overrides, mode]) for mode in (LOOP, ON_SHELL))
    assert widths(exact.couplings) == widths(on_shell.couplings)
    assert widths(exact.couplings)["photons"] > 0


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["model.radiative_coupling=off_shell"], "must be false, true or momentum_dependent"),
        ([LOOP, "model.g_ae=0 /GeV", "model.g_amu=1 /GeV"], "give g_ae a value"),
        ([LOOP, "interference=false"], "one amplitude with the rest"),
        ([LOOP, "model.g_ae=0 /GeV", "model.g_agamma=0 /GeV"], "nothing is produced"),
    ],
)
def test_cards_that_cannot_be(overrides: list[str], told: str) -> None:
    with pytest.raises(CardError, match=told):
        ProcessCard.load("padme", overrides)


def test_where_no_photon_is_exchanged_nothing_changes() -> None:
    """Bremsstrahlung takes the widths from it, as on the mass shell."""
    plain, loop = (cross_section(ProcessCard.load("bremsstrahlung-lead", mode)) for mode in ([], [LOOP]))
    assert plain == loop
