"""What an export says follows from the process: beams in every event, powers of the couplings, words for both."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyhepmc
import pytest

from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import Chunk, EventFile, EventWriter, Jagged
from alphoton.data.merge import merge
from alphoton.generators import event_source, executors, parts, processes
from alphoton.generators.generate import generate
from alphoton.generators.jit import Array
from alphoton.generators.model import COUPLING_UNITS
from alphoton.generators.process_card import Model, ProcessCard
from alphoton.generators.processes.base import powers_of
from alphoton.generators.sampling import Sample as Drawn
from alphoton.generators.vegas_grid import Grid, Integral, values
from alphoton.workflows.exchange.hepmc import write_hepmc
from alphoton.workflows.exchange.lhe import write_lhe
from alphoton.workflows.exchange.record import Block, Sample, monomial

EVENTS = 12
TWO_ENERGIES = ["beams.sqrt_s=[200 GeV, 206 GeV]", "beams.luminosity=[1 /pb, 2 /pb]"]
"""In place of DELPHI's ten."""
THICK = ["beams.target.thickness=5 X0", "energy_cut=1 GeV"]
INVISIBLE = ["model.g_achi=1e-3 /GeV", "model.m_chi=0 MeV"]
VARIANTS: dict[str, tuple[list[str], int]] = {
    "as it is": ([], 21),
    "spread": (["beams.energy_spread=0.5 %"], 12),
    "radiation": (["beams.initial_state_radiation=leading_log"], 9),
    "spread and radiation": (["beams.energy_spread=0.5 %", "beams.initial_state_radiation=leading_log"], 9),
    "boost": (["beams.beta_gamma=-0.7"], 9),
    "boost, spread and radiation": (
        ["beams.beta_gamma=-0.7", "beams.energy_spread=0.5 %", "beams.initial_state_radiation=leading_log"],
        9,
    ),
    "asymmetric beams": (
        ["beams={electron_energy: 9 GeV, positron_energy: 3.1 GeV}", "beams.energy_spread=0.1 %"],
        9,
    ),
    "thick target": (THICK, 5),
    "shower by Monte Carlo": ([*THICK, "beams.target.shower=monte_carlo"], 5),
    "two elements": (["beams.target.material=water", "beams.target.density=1 g/cm^3"], 6),
    "decay": (["decay=all", *INVISIBLE], 12),
    "decay, spread": (["decay=all", *INVISIBLE, "beams.energy_spread=0.5 %"], 6),
    "decay, shower by Monte Carlo": (["decay=all", *INVISIBLE, *THICK, "beams.target.shower=monte_carlo"], 5),
    "loops": (["model.radiative_coupling=momentum_dependent"], 12),
    "balanced": (["sampling=balanced"], 21),
    "electrons at rest": (["beams.bound_electrons=null", "model.g_ae=1 /GeV"], 12),
}
"""Overrides that some packaged cards take and others refuse, and how many take them at least."""


def card_of(name: str, overrides: list[str]) -> ProcessCard | None:
    """The card with the overrides, None where it refuses them."""
    few = TWO_ENERGIES if name.startswith("delphi") else []
    if any(override.startswith("beams={") for override in overrides):
        few = []
    try:
        return ProcessCard.load(name, [*few, *overrides])
    except CardError:
        return None


@cache
def every_card() -> list[ProcessCard]:
    """Each packaged card in each variant that it takes."""
    pairs = ((name, overrides) for name in packaged("process") for overrides, _ in VARIANTS.values())
    return [card for name, overrides in pairs if (card := card_of(name, overrides)) is not None]


