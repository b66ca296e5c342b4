"""Analysis cards: what is selected, what is counted, and how a limit follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from alphoton.analysis.selection import Axis, Cut
from alphoton.analysis.vetoes import Veto
from alphoton.data.card import Block, Card
from alphoton.data.card_paths import ANY, KeyPath
from alphoton.data.grid import Energies
from alphoton.data.printable import one_line
from alphoton.data.quantities import Density, Energy, Fraction, Length, Luminosity, WholeNumber, parse

Problems = Iterator[tuple[KeyPath, str]]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


def _pair(dimension: str) -> BeforeValidator:
    """Two increasing quantities."""

    def validate(value: Any) -> tuple[float, float] | None:
        if value is None:  # takes back what a card that is extended gives
            return None
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise PydanticCustomError("quantity", "must be a list of two values, the lower first")
        try:
            low, high = (parse(item, dimension) for item in value)
        except ValueError as error:
            raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None
        if low >= high:
            raise PydanticCustomError("quantity", "the range is inverted or empty: the lower value comes first")
        return low, high

    return BeforeValidator(validate)


class HistogramBlock(Block):
    """A histogram of one quantity, or of two."""

    name: str = Field(pattern=r"^[A-Za-z]\w*$", max_length=60)
    x: Axis
    y: Axis | None = None

    def problems(self) -> Problems:
        for key in ("x", "y"):
            axis = getattr(self, key)
            if axis is not None:
                yield from (((key, *path), message) for path, message in axis.problems())


class Target(Block):
    """A target with electrons at rest, Eq. (45) of arXiv:2012.07894."""

    thickness: Annotated[Length, Field(gt=0)]
    density: Annotated[Density, Field(gt=0)]
    atomic_number: Positive
    atomic_mass: Positive
    """In g/mol."""


FROM_EVENTS = ("events", "scaled_events")
"""Shapes of a background that come from its templates."""


class TemplateBlock(Block):
    """A background from events: of a process card, generated and simulated, or of a reco file; `error` is relative."""

    process: str | None = None
    file: str | None = None
    events: Annotated[WholeNumber, Field(gt=0)] | None = None
    """To generate; without it as many as the process card says."""
    error: Annotated[Fraction, Field(ge=0)] = 0.0

    def problems(self) -> Problems:
        if (self.process is None) == (self.file is None):
            yield (), "give either a 'process' or a 'file'"
        if self.file is not None and self.events is not None:
            yield ("events",), "goes with 'process': a file has the events that it has"


@dataclass(frozen=True)
class BackgroundError:
    """The error of a background: in events, or relative to them."""

    value: float = 0.0
    relative: bool = False

    def of(self, events: Any) -> Any:
        """The error of so many events, in events."""
        return self.value * events if self.relative else self.value


def _background_error(value: Any) -> BackgroundError:
    """Of a bare number, in events, or of text like "5 %"."""
    relative = isinstance(value, str) and value.strip().endswith("%")
    try:
        error = BackgroundError(parse(value, "fraction"), relative)
    except ValueError:
        message = "must be a number of events, or relative like '5 %', got {got}"
        raise PydanticCustomError("quantity", message, {"got": repr(value)}) from None
    if error.value < 0:
        raise PydanticCustomError("quantity", "must not be negative, got {got}", {"got": str(value)})
    return error


class BackgroundNumber(Block):
    """Expected background events after the selection, with their Gaussian error: one number, or a table against mass.

    The `table` is a CSV file like those of published curves: a line of column names and rows of numbers, of which 0 is one.
    `mass_column` ends in its unit, as `mass_GeV`; `error_column` holds events; without it a column `error` is taken where
    there is one. Between two rows events and error are on straight lines in the mass. Outside of the table there is no
    limit: nothing is extrapolated.

    With `per_luminosity` events and error are those of this luminosity, and are scaled to that of the limit.
    """

    events: NotNegative = 0.0
    """Due unless there is a table, or the limit takes the number from the templates."""
    error: Annotated[BackgroundError, BeforeValidator(_background_error)] = BackgroundError()
    """In events, or relative to them like '5 %'."""
    table: str | None = None
    mass_column: str = "mass_GeV"
    events_column: str = "events"
    error_column: str | None = None
    per_luminosity: Annotated[Luminosity, Field(gt=0)] | None = None

    def number_problems(self) -> Problems:
        given = self.model_fields_set
        if self.table is None:
            for key in ("mass_column", "events_column", "error_column"):
                if key in given:
                    yield (key,), "goes with 'table'"
            return
        if "events" in given:
            yield ("events",), "give either 'events' or a 'table'"
        if "error" in given and not self.error.relative:
            yield ("error",), "must be relative with a table, like '5 %'; events stand in the table's 'error_column'"
        if "error" in given and self.error_column is not None:
            yield ("error_column",), "give either a relative 'error' or an 'error_column'"


class Background(BackgroundNumber):
    """The background of a counting experiment, with the error of its number.

    With `per_positrons_on_target` the number is scaled to the exposure. A `shape` in missing mass squared says which part
    of them lies in the window: `flat` over `range`, or like bremsstrahlung in the selected energies and angles, or that of
    the `templates`, from events: with `events` at their own rates and errors, with `scaled_events` scaled to the number.
    Without `template_statistics` the templates are taken for exact.
    """

    per_positrons_on_target: Positive | None = None
    shape: Literal["flat", "bremsstrahlung", "events", "scaled_events"] | None = None
    range: Annotated[tuple[float, float] | None, _pair("energy squared")] = None
    templates: tuple[TemplateBlock, ...] = ()
    template_statistics: bool = True

    def problems(self) -> Problems:
        if (self.range is not None) != (self.shape == "flat") and not (self.range and self.templates):
            yield ("range",), "goes with 'shape: flat', and is due there: where the background is flat"
        if self.shape in FROM_EVENTS and not self.templates:
            yield ("templates",), f"are due with 'shape: {self.shape}': the backgrounds that give it"
        for index, block in enumerate(self.templates):
            yield from ((("templates", index, *path), message) for path, message in block.problems())
        yield from self.number_problems()
        if self.per_luminosity is not None and self.per_positrons_on_target is not None:
            yield ("per_luminosity",), "give either 'per_luminosity' or 'per_positrons_on_target'"
        if self.table is not None and self.shape in FROM_EVENTS:
            yield ("table",), f"does not go with 'shape: {self.shape}', where templates give the events"
        if self.per_luminosity is not None and self.shape == "events":
            yield ("per_luminosity",), "does not go with 'shape: events', where templates come at their own rates"


class Window(Block):
    """Counting within some standard deviations of the signal's peak in missing mass squared."""

    half_width: Positive
    """In standard deviations of the selected signal: half of the central 68.27% interval."""


