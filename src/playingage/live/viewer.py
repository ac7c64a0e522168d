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
_STRAINED, _RELIEVED = 0.045, 0.03
"""Seconds a viewer's own work on a pair takes when it cannot keep up, and when it can again."""
_STALE = 0.1
"""Seconds after which a delivery that could not be sent is not worth sending."""


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
    """Flow control for one viewer. `wake`: there may be something to send. `lost`: called for each lost frame.

    Drop rule: the slot holds one delivery; a newer one replaces it, and one that waited for over 0.1 s is not sent any
    more. At most `in_flight` deliveries are unacknowledged, only one while the viewer is too slow for the pairs (a
    second would but wait there); until the viewer acknowledges, newer ones replace the waiting one. Every frame lost to
    a viewer that wants pictures is counted in `dropped`.
    """

    def __init__(
        self, name: str, *, in_flight: int, stalled_after: float, wake: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self.name = name
        self._limit, self._stalled_after, self._wake, self._lost = in_flight, stalled_after, wake, lost
        self._lock = threading.Lock()
        self._want = Want(pictures="none")
        self._slot: Delivery | None = None
        self._under_way: dict[int, Delivery] = {}
        self._full_since: float | None = None
        self._lag = self._work = 0.0
        self._strained = self._gone = False
        self.sent = self.shown = self.dropped = 0
        self.last_delay: float | None = None

    @property
    def want(self) -> Want:
        """What the viewer asked for last."""
        return self._want

    def ask(self, want: Want) -> None:
        """The viewer wants something else from the next pair on; what waited for it is let go (not counted).

        One that wanted nothing begins afresh: what it never acknowledged is forgotten.
        """
        with self._lock:
            if not self._want.names:
                self._under_way.clear()
                self._full_since = None
            self._want = want
            self._slot = None

    def claim(self, now: float) -> Want | None:
        """What to encode of a new pair for this viewer; None if nothing, or if it is long stalled (a loss)."""
        with self._lock:
            if not self._want.names:
                return None
            if self._full_since is None or now - self._full_since <= self._stalled_after:
                return self._want
        self.miss()
        return None

    @property
    def has_room(self) -> bool:
        """True when a delivery would be sent at once."""
        with self._lock:
            return not self._is_full() and self._slot is None

    @property
    def lag(self) -> float:
        """Seconds this viewer lately needed from the offer until its picture was ready to be drawn."""
        return self._lag

    def offer(self, delivery: Delivery) -> None:
        """Put a delivery in the slot; one that waited there is lost."""
        with self._lock:
            if self._gone:
                return
            replaced, self._slot = self._slot, delivery
        if replaced is not None:
            self.miss()
        self._wake()

    def let_go(self) -> None:
        """The viewer is gone: its pictures are let go at once, whoever still knows it; nothing more is taken."""
        with self._lock:
            self._gone, self._slot = True, None
            self._under_way.clear()

    def miss(self) -> None:
        """A frame passed by that this viewer wanted."""
        with self._lock:
            self.dropped += 1
        self._lost()

    def next(self, now: float) -> Delivery | None:
        """The delivery to send now, if there is a fresh one and the viewer has room; it is under way from here on."""
        with self._lock:
            if self._slot is None or self._is_full():
                return None
            delivery, self._slot = self._slot, None
            fresh = now - delivery.encoded <= _STALE
            if fresh:
                self._under_way[delivery.pair.serial] = delivery
                self.sent += 1
                if self._is_full():
                    self._full_since = now
        if not fresh:
            self.miss()
            return None
        return delivery

    def _is_full(self) -> bool:
        return len(self._under_way) >= (1 if self._strained else self._limit)

    def acknowledge(
        self, serial: int, *, came: float | None = None, ready: float | None = None, shown: float | None = None
    ) -> Delivery | None:
        """The viewer is done with a pair: drawn at `shown`, or skipped (None), which is a loss.

        It `came` to the viewer, was decoded and `ready`, was `shown`: seconds of the run's clock. Returns the
        delivery, or None for a serial not under way.
        """
        with self._lock:
            delivery = self._under_way.pop(serial, None)
            if delivery is None:
                return None
            self._full_since = None
            if shown is not None:
                self.shown += 1
            if ready is not None:
                lag = min(_LEAD_MOST, max(0.0, ready - delivery.encoded))
                self._lag += (lag - self._lag) * (0.5 if lag > self._lag else 0.05)
            if ready is not None and came is not None:
                self._work += (min(1.0, max(0.0, ready - came)) - self._work) * 0.2
                self._strained = self._work > (_RELIEVED if self._strained else _STRAINED)
        if shown is None:
            self.miss()
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
                "strained": self._strained,
                "delay_ms": None if self.last_delay is None else round(self.last_delay * 1000, 1),
            }
