"""The command line: thin over the Python functions, which are imported when a command runs."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from alphoton.data.errors import CacheWarning, CardWarning, ClusterError, InputError, first_line
from alphoton.data.output import finished, forget_finished
from alphoton.data.printable import one_line, shortened, spell
from alphoton.data.signals import watch
from alphoton.workflows.console import say
from alphoton.workflows.export_cli import app as export_app
from alphoton.workflows.options import restore_help, whole_number, with_options

BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
MOST_SHOWN = 4000
"""Characters of one line of a message: what a person gave, and it quotes, may be longer than that."""
MORE_MEMORY = "raise the limit (ulimit -v), or ask for fewer events or workers"
SIGNS_OF_NO_MEMORY = ("cannot allocate memory", "failed to map segment", "unable to allocate", "out of memory", "bad_alloc")
KEPT, NOTHING = "what was finished is kept, nothing unfinished is left behind", "nothing was written"

app = typer.Typer(
    name="alphoton",
    help="Monte Carlo for invisible axion-like particles, from a matrix element to a limit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
card_app = typer.Typer(help="List, show and check cards.", no_args_is_help=True)
app.add_typer(card_app, name="card")
app.add_typer(export_app, name="export")

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a card's key, as in --set model.m_a='10 MeV'. Repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Replace existing output.")]
AllowOther = Annotated[bool, typer.Option("--allow-other", help="Allow a file of another experiment or other beams.")]
Seed = Annotated[
    int | None,
    typer.Option("--seed", parser=whole_number(0, 2**63 - 1), metavar="N", help="Seed of the random numbers."),
]
Workers = Annotated[
    int, typer.Option("--workers", parser=whole_number(1, 256), metavar="N", help="Threads that make events.")
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where to write.")]


def _version(asked: bool) -> None:
    if asked:
        say(f"alphoton {version('alphoton')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Monte Carlo for invisible axion-like particles, from a matrix element to a limit."""


@app.command()
def xsec(process: Annotated[str, typer.Argument(help="Process card.")], set_: Set = None, json: Json = False) -> None:
    """The cross-section of a process card, with its components."""
    from alphoton.generators.event_source import cross_section
    from alphoton.generators.matter.weizsaecker_williams import of_card
    from alphoton.generators.process_card import ProcessCard
    from alphoton.workflows.console import print_json, table, with_error

    card = ProcessCard.load(process, set_ or ())
    found = cross_section(card)
    compared = of_card(card)
    if json:
        components = {name: part.value for name, part in found.components.items()}
        errors = {name: part.error for name, part in found.components.items()}
        print_json(
            {
                "process": card.name,
                "cross_section_pb": found.value,
                "error_pb": found.error,
                "components_pb": components,
                "component_errors_pb": errors,
            }
            | ({} if compared is None else {"weizsaecker_williams_pb": compared})
        )
        return
    rows = [[name, with_error(part.value, part.error)] for name, part in found.components.items()]
    table(f"{card.name}: cross-section", ["component", "pb"], [*rows, ["total", with_error(found.value, found.error)]])
    if compared is not None:
        say(f"for comparison, the improved Weizsaecker-Williams form: {compared:.5g} pb")


