"""The verb `limit`: its table, how many events it takes, what it refuses, and whether its errors are honest."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.analysis.beam_dump import Calorimeter, DecaysInFlight, Dump
from alphoton.analysis.counting import Measurement, measure
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import Jagged
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import source_meta
from alphoton.generators.model import Couplings, loop_coupling
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import limit, limit_scan
from alphoton.workflows.chain import Experiment, load_experiment, point_limit
from alphoton.workflows.dump_chain import flights
from alphoton.workflows.limit_scan import ALL_COLUMNS, COLUMNS, as_dict, why_empty, worst_error
from alphoton.workflows.measurements import in_memory
from reference import checks, loop_vertex

# design.md, section "Contract"
HEADER = (
    "analysis,m_a_GeV,g_agamma_limit_per_GeV,g_agamma_limit_error,"
    "g_ae_limit_per_GeV,g_ae_limit_error,method,confidence_level"
)
FURTHER = (
    ",ray,g_agamma_upper_edge_per_GeV,g_agamma_systematic,g_agamma_expected_minus2,g_agamma_expected_minus1,"
    "g_agamma_expected_median,g_agamma_expected_plus1,g_agamma_expected_plus2,g_ae_upper_edge_per_GeV,g_ae_systematic,"
    "g_ae_expected_minus2,g_ae_expected_minus1,g_ae_expected_median,g_ae_expected_plus1,g_ae_expected_plus2"
)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


# --- the table ---------------------------------------------------------------------------------------------------


def test_limits_csv(tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    found = limit("padme", [0.002, 0.01], events=4000, output=path)
    assert found.path == path
    assert path.read_text().splitlines()[0] == HEADER + FURTHER == ",".join(ALL_COLUMNS)
    assert ",".join(COLUMNS) == HEADER
    table = rows_of(path)
    assert [row["m_a_GeV"] for row in table] == ["0.002", "0.01"]
    for row, point in zip(table, found.rows, strict=True):
        assert (row["analysis"], row["method"], row["confidence_level"]) == ("padme", "cls", "0.9")
        for name, expected in (("g_agamma", point.g_agamma), ("g_ae", point.g_ae)):
            assert float(row[f"{name}_limit_per_GeV"]) == pytest.approx(expected.value, rel=1e-5)
            assert float(row[f"{name}_limit_error"]) == pytest.approx(expected.error, rel=1e-5)
            assert row[f"{name}_expected_median"] == row[f"{name}_limit_per_GeV"]  # nothing was observed
            assert row["ray"] == row[f"{name}_upper_edge_per_GeV"] == ""
            assert 0 < expected.error < 0.1 * expected.value
        assert point.systematic["electron"] > 0.1
        assert float(row["g_ae_systematic"]) == pytest.approx(point.systematic["electron"], rel=1e-5)


def test_an_empty_cell_where_there_is_no_limit(tmp_path: Path) -> None:
    """Belle II's projection ends at 8 GeV; 100 events have no confidence level."""
    limit("belle2-50ab", [8.5], events=4000, output=tmp_path / "end.csv")
    assert (tmp_path / "end.csv").read_text() == f"{HEADER}{FURTHER}\nbelle2-50ab,8.5,,,,,recast,0.9{',' * 15}\n"
    limit("padme-poseydon", [0.01], events=4000, output=tmp_path / "fixed.csv")
    (row,) = rows_of(tmp_path / "fixed.csv")
    assert row["confidence_level"] == ""
    assert row["method"].startswith("fixed")
    assert float(row["g_ae_limit_per_GeV"]) > 0
    assert {value for name, value in row.items() if "expected" in name} == {""}


def test_close_masses_stay_apart_in_the_table(tmp_path: Path) -> None:
    limit("padme-poseydon", [0.01000000001, 0.01000000002], events=3000, output=tmp_path / "close.csv")
    assert [row["m_a_GeV"] for row in rows_of(tmp_path / "close.csv")] == ["0.01000000001", "0.01000000002"]


