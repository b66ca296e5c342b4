"""The figure of a workflow: limits on both couplings against the mass, a curve or band an analysis, and published ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard, ComparisonBlock
from alphoton.data.output import Unfinished
from alphoton.data.published_file import load
from alphoton.workflows.chain import PointLimit
from alphoton.workflows.figures.base import style
from alphoton.workflows.measurements import beside

Array = NDArray[np.float64]
COUPLINGS = (("g_agamma", "photon", r"$g_{a\gamma}$ [GeV$^{-1}$]"), ("g_ae", "electron", r"$g_{ae}$ [GeV$^{-1}$]"))
COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Ten that differ for everyone: M. A. Petroff, arXiv:2107.02270."""
PUBLISHED = ("black", "0.45")
"""Colours of published curves, which are dashed."""


@dataclass(frozen=True)
class Published:
    """A published curve that is drawn beside the limits: masses in GeV, couplings in 1/GeV, NaN where there is none."""

    label: str
    coupling: str
    mass: Array
    value: Array


def published(cards: Iterable[AnalysisCard]) -> tuple[Published, ...]:
    """The published curves that analysis cards want beside their limits, each once.

    Raises `InputError` where one is unknown.
    """
    found: dict[tuple[str | Path, ComparisonBlock], Published] = {}
    for card in cards:
        for block in card.comparison:
            reference = beside(card, block.curve)
            curve = load(reference)
            mass, value = curve.column(block.mass_column), curve.column(block.column)
            found[reference, block] = Published(block.label, block.coupling, mass, value)
    return tuple(found.values())


def draw_limits(rows: Sequence[PointLimit], folder: Path, beside_them: Sequence[Published] = ()) -> tuple[Path, ...]:
    """Draw `limits.png` and `limits.pdf` into the folder, a panel for each coupling that is limited at all.

    Pale bands about a curve are the statistical and systematic errors of the limits, and where there is a background what is
    expected at 1 and 2 standard deviations of it. A range of couplings that is excluded
    between two edges is filled. Published curves are dashed.
    """
    shown = [coupling for coupling in COUPLINGS if any(np.isfinite(getattr(row, coupling[0]).value) for row in rows)]
    with style():
        import matplotlib.pyplot as plt

        width = 7.5 * len(shown) if len(shown) > 1 else 9.75
        canvas, grid = plt.subplots(1, len(shown), figsize=(width, 7), layout="constrained", squeeze=False)
        handles: dict[str, Any] = {}
        for panel, (coupling, component, label) in zip(grid[0], shown, strict=True):
            limited = [row for row in rows if np.isfinite(getattr(row, coupling).value)]
            panel.set_prop_cycle(color=COLORS)
            _panel(panel, limited, coupling, component)
            _published(panel, [each for each in beside_them if each.coupling == coupling], [row.mass for row in limited])
            banded = all(np.isfinite(getattr(row, f"{coupling}_upper").value) for row in limited)
            panel.set(
                xscale="log", yscale="log", xlabel=r"$m_a$ [GeV]", ylabel=label if banded else f"upper limit on {label}"
            )
            handles = dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True)) | handles
        columns = 1 if len(shown) == 1 else 3
        canvas.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=columns, fontsize=14)
        paths = []
        for suffix in ("png", "pdf"):
            path = folder / f"limits.{suffix}"
            with Unfinished(path, force=True) as part:
                canvas.savefig(part, format=suffix, metadata={"CreationDate": None} if suffix == "pdf" else None)
            paths.append(path)
        plt.close(canvas)
    return tuple(paths)


def _panel(panel: Any, rows: Sequence[PointLimit], coupling: str, component: str) -> None:
    for name in dict.fromkeys(row.analysis for row in rows):
        own = [row for row in rows if row.analysis == name]
        mass = np.array([row.mass for row in own])
        value = np.array([getattr(row, coupling).value for row in own])
        statistical = np.array([getattr(row, coupling).error for row in own])
        error = np.hypot(statistical, value * np.array([row.systematic[component] for row in own]))
        method, level = own[0].method, own[0].confidence_level
        shown = f"{name}: {method}" + (f", {level:.0%} CL" if np.isfinite(level) else "")
        (line,) = panel.plot(mass, value, marker="o", markersize=4, label=shown)
        panel.fill_between(mass, value - error, value + error, color=line.get_color(), alpha=0.25, linewidth=0)
        if all(component in row.expected for row in own):  # of the background, at 1 and 2 standard deviations
            bands = np.transpose([row.expected[component] for row in own])
            for low, high in ((0, 4), (1, 3)):
                panel.fill_between(mass, bands[low], bands[high], color=line.get_color(), alpha=0.15, linewidth=0)
        upper = np.array([getattr(row, f"{coupling}_upper").value for row in own])
        if np.isfinite(upper).any():
            panel.plot(mass, upper, marker="o", markersize=4, color=line.get_color())
            panel.fill_between(mass, value, upper, color=line.get_color(), alpha=0.2, linewidth=0)


def _published(panel: Any, curves: Sequence[Published], masses: Sequence[float]) -> None:
    """Curves of one label are edges of one band: they look the same, and stand in the legend once."""
    labels = list(dict.fromkeys(each.label for each in curves))
    for each in curves:
        number = labels.index(each.label)
        inside = (each.mass >= 0.999 * min(masses)) & (each.mass <= 1.001 * max(masses)) & np.isfinite(each.value)
        first = next(other for other in curves if other.label == each.label) is each
        color = PUBLISHED[number % len(PUBLISHED)]
        panel.plot(
            each.mass[inside],
            each.value[inside],
            "--",
            color=color,
            linewidth=2,
            zorder=3,
            label=each.label if first else None,
        )
