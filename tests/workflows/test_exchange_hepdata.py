"""Tables for HEPData: accepted by HEPData's own validator, with every value, error and unit of the CSV."""

import csv
import gc
import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from alphoton.data.errors import InputError
from alphoton.workflows import figure, limit
from alphoton.workflows.exchange.hepdata import write_hepdata
from alphoton.workflows.exchange.tables import AXES, REACTIONS
from alphoton.workflows.limit_scan import COLUMNS as LIMIT_COLUMNS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the validator takes a class that jsonschema will give up
    from hepdata_validator.full_submission_validator import FullSubmissionValidator

pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated:DeprecationWarning")

LIMITS = f"""{",".join(LIMIT_COLUMNS)}
babar,0.01,0.000123,1.5e-06,2.5,0.03,recast,0.9
babar,0.1,,,2.6,0.03,recast,0.9
babar,9,,,,,recast,0.9
padme-poseydon,0.001,0.0004,4e-06,,,fixed (100 events),
"""
CURVES = """curve,x,x_unit,y,y_error,y_unit
photon,0.001,GeV,65941.7,0.1,pb
photon,0.002,GeV,,,pb
photon,1e-05,GeV,1e-12,0,pb
electron,0.001,GeV,6073,0.002,pb
electron,0.002,GeV,6074,0.002,pb
electron,1e-05,GeV,6075,0.002,pb
shape,0.1,rad,5,0.1,1/rad
"""