def test_a_row_as_json() -> None:
    """The columns, null where there is nothing, and what the limits came from."""
    (row,) = limit("belle2-50ab", [8.5], events=4000).rows
    found = json.loads(json.dumps(as_dict(row), allow_nan=False))
    assert {name: found[name] for name in ALL_COLUMNS} == {
        **dict.fromkeys(ALL_COLUMNS),
        "ray": "",
        "analysis": "belle2-50ab",
        "m_a_GeV": 8.5,
        "method": "recast",
        "confidence_level": 0.9,
    }
    assert found["photon_rate_pb"] == row.rates["photon"].value > 0
    assert found["photon_allowed_rate_pb"] is None
    assert found["electron_effective_size"] > 1000
    assert found["g_ae_no_limit"] == "outside the published curve"


def test_masses_are_the_cards_own_unless_given() -> None:
    found = limit("padme", events=3000, overrides=["masses=[2 MeV, 10 MeV]"])
    assert [row.mass for row in found.rows] == [0.002, 0.01]
    bare = limit("padme", events=3000, overrides=["masses=[]", "process.model.m_a=5 MeV"])
    assert [row.mass for row in bare.rows] == [0.005]


def test_masses_of_numpy() -> None:
    """As from np.geomspace in a notebook."""
    (row,) = limit("padme", np.array([0.01]), events=3000).rows  # type: ignore[arg-type]
    assert row == limit("padme", [0.01], events=3000).rows[0]


def test_the_same_command_gives_the_same_limits() -> None:
    first, again = (limit("padme", [0.01], events=3000).rows for _ in range(2))
    assert first == again
    assert first != limit("padme", [0.01], events=3000, overrides=["process.seed=2"]).rows


def test_overrides_reach_process_and_detector() -> None:
    """g^2 goes with 1/(luminosity x trigger): half of the one, a quarter of the other."""
    beams = "process.beams={sqrt_s: 200 GeV, luminosity: 600 /pb}"
    (base,) = limit("delphi", [0.01], events=4000, overrides=[beams]).rows
    (half,) = limit("delphi", [0.01], events=4000, overrides=[beams, "process.beams.luminosity=300 /pb"]).rows
    assert half.g_agamma.value / base.g_agamma.value == pytest.approx(math.sqrt(2), rel=1e-6)
    (quarter,) = limit("delphi", [0.01], events=4000, overrides=[beams, "detector.modules.1.efficiency=21 %"]).rows
    assert quarter.g_agamma.value / base.g_agamma.value == pytest.approx(2, rel=0.15)  # 4000 events are 5%


def test_progress() -> None:
    calls: list[tuple[int, int]] = []
    limit("padme", [0.002, 0.01], events=3000, progress=lambda *call: calls.append(call))
    assert calls == [(0, 2), (1, 2), (2, 2)]


# --- how many events ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mass"), [("delphi", 80.0), ("babar", 7.9), ("belle2-50ab", 0.001), ("padme", 0.001), ("padme", 0.0225)]
)
def test_one_percent_by_default(name: str, mass: float) -> None:
    """The packaged analyses at the ends of their scans."""
    (row,) = limit(name, [mass]).rows
    assert 0 < worst_error(row) <= 0.01


def test_more_events_where_few_are_selected() -> None:
    """Less of the angle, and 5% of the photons: the first sample is not enough, and the second reaches 1%."""
    hard = ["selection.0.min=60 mrad", "detector.modules=[{type: efficiency, value: 0.05}]"]
    (row,) = limit("padme-poseydon", [0.01], overrides=hard).rows
    (first,) = limit("padme-poseydon", [0.01], events=limit_scan.FIRST_EVENTS, overrides=hard).rows
    assert worst_error(first) > 0.01 >= worst_error(row) > 0.005
    assert row.events > first.events


def test_there_is_an_end_to_more_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_scan, "PRECISION", 1e-6)
    monkeypatch.setattr(limit_scan, "MOST_EVENTS", 60_000)
    (row,) = limit("padme-poseydon", [0.01]).rows
    assert row.events == 60_000


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mass", "message"),
    [
        (0.03, r"30 MeV is above threshold: sqrt\(s\) = 23\.7196 MeV"),
        (-0.01, "must not be negative, got -10 MeV"),
        (math.nan, "must be finite"),
        (math.inf, "must be finite"),
    ],
)
def test_bad_masses_are_told_before_any_work(mass: float, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_scan, "rows_at_mass", lambda *_: pytest.fail("work was done"))
    with pytest.raises(CardError, match=message):
        limit("padme", [0.01, mass])


