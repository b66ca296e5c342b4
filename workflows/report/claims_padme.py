"""What the paper says of PADME, section 3.3: Eqs. (44) to (46)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from alphoton.analysis.analysis_card import AnalysisCard
from alphoton.detectors.detector_card import EnergyResolution, PositionResolution
from alphoton.detectors.smearing import relative_resolution
from alphoton.generators.kinematics import Collision
from alphoton.workflows.chain import load_experiment
from alphoton.workflows.figures.fig09 import photon_energy
from alphoton.workflows.figures.samples import ALONE, acceptances, process
from alphoton.workflows.named_content import by_content
from alphoton.workflows.report.claim import Claim, Found
from alphoton.workflows.report.claim_tools import LIGHT, found, near, number
from alphoton.workflows.report.claims_annihilation import largest_interference
from alphoton.workflows.report.true_photons import Mask, TruePhotons, true_photons, worst_difference
from alphoton.workflows.survey import Survey

EVENTS = 40_000
LIGHTEST, HEAVY = 0.001, 0.020
"""GeV"""
RIM = 0.300
"""m: half of the diameter that the paper gives to the calorimeter."""
DISTANCE = 3.45
"""m"""


def _collision() -> Collision:
    return process("padme", LIGHT, 1).collisions()[0]


def _cuts() -> tuple[tuple[float, float], tuple[float, float]]:
    """Angles (rad) and energies (GeV) that are accepted."""
    card = AnalysisCard.load("padme")
    angles, energies = card.photon_range("photon.theta"), card.photon_range("photon.energy")
    assert angles is not None
    assert energies is not None
    return angles, energies


def energy_at(theta: float, mass: float) -> float:
    """The energy (GeV) of a photon at an angle (rad)."""
    return float(photon_energy(np.array(theta), mass, _collision()))


@by_content(4)
def _photons(mass: float) -> tuple[TruePhotons, Mask]:
    """The true photons at a mass, and which are accepted."""
    photons = true_photons(process("padme", mass, 1))
    return photons, photons.selected(AnalysisCard.load("padme"))


# --- kinematics ----------------------------------------------------------------------------------------------------------


def _rim(_: Survey) -> Found:
    return found(math.atan(RIM / DISTANCE) * 1e3, unit="mrad")


def _highest_energy(_: Survey) -> Found:
    return found(energy_at(0.0, LIGHTEST) * 1e3, unit="MeV", note="along the beam, m_a = 1 MeV")


def _highest_accepted(_: Survey) -> Found:
    (inner, _outer), _energies = _cuts()
    return found(energy_at(inner, LIGHTEST) * 1e3, unit="MeV", note="at 15 mrad, m_a = 1 MeV")


def _highest_when_heavy(_: Survey) -> Found:
    (inner, outer), _energies = _cuts()
    energies = [energy_at(theta, 0.021) * 1e3 for theta in (inner, outer)]
    return found(energies[0], unit="MeV", note=f"at 15 mrad, m_a = 21 MeV; {number(energies[1])} MeV at 80 mrad")


def closing_masses() -> tuple[float, float]:
    """The masses (GeV) at which a photon at the outer, and at the inner angle, has the smallest energy that counts."""
    (inner, outer), (least, _most) = _cuts()
    top = 0.999 * _collision().sqrt_s
    first, last = (brentq(lambda mass, at=at: energy_at(at, mass) - least, LIGHTEST, top) for at in (outer, inner))
    return float(first), float(last)


def _closing(_: Survey) -> Found:
    first, last = closing_masses()
    return found(first * 1e3, unit="MeV", note=f"there it begins to fall; nothing is left at {last * 1e3:.2f} MeV")


def _separation(theta: float) -> float:
    """How many standard deviations of the energy 10 and 15 MeV are apart at an angle."""
    detector = load_experiment("padme").detector
    (energies,) = (module for module in detector.modules if isinstance(module, EnergyResolution))
    (places,) = (module for module in detector.modules if isinstance(module, PositionResolution))
    assert places.resolution is not None
    assert detector.geometry.ecal_distance is not None
    angle = places.resolution / detector.geometry.ecal_distance
    energy, other = energy_at(theta, LIGHT), energy_at(theta, 0.015)
    slope = (energy_at(theta + angle, LIGHT) - energy_at(theta - angle, LIGHT)) / 2
    width = energy * relative_resolution(np.array(energy), energies.stochastic, energies.noise, energies.constant)
    return (energy - other) / math.hypot(float(width), slope)


def _separations(_: Survey) -> Found:
    (inner, outer), _energies = _cuts()
    near_beam, far = _separation(inner), _separation(outer)
    return found(near_beam / far, note=f"10 and 15 MeV: {number(near_beam)} at 15 mrad, {number(far)} at 80 mrad")


# --- what is accepted ----------------------------------------------------------------------------------------------------


def _acceptance(channel: str) -> Callable[[Survey], Found]:
    """At 10 MeV, from events."""

    def compute(_: Survey) -> Found:
        measured = acceptances(load_experiment("padme"), LIGHT, EVENTS, ALONE, 0)[channel]
        shares = (photons.share(channel, chosen) for photons, chosen in map(_photons, (LIGHTEST, HEAVY)))
        told = "{} at 1 MeV, {} at 20 MeV for true photons".format(*map(number, shares))
        return found(measured.value, measured.error, note=f"10 MeV; {told}")

    return compute


def _forward(_: Survey) -> Found:
    """The part of the electron channel below the smallest accepted angle."""
    photons, _chosen = _photons(LIGHT)
    (inner, _outer), _energies = _cuts()
    forward = photons.theta < inner
    return found(
        photons.share("electron", forward),
        note=f"electron coupling, 10 MeV; {number(photons.share('photon', forward))} for the photon coupling",
    )


def _forward_or_soft(_: Survey) -> Found:
    """The same with photons below the smallest accepted energy."""
    photons, _chosen = _photons(LIGHT)
    (inner, _outer), (least, _most) = _cuts()
    lost = (photons.theta < inner) | (photons.energy < least)
    return found(
        photons.share("electron", lost),
        note=f"electron coupling, 10 MeV; {number(photons.share('photon', lost))} for the photon coupling",
    )


def _interference(_: Survey) -> Found:
    share, mass = largest_interference("padme")
    return found(share, note=f"{mass * 1e3:g} MeV, at the couplings where it is largest")


def _shapes(_: Survey) -> Found:
    """Angles of an ALP's photons against a dark photon's, at worst within the cuts, at 10 MeV."""
    alp, chosen = _photons(LIGHT)
    vector = true_photons(process("padme-darkphoton", LIGHT, 1))
    photon, electron = (worst_difference(alp, name, vector, "dark_photon", chosen) for name in ("photon", "electron"))
    return found(max(photon, electron), note=f"photon coupling {number(photon)}, electron coupling {number(electron)}")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "padme-calorimeter",
        "Sec. 3.3",
        "a calorimeter of about 60 cm across, 3.45 m from the target, sees up to 80 mrad; we give its rim",
        *near(80.0, 0.1),
        _rim,
        "At 80 mrad a photon is 2.3 cm inside of the rim, about one crystal.",
    ),
    Claim(
        "padme-highest-energy",
        "Sec. 3.3, footnote 9",
        "the photon never reaches 500 MeV",
        0.0,
        500.0,
        _highest_energy,
        "Only within the calorimeter, as in the next row: along the beam the photon may take nearly all of the 550 MeV.",
    ),
    Claim(
        "padme-highest-accepted",
        "Sec. 3.3, footnote 9",
        "the photon never reaches 500 MeV; within the angles that are accepted",
        0.0,
        500.0,
        _highest_accepted,
        "Kinematics; so that the upper end of the energies cuts nothing but what the resolution lifts above it.",
    ),
    Claim(
        "padme-acceptance-photon",
        "Sec. 3.3 and Fig. 8b",
        "about 60% of the photon channel is accepted",
        *near(0.60, 0.1),
        _acceptance("photon"),
        "The angular distribution does not depend on the mass, and so neither does the acceptance up to 20.65 MeV.",
    ),
    Claim(
        "padme-acceptance-electron",
        "Sec. 3.3 and Fig. 8b",
        "around 25% of the electron channel is accepted",
        *near(0.25, 0.2),
        _acceptance("electron"),
        "It rises slowly with the mass, and reaches 25% at 20 MeV.",
    ),
    Claim(
        "padme-acceptance-ends",
        "Sec. 3.3 and Fig. 8b",
        "the acceptance holds until about 21 MeV, above which the energy cut takes the signal to zero",
        *near(21.0, 0.05),
        _closing,
        "A photon at 80 mrad has 30 MeV at the first mass, one at 15 mrad at the second: the acceptance falls smoothly "
        "between.",
    ),
    Claim(
        "padme-soft-photons",
        "Sec. 3.3, below Fig. 7",
        "for m_a above 21 MeV photons have less than about 28 MeV",
        0.0,
        30.0,
        _highest_when_heavy,
        "That is so at the outer edge of the calorimeter only; at 15 mrad the photon has four times as much, and is "
        "accepted up to 22.98 MeV.",
    ),
    Claim(
        "padme-interference",
        "Sec. 3.3, below Eq. (44)",
        "the interference is negligible; we give its largest share of the accepted rate, and take 5% for negligible",
        0.0,
        0.05,
        _interference,
        "Before the cuts it is 10%. It is that large where both channels have the same rate, and moves a limit there by "
        "half as much. alphoton keeps it; `interference: false` leaves it out.",
    ),
    Claim(
        "padme-shapes",
        "Sec. 3.3, Fig. 7",
        "behind the cuts ALP and dark photon have roughly the same distribution; we give the worst difference in angle",
        0.0,
        0.5,
        _shapes,
        "As at BaBar: the photon coupling has no peak along the beam.",
    ),
    Claim(
        "padme-forward",
        "Sec. 3.3, above Fig. 9",
        "most of the signal is forward, below 15 mrad; we give that part",
        0.5,
        1.0,
        _forward,
        "With the soft photons, which the same sentence names, it is most for the electron coupling (next row); for the "
        "photon coupling most is in the calorimeter.",
    ),
    Claim(
        "padme-forward-soft",
        "Sec. 3.3, above Fig. 9",
        "most of the signal is below 15 mrad or soft; we give that part",
        0.5,
        1.0,
        _forward_or_soft,
        "Photons below 15 mrad or below 30 MeV. True for the electron coupling, which PADME is for.",
    ),
    Claim(
        "padme-mass-at-small-angles",
        "Sec. 3.3, Fig. 9",
        "masses are easier told apart at small angles; we give how much",
        1.0,
        math.inf,
        _separations,
        "In standard deviations of the energy, with the resolutions of energy and position.",
    ),
)