class AnyPoint:
    """Draws points of the whole cube wherever the density is above 0: as fair for a test of momenta, without training."""

    def __init__(self, density: Any, p: Array, integral: Integral, grid: Grid, seed: Any) -> None:
        self.density, self.p, self.integral, self.dimension = density, p, integral, len(grid.ninc)

    def draw(self, count: int, rng: np.random.Generator) -> Drawn:
        x = np.empty((0, self.dimension))
        while len(x) < count:
            points = rng.random((200, self.dimension))
            x = np.concatenate([x, points[values(self.density, points, self.p) > 0]])
        return Drawn(np.ascontiguousarray(x[:count]), np.ones(count), int(count))


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generate without integrals or grids."""

    def integrate(density: Any, p: Array, dimension: int, seed: Any) -> tuple[Integral, Grid]:
        edges = np.tile([0.0, 1.0], (dimension, 1))
        return Integral(1.0, 0.0), Grid(edges, np.ones(dimension, dtype=np.int64))

    monkeypatch.setattr(event_source, "integrate", integrate)
    monkeypatch.setattr(event_source, "Sampler", AnyPoint)


def blocks(path: Path) -> Iterator[Block]:
    with EventFile(path) as file:
        yield from Sample(file).blocks()


def sums(particles: Jagged, status: int) -> Array:
    """The total four-momentum (events, 4) of the particles of a status."""
    own = particles["status"] == status
    count = len(particles.counts)
    columns = [np.bincount(particles.events[own], particles[name][own], count) for name in ("px", "py", "pz", "energy")]
    return np.stack(columns, axis=1)


def imbalance(particles: Jagged) -> float:
    incoming, outgoing = sums(particles, 4), sums(particles, 1)
    return float((np.abs(incoming - outgoing).max(axis=1) / incoming[:, 3]).max())


# --- beams -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.usefixtures("untrained")
def test_every_event_holds_its_beams(variant: str, tmp_path: Path) -> None:
    """Two particles come in, in front, on their mass shells, and four-momentum balances; for every card that takes this."""
    overrides, expected = VARIANTS[variant]
    cards = [card for name in packaged("process") if (card := card_of(name, overrides)) is not None]
    assert len(cards) >= expected
    for number, card in enumerate(cards):
        path = generate(card, tmp_path / f"{number}.root", events=EVENTS).path
        (block,) = blocks(path)
        particles = block.particles
        beams = np.flatnonzero(particles["status"] == 4).reshape(EVENTS, 2)
        assert np.array_equal(beams, particles.offsets[:-1, None] + [0, 1]), card.name
        assert imbalance(particles) < 3e-15, card.name
        E, momentum = particles["energy"], np.sqrt(sum(particles[name] ** 2 for name in ("px", "py", "pz")))
        whole = particles["energy"][beams[:, 0]][particles.events] + particles["energy"][beams[:, 1]][particles.events]
        # an electron bound in an atom is off its mass shell; a resonance has what comes in
        on_shell = (particles["status"] != 4) | (card.beams.bound_electrons is None)
        assert (np.abs(np.hypot(momentum, particles["mass"]) - E) / whole)[on_shell].max() < 1e-14, card.name
        charge = np.where(np.isin(particles["pdgId"], (11, 13)), -1, np.where(np.isin(particles["pdgId"], (-11, -13)), 1, 0))
        for status, sign in ((4, 1), (1, -1)):
            charge[particles["status"] == status] *= sign
        charge[particles["status"] == 2] = 0
        assert (np.bincount(particles.events, charge, EVENTS) == 0).all(), card.name
        sample_beams(path, particles, beams)
        dropped = particles["status"].copy()
        dropped[beams[0, 0]] = 3
        assert imbalance(Jagged(particles.offsets, {**particles.fields, "status": dropped})) > 1e-4  # negative control


def sample_beams(path: Path, particles: Jagged, beams: Array) -> None:
    """The beams of the accelerator have at least the energy of what collides, and but in a shower its numbers."""
    with EventFile(path) as file:
        sample = Sample(file)
        first, second = sample.beams
    for row in beams:
        own = particles["pdgId"][row].tolist()
        if sample.card.beams.thickness == 0 and len(sample.meta["beams"]) == 1:
            assert [first.number, second.number] == own
        # momenta of electrons in atoms take their positrons a few per cent farther
        most = 1 + 10 * sample.card.beams.energy_spread + (0.3 if sample.card.beams.bound_electrons else 0.0)
        assert first.energy * most >= particles["energy"][row[0]] * (1 - 1e-12)


def test_the_variants_reach_every_kind_of_event() -> None:
    """Particle numbers that differ from event to event, all counts of incoming particles, and every process."""
    cards = every_card()
    assert {card.process for card in cards} == {*processes.NAMES}
    made = [(card, processes.of(card)) for card in cards]
    assert {process.name for _, process in made if process.pdg_ids is not None} == {"bremsstrahlung", "neutrino_photon"}
    counts = {sum(p.status == 4 for p in process.particles(card, card.collisions()[0])) for card, process in made}
    assert counts == {0, 1, 2}


def changed(path: Path, output: Path, change: Callable[[Chunk], Chunk], *without: str) -> Path:
    """A copy of an event file, with its events changed and without some keys of its meta."""
    with EventFile(path) as file, EventWriter(output, force=True) as writer:
        for chunk in file.chunks():
            writer.extend(change(chunk))
        own = ("format", "units", "versions", "command_line", *without)
        writer.finish({key: value for key, value in file.meta.items() if key not in own}, file.runs())
    return output


@pytest.mark.parametrize("write", [write_lhe, write_hepmc])
def test_events_without_their_incoming_particle_are_refused(write: Any, tmp_path: Path) -> None:
    path = generate("primakoff-lead", tmp_path / "events.root", events=5).path

    def final(chunk: Chunk) -> Chunk:
        particles = chunk["GenPart"]
        assert isinstance(particles, Jagged)
        particles["status"][particles.offsets[3]] = 1
        return chunk

    write(changed(path, tmp_path / "same.root", lambda chunk: chunk), tmp_path / "same")
    with pytest.raises(InputError, match=r"odd\.root: events of 'primakoff' begin with 1 incoming particles"):
        write(changed(path, tmp_path / "odd.root", final), tmp_path / "odd")

    def documentation(chunk: Chunk) -> Chunk:
        particles = chunk["GenPart"]
        assert isinstance(particles, Jagged)
        particles["status"][-1] = 3
        return chunk

    with pytest.raises(InputError, match=r"odd\.root: Events\.GenPart_status: is 3, must be 1, 2 or 4"):
        write(changed(path, tmp_path / "odd.root", documentation), tmp_path / "odd")


@pytest.mark.parametrize("name", ["e137-primakoff", "padme-scan", "padme"])
def test_events_of_different_length(name: str, tmp_path: Path) -> None:
    """ALPs of every other event have not decayed: each event still has its own beams, in front."""
    overrides = ["decay=visible", "model.g_agamma=1e-3 /GeV"]
    path = generate(name, tmp_path / "events.root", events=10, overrides=overrides).path

    def some(chunk: Chunk) -> Chunk:
        particles = chunk["GenPart"]
        assert isinstance(particles, Jagged)
        even = particles.events % 2 == 0
        alp = even & (particles["status"] == 2)
        particles["status"][alp] = 1
        daughters = even & (particles["genPartIdxMother"] > 0)
        counts = np.bincount(particles.events[~daughters], minlength=10)
        kept = {field: column[~daughters] for field, column in particles.fields.items()}
        return {**chunk, "GenPart": Jagged(np.concatenate([[0], np.cumsum(counts)]), kept)}

    (whole,), (block,) = blocks(path), blocks(changed(path, tmp_path / "some.root", some))
    counts = block.particles.counts
    assert np.array_equal(counts, whole.particles.counts - np.array([2, 0] * 5))
    assert imbalance(block.particles) < 3e-15
    for event in range(10):
        assert block.particles["status"][block.particles.offsets[event] :][:2].tolist() == [4, 4]


# --- couplings ---------------------------------------------------------------------------------------------------------


def test_couplings_have_units() -> None:
    """Those of every process' components, and they are those that the keys of a card have."""
    cards = every_card()
    named = {name for card in cards for component in processes.of(card).components for name in component.powers}
    assert named == {"g_agamma", "g_ae", "epsilon"}
    assert named <= COUPLING_UNITS.keys()
    for name, unit in COUPLING_UNITS.items():
        with_unit = unit == "1/GeV"
        assert getattr(Model.model_validate({name: "1 /GeV" if with_unit else 1.0}), name) == 1
        with pytest.raises(ValueError, match=r"unit|number"):
            Model.model_validate({name: 1.0 if with_unit else "1 /GeV"})


