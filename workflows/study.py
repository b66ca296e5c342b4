"""The verb `run`: a workflow card becomes a folder of events, reco files, histograms, limits and figures.

Whatever is whole in the folder and was made from the same cards is kept, so that the same command finishes a run that was
killed. A folder that holds something else is refused.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from alphoton.analysis.analyse import Analysed, analyse
from alphoton.analysis.counting import Measurement
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import versions
from alphoton.data.locks import folder_of_one_run
from alphoton.data.output import note_finished, write_text
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import generate
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import (
    Experiment,
    PointLimit,
    load_experiment,
    point_limit,
    reference_in_memory,
)
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.energy_scan import scan_limit
from alphoton.workflows.figure import STORE, figure
from alphoton.workflows.limit_scan import to_csv
from alphoton.workflows.limits_figure import Published, draw_limits, published
from alphoton.workflows.masses import folder_name, in_mev
from alphoton.workflows.measurements import beside, from_file
from alphoton.workflows.provenance import figures_digest
from alphoton.workflows.survey import WORKERS, Survey, Surveyed
from alphoton.workflows.workflow_card import Study, WorkflowCard

EVENTS = 50_000
"""At each mass, where a card says nothing and events are kept."""
IDENTITY = "workflow.json"
"""Says what a folder was made from."""
Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done)."""


@dataclass(frozen=True)
class Point:
    """One chain at one mass: its cards, its folder, and its number for the random streams."""

    experiment: Experiment
    mass: float
    folder: Path
    number: int


@dataclass(frozen=True)
class Run:
    """What `run` made: the limits, the masses that are out of reach, and the files written."""

    output: Path
    rows: tuple[PointLimit, ...]
    skipped: tuple[str, ...]
    limits: Path
    figures: tuple[Path, ...]


