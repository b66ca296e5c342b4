"""Run by `test_recipes`: makes one limit of each kind, and prints what was imported and opened, and what is in its recipe.

The hook is there before anything of alphoton is imported.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OPENED: list[str] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | Path):
        name = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        OPENED.append(str(Path(name).absolute()))


sys.addaudithook(_note)

from alphoton.data import provenance  # noqa: E402
from alphoton.workflows import generate, simulate  # noqa: E402
from alphoton.workflows.chain import load_experiment  # noqa: E402
from alphoton.workflows.provenance import LIMITS, data_files, experiment_recipe  # noqa: E402
from alphoton.workflows.survey import work_out  # noqa: E402

FEW = [f"counting.background.templates.{k}.events=40000" for k in range(3)]
SHAPE = [*FEW, "counting.bins.range=[-60 MeV^2, 510 MeV^2]", "counting.bins.number=19", "limit.method=shape"]
TOYS = [*SHAPE, "counting.bins.toys=100"]
PYHF = [  # few parameters, for which its minimiser is fast and converges
    "counting.background.templates=[{process: padme-bethe-heitler, events: 40000, error: 5 %}]",
    "counting.background.template_statistics=false",
    "counting.bins.range=[-60 MeV^2, 510 MeV^2]",
    "counting.bins.number=3",
    "counting.positrons_on_target=1e11",
    "limit.method=shape",
    "limit.engine=pyhf",
]
RADIATING = [
    "process.beams.sqrt_s=200 GeV",
    "process.beams.luminosity=600 /pb",
    "process.beams.initial_state_radiation=leading_log",
]
OWN_CARD = """\
schema: alphoton/analysis/1
name: own
extends: babar
recast: {curve: own.csv}
"""
OWN_TEMPLATE = """\
schema: alphoton/analysis/1
name: own-template
extends: padme-vetoes
counting:
  background: {templates: [{file: own.root}]}
  bins: {range: [-60 MeV^2, 510 MeV^2], number: 10}
limit: {method: shape}
"""
KINDS: dict[str, tuple[str, float, list[str]]] = {
    "counting": ("padme", 0.010, []),
    "counting on a thick target": ("na64", 0.010, []),
    "recast": ("babar", 0.010, []),
    "beams that radiate": ("delphi", 0.010, RADIATING),
    "shapes": ("padme-vetoes", 0.012, SHAPE),
    "toys": ("padme-vetoes", 0.012, TOYS),
    "pyhf": ("padme-vetoes", 0.012, PYHF),
    "published beam dump": ("e137", 0.010, []),
    "beam dump from events": ("e137-events", 0.010, []),
    "energy scan, bound electrons": ("padme-scan", 0.017, []),
    "shower by Monte Carlo": ("na64-resonant", 0.250, []),
    "own curve": ("own.yaml", 0.010, []),
    "own template": ("own-template.yaml", 0.012, []),
}


def main() -> None:
    Path("own.yaml").write_text(OWN_CARD)
    Path("own-template.yaml").write_text(OWN_TEMPLATE)
    published = provenance.package_folder("data") / "published" / "babar_2017_invisible_darkphoton.csv"
    Path("own.csv").write_bytes(published.read_bytes())
    generate("padme-bethe-heitler", "own-events.root", events=20_000)
    simulate("own-events.root", "padme-vetoes", "own.root")
    covered = {str(path) for path in (*provenance.sources(LIMITS).values(), *provenance.tables())}
    kinds = {}
    for kind, (analysis, mass, overrides) in KINDS.items():
        OPENED.clear()
        experiment = load_experiment(analysis, overrides)
        work_out([experiment], mass, 4000)
        opened = sorted(set(OPENED))
        recipe = experiment_recipe(experiment)
        named = [str(path.absolute()) for path in data_files(experiment.analysis)]
        assert len(named) == len(recipe.files)
        backgrounds = () if experiment.backgrounds is None else experiment.backgrounds.processes
        cards = [experiment.analysis, *experiment.processes, experiment.detector, experiment.reference, *backgrounds]
        # every key of a card knows the file that it comes from, also if the card extends another
        places = {place.rpartition(":")[0] for card in cards if card is not None for place in card._raw.places.values()}
        kinds[kind] = {
            "opened": opened,
            "files": named,
            "cards": sorted(str(Path(place).absolute()) for place in places if place.endswith(".yaml")),
        }
    imported = {name: module.__file__ for name, module in sys.modules.items() if name.startswith("alphoton.")}
    modules = {name: path for name, path in imported.items() if path}
    print(json.dumps({"kinds": kinds, "modules": modules, "covered": sorted(covered)}))


if __name__ == "__main__":
    main()
