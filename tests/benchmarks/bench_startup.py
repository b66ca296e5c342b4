"""Start-up against importing the libraries that events need: CPU time of whole commands.

make bench
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ALPHOTON = ("-m", "alphoton.workflows.cli")
LIBRARIES = "import numpy, numba, uproot"


def seconds(*arguments: str, environment: Mapping[str, str] | None = None) -> float:
    """CPU seconds, user and system, of one run of Python with arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def best(measure: Callable[[int], float], repeats: int = 3) -> float:
    """The least of some repeats; each is told its number."""
    return min(measure(number) for number in range(repeats))


def rows(tmp_path: Path) -> list[tuple[str, float, float, str]]:
    """(what, CPU seconds, CPU seconds of its bound, ratio of the two) of whole commands, on this machine.

    The bound of `--help` is the bare interpreter, that of the first events the import of the libraries they need.
    """
    output = str(tmp_path / "events.root")
    first = (*ALPHOTON, "generate", "padme", "-n", "1000", "-o", output, "--force")

    def cold(number: int) -> float:
        return seconds(*first, environment={"NUMBA_CACHE_DIR": str(tmp_path / f"cache{number}")})

    seconds(*first)  # compiles, where it must
    nothing = best(lambda _: seconds("-c", "pass"))
    libraries = best(lambda _: seconds("-c", LIBRARIES))
    measured = [
        ("alphoton --help", best(lambda _: seconds(*ALPHOTON, "--help")), nothing),
        ("first 1000 events of padme", best(lambda _: seconds(*first)), libraries),
        ("the same, compiling kernels", best(cold), libraries),
    ]
    return [(what, taken, bound, f"{taken / bound:.1f} of its bound") for what, taken, bound in measured]


def test_startup(tmp_path: Path, capsys: object) -> None:
    found = rows(tmp_path)
    with capsys.disabled():  # type: ignore[attr-defined]
        print(f"\nbounds: the bare interpreter, and python -c '{LIBRARIES}'")
        for what, taken, bound, ratio in found:
            print(f"{what:<28} {taken:6.2f} s of CPU, bound {bound:.2f} s: {ratio}")
    assert (tmp_path / "events.root").is_file()
