"""Constants of nature (CODATA through scipy), in GeV and pb."""

from __future__ import annotations

from math import pi

from scipy.constants import fine_structure, physical_constants

ALPHA: float = fine_structure
"""The fine-structure constant, not running."""
ELECTRON_MASS: float = physical_constants["electron mass energy equivalent in MeV"][0] * 1e-3
"""m_e in GeV."""
MUON_MASS: float = physical_constants["muon mass energy equivalent in MeV"][0] * 1e-3
PROTON_MASS: float = physical_constants["proton mass energy equivalent in MeV"][0] * 1e-3
ATOMIC_MASS_UNIT: float = physical_constants["atomic mass constant energy equivalent in MeV"][0] * 1e-3
"""In GeV: a nucleus weighs A of them."""
GEV2_PB: float = (physical_constants["reduced Planck constant times c in MeV fm"][0] * 1e-3) ** 2 * 1e10
"""(hbar c)^2 in pb GeV^2: 1 fm^2 = 1e10 pb."""
TWO_PI: float = 2 * pi

HBARC_MM: float = physical_constants["reduced Planck constant times c in MeV fm"][0] * 1e-3 * 1e-12
"""hbar c in GeV mm."""

PHOTON_ID = 22
