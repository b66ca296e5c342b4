"""What is printed wrongly in arXiv:2012.07894, what is right, and what difference it makes.

Slips of print and of derivation only: where we get another number from the same formula, the comparison says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Correction:
    """A slip of the paper: where it stands, what is printed there, what is right, and what follows from it."""

    place: str
    printed: str
    right: str
    consequence: str


MODEL = (
    Correction(
        "Below Eq. (1)",
        "ε^0123 = -1, with Eqs. (9) and (18)",
        "ε^0123 = +1 (for γ5 = iγ0γ1γ2γ3): with -1 the loop of Eq. (9) and the interference in Eq. (18) change sign",
        "The interference at PADME, up to 10% of the rate, would be destructive for g_aγ g_ae > 0.",
    ),
    Correction(
        "Eq. (7)",
        "ℓ_a is the typical decay length",
        "it is cτ; a decay length in the laboratory has the boost βγ = p/m_a as a factor",
        "A factor of 1000 at 100 MeV and 100 GeV; of 1260 for the mean boost of E137 at 10 MeV.",
    ),
    Correction(
        "Below Eq. (10)",
        "B1(τ) ~ 1/(3τ) for τ ≫ 1",
        "B1(τ) → -1/(3τ)",
        "The loop of a heavy lepton subtracts from g_aγ for a coupling of the same sign: the muon's below 0.2 GeV.",
    ),
    Correction(
        "Below Eq. (10), Fig. 14a and Fig. 15",
        "δg_aγ ~ 0.001 g_ae for m_a ≫ m_e",
        "δg_aγ = (α/π) g_ae = 0.0023 g_ae",
        "Decays to photons overtake those to electrons at 0.62 GeV, not 1.4 GeV; both moments are explained together from "
        "0.10 GeV, not 0.35 GeV.",
    ),
    Correction(
        "Sec. 4.1 and Fig. 11",
        "the visible branching ratio is (Γ_γγ + Γ_ee)/Γ_inv",
        "that is a ratio of widths; the branching ratio is (Γ_γγ + Γ_ee)/(Γ_γγ + Γ_ee + Γ_inv)",
        "1% at a ratio of 0.01. Our cards call it the visible ratio.",
    ),
    Correction(
        "Eq. (11), middle form",
        "L_χ = (g/2π) ∫ dE E (E² - m²)/(e^{E/T} + 1)",
        "times R_χ², with m_χ for m; the coefficient 7gπ³/240 of the last form then holds for every g",
        "Without R_χ² it is no luminosity; the last form is right.",
    ),
    Correction(
        "Below Eq. (13)",
        "f_χ = 1/(e^{m_χ/T} + 1)",
        "f_χ = 1/(e^{E/T} + 1)",
        "Read as printed, all energies would be equally likely and the integrals would not converge.",
    ),
    Correction(
        "Eqs. (13) and (16)",
        "4 E_χ E_χbar σ_res under the integral",
        "with the relative velocity m_a² β/(2 E_χ E_χbar), the 1/v of the χ, and the two spins of the χbar: "
        "1/λ = (g_aχ m_χ)² m_a²/(16π p²) ∫ dE_χbar f",
        "The coupling that traps is smaller by a factor of 1.44 (m_χ = 5 MeV) to 1.84 (50 MeV).",
    ),
    Correction(
        "Eq. (15)",
        "s = 2m_χ + ...",
        "s = 2m_χ² + ...",
        "The units; Eq. (16) follows with the square.",
    ),
    Correction(
        "Eq. (16)",
        "the same E in both exponentials, and Θ(E_1, E_2)",
        "E_χbar with T(r) of the halo, E_χ with T(R_χ) of the sphere, Θ(E_χ, E_χbar)",
        "None where the integral is done so.",
    ),
)

PRODUCTION = (
    Correction(
        "Sec. 2.3, above Eq. (18)",
        "the s or t channel (Figs. 1a and 1b), the former with g_ae, the latter with g_aγ",
        "the t channel (Fig. 1a) goes with g_ae, the s channel (Fig. 1b) with g_aγ",
        "None: Eq. (18) and Fig. 1 have it right.",
    ),
    Correction(
        "Eq. (19)",
        "both channels are alike at g_aγ ~ g_ae m_e/√s",
        "at g_aγ = √(12 ln(s/m_e²)) g_ae m_e/√s, for m_a ≪ √s",
        "A factor of 9.6 at PADME, 15 at the B factories and 18 at LEP.",
    ),
    Correction(
        "Eq. (26) and below Eq. (43)",
        "A is the atomic number, X_0 the track length, the cross-section in cm⁻²",
        "A is the atomic mass in g/mol, X_0 the radiation length in cm, the cross-section in cm²",
        "With the atomic number of lead, 82 for 207.2, the limits of NA64 would be 1.6 times stronger.",
    ),
    Correction(
        "Eq. (27), I_e",
        "(1/E) ln(E_0/E)^{4t/3-1}/Γ(4t/3)",
        "1/E_0 for 1/E: then there is one electron at every depth, ∫ dE I_e = 1",
        "As printed the number of electrons is infinite, and NA64's track length above 50 GeV is 33% too long.",
    ),
)

EXPERIMENTS = (
    Correction(
        "Eq. (33)",
        "energies are weighted with their luminosities L_i",
        "with L_i σ_i, the events that are made",
        "0.9% on DELPHI's efficiency in the photon channel at 70 GeV, nothing for light ALPs.",
    ),
    Correction(
        "Sec. 3.1, BaBar",
        "9 GeV on 3.1 GeV make 10.58 GeV",
        "they make 10.564 GeV; 10.58 GeV and a boost of 0.56 are used",
        "0.15% of √s.",
    ),
    Correction(
        "Eq. (36)",
        "(εσ)_e + (εσ)_a over the dark photon's",
        "g_ae² (εσ)_e + g_aγ² (εσ)_γ over the dark photon's, as in Eq. (29)",
        "None where it is read so.",
    ),
    Correction(
        "Eq. (37)",
        "a pair of couplings is set equal to a number",
        "the number times the couplings (g_ae^1, g_aγ^1) of unit length that R was computed with",
        "As printed both couplings would have the same limit, whatever their ratio.",
    ),
    Correction(
        "Eq. (40)",
        "exp(-(L+D) Γ_inv/..) L Γ_vis/..",
        "(Γ_vis/Γ) [exp(-DΓ/..) - exp(-(L+D)Γ/..)] with the total width Γ",
        "At Γ_vis/Γ_inv = 1e-4 the upper edge of E137 at 10 MeV is 1.39 times too low, and its region ends at 20 MeV, not "
        "23 MeV.",
    ),
    Correction(
        "Sec. 3.3, background",
        "1.5σ hold 85% of the signal",
        "86.6%",
        "1% on the coupling.",
    ),
    Correction(
        "Sec. 3.3, Fig. 8",
        "above 21 MeV nothing is left, as photons have less than 28 MeV",
        "at 21 MeV they have 27 MeV at 80 mrad, 106 MeV at 15 mrad: the acceptance falls to zero from 20.65 to 22.98 MeV",
        "PADME reaches nearly 2 MeV further.",
    ),
)

MOMENTS_AND_FIGURES = (
    Correction(
        "Eqs. (47) and (48)",
        "Δa = a(Standard Model) - a(measured)",
        "Δa = a(measured) - a(Standard Model), for the values that are printed",
        "With the printed definition g_aγ g_ae and g_aγ g_aμ would need the other signs.",
    ),
    Correction(
        "Eq. (49)",
        "g_ae in the contribution to Δa of any lepton",
        "g_al, the coupling of that lepton",
        "The muon's moment depends on g_aμ.",
    ),
    Correction(
        "Eq. (50)",
        "h1 = ∫ 2x³/(x² + z(1-x)) without a differential, h1 being a function of x",
        "h1(x) = ∫ dz 2z³/(z² + x(1-z)) from 0 to 1",
        "None where it is read so: h1 falls from 1 at x = 0.",
    ),
    Correction(
        "Eq. (51)",
        "√(x(4-x)) arccos(√x/2) for all x",
        "for x > 4 it continues as -√(x(x-4)) arccosh(√x/2)",
        "That is the electron's case for all m_a above 1.02 MeV.",
    ),
    Correction(
        "Sec. 3.4",
        "g_aγ g_ae ~ 1e-5 /GeV² and g_aγ g_ae ~ -1e-6 /GeV²",
        "the second product is g_aγ g_aμ",
        "None where it is read so.",
    ),
    Correction(
        "Caption of Fig. 14",
        "g_ae/g_aγ = 0.001 (14a) and 0.01 (14b)",
        "g_aγ/g_ae = 0.001 and 0.01, as in the text",
        "Read as printed g_aγ would be 1000 times g_ae instead of a thousandth.",
    ),
    Correction(
        "Caption of Fig. 15",
        "g_ae/g_aγ = 0.001 and g_aμ/g_aγ = -0.01",
        "g_aγ/g_ae = 0.001 and g_aγ/g_aμ = -0.01, which is g_ae = -10 g_aμ as in the text",
        "As for Fig. 14.",
    ),
)

CORRECTIONS: tuple[Correction, ...] = (*MODEL, *PRODUCTION, *EXPERIMENTS, *MOMENTS_AND_FIGURES)
