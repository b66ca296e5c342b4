"""A survey: samples are shared, finished points are kept and found again, whoever works them out."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alphoton.analysis.analysis_card import BackgroundError
from alphoton.analysis.limits import NO_LIMIT
from alphoton.data import provenance
from alphoton.data.errors import CardError, InputError
from alphoton.detectors.detector_card import DetectorCard
from alphoton.workflows import survey as module
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.limit_scan import at_mass
from alphoton.workflows.survey import Store, Survey, Surveyed, from_plain, stream_of, to_plain

EVENTS = 4000
MASSES = (0.005, 0.01)


def studies(names: Sequence[str], masses: tuple[float, ...] = MASSES, overrides: Sequence[str] = ()) -> list[Surveyed]:
    return [Surveyed(load_experiment(name, overrides), masses) for name in names]


def worked_out(
    names: Sequence[str], store: Path | None = None, *, workers: int = 2, masses: tuple[float, ...] = MASSES
) -> Survey:
    survey = Survey(studies(names, masses), store, EVENTS, workers)
    survey.curves(names)
    return survey


def plain(survey: Survey) -> list[dict[str, object]]:
    return [to_plain(row) for name in survey.studies for row in survey.curve(name)]


@pytest.fixture(scope="module")
def padme() -> Survey:
    return worked_out(("padme-poseydon", "padme", "padme-poseydon-ses"))


def test_a_row_is_what_limit_gives(padme: Survey) -> None:
    """With the same random numbers, to the last digit."""
    row = padme.row("padme-poseydon", 0.01)
    assert row is not None
    assert to_plain(row) == to_plain(at_mass(load_experiment("padme-poseydon"), 0.01, stream_of(0.01), EVENTS))
    other = at_mass(load_experiment("padme-poseydon"), 0.01, 0, EVENTS)
    assert row.g_ae != other.g_ae
    assert row.g_ae.value == pytest.approx(other.g_ae.value, abs=4 * math.hypot(row.g_ae.error, other.g_ae.error))


def test_experiments_that_only_count_differently_share_their_sample(padme: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [padme.row(name, 0.01) for name in padme.studies]
    assert len({str(row.rates) for row in rows if row is not None}) == 1
    # 100 and 2.3 signal events at the same exposure, arXiv:2012.07894, section 3.3
    hundred, single = padme.curve("padme-poseydon"), padme.curve("padme-poseydon-ses")
    for left, right in zip(hundred, single, strict=True):
        assert right.g_ae.value / left.g_ae.value == pytest.approx(math.sqrt(2.3 / 100))
    calls: list[float] = []
    real = module.precise_sample

    def counted(experiments: Sequence[Experiment], mass: float, *rest: int) -> object:
        calls.append(mass)
        return real(experiments, mass, *rest)

    monkeypatch.setattr(module, "precise_sample", counted)
    worked_out(("padme", "padme-poseydon", "babar"), workers=1)
    assert sorted(calls) == sorted([*MASSES, *MASSES])  # one for both of PADME, one for BaBar


def test_the_number_of_workers_changes_nothing(padme: Survey) -> None:
    alone = worked_out(tuple(padme.studies), workers=1)
    assert plain(alone) == plain(padme)


def test_finished_points_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "kept" / "limits.jsonl"
    first = worked_out(("padme",), store)
    lines = store.read_text().splitlines()
    assert len(lines) == len(MASSES)
    # a line cut short when a run was killed, and one of somebody else
    store.write_text('{"mine": 1}\n' + lines[0] + "\n" + lines[1][: len(lines[1]) // 2])
    again = worked_out(("padme",), store)
    assert plain(again) == plain(first)
    assert len(store.read_text().splitlines()) == 4
    assert len(json.loads(store.read_text().splitlines()[-1])["key"]) == 32
    monkeypatch.setattr(module, "precise_sample", lambda *_: pytest.fail("work was done"))
    assert plain(worked_out(("padme",), store)) == plain(first)


def test_a_damaged_line_is_never_a_limit(padme: Survey, tmp_path: Path) -> None:
    """Whatever happens to the file: a row that is read back is exactly one that was written, or it is not there."""
    store = tmp_path / "limits.jsonl"
    whole = Store(store)
    written = {}
    for number, row in enumerate(row for name in padme.studies for row in padme.curve(name)):
        key = f"{number:032x}"
        whole.put(key, row)
        written[key] = to_plain(row)

    def read() -> dict[str, dict[str, object]]:
        return {key: to_plain(row) for key, row in Store(store)._rows.items()}

    content = store.read_bytes()
    rng = np.random.default_rng(7)
    kept = []
    for trial in range(400):
        damaged = bytearray(content)
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(len(damaged)))
            match trial % 4:
                case 0:  # one bit
                    damaged[place] ^= 1 << int(rng.integers(8))
                case 1:  # a digit in place of another
                    digits = [index for index in range(place, len(damaged)) if chr(damaged[index]).isdigit()] or [place]
                    damaged[digits[0]] = ord(str((int(chr(damaged[digits[0]])) + 1) % 10)) if digits != [place] else 0
                case 2:
                    damaged[place : place + int(rng.integers(1, 20))] = b""
                case _:
                    damaged[place:place] = [b"\n", b"1", b" ", b"\xff", content[:50]][int(rng.integers(5))]
        store.write_bytes(damaged if trial % 10 else damaged[: int(rng.integers(len(damaged)))])
        found = read()
        assert found == {key: row for key, row in written.items() if key in found}
        kept.append(len(found))
    assert 0 < sum(kept) < 400 * len(written)
    store.write_bytes(content)
    assert read() == written  # nothing is damaged


def test_lines_without_a_checksum_are_not_used(padme: Survey, tmp_path: Path) -> None:
    """As earlier versions wrote them. Nor is a line that says the same in another spelling."""
    row = padme.row("padme", 0.01)
    assert row is not None
    store = tmp_path / "limits.jsonl"
    line = module.line_of("a" * 32, to_plain(row))
    entry = json.loads(line)
    assert module.read_line(line.encode()).keys() == {"a" * 32}
    del entry["checksum"]
    for other in (json.dumps(entry), json.dumps(json.loads(line), separators=(",", ":")), line + " ", "[" * 100_000, "\x85"):
        store.write_text(other + "\n")
        assert Store(store).get("a" * 32) is None


def test_a_fresh_survey_uses_nothing_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "limits.jsonl"
    first = worked_out(("padme",), store, masses=(0.01,))
    calls: list[float] = []
    real = module.precise_sample
    monkeypatch.setattr(module, "precise_sample", lambda *given: (calls.append(given[1]), real(*given))[1])
    again = Survey(studies(("padme",), (0.01,)), store, EVENTS, 1, fresh=True)
    again.curves(("padme",))
    assert calls == [0.01]
    assert plain(again) == plain(first)
    assert len(store.read_text().splitlines()) == 2
    worked_out(("padme",), store, masses=(0.01,), workers=1)
    assert calls == [0.01]  # without it the store is used


def test_a_card_changed_in_a_notebook_is_another(tmp_path: Path) -> None:
    """By pydantic's `model_copy`, which leaves alone what the card resolves to."""
    (study,) = studies(("padme",), (0.01,))
    experiment = study.experiment
    counting = experiment.analysis.counting
    assert counting is not None
    assert counting.background is not None
    doubled = counting.model_copy(
        update={"background": counting.background.model_copy(update={"error": BackgroundError(2000.0)})}
    )
    analysis = experiment.analysis.model_copy(update={"counting": doubled})
    wide = experiment.detector.model_copy(update={"absorbs": True})
    store = tmp_path / "limits.jsonl"
    for changed in (experiment, replace(experiment, analysis=analysis), replace(experiment, detector=wide)):
        survey = Survey([Surveyed(changed, (0.01,))], store, EVENTS)
        assert not survey._found("padme", 0.01)
        survey.curves(("padme",))
        assert survey._found("padme", 0.01)
    with pytest.raises(CardError, match="model_copy"):  # else the override would undo the change
        DetectorCard.load(wide, ["modules.0.stochastic=3 %"])


