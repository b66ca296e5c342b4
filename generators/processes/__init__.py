"""The processes, one a file; `get` finds one by its name."""

from __future__ import annotations

from importlib import import_module

from alphoton.generators.processes.base import Process

NAMES = ("annihilation", "dark_photon")


def get(name: str) -> Process:
    """The process of that name; only its own file is imported."""
    process: Process = import_module(f"alphoton.generators.processes.{name}").PROCESS
    return process
