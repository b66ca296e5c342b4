"""The chain from cards to a limit at one mass, in memory or through files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.analysis.analysis_card import FROM_EVENTS, AnalysisCard, BackgroundNumber
from alphoton.analysis.background_table import BackgroundTable
from alphoton.analysis.beam_dump import edges
from alphoton.analysis.counting import Measurement, Peak, Rate
from alphoton.analysis.exposure import exposure
from alphoton.analysis.limits import (
    NO_LIMIT,
    CouplingLimit,
    background_events,
    coupling_limit,
    signal_events_band,
    signal_events_limit,
)
from alphoton.analysis.recast import allowed_rate, at_luminosity, published_limit
from alphoton.analysis.shape import DEVIATIONS
from alphoton.analysis.slices import ELECTRON_ONLY, PHOTON_ONLY, Exclusion, RayLimit, Term, direction, scaled
from alphoton.analysis.statistics import NoLimitError
from alphoton.analysis.window import background_share, width, window
from alphoton.data.arguments import several
from alphoton.data.card_paths import KeyPath, data_file
from alphoton.data.errors import CardError, InputError
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.constants import HBARC_MM
from alphoton.generators.kinematics import Collision
from alphoton.generators.model import Couplings, widths
from alphoton.generators.process_card import STANDARD_MODEL, ProcessCard
from alphoton.workflows.backgrounds import Backgrounds
from alphoton.workflows.card_checks import check, decay_problems, following, named_card, selection_problems, setup
from alphoton.workflows.measurements import Made, beside, in_memory

SMALLEST_EFFECTIVE_SIZE = 1000
"""Below it a reweighted sample sets no limit."""
COUPLINGS = ("photon", "electron")
NOT_MADE = "no process of the analysis makes the ALP by this coupling"
TOO_FEW = "nothing, or too little to tell, passes the selection"
DECAYED = "too many decays are lost in the calorimeter: nothing is excluded"
NOT_PART = "it is no part of the direction"
CANCELLED = "the channels cancel along the direction"
"""Why there is no limit."""
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
    seed: int | None = None
    """Of all its random numbers, in place of those of the process cards."""
    toys: bool = True
    """False where only the Monte Carlo errors of the samples are wanted: no limit then takes pseudo-experiments."""

    @cached_property
    def backgrounds(self) -> Backgrounds | None:
        """The backgrounds from events, where the limit uses them. Raises `CardError` where one of their cards is bad."""
        return Backgrounds.of(self.analysis, self.detector, self.seed)

    @cached_property
    def background_table(self) -> BackgroundTable | None:
        """The background against mass, of what is counted or of a recast. Raises `CardError` where it cannot be read."""
        found = self._table_key
        if found is None:
            return None
        path, block = found
        assert block.table is not None
        try:
            return BackgroundTable.load(block, data_file(Path(self.analysis.origin), block.table))
        except CardError:
            raise
        except InputError as error:
            raise CardError([self.analysis.problem(path, str(error))]) from None

    @property
    def _table_key(self) -> tuple[KeyPath, BackgroundNumber] | None:
        """Where the card names a table of backgrounds, and the block around it."""
        for name in ("counting", "recast"):
            block = getattr(self.analysis, name)
            if block is not None and block.background is not None and block.background.table is not None:
                return (name, "background", "table"), block.background
        return None

    def background_of_table(self, mass: float) -> tuple[float, float] | None:
        """Background and error of the table at a mass (GeV); None without one. Raises `CardError` outside of the table."""
        if self.background_table is None or self._table_key is None:
            return None
        try:
            return self.background_table.at(mass)
        except InputError as error:
            raise CardError([self.analysis.problem(self._table_key[0], str(error))]) from None

    @cached_property
    def exposures(self) -> tuple[float, ...]:
        """Of each process, in 1/pb. Raises `CardError` if the cards give none, or contradict each other."""
        return tuple(exposure(self.analysis, setup(process)) for process in self.processes)

    @property
    def exposure(self) -> float:
        """The largest exposure of a process, in 1/pb: what rates and allowed rates of the experiment refer to."""
        return max(self.exposures)

    def shares(self) -> tuple[float, ...]:
        """The exposure of each process over the largest; 1 for a recast, which compares rates at the same beams."""
        if self.analysis.counting is None:
            return (1.0,) * len(self.processes)
        return tuple(each / self.exposure for each in self.exposures)

    def collisions(self) -> tuple[Collision, ...]:
        """Those of all processes."""
        return tuple(collision for process in self.processes for collision in process.collisions())

    @property
    def beam(self) -> Collision:
        """The beam whose bremsstrahlung is a background. Raises `InputError` if processes have different ones."""
        first, *others = self.collisions()
        if other := next((each for each in others if not math.isclose(each.momentum_z, first.momentum_z)), None):
            raise InputError(
                f"{self.analysis.origin}: counting.background.shape: bremsstrahlung is that of one beam, but the processes "
                f"have beams of {first.momentum_z:g} and {other.momentum_z:g} GeV"
            )
        return first

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
        """The process cards and the reference at a mass (GeV), sampled so that one sample serves every coupling.

        Raises `CardError` where nothing is made at this mass, or the background's table does not reach it.
        """
        self.background_of_table(mass)

        def moved(card: ProcessCard, times: int, *extra: str) -> ProcessCard:
            at_mass = f"model.{card.mass_key}={float(mass)!r} GeV"
            seed = [] if self.seed is None else [f"seed={self.seed}"]
            if card.process in STANDARD_MODEL:
                raise InputError(
                    f"{self.analysis.problem(('process',), card.name)} makes nothing beyond the Standard Model: no limit "
                    "follows from it"
                )
            try:
                return ProcessCard.load(card, [at_mass, f"events={times * (events or card.events)}", *seed, *extra])
            except CardError as error:
                place = f"{self.analysis.name}: process card '{card.name}'"
                raise CardError(
                    [f"{place}: {text.removeprefix(f'override {at_mass}: ')}" for text in error.problems]
                ) from None

        reference = None if self.reference is None else moved(self.reference, REFERENCE_SAMPLE)
        # a decay in the events would be at the card's coupling, a limit is at its own
        cards = tuple(
            following(self.analysis, moved(process, 1, "sampling=balanced", "decay=none"), mass)
            for process in self.processes
        )
        problems = [text for card in cards for text in selection_problems(self.analysis, self.detector, card, mass)]
        problems += [text for process in self.processes for text in decay_problems(self.analysis, process, mass)]
        if problems:
            raise InputError(*problems)  # not a mass out of reach, which a `CardError` is taken for
        return cards, reference


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
    """By coupling, the limits that the background alone would give at -2, -1, 0, 1, 2 standard deviations, of a band its
    lower edges. NaN where the method has none there; nothing where it has no background."""
    p_values: dict[str, float] = field(default_factory=dict)
    """Of a limit from observed shapes, by coupling: the local p-value of the background alone."""
    ray: str = ""
    """The direction in which the couplings grow together, like `g_agamma=0.001 g_ae=1`; empty for one coupling at a time."""
    empty: dict[str, str] = field(default_factory=dict)
    """By coupling, why there is no limit on it; of each without one."""

    def expected_at(self, index: int) -> PointLimit:
        """The row with the limits of the expected band, the `index`-th, in place of its own; NaN where one is missing."""
        limits = {name: CouplingLimit(band[index]) for name, band in self.expected.items()}
        if not all(math.isfinite(limit.value) for limit in limits.values()):
            limits = {}
        allowed = {name: Rate(self.rates[name].value * limit.value**2) for name, limit in limits.items()}
        photon, electron = (limits.get(name, NO_LIMIT) for name in COUPLINGS)
        return replace(self, g_agamma=photon, g_ae=electron, allowed=allowed)

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
    """The limit on one coupling, or why there is none; the allowed rate, the relative systematic, the expected band."""

    limit: CouplingLimit
    allowed: Rate
    systematic: float = 0.0
    expected: tuple[float, ...] = ()
    p_value: float | None = None
    reason: str = ""


def load_experiment(
    analysis: str | Path | AnalysisCard,
    overrides: str | Sequence[str] = (),
    process: str | Path | None = None,
    detector: str | Path | None = None,
) -> Experiment:
    """The cards behind an analysis card. An override may begin with `process.` or `detector.` to reach those cards.

    How the beams spread and radiate is then the same for a recast's dark photon.
    """
    own, inner = [], {"process": [], "detector": []}  # type: ignore[var-annotated]
    for override in several(overrides):
        kind, dot, rest = override.partition(".")
        (inner[kind] if dot and kind in inner else own).append(rest if dot and kind in inner else override)
    card = AnalysisCard.load(analysis, own)
    names = [(("process",), card.process)] if isinstance(card.process, str) else _numbered(card.process)
    shared = [override for override in inner["process"] if override.startswith(OF_BOTH)]
    reference = None
    if card.recast is not None:
        reference = named_card(ProcessCard, card, ("recast", "process"), card.recast.process, shared)
    if process is not None:
        produced: tuple[ProcessCard, ...] = (ProcessCard.load(process, inner["process"]),)
    else:
        produced = tuple(named_card(ProcessCard, card, path, name, inner["process"]) for path, name in names)
    for found in produced:
        if found.process == "dark_photon":
            raise InputError(f"{card.origin}: the process card '{found.name}' makes a dark photon, an ALP is due")
    if reference is not None and reference.process != "dark_photon":
        raise InputError(f"{card.origin}: recast.process: '{reference.name}' makes an ALP, a dark photon is due")
    if detector is not None:
        seen_by = DetectorCard.load(detector, inner["detector"])
    else:
        seen_by = named_card(DetectorCard, card, ("detector",), card.detector, inner["detector"])
    experiment = Experiment(card, produced, seen_by, reference)
    backgrounds = experiment.backgrounds  # read once, and a bad card is told before any work
    check(card, produced, seen_by, reference, () if backgrounds is None else backgrounds.processes)
    _ = experiment.background_table
    return experiment


def _numbered(names: Sequence[str]) -> list[tuple[KeyPath, str]]:
    return [(("process", index), name) for index, name in enumerate(names)]


def reference_in_memory(
    experiment: Experiment, reference: ProcessCard | None, point: int = 0, made: Made | None = None
) -> Measurement | None:
    """The dark photon of a recast, seen by the same detector and selection; None where nothing is recast."""
    if reference is None:
        return None
    return in_memory(reference, experiment.detector, experiment.analysis, REFERENCE_POINTS + point, made)


@dataclass(frozen=True)
class Sample:
    """What the detector and the selection of an experiment leave of its processes, and of a recast's dark photon."""

    measured: tuple[Measurement, ...]
    reference: Measurement | None
    events: int


