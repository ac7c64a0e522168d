"""A playing age over a shot: constant or keyframed, parts of the face too. Time counts from the take's start."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal

from playingage.core import check_rate
from playingage.schedule.faults import FieldError
from playingage.schedule.names import text_field, unknown_fields
from playingage.schedule.regions import REGIONS

MOST_AGE = 150.0
_AGE = re.compile(r"(\d{1,3}(?:[.,]\d{1,9})?)\s*(?:y|yr|yrs|years?|years? old)?\.?", re.IGNORECASE)
_FRAMES = re.compile(r"(\d{1,9})\s*(?:f|fr|frames?)?", re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,6})(?:[.,](\d{1,9}))?\s*(?:s|sec|secs|seconds?)", re.IGNORECASE)
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2}):(\d{2,3})")
_WRITE_AT = "Write frames (48), seconds (2.5s) or a timecode from the take's start (00:00:02:12)"
_WRITE_AGE = "Write years like 17 or 17.5, or the word alone for a face that is to stay as it is"
Unit = Literal["frames", "seconds", "timecode"]


def parse_age(text: str, name: str) -> float:
    """Years as people write them: 17, 17.5, 17,5, 17 years. Raises FieldError for what could mean two things."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise FieldError(name, f"{text!r} is not an age in years", _WRITE_AGE)
    return check_age(float(match.group(1).replace(",", ".")), name)


def check_age(age: float, name: str) -> float:
    """The age, to a millionth of a year. Raises FieldError for what is no age of a person."""
    if not 0 <= age <= MOST_AGE:  # also refuses NaN
        raise FieldError(name, f"{age:g} is no age of a person", "Give it in years")
    return round(float(age), 6) + 0.0  # no minus before a zero


