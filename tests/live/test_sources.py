"""The live path on real streams that go away, come back in another form, and bring their own timecode."""

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from media.senders import free_port, send_units, sending, udp, units
from media.test_timecode import labels_from

from live.fakes import FakeReager
from live.shooting import SMALL, shoot, source
from playingage.live import LiveRun, LiveSettings, Pair
from playingage.live.takes import Take, TakeRecorder, take_folders
from playingage.media import open_source

PAL, DROP = Fraction(25), Fraction(30000, 1001)
SIZE, OTHER = (320, 240), (480, 272)


def until(true: Callable[[], bool], timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_the_picture_returns_by_itself_in_another_mode() -> None:
    port, gone = free_port(), threading.Event()
    first = units(PAL, labels_from("01:00:00:00", PAL, 150), size=SIZE)
    second = units(DROP, labels_from("02:00:00;00", DROP, 400), size=OTHER)

    def send(stop: threading.Event) -> None:
        send_units(udp(port), PAL, first[:60], size=SIZE, stop=stop)
        gone.wait(30)
        send_units(udp(port), DROP, second, size=OTHER, stop=stop)

    pairs: list[Pair] = []
    settings = LiveSettings(log_every=0, retry_first=0.02, retry_most=0.05)
    with (
        sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=1) as camera,
        LiveRun(camera, FakeReager(), settings, listeners=(pairs.append,)) as run,
    ):
        until(lambda: len(pairs) > 5)
        found = run.state()["source"]
        assert (found["width"], found["height"], found["rate"], found["generation"]) == (*SIZE, 25.0, 0)
        assert found["timecode"] == "timecode: the source's own"
        until(lambda: run.state()["source"]["state"] == "lost")
        gone.set()
        until(lambda: pairs[-1].clean.width == OTHER[0])
        count = len(pairs)
        until(lambda: len(pairs) > count + 10)
        found = run.state()["source"]
        assert (found["width"], found["height"], found["state"], found["generation"]) == (*OTHER, "live", 1)
        assert abs(found["rate"] - 29.97) < 0.01
        assert (found["faults"]["losses"], found["faults"]["changes"]) == (1, 1)
    numbers = [pair.clean.number for pair in pairs]
    assert numbers == sorted(set(numbers))
    shown = [str(pair.clean.timecode) for pair in pairs]
    assert shown == sorted(shown)
    assert all(text.startswith("01:00:0") or text.startswith("02:00:") for text in shown)
    for pair in pairs:
        assert pair.aged is not None
        assert pair.aged.pixels.shape == pair.clean.pixels.shape


@pytest.mark.parametrize(("origin", "told"), [("clock", "clock"), ("ltc", "ltc"), ("source", "source"), ("", "source")])
def test_a_take_tells_where_its_timecode_comes_from(tmp_path: Path, origin: str, told: str) -> None:
    with TakeRecorder(tmp_path / "takes", source(timecode_from=origin), SMALL) as made:
        shoot(made, range(10))
    with Take.open(take_folders(tmp_path / "takes")[0]) as take:
        assert take.document["timecode_from"] == told
