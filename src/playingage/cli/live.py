"""`playingage live`: a camera's picture re-aged on two monitors."""

import logging
import os
import signal
import sys
import threading
import webbrowser
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.casting import GrantedCast, Performers, asked_age, load_cast, parse_performers
from playingage.cli.consent import ask_consent, record_consent
from playingage.cli.kept import is_kept, kept
from playingage.cli.onset import Scene, ScheduleFile, Shot, Takes, direct, find_schedule
from playingage.cli.output import json_line, result, say
from playingage.cli.outputs import Out, OutBitRate, OutRate, outputs_of
from playingage.cli.serving import Names, Tls, TlsCert, TlsKey, server_settings
from playingage.cli.supervise import keep_running
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.cli.onset import OnSet
    from playingage.engine import Cast, Engine, Look
    from playingage.live import LiveRun
    from playingage.media.ports import Source
    from playingage.web import ServerSettings

EXAMPLES = """Examples:

  playingage live --source /dev/video0 --age 35 --consent "Ada Lovelace, self, 2026-11-20"

  playingage live --source take.mov --loop --age 70 --source-age 45 --region neck=60

  playingage live --source rtsp://10.0.0.5/main --age 25 --host 0.0.0.0

  playingage live --source pattern:1920x1080@24 --age 40 --out aged=udp://239.0.0.1:5000

  playingage live --source /dev/video0 --performer ada=35 --performer ben=60 --production long-year
"""
Host = Annotated[str, typer.Option("--host", help="Address to listen on; any but this machine asks for a token.")]
Port = Annotated[int, typer.Option("--port", help="Port of the monitors page; 0 takes a free one.")]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the monitors page in a browser.")]
For = Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="Stop after so many seconds.")]
OnFailure = Annotated[str, typer.Option("--on-failure", help="Aged monitor while the engine fails: 'last' or 'black'.")]
KeepRunning = Annotated[
    bool, typer.Option("--keep-running/--no-keep-running", help="Start again by itself should it crash or hang.")
]
Quality = Annotated[int, typer.Option("--quality", help="JPEG quality of the monitors, 40 to 100.")]


