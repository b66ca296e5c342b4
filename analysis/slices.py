"""Limits in any slice of the couplings, from what an experiment allows at one mass.

A slice is swept by rays: couplings that grow together from zero along a direction, which is a set of `Couplings` at unit
scale. A limit along a ray is the scale at which the signal is what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.data.errors import InputError
from alphoton.generators.model import Couplings

COUPLINGS = ("g_agamma", "g_ae", "g_amu")
PHOTON_ONLY, ELECTRON_ONLY = {"g_agamma": 1.0}, {"g_ae": 1.0}


def direction(mass: float, couplings: Mapping[str, float], *, radiative: bool = False) -> Couplings:
    """The direction of relative couplings at a mass (GeV). `radiative` adds the loops of Eq. (9) to the photon coupling.

    Raises `InputError` for an unknown coupling, or where all are zero.
    """
    unknown = [name for name in couplings if name not in COUPLINGS]
    if unknown:
        raise InputError(f"'{unknown[0]}' is no coupling of a direction (known: {', '.join(COUPLINGS)})")
    if not all(map(math.isfinite, couplings.values())) or not any(couplings.values()):
        raise InputError("a direction needs finite couplings, one of them other than 0")
    return Couplings(mass, **couplings, radiative=radiative)


def scaled(ray: Couplings, scale: float) -> Couplings:
    """The couplings to visible matter at a point of a ray."""
    return replace(ray, **{name: getattr(ray, name) * scale for name in COUPLINGS})


@dataclass(frozen=True)
class RayLimit:
    """The scale on a ray from which on couplings are excluded, and up to which; `systematic` is relative.

    NaN where nothing is excluded, or where the range has no upper end.
    """

    lower: CouplingLimit
    upper: CouplingLimit = NO_LIMIT
    systematic: float = 0.0


@dataclass(frozen=True)
class Term:
    """One term of the signal at a coupling of 1 /GeV, over what is allowed, in GeV^2, with its relative errors."""

    value: float = 0.0
    error: float = 0.0
    systematic: float = 0.0

    @classmethod
    def of_limit(cls, limit: CouplingLimit, systematic: float = 0.0) -> Term:
        """From the limit on a coupling that stands alone; a coupling without a limit adds nothing."""
        if not math.isfinite(limit.value):
            return cls()
        return cls(1 / limit.value**2, 2 * limit.error / limit.value, 2 * systematic)


@dataclass(frozen=True)
class Exclusion:
    """The signal of one experiment at one mass over what it allows: a quadratic form in the couplings, 1 on the limit.

    Eq. (30) of arXiv:2012.07894 with the interference that it leaves out:
    photon |g_agamma|^2 + electron g_ae^2 + interference Re(g_agamma) g_ae, each term in GeV^2.
    """

    photon: Term
    electron: Term
    interference: Term = Term()

    def strength(self, couplings: Couplings, photon_kept: float = 1.0, electron_kept: float = 1.0) -> float:
        """The signal over what is allowed at some couplings; of the channels' events a share may be kept."""
        return sum(self._parts(couplings, photon_kept, electron_kept))

    def limit(self, ray: Couplings) -> RayLimit:
        """The limit along a ray; errors of the Monte Carlo are independent, the systematic one is common."""
        parts = self._parts(ray)
        strength = sum(parts)
        if not strength > 0:
            return RayLimit(NO_LIMIT)
        scale, terms = strength**-0.5, (self.photon, self.electron, self.interference)
        error = math.hypot(*(part * term.error for part, term in zip(parts, terms, strict=True))) / strength
        systematic = abs(sum(part * term.systematic for part, term in zip(parts, terms, strict=True))) / strength
        return RayLimit(CouplingLimit(scale, 0.5 * error * scale), systematic=0.5 * systematic)

    def _parts(
        self, couplings: Couplings, photon_kept: float = 1.0, electron_kept: float = 1.0
    ) -> tuple[float, float, float]:
        photon, electron = couplings.photon, couplings.g_ae
        return (
            self.photon.value * abs(photon) ** 2 * photon_kept,
            self.electron.value * electron**2 * electron_kept,
            self.interference.value * photon.real * electron * math.sqrt(photon_kept * electron_kept),
        )
