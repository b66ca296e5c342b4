"""Limits of several experiments over many masses, in memory: samples are shared, and what is finished is kept.

Experiments that differ only in how they count see the same events. A finished point is a line of a file, found again by
its recipe. A line has a checksum: one that is not exactly what was written, as after a kill or damage, is not used, and its
point is computed again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from alphoton.analysis.counting import Rate
from alphoton.analysis.limits import CouplingLimit
from alphoton.data.errors import CardError, InputError
from alphoton.data.output import is_regular, note_finished, write_text
from alphoton.data.provenance import digest_of
from alphoton.data.signals import unbroken
from alphoton.workflows.chain import Experiment, PointLimit, point_limit
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.energy_scan import scan_limit
from alphoton.workflows.limit_scan import precise_sample
from alphoton.workflows.masses import in_mev
from alphoton.workflows.parallel import side_by_side
from alphoton.workflows.provenance import experiment_cards, experiment_recipe

WORKERS = 2
Progress = Callable[[int, int], None]
Wanted = tuple[str, float]
"""An analysis and a mass in GeV."""


@dataclass(frozen=True)
class Surveyed:
    """An experiment and the masses (GeV) of its curve."""

    experiment: Experiment
    masses: tuple[float, ...]


class Survey:
    """The limits of experiments, by analysis and mass; each is worked out when it is first asked for.

    Without `events` a point is known to 1%. With a `store` finished points are kept there, and those that are there are not
    computed again unless `fresh`. Cards, curves and sources are those at the start: a point that was finished after one of
    them changed is not kept.
    """

    def __init__(
        self,
        studies: Iterable[Surveyed],
        store: Path | None = None,
        events: int | None = None,
        workers: int = WORKERS,
        *,
        fresh: bool = False,
    ) -> None:
        self.workers = workers
        self.studies = {study.experiment.analysis.name: study for study in studies}
        self.events = events
        self.skipped: list[str] = []
        self._samples = {name: sample_of(study.experiment) for name, study in self.studies.items()}
        self._recipes = {name: experiment_recipe(study.experiment) for name, study in self.studies.items()}
        self._store = Store(store, fresh=fresh)
        self._rows: dict[Wanted, PointLimit] = {}

    @property
    def digest(self) -> str:
        """Of everything that the survey's limits are made from."""
        made_from = [[name, self._recipes[name].digest, study.masses] for name, study in self.studies.items()]
        return digest_of([made_from, self.events])

    def experiment(self, analysis: str) -> Experiment:
        """The experiment of an analysis. Raises `InputError` where it is not among the studies."""
        if analysis not in self.studies:
            raise InputError(f"the workflow has no study of '{analysis}' (there are: {', '.join(self.studies)})")
        return self.studies[analysis].experiment

    def curve(self, analysis: str) -> list[PointLimit]:
        """The limits at the masses of an analysis, those within its reach; they must have been worked out."""
        masses = self.studies[analysis].masses
        return [self._rows[analysis, mass] for mass in masses if (analysis, mass) in self._rows]

    def row(self, analysis: str, mass: float) -> PointLimit | None:
        """The limits at a mass; None where it is out of reach."""
        self.work_out([(analysis, mass)])
        return self._rows.get((analysis, mass))

    def curves(self, analyses: Iterable[str], progress: Progress | None = None) -> None:
        """Work out the curves of some analyses."""
        self.work_out([(name, mass) for name in analyses for mass in self.studies[name].masses], progress)

    def work_out(self, wanted: Iterable[Wanted], progress: Progress | None = None) -> None:
        """Work out the points that are not there yet, side by side."""
        points = [point for point in dict.fromkeys(wanted) if point not in self._rows and self._reached(*point)]
        left = [point for point in points if not self._found(*point)]
        jobs = self._jobs(left)
        if progress is not None:
            progress(0, len(jobs))
        finished = side_by_side(work_out, [(*job, self.events) for job in jobs], self.workers)
        for done, (_, rows) in enumerate(finished):
            for row in rows:
                self._rows[row.analysis, row.mass] = row
                if experiment_recipe(self.experiment(row.analysis)) == self._recipes[row.analysis]:
                    self._store.put(self._key(row.analysis, row.mass), row)
            if progress is not None:
                progress(done + 1, len(jobs))

    def tidy(self) -> None:
        """Bring what is kept into an order that does not depend on when each point was finished."""
        self._store.tidy()

    def _found(self, analysis: str, mass: float) -> bool:
        """Whether a point is in the store, and from there on here."""
        row = self._store.get(self._key(analysis, mass))
        if row is not None:
            self._rows[analysis, mass] = row
        return row is not None

    def _reached(self, analysis: str, mass: float) -> bool:
        try:
            self.experiment(analysis).at(mass)
        except CardError:
            told = f"{analysis} {in_mev(mass)} MeV"
            if told not in self.skipped:
                self.skipped.append(told)
            return False
        return True

    def _jobs(self, points: Sequence[Wanted]) -> list[tuple[tuple[Experiment, ...], float]]:
        """The experiments that share a sample, and a mass: always all of them, so that its size depends on nothing else."""
        jobs = dict.fromkeys((self._samples[analysis], mass) for analysis, mass in points)
        sharing: dict[str, list[Experiment]] = {}
        for name, sample in self._samples.items():
            sharing.setdefault(sample, []).append(self.experiment(name))
        return [(tuple(sorted(sharing[sample], key=_is_plain)), mass) for sample, mass in jobs]

    def _key(self, analysis: str, mass: float) -> str:
        """Of all that a point is made from. Without a number of events those that share its sample decide on its size."""
        sharing = [name for name in self.studies if self._samples[name] == self._samples[analysis]]
        others = sorted(self._recipes[name].digest for name in sharing) if self.events is None else []
        return digest_of([self._recipes[analysis].digest, others, mass, self.events])


