"""The report's page as text: everything is in it, nothing is markup that should be text, and its numbers are right."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from alphoton.analysis.limits import NO_LIMIT, CouplingLimit
from alphoton.analysis.slices import direction
from alphoton.data.errors import InputError
from alphoton.workflows.chain import PointLimit, load_experiment
from alphoton.workflows.dump_chain import dump_limit
from alphoton.workflows.figures.slices import with_visible_ratio
from alphoton.workflows.report import experiments
from alphoton.workflows.report.claim import Found
from alphoton.workflows.report.explorer import explorer_data, outline, segments
from alphoton.workflows.report.page import render, write_report
from alphoton.workflows.report.tables import found_text, limit_tables, strongest
from alphoton.workflows.report.typeset import mass_text, mass_texts, powers, scientific, typeset
from alphoton.workflows.survey import Surveyed
from reference.synthetic_report import CLAIMS, DUMP_MASSES, HOSTILE, Correction, GivenSurvey, content, point


class Page(HTMLParser):
    """A page taken apart: its tags with attributes, its text without scripts, and the scripts."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif self.open and self.open[-1] != "style":
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name))]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render(content(tmp_path_factory.mktemp("report")))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


# --- the page as a whole -------------------------------------------------------------------------------------------------


def test_every_tag_is_closed_and_every_link_leads_somewhere(page: Page) -> None:
    assert page.open == []
    names = page.attributes("id")
    assert len(names) == len(set(names))
    links = page.attributes("href")
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    labelled = page.attributes("aria-labelledby") + page.attributes("aria-describedby") + page.attributes("for")
    assert set(labelled) <= set(names)


