"""What a face gets of the change that is asked, and why less than all of it."""

from dataclasses import dataclass
from enum import StrEnum

from playingage.faces import Face
from playingage.faces.presence import presence, ramp

ADULT = 18.0
"""Years from which people may be re-aged: children are out of range."""
_NO_SIZE, _FULL_SIZE = 16.0, 32.0
"""Pixels of a face's longer side: below, landmarks err by over 5 % of the eye distance; above, by about 2 %."""
_ALL = 0.98


class Reason(StrEnum):
    """Why a face gets less of the change than asked, or another one."""

    CHILD = "child"
    """It reads as a child: left as it is."""
    POSE = "pose"
    """Turned or tilted too far: fades, then left as it is."""
    SIZE = "size"
    """Too few pixels: fades, then left as it is."""
    UNSURE = "unsure"
    """Comes, goes, is covered, or may be no face: fades."""
    AGES = "ages"
    """It reads as an age that the model does not know: taken as the nearest that it does."""
    UNKNOWN = "unknown"
    """It was not recognised as one of the performers: left as it is."""
    OFF = "off"
    """An operator switched the performer off: left as they are."""
    UNASKED = "unasked"
    """No age is asked of the performer here: left as they are."""
    GRANT = "grant"
    """No grant in force covers it: left as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one face, by its id. taken: 0..1, how much of the asked change it got. reasons: why not all."""

    face: int
    taken: float
    reasons: tuple[Reason, ...] = ()


def outcome_of(face: Face, read: tuple[Reason, ...] = ()) -> Outcome:
    """What a face gets, from its own strength, pose and size and from what was `read` off it before."""
    turned = presence(face.pose, 1.0)
    large = ramp(face.size, _NO_SIZE, _FULL_SIZE)
    limits = (
        (Reason.POSE, turned < _ALL), (Reason.SIZE, large < _ALL), (Reason.UNSURE, face.strength < _ALL * turned)
    )
    reasons = (*read, *(reason for reason, holds in limits if holds))
    return Outcome(face=face.id, taken=0.0 if Reason.CHILD in read else face.strength * large, reasons=reasons)


def reading_reasons(age: float, ages: tuple[float, float], child_below: float) -> tuple[Reason, ...]:
    """What speaks against re-ageing a face that reads as `age` years.

    ages: what the model knows. child_below: the reading below which its estimator means a child.
    """
    if age < child_below:
        return (Reason.CHILD,)
    return () if ages[0] <= age <= ages[1] else (Reason.AGES,)
