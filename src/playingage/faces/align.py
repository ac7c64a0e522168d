"""Alignment of a face to the one canonical crop, template `pa-4eye-1`.

The crop is a square, four eye distances wide: eye centres level at 0.42 of its height, half an eye distance left and
right of the middle. It holds the head from above the hairline to below the chin. The transform is the similarity that
maps 14 points, which
expression moves little, onto their mean places, by least squares (Umeyama 1991).
"""

from functools import cache
from math import ceil, floor, hypot
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames import Pixels

F64 = NDArray[np.float64]
TEMPLATE = "pa-4eye-1"
_EYE_DISTANCE = 0.25
_EYE_CENTRE = (0.5, 0.42)
# Mesh index -> mean place in eye distances from the midpoint of the eye centres, measured on frontal portraits by
# `recipes/template.py`; symmetrised.
_POINTS: dict[int, tuple[float, float]] = {
    33: (-0.725, -0.012), 133: (-0.275, 0.012), 362: (0.275, 0.012), 263: (0.725, -0.012),
    168: (0.000, -0.076), 6: (0.000, 0.043), 197: (0.000, 0.161), 2: (0.000, 0.724),
    98: (-0.311, 0.664), 327: (0.311, 0.664), 61: (-0.519, 0.972), 291: (0.519, 0.972),
    127: (-1.133, 0.064), 356: (1.133, 0.064),
}
_INDEX = np.array(list(_POINTS))
HEAD_EYES = 6.4
"""Side of the head crop, which holds all of the hair, in eye distances."""
_HEAD_CENTRE = (0.5, 0.42)


@cache
def _template(size: int, distance: float = _EYE_DISTANCE, centre: tuple[float, float] = _EYE_CENTRE) -> F64:
    """Places of `_POINTS` in pixels, for eyes `distance` apart about `centre`, in parts of the crop's side."""
    places = np.array(list(_POINTS.values()), np.float64)
    return (places * distance + centre) * size - 0.5


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
    """The 2 x 3 similarity (no reflection) that maps N x 2 `source` onto `target` by least squares (Umeyama 1991)."""
    # As complex numbers a similarity is one factor, and least squares has a closed form. So few points are summed up
    # sooner in plain numbers than as arrays.
    a = [complex(x, y) for x, y in source.tolist()]
    b = [complex(x, y) for x, y in target.tolist()]
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    spread = sum(abs(p - mean_a) ** 2 for p in a)
    factor = sum((p - mean_a).conjugate() * (q - mean_b) for p, q in zip(a, b, strict=True)) / max(spread, 1e-12)
    shift = mean_b - factor * mean_a
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]], np.float32)


def template_transform(landmarks: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Frame pixels to crop pixels as a 2 x 3 similarity, for landmarks of 468+ x 2 or 3 and a crop of `size` pixels."""
    return similarity(landmarks[_INDEX, :2], _template(size))


def head_transform(landmarks: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Frame pixels to pixels of the head crop as a 2 x 3 similarity: as `template_transform`, but wide: `HEAD_EYES`."""
    return similarity(landmarks[_INDEX, :2], _template(size, 1 / HEAD_EYES, _HEAD_CENTRE))


def scale_of(transform: NDArray[np.float32]) -> float:
    """Crop pixels to one frame pixel of a similarity."""
    return hypot(transform[0, 0], transform[1, 0])


def box_in_frame(
    transform: NDArray[np.float32], box: tuple[float, float, float, float]
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in frame pixels that enclose a box of the crop (left, top, right, bottom)."""
    (a, b, across), (c, d, down) = transform.tolist()
    size = a * d - b * c
    corners = [(x - across, y - down) for x in box[::2] for y in box[1::2]]
    xs, ys = [(d * x - b * y) / size for x, y in corners], [(a * y - c * x) / size for x, y in corners]
    return floor(min(xs)), floor(min(ys)), ceil(max(xs)), ceil(max(ys))


def warp_crop(pixels: Pixels, transform: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The canonical crop: float32 size x size x 3 in the units of `pixels` (H x W x 3), the border repeated.

    A face larger than the crop is reduced by area first, so that nothing aliases.
    """
    return np.asarray(warp_pixels(pixels, transform, size), np.float32)


def warp_pixels(pixels: Pixels, transform: NDArray[np.float32], size: int) -> NDArray[Any]:
    """As `warp_crop`, in the dtype of `pixels` (float32 for float16)."""
    warped = _warped(pixels, transform, size)
    return cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB) if warped.shape[2] == 4 else warped


def warp_planes(pixels: Pixels, transform: NDArray[np.float32], size: int) -> NDArray[Any]:
    """As `warp_pixels`, but 3 x size x size."""
    warped = _warped(pixels, transform, size)
    planes = np.empty((warped.shape[2], size, size), warped.dtype)
    cv2.split(warped, list(planes))
    return planes[:3]


def _warped(pixels: Pixels, transform: NDArray[np.float32], size: int) -> NDArray[Any]:
    """The crop in the dtype of `pixels` (float32 for float16), of 3 or 4 channels: a fourth means nothing."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box_in_frame(transform, (0, 0, size, size))
    left, top = min(max(left - 4, 0), width - 1), min(max(top - 4, 0), height - 1)
    right, bottom = min(max(right + 5, left + 1), width), min(max(bottom + 5, top + 1), height)
    region: NDArray[Any] = pixels[top:bottom, left:right]
    local = transform.astype(np.float64)
    local[:, 2] += local[:, :2] @ (left, top)
    scale = scale_of(transform)
    if region.dtype == np.float16:
        region = region.astype(np.float32)
    region, local = halve(region, local, scale)
    flags = cv2.INTER_LINEAR if scale < 1.5 else cv2.INTER_CUBIC
    if flags == cv2.INTER_LINEAR:  # the same numbers, and four channels take OpenCV half the time of three
        region = cv2.cvtColor(region, cv2.COLOR_RGB2RGBA)
    return cv2.warpAffine(region, local, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def halve(
    region: NDArray[Any], transform: NDArray[np.float64], scale: float
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Reduce `region` by the largest whole factor that `scale` (result pixels to one of its own) allows, by area.

    Returns the smaller picture and the 2 x 3 `transform` from its pixels. Whole factors are fast and exact; what is
    left between
    half and full size is safe to interpolate.
    """
    factor = int(1 / scale + 1e-6)
    if factor < 2 or min(region.shape[:2]) < 2 * factor:
        return region, transform
    width, height = region.shape[1] // factor, region.shape[0] // factor
    small = region[: height * factor, : width * factor]
    left = factor
    while left > 1:  # by two as often as it goes: OpenCV does that in a fifth of the time of other factors
        step = left if left % 2 else 2
        left //= step
        small = cv2.resize(small, (width * left, height * left), interpolation=cv2.INTER_AREA)
    local = transform.copy()
    local[:, 2] += local[:, :2] @ [(factor - 1) / 2, (factor - 1) / 2]
    local[:, :2] *= factor
    return np.asarray(small, region.dtype), local
