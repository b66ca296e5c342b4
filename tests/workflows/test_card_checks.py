"""Cards that do not belong together are refused, with both places named; all packaged ones belong together."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from alphoton.analysis.analyse import analyse
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.belonging import same_beam, same_collisions
from alphoton.analysis.generated_range import DEVIATIONS, range_problems
from alphoton.analysis.slices import direction
from alphoton.data.card_file import packaged
from alphoton.data.errors import CardWarning, InputError
from alphoton.data.event_file import EventFile, Jagged
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import generate
from alphoton.generators.model import branching_ratios
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import cli
from alphoton.workflows.card_tools import model, validate_file
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.dump_chain import BandFromEvents
from alphoton.workflows.limit_scan import limit

RADIATION = "process.beams.initial_state_radiation=leading_log"


def refused(analysis: str, *overrides: str) -> str:
    """The message with which an experiment's cards are refused."""
    with pytest.raises(InputError) as caught:
        load_experiment(analysis, overrides)
    return str(caught.value)


@pytest.mark.parametrize("name", packaged("analysis"))
def test_packaged_cards_belong_together(name: str) -> None:
    """Templates included, at every mass of the card's own grid."""
    experiment = load_experiment(name)
    for mass in experiment.analysis.masses:
        experiment.at(mass)
    assert experiment.analysis.experiment is not None


@pytest.mark.parametrize("kind", ["analysis", "detector", "process"])
def test_packaged_cards_name_their_experiment(kind: str) -> None:
    """All but those to explore with; cards of one experiment have the same name."""
    without = {name for name in packaged(kind) if model(kind).load(name).experiment is None}
    to_explore = {"collider", "collider-darkphoton", "primakoff-lead", "bremsstrahlung-lead"}
    assert without == (to_explore if kind == "process" else set())
    for name in set(packaged(kind)) - without:
        assert name.startswith(str(model(kind).load(name).experiment))


def test_a_file_keeps_the_experiment(tmp_path: Path) -> None:
    generate("padme", tmp_path / "events.root", events=10)
    with EventFile(tmp_path / "events.root") as file:
        assert file.meta["cards"]["process"]["experiment"] == "padme"


# --- recasts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("process.beams.sqrt_s=3.773 GeV", ["sqrt(s) = 10.58 GeV", "sqrt(s) = 3.773 GeV"]),
        ("process.beams.beta_gamma=0", ["a momentum of 5.925 GeV", "a momentum of 0 GeV"]),
        ("recast.process=delphi-darkphoton", ["sqrt(s) = 182.7, 188.6, 191.6, ...", "sqrt(s) = 10.58 GeV"]),
        ("recast.process=padme-darkphoton", ["a beam of 0.55 GeV on a target", "sqrt(s) = 10.58 GeV"]),
    ],
)
def test_a_recast_has_the_beams_of_its_reference(override: str, told: list[str]) -> None:
    message = refused("babar", override)
    for part in ("recast.process", "can be carried over at the same beams only", *told):
        assert part in message


def test_real_beams_are_those_of_the_reference(tmp_path: Path) -> None:
    """An override reaches both; a process card of one's own does not."""
    cut = "selection.0={quantity: photon.energy, frame: cm, in_units_of: beam_energy, min: 0.9}"
    assert load_experiment("babar", [RADIATION, cut]).reference is not None
    card = tmp_path / "radiating.yaml"
    card.write_text(
        "schema: alphoton/process/1\nname: radiating\nextends: babar\nbeams: {initial_state_radiation: leading_log}\n",
        encoding="utf-8",
    )
    message = refused("babar", f"process={card}", cut)
    assert "initial_state_radiation is none in 'babar-darkphoton'" in message
    assert "leading_log in 'radiating'" in message


