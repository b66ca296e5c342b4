"""Process cards: what is produced, from which beams, with which model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from alphoton.data.card import Block, Card
from alphoton.data.card_file import KeyPath
from alphoton.data.quantities import Energy, InverseEnergy, parse
from alphoton.generators import processes
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.kinematics import Collision, collider, head_on, on_target

MAX_EVENTS = 10**12
MAX_BOOST = 1e6
MAX_ENERGY = 1e8
"""GeV; beyond it nothing here is physics, and squares leave the range of numbers."""
ParticleId = Annotated[int, Field(strict=True, gt=-(2**31), lt=2**31)]


def _several(dimension: str) -> BeforeValidator:
    """One quantity or a list of them, as a tuple."""

    def validate(value: Any) -> tuple[float, ...]:
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


def _not_negative(value: float | None) -> float | None:
    if value is not None and value < 0:
        raise PydanticCustomError("quantity", f"must not be negative, got {value * 1e3:g} MeV")
    return value


Mass = Annotated[Energy | None, AfterValidator(_not_negative)]


def _energy_or_at_rest(value: Any) -> float:
    if value == "at rest":
        return ELECTRON_MASS
    try:
        return parse(value, "energy")
    except ValueError as error:
        raise PydanticCustomError("quantity", "{message}", {"message": f"{error}, or 'at rest'"}) from None


class Beams(Block):
    """The beams: `sqrt_s` (with `beta_gamma`, or a list with `luminosity`), or both beams' total energies."""

    sqrt_s: Annotated[tuple[float, ...] | None, _several("energy")] = None
    luminosity: Annotated[tuple[float, ...] | None, _several("luminosity")] = None
    beta_gamma: float = 0.0
    electron_energy: Annotated[float | None, BeforeValidator(_energy_or_at_rest)] = None
    positron_energy: Energy | None = None

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
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
        if self.electron_energy == ELECTRON_MASS and self.luminosity is not None:
            yield ("luminosity",), "does not go with a target; the exposure is positrons on target, in the analysis card"
        if self.beta_gamma != 0:
            yield ("beta_gamma",), "follows from the two energies; give it only with 'sqrt_s'"

    def collisions(self) -> tuple[Collision, ...]:
        """One setting of the beams for each sqrt_s."""
        luminosities = self.luminosity or (None,) * len(self.sqrt_s or (0.0,))
        if self.sqrt_s is not None:
            pairs = zip(self.sqrt_s, luminosities, strict=True)
            return tuple(collider(sqrt_s, self.beta_gamma, luminosity) for sqrt_s, luminosity in pairs)
        assert self.electron_energy is not None
        assert self.positron_energy is not None
        if self.electron_energy == ELECTRON_MASS:
            return (on_target(self.positron_energy),)
        return (head_on(self.electron_energy, self.positron_energy, luminosities[0]),)


class Model(Block):
    """Masses and couplings; which of them a process takes is in `MODEL_KEYS`."""

    m_a: Mass = None
    g_agamma: InverseEnergy = 1.0
    g_ae: InverseEnergy = 1.0
    m_v: Mass = None
    epsilon: float = 1.0


MODEL_KEYS = {"annihilation": ("m_a", "g_agamma", "g_ae"), "dark_photon": ("m_v", "epsilon")}
MASS_KEYS = {"annihilation": "m_a", "dark_photon": "m_v"}
COUPLING_KEYS = {"annihilation": ("g_agamma", "g_ae"), "dark_photon": ("epsilon",)}


class Ids(Block):
    """The particle numbers written into the events."""

    alp: ParticleId = 9000005
    dark_photon: ParticleId = 4900022


class ProcessCard(Card):
    """A validated process card; quantities in GeV, 1/GeV and 1/pb."""

    KIND: ClassVar[str] = "process"

    schema_line: Literal["alphoton/process/1"] = Field(alias="schema")
    process: Literal["annihilation", "dark_photon"]
    beams: Beams
    model: Model
    interference: bool = True
    sampling: Literal["unweighted", "balanced"] = "unweighted"
    events: Annotated[int, Field(strict=True, gt=0, le=MAX_EVENTS)] = 100_000
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    ids: Ids = Ids()

    @property
    def mass_key(self) -> str:
        """The key of the produced particle's mass in `model`."""
        return MASS_KEYS[self.process]

    @property
    def mass(self) -> float:
        """Mass of the produced particle, GeV."""
        mass = getattr(self.model, self.mass_key)
        assert isinstance(mass, float)
        return mass

    def collisions(self) -> tuple[Collision, ...]:
        return self.beams.collisions()

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        beam_problems = [(("beams", *path), message) for path, message in self.beams.problems()]
        model_problems = list(self._model_problems())
        yield from beam_problems
        yield from model_problems
        if not beam_problems and not model_problems:
            yield from self._threshold_problems()

    def _model_problems(self) -> Iterator[tuple[KeyPath, str]]:
        known = MODEL_KEYS[self.process]
        for key in sorted(self.model.model_fields_set - {*known, "source"}):
            yield ("model", key), f"is no key of the process '{self.process}' (known: {', '.join(known)})"
        mass = getattr(self.model, self.mass_key)
        if mass is None:
            yield ("model", self.mass_key), "is missing, and must be given"
        couplings = {key: getattr(self.model, key) for key in COUPLING_KEYS[self.process]}
        if not any(couplings.values()):
            names = " and ".join(couplings)
            zero = f"{names} {'is' if len(couplings) == 1 else 'are all'} zero"
            yield ("model", next(iter(couplings))), f"{zero}: nothing is produced; give one a value"
        for key, value in couplings.items():
            if value != 0 and not 1e-30 < abs(value) < 1e30:
                yield ("model", key), f"out of the range of numbers, 1e-30 to 1e30, got {value:g}"

    def _threshold_problems(self) -> Iterator[tuple[KeyPath, str]]:
        highest = max(collision.sqrt_s for collision in self.collisions())
        threshold = processes.get(self.process).threshold(self)
        if threshold >= highest:
            yield (
                ("model", self.mass_key),
                f"{threshold * 1e3:g} MeV is above threshold: sqrt(s) = {highest * 1e3:g} MeV allows 0 to below that",
            )
