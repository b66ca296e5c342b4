"""The verb `limit`: an analysis card and masses give limits on the couplings; it generates and simulates what it needs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.limits import CouplingLimit
from alphoton.analysis.slices import COUPLINGS as DIRECTIONS
from alphoton.analysis.slices import RayLimit, direction
from alphoton.data.arguments import several, whole_argument
from alphoton.data.errors import InputError
from alphoton.data.grid import digits_of, distinct
from alphoton.data.output import check_free, write_text
from alphoton.data.quantities import parse
from alphoton.generators.model import Couplings
from alphoton.workflows.chain import (
    CANCELLED,
    DECAYED,
    NOT_PART,
    Experiment,
    PointLimit,
    Sample,
    invisible_limit,
    load_experiment,
    point_limit,
    ray_band,
    ray_limit,
    sampled,
)
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.energy_scan import model_of, points_of, scan_limit
from alphoton.workflows.masses import texts
from alphoton.workflows.measurements import Made
from alphoton.workflows.provenance import experiment_files

PRECISION = 0.01
"""Relative error of a limit that is aimed at where the number of events is not given."""
FIRST_EVENTS, MOST_EVENTS = 50_000, 2_000_000


@dataclass(frozen=True)
class CouplingColumns:
    """The columns of one coupling: its name, the component that grows with its square, and its unit as columns have it."""

    name: str
    component: str
    unit: str

    @property
    def limit(self) -> tuple[str, str]:
        """Of the limit, for a band its lower edge, and its Monte Carlo error."""
        return f"{self.name}_limit{self.unit}", f"{self.name}_limit_error"

    @property
    def upper_edge(self) -> str:
        return f"{self.name}_upper_edge{self.unit}"

    @property
    def systematic(self) -> str:
        return f"{self.name}_systematic"

    @property
    def expected(self) -> tuple[str, ...]:
        return tuple(f"{self.name}_expected_{each}" for each in ("minus2", "minus1", "median", "plus1", "plus2"))


COUPLINGS = (CouplingColumns("g_agamma", "photon", "_per_GeV"), CouplingColumns("g_ae", "electron", "_per_GeV"))
COLUMNS = (
    "analysis",
    "m_a_GeV",
    *(column for coupling in COUPLINGS for column in coupling.limit),
    "method",
    "confidence_level",
)
"""Those that every table of limits has."""
RAY = "ray"
ALL_COLUMNS = (
    *COLUMNS,
    RAY,
    *(column for coupling in COUPLINGS for column in (coupling.upper_edge, coupling.systematic, *coupling.expected)),
)
"""Those that are written: with the direction, and for each coupling a band's upper edge, the systematic error and the limits
to be expected."""


@dataclass(frozen=True)
class Limits:
    """Limits of one or more analyses, a row an analysis and mass, and the path written."""

    rows: tuple[PointLimit, ...]
    path: Path | None = None


def limit(
    analysis: str | Path | AnalysisCard,
    masses: float | str | Sequence[float | str] = (),
    *,
    events: int | None = None,
    seed: int | None = None,
    along: Mapping[str, float] | Sequence[Mapping[str, float]] = (),
    radiative: bool = False,
    interference: bool = True,
    output: str | Path | None = None,
    overrides: str | Sequence[str] = (),
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Limits:
    """Limits on g_agamma and g_ae, each alone, at `masses` (GeV, or text like "10 MeV"; else the card's own grid).

    With `along`, directions like {"g_agamma": 0.001, "g_ae": 1}, the couplings grow together: a row a direction holds both
    where they reach the limit. `radiative` adds the loops of Eq. (9) to the photon coupling (its own, in g_agamma, is
    told), `interference` keeps that of the two channels.

    Generates and simulates a balanced sample at each mass: `events` of them, or as many as bring the Monte Carlo error of
    the limits to 1%. A `seed` takes the place of those of the process cards: for the signal, a recast's dark photon, and
    backgrounds from events. An override of the form `process.key=value` or `detector.key=value` reaches those cards.
    `progress` is called with (done, total): masses, or where there is one, events.

    Raises `CardError` for bad cards, `InputError` where a limit cannot be set or `output` exists.
    """
    events = None if events is None else whole_argument("events", events)
    seed = None if seed is None else whole_argument("seed", seed, 0)
    masses, along = several(masses), several(along)
    if not along and (radiative or not interference):
        raise InputError("loops and interference matter where couplings grow together: give directions with along=[...]")
    path = None if output is None else Path(output)
    if path is not None:
        check_free(path, force=force)
    experiment = replace(load_experiment(analysis, overrides), seed=seed)
    if path is not None:
        check_free(path, force=force, inputs=experiment_files(experiment))
    check_loops(experiment, along, radiative=radiative)
    own = experiment.analysis.masses or (experiment.processes[0].mass,)
    chosen = distinct(map(mass_of, masses)) or own
    rays = {mass: [direction(mass, couplings, radiative=radiative) for couplings in along] for mass in chosen}
    for mass in chosen:
        check_mass(experiment, mass)  # a bad mass is told before any work
    rows: list[PointLimit] = []
    made = Made(progress) if progress is not None and len(chosen) == 1 else None
    for point, mass in enumerate(chosen):
        if progress is not None and made is None:
            progress(point, len(chosen))
        rows += rows_at_mass(experiment, mass, point, events, rays[mass], interference=interference, made=made)
    if progress is not None and (made is None or not made.total):
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
        raise InputError(
            "radiative=True: the process card's momentum-dependent loops are in its rates; they would count twice"
        )
    ratio = experiment.loops.model.muon_ratio
    for couplings in along:
        if not math.isclose(couplings.get("g_amu", 0.0), ratio * couplings.get("g_ae", 0.0)):
            raise InputError(f"along=[...]: the muon's loop is in the rates with the process card's g_amu/g_ae = {ratio:g}")


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
            raise InputError(f"direction '{text}': '{word}': write couplings like 'g_agamma=0.001 g_ae=1'") from None
    return found


def why_empty(row: PointLimit) -> list[str]:
    """A sentence for each coupling that a row has no limit on."""
    return remarks([row])


def remarks(rows: Sequence[PointLimit]) -> list[str]:
    """Why there is no limit on a coupling: a sentence for all masses of an analysis that have the same reason."""
    masses: dict[tuple[str, str, str, str], list[float]] = {}
    for row in rows:
        for coupling in COUPLINGS:
            if not math.isfinite(getattr(row, coupling.name).value):
                reason = row.empty.get(coupling.component, "no reason is known")
                masses.setdefault((row.analysis, row.ray, coupling.name, reason), []).append(row.mass)
    return [
        f"{analysis}, {_span(at)}{ray and f', along {ray}'}: no limit on {coupling}: {reason}"
        for (analysis, ray, coupling, reason), at in masses.items()
    ]


def _span(masses: Sequence[float]) -> str:
    """One mass, or how many there are from the least to the largest, in MeV."""
    first, last = texts([min(masses) * 1e3, max(masses) * 1e3], 6)
    return f"{first} MeV" if len(masses) == 1 else f"{len(masses)} masses from {first} to {last} MeV"


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
    made: Made | None = None,
) -> list[PointLimit]:
    """The limits at one mass: on each coupling alone, or along rays."""
    if experiment.analysis.beam_dump is not None:
        if not rays:
            return [dump_limit(experiment, mass, point, events, made=made)]
        return [replace(dump_limit(experiment, mass, point, events, ray, made), ray=ray_text(ray)) for ray in rays]
    if experiment.analysis.scan is not None:
        if rays:
            raise InputError(f"{experiment.analysis.name}: a scan has a limit on g_ae alone, none along a direction")
        return [scan_limit(experiment, mass)]
    sample = precise_sample([experiment], mass, point, events, made)
    if not rays:
        return [point_limit(experiment, sample.measured, sample.reference, sample.events)]
    alone = invisible_limit(experiment, sample.measured, sample.reference, sample.events)
    found = []
    for ray in rays:
        options = (experiment, sample.measured, alone, ray)
        limit = ray_limit(*options, interference=interference)
        found.append(along_ray(alone, ray, limit, ray_band(*options, interference=interference)))
    return found


def ray_text(ray: Couplings) -> str:
    """A direction as `--along` takes it, like `g_agamma=0.001 g_ae=1`."""
    return " ".join(f"{name}={digits_of(getattr(ray, name))}" for name in DIRECTIONS if getattr(ray, name))


def along_ray(row: PointLimit, ray: Couplings, found: RayLimit, band: Sequence[float] = ()) -> PointLimit:
    """The row of both couplings where they reach the limit along a ray; `band` are the scales that are expected."""
    of_ray = {coupling: getattr(ray, coupling.name) for coupling in COUPLINGS}
    changes: dict[str, Any] = {}
    for coupling, size in of_ray.items():
        changes[coupling.name] = found.lower.times(size)
        changes[f"{coupling.name}_upper"] = found.upper.times(size)
    return replace(
        row,
        **changes,
        systematic=dict.fromkeys(row.systematic, found.systematic),
        expected={each.component: tuple(size * scale for scale in band) for each, size in of_ray.items() if size and band},
        p_values={},
        ray=ray_text(ray),
        empty=_why_empty_along(row, ray, found),
    )


def _why_empty_along(row: PointLimit, ray: Couplings, found: RayLimit) -> dict[str, str]:
    """Why there is no limit on couplings along a ray, from the `row` of each coupling alone."""
    part = {each.component: bool(getattr(ray, each.name)) for each in COUPLINGS}
    empty = {component: NOT_PART for component, is_part in part.items() if not is_part}
    if math.isfinite(found.lower.value):
        return empty
    alone = [row.empty[component] for component, is_part in part.items() if is_part and component in row.empty]
    if len(alone) == sum(part.values()):
        reason = "; ".join(dict.fromkeys(alone))
    else:
        reason = DECAYED if math.isfinite(row.exclusion().limit(ray).lower.value) else CANCELLED
    return empty | {component: reason for component, is_part in part.items() if is_part}


def precise_sample(
    experiments: Sequence[Experiment], mass: float, point: int, events: int | None = None, made: Made | None = None
) -> Sample:
    """A sample for experiments that differ only in how they count; they see it through the selection of the first.

    Without `events` it grows until the limits of all are known to 1%, or to its largest.
    """
    count = events or FIRST_EVENTS
    sample = sampled(experiments[0], mass, point, count, made)
    if events is not None:
        return sample
    # more events do not lessen the error of pseudo-experiments, which take time
    quick = [replace(each, toys=False) for each in experiments]
    rows = [invisible_limit(each, sample.measured, sample.reference, count) for each in quick]
    wanted = min(MOST_EVENTS, int(1.2 * count * (max(map(worst_error, rows)) / PRECISION) ** 2))
    return sampled(experiments[0], mass, point, wanted, made) if wanted > count else sample


def worst_error(row: PointLimit) -> float:
    """The larger relative error of the limits of a row that exist; 0 where none does."""
    limits = [row.g_agamma, row.g_ae]
    return max((found.error / found.value for found in limits if math.isfinite(found.value)), default=0.0)


def to_csv(rows: Sequence[PointLimit]) -> str:
    """The text of `limits.csv`; an empty cell where there is no limit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ALL_COLUMNS)
    for row in rows:
        cells = _columns(row)
        cells["m_a_GeV"] = digits_of(row.mass)
        writer.writerow([_cell(cells[column]) for column in ALL_COLUMNS])
    return text.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.6g}" if math.isfinite(value) else ""


