"""Real time, the newest frame, loss and return, time limits, a real network."""

import itertools
import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media.clips import RATE, centres, expected, frames_of, info_of, make_clip
from media.senders import free_port
from playingage.core import SourceLostError
from playingage.frames import Frame
from playingage.media import PacedSource, ReconnectingSource, Source, SourceInfo, open_source
from playingage.media.base import SourceBase
from playingage.media.guarded import GuardedSource
from playingage.media.labelled import LabelledSource


class Scripted(SourceBase):
    """Gives frames, raises errors or waits, as told; then ends."""

    def __init__(self, script: list[Frame | Exception | float], *, size: tuple[int, int] = (64, 48)) -> None:
        self.script, self.size = list(script), size
        self.closed = 0

    @property
    def info(self) -> SourceInfo:
        return info_of(None, size=self.size)

    def read(self) -> Frame | None:
        while self.script:
            item = self.script.pop(0)
            if isinstance(item, float):
                time.sleep(item)
            elif isinstance(item, Exception):
                raise item
            else:
                return item
        return None

    def rewind(self) -> None:
        self.script = list(frames_of(2))

    def close(self) -> None:
        self.closed += 1


LOST = SourceLostError("gone")


def opener(*sources: Source | Exception) -> Callable[[], Source]:
    """Opens the given sources one after the other."""
    rest = list(sources)

    def open_next() -> Source:
        item = rest.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    return open_next


def test_a_file_plays_at_its_own_speed(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=8, rate=Fraction(50))
    with open_source(str(path), realtime=True) as source:
        begun = time.monotonic()
        frames = list(source)
    assert len(frames) == 8
    times = [f.captured or 0.0 for f in frames]
    assert 0.13 < times[-1] - times[0] < 0.3
    assert times[0] - begun < 0.1
    assert all(a < b for a, b in itertools.pairwise(times))


def test_a_loop_counts_on(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=3, rate=Fraction(100))
    with open_source(str(path), realtime=True, loop=True) as source:
        assert source.info.frames is None
        frames = [source.read() for _ in range(8)]
    seen = [f for f in frames if f is not None]
    assert [f.number for f in seen] == list(range(8))
    assert [f.seconds for f in seen] == [n / Fraction(100) for n in range(8)]
    for frame in seen:
        np.testing.assert_allclose(centres(frame.pixels), expected(frame.number % 3), atol=3 / 255)


def test_a_wait_ends_when_closed_from_another_thread() -> None:
    slow = [Frame(pixels=f.pixels, number=f.number, rate=Fraction(1, 20)) for f in frames_of(3)]
    source = PacedSource(Scripted([*slow]))
    assert source.read() is not None
    threading.Timer(0.05, source.close).start()
    begun = time.monotonic()
    assert source.read() is None
    assert time.monotonic() - begun < 10


def test_reading_that_falls_behind_loses_nothing() -> None:
    now = [0.0]
    source = PacedSource(Scripted([*frames_of(3)]), clock=lambda: now[0])
    assert source.read() is not None
    now[0] = 10.0
    frame = source.read()
    assert frame is not None
    assert (frame.number, frame.captured, source.stalls) == (1, 10.0, 1)


def test_a_lost_source_comes_back_by_itself() -> None:
    now = [100.0]
    first, second = Scripted([*frames_of(2), LOST]), Scripted([*frames_of(2)])
    source = ReconnectingSource(
        opener(first, SourceLostError("still away"), second), first_wait_s=0.01, clock=lambda: now[0]
    )
    assert [f.number for f in (source.read(), source.read()) if f] == [0, 1]
    assert source.connection.connected
    with pytest.raises(SourceLostError, match="gone"):
        source.read()
    assert first.closed
    now[0] = 105.0
    with pytest.raises(SourceLostError, match="still away"):
        source.read()
    state = source.connection
    assert (state.connected, state.lost_since, state.attempts, state.reason) == (False, 100.0, 1, "still away")
    frame = source.read()
    assert frame is not None
    assert frame.number == 3
    assert frame.seconds == 3 / RATE
    assert source.connection == type(state)(connected=True, losses=1)
    assert source.read() is not None
    assert source.read() is None
    source.close()
    assert second.closed


