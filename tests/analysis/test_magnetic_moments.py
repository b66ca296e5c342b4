"""The loop functions with 50 digits and more, the signs from Feynman rules and from published formulas, and the bands."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate

from alphoton.analysis.magnetic_moments import CUTOFF, Band, Measured, band, contributions, h1, h2, inputs, moment
from alphoton.data.errors import InputError
from alphoton.data.moments_file import load
from alphoton.generators.constants import ALPHA, ELECTRON_MASS, MUON_MASS
from alphoton.generators.model import Couplings
from reference.dirac import EPSILON_0123, GAMMA5, MP, Array, Number, bar, levi_civita, slash, spinors_u, vector

MASS = {"electron": ELECTRON_MASS, "muon": MUON_MASS}
DIRECTION = Couplings(0.3, g_agamma=0.02, g_ae=1.0, g_amu=-0.1)


def near(expected: Any, rel: float) -> Any:
    """Relative only: the moments are smaller than the absolute tolerance that `approx` adds by itself."""
    return pytest.approx(expected, rel=rel, abs=0)


# --- the loop functions -------------------------------------------------------------------------------------------


def h1_integral(x: Number) -> Number:
    """The definition; the integrand falls from its peak at z = 1 over a width 1/x."""
    x = MP.mpf(x)
    cuts = [0, *(1 - MP.mpf(10) ** -n for n in range(1, 2 + max(0, int(MP.log10(x + 1))))), 1]
    return MP.quad(lambda z: 2 * z**3 / (z**2 + x * (1 - z)), cuts)


def h2_integral(x: Number) -> Number:
    """The double integral with its inner one done: with D = z^2 + x y, dy = dD/x, from z^2 to z^2 + x (1-z)."""
    x = MP.mpf(x)

    def inner(z: Number) -> Number:
        low, high = z**2, z**2 + x * (1 - z)
        return ((high + low) * MP.log(high / low) - (high - low) * (1 - MP.log(low))) / x

    cuts = [0, *(MP.mpf(10) ** n for n in range(-12, 0)), MP.mpf("0.5"), 1]
    return 3 + 2 * MP.quad(inner, cuts)


def closed_forms(x: float) -> tuple[float, float]:
    """Eq. (51) as printed, and the same for h1, in complex numbers with digits enough to lose sixty."""
    with MP.workdps(120):
        t = MP.mpc(x)
        angle = MP.acos(MP.sqrt(t) / 2)
        first = 1 + 2 * t + t * (1 - t) * MP.log(t) - 2 * t * (3 - t) * MP.sqrt(t) / MP.sqrt(4 - t) * angle
        second = 1 - t / 3 + t**2 / 6 * MP.log(t) + (2 + t) / 3 * MP.sqrt(t) * MP.sqrt(4 - t) * angle
        assert max(abs(first.imag), abs(second.imag)) < 1e-50
        return float(first.real), float(second.real)


DECADES = [*np.logspace(-20, 20, 41)]
SEAMS = [
    *(1.0, 4 - 4e-16, 4 - 1e-12, 4 - 1e-9, 4 - 1e-5, 4 + 1e-15, 4 + 1e-12, 4 + 1e-9, 4 + 1e-5),
    *(8.0, 15.3, 16 - 1e-14, 16.0, 16 + 1e-14, 30.0, 60.0, 95.0),
]


@pytest.mark.parametrize("x", [1e-6, 0.01, 0.7, 1.0, 3.99, 4.01, 15.0, 17.0, 1e3, 1e6, 1e12, 1e20])
def test_loop_functions_are_their_integrals(x: float) -> None:
    assert float(h1(x)) == near(float(h1_integral(x)), rel=1e-12)
    assert float(h2(x)) == near(float(h2_integral(x)), rel=1e-12)


@pytest.mark.parametrize("x", DECADES + SEAMS)
def test_loop_functions_are_their_closed_forms(x: float) -> None:
    """41 decades, and both sides of x = 4 (arccos to arccosh) and of x = 16 (closed form to series)."""
    first, second = closed_forms(x)
    assert float(h1(x)) == near(first, rel=2e-12)
    assert float(h2(x)) == near(second, rel=1e-13)


@pytest.mark.parametrize("x", [0.5, 4.0, 50.0])
def test_the_inner_integral(x: float) -> None:
    """The double integral of h2 as it stands, numerically."""
    value, _ = integrate.dblquad(
        lambda y, z: math.log(z**2 + x * y) + z**2 / (z**2 + x * y), 0, 1, 0, lambda z: 1 - z, epsabs=1e-9
    )
    assert float(h2(x)) == near(3 + 2 * value, rel=1e-7)


def test_limits_of_the_loop_functions() -> None:
    assert h1(0.0) == 1
    assert h2(0.0) == 1
    assert float(h2(1.0)) == near(2 / 3 + math.pi / math.sqrt(3), rel=1e-15)
    assert float(h2(4.0)) == near(1 - 4 / 3 + 16 / 6 * math.log(4), rel=1e-15)
    assert float(h1(1e10)) == near(2e-10 * (math.log(1e10) - 11 / 6), rel=1e-8)
    assert float(h2(1e10)) == near(math.log(1e10) + 1.5, rel=1e-9)


def test_loop_functions_take_arrays() -> None:
    x = np.array([[0.0, 0.3, 4.0], [15.0, 17.0, 1e8]])
    for function in (h1, h2):
        values = function(x)
        assert values.shape == x.shape
        assert values.tolist() == [[float(function(value)) for value in row] for row in x]
        assert np.all(values > 0)
    assert np.all(np.diff(h1(np.logspace(-8, 15, 500))) < 0)
    assert np.all(np.diff(h2(np.logspace(-8, 15, 500))) > 0)


@pytest.mark.parametrize("x", [-1e-9, math.nan])
def test_no_negative_argument(x: float) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        h1(x)
    with pytest.raises(ValueError, match="must not be negative"):
        h2([1.0, x])


def test_the_bare_closed_form_would_not_do() -> None:
    """Negative control: in double precision the closed forms are noise at x = 1e8 (m_a = 5 GeV for the electron)."""
    x = 1e8
    phi = math.sqrt(x / (x - 4)) * math.acosh(math.sqrt(x) / 2)
    naive = 1 + 2 * x + x * (1 - x) * math.log(x) - 2 * x * (3 - x) * phi
    assert abs(naive / float(h1(x)) - 1) > 1


# --- the terms of Eq. (49) ----------------------------------------------------------------------------------------


def barr_zee_difference(x1: float, x2: float, epsilon_0123: int = EPSILON_0123) -> float:
    """F2(0)/(g_ag g_al m^2) of both one-photon one-ALP diagrams at x1 minus that at x2, from Feynman rules.

    Vertices i L as in `reference.amplitudes`: g_al m gamma5, -i e Q gamma_beta, and -i g_ag eps^{mu nu alpha beta} q_mu
    k_alpha for photons q (external, nu) and k (virtual, beta) that flow in. All is linear in q already, so that q = 0 and
    p' = p elsewhere, and the constants multiply to -i e Q g_ag g_al m, that of the tree level times g_ag g_al m. Lepton at
    rest, m = 1; k0 = i K cos(chi). Each diagram diverges like ln K, the difference does not.
    """

    def array(matrix: Array) -> NDArray[np.complex128]:
        return np.array(matrix.tolist(), dtype=np.complex128)

    p, q, polarisation = vector(1, 0, 0, 0), vector(0, 0, 1, 0), vector(0, 1, 0, 0)
    u = spinors_u(p, 1, mpmath.fp)[:, :1]
    row, column, gamma5 = array(bar(u)), array(u), array(GAMMA5)
    tree = (row @ -array(slash(polarisation) @ slash(q)) @ column).item() / 2  # i sigma^{nu rho} eps_nu q_rho / (2 m)

    def numerators(k: Array) -> NDArray[np.complex128]:
        """Photon emitted before, and photon absorbed after, the ALP's vertex."""
        vertex = array(slash(levi_civita(q, polarisation, k, epsilon_0123)))
        before, after = (array(slash(p - k)) + np.eye(4), array(slash(p + k)) + np.eye(4))
        return np.array([(row @ m @ column).item() for m in (gamma5 @ before @ vertex, vertex @ after @ gamma5)])

    log_k = np.linspace(math.log(1e-6), math.log(1e6), 601)
    K = np.exp(log_k)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = 0j
    for chi, weight in zip((nodes + 1) * math.pi / 4, weights * math.pi / 4, strict=True):
        for cos in (math.cos(chi), -math.cos(chi)):
            # averaged over the directions of k, exactly for a polynomial of the second degree; linear and quadratic part
            at = [
                sum(numerators(vector(1j * s * cos, *(s * math.sin(chi) * n))) for n in (*np.eye(3), *-np.eye(3))) / 6
                for s in (1, 2)
            ]
            quadratic = (at[1] - 2 * at[0]) / 2
            linear = at[0] - quadratic
            alp = -1 / (K**2 + x1) + 1 / (K**2 + x2)
            for i, sign in enumerate((1, -1)):
                lepton = 1 / (-(K**2) - 2j * sign * K * cos)  # 1/((p -+ k)^2 - m^2)
                integrand = K**3 * (linear[i] * K + quadratic[i] * K**2) * lepton * (-1 / K**2) * alp
                total += weight * math.sin(chi) ** 2 * integrate.trapezoid(integrand * K, log_k)
    value = 1j * 4 * math.pi / (2 * math.pi) ** 4 * total / tree  # d^4k = i d^4K
    assert abs(value.imag) < 1e-12
    return float(value.real)


