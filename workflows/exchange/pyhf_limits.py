"""A limit from shapes by pyhf itself (L. Heinrich et al., J. Open Source Softw. 6 (2021) 2823), with iminuit's minimiser.

The likelihood is that of `analysis.shape`, which has the parameters of the bins in closed form and takes milliseconds where
pyhf takes seconds for a few bins and minutes for a hundred. Its default minimiser is not used: it misses minima of large
counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from alphoton.analysis.shape import DEVIATIONS, ShapeLimit, ShapeModel, shape_limit
from alphoton.data.errors import InputError, first_line
from alphoton.workflows.exchange.libraries import library
from alphoton.workflows.exchange.pyhf_shapes import workspace

PRECISION = 1e-4
"""Of a limit, in units of ours."""
HIGHEST = 10.0
"""pyhf's bound on a strength; our largest limit is a fifth of it."""


def pyhf_limit(model: ShapeModel, counts: ArrayLike | None = None, confidence_level: float = 0.90) -> ShapeLimit:
    """Limits on mu by CLs with the asymptotic distributions, as `shape_limit` gives them; our own set the scale of mu.

    Raises `InputError` if pyhf or iminuit is missing, or if pyhf's fit does not converge.
    """
    pyhf = library("pyhf", "'engine: pyhf'")
    library("iminuit", "'engine: pyhf'")
    ours = shape_limit(model, counts, confidence_level)
    unit = max(ours.value, *ours.band) / (HIGHEST / 5)
    seen = model.total if counts is None else np.asarray(counts, dtype=np.float64)
    names = [f"background_{index}" for index in range(len(model.errors))]
    with _iminuit(pyhf):
        found = pyhf.Workspace(workspace("shapes", "limit", model, unit, names, seen))
        theirs = found.model(modifier_settings={"normsys": {"interpcode": "code1"}})
        data = found.data(theirs)
        limits = pyhf.infer.intervals.upper_limits.toms748_scan
        try:
            observed, band = limits(
                data, theirs, 0.0, HIGHEST, level=1 - confidence_level, atol=PRECISION, rtol=PRECISION, test_stat="qtilde"
            )
        except pyhf.exceptions.FailedMinimization as error:
            raise InputError(
                f"limit.engine: pyhf's fit of {len(model.signal)} bins does not converge ({first_line(error)}); leave "
                "'engine' out, and our own likelihood gives the limit"
            ) from None
        p_value = None if counts is None else float(pyhf.infer.hypotest(0.0, data, theirs, test_stat="q0"))
    expected = tuple(unit * float(value) for value in band)
    value = expected[DEVIATIONS.index(0.0)] if counts is None else unit * float(observed)
    return ShapeLimit(value, expected, p_value)


@contextmanager
def _iminuit(pyhf: Any) -> Iterator[None]:
    """pyhf with numpy and iminuit, and what was set before in the end."""
    before = pyhf.get_backend()
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-3))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that its search passes through
            yield
    finally:
        pyhf.set_backend(*before)
