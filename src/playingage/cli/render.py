"""`playingage render`: the same result in a clip, a sequence or a picture."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from playingage.cli import options
from playingage.cli.casting import GrantedCast, Performers, asked_age, load_cast, parse_performers
from playingage.cli.consent import ask_consent, record_consent
from playingage.cli.output import plain, progress_bar, result, result_json, say
from playingage.cli.planned import Planned, ScheduleFile, Slated, plan_slate
from playingage.cli.stopping import held_back
from playingage.cli.targets import check_distinct, check_stored

if TYPE_CHECKING:
    from fractions import Fraction

    from playingage.engine import Engine, Look
    from playingage.media.ports import Sink, SourceInfo
    from playingage.render import Casting, RenderReport, RenderSettings

EXAMPLES = """Examples:

  playingage render take.mov aged.mov --age 30 --consent "Ada Lovelace, self, 2026-11-20"

  playingage render take.mp4 aged.mkv --age 70 --source-age 45 --codec ffv1 --matte matte.mkv

  playingage render plates/shot.%04d.png aged/shot.%04d.png --age 25 --rate 24

  playingage render portrait.jpg older.png --age 75 --region eyes=60 --region neck=65 --grey-beard 0.3

  playingage render take.mov aged.mov --performer ada=30 --performer ben=62 --production long-year

  playingage render take.mov aged.mov --slate 12/A/3 --production long-year
"""
_FADED = {
    "child": "reads as a child", "pose": "turned away", "size": "too small", "unsure": "coming, going or hardly seen",
    "ages": "reads as an age unknown to the model, nearest taken", "unknown": "not recognised as a performer",
}


def render(
    source: Annotated[str, typer.Argument(metavar="IN", help="Clip, picture or image sequence (shot.%04d.png).")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help=".mp4 .mov .mkv, .png .tif .jpg, or a sequence (aged.%04d.png).")
    ],
    age: options.PlayingAge = None,
    performer: Performers = None,
    slate: Slated = None,
    schedule: ScheduleFile = None,
    source_age: options.SourceAge = None,
    strength: options.Strength = 1.0,
    region: options.Region = None,
    keep_moles: options.KeepMoles = True,
    grey_hair: options.GreyHair = 1.0,
    grey_beard: options.GreyBeard = 1.0,
    codec: Annotated[
        str | None, typer.Option("--codec", help="h264, hevc (10-bit), prores, ffv1; else by suffix and depth.")
    ] = None,
    matte: Annotated[
        Path | None,
        typer.Option("--matte", metavar="MATTE", help="Also write what was touched: .mkv, or .png/.tif, 16-bit grey."),
    ] = None,
    audio: Annotated[bool, typer.Option("--audio/--no-audio", help="Copy the sound of IN.")] = True,
    rate: Annotated[str | None, typer.Option("--rate", help="Frames a second of a sequence: 24, 24000/1001.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it is there.")] = False,
    consent: options.Consent = None,
    production: options.ProductionFolder = None,
    model: options.Model = "default",
    size: options.Size = None,
    device: options.DeviceName = "CPU",
    precision: options.Precision = None,
    threads: options.Threads = 1,
    json_output: options.Json = False,
) -> None:
    """Re-age every face of IN into OUT, or only the performers named. All that belongs to the plate is carried over."""
    from playingage.render import check_matte_target

    look = options.look_of(strength, region, keep_moles, grey_hair, grey_beard)
    asked = parse_performers(performer or [])
    planned = plan_slate(slate, schedule, asked, age, production)
    if planned is not None:
        asked = planned.asked
    settings = _settings(asked_age(age, asked), None if asked else source_age, look, planned)
    frames_a_second = options.parse_rate(rate)
    check_stored(source)
    check_distinct(source, target, matte)
    if matte is not None:
        check_matte_target(matte)
    if asked:
        job: _Job = _CastJob(load_cast(
            asked, production, "render", settings.age, regions=look.regions.values(), source_age=source_age,
            model=model, device=device, precision=precision, threads=threads, size=size,
        ), planned)
    else:
        statement = ask_consent(consent)
        job = _EverybodyJob(options.load_engine(model, size, device, precision, threads), statement)
    job.check(settings)
    outputs = _Outputs(target, matte, codec=codec, audio=audio, overwrite=overwrite)
    report, notes = _render(source, frames_a_second, job, settings, outputs)
    if json_output:
        paths = {"in": source, "out": target, "matte": matte}
        said = {"schedule": None, "slate": None} if planned is None else planned.document
        result_json({**paths, **plain(report), **said, "notes": notes})
    else:
        _tell(report, settings, target, notes)


def _settings(
    age: float, source_age: float | None, look: "Look", planned: Planned | None
) -> "RenderSettings":
    from playingage.render import RenderSettings

    plans = {} if planned is None else planned.plans
    return RenderSettings(age=age, source_age=source_age, look=look, plans=plans)


class _Job(Protocol):
    """Whom a render re-ages, by which right."""

    def check(self, settings: "RenderSettings") -> None:
        """Raises SettingError for what the models do not know."""
        ...

    def who(self, source: str, rate: "Fraction | None") -> "Engine | Casting":
        """What `render` is given; looks at the source where people are to be told apart."""
        ...

    def marks(self) -> "list[str]":
        """What OUT's comment says."""
        ...

    def record(self, settings: "RenderSettings", source: str, target: Path) -> None:
        """Written down before a frame is."""
        ...