@pytest.mark.parametrize(("x1", "x2"), [(0.5, 3.0), (1.0, 100.0)])
def test_barr_zee_from_feynman_rules(x1: float, x2: float) -> None:
    """Factor and sign of the first term, in the convention where a lepton's loop adds to g_ag as in Eq. (9)."""
    expected = barr_zee_difference(x1, x2)
    m_a = [math.sqrt(x) * MUON_MASS for x in (x1, x2)]
    first, second = (contributions("muon", Couplings(m, g_agamma=1.0, g_amu=1.0)).barr_zee for m in m_a)
    assert (first - second) / MUON_MASS**2 == near(expected, rel=1e-5)


def test_barr_zee_needs_the_convention_of_the_loops() -> None:
    """Negative control: with the eps^{0123} = -1 that the paper prints both Barr-Zee and the loops change sign."""
    assert barr_zee_difference(0.5, 3.0, -EPSILON_0123) == near(-barr_zee_difference(0.5, 3.0), rel=1e-12)


def test_barr_zee_of_a_heavy_fermion() -> None:
    """V. Ilisie, arXiv:1502.04199: two loops, a pseudoscalar and a fermion F of charge 1, both of coupling m_f/v.

    Delta a_l = alpha m_l^2/(4 pi^3 v^2) F(M^2/m_a^2), F(w) = (w/2) int_0^1 dx ln(w/(x(1-x)))/(w - x(1-x)), positive. A heavy
    F acts as g_ag = -(alpha/pi)/v (a pseudoscalar, not a derivative coupling: Eq. (10) less 1) and m_l << m_a; M plays the
    part of Lambda, and drops out between two ALP masses.
    """

    def two_loops(m_a: float, heavy: float = 1e5) -> float:
        w = (heavy / m_a) ** 2
        value, _ = integrate.quad(lambda x: math.log(w / (x * (1 - x))) / (w - x * (1 - x)), 0, 1)
        return ALPHA * ELECTRON_MASS**2 / (4 * math.pi**3) * w / 2 * value

    def one_loop(m_a: float) -> float:
        return contributions("electron", Couplings(m_a, g_agamma=-ALPHA / math.pi, g_ae=1.0)).barr_zee

    assert two_loops(3.0) > 0
    assert one_loop(3.0) - one_loop(300.0) == near(two_loops(3.0) - two_loops(300.0), rel=1e-4)


