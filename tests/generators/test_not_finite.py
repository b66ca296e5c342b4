"""A process whose density or momenta are not finite is an error, from every way to ask for it; never a NaN in a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphoton.data.errors import InputError
from alphoton.generators import event_source, processes
from alphoton.generators.event_source import EventSource, cross_section
from alphoton.generators.generate import generate
from alphoton.generators.jit import DENSITY, Array, kernel
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.processes.base import Process


@kernel(DENSITY)
def nan_density(x: Array, p: Array) -> float:
    """Not finite anywhere."""
    return np.nan


@kernel(DENSITY)
def nan_somewhere(x: Array, p: Array) -> float:
    """Not finite in a hundredth of the unit cube."""
    return np.nan if x[0] < 0.01 else 1.0


@kernel(DENSITY)
def infinite_somewhere(x: Array, p: Array) -> float:
    """Infinite in a hundredth of the unit cube."""
    return np.inf if x[0] < 0.01 else 1.0


@kernel(DENSITY)
def negative(x: Array, p: Array) -> float:
    """A cross-section below 0."""
    return -1.0


def with_density(monkeypatch: pytest.MonkeyPatch, density: Any) -> None:
    whole: Process = processes.of(ProcessCard.load("padme-darkphoton"))
    (component,) = whole.components
    changed = replace(whole, density=density, components=(replace(component, density=density),))
    monkeypatch.setattr(event_source.processes, "of", lambda _: changed)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("density", [nan_density, nan_somewhere, infinite_somewhere, negative])
def test_a_density_that_is_no_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, density: Any) -> None:
    monkeypatch.setenv("ALPHOTON_CACHE", str(tmp_path / "cache"))
    with_density(monkeypatch, density)
    with pytest.raises(InputError, match=r"padme-darkphoton.*: dark_photon: the cross-section is (nan|inf|-\d)"):
        cross_section(ProcessCard.load("padme-darkphoton"))
    with pytest.raises(InputError, match="the cross-section is"):
        generate("padme-darkphoton", tmp_path / "events.root", events=100)
    assert not (tmp_path / "events.root").exists()


def test_momenta_that_are_no_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = processes.of(ProcessCard.load("padme"))

    def broken(x: Array, phi: Array, p: Array) -> Array:
        momenta = whole.final_state(x, phi, p)
        momenta[7, 0, 2] = np.nan
        return momenta

    monkeypatch.setattr(event_source.processes, "of", lambda _: replace(whole, final_state=broken))
    with pytest.raises(InputError, match="annihilation: an event's weight or momentum is not a finite number"):
        generate("padme", tmp_path / "events.root", events=100)
    assert not (tmp_path / "events.root").exists()


def test_weights_that_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    source = EventSource(ProcessCard.load("padme"))
    whole = source._component_weights
    monkeypatch.setattr(source, "_component_weights", lambda *given: whole(*given) * np.inf)
    with pytest.raises(InputError, match="an event's weight or momentum is not a finite number"):
        source.chunk(0, 10)


def test_finite_numbers_are_fine(tmp_path: Path) -> None:
    """The negative control."""
    assert generate("padme-darkphoton", tmp_path / "events.root", events=100).cross_section_pb > 0
