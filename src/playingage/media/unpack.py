"""Decoded FFmpeg pictures to full-range RGB arrays: once, exactly, at the depth they came in.

Y'CbCr goes through swscale with accurate rounding and full chroma, into planes that are joined here: that is faster
than packed output, and packed 16-bit output of 4:2:0 has wrong colours in swscale 9.5 (a test holds this). For more
than 8 bits swscale takes white as 255 * 256 (limited range) or as the top code shifted left (full range); `_stretch`
brings that to 65535. RGB and grey of 9 to 15 bits is widened by a table, so that it can be narrowed again without loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar, cast

import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from playingage.frames import Colour, Pixels
from playingage.media.tags import RawTags, matrix_number, swscale_matrix

_T = TypeVar("_T", np.uint8, np.uint16, np.float32)
ACCURATE = (
    Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
FAST = Interpolation.BILINEAR
_BAND = 32
"""Lines worked on at a time by `_stretch`: they stay in the core's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a pixel format holds. `bits` are significant bits of a component."""

    name: str
    bits: int
    rgb: bool
    alpha: bool
    floating: bool
    grey: bool


@lru_cache(maxsize=64)
def layout_of(name: str) -> Layout:
    """The layout of an FFmpeg pixel format by its name."""
    form = VideoFormat(name)
    parts = form.components
    colour = [c for c in parts if not c.is_alpha]
    return Layout(
        name=name,
        bits=8 if form.has_palette else max(c.bits for c in colour),
        rgb=form.is_rgb or form.has_palette,
        alpha=form.has_palette or any(c.is_alpha for c in parts),
        floating="f32" in name or "f16" in name,
        grey=len(colour) == 1 and not form.has_palette and not form.is_bayer,
    )


