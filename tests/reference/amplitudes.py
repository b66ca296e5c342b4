"""|M|^2 of e+(p+) e-(p-) -> gamma(k) X(q) from Feynman rules alone: no closed formula of the package enters here.

Lagrangian (Eq. (1) of arXiv:2012.07894), with Ftilde^{mu nu} = (1/2) eps^{mu nu alpha beta} F_{alpha beta}:

    L = ebar (i D-slash - m) e + (g_ag/4) a F Ftilde + (g_ae/2) (d_mu a) ebar gamma^mu gamma5 e,
    D_mu = d_mu + i e Q A_mu with Q = -1; dark photon: D_mu -> D_mu + i epsilon e Q V_mu.

Vertices are i L, the propagators i (p-slash + m)/(p^2 - m^2) and -i g_{mu nu}/q^2. Frame: centre of mass, the electron
along +z, the photon at angle theta in the x-z plane, c = cos(theta). Exact in the electron mass. Units: GeV, and pb for
cross-sections. All couplings are one (g_ag = g_ae = 1/GeV, epsilon = 1) unless they are arguments.
"""

from dataclasses import dataclass
from typing import Literal

from reference.dirac import (
    ALPHA,
    EPSILON_0123,
    GAMMA5,
    GEV2_TO_PB,
    IDENTITY,
    M_E,
    MP,
    Array,
    Context,
    Number,
    bar,
    dot,
    levi_civita,
    slash,
    spinors_u,
    spinors_v,
    vector,
)

Component = Literal["photon", "electron", "interference", "dark_photon"]
COMPONENTS: tuple[Component, ...] = ("photon", "electron", "interference", "dark_photon")


@dataclass(frozen=True)
class Kinematics:
    """Momenta of one point, the spinors (columns u, rows vbar) and the polarisation vectors of photon and X."""

    s: Number
    m: Number
    M: Number
    p_minus: Array
    p_plus: Array
    k: Array
    q: Array
    u: Array
    v_bar: Array
    photon_polarisations: tuple[Array, ...]
    x_polarisations: tuple[Array, ...]  # two transverse and, for M > 0, the longitudinal one
    context: Context


def kinematics(
    s: Number, M: Number, one_minus_abs_c: Number, forward: bool = True, m: Number = M_E, context: Context = MP
) -> Kinematics:
    """One phase-space point; `forward` is the sign of c. 1-|c| is the argument because c itself rounds to one."""
    s, M, m, delta = (context.convert(x) for x in (s, M, m, one_minus_abs_c))
    root_s = context.sqrt(s)
    energy, momentum = root_s / 2, context.sqrt(s / 4 - m**2)
    omega, energy_x = (s - M**2) / (2 * root_s), (s + M**2) / (2 * root_s)
    cos = (1 - delta) if forward else (delta - 1)
    sin = context.sqrt(delta * (2 - delta))
    p_minus, p_plus = vector(energy, 0, 0, momentum), vector(energy, 0, 0, -momentum)
    transverse = (vector(0, cos, 0, -sin), vector(0, 0, 1, 0))
    longitudinal = (vector(omega / M, -sin * energy_x / M, 0, -cos * energy_x / M),) if M else ()
    return Kinematics(
        s=s,
        m=m,
        M=M,
        p_minus=p_minus,
        p_plus=p_plus,
        k=vector(omega, omega * sin, 0, omega * cos),
        q=vector(energy_x, -omega * sin, 0, -omega * cos),
        u=spinors_u(p_minus, m, context),
        v_bar=bar(spinors_v(p_plus, m, context)),
        photon_polarisations=transverse,
        x_polarisations=transverse + longitudinal,
        context=context,
    )


def charge(context: Context) -> Number:
    """e = sqrt(4 pi alpha) > 0."""
    return context.sqrt(4 * context.pi * context.convert(ALPHA))


def photon_exchange(point: Kinematics, polarisation: Array, Q: int = -1, epsilon_0123: int = EPSILON_0123) -> Array:
    """M for e+ e- -> gamma* -> gamma a, rows: positron spin, columns: electron spin; g_ag = 1/GeV.

    (g/4) a F Ftilde = (g/2) eps^{mu nu alpha beta} a d_mu A_nu d_alpha A_beta; the outgoing photon gives
    d_mu -> i k_mu, the virtual one (momentum P flows in) d_alpha -> -i P_alpha, and there are two ways to assign them:
    vertex^beta = i g eps^{mu nu alpha beta} k_mu pol*_nu P_alpha. Then
    i M = vertex_beta (-i/s) vbar (-i e Q gamma^beta) u.
    """
    P = point.p_minus + point.p_plus
    vertex = slash(levi_civita(point.k, polarisation, P, epsilon_0123)) * 1j
    i_M = point.v_bar @ vertex @ point.u * (-1j / point.s) * (-1j * Q * charge(point.context))
    return i_M * -1j


