"""One viewer: what it wants, its one slot, how much may be under way. Time is passed in; any thread may call."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from playingage.live.encode import Jpeg
from playingage.live.pair import Pair

Pictures = Literal["both", "camera", "aged", "none"]
_NAMES: dict[Pictures, tuple[str, ...]] = {
    "both": ("camera", "aged"),
    "camera": ("camera",),
    "aged": ("aged",),
    "none": (),
}
_LEAD_MOST = 0.08
"""Seconds that linked monitors wait for each other, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a viewer shows now.

    short_side: device pixels of the shorter side of one picture on its screen. linked: one of several single monitors
    that show the same frame at the same time. `none` (a hidden or frozen page) costs nothing.
    """

    pictures: Pictures = "both"
    short_side: int = 1080
    linked: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The pictures wanted, the camera's first."""
        return _NAMES[self.pictures]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivery:
    """A pair ready for one viewer. `show_at`: when to draw it (run's clock, seconds), None for at once."""

    pair: Pair
    pictures: dict[str, Jpeg]
    encoded: float
    show_at: float | None = None


class Viewer:
    """Flow control for one viewer. `wake` is called, from the encoder thread, when something new waits.

    Drop rule: the slot holds one delivery; a newer one replaces it. At most `in_flight` deliveries are unacknowledged;
    until the viewer acknowledges, newer ones replace the waiting one. Every frame so lost is counted in `dropped`.
    """

    def __init__(self, name: str, *, in_flight: int, stalled_after: float, wake: Callable[[], None]) -> None:
        self.name = name
        self._limit, self._stalled_after, self._wake = in_flight, stalled_after, wake
        self._lock = threading.Lock()
        self._want = Want(pictures="none")
        self._slot: Delivery | None = None
        self._under_way: dict[int, Delivery] = {}
        self._full_since: float | None = None
        self._lag = 0.0
        self.sent = self.shown = self.dropped = 0
        self.last_delay: float | None = None

    @property
    def want(self) -> Want:
        """What the viewer asked for last."""
        return self._want

    def ask(self, want: Want) -> None:
        """The viewer wants something else from the next pair on; what waited for it is let go (not counted)."""
        with self._lock:
            self._want = want
            self._slot = None

    def wanted(self, now: float) -> Want | None:
        """What to encode for this viewer, or None while it wants nothing or has long not acknowledged."""
        with self._lock:
            if not self._want.names:
                return None
            stalled = self._full_since is not None and now - self._full_since > self._stalled_after
            return None if stalled else self._want

    @property
    def has_room(self) -> bool:
        """True when a delivery would be sent at once."""
        with self._lock:
            return len(self._under_way) < self._limit and self._slot is None

    @property
    def lag(self) -> float:
        """Seconds this viewer lately needed from the offer until its picture was ready to be drawn."""
        return self._lag

    def offer(self, delivery: Delivery) -> bool:
        """Put a delivery in the slot. True when a waiting one was dropped for it."""
        with self._lock:
            dropped = self._slot is not None
            self._slot = delivery
            self.dropped += dropped
        self._wake()
        return dropped

    def miss(self) -> None:
        """A pair passed by that this viewer wanted and could not take."""
        self.dropped += 1

    def next(self, now: float) -> Delivery | None:
        """The delivery to send now, if there is one and the viewer has room; it counts as under way from here on."""
        with self._lock:
            if self._slot is None or len(self._under_way) >= self._limit:
                return None
            delivery, self._slot = self._slot, None
            self._under_way[delivery.pair.serial] = delivery
            if len(self._under_way) >= self._limit:
                self._full_since = now
            self.sent += 1
            return delivery

    def acknowledge(self, serial: int, *, ready: float | None = None, shown: float | None = None) -> Delivery | None:
        """The viewer is done with a pair: drawn at `shown`, or skipped (None), which counts as dropped.

        `ready` and `shown` are seconds of the run's clock. Returns the delivery, or None for a serial not under way.
        """
        with self._lock:
            delivery = self._under_way.pop(serial, None)
            if delivery is None:
                return None
            self._full_since = None
            if shown is None:
                self.dropped += 1
            else:
                self.shown += 1
                self.last_delay = shown - delivery.pair.captured
            if ready is not None:
                lag = min(_LEAD_MOST, max(0.0, ready - delivery.encoded))
                self._lag += (lag - self._lag) * (0.5 if lag > self._lag else 0.05)
        self._wake()
        return delivery

    def report(self) -> dict[str, Any]:
        """Plain values for JSON."""
        with self._lock:
            return {
                "name": self.name,
                "pictures": self._want.pictures,
                "short_side": self._want.short_side,
                "sent": self.sent,
                "shown": self.shown,
                "dropped": self.dropped,
                "under_way": len(self._under_way),
                "delay_ms": None if self.last_delay is None else round(self.last_delay * 1000, 1),
            }
