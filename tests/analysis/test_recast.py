"""A published dark-photon limit carried over to an ALP: Eqs. (36) and (37), and what goes in comes out."""

import math
from pathlib import Path

import pytest

from alphoton.analysis.analysis_card import AnalysisCard, RecastBlock
from alphoton.analysis.counting import Rate
from alphoton.analysis.limits import coupling_limit
from alphoton.analysis.recast import allowed_rate, published_limit
from alphoton.data.errors import InputError


def recast(name: str, *overrides: str) -> RecastBlock:
    block = AnalysisCard.load(name, overrides).recast
    assert block is not None
    return block


# --- the published limit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mass", "epsilon"),
    [
        ("babar", 0.001, 9.48e-4),  # arXiv:1702.03327, Fig. 5, as all of BaBar's
        ("babar", 5.5, 6.65e-4),  # the search at low mass ends here
        ("babar", 5.51, 1.33e-3),  # and the one at high mass begins
        ("belle2-20fb", 0.01, 3.00e-4),  # arXiv:1911.03176, scaled to 20 /fb
        ("belle2-50ab", 0.01, 4.25e-5),  # arXiv:1911.03176
        ("belle2-50ab", 8.0, 1.00e-4),
    ],
)
def test_published_points(name: str, mass: float, epsilon: float) -> None:
    assert published_limit(recast(name), mass) == pytest.approx(epsilon, rel=0.02)


def test_between_points_on_a_straight_line_in_the_logarithms() -> None:
    """BaBar between 1 GeV (9.67e-4) and 1.3 GeV (9.70e-4), arXiv:1702.03327, Fig. 5."""
    share = math.log(1.1 / 1.0) / math.log(1.3 / 1.0)
    expected = 9.67e-4 * (9.70e-4 / 9.67e-4) ** share
    assert published_limit(recast("babar"), 1.1) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "mass"), [("belle2-50ab", 5e-4), ("belle2-50ab", 8.01), ("babar", 9.0)])
def test_no_limit_outside_the_published_range(name: str, mass: float) -> None:
    assert math.isnan(published_limit(recast(name), mass))


def test_flat_below_the_first_point_where_the_card_says_so() -> None:
    assert published_limit(recast("belle2-50ab", "recast.flat_below=true"), 5e-4) == 4.25e-5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("recast.limit_column=epsilon_51ab", r"no column 'epsilon_51ab'; did you mean 'epsilon_50ab'\?"),
        ("recast.mass_column=mass", "no column 'mass'; did you mean 'mass_GeV'"),
        (
            "recast.curve=belle2_invisible_darkphoton",
            "no published curve 'belle2_invisible_darkphoton'; did you mean 'belle2_invisible_darkphoton_projection'",
        ),
    ],
)
def test_wrong_curves(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        published_limit(recast("belle2-50ab", override), 0.01)


CURVE = "# source: made up\nmass_GeV,eps_95CL\n0.001,0.002\n1,0.004\n"


def test_a_users_own_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, by its name in the working folder, and by its name in $ALPHOTON_CARDS."""
    (tmp_path / "mine.csv").write_text(CURVE, encoding="utf-8")
    column = "recast.limit_column=eps_95CL"
    assert published_limit(recast("babar", f"recast.curve={tmp_path}/mine.csv", column), 0.001) == pytest.approx(0.002)
    monkeypatch.setenv("ALPHOTON_CARDS", str(tmp_path))
    assert published_limit(recast("babar", "recast.curve=mine", column), 1.0) == pytest.approx(0.004)
    monkeypatch.delenv("ALPHOTON_CARDS")
    with pytest.raises(InputError, match="no published curve 'mine'"):
        published_limit(recast("babar", "recast.curve=mine", column), 1.0)
    monkeypatch.chdir(tmp_path)
    assert published_limit(recast("babar", "recast.curve=mine", column), 1.0) == pytest.approx(0.004)


# --- the rate ----------------------------------------------------------------------------------------------------


def test_a_dark_photon_recast_onto_itself() -> None:
    """Gives the published epsilon back, exactly."""
    rate = Rate(3.7e4, 12.0)
    found = coupling_limit(allowed_rate(4.25e-5, rate), rate)
    assert found.value == pytest.approx(4.25e-5, rel=1e-15)


def test_the_paper_on_the_ratio_of_rates() -> None:
    """Eq. (36) compares at epsilon = 1e-3, Eq. (37) scales by epsilon_lim/1e-3: any other epsilon gives the same."""
    alp, dark_photon, epsilon = Rate(50.0, 0.5), Rate(2.0e4, 300.0), 9.48e-4
    ratio = alp.value / dark_photon.scaled(1e-3**2).value
    found = coupling_limit(allowed_rate(epsilon, dark_photon), alp)
    assert found.value == pytest.approx(epsilon / 1e-3 / math.sqrt(ratio), rel=1e-12)
    assert found.error == pytest.approx(found.value / 2 * math.hypot(0.5 / 50, 300 / 2.0e4), rel=1e-12)


def test_no_published_limit_is_no_limit() -> None:
    assert math.isnan(coupling_limit(allowed_rate(math.nan, Rate(1.0)), Rate(1.0)).value)
