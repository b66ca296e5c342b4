"""From a reco file to a cutflow and histograms, against numpy on the same file."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from alphoton.analysis.analyse import Analysed, analyse
from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.analysis.counting import needed_branches
from alphoton.analysis.selection import Axis, Cut
from alphoton.data import event_file
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import Chunk, EventFile, Jagged
from alphoton.detectors.simulate import simulate
from alphoton.generators.generate import generate

Array = NDArray[Any]
COUNT = 10_000
COUPLINGS = {"photon": 0.25, "electron": 9.0, "interference": -1.5}
"""Of the events: g_agamma = 0.5 /GeV and g_ae = -3 /GeV."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of PADME at these couplings, behind its detector."""
    folder = tmp_path_factory.mktemp("analyse")
    overrides = ["model.g_agamma=0.5 /GeV", "model.g_ae=-3 /GeV", "sampling=balanced"]
    generate("padme", folder / "events.root", events=COUNT, overrides=overrides)
    simulate(folder / "events.root", "padme", folder / "reco.root")
    return folder


@pytest.fixture(scope="module")
def reco(folder: Path) -> Path:
    return folder / "reco.root"


@pytest.fixture(scope="module")
def chunk(reco: Path) -> Chunk:
    with EventFile(reco) as file:
        (chunk,) = file.chunks()
    return chunk


@pytest.fixture(scope="module")
def photon(chunk: Chunk) -> dict[str, Array]:
    """The photon of each event, NaN where it is lost."""
    photons = chunk["Photon"]
    assert isinstance(photons, Jagged)
    result = {name: np.full(COUNT, np.nan) for name in photons.fields}
    for name, values in photons.fields.items():
        result[name][photons.counts == 1] = values
    return result


@pytest.fixture(scope="module")
def weights(chunk: Chunk) -> Array:
    """At the couplings of the events."""
    return sum(g * chunk[f"weight_{name}"] for name, g in COUPLINGS.items()) * chunk["genWeight"]  # type: ignore[operator]


@pytest.fixture(scope="module")
def selected(photon: dict[str, Array]) -> Array:
    """PADME's selection, arXiv:2012.07894, section 3.3."""
    in_angle = (photon["theta"] >= 0.015) & (photon["theta"] <= 0.080)
    return in_angle & (photon["energy"] >= 0.030) & (photon["energy"] <= 0.500)


def test_numbers_are_those_of_numpy(reco: Path, photon: dict[str, Array], weights: Array, selected: Array) -> None:
    found = analyse(reco, "padme")
    in_angle = (photon["theta"] >= 0.015) & (photon["theta"] <= 0.080)
    steps = {"generated": np.ones(COUNT, dtype=bool), "pass_invisible": np.ones(COUNT, dtype=bool)}
    steps |= {"angle": in_angle, "energy": selected}
    assert {step.cut: step.events for step in found.cutflow} == {name: int(step.sum()) for name, step in steps.items()}
    shares = [weights[step].sum() / weights.sum() for step in steps.values()]
    assert [step.efficiency for step in found.cutflow] == pytest.approx(shares, rel=1e-12)
    assert (found.generated, found.selected) == (COUNT, int(selected.sum()))
    assert found.efficiency == pytest.approx(shares[-1], rel=1e-12)
    assert found.efficiency_low < found.efficiency < found.efficiency_high
    assert found.efficiency_error == pytest.approx((found.efficiency_high - found.efficiency_low) / 2)
    assert found.histograms is None


def test_cross_sections(reco: Path, folder: Path) -> None:
    found = analyse(reco, "padme")
    with EventFile(folder / "events.root") as file:
        assert found.cross_section_pb == file.runs()["crossSection_pb"][0]
    assert found.fiducial_cross_section_pb == pytest.approx(found.efficiency * found.cross_section_pb)
    # the cross-section is known to 1e-4, the efficiency is not
    expected = found.efficiency_error * found.cross_section_pb
    assert found.fiducial_cross_section_error_pb == pytest.approx(expected, rel=1e-3)


def test_expected_events(reco: Path) -> None:
    """The exposure of Eq. (45) by hand."""
    found = analyse(reco, "padme")
    per_pb = 4e13 * 6.02214076e23 * 6 * 3.5 / 12 * 0.01 * 1e-36
    assert found.expected_events == pytest.approx(per_pb * found.fiducial_cross_section_pb, rel=1e-9)
    assert found.expected_events_error == pytest.approx(per_pb * found.fiducial_cross_section_error_pb, rel=1e-9)


