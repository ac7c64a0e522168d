"""Clips of a real face in motion, made on the fly, and looks into what came out."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playingage.frames import Frame
from playingage.media import open_source

Picture = NDArray[np.uint8]
RATE = Fraction(24000, 1001)
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "crf": "4"},
    "libx265": {"preset": "ultrafast", "crf": "4", "x265-params": "log-level=none"},
    "ffv1": {"level": "3"},
}


def backdrop(size: tuple[int, int], seed: int = 0) -> Picture:
    """A textured background of (width, height)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([60 + 70 * x / width, 90 + 50 * y / height, 130 - 40 * x / width], axis=-1)
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 1))
    return np.clip(base + noise, 0, 255).astype(np.uint8)


def placed(
    portrait: Picture, size: tuple[int, int] = (160, 120), shift: tuple[float, float] = (0, 0), scale: float = 0.5,
    seed: int = 0,
) -> Picture:
    """The portrait's head over a background, `shift` pixels off the middle; 512 px of it become 512 * `scale`."""
    width, height = size
    matrix = np.array([[scale, 0, width / 2 - 230 * scale + shift[0]], [0, scale, height / 2 - 130 * scale + shift[1]]])
    calm = cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale) if scale < 1 else portrait
    moved = cv2.warpAffine(calm, matrix, size, flags=cv2.INTER_LINEAR)
    head = cv2.ellipse(np.zeros(portrait.shape[:2], np.uint8), (222, 128), (92, 124), 0, 0, 360, 255, -1)
    inside = cv2.warpAffine(head, matrix, size, flags=cv2.INTER_LINEAR)[..., None] / 255
    return np.round(moved * inside + backdrop(size, seed) * (1 - inside)).astype(np.uint8)


def moving(portrait: Picture, count: int = 6, size: tuple[int, int] = (160, 120)) -> list[Picture]:
    """The face drifting to the right by one pixel and a half a frame."""
    return [placed(portrait, size, (1.5 * n, 0.5 * n)) for n in range(count)]


def empty(count: int = 4, size: tuple[int, int] = (160, 120)) -> list[Picture]:
    """Nobody is there."""
    return [backdrop(size, n) for n in range(count)]


def write_clip(
    path: Path, pictures: Sequence[NDArray[Any]], encoder: str = "libx264", pixel_format: str = "yuv420p", *,
    rate: Fraction = RATE, ticks: Sequence[int] | None = None, base: Fraction | None = None, audio: str | None = None,
    metadata: dict[str, str] | None = None, rotate: int = 0, tags: tuple[int, int, int, int] = (1, 1, 1, 1),
    options: dict[str, str] | None = None,
) -> Path:
    """RGB(A) pictures (uint8 or uint16) as a clip with tags of H.273: primaries, transfer, matrix, range."""
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(encoder, rate=rate, options=_OPTIONS.get(encoder, {}) | (options or {}))
        assert isinstance(stream, VideoStream)
        height, width = pictures[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        if base is not None:
            stream.codec_context.time_base = base
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        if rotate:
            stream.set_display_rotation(rotate)
        sound = container.add_stream(audio, rate=48000) if audio else None
        for number, picture in enumerate(pictures):
            frame = _frame(picture, pixel_format, tags)
            frame.pts, frame.time_base = ticks[number] if ticks is not None else number, base or 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            assert isinstance(sound, av.AudioStream)
            _hum(container, sound, float(len(pictures) / rate))
    return path


def _frame(picture: NDArray[Any], pixel_format: str, tags: tuple[int, int, int, int]) -> av.VideoFrame:
    deep, alpha = picture.dtype == np.uint16, picture.shape[2] == 4
    form = ("rgba64le" if alpha else "rgb48le") if deep else ("rgba" if alpha else "rgb24")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=form)
    matrix = {1: 1, 9: 9}.get(tags[2], 5)
    if pixel_format != form:
        frame = frame.reformat(
            format=pixel_format, src_colorspace=matrix, dst_colorspace=matrix, src_color_range=2,
            dst_color_range=tags[3],
        )
    frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = tags
    return frame


def _hum(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    size = stream.codec_context.frame_size or 1024
    form, layout = stream.codec_context.format, stream.codec_context.layout
    for start in range(0, int(seconds * 48000), size):
        wave = np.sin((np.arange(size) + start) * 0.05) * 0.3
        data = np.tile(wave, (layout.nb_channels, 1)) if form.is_planar else np.repeat(wave, layout.nb_channels)[None]
        kind = np.int16 if form.name.startswith("s16") else np.float32
        scaled = data * 32767 if kind is np.int16 else data
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(scaled.astype(kind)), form.name, layout.name)
        frame.sample_rate, frame.pts = 48000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write_pictures(folder: Path, pictures: Sequence[NDArray[Any]], name: str = "shot.%04d.png", first: int = 1) -> str:
    """A sequence on disk; gives its address. Pictures are RGB(A)."""
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(pictures):
        order = [2, 1, 0, 3][: picture.shape[2]]
        assert cv2.imwrite(str(folder / (name % (first + number))), np.ascontiguousarray(picture[..., order]))
    return str(folder / name)


def read_all(address: str | Path) -> list[Frame]:
    """Every frame, decoded as the product decodes."""
    with open_source(str(address)) as source:
        return list(source)


def audio_packets(path: Path) -> list[tuple[bytes, int | None]]:
    """Every audio packet's bytes and length."""
    with av.open(str(path)) as container:
        return [(bytes(p), p.duration) for p in container.demux(audio=0) if p.size]


def deepened(pictures: Sequence[Picture], bits: int = 10) -> list[NDArray[np.uint16]]:
    """8-bit pictures as 16-bit ones that truly hold `bits` bits: a fine ramp is laid over."""
    made = []
    for picture in pictures:
        y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
        fine = ((x + y) % (1 << (bits - 8))) * (65535 // ((1 << bits) - 1))
        values = picture.astype(np.float64) / 255 * 65535 * 0.98 + fine[..., None]
        made.append(np.clip(np.round(values), 0, 65535).astype(np.uint16))
    return made
