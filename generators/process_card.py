"""Process cards: what is produced, from which beams, with which model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)
from pydantic_core import PydanticCustomError

from alphoton.data.card import Block, Card
from alphoton.data.card_paths import KeyPath
from alphoton.data.quantities import Angle, Energy, InverseEnergy, Seed, WholeNumber
from alphoton.generators import processes
from alphoton.generators.beams import Beams, Target
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.decays import DECAYS
from alphoton.generators.kinematics import Collision, photon_momentum
from alphoton.generators.model import Couplings, branching_ratios, widths

MAX_EVENTS = 10**12
ParticleId = Annotated[WholeNumber, Field(gt=-(2**31), lt=2**31)]


def _not_negative(value: float | None) -> float | None:
    if value is not None and value < 0:
        raise PydanticCustomError("quantity", f"must not be negative, got {value * 1e3:g} MeV")
    return value


Mass = Annotated[Energy | None, AfterValidator(_not_negative)]


def _one_of_the_loops(value: Any, known: ValidatorFunctionWrapHandler) -> Any:
    try:
        return known(value)
    except ValidationError:
        raise PydanticCustomError("loops", "must be false, true or momentum_dependent") from None


Loops = Annotated[bool | Literal["momentum_dependent"], WrapValidator(_one_of_the_loops)]


LARGEST = 1e30
"""A mass in GeV or a coupling in 1/GeV: far beyond any."""


class Model(Block):
    """Masses and couplings; which of them a process takes is in `MODEL_KEYS`.

    `radiative_coupling` adds the leptons' loops, Eq. (9), to the photon coupling: on the mass shell of both photons, or
    `momentum_dependent`, which takes the virtual photon of production as it is. Decays are on the mass shell.
    """

    m_a: Mass = None
    g_agamma: InverseEnergy = 1.0
    g_ae: InverseEnergy = 1.0
    g_amu: InverseEnergy = 0.0
    g_achi: InverseEnergy = 0.0
    m_chi: Annotated[Energy, Field(ge=0)] = 0.0
    radiative_coupling: Loops = False
    m_v: Mass = None
    epsilon: float = 1.0

    @field_validator("m_a", "g_agamma", "g_ae", "g_amu", "g_achi", "m_chi", "m_v", "epsilon")
    @classmethod
    def _not_too_large(cls, value: float | None) -> float | None:
        """Widths go with the square of a coupling and the third power of a mass, and must stay numbers."""
        if value is not None and abs(value) > LARGEST:
            raise PydanticCustomError(
                "quantity", f"is out of the range of numbers: must be at most {LARGEST:g} (GeV, /GeV), got {value:g}"
            )
        return value

    @property
    def muon_ratio(self) -> float:
        """g_amu / g_ae, 0 without a muon's coupling."""
        return self.g_amu / self.g_ae if self.g_amu else 0.0


class FormFactor(Block):
    """Options of the atom's form factor: the last inelastic bracket as in the paper or squared, and the regulator a^2 t."""

    inelastic: Literal["paper", "squared"] = "paper"
    regulator: Annotated[float, Field(ge=0, le=10)] = 0.0


ALP_KEYS = ("m_a", "g_agamma", "g_ae", "g_amu", "g_achi", "m_chi", "radiative_coupling")
MODEL_KEYS = {
    "annihilation": ALP_KEYS,
    "bethe_heitler": (),
    "bremsstrahlung": ALP_KEYS,
    "dark_photon": ("m_v", "epsilon"),
    "neutrino_photon": (),
    "primakoff": ALP_KEYS,
    "resonant": ALP_KEYS,
    "three_photon": (),
    "two_photon": (),
}
COUPLING_KEYS = {
    "annihilation": ("g_agamma", "g_ae"),
    "bremsstrahlung": ("g_ae",),
    "dark_photon": ("epsilon",),
    "neutrino_photon": (),
    "primakoff": ("g_agamma",),
    "resonant": ("g_ae",),
    "three_photon": (),
    "two_photon": (),
}
LOOPS = ("annihilation", "primakoff")
"""Processes with a virtual photon, in which the leptons' loops may depend on its momentum."""
ON_NUCLEI = ("bethe_heitler", "bremsstrahlung", "primakoff")
STANDARD_MODEL = ("bethe_heitler", "neutrino_photon", "three_photon", "two_photon")
"""Processes that make nothing new: their cards have no `model`."""
RADIATIVE = ("bethe_heitler", "neutrino_photon", "three_photon")
"""Processes that diverge for soft photons: their cards have a `photon`."""
WITHIN_ANGLES = ("bethe_heitler", "neutrino_photon")
"""Those whose photons may have a least angle."""
LEAST_OF_CASCADE = 1e-3
"""Least energy of particles in a shower by Monte Carlo, in units of the beam's: below it a few seconds are too little."""
BEAM_REACH, BOUND_REACH = 8.0, 0.3
"""How far the line of a resonance may be from a beam's energy: standard deviations, and for bound electrons a part of it."""
MASSLESS_ANGLE = 1e3
"""Least angle of a photon from electrons without a mass, in units of m_e over their energy: then 1e-6 is left out."""


