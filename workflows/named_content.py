"""What the names of packaged cards and curves mean now: of figures and of results in memory, whose code uses such names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from alphoton.data.card_file import candidates, package_folder, packaged, read
from alphoton.data.card_paths import KINDS, beside, named, package_data
from alphoton.data.errors import CardError
from alphoton.data.provenance import ContentCache, digest_of, file_digest, files_digest
from alphoton.data.published_file import find
from alphoton.data.published_file import packaged as packaged_curves
from alphoton.workflows.card_tools import model
from alphoton.workflows.provenance import OF_CARDS, located

P = ParamSpec("P")
Result = TypeVar("Result")


def named_content() -> str:
    """A digest of all that the name of a packaged card or curve can mean: the packaged files, and own ones found first."""
    folder = package_data()
    files = [(str(path.relative_to(folder)), path) for path in folder.rglob("*") if path.suffix in (".yaml", ".csv")]
    curves = [(f"curve {name}", find(name)) for name in packaged_curves()]
    return digest_of([files_digest([*files, *curves]), dict(_own_cards())])


def _own_cards() -> Iterator[tuple[str, Any]]:
    """The user's cards that have the name of a packaged one, with all that they lead to."""
    for kind in KINDS:
        for name in packaged(kind):
            if candidates(kind, name)[0].parent != package_folder() / kind:
                yield f"{kind} {name}", _contents(kind, name, set())


def _contents(kind: str, reference: str | Path, seen: set[tuple[str, str]]) -> Any:
    """What a card resolves to, with the cards and files that it names."""
    if (kind, str(reference)) in seen:
        return None
    seen.add((kind, str(reference)))
    try:
        raw = read(kind, reference)
    except CardError as error:
        return str(error)
    inner: list[Any] = []
    for pattern in model(kind).FILES:
        for _, name in named(raw.data, pattern):
            key = str(pattern[-1])
            if key in OF_CARDS:
                inner.append(_contents(key, beside(Path(raw.origin), name), seen))
            else:
                inner.append(file_digest(located(raw.origin, key, name)))
    return [raw.data, inner]


def by_content(size: int) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Keep `size` results of a function whose arguments are numbers and names of packaged cards: as `functools.lru_cache`,
    but after a change of a card or a curve the function is called again."""

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        results: ContentCache[Result] = ContentCache(size)

        @wraps(function)
        def cached(*args: P.args, **options: P.kwargs) -> Result:
            digest = digest_of([named_content(), args, options])
            return results.get(digest, lambda: function(*args, **options))

        return cached

    return decorate
