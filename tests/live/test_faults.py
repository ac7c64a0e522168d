"""Faults along the whole live path: the picture returns by itself, the fault is logged, nothing piles up."""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest

from live.fakes import FakeReager, FakeSource, write_number
from live.test_run import settings, threads, until
from playingage.core import ModelError, SourceLostError
from playingage.frames import Frame
from playingage.live import LiveRun, Pair, View, Want
from playingage.live.encode import Jpeg, encode_pictures
from playingage.live.tidy import Tidy
from playingage.models.package import PACKAGES
from playingage.runtime import Network, choose_device

RATE = Fraction(24)


class Clock:
    """Time that the camera makes."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Camera(FakeSource):
    """Gives what its script says: frames as (number, width, height, rate), or seconds for which it is away."""

    def __init__(self, script: Iterator[tuple[int, int, int, Fraction] | float], clock: Clock) -> None:
        super().__init__()
        self._script, self._clock, self._lost_until = script, clock, 0.0

    def read(self) -> Frame | None:
        time.sleep(0.002)
        if self._clock.now < self._lost_until:
            self._clock.now = min(self._lost_until, self._clock.now + 1.0)
            raise SourceLostError("the cable is out")
        step = next(self._script, None)
        if step is None:
            return None
        if isinstance(step, float):
            self._lost_until = self._clock.now + step
            raise SourceLostError("the cable is out")
        number, width, height, rate = step
        self._clock.now += float(1 / rate)
        pixels = np.full((height, width, 3), 90, np.uint8)
        write_number(pixels, 0, number)
        return Frame(pixels=pixels, number=number, rate=rate, captured=self._clock.now)


def frames(first: int, count: int, width: int = 640, height: int = 360, rate: Fraction = RATE) -> list[
    tuple[int, int, int, Fraction] | float
]:
    return [(number, width, height, rate) for number in range(first, first + count)]


def through(script: list[tuple[int, int, int, Fraction] | float], reager: FakeReager | None = None) -> tuple[
    list[Pair], LiveRun
]:
    """All that became of a script, one frame after the other: the camera waits until each was taken."""
    pairs: list[Pair] = []
    clock = Clock()

    def steps() -> Iterator[tuple[int, int, int, Fraction] | float]:
        sent = 0
        for each in script:
            until(lambda sent=sent: len(pairs) == sent)  # type: ignore[misc]
            sent += not isinstance(each, float)
            yield each
        until(lambda: len(pairs) == sent)

    run = LiveRun(Camera(steps(), clock), reager or FakeReager(), settings(retry_first=0.01, retry_most=0.01),
                  clock=clock, listeners=(pairs.append,))
    with run:
        run.wait(threading.Event())
    return pairs, run


@pytest.mark.parametrize("seconds", [1 / 24, 1.0, 60.0])
def test_a_camera_that_was_away_is_back_with_its_next_frame(seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        pairs, run = through([*frames(0, 10), seconds, *frames(10 + round(seconds * 24), 10)])
    assert [pair.verdict.view for pair in pairs] == [View.AGED] * 20
    assert [record.getMessage().split(" after")[0] for record in caplog.records] == [
        "source lost: the cable is out", "source is back"
    ]
    assert run.snapshot()["totals"]["captured"] == 20 and run.state()["source"]["words"] == "SOURCE ENDED"
    if seconds == 60:
        assert "source is back after 60.0 s" in caplog.text


def test_a_camera_that_changes_size_and_rate_is_followed() -> None:
    sizes = [(640, 360), (1280, 720), (360, 640), (640, 360)]
    rates = [RATE, Fraction(25), Fraction(30000, 1001), Fraction(50)]
    script = [step for n, (size, rate) in enumerate(zip(sizes, rates, strict=True))
              for step in frames(n * 5, 5, *size, rate)]
    pairs, _ = through(script)
    assert [(pair.clean.width, pair.clean.height) for pair in pairs] == [size for size in sizes for _ in range(5)]
    for pair in pairs:
        assert pair.aged is not None and pair.aged.pixels.shape == pair.clean.pixels.shape
        assert pair.verdict.view is View.AGED


@pytest.mark.logs_errors
def test_a_held_picture_of_another_size_is_not_shown() -> None:
    class Failing(FakeReager):
        def process(self, frame, ask, /):  # type: ignore[no-untyped-def]
            self.fails = RuntimeError("no memory") if frame.number >= 3 else None
            return super().process(frame, ask)

    pairs, _ = through([*frames(0, 5), *frames(5, 2, 320, 180)], Failing())
    assert [pair.verdict.note for pair in pairs[3:]] == [
        "HELD FROM 00:00:00:02", "HELD FROM 00:00:00:02", "NO AGED PICTURE", "NO AGED PICTURE"
    ]
    assert [pair.aged is None for pair in pairs] == [False] * 5 + [True] * 2


def test_frames_repeated_out_of_order_or_missing_are_shown_as_they_come() -> None:
    numbers = [0, 1, 1, 3, 2, 4, 4, 0, 9, 10]
    pairs, run = through([step for number in numbers for step in frames(number, 1)])
    assert [pair.clean.number for pair in pairs] == numbers
    assert [pair.serial for pair in pairs] == list(range(1, 11))
    assert run.snapshot()["dropped"]["source"] == (3 - 1 - 1) + (4 - 2 - 1) + (9 - 0 - 1)


@pytest.mark.logs_errors
def test_a_picture_that_cannot_be_compressed_costs_that_picture(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = threading.Event()
    def encode(frames: Sequence[Frame], size: tuple[int, int], quality: int) -> list[Jpeg]:
        if bad.is_set():
            raise RuntimeError("no memory")
        return encode_pictures(frames, size, quality)

    monkeypatch.setattr("playingage.live.feed.encode_pictures", encode)
    run = LiveRun(FakeSource(rate=100), FakeReager(), settings())
    viewer = run.feed.join(lambda: None)
    viewer.ask(Want(short_side=360))

    def shown() -> bool:
        delivery = viewer.next(run.clock())
        if delivery is not None:
            viewer.acknowledge(delivery.pair.serial, shown=run.clock())
        return delivery is not None

    with run:
        until(shown)
        bad.set()
        until(lambda: run.snapshot()["dropped"]["encoder"] > 5)
        bad.clear()
        before = run.snapshot()["totals"]["encoded"]
        until(lambda: shown() and run.snapshot()["totals"]["encoded"] > before)
    messages = [record.getMessage() for record in caplog.records if "compressed" in record.getMessage()]
    assert messages[0] == "the pictures of a frame cannot be compressed: RuntimeError: no memory"
    assert len(messages) == 2 and messages[1].startswith("pictures are compressed again, after ")


@pytest.mark.logs_errors
def test_what_fails_beside_the_picture_does_not_stop_it(caplog: pytest.LogCaptureFixture) -> None:
    pairs: list[Pair] = []

    def broken(pair: Pair) -> None:
        raise OSError("no space left")

    run = LiveRun(FakeSource(rate=100), FakeReager(), settings(), listeners=(broken, pairs.append))
    with run:
        until(lambda: len(pairs) > 20)
    assert caplog.text.count("failed at frame") == 1 and "no space left" in caplog.text


def test_a_network_that_gives_no_numbers_is_a_failure() -> None:
    network = Network(PACKAGES / "default-256.pamodel" / "age.onnx", choose_device("CPU"))
    values = [np.full(shape, 0.5, np.float32) for shape in network.inputs.values()]
    assert np.isfinite(network.run(values)[0]).all()
    for bad in (np.nan, np.inf):
        values[0][..., 0, 0] = bad
        with pytest.raises(ModelError, match="no number"):
            network.run(values)


def test_a_network_takes_what_stands_in_its_own_place_and_refuses_another_shape() -> None:
    network = Network(PACKAGES / "default-256.pamodel" / "age.onnx", choose_device("CPU"))
    value = np.random.default_rng(1).random(network.given[0].shape, np.float32)
    copied = network.run([value])
    network.given[0][...] = 0
    assert not np.array_equal(network.run(network.given), copied)
    network.given[0][...] = value
    assert np.array_equal(network.run(network.given), copied)
    with pytest.raises(ValueError, match="wants"):
        network.run([value[:, :1]])


@pytest.mark.parametrize("where", ["look", "reage", "encode"])
def test_what_hangs_on_a_frame_is_known_to_whoever_starts_it_again(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, on = threading.Event(), threading.Event()

    def hang(here: str) -> None:
        if here == where and on.is_set():
            free.wait(10)

    class TwoSteps(FakeReager):
        def look(self, frame: Frame, /) -> Frame:
            hang("look")
            return frame

        def reage(self, looked, ask, /):  # type: ignore[no-untyped-def]
            hang("reage")
            return self.process(looked, ask)

    def encode(frames: Sequence[Frame], size: tuple[int, int], quality: int) -> list[Jpeg]:
        hang("encode")
        return encode_pictures(frames, size, quality)

    monkeypatch.setattr("playingage.live.feed.encode_pictures", encode)
    run = LiveRun(FakeSource(rate=100), TwoSteps(), settings())
    run.feed.join(lambda: None).ask(Want(short_side=360))
    with run:
        until(lambda: run.snapshot()["totals"].get("encoded", 0) > 0)
        assert run.stuck() < 1
        on.set()
        until(lambda: run.stuck() > 1.1)
        assert (run.state()["engine"]["state"] == "stalled") is (where != "encode")
        free.set()
        until(lambda: run.stuck() == 0)


def test_a_long_run_holds_no_more_than_a_short_one() -> None:
    pictures: list[weakref.ref[object]] = []
    run = LiveRun(
        FakeSource(width=64, height=36, rate=500), FakeReager(), settings(),
        listeners=(lambda pair: pictures.extend(weakref.ref(each.pixels) for each in (pair.clean, pair.aged) if each),),
    )
    viewer = run.feed.join(lambda: None)
    viewer.ask(Want(short_side=36))
    held = []
    with run:
        for target in (100, 300, 500):
            while len(pictures) < 2 * target:
                delivery = viewer.next(run.clock())
                if delivery is not None:
                    viewer.acknowledge(delivery.pair.serial, shown=run.clock())
                time.sleep(0.001)
            held.append(sum(each() is not None for each in pictures))
    assert max(held) < 30, held


def test_pictures_in_a_circle_of_references_do_not_pile_up() -> None:
    class Picture:
        def __init__(self) -> None:
            self.own = self

    gc.disable()
    try:
        with Tidy(0.01):
            gone = [weakref.ref(Picture()) for _ in range(50)]
            until(lambda: all(each() is None for each in gone))
            assert gc.get_freeze_count() > 1000
        assert gc.get_freeze_count() == 0
    finally:
        gc.enable()
    assert "playingage tidy" not in threads()
