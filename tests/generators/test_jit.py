"""Compiled kernels are found again, and never outlive the sources they were compiled from."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from numba import float64

import alphoton.generators
from alphoton.generators import jit

SOURCES = Path(alphoton.generators.__file__).parent
CODE = """
import sys; sys.path.insert(0, sys.argv[1])
import alphoton.generators.kinematics as k, numpy as np
print(k.photon_momentum(10.0, 2.0), k.__file__)
"""


def run(folder: Path, home: str | None = None) -> float:
    """k of a photon, computed by a copy of the package."""
    environment = {key: value for key, value in os.environ.items() if key not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    environment |= {} if home is None else {"HOME": home}
    command = [sys.executable, "-S", "-c", PREAMBLE + CODE, str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()
    assert shown[1].startswith(str(folder))
    return float(shown[0])


# the copy is found before the installed package: without `site` only the packages' folders are on the path
PREAMBLE = f"import sys; sys.path += {[path for path in sys.path if 'site-packages' in path]!r}\n"


def copy(folder: Path) -> Path:
    """A copy of the generators under `folder/alphoton`, with the data folder beside them."""
    for name in ("generators", "data"):
        shutil.copytree(SOURCES.parent / name, folder / "alphoton" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_change_in_another_file_is_compiled(tmp_path: Path) -> None:
    """numba's own cache looks at a kernel's file only; here a constant of another file changes."""
    folder = copy(tmp_path)
    before = run(folder)
    constants = folder / "alphoton/generators/kinematics.py"
    constants.write_text(constants.read_text().replace("(sqrt_s + mass) / (2 * sqrt_s)", "(sqrt_s + mass) / (4 * sqrt_s)"))
    assert (before, run(folder)) == (4.8, 2.4)
    assert len(list((folder / "alphoton/generators/__pycache__").glob("numba-*"))) == 2


def test_nowhere_to_write(tmp_path: Path) -> None:
    """An installation that cannot be written to, and a home that is not there: slower, but it works."""
    folder = copy(tmp_path)
    (folder / "alphoton/generators/__pycache__").write_text("in the way")
    assert run(folder, home="/dev/null/nowhere") == 4.8


def test_others_can_write_beside_the_sources(tmp_path: Path) -> None:
    """Then kernels are kept in the user's own place, without a word."""
    folder, home = copy(tmp_path / "copy"), tmp_path / "home"
    (folder / "alphoton/generators/__pycache__").mkdir()
    (folder / "alphoton/generators/__pycache__").chmod(0o777)
    assert run(folder, home=str(home)) == 4.8
    assert not list((folder / "alphoton/generators/__pycache__").rglob("*.nbc"))
    assert list((home / ".cache/alphoton").rglob("*.nbc"))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot be kept is used all the same, and nothing is left of the attempt."""
    asked = []

    def full(*_: object) -> bytes:
        asked.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("alphoton.data.kept_files._seal", full)
    assert jit.kernel(float64(float64))(lambda x: x + 1.25)(2.0) == 3.25
    assert asked
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_is_found_compiled_needs_no_compiler() -> None:
    """numba's functions and scipy's linear algebra are imported at the first compilation, and then work."""
    load = (
        "import sys\n"
        "from alphoton.generators.event_source import EventSource\n"
        "from alphoton.generators.process_card import ProcessCard\n"
        "print(EventSource(ProcessCard.load('padme')).chunk(0, 10).events['genWeight'].sum())\n"
    )
    compile_ = (
        "compiler = {'numba.np.linalg', 'scipy.linalg'}\n"
        "assert not compiler & {*sys.modules}, compiler & {*sys.modules}\n"
        "import numba, numpy as np\n"
        "print(numba.njit(lambda a: np.linalg.inv(a)[0, 0])(np.array([[2.0, 1.0], [0.0, 1.0]])))\n"
        "assert compiler <= {*sys.modules}\n"
    )
    for code, shown in ((load, ["10.0"]), (load + compile_, ["10.0", "0.5"])):  # the first run compiles, where it must
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.stdout.split() == shown, done.stderr


def test_threads_that_compile_at_once_keep_their_cache(tmp_path: Path) -> None:
    """Processes are imported by whichever thread needs them first: none may compile beside the sources."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from alphoton.generators import jit\n"
        "from numba import float64\n"
        "before = jit.numba.config.CACHE_DIR\n"
        "def two(n):\n"
        "    def shifted(x):\n"
        "        return x + 1.5\n"
        "    kernel = jit.kernel(float64(float64))(shifted)\n"
        "    return kernel._cache.cache_path\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    paths = set(pool.map(two, range(40)))\n"
        "assert all(path.startswith(jit.cache_folder()) for path in paths), paths\n"
        "assert jit.numba.config.CACHE_DIR == before\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_kernels_do_not_wait_for_extensions_of_numba() -> None:
    """What is installed that extends numba is imported at the first compilation that is not ours, and then works."""
    code = (
        "import sys\n"
        "from numba.core import entrypoints\n"
        "from alphoton.generators.event_source import EventSource\n"
        "from alphoton.generators.process_card import ProcessCard\n"
        "EventSource(ProcessCard.load('padme')).chunk(0, 10)\n"
        "assert not entrypoints._already_initialized\n"
        "import numba, awkward as ak\n"
        "assert numba.njit(lambda array: len(array))(ak.Array([[1], [2, 3]])) == 2\n"
        "assert entrypoints._already_initialized\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
