"""Twelve hours of a source in seconds: no drift, no jump."""

from fractions import Fraction

from media.clips import frames_of, info_of
from playingage.core import SourceLostError, Timecode
from playingage.frames import Frame
from playingage.media import LabelledSource, ReconnectingSource, SourceInfo, faults_of
from playingage.media.base import SourceBase
from playingage.media.counting import Faults, FrameCounter

RATE = Fraction(4)
HOURS = 12
HOUR = 3600 * 4
DAY = 24 * HOUR
AHEAD = 60e-6
"""The sender's clock runs by this much too fast."""
BEGIN = 20 * 3600.0
"""Time of day at the start: the day ends while it runs."""
PIXELS = frames_of(1)[0].pixels


class World:
    """The one clock of a test, and what the sender has sent: frame n stands for `n / RATE` seconds of its own clock."""

    def __init__(self) -> None:
        self.sent = 0
        self.connections = 0

    @property
    def now(self) -> float:
        """Our clock, in seconds from the start."""
        return float(self.sent / RATE) * (1 - AHEAD)


class Sender(SourceBase):
    """One connection to a sender with MPEG-TS times that begin anew with each; it breaks off every hour."""

    def __init__(self, world: World) -> None:
        world.connections += 1
        self.world, self.first = world, world.sent
        self.counter = FrameCounter(RATE, Fraction(1, 90000))

    @property
    def info(self) -> SourceInfo:
        return info_of(None, rate=RATE)

    @property
    def faults(self) -> Faults:
        return self.counter.faults

    def read(self) -> Frame | None:
        world = self.world
        world.sent += 1
        if world.sent % 1201 == 0:  # every five minutes a frame is lost, every half an hour a second
            world.sent += 4 if world.sent % (6 * 1201) == 0 else 1
        if world.sent - self.first > HOUR:
            world.sent += 240  # away for a minute
            raise SourceLostError("gone")
        place = self.counter.take((world.sent - self.first) / RATE, world.now)
        assert place is not None
        return Frame(pixels=PIXELS, number=place.number, rate=RATE, pts=place.seconds, captured=world.now)

    def close(self) -> None:
        pass


def test_twelve_hours_bring_no_drift_and_no_jump() -> None:
    world = World()
    live = ReconnectingSource(lambda: Sender(world), first_wait_s=0.0, most_wait_s=0.0, clock=lambda: world.now)
    source = LabelledSource(live, clock=lambda captured: (BEGIN + captured) % 86400)
    before: tuple[int, int, Timecode] | None = None
    begun, losses = Timecode.of_day(BEGIN, RATE).frame, 0
    while world.sent < HOURS * HOUR:
        try:
            frame = source.read()
        except SourceLostError:
            losses += 1
            continue
        assert frame is not None
        assert frame.timecode is not None
        if before is not None:
            sent, number, label = before
            missing = world.sent - sent
            step = frame.number - number
            # A loss of a connection is told by our clock, to a frame; any other to the frame exactly.
            assert step == missing or (missing > 240 and abs(step - missing) <= 1)
            assert (frame.timecode.frame - label.frame) % DAY == step
        before = (world.sent, frame.number, frame.timecode)
    assert before is not None
    assert losses == world.connections - 1 == HOURS - 1
    assert faults_of(source).jumps == faults_of(source).late == faults_of(source).changes == 0
    assert faults_of(source).lost > 140
    away = before[2].frame - (begun + world.now * RATE) % DAY
    assert abs(float(away / RATE)) < AHEAD * HOURS * 3600 + 2  # the sender's drift, and a frame for each connection
