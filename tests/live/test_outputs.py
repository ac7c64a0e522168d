"""Outputs on the live path: constant rate whatever comes, honest words, receivers that go and return, no delay."""

import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media.receiver import Receiver, free_port
from numpy.typing import NDArray

from live.fakes import AGE_ROW, NUMBER_ROW, FakeFace, FakeReager, FakeSource, read_number
from playingage.core import SettingError, UnreadableError, UnwritableError
from playingage.frames import Frame
from playingage.live import LiveRun, LiveSettings, Pair, View, judge
from playingage.live.output_pace import Pace
from playingage.live.output_pictures import Composer, Shows, caption_of, plain, strip_of
from playingage.live.outputs import Outputs, OutputWish
from playingage.live.pair import Verdict, clean_picture, failed
from playingage.media.output import OutputFormat
from playingage.media.output_address import OutputAddress
from playingage.media.ports import SourceInfo

RATE = Fraction(24)
SECRET = "c0ffee-live-key"


# --- pace


def ticks(pace: Pace, came: list[float], *, follow: bool = True) -> list[int | None]:
    """Where pictures go that come at these seconds; silence is filled as the output does it."""
    places: list[int | None] = []
    for now in came:
        while pace.due < now:
            pace.sent(pace.next)
        tick = pace.place(now, follow=follow)
        places.append(tick)
        if tick is not None:
            pace.sent(tick)
    return places


def test_steady_pictures_each_get_a_tick() -> None:
    assert ticks(Pace(RATE, 5.0), [5 + k / 24 for k in range(500)]) == list(range(500))


def test_unsteady_pictures_each_get_a_tick() -> None:
    """As an engine is: mostly a tenth of a frame to and fro, now and then half a frame late."""
    random = np.random.default_rng(3)
    late = random.uniform(-0.1, 0.1, 5000) + 0.45 * (random.random(5000) < 0.05)
    came = [(k + late[k]) / 24 for k in range(5000)]
    assert ticks(Pace(RATE, 0.0), came) == list(range(5000))


@pytest.mark.parametrize("drift", [0.9995, 1.0005])
def test_a_camera_whose_clock_drifts_loses_nothing(drift: float) -> None:
    count = 24 * 3600
    assert ticks(Pace(RATE, 0.0), [k * drift / 24 for k in range(count)]) == list(range(count))


def test_without_following_the_rate_is_the_clocks_own() -> None:
    places = ticks(Pace(RATE, 0.0), [k * 1.001 / 24 for k in range(10_000)], follow=False)
    assert None not in places and places[-1] == 10_009


@pytest.mark.parametrize("rate", [17.3, 11.0, 23.5])
def test_an_engine_that_is_too_slow_does_not_bend_time(rate: float) -> None:
    count = 20_000
    places = [p for p in ticks(Pace(RATE, 0.0), [k / rate for k in range(count)]) if p is not None]
    assert abs(places[-1] - (count - 1) / rate * 24) < 3


@pytest.mark.parametrize(("source", "rate"), [(24, 30), (25, 50), (Fraction(24000, 1001), 60)])
def test_a_faster_output_repeats(source: Fraction, rate: int) -> None:
    places = [p for p in ticks(Pace(Fraction(rate), 0.0), [float(k / source) for k in range(480)], follow=False)
              if p is not None]
    assert len(places) == 480
    steps = {b - a for a, b in itertools.pairwise(places)}
    assert steps <= {int(rate / source), int(rate / source) + 1}
    assert abs(places[-1] - 479 * rate / source) <= 1


def test_a_slower_output_leaves_pictures_out() -> None:
    places = ticks(Pace(Fraction(24), 0.0), [k / 60 for k in range(600)], follow=False)
    kept = [p for p in places if p is not None]
    assert kept == list(range(240))


def test_a_gap_is_filled_and_time_goes_on() -> None:
    pace = Pace(RATE, 0.0)
    assert ticks(pace, [0.0, 1 / 24, 3.0, 3 + 1 / 24]) == [0, 1, 72, 73]
    assert pace.due == pytest.approx((74 + 0.65) / 24, abs=0.001)


# --- pictures and words


def frame(level: int, number: int = 1, size: tuple[int, int] = (64, 48)) -> Frame:
    return Frame(pixels=np.full((size[1], size[0], 3), level, np.uint8), number=number, rate=RATE)


