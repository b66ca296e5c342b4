"""Radiation and energy spread of the beams at colliders: what they change of cross-sections, efficiencies and limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alphoton.analysis.selection import Cut
from alphoton.generators.event_source import cross_section
from alphoton.workflows.chain import COUPLINGS, Experiment, PointLimit, load_experiment
from alphoton.workflows.limit_scan import rows_at_mass
from alphoton.workflows.named_content import by_content
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import LIGHT, Measured, quotient

EVENTS = 100_000
RADIATION = "process.beams.initial_state_radiation=leading_log"
ONE_ENERGY = ("process.beams.sqrt_s=200 GeV", "process.beams.luminosity=645.7 /pb")
"""DELPHI's luminosity at one energy: what beams do to an ALP hardly depends on which of the ten it is."""
PEAK = 0.1
"""Half of the window about the photon's energy at the B factories, relative: four standard deviations of its resolution."""
EXPERIMENTS = {"delphi": "DELPHI", "babar": "BaBar", "belle2-20fb": "Belle II"}
HEAVY = {"delphi": 50.0, "babar": 5.0, "belle2-20fb": 5.0}
SPREADS = {"delphi": 1e-3, "babar": 0.67e-3, "belle2-20fb": 0.67e-3}
"""Of each beam, relative. They are assumptions: 0.1% at LEP, and at the B factories 5 MeV of sqrt(s)."""


@dataclass(frozen=True)
class Effect:
    """Cross-section, efficiency and limit of each coupling alone, over those with nominal beams."""

    cross_section: dict[str, Measured]
    efficiency: dict[str, Measured]
    limit: dict[str, Measured]


@by_content(64)
def effect(analysis: str, mass: float, *options: str, events: int = EVENTS) -> Effect:
    """What options of the beams, overrides of the process card, change at a mass (GeV)."""
    nominal, real = (_numbers(analysis, mass, events, chosen) for chosen in ((), options))
    ratios = [
        {name: Measured(*quotient(real_each[name], nominal_each[name])) for name in COUPLINGS}
        for real_each, nominal_each in zip(real, nominal, strict=True)
    ]
    return Effect(*ratios)


def spread(analysis: str) -> str:
    """The option that gives an experiment's beams their spread."""
    return f"process.beams.energy_spread={SPREADS[analysis]!r}"


@by_content(64)
def _numbers(analysis: str, mass: float, events: int, options: tuple[str, ...]) -> tuple[dict[str, Measured], ...]:
    """Cross-sections in pb, efficiencies and limits, with their errors."""
    experiment = _experiment(analysis, mass, options)
    (row,) = rows_at_mass(experiment, mass, 0, events, [])
    (card,), _ = experiment.at(mass, events)
    made = {name: Measured(part.value, part.error) for name, part in cross_section(card).components.items()}
    seen = {name: Measured(*quotient(row.rates[name], made[name])) for name in COUPLINGS}
    return {name: made[name] for name in COUPLINGS}, seen, _limits(row)


def _limits(row: PointLimit) -> dict[str, Measured]:
    limits = zip(COUPLINGS, (row.g_agamma, row.g_ae), strict=True)
    return {name: Measured(limit.value, limit.error) for name, limit in limits}


def _experiment(analysis: str, mass: float, options: tuple[str, ...]) -> Experiment:
    """With nominal beams or others. At the B factories the photon is also in the peak that the searches fit."""
    if analysis == "delphi":
        return load_experiment(analysis, [*ONE_ENERGY, *options])
    experiment = load_experiment(analysis, options)
    root_s = experiment.processes[0].collisions()[0].sqrt_s
    share = 1 - (mass / root_s) ** 2
    peak = {"quantity": "photon.energy", "frame": "cm", "in_units_of": "beam_energy"}
    cut = Cut.model_validate({"name": "peak", **peak, "min": share * (1 - PEAK), "max": share * (1 + PEAK)})
    selection = (*experiment.analysis.selection, cut)
    return replace(experiment, analysis=experiment.analysis.model_copy(update={"selection": selection}))


def _ratios(found: Effect, coupling: str) -> tuple[Entry, ...]:
    """As the table has them; more digits of a cross-section to leading logarithms would mean nothing."""
    return f"{found.cross_section[coupling].value:.4f}", found.efficiency[coupling], found.limit[coupling]


def table() -> BeyondTable:
    """Each experiment with radiation at two masses, and with a spread, over nominal beams."""
    rows: list[tuple[Entry, ...]] = []
    for name, label in EXPERIMENTS.items():
        for mass, about, option in (
            (LIGHT, "radiation, 10 MeV", RADIATION),
            (HEAVY[name], f"radiation, {HEAVY[name]:g} GeV", RADIATION),
            (LIGHT, f"spread {100 * SPREADS[name]:.2g} %", spread(name)),
        ):
            found = effect(name, mass, option)
            ratios = (entry for coupling in COUPLINGS for entry in _ratios(found, coupling))
            rows.append((f"{label}: {about}", *ratios))
    header = tuple(f"{what} ({coupling})" for coupling in ("g_agamma", "g_ae") for what in ("σ", "ε", "limit"))
    return BeyondTable(
        "real-beams",
        "Initial-state radiation and energy spread of the beams",
        "Cross-section σ, efficiency ε and limit of each coupling alone, over those with nominal beams. Radiation is that "
        "of leading logarithms, along the beams; it leaves the measured photon at least half of its nominal energy in the "
        "centre of mass of what is left, which defines σ. DELPHI is at 200 GeV. BaBar and Belle II measure a peak, so the "
        "photon is also within 10% of its nominal energy here, for the ALP and for the dark photon that the limits are "
        "carried over from, whose beams radiate too: radiation changes these limits little. The spreads, of each "
        "beam and at 10 MeV, are assumptions. Errors are of the Monte Carlo.",
        ("experiment and beams", *header),
        tuple(rows),
    )
