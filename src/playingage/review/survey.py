"""Faces over the time of a clip, with the reasons why some would not be re-aged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from playingage.core import prefetch
from playingage.engine import AgeBook, CutFinder, Engine, view_uint8
from playingage.faces import Face, FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.media.ports import Source

_SMALL = 40.0
_YOUNG_MARGIN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSpan:
    """One tracked face: its frames, and for each of them size in pixels, yaw in degrees and strength 0..1."""

    id: int
    age: float
    frames: tuple[int, ...]
    sizes: tuple[float, ...]
    yaws: tuple[float, ...]
    strengths: tuple[float, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was seen: number of frames, the first frames of shots after the first, and the faces."""

    frames: int
    cuts: tuple[int, ...]
    faces: tuple[FaceSpan, ...]


@dataclass(slots=True)
class _Seen:
    frames: list[int] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    yaws: list[float] = field(default_factory=list)
    strengths: list[float] = field(default_factory=list)
    last: Face | None = None


def survey(source: Source, engine: Engine, progress: Callable[[int], None] = lambda _: None) -> Survey:
    """Follow every face through the whole source. Raises MediaError."""
    tracker = FaceTracker(engine.device, TrackerSettings(smooth=False))
    ages, cuts = AgeBook(engine), CutFinder()
    seen: dict[int, _Seen] = {}
    shots: list[int] = []
    count = 0
    frames = prefetch(source, 3)
    try:
        for frame in frames:
            view = view_uint8(frame)
            if cuts.is_cut(view):
                tracker.reset()
                shots.append(count)
            for face in tracker.update(view, float(frame.seconds)):
                if face.confidence == 0:
                    continue
                ages.observe(frame, face)
                note = seen.setdefault(face.id, _Seen())
                note.frames.append(count)
                note.sizes.append(round(face.size, 1))
                note.yaws.append(round(face.pose.yaw, 1))
                note.strengths.append(round(face.strength, 3))
                note.last = face
            count += 1
            progress(count)
    finally:
        frames.close()
    spans = tuple(_span(face_id, note, ages, engine) for face_id, note in sorted(seen.items()))
    return Survey(frames=count, cuts=tuple(shots), faces=spans)


def _span(face_id: int, note: _Seen, ages: AgeBook, engine: Engine) -> FaceSpan:
    assert note.last is not None
    age = ages.age_of(note.last)
    total = len(note.frames)
    refusals = []
    if small := sum(size < _SMALL for size in note.sizes):
        refusals.append(f"smaller than {_SMALL:g} px in {small} of {total} frames: little will be seen of a change")
    if faint := sum(strength < 0.05 for strength in note.strengths):
        refusals.append(f"turned too far or too unsure in {faint} of {total} frames: left as it is there")
    low, _ = engine.ages
    if age <= low + _YOUNG_MARGIN:
        refusals.append(f"read as {low:g} or younger: children are out of range")
    if median(note.strengths) < 0.5:
        refusals.append("mostly turned away: re-ageing will come and go")
    return FaceSpan(
        id=face_id, age=round(age, 1), frames=tuple(note.frames), sizes=tuple(note.sizes), yaws=tuple(note.yaws),
        strengths=tuple(note.strengths), refusals=tuple(refusals),
    )
