"""Who gets which pair: sizes, slots, flow control, linked monitors. Time stands still unless a test moves it."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from live.fakes import FakeFace
from playingage.core import PlayingAgeError
from playingage.frames import Frame
from playingage.live import Feed, LiveSettings, LiveStats, Pair, Viewer, Want, judge


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stats(clock: Clock) -> LiveStats:
    return LiveStats(10.0, clock())


@pytest.fixture
def feed(stats: LiveStats, clock: Clock) -> Feed:
    return Feed(LiveSettings(max_viewers=3), stats, clock)


def pair(serial: int, captured: float = 99.9, *, same: bool = False) -> Pair:
    clean = Frame(pixels=np.zeros((1080, 1920, 3), np.uint8), number=serial, rate=Fraction(24))
    aged = clean if same else dataclasses.replace(clean, pixels=np.ones((1080, 1920, 3), np.uint8))
    faces = () if same else (FakeFace(),)
    return Pair(
        serial=serial, clean=clean, aged=aged, age=35.0, verdict=judge(faces, 35.0), faces=faces, captured=captured
    )


def joined(feed: Feed, want: Want) -> Viewer:
    viewer = feed.join(lambda: None)
    viewer.ask(want)
    return viewer


def test_nothing_is_encoded_for_nobody(feed: Feed, stats: LiveStats, clock: Clock) -> None:
    viewer = feed.join(lambda: None)
    feed.hand_out(pair(1))
    viewer.ask(Want(pictures="none"))
    feed.hand_out(pair(2))
    assert viewer.next(clock()) is None
    assert "encoded" not in stats.snapshot(clock())["totals"]


def test_each_size_is_encoded_once_and_only_if_wanted(feed: Feed, clock: Clock) -> None:
    full, also_full, small = (
        joined(feed, Want(short_side=1080)), joined(feed, Want(short_side=1400)),
        joined(feed, Want(pictures="aged", short_side=400)),
    )  # fmt: skip
    feed.hand_out(pair(1))
    first, second, third = full.next(clock()), also_full.next(clock()), small.next(clock())
    assert first and second and third
    assert first.pictures["camera"] is second.pictures["camera"] and first.pictures["aged"] is second.pictures["aged"]
    assert set(third.pictures) == {"aged"} and third.pictures["aged"].height == 540
    assert first.pictures["camera"].width == 1920


def test_one_encoding_serves_both_pictures_without_a_face(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want())
    feed.hand_out(pair(1, same=True))
    delivery = viewer.next(clock())
    assert delivery and delivery.pictures["camera"] is delivery.pictures["aged"]


def test_two_under_way_at_most_and_the_newest_waits(feed: Feed, stats: LiveStats, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    got = []
    for serial in range(1, 7):
        feed.hand_out(pair(serial))
        delivery = viewer.next(clock())
        if delivery:
            got.append(delivery.pair.serial)
    assert got == [1, 2] and viewer.dropped == 3
    assert viewer.acknowledge(1, shown=clock()) is not None
    delivery = viewer.next(clock())
    assert delivery and delivery.pair.serial == 6
    assert stats.snapshot(clock())["dropped"]["viewer"] == 3


def test_a_skipped_pair_is_a_dropped_one_and_strangers_are_ignored(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    feed.hand_out(pair(1))
    viewer.next(clock())
    assert viewer.acknowledge(99, shown=clock()) is None
    assert viewer.acknowledge(1) is not None and viewer.acknowledge(1) is None
    assert (viewer.shown, viewer.dropped) == (0, 1)


def test_a_viewer_that_stopped_acknowledging_costs_nothing(feed: Feed, stats: LiveStats, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    for serial in (1, 2):
        feed.hand_out(pair(serial))
        viewer.next(clock())
    clock.now += 0.6
    before = stats.snapshot(clock())["totals"]["encoded"]
    feed.hand_out(pair(3))
    assert stats.snapshot(clock())["totals"]["encoded"] == before
    viewer.acknowledge(1, shown=clock())
    feed.hand_out(pair(4))
    delivery = viewer.next(clock())
    assert delivery and delivery.pair.serial == 4


def test_a_viewer_that_strains_gets_one_at_a_time(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    for serial in range(1, 20):
        feed.hand_out(pair(serial))
        if viewer.next(clock()) is not None:
            viewer.acknowledge(serial, came=clock(), ready=clock() + 0.08, shown=clock() + 0.09)
    feed.hand_out(pair(20))
    assert viewer.next(clock()) is not None
    feed.hand_out(pair(21))
    assert viewer.report()["strained"] and viewer.next(clock()) is None


def test_a_viewer_that_comes_back_begins_afresh(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    for serial in (1, 2):
        feed.hand_out(pair(serial))
        assert viewer.next(clock()) is not None
    viewer.ask(Want(pictures="none"))
    viewer.ask(Want(short_side=540))
    feed.hand_out(pair(3))
    assert viewer.next(clock()) is not None


def test_what_waited_too_long_is_not_sent(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want(short_side=540))
    feed.hand_out(pair(1))
    clock.now += 0.2
    assert viewer.next(clock()) is None and viewer.dropped == 1


def test_linked_monitors_get_the_same_pairs_or_none(feed: Feed, clock: Clock) -> None:
    camera = joined(feed, Want(pictures="camera", short_side=540, linked=True))
    aged = joined(feed, Want(pictures="aged", short_side=540, linked=True))
    got: dict[str, list[int]] = {"camera": [], "aged": []}
    times = set()
    for serial in range(1, 20):
        feed.hand_out(pair(serial))
        clock.now += 0.04
        for name, viewer in (("camera", camera), ("aged", aged)):
            delivery = viewer.next(clock())
            if delivery:
                got[name].append(delivery.pair.serial)
                times.add((delivery.pair.serial, delivery.show_at))
                if name == "camera" or serial % 3 == 0:
                    viewer.acknowledge(delivery.pair.serial, ready=clock(), shown=clock())
        if serial % 3 == 0:
            for old in got["aged"]:
                aged.acknowledge(old, shown=clock())
    assert got["camera"] == got["aged"] and 5 < len(got["camera"]) < 19
    assert len(times) == len(got["camera"]) and None not in {at for _, at in times}


def test_a_lone_monitor_waits_for_nobody(feed: Feed, clock: Clock) -> None:
    viewer = joined(feed, Want(pictures="aged", linked=True))
    feed.hand_out(pair(1))
    delivery = viewer.next(clock())
    assert delivery and delivery.show_at is None


def test_places_are_bounded_and_given_back(feed: Feed) -> None:
    viewers = [feed.join(lambda: None) for _ in range(3)]
    with pytest.raises(PlayingAgeError, match="all 3 places"):
        feed.join(lambda: None)
    feed.leave(viewers[0])
    feed.leave(viewers[0])
    feed.join(lambda: None)
