"""A frame as the face networks see it."""

import numpy as np
from numpy.typing import NDArray

from playingage.frames import DISPLAY_ENCODED, Frame, to_view
from playingage.frames.pixels import full_scale


def view_uint8(frame: Frame) -> NDArray[np.uint8]:
    """Display-encoded RGB, uint8 H x W x 3, for finding faces only; the plate itself is never reduced to 8 bits."""
    pixels = frame.pixels
    if frame.colour.transfer in DISPLAY_ENCODED:
        if pixels.dtype == np.uint8:
            return pixels  # type: ignore[return-value]
        if pixels.dtype == np.uint16:
            return (pixels >> 8).astype(np.uint8)  # type: ignore[operator]
    scaled = pixels.astype(np.float32) / full_scale(pixels.dtype)
    view = to_view(np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0), frame.colour.transfer)
    return (np.clip(view, 0, 1) * 255 + 0.5).astype(np.uint8)
