"""Weighted reference events of every process in variables and kinematics of their own, from the independent formulas.

A reference is a table of columns (momenta, weights, vertices) named as `observables` names those of generated events,
with a weight for each row. The points are a scrambled Sobol set.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.special import gamma
from scipy.stats import norm, qmc

from alphoton.data.event_file import Chunk, Jagged
from alphoton.generators import processes
from alphoton.generators.process_card import ProcessCard
from reference import bethe_heitler as radiation
from reference import bremsstrahlung, cascade, loop_vertex, neutrino_photon, three_photon
from reference.checks import honest
from reference.dirac import ALPHA, M_E
from reference.fixed_target import NUCLEON_MASS_UNIT, structure_function

Array = NDArray[np.float64]
Columns = dict[str, Array]
HBARC_MM = 1.973269804e-13  # GeV mm


@dataclass(frozen=True)
class Reference:
    """Columns and weights of the reference events."""

    columns: Columns
    weights: Array
    even: bool = True
    """Whether the points are the Sobol set itself, whose error is far below that of as many random ones."""


def points(dimension: int, power: int) -> Array:
    return np.asarray(qmc.Sobol(dimension, seed=5).random_base2(power)).clip(1e-12, 1 - 1e-12)


def of_particle(name: str, p: tuple[Array, Array, Array, Array]) -> Columns:
    """The columns of a particle's momentum (E, px, py, pz); phi is 0 along the beam."""
    E, x, y, z = p[0], p[1] + 0.0, p[2] + 0.0, p[3]  # + 0.0: no negative zeros
    columns = {"energy": E, "px": x, "py": y, "pz": z, "theta": np.arctan2(np.hypot(x, y), z), "phi": np.arctan2(y, x)}
    return {f"{name}.{key}": value for key, value in columns.items()}


def observables(events: Chunk) -> Columns:
    """The same columns of generated events: particles by their row, weights, runs and vertices.

    A nucleus's energy is the kinetic one: its mass would hide it.
    """
    particles = events["GenPart"]
    assert isinstance(particles, Jagged)
    count = len(particles.counts)
    rows = {name: values.reshape(count, -1) for name, values in particles.fields.items()}
    rows["energy"] = rows["energy"] - np.where(rows["pdgId"] > 1_000_000_000, rows["mass"], 0.0)
    columns = {name: np.asarray(v, float) for name, v in events.items() if name.startswith("weight_") or name == "run"}
    columns = relative(columns)
    for row in range(rows["px"].shape[1]):
        p = tuple(rows[name][:, row] for name in ("energy", "px", "py", "pz"))
        columns |= of_particle(str(row), p)  # type: ignore[arg-type]
        columns |= {f"{row}.{v}": rows[v][:, row] for v in ("vx", "vy", "vz") if v in rows}
        columns[f"{row}.pdgId"] = rows["pdgId"][:, row].astype(float)
    return columns


def relative(columns: Columns) -> Columns:
    """The first weight as it is, the others divided by it.

    Where an event's weight comes from one component alone it is a ratio of cross-sections, the same for very many
    events: to compare such columns takes more digits than a cross-section has.
    """
    first, *others = [name for name in columns if name.startswith("weight_")]
    return columns | {name: columns[name] / columns[first] for name in others}


# ---- e+ e- -> gamma X ------------------------------------------------------------------------------------------------


def shapes(name: str, s: Array, M: float, D: Array) -> Array:
    """dsigma/dc of a component up to a constant common to its process: closed forms, D = 1 - beta^2 c^2."""
    m2, beta, gap = M_E**2, np.sqrt(1 - 4 * M_E**2 / s), s - M**2
    w = M**2 + 2 * m2
    if name == "two_photon":
        b2 = 1 - 4 * m2 / s
        return math.pi * ALPHA**2 / (s * beta) * ((1 + (1 - D) + 2 * (1 - b2)) / D - 2 * (1 - b2) ** 2 / D**2)
    if name == "photon":
        return ALPHA * gap**3 / (64 * beta * s**3) * (2 - (1 - 4 * m2 / s) + (1 - D))
    if name == "electron":
        return ALPHA * m2 / (2 * beta * s**2 * gap) * ((s**2 + M**4) / D - 8 * M**2 * m2 / D**2)
    if name == "interference":
        return ALPHA * m2 * gap**2 / (2 * beta * s**3 * D)
    bracket = -2 + 4 / D + 8 * w * s / (gap**2 * D) - 32 * m2 * w / (gap**2 * D**2)
    return math.pi * ALPHA**2 * gap / (beta * s**2) * bracket


