"""The live path with its threads, on fake source and engine."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from live.fakes import AGE_ROW, NUMBER_ROW, FakeFace, FakeReaged, FakeReager, FakeSource, read_number
from playingage.core import PlayingAgeError, SettingError
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live import LiveRun, LiveSettings, Pair, Reager, TwoStepReager, View, Want

QUICK = {"log_every": 0, "retry_first": 0.02, "retry_most": 0.05}


def settings(**more: Any) -> LiveSettings:
    return LiveSettings(**{**QUICK, **more})


def until(true: Callable[[], bool], timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("playingage")]


def live(source: FakeSource, reager: Reager | TwoStepReager, pairs: list[Pair], **more: Any) -> LiveRun:
    return LiveRun(source, reager, settings(**more), listeners=(pairs.append,))


def test_a_pair_is_one_frame_and_its_age() -> None:
    pairs: list[Pair] = []
    with live(FakeSource(rate=100, frames=30), FakeReager(), pairs) as run:
        run.wait(threading.Event())
        until(lambda: bool(pairs) and pairs[-1].clean.number == 29)
    for pair in pairs:
        assert pair.aged is not None
        assert read_number(pair.clean.pixels, NUMBER_ROW) == read_number(pair.aged.pixels, NUMBER_ROW)  # type: ignore[arg-type]
        assert read_number(pair.aged.pixels, AGE_ROW) == 350  # type: ignore[arg-type]
        assert pair.clean.captured == pair.captured
    assert [pair.serial for pair in pairs] == list(range(1, len(pairs) + 1))
    assert not threads()


def test_the_end_is_said_and_the_monitors_may_stay() -> None:
    pairs: list[Pair] = []
    stop = threading.Event()
    with live(FakeSource(rate=100, frames=3), FakeReager(), pairs, stop_at_end=False) as run:
        until(lambda: run.state()["source"]["state"] == "ended")
        assert run.state()["source"]["words"] == "SOURCE ENDED"
        stop.set()
        run.wait(stop)


def test_age_acts_within_two_frames() -> None:
    pairs: list[Pair] = []
    with live(FakeSource(rate=50), FakeReager(), pairs) as run:
        for age in (40.0, 60.0, 20.0, 90.0):
            before = len(pairs)
            until(lambda before=before: len(pairs) > before + 2)  # type: ignore[misc]
            after = run.set_age(age)
            assert after is not None
            until(lambda after=after: pairs[-1].clean.number >= after + 3)  # type: ignore[misc]
            assert {pair.age for pair in pairs if pair.clean.number >= after + 2} == {age}
        with pytest.raises(SettingError, match="between 18 and 90"):
            run.set_age(17)


def test_a_slow_engine_drops_frames_and_the_delay_stays() -> None:
    pairs: list[Pair] = []
    delays: list[float] = []
    source, reager = FakeSource(rate=100), FakeReager(takes=0.04)

    def measure(pair: Pair) -> None:
        delays.append(time.monotonic() - pair.captured)

    run = LiveRun(source, reager, settings(), listeners=(pairs.append, measure))
    with run:
        until(lambda: len(pairs) >= 30)
        dropped = run.snapshot()["dropped"]
    assert dropped["capture"] >= 30
    late = sum(sorted(delays[-10:])[:5]) / 5
    assert late < 0.6, "the delay of a slow engine is its own time and one frame"
    numbers = [pair.clean.number for pair in pairs]
    assert numbers == sorted(set(numbers))


@pytest.mark.logs_errors
@pytest.mark.parametrize("on_failure", ["last", "black"])
def test_a_failing_engine_is_said_and_the_camera_goes_on(on_failure: str, caplog: pytest.LogCaptureFixture) -> None:
    pairs: list[Pair] = []
    reager = FakeReager()
    with live(FakeSource(rate=100), reager, pairs, on_failure=on_failure) as run:
        until(lambda: len(pairs) >= 5)
        reager.fails = RuntimeError("out of memory")
        until(lambda: pairs[-1].verdict.view is View.FAILED)
        begun = len(pairs)
        until(lambda: len(pairs) > begun + 20)
        assert run.state()["engine"]["state"] == "failed" and "out of memory" in run.state()["engine"]["detail"]
        reager.fails = None
        until(lambda: pairs[-1].verdict.view is View.AGED)
        assert run.state()["engine"]["state"] == "working"
        assert run.snapshot()["totals"]["failed"] >= 20
    bad = [pair for pair in pairs if pair.verdict.view is View.FAILED]
    assert {pair.verdict.words for pair in bad} == {"ENGINE FAILED"}
    assert len({pair.clean.number for pair in bad}) == len(bad) >= 20, "the clean picture moves on"
    for pair in bad:
        assert (pair.aged is None) == (on_failure == "black")
        if pair.aged is not None:
            assert read_number(pair.aged.pixels, AGE_ROW) == 350, "held is an aged picture, not the camera's"  # type: ignore[arg-type]
            assert "HELD FROM 00:00:00:" in pair.verdict.note
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1, "a failure is logged once, not for each frame"


def test_a_stuck_engine_is_said_and_the_camera_goes_on() -> None:
    run = LiveRun(FakeSource(rate=50), reager := FakeReager(), settings())
    viewer = run.feed.join(lambda: None)
    viewer.ask(Want(short_side=540))
    seen: list[Pair] = []

    def look() -> Pair | None:
        delivery = viewer.next(run.clock())
        if delivery is None:
            return None
        viewer.acknowledge(delivery.pair.serial, shown=run.clock())
        seen.append(delivery.pair)
        return delivery.pair

    with run:
        until(lambda: (pair := look()) is not None and pair.verdict.view is View.AGED)
        reager.takes = 1.6
        until(lambda: (pair := look()) is not None and pair.verdict.words == "ENGINE STANDS STILL")
        reager.takes = 0
        until(lambda: (pair := look()) is not None and pair.verdict.view is View.AGED)
    stuck = [pair for pair in seen if pair.verdict.view is View.FAILED]
    assert len({pair.clean.number for pair in stuck}) == len(stuck) > 5
    assert [pair.serial for pair in seen] == sorted(pair.serial for pair in seen)
    assert all(pair.aged is not None and "HELD" in pair.verdict.note for pair in stuck)


@pytest.mark.logs_errors
def test_an_engine_that_never_worked_shows_black() -> None:
    pairs: list[Pair] = []
    reager = FakeReager()
    reager.fails = ValueError("no network")
    with live(FakeSource(rate=100), reager, pairs):
        until(lambda: len(pairs) >= 3)
    assert all(pair.aged is None and pair.verdict.note == "NO AGED PICTURE" for pair in pairs)


def test_without_a_face_both_pictures_are_one() -> None:
    pairs: list[Pair] = []
    reager = FakeReager()
    with live(FakeSource(rate=100), reager, pairs):
        until(lambda: len(pairs) >= 3)
        reager.faces = (FakeFace(strength=0.5),)
        until(lambda: pairs[-1].verdict.view is View.FADING)
        reager.faces = ()
        until(lambda: pairs[-1].verdict.view is View.NO_FACE)
    assert pairs[-1].same and pairs[-1].verdict.words == "NO FACE"


def test_why_a_face_gets_less_is_in_the_status() -> None:
    pairs: list[Pair] = []
    reager = FakeReager()
    reager.faces = (FakeFace(), FakeFace(id=2, strength=0.0, reasons=("pose", "size")))
    with live(FakeSource(rate=100), reager, pairs) as run:
        until(lambda: len(pairs) >= 3)
        told = run.snapshot()
    assert [(face["id"], face["reasons"]) for face in told["state"]["faces"]] == [(1, []), (2, ["pose", "size"])]
    assert told["faded"]["pose"] == told["faded"]["size"] >= 3
    assert pairs[-1].verdict.note == "1 OF 2 FACES FADING, TURNED AWAY, TOO SMALL"


def test_a_lost_source_is_said_and_comes_back() -> None:
    pairs: list[Pair] = []
    source = FakeSource(rate=100)
    with live(source, FakeReager(), pairs) as run:
        until(lambda: len(pairs) >= 5)
        source.unplugged.set()
        until(lambda: run.state()["source"]["state"] == "lost")
        assert run.state()["source"]["words"] == "CAMERA LOST" and run.state()["source"]["detail"] == "the cable is out"
        until(lambda: source.reads_while_lost >= 4)
        assert run.state()["source"]["for_s"] > 0.05
        seen = len(pairs)
        source.unplugged.clear()
        until(lambda: len(pairs) > seen + 5 and run.state()["source"]["state"] == "live")
    assert run.stats.snapshot(run.clock())["dropped"]["source"] == 0


def test_a_bug_of_the_source_reaches_who_waits() -> None:
    class Broken(FakeSource):
        def read(self) -> None:
            raise KeyError("bug")

    run = LiveRun(Broken(), FakeReager(), settings())
    run.start()
    run.wait(threading.Event())
    with pytest.raises(KeyError, match="bug"):
        run.stop()
    run.stop()
    assert not threads()


def test_stopping_needs_no_start() -> None:
    LiveRun(FakeSource(), FakeReager()).stop()


def test_a_viewer_that_never_acknowledges_slows_nobody() -> None:
    pairs: list[Pair] = []
    with live(FakeSource(rate=60), FakeReager(), pairs) as run:
        dead = run.feed.join(lambda: None)
        dead.ask(Want(short_side=540))
        for _ in range(3):
            until(lambda: bool(pairs))
            dead.next(run.clock())
            time.sleep(0.1)
        time.sleep(0.7)
        assert run.snapshot()["dropped"]["viewer"] > 5
        delay = run.clock() - pairs[-1].captured
        assert delay < 0.3
        assert run.snapshot()["viewers"][0]["under_way"] == 2


def test_missing_numbers_count_as_lost_at_the_source() -> None:
    class Gaps(FakeSource):
        def read(self) -> Any:
            frame = super().read()
            self._number += 2
            return frame

    run = LiveRun(Gaps(rate=100, frames=60), FakeReager(), settings())
    with run:
        run.wait(threading.Event())
    assert run.snapshot()["dropped"]["source"] == 38


def test_the_log_line_and_report_come_on_time(caplog: pytest.LogCaptureFixture) -> None:
    reports: list[dict[str, Any]] = []
    stop = threading.Event()
    with caplog.at_level("INFO"), LiveRun(FakeSource(), FakeReager(), LiveSettings(log_every=0.2)) as run:
        threading.Timer(0.75, stop.set).start()
        run.wait(stop, reports.append)
    assert 2 <= len(reports) <= 4
    assert sum("delay p50/p95" in record.getMessage() for record in caplog.records) == len(reports)


def test_a_source_that_waits_while_lost_is_closed_to_stop() -> None:
    class Waiting(FakeSource):
        def __init__(self) -> None:
            super().__init__()
            self.closed = threading.Event()

        def read(self) -> Any:
            if self.reads_while_lost:
                self.closed.wait(30)
            self.unplugged.set()
            return super().read()

        def close(self) -> None:
            self.closed.set()

    source = Waiting()
    with LiveRun(source, FakeReager(), settings()) as run:
        until(lambda: run.state()["source"]["state"] == "lost")
        time.sleep(0.1)
        begun = time.monotonic()
    assert source.closed.is_set() and time.monotonic() - begun < 15


def test_a_hanging_source_is_named() -> None:
    release = threading.Event()

    class Hanging(FakeSource):
        def read(self) -> None:
            release.wait(30)

    run = LiveRun(Hanging(), FakeReager(), settings(), patience=0.2)
    run.start()
    with pytest.raises(PlayingAgeError, match="playingage capture"):
        run.stop()
    release.set()


class TwoSteps:
    """Looks and re-ages, and notes on which thread it did so."""

    def __init__(self) -> None:
        self.looks: set[str] = set()
        self.works: set[str] = set()
        self.blind = False

    def look(self, frame: Frame, /) -> Frame:
        self.looks.add(threading.current_thread().name)
        if self.blind:
            raise RuntimeError("cannot see")
        return frame

    def reage(self, looked: Frame, ask: Ask, /) -> FakeReaged:
        self.works.add(threading.current_thread().name)
        return FakeReaged(frame=looked, matte=None, faces=(FakeFace(),))


def test_two_steps_run_on_two_threads() -> None:
    pairs: list[Pair] = []
    steps = TwoSteps()
    with live(FakeSource(rate=100, frames=20), steps, pairs) as run:
        run.wait(threading.Event())
        until(lambda: bool(pairs) and pairs[-1].clean.number == 19)
    assert len(steps.looks) == len(steps.works) == 1 and steps.looks.isdisjoint(steps.works)


@pytest.mark.logs_errors
def test_a_failed_look_is_said_like_any_failure() -> None:
    pairs: list[Pair] = []
    steps = TwoSteps()
    steps.blind = True
    with live(FakeSource(rate=100), steps, pairs) as run:
        until(lambda: run.state()["engine"]["state"] == "failed")
        assert "cannot see" in run.state()["engine"]["detail"]
        until(lambda: bool(pairs) and pairs[-1].verdict.view is View.FAILED)
        steps.blind = False
        until(lambda: run.state()["engine"]["state"] == "working")


@pytest.mark.logs_errors
def test_emergency_shows_the_clean_picture_and_says_so_even_when_the_engine_fails() -> None:
    pairs: list[Pair] = []
    reager = FakeReager()
    reager.fails = RuntimeError("broken")
    with live(FakeSource(rate=100), reager, pairs) as run:
        until(lambda: run.state()["engine"]["state"] == "failed")
        run.direction.act("emergency", {"on": True}, "test")
        until(lambda: bool(pairs) and pairs[-1].verdict.view is View.CLEAN)
        assert pairs[-1].aged is pairs[-1].clean and pairs[-1].verdict.words == "CLEAN PICTURE"
        reager.fails = None
        run.direction.act("emergency", {"on": False}, "test")
        until(lambda: pairs[-1].verdict.view is View.AGED)