def widen(codes: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """Code values of `bits` bits (8..16) to 0..65535: round(v * 65535 / (2**bits - 1)). `narrow` undoes it exactly."""
    return codes if bits == 16 else _table(bits)[np.minimum(codes, (1 << bits) - 1)]


def narrow(values: NDArray[np.uint16], bits: int) -> NDArray[np.uint16]:
    """0..65535 to the nearest code value of `bits` bits (8..16)."""
    if bits == 16:
        return values
    return ((values.astype(np.uint32) * ((1 << bits) - 1) + 32767) // 65535).astype(np.uint16)


@lru_cache(maxsize=8)
def _table(bits: int) -> NDArray[np.uint16]:
    top = (1 << bits) - 1
    return ((np.arange(top + 1, dtype=np.uint64) * 65535 + top // 2) // top).astype(np.uint16)


def raw_tags(frame: VideoFrame) -> RawTags:
    """The colour tags that a decoded frame carries."""
    return RawTags(
        primaries=frame.color_primaries, transfer=frame.color_trc, matrix=frame.colorspace, range=frame.color_range
    )


def side_data(frame: VideoFrame) -> Mapping[Type, SideData]:
    """What else a decoded picture carries. Raises ValueError where PyAV does not know a kind.

    Not `frame.side_data`: that makes a circle of references, and each picture waits for the collector, by the hundred.
    """
    return cast(Mapping[Type, SideData], SideDataContainer(frame))  # type: ignore[call-arg]  # the stub lacks it


def orientation(frame: VideoFrame) -> tuple[int, bool]:
    """Quarter turns counter-clockwise and then a left-right mirror that make a decoded picture upright."""
    try:
        side = side_data(frame).get(Type.DISPLAYMATRIX)
    except ValueError:  # PyAV 18.1 cannot list side data of kinds that it does not know, as EXIF
        return (frame.rotation // 90 % 4, False)
    if side is None:
        return (0, False)
    values = np.frombuffer(bytes(side), dtype=np.int32)
    a, b, c, d = (int(np.sign(v)) if abs(int(v)) >= 1 << 15 else 0 for v in values[[0, 1, 3, 4]])
    return _TURNS.get((a, b, c, d), (0, False))


_TURNS = {
    (1, 0, 0, 1): (0, False), (0, -1, 1, 0): (1, False), (-1, 0, 0, -1): (2, False), (0, 1, -1, 0): (3, False),
    (-1, 0, 0, 1): (0, True), (1, 0, 0, -1): (2, True), (0, 1, 1, 0): (3, True), (0, -1, -1, 0): (1, True),
}
"""Display matrix to (quarter turns counter-clockwise, then mirrored left to right)."""


def turn(pixels: Pixels, turns: int, mirror: bool) -> Pixels:
    """`pixels` (H x W or H x W x 3) turned by quarter turns counter-clockwise, then mirrored; C-contiguous."""
    turned = np.rot90(pixels, turns) if turns else pixels
    return cast(Pixels, np.ascontiguousarray(turned[:, ::-1] if mirror else turned))


class Unpacker:
    """Turns decoded frames of one stream into RGB. Keeps swscale's state between frames; use it from one thread."""

    def __init__(self, *, accurate: bool = True, threads: int = 1) -> None:
        self._scaler = VideoReformatter()
        self._flags = ACCURATE if accurate else FAST
        self._threads = threads

    def unpack(self, frame: VideoFrame, colour: Colour) -> tuple[Pixels, Pixels | None]:
        """RGB pixels (H x W x 3, full range; uint8, uint16 or float32) and alpha (H x W) or None."""
        layout = layout_of(frame.format.name)
        if layout.floating:
            return self._floating(frame, layout)
        if layout.bits > 8 and _in_planes(layout) and (layout.rgb or colour.full_range):
            return _planes(frame, layout)
        if layout.bits > 8 and layout.rgb:
            return _split(_packed(self._scale(frame, "rgba64le" if layout.alpha else "rgb48le", colour), np.uint16))
        if layout.bits > 8:
            return self._deep(frame, layout, colour)
        if layout.rgb or self._flags == FAST:
            return _split(_packed(self._scale(frame, "rgba" if layout.alpha else "rgb24", colour), np.uint8))
        scaled = self._scale(frame, "gbrap" if layout.alpha else "gbrp", colour)
        return _joined([_plane(scaled, i, np.uint8) for i in range(len(scaled.planes))], layout.alpha)

    def _scale(self, frame: VideoFrame, form: str, colour: Colour) -> VideoFrame:
        matrix = swscale_matrix(matrix_number(colour))
        return self._scaler.reformat(
            frame,
            format=form,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG if colour.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=self._flags,
            threads=self._threads,
        )

    def _deep(self, frame: VideoFrame, layout: Layout, colour: Colour) -> tuple[Pixels, Pixels | None]:
        scaled = self._scale(frame, "gbrap16le" if layout.alpha else "gbrp16le", colour)
        parts = [_plane(scaled, i, np.uint16) for i in range(len(scaled.planes))]
        for part in parts[:3]:
            _stretch(part, layout.bits if colour.full_range else 8)
        return _joined(parts, layout.alpha)

    def _floating(self, frame: VideoFrame, layout: Layout) -> tuple[Pixels, Pixels | None]:
        wanted = "grayf32le" if layout.grey else "gbrapf32le" if layout.alpha else "gbrpf32le"
        if frame.format.name != wanted:
            frame = self._scaler.reformat(frame, format=wanted, threads=self._threads)
        return _planes(frame, layout_of(wanted))


def _in_planes(layout: Layout) -> bool:
    return layout.name.endswith("le") and layout.name.startswith(("gray", "gbr"))


def _plane(frame: VideoFrame, index: int, dtype: type[_T]) -> NDArray[_T]:
    """A plane without the padding of its lines; shares its memory."""
    plane = frame.planes[index]
    return np.frombuffer(memoryview(plane), dtype=dtype).reshape(plane.height, -1)[:, : plane.width]


def _planes(frame: VideoFrame, layout: Layout) -> tuple[Pixels, Pixels | None]:
    count = len(frame.planes)
    if layout.floating:
        return _joined([_plane(frame, i, np.float32) for i in range(count)], layout.alpha)
    return _joined([widen(_plane(frame, i, np.uint16), layout.bits) for i in range(count)], layout.alpha)


def _joined(parts: list[NDArray[_T]], alpha: bool) -> tuple[Pixels, Pixels | None]:
    """Planes in FFmpeg's order (green, blue, red, alpha; or grey, alpha) to RGB and alpha."""
    order = (2, 0, 1) if len(parts) >= 3 else (0, 0, 0)
    pixels = np.empty((*parts[0].shape, 3), parts[0].dtype)
    for channel, place in enumerate(order):
        pixels[..., channel] = parts[place]
    return cast(Pixels, pixels), cast(Pixels, np.ascontiguousarray(parts[-1])) if alpha else None


def _packed(frame: VideoFrame, dtype: type[_T]) -> NDArray[_T]:
    """The one plane of a packed picture as H x W x channels, without a copy where its lines are not padded."""
    plane, channels = frame.planes[0], len(frame.format.components)
    rows = np.frombuffer(memoryview(plane), dtype=dtype).reshape(plane.height, -1)
    width = frame.width * channels
    lines = rows if rows.shape[1] == width else np.ascontiguousarray(rows[:, :width])
    return lines.reshape(frame.height, frame.width, channels)


def _split(both: NDArray[_T]) -> tuple[Pixels, Pixels | None]:
    if both.shape[2] == 3:
        return cast(Pixels, both), None
    return cast(Pixels, np.ascontiguousarray(both[..., :3])), cast(Pixels, np.ascontiguousarray(both[..., 3]))


def _stretch(part: NDArray[np.uint16], bits: int) -> None:
    """In place: white at (2**bits - 1) << (16 - bits) to white at 65535."""
    if bits >= 16:
        return
    white = np.uint16(((1 << bits) - 1) << (16 - bits))
    for start in range(0, part.shape[0], _BAND):
        band = part[start : start + _BAND]
        np.minimum(band, white, out=band)
        band += band >> bits
