"""A live source that comes back by itself."""

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from playingage.core import MediaError, PlayingAgeError, SourceLostError
from playingage.frames import Frame
from playingage.media.base import SourceBase, faults_of
from playingage.media.counting import Faults
from playingage.media.ports import Source, SourceInfo

log = logging.getLogger(__name__)
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """connected: pictures come. lost_since: `time.monotonic()` of the loss, or None. attempts: tries since the loss.

    losses: how often it was lost so far. reason: why, in words.
    """

    connected: bool
    lost_since: float | None = None
    attempts: int = 0
    losses: int = 0
    reason: str = ""


class ReconnectingSource(SourceBase):
    """Opens a source again after it was lost, waiting longer after every failed try.

    `read()` raises SourceLostError once when the source is lost and once for every failed try, and waits between tries;
    calling it again is all that is needed to go on. Numbers and times count on over losses, by as many frames as the
    loss was long and at least one, so that a gap shows. The first opening is not repeated: its error passes. With
    `ends=False` an end counts as a loss. After a loss `again` opens, where it is given. A source may come back with
    another size, depth or rate: `info` is then the new one, with a higher `generation`. `close()` may come from another
    thread and ends a wait.
    """

    def __init__(
        self, opener: Callable[[], Source], *, ends: bool = True, first_wait_s: float = FIRST_WAIT_S,
        most_wait_s: float = MOST_WAIT_S, clock: Callable[[], float] = time.monotonic,
        again: Callable[[], Source] | None = None,
    ) -> None:
        self._opener, self._ends, self._clock = opener, ends, clock
        self._first_wait, self._most_wait = first_wait_s, most_wait_s
        self._stop = threading.Event()
        self._wait = first_wait_s
        self._last: Frame | None = None
        self._base: tuple[int, Fraction] | None = (0, Fraction(0))
        """Number and time of the connection's first frame; None until that has come after a loss."""
        self._first: tuple[int, Fraction] = (0, Fraction(0))
        """Number and time which that frame had of its own."""
        self._before = Faults()
        self._source: Source | None = opener()
        self._opener = again or opener
        self._info, self._generation = self._source.info, 0
        self._connection = Connection(connected=True)

    @property
    def info(self) -> SourceInfo:
        """As of the source now, or when it was last there."""
        source = self._source
        if source is not None:
            info = source.info
            self._info = dataclasses.replace(info, generation=self._generation + info.generation)
        return self._info

    @property
    def faults(self) -> Faults:
        """What went wrong so far, over all connections."""
        source = self._source
        now = Faults() if source is None else faults_of(source)
        return self._before + now + Faults(losses=self._connection.losses)

    @property
    def connection(self) -> Connection:
        """Whether pictures come, since when not, and how often was tried. May be read from any thread."""
        return self._connection

    def read(self) -> Frame | None:
        """The next frame, or None at an end. Raises SourceLostError while the source is away."""
        if self._stop.is_set():
            return None
        if self._source is None and not self._reopen():
            return None
        source = self._source
        if source is None:
            raise AssertionError("a reopened source is there")
        try:
            frame = source.read()
        except MediaError as error:
            raise self._lost(error.what) from error
        if frame is None:
            if self._ends or self._stop.is_set():
                return None
            raise self._lost("it ended")
        if not self._connection.connected:
            self._connection = dataclasses.replace(
                self._connection, connected=True, lost_since=None, attempts=0, reason=""
            )
        self._wait = self._first_wait
        self._last = frame = self._placed(frame)
        return frame

    def close(self) -> None:
        """End a wait and close the source; may be called twice."""
        self._stop.set()
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _placed(self, frame: Frame) -> Frame:
        """The frame with its number and time over all connections."""
        if self._base is None:
            self._first = (frame.number, frame.seconds)
            self._base = self._after_loss(frame)
        number, seconds = self._base
        if self._last is None:
            return frame
        pts = None if frame.pts is None and not self._connection.losses else seconds + frame.seconds - self._first[1]
        return dataclasses.replace(frame, number=number + frame.number - self._first[0], pts=pts)

    def _after_loss(self, frame: Frame) -> tuple[int, Fraction]:
        last = self._last
        if last is None:
            return (frame.number, frame.seconds)
        steps = 2
        if last.captured is not None and frame.captured is not None:
            steps = max(steps, round((frame.captured - last.captured) * frame.rate))
        return (last.number + steps, last.seconds + steps / frame.rate)

    def _lost(self, reason: str) -> SourceLostError:
        if self._source is not None:
            self._info = self.info
            self._generation = self._info.generation
            self._before += faults_of(self._source)
            self._source.close()
            self._source = None
        before = self._connection
        since = before.lost_since if before.lost_since is not None else self._clock()
        self._connection = Connection(
            connected=False, lost_since=since, attempts=before.attempts, reason=reason,
            losses=before.losses + before.connected,
        )
        return SourceLostError(f"{self._info.name}: lost: {reason}", "It is tried again.")

    def _reopen(self) -> bool:
        """Wait, then open again. False when closed meanwhile."""
        if self._stop.wait(self._wait):
            return False
        self._wait = min(self._wait * 2, self._most_wait)
        self._connection = dataclasses.replace(self._connection, attempts=self._connection.attempts + 1)
        try:
            source = self._opener()
        except PlayingAgeError as error:
            raise self._lost(error.what) from error
        if self._stop.is_set():
            source.close()
            return False
        before, found = self._info, source.info
        if form_of(before) != form_of(found):
            self._generation += 1
            self._before += Faults(changes=1)
            log.warning(
                "%s: came back as %dx%d, %d bits, %.6g frames a second; was %dx%d, %d bits, %.6g", found.name,
                found.width, found.height, found.bits, found.rate, before.width, before.height, before.bits,
                before.rate,
            )
        self._source, self._base = source, None
        return True


def form_of(info: SourceInfo) -> tuple[object, ...]:
    """What makes a live source's frames alike; where it changes, `generation` grows."""
    return (info.width, info.height, info.bits, info.rate, info.colour, info.alpha, info.floating)
