"""How the report names and draws experiments."""

from __future__ import annotations

from dataclasses import dataclass

from alphoton.workflows.chain import Experiment
from alphoton.workflows.figures.slice_drawing import LOOKS
from alphoton.workflows.figures.slices import curve_name

EXCLUDED, PROJECTION = "excluded", "projection"
LABELS = {
    "delphi": "DELPHI",
    "babar": "BaBar",
    "na64": "NA64",
    "na64-5e12": "NA64, 5·10¹² e⁻",
    "belle2-20fb": "Belle II, 20 fb⁻¹",
    "belle2-50ab": "Belle II, 50 ab⁻¹",
    "padme": "PADME",
    "padme-poseydon": "PADME, POSEYDON",
    "padme-poseydon-ses": "POSEYDON, 2.3 events",
    "e137": "E137",
}
TONES = {"delphi": "violet", "babar": "green", "na64": "blue", "belle2": "red", "padme": "amber", "e137": "grey"}
"""The colours of the figures, by the first word of a name; the page has a shade of each for light and for dark."""
OTHERS = ("teal", "pink", "brown")
"""For experiments that the figures do not know."""
DASHES = {"solid": "", "dashed": "8 4", "dashdot": "9 3 2 3", "dotted": "2 3"}


@dataclass(frozen=True)
class Shown:
    """An experiment on the page: its label, what it is (`excluded` today or a `projection`), tone and dashes of its line."""

    name: str
    label: str
    kind: str
    tone: str
    dash: str


def shown(name: str, experiment: Experiment, number: int) -> Shown:
    """How an experiment appears; one that the figures do not know is called by its card, and told apart by its number."""
    look = LOOKS.get(curve_name(name))
    if look is not None:
        excluded, dash = look.filled, DASHES[look.line]
    else:
        counting = experiment.analysis.counting
        excluded = counting is None or counting.observed is not None
        dash = "" if excluded else DASHES["dashed"]
    return Shown(
        name,
        LABELS.get(name, name),
        EXCLUDED if excluded else PROJECTION,
        TONES.get(name.partition("-")[0], OTHERS[number % len(OTHERS)]),
        dash,
    )
