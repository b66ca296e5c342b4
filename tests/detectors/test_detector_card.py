"""Detector cards: the packaged ones carry the published numbers, and a wrong one says where and what."""

import re
from pathlib import Path

import pytest

from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError
from alphoton.detectors.detector_card import DetectorCard, EnergyResolution, PositionResolution, Trigger

INVALID = Path(__file__).parents[1] / "cards_invalid"
Problem = tuple[int, str, str]


def announced(file: Path) -> list[Problem]:
    """Line, dotted path and a part of the message of each `# error:` that a card announces."""
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
    found = [(number, re.search(r"# error: ([\w.]+): (.*)$", line)) for number, line in lines]
    return [(number, match[1], match[2]) for number, match in found if match]


def reported(file: Path) -> list[Problem]:
    """Line, dotted path and message of each problem that loading a card reports."""
    with pytest.raises(CardError) as caught:
        DetectorCard.load(file)
    found = [re.fullmatch(rf"{re.escape(str(file))}:(\d+): ([\w.]*): (.*)", problem) for problem in caught.value.problems]
    assert all(found), caught.value.problems
    return sorted((int(match[1]), match[2], match[3]) for match in found if match)


@pytest.mark.parametrize("file", sorted(INVALID.glob("detector_*.yaml")), ids=lambda file: file.stem)
def test_every_problem_is_told_with_its_line(file: Path) -> None:
    expected, found = announced(file), reported(file)
    assert [problem[:2] for problem in found] == [problem[:2] for problem in expected]
    for (*_, message), (*_, fragment) in zip(found, expected, strict=True):
        assert fragment in message


@pytest.mark.parametrize("name", packaged("detector"))
def test_packaged_cards_say_where_their_numbers_come_from(name: str) -> None:
    card = DetectorCard.load(name)
    assert card.name == name
    assert all(module.source for module in card.modules)
    # the ALP, the dark photon and both dark fermions, as the process cards number them
    assert card.invisible == (9000005, 4900022, 4900101, -4900101)


def test_padme() -> None:
    """arXiv:2012.07894, Eq. (44) and section 3.3."""
    card = DetectorCard.load("padme")
    energy, position = card.modules
    assert isinstance(energy, EnergyResolution)
    assert isinstance(position, PositionResolution)
    assert (energy.stochastic, energy.noise, energy.constant) == pytest.approx((0.02, 3e-6, 0.011))
    assert (position.resolution, card.geometry.ecal_distance) == pytest.approx((4.0, 3450.0))


def test_delphi() -> None:
    """arXiv:2012.07894, Eqs. (32) and (33)."""
    energy, trigger = DetectorCard.load("delphi").modules
    assert isinstance(energy, EnergyResolution)
    assert isinstance(trigger, Trigger)
    assert (energy.stochastic, energy.noise, energy.constant) == (0.32, 0.0, 0.0435)
    assert trigger.efficiency == pytest.approx(0.84)


def test_a_term_may_be_an_energy() -> None:
    """3 keV is 3e-6 at 1 GeV: PADME's 0.0003 %."""
    by_energy = DetectorCard.load("padme", ["modules.0.noise=3 keV"]).modules[0]
    assert isinstance(by_energy, EnergyResolution)
    assert by_energy.noise == pytest.approx(3e-6)


def test_unknown_detector() -> None:
    with pytest.raises(
        CardError, match=r"no detector card 'padmee'; did you mean 'padme'\? \(packaged: babar, belle2, delphi"
    ):
        DetectorCard.load("padmee")
