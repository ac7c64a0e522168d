"""Whether the engine will get to a frame before a newer one is ready. Decisions only: time is passed in, in seconds."""

from collections import deque

_LAST = 8
"""Frames by whose times those of the next ones are foreseen."""


class Foresight:
    """Spares looking for faces in frames that would be replaced before the engine could take them.

    The engine thread says when it begins and ends a frame, the capture thread how long looking took. What is foreseen
    errs towards looking: the engine counts as fast as it lately was at its best, looking as slow as at its worst.
    """

    def __init__(self) -> None:
        self._looks: deque[float] = deque(maxlen=_LAST)
        self._works: deque[float] = deque(maxlen=_LAST)
        self._begun: float | None = None

    def begin(self, now: float) -> None:
        """The engine has taken a frame."""
        self._begun = now

    def end(self, now: float) -> None:
        """The engine is done with it."""
        begun, self._begun = self._begun, None
        if begun is not None:
            self._works.append(now - begun)

    def looked(self, seconds: float) -> None:
        """Looking at a frame took so long."""
        self._looks.append(seconds)

    def in_vain(self, now: float, period: float, *, waiting: bool) -> bool:
        """Whether a frame that comes now would be replaced by the next, which comes a `period` later.

        waiting: an earlier one still waits for the engine.
        """
        if len(self._looks) < _LAST or len(self._works) < _LAST:
            return False
        begun, work = self._begun, min(self._works)
        ready = now + max(self._looks)
        free = now if begun is None else begun + work
        taken = free + work if waiting and ready > free else free
        return ready + period < taken
