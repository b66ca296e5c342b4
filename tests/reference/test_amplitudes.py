"""The physics sheet (sections 2 and 7) against Feynman diagrams evaluated with explicit matrices and 50 digits.

No expected value in this file is a typed-in number: each is the other of two independent calculations, or a formula
with its source beside it.
"""

from functools import cache

import mpmath
import numpy as np
import pytest

from reference import amplitudes, closed_forms
from reference.amplitudes import COMPONENTS, Component, Kinematics, kinematics
from reference.closed_forms import DIFFERENTIALS
from reference.dirac import (
    ALPHA,
    GAMMA,
    GAMMA5,
    GEV2_TO_PB,
    IDENTITY,
    M_E,
    METRIC,
    MP,
    Number,
    bar,
    dot,
    levi_civita,
    slash,
    spinors_v,
    vector,
)

ROOT_S = (0.020, 0.02371, 1.0, 10.58, 91.2, 209.0)  # GeV: low, PADME (550 MeV e+), BaBar and Belle II, LEP1, LEP2
FRACTIONS = (0.01, 0.5, 0.9, 0.999)  # M/sqrt(s)
LIGHT = 1e-4  # GeV, below the electron mass
ONE_MINUS_ABS_C = (0, 1e-12, 1e-6, 0.01, 0.5, 1)
TOLERANCE = 1e-30  # of 50 digits; 15 are lost to the collinear cancellations at LEP


def masses(root_s: float) -> tuple[float, ...]:
    """The masses tried at one energy, in GeV."""
    return (LIGHT, *(fraction * root_s for fraction in FRACTIONS))


def grid() -> list[tuple[Number, float, float]]:
    """All (s, M, 1-|c|); s squared with 50 digits."""
    return [(MP.mpf(r) ** 2, M, delta) for r in ROOT_S for M in masses(r) for delta in ONE_MINUS_ABS_C]


@cache
def numeric(component: Component, forward: bool = True) -> list[Number]:
    """dsigma/dc from the diagrams on the whole grid."""
    return [amplitudes.differential(*point, component, forward) for point in grid()]


def worst_disagreement(component: Component, formula: closed_forms.Formula, forward: bool = True) -> float:
    """Largest |formula/diagrams - 1| on the grid."""
    scale = MP.convert(GEV2_TO_PB)
    formula_values = [scale * formula(s, M, 1 - MP.convert(delta)) for s, M, delta in grid()]
    pairs = zip(formula_values, numeric(component, forward), strict=True)
    return float(max(abs(formula_value / diagrams - 1) for formula_value, diagrams in pairs))


def some_points() -> list[Kinematics]:
    """A few generic points for statements about single amplitudes."""
    chosen = [(0.020, 0.01), (0.02371, 0.0005), (10.58, 8.0)]
    return [kinematics(MP.mpf(r) ** 2, M, delta, f) for r, M in chosen for delta in (0.03, 0.8) for f in (True, False)]


def largest(*matrices: np.ndarray) -> float:
    """Largest modulus among the elements."""
    return max(float(abs(x)) for matrix in matrices for x in matrix.flat)


# ---- (0) the tools ---------------------------------------------------------------------------------------------


def test_clifford_algebra() -> None:
    """{gamma^mu, gamma^nu} = 2 g^{mu nu}; gamma5 anticommutes, squares to one."""
    for mu in range(4):
        assert not np.any(GAMMA5 @ GAMMA[mu] + GAMMA[mu] @ GAMMA5)
        for nu in range(4):
            metric = METRIC[mu] if mu == nu else 0
            assert not np.any(GAMMA[mu] @ GAMMA[nu] + GAMMA[nu] @ GAMMA[mu] - 2 * metric * IDENTITY)
    assert not np.any(GAMMA5 @ GAMMA5 - IDENTITY)


@pytest.mark.parametrize("epsilon_0123", [1, -1])
def test_epsilon_and_gamma5(epsilon_0123: int) -> None:
    """Tr[a b c d gamma5] = -4i eps^{0123} eps(a,b,c,d): the sign of the trace follows from gamma5 = i g0 g1 g2 g3."""
    a, b, c, d = (vector(*row) for row in np.random.default_rng(1).integers(-9, 9, (4, 4)).tolist())
    trace = (slash(a) @ slash(b) @ slash(c) @ slash(d) @ GAMMA5).trace()
    contraction = dot(levi_civita(a, b, c, epsilon_0123), d)
    assert contraction != 0
    assert trace == -4j * epsilon_0123 * contraction