class BinsBlock(Block):
    """Bins in missing mass squared of a limit from shapes, and perhaps the counts that were observed in them.

    Limits, bands and p-values are those of asymptotic formulas where at least 100 background events count (see
    `analysis.shape_limits`), and of 10 000 pseudo-experiments where fewer do; with `toys` always of so many. The error of
    the limit has the part that comes from their number.
    """

    range: Annotated[tuple[float, float], _pair("energy squared")]
    number: Annotated[WholeNumber, Field(gt=0, le=10_000)]
    observed: tuple[NotNegative, ...] | None = None
    toys: Annotated[WholeNumber, Field(ge=100)] | None = None

    def problems(self) -> Problems:
        if self.observed is not None and len(self.observed) != self.number:
            yield ("observed",), f"has {len(self.observed)} counts for {self.number} bins"


ON_TARGET = ("particles_on_target", "positrons_on_target", "electrons_on_target")
"""Names of one key: the number of beam particles."""


class CountingBlock(Block):
    """A counting experiment: exposure, events observed, background. Without `observed` the median expectation is used."""

    luminosity: Luminosity | None = None
    particles_on_target: Positive | None = None
    """Beam particles on the target, which this card or the process card describes."""
    positrons_on_target: Positive | None = None
    """Another name of `particles_on_target`."""
    electrons_on_target: Positive | None = None
    """Another name of `particles_on_target`."""
    target: Target | None = None
    observed: NotNegative | None = None
    background: Background | None = None
    window: Window | None = None
    bins: BinsBlock | None = None
    """Of a limit with `method: shape`."""
    visible_branching_ratio: Annotated[Fraction, Field(ge=0, le=1)] = 0.0
    """Of an ALP that decays in the calorimeter which is the target: those decays are lost to a search for missing energy."""

    @property
    def on_target_key(self) -> tuple[str, ...]:
        """The key that gives the number of beam particles, by whichever of its names; empty if there is none."""
        return tuple(key for key in ON_TARGET if getattr(self, key) is not None)[:1]

    @property
    def on_target(self) -> float | None:
        """The number of beam particles on target; None if the card gives none."""
        return next((getattr(self, key) for key in self.on_target_key), None)

    def problems(self) -> Problems:
        if self.target is not None and self.on_target is None:
            yield ("target",), f"needs the number of beam particles: '{ON_TARGET[0]}'"
        given = [key for key in ("luminosity", *ON_TARGET) if getattr(self, key) is not None]
        if len(given) > 1:
            yield (given[0],), f"give one exposure only, here are {' and '.join(given)}"
        if self.luminosity is not None and self.luminosity <= 0:
            yield ("luminosity",), "must be above 0 /pb"
        if self.bins is not None:
            yield from ((("bins", *path), message) for path, message in self.bins.problems())
        if self.background is None:
            if self.window is not None:
                yield ("window",), "a background shape and a window go together"
            return
        yield from ((("background", *path), message) for path, message in self.background.problems())
        if self.background.per_positrons_on_target is not None and self.on_target is None:
            yield ("background", "per_positrons_on_target"), f"needs '{ON_TARGET[0]}' in 'counting'"
        if self.background.per_luminosity is not None:
            yield from self._luminosity_problems(self.background)
        if (self.background.shape is None) != (self.window is None):
            yield ("background", "shape"), "a background shape and a window go together"

    def _luminosity_problems(self, background: Background) -> Problems:
        where = ("background", "per_luminosity")
        if self.on_target is not None:
            yield where, f"goes with a luminosity, here is '{self.on_target_key[0]}'"
        if self.luminosity is None and background.templates:
            yield where, "needs 'luminosity' in 'counting' where templates are scaled"


