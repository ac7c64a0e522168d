"""The capture thread: reads the source, notices that it is lost, tries again."""

import dataclasses
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from playingage.core import MediaError
from playingage.frames import Frame
from playingage.live.mailbox import Mailbox
from playingage.live.ports import Job
from playingage.live.settings import LiveSettings
from playingage.live.stats import LiveStats
from playingage.media.ports import Source

log = logging.getLogger(__name__)
_GAP_MOST = 1000
_SLOW, _SLOW_FRAMES = 1.0, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """`state`: starting, live, silent, lost, ended. `since`: run's clock, seconds. `words`: what the pages say."""

    state: str
    since: float
    words: str = ""
    detail: str = ""


class Capture:
    """Owns the reading of a source. Frames without a capture time get that of their arrival.

    `prepare` makes of each frame what the engine gets; it must be quick and not raise.
    `watchers` are called in the capture thread with every frame and the time, `keepers` with those that the engine had
    no time for.
    Drop rule: one slot to the engine, newest wins; what is replaced counts as `capture`, missing numbers count as
    `source`.
    """

    def __init__(
        self, source: Source, settings: LiveSettings, stats: LiveStats, clock: Callable[[], float],
        prepare: Callable[[Frame], Job] = Job,
    ) -> None:
        self._source, self._settings, self._stats, self._clock = source, settings, stats, clock
        self.slot: Mailbox[Job] = Mailbox()
        self._prepare = prepare
        self.watchers: list[Callable[[Frame, float], None]] = []
        self.keepers: list[Callable[[Frame], None]] = []
        self._state = SourceState(state="starting", since=clock(), words="STARTING")
        self._last: int | None = None
        self._last_at = clock()

    @property
    def last_number(self) -> int | None:
        """Number of the newest frame captured."""
        return self._last

    def state(self, now: float) -> SourceState:
        """How the source does; `silent` is a live one that gave nothing for over a second and three frames."""
        state = self._state
        if state.state == "live" and now - self._last_at > max(_SLOW, _SLOW_FRAMES / float(self._source.info.rate)):
            return SourceState(state="silent", since=self._last_at, words="NO PICTURE FROM CAMERA")
        return state

    def work(self, stopping: threading.Event) -> None:
        """Capture thread: read until the source ends or `stopping`. Errors other than `MediaError` pass through."""
        wait = self._settings.retry_first
        while not stopping.is_set():
            try:
                frame = self._source.read()
            except MediaError as error:
                self._lost(error)
                stopping.wait(wait)
                wait = min(wait * 2, self._settings.retry_most)
                continue
            if frame is None:
                self._change("ended", "SOURCE ENDED")
                return
            wait = self._settings.retry_first
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        now = self._clock()
        if frame.captured is None:
            frame = dataclasses.replace(frame, captured=now)
        back = self._state.state == "lost"
        if self._state.state != "live":
            if back:
                log.warning("source is back after %.1f s", now - self._state.since)
            self._change("live", "")
        missing = frame.number - self._last - 1 if self._last is not None and not back else 0
        if 0 < missing < _GAP_MOST:
            self._stats.drop("source", missing)
        self._last, self._last_at = frame.number, now
        self._stats.count("captured", now)
        late = self.slot.put(self._prepare(frame))
        if late is not None:
            self._stats.drop("capture")
            for keeper in self.keepers:
                keeper(late.frame)
        for watcher in self.watchers:
            watcher(frame, now)

    def _lost(self, error: MediaError) -> None:
        if self._state.state != "lost" or self._state.detail != error.what:
            log.warning("source lost: %s", error.what)
        if self._state.state == "lost":
            self._state = dataclasses.replace(self._state, detail=error.what)
        else:
            self._change("lost", "CAMERA LOST", error.what)

    def _change(self, state: str, words: str, detail: str = "") -> None:
        self._state = SourceState(state=state, since=self._clock(), words=words, detail=detail)