@app.command()
def generate(
    process: Annotated[str, typer.Argument(help="Process card.")],
    output: Output,
    events: Annotated[
        int | None, typer.Option("-n", "--events", parser=whole_number(), metavar="N", help="Number of events.")
    ] = None,
    seed: Seed = None,
    workers: Workers = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A dask scheduler, tcp://host:8786, whose workers make events."),
    ] = None,
    set_: Set = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Generate events of a process card into a ROOT file."""
    from alphoton.workflows import generate as run_generate
    from alphoton.workflows.console import bar, print_json, table, with_error

    with bar("events") as progress:
        found = run_generate(
            process,
            output,
            events=events,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            overrides=set_ or (),
            force=force,
            progress=progress,
        )
    if json:
        print_json(found)
        return
    rows = [
        ["events", f"{found.events}"],
        ["cross-section [pb]", with_error(found.cross_section_pb, found.error_pb)],
        ["unweighting efficiency", f"{found.unweighting_efficiency:.4f}"],
        ["overweight fraction", f"{found.overweight_fraction:.1e}"],
        *[[f"effective size, {name} only", f"{size:.0f}"] for name, size in found.effective_sizes.items()],
        ["events/s", f"{found.events_per_second:.3g}"],
    ]
    table(f"{found.path}", ["", ""], rows)


@app.command()
def simulate(
    events: Annotated[Path, typer.Argument(help="Event file.")],
    detector: Annotated[str, typer.Option("--detector", help="Detector card.")],
    output: Output,
    seed: Seed = None,
    set_: Set = None,
    force: Force = False,
    allow_other: AllowOther = False,
    json: Json = False,
) -> None:
    """Pass events through a detector card into a reco file."""
    from alphoton.workflows import simulate as run_simulate
    from alphoton.workflows.console import bar, print_json, table

    with bar("events") as progress:
        found = run_simulate(
            events,
            detector,
            output,
            seed=seed,
            overrides=set_ or (),
            force=force,
            allow_other=allow_other,
            progress=progress,
        )
    if json:
        print_json(found)
        return
    rows = [["events", f"{found.events}", ""]]
    rows += [[name, f"{passed}", f"{passed / found.events:.4f}"] for name, passed in found.passed.items()]
    table(f"{found.path}", ["", "events", "share"], rows)


@app.command()
def analyse(
    reco: Annotated[Path, typer.Argument(help="Reco file.")],
    analysis: Annotated[str, typer.Option("--analysis", help="Analysis card.")],
    histograms: Annotated[Path | None, typer.Option("--histograms", help="ROOT file for histograms.")] = None,
    set_: Set = None,
    force: Force = False,
    allow_other: AllowOther = False,
    json: Json = False,
) -> None:
    """Select and count the events of a reco file: cutflow, efficiency, histograms."""
    from alphoton.workflows import analyse as run_analyse
    from alphoton.workflows.console import bar, print_json, table, with_error

    with bar("events") as progress:
        found = run_analyse(
            reco,
            analysis,
            histograms=histograms,
            overrides=set_ or (),
            force=force,
            allow_other=allow_other,
            progress=progress,
        )
    for remark in found.remarks:
        say(remark, err=True)
    if json:
        print_json(found)
        return
    rows = [
        [step.cut, f"{step.events}", "1" if step.efficiency == 1 else with_error(step.efficiency, step.efficiency_error)]
        for step in found.cutflow
    ]
    table(f"{reco}: cutflow", ["cut", "events", "efficiency"], rows)
    fiducial = with_error(found.fiducial_cross_section_pb, found.fiducial_cross_section_error_pb)
    say(f"fiducial cross-section: {fiducial} pb")
    if found.expected_events is not None and found.expected_events_error is not None:
        expected = with_error(found.expected_events, found.expected_events_error)
        say(f"expected events at the couplings of the process card: {expected}")
    for name, part in found.components.items():
        if name == "interference":
            continue
        shown = with_error(part["efficiency"], part["efficiency_error"])
        say(f"{name} coupling only: efficiency {shown}, effective size {part['effective_size']:.0f}")


@app.command()
def limit(
    analysis: Annotated[str, typer.Argument(help="Analysis card.")],
    mass: Annotated[list[str] | None, typer.Option("--mass", help="A mass, as in --mass '10 MeV'. Repeatable.")] = None,
    events: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--events",
            parser=whole_number(),
            metavar="N",
            help="Events a mass; without it, enough for 1% on the limit.",
        ),
    ] = None,
    seed: Seed = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="CSV file to write.")] = None,
    along: Annotated[
        list[str] | None,
        typer.Option("--along", help="Let couplings grow together, as in --along 'g_agamma=0.001 g_ae=1'. Repeatable."),
    ] = None,
    radiative: Annotated[bool, typer.Option("--radiative", help="Add the loops of leptons to the photon coupling.")] = False,
    interference: Annotated[bool, typer.Option(help="Keep the interference of the two channels.")] = True,
    set_: Set = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Limits on the couplings, each alone or together. --set process.KEY and detector.KEY reach those cards."""
    from alphoton.workflows import limit as run_limit
    from alphoton.workflows.console import bar, print_json
    from alphoton.workflows.limit_scan import as_dict, parse_couplings

    with bar("limit") as progress:
        found = run_limit(
            analysis,
            mass or (),
            events=events,
            seed=seed,
            along=[parse_couplings(text) for text in along or ()],
            radiative=radiative,
            interference=interference,
            output=output,
            overrides=set_ or (),
            force=force,
            progress=progress,
        )
    _say_why_empty(found.rows)
    if json:
        print_json({"limits": [as_dict(row) for row in found.rows], "path": found.path})
        return
    _limits_table("limits on both couplings together" if along else "limits", found.rows)


