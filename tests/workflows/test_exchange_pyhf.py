"""pyhf workspaces: the numbers in them, and where pyhf's limits are alphoton's."""

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest
from pyhf.infer.calculators import ToyCalculator
from scipy import stats
from scipy.optimize import brentq

from alphoton.analysis.statistics import Counting, p_value, upper_limit
from alphoton.data.errors import CardError, InputError
from alphoton.workflows import limit
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.exchange.pyhf_workspace import Counted, median_count, workspace, write_pyhf

pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated:DeprecationWarning")  # in pyhf
LEVEL = 0.90


def counted(observed: float, background: float, error: float = 0.0) -> Counted:
    """A counting experiment whose signal is alphoton's own CLs limit."""
    signal = upper_limit(Counting(observed, background, error), "cls", LEVEL)
    return Counted("test", 0.01, "g_agamma", 1e-3, signal, 0.0, background, error, observed)


def model(spec: dict[str, Any]) -> tuple[Any, Any]:
    found = pyhf.Workspace(spec)
    pdf = found.model()
    return pdf, found.data(pdf)


def asymptotic_cls(spec: dict[str, Any]) -> Callable[[float], float]:
    """pyhf's CLs of a mu."""
    pdf, data = model(spec)
    return lambda mu: float(pyhf.infer.hypotest(mu, data, pdf, test_stat="qtilde"))


def asymptotic_limit(spec: dict[str, Any]) -> float:
    """pyhf's limit on mu; 1 is alphoton's."""
    cls = asymptotic_cls(spec)
    return float(brentq(lambda mu: cls(mu) - (1 - LEVEL), 0.05, 9, rtol=1e-6))


def toys(spec: dict[str, Any], count: int, seed: int = 1) -> tuple[float, float]:
    """CL_{s+b} and CL_b at mu = 1 from toys. (`hypotest` goes on to expected values, and fails there with numpy >= 2.4.)"""
    np.random.seed(seed)  # noqa: NPY002 (pyhf draws from it)
    pdf, data = model(spec)
    calculator = ToyCalculator(data, pdf, test_stat="qtilde", ntoys=count, track_progress=False)
    cl_sb, cl_b, _ = calculator.pvalues(calculator.teststatistic(1.0), *calculator.distributions(1.0))
    return float(cl_sb), float(cl_b)


# --- the numbers in a workspace ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("coupling", ["g_agamma", "g_ae"])
def test_delphi(coupling: str, tmp_path: Path) -> None:
    """61 events on 49 +- 4.9; the signal is what the coupling's limit makes: luminosity, cross-section and efficiency."""
    path = tmp_path / "workspace.json"
    found = write_pyhf("delphi", "10 MeV", path, coupling=coupling, events=4000)
    assert found.path == path
    spec = json.loads(path.read_text())
    (row,) = limit("delphi", ["10 MeV"], events=4000).rows
    own, rate = getattr(row, coupling), row.rates["photon" if coupling == "g_agamma" else "electron"]
    assert found.counted.reference == own.value

    (channel,) = spec["channels"]
    signal, background = channel["samples"]
    luminosity = 50.2 + 154.7 + 25.9 + 76.4 + 83.4 + 40.6 + 8.4 + 76.2 + 121.6 + 8.3  # Table 1 of arXiv:2012.07894
    assert signal["data"] == [pytest.approx(luminosity * rate.value * own.value**2, rel=1e-9)]
    assert signal["data"] == [pytest.approx(25.46, abs=0.01)]
    mu, staterror = signal["modifiers"]
    assert (mu["name"], mu["type"]) == ("mu", "normfactor")
    assert staterror["type"] == "staterror"
    assert staterror["data"] == [pytest.approx(signal["data"][0] * rate.error / rate.value, rel=1e-9)]
    assert background["data"] == [49]
    assert background["modifiers"] == [
        {"name": "background_error", "type": "histosys", "data": {"lo_data": [44.1], "hi_data": [53.9]}}
    ]
    assert spec["observations"] == [{"name": channel["name"], "data": [61]}]
    (measurement,) = spec["measurements"]
    assert measurement["config"]["poi"] == "mu"
    assert measurement["name"] == f"{coupling} = sqrt(mu) x {own.value:.6g} GeV^-1 at m_a = 0.01 GeV"
    assert asymptotic_limit(spec) == pytest.approx(0.974, abs=0.004)  # 0.974 without the error of 4000 events


