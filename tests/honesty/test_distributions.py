"""p-values of every distribution that is written out, over many small samples, against independent reference events.

A sampler is trained once a card; then each sample has a seed of its own, as `generate` gives it. The p-values of each
distribution must be uniform, and all samples together must agree as well. ALPHOTON_HONESTY=full takes 400 seeds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from alphoton.generators import foam
from alphoton.generators.event_source import EventSource
from alphoton.generators.process_card import ProcessCard
from reference import checks, spectra
from reference.binned import Bins, bins, p_value, sums
from reference.checks import Array, honest
from reference.spectra import Columns

SIZE = 2000
SEEDS = honest(120, 400)
ELECTRON = "model.g_agamma=0 /GeV"
PHOTON = "model.g_ae=0 /GeV"
SLOW = ("beams.positron_energy=20 MeV", "photon.least_energy=2 MeV", "photon.least_angle=50 mrad")
"""Less collinear than at PADME: enough of the reference's photons have a say."""
LOOP = "model.radiative_coupling=momentum_dependent"
CASES: dict[str, tuple[str, ...]] = {
    "photon": ("padme", PHOTON),
    "electron": ("padme", ELECTRON),
    "both": ("padme", "model.g_ae=5 /GeV"),
    "destructive": ("babar", "model.m_a=5 GeV", "model.g_ae=-3000 /GeV"),
    "balanced": ("padme", "sampling=balanced", "model.g_ae=-3 /GeV"),
    "ten energies": ("delphi", "sampling=balanced"),
    "dark photon": ("babar-darkphoton",),
    "light dark photon": ("padme-darkphoton",),
    "three photons": ("padme-threephoton", "beams.positron_energy=5 MeV", "photon.least_energy=50 keV"),
    "radiation": ("babar-darkphoton", "model.m_v=5 GeV", "beams.initial_state_radiation=leading_log"),
    "spread": ("babar", "beams.energy_spread=5 %", "model.m_a=5 GeV", "model.g_ae=1e3 /GeV"),
    "two photons": ("padme-twophoton",),
    "neutrinos": ("delphi-nunugamma",),
    "primakoff thin": ("primakoff-lead",),
    "primakoff thick": ("na64-primakoff",),
    "loop": ("babar", LOOP, "model.m_a=1.2 MeV", "model.g_agamma=1e-3 /GeV", "model.g_ae=-1 /GeV"),
    "loop on nuclei": ("primakoff-lead", LOOP, "model.m_a=0.9 MeV", "model.g_agamma=1e-3 /GeV", "model.g_ae=1 /GeV"),
    "primakoff in a cascade": ("na64-primakoff", "beams.target.shower=monte_carlo"),
    "primakoff decays": ("e137-primakoff",),
    "bremsstrahlung thin": ("bremsstrahlung-lead",),
    "bremsstrahlung thick": ("na64-bremsstrahlung",),
    "bethe and heitler": ("padme-bethe-heitler", *SLOW),
}


@cache
def trained(name: str) -> EventSource:
    card, *overrides = CASES[name]
    return EventSource(ProcessCard.load(card, overrides))


@cache
def referenced(name: str) -> tuple[dict[str, Bins | None], Columns]:
    found = spectra.reference(trained(name).card)
    size = checks.effective_size(found.weights)
    assert size > 40 * SIZE
    return {key: bins(values, found.weights, exact=found.even) for key, values in found.columns.items()}, found.columns


def sample(source: EventSource, seed: int) -> tuple[Columns, Array]:
    """The columns and weights of a sample with a seed of its own."""
    source = copy.copy(source)
    source.card = source.card.model_copy(update={"seed": seed})
    events = source.chunk(0, SIZE).events
    return spectra.observables(events), np.asarray(events["genWeight"])


Distortion = Callable[[Columns, Array], tuple[Columns, Array]]


def unchanged(columns: Columns, weights: Array) -> tuple[Columns, Array]:
    return columns, weights


def results(
    name: str, distortion: Distortion = unchanged, source: EventSource | None = None
) -> dict[str, tuple[float, float]]:
    """For each distribution how likely the p-values are to be uniform, and the p-value of all samples together."""
    at, columns = referenced(name)
    found: dict[str, list[Array]] = {key: [] for key, each in at.items() if each is not None}
    for seed in range(100, 100 + SEEDS):
        values, weights = distortion(*sample(source or trained(name), seed))
        for key, each in at.items():
            if each is not None:
                found[key].append(sums(values[key], weights, each))
            else:
                np.testing.assert_allclose(values[key], columns[key][0], rtol=1e-7, atol=1e-12)
    p_values = {}
    for key, every in found.items():
        edges = at[key]
        assert edges is not None
        together = p_value(np.sum(every, axis=0), edges)
        p_values[key] = checks.uniform_p([p_value(each, edges) for each in every]), together
    return p_values