def _columns(row: PointLimit) -> dict[str, str | float]:
    """What stands in each column; NaN for nothing."""
    found: dict[str, str | float] = {
        "analysis": row.analysis,
        "m_a_GeV": row.mass,
        "method": row.method,
        "confidence_level": row.confidence_level,
        RAY: row.ray,
    }
    for coupling in COUPLINGS:
        limit: CouplingLimit = getattr(row, coupling.name)
        upper: CouplingLimit = getattr(row, f"{coupling.name}_upper")
        found |= zip(coupling.limit, (limit.value, limit.error), strict=True)
        found[coupling.upper_edge] = upper.value
        found[coupling.systematic] = row.systematic[coupling.component] if math.isfinite(limit.value) else math.nan
        band = row.expected.get(coupling.component, (math.nan,) * len(coupling.expected))
        found |= zip(coupling.expected, band, strict=True)
    return found


def as_dict(row: PointLimit) -> dict[str, object]:
    """A row for `--json`: the columns of the CSV (null where there is nothing), and what the limits came from."""

    def number(value: float) -> float | None:
        return value if math.isfinite(value) else None

    cells = _columns(row)
    columns = {name: cells[name] if isinstance(cells[name], str) else number(cells[name]) for name in ALL_COLUMNS}  # type: ignore[arg-type]
    details: dict[str, object] = {"events": row.events}
    for coupling in COUPLINGS:
        details[f"{coupling.name}_upper_edge_error"] = number(getattr(row, f"{coupling.name}_upper").error)
        if coupling.component in row.expected:
            band = [number(value) for value in row.expected[coupling.component]]
            details[f"{coupling.name}_expected_band{coupling.unit}"] = band
        if coupling.component in row.p_values:
            details[f"{coupling.name}_local_p_value"] = row.p_values[coupling.component]
        if coupling.component in row.empty:
            details[f"{coupling.name}_no_limit"] = row.empty[coupling.component]
    for name, rate in row.rates.items():
        details[f"{name}_rate_pb"] = number(rate.value)
        details[f"{name}_rate_error_pb"] = number(rate.error)
    for name in row.allowed:
        details[f"{name}_allowed_rate_pb"] = number(row.allowed[name].value)
        details[f"{name}_effective_size"] = row.effective_sizes[name]
        details[f"{name}_systematic"] = row.systematic[name]
    return columns | details
