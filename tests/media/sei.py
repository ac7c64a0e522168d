"""H.264 and HEVC with timecode in the pictures (SEI), written bit by bit, and senders of such streams."""

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from playingage.core import Timecode

_START = re.compile(b"\x00\x00\x01")


def _packed(*fields: tuple[int, int]) -> bytes:
    """Values in so many bits each, filled up to whole bytes with a one and zeros."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    if len(text) % 8:
        text += "1"
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def _escaped(data: bytes) -> bytes:
    made, zeros = bytearray(), 0
    for value in data:
        if zeros >= 2 and value <= 3:
            made.append(3)
            zeros = 0
        made.append(value)
        zeros = zeros + 1 if value == 0 else 0
    return bytes(made)


def sei(codec: str, label: Timecode) -> bytes:
    """The message that carries `label`: picture timing of H.264 (no HRD, pic_struct present) or time code of HEVC."""
    hours, minutes, seconds, frames = (int(part) for part in str(label).replace(";", ":").split(":"))
    flags = ((4 if label.drop else 0, 5), (1, 1), (0, 1), (int(label.drop), 1))
    clock = ((seconds, 6), (minutes, 6), (hours, 5))
    if codec == "libx264":
        body = _packed((0, 4), (1, 1), (0, 2), (0, 1), *flags, (frames, 8), *clock)
        return b"\x00\x00\x00\x01\x06" + _escaped(bytes([1, len(body)]) + body + b"\x80")
    body = _packed((1, 2), (1, 1), (0, 1), *flags, (frames, 9), *clock, (0, 5))
    return b"\x00\x00\x00\x01\x4e\x01" + _escaped(bytes([136, len(body)]) + body + b"\x80")


def _kind(codec: str, data: bytes, at: int) -> int:
    return data[at + 3] & 31 if codec == "libx264" else data[at + 3] >> 1 & 63


def with_label(codec: str, data: bytes, label: Timecode | None) -> bytes:
    """An access unit with `label` before its first slice, in place of the encoder's own picture timing."""
    starts = [found.start() for found in _START.finditer(data)]
    ends = [*starts[1:], len(data)]
    made, done = b"", label is None
    for begin, end in zip(starts, ends, strict=True):
        unit, kind = data[begin:end].rstrip(b"\x00"), _kind(codec, data, begin)
        if codec == "libx264" and kind == 6 and data[begin + 4] == 1:
            continue
        if not done and label is not None and kind < (6 if codec == "libx264" else 32):
            made += sei(codec, label)
            done = True
        made += b"\x00" + unit
    return made


def encoder(
    codec: str, rate: Fraction, size: tuple[int, int] = (64, 48), *, gop: int = 12, form: str = "yuv420p"
) -> VideoCodecContext:
    """An encoder without delay whose streams have room for timecode."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = *size, form
    context.framerate, context.time_base = rate, 1 / rate
    params = "pic-struct=1" if codec == "libx264" else "log-level=none:repeat-headers=1:bframes=0"
    context.options = {
        "preset": "ultrafast", "tune": "zerolatency", "g": str(gop), "crf": "10",
        f"{codec[3:]}-params": params + (f":keyint={gop}" if codec == "libx265" else ""),
    }
    return context


def write_labelled(
    target: Path | str, labels: Iterable[Timecode | None], rate: Fraction, *, codec: str = "libx264",
    form: str = "mpegts", pace: Callable[[int], bool] = lambda number: True, size: tuple[int, int] = (64, 48),
) -> int:
    """Write or send pictures (all of one grey, 10 + number % 200) with these labels; returns how many.

    pace: called before each picture with its number; False leaves that one out, as if it had been lost.
    """
    count = 0
    source = encoder(codec, rate, size)
    with av.open(str(target), "w", format=form) as output:
        stream = output.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = 1 / rate
        for number, label in enumerate(labels):
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 10 + number % 200, np.uint8))
            picture.pts, picture.time_base = number, 1 / rate
            for packet in source.encode(picture):
                if not pace(number):
                    continue
                made = av.Packet(with_label(codec, bytes(packet), label))
                made.pts = made.dts = number
                made.time_base, made.stream, made.is_keyframe = 1 / rate, stream, packet.is_keyframe
                output.mux(made)
                count += 1
    return count
