"""Counting through a selection: sums against numpy, rates against closed forms, and errors against their own spread."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Measurement, Rate, count, measure, weight_columns
from alphoton.analysis.efficiency import Efficiency
from alphoton.analysis.selection import EventView
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, Jagged
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import source_meta
from alphoton.generators.kinematics import on_target
from alphoton.generators.process_card import ProcessCard
from reference import checks
from reference.amplitudes import Component
from reference.closed_forms import DIFFERENTIALS, total
from reference.dirac import GEV2_TO_PB, MP

Array = NDArray[np.float64]
COMPONENTS: tuple[Component, ...] = ("photon", "electron", "interference")
PADME = on_target(0.55)
EXACT = DetectorCard.load("padme", ["modules=[]"])
"""A detector that measures exactly."""


class Sample:
    """Events of an experiment in memory: each chunk is a sample of its own."""

    def __init__(self, name: str, detector: DetectorCard, *overrides: str) -> None:
        self.source = EventSource(ProcessCard.load(name, ["sampling=balanced", *overrides]))
        self.analysis = AnalysisCard.load("belle2-50ab" if name == "belle2" else name)
        self.detector = detector
        self.meta: dict[str, Any] = {**source_meta(self.source), "detector_seed": 1}

    def chunk(self, index: int, events: int) -> Chunk:
        return reconstruct(self.detector, self.source.chunk(index, events).events, self.meta, index)

    def measure(self, events: int, *indices: int) -> Measurement:
        section = self.source.cross_section
        return measure(self.analysis, (self.chunk(i, events) for i in indices), self.meta, (section.value, section.error))


@pytest.fixture(scope="module")
def padme() -> Sample:
    """Measured exactly."""
    return Sample("padme", EXACT)


# --- sums --------------------------------------------------------------------------------------------------------


def test_sums_are_those_of_numpy(padme: Sample) -> None:
    chunk = padme.chunk(0, 20_000)
    sums, selected = count(padme.analysis, EventView(chunk, padme.meta))
    photons = chunk["Photon"]
    assert isinstance(photons, Jagged)
    in_angle = (photons["theta"] >= 0.015) & (photons["theta"] <= 0.080)
    steps = [np.ones(20_000, dtype=bool)] * 2 + [
        in_angle,
        in_angle & (photons["energy"] >= 0.03) & (photons["energy"] <= 0.5),
    ]
    weights = np.array([chunk[f"weight_{name}"] * chunk["genWeight"] for name in COMPONENTS])  # type: ignore[operator]
    weights = np.vstack([weights.sum(axis=0), weights])  # the card's couplings are all 1 /GeV
    assert sums.steps == ("generated", "pass_invisible", "angle", "energy")
    assert sums.weights == ("total", *COMPONENTS)
    assert np.array_equal(selected, steps[-1])
    assert sums.entries.tolist() == [int(step.sum()) for step in steps]
    np.testing.assert_allclose(sums.sums, [[w[step].sum() for w in weights] for step in steps], rtol=1e-12)
    np.testing.assert_allclose(sums.squares, [[(w[step] ** 2).sum() for w in weights] for step in steps], rtol=1e-12)
    assert sums.effective_size("photon") == pytest.approx(checks.effective_size(weights[1]), rel=1e-12)


def test_sums_of_chunks_add(padme: Sample) -> None:
    """Two chunks counted one after the other are the chunk of both."""
    parts = [padme.chunk(index, 3000) for index in (0, 1)]
    whole: Chunk = {}
    for name, first in parts[0].items():
        second = parts[1][name]
        if isinstance(first, Jagged):
            assert isinstance(second, Jagged)
            offsets = np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]])
            whole[name] = Jagged(offsets, {key: np.concatenate([first[key], second[key]]) for key in first.fields})
        else:
            whole[name] = np.concatenate([first, second])  # type: ignore[list-item]
    one, two, both = (count(padme.analysis, EventView(chunk, padme.meta))[0] for chunk in (*parts, whole))
    added = one + two
    assert np.array_equal(added.entries, both.entries)
    np.testing.assert_allclose(added.sums, both.sums, rtol=1e-13)
    np.testing.assert_allclose(added.squares, both.squares, rtol=1e-13)
    assert added.generated_weight == pytest.approx(both.generated_weight, rel=1e-13)


@pytest.mark.parametrize(
    ("overrides", "couplings"),
    [
        ((), (1, 1, 1)),
        (("model.g_agamma=0.1 /GeV", "model.g_ae=-2 /GeV"), (0.01, 4, -0.2)),
        (("model.g_ae=3 /GeV", "interference=false"), (1, 9, 0)),
    ],
)
def test_the_total_weight_is_that_of_the_cards_couplings(overrides: tuple[str, ...], couplings: tuple[float, ...]) -> None:
    """g_agamma^2, g_ae^2 and their product times the components, and 1 on average in a balanced sample."""
    sample = Sample("padme", EXACT, *overrides)
    names, weights = weight_columns(sample.chunk(0, 5000), sample.meta)
    assert names == ("total", *COMPONENTS)
    np.testing.assert_allclose(weights[:, 0], weights[:, 1:] @ couplings, rtol=1e-12)
    assert weights[:, 0].mean() == pytest.approx(1, abs=4 * weights[:, 0].std() / math.sqrt(5000))


def test_a_sample_without_events() -> None:
    with pytest.raises(InputError, match="no events"):
        measure(AnalysisCard.load("padme"), [], {}, (1.0, 0.0))


# --- rates against quadrature ------------------------------------------------------------------------------------


def accepted_cosines(mass: float) -> tuple[float, float]:
    """The cos theta* that fly into 15-80 mrad with 30-500 MeV behind PADME's target (none: an empty range).

    tan(theta*/2) = exp(y) tan(theta/2) and E = k (cosh y + sinh y cos theta*): both fall as theta* grows.
    """
    y, k = PADME.rapidity, (PADME.sqrt_s**2 - mass**2) / (2 * PADME.sqrt_s)
    at_angle = [math.cos(2 * math.atan(math.exp(y) * math.tan(theta / 2))) for theta in (0.080, 0.015)]
    at_energy = [(energy / k - math.cosh(y)) / math.sinh(y) for energy in (0.030, 0.500)]
    return max(at_angle[0], at_energy[0], -1), min(at_angle[1], at_energy[1], 1)


def accepted_cross_section(mass: float, component: Component) -> float:
    """The closed form integrated over the acceptance, in pb."""
    s = MP.mpf(PADME.sqrt_s) ** 2
    low, high = accepted_cosines(mass)
    return float(MP.convert(GEV2_TO_PB) * MP.quad(lambda c: DIFFERENTIALS[component](s, mass, c), [low, high]))


@pytest.mark.parametrize("mass", [0.001, 0.010, 0.0225])
def test_rate_is_cross_section_times_acceptance(mass: float) -> None:
    """Also at 22.5 MeV, where the soft photons are being cut away."""
    measured = Sample("padme", EXACT, f"model.m_a={mass} GeV").measure(60_000, 0)
    for component in COMPONENTS:
        rate, expected = measured.rate(component), accepted_cross_section(mass, component)
        assert rate.error < 0.02 * rate.value
        assert abs(rate.value - expected) < 4 * rate.error
        assert abs(rate.value - 1.1 * expected) > 4 * rate.error  # negative control
    assert measured.mass == mass
    assert measured.peak is not None
    assert measured.peak.of("photon")[0] == pytest.approx(mass**2, abs=1e-13)  # nothing is smeared


def test_rate_of_the_dark_photon() -> None:
    measured = Sample("padme", EXACT)
    source = EventSource(ProcessCard.load("padme-darkphoton", ["model.epsilon=0.01"]))
    meta = {**source_meta(source), "detector_seed": 1}
    chunk = reconstruct(EXACT, source.chunk(0, 60_000).events, meta, 0)
    found = measure(measured.analysis, [chunk], meta, (source.cross_section.value, source.cross_section.error))
    expected = accepted_cross_section(0.010, "dark_photon")  # at epsilon = 1, whatever the card's
    rate = found.rate("dark_photon")
    assert abs(rate.value - expected) < 4 * rate.error < 0.04 * expected
    assert abs(rate.value - 1.1 * expected) > 4 * rate.error  # negative control


def test_the_paper_on_padmes_acceptance(padme: Sample) -> None:
    """arXiv:2012.07894, section 3.3: "about 60%" (photon) and "around 25%" (electron): 58.2% and 22.8% at 10 MeV."""
    for component, stated in zip(COMPONENTS, (0.60, 0.25), strict=False):
        exact = accepted_cross_section(0.010, component) / total(PADME.sqrt_s**2, 0.010, component)
        assert exact == pytest.approx(stated, abs=0.03)
        found = padme.measure(60_000, 0).sums.efficiency(weight=component)
        assert abs(found.value - exact) < 4 * found.error < 0.01
        smeared = Sample("padme", DetectorCard.load("padme")).measure(60_000, 0).sums.efficiency(weight=component)
        assert smeared.value == pytest.approx(stated, abs=0.03)


def test_a_component_that_is_switched_off_has_no_rate() -> None:
    measured = Sample("padme", EXACT, "interference=false").measure(5000, 0)
    assert measured.rate("interference") == Rate(0.0, 0.0)
    assert measured.rate("photon").value > 0


# --- errors ------------------------------------------------------------------------------------------------------


def are_honest(found: Sequence[Efficiency] | Sequence[Rate]) -> bool:
    """Whether the values of 100 samples spread as widely as their errors say."""
    values, errors = [each.value for each in found], [each.error for each in found]
    pulls = checks.pulls(values, errors, float(np.mean(values)))
    assert not checks.are_unit(2 * pulls)  # negative control: errors halved
    return checks.are_unit(pulls)


@pytest.fixture(scope="module", params=["padme", "belle2"])
def hundred(request: pytest.FixtureRequest) -> list[Measurement]:
    """100 samples of 2000 events, with the experiment's own resolution."""
    sample = Sample(request.param, DetectorCard.load(request.param))
    return [sample.measure(2000, index) for index in range(100)]


@pytest.mark.parametrize("component", COMPONENTS)
def test_errors_of_efficiencies_are_honest(component: Component, hundred: list[Measurement]) -> None:
    assert are_honest([measured.sums.efficiency(weight=component) for measured in hundred])


@pytest.mark.parametrize("component", COMPONENTS)
def test_errors_of_rates_are_honest(component: Component, hundred: list[Measurement]) -> None:
    assert are_honest([measured.rate(component) for measured in hundred])
