"""`playingage inspect`: what a clip holds, and what would become of its faces."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import plain, progress_bar, result, result_json, say
from playingage.cli.targets import check_distinct, check_stored
from playingage.core import SettingError

if TYPE_CHECKING:
    from playingage.media import MediaReport
    from playingage.media.ports import SourceInfo
    from playingage.review import Survey

EXAMPLES = """Examples:

  playingage inspect take.mov

  playingage inspect take.mov --plot faces.png --json
"""
_LEVELS = " ▁▂▃▄▅▆▇█"
_SCHEMA = 1


def inspect(
    source: Annotated[str, typer.Argument(metavar="IN", help="Clip, picture or image sequence.")],
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Write faces over time as .png, .svg or .pdf.")
    ] = None,
    faces: Annotated[bool, typer.Option("--faces/--no-faces", help="Follow the faces through the clip.")] = True,
    rate: Annotated[str | None, typer.Option("--rate", help="Frames a second of a sequence: 24, 24000/1001.")] = None,
    timecode: options.TimecodeOf = "auto",
    deinterlace: options.DeinterlaceHow = "off",
    model: options.Model = "default",
    size: options.Size = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Tell what IN holds: streams, colour, timecode, faces over time, and what would be refused. Re-ages nobody."""
    from playingage.media import inspect_media, open_source
    from playingage.render import marks_in
    from playingage.review import check_plot_target, plot_survey, survey

    frames_a_second = options.parse_rate(rate)
    check_stored(source)
    if plot is not None:
        if not faces:
            raise SettingError("a plot shows faces, and --no-faces leaves them out", "Leave out one of the two.")
        check_plot_target(plot)
        check_distinct(source, plot, None)
    found: Survey | None = None
    with open_source(source, rate=frames_a_second, timecode=timecode, deinterlace=deinterlace) as opened:
        info = opened.info
        streams = inspect_media(source) if Path(source).is_file() else None
        if faces:
            side = size or (256 if model == "default" else None)
            engine = options.load_engine(model, side, device, precision, threads)
            with progress_bar("Looking", info.frames) as progress:
                found = survey(opened, engine, progress)
    if plot is not None and found is not None:
        plot_survey(found, Path(source).name, plot)
        say(f"Plot: {plot}")
    marks = marks_in(info.metadata)
    if json_output:
        result_json(_document(info, streams, found, marks))
    else:
        _tell(info, streams, found, marks)


def _document(
    info: "SourceInfo", streams: "MediaReport | None", found: "Survey | None", marks: tuple[str, ...]
) -> dict[str, Any]:
    """The document of `--json`. Rates, times and timecode are strings, exact: "24000/1001"."""
    source = plain(info)
    source["timecode"] = None if info.timecode is None else str(info.timecode)
    source["metadata"] = dict(info.metadata)
    return {
        "schema": _SCHEMA, "source": source, "altered": list(marks),
        "streams": [] if streams is None else plain(streams.streams), "survey": plain(found),
    }


def _tell(
    info: "SourceInfo", streams: "MediaReport | None", found: "Survey | None", marks: tuple[str, ...]
) -> None:
    length = f"{info.frames} frame{'s'[: info.frames != 1]}" if info.frames is not None else "unknown length"
    varies = ", variable" if info.variable_rate else ""
    result(f"{info.name}")
    stored = f"{info.bits} bits, {info.pixel_format}, {info.codec} in {info.container}"
    result(f"  picture   {info.width}x{info.height}, {stored}{', with alpha' if info.alpha else ''}")
    result(f"  time      {length}, {float(info.rate):.6g} frames a second ({info.rate}{varies})")
    result(f"  timecode  {info.timecode if info.timecode is not None else 'none'}")
    span = "full" if info.colour.full_range else "video"
    result(f"  colour    {info.colour.primaries} / {info.colour.transfer} / {info.colour.matrix}, {span} range")
    for stream in streams.streams if streams is not None else ():
        result(f"  stream    {stream}")
    for mark in marks:
        result(f"  altered   {mark}")
    for note in info.notes:
        result(f"  note      {note}")
    if found is not None:
        _tell_faces(found)


def _tell_faces(found: "Survey") -> None:
    result(f"  cuts      {', '.join(map(str, found.cuts)) if found.cuts else 'none'}")
    if not found.faces:
        result("  faces     none found: nothing would be re-aged")
    for face in found.faces:
        result(f"  face {face.id:<4} {_strip(face.frames, face.strengths, found.frames)}")
        count = f"{len(face.frames)} frame{'s'[: len(face.frames) != 1]}"
        result(f"            about {face.age:.0f} years, {count}, {max(face.sizes):.0f} px at most")
        for refusal in face.refusals:
            result(f"            {refusal}")


def _strip(frames: tuple[int, ...], strengths: tuple[float, ...], total: int) -> str:
    """Strength over time in one line of blocks, as wide as the terminal lets it; dots where there is no face."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
    width = min(max(room - 13, 10), max(total, 1), 120)
    best: list[float | None] = [None] * width
    for frame, strength in zip(frames, strengths, strict=True):
        place = frame * width // max(total, 1)
        best[place] = max(best[place] or 0.0, strength)
    return "".join("·" if value is None else _LEVELS[round(value * 8)] for value in best)
