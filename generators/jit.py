"""Compiling kernels with numba, so that the next run finds them compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numba import float64, types
from numpy.typing import NDArray

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

#: f(x, parameters): a differential cross-section over the unit cube. An explicit signature lets one compiled sampler
#: take any process's function as an argument; a closure over it would be compiled again in every run.
DENSITY = float64(float64[::1], float64[::1])
DENSITY_TYPE = types.FunctionType(DENSITY)
Density = Callable[[Array, Array], float]


def kernel(signature: Any) -> Callable[[F], F]:
    """Compile a function to machine code that holds no lock, kept on disk where there is a place to write."""

    def compile_(function: F) -> F:
        try:
            compiled: F = numba.njit(signature, cache=True, nogil=True, error_model="numpy")(function)
        except RuntimeError:  # numba found no writable folder for its cache
            compiled = numba.njit(signature, nogil=True, error_model="numpy")(function)
        return compiled

    return compile_
