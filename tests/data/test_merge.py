"""Merging: nothing is lost, counted twice or mixed up."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile
from alphoton.workflows import analyse, generate, merge, simulate

COUNTS = {1: 3000, 2: 5000}


def made(folder: Path, seed: int, *overrides: str) -> Path:
    path = folder / f"{seed}.root"
    generate("padme", path, events=COUNTS.get(seed, 1000), seed=seed, overrides=overrides)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [made(tmp_path, seed) for seed in COUNTS]


def columns(path: Path, name: str) -> np.ndarray:
    with EventFile(path) as file:
        return np.concatenate([np.asarray(chunk[name]) for chunk in file.chunks()])


def energies(path: Path) -> np.ndarray:
    with EventFile(path) as file:
        return np.concatenate([chunk["GenPart"]["energy"] for chunk in file.chunks()])  # type: ignore[index]


def test_events_and_sums_add(files: list[Path], tmp_path: Path) -> None:
    found = merge(files, tmp_path / "all.root")
    assert found.events == 8000
    assert np.array_equal(energies(found.path), np.concatenate([energies(file) for file in files]))
    assert not np.array_equal(energies(found.path), np.concatenate([energies(file) for file in files[::-1]]))
    assert np.array_equal(columns(found.path, "event"), np.arange(8000))
    with EventFile(found.path) as file:
        assert file.runs()["genEventCount"].tolist() == [3000, 5000]
        assert file.runs()["genEventSumw"].sum() == columns(found.path, "genWeight").sum()
        assert [(source["seed"], source["events"]) for source in file.meta["sources"]] == [(1, 3000), (2, 5000)]
        assert file.meta["cards"]["process"]["events"] == 8000


def test_cross_sections_are_means_over_events(files: list[Path], tmp_path: Path) -> None:
    found = merge(files, tmp_path / "all.root")
    parts = []
    for path in files:
        with EventFile(path) as file:
            parts.append((file.runs()["crossSection_pb"][0], file.runs()["crossSectionError_pb"][0], file.meta))
    (one, one_error, first), (two, two_error, second) = parts
    assert one != two
    assert found.cross_section_pb == pytest.approx((3 * one + 5 * two) / 8, rel=1e-14)
    assert found.cross_section_pb != pytest.approx((one + two) / 2, rel=1e-12)  # negative control
    assert found.error_pb == pytest.approx(math.hypot(3 * one_error, 5 * two_error) / 8, rel=1e-12)
    with EventFile(found.path) as file:
        value, error = file.meta["unit_components_pb"]["electron"]
    assert value == pytest.approx(
        (3 * first["unit_components_pb"]["electron"][0] + 5 * second["unit_components_pb"]["electron"][0]) / 8, rel=1e-14
    )
    weights = columns(found.path, "weight_electron")
    spread = weights.std() / math.sqrt(len(weights))
    assert weights.mean() * found.cross_section_pb == pytest.approx(value, abs=4 * (spread * found.cross_section_pb + error))


def test_reco_files(files: list[Path], tmp_path: Path) -> None:
    recos = [simulate(file, "padme", tmp_path / f"reco{k}.root").path for k, file in enumerate(files)]
    whole = analyse(merge(recos, tmp_path / "all.root").path, "padme")
    parts = [analyse(reco, "padme") for reco in recos]
    assert whole.selected == sum(part.selected for part in parts)
    assert whole.efficiency == pytest.approx((3 * parts[0].efficiency + 5 * parts[1].efficiency) / 8, rel=1e-12)
    assert whole.efficiency_error < min(part.efficiency_error for part in parts)


def test_a_merged_file_goes_on(files: list[Path], tmp_path: Path) -> None:
    """It is simulated, and merged again; its sources are remembered."""
    once = merge(files, tmp_path / "once.root").path
    assert simulate(once, "padme", tmp_path / "reco.root").events == 8000
    twice = merge([once, made(tmp_path, 3)], tmp_path / "twice.root")
    assert [source["seed"] for source in twice.sources] == [1, 2, 3]
    with pytest.raises(InputError, match=r"2\.root: has the same events as .*2\.root: both have the seed 2"):
        merge([once, files[1]], tmp_path / "x.root")


def test_what_is_refused(files: list[Path], tmp_path: Path) -> None:
    def message(*paths: Path) -> str:
        with pytest.raises(InputError) as caught:
            merge(paths, tmp_path / "x.root")
        assert not (tmp_path / "x.root").exists()
        return str(caught.value)

    other = made(tmp_path, 7, "model.m_a=11 MeV")
    told = message(files[0], other)
    assert "7.root: not from the same cards as" in told
    assert "process.model.m_a" in told
    assert "seed" not in told
    reco = simulate(files[1], "padme", tmp_path / "reco.root").path
    assert "detector" in message(files[0], reco)
    assert "same events" in message(files[0], files[0])
    assert "two files" in message(files[0])
    noisy = [simulate(file, "padme", tmp_path / f"n{k}.root", seed=5).path for k, file in enumerate(files)]
    assert "has the same detector noise" in message(*noisy)
    (tmp_path / "text.root").write_text("no")
    assert "not a whole ROOT file" in message(files[0], tmp_path / "text.root")


def test_nothing_is_replaced(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "x.root").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        merge(files, tmp_path / "x.root")
    with pytest.raises(InputError, match="is a file that is to be read"):
        merge(files, files[0], force=True)
    assert merge(files, tmp_path / "x.root", force=True).events == 8000


# --- random numbers in common --------------------------------------------------------------------------------------------

NOISY = """schema: alphoton/detector/1
name: noisy
geometry: {ecal_distance: 3.45 m}
invisible: [9000005]
modules:
  - {type: energy_resolution, formula: "0.001", mode: absolute}
