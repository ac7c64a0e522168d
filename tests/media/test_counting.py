"""Numbers by the pictures' own times: losses show, jitter and drift do not, breaks are got over."""

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playingage.media.counting import Faults, FrameCounter, Place, standard_rate

RATES = tuple(
    Fraction(*parts) for parts in (
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1),
    )
)
TS, FLV = Fraction(1, 90000), Fraction(1, 1000)
PAL = Fraction(25)


def run(counter: FrameCounter, times: list[Fraction], *, late: float = 0.0) -> list[Place | None]:
    """Take pictures at these times; each arrives when it is due."""
    return [counter.take(t, float(t) + late) for t in times]


def grid(rate: Fraction, tick: Fraction, numbers: range) -> list[Fraction]:
    return [round(n / rate / tick) * tick for n in numbers]


@pytest.mark.parametrize("tick", [TS, FLV])
@pytest.mark.parametrize("rate", RATES)
def test_a_steady_source_is_numbered_without_gaps(rate: Fraction, tick: Fraction) -> None:
    counter = FrameCounter(rate, tick)
    places = run(counter, grid(rate, tick, range(3000)))
    assert [place.number for place in places if place] == list(range(3000))
    assert (counter.rate, counter.faults) == (rate, Faults())
    last = places[-1]
    assert last is not None
    assert last.seconds == grid(rate, tick, range(2999, 3000))[0]


@pytest.mark.parametrize("tick", [TS, FLV])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("said", [Fraction(25), Fraction(60000, 1001)])
def test_a_wrong_rate_is_put_right(rate: Fraction, tick: Fraction, said: Fraction) -> None:
    counter = FrameCounter(said, tick)
    run(counter, grid(rate, tick, range(1200)))
    assert counter.rate == rate


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from(RATES), tick=st.sampled_from([TS, FLV]),
    lost=st.sets(st.integers(1, 397), max_size=120),
)
def test_what_is_lost_leaves_its_numbers_out(rate: Fraction, tick: Fraction, lost: set[int]) -> None:
    counter = FrameCounter(rate, tick)
    here = [n for n in range(400) if n not in lost]
    places = run(counter, [round(n / rate / tick) * tick for n in here])
    numbers = [place.number for place in places if place]
    if counter.rate == rate:  # so regular a loss can look like another rate
        assert numbers == here
        assert counter.faults.lost == sum(b - a - 1 for a, b in itertools.pairwise(here))
    assert numbers == sorted(set(numbers))


def test_a_loss_of_a_second_or_a_minute_is_as_long_as_it_was() -> None:
    for pause in (25, 1500):
        counter = FrameCounter(PAL, TS)
        run(counter, grid(PAL, TS, range(100)))
        (place,) = run(counter, grid(PAL, TS, range(100 + pause, 101 + pause)))
        assert place == Place(number=100 + pause, seconds=(100 + pause) / PAL)
        assert counter.faults == Faults(lost=pause)


def test_a_sender_that_stood_still_goes_on_where_it_was() -> None:
    counter = FrameCounter(PAL, TS)
    run(counter, grid(PAL, TS, range(100)))
    (place,) = run(counter, grid(PAL, TS, range(100, 101)), late=60.0)
    assert place == Place(number=100, seconds=100 / PAL)


def test_late_and_repeated_pictures_are_left_out_and_counted() -> None:
    counter = FrameCounter(PAL, TS)
    order = [0, 1, 2, 4, 3, 4, 5, 5, 6, 2, 7]
    places = [counter.take(n / PAL, at / 25) for at, n in enumerate(order)]
    assert [place.number if place else None for place in places] == [0, 1, 2, 4, None, None, 5, None, 6, None, 7]
    assert counter.faults == Faults(lost=1, late=2, repeated=2)