def looped(tree: Columns, beta: Array) -> Columns:
    """The components where beta g_ae is added to g_agamma: of |g_ag + beta g_ae|^2, and of its real part with g_ae."""
    none = np.zeros_like(tree["photon"])
    mixed, electron = tree.get("interference", none), tree.get("electron", none)
    return {
        "photon": tree["photon"],
        "electron": electron + np.abs(beta) ** 2 * tree["photon"] + beta.real * mixed,
        "interference": mixed + 2 * beta.real * tree["photon"],
    }


def radiator(u: Array, s: float) -> tuple[Array, Array]:
    """(1 - x, D(x) |dx/du|) of an electron that radiates, 1 - x = u^(2 / beta): to second order, which is enough here."""
    b = 2 * ALPHA / math.pi * (math.log(s / M_E**2) - 1)
    v = u ** (2 / b)
    x = 1 - v
    soft = math.exp((3 / 4 - np.euler_gamma) * b / 2) / gamma(1 + b / 2)
    log_x, log_v = np.log1p(-np.minimum(v, 1 - 1e-12)), np.log(np.maximum(v, 1e-300))
    second = (1 + 3 * x**2) * log_x / np.maximum(v, 1e-300) + 4 * (1 + x) * log_v + 5 + x
    hard = -b / 4 * (1 + x) - b**2 / 32 * second
    return v, soft + hard * 2 / b * v / u


def real_beams(card: ProcessCard, s: float, boost: float, x: Array) -> tuple[Array, Array, Array, Array]:
    """(sqrt(s'), beta gamma of what is left, light-cone momenta lost (2, n), weights) from points x (n, 4)."""
    cone = math.sqrt(s) * (math.hypot(1, boost) + np.array([1, -1]) * boost)
    cones = cone[:, None] * (1 + card.beams.energy_spread * norm.ppf(x[:, :2].T))
    lost, weight = np.zeros((2, len(x))), np.ones(len(x))
    if card.beams.initial_state_radiation != "none":
        parts = [radiator(x[:, k], s) for k in (2, 3)]
        lost = cones * np.array([v for v, _ in parts])
        weight = parts[0][1] * parts[1][1]
    k = (s - card.mass**2) / (4 * math.sqrt(s))
    kept = cones - lost
    root_s = np.sqrt(kept[0] * kept[1])
    weight[root_s <= k + math.hypot(k, card.mass)] = 0.0
    return root_s, (kept[0] - kept[1]) / (2 * root_s), lost, weight