def test_nothing_outside_the_page_is_named(page: Page) -> None:
    places = page.attributes("src") + page.attributes("href") + page.attributes("action") + page.attributes("srcset")
    assert all(place.startswith(("#", "data:")) for place in places)
    assert "@import" not in page.text
    (policy,) = [value for value in page.attributes("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_only_the_pages_own_script_may_run(page: Page) -> None:
    (data, script) = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in " ".join(page.attributes("content"))
    assert json.loads(data)["experiments"]


def test_markup_in_texts_is_text(text: str, page: Page) -> None:
    assert "<script>alert(1)" not in text
    assert "<b>" not in text
    # title twice, one claim and one reason, three of a table, correction, card, three captions
    assert page.text.count(HOSTILE) == 12
    assert sum(HOSTILE in alternative for alternative in page.attributes("alt")) == 3


def test_a_label_does_not_end_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(experiments.LABELS, "padme", HOSTILE)
    data, _ = Page(render(content(tmp_path))).scripts
    assert "<" not in data
    assert HOSTILE in {each["label"] for each in json.loads(data)["experiments"]}


def test_the_same_content_gives_the_same_page(text: str, tmp_path: Path) -> None:
    assert render(content(tmp_path)) == text


def test_pictures_are_in_the_page(page: Page, tmp_path: Path) -> None:
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img" and "src" in attributes]
    assert len(sources) == 3
    wanted = [figure.paths[0].read_bytes() for figure in content(tmp_path).figures]
    assert [base64.b64decode(str(source).removeprefix("data:image/png;base64,")) for source in sources] == wanted
    sizes = [
        (attributes["width"], attributes["height"]) for tag, attributes in page.tags if tag == "img" and "src" in attributes
    ]
    assert sizes == [("90", "60"), ("200", "60"), ("90", "60")]
    assert "Fig. 13a" in page.text
    assert [attributes["id"] for tag, attributes in page.tags if attributes.get("class") == "wide"] == ["fig05"]


def test_claims_are_counted_and_compared(page: Page) -> None:
    words = " ".join(page.text.split())
    assert "2 claims of the paper hold 2 differ 1 correction" in words
    verdicts = [attributes["data-verdict"] for tag, attributes in page.tags if tag == "tr" and "data-verdict" in attributes]
    assert verdicts == ["holds", "holds", "differs", "differs"]
    assert "(2.200 ± 0.030)·10⁻⁴ GeV⁻¹" in words
    assert "37 times more" in words


def test_provenance_is_told(page: Page) -> None:
    for word in ("alphoton run made-up -o out", "seed", "numpy", "name: padme", "paper-2020", "computed by alphoton 0.1.0"):
        assert word in page.text


def test_a_page_without_claims_figures_and_corrections_has_no_empty_sections(tmp_path: Path) -> None:
    bare = replace(content(tmp_path), rows=(), figures=(), corrections=(), provenance={})
    names = Page(render(bare)).attributes("id")
    assert {"glance", "explorer", "limits", "provenance"} <= set(names)
    assert not {"figures", "comparison", "corrections"} & set(names)


def test_a_page_without_an_explorer_has_no_controls(tmp_path: Path) -> None:
    class Nothing(GivenSurvey):
        def curve(self, analysis: str) -> list:
            return []

    page = Page(render(content(tmp_path, survey=Nothing([point("padme", 0.01, 1.0, 1.0)], dump=False))))
    assert "limits" not in page.attributes("id")
    assert "strongest" not in page.text


def test_the_page_is_written_whole_and_not_over_another(tmp_path: Path) -> None:
    made, path = content(tmp_path), tmp_path / "out" / "report.html"
    assert write_report(made, path, force=False) == path
    assert path.read_text(encoding="utf-8") == render(made)
    with pytest.raises(InputError, match="exists already"):
        write_report(made, path, force=False)
    write_report(made, path, force=True)
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


# --- texts and numbers ---------------------------------------------------------------------------------------------------


def test_symbols_are_set_with_an_index() -> None:
    assert "<i>g</i><sub>aγ</sub>" in typeset("g_agamma > 1")
    assert typeset("E_{beam} <b>") == '<span class="symbol"><i>E</i><sub>beam</sub></span> &lt;b&gt;'
    assert typeset("R_χ² e^{E/T}/r^-2") == (
        '<span class="symbol"><i>R</i><sub>χ</sub></span>² e<sup>E/T</sup>/r<sup>-2</sup>'
    )
    assert typeset("Gamma_vis = 2.5e-6, 1e5") == ('<span class="symbol"><i>Γ</i><sub>vis</sub></span> = 2.5·10⁻⁶, 10⁵')
    assert typeset("1/(e^{m_χ/T} + 1)") == ('1/(e<sup><span class="symbol"><i>m</i><sub>χ</sub></span>/T</sup> + 1)')
    for plain in ("fig_02", "e137_br", "a _b", "snake_case_name"):
        assert typeset(plain) == plain


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1.2345e-5, 2.1e-7), "(1.234 ± 0.021)·10⁻⁵"),
        ((0.158, 0.02), "0.158 ± 0.020"),
        ((58.284, 0.32), "58.28 ± 0.32"),
        ((123.4, 12.0), "123 ± 12"),
        ((1.6e-4, 1e-6, 2e-5), "(1.600 ± 0.010 ± 0.200)·10⁻⁴"),
        ((9.9996e-4, 4e-7), "(9.9996 ± 0.0040)·10⁻⁴"),
        ((9.9999e-4, 4e-6), "(1.0000 ± 0.0040)·10⁻³"),
        ((3.4567e-9,), "3.46·10⁻⁹"),
        ((0.5,), "0.500"),
        ((1.78e3,), "1.78·10³"),
        ((math.nan, math.nan), "–"),
    ],
)
def test_scientific(numbers: tuple[float, ...], text: str) -> None:
    assert scientific(*numbers) == text


def test_numbers_and_masses_as_text() -> None:
    assert powers("(2.20 ± 0.03)e-04") == "(2.20 ± 0.03)·10⁻⁴"
    assert powers("-1.5e+12") == "−1.5·10¹²"
    assert [mass_text(mass) for mass in (1e-3, 0.0228, 0.9, 1.0, 93.95)] == [
        "1 MeV",
        "22.8 MeV",
        "900 MeV",
        "1 GeV",
        "93.95 GeV",
    ]
    assert found_text(Found(0.4, 0.02, "GeV")).split() == ["(0.400", "±", "0.020)", "GeV"]
    assert found_text(Found(3.0, 0.0, "events")) == "3 events"
    assert found_text(Found(math.nan)) == "–"


def test_limit_tables_show_every_limit_with_its_errors() -> None:
    survey = GivenSurvey(
        [point("babar", 0.01, 1.6e-4, 0.6, error=0.01, systematic=0.125), point("babar", 7.9, math.nan, math.nan)]
    )
    babar, e137 = limit_tables(survey)
    assert babar.header == ("m_a", "g_agamma [GeV⁻¹]", "g_ae [GeV⁻¹]", "method", "CL")
    assert babar.rows == (("10 MeV", "(1.600 ± 0.016 ± 0.200)·10⁻⁴", "0.6000 ± 0.0060 ± 0.0750", "cls", "90%"),)
    assert babar.about == "excluded today, 1 mass, 10 MeV"
    assert e137.header == ("m_a", "g_agamma [GeV⁻¹]", "to", "method", "CL")
    row = survey.curve("e137")[0]
    assert e137.rows[0][1:3] == (scientific(row.g_agamma.value), scientific(row.g_agamma_upper.value))


