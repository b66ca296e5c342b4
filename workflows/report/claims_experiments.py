"""What the paper says of experiments, sections 3.1 to 3.3: Eqs. (29) to (46)."""

from __future__ import annotations

from alphoton.workflows.report import claims_bfactories, claims_delphi, claims_dumps, claims_padme, claims_padme_reach
from alphoton.workflows.report.claim import Claim

CLAIMS: tuple[Claim, ...] = (
    *claims_delphi.CLAIMS,
    *claims_bfactories.CLAIMS,
    *claims_dumps.CLAIMS,
    *claims_padme.CLAIMS,
    *claims_padme_reach.CLAIMS,
)