@pytest.mark.parametrize("m_a", [0.0, 0.01, 1.0])
def test_pure_fermion_term(m_a: float) -> None:
    """J. P. Leveille, Nucl. Phys. B137 (1978) 63, neutral scalar: -(C_P^2 m^2/8 pi^2) int dx [x^2 - x^3 - (M/m) x^2]/...

    with an internal fermion of mass M = m and C_P = g_al m.
    """
    m = MUON_MASS
    value, _ = integrate.quad(
        lambda x: (x**2 - x**3 - x**2) * m**2 / (m**2 * x**2 + (m**2 - m**2) * x + m_a**2 * (1 - x)), 0, 1, epsabs=1e-14
    )
    found = contributions("muon", Couplings(m_a, g_amu=3.0))
    assert found.fermion == near((3.0 * m) ** 2 / (8 * math.pi**2) * value, rel=1e-9)
    assert found.barr_zee == found.light_by_light == 0


def test_light_by_light_of_the_pion() -> None:
    """M. Knecht et al., Phys. Rev. Lett. 88, 071802: (alpha/pi)^3 0.0248 ln^2, for g_ag = alpha/(pi F), F = 92.4 MeV."""
    found = contributions("muon", Couplings(0.135, g_agamma=ALPHA / (math.pi * 0.0924)))
    logarithm = math.log(CUTOFF / MUON_MASS)
    assert found.light_by_light == near((ALPHA / math.pi) ** 3 * 0.0248 * logarithm**2, rel=3e-3)


