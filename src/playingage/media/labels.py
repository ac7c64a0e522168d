"""Which timecode a frame carries: the source's own, linear timecode on its audio, or one that runs from the clock.

Decisions only: no I/O; times are passed in.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np

from playingage.core import SettingError, Timecode
from playingage.core.timecode import NTSC
from playingage.media.ltc import Codeword

_DRIFT_S = 5.0
"""Seconds by which a free-running label may leave the clock: twelve hours at 115 millionths."""
_FIELD_50, _FIELD = 1 << 7, 1 << 23
_NEAR = 0.75
"""Frames by which a picture may lie off its codeword before another label is taken."""


class TimecodeFrom(Enum):
    """Where timecode comes from. AUTO: the source's where it has one, else from the clock for devices and streams."""

    AUTO = "auto"
    SOURCE = "source"
    LTC = "ltc"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimecodeChoice:
    """Where timecode shall come from; `channel` of linear timecode, from 1 over all audio, None: the one that has it.

    """

    origin: TimecodeFrom = TimecodeFrom.AUTO
    channel: int | None = None

    def __post_init__(self) -> None:
        if self.channel is not None and (self.origin is not TimecodeFrom.LTC or self.channel < 1):
            raise ValueError(f"channel {self.channel} of {self.origin.value}")

    @classmethod
    def parse(cls, text: str) -> "TimecodeChoice":
        """Read `auto`, `source`, `ltc`, `ltc:2` or `free`. Raises SettingError."""
        name, colon, channel = text.strip().lower().partition(":")
        known = {origin.value: origin for origin in TimecodeFrom}
        number = int(channel) if channel.isascii() and channel.isdigit() else 0
        if name not in known or (colon and (name != "ltc" or not 1 <= number <= 64)):
            raise SettingError(f"timecode {text!r} is not known", "Use auto, source, ltc, ltc:CHANNEL or free.")
        return cls(origin=known[name], channel=number or None)


def from_s12m(data: bytes, rate: Fraction, coded: Fraction | None) -> Timecode | None:
    """The label in FFmpeg's S12M_TIMECODE side data, of H.264, HEVC or AV1; None where it makes no sense.

    coded: the rate that the decoder knows, by which above 30 it counts pairs of frames and marks the second.
    """
    words = memoryview(data).cast("I")
    if not words or not words[0]:
        return None
    word = words[1]

    def digits(at: int, tens: int) -> int:
        return (word >> at + 4 & tens) * 10 + (word >> at & 0xF)

    frames = digits(24, 3)
    if coded is not None and coded > 30:
        frames = 2 * frames + bool(word & (_FIELD_50 if coded == 50 else _FIELD))
    return labelled(digits(0, 3), digits(8, 7), digits(16, 7), frames, rate, bool(word >> 30 & 1))


def labelled(hours: int, minutes: int, seconds: int, frames: int, rate: Fraction, drop: bool) -> Timecode | None:
    """The label, or None where it makes no sense; a drop-frame flag at a rate that has none is not heeded."""
    try:
        return Timecode.of(hours, minutes, seconds, frames, rate, drop and rate in NTSC)
    except ValueError:
        return None


def moved(label: Timecode, frames: int) -> Timecode:
    """`frames` later or earlier, around midnight too."""
    day = Timecode.of(23, 59, 59, label.base - 1, label.rate, label.drop).frame + 1
    return Timecode((label.frame + frames) % day, label.rate, label.drop)


