"""From an event file to a reco file: truth untouched, every module with random numbers of its own, nothing half-written."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from alphoton.analysis.analyse import analyse
from alphoton.data import event_file
from alphoton.data.card_file import package_folder
from alphoton.data.errors import InputError
from alphoton.data.event_file import Chunk, EventFile, Jagged
from alphoton.detectors.detector_card import DetectorCard
from alphoton.detectors.simulate import reconstruct, simulate, unseen
from alphoton.generators.generate import generate
from alphoton.generators.kinematics import collider
from reference import checks

Array = NDArray[Any]
COUNT = 4000


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of PADME."""
    return generate("padme", tmp_path_factory.mktemp("events") / "events.root", events=COUNT, seed=5).path


@pytest.fixture(scope="module")
def barrel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photons all around at LEP, none of them soft: no smearing loses one."""
    return generate("delphi", tmp_path_factory.mktemp("events") / "events.root", events=COUNT, seed=5).path


def columns(path: Path) -> dict[str, Array]:
    """All columns of a file, those of particles and photons as GROUP_field."""
    with EventFile(path) as file:
        (chunk,) = file.chunks()
    return flat(chunk)


def flat(chunk: Chunk) -> dict[str, Array]:
    result: dict[str, Array] = {}
    for name, column in chunk.items():
        if isinstance(column, Jagged):
            result |= {f"{name}_offsets": column.offsets, **{f"{name}_{key}": v for key, v in column.fields.items()}}
        else:
            result[name] = column
    return result


def same(first: dict[str, Array], second: dict[str, Array], *but: str) -> bool:
    """Whether all columns are equal to the bit, except those named."""
    assert set(but) <= first.keys()
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name], equal_nan=first[name].dtype.kind == "f")
        for name in first
        if name not in but
    )


def reco(events: Path, folder: Path, detector: str = "padme", **options: Any) -> dict[str, Array]:
    """The columns behind a detector."""
    return columns(simulate(events, detector, folder / "reco.root", force=True, allow_other=True, **options).path)


def test_radiation_of_the_beams_stays_in_their_pipe(tmp_path: Path) -> None:
    """Photons along the beam are measured by nothing and veto nothing; off it by 1e-9 of their energy, each is one more."""
    radiation = ["beams.initial_state_radiation=leading_log", "beams.sqrt_s=200 GeV", "beams.luminosity=1 /pb"]
    path = generate("delphi", tmp_path / "events.root", events=COUNT, overrides=radiation).path
    with EventFile(path) as file:
        (chunk,), meta = file.chunks(), {**file.meta, "detector_seed": 1}
    found = reconstruct(DetectorCard.load("delphi"), chunk, meta, 0)
    photons, particles = found["Photon"], found["GenPart"]
    assert isinstance(photons, Jagged)
    assert isinstance(particles, Jagged)
    assert (particles.counts == 4).all()
    assert (photons.counts == 1).all()
    assert found["pass_invisible"].all()  # type: ignore[union-attr]
    along = (particles["px"] == 0) & (particles["py"] == 0)
    assert along.sum() == 2 * COUNT
    particles["px"][along] += 1e-9 * particles["energy"][along]
    aside = reconstruct(DetectorCard.load("delphi"), chunk, meta, 0)["Photon"]
    assert isinstance(aside, Jagged)
    assert aside.counts.sum() > 2 * COUNT


# --- truth and random numbers ------------------------------------------------------------------------------------


def test_truth_stays_beside_it(events: Path, tmp_path: Path) -> None:
    truth, found = columns(events), reco(events, tmp_path)
    assert same(truth, {name: found[name] for name in truth})
    assert found.keys() - truth.keys() == {
        *(f"Photon_{key}" for key in ("offsets", "energy", "theta", "phi", "x", "y")),
        "MissingMass2",
        "pass_invisible",
    }
    with EventFile(events) as before, EventFile(tmp_path / "reco.root") as after:
        assert all(np.array_equal(before.runs()[key], after.runs()[key]) for key in before.runs())
        assert after.meta["cards"] == {**before.meta["cards"], "detector": DetectorCard.load("padme").resolved}
        kept = before.meta.keys() - {"cards", "command_line", "recipe"}
        assert {key: after.meta[key] for key in kept} == {key: before.meta[key] for key in kept}


def test_the_seed_is_the_files_own_unless_given(events: Path, tmp_path: Path) -> None:
    default = reco(events, tmp_path)
    assert same(default, reco(events, tmp_path))
    assert same(default, reco(events, tmp_path, seed=5))
    other = reco(events, tmp_path, seed=6)
    assert not same(default, other)
    assert same(columns(events), {name: other[name] for name in columns(events)})


def test_a_change_in_one_module_leaves_the_others_random_numbers(barrel: Path, tmp_path: Path) -> None:
    """Twice the energy resolution: the same Gaussian deviations, twice as large, and not another trigger."""
    constant = ["modules.0.stochastic=0", "modules.0.constant=4 %"]
    narrow = reco(barrel, tmp_path, "delphi", overrides=constant)
    wide = reco(barrel, tmp_path, "delphi", overrides=[*constant, "modules.0.constant=8 %"])
    assert same(narrow, wide, "Photon_energy", "MissingMass2")
    true_energy = narrow["GenPart_energy"][narrow["GenPart_pdgId"] == 22]
    np.testing.assert_allclose(wide["Photon_energy"] - true_energy, 2 * (narrow["Photon_energy"] - true_energy), rtol=1e-9)


def test_losing_a_photon_leaves_the_others_random_numbers(events: Path, tmp_path: Path) -> None:
    """PADME's softest photons are smeared below zero and lost; the positions of all others must not notice."""

    def x(stochastic: str) -> Array:
        """Where each event's photon is seen; NaN where it is lost."""
        found = reco(events, tmp_path, overrides=[f"modules.0.stochastic={stochastic}"])
        seen = np.full(COUNT, np.nan)
        seen[np.diff(found["Photon_offsets"]) == 1] = found["Photon_x"]
        return seen

    few, many = x("0 %"), x("4 %")
    both = np.isfinite(few) & np.isfinite(many)
    assert np.isfinite(few).sum() > both.sum() > 0.8 * COUNT  # some are lost, or the test is empty
    assert np.array_equal(few[both], many[both])


