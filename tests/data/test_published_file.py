"""Published curves: the numbers carried, where they end, and what is said about a file that cannot be used."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw

from alphoton.data.errors import InputError
from alphoton.data.published_file import USES, PublishedCurve, load, packaged

BABAR = "babar_2017_invisible_darkphoton"
BELLE2 = "belle2_invisible_darkphoton_projection"
E137 = "e137_alp_gagamma"
SN1987A = "sn1987a_profile_analytic"
MASS, EPSILON = "mass_GeV", "epsilon_90CL"


def write(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- the packaged files


def test_packaged_files() -> None:
    assert packaged() == [
        BABAR,
        BELLE2,
        "belle2_singlephoton_alp_gagamma_50ab",
        E137,
        "na64_2019_invisible_darkphoton",
        "na64_2020_alp_gagamma",
        "na64_2023_invisible_darkphoton",
        SN1987A,
    ]


@pytest.mark.parametrize("name", packaged())
def test_each_packaged_file_says_what_it_is(name: str) -> None:
    curve = load(name)
    assert "arXiv:" in curve.source
    assert curve.title
    assert curve.notes
    assert curve.use in USES
    assert len(curve.columns) >= 2
    for values in curve.columns.values():
        assert len(values) == len(curve.lines) - 1
        assert np.all(np.isnan(values) | (values > 0))


@pytest.mark.parametrize(
    ("name", "y_column", "x", "expected"),
    [
        (BABAR, EPSILON, 1.0, 9.67e-4),  # arXiv:1702.03327, Fig. 5, low-mass selection
        (BABAR, EPSILON, 4.65, 3.96e-4),  # its deepest point
        (BABAR, EPSILON, 7.12, 7.64e-4),  # high-mass selection
        (BELLE2, "epsilon_50ab", 0.01, 4.25e-5),  # arXiv:1911.03176, the plateau
        (BELLE2, "epsilon_20fb", 7.0, 8.43e-4),  # the same scaled to 20 /fb
        (BELLE2, "epsilon_50ab_alt_BmL", 1.0, 6.55e-5),  # arXiv:1803.05466
        ("belle2_singlephoton_alp_gagamma_50ab", "g_agamma_lower_GeVinv", 0.01, 8.97e-6),  # arXiv:1709.00009
        (E137, "g_d_GeVinv", 0.01, 1.39e-6),  # arXiv:1709.00009
        (E137, "g_u_GeVinv", 0.1, 1.97e-5),
        (E137, "g_u_recastB_GeVinv", 0.1, 2.17e-5),  # arXiv:2201.05170
        ("na64_2020_alp_gagamma", "g_agamma_lower_90CL_GeVinv", 0.02, 2.31e-4),  # arXiv:2005.02710
        ("na64_2019_invisible_darkphoton", "epsilon_90CL_2p84e11EOT", 0.01, 3.3e-5),  # arXiv:1906.00176, Fig. 3
        ("na64_2019_invisible_darkphoton", "epsilon_90CL_4p3e10EOT", 0.01, 8.19e-5),  # arXiv:1710.00971, Fig. 15
        ("na64_2023_invisible_darkphoton", "epsilon_90CL_9p37e11EOT", 0.235, 1.4e-4),  # arXiv:2307.02404, the dip
    ],
)
def test_values_are_those_of_the_source(name: str, y_column: str, x: float, expected: float) -> None:
    assert load(name).interpolate(x, MASS, y_column) == pytest.approx(expected, rel=1e-12)


def test_belle2_is_scaled_as_a_search_limited_by_background() -> None:
    curve = load(BELLE2)
    scaled = curve.column("epsilon_50ab") * (50_000 / 20) ** 0.25
    np.testing.assert_allclose(curve.column("epsilon_20fb"), scaled, rtol=5e-3)  # three digits


def test_na64_rises_by_9_percent_towards_1_mev() -> None:
    plateau, rise = load("na64_2020_alp_gagamma").interpolate([0.01, 0.001], MASS, "g_agamma_lower_90CL_GeVinv")
    assert rise / plateau == pytest.approx(1.09, abs=0.005)


def test_sn1987a_follows_its_formulas() -> None:
    """arXiv:1611.03864 as quoted in the file, and the anchor T(20 km) = 4.27 MeV."""
    curve = load(SN1987A)
    r = curve.column("r_km") / 10
    inside = r <= 1
    temperature = np.where(inside, 30 * (1 - 0.5 * (1 - r)), 30 * r ** (-5 / 3))
    density = np.where(inside, 3e14 * (1 + 0.2 * (1 - r)), 3e14 * r**-5.0)
    np.testing.assert_allclose(curve.column("T_fiducial_MeV"), temperature, rtol=5e-4)
    np.testing.assert_allclose(curve.column("rho_fiducial_g_cm3"), density, rtol=5e-4)
    assert curve.interpolate(20, "r_km", "T_anchored_MeV") == pytest.approx(4.27, abs=0.005)


@pytest.mark.parametrize("recast", ["", "_recastB"])
def test_e137_mean_energy_follows_from_its_edges(recast: str) -> None:
    """<gamma> = D Gamma(g_u) / (hbar c W0(g_u^4 D / (g_d^4 L))), arXiv:2012.07894, Eq. (42); hbar c in GeV m."""
    curve = load(E137)
    m, g_d, g_u = (curve.column(name) for name in (MASS, f"g_d{recast}_GeVinv", f"g_u{recast}_GeVinv"))
    D, L, hbar_c = 179.0, 204.0, 1.973269804e-16
    width = g_u**2 * m**3 / (64 * np.pi)
    energy = m * D * width / (hbar_c * lambertw(g_u**4 * D / (g_d**4 * L)).real)
    published = curve.column(f"m_gammabar_eq42{recast}_GeV")
    known = ~np.isnan(published)
    np.testing.assert_allclose(energy[known], published[known], rtol=0.015)


def test_e137_recasts_agree_below_the_tip() -> None:
    curve = load(E137)
    below = curve.column(MASS) < 0.5
    ratio = curve.column("g_d_GeVinv") / curve.column("g_d_recastB_GeVinv")
    assert np.min(ratio[below]) > 1.04
    assert np.max(ratio[below]) < 1.14


# --- interpolation


def test_babar_step_is_kept() -> None:
    masses = [5.4, 5.5, 5.5 * (1 + 1e-12), 5.52, 5.55]
    expected = [6.58e-4, 6.65e-4, 1.33e-3, 1.33e-3, 1.33e-3]
    np.testing.assert_allclose(load(BABAR).interpolate(masses, MASS, EPSILON), expected, rtol=1e-12)


def test_one_selection_alone() -> None:
    curve = load(BABAR)
    np.testing.assert_allclose(curve.interpolate([5.5, 5.6], MASS, EPSILON, "lowM"), [6.65e-4, np.nan])
    low, high, above = curve.interpolate([5.4, 5.5, 5.55], MASS, EPSILON, "highM")
    assert np.isnan(low)
    assert high == above == pytest.approx(1.33e-3)


def test_a_straight_line_in_the_logarithms(tmp_path: Path) -> None:
    curve = load(write(tmp_path, "mass_GeV,g\n1,1\n100,1e-4\n"))
    assert curve.interpolate(10, "mass_GeV", "g") == pytest.approx(1e-2)


def test_selections_that_overlap_give_the_first_one(tmp_path: Path) -> None:
    curve = load(write(tmp_path, "m,g,selection\n2,7,late\n4,7,late\n1,3,early\n3,3,early\n"))
    np.testing.assert_allclose(curve.interpolate([1, 2, 3, 3.1], "m", "g"), [3, 3, 3, 7])


def test_no_limit_outside() -> None:
    outside = [-1, 0, 9.9e-4, 7.991, 1e3, np.inf, np.nan]
    assert np.all(np.isnan(load(BABAR).interpolate(outside, MASS, EPSILON)))


def test_flat_below_only_if_asked() -> None:
    values = load(BABAR).interpolate([-1, 0, 1e-5, 1e-3, 8], MASS, EPSILON, flat_below=True)
    np.testing.assert_allclose(values, [np.nan, 9.48e-4, 9.48e-4, 9.48e-4, np.nan])


def test_an_empty_cell_is_no_limit(tmp_path: Path) -> None:
    curve = load(write(tmp_path, "m,g\n1,\n2,5\n3,\n4,6\n5,6\n"))
    np.testing.assert_allclose(
        curve.interpolate([1, 1.5, 2, 2.5, 3, 4, 4.5], "m", "g"), [np.nan] * 2 + [5] + [np.nan] * 2 + [6] * 2
    )
    assert curve.interpolate(1.5, "m", "g", flat_below=True) == 5


def test_shape_is_kept() -> None:
    curve = load(BABAR)
    assert curve.interpolate(1.0, MASS, EPSILON).shape == ()
    assert curve.interpolate(np.ones((2, 0, 3)), MASS, EPSILON).shape == (2, 0, 3)


def _curve(x: list[float], y: list[float]) -> PublishedCurve:
    columns = {"x": np.array(x), "y": np.array(y)}
    return PublishedCurve("own.csv", tuple(range(1, len(x) + 2)), "own", "", "", (), columns, {})


positive = st.floats(1e-12, 1e12)


@given(points=st.dictionaries(st.integers(-1000, 1000), positive, min_size=1, max_size=20))
def test_passes_through_its_points(points: dict[int, float]) -> None:
    steps = sorted(points)
    x, y = [1.01**step for step in steps], [points[step] for step in steps]
    np.testing.assert_allclose(_curve(x, y).interpolate(x, "x", "y"), y, rtol=1e-12)


@given(
    x=st.tuples(positive, positive).filter(lambda x: x[0] < x[1]),
    y=st.tuples(positive, positive),
    share=st.floats(0, 1),
)
def test_stays_between_neighbours(x: tuple[float, float], y: tuple[float, float], share: float) -> None:
    at = np.clip(x[0] + share * (x[1] - x[0]), *x)
    value = _curve(list(x), list(y)).interpolate(at, "x", "y")
    assert min(y) * (1 - 1e-12) <= value <= max(y) * (1 + 1e-12)


# --- one's own files


def test_a_minimal_file(tmp_path: Path) -> None:
    curve = load(write(tmp_path, "# my own remark\r\nmass_GeV, epsilon\r\n\r\n0.1, 1e-3\r\n0.2, 2e-3\r\n"))
    np.testing.assert_array_equal(curve.column("epsilon"), [1e-3, 2e-3])
    assert (curve.title, curve.source, curve.use, curve.notes) == ("own", "", "", ())


def test_header_and_text_columns(tmp_path: Path) -> None:
    header = "# title: T\n#source:  S: 1 \n# use: comparison\n# note: a\n# note: b\n"
    text = header + 'm,g,remark,selection\n1,2,"x, y",1\n2,2,,1\n'
    curve = load(write(tmp_path, text))
    assert (curve.title, curve.source, curve.use, curve.notes) == ("T", "S: 1", "comparison", ("a", "b"))
    assert list(curve.columns) == ["m", "g"]
    assert curve.text["remark"].tolist() == ["x, y", ""]
    assert curve.text["selection"].tolist() == ["1", "1"]


def test_columns_cannot_be_changed_and_curves_can_be_sent() -> None:
    curve = load(BABAR)
    with pytest.raises(ValueError, match="read-only"):
        curve.column(EPSILON)[0] = 1
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(curve)).column(EPSILON), curve.column(EPSILON))


def test_where_a_name_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder, then each folder of $ALPHOTON_CARDS and its `published`, then the package."""
    folders = [tmp_path / name for name in ("here", "first", "second/published")]
    for title, folder in zip("abc", folders, strict=True):
        folder.mkdir(parents=True)
        write(folder, f"# title: {title}\nm,g\n1,1\n", f"{BABAR}.csv")
    monkeypatch.chdir(folders[0])
    monkeypatch.setenv("ALPHOTON_CARDS", os.pathsep.join(["", str(folders[1]), str(tmp_path / "second")]))
    for folder, expected in zip(folders, "abc", strict=True):
        assert load(BABAR).title == load(f"{BABAR}.csv").title == expected
        assert load(folder / f"{BABAR}.csv").title == expected
        (folder / f"{BABAR}.csv").unlink()
    assert load(BABAR).title.startswith("BaBar")


