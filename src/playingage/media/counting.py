"""Numbers for the pictures of a live source by their own times: what is missing, late, twice there; at which rate.

Decisions only: no I/O; times are passed in.
"""

import itertools
from collections import deque
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Self

_RATES = tuple(
    sorted({
        *(Fraction(n) for n in (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 100, 120)),
        *(Fraction(n * 1000, 1001) for n in (15, 24, 30, 48, 60, 120)), Fraction(25, 2),
    })
)
_SURE = 3e-4
"""Relative error up to which a measured rate is one of `_RATES`; whole and NTSC rates lie 1e-3 apart."""
_LEAST, _MOST = 24, 720
_JUMP_S = 2.0
"""Seconds by which a picture's time may run ahead of our clock before that is a jump and not a loss."""
_BACK_S, _STRAGGLERS = 1.0, 8
_LATE = 0.75
"""Frames by which one picture must be late before those before it count as missing."""
_LEAK = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What went wrong in a source so far, counted by kind, over all its connections.

    damaged: pictures or packets that could not be decoded. lost: numbers that never came. late: pictures that came
    after a later one, repeated: those with the time of the one before; both are left out. jumps: breaks in the
    source's times. changes: new size, depth or rate. losses: how often the source went away.
    """

    damaged: int = 0
    lost: int = 0
    late: int = 0
    repeated: int = 0
    jumps: int = 0
    changes: int = 0
    losses: int = 0

    def __add__(self, other: Self) -> Self:
        return replace(self, **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def __str__(self) -> str:
        found = [f"{getattr(self, f.name)} {f.name}" for f in fields(self) if getattr(self, f.name)]
        return ", ".join(found) or "none"


def standard_rate(rate: Fraction) -> Fraction | None:
    """The rate in use that `rate` is a rounding of, exact; None where there is none."""
    nearest = min(_RATES, key=lambda known: abs(known - rate))
    return nearest if abs(nearest / rate - 1) < _SURE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A picture's place: its number from 0, and its time in seconds from the first, which never goes back."""

    number: int
    seconds: Fraction


class FrameCounter:
    """Gives each picture its place by its own time (`pts`), so that what is missing shows as a gap in the numbers.

    A sender's clock that runs off from ours, or times that jitter or are rounded, make no gaps. A time that goes back
    a second or more, or goes back and stays, or jumps ahead, is a break: numbers then go on by our own clock.
    `rate` becomes the rate that is measured where the source's own was wrong or has changed.
    """

    def __init__(self, rate: Fraction, tick: Fraction) -> None:
        self.rate, self._fine = rate, float(tick)
        self.faults = Faults()
        self._at: Place | None = None
        self._pts: Fraction | None = None
        self._captured = 0.0
        self._ahead = 0.0
        self._stragglers = 0
        self._times: deque[float] = deque(maxlen=_MOST)

    def take(self, pts: Fraction | None, captured: float) -> Place | None:
        """The place of the next picture, or None for one to leave out. pts: its time in seconds, where it has one."""
        if self._at is None:
            return self._go(0, Fraction(0), pts, captured)
        if pts is None or self._pts is None:
            return self._go(1, 1 / self.rate, pts, captured)
        delta = pts - self._pts
        if delta <= 0 and delta > -_BACK_S and self._stragglers < _STRAGGLERS:
            self._stragglers += 1
            self._count(repeated=1) if delta == 0 else self._count(late=1)
            return None
        elapsed = captured - self._captured
        if delta <= 0 or delta > elapsed + _JUMP_S:
            self._count(jumps=1)
            self._ahead = 0.0
            self._times.clear()
            steps = max(1, round(elapsed * self.rate))
            return self._go(steps, steps / self.rate, pts, captured)
        self._measure(float(pts), float(delta))
        exact = float(delta * self.rate) + self._ahead
        steps = max(1, int(exact + 1 - _LATE))
        self._ahead = max(-2.0, min(2.0, exact - steps)) * (1 - _LEAK)
        return self._go(steps, delta, pts, captured)

    def _go(self, steps: int, seconds: Fraction, pts: Fraction | None, captured: float) -> Place:
        if steps > 1:
            self._count(lost=steps - 1)
        self._pts, self._captured, self._stragglers = pts, captured, 0
        before = self._at or Place(number=0, seconds=Fraction(0))
        self._at = Place(number=before.number + steps, seconds=before.seconds + seconds)
        return self._at

    def _count(self, **more: int) -> None:
        self.faults += Faults(**more)

    def _measure(self, pts: float, delta: float) -> None:
        times, tick = self._times, self._fine
        if len(times) >= 2:
            typical = (times[-1] - times[0]) / (len(times) - 1)
            if abs(delta - typical) > max(3 * tick, typical * 0.15):
                times.clear()
        if not times:
            times.append(pts - delta)
        times.append(pts)
        steps, span = len(times) - 1, times[-1] - times[0]
        if steps < _LEAST or steps % 24:
            return
        measured = steps / span
        newest = times[-1] - times[-1 - _LEAST]
        if abs(_LEAST / newest / measured - 1) > max(2e-3, 3 * tick / newest):
            for _ in range(steps - _LEAST):
                times.popleft()
            return
        gaps = [b - a for a, b in itertools.pairwise(times)]
        error = (max(gaps) - min(gaps) + tick) / span
        nearest = min(_RATES, key=lambda rate: abs(rate - measured))
        if nearest == self.rate or abs(nearest / self.rate - 1) < 3 * error:
            return
        if abs(measured / float(nearest) - 1) < min(max(error, 1e-6), _SURE):
            self.rate = nearest
            self._ahead = 0.0
            self._count(changes=1)
