"""The verb `analyse`: a reco file and an analysis card give a cutflow, an efficiency and histograms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.belonging import check_file
from alphoton.analysis.counting import Sums, check_reco, count, needed_branches, weight_columns
from alphoton.analysis.exposure import NoExposureError, Setup, exposure
from alphoton.analysis.histograms import Histograms, blocks
from alphoton.analysis.selection import EventView
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import EventFile
from alphoton.data.output import check_free


@dataclass(frozen=True)
class CutflowStep:
    """Events and the share of the weight left after a step."""

    cut: str
    events: int
    efficiency: float
    efficiency_error: float


@dataclass(frozen=True)
class Analysed:
    """What `analyse` found: the numbers of `analyse --json`. `efficiency_error` is half the 68% interval."""

    generated: int
    selected: int
    efficiency: float
    efficiency_error: float
    efficiency_low: float
    efficiency_high: float
    cutflow: tuple[CutflowStep, ...]
    cross_section_pb: float
    fiducial_cross_section_pb: float
    fiducial_cross_section_error_pb: float
    expected_events: float | None
    expected_events_error: float | None
    components: dict[str, dict[str, float]]
    histograms: Path | None
    remarks: tuple[str, ...] = ()
    """What the analysis card says and `analyse` does not apply."""


def analyse(
    reco: str | Path,
    analysis: str | Path | AnalysisCard,
    *,
    histograms: str | Path | None = None,
    overrides: str | Sequence[str] = (),
    force: bool = False,
    allow_other: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Analysed:
    """Select the events of a reco file with an analysis card; optionally write histograms of what is selected.

    The efficiency is the selected over the generated sum of weights at the process card's couplings, with a Clopper-Pearson
    interval of the effective counts. Raises `CardError` for a bad card and `InputError` for a file that did not go through
    a detector. Expected events are those of the exposure that the analysis card gives, or the process card's luminosity,
    at the couplings of the process card; None where neither gives one.

    A file of another experiment or of other beams than the card's process, and a selection that reaches beyond what was
    generated, are refused with `InputError` unless `allow_other` is set.
    """
    card = AnalysisCard.load(analysis, overrides)
    path = None if histograms is None else Path(histograms)
    if path is not None:
        check_free(path, force=force, inputs=[reco, *card.files])
    with EventFile(reco) as file:
        check_reco(reco, file.branches)
        if not allow_other:
            check_file(card, reco, file.meta)
        filled = Histograms(blocks(card, file.meta) if path is not None else ())
        total: Sums | None = None
        done = 0
        for chunk in file.chunks(needed_branches(card, file.branches, filled.axes)):
            view = EventView(chunk, file.meta)
            sums, share = count(card, view)
            if path is not None:
                filled.fill(view, share > 0, weight_columns(chunk, file.meta)[1][:, 0] * share)
            total = sums if total is None else total + sums
            done += view.count
            if progress is not None:
                progress(done, file.count)
        cross_section, error = file.cross_section()
        name = file.meta["cards"]["process"]["name"]
        setup = Setup.of_meta(file.meta, f"{reco} (process card '{name}')")
    remarks = list(_not_applied(card))
    try:
        per_pb = exposure_or_none(card, setup)
    except CardError as contradiction:
        if not allow_other:
            raise InputError(f"{reco}: not for the analysis card '{card.name}': {contradiction}") from None
        per_pb = None
        remarks += [f"no expected events: {problem}" for problem in contradiction.problems]
    if total is None:
        raise InputError(f"{reco}: holds no events")
    if path is not None:
        filled.write(path, force=force)
    return replace(summarise(total, cross_section, error, path, per_pb), remarks=tuple(remarks))


def _not_applied(card: AnalysisCard) -> Iterator[str]:
    """The blocks of a card that count something else than the events of the selection."""
    for key, what in (("beam_dump", "shielding, decay region and calorimeters"), ("scan", "points of the scan")):
        if getattr(card, key) is not None:
            yield f"{card.name}: '{key}' is not applied: no {what} here, 'alphoton limit' uses them"


def exposure_or_none(card: AnalysisCard, setup: Setup) -> float | None:
    """Events for each pb of cross-section that is selected, in 1/pb; None if neither card gives an exposure.

    A beam dump and a scan give none: what their cards select is not what `analyse` selects.
    """
    if card.beam_dump is not None or card.scan is not None:
        return None
    try:
        return exposure(card, setup)
    except NoExposureError:
        return None


def summarise(
    sums: Sums,
    cross_section: float,
    cross_section_error: float,
    histograms: Path | None = None,
    per_pb: float | None = None,
) -> Analysed:
    """The numbers of an analysis from its sums, the sample's cross-section in pb, and the exposure in 1/pb."""
    final = sums.efficiency()
    steps = [sums.efficiency(step) for step in range(len(sums.steps))]
    relative = ((final.error * cross_section) ** 2 + (final.value * cross_section_error) ** 2) ** 0.5
    components = {}
    for name in sums.weights[1:]:
        if sums.has_share(name):
            part = sums.efficiency(weight=name)
            size = sums.effective_size(name)
            components[name] = {"efficiency": part.value, "efficiency_error": part.error, "effective_size": size}
    return Analysed(
        generated=int(sums.entries[0]),
        selected=int(sums.entries[-1]),
        efficiency=final.value,
        efficiency_error=final.error,
        efficiency_low=final.low,
        efficiency_high=final.high,
        cutflow=tuple(
            CutflowStep(name, int(entries), step.value, step.error)
            for name, entries, step in zip(sums.steps, sums.entries, steps, strict=True)
        ),
        cross_section_pb=cross_section,
        fiducial_cross_section_pb=final.value * cross_section,
        fiducial_cross_section_error_pb=relative,
        expected_events=None if per_pb is None else per_pb * final.value * cross_section,
        expected_events_error=None if per_pb is None else per_pb * relative,
        components=components,
        histograms=histograms,
    )
