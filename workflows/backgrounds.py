"""The backgrounds of an analysis card from events, and the limits that their shapes give."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from alphoton.analysis.analyse import exposure_of
from alphoton.analysis.analysis_card import AnalysisCard, Background, BinsBlock, CountingBlock, TemplateBlock
from alphoton.analysis.counting import Measurement, check_reco
from alphoton.analysis.limits import background_events
from alphoton.analysis.shape import ShapeLimit, ShapeModel, shape_limit
from alphoton.analysis.shape_limits import LEAST_EVENTS, events_that_count, limit_from_shapes
from alphoton.analysis.templates import Binned, Template, Templates
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.measurements import beside, from_file, measured_source
from alphoton.workflows.provenance import digest_of

TEMPLATE_POINTS = 1 << 21
"""The scan point of the first background: its random numbers are not those of a signal."""
PARTS = 20
"""Of a peak, whose limits tell the statistical error of that of the whole."""
EXPOSURE = ("luminosity", "positrons_on_target", "electrons_on_target", "target")
"""Keys of 'counting' that turn a cross-section into events."""
KEPT = 8
"""Sets of backgrounds that stay in memory: analyses that differ in how they count share one."""
_made: dict[str, tuple[Template, ...]] = {}


@dataclass(frozen=True)
class EventsLimit:
    """A `ShapeLimit` in numbers of selected signal events; the error is that of the signal's shape, from its Monte Carlo
    events, and that of pseudo-experiments, from their number."""

    value: float
    error: float
    band: tuple[float, ...]
    p_value: float | None


@dataclass(frozen=True)
class Backgrounds:
    """The backgrounds that an analysis card's limit uses, behind its detector; a process card for each, None for a file.

    They are generated and simulated when they are first asked for.
    """

    card: AnalysisCard
    detector: DetectorCard
    processes: tuple[ProcessCard | None, ...]

    @classmethod
    def of(cls, card: AnalysisCard, detector: DetectorCard) -> Backgrounds | None:
        """None where the limit uses none. Raises `CardError` where a process card is bad."""
        if not card.uses_templates:
            return None
        counting = _counting(card)
        assert counting.background is not None
        return cls(card, detector, tuple(_process_card(card, block) for block in counting.background.templates))

    @property
    def block(self) -> Background:
        """The card's background."""
        background = _counting(self.card).background
        assert background is not None
        return background

    @property
    def bins(self) -> BinsBlock:
        """The card's bins."""
        bins = _counting(self.card).bins
        assert bins is not None
        return bins

    @cached_property
    def templates(self) -> Templates:
        """The events. Raises `InputError` where a file is no reco file, or the cards give no exposure."""
        total = background_events(_counting(self.card))[0] if self.block.shape == "scaled_events" else None
        errors = [block.error for block in self.block.templates]
        items = (replace(item, error=error) for item, error in zip(self._items(), errors, strict=True))
        return Templates(tuple(items), total, exact=not self.block.template_statistics)

    @cached_property
    def binned(self) -> Binned:
        """The same in the bins of the card."""
        return self.templates.binned(np.linspace(*self.bins.range, self.bins.number + 1))

    def model(self, measured: Measurement, component: str) -> ShapeModel:
        """The likelihood of one coupling's signal; mu is the number of its selected events.

        Raises `InputError` where the bins make no likelihood.
        """
        assert measured.peak is not None
        try:
            return self.binned.model(*measured.peak.of(component))
        except ValueError as error:
            raise InputError(f"{self.card.origin}: counting.bins: {measured.mass * 1e3:g} MeV: {error}") from None

    def limit(self, measured: Measurement, component: str, *, toys: bool = True) -> EventsLimit:
        """The limit on the number of selected signal events of one coupling. Raises `InputError` as `model` does.

        Without `toys` it is asymptotic: to learn what the Monte Carlo error of the signal's shape is.
        """
        seen, level = self.bins.observed, self.card.limit.confidence_level
        model = self.model(measured, component)
        found = shape_limit(model, seen, level)
        parts = [self.model(measured.part(k, PARTS), component) for k in range(PARTS)]
        values = [shape_limit(part, seen, level).value for part in parts]
        relative = float(np.std(values, ddof=1)) / math.sqrt(PARTS) / found.value
        if self.card.limit.engine == "pyhf":
            found = self._by_pyhf(model, measured.mass)
        elif toys:
            try:
                found = limit_from_shapes(model, seen, level, seed=toy_seed(measured.mass), toys=self.bins.toys)
            except ValueError as error:
                raise InputError(f"{self.card.origin}: counting.bins: {measured.mass * 1e3:g} MeV: {error}") from None
        return EventsLimit(found.value, math.hypot(relative * found.value, found.error), found.band, found.p_value)

    def _by_pyhf(self, model: ShapeModel, mass: float) -> ShapeLimit:
        """Raises `InputError` where too few events count for its asymptotic formulas."""
        from alphoton.workflows.exchange.pyhf_limits import pyhf_limit  # an extra

        seen, level = self.bins.observed, self.card.limit.confidence_level
        if (events := events_that_count(model, seen, level)) < LEAST_EVENTS:
            raise InputError(
                f"{self.card.origin}: limit.engine: {mass * 1e3:g} MeV: {events:.3g} events count, and pyhf's asymptotic "
                f"formulas need {LEAST_EVENTS:g}; leave 'engine' out, and the limit comes from pseudo-experiments"
            )
        return pyhf_limit(model, seen, level)

    def _items(self) -> tuple[Template, ...]:
        """The templates, made once for all analyses that have the same."""
        key = self._key()
        if key not in _made:
            made = tuple(self._template(index) for index in range(len(self.processes)))
            while len(_made) >= KEPT:
                del _made[next(iter(_made))]
            _made[key] = made
        return _made[key]

    def _key(self) -> str:
        """A digest of what the templates follow from."""
        files = [self._file(index) for index, block in enumerate(self.block.templates) if block.file is not None]
        return digest_of(
            [
                [None if each is None else each.resolved for each in self.processes],
                [[str(path), path.stat().st_mtime_ns if path.is_file() else None] for path in files],
                self.detector.resolved,
                [block.model_dump() for block in (*self.card.selection, *self.card.vetoes)],
                _counting(self.card).model_dump(include=set(EXPOSURE)),
            ]
        )

    def _file(self, index: int) -> Path:
        name = self.block.templates[index].file
        assert name is not None
        return Path(beside(self.card, name))

    def _template(self, index: int) -> Template:
        process = self.processes[index]
        if process is not None:
            source = EventSource(process, TEMPLATE_POINTS + index)
            measured, meta, name = measured_source(source, self.detector, self.card), source_meta(source), process.name
        else:
            path = self._file(index)
            with EventFile(path) as file:
                meta, name = file.meta, path.stem
                check_reco(path, file.branches)
            measured = from_file(path, self.card)
        per_pb = exposure_of(self.card, meta)
        if per_pb is None:
            raise InputError(f"{self.card.origin}: counting: gives no exposure for the background '{name}'")
        return Template.of(name, measured, per_pb)


def _counting(card: AnalysisCard) -> CountingBlock:
    assert card.counting is not None
    return card.counting


def _process_card(card: AnalysisCard, block: TemplateBlock) -> ProcessCard | None:
    if block.process is None:
        return None
    return ProcessCard.load(beside(card, block.process), [] if block.events is None else [f"events={block.events}"])


def toy_seed(mass: float) -> int:
    """Each mass has pseudo-experiments of its own, the same in every run."""
    return round(mass * 1e9)