@pytest.mark.parametrize("lepton", ["electron", "muon"])
@pytest.mark.parametrize("m_a", [0.0, 1e-3, 0.2, 10.0])
def test_signs(lepton: str, m_a: float) -> None:
    """Below Lambda: Barr-Zee against the sign of g_ag g_al, the fermion term negative, light-by-light positive."""
    for sign in (1, -1):
        found = contributions(lepton, Couplings(m_a, g_agamma=0.5, g_ae=sign, g_amu=sign))
        assert sign * found.barr_zee < 0
        assert found.fermion < 0
        assert found.light_by_light > 0
        assert found.total == found.barr_zee + found.fermion + found.light_by_light


@pytest.mark.parametrize("lepton", ["electron", "muon"])
def test_equation_49(lepton: str) -> None:
    """Term by term at one point, and each lepton by its own coupling (the paper prints g_ae for both)."""
    m, g_al = MASS[lepton], {"electron": 0.7, "muon": -0.2}[lepton]
    x, L = (0.5 / m) ** 2, math.log(200.0 / m)
    found = contributions(lepton, Couplings(0.5, g_agamma=1e-3, g_ae=0.7, g_amu=-0.2), cutoff=200.0)
    unit = m**2 / (16 * math.pi**2)
    assert found.barr_zee == near(unit * 2 * 1e-3 * g_al * (float(h2_integral(x)) - 2 * L), rel=1e-11)
    assert found.fermion == near(-unit * g_al**2 * float(h1_integral(x)), rel=1e-11)
    assert found.light_by_light == near(unit * 1e-6 * 3 * ALPHA / math.pi * L**2, rel=1e-12)


def test_loop_induced_photon_coupling() -> None:
    """g_ag = (alpha/pi) B1 g: the real part of the coupling, and of its square (not its modulus)."""
    direction = Couplings(0.002, g_ae=1.0, radiative=True)
    g = direction.photon
    assert abs(g.imag) > 1e-3
    found = contributions("electron", direction)
    real = contributions("electron", Couplings(0.002, g_agamma=g.real, g_ae=1.0))
    assert found.barr_zee == near(real.barr_zee, rel=1e-13)
    assert found.fermion == real.fermion
    assert found.light_by_light == near(real.light_by_light * (g.real**2 - g.imag**2) / g.real**2, rel=1e-12)
    assert found.light_by_light != near(real.light_by_light, rel=0.1)
    muon = contributions("muon", direction)  # the electron's loop is there for the muon, whose own coupling is not
    assert muon.barr_zee == muon.fermion == 0
    assert muon.total == muon.light_by_light != 0


