"""Motion compensation, and what is left of a change after it: flicker.

As the warping error of Lai et al. ("Learning Blind Video Temporal Consistency", 2018): the frame before is carried onto
this one by the motion of the input, found by dense inverse search (Kroeger et al. 2016), and what then still differs
did not come from motion. The input has such a rest itself, from grain and from what flow cannot follow. Legend: HW
picture; places are HW2, (x, y) in the frame before of what is seen at a pixel of this one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames.pixels import Image, Plane

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Places = NDArray[np.float32]
_TRUSTED = 24.0
"""Where the input itself differs by more levels after compensation, the motion was not found."""
_LEAST_PIXELS, _LEAST_SHARE = 100, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """What motion does not explain between two frames, inside a face: RMS over pixels and channels, 8-bit levels.

    input, output: of each picture itself. change: of output less input alone, the strictest: nothing hides in grain.
    share: of the mask that was counted, 0..1.
    """

    input: float
    output: float
    change: float
    share: float

    @property
    def extra(self) -> float:
        """What the output has more than the input."""
        return self.output - self.input


class MotionFinder:
    """Optical flow between uint8 RGB pictures."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def places(self, now: Rgb, before: Rgb) -> Places:
        """Where in `before` each pixel of `now` lies."""
        grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (now, before)]
        flow = np.asarray(self._flow.calc(grey[0], grey[1], np.zeros((*now.shape[:2], 2), np.float32)), np.float32)
        return flow + own_places(*now.shape[:2])


def own_places(height: int, width: int) -> Places:
    """Every pixel's own place: the motion of a picture that stands still."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([x, y], axis=-1)


def carried(picture: NDArray[np.uint8] | Image | Plane, places: Places) -> Image:
    """`picture` read at `places`, float32."""
    source, x, y = np.asarray(picture, np.float32), places[..., 0].copy(), places[..., 1].copy()
    return np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def flicker(
    before: tuple[Rgb, Rgb], now: tuple[Rgb, Rgb], inside: Mask, places: Places, *, known: bool = False
) -> Flicker | None:
    """Of two consecutive (input, output) pairs, uint8 RGB, within `inside`. None where hardly a pixel can be trusted.

    known: the places are exact, and every pixel counts.
    """
    rests = [carried(old, places) - new.astype(np.float32) for old, new in zip(before, now, strict=True)]
    good = inside if known else inside & (np.abs(rests[0]).max(axis=2) <= _TRUSTED)
    if int(good.sum()) < max(_LEAST_PIXELS, _LEAST_SHARE * inside.sum()):
        return None
    return Flicker(
        input=_rms(rests[0][good]), output=_rms(rests[1][good]), change=_rms((rests[1] - rests[0])[good]),
        share=float(good.sum() / inside.sum()),
    )


def _rms(values: Image) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