def test_an_end_can_count_as_a_loss_and_a_new_size_is_taken_up(caplog: pytest.LogCaptureFixture) -> None:
    small = frames_of(1, size=(32, 32))
    source = ReconnectingSource(
        opener(Scripted([*frames_of(1)]), Scripted([*small], size=(32, 32))), ends=False, first_wait_s=0.01
    )
    assert source.read() is not None
    assert (source.info.width, source.info.generation) == (64, 0)
    with pytest.raises(SourceLostError, match="it ended"):
        source.read()
    assert (source.info.width, source.info.generation) == (64, 0)
    frame = source.read()
    assert frame is not None
    assert frame.pixels.shape == (32, 32, 3)
    assert (source.info.width, source.info.generation, source.faults.changes, source.faults.losses) == (32, 1, 1, 1)
    assert "came back as 32x32" in caplog.text
    source.close()


def test_closing_ends_the_wait_for_a_lost_source() -> None:
    source = ReconnectingSource(opener(Scripted([LOST])), first_wait_s=30)
    with pytest.raises(SourceLostError):
        source.read()
    threading.Timer(0.05, source.close).start()
    begun = time.monotonic()
    assert source.read() is None
    assert time.monotonic() - begun < 10


def test_a_driver_that_hangs_is_a_loss() -> None:
    script: list[Frame | Exception | float] = [frames_of(1)[0], 1.0]
    with GuardedSource(lambda: Scripted(script), name="cam", timeout_s=0.1) as source:
        assert source.read() is not None
        with pytest.raises(SourceLostError, match=r"cam: lost: no answer for 0\.1 s"):
            source.read()
        assert source.read() is None
    with pytest.raises(SourceLostError, match="gone"):
        GuardedSource(opener(LOST), name="cam", timeout_s=1)


@pytest.mark.parametrize(
    "address", ["udp://127.0.0.1:{port}", "http://127.0.0.1:{port}/x", "rtsp://127.0.0.1:{port}/x", "/dev/video99"]
)
def test_nobody_there_is_said_in_time(address: str) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceLostError) as caught:
        open_source(address.format(port=free_port()), timeout_s=0.5)
    assert time.monotonic() - begun < 10
    assert caught.value.do


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        begun = time.monotonic()
        with pytest.raises(SourceLostError, match=r"no answer within 0\.5 s"):
            open_source(f"http://127.0.0.1:{server.getsockname()[1]}/x.ts", timeout_s=0.5)
        assert time.monotonic() - begun < 10


def send(port: int, count: int, stop: threading.Event) -> None:
    """Send a clip as MPEG-TS over UDP, in real time."""
    with av.open(f"udp://127.0.0.1:{port}?pkt_size=1316", "w", format="mpegts") as container:
        stream = container.add_stream(
            "libx264", rate=RATE, options={"preset": "ultrafast", "tune": "zerolatency", "g": "6", "crf": "4"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in frames_of(count):
            if stop.is_set():
                return
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")))
            time.sleep(1 / 60)
        container.mux(stream.encode(None))


def test_udp_is_read_lost_and_found_again() -> None:
    port, stop = free_port(), threading.Event()
    sender = threading.Thread(target=send, args=(port, 1000, stop), daemon=True)
    sender.start()
    source = open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=3)
    assert isinstance(source, LabelledSource)
    live = source.source
    assert isinstance(live, ReconnectingSource)
    with source:
        frames = [source.read() for _ in range(10)]
        assert [f.number for f in frames if f] == list(range(10))
        assert all(f is not None and f.captured is not None for f in frames)
        for frame in frames[5:]:
            assert frame is not None
            np.testing.assert_allclose(centres(frame.pixels)[:3], expected(0)[:3], atol=12 / 255)
        stop.set()
        sender.join()
        with pytest.raises(SourceLostError):
            while True:
                source.read()
        assert not live.connection.connected
        stop.clear()
        threading.Thread(target=send, args=(port, 1000, stop), daemon=True).start()
        again = None
        while again is None:
            try:
                again = source.read()
            except SourceLostError:
                continue
        assert again.number > 10
        assert live.connection.connected
        stop.set()