def test_what_changed_meanwhile_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that was edited while limits were computed: whose they are is not known."""
    store = tmp_path / "limits.jsonl"
    survey = Survey(studies(("padme",), (0.01,)), store, EVENTS, 1)
    read = provenance._bytes
    monkeypatch.setattr(provenance, "_bytes", lambda path: read(path) + (b"#" if path.name == "statistics.py" else b""))
    survey.curves(("padme",))
    assert survey.row("padme", 0.01) is not None
    assert not store.exists()


def test_those_that_share_a_sample_are_part_of_what_it_is_made_from(tmp_path: Path) -> None:
    """Without a number of events it is as large as all of them need."""
    alone, both = (Survey(studies(names), None, None) for names in (("padme",), ("padme", "padme-poseydon")))
    assert alone._key("padme", 0.01) != both._key("padme", 0.01)
    alone, both = (Survey(studies(names), None, EVENTS) for names in (("padme",), ("padme", "padme-poseydon")))
    assert alone._key("padme", 0.01) == both._key("padme", 0.01)


@pytest.mark.parametrize("change", ["process.seed=2", "detector.modules.0.stochastic=3 %", "limit.confidence_level=0.95"])
def test_other_cards_are_worked_out_anew(change: str, tmp_path: Path) -> None:
    store = tmp_path / "limits.jsonl"
    worked_out(("padme",), store, masses=(0.01,))
    Survey(studies(("padme",), (0.01,), [change]), store, EVENTS).curves(("padme",))
    assert len(store.read_text().splitlines()) == 2
    Survey(studies(("padme",), (0.01,)), store, EVENTS + 1).curves(("padme",))
    assert len(store.read_text().splitlines()) == 3


def test_what_is_out_of_reach_is_told(padme: Survey) -> None:
    survey = worked_out(("padme",), masses=(0.01, 0.04))
    assert survey.skipped == ["padme 40 MeV"]
    assert [row.mass for row in survey.curve("padme")] == [0.01]
    assert survey.row("padme", 0.04) is None
    with pytest.raises(InputError, match="no study of 'na64'"):
        padme.row("na64", 0.01)


def test_streams_of_masses() -> None:
    """Packaged grids have one each; the least masses share one, and nothing goes below it."""
    masses = load_experiment("padme").analysis.masses
    assert len({stream_of(mass) for mass in masses}) == len(masses)
    assert stream_of(0.01) == 70_000
    assert [stream_of(mass) for mass in (0.0, 1e-12, 1e-9)] == [0, 0, 0]


def test_close_masses_that_share_random_numbers_have_limits_of_their_own(tmp_path: Path) -> None:
    close = (0.01, 0.0100001)
    assert stream_of(close[0]) == stream_of(close[1])
    survey = worked_out(("padme-poseydon",), tmp_path / "limits.jsonl", masses=close)
    one, two = survey.curve("padme-poseydon")
    assert one.g_ae.value != two.g_ae.value
    assert one.g_ae.value == pytest.approx(two.g_ae.value, rel=1e-3)
    assert len((tmp_path / "limits.jsonl").read_text().splitlines()) == 2


def test_close_masses_out_of_reach_are_both_told() -> None:
    assert worked_out(("padme",), masses=(0.0400000001, 0.0400000002)).skipped == [
        "padme 40.0000001 MeV",
        "padme 40.0000002 MeV",
    ]


def test_a_failure_is_not_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was finished before is kept."""
    real = module.precise_sample

    def failing(experiments: Sequence[Experiment], mass: float, *rest: int) -> object:
        if mass == MASSES[1]:
            raise OSError(28, "No space left on device")
        return real(experiments, mass, *rest)

    monkeypatch.setattr(module, "precise_sample", failing)
    store = tmp_path / "limits.jsonl"
    with pytest.raises(OSError, match="No space left"):
        worked_out(("padme",), store, workers=1)
    assert [json.loads(line)["row"]["mass"] for line in store.read_text().splitlines()] == [MASSES[0]]


def test_rows_are_plain_data_and_back(padme: Survey) -> None:
    row = padme.row("padme", 0.01)
    assert row is not None
    again = from_plain(json.loads(json.dumps(to_plain(row), allow_nan=False)))
    assert to_plain(again) == to_plain(row)
    assert again.g_ae == row.g_ae
    assert math.isnan(again.g_ae_upper.value)
    assert math.isnan(NO_LIMIT.value)


def test_a_store_without_a_file_keeps_nothing(padme: Survey) -> None:
    row = padme.row("padme", 0.01)
    assert row is not None
    store = Store(None)
    store.put("a", row)
    assert store.get("a") == row
    assert Store(None).get("a") is None


def test_a_beam_dump_is_surveyed_too() -> None:
    survey = worked_out(("e137",), masses=(0.01, 5.0))
    inside, outside = survey.curve("e137")
    assert 1e-7 < inside.g_agamma.value < inside.g_agamma_upper.value < 1e-2
    assert math.isnan(outside.g_agamma.value)