def photon_recoil(card: ProcessCard, power: int = 19) -> Reference:
    """Annihilation, dark photon and two photons: eta, azimuth and run from the points; boosted with (gamma, beta gamma)."""
    x = points(7 if card.beams.real else 3, power)
    runs = card.collisions()
    luminosity = np.array([run.luminosity or 1.0 for run in runs])
    run = np.minimum((x[:, 2] * len(runs)).astype(int), len(runs) - 1)
    root_s_of = np.array([each.sqrt_s for each in runs])
    root_s = root_s_of[run]
    boost = np.array([each.momentum_z / each.sqrt_s for each in runs])[run]
    more = np.ones(len(x))
    if card.beams.real:
        root_s, boost, lost, more = real_beams(card, float(root_s[0] ** 2), float(boost[0]), x[:, 3:])
        above = np.flatnonzero(more > 0)
        x, run, root_s, boost, lost, more = x[above], run[above], root_s[above], boost[above], lost[:, above], more[above]
    s, M = root_s**2, card.mass
    beta = np.sqrt(1 - 4 * M_E**2 / s)
    span = np.log((1 + beta) * root_s / (2 * M_E))
    eta = span * (2 * x[:, 0] - 1)
    c, D = np.tanh(eta) / beta, 1 / np.cosh(eta) ** 2
    measure = D / beta * 2 * span * luminosity[run] * more
    process = processes.of(card)
    names = [component.name for component in process.components]
    densities = {name: shapes(name, s, M, D) * measure for name in names}
    if card.momentum_dependent:
        densities = looped(
            densities, np.array([ALPHA / math.pi * loop_vertex.one_virtual(M, x, M_E) for x in root_s_of**2])[run]
        )
    total = sum(g * densities[name] for g, name in zip(process.couplings(card), names, strict=True))
    q = total
    if card.sampling == "balanced":
        own = [densities[name] / densities[name].mean() for name in ("photon", "electron")]
        q = (own[0] + own[1]) / 2 * total.mean()
    columns = relative({f"weight_{name}": densities[name] / q for name in names}) | {"run": run.astype(float)}
    k, sine, phi = (s - M**2) / (2 * root_s), np.sqrt(np.clip(1 - c**2, 0, None)), 2 * math.pi * x[:, 1] - math.pi
    px, py, z = k * sine * np.cos(phi), k * sine * np.sin(phi), k * c
    for row, (E, sign) in enumerate([(k, 1), (np.hypot(k, M), -1)]):
        energy = np.hypot(1, boost) * E + boost * sign * z
        pz = np.hypot(1, boost) * sign * z + boost * E
        columns |= of_particle(str(row), (energy, sign * px, sign * py, pz))
    if card.beams.initial_state_radiation != "none":
        for row, sign in ((2, 1), (3, -1)):
            E, zero = lost[row - 2] / 2, np.zeros(len(x))
            columns |= of_particle(str(row), (E, zero, zero, sign * E))
    return Reference(columns, q)


def photons(card: ProcessCard, power: int = honest(17, 21)) -> Reference:
    """Three photons from `reference.three_photon`, hardest first, boosted with (gamma, beta gamma)."""
    (run,) = card.collisions()
    found, weights = three_photon.sample(run.sqrt_s, card.photon_cut.least_energy, power)
    boost = run.momentum_z / run.sqrt_s
    columns = {"weight_three_photon": np.ones(len(weights)), "run": np.zeros(len(weights))}
    for row, (E, x, y, z) in enumerate(np.moveaxis(found, 2, 1)):
        columns |= of_particle(str(row), (np.hypot(1, boost) * E + boost * z, x, y, np.hypot(1, boost) * z + boost * E))
    return Reference(columns, weights)


def neutrinos(card: ProcessCard, power: int = honest(18, 20)) -> Reference:
    """Photon, neutrino and antineutrino from `reference.neutrino_photon`; runs by luminosity, flavours by a point."""
    x = points(8, power)
    runs, cut = card.collisions(), card.photon_cut
    shares = np.cumsum([run.luminosity for run in runs])
    run = np.searchsorted(shares / shares[-1], x[:, 6])
    root_s, weak = np.array([each.sqrt_s for each in runs])[run], neutrino_photon.inputs(card)
    k, pair, electron, other = neutrino_photon.sample(root_s, cut.least_energy, cut.least_angle, weak, x)
    weights = electron + 2 * other
    flavour = 12.0 + 2 * (x[:, 7] * weights > electron) + 2 * (x[:, 7] * weights > electron + other)
    columns = {"weight_neutrino_photon": np.ones(len(x)), "run": run.astype(float)}
    for row, momenta in enumerate((k, *pair)):
        columns |= of_particle(str(row), tuple(momenta.T))  # type: ignore[arg-type]
    return Reference(columns | {"1.pdgId": flavour, "2.pdgId": -flavour}, weights)


