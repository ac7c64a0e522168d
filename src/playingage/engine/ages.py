"""The source age of each tracked face: read several times, then held, so that it does not wander over a shot."""

from statistics import median

from playingage.engine.engine import Engine
from playingage.faces import Face
from playingage.frames import Frame

READINGS = 8
"""Readings taken of a face; render looks as many frames ahead, so that the age holds from the first frame on."""
_MAX_YAW = 35.0


class AgeBook:
    """Ages by face id. The median of the first readings holds for the rest of the track."""

    def __init__(self, engine: Engine, known: float | None = None) -> None:
        self._engine = engine
        self._known = known
        self._readings: dict[int, list[float]] = {}
        if known is not None:
            engine.check_age(known)

    def source_age(self, frame: Frame, face: Face) -> float:
        """The face's age in years: as given, or as read off this and earlier frames."""
        if self._known is not None:
            return self._known
        readings = self._readings.setdefault(face.id, [])
        usable = face.confidence > 0 and abs(face.pose.yaw) < _MAX_YAW
        if not readings or (usable and len(readings) < READINGS):
            readings.append(self._engine.read_age(frame, face))
        return median(readings)

    def forget(self) -> None:
        """Start anew, as at a cut."""
        self._readings.clear()
