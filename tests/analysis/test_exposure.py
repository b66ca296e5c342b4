"""Exposures by hand, the same from cards and from files for every packaged card, and cards that contradict each other."""

from __future__ import annotations

import ast
import math
from pathlib import Path
from typing import Any

import pytest

from alphoton.analysis.analyse import analyse
from alphoton.analysis.analysis_card import ON_TARGET, AnalysisCard
from alphoton.analysis.exposure import NoExposureError, Setup, exposure, hits
from alphoton.data.card_file import RawCard, packaged
from alphoton.data.errors import CardError
from alphoton.detectors.simulate import simulate
from alphoton.generators.event_source import EventSource
from alphoton.generators.generate import generate, source_meta
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.limit_scan import limit

ROOT = Path(__file__).parents[2]
N_A = 6.02214076e23
DIAMOND = 4e13 * N_A * 6 * 3.5 / 12 * 0.01 * 1e-36
"""1/pb: 4e13 positrons on the electrons of 100 um of diamond, 3.5 g/cm^3, Z = 6, A = 12; Eq. (45) of arXiv:2012.07894."""
TUNGSTEN = N_A * 19.3 * 0.035 / 183.84 * 1e-36
"""1/pb for each beam particle on the nuclei of 350 um."""
LEAD = N_A * 0.56 * 11.4 / 207.2 * 1e-36
"""1/pb for each electron in a shower in lead, Eq. (43): X0 of 0.56 cm, 11.4 g/cm^3."""
TARGET = {"thickness": "350 um", "density": "19.3 g/cm^3", "atomic_number": 74, "atomic_mass": 183.84}


def analysis(**counting: Any) -> AnalysisCard:
    """An analysis card that counts."""
    data = {"schema": "alphoton/analysis/1", "name": "test", "process": "padme", "detector": "padme", "counting": counting}
    return AnalysisCard.validate_raw(RawCard("analysis", "test.yaml", data))


def of_process(name: str, *overrides: str) -> Setup:
    return Setup.of_meta(ProcessCard.load(name, overrides).setup(), f"{name}.yaml:1: beams")


# --- by hand -------------------------------------------------------------------------------------------------------------


def test_electrons_of_a_target() -> None:
    """In the metre: 6.02214076e26 atoms/kmol x 6 electrons x 3500 kg/m^3 / (12 kg/kmol) x 1e-4 m, and 1 pb = 1e-40 m^2."""
    per_area = 6.02214076e26 * 6 * 3500 / 12 * 1e-4
    assert per_area == pytest.approx(1.0538746e26, rel=1e-7)
    for positrons, name in ((4e13, "padme"), (4e16, "padme-poseydon"), (4e16, "padme-poseydon-ses")):
        assert load_experiment(name).exposure == pytest.approx(positrons * per_area * 1e-40, rel=1e-7)


@pytest.mark.parametrize("key", ON_TARGET)
def test_nuclei_of_a_thin_target(key: str) -> None:
    """A nucleus is one, whatever its charge; the number of beam particles goes by three names."""
    thin = of_process("bremsstrahlung-lead", "beams.target={material: tungsten, thickness: thin}")
    card = analysis(**{key: 1e16, "target": TARGET})
    assert exposure(card, thin) == pytest.approx(1e16 * TUNGSTEN, rel=1e-9)
    with pytest.raises(AssertionError):  # negative control: electrons would be 74 times as many
        assert exposure(card, thin) == pytest.approx(74e16 * TUNGSTEN, rel=1e-2)


@pytest.mark.parametrize("key", ON_TARGET)
def test_a_shower(key: str) -> None:
    assert exposure(analysis(**{key: 2.84e11}), of_process("na64-primakoff")) == pytest.approx(2.84e11 * LEAD, rel=1e-9)


