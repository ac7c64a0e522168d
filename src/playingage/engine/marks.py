"""Moles, freckles and pale scars of the plate: where they lie, and the change without what it would do to them.

A mark is told from a wrinkle by its shape. Lightness curves in every direction in a spot and in one only in a fold, so
the smaller eigenvalue of its Hessian is large in the one and nothing in the other. A pale line without dark folds
around it is a scar; a dark line is taken for a wrinkle, whatever it is. All thresholds are soft and nothing is
remembered: the same face gives the same marks from frame to frame.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import EYE_LEFT, EYE_RIGHT
from playingage.frames.pixels import Image, Plane

_WORK = 256
"""Marks are looked for at this size of the crop, a pixel being about a millimetre, and at half of it."""
_SPOT = ((0.010, 0.028), (0.014, 0.040))
"""Curvature of a spot, relative to the lightness around it, from which it counts at all and in full, at each size."""
_SCAR = (0.012, 0.032)
_FOLDS = 3.0
"""How much the folds around a pale line speak against it: between two wrinkles the skin is pale as well."""
_CROWD, _CROWDED = (9, 9), (0.45, 0.25)
"""Share of a place of 36 pixels a side that is marked from which none of it counts, and up to which all does."""
_REACH = (13, 13)
"""Pixels, at half the working size, over which the change around a mark is averaged."""
_MARGIN = 0.2
_GROW: NDArray[np.uint8] = np.ones((3, 3), np.uint8)
_NONE = 1 / 64
# MediaPipe mesh indices, closed outlines of what has spots by nature, and how far around it they are taken for its own.
_BROWS = ((46, 53, 52, 65, 55, 107, 66, 105, 63, 70), (276, 283, 282, 295, 285, 336, 296, 334, 293, 300))
_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_NOSTRILS = (98, 64, 48, 115, 220, 45, 4, 275, 440, 344, 278, 294, 327, 2)
_GROWN = 9
_SHIFT = 4


def keep_marks(
    delta: Image, crop: Image, landmarks: NDArray[np.float32], transform: NDArray[np.float32]
) -> Image:
    """The change (S x S x 3), in the marks of the skin replaced by what it is around them: so they keep their contrast.

    crop: S x S x 3 display-encoded 0..1. landmarks: 468+ x 2 or 3 in frame pixels; `transform` takes them to the crop.
    """
    step = crop.shape[0] / _WORK
    points = (landmarks[:, :2] @ transform[:, :2].T + transform[:, 2] + 0.5) / step - 0.5
    rows, columns = _around(points) if step.is_integer() else (slice(0, _WORK), slice(0, _WORK))
    part = slice(round(rows.start * step), round(rows.stop * step)), slice(
        round(columns.start * step), round(columns.stop * step)
    )
    found = find_marks(crop[part], points - (columns.start, rows.start), step)
    if found.max(initial=0) < _NONE:
        return delta
    kept = delta.copy()
    kept[part] = _as_around(delta[part], found)
    return kept


def find_marks(crop: Image, points: NDArray[np.float32], step: float) -> Plane:
    """How surely each place is a mole, freckle or pale scar: float32, 0..1, of the size of `crop` divided by `step`.

    crop: part of a canonical crop, float32 RGB. points: the landmarks in pixels of the result. step: crop pixels to one
    of the result, whose pixel is 1/256 of the whole crop.
    """
    extent = round(crop.shape[1] / step), round(crop.shape[0] / step)
    small = cv2.resize(crop, extent, interpolation=cv2.INTER_LINEAR)  # of two pixels a side: their mean
    light = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    least, most = _curvatures(light)
    fine = np.maximum(_ramp(least, *_SPOT[0]), _scars(least, most))
    broad = _ramp(_curvatures(np.asarray(cv2.pyrDown(light), np.float32))[0], *_SPOT[1])
    # A mark is larger than the middle of it in which its curvature is found.
    both = np.maximum(cv2.dilate(fine, _GROW), cv2.resize(cv2.dilate(broad, _GROW), extent))
    soft = np.asarray(cv2.GaussianBlur(both, (5, 5), 0), np.float32)
    # Where spot stands by spot it is a beard, or hair: that is not to be kept from the years.
    quarter = max(1, extent[0] // 4), max(1, extent[1] // 4)
    dense = np.asarray(cv2.blur(cv2.resize(soft, quarter, interpolation=cv2.INTER_AREA), _CROWD), np.float32)
    return soft * np.asarray(cv2.resize(_ramp(dense, *_CROWDED), extent), np.float32) * _skin(points, extent)


def _around(points: NDArray[np.float32]) -> tuple[slice, slice]:
    """Rows and columns of the working crop that hold the face, forehead and upper neck, on a grid of 4 pixels."""
    (left, top), (right, bottom) = points[:468].min(axis=0), points[:468].max(axis=0)
    margin = _MARGIN * (bottom - top)
    low = np.clip(np.array([top - margin, left]) // 4 * 4, 0, _WORK - 8).astype(int)
    high = np.clip(-(-np.array([bottom + margin, right]) // 4) * 4, low + 8, _WORK).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def _as_around(delta: Image, found: Plane) -> Image:
    """A change with that of the places around instead of its own where `found` (any size) is 1."""
    height, width = delta.shape[:2]
    half = max(1, found.shape[1] // 2), max(1, found.shape[0] // 2)
    small = np.asarray(cv2.resize(delta, half, interpolation=cv2.INTER_LINEAR), np.float32)
    clear = 1 - np.asarray(cv2.resize(found, half, interpolation=cv2.INTER_AREA), np.float32)
    total = cv2.blur(cv2.multiply(small, cv2.merge([clear, clear, clear])), _REACH)
    share = np.maximum(cv2.blur(clear, _REACH), np.float32(1e-3))
    filled = np.asarray(cv2.resize(np.asarray(total / share[..., None], np.float32), (width, height)), np.float32)
    weight = np.asarray(cv2.resize(found, (width, height)), np.float32)
    return np.asarray(cv2.blendLinear(filled, np.ascontiguousarray(delta), weight, 1 - weight), np.float32)


def _curvatures(light: Plane) -> tuple[Plane, Plane]:
    """The smaller and the larger curvature at each pixel, relative to the lightness there; both > 0 in a dark spot."""
    calm = cv2.GaussianBlur(light, (5, 5), 1.0)
    xx, yy, xy = (cv2.Sobel(calm, cv2.CV_32F, dx, dy, ksize=3, scale=0.25) for dx, dy in ((2, 0), (0, 2), (1, 1)))
    mean = (xx + yy) * np.float32(0.5)
    half = (xx - yy) * np.float32(0.5)
    spread = np.asarray(cv2.sqrt(half * half + xy * xy), np.float32)
    around = cv2.blur(light, (9, 9)) + np.float32(0.1)
    return (mean - spread) / around, (mean + spread) / around


def _scars(least: Plane, most: Plane) -> Plane:
    pale = np.maximum(-least - np.abs(most), 0)
    folds = np.maximum(most - np.abs(least), 0)
    coarse = cv2.GaussianBlur(cv2.pyrDown(folds), (0, 0), 2.5)
    near = np.asarray(cv2.resize(coarse, folds.shape[::-1]), np.float32)
    return _ramp(pale - np.float32(_FOLDS) * near, *_SCAR)


def _ramp(value: Plane, zero: float, one: float) -> Plane:
    return np.asarray(np.clip((value - np.float32(zero)) * np.float32(1 / (one - zero)), 0, 1), np.float32)


def _skin(points: NDArray[np.float32], extent: tuple[int, int]) -> Plane:
    """0 on eyes, brows, nostrils and mouth and a little around them, 1 elsewhere; `extent` is width and height."""
    taken = np.zeros(extent[::-1], np.uint8)
    for outline in (EYE_LEFT, EYE_RIGHT, *_BROWS, _NOSTRILS, _LIPS):
        cv2.fillPoly(taken, [np.round(points[list(outline)] * (1 << _SHIFT)).astype(np.int32)], 255, shift=_SHIFT)
    grown = cv2.dilate(taken, np.ones((_GROWN, _GROWN), np.uint8))
    return 1 - np.asarray(cv2.blur(grown, (5, 5)), np.float32) * np.float32(1 / 255)
