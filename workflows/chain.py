"""The chain from cards to a limit at one mass, in memory or through files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Measurement, Rate, measure
from alphoton.analysis.limits import (
    NO_LIMIT,
    CouplingLimit,
    coupling_limit,
    exposure,
    signal_events_limit,
)
from alphoton.analysis.recast import allowed_rate, published_limit
from alphoton.analysis.statistics import NoLimitError
from alphoton.analysis.window import background_share, width, window
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, EventFile
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import chunks, source_meta
from alphoton.generators.process_card import ProcessCard

SMALLEST_EFFECTIVE_SIZE = 1000
"""Below it a reweighted sample sets no limit."""
COUPLINGS = ("photon", "electron")
REFERENCE_SAMPLE = 4
"""Events of a recast's dark photon for each of the ALP's: it needs no file, and should not dominate the error."""
REFERENCE_POINTS = 1 << 20
"""Added to the scan point of a recast's dark photon: its random numbers are not those of the ALP it is compared with."""


@dataclass(frozen=True)
class Experiment:
    """The cards of one experiment; `reference` is the dark photon of a recast."""

    analysis: AnalysisCard
    process: ProcessCard
    detector: DetectorCard
    reference: ProcessCard | None

    def at(self, mass: float, events: int | None = None) -> tuple[ProcessCard, ProcessCard | None]:
        """The process card and the reference at a mass (GeV), sampled so that one sample serves every coupling."""

        def moved(card: ProcessCard, times: int, *extra: str) -> ProcessCard:
            count = times * (events or card.events)
            return ProcessCard.load(card, [f"model.{card.mass_key}={float(mass)!r} GeV", f"events={count}", *extra])

        reference = None if self.reference is None else moved(self.reference, REFERENCE_SAMPLE)
        return moved(self.process, 1, "sampling=balanced"), reference


@dataclass(frozen=True)
class PointLimit:
    """Limits of one experiment at one mass: a row of `limits.csv`, and what it came from.

    `systematic` is relative, on the coupling: the background's shape, or the uncertainty of a recast.
    """

    analysis: str
    mass: float
    g_agamma: CouplingLimit
    g_ae: CouplingLimit
    method: str
    confidence_level: float
    events: int
    rates: dict[str, Rate]
    allowed: dict[str, Rate]
    effective_sizes: dict[str, float]
    systematic: dict[str, float]


def load_experiment(
    analysis: str | Path | AnalysisCard,
    overrides: Sequence[str] = (),
    process: str | Path | None = None,
    detector: str | Path | None = None,
) -> Experiment:
    """The cards behind an analysis card. An override may begin with `process.` or `detector.` to reach those cards."""
    own, inner = [], {"process": [], "detector": []}  # type: ignore[var-annotated]
    for override in overrides:
        kind, dot, rest = override.partition(".")
        (inner[kind] if dot and kind in inner else own).append(rest if dot and kind in inner else override)
    card = AnalysisCard.load(analysis, own)
    reference = None if card.recast is None else ProcessCard.load(beside(card, card.recast.process))
    produced = ProcessCard.load(process or beside(card, card.process), inner["process"])
    for due, found in (("annihilation", produced), ("dark_photon", reference)):
        if found is not None and found.process != due:
            raise InputError(f"{card.origin}: the process card '{found.name}' is of '{found.process}', '{due}' is due")
    return Experiment(
        card,
        produced,
        DetectorCard.load(detector or beside(card, card.detector), inner["detector"]),
        reference,
    )


def beside(card: Any, name: str) -> str | Path:
    """What a card's entry names: a file beside the card where there is one, else a name or path as anywhere."""
    near = Path(card.origin).parent / name
    return near if name.endswith((".yaml", ".yml", ".csv")) and near.is_file() else name


def in_memory(card: ProcessCard, detector: DetectorCard, analysis: AnalysisCard, point: int = 0) -> Measurement:
    """Generate, simulate and count without files; the same numbers as through files with the same seeds."""
    source = EventSource(card, point)
    meta = {**source_meta(source), "detector_seed": card.seed}

    def reco() -> Iterator[Chunk]:
        for index, drawn in enumerate(chunks(source, card.events)):
            yield reconstruct(detector, drawn.events, meta, index)

    section = source.cross_section
    return measure(analysis, reco(), meta, (section.value, section.error))


def reference_in_memory(experiment: Experiment, reference: ProcessCard | None, point: int = 0) -> Measurement | None:
    """The dark photon of a recast, seen by the same detector and selection; None where nothing is recast."""
    if reference is None:
        return None
    return in_memory(reference, experiment.detector, experiment.analysis, REFERENCE_POINTS + point)


def from_file(reco: Path, analysis: AnalysisCard) -> Measurement:
    """Count the events of a reco file."""
    with EventFile(reco) as file:
        runs = file.runs()
        section = float(runs["crossSection_pb"][0]), float(runs["crossSectionError_pb"][0])
        return measure(analysis, file.chunks(), file.meta, section)


