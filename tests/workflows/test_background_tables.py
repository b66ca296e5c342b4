"""A background against mass, its error, and how both grow with the luminosity: as the same numbers given by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.statistics import median_expected_limit
from alphoton.data.errors import CardError, InputError
from alphoton.workflows import limit, run
from alphoton.workflows.card_tools import validate_file
from alphoton.workflows.chain import PointLimit, expected_background, load_experiment
from alphoton.workflows.provenance import experiment_recipe

TABLE = """\
# title: made up
# source: nowhere
mass_GeV,events,error
0.001,0,0
0.01,40,4
0.02,20,10
"""
COUNTING = """\
schema: alphoton/analysis/1
name: mine
process: {sqrt_s}
detector: babar
counting:
  luminosity: 20 /fb
  background: {background}
limit: {{method: cls, confidence_level: 0.90}}
"""
RECAST = """\
schema: alphoton/analysis/1
name: mine
extends: babar
recast:
  luminosity: {luminosity}
  background: {background}
"""
EVENTS = 3000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of cards, with a table beside them; the person works elsewhere."""
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "b.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cards"


def counting(folder: Path, background: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(COUNTING.format(sqrt_s="babar", background=background))
    return path


def recast(folder: Path, background: str, luminosity: str = "500 /fb") -> Path:
    path = folder / "mine.yaml"
    path.write_text(RECAST.format(background=background, luminosity=luminosity))
    return path


def row(path: Path, mass: float, *overrides: str) -> PointLimit:
    (found,) = limit(path, mass, events=EVENTS, overrides=overrides).rows
    return found


# --- relative errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", ["10 %", "10%", "10.0 %", "1e1 %"])
def test_a_relative_error_is_that_of_the_events(folder: Path, relative: str) -> None:
    found = row(counting(folder, f"{{events: 40, error: {relative}}}"), 0.01)
    assert found == row(counting(folder, "{events: 40, error: 4}"), 0.01)
    assert found.g_agamma != row(counting(folder, "{events: 40, error: 0.1}"), 0.01).g_agamma  # a bare number is events


def test_it_scales_with_the_exposure() -> None:
    background = "counting.background={events: 3800, error: %s, per_positrons_on_target: 1.e+11}"
    shape = ["counting.window=null"]
    relative, by_hand = (
        expected_background(load_experiment("padme", [background % error, *shape]), 0.01) for error in ("5 %", "190")
    )
    assert relative == by_hand == pytest.approx((3800 * 400, 190 * 400))


@pytest.mark.parametrize("error", ["-5 %", "-1", "true", "many", "5 GeV", "[1]", "nan", "inf %"])
def test_what_is_no_error(folder: Path, error: str) -> None:
    with pytest.raises(CardError, match=r"mine.yaml:7: counting\.background\.error: must (be a number of events|not be)"):
        AnalysisCard.load(counting(folder, f"{{events: 40, error: {error}}}"))


# --- tables ------------------------------------------------------------------------------------------------------

# mass in GeV: events and error; between the rows on straight lines
AT = {0.001: (0, 0), 0.01: (40, 4), 0.02: (20, 10), 0.0055: (20, 2), 0.015: (30, 7)}


@pytest.mark.parametrize("mass", AT)
def test_a_table_is_the_number_by_hand_at_each_mass(folder: Path, mass: float) -> None:
    events, error = AT[mass]
    found = row(counting(folder, "{table: b.csv}"), mass)
    by_hand = row(counting(folder, f"{{events: {events}, error: {error}}}"), mass)
    assert found.g_agamma.value == pytest.approx(by_hand.g_agamma.value, rel=1e-9)
    assert found.g_ae.value == pytest.approx(by_hand.g_ae.value, rel=1e-9)
    assert len(found.expected) == 2  # the band is over the same background
    for component, band in found.expected.items():
        assert band == pytest.approx(by_hand.expected[component], rel=1e-9)


def test_names_of_columns_and_units(folder: Path) -> None:
    """Other names, MeV in place of GeV, no error, a relative one."""
    (folder / "b.csv").write_text("m_MeV,n,dn\n1,0,0\n10,40,4\n20,20,10\n")
    columns = "table: b.csv, mass_column: m_MeV, events_column: n"
    for text, expected in (
        (f"{{{columns}, error_column: dn}}", (30, 7)),
        (f"{{{columns}}}", (30, 0)),
        (f"{{{columns}, error: 10 %}}", (30, 3)),
    ):
        assert expected_background(load_experiment(counting(folder, text)), 0.015) == pytest.approx(expected)


def test_a_table_scales_with_the_luminosity(folder: Path) -> None:
    """Of the card, or else of the process card."""
    path = counting(folder, "{table: b.csv, per_luminosity: 10 /fb}")
    assert expected_background(load_experiment(path), 0.01) == pytest.approx((80, 8))
    given = ["counting.luminosity=null", "process.beams={sqrt_s: [10.58 GeV, 10 GeV], luminosity: [1 /fb, 4 /fb]}"]
    assert expected_background(load_experiment(path, given), 0.01) == pytest.approx((20, 2))
    with pytest.raises(InputError, match="neither the analysis card nor the process card gives a luminosity"):
        limit(path, 0.01, events=EVENTS, overrides=["counting.luminosity=null", "process.beams={sqrt_s: 10.58 GeV}"])


@pytest.mark.parametrize("luminosity", [5, 20, 1000])
def test_without_a_table_it_is_scaled_as_well(folder: Path, luminosity: float) -> None:
    path = counting(folder, "{events: 40, error: 10 %, per_luminosity: 10 /fb}")
    scaled = row(path, 0.01, f"counting.luminosity={luminosity} /fb")
    events = 4 * luminosity
    by_hand = counting(folder, f"{{events: {events}, error: {events / 10}}}")
    assert scaled.g_agamma.value == pytest.approx(row(by_hand, 0.01, f"counting.luminosity={luminosity} /fb").g_agamma.value)


def test_several_luminosities_settle_nothing(folder: Path) -> None:
    for name, luminosity in (("one", 5), ("two", 9), ("uno", 5)):
        (folder / f"{name}.yaml").write_text(
            f"schema: alphoton/process/1\nname: {name}\nextends: babar\n"
            f"beams: {{sqrt_s: 10.58 GeV, luminosity: {luminosity} /fb}}\n"
        )
    path = counting(folder, "{table: b.csv, per_luminosity: 10 /fb}")
    text = path.read_text().replace("  luminosity: 20 /fb\n", "")
    path.write_text(text.replace("process: babar", "process: [one.yaml, two.yaml]"))
    with pytest.raises(CardError, match=r"mine.yaml:\d+: counting.background.per_luminosity: .*have several luminosities"):
        expected_background(load_experiment(path), 0.01)
    path.write_text(text.replace("process: babar", "process: [one.yaml, uno.yaml]"))
    assert expected_background(load_experiment(path), 0.01) == pytest.approx((20, 2))


@pytest.mark.parametrize("mass", [0.0009, 0.0201, 1.0])
@pytest.mark.parametrize("kind", ["counting", "recast"])
def test_outside_of_the_table_there_is_no_limit(folder: Path, kind: str, mass: float) -> None:
    key = "counting.background.table"
    path = counting(folder, "{table: b.csv}")
    if kind == "recast":
        key, path = "recast.background.table", recast(folder, "{table: b.csv, per_luminosity: 53 /fb}")
    with pytest.raises(CardError) as caught:
        limit(path, ["10 MeV", mass], events=EVENTS)
    (problem,) = caught.value.problems
    assert re.match(rf"\S*mine.yaml:\d+: {key}: {mass * 1e3:g} MeV lies outside of \S*b.csv, which has 1 to 20 MeV", problem)


def test_a_run_leaves_out_what_the_table_does_not_reach(folder: Path, tmp_path: Path) -> None:
    counting(folder, "{table: b.csv}")
    card = folder / "scan.yaml"
    card.write_text(
        "schema: alphoton/workflow/1\nname: scan\nstudies: [{analysis: mine.yaml}]\n"
        "scan: {model.m_a: [10 MeV, 30 MeV]}\nevents: 3000\n"
    )
    for keep in ("events", "limits"):
        found = run(card, tmp_path / keep, overrides=f"keep={keep}")
        assert [each.mass for each in found.rows] == [0.01]
        assert found.skipped == ("mine 30 MeV",)


def test_a_survey_sees_that_a_table_changed(folder: Path) -> None:
    path = counting(folder, "{table: b.csv}")
    first = experiment_recipe(load_experiment(path)).digest
    assert experiment_recipe(load_experiment(path)).digest == first
    (folder / "b.csv").write_text(TABLE.replace("40,4", "41,4"))
    assert experiment_recipe(load_experiment(path)).digest != first


# --- recast ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", AT)
@pytest.mark.parametrize("times", [0.5, 1.0, 10.0])
def test_a_recast_at_another_luminosity(folder: Path, mass: float, times: float) -> None:
    """g^2 goes with the signal events that are allowed over the luminosity, each by hand."""
    events, error = AT[mass]
    (published,) = limit("babar", mass, events=EVENTS).rows
    found = row(recast(folder, "{table: b.csv, per_luminosity: 50 /fb}", f"{50 * times} /fb"), mass)
    rate = median_expected_limit(times * events, times * error) / times / median_expected_limit(events, error)
    assert found.g_agamma.value == pytest.approx(published.g_agamma.value * math.sqrt(rate), rel=1e-9)
    assert found.g_ae.error / found.g_ae.value == pytest.approx(published.g_ae.error / published.g_ae.value, rel=1e-9)
    if times == 1:
        assert found.g_agamma.value == pytest.approx(published.g_agamma.value, rel=1e-12)
    number = row(recast(folder, f"{{events: {events}, error: {error}, per_luminosity: 50 /fb}}", f"{50 * times} /fb"), mass)
    assert number.g_agamma.value == pytest.approx(found.g_agamma.value, rel=1e-9)


def test_how_a_recast_grows(folder: Path) -> None:
    """As 1/L without a background, as 1/sqrt(L) with much of it, and not at all where its relative error rules."""

    def gain(background: str) -> float:
        path = recast(folder, f"{{{background}, per_luminosity: 50 /fb}}", "5000 /fb")
        return float((limit("babar", 0.01, events=EVENTS).rows[0].g_agamma.value / row(path, 0.01).g_agamma.value) ** 2)

    assert gain("events: 0") == pytest.approx(100, rel=1e-9)
    assert gain("events: 1e6") == pytest.approx(10, rel=0.01)
    assert gain("events: 1e6, error: 5 %") == pytest.approx(1, rel=0.01)


# --- what does not go together -----------------------------------------------------------------------------------


BAD = {
    "events too": ("{table: b.csv, events: 3}", "events: give either 'events' or a 'table'"),
    "error in events": ("{table: b.csv, error: 3}", "error: must be relative with a table"),
    "two errors": ("{table: b.csv, error: 3 %, error_column: error}", "error_column: give either a relative 'error'"),
    "column alone": ("{events: 3, mass_column: mass_GeV}", "mass_column: goes with 'table'"),
    "errors alone": ("{events: 3, error_column: error}", "error_column: goes with 'table'"),
    "two scales": (
        "{events: 3, per_luminosity: 1 /fb, per_positrons_on_target: 1.e+10}",
        "per_luminosity: give either 'per_luminosity' or 'per_positrons_on_target'",
    ),
    "no luminosity": ("{events: 3, per_luminosity: 0 /fb}", "per_luminosity: input should be greater than 0"),
    "no unit": ("{events: 3, per_luminosity: 10}", "per_luminosity: the unit is missing: write '10 /fb'"),
    "neither": ("{error: 3 %}", "events: is due"),
    "no file": ("{table: absent.csv}", "table: no published curve 'absent.csv'"),
    "elsewhere": ("{table: /etc/passwd}", "table: '/etc/passwd' lies outside"),
    "no column": ("{table: b.csv, events_column: n}", "table: .*b.csv:3: no column 'n'"),
    "no mass column": ("{table: b.csv, mass_column: m_GeV}", "table: .*b.csv:3: no column 'm_GeV'"),
    "no unit of mass": ("{table: b.csv, mass_column: events}", "table: column 'events' must end in the unit of the mass"),
    "error twice": ("{table: b.csv, error: 5 %}", "table: .* has a column 'error', and the card an 'error'"),
    "from templates": (
        "{table: b.csv, shape: events, templates: [{process: padme-twophoton}]}",
        "table: does not go with 'shape: events'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_go_together(folder: Path, case: str) -> None:
    """`card validate` tells the file, the line and the key."""
    background, message = BAD[case]
    with pytest.raises(CardError) as caught:
        validate_file(counting(folder, background))
    assert any(re.match(rf"\S*mine.yaml:\d: counting\.background\.{message}", problem) for problem in caught.value.problems)


def test_a_luminosity_is_none_of_a_target() -> None:
    background = "counting.background={events: 3800, per_luminosity: 1 /fb}"
    with pytest.raises(CardError, match=r"per_luminosity: goes with a luminosity, here is 'positrons_on_target'"):
        AnalysisCard.load("padme", [background, "counting.window=null"])


def test_shapes_have_no_table(folder: Path) -> None:
    overrides = [
        "limit.method=shape",
        "counting.background.per_luminosity=1 /fb",
        f"counting.background.table={folder}/b.csv",
    ]
    with pytest.raises(CardError) as caught:
        AnalysisCard.load("padme-vetoes", overrides)
    told = str(caught.value)
    assert "counting.background.table: does not go with 'method: shape'" in told
    assert "counting.background.per_luminosity: does not go with 'method: shape'" in told


BAD_RECASTS = {
    "no publication": ("{table: b.csv}", "1 /ab", "background.per_luminosity: is missing"),
    "no number": ("{per_luminosity: 1 /fb}", "1 /ab", "background.events: is missing"),
    "no luminosity": ("{events: 3, per_luminosity: 1 /fb}", "null", "background: needs a 'luminosity'"),
    "no background": ("null", "1 /ab", "luminosity: needs the 'background'"),
    "no file": ("{table: absent.csv, per_luminosity: 1 /fb}", "1 /ab", "background.table: no published curve 'absent.csv'"),
    "a shape": ("{events: 3, per_luminosity: 1 /fb, shape: flat}", "1 /ab", "background.shape: unknown key"),
}


@pytest.mark.parametrize("case", BAD_RECASTS)
def test_recasts_that_lack_something(folder: Path, case: str) -> None:
    background, luminosity, message = BAD_RECASTS[case]
    with pytest.raises(CardError) as caught:
        validate_file(recast(folder, background, luminosity))
    assert any(re.match(rf"\S*mine.yaml:\d: recast\.{message}", problem) for problem in caught.value.problems)


def test_a_recast_needs_a_method_that_counts(folder: Path) -> None:
    path = recast(folder, "{events: 3, per_luminosity: 1 /fb}", "1 /ab")
    with pytest.raises(CardError, match=r"limit.method: 'fixed' counts no background"):
        AnalysisCard.load(path, ["limit={method: fixed, signal_events: 2.3}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mass_GeV,events\n0.01,-1\n", r"b.csv:2: events: -1 is not a positive number"),
        ("mass_GeV,events\n0.01,\n0.02,3\n", r"b.csv:2: events: the cell is empty, it must have a number"),
        ("mass_GeV,events,error\n0.01,1,1\n0.02,3,\n", r"b.csv:3: error: the cell is empty"),
        ("mass_GeV,events\n0.02,1\n0.01,3\n", r"b.csv:3: mass_GeV: 0.01 after 0.02, it must increase"),
        ("mass_GeV,events\n0.01,1\n0.01,3\n", r"b.csv:3: mass_GeV: 0.01 after 0.01, it must increase"),
        ("mass_GeV,events\n0.01,many\n0.02,3\n", r"b.csv:2: events: 'many' is not a number"),
        ("mass_GeV,events\n0.01,1,2\n", r"b.csv:2: 3 cells, but 2 columns"),
        ("mass_GeV,events,selection\n0.01,1,a\n0.02,2,a\n0.01,3,b\n", r"b.csv:4: mass_GeV: 0.01 after 0.02"),
        ("", r"b.csv:1: empty"),
    ],
)
def test_tables_that_cannot_be_understood(folder: Path, text: str, message: str) -> None:
    (folder / "b.csv").write_text(text)
    with pytest.raises(CardError, match=rf"mine.yaml:7: counting\.background\.table: \S*{message}"):
        validate_file(counting(folder, "{table: b.csv}"))


def test_a_table_of_one_row(folder: Path) -> None:
    (folder / "b.csv").write_text("mass_GeV,events\n0.01,12\n")
    experiment: Any = load_experiment(counting(folder, "{table: b.csv, error: 50 %}"))
    assert expected_background(experiment, 0.01) == (12, 6)
    assert np.isfinite(row(counting(folder, "{table: b.csv}"), 0.01).g_ae.value)
