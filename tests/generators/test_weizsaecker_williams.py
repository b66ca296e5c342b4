"""The improved Weizsaecker-Williams form: against an independent one, and how much it fails."""

from __future__ import annotations

import pytest

from alphoton.generators.event_source import cross_section as exact
from alphoton.generators.matter.weizsaecker_williams import cross_section, of_card
from alphoton.generators.process_card import ProcessCard
from reference.bremsstrahlung import weizsaecker_williams

LEAD = (82.0, 207.2)


@pytest.mark.parametrize(("energy", "mass"), [(100.0, 0.001), (100.0, 0.1), (20.0, 1.0), (1000.0, 5.0)])
def test_form(energy: float, mass: float) -> None:
    """The form factor's m_p is CODATA's here and 0.938 GeV there: below 1e-3."""
    assert cross_section(energy, mass, *LEAD) == pytest.approx(weizsaecker_williams(energy, mass, *LEAD), rel=1e-3)


def test_of_a_card() -> None:
    """At the card's coupling, averaged over a mixture's atoms; nothing for other processes and thick targets."""
    lead = ProcessCard.load("bremsstrahlung-lead", ["model.g_ae=0.1 /GeV"])
    assert of_card(lead) == pytest.approx(0.01 * cross_section(100.0, 0.01, *LEAD))
    water = ProcessCard.load("bremsstrahlung-lead", ["beams.target.material=water"])
    hydrogen, oxygen = cross_section(100.0, 0.01, 1.0, 1.00794), cross_section(100.0, 0.01, 8.0, 15.9994)
    assert of_card(water) == pytest.approx((2 * hydrogen + oxygen) / 3)
    assert of_card(ProcessCard.load("padme")) is None
    assert of_card(ProcessCard.load("na64-bremsstrahlung")) is None


# exact over Weizsaecker-Williams for lead at 100 GeV, from the independent integration in tests/reference/bremsstrahlung.py
@pytest.mark.parametrize(("mass", "ratio"), [(0.001, 1.150), (0.01, 0.831), (0.1, 0.556), (1.0, 0.262), (5.0, 0.0937)])
def test_how_much_it_fails(mass: float, ratio: float) -> None:
    found = exact(ProcessCard.load("bremsstrahlung-lead", [f"model.m_a={mass} GeV"]))
    assert found.value / cross_section(100.0, mass, *LEAD) == pytest.approx(ratio, rel=4e-3)
