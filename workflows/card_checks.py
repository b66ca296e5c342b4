"""What the cards of one experiment must agree on, before any work: a wrong number is worse than an error.

Each problem names both places. `limit`, `run`, `export` and `card validate` load cards through here.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.belonging import same_collisions, shown
from alphoton.analysis.exposure import Setup, exposure
from alphoton.analysis.generated_range import range_problems
from alphoton.data.card import Card
from alphoton.data.card_file import candidates
from alphoton.data.card_paths import ANY, KeyPath, data_file, is_file, named
from alphoton.data.errors import CardError, CardWarning, InputError
from alphoton.data.published_file import find
from alphoton.detectors.detector_card import DetectorCard
from alphoton.generators.model import VISIBLE, branching_ratios
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.measurements import beside

AnyCard = TypeVar("AnyCard", bound=Card)
VISIBLE_SHARE = 1e-3
"""Of decays, above which a limit that takes the ALP for invisible would be wrong."""
CURVES: tuple[KeyPath, ...] = (("recast", "curve"), ("beam_dump", "curve"), ("comparison", ANY, "curve"))
FILES: tuple[KeyPath, ...] = (("scan", "points"), ("counting", "background", "templates", ANY, "file"))


def setup(process: ProcessCard) -> Setup:
    """What the exposure of a process follows from, and where that is written."""
    return Setup.of_meta(process.setup(), f"{process.place(('beams',))}: beams")


def named_card(kind: type[AnyCard], card: Card, path: KeyPath, name: str, overrides: Sequence[str] = ()) -> AnyCard:
    """The card that another one names at a key. Raises `CardError`, with that place if there is no such card."""
    reference = beside(card, name)
    try:
        return kind.load(reference, overrides)
    except CardError as error:
        if any(is_file(file) for file in candidates(kind.KIND, reference)):
            raise
        raise CardError([card.problem(path, problem) for problem in error.problems]) from None


def check(
    analysis: AnalysisCard,
    processes: Sequence[ProcessCard],
    detector: DetectorCard,
    reference: ProcessCard | None,
    templates: Iterable[ProcessCard | None],
) -> None:
    """Raise `CardError` with everything that the cards of an experiment contradict each other in.

    Cards of different experiments draw a `CardWarning`: they may be put together on purpose.
    """
    problems = list(missing_files(analysis, (*CURVES[:2], *FILES)))
    problems += _kind_problems(analysis, processes, detector)
    remarks = list(_other_experiments(analysis, (*processes, detector)))
    for process in processes:
        problems += decay_problems(analysis, process, process.mass)
        problems += _loop_problems(analysis, process)
        if reference is not None:
            problems += _reference_problems(analysis, process, reference)
    for sample in (*processes, *(each for each in templates if each is not None)):
        problems += _exposure_problems(analysis, sample)
        followed = following(analysis, sample, sample.mass)
        if followed is not sample:
            what = f"lowered to {followed.energy_cut:g} GeV, where the selection of '{analysis.name}' begins"
            remarks.append(sample.problem(("energy_cut",), what))
        problems += selection_problems(analysis, detector, followed, sample.mass)
    if problems:
        raise CardError(list(dict.fromkeys(problems)))
    for remark in remarks:
        warnings.warn(remark, CardWarning, stacklevel=3)


def selection_problems(analysis: AnalysisCard, detector: DetectorCard, process: ProcessCard, mass: float) -> Iterator[str]:
    """What is selected at a mass (GeV) that the process does not generate."""
    yield from range_problems(analysis, detector, process.setup(), f"{process.place(())}: '{process.name}'", mass)


def missing_files(card: AnalysisCard, patterns: Iterable[KeyPath]) -> Iterator[str]:
    """The files that a card names and that are not there."""
    for pattern in patterns:
        for path, name in named(card.resolved, pattern):
            try:
                if pattern in CURVES:
                    find(beside(card, name))
            except InputError as error:
                yield card.problem(path, str(error))
            if pattern in FILES and not is_file(data_file(Path(card.origin), name)):
                yield card.problem(path, f"no such file: '{name}'")


def following(analysis: AnalysisCard, process: ProcessCard, mass: float) -> ProcessCard:
    """The process with an `energy_cut` that is not above the cut on the missing energy at a mass (GeV).

    Events are made for the limit, so that the generator can follow the selection. Without such a cut it cannot.
    """
    if analysis.beam_dump is not None or analysis.scan is not None:
        return process
    lowest = max(
        (
            cut.bounds(cut.dimension)[0]
            for cut in analysis.selection
            if cut.quantity == "missing_energy" and cut.in_units_of is None and cut.holds(mass)
        ),
        default=-math.inf,
    )
    if not 0 <= lowest < process.energy_cut:
        return process
    return ProcessCard.load(process, [f"energy_cut={lowest!r} GeV"])


def decay_problems(analysis: AnalysisCard, process: ProcessCard, mass: float) -> Iterator[str]:
    """Decays in a process card of a limit that takes an ALP of this mass (GeV) for invisible; dumps place their own."""
    if analysis.beam_dump is not None or process.decay == "none":
        return
    if analysis.scan is not None and process.decay == "visible":
        return  # which is for visible decays
    ratios = branching_ratios(replace(process.couplings, m_a=mass))
    share = sum(ratios[channel] for channel in VISIBLE)
    if share > VISIBLE_SHARE:
        yield process.problem(
            ("decay",),
            f"'{process.decay}', with {share:.3g} of all decays visible at {mass * 1e3:g} MeV, but the limit of "
            f"{analysis.place(())}: '{analysis.name}' takes the ALP for invisible; set it to 'none'",
        )


def _loop_problems(analysis: AnalysisCard, process: ProcessCard) -> Iterator[str]:
    """A loop on the mass shell grows with another coupling than its component: a limit takes it along a direction only."""
    if process.model.radiative_coupling is True:
        yield process.problem(
            ("model", "radiative_coupling"),
            f"'true' does not enter a limit ({analysis.place(())}: '{analysis.name}'); give a direction and radiative=True, "
            "or take 'momentum_dependent'",
        )


def _kind_problems(analysis: AnalysisCard, processes: Sequence[ProcessCard], detector: DetectorCard) -> Iterator[str]:
    """Processes and detectors that a kind of limit cannot use."""
    names = [process.name for process in processes]
    for name in {name for name in names if names.count(name) > 1}:
        yield analysis.problem(("process",), f"'{name}' is there {names.count(name)} times: its events would count as often")
    if analysis.scan is not None and len(processes) != 1:
        yield analysis.problem(("process",), f"a scan is that of one process, here are {', '.join(names)}")
    if analysis.beam_dump is not None:
        for process in processes:
            if process.beams.thickness == 0:
                place = f"{process.place(('beams',))}: beams"
                yield analysis.problem(
                    ("beam_dump",), f"needs a shower in a thick target; '{process.name}' has none ({place})"
                )
        if detector.modules and analysis.beam_dump.edges == "events":
            yield analysis.problem(
                ("beam_dump",),
                f"its calorimeters see the decays; the modules of {detector.place(('modules',))}: '{detector.name}' are not "
                "applied, take them out",
            )
    for process in processes:
        for index, cut in enumerate(analysis.selection):
            if cut.in_units_of is not None and process.on_nuclei:
                yield analysis.problem(
                    ("selection", index, "in_units_of"),
                    f"is half of sqrt(s), which is not the energy of the beam on the target of '{process.name}' "
                    f"({process.place(('beams',))}: beams); give the limits in GeV",
                )


def _other_experiments(analysis: AnalysisCard, cards: Iterable[Card]) -> Iterator[str]:
    for card in cards:
        if None not in (card.experiment, analysis.experiment) and card.experiment != analysis.experiment:
            what = (
                f"'{analysis.experiment}', but the {card.KIND} card '{card.name}' is of '{card.experiment}' ({card.origin})"
            )
            yield analysis.problem(("experiment",), what)


def _exposure_problems(analysis: AnalysisCard, process: ProcessCard) -> Iterator[str]:
    from_events = analysis.beam_dump is not None and analysis.beam_dump.edges == "events"
    if analysis.counting is None and analysis.scan is None and not from_events:
        return
    try:
        exposure(analysis, setup(process))
    except CardError as error:
        yield from error.problems


def _reference_problems(analysis: AnalysisCard, process: ProcessCard, reference: ProcessCard) -> Iterator[str]:
    """In which beams a recast's dark photon was published for others than the process has."""
    assert analysis.recast is not None
    place = f"{process.place(('beams',))}: beams"
    other = f"{reference.place(('beams',))}: beams"
    ours, theirs = process.setup()["beams"], reference.setup()["beams"]
    if not same_collisions(ours, theirs):
        yield analysis.problem(
            ("recast", "process"),
            f"'{reference.name}' has {shown(theirs)} ({other}), but '{process.name}' has {shown(ours)} ({place}): a limit "
            "can be carried over at the same beams only",
        )
    for key in ("energy_spread", "initial_state_radiation"):
        values = [getattr(card.beams, key) for card in (reference, process)]
        if values[0] != values[1]:
            yield analysis.problem(
                ("recast", "process"),
                f"{key} is {values[0]} in '{reference.name}' ({other}), but {values[1]} in '{process.name}' ({place}): "
                "give both the same",
            )
    if process.beams.real and process.photon != reference.photon:
        yield analysis.problem(
            ("recast", "process"),
            f"'{reference.name}' and '{process.name}' ({place}) differ in 'photon': give both the same",
        )
