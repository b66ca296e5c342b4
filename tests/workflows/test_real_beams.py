"""What radiation of the beams changes of efficiencies, against a quadrature that generates no events."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr

from alphoton.analysis.selection import Cut
from alphoton.generators.constants import ALPHA, ELECTRON_MASS
from alphoton.generators.real_beams.spectrum import hard_part
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.report import real_beams
from alphoton.workflows.report.claim_tools import Measured

ROOT_S = 200.0


def radiated(nodes: int = 48) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """x of a beam and the weights D(x) dx, in u = (1 - x)^(beta / 2)."""
    h = ALPHA / math.pi * (2 * math.log(ROOT_S / ELECTRON_MASS) - 1)
    u, weights = np.polynomial.legendre.leggauss(nodes)
    u, weights = (u + 1) / 2, weights / 2
    v = u ** (1 / h)
    soft = math.exp((0.75 - np.euler_gamma) * h) / math.gamma(1 + h)
    hard = np.array([hard_part(1 - each, each, 2 * h) if each > 1e-300 else 0.0 for each in v.tolist()])
    return 1 - v, (soft + hard * v / (h * u)) * weights


def selected(x_1: np.ndarray, x_2: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Share of massless ALPs with a photon coupling, dsigma/dc = 1 + c^2 and a sigma flat in s', that DELPHI selects.

    The photon is boosted to the laboratory, where Eqs. (31) and (32) act; with the trigger.
    """
    c, weights = np.polynomial.legendre.leggauss(2000)
    weights = weights * 3 / 8 * (1 + c**2)
    boost = ((x_1 - x_2) / (x_1 + x_2))[..., None]
    energy = ROOT_S / 4 * (x_1 + x_2)[..., None] * (1 + boost * c)
    cos = (c + boost) / (1 + boost * c)
    width = np.hypot(0.32 * np.sqrt(energy), 0.0435 * energy)
    passed = ndtr((1.05 * ROOT_S / 2 - energy) / width) - ndtr((0.9 * ROOT_S / 2 - energy) / width)
    share: np.ndarray = 0.84 * (weights * passed * (np.abs(cos) <= math.cos(math.pi / 4))).sum(axis=-1)  # type: ignore[type-arg]
    return share


def test_delphi_with_radiation() -> None:
    """The events selected with radiation over those without, from events and without; nominal beams would give 1."""
    x, weights = radiated()
    above = x > 0
    x, weights = x[above], weights[above]
    first, second = np.meshgrid(x, x)
    keep = first * second > 0.25
    share = selected(first[keep], second[keep])
    expected = float((np.outer(weights, weights)[keep] * share).sum() / selected(np.ones(1), np.ones(1))[0])
    found = real_beams.effect("delphi", 0.001, real_beams.RADIATION, events=30_000)
    ratio = found.cross_section["photon"].value * found.efficiency["photon"].value
    error = found.cross_section["photon"].value * found.efficiency["photon"].error
    assert abs(ratio - expected) < 3 * error
    assert abs(ratio - 1) > 6 * error
    assert found.limit["photon"].value == pytest.approx(ratio**-0.5, rel=1e-6)


def test_the_peak_of_a_b_factory() -> None:
    """The window about the photon's energy is part of the selection, at every mass, and of nothing else."""
    packaged, own = load_experiment("babar"), real_beams._experiment("babar", 5.0, ())
    cut = own.analysis.selection[-1]
    assert own.analysis.selection[:-1] == packaged.analysis.selection
    assert isinstance(cut, Cut)
    low, high = cut.bounds("fraction")
    assert (low + high) / 2 == pytest.approx(1 - 25 / 10.58**2, rel=1e-12)
    assert (own.processes, own.reference) == (packaged.processes, packaged.reference)


def test_the_dark_photon_of_a_recast_radiates_too() -> None:
    """Options of the beams reach it; other overrides of the process do not."""
    energy = "selection.0={quantity: photon.energy, frame: cm, in_units_of: beam_energy, min: 0.9}"
    experiment = load_experiment("babar", [real_beams.RADIATION, "process.seed=7", energy])
    assert experiment.reference is not None
    assert experiment.reference.beams.initial_state_radiation == "leading_log"
    assert experiment.reference.seed != 7


def test_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows an experiment, with six ratios each, in the order of the header."""
    one = {name: Measured(1.0 + 0.1 * k, 0.01) for k, name in enumerate(("photon", "electron"))}
    monkeypatch.setattr(real_beams, "effect", lambda *_: real_beams.Effect(one, one, one))
    table = real_beams.table()
    assert len(table.rows) == 9
    assert {len(row) for row in table.rows} == {len(table.header)}
    assert table.rows[0][1:] == ("1.0000", one["photon"], one["photon"], "1.1000", one["electron"], one["electron"])
