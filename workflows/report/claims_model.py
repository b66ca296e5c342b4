"""What the paper says of the model, section 2.1: Eqs. (1) to (10)."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import brentq

from alphoton.analysis.beam_dump import Dump, decay_widths, mean_boost
from alphoton.analysis.published_band import published_edges
from alphoton.analysis.slices import PHOTON_ONLY, direction
from alphoton.data.published_file import load
from alphoton.generators.constants import ELECTRON_MASS, HBARC_MM
from alphoton.generators.model import (
    Couplings,
    branching_ratios,
    fermion_width,
    loop_coupling,
    loop_function,
    photon_width,
)
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.samples import process
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import EXACTLY, found, near, number, same_order
from alphoton.workflows.report.loop_production import section_ratio
from alphoton.workflows.survey import Survey

MASS, LENGTH = 0.1, 100.0
"""GeV and mm: the scales of Eq. (7)."""
LIGHT = 1e-3
"""GeV, of a dark fermion that is light."""


def _photon_scale(_: Survey) -> Found:
    return found(MASS * math.sqrt(HBARC_MM / LENGTH / photon_width(1.0, MASS)))


def _fermion_scale(mass: float) -> Callable[[Survey], Found]:
    return lambda _: found(mass * math.sqrt(HBARC_MM / LENGTH / fermion_width(1.0, mass, MASS)))


def _flight(_: Survey) -> Found:
    """|p|/m of the slowest ALP that NA64 counts."""
    energy = process("na64-primakoff", MASS, 1).energy_cut
    return found(math.sqrt(energy**2 - MASS**2) / MASS, note="NA64, 100 MeV, at the smallest energy that counts")


def _invisible_share(_: Survey) -> Found:
    """With g_achi m_chi ten times g_agamma m_a = g_ae m_e."""
    couplings = Couplings(MASS, 1.0 / MASS, 1.0 / ELECTRON_MASS, g_achi=10.0 / LIGHT, m_chi=LIGHT)
    return found(branching_ratios(couplings)["invisible"])


def _lost_in_the_dump(_: Survey) -> Found:
    """The g_achi m_chi at which the decay length is D + L of E137; the largest over the masses of the band."""
    block = load_experiment("e137").analysis.beam_dump
    assert block is not None
    dump, curve = Dump(block.shielding, block.decay_region), load("e137_alp_gagamma")
    energy = curve.column("m_gammabar_eq42_GeV")
    scales = []
    for mass in curve.column("mass_GeV")[energy > 0].tolist():
        boost = mean_boost(dump, mass, *published_edges(block, mass))
        length = dump.shielding + dump.decay_region
        chi = min(LIGHT, mass / 10)
        scales.append(chi * math.sqrt(HBARC_MM * boost / length / fermion_width(1.0, chi, mass)))
    return found(max(scales), note=f"{number(min(scales))} at the heavy end")


def _loop(_: Survey) -> Found:
    return found(abs(loop_coupling(1.0, MASS, ELECTRON_MASS)), note="at 100 MeV")


def _in_production(card: str, mass: float) -> Callable[[Survey], Found]:
    def compute(_: Survey) -> Found:
        ratio = section_ratio(card, mass)
        return found(ratio.value, ratio.error)

    return compute


def _photons_win(_: Survey) -> Found:
    """The mass from which on the loop alone gives more photons than electrons."""

    def excess(mass: float) -> float:
        photons = photon_width(loop_coupling(1.0, mass, ELECTRON_MASS), mass)
        return photons / fermion_width(1.0, ELECTRON_MASS, mass) - 1

    return found(float(brentq(excess, 0.01, 10.0)), unit="GeV")


def _visible_ratio(_: Survey) -> Found:
    """The branching ratio into visible particles over Gamma_vis / Gamma_inv = 1e-2, the largest that is used."""
    visible, total = decay_widths(direction(MASS, PHOTON_ONLY), 1e-2)
    return found(visible / total / 1e-2)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "decay-length-photons",
        "Sec. 2.1, Eq. (7)",
        "a decay length of 0.1 m at 100 MeV where g_agamma m_a = 2e-6",
        *near(2e-6, 0.25),
        _photon_scale,
        "Eq. (3) gives it; the paper rounds to one digit.",
    ),
    Claim(
        "decay-length-electrons",
        "Sec. 2.1, Eq. (7)",
        "a decay length of 0.1 m at 100 MeV where g_ae m_e = 0.7e-6",
        *near(0.7e-6, 0.05),
        _fermion_scale(ELECTRON_MASS),
        "Eq. (4) gives it.",
    ),
    Claim(
        "decay-length-invisible",
        "Sec. 2.1, Eq. (7)",
        "a decay length of 0.1 m at 100 MeV where g_achi m_chi = 0.7e-6",
        *near(0.7e-6, 0.05),
        _fermion_scale(LIGHT),
        "Eq. (5) gives it.",
    ),
    Claim(
        "decay-length-boost",
        "Sec. 2.1, Eq. (7)",
        "Eq. (7) is the typical decay length to set against the size of a detector; we give the length in flight over it",
        *same_order(1.0),
        _flight,
        "Eq. (7) is c tau, without the boost |p|/m_a of the ALP, which makes every length in a laboratory longer. Decays in "
        "alphoton carry it.",
    ),
    Claim(
        "invisible-dominates",
        "Sec. 2.1, Eq. (8)",
        "invisible decays dominate where g_achi m_chi is much larger than g_agamma m_a and g_ae m_e; we take 10 times",
        0.9,
        1.0,
        _invisible_share,
        "The widths, Eqs. (3) to (5), have the same 8 pi in front but for the photons' 64 pi.",
    ),
    Claim(
        "dump-loses-visible",
        "Sec. 2.1, below Eq. (8)",
        "visible decays behind a dump are lost where g_achi m_chi is much larger than 1e-5",
        0.0,
        1e-5,
        _lost_in_the_dump,
        "The coupling whose decay length is the 383 m of E137, with the boost of Eq. (42): 1e-5 is enough at every mass of "
        "its band, and more than enough above a few MeV.",
    ),
    Claim(
        "loop-size",
        "Sec. 2.1, below Eq. (10)",
        "the electron's loop gives a photon coupling of about 0.001 g_ae",
        *same_order(1e-3),
        _loop,
        "It is alpha/pi = 0.0023 for m_a much above m_e, which the paper rounds to the power of ten.",
    ),
    Claim(
        "loop-light-lepton",
        "Sec. 2.1, Eq. (10)",
        "B1 goes to 1 for tau to 0",
        *EXACTLY,
        lambda _: found(loop_function(1e-10).real, note="real part at tau = 10⁻¹⁰"),
        "B1 has an imaginary part for tau < 1, since f is complex: widths take |g_agamma + delta g|².",
    ),
    Claim(
        "loop-heavy-lepton",
        "Sec. 2.1, below Eq. (10)",
        "B1 is 1/(3 tau) for tau much above 1; we give 3 tau B1",
        *EXACTLY,
        lambda _: found(3e6 * loop_function(1e6).real, note="at tau = 10⁶"),
        "The sign is wrong in the text: arcsin(x)² = x² + x⁴/3 makes Eq. (10) itself go to minus 1/(3 tau).",
    ),
    Claim(
        "loop-no-decoupling",
        "Sec. 2.1, below Eq. (10)",
        "with the pseudoscalar coupling a heavy fermion leaves B1 - 1 = -1",
        *near(-1.0, 1e-3),
        lambda _: found(loop_function(1e6).real - 1, note="at tau = 10⁶"),
        "B1 itself vanishes there: the loop of a heavy fermion decouples with the derivative coupling.",
    ),
    *(
        Claim(
            f"loop-in-production-{name}",
            "Sec. 2.1, Eqs. (9) and (10)",
            f"B1 of real photons, in production as well: what g_ae alone makes by virtual ones, over that; {where}",
            0.95,
            1.05,
            _in_production(card, mass),
            why,
        )
        for name, card, mass, where, why in (
            (
                "threshold",
                "babar",
                0.0011,
                "BaBar at 1.1 MeV",
                "Just above 2 m_e the loop of real photons is enhanced; with q² = s it is the anomaly, B1 = 1.",
            ),
            (
                "colliders",
                "babar",
                0.010,
                "BaBar at 10 MeV",
                "B1 = 1.07 - 0.10 i on shell, with (m_e/m_a)² ln² of the mass; at q² = s it is 1 to 1e-6.",
            ),
            (
                "nuclei",
                "na64-primakoff",
                0.010,
                "Primakoff production in NA64 at 10 MeV",
                "As at colliders, but a part of the nucleus's photons has q² of the order of m_e² only.",
            ),
            (
                "heavy",
                "babar",
                0.100,
                "BaBar at 100 MeV",
                "Far above 2 m_e both are 1; the table of loops beyond the paper has the other experiments and masses.",
            ),
        )
    ),
    Claim(
        "photons-above-electrons",
        "Sec. 2.1, below Eq. (10)",
        "with the loop alone, decays to photons dominate over electrons for m_a above about 1 GeV",
        *same_order(1.0),
        _photons_win,
        "sqrt(8) pi m_e/alpha, from Eqs. (3), (4) and (9); with 0.001 for alpha/pi it would be 1.4 GeV.",
    ),
    Claim(
        "visible-ratio",
        "Sec. 3.2 and 4.1",
        "Gamma_vis/Gamma_inv is called the visible branching ratio",
        *near(1.0, 0.05),
        _visible_ratio,
        "It is r/(1 + r) of that ratio r: no difference for the 1e-2 and 1e-4 in use.",
    ),
)
