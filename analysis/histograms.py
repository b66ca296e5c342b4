"""Histograms of the selected events, filled at constant memory, written as TH1 and TH2.

What is not in the bins is kept as ROOT's `Fill` does: entries count fills, flow bins included; the sums that mean, standard
deviation and effective entries come from are those of the values themselves, and only of what lies within all axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hist
import numpy as np
import uproot
from numpy.typing import NDArray
from uproot.writing.identify import to_TAxis, to_TH1x, to_TH2x

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
        self._filled = {block.name: _Filled(block) for block in self.blocks}

    @property
    def axes(self) -> list[Axis]:
        """The axes of all histograms."""
        return [axis for block in self.blocks for axis in (block.x, block.y) if axis is not None]

    def fill(self, view: EventView, selected: NDArray[np.bool_], weights: NDArray[np.float64]) -> None:
        """Add the selected events of a chunk; `weights` (events) are those of the couplings wanted.

        An event that does not have a quantity of a histogram, as one without a photon has no missing mass, is not in it.
        """
        for block in self.blocks:
            axes = [block.x] if block.y is None else [block.x, block.y]
            values = np.array([axis.values(view)[selected] for axis in axes])
            there = ~np.isnan(values).any(axis=0)
            self._filled[block.name].fill(values[:, there], weights[selected][there])

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write them to a ROOT file as TH1 and TH2."""
        unfinished = Unfinished(path, force=force)
        with unfinished, uproot.recreate(unfinished.open()) as file:
            for name, filled in self._filled.items():
                file[name] = filled.to_root()


class _Filled:
    """One histogram and ROOT's sums: of w, w^2, w x, w x^2, and with a second axis of w y, w y^2, w x y."""

    def __init__(self, block: HistogramBlock) -> None:
        self._block, self._bins = block, _empty(block)
        self._entries = 0
        self._sums = np.zeros(4 if block.y is None else 7)

    def fill(self, values: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
        """Add values (axes, events)."""
        self._bins.fill(*values, weight=weights)
        self._entries += len(weights)
        edges = [(axis.edges[0], axis.edges[-1]) for axis in self._bins.axes]
        within = np.all([(row >= low) & (row < high) for row, (low, high) in zip(values, edges, strict=True)], axis=0)
        w, (x, *others) = weights[within], values[:, within]
        parts = [w, w * w, w * x, w * x * x]
        for y in others:
            parts += [w * y, w * y * y, w * x * y]
        self._sums += [part.sum() for part in parts]

    def to_root(self) -> Any:
        """As uproot writes it. (From a histogram alone uproot takes sums of weights for entries and for squares.)"""
        shared = {
            "fName": None,
            "fTitle": self._block.name,
            "data": np.asarray(self._bins.values(flow=True), dtype=">f8").T.reshape(-1),
            "fSumw2": np.asarray(self._bins.variances(flow=True), dtype=">f8").T.reshape(-1),
            "fEntries": float(self._entries),
        }
        names = ("fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2", "fTsumwy", "fTsumwy2", "fTsumwxy")
        sums = dict(zip(names, self._sums.tolist(), strict=False))
        axes = {
            f"f{key.upper()}axis": to_TAxis(
                fName=f"{key}axis", fTitle=axis.label, fNbins=len(axis), fXmin=axis.edges[0], fXmax=axis.edges[-1]
            )
            for key, axis in zip("xy", self._bins.axes, strict=False)
        }
        return (to_TH1x if len(axes) == 1 else to_TH2x)(**shared, **sums, **axes)


def _empty(block: HistogramBlock) -> hist.Hist[Any]:
    axes = []
    for key in ("x", "y"):
        axis = getattr(block, key)
        if axis is not None:
            low, high = axis.bounds()
            label = axis.quantity + (" (cm)" if axis.frame == "cm" else "")
            axes.append(hist.axis.Regular(axis.bins, low, high, name=key, label=label))
    return hist.Hist(*axes, storage=hist.storage.Weight(), name=block.name, label=block.name)
