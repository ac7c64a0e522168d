"""The thread of one output: connects, keeps a constant rate, connects again after the other side was gone."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from playingage.core import MediaError
from playingage.live.mailbox import Mailbox
from playingage.live.output_pace import Pace
from playingage.live.output_pictures import Composer, Eight
from playingage.live.pair import Pair
from playingage.live.worker import Worker
from playingage.media.output import Line

log = logging.getLogger(__name__)
FIRST_WAIT_S, MOST_WAIT_S = 0.5, 10.0
"""Waits before an output is connected again: the first, and the longest; each is twice as long as the one before."""
_STEADY_S = 5.0
"""Seconds after which a connection counts as good, so that the next wait is the first again."""
HELD_S = 1.0
"""Seconds without a picture after which the repeated one says why."""
_CATCH_UP_S = 0.5
"""At most so many seconds of repeated pictures are sent at once to make up for a receiver that was slow."""
_QUICK, _STEPS = 0.5, 4
"""Part of a frame within which pictures must go out for that, on a running average over about so many."""
_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineState:
    """state: starting, live, waiting (for the receiver), stopped. since: clock's seconds. words: why, for a person."""

    state: str
    since: float
    words: str = ""


class OutputThread:
    """Owns one output. `put` may be called from any thread and never waits; newest wins.

    While the output is live, what is replaced there, or came second in a tick, is counted as dropped.
    shows, address: for people. why_held: what to say when no picture comes any more.
    """

    def __init__(
        self, shows: str, address: str, line: Line, composer: Composer, rate: Fraction, *,
        why_held: Callable[[], str], clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shows, self._address, self._line, self._composer = shows, address, line, composer
        self._rate, self._why_held, self._clock = rate, why_held, clock
        self._slot: Mailbox[tuple[Pair, float]] = Mailbox()
        self._stopping = threading.Event()
        self._state = LineState(state="starting", since=clock(), words="connecting")
        self._took = 0.0
        self._sent: deque[float] = deque(maxlen=1024)
        self._dropped = self._repeated = self._pictures = self._losses = 0
        self._worker = Worker(f"output {shows} {address}", self._work, lambda: None)

    def start(self) -> None:
        """Start the thread; once."""
        self._worker.start()

    def put(self, pair: Pair) -> None:
        """Leave a pair for the output."""
        if self._slot.put((pair, self._clock())) is not None and self._state.state == "live":
            self._dropped += 1

    def stop(self) -> None:
        """Tell the thread to end."""
        self._stopping.set()
        self._slot.close()

    def abort(self) -> None:
        """Break off what the thread waits for."""
        self._line.abort()

    def join(self, timeout: float) -> bool:
        """Wait for the thread's end; raises what it died of. False when it still runs."""
        ended = self._worker.join(timeout)
        if self._worker.error is not None:
            error, self._worker.error = self._worker.error, None
            raise error
        return ended

    def report(self) -> dict[str, Any]:
        """How the output does: plain values for JSON, without secrets."""
        now, state = self._clock(), self._state
        recent = [at for at in tuple(self._sent) if at > now - _WINDOW_S]
        span = min(_WINDOW_S, max(1.0, now - state.since))
        return {
            "shows": self._shows, "address": self._address, "state": state.state, "words": state.words,
            "for_s": round(now - state.since, 2), "rate": str(self._rate),
            "fps": round(len(recent) / span, 2) if state.state == "live" else 0.0, "pictures": self._pictures,
            "repeated": self._repeated, "dropped": self._dropped, "losses": self._losses,
        }

    def _work(self) -> None:
        wait = FIRST_WAIT_S
        try:
            while not self._stopping.is_set():
                try:
                    self._line.connect()
                    self._change("live")
                    self._serve()
                except MediaError as error:
                    if self._state.state == "live":
                        self._losses += 1
                        wait = FIRST_WAIT_S if self._clock() - self._state.since > _STEADY_S else wait
                    self._change("waiting", error.what.removeprefix(f"{self._address}: "))
                    self._stopping.wait(wait)
                    wait = min(2 * wait, MOST_WAIT_S)
        finally:
            self._line.close()
            self._change("stopped")

    def _serve(self) -> None:
        """Send pictures until told to stop. Raises UnwritableError when the other side is gone."""
        item = None
        while item is None:
            if self._stopping.is_set():
                return
            item = self._slot.take(0.25)
        pace = Pace(self._rate, item[1])
        last_at = item[1]
        while not self._stopping.is_set():
            if item is not None:
                last_at = item[1]
                self._new(pace, *item)
            elif self._clock() >= pace.due:
                self._again(pace, held=self._clock() - last_at > HELD_S)
            item = self._slot.take(max(0.0, pace.due - self._clock()))

    def _new(self, pace: Pace, pair: Pair, came: float) -> None:
        tick = pace.place(came, follow=pair.clean.rate == self._rate)
        if tick is None:
            self._dropped += 1
            return
        while self._may_catch_up(float((tick - pace.next) / self._rate)):
            self._again(pace, held=False)
        self._send(pace, self._composer.picture(pair), tick)
        self._pictures += 1

    def _again(self, pace: Pace, *, held: bool) -> None:
        """Send the last picture once more; where the receiver is slow, time is left out."""
        behind = max(0.0, self._clock() - pace.due)
        tick = pace.next + (0 if self._may_catch_up(behind) else int(behind * self._rate))
        self._send(pace, self._composer.held(self._why_held()) if held else self._composer.again, tick)
        self._repeated += 1

    def _may_catch_up(self, behind: float) -> bool:
        """Whether so many seconds can be made up for with repeated pictures: little, and the receiver is quick."""
        return 0 < behind <= _CATCH_UP_S and self._took * float(self._rate) < _QUICK

    def _send(self, pace: Pace, pixels: Eight, tick: int) -> None:
        begun = self._clock()
        self._line.send(pixels, tick)
        self._took += (self._clock() - begun - self._took) / _STEPS
        pace.sent(tick)
        self._sent.append(self._clock())

    def _change(self, state: str, words: str = "") -> None:
        before = self._state
        if (before.state, before.words) == (state, words):
            return
        self._state = LineState(state=state, since=self._clock(), words=words)
        if state == "waiting":
            log.warning("output %s to %s waits: %s", self._shows, self._address, words)
        elif state == "live" and before.state == "waiting":
            log.warning("output %s to %s is back", self._shows, self._address)
        else:
            log.info("output %s to %s: %s", self._shows, self._address, state)
