"""The READMEs, run as a reader would: every card, command and piece of Python in order, in one folder.

What a block `text` quotes is what the last command before it printed: word by word, with numbers within three quoted errors
or 1%; `…` stands for lines left out. Where it begins with `alphoton: `, the command is to fail. A card is written where its
first line is `# file: NAME`. A command in the middle of a paragraph is run where a block quotes what it prints; else only
its verb must exist.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.workflows import cli
from alphoton.workflows.chain import expected_background, load_experiment

ROOT = Path(__file__).parents[2]
WALK_THROUGH = (ROOT / "workflows/README.md").read_text(encoding="utf-8")
FRONT_PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
LEFT_OUT = ("make ", "source ", "alphoton run", "alphoton figure")
"""Of the front page: long, tested elsewhere, or about the environment."""

BLOCK = re.compile(
    r"^```(?P<kind>\w*)\n(?P<fenced>.*?)^```$|(?P<indented>(?:^ {4}[^\n]*\n)+)|`(?P<inline>alphoton [^`]+)`", re.M | re.S
)
N = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
QUANTITY = re.compile(
    rf"\((?P<scaled>{N}) ± (?P<scaled_error>{N})\)e(?P<power>[-+]\d+)|(?P<value>{N})(?: ± (?P<error>{N}))?"
)
ELLIPSIS = "…"


class Block(NamedTuple):
    """A piece of a README that is no prose."""

    kind: str
    text: str
    line: int


class Answer(NamedTuple):
    """What a command or a piece of Python printed, as on a terminal, and the exit code."""

    line: int
    command: str
    code: int
    printed: str


class Quoted(NamedTuple):
    """What a README says that a command prints, and what it does print."""

    line: int
    command: str
    quoted: str
    printed: str


# --- reading -----------------------------------------------------------------------------------------------------


def blocks(text: str) -> Iterator[Block]:
    """Fenced and indented blocks, and commands in the middle of a paragraph."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["inline"]:
            yield Block("inline", " ".join(match["inline"].split()), line)
        elif match["indented"]:
            content = "".join(f"{each[4:]}\n" for each in match["indented"].splitlines())
            yield from _indented(content, line)
        else:
            yield Block(match["kind"], match["fenced"], line + 1)


def _indented(content: str, line: int) -> Iterator[Block]:
    """Commands, a command with what it prints (`$ command`), or what is printed."""
    if content.startswith(("alphoton ", "make ", "source ")):
        yield Block("sh", content, line)
    elif content.startswith("$ "):
        command, _, printed = content[2:].partition("\n")
        yield from (Block("sh", command, line), Block("text", printed, line + 1))
    else:
        yield Block("text", content, line)


# --- running -----------------------------------------------------------------------------------------------------


