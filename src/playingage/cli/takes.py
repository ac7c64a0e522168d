"""`playingage takes`: what was recorded on the set: listed, looked at, checked, recovered."""

import signal
import threading
import webbrowser
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.live import For, Host, Open, has_screen
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.cli.production import find_production
from playingage.cli.serving import Names, Tls, TlsCert, TlsKey, server_settings

if TYPE_CHECKING:
    from playingage.live.takes import Record, Take

LIST = """Examples:

  playingage takes list

  playingage takes list --takes /mnt/raid/takes --json
"""
SHOW = """Examples:

  playingage takes show 12_A_003
"""
VERIFY = """Examples:

  playingage takes verify

  playingage takes verify 12_A_003 12_A_004
"""
RECOVER = """Examples:

  playingage takes recover
"""
PLAY = """Examples:

  playingage takes play

  playingage takes play --takes /mnt/raid/takes --host 0.0.0.0
"""
Folder = Annotated[
    Path | None, typer.Option("--takes", metavar="FOLDER", help="Folder of takes; the production's own, unless told.")
]
Names_ = Annotated[list[str] | None, typer.Argument(metavar="[TAKE]...", help="As 12_A_003; all, unless told.")]
Name = Annotated[str, typer.Argument(metavar="TAKE", help="Name of the take's folder, as 12_A_003.")]


def list_takes(
    takes: Folder = None, production: options.ProductionFolder = None, json_output: options.Json = False
) -> None:
    """List the takes, the last rolled first: slate, when, how long, how they ended."""
    from playingage.live.takes.shelf import Shelf

    folder, _ = _folder(takes, production)
    told = Shelf(folder).glances()
    if json_output:
        result_json(told)
        return
    for each in told:
        words = f"  {each['words']}" if each.get("words") else ""
        slate = " ".join(str(each[key]) for key in ("scene", "shot") if each.get(key))
        result(f"{each['name']:<16} {slate:<10} take {each.get('take', '-'):<4} {str(each.get('rolled') or '-')[:19]}  "
               f"{each.get('timecode') or '-':<11}  {each.get('seconds', 0):>7.1f} s  {each['ended']}{words}")
    if not told:
        say(f"{folder}: no takes.")


def show(
    name: Name, takes: Folder = None, production: options.ProductionFolder = None, json_output: options.Json = False
) -> None:
    """Tell everything about a take: slate, times, who was aged to what under which grant, marks."""
    from playingage.live.takes import Take, uses_of

    folder, _ = _folder(takes, production)
    with Take.open(folder / name) as take:
        uses = uses_of(take, take.sha256)
        if json_output:
            result_json({**take.document, "sha256": take.sha256, "kept_frames": len(take.frames), "torn": take.torn,
                         "uses": uses, "marks": take.marks})
            return
        result(f"{take.name}: {take.slate}, {take.seconds:.2f} s, {len(take.frames)} frames at {float(take.rate):g}")
        facts = take.document
        result(f"  rolled {facts['rolled']}, {_ended(take)}")
        if take.frames:
            first, last = take.frames[0].timecode, take.frames[-1].timecode
            result(f"  timecode {first} to {last}, source {facts['source']['name']}")
        counts = facts.get("counts") or {}
        if counts.get("missing") or counts.get("not_kept_up") or take.torn:
            result(f"  {counts.get('missing', 0)} frames dropped before the recorder, {counts.get('not_kept_up', 0)} "
                   f"not kept up with, {take.torn} torn")
        if counts.get("late"):
            result(f"  {counts['late']} frames that the engine had no time for: clean picture only")
        for use in uses:
            low, high = use.ages
            ages = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            result(f"  {use.performer} at {ages} in {use.frames} frames, package {use.package[:12] or '-'}, "
                   f"grant {use.grant[:12] or '-'}")
        for mark in take.marks:
            result(f"  mark {mark['timecode']}: {mark['words']}")


def verify(
    names: Names_ = None, takes: Folder = None, production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Check every file and frame of takes against what was recorded. Exit code 2 for any fault."""
    from playingage.live.takes import Take, TakeError

    folder, _ = _folder(takes, production)
    chosen = _chosen(folder, names)
    told: dict[str, list[str]] = {}
    with progress_bar("Checking", len(chosen), unit="takes") as tell:
        for number, each in enumerate(chosen):
            try:
                with Take.open(each) as take:
                    told[each.name] = take.verify()
            except TakeError as error:
                told[each.name] = [error.what]
            tell(number + 1)
    if json_output:
        result_json(told)
    faults = [f"{name}: {fault}" for name, found in told.items() for fault in found]
    if faults:
        raise TakeError("\n".join(faults), "Take what is altered from a backup.")
    if not json_output:
        result(f"{folder}: {len(told)} takes, whole.")


def recover(
    names: Names_ = None, takes: Folder = None, production: options.ProductionFolder = None,
    json_output: options.Json = False,
) -> None:
    """Close takes that a power cut left open. What was recorded stays as it is; live does this by itself at its start.
    """
    from playingage.live.takes import recover as close

    folder, record = _folder(takes, production)
    chosen = _chosen(folder, names)
    done = []
    with progress_bar("Recovering", len(chosen), unit="takes") as tell:
        for number, each in enumerate(chosen):
            if close(each, record):
                done.append(each.name)
            tell(number + 1)
    if json_output:
        result_json({"recovered": done})
    else:
        result(f"{folder}: {len(done)} of {len(chosen)} takes recovered{': ' if done else ''}{', '.join(done)}.")


def play(
    takes: Folder = None, production: options.ProductionFolder = None, host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port of the page; 0 takes a free one.")] = 8038,
    tls: Tls = None, tls_cert: TlsCert = None, tls_key: TlsKey = None, name: Names = None, open_page: Open = True,
    seconds: For = None,
) -> None:
    """Look at takes in a browser without a camera: beside their clean picture or another take. Ctrl-C ends."""
    from playingage.web.takes import TakesServer

    folder, _ = _folder(takes, production)
    settings = server_settings(host, port, tls=tls, certificate=tls_cert, key=tls_key, names=name)
    stop = threading.Event()

    def quit_cleanly(number: int, frame: FrameType | None) -> None:
        stop.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, quit_cleanly)
    with TakesServer(folder, settings, died=stop.set) as server:
        say(f"Takes of {folder}: {server.url}   (Ctrl-C ends)")
        if open_page and not (has_screen() and webbrowser.open(server.url)):
            say("No browser was found here: open the address in one.")
        stop.wait(seconds)


def _folder(takes: Path | None, production: Path | None) -> "tuple[Path, Record | None]":
    """Where the takes are, and the ledger that they belong into."""
    from playingage.live.takes import TakeError, into_ledger

    if takes is not None and production is None:
        if not takes.is_dir():
            raise TakeError(f"{takes}: is no folder", "Name the folder that holds the takes.")
        return takes, None
    found = find_production(production)
    return takes or found.folder / "takes", into_ledger(found)


def _chosen(folder: Path, names: list[str] | None) -> list[Path]:
    from playingage.live.takes import TakeError, take_folders

    there = take_folders(folder)
    if not names:
        return list(there)
    known = {each.name: each for each in there}
    for name in names:
        if name not in known:
            raise TakeError(f"{folder}: there is no take {name!r}", "See which there are: playingage takes list")
    return [known[name] for name in names]


def _ended(take: "Take") -> str:
    document: dict[str, Any] = take.document
    if not take.closed:
        return "is being recorded" if take.recording else "was not closed: playingage takes recover"
    words = f": {document['words']}" if document.get("words") else ""
    return f"ended {document.get('cut')} by {take.ended}{words}"
