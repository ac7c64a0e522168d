"""A run of frames in order: tracking, recognition, source ages and the engine together, as live uses them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from playingage.core import SettingError
from playingage.engine.ages import CastAges
from playingage.engine.ask import Ask, RoleAsk
from playingage.engine.borders import Outcome, Reason
from playingage.engine.casting import Cast
from playingage.engine.cuts import CutFinder
from playingage.engine.engine import AgeRequest, Engine, Reaged, reage_frame
from playingage.engine.heads import HeldMasks
from playingage.engine.look import Look
from playingage.engine.recogniser import Part, Recogniser
from playingage.engine.view import view_uint8
from playingage.faces import Face, FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame

_EVERYBODY = Part(0, 1.0)
_THREADS = 4
"""Faces that are re-aged side by side at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedFace:
    """What was done to one face: box in pixels (left, top, right, bottom), ages in years, yaw in degrees, rest 0..1.

    strength: how much of the asked change it got; reasons: why not all of it. name: of the performer that it was
    recognised as, performer: their id. likeness: distance to them, or to the performer who is nearest, smaller is
    likelier; None before a look. pinned: somebody said who it is. A face of nobody in the cast has no ages, and got
    nothing.
    """

    id: int
    box: tuple[float, float, float, float]
    confidence: float
    strength: float
    source_age: float | None
    target_age: float | None
    yaw: float
    reasons: tuple[Reason, ...] = ()
    name: str = ""
    performer: str = ""
    likeness: float | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SessionResult(Reaged):
    """A re-aged frame, its matte, and what was done to each face."""

    faces: tuple[AgedFace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """source_age: the real age of everybody where it is known, in years. look: what is asked besides the age."""

    source_age: float | None = None
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePlan:
    """What is to be done to a face: its role in the cast, its age in years, what its reading speaks against it."""

    role: int
    age: float
    read: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """A frame, the faces found in it, and what is to be done to each; None for a face that is nobody's.

    parts: who each face is, and why.
    """

    frame: Frame
    faces: tuple[Face, ...]
    plans: tuple[FacePlan | None, ...]
    parts: tuple[Part, ...]

    @property
    def ages(self) -> tuple[float | None, ...]:
        """The age in years of each face; None for one that is nobody's."""
        return tuple(None if plan is None else plan.age for plan in self.plans)


class Session:
    """Re-ages frame after frame: every face to the asked age, or the performers of a cast and nobody else.

    `look` and `reage` may run on two threads, one each: their networks are not the same. `process` is both in turn.
    """

    def __init__(self, engine: Engine | Cast, settings: SessionSettings | None = None) -> None:
        self.settings = settings or SessionSettings()
        known = self.settings.source_age
        if isinstance(engine, Cast) and known is not None:
            raise ValueError("in a cast each role has a source age of its own")
        self.cast = engine if isinstance(engine, Cast) else Cast.everybody(engine, known)
        # The change never touches the eyeballs: a live picture need not wait for the irises.
        self._tracker = FaceTracker(self.cast.device, TrackerSettings(irises=False))
        self._recogniser = Recogniser(self.cast) if self.cast.known else None
        self._ages = CastAges(self.cast)
        self._cuts = CutFinder()
        # Performers have an engine each, which may work side by side.
        others = min(len(self.cast.roles), _THREADS) - 1
        self._helpers = ThreadPoolExecutor(others, "playingage face") if others else None
        self._heads: dict[tuple[int, int], HeldMasks] = {}
        self._last, self._shape = 0.0, (0, 0)

    def process(self, frame: Frame, asked: Ask | float) -> SessionResult:
        """The next frame as `asked`; a number asks that age in years of everybody."""
        return self.reage(self.look(frame), asked)

    def pin(self, face_id: int, performer: str | None) -> None:
        """The operator's word: this face is that performer, by their id; None: nobody of the cast. From any thread.

        Raises SettingError. What it does: `Recogniser.pin`.
        """
        recogniser = self._told(face_id)
        ids = [role.performer for role in self.cast.roles]
        if performer is not None and performer not in ids:
            raise SettingError(f"{performer!r} is not in the cast", f"Choose from {', '.join(ids)}.")
        recogniser.pin(face_id, None if performer is None else ids.index(performer))

    def unpin(self, face_id: int) -> None:
        """What was said of this face is taken back. From any thread. Raises SettingError."""
        self._told(face_id).unpin(face_id)

    def _told(self, face_id: int) -> Recogniser:
        if self._recogniser is None:
            raise SettingError("faces are not told apart here: everybody is re-aged", "Name performers.")
        if face_id not in self._recogniser.shown:
            raise SettingError(f"there is no face {face_id} in the picture", "Choose one that is marked now.")
        return self._recogniser

    def look(self, frame: Frame) -> Looked:
        """Find and follow the faces of the next frame.

        A time that runs backwards (a clip that loops) starts anew, and so does another size.
        """
        seconds = float(frame.seconds) if frame.captured is None else frame.captured
        view = view_uint8(frame)
        if self._cuts.is_cut(view) or seconds < self._last or view.shape[:2] != self._shape:
            self._tracker.reset()
        self._last, self._shape = seconds, view.shape[:2]
        faces = self._tracker.update(view, seconds)
        parts = (_EVERYBODY,) * len(faces)
        if self._recogniser is not None:
            parts = self._recogniser.update(view, faces, seconds)
            faces = tuple(
                face if part.strength == 1 else replace(face, strength=face.strength * part.strength)
                for face, part in zip(faces, parts, strict=True)
            )
        plans = tuple(self._plan(frame, face, part.role, seconds) for face, part in zip(faces, parts, strict=True))
        return Looked(frame=frame, faces=faces, plans=plans, parts=parts)

    def _plan(self, frame: Frame, face: Face, role: int | None, seconds: float) -> FacePlan | None:
        if role is None:
            return None
        self._ages.observe(frame, face, role)
        age = self._ages.age(face, role, seconds)
        return FacePlan(role=role, age=age, read=self._ages.reasons(face, role))

    def reage(self, looked: Looked, asked: Ask | float) -> SessionResult:
        """Take the faces of a looked-at frame to the ages that are asked. Raises SettingError for one that cannot be.

        A role without an entry in `asked` has the age that the cast gives it, else the one asked of all.
        """
        ask = Ask.of(asked)
        # Of a face under another role nothing is held: that role's package may find other masks, of another size.
        parts = [(face.id, plan.role) for face, plan in zip(looked.faces, looked.plans, strict=True) if plan]
        self._heads = {part: self._heads.get(part) or HeldMasks(sooner=part[0]) for part in parts}
        asks = [self._of_role(number, ask) for number in range(len(self.cast.roles))]
        wanted = [
            (self.cast.roles[plan.role].engine, AgeRequest(
                face=face, source_age=plan.age, target_age=asks[plan.role].age, look=asks[plan.role].look,
                read=plan.read, held=self._heads[face.id, plan.role],
            ))
            for face, plan in zip(looked.faces, looked.plans, strict=True) if plan is not None and asks[plan.role].on
        ]
        done = reage_frame(looked.frame, wanted, self._helpers)
        outcomes = {outcome.face: outcome for outcome in done.outcomes}
        notes = tuple(
            self._note(face, part, plan, outcomes.get(face.id), None if plan is None else asks[plan.role])
            for face, part, plan in zip(looked.faces, looked.parts, looked.plans, strict=True)
        )
        return SessionResult(frame=done.frame, matte=done.matte, outcomes=done.outcomes, faces=notes)

    def _of_role(self, number: int, ask: Ask) -> RoleAsk:
        own = ask.roles.get(self.cast.roles[number].performer)
        if own is not None:
            return own
        return RoleAsk(age=self.cast.age_of(number, ask.age), look=ask.look or self.settings.look)

    def _note(
        self, face: Face, part: Part, plan: FacePlan | None, outcome: Outcome | None, ask: RoleAsk | None
    ) -> AgedFace:
        common: dict[str, Any] = {
            "id": face.id, "box": face.box, "confidence": face.confidence, "yaw": face.pose.yaw,
            "likeness": part.likeness, "pinned": part.pinned,
        }
        if plan is None or ask is None:
            return AgedFace(**common, strength=0.0, source_age=None, target_age=None, reasons=(Reason.UNKNOWN,))
        role = self.cast.roles[plan.role]
        if outcome is None:
            reasons = () if ask.left is None else (ask.left,)
            return AgedFace(
                **common, strength=0.0, source_age=plan.age, target_age=None, reasons=reasons, name=role.name,
                performer=role.performer,
            )
        return AgedFace(
            **common, strength=outcome.taken, source_age=plan.age, target_age=ask.age, reasons=outcome.reasons,
            name=role.name, performer=role.performer,
        )
