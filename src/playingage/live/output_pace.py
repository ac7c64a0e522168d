"""Which picture of a steady stream a picture becomes. Decisions only: times are passed in, in seconds."""

from fractions import Fraction

EARLY = 0.35
"""A tick's span begins this part of a frame before the moment at which its picture is expected, and ends as long before
the next one's: pictures are late more often than early."""
_PULL = 0.005
"""How much of a picture's distance from its moment the moments are moved by."""


class Pace:
    """Counts the ticks of a constant rate, each with one picture: the one that came in its span, or the last one again.

    A picture is sent as soon as it comes: the tick is that in whose span it came. Of two in one span the second is left
    out.
    """

    def __init__(self, rate: Fraction, begun: float) -> None:
        self._rate, self._zero = float(rate), begun
        self.next = 0

    def place(self, came: float, *, follow: bool) -> int | None:
        """The tick of a picture that came at `came`, or None where that tick has been sent already.

        With `follow`, for pictures of the same rate, the moments are pulled to where pictures come: a camera whose
        clock runs a little faster or slower loses none. Pictures that come anywhere in a frame pull as often to one
        side as to the other, so that an engine that is too slow does not bend time.
        """
        at = (came - self._zero) * self._rate
        tick = int((at + EARLY) // 1)
        if tick < self.next:
            return None
        if follow:
            self._zero += _PULL * max(-EARLY, min(EARLY, at - round(at))) / self._rate
        return tick

    def sent(self, tick: int) -> None:
        """The picture of `tick` went out."""
        self.next = tick + 1

    @property
    def due(self) -> float:
        """When the span of the next tick ends: without a new picture, the last one is sent again then."""
        return self._zero + (self.next + 1 - EARLY) / self._rate