def test_beams_that_are_nearly_the_same() -> None:
    beams = ProcessCard.load("delphi").setup()["beams"]
    near = [{**each, "sqrt_s": each["sqrt_s"] * 1.0005, "luminosity": each["luminosity"] * 2} for each in beams]
    assert same_collisions(beams, near)
    assert not same_collisions(beams, [{**each, "sqrt_s": each["sqrt_s"] * 1.002} for each in beams])
    assert not same_collisions(beams, [{**beams[0], "luminosity": 300.0}, *beams[1:]])
    assert not same_collisions(beams, beams[:-1])
    padme, carbon, scan, delphi, lead = (
        ProcessCard.load(name).setup() for name in ("padme", "padme-bethe-heitler", "padme-scan", "delphi", "na64-primakoff")
    )
    assert same_beam(padme, carbon)  # one beam, on electrons and on nuclei
    assert not same_collisions(padme["beams"], carbon["beams"])
    assert not same_beam(padme, scan)
    assert not same_beam(padme, delphi)
    photons = ["beams.electron_energy=null", "beams.photon_energy=100 GeV", "beams.target.shower=none"]
    assert not same_beam(lead, ProcessCard.load("na64-primakoff", photons).setup())
    assert not same_beam(lead, ProcessCard.load("na64-primakoff", ["beams.target.material=tungsten"]).setup())
    assert same_beam(lead, ProcessCard.load("na64-bremsstrahlung").setup())


# --- what is selected and not generated ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("analysis", "overrides", "told"),
    [
        ("na64", ["selection=[]"], ["selection: has no cut on missing_energy at or above 50 GeV", "'na64-bremsstrahlung'"]),
        ("e137-events", ["beam_dump.threshold=1 GeV"], ["beam_dump.threshold: 1 GeV is below 2 GeV", "'e137-primakoff'"]),
        ("babar", [RADIATION], ["beams.initial_state_radiation", "nothing rejects it", "'babar'"]),
        (
            "delphi",
            [RADIATION, "selection.1.min=0.6"],
            ["selection.1 (energy) rejects it by", "beams.initial_state_radiation", "it must be 5"],
        ),
    ],
)
def test_a_selection_stays_within_what_was_generated(analysis: str, overrides: list[str], told: list[str]) -> None:
    message = refused(analysis, *overrides)
    for part in told:
        assert part in message


def test_a_cut_at_the_end_of_the_range() -> None:
    """It is enough for a quantity that is not smeared; the energy of the published band of E137 comes from no events."""
    assert load_experiment("na64", ["process.energy_cut=50 GeV"]).exposures
    assert load_experiment("na64", ["process.energy_cut=0 GeV", "selection.0.min=1 GeV"]).exposures
    assert load_experiment("e137", ["process.energy_cut=5 GeV"]).processes
    assert load_experiment("delphi", [RADIATION]).exposures


def test_the_generator_follows_the_selection() -> None:
    """Events are made for the limit: a looser cut gives the limit of a card with that `energy_cut`, and says so."""
    loose, own = "selection.0.min=30 GeV", "process.energy_cut=30 GeV"
    with pytest.warns(CardWarning, match=r"energy_cut: lowered to 30 GeV, where the selection of 'na64' begins"):
        (followed,) = limit("na64", ["10 MeV"], events=3000, overrides=[loose]).rows
    (given,) = limit("na64", ["10 MeV"], events=3000, overrides=[loose, own]).rows
    assert (followed.g_agamma, followed.g_ae) == (given.g_agamma, given.g_ae)
    assert followed.g_agamma.value < 0.95 * limit("na64", ["10 MeV"], events=3000).rows[0].g_agamma.value


