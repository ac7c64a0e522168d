"""JPEGs put together of strips that were encoded apart: what two pictures share is encoded once.

A strip ends at a restart marker (ITU-T T.81, B.2.1), which any decoder knows; strips are whole rows of blocks, so the
picture decodes to the very numbers that encoding it in one piece gives.
"""

import struct
from collections.abc import Sequence

import cv2
import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

ROWS = 64
"""Of a strip; a multiple of 16, the height of a block of 4:2:0 with its chroma."""
_SOF, _SOS, _DRI = 0xC0, 0xDA, 0xDD
Pixels = NDArray[np.uint8]


def encode_strips(
    pixels: Pixels, quality: int, like: Pixels | None = None, known: Sequence[bytes] = (), *, fast: bool = False
) -> list[bytes]:
    """A JPEG for each strip of H x W x 3 (RGB, 4:2:0) or H x W x 1 (grey).

    Where `pixels` equals `like` in a strip, it is taken from `known`, the strips of `like`. fast: as of `encode`.
    """
    found = []
    for i, top in enumerate(range(0, pixels.shape[0], ROWS)):
        strip = pixels[top : top + ROWS]
        if like is not None and _equal(strip, like[top : top + ROWS]):
            found.append(known[i])
        else:
            found.append(encode(strip, quality, fast=fast))
    return found


def _equal(a: Pixels, b: Pixels) -> bool:
    """Whether strips are the same; a look at the row in the middle comes first."""
    middle = len(a) // 2
    return np.array_equal(a[middle], b[middle]) and cv2.norm(a, b, cv2.NORM_INF) == 0


def encode(pixels: Pixels, quality: int, *, fast: bool = False) -> bytes:
    """One JPEG of H x W x 3 (RGB, 4:2:0) or H x W x 1 (grey). fast: less exact by what only a measurement shows."""
    grey = pixels.shape[2] == 1
    return bytes(simplejpeg.encode_jpeg(
        pixels, quality=quality, colorspace="GRAY" if grey else "RGB", colorsubsampling="Gray" if grey else "420",
        fastdct=fast,
    ))


def join(strips: Sequence[bytes], width: int, height: int, *, grey: bool) -> bytes:
    """One JPEG of all strips, which lie from top to bottom and were encoded alike."""
    sof, sos, data = _parts(strips[0])
    block = 8 if grey else 16
    interval = -(-width // block) * (ROWS // block)
    head = bytearray(strips[0][:data])
    head[sof + 5 : sof + 7] = struct.pack(">H", height)
    head[sos:sos] = struct.pack(">BBHH", 0xFF, _DRI, 4, interval)
    pieces: list[bytes | bytearray | memoryview] = [head]
    for i, strip in enumerate(strips):
        if i:
            pieces.append(bytes((0xFF, 0xD0 + (i - 1) % 8)))
        pieces.append(memoryview(strip)[data:-2])
    pieces.append(b"\xff\xd9")
    return b"".join(pieces)


def _parts(jpeg: bytes) -> tuple[int, int, int]:
    """Where the frame's and the scan's heads begin, and the scan's data."""
    at, sof = 2, -1
    while True:
        kind, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        if kind == _SOF:
            sof = at
        if kind == _SOS:
            assert sof > 0, "a frame's head comes before the scan's"
            return sof, at, at + 2 + length
        at += 2 + length
