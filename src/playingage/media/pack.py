"""Full-range RGB arrays to pictures in the pixel format of an encoder.

The opposite of `unpack`: swscale takes white of 16-bit RGB as 255 * 256, so 16-bit values are shrunk by 255/256 before.
Depth is reduced by exact rounding, never by cutting bits off.
"""

from functools import lru_cache
from typing import cast

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from playingage.frames import Frame, Pixels
from playingage.media.tags import RawTags, swscale_matrix
from playingage.media.unpack import ACCURATE, layout_of

Codes = NDArray[np.uint8] | NDArray[np.uint16]


@lru_cache(maxsize=8)
def _narrowing(bits: int) -> Codes:
    """Table from 0..65535 to the nearest code value of `bits` bits."""
    top = (1 << bits) - 1
    table = (np.arange(65536, dtype=np.uint64) * top + 32767) // 65535
    return table.astype(np.uint8) if bits == 8 else table.astype(np.uint16)


def to_codes(pixels: Pixels, bits: int) -> Codes:
    """Pixels of any frame dtype to code values of `bits` bits: uint8 for 8, uint16 for 9..16.

    Floating point is limited to 0..1 first (not-a-number becomes 0); uint8 is widened exactly.
    """
    if pixels.dtype == np.uint8:
        narrow = pixels.astype(np.uint8, copy=False)
        return narrow if bits == 8 else _narrowing(bits)[narrow.astype(np.uint16) * 257]
    if pixels.dtype == np.uint16:
        deep = pixels.astype(np.uint16, copy=False)
        return deep if bits == 16 else _narrowing(bits)[deep]
    unit = np.clip(np.nan_to_num(pixels.astype(np.float32), nan=0.0), 0.0, 1.0)
    scaled = unit * ((1 << bits) - 1) + np.float32(0.5)
    return scaled.astype(np.uint8) if bits == 8 else scaled.astype(np.uint16)


def _white_at_65280(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """0..65535 to 0..255 * 256, within one step."""
    return values - (values >> 8)


class Packer:
    """Turns frames into pictures of one pixel format with one set of colour tags; use it from one thread."""

    def __init__(self, pixel_format: str, tags: RawTags, *, threads: int = 1) -> None:
        self._format, self._tags, self._threads = pixel_format, tags, threads
        self._layout = layout_of(pixel_format)
        self._scaler = VideoReformatter()

    def pack(self, frame: Frame) -> VideoFrame:
        """The picture to encode; alpha is kept where the pixel format has one (opaque where the frame has none)."""
        layout = self._layout
        if layout.rgb and layout.name.startswith("gbr") and layout.bits > 8:
            picture = self._planes(frame)
        elif layout.rgb:
            picture = self._scaled(_packed(frame, 8 if layout.bits == 8 else 16, layout.alpha))
        elif frame.pixels.dtype == np.uint8 or layout.bits == 8:
            picture = self._scaled(_packed(frame, 8, layout.alpha))
        else:
            picture = self._scaled(_packed(frame, 16, layout.alpha, shrink=True))
        picture.color_primaries, picture.color_trc = self._tags.primaries, self._tags.transfer
        picture.colorspace, picture.color_range = self._tags.matrix, self._tags.range
        return picture

    def _scaled(self, picture: VideoFrame) -> VideoFrame:
        if picture.format.name == self._format:
            return picture
        matrix = swscale_matrix(self._tags.matrix)
        return self._scaler.reformat(
            picture,
            format=self._format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.JPEG if self._tags.range == 2 else ColorRange.MPEG,
            interpolation=ACCURATE,
            threads=self._threads,
        )

    def _planes(self, frame: Frame) -> VideoFrame:
        picture = VideoFrame(frame.width, frame.height, self._format)
        codes = to_codes(frame.pixels, self._layout.bits)
        parts = [codes[..., 1], codes[..., 2], codes[..., 0]]
        if self._layout.alpha:
            parts.append(_alpha(frame, self._layout.bits))
        for plane, part in zip(picture.planes, parts, strict=True):
            rows = np.asarray(memoryview(plane)).view(np.uint16).reshape(plane.height, -1)
            rows[:, : plane.width] = part
        return picture


def _alpha(frame: Frame, bits: int) -> Codes:
    if frame.alpha is not None:
        return to_codes(frame.alpha, bits)
    opaque = np.full((frame.height, frame.width), (1 << bits) - 1, np.uint16)
    return opaque.astype(np.uint8) if bits == 8 else opaque


def _packed(frame: Frame, bits: int, alpha: bool, *, shrink: bool = False) -> VideoFrame:
    """One-plane RGB(A) picture of 8 or 16 bits; `shrink` prepares 16-bit colour for swscale's Y'CbCr."""
    codes = to_codes(frame.pixels, bits)
    if shrink:
        codes = _white_at_65280(codes.astype(np.uint16, copy=False))
    if alpha:
        both = cast(Codes, np.dstack([codes, _alpha(frame, bits)]))
        return VideoFrame.from_ndarray(both, format="rgba" if bits == 8 else "rgba64le")
    whole = cast(Codes, np.ascontiguousarray(codes))
    return VideoFrame.from_ndarray(whole, format="rgb24" if bits == 8 else "rgb48le")
