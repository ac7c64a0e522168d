"""`playingage invite`: addresses with a role and an end, for a server that runs."""

import json
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import result, result_json, say
from playingage.core import PlayingAgeError, SettingError

if TYPE_CHECKING:
    from playingage.web.control import Control

EXAMPLES = """Examples:

  playingage invite --role viewer --hours 12 --name "Director"

  playingage invite --role operator --name "Second unit" --once

  playingage invite --list

  playingage invite --revoke "Director"
"""
_WAIT = 10.0


def invite(
    role: Annotated[str, typer.Option("--role", help="viewer, operator or administrator.")] = "viewer",
    hours: Annotated[float, typer.Option("--hours", help="How long it holds, up to 168.")] = 12.0,
    name: Annotated[str | None, typer.Option("--name", metavar="WHO", help="Whom it is for; in the record.")] = None,
    once: Annotated[bool, typer.Option("--once", help="For the first device that opens it, and no other.")] = False,
    show: Annotated[bool, typer.Option("--list", help="Show the invitations instead.")] = False,
    revoke: Annotated[
        str | None, typer.Option("--revoke", metavar="WHO", help="End an invitation at once: its name or number.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port of the server, where several run under this account.")
    ] = None,
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="Show a QR code, for a tablet's camera.")] = True,
    json_output: options.Json = False,
) -> None:
    """Let others open the pages of a live run of this account, in a role, for some hours."""
    from playingage.rights.record import state_folder

    if sum((name is not None, show, revoke is not None)) != 1:
        raise SettingError("it is not said what to do", "Give one of --name WHO, --list and --revoke WHO.")
    server = _server(state_folder() / "servers", port)
    if name is not None:
        made = _talk(server, "POST", "/api/invitations", {"role": role, "hours": hours, "name": name, "once": once})
        _tell_made(made, qr, json_output)
        return
    there = _talk(server, "GET", "/api/invitations")["invitations"]
    if revoke is None:
        _tell_all(there, json_output)
        return
    found = [each for each in there if revoke in (each["id"], each["name"])]
    found = [each for each in found if each["state"] in ("waiting", "in use")] or found
    if not found:
        raise PlayingAgeError(f"there is no invitation of {revoke!r}", "See: playingage invite --list")
    ended = _talk(server, "DELETE", f"/api/invitations/{found[-1]['id']}")
    if json_output:
        result_json(ended)
    else:
        result(f"{ended['name']}: {ended['state']}.")


def _server(folder: Path, port: int | None) -> "Control":
    """The running server that is meant. Raises PlayingAgeError."""
    from playingage.web.control import running

    found = [each for each in running(folder) if port is None or each.address.endswith(f":{port}")]
    if not found:
        where = "" if port is None else f" on port {port}"
        raise PlayingAgeError(f"no live run of this account is there{where}",
                              "Start one with: playingage live --host 0.0.0.0 ...")
    if len(found) > 1:
        raise PlayingAgeError(f"several run: {', '.join(each.address for each in found)}", "Say which with --port N.")
    return found[0]


def _talk(server: "Control", method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the running server, and no other that might stand in its place. Raises PlayingAgeError."""
    from http.client import HTTPException

    try:
        status, words = _ask(server, method, path, body)
        if status < 300:
            return json.loads(words)
    except (HTTPException, OSError, ValueError) as error:
        raise PlayingAgeError(f"the server at {server.address} does not answer: {error}",
                              "If it has stopped, start it again.") from None
    first, _, rest = words.strip().partition("\n")
    raise PlayingAgeError(first or f"the server answered {status}", rest)


def _ask(server: "Control", method: str, path: str, body: dict[str, Any] | None) -> tuple[int, str]:
    """Status and text. The token is sent only to whoever shows the certificate that the server said it has."""
    import ssl
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    place = urlsplit(server.address)
    assert place.hostname is not None
    connection = HTTPConnection(place.hostname, place.port, timeout=_WAIT)
    if server.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is compared as a whole, below
        connection = HTTPSConnection(place.hostname, place.port, timeout=_WAIT, context=context)
    with closing(connection):
        connection.connect()
        if server.certificate:
            secure = connection.sock
            shown = secure.getpeercert(binary_form=True) if isinstance(secure, ssl.SSLSocket) else None
            if shown is None or sha256(shown).hexdigest() != server.certificate:
                raise OSError("it shows another certificate")
        connection.request(method, path, None if body is None else json.dumps(body), {
            "Authorization": f"Bearer {server.token}", "Content-Type": "application/json",
        })
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def _tell_made(made: dict[str, Any], qr: bool, json_output: bool) -> None:
    if json_output:
        result_json({key: value for key, value in made.items() if key != "codes"})
        return
    result(made["address"])
    for other in made["addresses"][1:]:
        say(f"or {other}")
    say(f"{made['name']}: {made['role']} until {_local(made['expires'])}"
        f"{', for one device' if made['once'] else ''}. Whoever has the address has the role.")
    if qr and sys.stderr.isatty():
        import segno

        segno.make(made["address"], error="l", micro=False).terminal(out=sys.stderr, compact=True, border=2)


def _tell_all(there: list[dict[str, Any]], json_output: bool) -> None:
    if json_output:
        result_json(there)
        return
    for each in there:
        result(f"{each['id']}  {each['name']}, {each['role']}, {each['state']}, until {_local(each['expires'])}, "
               f"{each['devices']} devices, {each['pages']} pages open")
    if not there:
        say("Nobody is invited.")


def _local(moment: str) -> str:
    """A time with offset as people on this machine read it."""
    from datetime import datetime

    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
