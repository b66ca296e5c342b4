"""The Snakefile: its commands are run by the command line as it is; with snakemake, where it is installed, as a whole."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from alphoton.data.card_file import package_folder
from alphoton.workflows import cli

SNAKEFILE = Path(__file__).parents[2] / "workflows" / "Snakefile"
RULE = re.compile(r"^rule (?P<name>\w+):\n(?P<body>(?:[ ].*\n|\n(?=[ ]))*)", re.M)


class Named(str):
    """A file or a parameter of a rule, quoted as snakemake does for `:q`."""

    def __format__(self, how: str) -> str:
        return shlex.quote(self) if how == "q" else str(self)


class Files(Named):
    """The files of a rule: by name, or where there is one by itself."""

    json, histograms, mass = Named("efficiency.json"), Named("histograms.root"), Named("10 MeV")


CONFIG: dict[str, Any] = {
    "process": Named("my cards/padme.yaml"),
    "detector": Named("padme"),
    "analysis": Named("padme"),
    "mass_key": Named("model.m_a"),
    "events": 3000,
    "seed": 1,
}


def commands(cluster: str = "") -> dict[str, str]:
    """The shell command of each rule that calls alphoton, without what is after a `>`."""
    found = {}
    text = SNAKEFILE.read_text(encoding="utf-8")
    files = {
        "generate": ("", "events.root"),
        "simulate": ("events.root", "reco.root"),
        "analyse": ("reco.root", ""),
        "limit": ("", "limit.csv"),
    }
    for rule in RULE.finditer(text):
        name, body = rule["name"], rule["body"]
        if name in files:
            template: str = eval("(" + body.split("shell:")[1] + ")", {"CLUSTER": cluster})
            before, after = files[name]
            options: dict[str, Any] = {"input": Files(before), "output": Files(after), "params": Files(), "config": CONFIG}
            found[name] = template.format(**options).split(" > ")[0]
    assert list(found) == list(files)
    return found


def own_card(folder: Path) -> None:
    """A process card in a folder whose name a shell would take apart."""
    (folder / "my cards").mkdir()
    shutil.copy(package_folder() / "process" / "padme.yaml", folder / CONFIG["process"])


def call(monkeypatch: pytest.MonkeyPatch, command: str) -> int:
    words = shlex.split(command)
    assert words[0] == "alphoton"
    monkeypatch.setattr(sys, "argv", words)
    return cli._run()


def test_the_commands_do_what_the_rules_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    own_card(tmp_path)
    for name, command in commands().items():
        assert call(monkeypatch, command) == 0, command
        printed = capsys.readouterr().out
        if name == "analyse":
            assert json.loads(printed)["generated"] == CONFIG["events"]
    assert {path.name for path in tmp_path.iterdir()} == {
        "my cards",
        "events.root",
        "reco.root",
        "histograms.root",
        "limit.csv",
    }
    assert (tmp_path / "limit.csv").read_text().splitlines()[1].startswith("padme,0.01,")


def test_a_scheduler_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    own_card(tmp_path)
    assert call(monkeypatch, commands("--scheduler nowhere")["generate"]) == 2
    assert "--scheduler nowhere: " in capsys.readouterr().err


def masses(listed: Any) -> dict[str, str]:
    """The folders of the masses in a configuration, from the lines of the Snakefile before its rules."""
    before = SNAKEFILE.read_text(encoding="utf-8").partition("CLUSTER = ")[0]
    names: dict[str, Any] = {"config": {"masses": listed}, "WorkflowError": RuntimeError}
    exec(before, names)
    found: dict[str, str] = names["MASSES"]
    return found


def test_a_mass_is_made_once() -> None:
    assert masses("5 MeV") == {"5_MeV": "5 MeV"}
    assert masses(["10 MeV", "5 MeV", "0.01 GeV", "10.0 MeV"]) == {"10_MeV": "10 MeV", "5_MeV": "5 MeV"}
    close = masses(["1.01105 GeV", "1.01145 GeV"])
    assert list(close.values()) == ["1.01105 GeV", "1.01145 GeV"]
    with pytest.raises(RuntimeError, match="the unit is missing"):
        masses(["10"])


@pytest.mark.skipif(find_spec("snakemake") is None, reason="snakemake is not installed: it is large, and its users have it")
def test_snakemake_makes_a_scan(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--cores", "2"]
    command += ["--config", 'masses=["5 MeV", "10 MeV"]', "events=3000"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    lines = (tmp_path / "scan" / "limits.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["m_a_GeV", "0.005", "0.01"]
    assert json.loads((tmp_path / "scan" / "5_MeV" / "efficiency.json").read_text())["generated"] == 3000
