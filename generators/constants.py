"""Constants of nature in GeV and pb: CODATA 2022, https://physics.nist.gov/constants.

They are written here because importing scipy.constants takes 0.1 s, and so that no version of scipy changes an event.
"""

from __future__ import annotations

from math import pi

ALPHA: float = 0.0072973525643
"""The fine-structure constant, not running."""
ELECTRON_MASS: float = 0.51099895069 * 1e-3
"""m_e in GeV."""
MUON_MASS: float = 105.6583755 * 1e-3
PROTON_MASS: float = 938.27208943 * 1e-3
ATOMIC_MASS_UNIT: float = 931.49410372 * 1e-3
"""In GeV: a nucleus weighs A of them."""
AVOGADRO: float = 6.02214076e23
"""Per mol, exact."""
HBARC_MEV_FM = 197.3269804593025
"""hbar c, exact in the SI of 2019."""
HBARC_MM: float = HBARC_MEV_FM * 1e-3 * 1e-12
"""hbar c in GeV mm."""
GEV2_PB: float = (HBARC_MEV_FM * 1e-3) ** 2 * 1e10
"""(hbar c)^2 in pb GeV^2: 1 fm^2 = 1e10 pb."""
TWO_PI: float = 2 * pi

FERMI_CONSTANT: float = 1.1663787e-5
"""In 1/GeV^2."""
PHOTON_ID = 22
