"""The chain at one mass: files and memory agree, limits close their loop, and the paper's numbers come out."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, poisson

from alphoton.analysis.analyse import analyse
from alphoton.analysis.counting import Measurement
from alphoton.analysis.statistics import Counting, p_value
from alphoton.analysis.window import background_share, window
from alphoton.data.card_file import package_folder
from alphoton.data.errors import CardError, CardWarning, InputError
from alphoton.data.published_file import load as load_curve
from alphoton.detectors.detector_card import Trigger
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import generate
from alphoton.workflows.chain import (
    REFERENCE_SAMPLE,
    Experiment,
    PointLimit,
    load_experiment,
    point_limit,
    reference_in_memory,
)
from alphoton.workflows.measurements import from_file, in_memory
from reference.amplitudes import Component
from reference.closed_forms import differential, total
from reference.dirac import MP

ANALYSES = ("delphi", "babar", "belle2-20fb", "belle2-50ab", "padme", "padme-poseydon", "padme-poseydon-ses")
EVENTS = 20_000


def measured(experiment: Experiment, mass: float, events: int = EVENTS) -> Measurement:
    return in_memory(experiment.at(mass, events)[0][0], experiment.detector, experiment.analysis)


def limits(experiment: Experiment, mass: float, events: int = EVENTS) -> PointLimit:
    (process,), reference = experiment.at(mass, events)
    found = in_memory(process, experiment.detector, experiment.analysis)
    return point_limit(experiment, [found], reference_in_memory(experiment, reference), events)


# --- cards -------------------------------------------------------------------------------------------------------


def test_overrides_reach_the_three_cards() -> None:
    own = "selection.0.max=70 mrad"
    found = load_experiment("padme", [own, "process.model.g_ae=2 /GeV", "detector.modules.1.resolution=5 mm"])
    assert found.analysis.selection[0].max == "70 mrad"
    assert found.processes[0].model.g_ae == 2.0
    assert found.detector.modules[1].resolution == 5.0  # type: ignore[union-attr]
    others = ["process=belle2", "detector=babar", "counting.luminosity=1 /fb"]
    with pytest.warns(CardWarning, match="experiment: 'delphi', but the"):
        assert load_experiment("delphi", others).processes[0].name == "belle2"


def test_bad_overrides_are_told_by_the_card_they_belong_to() -> None:
    for override in ("process.beams.sqrt_z=1 GeV", "detector.modules.0.stochastik=1 %", "selection.0.mun=1 mrad"):
        with pytest.raises(CardError, match=rf"override .*{override.rsplit('.', 1)[1].split('=')[0]}: unknown key"):
            load_experiment("padme", [override])


@pytest.mark.parametrize("name", ANALYSES)
def test_packaged_experiments_load(name: str) -> None:
    experiment = load_experiment(name)
    assert (experiment.reference is None) == (experiment.analysis.recast is None)
    assert experiment.processes[0].process == "annihilation"


def test_at_a_mass() -> None:
    """The card's process and the dark photon, both there; one balanced sample for every coupling."""
    (process,), reference = load_experiment("babar").at(0.25, 1234)
    assert reference is not None
    assert (process.mass, reference.mass) == (0.25, 0.25)
    assert (process.events, reference.events) == (1234, REFERENCE_SAMPLE * 1234)
    assert (process.sampling, reference.process) == ("balanced", "dark_photon")
    with pytest.raises(CardError, match="11000 MeV is above threshold"):
        load_experiment("babar").at(11.0)