def test_the_strongest_limits_stand_at_whole_decades() -> None:
    rows = [
        point("na64", 0.01, 2e-4, 0.03),
        point("babar", 0.01, 1e-4, 0.6),
        point("padme", 0.01, 1e-3, 0.01),
        point("babar", 0.3, 1e-9, 1e-9),
    ]
    found, between = strongest(GivenSurvey(rows))
    assert (found.mass, between.mass) == ("10 MeV", "100 MeV")
    assert [(cell.text, cell.whose) for cell in found.cells] == [
        ("1.00·10⁻⁴", "BaBar"),
        ("1.00·10⁻³", "PADME"),
        ("0.0300", "NA64"),
        ("0.0100", "PADME"),
    ]
    assert [cell.whose for cell in between.cells] == ["BaBar", "", "BaBar", ""]


def test_the_strongest_needs_no_point_at_a_decade() -> None:
    """The strongest has points beside 10 MeV, another one on it; straight in both logarithms."""
    rows = [
        point("babar", 0.004, 1e-5, 0.04),
        point("babar", 0.025, 4e-5, 0.01),
        point("na64", 0.01, 1e-4, 0.025),
    ]
    (found,) = strongest(GivenSurvey(rows))
    assert found.mass == "10 MeV"
    assert (found.cells[0].text, found.cells[0].whose) == ("2.00·10⁻⁵", "BaBar")
    assert (found.cells[2].text, found.cells[2].whose) == ("0.0200", "BaBar")


@pytest.mark.parametrize(
    "masses",
    [(0.004, 0.009), (0.011, 0.025), (0.004, 0.0085, 0.025)],  # below, above, a mass without a limit between
)
def test_the_strongest_is_never_taken_across_a_gap_or_beyond_a_curve(masses: tuple[float, ...]) -> None:
    rows = [point("babar", mass, 1e-5, 1e-2) for mass in masses]
    if len(masses) == 3:
        rows[1] = point("babar", masses[1], math.nan, math.nan)
    (found,) = strongest(GivenSurvey([*rows, point("na64", 0.01, 1e-4, 0.025)]))
    assert [found.cells[0].whose, found.cells[2].whose] == ["NA64", "NA64"]


def test_a_mass_out_of_reach_is_a_gap_too() -> None:
    survey = GivenSurvey([point("babar", mass, 1e-5, 1e-2) for mass in (0.004, 0.025)])
    babar = survey.studies["babar"]
    survey.studies["babar"] = Surveyed(babar.experiment, (0.004, 0.008, 0.025))
    assert strongest(survey) == []


def test_the_strongest_of_bands_has_the_lowest_edge() -> None:
    """And says where it ends; between a band and a range without an end nothing is said."""

    def band(mass: float, lower: float, upper: float) -> PointLimit:
        ends = CouplingLimit(upper) if math.isfinite(upper) else NO_LIMIT
        return replace(point("babar", mass, lower, math.nan), g_agamma_upper=ends)

    weak = point("na64", 0.01, 1e-4, 0.1)
    (found,) = strongest(GivenSurvey([band(0.004, 1e-5, 1e-3), band(0.025, 4e-5, 4e-4), weak]))
    assert (found.cells[0].text, found.cells[0].whose) == ("2.00·10⁻⁵ to 6.32·10⁻⁴", "BaBar")
    (half,) = strongest(GivenSurvey([band(0.004, 1e-5, 1e-3), band(0.025, 4e-5, math.nan), weak]))
    assert half.cells[0].whose == "NA64"


def test_close_masses_do_not_read_the_same() -> None:
    masses = (0.0101, 0.0101106, 0.0101144, 1.01105, 1.01145)
    assert mass_texts(masses) == ["10.1 MeV", "10.111 MeV", "10.114 MeV", "1.0111 GeV", "1.0114 GeV"]
    (table,) = limit_tables(GivenSurvey([point("babar", mass, 1e-4, 0.1) for mass in masses], dump=False))
    assert len({row[0] for row in table.rows}) == len(masses)