# ---- on nuclei -------------------------------------------------------------------------------------------------------


def primakoff(card: ProcessCard, power: int = honest(20, 22)) -> Reference:
    """Photon energy and depth of Eq. (27) as printed, ln t, azimuth; recoil by energy and momentum conservation.

    With a depth and a decay the points have so many dimensions that a million of them are hardly more even than random.
    """
    x = points(8, power)
    (nucleus,) = card.collisions()
    M, m = nucleus.atomic_mass * NUCLEON_MASS_UNIT, card.mass
    beam, thickness = card.beams.beam_energy, card.beams.thickness
    weights = np.ones(len(x))
    E, depth = np.full(len(x), beam), np.zeros(len(x))
    if thickness > 0:
        L_min = -4 / 3 * math.log1p(-card.energy_cut / beam)
        L = L_min - np.log(x[:, 0]) / 0.75  # dE = (3/4) E0 exp(-3 L / 4) dL
        E = -beam * np.expm1(-0.75 * L)
        rate = np.minimum(7 / 9, L)
        depth = -np.log1p(x[:, 1] * np.expm1(-rate * thickness)) / rate
        measure = -np.expm1(-rate * thickness) / (rate * np.exp(-rate * depth))
        weights = (np.exp(-L * depth) - np.exp(-7 / 9 * depth)) / (7 / 9 - L) / E * measure
        if card.beams.cascade:
            weights = cascade_photons(np.log(beam / E), depth) / E * measure
    a, b, c = 1 / (2 * M * E) + 1 / (4 * E**2), 1 - m**2 / (2 * M * E) - m**2 / (2 * E**2), m**4 / (4 * E**2)
    root = b + np.sqrt(b**2 - 4 * a * c)
    lowest, highest = 2 * c / root, root / (2 * a)
    upper = np.minimum(highest, 2 * M * (E - card.energy_cut)) if card.energy_cut > 0 else highest
    inside = upper > lowest
    span = np.log(np.where(inside, upper / lowest, 1))
    t = lowest * np.exp(x[:, 2] * span)
    pt2 = a * (t - lowest) * (highest - t)
    form_factor = structure_function(t, nucleus.atomic_number, nucleus.atomic_mass)
    weights = np.where(inside, weights * form_factor * pt2 / t * span, 0.0)
    recoil = t / (2 * M)
    along = recoil + (m**2 + t) / (2 * E)
    pt, phi = np.sqrt(np.clip(pt2, 0, None)), 2 * math.pi * x[:, 3] - math.pi
    px, py, zero = pt * np.cos(phi), pt * np.sin(phi), np.zeros(len(x))
    alp = (E - recoil, px, py, E - along)
    columns = of_particle("0", (E, zero, zero, E)) | of_particle("1", alp)
    columns |= of_particle("2", (recoil, -px, -py, along))
    columns |= {"run": zero}
    if card.momentum_dependent:
        beta = ALPHA / math.pi * loop_vertex.spacelike(m, M_E)(t)
        squared = np.abs(card.model.g_agamma + card.model.g_ae * beta) ** 2
        weights = weights * squared
        unit = looped({"photon": np.ones(len(x))}, beta)
        columns |= relative({f"weight_{name}": each / squared for name, each in unit.items()})
    else:
        columns |= {"weight_photon": np.full(len(x), 1 / card.model.g_agamma**2)}
    vertex = depth * card.beams.radiation_length_mm
    if thickness > 0:
        columns |= {f"{row}.{v}": vertex if v == "vz" else zero for row in range(3) for v in ("vx", "vy", "vz")}
    if card.decay != "none":
        columns |= decayed(card, alp, vertex, x[:, 4:])
    return Reference(columns, weights, even=thickness == 0)


