"""Bounds on the text of a card, held while it is read piece by piece: no bomb is built before it is refused."""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
)

from alphoton.data.errors import CardError

MAX_BYTES = 200_000
MAX_EVENTS = 20_000
"""Keys, values, beginnings and ends in a text: about a second of reading."""
MAX_DEPTH = 30
MAX_DOCUMENTS = 10
MAX_CHARACTERS = 2000
"""In one key or value; a number of so many digits can still be shown."""


class Bounds:
    """Counts what was read of a text; `shown` is the name of the file in messages."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.events = self.documents = 0
        self.open: list[str | None] = []
        """The anchors of the lists and mappings that are not closed yet."""

    def add(self, event: Event) -> None:
        """Count one event. Raises `CardError` where it goes beyond what a card can be."""
        self.events += 1
        if self.events > MAX_EVENTS:
            self._refuse(event, f"more than {MAX_EVENTS} keys and values")
        if isinstance(event, DocumentStartEvent):
            self._document(event)
        elif isinstance(event, CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, NodeEvent):
            self._node(event)

    def _document(self, event: Event) -> None:
        self.documents += 1
        if self.documents > MAX_DOCUMENTS:
            self._refuse(event, f"more than {MAX_DOCUMENTS} documents")

    def _node(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent) and event.anchor in self.open:
            self._refuse(event, f"'*{event.anchor}' inside of what it names")
        if isinstance(event, ScalarEvent) and len(event.value) > MAX_CHARACTERS:
            self._refuse(event, f"a text or number of more than {MAX_CHARACTERS} characters")
        if isinstance(event, ScalarEvent) and any("\ud800" <= letter <= "\udfff" for letter in event.value):
            self._refuse(event, "half of a surrogate pair, which is no character")
        if isinstance(event, CollectionStartEvent):
            self.open.append(event.anchor)
            if len(self.open) > MAX_DEPTH:
                self._refuse(event, f"more than {MAX_DEPTH} levels")

    def _refuse(self, event: Event, what: str) -> None:
        raise CardError([f"{self.shown}:{event.start_mark.line + 1}: {what}: this is no card"])


def check_text(text: str, shown: str) -> None:
    """Raise `CardError`, with the line, where a text goes beyond what a card can be. Broken YAML raises ruamel's errors."""
    bounds = Bounds(shown)
    for event in YAML(typ="rt", pure=True).parse(text):
        bounds.add(event)
