"""Tiny clips and pictures made on the fly, with known values."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playingage.frames import Colour, Frame
from playingage.media import SourceInfo

RATE = Fraction(24000, 1001)
LEVELS = ((0.9, 0.2, 0.1), (0.1, 0.8, 0.2), (0.2, 0.3, 0.9), (0.5, 0.5, 0.5))
"""RGB of the quadrants, 0..1: top left, top right, bottom left, bottom right. The last one is replaced by `grey(n)`."""


def grey(number: int) -> float:
    """The bottom right quadrant of frame `number`, 0..1."""
    return 0.15 + 0.05 * (number % 15)


def picture(number: int, width: int = 64, height: int = 48) -> NDArray[np.float64]:
    """Frame `number` as H x W x 3 in 0..1: three coloured quadrants and one that tells the number."""
    pixels = np.empty((height, width, 3))
    half_height, half_width = height // 2, width // 2
    pixels[:half_height, :half_width], pixels[:half_height, half_width:] = LEVELS[0], LEVELS[1]
    pixels[half_height:, :half_width], pixels[half_height:, half_width:] = LEVELS[2], grey(number)
    return pixels


def codes(pixels: NDArray[np.float64], bits: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """0..1 to full-range code values: uint8 for 8 bits, else uint16 at 0..65535."""
    if bits == 8:
        return np.round(pixels * 255).astype(np.uint8)
    return np.round(pixels * 65535).astype(np.uint16)


def centres(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """The middle of each quadrant as 4 x 3 in 0..1."""
    values = pixels.astype(np.float64)
    if pixels.dtype.kind == "u":
        values /= 255 if pixels.dtype == np.uint8 else 65535
    height, width = pixels.shape[:2]
    rows, columns = (height // 4, height * 3 // 4), (width // 4, width * 3 // 4)
    return np.array([values[r, c] for r in rows for c in columns])


def expected(number: int) -> NDArray[np.float64]:
    """What `centres` of frame `number` should be."""
    return np.array([*LEVELS[:3], (grey(number),) * 3])


def frames_of(count: int, *, bits: int = 8, size: tuple[int, int] = (64, 48), rate: Fraction = RATE) -> list[Frame]:
    """`count` frames of the test picture."""
    return [Frame(pixels=codes(picture(n, *size), bits), number=n, rate=rate, bits=bits) for n in range(count)]


def info_of(count: int | None = 4, *, bits: int = 8, size: tuple[int, int] = (64, 48), **more: object) -> SourceInfo:
    """Info that fits `frames_of`."""
    given: dict[str, object] = {
        "name": "made", "width": size[0], "height": size[1], "rate": RATE, "bits": bits, "frames": count,
        "colour": Colour(),
    }
    return SourceInfo(**(given | more))  # type: ignore[arg-type]


def make_clip(
    path: Path,
    encoder: str = "libx264",
    pixel_format: str = "yuv420p",
    *,
    count: int = 6,
    size: tuple[int, int] = (64, 48),
    rate: Fraction = RATE,
    options: dict[str, str] | None = None,
    ticks: Sequence[int] | None = None,
    base: Fraction | None = None,
    rotate: float = 0,
    matrix: tuple[int, ...] | None = None,
    metadata: dict[str, str] | None = None,
    audio: str | None = None,
    aspect: Fraction | None = None,
    tagged: bool = True,
    muxing: dict[str, str] | None = None,
    noise: bool = False,
) -> Path:
    """A clip of `picture(n)`, BT.709 limited range unless not `tagged`; `ticks` of `base` seconds make it variable."""
    with av.open(str(path), "w", options=muxing or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(encoder, rate=rate, options=_options(encoder) | (options or {}))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        if base is not None:
            stream.codec_context.time_base = base
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotate:
            stream.set_display_rotation(rotate)
        if matrix is not None:
            stream.set_display_matrix(matrix)
        if tagged:
            _tag(stream.codec_context, "gbr" in pixel_format or "rgb" in pixel_format or "bgr" in pixel_format)
        sound = container.add_stream(audio, rate=48000) if audio else None
        random = np.random.default_rng(1)
        for n in range(count):
            pixels = picture(n, *size)
            if noise:
                pixels = np.clip(pixels + random.normal(0, 0.2, pixels.shape), 0, 1)
            source = av.VideoFrame.from_ndarray(np.round(pixels * 255).astype(np.uint8), format="rgb24")
            ycc = 1 if tagged else 5
            frame = source.reformat(
                format=pixel_format, src_colorspace=ycc, dst_colorspace=ycc, src_color_range=2, dst_color_range=1
            )
            if tagged:
                frame.color_primaries = frame.color_trc = 1
            frame.pts = ticks[n] if ticks is not None else n
            frame.time_base = base or 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            assert isinstance(sound, av.AudioStream)
            _add_sound(container, sound, float(count / rate))
    return path


def _options(encoder: str) -> dict[str, str]:
    known = {
        "libx264": {"preset": "ultrafast", "crf": "4"},
        "libx265": {"preset": "ultrafast", "crf": "4", "x265-params": "log-level=none"},
    }
    return known.get(encoder, {})


def _tag(context: VideoCodecContext, rgb: bool) -> None:
    context.color_primaries = context.color_trc = 1
    context.colorspace, context.color_range = (0, 2) if rgb else (1, 1)


def _add_sound(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    total = int(seconds * 48000)
    size = stream.codec_context.frame_size or 1024
    for start in range(0, total, size):
        wave = np.sin((np.arange(size) + start) * 0.05).astype(np.float32) * 0.3
        planar = stream.codec_context.format.is_planar
        channels = stream.codec_context.layout.nb_channels
        data = np.tile(wave, (channels, 1)) if planar else np.repeat(wave, channels)[None]
        if stream.codec_context.format.name.startswith("s16"):
            data = (data * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(data), stream.codec_context.format.name, stream.codec_context.layout.name
        )
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
