"""A scan of the beam's energy over a resonance: expected events, limits, and files of points."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from typer.testing import CliRunner

from alphoton.analysis.shape import shape_limit
from alphoton.data.errors import CardError, InputError
from alphoton.generators.constants import AVOGADRO
from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.cli import app
from alphoton.workflows.energy_scan import model_of, points_of, read_points, scan_limit, signal
from alphoton.workflows.limit_scan import limit

HEADER = "beam_energy_MeV,positrons,efficiency,background,background_error"
REST = "process.beams.bound_electrons=null"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "points.csv"
    path.write_text("\n".join(["# title: a test", header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("overrides", [(), (REST,)])
def test_signal_is_flux_times_the_cross_section_of_events(overrides: tuple[str, ...]) -> None:
    experiment = load_experiment("padme-scan", overrides)
    points = points_of(experiment)
    found = signal(experiment, 0.017, points)
    electrons = AVOGADRO * 3.5 / 12 * 6 * 0.01  # per cm^2
    for at in (26, 27, 28):
        energy = float(points.energies[at])
        own = [override.removeprefix("process.") for override in overrides]
        made = cross_section(ProcessCard.load("padme-scan", [f"beams.positron_energy={energy!r} GeV", *own])).value
        assert found[at] == pytest.approx(1e10 * 0.5 * electrons * made * 1e-36, rel=2e-3)


def test_bound_electrons_keep_the_events_of_a_whole_scan_and_weaken_its_limit() -> None:
    bound, rest = (load_experiment("padme-scan", overrides) for overrides in ((), (REST,)))
    points = points_of(bound)
    sums = [signal(each, 0.017, points).sum() for each in (bound, rest)]
    assert sums[0] == pytest.approx(sums[1], rel=0.05)  # what is outside the scan, and its steps
    assert scan_limit(bound, 0.017).g_ae.value > 1.3 * scan_limit(rest, 0.017).g_ae.value


def test_decays_to_other_channels_weaken_the_limit() -> None:
    dark = load_experiment("padme-scan", ["process.model.g_achi=1 /GeV", "process.model.m_chi=0.51099895 MeV"])
    ratio = scan_limit(dark, 0.017).g_ae.value / scan_limit(load_experiment("padme-scan"), 0.017).g_ae.value
    assert ratio == pytest.approx(math.sqrt(2), rel=1e-4)  # half of the decays


def test_one_point_is_a_counting_experiment(tmp_path: Path) -> None:
    """Many events over a known background: CLs' expected limit is sigma Phi^-1(1 - alpha/2), Gaussian."""
    path = written(tmp_path, "282.25,1e10,0.5,1e6,1000")
    experiment = load_experiment("padme-scan", [f"scan.points={path}", "scan.common_error=0"])
    events = signal(experiment, 0.017, points_of(experiment))[0]
    sigma = math.hypot(1000, 1000)
    assert scan_limit(experiment, 0.017).g_ae.value ** 2 * events == pytest.approx(sigma * norm.ppf(0.95), rel=2e-3)


def test_coverage() -> None:
    """A true strength is excluded by CLs in no more than a tenth of pseudo-experiments, by CLs+b in about a tenth."""
    experiment = load_experiment("padme-scan")
    model = model_of(experiment, 0.017, points_of(experiment))
    true = (2.5 * scan_limit(experiment, 0.017).g_ae.value) ** 2  # far from 0, where CLs is CLs+b
    random = np.random.default_rng(11)
    below = 0
    for _ in range(200):
        mean = true * model.signal + random.normal(model.total, np.sqrt(model.variances)) * (1 + 0.01 * random.normal())
        below += shape_limit(model, random.poisson(mean), 0.90).value < true
    assert abs(below - 20) < 4 * math.sqrt(200 * 0.1 * 0.9)


def test_an_injected_signal_is_seen(tmp_path: Path) -> None:
    experiment = load_experiment("padme-scan")
    points = points_of(experiment)
    expected = scan_limit(experiment, 0.017).g_ae.value
    counts = points.backgrounds + (2 * expected) ** 2 * signal(experiment, 0.017, points)
    rows = [f"{e * 1e3:.4f},1e10,0.5,40000,240,{n:.1f}" for e, n in zip(points.energies, counts, strict=True)]
    path = written(tmp_path, *rows, header=HEADER + ",observed")
    seen = load_experiment("padme-scan", [f"scan.points={path}"])
    at, beside = scan_limit(seen, 0.017), scan_limit(seen, 0.0166)
    assert at.g_ae.value > 2 * expected
    assert at.p_values["electron"] < 1e-4
    assert beside.p_values["electron"] > 0.1
    assert beside.expected["electron"][0] < beside.g_ae.value < beside.expected["electron"][4]


def test_the_command(tmp_path: Path) -> None:
    path = written(tmp_path, "281.5,1e10,0.5,40000,240", "282.25,1e10,0.5,40000,240", "283,1e10,0.5,40000,240")
    arguments = ["limit", "padme-scan", "--mass", "17 MeV", "--set", f"scan.points={path}", "--json"]
    result = CliRunner().invoke(app, arguments)
    (row,) = json.loads(result.stdout)["limits"]
    band = row["g_ae_expected_band_per_GeV"]
    assert row["method"] == "cls of a scan"
    assert band == sorted(band)
    assert row["g_ae_limit_per_GeV"] == pytest.approx(band[2])
    assert row["g_agamma_limit_per_GeV"] is None


BAD = {
    "282,1e10,0.5,40000": r"points\.csv:3: 4 cells for 5 columns",
    "282,1e10,0.5,many,240": r"points\.csv:3: background: a number is due, got 'many'",
    "282,1e10,1.5,40000,240": r"points\.csv:3: efficiency: is a share, at most 1, got 1\.5",
    "282,1e10,0.5,0,240": r"points\.csv:3: background: must be above 0, got 0",
    "282,nan,0.5,40000,240": r"points\.csv:3: positrons: must be above 0, got nan",
    "282,1e10,0.5,40000,-1": r"points\.csv:3: background_error: must be 0 or more, got -1",
}


@pytest.mark.parametrize(("row", "message"), BAD.items())
def test_bad_rows(row: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_points(written(tmp_path, row))


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.csv: cannot be read: No such file"):
        read_points(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match=r"points\.csv: a line of column names and one a point are due"):
        read_points(written(tmp_path))
    with pytest.raises(InputError, match=r"points\.csv:2: no column 'positrons'"):
        read_points(written(tmp_path, "1,2", header="beam_energy_MeV,background"))
    with pytest.raises(InputError, match=r"points\.csv:2: unknown column 'colour'"):
        read_points(written(tmp_path, "1,2,3,4,5,6", header=HEADER + ",colour"))


def test_what_a_scan_cannot_do() -> None:
    with pytest.raises(InputError, match=r"17\.6 MeV is on resonance at no point of the scan, 262 to 296\.5 MeV"):
        limit("padme-scan", ["17.6 MeV"], overrides=[REST])
    with pytest.raises(InputError, match="a scan has a limit on g_ae alone"):
        limit("padme-scan", ["17 MeV"], along=[{"g_ae": 1.0}])
    with pytest.raises(InputError, match="scan: 'padme' is no resonant production by a beam of positrons"):
        limit("padme-scan", ["17 MeV"], overrides=["process=padme"])
    with pytest.raises(CardError, match=r"limit\.method: must be 'cls' with 'scan', got 'poisson'"):
        load_experiment("padme-scan", ["limit.method=poisson"])
