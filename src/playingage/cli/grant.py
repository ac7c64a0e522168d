"""`playingage grant create`, `sign` and `file`: from a statement to a grant in the production."""

import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json, say
from playingage.cli.passwords import Key, PasswordFile, load_key
from playingage.cli.production import find_production
from playingage.core import PlayingAgeError, SettingError

if TYPE_CHECKING:
    from playingage.production import Production
    from playingage.rights import Grant, GrantStatement

CREATE = """Examples:

  playingage grant create ada.toml --performer ada

  playingage grant create ada.toml --performer ada --description "Ada as a girl of 20 in scenes 3 to 7, for cinema" \
--ages 18-45 --use train --use render --until 2027-12-31 --contact ada@example.org
"""
SIGN = """Examples:

  playingage grant sign ada.toml --key ada.pem

  playingage grant sign ada.toml --key ada.pem --out ada.dsse.json
"""
FILE = """Examples:

  playingage grant file ada.dsse.json
"""


def create(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The statement to be written: NAME.toml or NAME.json.")],
    performer: Annotated[str, typer.Option("--performer", metavar="ID", help="Whose face.")],
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="What will be done, reasonably specific.")
    ] = "",
    ages: Annotated[
        str | None, typer.Option("--ages", metavar="LOW-HIGH", help="Youngest and oldest playing age: 20-70.")
    ] = None,
    uses: Annotated[
        list[str] | None, typer.Option("--use", help="ingest, train, live or render. May be repeated; else the last 3.")
    ] = None,
    titles: Annotated[
        list[str] | None, typer.Option("--title", help="Source material. May be repeated; else any.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option("--signer", metavar="NAME", help="Who will sign; else the performer.")
    ] = None,
    capacity: Annotated[str, typer.Option("--capacity", help="self, representative or estate.")] = "self",
    start: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day, 2026-11-21; else today.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day; else none.")] = None,
    posthumous: Annotated[
        bool, typer.Option("--posthumous/--no-posthumous", help="Counts after the performer's death too.")
    ] = False,
    contact: Annotated[
        str, typer.Option("--contact", metavar="TEXT", help="Where the signer can be reached.")
    ] = "",
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Write a statement that people can read and edit. It is not signed, and counts for nothing yet."""
    from playingage.rights import GrantError, GrantStatement, Named
    from playingage.rights.wording import template

    if file.exists():
        raise SettingError(f"{file}: is there already", "Choose another name: a statement is never written over.")
    here = find_production(production)
    person = here.performer(performer)
    text = template(
        id=uuid.uuid4().hex, performer=Named(id=person.id, name=person.name),
        production=Named(id=here.id, name=here.name), signer=signer or person.name, capacity=capacity,
        description=description, ages=_ages(ages), uses=uses or ["train", "live", "render"], titles=titles or ["*"],
        valid_from=start or datetime.now(UTC).date().isoformat(), valid_until=until, posthumous=posthumous,
        contact=contact,
    )
    try:
        missing = ""
        said = GrantStatement.read(text.encode(), file.name)
    except GrantError as error:
        if description and ages and contact:
            raise
        missing = error.what
    if file.suffix == ".json":
        import tomllib

        document = tomllib.loads(text) if missing else said.document
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write(file, text.encode())
    if json_output:
        result_json({"file": str(file), "complete": not missing, "missing": missing or None})
    else:
        result(f"{file}: statement, not yet signed.")
        say(f"To be filled in before it is signed: {missing}" if missing else "Read it before it is signed.")


def sign(
    statement: Annotated[Path, typer.Argument(metavar="FILE", help="A statement, or an envelope to be signed also.")],
    key: Key,
    password_file: PasswordFile = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the envelope there, and file nothing.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking.")] = False,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Show what the statement says, and sign it. In a production the grant is filed, elsewhere it lies beside FILE."""
    from playingage.production import ProductionError
    from playingage.rights import GrantError, GrantStatement
    from playingage.rights.signing import open_envelope
    from playingage.rights.statement import PAYLOAD_TYPE
    from playingage.rights.wording import in_words

    data = read(statement)
    here = None
    if out is None:
        try:
            here = find_production(production)
        except ProductionError:
            if production is not None:
                raise
    signed = b'"payloadType"' in data
    opened = open_envelope(data, PAYLOAD_TYPE, str(statement)) if signed else None
    said = GrantStatement.parse(opened.payload, str(statement)) if opened else _unsigned(data, statement)
    for line in in_words(said):
        say(line)
    if not yes and sys.stdin.isatty() and sys.stderr.isatty() and not typer.confirm("Sign this?", err=True):
        raise SettingError("nothing was signed")
    signer = load_key(key, password_file)
    if opened is not None:
        if signer.public.id in opened.keys:
            raise GrantError(f"{statement}: key {signer.public.id[:16]} has signed it already", "")
        envelope = signer.sign_also(opened)
    else:
        envelope = signer.sign(said.signed_at(datetime.now(UTC)).payload, PAYLOAD_TYPE)
    if here is not None:
        target, grant = _file(here, envelope, statement.name)
        _tell_filed(target, grant, json_output)
        return
    target = out or statement.with_name(statement.name.removesuffix(statement.suffix) + ".dsse.json")
    if target.exists() and target.resolve() != statement.resolve():
        raise SettingError(f"{target}: is there already", "Name another file with --out.")
    write(target, envelope)
    if json_output:
        result_json({"file": str(target), "filed": False})
    else:
        result(f"{target}: signed. For the production: playingage grant file {target.name}")


def file_grant(
    envelope: Annotated[Path, typer.Argument(metavar="FILE", help="A signed grant or revocation: NAME.dsse.json.")],
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Check a grant or revocation that was signed elsewhere, and keep it in the production."""
    from playingage.rights.documents import parse_json
    from playingage.rights.grant import REVOCATION_TYPE

    here, data = find_production(production), read(envelope)
    if parse_json(data, str(envelope)).get("payloadType") == REVOCATION_TYPE:
        with here.filing.changing():
            target = here.filing.revoke(data, here.filing.keys(here.entries()))
        if json_output:
            result_json({"file": str(target), "filed": True})
        else:
            result(f"{target}: the revocation is in force.")
        return
    target, grant = _file(here, data, envelope.name)
    _tell_filed(target, grant, json_output)


def write(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises PlayingAgeError."""
    from playingage.core.files import write_whole

    try:
        write_whole(file, data)
    except OSError as error:
        raise PlayingAgeError(f"{file}: cannot be written: {error.strerror}", "Choose another place.") from error


def read(file: Path) -> bytes:
    """Read a small file. Raises PlayingAgeError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise PlayingAgeError(f"{file}: cannot be read: {error.strerror}", "Check the path.") from error


def _unsigned(data: bytes, file: Path) -> "GrantStatement":
    from playingage.rights import GrantStatement

    return GrantStatement.read(data, str(file))


def _file(here: "Production", envelope: bytes, where: str) -> "tuple[Path, Grant]":
    from playingage.rights import GrantError

    with here.filing.changing():
        entries = here.entries()
        keys = here.filing.keys(entries)
        revocations = [data for _, data in here.filing.revocations(keys)]
        grant = here.filing.check(envelope, where, keys, revocations, entries)
        said = grant.statement
        if said.production.id != here.id:
            raise GrantError(f"{where}: is for another production, {said.production.name!r} ({said.production.id[:8]})",
                             "File it there, or have a statement for this production signed.")
        here.performer(said.performer.id)
        return here.filing.file(envelope, grant), grant


def _tell_filed(target: Path, grant: "Grant", json_output: bool) -> None:
    if json_output:
        result_json({"file": str(target), "filed": True, "grant": grant.sha256, "statement": grant.statement.document})
    else:
        result(f"{target}: {grant.name} is filed.")


def _ages(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    low, _, high = text.partition("-")
    try:
        return float(low), float(high)
    except ValueError:
        raise SettingError(f"--ages {text}: those are no two ages", "Write them like 20-70.") from None
