"""Whether a reco file belongs to an analysis card: the same experiment, its beams, and a range that covers the selection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.exposure import AGREEMENT, hits
from alphoton.analysis.generated_range import range_problems
from alphoton.data.card_file import RawCard, read
from alphoton.data.card_paths import KeyPath, beside
from alphoton.data.errors import InputError
from alphoton.data.experiments import experiment_problems
from alphoton.detectors.detector_card import DetectorCard

Collisions = Sequence[Mapping[str, Any]]
"""Settings of the beams, as in the meta of an event file."""
SAME_BEAMS = 1e-3
"""Relative, within which energies and momenta are those of the same beams."""
SAME_LUMINOSITY = 0.01
"""Of all, within which the shares of the beams' settings are the same."""


def check_file(card: AnalysisCard, path: str | Path, meta: Mapping[str, Any]) -> None:
    """Raise `InputError`, naming both places, if a reco file does not belong to an analysis card."""
    problems = [
        *experiment_problems(path, meta["cards"], card),
        *_beam_problems(card, path, meta),
        *_range_problems(card, path, meta),
    ]
    if problems:
        name = f"the analysis card '{card.name}'"
        named = (problem if name in problem else f"{path}: not for {name}: {problem}" for problem in problems)
        raise InputError(*(f"{problem}; to go on, allow it with allow_other=True" for problem in named))


def _range_problems(card: AnalysisCard, path: str | Path, meta: Mapping[str, Any]) -> Iterator[str]:
    if meta["cards"].get("detector") is None:
        yield f"{path}: meta.cards.detector: not there, and needed to know the resolution"
        return
    detector = DetectorCard.validate_raw(RawCard(DetectorCard.KIND, str(path), meta["cards"]["detector"]))
    yield from range_problems(card, detector, meta, f"{path}: '{meta['cards']['process']['name']}'", meta["mass"])


def _beam_problems(card: AnalysisCard, path: str | Path, meta: Mapping[str, Any]) -> Iterator[str]:
    """The file's beams must be those of one of the card's processes."""
    names = [card.process] if isinstance(card.process, str) else list(card.process)
    references = [beside(Path(card.origin), name) for name in names]
    if any(read("process", each).data.get("beams") == meta["cards"]["process"].get("beams") for each in references):
        return
    from alphoton.generators.process_card import ProcessCard  # takes a while, and most files have the card's own beams

    expected = [ProcessCard.load(each).setup() for each in references]
    if any(same_beam(meta, each) for each in expected):
        return
    place: KeyPath = ("process",)
    yield (
        f"{path}: made with {shown(meta['beams'])}{_of(meta)}, but {card.problem(place, names[0])} has "
        f"{shown(expected[0]['beams'])}{_of(expected[0])}: "
        "the file is not of this analysis"
    )


def _of(setup: Mapping[str, Any]) -> str:
    """The beam's particle and the target's material, if they are known."""
    target = setup.get("target")
    words = [f" of {target['material']}"] if target else []
    return "".join([*words, f" ({setup['beam_particle']}s)" if setup.get("beam_particle") else ""])


def same_beam(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two samples have the same beams, from the meta of a file or `ProcessCard.setup`.

    On a target it is the same beam, whatever it hits there; the elements must be the same if both are known.
    """
    fixed = [hits(each["beams"]) != "beams" for each in (first, second)]
    if not all(fixed):
        return not any(fixed) and same_collisions(first["beams"], second["beams"])
    particles = [each.get("beam_particle") for each in (first, second)]
    if None not in particles and particles[0] != particles[1]:
        return False
    numbers = [each["target"]["atomic_number"] for each in (first, second) if each.get("target")]
    if len(numbers) == 2 and not math.isclose(*numbers, rel_tol=AGREEMENT):
        return False
    return math.isclose(first["beams"][0]["momentum_z"], second["beams"][0]["momentum_z"], rel_tol=SAME_BEAMS)


def same_collisions(first: Collisions, second: Collisions) -> bool:
    """Whether two lists of settings have the same energies, boosts, and shares of the luminosity."""
    if len(first) != len(second):
        return False
    shares = [_shares(first), _shares(second)]
    for own, other, *share in zip(first, second, *shares, strict=True):
        largest = max(own["energy"], other["energy"])
        if not math.isclose(own["sqrt_s"], other["sqrt_s"], rel_tol=SAME_BEAMS):
            return False
        if abs(own["momentum_z"] - other["momentum_z"]) > SAME_BEAMS * largest:
            return False
        if abs(share[0] - share[1]) > SAME_LUMINOSITY:
            return False
    return True


def _shares(collisions: Collisions) -> list[float]:
    parts = [each["luminosity"] or each["share"] for each in collisions]
    return [part / sum(parts) for part in parts]


def shown(collisions: Collisions) -> str:
    """Beams in words: sqrt(s), and the momentum of all together."""
    first = collisions[0]
    numbers = ", ".join(f"{each['sqrt_s']:.6g}" for each in collisions[:3]) + (", ..." if len(collisions) > 3 else "")
    if hits(collisions) != "beams":
        return f"a beam of {first['momentum_z']:.6g} GeV on a target"
    return f"sqrt(s) = {numbers} GeV and a momentum of {first['momentum_z']:.4g} GeV"
