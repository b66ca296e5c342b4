"""How well a detector card measures a photon: standard deviations of energy and polar angle, without smearing anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from alphoton.detectors import smearing
from alphoton.detectors.detector_card import AngularResolution, DetectorCard, EnergyResolution, PositionResolution
from alphoton.detectors.formula import Formula

Array = NDArray[np.float64]


def energy_and_angle(card: DetectorCard, energy: Array, theta: Array) -> tuple[Array, Array]:
    """Standard deviations (n) of the energy (GeV) and polar angle (rad) of photons with true values `energy` and `theta`.

    Modules add in quadrature. The half width of a Lorentzian stands for its standard deviation, which it does not have.
    """
    columns = {"energy": energy, "theta": theta, "phi": np.zeros(len(energy))}
    variance_e, variance_t = np.zeros(len(energy)), np.zeros(len(energy))
    for module in card.modules:
        if isinstance(module, EnergyResolution):
            variance_e += energy_sigma(module, columns) ** 2
        elif isinstance(module, PositionResolution):
            distance = module.distance or card.geometry.ecal_distance
            assert distance is not None
            sigma = position_sigma(module, columns) / distance
            variance_t += (sigma * (np.cos(theta) ** 2 if module.surface == "plane" else 1.0)) ** 2
        elif isinstance(module, AngularResolution):
            variance_t += angle_sigma(module, "theta", columns) ** 2
    return np.sqrt(variance_e), np.sqrt(variance_t)


def energy_sigma(module: EnergyResolution, columns: dict[str, Array]) -> Array:
    """sigma_E (n) in GeV at true `energy`, `theta` and `phi`."""
    energy = columns["energy"]
    if module.formula is None:
        return energy * smearing.relative_resolution(energy, module.stochastic, module.noise, module.constant)
    return _evaluate(module.formula, columns) * (1.0 if module.mode == "absolute" else energy)


def position_sigma(module: PositionResolution, columns: dict[str, Array]) -> Array:
    """The resolution (n) of each coordinate in mm."""
    if module.formula is None:
        return np.full(len(columns["energy"]), module.resolution)
    return _evaluate(module.formula, columns)


def angle_sigma(module: AngularResolution, key: str, columns: dict[str, Array]) -> Array:
    """The resolution (n) of `theta` or `phi` in rad."""
    formula = getattr(module, f"{key}_formula")
    if formula is not None:
        return _evaluate(formula, columns)
    return np.full(len(columns["energy"]), getattr(module, key) or 0.0)


def _evaluate(formula: str, columns: dict[str, Array]) -> Array:
    return Formula(formula).evaluate_resolution(**columns)
