"""The command `playingage` put together."""

import io
import sys
from typing import Annotated

import typer

from playingage import __version__
from playingage.cli import (
    demo,
    evaluate,
    faces,
    groups,
    ingest,
    inspect,
    invite,
    live,
    production,
    render,
    review,
    train,
)
from playingage.cli.output import complain
from playingage.cli.stopping import Stopped, stop_by_exception
from playingage.core import PlayingAgeError

app = typer.Typer(
    name="playingage", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    help="Gives a performer any playing age, live on set and in the final picture.",
    epilog="Try it at once: [bold]playingage demo[/bold]",
    pretty_exceptions_enable=False,
)
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.command("live", epilog=live.EXAMPLES)(live.live)
app.command("invite", epilog=invite.EXAMPLES)(invite.invite)
app.command("render", epilog=render.EXAMPLES)(render.render)
app.command("inspect", epilog=inspect.EXAMPLES)(inspect.inspect)
app.command("ingest", epilog=ingest.EXAMPLES)(ingest.ingest)
app.command("faces", epilog=faces.EXAMPLES)(faces.faces)
app.command("train", epilog=train.EXAMPLES, cls=train.TrainCommand)(train.train)
app.command("review", epilog=review.EXAMPLES)(review.review)
app.command("evaluate", epilog=evaluate.EXAMPLES, cls=evaluate.EvaluateCommand)(evaluate.evaluate)
app.command("init", epilog=production.EXAMPLES)(production.init)
groups.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"playingage {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; exits with the code that the package's docstring names."""
    stop_by_exception()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names need not be text, and not every terminal knows all signs
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except PlayingAgeError as error:
        complain(error.diagnostics())
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}")
        sys.exit(2)
    except Stopped as stopped:
        complain("Stopped. Nothing half-written was left behind.")
        sys.exit(stopped.exit_code)