def test_two_targets(tmp_path: Path) -> None:
    """A cut below one generator's own and at the other's: one number, whatever the order of the processes."""
    text = """schema: alphoton/process/1
name: tungsten
process: bremsstrahlung
beams: {electron_energy: 20 GeV, target: {material: tungsten, thickness: 10 X0}}
model: {m_a: 10 MeV, g_agamma: 0 /GeV, g_ae: 1 /GeV}
energy_cut: 15 GeV
---
schema: alphoton/analysis/1
name: two
process: [PROCESSES]
detector: na64
selection: [{name: missing energy, quantity: missing_energy, min: 15 GeV}]
counting: {electrons_on_target: 2.84e11}
limit: {method: fixed, signal_events: 2.3}
"""
    rows = []
    for number, order in enumerate(("na64-primakoff, 0.yaml", "1.yaml, na64-primakoff")):
        (tmp_path / f"{number}.yaml").write_text(text.replace("PROCESSES", order), encoding="utf-8")
        with pytest.warns(CardWarning, match="energy_cut: lowered to 15 GeV"):
            rows += limit(tmp_path / f"{number}.yaml", ["10 MeV"], events=4000).rows
    assert rows[0].g_ae.value == pytest.approx(rows[1].g_ae.value, rel=1e-12)
    assert rows[0].g_agamma.value == pytest.approx(rows[1].g_agamma.value, rel=1e-12)
    assert rows[0].g_ae.value == pytest.approx(0.0496, rel=0.03)  # 20,000 events: 0.04956 +- 0.00018


# --- what a limit would not use -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("analysis", "override", "told"),
    [
        ("e137-events", "selection=[{quantity: photon.energy, min: 8 GeV}]", "selection: is not applied with 'beam_dump'"),
        ("e137-events", "counting.observed=5", "counting.observed: is not applied with 'beam_dump'"),
        ("e137-events", "counting.background={events: 1}", "counting.background: is not applied with 'beam_dump'"),
        ("e137-events", "detector.modules=[{type: efficiency, value: 10 %}]", "the modules of"),
        ("e137-events", "process=padme", "needs a shower in a thick target"),
        ("e137", "process=padme", "needs a shower in a thick target"),
        ("padme-scan", "selection=[{quantity: photon.energy, min: 8 MeV}]", "selection: is not applied with 'scan'"),
        ("padme-scan", "process=[padme-scan, padme]", "a scan is that of one process"),
        ("padme", "process=[padme, padme]", "'padme' is there 2 times"),
        ("padme", "process.model.radiative_coupling=true", "'true' does not enter a limit"),
        ("padme-vetoes", "counting.bins.observed=[1]", "counting.bins.observed: is not used with 'method: cls'"),
        ("na64", "selection.0={quantity: missing_energy, in_units_of: beam_energy, min: 0.5}", "is half of sqrt(s)"),
    ],
)
def test_what_is_not_used_is_refused(analysis: str, override: str, told: str) -> None:
    more = ["counting.bins.number=1"] if "bins.observed" in override else []
    assert told in refused(analysis, override, *more)


def test_counts_of_shapes_stand_in_the_bins() -> None:
    message = refused("padme-vetoes", "limit.method=shape", "counting.observed=5")
    assert "counting.observed: is not used with 'method: shape'" in message
    cut = "selection.0={quantity: photon.count, max: 1, for_mass: {min: 10 MeV}}"
    assert "does not go with backgrounds from events" in refused("padme-vetoes", "limit.method=shape", cut)


def test_other_experiments_draw_a_warning() -> None:
    with pytest.warns(CardWarning, match=r"experiment: 'padme', but the detector card 'babar' is of 'babar'"):
        load_experiment("padme", ["detector=babar"])


def test_decays_at_every_mass() -> None:
    """Invisible at the card's own mass, visible below twice the mass of chi."""
    dark = ["process.decay=all", "process.model.m_chi=3 MeV", "process.model.g_achi=1e6 /GeV"]
    experiment = load_experiment("padme", dark)
    assert experiment.at(0.010)
    with pytest.raises(InputError, match=r"decay: 'all', with 1 of all decays visible at 5 MeV"):
        experiment.at(0.005)


def test_radiation_begins_elsewhere_at_each_energy(tmp_path: Path) -> None:
    card = tmp_path / "isr.yaml"
    beams = "{sqrt_s: [10 GeV, 200 GeV], luminosity: [1 /pb, 1 /pb], initial_state_radiation: leading_log}"
    card.write_text(
        f"schema: alphoton/process/1\nname: isr\nextends: collider\nbeams: {beams}\n---\n"
        "schema: alphoton/analysis/1\nname: isr\nprocess: isr.yaml\ndetector: delphi\n"
        "selection: [{quantity: photon.energy, min: 10 GeV}]\ncounting: {observed: 0}\n",
        encoding="utf-8",
    )
    assert "begins at 5e+04 MeV" in refused(str(card))