def cascade_photons(w: Array, depth: Array) -> Array:
    """Photons (n) per unit of ln E at w = ln(E0/E) and a depth: the cascade equations at 2e4 points, a spline between."""
    at_w, at_depth = np.geomspace(1e-6, w.max(), 150), np.geomspace(1e-4, depth.max(), 150)
    logarithm = np.log(cascade.photon_density(at_w, at_depth))
    spline = RectBivariateSpline(np.log(at_w), np.log(at_depth), logarithm)
    return np.exp(spline.ev(np.log(np.maximum(w, at_w[0])), np.log(np.maximum(depth, at_depth[0]))))


def decayed(card: ProcessCard, alp: tuple[Array, ...], vertex: Array, x: Array) -> Columns:
    """a -> gamma gamma of width g^2 m^3 / (64 pi): the photons' energies and directions about the ALP's, and the vertex."""
    columns: Columns = {}
    E, px, py, pz = alp
    m = card.mass
    p = np.sqrt(px**2 + py**2 + pz**2)
    width = card.model.g_agamma**2 * m**3 / (64 * math.pi)
    flight = -np.log(x[:, 0]) * HBARC_MM / width / m
    c, phi = 2 * x[:, 1] - 1, 2 * math.pi * x[:, 2]
    along, across = (p + E * c) / 2, m / 2 * np.sqrt(1 - c**2)
    n = np.stack([px, py, pz]) / p
    e1 = np.stack([n[2], np.zeros_like(c), -n[0]]) / np.hypot(n[0], n[2])
    e2 = np.cross(n, e1, axis=0)
    first = along * n + across * (np.cos(phi) * e1 + np.sin(phi) * e2)
    for row, vector in ((3, first), (4, np.stack([px, py, pz]) - first)):
        columns |= of_particle(str(row), (np.sqrt((vector**2).sum(axis=0)), *vector))
        place = (flight * px, flight * py, vertex + flight * pz)
        columns |= {f"{row}.{v}": value for v, value in zip(("vx", "vy", "vz"), place, strict=True)}
    return columns


@numba.njit(error_model="numpy")
def _fill(y: Array, E: Array, target: bremsstrahlung.Target, values: Array, events: Array) -> None:
    for i in range(len(values)):
        values[i], found = bremsstrahlung.density(y[i, :4], E[i], target)
        events[i, 0], events[i, 1], events[i, 2] = found.one_minus_x, found.theta, found.t


def electrons(card: ProcessCard, x: Array) -> tuple[Array, Array, Array]:
    """Energy, depth (radiation lengths) and weight of the shower's electrons, Eq. (27) with 1/E0, in ln(E0/E)."""
    beam, thickness = card.beams.beam_energy, card.beams.thickness
    if thickness == 0:
        return np.full(len(x), beam), np.zeros(len(x)), np.ones(len(x))
    depth = -2 * np.log1p(x[:, 0] * math.expm1(-thickness / 2))
    power, widest = 4 * depth / 3, math.log(beam / card.energy_cut)
    u = widest * x[:, 1] ** (1 / power)
    weight = np.exp(power * math.log(widest) - u) / gamma(1 + power) * np.exp(depth / 2)
    return beam * np.exp(-u), depth, weight


