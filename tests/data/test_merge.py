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
    with pytest.raises(InputError, match="one of the files to merge"):
        merge(files, files[0], force=True)
    assert merge(files, tmp_path / "x.root", force=True).events == 8000
