"""`playingage faces`: the page on which a person accepts, rejects and relabels the faces of a faceset."""

import logging
import signal
import threading
import webbrowser
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.live import For, Host, Open, has_screen
from playingage.cli.output import result, result_json, say
from playingage.core import SettingError

EXAMPLES = """Examples:

  playingage faces ada

  playingage faces ada --production long-year --port 8040 --no-open
"""


def faces(
    performer: Annotated[str, typer.Argument(metavar="PERFORMER", help="ID of the performer.")],
    production: options.ProductionFolder = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port of the page; 0 takes a free one.")] = 8037,
    open_page: Open = True,
    seconds: For = None,
    json_output: options.Json = False,
) -> None:
    """Look through the faces that were ingested, in a browser: accept, reject, relabel. Ctrl-C ends."""
    if find_spec("pyarrow") is None:
        raise SettingError("this installation has no archive part", "Install it: pip install 'playingage[archive]'")
    from playingage.production import Production

    opened = Production.find(production)
    person = opened.performer(performer)
    grant = opened.grant(performer)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()

    def quit_cleanly(number: int, frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, quit_cleanly)
    told = _serve(person.name, opened.archive(performer), host, port, open_page, seconds, stop)
    if told["decisions"]:
        opened.ledger.append("faces", performer=performer, grant=grant, **told)
    if json_output:
        result_json({"performer": performer, **told})
    else:
        many = "1 decision" if told["decisions"] == 1 else f"{told['decisions']} decisions"
        result(f"{person.name}: {many}; {told['accepted']} faces accepted, "
               f"{told['rejected']} rejected, {told['kept']} undecided.")


def _serve(
    name: str, folder: Path, host: str, port: int, open_page: bool, seconds: float | None, stop: threading.Event
) -> dict[str, Any]:
    """Serve until asked to stop; how many decisions were made, and how the faces stand."""
    from playingage.web import ServerSettings
    from playingage.web.faces import FacesServer

    with FacesServer(folder, name, ServerSettings(host=host, port=port), died=stop.set) as server:
        say(f"Faces of {name}: {server.url}   (Ctrl-C ends)")
        if open_page and not (has_screen() and webbrowser.open(server.url)):
            say("No browser was found here: open the address in one.")
        stop.wait(seconds)
    if server.desk.waits:
        say(f"Decisions are kept in {server.desk.journal.path.name} and go into the faceset when the page is next "
            f"opened: {server.desk.waits}.")
    return {"decisions": server.desk.made, **server.desk.states}
