"""Monitor pictures: scaled, 8 bits, JPEG. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames import Frame, Pixels, to_view
from playingage.live.strips import encode, encode_strips, join

STEPS = (540, 720)
"""Short sides, in pixels, of the sizes below the full one."""
LONGEST = 4096
"""No monitor picture is longer than this: it bounds a message."""
_FIT = 0.95
"""A picture may be shown up to this much larger than it is before the next size is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpeg:
    """One compressed picture and its size in pixels."""

    data: bytes
    width: int
    height: int


def scaled_size(width: int, height: int, short_side: float) -> tuple[int, int]:
    """Width and height to encode for a viewer whose picture has `short_side` device pixels on its shorter side.

    One of three sizes: 540 or 720 pixels on the short side, or full (at most 4096 on the long side); never enlarged.
    """
    short, long = min(width, height), max(width, height)
    step = next((step for step in STEPS if step >= short_side * _FIT), short)
    scale = min(1.0, step / short, LONGEST / long)
    return max(1, round(width * scale)), max(1, round(height * scale))


def encode_picture(frame: Frame, size: tuple[int, int], quality: int) -> Jpeg:
    """Compress `frame` at `size` (width, height) in pixels: scaled, display-encoded, 8 bits, 4:2:0."""
    return encode_pictures((frame,), size, quality)[0]


def encode_pictures(frames: Sequence[Frame], size: tuple[int, int], quality: int) -> list[Jpeg]:
    """As `encode_picture`, of frames of one size: strips that are the same as in the first are compressed once."""
    first, *others = (_shown(frame, size) for frame in frames)
    if not others:
        return [Jpeg(data=encode(first, quality, fast=True), width=size[0], height=size[1])]
    known = encode_strips(first, quality, fast=True)
    strips = [known, *(encode_strips(each, quality, first, known, fast=True) for each in others)]
    return [Jpeg(data=join(each, *size, grey=False), width=size[0], height=size[1]) for each in strips]


def _shown(frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scaled by area, except by less than 2 (1080 to 720): there OpenCV's area filter takes 5 ms, its bilinear one 2,
    and every pixel still counts.
    """
    pixels: Pixels = frame.pixels
    if size != (frame.width, frame.height):
        if pixels.dtype == np.float16:
            pixels = pixels.astype(np.float32)
        pixels = cv2.resize(
            pixels, size, interpolation=cv2.INTER_AREA if frame.width >= 2 * size[0] else cv2.INTER_LINEAR
        )  # type: ignore[assignment]
    return np.ascontiguousarray(display_pixels(pixels, frame.colour.transfer))


def display_pixels(pixels: Pixels, transfer: str) -> NDArray[np.uint8]:
    """What a display shows of encoded RGB, in 8 bits: linear light and PQ as the networks see them, others as is."""
    if pixels.dtype == np.uint8:
        if transfer in ("linear", "pq"):
            return display_pixels(pixels.astype(np.float32) / np.float32(255), transfer)
        return pixels  # type: ignore[return-value]
    if pixels.dtype == np.uint16:
        if transfer in ("linear", "pq"):
            return display_pixels(pixels.astype(np.float32) / np.float32(65535), transfer)
        return cv2.convertScaleAbs(pixels, alpha=1 / 257)  # type: ignore[return-value]
    view = to_view(pixels.astype(np.float32), transfer)
    return (np.clip(np.nan_to_num(view), 0, 1) * 255 + 0.5).astype(np.uint8)


def black_like(frame: Frame) -> Frame:
    """A black frame of the size, number and time of `frame`."""
    return Frame(pixels=np.zeros((frame.height, frame.width, 3), np.uint8), number=frame.number, rate=frame.rate)
