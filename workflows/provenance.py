"""What a result was made from, as a short digest: it changes when a source, a packaged card or a version does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from alphoton.data.card_file import candidates, package_folder, packaged, read
from alphoton.data.card_paths import KINDS
from alphoton.data.errors import CardError

FOLDERS = ("data", "generators", "detectors", "analysis", "workflows")
LIBRARIES = ("alphoton", "numpy", "scipy", "numba", "vegas", "matplotlib", "mplhep")
WITH_NUMBERS = ("data", "generators", "detectors", "analysis")
"""The folders that a limit is computed in; how it is drawn or told changes no number."""
CHAIN = ("chain.py", "dump_chain.py", "limit_scan.py", "survey.py")
"""The same of the workflows."""


def digest_of(value: Any) -> str:
    """A digest of plain data."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=16).hexdigest()


def library_versions() -> dict[str, str]:
    """The versions of what makes numbers and pictures; a library that is not there has none."""

    def found(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "none"

    return {name: found(name) for name in LIBRARIES}


def package(folder: str) -> Path:
    """Where a folder of alphoton is installed."""
    return Path(str(files(f"alphoton.{folder}")))


@cache
def numbers_digest() -> str:
    """Of everything but cards that a limit depends on: the sources and the versions."""
    sources = [path for folder in WITH_NUMBERS for path in sorted(package(folder).rglob("*.py"))]
    sources += [package("workflows") / name for name in CHAIN]
    return _digest([*sources, *sorted((package("data") / "published").glob("*.csv"))])


def figures_digest() -> str:
    """Of everything that a figure depends on: sources, packaged data, versions, and own cards that stand before packaged."""
    patterns = ("*.py", "*.csv", "*.yaml", "*.html", "*.js", "*.css")
    sources = [path for folder in FOLDERS for pattern in patterns for path in sorted(package(folder).rglob(pattern))]
    return digest_of([_digest(sources), dict(_own_cards())])


def _digest(sources: Iterable[Path]) -> str:
    digest = hashlib.blake2b(json.dumps(library_versions()).encode(), digest_size=16)
    for source in sources:
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()


def _own_cards() -> Iterable[tuple[str, Any]]:
    """The user's cards that carry the name of a packaged one, with what they resolve to."""
    for kind in KINDS:
        for name in packaged(kind):
            if candidates(kind, name)[0].parent != package_folder() / kind:
                try:
                    yield f"{kind} {name}", read(kind, name).data
                except CardError as error:
                    yield f"{kind} {name}", str(error)
