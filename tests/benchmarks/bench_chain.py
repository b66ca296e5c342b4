"""simulate and analyse against reading and writing the same branches with uproot alone.

The bounds know no checksums, which both verbs compare as they read and `simulate` makes as it writes; their share is below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
import uproot
from benchmarks.measure import Row, Table, rate, shortest

from alphoton.data.checksums import crc
from alphoton.data.event_file import CHUNK, Chunk, EventFile, Jagged
from alphoton.workflows import analyse, generate, simulate

EVENTS = 500_000
CHAINS = {"padme": "padme", "delphi": "delphi", "babar": "babar", "na64-bremsstrahlung": "na64"}
"""Processes, and the name of the detector and the analysis card that they go through."""


def read(path: Path, *, truth: bool) -> None:
    """All branches, or all but those of the particles generated, as uproot gives them."""
    with uproot.open(path) as file:
        wanted = [name for name in file["Events"].keys() if truth or "GenPart" not in name]  # noqa: SIM118 (not a dict)
        for _ in file["Events"].iterate(wanted, step_size=CHUNK, library="ak", how=dict):
            pass


def write(path: Path, chunks: Sequence[Mapping[str, Any]]) -> None:
    """The same branches by uproot, compressed as the event files are."""
    with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
        types = {name: a.type.content if isinstance(a, ak.Array) else a.dtype for name, a in chunks[0].items()}
        tree = file.mktree("Events", types)
        for chunk in chunks:
            tree.extend(chunk)


def checksums(chunks: Sequence[Chunk], *, truth: bool) -> None:
    """Those of all branches, or of all but those of the particles generated."""
    for name, column in ((name, column) for chunk in chunks for name, column in chunk.items()):
        if truth or name != "GenPart":
            for values in (column.counts, *column.fields.values()) if isinstance(column, Jagged) else (column,):
                crc(values)


@pytest.mark.parametrize(("process", "cards"), CHAINS.items())
def test_chain(process: str, cards: str, tmp_path: Path, table: Table) -> None:
    """`simulate` and `analyse` of a process, with the detector and the analysis card of one name."""
    events, reco, again = (tmp_path / f"{name}.root" for name in ("events", "reco", "again"))
    generate(process, events, events=EVENTS)
    simulate(events, cards, reco)
    with EventFile(events) as file:
        true_chunks = list(file.chunks())
    with EventFile(reco) as file:
        chunks = list(file.chunks())
    plain = [{name: c.to_awkward() if isinstance(c, Jagged) else c for name, c in chunk.items()} for chunk in chunks]
    reading, writing, simulating, sums, reading_reco, analysing, few_sums = shortest(
        lambda: read(events, truth=True),
        lambda: write(again, plain),
        lambda: simulate(events, cards, reco, force=True),
        lambda: (checksums(true_chunks, truth=True), checksums(chunks, truth=True)),
        lambda: read(reco, truth=False),
        lambda: analyse(reco, cards),
        lambda: checksums(chunks, truth=False),
    )
    bound = f"reading and writing {rate(EVENTS, reading + writing)}"
    table.add(process, Row("simulate", rate(EVENTS, simulating), bound, (reading + writing) / simulating, ">= 0.60"))
    table.add(process, Row("  of which checksums", f"{sums / simulating:.0%}"))
    bound = f"reading {rate(EVENTS, reading_reco)}"
    table.add(process, Row("analyse", rate(EVENTS, analysing), bound, reading_reco / analysing, ">= 0.60"))
    table.add(process, Row("  of which checksums", f"{few_sums / analysing:.0%}"))
    with uproot.open(again) as bare, uproot.open(reco) as made:
        assert bare["Events"].typenames() == made["Events"].typenames()  # the bound writes what simulate writes
        assert bare["Events"].num_entries == made["Events"].num_entries == EVENTS
