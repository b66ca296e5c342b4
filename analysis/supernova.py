"""Dark fermions of SN1987A: how strong a coupling keeps them trapped. Eqs. (11)-(17) of arXiv:2012.07894.

Masses, energies and temperatures in GeV, radii and lengths in km, g_achi in 1/GeV, y = g_achi m_chi without unit.

A chi that leaves the chi-sphere, the radius where the luminosity of the chi is that of the neutrinos, meets the thermal
chibar further out and may be absorbed into an ALP, chi chibar -> a. It is trapped where this happens at least once. Each
formula below is what Eqs. (12)-(16) give, with rapidities for energies: E = m cosh(eta), and s = m_a^2 leaves
for the chibar all energies between m cosh(eta0 - eta) and m cosh(eta0 + eta), eta0 = 2 arccosh(m_a/2m).

Two forms. `paper` is Eq. (16), which follows from Eqs. (12)-(15), with s = 2 m_chi^2 + ..., to the last factor. Eq. (13),
where it starts, lacks the relative velocity v_rel = m_a^2 beta/(2 E Ebar), beta^2 = 1 - 4 m_chi^2/m_a^2, the 1/v of the chi
that makes a path out of a time, and the two spins of the chibar (g_chi/n_chi is that of the chi alone and cancels). `exact`,
the default, has them, as detailed balance with the width of the ALP, Eq. (5), demands: 2 v_rel/v times the interactions of
Eq. (16). That is 4 where E = Ebar = m_a/2, 1.9 to 3.4 in the cases of Eq. (17), and below 1 for m_a << T.

An estimate in both: the halo of chibar is taken in equilibrium at T(r) also outside the chi-sphere, and the ALP's own
occupation, which would enhance its production by 1 + f_a, is left out (f_a < 4% for m_chi >= 5 MeV). The average over the
chi is that of their density, as in Eq. (13); that of the flux that leaves the sphere changes y by -13% to +5%.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import e, erg, giga, hbar
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import spence

from alphoton.data.errors import InputError
from alphoton.data.published_file import load
from alphoton.generators.constants import HBARC_MM

Array = NDArray[np.float64]

HBARC_KM = HBARC_MM * 1e-6
"""hbar c in GeV km."""
GEV2_ERG_PER_SECOND = (giga * e) ** 2 / (hbar * erg)
"""A power of 1 GeV^2 in erg/s."""
NEUTRINO_LUMINOSITY = 3e52
"""erg/s: arXiv:2012.07894, below Eq. (11)."""
FAR = 100.0
"""km: the end of the halo, below Eq. (13)."""
SPINS = 2
"""Of a chibar; the 4 of Eq. (11) are these two times chi and chibar."""
PROFILES = ("fiducial", "anchored")
PRECISION = 1e-9
LONGEST_TAIL = 50.0  # temperatures: e^-50 is nothing
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, eq=False)
class Profile:
    """Temperature (GeV) against radius (km, rising), straight lines in log r and log T between the points."""

    name: str
    radius: Array
    temperature: Array

    @property
    def core(self) -> float:
        """The radius of the core, km: where it is hottest."""
        return float(self.radius[np.argmax(self.temperature)])

    def at(self, radius: float | Array) -> Array:
        """T(r) in GeV, in the shape of `radius` (km). Raises `InputError` outside the table."""
        lowest, highest = float(np.min(radius)), float(np.max(radius))
        if not self.radius[0] <= lowest <= highest <= self.radius[-1]:
            asked = f"{lowest:g} to {highest:g} km" if lowest < highest else f"{lowest:g} km"
            known = f"{self.radius[0]:g} to {self.radius[-1]:g} km"
            raise InputError(f"profile '{self.name}': asked for {asked}, but it holds {known}")
        return np.exp(np.interp(np.log(radius), np.log(self.radius), np.log(self.temperature)))

    def pieces(self, first: float, last: float) -> Array:
        """The ends (km) of short pieces that lead from one radius to the other: T(r) is smooth within each."""
        inside = self.radius[(self.radius > first) & (self.radius < last)]
        return np.unique(np.concatenate([np.linspace(first, last, 41), inside]))


def packaged_profile(name: str) -> Profile:
    """The core `fiducial` (arXiv:1611.03864) or `anchored` to R_chi = 20 km. Raises `InputError` for another name."""
    if name not in PROFILES:
        raise InputError(f"no profile '{name}': choose one of {', '.join(PROFILES)}")
    table = load("sn1987a_profile_analytic")
    return Profile(name, table.column("r_km"), table.column(f"T_{name}_MeV") * 1e-3)


# --- the chi-sphere ----------------------------------------------------------------------------------------------


def luminosity(profile: Profile, radius: float, m_chi: float, g: float = 4.0) -> float:
    """The black-body luminosity of a sphere of fermions with g degrees of freedom, in erg/s; Eq. (11) with R^2.

    The flux through a surface is n <E v>/4, so that L = 4 pi R^2 (g/8 pi^2) int dE E p^2 f = g R^2/(2 pi) int dE E (E^2 -
    m^2)/(e^{E/T} + 1). The integral is 7 pi^4 T^4/120 without a mass, and L = 7 g pi^3/240 R^2 T^4 for every g: the middle
    form lacks R^2 and nothing else. Raises `InputError` for a negative mass and for a radius outside the profile.
    """
    if not 0 <= m_chi < math.inf:
        raise InputError(f"m_chi = {m_chi} GeV: a mass is a finite number, zero or above")
    T = float(profile.at(radius))
    m = m_chi / T

    def spectrum(x: float) -> float:
        """E p^2 f / T^3 at the kinetic energy x T, without e^{-m/T}."""
        return (m + x) * x * (2 * m + x) * math.exp(-x) / (1 + math.exp(-m - x))

    integral = quad(spectrum, 0, math.inf, epsabs=0, epsrel=PRECISION)[0] * math.exp(-m)
    return float(g / (2 * math.pi) * (radius / HBARC_KM) ** 2 * T**4 * integral * GEV2_ERG_PER_SECOND)


def chi_sphere(profile: Profile, m_chi: float, neutrinos: float = NEUTRINO_LUMINOSITY) -> float:
    """The radius (km) outside the core where the luminosity of the chi falls to that of the neutrinos (erg/s).

    The outermost one of several: the chi may leave from any radius beyond it, and must be held back up to there. (Within
    the core T rises with r, and there is another crossing near its centre, which no chi leaves without passing hotter
    shells.) NaN where there is none: the chi never outshine the neutrinos outside the core, as when they are too heavy
    to be made, or they still do where the profile ends. Raises `InputError` as `luminosity` does.
    """
    if not 0 < neutrinos < math.inf:
        raise InputError(f"neutrino luminosity is {neutrinos} erg/s: it must be a finite number above zero")

    def excess(radius: float) -> float:
        return luminosity(profile, radius, m_chi) / neutrinos - 1

    radii = profile.pieces(profile.core, float(profile.radius[-1]))
    above = np.flatnonzero([excess(radius) > 0 for radius in radii.tolist()])
    if not above.size or above[-1] == len(radii) - 1:
        return math.nan
    return float(brentq(excess, radii[above[-1]], radii[above[-1] + 1], xtol=1e-12, rtol=1e-12))


# --- absorption on the thermal chibar ----------------------------------------------------------------------------


def mean_free_path(
    profile: Profile, radius: float, E_chi: float, m_chi: float, m_a: float, g_achi: float, form: str = "exact"
) -> float:
    """The mean free path (km) of a chi of energy E_chi (GeV) for chi chibar -> a at this radius; footnote 4.

    1/lambda = 1/v int 2 d^3pbar/(2 pi)^3 fbar sigma v_rel = (g_achi m_chi)^2 m_a^2/(16 pi p^2) int dEbar fbar, sigma of
    Eq. (12). `paper` is the same without 2 v_rel/v. Infinite without a coupling. Raises `InputError` unless
    m_a > 2 m_chi > 0 and E_chi > m_chi, for a radius outside the profile and for another form.
    """
    inverse = _inverse_length(m_chi, m_a, form)
    if not m_chi < E_chi < math.inf:
        raise InputError(f"E_chi = {E_chi} GeV: it must be above m_chi = {m_chi} GeV")
    rate = _squared(g_achi * m_chi) * float(inverse(math.acosh(E_chi / m_chi), profile.at(radius)))
    return HBARC_KM / rate if rate > 0 else math.inf


def coupling_of_path(
    profile: Profile, radius: float, E_chi: float, m_chi: float, m_a: float, length: float = 1.0, form: str = "exact"
) -> float:
    """The g_achi m_chi at which the mean free path of `mean_free_path` is `length` km; raises `InputError` as that does."""
    if not 0 < length < math.inf:
        raise InputError(f"a mean free path of {length} km: it must be a finite number above zero")
    return math.sqrt(mean_free_path(profile, radius, E_chi, m_chi, m_a, 1 / m_chi if m_chi else 0.0, form) / length)


def interactions(
    profile: Profile, radius: float, m_chi: float, m_a: float, g_achi: float, far: float = FAR, form: str = "exact"
) -> float:
    """N_int: how often a chi from the chi-sphere is absorbed on its way out to `far` (km), Eqs. (13) and (16).

    int dr/lambda(E, r) along a radius, averaged over the chi in the sphere, n = int d^3p f(T(R_chi)). Proportional to
    (g_achi m_chi)^2. `form` as in the head of this module. Raises `InputError` as `mean_free_path` does, and unless
    `radius` is below `far`.
    """
    inverse = _inverse_length(m_chi, m_a, form)
    if not radius < far:
        raise InputError(f"from {radius} km to {far} km: the path must lead outwards")
    T, steps = _path(profile, radius, far)
    at_sphere = float(profile.at(radius))
    end = math.acosh((m_a + LONGEST_TAIL * max(at_sphere, float(T.max()))) / m_chi)

    def density(eta: float) -> float:
        """dn/d eta, up to factors that drop out."""
        kinetic = 2 * m_chi * math.sinh(eta / 2) ** 2
        occupation = math.exp(-kinetic / at_sphere) / (1 + math.exp(-(m_chi + kinetic) / at_sphere))
        return math.sinh(eta) ** 2 * math.cosh(eta) * occupation

    def absorbed(eta: float) -> float:
        return density(eta) * float(steps @ inverse(eta, T)) / HBARC_KM

    both_alike = math.acosh(m_a / (2 * m_chi))  # E = Ebar = m_a/2, where the product of the occupations peaks
    total = quad(density, 0, end, epsabs=0, epsrel=PRECISION, limit=200)[0]
    number = quad(absorbed, 0, end, epsabs=0, epsrel=PRECISION, limit=200, points=[both_alike])[0]
    return _squared(g_achi * m_chi) * float(number / total)


def _path(profile: Profile, radius: float, far: float) -> tuple[Array, Array]:
    """The temperatures (GeV) at the nodes of the way out, and their steps (km), Gauss-Legendre in each piece."""
    ends = profile.pieces(radius, far)
    half = np.diff(ends)[:, None] / 2
    return profile.at((ends[:-1, None] + half * (1 + NODES)).ravel()), (half * NODE_WEIGHTS).ravel()


def _inverse_length(m_chi: float, m_a: float, form: str) -> Callable[[float, float | Array], Array]:
    """1/(lambda y^2) in GeV of a chi of rapidity eta among chibar of temperature T (GeV), as a function of both.

    exact   m_a^2/(16 pi p^2) int dEbar fbar
    paper   1/(16 pi beta p) int dEbar Ebar fbar, Eq. (16): sigma_res/(8 pi^2 p) int dEbar Ebar fbar
    """
    if not 0 < 2 * m_chi < m_a < math.inf:
        raise InputError(f"m_chi = {m_chi} GeV, m_a = {m_a} GeV: a resonance needs m_a > 2 m_chi > 0")
    eta0 = 2 * math.acosh(m_a / (2 * m_chi))
    beta = math.tanh(eta0 / 2)

    def chibar(eta: float, T: float | Array) -> tuple[Array, Array]:
        """Over T: the lowest energy on the resonance, and how far the highest is above it, without cancellation."""
        return (
            np.asarray(m_chi * math.cosh(eta0 - eta) / T),
            np.asarray(2 * m_chi * math.sinh(eta0) * math.sinh(eta) / T),
        )

    def exact(eta: float, T: float | Array) -> Array:
        return SPINS * m_a**2 / (32 * math.pi * (m_chi * math.sinh(eta)) ** 2) * T * _number(*chibar(eta, T))

    def paper(eta: float, T: float | Array) -> Array:
        return 1 / (16 * math.pi * beta * m_chi * math.sinh(eta)) * T**2 * _energy(*chibar(eta, T))

    forms = {"exact": exact, "paper": paper}
    if form not in forms:
        raise InputError(f"no form '{form}': choose one of {', '.join(forms)}")
    return forms[form]


def _number(a: Array, width: Array) -> Array:
    """int dx/(e^x + 1) from a to a + width."""
    return np.log1p(-np.exp(-a) * np.expm1(-width) / (1 + np.exp(-a - width)))


def _energy(a: Array, width: Array) -> Array:
    """int x dx/(e^x + 1) from a to a + width."""
    return _energy_above(a) - _energy_above(a + width)


def _energy_above(a: Array) -> Array:
    """int x dx/(e^x + 1) above a: a ln(1 + u) - Li2(-u), u = e^-a; the series where 1 + u would lose digits."""
    u = np.exp(-a)
    series = u * (1 - u * (1 / 4 - u * (1 / 9 - u * (1 / 16 - u * (1 / 25 - u * (1 / 36 - u / 49))))))
    return a * np.log1p(u) + np.where(u < 0.01, series, -spence(1 + u))


def _squared(coupling: float) -> float:
    if not math.isfinite(coupling):
        raise InputError(f"g_achi m_chi = {coupling}: it must be a finite number")
    return coupling**2


# --- the smallest coupling that traps ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Sphere:
    """The chi-sphere in one profile: its radius (km), its temperature (GeV), and the smallest g_achi m_chi that traps."""

    profile: str
    radius: float
    temperature: float
    smallest: float


@dataclass(frozen=True)
class Trapping:
    """What traps a chi in each of the profiles; NaN where there is no chi-sphere. Masses in GeV."""

    m_chi: float
    m_a: float
    fiducial: Sphere
    anchored: Sphere

    @property
    def central(self) -> float:
        """The geometric mean of the smallest g_achi m_chi in both."""
        return math.sqrt(self.fiducial.smallest * self.anchored.smallest)

    @property
    def spread(self) -> tuple[float, float]:
        """The smaller and the larger of the two: the uncertainty that the profile leaves."""
        values = np.array([self.fiducial.smallest, self.anchored.smallest])
        return float(values.min()), float(values.max())


def sphere(profile: Profile, m_chi: float, m_a: float | None = None, form: str = "exact") -> Sphere:
    """The chi-sphere and the g_achi m_chi with N_int = 1 from there; m_a = 3 m_chi unless given.

    NaN where there is no chi-sphere, and raises `InputError` as `chi_sphere` and `interactions` do.
    """
    m_a = 3 * m_chi if m_a is None else m_a
    _inverse_length(m_chi, m_a, form)  # tell at once what is wrong with the masses
    radius = chi_sphere(profile, m_chi)
    if not radius < FAR:
        return Sphere(profile.name, radius, math.nan, math.nan)
    once = interactions(profile, radius, m_chi, m_a, 1 / m_chi, form=form)
    return Sphere(profile.name, radius, float(profile.at(radius)), 1 / math.sqrt(once) if once > 0 else math.inf)


def smallest_trapping(profile: Profile, m_chi: float, m_a: float | None = None, form: str = "exact") -> float:
    """The smallest g_achi m_chi that traps: N_int = 1, as above Eq. (17); m_a = 3 m_chi unless given. As `sphere`."""
    return sphere(profile, m_chi, m_a, form).smallest


def trapping(m_chi: float, m_a: float | None = None, form: str = "exact") -> Trapping:
    """`sphere` in both packaged profiles, for one mass of the chi (GeV); m_a = 3 m_chi unless given.

    Eq. (17) gives one value for 5 to 50 MeV, g_achi m_chi >~ 1e-6. Found here: 2e-8 to 3e-8 at 5 MeV, rising to 1.2e-6 at
    50 MeV. The spread is small, as each profile has nearly the same temperature on its own chi-sphere.
    """
    fiducial, anchored = (sphere(packaged_profile(name), m_chi, m_a, form) for name in PROFILES)
    return Trapping(m_chi, 3 * m_chi if m_a is None else m_a, fiducial, anchored)
