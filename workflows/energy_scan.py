"""A scan of a positron beam's energy over a resonance: the limit on g_ae from all points together.

The points are a CSV file, whose `#` lines say where they come from. A row is a point: `beam_energy_MeV`, `positrons` on
target, `efficiency` for the ALP's e+ e-, `background` events with `background_error`, and, where they were counted,
`observed` events.
Each point is a bin of the likelihood of `analysis.shape`: its background has an error of its own, and one in common.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.exposure import exposure
from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.analysis.shape import ShapeModel
from alphoton.analysis.shape_limits import limit_from_shapes
from alphoton.data.card_paths import data_file
from alphoton.data.errors import InputError
from alphoton.data.text_file import read_text
from alphoton.generators.model import branching_ratios
from alphoton.generators.processes.resonant import line, resonance
from alphoton.workflows.backgrounds import toy_seed
from alphoton.workflows.card_checks import setup
from alphoton.workflows.chain import Experiment, PointLimit

Array = NDArray[np.float64]
DUE = ("beam_energy_MeV", "positrons", "efficiency", "background", "background_error")
OBSERVED = "observed"
MAX_BYTES = 1_000_000
POSITIVE = ("beam_energy_MeV", "positrons", "background")
METHOD = "cls of a scan"
LEAST = 1e-6
"""Of the height of the line: a point lower on it does not see the mass."""


@dataclass(frozen=True)
class ScanPoints:
    """Points of a scan (n each): energies in GeV, positrons, efficiencies, backgrounds and their errors in events, and the
    events observed, None where there is no such column."""

    energies: Array
    positrons: Array
    efficiencies: Array
    backgrounds: Array
    errors: Array
    observed: Array | None


def read_points(path: str | Path) -> ScanPoints:
    """The points of a file. Raises `InputError`, naming file and line, where it cannot be understood."""
    try:
        lines = read_text(path, "scan", MAX_BYTES, "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not a text file'}") from None
    numbered = [(n, text) for n, text in enumerate(lines, 1) if text.strip() and not text.startswith("#")]
    if len(numbered) < 2:
        raise InputError(f"{path}: a line of column names and one a point are due: {', '.join(DUE)}, perhaps {OBSERVED}")
    names, *rows = csv.reader(text for _, text in numbered)
    names = [name.strip() for name in names]
    if missing := [name for name in DUE if name not in names]:
        raise InputError(f"{path}:{numbered[0][0]}: no column '{missing[0]}' (found: {', '.join(names)})")
    if unknown := [name for name in names if name not in (*DUE, OBSERVED)]:
        raise InputError(f"{path}:{numbered[0][0]}: unknown column '{unknown[0]}' (known: {', '.join((*DUE, OBSERVED))})")
    table = np.array([_numbers(f"{path}:{n}", names, row) for (n, _), row in zip(numbered[1:], rows, strict=True)]).T
    columns = dict(zip(names, table, strict=True))
    return ScanPoints(
        columns["beam_energy_MeV"] * 1e-3,
        columns["positrons"],
        columns["efficiency"],
        columns["background"],
        columns["background_error"],
        columns.get(OBSERVED),
    )


def _numbers(place: str, names: list[str], row: list[str]) -> list[float]:
    if len(row) != len(names):
        raise InputError(f"{place}: {len(row)} cells for {len(names)} columns")
    found = []
    for name, cell in zip(names, row, strict=True):
        try:
            value = float(cell)
        except ValueError:
            raise InputError(f"{place}: {name}: a number is due, got '{cell.strip()}'") from None
        if not math.isfinite(value) or value < 0 or (name in POSITIVE and value == 0):
            raise InputError(
                f"{place}: {name}: must be {'above 0' if name in POSITIVE else '0 or more'}, got {cell.strip()}"
            )
        if name == "efficiency" and value > 1:
            raise InputError(f"{place}: efficiency: is a share, at most 1, got {cell.strip()}")
        found.append(value)
    return found


def points_of(experiment: Experiment) -> ScanPoints:
    """The points that an analysis card names."""
    card = experiment.analysis
    assert card.scan is not None
    return read_points(data_file(Path(card.origin), card.scan.points))


def signal(experiment: Experiment, mass: float, points: ScanPoints) -> Array:
    """Events (n) of e+ e- -> a -> e+ e- to be selected at g_ae = 1 /GeV, at a mass (GeV).

    The branching ratio is that of the process card's couplings. Raises `InputError` for a card of another process, and
    where no point sees the mass.
    """
    card = experiment.analysis
    (process,) = experiment.processes
    if process.process != "resonant" or process.on_nuclei:
        raise InputError(f"{card.origin}: scan: '{process.name}' is no resonant production by a beam of positrons")
    assert card.scan is not None
    per_positron = exposure(card, setup(process))
    couplings = process.model.model_copy(update={"m_a": mass})
    decays = branching_ratios(process.model_copy(update={"model": couplings}).couplings)["electrons"]
    beams = process.beams
    sections = line(mass, points.energies, beams.energy_spread, beams.bound_electrons)
    if (
        sections.max()
        < LEAST * line(mass, np.array([resonance(mass, 0.0, 0.0)]), beams.energy_spread, beams.bound_electrons)[0]
    ):
        low, high = points.energies.min() * 1e3, points.energies.max() * 1e3
        raise InputError(
            f"{card.origin}: {mass * 1e3:g} MeV is on resonance at no point of the scan, {low:g} to {high:g} MeV"
        )
    return decays * per_positron * points.positrons * points.efficiencies * sections


def model_of(experiment: Experiment, mass: float, points: ScanPoints) -> ShapeModel:
    """The likelihood of the points; mu is g_ae^2 in 1/GeV^2. Raises `InputError` as `signal` does."""
    card = experiment.analysis
    assert card.scan is not None
    events = signal(experiment, mass, points)
    if not events.any():
        low, high = points.energies.min() * 1e3, points.energies.max() * 1e3
        raise InputError(
            f"{card.origin}: {mass * 1e3:g} MeV is on resonance at no point of the scan, {low:g} to {high:g} MeV"
        )
    common = np.array([card.scan.common_error])
    return ShapeModel(events, points.backgrounds[None], common, points.errors**2)


def scan_limit(experiment: Experiment, mass: float) -> PointLimit:
    """The limit on g_ae at a mass (GeV) by CLs, with the band that the background alone would give, and the p-value of a
    signal there where events were observed. Where few events are expected it comes from pseudo-experiments, and has the
    error of their number (`analysis.shape_limits`). Raises `InputError` as the functions above."""
    card = experiment.analysis
    points = points_of(experiment)
    model, level = model_of(experiment, mass, points), card.limit.confidence_level
    try:
        found = limit_from_shapes(model, points.observed, level, seed=toy_seed(mass, experiment.seed))
    except ValueError as error:
        raise InputError(f"{card.origin}: scan.points: {mass * 1e3:g} MeV: {error}") from None
    limit = math.sqrt(found.value)
    return PointLimit(
        analysis=card.name,
        mass=mass,
        g_agamma=NO_LIMIT,
        g_ae=CouplingLimit(limit, 0.5 * found.error / limit),
        method=METHOD,
        confidence_level=card.limit.confidence_level,
        events=0,
        rates={},
        allowed={},
        effective_sizes={},
        systematic={"photon": 0.0, "electron": 0.0},
        expected={"electron": tuple(math.sqrt(value) for value in found.band)},
        p_values={} if found.p_value is None else {"electron": found.p_value},
        empty={"photon": "a scan over a resonance has a limit on g_ae alone"},
    )
