"""`playingage grant verify`, `revoke` and `list`: what counts, what no longer does, and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.grant import read, write
from playingage.cli.output import result, result_json, say
from playingage.cli.passwords import Key, PasswordFile, load_key
from playingage.cli.production import find_production
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.production import Filed, Production
    from playingage.rights import Use

VERIFY = """Examples:

  playingage grant verify

  playingage grant verify ada.dsse.json --use render --age 25 --title "The Long Year"
"""
REVOKE = """Examples:

  playingage grant revoke 76a564a9 --key ada.pem --reason "The scene was changed"

  playingage grant revoke ada.dsse.json --key ada.pem --reason "The scene was changed" --out taken-back.dsse.json
"""
LIST = """Examples:

  playingage grant list --performer ada --json
"""


def verify(
    envelopes: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Signed grants; else all that are filed.")
    ] = None,
    use: Annotated[str | None, typer.Option("--use", help="Ask whether this use is covered.")] = None,
    ages: Annotated[
        list[float] | None, typer.Option("--age", help="Ask whether this playing age is covered. May be repeated.")
    ] = None,
    titles: Annotated[
        list[str] | None, typer.Option("--title", help="Ask whether this material is covered. May be repeated.")
    ] = None,
    performer: Annotated[
        str | None, typer.Option("--performer", metavar="ID", help="Ask whether it is of this performer.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Ask about another time than now.")] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Check signatures, keys, revocations, time, and what is asked besides. Says exactly what is wrong; exit code 2."""
    from playingage.rights import GrantError
    from playingage.rights.documents import parse_moment

    here = find_production(production)
    moment = datetime.now(UTC) if at is None else parse_moment(at, "--at")
    asked = None if use is None else _use(use)
    found = _given(here, envelopes) if envelopes else list(here.filing.all())
    if performer is not None and not envelopes:
        here.performer(performer)
        found = [each for each in found if each.grant is None or each.grant.statement.performer.id == performer]
    if not found:
        raise GrantError(f"there is no grant in {here.filing.folder}", "Begin with: playingage grant create")
    told: list[dict[str, Any]] = []
    for each in found:
        why = [_bare(each)]
        if each.grant is not None:
            whose = performer or each.grant.statement.performer.id
            died = None
            if any(known.id == whose for known in here.performers):
                died = here.performer(whose).died_at
            why = list(each.grant.lacks(use=asked, performer=whose, production=here.id, at=moment, ages=ages or (),
                                        titles=titles or (), died=died))
        told.append({"file": str(each.file), "grant": each.grant.sha256 if each.grant else None, "valid": not why,
                     "wrong": why})
    wrong = [f"{Path(each['file']).name}: {'; '.join(each['wrong'])}" for each in told if not each["valid"]]
    if json_output:
        result_json(told)
    else:
        for row in told:
            if row["valid"]:
                result(f"{Path(row['file']).name}: valid, grant {row['grant']}")
    if wrong:
        raise GrantError("\n".join(wrong), "Nobody may be re-aged under such a grant.")


def revoke(
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="First digits of the grant's hash, or its file.")],
    key: Key,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. Recorded.")],
    password_file: PasswordFile = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who revokes; else the key's holder, as trusted.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the revocation there, and file nothing.")
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Take a grant back, at once and for good. By a key that speaks for the performer, or an operator's."""
    from playingage.rights import GrantStatement, Revocation
    from playingage.rights.grant import REVOCATION_TYPE
    from playingage.rights.signing import open_envelope
    from playingage.rights.statement import PAYLOAD_TYPE

    here = None if out is not None else find_production(production)
    file = Path(grant) if here is None or Path(grant).is_file() else _by_hash(here, grant)
    opened = open_envelope(read(file), PAYLOAD_TYPE, str(file))
    said = GrantStatement.parse(opened.payload, str(file))
    signer = load_key(key, password_file)
    keys = None if here is None else here.filing.keys(here.entries())
    if by is None:
        holder = None if keys is None else next((e.holder for e in keys.keys if e.key.id == signer.public.id), None)
        by = holder or said.signer.name
    from playingage.core import sha256_bytes

    revocation = Revocation(
        grant=sha256_bytes(opened.payload), performer=said.performer.id, production=said.production.id, by=by,
        reason=reason, signed=datetime.now(UTC).isoformat("T", "milliseconds"),
    )
    envelope = signer.sign(revocation.payload, REVOCATION_TYPE)
    if here is None or keys is None:
        assert out is not None
        if out.exists():
            raise SettingError(f"{out}: is there already", "Name another file.")
        write(out, envelope)
        target = out
    else:
        with here.filing.changing():
            target = here.filing.revoke(envelope, keys)
    if json_output:
        result_json({"file": str(target), "grant": revocation.grant, "filed": here is not None})
    elif here is not None:
        result(f"{target}: grant {revocation.grant[:12]} of {said.performer.name} is revoked.")
        say(f"What was made under it stays until: playingage performer forget {said.performer.id}")
    else:
        result(f"{target}: signed. For the production: playingage grant file {target.name}")


