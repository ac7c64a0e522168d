"""Cuts in a run of frames: where tracking must begin anew."""

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE = (48, 27)
_DIFFERENT, _UNLIKE = 0.12, 0.5


class CutFinder:
    """Compares each frame's thumbnail with the one before: a cut changes both its values and its pattern."""

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None

    def is_cut(self, pixels: NDArray[np.uint8]) -> bool:
        """Whether this RGB frame (uint8 H x W x 3) begins a new shot. The first frame does not."""
        # Nearest samples would alias; a coarse stride first keeps the area average cheap at any size.
        step = max(1, min(pixels.shape[:2]) // 256)
        small = cv2.resize(np.ascontiguousarray(pixels[::step, ::step, 1]), _SIZE, interpolation=cv2.INTER_AREA)
        now = np.asarray(small, np.float32) / np.float32(255)
        last, self._last = self._last, now
        if last is None or float(np.abs(now - last).mean()) < _DIFFERENT:
            return False
        a, b = now - now.mean(), last - last.mean()
        likeness = float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-6))
        return likeness < _UNLIKE