def test_components(reco: Path, chunk: Chunk, selected: Array) -> None:
    found = analyse(reco, "padme").components
    assert list(found) == list(COUPLINGS)
    for name, part in found.items():
        w = chunk[f"weight_{name}"] * chunk["genWeight"]  # type: ignore[operator]
        assert part["efficiency"] == pytest.approx(w[selected].sum() / w.sum(), rel=1e-12)
        assert part["effective_size"] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)


def same_numbers(first: Analysed, second: Analysed) -> bool:
    """Equal up to the rounding of sums in another order."""

    def numbers(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [number for item in value.values() for number in numbers(item)]
        if isinstance(value, list | tuple):
            return [number for item in value for number in numbers(item)]
        return [value] if isinstance(value, int | float) else []

    return bool(np.allclose(numbers(asdict(first)), numbers(asdict(second)), rtol=1e-11))


def test_chunks_add_and_progress_is_told(reco: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = analyse(reco, "padme")
    monkeypatch.setattr(event_file, "CHUNK", 3000)
    calls: list[tuple[int, int]] = []
    in_parts = analyse(reco, "padme", progress=lambda *call: calls.append(call))
    assert calls == [(3000, COUNT), (6000, COUNT), (9000, COUNT), (COUNT, COUNT)]
    assert same_numbers(whole, in_parts)
    assert not same_numbers(whole, analyse(reco, "padme", overrides=["selection.0.max=70 mrad"]))  # negative control


# --- histograms --------------------------------------------------------------------------------------------------

HISTOGRAMS = """histograms=[
    {name: theta, x: {quantity: photon.theta, bins: 13, min: 15 mrad, max: 80 mrad}},
    {name: reduced, x: {quantity: photon.energy, frame: cm, in_units_of: beam_energy, bins: 8, min: 0.5, max: 1}},
    {name: plane, x: {quantity: photon.x, bins: 6, min: -30 cm, max: 30 cm},
                  y: {quantity: photon.y, bins: 5, min: -200 mm, max: 300 mm}}]"""


def test_histograms_hold_the_selected_weights(
    reco: Path, tmp_path: Path, photon: dict[str, Array], weights: Array, selected: Array
) -> None:
    """TH1 and TH2, contents and variances (the sums of squared weights) as numpy fills them."""
    path = tmp_path / "histograms.root"
    assert analyse(reco, "padme", histograms=path, overrides=[HISTOGRAMS]).histograms == path
    w = weights[selected]
    with uproot.open(path) as file:
        kinds = {key.split(";")[0]: file[key].classname for key in file.keys()}  # noqa: SIM118 (not a dict)
        assert kinds == {"theta": "TH1D", "reduced": "TH1D", "plane": "TH2D"}
        theta = photon["theta"][selected]
        edges = np.linspace(0.015, 0.080, 14)
        np.testing.assert_allclose(file["theta"].axis().edges(), edges, rtol=1e-12)
        np.testing.assert_allclose(file["theta"].values(), np.histogram(theta, edges, weights=w)[0], rtol=1e-12)
        np.testing.assert_allclose(file["theta"].variances(), np.histogram(theta, edges, weights=w**2)[0], rtol=1e-12)
        assert file["theta"].values().sum() == pytest.approx(w.sum(), rel=1e-12)
        x, y = photon["x"][selected], photon["y"][selected]
        bins = [np.linspace(-300, 300, 7), np.linspace(-200, 300, 6)]
        np.testing.assert_allclose(file["plane"].values(), np.histogram2d(x, y, bins, weights=w)[0], rtol=1e-12)
        np.testing.assert_allclose(file["plane"].variances(), np.histogram2d(x, y, bins, weights=w**2)[0], rtol=1e-12)
        below = file["plane"].values(flow=True)[:, 0].sum()  # what lies outside is kept beside
        assert below == pytest.approx(w[y < -200].sum(), rel=1e-12)
        assert file["reduced"].axis().edges() == pytest.approx(np.linspace(0.5, 1, 9))
        # E*/E_beam = 1 - m_a^2/s = 0.822 at 10 MeV (sqrt(s) = 23.72 MeV), within the resolution
        assert int(np.argmax(file["reduced"].values())) == 5


def test_histograms_without_any_in_the_card(reco: Path, tmp_path: Path, weights: Array, selected: Array) -> None:
    """The photon's energy and angle, both, and the missing mass squared: wide enough for everything."""
    analyse(reco, "padme", histograms=tmp_path / "histograms.root")
    with uproot.open(tmp_path / "histograms.root") as file:
        names = {key.split(";")[0] for key in file.keys()}  # noqa: SIM118 (not a dict)
        assert names == {"photon_energy", "photon_theta", "photon_theta_energy", "missing_mass2"}
        for name in names:
            assert file[name].values().sum() == pytest.approx(weights[selected].sum(), rel=1e-12)


def test_events_without_a_photon_are_in_no_bin(reco: Path, tmp_path: Path, photon: dict[str, Array], weights: Array) -> None:
    lost = np.isnan(photon["theta"])
    assert lost.any()
    found = analyse(reco, "padme", histograms=tmp_path / "histograms.root", overrides=["selection=[]"])
    assert found.selected == COUNT
    with uproot.open(tmp_path / "histograms.root") as file:
        assert file["photon_theta"].values().sum() == pytest.approx(weights[~lost].sum(), rel=1e-12)


def filled_as_root_does(values: Array, weights: Array, ranges: list[tuple[float, float]]) -> dict[str, float]:
    """TH1::Fill and TH2::Fill one by one: entries count every fill, the sums of weights those within the axes alone."""
    names = ("fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2", "fTsumwy", "fTsumwy2", "fTsumwxy")[: 4 if len(ranges) == 1 else 7]
    found = dict.fromkeys(("fEntries", *names), 0.0)
    for place, w in zip(values, weights, strict=True):
        found["fEntries"] += 1
        if not all(low <= value < high for value, (low, high) in zip(place, ranges, strict=True)):
            continue
        x, y = place[0], place[-1]
        for name, part in zip(names, (w, w**2, w * x, w * x**2, w * y, w * y**2, w * x * y), strict=False):
            found[name] += part
    return found


def test_the_sums_are_those_of_root(
    reco: Path, tmp_path: Path, photon: dict[str, Array], weights: Array, selected: Array
) -> None:
    """GetEntries, GetEffectiveEntries, GetMean and GetMeanError, which come from them; flow bins are entries, no more."""
    path = tmp_path / "histograms.root"
    narrow = """histograms=[{name: theta, x: {quantity: photon.theta, bins: 13, min: 15 mrad, max: 50 mrad}},
        {name: plane, x: {quantity: photon.x, bins: 6, min: -10 cm, max: 30 cm},
                      y: {quantity: photon.y, bins: 5, min: -200 mm, max: 100 mm}}]"""
    analyse(reco, "padme", histograms=path, overrides=[narrow])
    w = weights[selected]
    theta = photon["theta"][selected]
    plane = np.stack([photon["x"][selected], photon["y"][selected]], axis=1)
    with uproot.open(path) as file:
        for name, values, ranges in (
            ("theta", theta[:, None], [(0.015, 0.05)]),
            ("plane", plane, [(-100.0, 300.0), (-200.0, 100.0)]),
        ):
            expected = filled_as_root_does(values, w, ranges)
            assert {key: file[name].member(key) for key in expected} == pytest.approx(expected, rel=1e-9)
            inside = np.all([(v >= low) & (v < high) for v, (low, high) in zip(values.T, ranges, strict=True)], axis=0)
            assert 0 < inside.sum() < len(w) == file[name].member("fEntries")
            assert file[name].variances(flow=True).sum() == pytest.approx(np.sum(w**2), rel=1e-9)
            assert list(file[name].member("fSumw2")) == pytest.approx(file[name].variances(flow=True).T.ravel())
        member = file["theta"].member
        size = member("fTsumw") ** 2 / member("fTsumw2")
        mean = member("fTsumwx") / member("fTsumw")
        rms = np.sqrt(member("fTsumwx2") / member("fTsumw") - mean**2)
        within = (theta >= 0.015) & (theta < 0.05)
        assert size == pytest.approx(w[within].sum() ** 2 / np.sum(w[within] ** 2), rel=1e-9)
        assert mean == pytest.approx(np.average(theta[within], weights=w[within]), rel=1e-9)
        # the negative control: weights are not all alike, and sums of them are no numbers of events
        assert abs(size / within.sum() - 1) > 1e-3
        error = rms / np.sqrt(size)
        thinned = [np.average(theta[within][k::10], weights=w[within][k::10]) for k in range(10)]
        assert 0.4 < error / (np.std(thinned, ddof=1) / np.sqrt(10)) < 2.5


def test_events_without_a_photon_are_in_no_flow_bin(
    reco: Path, tmp_path: Path, photon: dict[str, Array], weights: Array
) -> None:
    """They have no missing mass, and are no entries; in two dimensions neither, whichever axis lacks its value."""
    both = """histograms=[{name: missing, x: {quantity: missing_mass2, bins: 4, min: 0 GeV^2, max: 1 GeV^2}},
        {name: plane, x: {quantity: photon.count, bins: 2, min: 0, max: 2},
                      y: {quantity: missing_mass2, bins: 4, min: 0 GeV^2, max: 1 GeV^2}},
        {name: count, x: {quantity: photon.count, bins: 2, min: 0, max: 2}}]"""
    lost = np.isnan(photon["theta"])
    assert lost.any()
    analyse(reco, "padme", histograms=tmp_path / "histograms.root", overrides=["selection=[]", both])
    with uproot.open(tmp_path / "histograms.root") as file:
        for name in ("missing", "plane"):
            assert file[name].values(flow=True).sum() == pytest.approx(weights[~lost].sum(), rel=1e-12)
            assert file[name].member("fEntries") == (~lost).sum()
        assert file["missing"].values(flow=True)[-1] == 0
        assert file["count"].member("fEntries") == len(lost)
        assert file["count"].values()[0] == pytest.approx(weights[lost].sum(), rel=1e-12)


# --- refusals ----------------------------------------------------------------------------------------------------


def test_existing_histograms_are_refused(reco: Path, tmp_path: Path) -> None:
    path = tmp_path / "histograms.root"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        analyse(reco, "padme", histograms=path)
    assert path.read_text() == "precious"
    analyse(reco, "padme", histograms=path, force=True)
    with uproot.open(path) as file:
        assert file.keys()


def test_events_that_were_not_simulated(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has not been through a detector; make a reco file with 'alphoton simulate'"):
        analyse(folder / "events.root", "padme", histograms=tmp_path / "histograms.root")
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments(reco: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such event file"):
        analyse(tmp_path / "nothing.root", "padme")
    with pytest.raises(CardError, match="no analysis card 'padmee'; did you mean 'padme'"):
        analyse(reco, "padmee")
    with pytest.raises(CardError, match=r"override selection\.0\.min=15: selection\.0\.min: the unit is missing"):
        analyse(reco, "padme", overrides=["selection.0.min=15"])


def test_nothing_selected(reco: Path) -> None:
    """Is a result: efficiency 0 with an upper end."""
    found = analyse(reco, "padme", overrides=["selection.0={quantity: photon.energy, min: 1 TeV}"])
    assert (found.selected, found.efficiency, found.fiducial_cross_section_pb) == (0, 0.0, 0.0)
    assert 0 == found.efficiency_low < found.efficiency_high < 10 / COUNT
    assert math.isfinite(found.fiducial_cross_section_error_pb)


# --- reading only what is needed ------------------------------------------------------------------------------------


def test_particles_generated_are_read_only_where_something_looks_at_them() -> None:
    branches = ["run", "genWeight", "weight_photon", "nGenPart", "GenPart_pdgId", "nPhoton", "Photon_energy", "MissingMass2"]
    without = [branch for branch in branches if "GenPart" not in branch]
    card = AnalysisCard.load("padme")
    assert needed_branches(card, branches) == without
    true_axis = Axis(quantity="true_photon.energy", bins=2, min="0 GeV", max="1 GeV")
    assert needed_branches(card, branches, [true_axis]) == branches
    cut = Cut(quantity="true_photon.theta", max="1 rad")
    assert needed_branches(card.model_copy(update={"selection": (*card.selection, cut)}), branches) == branches
    assert needed_branches(AnalysisCard.load("na64", ["counting.visible_branching_ratio=0.1"]), branches) == branches
    assert needed_branches(AnalysisCard.load("na64"), branches) == without
