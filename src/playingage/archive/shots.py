"""Where shots begin: PySceneDetect's adaptive detector over small pictures, frame by frame. Its only user."""

from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.common import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from playingage.archive.view import as_seen
from playingage.frames import Frame

LAG = 2
"""A cut is known so many frames after it: the detector looks at what follows."""
_WIDTH = 160
_SHORTEST = 0.5
"""Seconds that a shot lasts at least."""


class ShotFinder:
    """Fed every frame in order. What it says depends only on the frames since the start of the running shot."""

    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        shortest = max(2 * LAG + 1, round(_SHORTEST * rate))
        self._detector = AdaptiveDetector(window_width=LAG, min_scene_len=shortest)

    def feed(self, frame: Frame) -> list[int]:
        """Numbers of the frames that begin a new shot, as far as now is clear."""
        code = FrameTimecode(frame.number, self._rate)
        return [cut.frame_num for cut in self._detector.process_frame(code, small_bgr(frame))]


def small_bgr(frame: Frame) -> NDArray[np.uint8]:
    """A small display-encoded picture of a frame, blue first."""
    pixels = frame.pixels
    # A coarse stride first keeps the area average cheap at any size.
    step = max(1, min(pixels.shape[:2]) // 540)
    part = as_seen(pixels[::step, ::step], frame.colour.transfer)
    height = max(1, round(part.shape[0] * _WIDTH / part.shape[1]))
    small = cv2.resize(np.ascontiguousarray(part), (_WIDTH, min(height, 4 * _WIDTH)), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[..., ::-1], np.uint8)
