"""PADME's limit on the electron coupling with backgrounds from events: by counting and by shapes, as a table."""

from __future__ import annotations

from alphoton.workflows.chain import PointLimit
from alphoton.workflows.figures.shapes import limits_at, variants
from alphoton.workflows.report.beyond import BeyondTable, Entry
from alphoton.workflows.report.claim_tools import Measured, number

MASSES = (0.002, 0.005, 0.010, 0.015, 0.020)
"""GeV"""


def _row(mass: float, found: dict[str, PointLimit]) -> tuple[Entry, ...]:
    limits = {name: Measured(row.g_ae.value, row.g_ae.error) for name, row in found.items()}
    _, low, _, high, _ = found["shape"].expected["electron"]
    return (
        f"{mass * 1e3:g} MeV",
        limits["counting_flat"],
        limits["counting_bremsstrahlung"],
        limits["counting_events"],
        limits["counting_events_errors"],
        limits["shape"],
        f"{number(low)} to {number(high)}",
        limits["shape_statistics"],
    )


def table() -> BeyondTable:
    """At each mass the limits of every way to set them, from one sample of the signal."""
    experiments = variants()
    rows = [_row(mass, limits_at(experiments, mass, point)) for point, mass in enumerate(MASSES)]
    return BeyondTable(
        "padme-shapes",
        "PADME with backgrounds from events",
        "Expected limits on g_ae [1/GeV] for 4·10¹³ positrons, 90% CLs, with the card padme-vetoes. The paper counts "
        "3800 events per 10¹¹ positrons, of a shape that it does not give. The events of e⁺e⁻ → γγ, γγγ and e⁺C → e⁺Cγ "
        "give shape and rate: 10⁵ of two photons about zero missing mass, and above 9 MeV less than the paper's number. "
        "Counting needs their rates known; with errors of 5%, 20% and 50%, assumed, little is left of it, while a fit of "
        "the bins measures the rates beside the bump. The last column has the statistics of the templates, 10⁶ generated "
        "events of each background; the columns before take the templates for exact. Errors are of the Monte Carlo of "
        "the signal. Inefficiencies of the vetoes are those of the card, assumed to be 0.1%.",
        (
            "mass",
            "counting, 3800 flat",
            "3800 like bremsstrahlung",
            "counting, events",
            "with errors of the rates",
            "shapes",
            "± 1 σ",
            "with the templates' statistics",
        ),
        tuple(rows),
    )
