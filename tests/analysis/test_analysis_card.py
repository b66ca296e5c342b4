"""Analysis cards: the packaged ones carry the published numbers, and a wrong one says where and what."""

import re
from pathlib import Path

import pytest

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError

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
        AnalysisCard.load(file)
    found = [re.fullmatch(rf"{re.escape(str(file))}:(\d+): ([\w.]*): (.*)", problem) for problem in caught.value.problems]
    assert all(found), caught.value.problems
    return sorted((int(match[1]), match[2], match[3]) for match in found if match)


@pytest.mark.parametrize("file", sorted(INVALID.glob("analysis_*.yaml")), ids=lambda file: file.stem)
def test_every_problem_is_told_with_its_line(file: Path) -> None:
    expected, found = announced(file), reported(file)
    assert [problem[:2] for problem in found] == [problem[:2] for problem in expected]
    for (*_, message), (*_, fragment) in zip(found, expected, strict=True):
        assert fragment in message


@pytest.mark.parametrize("name", packaged("analysis"))
def test_packaged_cards(name: str) -> None:
    """Each counts, recasts, looks behind a dump or scans energies, says where its numbers come from, and begins at 1 MeV."""
    card = AnalysisCard.load(name)
    assert card.name == name
    ways = [block for block in (card.beam_dump or card.counting, card.recast, card.scan) if block is not None]
    assert len(ways) == 1
    assert all(cut.source or card.source for cut in card.selection)
    assert ways[0].source or card.source
    # the published upper edge of E137 begins at 2 MeV, and Eq. (42) needs it; resonances are where the beams reach them
    first = {"e137": 0.002, "na64-resonant": 0.220, "padme-scan": 0.0164}
    assert card.masses[0] == pytest.approx(first.get(name, 0.001))
    assert card.limit.confidence_level == 0.90  # the paper's throughout
    assert set(packaged("process")) >= ({card.process} if isinstance(card.process, str) else set(card.process))
    assert set(packaged("detector")) >= {card.detector}


def test_poseydon_has_neither_window_nor_background() -> None:
    """Physics sheet, section 6: 4e16 positrons, 100 or 2.3 signal events, PADME's cuts and target."""
    padme = AnalysisCard.load("padme")
    for name, events in (("padme-poseydon", 100.0), ("padme-poseydon-ses", 2.3)):
        card = AnalysisCard.load(name)
        assert card.counting is not None
        assert padme.counting is not None
        assert (card.counting.window, card.counting.background) == (None, None)
        assert (card.counting.positrons_on_target, card.limit.signal_events) == (4e16, events)
        assert card.counting.target == padme.counting.target
        assert card.selection == padme.selection


def test_limits_of_a_quantity() -> None:
    """Only cuts in the laboratory and in units count, and both ends must be there; several cuts narrow each other."""
    card = AnalysisCard.load("padme")
    assert card.photon_range("photon.energy") == pytest.approx((0.03, 0.5))
    assert card.photon_range("photon.theta") == pytest.approx((0.015, 0.08))
    assert card.photon_range("photon.pt") is None
    cuts = "{quantity: photon.energy, max: 400 MeV}, {quantity: photon.energy, min: 50 MeV, max: 1 GeV}"
    narrowed = AnalysisCard.load("padme", [f"selection=[{cuts}]"])
    assert narrowed.photon_range("photon.energy") == pytest.approx((0.05, 0.4))
    half = "{quantity: photon.energy, max: 400 MeV}, {quantity: photon.energy, min: 50 MeV, frame: cm}"
    assert AnalysisCard.load("padme", [f"selection=[{half}]"]).photon_range("photon.energy") is None
