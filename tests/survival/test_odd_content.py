"""Event files with whole checksums and odd content: an answer from every verb, or a message that names file and key."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from survival.limits import examples

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, EventFile, EventWriter, Jagged
from alphoton.generators.parts import read_tally
from alphoton.workflows import analyse, generate, merge, simulate
from alphoton.workflows.backgrounds import Backgrounds
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.exchange.hepmc import write_hepmc
from alphoton.workflows.exchange.lhe import write_lhe
from alphoton.workflows.inspection import inspect, show
from alphoton.workflows.measurements import from_file

ODD: list[Any] = [None, True, -1, 0, 7, 1.5, -2.5, 1e400, "", "text", "3", [], [1], ["a", 2], [[]], {}, {"a": 1}, [None]]
Content = tuple[dict[str, Any], dict[str, NDArray[Any]], Chunk]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files, and others to merge them with, before and behind a detector."""
    folder = tmp_path_factory.mktemp("whole")
    for name, seed in (("events", 1), ("other", 2), ("third", 3)):
        generate("padme", folder / f"{name}.root", events=60, seed=seed)
        simulate(folder / f"{name}.root", "padme", folder / f"{name}-reco.root")
    generate("delphi", folder / "several.root", events=60)
    generate("delphi", folder / "other-several.root", events=60, seed=2)
    merge([folder / "events-reco.root", folder / "other-reco.root"], folder / "merged.root")
    return folder


def content(path: Path) -> Content:
    with EventFile(path) as file:
        (chunk,) = file.chunks()
        return file.meta | {"command_line": ["alphoton"]}, file.runs(), chunk


def write(path: Path, made_of: Content) -> Path:
    meta, runs, chunk = made_of
    with EventWriter(path, force=True) as writer:
        writer.extend(chunk)
        writer.finish(meta, runs)
    return path


# --- mutations -----------------------------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in nested dictionaries and lists but within the cards, which have a check of their own."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        if path != ("cards",):
            yield from places(item, (*path, key))


def odd_meta(made_of: Content, rng: random.Random) -> Content:
    """A key is gone, renamed, or has a value of another type."""
    meta, runs, chunk = copy.deepcopy(made_of)
    *above, key = rng.choice(list(places(meta)))
    within: Any = meta
    for step in above:
        within = within[step]
    kind = rng.randrange(4)
    if kind == 0:
        del within[key]
    elif kind == 1 and isinstance(within, dict):
        within["odd"] = within.pop(key)
    else:
        value = rng.choice(ODD)
        within[key] = 1e300 if value == float("inf") else value  # JSON has no infinite number
    return meta, runs, chunk


def odd_runs(made_of: Content, rng: random.Random) -> Content:
    meta, runs, chunk = copy.deepcopy(made_of)
    name = rng.choice(list(runs))
    kind = rng.randrange(3)
    if kind == 0:
        del runs[name]
    elif kind == 1:
        runs[name] = np.full(len(runs[name]), rng.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308]))
    else:
        runs[name] = runs[name].astype(rng.choice([np.int32, np.bool_, np.float32]))
    return meta, runs, chunk


def odd_columns(made_of: Content, rng: random.Random) -> Content:
    """A column is gone, of another type, or has an odd value."""
    meta, runs, chunk = copy.deepcopy(made_of)
    count = len(chunk["run"])  # type: ignore[arg-type]
    name = rng.choice(list(chunk))
    column = chunk[name]
    if isinstance(column, Jagged):
        field = rng.choice(list(column.fields))
        fields = dict(column.fields)
        if rng.random() < 0.25:
            del fields[field]
            if rng.random() < 0.2:
                del chunk[name]
                return meta, runs, chunk
        else:
            fields[field] = odd_values(fields[field], rng)
        chunk[name] = Jagged(column.offsets, fields)
    elif rng.random() < 0.25:
        del chunk[name]
    elif rng.random() < 0.1:
        chunk[name] = Jagged(np.arange(len(column) + 1), {"x": column})
    else:
        chunk[name] = odd_values(column, rng)
    if rng.random() < 0.1:
        chunk[f"weight_{rng.choice(['odd', 'photon2', ''])}"] = np.ones(count)
    return meta, runs, chunk


