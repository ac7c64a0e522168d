"""The live path put together: starts the threads, stops them, and says how it does."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from playingage.core import PlayingAgeError
from playingage.frames import Frame
from playingage.live.aging import Aging
from playingage.live.capture import Capture
from playingage.live.direction import Direction
from playingage.live.feed import Feed
from playingage.live.pair import Pair, years
from playingage.live.ports import Follower, FrameKeeper, Reager, TwoStepReager
from playingage.live.settings import LiveSettings
from playingage.live.stats import LiveStats, line
from playingage.live.worker import Worker
from playingage.media import faults_of
from playingage.media.ports import Source

log = logging.getLogger(__name__)
_GRACE = 0.5


class LiveRun:
    """A running live path: `with LiveRun(source, reager, settings) as run: run.wait(stop)`.

    `feed` takes viewers. `listeners` are called with every pair in the engine thread: they must be quick and not raise
    (a recorder puts the pair in its own bounded queue). The source stays the caller's to close, after the run has
    stopped. `direction` says what is asked of each frame; without one, everybody is asked for the settings' age.
    `beside`: reports of what else runs, by name, told with the state. `patience`: seconds that `stop` waits for them.
    """

    def __init__(
        self,
        source: Source,
        reager: Reager | TwoStepReager,
        settings: LiveSettings | None = None,
        *,
        direction: Direction | None = None,
        clock: Callable[[], float] = time.monotonic,
        listeners: tuple[Callable[[Pair], None], ...] = (),
        patience: float = 15.0,
    ) -> None:
        self.settings = settings or LiveSettings()
        self.clock = clock
        self.stats = LiveStats(self.settings.window, clock())
        self.feed = Feed(self.settings, self.stats, clock)
        self.beside: dict[str, Callable[[], Any]] = {}
        self.direction = direction or Direction(
            self.settings.age, youngest=self.settings.youngest, oldest=self.settings.oldest
        )
        self._aging = Aging(reager, self.settings, self.stats, clock, self.direction)
        self._capture = Capture(source, self.settings, self.stats, clock, self._aging.look)
        self._listeners, self._patience = listeners, patience
        self._followers = tuple(each for each in listeners if isinstance(each, Follower))
        for each in listeners:
            if isinstance(each, Follower):
                each.follow(self.state)
            if isinstance(each, FrameKeeper):
                self._capture.keepers.append(each.late)
        self._broken: set[int] = set()
        self._source = source
        self._capture.watchers.append(self._watch)
        self._stopping = threading.Event()
        self._over = threading.Event()
        self._workers = (
            Worker("capture", self._read, self._over.set),
            Worker("engine", lambda: self._aging.work(self._capture.slot, self._give, self._stopping), self._over.set),
            Worker("encoder", lambda: self.feed.work(self._stopping), self._over.set),
        )

    def start(self) -> None:
        """Start all threads; once."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Stop and join all threads; may be called twice. Raises what a thread died of, or that one hangs."""
        self._stopping.set()
        self._capture.slot.close()
        self.feed.close()
        deadline = time.monotonic() + self._patience
        if not self._workers[0].join(_GRACE) and self._capture.state(self.clock()).state == "lost":
            self._source.close()
        hanging = [worker.name for worker in self._workers if not worker.join(max(0.1, deadline - time.monotonic()))]
        self._over.set()
        for worker in self._workers:
            if worker.error is not None:
                error, worker.error = worker.error, None
                raise error
        if hanging:
            raise PlayingAgeError(
                f"did not stop within {self._patience:g} s: {', '.join(hanging)}", "The source or engine hangs."
            )

    def wait(self, stop: threading.Event, report: Callable[[dict[str, Any]], None] | None = None) -> None:
        """Wait until `stop` is set, the source has ended (if settings say so) or a thread has died.

        Logs a line, and calls `report` with a snapshot, every `log_every` seconds.
        """
        every = self.settings.log_every
        due = self.clock() + every
        while not stop.wait(0.1) and not self._over.is_set():
            if every and self.clock() >= due:
                due += every
                snapshot = self.snapshot()
                log.info("%s", line(snapshot))
                if report is not None:
                    report(snapshot)

    @property
    def age(self) -> float:
        """The age asked of everybody now, in years."""
        return self.direction.age

    def set_age(self, age: object) -> int | None:
        """Ask for another age; returns the number of the newest frame captured: the change acts within two frames of
        it.

        Raises `SettingError` outside the allowed range.
        """
        self.direction.set_age(self.settings.check_age(age))
        return self._capture.last_number

    def state(self) -> dict[str, Any]:
        """How source and engine do, in words, for the pages: plain values for JSON. Times are seconds before now."""
        now = self.clock()
        source, engine = self._capture.state(now), self._aging.state(now)
        info = self._source.info  # a live source may come back in another form
        return {
            "age": self.age,
            "age_words": years(self.age),
            "follows": self.direction.follows,
            "youngest": self.settings.youngest,
            "oldest": self.settings.oldest,
            "source": {
                "name": info.name,
                "state": source.state,
                "words": source.words,
                "detail": source.detail,
                "for_s": round(now - source.since, 2),
                "rate": float(info.rate),
                "width": info.width,
                "height": info.height,
                "generation": info.generation,
                "deinterlaced": info.deinterlaced,
                "timecode": next((note for note in info.notes if note.startswith("timecode: ")), ""),
                "faults": asdict(faults_of(self._source)),
            },
            "faces": [
                {"id": face.id, "name": face.name, "performer": face.performer, "source_age": face.source_age,
                 "target_age": face.target_age, "likeness": face.likeness, "pinned": face.pinned,
                 "strength": round(face.strength, 3), "reasons": list(face.reasons)}
                for face in self._aging.faces
            ],
            "engine": {"state": engine.state, "detail": engine.detail, "for_s": round(now - engine.since, 2)},
            **{name: report() for name, report in self.beside.items()},
        }

    def stuck(self) -> float:
        """Seconds that engine or encoder have been on one frame; 0 while they work as they should."""
        now = self.clock()
        engine = self._aging.state(now)
        return max(now - engine.since if engine.state == "stalled" else 0.0, self.feed.stuck(now))

    def snapshot(self) -> dict[str, Any]:
        """State, statistics and viewers as plain values for JSON."""
        return {**self.stats.snapshot(self.clock()), "state": self.state(), "viewers": self.feed.report()}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        self._capture.work(self._stopping)
        if self.settings.stop_at_end:
            self._over.set()

    def _watch(self, frame: Frame, now: float) -> None:
        """The camera's picture goes on, with words in place of the aged one, while the engine is stuck."""
        pair = self._aging.stalled_pair(frame, now)
        if pair is not None:
            self._tell(self._followers, pair)
            self.feed.put(pair)

    def _give(self, pair: Pair) -> None:
        self._tell(self._listeners, pair)
        self.feed.put(pair)

    def _tell(self, listeners: tuple[Callable[[Pair], None], ...], pair: Pair) -> None:
        """What fails beside the picture does not stop the picture; logged once for each listener."""
        for listener in listeners:
            try:
                listener(pair)
            except Exception as error:
                if id(listener) not in self._broken:
                    self._broken.add(id(listener))
                    log.error("%s failed at frame %d: %s: %s", type(listener).__name__, pair.clean.number,
                              type(error).__name__, error, exc_info=error)