@pytest.mark.parametrize("events", [0, -5])
def test_no_events(events: int) -> None:
    with pytest.raises(InputError, match=rf"-n {events}: the number of events must be at least 1"):
        limit("padme", [0.01], events=events)


def test_too_few_events_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"an effective \d+ events for the photon coupling, a limit needs 1000"):
        limit("padme", [0.01], events=900, output=tmp_path / "limits.csv")
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "limits.csv"
    path.write_text("precious")
    with monkeypatch.context() as patched:
        patched.setattr(limit_scan, "rows_at_mass", lambda *_: pytest.fail("work was done"))
        with pytest.raises(InputError, match="exists already"):
            limit("padme", [0.01], output=path)
    assert path.read_text() == "precious"
    limit("padme", [0.01], events=3000, output=path, force=True)
    assert path.read_text().startswith(HEADER)


def test_unknown_cards() -> None:
    with pytest.raises(CardError, match="no analysis card 'padmee'; did you mean 'padme'"):
        limit("padmee")
    with pytest.raises(CardError, match="no detector card 'atlas'"):
        limit("padme", [0.01], overrides=["detector=atlas"])
    with pytest.raises(CardError, match=r"modules\.7\.constant=1 %: modules: a list with positions 0 to 1"):
        limit("padme", [0.01], overrides=["detector.modules.7.constant=1 %"])


# --- errors ------------------------------------------------------------------------------------------------------


def samples(experiment: Experiment, card: ProcessCard, events: int, count: int) -> list[Measurement]:
    """Independent samples of one process: chunks with random numbers of their own, from one adapted generator."""
    source = EventSource(card)
    meta = {**source_meta(source), "detector_seed": 1}
    section = source.cross_section.value, source.cross_section.error

    def sample(index: int) -> Measurement:
        chunk = reconstruct(experiment.detector, source.chunk(index, events).events, meta, index)
        return measure(experiment.analysis, [chunk], meta, section)

    return [sample(index) for index in range(count)]


@pytest.mark.parametrize(
    ("name", "mass"), [("padme", 0.01), ("padme-poseydon", 0.01), ("babar", 0.01), ("belle2-50ab", 1.0), ("delphi", 0.01)]
)
def test_quoted_errors_are_the_spread_of_the_limits(name: str, mass: float) -> None:
    """60 samples of 4000 events: the limits spread as widely as their errors say."""
    experiment = load_experiment(name)
    (process,), reference = experiment.at(mass)
    measured = samples(experiment, process, 4000, 60)
    compared = [None] * 60 if reference is None else samples(experiment, reference, 4000, 60)
    rows = [point_limit(experiment, [one], other, 4000) for one, other in zip(measured, compared, strict=True)]
    for key in ("g_agamma", "g_ae"):
        found = [getattr(row, key) for row in rows]
        values, errors = [limit.value for limit in found], [limit.error for limit in found]
        pulls = checks.pulls(values, errors, float(np.mean(values)))
        assert checks.are_unit(pulls), (key, pulls.std())
        assert not checks.are_unit(2 * pulls)  # negative controls: errors halved and doubled
        assert not checks.are_unit(pulls / 2)


def test_masses_as_text_and_twice() -> None:
    """A mass may be text with its unit, and counts once."""
    rows = limit("padme", ["10 MeV", 0.010, "0.01 GeV"], events=3000).rows
    assert [row.mass for row in rows] == [0.010]
    with pytest.raises(InputError, match="the unit is missing"):
        limit("padme", ["10"], events=3000)


def test_no_limit_says_why() -> None:
    (soft,) = limit("padme", ["23.6 MeV"], events=3000).rows
    assert all("passes the selection" in remark for remark in why_empty(soft))
    (far,) = limit("babar", ["9 GeV"], events=3000).rows
    assert all("outside the published curve" in remark for remark in why_empty(far))
    assert len(why_empty(soft)) == len(why_empty(far)) == 2


