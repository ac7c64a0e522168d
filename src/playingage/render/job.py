"""One render: source, engine, sink, and a second sink for the matte where one is wanted."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from playingage.core import SettingError, UnreadableError, WriteBehind, prefetch
from playingage.engine import AgeBook, AgeRequest, Engine, Look, Reaged, Reason
from playingage.faces import FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.media.ports import Sink, Source
from playingage.render.matte import matte_frame
from playingage.render.steady import SteadyFrame, steady_faces

_AHEAD, _BEHIND = 3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """age: playing age in years for every face. source_age: the real one where known. look: what is asked besides."""

    age: float
    source_age: float | None = None
    look: Look = field(default_factory=Look)

    def __post_init__(self) -> None:
        for name, age in (("age", self.age), ("source age", self.source_age)):
            if age is not None and not 0 <= age <= 150:  # also refuses NaN; the model knows its own limits
                raise SettingError(f"{name} {age:g} is no age of a person", "Give it in years.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderReport:
    """What a render did.

    frames_aged: frames with at least one pixel in the matte. cuts: numbers of the first frames of shots after the
    first. seconds: wall time; real_time: seconds of picture rendered in a second of wall time. source_ages: by face.
    faded: by reason, frames in which a face got less of the change than asked, or none; reasons without any are left
    out. children: faces that read as children and were left as they are.
    """

    frames: int
    frames_aged: int
    faces: int
    cuts: tuple[int, ...]
    seconds: float
    real_time: float
    source_ages: dict[int, float]
    faded: dict[str, int]
    children: tuple[int, ...]
    model: str
    model_sha256: str
    device: str


@dataclass(slots=True)
class _Tally:
    frames: int = 0
    aged: int = 0
    cuts: list[int] = field(default_factory=list)
    ages: dict[int, float] = field(default_factory=dict)
    faded: Counter[str] = field(default_factory=Counter)
    children: set[int] = field(default_factory=set)
    end: float = 0.0

    def count(self, item: SteadyFrame, done: Reaged) -> None:
        if item.cut:
            self.cuts.append(self.frames)
        self.frames += 1
        self.aged += bool(item.faces) and bool(done.matte.any())
        self.ages.update(zip((face.id for face in item.faces), item.ages, strict=True))
        self.faded.update({reason.value for outcome in done.outcomes for reason in outcome.reasons})
        self.children.update(outcome.face for outcome in done.outcomes if Reason.CHILD in outcome.reasons)
        self.end = float(item.frame.seconds + 1 / item.frame.rate)


def render(
    source: Source, sink: Sink, engine: Engine, settings: RenderSettings,
    progress: Callable[[int], None] = lambda _: None, *, matte: Sink | None = None,
) -> RenderReport:
    """Re-age every frame of `source` into `sink`; `progress` is told the number of frames done.

    matte: where the mattes go, opened as `matte_info` says. The caller opens the sinks and finishes or abandons them.
    Raises MediaError, and SettingError for an age the model does not know.
    """
    engine.check_age(settings.age)
    tracker = FaceTracker(engine.device, TrackerSettings(smooth=False, irises=False))
    ages = AgeBook(engine, settings.source_age)
    reader = prefetch(steady_faces(source, tracker, ages), _AHEAD)
    writer: WriteBehind[Reaged] = WriteBehind(lambda done: _write(done, sink, matte), _BEHIND)
    begun, tally = time.monotonic(), _Tally()
    try:
        for item in reader:
            done = engine.apply(item.frame, _requests(item, settings))
            writer.put(done)
            tally.count(item, done)
            progress(tally.frames)
        writer.finish()
    finally:
        writer.stop()
        reader.close()
    if not tally.frames:
        raise UnreadableError(f"{source.info.name}: holds no picture", "Check that it is a clip, sequence or picture.")
    seconds = time.monotonic() - begun
    return RenderReport(
        frames=tally.frames, frames_aged=tally.aged, faces=len(tally.ages), cuts=tuple(tally.cuts), seconds=seconds,
        real_time=tally.end / max(seconds, 1e-6),
        source_ages={key: round(value, 1) for key, value in sorted(tally.ages.items())},
        faded=dict(sorted(tally.faded.items())), children=tuple(sorted(tally.children)),
        model=engine.package.spec.name, model_sha256=engine.package.sha256, device=str(engine.device),
    )


def _requests(item: SteadyFrame, settings: RenderSettings) -> list[AgeRequest]:
    return [
        AgeRequest(face=face, source_age=age, target_age=settings.age, look=settings.look, read=read)
        for face, age, read in zip(item.faces, item.ages, item.read, strict=True)
    ]


def _write(done: Reaged, sink: Sink, matte: Sink | None) -> None:
    sink.write(done.frame)
    if matte is not None:
        matte.write(matte_frame(done.frame, done.matte))


