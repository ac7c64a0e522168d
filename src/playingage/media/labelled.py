"""A live source each of whose frames carries timecode."""

import dataclasses
import logging
import time
from collections.abc import Callable

from playingage.frames import Frame
from playingage.media.base import SourceBase, faults_of
from playingage.media.counting import Faults
from playingage.media.labels import Counting, FreeRun, TimecodeChoice, TimecodeFrom, time_of_day
from playingage.media.ports import Source, SourceInfo

log = logging.getLogger(__name__)


class LabelledSource(SourceBase):
    """Gives the frames of `source` with timecode, as `choice` says.

    Frames for which the source gives none are counted on from its last one, over losses too; what it gives is followed
    at once. A source that has none runs free from the clock where the choice is AUTO or FREE. `clock` makes seconds of
    the day of a frame's capture time. Otherwise as the source, `close()` from another thread too.
    """

    def __init__(
        self, source: Source, choice: TimecodeChoice | None = None, *, clock: Callable[[float], float] = time_of_day
    ) -> None:
        self._source, self._choice = source, choice or TimecodeChoice()
        self._counting, self._free = Counting(), FreeRun(clock)
        self._follows = source.info.timecode is not None and self._choice.origin is not TimecodeFrom.FREE

    @property
    def source(self) -> Source:
        """Where the frames come from."""
        return self._source

    @property
    def info(self) -> SourceInfo:
        """As of the source; a note says where timecode comes from."""
        info = self._source.info
        return dataclasses.replace(info, notes=(*info.notes, self._note()), timecode_from=self._from())

    @property
    def faults(self) -> Faults:
        """As of the source."""
        return faults_of(self._source)

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises what the source raises."""
        frame = self._source.read()
        if frame is None:
            return None
        origin = self._choice.origin
        label = None
        if origin is not TimecodeFrom.FREE:
            label = self._counting.label(frame.timecode, frame.number, frame.rate)
            if label is not None and not self._follows:
                self._follows = True
                log.info("%s: its timecode is read, %s", frame.origin.name, label)
        if label is None and origin in (TimecodeFrom.AUTO, TimecodeFrom.FREE):
            captured = frame.captured if frame.captured is not None else time.monotonic()
            label = self._free.label(frame.number, frame.rate, captured)
        return dataclasses.replace(frame, timecode=label)

    def close(self) -> None:
        """Close the source; may be called twice."""
        self._source.close()

    def _from(self) -> str:
        origin = self._choice.origin
        if self._follows:
            return "ltc" if origin is TimecodeFrom.LTC else "source"
        return "clock" if origin in (TimecodeFrom.AUTO, TimecodeFrom.FREE) else ""

    def _note(self) -> str:
        origin = self._choice.origin
        if origin is TimecodeFrom.LTC:
            return "timecode: linear timecode of the audio" + ("" if self._follows else ", none was read yet")
        if self._follows:
            return "timecode: the source's own"
        if origin is TimecodeFrom.SOURCE:
            return "timecode: none, the source has none"
        return "timecode: runs free from this machine's clock"