def _say_why_empty(rows: Any) -> None:
    from alphoton.workflows.limit_scan import remarks

    for remark in remarks(rows):
        say(with_options(remark), err=True)


def _limits_table(title: str, rows: Any) -> None:
    from math import isfinite

    from alphoton.workflows.console import table, with_error
    from alphoton.workflows.limit_scan import COUPLINGS
    from alphoton.workflows.masses import texts

    columns = {"analysis": [row.analysis for row in rows], "m_a [MeV]": texts([row.mass * 1e3 for row in rows], 6)}
    for coupling in COUPLINGS:
        limits, edges = ([getattr(row, f"{coupling.name}{edge}") for row in rows] for edge in ("", "_upper"))
        columns[f"{coupling.name} [/GeV]"] = [with_error(limit.value, limit.error) for limit in limits]
        if any(isfinite(edge.value) for edge in edges):  # bands have another edge
            columns[f"{coupling.name} up to"] = [with_error(edge.value, edge.error) for edge in edges]
    columns["method"] = [row.method for row in rows]
    columns["CL"] = [f"{row.confidence_level:.0%}" if isfinite(row.confidence_level) else "-" for row in rows]
    header = ["up to [/GeV]" if name.endswith(" up to") else name for name in columns]
    table(title, header, list(zip(*columns.values(), strict=True)))
    for name in dict.fromkeys(row.analysis for row in rows):
        own = [row for row in rows if row.analysis == name]
        systematic = max(
            (
                row.systematic[coupling.component]
                for row in own
                for coupling in COUPLINGS
                if isfinite(getattr(row, coupling.name).value)
            ),
            default=0.0,
        )
        if systematic > 0:
            say(f"{name}: a systematic error of up to {systematic:.0%} on the couplings comes on top")


