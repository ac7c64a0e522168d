"""Real streams on this machine: every rate, timecode, losses, other forms, disorder, damage."""

import contextlib
import itertools
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media.ltc_signal import wave
from media.sei import encoder, with_label, write_labelled
from media.senders import Access, free_port, send_mixed, send_units, sending, udp, units
from media.test_deinterlace import make_interlaced
from media.test_timecode import RATES, labels_from, make_ltc_clip
from playingage.core import MediaError, SourceLostError, Timecode
from playingage.core.timecode import NTSC
from playingage.frames import Frame
from playingage.media import LabelledSource, ReconnectingSource, Source, SourceInfo, StreamSource, open_source
from playingage.media.base import faults_of
from playingage.media.labels import TimecodeChoice

FFMPEG = shutil.which("ffmpeg") or ""
PAL, DROP = Fraction(25), Fraction(30000, 1001)
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="the ffmpeg program is not installed")
def take(source: Source, count: int) -> list[Frame]:
    return [frame for frame in itertools.islice(source, count) if frame is not None]


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_comes_through_exactly_with_its_timecode(rate: Fraction) -> None:
    port = free_port()
    labels = labels_from(f"10:00:58{';' if rate in NTSC else ':'}00", rate, int(3 * rate))
    access = units(rate, labels)
    with (
        sending(lambda stop: send_units(udp(port), rate, access, stop=stop)),
        open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        assert source.info.rate == rate
        frames = take(source, 20)
        assert source.info.generation == 0
        assert str(faults_of(source)) == "none"
    assert {frame.rate for frame in frames} == {rate}
    assert [frame.number for frame in frames] == list(range(20))
    assert all(abs(frame.seconds - n / rate) <= Fraction(1, 90000) for n, frame in enumerate(frames))
    first = frames[0].timecode
    assert first is not None
    assert labels[0].frame <= first.frame < labels[-1].frame
    assert [frame.timecode for frame in frames] == [first + n for n in range(20)]
    # The label belongs to the picture: both tell its number.
    for frame in frames:
        assert frame.timecode is not None
        sent = frame.timecode.frame - labels[0].frame
        assert abs(float(frame.pixels.mean()) - (10 + sent % 200)) < 3


@needs_ffmpeg
@pytest.mark.parametrize("how", ["rtmp", "tcp"])
def test_rates_and_timecode_over_rtmp_and_tcp(tmp_path: Path, how: str) -> None:
    port, rate = free_port(), DROP
    labels = labels_from("10:00:59;00", rate, 90)
    write_labelled(tmp_path / "a.ts", labels, rate)
    address = f"rtmp://127.0.0.1:{port}/live/a" if how == "rtmp" else f"tcp://127.0.0.1:{port}"
    form = ["-f", "flv", "-listen", "1", address] if how == "rtmp" else ["-f", "mpegts", f"{address}?listen=1"]
    sender = subprocess.Popen(
        [FFMPEG, "-v", "error", "-re", "-i", str(tmp_path / "a.ts"), "-c", "copy", *form],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        source = open_patiently(address)
        with source:
            assert source.info.rate == rate
            frames = take(source, 30)
    finally:
        sender.kill()
        sender.wait()
    assert [frame.number for frame in frames] == list(range(30))
    first = frames[0].timecode
    assert first is not None
    assert [frame.timecode for frame in frames] == [first + n for n in range(30)]
    assert labels[0].frame <= first.frame <= labels[40].frame
    assert frames[0].rate == rate


def open_patiently(address: str) -> Source:
    """Open when its server is there."""
    until = time.monotonic() + 30
    while True:
        try:
            return open_source(address, realtime=True, timeout_s=5)
        except SourceLostError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_stream_without_timecode_runs_free_by_the_clock() -> None:
    port = free_port()
    access = units(DROP, [None] * 90)
    with (
        sending(lambda stop: send_units(udp(port), DROP, access, stop=stop)),
        open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        assert "timecode: runs free from this machine's clock" in source.info.notes
        frames = take(source, 10)
        moment = time.localtime()
    first = frames[0].timecode
    assert first is not None
    assert first.drop
    away = moment.tm_hour * 3600 + moment.tm_min * 60 + moment.tm_sec - first.frame / float(DROP)
    assert (away + 2) % 86400 < 8
    assert [frame.timecode for frame in frames] == [first + n for n in range(10)]


def test_frames_lost_on_the_way_leave_a_gap_in_numbers_and_timecode() -> None:
    """One frame, then a second, never come; the sender's timecode is on half of the pictures only."""
    port = free_port()
    labels = labels_from("01:00:00:00", PAL, 100)
    every = units(PAL, [label if n % 2 else None for n, label in enumerate(labels)])
    gone = {30, *range(40, 65)}
    access = [unit for unit in every if unit[1] not in gone]

    def send(stop: threading.Event) -> None:
        send_units(udp(port), PAL, access[:39], stop=stop)
        time.sleep(1.0)
        send_units(udp(port), PAL, access[39:], stop=stop)

    with (
        sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        frames = []
        for frame in source:
            frames.append(frame)
            found = frame.timecode
            if found is not None and str(found).startswith("01:00:0") and found.frame >= labels[90].frame:
                break
        faults = faults_of(source)
    if not str(frames[0].timecode).startswith("01:00:0"):
        del frames[0]  # the first picture had none, and ran free
    begin, number = frames[0].timecode, frames[0].number
    assert begin is not None
    for frame in frames:
        assert frame.timecode is not None
        assert frame.timecode.frame - begin.frame == frame.number - number  # both count what is missing
        sent = frame.timecode.frame - labels[0].frame
        assert abs(float(frame.pixels.mean()) - (10 + sent)) < 3
    assert faults.lost == 26
    assert (faults.damaged, faults.late, faults.losses) == (0, 0, 0)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50), Fraction(60000, 1001)])
def test_linear_timecode_of_a_stream_is_frame_accurate(rate: Fraction) -> None:
    """The pictures carry their number as their grey; the audio beside them the timecode."""
    port = free_port()
    half = rate / 2 if rate > 30 else rate
    mark = ";" if half in NTSC else ":"
    labels = labels_from(f"10:00:59{mark}10", half, 150)
    signal = wave(labels)
    pair = 2 if rate > 30 else 1
    start = Timecode.of(10, 0, 59, 10 * pair, rate, rate in NTSC)

    def send(stop: threading.Event) -> None:
        with av.open(udp(port), "w", format="mpegts") as output:
            options = {"preset": "ultrafast", "tune": "zerolatency", "g": "1", "crf": "10"}
            stream = output.add_stream("libx264", rate=rate, options=options)
            sound = output.add_stream("mp2", rate=48000, layout="stereo", options={"b": "384k"})
            assert isinstance(stream, av.VideoStream)
            assert isinstance(sound, av.AudioStream)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            begun, done = time.monotonic(), 0
            for number in range(int(4 * rate)):
                if stop.is_set():
                    return
                picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 + number % 200, np.uint8))
                picture.pts, picture.time_base = number, 1 / rate
                output.mux(stream.encode(picture))
                while done * 1152 / 48000 < (number + 1) / rate:
                    part = signal[done * 1152 : (done + 1) * 1152]
                    both = np.ascontiguousarray(np.stack([np.zeros_like(part), part]) * 32767).astype(np.int16)
                    block = av.AudioFrame.from_ndarray(
                        np.ascontiguousarray(both.T.reshape(1, -1)), sound.codec_context.format.name, "stereo"
                    )
                    block.sample_rate, block.pts, block.time_base = 48000, done * 1152, Fraction(1, 48000)
                    output.mux(sound.encode(block))
                    done += 1
                time.sleep(max(0.0, begun + number / float(rate) - time.monotonic()))

    with (
        sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5, timecode="ltc") as source,
    ):
        frames = take(source, 45)
        assert "timecode: linear timecode of the audio" in source.info.notes
    told = [frame for frame in frames if frame.timecode is not None]
    assert len(told) > 25
    for frame in told:
        assert frame.timecode is not None
        sent = frame.timecode.frame - start.frame
        assert abs(float(frame.pixels.mean()) - (10 + sent % 200)) < 1.5
    assert [frame.timecode for frame in told] == [told[0].timecode + n for n in range(len(told)) if told[0].timecode]