def test_a_length_of_the_process_card() -> None:
    """`shower: none` makes a thickness the length of a target that the beam meets once."""
    once = "beams.target={material: tungsten, thickness: 350 um, density: 19.3 g/cm^3, shower: none}"
    card = analysis(particles_on_target=1e16)
    assert exposure(card, of_process("bremsstrahlung-lead", once)) == pytest.approx(1e16 * TUNGSTEN, rel=1e-5)
    in_shower = of_process("bremsstrahlung-lead", once.replace(", shower: none", ""))
    tungsten = in_shower.target
    assert tungsten is not None
    assert in_shower.shower
    per_radiation_length = 1e16 * N_A * tungsten.radiation_length / tungsten.atomic_mass * 1e-36
    assert exposure(card, in_shower) == pytest.approx(per_radiation_length, rel=1e-9)


def test_electrons_at_rest_in_the_target_of_the_process_card() -> None:
    diamond = "beams.target={material: carbon, thickness: 100 um, density: 3.5 g/cm^3}"
    found = exposure(analysis(particles_on_target=4e13), of_process("padme", diamond))
    assert found == pytest.approx(DIAMOND, rel=1.5e-3)  # natural carbon has A = 12.011
    assert found == pytest.approx(DIAMOND * 12 / 12.0107, rel=1e-4)


def test_electrons_of_a_mixture() -> None:
    """Water has 10 electrons in 18.0153 g/mol; its nuclei are three a molecule."""
    target = "beams.target={material: water, thickness: 1 cm, shower: none}"
    card = analysis(particles_on_target=1e10)
    assert exposure(card, of_process("padme", target)) == pytest.approx(1e10 * N_A * 10 / 18.0153e36, rel=1e-5)
    assert exposure(card, of_process("bremsstrahlung-lead", target)) == pytest.approx(1e10 * N_A * 3 / 18.0153e36, rel=1e-5)


def test_luminosities() -> None:
    """The analysis card's, else the process card's, whose total is that of Table 1 of arXiv:2012.07894."""
    assert exposure(analysis(luminosity="53 /fb"), of_process("delphi")) == pytest.approx(53_000)
    assert exposure(analysis(), of_process("delphi")) == pytest.approx(645.7)
    assert load_experiment("delphi").exposure == pytest.approx(645.7)


def test_any_unit() -> None:
    overrides = ["counting.target.thickness=0.01 cm", "counting.target.density=3500 kg/m^3"]
    assert load_experiment("padme", overrides).exposure == pytest.approx(load_experiment("padme").exposure, rel=1e-12)


# --- one route -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", packaged("process"))
def test_a_file_and_its_card_give_the_same(name: str) -> None:
    """For every packaged process, and with the meta as files of 0.1.0 have it, without the target's description."""
    card = ProcessCard.load(name)
    from_card = Setup.of_meta(card.setup(), "here")
    meta = source_meta(EventSource(ProcessCard.load(card, ["events=1"])))
    assert Setup.of_meta(meta, "here") == from_card
    meta.pop("target")
    old = Setup.of_meta(meta, "here")
    assert (old.hits, old.luminosity, old.shower) == (from_card.hits, from_card.luminosity, from_card.shower)
    expected = "nuclei" if card.on_nuclei else "electrons" if card.beams.electrons_at_rest else "beams"
    assert from_card.hits == expected
    assert from_card.shower == (card.beams.thickness > 0)
    counted = analysis(particles_on_target=1e12, target=TARGET) if expected != "beams" else analysis(luminosity="1 /fb")
    bare = Setup(**{**from_card.__dict__, "target": None})
    assert exposure(counted, old) == exposure(counted, bare)


