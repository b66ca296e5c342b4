"""Events: their distribution up to |cos theta*| = 1, their momenta, their weights, and the files they are written to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import uproot
from scipy import stats

from alphoton.data.errors import CardError, InputError
from alphoton.data.event_file import CHUNK, Chunk, EventFile
from alphoton.generators.constants import ELECTRON_MASS
from alphoton.generators.event_source import Drawn, EventSource, cross_section
from alphoton.generators.executors import chunks, executor
from alphoton.generators.generate import Generated, generate
from alphoton.generators.jit import Array
from alphoton.generators.kinematics import Collision
from alphoton.generators.process_card import ProcessCard
from reference import checks, closed_forms
from reference.dirac import MP

COMPONENTS = ("photon", "electron", "interference")
SEEDS = range(30)
COUNT = 20_000  # events a seed


def mixture(g_ag: float, g_ae: float, interference: bool = True) -> dict[str, float]:
    """The products of couplings g_ag^2, g_ae^2, g_ag g_ae, in 1/GeV^2."""
    return dict(zip(COMPONENTS, (g_ag**2, g_ae**2, g_ag * g_ae * interference), strict=True))


# ---- angles ----------------------------------------------------------------------------------------------------------


def eta_max(sqrt_s: float) -> float:
    """atanh(beta) = arccosh(sqrt(s) / (2 m_e))."""
    return math.acosh(sqrt_s / (2 * ELECTRON_MASS))


def eta(events: Chunk, beams: Collision, mass: float) -> Array:
    """atanh(beta cos theta*) of the photon from the momenta of the event, with theta* from +z, over its maximum.

    1 - |c| follows from the transverse momentum, which no boost changes, so that it keeps its digits.
    """
    px, py, pz, energy = (events["GenPart"][name][::2] for name in ("px", "py", "pz", "energy"))
    k = (beams.sqrt_s - mass) * (beams.sqrt_s + mass) / (2 * beams.sqrt_s)
    along = (pz * beams.energy - energy * beams.momentum_z) / beams.sqrt_s / k  # cos theta*
    one_minus = (px**2 + py**2) / k**2 / (1 + np.minimum(np.abs(along), 1))
    edge = (2 * ELECTRON_MASS / beams.sqrt_s) ** 2
    beta = math.sqrt(1 - edge)
    size = 0.5 * np.log((2 - (edge / (1 + beta) + beta * one_minus)) / (edge / (1 + beta) + beta * one_minus))
    return np.sign(along) * np.minimum(size / eta_max(beams.sqrt_s), 1)


@cache
def half_edges(sqrt_s: float) -> Array:
    """Bins of eta over its maximum: equal ones in eta, up to |c| = 1, and where most of that is one bin, in cos theta*."""
    central = np.arctanh(np.linspace(0.15, 0.9, 6)) / eta_max(sqrt_s)
    return np.unique(np.concatenate([np.linspace(0, 1, 11), central]))


@cache
def half_integrals(sqrt_s: float, mass: float, component: str) -> Array:
    """The closed form dsigma/dc integrated with 50 digits over these bins, in pb."""
    s = MP.mpf(sqrt_s) ** 2
    beta = MP.sqrt(1 - 4 * MP.convert(ELECTRON_MASS) ** 2 / s)

    def integrand(y: float) -> float:
        delta = 1 - MP.tanh(y) / beta
        return closed_forms.differential(s, mass, delta, component) / (beta * MP.cosh(y) ** 2)

    edges = [MP.atanh(beta) * MP.mpf(edge) for edge in half_edges(sqrt_s)]
    return np.array(
        [MP.quad(integrand, pair, method="gauss-legendre", maxdegree=3) for pair in pairwise(edges)], dtype=float
    )


def expectation(sqrt_s: float, mass: float, products: dict[str, float]) -> tuple[Array, Array]:
    """Edges in eta over its maximum, and the bins' probabilities of a sum of components; none below 0.5%."""
    integrals = sum(product * half_integrals(sqrt_s, mass, name) for name, product in products.items())
    edges = half_edges(sqrt_s)
    probabilities = np.concatenate([integrals[::-1], integrals]) / integrals.sum() / 2
    return checks.merged(np.concatenate([-edges[:0:-1], edges]), probabilities, 0.005)