@pytest.mark.parametrize("variant", ["as it is", "thick target", "shower by Monte Carlo", "loops", "spread"])
def test_powers_are_those_of_the_couplings(variant: str) -> None:
    """What multiplies a component, as the process has it from the card, is the product of the card's couplings."""
    tested = set()
    overrides, _ = VARIANTS[variant]
    for name in packaged("process"):
        card = card_of(name, overrides)
        if card is None:
            continue
        given = {"g_agamma": 0.3, "g_ae": 0.7, "epsilon": 0.2}
        own = {key: value for key, value in given.items() if card.model.model_fields_set & {key}}
        moved = ProcessCard.load(
            card, [f"model.{k}={v}{' /GeV' if COUPLING_UNITS[k] == '1/GeV' else ''}" for k, v in own.items()]
        )
        process = processes.of(moved)
        for component, coupling in zip(process.components, process.couplings(moved), strict=True):
            expected = math.prod(own[key] ** power for key, power in component.powers.items())
            assert coupling == pytest.approx(expected), (name, component.name)
            tested.add(component.name)
    assert len(tested) >= 2


@pytest.mark.parametrize(
    ("powers", "words"),
    [
        ({"g_agamma": 2}, "g_agamma^2 in 1/GeV^2"),
        ({"g_ae": 2}, "g_ae^2 in 1/GeV^2"),
        ({"g_agamma": 1, "g_ae": 1}, "g_agamma g_ae in 1/GeV^2"),
        ({"epsilon": 2}, "epsilon^2"),
        ({"g_agamma": 4, "epsilon": 1}, "g_agamma^4 epsilon in 1/GeV^4"),
    ],
)
def test_monomials_in_words(powers: dict[str, int], words: str) -> None:
    assert monomial(powers) == words


