"""e+ e- -> nu nubar gamma in the DELPHI analysis: the events to be expected, and what a broader resolution changes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import add

from alphoton.analysis.analyse import exposure_of, summarise
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import count
from alphoton.analysis.selection import EventView
from alphoton.analysis.statistics import Counting, upper_limit
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct
from alphoton.generators.event_source import EventSource
from alphoton.generators.executors import chunks
from alphoton.generators.generate import source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import Experiment, load_experiment
from alphoton.workflows.figures.samples import ALONE, acceptances
from alphoton.workflows.report.claim_tools import LIGHT, Measured

SELECTABLE = ("photon.least_angle=45 deg",)
"""Leaves out none of the photons that the analysis selects: the detectors here measure angles exactly."""
EVENTS = 150_000
SIGNAL_EVENTS = 20_000
RELATIVE_ERROR = 0.1
"""Of the background, as in the paper."""


@dataclass(frozen=True)
class Choice:
    """A resolution: expected background, signal efficiency of a light ALP, and g_agamma's limit over the packaged card's.

    The limit counts the 61 events observed over this background with an error of 10%, and has this efficiency.
    """

    background: Measured
    efficiency: Measured
    limit_ratio: float


@cache
def choice(detector: str, *overrides: str, scale: float = 1.0) -> Choice:
    """What follows from a detector card, perhaps with overrides, and an energy scale, for background and signal."""
    experiment = _experiment(scale, detector, *overrides)
    background, signal, usual = expected(experiment), _efficiency(experiment), _efficiency(_experiment(1.0, "delphi"))
    counting = experiment.analysis.counting
    assert counting is not None
    assert counting.observed is not None
    assert counting.background is not None
    own = Counting(counting.observed, background.value, RELATIVE_ERROR * background.value)
    paper = Counting(counting.observed, counting.background.events, counting.background.error)
    ratio = math.sqrt(upper_limit(own) / upper_limit(paper) * usual.value / signal.value)
    return Choice(background, signal, ratio)


def _experiment(scale: float, detector: str, *overrides: str) -> Experiment:
    """The analysis `delphi` with another detector, which measures `scale` times the energy: its cuts are as much lower."""
    packaged = load_experiment("delphi")
    (place,) = (n for n, cut in enumerate(packaged.analysis.selection) if cut.quantity == "photon.energy")
    bounds = packaged.analysis.selection[place].bounds("fraction")
    cuts = [f"selection.{place}.{key}={bound / scale!r}" for key, bound in zip(("min", "max"), bounds, strict=True)]
    analysis = packaged.analysis if scale == 1 else AnalysisCard.load(packaged.analysis, cuts)
    return replace(packaged, analysis=analysis, detector=DetectorCard.load(detector, overrides))


@cache
def _events() -> tuple[EventSource, tuple[EventView, ...]]:
    source = EventSource(ProcessCard.load("delphi-nunugamma", [*SELECTABLE, f"events={EVENTS}"]))
    meta = source_meta(source)
    meta["detector_seed"] = source.card.seed
    return source, tuple(EventView(drawn.events, meta) for drawn in chunks(source, source.card.events))


def expected(experiment: Experiment) -> Measured:
    """Events that an experiment at DELPHI's beams selects in their luminosity, with the Monte Carlo error."""
    analysis, detector = experiment.analysis, experiment.detector
    source, views = _events()
    sums = []
    for index, view in enumerate(views):
        reco = EventView(reconstruct(detector, view.chunk, view.meta, index), view.meta)
        sums.append(count(analysis, reco)[0])
    made, per_pb = source.cross_section, exposure_of(analysis, views[0].meta)
    found = summarise(reduce(add, sums), made.value, made.error, per_pb=per_pb)
    assert found.expected_events is not None
    assert found.expected_events_error is not None
    return Measured(found.expected_events, found.expected_events_error)


def _efficiency(experiment: Experiment) -> Measured:
    """Of a light ALP with a photon coupling."""
    found = acceptances(experiment, LIGHT, SIGNAL_EVENTS, ALONE, 0)["photon"]
    return Measured(found.value, found.error)
