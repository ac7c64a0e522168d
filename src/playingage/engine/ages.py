"""The source age of each tracked face: read several times, then held, so that it does not wander over a shot."""

from statistics import median

from playingage.engine.borders import Reason
from playingage.engine.casting import Cast
from playingage.engine.engine import Engine
from playingage.faces import Face
from playingage.frames import Frame

READINGS = 8
"""Readings taken of a face; render looks as many frames ahead, so that the age holds from the first frame on."""
_MAX_YAW = 35.0
_MAX_FACES = 256
_YEARS_A_SECOND = 4.0
"""How fast a face's age may still move when later frames show it better than the first ones did."""


class AgeBook:
    """Ages by face id, which a tracker never gives twice. The median of the first readings holds for the track."""

    def __init__(self, engine: Engine, known: float | None = None) -> None:
        self._engine = engine
        self._known = known
        self._readings: dict[int, list[float]] = {}
        if known is not None:
            engine.check_source_age(known)

    def observe(self, frame: Frame, face: Face) -> None:
        """Read the face's age off this frame while readings are wanted."""
        if self._known is not None:
            return
        readings = self._readings.setdefault(face.id, [])
        usable = face.confidence > 0 and abs(face.pose.yaw) < _MAX_YAW
        if not readings or (usable and len(readings) < READINGS):
            readings.append(self._engine.apparent_age(frame, face))
        while len(self._readings) > _MAX_FACES:
            self._readings.pop(next(iter(self._readings)))

    def age_of(self, face: Face) -> float:
        """The age in years of a face that was observed, within the model's ages."""
        if self._known is not None:
            return self._known
        low, high = self._engine.ages
        return min(max(median(self._readings[face.id]), low), high)

    def reasons_of(self, face: Face) -> tuple[Reason, ...]:
        """What the readings of an observed face speak against re-ageing it; nothing against an age that is known."""
        return () if self._known is not None else self._engine.reading_reasons(median(self._readings[face.id]))


class HeldAges:
    """The age of each face as the re-ager gets it: what the book says, without steps within a shot."""

    def __init__(self, book: AgeBook) -> None:
        self._book = book
        self._held: dict[int, tuple[float, float]] = {}

    def reasons(self, face: Face) -> tuple[Reason, ...]:
        """As of the book."""
        return self._book.reasons_of(face)

    def age(self, face: Face, seconds: float) -> float:
        """The age in years of an observed face at a time; times of one face do not run backwards."""
        wanted = self._book.age_of(face)
        last, since = self._held.get(face.id, (wanted, seconds))
        most = _YEARS_A_SECOND * max(0.0, seconds - since)
        age = last + min(max(wanted - last, -most), most)
        self._held.pop(face.id, None)
        self._held[face.id] = (age, seconds)  # the one seen last stands last
        if len(self._held) > _MAX_FACES:
            self._held.pop(next(iter(self._held)))
        return age


class CastAges:
    """The ages of a cast's faces: each read by the engine that re-ages the face."""

    def __init__(self, cast: Cast) -> None:
        self._books = [AgeBook(role.engine, role.source_age) for role in cast.roles]
        self._held = [HeldAges(book) for book in self._books]

    def observe(self, frame: Frame, face: Face, role: int) -> None:
        """As of the role's book."""
        self._books[role].observe(frame, face)

    def age(self, face: Face, role: int, seconds: float) -> float:
        """As held for the role."""
        return self._held[role].age(face, seconds)

    def reasons(self, face: Face, role: int) -> tuple[Reason, ...]:
        """As of the role's book."""
        return self._held[role].reasons(face)
