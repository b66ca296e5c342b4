"""One table of all that was measured, each figure beside its bound of the same run."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numba
import numpy as np
import pytest
import uproot
from benchmarks.measure import Table
from rich.console import Console

TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Table:
    """Where the figures go."""
    return request.config.stash[TABLE]


@pytest.fixture(autouse=True)
def _trained_here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was trained before does not count."""
    monkeypatch.setenv("ALPHOTON_CACHE", str(tmp_path_factory.getbasetemp() / "trained"))


def pytest_terminal_summary(config: pytest.Config) -> None:
    if not config.stash[TABLE].rows:
        return
    versions = (
        f"Python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}, uproot {uproot.__version__}"
    )
    print(f"\n\n{_processor()}, {os.cpu_count()} processors seen; {versions}\n")
    Console(width=130).print(config.stash[TABLE].drawn())


def _processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
