"""Hands each pair to the viewers, encoded once for every size wanted now."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from playingage.core import PlayingAgeError
from playingage.frames import Frame
from playingage.live.encode import Jpeg, black_like, encode_pictures, scaled_size
from playingage.live.mailbox import Mailbox
from playingage.live.pair import Pair
from playingage.live.settings import LiveSettings
from playingage.live.stats import LiveStats
from playingage.live.viewer import Delivery, Viewer, Want

__all__ = ["Delivery", "Feed"]
log = logging.getLogger(__name__)
Size = tuple[int, int]
"""Width and height in pixels."""


class Feed:
    """The encoder thread's work and the list of viewers. Joining and leaving may be done from any thread."""

    def __init__(self, settings: LiveSettings, stats: LiveStats, clock: Callable[[], float]) -> None:
        self._settings, self._stats, self._clock = settings, stats, clock
        self._slot: Mailbox[Pair] = Mailbox()
        self._lock = threading.Lock()
        self._viewers: list[Viewer] = []
        self._joined = self._newest = self._failures = 0
        self._begun: float | None = None

    def join(self, wake: Callable[[], None]) -> Viewer:
        """A new viewer, which wants nothing yet. Raises `PlayingAgeError` when all places are taken."""
        with self._lock:
            if len(self._viewers) >= self._settings.max_viewers:
                raise PlayingAgeError(
                    f"all {self._settings.max_viewers} places for viewers are taken", "Close another page."
                )
            self._joined += 1
            viewer = Viewer(
                f"viewer {self._joined}",
                in_flight=self._settings.in_flight,
                stalled_after=self._settings.stalled_after,
                wake=wake,
                lost=lambda: self._stats.drop("viewer"),
            )
            self._viewers.append(viewer)
            return viewer

    def leave(self, viewer: Viewer) -> None:
        """The viewer is gone; may be called twice."""
        with self._lock:
            if viewer in self._viewers:
                self._viewers.remove(viewer)
        viewer.let_go()

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """Those who watch now."""
        with self._lock:
            return tuple(self._viewers)

    def put(self, pair: Pair) -> None:
        """Leave the newest pair; one not yet taken by the encoder is dropped and counted as `engine`.

        Called by the engine thread, and the capture thread while that is stuck: an older pair never follows a newer.
        """
        with self._lock:
            late = pair.serial < self._newest
            self._newest = max(self._newest, pair.serial)
        if late or self._slot.put(pair) is not None:
            self._stats.drop("engine")

    def close(self) -> None:
        """Wake the encoder thread for the last time."""
        self._slot.close()

    def work(self, stopping: threading.Event) -> None:
        """Encoder thread: encode and hand out until `stopping`."""
        while not stopping.is_set():
            pair = self._slot.take(0.5)
            if pair is None:
                continue
            self._begun = self._clock()
            try:
                self.hand_out(pair)
            except Exception as error:
                self._fail(error)
            else:
                self._recover()
            finally:
                self._begun = None

    def stuck(self, now: float) -> float:
        """Seconds that the encoder thread has been on one pair."""
        begun = self._begun
        return 0.0 if begun is None else now - begun

    def _fail(self, error: Exception) -> None:
        """This pair is lost to all; the next one is tried anew. Logged when it begins, not for each."""
        self._stats.drop("encoder")
        if self._failures == 0:
            log.error("the pictures of a frame cannot be compressed: %s: %s", type(error).__name__, error,
                      exc_info=error)
        self._failures += 1

    def _recover(self) -> None:
        if self._failures:
            log.warning("pictures are compressed again, after %d lost", self._failures)
            self._failures = 0

    def hand_out(self, pair: Pair) -> None:
        """Encode `pair` for all who want it, each size once, and put it in their slots."""
        begun = self._clock()
        wants = [(viewer, want) for viewer in self.viewers if (want := viewer.claim(begun)) is not None]
        linked = [(viewer, want) for viewer, want in wants if want.linked]
        if not all(viewer.has_room for viewer, _ in linked):
            for viewer, _ in linked:
                viewer.miss()
            wants = [(viewer, want) for viewer, want in wants if not want.linked]
            linked = []
        if not wants:
            return
        encoded = self._encode(pair, [want for _, want in wants])
        now = self._clock()
        self._stats.work("encode", now - begun, now)
        self._stats.delay("encoded", now - pair.captured, now)
        self._stats.count("encoded", now)
        show_at = now + max((viewer.lag for viewer, _ in linked), default=0.0) if len(linked) > 1 else None
        for viewer, want in wants:
            pictures = {name: encoded[_size(pair, want), _source(pair, name)] for name in want.names}
            delivery = Delivery(pair=pair, pictures=pictures, encoded=now, show_at=show_at if want.linked else None)
            viewer.offer(delivery)

    def _encode(self, pair: Pair, wants: Sequence[Want]) -> dict[tuple[Size, str], Jpeg]:
        """Every picture that is wanted in the sizes in which it is, each once; those of one size together."""
        needed: dict[Size, dict[str, Frame]] = {}
        for want in wants:
            frames = needed.setdefault(_size(pair, want), {})
            for name in want.names:
                source = _source(pair, name)
                if source not in frames:
                    frames[source] = pair.clean if source == "camera" else pair.aged or black_like(pair.clean)
        return {
            (size, source): jpeg for size, frames in needed.items() for source, jpeg in
            zip(frames, encode_pictures(list(frames.values()), size, self._settings.quality), strict=True)
        }

    def report(self) -> Sequence[dict[str, Any]]:
        """Plain values of every viewer for JSON."""
        return [viewer.report() for viewer in self.viewers]


def _size(pair: Pair, want: Want) -> Size:
    return scaled_size(pair.clean.width, pair.clean.height, want.short_side)


def _source(pair: Pair, name: str) -> str:
    """The picture that is encoded for it: where both are the same, the camera's serves both."""
    return "camera" if pair.same else name