class LimitBlock(Block):
    """How the limit is set. `fixed` asks for a number of signal events instead of a confidence level.

    `shape` is CLs of the shapes of signal and background in bins, the others count. Its `engine` is our own likelihood, or
    pyhf's, which is the same and slow.
    """

    method: Literal["cls", "bayesian", "poisson", "feldman_cousins", "fixed", "shape"] = "cls"
    confidence_level: Annotated[float, Field(gt=0, lt=1)] = 0.90
    signal_events: Positive | None = None
    engine: Literal["alphoton", "pyhf"] = "alphoton"

    def problems(self) -> Problems:
        if self.engine == "pyhf" and self.method != "shape":
            yield ("engine",), f"goes with 'method: shape', not with '{self.method}'"
        if (self.method == "fixed") != (self.signal_events is not None):
            yield ("signal_events",), "goes with 'method: fixed', and is due there"


class RecastBlock(Block):
    """A published limit on a dark photon, carried over by the ratio of rates, Eqs. (36) and (37) of arXiv:2012.07894.

    With a `luminosity` and the `background` (events and error at the luminosity of the publication, `per_luminosity`) the
    limit is carried to that luminosity first: the rate that is allowed goes with S(b) / L, where S is the median limit on
    signal events, by the method of `limit`, over a background b that grows with L. At `luminosity` = `per_luminosity` it is
    the published limit; its own ups and downs stay in it.
    """

    curve: str
    mass_column: str = "mass_GeV"
    limit_column: str
    process: str
    flat_below: bool = False
    uncertainty: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    """Relative, on the ratio of efficiencies."""
    luminosity: Annotated[Luminosity, Field(gt=0)] | None = None
    background: BackgroundNumber | None = None

    def problems(self) -> Problems:
        if self.background is None:
            if self.luminosity is not None:
                yield ("luminosity",), "needs the 'background' of the publication: how it grows says how the limit does"
            return
        if self.luminosity is None:
            yield ("background",), "needs a 'luminosity' that the limit is carried to"
        if self.background.per_luminosity is None:
            yield ("background", "per_luminosity"), "is missing: the luminosity of the publication, which 'events' belong to"
        if self.background.table is None and "events" not in self.background.model_fields_set:
            yield ("background", "events"), "is missing: give the number that is expected, or a 'table'"
        yield from ((("background", *path), message) for path, message in self.background.number_problems())


