"""Cards as files: where they are looked for, inheritance, overrides, and that nothing a person writes is a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphoton.data.card_file import KINDS, documents, package_folder, packaged, read
from alphoton.data.errors import CardError
from alphoton.generators.process_card import ProcessCard

CARD = """\
schema: alphoton/process/1
name: mine
process: annihilation
beams: {sqrt_s: [10.58 GeV, 10 GeV], luminosity: [50 /fb, 3 /fb]}
model:
  m_a: 10 MeV
"""


def write(path: Path, text: str | bytes = CARD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def named(name: str, kind: str = "process") -> str:
    return f"schema: alphoton/{kind}/1\nname: {name}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own."""
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def problems(reference: str | Path, *overrides: str) -> list[str]:
    with pytest.raises(CardError) as caught:
        ProcessCard.load(reference, overrides)
    return caught.value.problems


# ---- finding ---------------------------------------------------------------------------------------------------------


def test_search_order(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder, the folders of $ALPHOTON_CARDS with and without the kind, the package."""
    first, second = tmp_path / "first", tmp_path / "second"
    monkeypatch.setenv("ALPHOTON_CARDS", os.pathsep.join(["", str(first), str(second), str(tmp_path / "absent")]))
    places = [folder, first, first / "process", second, second / "process"]
    files = [write(place / "padme.yaml", named(f"number-{i}")) for i, place in enumerate(places)]
    for i, file in enumerate(files):
        assert read("process", "padme").data["name"] == f"number-{i}"
        file.unlink()
    assert Path(read("process", "padme").origin) == package_folder() / "process" / "padme.yaml"


def test_a_nearer_file_of_another_kind_is_passed_by(folder: Path) -> None:
    """One name may stand in several kinds."""
    write(folder / "padme.yaml", named("padme", "detector"))
    assert read("process", "padme").data["process"] == "annihilation"
    assert read("detector", "padme").data == {"schema": "alphoton/detector/1", "name": "padme"}


@pytest.mark.parametrize("spelling", ["mine.yaml", "./mine.yaml", "mine", "mine.yml"])
def test_a_path_and_a_name(folder: Path, spelling: str) -> None:
    write(folder / Path(spelling).with_suffix(Path(spelling).suffix or ".yaml"))
    assert ProcessCard.load(spelling).name == "mine"


def test_a_path_object_is_a_path(folder: Path) -> None:
    """It has to be there; a bare name beside it is not looked for."""
    assert ProcessCard.load(write(folder / "card-without-suffix")).name == "mine"
    assert problems(Path("padme")) == ["padme: no such file"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("pdme", "no process card 'pdme'; did you mean 'padme'? (packaged: "),
        ("zzzzzz", "no process card 'zzzzzz' (packaged: babar,"),
        ("absent.yaml", "absent.yaml: no such file"),
        ("/absent/mine.yaml", "/absent/mine.yaml: no such file"),
        ("..", "no process card '..'"),
        ("", "no process card ''"),
        ("null\0byte", "no process card 'null"),
        ("x" * 300, "no process card 'xxx"),
        ("x" * 300 + ".yaml", "xxx"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_not_found(reference: str, message: str) -> None:
    (problem,) = problems(reference)
    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(range(256)), "2: not a text file: a card is YAML in UTF-8"),
        (CARD.encode("utf-16"), "1: not a text file"),
        (CARD.encode() + b"description: caf\xe9\n", "7: not a text file"),
        (b"PK\x03\x04 an archive", "1: not valid YAML"),
        (b"root\x00\x00", "1: not valid YAML"),
        (b"", "1: schema: a card of kind 'process' is due here, this file holds: no card"),
        (b"\n\n# later\n", "1: schema: a card of kind 'process' is due here"),
        (b"[" * 1_000, "1: more than 30 levels"),
        (CARD.encode() + b"a: " + b"{a: " * 5000 + b"}" * 5000, "7: more than 30 levels"),
        (CARD.encode() + b"a: " + b"{a: " * 40 + b"}" * 40, "7: more than 30 levels: this is no card"),
        (CARD.encode() + b"# x\n" * 50_000, "1: a card of more than 200000 bytes"),
        (CARD.encode() + b"? {a: b}\n: 1\n", "7: "),
        (CARD.encode() + b"events: !!python/object/apply:os.system [ls]\n", "7: "),
        (CARD.encode() + b"events: !!set x\n", "7: "),
        (CARD.encode() + b"events: !!omap [1]\n", "7: "),
        (CARD.encode() + b"events: !!timestamp x\n", "7: "),
        (CARD.encode() + b"events: &a [*a]\n", "7: '*a' inside of what it names"),
        (CARD.encode() + b"events: &a {b: *a}\n", "7: '*a' inside of what it names"),
        (CARD.encode() + b"<<: 3\n", "7: not valid YAML"),
        (CARD.encode() + b"events: *nothing\n", "7: not valid YAML"),
        (b"%YAML 9.9\n---\n" + CARD.encode(), "1: not valid YAML"),
    ],
)
def test_not_a_card(folder: Path, content: bytes, message: str) -> None:
    """One message with file and line, whatever the file holds."""
    (problem,) = problems(write(folder / "bad.yaml", content).name)
    assert problem.startswith(f"bad.yaml:{message}")
    assert len(problem) < 300


@pytest.mark.parametrize("reference", ["folder.yaml", "./folder.yaml"])
def test_a_folder_is_no_card(folder: Path, reference: str) -> None:
    (folder / "folder.yaml").mkdir()
    (problem,) = problems(reference)
    assert "folder.yaml: cannot be read: Is a directory" in problem


def test_text_of_every_kind_is_read(folder: Path) -> None:
    """A byte order mark, Windows line ends, flow style, a number written 1e-3, anchors and merges."""
    anchored = (
        CARD.replace("beams:", "seed: &seed 7\nbeams:").replace("mine", "same") + "ids: {alp: *seed, dark_photon: 8}\n"
    )
    assert ProcessCard.load(write(folder / "a.yaml", b"\xef\xbb\xbf" + CARD.encode())).name == "mine"
    assert ProcessCard.load(write(folder / "b.yaml", CARD.replace("\n", "\r\n"))).name == "mine"
    assert ProcessCard.load(write(folder / "c.yaml", anchored)).ids.alp == 7
    dark = CARD.replace("annihilation", "dark_photon").replace("m_a: 10 MeV", "<<: {m_v: 10 MeV}\n  epsilon: 1e-3")
    card = ProcessCard.load(write(folder / "d.yaml", dark))
    assert (card.mass, card.model.epsilon) == (0.010, 0.001)


# ---- several documents in a file -------------------------------------------------------------------------------------


def test_a_file_may_hold_a_card_of_each_kind(folder: Path) -> None:
    text = "---\n".join([named("mine", "detector"), CARD, named("mine", "analysis")])
    path = write(folder / "mine.yaml", text)
    assert [card.kind for card in documents(path)] == ["detector", "process", "analysis"]
    assert ProcessCard.load(path).name == "mine"
    assert read("analysis", "mine").data["name"] == "mine"
    assert problems(path, "model.m_a=-1 MeV")[0].startswith("override model.m_a=-1 MeV: model.m_a: ")
    write(path, text.replace("10 MeV", "-10 MeV"))
    assert problems(path) == [f"{path}:9: model.m_a: must not be negative, got -10 MeV"]


def test_two_cards_of_one_kind_in_a_file_are_refused(folder: Path) -> None:
    """Otherwise the second would be ignored in silence."""
    path = write(folder / "two.yaml", CARD + "---\n" + CARD.replace("mine", "other"))
    (problem,) = problems(path)
    assert "two.yaml" in problem


def test_a_missing_kind_says_what_is_there(folder: Path) -> None:
    write(folder / "mine.yaml", named("mine", "detector") + "---\n" + named("mine", "workflow"))
    (problem,) = problems("mine.yaml")
    assert problem == "mine.yaml:1: schema: a card of kind 'process' is due here, this file holds: detector, workflow"


# ---- inheritance -----------------------------------------------------------------------------------------------------


def test_extends(folder: Path) -> None:
    """Mappings are laid over key by key, lists and values are replaced; each key keeps its own place."""
    write(folder / "base.yaml")
    write(folder / "middle.yaml", named("middle") + "extends: base\nmodel: {g_ae: 2 /GeV}\nbeams:\n  beta_gamma: 0.5\n")
    top = write(folder / "top.yaml", named("top") + "extends: middle.yaml\nbeams: {luminosity: [1 /fb, 2 /fb]}\n")
    card = ProcessCard.load(top)
    assert card.name == "top"
    assert (card.mass, card.model.g_ae, card.beams.beta_gamma) == (0.010, 2.0, 0.5)
    assert card.beams.sqrt_s == (10.58, 10)
    assert card.beams.luminosity == (1000, 2000)
    assert card.origin == str(top)
    assert "extends" not in card.resolved
    raw = read("process", "top")
    lines = {"model.m_a": "base.yaml:6", "model.g_ae": "middle.yaml:4", "beams.beta_gamma": "middle.yaml:6"}
    assert {key: Path(raw.place(tuple(key.split(".")))).name for key in lines} == lines
    assert Path(raw.place(("beams", "luminosity"))).name == "top.yaml:4"


def test_extends_a_packaged_card(folder: Path) -> None:
    variant = write(folder / "mine.yaml", named("mine") + "extends: belle2\nmodel: {m_a: 1 GeV}\n")
    card = ProcessCard.load(variant)
    assert (card.mass, card.beams.beta_gamma) == (1.0, 0.28)


def test_a_file_beside_comes_before_a_packaged_card(folder: Path, tmp_path: Path) -> None:
    """Beside the card that extends, not in the working folder."""
    write(tmp_path / "cards" / "padme.yaml", CARD.replace("10 MeV", "3 MeV"))
    write(folder / "padme.yaml", CARD.replace("10 MeV", "7 MeV"))
    variant = write(tmp_path / "cards" / "variant.yaml", named("variant") + "extends: padme.yaml\n")
    assert ProcessCard.load(variant).mass == 0.003


@pytest.mark.parametrize("base", ["[padme]", "3", "../padme.yaml", "/etc/passwd", '""', ".", "..", "mine.yaml", "null"])
def test_bad_bases(folder: Path, base: str) -> None:
    """A message at the line of `extends`; an empty one counts as none, and then keys are missing."""
    write(folder / "mine.yaml", named("mine") + f"extends: {base}\n")
    for problem in problems("mine.yaml"):
        assert problem.startswith("mine.yaml:1: " if base == "null" else "mine.yaml:3: extends: ")


def test_a_long_name_of_a_base(folder: Path) -> None:
    write(folder / "mine.yaml", named("mine") + f"extends: {'x' * 300}\n")
    (problem,) = problems("mine.yaml")
    assert problem.startswith("mine.yaml:3: extends: ")


# ---- overrides -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("name=other", ("name",), "other"),
        ("model.m_a=20 MeV", ("model", "m_a"), "20 MeV"),
        ("model.m_a='20 MeV'", ("model", "m_a"), "20 MeV"),
        ("model.g_ae=1e-3", ("model", "g_ae"), 1e-3),
        (" model.m_a = 20 MeV", ("model", "m_a"), "20 MeV"),
        ("description=a=b", ("description",), "a=b"),
        ("description=", ("description",), None),
        ("beams.sqrt_s.1=9 GeV", ("beams", "sqrt_s"), ["10.58 GeV", "9 GeV"]),
        ("beams.sqrt_s=[9 GeV]", ("beams", "sqrt_s"), ["9 GeV"]),
        ("model={m_a: 1 GeV}", ("model",), {"m_a": "1 GeV"}),
        ("ids.alp=54", ("ids",), {"alp": 54}),
        ("interference=false", ("interference",), False),
        ("a.b.c=1", ("a", "b", "c"), 1),
    ],
)
def test_overrides(folder: Path, override: str, path: tuple[str, ...], value: object) -> None:
    raw = read("process", write(folder / "mine.yaml"), [override])
    data = raw.data
    for step in path:
        data = data[step]
    assert data == value
    assert raw.place(path) == f"override {override}" or path[-1] == "sqrt_s"


def test_a_later_override_wins(folder: Path) -> None:
    card = ProcessCard.load(write(folder / "mine.yaml"), ["model.m_a=20 MeV", "model.g_ae=0 /GeV", "model.m_a=30 MeV"])
    assert (card.mass, card.model.g_ae) == (0.030, 0)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.m_a", "write key=value, with the key as a dotted path like model.m_a"),
        ("=3", "write key=value"),
        ("model..m_a=3 MeV", "write key=value"),
        (".model=3", "write key=value"),
        ("schema=alphoton/process/1", "schema: cannot be overridden"),
        ("extends=padme", "extends: cannot be overridden"),
        ("model.m_a.unit=GeV", "model.m_a: is the value '10 MeV', it has no key 'unit'"),
        ("beams.sqrt_s.2=9 GeV", "beams.sqrt_s: a list with positions 0 to 1, got '2'"),
        ("beams.sqrt_s.-1=9 GeV", "beams.sqrt_s: a list with positions 0 to 1, got '-1'"),
        ("beams.sqrt_s.first=9 GeV", "beams.sqrt_s: a list with positions 0 to 1, got 'first'"),
        ("beams.sqrt_s.²=9 GeV", "beams.sqrt_s: a list with positions 0 to 1, got '²'"),
        (f"beams.sqrt_s.{'9' * 5000}=9 GeV", "beams.sqrt_s: a list with positions 0 to 1"),
        ("beams.sqrt_s.0.x=9 GeV", "beams.sqrt_s.0: is the value '10.58 GeV', it has no key 'x'"),
        ("model.m_a=[1", "model.m_a: '[1' is not a YAML value"),
        ("model.m_a={a: 1, a: 2}", "model.m_a: '{a: 1, a: 2}' is not a YAML value"),
        ("model.m_a=a: b: c", "model.m_a: 'a: b: c' is not a YAML value"),
        ("model.m_a=*a", "model.m_a: '*a' is not a YAML value"),
        ("model.m_a=10", "model.m_a: the unit is missing"),
        ("model.m_a=", "model.m_a: is missing"),
        ("model.m_b=10 MeV", "model.m_b: unknown key"),
        ("modle.m_a=10 MeV", "modle: unknown key; did you mean 'model'?"),
        ("model=heavy", "model: "),
    ],
)
def test_bad_overrides(folder: Path, override: str, message: str) -> None:
    """The override itself is the place of what is wrong with it."""
    (problem,) = problems(write(folder / "mine.yaml"), override)
    assert problem.startswith(f"override {override}: {message}")


def test_problems_of_card_and_overrides_are_reported_together(folder: Path) -> None:
    write(folder / "mine.yaml", CARD + "sead: 1\n")
    found = problems("mine.yaml", "model.m_a=10", "events=none", "model.g_ag=1 /GeV")
    starts = [
        "override events=none: events: ",
        "override model.g_ag=1 /GeV: model.g_ag: ",
        "override model.m_a=10: model.m_a: ",
    ]
    for problem, start in zip(sorted(found), ["mine.yaml:7: sead: ", *starts], strict=True):
        assert problem.startswith(start)


# ---- cards that are validated already --------------------------------------------------------------------------------


def test_a_card_object_is_a_card() -> None:
    card = ProcessCard.load("padme")
    assert ProcessCard.load(card) is card
    other = ProcessCard.load(card, ["model.m_a=20 MeV"])
    assert (card.mass, other.mass) == (0.010, 0.020)
    assert card.resolved["model"]["m_a"] == "10 MeV"
    assert other.resolved == {**card.resolved, "model": {**card.resolved["model"], "m_a": "20 MeV"}}
    assert other.origin == card.origin
    with pytest.raises(CardError, match=r"override model.m_a=1: model.m_a: the unit is missing"):
        ProcessCard.load(card, ["model.m_a=1"])
    with pytest.raises(CardError, match="is above threshold"):
        ProcessCard.load(other, ["beams.positron_energy=300 MeV"])


def test_the_resolved_card_is_a_copy() -> None:
    card = ProcessCard.load("delphi")
    card.resolved["beams"]["sqrt_s"].clear()
    assert len(card.resolved["beams"]["sqrt_s"]) == 10


def test_a_resolved_card_is_a_whole_card(folder: Path) -> None:
    """What is kept in an event file, written as YAML, gives the same card without its bases."""
    card = ProcessCard.load("babar", ["model.m_a=1 GeV"])
    lines = [f"{key}: {value!r}" for key, value in card.resolved.items() if value not in (True, False)]
    assert ProcessCard.load(write(folder / "again.yaml", "\n".join(lines))) == card


def test_cards_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        ProcessCard.load("padme").seed = 2


# ---- the packaged cards ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in packaged(kind)])
def test_packaged_files(kind: str, name: str) -> None:
    """Each holds one card of its folder's kind, with the file's name."""
    (card,) = documents(package_folder() / kind / f"{name}.yaml")
    assert (card.kind, card.data["name"]) == (kind, name)


@pytest.mark.parametrize("name", packaged("process"))
def test_packaged_process_cards_validate(name: str) -> None:
    assert ProcessCard.load(name).resolved["schema"] == "alphoton/process/1"


# ---- anything a person may write -------------------------------------------------------------------------------------

FUZZ = settings(derandomize=True, deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
PADME = (package_folder() / "process" / "padme.yaml").read_text()
MARKS = st.sampled_from(
    ["{", "[", "- ", ": ", "\n", "\t", "&a ", "*a", "<<: ", "# ", "'", '"', "|", "? ", "%", "---\n", "\u2028"]
)
TAGS = st.sampled_from(
    ["!!set ", "!!omap ", "!!timestamp ", "!!binary ", "!!int ", "!!float ", "!!null ", "!x ", "!!python/name:os "]
)
SPELLINGS = st.sampled_from(
    ["10 MeV", "-1 /GeV", "nan /GeV", "1e999", ".inf", "~", "0x1F", "2020-01-01", "yes", "extends: padme\n"]
)
WORDS = MARKS | TAGS | SPELLINGS
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3))
TOP_KEYS = st.sampled_from(
    ["name", "process", "beams", "model", "interference", "sampling", "events", "seed", "ids", "source", "x"]
)
BEAMS = st.sampled_from(
    ["sqrt_s", "luminosity", "luminosity.0", "beta_gamma", "electron_energy", "positron_energy", "source"]
)
MODEL = st.sampled_from(["m_a", "m_a.0", "g_ae", "g_agamma", "epsilon", "m_v", "x.y"])
KEYS = TOP_KEYS | BEAMS.map("beams.{}".format) | MODEL.map("model.{}".format)


def is_card(reference: str | Path, overrides: list[str]) -> bool:
    """Whether it was a card, or a `CardError` that says something; anything else is a failure."""
    try:
        ProcessCard.load(reference, overrides)
    except CardError as error:
        return not error.problems
    return True


@FUZZ
@given(st.data())
def test_mutated_cards(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Pieces of the text cut out, doubled or replaced by words that mean something to YAML or to a card."""
    text = PADME
    for _ in range(data.draw(st.integers(1, 4))):
        start, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 30))
        piece = data.draw(WORDS | st.text(max_size=5) | st.just(text[start : start + length] * 2))
        text = text[:start] + piece + text[start + length :]
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    path.write_bytes(text.encode("utf-8", "replace"))
    is_card(path, [])


@FUZZ
@given(st.lists(st.tuples(KEYS, VALUES), min_size=1, max_size=3))
def test_any_override(overrides: list[tuple[str, object]]) -> None:
    is_card("padme", [f"{key}={value}" for key, value in overrides])


@FUZZ
@given(st.text(max_size=30))
def test_any_text_as_an_override(text: str) -> None:
    is_card("padme", [text])
    is_card("delphi", [f"beams.sqrt_s.{text}"])


@FUZZ
@given(st.text(max_size=30))
@pytest.mark.usefixtures("folder")
def test_any_text_as_a_name(text: str) -> None:
    is_card(text, [])


def test_the_fuzz_reaches_valid_cards_too() -> None:
    """Negative control: the check tells a card from none."""
    assert is_card("padme", ["model.m_a=20 MeV"])
    assert not is_card("padme", ["model.m_a=20"])