# --- along rays --------------------------------------------------------------------------------------------------


def test_along_a_ray_is_eq_30_without_interference() -> None:
    """Eq. (30) of arXiv:2012.07894, from the limits on each coupling alone; with it the sign of the product matters."""
    (alone,) = limit("babar", [0.01], events=4000).rows
    ray = {"g_agamma": 1e-3, "g_ae": 1.0}
    (row,) = limit("babar", [0.01], events=4000, along=[ray], interference=False).rows
    scale = math.hypot(1.0 / alone.g_ae.value, 1e-3 / alone.g_agamma.value) ** -1
    assert row.g_ae.value == pytest.approx(scale, rel=1e-9)
    assert row.g_agamma.value == pytest.approx(1e-3 * scale, rel=1e-9)
    assert 0 < row.g_ae.error / row.g_ae.value < 0.05
    equal, opposite = limit("padme", [0.01], events=4000, along=[{"g_agamma": s * 0.1, "g_ae": 1.0} for s in (1, -1)]).rows
    assert equal.g_ae.value < 0.98 * opposite.g_ae.value
    assert opposite.g_agamma.value == pytest.approx(-0.1 * opposite.g_ae.value)


def test_along_a_ray_the_limit_is_what_the_mixture_of_both_channels_gives() -> None:
    """PADME's window belongs to the peak, whose shape is the channel's: the mixture's own window changes less than 1%.

    A sample of the mixture, unweighted at the couplings of the limit, has to give the events that are allowed.
    """
    ray = {"g_agamma": 0.15, "g_ae": 1.0}
    (row,) = limit("padme", [0.01], events=60_000, along=[ray]).rows
    couplings = [f"model.g_agamma={row.g_agamma.value!r} /GeV", f"model.g_ae={row.g_ae.value!r} /GeV"]
    card = ProcessCard.load("padme", [*couplings, "events=60000"])
    experiment = load_experiment("padme")
    rate = in_memory(card, experiment.detector, experiment.analysis, 7)
    found = rate.sums.efficiency().value * rate.cross_section
    assert found == pytest.approx(row.allowed["electron"].value, rel=0.02)
    assert found != pytest.approx(row.allowed["electron"].value * 1.1, rel=0.02)


def test_the_loop_counts_along_a_ray() -> None:
    """NA64 at 100 MeV: (alpha/pi) g_ae with g_ae alone; Primakoff production makes the limit much stronger."""
    (tree,) = limit("na64", [0.1], events=3000, along=[{"g_ae": 1.0}]).rows
    (loop,) = limit("na64", [0.1], events=3000, along=[{"g_ae": 1.0}], radiative=True).rows
    (alone,) = limit("na64", [0.1], events=3000).rows
    induced = abs(loop_coupling(1.0, 0.1, ELECTRON_MASS))
    assert tree.g_ae.value == pytest.approx(alone.g_ae.value, rel=1e-9)
    expected = math.hypot(1 / alone.g_ae.value, induced / alone.g_agamma.value) ** -1
    assert loop.g_ae.value == pytest.approx(expected, rel=1e-9)
    assert loop.g_ae.value < 0.5 * tree.g_ae.value
    assert math.isnan(tree.g_agamma.value)  # it is not part of the direction


def test_a_band_along_a_ray_closes_with_decays_in_the_calorimeter() -> None:
    """The sharing of the decay widths among both couplings: at the edges kept signal is what is allowed."""
    options: dict[str, Any] = {"events": 3000, "overrides": ["counting.visible_branching_ratio=1"]}
    (alone,) = limit("na64", [0.01], **options).rows
    (photon,) = limit("na64", [0.01], along=[{"g_agamma": 1.0}], **options).rows
    assert alone.g_agamma.value < alone.g_agamma_upper.value
    assert photon.g_agamma.value == pytest.approx(alone.g_agamma.value, rel=1e-9)
    assert photon.g_agamma_upper.value == pytest.approx(alone.g_agamma_upper.value, rel=1e-9)
    (both,) = limit("na64", [0.01], along=[{"g_agamma": 1.0, "g_ae": 1000.0}], **options).rows
    assert both.g_agamma_upper.value < alone.g_agamma_upper.value  # electrons add to the width
    assert both.g_ae_upper.value == pytest.approx(1000 * both.g_agamma_upper.value)


