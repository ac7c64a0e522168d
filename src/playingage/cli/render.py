"""`playingage render`: the same result in a clip, a sequence or a picture."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from playingage.cli import options
from playingage.cli.consent import require_consent
from playingage.cli.output import progress_bar, result, result_json, say

EXAMPLES = """Examples:

  playingage render take.mov aged.mov --age 30 --consent "Ada Lovelace, self, 2026-11-20"

  playingage render take.mp4 aged.mkv --age 70 --source-age 45 --codec ffv1

  playingage render plates/shot.%04d.png aged/shot.%04d.png --age 25 --rate 24

  playingage render portrait.jpg older.png --age 75
"""


def render(
    source: Annotated[str, typer.Argument(metavar="IN", help="Clip, picture or image sequence (shot.%04d.png).")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help=".mp4 .mov .mkv, .png .tif .jpg, or a sequence (aged.%04d.png).")
    ],
    age: options.Age,
    source_age: options.SourceAge = None,
    strength: options.Strength = 1.0,
    codec: Annotated[
        str | None, typer.Option("--codec", help="h264, hevc (10-bit), prores, ffv1; else by suffix and depth.")
    ] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Frames a second of a sequence: 24, 24000/1001.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")] = False,
    consent: options.Consent = None,
    model: options.Model = "default",
    size: options.Size = 512,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Re-age every face of IN into OUT. Audio, rate, timecode, colour tags, depth and frame count are carried over."""
    from playingage.media import open_sink, open_source
    from playingage.render import RenderSettings
    from playingage.render import render as run

    settings = RenderSettings(age=age, source_age=source_age, strength=strength)
    engine = options.load_engine(model, size, device, precision, threads)
    engine.check_age(age)
    with open_source(source, rate=options.parse_rate(rate)) as opened:
        info = opened.info
        sink = open_sink(target, info, codec=codec, overwrite=overwrite)
        try:
            require_consent(consent, what="render", source=source, age=age, model=engine.package.sha256)
            with sink, progress_bar("Rendering", info.frames) as progress:
                report = run(opened, sink, engine, settings, progress)
        except BaseException:
            sink.abandon()
            raise
    notes = (*info.notes, *sink.notes)
    if json_output:
        result_json({"in": source, "out": str(target), **asdict(report), "notes": notes})
        return
    for note in notes:
        say(f"Note: {note}.")
    result(
        f"{target}: {report.frames} frames, {report.frames_aged} of them re-aged to {age:g}, in {report.seconds:.1f} s "
        f"({report.real_time:.2f} x real time)."
    )
    if not report.faces:
        say("No face was found: every frame is as it was.")
    elif report.source_ages and source_age is None:
        read = ", ".join(f"{value:.0f}" for value in report.source_ages.values())
        say(f"Ages read off the faces: {read}. Give the real one with --source-age.")