def smallest(found: dict[str, tuple[float, float]]) -> float:
    """The smallest p-value, times their number."""
    return float(min(p for pair in found.values() for p in pair) * 2 * len(found))


@pytest.mark.parametrize("name", CASES)
def test_every_distribution(name: str) -> None:
    found = results(name)
    for key, (uniform, together) in found.items():
        print(f"{name:20s} {key:22s} uniform {uniform:.4f}, together {together:.4f}")
    assert smallest(found) > checks.LIKELY
    columns, _ = sample(trained(name), 1)
    left = set(columns) - set(referenced(name)[0])
    assert all(key.endswith("pdgId") and len(np.unique(columns[key])) == 1 for key in left)


# ---- negative controls -----------------------------------------------------------------------------------------------


def tilted(columns: Columns, weights: Array) -> tuple[Columns, Array]:
    """3% less weight at one end of the angles than in the middle, 3% more at the other."""
    ranks = columns["1.theta"].argsort().argsort() / len(weights)
    return columns, weights * (1 + 0.03 * (2 * ranks - 1))


def moved(columns: Columns, weights: Array) -> tuple[Columns, Array]:
    """One event of a hundred is put in the middle of every distribution."""
    every = np.arange(len(weights)) % 100 == 0
    return {key: np.where(every, np.median(values), values) for key, values in columns.items()}, weights


def mirrored(columns: Columns, weights: Array) -> tuple[Columns, Array]:
    """The first particle's angle has the wrong sign."""
    return columns | {"0.theta": np.pi - columns["0.theta"], "0.pz": -columns["0.pz"]}, weights


def softened(columns: Columns, weights: Array) -> tuple[Columns, Array]:
    """Energies of the ALP 2% low."""
    return columns | {"1.energy": 0.98 * columns["1.energy"]}, weights


@pytest.mark.parametrize(
    ("name", "distortion"),
    [
        ("both", tilted),
        ("both", moved),
        ("both", mirrored),
        ("balanced", moved),
        ("dark photon", mirrored),
        ("two photons", tilted),
        ("three photons", tilted),
        ("neutrinos", tilted),
        ("primakoff thin", tilted),
        ("primakoff thick", softened),
        ("loop", tilted),
        ("loop on nuclei", tilted),
        ("bremsstrahlung thin", softened),
        ("bremsstrahlung thick", softened),
        ("bethe and heitler", softened),
    ],
)
def test_a_distorted_sample_is_seen(name: str, distortion: Distortion) -> None:
    assert smallest(results(name, distortion)) < checks.IMPOSSIBLE


def test_weights_above_one_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With cells' maxima far too low, the weights restore every distribution; without them the samples are wrong."""
    name = "primakoff thick"
    monkeypatch.setattr(foam, "MARGIN", 0.4)
    source = EventSource(trained(name).card)
    assert (sample(source, 1)[1] > 1).mean() > 0.2
    assert smallest(results(name, source=source)) > checks.LIKELY
    assert smallest(results(name, lambda c, w: (c, np.ones_like(w)), source)) < checks.IMPOSSIBLE


@pytest.mark.parametrize("name", ["loop", "loop on nuclei"])
def test_the_loop_on_the_mass_shell_is_seen(name: str) -> None:
    """Negative control: with the loop of real photons the momenta are distributed otherwise, whatever the weights."""
    card, _, *overrides = CASES[name]
    source = EventSource(ProcessCard.load(card, ["model.radiative_coupling=true", *overrides]))
    of_weights = {key: np.ones(SIZE) for key in referenced(name)[0] if key.startswith("weight_")}
    found = results(name, lambda columns, weights: (columns | of_weights, weights), source)
    assert smallest({key: each for key, each in found.items() if key not in of_weights}) < checks.IMPOSSIBLE


def test_the_shower_of_the_closed_form_is_another() -> None:
    """Eq. (27)'s photons are seen to be none of the cascade equations', in energy and in depth."""
    found = results("primakoff in a cascade", source=trained("primakoff thick"))
    assert found["1.energy"][1] < checks.IMPOSSIBLE
    assert found["1.vz"][1] < checks.IMPOSSIBLE
