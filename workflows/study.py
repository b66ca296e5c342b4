"""The verb `run`: a workflow card becomes a folder of events, reco files, histograms, limits and figures.

Whatever is whole in the folder and was made from the same recipe is kept, so that the same command finishes a run that was
killed. A folder or a file that was made from anything else is refused. With `force` everything is made anew: a file of the
run that was there before is replaced when its new one is whole, and goes at the end if there is none. Files that the record
in `workflow.json` does not list are never replaced or removed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from alphoton.analysis.analyse import analyse
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import Measurement
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import EventFile, content_digest
from alphoton.data.locks import folder_of_one_run
from alphoton.data.output import write_text
from alphoton.data.places import check_space
from alphoton.data.provenance import Recipe, digest_of
from alphoton.detectors.simulate import recipe as reco_recipe
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import EVENT_BYTES, disk_space, generate
from alphoton.generators.generate import recipe as events_recipe
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
from alphoton.workflows.provenance import LIMITS, data_files, experiment_cards
from alphoton.workflows.run_record import RunRecord
from alphoton.workflows.survey import WORKERS, Survey, Surveyed
from alphoton.workflows.workflow_card import Study, WorkflowCard

EVENTS = 50_000
"""At each mass, where a card says nothing and events are kept."""
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
    else and `force` is not set. With `force` nothing that is there is used; a folder without the record of a run, and a file
    that the record does not list, are refused all the same.
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
    _check_space(points, folder, force=force)
    record = RunRecord.claim(folder, _recipe(card, experiments), force=force)
    table = folder / "limits.csv"
    with record.at_work():
        rows = []
        for done, point in enumerate(points):
            if progress is not None:
                progress(done, len(points), f"{point.experiment.analysis.name} {in_mev(point.mass)} MeV")
            rows.append(_run_point(point, workers, record, force=force))
        if progress is not None:
            progress(len(points), len(points), "limits")
        write_text(table, to_csv(rows), force=True)
        figures = _draw(card, rows, folder, beside_them)
    return Run(folder, tuple(rows), tuple(skipped), table, figures)


def _run_survey(card: WorkflowCard, folder: Path, workers: int, *, force: bool, progress: Progress | None) -> Run:
    """The limits of a workflow that keeps no events, and its figures and report."""
    survey = surveyed(card, folder / STORE, workers, fresh=force)
    record = RunRecord.claim(folder, _recipe(card, [study.experiment for study in survey.studies.values()]), force=force)

    def told(what: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, total: progress(done, total, what)

    with record.at_work():
        record.begins(folder / STORE)
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
        record.keeps(made)  # also those that were up to date
        if card.report:
            from alphoton.workflows.exchange.hepdata import SUBMISSION, write_hepdata
            from alphoton.workflows.report.make import make_report

            tables = [table, *(path for path in made if path.suffix == ".csv")]
            record.begins(folder / "hepdata" / SUBMISSION)  # which is removed first, with what it names
            made.append(write_hepdata(tables, folder / "hepdata", force=True).path)
            made += make_report(card, survey, figures, folder, told("comparison"))
        survey.tidy()
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

    Raises `CardError` where two have the same name: results are named by them.
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
        found.append(experiment)
    if problems:
        raise CardError(problems)
    return found


def surveyed(card: WorkflowCard, store: Path | None, workers: int = WORKERS, *, fresh: bool = False) -> Survey:
    """The survey of a workflow card's studies; finished points are kept in `store`, whose own are not used if `fresh`."""
    studies = [
        Surveyed(experiment, card.masses(study) or experiment.analysis.masses)
        for study, experiment in zip(card.studies, _experiments(card), strict=True)
    ]
    return Survey(studies, store, card.events, workers, fresh=fresh)


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


def _recipe(card: WorkflowCard, experiments: Sequence[Experiment]) -> Recipe:
    """What the limits of a run are made from."""
    cards = {"workflow": card.content, "experiments": [experiment_cards(each) for each in experiments]}
    return Recipe.of(LIMITS, cards=cards, files=[path for each in experiments for path in data_files(each.analysis)])


def _check_space(points: Sequence[Point], folder: Path, *, force: bool) -> None:
    """Raise `InputError` where the disk cannot hold the events of all points, and as many again after the detector."""
    events = [
        process.events
        for point in points
        if point.experiment.analysis.scan is None
        for process in point.experiment.at(point.mass)[0]
        if force or not (_folder(point, process) / "events.root").exists()
    ]
    needed = sum(EVENT_BYTES * each for each in events) + max((disk_space(each) for each in events), default=0.0)
    check_space(folder, needed, f"{sum(events)} events")


