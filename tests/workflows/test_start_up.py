"""Events where nothing can be kept: a read-only installation and an unwritable home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import alphoton.data.event_file
from alphoton.data.event_file import EventFile

PACKAGE = Path(alphoton.data.event_file.__file__).parents[1]
PARTS = ("analysis", "data", "detectors", "generators", "workflows")


def installed_without_a_place(folder: Path) -> dict[str, str]:
    """A copy of the package, and an environment, in which no cache can be made: files stand in place of the folders.

    Permissions would not do: they do not bind the administrator.
    """
    for part in PARTS:
        shutil.copytree(PACKAGE / part, folder / "alphoton" / part, ignore=shutil.ignore_patterns("__pycache__", "numba-*"))
        (folder / "alphoton" / part / "__pycache__").write_text("")
    (folder / "home").write_text("")
    home = str(folder / "home")
    variables = {"PYTHONPATH": str(folder), "HOME": home, "XDG_CACHE_HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
    inherited = {key: value for key, value in os.environ.items() if key not in ("NUMBA_CACHE_DIR", "ALPHOTON_CACHE")}
    return inherited | variables


def test_generate_without_a_place_to_keep_anything(tmp_path: Path) -> None:
    environment = installed_without_a_place(tmp_path)
    command = [sys.executable, "-m", "alphoton.workflows.cli", "generate", "padme", "-n", "1000", "-o", "events.root"]
    where = "import alphoton.generators.jit as jit; print(jit.__file__, repr(jit.cache_folder()))"
    told = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(tmp_path / "alphoton" / "generators" / "jit.py"), "''"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with EventFile(tmp_path / "events.root") as file:
        assert file.count == 1000
    assert not list(tmp_path.rglob("*.nb*")) + list(tmp_path.rglob("*.npz"))
