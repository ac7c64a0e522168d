"""Stored pictures played as a camera would give them."""

import dataclasses
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from playingage.frames import Frame
from playingage.media.base import SourceBase
from playingage.media.labels import moved
from playingage.media.ports import Source, SourceInfo

_LATE = 0.25
"""Seconds by which reading may fall behind before the clock is set anew (it then plays slower, nothing is lost)."""


class Rewindable(Source, Protocol):
    """A source that can start again at its first frame."""

    def rewind(self) -> None:
        """Start again at the first frame."""
        ...


class PacedSource(SourceBase):
    """Gives each frame at its time against a monotonic clock, with `captured` set to that moment.

    The next frame is decoded before the wait, so that it is on time. With `loop`, numbers, times and timecode go on
    counting at the end. `stalls` counts how often reading fell behind. `close()` may come from another thread and ends
    a wait.
    """

    def __init__(
        self, source: Rewindable, *, loop: bool = False, paced: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._loop, self._paced, self._clock = source, loop, paced, clock
        self._closed = threading.Event()
        self._zero: float | None = None
        self._frames_before, self._seconds_before = 0, Fraction(0)
        self._last: Frame | None = None
        self.stalls = 0
        info = source.info
        self._info = dataclasses.replace(info, frames=None, duration=None) if loop else info

    @property
    def info(self) -> SourceInfo:
        """As of the source; endless when looped."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame at its time, or None at the end. Raises what the source raises."""
        if self._closed.is_set():
            return None
        frame = self._source.read()
        if frame is None and self._loop and self._last is not None:
            last = self._last
            self._frames_before += last.number + 1
            self._seconds_before += last.seconds + 1 / last.rate
            self._last = None
            self._source.rewind()
            frame = self._source.read()
        if frame is None:
            return None
        self._last = frame
        return self._wait(frame)

    def _wait(self, frame: Frame) -> Frame | None:
        seconds = self._seconds_before + frame.seconds
        now = self._clock()
        if self._paced:
            if self._zero is None:
                self._zero = now - float(seconds)
            due = self._zero + float(seconds)
            if now - due > _LATE:
                self._zero += now - due
                self.stalls += 1
            while (left := due - self._clock()) > 0:
                if self._closed.wait(left):
                    return None
            now = self._clock()
        changed = bool(self._frames_before)
        label = frame.timecode
        return dataclasses.replace(
            frame,
            timecode=None if label is None else moved(label, self._frames_before),
            number=self._frames_before + frame.number,
            pts=seconds if changed or frame.pts is not None else None,
            captured=now if self._paced else None,
        )

    def close(self) -> None:
        """End a wait and close the source; may be called twice."""
        self._closed.set()
        self._source.close()
