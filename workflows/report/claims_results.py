"""What arXiv:2012.07894 says in its introduction and in sections 3.4, 4 and 5, as numbers to compute.

Here stand Fig. 15 and section 5; the other parts have modules of their own, and `CLAIMS` brings them together.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from alphoton.analysis.magnetic_moments import CUTOFF, contributions
from alphoton.analysis.slices import direction
from alphoton.workflows.report import claims_combined, claims_moments, claims_single
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import found, near
from alphoton.workflows.report.claims_combined import PANELS
from alphoton.workflows.report.claims_moments import measured
from alphoton.workflows.report.slice_numbers import (
    CURRENT,
    ELECTRON,
    MASSES,
    PHOTON,
    Array,
    Slice,
    Strip,
    curve,
    in_words,
    mass_strip,
    open_from,
    ratio,
    share,
    strongest,
)
from alphoton.workflows.survey import Survey

FIG15: Slice = {**PANELS["14a"], "g_amu": -0.1}
"""g_agamma / g_ae = 0.001, g_ae = -10 g_amu."""
LOOPS: Slice = {"g_ae": 1.0, "g_amu": -0.1}
"""The same with the photon coupling of the loops alone."""
TO_TEN_GEV = MASSES[MASSES <= 10.0]


def explained(couplings: Slice, *, radiative: bool = False, masses: Array = MASSES, cutoff: float = CUTOFF) -> Strip:
    """Where both moments are explained at 2 sigma, with Lambda = `cutoff` (GeV)."""
    electron, muon = (
        mass_strip(measured(lepton), couplings, radiative=radiative, masses=masses, cutoff=cutoff)
        for lepton in ("electron", "muon")
    )
    return electron.both(muon)


def decades_of_fit(_: Survey) -> Found:
    """The decades of masses, of the five of Fig. 15, in which both moments are explained."""
    masses = MASSES[explained(FIG15).there]
    if not masses.size:
        return found(0.0)
    return found(math.log10(masses[-1] / masses[0]), note=f"{in_words(masses[0])} to {in_words(masses[-1])}")


def explained_from(couplings: Slice, *, radiative: bool = False) -> Callable[[Survey], Found]:
    """The lowest mass (GeV) at which couplings that nothing excludes explain both moments."""

    def compute(survey: Survey) -> Found:
        both, far = (explained(couplings, radiative=radiative, cutoff=cutoff) for cutoff in (CUTOFF, 10 * CUTOFF))
        first, at_far = (in_words(float(MASSES[each.there][0])) for each in (both, far))
        lowest = open_from(both, strongest(survey, CURRENT, couplings, radiative=radiative))
        return found(lowest.value, lowest.error, "GeV", f"the bands meet from {first}, with Λ = 10 TeV from {at_far}")

    return compute


def muon_band_left(survey: Survey) -> Found:
    """The share of Delta a_mu's band below 10 GeV that BaBar does not exclude."""
    band = mass_strip(measured("muon"), FIG15, masses=TO_TEN_GEV)
    return share(band.below(curve(survey, "babar", FIG15).at(TO_TEN_GEV)), band)


def reached(band: Callable[[], Strip], couplings: Slice, *analyses: str) -> Callable[[Survey], Found]:
    """The share of what is open of a band up to 10 GeV that experiments reach."""

    def compute(survey: Survey) -> Found:
        left = band().below(strongest(survey, CURRENT, couplings).at(TO_TEN_GEV))
        return found(1 - share(left.below(strongest(survey, analyses, couplings).at(TO_TEN_GEV)), left).value)

    return compute


def electron_band() -> Strip:
    """The band of Delta a_e in Fig. 14a up to 10 GeV."""
    return mass_strip(measured("electron"), PANELS["14a"], masses=TO_TEN_GEV)


def both_bands() -> Strip:
    """Where both moments are explained in Fig. 15 up to 10 GeV."""
    return explained(FIG15, masses=TO_TEN_GEV)


def enhancement(_: Survey) -> Found:
    """The Barr-Zee term over that of the lepton alone, in size, at 1 GeV: the smaller of electron and muon."""
    terms = {lepton: contributions(lepton, direction(1.0, FIG15)) for lepton in ("electron", "muon")}
    sizes = {lepton: abs(each.barr_zee / each.fermion) for lepton, each in terms.items()}
    return found(min(sizes.values()), note=", ".join(f"{size:.2g} for the {lepton}" for lepton, size in sizes.items()))


