"""Validated cards: what is wrong is told as `file:line: dotted.path: what is wrong, what would be right`."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_core import ErrorDetails

from alphoton.data.arguments import several
from alphoton.data.card_file import RawCard, apply_override, dotted, read
from alphoton.data.card_paths import KeyPath, is_file
from alphoton.data.errors import CardError, CardWarning
from alphoton.data.quantities import parse


class Block(BaseModel):
    """A group of keys in a card. Numbers taken from a publication carry their `source`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    source: str | None = None


class Card(Block):
    """A validated card. Subclasses add the keys of their kind and the checks that need more than one key."""

    KIND: ClassVar[str]
    FILES: ClassVar[tuple[KeyPath, ...]] = ()
    """Keys that name cards or curves; a path there must not leave the folders where cards are kept."""

    schema_line: str = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$", max_length=100)
    description: str | None = None
    experiment: str | None = Field(default=None, min_length=1, max_length=100)
    """A file of one experiment is not taken for another's."""
    _raw: RawCard = PrivateAttr()
    _edited: bool = PrivateAttr(default=False)

    @classmethod
    def load(cls, reference: str | Path | Card, overrides: str | Sequence[str] = ()) -> Self:
        """The validated card behind a path, a bare name, or a card that is already validated; overrides are `key=value`.

        Raises `CardError` with every problem found.
        """
        if isinstance(reference, Card):
            if not isinstance(reference, cls):
                raise CardError([f"{reference.origin}: {reference.name}: is a {reference.KIND} card, not a {cls.KIND} card"])
            if not overrides:
                return reference
            if reference._edited:
                remedy = "which an override would undo; give the change as an override, too"
                raise CardError([f"{reference.origin}: {reference.name}: was changed by model_copy, {remedy}"])
            raw = replace(reference._raw, data=reference.resolved, places=dict(reference._raw.places))
            for override in several(overrides):
                apply_override(raw, override, _dotted_keys(cls))
        else:
            raw = read(cls.KIND, reference, several(overrides), _dotted_keys(cls))
        return cls.validate_raw(raw)

    @classmethod
    def validate_raw(cls, raw: RawCard) -> Self:
        """The validated card of raw data; raises `CardError` with every problem found."""
        strays = [_told(raw, path, message) for path, message in raw.strays(cls.FILES)]
        try:
            card = cls.model_validate(raw.data)
        except ValidationError as error:
            found = [_explain(cls, raw, detail) for detail in error.errors()]
            raise CardError(list(dict.fromkeys(found + cls._what_else(raw, error) + strays))) from None
        object.__setattr__(card, "_raw", raw)
        if problems := [_told(raw, path, message) for path, message in card.problems()] + strays:
            raise CardError(problems)
        for path, message in card.remarks():
            warnings.warn(_told(raw, path, message), CardWarning, stacklevel=3)
        return card

    @classmethod
    def _what_else(cls, raw: RawCard, error: ValidationError) -> list[str]:
        """The problems between keys that show once the keys that are wrong alone are left out."""
        data, wrong = _copy(raw.data), [_locate(cls, raw.data, detail)[0] for detail in error.errors()]
        for path in sorted(wrong, key=lambda path: [str(step) for step in path], reverse=True):
            _remove(data, path)
        try:
            rest = cls.model_validate(data)
            problems = list(rest.problems())
        except (ValidationError, AttributeError, TypeError, AssertionError):
            return []

        def follows(path: KeyPath) -> bool:  # from a key that was left out
            return any(path[: len(w)] == w or w[: len(path)] == path for w in wrong)

        return [_told(raw, path, text) for path, text in problems if not follows(path)]

    @property
    def resolved(self) -> dict[str, Any]:
        """The card as plain data after inheritance and overrides: what is kept in event files."""
        return _copy(self._raw.data)

    @property
    def content(self) -> Any:
        """All that a result takes from the card, as plain data: what it resolves to, and what `model_copy` changed."""
        return [self.resolved, self.model_dump(mode="json")] if self._edited else self.resolved

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, which are not validated. `resolved` stays what was written; `content` tells them."""
        copied = super().model_copy(update=update, deep=deep)
        if update:
            copied._edited = True
        return copied

    @property
    def origin(self) -> str:
        """The file the card came from."""
        return self._raw.origin

    @property
    def files(self) -> list[Path]:
        """The files the card was read from: its own, and those of the cards that it extends."""
        return [path for name in (self.origin, *self._raw.bases) if is_file(path := Path(name))]

    def place(self, path: KeyPath) -> str:
        """`file:line` of a key, or of the nearest key above it that is there."""
        return self._raw.place(path)

    def problem(self, path: KeyPath, message: str) -> str:
        """A problem at a key as `CardError` takes it: `file:line: dotted.path: message`."""
        return _told(self._raw, path, message)

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong between keys that are each right alone: pairs of a key's path and a sentence."""
        return iter(())

    def remarks(self) -> Iterator[tuple[KeyPath, str]]:
        """What can be used and is hardly meant, in the same form; it becomes a `CardWarning`."""
        return iter(())

    def hardly_relative(self, path: KeyPath, of_what: str) -> Iterator[tuple[KeyPath, str]]:
        """A remark on a relative number of more than 100 %, where one stands at this path: often the `%` is missing."""
        written: Any = self._raw.data
        try:
            for step in path:
                written = written[step]
            value = parse(written, "fraction")
        except (LookupError, TypeError, ValueError):
            return  # not given, or no fraction but a quantity with its unit
        if value > 1:
            meant = "" if "%" in str(written) else f"; if '{written} %' is meant, write that"
            yield path, f"{written} is {100 * value:g} % {of_what}{meant}"


