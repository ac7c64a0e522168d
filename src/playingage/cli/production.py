"""`playingage init`, and how other commands find the production."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json

if TYPE_CHECKING:
    from playingage.production import Production

EXAMPLES = """Examples:

  playingage init long-year --name "The Long Year"
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What people call the production.")],
    json_output: options.Json = False,
) -> None:
    """Make a production: the folder that keeps performers, grants, archive, models and the record of every use."""
    from playingage.production import Production

    made = Production.create(folder, name)
    if json_output:
        result_json({"folder": str(made.folder), "id": made.id, "name": made.name, "created": made.created})
    else:
        result(f"{made.folder}: production {made.name!r}, {made.id}")


def find_production(folder: Path | None) -> "Production":
    """The production that a command was given, or the one around the current folder. Raises ProductionError."""
    from playingage.production import Production

    return Production.find(folder)