class CalorimeterBlock(Block):
    """A calorimeter at the end of the decay region, and its share of the exposure."""

    width: Annotated[Length, Field(gt=0)]
    height: Annotated[Length, Field(gt=0)]
    share: Annotated[Fraction, Field(gt=0, le=1)]


class BeamDumpBlock(Block):
    """A search for visible decays behind a dump: a published band carried over to any visible share, or one from events.

    `visible_ratio` is Gamma_vis / Gamma_inv, null where nothing decays invisibly. With `edges: published` the band is that
    of `curve`, carried over with Eqs. (39)-(42) of arXiv:2012.07894 in the `paper` form or the `exact` one; with
    `edges: events` it comes from generated events.
    """

    shielding: Annotated[Length, Field(gt=0)]
    decay_region: Annotated[Length, Field(gt=0)]
    edges: Literal["published", "events"]
    form: Literal["exact", "paper"] = "exact"
    visible_ratio: Positive | None = None
    curve: str | None = None
    mass_column: str = "mass_GeV"
    lower_column: str = "g_d_GeVinv"
    upper_column: str = "g_u_GeVinv"
    threshold: Annotated[Energy, Field(ge=0)] = 0.0
    calorimeters: tuple[CalorimeterBlock, ...] = ()

    def problems(self) -> Problems:
        if self.edges == "published" and self.curve is None:
            yield ("curve",), "is due with 'edges: published'"
        if self.edges == "events" and not self.calorimeters:
            yield ("calorimeters",), "are due with 'edges: events'"


def _drawable(label: str) -> str:
    """A label that can be drawn: found out here, not when the figure is made at the end of the work."""
    if one_line(label) != label:
        raise PydanticCustomError("label", "must be one line without control characters")
    dollars = len(re.findall(r"(?<!\\)\$", label))
    if dollars and dollars % 2 == 0:  # with an odd number it is drawn as it stands
        from matplotlib.mathtext import MathTextParser  # takes long to import

        try:
            MathTextParser("path").parse(label)
        except (ValueError, RecursionError) as error:
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise PydanticCustomError("label", "cannot be drawn: {why}", {"why": lines[-1].strip()}) from None
    return label


class ComparisonBlock(Block):
    """A published curve that is drawn beside the limits, and enters none of them."""

    curve: str
    column: str
    label: Annotated[str, AfterValidator(_drawable)]
    """Words of the legend; between two `$` as mathematics, as matplotlib has it."""
    mass_column: str = "mass_GeV"
    coupling: Literal["g_agamma", "g_ae"] = "g_agamma"


class ScanBlock(Block):
    """A scan of the beam's energy over a resonance: a CSV file of points (`energy_scan`), the target, and the relative error
    that all of the backgrounds have in common."""

    points: str
    target: Target | None = None
    """Due here or in the process card."""
    common_error: Annotated[Fraction, Field(ge=0)] = 0.0