def _model_where_due(value: Any, info: ValidationInfo) -> Any:
    """A card without a model has an empty one where nothing new is made; elsewhere it is missing."""
    if value is not None:
        return value
    if info.data.get("process") in STANDARD_MODEL:
        return Model()
    raise PydanticCustomError("missing", "is missing")


SOFTEST = 1e-30
"""GeV: the least energy of a photon."""


class PhotonBlock(Block):
    """Where the photons of a radiative process begin: in the centre of mass, or on nuclei in the laboratory.

    With beams that spread or radiate it is the centre of mass of the hard process, for an ALP and a dark photon too.
    """

    least_energy: Annotated[Energy, Field(gt=0)]
    least_angle: Annotated[Angle, Field(ge=0, lt=3.14)] = 0.0
    """To the beam on nuclei, or to both beams."""

    @field_validator("least_energy")
    @classmethod
    def _not_too_soft(cls, value: float) -> float:
        """Kinematics of a photon without energy are not those of a number."""
        if value < SOFTEST:
            raise PydanticCustomError("quantity", f"must be at least {SOFTEST * 1e9:g} eV, got {value * 1e9:g} eV")
        return value


class Electroweak(Block):
    """The Z, whose mass and width are those of a constant width, the W, and the effective mixing angle of leptons.

    Masses and width are the Particle Data Group's of 2026: M_Z = 91.1879 GeV and 2.4955 GeV, with a width that grows with s,
    are 34 MeV and 1 MeV more than with a constant one. The angle is that of LEP and SLC, Phys. Rept. 427 (2006) 257.
    """

    z_mass: Annotated[Energy, Field(gt=0)] = 91.1537
    z_width: Annotated[Energy, Field(gt=0)] = 2.4946
    w_mass: Annotated[Energy, Field(gt=0)] = 80.362
    sin2_theta_w: Annotated[float, Field(ge=0, le=1)] = 0.23153


class Ids(Block):
    """The particle numbers written into the events."""

    alp: ParticleId = 9000005
    dark_photon: ParticleId = 4900022
    chi: ParticleId = 4900101


