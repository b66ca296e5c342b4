"""Compiling kernels with numba, so that the next run finds them compiled."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from numba import float64, types
from numba.core import entrypoints
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys
from numpy.typing import NDArray

from alphoton.data.provenance import digest_of, files_digest
from alphoton.data.signals import unbroken

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

#: f(x, parameters): a differential cross-section over the unit cube. An explicit signature lets one compiled sampler
#: take any process's function as an argument; a closure over it would be compiled again in every run.
DENSITY = float64(float64[::1], float64[::1])
DENSITY_TYPE = types.FunctionType(DENSITY)
Density = Callable[[Array, Array], float]


@cache  # sources that are imported stay what they are
def fingerprint() -> str:
    """Of the sources of the generators, and of what they are compiled with."""
    package = Path(__file__).parent
    sources = files_digest((str(path.relative_to(package)), path) for path in package.rglob("*.py"))
    return digest_of([sources, numba.__version__, version("llvmlite")])[:16]


def cache_folder() -> str:
    """Where compiled kernels are kept: a folder of its own for each state of the sources and of what they are compiled with.

    numba looks only at the file of a kernel, but code and constants of other files are compiled into it. Empty where
    there is no place to write.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return _cache_folder(os.environ.get("NUMBA_CACHE_DIR"), home)


@cache
def _cache_folder(wanted: str | None, user: str) -> str:
    """The same for these places, of numba's and of the user's caches."""
    package, home = Path(__file__).parent, Path(user)
    own = [home / "alphoton"] if home.is_absolute() else []  # else it would lie in the working folder
    for base in [Path(wanted)] if wanted else [package / "__pycache__", *own]:
        folder = base / f"numba-{fingerprint()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


_COMPILING = threading.RLock()
"""numba's cache folder is one for the whole process: another thread that compiles meanwhile would lose its own."""


@contextmanager
def _without_extensions() -> Iterator[None]:
    """numba begins by importing whatever is installed that extends it: a second and more for types unknown to our kernels.

    It still does so at the first compilation that is not ours.
    """
    before = getattr(entrypoints, "_already_initialized", False)
    entrypoints._already_initialized = True
    try:
        yield
    finally:
        entrypoints._already_initialized = before


class _Cache(FunctionCache):
    """numba's cache on disk, without its first step: to import and register all it could compile, 0.3 s.

    A kernel that is found there needs no more than numba's allocator; the compiler makes ready the rest by itself.
    """

    def load_overload(self, signature: Any, target: Any) -> Any:
        rtsys.initialize(target)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(signature, target)

    def save_overload(self, signature: Any, data: Any) -> None:
        with suppress(OSError), unbroken():  # a full disk: the next run compiles again
            super().save_overload(signature, data)


def kernel(signature: Any) -> Callable[[F], F]:
    """Compile a function to machine code that holds no lock, kept on disk where there is a place to write."""
    # only densities are handed to other kernels, as C functions; such an entry for every kernel takes 0.2 s to compile
    options = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": signature != DENSITY}

    def compile_(function: F) -> F:
        config: Any = numba.config
        if config.DISABLE_JIT:
            return function
        compiled = numba.njit(**options)(function)
        with _COMPILING, _without_extensions():
            before, folder = config.CACHE_DIR, cache_folder()
            config.CACHE_DIR = folder
            try:
                if folder:
                    compiled._cache = _Cache(function)
                compiled.compile(signature)
            finally:
                config.CACHE_DIR = before
        compiled.disable_compile()
        return compiled

    return compile_