@pytest.mark.parametrize("cutoff", [0.0, -1.0, 0.05, 0.3, math.inf, math.nan])
def test_cutoff_above_the_masses(cutoff: float) -> None:
    with pytest.raises(InputError, match=r"above the masses of the muon and of the ALP, 0\.105658 and 0\.3 GeV"):
        moment("muon", DIRECTION, cutoff)


def test_unknown_lepton() -> None:
    with pytest.raises(InputError, match="no lepton 'tau' here; there are: electron, muon"):
        moment("tau", DIRECTION)


# --- bands --------------------------------------------------------------------------------------------------------


def at(g: float, direction: Couplings) -> Couplings:
    return replace(
        direction, g_agamma=g * direction.g_agamma, g_ae=g * direction.g_ae, g_amu=g * direction.g_amu, g_achi=0.0
    )


@pytest.mark.parametrize("radiative", [False, True])
@pytest.mark.parametrize("lepton", ["electron", "muon"])
@pytest.mark.parametrize("g", [1e-4, 1.0, 30.0])
def test_moments_are_quadratic(radiative: bool, lepton: str, g: float) -> None:
    direction = replace(DIRECTION, radiative=radiative)
    assert moment(lepton, at(g, direction)) == near(g**2 * moment(lepton, direction), rel=1e-13)


@pytest.mark.parametrize("radiative", [False, True])
@pytest.mark.parametrize("sigmas", [1.0, 2.0])
@pytest.mark.parametrize("measured", inputs("paper-2020"), ids=lambda measured: measured.lepton)
def test_bands_close(measured: Measured, sigmas: float, radiative: bool) -> None:
    """The moment at an edge is value -+ sigmas error: both anomalies at once with opposite signs of g_ae and g_amu."""
    direction = replace(DIRECTION, radiative=radiative)
    found = band(measured, direction, sigmas, cutoff=300.0)
    edges = sorted(moment(measured.lepton, at(g, direction), 300.0) for g in (found.lower, found.upper))
    low, high = measured.value - sigmas * measured.error, measured.value + sigmas * measured.error
    assert edges == near([low, high], rel=1e-12)
    assert 0 < found.lower < found.upper


def test_the_wrong_sign_has_no_band() -> None:
    """The other sign of g_ag turns both Barr-Zee terms around; a stranger to the lepton explains nothing."""
    electron, muon = inputs("paper-2020")
    wrong = replace(DIRECTION, g_agamma=-DIRECTION.g_agamma)
    for measured in (electron, muon):
        found = band(measured, wrong)
        assert math.isnan(found.lower)
        assert math.isnan(found.upper)
        assert math.isnan(band(measured, Couplings(0.1)).upper)


def test_no_anomaly_is_an_upper_limit() -> None:
    """A range with 0 in it: the lower edge is 0, and each sign of K stops at its own end of the range."""
    measured = Measured("electron", "made up", 1e-13, 1e-13, "none")
    negative, positive = Couplings(1.0, g_agamma=1.0, g_ae=1.0), Couplings(1.0, g_agamma=1.0, g_ae=-1.0)
    for direction, end in ((negative, -1e-13), (positive, 3e-13)):
        found = band(measured, direction)
        assert found.lower == 0
        assert moment("electron", at(found.upper, direction)) == near(end, rel=1e-12)
    assert band(measured, Couplings(1.0)) == Band(0.0, math.inf)


# --- what is measured ---------------------------------------------------------------------------------------------


def test_significance_of_the_anomalies() -> None:
    """The paper's 2.4 and 3.7 sigma, and what has become of them."""
    electron, muon = inputs("paper-2020")
    assert (electron.lepton, muon.lepton) == ("electron", "muon")
    assert (round(electron.significance, 1), round(muon.significance, 1)) == (2.4, 3.7)
    assert electron.value < 0 < muon.value
    caesium, rubidium, world = inputs("world-2025")
    assert caesium.value < 0 < rubidium.value
    assert round(caesium.significance, 1) == 3.9
    assert round(rubidium.significance, 1) == 2.1
    assert world.significance < 1
    assert all(measured.source for measured in (electron, muon, caesium, rubidium, world))


