"""The report's table of PADME's backgrounds."""

from __future__ import annotations

import pytest

from alphoton.workflows.report import padme_backgrounds
from alphoton.workflows.report.padme_backgrounds import ABOVE, expected, inefficient


@pytest.fixture(autouse=True)
def few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padme_backgrounds, "EVENTS", 20_000)


def test_what_the_vetoes_leave() -> None:
    """Of radiation on nuclei every event has one positron, which is all that is seen beside the photon."""
    events = {share: expected("padme-bethe-heitler", *inefficient(share)) for share in ("1", "1 %", "0.1 %")}
    assert events["1 %"].value == pytest.approx(events["1"].value / 100, rel=1e-9)
    assert events["0.1 %"].value == pytest.approx(events["1"].value / 1000, rel=1e-9)
    assert events["0.1 %"].value == pytest.approx(2178, abs=4 * events["0.1 %"].error)  # 1e6 events through the files
    assert 0.005 < events["1 %"].error / events["1 %"].value < 0.02


def test_away_from_the_peak_of_two_photons() -> None:
    events = expected("padme-twophoton", *inefficient("0.1 %"))
    above = expected("padme-twophoton", *inefficient("0.1 %"), ABOVE)
    assert events.value == pytest.approx(1.2103e5, abs=4 * events.error)
    assert above.value < 0.02 * events.value
