"""The constants are those of CODATA."""

from __future__ import annotations

import pytest
from scipy.constants import physical_constants

from alphoton.generators import constants

HBARC = physical_constants["reduced Planck constant times c in MeV fm"][0] * 1e-3  # GeV fm
EXACT = 1e-15  # relative rounding of what has no uncertainty in the SI


@pytest.mark.parametrize(
    ("ours", "name", "unit"),
    [
        (constants.ALPHA, "fine-structure constant", 1.0),
        (constants.ELECTRON_MASS, "electron mass energy equivalent in MeV", 1e-3),
        (constants.MUON_MASS, "muon mass energy equivalent in MeV", 1e-3),
        (constants.PROTON_MASS, "proton mass energy equivalent in MeV", 1e-3),
        (constants.ATOMIC_MASS_UNIT, "atomic mass constant energy equivalent in MeV", 1e-3),
        (constants.FERMI_CONSTANT, "Fermi coupling constant", 1.0),
        (constants.AVOGADRO, "Avogadro constant", 1.0),
    ],
)
def test_within_the_uncertainty(ours: float, name: str, unit: float) -> None:
    """scipy may know other adjustments than ours: they differ by little more than their uncertainties."""
    value, _, uncertainty = physical_constants[name]
    assert ours == pytest.approx(value * unit, rel=EXACT, abs=5 * uncertainty * unit)


def test_conversions() -> None:
    assert pytest.approx(HBARC * 1e-12, rel=EXACT) == constants.HBARC_MM  # 1 fm = 1e-12 mm
    assert pytest.approx(HBARC**2 * 1e10, rel=EXACT) == constants.GEV2_PB  # 1 fm^2 = 1e10 pb
