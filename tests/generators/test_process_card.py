"""Process cards: what the packaged ones say, and what is said of bad ones, all of them in `tests/cards_invalid`."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError, InputError
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.generate import load_process
from alphoton.generators.process_card import ProcessCard

INVALID = Path(__file__).parents[1] / "cards_invalid"

# file: (dotted path, fragment of the message, line); "" where the problem is the file, not a key
PROBLEMS: dict[str, list[tuple[str, str, int]]] = {
    "above_threshold": [("model.m_a", "is above threshold: sqrt(s) = 10580 MeV", 7)],
    "bad_list": [("beams.sqrt_s", "the unit is missing", 5), ("beams.luminosity", "the list is empty", 6)],
    "base_elsewhere": [("extends", "must be the name of a card or of a file beside it, got '../collider.yaml'", 3)],
    "beams_twice": [("beams", "give either 'sqrt_s', or 'electron_energy' and 'positron_energy'", 4)],
    "below_rest_energy": [("beams.electron_energy", "at least m_e = 0.5110 MeV, got 0.1 MeV", 5)],
    "below_threshold_on_target": [("model.m_a", "24 MeV is above threshold: sqrt(s) = 23.7196 MeV", 8)],
    "below_two_masses": [("beams.sqrt_s", "must be above 2 m_e = 1.022 MeV, got 1 MeV", 5)],
    "bomb": [("", "more than 20000 values or 30 levels", 1)],
    "boosted_energies": [("beams.beta_gamma", "follows from the two energies", 7)],
    "circle": [("extends", "in a circle", 3)],
    "circle_of_two": [("extends", "in a circle", 3)],
    "circle_of_two_back": [("extends", "in a circle", 3)],
    "comment": [("schema", "a card of kind 'process' is due here, this file holds: no card", 1)],
    "duplicate_key": [("", 'duplicate key "m_a"', 8)],
    "electron_resting": [("beams.electron_energy", "got 'resting', or 'at rest'", 5)],
    "empty": [("schema", "a card of kind 'process' is due here, this file holds: no card", 1)],
    "huge_coupling": [("model.g_ae", "out of the range of numbers", 8)],
    "later_schema": [("schema", "should be 'alphoton/process/1', got 'alphoton/process/2'", 1)],
    "list": [("", "a card is a mapping of keys to values", 1)],
    "luminosities": [("beams.luminosity", "2 luminosities for 3 sqrt_s", 6)],
    "missing_keys": [("model", "is missing", 1), ("name", "is missing", 1)],
    "missing_mass": [("model.m_v", "is missing", 6)],
    "missing_units": [
        ("beams.sqrt_s", "the unit is missing: write '10.58 MeV' or '10.58 GeV' (got '10.58')", 5),
        ("model.m_a", "the unit is missing", 7),
        ("model.g_agamma", "the unit is missing: write '1 /GeV'", 8),
        ("model.g_ae", "unknown unit 'GeV' for inverse energy: known are", 9),
    ],
    "name": [("name", "got '../padme'", 2)],
    "negative_luminosity": [("beams.luminosity", "must be above 0 /pb, got -84 /pb", 6)],
    "negative_mass": [("model.m_a", "must not be negative, got -10 MeV", 7)],
    "no_beams": [("beams", "give either 'sqrt_s', or 'electron_energy' and 'positron_energy'", 4)],
    "no_luminosity": [("beams.luminosity", "a list of 2 sqrt_s needs as many luminosities", 4)],
    "no_schema": [("schema", "write one of alphoton/process/1,", 1)],
    "not_finite": [
        ("beams.sqrt_s", "must be finite, got '1e400 GeV'", 5),
        ("model.g_agamma", "must be finite, got 'nan /GeV'", 8),
        ("model.g_ae", "must be finite, got '-inf /GeV'", 9),
    ],
    "not_yaml": [("", "not valid YAML", 5)],
    "one_beam": [("beams", "give either 'sqrt_s', or 'electron_energy' and 'positron_energy'", 4)],
    "other_kind": [("schema", "a card of kind 'process' is due here, this file holds: detector", 1)],
    "other_model": [("model.epsilon", "is no key of the process 'annihilation'", 8)],
    "positron_at_rest": [("beams.positron_energy", "got 'at rest'", 6)],
    "several_keys": [
        ("beams.sqrt_s", "must be above 2 m_e", 5),
        ("beams.luminosity", "a list of 2 sqrt_s needs as many luminosities", 4),
        ("model.m_a", "must not be negative", 7),
        ("model.g_agamma", "are all zero", 8),
        ("model.epsilon", "is no key of the process 'annihilation'", 10),
    ],
    "tab": [("", "not valid YAML", 5)],
    "text": [("", "a card is a mapping of keys to values", 1)],
    "unknown_base": [("extends", "no process card 'colider'; did you mean 'collider'?", 3)],
    "unknown_keys": [
        ("beams.beta_gama", "unknown key; did you mean 'beta_gamma'?", 6),
        ("model.g_agama", "unknown key; did you mean 'g_agamma'?", 9),
        ("sead", "unknown key; did you mean 'seed'?", 10),
    ],
    "unknown_process": [("process", "'bremsstrahlung', 'dark_photon', ", 3)],
    "unknown_schema": [("schema", "'alphoton/proces/1' is no schema of a card; write one of alphoton/process/1,", 1)],
    "wrong_types": [
        ("interference", "got 'perhaps'", 8),
        ("sampling", "should be 'unweighted' or 'balanced', got 'weighted'", 9),
        ("events", "must be a whole number, like 1000 or 1e3: write 1 or 2, got '1.5'", 10),
        ("seed", "should be greater than or equal to 0, got -1", 11),
        ("ids", "got [9000005]", 12),
    ],
    "zero_couplings": [("model.g_agamma", "g_agamma and g_ae are all zero", 8)],
    "zero_mixing": [("model.epsilon", "epsilon is zero", 8)],
    # a mass and a luminosity that are wrong alone are told beside what the schema forbids
    "several": [
        ("beams.sqrt_s", "the unit is missing", 5),
        ("beams.luminosity", "must be above 0 /pb", 6),
        ("model.m_a", "must not be negative", 8),
        ("model.g_agamma", "must be finite", 9),
        ("sead", "did you mean 'seed'?", 10),
    ],
}


def problems_of(reference: str | Path | ProcessCard, *overrides: str) -> list[str]:
    with pytest.raises(CardError) as caught:
        ProcessCard.load(reference, overrides)
    assert isinstance(caught.value, InputError)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("name", PROBLEMS)
def test_invalid_cards(name: str) -> None:
    """Every problem of the card is told, each as `file:line: dotted.path: message`, and no other."""
    path = INVALID / f"process_{name}.yaml"
    problems = problems_of(path)
    for key, fragment, line in PROBLEMS[name]:
        start = f"{path}:{line}: {key}: " if key else f"{path}:{line}: "
        assert any(problem.startswith(start) and fragment in problem for problem in problems), problems
    assert len(problems) == len(PROBLEMS[name])
    assert all("\n" not in problem for problem in problems)


def test_every_fixture_is_in_the_table() -> None:
    fixtures = {path.stem.removeprefix("process_") for path in INVALID.glob("process_*.yaml")}
    fixtures = {name for name in fixtures if not name.startswith("fixed_")}  # in `test_fixed_target_cards`
    assert fixtures == {*PROBLEMS, "bad_base"}


def test_a_problem_in_a_base_is_told_where_it_stands() -> None:
    """The base's line for what the base says, the card's own line for what it lays over it."""
    problems = problems_of(INVALID / "process_bad_base.yaml")
    base, own = INVALID / "process_missing_units.yaml", INVALID / "process_bad_base.yaml"
    assert {problem.split(": ")[0] for problem in problems} == {*(f"{base}:{line}" for line in (5, 8, 9)), f"{own}:5"}


@pytest.mark.parametrize("typo", ["M_A", "m_A"])
def test_a_suggestion_ignores_case(typo: str) -> None:
    (problem,) = problems_of("padme", f"model.{typo}=10 MeV")
    assert "did you mean 'm_a'?" in problem


# ---- the packaged cards ----------------------------------------------------------------------------------------------

EXPERIMENTS = ("delphi", "babar", "belle2", "padme", "collider")
NAMES = sorted([*EXPERIMENTS, *(f"{name}-darkphoton" for name in EXPERIMENTS)])

# arXiv:2012.07894, Table 1: average centre-of-mass energies in GeV and luminosities in 1/pb
TABLE_1 = {
    182.7: 50.2,
    188.6: 154.7,
    191.6: 25.9,
    195.5: 76.4,
    199.5: 83.4,
    201.6: 40.6,
    203.7: 8.4,
    205.2: 76.2,
    206.7: 121.6,
    208.2: 8.3,
}


def test_packaged_names() -> None:
    assert set(NAMES) <= set(packaged("process"))


@pytest.mark.parametrize("name", NAMES)
def test_packaged_cards(name: str) -> None:
    """Couplings of 1 /GeV and 10 MeV (issue 2); epsilon = 0.001 (Eq. (36) of the paper); sources where numbers are."""
    card = ProcessCard.load(name)
    dark = name.endswith("-darkphoton")
    assert card.name == name
    assert card.process == ("dark_photon" if dark else "annihilation")
    assert card.mass == 0.010
    assert card.interference
    assert card.sampling == "unweighted"
    assert (card.ids.alp, card.ids.dark_photon) == (9000005, 4900022)
    assert card.description
    if dark:
        assert card.model.epsilon == 0.001
    else:
        assert (card.model.g_agamma, card.model.g_ae) == (1, 1)
    if not name.startswith("collider"):
        assert "arXiv:2012.07894" in (card.beams.source or "")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_both_processes_have_the_same_beams(name: str) -> None:
    assert ProcessCard.load(name).collisions() == ProcessCard.load(f"{name}-darkphoton").collisions()


def test_delphi_is_table_1() -> None:
    runs = ProcessCard.load("delphi").collisions()
    assert {run.sqrt_s: run.luminosity for run in runs} == TABLE_1
    assert sum(run.luminosity or 0 for run in runs) == pytest.approx(645.7)  # /pb: below Eq. (33) of the paper
    assert all((run.energy, run.momentum_z) == (run.sqrt_s, 0) for run in runs)


@pytest.mark.parametrize(("name", "beta_gamma"), [("babar", 0.56), ("belle2", 0.28), ("collider", 0.0)])
def test_b_factories(name: str, beta_gamma: float) -> None:
    """physics.md, section 6; the boost is along the electron, which is +z."""
    (run,) = ProcessCard.load(name).collisions()
    assert run.sqrt_s == 10.58
    assert run.momentum_z / run.sqrt_s == pytest.approx(beta_gamma, rel=1e-15)
    assert math.sqrt(run.energy**2 - run.momentum_z**2) == pytest.approx(10.58, rel=1e-14)
    assert run.luminosity is None


def test_padme() -> None:
    """550 MeV positrons (total energy) on electrons at rest: physics.md, sections 2 and 6; +z along the beam."""
    (run,) = ProcessCard.load("padme").collisions()
    assert run.sqrt_s**2 == pytest.approx(2 * ELECTRON_MASS * 0.550 + 2 * ELECTRON_MASS**2, rel=1e-15)
    assert run.energy == 0.550 + ELECTRON_MASS
    assert run.momentum_z == pytest.approx(math.sqrt(0.550**2 - ELECTRON_MASS**2), rel=1e-15)


def test_two_beam_energies() -> None:
    """9 GeV electrons on 3.1 GeV positrons give 10.564 GeV and the boost 0.56 (physics.md, section 6)."""
    (run,) = ProcessCard.load(
        "collider", ["beams={electron_energy: 9 GeV, positron_energy: 3.1 GeV, luminosity: 53 /fb}"]
    ).collisions()
    assert run.sqrt_s == pytest.approx(10.564, abs=5e-4)
    assert run.momentum_z / run.sqrt_s == pytest.approx(0.56, abs=5e-3)
    assert run.energy == 12.1
    assert run.luminosity == pytest.approx(53_000)
    assert run.rapidity == pytest.approx(math.atanh(run.momentum_z / run.energy), rel=1e-14)


# ---- what is fine, and what is not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "override",
    [
        "model.g_agamma=-1 /GeV",
        "model.g_ae=0 /GeV",
        "model.m_a=0 MeV",
        "model.m_a=10.579999 GeV",
        "model.m_a=1e-12 eV",
        "model.g_ae=1 TeV^-1",
        "beams.beta_gamma=-0.56",
        "beams.sqrt_s=[10.58 GeV]",
        "beams.luminosity=50 /ab",
        "beams={sqrt_s: [10.58 GeV, 5 MeV], luminosity: [1 /fb, 1 /fb]}",  # one of the two is above threshold
        "seed=0",
        "seed=9223372036854775807",
        "events=1",
        "ids.alp=-1",
        "interference=false",
        "sampling=balanced",
    ],
)
def test_valid_overrides(override: str) -> None:
    ProcessCard.load("collider", [override])


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("model.m_a=10.58 GeV", "model.m_a"),
        ("model.m_a=.nan", "model.m_a"),
        ("model.g_agamma=inf /GeV", "model.g_agamma"),
        ("model.g_agamma=1e101 /GeV", "model.g_agamma"),
        ("model.g_ae=1e-101 /GeV", "model.g_ae"),
        ("model.m_a=null", "model.m_a"),
        ("model.m_v=1 GeV", "model.m_v"),
        ("beams.sqrt_s=nan GeV", "beams.sqrt_s"),
        ("beams.sqrt_s=[]", "beams.sqrt_s"),
        ("beams.sqrt_s=-10.58 GeV", "beams.sqrt_s"),
        ("beams.beta_gamma=.inf", "beams.beta_gamma"),
        ("beams.luminosity=0 /fb", "beams.luminosity"),
        ("events=0", "events"),
        ("events=1.5", "events"),
        ("events=true", "events"),
        ("seed=9223372036854775808", "seed"),
        ("ids.alp=99999999999", "ids.alp"),  # the files' pdgId is an int32
        ("process=primakof", "process"),
    ],
)
def test_invalid_overrides(override: str, key: str) -> None:
    """The message names the override as the place and the key it is about."""
    (problem,) = problems_of("collider", override)
    assert problem.startswith(f"override {override}: {key}")


def test_options_do_not_hide_a_wrong_override() -> None:
    """A wrong override is told even where an argument replaces it."""
    with pytest.raises(CardError, match="override events=-3: events"):
        load_process("padme", ["events=-3"], events=10)
    assert load_process("padme", ["events=3"], events=10).events == 10
    assert load_process("padme", ["events=3"], events=None, seed=7).seed == 7
    with pytest.raises(CardError, match="events"):
        load_process("padme", events=0)