"""
"""A detector whose noise is what is measured minus what is true, whatever the event."""


def true_and_noise(path: Path) -> tuple[set[int], set[int]]:
    """The photons' true energies and what the detector adds to them, in units so fine that no two are equal by chance."""
    energies: set[int] = set()
    noise: set[int] = set()
    with EventFile(path) as file:
        for chunk in file.chunks():
            particles = chunk["GenPart"]
            true = particles["energy"][particles["pdgId"] == 22]  # type: ignore[index]
            energies |= set(np.round(true * 1e13).astype(np.int64).tolist())
            if "Photon" in chunk:
                photons = chunk["Photon"]
                measured = photons["energy"] - true[photons.events]  # type: ignore[index, union-attr]
                noise |= set(np.round(measured * 1e13).astype(np.int64).tolist())
    return energies, noise


def in_common(one: set[int], other: set[int]) -> bool:
    """Rounding may move a number by a unit."""
    return sum(bool(other & {value - 1, value, value + 1}) for value in one) > 5


def refusal(first: Path, second: Path, output: Path) -> str:
    """What `merge` says of two files; nothing where it joins them."""
    try:
        merge([first, second], output, force=True)
    except InputError as error:
        return str(error)
    return ""


def test_files_that_share_random_numbers_are_refused_and_no_others(tmp_path: Path) -> None:
    """Every pair of files made in many ways: refused exactly if actual values of events or noise are the same."""
    noisy = tmp_path / "noisy.yaml"
    noisy.write_text(NOISY)

    def events(seed: int, point: int = 0, count: int = 80) -> Path:
        path = tmp_path / f"e{seed}-{point}-{count}.root"
        return generate("padme", path, events=count, seed=seed, point=point).path

    def seen(path: Path, seed: int | None = None) -> Path:
        return simulate(path, noisy, tmp_path / f"s{path.stem}-{seed}.root", seed=seed).path

    def joined(*paths: Path) -> Path:
        return merge(paths, tmp_path / f"m-{'-'.join(path.stem for path in paths)}.root").path

    one, two, three, moved = events(1), events(2), events(3), events(1, point=1)
    both, with_moved = joined(one, two), joined(moved, two)
    copied = tmp_path / "copy.root"
    copied.write_bytes(one.read_bytes())
    before = [one, copied, two, three, moved, events(1, count=120), both, joined(both, three), with_moved]
    seen_one, seen_two, seen_three = seen(one), seen(two), seen(three)
    seen_both, seen_moved = seen(both), seen(moved)
    of_seen = joined(seen_one, seen_two)
    behind = [
        seen_one,
        seen_two,
        seen_three,
        seen_moved,
        seen(three, 1),  # the noise of another file's seed
        seen(two, 7),
        seen(three, 7),
        seen_both,
        seen(both, 3),
        of_seen,
        seen(of_seen, 9),  # made anew: the noise of before is gone
        seen(of_seen, 3),
        seen(seen_both, 9),
        joined(seen_both, seen(three, 5)),
        joined(seen_moved, seen_two),
        seen(with_moved, 4),
        seen(seen_three, 2),
    ]
    counts = {"refused": 0, "merged": 0, "noise alone": 0}
    for files in (before, behind):
        content = [true_and_noise(path) for path in files]
        for i, first in enumerate(files):
            for j, second in enumerate(files):
                same_events = in_common(content[i][0], content[j][0])
                same_noise = in_common(content[i][1], content[j][1])
                told = refusal(first, second, tmp_path / "x.root")
                pair = f"{first.name} and {second.name}: {told}"
                assert bool(told) == (same_events or same_noise), pair
                assert not same_events or "has the same events as" in told, pair
                assert not same_noise or same_events or "has the same detector noise as" in told, pair
                counts["refused" if told else "merged"] += 1
                counts["noise alone"] += same_noise and not same_events
    assert min(counts.values()) > 10


