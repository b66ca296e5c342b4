"""Whether a selection stays within what was generated: events that a generator's own cut leaves out must not be selected.

A process card may cut on the energy of what escapes or on its soft photons. An event outside that range is not in the file,
so the selection must reject it: by at least 5 standard deviations of the detector's resolution, or in an unsmeared quantity
by a cut at the end of the range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.detectors.detector_card import Acceptance, DetectorCard
from alphoton.detectors.observables import PHOTON_DIMENSIONS, Beam, Range, energy_cm, photon_quantity, theta_cm
from alphoton.detectors.resolution import energy_and_angle
from alphoton.detectors.smearing import to_plane

Array = NDArray[np.float64]

DEVIATIONS = 5.0
"""Standard deviations of the resolution between the end of the generated range and a cut."""
ROUNDING = 1e-9
CUT_ON = ("energy", "pt", "theta", "cos_theta", "radius")
"""Quantities of a photon that may keep out what was not generated."""


@dataclass(frozen=True)
class GeneratedCut:
    """A cut of the generator: the key that makes it, the quantity and its frame, and the range that is generated."""

    key: str
    quantity: str
    frame: str
    min: float
    max: float = float("inf")
    run: int | None = None
    """The setting of the beams that it holds for; all of them if it is None."""


@dataclass(frozen=True)
class _Limits:
    """A cut of the selection or an acceptance of the detector, on a photon, and whether it sees the measured one."""

    label: str
    name: str
    cut: Range
    dimension: str
    measured: bool


def range_problems(
    card: AnalysisCard, detector: DetectorCard, meta: Mapping[str, Any], place: str, mass: float
) -> Iterator[str]:
    """What is selected but not generated at a mass (GeV), as problems of the analysis card.

    `meta` is that of an event file, or from `ProcessCard.setup`; `place` says where the process card is. Files of 0.1.0 say
    nothing of their range.
    """
    cuts = [GeneratedCut(**entry) for entry in meta.get("generated", ())]
    if card.beam_dump is not None or card.scan is not None:
        if card.beam_dump is not None and card.beam_dump.edges == "events":
            yield from _dump_problems(card, cuts, place)
        return
    for cut in cuts:
        if cut.quantity == "missing_energy":
            yield from _missing_energy_problems(card, cut, place, mass)
    soft = [cut for cut in cuts if cut.quantity != "missing_energy"]
    if soft:
        yield from _photon_problems(card, detector, soft, meta["beams"], place, mass)


def _dump_problems(card: AnalysisCard, cuts: Sequence[GeneratedCut], place: str) -> Iterator[str]:
    assert card.beam_dump is not None
    threshold = card.beam_dump.threshold
    for cut in cuts:
        if threshold < cut.min * (1 - ROUNDING):
            yield card.problem(
                ("beam_dump", "threshold"),
                f"{threshold:g} GeV is below {cut.min:g} GeV, where {place} begins ({cut.key}): lower that key, or raise "
                "the threshold",
            )


def _missing_energy_problems(card: AnalysisCard, generated: GeneratedCut, place: str, mass: float) -> Iterator[str]:
    lowest, path = -np.inf, ("selection",)  # type: tuple[float, tuple[str | int, ...]]
    for index, cut in enumerate(card.selection):
        if cut.quantity == generated.quantity and cut.holds(mass):
            low = cut.bounds(cut.dimension)[0]
            if low > lowest:
                lowest, path = low, ("selection", index, "min")
    if lowest >= generated.min * (1 - ROUNDING):
        return
    what = f"{lowest:g} GeV is below" if np.isfinite(lowest) else "has no cut on missing_energy at or above"
    yield card.problem(
        path,
        f"{what} {generated.min:g} GeV, where the events of {place} begin ({generated.key}): lower that key, or cut there",
    )


def _photon_problems(
    card: AnalysisCard,
    detector: DetectorCard,
    generated: Sequence[GeneratedCut],
    beams: Sequence[Mapping[str, Any]],
    place: str,
    mass: float,
) -> Iterator[str]:
    """The photon that is farthest from being kept out, if it is nearer than the deviations wanted."""
    limits = list(_limits(card, detector, mass))
    for cut in generated:
        worst = np.inf
        for collision in beams if cut.run is None else beams[cut.run : cut.run + 1]:
            beam = Beam(*(np.array([float(collision[key])]) for key in ("sqrt_s", "energy", "momentum_z")))
            energy, theta = _just_outside(cut, beam)
            nearest, label = _kept_out_by(limits, detector, energy, theta, beam)
            least = int(np.argmin(nearest))
            if nearest[least] < worst:
                worst, what, photon = nearest[least], label[least], (energy[least], theta[least])
        if worst >= DEVIATIONS:
            continue
        where = f"{photon[0] * 1e3:.4g} MeV, {photon[1] * 1e3:.4g} mrad"
        rejected = f"{what} rejects it by {worst:.2g} standard deviations" if worst > 0 else "nothing rejects it"
        yield card.problem(
            ("selection",),
            f"accepts photons that are not generated: {place} begins at {_shown(cut)} ({cut.key}), and of one just outside "
            f"({where}) {rejected}; it must be {DEVIATIONS:g}. Let the generator begin earlier, or cut harder",
        )


def _shown(cut: GeneratedCut) -> str:
    frame = " in the centre of mass" if cut.frame == "cm" else ""
    return f"{cut.min * 1e3:.4g} {'MeV' if cut.quantity == 'photon.energy' else 'mrad'}{frame}"


def _just_outside(cut: GeneratedCut, beam: Beam) -> tuple[Array, Array]:
    """Energies and angles (n) in the laboratory of photons at the end of the generated range and beyond it."""
    pi, top = np.pi, float(beam.energy[0])
    if cut.quantity == "photon.energy":
        angles = np.concatenate([np.geomspace(1e-4, 0.1, 60), np.linspace(0.1, pi - 1e-4, 120)])
        energy, theta = (grid.ravel() for grid in np.meshgrid(cut.min * np.array([1, 0.9, 0.7, 0.5, 0.2, 0.05]), angles))
    else:
        ends = [cut.min * np.array([1, 0.9, 0.5, 0.1])]
        if cut.max < pi:
            ends.append(pi - (pi - cut.max) * np.array([1, 0.9, 0.5, 0.1]))
        highest = top if cut.frame == "lab" else float(beam.sqrt_s[0]) / 2
        grids = np.meshgrid(np.geomspace(1e-4 * highest, highest, 120), np.concatenate(ends))
        energy, theta = (grid.ravel() for grid in grids)
    return (energy, theta) if cut.frame == "lab" else _to_lab(energy, theta, beam)


def _to_lab(energy: Array, theta: Array, beam: Beam) -> tuple[Array, Array]:
    """A photon's energy and angle in the laboratory from those in the centre of mass: the boost with the sign turned."""
    turned = Beam(beam.sqrt_s, beam.energy, -beam.momentum_z)
    return energy_cm(energy, theta, turned), theta_cm(theta, turned)