def _told(raw: RawCard, path: KeyPath, message: str) -> str:
    return f"{raw.place(path)}: {dotted(path)}: {message}"


def _remove(data: Any, path: KeyPath) -> None:
    """Take one key out of nested data, where it is there."""
    for step in path[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(data, dict):
        data.pop(path[-1], None)


def _copy(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(value) for value in node] if isinstance(node, list) else node


def _explain(model: type[BaseModel], raw: RawCard, detail: ErrorDetails) -> str:
    """One line for one of pydantic's errors, at the place where the key stands."""
    path, known = _locate(model, raw.data, detail)
    if detail["type"] == "extra_forbidden":
        message = f"unknown key{_suggest(str(path[-1]), known)}"
    elif detail["type"] == "missing":
        message = "is missing, and must be given"
    elif detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        message = _explain_tag(detail)
    else:
        message = detail["msg"][:1].lower() + detail["msg"][1:]
        shown = repr(detail["input"])
        if detail["type"] not in ("quantity", "card") and len(shown) < 60:
            message += f", got {shown}"
    return _told(raw, path, message)


def _explain_tag(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    expected = str(context.get("expected_tags", "")).replace("'", "")
    if detail["type"] == "union_tag_not_found":
        return "the key 'type' is missing"
    tag = str(context.get("tag"))
    return f"type '{tag}' is unknown{_suggest(tag, expected.split(', '))}"


def _suggest(word: str, known: Sequence[str]) -> str:
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1)
    hint = f"; did you mean '{lower[close[0]]}'?" if close else ""
    return hint + (f" (known: {', '.join(known)})" if known else "")


def _locate(model: type[BaseModel], data: Any, detail: ErrorDetails) -> tuple[KeyPath, list[str]]:
    """The card's own path of an error, without the tags pydantic adds for unions, and the keys known there."""
    loc, missing = detail["loc"], detail["type"] == "missing"
    path: KeyPath = ()
    blocks: list[type[BaseModel]] = [model]
    known = blocks
    for position, step in enumerate(loc):
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        if not inside and (position < len(loc) - 1 or not missing):
            continue  # the tag of a union
        path = (*path, step)
        known = [block for block in blocks if _fits(block, data)]
        if inside:
            data = data[step]
            if isinstance(step, str):
                blocks = [inner for block in known for inner in _field_blocks(block, step)]
    return path, [info.alias or name for block in known[:1] for name, info in block.model_fields.items()]


def _field_blocks(block: type[BaseModel], key: str) -> list[type[BaseModel]]:
    """The blocks that the annotation of a key names."""
    annotations = [info.annotation for name, info in block.model_fields.items() if key == (info.alias or name)]
    return [inner for annotation in annotations for inner in _blocks(annotation)]


def _fits(block: type[BaseModel], data: Any) -> bool:
    """Whether data may be this block: it has no `type` key, or the right one."""
    tag = block.model_fields.get("type")
    return tag is None or (isinstance(data, dict) and data.get("type") in get_args(tag.annotation))


@cache
def _dotted_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a card that contain a dot, as `model.m_a` of a scan."""
    annotations = [info.annotation for info in model.model_fields.values()]
    found = [key for annotation in annotations for key in _keys_of_mappings(annotation) if "." in key]
    inner = [block for annotation in annotations for block in _blocks(annotation)]
    return tuple(dict.fromkeys(found + [key for block in inner for key in _dotted_keys(block)]))


def _keys_of_mappings(annotation: Any) -> Iterator[str]:
    """The keys that an annotation like dict[Literal["model.m_a"], ...] allows."""
    if get_origin(annotation) is dict:
        yield from (key for key in get_args(get_args(annotation)[0]) if isinstance(key, str))
    for argument in get_args(annotation):
        yield from _keys_of_mappings(argument)


def _blocks(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _blocks(argument)