def copies(folder: Path) -> Path:
    """A user's own cards in a folder, which name each other, and a curve beside them."""
    for kind in ("process", "detector"):
        text = (package_folder() / kind / "babar.yaml").read_text(encoding="utf-8").replace("name: babar", "name: mine")
        (folder / f"my-{kind}.yaml").write_text(text, encoding="utf-8")
    text = (package_folder() / "analysis" / "babar.yaml").read_text(encoding="utf-8")
    changes = {
        "process: babar\n": "process: my-process.yaml\n",
        "detector: babar\n": "detector: my-detector.yaml\n",
        "curve: babar_2017_invisible_darkphoton": "curve: my-curve.csv",
        "limit_column: epsilon_90CL": "limit_column: epsilon",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    (folder / "my-curve.csv").write_text("mass_GeV,epsilon\n0.001,0.00474\n10,0.00474\n", encoding="utf-8")
    return folder / "mine.yaml"


def check_five_times_babar(card: Path | str) -> None:
    """The curve lies at 5 times BaBar's 9.48e-4 (arXiv:1702.03327, Fig. 5): so do the limits."""
    babar, mine = limits(load_experiment("babar"), 0.01), limits(load_experiment(card), 0.01)
    assert mine.g_agamma.value == pytest.approx(5 * babar.g_agamma.value, rel=1e-9)
    assert mine.g_ae.value == pytest.approx(5 * babar.g_ae.value, rel=1e-9)


def test_a_users_own_recast_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies(tmp_path)
    monkeypatch.chdir(tmp_path)
    check_five_times_babar("mine")


def test_a_users_own_recast_from_elsewhere(tmp_path: Path) -> None:
    """Cards, and curves, are found beside the card that names them."""
    check_five_times_babar(copies(tmp_path))


# --- through files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["padme", "delphi"])
def test_files_and_memory_give_identical_numbers(name: str, tmp_path: Path) -> None:
    experiment = load_experiment(name)
    (process,), _ = experiment.at(0.01, 4000)
    generate(process, tmp_path / "events.root")
    simulate(tmp_path / "events.root", experiment.detector, tmp_path / "reco.root")
    through_files = from_file(tmp_path / "reco.root", experiment.analysis)
    in_one_go = in_memory(process, experiment.detector, experiment.analysis)
    for key in ("steps", "weights", "entries", "sums", "squares", "generated_weight"):
        assert np.array_equal(getattr(through_files.sums, key), getattr(in_one_go.sums, key)), key
    assert point_limit(experiment, [through_files], None, 4000) == point_limit(experiment, [in_one_go], None, 4000)
    analysed = analyse(tmp_path / "reco.root", experiment.analysis)
    assert analysed.efficiency == in_one_go.sums.efficiency().value
    assert analysed.selected == in_one_go.sums.entries[-1]
    other = in_memory(process, experiment.detector, experiment.analysis, point=1)  # negative control: another point
    assert not np.array_equal(through_files.sums.sums, other.sums.sums)


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cls", "bayesian", "poisson"])
def test_delphis_limit_closes_its_loop(method: str) -> None:
    """With the events that the limit's coupling makes, the exclusion p-value of 61 on 49 +- 4.9 is 10%."""
    experiment = load_experiment("delphi", [f"limit.method={method}"])
    found = limits(experiment, 0.01)
    luminosity = 645.7  # /pb, the total of Table 1 of arXiv:2012.07894
    for name, limit in (("photon", found.g_agamma), ("electron", found.g_ae)):
        signal = limit.value**2 * found.rates[name].value * luminosity
        assert p_value(Counting(61, 49, 4.9), signal, method) == pytest.approx(0.10, abs=1e-6)
        wrong = p_value(Counting(61, 49, 4.9), 0.84 * signal, method)  # negative control: the trigger twice
        assert wrong != pytest.approx(0.10, abs=0.01)


def test_padmes_limit_closes_its_loop() -> None:
    """A window of 1.5 standard deviations: signal and background in it, 3800 events for 1e11 of 4e13 positrons."""
    experiment = load_experiment("padme")
    process, found = measured(experiment, 0.01), limits(experiment, 0.01)
    counting = experiment.analysis.counting
    assert counting is not None
    assert counting.background is not None
    assert process.peak is not None
    for name, limit in (("photon", found.g_agamma), ("electron", found.g_ae)):
        (low, high), share = window(*process.peak.of(name), 0.01, 1.5)
        background = 3800 * 400 * background_share(experiment.analysis, counting.background, {}, low, high, "flat")
        signal = limit.value**2 * found.rates[name].value * share * 4e13 * 1.0538746e-14  # electrons/pb: test_limits
        median = float(poisson.ppf(0.5, background))
        assert p_value(Counting(median, background), signal) == pytest.approx(0.10, abs=1e-4)
        unwindowed = p_value(Counting(median, background), signal / share)  # negative control: all of the signal
        assert unwindowed != pytest.approx(0.10, abs=0.01)


def test_padmes_limit_scales_with_the_events_asked_for() -> None:
    """100 and 2.3 events, arXiv:2012.07894, section 3.3: couplings go with the square root."""
    hundred, single = (limits(load_experiment(name), 0.01) for name in ("padme-poseydon", "padme-poseydon-ses"))
    assert hundred.g_ae.value / single.g_ae.value == pytest.approx(math.sqrt(100 / 2.3), rel=1e-9)
    # Eq. (45) the other way: at the limit there are as many events on 4e16 positrons
    assert hundred.g_ae.value**2 * hundred.rates["electron"].value * 4e16 * 1.0538746e-14 == pytest.approx(100, rel=1e-6)
    assert math.isnan(hundred.confidence_level)


def test_the_shape_of_padmes_background_is_a_systematic() -> None:
    """As large as the difference to a card whose background has the other shape."""
    other = "counting.background={events: 3800, per_positrons_on_target: 1.e+11, shape: bremsstrahlung}"
    flat, bremsstrahlung = limits(load_experiment("padme"), 0.01), limits(load_experiment("padme", [other]), 0.01)
    for name, key in (("photon", "g_agamma"), ("electron", "g_ae")):
        ratio = getattr(bremsstrahlung, key).value / getattr(flat, key).value
        assert flat.systematic[name] == pytest.approx(abs(ratio - 1), rel=1e-9)
        assert 0.1 < flat.systematic[name] < 0.5
    assert bremsstrahlung.systematic == {"photon": 0.0, "electron": 0.0}


def test_babars_decision_tree_is_a_systematic() -> None:
    """25% on the efficiencies, arXiv:2012.07894, section 3.1, is 12.5% on the coupling."""
    assert limits(load_experiment("babar"), 0.01).systematic == {"photon": 0.125, "electron": 0.125}
    assert limits(load_experiment("belle2-50ab"), 0.01).systematic == {"photon": 0.0, "electron": 0.0}


def test_a_flat_background_needs_no_other_shape() -> None:
    """A user's counting experiment with a flat background cuts on what it likes."""
    found = limits(load_experiment("padme", ["selection=[{quantity: photon.energy, min: 30 MeV}]"]), 0.01)
    assert found.g_ae.value > 0


# --- what sets no limit ------------------------------------------------------------------------------------------


def test_a_sample_that_is_too_small() -> None:
    with pytest.raises(
        InputError,
        match=r"padme: an effective \d+ events for the photon coupling, a limit needs 1000; generate at least 2000",
    ):
        limits(load_experiment("padme"), 0.01, events=800)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["counting=null"], "delphi: the card has neither 'counting' nor 'recast'"),
        (["process.beams={sqrt_s: 200 GeV}"], "neither the analysis card nor the process card gives a luminosity"),
        (["counting.observed=0", "counting.background.events=100"], "so few events have probability"),
        (
            ["counting.observed=61.5", "limit.method=feldman_cousins"],
            "'feldman_cousins' counts whole events: write 61 or 62",
        ),
    ],
)
def test_cards_that_give_no_limit(overrides: list[str], message: str) -> None:
    fast = ["process.beams={sqrt_s: 200 GeV, luminosity: 645.7 /pb}"]
    with pytest.raises(InputError, match=message):
        limits(load_experiment("delphi", fast + overrides), 0.01)