def test_a_background_of_no_event_is_not_zero() -> None:
    few = [f"counting.background.templates.{index}.events=20" for index in range(3)]
    with pytest.raises(InputError, match="an effective 0 background events lie in the window"):
        limit("padme-vetoes", ["20 MeV"], events=3000, overrides=["counting.background.shape=events", *few])


def test_expected_events_are_those_of_the_decays_in_the_file(tmp_path: Path) -> None:
    """The share of visible decays, 1.3e-9, is in `analyse` as it is in the exports."""
    dark = ["decay=visible", "model.m_chi=1 MeV", "model.g_achi=100000 /GeV"]
    made = generate("padme", tmp_path / "events.root", events=1000, overrides=dark)
    simulate(tmp_path / "events.root", "padme", tmp_path / "reco.root")
    share = branching_ratios(ProcessCard.load("padme", dark).couplings)
    visible = share["photons"] + share["electrons"]
    assert visible < 1e-8
    found = analyse(tmp_path / "reco.root", "padme")
    assert found.cross_section_pb == pytest.approx(visible * made.cross_section_pb, rel=1e-9)
    assert found.expected_events == pytest.approx(load_experiment("padme").exposure * found.fiducial_cross_section_pb)
    with EventFile(tmp_path / "reco.root") as file:
        assert file.cross_section()[0] == found.cross_section_pb


def vetoes(*overrides: str) -> list[str]:
    """What is wrong with PADME's selection over radiation on nuclei with another card."""
    card = ProcessCard.load("padme-bethe-heitler", overrides)
    cards = AnalysisCard.load("padme-vetoes"), DetectorCard.load("padme-vetoes")
    return list(range_problems(*cards, card.setup(), "here", 0.01))


def test_the_range_of_a_smeared_photon() -> None:
    """30 MeV less 5 sigma(E) is E = 16.9 MeV with sigma/E = 2%/sqrt(E) (+) 1.1%, E in GeV, by hand."""
    assert vetoes() == []
    energy = 16.9e-3
    sigma = energy * np.hypot(0.02 / np.sqrt(energy), 0.011)
    assert energy + DEVIATIONS * sigma == pytest.approx(0.030, abs=2e-4)
    assert vetoes("photon.least_energy=16.7 MeV") == []
    (energy_problem,) = vetoes("photon.least_energy=17.1 MeV")
    assert "begins at 17.1 MeV (photon.least_energy)" in energy_problem
    (angle_problem,) = vetoes("photon.least_angle=9.6 mrad")  # 15 mrad less 5 x 4 mm / 3.45 m is 9.2 mrad
    assert "begins at 9.6 mrad (photon.least_angle)" in angle_problem
    both = vetoes("photon.least_energy=25 MeV", "photon.least_angle=10 mrad")  # as packaged with 0.1.0
    assert [problem.count("begins at") for problem in both] == [1, 1]


@pytest.mark.parametrize("least_energy", ["16 MeV", "25 MeV"])
def test_the_range_is_that_of_events(least_energy: str, tmp_path: Path) -> None:
    """Events from below the range pass the selection where it is refused, and hardly any where it is not.

    The share of what is selected and has a true photon below the packaged range: 0 within 1e-4 for 16 MeV.
    """
    overrides = ["photon.least_energy=10 MeV", "photon.least_angle=7 mrad"]
    generate("padme-bethe-heitler", tmp_path / "events.root", events=100_000, overrides=overrides)
    simulate(tmp_path / "events.root", "padme-vetoes", tmp_path / "reco.root")
    end = {"16 MeV": 0.016, "25 MeV": 0.025}[least_energy]
    low = f"selection.2={{quantity: true_photon.energy, max: '{end} GeV'}}"
    whole = analyse(tmp_path / "reco.root", "padme-vetoes", overrides=["vetoes=[]"])
    angle = ["selection.1={quantity: photon.energy, min: 30 MeV, max: 500 MeV}", "vetoes=[]"]
    missed = analyse(tmp_path / "reco.root", "padme-vetoes", overrides=[*angle, low]).selected
    assert (missed > 1e-3 * whole.selected) == (least_energy == "25 MeV")


