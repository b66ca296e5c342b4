"""What the paper says of the model, of SN1987A and of production, section 2: Eqs. (1) to (28)."""

from __future__ import annotations

from alphoton.workflows.report import claims_annihilation, claims_model, claims_nuclei, claims_supernova
from alphoton.workflows.report.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *claims_model.CLAIMS,
    *claims_supernova.CLAIMS,
    *claims_annihilation.CLAIMS,
    *claims_nuclei.CLAIMS,
)
