"""The chain from cards to a limit at one mass, in memory or through files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from alphoton.analysis.analysis_card import FROM_EVENTS, AnalysisCard
from alphoton.analysis.beam_dump import edges
from alphoton.analysis.counting import Measurement, Rate
from alphoton.analysis.limits import (
    NO_LIMIT,
    CouplingLimit,
    coupling_limit,
    exposure,
    signal_events_limit,
)
from alphoton.analysis.recast import allowed_rate, published_limit
from alphoton.analysis.slices import ELECTRON_ONLY, PHOTON_ONLY, Exclusion, RayLimit, Term, direction, scaled
from alphoton.analysis.statistics import NoLimitError
from alphoton.analysis.window import background_share, width, window
from alphoton.data.errors import InputError
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.constants import HBARC_MM
from alphoton.generators.model import Couplings, widths
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.backgrounds import Backgrounds
from alphoton.workflows.measurements import beside, in_memory

SMALLEST_EFFECTIVE_SIZE = 1000
"""Below it a reweighted sample sets no limit."""
COUPLINGS = ("photon", "electron")
OF_BOTH = ("beams.energy_spread", "beams.initial_state_radiation", "photon.")
"""Keys of a process card that an override sets for a recast's dark photon too."""
REFERENCE_SAMPLE = 4
"""Events of a recast's dark photon for each of the ALP's: it needs no file, and should not dominate the error."""
REFERENCE_POINTS = 1 << 20
"""Added to the scan point of a recast's dark photon: its random numbers are not those of the ALP it is compared with."""


@dataclass(frozen=True)
class Experiment:
    """The cards of one experiment. Several processes share the couplings; `reference` is a recast's dark photon."""

    analysis: AnalysisCard
    processes: tuple[ProcessCard, ...]
    detector: DetectorCard
    reference: ProcessCard | None
    toys: bool = True
    """False where only the Monte Carlo errors of the samples are wanted: no limit then takes pseudo-experiments."""

    @cached_property
    def backgrounds(self) -> Backgrounds | None:
        """The backgrounds from events, where the limit uses them. Raises `CardError` where one of their cards is bad."""
        return Backgrounds.of(self.analysis, self.detector)

    @property
    def loops(self) -> ProcessCard | None:
        """The process card whose rates hold loops that depend on the momentum, if one does."""
        return next((card for card in self.processes if card.momentum_dependent), None)

    def decaying(self, couplings: Couplings) -> Couplings:
        """The couplings of decays: loops that depend on the momentum are on the mass shell there, the muon's included."""
        if self.loops is None:
            return couplings
        return replace(couplings, radiative=True, g_amu=self.loops.model.muon_ratio * couplings.g_ae)

    def at(self, mass: float, events: int | None = None) -> tuple[tuple[ProcessCard, ...], ProcessCard | None]:
        """The process cards and the reference at a mass (GeV), sampled so that one sample serves every coupling."""

        def moved(card: ProcessCard, times: int, *extra: str) -> ProcessCard:
            count = times * (events or card.events)
            return ProcessCard.load(card, [f"model.{card.mass_key}={float(mass)!r} GeV", f"events={count}", *extra])

        reference = None if self.reference is None else moved(self.reference, REFERENCE_SAMPLE)
        # a decay in the events would be at the card's coupling, a limit is at its own
        return tuple(moved(process, 1, "sampling=balanced", "decay=none") for process in self.processes), reference


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
    g_agamma_upper: CouplingLimit = NO_LIMIT
    """The other edge of an excluded band, where the coupling is so strong that the ALP decays too soon."""
    g_ae_upper: CouplingLimit = NO_LIMIT
    expected: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Of a limit from shapes, by coupling: those to be expected at -2, -1, 0, 1, 2 standard deviations of the background."""
    p_values: dict[str, float] = field(default_factory=dict)
    """Of a limit from observed shapes, by coupling: the local p-value of the background alone."""

    def exclusion(self, *, interference: bool = True) -> Exclusion:
        """What any combination of the couplings makes of what is allowed, without decays; from the two limits alone."""
        terms = {
            name: Term.of_limit(limit, self.systematic[name])
            for name, limit in zip(COUPLINGS, (self.g_agamma, self.g_ae), strict=True)
        }
        allowed = [rate.value for rate in self.allowed.values() if math.isfinite(rate.value)]
        mixed = self.rates.get("interference", Rate(0.0))
        if not interference or mixed.value == 0 or not allowed:
            return Exclusion(**terms)
        term = Term(
            mixed.value / math.sqrt(min(allowed) * max(allowed)),  # a window's may depend a little on the channel
            abs(mixed.error / mixed.value),
            sum(each.systematic for each in terms.values()) / 2,
        )
        return Exclusion(**terms, interference=term)


@dataclass(frozen=True)
class FoundLimit:
    """The limit on one coupling, the allowed rate, the relative systematic on it; from shapes also the expected band."""

    limit: CouplingLimit
    allowed: Rate
    systematic: float = 0.0
    expected: tuple[float, ...] = ()
    p_value: float | None = None


def load_experiment(
    analysis: str | Path | AnalysisCard,
    overrides: Sequence[str] = (),
    process: str | Path | None = None,
    detector: str | Path | None = None,
) -> Experiment:
    """The cards behind an analysis card. An override may begin with `process.` or `detector.` to reach those cards.

    How the beams spread and radiate is then the same for a recast's dark photon.
    """
    own, inner = [], {"process": [], "detector": []}  # type: ignore[var-annotated]
    for override in overrides:
        kind, dot, rest = override.partition(".")
        (inner[kind] if dot and kind in inner else own).append(rest if dot and kind in inner else override)
    card = AnalysisCard.load(analysis, own)
    named = [beside(card, name) for name in ([card.process] if isinstance(card.process, str) else card.process)]
    shared = [override for override in inner["process"] if override.startswith(OF_BOTH)]
    reference = None if card.recast is None else ProcessCard.load(beside(card, card.recast.process), shared)
    produced = tuple(ProcessCard.load(each, inner["process"]) for each in ([process] if process else named))
    for found in produced:
        if found.process == "dark_photon":
            raise InputError(f"{card.origin}: the process card '{found.name}' makes a dark photon, an ALP is due")
    if reference is not None and reference.process != "dark_photon":
        raise InputError(f"{card.origin}: recast.process: '{reference.name}' makes an ALP, a dark photon is due")
    seen_by = DetectorCard.load(detector or beside(card, card.detector), inner["detector"])
    experiment = Experiment(card, produced, seen_by, reference)
    _ = experiment.backgrounds  # read once, and a bad card is told before any work
    return experiment


def reference_in_memory(experiment: Experiment, reference: ProcessCard | None, point: int = 0) -> Measurement | None:
    """The dark photon of a recast, seen by the same detector and selection; None where nothing is recast."""
    if reference is None:
        return None
    return in_memory(reference, experiment.detector, experiment.analysis, REFERENCE_POINTS + point)


@dataclass(frozen=True)
class Sample:
    """What the detector and the selection of an experiment leave of its processes, and of a recast's dark photon."""

    measured: tuple[Measurement, ...]
    reference: Measurement | None
    events: int


