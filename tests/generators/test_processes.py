"""The kernels against Feynman diagrams and 50-digit closed forms, and the Monte Carlo cross-sections against totals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from alphoton.generators import processes
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, GEV2_PB
from alphoton.generators.event_source import cross_section
from alphoton.generators.jit import Array
from alphoton.generators.kinematics import photon_momentum
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.photon_recoil import one_minus_abs_c
from alphoton.generators.vegas_grid import values
from reference import amplitudes, checks, closed_forms, dirac
from reference.dirac import MP, Number

ROOT_S = (0.020, 0.02371, 1.0, 10.58, 91.2, 209.0)  # GeV: low, PADME (550 MeV e+), BaBar and Belle II, LEP1, LEP2
FRACTIONS = (0.0, 0.01, 0.5, 0.9, 0.999)  # M/sqrt(s)
ALMOST = 1 - 1e-9  # M/sqrt(s) this far below threshold
POINTS = (0.0, 1e-300, 1e-12, 1e-4, 0.1, 0.25, 0.5, 0.7, 0.99, 1 - 1e-9, 1 - 2**-53, 1.0)  # of the unit interval
ROUNDING = 1e-13  # relative: eta reaches 13.6, so 1/cosh^2(eta) keeps all but 30 units in the last place


def card(process: str, root_s: float, mass: float, *overrides: str) -> ProcessCard:
    """A collider's card with the doubles `root_s` and `mass` in GeV."""
    name, key = {"annihilation": ("collider", "m_a"), "dark_photon": ("collider-darkphoton", "m_v")}[process]
    return ProcessCard.load(name, [f"beams.sqrt_s={root_s!r} GeV", f"model.{key}={mass!r} GeV", *overrides])


def parameters(process: str, root_s: float, mass: float, *overrides: str) -> Array:
    """The array that the kernels take."""
    loaded = card(process, root_s, mass, *overrides)
    return processes.get(process).parameters(loaded, loaded.collisions()[0])


def collinear(root_s: float, x: float) -> tuple[Number, Number]:
    """(1-|c|, |dc/dx|) with 50 digits: eta = atanh(beta c) runs from -eta_max to eta_max while x runs from 0 to 1."""
    beta = MP.sqrt(1 - 4 * MP.convert(dirac.M_E) ** 2 / MP.mpf(root_s) ** 2)
    eta_max = MP.atanh(beta)
    eta = eta_max * (2 * MP.mpf(x) - 1)
    return max(0, 1 - abs(MP.tanh(eta)) / beta), 2 * eta_max / (beta * MP.cosh(eta) ** 2)


def relative(value: float, truth: Number) -> float:
    """|value/truth - 1|"""
    return float(abs(MP.mpf(value) / truth - 1))


# ---- the kernels -----------------------------------------------------------------------------------------------------


def test_constants() -> None:
    """The package's and the reference's constants are the same numbers, and those of the physics sheet."""
    assert (ALPHA, ELECTRON_MASS) == (dirac.ALPHA, dirac.M_E)
    assert pytest.approx(dirac.GEV2_TO_PB, rel=1e-9) == GEV2_PB  # CODATA's rounded hbar c, and the exact one
    assert pytest.approx((137.035999, 3.893793721e8), rel=2e-9) == (1 / ALPHA, GEV2_PB)


@pytest.mark.parametrize("fraction", [0.005, 0.5, 0.999])
@pytest.mark.parametrize("root_s", ROOT_S)
@pytest.mark.parametrize("process", ["annihilation", "dark_photon"])
def test_kernels_are_the_diagrams(process: str, root_s: float, fraction: float) -> None:
    """dsigma/dx = dsigma/dc |dc/dx| with dsigma/dc from numeric Dirac matrices, in both hemispheres, up to |c| = 1."""
    p = parameters(process, root_s, fraction * root_s)
    s = MP.mpf(root_s) ** 2
    for x in (0.0, 1e-6, 0.2, 0.5, 0.93, 1.0):
        delta, jacobian = collinear(root_s, x)
        for component in processes.get(process).components:
            diagrams = amplitudes.differential(s, fraction * root_s, delta, component.name, forward=x > 0.5)
            unit = GEV2_PB / dirac.GEV2_TO_PB
            assert relative(component.density(np.array([x]), p), unit * diagrams * jacobian) < ROUNDING


def worst_kernel(process: str, name: str, formula: str) -> float:
    """The largest relative deviation of a component's kernel from a 50-digit formula on the whole grid."""
    density = next(c.density for c in processes.get(process).components if c.name == name)
    worst = 0.0
    for root_s in ROOT_S:
        for fraction in (*FRACTIONS, ALMOST):
            p = parameters(process, root_s, fraction * root_s)
            for x in POINTS:
                delta, jacobian = collinear(root_s, x)
                truth = closed_forms.differential(MP.mpf(root_s) ** 2, fraction * root_s, delta, formula) * jacobian
                worst = max(worst, relative(density(np.array([x]), p), truth))
    return worst