def test_a_file_of_an_earlier_version_that_was_merged_and_then_simulated(tmp_path: Path) -> None:
    """It tells no `noise`: that of all its events has its own seed."""
    files = [made(tmp_path, seed) for seed in (3, 4, 5)]
    both = simulate(merge(files[:2], tmp_path / "both.root").path, "padme", tmp_path / "both-reco.root").path
    with EventFile(both) as file:
        assert "noise" not in file.meta
        assert [source["detector_seed"] for source in file.meta["sources"]] == [None, None]
    other = simulate(files[2], "padme", tmp_path / "other.root", seed=3).path
    with pytest.raises(InputError, match=r"other\.root: has the same detector noise as .*both-reco\.root"):
        merge([both, other], tmp_path / "x.root")


# --- labels --------------------------------------------------------------------------------------------------------------


def test_labels_may_differ(tmp_path: Path) -> None:
    """Name, description and sources of process and detector card; nothing else may, within a list neither."""
    (tmp_path / "labels.yaml").write_text(
        "schema: alphoton/process/1\nname: mine\nextends: padme\ndescription: other words\nmodel: {source: assumed}\n"
    )
    (tmp_path / "noisy.yaml").write_text(NOISY)
    (tmp_path / "same.yaml").write_text(
        NOISY.replace("name: noisy", "name: same\ndescription: d").replace("absolute}", "absolute, source: assumed}")
    )
    (tmp_path / "other.yaml").write_text(NOISY.replace("0.001", "0.002"))
    one = generate("padme", tmp_path / "1.root", events=100, seed=1).path
    two = generate(tmp_path / "labels.yaml", tmp_path / "2.root", events=100, seed=2).path
    assert merge([one, two], tmp_path / "all.root").events == 200
    recos = {
        name: simulate(path, tmp_path / f"{name}.yaml", tmp_path / f"{name}.root").path
        for name, path in (("noisy", one), ("same", two), ("other", two))
    }
    assert merge([recos["noisy"], recos["same"]], tmp_path / "recos.root").events == 200
    with pytest.raises(InputError, match=r"not from the same cards .*detector\.modules\.0\.formula: 0\.001 and 0\.002$"):
        merge([recos["noisy"], recos["other"]], tmp_path / "x.root")


def test_a_shower_in_common_has_a_common_error(tmp_path: Path) -> None:
    """The random numbers of a Monte Carlo shower are those of every seed: its error does not get smaller."""
    overrides = ["beams.target.shower=monte_carlo"]
    files = [
        generate("na64-primakoff", tmp_path / f"{seed}.root", events=200, seed=seed, overrides=overrides).path
        for seed in (1, 2)
    ]
    relative = []
    for path in files:
        with EventFile(path) as file:
            rows = file.runs()
            relative.append(rows["crossSectionError_pb"][0] / rows["crossSection_pb"][0])
            assert 0 < file.meta["shower_error"] <= relative[-1]
    found = merge(files, tmp_path / "all.root")
    assert found.error_pb / found.cross_section_pb > 0.95 * min(relative)
    assert found.error_pb / found.cross_section_pb > 1.3 * math.hypot(*relative) / 2  # negative control: independent
