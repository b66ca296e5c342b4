"""Showers by Monte Carlo instead of Eq. (27): what becomes of the ALPs made at NA64 and E137, and of their limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alphoton.analysis.limits import CouplingLimit
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import Measured, quotient, sections

MONTE_CARLO = "beams.target.shower=monte_carlo"
E137 = ("beams.electron_energy=20 GeV", "beams.target={material: aluminium, thickness: 200 X0}", "energy_cut=2 GeV")
EVENTS = 50_000


@dataclass(frozen=True)
class Yield:
    """ALPs made in a shower: experiment, process card with what is laid over it, its component, masses (GeV), and the power
    of the yield that the limit goes with."""

    experiment: str
    made_by: str
    card: str
    component: str
    masses: tuple[float, ...]
    power: float
    overrides: tuple[str, ...] = ()


YIELDS = (
    Yield("NA64", "Primakoff", "na64-primakoff", "photon", (0.001, 0.01, 0.1), -1 / 2),
    Yield("NA64", "bremsstrahlung", "na64-bremsstrahlung", "electron", (0.001, 0.01, 0.1), -1 / 2),
    Yield("E137", "Primakoff", "e137-primakoff", "photon", (0.01, 0.1), -1 / 4),
    Yield("E137", "bremsstrahlung", "na64-bremsstrahlung", "electron", (0.01, 0.1), -1 / 4, E137),
)
BANDS = (0.01, 0.1)
"""Masses (GeV) of E137's band of the photon coupling."""


def ratio(made: Yield, mass: float, power: float = 1.0) -> Measured:
    """The yield with the Monte Carlo's shower over that with Eq. (27), to a power."""
    whole, closed = (
        sections(made.card, mass, *made.overrides, *more).components[made.component] for more in ((MONTE_CARLO,), ())
    )
    return Measured(*quotient(whole, closed, power=power))


def _band(mass: float) -> Iterator[tuple[str, Measured]]:
    """The ends of E137's band from events, the Monte Carlo's shower over Eq. (27)."""
    whole, closed = (
        dump_limit(load_experiment("e137-events", [*more]), mass, events=EVENTS)
        for more in ((f"process.{MONTE_CARLO}",), ())
    )
    for name, end in (("lower", "g_agamma"), ("upper", "g_agamma_upper")):
        first, second = getattr(whole, end), getattr(closed, end)
        assert isinstance(first, CouplingLimit)
        yield f"{name} end of the band, from events", Measured(*quotient(first, second))


def table() -> BeyondTable:
    """Ratios of yields and limits, as a table of the report."""
    rows: list[tuple[Entry, ...]] = [
        (f"{made.experiment}, {made.made_by}", f"{mass * 1e3:g} MeV", ratio(made, mass), ratio(made, mass, made.power))
        for made in YIELDS
        for mass in made.masses
    ]
    rows += [(f"E137, {name}", f"{mass * 1e3:g} MeV", "", value) for mass in BANDS for name, value in _band(mass)]
    return BeyondTable(
        "showers",
        "Showers by Monte Carlo, over Eq. (27)",
        "Eq. (27) takes the photons of the beam's electron and no more, with a simplified spectrum. The option "
        "shower: monte_carlo of a target follows electrons, positrons and photons through bremsstrahlung and pairs, and "
        "bremsstrahlung of ALPs then counts all electrons and positrons. Eq. (27) has a third too many photons at half of "
        "the beam's energy, and more below; of electrons it leaves out those of pairs. Yields are above 50 GeV at NA64 and "
        "above 2 GeV at E137. Limits go with the yield to the power of -1/2 where only production has a coupling, of -1/4 "
        "where a long-lived ALP decays by it too; the band from events has the acceptance as well. Errors are of the Monte "
        "Carlo, the track lengths included, and are common to all masses of a process.",
        ("shower", "mass", "yield", "limit"),
        tuple(rows),
    )
