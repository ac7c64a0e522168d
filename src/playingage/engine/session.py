"""A run of frames in order: tracking, source ages and the engine together, as live uses them."""

from dataclasses import dataclass, field

from playingage.engine.ages import AgeBook, HeldAges
from playingage.engine.borders import Reason
from playingage.engine.cuts import CutFinder
from playingage.engine.engine import AgeRequest, Engine, Reaged
from playingage.engine.look import Look
from playingage.engine.view import view_uint8
from playingage.faces import Face, FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedFace:
    """What was done to one face: box in pixels (left, top, right, bottom), ages in years, yaw in degrees, rest 0..1.

    strength: how much of the asked change it got; reasons: why not all of it.
    """

    id: int
    box: tuple[float, float, float, float]
    confidence: float
    strength: float
    source_age: float
    target_age: float
    yaw: float
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionResult(Reaged):
    """A re-aged frame, its matte, and what was done to each face."""

    faces: tuple[AgedFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """source_age: the performers' real age where it is known, in years. look: what is asked besides the age."""

    source_age: float | None = None
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """A frame, the faces found in it, the age in years of each and what its reading speaks against re-ageing it."""

    frame: Frame
    faces: tuple[Face, ...]
    ages: tuple[float, ...]
    read: tuple[tuple[Reason, ...], ...]


class Session:
    """Re-ages frame after frame; every face goes to the asked age.

    `look` and `reage` may run on two threads, one each: their networks are not the same. `process` is both in turn.
    """

    def __init__(self, engine: Engine, settings: SessionSettings | None = None) -> None:
        self.engine = engine
        self.settings = settings or SessionSettings()
        # The change never touches the eyeballs: a live picture need not wait for the irises.
        self._tracker = FaceTracker(engine.device, TrackerSettings(irises=False))
        self._ages = AgeBook(engine, self.settings.source_age)
        self._held = HeldAges(self._ages)
        self._cuts = CutFinder()
        self._last = 0.0

    def process(self, frame: Frame, age: float) -> SessionResult:
        """The next frame at `age` years."""
        return self.reage(self.look(frame), age)

    def look(self, frame: Frame) -> Looked:
        """Find and follow the faces of the next frame. A time that runs backwards (a clip that loops) starts anew."""
        seconds = float(frame.seconds) if frame.captured is None else frame.captured
        view = view_uint8(frame)
        if self._cuts.is_cut(view) or seconds < self._last:
            self._tracker.reset()
        self._last = seconds
        faces = self._tracker.update(view, seconds)
        for face in faces:
            self._ages.observe(frame, face)
        return Looked(
            frame=frame, faces=faces, ages=tuple(self._held.age(face, seconds) for face in faces),
            read=tuple(self._held.reasons(face) for face in faces),
        )

    def reage(self, looked: Looked, age: float) -> SessionResult:
        """Take the faces of a looked-at frame to `age` years."""
        faces = tuple(zip(looked.faces, looked.ages, looked.read, strict=True))
        requests = [
            AgeRequest(face=face, source_age=source, target_age=age, look=self.settings.look, read=read)
            for face, source, read in faces
        ]
        done = self.engine.apply(looked.frame, requests)
        notes = tuple(
            AgedFace(
                id=face.id, box=face.box, confidence=face.confidence, strength=outcome.taken, source_age=source,
                target_age=age, yaw=face.pose.yaw, reasons=outcome.reasons,
            )
            for (face, source, _), outcome in zip(faces, done.outcomes, strict=True)
        )
        return SessionResult(frame=done.frame, matte=done.matte, outcomes=done.outcomes, faces=notes)
