"""What section 4.2 of arXiv:2012.07894 says of both couplings together, Figs. 13 and 14."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from alphoton.analysis.beam_dump import Dump, mean_boost
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import direction
from alphoton.generators.constants import HBARC_MM
from alphoton.generators.event_source import cross_section
from alphoton.generators.model import Couplings, widths
from alphoton.workflows.figures.samples import process
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import LIGHT, found, near, quotient, same_order
from alphoton.workflows.report.claims_moments import measured
from alphoton.workflows.report.claims_single import at, dump_band
from alphoton.workflows.report.slice_numbers import (
    CURRENT,
    ELECTRON,
    FUTURE,
    MASSES,
    PHOTON,
    RAYS,
    Slice,
    curve,
    in_words,
    lowest_mass_below,
    mass_strip,
    open_from,
    plane_limit,
    plane_strip,
    share,
    strongest,
)
from alphoton.workflows.survey import Survey

PLANES = (0.01, 1.0, 7.5)
"""The masses of Fig. 13, GeV."""
PANELS: dict[str, Slice] = {"14a": {"g_agamma": 1e-3, "g_ae": 1.0}, "14b": {"g_agamma": 1e-2, "g_ae": 1.0}}
"""The ratios of Fig. 14, which its caption inverts."""
DUMP_RAYS: tuple[Slice, ...] = tuple({"g_ae": 1.0, "g_agamma": float(r)} for r in np.geomspace(0.02, 1.0, 18))
"""Rays about the end of E137's region at large g_ae."""
VISIBLE = 1e-4
"""Gamma_vis / Gamma_inv of E137 in Fig. 13."""


# --- Fig. 13 -----------------------------------------------------------------------------------------------------------


def largest_interference(survey: Survey) -> Found:
    """The largest relative change of a limit of Fig. 13 by the interference, over all rays."""
    analyses, changes = (*CURRENT, *FUTURE), []
    survey.work_out([(analysis, mass) for mass in PLANES for analysis in analyses])
    for mass in PLANES:
        rays = [direction(mass, ray) for ray in RAYS]
        for analysis in analyses:
            if (row := survey.row(analysis, mass)) is not None:
                kept, left_out = row.exclusion(), row.exclusion(interference=False)
                change = max(abs(kept.limit(ray).lower.value / left_out.limit(ray).lower.value - 1) for ray in rays)
                changes.append((change, analysis))
    largest, whose = max(changes)
    return found(largest, note=whose)


def dump_end(survey: Survey) -> tuple[float, float]:
    """(g_ae, g_agamma) in 1/GeV at 10 MeV where what E137 excludes reaches farthest in g_ae."""
    bands = [dump_band(survey, VISIBLE, LIGHT, ray) for ray in DUMP_RAYS]
    end = max((each for each in bands if math.isfinite(each.g_ae_upper.value)), key=lambda each: each.g_ae_upper.value)
    return end.g_ae_upper.value, end.g_agamma_upper.value


def electrons_over_photons(survey: Survey) -> Found:
    """Gamma_ee / Gamma_gammagamma at `dump_end`."""
    g_ae, g_agamma = dump_end(survey)
    partial = widths(Couplings(LIGHT, g_agamma=g_agamma, g_ae=g_ae))
    return found(partial["electrons"] / partial["photons"])


def decay_length(survey: Survey) -> Found:
    """The invisible decay length over E137's shielding at 10 MeV and g_ae = 1e-4 /GeV."""
    block = survey.experiment("e137").analysis.beam_dump
    assert block is not None
    boost = mean_boost(Dump(block.shielding, block.decay_region), LIGHT, *published_edges(block, LIGHT))
    invisible = widths(Couplings(LIGHT, g_ae=1e-4))["electrons"] / VISIBLE
    return found(HBARC_MM * boost / invisible / block.shielding)


def opening(survey: Survey) -> Found:
    """The lower end of Delta a_e's band over the strongest present limit at 10 MeV: the smallest of all rays."""
    limit = plane_limit(survey, CURRENT, LIGHT)
    return found(float(np.nanmin(plane_strip(measured("electron"), LIGHT).lower / limit)))