def weaker_in_electrons(survey: Survey) -> Found:
    """BaBar's limit on g_ae over that on g_agamma, at 1 GeV."""
    return ratio(curve(survey, "babar", ELECTRON).at_mass(1.0), curve(survey, "babar", PHOTON).at_mass(1.0))


FIG15_AND_CONCLUSIONS = (
    Claim(
        "fit-of-both",
        "Sec. 4.2, Fig. 15",
        "g_ae ~ -10 g_aμ fits both moments in a large mass range: decades of the mass up to 100 GeV, above 1",
        1.0,
        5.0,
        decades_of_fit,
        "Where both 2σ bands overlap at g_aγ/g_ae = 0.001 and Λ = 1 TeV.",
    ),
    Claim(
        "muon-band-left",
        "Sec. 4.2, Fig. 15",
        "BaBar does not exclude the region that Δa_μ favours below 10 GeV: the share that is left, above 0",
        0.01,
        1.0,
        muon_band_left,
        "By the logarithmic area of the muon's 2σ band.",
    ),
    Claim(
        "good-compromise",
        "Sec. 4.2, Fig. 15",
        "g_aγ/g_ae ~ 0.001 enhances Δa_e and Δa_μ enough by the Barr-Zee term: over the lepton's own term at 1 GeV, above 1",
        1.0,
        math.inf,
        enhancement,
        "The smaller of both; below 0.27 GeV it is below 1 for the muon, and Δa_μ gets the wrong sign.",
    ),
    Claim(
        "hundred-mev",
        "Sec. 1",
        "ALPs as light as a hundred MeV still explain both moments",
        *near(0.1, 0.5),
        explained_from(FIG15),
        "At g_aγ/g_ae = 0.001 and Λ = 1 TeV, which the paper does not give, the muon's own term, of the wrong sign, wins at "
        "lower masses, and BaBar excludes the beginning of the overlap. How the paper got lower is not known to us: Λ = 10 "
        "TeV is not enough.",
    ),
    Claim(
        "hundreds-of-mev",
        "Sec. 5",
        "the solution for both moments is viable down to hundred of MeV: read as hundreds, 0.1 to 1 GeV",
        0.1,
        1.0,
        explained_from(FIG15),
        "Where both 2σ bands meet below BaBar's limit, at g_aγ/g_ae = 0.001 and Λ = 1 TeV.",
    ),
    Claim(
        "hundred-mev-with-loop",
        "beyond the paper",
        "ALPs as light as a hundred MeV explain both moments with the photon coupling of the leptons' loops itself",
        *near(0.1, 0.5),
        explained_from(LOOPS, radiative=True),
        "With the coupling of Eq. (9), 0.0023 g_ae, the bands do meet from there on; but BaBar's limit on g_ae is lower in "
        "turn, and excludes the overlap up to twice that mass.",
    ),
    Claim(
        "both-in-reach-of-belle",
        "Sec. 1",
        "the solution for both moments lies within the range of Belle II: the share of it that 50 /ab reach, up to 10 GeV",
        0.5,
        1.0,
        reached(both_bands, FIG15, "belle2-50ab"),
        "Of the open overlap of both 2σ bands, by its logarithmic area; above 8 GeV there is no projection.",
    ),
    Claim(
        "na64-and-belle",
        "Sec. 5",
        "NA64 and Belle II probe to a large extent the region of Δa_e below 10 GeV: share, with 5e12 electrons and 20 /fb",
        0.5,
        1.0,
        reached(electron_band, PANELS["14a"], "na64-5e12", "belle2-20fb"),
        "Of the open part of the 2σ band of Fig. 14a, by its logarithmic area.",
    ),
    Claim(
        "belle-20fb",
        "Sec. 5",
        "Belle II tests with only 20 /fb most of the space up to 10 GeV: share, above 0.5",
        0.5,
        1.0,
        reached(electron_band, PANELS["14a"], "belle2-20fb"),
        "As before; from 8 to 10 GeV there is no projection.",
    ),
    Claim(
        "babar-weaker-in-electrons",
        "Sec. 5",
        "BaBar's limits weaken significantly in the electron channel: on g_ae over g_aγ at 1 GeV, above 10",
        10.0,
        math.inf,
        weaker_in_electrons,
        "√s/m_e over a factor as in Eq. (19); most of the electron channel goes along the beams, where BaBar does not look.",
    ),
)

CLAIMS: tuple[Claim, ...] = (
    *claims_moments.PAPER,
    *claims_single.CLAIMS,
    *claims_combined.CLAIMS,
    *FIG15_AND_CONCLUSIONS,
    *claims_moments.OWN,
)