def list_grants(
    performer: Annotated[
        str | None, typer.Option("--performer", metavar="ID", help="Only grants of this performer.")
    ] = None,
    production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Tell which grants are filed, what they cover, and whether they count."""
    here = find_production(production)
    if performer is not None:
        here.performer(performer)
    told = [_row(here, each) for each in here.filing.all()
            if performer is None or each.grant is None or each.grant.statement.performer.id == performer]
    if json_output:
        result_json(told)
        return
    for row in told:
        said = row["statement"]
        if said is None:
            result(f"{Path(row['file']).name}  REFUSED: {row['state']}")
            continue
        low, high = said["ages"]
        result(f"{row['grant'][:12]}  {said['performer']['id']}, {said['signer']['capacity']}: "
               f"{', '.join(said['uses'])}; ages {low:g} to {high:g}; titles {', '.join(said['titles'])}; "
               f"{said['valid_from']} to {said['valid_until'] or 'no end'}; {row['state']}")
    if not told:
        say("No grant is filed: playingage grant create")


def _row(here: "Production", each: "Filed") -> dict[str, Any]:
    if each.grant is None:
        return {"file": str(each.file), "grant": None, "statement": None, "in_force": False,
                "state": _bare(each)}
    said = each.grant.statement
    lacks = each.grant.lacks(use=None, performer=said.performer.id, production=here.id, at=datetime.now(UTC))
    return {"file": str(each.file), "grant": each.grant.sha256, "statement": said.document, "in_force": not lacks,
            "state": "; ".join(lacks) or "in force"}


def _bare(each: "Filed") -> str:
    """What is wrong, without the file's name before it."""
    return "" if each.error is None else each.error.what.removeprefix(f"{each.file.name}: ")


def _given(here: "Production", files: list[Path]) -> "list[Filed]":
    from playingage.production import Filed
    from playingage.rights import GrantError

    entries = here.entries()
    keys = here.filing.keys(entries)
    revocations = [data for _, data in here.filing.revocations(keys)]
    found = []
    for file in files:
        try:
            found.append(Filed(file, here.filing.check(read(file), file.name, keys, revocations, entries), None))
        except GrantError as error:
            found.append(Filed(file, None, error))
    return found


def _by_hash(here: "Production", start: str) -> Path:
    from playingage.production.filing import SUFFIX, payload_hash
    from playingage.rights import RightsError

    found = []
    for file in here.filing.folder.glob(f"*{SUFFIX}"):
        try:
            if len(start) >= 4 and payload_hash(file.read_bytes(), file.name).startswith(start.lower()):
                found.append(file)
        except RightsError:
            continue
    if len(found) != 1:
        raise SettingError(f"{len(found) or 'no'} filed grants have a hash that begins with {start!r}",
                           "Give at least 4, and enough, of its first digits: playingage grant list.")
    return found[0]


def _use(text: str) -> "Use":
    from playingage.rights import Use

    try:
        return Use(text)
    except ValueError:
        raise SettingError(f"--use {text}: there is no such use", f"Known: {', '.join(Use)}.") from None
