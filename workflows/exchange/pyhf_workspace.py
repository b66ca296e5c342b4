"""Counting analyses as pyhf workspaces (L. Heinrich et al., J. Open Source Softw. 6 (2021) 2823): one channel, one bin.

The signal is that of one coupling alone and grows with the coupling squared: mu = (g / g_ref)^2. The reference g_ref is the
coupling's own limit, so that mu = 1 is excluded just so by alphoton, and it stands in the measurement's name. Far from 1
pyhf's minimiser goes astray: with g_ref a hundredth of the limit it gives a limit that is wrong by 19%, and says nothing.

The background's error is Gaussian: b + alpha delta (`histosys`), alpha bounded where the background reaches zero. pyhf
profiles alpha, where alphoton averages over the cut Gaussian; and its asymptotic formulas take the count for continuous. For
DELPHI, 61 events on 49 +- 4.9, the asymptotic limit at 90% is 24.8 signal events, and alphoton's 25.46. Half an event more
in the data makes that 25.28: it is the steps of the count that the formulas miss, and without any error on the background
the two differ by the same 2.6%. Toys agree with alphoton.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alphoton.analysis.analysis_card import FROM_EVENTS, AnalysisCard
from alphoton.analysis.limits import signal_events_limit
from alphoton.analysis.statistics import Counting, p_value
from alphoton.analysis.window import background_share, window
from alphoton.data.arguments import whole_argument
from alphoton.data.errors import InputError
from alphoton.data.output import check_free, write_text
from alphoton.workflows.chain import (
    Experiment,
    PointLimit,
    Sample,
    expected_background,
    joined,
    load_experiment,
    of_component,
    point_limit,
)
from alphoton.workflows.exchange.libraries import library
from alphoton.workflows.limit_scan import mass_of, precise_sample, why_empty
from alphoton.workflows.provenance import experiment_files

COMPONENTS = {"g_agamma": "photon", "g_ae": "electron"}
VERSION = "1.0.0"
"""Of pyhf's schema."""
DEVIATIONS = 5.0
"""How far pyhf may move a background from its expectation, in standard deviations: its own default."""


@dataclass(frozen=True)
class Counted:
    """The numbers of a counting experiment at one mass (GeV), for the signal of one coupling alone.

    `signal` events, with their Monte Carlo error, are expected where `coupling` is at its limit, `reference` in 1/GeV.
    Without an observation `observed` is the median of the background alone.
    """

    analysis: str
    mass: float
    coupling: str
    reference: float
    signal: float
    signal_error: float
    background: float
    background_error: float
    observed: float


@dataclass(frozen=True)
class Workspace:
    """The workspace written, and the numbers in it."""

    path: Path
    counted: Counted


def write_pyhf(
    analysis: str | Path | AnalysisCard,
    mass: float | str,
    output: str | Path,
    *,
    coupling: str = "g_agamma",
    events: int | None = None,
    overrides: str | Sequence[str] = (),
    force: bool = False,
) -> Workspace:
    """Write the counting experiment of an analysis card at a mass (GeV, or text like "10 MeV") as a pyhf workspace.

    mu = (g / g_ref)^2 of one `coupling`, g_agamma or g_ae, with g_ref its own limit. The signal has its Monte Carlo error
    (`staterror`), from `events` or as many as give 1% on the limit. With `method: shape` the workspace has the bins of the
    card, and the statistics of its backgrounds. What another shape of the background would change (the
    `systematic` of the limits) is not in the workspace.

    Raises `CardError` for a bad card, `InputError` for an analysis that is no counting experiment with a background and a
    confidence level, where it sets no limit at this mass, where `output` exists and `force` is not set, or where pyhf is
    missing.
    """
    pyhf = library("pyhf", "a workspace")
    path = Path(output)
    check_free(path, force=force)
    if coupling not in COMPONENTS:
        raise InputError(f"coupling '{coupling}': one of {', '.join(COMPONENTS)} is due")
    events = None if events is None else whole_argument("events", events)
    experiment = load_experiment(analysis, overrides)
    check_free(path, force=force, inputs=experiment_files(experiment))
    check_counting(experiment.analysis)
    sample = precise_sample([experiment], mass_of(mass), 0, events)
    if experiment.analysis.limit.method == "shape":
        from alphoton.workflows.exchange.pyhf_shapes import counted_shapes

        counted, found = counted_shapes(experiment, sample, coupling)
    else:
        counted = count(experiment, sample, coupling)
        found = workspace(counted)
    _check_schema(pyhf, found)
    write_text(path, json.dumps(found, indent=2) + "\n", force=force)
    return Workspace(path, counted)