def emission(point: Kinematics, polarisation: Array, x_vertex: Array, Q: int = -1) -> tuple[Array, Array]:
    """M of the two electron-exchange diagrams, photon from the electron and from the positron, for a vertex i L_X."""
    photon_vertex = slash(polarisation) * (-1j * Q * charge(point.context))
    mass = IDENTITY * point.m
    t_propagator = (slash(point.p_minus - point.k) + mass) * (1j / (-2 * dot(point.p_minus, point.k)))
    u_propagator = (slash(point.k - point.p_plus) + mass) * (1j / (-2 * dot(point.p_plus, point.k)))
    from_electron = point.v_bar @ x_vertex @ (t_propagator @ (photon_vertex @ point.u))
    from_positron = point.v_bar @ photon_vertex @ (u_propagator @ (x_vertex @ point.u))
    return from_electron * -1j, from_positron * -1j


def pseudoscalar_vertex(point: Kinematics) -> Array:
    """i L of -i g_ae m a ebar gamma5 e, that is g_ae m gamma5, at g_ae = 1/GeV."""
    return GAMMA5 * point.m


def derivative_vertex(point: Kinematics) -> Array:
    """i L of (g_ae/2) (d_mu a) ebar gamma^mu gamma5 e; the outgoing a gives d_mu -> i q_mu; g_ae = 1/GeV."""
    return slash(point.q) @ GAMMA5 * (1j * 1j * point.context.convert(0.5))


def vector_vertex(point: Kinematics, polarisation: Array, Q: int = -1) -> Array:
    """i L of -epsilon e Q V_mu ebar gamma^mu e at epsilon = 1."""
    return slash(polarisation) * (-1j * Q * charge(point.context))


def mean_squared(first: list[Array], second: list[Array] | None = None) -> Number:
    """Re sum M1 M2^*, averaged over the four initial spin states; lists run over the final polarisations."""
    pairs = zip(first, first if second is None else second, strict=True)
    return sum((x * y.conjugate()).real for a, b in pairs for x, y in zip(a.flat, b.flat, strict=True)) / 4


def photon_amplitudes(point: Kinematics, Q: int = -1, epsilon_0123: int = EPSILON_0123) -> list[Array]:
    """s-channel amplitudes, one 2x2 matrix of spins for each photon polarisation (real vectors: pol* = pol)."""
    return [photon_exchange(point, pol, Q, epsilon_0123) for pol in point.photon_polarisations]


def electron_amplitudes(point: Kinematics, Q: int = -1, derivative: bool = False) -> list[Array]:
    """t- plus u-channel ALP amplitudes, one 2x2 matrix of spins for each photon polarisation."""
    vertex = derivative_vertex(point) if derivative else pseudoscalar_vertex(point)
    return [sum(emission(point, pol, vertex, Q)) for pol in point.photon_polarisations]


def dark_photon_amplitudes(point: Kinematics) -> list[Array]:
    """Amplitudes for each photon and each vector polarisation (at M = 0: e+ e- -> gamma gamma)."""
    return [
        sum(emission(point, pol, vector_vertex(point, pol_x)))
        for pol in point.photon_polarisations
        for pol_x in point.x_polarisations
    ]


def alp_mean_squared(point: Kinematics, g_ag: Number, g_ae: Number, Q: int = -1, epsilon_0123: int = EPSILON_0123) -> Number:
    """<|M|^2> of all ALP diagrams, added before squaring; couplings in 1/GeV."""
    pairs = zip(photon_amplitudes(point, Q, epsilon_0123), electron_amplitudes(point, Q), strict=True)
    return mean_squared([g_ag * a + g_ae * b for a, b in pairs])


def component_mean_squared(point: Kinematics, component: Component) -> Number:
    """<|M|^2> of one component at unit couplings; the interference is 2 Re M_photon M_electron^*."""
    if component == "photon":
        return mean_squared(photon_amplitudes(point))
    if component == "electron":
        return mean_squared(electron_amplitudes(point))
    if component == "interference":
        return 2 * mean_squared(photon_amplitudes(point), electron_amplitudes(point))
    return mean_squared(dark_photon_amplitudes(point))