def test_another_size_and_rate_in_mid_stream_is_taken_up() -> None:
    """The sender begins again with another camera mode, quicker than anybody notices a loss."""
    port = free_port()
    first, second = units(PAL, [None] * 200), units(Fraction(50), [None] * 400, size=(96, 64))

    def send(stop: threading.Event) -> None:
        send_units(udp(port), PAL, first[:60], stop=stop)
        send_units(udp(port), Fraction(50), second, size=(96, 64), stop=stop)

    seen: list[tuple[SourceInfo, Frame]] = []
    with (
        sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=4) as source,
    ):
        until = time.monotonic() + 30
        for frame in patiently(source, until):
            seen.append((source.info, frame))
            if frame.rate == 50 and len(seen) > 90:
                break
    before, after = seen[0], seen[-1]
    assert (before[0].width, before[0].height, before[0].rate, before[0].generation) == (64, 48, PAL, 0)
    assert (after[0].width, after[0].height, after[0].rate) == (96, 64, Fraction(50))
    assert after[0].generation >= 1
    assert after[1].pixels.shape == (64, 96, 3)
    for info, frame in seen:
        assert (frame.height, frame.width, frame.rate) == (info.height, info.width, info.rate)
    numbers = [frame.number for _, frame in seen]
    assert numbers == sorted(set(numbers))
    times = [frame.seconds for _, frame in seen]
    assert times == sorted(set(times))


