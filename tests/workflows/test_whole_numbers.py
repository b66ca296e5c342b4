"""Whole numbers in any spelling: every key of a card, option and argument; half numbers and booleans are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
from pydantic import BaseModel, BeforeValidator, ValidationError

from alphoton.data.card_paths import KINDS
from alphoton.data.errors import CardError
from alphoton.data.grid import EnergyGrid
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.card_tools import model
from alphoton.workflows.cli import app
from alphoton.workflows.workflow_card import WorkflowCard


def parts(annotation: Any) -> Iterator[Any]:
    """An annotation and everything inside it."""
    yield annotation
    for argument in get_args(annotation):
        yield from parts(argument)


def blocks(kind: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """A model and all models in its fields."""
    if kind not in seen:
        seen.add(kind)
        for info in kind.model_fields.values():
            for part in parts(info.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel):
                    blocks(part, seen)
    return seen


def whole_fields(kind: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """The fields that hold whole numbers, and whether any spelling is read."""
    for name, info in kind.model_fields.items():
        inside = list(parts(info.annotation))
        if int in inside:
            read = [*info.metadata, *inside]
            yield name, any(isinstance(part, BeforeValidator) for part in read)


CARDS = {block for kind in KINDS for block in blocks(model(kind), {EnergyGrid})}


def test_every_whole_number_of_a_card_is_read_in_any_spelling() -> None:
    fields = [(block.__name__, *found) for block in CARDS for found in whole_fields(block)]
    named = {(block, name) for block, name, _ in fields}
    assert {
        ("ProcessCard", "events"),
        ("ProcessCard", "seed"),
        ("WorkflowCard", "events"),
        ("WorkflowCard", "seed"),
        ("TemplateBlock", "events"),
        ("BinsBlock", "number"),
        ("BinsBlock", "toys"),
        ("Axis", "bins"),
        ("EnergyGrid", "points"),
        ("Ids", "alp"),
        ("DetectorCard", "invisible"),
    } <= named
    assert [(block, name) for block, name, read in fields if not read] == []


def test_the_walk_finds_a_plain_integer() -> None:
    """The control of the test above."""

    class Plain(BaseModel):
        number: int | None = None

    assert list(whole_fields(Plain)) == [("number", False)]


SPELLINGS = ("3000", "3e3", "3.0e+3", "3000.0", "30e2", "'3e3'")


@pytest.mark.parametrize("text", SPELLINGS)
def test_cards(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"schema: alphoton/process/1\nname: mine\nextends: padme\nevents: {text}\nseed: {text}\n")
    for card in (ProcessCard.load(path), ProcessCard.load("padme", [f"events={text}", f"seed={text}"])):
        assert (card.events, card.seed) == (3000, 3000)
        assert type(card.events) is int
    assert WorkflowCard.load("na64", [f"events={text}"]).events == 3000
    assert WorkflowCard.load("na64", ["events=null"]).events is None
    assert len(EnergyGrid.model_validate({"from": "1 MeV", "to": "2 MeV", "points": text.strip("'")}).values()) == 3000


@pytest.mark.parametrize("text", ["1.5", "1e-3", "true", "yes please", "[1]", "-1", "0"])
def test_bad_ones(text: str) -> None:
    with pytest.raises(CardError, match=r"events: (must be a whole number|input should be greater than 0)"):
        ProcessCard.load("padme", [f"events={text}"])
    if text != "0":
        with pytest.raises(CardError, match=r"seed: (must be a whole number|input should be greater than or equal to 0)"):
            ProcessCard.load("padme", [f"seed={text}"])
    with pytest.raises(ValidationError):
        EnergyGrid.model_validate({"from": "1 MeV", "to": "2 MeV", "points": text})


def commands(app: typer.Typer) -> Iterator[Any]:
    """The functions behind all commands."""
    yield from (command.callback for command in app.registered_commands)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance)


def readers() -> Iterator[tuple[str, Any]]:
    """Every option with a whole number, and what reads it."""
    for function in commands(app):
        for name, annotation in get_type_hints(function, include_extras=True).items():
            if int in parts(annotation):
                (option,) = getattr(annotation, "__metadata__", [None])
                yield f"{function.__name__} {name}", getattr(option, "parser", None)


def test_every_option_with_a_whole_number() -> None:
    found = dict(readers())
    assert {"generate events", "generate seed", "generate workers", "simulate seed", "limit events"} <= found.keys()
    assert {"run workers", "pyhf events"} <= found.keys()
    assert [name for name, read in found.items() if read is None] == []
    for read in found.values():
        assert (read("2e1"), read("20.0"), read(20)) == (20, 20, 20)
        for bad in ("1.5", "true", "-1", "many"):
            with pytest.raises(typer.BadParameter, match=r"must be (a whole number|at least|from)"):
                read(bad)