def _run_point(point: Point, workers: int, record: RunRecord, *, force: bool) -> PointLimit:
    """Events, reco, histograms and limits of one chain at one mass; without `force` what is there already is kept."""
    experiment = point.experiment
    if experiment.analysis.beam_dump is not None:
        return _run_dump(point, workers, record, force=force)
    if experiment.analysis.scan is not None:
        return scan_limit(experiment, point.mass)
    processes, reference = experiment.at(point.mass)
    measured = [_run_process(point, process, workers, record, force=force) for process in processes]
    compared = reference_in_memory(experiment, reference, point.number)
    return point_limit(experiment, measured, compared, processes[0].events)


def _folder(point: Point, process: ProcessCard) -> Path:
    """Where the files of a process are: each of several has a folder of its own."""
    return point.folder / process.name if len(point.experiment.processes) > 1 else point.folder


def _run_dump(point: Point, workers: int, record: RunRecord, *, force: bool) -> PointLimit:
    """The band of a beam dump; where it is computed from events, an event file with decays is kept beside it."""
    processes, _ = point.experiment.at(point.mass)
    block = point.experiment.analysis.beam_dump
    if block is not None and block.edges == "events":
        for process in processes:
            _generate(process, point, _folder(point, process) / "events.root", workers, record, force=force)
    return dump_limit(point.experiment, point.mass, point.number)


def _run_process(point: Point, process: ProcessCard, workers: int, record: RunRecord, *, force: bool) -> Measurement:
    """Events, reco and histograms of one process at one mass."""
    folder = _folder(point, process)
    analysis, detector = point.experiment.analysis, point.experiment.detector
    events, reco = folder / "events.root", folder / "reco.root"
    _generate(process, point, events, workers, record, force=force)
    with EventFile(events) as file:
        made_from = reco_recipe(detector, file, file.meta["seed"])
    if force or not _is_kept(reco, made_from, record):
        simulate(events, detector, reco, force=True, allow_other=True)  # the workflow card has put them together
    _analyse(reco, analysis, folder, force=force)
    return from_file(reco, analysis)


def _generate(process: ProcessCard, point: Point, events: Path, workers: int, record: RunRecord, *, force: bool) -> None:
    if force or not _is_kept(events, events_recipe(process, point.number), record):
        # what stands there is of an earlier run; unfinished parts of other cards are replaced only if that is wanted
        replaced = force or record.is_earlier(events)
        generate(process, events, workers=workers, point=point.number, force=replaced)


def _is_kept(path: Path, recipe: Recipe, record: RunRecord) -> bool:
    """Whether a file of this run is there. Raises `InputError` if it is damaged, or was made from another recipe."""
    if not path.exists() or record.is_earlier(path):
        return False
    with EventFile(path) as file:
        if file.meta.get("recipe") != recipe.digest:
            raise InputError(
                f"{path}: was not made from the cards of this run; move it away, and the same command makes it again"
            )
    return True


def _analyse(reco: Path, analysis: AnalysisCard, folder: Path, *, force: bool) -> None:
    """Histograms and the numbers of an analysis; they are made again unless they are exactly what was written."""
    numbers, histograms = folder / "analysis.json", folder / "histograms.root"
    with EventFile(reco) as file:
        recipe = Recipe.of("alphoton.analysis.analyse", cards={"analysis": analysis.content}, reco=file.content)
    if not force and _is_analysed(numbers, histograms, recipe):
        return
    found = asdict(analyse(reco, analysis, histograms=histograms, force=True, allow_other=True))
    found["histograms"] = None if found["histograms"] is None else found["histograms"].name
    found |= {"recipe": recipe.digest, "histograms_digest": content_digest(histograms)}
    write_text(numbers, _to_json(found), force=True)


def _to_json(numbers: dict[str, Any]) -> str:
    return json.dumps({**numbers, "checksum": digest_of(numbers)}, indent=1) + "\n"


def _is_analysed(path: Path, histograms: Path, recipe: Recipe) -> bool:
    """Whether the numbers and histograms of an analysis are there, whole, and made from this."""
    try:
        text = path.read_text(encoding="utf-8")
        numbers = json.loads(text)
        del numbers["checksum"]
        made_from = {"recipe": recipe.digest, "histograms_digest": content_digest(histograms)}
        return text == _to_json(numbers) and made_from.items() <= numbers.items()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _published(card: WorkflowCard, experiments: Sequence[Experiment]) -> tuple[Published, ...]:
    """The published curves beside the limits; an unknown one is told before any work."""
    return published(experiment.analysis for experiment in experiments) if "limits" in card.figures else ()


def _draw(
    card: WorkflowCard, rows: Sequence[PointLimit], folder: Path, beside_them: Sequence[Published]
) -> tuple[Path, ...]:
    if "limits" not in card.figures or not any(math.isfinite(limit.value) for r in rows for limit in (r.g_agamma, r.g_ae)):
        return ()
    return draw_limits(rows, folder, beside_them)