@pytest.mark.parametrize("name", packaged("analysis"))
def test_analyse_expects_the_events_that_the_limit_means(name: str, tmp_path: Path) -> None:
    """At the limit on one coupling the events of a file add up to what is allowed: every packaged card that counts."""
    experiment = load_experiment(name)
    card = experiment.analysis
    counting = card.counting
    if counting is None or card.beam_dump is not None or counting.window is not None or len(experiment.processes) > 2:
        return
    (row,) = limit(name, ["10 MeV"], events=20_000).rows
    for process, coupling in zip(experiment.processes[:2], ("g_agamma", "g_ae"), strict=False):
        value = getattr(row, coupling).value
        other = {"g_agamma": "g_ae", "g_ae": "g_agamma"}[coupling]
        overrides = [f"model.{coupling}={value!r} /GeV", f"model.{other}=0 /GeV", "model.m_a=10 MeV"]
        generate(process, tmp_path / f"{coupling}.root", events=20_000, overrides=overrides)
        simulate(tmp_path / f"{coupling}.root", experiment.detector, tmp_path / "reco.root", force=True)
        found = analyse(tmp_path / "reco.root", card)
        assert found.expected_events is not None
        assert found.expected_events_error is not None
        component = {"g_agamma": "photon", "g_ae": "electron"}[coupling]
        allowed = row.allowed[component].value * experiment.exposure
        spread = math.hypot(found.expected_events_error, 2 * allowed * getattr(row, coupling).error / value)
        assert abs(found.expected_events - allowed) < 4 * spread


def test_nothing_else_knows_avogadro() -> None:
    """An exposure is computed in one file; the packaged materials and a number of the paper's need the constant, too."""
    allowed = {
        "analysis/exposure.py",
        "generators/constants.py",
        "generators/matter/materials.py",
        "workflows/report/claims_padme_reach.py",
    }
    users = set()
    for folder in ("data", "generators", "detectors", "analysis", "workflows"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            if "AVOGADRO" in names or any(isinstance(n, float) and 6.02e23 < n < 6.03e23 for n in numbers):
                users.add(str(path.relative_to(ROOT)))
    assert users == allowed


# --- several processes ---------------------------------------------------------------------------------------------------

BOTH = """
schema: alphoton/process/1
name: thin
process: bremsstrahlung
beams: {{electron_energy: 20 GeV, target: {{material: tungsten, thickness: 10 X0}}}}
model: {{m_a: 10 MeV, g_agamma: 0 /GeV, g_ae: 1 /GeV}}
energy_cut: 15 GeV
---
schema: alphoton/analysis/1
name: both
process: [{processes}]
detector: na64
selection: [{{quantity: missing_energy, min: 15 GeV}}]
counting: {{electrons_on_target: 2.84e11}}
limit: {{method: fixed, signal_events: 2.3}}
"""


def test_each_process_has_its_own_exposure(tmp_path: Path) -> None:
    """Two targets: the limit does not depend on the order of the list, and is that of each rate by hand."""
    first = tmp_path / "first.yaml"
    first.write_text(BOTH.format(processes="na64-bremsstrahlung, first.yaml"), encoding="utf-8")
    second = tmp_path / "second.yaml"
    second.write_text(BOTH.format(processes="second.yaml, na64-bremsstrahlung"), encoding="utf-8")
    own = ["process.energy_cut=15 GeV"]
    rows = [limit(path, ["10 MeV"], events=4000, overrides=own).rows[0] for path in (first, second)]
    assert rows[0].g_ae.value == pytest.approx(rows[1].g_ae.value, rel=1e-12)
    experiment = load_experiment(first, own)
    lead, tungsten = experiment.exposures
    assert lead == pytest.approx(2.84e11 * LEAD, rel=1e-9)
    assert tungsten == pytest.approx(2.84e11 * N_A * 6.76 / 183.84 * 1e-36, rel=1e-3)  # X0 = 6.76 g/cm^2
    alone = []
    for name, per_pb in (("na64-bremsstrahlung", lead), (str(first), tungsten)):
        one = load_experiment(first, own, process=name)
        assert one.exposures == (pytest.approx(per_pb),)
        alone.append(limit(first, ["10 MeV"], events=4000, overrides=[*own, f"process={name}"]).rows[0].g_ae.value)
    events = 2.3 * sum(1 / value**2 for value in alone)  # of both, at 1 /GeV
    assert rows[0].g_ae.value == pytest.approx(math.sqrt(2.3 / events), rel=1e-9)


# --- cards that contradict each other, or say too little -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"atomic_number": 82, "atomic_mass": 183.84}, ["counting.target.atomic_number: 82", "tungsten with 74"]),
        ({"atomic_mass": 190}, ["counting.target.atomic_mass: 190 g/mol", "183.84 g/mol"]),
        ({"density": "18 g/cm^3"}, ["counting.target.density: 18 g/cm^3", "19.3 g/cm^3"]),
        ({"thickness": "300 um"}, ["counting.target.thickness: 0.3 mm", "0.35 mm"]),
    ],
)
def test_two_targets_must_agree(target: dict[str, Any], told: list[str]) -> None:
    own = "beams.target={material: tungsten, thickness: 350 um, density: 19.3 g/cm^3, shower: none}"
    for extra in (own, own.replace(", shower: none", "")):
        setup = of_process("bremsstrahlung-lead", extra)
        with pytest.raises(CardError) as caught:
            exposure(analysis(particles_on_target=1e16, target=TARGET | target), setup)
        for part in ("test.yaml:1", "bremsstrahlung-lead.yaml:1: beams", "the same in both", *told):
            assert part in str(caught.value)