@dataclass(frozen=True, slots=True)
class _EverybodyJob:
    engine: "Engine"
    statement: str

    def check(self, settings: "RenderSettings") -> None:
        self.engine.check_age(settings.age)
        if settings.source_age is not None:
            self.engine.check_source_age(settings.source_age)
        self.engine.check_look(settings.look)

    def who(self, source: str, rate: "Fraction | None") -> "Engine":
        return self.engine

    def marks(self) -> "list[str]":
        from playingage.render import mark_of

        return [mark_of(self.engine.package.sha256)]

    def record(self, settings: "RenderSettings", source: str, target: Path) -> None:
        sha256 = self.engine.package.sha256
        record_consent(self.statement, what="render", source=source, age=settings.age, model=sha256)


@dataclass(frozen=True, slots=True)
class _CastJob:
    granted: GrantedCast
    planned: Planned | None = None

    def check(self, settings: "RenderSettings") -> None:
        self.granted.cast.check_look(settings.look)
        if self.planned is not None:
            self.planned.check(self.granted.cast)

    def who(self, source: str, rate: "Fraction | None") -> "Casting":
        from playingage.media import open_source
        from playingage.render import recognise

        with (
            open_source(source, rate=rate) as opened, progress_bar("Recognising", opened.info.frames) as progress,
        ):
            return recognise(opened, self.granted.cast, progress)

    def marks(self) -> "list[str]":
        from playingage.render import mark_of

        told = {} if self.planned is None else self.planned.document
        return [
            mark_of(role.engine.package.sha256, performer=role.performer, grant=role.grant, **told)
            for role in self.granted.cast.roles
        ]

    def record(self, settings: "RenderSettings", source: str, target: Path) -> None:
        told = {} if self.planned is None else self.planned.document
        self.granted.record(settings.age, source=source, output=str(target), **told)


class _Outputs:
    """Where the frames, and the mattes if wanted, go. Opened and closed with signals held back."""

    def __init__(self, target: Path, matte: Path | None, *, codec: str | None, audio: bool, overwrite: bool) -> None:
        self.target, self.matte = target, matte
        self._codec, self._audio, self._overwrite = codec, audio, overwrite

    @contextmanager
    def opened(self, info: "SourceInfo", marks: list[str]) -> Iterator[tuple["Sink", "Sink | None", tuple[str, ...]]]:
        """Both sinks and their notes. OUT gets its name last: where it is, all is there."""
        from playingage.media import open_sink
        from playingage.render import matte_info, with_marks

        marked = with_marks(info, marks)
        with ExitStack() as stack:
            with held_back():
                sink = open_sink(
                    self.target, marked, codec=self._codec, audio=self._audio, overwrite=self._overwrite
                )
                stack.enter_context(_held(sink))
                second = None
                if self.matte is not None:
                    second = open_sink(self.matte, matte_info(marked), audio=False, overwrite=self._overwrite)
                    stack.enter_context(_held(second))
            yield sink, second, sink.notes


@contextmanager
def _held(sink: "Sink") -> Iterator[None]:
    try:
        yield
    except BaseException:
        with held_back():
            sink.abandon()
        raise
    with held_back():
        sink.finish()


def _render(
    source: str, rate: "Fraction | None", job: _Job, settings: "RenderSettings", outputs: _Outputs
) -> "tuple[RenderReport, tuple[str, ...]]":
    import cv2

    from playingage.media import open_source
    from playingage.render import render as run

    # Reading, re-ageing and writing have a thread each; OpenCV's own would spin for work and take their time.
    cv2.setNumThreads(1)
    with open_source(source, rate=rate) as opened:
        info = opened.info
        with outputs.opened(info, job.marks()) as (sink, matte, notes):
            job.record(settings, source, outputs.target)
            who = job.who(source, rate)
            with progress_bar("Rendering", info.frames) as progress:
                report = run(opened, sink, who, settings, progress, matte=matte)
    return report, (*info.notes, *notes)


def _tell(report: "RenderReport", settings: "RenderSettings", target: Path, notes: tuple[str, ...]) -> None:
    for note in notes:
        say(f"Note: {note}.")
    to = "" if report.performers else f" to {settings.age:g}"
    result(
        f"{target}: {report.frames} frames, {report.frames_aged} of them re-aged{to}, "
        f"in {report.seconds:.1f} s ({report.real_time:.2f} x real time)."
    )
    for each in report.performers:
        to = " to ".join(f"{age:g}" for age in dict.fromkeys(each.get("ages", [each["age"]])))
        found = f"in {each['frames']} frames, to {to}" if each["frames"] else "not recognised in any frame"
        say(f"{each['name']}: {found}.")
    if report.others:
        say(f"Left as they are, because they are none of them: {report.others} faces.")
    if not report.faces and not report.others:
        say("No face was found: every frame is as it was.")
    elif report.source_ages and settings.source_age is None:
        read = ", ".join(f"{value:.0f}" for value in report.source_ages.values())
        say(f"Ages read off the faces: {read}. Give the real one with --source-age.")
    if report.faded:
        counts = ", ".join(f"{_FADED[reason]} {frames}" for reason, frames in report.faded.items())
        say(f"Frames in which a face got less than asked: {counts}.")
    if report.children:
        faces = ", ".join(map(str, report.children))
        say(f"Left as they are, because they read as children: face {faces}. Say an adult's age with --source-age.")
