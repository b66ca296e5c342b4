"""Process cards of fixed targets: what the packaged ones say, and what is said of bad ones (`process_fixed_*`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from alphoton.data.card_file import packaged
from alphoton.data.errors import CardError, InputError
from alphoton.generators.event_source import cross_section
from alphoton.generators.process_card import ON_NUCLEI, ProcessCard

INVALID = Path(__file__).parents[1] / "cards_invalid"
NAMES = ("primakoff-lead", "bremsstrahlung-lead", "na64-primakoff", "na64-bremsstrahlung", "e137-primakoff")

# file: (dotted path, fragments of the message, line)
PROBLEMS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "above_threshold": ("model.m_a", ("60000 MeV is above threshold", "allows 0 to below 44800.5 MeV"), 8),
    "bremsstrahlung_above_threshold": ("model.m_a", ("20 MeV is above", "0 to below 19.488 MeV"), 8),
    "collider_beams": ("beams.sqrt_s", ("does not go with the process 'bremsstrahlung'",), 5),
    "electron_on_thin": ("beams.electron_energy", ("thin target", "'photon_energy'"), 5),
    "energy_cut": ("energy_cut", ("leaves nothing of a beam of 100000 MeV", "below"), 9),
    "no_target": ("beams.target", ("is missing", "{material: lead, thickness: thin}"), 4),
    "nothing_open": ("decay", ("no invisible channel is open",), 9),
    "option_elsewhere": ("energy_cut", ("goes with production on nuclei",), 8),
    "photon_beam": ("beams.photon_energy", ("bremsstrahlung needs an electron beam", "'electron_energy'"), 5),
    "photon_on_thick": ("beams.photon_energy", ("give 'electron_energy'",), 5),
    "resting_electron": ("beams.electron_energy", ("must be above m_e = 0.5110 MeV",), 5),
    "thickness_negative": ("beams.target.thickness", ("'thin'", "1000", "like '40 X0'; got '-40 X0'"), 6),
    "thickness_nonsense": ("beams.target.thickness", ("'thin'", "1000", "like '40 X0'; got 'very thick'"), 6),
    "thickness_zero": ("beams.target.thickness", ("'thin'", "1000", "like '40 X0'; got '0 X0'"), 6),
    "two_beams": ("beams", ("give one beam: 'photon_energy' or 'electron_energy'",), 4),
    "unknown_in_mixture": ("beams.target.material", ("unknown material 'watter'; did you mean 'water'?",), 6),
    "unknown_material": ("beams.target.material", ("unknown material 'leed'; did you mean 'lead'? (known: carbon,",), 6),
    "zero_coupling": ("model.g_ae", ("g_ae is zero",), 9),
}


def problems_of(reference: str | Path, *overrides: str) -> list[str]:
    with pytest.raises(CardError) as caught:
        ProcessCard.load(reference, overrides)
    assert isinstance(caught.value, InputError)
    return caught.value.problems


@pytest.mark.parametrize("name", PROBLEMS)
def test_invalid_cards(name: str) -> None:
    """One clear message each: `file:line: dotted.path: what is wrong, what would be right`."""
    path = INVALID / f"process_fixed_{name}.yaml"
    key, fragments, line = PROBLEMS[name]
    (problem,) = problems_of(path)
    assert problem.startswith(f"{path}:{line}: {key}: ")
    assert all(fragment in problem for fragment in fragments), problem
    assert "\n" not in problem


def test_every_fixture_is_in_the_table() -> None:
    assert {path.stem.removeprefix("process_fixed_") for path in INVALID.glob("process_fixed_*.yaml")} == set(PROBLEMS)


def test_packaged_names() -> None:
    on_nuclei = {name for name in packaged("process") if ProcessCard.load(name).process in ON_NUCLEI}
    assert set(NAMES) <= on_nuclei


@pytest.mark.parametrize("name", sorted(set(packaged("process"))))
def test_packaged_cards(name: str) -> None:
    """Every packaged fixed-target card validates and says what issue 3 says of it; 10 MeV, one coupling."""
    card = ProcessCard.load(name)
    if card.process not in ON_NUCLEI:
        return
    assert card.name == name
    assert card.description
    assert card.collisions()
    if name in NAMES:
        assert card.mass == 0.010
        assert card.form_factor.inelastic == "paper"
        assert card.form_factor.regulator == 0
        material, thickness, energy, cut = {
            "primakoff-lead": ("lead", 0, 50, 0),
            "bremsstrahlung-lead": ("lead", 0, 100, 0),
            "na64-primakoff": ("lead", 40, 100, 50),
            "na64-bremsstrahlung": ("lead", 40, 100, 50),
            "e137-primakoff": ("aluminium", card.beams.thickness, 20, 2),
        }[name]
        beams = card.beams
        assert beams.target is not None
        assert (beams.target.material, beams.thickness, beams.beam_energy, card.energy_cut) == (
            material,
            thickness,
            energy,
            cut,
        )
        assert (beams.photon_energy is not None) == (name == "primakoff-lead")
        assert (card.model.g_agamma == 0) == (card.process == "bremsstrahlung")
        assert (card.model.g_ae == 0) == (card.process == "primakoff")
        assert card.decay == ("visible" if name == "e137-primakoff" else "none")
        if name.startswith(("na64", "e137")):
            assert "arXiv:2012.07894" in (beams.source or "")
    if name.startswith("na64"):  # arXiv:2012.07894, Eq. (43)
        assert card.beams.target is not None
        stuff = card.beams.target.stuff
        assert (stuff.mean_atomic_mass, stuff.density) == (pytest.approx(207.2), 11.4)
        assert stuff.radiation_length_cm == pytest.approx(0.56, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("na64-primakoff", "beams.target.thickness=40X0"),
        ("na64-primakoff", "beams.target.thickness=22.4 cm"),
        ("na64-primakoff", "beams.target.thickness=1e-3 X0"),
        ("na64-primakoff", "beams.target.thickness=1000 X0"),
        ("na64-primakoff", "beams.target.material={masses: {aluminium: 8, water: 2}, density: 2 g/cm^3}"),
        ("primakoff-lead", "model.m_a=44.8 GeV"),
        ("primakoff-lead", "model.m_a=0 MeV"),
        ("bremsstrahlung-lead", "model.m_a=0 MeV"),
        ("bremsstrahlung-lead", "energy_cut=99.9 GeV"),
        ("bremsstrahlung-lead", "form_factor={inelastic: squared, regulator: 0.3333}"),
        ("e137-primakoff", "decay=all"),
        ("na64-bremsstrahlung", "beams.electron_energy=100 MeV"),
    ],
)
def test_valid_overrides(name: str, override: str) -> None:
    """At the edges of what is allowed; each has a cross-section."""
    overrides = [override, "energy_cut=10 MeV"] if override.endswith("=100 MeV") else [override]
    assert cross_section(ProcessCard.load(name, overrides)).value > 0


@pytest.mark.parametrize(
    ("name", "override", "key"),
    [
        ("na64-primakoff", "beams.target.thickness=nan X0", "beams.target.thickness"),
        ("na64-primakoff", "beams.target.thickness=1001 X0", "beams.target.thickness"),
        ("na64-primakoff", "beams.target.thickness=40 kg", "beams.target.thickness"),
        ("na64-primakoff", "beams.target.density=0 g/cm^3", "beams.target.density"),
        ("na64-primakoff", "beams.target.radiation_length=-1 cm", "beams.target.radiation_length"),
        ("na64-primakoff", "beams.target=null", "beams.target"),
        ("na64-primakoff", "energy_cut=-1 GeV", "energy_cut"),
        ("na64-primakoff", "energy_cut=101 GeV", "energy_cut"),
        ("na64-primakoff", "form_factor.inelastic=square", "form_factor.inelastic"),
        ("na64-primakoff", "form_factor.regulator=-1", "form_factor.regulator"),
        ("na64-bremsstrahlung", "model.m_a=99.9999 GeV", "model.m_a"),
        ("bremsstrahlung-lead", "beams.electron_energy=0.5 MeV", "beams.electron_energy"),
        ("primakoff-lead", "beams.photon_energy=0 GeV", "beams.photon_energy"),
        ("primakoff-lead", "beams.photon_energy=9 MeV", "model.m_a"),
        ("primakoff-lead", "decay=sometimes", "decay"),
        ("collider-darkphoton", "decay=visible", "decay"),
    ],
)
def test_invalid_overrides(name: str, override: str, key: str) -> None:
    (problem,) = problems_of(name, override)
    assert f": {key}: " in problem
