"""The backgrounds of an analysis card from events, and the limits that their shapes give."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from alphoton.analysis.analysis_card import ON_TARGET, AnalysisCard, Background, BinsBlock, CountingBlock, TemplateBlock
from alphoton.analysis.belonging import check_file
from alphoton.analysis.counting import Measurement, check_reco
from alphoton.analysis.exposure import Setup, exposure
from alphoton.analysis.limits import background_events
from alphoton.analysis.shape import ShapeLimit, ShapeModel, shape_limit
from alphoton.analysis.shape_limits import LEAST_EVENTS, events_that_count, limit_from_shapes
from alphoton.analysis.templates import Binned, Template, Templates
from alphoton.data.card_paths import data_file
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile
from alphoton.data.provenance import ContentCache, digest_of, file_digest
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import load_process, source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.measurements import beside, from_file, measured_source

TEMPLATE_POINTS = 1 << 21
"""The scan point of the first background: its random numbers are not those of a signal."""
PARTS = 20
"""Of a peak, whose limits tell the statistical error of that of the whole."""
EXPOSURE = ("luminosity", *ON_TARGET, "target")
"""Keys of 'counting' that turn a cross-section into events."""
KEPT = 8
"""Sets of backgrounds that stay in memory: analyses that differ in how they count share one."""
_templates: ContentCache[tuple[Template, ...]] = ContentCache(KEPT)


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
    seed: int | None = None
    """Of what is generated and of pseudo-experiments, in place of the cards' own."""

    @classmethod
    def of(cls, card: AnalysisCard, detector: DetectorCard, seed: int | None = None) -> Backgrounds | None:
        """None where the limit uses none. Raises `CardError` where a process card is bad."""
        if not card.uses_templates:
            return None
        counting = _counting(card)
        assert counting.background is not None
        blocks = counting.background.templates
        return cls(card, detector, tuple(_process_card(card, block, seed) for block in blocks), seed)

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
            own = toy_seed(measured.mass, self.seed)
            try:
                found = limit_from_shapes(model, seen, level, seed=own, toys=self.bins.toys)
            except (ValueError, ArithmeticError) as error:
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
        return _templates.get(self._key(), lambda: tuple(map(self._template, range(len(self.processes)))))

    def _key(self) -> str:
        """A digest of what the templates follow from."""
        files = [self._file(index) for index, block in enumerate(self.block.templates) if block.file is not None]
        return digest_of(
            [
                [None if each is None else each.content for each in self.processes],
                [[str(path), file_digest(path)] for path in files],
                self.detector.content,
                [block.model_dump(mode="json") for block in (*self.card.selection, *self.card.vetoes)],
                _counting(self.card).model_dump(mode="json", include=set(EXPOSURE)),
            ]
        )

    def _file(self, index: int) -> Path:
        name = self.block.templates[index].file
        assert name is not None
        return data_file(Path(self.card.origin), name)

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
                check_file(self.card, path, meta)
            measured = from_file(path, self.card)
        key = f"counting.background.templates.{index}"
        place = f"{self.card.place(('counting', 'background', 'templates', index))}: {key}: '{name}'"
        return Template.of(name, measured, exposure(self.card, Setup.of_meta(meta, place)))


def _counting(card: AnalysisCard) -> CountingBlock:
    assert card.counting is not None
    return card.counting


def _process_card(card: AnalysisCard, block: TemplateBlock, seed: int | None) -> ProcessCard | None:
    if block.process is None:
        return None
    return load_process(beside(card, block.process), events=block.events, seed=seed)


def toy_seed(mass: float, seed: int | None = None) -> int:
    """Each mass (GeV) has pseudo-experiments of its own, the same in every run with the same seed."""
    own = round(mass * 1e9)
    return own if seed is None else int(np.random.SeedSequence([seed, own]).generate_state(1, np.uint64)[0])