def run(text: str, left_out: tuple[str, ...] = ()) -> list[Quoted]:
    """Run a README in the working folder. Raises `AssertionError` at a command that does not end as it should."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found: list[Quoted] = []
    last: Answer | None = None
    parts = list(blocks(text))
    for block, following in zip(parts, [*parts[1:], None], strict=True):
        if block.kind == "text":
            if last is not None:
                _check_code(last, 2 if block.text.startswith("alphoton: ") else 0)
                found.append(Quoted(block.line, last.command, block.text, last.printed))
            last = None
        elif block.kind == "yaml":
            _write_card(block)
        elif block.kind == "inline" and (following is None or following.kind != "text"):
            _check_verb(block)
        elif block.kind in ("sh", "inline", "python"):
            for answer in _answers(block, namespace, left_out):
                if last is not None:
                    _check_code(last, 0)
                last = answer
    if last is not None:
        _check_code(last, 0)
    return found


def _check_code(answer: Answer, due: int) -> None:
    assert answer.code == due, f"line {answer.line}: {answer.command}\nended with {answer.code}:\n{answer.printed}"


def _check_verb(block: Block) -> None:
    command = f"alphoton {shlex.split(block.text)[1]} --help"
    _check_code(Answer(block.line, command, *_shell(command)), 0)


def _write_card(block: Block) -> None:
    heading = re.match(r"# file: (\S+)\n", block.text)
    if heading:
        Path(heading[1]).write_text(block.text, encoding="utf-8")


def _answers(block: Block, namespace: dict[str, Any], left_out: tuple[str, ...]) -> Iterator[Answer]:
    if block.kind == "python":
        yield _python(block, namespace)
        return
    for number, command in enumerate(block.text.splitlines()):
        if left_out and f"{command} ".startswith(left_out):
            continue
        code, printed = _shell(command)
        yield Answer(block.line + number, command, code, printed)


def _python(block: Block, namespace: dict[str, Any]) -> Answer:
    """Run Python as a cell of a notebook. What it raises shows the line in the README."""
    code = compile("\n" * (block.line - 1) + block.text, "README.md", "exec")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(code, namespace)
    return Answer(block.line, "python", 0, shown.getvalue())


def _shell(command: str) -> tuple[int, str]:
    """The exit code of a command, and what a terminal shows: `alphoton`, also into a file, or `rm -r`."""
    words = shlex.split(command, comments=True)
    if words[:2] == ["rm", "-r"]:
        shutil.rmtree(words[2])
        return 0, ""
    assert words[0] == "alphoton", f"what is '{words[0]}'?"
    words, target = (words[:-2], words[-1]) if words[-2] == ">" else (words, None)
    terminal, file = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", words)
        with contextlib.redirect_stderr(terminal), contextlib.redirect_stdout(file if target else terminal):
            code = cli._run()
    if target:
        Path(target).write_text(file.getvalue(), encoding="utf-8")
    return code, terminal.getvalue()


# --- comparing ---------------------------------------------------------------------------------------------------


def differences(quoted: str, printed: str) -> list[str]:
    """Where a quotation is not what was printed; rules and empty lines do not count."""
    real, gap = _lines(printed), False
    found: list[str] = []
    for line in _lines(quoted):
        if line == ELLIPSIS:
            gap = True
            continue
        while gap and real and not _agree(line, real[0]):
            real.pop(0)
        if not real:
            return [*found, f"quoted: {line}\nis not printed"]
        if not _agree(line, real[0]):
            found.append(f"quoted:  {line}\nprinted: {real[0]}")
        real.pop(0)
        gap = False
    return found if gap or not real else [*found, f"printed, and not quoted: {real[0]}"]


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := " ".join(each.replace("─", " ").split()))]


def _agree(quoted: str, printed: str) -> bool:
    if QUANTITY.sub("#", quoted) != QUANTITY.sub("#", printed):
        return False
    pairs = zip(QUANTITY.finditer(quoted), QUANTITY.finditer(printed), strict=True)
    return all(_close(_numbers(one), _numbers(other)) for one, other in pairs)


def _numbers(match: re.Match[str]) -> tuple[float, float]:
    """A value and its error. A count has that of its size, where it is large enough not to be a mass."""
    if match["scaled"]:
        scale = 10.0 ** int(match["power"])
        return float(match["scaled"]) * scale, float(match["scaled_error"]) * scale
    value = float(match["value"])
    is_count = match["error"] is None and value.is_integer() and value > 1000
    return value, abs(value) ** 0.5 if is_count else float(match["error"] or 0.0)


def _close(quoted: tuple[float, float], printed: tuple[float, float]) -> bool:
    (value, error), (other, other_error) = quoted, printed
    same_error = error <= 1e-9 * abs(value) or error / 2 < other_error < 2 * error
    return abs(value - other) <= max(3 * error, 0.01 * abs(value)) and same_error


# --- tests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["walk-through", "front page"])
def quotations(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Quoted]:
    """A README, run once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("readme"))
        patched.delenv("ALPHOTON_CARDS", raising=False)
        if request.param == "front page":
            return run(FRONT_PAGE, LEFT_OUT)
        return run(WALK_THROUGH)


def test_what_is_quoted_is_what_is_printed(quotations: list[Quoted]) -> None:
    assert len(quotations) >= 3
    wrong = {f"line {each.line}: {each.command}": differences(each.quoted, each.printed) for each in quotations}
    assert {where: "\n".join(found) for where, found in wrong.items() if found} == {}


