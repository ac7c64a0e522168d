"""Footage read in order: shots told apart, and of each second some frames handed on to be looked at."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from playingage.archive.shots import LAG, ShotFinder
from playingage.frames import Frame
from playingage.media import Source

_LONGEST = 60.0
"""Seconds after which a long take is cut into parts, so that work can be put aside."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """A frame to be looked at. begins: the first of a shot (or of a part of a long one)."""

    frame: Frame
    begins: bool


def scan(source: Source, looks: float) -> Iterator[Sight]:
    """Every shot's first frame, then `looks` frames a second.

    What is yielded depends on nothing before the running shot: begun anew at a shot's start it is the same.
    """
    rate = source.info.rate
    step = max(1, round(rate / looks))
    longest = round(_LONGEST * rate)
    finder = ShotFinder(rate)
    waiting: deque[Frame] = deque()
    cuts: set[int] = set()
    start: int | None = None

    def sights(*, least: int) -> Iterator[Sight]:
        nonlocal start, finder
        while len(waiting) > least:
            frame = waiting[0]
            begins = start is None or frame.number in cuts or frame.number - start >= longest
            if begins and start is not None:
                finder = ShotFinder(rate)
                cuts.clear()
                for each in waiting:
                    cuts.update(finder.feed(each))
            if begins:
                start = frame.number
            waiting.popleft()
            if start is not None and (frame.number - start) % step == 0:
                yield Sight(frame=frame, begins=begins)

    while (frame := source.read()) is not None:
        cuts.update(finder.feed(frame))
        waiting.append(frame)
        yield from sights(least=LAG)
    yield from sights(least=0)