def pair(verdict: Verdict, *faces: FakeFace, aged: Frame | None = None, **more: Any) -> Pair:
    return Pair(serial=1, clean=frame(200), aged=aged, age=35.0, verdict=verdict, captured=0.0, faces=faces, **more)


FULL, PART = FakeFace(), FakeFace(strength=0.5, reasons=("pose",))
STRANGER, OFF = FakeFace(strength=0.0, reasons=("unknown",)), FakeFace(strength=0.0, reasons=("off",))


@pytest.mark.parametrize("faces", [(FULL,), (FULL, STRANGER), (FULL, OFF)], ids=["one", "a stranger too", "one off"])
def test_an_aged_picture_goes_out_untouched(faces: tuple[FakeFace, ...]) -> None:
    made = pair(judge(faces, 35.0), *faces, aged=frame(90))
    assert caption_of(made) == ""
    picture = Composer(Shows.AGED, 64, 48).picture(made)
    assert picture.shape == (48, 64, 3) and (picture == 90).all()


@pytest.mark.parametrize(
    ("verdict", "faces", "words"),
    [
        (judge((), 35.0), (), "NO FACE - NOTHING CHANGED"),
        (judge((STRANGER,), 35.0), (STRANGER,), "FACE LEFT AS IT IS - 1 NOT RECOGNISED"),
        (judge((PART,), 35.0), (PART,), "FACE FADING - AT AGE 35, TURNED AWAY"),
        (judge((FULL, PART), 35.0), (FULL, PART), "AT AGE 35 - 1 OF 2 FACES FADING, TURNED AWAY"),
        (clean_picture(), (FULL,), "CLEAN PICTURE - EMERGENCY: NOTHING IS CHANGED"),
        (failed(None), (), "ENGINE FAILED - NO AGED PICTURE"),
    ],
    ids=["no face", "stranger", "fading", "one of two", "emergency", "failed"],
)
def test_whatever_is_not_aged_says_so_in_the_picture(
    verdict: Verdict, faces: tuple[FakeFace, ...], words: str
) -> None:
    aged = None if verdict.view is View.FAILED else frame(200)
    made = pair(verdict, *faces, aged=aged)
    assert caption_of(made) == words
    picture = Composer(Shows.AGED, 320, 180).picture(made)
    strip = strip_of(words, 320, 180, (255, 176, 0))
    assert (picture[-len(strip) :] == strip).all() and strip.max() > 150
    assert (picture[: -len(strip)] == (0 if aged is None else 200)).all() or aged is not None


def test_the_clean_picture_is_the_cameras() -> None:
    made = pair(judge((), 35.0), aged=frame(90))
    assert Composer(Shows.CLEAN, 64, 48).picture(made) is made.clean.pixels or (
        Composer(Shows.CLEAN, 64, 48).picture(made) == 200
    ).all()


def test_the_matte_is_black_where_it_does_not_belong() -> None:
    matte = np.zeros((48, 64), np.float32)
    matte[10:20, 10:20] = 0.5
    shown = Composer(Shows.MATTE, 64, 48).picture(pair(judge((FULL,), 35.0), FULL, aged=frame(90), matte=matte))
    assert shown[15, 15].tolist() in ([127] * 3, [128] * 3) and shown[0, 0].tolist() == [0, 0, 0]
    composer = Composer(Shows.MATTE, 64, 48)
    assert not composer.picture(pair(failed(frame(90)), aged=frame(90, number=0), matte=matte)).any()
    assert not composer.held("CAMERA LOST").any()


def test_both_are_beside_each_other_with_their_names() -> None:
    picture = Composer(Shows.BOTH, 320, 180).picture(pair(judge((FULL,), 35.0), FULL, aged=frame(90)))
    assert picture.shape == (180, 320, 3)
    assert (picture[90, 10:150] == 200).all() and (picture[90, 170:310] == 90).all()
    assert picture[-9:, :160].max() > 100 and picture[-9:, 160:].max() > 100


def test_a_held_picture_says_why_on_every_output_but_the_matte() -> None:
    for shows in (Shows.AGED, Shows.CLEAN, Shows.BOTH):
        composer = Composer(shows, 320, 180)
        before = composer.picture(pair(judge((FULL,), 35.0), FULL, aged=frame(90)))
        held = composer.held("CAMERA LOST")
        assert held is composer.held("CAMERA LOST")  # the same array is not converted again
        assert (held[-9:] != before[-9:]).any() and (held[40:120] == before[40:120]).all()
        assert composer.held("SOURCE ENDED") is not held
        assert composer.again is before


