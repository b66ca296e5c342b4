"""Analysis cards: what is selected, what is counted, and how a limit follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from alphoton.analysis.selection import Axis, Cut
from alphoton.analysis.vetoes import Veto
from alphoton.data.card import Block, Card
from alphoton.data.card_paths import ANY, KeyPath
from alphoton.data.grid import Energies
from alphoton.data.quantities import Density, Energy, Fraction, Length, Luminosity, parse

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
    events: Annotated[int | None, Field(gt=0)] = None
    """To generate; without it as many as the process card says."""
    error: Annotated[Fraction, Field(ge=0)] = 0.0

    def problems(self) -> Problems:
        if (self.process is None) == (self.file is None):
            yield (), "give either a 'process' or a 'file'"
        if self.file is not None and self.events is not None:
            yield ("events",), "goes with 'process': a file has the events that it has"


class Background(Block):
    """Expected background events after the selection, with their Gaussian error.

    With `per_positrons_on_target` the number is scaled to the exposure. A `shape` in missing mass squared says which part
    of them lies in the window: `flat` over `range`, or like bremsstrahlung in the selected energies and angles, or that of
    the `templates`, from events: with `events` at their own rates and errors, with `scaled_events` scaled to the number.
    Without `template_statistics` the templates are taken for exact.
    """

    events: NotNegative = 0.0
    """Due unless the limit takes the number from the templates."""
    error: NotNegative = 0.0
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
    number: Annotated[int, Field(gt=0, le=10_000)]
    observed: tuple[NotNegative, ...] | None = None
    toys: Annotated[int | None, Field(ge=100)] = None

    def problems(self) -> Problems:
        if self.observed is not None and len(self.observed) != self.number:
            yield ("observed",), f"has {len(self.observed)} counts for {self.number} bins"


class CountingBlock(Block):
    """A counting experiment: exposure, events observed, background. Without `observed` the median expectation is used."""

    luminosity: Luminosity | None = None
    positrons_on_target: Positive | None = None
    electrons_on_target: Positive | None = None
    """On the thick target of the process card."""
    target: Target | None = None
    observed: NotNegative | None = None
    background: Background | None = None
    window: Window | None = None
    bins: BinsBlock | None = None
    """Of a limit with `method: shape`."""
    visible_branching_ratio: Annotated[Fraction, Field(ge=0, le=1)] = 0.0
    """Of an ALP that decays in the calorimeter which is the target: those decays are lost to a search for missing energy."""

    def problems(self) -> Problems:
        if (self.positrons_on_target is None) != (self.target is None):
            yield (), "'positrons_on_target' and 'target' go together"
        exposures = ("luminosity", "positrons_on_target", "electrons_on_target")
        given = [key for key in exposures if getattr(self, key) is not None]
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
        if self.background.per_positrons_on_target is not None and self.positrons_on_target is None:
            yield ("background", "per_positrons_on_target"), "needs 'positrons_on_target' in 'counting'"
        if (self.background.shape is None) != (self.window is None):
            yield ("background", "shape"), "a background shape and a window go together"


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
    """A published limit on a dark photon, carried over by the ratio of rates, Eqs. (36) and (37) of arXiv:2012.07894."""

    curve: str
    mass_column: str = "mass_GeV"
    limit_column: str
    process: str
    flat_below: bool = False
    uncertainty: Annotated[Fraction, Field(ge=0, lt=1)] = 0.0
    """Relative, on the ratio of efficiencies."""


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


class ComparisonBlock(Block):
    """A published curve that is drawn beside the limits, and enters none of them."""

    curve: str
    column: str
    label: str
    mass_column: str = "mass_GeV"
    coupling: Literal["g_agamma", "g_ae"] = "g_agamma"


class ScanBlock(Block):
    """A scan of the beam's energy over a resonance: a CSV file of points (`energy_scan`), the target, and the relative error
    that all of the backgrounds have in common."""

    points: str
    target: Target
    common_error: Annotated[Fraction, Field(ge=0)] = 0.0


class AnalysisCard(Card):
    """A validated analysis card; quantities in GeV, mm, rad and 1/pb."""

    KIND: ClassVar[str] = "analysis"
    FILES: ClassVar[tuple[KeyPath, ...]] = (
        ("process",),
        ("detector",),
        ("recast", "process"),
        ("recast", "curve"),
        ("beam_dump", "curve"),
        ("comparison", ANY, "curve"),
        ("scan", "points"),
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
        for key in ("counting", "limit", "beam_dump"):
            block = getattr(self, key)
            if block is not None:
                yield from (((key, *path), message) for path, message in block.problems())
        if self.limit.method == "shape":
            yield from self._shape_problems()
        if self.scan is not None:
            yield from self._scan_problems()
        yield from self._number_problems()
        if not any(list(cut.problems()) for cut in self.selection):
            yield from self._window_problems()

    @property
    def looks_at_peak(self) -> bool:
        """Whether the limit depends on where the missing mass squared of each event lies."""
        return self.limit.method == "shape" or (self.counting is not None and self.counting.window is not None)

    @property
    def uses_templates(self) -> bool:
        """Whether the limit depends on backgrounds from events."""
        background = self.counting.background if self.counting else None
        return background is not None and (self.limit.method == "shape" or background.shape in FROM_EVENTS)

    def _scan_problems(self) -> Problems:
        for key in ("counting", "recast", "beam_dump"):
            if getattr(self, key) is not None:
                yield (key,), "does not go with 'scan', whose points say what was counted"
        if self.limit.method != "cls":
            yield ("limit", "method"), f"must be 'cls' with 'scan', got '{self.limit.method}'"

    def _number_problems(self) -> Problems:
        background = self.counting.background if self.counting else None
        if background is None or "events" in background.model_fields_set or background.shape == "events":
            return
        if self.limit.method != "shape" or background.shape == "scaled_events":
            yield ("counting", "background", "events"), "is due: the number of background events that is expected"

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
        if self.counting.positrons_on_target is None:
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
