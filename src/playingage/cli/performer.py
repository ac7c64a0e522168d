"""`playingage performer`: who plays, and forgetting them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.cli.production import find_production
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.production import Performer, Production
    from playingage.production.forgetting import Removal

ADD = """Examples:

  playingage performer add ada --name "Ada Lovelace" --born 1815-12-10 --reference ada-1.jpg --reference ada-2.jpg
"""
REFERENCE = """Examples:

  playingage performer reference ada ada-3.jpg ada-4.jpg
"""
LIST = """Examples:

  playingage performer list
"""
SHOW = """Examples:

  playingage performer show ada
"""
DIED = """Examples:

  playingage performer died ada --on 1852-11-27
"""
FORGET = """Examples:

  playingage performer forget ada --dry-run

  playingage performer forget ada --yes
"""
Id = Annotated[str, typer.Argument(metavar="ID", help="Lower-case letters, digits and hyphens: ada.")]


def add(
    id: Id,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The name that people know.")],
    born: Annotated[str | None, typer.Option("--born", metavar="DAY", help="Day of birth: 1815-12-10.")] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option("--reference", metavar="PICTURE", help="PNG or JPEG by which they are told from others."),
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Add a performer to the production, with pictures of them."""
    here = find_production(production)
    with here.filing.changing():
        made = here.add_performer(id, name, born, references=references or ())
    if json_output:
        result_json(_document(here, made))
    else:
        result(f"{made.folder}: {made.name}, {len(made.references)} reference pictures")


def reference(
    id: Id,
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="PNG or JPEG pictures of them alone.")],
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Add pictures by which a performer is told from others."""
    here = find_production(production)
    with here.filing.changing():
        changed = here.add_references(id, pictures)
    if json_output:
        result_json(_document(here, changed))
    else:
        result(f"{changed.folder}: {changed.name}, {len(changed.references)} reference pictures")


def list_performers(production: options.ProductionFolder = None, json_output: options.Json = False) -> None:
    """Tell who plays."""
    here = find_production(production)
    if json_output:
        result_json([_document(here, each) for each in here.performers])
        return
    for each in here.performers:
        result(f"{each.id:<20}  {each.name}{_state(each)}")
    if not here.performers:
        say("There is no performer yet: playingage performer add ID --name NAME")


def show(id: Id, production: options.ProductionFolder = None, json_output: options.Json = False) -> None:
    """Tell what the production has of a performer: references, faceset, models, grants, uses."""
    here = find_production(production)
    told = _document(here, here.performer(id))
    filed = [each for each in here.filing.all(id) if each.grant is not None]
    told["grants"] = [each.grant.sha256 for each in filed if each.grant is not None]
    told["uses"] = sum(1 for each in here.entries() if each.performer == id)
    if json_output:
        result_json(told)
        return
    for key, value in told.items():
        words = ", ".join(map(str, value)) if isinstance(value, list) else value
        result(f"{key:<11} {words if words not in (None, '') else 'none'}")


def died(
    id: Id,
    day: Annotated[str, typer.Option("--on", metavar="DAY", help="Day of death.")],
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Note a performer's death: from that day only grants count that cover posthumous use."""
    here = find_production(production)
    with here.filing.changing():
        changed = here.note_death(id, day)
    if json_output:
        result_json(_document(here, changed))
    else:
        result(f"{changed.name} died on {changed.died}. Only grants for posthumous use count from then on.")


def forget(
    id: Id,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Remove faces, faceset, models, runs and references of a performer for good. Grants and ledger stay, as proof."""
    from playingage.production.forgetting import count_files, plan_removal
    from playingage.production.forgetting import forget as remove

    here = find_production(production)
    person = here.performer(id)
    total = count_files(here, id)
    with progress_bar("Reading", total, unit="files") as tell:
        removal = plan_removal(here, id, tell)
    _tell(removal)
    if dry_run:
        if json_output:
            result_json({"removed": False, **_removal(removal)})
        return
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise SettingError("nothing was removed: nobody is there to confirm it", "Add --yes.")
        if not typer.confirm(f"Remove all this of {person.name} for good?", err=True):
            raise SettingError("nothing was removed")
    with progress_bar("Removing", total, unit="files") as tell:
        files, size = remove(here, id, removal, tell)
    if json_output:
        result_json({"removed": True, **_removal(removal), "files": files, "bytes": size})
    else:
        result(f"{person.name} is forgotten: {files} file{'s'[: files != 1]}, {size} bytes. Recorded in the ledger.")
    say("Renders, takes, backups and copies elsewhere are not touched: see to them yourself.")


def _tell(removal: "Removal") -> None:
    if removal.resumed:
        say("An earlier call was interrupted; this one goes on.")
    for part in removal.parts:
        say(f"{part.path}: {part.files} file{'s'[: part.files != 1]}, {part.bytes} bytes")
    for link in removal.links:
        say(f"{link}: a link; what it leads to is not removed")


def _removal(removal: "Removal") -> dict[str, Any]:
    return {"performer": removal.performer, "files": removal.files, "bytes": removal.bytes, "resumed": removal.resumed,
            "parts": removal.parts, "links": list(removal.links)}


def _document(here: "Production", each: "Performer") -> dict[str, Any]:
    models = here.models(each.id)
    return {
        "id": each.id, "name": each.name, "born": each.born, "died": each.died, "forgotten": each.forgotten,
        "folder": str(each.folder), "references": [str(file) for file in each.references],
        "faceset": str(here.archive(each.id)) if (here.archive(each.id) / "faceset.json").exists() else None,
        "models": sorted(str(file) for file in models.glob("*.pamodel")) if models.is_dir() else [],
    }


def _state(each: "Performer") -> str:
    if each.forgotten is not None:
        return f", forgotten on {each.forgotten}"
    return f", died on {each.died}" if each.died is not None else ""
