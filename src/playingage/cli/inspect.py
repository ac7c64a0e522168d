"""`playingage inspect`: what a clip holds, and what would become of its faces."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from playingage.cli import options
from playingage.cli.output import progress_bar, result, result_json, say
from playingage.core import UnwritableError

if TYPE_CHECKING:
    from playingage.media.ports import SourceInfo
    from playingage.review import Survey

EXAMPLES = """Examples:

  playingage inspect take.mov

  playingage inspect take.mov --plot faces.png --json
"""
_WIDTH = 60
_LEVELS = " ▁▂▃▄▅▆▇█"


def inspect(
    source: Annotated[str, typer.Argument(metavar="IN", help="Clip, picture or image sequence.")],
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Write faces over time as .png, .svg or .pdf.")
    ] = None,
    faces: Annotated[bool, typer.Option("--faces/--no-faces", help="Follow the faces through the clip.")] = True,
    rate: Annotated[str | None, typer.Option("--rate", help="Frames a second of a sequence: 24, 24000/1001.")] = None,
    model: options.Model = "default",
    size: options.Size = 256,
    device: options.DeviceName = "CPU",
    json_output: options.Json = False,
) -> None:
    """Tell what IN holds: streams, colour, timecode, faces over time, and what would be refused. Re-ages nobody."""
    from playingage.media import inspect_media, open_source
    from playingage.review import plot_survey, survey

    if plot is not None and plot.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UnwritableError(f"{plot}: no plot of that kind", "Use a name that ends in .png, .svg or .pdf.")
    found: Survey | None = None
    with open_source(source, rate=options.parse_rate(rate)) as opened:
        info = opened.info
        streams = inspect_media(source) if Path(source).is_file() else None
        if faces:
            engine = options.load_engine(model, size, device, None, 1)
            with progress_bar("Looking", info.frames) as progress:
                found = survey(opened, engine, progress)
    if plot is not None and found is not None:
        try:
            plot_survey(found, float(info.rate), Path(source).name, plot)
        except OSError as error:
            raise UnwritableError(f"{plot}: the plot cannot be written: {error.strerror}") from error
    if json_output:
        result_json(_document(info, streams, found))
        return
    _tell(info, streams, found)
    if plot is not None:
        say(f"Plot: {plot}")


def _document(info: "SourceInfo", streams: Any, found: "Survey | None") -> dict[str, Any]:
    plain = asdict(info)
    for key in ("rate", "duration", "timecode", "sample_aspect"):
        plain[key] = None if plain[key] is None else str(getattr(info, key))
    document: dict[str, Any] = {"source": plain}
    if streams is not None:
        document["streams"] = [
            {key: str(value) if value is not None else None for key, value in asdict(stream).items()}
            for stream in streams.streams
        ]
    if found is not None:
        document["faces"] = asdict(found)
    return document


def _tell(info: "SourceInfo", streams: Any, found: "Survey | None") -> None:
    length = f"{info.frames} frames" if info.frames is not None else "endless or unknown length"
    varies = ", variable" if info.variable_rate else ""
    result(f"{info.name}")
    stored = f"{info.bits} bits, {info.pixel_format}, {info.codec} in {info.container}"
    result(f"  picture   {info.width}x{info.height}, {stored}")
    result(f"  time      {length}, {float(info.rate):.6g} frames a second ({info.rate}{varies})")
    result(f"  timecode  {info.timecode if info.timecode is not None else 'none'}")
    span = "full" if info.colour.full_range else "video"
    result(f"  colour    {info.colour.primaries} / {info.colour.transfer} / {info.colour.matrix}, {span} range")
    for stream in streams.streams if streams is not None else ():
        result(f"  stream    {stream}")
    for note in info.notes:
        result(f"  note      {note}")
    if found is None:
        return
    result(f"  cuts      {', '.join(map(str, found.cuts)) if found.cuts else 'none'}")
    if not found.faces:
        result("  faces     none found: nothing would be re-aged")
    for face in found.faces:
        result(f"  face {face.id:<4} {_strip(face.frames, face.strengths, found.frames)}")
        result(f"            about {face.age:.0f} years, {len(face.frames)} frames, {max(face.sizes):.0f} px at most")
        for refusal in face.refusals:
            result(f"            {refusal}")


def _strip(frames: tuple[int, ...], strengths: tuple[float, ...], total: int) -> str:
    """Strength over time in one line of blocks."""
    width = min(_WIDTH, max(total, 1))
    best = [0.0] * width
    for frame, strength in zip(frames, strengths, strict=True):
        place = frame * width // max(total, 1)
        best[place] = max(best[place], strength)
    return "".join(_LEVELS[round(value * (len(_LEVELS) - 1))] for value in best)
