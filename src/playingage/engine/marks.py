"""Moles, freckles and pale scars of the plate: where they lie, and the change without what it would do to them.

A mark is told from a wrinkle by its shape. Lightness curves in every direction in a spot and in one only in a fold, so
the smaller eigenvalue of its Hessian is large in the one and nothing in the other. A pale line without dark folds
around it is a scar; a dark line is taken for a wrinkle, whatever it is. All thresholds are soft and nothing is
remembered: the same face gives the same marks from frame to frame.
"""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import EYE_LEFT, EYE_RIGHT, in_crop
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
_OWN = [list(outline) for outline in (EYE_LEFT, EYE_RIGHT, *_BROWS, _NOSTRILS, _LIPS)]
_GROWN = 9
_SHIFT = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marks:
    """The marks of a face.

    rows, columns: of the working crop of 256 pixels that were looked at. found: h x w of them, how surely each is in a
    mark, 0..1. clear: h/2 x w/2 x 3, 1 - `found` in each channel. around: 1 over the mean of `clear` around each place.
    The three are None where there is no mark.
    """

    rows: slice
    columns: slice
    found: Plane | None = None
    clear: Plane | None = None
    around: Plane | None = None

    @classmethod
    def of(cls, crop: Image, landmarks: NDArray[np.float32], transform: NDArray[np.float32]) -> "Marks":
        """Those of a canonical crop: S x S x 3 display-encoded 0..1.

        landmarks: 468+ x 2 or 3 in frame pixels; `transform` takes them to the crop.
        """
        step = crop.shape[0] / _WORK
        points = in_crop(landmarks, transform, 1 / step)
        rows, columns = _around(points) if step.is_integer() else (slice(0, _WORK), slice(0, _WORK))
        part = crop[_scaled(rows, step), _scaled(columns, step)]
        found = find_marks(part, points - (columns.start, rows.start), step)
        if found.max(initial=0) < _NONE:
            return cls(rows=rows, columns=columns)
        half = max(1, found.shape[1] // 2), max(1, found.shape[0] // 2)
        clear = 1 - np.asarray(cv2.resize(found, half, interpolation=cv2.INTER_AREA), np.float32)
        around = 1 / np.maximum(cv2.blur(clear, _REACH), np.float32(1e-3))
        three = (np.asarray(cv2.merge([plane] * 3), np.float32) for plane in (clear, around))
        return cls(rows=rows, columns=columns, found=found, clear=next(three), around=next(three))

    def spare(self, delta: Image) -> None:
        """Replace a change (S x S x 3, in place) in the marks by what it is around them: so they keep their contrast.

        S may be another than that of the crop in which they were found.
        """
        if self.found is None or self.clear is None or self.around is None:
            return
        step = delta.shape[0] / _WORK
        planes = delta[_scaled(self.rows, step), _scaled(self.columns, step)].transpose(2, 0, 1)
        own = cv2.merge(list(planes))
        height, width = own.shape[:2]
        small = cv2.resize(own, self.clear.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        small = cv2.multiply(cv2.blur(cv2.multiply(small, self.clear), _REACH), self.around)
        weight = np.asarray(cv2.resize(self.found, (width, height)), np.float32)
        mixed = cv2.blendLinear(cv2.resize(small, (width, height)), own, weight, 1 - weight)
        for plane, channel in zip(planes, cv2.split(mixed), strict=True):
            plane[:] = channel


def find_marks(crop: Image, points: NDArray[np.float32], step: float) -> Plane:
    """How surely each place is a mole, freckle or pale scar: float32, 0..1, of the size of `crop` divided by `step`.

    crop: part of a canonical crop, float32 RGB. points: the landmarks in pixels of the result. step: crop pixels to one
    of the result, whose pixel is 1/256 of the whole crop.
    """
    extent = round(crop.shape[1] / step), round(crop.shape[0] / step)
    red, green, blue = (crop[..., channel] for channel in range(3))
    grey = cv2.scaleAdd(blue, 0.114, cv2.addWeighted(red, 0.299, green, 0.587, 0))  # as OpenCV's own
    if step != 1:
        grey = cv2.resize(grey, extent, interpolation=cv2.INTER_LINEAR)  # of two pixels a side: their mean
    light = np.asarray(grey, np.float32)
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
    (left, top), (right, bottom) = points[:468].min(axis=0).tolist(), points[:468].max(axis=0).tolist()
    margin = _MARGIN * (bottom - top)

    def on_grid(low: float, high: float) -> slice:
        start = min(max(floor(low / 4) * 4, 0), _WORK - 8)
        return slice(start, min(max(ceil(high / 4) * 4, start + 8), _WORK))

    return on_grid(top - margin, bottom + margin), on_grid(left, right)


def _scaled(part: slice, step: float) -> slice:
    return slice(round(part.start * step), round(part.stop * step))


def _curvatures(light: Plane) -> tuple[Plane, Plane]:
    """The smaller and the larger curvature at each pixel, relative to the lightness there; both > 0 in a dark spot."""
    calm = cv2.GaussianBlur(light, (5, 5), 1.0)
    xx, yy = (cv2.Sobel(calm, cv2.CV_32F, dx, dy, ksize=3, scale=0.125) for dx, dy in ((2, 0), (0, 2)))
    xy = cv2.Sobel(calm, cv2.CV_32F, 1, 1, ksize=3, scale=0.25)
    spread = cv2.magnitude(cv2.subtract(xx, yy), xy)
    mean = cv2.add(xx, yy, dst=xx)
    around = np.asarray(cv2.blur(light, (9, 9)), np.float32) + np.float32(0.1)
    return (
        np.asarray(cv2.divide(cv2.subtract(mean, spread), around), np.float32),
        np.asarray(cv2.divide(cv2.add(mean, spread), around), np.float32),
    )


def _scars(least: Plane, most: Plane) -> Plane:
    pale = np.maximum(-least - np.abs(most), 0)
    folds = np.maximum(most - np.abs(least), 0)
    coarse = cv2.GaussianBlur(cv2.pyrDown(folds), (0, 0), 2.5)
    near = np.asarray(cv2.resize(coarse, folds.shape[::-1]), np.float32)
    return _ramp(np.asarray(cv2.scaleAdd(near, -_FOLDS, pale), np.float32), *_SCAR)


def _ramp(value: Plane, zero: float, one: float) -> Plane:
    risen: Plane = value - np.float32(zero)
    risen *= np.float32(1 / (one - zero))
    np.minimum(np.maximum(risen, 0, out=risen), 1, out=risen)
    return risen


def _skin(points: NDArray[np.float32], extent: tuple[int, int]) -> Plane:
    """0 on eyes, brows, nostrils and mouth and a little around them, 1 elsewhere; `extent` is width and height."""
    taken = np.zeros(extent[::-1], np.uint8)
    fixed = np.rint(points * (1 << _SHIFT)).astype(np.int32)
    for outline in _OWN:
        cv2.fillPoly(taken, [fixed[outline]], 255, shift=_SHIFT)
    grown = cv2.dilate(taken, np.ones((_GROWN, _GROWN), np.uint8))
    return 1 - np.asarray(cv2.blur(grown, (5, 5)), np.float32) * np.float32(1 / 255)