def test_cuts_on_other_quantities_count() -> None:
    """An angle in cos(theta), a transverse momentum, and a detector's acceptance keep photons out, too."""
    card = ProcessCard.load("padme-bethe-heitler", ["photon.least_energy=1 MeV", "photon.least_angle=9 mrad"])
    detector = DetectorCard.load("padme-vetoes")

    def problems(selection: str, seen_by: DetectorCard = detector) -> list[str]:
        return list(range_problems(AnalysisCard.load("padme", [f"selection={selection}"]), seen_by, card.setup(), "x", 0.01))

    energy = "{quantity: photon.energy, min: 30 MeV}"
    assert problems(f"[{energy}, {{quantity: photon.cos_theta, max: {np.cos(0.0155)}}}]", DetectorCard.load("padme")) == []
    assert problems(f"[{energy}]") == []  # the calorimeter's hole of 15 mrad
    assert len(problems(f"[{energy}]", DetectorCard.load("padme"))) == 1
    assert problems("[{quantity: photon.pt, min: 2 MeV}]") == []
    assert len(problems("[{quantity: photon.pt, min: 0.05 MeV}]")) == 1
    assert len(problems("[]", DetectorCard.load("padme"))) == 2


def test_cuts_hold_at_their_masses() -> None:
    card = "selection.0={quantity: missing_energy, min: 50 GeV, for_mass: {max: 100 MeV}}"
    assert load_experiment("na64", [card]).at(0.05)
    with pytest.raises(InputError, match=r"no cut on missing_energy at or above 50 GeV"):
        load_experiment("na64", [card]).at(0.2)


# --- decays --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("analysis", ["babar", "padme", "padme-vetoes", "delphi"])
@pytest.mark.parametrize("decay", ["visible", "all"])
def test_a_visible_decay_sets_no_limit_yet(analysis: str, decay: str) -> None:
    message = refused(analysis, f"process.decay={decay}")
    assert f"decay: '{decay}', with 1 of all decays visible" in message
    assert f"'{AnalysisCard.load(analysis).name}' takes the ALP for invisible" in message


def test_invisible_decays_and_dumps_keep_working() -> None:
    dark = ["process.model.g_achi=1 /GeV", "process.model.m_chi=1 MeV", "process.decay=invisible"]
    assert "of all decays visible" in refused("padme", *dark)  # half of them are not
    quiet = [*dark, "process.model.g_agamma=1e-6 /GeV", "process.model.g_ae=1e-6 /GeV"]
    assert load_experiment("padme", quiet).exposures
    assert load_experiment("e137-events").processes[0].decay == "visible"


DUMP = """
schema: alphoton/process/1
name: dump
process: bremsstrahlung
beams: {electron_energy: 9 GeV, target: {material: tungsten, thickness: 34.3 X0}}
model: {m_a: 5 MeV, g_agamma: 0 /GeV, g_ae: 1e-2 /GeV}
energy_cut: 4.5 GeV
decay: visible
---
schema: alphoton/detector/1
name: dump
invisible: [9000005]
absorbs: true
modules: []
---
schema: alphoton/analysis/1
name: dump
process: dump.yaml
detector: dump.yaml
counting: {electrons_on_target: 2e15}
beam_dump:
  shielding: 12 cm
  decay_region: 35 m
  edges: events
  visible_ratio: null
  threshold: 4.5 GeV
  calorimeters: [{width: 7.5 cm, height: 7.5 cm, share: 100 %}]
limit: {method: fixed, signal_events: 3419}
"""