def brems(card: ProcessCard, power: int = honest(21, 23), keep: int = 600_000) -> Reference:
    """The other phase space of `reference.bremsstrahlung`, momenta from 1-x, theta, t and s', thinned to `keep` rows.

    q is fixed by (p - k).q = -(u' - t)/2 + ... on the electron's mass shell and q.k = (s' + u')/2, up to the sign of q_y.
    """
    x = points(8, power)
    (nucleus,) = card.collisions()
    cut = card.energy_cut or None
    target = bremsstrahlung.target_of(card.mass, nucleus.atomic_number, nucleus.atomic_mass, cut, "paper")
    E, depth, weights = electrons(card, x[:, 4:6])
    values, found = np.empty(len(x)), np.empty((len(x), 3))
    _fill(np.ascontiguousarray(x), E, target, values, found)
    weights = weights * values
    level = np.sort(weights)[::-1].cumsum()[keep] / keep  # rows above it are kept as they are
    chance = np.random.default_rng(7).random(len(x)) * level
    kept = (weights > chance) & (found[:, 2] > 0)
    x, E, depth, weights, found = x[kept], E[kept], depth[kept], np.maximum(weights[kept], level), found[kept]
    m, M = card.mass, target.M
    scale = M_E * (m + M_E)
    largest = np.array([bremsstrahlung.largest_delta(e, m, M) for e in E])
    s_prime = m**2 + 2 * M_E * m + scale * np.expm1(np.log1p(largest / scale) * x[:, 0] ** 2)
    E_a, theta, t = E * (1 - found[:, 0]), found[:, 1], found[:, 2]
    p, k, q0 = np.sqrt(E**2 - M_E**2), np.sqrt(np.clip(E_a**2 - m**2, 0, None)), -t / (2 * M)
    u_prime = m**2 - 2 * (E * E_a - p * k * np.cos(theta))
    q_d = (E - E_a) * q0 + (u_prime - t) / 2  # three-vector products: p'^2 = (p - k + q)^2 = m_e^2
    q_k = q0 * E_a - (s_prime + u_prime) / 2
    q_z = (q_d + q_k) / p
    q_x = (q_k - q_z * k * np.cos(theta)) / (k * np.sin(theta))
    q_y = np.sqrt(np.clip(t + q0**2 - q_x**2 - q_z**2, 0, None)) * np.where(x[:, 6] < 0.5, -1, 1)
    phi, zero = 2 * math.pi * x[:, 7], np.zeros(len(E))

    def turned(E: Array, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array, Array]:
        return E, x * np.cos(phi) - y * np.sin(phi), x * np.sin(phi) + y * np.cos(phi), z

    k_x, k_z = k * np.sin(theta), k * np.cos(theta)
    columns = of_particle("0", (E, zero, zero, p)) | of_particle("1", turned(E_a, k_x, zero, k_z))
    columns |= of_particle("2", turned(E - E_a + q0, q_x - k_x, q_y, p - k_z + q_z))
    columns |= of_particle("3", turned(-q0, -q_x, -q_y, -q_z))
    columns |= {"weight_electron": np.full(len(E), 1 / card.model.g_ae**2), "run": zero}
    if card.beams.thickness > 0:
        vertex = depth * card.beams.radiation_length_mm
        columns |= {f"{row}.{v}": vertex if v == "vz" else zero for row in range(4) for v in ("vx", "vy", "vz")}
    return Reference(columns, weights, even=False)


def bethe_heitler(card: ProcessCard, power: int = honest(18, 21)) -> Reference:
    """Photon, electron and nucleus from `reference.bethe_heitler`."""
    (run,) = card.collisions()
    E, M, nucleus = card.beams.beam_energy, run.atomic_mass * NUCLEON_MASS_UNIT, (run.atomic_number, run.atomic_mass)
    cut = card.photon_cut
    photon, electron, weights = radiation.sample(E, M, nucleus, (cut.least_energy, cut.least_angle), power)
    zero = np.zeros(len(weights))
    beam = np.stack([zero + E, zero, zero, zero + math.sqrt(E**2 - M_E**2)], axis=1)
    columns = {"weight_bethe_heitler": zero + 1, "run": zero}
    for row, momenta in enumerate((beam, photon, electron, beam - photon - electron)):
        columns |= of_particle(str(row), tuple(momenta.T))  # type: ignore[arg-type]
    return Reference(columns, weights, even=False)


REFERENCES: dict[str, Callable[[ProcessCard], Reference]] = {
    "annihilation": photon_recoil,
    "bethe_heitler": bethe_heitler,
    "dark_photon": photon_recoil,
    "neutrino_photon": neutrinos,
    "three_photon": photons,
    "two_photon": photon_recoil,
    "primakoff": primakoff,
    "bremsstrahlung": brems,
}


def reference(card: ProcessCard) -> Reference:
    return REFERENCES[card.process](card)
