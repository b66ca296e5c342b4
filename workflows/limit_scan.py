"""The verb `limit`: an analysis card and masses give limits on the couplings; it generates and simulates what it needs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.slices import RayLimit, direction
from alphoton.data.errors import InputError
from alphoton.data.output import check_free, write_text
from alphoton.data.quantities import parse
from alphoton.generators.model import Couplings
from alphoton.workflows.chain import (
    Experiment,
    PointLimit,
    Sample,
    invisible_limit,
    load_experiment,
    point_limit,
    ray_limit,
    sampled,
)
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.energy_scan import model_of, points_of, scan_limit

PRECISION = 0.01
"""Relative error of a limit that is aimed at where the number of events is not given."""
FIRST_EVENTS, MOST_EVENTS = 50_000, 2_000_000

COLUMNS = (
    "analysis",
    "m_a_GeV",
    "g_agamma_limit_per_GeV",
    "g_agamma_limit_error",
    "g_ae_limit_per_GeV",
    "g_ae_limit_error",
    "method",
    "confidence_level",
)


@dataclass(frozen=True)
class Limits:
    """Limits of one or more analyses, a row an analysis and mass, and the path written."""

    rows: tuple[PointLimit, ...]
    path: Path | None = None


def limit(
    analysis: str | Path | AnalysisCard,
    masses: Sequence[float | str] = (),
    *,
    events: int | None = None,
    along: Sequence[Mapping[str, float]] = (),
    radiative: bool = False,
    interference: bool = True,
    output: str | Path | None = None,
    overrides: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Limits:
    """Limits on g_agamma and g_ae, each alone, at `masses` (GeV, or text like "10 MeV"; else the card's own grid).

    With `along`, directions like {"g_agamma": 0.001, "g_ae": 1}, the couplings grow together: a row a direction holds both
    where they reach the limit. `radiative` adds the loops of Eq. (9) to the photon coupling (its own, in g_agamma, is
    told), `interference` keeps that of the two channels.

    Generates and simulates a balanced sample at each mass: `events` of them, or as many as bring the Monte Carlo error of
    the limits to 1%. An override of the form `process.key=value` or `detector.key=value` reaches those cards. Raises
    `CardError` for bad cards, `InputError` where a limit cannot be set or `output` exists.
    """
    if events is not None and events < 1:
        raise InputError(f"-n {events}: the number of events must be at least 1")
    if not along and (radiative or not interference):
        raise InputError("loops and interference matter where couplings grow together: give directions with --along")
    path = None if output is None else Path(output)
    if path is not None:
        check_free(path, force=force)
    experiment = load_experiment(analysis, overrides)
    check_loops(experiment, along, radiative=radiative)
    own = experiment.analysis.masses or (experiment.processes[0].mass,)
    chosen = tuple(dict.fromkeys(mass_of(mass) for mass in masses)) or own
    rays = {mass: [direction(mass, couplings, radiative=radiative) for couplings in along] for mass in chosen}
    for mass in chosen:
        check_mass(experiment, mass)  # a bad mass is told before any work
    rows: list[PointLimit] = []
    for point, mass in enumerate(chosen):
        if progress is not None:
            progress(point, len(chosen))
        rows += rows_at_mass(experiment, mass, point, events, rays[mass], interference=interference)
    if progress is not None:
        progress(len(chosen), len(chosen))
    if path is not None:
        write_text(path, to_csv(rows), force=force)
    return Limits(tuple(rows), path)


def check_mass(experiment: Experiment, mass: float) -> None:
    """Raise `CardError` or `InputError` where nothing is made at a mass (GeV)."""
    if experiment.analysis.scan is not None:
        model_of(experiment, mass, points_of(experiment))
    else:
        experiment.at(mass)


def check_loops(experiment: Experiment, along: Sequence[Mapping[str, float]], *, radiative: bool) -> None:
    """Raise `InputError` where loops that are in the rates would count twice, or have another ratio on a ray."""
    if experiment.loops is None:
        return
    if radiative:
        raise InputError("--radiative: the process card's momentum-dependent loops are in its rates; they would count twice")
    ratio = experiment.loops.model.muon_ratio
    for couplings in along:
        if not math.isclose(couplings.get("g_amu", 0.0), ratio * couplings.get("g_ae", 0.0)):
            raise InputError(f"--along: the muon's loop is in the rates with the process card's g_amu/g_ae = {ratio:g}")


def mass_of(mass: float | str) -> float:
    """A mass in GeV from a number or from text like "10 MeV". Raises `InputError` for anything else."""
    if not isinstance(mass, str):
        return float(mass)
    try:
        return parse(mass, "energy")
    except ValueError as error:
        raise InputError(f"mass '{mass}': {error}") from None


def parse_couplings(text: str) -> dict[str, float]:
    """Relative couplings from text like "g_agamma=0.001 g_ae=1". Raises `InputError` for anything else."""
    found: dict[str, float] = {}
    for word in text.replace(",", " ").split():
        name, _, number = word.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise InputError(f"--along '{text}': '{word}': write couplings like 'g_agamma=0.001 g_ae=1'") from None
    return found


def why_empty(row: PointLimit) -> list[str]:
    """A sentence for each coupling that a row has no limit on."""
    remarks = []
    for coupling, component in (("g_agamma", "photon"), ("g_ae", "electron")):
        if math.isfinite(getattr(row, coupling).value):
            continue
        if component not in row.rates:
            continue  # a band of the other coupling
        rate, allowed = row.rates[component], row.allowed[component]
        if rate.value <= 3 * rate.error:
            reason = "nothing, or too little to tell, passes the selection"
        elif allowed.value <= 3 * allowed.error:
            reason = "nothing of the dark photon that it is compared with passes; does the detector card see it?"
        elif math.isfinite(allowed.value):
            continue  # a ray without this coupling
        elif row.method == "recast":
            reason = "outside the published curve"
        else:
            reason = f"'{row.method}' gives none, or none of the peak is in its window"
        remarks.append(f"{row.analysis}, {row.mass * 1e3:g} MeV: no limit on {coupling}: {reason}")
    return remarks


def at_mass(experiment: Experiment, mass: float, point: int = 0, events: int | None = None) -> PointLimit:
    """The limits on each coupling alone at one mass; without `events` known to 1%, where that can be had."""
    (row,) = rows_at_mass(experiment, mass, point, events)
    return row


def rows_at_mass(
    experiment: Experiment,
    mass: float,
    point: int,
    events: int | None,
    rays: Sequence[Couplings] = (),
    *,
    interference: bool = True,
) -> list[PointLimit]:
    """The limits at one mass: on each coupling alone, or along rays."""
    if experiment.analysis.beam_dump is not None:
        if not rays:
            return [dump_limit(experiment, mass, point, events)]
        return [dump_limit(experiment, mass, point, events, ray) for ray in rays]
    if experiment.analysis.scan is not None:
        if rays:
            raise InputError(f"{experiment.analysis.name}: a scan has a limit on g_ae alone, none along a direction")
        return [scan_limit(experiment, mass)]
    sample = precise_sample([experiment], mass, point, events)
    if not rays:
        return [point_limit(experiment, sample.measured, sample.reference, sample.events)]
    alone = invisible_limit(experiment, sample.measured, sample.reference, sample.events)
    return [
        along_ray(alone, ray, ray_limit(experiment, sample.measured, alone, ray, interference=interference)) for ray in rays
    ]


def along_ray(row: PointLimit, ray: Couplings, found: RayLimit) -> PointLimit:
    """The row of both couplings where they reach the limit along a ray."""
    return replace(
        row,
        g_agamma=found.lower.times(ray.g_agamma),
        g_ae=found.lower.times(ray.g_ae),
        g_agamma_upper=found.upper.times(ray.g_agamma),
        g_ae_upper=found.upper.times(ray.g_ae),
        systematic=dict.fromkeys(row.systematic, found.systematic),
    )


def precise_sample(experiments: Sequence[Experiment], mass: float, point: int, events: int | None = None) -> Sample:
    """A sample for experiments that differ only in how they count; they see it through the selection of the first.

    Without `events` it grows until the limits of all are known to 1%, or to its largest.
    """
    count = events or FIRST_EVENTS
    sample = sampled(experiments[0], mass, point, count)
    if events is not None:
        return sample
    # more events do not lessen the error of pseudo-experiments, which take time
    quick = [replace(each, toys=False) for each in experiments]
    rows = [invisible_limit(each, sample.measured, sample.reference, count) for each in quick]
    wanted = min(MOST_EVENTS, int(1.2 * count * (max(map(worst_error, rows)) / PRECISION) ** 2))
    return sampled(experiments[0], mass, point, wanted) if wanted > count else sample


def worst_error(row: PointLimit) -> float:
    """The larger relative error of the limits of a row that exist; 0 where none does."""
    limits = [row.g_agamma, row.g_ae]
    return max((found.error / found.value for found in limits if math.isfinite(found.value)), default=0.0)


def to_csv(rows: Sequence[PointLimit]) -> str:
    """The text of `limits.csv`; an empty cell where there is no limit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        numbers = (row.g_agamma.value, row.g_agamma.error, row.g_ae.value, row.g_ae.error)
        cells = [_cell(number) for number in numbers]
        writer.writerow([row.analysis, f"{row.mass:.9g}", *cells, row.method, _cell(row.confidence_level)])
    return text.getvalue()


def _cell(number: float) -> str:
    return f"{number:.6g}" if math.isfinite(number) else ""


def as_dict(row: PointLimit) -> dict[str, object]:
    """A row for `--json`: the columns of the CSV (null where there is no limit), and what the limits came from."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    values = (
        row.analysis,
        row.mass,
        number(row.g_agamma.value),
        number(row.g_agamma.error),
        number(row.g_ae.value),
        number(row.g_ae.error),
        row.method,
        number(row.confidence_level),
    )
    details: dict[str, object] = {"events": row.events}
    details["g_agamma_upper_edge_per_GeV"] = number(row.g_agamma_upper.value)
    details["g_agamma_upper_edge_error"] = number(row.g_agamma_upper.error)
    details["g_ae_upper_edge_per_GeV"] = number(row.g_ae_upper.value)
    details["g_ae_upper_edge_error"] = number(row.g_ae_upper.error)
    for coupling, component in (("g_agamma", "photon"), ("g_ae", "electron")):
        if component in row.expected:
            details[f"{coupling}_expected_band_per_GeV"] = [number(value) for value in row.expected[component]]
        if component in row.p_values:
            details[f"{coupling}_local_p_value"] = row.p_values[component]
    for name, rate in row.rates.items():
        details[f"{name}_rate_pb"] = number(rate.value)
        details[f"{name}_rate_error_pb"] = number(rate.error)
    for name in row.allowed:
        details[f"{name}_allowed_rate_pb"] = number(row.allowed[name].value)
        details[f"{name}_effective_size"] = row.effective_sizes[name]
        details[f"{name}_systematic"] = row.systematic[name]
    return dict(zip(COLUMNS, values, strict=True)) | details