def decays_seen(path: Path) -> tuple[float, float]:
    """Weight, with its error, of the events whose e+ or e- of the ALP decays behind the dump and is seen."""
    seen = []
    with EventFile(path) as file:
        for chunk in file.chunks():
            particles, weights = chunk["GenPart"], chunk["genWeight"]
            assert isinstance(particles, Jagged)
            assert isinstance(weights, np.ndarray)
            chosen = np.isin(particles["pdgId"], (11, -11)) & (particles["status"] == 1)
            chosen &= particles["genPartIdxMother"] == 1  # the ALP's
            at = {name: particles[name][chosen] for name in ("vx", "vy", "vz", "px", "py", "pz", "energy")}
            inside = (at["vz"] > 120) & (at["vz"] < 120 + 35e3) & (at["energy"] > 4.5) & (at["pz"] > 0)
            left = 120 + 35e3 - at["vz"]
            for axis in ("x", "y"):
                inside &= np.abs(at[f"v{axis}"] + left * at[f"p{axis}"] / at["pz"]) < 37.5
            seen.append(weights[np.unique(particles.events[chosen][inside])])
    return float(np.concatenate(seen).sum()), float(np.sqrt((np.concatenate(seen) ** 2).sum()))


def test_a_dump_with_bremsstrahlung(tmp_path: Path) -> None:
    """Events and both edges, against decays that the generator places itself: those in the region that are seen."""
    card = tmp_path / "dump.yaml"
    card.write_text(DUMP, encoding="utf-8")
    experiment = load_experiment(card)
    search = BandFromEvents(experiment, 0.005, 0, 40_000)
    (row,) = limit(card, ["5 MeV"], events=40_000).rows
    assert np.isnan(row.g_agamma.value)
    assert 0 < row.g_ae.error < 0.01 * row.g_ae.value
    ray = direction(0.005, {"g_ae": 1.0})
    for coupling, precision in ((row.g_ae.value, 0.02), (0.1, 0.02), (row.g_ae_upper.value, 0.25)):
        expected, error = search.decays.expected(coupling, None, ray)
        overrides = [f"model.g_ae={coupling!r} /GeV"]
        made = generate(card, tmp_path / "events.root", events=200_000, overrides=overrides, force=True)
        scale = experiment.exposure * made.cross_section_pb / made.events
        direct, direct_error = (scale * number for number in decays_seen(tmp_path / "events.root"))
        assert direct_error < precision * direct
        assert abs(direct - expected) < 4 * np.hypot(direct_error, error)
        if coupling != 0.1:
            assert expected == pytest.approx(3419, rel=1e-6)


# --- files ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recos")
    found = {}
    for name in ("babar", "padme", "na64-primakoff"):
        generate(name, folder / f"{name}.root", events=500)
        found[name] = simulate(folder / f"{name}.root", name.split("-")[0], folder / f"{name}-reco.root").path
    return found


