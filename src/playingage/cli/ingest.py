"""`playingage ingest`: dated footage into a performer's faceset."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import complain, plain, progress_bar, result, result_json, say
from playingage.cli.stopping import Stopped
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.archive.footage import Title
    from playingage.archive.ingest import Ingest, Outcome
    from playingage.production import Performer, Production

EXAMPLES = """Examples:

  playingage ingest film.mov --performer ada --shot 1994-06 --title "The Long Year" --rights "Studio A, 2026 licence"

  playingage ingest stills/ --performer ada --age 31

  playingage ingest /archive --performer ada --list archive/footage.csv

  playingage ingest --performer ada --report-only
"""
_MEGABYTE = 1e6


def ingest(
    footage: Annotated[
        list[str] | None, typer.Argument(metavar="FOOTAGE...", help="Clips, pictures, sequences (a.####.dpx), folders.")
    ] = None,
    performer: Annotated[str, typer.Option("--performer", metavar="ID", help="Whose faces are looked for.")] = "",
    shot: Annotated[
        str | None, typer.Option("--shot", metavar="DATE", help="When it was shot: 1994, 1994-06 or 1994-06-21.")
    ] = None,
    age: Annotated[float | None, typer.Option("--age", help="Or the performer's age then, in years.")] = None,
    listing: Annotated[
        Path | None, typer.Option("--list", metavar="CSV", help="A line a file: file, title, shot or age, rights.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", help="Of the work; else each file's name.")] = None,
    rights: Annotated[str | None, typer.Option("--rights", metavar="TEXT", help="Terms of this footage.")] = None,
    redo: Annotated[
        list[str] | None, typer.Option("--redo", metavar="TITLE", help="Take this title in again, though unchanged.")
    ] = None,
    despite_damage: Annotated[
        bool, typer.Option("--despite-damage", help="Take what comes before the damage of a damaged file.")
    ] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="Only write the coverage report anew.")] = False,
    production: options.ProductionFolder = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    json_output: options.Json = False,
) -> None:
    """Take footage of known date into a performer's faceset. Goes on where it was stopped."""
    if find_spec("pyarrow") is None or find_spec("scenedetect") is None:
        raise SettingError("this installation has no archive part", "Install it: pip install 'playingage[archive]'")
    from playingage.production import Production

    if not performer:
        raise SettingError("whose faces is not said", "Give --performer ID.")
    opened = Production.find(production)
    person = opened.performer(performer)
    outcomes: list[Outcome] = []
    if not report_only:
        titles = _titles(footage or [], person, shot, age, listing, title, rights)
        outcomes = _run(titles, opened, person, frozenset(redo or ()), despite_damage, device, precision)
    elif footage:
        raise SettingError("--report-only reads no footage", "Leave one of them out.")
    _finish(opened, person, outcomes, json_output)


def _titles(
    footage: list[str], person: "Performer", shot: str | None, age: float | None, listing: Path | None,
    title: str | None, rights: str | None,
) -> "tuple[Title, ...]":
    from playingage.archive.dates import When
    from playingage.archive.footage import grouped
    from playingage.archive.listing import entries_of

    if not footage and listing is None:
        raise SettingError("there is no footage to take in", "Name clips, pictures or folders.")
    when = None if shot is None and age is None else When(shot=shot, age=age)
    return grouped(
        entries_of(footage, when=when, title=title, rights=rights, listing=listing), person.born
    )


def _run(
    titles: "tuple[Title, ...]", production: "Production", person: "Performer", redo: frozenset[str],
    despite_damage: bool, device: str, precision: str | None,
) -> "list[Outcome]":
    import cv2

    from playingage.archive.errors import IngestError
    from playingage.archive.estimate import amount_of
    from playingage.archive.ingest import Ingest, Person
    from playingage.archive.permit import ProductionPermit
    from playingage.archive.tools import load_tools, read_references
    from playingage.runtime import choose_device

    if not titles:
        raise IngestError("there is neither a clip nor a picture in it", "Check the folder.")
    # Decoding has a thread of its own; OpenCV's would spin for work and take its time.
    cv2.setNumThreads(1)
    permit = ProductionPermit(production, person.id)
    for each in titles:
        permit.grant(each.name)
    chosen = choose_device(device, precision=precision)
    amount = amount_of(titles)
    say(f"{amount}. Device: {chosen}.")
    who = Person(
        id=person.id, name=person.name, born=person.born, pictures=read_references(person.references, chosen)
    )
    work = Ingest(
        production.archive(person.id), who, lambda: load_tools(chosen), permit, redo=redo,
        despite_damage=despite_damage,
    )
    try:
        return _watch(work, titles, amount.bytes)
    except Stopped:
        say("What is done is kept: the same command goes on from there.")
        raise


def _watch(work: "Ingest", titles: "tuple[Title, ...]", size: int) -> "list[Outcome]":
    outcomes = []
    with progress_bar("Ingesting", max(1, round(size / _MEGABYTE)), unit="MB") as progress:
        for outcome in work.run(titles, lambda part: progress(int(part * size / _MEGABYTE)), say):
            outcomes.append(outcome)
            if outcome.status != "failed":
                _tell(outcome)
            elif len(titles) > 1:  # a single one's error is what the command ends with
                complain(f"{outcome.what}\n{outcome.do}")
    return outcomes


def _tell(outcome: "Outcome") -> None:
    if outcome.status == "unchanged":
        say(f"{outcome.title}: unchanged, {outcome.kept} faces are there already.")
    else:
        doubtful = f", {outcome.doubtful} set aside" if outcome.doubtful else ""
        say(f"{outcome.title}: {outcome.kept} faces at {outcome.age:.1f}{doubtful}; {outcome.frames} frames looked at.")
    for note in outcome.notes:
        say(f"Note: {note}.")


def _finish(production: "Production", person: "Performer", outcomes: "list[Outcome]", json_output: bool) -> None:
    from playingage.archive import Faceset
    from playingage.archive.coverage import document_of, eras_of, missing
    from playingage.archive.estimate import many
    from playingage.archive.ingest import failed
    from playingage.archive.report import write_report

    folder = production.archive(person.id)
    document: dict[str, Any] = {"performer": person.id, "faceset": folder, "titles": [plain(o) for o in outcomes]}
    error = failed(outcomes)
    if Faceset.exists(folder) or error is None:
        faceset = Faceset.load(folder)
        report = write_report(faceset, person.name)
        eras = eras_of(faceset.rows)
        document |= {"report": report, "coverage": document_of(eras)}
        if not json_output:
            result(f"{folder}: {len(faceset.used)} faces of {person.name} from {many(len(faceset.titles), 'title')}.")
            for sentence in missing(eras)[:8]:
                result(f"  {sentence}")
            result(f"{report}")
    if json_output:
        result_json(document)
    if error is not None:
        raise error