@pytest.mark.parametrize("name", ["photon", "electron", "interference"])
def test_annihilation_kernels_are_the_closed_forms(name: str) -> None:
    """From 20 MeV to 209 GeV, up to 1e-9 below threshold, up to |c| = 1."""
    assert worst_kernel("annihilation", name, name) < ROUNDING


def test_dark_photon_kernel_is_the_closed_form() -> None:
    assert worst_kernel("dark_photon", "dark_photon", "dark_photon") < ROUNDING


def test_a_wrong_kernel_is_seen() -> None:
    """Negative control: the interference differs from the electron coupling by the terms with M."""
    assert worst_kernel("annihilation", "electron", "interference") > 0.1


@pytest.mark.parametrize("root_s", ROOT_S)
def test_one_minus_abs_c(root_s: float) -> None:
    """1-|c| keeps its digits where c itself is 1; from |c| = 1 (exactly 0) to c = 0 (exactly 1)."""
    p = parameters("annihilation", root_s, 0.0)
    assert one_minus_abs_c(0.0, p) == one_minus_abs_c(1.0, p) == 0
    assert one_minus_abs_c(0.5, p) == pytest.approx(1, abs=ROUNDING)
    for x in POINTS[2:-1]:  # 50 digits do not tell 1 from 1 - 1e-300
        assert relative(one_minus_abs_c(x, p), collinear(root_s, x)[0]) < ROUNDING


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.999, ALMOST])
@pytest.mark.parametrize("root_s", ROOT_S)
def test_photon_momentum(root_s: float, fraction: float) -> None:
    """(s - M^2) / (2 sqrt s) without the cancellation at threshold."""
    s, mass = MP.mpf(root_s) ** 2, fraction * root_s
    assert relative(photon_momentum(root_s, mass), (s - MP.mpf(mass) ** 2) / (2 * MP.mpf(root_s))) < 1e-15


COUPLINGS = ["model.g_agamma=0.7 /GeV", "model.g_ae=-2 /GeV"]


@pytest.mark.parametrize(("interference", "products"), [("true", (0.49, 4.0, -1.4)), ("false", (0.49, 4.0, 0.0))])
def test_density_is_the_sum_of_the_components(interference: str, products: tuple[float, ...]) -> None:
    p = parameters("annihilation", 0.02371, 0.01, *COUPLINGS, f"interference={interference}")
    process, x = processes.get("annihilation"), np.linspace(0, 1, 101)[:, None]
    parts = [g * values(c.density, x, p) for g, c in zip(products, process.components, strict=True)]
    np.testing.assert_allclose(values(process.density, x, p), sum(parts), rtol=1e-14)


def test_dark_photon_density_scales_with_the_mixing_squared() -> None:
    p = parameters("dark_photon", 10.58, 1.0, "model.epsilon=-0.003")
    process, x = processes.get("dark_photon"), np.linspace(0, 1, 101)[:, None]
    np.testing.assert_allclose(values(process.density, x, p), 9e-6 * values(process.components[0].density, x, p), rtol=1e-14)


@pytest.mark.parametrize("fraction", [*FRACTIONS, ALMOST])
@pytest.mark.parametrize("root_s", [1.022e-3, 1.1e-3, *ROOT_S])
def test_densities_are_never_negative(root_s: float, fraction: float) -> None:
    """Nor is their sum with destructive interference, beyond the rounding of its positive terms.

    The ratio of couplings is the most destructive at each of a few points; at c = 0 it can cancel everything.
    """
    x = np.linspace(0, 1, 1001)[:, None]
    p = parameters("annihilation", root_s, fraction * root_s)
    process = processes.get("annihilation")
    photon, electron, interference = (values(c.density, x, p) for c in process.components)
    assert min(photon.min(), electron.min(), interference.min()) > 0
    for ratio in np.sqrt(electron / photon)[[0, 100, 400, 500]]:
        p[:3] = ratio**2, 1.0, -ratio
        assert (values(process.density, x, p) / (ratio**2 * photon + electron)).min() > -2e-15
    dark = processes.get("dark_photon").components[0].density
    assert values(dark, x, parameters("dark_photon", root_s, fraction * root_s)).min() > 0


# ---- the Monte Carlo cross-section -----------------------------------------------------------------------------------


def closed_form(loaded: ProcessCard, root_s: float) -> dict[str, float]:
    """The components' totals at the card's couplings, in pb."""
    process = processes.get(loaded.process)
    products = process.couplings(loaded)
    s = MP.mpf(root_s) ** 2
    names = [component.name for component in process.components]
    return {n: float(g) * closed_forms.total(s, loaded.mass, n) for g, n in zip(products, names, strict=True)}


