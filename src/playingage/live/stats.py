"""What the live path measured: delays, rates and drops. Time is passed in; safe to call from any thread."""

import threading
from collections import Counter, deque
from typing import Any

_BINS = 2001
_MOST = 8192
DELAYS = ("encoded", "sent", "shown")
"""Delays from capture: until the JPEG pair stands, until it is handed to the socket, until a page has drawn it."""
PLACES = ("source", "capture", "engine", "encoder", "viewer")
"""Where frames are lost: missing at the source; replaced before the engine took them, or the encoder; not to be
compressed; replaced before a viewer took them."""


class _Series:
    """Values of the last `window` seconds, and a histogram of milliseconds over the run (last bin: 2 s and more)."""

    def __init__(self, window: float) -> None:
        self.window = window
        self.recent: deque[tuple[float, float]] = deque(maxlen=_MOST)
        self.bins = [0] * _BINS
        self.count = 0
        self.most = 0.0

    def add(self, value: float, now: float) -> None:
        self.recent.append((now, value))
        self.bins[min(_BINS - 1, max(0, round(value * 1000)))] += 1
        self.count += 1
        self.most = max(self.most, value)

    def trim(self, now: float) -> list[float]:
        while self.recent and self.recent[0][0] < now - self.window:
            self.recent.popleft()
        return sorted(value for _, value in self.recent)

    def overall(self, share: float) -> float:
        """The given share's quantile over the whole run in milliseconds, to one millisecond."""
        left = share * self.count
        for millisecond, number in enumerate(self.bins):
            left -= number
            if left <= 0:
                return float(millisecond)
        return float(_BINS - 1)

    def report(self, now: float) -> dict[str, float | int | None]:
        values = self.trim(now)
        if not self.count:
            return {
                "p50_ms": None,
                "p95_ms": None,
                "p99_ms": None,
                "run_p50_ms": None,
                "run_p95_ms": None,
                "run_p99_ms": None,
                "run_max_ms": None,
                "count": 0,
            }
        return {
            "p50_ms": _quantile(values, 0.5),
            "p95_ms": _quantile(values, 0.95),
            "p99_ms": _quantile(values, 0.99),
            "run_p50_ms": self.overall(0.5),
            "run_p95_ms": self.overall(0.95),
            "run_p99_ms": self.overall(0.99),
            "run_max_ms": round(self.most * 1000, 1),
            "count": self.count,
        }


def _quantile(values: list[float], share: float) -> float | None:
    return round(values[min(len(values) - 1, int(share * len(values)))] * 1000, 1) if values else None


class LiveStats:
    """Delays (median, 95th and 99th percentile, in a sliding window and over the run), rates, drops for each place."""

    def __init__(self, window: float, started: float) -> None:
        self._lock = threading.Lock()
        self._window = window
        self._started = started
        self._delays = {name: _Series(window) for name in DELAYS}
        self._work = {name: _Series(window) for name in ("look", "engine", "encode")}
        self._ticks: dict[str, deque[float]] = {}
        self._totals: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter(dict.fromkeys(PLACES, 0))
        self._faded: Counter[str] = Counter()
        self._clock_error: float | None = None

    def count(self, what: str, now: float) -> None:
        """One more of `what` (captured, processed, encoded, sent, shown, failed): total, and rate in the window."""
        with self._lock:
            self._totals[what] += 1
            self._ticks.setdefault(what, deque(maxlen=_MOST)).append(now)

    def drop(self, place: str, number: int = 1) -> None:
        """`number` frames were dropped at `place`, one of PLACES."""
        assert place in PLACES
        with self._lock:
            self._dropped[place] += number

    def fade(self, reason: str) -> None:
        """One more frame in which a face got less of the change than asked, for `reason`."""
        with self._lock:
            self._faded[reason] += 1

    def delay(self, name: str, seconds: float, now: float) -> None:
        """A frame reached the stage `name`, one of DELAYS, `seconds` after its capture."""
        with self._lock:
            self._delays[name].add(seconds, now)

    def work(self, name: str, seconds: float, now: float) -> None:
        """A stage (`look`, `engine` or `encode`) took `seconds` for one frame."""
        with self._lock:
            self._work[name].add(seconds, now)

    def clock_error(self, seconds: float) -> None:
        """The newest bound on the error of a page's clock, which is that of the delay to display."""
        with self._lock:
            self._clock_error = seconds

    @property
    def upstream_drops(self) -> int:
        """Frames lost before any viewer could get them."""
        with self._lock:
            return sum(self._dropped[place] for place in PLACES if place != "viewer")

    def _rate(self, what: str, now: float) -> float:
        ticks = self._ticks.get(what)
        if not ticks:
            return 0.0
        while ticks and ticks[0] < now - self._window:
            ticks.popleft()
        return round(len(ticks) / max(0.5, min(self._window, now - self._started)), 2)

    def snapshot(self, now: float) -> dict[str, Any]:
        """Everything as plain values for JSON: milliseconds, frames a second, counts."""
        with self._lock:
            rates = {what: self._rate(what, now) for what in self._ticks}
            return {
                "seconds": round(now - self._started, 2),
                "window_s": self._window,
                "fps": rates,
                "totals": dict(self._totals),
                "dropped": dict(self._dropped),
                "faded": dict(self._faded),
                "delay": {name: series.report(now) for name, series in self._delays.items()},
                "work": {name: series.report(now) for name, series in self._work.items()},
                "clock_error_ms": None if self._clock_error is None else round(self._clock_error * 1000, 2),
            }


def line(snapshot: dict[str, Any]) -> str:
    """One log line out of a snapshot."""

    def milliseconds(name: str) -> str:
        report = snapshot["delay"][name]
        return "-" if report["p50_ms"] is None else f"{report['p50_ms']:.0f}/{report['p95_ms']:.0f}"

    dropped = ", ".join(f"{place} {number}" for place, number in snapshot["dropped"].items())
    return (
        f"{snapshot['fps'].get('processed', 0.0):.1f} fps; delay p50/p95 ms: encoded {milliseconds('encoded')}, "
        f"sent {milliseconds('sent')}, shown {milliseconds('shown')}; dropped: {dropped}"
    )