def test_one_percent_is_the_same_target() -> None:
    setup = of_process("bremsstrahlung-lead", "beams.target={material: tungsten, thickness: 350 um, shower: none}")
    near = analysis(particles_on_target=1e16, target=TARGET | {"thickness": "352 um", "density": "19.4 g/cm^3"})
    assert exposure(near, setup) == pytest.approx(1e16 * TUNGSTEN * 352 / 350 * 19.4 / 19.3, rel=1e-9)


def test_a_thin_target_of_the_process_card_has_no_length_to_agree_with() -> None:
    """PADME's cards: diamond in the analysis, carbon of any density in the process."""
    card = analysis(
        positrons_on_target=4e13,
        target={"thickness": "100 um", "density": "3.5 g/cm^3", "atomic_number": 6, "atomic_mass": 12},
    )
    assert exposure(card, of_process("padme-bethe-heitler")) == pytest.approx(DIAMOND / 6, rel=1e-9)


def test_bound_electrons_are_those_of_the_target() -> None:
    with pytest.raises(CardError, match=r"scan.target.atomic_number: 14, but .* a target of carbon with 6"):
        load_experiment("padme-scan", ["scan.target.atomic_number=14"])


@pytest.mark.parametrize(
    ("counting", "process", "told"),
    [
        ({}, "padme", "counting: the number of beam particles is missing"),
        ({}, "babar", "neither the analysis card nor the process card gives a luminosity"),
        ({"particles_on_target": 1e10}, "bremsstrahlung-lead", "particles_on_target: the length of the target is missing"),
        ({"positrons_on_target": 1e10}, "padme", "positrons_on_target: the length of the target is missing"),
    ],
)
def test_cards_that_give_none(counting: dict[str, Any], process: str, told: str) -> None:
    with pytest.raises(NoExposureError) as caught:
        exposure(analysis(**counting), of_process(process))
    assert told in str(caught.value)
    assert process in str(caught.value)


@pytest.mark.parametrize(
    ("counting", "process", "told"),
    [
        ({"particles_on_target": 1e10, "target": TARGET}, "babar", "there is no target"),
        ({"electrons_on_target": 1e10}, "delphi", "there is no target"),
        ({"luminosity": "1 /fb"}, "na64-primakoff", "a shower has no luminosity"),
    ],
)
def test_cards_that_contradict_each_other(counting: dict[str, Any], process: str, told: str) -> None:
    with pytest.raises(CardError) as caught:
        exposure(analysis(**counting), of_process(process))
    assert not isinstance(caught.value, NoExposureError)
    assert told in str(caught.value)
    assert process in str(caught.value)


def test_what_is_hit() -> None:
    """From the energies alone, as in files of 0.1.0."""
    assert hits(ProcessCard.load("padme").setup()["beams"]) == "electrons"
    assert hits(ProcessCard.load("babar").setup()["beams"]) == "beams"
    assert hits(ProcessCard.load("collider", ["beams.sqrt_s=23.7 MeV"]).setup()["beams"]) == "beams"
    assert hits(ProcessCard.load("primakoff-lead").setup()["beams"]) == "nuclei"
