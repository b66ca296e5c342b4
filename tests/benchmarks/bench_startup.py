"""From the command to the first events, against the imports that nothing can do without."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measure import Row, Table, shortest

IMPORTS = "import numpy, numba, uproot"
COMMAND = [sys.executable, "-m", "alphoton.workflows.cli"]


def test_start_up(tmp_path: Path, table: Table) -> None:
    generate = [*COMMAND, "generate", "padme", "-n", "1000", "--force", "-o", str(tmp_path / "events.root")]

    def call(command: list[str], **variables: str) -> None:
        subprocess.run(command, check=True, capture_output=True, env=os.environ | variables)

    def cold() -> None:
        place = tmp_path / f"cold-{len(list(tmp_path.iterdir()))}"
        call(generate, NUMBA_CACHE_DIR=str(place), ALPHOTON_CACHE="off")

    bound, shown, warm = shortest(
        lambda: call([sys.executable, "-c", IMPORTS]),
        lambda: call([*COMMAND, "--help"]),
        lambda: call(generate),
        clock=time.perf_counter,
    )
    (compiled,) = shortest(cold, repeats=2, clock=time.perf_counter)
    imports = f"imports {bound:.2f} s"
    table.add("start-up", Row("--help", f"{shown:.2f} s", wanted="< 0.3 s"))
    table.add("start-up", Row("generate -n 1000, warm", f"{warm:.2f} s", imports, bound / warm, "< 1.5 s"))
    table.add("start-up", Row("generate -n 1000, cold", f"{compiled:.2f} s", imports, bound / compiled, "< 5 s"))
