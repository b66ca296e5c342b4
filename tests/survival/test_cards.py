"""Spoiled cards of every kind: a clear refusal, or finite numbers where they are used; no other error, and no waiting."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import astuple, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from survival.limits import examples, within
from survival.mutations import CARDS, mutated_data, mutated_text, overrides, write

from alphoton.analysis.analyse import analyse
from alphoton.data.card_file import KINDS, packaged
from alphoton.data.errors import CardError, InputError
from alphoton.detectors.simulate import simulate
from alphoton.generators.event_source import cross_section
from alphoton.generators.generate import generate
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import cli
from alphoton.workflows.card_tools import model, validate_file

pytestmark = pytest.mark.filterwarnings("ignore::alphoton.data.errors.CardWarning")  # chance writes hardly meant numbers
SECONDS = 20
"""One try; the longest are cross-sections."""
TWO_TO_TWO = ("annihilation", "dark_photon")


def fuzz(count: int) -> settings:
    """The same tries every time; a failure is told as it was found, which takes no time."""
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=examples(count),
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def finite(result: Any) -> bool:
    """Whether all numbers in a result are finite."""
    if is_dataclass(result) and not isinstance(result, type):
        result = astuple(result)
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return all(map(finite, result))
    return not isinstance(result, float) or math.isfinite(result)


class Bench:
    """Small files to use cards on, and what became of the tries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counts: dict[tuple[str, str], int] = {}
        for number, process in enumerate(("padme", "na64-primakoff")):
            self.events = generate(process, folder / f"events{number}.root", events=200).path
            detector = "padme" if number == 0 else "na64"
            simulate(self.events, detector, folder / f"reco{number}.root")
        self.events = folder / "events0.root"

    def use(self, kind: str, reference: str | Path, given: Sequence[str]) -> Any:
        """Something quick that a valid card is for."""
        if kind == "process":
            card = ProcessCard.load(reference, given)
            many = isinstance(card.beams.sqrt_s, tuple) and len(card.beams.sqrt_s) > 5
            return cross_section(card) if card.process in TWO_TO_TWO and not many else None
        if kind == "detector":
            return simulate(self.events, reference, self.folder / "out.root", overrides=given, force=True, allow_other=True)
        if kind == "analysis":
            return analyse(self.folder / "reco0.root", reference, overrides=given, allow_other=True)
        return model(kind).load(reference, given)

    def survives(self, kind: str, reference: str | Path, given: Sequence[str] = ()) -> None:
        """Try a card; anything but a clear refusal or finite numbers fails."""
        with within(SECONDS):
            outcome = self._outcome(kind, reference, given)
        self.counts[kind, outcome] = self.counts.get((kind, outcome), 0) + 1

    def _outcome(self, kind: str, reference: str | Path, given: Sequence[str]) -> str:
        refusal = refused(lambda: model(kind).load(reference, given))
        if refusal is not None:
            assert isinstance(refusal, CardError)
            assert all(map(is_told, refusal.problems)), refusal.problems
            return "refused"
        if isinstance(reference, Path) and (refusal := refused(lambda: validate_file(reference))) is not None:
            assert all(map(is_told, refusal.problems)), refusal.problems
            return "refused later"
        results: list[Any] = []
        refusal = refused(lambda: results.append(self.use(kind, reference, given)))
        if refusal is not None:
            assert str(refusal).strip()
            return "not usable"
        assert finite(results), results
        return "used"


def refused(work: Callable[[], Any]) -> InputError | None:
    """The announced error of some work, None where there is none."""
    try:
        work()
    except InputError as error:
        return error
    return None


NO_CARD = "not valid YAML|not a text file|a card is a mapping|a second |[^:]*: this is no card|[^:]*: is this a card"
"""What has no key to name: the text is no card at all."""


def is_told(problem: str) -> bool:
    """One line that begins with the file and line, or with the override, and then has a key, if there are keys."""
    if problem.startswith("override "):  # which begins with its key, if it has one
        return bool(re.fullmatch(r"[^\n]*: \S[^\n]*", problem))
    return bool(re.fullmatch(rf"[^\n]*\.yaml:\d+: ({NO_CARD}|[^\n]*\S: \S)[^\n]*", problem))


def test_what_has_no_place_is_seen() -> None:
    assert is_told("card.yaml:3: model.m_a: is missing")
    assert is_told("card.yaml:3: not valid YAML: x")
    for wrong in ("no detector card 'x'", "card.yaml: model: wrong", "card.yaml:3: wrong", "card.yaml:3: a: wrong\nagain"):
        assert not is_told(wrong)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("kind", "count"), [("process", 70), ("detector", 100), ("analysis", 100), ("workflow", 40)])
def test_mutated_cards(bench: Bench, tmp_path: Path, kind: str, count: int) -> None:
    """Keys that are gone, renamed or doubled, and values of other types, units and sizes."""

    @fuzz(count)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(packaged(kind)))
        bench.survives(kind, write(tmp_path / "card.yaml", data.draw(mutated_data(kind, name))))

    check()
    assert bench.counts[kind, "refused"] > count / 4
    assert bench.counts[kind, "used"] > 2


@pytest.mark.filterwarnings("default")
def test_mutated_texts(bench: Bench, tmp_path: Path) -> None:
    """Cut short, or with pieces doubled, moved or replaced by any bytes."""

    @fuzz(120)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        kind, name = data.draw(st.sampled_from(CARDS))
        bench.survives(kind, write(tmp_path / "card.yaml", data.draw(mutated_text(kind, name))))

    check()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", KINDS)
def test_any_set(bench: Bench, kind: str) -> None:
    @fuzz(50)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(packaged(kind)))
        bench.survives(kind, name, data.draw(overrides(kind, name)))

    check()


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`card validate` ends with 0, or with 2 and one line a problem, which names the file."""
    codes = set()

    @fuzz(60)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        kind, name = data.draw(st.sampled_from(CARDS))
        content = data.draw(mutated_data(kind, name) | mutated_text(kind, name))
        path = write(tmp_path / "card.yaml", content)
        monkeypatch.setattr(sys, "argv", ["alphoton", "card", "validate", str(path)])
        with within(SECONDS):
            codes.add(code := cli._run())
        shown = capsys.readouterr().err
        assert code in (0, 2), shown
        assert (code == 0) == (shown == "")
        assert all(line.startswith("alphoton: ") for line in shown.splitlines())

    check()
    assert codes == {0, 2}


# ---- what was found ---------------------------------------------------------------------------------------------------


def test_an_unknown_figure_is_a_problem_of_the_card(tmp_path: Path) -> None:
    path = write(
        tmp_path / "card.yaml", "schema: alphoton/workflow/1\nname: x\nstudies: [{analysis: padme}]\nfigures: [fig99]\n"
    )
    with pytest.raises(CardError, match=r"card.yaml:4: figures.0: no figure 'fig99'"):
        model("workflow").load(path)


@pytest.mark.parametrize("term", ["stochastic", "noise", "constant"])
def test_a_resolution_that_overflows_is_refused(term: str) -> None:
    with pytest.raises(CardError, match=rf"modules.0.{term}: a relative resolution of more than 1e\+06 at 1 GeV"):
        model("detector").load("padme", [f"modules.0.{term}=1e300 %"])
