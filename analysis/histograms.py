"""Histograms of the selected events, filled at constant memory, written as TH1 and TH2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hist
import numpy as np
import uproot
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard, HistogramBlock
from alphoton.analysis.selection import Axis, EventView
from alphoton.data.output import Unfinished


def blocks(card: AnalysisCard, meta: dict[str, Any]) -> tuple[HistogramBlock, ...]:
    """The card's histograms, or, where it has none, the photon's energy and angle, both together, and the missing mass."""
    if card.histograms:
        return card.histograms
    top = max(beam["energy"] for beam in meta["beams"])
    s = max(beam["sqrt_s"] for beam in meta["beams"]) ** 2
    energy = Axis(quantity="photon.energy", bins=100, min=0, max=f"{1.1 * top:.6g} GeV")
    energy = energy.model_copy(update={"min": "0 GeV"})
    theta = Axis(quantity="photon.theta", bins=90, min="0 rad", max=f"{np.pi!r} rad")
    missing = Axis(quantity="missing_mass2", bins=100, min=f"{-s:.6g} GeV^2", max=f"{s:.6g} GeV^2")
    return (
        HistogramBlock(name="photon_energy", x=energy),
        HistogramBlock(name="photon_theta", x=theta),
        HistogramBlock(name="photon_theta_energy", x=theta, y=energy),
        HistogramBlock(name="missing_mass2", x=missing),
    )


class Histograms:
    """Histograms weighted to the card's couplings, of the events that pass the whole selection."""

    def __init__(self, histogram_blocks: Sequence[HistogramBlock]) -> None:
        self.blocks = tuple(histogram_blocks)
        self.histograms = {block.name: _empty(block) for block in self.blocks}

    @property
    def axes(self) -> list[Axis]:
        """The axes of all histograms."""
        return [axis for block in self.blocks for axis in (block.x, block.y) if axis is not None]

    def fill(self, view: EventView, selected: NDArray[np.bool_], weights: NDArray[np.float64]) -> None:
        """Add the selected events of a chunk; `weights` (events) are those of the couplings wanted."""
        for block in self.blocks:
            axes = [block.x] if block.y is None else [block.x, block.y]
            values = [axis.values(view)[selected] for axis in axes]
            self.histograms[block.name].fill(*values, weight=weights[selected])

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write them to a ROOT file as TH1 and TH2."""
        with Unfinished(path, force=force) as part, uproot.recreate(part) as file:
            for name, histogram in self.histograms.items():
                file[name] = histogram


def _empty(block: HistogramBlock) -> hist.Hist[Any]:
    axes = []
    for key in ("x", "y"):
        axis = getattr(block, key)
        if axis is not None:
            low, high = axis.bounds()
            label = axis.quantity + (" (cm)" if axis.frame == "cm" else "")
            axes.append(hist.axis.Regular(axis.bins, low, high, name=key, label=label))
    return hist.Hist(*axes, storage=hist.storage.Weight(), name=block.name, label=block.name)
