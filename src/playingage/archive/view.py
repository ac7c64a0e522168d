"""Pixels as the face networks and the measures see them; what is stored is never reduced to 8 bits."""

import numpy as np
from numpy.typing import NDArray

from playingage.archive.row import Cut
from playingage.frames import DISPLAY_ENCODED, Pixels, to_view
from playingage.frames.pixels import full_scale


def as_seen(pixels: Pixels, transfer: str) -> NDArray[np.uint8]:
    """Display-encoded RGB, uint8 H x W x 3."""
    if transfer in DISPLAY_ENCODED:
        if pixels.dtype == np.uint8:
            return pixels  # type: ignore[return-value]
        if pixels.dtype == np.uint16:
            return (pixels >> 8).astype(np.uint8)  # type: ignore[operator]
    return (_view(pixels, transfer) * 255 + 0.5).astype(np.uint8)


def as_stored(pixels: Pixels, transfer: str) -> tuple[Cut, str]:
    """Pixels that a PNG can hold without loss, and how their numbers mean light.

    Whole numbers stay as they are; floating-point ones are display-encoded in 16 bits, cut off at black and white.
    """
    if pixels.dtype in (np.uint8, np.uint16):
        return np.ascontiguousarray(pixels), transfer  # type: ignore[return-value]
    return (_view(pixels, transfer) * 65535 + 0.5).astype(np.uint16), "srgb"


def _view(pixels: Pixels, transfer: str) -> NDArray[np.float32]:
    scaled = pixels.astype(np.float32) / np.float32(full_scale(pixels.dtype))
    view = to_view(np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0), transfer)
    return np.clip(view, 0, 1)