def sampled(experiment: Experiment, mass: float, point: int, events: int) -> Sample:
    """Generate, simulate and count at a mass (GeV), without files."""
    processes, reference = experiment.at(mass, events)
    measured = tuple(in_memory(process, experiment.detector, experiment.analysis, point) for process in processes)
    return Sample(measured, reference_in_memory(experiment, reference, point), events)


def of_component(measured: Sequence[Measurement], component: str) -> tuple[Measurement, ...]:
    """The measurements of the processes that have this component; their events add up."""
    return tuple(each for each in measured if component in each.sums.weights)


def together(rates: Sequence[Rate]) -> Rate:
    """The sum of independent rates."""
    return Rate(sum(each.value for each in rates), math.hypot(*(each.error for each in rates)))


def point_limit(
    experiment: Experiment, measured: Sequence[Measurement], reference: Measurement | None, events: int
) -> PointLimit:
    """The limits on both couplings, each alone, from the measurements of the processes at one mass.

    Raises `InputError` where a sample is too small for a limit, or the cards give no exposure.
    """
    row = invisible_limit(experiment, measured, reference, events)
    if all(each.flight is None for each in measured):
        return row
    photon, electron = (
        ray_limit(experiment, measured, row, direction(row.mass, coupling)) for coupling in (PHOTON_ONLY, ELECTRON_ONLY)
    )
    return replace(
        row,
        g_agamma=photon.lower,
        g_agamma_upper=photon.upper,
        g_ae=electron.lower,
        g_ae_upper=electron.upper,
    )


