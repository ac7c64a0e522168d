"""Outputs beyond the browser against real receivers: content, colour, rate, loss and return, refusals."""

import contextlib
import itertools
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from media.clips import centres, expected, picture
from media.receiver import Receiver, free_port
from playingage.core import SettingError, UnwritableError
from playingage.frames import Colour
from playingage.media.output import OUTPUT_RATES, Line, OutputFormat, check_output, output_line
from playingage.media.output_address import OutputAddress
from playingage.media.output_process import OutputProcess
from playingage.media.output_srt import _found
from playingage.media.output_stream import Pictures, output_tags
from playingage.rights.certificate import own_certificate

WIDTH, HEIGHT = 320, 180
RATE = Fraction(24)
SECRET = "c0ffee-live-key"
needs_srt = pytest.mark.skipif(not _found(), reason="libsrt is not on this machine")


def form_of(rate: Fraction = RATE) -> OutputFormat:
    return OutputFormat(width=WIDTH, height=HEIGHT, rate=rate, bit_rate=4_000_000)


def pixels_of(number: int) -> NDArray[np.uint8]:
    return np.round(picture(number, WIDTH, HEIGHT) * 255).astype(np.uint8)


@contextlib.contextmanager
def connected(address: str, form: OutputFormat | None = None, timeout_s: float = 5.0) -> Iterator[Line]:
    parsed = OutputAddress.parse(address)
    check_output(parsed, form or form_of())
    line = output_line(parsed, form or form_of(), timeout_s=timeout_s)
    try:
        line.connect()
        yield line
    finally:
        line.close()


def play(line: Line, count: int, rate: Fraction = RATE, first: int = 0) -> None:
    """Send numbered pictures in real time."""
    begun = time.monotonic()
    for number in range(count):
        line.send(pixels_of(first + number), first + number)
        time.sleep(max(0.0, begun + float((number + 1) / rate) - time.monotonic()))


def play_for(receiver: Receiver, line: Line) -> None:
    """Send until the receiver has enough and leaves."""
    with contextlib.suppress(UnwritableError):
        play(line, 150)
    check_pictures(receiver)