# --- the explorer's data -------------------------------------------------------------------------------------------------


def test_forms_are_those_of_the_limits() -> None:
    row = point("padme", 0.01, 2e-3, 0.02, error=0.005, systematic=0.3, mixing=0.1)
    ((found,),) = segments([row], [0.01])
    assert found["p"] == pytest.approx(1 / 2e-3**2, rel=1e-7)
    assert found["e"] == pytest.approx(1 / 0.02**2, rel=1e-7)
    assert found["i"] == pytest.approx(0.1 / (2e-3 * 0.02), rel=1e-7)
    assert found["errors"] == pytest.approx([0.01, 0.01, 0.01])
    assert found["systematics"] == pytest.approx([0.6, 0.6, 0.6])


def test_a_mass_without_a_limit_breaks_the_curve() -> None:
    rows = [point("delphi", mass, 1e-3, 60.0) for mass in (1.0, 2.0, 4.0, 5.0)]
    rows[1] = point("delphi", 2.0, math.nan, math.nan)
    broken = segments(rows, [4.0, 1.0, 2.0, 3.0, 5.0])  # nothing at 3 GeV: out of reach
    assert [[each["m"] for each in segment] for segment in broken] == [[1.0], [4.0, 5.0]]


def test_kinds_are_those_of_the_figures() -> None:
    found = explorer_data(GivenSurvey([point("na64", 0.01, 1.0, 1.0), point("padme", 0.01, 1.0, 1.0)]))
    assert [(each["name"], each["kind"]) for each in found["experiments"]] == [
        ("na64", "excluded"),
        ("padme", "projection"),
        ("e137", "excluded"),
    ]
    assert [share["value"] for share in found["experiments"][2]["shares"]] == ["visible", "0.01", "0.0001"]


def test_limits_that_depend_on_decays_are_left_out() -> None:
    survey = GivenSurvey([point("na64", 0.01, 1.0, 1.0)], dump=False)
    decaying = load_experiment("na64", ["counting.visible_branching_ratio=50 %"])
    survey.studies["na64"] = Surveyed(decaying, (0.01,))
    assert explorer_data(survey) == {"experiments": [], "left_out": ["NA64"]}


@pytest.mark.parametrize("ratio", [None, 1e-2, 1e-4])
@pytest.mark.parametrize("mass", DUMP_MASSES)
def test_outlines_end_where_the_recast_does(mass: float, ratio: float | None) -> None:
    """Against `dump_limit`, which searches each ray by itself for where the signal is what is needed."""
    experiment = with_visible_ratio(load_experiment("e137"), ratio)
    found = outline(experiment, mass)
    x, g = np.array(found["x"]), np.array(found["g"])
    for size in (1e-5, 1e-3, 0.03, 0.3, 1.0, 100.0):
        ray = direction(mass, {"g_agamma": size, "g_ae": 1.0})
        wanted = dump_limit(experiment, mass, ray=ray)
        inside = np.flatnonzero(x >= math.log1p(found["k"] / size**2))
        if not math.isfinite(wanted.g_agamma.value):
            assert len(inside) == 0
            continue
        ends = []
        for own, next_ in ((inside[0], inside[0] - 1), (inside[-1], (inside[-1] + 1) % len(x))):
            ends.append(np.interp(math.log1p(found["k"] / size**2), x[[next_, own]], g[[next_, own]]))
        assert np.exp(ends) == pytest.approx([wanted.g_agamma.value, wanted.g_agamma_upper.value], rel=0.01)


def test_the_outline_closes_at_the_photon_coupling_alone() -> None:
    """The sweep over the width comes back to the upper edge that was found by itself."""
    experiment = with_visible_ratio(load_experiment("e137"), None)
    found, alone = outline(experiment, 0.02), dump_limit(experiment, 0.02, ray=direction(0.02, {"g_agamma": 1.0}))
    assert found["x"][0] == 0
    assert found["x"][-1] == pytest.approx(0, abs=1e-6)
    assert np.exp([found["g"][0], found["g"][-1]]) == pytest.approx(
        [alone.g_agamma.value, alone.g_agamma_upper.value], rel=1e-4
    )


def test_claims_of_the_fixture_are_what_it_says() -> None:
    assert [row.agrees for row in CLAIMS] == [True, True, False, False]
    assert re.search("<script>", HOSTILE)
    assert Correction.__dataclass_fields__.keys() == {"place", "printed", "right", "consequence"}
