"""The figure of a workflow: limits on both couplings against the mass, one curve an analysis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alphoton.data.output import Unfinished
from alphoton.workflows.chain import PointLimit
from alphoton.workflows.figures.base import style

COUPLINGS = (("g_agamma", "photon", r"$g_{a\gamma}$ [GeV$^{-1}$]"), ("g_ae", "electron", r"$g_{ae}$ [GeV$^{-1}$]"))


def draw_limits(rows: Sequence[PointLimit], folder: Path) -> tuple[Path, ...]:
    """Draw `limits.png` and `limits.pdf` into the folder; bands are the statistical and systematic errors of the limits."""
    with style():
        import matplotlib.pyplot as plt

        canvas, panels = plt.subplots(1, 2, figsize=(15, 7), layout="constrained")
        for panel, (coupling, component, label) in zip(panels, COUPLINGS, strict=True):
            _panel(panel, rows, coupling, component)
            panel.set(xscale="log", yscale="log", xlabel=r"$m_a$ [GeV]", ylabel=f"upper limit on {label}")
        canvas.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=14)
        paths = []
        for suffix in ("png", "pdf"):
            path = folder / f"limits.{suffix}"
            with Unfinished(path, force=True) as part:
                canvas.savefig(part, format=suffix)
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
