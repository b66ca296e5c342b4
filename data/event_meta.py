"""What an event file must say of itself: the typed contract of `meta`, of the tree `Runs`, and of the columns of `Events`.

It is checked when a file is opened and when its events are read, so that nothing behind that meets a missing key, a text
where a number belongs, or a cross-section that is none. Keys that are not named here are free.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

LARGEST = 1e70
"""Of any number: the square of a weight times a coupling is then a number, too."""
Number = Annotated[float, Field(gt=-LARGEST, lt=LARGEST)]
NotNegative = Annotated[float, Field(ge=0, lt=LARGEST)]
Positive = Annotated[float, Field(gt=0, lt=LARGEST)]
Count = Annotated[int, Field(ge=0)]
WithError = Annotated[list[Number], Field(min_length=2, max_length=2)]
"""A cross-section and its error, pb."""


class _Contract(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class BeamsMeta(_Contract):
    """One setting of the beams, and so one `run`: GeV, 1/pb."""

    model_config = ConfigDict(extra="forbid")

    sqrt_s: Positive
    energy: Positive
    momentum_z: Number
    luminosity: Positive | None
    share: Positive
    atomic_number: NotNegative
    atomic_mass: NotNegative


class CardsMeta(_Contract):
    """The cards as they were resolved."""

    process: dict[str, Any]
    detector: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _named(self) -> CardsMeta:
        for kind in ("process", "detector"):
            card = getattr(self, kind)
            if card is not None and not isinstance(card.get("name"), str):
                raise ValueError(f"the {kind} card has no name")
        return self


class TargetMeta(_Contract):
    """What the beam meets, in means over the atoms: g/mol, g/cm^3, mm, g/cm^2."""

    model_config = ConfigDict(extra="forbid")

    material: str
    atomic_number: Positive
    atomic_mass: Positive
    density: Positive | None
    length: Positive | None
    radiation_length: Positive


class GeneratedMeta(_Contract):
    """A cut of the generator: its key, and the range of a quantity that is generated, in GeV or rad."""

    model_config = ConfigDict(extra="forbid")

    key: str
    quantity: Literal["missing_energy", "photon.energy", "photon.theta"]
    frame: Literal["lab", "cm"]
    min: NotNegative
    max: Positive = LARGEST / 10
    run: Count | None = None


class TallyMeta(_Contract):
    """What was counted in a part of a large job."""

    rows: Annotated[list[dict[str, Number]], Field(min_length=1)]
    sums: dict[str, WithError]
    trials: Count
    overweight: Count


class NoiseMeta(_Contract):
    """Which random numbers a detector used in a part of a merged file."""

    file: str
    detector_seed: Count | None
    point: Count


class SourceMeta(_Contract):
    """What the events of a merged file were made from."""

    file: str
    seed: Count | None
    detector_seed: Count | None = None
    point: Count
    events: Count


class ChecksumsMeta(_Contract):
    """Of blocks of so many events, by branch, and of the columns of `Runs`."""

    block: Annotated[int, Field(gt=0)]
    Events: dict[str, list[int]]
    Runs: dict[str, int]


class EventMeta(_Contract):
    """The object `meta` of an event file. Masses in GeV, cross-sections in pb, couplings as in the card."""

    units: dict[str, str]
    versions: dict[str, str]
    command_line: list[str]
    cards: CardsMeta
    seed: Count
    point: Count
    detector_seed: Count | None = None
    beams: Annotated[list[BeamsMeta], Field(min_length=1)]
    mass: NotNegative
    alp_id: int
    target: TargetMeta | None = None
    atoms_per_radiation_length: Positive | None
    generated: list[GeneratedMeta] = []
    decay_fraction: Annotated[float, Field(gt=0, le=1)]
    couplings: Annotated[dict[str, Number], Field(min_length=1)]
    """What each component of the cross-section is multiplied with."""
    components_pb: dict[str, WithError]
    unit_components_pb: dict[str, WithError]
    powers: dict[str, dict[str, Annotated[int, Field(gt=0)]]] | None = None
    """Which powers of which couplings each component scales with; files of 0.1.0 do not say it."""
    trials: Count | None = None
    recipe: str | None = None
    tally: TallyMeta | None = None
    sources: list[SourceMeta] | None = None
    noise: list[NoiseMeta] | None = None
    shower_error: NotNegative = 0.0
    """Of a cross-section, relative, from a Monte Carlo shower whose random numbers do not depend on the seed."""

    @model_validator(mode="after")
    def _same_components(self) -> EventMeta:
        for name in ("components_pb", "unit_components_pb", *(() if self.powers is None else ("powers",))):
            if (found := getattr(self, name)).keys() != self.couplings.keys():
                raise ValueError(f"{name} has {_listed(found)}, and couplings {_listed(self.couplings)}")
        return self


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "nothing"


def meta_problem(meta: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong with a file's `meta`, as `meta.key: what`; None where it keeps the contract."""
    return _problem(EventMeta, "meta", meta)


def checksums_problem(checksums: Any) -> str | None:
    """The same for its `checksums`."""
    return _problem(ChecksumsMeta, "meta.checksums", checksums)


def _problem(contract: type[_Contract], place: str, values: Any) -> str | None:
    try:
        contract.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        path = ".".join([place, *map(str, first["loc"])])
        message = re.sub(r"^(Value error, |Input )", "", first["msg"]).replace("\n", " ")
        more = f" (and {len(others)} more)" if others else ""
        return f"{path}: {message[:1].lower()}{message[1:]}{more}"
    return None