class ProcessCard(Card):
    """A validated process card; quantities in GeV, 1/GeV and 1/pb."""

    KIND: ClassVar[str] = "process"

    schema_line: Literal["alphoton/process/1"] = Field(alias="schema")
    process: Literal[
        "annihilation",
        "bethe_heitler",
        "bremsstrahlung",
        "dark_photon",
        "neutrino_photon",
        "primakoff",
        "resonant",
        "three_photon",
        "two_photon",
    ]
    beams: Beams
    model: Annotated[Model, BeforeValidator(_model_where_due)] = Field(default=None, validate_default=True)
    interference: bool = True
    sampling: Literal["unweighted", "balanced"] = "unweighted"
    events: Annotated[WholeNumber, Field(gt=0, le=MAX_EVENTS)] = 100_000
    seed: Seed = 1
    ids: Ids = Ids()
    energy_cut: Annotated[Energy, Field(ge=0)] = 0.0
    """Smallest energy of an ALP made on nuclei, GeV."""
    form_factor: FormFactor = FormFactor()
    photon: PhotonBlock | None = None
    electroweak: Electroweak = Electroweak()
    decay: Literal["none", "invisible", "visible", "all"] = "none"

    @property
    def mass_key(self) -> str:
        """The key of the produced particle's mass in `model`."""
        return "m_v" if self.process == "dark_photon" else "m_a"

    @property
    def mass(self) -> float:
        """Mass of the produced particle, GeV; 0 where there is nothing new."""
        if self.process in STANDARD_MODEL:
            return 0.0
        mass = getattr(self.model, self.mass_key)
        assert isinstance(mass, float)
        return mass

    @property
    def on_nuclei(self) -> bool:
        """Whether the beam meets a target of nuclei; for resonant production the electrons around them."""
        return self.process in ON_NUCLEI or (self.process == "resonant" and self.beams.on_nuclei)

    @property
    def photon_cut(self) -> PhotonBlock:
        """Where the photons of a radiative process begin."""
        assert self.photon is not None
        return self.photon

    @property
    def couplings(self) -> Couplings:
        """The couplings and masses that widths follow from."""
        model = self.model
        return Couplings(
            self.mass, model.g_agamma, model.g_ae, model.g_amu, model.g_achi, model.m_chi, bool(model.radiative_coupling)
        )

    @property
    def momentum_dependent(self) -> bool:
        """Whether the loops of leptons depend on the virtuality of the photon that the process exchanges."""
        return self.model.radiative_coupling == "momentum_dependent" and self.process in LOOPS

    def collisions(self) -> tuple[Collision, ...]:
        return self.beams.collisions()

    def setup(self) -> dict[str, Any]:
        """What collides, as plain data for event files: an exposure follows from it and an analysis card.

        Of a target it gives means over the atoms in g/mol, g/cm^3, mm and g/cm^2, and the atoms per cm^2 in a radiation
        length if there is a shower. A density is given if the card has it, or a length that it goes with.
        """
        target, element = self.beams.target, self.beams.bound_electrons
        if target is None and element is not None:  # it says which target, and not how long
            target = Target(material=element)
        found: dict[str, Any] = {
            "beams": [collision.as_dict() for collision in self.collisions()],
            "generated": list(self._generated()),
            "beam_particle": self.beams.particle,
            "target": None,
            "atoms_per_radiation_length": None,
        }
        if target is None:
            return found
        stuff, length = target.stuff, target.length
        numbers = (element.atomic_number for element in stuff.elements)
        found["target"] = {
            "material": stuff.name,
            "atomic_number": sum(f * number for f, number in zip(stuff.number_fractions, numbers, strict=True)),
            "atomic_mass": stuff.mean_atomic_mass,
            "density": stuff.density if target.density is not None or length is not None else None,
            "length": length,
            "radiation_length": stuff.radiation_length,
        }
        if self.beams.thickness > 0:
            found["atoms_per_radiation_length"] = stuff.atoms_per_radiation_length
        return found

    def _generated(self) -> Iterator[dict[str, Any]]:
        """The generator's own cuts: the key that makes one, a quantity in a frame, and where the events begin (and end).

        With radiating beams the photon's energy is that in the frame of the hard process.
        """
        if self.energy_cut > 0:
            yield {"key": "energy_cut", "quantity": "missing_energy", "frame": "lab", "min": self.energy_cut}
        frame = "lab" if self.on_nuclei else "cm"
        if self.photon is not None:
            least, angle = self.photon.least_energy, self.photon.least_angle
            yield {"key": "photon.least_energy", "quantity": "photon.energy", "frame": frame, "min": least}
            if angle > 0:
                end = {} if self.on_nuclei else {"max": math.pi - angle}
                yield {"key": "photon.least_angle", "quantity": "photon.theta", "frame": frame, "min": angle, **end}
        elif self.beams.initial_state_radiation != "none":
            for run, collision in enumerate(self.collisions()):  # as `real_beams.process.least_sqrt_s` has it
                least = max(0.0, photon_momentum(collision.sqrt_s, self.mass)) / 2
                own = {"key": "beams.initial_state_radiation", "quantity": "photon.energy", "frame": frame, "min": least}
                yield own | {"run": run}

    def problems(self) -> Iterator[tuple[KeyPath, str]]:
        if self.process == "resonant":
            found = self.beams.resonant_problems()
        else:
            found = self.beams.nuclear_problems(self.process) if self.on_nuclei else self.beams.problems()
        beam_problems = [(("beams", *path), message) for path, message in (*found, *self.beams.real_problems(self.process))]
        if self.beams.bound_electrons is not None and self.process != "resonant":
            beam_problems.append((("beams", "bound_electrons"), f"goes with 'resonant', not with '{self.process}'"))
        model_problems = list(self._model_problems())
        yield from beam_problems
        yield from model_problems
        if not beam_problems and not model_problems:
            yield from self._threshold_problems()
            if self.beams.cascade and self.energy_cut < (least := LEAST_OF_CASCADE * self.beams.beam_energy):
                message = f"a shower by Monte Carlo is followed down to it: it must be at least {least * 1e3:g} MeV"
                yield ("energy_cut",), message

    def _photon_problems(self) -> Iterator[tuple[KeyPath, str]]:
        radiative = self.process in RADIATIVE
        if radiative and self.photon is None:
            yield ("photon",), f"is missing: '{self.process}' diverges for soft photons; give {{least_energy: ...}}"
        elif self.photon is not None and not radiative and not self.beams.real:
            yield ("photon",), f"goes with soft photons ({', '.join(RADIATIVE)}), not with '{self.process}'"
        elif self.photon is not None and self.photon.least_angle and self.process not in WITHIN_ANGLES:
            yield ("photon", "least_angle"), f"goes with {', '.join(WITHIN_ANGLES)}, not with '{self.process}'"
        if self.process == "bethe_heitler" and "energy_cut" in self.model_fields_set:
            yield ("energy_cut",), "is that of an ALP; the photon's is 'photon.least_energy'"

    def _model_problems(self) -> Iterator[tuple[KeyPath, str]]:
        yield from self._photon_problems()
        if self.process in STANDARD_MODEL:
            if self.model.model_fields_set:
                yield ("model",), f"does not go with '{self.process}', which makes nothing beyond the Standard Model"
            return
        known = MODEL_KEYS[self.process]
        for key in sorted(self.model.model_fields_set - {*known, "source"}):
            yield ("model", key), f"is no key of the process '{self.process}' (known: {', '.join(known)})"
        mass = getattr(self.model, self.mass_key)
        if mass is None:
            yield ("model", self.mass_key), "is missing, and must be given"
        if self.momentum_dependent:
            yield from self._loop_problems()
        keys = ("g_agamma", "g_ae") if self.momentum_dependent else COUPLING_KEYS[self.process]
        couplings = {key: getattr(self.model, key) for key in keys}
        if not any(couplings.values()):
            names = " and ".join(couplings)
            zero = f"{names} {'is' if len(couplings) == 1 else 'are all'} zero"
            yield ("model", next(iter(couplings))), f"{zero}: nothing is produced; give one a value"
        for key, value in couplings.items():
            if value != 0 and not 1e-30 < abs(value) < 1e30:
                yield ("model", key), f"out of the range of numbers, 1e-30 to 1e30, got {value:g}"

    def _resonance_problems(self) -> Iterator[tuple[KeyPath, str]]:
        """What is wrong with a mass for resonant production: the line must be reached, and be narrow."""
        least = 2 * ELECTRON_MASS
        beams, width = self.beams, sum(widths(self.couplings).values())
        if self.mass <= least:
            yield ("model", "m_a"), f"must be above 2 m_e = {least * 1e3:.4g} MeV, got {self.mass * 1e3:g} MeV"
            return
        at = self.mass**2 / least - ELECTRON_MASS
        smear = BOUND_REACH if beams.bound_electrons else 0.0
        if not beams.on_nuclei:
            beam, away = beams.positron_energy or 0.0, BEAM_REACH * beams.energy_spread + smear
            low, high, line = beam * (1 - away), beam * (1 + away), beams.energy_spread * beam
        else:
            low, high, line = self.energy_cut * (1 - smear), beams.beam_energy * (1 + smear), beams.beam_energy / 100
        if not low < at < high:
            first, last = (math.sqrt(max(0.0, least * (energy + ELECTRON_MASS))) * 1e3 for energy in (low, high))
            message = f"{self.mass * 1e3:g} MeV is not reached: its positrons have {at * 1e3:.6g} MeV; "
            message += f"{first:.5g} to {last:.5g} MeV are"
            yield ("model", "m_a"), message
        if width * self.mass / least > line / 10:
            yield (
                ("model",),
                f"the ALP's width, {width * 1e3:.3g} MeV, is left out, and not small: the couplings are too large",
            )

    def _loop_problems(self) -> Iterator[tuple[KeyPath, str]]:
        """Weights are written for g_agamma and g_ae: another coupling cannot stand alone, nor an amplitude fall apart."""
        for key, chosen in (("target", self.beams.cascade), ("energy_spread", self.beams.real)):
            if chosen:
                yield (
                    ("beams", key),
                    "a shower by Monte Carlo, a spread and radiation do not go with momentum-dependent loops",
                )
        if self.model.g_amu and not self.model.g_ae:
            message = "a momentum-dependent loop of muons goes with g_ae, in a ratio that weights keep: give g_ae a value"
            yield ("model", "g_amu"), message
        if not self.interference:
            yield (
                ("interference",),
                "cannot be false with momentum-dependent loops: they are one amplitude with the rest",
            )

    def _threshold_problems(self) -> Iterator[tuple[KeyPath, str]]:
        if self.process == "resonant":
            yield from self._resonance_problems()
            yield from self._option_problems()
            return
        highest = max(collision.sqrt_s for collision in self.collisions())
        collisions = self.collisions()
        process = processes.of(self)
        # what the mass may be: sqrt(s) less the masses of whatever else is made
        room = max(c.sqrt_s - process.threshold(self, c) + self.mass for c in collisions)
        if self.process in ON_NUCLEI:
            room = min(room, self.beams.beam_energy)
        if self.process == "bethe_heitler":
            room = min(room, self.beams.beam_energy - ELECTRON_MASS - self.photon_cut.least_energy)
        if self.photon is not None and room <= self.mass:
            whole = f"sqrt(s) = {highest * 1e3:g} MeV"
            if self.process in ON_NUCLEI:
                whole = f"a beam of {self.beams.beam_energy * 1e3:g} MeV"
            yield ("photon", "least_energy"), f"leaves nothing of {whole}"
        elif self.mass >= room:
            yield (
                ("model", self.mass_key),
                f"{self.mass * 1e3:g} MeV is above threshold: sqrt(s) = {highest * 1e3:g} MeV allows 0 to below "
                f"{room * 1e3:g} MeV",
            )
        elif self.process in ON_NUCLEI:
            beam = self.beams.beam_energy
            # the electron that goes out keeps its mass
            largest = beam - (ELECTRON_MASS if self.process == "bremsstrahlung" else 0.0)
            if self.energy_cut >= largest:
                message = f"leaves nothing of a beam of {beam * 1e3:g} MeV; it must be 0 to below {largest * 1e3:.9g} MeV"
                yield ("energy_cut",), message
        if self.process == "neutrino_photon":
            least = MASSLESS_ANGLE * 2 * ELECTRON_MASS / min(collision.sqrt_s for collision in collisions)
            if not least <= self.photon_cut.least_angle < math.pi / 2:
                message = f"the electron has no mass here: at these beams it must be {least * 1e3:.3g} mrad to below 90 deg"
                yield ("photon", "least_angle"), message
        yield from self._option_problems()

    def _option_problems(self) -> Iterator[tuple[KeyPath, str]]:
        for key in ("energy_cut", "form_factor"):
            due = self.on_nuclei if key == "energy_cut" else self.process in ON_NUCLEI
            if not due and key in self.model_fields_set:
                yield (key,), f"goes with production on nuclei ({', '.join(ON_NUCLEI)}), not with '{self.process}'"
        if self.process != "neutrino_photon" and "electroweak" in self.model_fields_set:
            yield ("electroweak",), f"goes with 'neutrino_photon', not with '{self.process}'"
        if self.decay == "none":
            return
        if self.process == "dark_photon" or self.process in STANDARD_MODEL:
            made = "a dark photon is written as it is" if self.process == "dark_photon" else "here is none"
            yield ("decay",), f"decays are those of an ALP; {made}"
            return
        ratios = branching_ratios(self.couplings)
        if not sum(ratios[channel] for channel in DECAYS[self.decay]):
            yield ("decay",), f"nothing to decay to: no {self.decay} channel is open at these masses and couplings"
