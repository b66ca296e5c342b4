"""The commands `alphoton export ...`: event files, limits and counting experiments in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from alphoton.workflows.console import say
from alphoton.workflows.options import whole_number

app = typer.Typer(help="Write events, limits and counting experiments for other tools.", no_args_is_help=True)

Events = Annotated[Path, typer.Argument(help="Event or reco file.")]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where to write; a name in .gz is compressed.")]
Force = Annotated[bool, typer.Option("--force", help="Replace existing output.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@app.command()
def lhe(events: Events, output: Output, force: Force = False, json: Json = False) -> None:
    """Events as a Les Houches file, with the weights of the coupling components."""
    from alphoton.workflows.console import bar
    from alphoton.workflows.exchange.lhe import write_lhe

    with bar("events") as progress:
        _told(write_lhe(events, output, force=force, progress=progress), json)


@app.command()
def hepmc(events: Events, output: Output, force: Force = False, json: Json = False) -> None:
    """Events as a HepMC3 file, with vertices where something flies."""
    from alphoton.workflows.console import bar
    from alphoton.workflows.exchange.hepmc import write_hepmc

    with bar("events") as progress:
        _told(write_hepmc(events, output, force=force, progress=progress), json)


def _told(found: Any, json: bool) -> None:
    from alphoton.workflows.console import print_json, with_error

    if json:
        print_json(found)
        return
    section = with_error(found.cross_section_pb, found.error_pb)
    say(f"{found.path}: {found.events} events, {section} pb; {found.events_per_second:.3g} events/s")


@app.command()
def hepdata(
    tables: Annotated[list[Path], typer.Argument(help="limits.csv, fig11.csv, ...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    force: Force = False,
    json: Json = False,
) -> None:
    """Tables of limits and figures as a submission to HEPData."""
    from alphoton.workflows.console import print_json
    from alphoton.workflows.exchange.hepdata import write_hepdata

    found = write_hepdata(tables, output, force=force)
    if json:
        print_json(found)
        return
    say(f"{found.path}: {len(found.tables)} tables")


@app.command()
def pyhf(
    analysis: Annotated[str, typer.Argument(help="Analysis card that counts.")],
    mass: Annotated[str, typer.Option("--mass", help="A mass, as in --mass '10 MeV'.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON file to write.")],
    coupling: Annotated[str, typer.Option("--coupling", help="g_agamma or g_ae.")] = "g_agamma",
    events: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--events",
            parser=whole_number(),
            metavar="N",
            help="Events; without it, enough for 1% on the limit.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key, as in `alphoton limit`.")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """A counting experiment as a pyhf workspace; mu = 1 is the limit that alphoton sets."""
    from alphoton.workflows.console import print_json
    from alphoton.workflows.exchange.pyhf_workspace import write_pyhf

    found = write_pyhf(analysis, mass, output, coupling=coupling, events=events, overrides=set_ or (), force=force)
    if json:
        print_json(found)
        return
    counted = found.counted
    say(
        f"{found.path}: mu = ({counted.coupling} / {counted.reference:.4g} /GeV)^2, {counted.signal:.4g} signal events at "
        f"mu = 1, background {counted.background:.4g} ± {counted.background_error:.3g}, observed {counted.observed:.6g}"
    )