def test_other_sizes_are_fitted() -> None:
    composer = Composer(Shows.CLEAN, 64, 48)
    odd = Pair(serial=1, clean=frame(7, size=(65, 49)), aged=None, age=1.0, verdict=judge((), 1.0), captured=0.0)
    assert (composer.picture(odd) == 7).all()
    wide = Pair(serial=1, clean=frame(7, size=(128, 48)), aged=None, age=1.0, verdict=judge((), 1.0), captured=0.0)
    fitted = composer.picture(wide)
    assert fitted.shape == (48, 64, 3) and (fitted[24] == 7).all() and not fitted[0].any()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (960, 1080), (320, 180), (160, 180)])
@pytest.mark.parametrize("count", [1, 5, 12])
def test_words_fit_into_their_strip(width: int, height: int, count: int) -> None:
    strip = strip_of(" ".join(["FACES FADING,"] * count), width, height, (255, 255, 255))
    drawn = np.flatnonzero(strip.max(axis=(0, 2)) > 100)
    assert 0 < drawn[0] < 0.05 * width and 0.05 * width < drawn[-1] < 0.995 * width
    rows = np.flatnonzero(strip.max(axis=(1, 2)) > 100)
    assert rows[0] > 0 and rows[-1] < len(strip) - 1


def test_names_are_drawn_in_letters_that_can_be() -> None:
    assert plain("Zoë Åkerström 老") == "Zoe Akerstrom ?"


# --- threads, with a line that is only pretended


