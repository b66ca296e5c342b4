"""Resonant production: what it does to NA64's limit, and what electrons bound in atoms do to a scan, as a table."""

from __future__ import annotations

import numpy as np

from alphoton.generators.processes.resonant import line, resonance
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.energy_scan import scan_limit
from alphoton.workflows.figures.resonant import bremsstrahlung_limits, electron_limit, reached_at_rest, together
from alphoton.workflows.figures.scan import scanned
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import Measured

MASSES = (0.222, 0.230, 0.250, 0.280, 0.310)
SCANNED = 0.017
KINDS = {"bound": [], "at rest": ["process.beams.bound_electrons=null"]}


def limits_of_na64(mass: float) -> tuple[Measured, Measured, Measured | None]:
    """Limits on g_ae at a mass (GeV): by bremsstrahlung, and with resonances on bound electrons and on those at rest."""
    alone = bremsstrahlung_limits([mass])
    found: list[Measured | None] = []
    for name, overrides in KINDS.items():
        if name == "at rest" and not reached_at_rest(mass):
            found.append(None)
            continue
        limit = electron_limit(load_experiment("na64-resonant", overrides, "na64-resonant"), mass)
        value, error = together(alone, (np.array([limit.value]), np.array([limit.error])))
        found.append(Measured(float(value[0]), float(error[0])))
    assert found[0] is not None
    return Measured(float(alone[0][0]), float(alone[1][0])), found[0], found[1]


def line_width(element: str | None, spread: float) -> float:
    """Full width at half maximum (MeV) of the line at 17 MeV against the beam's mean energy."""
    middle = resonance(SCANNED, 0.0, 0.0)
    energies = middle * np.linspace(0.97, 1.03, 2401)
    values = line(SCANNED, energies, spread, element)
    above = energies[values > values.max() / 2]
    return float(above[-1] - above[0]) * 1e3


def table() -> BeyondTable:
    """Limits on g_ae in 1/GeV at NA64, and the line at PADME."""
    rows: list[tuple[Entry, ...]] = []
    for mass in MASSES:
        alone, bound, rest = limits_of_na64(mass)
        rows.append((f"NA64, {mass * 1e3:g} MeV: limit on g_ae [1/GeV]", alone, rest or "–", bound))
    bound, rest = (Measured(scan_limit(scanned(name), SCANNED).g_ae.value) for name in ("bound", "at_rest"))
    spread = scanned("bound").processes[0].beams.energy_spread
    widths = (Measured(line_width(element, spread)) for element in (None, "carbon"))
    rows.append(("PADME, scan over 17 MeV: width of the line [MeV of the beam]", "–", *widths))
    rows.append(("PADME, scan over 17 MeV: expected limit on g_ae [1/GeV]", "–", rest, bound))
    return BeyondTable(
        "resonant",
        "Resonant production, e+ e- -> a",
        "At NA64 secondary positrons of the shower, by Monte Carlo, are on resonance where an ALP of 226 to 320 MeV "
        "takes 50 to 100 GeV from electrons at rest. Electrons of lead have momenta of their own (Compton profiles "
        "of Biggs, Mendelsohn and Mann), which reach beyond both ends. Errors are of the Monte Carlo, the shower's "
        "included. A scan of PADME's beam, whose points are assumed, has a line as wide as the beam, 0.25%, on "
        "electrons at rest; those of carbon smear it. The width is the full one at half of the height.",
        ("experiment", "without", "electrons at rest", "bound electrons"),
        tuple(rows),
    )
