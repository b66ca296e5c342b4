"""The sampler on densities whose integrals and shapes are known on paper."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from alphoton.data.card_file import packaged
from alphoton.generators import sampling
from alphoton.generators.event_source import Normalisation, cross_section
from alphoton.generators.jit import DENSITY, Array, Density, kernel
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import bremsstrahlung
from alphoton.generators.sampling import Sampler, alias_table
from alphoton.generators.vegas_grid import LATTICE, LATTICE_MULTIPLIER, ROUNDING, Effort, Grid, Integral, integrate
from reference import checks

NONE = np.zeros(1)  # no parameters


@kernel(DENSITY)
def linear(x: Array, p: Array) -> float:
    """2x: integral 1, distribution function x^2."""
    return 2 * x[0]


@kernel(DENSITY)
def peak(x: Array, p: Array) -> float:
    """A Lorentzian at 0.3 of half-width 1e-4."""
    return 1e-4 / ((x[0] - 0.3) ** 2 + 1e-8)


@kernel(DENSITY)
def step(x: Array, p: Array) -> float:
    """Zero below 0.37, and 1 above."""
    return 1.0 if x[0] > 0.37 else 0.0


@kernel(DENSITY)
def flat(x: Array, p: Array) -> float:
    return p[0]


@kernel(DENSITY)
def correlated(x: Array, p: Array) -> float:
    """x + y: no product of functions of x and y; integral 1, distribution function of each (x^2 + x)/2."""
    return x[0] + x[1]


def peak_cdf(x: Array) -> Array:
    return np.arctan((x - 0.3) / 1e-4)


DENSITIES: list[tuple[Density, float, Callable[[Array], Array]]] = [
    (linear, 1.0, np.square),
    (peak, math.atan(7000) + math.atan(3000), peak_cdf),
    (step, 0.63, lambda x: np.maximum(0, x - 0.37)),
]
NAMES = [density.__name__ for density, *_ in DENSITIES]
COUNT = 100_000


def seed(number: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(number)


def shape_p(x: Array, cdf: Callable[[Array], Array], weights: Array | None = None) -> float:
    """The p-value of points in 20 bins that a density with this distribution function would fill alike."""
    fine = np.linspace(0, 1, 2_000_001)
    levels = cdf(fine)
    edges = np.interp(np.linspace(levels[0], levels[-1], 21), levels, fine)
    edges[0], edges[-1] = 0, 1
    probabilities = np.diff(cdf(edges)) / (levels[-1] - levels[0])
    return checks.histogram_p(x, edges, probabilities, weights)


# ---- integrals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("density", "dimension", "truth"),
    [(linear, 1, 1.0), (peak, 1, DENSITIES[1][1]), (correlated, 2, 1.0)],
    ids=["linear", "peak", "correlated"],
)
def test_pulls_are_unit(density: Density, dimension: int, truth: float) -> None:
    """Over 100 seeds. (Not so for the step: in one dimension the lattice's error jumps.)"""
    results = [integrate(density, NONE, dimension, seed(i))[0] for i in range(100)]
    pulls = checks.pulls([r.value for r in results], [r.error for r in results], truth)
    assert checks.are_unit(pulls)
    assert not checks.are_unit(2 * pulls)  # negative control: errors halved


@pytest.mark.parametrize("level", [1.0, 3e-200, 3e150])
def test_a_flat_density_has_the_error_of_rounding(level: float) -> None:
    """No quoted error is zero: that of a flat density is the rounding of a sum."""
    integral, _ = integrate(flat, np.array([level]), 1, seed(1))
    assert integral.value == pytest.approx(level, rel=5 * ROUNDING)
    assert 0.99e-13 * level < integral.error < 1e-12 * level


def test_errors_of_a_step() -> None:
    """A step moves the mean over a lattice by one point or none: the quoted errors still have unit pulls.

    Negative control: with errors halved they have not.
    """
    found = [integrate(step, NONE, 1, seed(number))[0] for number in range(100)]
    pulls = np.array([(integral.value - 0.63) / integral.error for integral in found])
    assert checks.are_unit(pulls)
    assert not checks.are_unit(2 * pulls)


def test_the_grid_is_the_seed_s() -> None:
    """One seed always gives one integral and one grid; another gives another."""
    (first, grid), (same, same_grid), (other, _) = (integrate(peak, NONE, 1, seed(i)) for i in (1, 1, 2))
    assert first == same != other
    np.testing.assert_array_equal(grid.edges, same_grid.edges)
    assert grid.edges[0, 0] == 0
    assert grid.edges[0, grid.ninc[0]] == 1
    assert (np.diff(grid.edges[0, : grid.ninc[0] + 1]) > 0).all()


def trained(density: Density, dimension: int, number: int) -> Sampler:
    return Sampler(density, NONE, *integrate(density, NONE, dimension, seed(number)), seed(number))


# ---- unweighted points -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("density", "_", "cdf"), DENSITIES, ids=NAMES)
def test_points_follow_the_density(density: Density, _: float, cdf: Callable[[Array], Array]) -> None:
    """p-values over 30 seeds, of the grid and of the points, are uniform."""
    p_values = []
    for number in range(30):
        drawn = trained(density, 1, number).draw(COUNT, np.random.default_rng(number))
        p_values.append(shape_p(drawn.x[:, 0], cdf, drawn.weights))
    assert checks.uniform_p(p_values) > checks.LIKELY


def test_a_wrong_shape_is_seen() -> None:
    """Negative control: 2x against a density that is 2% lower at one end and 2% higher at the other."""
    sampler = trained(linear, 1, 1)
    samples = [sampler.draw(COUNT, np.random.default_rng(number)).x[:, 0] for number in range(30)]
    assert checks.uniform_p([shape_p(x, np.square) for x in samples]) > checks.LIKELY
    assert checks.uniform_p([shape_p(x, lambda x: 0.98 * x**2 + 0.02 * x**4) for x in samples]) < checks.IMPOSSIBLE


def test_two_dimensions() -> None:
    """Both axes' shapes, and the correlation -1/11 of x and y under x + y; negative control: a correlation of 0."""
    sampler = trained(correlated, 2, 1)
    drawn = sampler.draw(COUNT, np.random.default_rng(1))
    assert all(shape_p(drawn.x[:, j], lambda x: (x**2 + x) / 2, drawn.weights) > checks.LIKELY for j in (0, 1))
    correlation = np.corrcoef(drawn.x.T)[0, 1]
    assert abs(correlation + 1 / 11) < 4 / math.sqrt(COUNT) < abs(correlation)


@pytest.mark.parametrize(("density", "_", "cdf"), DENSITIES, ids=NAMES)
def test_efficiency_and_overweight(density: Density, _: float, cdf: object) -> None:
    """Cells' maxima waste few trials and are hardly ever passed; weights are 1 or the excess."""
    drawn = trained(density, 1, 1).draw(COUNT, np.random.default_rng(1))
    assert COUNT <= drawn.trials < COUNT / 0.9
    assert drawn.weights.min() == 1
    assert (drawn.weights > 1).mean() < 1e-3


def test_overweight_points_keep_the_sample_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cells' maxima pushed down to where a wide cell passes them, weights up to 2 restore the shape.

    Negative control: without the weights the shape is wrong.
    """
    monkeypatch.setattr(sampling, "MARGIN", 0.5)
    wide = Grid(np.array([[0.0, 0.5, 1.0]]), np.array([2]))
    drawn = Sampler(linear, NONE, Integral(1.0, 0.0), wide, seed(1)).draw(COUNT, np.random.default_rng(1))
    assert 0.5 < (drawn.weights > 1).mean() < 0.95
    assert 1.99 < drawn.weights.max() <= 2
    assert shape_p(drawn.x[:, 0], np.square, drawn.weights) > checks.LIKELY
    assert shape_p(drawn.x[:, 0], np.square) < checks.IMPOSSIBLE


def test_points_are_the_generator_s() -> None:
    """The same state of the generator gives the same points, another gives others; drawing changes no sampler."""
    sampler = trained(peak, 1, 1)
    first, same, other = (sampler.draw(1000, np.random.default_rng(i)).x for i in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.isin(first, other).any()


# ---- the alias table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights",
    [
        [1.0],
        [1.0, 1.0, 1.0],
        [0.0, 0.0, 5.0],
        [1e-300, 1.0, 1e-300, 3.0],
        np.random.default_rng(1).pareto(0.5, 1000).tolist(),
        np.random.default_rng(2).random(4097).tolist(),
    ],
    ids=["one", "equal", "zeros", "tiny", "heavy-tail", "many"],
)
def test_alias_table_gives_each_its_probability(weights: list[float]) -> None:
    """The probability of i is its own kept share and what the others hand on to it, divided by their number."""
    keep, alias = alias_table(np.array(weights))
    probabilities = (keep + np.bincount(alias, weights=1 - keep, minlength=len(weights))) / len(weights)
    np.testing.assert_allclose(probabilities, np.array(weights) / sum(weights), rtol=1e-9, atol=1e-15)
    assert ((keep >= 0) & (keep <= 1)).all()


def test_results_are_frozen() -> None:
    integral, _ = integrate(linear, NONE, 1, seed(1))
    with pytest.raises(FrozenInstanceError):
        integral.value = 0.0  # type: ignore[misc]


# ---- the lattice -----------------------------------------------------------------------------------------------------


def worst_case(multiplier: int, dimension: int) -> float:
    """The lattice's squared error for the worst function of smoothness 2 with periodic derivatives (Korobov's P_2)."""
    generator = [pow(multiplier, j, LATTICE) for j in range(dimension)]
    x = np.arange(LATTICE)[:, None] * np.array(generator) % LATTICE / LATTICE
    return float(np.prod(1 + 2 * np.pi**2 * (x * x - x + 1 / 6), axis=1).mean() - 1)


@pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6])
def test_the_lattice_is_better_than_usual(dimension: int) -> None:
    others = np.random.default_rng(3).integers(2, LATTICE // 2, 40)
    assert worst_case(LATTICE_MULTIPLIER, dimension) < 0.7 * np.median([worst_case(int(a), dimension) for a in others])
    assert worst_case(2, dimension) > np.median([worst_case(int(a), dimension) for a in others])  # negative control


@pytest.mark.parametrize("name", packaged("process"))
def test_packaged_cards_are_known_to_a_tenth_of_a_permille(name: str) -> None:
    """But for the error of a shower by Monte Carlo, which is one for all that is made in it."""
    normalisation = Normalisation(ProcessCard.load(name))
    normalisation.table_error = 0.0
    found = normalisation.cross_section
    assert 0 < found.error < 1e-4 * found.value


def test_the_errors_of_bremsstrahlung_are_the_spread() -> None:
    """Over 60 seeds of the thick target's six dimensions, each with a grid of its own."""
    card = ProcessCard.load("na64-bremsstrahlung")
    (parameters,) = [bremsstrahlung.THICK.parameters(card, collision) for collision in card.collisions()]
    quick = Effort(5_000, 5, 100_000, 4_093, 16)
    results = [integrate(bremsstrahlung.THICK.density, parameters, 6, seed(i), quick)[0] for i in range(60)]
    pulls = checks.pulls([r.value for r in results], [r.error for r in results], cross_section(card).value)
    assert abs(pulls.mean()) < 0.45
    assert 0.75 < pulls.std(ddof=1) < 1.35
    assert not 0.75 < 2 * pulls.std(ddof=1) < 1.35  # negative control: errors halved