def test_unknown_set() -> None:
    with pytest.raises(InputError, match="no set 'paper' of magnetic moments; there are: paper-2020, world-2025"):
        inputs("paper")


HEADER = "set,lepton,label,value,error,source\n"


def test_a_users_own_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("# mine\n" + HEADER + 'new,muon,lattice,1e-10, 2e-10 ,"a thesis, p. 3"\n\n', encoding="utf-8")
    assert inputs("new", path) == (Measured("muon", "lattice", 1e-10, 2e-10, "a thesis, p. 3"),)
    assert load(str(path)).keys() == {"new"}
    with pytest.raises(InputError, match=r"no set 'paper-2020' of magnetic moments in .*mine.csv; there are: new"):
        inputs("paper-2020", path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty: the columns set, lepton"),
        (HEADER, "empty: the columns set, lepton"),
        ("set,lepton,value\nnew,muon,1\n", r":1: the columns are set, lepton, value; they must be set, lepton, label"),
        (HEADER + "new,muon,,1,1\n", r":2: 5 cells, but 6 columns"),
        (HEADER + "new,muon,,1,1,a,b\n", r":2: 7 cells, but 6 columns; quote"),
        (HEADER + "new,tau,,1,1,a\n", r":2: lepton: 'tau' is none of electron, muon"),
        (HEADER + "# x\nnew,muon,,one,1,a\n", r":3: value: 'one' is not a number"),
        (HEADER + "new,muon,,inf,1,a\n", r":2: value: inf is not a finite number"),
        (HEADER + "new,muon,,1,0,a\n", r":2: error: 0 is not positive"),
        (HEADER + "new,muon,,1,1,\n", r":2: source: the cell is empty"),
        (HEADER + ",muon,,1,1,a\n", r":2: set: the cell is empty"),
        (HEADER + 'new,muon,"x"y,1,1,a\n', r":2: not valid CSV"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv: cannot be read: No such file"):
        load(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="not a text file"):
        load(tmp_path / "binary.csv")


# --- what the paper says of them, at Lambda = 1 TeV ---------------------------------------------------------------


def test_products_of_couplings() -> None:
    """g_ag g_ae ~ 1e-5 and g_ag g_amu ~ -1e-6 /GeV^2 by Barr-Zee alone for an ALP of 1 GeV: 2.1e-5 and -1.6e-6."""
    electron, muon = inputs("paper-2020")
    unit = Couplings(1.0, g_agamma=1.0, g_ae=1.0, g_amu=1.0)
    assert electron.value / contributions("electron", unit).barr_zee == near(2.14e-5, rel=0.01)
    assert muon.value / contributions("muon", unit).barr_zee == near(-1.61e-6, rel=0.01)


@pytest.mark.parametrize("m_a", [0.1, 1.0, 10.0])
def test_the_electron_coupling_explains_its_moment(m_a: float) -> None:
    """g_ae ~ 0.01-0.1 /GeV where its loop makes the photon coupling; the pure g_ae^2 term alone wants far more."""
    electron, _ = inputs("paper-2020")
    loop = band(electron, Couplings(m_a, g_ae=1.0, radiative=True))
    alone = band(electron, Couplings(m_a, g_ae=1.0))
    assert 0.01 < loop.lower < 0.1 < loop.upper < 0.2
    assert alone.lower > 0.4


def test_light_by_light_alone() -> None:
    """At g_ag ~ 2e-4 /GeV it is negligible beside Delta a_e, and positive, where Delta a_e is negative."""
    electron, _ = inputs("paper-2020")
    photon = Couplings(0.01, g_agamma=2e-4)
    assert 0 < moment("electron", photon) < 1e-3 * abs(electron.value)
    assert math.isnan(band(electron, photon).upper)