class AnalysisCard(Card):
    """A validated analysis card; quantities in GeV, mm, rad and 1/pb."""

    KIND: ClassVar[str] = "analysis"
    FILES: ClassVar[tuple[KeyPath, ...]] = (
        ("process",),
        ("detector",),
        ("recast", "process"),
        ("recast", "curve"),
        ("recast", "background", "table"),
        ("beam_dump", "curve"),
        ("comparison", ANY, "curve"),
        ("scan", "points"),
        ("counting", "background", "table"),
        ("counting", "background", "templates", ANY, "process"),
        ("counting", "background", "templates", ANY, "file"),
    )

    schema_line: Literal["alphoton/analysis/1"] = Field(alias="schema")
    process: str | tuple[str, ...]
    """A process card, or several that share the couplings among them."""
    detector: str
    selection: tuple[Cut, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    histograms: tuple[HistogramBlock, ...] = ()
    counting: CountingBlock | None = None
    recast: RecastBlock | None = None
    beam_dump: BeamDumpBlock | None = None
    scan: ScanBlock | None = None
    comparison: tuple[ComparisonBlock, ...] = ()
    limit: LimitBlock = LimitBlock()
    masses: Energies = ()

    def problems(self) -> Problems:
        for key in ("selection", "vetoes", "histograms"):
            for index, block in enumerate(getattr(self, key)):
                yield from (((key, index, *path), message) for path, message in block.problems())
        names = [histogram.name for histogram in self.histograms]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("histograms", index, "name"), f"the name '{name}' is taken"
        if self.counting is not None and self.recast is not None:
            yield ("recast",), "give either 'counting' or 'recast'"
        for key in ("counting", "recast", "limit", "beam_dump"):
            block = getattr(self, key)
            if block is not None:
                yield from (((key, *path), message) for path, message in block.problems())
        if self.limit.method == "shape":
            yield from self._shape_problems()
        if self.scan is not None:
            yield from self._scan_problems()
        yield from self._unused_problems()
        yield from self._number_problems()
        yield from self._count_problems()
        if not any(list(cut.problems()) for cut in self.selection):
            yield from self._window_problems()

    def remarks(self) -> Problems:
        for key in ("counting", "recast"):
            yield from self._error_remarks((key, "background"), getattr(self, key))
        yield from self.hardly_relative(("scan", "common_error"), "of the backgrounds")

    def _error_remarks(self, path: KeyPath, block: CountingBlock | RecastBlock | None) -> Problems:
        background = block.background if block is not None else None
        if background is not None and background.error.relative:
            yield from self.hardly_relative((*path, "error"), "of the background")
        for index in range(len(background.templates) if isinstance(background, Background) else 0):
            yield from self.hardly_relative((*path, "templates", index, "error"), "of the background")

    @property
    def looks_at_peak(self) -> bool:
        """Whether the limit depends on where the missing mass squared of each event lies."""
        return self.limit.method == "shape" or (self.counting is not None and self.counting.window is not None)

    @property
    def uses_templates(self) -> bool:
        """Whether the limit depends on backgrounds from events."""
        background = self.counting.background if self.counting else None
        return background is not None and (self.limit.method == "shape" or background.shape in FROM_EVENTS)

    def _unused_problems(self) -> Problems:
        """What a limit of this kind would not look at, so that a number without it would be wrong."""
        counting, shapes = self.counting, self.limit.method == "shape"
        for kind in ("beam_dump", "scan"):
            if getattr(self, kind) is not None:
                yield from (
                    ((key,), f"is not applied with '{kind}'") for key in ("selection", "vetoes") if getattr(self, key)
                )
        if self.beam_dump is not None and counting is not None:
            unused = [key for key in ("observed", "background", "window", "bins") if getattr(counting, key) is not None]
            yield from ((("counting", key), "is not applied with 'beam_dump'") for key in unused)
        if counting is not None and shapes and counting.observed is not None:
            yield ("counting", "observed"), "is not used with 'method: shape'; give 'observed' in 'counting.bins'"
        if counting is not None and not shapes and counting.bins is not None and counting.bins.observed is not None:
            yield ("counting", "bins", "observed"), f"is not used with 'method: {self.limit.method}', only with 'shape'"
        if self.uses_templates and any(cut.for_mass is not None for cut in self.selection):
            yield ("selection",), "a cut with 'for_mass' does not go with backgrounds from events, which have no mass"

    def _scan_problems(self) -> Problems:
        for key in ("counting", "recast", "beam_dump"):
            if getattr(self, key) is not None:
                yield (key,), "does not go with 'scan', whose points say what was counted"
        if self.limit.method != "cls":
            yield ("limit", "method"), f"must be 'cls' with 'scan', got '{self.limit.method}'"

    def _number_problems(self) -> Problems:
        if self.recast is not None and self.recast.background is not None and self.limit.method in ("fixed", "shape"):
            yield (
                ("limit", "method"),
                f"'{self.limit.method}' counts no background, as 'recast.background' needs: give 'cls'",
            )
        background = self.counting.background if self.counting else None
        if background is not None and self.limit.method == "shape" and background.shape not in FROM_EVENTS:
            for key in ("table", "per_luminosity"):
                if getattr(background, key) is not None:
                    yield (
                        ("counting", "background", key),
                        "does not go with 'method: shape', where templates give the events",
                    )
        if background is not None and background.table is not None:
            return
        if background is None or "events" in background.model_fields_set or background.shape == "events":
            return
        if self.limit.method != "shape" or background.shape == "scaled_events":
            yield ("counting", "background", "events"), "is due: the number of background events that is expected"

    def _count_problems(self) -> Problems:
        """What was observed are whole events, wherever they are counted."""
        method, counting = self.limit.method, self.counting
        if counting is None or method == "fixed":
            return
        counts: dict[KeyPath, float] = {}
        if method != "shape" and counting.observed is not None:
            counts["counting", "observed"] = counting.observed
        elif method == "shape" and counting.bins is not None:
            counts |= {("counting", "bins", "observed", k): n for k, n in enumerate(counting.bins.observed or ())}
        for path, count in counts.items():
            if count != int(count):
                near = f"{int(count)} or {int(count) + 1}"
                message = (
                    f"'{method}' counts whole events: write {near}, or leave it out for the limit to expect; got {count:g}"
                )
                yield path, message

    def _shape_problems(self) -> Problems:
        background = self.counting.background if self.counting else None
        if self.counting is None or self.counting.bins is None:
            yield ("counting", "bins"), "are due with 'method: shape'"
        elif self.counting.bins.toys is not None and self.limit.engine == "pyhf":
            yield ("counting", "bins", "toys"), "are not made with 'engine: pyhf'"
        if background is None or not background.templates:
            yield ("counting", "background", "templates"), "are due with 'method: shape': backgrounds from events"

    def _window_problems(self) -> Problems:
        background = self.counting.background if self.counting else None
        if self.counting is None or background is None or background.shape != "bremsstrahlung":
            return
        if self.counting.on_target is None:
            yield ("counting", "background", "shape"), "bremsstrahlung is that of positrons on a target: give 'flat'"
            return
        for quantity in ("photon.energy", "photon.theta"):
            if self.photon_range(quantity) is None:
                yield ("selection",), f"a bremsstrahlung shape needs 'min' and 'max' of '{quantity}' among the cuts"

    def photon_range(self, quantity: str) -> tuple[float, float] | None:
        """The lower and upper limit that the selection sets on a quantity in the laboratory; None where one is missing."""
        low, high = -float("inf"), float("inf")
        for cut in self.selection:
            if cut.quantity == quantity and cut.frame == "lab" and cut.in_units_of is None:
                cut_low, cut_high = cut.bounds(cut.dimension)
                low, high = max(low, cut_low), min(high, cut_high)
        return None if abs(low) == float("inf") or abs(high) == float("inf") else (low, high)