def invisible_limit(
    experiment: Experiment, measured: Sequence[Measurement], reference: Measurement | None, events: int
) -> PointLimit:
    """The limits on both couplings, each alone, where no decay is seen. Raises `InputError` as `point_limit` does."""
    card = experiment.analysis
    found = {name: of_component(measured, name) for name in (*COUPLINGS, "interference")}
    sizes = {name: min(each.sums.effective_size(name) for each in found[name]) for name in COUPLINGS if found[name]}
    for name, size in sizes.items():
        if size < SMALLEST_EFFECTIVE_SIZE:
            raise InputError(
                f"{card.name}: an effective {size:.0f} events for the {name} coupling, a limit needs "
                f"{SMALLEST_EFFECTIVE_SIZE}; generate at least {2 * SMALLEST_EFFECTIVE_SIZE} with -n"
            )
    rates = {name: together([each.rate(name) for each in several]) for name, several in found.items()}
    limits = {name: _limit(experiment, found[name], reference, name, rates[name]) for name in COUPLINGS}
    return PointLimit(
        analysis=card.name,
        mass=measured[0].mass,
        g_agamma=limits["photon"].limit,
        g_ae=limits["electron"].limit,
        method=_method(card),
        confidence_level=card.limit.confidence_level if card.limit.method != "fixed" else math.nan,
        events=events,
        rates=rates,
        allowed={name: found_limit.allowed for name, found_limit in limits.items()},
        effective_sizes={name: sizes.get(name, 0.0) for name in COUPLINGS},
        systematic={name: found_limit.systematic for name, found_limit in limits.items()},
        expected={name: found_limit.expected for name, found_limit in limits.items() if found_limit.expected},
        p_values={name: found_limit.p_value for name, found_limit in limits.items() if found_limit.p_value is not None},
    )


def ray_limit(
    experiment: Experiment,
    measured: Sequence[Measurement],
    invisible: PointLimit,
    ray: Couplings,
    *,
    interference: bool = True,
) -> RayLimit:
    """The limit along a ray of couplings, from the limits on each coupling alone where no decay is seen.

    Where visible decays inside the calorimeter are lost, a band is excluded. The total width is the visible one, which
    grows with the couplings squared, over the visible branching ratio B; a share B (1 - exp(-l Gamma m / (hbar c p))) is
    lost over the length l that is left. Above the band too many are lost.
    """
    exclusion = invisible.exclusion(interference=interference)
    free = exclusion.limit(ray)
    counting, length = experiment.analysis.counting, experiment.detector.geometry.calorimeter_length
    flights = {name: of_component(measured, name) for name in COUPLINGS}
    if counting is None or all(each.flight is None for several in flights.values() for each in several):
        return free
    if length is None:
        raise InputError(f"{experiment.detector.origin}: geometry.calorimeter_length: is due with a visible branching ratio")
    ratio = counting.visible_branching_ratio

    def kept(name: str, decay_rate: float) -> float:
        alive = [
            (each.rate(name).value, each.flight.surviving(name, decay_rate, length))
            for each in flights[name]
            if each.flight is not None
        ]
        whole = sum(rate for rate, _ in alive)
        if not whole:
            return 1.0
        return 1 - ratio * (1 - sum(rate / whole * share for rate, share in alive))

    def signal(scale: float) -> float:
        couplings = scaled(ray, scale)
        decay_rate = sum(widths(experiment.decaying(couplings)).values()) / ratio / HBARC_MM
        return exclusion.strength(couplings, *(kept(name, decay_rate) for name in COUPLINGS))

    if not math.isfinite(free.lower.value):
        return free
    last = free.lower.value * 1e4
    lower, upper = edges(signal, 1.0, free.lower.value / 2, last)
    relative = free.lower.error / free.lower.value
    band_ends = math.isfinite(upper) and upper < last
    return RayLimit(
        CouplingLimit(lower, relative * lower),
        CouplingLimit(upper, relative * upper) if band_ends else NO_LIMIT,
        free.systematic,
    )


def _method(card: AnalysisCard) -> str:
    """What a limit is named by in tables."""
    if card.recast is not None:
        return "recast"
    if card.limit.method == "shape":
        return "cls of shapes"
    events = card.limit.signal_events
    return card.limit.method if events is None else f"fixed ({events:g} events)"


def _limit(
    experiment: Experiment, found: Sequence[Measurement], reference: Measurement | None, component: str, rate: Rate
) -> FoundLimit:
    """The limit on one coupling; what is allowed is that of the first process that has it."""
    card = experiment.analysis
    if not found or rate.value <= 3 * rate.error:
        return FoundLimit(NO_LIMIT, Rate(math.nan, math.nan))
    measured = found[0]
    if card.recast is not None:
        assert reference is not None
        block = card.recast.model_copy(update={"curve": str(beside(card, card.recast.curve))})
        allowed = allowed_rate(published_limit(block, measured.mass), reference.rate("dark_photon"))
        return FoundLimit(coupling_limit(allowed, rate), allowed, 0.5 * card.recast.uncertainty)
    if card.limit.method == "shape":
        return _limit_from_shapes(experiment, measured, component, rate)
    allowed = _with_error(experiment, measured, component)
    systematic = _shape_systematic(experiment, measured, component, allowed)
    return FoundLimit(coupling_limit(allowed, rate), allowed, systematic)


