"""Showing and checking cards of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from alphoton.data.arguments import several
from alphoton.data.card import Card
from alphoton.data.card_file import candidates, documents, packaged, read
from alphoton.data.card_paths import KINDS
from alphoton.data.errors import CardError, InputError

_MODELS = {
    "process": ("alphoton.generators.process_card", "ProcessCard"),
    "detector": ("alphoton.detectors.detector_card", "DetectorCard"),
    "analysis": ("alphoton.analysis.analysis_card", "AnalysisCard"),
    "workflow": ("alphoton.workflows.workflow_card", "WorkflowCard"),
}


def model(kind: str) -> type[Card]:
    """The class of a kind of cards."""
    module, name = _MODELS[kind]
    found: type[Card] = getattr(import_module(module), name)
    return found


def show_card(words: str | Sequence[str]) -> tuple[str, str]:
    """The text of a card, and a remark where the name stands in several kinds: then all of them, as one file."""
    words = several(words)
    if len(words) > 2 or (len(words) == 2 and words[0] not in KINDS):
        raise InputError(f"card show {' '.join(words)}: write 'card show [KIND] NAME', KIND one of {', '.join(KINDS)}")
    name = words[-1]
    kinds = [words[0]] if len(words) == 2 else list(KINDS)
    found = [(kind, file) for kind in kinds if (file := _file(kind, name)) is not None]
    if not found:
        if len(kinds) == 1:
            read(kinds[0], name)  # raises with the names that there are
        known = sorted({card for kind in KINDS for card in packaged(kind)})
        raise InputError(f"card show {name}: no such card (packaged: {', '.join(known)})")
    texts = [file.read_text(encoding="utf-8") for file in dict.fromkeys(file for _, file in found)]
    remark = ""
    if len(found) > 1:
        shown = ", ".join(kind for kind, _ in found)
        remark = (
            f"'{name}' stands in {len(found)} kinds, shown as one file: {shown}. One alone: card show {found[0][0]} {name}"
        )
    return "---\n".join(text if text.endswith("\n") else text + "\n" for text in texts), remark


def _file(kind: str, name: str) -> Path | None:
    """The nearest file with a card of that kind and name."""
    for file in candidates(kind, name):
        if any(raw.kind == kind for raw in documents(file)):
            return file
    return None


def _check_named(card: Card) -> None:
    """The cards that an analysis or a workflow names are there and valid. Raises `InputError`."""
    if card.KIND not in ("analysis", "workflow"):
        return
    from alphoton.workflows.card_checks import CURVES, missing_files, named_card
    from alphoton.workflows.chain import load_experiment
    from alphoton.workflows.measurements import beside

    if card.KIND == "analysis":
        if problems := list(missing_files(card, CURVES)):  # type: ignore[arg-type]
            raise CardError(problems)
        load_experiment(card)  # type: ignore[arg-type]
        return
    for index, study in enumerate(card.studies):  # type: ignore[attr-defined]
        for kind in ("analysis", "process", "detector"):
            if (name := getattr(study, kind)) is not None:
                named_card(model(kind), card, ("studies", index, kind), name)
        named = (name and beside(card, name) for name in (study.process, study.detector))
        load_experiment(beside(card, study.analysis), (), *named)


def validate_file(file: Path) -> list[tuple[str, str]]:
    """Kind and name of every card in a file, all valid. Raises `CardError` with the problems of all of them."""
    found, problems = [], []
    cards = documents(file)
    if not cards:
        raise CardError([f"{file}:1: holds no card"])
    kinds = [raw.kind for raw in cards]
    for kind in dict.fromkeys(kinds):
        try:
            card = model(kind).load(file)
            _check_named(card)
            found.append((kind, card.name))
        except CardError as error:
            problems += error.problems
    if len(set(kinds)) < len(kinds):
        problems.append(f"{file}:1: holds several cards of one kind; one of each is allowed")
    if problems:
        raise CardError(problems)
    return found