# --- files that cannot be used


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv:1: empty"),
        ("# title: x\n\n", "own.csv:1: empty"),
        ("m,g\n", "own.csv:1: empty"),
        ("m\n1\n", "own.csv:1: one column only"),
        ("m;g\n1;2\n", "own.csv:1: one column only"),
        ("1,2\n3,4\n", "own.csv:1: '1' is no column name"),
        ("m,g,\n3,4,\n", "own.csv:1: '' is no column name"),
        ("m,m\n3,4\n", "own.csv:1: two columns are called 'm'"),
        ("m,g\n1,2\n3,4,5\n", "own.csv:3: 3 cells, but 2 columns"),
        ("m,g\n1,2\n2,x1\n", "own.csv:3: g: 'x1' is not a number"),
        ("# note: n\nm,g\n1,2\n\n2,1e-3x\n", "own.csv:5: g: '1e-3x' is not a number"),
        ("m,g\n1,-2\n", "own.csv:2: g: -2 is not a positive number"),
        ("m,g\n0,2\n", "own.csv:2: m: 0 is not a positive number"),
        ("m,g\n1,nan\n", "own.csv:2: g: nan is not a positive number"),
        ("m,g\n1,1e999\n", "own.csv:2: g: 1e999 is not a positive number"),
        ("m,g\n1,2\n1,3\n", "own.csv:3: m: 1 after 1, it must increase"),
        ("m,g\n2,2\n1,3\n", "own.csv:3: m: 1 after 2, it must increase"),
        ("m,g,selection\n2,2,a\n1,3,b\n2,1,a\n", "own.csv:4: m: 2 after 2, it must increase"),
        ("m,g\n1,2\n,3\n", "own.csv:3: m: the cell is empty"),
        ("m,g\n1,\n2,\n", "own.csv:1: g: all cells of this column are empty"),
        ("m,g\na,b\n", "own.csv:1: there is no column of numbers"),
        ('m,g\n1,"2\n', "own.csv:2: not valid CSV"),
        ("# use: fun\nm,g\n1,2\n", "own.csv:1: use: 'fun' is none of recast, comparison, input"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        load(write(tmp_path, text))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unknown_names_come_with_a_suggestion() -> None:
    curve = load(BABAR)
    with pytest.raises(InputError, match=r"darkphoton.csv:7: no column 'epsilon_90cl'; did you mean 'epsilon_90CL'"):
        curve.column("epsilon_90cl")
    with pytest.raises(InputError, match="no selection 'lowm'; did you mean 'lowM'"):
        curve.interpolate(1, MASS, EPSILON, "lowm")
    with pytest.raises(InputError, match="'selection' holds text"):
        curve.interpolate(1, MASS, "selection")
    with pytest.raises(InputError, match=r"no selection 'lowM' \(there are: none\)"):
        load(BELLE2).interpolate(1, MASS, "epsilon_50ab", "lowM")
    with pytest.raises(InputError, match="did you mean 'babar_2017_invisible_darkphoton'"):
        load("babar_2017_darkphoton")


def test_an_abscissa_must_increase() -> None:
    with pytest.raises(InputError, match="it must increase"):
        load(E137).interpolate(1e-6, "g_d_GeVinv", MASS)


def test_not_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"root\xff\xfe\x00")
    with pytest.raises(InputError, match="not a text file"):
        load(path)


def test_a_name_no_file_can_have() -> None:
    with pytest.raises(InputError):
        load("x" * 5000)