@pytest.mark.parametrize("back", [Fraction(30), Fraction(2), Fraction(1, 2)])
def test_a_sender_that_begins_anew_is_followed(back: Fraction) -> None:
    """Its times go back and stay there; nothing is left out for longer than a third of a second."""
    counter = FrameCounter(PAL, TS)
    run(counter, grid(PAL, TS, range(1000)))
    places = [counter.take(40 - back + n / PAL, (1000 + n) / 25) for n in range(40)]
    seen = [place.number for place in places if place]
    assert len(seen) >= 31
    assert seen[0] >= 1000
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    assert seen[-1] in (1039, 1038, 1040)
    assert counter.faults.jumps == 1
    taken = [place for place in places if place]
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(taken))


def test_a_jump_ahead_takes_no_longer_than_it_took() -> None:
    counter = FrameCounter(PAL, TS)
    run(counter, grid(PAL, TS, range(100)))
    assert counter.take(Fraction(7200), 100 / 25) == Place(number=100, seconds=Fraction(4))
    assert counter.take(7200 + 1 / PAL, 101 / 25) == Place(number=101, seconds=101 / PAL)
    assert counter.faults == Faults(jumps=1)


def test_pictures_without_times_are_counted() -> None:
    counter = FrameCounter(PAL, TS)
    places = [counter.take(None, n / 25) for n in range(5)]
    assert [place.number for place in places if place] == list(range(5))


def test_jitter_makes_no_gaps() -> None:
    counter, chance = FrameCounter(Fraction(30), Fraction(1, 1_000_000)), random.Random(1)
    for n in range(20_000):
        at = n / 30 + chance.gauss(0, 0.004)
        counter.take(Fraction(round(at * 1e6), 1_000_000), at)
    assert counter.faults == Faults()
    assert counter.rate == 30


@pytest.mark.parametrize("millionths", [-100, -20, 20, 100])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), PAL])
def test_twelve_hours_of_a_clock_that_runs_off_make_no_gap_and_no_jump(millionths: int, rate: Fraction) -> None:
    """Every 300th of the frames is looked at in full: the sender's times by its clock, ours by ours, hours apart."""
    counter, total = FrameCounter(rate, TS), int(12 * 3600 * rate)
    number, at, begin = 0, 0, 0
    while at < total:
        for n in range(at, at + 30):
            pts = round(n / rate / TS) * TS
            place = counter.take(pts, float(n / rate) * (1 + millionths * 1e-6))
            assert place is not None
            assert place.number == begin + n
            number = place.number
        at += 9000  # five minutes and more were lost, which shows as just that
        begin = 0
    assert number == at - 9000 + 29
    faults = counter.faults
    assert (faults.late, faults.repeated, faults.jumps, faults.changes) == (0, 0, 0, 0)
    assert counter.rate == rate


@pytest.mark.parametrize("millionths", [-200, 200])
def test_a_camera_whose_times_are_by_our_clock_may_be_a_little_off_its_rate(millionths: int) -> None:
    counter = FrameCounter(PAL, TS)
    for n in range(100_000):
        at = n / 25 * (1 + millionths * 1e-6)
        counter.take(round(Fraction(at) / TS) * TS, at)
    assert counter.faults == Faults()
    assert counter.rate == PAL


@pytest.mark.parametrize(("before", "after"), [(25, 50), (50, 25), (24, 30), (60, 24), (24, 25), (25, 24)])
def test_a_new_rate_is_taken_up_within_four_seconds(before: int, after: int) -> None:
    counter = FrameCounter(Fraction(before), TS)
    run(counter, grid(Fraction(before), TS, range(200)))
    start = Fraction(200, before)
    for n in range(4 * after):
        counter.take(start + Fraction(n, after), float(start) + n / after)
    assert counter.rate == after
    assert counter.faults.changes == 1


def test_rates_in_use_are_found_by_their_roundings() -> None:
    for rate in RATES:
        assert standard_rate(Fraction(round(rate * 1000), 1000)) == rate
        assert standard_rate(Fraction(round(float(rate) * 100), 100)) == rate
    assert standard_rate(Fraction(22)) is None


def test_faults_add_up_and_tell() -> None:
    assert Faults(late=1, lost=2) + Faults(lost=3) == Faults(late=1, lost=5)
    assert str(Faults(late=1, lost=5)) == "5 lost, 1 late"
    assert str(Faults()) == "none"
