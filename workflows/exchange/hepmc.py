"""Event files as HepMC3 ASCII (A. Buckley et al., Comput. Phys. Commun. 260 (2021) 107310)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.data.event_file import EventFile
from alphoton.data.output import Unfinished, check_free
from alphoton.workflows.exchange.libraries import library
from alphoton.workflows.exchange.record import (
    VERTEX,
    Array,
    Block,
    Columns,
    Exported,
    Progress,
    Sample,
    compressed,
)

DEFAULT = "Default"
"""The name that readers of HepMC3 know the weight of an event by."""
UNKNOWN = -1
"""A number of attempted events that is not known, in HepMC3's words."""


def write_hepmc(
    events: str | Path, output: str | Path, *, force: bool = False, progress: Progress | None = None
) -> Exported:
    """Write an event file as HepMC3 ASCII in GeV and mm, compressed where the name ends in `.gz`.

    * The weight `Default` is in pb, and its mean over the file is the cross-section; the other weights are those of each
      component of the cross-section at couplings of 1, like `photon`, `electron`, `interference`: to be multiplied by the
      products of couplings that the run's attributes `weight_<component>` name, like g_agamma^2, g_ae^2, g_agamma g_ae
      (1/GeV), and added. GenCrossSection has the cross-section by integration of each weight, times the branching ratio
      where the file holds chosen decays only, the number of events (accepted) and that of the points tried for them
      (attempted; -1 for a file that does not say it).
    * The two particles that collide have status 4. In a shower they are its photon, electron or positron, and the nucleus
      at rest by its PDG number, or the electron.
    * Vertices stand where something flies: the depth of production in a thick target, and decays, with c t since the
      collision.

    Raises `InputError` for a bad event file, where `output` exists and `force` is not set, or where pyhepmc is missing.
    """
    pyhepmc = library("pyhepmc", "a HepMC3 file")
    path = Path(output)
    check_free(path, force=force, inputs=[events])
    unfinished = Unfinished(path, force=force)
    with EventFile(events) as file, unfinished as part:
        sample = Sample(file)
        start = time.perf_counter()
        with compressed(part, path.suffix) as stream, pyhepmc.open(stream, "w") as writer:
            _write_blocks(pyhepmc, writer, sample, progress)
        seconds = time.perf_counter() - start
    return Exported(path, sample.count, sample.cross_section, sample.error, sample.count / seconds)


def _run(pyhepmc: Any, sample: Sample) -> Any:
    """Names and meaning of the weights, and what made the events as JSON in `alphoton`."""
    run = pyhepmc.GenRunInfo()
    run.weight_names = [DEFAULT, *sample.components]
    run.tools = [pyhepmc.GenRunInfo.ToolInfo("alphoton", version("alphoton"), sample.card.process)]
    run.attributes["alphoton"] = json.dumps(sample.meta)
    for name in sample.components:
        run.attributes[f"weight_{name}"] = sample.meaning(name)
    return run


def _cross_section(pyhepmc: Any, event: Any, sample: Sample) -> Any:
    """The cross-section of each weight, attached to an event: it takes the names of the weights from the event's run."""
    found = event.cross_section = pyhepmc.GenCrossSection()
    trials = UNKNOWN if sample.trials is None else sample.trials
    found.set_cross_section(sample.cross_section, sample.error, sample.count, trials)
    for name, (value, error) in sample.units.items():
        found.set_xsec(name, value)
        found.set_xsec_err(name, error)
    return found


def _write_blocks(pyhepmc: Any, writer: Any, sample: Sample, progress: Progress | None) -> None:
    run = _run(pyhepmc, sample)
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.run_info = run
    cross_section = _cross_section(pyhepmc, event, sample)
    for block in sample.blocks(progress):
        for number, weights, particles in _rows(block):
            event.from_hepevt(number, **particles, fortran=False)
            event.run_info, event.weights, event.cross_section = run, weights, cross_section
            writer.write(event)


def _rows(block: Block) -> Iterator[tuple[int, Array, Columns]]:
    """Number, weights and particles of each event, named as pyhepmc names its arguments."""
    p, offsets = block.particles, block.particles.offsets.tolist()
    columns: Columns = {name: p[name] for name in ("px", "py", "pz")} | {"en": p["energy"], "m": p["mass"]}
    columns |= {"pid": p["pdgId"].astype(np.int32), "status": p["status"].astype(np.int32)}
    columns["parents"] = np.stack([p["mother1"], p["mother2"]], axis=1).astype(np.int32)
    if VERTEX[0] in p.fields:
        columns |= {name: p[name] for name in VERTEX} | {"vt": p["time"]}
    for index, (number, weights) in enumerate(zip(block.numbers.tolist(), block.weights, strict=True)):
        own = slice(offsets[index], offsets[index + 1])
        yield number, weights, {name: column[own] for name, column in columns.items()}