def sampled(experiment: Experiment, mass: float, point: int, events: int, made: Made | None = None) -> Sample:
    """Generate, simulate and count at a mass (GeV), without files."""
    processes, reference = experiment.at(mass, events)
    if made is not None:
        made.wanted(sum(card.events for card in (*processes, reference) if card is not None))
    measured = tuple(in_memory(process, experiment.detector, experiment.analysis, point, made) for process in processes)
    return Sample(measured, reference_in_memory(experiment, reference, point, made), events)


def of_component(experiment: Experiment, measured: Sequence[Measurement], component: str) -> tuple[Measurement, ...]:
    """The measurements of the processes that have this component, with their shares of the exposure; their events add up."""
    with_shares = (replace(each, share=share) for each, share in zip(measured, experiment.shares(), strict=True))
    return tuple(each for each in with_shares if component in each.sums.weights)


def joined(measured: Sequence[Measurement], component: str) -> Measurement:
    """One measurement whose peak has the events of all processes with a component, each as often as it is expected."""
    first = measured[0]
    if len(measured) == 1 or first.peak is None:
        return first
    peaks = [each.expected_peak(component) for each in measured]
    values, weights = (np.concatenate(columns) for columns in zip(*peaks, strict=True))
    return replace(first, peak=Peak((component,), values, weights[:, None]))


