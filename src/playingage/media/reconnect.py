"""A live source that comes back by itself."""

import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from playingage.core import MediaError, SourceLostError, UnreadableError
from playingage.frames import Frame
from playingage.media.base import SourceBase
from playingage.media.ports import Source, SourceInfo

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
    calling it again is all that is needed to go on. Numbers count on over losses and skip one, so that a gap shows. The
    first opening is not repeated: its error passes. With `ends=False` an end counts as a loss. A source that comes back
    with another size or depth is refused with UnreadableError. `close()` may come from another thread and ends a wait.
    """

    def __init__(
        self, opener: Callable[[], Source], *, ends: bool = True, first_wait_s: float = FIRST_WAIT_S,
        most_wait_s: float = MOST_WAIT_S, clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opener, self._ends, self._clock = opener, ends, clock
        self._first_wait, self._most_wait = first_wait_s, most_wait_s
        self._stop = threading.Event()
        self._wait, self._base, self._next = first_wait_s, 0, 0
        self._source: Source | None = opener()
        self._info = self._source.info
        self._connection = Connection(connected=True)

    @property
    def info(self) -> SourceInfo:
        """As of the first opening."""
        return self._info

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
        except UnreadableError:
            raise
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
        number = self._base + frame.number
        self._next = number + 1
        return dataclasses.replace(frame, number=number, pts=None if self._base else frame.pts)

    def close(self) -> None:
        """End a wait and close the source; may be called twice."""
        self._stop.set()
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _lost(self, reason: str) -> SourceLostError:
        if self._source is not None:
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
        except MediaError as error:
            raise self._lost(error.what) from error
        if self._stop.is_set():
            source.close()
            return False
        found, known = source.info, self._info
        if (found.width, found.height, found.bits) != (known.width, known.height, known.bits):
            source.close()
            raise UnreadableError(
                f"{known.name}: came back as {found.width}x{found.height} with {found.bits} bits,"
                f" was {known.width}x{known.height} with {known.bits}",
                "Start again for the new format.",
            )
        self._source, self._base = source, self._next + 1
        return True