def eta_p(events: Chunk, card: ProcessCard, expected: tuple[Array, Array], weights: Array | None = None) -> float:
    """The p-value of the photons' angles against the bins' probabilities."""
    values = eta(events, card.collisions()[0], card.mass)
    return checks.histogram_p(values, *expected, events["genWeight"] if weights is None else weights)


def phi_p(events: Chunk) -> float:
    """The p-value of the photons' azimuths against a flat distribution."""
    phi = np.arctan2(events["GenPart"]["py"][::2], events["GenPart"]["px"][::2])
    return checks.histogram_p(phi, np.linspace(-np.pi, np.pi, 21), np.full(20, 0.05), events["genWeight"])


def test_the_bins_add_up_to_the_total() -> None:
    for component in (*COMPONENTS, "dark_photon"):
        total = closed_forms.total(MP.mpf(200) ** 2, 0.01, component)
        assert 2 * half_integrals(200.0, 0.01, component).sum() == pytest.approx(total, rel=1e-9)


CASES = {
    "photon": ("collider", ["model.g_ae=0 /GeV"], mixture(1, 0)),
    "electron": ("collider", ["model.g_agamma=0 /GeV", "model.m_a=5 GeV"], mixture(0, 1)),
    "electron-lep": ("collider", ["model.g_agamma=0 /GeV", "beams.sqrt_s=209 GeV"], mixture(0, 1)),
    "interference": ("padme", ["model.g_ae=5 /GeV"], mixture(1, 5)),
    "destructive": ("padme", ["model.g_ae=-5 /GeV"], mixture(1, -5)),
    "boosted": ("babar", ["model.g_ae=1000 /GeV"], mixture(1, 1000)),
    "dark_photon": ("belle2-darkphoton", [], {"dark_photon": 1.0}),
    "light_dark_photon": ("collider-darkphoton", ["beams.sqrt_s=200 GeV"], {"dark_photon": 1.0}),
}
NEGATIVE = {"photon": mixture(0, 1), "electron": mixture(1, 0), "dark_photon": mixture(1, 0), "interference": mixture(1, -5)}


@pytest.mark.parametrize("name", CASES)
def test_angles_follow_the_closed_forms(name: str) -> None:
    """p-values of eta and phi over 30 seeds are uniform; shapes that are wrong, or wrong by 2%, are seen."""
    reference, overrides, products = CASES[name]
    p_values, azimuths, distorted = [], [], []
    for seed in SEEDS:
        card = ProcessCard.load(reference, [*overrides, f"seed={seed}"])
        beams = card.collisions()[0]
        expected = expectation(beams.sqrt_s, card.mass, products)
        events = EventSource(card).chunk(0, COUNT).events
        p_values.append(eta_p(events, card, expected))
        azimuths.append(phi_p(events))
        distorted.append(eta_p(events, card, distort(expected)))
    assert checks.uniform_p(p_values) > checks.LIKELY
    assert checks.uniform_p(azimuths) > checks.LIKELY
    assert checks.uniform_p(distorted) < checks.LIKELY  # negative control
    if name in NEGATIVE:
        assert eta_p(events, card, expectation(beams.sqrt_s, card.mass, NEGATIVE[name])) < checks.IMPOSSIBLE


def distort(expected: tuple[Array, Array]) -> tuple[Array, Array]:
    """2% more in one hemisphere of the photon and 2% less in the other."""
    edges, probabilities = expected
    distorted = probabilities * np.where(edges[1:] > 0, 1.02, 0.98)
    return edges, distorted / distorted.sum()


def test_azimuths_that_are_not_flat_are_seen() -> None:
    """Negative control: momenta of one quadrant reflected."""
    events = EventSource(ProcessCard.load("collider")).chunk(0, COUNT).events
    assert phi_p(events) > checks.LIKELY
    events["GenPart"]["px"][:2000] = np.abs(events["GenPart"]["px"][:2000])
    assert phi_p(events) < checks.IMPOSSIBLE


# ---- momenta ---------------------------------------------------------------------------------------------------------