@pytest.mark.parametrize("coupling", ["g_agamma", "g_ae"])
def test_a_window(coupling: str, tmp_path: Path) -> None:
    """PADME: the background in the window only, the median count, and the limit of the chain through its exposure."""
    path = tmp_path / "workspace.json"
    numbers = write_pyhf("padme", 0.01, path, coupling=coupling, events=20_000).counted
    (row,) = limit("padme", [0.01], events=20_000).rows
    component = "photon" if coupling == "g_agamma" else "electron"
    experiment = load_experiment("padme")
    per_pb = experiment.exposure
    # the signal in the window over all that is selected: 1.5 standard deviations
    share = numbers.signal / (per_pb * row.allowed[component].value)
    assert share == pytest.approx(math.erf(1.5 / math.sqrt(2)), abs=0.01)
    # a flat background of 3800 for each 1e11 positrons over 528 MeV^2, in 3 standard deviations of 15 to 20 MeV^2
    assert 1.52e6 * 45 / 528 < numbers.background < 1.52e6 * 80 / 528
    assert numbers.background_error == 0
    assert numbers.observed == median_count(numbers.background)
    assert numbers.signal == pytest.approx(1.645 * math.sqrt(numbers.background), rel=0.01)
    assert asymptotic_limit(json.loads(path.read_text())) == pytest.approx(1, abs=2e-3)


def test_without_background(tmp_path: Path) -> None:
    """A card that asks for 100 events has no likelihood; its counting alone gives ln 10."""
    with pytest.raises(InputError, match=r"a fixed number of 100 signal events.*limit=\{method: cls"):
        write_pyhf("padme-poseydon", 0.01, tmp_path / "workspace.json", events=4000)
    path = tmp_path / "workspace.json"
    overrides = ["limit={method: cls, confidence_level: 0.90}"]
    numbers = write_pyhf("padme-poseydon", 0.01, path, events=4000, overrides=overrides).counted
    assert (numbers.background, numbers.observed) == (0, 0)
    assert numbers.signal == pytest.approx(math.log(10), rel=1e-9)
    (channel,) = json.loads(path.read_text())["channels"]
    assert [sample["name"] for sample in channel["samples"]] == ["signal"]


@pytest.mark.parametrize(
    ("background", "error"), [(0, 0), (0.3, 0), (0.8, 0), (3.0, 3.0), (49, 4.9), (190_700.4, 0), (50, 20), (5, 40)]
)
def test_the_median_count(background: float, error: float) -> None:
    n = median_count(background, error)
    assert p_value(Counting(n, background, error), 0.0, "poisson") >= 0.5
    assert n == 0 or p_value(Counting(n - 1, background, error), 0.0, "poisson") < 0.5
    if error == 0:
        assert n == stats.poisson.median(background)


# --- the same limit where the method is the same -------------------------------------------------------------------------


@pytest.mark.parametrize(("background", "tolerance"), [(1e4, 4e-3), (1e6, 5e-4)])
def test_asymptotic_limits_approach_ours(background: float, tolerance: float) -> None:
    """The steps of the count, half an event in sqrt(b), are what is left; a level of 95% would be far off."""
    found = asymptotic_limit(workspace(counted(background, background)))
    assert found == pytest.approx(1, abs=tolerance)
    half_an_event = asymptotic_limit(workspace(replace(counted(background, background), observed=background + 0.5)))
    assert abs(half_an_event - 1) < abs(found - 1) / 3
    assert asymptotic_cls(workspace(counted(background, background)))(1.0) > 0.09  # it were 0.05 at 95%


def test_a_background_error_profiled_or_averaged() -> None:
    """10000 +- 200: the same within 0.2%; without the error it would be less than half."""
    numbers = counted(10_000, 10_000, 200)
    assert asymptotic_limit(workspace(numbers)) == pytest.approx(1, abs=3e-3)
    assert asymptotic_limit(workspace(replace(numbers, background_error=0.0))) < 0.5


def test_delphi_without_its_efficiency() -> None:
    """N_lim of DELPHI: 25.46 averaged and exact, 24.80 profiled and asymptotic, and why.

    Half an event more in the data, the step of the count, brings 25.28. Profiling is not what differs: without any error of
    the background the ratio is the same.
    """
    averaged = counted(61, 49, 4.9)
    assert averaged.signal == pytest.approx(25.46, abs=0.005)
    profiled = asymptotic_limit(workspace(averaged))
    assert averaged.signal * profiled == pytest.approx(24.80, abs=0.01)
    assert averaged.signal * asymptotic_limit(workspace(replace(averaged, observed=61.5))) == pytest.approx(25.28, abs=0.01)
    assert asymptotic_limit(workspace(counted(61, 49))) == pytest.approx(profiled, abs=2e-4)


