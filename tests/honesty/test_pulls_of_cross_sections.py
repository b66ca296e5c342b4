"""The quoted errors of the cross-sections of all packaged process cards, against their spread over seeds.

ALPHOTON_HONESTY=full takes 300 seeds a card (`pytest -rP` prints what is found).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from alphoton.data.card_file import packaged
from alphoton.generators import processes
from alphoton.generators.event_source import CrossSection, Normalisation, cross_section, luminosity_fractions
from alphoton.generators.process_card import ProcessCard
from reference import checks, closed_forms
from reference.checks import Array, honest
from reference.fixed_target import effective_primakoff, primakoff_cross_section

SHIFTS = 32
STUDENT = math.sqrt((SHIFTS - 1) / (SHIFTS - 3))
"""The width of Student's distribution: an error from the spread of so few is not known well."""
SAME = ("babar", "belle2", "babar-darkphoton", "belle2-darkphoton")
"""In the centre of mass, where the integrals are made, these are `collider` and `collider-darkphoton`."""
ONE_OF_TEN = {"delphi-nunugamma": ("beams.sqrt_s=206.7 GeV", "beams.luminosity=1 /pb")}
"""Where each of ten energies would take as long as another card."""
NAMES = [name for name in packaged("process") if name not in SAME]


def truth(card: ProcessCard) -> float:
    """The cross-section in pb from a closed form or a quadrature; NaN where there is none as exact as the integral."""
    process = processes.of(card)
    fractions = luminosity_fractions(card)
    total = 0.0
    for fraction, collision in zip(fractions, card.collisions(), strict=True):
        if card.process in ("annihilation", "dark_photon"):
            s = closed_forms.MP.mpf(collision.sqrt_s) ** 2
            parts = [closed_forms.total(s, card.mass, c.name) for c in process.components]  # type: ignore[arg-type]
        elif card.process == "primakoff":
            number, atomic_mass = collision.atomic_number, collision.atomic_mass
            if card.beams.thickness > 0:
                thickness = card.beams.thickness
                energy, cut = card.beams.beam_energy, card.energy_cut
                parts = [effective_primakoff(energy, card.mass, number, atomic_mass, thickness, cut)]
            else:
                parts = [primakoff_cross_section(card.beams.beam_energy, card.mass, number, atomic_mass, card.energy_cut)]
        else:
            return math.nan
        total += fraction * float(np.dot(process.couplings(card), parts))
    return total


def found(name: str, seeds: int) -> list[CrossSection]:
    """With the errors of the integrals alone: that of a shower's table is the same for all seeds."""
    results = []
    for seed in range(1000, 1000 + seeds):
        normalisation = Normalisation(ProcessCard.load(name, [f"seed={seed}", *ONE_OF_TEN.get(name, ())]))
        normalisation.table_error = 0.0
        results.append(normalisation.cross_section)
    return results


def test_the_same_in_the_centre_of_mass() -> None:
    for name in SAME:
        other = "collider-darkphoton" if name.endswith("darkphoton") else "collider"
        assert cross_section(ProcessCard.load(name)) == cross_section(ProcessCard.load(other))


def pulls(name: str, seeds: int) -> Array:
    """From the truth, or where it is not known as well from the weighted mean over the seeds."""
    results = found(name, seeds)
    values, errors = (np.array([getattr(result, key) for result in results]) for key in ("value", "error"))
    expected = truth(ProcessCard.load(name))
    mean = float(np.average(values, weights=errors**-2.0))
    return checks.pulls(values.tolist(), errors.tolist(), mean if math.isnan(expected) else expected)


@pytest.mark.parametrize("name", NAMES)
def test_pulls_of_cross_sections(name: str) -> None:
    seeds = honest(20, 300)
    found_pulls = pulls(name, seeds)
    mean, width = found_pulls.mean(), found_pulls.std(ddof=1)
    print(f"{name}: mean {mean:.3f} +- {1 / math.sqrt(seeds):.3f}, width {width:.3f} +- {width / math.sqrt(2 * seeds):.3f}")
    assert checks.width_is(found_pulls, STUDENT)
    assert not checks.width_is(honest(3, 2) * found_pulls, STUDENT)  # negative control: errors a third, or halved
