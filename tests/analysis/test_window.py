"""The signal window: widths against Gaussians, their errors against toys, backgrounds against a direct Monte Carlo."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard, Background
from alphoton.analysis.window import (
    background_share,
    bremsstrahlung_shape,
    weighted_quantile,
    width,
    width_error,
    window,
)
from alphoton.data.errors import InputError
from alphoton.generators.kinematics import on_target
from reference import checks
from reference.dirac import M_E

Array = NDArray[np.float64]
BEAM: dict[str, float] = {key: value for key, value in on_target(0.55).as_dict().items() if value is not None}
PADME = AnalysisCard.load("padme")
assert PADME.counting is not None
assert PADME.counting.background is not None
FLAT: Background = PADME.counting.background


def gaussian(count: int, *seed: int) -> tuple[Array, Array]:
    """Values around 1e-4 with a standard deviation of 2e-5, and weights between 0.2 and 1.8."""
    rng = np.random.default_rng([5, *seed])
    return rng.normal(1e-4, 2e-5, count), rng.uniform(0.2, 1.8, count)


# --- widths ------------------------------------------------------------------------------------------------------


def test_width_of_a_gaussian() -> None:
    """Its standard deviation, also with weights, and also above a tail that takes 2% of the events far away."""
    values, weights = gaussian(200_000)
    assert width(values, weights) == pytest.approx(2e-5, rel=0.01)  # known to 0.3%
    assert width(values, np.ones(len(values))) == pytest.approx(2e-5, rel=0.01)
    tail = np.where(np.arange(len(values)) % 50 == 0, values + 1e-3, values)
    assert width(tail, weights) == pytest.approx(2e-5, rel=0.04)
    assert tail.std() > 5 * width(tail, weights)  # negative control: the standard deviation is not robust


@settings(deadline=None, max_examples=50, derandomize=True, database=None)
@given(st.lists(st.tuples(st.floats(-10, 10), st.integers(1, 5)), min_size=2, max_size=12), st.floats(0.2, 0.8))
def test_a_weight_of_n_is_n_events(entries: list[tuple[float, int]], probability: float) -> None:
    """A weighted quantile lies between the neighbours that repeating each value as often as its weight gives."""
    values = np.array([value for value, _ in entries])
    weights = np.array([weight for _, weight in entries], dtype=float)
    repeated = np.sort(np.repeat(values, weights.astype(int)))
    found = float(weighted_quantile(values, weights, np.array([probability]))[0])
    position = probability * len(repeated)
    reach = weights.max()
    low = repeated[max(0, math.floor(position - reach))]
    high = repeated[min(len(repeated) - 1, math.ceil(position + reach))]
    assert low - 1e-12 <= found <= high + 1e-12


def test_quantiles_of_equal_weights() -> None:
    values = np.array([3.0, 1.0, 2.0, 4.0])
    assert weighted_quantile(values, np.ones(4), np.array([0.125, 0.5, 0.875])) == pytest.approx([1.0, 2.5, 4.0])
    assert weighted_quantile(values, np.array([1.0, 1.0, 2.0, 0.0]), np.array([0.5])) == pytest.approx([2.0])


def test_error_of_the_width_is_its_spread() -> None:
    """Over 200 toys of 4000 weighted events."""
    toys = [gaussian(4000, seed) for seed in range(200)]
    spread = float(np.std([width(*toy) for toy in toys], ddof=1))  # known to 5%
    quoted = float(np.mean([width_error(*toy) for toy in toys]))
    assert quoted == pytest.approx(spread, rel=0.2)
    unweighted = 2e-5 / math.sqrt(2 * 4000)  # negative control: that of a standard deviation without weights
    assert unweighted != pytest.approx(spread, rel=0.2)


def test_share_of_the_signal_in_the_window() -> None:
    """1.5 standard deviations hold 86.6% of a Gaussian: physics sheet, section 6."""
    values, weights = gaussian(200_000)
    (low, high), share = window(values, weights, 0.01, 1.5)
    assert (low + high) / 2 == pytest.approx(1e-4)
    assert (high - low) / 2 == pytest.approx(1.5 * width(values, weights))
    assert share == pytest.approx(math.erf(1.5 / math.sqrt(2)), abs=0.004)
    assert share == pytest.approx(0.866, abs=0.004)
    assert window(values, weights, 0.01, 1.4)[1] != pytest.approx(0.866, abs=0.004)  # negative control
    assert window(values, weights, 0.012, 1.5)[1] < 0.5  # around another mass


# --- backgrounds -------------------------------------------------------------------------------------------------


def test_flat_background() -> None:
    """Over the 528 MeV^2 of the card: by the width of the window, also where it sticks out, and never above 1."""
    for low, high, expected in ((1e-4, 1.528e-4, 0.1), (-1e-5, 4.28e-5, 0.1), (-1.0, 1.0, 1.0)):
        assert background_share(PADME, FLAT, BEAM, low, high, "flat") == pytest.approx(expected)
    with pytest.raises(InputError, match="needs its 'range'"):
        background_share(PADME, Background(events=1), BEAM, 0.0, 1.0, "flat")


def test_bremsstrahlung_adds_to_one() -> None:
    edges, content = bremsstrahlung_shape(PADME, BEAM)
    assert len(edges) == len(content) + 1
    assert content.sum() == pytest.approx(1, rel=1e-12)
    assert np.all(content >= 0)
    assert background_share(PADME, FLAT, BEAM, edges[0], edges[-1], "bremsstrahlung") == pytest.approx(1)
    middle = edges[len(edges) // 3]
    parts = [background_share(PADME, FLAT, BEAM, *window, "bremsstrahlung") for window in ((-1, middle), (middle, 1))]
    assert sum(parts) == pytest.approx(1)


def drawn_missing_masses(count: int, soft: float = 1.0) -> Array:
    """Missing mass squared of bremsstrahlung drawn directly from its density: k by rejection, theta by inversion."""
    rng = np.random.default_rng(11)
    energy, (low, high) = BEAM["momentum_z"], (0.015, 0.080)
    k = 0.03 * (0.5 / 0.03) ** rng.random(4 * count)  # dk/k
    y = k / energy
    shape = 1 + (1 - y) ** 2 - soft * 2 * (1 - y) / 3
    k = k[rng.random(len(k)) * 2 < shape][:count]
    assert len(k) == count
    theta0 = (M_E / energy) ** 2
    inverse = 1 / (low**2 + theta0) + rng.random(count) * (1 / (high**2 + theta0) - 1 / (low**2 + theta0))
    theta = np.sqrt(1 / inverse - theta0)
    # the beams' four-momentum without the photon's, component by component
    beams_energy, beams_pz = BEAM["energy"], BEAM["momentum_z"]
    return (beams_energy - k) ** 2 - (beams_pz - k * np.cos(theta)) ** 2 - (k * np.sin(theta)) ** 2


def test_bremsstrahlung_against_a_direct_monte_carlo() -> None:
    edges, content = bremsstrahlung_shape(PADME, BEAM)
    cumulative = np.concatenate([[0.0], np.cumsum(content)])
    bins = np.interp(np.linspace(0, 1, 41), cumulative, edges)  # 40 bins of equal content
    bins[[0, -1]] = -1.0, 1.0
    probabilities = np.full(40, 1 / 40)
    assert checks.histogram_p(drawn_missing_masses(40_000), bins, probabilities) > checks.LIKELY
    assert checks.histogram_p(drawn_missing_masses(40_000, soft=0.0), bins, probabilities) < checks.IMPOSSIBLE  # control


def test_bremsstrahlung_needs_limits() -> None:
    with pytest.raises(InputError, match=r"limits on photon\.energy and photon\.theta"):
        bremsstrahlung_shape(AnalysisCard.load("padme", ["selection.1={quantity: photon.energy, min: 30 MeV}"]), BEAM)
