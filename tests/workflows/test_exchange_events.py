"""Event files as LHE and HepMC3: read back with pylhe and pyhepmc, and compared with the event file and the cards."""

import gzip
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyhepmc
import pylhe
import pytest

from alphoton.data import event_file
from alphoton.data.errors import InputError
from alphoton.data.event_file import EventFile, Jagged
from alphoton.generators.constants import ALPHA, ATOMIC_MASS_UNIT, ELECTRON_MASS
from alphoton.generators.event_source import cross_section
from alphoton.generators.generate import generate
from alphoton.generators.model import branching_ratios
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.exchange.hepmc import write_hepmc
from alphoton.workflows.exchange.lhe import write_lhe
from alphoton.workflows.exchange.record import Exported

Write = Callable[..., Exported]
ALP, CHI, ALUMINIUM = 9000005, 4900101, 1000130270

SAMPLES: dict[str, tuple[str, list[str]]] = {
    "collider": ("babar", []),
    "energies": ("collider", ["beams={electron_energy: 9 GeV, positron_energy: 3.1 GeV}"]),
    "ten energies": ("delphi", []),
    "on target": ("padme", []),
    "radiation": ("babar", ["beams.initial_state_radiation=leading_log", "beams.energy_spread=0.1 %"]),
    "spread on target": ("padme", ["beams.energy_spread=1 %"]),
    "balanced": ("padme", ["sampling=balanced"]),
    "dark photon": ("padme-darkphoton", []),
    "decays": ("e137-primakoff", []),
    "overweights": ("na64-bremsstrahlung", []),
    "two elements": (
        "primakoff-lead",
        ["beams={photon_energy: 5 GeV, target: {material: water, thickness: thin}}", "model.m_a=10 MeV"],
    ),
    "some decays": (
        "collider",
        ["decay=visible", "model={m_a: 300 MeV, g_agamma: 1e-3 /GeV, g_ae: 1e-3 /GeV, g_achi: 1e-3 /GeV, m_chi: 100 MeV}"],
    ),
}
EVENTS = 1500


@dataclass(frozen=True)
class Particle:
    number: int
    incoming: bool
    final: bool
    momentum: tuple[float, ...]
    """(px, py, pz, E)"""
    mass: float
    mothers: tuple[int, ...]
    """Places in the event."""
    lifetime: float = 0.0
    vertex: tuple[float, ...] = ()


@dataclass(frozen=True)
class Event:
    weight: float
    components: dict[str, float]
    particles: list[Particle]


@dataclass(frozen=True)
class Found:
    """What a library finds in a file."""

    events: list[Event]
    cross_section: float
    error: float
    made: dict[str, Any]


def from_lhe(path: Path) -> Found:
    file = pylhe.LHEFile.fromfile(path, generator=False)
    statuses = {-1, 1, 2}
    events = []
    for event in file.events:
        assert {p.status for p in event.particles} <= statuses
        assert event.eventinfo.nparticles == len(event.particles)
        particles = [
            Particle(
                p.id,
                p.status == -1,
                p.status == 1,
                (p.px, p.py, p.pz, p.e),
                p.m,
                tuple(event.mother_indices(p)),
                p.lifetime,
            )
            for p in event.particles
        ]
        events.append(Event(event.eventinfo.weight, event.weights, particles))
    (process,) = file.init.procInfo
    (element,) = file.header.extra_elements
    return Found(events, process.xSection, process.error, json.loads(element.text))


def from_hepmc(path: Path) -> Found:
    events = []
    with pyhepmc.open(path) as file:
        for event in file:
            assert (event.momentum_unit, event.length_unit) == (pyhepmc.Units.GEV, pyhepmc.Units.MM)
            assert {p.status for p in event.particles} <= {1, 2, 4}
            particles = [
                Particle(
                    p.pid,
                    p.status == 4,
                    p.status == 1,
                    (p.momentum.px, p.momentum.py, p.momentum.pz, p.momentum.e),
                    p.generated_mass,
                    tuple(parent.id - 1 for parent in p.parents),
                    vertex=tuple(getattr(p.production_vertex.position, k) for k in "xyzt") if p.parents else (),
                )
                for p in event.particles
            ]
            assert event.weight_names[0] == "Default"
            events.append(
                Event(event.weights[0], dict(zip(event.weight_names[1:], event.weights[1:], strict=True)), particles)
            )
        section, made = event.cross_section, json.loads(str(event.run_info.attributes["alphoton"]))
    return Found(events, section.xsec(), section.xsec_err(), made)


