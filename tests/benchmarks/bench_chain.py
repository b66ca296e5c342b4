"""simulate and analyse against reading and writing the same branches with uproot alone, and the time of cross-sections.

    make bench

Ratios of CPU time within one run; absolute times are this machine's own. The bounds know no checksums, which both verbs
compare as they read and `simulate` makes as it writes; their time stands beside.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from alphoton.data.card_file import packaged
from alphoton.data.checksums import crc
from alphoton.data.event_file import CHUNK, Chunk, EventFile, Jagged
from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows import analyse, generate, simulate

EVENTS = 500_000
CHAINS = {"padme": "padme", "delphi": "delphi", "babar": "babar", "na64-bremsstrahlung": "na64"}
"""Processes, and the name of the detector and the analysis card that they go through."""


Row = tuple[str, float, float, str]
"""What was timed, its seconds, the seconds of its bound, and a note."""


def least(works: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Seconds of CPU of each work, the least of some rounds after a warm-up: in turns, so that all meet the same noise."""
    found = dict.fromkeys(works, np.inf)
    for counted in (False, *[True] * rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            if counted:
                found[name] = min(found[name], time.process_time() - start)
    return found


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


def chain(folder: Path, process: str, cards: str) -> list[Row]:
    """`simulate` and `analyse` of a process, with the detector and the analysis card of one name."""
    events, reco, again = (folder / f"{name}.root" for name in ("events", "reco", "again"))
    generate(process, events, events=EVENTS, force=True)
    simulate(events, cards, reco, force=True)
    with EventFile(events) as file:
        true_chunks = list(file.chunks())
    with EventFile(reco) as file:
        chunks = list(file.chunks())
    plain = [{name: c.to_awkward() if isinstance(c, Jagged) else c for name, c in chunk.items()} for chunk in chunks]
    found = least(
        {
            "read events": lambda: read(events, truth=True),
            "read reco": lambda: read(reco, truth=False),
            "write": lambda: write(again, plain),
            "simulate": lambda: simulate(events, cards, reco, force=True),
            "analyse": lambda: analyse(reco, cards),
            "sums of events": lambda: checksums(true_chunks, truth=True),
            "sums of reco": lambda: checksums(chunks, truth=True),
            "sums of analysis": lambda: checksums(chunks, truth=False),
        }
    )
    simulate_sums = found["sums of events"] + found["sums of reco"]
    return [
        (
            f"simulate {process}",
            found["simulate"],
            found["read events"] + found["write"],
            f"bound: reading and writing; checksums {simulate_sums:.3f} s",
        ),
        (
            f"analyse {process}",
            found["analyse"],
            found["read reco"],
            f"bound: reading; checksums {found['sums of analysis']:.3f} s",
        ),
    ]


def rows(tmp_path: Path) -> list[Row]:
    """Both verbs for each of `CHAINS`: a fixed target with an annihilation, two colliders, and one with bremsstrahlung."""
    return [row for process, cards in CHAINS.items() for row in chain(tmp_path, process, cards)]


def test_chain(tmp_path: Path, capsys: object) -> None:
    found = rows(tmp_path)
    with capsys.disabled():  # type: ignore[attr-defined]
        print(f"\n{platform.machine()}, Python {platform.python_version()}, {EVENTS} events, seconds of CPU")
        for what, seconds, bound, note in found:
            print(f"{what:<29} {seconds:6.3f} s   {bound / seconds:5.2f} of the bound {bound:6.3f} s   {note}")
    assert [what for what, *_ in found] == [f"{verb} {name}" for name in CHAINS for verb in ("simulate", "analyse")]
    with uproot.open(tmp_path / "again.root") as bound, uproot.open(tmp_path / "reco.root") as made:
        assert bound["Events"].typenames() == made["Events"].typenames()  # the bound writes what simulate writes
        assert bound["Events"].num_entries == made["Events"].num_entries == EVENTS


def test_cross_sections(capsys: object) -> None:
    lines = []
    for name in packaged("process"):
        card = ProcessCard.load(name)
        found = cross_section(card)
        seconds = least({name: lambda card=card: cross_section(card)}, rounds=1)[name]
        lines.append((name, seconds, found.error / found.value))
    with capsys.disabled():  # type: ignore[attr-defined]
        print()
        for name, seconds, relative in lines:
            print(f"{name:<22} {seconds:6.2f} s of CPU   relative error {relative:.1e}")
    assert max(relative for *_, relative in lines) < 1e-4