@pytest.mark.parametrize(
    ("name", "override", "named"),
    [("padme", "process=padme-darkphoton", "padme-darkphoton"), ("babar", "recast.process=babar", "babar")],
)
def test_processes_in_the_wrong_place(name: str, override: str, named: str) -> None:
    """An ALP is what is limited, a dark photon what it is compared with: the other way round is told, with its card."""
    with pytest.raises(InputError, match=named):
        limits(load_experiment(name, [override]), 0.01)


def test_no_limit_where_nothing_is_selected() -> None:
    """At PADME, above 22.98 MeV, no photon has 30 MeV (physics sheet, section 6), unless a resolution lifts it."""
    exact = load_experiment("padme-poseydon", ["detector.modules=[]"])
    below, above = limits(exact, 0.0229), limits(exact, 0.02299)
    assert below.g_ae.value > 0
    assert all(map(math.isnan, (above.g_ae.value, above.g_ae.error, above.g_agamma.value, above.allowed["photon"].value)))
    assert limits(load_experiment("padme-poseydon"), 0.02299).g_ae.value > 0


def test_a_window_around_a_peak_without_a_width() -> None:
    """A detector that measures exactly: no standard deviation to count within, and that is told."""
    with pytest.raises(InputError, match="window"):
        limits(load_experiment("padme", ["detector.modules=[]"]), 0.01)