def _limit_from_shapes(experiment: Experiment, measured: Measurement, component: str, rate: Rate) -> FoundLimit:
    """The limit on one coupling, the expected band and the local p-value, from the likelihood of the bins."""
    per_pb = exposure_per_pb(experiment)
    assert experiment.backgrounds is not None
    found = experiment.backgrounds.limit(measured, component, toys=experiment.toys)
    allowed = Rate(found.value / per_pb, found.error / per_pb)
    band = tuple(coupling_limit(Rate(events / per_pb), rate).value for events in found.band)
    return FoundLimit(coupling_limit(allowed, rate), allowed, 0.0, band, found.p_value)


def exposure_per_pb(experiment: Experiment) -> float:
    """Signal events for each pb of cross-section that is selected. Raises `InputError` where the cards give none."""
    card = experiment.analysis
    assert card.counting is not None
    try:
        return exposure(card.counting, *of_the_process(experiment))
    except ValueError as error:
        raise InputError(f"{card.origin}: {error}") from None


def _allowed_rate(experiment: Experiment, measured: Measurement, component: str, shape: str | None = None) -> Rate:
    """The allowed cross-section times efficiency in pb, from the counting experiment in the signal window."""
    card = experiment.analysis
    if card.counting is None:
        raise InputError(f"{card.name}: the card has neither 'counting' nor 'recast': there is nothing to set a limit with")
    signal_share = background_in_window = 1.0
    own = None
    background = card.counting.background
    if card.counting.window is not None and background is not None and measured.peak is not None:
        values, weights = measured.peak.of(component)
        if width(values, weights) < 1e-9 * experiment.processes[0].collisions()[0].sqrt_s ** 2:
            raise InputError(f"{card.name}: the peak has no width: a window needs a detector with a resolution")
        (low, high), signal_share = window(values, weights, measured.mass, card.counting.window.half_width)
        beam = experiment.processes[0].collisions()[0].as_dict()
        chosen = shape or background.shape or "flat"
        if chosen in FROM_EVENTS:
            assert experiment.backgrounds is not None
            own = experiment.backgrounds.templates.within(low, high)
        else:
            background_in_window = background_share(card, background, beam, low, high, chosen)  # type: ignore[arg-type]
    if signal_share == 0:  # an edge of the selection has moved the whole peak
        return Rate(math.nan, math.nan)
    try:
        events = signal_events_limit(card, background_in_window, own)
    except NoLimitError:
        return Rate(math.nan, math.nan)
    except ValueError as error:
        raise InputError(f"{card.origin}: {error}") from None
    return Rate(events / exposure_per_pb(experiment) / signal_share)


def of_the_process(experiment: Experiment) -> tuple[float | None, float | None]:
    """What a process card gives to the exposure: luminosity (1/pb), or atoms per cm^2 in a radiation length."""
    beams = experiment.processes[0].beams
    luminosity = sum(beams.luminosity) if beams.luminosity else None
    return luminosity, beams.target.stuff.atoms_per_radiation_length if beams.thickness > 0 and beams.target else None


def _with_error(experiment: Experiment, measured: Measurement, component: str, parts: int = 20) -> Rate:
    """The allowed rate with the statistical error of its window: from its spread over disjoint parts of the peak."""
    allowed = _allowed_rate(experiment, measured, component)
    counting = experiment.analysis.counting
    if measured.peak is None or counting is None or counting.window is None:
        return allowed
    spread = [_allowed_rate(experiment, measured.part(k, parts), component).value for k in range(parts)]
    return Rate(allowed.value, float(np.std(spread, ddof=1)) / math.sqrt(parts))


def _shape_systematic(experiment: Experiment, measured: Measurement, component: str, allowed: Rate) -> float:
    """Relative change of the coupling with the other background shape; 0 where there is no shape."""
    counting = experiment.analysis.counting
    if counting is None or counting.background is None or counting.background.shape != "flat":
        return 0.0
    if counting.positrons_on_target is None or not math.isfinite(allowed.value):
        return 0.0  # bremsstrahlung is that of positrons in a target
    if any(experiment.analysis.photon_range(name) is None for name in ("photon.energy", "photon.theta")):
        return 0.0  # the other shape is not defined
    other = _allowed_rate(experiment, measured, component, shape="bremsstrahlung")
    return abs(math.sqrt(other.value / allowed.value) - 1)