def patiently(source: Source, until: float) -> Iterator[Frame]:
    """Frames, over losses, until that time."""
    while time.monotonic() < until:
        try:
            frame = source.read()
        except SourceLostError:
            continue
        if frame is None:
            return
        yield frame


def test_a_camera_away_for_a_while_comes_back_in_another_mode_with_its_timecode() -> None:
    port = free_port()
    first = units(PAL, labels_from("01:00:00:00", PAL, 200))
    second = units(DROP, labels_from("02:00:00;00", DROP, 300), size=(96, 64))
    gone = threading.Event()

    def send(stop: threading.Event) -> None:
        send_units(udp(port), PAL, first[:70], stop=stop)
        gone.wait(30)
        send_units(udp(port), DROP, second, size=(96, 64), stop=stop)

    seen: list[Frame] = []
    with (
        sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=1) as source,
    ):
        losses = 0
        until = time.monotonic() + 30
        while time.monotonic() < until and len([f for f in seen if f.width == 96]) < 10:
            try:
                frame = source.read()
            except SourceLostError:
                losses += 1
                gone.set()
                continue
            assert frame is not None
            seen.append(frame)
        assert losses >= 1
        assert (source.info.generation, source.info.rate, source.info.width) == (1, DROP, 96)
        assert faults_of(source).losses == 1
    back = next(n for n, frame in enumerate(seen) if frame.width == 96)
    last, first_again = seen[back - 1], seen[back]
    assert last.captured is not None
    assert first_again.captured is not None
    away = first_again.captured - last.captured
    assert first_again.number - last.number == pytest.approx(away * float(DROP), abs=1)
    assert float(first_again.seconds - last.seconds) == pytest.approx(away, abs=0.05)
    assert all(str(frame.timecode).startswith("01:00:0") for frame in seen[:back])
    assert all(str(frame.timecode).startswith("02:00:0") for frame in seen[back:])


@pytest.mark.parametrize("loss", [False, True])
def test_another_depth_is_taken_up(loss: bool) -> None:
    port, gone = free_port(), threading.Event()
    first, second = units(PAL, [None] * 200), units(PAL, [None] * 300, form="yuv420p10le")

    def send(stop: threading.Event) -> None:
        send_units(udp(port), PAL, first[:60], stop=stop)
        if loss:
            gone.wait(30)
        send_units(udp(port), PAL, second, stop=stop)

    seen: list[Frame] = []
    with sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=1) as source:
        until = time.monotonic() + 30
        while time.monotonic() < until and (not seen or seen[-1].bits == 8):
            try:
                frame = source.read()
            except SourceLostError:
                gone.set()
                continue
            assert frame is not None
            seen.append(frame)
        assert (source.info.bits, source.info.pixel_format, source.info.generation) == (10, "yuv420p10le", 1)
        assert faults_of(source).losses == int(loss)
    assert (seen[0].bits, str(seen[0].pixels.dtype)) == (8, "uint8")
    assert (seen[-1].bits, str(seen[-1].pixels.dtype)) == (10, "uint16")
    assert seen[-1].number > seen[-2].number