def covered(survey: Survey) -> Found:
    """The share of the open part of Delta a_e's band that future limits reach: the smallest of the planes of Fig. 13."""
    shares = {}
    for mass in PLANES:
        left = plane_strip(measured("electron"), mass).below(plane_limit(survey, CURRENT, mass))
        shares[mass] = 1 - share(left.below(plane_limit(survey, FUTURE, mass)), left).value
    return found(min(shares.values()), note=", ".join(f"{value:.3f} at {in_words(mass)}" for mass, value in shares.items()))


def least_prospect(survey: Survey) -> Found:
    """Of the open part of Delta a_e's band at 10 MeV, the share that each future experiment reaches: the smallest."""
    left = plane_strip(measured("electron"), LIGHT).below(plane_limit(survey, CURRENT, LIGHT))
    shares = {name: 1 - share(left.below(plane_limit(survey, [name], LIGHT)), left).value for name in FUTURE}
    return found(min(shares.values()), note=", ".join(f"{value:.2f} {name}" for name, value in shares.items()))


def power_of_s(_: Survey) -> Found:
    """d ln sigma / d ln s of the electron channel for 10 MeV, between sqrt(s) = 10.58 GeV and twice that."""
    cards = [process("collider", LIGHT, 1, f"beams.sqrt_s={root_s!r} GeV") for root_s in (10.58, 21.16)]
    first, last = (cross_section(card, 0).components["electron"] for card in cards)
    value, error = quotient(last, first)
    return found(math.log(value) / math.log(4), error / value / math.log(4))


# --- Fig. 14 -----------------------------------------------------------------------------------------------------------


def photon_share(analysis: str, couplings: Slice) -> Callable[[Survey], Found]:
    """The share of the photon coupling's term in an experiment's signal on its limit: the median over its masses."""

    def compute(survey: Survey) -> Found:
        alone = curve(survey, analysis, PHOTON)
        shares = (couplings["g_agamma"] * curve(survey, analysis, couplings).at(MASSES) / alone.at(MASSES)) ** 2
        shares = shares[np.isfinite(shares)]
        return found(float(np.median(shares)), note=f"{shares.min():.2f} to {shares.max():.2f}")

    return compute


def transition(couplings: Slice) -> Callable[[Survey], Found]:
    """The mass (GeV) from which on the photon coupling makes more of NA64's signal than the electron coupling."""

    def compute(survey: Survey) -> Found:
        photon = curve(survey, "na64", PHOTON).times(1 / couplings["g_agamma"])
        return lowest_mass_below(photon, curve(survey, "na64", ELECTRON))

    return compute


def lowest_open(couplings: Slice) -> Callable[[Survey], Found]:
    """The lowest mass (GeV) with a part of Delta a_e's band below all present limits."""
    return lambda survey: open_from(mass_strip(measured("electron"), couplings), strongest(survey, CURRENT, couplings))


