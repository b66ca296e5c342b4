"""Limits from shapes as pyhf workspaces: one channel with the bins of the analysis card.

The likelihood is that of `alphoton.analysis.shape`: normalisations as `normsys` with the factors 1 + e and 1/(1 + e), the
Monte Carlo statistics of the backgrounds as one `staterror` for each bin. pyhf's minimisers, with a parameter for each bin,
take a thousand times longer.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from alphoton.analysis.shape import Array, ShapeModel
from alphoton.data.errors import InputError
from alphoton.workflows.chain import Experiment, Sample, joined, of_component, point_limit
from alphoton.workflows.exchange.pyhf_workspace import COMPONENTS, Counted, named, no_limit

STATISTICS = "statistics_of_templates"


def counted_shapes(experiment: Experiment, sample: Sample, coupling: str) -> tuple[Counted, dict[str, Any]]:
    """The numbers behind a limit from shapes, summed over the bins, and the workspace; mu = 1 is the coupling's limit.

    That is the limit which `alphoton limit` gives: where few events count it comes from pseudo-experiments, or is exact, and
    pyhf finds CLs = 1 - CL at mu = 1 with its calculator of toys, not with the asymptotic one.

    Without observed counts those expected of the background stand for them. Raises `InputError` where there is no limit.
    """
    card, component = experiment.analysis, COMPONENTS[coupling]
    row = point_limit(experiment, sample.measured, sample.reference, sample.events)
    limit = getattr(row, coupling)
    if not math.isfinite(limit.value):
        raise InputError(no_limit(row, coupling))
    measured = joined(of_component(experiment, sample.measured, component), component)
    backgrounds = experiment.backgrounds
    assert backgrounds is not None
    model = backgrounds.model(measured, component)
    allowed = row.allowed[component].value * experiment.exposure
    seen = backgrounds.bins.observed
    counts = model.total if seen is None else np.array(seen)
    names = [item.name for item in backgrounds.templates.items]
    totals = model.backgrounds.sum(axis=1)
    counted = Counted(
        analysis=card.name,
        mass=row.mass,
        coupling=coupling,
        reference=limit.value,
        signal=allowed * float(model.signal.sum()),
        signal_error=2 * allowed * float(model.signal.sum()) * limit.error / limit.value,
        background=float(totals.sum()),
        background_error=float(np.sqrt(np.sum((model.errors * totals) ** 2) + model.variances.sum())),
        observed=float(counts.sum()),
    )
    return counted, workspace(card.name, named(counted), model, allowed, names, counts)


def workspace(
    channel: str, measurement: str, model: ShapeModel, signal: float, names: list[str], counts: Array
) -> dict[str, Any]:
    """The workspace as plain data, in pyhf's schema, with so many signal events at mu = 1."""
    normalised = {"name": "mu", "type": "normfactor", "data": None}
    samples = [{"name": "signal", "data": (signal * model.signal).tolist(), "modifiers": [normalised]}]
    for index, (name, content, error) in enumerate(zip(names, model.backgrounds, model.errors, strict=True)):
        modifiers: list[dict[str, Any]] = []
        if error > 0:
            factors = {"hi": 1 + float(error), "lo": 1 / (1 + float(error))}
            modifiers.append({"name": f"normalisation_{index}_{name}", "type": "normsys", "data": factors})
        if np.any(model.variances > 0):  # pyhf adds the squares of what the samples have
            part = np.sqrt(model.variances * content / model.total)
            modifiers.append({"name": STATISTICS, "type": "staterror", "data": part.tolist()})
        samples.append({"name": f"{index}_{name}", "data": content.tolist(), "modifiers": modifiers})
    return {
        "channels": [{"name": channel, "samples": samples}],
        "observations": [{"name": channel, "data": counts.tolist()}],
        "measurements": [{"name": measurement, "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
