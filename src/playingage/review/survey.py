"""Faces over the time of a clip, with the reasons why some would not be re-aged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from playingage.core import prefetch
from playingage.engine import AgeBook, Engine, Reason
from playingage.engine.borders import outcome_of
from playingage.faces import Face, FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame
from playingage.media.ports import Source
from playingage.render import ShotTracker

SMALL = 40.0
"""Faces below so many pixels show little of a change."""
_FAINT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSpan:
    """One tracked face: its frames; for each of them time in seconds, size in pixels, yaw in degrees, strength 0..1.

    age: in years, as read. refusals: why it would not, or hardly, be re-aged, in words.
    """

    id: int
    age: float
    frames: tuple[int, ...]
    seconds: tuple[float, ...]
    sizes: tuple[float, ...]
    yaws: tuple[float, ...]
    strengths: tuple[float, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen: number of frames, seconds in all, the first frames of shots after the first, and the faces."""

    frames: int
    seconds: float
    cuts: tuple[int, ...]
    cut_seconds: tuple[float, ...]
    faces: tuple[FaceSpan, ...]


@dataclass(slots=True)
class _Seen:
    last: Face
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    yaws: list[float] = field(default_factory=list)
    strengths: list[float] = field(default_factory=list)

    def add(self, number: int, seconds: float, face: Face) -> None:
        self.last = face
        self.frames.append(number)
        self.seconds.append(round(seconds, 4))
        self.sizes.append(round(face.size, 1))
        self.yaws.append(round(face.pose.yaw, 1))
        self.strengths.append(round(outcome_of(face).taken, 3))


def survey(source: Source, engine: Engine, progress: Callable[[int], None] = lambda _: None) -> Survey:
    """Follow every face through the whole source, as a render would. Raises MediaError."""
    shots = ShotTracker(FaceTracker(engine.device, TrackerSettings(smooth=False)))
    ages = AgeBook(engine)
    seen: dict[int, _Seen] = {}
    cuts: list[tuple[int, float]] = []
    last: Frame | None = None
    count = 0
    frames = prefetch(source, 3)
    try:
        for frame in frames:
            faces, cut = shots.update(frame)
            seconds = float(frame.seconds)
            if cut:
                cuts.append((count, round(seconds, 4)))
            for face in faces:
                if face.confidence > 0:
                    ages.observe(frame, face)
                    seen.setdefault(face.id, _Seen(face)).add(count, seconds, face)
            last = frame
            count += 1
            progress(count)
    finally:
        frames.close()
    return Survey(
        frames=count, seconds=0.0 if last is None else round(float(last.seconds + 1 / last.rate), 4),
        cuts=tuple(number for number, _ in cuts), cut_seconds=tuple(seconds for _, seconds in cuts),
        faces=tuple(_span(face_id, note, ages, engine) for face_id, note in sorted(seen.items())),
    )


def _span(face_id: int, note: _Seen, ages: AgeBook, engine: Engine) -> FaceSpan:
    age = ages.age_of(note.last)
    return FaceSpan(
        id=face_id, age=round(age, 1), frames=tuple(note.frames), seconds=tuple(note.seconds),
        sizes=tuple(note.sizes), yaws=tuple(note.yaws), strengths=tuple(note.strengths),
        refusals=refusals_of(note.sizes, note.strengths, ages.reasons_of(note.last)),
    )


def refusals_of(sizes: list[float], strengths: list[float], read: tuple[Reason, ...]) -> tuple[str, ...]:
    """Why a face would not, or hardly, be re-aged. `read`: what the reading of its age speaks against it."""
    total = len(sizes)
    refusals = []
    if small := sum(size < SMALL for size in sizes):
        refusals.append(f"smaller than {SMALL:g} px in {small} of {total} frames: little will be seen of a change")
    if faint := sum(strength < _FAINT for strength in strengths):
        refusals.append(f"turned too far, too small or too unsure in {faint} of {total} frames: left as it is there")
    if median(strengths) < 0.5:
        refusals.append("mostly turned away: re-ageing will come and go")
    if Reason.CHILD in read:
        refusals.append("reads as a child: children are out of range and left as they are")
    if Reason.AGES in read:
        refusals.append("reads as an age that the model does not know: the nearest is taken")
    return tuple(refusals)