def written(age: float) -> str:
    """An age without spare digits: 17, 17.5."""
    return f"{age:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """A time from a take's first frame, as it was written. Raises FieldError.

    unit: what was written; frames count as such, seconds are exact, a timecode holds both and drops no labels.
    """

    unit: Unit = "frames"
    seconds: Fraction = Fraction(0)
    frames: int = 0

    def __post_init__(self) -> None:
        whole = self.unit != "timecode" or self.seconds.denominator == 1
        mixed = (self.unit == "frames" and self.seconds) or (self.unit == "seconds" and self.frames)
        if self.seconds < 0 or self.frames < 0 or mixed or not whole:
            raise FieldError("at", f"{self.seconds} s and {self.frames} frames are no time from a take's start")
        if self.unit == "seconds" and 10**9 % self.seconds.denominator:
            raise FieldError("at", f"{self.seconds} s has more than nine decimals", "Round it")
        if self.seconds >= 86400 or self.frames >= 10**9 or (self.unit == "timecode" and self.frames > 999):
            raise FieldError("at", "is later than any take lasts", _WRITE_AT)

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """Read 48, 48f, 2.5s or 00:00:02:12. Raises FieldError."""
        text = text.strip()
        if match := _FRAMES.fullmatch(text):
            return cls(frames=int(match.group(1)))
        if match := _SECONDS.fullmatch(text):
            return cls(unit="seconds", seconds=Fraction(f"{match.group(1)}.{match.group(2) or 0}"))
        if match := _TIMECODE.fullmatch(text):
            hours, minutes, seconds, frames = map(int, match.groups())
            if hours > 23 or minutes > 59 or seconds > 59:
                raise FieldError("at", f"{text!r}: hours, minutes or seconds out of range", _WRITE_AT)
            return cls(unit="timecode", seconds=Fraction((hours * 60 + minutes) * 60 + seconds), frames=frames)
        if ";" in text and _TIMECODE.fullmatch(text.replace(";", ":")):
            raise FieldError("at", f"{text!r} is drop-frame; a time from the take's start drops no labels", _WRITE_AT)
        raise FieldError("at", f"{text!r} is no time from the take's start", _WRITE_AT)

    def __str__(self) -> str:
        if self.unit == "frames":
            return str(self.frames)
        if self.unit == "seconds":
            whole, rest = divmod(self.seconds, 1)
            decimals = f"{int(rest * 10**9):09}".rstrip("0")
            return f"{whole}{'.' if decimals else ''}{decimals}s"
        minutes, second = divmod(int(self.seconds), 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02}:{minute:02}:{second:02}:{self.frames:02}"

    def frame(self, rate: Fraction) -> float:
        """Frames from the take's first at so many frames a second; seconds may lie between two."""
        if self.unit == "timecode":  # a timecode's second has 24 labels at 23.976
            return float(self.seconds * max(1, round(rate)) + self.frames)
        return self.frames if self.unit == "frames" else float(self.seconds * rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Ages in years at a time: of the face, of regions, or of both. `at` None: at all times. Raises FieldError."""

    at: Offset | None = None
    age: float | None = None
    regions: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.age is not None:
            object.__setattr__(self, "age", check_age(self.age, "age"))
        for name in self.regions:
            if name not in REGIONS:
                raise FieldError(name, "is no region of a face", f"Choose from {', '.join(REGIONS)}")
        if self.age is None and not self.regions:
            raise FieldError("age", "is missing", _WRITE_AGE)
        ordered = {name: check_age(self.regions[name], name) for name in REGIONS if name in self.regions}
        object.__setattr__(self, "regions", MappingProxyType(ordered))
        object.__setattr__(self, "extra", unknown_fields(self.extra))
        text_field(self.note, "note")
        if self.at is None and (self.note or self.extra):
            raise FieldError("note", "is not of a key without time", "It is the entry's")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of a performer during a shot. Raises FieldError.

    alone: the face stays as the camera gave it, and there are no keys. Else keys: one without time, or several with
    times that rise, all written in the same unit; at least one has the face's age. Between keys ages go in a straight
    line, before the first and after the last they stay.
    """

    keys: tuple[Key, ...] = ()
    alone: bool = False

    def __post_init__(self) -> None:
        if self.alone:
            if self.keys:
                raise FieldError("age", "says alone, and ages too", "Leave one of them out")
            return
        if not any(key.age is not None for key in self.keys):
            raise FieldError("age", "is missing", _WRITE_AGE)
        times = [key.at for key in self.keys]
        if len(times) == 1 and times[0] is None:
            return
        last: Offset | None = None
        for at in times:
            if at is None:
                raise FieldError("at", "is missing beside other keys", _WRITE_AT)
            if last is not None and at.unit != last.unit:
                raise FieldError("at", f"{at} is in {at.unit}, {last} before it in {last.unit}", "Use one unit a shot")
            if last is not None and (at.seconds, at.frames) <= (last.seconds, last.frames):
                raise FieldError("at", f"{at} does not come after {last}", "Write keys in the order of time")
            last = at

    @classmethod
    def of(cls, age: float, **regions: float) -> "Plan":
        """The same age all the time."""
        return cls(keys=(Key(age=age, regions=regions),))

    @property
    def constant(self) -> bool:
        """Whether nothing changes within the shot."""
        return all(len({age for _, age in self._curve(name)}) <= 1 for name in ("age", *REGIONS))

    @property
    def span(self) -> tuple[float, float] | None:
        """Youngest and oldest age asked of anything; None where the face is left alone."""
        ages = [age for name in ("age", *REGIONS) for _, age in self._curve(name)]
        return (min(ages), max(ages)) if ages else None

    def age(self, frames: int, rate: Fraction) -> float:
        """Of the face in years, so many frames after the take's first. ValueError where the face is left alone."""
        if self.alone:
            raise ValueError("a face that is left alone has no age")
        return self._at("age", frames, rate)

    def regions(self, frames: int, rate: Fraction) -> dict[str, float]:
        """Ages of those regions that have one of their own, in years."""
        return {name: self._at(name, frames, rate) for name in REGIONS if self._curve(name)}

    def curve(self, name: str, rate: Fraction) -> list[tuple[float, float]]:
        """Keys of "age" or a region as (frames, years), rising; a constant has one at 0."""
        check_rate(rate)
        return sorted((0.0 if at is None else at.frame(rate), age) for at, age in self._curve(name))

    def _curve(self, name: str) -> list[tuple[Offset | None, float]]:
        found = [(key.at, key.age if name == "age" else key.regions.get(name)) for key in self.keys]
        return [(at, age) for at, age in found if age is not None]

    def _at(self, name: str, frames: int, rate: Fraction) -> float:
        points = self.curve(name, rate)
        after = bisect_right(points, (float(frames), MOST_AGE + 1))
        if after in (0, len(points)):
            return points[0 if after == 0 else -1][1]
        (first, start), (second, end) = points[after - 1], points[after]
        return start + (end - start) * (frames - first) / (second - first)
