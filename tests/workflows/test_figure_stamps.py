"""A figure that is there is left as it is only if its three files are whole and made from the same."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alphoton.data import provenance
from alphoton.data.errors import InputError
from alphoton.data.provenance import package_folder, sources
from alphoton.data.published_file import find
from alphoton.workflows import figure as verb
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.survey import Survey, Surveyed

CURVE = "e137_alp_gagamma"


def test_every_figure_s_stamp_knows_its_sources() -> None:
    stamps = {name: verb.stamp(name) for name in verb.NAMES}
    assert len({*stamps.values()}) == len(stamps)
    assert stamps == {name: verb.stamp(name) for name in verb.NAMES}


@pytest.mark.parametrize("name", ["fig02", "fig06a", "fig13b", "scan"])
def test_a_changed_source_is_another_stamp(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    survey = Survey([Surveyed(load_experiment("padme"), (0.01,))])
    before = verb.stamp(name, survey)
    module = f"alphoton.workflows.figures.{name}"
    mine = {*sources(module).values(), package_folder("data") / "materials.csv"}
    read = provenance._bytes
    changed: list[Path] = []
    monkeypatch.setattr(provenance, "_bytes", lambda path: read(path) + (b"#" if path in changed else b""))
    for path in mine:
        changed[:] = [path]
        assert verb.stamp(name, survey) != before, path
    changed[:] = [package_folder("workflows") / "report" / "page.py", package_folder("workflows") / "figures" / "fig03.py"]
    assert verb.stamp(name, survey) == before  # the negative control


@pytest.mark.parametrize("name", ["fig02", "fig13b"])
def test_own_cards_and_curves_are_another_stamp(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have the name of a packaged one, and those that such a card leads to."""
    monkeypatch.chdir(tmp_path)
    stamps = [verb.stamp(name)]
    for path, text in (
        ("nobody.yaml", "schema: alphoton/process/1\nname: x\nextends: padme\nseed: 4\n"),
        ("padme.yaml", "schema: alphoton/analysis/1\nname: padme\nextends: more\nprocess: mine.yaml\n"),
        ("more.yaml", (package_folder("data") / "cards/analysis/padme.yaml").read_text(encoding="utf-8")),
        ("mine.yaml", "schema: alphoton/process/1\nname: x\nextends: padme\nseed: 5\n"),
        ("mine.yaml", "schema: alphoton/process/1\nname: x\nextends: padme\nseed: 6\n"),
        (f"{CURVE}.csv", find(CURVE).read_text(encoding="utf-8") + "# more\n"),
    ):
        (tmp_path / path).write_text(text)
        stamps.append(verb.stamp(name))
    assert stamps[0] == stamps[1]  # no name leads to it
    assert len({*stamps}) == len(stamps) - 1


def test_a_damaged_figure_is_not_up_to_date(tmp_path: Path) -> None:
    """In any of its files, to the last byte, and whatever lies in their place; a picture with its note is one to others."""
    chosen = verb.load("fig02")
    assert isinstance(chosen, verb.Figure)
    made_from = verb.stamp("fig02")
    result = verb.write(chosen, chosen.compute(lambda *_: None), tmp_path, made_from=made_from)
    assert verb.is_up_to_date("fig02", tmp_path, made_from)
    assert not verb.is_up_to_date("fig02", tmp_path, verb.stamp("fig03"))
    with Image.open(result.paths[0]) as picture:
        picture.load()
        assert picture.info[verb.STAMP].startswith(made_from)
    rng = np.random.default_rng(3)
    for path in result.paths:
        content = path.read_bytes()
        for trial in range(800):
            # every second time near the end, where the note is
            place = int(rng.integers(max(len(content) - 200, 0) if trial % 2 else 0, len(content)))
            damaged = bytearray(content)
            match trial // 2 % 4:
                case 0:
                    damaged[place] ^= 1 << int(rng.integers(8))
                case 1:
                    del damaged[place : place + 3]
                case 2:
                    damaged[place:place] = rng.bytes(3)
                case _:
                    del damaged[place:]
            path.write_bytes(damaged)
            assert damaged != content
            assert not verb.is_up_to_date("fig02", tmp_path, made_from), (path, place)
        with pytest.raises(InputError, match="exists already"):
            verb.figure("fig02", tmp_path)
        path.write_bytes(content + b"more")
        assert not verb.is_up_to_date("fig02", tmp_path, made_from)
        for make in (Path.mkdir, os.mkfifo):
            path.unlink()
            make(path)
            assert not verb.is_up_to_date("fig02", tmp_path, made_from)
            path.rmdir() if path.is_dir() else path.unlink()
            path.write_bytes(content)
    assert verb.is_up_to_date("fig02", tmp_path, made_from)