FORMATS: dict[str, tuple[Write, Callable[[Path], Found]]] = {
    "lhe": (write_lhe, from_lhe),
    "hepmc": (write_hepmc, from_hepmc),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes each event file once."""
    folder = tmp_path_factory.mktemp("events")

    def made(name: str) -> Path:
        path = folder / f"{name}.root"
        if not path.exists():
            process, overrides = SAMPLES[name]
            generate(process, path, events=EVENTS, overrides=overrides)
        return path

    return made


@pytest.fixture(scope="module")
def found(sample: Callable[[str], Path]) -> Callable[[str, str], Found]:
    """Writes each sample in each format once, and reads it back."""
    known: dict[tuple[str, str], Found] = {}

    def read(name: str, format_: str) -> Found:
        if (name, format_) not in known:
            write, reader = FORMATS[format_]
            path = sample(name).with_suffix(f".{format_}")
            exported = write(sample(name), path)
            assert exported.path == path
            assert exported.events == EVENTS
            known[name, format_] = reader(path)
        return known[name, format_]

    return read


every_sample = pytest.mark.parametrize("name", SAMPLES)
both = pytest.mark.parametrize("format_", FORMATS)


def truth(path: Path) -> Iterator[tuple[float, dict[str, np.ndarray]]]:
    """genWeight and the particles of each event of an event file."""
    with EventFile(path) as file:
        for chunk in file.chunks():
            particles = chunk["GenPart"]
            assert isinstance(particles, Jagged)
            for i, weight in enumerate(chunk["genWeight"]):  # type: ignore[arg-type]
                own = slice(particles.offsets[i], particles.offsets[i + 1])
                yield float(weight), {name: column[own] for name, column in particles.fields.items()}


def balance(particles: list[Particle]) -> float:
    """The largest component of what comes in less what goes out, over the energy that comes in."""
    incoming = sum(np.array(p.momentum) for p in particles if p.incoming)
    outgoing = sum(np.array(p.momentum) for p in particles if p.final)
    return float(np.abs(incoming - outgoing).max() / incoming[3])


# --- particles ---------------------------------------------------------------------------------------------------------


@every_sample
@both
def test_particles_are_those_of_the_event_file_to_the_last_digit(
    name: str, format_: str, sample: Callable[[str], Path], found: Callable[[str, str], Found]
) -> None:
    events = found(name, format_).events
    assert len(events) == EVENTS
    for event, (_, record) in zip(events, truth(sample(name)), strict=True):
        rows = zip(*(record[k].tolist() for k in ("pdgId", "px", "py", "pz", "energy", "mass", "status")), strict=True)
        expected = {(number, (px, py, pz, e), mass, status) for number, px, py, pz, e, mass, status in rows}
        written = [(p.number, p.momentum, p.mass, 4 if p.incoming else 1 if p.final else 2) for p in event.particles]
        added = [row for row in written if row not in expected]
        assert len(written) == len(expected) + len(added)
        assert len(added) == 2 - sum(row[3] == 4 for row in expected)


@every_sample
@both
def test_energy_and_momentum_are_conserved_with_the_beams(
    name: str, format_: str, found: Callable[[str, str], Found]
) -> None:
    for event in found(name, format_).events:
        assert [p.incoming for p in event.particles[:3]] == [True, True, False]
        assert balance(event.particles) < 3e-15
        assert balance(event.particles[1:]) > 1e-4  # negative control: without the first beam
        for p in event.particles:
            E, momentum = p.momentum[3], math.hypot(*p.momentum[:3])
            assert abs(math.hypot(momentum, p.mass) - E) < 1e-14 * event.particles[0].momentum[3]


@every_sample
@both
def test_mothers(name: str, format_: str, found: Callable[[str, str], Found]) -> None:
    """What the collision makes has both beams for mothers, decay products the ALP, whose momentum they share."""
    for event in found(name, format_).events:
        for place, p in enumerate(event.particles):
            daughters = [other for other in event.particles if other.mothers == (place,)]
            if p.incoming:
                assert p.mothers == ()
            elif p.final:
                assert daughters == []
                assert p.mothers in ((0, 1), (2,), (3,))
            else:
                assert p.number == ALP
                assert p.mothers == (0, 1)
                assert len(daughters) == 2
                total = sum(np.array(daughter.momentum) for daughter in daughters)
                assert total == pytest.approx(p.momentum, rel=0, abs=1e-13 * p.momentum[3])


@both
def test_beams(format_: str, found: Callable[[str, str], Found]) -> None:
    """Of BaBar by a boost of the centre of mass, of PADME and of two energies from the card."""
    gamma, half = math.hypot(1, 0.56), 10.58 / 2
    p = math.sqrt(half**2 - ELECTRON_MASS**2)
    electron, positron = found("collider", format_).events[0].particles[:2]
    assert (electron.number, positron.number) == (11, -11)
    assert electron.momentum == pytest.approx((0, 0, gamma * p + 0.56 * half, gamma * half + 0.56 * p), rel=1e-14)
    assert positron.momentum == pytest.approx((0, 0, -gamma * p + 0.56 * half, gamma * half - 0.56 * p), rel=1e-13)

    electron, positron = found("energies", format_).events[0].particles[:2]
    assert electron.momentum == pytest.approx((0, 0, math.sqrt(81 - ELECTRON_MASS**2), 9), rel=1e-13)
    assert positron.momentum == pytest.approx((0, 0, -math.sqrt(3.1**2 - ELECTRON_MASS**2), 3.1), rel=1e-13)

    positron, electron = found("on target", format_).events[0].particles[:2]
    assert (positron.number, electron.number) == (-11, 11)
    assert positron.momentum == pytest.approx((0, 0, math.sqrt(0.55**2 - ELECTRON_MASS**2), 0.55), rel=1e-14)
    assert electron.momentum == (0, 0, 0, ELECTRON_MASS)


@both
def test_each_event_has_its_own_beams(
    format_: str, sample: Callable[[str], Path], found: Callable[[str, str], Found]
) -> None:
    with EventFile(sample("ten energies")) as file:
        run = np.concatenate([np.asarray(chunk["run"]) for chunk in file.chunks(["run"])])
        energies = np.array([beams["sqrt_s"] for beams in file.meta["beams"]])[run] / 2
    written = [event.particles[0].momentum[3] for event in found("ten energies", format_).events]
    assert written == pytest.approx(energies, rel=1e-15)
    assert len(set(written)) == 10


@both
def test_nuclei(format_: str, found: Callable[[str, str], Found]) -> None:
    """The target at rest, by its PDG number: aluminium, and oxygen or hydrogen of water (two atoms in three)."""
    mass = 26.9815385 * ATOMIC_MASS_UNIT
    for event in found("decays", format_).events:
        photon, nucleus, alp, recoil = event.particles[:4]
        assert [p.number for p in (photon, nucleus, alp, recoil)] == [22, ALUMINIUM, ALP, ALUMINIUM]
        assert nucleus.momentum == pytest.approx((0, 0, 0, mass), rel=1e-14)
        assert photon.momentum[3] > 2  # the card's threshold
    targets = [event.particles[1].number for event in found("two elements", format_).events]
    assert set(targets) == {1000010010, 1000080160}
    same = [event.particles[1].number == event.particles[3].number for event in found("two elements", format_).events]
    assert all(same)


# --- weights -----------------------------------------------------------------------------------------------------------


@every_sample
@both
def test_the_mean_weight_is_the_cross_section(
    name: str, format_: str, sample: Callable[[str], Path], found: Callable[[str, str], Found]
) -> None:
    read = found(name, format_)
    with EventFile(sample(name)) as file:
        runs, meta = file.runs(), file.meta
    fraction = meta["decay_fraction"]
    digits = 1e-14 if format_ == "lhe" else 1e-8  # HepMC3 writes nine digits of a cross-section
    assert read.cross_section == pytest.approx(fraction * runs["crossSection_pb"][0], rel=digits)
    assert read.error == pytest.approx(fraction * runs["crossSectionError_pb"][0], rel=digits)
    weights = np.array([event.weight for event in read.events])
    assert weights.mean() == pytest.approx(fraction * runs["crossSection_pb"][0], rel=1e-12)
    assert (weights > 0).all()
    couplings = meta["couplings"]
    for event in read.events:
        assert event.components.keys() == couplings.keys()
        total = sum(couplings[k] * event.components[k] for k in couplings)
        assert event.weight == pytest.approx(total, rel=1e-12)


@both
def test_weights_above_one_are_kept(format_: str, sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    generated = np.array([weight for weight, _ in truth(sample("overweights"))])
    assert generated.max() > 1.001  # else nothing is tested
    weights = np.array([event.weight for event in found("overweights", format_).events])
    assert weights / weights.min() == pytest.approx(generated, rel=1e-12)
    even = np.array([event.weight for event in found("on target", format_).events])
    assert np.ptp(even) < 1e-12 * even.mean()  # unweighted events are


@both
def test_components_give_the_cross_section_at_other_couplings(format_: str, found: Callable[[str, str], Found]) -> None:
    """Balanced events, reweighted, against the integral of a card with those couplings; the wrong square is far off."""
    g_ag, g_ae = 0.3, -2.0
    card = ProcessCard.load("padme", [f"model.g_agamma={g_ag} /GeV", f"model.g_ae={g_ae} /GeV"])
    expected = cross_section(card)
    parts = [event.components for event in found("balanced", format_).events]

    def mean(photon: float, electron: float, interference: float) -> tuple[float, float]:
        weights = [photon * p["photon"] + electron * p["electron"] + interference * p["interference"] for p in parts]
        return float(np.mean(weights)), float(np.std(weights) / math.sqrt(len(weights)))

    value, error = mean(g_ag**2, g_ae**2, g_ag * g_ae)
    assert abs(value - expected.value) < 4 * error
    assert error < 0.03 * value
    wrong, _ = mean(g_ag, g_ae**2, g_ag * g_ae)
    assert abs(wrong - expected.value) > 10 * error


@both
def test_a_chosen_decay_takes_its_share_of_the_cross_section(format_: str, found: Callable[[str, str], Found]) -> None:
    card = ProcessCard.load(SAMPLES["some decays"][0], SAMPLES["some decays"][1])
    ratios = branching_ratios(card.couplings)
    share = 1 - ratios["invisible"]
    assert 0.1 < share < 0.9
    assert found("some decays", format_).cross_section == pytest.approx(share * cross_section(card).value, rel=1e-6)
    numbers = {p.number for event in found("some decays", format_).events for p in event.particles}
    assert CHI not in numbers


# --- flights -----------------------------------------------------------------------------------------------------------


def test_vertices(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    """Where the collision is in the dump, where the ALP decays, and that it flew with its own velocity; in mm."""
    for event, (_, record) in zip(found("decays", "hepmc").events, truth(sample("decays")), strict=True):
        places = np.stack([record[k] for k in ("vx", "vy", "vz")], axis=1)
        alp, first, second = (event.particles[k] for k in (2, 4, 5))
        assert alp.vertex == (*places[1], 0.0)
        assert first.vertex == second.vertex
        assert first.vertex[:3] == tuple(places[3])
        flight = np.array(first.vertex) - np.array(alp.vertex)
        assert flight[:3] / flight[3] == pytest.approx(np.array(alp.momentum[:3]) / alp.momentum[3], rel=1e-9, abs=1e-12)


def test_lifetimes(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    """c tau = l m / p in mm; the rest has none. Decays are exponential in it, with the width's length."""
    taus = []
    for event, (_, record) in zip(found("decays", "lhe").events, truth(sample("decays")), strict=True):
        path = math.dist(*([record[k][row] for k in ("vx", "vy", "vz")] for row in (1, 3)))
        alp = event.particles[2]
        assert alp.lifetime == pytest.approx(path * alp.mass / math.hypot(*alp.momentum[:3]), rel=1e-12)
        assert [p.lifetime for p in event.particles if p is not alp] == [0] * 5
        taus.append(alp.lifetime)
    width = 1e-12 * 0.01**3 / (64 * math.pi)  # GeV, Eq. (3) of arXiv:2012.07894
    length = 1.973269804e-13 / width  # hbar c in GeV mm
    assert np.mean(taus) == pytest.approx(length, rel=4 / math.sqrt(EVENTS))


def test_without_flights_there_are_no_vertices(found: Callable[[str, str], Found]) -> None:
    event = found("on target", "hepmc").events[0]
    assert {p.vertex for p in event.particles if p.vertex} == {(0, 0, 0, 0)}


# --- what else stands in the files --------------------------------------------------------------------------------------


def test_init_of_lhe(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    def init(name: str) -> Any:
        found(name, "lhe")
        return pylhe.LHEFile.fromfile(sample(name).with_suffix(".lhe"), generator=False).init

    info = init("decays").initInfo
    assert (info.beamA, info.beamB) == (11, ALUMINIUM)  # the accelerator's electrons, and the dump
    assert (info.energyA, info.energyB) == (20, pytest.approx(26.9815385 * ATOMIC_MASS_UNIT))
    assert (info.weightingStrategy, info.numProcesses) == (4, 1)
    assert init("ten energies").initInfo.energyA == pytest.approx(104.1)  # the highest
    assert init("two elements").initInfo.beamA == 22
    assert init("two elements").initInfo.beamB == 1000010010  # the most abundant
    on_target = init("on target")
    assert (on_target.initInfo.beamA, on_target.initInfo.beamB) == (-11, 11)
    (generator,) = on_target.generators
    assert (generator.name, generator.description) == ("alphoton", "annihilation")
    weights = [event.weight for event in found("overweights", "lhe").events]
    assert init("overweights").procInfo[0].unitWeight == pytest.approx(max(weights), rel=1e-15)


def test_events_of_lhe(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    found("on target", "lhe")
    file = pylhe.LHEFile.fromfile(sample("on target").with_suffix(".lhe"), generator=False)
    assert file.header is not None
    meanings = {weight.id: weight.name for weight in file.header.initrwgt.iter_weights()}
    assert meanings.keys() == {"photon", "electron", "interference"}
    assert "g_ae^2" in meanings["electron"]
    assert "g_agamma g_ae" in meanings["interference"]
    event = next(iter(file.events))
    assert (event.eventinfo.pid, event.eventinfo.scale) == (1, -1)
    assert event.eventinfo.aqed == pytest.approx(ALPHA, rel=1e-9)
    assert {(p.color1, p.color2, p.spin) for p in event.particles} == {(0, 0, 9)}
    assert "</LesHouchesEvents>" in sample("on target").with_suffix(".lhe").read_text()[-30:]


def test_run_of_hepmc(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    found("balanced", "hepmc")
    with EventFile(sample("balanced")) as file:
        units = file.meta["unit_components_pb"]
    with pyhepmc.open(sample("balanced").with_suffix(".hepmc")) as file:
        event = next(iter(file))
        assert event.event_number == 0
        assert list(event.weight_names) == ["Default", "photon", "electron", "interference"]
        (tool,) = event.run_info.tools
        assert (tool.name, tool.description) == ("alphoton", "annihilation")
        for name, (value, error) in units.items():
            assert event.cross_section.xsec(name) == pytest.approx(value, rel=1e-8)
            assert event.cross_section.xsec_err(name) == pytest.approx(error, rel=1e-8)
        assert len(event.beams) == 2


@both
def test_what_made_the_events_is_kept(
    format_: str, sample: Callable[[str], Path], found: Callable[[str, str], Found]
) -> None:
    with EventFile(sample("on target")) as file:
        assert found("on target", format_).made == file.meta


def test_another_reader_of_lhe(sample: Callable[[str], Path], found: Callable[[str, str], Found]) -> None:
    """HepMC3 reads the LHE file as pylhe does."""
    found("decays", "lhe")
    with pyhepmc.open(sample("decays").with_suffix(".lhe")) as file:
        events = list(file)
    assert len(events) == EVENTS
    for other, event in zip(events, found("decays", "lhe").events, strict=True):
        momenta = {(p.pid, p.momentum.px, p.momentum.py, p.momentum.pz, p.momentum.e) for p in other.particles}
        assert momenta == {(p.number, *p.momentum) for p in event.particles}
        assert other.weights[0] == pytest.approx(event.weight, rel=1e-12)


# --- files -------------------------------------------------------------------------------------------------------------


@both
def test_chunks_and_compression_change_nothing(
    format_: str, sample: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, _ = FORMATS[format_]
    calls: list[tuple[int, int]] = []
    write(sample("decays"), tmp_path / "whole", progress=lambda *call: calls.append(call))
    assert calls == [(EVENTS, EVENTS)]
    monkeypatch.setattr(event_file, "CHUNK", 400)
    calls.clear()
    write(sample("decays"), tmp_path / "parts", progress=lambda *call: calls.append(call))
    assert calls == [(400, EVENTS), (800, EVENTS), (1200, EVENTS), (EVENTS, EVENTS)]
    whole = (tmp_path / "whole").read_bytes()
    assert (tmp_path / "parts").read_bytes() == whole
    write(sample("decays"), tmp_path / "once.gz")
    write(sample("decays"), tmp_path / "again.gz")
    assert gzip.decompress((tmp_path / "once.gz").read_bytes()) == whole
    assert (tmp_path / "once.gz").read_bytes() == (tmp_path / "again.gz").read_bytes()
    assert len((tmp_path / "once.gz").read_bytes()) < len(whole) / 2


@both
def test_a_reco_file_gives_its_truth(format_: str, sample: Callable[[str], Path], tmp_path: Path) -> None:
    from alphoton.detectors.simulate import simulate

    write, reader = FORMATS[format_]
    simulate(sample("on target"), "padme", tmp_path / "reco.root")
    write(tmp_path / "reco.root", tmp_path / "reco")
    write(sample("on target"), tmp_path / "events")
    assert reader(tmp_path / "reco").events == reader(tmp_path / "events").events


@both
def test_whole_or_not_at_all(format_: str, sample: Callable[[str], Path], tmp_path: Path) -> None:
    write, _ = FORMATS[format_]
    path = tmp_path / "out"
    path.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        write(sample("on target"), path)
    assert path.read_text() == "precious"

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(sample("on target"), path, force=True, progress=stop)
    assert path.read_text() == "precious"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]
    write(sample("on target"), path, force=True)
    assert path.read_text() != "precious"


@pytest.mark.parametrize(("name", "beams"), [("padme-scan", (-11, 11)), ("na64-resonant", (11, 1000822070))])
def test_a_resonance_has_what_collides_in_the_event_file(name: str, beams: tuple[int, int], tmp_path: Path) -> None:
    """Positron and bound electron are those of the file, and nothing is put beside them."""
    events = generate(name, tmp_path / "events.root", events=50).path
    path = write_lhe(events, tmp_path / "events.lhe").path
    file = pylhe.LHEFile.fromfile(path, generator=False)
    assert (file.init.initInfo.beamA, file.init.initInfo.beamB) == beams
    for event in file.events:
        positron, electron, alp = event.particles
        assert [each.id for each in event.particles] == [-11, 11, 9000005]
        assert [each.status for each in event.particles] == [-1, -1, 1]
        assert alp.e == pytest.approx(positron.e + electron.e, rel=1e-14)
        assert alp.pz == pytest.approx(positron.pz + electron.pz, rel=1e-14)
        assert electron.e < ELECTRON_MASS  # bound
    write_hepmc(events, tmp_path / "events.hepmc")
    with pyhepmc.open(str(tmp_path / "events.hepmc")) as file:
        assert all(len(event.particles) == 3 for event in file)


@both
def test_no_event_file(format_: str, tmp_path: Path) -> None:
    write, _ = FORMATS[format_]
    (tmp_path / "text.root").write_text("no tree")
    with pytest.raises(InputError, match="not a whole ROOT file"):
        write(tmp_path / "text.root", tmp_path / "out")
    with pytest.raises(InputError, match="no such event file"):
        write(tmp_path / "none.root", tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["text.root"]


@pytest.mark.parametrize(("write", "name"), [(write_lhe, "pylhe"), (write_hepmc, "pyhepmc")])
def test_a_missing_library_names_the_extra(
    write: Write, name: str, sample: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"needs the library {name} .*pip install 'alphoton\[exchange\]'"):
        write(sample("on target"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
