"""Senders of real streams on this machine."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np

from media.sei import encoder, with_label
from playingage.core import Timecode

Access = tuple[bytes, int, bool]
"""An access unit, its tick in frames, and whether it is a key picture."""


def units(rate: Fraction, labels: Sequence[Timecode | None], *, size: tuple[int, int] = (64, 48), gop: int = 1,
          still: bool = False, first: int = 0, form: str = "yuv420p") -> list[Access]:
    """Encoded pictures with these labels; grey 10 + number, or all alike where `still`."""
    context, made = encoder("libx264", rate, size, gop=gop, form=form), []
    for number, label in enumerate(labels):
        level = 90 if still else 10 + (first + number) % 200
        picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), level, np.uint8))
        picture.pts, picture.time_base = number, 1 / rate
        for packet in context.encode(picture):
            made.append((with_label("libx264", bytes(packet), label), number, packet.is_keyframe))
    return made


def send_units(address: str, rate: Fraction, access: Sequence[Access], *, size: tuple[int, int] = (64, 48),
               stop: threading.Event | None = None, speed: float = 1.0, form: str = "mpegts") -> None:
    """Send access units as MPEG-TS, each at its place in the list, with the tick that it names."""
    with av.open(address, "w", format=form) as output:
        stream = output.add_stream("libx264", rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = 1 / rate
        begun = time.monotonic()
        for place, (data, tick, key) in enumerate(access):
            if stop is not None and stop.is_set():
                return
            packet = av.Packet(data)
            packet.pts, packet.dts, packet.time_base = tick, place, 1 / rate
            packet.stream, packet.is_keyframe = stream, key
            output.mux(packet)
            time.sleep(max(0.0, begun + place / float(rate) / speed - time.monotonic()))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def sending(work: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Run a sender beside the test."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)


def udp(port: int) -> str:
    return f"udp://127.0.0.1:{port}?pkt_size=1316"


def send_mixed(port: int, access: Sequence[Access], stop: threading.Event) -> None:
    """MPEG-TS written by hand around the encoded pictures, as FFmpeg's muxer refuses times that go back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        counters: dict[int, int] = {}
        begun = time.monotonic()
        for place, (data, tick, _) in enumerate(access):
            if stop.is_set():
                return
            packets = [*tables(counters), *pes(data, 90000 + tick * 3600, counters)]
            for start in range(0, len(packets), 7):
                out.sendto(b"".join(packets[start : start + 7]), ("127.0.0.1", port))
            time.sleep(max(0.0, begun + place / 25 - time.monotonic()))


def tables(counters: dict[int, int]) -> list[bytes]:
    """Program tables: one program, H.264 in PID 256."""
    association = section(0, bytes([0, 1, 0xC1, 0, 0, 0, 1, 0xF0, 0x00]))
    programme = section(2, bytes([0, 1, 0xC1, 0, 0, 0xE1, 0x00, 0xF0, 0, 0x1B, 0xE1, 0x00, 0xF0, 0]))
    return [*ts(0, b"\x00" + association, counters, 0xFF), *ts(0x1000, b"\x00" + programme, counters, 0xFF)]


def section(table: int, body: bytes) -> bytes:
    head = bytes([table, 0xB0 | (len(body) + 4) >> 8, (len(body) + 4) & 0xFF]) + body
    check = 0xFFFFFFFF
    for byte in head:
        check ^= byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check & 0x80000000 else 0)) & 0xFFFFFFFF
    return head + check.to_bytes(4, "big")


def pes(data: bytes, pts: int, counters: dict[int, int]) -> list[bytes]:
    stamp = bytes([
        0x21 | pts >> 29 & 0xE, pts >> 22 & 0xFF, 0x01 | pts >> 14 & 0xFE, pts >> 7 & 0xFF, 0x01 | pts << 1 & 0xFE,
    ])
    return ts(256, b"\x00\x00\x01\xe0\x00\x00\x80\x80\x05" + stamp + b"\x00\x00\x00\x01\x09\xf0" + data, counters)


def ts(pid: int, payload: bytes, counters: dict[int, int], fill: int | None = None) -> list[bytes]:
    """TS packets of one payload; the last is filled up with `fill`, or by an adaptation field."""
    made: list[bytes] = []
    for start in range(0, len(payload), 184):
        part = payload[start : start + 184]
        count = counters[pid] = (counters.get(pid, -1) + 1) % 16
        control, field = 0x10, b""
        if len(part) < 184:
            if fill is not None:
                part += bytes([fill]) * (184 - len(part))
            else:
                control, room = 0x30, 183 - len(part)
                field = bytes([room]) + (b"\x00" + b"\xff" * (room - 1) if room else b"")
        made.append(bytes([0x47, (0 if start else 0x40) | pid >> 8, pid & 0xFF, control | count]) + field + part)
    return made
