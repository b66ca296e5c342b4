"""The optional key `experiment:` of cards: a file made for one experiment is not taken for another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alphoton.data.card import Card


def experiment_problems(path: str | Path, cards: Mapping[str, Mapping[str, Any]], card: Card) -> Iterator[str]:
    """Which cards of an event file (kind to resolved card, as in its meta) are of another experiment than `card`."""
    for kind, made_from in cards.items():
        theirs = made_from.get("experiment")
        if theirs is not None and card.experiment is not None and theirs != card.experiment:
            yield (
                f"{path}: its {kind} card '{made_from['name']}' is of the experiment '{theirs}', but "
                + card.problem(("experiment",), f"'{card.experiment}'")
            )