def together(rates: Sequence[Rate]) -> Rate:
    """The sum of rates of several processes. They share random numbers of the detector: their errors add up linearly."""
    return Rate(sum(each.value for each in rates), sum(each.error for each in rates))


def point_limit(
    experiment: Experiment, measured: Sequence[Measurement], reference: Measurement | None, events: int
) -> PointLimit:
    """The limits on both couplings, each alone, from the measurements of the processes at one mass.

    Raises `InputError` where a sample is too small for a limit, or the cards give no exposure.
    """
    row = invisible_limit(experiment, measured, reference, events)
    if all(each.flight is None for each in measured):
        return row
    rays = [direction(row.mass, coupling) for coupling in (PHOTON_ONLY, ELECTRON_ONLY)]
    photon, electron = (ray_limit(experiment, measured, row, ray) for ray in rays)
    bands = [ray_band(experiment, measured, row, ray) for ray in rays]
    lost = {
        name: DECAYED
        for name, found in zip(COUPLINGS, (photon, electron), strict=True)
        if not math.isfinite(found.lower.value) and name not in row.empty
    }
    return replace(
        row,
        g_agamma=photon.lower,
        g_agamma_upper=photon.upper,
        g_ae=electron.lower,
        g_ae_upper=electron.upper,
        expected={name: band for name, band in zip(COUPLINGS, bands, strict=True) if name in row.expected},
        empty=row.empty | lost,
    )


