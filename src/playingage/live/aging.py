"""The engine thread: one frame in, one pair out, whatever the engine does."""

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live.direction import Direction
from playingage.live.mailbox import Mailbox
from playingage.live.pair import Pair, View, clean_picture, failed, judge, same_picture
from playingage.live.ports import FaceNote, Job, Reaged, Reager, TwoStepReager
from playingage.live.settings import LiveSettings
from playingage.live.stage import Orders
from playingage.live.stats import LiveStats

log = logging.getLogger(__name__)
_MOST_REMEMBERED = 100
_TOO_LONG = 1.0
"""Seconds on one frame after which the engine is said to stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineState:
    """`state`: idle, working, failed. `since`: run's clock, seconds. `detail` is the failure."""

    state: str
    since: float
    detail: str = ""


class Aging:
    """Owns the re-ager. Every frame it takes becomes a pair: an exception of the engine makes a pair that says so.

    The engine is tried anew on each frame. A failure is logged when it is first met, not for each frame.
    """

    def __init__(
        self, reager: Reager | TwoStepReager, settings: LiveSettings, stats: LiveStats, clock: Callable[[], float],
        direction: Direction,
    ) -> None:
        self._reager, self._settings, self._stats, self._clock = reager, settings, stats, clock
        self._direction = direction
        self._serials = itertools.count(1)
        self._held: Frame | None = None
        self._known: set[str] = set()
        self._failures = 0
        self._state = EngineState(state="idle", since=clock())
        self._begun: float | None = None
        self._looking: float | None = None
        self._faces: tuple[FaceNote, ...] = ()

    @property
    def faces(self) -> tuple[FaceNote, ...]:
        """The faces of the last frame that was re-aged."""
        return self._faces

    def state(self, now: float) -> EngineState:
        """How the engine does; `stalled` with one frame in work for over a second."""
        for begun, what in ((self._begun, "one frame"), (self._looking, "looking for faces")):
            if begun is not None and now - begun > _TOO_LONG:
                return EngineState(state="stalled", since=begun, detail=f"{what} has taken over a second")
        return self._state

    def look(self, frame: Frame) -> Job:
        """Capture thread: the first step of a re-ager that has two. What it fails with is the engine's failure."""
        if not isinstance(self._reager, TwoStepReager):
            return Job(frame)
        begun = self._looking = self._clock()
        try:
            job = Job(frame, looked=self._reager.look(frame))
        except Exception as error:
            return Job(frame, error=error)
        finally:
            self._looking = None
        now = self._clock()
        self._stats.work("look", now - begun, now)
        return job

    def work(self, slot: Mailbox[Job], give: Callable[[Pair], None], stopping: threading.Event) -> None:
        """Engine thread: take frames from `slot`, `give` pairs, until `stopping`."""
        while not stopping.is_set():
            job = slot.take(0.5)
            if job is not None:
                give(self.pair(job))

    def stalled_pair(self, frame: Frame, now: float) -> Pair | None:
        """The pair of a frame that came while the engine is stuck on an earlier one, and says so. From any thread."""
        if self.state(now).state != "stalled":
            return None
        orders, held = self._direction.orders(frame), self._fit(frame)
        common = self._common(frame, orders, now)
        if orders.ask.clean:
            return Pair(aged=frame, verdict=clean_picture(), **common)
        words = "ENGINE STARTING" if self._state.state == "idle" else "ENGINE STANDS STILL"
        return Pair(aged=held, verdict=failed(held, words), **common)

    def _common(self, frame: Frame, orders: Orders, now: float) -> dict[str, Any]:
        """What every pair of a frame holds, whatever becomes of it."""
        return {
            "serial": next(self._serials), "clean": frame, "age": orders.ask.age, "ask": orders.ask,
            "state": orders.state, "captured": now if frame.captured is None else frame.captured,
        }

    def _fit(self, frame: Frame) -> Frame | None:
        """The aged picture to show in place of the one not made for `frame`, if settings and size allow it."""
        held = self._held if self._settings.on_failure == "last" else None
        return held if held is not None and held.pixels.shape == frame.pixels.shape else None

    def pair(self, job: Job) -> Pair:
        """The pair of one frame; never raises for what the engine does."""
        frame, begun = job.frame, self._clock()
        orders = self._direction.orders(frame)
        common = self._common(frame, orders, begun)
        if orders.ask.clean:
            return Pair(aged=frame, verdict=clean_picture(), **common)
        self._begun = begun
        try:
            reaged = self._reage(job, orders.ask)
            if reaged.frame.number != frame.number or reaged.frame.pixels.shape != frame.pixels.shape:
                raise ValueError(f"frame {frame.number} came back from the engine as another one")
            faces, reasons = tuple(reaged.faces), {str(each) for face in reaged.faces for each in face.reasons}
            verdict = judge(faces, orders.ask.age)
        except Exception as error:
            return self._fail(error, common)
        finally:
            self._begun = None
        now = self._clock()
        self._stats.work("engine", now - begun, now)
        self._stats.count("processed", now)
        self._recover(now)
        self._faces = faces
        for reason in reasons:
            self._stats.fade(reason)
        if verdict.view is View.NO_FACE:
            aged = frame if same_picture(frame, reaged.frame) else reaged.frame
        else:
            aged = self._held = reaged.frame
        return Pair(aged=aged, verdict=verdict, faces=faces, matte=reaged.matte, **common)

    def _reage(self, job: Job, ask: Ask) -> Reaged:
        if job.error is not None:
            raise job.error
        if isinstance(self._reager, TwoStepReager):
            return self._reager.reage(job.looked, ask)
        return self._reager.process(job.frame, ask)

    def _fail(self, error: Exception, common: dict[str, Any]) -> Pair:
        now = self._clock()
        text = f"{type(error).__name__}: {error}"
        self._failures += 1
        self._stats.count("failed", now)
        if self._state.state != "failed":
            self._state = EngineState(state="failed", since=now, detail=text)
        if text not in self._known and len(self._known) < _MOST_REMEMBERED:
            self._known.add(text)
            log.error("engine failed: %s", text, exc_info=error)
        held = self._fit(common["clean"])
        return Pair(aged=held, verdict=failed(held), **common)

    def _recover(self, now: float) -> None:
        if self._state.state == "failed":
            log.warning("engine works again after %d failed frames, %.1f s", self._failures, now - self._state.since)
            self._failures = 0
        if self._state.state != "working":
            self._state = EngineState(state="working", since=now)