BEAMS = {
    "symmetric": ("collider", []),
    "lep": ("collider-darkphoton", ["beams.sqrt_s=209 GeV"]),
    "babar": ("babar", ["model.g_agamma=0 /GeV"]),
    "belle2": ("belle2-darkphoton", ["model.m_v=9 GeV"]),
    "asymmetric": ("collider", ["beams={electron_energy: 7 GeV, positron_energy: 4 GeV}"]),
    "padme": ("padme", ["model.g_agamma=0 /GeV"]),
    "padme-threshold": ("padme-darkphoton", ["model.m_v=23.71 MeV"]),
    "massless": ("padme", ["model.m_a=0 MeV"]),
    "list": ("delphi", ["model.g_agamma=0 /GeV", "model.m_a=100 GeV"]),
    "balanced": ("delphi", ["sampling=balanced"]),
}


def momenta(events: Chunk) -> Array:
    """(events, 2, 4): px, py, pz, E of photon and recoil."""
    columns = [events["GenPart"][name].reshape(-1, 2) for name in ("px", "py", "pz", "energy")]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("name", BEAMS)
def test_momenta(name: str) -> None:
    """In every event energy and momentum are the beams', and both particles are on their mass shells, to rounding."""
    card = ProcessCard.load(BEAMS[name][0], BEAMS[name][1])
    events = EventSource(card).chunk(0, COUNT).events
    runs = [card.collisions()[run] for run in events["run"]]
    p, energy = momenta(events), np.array([run.energy for run in runs])
    balance = p.sum(axis=1)
    assert not balance[:, :2].any()
    np.testing.assert_allclose(balance[:, 3], energy, rtol=1e-14)
    np.testing.assert_allclose(balance[:, 2] / energy, [run.momentum_z / run.energy for run in runs], rtol=0, atol=1e-14)
    masses = np.array([0, card.mass])
    np.testing.assert_allclose(events["GenPart"]["mass"].reshape(-1, 2), np.broadcast_to(masses, (COUNT, 2)))
    shell = (p[..., 3] ** 2 - (p[..., :3] ** 2).sum(axis=-1) - masses**2) / p[..., 3] ** 2
    assert np.abs(shell).max() < 1e-14
    assert p[..., 3].min() > 0


@pytest.mark.parametrize(("name", "energy", "momentum"), [("babar", 10.58 * math.hypot(1, 0.56), 10.58 * 0.56)])
def test_z_follows_the_electron(name: str, energy: float, momentum: float) -> None:
    """BaBar's and PADME's centre of mass moves along +z, the direction of the electron, and of the beam on a target."""
    total = momenta(EventSource(ProcessCard.load(name)).chunk(0, 10).events).sum(axis=1)
    assert total[0] == pytest.approx([0, 0, momentum, energy], rel=1e-14)
    target = momenta(EventSource(ProcessCard.load("padme")).chunk(0, 10).events).sum(axis=1)
    beam = math.sqrt(0.550**2 - ELECTRON_MASS**2)
    assert target[0] == pytest.approx([0, 0, beam, 0.550 + ELECTRON_MASS], rel=1e-14)


def test_collinear_photons_keep_their_angle() -> None:
    """At 209 GeV the last of a thousand bins of eta, where 1-|c| is below 1e-12, is as full as the others."""
    card = ProcessCard.load("collider", ["beams.sqrt_s=209 GeV", "model.g_agamma=0 /GeV"])
    values = eta(EventSource(card).chunk(0).events, card.collisions()[0], card.mass)
    counts = np.histogram(np.abs(values), np.linspace(0, 1, 1001))[0]
    assert counts[-1] == pytest.approx(CHUNK / 1000, abs=5 * math.sqrt(CHUNK / 1000))  # flat in eta for M << sqrt(s)


# ---- weights ---------------------------------------------------------------------------------------------------------


def event_weights(events: Chunk, products: dict[str, float]) -> Array:
    """The weight of each event at other couplings."""
    return events["genWeight"] * sum(product * events[f"weight_{name}"] for name, product in products.items())