@pytest.mark.parametrize("point", some_points())
def test_spinors_and_polarisations_are_complete(point: Kinematics) -> None:
    """sum u ubar = p-slash + m, sum v vbar = p-slash - m, sum pol pol = -g + q q/M^2."""
    v = spinors_v(point.p_plus, point.m, MP)
    assert largest(point.u @ bar(point.u) - slash(point.p_minus) - IDENTITY * point.m) < TOLERANCE
    assert largest(v @ point.v_bar - slash(point.p_plus) + IDENTITY * point.m) < TOLERANCE
    total = sum(np.outer(pol, pol) for pol in point.x_polarisations)
    assert largest(total + np.diag(METRIC) - np.outer(point.q, point.q) / point.M**2) < TOLERANCE
    assert all(abs(dot(pol, point.k)) < TOLERANCE for pol in point.photon_polarisations)
    assert largest(point.p_minus + point.p_plus - point.k - point.q) < TOLERANCE


# ---- (1) differential cross-sections ---------------------------------------------------------------------------


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("component", COMPONENTS)
def test_differential(component: Component, forward: bool) -> None:
    """Physics sheet, section 2, from sqrt(s) = 20 MeV to 209 GeV, down to c = +-1 exactly."""
    assert worst_disagreement(component, DIFFERENTIALS[component], forward) < TOLERANCE


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("root_s", [0.02, 0.1, 1.0])
def test_double_precision_suffices_at_low_energy(root_s: float, component: Component) -> None:
    """The same code with Python floats, away from the collinear region."""
    for delta in (0.01, 0.3, 1.0):
        point = (root_s**2, 0.4 * root_s, delta, component)
        diagrams = amplitudes.differential(*point, context=mpmath.fp)
        assert isinstance(diagrams, float)
        assert diagrams == pytest.approx(float(closed_forms.differential(*point)), rel=1e-9)


# ---- (2) gauge invariance --------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", some_points())
def test_photon_gauge_invariance(point: Kinematics) -> None:
    """The polarisation vector replaced by k gives zero; one electron-exchange diagram alone does not."""
    assert largest(amplitudes.photon_exchange(point, point.k)) < TOLERANCE
    vertices = [amplitudes.pseudoscalar_vertex(point), amplitudes.derivative_vertex(point)]
    vertices += [amplitudes.vector_vertex(point, pol) for pol in point.x_polarisations]
    for vertex in vertices:
        from_electron, from_positron = amplitudes.emission(point, point.k, vertex)
        assert largest(from_electron + from_positron) < TOLERANCE * largest(from_electron)
        assert largest(from_electron) > 0


@pytest.mark.parametrize("point", some_points())
def test_dark_current_is_conserved(point: Kinematics) -> None:
    """The polarisation vector of the dark photon replaced by q gives zero."""
    for pol in point.photon_polarisations:
        diagrams = amplitudes.emission(point, pol, amplitudes.vector_vertex(point, point.q))
        assert largest(sum(diagrams)) < TOLERANCE * largest(*diagrams)


# ---- (3) two forms of the electron coupling --------------------------------------------------------------------


@pytest.mark.parametrize("point", some_points())
def test_derivative_and_pseudoscalar_forms_agree(point: Kinematics) -> None:
    """(g/2)(d_mu a) ebar gamma^mu gamma5 e and -i g m a ebar gamma5 e: equal spin by spin, sign included."""
    pairs = zip(amplitudes.electron_amplitudes(point), amplitudes.electron_amplitudes(point, derivative=True), strict=True)
    for pseudoscalar, derivative in pairs:
        assert largest(pseudoscalar - derivative) < TOLERANCE * largest(pseudoscalar)


# ---- (4) totals ------------------------------------------------------------------------------------------------