def rerated(label: Timecode, rate: Fraction) -> Timecode:
    """The label that reads nearest to it at another rate."""
    if rate == label.rate:
        return label
    hours, minutes, seconds, frames = (int(part) for part in str(label).replace(";", ":").split(":"))
    other = Timecode(0, rate)
    drop = rate in NTSC
    first = NTSC[rate] if drop and minutes % 10 and not seconds else 0
    return Timecode.of(hours, minutes, seconds, max(first, frames * other.base // label.base), rate, drop)


class Counting:
    """Goes on counting where a source gives no label for a frame, and follows it as soon as it gives one."""

    def __init__(self) -> None:
        self._last: Timecode | None = None
        self._number = 0

    def label(self, seen: Timecode | None, number: int, rate: Fraction) -> Timecode | None:
        """The label of frame `number`: as seen, else counted on from the last one; None before the first."""
        if seen is None and self._last is not None:
            seen = moved(rerated(self._last, rate), number - self._number)
        if seen is not None:
            self._last, self._number = seen, number
        return seen


class PairLabels:
    """Labels in the pictures of a source above 30 frames a second that stand for two pictures each.

    fields: that is so because each picture was made two, and the labels are at half the rate. Otherwise it is seen
    after two pairs; labels that count every picture pass as they are.
    """

    def __init__(self, *, fields: bool = False) -> None:
        self._fields, self._paired = fields, False
        self._last: Timecode | None = None
        self._run, self._twos, self._ones = 0, 0, 0

    def label(self, seen: Timecode | None, rate: Fraction) -> Timecode | None:
        """The label of the next picture at `rate`, by what was seen in it."""
        if seen is None or (rate <= 30 and not self._fields):
            return seen
        if seen == self._last:
            self._run += 1
        else:
            self._judge()
            self._last, self._run = seen, 1
        if not self._fields and (not self._paired or self._run > 2):
            return seen
        try:
            half = seen if self._fields else Timecode.parse(str(seen), rate / 2)
        except ValueError:  # it counts further than half the rate
            return seen
        return moved(rerated(half, rate), min(self._run, 2) - 1)

    def _judge(self) -> None:
        """Two labels twice each make pairs, three of one kind in a row end that; a lost picture does not."""
        self._twos = self._twos + 1 if self._run == 2 else 0
        self._ones = self._ones + 1 if self._run == 1 else 0
        self._paired = (self._paired or self._twos >= 2) and self._ones < 3 and self._run <= 2


def time_of_day(captured: float) -> float:
    """Seconds after local midnight of a moment of `time.monotonic()`."""
    moment = time.time() - (time.monotonic() - captured)
    local = time.localtime(moment)
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec + moment % 1


class FreeRun:
    """Labels from the clock: set to the time of day at the first frame, then counted frame by frame, lost ones too.

    It is set again where it has left the clock by five seconds: a source whose rate is not what it says, a break in
    the numbers. `clock` makes seconds of the day of a capture time.
    """

    def __init__(self, clock: Callable[[float], float] = time_of_day) -> None:
        self._clock = clock
        self._set: tuple[Timecode, int, float] | None = None
        self.settings = 0

    def label(self, number: int, rate: Fraction, captured: float) -> Timecode:
        """The label of frame `number`, captured at that time."""
        if self._set is not None:
            start, first, since = self._set
            passed = (number - first) / rate
            if start.rate == rate and abs(float(passed) - (captured - since)) < _DRIFT_S:
                return moved(start, number - first)
        start = Timecode.of_day(self._clock(captured), rate)
        self._set = (start, number, captured)
        self.settings += 1
        return start


class LtcClock:
    """Labels for pictures out of codewords of linear timecode, by the time at which both stand in the source."""

    def __init__(self, rate: Fraction) -> None:
        self._rate, self._pair = rate, 2 if rate > 30 else 1
        self._words: deque[Codeword] = deque(maxlen=256)
        self._base: int | None = None
        self._last: tuple[float, Timecode] | None = None

    @property
    def seen(self) -> bool:
        """Whether any label was read."""
        return bool(self._words)

    @property
    def until(self) -> float:
        """The time up to which labels were read, in seconds."""
        return self._words[-1].end if self._words else float("-inf")

    @property
    def base(self) -> int | None:
        """Frames a second that the labels count, known after the first full second; None before."""
        return self._base

    @property
    def fits(self) -> bool:
        """Whether labels count as many frames a second as the pictures, or half as many above 30."""
        return self._base in (None, round(self._rate) // self._pair)

    def rerate(self, rate: Fraction) -> None:
        """The pictures come at another rate from now on."""
        self._rate, self._pair, self._last = rate, 2 if rate > 30 else 1, None

    def add(self, words: Iterable[Codeword]) -> None:
        """Take what a decoder read, in order."""
        for word in words:
            before = self._words[-1] if self._words else None
            if before is not None and before.leads_to(word) and before.seconds != word.seconds:
                self._base = max(before.frames, word.frames) + 1
            self._words.append(word)

    def at(self, seconds: float) -> Timecode | None:
        """The label of the picture that stands at that time; None before the first that makes sense.

        Between codewords and after the last one it counts on at the pictures' rate.
        """
        word = self._nearest(seconds)
        if word is None:
            return None
        nominal = float(self._pair / self._rate)
        plays = abs(word.period / nominal - 1) < 0.1 and not word.backwards
        away = (seconds - word.start) / (nominal if plays else word.period)
        if not plays and not -0.5 <= away <= 1.5:
            away = 0.0  # a tape that shuttles or has stopped: hold
        if not self.fits:
            return self._converted(word, away)
        label = labelled(word.hours, word.minutes, word.seconds, word.frames * self._pair, self._rate, word.drop)
        if label is None:
            return None
        steps = away * self._pair
        whole = round(steps) if plays else int(np.floor(steps + 0.1)) * (-1 if word.backwards else 1)
        if plays and self._last is not None:
            then, last = self._last
            guess = moved(last, round((seconds - then) * self._rate))
            for step in (whole - 1, whole + 1):
                if moved(label, step) == guess and abs(steps - step) < _NEAR:
                    whole = step
        label = moved(label, whole)
        self._last = (seconds, label)
        return label

    def _nearest(self, seconds: float) -> Codeword | None:
        best: Codeword | None = None
        for word in reversed(self._words):
            if best is not None and abs(word.start - seconds) > abs(best.start - seconds):
                break
            best = word
        return best

    def _converted(self, word: Codeword, away: float) -> Timecode | None:
        """A label that counts other frames than the picture's: by the time of day that it names."""
        if self._base is None:
            raise AssertionError("the labels' base is known")
        base = round(self._rate)
        exact = (word.frames + (-away if word.backwards else away)) / self._base
        frames = round((word.second + exact) * base)
        seconds, rest = divmod(frames, base)
        seconds %= 86400
        drop = self._rate in NTSC
        first = NTSC[self._rate] if drop and seconds // 60 % 10 and not seconds % 60 else 0
        return labelled(seconds // 3600, seconds // 60 % 60, seconds % 60, max(rest, first), self._rate, drop)