def messages(folder: Path) -> dict[str, list[str]]:
    """What HEPData's validator has against a folder; its schemas are in the package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves files open
        validator = FullSubmissionValidator(autoload_remote_schemas=False)
        valid = validator.validate(directory=str(folder))
        gc.collect()
    found = {name: [each.message for each in several] for name, several in validator.get_messages().items()}
    assert valid == (not found)
    return found


def submission(folder: Path) -> list[dict[str, Any]]:
    """The documents of a submission as HEPData's own reader of YAML finds them, with each table's data in `data`."""
    _, *documents = yaml.safe_load_all((folder / "submission.yaml").read_text())
    return [{**each, "data": yaml.safe_load((folder / each["data_file"]).read_text())} for each in documents]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.fixture
def limits(tmp_path: Path) -> Path:
    return written(tmp_path, "limits.csv", LIMITS)


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    return written(tmp_path, "fig08a.csv", CURVES)


# --- what HEPData takes ------------------------------------------------------------------------------------------------


def test_hepdata_accepts_it(limits: Path, curves: Path, tmp_path: Path) -> None:
    found = write_hepdata([limits, curves], tmp_path / "record")
    assert found.path == tmp_path / "record"
    assert messages(found.path) == {}
    assert found.tables == ("limits babar", "limits padme-poseydon", "fig08a photon", "fig08a shape")


def test_the_validator_does_object(curves: Path, tmp_path: Path) -> None:
    """Negative control: a value that is no pair, a keyword that is none, a stray file."""
    folder = write_hepdata([curves], tmp_path / "record").path
    assert messages(folder) == {}
    data = folder / submission(folder)[0]["data_file"]
    text = data.read_text()
    data.write_text(text.replace("- value: 65941.7", "- number: 65941.7"))
    assert messages(folder)
    data.write_text(text)
    about = (folder / "submission.yaml").read_text()
    (folder / "submission.yaml").write_text(about.replace("name: observables", "name: observable"))
    assert messages(folder)
    (folder / "submission.yaml").write_text(about)
    (folder / "stray.txt").write_text("")
    assert any("not referenced" in each for several in messages(folder).values() for each in several)


def test_limits_as_they_are_made(tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    limit("padme", [0.002, 0.01], events=4000, output=path)
    folder = write_hepdata([path], tmp_path / "record").path
    assert messages(folder) == {}
    (table,) = submission(folder)
    rows = list(csv.DictReader(path.read_text().splitlines()))
    (x,), columns = table["data"]["independent_variables"], table["data"]["dependent_variables"]
    assert [value["value"] for value in x["values"]] == [float(row["m_a_GeV"]) for row in rows]
    assert len(columns) == 12
    for (column, *band), name in ((columns[:6], "g_agamma"), (columns[6:], "g_ae")):
        for value, row in zip(column["values"], rows, strict=True):
            assert value["value"] == float(row[f"{name}_limit_per_GeV"])
            systematic = value["value"] * float(row[f"{name}_systematic"])
            assert value["errors"] == [
                {"symerror": float(row[f"{name}_limit_error"]), "label": "Monte Carlo"},
                {"symerror": pytest.approx(systematic), "label": "systematic"},
            ]
        assert {each["header"]["name"] for each in band} == {f"Expected {column['header']['name'].replace('L', 'l')}"}
        for each, deviation, key in zip(band, range(-2, 3), ("minus2", "minus1", "median", "plus1", "plus2"), strict=True):
            assert each["qualifiers"][-1] == {"name": "Standard deviations", "value": deviation}
            assert [value["value"] for value in each["values"]] == [float(row[f"{name}_expected_{key}"]) for row in rows]


def test_a_figure_as_it_is_made(tmp_path: Path) -> None:
    result = figure.figure("fig09", tmp_path)
    folder = write_hepdata([result.paths[-1]], tmp_path / "record").path
    assert messages(folder) == {}
    (table,) = submission(folder)
    assert table["name"] == "fig09"
    assert table["description"].startswith(result.title)
    (x,), columns = table["data"]["independent_variables"], table["data"]["dependent_variables"]
    assert x["header"] == {"name": "Photon angle", "units": "rad"}
    assert {column["header"]["name"] for column in columns} == {"Photon energy"}
    rows = list(csv.DictReader(result.paths[-1].read_text().splitlines()))
    expected = [float(row["y"]) if row["y"] else "-" for row in rows]
    assert [value["value"] for column in columns for value in column["values"]] == expected


# --- what stands in it -------------------------------------------------------------------------------------------------


def test_limits(limits: Path, tmp_path: Path) -> None:
    """Units in the headers, a dash for no limit, no row without any, no column without any, no error of zero."""
    babar, poseydon = submission(write_hepdata([limits], tmp_path / "record").path)
    (mass,), (photon, electron) = babar["data"]["independent_variables"], babar["data"]["dependent_variables"]
    assert mass == {"header": {"name": "$m_a$", "units": "GeV"}, "values": [{"value": 0.01}, {"value": 0.1}]}
    assert photon["header"] == {"name": r"Limit on $g_{a\gamma}$", "units": "1/GeV"}
    statistical = {"symerror": 1.5e-06, "label": "Monte Carlo"}
    assert photon["values"] == [{"value": 0.000123, "errors": [statistical]}, {"value": "-"}]
    assert electron["values"][1] == {"value": 2.6, "errors": [{"symerror": 0.03, "label": "Monte Carlo"}]}
    assert photon["qualifiers"] == [
        {"name": "Analysis", "value": "babar"},
        {"name": "Method", "value": "recast"},
        {"name": "Confidence level", "value": 0.9},
    ]
    assert "90% confidence level" in babar["description"]
    (only,) = poseydon["data"]["dependent_variables"]
    assert only["header"]["name"] == r"Limit on $g_{a\gamma}$"
    assert [each["name"] for each in only["qualifiers"]] == ["Analysis", "Method"]
    assert "confidence" not in poseydon["description"]


def variables(table: dict[str, Any]) -> dict[str, list[Any]]:
    """The values of a table by the names in their headers; of those to be expected also by their standard deviations."""
    found: dict[str, list[Any]] = {}
    for column in table["data"]["dependent_variables"]:
        qualifiers = {each["name"]: each["value"] for each in column["qualifiers"]}
        name = column["header"]["name"]
        if "Standard deviations" in qualifiers:
            name += f" ({qualifiers['Standard deviations']})"
        assert name not in found
        found[name] = [value["value"] for value in column["values"]]
    return found


def test_a_band_has_both_edges_and_no_upper_limit(tmp_path: Path) -> None:
    """E137 at 10 MeV, the published edges of arXiv:1709.00009."""
    limit("e137", [0.01, 0.05, 5.0], output=tmp_path / "limits.csv")
    folder = write_hepdata([tmp_path / "limits.csv"], tmp_path / "record").path
    assert messages(folder) == {}
    (table,) = submission(folder)
    found = variables(table)
    assert list(found) == [r"$g_{a\gamma}$ excluded from", r"$g_{a\gamma}$ excluded up to"]
    assert [values[0] for values in found.values()] == [pytest.approx(1.39e-6), pytest.approx(2.74e-3)]
    assert [len(values) for values in found.values()] == [2, 2]  # nothing at 5 GeV
    (phrases,) = (each["values"] for each in table["keywords"] if each["name"] == "phrases")
    assert "excluded band" in phrases
    assert "upper limit" not in phrases
    assert "that is excluded" in table["description"]


@pytest.mark.parametrize(
    ("analysis", "overrides"),
    [
        ("padme", []),
        ("babar", []),
        ("e137", []),
        ("na64", ["counting.visible_branching_ratio=1"]),
        ("na64", ["counting.visible_branching_ratio=1", "limit={method: cls}"]),
    ],
)
def test_directions_have_tables_of_their_own(analysis: str, overrides: list[str], tmp_path: Path) -> None:
    rays = [{"g_agamma": 1e-3, "g_ae": 1.0}, {"g_agamma": -1e-3, "g_ae": 1.0}, {"g_agamma": 1.0}]
    path = tmp_path / "limits.csv"
    rows = limit(analysis, [0.01], events=3000, overrides=overrides, along=rays, output=path).rows
    folder = write_hepdata([path], tmp_path / "record").path
    assert messages(folder) == {}
    tables = submission(folder)
    texts = ["g_agamma=0.001 g_ae=1", "g_agamma=-0.001 g_ae=1", "g_agamma=1"]
    assert [table["name"] for table in tables] == [f"limits {analysis} along {text}" for text in texts]
    for table, row, text in zip(tables, rows, texts, strict=True):
        assert all(
            {"name": "Direction", "value": text} in each["qualifiers"] for each in table["data"]["dependent_variables"]
        )
        found = variables(table)
        assert math.isfinite(row.g_agamma_upper.value) == any("excluded up to" in name for name in found)
        assert not any("Limit" in name for name in found if math.isfinite(row.g_agamma_upper.value))
        assert bool(row.expected) == any("xpected" in name for name in found)
        together = " " in text
        assert ("grow together" in table["description"]) == together
        assert all(("grow together" in name) == together for name in found)
        names = {"g_agamma", "g_ae"} if together else {"g_agamma"}
        for name, symbol in (("g_agamma", r"$g_{a\gamma}$"), ("g_ae", "$g_{ae}$")):
            shown = [values[0] for title, values in found.items() if symbol in title and "xpected" not in title]
            values = [getattr(row, name).value, getattr(row, f"{name}_upper").value] if name in names else []
            assert shown == [pytest.approx(value, rel=1e-5) for value in values if math.isfinite(value)]


def test_curves(curves: Path, tmp_path: Path) -> None:
    """Curves of the same x side by side; small numbers are numbers also for readers of YAML 1.1."""
    both, shape = submission(write_hepdata([curves], tmp_path / "record").path)
    (x,), (photon, electron) = both["data"]["independent_variables"], both["data"]["dependent_variables"]
    assert x["header"] == {"name": "$m_a$", "units": "GeV"}
    assert [value["value"] for value in x["values"]] == [0.001, 0.002, 1e-05]
    assert photon["header"] == {"name": "Cross-section at a coupling of 1/GeV", "units": "pb"}
    assert photon["qualifiers"] == [{"name": "Curve", "value": "photon"}]
    assert photon["values"] == [
        {"value": 65941.7, "errors": [{"symerror": 0.1}]},
        {"value": "-"},
        {"value": 1e-12},
    ]
    assert electron["values"][2]["value"] == 6075
    assert {"name": "observables", "values": ["SIG"]} in both["keywords"]
    assert shape["data"]["independent_variables"][0]["header"] == {"name": "x", "units": "rad"}  # not an axis of fig08a


def test_a_unit_of_one_is_none(tmp_path: Path) -> None:
    path = written(tmp_path, "fig04.csv", "curve,x,x_unit,y,y_error,y_unit\nphoton,1,GeV,0.5,0.01,1\n")
    (table,) = submission(write_hepdata([path], tmp_path / "record").path)
    assert "units" not in table["data"]["dependent_variables"][0]["header"]


def test_keywords(tmp_path: Path) -> None:
    def keywords(analysis: str) -> dict[str, list[Any]]:
        path = written(tmp_path, "limits.csv", f"{','.join(LIMIT_COLUMNS)}\n{analysis},0.01,1,0.1,1,0.1,cls,0.9\n")
        (table,) = submission(write_hepdata([path], tmp_path / "record", force=True).path)
        assert messages(tmp_path / "record") == {}
        return {each["name"]: each["values"] for each in table["keywords"]}

    assert keywords("babar")["cmenergies"] == [10.58]
    assert keywords("delphi")["cmenergies"] == ["182.7-208.2"]
    assert keywords("padme")["cmenergies"] == [
        pytest.approx(math.sqrt(2 * 0.51099895e-3 * (0.55 + 0.51099895e-3)), rel=1e-5)
    ]
    assert keywords("na64")["reactions"] == [REACTIONS["primakoff"], REACTIONS["bremsstrahlung"]]
    assert "cmenergies" not in keywords("na64")
    own = keywords("of-my-own")  # no card of that name
    assert "reactions" not in own
    assert "of-my-own" in own["phrases"]


def test_every_figure_has_its_axes() -> None:
    assert {name for name, _ in AXES} == set(figure.NAMES)


def test_tables_of_the_same_name(tmp_path: Path) -> None:
    """Names and files are told apart, and no longer than HEPData allows."""
    long = "a-rather-long-name-of-an-analysis-that-somebody-has-found-useful-in-a-study"
    text = LIMITS.replace("babar", long)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    paths = [written(tmp_path / folder, "limits.csv", text) for folder in ("one", "two")]
    found = write_hepdata(paths, tmp_path / "record")
    assert messages(found.path) == {}
    assert len(set(found.tables)) == 4
    assert max(map(len, found.tables)) == 64


# --- folders and refusals ----------------------------------------------------------------------------------------------


def test_an_earlier_submission_is_replaced_only_by_force(limits: Path, curves: Path, tmp_path: Path) -> None:
    folder = write_hepdata([limits, curves], tmp_path / "record").path
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(InputError, match=r"is not empty; .* --force"):
        write_hepdata([curves], folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    (folder / "notes.txt").write_text("mine")
    write_hepdata([curves], folder, force=True)
    (folder / "notes.txt").unlink()  # was left alone
    assert messages(folder) == {}
    assert len(list(folder.iterdir())) == 3


def test_force_takes_away_nothing_outside_the_folder(curves: Path, tmp_path: Path) -> None:
    folder = tmp_path / "record"
    folder.mkdir()
    (tmp_path / "precious.yaml").write_text("mine")
    (folder / "submission.yaml").write_text("---\ndata_file: ../precious.yaml\n---\n- no mapping\n")
    write_hepdata([curves], folder, force=True)
    assert (tmp_path / "precious.yaml").read_text() == "mine"
    assert messages(folder) == {}
    (folder / "submission.yaml").write_text("{ no yaml")
    write_hepdata([curves], folder, force=True)
    assert messages(folder) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no rows"),
        ("curve,x,y\na,1,2\n", "holds other columns; a table that begins with 'analysis,m_a_GeV"),
        (LIMITS.replace("2.6", "two"), r"limits\.csv:3: g_ae_limit_per_GeV: 'two' is no number"),
        (LIMITS.replace("2.6", "inf"), r"limits\.csv:3: g_ae_limit_per_GeV: 'inf' is no number"),
        (LIMITS.replace("babar,0.1,", "babar,,"), r"limits\.csv:3: m_a_GeV: is missing"),
        (LIMITS + "babar,0.2\n", r"limits\.csv:6: g_agamma_limit_per_GeV: is missing"),
        (f"{LIMITS.splitlines()[0]}\nbabar,9,,,,,recast,0.9\n", "hold no value at all, there is nothing to submit"),
    ],
)
def test_no_table(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        write_hepdata([written(tmp_path, "limits.csv", text)], tmp_path / "record")
    assert not (tmp_path / "record").exists()


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        write_hepdata([tmp_path / "none.csv"], tmp_path / "record")
    with pytest.raises(InputError, match="no tables"):
        write_hepdata([], tmp_path / "record")
    with pytest.raises(InputError, match="not a table"):
        write_hepdata([tmp_path], tmp_path / "record")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not a table"):
        write_hepdata([tmp_path / "a.csv"], tmp_path / "record")
    with pytest.raises(InputError, match="is a file, the name of a folder is due"):
        write_hepdata([written(tmp_path, "limits.csv", LIMITS)], tmp_path / "a.csv")