# --- Runs ----------------------------------------------------------------------------------------------------------------

RUNS = ("genEventCount", "genEventSumw", "genEventSumw2", "crossSection_pb", "crossSectionError_pb", "overweightFraction")
NEVER_NEGATIVE = frozenset(RUNS) - {"genEventSumw"}


def runs_problem(rows: Mapping[str, NDArray[Any]]) -> str | None:
    """The first thing that is wrong with the columns of `Runs`."""
    for name in RUNS:
        if name not in rows:
            return f"Runs.{name}: not there"
        values = rows[name]
        if values.ndim != 1 or values.dtype.kind not in "iuf" or len(values) == 0:
            return f"Runs.{name}: must be a number for each chunk"
        bad = ~(np.abs(values) < LARGEST) | ((values < 0) if name in NEVER_NEGATIVE else False)
        if np.any(bad):
            return f"Runs.{name}: is {values[np.argmax(bad)]:g}, must be a number{', 0 or more' * (name in NEVER_NEGATIVE)}"
    return None


# --- Events --------------------------------------------------------------------------------------------------------------

Kinds = tuple[str, ...]
"""Beginnings of names of C++ types."""
INTEGERS: Kinds = ("int", "uint")
FLOATS: Kinds = ("double", "float")
FLAGS: Kinds = ("bool",)
EVENT = {"run": INTEGERS, "event": INTEGERS, "genWeight": FLOATS}
PARTICLES = {
    "GenPart_pdgId": INTEGERS,
    "GenPart_status": INTEGERS,
    "GenPart_genPartIdxMother": INTEGERS,
    **{f"GenPart_{name}": FLOATS for name in ("px", "py", "pz", "energy", "mass")},
}
VERTICES = {f"GenPart_{name}": FLOATS for name in ("vx", "vy", "vz")}
PHOTONS = {f"Photon_{name}": FLOATS for name in ("energy", "theta", "phi", "x", "y")}
MEASURED = "MissingMass2"
"""The column that a reco file has."""
STATUS = (1, 2, 4)
"""Of a particle: final, decayed, beam."""
MAY_BE_NAN = (MEASURED, "Photon_x", "Photon_y")
"""The missing mass of an event without a photon, the place of a photon at no plane."""


def columns_problem(types: Mapping[str, str], components: Sequence[str]) -> str | None:
    """The first thing that is wrong with the branches of `Events`, given as their C++ types."""
    wanted = dict(EVENT) | PARTICLES | {f"weight_{name}": FLOATS for name in components}
    if any(name in types for name in VERTICES):
        wanted |= VERTICES
    if MEASURED in types:
        wanted |= PHOTONS
    wanted |= {name: FLOATS for name in (MEASURED, "MissingEnergy") if name in types}
    wanted |= {name: FLAGS for name in types if name.startswith("pass_")}
    for name, kinds in wanted.items():
        if name not in types:
            return f"Events.{name}: not there"
        kind, jagged = types[name].removesuffix("[]"), types[name].endswith("[]")
        if not kind.startswith(kinds) or jagged != name.startswith(("GenPart_", "Photon_")):
            shape = " for each entry of an event" if name.startswith(("GenPart_", "Photon_")) else " for each event"
            what = {INTEGERS: "a whole number", FLOATS: "a number", FLAGS: "true or false"}[kinds]
            return f"Events.{name}: has the type {types[name]}, must be {what}{shape}"
    unknown = [name for name in types if name.startswith("weight_") and name.removeprefix("weight_") not in components]
    return f"Events.{unknown[0]}: no such component (known: {', '.join(components)})" if unknown else None


def values_problem(branch: str, values: NDArray[Any], counts: NDArray[np.int64], runs: int) -> str | None:
    """The first thing that is wrong with the values of a branch; `counts` are its entries an event, `runs` the beams'."""
    if len(values) == 0:
        return None
    if values.dtype.kind == "f" and branch not in MAY_BE_NAN and not values.dot(values) < LARGEST:
        bad = ~(np.abs(values) < LARGEST)
        if np.any(bad):
            return f"Events.{branch}: is {values[np.argmax(bad)]:g}, must be a number"
    if branch == "run" and not (values.min() >= 0 and values.max() < runs):
        return f"Events.run: is from {values.min()} to {values.max()}, meta.beams has 0 to {runs - 1}"
    if branch == "GenPart_mass" and values.min() < 0:
        return f"Events.{branch}: is {values.min():g}, must be 0 or more"
    if branch == "GenPart_status" and (values.min() < min(STATUS) or values.max() > max(STATUS) or np.any(values == 3)):
        odd = values[~np.isin(values, STATUS)][0]
        return f"Events.{branch}: is {odd}, must be {', '.join(map(str, STATUS[:-1]))} or {STATUS[-1]}"
    if branch == "GenPart_genPartIdxMother" and values.min() < -1:
        return f"Events.{branch}: is {values.min()}, must be -1 or the place of a particle"
    if branch == "GenPart_genPartIdxMother" and values.max() >= counts.min():
        bad = values >= np.repeat(counts, counts)
        if np.any(bad):
            return f"Events.{branch}: is {values[np.argmax(bad)]}, its event has fewer particles"
    return None
