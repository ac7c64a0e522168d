"""A run of frames on paper: looking in vain is spared, and no frame is lost by that."""

import random
from dataclasses import dataclass, field

import pytest

from playingage.live.foresight import Foresight

PERIOD = 1 / 24


@dataclass
class Played:
    """Looks, those whose frame was replaced, and of each frame aged the delay from its arrival to the engine's end."""

    looks: int = 0
    replaced: int = 0
    delays: list[float] = field(default_factory=list)


def play(foresight: Foresight | None, work: float, look: float, *, jitter: float = 0.0, frames: int = 2000) -> Played:
    """`frames` pictures by the live path's rules: one slot, newest wins, looking and re-ageing side by side."""
    chance, played = random.Random(7), Played()
    waiting: float | None = None
    free = ready = 0.0
    ends: float | None = None

    def engine(until: float) -> None:
        """What the engine does up to a time: it takes what waits as soon as it is free."""
        nonlocal waiting, free, ends
        while True:
            if ends is not None and ends <= until:
                if foresight is not None:
                    foresight.end(ends)
                free, ends = ends, None
            elif ends is None and waiting is not None and max(free, ready) <= until:
                begun = max(free, ready)
                if foresight is not None:
                    foresight.begin(begun)
                ends = begun + work * (1 + chance.uniform(-jitter, jitter))
                played.delays.append(ends - waiting)
                waiting = None
            else:
                return

    looked = 0.0
    for number in range(frames):
        arrived = number * PERIOD
        now = max(arrived, looked)
        engine(now)
        if foresight is not None and foresight.in_vain(now, PERIOD, waiting=waiting is not None):
            continue
        looked = now + look * (1 + chance.uniform(-jitter, jitter))
        if foresight is not None:
            foresight.looked(looked - now)
        engine(looked)
        played.looks += 1
        played.replaced += waiting is not None
        waiting, ready = arrived, looked
    return played


@pytest.mark.parametrize("work", [0.01, 0.025, 0.04])
def test_an_engine_that_keeps_up_gets_every_frame(work: float) -> None:
    played = play(Foresight(), work, 0.012, jitter=0.02)
    assert played.looks == 2000 and len(played.delays) >= 1998


@pytest.mark.parametrize("work", [0.05, 0.06, 0.075, 0.09, 0.2])
@pytest.mark.parametrize("jitter", [0.0, 0.15])
def test_one_that_does_not_gets_as_many_as_before_for_fewer_looks(work: float, jitter: float) -> None:
    before, now = play(None, work, 0.012, jitter=jitter), play(Foresight(), work, 0.012, jitter=jitter)
    assert before.replaced > 200
    assert now.replaced <= before.replaced * (0.02 if jitter == 0 else 0.8)
    assert len(now.delays) >= 0.99 * len(before.delays)
    later = sum(now.delays) / len(now.delays) - sum(before.delays) / len(before.delays)
    assert later <= (0.001 if jitter == 0 else 0.6 * PERIOD)


def test_one_that_was_slow_for_a_moment_is_not_kept_waiting() -> None:
    foresight = Foresight()
    for _ in range(8):
        foresight.looked(0.01)
        foresight.begin(0.0)
        foresight.end(0.02)
    foresight.begin(1.0)
    assert not foresight.in_vain(3.0, PERIOD, waiting=True)
    foresight.end(3.5)
    foresight.begin(4.0)
    assert not foresight.in_vain(4.001, PERIOD, waiting=False)
