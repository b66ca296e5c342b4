"""Beams and targets in process cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from alphoton.data.card import Block
from alphoton.data.card_paths import KeyPath
from alphoton.data.quantities import Density, Energy, Fraction, Length, parse
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.kinematics import Collision, collider, head_on, on_nucleus, on_target
from alphoton.generators.matter.bound_electrons import bound_in
from alphoton.generators.matter.materials import Material, material, mixture

MAX_THICKNESS = 1000.0
"""Radiation lengths."""
MAX_BOOST = 1e6
MAX_ENERGY = 1e8
"""GeV; beyond it nothing here is physics, and squares leave the range of numbers."""
MAX_SPREAD = 0.05
"""Of a beam's energy; at 8.6 standard deviations, the end of the Gaussian, something is left."""
LEAST_REAL_ENERGY = 100.0
"""Of each beam of a collider that has a spread or radiates, in units of m_e: its mass is neglected."""
WITH_REAL_BEAMS = ("annihilation", "dark_photon", "neutrino_photon")
"""The processes whose beams may have a spread or radiate."""


def _several(dimension: str) -> BeforeValidator:
    """One quantity or a list of them, as a tuple."""

    def validate(value: Any) -> tuple[float, ...] | None:
        if value is None:  # takes back what a card that is extended gives
            return None
        items = value if isinstance(value, list | tuple) else [value]
        try:
            numbers = tuple(parse(item, dimension) for item in items)
        except ValueError as error:
            raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None
        if not numbers:
            raise PydanticCustomError("quantity", "the list is empty")
        if min(numbers) <= 0:
            unit = {"energy": "GeV", "luminosity": "/pb"}[dimension]
            raise PydanticCustomError("quantity", f"must be above 0 {unit}, got {min(numbers):g} {unit}")
        return numbers

    return BeforeValidator(validate)


def _energy_or_at_rest(value: Any) -> float | None:
    if value is None:
        return None
    if value == "at rest":
        return ELECTRON_MASS
    try:
        return parse(value, "energy")
    except ValueError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": f"{error}, or 'at rest'"}) from None


class Mixture(Block):
    """A material made of packaged ones, by mass, with its own density."""

    name: str = "mixture"
    masses: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]
    density: Annotated[Density, Field(gt=0)]

    @property
    def material(self) -> Material:
        return mixture(self.name, self.masses, self.density)


class Target(Block):
    """A target at rest: a material, or a mixture, and a thickness: `thin`, radiation lengths like `40 X0`, or a length.

    In a thick target the beam makes a shower, that of Eq. (27) or of a Monte Carlo (`matter.cascade`). With `shower: none`
    the beam meets the target once, and the thickness is only its length. It is always none on electrons at rest.
    """

    material: str | Mixture
    thickness: str = "thin"
    density: Annotated[Density | None, Field(gt=0)] = None
    radiation_length: Annotated[Length | None, Field(gt=0)] = None
    shower: Literal["none", "closed_form", "monte_carlo"] | None = None
    """Without it `closed_form` in a thick target of nuclei, else `none`."""

    @property
    def length(self) -> float | None:
        """The thickness in mm; None for a thin target, whose length nobody gives. Raises `ValueError` for a bad one."""
        if self.thickness == "thin":
            return None
        number, unit, rest = self.thickness.partition("X0")
        if unit and not rest.strip():
            radiation_lengths = float(number)
            length = 10 * radiation_lengths * self.stuff.radiation_length_cm
        else:
            length = parse(self.thickness, "length")
            radiation_lengths = length / (10 * self.stuff.radiation_length_cm)
        if not 0 < radiation_lengths <= MAX_THICKNESS:
            raise ValueError
        return length

    @property
    def radiation_lengths(self) -> float:
        """The thickness in radiation lengths; 0 for a thin target, where the cross-section is the nucleus's own."""
        if self.thickness == "thin":
            return 0.0
        number, unit, rest = self.thickness.partition("X0")
        if unit and not rest.strip() and 0 < float(number) <= MAX_THICKNESS:
            return float(number)  # without rounding by way of the length
        length = self.length
        assert length is not None
        return length / (10 * self.stuff.radiation_length_cm)

    @property
    def shower_depth(self) -> float:
        """The depth of the shower in radiation lengths; 0 if the beam meets the target once."""
        return 0.0 if self.shower == "none" else self.radiation_lengths

    @property
    def stuff(self) -> Material:
        """The material, with the card's own density and radiation length where it gives them."""
        found = self.material.material if isinstance(self.material, Mixture) else material(self.material)
        density = self.density or found.density
        length = found.radiation_length if self.radiation_length is None else self.radiation_length / 10 * density
        return replace(found, density=density, radiation_length=length)

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        try:
            self.stuff  # noqa: B018 (found or not)
        except ValueError as error:
            yield ("material",), str(error)
            return
        try:
            self.radiation_lengths  # noqa: B018
        except ValueError:
            yield (
                ("thickness",),
                f"must be 'thin', a length like '12 cm', or up to {MAX_THICKNESS:g} radiation lengths like '40 X0'; "
                f"got '{self.thickness}'",
            )
            return
        if self.shower in ("closed_form", "monte_carlo") and self.thickness == "thin":
            yield ("shower",), "there is none in a thin target; give a thickness like '40 X0'"


