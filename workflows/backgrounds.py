"""The backgrounds of an analysis card from events, and the limits that their shapes give."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.analysis.analyse import exposure_of
from alphoton.analysis.analysis_card import AnalysisCard, Background, BinsBlock, TemplateBlock
from alphoton.analysis.counting import Measurement
from alphoton.analysis.limits import background_events
from alphoton.analysis.shape import ShapeModel, shape_limit
from alphoton.analysis.shape_toys import toy_limit
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
"""Analyses whose backgrounds stay in memory: each mass of a scan has the same."""
_templates: dict[str, tuple[Template, ...]] = {}
_binned: dict[str, Binned] = {}


@dataclass(frozen=True)
class EventsLimit:
    """A `ShapeLimit` in numbers of selected signal events, with the Monte Carlo error of the signal's shape."""

    value: float
    error: float
    band: tuple[float, ...]
    p_value: float | None


def background_of(card: AnalysisCard) -> Background:
    """The background block of a card that uses templates."""
    assert card.counting is not None
    assert card.counting.background is not None
    return card.counting.background


def template_cards(card: AnalysisCard) -> list[ProcessCard | None]:
    """The process card of each template that a limit uses, None for a reco file. Raises `CardError` for a bad one."""
    if not card.uses_templates:
        return []
    return [_process_card(card, block) for block in background_of(card).templates]


def _process_card(card: AnalysisCard, block: TemplateBlock) -> ProcessCard | None:
    if block.process is None:
        return None
    return ProcessCard.load(beside(card, block.process), [] if block.events is None else [f"events={block.events}"])


def templates_of(card: AnalysisCard, detector: DetectorCard) -> Templates:
    """The backgrounds of a card behind a detector, generated and simulated when they are first asked for.

    Raises `InputError` where a file is no reco file, or the cards give no exposure.
    """
    background, key = background_of(card), _key(card, detector)
    if key not in _templates:
        found = tuple(_template(card, detector, index) for index in range(len(background.templates)))
        _keep(_templates, key, found)
    assert card.counting is not None
    total = background_events(card.counting)[0] if background.shape == "scaled_events" else None
    errors = [block.error for block in background.templates]
    items = (replace(item, error=error) for item, error in zip(_templates[key], errors, strict=True))
    return Templates(tuple(items), total, exact=not background.template_statistics)


def _key(card: AnalysisCard, detector: DetectorCard) -> str:
    """A digest of what the templates follow from."""
    assert card.counting is not None
    files = [Path(beside(card, block.file)) for block in background_of(card).templates if block.file is not None]
    return digest_of(
        [
            card.origin,
            [None if each is None else each.resolved for each in template_cards(card)],
            [[str(path), path.stat().st_mtime_ns if path.is_file() else None] for path in files],
            detector.resolved,
            [block.model_dump() for block in (*card.selection, *card.vetoes)],
            card.counting.model_dump(include=set(EXPOSURE)),
        ]
    )


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    """Remember a value, and forget the oldest of too many."""
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[key] = value


def _template(card: AnalysisCard, detector: DetectorCard, index: int) -> Template:
    block = background_of(card).templates[index]
    process = _process_card(card, block)
    if process is not None:
        source = EventSource(process, TEMPLATE_POINTS + index)
        measured, meta, name = measured_source(source, detector, card), source_meta(source), process.name
    else:
        assert block.file is not None
        path = Path(beside(card, block.file))
        with EventFile(path) as file:
            meta, name = file.meta, path.stem
            if "MissingMass2" not in file.branches:
                raise InputError(f"{path}: has not been through a detector; make a reco file with 'alphoton simulate'")
        measured = from_file(path, card)
    per_pb = exposure_of(card, meta)
    if per_pb is None:
        raise InputError(f"{card.origin}: counting: gives no exposure for the background '{name}'")
    return Template.of(name, measured, per_pb)


# --- limits from shapes --------------------------------------------------------------------------------------------------


def bins_of(card: AnalysisCard) -> BinsBlock:
    """The bins of a card with `method: shape`."""
    assert card.counting is not None
    assert card.counting.bins is not None
    return card.counting.bins


def binned_of(card: AnalysisCard, detector: DetectorCard) -> Binned:
    """The backgrounds in the bins of a card."""
    bins, background = bins_of(card), background_of(card)
    key = digest_of([_key(card, detector), bins.model_dump(), background.model_dump()])
    if key not in _binned:
        _keep(_binned, key, templates_of(card, detector).binned(np.linspace(*bins.range, bins.number + 1)))
    return _binned[key]


def shape_model(card: AnalysisCard, detector: DetectorCard, measured: Measurement, component: str) -> ShapeModel:
    """The likelihood of one coupling's signal; mu is the number of its selected events.

    Raises `InputError` where the bins make no likelihood.
    """
    assert measured.peak is not None
    try:
        return binned_of(card, detector).model(*measured.peak.of(component))
    except ValueError as error:
        raise InputError(f"{card.origin}: counting.bins: {measured.mass * 1e3:g} MeV: {error}") from None


def shape_limit_of(card: AnalysisCard, detector: DetectorCard, measured: Measurement, component: str) -> EventsLimit:
    """The limit on the number of selected signal events of one coupling. Raises `InputError` as `shape_model` does."""
    bins, level = bins_of(card), card.limit.confidence_level
    model = shape_model(card, detector, measured, component)
    found = shape_limit(model, bins.observed, level)
    parts = [shape_model(card, detector, measured.part(k, PARTS), component) for k in range(PARTS)]
    values = [shape_limit(part, bins.observed, level).value for part in parts]
    relative = float(np.std(values, ddof=1)) / math.sqrt(PARTS) / found.value
    if bins.toys is not None:
        found = toy_limit(model, bins.observed, bins.toys, toy_seed(measured.mass), level)
    return EventsLimit(found.value, relative * found.value, found.band, found.p_value)


def toy_seed(mass: float) -> int:
    """Each mass has pseudo-experiments of its own, the same in every run."""
    return round(mass * 1e9)
