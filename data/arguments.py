"""What functions take from notebooks and scripts: one value in place of a sequence, whole numbers in any spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from os import PathLike
from typing import Any, TypeVar, overload

from alphoton.data.errors import InputError
from alphoton.data.quantities import whole

Item = TypeVar("Item")


@overload
def several(value: str | Sequence[str]) -> tuple[str, ...]: ...
@overload
def several(value: float | str | Sequence[float | str]) -> tuple[float | str, ...]: ...
@overload
def several(value: Item | Iterable[Item]) -> tuple[Item, ...]: ...
def several(value: Any) -> tuple[Any, ...]:
    """The items of a sequence; a single text, number, path or mapping is one item, not a sequence of characters or keys."""
    if isinstance(value, str | Real | PathLike | Mapping):
        return (value,)
    return tuple(value)


def whole_argument(name: str, value: Any, least: int = 1) -> int:
    """The whole number that an argument gives, as in events=1e6. Raises `InputError` for any other value."""
    try:
        number = whole(value)
    except ValueError as error:
        raise InputError(f"{name}={value}: {error}") from None
    if number < least:
        raise InputError(f"{name}={value}: must be at least {least}")
    return number
