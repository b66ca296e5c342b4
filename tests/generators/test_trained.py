"""Grids and cells are adapted once, and never found where they are another's or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.generators import foam, trained
from alphoton.generators.event_source import EventSource
from alphoton.generators.jit import Array
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes import annihilation

CARD = ("na64-primakoff",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPHOTON_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


class Maker:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, Array]:
        self.times += 1
        return {"numbers": np.random.default_rng(1).random(1000)}


def call(make: Maker, **changes: Any) -> Array:
    arguments = {
        "what": "grid",
        "density": annihilation.density,
        "p": np.array([1.0, 2.0]),
        "seed": np.random.SeedSequence(1, spawn_key=(2,)),
        "settings": (3,),
    }
    return trained.kept(**(arguments | changes), make=make)["numbers"]  # type: ignore[arg-type]


def test_made_once_and_read_bit_for_bit(folder: Path) -> None:
    make = Maker()
    first, second = call(make), call(make)
    assert make.times == 1
    np.testing.assert_array_equal(first, second)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"what": "foam"},
        {"density": annihilation.photon_density},
        {"p": np.array([1.0, np.nextafter(2.0, 3.0)])},
        {"seed": np.random.SeedSequence(2, spawn_key=(2,))},
        {"seed": np.random.SeedSequence(1, spawn_key=(3,))},
        {"settings": (4,)},
    ],
    ids=["what", "density", "parameters", "seed", "branch of the seed", "settings"],
)
def test_made_anew_where_anything_differs(folder: Path, change: dict[str, Any]) -> None:
    make = Maker()
    call(make)
    call(make, **change)
    assert make.times == 2


@pytest.mark.usefixtures("folder")
def test_made_anew_by_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    call(make)
    monkeypatch.setattr(trained, "_made_by", lambda: "another")
    call(make)
    assert make.times == 2


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_file_is_made_anew(folder: Path, damage: str) -> None:
    make = Maker()
    whole = call(make)
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "flip": content, "empty": b"", "text": b"grid"}[damage])
    np.testing.assert_array_equal(call(make), whole)
    assert make.times == 2
    call(make)
    assert make.times == 2


def test_random_damage_is_never_read(folder: Path) -> None:
    """Flips, deletions and insertions anywhere: in the arrays, in their headers, and in what the zip format says of them."""
    make = Maker()
    whole = call(make)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for trial in range(300):
        # also where the directory of the zip is, which is small and at the end
        place = int(rng.integers(len(content) - 300 if trial % 2 else 0, len(content)))
        damaged = bytearray(content)
        match trial % 3:
            case 0:
                damaged[place] ^= 1 << int(rng.integers(8))
            case 1:
                del damaged[place : place + int(rng.integers(1, 9))]
            case _:
                damaged[place:place] = rng.bytes(int(rng.integers(1, 9)))
        path.write_bytes(damaged)
        np.testing.assert_array_equal(call(make), whole)
    assert make.times > 200  # some bytes, as of times, say nothing


def test_a_file_under_another_name_is_not_read(folder: Path) -> None:
    """Whole, but of other parameters."""
    make = Maker()
    call(make)
    (one,) = folder.iterdir()
    call(make, settings=(4,))
    (other,) = {*folder.iterdir()} - {one}
    one.replace(other)
    call(make, settings=(4,))
    assert make.times == 3


def test_without_a_place_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where the folder should be: nothing is kept, and nothing fails."""
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("ALPHOTON_CACHE", str(place))
        make = Maker()
        np.testing.assert_array_equal(call(make), call(make))
        assert make.times == 2


def test_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALPHOTON_CACHE", "off")
    make = Maker()
    call(make)
    call(make)
    assert make.times == 2
    assert not list(tmp_path.iterdir())


def test_a_density_of_one_s_own_is_not_kept(folder: Path) -> None:
    """Its source is none of alphoton's: it may change without a change of the version."""

    def density(x: Array, p: Array) -> float:
        return 1.0

    make = Maker()
    call(make, density=density)
    call(make, density=density)
    assert make.times == 2
    assert not folder.exists()


def test_the_longest_unused_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "LARGEST", 100_000)
    make = Maker()
    for number in range(200):
        call(make, settings=(number,))
    left = sum(path.stat().st_size for path in folder.iterdir())
    assert 50_000 < left < 1_000_000 < 200 * 8_000  # looked at for one file in sixteen
    assert make.times == 200
    call(make, settings=(199,))
    assert make.times == 200
    call(make, settings=(0,))
    assert make.times == 201


def test_events_are_the_same_with_and_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First made, then read, then without: one stream of events. The second source makes no foam."""
    card = ProcessCard.load(*CARD)

    def energies() -> Array:
        particles: Any = EventSource(card).chunk(0, 1000).events["GenPart"]
        column: Array = particles["energy"]
        return column

    made = energies()
    assert len(list(folder.iterdir())) == 2
    with monkeypatch.context() as patch:
        patch.setattr(foam, "_grow", None)
        read = energies()
    monkeypatch.setenv("ALPHOTON_CACHE", "off")
    np.testing.assert_array_equal(made, read)
    np.testing.assert_array_equal(made, energies())