def integrated(s: Number, M: float, component: Component) -> float:
    """2 int_0^1 dc dsigma/dc with y = atanh(beta c): dc = dy/(beta cosh^2 y) flattens the collinear peak."""
    beta = MP.sqrt(1 - 4 * MP.convert(M_E) ** 2 / s)

    def integrand(y: Number) -> Number:
        return closed_forms.differential(s, M, 1 - MP.tanh(y) / beta, component) / (beta * MP.cosh(y) ** 2)

    return float(2 * MP.quad(integrand, MP.linspace(0, MP.atanh(beta), 5), method="gauss-legendre", maxdegree=4))


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("root_s", ROOT_S)
def test_totals(root_s: float, component: Component) -> None:
    """Eq. (18) of arXiv:2012.07894, three lines, and the dark-photon total of the physics sheet."""
    s = MP.mpf(root_s) ** 2
    for M in masses(root_s):
        assert closed_forms.total(s, M, component) == pytest.approx(integrated(s, M, component), rel=1e-14)


@pytest.mark.parametrize("component", COMPONENTS)
def test_diagrams_integrate_to_the_total(component: Component) -> None:
    """From the diagrams to Eq. (18) with nothing in between: PADME's energy, M = 10 MeV, doubles, 24 Gauss nodes."""
    s, M = 0.02371**2, 0.010
    beta = np.sqrt(1 - 4 * M_E**2 / s)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    y = np.arctanh(beta) * (nodes + 1) / 2
    jacobian = np.arctanh(beta) / (beta * np.cosh(y) ** 2)  # both hemispheres
    deltas = (1 - np.tanh(y) / beta).tolist()
    values = [amplitudes.differential(s, M, delta, component, context=mpmath.fp) for delta in deltas]
    assert weights @ (jacobian * values) == pytest.approx(closed_forms.total(s, M, component), rel=1e-10)


# ---- (5) negative controls: each of these must be seen ---------------------------------------------------------


def massless_photon(s: Number, M: Number, c: Number) -> Number:
    """The photon channel with 1 + c^2 in place of 2 - beta^2 (1 - c^2)."""
    alpha, _, s, M, beta, _ = closed_forms.variables(s, M)
    return alpha * (s - M**2) ** 3 / (64 * beta * s**3) * (1 + c**2)


def electron_without_double_pole(s: Number, M: Number, c: Number) -> Number:
    """The electron channel without its 1/D^2."""
    alpha, m, s, M, beta, _ = closed_forms.variables(s, M)
    return alpha * m**2 / (2 * beta * s**2 * (s - M**2)) * (s**2 + M**4) / (1 - beta**2 * c**2)


def wrong_sign_interference(s: Number, M: Number, c: Number) -> Number:
    """The interference with the other sign."""
    return -DIFFERENTIALS["interference"](s, M, c)


def dark_photon_without_double_pole(s: Number, M: Number, c: Number) -> Number:
    """The dark photon without its 1/D^2."""
    alpha, m, s, M, beta, _ = closed_forms.variables(s, M)
    D, w = 1 - beta**2 * c**2, M**2 + 2 * m**2
    double_pole = 32 * m**2 * w / ((s - M**2) ** 2 * D**2)
    return DIFFERENTIALS["dark_photon"](s, M, c) + MP.pi * alpha**2 * (s - M**2) / (beta * s**2) * double_pole


@pytest.mark.parametrize(
    ("component", "wrong"),
    [
        ("photon", massless_photon),
        ("electron", electron_without_double_pole),
        ("interference", wrong_sign_interference),
        ("dark_photon", dark_photon_without_double_pole),
    ],
)
def test_wrong_formulas_fail(component: Component, wrong: closed_forms.Formula) -> None:
    """The comparison of `test_differential` sees each error by more than a per mille somewhere on the grid."""
    assert worst_disagreement(component, wrong) > 1e-3


def test_wrong_totals_fail() -> None:
    """The comparison of `test_totals` sees a sign and a lost factor of two."""
    s, M = MP.mpf(0.02371) ** 2, 0.010
    assert closed_forms.total(s, M, "interference") != pytest.approx(-integrated(s, M, "interference"), rel=1e-3)
    assert closed_forms.total(s, M, "electron") != pytest.approx(integrated(s, M, "electron") / 2, rel=1e-3)


# ---- (6) e+ e- -> gamma gamma ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", ONE_MINUS_ABS_C)
@pytest.mark.parametrize("root_s", ROOT_S)
def test_massless_dark_photon_is_a_photon(root_s: float, delta: float) -> None:
    """At M = 0 (two polarisations) and for M -> 0 (three) the diagrams give section 7 of the physics sheet.

    With distinguishable bosons every direction counts once; with two photons both are counted over -1 < c < 1.
    """
    s = MP.mpf(root_s) ** 2
    expected = closed_forms.two_photon_differential(s, delta)
    for M, tolerance in ((0, TOLERANCE), (1e-14, 1e-18)):  # terms of relative order M^2/m^2 = 4e-22
        assert abs(amplitudes.differential(s, M, delta, "dark_photon") / expected - 1) < tolerance