def number_of(pixels: NDArray[np.uint8]) -> int:
    """The frame's number, modulo 15, out of the grey quadrant."""
    grey = float(pixels[HEIGHT * 3 // 4, WIDTH * 3 // 4].mean()) / 255
    return round((grey - 0.15) / 0.05)


def check_pictures(receiver: Receiver, rate: Fraction = RATE) -> None:
    got = receiver.wait()
    for each in got:
        number = number_of(each.pixels)
        assert np.abs(centres(each.pixels) - expected(number)).max() < 0.02
    numbers = [number_of(each.pixels) for each in got]
    assert numbers == [(numbers[0] + k) % 15 for k in range(len(numbers))]
    steps = {float(b.seconds - a.seconds) for a, b in itertools.pairwise(got)}
    assert all(abs(step - 1 / float(rate)) < 0.0011 for step in steps)
    assert receiver.tags is not None
    assert receiver.tags.codec == "h264" and receiver.tags.pixel_format == "yuv420p"
    assert receiver.tags.colours == (1, 1, 1, 1)


# --- what comes out at the other end


def test_mpeg_ts_over_udp() -> None:
    port = free_port(socket.SOCK_DGRAM)
    receiver = Receiver(f"udp://127.0.0.1:{port}").start()
    with connected(f"udp://127.0.0.1:{port}") as line:
        play(line, 60)  # nobody says when a receiver of UDP leaves
    check_pictures(receiver)


def test_mpeg_ts_over_tcp() -> None:
    port = free_port()
    receiver = Receiver(f"tcp://127.0.0.1:{port}?listen=1").start()
    with connected(f"tcp://127.0.0.1:{port}") as line:
        play_for(receiver, line)


def test_mpeg_ts_to_a_receiver_that_calls() -> None:
    port = free_port()
    line = output_line(OutputAddress.parse(f"tcp://127.0.0.1:{port}?listen=1"), form_of(), timeout_s=2.0)
    receiver = Receiver(f"tcp://127.0.0.1:{port}")
    try:
        begun = time.monotonic()
        with pytest.raises(UnwritableError, match="takes nothing"):
            line.connect()
        assert 1.5 < time.monotonic() - begun < 15
        caller = threading.Timer(0.5, receiver.start)
        caller.start()
        line.connect()
        play_for(receiver, line)
        caller.join()
    finally:
        line.close()


def test_rtmp_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_certificate(tmp_path, ["localhost"])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.crt"))
    inner = free_port()
    receiver = Receiver(f"rtmp://127.0.0.1:{inner}/live/{SECRET}", form="flv", options={"listen": "1"}).start()
    with tls_in_front(tmp_path, inner) as port, connected(f"rtmps://localhost:{port}/live/{SECRET}") as line:
        play_for(receiver, line)


@contextlib.contextmanager
def tls_in_front(folder: Path, inner: int) -> Iterator[int]:
    """A port that takes TLS and hands on what comes to `inner`; calls without data go nowhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")

    def hand_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = server.accept()
                with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as safe:
                    first = safe.recv(4096)
                    if not first:
                        continue
                    with socket.create_connection(("127.0.0.1", inner)) as behind:
                        behind.sendall(first)
                        back = threading.Thread(target=hand_on, args=(behind, safe), daemon=True)
                        back.start()
                        hand_on(safe, behind)
                        back.join()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        thread.join(30)


def test_rtmp() -> None:
    address = f"rtmp://127.0.0.1:{free_port()}/live/{SECRET}"
    receiver = Receiver(address, form="flv", options={"listen": "1"}).start()
    with connected(address) as line:
        play_for(receiver, line)


@needs_srt
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg to receive with")
@pytest.mark.parametrize("mode", ["caller", "listener"])
def test_srt_encrypted(mode: str) -> None:
    if b"srt" not in subprocess.run(["ffmpeg", "-hide_banner", "-protocols"], capture_output=True, check=True).stdout:
        pytest.skip("this ffmpeg has no SRT")
    port = free_port(socket.SOCK_DGRAM)
    other = "listener" if mode == "caller" else "caller"
    command = ["ffmpeg", "-loglevel", "error", "-i", f"srt://127.0.0.1:{port}?mode={other}&passphrase={SECRET}",
               "-frames:v", "12", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]

    def receive() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def call_late() -> None:
        time.sleep(1.0)
        late.append(receive())

    late: list[subprocess.Popen[bytes]] = []
    if mode == "caller":
        late.append(receive())
        time.sleep(1.0)
    caller = threading.Thread(target=call_late if mode == "listener" else lambda: None)
    caller.start()
    out: list[bytes] = []
    try:
        with connected(f"srt://127.0.0.1:{port}?mode={mode}&passphrase={SECRET}") as line:
            caller.join()
            reader = threading.Thread(target=lambda: out.append(late[0].communicate(timeout=20)[0]))
            reader.start()
            with contextlib.suppress(UnwritableError):  # the receiver leaves when it has enough
                play(line, 150)
            reader.join()
    finally:
        late[0].kill()
    pictures = np.frombuffer(out[0], np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    assert len(pictures) == 12
    for each in pictures:
        assert np.abs(centres(each) - expected(number_of(each))).max() < 0.03


@pytest.mark.parametrize("rate", OUTPUT_RATES, ids=str)
def test_every_rate_exactly(rate: Fraction, tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    count = round(2 * rate) + 3
    with connected(f"file:{path}", form_of(rate)) as line:
        for number in range(count):
            line.send(pixels_of(number), number)
    receiver = Receiver(str(path), most=1000).start(0)
    got = receiver.wait()
    assert len(got) == count
    # MPEG-TS counts in 1/90000 s, in which a frame of 59.94 lasts 1501.5 ticks.
    wanted = [round(number / rate * 90_000) for number in range(count)]
    ticks = [int((each.seconds - got[0].seconds) * 90_000) for each in got]
    assert max(abs(a - b) for a, b in zip(ticks, wanted, strict=True)) <= 1
    keys = [number for number, each in enumerate(got) if each.key]
    assert keys == list(range(0, count, round(rate)))
    assert receiver.tags is not None and receiver.tags.rate == rate
    assert receiver.tags.colours == (1, 1, 1, 1)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="there is no ffprobe to look with")
def test_the_stream_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    with connected(f"file:{path}", replace(form_of(), title="Playing Age: aged, digitally altered")) as line:
        for tick in range(3):
            line.send(pixels_of(tick), tick)
    command = ["ffprobe", "-v", "error", "-show_entries", "program_tags", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["programs"][0]["tags"]
    assert told == {"service_name": "Playing Age: aged, digitally altered", "service_provider": "Playing Age"}


def test_a_picture_that_comes_again_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    first, second = pixels_of(3), pixels_of(9)
    with connected(f"file:{path}") as line:
        for tick, pixels in enumerate((first, first, second, second, first)):
            line.send(pixels, tick)
    assert [number_of(each.pixels) for each in Receiver(str(path)).start(0).wait()] == [3, 3, 9, 9, 3]


def test_time_that_is_left_out_shows(tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    with connected(f"file:{path}") as line:
        for tick in (0, 1, 25):
            line.send(pixels_of(tick), tick)
    got = Receiver(str(path)).start(0).wait()
    assert [round((each.seconds - got[0].seconds) * 24) for each in got] == [0, 1, 25]


def test_tags_are_of_what_is_sent() -> None:
    def tags(**colour: str) -> tuple[int, int, int, int]:
        found = output_tags(OutputFormat(width=64, height=64, rate=RATE, colour=Colour(**colour)))  # type: ignore[arg-type]
        return found.primaries, found.transfer, found.matrix, found.range

    assert tags() == (1, 1, 1, 1)
    assert tags(primaries="bt2020", transfer="pq", matrix="bt2020nc") == (9, 1, 1, 1)
    assert tags(transfer="srgb", matrix="rgb") == (1, 13, 1, 1)


def test_a_virtual_camera_gets_what_programs_expect_of_cameras() -> None:
    made = Pictures(form_of(), Colorspace.ITU601).picture(pixels_of(4), 7)
    back = cv2.cvtColor(made.to_ndarray(), cv2.COLOR_YUV2RGB_I420)  # OpenCV takes BT.601, limited range
    assert np.abs(centres(np.asarray(back, np.uint8)) - expected(4)).max() < 0.02


# --- receivers that go away


def test_a_receiver_that_leaves_and_returns() -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}?listen=1"
    receiver = Receiver(address, most=3).start()
    with connected(f"tcp://127.0.0.1:{port}") as line:
        with pytest.raises(UnwritableError, match=f"tcp://127.0.0.1:{port}: "):
            play(line, 200)
        receiver.wait()
        with pytest.raises(UnwritableError, match="connection refused"):
            line.connect()
        again = Receiver(address, most=5).start()
        line.connect()
        play_for(again, line)


def test_a_receiver_that_takes_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = OutputAddress.parse(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        form = OutputFormat(width=640, height=360, rate=RATE, bit_rate=50_000_000)
        line = output_line(address, form, timeout_s=1.0)
        noise = np.random.default_rng(1).integers(0, 255, (8, 360, 640, 3), np.uint8)
        try:
            line.connect()
            begun, last = time.monotonic(), 0.0
            with pytest.raises(UnwritableError, match="takes nothing"):
                for tick in range(2000):
                    last = time.monotonic()
                    line.send(noise[tick % 8], tick)
            assert time.monotonic() - last < 15 and last - begun < 60
        finally:
            line.close()


def test_a_server_whose_certificate_is_not_trusted_gets_no_key(tmp_path: Path) -> None:
    own_certificate(tmp_path, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = server.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as safe:
                        heard.append(safe.recv(4096))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        line = output_line(OutputAddress.parse(f"rtmps://localhost:{server.getsockname()[1]}/live/{SECRET}"), form_of())
        try:
            with pytest.raises(UnwritableError, match="certificate is not trusted: self-signed"):
                line.connect()
        finally:
            line.close()
            server.shutdown(socket.SHUT_RDWR)
            thread.join(30)
    assert not any(heard)


def test_the_process_is_started_anew_after_it_died(tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    with connected(f"file:{path}") as line:
        assert isinstance(line, OutputProcess) and line._process is not None
        line.send(pixels_of(1), 0)
        line._process.send_signal(signal.SIGKILL)
        with pytest.raises(UnwritableError, match="sending process ended"):
            for tick in range(1, 50):
                line.send(pixels_of(1), tick)
        before = path.stat().st_size
        line.connect()
        line.send(pixels_of(2), 0)
    assert path.stat().st_size > before  # it went on behind what was there


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_other_user_reads_the_key_and_the_process_ends_with_its_parent() -> None:
    port = free_port(socket.SOCK_DGRAM)
    script = (
        "import sys, time\n"
        "from playingage.media.output import *\nfrom playingage.media.output_address import OutputAddress\n"
        "from fractions import Fraction\n"
        f"line = output_line(OutputAddress.parse('udp://127.0.0.1:{port}?{SECRET}=1'),"
        " OutputFormat(width=64, height=64, rate=Fraction(24)))\n"
        "line.connect()\nprint(line._process.pid, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().decode().strip()
        assert b"output_sender" in (child / "cmdline").read_bytes()
        assert SECRET.encode() not in (child / "cmdline").read_bytes()
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()
    until = time.monotonic() + 30
    while child.exists() and time.monotonic() < until and b"Z" not in (child / "stat").read_bytes().split()[2:3]:
        time.sleep(0.05)
    assert not child.exists() or b"Z" in (child / "stat").read_bytes().split()[2:3]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("scheme", ["tcp", "rtmp", "whip+http"])
def test_many_lost_receivers_leave_nothing_open(scheme: str) -> None:
    if scheme.startswith("whip"):
        pytest.importorskip("aiortc", reason="aiortc is not installed: pip install 'playingage[whip]'")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as call:
                        call.recv(2000)

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        line = output_line(OutputAddress.parse(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/a/b"), form_of())
        assert isinstance(line, OutputProcess)
        counts = []
        try:
            for _ in range(12):
                with pytest.raises(UnwritableError):
                    line.connect()
                    play(line, 200, Fraction(1000))
                assert line._process is not None
                counts.append(len(list(Path(f"/proc/{line._process.pid}/fd").iterdir())))
        finally:
            line.close()
            server.shutdown(socket.SHUT_RDWR)
            thread.join(30)
    assert counts[-1] <= counts[2]


# --- addresses


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("udp://239.0.0.1:5000", "udp://239.0.0.1:5000"),
        ("udp://239.0.0.1:5000?ttl=4", "udp://239.0.0.1:5000?ttl=4"),
        (f"rtmp://a.example/live/{SECRET}", "rtmp://a.example/live/****"),
        (f"rtmps://a.example:443/app/inst/{SECRET}?auth={SECRET}", "rtmps://a.example:443/app/inst/****?auth=****"),
        (f"rtmp://user:{SECRET}@a.example/live/key1", "rtmp://****@a.example/live/****"),
        (f"srt://a.example:9000?passphrase={SECRET}&latency=200", "srt://a.example:9000?passphrase=****&latency=200"),
        (f"whip+https://a.example/{SECRET}/publish", "whip+https://a.example/****"),
        (f"whip+https://:{SECRET}@a.example/x", "whip+https://****@a.example/****"),
        ("ndi:Playing%20Age%20clean", "ndi:Playing Age clean"),
        ("/dev/video10", "/dev/video10"),
        ("file:out/take.ts", "file:out/take.ts"),
    ],
)
def test_addresses_are_shown_without_what_is_secret(address: str, shown: str) -> None:
    parsed = OutputAddress.parse(address)
    assert str(parsed) == parsed.shown == shown
    assert SECRET not in repr(parsed) and SECRET not in str(parsed)
    if SECRET in address:
        assert SECRET not in parsed.clean(f"cannot reach {address} with {SECRET}")


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("", "no known form"),
        ("http://a/b", "http: are not known"),
        ("udp://a.example", "has no port"),
        ("udp://a.example:99999", "no valid host and port"),
        ("tcp://:5000", "has no host"),
        (f"rtmp://a.example/{SECRET}", "wants an application and a key"),
        ("ndi:", "names nothing"),
        ("file:take.mp4", "ends in .ts"),
        (f"srt://a.example:9000?passphrase=short&x={SECRET}", "x is not known"),
        ("srt://a.example:9000?passphrase=short", "10 to 79"),
        ("srt://a.example:9000?latency=-5", "latency"),
        ("srt://a.example:9000?mode=rendezvous", "caller or listener"),
        ("/dev/video77", "no such device"),
        ("file:/no/such/folder/take.ts", "folder does not exist"),
    ],
)
def test_refusals_come_before_anything_starts(address: str, what: str) -> None:
    with pytest.raises(SettingError) as refused:
        check_output(OutputAddress.parse(address), form_of())
    assert what in refused.value.diagnostics()
    assert SECRET not in refused.value.diagnostics()


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.ts"
    path.write_bytes(b"mine")
    with pytest.raises(SettingError, match="there already"):
        check_output(OutputAddress.parse(f"file:{path}"), form_of())


def test_what_this_ffmpeg_has_not_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, mode: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr(av, "ContainerFormat", without)
    with pytest.raises(SettingError, match="has not the flv format"):
        check_output(OutputAddress.parse("rtmp://a.example/live/x"), form_of())


def test_without_libsrt_srt_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playingage.media.output_srt.LIBRARIES", ("libnothing.so.9",))
    with pytest.raises(SettingError) as refused:
        check_output(OutputAddress.parse("srt://a.example:9000"), form_of())
    assert "libsrt" in refused.value.what and "apt install" in refused.value.do


def test_without_cyndilib_ndi_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError) as refused:
        check_output(OutputAddress.parse("ndi:Playing Age"), form_of())
    assert "cyndilib" in refused.value.what and "playingage[ndi]" in refused.value.do


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"width": 65}, {"bit_rate": 10}, {"rate": Fraction(1, 2)}, {"rate": Fraction(240)}], ids=str
)
def test_formats_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        OutputFormat(**({"width": 64, "height": 64, "rate": RATE} | wrong))  # type: ignore[arg-type]


def test_closing_ends_the_process_and_gives_everything_back(tmp_path: Path) -> None:
    before = set(Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else set()
    with connected(f"file:{tmp_path / 'out.ts'}") as line:
        assert isinstance(line, OutputProcess)
        line.send(pixels_of(0), 0)
    line.close()
    with pytest.raises(UnwritableError, match="is closed"):
        line.send(pixels_of(0), 1)
    if before:
        assert set(Path("/proc/self/fd").iterdir()) == before
