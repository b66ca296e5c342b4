"""The command line as a person meets it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import uproot

from alphoton.data.card_file import KINDS, packaged
from alphoton.workflows import cli


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `alphoton ARGUMENTS` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALPHOTON_CARDS", raising=False)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["alphoton", *arguments])
        code = cli._run()
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def events(call: Call) -> Path:
    assert call("generate", "padme", "-o", "events.root", "-n", "3000", "--set", "sampling=balanced").code == 0
    return Path("events.root")


@pytest.fixture
def reco(call: Call, events: Path) -> Path:
    assert call("simulate", str(events), "--detector", "padme", "-o", "reco.root").code == 0
    return Path("reco.root")


def one_object(answer: Answer) -> dict[str, object]:
    """The one JSON object that stdout holds."""
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    assert isinstance(found, dict)
    return found


def test_version_and_help(call: Call) -> None:
    assert call("--version").out.startswith("alphoton 0.")
    text = call("--help").out
    for verb in ("xsec", "generate", "simulate", "analyse", "limit", "run", "figure", "inspect", "card"):
        assert verb in text


def test_help_imports_nothing_heavy() -> None:
    """Start-up stays short because numba, uproot, scipy and matplotlib are not touched."""
    code = "import sys; from alphoton.workflows import cli; cli.app(['--help'], standalone_mode=False)\n"
    code += "print([m for m in ('numba', 'uproot', 'scipy', 'matplotlib', 'numpy', 'pydantic') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip().endswith("[]")


def test_xsec_json(call: Call) -> None:
    found = one_object(call("xsec", "padme", "--json"))
    assert set(found["components_pb"]) == {"photon", "electron", "interference"}  # type: ignore[call-overload]
    assert found["cross_section_pb"] == pytest.approx(sum(found["components_pb"].values()))  # type: ignore[attr-defined]
    assert 0 < found["error_pb"] < 1e-4 * found["cross_section_pb"]  # type: ignore[operator]
    off = one_object(call("xsec", "padme", "--json", "--set", "interference=false"))
    assert off["components_pb"]["interference"] == 0  # type: ignore[index]


def test_xsec_compares_bremsstrahlung_with_weizsaecker_williams(call: Call) -> None:
    found = one_object(call("xsec", "bremsstrahlung-lead", "--json"))
    assert found["weizsaecker_williams_pb"] > 1.1 * found["cross_section_pb"]  # type: ignore[operator]
    assert "Weizsaecker-Williams" in call("xsec", "bremsstrahlung-lead").out


def test_the_chain_in_json(call: Call) -> None:
    made = one_object(call("generate", "padme", "-o", "e.root", "-n", "2000", "--seed", "7", "--json"))
    assert made["events"] == 2000
    assert {"unweighting_efficiency", "overweight_fraction", "events_per_second"} <= made.keys()
    passed = one_object(call("simulate", "e.root", "--detector", "padme", "-o", "r.root", "--json"))
    assert passed["events"] == 2000
    found = one_object(call("analyse", "r.root", "--analysis", "padme", "--histograms", "h.root", "--json"))
    assert found["generated"] == 2000
    assert 0.4 < found["efficiency"] < 0.7  # type: ignore[operator]
    assert {"selected", "efficiency_error", "cutflow", "fiducial_cross_section_pb"} <= found.keys()
    assert "TH1D" in set(uproot.open("h.root").classnames().values())


def test_limit_json_and_csv(call: Call) -> None:
    found = one_object(call("limit", "padme", "--mass", "10 MeV", "-n", "5000", "-o", "limits.csv", "--json"))
    (row,) = found["limits"]  # type: ignore[misc]
    line = Path("limits.csv").read_text().splitlines()[1].split(",")
    assert float(line[2]) == pytest.approx(row["g_agamma_limit_per_GeV"], rel=1e-5)
    assert line[0] == "padme"


def test_the_remark_on_a_systematic_error_needs_a_limit(call: Call) -> None:
    """BaBar's 25% on the efficiency is 12% on a coupling, where there is a limit."""
    outside = call("limit", "babar", "--mass", "9 GeV", "-n", "3000")
    assert outside.code == 0
    assert "systematic" not in outside.out
    assert "no limit on g_ae: outside the published curve" in outside.err
    both = call("limit", "babar", "--mass", "9 GeV", "--mass", "1 GeV", "-n", "3000")
    assert "babar: a systematic error of up to 12% on the couplings comes on top" in both.out


def test_close_masses_and_both_upper_edges_are_printed(call: Call) -> None:
    close = call("limit", "e137", "--mass", "10.000001 MeV", "--mass", "10.000002 MeV", "--mass", "20 MeV")
    masses = [line.split()[1] for line in close.out.splitlines() if line.startswith(" e137 ")]
    assert masses == ["10.000001", "10.000002", "20"]
    assert "e137, 3 masses from 10 to 20 MeV: no limit on g_ae: the band is that of g_agamma alone" in close.err
    assert close.out.count("up to [/GeV]") == 1
    ray = call("limit", "e137", "--mass", "10 MeV", "--along", "g_agamma=1 g_ae=10")
    assert ray.out.startswith("limits on both couplings together")
    assert ray.out.count("up to [/GeV]") == 2
    (row,) = [line.split() for line in ray.out.splitlines() if line.startswith(" e137 ")]
    assert [float(row[place + 2]) for place in (2, 3)] == pytest.approx(
        [10 * float(row[place]) for place in (2, 3)], rel=1e-4
    )


