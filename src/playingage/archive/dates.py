"""When footage was shot, and how old the performer was then."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from playingage.archive.errors import IngestError

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_YEAR = 365.2425
_OLDEST = 110.0
AGREE = 1.5
"""Years by which an age and a date may differ: an age is said in whole years, a date may be a mere year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What was said of the date: `shot` as written ("1994-06"), or the age in years. One of them at least."""

    shot: str | None = None
    age: float | None = None

    def __post_init__(self) -> None:
        if self.shot is not None:
            middle_of(self.shot)
        if self.age is not None and not 0 < self.age <= _OLDEST:
            raise IngestError(f"an age of {self.age:g} years makes no sense", f"Give 0 to {_OLDEST:g}.")

    def age_of(self, born: str | None, today: date, where: str) -> float:
        """The performer's age in years, born on `born` (ISO). Raises IngestError where it is unknown or contradicts."""
        if self.shot is None:
            if self.age is None:
                raise IngestError(
                    f"{where}: neither its date nor the performer's age is known",
                    "Say when it was shot (--shot 1994-06, or the column shot), or the age then (--age 31).",
                )
            return self.age
        if born is None:
            if self.age is None:
                raise IngestError(
                    f"{where}: shot {self.shot}, but the performer's day of birth is not known",
                    "Add it to performer.json (born), or give the age then instead (--age 31).",
                )
            return self.age
        shot = middle_of(self.shot)
        if shot > today and earliest_of(self.shot) > today:
            raise IngestError(f"{where}: {self.shot} has not been yet", "Correct the date.")
        age = (shot - date.fromisoformat(born)).days / _YEAR
        if not 0 < age <= _OLDEST:
            raise IngestError(
                f"{where}: shot {self.shot} means an age of {age:.0f} for a performer born {born}",
                "Correct the date, or the performer's day of birth.",
            )
        if self.age is not None and abs(age - self.age) > AGREE:
            raise IngestError(
                f"{where}: shot {self.shot} means an age of {age:.1f}, but the age is given as {self.age:g}",
                "Give the one that is right.",
            )
        return round(age, 3)


def middle_of(text: str) -> date:
    """The middle of the time that YYYY, YYYY-MM or YYYY-MM-DD means. Raises IngestError for anything else."""
    return _parsed(text, middle=True)


def earliest_of(text: str) -> date:
    """The first day of the time that a date means."""
    return _parsed(text, middle=False)


def _parsed(text: str, *, middle: bool) -> date:
    match = _DATE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError("not of the form YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = int(match[1]), match[2], match[3]
        if month is None:
            return date(year, 7, 2) if middle else date(year, 1, 1)
        if day is None:
            return date(year, int(month), monthrange(year, int(month))[1] // 2 + 1 if middle else 1)
        return date(year, int(month), int(day))
    except ValueError as error:
        raise IngestError(f"{text!r} is not a date: {error}", "Write it like 1994, 1994-06 or 1994-06-21.") from None