def test_toys_of_delphi_without_an_error() -> None:
    """Exact probabilities of a Poisson count: CL_{s+b} and CL_b, each within the statistics of 1000 toys."""
    numbers, count = counted(61, 49), 1000
    cl_sb, cl_b = toys(workspace(numbers), count)
    counting = Counting(61, 49)
    for found, signal in ((cl_sb, numbers.signal), (cl_b, 0.0)):
        expected = p_value(counting, signal, "poisson")
        assert abs(found - expected) < 4 * math.sqrt(expected * (1 - expected) / count)
    assert cl_sb / cl_b == pytest.approx(1 - LEVEL, abs=0.04)
    half, _ = toys(workspace(replace(numbers, signal=numbers.signal / 2)), count)
    assert half > 0.25  # negative control: half of the signal is not excluded


def test_toys_without_background() -> None:
    """Nothing seen, nothing expected: CLs = exp(-s), ln 10 at 90%. The asymptotic formula is of no use there: 1.35."""
    numbers, count = counted(0, 0), 1000
    assert numbers.signal == pytest.approx(math.log(10), rel=1e-12)
    cl_sb, cl_b = toys(workspace(numbers), count)
    assert cl_b == 1
    assert abs(cl_sb - 0.1) < 4 * math.sqrt(0.09 / count)
    assert numbers.signal * asymptotic_limit(workspace(numbers)) == pytest.approx(1.353, abs=0.001)


def test_a_background_stays_positive() -> None:
    """3 +- 3: alpha ends where the background is zero, as the Gaussian is cut there."""
    spec = workspace(counted(5, 3, 3))
    pdf, _ = model(spec)
    bounds = dict(zip(pdf.config.par_names, pdf.config.suggested_bounds(), strict=True))
    assert bounds["background_error"] == [-1, 5]
    assert pdf.expected_actualdata([0.0, -1.0] if pdf.config.par_names[0] == "mu" else [-1.0, 0.0]) == pytest.approx([0])
    assert 0.9 < asymptotic_limit(spec) < 1.2
    pdf, _ = model(workspace(counted(61, 49, 4.9)))
    assert [-5, 5] in [list(each) for each in pdf.config.suggested_bounds()]


def test_a_monte_carlo_error_changes_little() -> None:
    numbers = counted(61, 49, 4.9)
    known = asymptotic_limit(workspace(numbers))
    one_percent = asymptotic_limit(workspace(replace(numbers, signal_error=0.01 * numbers.signal)))
    assert one_percent == pytest.approx(known, rel=5e-4)
    assert one_percent > known
    assert asymptotic_limit(workspace(replace(numbers, signal_error=0.3 * numbers.signal))) > 1.05 * known


# --- refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("analysis", "overrides", "message"),
    [
        ("babar", [], "recasts a published limit and counts no events of its own"),
        ("e137", [], "looks for decays behind a dump"),
        ("e137-events", [], "looks for decays behind a dump"),
        ("na64", [], r"a fixed number of 2\.3 signal events"),
        ("na64", ["counting.visible_branching_ratio=10 %"], "does not grow with the coupling squared"),
        ("padme", ["counting=null"], "the card has no 'counting'"),
    ],
)
def test_no_counting(analysis: str, overrides: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        write_pyhf(analysis, "10 MeV", tmp_path / "workspace.json", events=4000, overrides=overrides)
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments(tmp_path: Path) -> None:
    path = tmp_path / "workspace.json"
    with pytest.raises(InputError, match="coupling 'g_amu': one of g_agamma, g_ae is due"):
        write_pyhf("padme", 0.01, path, coupling="g_amu")
    with pytest.raises(InputError, match="mass '10': the unit is missing"):
        write_pyhf("padme", "10", path)
    with pytest.raises(InputError, match="-n 0: the number of events must be at least 1"):
        write_pyhf("padme", 0.01, path, events=0)
    with pytest.raises(CardError, match="30 MeV is above threshold"):
        write_pyhf("padme", "30 MeV", path)
    with pytest.raises(InputError, match=r"23\.6 MeV: no limit on g_ae: nothing, or too little to tell, passes"):
        write_pyhf("padme", "23.6 MeV", path, coupling="g_ae", events=4000)
    with pytest.raises(CardError, match="no analysis card 'padmee'"):
        write_pyhf("padmee", 0.01, path)
    assert list(tmp_path.iterdir()) == []


def test_events_without_any_background(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 events observed on no background"):
        write_pyhf("delphi", 0.01, tmp_path / "workspace.json", events=4000, overrides=["counting={observed: 3}"])
    assert list(tmp_path.iterdir()) == []


def test_existing_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "workspace.json"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        write_pyhf("padme", 0.01, path, events=4000)
    assert path.read_text() == "precious"
    write_pyhf("padme", 0.01, path, events=4000, force=True)
    assert json.loads(path.read_text())["version"] == "1.0.0"
    monkeypatch.setitem(sys.modules, "pyhf", None)
    with pytest.raises(InputError, match=r"needs the library pyhf .*pip install 'alphoton\[exchange\]'"):
        write_pyhf("padme", 0.01, tmp_path / "other.json")