def point_limit(experiment: Experiment, measured: Measurement, reference: Measurement | None, events: int) -> PointLimit:
    """The limits on both couplings, each alone, from a measurement at one mass.

    Raises `InputError` where the sample is too small for a limit, or the cards give no exposure.
    """
    card = experiment.analysis
    sizes = {name: measured.sums.effective_size(name) for name in COUPLINGS}
    for name, size in sizes.items():
        if size < SMALLEST_EFFECTIVE_SIZE:
            raise InputError(
                f"{card.name}: an effective {size:.0f} events for the {name} coupling, a limit needs "
                f"{SMALLEST_EFFECTIVE_SIZE}; generate at least {2 * SMALLEST_EFFECTIVE_SIZE} with -n"
            )
    rates = {name: measured.rate(name) for name in (*COUPLINGS, "interference")}
    found = {name: _limit(experiment, measured, reference, name, rates[name]) for name in COUPLINGS}
    return PointLimit(
        analysis=card.name,
        mass=measured.mass,
        g_agamma=found["photon"][0],
        g_ae=found["electron"][0],
        method=_method(card),
        confidence_level=card.limit.confidence_level if card.limit.method != "fixed" else math.nan,
        events=events,
        rates=rates,
        allowed={name: allowed for name, (_, allowed, _) in found.items()},
        effective_sizes=sizes,
        systematic={name: systematic for name, (_, _, systematic) in found.items()},
    )


def _method(card: AnalysisCard) -> str:
    """What a limit is named by in tables."""
    if card.recast is not None:
        return "recast"
    events = card.limit.signal_events
    return card.limit.method if events is None else f"fixed ({events:g} events)"


def _limit(
    experiment: Experiment, measured: Measurement, reference: Measurement | None, component: str, rate: Rate
) -> tuple[CouplingLimit, Rate, float]:
    """The limit on one coupling, the allowed rate (pb), and the relative systematic on the coupling."""
    card = experiment.analysis
    if card.recast is not None:
        assert reference is not None
        block = card.recast.model_copy(update={"curve": str(beside(card, card.recast.curve))})
        allowed = allowed_rate(published_limit(block, measured.mass), reference.rate("dark_photon"))
        return coupling_limit(allowed, rate), allowed, 0.5 * card.recast.uncertainty
    if rate.value <= 3 * rate.error:
        return NO_LIMIT, Rate(math.nan, math.nan), 0.0
    allowed = _with_error(experiment, measured, component)
    limit = coupling_limit(allowed, rate)
    return limit, allowed, _shape_systematic(experiment, measured, component, allowed)


def _allowed_rate(experiment: Experiment, measured: Measurement, component: str, shape: str | None = None) -> Rate:
    """The allowed cross-section times efficiency in pb, from the counting experiment in the signal window."""
    card = experiment.analysis
    if card.counting is None:
        raise InputError(f"{card.name}: the card has neither 'counting' nor 'recast': there is nothing to set a limit with")
    signal_share = background_in_window = 1.0
    background = card.counting.background
    if card.counting.window is not None and background is not None and measured.peak is not None:
        values, weights = measured.peak.of(component)
        if width(values, weights) < 1e-9 * experiment.process.collisions()[0].sqrt_s ** 2:
            raise InputError(f"{card.name}: the peak has no width: a window needs a detector with a resolution")
        (low, high), signal_share = window(values, weights, measured.mass, card.counting.window.half_width)
        beam = experiment.process.collisions()[0].as_dict()
        chosen = shape or background.shape or "flat"
        background_in_window = background_share(card, background, beam, low, high, chosen)  # type: ignore[arg-type]
    luminosities = experiment.process.beams.luminosity
    try:
        events = signal_events_limit(card, background_in_window)
        per_pb = exposure(card.counting, sum(luminosities) if luminosities else None)
    except NoLimitError:
        return Rate(math.nan, math.nan)
    except ValueError as error:
        raise InputError(f"{card.origin}: {error}") from None
    return Rate(events / per_pb / signal_share)


def _with_error(experiment: Experiment, measured: Measurement, component: str, parts: int = 20) -> Rate:
    """The allowed rate with the statistical error of its window: from its spread over disjoint parts of the peak."""
    allowed = _allowed_rate(experiment, measured, component)
    if measured.peak is None:
        return allowed
    spread = [_allowed_rate(experiment, measured.part(k, parts), component).value for k in range(parts)]
    return Rate(allowed.value, float(np.std(spread, ddof=1)) / math.sqrt(parts))


def _shape_systematic(experiment: Experiment, measured: Measurement, component: str, allowed: Rate) -> float:
    """Relative change of the coupling with the other background shape; 0 where there is no shape."""
    counting = experiment.analysis.counting
    if counting is None or counting.background is None or counting.background.shape != "flat":
        return 0.0
    if any(experiment.analysis.photon_range(name) is None for name in ("photon.energy", "photon.theta")):
        return 0.0  # the other shape is not defined
    other = _allowed_rate(experiment, measured, component, shape="bremsstrahlung")
    return abs(math.sqrt(other.value / allowed.value) - 1)