@pytest.mark.parametrize(
    ("name", "overrides", "products"),
    [
        ("collider", [], mixture(1, 1)),
        ("padme", ["model.g_agamma=0.2 /GeV", "model.g_ae=-3 /GeV"], mixture(0.2, -3)),
        ("padme", ["interference=false"], mixture(1, 1, interference=False)),
        ("delphi", ["model.g_ae=0 /GeV"], mixture(1, 0)),
        ("babar-darkphoton", [], {"dark_photon": 1e-6}),
    ],
)
def test_weights_add_up_to_one(name: str, overrides: list[str], products: dict[str, float]) -> None:
    """At the card's own couplings, in every event of an unweighted sample."""
    events = EventSource(ProcessCard.load(name, overrides)).chunk(0, COUNT).events
    np.testing.assert_allclose(event_weights(events, products) / events["genWeight"], 1, rtol=1e-12)


def test_no_interference_no_weight() -> None:
    for sampling in ("unweighted", "balanced"):
        source = EventSource(ProcessCard.load("padme", ["interference=false", f"sampling={sampling}"]))
        assert not source.chunk(0, 1000).events["weight_interference"].any()
        assert source.cross_section.components["interference"].value == 0


TARGETS = {
    "photon": mixture(1, 0),
    "electron": mixture(0, 1),
    "both": mixture(1, 1),
    "without_interference": mixture(1, 1, interference=False),
    "negative": mixture(1, -1),
    "mostly_electron": mixture(-0.1, 3),
}


@cache
def balanced(name: str) -> tuple[ProcessCard, EventSource, Chunk]:
    card = ProcessCard.load(name, ["sampling=balanced", "model.g_agamma=0.5 /GeV"])
    source = EventSource(card)
    return card, source, source.chunk(0).events


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["padme", "babar"])
def test_balanced_sample_serves_every_coupling(name: str, target: str) -> None:
    """Reweighted, it has the closed form's shape and rate, and an effective size of at least half its events."""
    card, source, events = balanced(name)
    products, beams = TARGETS[target], card.collisions()[0]
    weights = event_weights(events, products)
    assert eta_p(events, card, expectation(beams.sqrt_s, card.mass, products), weights) > checks.LIKELY
    total = sum(g * closed_forms.total(MP.mpf(beams.sqrt_s) ** 2, card.mass, n) for n, g in products.items())
    rate = weights.mean() / events["genWeight"].mean() * source.cross_section.value
    error = weights.std() / math.sqrt(len(weights)) * source.cross_section.value
    assert abs(rate - total) < 4 * error < 0.02 * total
    assert checks.effective_size(weights) > len(weights) / 2
    assert weights.min() >= 0


def test_balanced_p_values_are_uniform() -> None:
    """Over 30 chunks of a sample reweighted to destructive interference; the shape without it is seen to be wrong."""
    card, source, _ = balanced("padme")
    sqrt_s = card.collisions()[0].sqrt_s
    right, wrong = (expectation(sqrt_s, card.mass, mixture(1, g_ae)) for g_ae in (-3, 3))
    samples = [source.chunk(index, COUNT).events for index in SEEDS]
    weights = [event_weights(events, mixture(1, -3)) for events in samples]
    pairs = list(zip(samples, weights, strict=True))
    assert checks.uniform_p([eta_p(events, card, right, w) for events, w in pairs]) > checks.LIKELY
    assert max(eta_p(events, card, wrong, w) for events, w in pairs) < checks.IMPOSSIBLE  # negative control


def test_a_photon_sample_does_not_serve_the_electron_coupling() -> None:
    """Negative control: without `sampling: balanced` the collinear angles have no events to be weighted."""
    card = ProcessCard.load("babar", ["model.g_ae=0 /GeV"])
    events = EventSource(card).chunk(0).events
    assert checks.effective_size(event_weights(events, mixture(0, 1))) < 0.05 * CHUNK