def live(
    source: Annotated[
        str, typer.Option("--source", metavar="S",
                          help="/dev/videoN, a file (played in real time), rtsp:// rtmp:// http:// udp:// or pattern:")
    ],
    age: options.PlayingAge = None,
    performer: Performers = None,
    schedule: ScheduleFile = None,
    scene: Scene = "",
    shot: Shot = "",
    takes: Takes = None,
    source_age: options.SourceAge = None,
    strength: options.Strength = 1.0,
    region: options.Region = None,
    keep_moles: options.KeepMoles = True,
    grey_hair: options.GreyHair = 1.0,
    grey_beard: options.GreyBeard = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin a file again at its end.")] = False,
    timecode: options.TimecodeOf = "auto",
    deinterlace: options.DeinterlaceHow = "auto",
    host: Host = "127.0.0.1",
    port: Port = 8035,
    tls: Tls = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    name: Names = None,
    open_page: Open = True,
    seconds: For = None,
    on_failure: OnFailure = "last",
    quality: Quality = 85,
    out: Out = None,
    out_rate: OutRate = None,
    out_bit_rate: OutBitRate = 8.0,
    keep: KeepRunning = os.name == "posix",
    consent: options.Consent = None,
    production: options.ProductionFolder = None,
    model: options.Model = "default",
    size: options.Size = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Re-age a live picture: the monitors page shows CAMERA and AT AGE N side by side, always the same frame."""
    from playingage.media import open_source
    from playingage.media.shown import shown_address
    from playingage.production import Production

    if keep and not is_kept():
        raise typer.Exit(keep_running(sys.argv[1:]))
    before = kept()
    look = options.look_of(strength, region, keep_moles, grey_hair, grey_beard)
    asked = parse_performers(performer or [])
    found = Production.find(production) if asked else None
    server = server_settings(host, port, tls=tls, certificate=tls_cert, key=tls_key, names=name, production=found)
    plans = find_schedule(schedule, found)
    if plans is not None and not asked:
        raise SettingError("a schedule asks ages of performers, and none are named", "Name them with --performer ID.")
    wanted = age if plans is not None and asked else asked_age(age, asked)
    granted: GrantedCast | None = None
    if asked:
        granted = load_cast(
            asked, production, "live", wanted, regions=look.regions.values(), source_age=source_age, model=model,
            device=device, precision=precision, threads=threads, size=size,
        )
        cast = granted.cast
    else:
        cast = _everybody(options.load_engine(model, size, device, precision, threads), source_age)
        cast.check_age(asked_age(age, asked))
    cast.check_look(look)
    # Chroma is interpolated the fast way: the monitors show 4:2:0 pictures, and the time goes to the faces.
    with open_source(
        source, realtime=True, loop=loop, threads=1, accurate=False, timecode=timecode, deinterlace=deinterlace
    ) as opened:
        for note in opened.info.notes:
            say(f"Source: {note}")
        outputs = outputs_of(out, opened.info, out_rate, out_bit_rate, again=bool(before.restarts))
        shown = shown_address(source)
        if granted is not None:
            granted.record(wanted, source=shown)
        elif not source.startswith("pattern:"):
            sha256 = cast.roles[0].engine.package.sha256
            statement = ask_consent(consent or before.get("consent"))
            record_consent(statement, what="live", source=shown, age=asked_age(age, asked), model=sha256)
            before.put(consent=statement)
        onset = direct(
            cast, granted, age=wanted, look=look, schedule=plans, source=opened.info, takes=takes, scene=scene,
            shot=shot, kept=before,
        )
        onset.add_outputs(outputs)
        run_monitors(
            opened, cast, onset, look=look, server=server, open_page=open_page, seconds=seconds,
            on_failure=on_failure, quality=quality, json_output=json_output,
        )


def _everybody(engine: "Engine", source_age: float | None) -> "Cast":
    from playingage.engine import Cast

    return Cast.everybody(engine, source_age)


def run_monitors(
    source: "Source", cast: "Cast", onset: "OnSet", *, look: "Look", server: "ServerSettings", open_page: bool,
    seconds: float | None, on_failure: str, quality: int, json_output: bool, note: str = "",
) -> None:
    """Run the live path until Ctrl-C, the source's end, or `seconds`; prints the address and how it went."""
    import cv2

    from playingage.engine import Session, SessionSettings
    from playingage.live import LiveSettings
    from playingage.live.stats import line
    from playingage.runtime import keep_memory
    from playingage.web import run_live

    # Every stage has a thread of its own; more threads inside one stage only take turns and make delay unsteady.
    cv2.setNumThreads(1)
    keep_memory()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    direction = onset.direction
    settings = LiveSettings(
        age=direction.age, youngest=direction.youngest, oldest=direction.oldest,
        on_failure="black" if on_failure == "black" else "last", quality=quality,
    )
    if on_failure not in ("last", "black"):
        raise typer.BadParameter(f"{on_failure!r} is neither 'last' nor 'black'", param_hint="--on-failure")
    session = Session(cast, SessionSettings(look=look))
    direction.pinner = session if cast.known else None
    stop = threading.Event()

    def quit_cleanly(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, quit_cleanly)
    signal.signal(signal.SIGTERM, quit_cleanly)
    before = onset.kept
    seconds, server = before.seconds_left or seconds, before.at_the_same_place(server)
    timer = threading.Timer(seconds, stop.set) if seconds is not None else None

    def began(run: "LiveRun", port: int) -> None:
        onset.tell(run)
        before.begin(run, stop.set, port=port, token=server.token, seconds=seconds)

    def opened(address: str) -> None:
        say(f"Monitors: {address}   (Ctrl-C ends){note}")
        onset.roll_on()
        if open_page and not before.restarts and not (has_screen() and webbrowser.open(address)):
            say("No browser was found here: open the address in one.")
        if timer is not None:
            timer.start()

    def report(snapshot: dict[str, Any]) -> None:
        if json_output:
            json_line(snapshot)

    try:
        with onset.stack:
            last = run_live(
                source, session, settings, server, stop=stop, opened=opened, began=began,
                report=report, direction=direction, listeners=tuple(onset.listeners), parts=onset.parts,
            )
    finally:
        before.close()
        if timer is not None:
            timer.cancel()
    if json_output:
        json_line(last)
    else:
        result(line(last))


def has_screen() -> bool:
    """Without a screen the standard library would start a text browser in this very terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