@pytest.mark.parametrize("text", ["g_ae", "g_ae=", "g_ae=x", "=1"])
def test_bad_couplings(text: str) -> None:
    with pytest.raises(InputError, match="coupling"):
        limit("padme", [0.01], events=3000, along=[limit_scan.parse_couplings(text)])


def test_couplings_of_text() -> None:
    assert limit_scan.parse_couplings("g_agamma=0.001, g_ae=-1") == {"g_agamma": 0.001, "g_ae": -1.0}


LOOP = "process.model.radiative_coupling=momentum_dependent"


def test_momentum_dependent_loops_are_in_the_limit_on_the_electron_coupling() -> None:
    """NA64 at 100 MeV: the rates of bremsstrahlung and of Primakoff production through the loop add up."""
    options: dict[str, Any] = {"events": 4000}
    (tree,) = limit("na64", [0.1], **options).rows
    (loop,) = limit("na64", [0.1], **options, overrides=[LOOP]).rows
    primakoff = EventSource(ProcessCard.load("na64-primakoff", [LOOP.removeprefix("process."), "model.m_a=100 MeV"]))
    added = primakoff.unit_cross_sections["electron"].value / primakoff.unit_cross_sections["photon"].value
    expected = math.hypot(1 / tree.g_ae.value, math.sqrt(added) / tree.g_agamma.value) ** -1
    assert loop.g_ae.value == pytest.approx(expected, rel=1e-3)
    assert loop.g_ae.value < 0.5 * tree.g_ae.value
    assert loop.g_agamma.value == pytest.approx(tree.g_agamma.value, rel=1e-3)
    (alone,) = limit("na64", [0.1], **options, overrides=[LOOP], along=[{"g_ae": 1.0}]).rows
    assert alone.g_ae.value == pytest.approx(loop.g_ae.value, rel=1e-9)


def test_momentum_dependent_loops_at_a_collider() -> None:
    """DELPHI below m_e: the whole anomaly, where the on-shell loop decouples. Counted once only."""
    options: dict[str, Any] = {"events": 4000, "along": [{"g_ae": 1.0}]}
    (on_shell,) = limit("delphi", [1e-4], **options, radiative=True).rows
    (loop,) = limit("delphi", [1e-4], **options, overrides=[LOOP]).rows
    assert loop.g_ae.value < 0.1 * on_shell.g_ae.value
    with pytest.raises(InputError, match="count twice"):
        limit("delphi", [1e-4], **options, radiative=True, overrides=[LOOP])


def test_decays_in_the_calorimeter_with_momentum_dependent_loops() -> None:
    """Of both processes that a coupling has; the photons of decays are real, their loop is the one on the mass shell."""
    options: dict[str, Any] = {"events": 4000, "overrides": [LOOP, "counting.visible_branching_ratio=1"]}
    (row,) = limit("na64", [0.01], **options).rows
    (plain,) = limit("na64", [0.01], events=4000, overrides=[LOOP]).rows
    assert plain.g_ae.value <= row.g_ae.value < row.g_ae_upper.value
    assert math.isnan(plain.g_ae_upper.value)