@pytest.mark.parametrize("detector", ["delphi", "belle2"])
def test_a_module_at_the_end_changes_nothing_before_it(barrel: Path, tmp_path: Path, detector: str) -> None:
    card = DetectorCard.load(detector).resolved
    end = {"type": "trigger", "name": "second", "efficiency": "50 %"}
    before = reco(barrel, tmp_path, detector)
    after = reco(barrel, tmp_path, detector, overrides=[f"modules={[*card['modules'], end]}"])
    passed = after.pop("pass_second")
    assert same(before, after)
    assert 0.4 < passed.mean() < 0.6


def test_a_second_detector_replaces_the_first(events: Path, tmp_path: Path) -> None:
    """A reco file holds the truth, and may be simulated again: nothing of the first detector stays."""
    first = simulate(events, "delphi", tmp_path / "first.root", allow_other=True).path
    assert same(reco(first, tmp_path), reco(events, tmp_path))


# --- modules through cards ---------------------------------------------------------------------------------------


def photons(energy: Array, theta: Array, phi: Array, per_event: int = 1) -> Chunk:
    """A chunk of events with nothing but photons in them."""
    count = len(energy)
    px, py = energy * np.sin(theta) * np.cos(phi), energy * np.sin(theta) * np.sin(phi)
    fields = {"pdgId": np.full(count, 22), "status": np.ones(count, dtype=int), "energy": energy}
    fields |= {"px": px, "py": py, "pz": energy * np.cos(theta)}
    return {"run": np.zeros(count // per_event, dtype=np.int32), "GenPart": Jagged.fixed(per_event, fields)}


def measured(chunk: Chunk, *modules: str, seed: int = 3) -> dict[str, Array]:
    """The columns behind some modules, at a collider of 200 GeV."""
    card = DetectorCard.load("delphi", [f"modules=[{', '.join(modules)}]"])
    meta = {"beams": [collider(200.0).as_dict()], "point": 0, "detector_seed": seed}
    return flat(reconstruct(card, chunk, meta, 0))


ENERGY, THETA, PHI = np.geomspace(1.0, 100.0, 20_000), np.linspace(0.5, 2.5, 20_000), np.linspace(-3.0, 3.0, 20_000)


@pytest.mark.parametrize(
    ("module", "width"),
    [
        ("{type: energy_resolution, formula: 0.1 / sqrt(energy) + 0.01 * theta}", 0.1 * ENERGY**0.5 + 0.01 * THETA * ENERGY),
        ("{type: energy_resolution, formula: 0.1 * sqrt(energy), mode: absolute}", 0.1 * ENERGY**0.5),
        ("{type: energy_resolution, stochastic: 10 %, noise: 50 MeV, constant: 0.01}",
         np.sqrt(0.1**2 * ENERGY + 0.05**2 + (0.01 * ENERGY) ** 2)),
    ],
)  # fmt: skip
def test_energy_resolution(module: str, width: Array) -> None:
    """A formula is relative unless it says absolute; a noise of 50 MeV is 5% at 1 GeV and 50 MeV at all energies."""
    deviation = (measured(photons(ENERGY, THETA, PHI), module)["Photon_energy"] - ENERGY) / width
    assert checks.uniform_p(norm.cdf(deviation)) > checks.LIKELY
    assert checks.uniform_p(norm.cdf(deviation * width / ENERGY)) < checks.IMPOSSIBLE  # negative control: relative to E^2
    assert checks.uniform_p(norm.cdf(deviation / 1.1)) < checks.IMPOSSIBLE  # negative control: 10% too wide


@pytest.mark.parametrize(
    ("module", "theta_width", "phi_width"),
    [
        ("{type: angular_resolution, theta: 10 mrad, phi: 0.02 rad}", 0.01, 0.02),
        ("{type: angular_resolution, theta_formula: 0.01 / sqrt(energy), phi_formula: 0.02 / sin(theta)}",
         0.01 / np.sqrt(ENERGY), 0.02 / np.sin(THETA)),
        ("{type: position_resolution, surface: sphere, distance: 1.25 m, resolution: 5 mm}", 0.004, 0.004 / np.sin(THETA)),
        ("{type: position_resolution, surface: sphere, distance: 1.25 m, formula: 5 / sqrt(energy)}",
         0.004 / np.sqrt(ENERGY), 0.004 / np.sqrt(ENERGY) / np.sin(THETA)),
    ],
)  # fmt: skip
def test_angular_resolution(module: str, theta_width: Array, phi_width: Array) -> None:
    """As an angle, as a formula in rad, and as a position in mm on a sphere."""
    found = measured(photons(ENERGY, THETA, PHI), module)
    assert np.array_equal(found["Photon_energy"], ENERGY)
    for column, truth, width in (("Photon_theta", THETA, theta_width), ("Photon_phi", PHI, phi_width)):
        deviation = (found[column] - truth) / width
        assert checks.uniform_p(norm.cdf(deviation)) > checks.LIKELY
        assert checks.uniform_p(norm.cdf(deviation / 1.1)) < checks.IMPOSSIBLE  # negative control


def test_the_order_of_the_modules_matters() -> None:
    """An acceptance cuts on what has been measured so far: on the truth before the smearing, on the smeared after."""
    smear, cut = "{type: energy_resolution, constant: 20 %}", "{type: acceptance, quantity: energy, min: 10 GeV}"
    chunk = photons(ENERGY, THETA, PHI)
    before, after = measured(chunk, cut, smear), measured(chunk, smear, cut)
    assert np.array_equal(before["pass_acceptance"], ENERGY >= 10)
    assert before["Photon_energy"].min() < 10 <= after["Photon_energy"].min()


def test_photons_of_an_event_are_ordered_and_counted() -> None:
    """Three photons an event: by falling energy; the missing mass is to the first; one without any has none."""
    energy, theta = np.array([1.0, 30.0, 5.0, 2.0, 1.0, 3.0]), np.array([1.0, 2.0, 0.5, 0.3, 1.2, 2.2])
    chunk = photons(energy, theta, np.zeros(6), per_event=3)
    found = measured(chunk, "{type: acceptance, quantity: energy, min: 4 GeV}")
    assert found["Photon_energy"].tolist() == [30.0, 5.0]
    assert found["Photon_theta"] == pytest.approx([2.0, 0.5])
    assert found["Photon_offsets"].tolist() == [0, 2, 2]
    assert found["pass_acceptance"].tolist() == [True, False]
    # s - 2 sqrt(s) E of the photon of 30 GeV, in the centre of mass
    assert found["MissingMass2"] == pytest.approx([200.0**2 - 2 * 200.0 * 30.0, math.nan], nan_ok=True)
    assert np.isnan(found["Photon_x"]).all()  # the card gives no plane


def test_where_photons_cross_the_plane(events: Path, tmp_path: Path) -> None:
    found = reco(events, tmp_path)
    forward = found["Photon_theta"] < math.pi / 2
    assert forward.all()  # the plane sees no others
    radius = 3450.0 * np.tan(found["Photon_theta"])  # PADME: 3.45 m, arXiv:2012.07894, section 3.3
    np.testing.assert_allclose(found["Photon_x"], radius * np.cos(found["Photon_phi"]), rtol=1e-12)
    np.testing.assert_allclose(found["Photon_y"], radius * np.sin(found["Photon_phi"]), rtol=1e-12)


def test_missing_mass_peaks_at_the_mass(events: Path, tmp_path: Path) -> None:
    """10 MeV squared, also behind the resolution; a wrong mass is seen."""
    found = reco(events, tmp_path)
    chosen = found["MissingMass2"][np.isfinite(found["MissingMass2"])]
    error = 1.25 * (np.percentile(chosen, 84) - np.percentile(chosen, 16)) / 2 / math.sqrt(len(chosen))  # of a median
    assert abs(np.median(chosen) - 0.01**2) < 4 * error
    assert abs(np.median(chosen) - 0.0102**2) > 4 * error


# --- invisible ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "seen"), [(12, False), (-16, False), (11, True), (9000005, False), (9000006, True)])
def test_neutrinos_are_never_seen(number: int, seen: bool) -> None:
    """Nor is what the card calls invisible."""
    particles = Jagged.fixed(2, {"pdgId": np.array([22, number]), "status": np.array([1, 1])})
    assert unseen(DetectorCard.load("delphi"), particles).tolist() == [not seen]


def test_an_alp_that_is_not_invisible_spoils_every_event(events: Path, tmp_path: Path) -> None:
    found = reco(events, tmp_path, overrides=["invisible=[4900022]"])
    assert not found["pass_invisible"].any()
    assert analyse(tmp_path / "reco.root", "padme").selected == 0
    assert reco(events, tmp_path)["pass_invisible"].all()
    assert analyse(tmp_path / "reco.root", "padme").selected > 0


# --- a user's own card -------------------------------------------------------------------------------------------


def test_a_copied_card_with_another_resolution(barrel: Path, tmp_path: Path) -> None:
    """The constant term from 4.35% to 15%: the width goes from 0.0537 to 0.153 of the energy at 103 GeV."""
    text = (package_folder() / "detector" / "delphi.yaml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(text.replace("constant: 0.0435", "constant: 15 %"), encoding="utf-8")
    found = reco(barrel, tmp_path, str(mine))
    energy = found["GenPart_energy"][found["GenPart_pdgId"] == 22]
    deviation = found["Photon_energy"] / energy - 1
    assert checks.uniform_p(norm.cdf(deviation / np.hypot(0.32 / np.sqrt(energy), 0.15))) > checks.LIKELY
    assert checks.uniform_p(norm.cdf(deviation / np.hypot(0.32 / np.sqrt(energy), 0.0435))) < checks.IMPOSSIBLE


# --- refusals ----------------------------------------------------------------------------------------------------


def test_a_formula_that_goes_negative_leaves_no_file(events: Path, tmp_path: Path) -> None:
    output = tmp_path / "reco.root"
    with pytest.raises(InputError, match=r"formula '0.1 - energy' gives -0\.\d+ at energy = 0\.\d+, theta = .*not negative"):
        simulate(events, "padme", output, overrides=["modules.0={type: energy_resolution, formula: 0.1 - energy}"])
    assert list(tmp_path.iterdir()) == []


def test_existing_output_is_refused(events: Path, tmp_path: Path) -> None:
    output = tmp_path / "reco.root"
    output.write_text("precious")
    with pytest.raises(InputError, match="exists already; choose another name, or replace it with force=True"):
        simulate(events, "padme", output)
    assert output.read_text() == "precious"
    assert simulate(events, "padme", output, force=True).events == COUNT
    with pytest.raises(InputError, match="is a folder"):
        simulate(events, "padme", tmp_path, force=True)


def test_a_failure_keeps_the_file_that_was_to_be_replaced(events: Path, tmp_path: Path) -> None:
    output = tmp_path / "reco.root"
    output.write_text("precious")
    with pytest.raises(InputError, match="formula"):
        simulate(events, "padme", output, force=True, overrides=["modules.0={type: energy_resolution, formula: -1}"])
    assert output.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [output]


def test_no_event_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such event file"):
        simulate(tmp_path / "nothing.root", "padme", tmp_path / "reco.root")
    assert list(tmp_path.iterdir()) == []


def test_progress_and_summary(events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each chunk, to the end."""
    monkeypatch.setattr(event_file, "CHUNK", 1500)
    calls: list[tuple[int, int]] = []
    found = simulate(events, "delphi", tmp_path / "reco.root", allow_other=True, progress=lambda *call: calls.append(call))
    assert calls == [(1500, COUNT), (3000, COUNT), (COUNT, COUNT)]
    assert (found.events, found.seed, found.path) == (COUNT, 5, tmp_path / "reco.root")
    monkeypatch.undo()
    passed = {name: int(column.sum()) for name, column in columns(found.path).items() if name.startswith("pass_")}
    assert found.passed == passed
    assert list(passed) == ["pass_invisible", "pass_trigger"]