def run(
    workflow: str | Path | WorkflowCard,
    output: str | Path,
    *,
    overrides: str | Sequence[str] = (),
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Run the chains of a workflow card into the folder `output`, or finish what a killed run left there.

    Raises `CardError` for a bad card, and `InputError` where another run is at work in the folder, or it holds something
    else and `force` is not set.
    """
    card = WorkflowCard.load(workflow, overrides)
    folder = Path(output)
    with folder_of_one_run(folder):
        work = _run_survey if card.keep == "limits" else _run_chains
        return work(card, folder, workers, force=force, progress=progress)


def _run_chains(card: WorkflowCard, folder: Path, workers: int, *, force: bool, progress: Progress | None) -> Run:
    """The limits of a workflow from files that are kept: events, reco and histograms of each chain."""
    experiments = _experiments(card)
    points, skipped = _points(card, experiments, folder)
    beside_them = _published(card, experiments)
    _claim(folder, _identity(card, experiments), force=force)
    rows = []
    for done, point in enumerate(points):
        if progress is not None:
            progress(done, len(points), f"{point.experiment.analysis.name} {in_mev(point.mass)} MeV")
        rows.append(_run_point(point, workers))
    if progress is not None:
        progress(len(points), len(points), "limits")
    table = folder / "limits.csv"
    write_text(table, to_csv(rows), force=True)
    figures = _draw(card, rows, folder, beside_them)
    return Run(folder, tuple(rows), tuple(skipped), table, figures)


def _run_survey(card: WorkflowCard, folder: Path, workers: int, *, force: bool, progress: Progress | None) -> Run:
    """The limits of a workflow that keeps no events, and its figures and report."""
    survey = surveyed(card, folder / STORE, workers)
    identity = _identity(card, [study.experiment for study in survey.studies.values()])
    _claim(folder, identity | {"sources": figures_digest()}, force=force)

    def told(what: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, total: progress(done, total, what)

    survey.curves(survey.studies, told("limits"))
    rows = [row for name in survey.studies for row in survey.curve(name)]
    table = folder / "limits.csv"
    write_text(table, to_csv(rows), force=True)
    made = list(_draw(card, rows, folder, _published(card, [study.experiment for study in survey.studies.values()])))
    figures = [
        figure(name, folder / "figures", force=True, survey=survey, moments=card.moments, progress=told(name))
        for name in card.paper_figures()
    ]
    made += [path for each in figures for path in each.paths]
    if card.report:
        from alphoton.workflows.exchange.hepdata import write_hepdata
        from alphoton.workflows.report.make import make_report

        tables = [table, *(path for path in made if path.suffix == ".csv")]
        made.append(write_hepdata(tables, folder / "hepdata", force=True).path)
        made += make_report(card, survey, figures, folder, told("comparison"))
    return Run(folder, tuple(rows), tuple(survey.skipped), table, tuple(made))


def _experiment(card: WorkflowCard, study: Study) -> Experiment:
    process, detector = (name and beside(card, name) for name in (study.process, study.detector))
    experiment = load_experiment(beside(card, study.analysis), (), process, detector)
    overrides = [f"events={card.events or EVENTS}", f"seed={card.seed}"]
    reference = experiment.reference and ProcessCard.load(experiment.reference, overrides)
    processes = tuple(ProcessCard.load(process, overrides) for process in experiment.processes)
    return replace(experiment, processes=processes, reference=reference, seed=card.seed)


def _experiments(card: WorkflowCard) -> list[Experiment]:
    """The experiment of each study.

    Raises `CardError` where two have the same name, or two processes of one: results are named by them.
    """
    found: list[Experiment] = []
    problems = []
    for index, study in enumerate(card.studies):
        experiment = _experiment(card, study)
        place = f"{card.place(('studies', index, 'analysis'))}: studies.{index}.analysis"
        name = experiment.analysis.name
        for other, earlier in zip(card.studies, found, strict=False):
            if earlier.analysis.name == name:
                cards = f"'{study.analysis}' and '{other.analysis}'"
                problems.append(f"{place}: the analysis cards {cards} are both named '{name}'; give them different names")
        processes = Counter(process.name for process in experiment.processes)
        problems += [
            f"{place}: {number} process cards of '{name}' are named '{process}'; give them different names"
            for process, number in processes.items()
            if number > 1
        ]
        found.append(experiment)
    if problems:
        raise CardError(problems)
    return found


def surveyed(card: WorkflowCard, store: Path | None, workers: int = WORKERS) -> Survey:
    """The survey of a workflow card's studies; finished points are kept in `store`."""
    studies = [
        Surveyed(experiment, card.masses(study) or experiment.analysis.masses)
        for study, experiment in zip(card.studies, _experiments(card), strict=True)
    ]
    return Survey(studies, store, card.events, workers)


def _points(card: WorkflowCard, experiments: Sequence[Experiment], folder: Path) -> tuple[list[Point], list[str]]:
    """All chains at all masses; a mass that an experiment cannot reach is left out, and said."""
    points: list[Point] = []
    skipped = []
    for study, experiment in zip(card.studies, experiments, strict=True):
        name = experiment.analysis.name
        for number, mass in enumerate(card.masses(study) or (experiment.processes[0].mass,)):
            try:
                experiment.at(mass)
            except CardError:
                skipped.append(f"{name} {in_mev(mass)} MeV")
            else:
                points.append(Point(experiment, mass, folder / name / folder_name(mass), number))
    if not points:
        raise InputError(f"{card.origin}: scan: no experiment reaches any of the masses")
    return points, skipped


def _identity(card: WorkflowCard, experiments: Sequence[Experiment]) -> dict[str, Any]:
    """What the results depend on."""
    cards = [
        {
            "analysis": experiment.analysis.resolved,
            "processes": [process.resolved for process in experiment.processes],
            "detector": experiment.detector.resolved,
            "reference": experiment.reference and experiment.reference.resolved,
            **_backgrounds(experiment),
        }
        for experiment in experiments
    ]
    return {"workflow": card.resolved, "cards": cards, "versions": versions()}


def _backgrounds(experiment: Experiment) -> dict[str, Any]:
    """The cards of backgrounds from events, where there are some."""
    if experiment.backgrounds is None:
        return {}
    return {"backgrounds": [each and each.resolved for each in experiment.backgrounds.processes]}


def _claim(folder: Path, identity: dict[str, Any], *, force: bool) -> None:
    """Make the folder this run's own. What was made from other cards is refused, or with `force` made anew."""
    marker = folder / IDENTITY
    text = json.dumps(identity, indent=1) + "\n"
    occupied = any(folder.iterdir())
    same = marker.is_file() and marker.read_text(encoding="utf-8") == text
    if occupied and not same:
        if not force:
            raise InputError(
                f"{folder}: holds something else, or a run of other cards; choose another folder, or replace it with "
                "force=True"
            )
        for old in (*folder.rglob("*.root"), *folder.rglob("analysis.json")):
            old.unlink()
    if not same:
        write_text(marker, text, force=True, result=False)
    note_finished(*folder.rglob("*.root"))


def _run_point(point: Point, workers: int) -> PointLimit:
    """Events, reco, histograms and limits of one chain at one mass; what is there already is kept."""
    experiment = point.experiment
    if experiment.analysis.beam_dump is not None:
        return _run_dump(point, workers)
    if experiment.analysis.scan is not None:
        return scan_limit(experiment, point.mass)
    processes, reference = experiment.at(point.mass)
    measured = []
    for process in processes:
        folder = point.folder / process.name if len(processes) > 1 else point.folder
        measured.append(_run_process(point, process, folder, workers))
    compared = reference_in_memory(experiment, reference, point.number)
    return point_limit(experiment, measured, compared, processes[0].events)


def _run_dump(point: Point, workers: int) -> PointLimit:
    """The band of a beam dump; where it is computed from events, an event file with decays is kept beside it."""
    (process,), _ = point.experiment.at(point.mass)
    block = point.experiment.analysis.beam_dump
    events = point.folder / "events.root"
    if block is not None and block.edges == "events" and not events.exists():
        generate(process, events, workers=workers, point=point.number)
    return dump_limit(point.experiment, point.mass, point.number)


def _run_process(point: Point, process: ProcessCard, folder: Path, workers: int) -> Measurement:
    """Events, reco and histograms of one process at one mass."""
    analysis = point.experiment.analysis
    events, reco = folder / "events.root", folder / "reco.root"
    if not events.exists():
        generate(process, events, workers=workers, point=point.number)
    if not reco.exists():
        simulate(events, point.experiment.detector, reco, allow_other=True)  # the workflow card has put them together
    if not (folder / "analysis.json").exists():
        found = analyse(reco, analysis, histograms=folder / "histograms.root", force=True, allow_other=True)
        write_text(folder / "analysis.json", _to_json(found))
    return from_file(reco, analysis)


def _to_json(found: Analysed) -> str:
    numbers = asdict(found)
    numbers["histograms"] = None if found.histograms is None else found.histograms.name
    return json.dumps(numbers, indent=1) + "\n"


def _published(card: WorkflowCard, experiments: Sequence[Experiment]) -> tuple[Published, ...]:
    """The published curves beside the limits; an unknown one is told before any work."""
    return published(experiment.analysis for experiment in experiments) if "limits" in card.figures else ()


def _draw(
    card: WorkflowCard, rows: Sequence[PointLimit], folder: Path, beside_them: Sequence[Published]
) -> tuple[Path, ...]:
    if "limits" not in card.figures or not any(math.isfinite(limit.value) for r in rows for limit in (r.g_agamma, r.g_ae)):
        return ()
    return draw_limits(rows, folder, beside_them)