CLAIMS = (
    Claim(
        "smooth-transition",
        "Sec. 4.2, Fig. 13",
        "with both couplings limits turn over smoothly, as rates that add: change by the interference, below 0.1",
        0.0,
        0.1,
        largest_interference,
        "The largest of all experiments, masses and ratios of Fig. 13. We keep the interference, the paper leaves it out.",
    ),
    Claim(
        "e137-end",
        "Sec. 4.2, Fig. 13a",
        "at 10 MeV and Γ_vis/Γ_inv = 1e-4 E137's region stops around g_ae ~ 1e-4 /GeV",
        *same_order(1e-4),
        lambda survey: found(dump_end(survey)[0], unit="/GeV"),
        "Its farthest end along g_ae, with Eqs. (39) to (42) and visible decays to photons and electrons.",
    ),
    Claim(
        "e137-electrons",
        "Sec. 4.2, Fig. 13a",
        "electrons are the main visible decay at the right of E137's region: their width over that of photons, above 1",
        1.0,
        math.inf,
        electrons_over_photons,
        "The widths of Eqs. (3) and (4) at the end of the region.",
    ),
    Claim(
        "e137-decay-length",
        "Sec. 4.2, Fig. 13a",
        "at g_ae ~ 1e-4 /GeV the invisible decay length is much smaller than the shielding: their ratio, below 0.3",
        0.0,
        0.3,
        decay_length,
        "With the boost of Eq. (42) and the width into electrons over 1e-4, at 10 MeV.",
    ),
    Claim(
        "opening",
        "Sec. 4.2, Fig. 13a",
        "the two terms of Δa_e open parameter space below NA64 and BaBar at low mass: band over limit, below 1",
        0.0,
        1.0,
        opening,
        "The lower end of the 2σ band over the strongest present limit, at the best ratio of the couplings, 10 MeV.",
    ),
    Claim(
        "prospects",
        "Sec. 4.2, Fig. 13a",
        "what is open is a target for NA64, PADME and Belle II: the share at 10 MeV that each reaches, above 0",
        0.01,
        1.0,
        least_prospect,
        "NA64 with 5e12 electrons, Belle II with 50 /ab, POSEYDON with 2.3 events; the smallest of the three.",
    ),
    Claim(
        "covered",
        "Sec. 4.2, Fig. 13",
        "future experiments cover the 2σ range of Δa_e almost entirely: of what is open now, above 0.8",
        0.8,
        1.0,
        covered,
        "NA64 with 5e12 electrons, Belle II with 50 /ab, POSEYDON with 2.3 events; the smallest of the three planes.",
    ),
    Claim(
        "na64-in-electrons",
        "Sec. 4.2, Fig. 13a",
        "at low mass NA64 dominates in g_ae though not in g_aγ: BaBar's limit on g_ae over NA64's at 10 MeV, above 1",
        1.0,
        math.inf,
        lambda survey: at(survey, LIGHT, "babar", "na64", ELECTRON),
        "For g_aγ see Fig. 11.",
    ),
    Claim(
        "na64-at-high-mass",
        "Sec. 4.2, Fig. 13b",
        "NA64 is relevant at low mass only: its limit on g_ae over BaBar's at 1 GeV, above 1",
        1.0,
        math.inf,
        lambda survey: at(survey, 1.0, "na64", "babar", ELECTRON),
        "The cross-section of bremsstrahlung falls with the mass, Eq. (23), that of annihilation does not.",
    ),
    Claim(
        "one-over-s",
        "Sec. 4.2",
        "the cross-section of the electron channel falls like 1/s: the power of s",
        *near(-1.0, 0.1),
        power_of_s,
        "From √s = 10.58 GeV to twice that; the logarithm of s/m_e² makes the difference.",
    ),
    *(
        Claim(
            f"photon-share-{name}-{panel}",
            f"Sec. 4.2, Fig. {panel}",
            f"the photon coupling dominates in {label} at g_aγ/g_ae = {couplings['g_agamma']:g}: its share, above 0.5",
            0.5,
            1.0,
            photon_share(analysis, couplings),
            "The term of g_aγ² over the signal on the limit, median over the logarithm of the mass.",
        )
        for panel, couplings in PANELS.items()
        for name, analysis, label in (("babar", "babar", "BaBar"), ("belle2", "belle2-50ab", "Belle II"))
    ),
    *(
        Claim(
            f"transition-{panel}",
            f"Sec. 4.2, Fig. {panel}",
            f"at g_aγ/g_ae = {couplings['g_agamma']:g} NA64 turns from g_ae at low mass to g_aγ: at a mass within its curve",
            0.0011,
            9.0,
            transition(couplings),
            "Where both terms of its signal are the same; Eq. (23) makes that of g_ae fall with the mass.",
        )
        for panel, couplings in PANELS.items()
    ),
    Claim(
        "lowest-open-14a",
        "Sec. 4.2, Fig. 14a",
        "the space left for Δa_e extends down to tens of MeV",
        0.01,
        0.1,
        lowest_open(PANELS["14a"]),
        "Where the lower end of the 2σ band meets NA64's limit, at Λ = 1 TeV.",
    ),
    Claim(
        "lowest-open-14b",
        "Sec. 4.2, Fig. 14b",
        "the same at g_aγ/g_ae = 0.01",
        0.01,
        0.1,
        lowest_open(PANELS["14b"]),
        "Here the band lies lower by up to the square root of ten, and stays below NA64's limit to smaller masses: more is "
        "left than the text says.",
    ),
)
