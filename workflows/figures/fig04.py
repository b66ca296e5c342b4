"""Fig. 4: the efficiency of the cuts on angle and energy at DELPHI, without the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from alphoton.detectors.detector_card import DetectorCard, Trigger
from alphoton.generators.process_card import ProcessCard
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.base import LINES, Curve, Figure, Progress, band, panels, quiet, rounded, tracked
from alphoton.workflows.figures.samples import ALONE, acceptances, efficiency_curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MASSES = rounded([1e-3, 0.01, 0.1, 1, 5, 10, 15, 20, 25, 30, *(35 + 2.5 * step for step in range(29))])
"""GeV; above 105 GeV fewer than one event in 1e4 passes."""
EVENTS = 80_000


def without_trigger(card: DetectorCard) -> DetectorCard:
    """The detector with a trigger that lets everything pass: Fig. 4 is angle times energy, Eq. (33) without eps_t."""
    triggers = [number for number, module in enumerate(card.modules) if isinstance(module, Trigger)]
    return DetectorCard.load(card, [f"modules.{number}.efficiency=100 %" for number in triggers])


def at_one_energy(card: ProcessCard) -> ProcessCard:
    """All of the luminosity at a beam energy of 100 GeV."""
    luminosity = sum(card.beams.luminosity or (1.0,))
    return ProcessCard.load(card, ["beams.sqrt_s=200 GeV", f"beams.luminosity={luminosity!r} /pb"])


def compute(progress: Progress = quiet, *, masses: Sequence[float] = MASSES, events: int = EVENTS) -> list[Curve]:
    """Selected over generated weight with the luminosity as it was taken, and with all of it at 100 GeV a beam.

    The weight of sqrt(s)_i is L_i sigma_i, the events made there. Eq. (33) weights with L_i alone, which is the same at
    small masses, and 1% lower (photon) or 2% higher (electron) at 70 GeV.
    """
    packaged = load_experiment("delphi")
    experiment = replace(packaged, detector=without_trigger(packaged.detector))
    settings = {"": experiment, "_100gev": replace(experiment, processes=(at_one_energy(experiment.processes[0]),))}
    jobs = [(suffix, mass) for suffix in settings for mass in masses]
    found = {
        (suffix, mass): acceptances(settings[suffix], mass, events, ALONE, point)
        for point, (suffix, mass) in enumerate(tracked(jobs, progress))
    }
    return [
        efficiency_curve(f"{channel}{suffix}", masses, [found[suffix, mass][channel] for mass in masses])
        for suffix in settings
        for channel in ALONE
    ]


def draw(curves: dict[str, Curve]) -> Canvas:
    """Solid: the luminosity as it was taken; dashed: all of it at a beam energy of 100 GeV."""
    from matplotlib.lines import Line2D

    canvas, (axes,) = panels()
    for name, curve in curves.items():
        channel, _, energy = name.partition("_")
        line = {"color": LINES[channel]["color"], "linestyle": (0, (4, 2)) if energy else "solid"}
        band(axes, curve, label=None if energy else LINES[channel]["label"], **line)
    lines = [
        Line2D([], [], color="black", label="energies and luminosities of LEP2"),
        Line2D([], [], color="black", linestyle=(0, (4, 2)), label=r"all at $E_\mathrm{beam} = 100$ GeV"),
    ]
    axes.set(yscale="log", xlim=(0, 107), ylim=(1e-4, 1), xlabel=r"$m_a$ [GeV]", ylabel="efficiency (angle and energy)")
    axes.legend(handles=[*axes.get_legend_handles_labels()[0], *lines], loc="lower left")
    return canvas


FIGURE = Figure("fig04", "Efficiency of the cuts on angle and energy at DELPHI against the mass of the ALP", compute, draw)