def cross_section_factor(point: Kinematics) -> Number:
    """dsigma/dc = factor * <|M|^2>, in pb.

    Flux of massive beams 4 sqrt((p-.p+)^2 - m^4) = 4 |p| sqrt(s), two-body phase space |k| dOmega/(16 pi^2 sqrt(s)),
    and 2 pi from the azimuth: together (s-M^2)/(32 pi beta s^2).
    """
    context = point.context
    flux = 4 * context.sqrt(dot(point.p_minus, point.p_plus) ** 2 - point.m**4)
    phase_space = 2 * context.pi * point.k[0] / (16 * context.pi**2 * context.sqrt(point.s))
    return context.convert(GEV2_TO_PB) * phase_space / flux


def differential(
    s: Number, M: Number, one_minus_abs_c: Number, component: Component, forward: bool = True, context: Context = MP
) -> Number:
    """dsigma/dc in pb at unit couplings, a number of `context`: same arguments as `closed_forms.differential`."""
    point = kinematics(s, M, one_minus_abs_c, forward, context=context)
    return cross_section_factor(point) * component_mean_squared(point, component)


def loop_induced_coupling(
    M: Number, loop_mass: Number, loop_momentum: Array, epsilon_0123: int = EPSILON_0123, q2: Number = 0
) -> Number:
    """delta g_ag / g_ae from the triangle of a fermion of charge -1 with the pseudoscalar vertex, for q2 < M^2.

    a -> gamma(k1) gamma*(k2) with k2^2 = q2, both orientations of the closed loop alike:
    i M = -2 int d^4l/(2 pi)^4 Tr[(g m gamma5) S(l-k2) (i e pol2-slash) S(l) (i e pol1-slash) S(l+k1)].
    The numerator does not depend on l = `loop_momentum` (any vector will do; a test varies it), and
    int d^4l/(2 pi)^4 1/(D0 D1 D2) = -i/(16 pi^2) int dx dy 1/(m^2 - x y M^2 - x (1-x-y) q2 - i0) over x + y < 1.
    The result is divided by the tree amplitude of g_ag = 1,
    i M = i eps^{mu nu alpha beta} (i k1_mu) pol1_nu (i k2_alpha) pol2_beta.
    """
    M, m, q2 = MP.convert(M), MP.convert(loop_mass), MP.convert(q2)
    k = (M**2 - q2) / (2 * M)
    k1, k2 = vector(k, 0, 0, k), vector((M**2 + q2) / (2 * M), 0, 0, -k)
    pol1, pol2 = vector(0, 1, 0, 0), vector(0, 0, 1, 0)
    before, between, after = (slash(p) + IDENTITY * m for p in (loop_momentum - k2, loop_momentum, loop_momentum + k1))
    numerator = (GAMMA5 @ before @ slash(pol2) @ between @ slash(pol1) @ after).trace()
    factors = m * 1j**3 * (1j * charge(MP)) ** 2  # pseudoscalar vertex, three propagators, two photon vertices
    i_M_loop = -2 * factors * numerator * (-1j / (16 * MP.pi**2)) * triangle(M**2, q2, m)
    i_M_tree = 1j * dot(levi_civita(k1 * 1j, pol1, k2 * 1j, epsilon_0123), pol2)
    return i_M_loop / i_M_tree


def triangle(M2: Number, q2: Number, m: Number) -> Number:
    """int dx dy 1/(m^2 - x y M2 - x (1-x-y) q2 - i0) over x + y < 1, the integral over y done, for M2 != q2.

    That over y is [ln(m^2 - x(1-x) q2 - i0) - ln(m^2 - x(1-x) M2 - i0)] / (x (M2 - q2)); below the cut a logarithm
    is ln|..| - i pi. The integral over x is cut where an argument vanishes.
    """
    M2, q2, m = (MP.convert(x) for x in (M2, q2, m))
    cuts = {MP.mpf(0), MP.mpf(1) / 2, MP.mpf(1)}
    for square in (M2, q2):
        if square > 4 * m**2:
            root = MP.sqrt(1 - 4 * m**2 / square)
            small = 2 * m**2 / square / (1 + root)
            cuts |= {small, 1 - small}
    cuts |= {10 ** MP.mpf(-n) for n in range(1, 12)}  # a large virtuality begins to count at x = m^2/|q2|

    def logarithm(square: Number, x: Number) -> Number:
        ratio = x * (1 - x) * square / m**2
        return MP.log1p(-ratio) if ratio < 1 else MP.log(ratio - 1) - 1j * MP.pi

    return MP.quad(lambda x: (logarithm(q2, x) - logarithm(M2, x)) / (x * (M2 - q2)), sorted(cuts))