@pytest.mark.parametrize("root_s", ROOT_S)
def test_two_photon_total_is_diracs(root_s: float) -> None:
    """sigma = (pi r_e^2/(g+1)) [(g^2+4g+1)/(g^2-1) ln(g+sqrt(g^2-1)) - (g+3)/sqrt(g^2-1)], g = E/m of the positron.

    P. A. M. Dirac, Proc. Camb. Phil. Soc. 26 (1930) 361; W. Heitler, "The Quantum Theory of Radiation", section 27.
    Half of the massless dark-photon total at epsilon = 1, since the two photons are identical.
    """
    s, m = MP.mpf(root_s) ** 2, MP.convert(M_E)
    g = s / (2 * m**2) - 1
    root = MP.sqrt(g**2 - 1)
    bracket = (g**2 + 4 * g + 1) / root**2 * MP.log(g + root) - (g + 3) / root
    dirac = MP.convert(GEV2_TO_PB) * MP.pi * (MP.convert(ALPHA) / m) ** 2 / (g + 1) * bracket
    assert closed_forms.total(s, 0, "dark_photon") / 2 == pytest.approx(float(dirac), rel=1e-14)


# ---- (7) the sign of the interference --------------------------------------------------------------------------


def pseudoscalar_loop(M: float) -> Number:
    """tau f(tau)^2 of Eq. (10) of arXiv:2012.07894 for M < 2 m_e."""
    tau = 4 * MP.convert(M_E) ** 2 / MP.convert(M) ** 2
    return tau * MP.asin(1 / MP.sqrt(tau)) ** 2


@pytest.mark.parametrize("epsilon_0123", [1, -1])
@pytest.mark.parametrize("M", [1e-5, 4e-4, 9e-4])
def test_loop_induced_coupling(M: float, epsilon_0123: int) -> None:
    """delta g_ag = eps^{0123} (alpha/pi) B1 g_ae, from the triangle with explicit matrices.

    The derivative coupling is the pseudoscalar one minus its Pauli-Villars regulator, B1 = 1 - tau f^2. Eq. (9) has
    the sign of eps^{0123} = +1 (gamma5 = i g0 g1 g2 g3), not of the -1 printed below Eq. (1). The chiral anomaly says
    the same: d(N_R - N_L)/dt = (e^2/2 pi^2) int E.B turns (g_ae/2) (d_mu a) j5^mu into -(alpha/pi) g_ae a E.B, while
    (g_ag/4) a F Ftilde = -eps^{0123} g_ag a E.B.
    """
    unit = epsilon_0123 * MP.convert(ALPHA) / MP.pi
    loop, same = (
        amplitudes.loop_induced_coupling(M, M_E, momentum, epsilon_0123)
        for momentum in (vector(0, 0, 0, 0), vector(*map(MP.mpf, (0.3, -0.2, 1.1, 0.7))))
    )
    regulator = amplitudes.loop_induced_coupling(M, 1e6, vector(0, 0, 0, 0), epsilon_0123)
    assert abs(same - loop) < 1e-20 * abs(loop)  # the numerator does not depend on the loop momentum
    assert abs(loop / unit + pseudoscalar_loop(M)) < 1e-20
    assert abs((loop - regulator) / unit - (1 - pseudoscalar_loop(M))) < 1e-18


@pytest.mark.parametrize("epsilon_0123", [1, -1])
@pytest.mark.parametrize("Q", [1, -1])
@pytest.mark.parametrize("point", some_points())
def test_interference_is_positive_when_the_loop_adds(point: Kinematics, Q: int, epsilon_0123: int) -> None:
    """Interference and loop have the same sign in every convention; that of e is irrelevant: both diagrams are odd."""
    both, opposite = (amplitudes.alp_mean_squared(point, 1, g_ae, Q, epsilon_0123) for g_ae in (1, -1))
    interference = (both - opposite) / 2
    assert interference * epsilon_0123 > 0
    assert abs(interference / amplitudes.component_mean_squared(point, "interference") - epsilon_0123) < TOLERANCE
