"""Detector cards: an ordered list of modules that a photon goes through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alphoton.data.card import Block, Card
from alphoton.data.card_paths import KeyPath
from alphoton.data.quantities import Angle, Fraction, Length, ResolutionTerm, WholeNumber
from alphoton.detectors.acceptance import EfficiencyTable
from alphoton.detectors.formula import Formula
from alphoton.detectors.observables import AT_THE_PLANE, PHOTON_DIMENSIONS, Range

TERMS = ("stochastic", "noise", "constant")
"""Of a relative energy resolution."""
MAX_TERM = 1e6
"""Of a relative resolution; the square of a much larger one is no number."""
Problems = Iterator[tuple[KeyPath, str]]
Name = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$", max_length=50)]


class Geometry(Block):
    """Where things are, along +z from where the photons come from.

    What decays in flight is measured in front of the plane, in the calorimeter or in the sphere, and not beyond.
    """

    ecal_distance: Annotated[Length | None, Field(gt=0)] = None
    """Of the plane in which photons are measured."""
    calorimeter_length: Annotated[Length | None, Field(gt=0)] = None
    """Of a calorimeter that is the target: what is made beyond it leaves no energy in it."""
    radius: Annotated[Length | None, Field(gt=0)] = None
    """Of a detector around the collision, taken as a sphere: what is made outside leaves nothing in it."""
    shielding: Annotated[Length | None, Field(gt=0)] = None
    """Of a dump, from the collision on: what is made in it is absorbed and not measured."""


def formula_problems(key: str, text: str | None) -> Problems:
    if text is not None:
        try:
            Formula(text)
        except ValueError as error:
            yield (key,), str(error)


def negative_problems(block: Block, *keys: str) -> Problems:
    for key in keys:
        value = getattr(block, key)
        if value is not None and value < 0:
            yield (key,), f"must not be negative, got {value:g}"


class EnergyResolution(Block):
    """sigma_E / E = stochastic / sqrt(E) (+) noise / E (+) constant, E in GeV; or a formula in energy, theta, phi.

    A term may be an energy, its value at 1 GeV. A formula gives sigma_E / E, or with `mode: absolute` sigma_E in GeV. With
    `shape: lorentzian` sigma_E is the half width at half maximum of a distribution with long tails.
    """

    type: Literal["energy_resolution"]
    input: Literal["photon"] = "photon"
    stochastic: ResolutionTerm = 0.0
    noise: ResolutionTerm = 0.0
    constant: ResolutionTerm = 0.0
    formula: str | None = None
    mode: Literal["relative", "absolute"] = "relative"
    shape: Literal["gaussian", "lorentzian"] = "gaussian"

    def problems(self, geometry: Geometry) -> Problems:
        terms = {*TERMS} & self.model_fields_set
        if bool(terms) == (self.formula is not None):
            yield (), "give either terms (stochastic, noise, constant) or a formula"
        if terms and self.mode == "absolute":
            yield ("mode",), "goes with a formula; a term may be an energy, its value at 1 GeV, as in 'noise: 3 keV'"
        yield from negative_problems(self, *TERMS)
        for key in terms:
            if getattr(self, key) > MAX_TERM:
                yield (key,), f"a relative resolution of more than {MAX_TERM:g} at 1 GeV, got {getattr(self, key):g}"
        yield from formula_problems("formula", self.formula)


class PositionResolution(Block):
    """Resolution of each coordinate where the photon is seen: at a plane z = distance, or on a sphere around the origin.

    `distance` is the geometry's `ecal_distance` unless given; a formula in energy, theta, phi gives mm.
    """

    type: Literal["position_resolution"]
    input: Literal["photon"] = "photon"
    resolution: Length | None = None
    formula: str | None = None
    surface: Literal["plane", "sphere"] = "plane"
    distance: Annotated[Length | None, Field(gt=0)] = None

    def problems(self, geometry: Geometry) -> Problems:
        if (self.resolution is None) == (self.formula is None):
            yield (), "give either 'resolution' or 'formula'"
        if self.distance is None and geometry.ecal_distance is None:
            yield (), "needs a distance: give 'distance' here, or 'ecal_distance' under 'geometry'"
        yield from negative_problems(self, "resolution")
        yield from formula_problems("formula", self.formula)


class AngularResolution(Block):
    """Resolution of theta and phi, each as an angle or as a formula in energy, theta, phi that gives rad."""

    type: Literal["angular_resolution"]
    input: Literal["photon"] = "photon"
    theta: Angle | None = None
    phi: Angle | None = None
    theta_formula: str | None = None
    phi_formula: str | None = None

    def problems(self, geometry: Geometry) -> Problems:
        for key in ("theta", "phi"):
            if getattr(self, key) is not None and getattr(self, f"{key}_formula") is not None:
                yield (key,), f"give either '{key}' or '{key}_formula'"
            yield from formula_problems(f"{key}_formula", getattr(self, f"{key}_formula"))
        if not {"theta", "phi", "theta_formula", "phi_formula"} & self.model_fields_set:
            yield (), "smears nothing: give 'theta', 'phi', or a formula for one of them"
        yield from negative_problems(self, "theta", "phi")


class Acceptance(Range):
    """Photons outside the limits of a quantity, as measured so far, are not seen."""

    type: Literal["acceptance"]
    input: Literal["photon"] = "photon"
    name: Name = "acceptance"
    quantity: str

    def problems(self, geometry: Geometry) -> Problems:
        if self.quantity not in PHOTON_DIMENSIONS:
            yield ("quantity",), f"unknown quantity '{self.quantity}' (known: {', '.join(PHOTON_DIMENSIONS)})"
            return
        if self.quantity in AT_THE_PLANE and geometry.ecal_distance is None:
            yield ("quantity",), f"'{self.quantity}' needs 'ecal_distance' under 'geometry'"
        yield from self.range_problems(PHOTON_DIMENSIONS[self.quantity])


class Efficiency(Block):
    """Photons are seen with a probability: a number, or a binned table."""

    type: Literal["efficiency"]
    input: Literal["photon"] = "photon"
    name: Name = "efficiency"
    value: Annotated[Fraction | None, Field(ge=0, le=1)] = None
    table: EfficiencyTable | None = None

    def problems(self, geometry: Geometry) -> Problems:
        if (self.value is None) == (self.table is None):
            yield (), "give either 'value' or 'table'"
        if self.table is not None:
            yield from ((("table", *path), message) for path, message in self.table.problems())
            for index, quantity in enumerate(self.table.quantities):
                if quantity in AT_THE_PLANE and geometry.ecal_distance is None:
                    yield ("table", "quantities", index), f"'{quantity}' needs 'ecal_distance' under 'geometry'"


class Trigger(Block):
    """Events are kept with a probability, whatever is in them."""

    type: Literal["trigger"]
    name: Name = "trigger"
    efficiency: Annotated[Fraction, Field(ge=0, le=1)]

    def problems(self, geometry: Geometry) -> Problems:
        return iter(())


Module = Annotated[
    EnergyResolution | PositionResolution | AngularResolution | Acceptance | Efficiency | Trigger,
    Field(discriminator="type"),
]


NEUTRINOS = (12, 14, 16, -12, -14, -16)
"""Invisible to every detector."""


class DetectorCard(Card):
    """A validated detector card; quantities in GeV, mm and rad."""

    KIND: ClassVar[str] = "detector"

    schema_line: Literal["alphoton/detector/1"] = Field(alias="schema")
    geometry: Geometry = Geometry()
    invisible: tuple[WholeNumber, ...]
    """Besides neutrinos."""
    vetoed: tuple[WholeNumber, ...] = ()
    """Visible particles that are not seen by this detector but by others: the vetoes of the analysis card."""
    missing_mass: Literal["collision", "annihilation"] = "collision"
    """What the missing mass is missing from: what collided, or the beam and an electron at rest whatever it met."""
    absorbs: bool = False
    """Whether the target is a calorimeter that measures all visible energy: then `MissingEnergy` is written."""
    modules: tuple[Module, ...]

    @property
    def unseen(self) -> tuple[int, ...]:
        """Numbers of the particles that leave nothing in the detector."""
        return (*self.invisible, *NEUTRINOS)

    @property
    def plane(self) -> float | None:
        """z of the (last) plane in which photons are measured, mm."""
        own = [
            module.distance
            for module in self.modules
            if isinstance(module, PositionResolution) and module.surface == "plane"
        ]
        return max((z for z in (*own, self.geometry.ecal_distance) if z is not None), default=None)

    @property
    def depth(self) -> float | None:
        """z beyond which nothing is measured: of the plane, or the end of a calorimeter that is the target, mm."""
        return max((z for z in (self.plane, self.geometry.calorimeter_length) if z is not None), default=None)

    @property
    def sphere(self) -> float | None:
        """Radius of the sphere outside of which nothing is measured, mm."""
        positions = (module for module in self.modules if isinstance(module, PositionResolution))
        own = [module.distance or self.geometry.ecal_distance for module in positions if module.surface == "sphere"]
        return max((radius for radius in (*own, self.geometry.radius) if radius is not None), default=None)

    def problems(self) -> Problems:
        names: set[str] = set()
        for index, module in enumerate(self.modules):
            yield from ((("modules", index, *path), message) for path, message in module.problems(self.geometry))
            name = getattr(module, "name", None)
            if name in names or name == "invisible":
                yield ("modules", index, "name"), f"the name '{name}' is taken; give this module another"
            if name is not None:
                names.add(name)
        shielding = self.geometry.shielding
        for key, end in (("ecal_distance", self.plane), ("calorimeter_length", self.depth), ("radius", self.sphere)):
            if shielding is not None and end is not None and end <= shielding:
                yield ("geometry", "shielding"), f"leaves nothing to measure: it reaches beyond the detector ('{key}')"
                break
        if 22 in self.invisible:
            yield ("invisible", self.invisible.index(22)), "the photon is what is measured, it cannot be invisible"

    def remarks(self) -> Problems:
        for index, module in enumerate(self.modules):
            if isinstance(module, EnergyResolution):
                for key in TERMS:
                    yield from self.hardly_relative(("modules", index, key), "of an energy of 1 GeV")