@pytest.mark.parametrize("fraction", [0.0, 0.4, 0.999, ALMOST])
@pytest.mark.parametrize("root_s", ROOT_S)
@pytest.mark.parametrize("process", ["annihilation", "dark_photon"])
def test_cross_section_is_the_closed_form(process: str, root_s: float, fraction: float) -> None:
    """Each component and the sum: within 1e-4, and within 5 quoted errors, which are below 1e-4 too."""
    overrides = COUPLINGS if process == "annihilation" else []
    loaded = card(process, root_s, fraction * root_s, *overrides)
    result, truth = cross_section(loaded), closed_form(loaded, root_s)
    assert result.value == sum(part.value for part in result.components.values())
    for value, error, expected in [
        (result.value, result.error, sum(truth.values())),
        *((part.value, part.error, truth[name]) for name, part in result.components.items()),
    ]:
        assert value == pytest.approx(expected, rel=1e-4)
        assert abs(value - expected) < 5 * error + 1e-9 * abs(expected)  # GEV2_PB is CODATA's, rounded
        assert 0 < error < 1e-4 * abs(value)


@pytest.mark.parametrize("mass", [0.010, 0.001])
def test_light_dark_photon_at_lep(mass: float) -> None:
    """m_V far below sqrt(s), where the established generators lose 6% of the rate, or a factor of 58 (issue 2)."""
    loaded = card("dark_photon", 200.0, mass)
    result, truth = cross_section(loaded), closed_form(loaded, 200.0)["dark_photon"]
    assert result.value == pytest.approx(truth, rel=1e-4)


def test_interference_switched_off() -> None:
    loaded = card("annihilation", 0.02371, 0.01, "interference=false")
    result = cross_section(loaded)
    assert result.components["interference"].value == 0
    assert result.components["interference"].error == 0
    assert result.value == result.components["photon"].value + result.components["electron"].value


def test_interference_at_padme_is_not_negligible() -> None:
    """About 5% of the rate at equal couplings, and up to 10% (physics sheet, section 2); its sign follows g_ag g_ae."""
    plus, minus = (cross_section(ProcessCard.load("padme", [f"model.g_ae={g} /GeV"])) for g in (1, -1))
    assert 0.03 < plus.components["interference"].value / plus.value < 0.1
    assert minus.components["interference"].value == -plus.components["interference"].value


@pytest.mark.parametrize("mass", [0.010, 190.0, 207.0])
def test_a_list_of_sqrt_s_gives_the_luminosity_weighted_mean(mass: float) -> None:
    """Where a mass is above some of the thresholds, those runs count with their luminosity and no rate."""
    loaded = ProcessCard.load("delphi", [f"model.m_a={mass} GeV"])
    runs = loaded.collisions()
    luminosities = [run.luminosity or math.nan for run in runs]
    totals = [sum(closed_form(loaded, run.sqrt_s).values()) if run.sqrt_s > mass else 0.0 for run in runs]
    result = cross_section(loaded)
    assert result.value == pytest.approx(np.average(totals, weights=luminosities), rel=1e-5)
    assert result.error < 1e-4 * result.value


SEEDS = range(100)


def test_pulls_of_annihilation() -> None:
    """Pulls of both couplings' cross-sections over 100 seeds are unit; with the errors halved they are not.

    The interference is flat in eta: its error is the rounding of a sum, and its pulls would say nothing.
    """
    results = [cross_section(card("annihilation", 10.58, 5.0, f"seed={seed}")) for seed in SEEDS]
    truth = closed_form(card("annihilation", 10.58, 5.0), 10.58)
    for name in ("photon", "electron"):
        parts = [result.components[name] for result in results]
        assert_unit_pulls([part.value for part in parts], [part.error for part in parts], truth[name])


@pytest.mark.parametrize(("root_s", "mass"), [(200.0, 0.010), (0.02371, 0.0236)])
def test_pulls_of_the_dark_photon(root_s: float, mass: float) -> None:
    results = [cross_section(card("dark_photon", root_s, mass, f"seed={seed}")) for seed in SEEDS]
    truth = closed_form(card("dark_photon", root_s, mass), root_s)["dark_photon"]
    assert_unit_pulls([result.value for result in results], [result.error for result in results], truth)


def assert_unit_pulls(values: list[float], errors: list[float], truth: float) -> None:
    pulls = checks.pulls(values, errors, truth)
    assert checks.are_unit(pulls)
    assert not checks.are_unit(2 * pulls)  # negative control: errors halved
    assert not checks.are_unit(pulls + 1)  # negative control: a bias of one error
    assert not checks.are_unit(pulls / 2)  # negative control: errors doubled