def odd_values(values: NDArray[Any], rng: random.Random) -> NDArray[Any]:
    if rng.random() < 0.3:
        return values.astype(rng.choice([np.int32, np.float64, np.bool_, np.float32, np.uint64]))
    changed = values.copy()
    choices = [np.nan, np.inf, -1.0, 0.0, 1e300] if values.dtype.kind == "f" else [0, 1, 3, 9, 100]
    if values.dtype.kind == "i":
        choices += [-1, -7, 2**31 - 1, -(2**31)]
    chosen = slice(None) if rng.random() < 0.3 else rng.randrange(len(values))
    changed[chosen] = rng.choice(choices)
    return changed


def no_events(made_of: Content, _: random.Random) -> Content:
    meta, runs, chunk = copy.deepcopy(made_of)
    empty: Chunk = {name: column.cut(0, 0) if isinstance(column, Jagged) else column[:0] for name, column in chunk.items()}
    return meta, {name: values * 0 if name == "genEventCount" else values for name, values in runs.items()}, empty


MUTATIONS = [odd_meta, odd_meta, odd_meta, odd_runs, odd_columns, odd_columns, no_events]


# --- verbs ---------------------------------------------------------------------------------------------------------------


def as_template(path: Path) -> None:
    card = AnalysisCard.load(
        "padme-vetoes", [f"counting.background.templates=[{{file: {path}}}]", "counting.background.shape=events"]
    )
    found = Backgrounds.of(card, load_experiment("padme-vetoes").detector)
    assert found is not None
    assert found.templates.within(-1.0, 1.0)[0] >= 0


VERBS: dict[str, Callable[[Path, Path, Path], object]] = {
    "inspect": lambda path, _, __: show(inspect(path)),
    "simulate": lambda path, _, out: simulate(path, "padme", out / "reco.root", force=True, allow_other=True),
    "analyse": lambda path, _, out: analyse(path, "padme", histograms=out / "histograms.root", force=True),
    "analyse another's": lambda path, _, __: analyse(path, "delphi", allow_other=True),
    "merge": lambda path, other, out: merge([path, other], out / "merged.root", force=True),
    "lhe": lambda path, _, out: write_lhe(path, out / "events.lhe", force=True),
    "hepmc": lambda path, _, out: write_hepmc(path, out / "events.hepmc", force=True),
    "template": lambda path, _, __: as_template(path),
    "resumed run": lambda path, _, __: from_file(path, AnalysisCard.load("padme")),
    "resumed job": lambda path, _, __: read_tally(path, 60, {}),
}
FILES = {"events.root": "other.root", "events-reco.root": "other-reco.root", "merged.root": "third-reco.root"}
FILES["several.root"] = "other-several.root"


def outcome(function: Callable[[Path, Path, Path], object], path: Path, other: Path, folder: Path) -> str | None:
    """Kind and text of the error that a verb ends in; None where it has an answer."""
    try:
        function(path, other, folder)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that a file may hold, as 1e300
