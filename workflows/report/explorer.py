"""The numbers behind the limit explorer, as data that JSON knows.

Without decays an experiment is its quadratic form in the couplings at each mass. A beam dump is the outline of what it
excludes: on it the visible width alone says how many decays are seen, so that one sweep over the width gives both ends of
the band on every ray.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.beam_dump import Dump, mean_boost, paper_probability, visible_probability
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import PHOTON_ONLY, Exclusion, direction
from alphoton.data.errors import InputError
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.model import fermion_width, photon_width
from alphoton.workflows.chain import Experiment, PointLimit
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.figures.slices import VISIBLE_RATIOS, missing_energy, with_visible_ratio
from alphoton.workflows.report.experiments import shown
from alphoton.workflows.survey import Survey

Array = NDArray[np.float64]
FINE, NODES, BEND = 2000, 100, 0.02
"""Widths at which an outline is computed, points of it that are kept, and how near the tip they are evenly spaced in x."""
SHARES = {None: "only visible", 1e-2: "Γvis/Γinv = 10⁻²", 1e-4: "Γvis/Γinv = 10⁻⁴"}


def explorer_data(survey: Survey) -> dict[str, Any]:
    """All that the explorer needs: experiments with forms or outlines, and the names of those it cannot show."""
    experiments, left_out = [], []
    for number, name in enumerate(survey.studies):
        experiment = survey.experiment(name)
        entry: dict[str, Any] = asdict(shown(name, experiment, number))
        block = experiment.analysis.beam_dump
        if block is not None and block.edges == "published":
            entry["shares"] = [outlines(experiment, ratio, survey.studies[name].masses) for ratio in VISIBLE_RATIOS.values()]
        elif block is None and not _decays(survey, name):
            entry["segments"] = segments(survey.curve(name), survey.studies[name].masses)
        else:
            left_out.append(entry["label"])
            continue
        if entry.get("segments") or any(curve["x"] for share in entry.get("shares", ()) for curve in share["curves"]):
            experiments.append(entry)
    return {"experiments": experiments, "left_out": left_out}


def _decays(survey: Survey, name: str) -> bool:
    """Whether the limit depends on decays, so that its ends say nothing of other rays."""
    try:
        missing_energy(survey, name)
    except InputError:
        return True
    return False


# --- quadratic forms -----------------------------------------------------------------------------------------------------


def segments(rows: Sequence[PointLimit], masses: Sequence[float]) -> list[list[dict[str, Any]]]:
    """The forms along the mass, broken where a mass of the curve has no limit: nothing is interpolated across."""
    at = {row.mass: row for row in rows}
    found: list[list[dict[str, Any]]] = [[]]
    for mass in sorted(set(masses)):
        point = form_point(mass, at[mass].exclusion()) if mass in at else None
        if point is not None:
            found[-1].append(point)
        elif found[-1]:
            found.append([])
    return [segment for segment in found if segment]


def form_point(mass: float, form: Exclusion) -> dict[str, Any] | None:
    """A form at a mass (GeV): its terms p, e, i in GeV^2, and the relative Monte Carlo and systematic errors of each."""
    terms = (form.photon, form.electron, form.interference)
    if not any(term.value > 0 for term in terms[:2]):
        return None
    values = dict(zip("pei", (_short(term.value) for term in terms), strict=True))
    return {
        "m": float(f"{mass:.12g}"),
        **values,
        "errors": [_short(term.error) for term in terms],
        "systematics": [_short(term.systematic) for term in terms],
    }


def _short(value: float) -> float:
    return float(f"{value:.8g}")


# --- beam dumps ----------------------------------------------------------------------------------------------------------


def outlines(experiment: Experiment, ratio: float | None, masses: Sequence[float]) -> dict[str, Any]:
    """The outlines of a beam dump at one share of visible decays, at the masses where it excludes anything."""
    changed = with_visible_ratio(experiment, ratio)
    curves = [outline(changed, mass) for mass in sorted(set(masses))]
    return {"value": "visible" if ratio is None else f"{ratio:g}", "label": SHARES.get(ratio, f"{ratio}"), "curves": curves}


def outline(experiment: Experiment, mass: float) -> dict[str, Any]:
    """Both ends of the band on every ray at a mass (GeV), from the photon coupling alone and back to it.

    `g` is the natural logarithm of g_agamma, `x` that of the visible over the photons' width, and `k` the electrons' over
    the photons' width at equal couplings: on a ray x = ln(1 + k (g_ae/g_agamma)^2), and there the band ends where the
    outline has this x. Both branches are almost straight in x. Without a band both are empty.
    """
    block = experiment.analysis.beam_dump
    assert block is not None
    photons, electrons = photon_width(1.0, mass), fermion_width(1.0, ELECTRON_MASS, mass)
    found: dict[str, Any] = {"m": float(f"{mass:.12g}"), "k": _short(electrons / photons), "x": [], "g": []}
    ends = dump_limit(experiment, mass, ray=direction(mass, PHOTON_ONLY))
    lower, upper = ends.g_agamma.value, ends.g_agamma_upper.value
    if not lower < upper:
        return found
    width = np.geomspace(photons * lower**2, photons * upper**2, FINE)
    seen = np.array(list(map(_probability(experiment, mass), width)))
    photon = math.log(lower) + 0.5 * np.log(seen[0] / seen)  # g^2 P(width) is the same all along
    x = np.maximum(np.log(width / photons) - 2 * photon, 0.0)
    kept = _nodes(x, photon)
    return found | {"x": [float(f"{v:.5g}") for v in x[kept]], "g": [float(f"{v:.6g}") for v in photon[kept]]}


def _probability(experiment: Experiment, mass: float) -> Callable[[float], float]:
    """The probability of a visible decay as a function of the visible width."""
    block = experiment.analysis.beam_dump
    assert block is not None
    dump, ratio = Dump(block.shielding, block.decay_region), block.visible_ratio
    boost = mean_boost(dump, mass, *published_edges(block, mass))
    form = paper_probability if block.form == "paper" and ratio is not None else visible_probability
    return lambda width: form(dump, width, width if ratio is None else width * (1 + 1 / ratio), boost)


def _nodes(x: Array, y: Array) -> NDArray[np.int_]:
    """Points along an outline, denser towards its tip, where it bends; with both ends and the tip itself."""
    step = np.hypot(np.diff(x), np.diff(y)) / np.sqrt(x.max() - x[1:] + BEND)
    along = np.concatenate([[0.0], np.cumsum(step)])
    wanted = np.searchsorted(along, np.linspace(0, along[-1], NODES - 1)).clip(0, len(x) - 1)
    return np.unique([*wanted, int(np.argmax(x))])