def test_any_other_number_is_found(quotations: list[Quoted]) -> None:
    """Negative control: each number quoted, three times as large, is wrong; so is a line more or less."""
    numbers = 0
    for each in quotations:
        for number in re.finditer(rf"(?<![\w.]){N}", each.quoted):
            value = float(number[0])
            if value == 0 or abs(value) < 1e-6:  # rounding errors
                continue
            numbers += 1
            changed = f"{each.quoted[: number.start()]}{3 * value:g}{each.quoted[number.end() :]}"
            assert differences(changed, each.printed), (each.command, number[0])
        assert differences(each.quoted + "and more\n", each.printed)
        if ELLIPSIS not in each.quoted:
            first, *rest = each.quoted.splitlines()
            assert differences("\n".join([f"{first} or so", *rest]), each.printed)
            assert differences("\n".join(rest), each.printed)
    assert numbers > 10


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("alphoton card validate experiment", "alphoton card validate experimnt", "experimnt.yaml: no such file"),
        ("alphoton card validate", "alphoton card check", "No such command"),
        ("positrons_on_target: 1e13", "positron_on_target: 1e13", "did you mean 'positrons_on_target'"),
        ("  positron_energy: 2 GeV", "  positron_energy: 2", "the unit is missing"),
        ('m_a="50 MeV"', 'm_a="40 MeV"', "ended with 0"),  # what is said to fail does not
        ("`alphoton card list`", "`alphoton cards list`", "No such command 'cards'"),
        ("from math import log, sqrt", "from math import log", "name 'sqrt' is not defined"),
    ],
)
def test_what_is_broken_is_found(right: str, wrong: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a copy of the walk-through with one mistake does not run to its end."""
    monkeypatch.chdir(tmp_path)
    assert right in WALK_THROUGH
    with pytest.raises((AssertionError, NameError), match=told):
        run(WALK_THROUGH.replace(right, wrong))


def test_the_front_page_shows_a_valid_recast() -> None:
    """A fragment of a card, which takes the place of a packaged one's."""
    fragment, *_ = [YAML(typ="safe").load(block.text) for block in blocks(FRONT_PAGE) if block.kind == "yaml"]
    card = AnalysisCard.load("babar", [f"{key}={json.dumps(value)}" for key, value in fragment.items()])
    assert card.recast is not None
    assert card.recast.curve == "my_curve.csv"


def test_the_front_page_shows_a_valid_limit_from_shapes(tmp_path: Path) -> None:
    """A fragment of a card, which is laid over a packaged one."""
    *_, fragment = [block.text for block in blocks(FRONT_PAGE) if block.kind == "yaml"]
    path = tmp_path / "own.yaml"
    path.write_text(f"schema: alphoton/analysis/1\nname: own\nextends: padme-vetoes\n{fragment}")
    card = AnalysisCard.load(path)
    assert card.limit.method == "shape"
    assert card.uses_templates
    assert card.counting is not None
    assert card.counting.background is not None
    assert [block.file for block in card.counting.background.templates] == [None, "threephoton-reco.root"]


def test_the_front_page_shows_a_valid_table_of_a_background(tmp_path: Path) -> None:
    """A fragment of a card, and a file with the columns that are named beside it."""
    _, fragment, _ = [block.text for block in blocks(FRONT_PAGE) if block.kind == "yaml"]
    (tmp_path / "my_background.csv").write_text("mass_GeV,events,error\n0.01,40,2\n0.02,80,4\n")
    path = tmp_path / "own.yaml"
    path.write_text(f"schema: alphoton/analysis/1\nname: own\nprocess: babar\ndetector: babar\n{fragment}")
    assert expected_background(load_experiment(path), 0.015) == pytest.approx((25 * 60, 25 * 3))


def test_a_reader_of_blocks() -> None:
    """Blocks of every kind, in order, with their lines."""
    text = "Run `alphoton card\nlist`:\n\n    padme\n\n```sh\nrm -r out\n```\n\n    $ alphoton x\n    alphoton: no\n"
    assert list(blocks(text)) == [
        Block("inline", "alphoton card list", 1),
        Block("text", "padme\n", 4),
        Block("sh", "rm -r out\n", 7),
        Block("sh", "alphoton x", 10),
        Block("text", "alphoton: no\n", 11),
    ]


@pytest.mark.parametrize(
    ("quoted", "printed", "agrees"),
    [
        ("a 10.0 ± 1.0", "a 12.9 ± 1.1", True),
        ("a 10.0 ± 1.0", "a 13.1 ± 1.1", False),
        ("a 10.0 ± 1.0", "a 10.0 ± 2.1", False),
        ("a 10.0", "a 10.09", True),
        ("a 10.0", "a 10.2", False),
        ("a (1.00 ± 0.01)e-04", "a (1.02 ± 0.01)e-04", True),
        ("a (1.00 ± 0.01)e-04", "a (1.00 ± 0.01)e-05", False),
        ("20000", "20400", True),
        ("a -", "a 1", False),
        ("…\nb 2\n…", "a 1\nb 2\nc 3", True),
        ("…\nb 2", "a 1\nb 2\nc 3", False),
        ("a 1\nc 3", "a 1\nb 2\nc 3", False),
        ("…\nb 2", "a 1\nb 5\nb 2", True),
    ],
)
def test_comparison(quoted: str, printed: str, agrees: bool) -> None:
    assert (differences(quoted, printed) == []) == agrees