def test_no_limit_outside_the_published_curve() -> None:
    assert math.isnan(limits(load_experiment("belle2-50ab"), 8.5).g_agamma.value)


def test_no_limit_from_a_dark_photon_that_is_not_missed() -> None:
    """A detector that sees the dark photon selects none of its events: that excludes nothing, not everything."""
    found = limits(load_experiment("babar", ["detector.invisible=[9000005]"]), 0.01)
    assert math.isnan(found.g_agamma.value)
    assert math.isnan(found.g_ae.value)


def test_no_limit_of_the_method() -> None:
    """CLs+b, where the observation is far below the background."""
    fast = "process.beams={sqrt_s: 200 GeV, luminosity: 645.7 /pb}"
    found = limits(load_experiment("delphi", [fast, "limit.method=poisson", "counting.observed=10"]), 0.01)
    assert math.isnan(found.g_agamma.value)
    assert found.rates["photon"].value > 0


# --- against quadrature, and against the paper -------------------------------------------------------------------


@cache
def within(root_s: float, mass: float, low: float, high: float, component: Component) -> float:
    """The cross-section with cos theta* between low and high, in pb at unit couplings, from the closed form."""
    s = MP.mpf(root_s) ** 2
    points = [low, 0, high] if low < 0 < high else [low, high]
    return float(MP.quad(lambda c: differential(s, mass, 1 - abs(c), component), points))


def delphi_efficiency(mass: float, component: Component) -> float:
    """Eq. (33) of arXiv:2012.07894 in each bin of Table 1: angle by quadrature, energy by the Gaussian of Eq. (32)."""
    selected = produced = 0.0
    for collision in load_experiment("delphi").processes[0].collisions():
        root_s, luminosity = collision.sqrt_s, collision.luminosity
        assert luminosity is not None
        energy = (root_s**2 - mass**2) / (2 * root_s)
        sigma = energy * math.hypot(0.0435, 0.32 / math.sqrt(energy))
        edges = norm.cdf([(0.9 * root_s / 2 - energy) / sigma, (1.05 * root_s / 2 - energy) / sigma])
        in_angle = within(root_s, mass, -math.sqrt(0.5), math.sqrt(0.5), component)
        selected += luminosity * in_angle * (edges[1] - edges[0])
        produced += luminosity * total(root_s**2, mass, component)
    return 0.84 * selected / produced


@pytest.mark.parametrize("mass", [0.01, 60.0])
def test_delphis_efficiency(mass: float) -> None:
    found = measured(load_experiment("delphi"), mass, 40_000).sums
    for component in ("photon", "electron"):
        efficiency, expected = found.efficiency(weight=component), delphi_efficiency(mass, component)  # type: ignore[arg-type]
        assert abs(efficiency.value - expected) < 4 * efficiency.error < 0.1 * expected
        assert abs(efficiency.value - expected / 0.84) > 4 * efficiency.error  # negative control: without the trigger


def test_the_paper_on_delphis_efficiency() -> None:
    """arXiv:2012.07894, section 3.1: "around 40%" for 10 MeV and the photon coupling, with angle, energy and trigger."""
    experiment = load_experiment("delphi")
    found = measured(experiment, 0.01, 40_000).sums.efficiency(weight="photon")
    assert found.value == pytest.approx(0.40, abs=0.02)
    assert [m.efficiency for m in experiment.detector.modules if isinstance(m, Trigger)] == pytest.approx([0.84])  # once