@app.command()
def run(
    workflow: Annotated[str, typer.Argument(help="Workflow card.")],
    output: Output,
    set_: Set = None,
    workers: Workers = 2,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run a workflow card into a folder: events, reco, histograms, limits, figures. Again, it finishes what is left."""
    from alphoton.workflows import run as run_workflow
    from alphoton.workflows.console import bar, print_json
    from alphoton.workflows.limit_scan import as_dict

    with bar("chains") as progress:
        found = run_workflow(workflow, output, overrides=set_ or (), workers=workers, force=force, progress=progress)
    _say_why_empty(found.rows)
    for skipped in found.skipped:
        say(f"out of reach, left out: {skipped}", err=True)
    if json:
        files = {"limits_csv": found.limits, "figures": found.figures, "skipped": found.skipped}
        print_json({"limits": [as_dict(row) for row in found.rows], **files})
        return
    shown = _few(found.rows)
    _limits_table(f"{found.output}: limits" + ("" if len(shown) == len(found.rows) else " at some masses"), shown)
    say(f"written: {found.limits} " + " ".join(str(path) for path in found.figures))


SHOWN_ROWS = 60
SHOWN_MASSES = (0.001, 0.01, 0.1, 1.0, 10.0)
"""GeV; of a long list of limits those nearest to these are printed."""


def _few(rows: Any) -> Any:
    """All rows, or of a long list some of each analysis; the file has them all."""
    if len(rows) <= SHOWN_ROWS:
        return rows
    from math import log

    chosen = []
    for name in dict.fromkeys(row.analysis for row in rows):
        own = [row for row in rows if row.analysis == name]
        nearest = [min(own, key=lambda row, m=mass: abs(log(row.mass / m))) for mass in SHOWN_MASSES]  # type: ignore[misc]
        chosen += [
            row
            for row in own
            if any(row is near and 0.5 < row.mass / m < 2 for near, m in zip(nearest, SHOWN_MASSES, strict=True))
        ]
    return chosen


@app.command()
def figure(
    name: Annotated[str, typer.Argument(help="fig02, fig04, ..., or all.")],
    output: Output,
    moments: Annotated[
        str, typer.Option("--moments", help="Measured magnetic moments to show: paper-2020 or world-2025.")
    ] = "paper-2020",
    force: Force = False,
    json: Json = False,
) -> None:
    """Make figures of arXiv:2012.07894 as PNG, PDF and CSV; those that are up to date are left as they are."""
    from alphoton.workflows import figure as figures
    from alphoton.workflows.console import bar, print_json

    made = []
    names = figures.expand(name)
    outdated = [each for each in names if not figures.is_up_to_date(each, output, figures.stamp(each, moments=moments))]
    figures.check_output(outdated, output, force=force)
    for each in names:
        with bar(each) as progress:
            made.append(figures.figure(each, output, force=force, moments=moments, progress=progress))
    if json:
        print_json({"figures": made})
        return
    for result in made:
        note = "" if result.name in outdated else "  (up to date)"
        say(" ".join(str(path) for path in result.paths) + note)


@app.command()
def merge(
    files: Annotated[list[Path], typer.Argument(help="Event files, or reco files, of one card and different seeds.")],
    output: Output,
    force: Force = False,
    json: Json = False,
) -> None:
    """Join event or reco files of one card, made with different seeds."""
    from alphoton.workflows import merge as run_merge
    from alphoton.workflows.console import bar, print_json, table, with_error

    with bar("events") as progress:
        found = run_merge(files, output, force=force, progress=progress)
    if json:
        print_json(found)
        return
    rows = [[source["file"], f"{source['seed']}", f"{source['events']}"] for source in found.sources]
    table(f"{found.path}", ["from", "seed", "events"], [*rows, ["all", "", f"{found.events}"]])
    say(f"cross-section: {with_error(found.cross_section_pb, found.error_pb)} pb")


@app.command()
def inspect(file: Annotated[Path, typer.Argument(help="Event or reco file.")], json: Json = False) -> None:
    """What is inside an event file: cards, cross-section, weights, branches."""
    from alphoton.workflows.inspection import inspect as look
    from alphoton.workflows.inspection import show

    found = look(file)
    if json:
        from alphoton.workflows.console import print_json

        print_json(found)
        return
    show(found)


@card_app.command("list")
def card_list(json: Json = False) -> None:
    """The packaged cards of each kind."""
    from alphoton.data.card_file import packaged
    from alphoton.data.card_paths import KINDS

    names = {kind: packaged(kind) for kind in KINDS}
    if json:
        from alphoton.workflows.console import print_json

        print_json(names)
        return
    for kind, cards in names.items():
        say(f"{kind:<9} {' '.join(cards)}")


@card_app.command("show")
def card_show(words: Annotated[list[str], typer.Argument(metavar="[KIND] NAME", help="Kind and name of a card.")]) -> None:
    """Print a card as it is written. A name that stands in several kinds gives one file with a card of each."""
    from alphoton.workflows.card_tools import show_card

    text, remark = show_card(words)
    say(text, end="")
    if remark:
        say(remark, err=True)


@card_app.command("validate")
def card_validate(files: Annotated[list[Path], typer.Argument(help="Files with one card or several.")]) -> None:
    """Check the cards in files, and that the cards they name are there."""
    from alphoton.workflows.card_tools import validate_file

    for file in files:
        for kind, name in validate_file(file):
            say(f"{file}: {kind} card '{name}' is valid")


def main() -> None:
    """Run the command line; every failure is one clear message and an exit code."""
    watch(_what_is_left)
    code = _run()
    gc.freeze()  # or Python goes through all modules for garbage before it ends, 0.3 s
    sys.exit(code)


def _what_is_left() -> str:
    """What is said at the end of a command that was interrupted."""
    return KEPT if finished() else NOTHING


def _interrupted() -> int:
    """Called where Python itself has raised `KeyboardInterrupt`: the command does not run as a program of its own."""
    _say(f"interrupted: {_what_is_left()}")
    return INTERRUPTED


def _run() -> int:
    if sys.flags.optimize > 1:
        restore_help(app)
    for stream in (sys.stdout, sys.stderr):
        spell(stream)
    forget_finished()
    with _card_warnings():
        return _call()


def _call() -> int:
    try:
        code = app(standalone_mode=False)
    except InputError as error:
        _say(str(error))
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except ClusterError as error:
        _say(one_line(str(error)))
        return FAILURE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except MemoryError as error:
        _say(f"not enough memory{f' ({first_line(error)})' if str(error) else ''}: {MORE_MEMORY}")
        return FAILURE
    except OSError as error:
        if (lack := _lack(error)) is not None:
            _say(lack)
            return FAILURE
        where = f"{error.filename}: " if error.filename else ""
        _say(one_line(f"{where}{error.strerror or error}"))
        return FAILURE
    except Exception as error:
        show = getattr(error, "show", None)
        if show is not None:  # a wrong option or argument; the class is click's, or typer's own copy of it
            text = StringIO()
            if isinstance(getattr(error, "message", None), str):
                error.message = one_line(error.message)  # type: ignore[attr-defined]
            show(text)
            say(shortened(text.getvalue(), MOST_SHOWN), err=True, end="")
            return int(getattr(error, "exit_code", BAD_INPUT))
        if os.environ.get("ALPHOTON_TRACEBACK"):
            raise
        if (lack := _lack(error)) is not None:
            _say(lack)
            return FAILURE
        what = one_line(f"{type(error).__name__}: {error}")
        _say(f"internal error: {what}. This is a bug; ALPHOTON_TRACEBACK=1 shows where")
        return FAILURE
    if code == INTERRUPTED:  # typer caught it first
        return _interrupted()
    return code if isinstance(code, int) else 0


def _lack(error: BaseException) -> str | None:
    """A message where the system gave no thread or no memory, which libraries report in many ways; else None."""
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause).lower()
        if "start new thread" in text:
            return "the system starts no more threads or processes: raise the limit (ulimit -u), or end others"
        if isinstance(cause, MemoryError) or any(sign in text for sign in SIGNS_OF_NO_MEMORY):
            return f"not enough memory ({first_line(cause)}): {MORE_MEMORY}"
        cause = cause.__cause__ or cause.__context__
    return None


@contextmanager
def _card_warnings() -> Iterator[None]:
    """Warnings of cards and caches are told as errors are, each once."""
    told: set[str] = set()
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if not issubclass(category, (CardWarning, CacheWarning)):
                others(one_line(str(message)), category, *rest, **more)
            elif str(message) not in told:
                told.add(str(message))
                _say(f"warning: {message}")

        warnings.filterwarnings("always", category=CardWarning)
        warnings.filterwarnings("always", category=CacheWarning)
        warnings.showwarning = show
        yield


def _say(message: str) -> None:
    for line in message.split("\n"):
        say(f"alphoton: {with_options(shortened(line, MOST_SHOWN))}", err=True)


if __name__ == "__main__":
    main()
