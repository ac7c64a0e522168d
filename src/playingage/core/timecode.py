"""Exact time: frame rates as fractions, SMPTE timecode (ST 12-1) with drop-frame."""

import re
from dataclasses import dataclass
from fractions import Fraction

_PATTERN = re.compile(r"^(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})$")
_MAX_RATE = 1000
NTSC = {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}
"""Drop-frame rates and the number of labels dropped each minute that is not a tenth (SMPTE ST 12-1)."""


def check_rate(rate: Fraction) -> Fraction:
    """Return `rate` (frames a second) if it is a sensible one; raises ValueError otherwise."""
    if not 0 < rate <= _MAX_RATE:
        raise ValueError(f"frame rate {rate} is not between 0 and {_MAX_RATE} frames a second")
    return rate


@dataclass(frozen=True, slots=True)
class Timecode:
    """A frame label. `frame` counts frames from 00:00:00:00 at `rate`; labels wrap after 24 hours.

    `drop` is drop-frame counting, which only 29.97 and 59.94 know.
    """

    frame: int
    rate: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        check_rate(self.rate)
        if self.drop and self.rate not in NTSC:
            raise ValueError(f"drop-frame timecode needs 30000/1001 or 60000/1001 frames a second, not {self.rate}")
        if self.frame < 0:
            raise ValueError(f"timecode frame {self.frame} is negative")

    @property
    def base(self) -> int:
        """Frames counted in a second: the rate rounded to a whole number (24 for 23.976)."""
        return max(1, round(self.rate))

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode":
        """Read `HH:MM:SS:FF` (`;` or `.` before FF means drop-frame). Raises ValueError saying what is wrong."""
        match = _PATTERN.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a timecode of the form HH:MM:SS:FF or HH:MM:SS;FF")
        hours, minutes, seconds, frames = (int(match.group(i)) for i in (1, 2, 3, 5))
        return cls.of(hours, minutes, seconds, frames, rate, match.group(4) != ":")

    @classmethod
    def of(
        cls, hours: int, minutes: int, seconds: int, frames: int, rate: Fraction, drop: bool = False
    ) -> "Timecode":
        """From the parts of a label. Raises ValueError for parts out of range and for labels that are left out."""
        zero = cls(0, rate, drop)
        text = f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:02}"
        parts = ((hours, 24), (minutes, 60), (seconds, 60), (frames, zero.base))
        if not all(0 <= part < limit for part, limit in parts):
            raise ValueError(f"{text!r}: hours, minutes, seconds or frames out of range at {zero.base} frames a second")
        total = ((hours * 60 + minutes) * 60 + seconds) * zero.base + frames
        if drop:
            dropped = NTSC[rate]
            if minutes % 10 and not seconds and frames < dropped:
                raise ValueError(f"{text!r} names a label that drop-frame counting leaves out")
            total_minutes = hours * 60 + minutes
            total -= dropped * (total_minutes - total_minutes // 10)
        return cls(total, rate, drop)

    @classmethod
    def of_day(cls, seconds: float, rate: Fraction) -> "Timecode":
        """The label of a time of day, `seconds` after midnight: drop-frame where the rate knows it.

        Where labels are slower or faster than the clock (23.976) it is the label that reads as the clock does.
        """
        drop = rate in NTSC
        exact = Fraction(seconds) % 86400
        return cls(int(exact * (rate if drop else cls(0, rate).base)), rate, drop)

    def __add__(self, frames: int) -> "Timecode":
        return Timecode(self.frame + frames, self.rate, self.drop)

    def __str__(self) -> str:
        base, frame = self.base, self.frame
        if self.drop:
            dropped = NTSC[self.rate]
            per_ten = base * 600 - 9 * dropped
            frame %= 144 * per_ten
            tens, rest = divmod(frame, per_ten)
            frame += dropped * 9 * tens
            if rest >= dropped:
                frame += dropped * ((rest - dropped) // (base * 60 - dropped))
        else:
            frame %= base * 86400
        seconds, label = divmod(frame, base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02}:{minute:02}:{second:02}{';' if self.drop else ':'}{label:02}"
