"""`playingage ledger`: the record of every use, and whether it is whole."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import plain, result, result_json, say
from playingage.cli.production import find_production

if TYPE_CHECKING:
    from playingage.production import Entry, Production

SHOW = """Examples:

  playingage ledger show --performer ada --last 20
"""
VERIFY = """Examples:

  playingage ledger verify

  playingage ledger verify --holds 48473adeb539c550a9194e86cb9dd739ab995d215cdb8bc551f34a862815cdf7
"""


def show(
    performer: Annotated[str | None, typer.Option("--performer", metavar="ID", help="Only of this performer.")] = None,
    event: Annotated[str | None, typer.Option("--event", metavar="NAME", help="Only events of this name.")] = None,
    last: Annotated[int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N.")] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Tell what was done, by whom it was granted, and when. Says so where the ledger is altered."""
    chain = find_production(production).ledger.examine()
    entries = [e for e in chain.entries if performer in (None, e.performer) and event in (None, e.event)]
    entries = entries if last is None else entries[-last:]
    if json_output:
        result_json([plain(each) for each in entries])
    else:
        for each in entries:
            result(_line(each))
    for fault in chain.faults:
        say(f"Altered: {fault}")
    if chain.faults:
        say("Look with: playingage ledger verify")


def verify(
    holds: Annotated[
        list[str] | None,
        typer.Option("--holds", metavar="HASH", help="A line's hash that was noted elsewhere must be in it."),
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Check every line of the ledger, its end, and what it says of keys and grants. Exit code 2 for any fault."""
    from playingage.production import LedgerError

    here = find_production(production)
    chain = here.ledger.examine()
    faults = [*chain.faults]
    faults += [f"the line with hash {hash}, noted elsewhere, is missing" for hash in holds or ()
               if not any(each.hash == hash.strip().lower() for each in chain.entries)]
    if not chain.faults:
        faults += _beside(here)
    last = chain.entries[-1] if chain.entries else None
    told: dict[str, Any] = {
        "lines": len(chain.entries), "hash": last.hash if last else None, "faults": faults, "notes": list(chain.notes),
    }
    if json_output:
        result_json(told)
    for note in chain.notes:
        say(f"Note: {note}")
    if faults:
        raise LedgerError("\n".join(f"{here.ledger.file}: {fault}" for fault in faults),
                          "Take ledger.jsonl and ledger.head from a backup, and find out who changed what.")
    if not json_output and last is not None:
        result(f"{here.ledger.file}: {len(chain.entries)} lines, whole. Hash of the last: {last.hash}")
        say("Note this hash where nobody can change it: later, --holds HASH shows that nothing was taken away since.")


def _beside(here: "Production") -> list[str]:
    """Where keys and grants are not as the ledger says."""
    from playingage.core import PlayingAgeError

    try:
        entries = here.entries()
        keys = here.filing.keys(entries)
        here.filing.revocations(keys)
        performers = sorted({e.performer for e in entries if e.event == "grant-filed" and e.performer is not None})
        return [text for id in performers for text in here.filing.missing(id, entries)]
    except PlayingAgeError as error:
        return [error.what]


def _line(entry: "Entry") -> str:
    details = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in entry.details.items())
    whom = f" {entry.performer}" if entry.performer else ""
    grant = f", grant {entry.grant[:12]}" if entry.grant else ""
    return f"{entry.number:>5}  {entry.time}  {entry.event}{whom}{grant}{', ' if details else ''}{details}"