class FakeLine:
    """Keeps what is sent. Can refuse to connect, break, or be slow."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, float]] = []
        self.connects = 0
        self.connected = threading.Event()
        self.refuses, self.breaks, self.takes = False, False, 0.0
        self.closed = False
        self.aborted = threading.Event()

    def connect(self) -> None:
        self.connects += 1
        if self.refuses:
            raise UnwritableError("somewhere: connection refused")
        self.connected.set()

    def send(self, pixels: NDArray[np.uint8], tick: int) -> None:
        if self.breaks:
            self.breaks = False
            raise UnwritableError("somewhere: broken pipe")
        time.sleep(self.takes)
        self.sent.append((tick, read_number(pixels, NUMBER_ROW), time.monotonic()))

    def abort(self) -> None:
        self.aborted.set()

    def close(self) -> None:
        self.closed = True


def outputs_to(*lines: FakeLine, info: SourceInfo, **more: Any) -> Outputs:
    rest = list(lines)
    wishes = [OutputWish.parse(f"aged=udp://127.0.0.1:{4000 + k}") for k in range(len(lines))]
    return Outputs(wishes, info, make=lambda address, form: rest.pop(0), **more)


def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def all_ticks(line: FakeLine) -> list[int]:
    return [tick for tick, _, _ in line.sent]


def test_the_rate_holds_while_the_camera_is_away() -> None:
    source, line = FakeSource(), FakeLine()
    outputs = outputs_to(line, info=source.info)
    with outputs, LiveRun(source, FakeReager(), listeners=(outputs,)):
        until(lambda: len(line.sent) > 24)
        source.unplugged.set()
        time.sleep(2.0)
        assert outputs._why_held() == "CAMERA LOST"
        source.unplugged.clear()
        begun = len(line.sent)
        until(lambda: len(line.sent) > begun + 24)
        report = outputs.report()[0]
    assert all_ticks(line) == sorted(all_ticks(line)) and len(line.sent) > 0.9 * all_ticks(line)[-1]
    span = line.sent[-1][2] - line.sent[0][2]
    assert abs((all_ticks(line)[-1] - all_ticks(line)[0]) / span - 24) < 0.5
    assert report["state"] == "live" and report["repeated"] > 30 and report["pictures"] > 20
    assert line.closed and outputs.report()[0]["state"] == "stopped"


def test_a_receiver_that_is_slow_or_stuck_slows_nothing_else() -> None:
    source, good, slow = FakeSource(frames=72), FakeLine(), FakeLine()
    slow.takes = 0.4
    outputs = outputs_to(good, slow, info=source.info)
    with outputs, LiveRun(source, FakeReager(), listeners=(outputs,)) as run:
        until(lambda: run.state()["source"]["state"] == "ended")
        assert run.stats.snapshot(run.clock())["dropped"]["engine"] <= 5  # other work may run on this machine
        reports = outputs.report()
    assert reports[0]["dropped"] < reports[1]["dropped"] / 2 and reports[1]["dropped"] > 40
    assert all_ticks(slow)[-1] > 40  # its time goes on, with pictures left out
    assert all_ticks(good) == list(range(len(good.sent)))


def test_an_output_comes_back_by_itself_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    source, line = FakeSource(), FakeLine()
    outputs = outputs_to(line, info=source.info)
    with caplog.at_level(logging.INFO), outputs, LiveRun(source, FakeReager(), listeners=(outputs,)):
        until(lambda: len(line.sent) > 10)
        line.refuses = line.breaks = True
        until(lambda: line.connects >= 3)
        report = outputs.report()[0]
        assert report["state"] == "waiting" and report["fps"] == 0 and report["losses"] == 1
        assert report["words"] == "somewhere: connection refused"
        line.refuses = False
        count = len(line.sent)
        until(lambda: len(line.sent) > count + 10)
    said = [record.getMessage() for record in caplog.records if "output_line" in record.name]
    assert [text.split("4000")[1] for text in said] == [
        ": live", " waits: somewhere: broken pipe", " waits: somewhere: connection refused", " is back", ": stopped",
    ]
    again = all_ticks(line)[count:]
    assert again == list(range(len(again)))  # a new connection begins at 0


def test_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playingage.live.output_line.FIRST_WAIT_S", 0.05)
    line = FakeLine()
    line.refuses = True
    outputs = outputs_to(line, info=FakeSource().info)
    with outputs:
        time.sleep(1.0)
    assert 3 <= line.connects <= 6  # 0.05, 0.1, 0.2, 0.4 and 0.8 seconds


def test_the_end_does_not_wait_for_a_receiver() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        address = f"rtmp://127.0.0.1:{silent.getsockname()[1]}/live/key"
        outputs = Outputs([OutputWish.parse(f"aged={address}")], FakeSource().info)
        with outputs:
            time.sleep(1.0)
            begun = time.monotonic()
        assert time.monotonic() - begun < 15
        assert outputs.report()[0]["state"] == "stopped"


def test_a_fault_in_an_output_is_not_swallowed() -> None:
    class Broken(FakeLine):
        def connect(self) -> None:
            raise RuntimeError("our own mistake")

    line = Broken()
    outputs = outputs_to(line, info=FakeSource().info)
    with pytest.raises(RuntimeError, match="our own mistake"), outputs:
        until(lambda: line.closed)


def test_pictures_go_on_while_the_engine_stands_still() -> None:
    source, line, reager = FakeSource(), FakeLine(), FakeReager()
    outputs = outputs_to(line, info=source.info)
    with outputs, LiveRun(source, reager, listeners=(outputs,)) as run:
        until(lambda: len(line.sent) > 12)
        reager.takes = 2.5
        until(lambda: run.state()["engine"]["state"] == "stalled")
        reager.takes = 0.0
        until(lambda: run.state()["engine"]["state"] == "working", 15)
    assert all_ticks(line) == list(range(len(line.sent)))


# --- what is asked for


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("udp://127.0.0.1:1", "does not begin with what it shows"),
        (f"rtmp://a/live/{SECRET}", "does not begin with what it shows"),
        ("old=udp://127.0.0.1:1", "does not begin with what it shows"),
        ("aged=", "no known form"),
        (f"aged=nope://{SECRET}", "nope: are not known"),
    ],
)
def test_wishes_that_make_no_sense(text: str, what: str) -> None:
    with pytest.raises(SettingError) as refused:
        OutputWish.parse(text)
    assert what in refused.value.what and SECRET not in refused.value.diagnostics()


def test_an_address_can_be_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text(f"rtmp://a.example/live/{SECRET}\n", encoding="utf-8")
    wish = OutputWish.parse(f"clean=@{path}")
    assert wish.shows is Shows.CLEAN and wish.address.target.endswith(SECRET)
    with pytest.raises(UnreadableError, match="cannot be read"):
        OutputWish.parse(f"clean=@{tmp_path / 'none.txt'}")


def test_one_that_cannot_work_stops_all_before_they_start() -> None:
    made: list[OutputAddress] = []

    def make(address: OutputAddress, form: OutputFormat) -> FakeLine:
        made.append(address)
        return FakeLine()

    wishes = [OutputWish.parse(text) for text in ("aged=udp://127.0.0.1:4000", "clean=/dev/video77")]
    with pytest.raises(SettingError, match="no such device"):
        Outputs(wishes, FakeSource().info, make=make)
    assert not made
    twice = [OutputWish.parse("aged=udp://127.0.0.1:4000"), OutputWish.parse("clean=udp://127.0.0.1:4000")]
    with pytest.raises(SettingError, match="asked for twice"):
        Outputs(twice, FakeSource().info, make=make)


# --- the whole way, to a real receiver


def number_and_age(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    return read_number(pixels, NUMBER_ROW), read_number(pixels, AGE_ROW)


def test_aged_and_clean_reach_their_receivers_and_words_come_when_the_camera_is_lost() -> None:
    first, second = free_port(socket.SOCK_DGRAM), free_port()
    aged = Receiver(f"udp://127.0.0.1:{first}", most=150).start()
    clean = Receiver(f"rtmp://127.0.0.1:{second}/live/{SECRET}", form="flv", options={"listen": "1"}, most=30).start()
    source = FakeSource()
    wishes = [OutputWish.parse(f"aged=udp://127.0.0.1:{first}"),
              OutputWish.parse(f"clean=rtmp://127.0.0.1:{second}/live/{SECRET}")]
    outputs = Outputs(wishes, source.info)
    with outputs, LiveRun(source, FakeReager(), LiveSettings(age=42), listeners=(outputs,)):
        until(lambda: len(aged.got) > 30, 60)
        report = outputs.report()
        source.unplugged.set()
        until(lambda: len(aged.got) > 100, 60)
        source.unplugged.clear()
        shown = aged.wait()
        camera = clean.wait()
    assert SECRET not in str(report) and report[1]["address"].endswith("/live/****")
    steps = [round(float(b.seconds - a.seconds) * 24, 2) for a, b in itertools.pairwise(shown)]
    assert all(step == round(step) for step in steps)  # on the grid
    assert steps.count(1.0) > 0.5 * len(steps)  # all, unless other work takes the machine
    numbers = [number_and_age(each.pixels) for each in shown]
    assert {age for _, age in numbers} == {420}
    assert all(0 <= b - a < 24 for (a, _), (b, _) in itertools.pairwise(numbers[:30])), "none is far from the next"
    held = [each for each in shown if each.pixels[-12:].mean() < 60]  # the strip is black
    assert len(held) > 10 and max(each.pixels[-12:].max() for each in held) > 150
    assert number_and_age(shown[-1].pixels)[0] > number_and_age(held[0].pixels)[0]
    assert {age for _, age in (number_and_age(each.pixels) for each in camera)} == {0}


@pytest.mark.logs_errors
def test_a_failed_engine_keeps_the_stream_alive_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port(socket.SOCK_DGRAM)
    receiver = Receiver(f"udp://127.0.0.1:{port}", most=90).start()
    source, reager = FakeSource(), FakeReager()
    outputs = Outputs([OutputWish.parse(f"aged=udp://127.0.0.1:{port}")], source.info)
    with outputs, LiveRun(source, reager, listeners=(outputs,)):
        until(lambda: len(receiver.got) > 30, 20)
        reager.fails = RuntimeError("the network is gone")
        got = receiver.wait()
    caplog.clear()
    last = got[-1].pixels
    assert last[-12:].mean() < 60 and last[-12:].max() > 150  # ENGINE FAILED
    assert read_number(last, AGE_ROW) == 350  # the last good aged picture, never the camera's




def test_a_receiver_that_is_switched_off_and_on_gets_pictures_again() -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}?listen=1"
    source = FakeSource()
    outputs = Outputs([OutputWish.parse(f"aged=tcp://127.0.0.1:{port}")], source.info)
    with outputs, LiveRun(source, FakeReager(), listeners=(outputs,)) as run:
        until(lambda: outputs.report()[0]["state"] == "waiting")
        assert outputs.report()[0]["words"] == "connection refused"
        first = Receiver(address, most=12).start(0)
        first.wait()
        until(lambda: outputs.report()[0]["losses"] == 1)
        second = Receiver(address, most=12).start(0)
        got = second.wait()
        assert outputs.report()[0]["losses"] <= 2
        assert run.stats.snapshot(run.clock())["dropped"]["engine"] <= 5
    steps = [round(float(b.seconds - a.seconds) * 24, 2) for a, b in itertools.pairwise(got)]
    assert all(step == round(step) for step in steps) and steps.count(1.0) > 5
