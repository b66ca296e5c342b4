"""One value where a sequence is asked for is one value: no text is taken apart into its characters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from alphoton.data.arguments import several, whole_argument
from alphoton.data.card import Card
from alphoton.data.errors import InputError
from alphoton.detectors.detector_card import DetectorCard
from alphoton.workflows import _VERBS, analyse, generate, limit, merge, run, simulate
from alphoton.workflows.bump_hunt import bump_hunt
from alphoton.workflows.card_tools import show_card
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.exchange.hepdata import write_hepdata
from alphoton.workflows.exchange.pyhf_workspace import write_pyhf

FUNCTIONS = [
    *(getattr(import_module(module), name) for name, module in _VERBS.items()),
    bump_hunt,
    write_hepdata,
    write_pyhf,
    load_experiment,
    show_card,
    Card.load,
]


def sequences(function: Callable[..., Any]) -> dict[str, bool]:
    """The arguments of a function that may be sequences, and whether a single value will do."""
    found = {}
    hints = get_type_hints(function)
    for name in inspect.signature(function).parameters:
        kinds = get_args(hints.get(name)) or (hints.get(name),)
        if any(get_origin(kind) is Sequence or (get_origin(hints.get(name)) is Sequence) for kind in kinds):
            found[name] = get_origin(hints[name]) is not Sequence
    return found


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_every_public_function_takes_a_single_value(function: Callable[..., Any]) -> None:
    assert all(sequences(function).values()), sequences(function)


def test_the_walk_finds_them() -> None:
    """The control of the test above."""

    def strict(names: Sequence[str], easy: str | Sequence[str], number: int) -> None: ...

    assert sequences(strict) == {"names": False, "easy": True}
    assert sequences(limit) == {"masses": True, "along": True, "overrides": True}
    assert sum(len(sequences(function)) for function in FUNCTIONS) >= 14


def test_several() -> None:
    mapping: Mapping[str, float] = {"g_ae": 1.0}
    for value in ("10 MeV", 0.01, 1, np.float64(0.01), Path("x.root"), mapping):
        assert several(value) == (value,)
        assert several([value]) == several((value,)) == several(iter([value])) == (value,)
    assert several(()) == ()
    assert several(np.array([0.01, 0.02])) == (0.01, 0.02)


def test_one_mass_and_one_direction_need_no_list() -> None:
    options: dict[str, Any] = {"events": 3e3, "overrides": "limit.confidence_level=0.95"}
    expected = limit("padme", ["10 MeV"], events=3000, overrides=["limit.confidence_level=0.95"]).rows
    for mass in ("10 MeV", 0.01, np.float64(0.01), ("10 MeV",), np.array([0.01])):
        assert limit("padme", mass, **options).rows == expected
    ray = {"g_agamma": 0.1, "g_ae": 1.0}
    assert limit("padme", "10 MeV", along=ray, **options).rows == limit("padme", [0.01], along=[ray], **options).rows


def test_overrides_of_every_verb(tmp_path: Path) -> None:
    events, reco = tmp_path / "events.root", tmp_path / "reco.root"
    assert generate("padme", events, overrides="events=3e3").events == 3000
    assert simulate(events, "padme", reco, overrides="modules.0.stochastic=4 %").events == 3000
    narrow = analyse(reco, "padme", overrides="selection.0.max=60 mrad").selected
    assert 0 < narrow < analyse(reco, "padme").selected
    card = tmp_path / "small.yaml"
    card.write_text("schema: alphoton/workflow/1\nname: small\nstudies: [{analysis: padme}]\nscan: {model.m_a: [10 MeV]}\n")
    assert run(card, tmp_path / "out", overrides="events=3e3").rows[0].events == 3000
    assert load_experiment("padme", "process.events=3e3").processes[0].events == 3000
    assert DetectorCard.load("padme", "modules.0.stochastic=4 %").modules[0].stochastic == 0.04  # type: ignore[union-attr]


def test_one_file_and_one_word() -> None:
    with pytest.raises(InputError, match=r"^merge: give two files or more$"):
        merge("events.root", "x.root")
    with pytest.raises(InputError, match=r"^limits.csv: "):  # and not 'l'
        write_hepdata("limits.csv", "absent")
    assert show_card("padme") == show_card(["padme"])


@pytest.mark.parametrize(("name", "value"), [("events", 0), ("events", 1.5), ("events", True), ("workers", 0), ("seed", -1)])
def test_whole_numbers_of_arguments(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{name}={value}: must be (at least|a whole number)"):
        generate("padme", tmp_path / "x.root", **{name: value})
    assert whole_argument("events", 1e6) == 10**6