class Beams(Block):
    """The beams: `sqrt_s` (with `beta_gamma`, or a list with `luminosity`), or both beams' total energies; or one beam,
    of photons, electrons or positrons, on a `target` of nuclei."""

    sqrt_s: Annotated[tuple[float, ...] | None, _several("energy")] = None
    luminosity: Annotated[tuple[float, ...] | None, _several("luminosity")] = None
    beta_gamma: float = 0.0
    electron_energy: Annotated[float | None, BeforeValidator(_energy_or_at_rest)] = None
    positron_energy: Energy | None = None
    photon_energy: Annotated[Energy | None, Field(gt=0)] = None
    target: Target | None = None
    energy_spread: Annotated[Fraction, Field(ge=0, le=MAX_SPREAD)] = 0.0
    """Of each beam, relative; one standard deviation of a Gaussian."""
    initial_state_radiation: Literal["none", "leading_log"] = "none"
    bound_electrons: str | None = None
    """The element in whose atoms the electrons of resonant production are; at rest where it is not given."""

    @property
    def real(self) -> bool:
        """Whether the beams have a spread of energies or radiate."""
        return self.energy_spread > 0 or self.initial_state_radiation != "none"

    def real_problems(self, process: str) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with a spread of the beams' energies, or radiation of theirs."""
        options = {
            "energy_spread": self.energy_spread > 0,
            "initial_state_radiation": self.initial_state_radiation != "none",
        }
        chosen = [key for key, on in options.items() if on]
        if process == "resonant":  # which always has a spread
            chosen = [key for key in chosen if key != "energy_spread"]
        if process not in WITH_REAL_BEAMS:
            yield from (((key,), f"goes with {', '.join(WITH_REAL_BEAMS)}, not with '{process}'") for key in chosen)
        elif self.electrons_at_rest:
            if "initial_state_radiation" in chosen:
                yield ("initial_state_radiation",), "is that of two beams, not of positrons on electrons at rest"
        elif chosen:
            lowest = min(self.sqrt_s or (2 * (self.electron_energy or 0.0), 2 * (self.positron_energy or 0.0))) / 2
            if lowest < LEAST_REAL_ENERGY * ELECTRON_MASS:
                message = (
                    f"needs beams of at least {LEAST_REAL_ENERGY:g} m_e = {LEAST_REAL_ENERGY * ELECTRON_MASS * 1e3:.4g} MeV"
                )
                yield (chosen[0],), message

    @property
    def beam_energy(self) -> float:
        """Energy of the beam on nuclei, GeV."""
        energy = self.photon_energy or self.electron_energy or self.positron_energy
        assert energy is not None
        return energy

    @property
    def particle(self) -> str | None:
        """What meets a target: `photon`, `electron` or `positron`; None for two beams that collide."""
        if self.electrons_at_rest:
            return "positron"
        given = [key for key in ("photon_energy", "electron_energy", "positron_energy") if getattr(self, key) is not None]
        return given[0].removesuffix("_energy") if self.target is not None and len(given) == 1 else None

    @property
    def electrons_at_rest(self) -> bool:
        """Whether positrons meet electrons at rest; a target then says how many."""
        return self.electron_energy == ELECTRON_MASS

    @property
    def on_nuclei(self) -> bool:
        """Whether the beam meets the nuclei of a target, or makes a shower in it."""
        return self.target is not None and not self.electrons_at_rest

    @property
    def thickness(self) -> float:
        """Depth of the shower in a target of nuclei, in radiation lengths; 0 if there is none."""
        return self.target.shower_depth if self.target is not None and self.on_nuclei else 0.0

    @property
    def cascade(self) -> bool:
        """Whether the shower of a thick target is a Monte Carlo's."""
        return self.thickness > 0 and self.target is not None and self.target.shower == "monte_carlo"

    @property
    def radiation_length_mm(self) -> float:
        assert self.target is not None
        return 10 * self.target.stuff.radiation_length_cm

    def nuclear_problems(self, process: str) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with a beam on nuclei."""
        either = process == "bethe_heitler"
        for key in ("photon_energy", "electron_energy", "positron_energy"):
            if (getattr(self, key) or 0) > MAX_ENERGY:
                yield (key,), f"must be at most {MAX_ENERGY:g} GeV, got {getattr(self, key):g} GeV"
        for key in ("sqrt_s", "luminosity", *(() if either else ("positron_energy",)), "beta_gamma"):
            if getattr(self, key):
                yield (key,), f"does not go with the process '{process}', which is on nuclei"
        if self.target is None:
            yield ("target",), "is missing, and must be given, like {material: lead, thickness: thin}"
        else:
            yield from ((("target", *path), message) for path, message in self.target.problems())
            for key in ("electron_energy", *(("positron_energy",) if either else ())):
                energy = getattr(self, key)
                if energy is not None and energy <= ELECTRON_MASS:
                    name = key.removesuffix("_energy")
                    yield (key,), f"must be above m_e = {1e3 * ELECTRON_MASS:.4f} MeV: the {name} is the beam"
        beams = ("electron_energy", "positron_energy") if either else ("photon_energy", "electron_energy")
        given = [key for key in ("photon_energy", "electron_energy", "positron_energy") if getattr(self, key) is not None]
        if either and (len(given) != 1 or given == ["photon_energy"]):
            yield (), "give one beam: 'electron_energy' or 'positron_energy'"
        elif not either and len([key for key in given if key in beams]) != 1:
            yield (), "give one beam: 'photon_energy' or 'electron_energy'"
        elif process == "bremsstrahlung" and given == ["photon_energy"]:
            yield ("photon_energy",), "bremsstrahlung needs an electron beam: 'electron_energy'"
        elif self.target is not None and not list(self.target.problems()):
            thick = self.target.shower_depth > 0
            if thick and either:
                yield (
                    ("target", "thickness"),
                    f"must be 'thin', or go with 'shower: none': '{process}' is that of the beam itself, not of a shower",
                )
            if thick and given == ["photon_energy"]:
                yield (
                    ("photon_energy",),
                    "the shower of a thick target is that of an electron: give 'electron_energy', or 'shower: none'",
                )
            if process == "primakoff" and not thick and given == ["electron_energy"]:
                yield ("electron_energy",), "on a thin target Primakoff production needs photons: 'photon_energy'"

    def resonant_problems(self) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with positrons for resonant production: a beam on electrons at rest, or those of a shower."""
        if not self.on_nuclei:
            found = list(self.problems())
            yield from found
            if not found and not self.electrons_at_rest:
                yield ("electron_energy",), "must be 'at rest' for resonant production, or give a thick 'target'"
            elif not found and not self.energy_spread:
                yield ("energy_spread",), "is missing: a resonance is as wide as the beam; give one like 0.25 %"
        else:
            found = list(self.nuclear_problems("bremsstrahlung"))
            yield from found
            if not found and self.target is not None and self.target.shower != "monte_carlo":
                yield (("target", "shower"), "must be 'monte_carlo': the closed form of Eq. (27) has no positrons")
            elif not found and self.energy_spread:
                yield ("energy_spread",), "is that of positrons on a thin target; the shower's have all energies"
        if self.bound_electrons is not None and not found:
            yield from self._bound_problems(self.bound_electrons)

    def _bound_problems(self, element: str) -> Iterator[tuple[KeyPath, str]]:
        try:
            number = bound_in(element).atomic_number
        except ValueError as error:
            yield ("bound_electrons",), str(error)
            return
        if self.target is not None and [each.atomic_number for each in self.target.stuff.elements] != [number]:
            yield ("bound_electrons",), f"the target is not {element} alone"

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with beams of electrons and positrons."""
        if self.photon_energy is not None:
            yield ("photon_energy",), "goes with production on nuclei, not with electrons and positrons"
        if self.target is not None and not self.electrons_at_rest:
            yield ("target",), "goes with nuclei or electrons at rest, not with two beams that collide"
        elif self.target is not None:
            yield from ((("target", *path), message) for path, message in self.target.problems())
            if self.target.shower not in (None, "none"):
                yield ("target", "shower"), "must be 'none': the positrons meet electrons at rest once"
        both = self.electron_energy is not None and self.positron_energy is not None
        if (self.sqrt_s is not None) == both or ((self.electron_energy is None) != (self.positron_energy is None)):
            yield (), "give either 'sqrt_s', or 'electron_energy' and 'positron_energy'"
            return
        if self.sqrt_s is None:
            yield from self._energy_problems()
        else:
            if max(self.sqrt_s) > MAX_ENERGY:
                yield ("sqrt_s",), f"must be at most {MAX_ENERGY:g} GeV, got {max(self.sqrt_s):g} GeV"
            if abs(self.beta_gamma) > MAX_BOOST:
                yield ("beta_gamma",), f"must be between -{MAX_BOOST:g} and {MAX_BOOST:g}, got {self.beta_gamma:g}"
            for value in self.sqrt_s:
                if value <= 2 * ELECTRON_MASS:
                    yield ("sqrt_s",), f"must be above 2 m_e = {2e3 * ELECTRON_MASS:.3f} MeV, got {value * 1e3:g} MeV"
            if self.luminosity is None and len(self.sqrt_s) > 1:
                yield ("luminosity",), f"a list of {len(self.sqrt_s)} sqrt_s needs as many luminosities"
        if self.luminosity is not None:
            runs = len(self.sqrt_s or (0.0,))
            if len(self.luminosity) != runs:
                yield ("luminosity",), f"{len(self.luminosity)} luminosities for {runs} sqrt_s: give one for each"

    def _energy_problems(self) -> Iterator[tuple[KeyPath, str]]:
        for key in ("electron_energy", "positron_energy"):
            energy = getattr(self, key)
            if energy > MAX_ENERGY:
                yield (key,), f"must be at most {MAX_ENERGY:g} GeV, got {energy:g} GeV"
            if energy < ELECTRON_MASS:
                yield (key,), f"a total energy, at least m_e = {1e3 * ELECTRON_MASS:.4f} MeV, got {energy * 1e3:g} MeV"
        if self.positron_energy == ELECTRON_MASS:
            yield ("positron_energy",), "the positron is the beam, it cannot be at rest"
        if self.electrons_at_rest and self.luminosity is not None:
            yield ("luminosity",), "does not go with a target; the exposure is positrons on target, in the analysis card"
        if self.beta_gamma != 0:
            yield ("beta_gamma",), "follows from the two energies; give it only with 'sqrt_s'"

    def collisions(self) -> tuple[Collision, ...]:
        """One setting of the beams for each sqrt_s."""
        if self.target is not None and self.on_nuclei:
            stuff, mass = self.target.stuff, 0.0 if self.photon_energy is not None else ELECTRON_MASS
            pairs_of = zip(stuff.elements, stuff.number_fractions, strict=True)
            return tuple(on_nucleus(self.beam_energy, mass, element, share) for element, share in pairs_of)
        luminosities = self.luminosity or (None,) * len(self.sqrt_s or (0.0,))
        if self.sqrt_s is not None:
            pairs = zip(self.sqrt_s, luminosities, strict=True)
            return tuple(collider(sqrt_s, self.beta_gamma, luminosity) for sqrt_s, luminosity in pairs)
        assert self.electron_energy is not None
        assert self.positron_energy is not None
        if self.electrons_at_rest:
            return (on_target(self.positron_energy),)
        return (head_on(self.electron_energy, self.positron_energy, luminosities[0]),)