def _check_schema(pyhf: Any, found: dict[str, Any]) -> None:
    """Let pyhf build the model: it raises where a workspace breaks its schema."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it takes a class that jsonschema will give up
        pyhf.Workspace(found).model()


def check_counting(card: AnalysisCard) -> None:
    """Raise `InputError` for an analysis that is no counting experiment whose signal grows with a coupling squared."""

    def refuse(why: str) -> InputError:
        return InputError(f"{card.origin}: {why}; a pyhf workspace needs a card with 'counting' and a method of limits")

    if card.recast is not None:
        raise refuse("the analysis recasts a published limit and counts no events of its own")
    if card.beam_dump is not None:
        raise refuse("the analysis looks for decays behind a dump, and its signal does not grow with the coupling squared")
    if card.counting is None:
        raise refuse("the card has no 'counting'")
    if card.counting.visible_branching_ratio > 0:
        raise refuse("with visible decays in the calorimeter the signal does not grow with the coupling squared")
    if card.limit.signal_events is not None:
        raise InputError(
            f"{card.origin}: the limit is a fixed number of {card.limit.signal_events:g} signal events, which no likelihood "
            "gives; for what the counting alone says, give overrides=['limit={method: cls, confidence_level: 0.90}']"
        )


def count(experiment: Experiment, sample: Sample, coupling: str) -> Counted:
    """The numbers behind the limit on a coupling: the signal there, the background in the window, the count.

    At its limit the signal is the limit on signal events, by the card's own method. Raises `InputError` where
    there is no limit on this coupling.
    """
    card, component = experiment.analysis, COMPONENTS[coupling]
    assert card.counting is not None
    row = point_limit(experiment, sample.measured, sample.reference, sample.events)
    found = row.g_agamma if coupling == "g_agamma" else row.g_ae
    if not math.isfinite(found.value):
        raise InputError(no_limit(row, coupling))
    background, error = _background(experiment, sample, component)
    signal = signal_events_limit(card, 1.0, (background, error))
    return Counted(
        analysis=card.name,
        mass=row.mass,
        coupling=coupling,
        reference=found.value,
        signal=signal,
        signal_error=2 * signal * found.error / found.value,
        background=background,
        background_error=error,
        observed=median_count(background, error) if card.counting.observed is None else card.counting.observed,
    )


def no_limit(row: PointLimit, coupling: str) -> str:
    """Why a row has no limit on a coupling."""
    reasons = [remark for remark in why_empty(row) if f"on {coupling}:" in remark]
    return "; ".join(reasons) or f"{row.analysis}, {row.mass * 1e3:g} MeV: no limit on {coupling}"


def _background(experiment: Experiment, sample: Sample, component: str) -> tuple[float, float]:
    """The background, with its error, in the window about the signal's peak, if there is one: as for the limit."""
    card, measured = experiment.analysis, joined(of_component(experiment, sample.measured, component), component)
    assert card.counting is not None
    block, background = card.counting.window, card.counting.background
    if block is None or background is None or background.shape is None or measured.peak is None:
        return expected_background(experiment, measured.mass)
    (low, high), _ = window(*measured.peak.of(component), measured.mass, block.half_width)
    if background.shape in FROM_EVENTS:
        assert experiment.backgrounds is not None
        return experiment.backgrounds.templates.within(low, high)
    beam: Any = experiment.beam.as_dict() if background.shape == "bremsstrahlung" else {}
    share = background_share(card, background, beam, low, high, background.shape)
    events, error = expected_background(experiment, measured.mass)
    return share * events, share * error


def median_count(background: float, background_error: float = 0.0) -> int:
    """The median count of the background alone: the smallest n with P(N <= n | b) of at least one half."""
    n = math.floor(background)  # no median is below, with or without an error
    while p_value(Counting(n, background, background_error), 0.0, "poisson") < 0.5:
        n += 1
    return n


def workspace(counted: Counted) -> dict[str, Any]:
    """The workspace as plain data, in pyhf's schema.

    Raises `InputError` where events are observed that neither signal nor background explains.
    """
    if counted.background == 0 and counted.observed > 0:
        raise InputError(
            f"{counted.analysis}: {counted.observed:g} events observed on no background: without signal these have no "
            "likelihood; give the card the background that they come from"
        )
    parameters: list[dict[str, Any]] = []
    samples = [_signal(counted)]
    if counted.background > 0:
        samples.append(_background_sample(counted))
    if counted.background_error > 0 < counted.background:
        lowest = -min(DEVIATIONS, counted.background / counted.background_error)
        parameters.append({"name": "background_error", "bounds": [[lowest, DEVIATIONS]]})
    return {
        "channels": [{"name": counted.analysis, "samples": samples}],
        "observations": [{"name": counted.analysis, "data": [counted.observed]}],
        "measurements": [{"name": named(counted), "config": {"poi": "mu", "parameters": parameters}}],
        "version": VERSION,
    }


def named(counted: Counted) -> str:
    """The measurement's name: what mu is."""
    return f"{counted.coupling} = sqrt(mu) x {counted.reference:.6g} GeV^-1 at m_a = {counted.mass:g} GeV"


def _signal(counted: Counted) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = [{"name": "mu", "type": "normfactor", "data": None}]
    if counted.signal_error > 0:
        modifiers.append({"name": f"staterror_{counted.analysis}", "type": "staterror", "data": [counted.signal_error]})
    return {"name": "signal", "data": [counted.signal], "modifiers": modifiers}


def _background_sample(counted: Counted) -> dict[str, Any]:
    events, error = counted.background, counted.background_error
    modifiers: list[dict[str, Any]] = []
    if error > 0:
        ends = {"lo_data": [events - error], "hi_data": [events + error]}
        modifiers.append({"name": "background_error", "type": "histosys", "data": ends})
    return {"name": "background", "data": [events], "modifiers": modifiers}