def sample_of(experiment: Experiment) -> str:
    """A digest of what a sample is made from and how it is selected."""
    card = experiment.analysis
    if card.beam_dump is not None:
        return digest_of(experiment_cards(experiment))
    return digest_of(
        [
            [process.content for process in experiment.processes],
            experiment.detector.content,
            None if experiment.reference is None else experiment.reference.content,
            [cut.model_dump(mode="json") for cut in card.selection],
            *([[veto.model_dump(mode="json") for veto in card.vetoes]] if card.vetoes else []),
            0.0 if card.counting is None else card.counting.visible_branching_ratio,
        ]
    )


def _is_plain(experiment: Experiment) -> bool:
    """Whether nobody looks at the peak. The one that does has the word on a sample, so that all can use it."""
    return not experiment.analysis.looks_at_peak


def work_out(experiments: Sequence[Experiment], mass: float, events: int | None) -> list[PointLimit]:
    """The limits of experiments that share a sample at a mass (GeV)."""
    if experiments[0].analysis.beam_dump is not None:
        return [dump_limit(each, mass, stream_of(mass), events) for each in experiments]
    if experiments[0].analysis.scan is not None:
        return [scan_limit(each, mass) for each in experiments]
    sample = precise_sample(experiments, mass, stream_of(mass), events)
    return [point_limit(each, sample.measured, sample.reference, sample.events) for each in experiments]


def stream_of(mass: float) -> int:
    """The number of a mass (GeV) among the random streams, the same wherever it stands in a list.

    Masses within 0.02% share one, and so do all up to 1 eV. Each limit and its error are right with any stream; close masses
    then differ by what the mass changes, and their errors must not be averaged away.
    """
    return round(1e4 * (math.log10(max(mass, 1e-9)) + 9))


class Store:
    """Finished points as lines of a file, each whole and with a checksum; with `fresh` those that are there are not used."""

    def __init__(self, path: Path | None, *, fresh: bool = False) -> None:
        self.path = path
        self._rows: dict[str, PointLimit] = {}
        if path is not None and os.path.lexists(path) and not is_regular(path):
            raise InputError(f"{path}: is no regular file, and finished points are kept in one; move it away")
        content = path.read_bytes() if path is not None and path.is_file() else b""
        self._start = "" if content.endswith(b"\n") or not content else "\n"  # after a line that was cut short
        for line in content.split(b"\n") if not fresh else ():
            self._rows |= read_line(line)
        if path is not None and self._rows:
            note_finished(path)

    def get(self, key: str) -> PointLimit | None:
        return self._rows.get(key)

    def put(self, key: str, row: PointLimit) -> None:
        self._rows[key] = row
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with unbroken():
            with open(self.path, "a", encoding="utf-8", opener=_not_through_links) as file:
                file.write(self._start + line_of(key, to_plain(row)) + "\n")
            note_finished(self.path)
        self._start = ""

    def tidy(self) -> None:
        """Write the points that were found or made, and nothing else, in the order of their keys."""
        if self.path is not None and self._rows:
            lines = [line_of(key, to_plain(row)) + "\n" for key, row in sorted(self._rows.items())]
            write_text(self.path, "".join(lines), force=True)
            self._start = ""


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def line_of(key: str, row: Any) -> str:
    """The line of a row that is plain data; the checksum is that of the rest."""
    entry = {"key": key, "row": row}
    return json.dumps({**entry, "checksum": digest_of(entry)}, allow_nan=False)


def read_line(line: bytes) -> dict[str, PointLimit]:
    """The row behind its key; nothing unless the line is exactly what was written."""
    try:
        entry = json.loads(line)
        key, plain = entry["key"], entry["row"]
        return {key: from_plain(plain)} if line == line_of(key, plain).encode() else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def to_plain(row: PointLimit) -> dict[str, Any]:
    """A row as data that JSON knows; null for what is no number."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    found: dict[str, Any] = plain(asdict(row))
    return found


def from_plain(data: dict[str, Any]) -> PointLimit:
    """The row behind `to_plain`."""

    def number(value: float | None) -> float:
        return math.nan if value is None else value

    def pair(kind: type[Any], value: dict[str, float | None]) -> Any:
        return kind(**{name: number(item) for name, item in value.items()})

    made: dict[str, Any] = {}
    for field in fields(PointLimit):
        value = data[field.name]
        if field.name.startswith("g_"):
            made[field.name] = pair(CouplingLimit, value)
        elif field.name in ("rates", "allowed"):
            made[field.name] = {name: pair(Rate, item) for name, item in value.items()}
        elif field.name == "expected":
            made[field.name] = {name: tuple(map(number, items)) for name, items in value.items()}
        else:
            made[field.name] = number(value) if field.name == "confidence_level" else value
    return PointLimit(**made)