@pytest.mark.parametrize("mass", [0.0005, 0.00098, 0.00103])
def test_an_interference_of_either_sign(mass: float) -> None:
    """2 Re(beta) changes its sign with t; near 2 m_e hardly anything is left of both signs. NA64 keeps the same share."""
    experiment = load_experiment("na64", [LOOP])
    (primakoff, _), _ = experiment.at(mass, 4000)
    source = EventSource(primakoff)
    measured = in_memory(primakoff, experiment.detector, experiment.analysis)
    units = {name: each.value for name, each in source.unit_cross_sections.items()}
    kept = measured.rate("photon").value / units["photon"]
    found = measured.rate("interference")
    assert found.value == pytest.approx(kept * units["interference"], abs=4 * found.error)
    weights = np.asarray(source.chunk(0, 4000).events["weight_interference"])
    assert weights.min() < 0 < weights.max()
    (row,) = limit("na64", [mass], events=4000, overrides=[LOOP], along=[{"g_agamma": 1e-4, "g_ae": 1.0}]).rows
    strength = row.rates["photon"].value * 1e-8 + row.rates["electron"].value + row.rates["interference"].value * 1e-4
    assert row.g_ae.value == pytest.approx(math.sqrt(row.allowed["electron"].value / strength), rel=1e-6)


def test_a_dump_with_momentum_dependent_loops() -> None:
    """E137 below 2 m_e, against on-shell events that are weighted with |B1(t)/B1(0)|^2: more are made, at wider angles."""
    mass, ray = 0.0005, {"g_ae": 1.0}
    (loop,) = limit("e137-events", [mass], events=6000, along=[ray], overrides=[LOOP]).rows
    experiment = load_experiment("e137-events")
    (process,), _ = experiment.at(mass, 6000)
    made = flights(experiment, (process,), 0)
    photon = made.weights["photon"]
    record = EventSource(process, 0).chunk(0, 6000).events["GenPart"]
    assert isinstance(record, Jagged)
    nucleus = {key: record[key].reshape(6000, -1)[:, 2] for key in ("px", "py", "pz", "energy", "mass")}
    recoil = nucleus["energy"] - nucleus["mass"]
    t = np.maximum(2 * nucleus["mass"] * recoil, nucleus["px"] ** 2 + nucleus["py"] ** 2)  # the recoil may round to 0
    b1 = loop_vertex.spacelike(mass, ELECTRON_MASS)
    ratio = np.array([abs(b1(float(each)) / b1(1e-25)) ** 2 for each in t])
    assert ratio.mean() > 10
    block = experiment.analysis.beam_dump
    assert block is not None
    calorimeters = tuple(Calorimeter(c.width / 2, c.height / 2, c.share, block.threshold) for c in block.calorimeters)
    dump, direction = Dump(block.shielding, block.decay_region), Couplings(mass, g_ae=1.0, radiative=True)

    def lower(weights: Any) -> float:
        weighted = replace(made, weights={"photon": weights})
        decays = DecaysInFlight(dump, mass, weighted, calorimeters, np.random.default_rng(5))
        return decays.found_edges(2.3, 1e-10, 1e2, block.visible_ratio, direction).lower

    assert loop.g_ae.value == pytest.approx(lower(photon * ratio), rel=0.03)
    assert loop.g_ae.value < 0.6 * lower(photon)
    with pytest.raises(InputError, match="published band"):
        limit("e137", [0.01], overrides=[LOOP])


def test_a_band_that_does_not_end_has_no_upper_edge() -> None:
    """The ALP of 1 keV is long-lived up to 100 /GeV, where the search ends; at 10 MeV it decays in the dump."""
    (light, heavy) = limit("e137-events", [1e-6, 0.01], events=3000).rows
    assert light.g_agamma.value < 100
    assert math.isnan(light.g_agamma_upper.value)
    assert heavy.g_agamma.value < heavy.g_agamma_upper.value < 100
    rays: list[dict[str, float]] = [{"g_agamma": 10.0}, {"g_agamma": 1.0, "g_ae": 1.0}]
    for row in limit("e137", [0.01], along=rays).rows:
        assert row.g_agamma.value < row.g_agamma_upper.value < 1


def test_a_muons_loop_keeps_its_ratio() -> None:
    model = [LOOP, "process.model.g_ae=1 /GeV", "process.model.g_amu=2 /GeV"]
    (row,) = limit("padme", [0.01], events=3000, overrides=model, along=[{"g_ae": 1.0, "g_amu": 2.0}]).rows
    assert math.isfinite(row.g_ae.value)
    with pytest.raises(InputError, match="g_amu/g_ae = 2"):
        limit("padme", [0.01], events=3000, overrides=model, along=[{"g_ae": 1.0}])
