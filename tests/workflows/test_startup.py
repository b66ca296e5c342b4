"""What `generate` imports before it works, and that it works where nothing can be written beside the package or at home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import alphoton.workflows
from alphoton.data.event_file import EventFile

PACKAGES = ("analysis", "data", "detectors", "generators", "workflows")
SITE = [path for path in sys.path if "site-packages" in path]
MAIN = "from alphoton.workflows.cli import main\nmain()\n"


def imported(*arguments: str) -> set[str]:
    """The modules that a command imports."""
    listing = "import atexit, sys\natexit.register(lambda: print('modules', *sys.modules))\n"
    done = subprocess.run([sys.executable, "-c", listing + MAIN, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {*done.stdout.rpartition("modules ")[2].split()}


def test_generate_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    arguments = ("generate", "padme", "-n", "10", "-o", str(tmp_path / "x.root"), "--force")
    imported(*arguments)  # compiles, where it must
    found = imported(*arguments)
    assert {"numba", "uproot", "alphoton.generators.processes.annihilation"} <= found
    heavy = {"scipy.constants", "scipy.linalg", "scipy.special", "matplotlib", "hist", "dask", "loky"}
    others = ("analysis", "detectors", "generators.processes.bremsstrahlung", "generators.processes.primakoff")
    assert not found & {*heavy, *(f"alphoton.{name}" for name in others)}


@pytest.fixture
def read_only(tmp_path: Path) -> Path:
    """A folder with a copy of the package that cannot be written to; not by root either, where kernels would be kept."""
    folder = tmp_path / "installed"
    for name in PACKAGES:
        source = Path(alphoton.workflows.__file__).parents[1] / name
        shutil.copytree(source, folder / "alphoton" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "alphoton/generators/__pycache__").write_text("in the way")
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


@pytest.mark.parametrize(
    "home",
    [
        {"HOME": "/dev/null/nowhere"},  # under a file: neither there nor to be made
        {"HOME": "/dev/null/nowhere", "XDG_CACHE_HOME": "/dev/null"},
        {"HOME": "/dev/null/nowhere", "XDG_CACHE_HOME": "relative"},  # to be ignored, says its specification
    ],
)
def test_generate_with_nowhere_to_keep_kernels(home: dict[str, str], read_only: Path, tmp_path: Path) -> None:
    """The whole command: a copied package that is read-only, and no home; only the event file is written."""
    before = sorted(read_only.rglob("*"))
    working = tmp_path / "working"
    working.mkdir()
    # without `site` the copy is found before the installed package
    paths = f"import sys; sys.path[:0] = [{str(read_only)!r}]; sys.path += {SITE!r}\n"
    check = "import alphoton.workflows; assert alphoton.workflows.__file__.startswith(sys.path[0])\n"
    places = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "ALPHOTON_CACHE")
    kept = {name: value for name, value in os.environ.items() if name not in places}
    kept |= {"PYTHONDONTWRITEBYTECODE": "1"}  # root may write everywhere
    command = [sys.executable, "-S", "-c", paths + check + MAIN, "generate", "padme", "-n", "20", "-o", "x.root"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=working, env=kept | home)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in working.iterdir()] == ["x.root"]
    assert sorted(read_only.rglob("*")) == before
    with EventFile(working / "x.root") as file:
        assert file.count == 20
