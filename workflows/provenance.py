"""The recipe of a limit (`data.provenance`): which cards, and which files that these name, enter it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from alphoton.data.card import Card
from alphoton.data.card_paths import beside, data_file, named
from alphoton.data.errors import InputError
from alphoton.data.provenance import Recipe
from alphoton.data.published_file import find
from alphoton.workflows.chain import Experiment

LIMITS = "alphoton.workflows.survey"
"""The module that makes limits of every kind: they come from what it can import."""
OF_CARDS = ("process", "detector", "analysis")
"""Last keys of paths in `Card.FILES` that name a card; any other one names a file of data."""
ONLY_DRAWN = ("comparison",)
"""Blocks whose files are drawn beside the limits, and enter none of them."""


def experiment_recipe(experiment: Experiment, **settings: Any) -> Recipe:
    """What the limits of an experiment are made from, as its cards and their files are now."""
    return Recipe.of(LIMITS, cards=experiment_cards(experiment), files=data_files(experiment.analysis), **settings)


def experiment_cards(experiment: Experiment) -> dict[str, Any]:
    """The contents of an experiment's cards, and the seed that stands in place of theirs."""
    backgrounds = () if experiment.backgrounds is None else experiment.backgrounds.processes
    return {
        "analysis": experiment.analysis.content,
        "processes": [process.content for process in experiment.processes],
        "detector": experiment.detector.content,
        "reference": experiment.reference and experiment.reference.content,
        "backgrounds": [process and process.content for process in backgrounds],
        "seed": experiment.seed,
    }


def experiment_files(experiment: Experiment) -> list[Path]:
    """The files that an experiment is read from: its cards, those that they extend, and the files of data."""
    backgrounds = () if experiment.backgrounds is None else experiment.backgrounds.processes
    others = [*experiment.processes, experiment.reference, *backgrounds]
    cards: list[Card] = [experiment.analysis, experiment.detector, *(card for card in others if card is not None)]
    return [path for card in cards for path in card.files] + data_files(experiment.analysis)


def data_files(card: Card) -> list[Path]:
    """The files of data that a card names and its limits are made from: curves, points of scans, reco files."""
    values = card.model_dump(mode="json")
    patterns = [pattern for pattern in card.FILES if pattern[-1] not in OF_CARDS and pattern[0] not in ONLY_DRAWN]
    return [located(card.origin, pattern[-1], name) for pattern in patterns for _, name in named(values, pattern)]


def located(origin: str, key: str | int, name: str) -> Path:
    """The file of data that a key of the card in the file `origin` names, found as the code that reads it finds it. One that
    is missing is reported there."""
    if key != "curve":
        return data_file(Path(origin), name)
    with suppress(InputError):
        return find(beside(Path(origin), name))
    return Path(name)
