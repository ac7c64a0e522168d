"""One render: source, engine, sink."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from playingage.core import SettingError, UnreadableError, WriteBehind, prefetch
from playingage.engine import AgeBook, Engine, reage_faces
from playingage.faces import FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame
from playingage.media.ports import Sink, Source
from playingage.render.steady import steady_faces

_AHEAD, _BEHIND = 3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """age: playing age in years for every face. source_age: the real one where known. strength: 0..1."""

    age: float
    source_age: float | None = None
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise SettingError(f"strength {self.strength:g} is not between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderReport:
    """What a render did. seconds: wall time; real_time: seconds of picture rendered in a second of wall time."""

    frames: int
    frames_aged: int
    faces: int
    seconds: float
    real_time: float
    source_ages: dict[int, float]
    model: str
    model_sha256: str
    device: str


def render(
    source: Source, sink: Sink, engine: Engine, settings: RenderSettings,
    progress: Callable[[int], None] = lambda _: None,
) -> RenderReport:
    """Re-age every frame of `source` into `sink`; `progress` is told the number of frames done.

    The caller opens and finishes or abandons both. Raises MediaError, and SettingError for an age the model does not
    know.
    """
    engine.check_age(settings.age)
    tracker = FaceTracker(engine.device, TrackerSettings(smooth=False))
    ages = AgeBook(engine, settings.source_age)
    writer: WriteBehind[Frame] = WriteBehind(sink.write, _BEHIND)
    reader = prefetch(steady_faces(source, tracker, ages), _AHEAD)
    begun = time.monotonic()
    count = aged = 0
    sources: dict[int, float] = {}
    last: Frame | None = None
    try:
        for item in reader:
            done = reage_faces(engine, item.frame, item.faces, ages, settings.age, settings.strength)
            writer.put(done.frame)
            count += 1
            aged += bool((done.matte > 0).any()) if done.faces else 0
            sources.update({face.id: face.source_age for face in done.faces})
            last = item.frame
            progress(count)
        writer.finish()
    finally:
        writer.stop()
        reader.close()
    if last is None:
        raise UnreadableError(f"{source.info.name}: holds no picture", "Check that it is a clip, sequence or picture.")
    seconds = time.monotonic() - begun
    return RenderReport(
        frames=count, frames_aged=aged, faces=len(sources), seconds=seconds,
        real_time=float((last.seconds + 1 / last.rate) / max(seconds, 1e-6)),
        source_ages={key: round(value, 1) for key, value in sorted(sources.items())}, model=engine.package.spec.name,
        model_sha256=engine.package.sha256, device=str(engine.device),
    )