@pytest.mark.parametrize("name", FILES)
def test_every_verb(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    if name == "merged.root":
        with EventFile(folder / name) as file:
            assert file.meta["sources"]
    whole = content(folder / name)
    other = folder / FILES[name]
    refused = 0
    count = examples(70)
    for number in range(count):
        rng = random.Random(f"{name} {number}")
        path = write(tmp_path / f"odd{number}.root", rng.choice(MUTATIONS)(whole, rng))
        for verb, function in VERBS.items():
            told = outcome(function, path, other, tmp_path)
            assert told is None or (told.startswith(("InputError: ", "CardError: ")) and str(path) in told), (
                number,
                verb,
                told,
            )
            if told is not None and "\n" in told:  # all that is wrong with a card, a line each
                assert all(str(path) in line for line in told.splitlines()), (number, verb, told)
            refused += told is not None
        path.unlink()
    capsys.readouterr()
    assert refused > count


def test_every_key_of_meta(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is taken away, and each is a text: every verb has an answer or tells the file."""
    whole = content(folder / "events-reco.root")
    other = folder / "other-reco.root"
    answers = 0
    for *above, key in places(whole[0]):
        for gone in (True, False):
            changed = copy.deepcopy(whole)
            within: Any = changed[0]
            for step in above:
                within = within[step]
            if gone:
                del within[key]
            else:
                within[key] = "odd"
            path = write(tmp_path / "odd.root", changed)
            for verb, function in VERBS.items():
                told = outcome(function, path, other, tmp_path)
                answers += told is None
                fine = told is None or (told.startswith(("InputError: ", "CardError: ")) and str(path) in told)
                assert fine, (above, key, gone, verb, told)
    capsys.readouterr()
    assert answers > 50


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_mutation_is_fine(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The negative control: written by the same functions, it is read by every verb that it is for."""
    path = write(tmp_path / "whole.root", content(folder / name))
    for verb, function in VERBS.items():
        if "reco" in name or verb not in ("analyse", "analyse another's", "template", "resumed run"):
            function(path, folder / FILES[name], tmp_path)
    capsys.readouterr()


TOLD = [
    (lambda m, r, c: m.pop("beams"), r"meta\.beams: field required"),
    (lambda m, r, c: m.update(beams=[]), r"meta\.beams: .*at least 1 item"),
    (lambda m, r, c: m["beams"][0].update(sqrt_s="much"), r"meta\.beams\.0\.sqrt_s: .*valid number"),
    (lambda m, r, c: m["couplings"].pop("photon"), r"meta: components_pb has 'photon'.*couplings 'electron'"),
    (lambda m, r, c: m["couplings"].update(electron=[1]), r"meta\.couplings\.electron: .*valid number"),
    (lambda m, r, c: m.update(mass=-0.01), r"meta\.mass: .*greater than or equal to 0"),
    (lambda m, r, c: m.update(seed=-1), r"meta\.seed: .*greater than or equal to 0"),
    (lambda m, r, c: m["cards"].update(process=3), r"meta\.cards\.process: .*dictionary"),
    (lambda m, r, c: m["unit_components_pb"].update(photon=[1.0]), r"meta\.unit_components_pb\.photon: .*at least 2"),
    (lambda m, r, c: r["crossSection_pb"].fill(np.nan), r"Runs\.crossSection_pb: is nan, must be a number, 0 or more"),
    (lambda m, r, c: r["crossSection_pb"].fill(-1.0), r"Runs\.crossSection_pb: is -1, must be a number, 0 or more"),
    (lambda m, r, c: r["crossSection_pb"].fill(np.inf), r"Runs\.crossSection_pb: is inf"),
    (lambda m, r, c: r.pop("overweightFraction"), r"Runs\.overweightFraction: not there"),
    (lambda m, r, c: c.pop("weight_photon"), r"Events\.weight_photon: not there"),
    (lambda m, r, c: c.update(weight_odd=np.ones(60)), r"Events\.weight_odd: no such component \(known: photon"),
    (lambda m, r, c: c["GenPart"].fields.pop("status"), r"Events\.GenPart_status: not there"),
    (lambda m, r, c: c["GenPart"].fields["mass"].fill(-1.0), r"Events\.GenPart_mass: is -1, must be 0 or more"),
    (lambda m, r, c: c["GenPart"].fields["status"].fill(3), r"Events\.GenPart_status: is 3, must be 1, 2 or 4"),
    (
        lambda m, r, c: c["GenPart"].fields["genPartIdxMother"].fill(9),
        r"GenPart_genPartIdxMother: is 9, its event has fewer",
    ),
    (lambda m, r, c: c["run"].fill(1), r"Events\.run: is from 1 to 1, meta\.beams has 0 to 0"),
    (lambda m, r, c: c["genWeight"].fill(np.nan), r"Events\.genWeight: is nan, must be a number"),
    (lambda m, r, c: c.update(genWeight=np.ones(60, dtype=bool)), r"Events\.genWeight: has the type bool, must be a number"),
]


@pytest.mark.parametrize(("change", "message"), TOLD, ids=[message for _, message in TOLD])
def test_what_is_told(folder: Path, tmp_path: Path, change: Callable[..., object], message: str) -> None:
    """File and key, in one line."""
    made_of = copy.deepcopy(content(folder / "events.root"))
    change(*made_of)
    path = write(tmp_path / "odd.root", made_of)
    with pytest.raises(InputError, match=rf"^{re.escape(str(path))}: .*{message}") as caught:
        simulate(path, "padme", tmp_path / "reco.root")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "reco.root").exists()


def test_weights_that_add_up_to_nothing(folder: Path, tmp_path: Path) -> None:
    made_of = copy.deepcopy(content(folder / "events.root"))
    made_of[2]["genWeight"][:] = 0  # type: ignore[index]
    path = write(tmp_path / "odd.root", made_of)
    for writer, name in ((write_lhe, "events.lhe"), (write_hepmc, "events.hepmc")):
        with pytest.raises(InputError, match=r"odd\.root: the weights of its events add up to 0"):
            writer(path, tmp_path / name)
        assert not (tmp_path / name).exists()