def invisible_limit(
    experiment: Experiment, measured: Sequence[Measurement], reference: Measurement | None, events: int
) -> PointLimit:
    """The limits on both couplings, each alone, where no decay is seen. Raises `InputError` as `point_limit` does."""
    card = experiment.analysis
    found = {name: of_component(experiment, measured, name) for name in (*COUPLINGS, "interference")}
    sizes = {name: min(each.sums.effective_size(name) for each in found[name]) for name in COUPLINGS if found[name]}
    for name, size in sizes.items():
        if size < SMALLEST_EFFECTIVE_SIZE:
            raise InputError(
                f"{card.name}: an effective {size:.0f} events for the {name} coupling, a limit needs "
                f"{SMALLEST_EFFECTIVE_SIZE}; generate at least {2 * SMALLEST_EFFECTIVE_SIZE}"
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
        empty={name: found_limit.reason for name, found_limit in limits.items() if found_limit.reason},
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
    flights = {name: of_component(experiment, measured, name) for name in COUPLINGS}
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


def ray_band(
    experiment: Experiment,
    measured: Sequence[Measurement],
    invisible: PointLimit,
    ray: Couplings,
    *,
    interference: bool = True,
) -> tuple[float, ...]:
    """The scales on a ray that the background alone would give at -2 to 2 standard deviations; none without a band.

    NaN where that on a coupling is missing.
    """
    if not invisible.expected:
        return ()
    rows = [invisible.expected_at(index) for index in range(len(DEVIATIONS))]
    return tuple(ray_limit(experiment, measured, row, ray, interference=interference).lower.value for row in rows)


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
    """The limit on one coupling; what is allowed follows from the events of all processes that have it."""
    card = experiment.analysis
    if not found:
        return FoundLimit(NO_LIMIT, Rate(math.nan, math.nan), reason=NOT_MADE)
    if rate.value <= 3 * rate.error:
        return FoundLimit(NO_LIMIT, Rate(math.nan, math.nan), reason=TOO_FEW)
    limit = _limit_from(experiment, joined(found, component), reference, component, rate)
    if math.isfinite(limit.limit.value):
        return limit
    return replace(limit, systematic=0.0, reason=_why_none(card, limit.allowed))


def _why_none(card: AnalysisCard, allowed: Rate) -> str:
    """Why a coupling whose events are selected has no limit: because of what is allowed."""
    if math.isfinite(allowed.value) and card.recast is not None:
        return "nothing of the dark photon that it is compared with passes; does the detector card see it?"
    if math.isfinite(allowed.value):
        return "its allowed number of events is not known well enough; more events would tell it"
    if card.recast is not None:
        return "outside the published curve"
    return f"'{_method(card)}' gives none for these events, or none of the peak is in its window"


def _limit_from(
    experiment: Experiment, measured: Measurement, reference: Measurement | None, component: str, rate: Rate
) -> FoundLimit:
    """The limit on one coupling of which enough is selected."""
    card = experiment.analysis
    if card.recast is not None:
        assert reference is not None
        block = card.recast.model_copy(update={"curve": str(beside(card, card.recast.curve))})
        allowed = allowed_rate(published_limit(block, measured.mass), reference.rate("dark_photon"))
        allowed = allowed.scaled(_at_luminosity(experiment, measured.mass))
        return FoundLimit(coupling_limit(allowed, rate), allowed, 0.5 * card.recast.uncertainty)
    if card.limit.method == "shape":
        return _limit_from_shapes(experiment, measured, component, rate)
    allowed = _with_error(experiment, measured, component)
    systematic = _shape_systematic(experiment, measured, component, allowed)
    band = tuple(coupling_limit(each, rate).value for each in _expected_rates(experiment, measured, component))
    return FoundLimit(coupling_limit(allowed, rate), allowed, systematic, band)


def _limit_from_shapes(experiment: Experiment, measured: Measurement, component: str, rate: Rate) -> FoundLimit:
    """The limit on one coupling, the expected band and the local p-value, from the likelihood of the bins."""
    per_pb = experiment.exposure
    assert experiment.backgrounds is not None
    found = experiment.backgrounds.limit(measured, component, toys=experiment.toys)
    allowed = Rate(found.value / per_pb, found.error / per_pb)
    band = tuple(coupling_limit(Rate(events / per_pb), rate).value for events in found.band)
    return FoundLimit(coupling_limit(allowed, rate), allowed, 0.0, band, found.p_value)


def _at_luminosity(experiment: Experiment, mass: float) -> float:
    """What a recast allows at its own luminosity, over what it allows at that of the publication."""
    try:
        return at_luminosity(experiment.analysis, experiment.background_of_table(mass))
    except NoLimitError:
        return math.nan
    except ValueError as error:
        raise InputError(f"{experiment.analysis.origin}: recast.background: {error}") from None


def expected_background(experiment: Experiment, mass: float) -> tuple[float, float]:
    """The background that a counting experiment expects at a mass (GeV), and its error, at the exposure of the cards.

    Raises `InputError` where the cards do not give the luminosity that it grows with, and `CardError` outside of a table.
    """
    card = experiment.analysis
    assert card.counting is not None
    of_table = experiment.background_of_table(mass)
    background = card.counting.background
    luminosity = None
    if background is not None and background.per_luminosity is not None and card.counting.luminosity is None:
        own = {setup(process).luminosity for process in experiment.processes}
        if len(own) > 1:
            path = ("counting", "background", "per_luminosity")
            problem = card.problem(path, "the process cards have several luminosities: give one in 'counting'")
            raise CardError([problem])
        (luminosity,) = own
    try:
        return background_events(card.counting, luminosity, of_table)
    except ValueError as error:
        raise InputError(f"{card.origin}: {error}") from None


def _allowed_rate(experiment: Experiment, measured: Measurement, component: str, shape: str | None = None) -> Rate:
    """The allowed cross-section times efficiency in pb, from the counting experiment in the signal window."""
    card = experiment.analysis
    signal_share, background_in_window, own = _in_window(experiment, measured, component, shape)
    if signal_share == 0:  # an edge of the selection has moved the whole peak
        return Rate(math.nan, math.nan)
    try:
        events = signal_events_limit(card, background_in_window, own)
    except NoLimitError:
        return Rate(math.nan, math.nan)
    except ValueError as error:
        raise InputError(f"{card.origin}: {error}") from None
    return Rate(events / experiment.exposure / signal_share)


def _expected_rates(experiment: Experiment, measured: Measurement, component: str) -> tuple[Rate, ...]:
    """The allowed rates that the background alone would give; none where the method does not depend on a background."""
    signal_share, background_in_window, own = _in_window(experiment, measured, component)
    if signal_share == 0:
        return ()
    try:
        band = signal_events_band(experiment.analysis, background_in_window, own)
    except ValueError as error:
        raise InputError(f"{experiment.analysis.origin}: {error}") from None
    return tuple(Rate(events / experiment.exposure / signal_share) for events in band)


def _in_window(
    experiment: Experiment, measured: Measurement, component: str, shape: str | None = None
) -> tuple[float, float, tuple[float, float]]:
    """The shares of the signal and of the background in the signal window, and the background with its error.

    That is the whole one, or from events the one in the window, of which the share is 1.
    """
    card = experiment.analysis
    if card.counting is None:
        raise InputError(f"{card.name}: the card has neither 'counting' nor 'recast': there is nothing to set a limit with")
    signal_share = background_in_window = 1.0
    own = None
    background = card.counting.background
    if card.counting.window is not None and background is not None and measured.peak is not None:
        values, weights = measured.peak.of(component)
        if width(values, weights) < 1e-9 * max(each.sqrt_s for each in experiment.collisions()) ** 2:
            raise InputError(f"{card.name}: the peak has no width: a window needs a detector with a resolution")
        (low, high), signal_share = window(values, weights, measured.mass, card.counting.window.half_width)
        chosen = shape or background.shape or "flat"
        if chosen in FROM_EVENTS:
            assert experiment.backgrounds is not None
            own = experiment.backgrounds.templates.within(low, high)
        else:
            beam: Any = experiment.beam.as_dict() if chosen == "bremsstrahlung" else {}
            background_in_window = background_share(card, background, beam, low, high, chosen)
    return signal_share, background_in_window, own or expected_background(experiment, measured.mass)


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
    if counting.on_target is None or not math.isfinite(allowed.value):
        return 0.0  # bremsstrahlung is that of positrons in a target
    if any(experiment.analysis.photon_range(name) is None for name in ("photon.energy", "photon.theta")):
        return 0.0  # the other shape is not defined
    other = _allowed_rate(experiment, measured, component, shape="bremsstrahlung")
    return abs(math.sqrt(other.value / allowed.value) - 1)