def _limits(card: AnalysisCard, detector: DetectorCard, mass: float) -> Iterator[_Limits]:
    """The cuts on a photon that hold at a mass, and the acceptances of the detector."""
    for index, cut in enumerate(card.selection):
        owner, _, name = cut.quantity.partition(".")
        if owner in ("photon", "true_photon") and name in CUT_ON and cut.holds(mass):
            yield _Limits(f"selection.{index} ({cut.label})", name, cut, cut.dimension, owner == "photon")
    for index, module in enumerate(detector.modules):
        if isinstance(module, Acceptance) and module.quantity in CUT_ON:
            label = f"modules.{index} ({module.name}) of the detector card"
            yield _Limits(label, module.quantity, module, PHOTON_DIMENSIONS[module.quantity], True)


def _kept_out_by(
    limits: Sequence[_Limits], detector: DetectorCard, energy: Array, theta: Array, beam: Beam
) -> tuple[Array, NDArray[np.str_]]:
    """By how many standard deviations each photon (n) misses what is accepted, and by which cut."""
    spread = energy_and_angle(detector, energy, theta)
    best, names = np.full(len(energy), -np.inf), np.full(len(energy), "", dtype="<U200")
    for each in limits:
        value = _value(each, detector, energy, theta, beam)
        sigma = np.zeros(len(energy))
        if each.measured:
            moved = (
                _value(each, detector, energy + spread[0], theta, beam),
                _value(each, detector, energy, theta + spread[1], beam),
            )
            sigma = np.hypot(moved[0] - value, moved[1] - value)
        low, high = each.cut.bounds(each.dimension)
        scale = beam.sqrt_s / 2 if each.cut.in_units_of == "beam_energy" else 1.0
        outside = np.maximum(low * scale - value, value - high * scale)
        exact = np.where(outside >= -ROUNDING * np.abs(value), np.inf, -np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            missed = np.where(sigma > 0, outside / sigma, exact)
        missed = np.where(np.isnan(value), np.inf, missed)  # a photon that never reaches the plane
        names[missed > best] = each.label
        best = np.maximum(best, missed)
    return best, names


def _value(each: _Limits, detector: DetectorCard, energy: Array, theta: Array, beam: Beam) -> Array:
    columns = {"energy": energy, "theta": theta, "phi": np.zeros(len(energy))}
    distance = detector.geometry.ecal_distance
    columns["x"], columns["y"] = to_plane(theta, columns["phi"], distance) if distance else (theta * np.nan, theta * np.nan)
    return photon_quantity(each.name, each.cut.frame, columns, beam)