def test_tables_are_whole(call: Call, reco: Path) -> None:
    """No number is cut short by a narrow terminal, and brackets are not taken for markup."""
    shown = call("analyse", str(reco), "--analysis", "padme").out
    assert "generated" in shown
    assert "…" not in shown
    assert "g_agamma [/GeV]" in call("limit", "padme", "--mass", "10 MeV", "-n", "3000").out


def test_inspect(call: Call, reco: Path) -> None:
    shown = call("inspect", str(reco)).out
    for word in ("MissingMass2", "process card:", "detector card:", "cross-section", "seed"):
        assert word in shown
    found = one_object(call("inspect", str(reco), "--json"))
    assert found["events"] == 3000


@pytest.mark.parametrize("kind", KINDS)
def test_every_packaged_card_is_shown_and_valid(call: Call, kind: str) -> None:
    for name in packaged(kind):
        answer = call("card", "show", kind, name)
        assert answer.code == 0
        Path("copy.yaml").write_text(answer.out)
        assert call("card", "validate", "copy.yaml").code == 0
        assert f"schema: alphoton/{kind}/1" in answer.out


def test_a_name_of_several_kinds_gives_one_file_for_all(call: Call, events: Path) -> None:
    answer = call("card", "show", "padme")
    Path("mine.yaml").write_text(answer.out.replace("stochastic: 2 %", "stochastic: 20 %"))
    assert "3 kinds" in answer.err
    assert call("card", "validate", "mine.yaml").out.count("is valid") == 3
    assert call("simulate", str(events), "--detector", "mine.yaml", "-o", "mine.root").code == 0
    assert one_object(call("analyse", "mine.root", "--analysis", "mine.yaml", "--json"))["generated"] == 3000


def test_card_list(call: Call) -> None:
    found = one_object(call("card", "list", "--json"))
    assert set(found) == set(KINDS)
    assert "padme-poseydon-ses" in found["analysis"]  # type: ignore[operator]


BAD = {
    "unknown card": (["xsec", "padm"], "did you mean 'padme'?"),
    "unknown key": (["xsec", "padme", "--set", "model.m_b=1 MeV"], "unknown key"),
    "missing unit": (["xsec", "padme", "--set", "model.m_a=10"], "the unit is missing"),
    "no key": (["xsec", "padme", "--set", "10 MeV"], "write --set key=value"),
    "above threshold": (["xsec", "padme", "--set", "model.m_a=30 MeV"], "above threshold"),
    "negative mass": (["xsec", "padme", "--set", "model.m_a=-1 MeV"], "negative"),
    "nan": (["xsec", "padme", "--set", "model.g_ae=nan /GeV"], "finite"),
    "overridden all the same": (["generate", "padme", "-o", "x.root", "-n", "10", "--set", "events=many"], "events"),
    "unknown detector": (["simulate", "events.root", "--detector", "nobody", "-o", "x.root"], "no detector card 'nobody'"),
    "no file": (["simulate", "nowhere.root", "--detector", "padme", "-o", "x.root"], "no such event file"),
    "not simulated": (["analyse", "events.root", "--analysis", "padme"], "alphoton simulate"),
    "output exists": (["generate", "padme", "-o", "events.root", "-n", "10"], "--force"),
    "no output": (["generate", "padme"], "--output"),
    "unknown command": (["nonsense"], "nonsense"),
    "no events": (["generate", "padme", "-o", "x.root", "-n", "0"], "--events"),
    "mass without unit": (["limit", "padme", "--mass", "10"], "the unit is missing"),
    "unknown figure": (["figure", "fig99", "-o", "figures"], "fig99"),
    "unknown workflow": (["run", "nothing", "-o", "out"], "no workflow card"),
    "unknown kind": (["card", "show", "recipe", "padme"], "KIND"),
    "no such card": (["card", "show", "nothing"], "no such card"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_message_and_exit_code_2(call: Call, events: Path, case: str) -> None:
    arguments, fragment = BAD[case]
    answer = call(*arguments)
    assert answer.code == 2
    assert fragment in answer.err
    assert "Traceback" not in answer.err + answer.out
    assert answer.out == ""
    assert not Path("x.root").exists()


def test_failures_of_the_machine_get_exit_code_1(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("alphoton.data.event_file.EventWriter.extend", full)
    answer = call("generate", "padme", "-o", "x.root", "-n", "10")
    assert (answer.code, answer.err) == (1, "alphoton: x.root: No space left on device\n")
    assert list(Path().iterdir()) == []


def test_a_bug_is_called_a_bug(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("alphoton.data.event_file.EventWriter.extend", broken)
    answer = call("generate", "padme", "-o", "x.root", "-n", "10")
    assert answer.code == 1
    assert "This is a bug" in answer.err
    assert list(Path().iterdir()) == []
