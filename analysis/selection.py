"""Named quantities of an event, and cuts on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from alphoton.data.card import Block
from alphoton.data.card_file import RawCard
from alphoton.data.card_paths import KeyPath
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, Jagged
from alphoton.data.quantities import Energy, WholeNumber
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.observables import PHOTON_DIMENSIONS, Beam, Frame, Range, photon_quantity
from alphoton.detectors.reach import out_of_reach
from alphoton.detectors.simulate import true_photons

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DIMENSIONS = {
    **{f"photon.{name}": dimension for name, dimension in PHOTON_DIMENSIONS.items()},
    **{
        f"true_photon.{name}": dimension for name, dimension in PHOTON_DIMENSIONS.items() if name not in ("x", "y", "radius")
    },
    "photon.count": "fraction",
    "missing_mass2": "energy squared",
    "missing_mass": "energy",
    "missing_energy": "energy",
}
"""Quantities of an event, with the dimension of their limits. `photon` is the measured photon of the highest energy,
`true_photon` the generated one."""


def quantity_problems(name: str) -> Iterator[tuple[KeyPath, str]]:
    """Whether a quantity is known."""
    if name not in DIMENSIONS:
        import difflib

        close = difflib.get_close_matches(name, DIMENSIONS, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        yield ("quantity",), f"unknown quantity '{name}'{hint} (known: {', '.join(DIMENSIONS)})"


class MassRange(Block):
    """The masses, above `min` and up to `max`, for which a cut is made."""

    min: Energy | None = None
    max: Energy | None = None

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        if self.min is not None and self.max is not None and self.min >= self.max:
            yield ("min",), "the range is inverted or empty"

    def holds(self, mass: float) -> bool:
        return (self.min is None or mass > self.min) and (self.max is None or mass <= self.max)


class Cut(Range):
    """Limits on a quantity, in the laboratory or the centre of mass, for all masses or some."""

    quantity: str
    name: Annotated[str | None, Field(pattern=r"^[\w .+-]+$", max_length=60)] = None
    for_mass: MassRange | None = None

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        unknown = list(quantity_problems(self.quantity))
        yield from unknown
        if not unknown:
            yield from self.range_problems(self.dimension)
        if self.for_mass is not None:
            yield from ((("for_mass", *path), message) for path, message in self.for_mass.problems())

    @property
    def dimension(self) -> str:
        return DIMENSIONS[self.quantity]

    def holds(self, mass: float) -> bool:
        """Whether it is made at a mass (GeV)."""
        return self.for_mass is None or self.for_mass.holds(mass)

    @property
    def label(self) -> str:
        """The cut's name, or what it says."""
        unit = {"beam_energy": "/E_beam", None: ""}[self.in_units_of] + (" (cm)" if self.frame == "cm" else "")
        low = "" if self.min is None else f"{self.min} < "
        high = "" if self.max is None else f" < {self.max}"
        return self.name or f"{low}{self.quantity}{unit}{high}"

    def passes(self, event: EventView) -> Mask:
        """Which events pass; one without the quantity (no photon) does not."""
        return self.accepts(event.quantity(self.quantity, self.frame), event.beam, self.dimension)


class Axis(Block):
    """An axis of a histogram: a quantity in equal bins."""

    quantity: str
    frame: Frame = "lab"
    in_units_of: Literal["beam_energy"] | None = None
    bins: Annotated[WholeNumber, Field(ge=1, le=10_000)]
    min: str | float
    max: str | float

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        unknown = list(quantity_problems(self.quantity))
        yield from unknown
        if not unknown:
            yield from self._range().range_problems(DIMENSIONS[self.quantity])

    def _range(self) -> Range:
        return Range(frame=self.frame, in_units_of=self.in_units_of, min=self.min, max=self.max)

    def bounds(self) -> tuple[float, float]:
        """The ends of the axis in alphoton's units."""
        return self._range().bounds(DIMENSIONS[self.quantity])

    def values(self, event: EventView) -> Array:
        """What is filled."""
        values = event.quantity(self.quantity, self.frame)
        return values / (event.beam.sqrt_s / 2) if self.in_units_of == "beam_energy" else values


class EventView:
    """The quantities of the events of a reco chunk; `meta` gives the beams."""

    def __init__(self, chunk: Chunk, meta: dict[str, Any]) -> None:
        self.chunk, self.meta = chunk, meta
        self.beam = Beam.of_events(meta["beams"], chunk["run"])  # type: ignore[arg-type]
        self.count = len(chunk["run"])  # type: ignore[arg-type]

    @cached_property
    def _photon(self) -> FirstEntries:
        photons = self.chunk["Photon"]
        assert isinstance(photons, Jagged)
        return FirstEntries(photons.offsets, photons.fields)

    @cached_property
    def _true_photon(self) -> FirstEntries:
        particles = self.chunk["GenPart"]
        assert isinstance(particles, Jagged)
        photons = true_photons(particles).by_falling_energy()
        return FirstEntries(photons.offsets(self.count), photons.columns)

    @cached_property
    def out_of_reach(self) -> Mask:
        """Which true particles are made where the detector card of the events measures nothing."""
        particles, card = self.chunk["GenPart"], self.meta.get("cards", {}).get("detector")
        assert isinstance(particles, Jagged)
        none = np.zeros(len(particles["pdgId"]), dtype=bool)
        if card is None:
            return none
        lost = out_of_reach(DetectorCard.validate_raw(RawCard(DetectorCard.KIND, "reco file", card)), particles)
        return none if lost is None else lost

    def quantity(self, name: str, frame: Frame = "lab") -> Array:
        """One value an event, in alphoton's units; NaN where the event has no photon."""
        if name == "photon.count":
            photons = self.chunk["Photon"]
            assert isinstance(photons, Jagged)
            return photons.counts.astype(np.float64)
        if name in ("missing_mass2", "missing_mass"):
            squared = self.chunk["MissingMass2"]
            assert isinstance(squared, np.ndarray)
            with np.errstate(invalid="ignore"):
                return squared if name == "missing_mass2" else np.sqrt(squared)
        if name == "missing_energy":
            if "MissingEnergy" not in self.chunk:
                card = self.meta.get("cards", {}).get("detector", {}).get("name", "of the events")
                raise InputError(f"missing_energy: the detector card '{card}' measures none; it needs 'absorbs: true'")
            return self.chunk["MissingEnergy"]  # type: ignore[return-value]
        owner, _, quantity = name.partition(".")
        columns = self._photon if owner == "photon" else self._true_photon
        return photon_quantity(quantity, frame, columns, self.beam)


class FirstEntries(dict[str, Array]):
    """The columns of the first entry of each event, made when they are asked for; NaN where there is none."""

    def __init__(self, offsets: NDArray[np.int64], fields: Mapping[str, Array]) -> None:
        super().__init__()
        self._fields = fields
        self._entries = np.where(np.diff(offsets) > 0, offsets[:-1], -1)

    def __missing__(self, name: str) -> Array:
        column = self[name] = np.append(self._fields[name], np.nan)[self._entries]
        return column