@needs_ffmpeg
def test_rtmp_that_breaks_off_comes_back_by_itself(tmp_path: Path) -> None:
    port = free_port()
    address = f"rtmp://127.0.0.1:{port}/live/a"
    write_labelled(tmp_path / "a.ts", labels_from("01:00:00:00", PAL, 200), PAL)
    write_labelled(tmp_path / "b.ts", labels_from("02:00:00:00", PAL, 200), PAL, size=(96, 64))

    def serve(name: str) -> "subprocess.Popen[bytes]":
        given = ["-v", "error", "-re", "-i", str(tmp_path / name), "-c", "copy", "-f", "flv", "-listen", "1", address]
        return subprocess.Popen([FFMPEG, *given], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    server = serve("a.ts")
    try:
        with open_patiently(address) as source:
            frames = take(source, 12)
            server.kill()
            server.wait()
            server = serve("b.ts")
            until = time.monotonic() + 30
            for frame in patiently(source, until):
                frames.append(frame)
                if frame.width == 96 and len(frames) > 30:
                    break
            assert (source.info.width, source.info.generation, faults_of(source).losses) == (96, 1, 1)
    finally:
        server.kill()
        server.wait()
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert frames[-1].width == 96
    assert str(frames[0].timecode).startswith("01:00:0")
    assert str(frames[-1].timecode).startswith("02:00:0")


def test_pictures_out_of_order_or_repeated_are_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """A multiplexer that mixes them up: MPEG-TS over UDP with times that go back and come twice."""
    port = free_port()
    access = units(PAL, [None] * 80)
    mixed = list(access)
    mixed[50], mixed[51] = mixed[51], mixed[50]
    mixed[60] = (mixed[60][0], 59, True)
    with (
        sending(lambda stop: send_mixed(port, mixed, stop)),
        open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        frames = list(itertools.takewhile(lambda frame: frame.pixels.mean() < 10 + 70, source))
        faults = faults_of(source)
    levels = [float(frame.pixels.mean()) for frame in frames]
    assert all(b > a - 0.5 for a, b in itertools.pairwise(levels))
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert (faults.late, faults.repeated) == (1, 1)
    assert caplog.text.count("out of order") == 1


def test_a_camera_that_freezes_still_sends_frames() -> None:
    port = free_port()
    access = units(PAL, labels_from("01:00:00:00", PAL, 80), still=True, gop=12)
    with (
        sending(lambda stop: send_units(udp(port), PAL, access, stop=stop)),
        open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        frames = take(source, 30)
    assert [frame.number for frame in frames] == list(range(30))
    for frame in frames[1:]:
        np.testing.assert_allclose(frame.pixels.astype(int), frames[0].pixels, atol=2)
    first = frames[0].timecode
    assert first is not None
    assert [frame.timecode for frame in frames] == [first + n for n in range(30)]


def test_damaged_packets_are_left_out_counted_and_got_over(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    labels = labels_from("01:00:00:00", PAL, 120)
    random = np.random.default_rng(5)
    noisy: list[Access] = []
    context = encoder("libx264", PAL, gop=5)
    for number, label in enumerate(labels):
        picture = av.VideoFrame.from_ndarray(random.integers(0, 255, (48, 64, 3), np.uint8))
        picture.pts, picture.time_base = number, 1 / PAL
        for packet in context.encode(picture):
            data = bytearray(with_label("libx264", bytes(packet), label))
            if 40 <= number < 60 and number % 3 == 0:
                place = len(data) // 3
                data[place : place + 200] = random.bytes(200)
            noisy.append((bytes(data), number, packet.is_keyframe))
    with (
        sending(lambda stop: send_units(udp(port), PAL, noisy, stop=stop)),
        open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source,
    ):
        frames = list(itertools.takewhile(lambda f: f.timecode is None or f.timecode.frame < labels[80].frame, source))
        faults = faults_of(source)
    begin = frames[0].timecode
    assert begin is not None
    assert faults.damaged >= 3
    assert faults.losses == 0
    assert caplog.text.count("damaged pictures") == 1
    for frame in frames:
        assert frame.timecode is not None
        assert frame.timecode.frame - begin.frame == frame.number
    whole = [frame.timecode.frame - labels[0].frame for frame in frames if frame.timecode is not None]
    assert set(range(65, 80)) <= set(whole)


@pytest.mark.parametrize("seed", range(12))
def test_bytes_spoilt_anywhere_bring_no_other_error(tmp_path: Path, seed: int) -> None:
    """Tables, headers and pictures of a transport stream: what cannot be read is left out, or the source is lost."""
    write_labelled(tmp_path / "a.ts", labels_from("01:00:00:00", PAL, 40), PAL)
    data, random = bytearray((tmp_path / "a.ts").read_bytes()), np.random.default_rng(seed)
    for place in random.integers(0, len(data), 10 + 40 * seed):
        data[place] = random.integers(256)

    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve(stop: threading.Event) -> None:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(bytes(data))

        numbers: list[int] = []
        with sending(serve), contextlib.suppress(MediaError):
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            with open_source(address, realtime=True, timeout_s=3) as source:
                numbers += [frame.number for frame in source]
    assert numbers == sorted(set(numbers))
    if seed == 0:
        assert len(numbers) > 5


def test_a_source_that_comes_back_without_its_linear_timecode_is_shown_all_the_same(tmp_path: Path) -> None:
    rate = Fraction(50)
    sound = make_ltc_clip(tmp_path / "a.ts", PAL, wave(labels_from("01:00:00:00", PAL, 60)), 50, "mp2")
    mute = tmp_path / "b.ts"
    write_labelled(mute, [None] * 30, rate)
    serving = [sound.read_bytes(), mute.read_bytes()]

    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve(stop: threading.Event) -> None:
            for data in serving:
                client, _ = server.accept()
                with client, contextlib.suppress(OSError):
                    client.sendall(data)

        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        choice = TimecodeChoice.parse("ltc")
        with sending(serve):
            source = LabelledSource(ReconnectingSource(
                lambda: StreamSource(address, timeout_s=3, timecode=choice), ends=False, first_wait_s=0.0,
                again=lambda: StreamSource(address, timeout_s=3, timecode=choice, again=True),
            ), choice)
            frames: list[Frame] = []
            with source:
                while len(frames) < 60:
                    with contextlib.suppress(SourceLostError):
                        frame = source.read()
                        assert frame is not None
                        frames.append(frame)
    labels = [frame.timecode for frame in frames[40:]]
    assert None not in labels
    assert {frame.rate for frame in frames} == {PAL, rate}
    texts = [str(label) for label in labels]
    assert texts == sorted(texts)


def test_an_interlaced_stream_is_deinterlaced_in_live(tmp_path: Path) -> None:
    path, port = make_interlaced(tmp_path / "a.ts"), free_port()
    with av.open(str(path)) as stored:
        video = stored.streams.video[0]
        access = [(bytes(p), p.pts, p.is_keyframe, p.time_base, p.dts) for p in stored.demux(video) if p.size]

    def send(stop: threading.Event) -> None:
        with av.open(str(path)) as stored, av.open(udp(port), "w", format="mpegts") as output:
            stream = output.add_stream_from_template(stored.streams.video[0])
            shift = 0
            while not stop.is_set():
                for data, pts, key, base, dts in access:
                    packet = av.Packet(data)
                    packet.pts, packet.dts = (pts or 0) + shift, (dts or 0) + shift
                    packet.time_base, packet.stream, packet.is_keyframe = base, stream, key
                    output.mux(packet)
                    time.sleep(1 / 25)
                shift += len(access) * 3600

    with sending(send), open_source(f"udp://127.0.0.1:{port}", realtime=True, timeout_s=5) as source:
        assert source.info.interlaced
        assert source.info.deinterlaced == "bwdif, a picture a frame"
        frames = take(source, 30)
    assert [frame.number for frame in frames] == list(range(30))
    captured = [frame.captured or 0.0 for frame in frames]
    assert captured == sorted(set(captured))
    assert time.monotonic() - captured[-1] < 10


def test_memory_stays_flat_over_losses() -> None:
    """A hundred connections of a source that breaks off: nothing is kept of those that are gone."""
    import tracemalloc

    from media.clips import frames_of
    from media.test_live import LOST, Scripted

    def opener() -> Source:
        return Scripted([*frames_of(5), LOST])

    source = ReconnectingSource(opener, first_wait_s=0.0, most_wait_s=0.0)
    sizes = []
    tracemalloc.start()
    try:
        for _ in range(4):
            for _ in range(150):
                with contextlib.suppress(SourceLostError):
                    source.read()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        source.close()
    assert max(sizes[1:]) - min(sizes[1:]) < 40_000
    assert source.faults.losses >= 99
