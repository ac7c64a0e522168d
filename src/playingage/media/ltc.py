"""Linear timecode (SMPTE ST 12-1): the labels that are on a channel of audio. No I/O; time comes with the samples."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""One channel, full scale 1.0."""

_BITS = 80
_MASK = (1 << _BITS) - 1
_SYNC = 0b0011111111111101
"""The last 16 bits in the order of time; the register's newest bit is its lowest."""
_BACKWARDS = 0b1011111111111100
_WINDOW = 2048
"""Samples that levels are taken from."""
_SILENT = 1e-4
"""Span between the levels below which there is no signal (-80 dB of full scale)."""
_LOST_BITS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Codeword:
    """A label as it was read. `start`, `end` in seconds of the audio's time; `backwards`: the tape ran so."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool
    start: float
    end: float
    backwards: bool = False

    @property
    def period(self) -> float:
        """How long it took, in seconds."""
        return self.end - self.start

    @property
    def second(self) -> int:
        """Second of the day."""
        return (self.hours * 60 + self.minutes) * 60 + self.seconds

    def leads_to(self, other: "Codeword") -> bool:
        """Whether `other` is the next label, just after this one in time."""
        if other.backwards is not self.backwards or abs(other.start - self.end) > 0.3 * self.period:
            return False
        first, second = (other, self) if self.backwards else (self, other)
        if second.second == first.second:
            return second.frames == first.frames + 1
        return second.second == (first.second + 1) % 86400 and second.frames in (0, 2) and first.frames >= 22


class LtcDecoder:
    """Reads linear timecode off one channel, in either direction, at any level, from an eighth to four times speed.

    A label counts once a neighbour confirms it, so that noise cannot make one up: it is told one codeword late.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._bit = rate / 2000.0
        """Length of a bit in samples, as last measured."""
        self._zero = 0.0
        """Time of the first sample in seconds."""
        self._begin()

    def feed(self, samples: Samples, start: float) -> list[Codeword]:
        """Take the next samples, which begin at `start` seconds; returns the labels that are now sure, in order.

        A gap in time, or a step back, begins anew.
        """
        expected = self._zero + self._count / self._rate if self._count else start
        if abs(start - expected) * self._rate > 2 + 0.2 * self._bit:
            self._begin()
        if not self._count:
            self._zero = start
        else:  # follow the audio's own times, which may be rounded or run off slowly
            self._zero += 0.05 * (start - expected)
        done: list[Codeword] = []
        for begin in range(0, len(samples), _WINDOW // 2):
            for crossing in self._crossings(samples[begin : begin + _WINDOW // 2]):
                found = self._interval(crossing)
                if found is not None:
                    done += self._confirm(found)
        return done

    def _begin(self) -> None:
        self._tail: Samples = np.zeros(0, np.float32)
        self._count, self._up = 0, False
        self._last = 0.0
        self._recent: deque[float] = deque(maxlen=64)
        self._half: float | None = None
        self._register, self._since = 0, 0
        self._starts: deque[float] = deque(maxlen=_BITS)
        self._waiting: Codeword | None = None
        self._sure = False

    def _crossings(self, block: Samples) -> list[float]:
        """Where the signal changes sign, in samples since the beginning."""
        joined = np.concatenate([self._tail, block])
        first, offset = len(self._tail), self._count - len(self._tail)
        self._count += len(block)
        self._tail = joined[-_WINDOW:]
        low, high = np.percentile(self._tail, (5, 95))
        if high - low < _SILENT:
            return []
        width = max(1, int(self._bit / 6))
        centred = joined - np.float32((low + high) / 2)
        if width > 1 and len(centred) > width:
            total = np.cumsum(centred, dtype=np.float64)
            centred = np.concatenate([centred[:width], ((total[width:] - total[:-width]) / width)])
        margin = 0.1 * (high - low)
        level = np.where(centred > margin, 1, np.where(centred < -margin, -1, 0))
        level[:first] = 0
        held = np.maximum.accumulate(np.where(level != 0, np.arange(len(level)), -1))
        up = np.where(held >= 0, level[held] > 0, self._up)[max(first - 1, 0) :]
        begin = max(first - 1, 0)
        turned = np.flatnonzero(up[1:] != up[:-1]) + begin + 1
        self._up = bool(up[-1])
        signs = np.flatnonzero((centred[1:] > 0) != (centred[:-1] > 0)) + 1
        place = np.searchsorted(signs, turned, side="right") - 1
        found: list[float] = []
        for at, index in zip(turned, place, strict=True):
            after = int(signs[index]) if index >= 0 else int(at)
            before, then = float(centred[after - 1]), float(centred[after])
            share = before / (before - then) if before != then else 0.5
            found.append(offset + after - 1 + share - (width - 1) / 2)
        return found

    def _interval(self, at: float) -> Codeword | None:
        """One interval between changes of sign is half a bit or a whole one."""
        length = at - self._last
        ratio = length / self._bit
        self._recent.append(length)
        if ratio < 0.25:  # a spike: its end will not count either
            self._lost_bit()
            return None
        self._last = at
        if ratio > 1.5:
            self._half = None
            self._measure()
            return None
        if ratio > 0.75:
            if self._half is not None:  # a single half bit: out of step
                self._half = None
            self._bit += 0.2 * (length - self._bit)
            return self._add(0, at - length, at)
        if self._half is None:
            self._half = length
            return None
        whole, self._half = self._half + length, None
        self._bit += 0.2 * (whole - self._bit)
        return self._add(1, at - whole, at)

    def _lost_bit(self) -> None:
        self._since += 1
        if self._since > _LOST_BITS:
            self._measure()

    def _measure(self) -> None:
        """Measure the length of a bit anew: the longer ones of the last intervals."""
        self._since = 0
        if len(self._recent) >= 16:
            some = sorted(self._recent)
            longest = some[len(some) * 9 // 10]
            longer = [length for length in some if 0.75 * longest < length < 1.3 * longest]
            self._bit = float(np.clip(sum(longer) / len(longer), 2.0, self._rate / 20))

    def _add(self, bit: int, start: float, end: float) -> Codeword | None:
        self._register = (self._register << 1 | bit) & _MASK
        self._starts.append(start)
        self._lost_bit()
        if len(self._starts) < _BITS:
            return None
        first = self._zero + self._starts[0] / self._rate
        last = self._zero + end / self._rate
        if self._register & 0xFFFF == _SYNC:
            word = int(f"{self._register >> 16:064b}"[::-1], 2)
        elif self._register >> 64 == _BACKWARDS:
            word = self._register & (1 << 64) - 1
        else:
            return None
        found = _read(word, first, last, self._register & 0xFFFF != _SYNC)
        if found is not None:
            self._since = 0
        return found

    def _confirm(self, found: Codeword) -> list[Codeword]:
        before, self._waiting = self._waiting, found
        follows = before is not None and before.leads_to(found)
        sure, self._sure = self._sure, follows
        if not follows or before is None:
            return []
        return [found] if sure else [before, found]


def _read(word: int, start: float, end: float, backwards: bool) -> Codeword | None:
    """The label in 64 bits, bit 0 lowest; None where the digits make none."""
    def digits(units: int, tens: int, size: int) -> int:
        low, high = word >> units & 0xF, word >> tens & (1 << size) - 1
        return high * 10 + low if low < 10 else 99

    frames, seconds, minutes, hours = digits(0, 8, 2), digits(16, 24, 3), digits(32, 40, 3), digits(48, 56, 2)
    if frames > 29 or seconds > 59 or minutes > 59 or hours > 23 or end <= start:
        return None
    return Codeword(
        hours=hours, minutes=minutes, seconds=seconds, frames=frames, drop=bool(word >> 10 & 1), start=start, end=end,
        backwards=backwards,
    )