@pytest.mark.parametrize("sampling", ["unweighted", "balanced"])
def test_runs_follow_luminosity_times_cross_section(sampling: str) -> None:
    """DELPHI's ten sqrt(s), electron coupling; negative control: luminosity alone."""
    couplings = ["model.g_agamma=0 /GeV"] if sampling == "unweighted" else []
    card = ProcessCard.load("delphi", [*couplings, f"sampling={sampling}"])
    events = EventSource(card).chunk(0).events
    luminosities = np.array([run.luminosity for run in card.collisions()])
    totals = [closed_forms.total(MP.mpf(run.sqrt_s) ** 2, card.mass, "electron") for run in card.collisions()]
    weights = event_weights(events, mixture(0, 1))
    edges = np.arange(11) - 0.5
    expected = luminosities * totals / (luminosities @ totals)
    assert checks.histogram_p(events["run"], edges, expected, weights) > checks.LIKELY
    assert checks.histogram_p(events["run"], edges, luminosities / luminosities.sum(), weights) < checks.IMPOSSIBLE


def test_channels_are_mixed_within_a_chunk() -> None:
    """The first events of a file are a fair sample of all: the ten runs and both densities of a balanced mixture."""
    card = ProcessCard.load("delphi", ["sampling=balanced"])
    events = EventSource(card).chunk(0, COUNT).events
    for values in (events["run"], np.round(np.log10(events["weight_electron"] / events["weight_photon"]))):
        p_value = stats.ks_2samp(values[: COUNT // 4], values[COUNT // 4 :]).pvalue
        assert p_value > checks.LIKELY
        in_order = np.sort(values)  # negative control
        assert stats.ks_2samp(in_order[: COUNT // 4], in_order[COUNT // 4 :]).pvalue < checks.IMPOSSIBLE


def test_runs_below_threshold_are_empty() -> None:
    card = ProcessCard.load("delphi", ["model.m_a=200 GeV"])
    runs = np.unique(EventSource(card).chunk(0, 1000).events["run"])
    assert runs.tolist() == [5, 6, 7, 8, 9]  # 201.6 GeV and above


def test_chunks_points_and_seeds_share_no_random_numbers() -> None:
    """No momentum occurs twice."""
    card = ProcessCard.load("padme")
    sources = [EventSource(card), EventSource(card, point=1), EventSource(ProcessCard.load("padme", ["seed=2"]))]
    px = [source.chunk(index, 1000).events["GenPart"]["px"][::2] for source in sources for index in (0, 1)]
    assert len(np.unique(np.concatenate(px))) == 6000


# ---- what a card accepts can be calculated ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "overrides",
    [
        ["beams.sqrt_s=1.022 MeV", "model.m_a=1 MeV"],
        ["beams.sqrt_s=1.022 MeV", "model.m_a=0 MeV", "model.g_ae=-0.5 /GeV"],  # all but cancels
        ["beams={positron_energy: 0.52 MeV, electron_energy: at rest}", "model.m_a=0 MeV"],
        ["model.m_a=10.579999999999 GeV"],
        ["beams.beta_gamma=1e6"],
        ["beams.beta_gamma=1e308"],
        ["beams.sqrt_s=1e6 GeV"],
        ["beams.sqrt_s=1e100 GeV"],
        ["beams.sqrt_s=1e200 GeV"],
        ["beams={positron_energy: 1e200 GeV, electron_energy: 3 GeV}"],
        ["model.g_agamma=1e90 /GeV"],
        ["model.g_agamma=1e-90 /GeV", "model.g_ae=0 /GeV"],
        ["ids.alp=99999999999"],
    ],
    ids=lambda overrides: overrides[0],
)
def test_what_a_card_accepts_can_be_generated(overrides: list[str]) -> None:
    """A finite cross-section with a finite error above zero, and events; or else a `CardError`."""
    try:
        card = ProcessCard.load("collider", overrides)
    except CardError:
        return
    result = cross_section(card)
    assert 0 < result.error < 1e-3 * result.value < math.inf
    events = EventSource(card).chunk(0, 1000).events
    assert all(np.isfinite(values).all() for values in events["GenPart"].fields.values())


# ---- files -----------------------------------------------------------------------------------------------------------


def columns(path: Path) -> dict[str, Array]:
    """All columns of the tree `Events`, flat, in order."""
    with uproot.open(path) as file:
        arrays = file["Events"].arrays(library="ak", how=dict)
    return {name: np.asarray(a.layout.content.data if a.ndim > 1 else a) for name, a in arrays.items()}


def assert_identical(first: dict[str, Array], second: dict[str, Array], count: int | None = None) -> None:
    """To the last bit, in the first `count` events (two particles each)."""
    assert first.keys() == second.keys()
    for name, values in first.items():
        stop = None if count is None else count * (2 if name.startswith("GenPart") else 1)
        assert values[:stop].tobytes() == second[name][:stop].tobytes(), name


@pytest.fixture(scope="module")
def three_chunks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """250 000 events made by one worker."""
    path = tmp_path_factory.mktemp("workers") / "one.root"
    generate("babar", path, events=250_000, overrides=["sampling=balanced"])
    return path


@pytest.mark.parametrize("workers", [2, 3])
def test_events_do_not_depend_on_the_number_of_workers(three_chunks: Path, tmp_path: Path, workers: int) -> None:
    path = tmp_path / "several.root"
    generate("babar", path, events=250_000, workers=workers, overrides=["sampling=balanced"])
    assert_identical(columns(three_chunks), columns(path))
    with EventFile(three_chunks) as one, EventFile(path) as several:
        np.testing.assert_equal(one.runs(), several.runs())
        assert one.meta["components_pb"] == several.meta["components_pb"]


def test_complete_chunks_do_not_depend_on_the_number_of_events(three_chunks: Path, tmp_path: Path) -> None:
    """The first chunk of 100 000 is the same in a longer file; a last chunk that is not complete is one of its own.

    (A chunk of fewer events draws its azimuths at another place of its stream.)
    """
    path = tmp_path / "longer.root"
    generate("babar", path, events=CHUNK + 1, overrides=["sampling=balanced"])
    assert_identical(columns(path), columns(three_chunks), count=CHUNK)


def test_events_are_in_order(three_chunks: Path) -> None:
    np.testing.assert_array_equal(columns(three_chunks)["event"], np.arange(250_000))
    with EventFile(three_chunks) as file:
        assert file.runs()["genEventCount"].tolist() == [CHUNK, CHUNK, 50_000]


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        generate("padme", tmp_path / name, events=1000, seed=seed)
    first, same, other = (columns(tmp_path / name) for name in "abc")
    assert_identical(first, same)
    assert not np.isin(first["GenPart_px"], other["GenPart_px"]).any()


PARTICLES = ("pdgId", "status", "px", "py", "pz", "energy", "mass", "genPartIdxMother")
TYPES = {
    "run": "int32_t",
    "event": "uint64_t",
    "genWeight": "double",
    "nGenPart": "int32_t",
    **{f"GenPart_{name}": "double[]" for name in PARTICLES},
    **{f"GenPart_{name}": "int32_t[]" for name in ("pdgId", "status", "genPartIdxMother")},
}


@pytest.mark.parametrize(
    ("name", "components", "pdg"), [("padme", COMPONENTS, 9000005), ("padme-darkphoton", ("dark_photon",), 4900022)]
)
def test_the_file_is_as_the_contract_says(tmp_path: Path, name: str, components: tuple[str, ...], pdg: int) -> None:
    """design.md, "Event file", read with uproot alone."""
    path = tmp_path / "events.root"
    generate(name, path, events=500, seed=7)
    with uproot.open(path) as file:
        types = {branch.name: branch.typename for branch in file["Events"].branches}
        events, runs = file["Events"].arrays(library="ak"), file["Runs"].arrays(library="np")
        meta = json.loads(file["meta"])
    assert types == TYPES | {f"weight_{component}": "double" for component in components}
    assert events["GenPart_pdgId"].tolist() == [[22, pdg]] * 500
    assert events["GenPart_status"].tolist() == [[1, 1]] * 500
    assert events["GenPart_genPartIdxMother"].tolist() == [[-1, -1]] * 500
    assert set(runs) == {
        "genEventCount",
        "genEventSumw",
        "genEventSumw2",
        "crossSection_pb",
        "crossSectionError_pb",
        "overweightFraction",
    }
    assert runs["genEventCount"].tolist() == [500]
    assert runs["genEventSumw"][0] == pytest.approx(events["genWeight"].to_numpy().sum())
    assert {"cards", "seed", "versions", "units", "format", "command_line"} <= meta.keys()
    assert meta["seed"] == 7
    assert meta["cards"]["process"]["name"] == name
    assert meta["cards"]["process"]["seed"] == 7
    assert meta["beams"][0]["sqrt_s"] == ProcessCard.load(name).collisions()[0].sqrt_s


def test_ids_are_the_card_s(tmp_path: Path) -> None:
    generate("padme", tmp_path / "events.root", events=10, overrides=["ids.alp=54"])
    assert set(columns(tmp_path / "events.root")["GenPart_pdgId"]) == {22, 54}


def test_the_result_says_what_the_file_says(tmp_path: Path) -> None:
    card = ProcessCard.load("padme", ["sampling=balanced"])
    seen = []
    result = generate(card, tmp_path / "a.root", events=CHUNK + 10, progress=lambda *done: seen.append(done))
    assert isinstance(result, Generated)
    assert seen == [(CHUNK, CHUNK + 10), (CHUNK + 10, CHUNK + 10)]
    with EventFile(result.path) as file:
        runs = file.runs()
        events = list(file.chunks())
    assert result.events == sum(runs["genEventCount"]) == CHUNK + 10
    assert set(runs["crossSection_pb"]) == {result.cross_section_pb}
    assert set(runs["crossSectionError_pb"]) == {result.error_pb}
    assert set(runs["overweightFraction"]) == {result.overweight_fraction}
    assert result.overweight_fraction < 1e-3
    assert 0.5 < result.unweighting_efficiency <= 1
    assert result.events_per_second > 0
    for sums, power in (("genEventSumw", 1), ("genEventSumw2", 2)):
        np.testing.assert_allclose(runs[sums], [(part["genWeight"] ** power).sum() for part in events], rtol=1e-12)
    for name in ("photon", "electron"):
        weights = np.concatenate([part[f"weight_{name}"] * part["genWeight"] for part in events])
        assert result.effective_sizes[name] == pytest.approx(checks.effective_size(weights))
        assert result.effective_sizes[name] > result.events / 2
    assert result.cross_section_pb == pytest.approx(sum(result.components_pb.values()))


def test_existing_output_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.root"
    generate("padme", path, events=10)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(EventSource, "__init__", lambda *_: pytest.fail("worked before looking"))
        with pytest.raises(InputError, match="exists already"):
            generate("padme", path, events=10)
        with pytest.raises(InputError, match="is a folder"):
            generate("padme", tmp_path, events=10, force=True)
    assert path.read_bytes() == before
    assert generate("padme", path, events=20, force=True).events == 20


def fail_at(index: int, error: type[BaseException]) -> Callable[..., Drawn]:
    """`EventSource.chunk` that raises at one chunk."""
    original = EventSource.chunk

    def chunk(self: EventSource, number: int, count: int = CHUNK) -> Drawn:
        if number == index:
            raise error("on purpose")
        return original(self, number, count)

    return chunk


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], workers: int
) -> None:
    """Nor a `.part`, nor a broken old file; and the next run succeeds."""
    path = tmp_path / "events.root"
    with monkeypatch.context() as patch:
        patch.setattr(EventSource, "chunk", fail_at(1, error))
        with pytest.raises(error, match="on purpose"):
            generate("padme", path, events=CHUNK + 10, workers=workers)
    assert list(tmp_path.iterdir()) == []
    path.with_name("events.root.0123456789abcdef.part").write_bytes(b"left by a run that was killed")
    assert generate("padme", path, events=10).events == 10
    with monkeypatch.context() as patch:
        patch.setattr(EventSource, "chunk", fail_at(0, error))
        with pytest.raises(error, match="on purpose"):
            generate("padme", path, events=10, force=True, workers=workers)
    assert [entry.name for entry in tmp_path.iterdir()] == ["events.root"]
    with EventFile(path) as file:
        assert file.count == 10


def test_few_chunks_are_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat: the workers are never more than a few chunks ahead of the writer."""
    made = []
    monkeypatch.setattr(EventSource, "chunk", lambda self, index, count: made.append(index) or index)
    source = EventSource(ProcessCard.load("padme"))
    with executor(workers=2) as threads:
        for done, index in enumerate(chunks(source, 100 * CHUNK, threads)):
            assert index == done
            assert len(made) <= done + 6
    assert sorted(made) == list(range(100))
