"""Compiling kernels with numba, so that the next run finds them compiled."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numba import float64, types
from numpy.typing import NDArray

from alphoton.data.kept_files import read_kept, usable, write_kept
from alphoton.data.provenance import MISSING, digest_of, file_digest, files_digest

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
    there is no place to write, or others can write to it: what is kept there is run.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    return _cache_folder(os.environ.get("NUMBA_CACHE_DIR"), home)


@cache
def _cache_folder(wanted: str | None, user: str) -> str:
    """The same for these places, of numba's and of the user's caches."""
    package, home = Path(__file__).parent, Path(user)
    own = [home / "alphoton"] if home.is_absolute() else []  # else it would lie in the working folder
    bases = [Path(wanted)] if wanted else [package / "__pycache__", *own]
    for base in bases:
        folder = base / f"numba-{fingerprint()}"
        if usable(folder, warn=base == bases[-1]) and os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            return str(folder.absolute())
    return ""


_COMPILING = threading.RLock()
"""What is set for a compilation is set for the whole process: another thread that compiles meanwhile would undo it."""


class _Private(NamedTuple):
    """What we use of numba that it does not promise to keep."""

    extensions: Any
    """The module that says whether extensions of numba were imported."""
    make_ready: Callable[[Any], None]
    """What compiled code needs before it runs: numba's allocator."""
    rebuild: Callable[..., Any]
    """Compiled code from what was kept of it."""
    dumps: Callable[[Any], bytes]
    """pickle, for all that numba keeps."""


@cache  # what is imported stays what it is
def private() -> _Private | None:
    """These names of numba; None if any of what they and `_Kept` build on is not there."""
    try:
        from numba.core import entrypoints
        from numba.core.codegen import CodeLibrary, CPUCodegen
        from numba.core.compiler import CompileResult
        from numba.core.runtime.nrt import rtsys
        from numba.core.serialize import dumps

        made = numba.njit(**OPTIONS, **_c_function(False))(_nothing)
        result: Any = CompileResult
        # of these only the names are looked at
        _ = made._cache, made.compile, made.disable_compile, entrypoints._already_initialized, CPUCodegen.magic_tuple
        _ = result._reduce, result.library, result.lifted, CodeLibrary.has_dynamic_globals
        return _Private(entrypoints, rtsys.initialize, result._rebuild, dumps)
    except Exception:  # whatever another version of numba makes of it
        return None


def _nothing() -> None:
    """A function to ask numba by, what it makes of one; it is never compiled."""


@contextmanager
def _without_extensions(entrypoints: Any) -> Iterator[None]:
    """numba begins by importing whatever is installed that extends it: a second and more for types unknown to our kernels.

    It still does so at the first compilation that is not ours.
    """
    before = entrypoints._already_initialized
    entrypoints._already_initialized = True
    try:
        yield
    finally:
        entrypoints._already_initialized = before


class _Kept:
    """Machine code of a function on disk, in the place of numba's own cache, which runs whatever it finds there.

    A file for each signature and processor, read only if it is exactly what was written. It leaves out numba's first step,
    to import and register all it could compile, 0.3 s: what is found here needs no more than numba's allocator, and the
    compiler makes ready the rest by itself.
    """

    def __init__(self, function: Callable[..., Any], numba_: _Private, folder: str) -> None:
        self._function, self._numba, self.cache_path = function, numba_, folder
        path = Path(function.__code__.co_filename)
        # our own sources are part of the folder's name
        self._source = "" if path.is_relative_to(Path(__file__).parent) else file_digest(path)
        self.asked = False

    def load_overload(self, signature: Any, target: Any) -> Any:
        """What numba asks for first; None if it is to compile."""
        self.asked = True
        self._numba.make_ready(target)
        path = self._path(signature, target.codegen())
        content = None if path is None else read_kept(path)
        if content is None:
            return None
        try:
            return self._numba.rebuild(target, *pickle.loads(content))
        except Exception:  # what is around it has changed
            return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """What numba hands over when it has compiled."""
        path = self._path(signature, compiled.library.codegen)
        if path is not None and not compiled.lifted and not compiled.library.has_dynamic_globals:
            write_kept(path, self._numba.dumps(compiled._reduce()))

    def _path(self, signature: Any, codegen: Any) -> Path | None:
        """Named by what the code follows from; None if it is kept nowhere."""
        code, cells = self._function.__code__, self._function.__closure__ or ()
        if not self.cache_path or self._source == MISSING:
            return None
        follows = [
            *(self._function.__module__, self._function.__qualname__, code.co_firstlineno, code.co_code.hex(), self._source),
            self._numba.dumps(tuple(cell.cell_contents for cell in cells)).hex() if cells else "",
            *(str(signature), repr(codegen.magic_tuple()), sys.implementation.cache_tag, sys.abiflags),
        ]
        return Path(self.cache_path) / f"{self._function.__name__.strip('<>')}-{digest_of(follows)}.nbc"


OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def _c_function(wanted: bool) -> dict[str, Any]:
    """Only densities are handed to other kernels, as C functions; such an entry for every kernel takes 0.2 s to compile."""
    return {"no_cfunc_wrapper": not wanted}


def kernel(signature: Any) -> Callable[[F], F]:
    """Compile a function to machine code that holds no lock, kept on disk where there is a place to write."""

    def compile_(function: F) -> F:
        if getattr(numba.config, "DISABLE_JIT", False):
            return function
        with _COMPILING:
            return _compiled(function, signature) or _plainly_compiled(function, signature)

    return compile_


def _compiled(function: F, signature: Any) -> F | None:
    """With the names that are numba's own; None if that does not go, for another numba or for a mistake in the function."""
    names = private()
    if names is None:
        return None
    try:
        compiled: Any = numba.njit(**OPTIONS, **_c_function(signature == DENSITY))(function)
        kept = compiled._cache = _Kept(function, names, cache_folder())
        with _without_extensions(names.extensions):
            compiled.compile(signature)
        compiled.disable_compile()
    except Exception:
        return None
    return compiled if kept.asked else None


def _plainly_compiled(function: F, signature: Any) -> F:
    """With what numba promises only: its own cache is in our folder, or nowhere if it cannot be told to."""
    config: Any = numba.config
    before, folder = getattr(config, "CACHE_DIR", None), cache_folder()
    if before is not None and folder:
        config.CACHE_DIR = folder
        try:
            return numba.njit(signature, cache=True, **OPTIONS)(function)
        except Exception:  # a damaged file, or a mistake in the function: that comes again
            pass
        finally:
            config.CACHE_DIR = before
    return numba.njit(signature, **OPTIONS)(function)