@pytest.mark.usefixtures("untrained")
def test_files_say_what_their_weights_scale_with(tmp_path: Path) -> None:
    """A file of version 0.1.0 does not: what it has is read the same."""
    for name in packaged("process"):
        card = card_of(name, [])
        assert card is not None
        path = generate(card, tmp_path / f"{name}.root", events=EVENTS).path
        old = changed(path, tmp_path / f"{name}-old.root", lambda chunk: chunk, "powers", "trials")
        with EventFile(path) as new_file, EventFile(old) as old_file:
            new, before = Sample(new_file), Sample(old_file)
        assert "powers" in new.meta
        assert "powers" not in before.meta
        assert powers_of(new.meta) == powers_of(before.meta)
        assert powers_of(new.meta).keys() == {*new.components}
        assert [new.meaning(each) for each in new.components] == [before.meaning(each) for each in before.components]
        new_model = bool(card.model.model_fields_set)
        assert all(("multiply by" in new.meaning(each)) == new_model for each in new.components)
        assert (new.trials, before.trials) == (EVENTS, None)


def test_a_power_in_the_file_counts() -> None:
    """The names of components are not looked at where a file has powers."""
    meta = {"couplings": {"photon": 1.0, "other": 2.0}, "powers": {"photon": {"g_x": 1}, "other": {}}}
    assert powers_of(meta) == {"photon": {"g_x": 1}, "other": {}}


# --- words -------------------------------------------------------------------------------------------------------------


def test_every_process_says_its_reaction() -> None:
    """In HEPData's notation: particles in capital letters, two before the arrow; no two processes have the same."""
    literal = get_args(ProcessCard.model_fields["process"].annotation)
    assert {*literal} == {*processes.NAMES}
    reactions = [processes.get(name).reaction for name in processes.NAMES]
    assert len(set(reactions)) == len(reactions)
    for reaction in reactions:
        assert re.fullmatch(r"[A-Z]+[+-]* [A-Z]+[+-]* -->( [A-Z]+[+-]*)+", reaction), reaction


def test_other_forms_of_a_process_have_its_reaction() -> None:
    cards = every_card()
    assert all(processes.of(card).reaction == processes.get(card.process).reaction for card in cards)


# --- accepted and attempted events -------------------------------------------------------------------------------------


def counts(path: Path) -> tuple[int, int]:
    """Accepted and attempted events, as HepMC3 reads them."""
    output = path.with_suffix(".hepmc")
    write_hepmc(path, output, force=True)
    with pyhepmc.open(str(output)) as file:
        (found,) = {(event.cross_section.accepted_events, event.cross_section.attempted_events) for event in file}
    return found


def test_accepted_and_attempted_events(tmp_path: Path) -> None:
    """Events and trials of one run, of two that are merged, and of a file that does not say how many were tried."""
    paths, tried = [], []
    for seed, events in ((1, 300), (2, 200)):
        made = generate("padme", tmp_path / f"{seed}.root", events=events, seed=seed)
        paths.append(made.path)
        tried.append(round(made.events / made.unweighting_efficiency))
        assert tried[-1] > events
        assert counts(made.path) == (events, tried[-1])
    merged = merge(paths, tmp_path / "merged.root").path
    assert counts(merged) == (500, sum(tried))
    old = changed(paths[0], tmp_path / "old.root", lambda chunk: chunk, "powers", "trials")
    assert counts(old) == (300, -1)
    for order in ([old, paths[1]], [paths[1], old]):
        mixed = merge(order, tmp_path / "mixed.root", force=True).path
        assert counts(mixed) == (500, -1)


def test_trials_of_parts_and_workers_are_those_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (event_source, executors, parts):
        monkeypatch.setattr(module, "CHUNK", 100)
    one = generate("padme", tmp_path / "one.root", events=450, workers=2).path
    monkeypatch.setattr(parts, "PART", 2)
    several = generate("padme", tmp_path / "several.root", events=450).path
    assert counts(one) == counts(several)