def recast_limit(root_s: float, mass: float, cosines: tuple[float, float], epsilon: float, component: Component) -> float:
    """Eqs. (36) and (37) by quadrature of the closed forms, on the truth as in the paper."""
    ratio = within(root_s, mass, *cosines, "dark_photon") / within(root_s, mass, *cosines, component)
    return epsilon * math.sqrt(ratio)


@pytest.mark.parametrize(
    ("name", "cosines", "epsilon"),
    [
        ("babar", (-0.4, 0.6), 9.48e-4),  # Eq. (34) of arXiv:2012.07894; arXiv:1702.03327, Fig. 5, below 0.5 GeV
        ("belle2-50ab", (-0.85, 0.91), 4.25e-5),  # Eq. (38); arXiv:1911.03176, below 0.2 GeV
        ("belle2-20fb", (-0.85, 0.91), 3.00e-4),
    ],
)
@pytest.mark.parametrize("mass", [0.001, 0.1])
def test_recasts(name: str, cosines: tuple[float, float], epsilon: float, mass: float) -> None:
    found = limits(load_experiment(name), mass, 100_000)
    for component, limit in (("photon", found.g_agamma), ("electron", found.g_ae)):
        expected = recast_limit(10.58, mass, cosines, epsilon, component)  # type: ignore[arg-type]
        assert limit.error < 0.01 * limit.value
        assert abs(limit.value - expected) < 4 * limit.error
        assert abs(limit.value - 1.1 * expected) > 4 * limit.error  # negative control


def test_the_paper_on_babar() -> None:
    """arXiv:2012.07894 gives g_agamma near 1.6e-4 /GeV at low mass (its Fig. 11; the dark photon's 2-5% come on top)."""
    found = limits(load_experiment("babar"), 0.01, 100_000)
    assert found.g_agamma.value == pytest.approx(1.6e-4, rel=0.05)


@pytest.mark.parametrize("mass", [0.001, 0.01, 0.04, 0.08])
def test_belle2_against_another_recast(mass: float) -> None:
    """arXiv:1709.00009 for an ALP that couples to photons only, invisible below 0.09 GeV: within 5%."""
    published = load_curve("belle2_singlephoton_alp_gagamma_50ab")
    expected = float(published.interpolate(mass, "mass_GeV", "g_agamma_lower_GeVinv"))
    assert limits(load_experiment("belle2-50ab"), mass, 100_000).g_agamma.value == pytest.approx(expected, rel=0.05)


# --- BaBar's smearing --------------------------------------------------------------------------------------------


def largest_change(overrides: list[str], mass: float) -> float:
    """How far the efficiencies of cuts on the measured photon are from those on the true one, in their errors."""
    on_truth = [f"selection.{cut}.quantity=true_photon.cos_theta" for cut in (0, 1)]
    smeared, true = load_experiment("babar", overrides), load_experiment("babar", [*overrides, *on_truth])
    changes = []
    processes, reference = smeared.at(mass, 50_000)
    for process in (*processes, reference):
        assert process is not None
        sums = [in_memory(process, each.detector, each.analysis).sums for each in (smeared, true)]
        for component in set(sums[0].weights) & {"photon", "electron", "dark_photon"}:
            seen, expected = (each.efficiency(weight=component) for each in sums)
            changes.append(abs(seen.value - expected.value) / expected.error)
    assert len(changes) == 3
    return max(changes)


@pytest.mark.parametrize("mass", [0.01, 3.0, 7.0])
def test_smearing_does_not_change_babars_efficiencies(mass: float) -> None:
    """The paper cuts on the truth: behind the calorimeter the efficiencies are the same within their errors."""
    assert largest_change([], mass) < 1


def test_a_bad_calorimeter_would() -> None:
    """The negative control: 300 mrad in place of 3.87 mrad/sqrt(E)."""
    assert largest_change(["detector.modules.1={type: angular_resolution, theta: 300 mrad}"], 0.01) > 3
