"""The photons of e+ e- -> gamma X before any detector, by quadrature over the process's own density: no events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.detectors.observables import Beam, photon_quantity
from alphoton.generators import processes
from alphoton.generators.process_card import ProcessCard
from alphoton.generators.vegas_grid import values

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
POINTS = 200_000


@dataclass(frozen=True, eq=False)
class TruePhotons:
    """Energy (GeV) and angle (rad) in the laboratory at points of the process's variable, equally far apart.

    `weights` is the cross-section (pb, at unit couplings) that each component has about each point.
    """

    energy: Array
    theta: Array
    beam: Beam
    mass: float
    weights: dict[str, Array]

    def quantity(self, name: str, frame: str = "lab") -> Array:
        """A quantity that cards cut on, as `energy` or `cos_theta`."""
        columns = {"energy": self.energy, "theta": self.theta}
        return photon_quantity(name, frame, columns, self.beam)  # type: ignore[arg-type]

    def selected(self, card: AnalysisCard) -> Mask:
        """The points that pass the selection of an analysis, as if photons were measured without error."""
        passed = np.ones(len(self.energy), dtype=bool)
        for cut in card.selection:
            if cut.holds(self.mass):
                name = cut.quantity.rpartition(".")[2]
                passed &= cut.accepts(self.quantity(name, cut.frame), self.beam, cut.dimension)
        return passed

    def rate(self, component: str, chosen: Mask | slice = slice(None)) -> float:
        """Cross-section (pb, at unit couplings) of the points chosen."""
        return float(self.weights[component][chosen].sum())

    def share(self, component: str, chosen: Mask) -> float:
        """The part of the cross-section that the points chosen have."""
        return self.rate(component, chosen) / self.rate(component)


def true_photons(card: ProcessCard) -> TruePhotons:
    """The photons of a card of annihilation, or of a dark photon, with one setting of the beams."""
    process = processes.of(card)
    (collision,) = card.collisions()
    parameters = process.parameters(card, collision)
    x = ((np.arange(POINTS) + 0.5) / POINTS)[:, None]
    px, py, pz, energy = process.final_state(x, np.zeros(POINTS), parameters)[:, 0].T
    return TruePhotons(
        energy,
        np.arctan2(np.hypot(px, py), pz),
        Beam.of_events([collision.as_dict()], np.zeros(POINTS, dtype=np.int32)),
        card.mass,
        {part.name: values(part.density, x, parameters) / POINTS for part in process.components},
    )


def worst_difference(first: TruePhotons, one: str, second: TruePhotons, other: str, chosen: Mask) -> float:
    """How far two shapes are apart at worst among the points chosen, where both are normalised: |ratio - 1|.

    The same beams and mass are due in both, so that their points are the same.
    """
    ratio = first.weights[one][chosen] / second.weights[other][chosen]
    norm = first.rate(one, chosen) / second.rate(other, chosen)
    return float(np.abs(ratio / norm - 1).max())


def interference_share(photons: TruePhotons, chosen: Mask | slice = slice(None)) -> float:
    """Interference over the rest of the rate, at the ratio of couplings where it is largest: I / (2 sqrt(P E))."""
    photon, electron, mixed = (photons.rate(name, chosen) for name in ("photon", "electron", "interference"))
    return mixed / (2 * np.sqrt(photon * electron)) if photon * electron > 0 else 0.0
