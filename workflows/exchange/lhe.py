"""Event files as Les Houches event files, version 3 (arXiv:hep-ph/0109068, arXiv:hep-ph/0609017, arXiv:1405.1067)."""

from __future__ import annotations

import io
import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from alphoton.data.event_file import EventFile
from alphoton.data.output import Unfinished, check_free
from alphoton.generators.constants import ALPHA
from alphoton.generators.processes.base import BEAM, DECAYED, FINAL
from alphoton.workflows.exchange.libraries import library
from alphoton.workflows.exchange.record import Block, Exported, Progress, Sample, compressed

WEIGHTED_IN_PB = 4
"""IDWTUP: weights in pb, whose mean is the cross-section; every event is to be kept."""
PROCESS_ID = 1
STATUS = {BEAM: -1, FINAL: 1, DECAYED: 2}
NOT_DEFINED, UNKNOWN_SPIN = -1.0, 9.0
NUMBER = "{%s: .16e}"
"""As many digits as a number has."""


def write_lhe(events: str | Path, output: str | Path, *, force: bool = False, progress: Progress | None = None) -> Exported:
    """Write an event file as a Les Houches event file, compressed where the name ends in `.gz`.

    * XWGTUP is in pb, and its mean over the file is XSECUP (IDWTUP 4): events weighted above 1 in unweighting, and balanced
      samples, keep their weights. XSECUP is the cross-section by integration, times the branching ratio where the file holds
      chosen decays only.
    * The weights of `<rwgt>` are those of each component of the cross-section at couplings of 1, like `photon`, `electron`,
      `interference`: multiplied by the products of couplings that `<initrwgt>` names, like g_agamma^2, g_ae^2,
      g_agamma g_ae (1/GeV), and added they are XWGTUP at those couplings.
    * Each event begins with the two particles that collide. In a shower that is its photon, electron or positron, while
      `<init>` has the beam; a nucleus at rest goes by its PDG number, its energy in `<init>` is its mass. Of several sqrt(s)
      `<init>` has the highest, of several elements the most abundant.
    * VTIMUP of what decays is its c tau, from its flight path. Where things are produced has no place in the format: that
      is in HepMC3.

    Raises `InputError` for a bad event file, where `output` exists and `force` is not set, or where pylhe is missing.
    """
    pylhe = library("pylhe", "an LHE file")
    path = Path(output)
    check_free(path, force=force, inputs=[events])
    unfinished = Unfinished(path, force=force)
    with EventFile(events) as file, unfinished as part:
        sample = Sample(file)
        start = time.perf_counter()
        with compressed(part, path.suffix) as stream, io.TextIOWrapper(stream, encoding="utf-8") as text:
            found = pylhe.LHEFile(
                init=_init(pylhe, sample), events=_events(pylhe, sample, progress), header=_header(pylhe, sample)
            )
            found.write(text, _format(pylhe))
        seconds = time.perf_counter() - start
    return Exported(path, sample.count, sample.cross_section, sample.error, sample.count / seconds)


def _format(pylhe: Any) -> Any:
    """pylhe's own format, with all digits."""
    particle = "{id:d} {status:2d} {mother1:d} {mother2:d} {color1:d} {color2:d}"
    return pylhe.LHEXMLFormat(
        eventinfo="{nparticles:d} {pid:d} {weight:.16e} {scale:g} {aqed:.10g} {aqcd:g}",
        particle=" ".join([particle, *(NUMBER % name for name in ("px", "py", "pz", "e", "m", "lifetime")), "{spin:g}"]),
        initinfo="{beamA:d} {beamB:d} {energyA:.16e} {energyB:.16e} {PDFgroupA:d} {PDFgroupB:d} {PDFsetA:d} {PDFsetB:d}"
        " {weightingStrategy:d} {numProcesses:d}",
        procinfo="{xSection:.16e} {error:.16e} {unitWeight:.16e} {procId:d}",
    )


def _init(pylhe: Any, sample: Sample) -> Any:
    first, second = sample.beams
    info = pylhe.LHEInitInfo(first.number, second.number, first.energy, second.energy, 0, 0, 0, 0, WEIGHTED_IN_PB, 1)
    process = pylhe.LHEProcInfo(sample.cross_section, sample.error, sample.largest_weight, PROCESS_ID)
    generator = pylhe.LHEGenerator("alphoton", version("alphoton"), sample.card.process)
    return pylhe.LHEInit(info, [process], [generator])


def _header(pylhe: Any, sample: Sample) -> Any:
    """The meaning of the weights, and what made the events as JSON in `<alphoton>`."""
    weights = [pylhe.LHEInitRWGTWeight(name, f"{name} part: {sample.meaning(name)}") for name in sample.components]
    group = pylhe.LHEInitRWGTWeightGroup(name="components", weights=weights)
    made = ET.Element("alphoton")
    made.text = json.dumps(sample.meta)
    return pylhe.LHEHeader(pylhe.LHEInitRWGT([group]), [made])


class _Whole(float):
    """A number that is written with all its digits: pylhe's own format of `<rwgt>` has five."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def _events(pylhe: Any, sample: Sample, progress: Progress | None) -> Iterator[Any]:
    for block in sample.blocks(progress):
        yield from _of_block(pylhe, sample, block)


def _of_block(pylhe: Any, sample: Sample, block: Block) -> Iterator[Any]:
    rows, counts = _particles(pylhe, block), block.particles.counts.tolist()
    for count, (total, *parts) in zip(counts, block.weights.tolist(), strict=True):
        info = pylhe.LHEEventInfo(count, PROCESS_ID, total, NOT_DEFINED, ALPHA, NOT_DEFINED)
        weights = {name: _Whole(part) for name, part in zip(sample.components, parts, strict=True)}
        yield pylhe.LHEEvent(info, list(islice(rows, count)), weights)


def _particles(pylhe: Any, block: Block) -> Iterator[Any]:
    """All particles of a block, one after another; places count from 1 there."""
    p = block.particles
    status = [STATUS[each] for each in p["status"].tolist()]
    mothers = [(p[name] + 1).tolist() for name in ("mother1", "mother2")]
    momenta = [p[name].tolist() for name in ("px", "py", "pz", "energy", "mass")]
    lifetime = p["lifetime"].tolist() if "lifetime" in p.fields else repeat(0.0)
    colours = repeat(0), repeat(0)
    return map(pylhe.LHEParticle, p["pdgId"].tolist(), status, *mothers, *colours, *momenta, lifetime, repeat(UNKNOWN_SPIN))