@pytest.mark.parametrize(
    ("file", "analysis", "told"),
    [
        ("babar", "padme", ["of the experiment 'babar'", "experiment: 'padme'", "allow_other=True"]),
        ("padme", "babar", ["of the experiment 'padme'", "experiment: 'babar'"]),
        ("padme", "padme-scan", ["made with a beam of 0.55 GeV on a target", "a beam of 0.282 GeV on a target"]),
        ("na64-primakoff", "e137-events", ["of the experiment 'na64'", "a beam of 20 GeV on a target"]),
    ],
)
def test_a_file_of_another_experiment(recos: dict[str, Path], file: str, analysis: str, told: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        analyse(recos[file], analysis)
    for part in (str(recos[file]), analysis, *told):
        assert part in str(caught.value)


def test_beams_without_the_name_of_an_experiment(recos: dict[str, Path], tmp_path: Path) -> None:
    """1.02 GeV beams for BaBar's file: 1.1e8 expected events in 0.1.0."""
    card = tmp_path / "kloe.yaml"
    card.write_text(
        "schema: alphoton/process/1\nname: kloe\nextends: collider\nbeams: {sqrt_s: 1.02 GeV}\n---\n"
        "schema: alphoton/analysis/1\nname: kloe\nprocess: kloe.yaml\ndetector: babar\n"
        "counting: {luminosity: 2 /fb}\nlimit: {method: cls}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"sqrt\(s\) = 10.58 GeV .* but .*kloe.* has sqrt\(s\) = 1.02 GeV"):
        analyse(recos["babar"], card)
    assert analyse(recos["babar"], card, allow_other=True).selected == 500


def test_a_selection_wider_than_a_file(recos: dict[str, Path]) -> None:
    with pytest.raises(InputError, match=r"selection.0.min: 30 GeV is below 50 GeV, where the events of .*na64-primakoff"):
        analyse(recos["na64-primakoff"], "na64", overrides=["selection.0.min=30 GeV"])
    assert analyse(recos["na64-primakoff"], "na64").selected > 0


def test_events_of_another_detector(recos: dict[str, Path], tmp_path: Path) -> None:
    events = recos["babar"].with_name("babar.root")
    with pytest.raises(InputError, match=r"'babar' is of the experiment 'babar', but .*padme.yaml:\d+: experiment: 'padme'"):
        simulate(events, "padme", tmp_path / "reco.root")
    assert not (tmp_path / "reco.root").exists()
    own = tmp_path / "own.yaml"
    own.write_text("schema: alphoton/detector/1\nname: own\ninvisible: [9000005]\nmodules: []\n", encoding="utf-8")
    assert simulate(events, own, tmp_path / "own.root").events == 500  # a card that names none is for any
    assert simulate(events, "padme", tmp_path / "reco.root", allow_other=True).events == 500


def test_the_commands_can_go_on(recos: dict[str, Path], tmp_path: Path) -> None:
    events = recos["babar"].with_name("babar.root")
    command = ["simulate", str(events), "--detector", "padme", "-o", str(tmp_path / "reco.root")]
    assert CliRunner().invoke(cli.app, [*command, "--allow-other"]).exit_code == 0
    analysed = CliRunner().invoke(
        cli.app, ["analyse", str(recos["babar"]), "--analysis", "delphi", "--allow-other", "--json"]
    )
    assert analysed.exit_code == 0
    assert json.loads(analysed.stdout)["generated"] == 500


def test_a_dump_is_not_applied_by_analyse(recos: dict[str, Path]) -> None:
    found = analyse(recos["na64-primakoff"], "e137-events", allow_other=True)
    assert found.expected_events is None
    (remark,) = found.remarks
    assert "e137-events: 'beam_dump' is not applied" in remark
    result = CliRunner().invoke(
        cli.app, ["analyse", str(recos["na64-primakoff"]), "--analysis", "e137-events", "--allow-other"]
    )
    assert "'beam_dump' is not applied" in result.output


# --- validation ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("process: dump.yaml", "process: dumb.yaml"), "dump.yaml:17: process: dumb.yaml: no such file"),
        (("process: dump.yaml", "process: [dump.yaml, nothing]"), "dump.yaml:17: process.1: no process card 'nothing'"),
        (("detector: dump.yaml", "detector: e138"), "dump.yaml:18: detector: no detector card 'e138'; did you mean 'e137'?"),
        (("edges: events", "edges: published\n  curve: lost"), "beam_dump.curve: no published curve 'lost'"),
        (("threshold: 4.5", "threshold: 4"), "beam_dump.threshold: 4 GeV is below 4.5 GeV"),
        (("limit: {", "comparison: [{curve: gone.csv, column: a, label: b}]\nlimit: {"), "comparison.0.curve: no published"),
        (("{electrons_on_target: 2e15}", "{luminosity: 1 /fb}"), "counting.luminosity: a shower has no luminosity"),
    ],
)
def test_validation_finds_it(change: tuple[str, str], told: str, tmp_path: Path) -> None:
    card = tmp_path / "dump.yaml"
    card.write_text(DUMP.lstrip().replace(*change), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        validate_file(card)
    assert told in str(caught.value)


def test_validation_of_whole_cards(tmp_path: Path) -> None:
    card = tmp_path / "dump.yaml"
    card.write_text(DUMP, encoding="utf-8")
    assert validate_file(card) == [("process", "dump"), ("detector", "dump"), ("analysis", "dump")]
