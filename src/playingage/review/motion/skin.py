"""Whether a change sits on the skin: unrolled onto a sheet that goes with the face, it must stay where it is.

A sheet is laid out by the landmarks of one frame in which the face looks into the camera. The landmarks of any other
frame say where each of its points lies there; what they get wrong is mended by optical flow between the unrolled
inputs. The change (output less input), unrolled likewise, is then searched block by block some frames later: where the
block fits best elsewhere, the change has slid over the skin. Legend: S side of the sheet; P landmarks; T triangles.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import OVAL
from playingage.frames.pixels import Image, Plane
from playingage.review.motion.flow import Mask, MotionFinder, Places, Rgb, carried, own_places

_LEAST_SIDE, _MOST_SIDE = 96, 256
_MARGIN = 0.04
_FLAT = 0.25
"""A triangle of the mesh seen so obliquely that this share of its area is left is not counted."""
_SMEAR = 0.06
"""Parts of the sheet by which landmarks may be wrong; flow that says more is not believed."""
_BLOCK, _SEARCH = 0.16, 0.05
_SEEN_BLOCK, _SEEN_AROUND = 0.95, 0.75
"""Shares of a block, and of where it is searched, that have to be seen."""
_HOLE = 0.045
"""Single oblique triangles, smaller than this (parts of the sheet), are no hidden skin."""
_COARSE, _FINE = 0.06, 0.008
"""Wrinkles and shades between these sizes (sigma, parts of the sheet) show whether a change slides; grain does not."""
_SURE = 0.5
_FAINT = 0.4
"""A block whose change is weaker (RMS, 8-bit levels) has nothing to slide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swim:
    """Between two frames: `slid`, how far the change moved over the skin, and `input_slid`, the same of the input's own

    detail (what the measure itself gets wrong): medians over blocks, each by the energy of the change in it, in percent
    of the eye distance; None where the change has no detail to tell by. `kept`: correlation of the change before and
    after, 1 where it stayed as it was.
    """

    slid: float | None
    input_slid: float | None
    kept: float | None


class Sheet:
    """Unrolls a face. `points` are P x 2 landmarks (P 468 or more) of the frame that lays it out, in pixels."""

    def __init__(self, points: NDArray[np.float32]) -> None:
        from matplotlib.tri import Triangulation  # slow to import

        points = points[:468].astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        extent = float((high - low).max()) * (1 + 2 * _MARGIN)
        self.side = int(np.clip(round(extent), _LEAST_SIDE, _MOST_SIDE))
        self._scale = self.side / extent
        flat = (points - (low + high) / 2) * self._scale + (self.side - 1) / 2
        mesh = Triangulation(flat[:, 0], flat[:, 1])
        self._triangles = np.asarray(mesh.triangles)
        own = own_places(self.side, self.side).astype(np.float64)
        found = np.asarray(mesh.get_trifinder()(own[..., 0], own[..., 1]))
        self._of_pixel = np.maximum(found, 0)
        self._weights = _weights(flat[self._triangles], self._of_pixel, own)
        self._area = _area(flat[self._triangles])
        inside = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(inside, [np.round(flat[list(OVAL)]).astype(np.int32)], 1)
        self._inside: Mask = (found >= 0) & (inside > 0)
        left, right = flat[[33, 133]].mean(axis=0), flat[[362, 263]].mean(axis=0)
        self.eye_distance = max(float(np.hypot(*(right - left))), 1.0)

    def places(self, points: NDArray[np.float32]) -> tuple[Places, Mask]:
        """Where in a frame with landmarks `points` (P x 2) the sheet lies (S x S x 2), and what of it can be seen."""
        corners = points[:468].astype(np.float64)[self._triangles]
        places = np.einsum("hwk,hwkc->hwc", self._weights, corners[self._of_pixel])
        scale = np.sqrt(np.median(np.abs(_area(corners)) / np.maximum(np.abs(self._area), 1e-9)))
        faced = _area(corners) * np.sign(self._area) > _FLAT * np.abs(self._area) * scale**2
        closed = cv2.medianBlur(faced[self._of_pixel].astype(np.uint8), 2 * round(_HOLE * self.side) + 1)
        return np.asarray(places, np.float32), self._inside & (closed > 0)


def _area(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the signed areas (T) of triangles T x 3 x 2."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _weights(
    corners: NDArray[np.float64], of_pixel: NDArray[np.integer], own: NDArray[np.float64]
) -> NDArray[np.float64]:
    """S x S x 3: shares of the three corners in each pixel."""
    a, b, c = (corners[of_pixel][..., k, :] for k in range(3))

    def cross(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])

    whole = cross(b - a, c - a)
    whole = np.where(np.abs(whole) < 1e-9, 1e-9, whole)
    second, third = cross(own - a, c - a) / whole, cross(b - a, own - a) / whole
    return np.stack([1 - second - third, second, third], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """One frame's face on the sheet: input (S x S x 3, uint8), change in 8-bit levels (float32), what is seen."""

    picture: Rgb
    change: Image
    seen: Mask

    @classmethod
    def of(cls, before: Rgb, after: Rgb, places: Places, seen: Mask) -> "Unrolled":
        """Unroll an input and an output (H x W x 3 uint8)."""
        picture = np.clip(np.rint(carried(before, places)), 0, 255).astype(np.uint8)
        return cls(picture, carried(after, places) - carried(before, places), seen)


def swim(then: Unrolled, now: Unrolled, eye_distance: float, finder: MotionFinder | None) -> Swim:
    """How the change moved against the skin. `finder` mends the landmarks' errors; None where places are exact."""
    side = then.picture.shape[0]
    own = own_places(side, side)
    seen = then.seen & now.seen
    places = own
    if finder is not None:
        step = finder.places(then.picture, now.picture) - own
        step = np.asarray(cv2.GaussianBlur(step, (0, 0), 0.01 * side), np.float32)
        believed = (np.hypot(step[..., 0], step[..., 1]) < _SMEAR * side)[..., None]
        places = np.asarray(own + step * believed, np.float32)
    change = carried(now.change, places)
    picture = carried(now.picture, places)
    slid, weight = _slides(_light(then.change), _light(change), seen)
    input_slid, _ = _slides(_light(then.picture.astype(np.float32)), _light(picture), seen, weight)
    percent = 100 / eye_distance
    return Swim(
        slid=None if slid is None else slid * percent, input_slid=None if input_slid is None else input_slid * percent,
        kept=_correlation(then.change[seen], change[seen]),
    )


def _light(picture: Image) -> Plane:
    """The middle detail of a picture's lightness."""
    light = np.asarray(picture @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
    side = light.shape[0]
    fine = cv2.GaussianBlur(light, (0, 0), max(_FINE * side, 0.6))
    return np.asarray(fine - cv2.GaussianBlur(light, (0, 0), _COARSE * side), np.float32)


def _slides(
    then: Plane, now: Plane, seen: Mask, weights: dict[tuple[int, int], float] | None = None
) -> tuple[float | None, dict[tuple[int, int], float]]:
    """Median over blocks of how far the best fit lies off, in pixels of the sheet, and the blocks' weights."""
    side = then.shape[0]
    block, search = round(_BLOCK * side), max(2, round(_SEARCH * side))
    used: dict[tuple[int, int], float] = {}
    far: list[float] = []
    for top in range(search, side - block - search, block // 2):
        for left in range(search, side - block - search, block // 2):
            wide = np.s_[top - search : top + block + search, left - search : left + block + search]
            part = then[top : top + block, left : left + block]
            energy = float(np.sqrt((part**2).mean()))
            own = seen[top : top + block, left : left + block]
            if own.mean() < _SEEN_BLOCK or seen[wide].mean() < _SEEN_AROUND or (weights is None and energy < _FAINT):
                continue
            fit = cv2.matchTemplate(now[wide], part, cv2.TM_CCOEFF_NORMED)
            weight = energy**2 if weights is None else weights.get((top, left), 0.0)
            place, surest = _peak(np.asarray(fit, np.float32))
            if surest < _SURE or not weight:
                continue
            used[top, left] = weight
            far.append(float(np.hypot(*(place - search))))
    return (_median(far, list(used.values())) if used else None), used


def _median(values: list[float], weights: list[float]) -> float:
    """The value with half of the weight on either side."""
    order = np.argsort(values)
    share = np.cumsum(np.array(weights)[order])
    return float(np.array(values)[order][np.searchsorted(share, share[-1] / 2)])


def _peak(fit: Plane) -> tuple[NDArray[np.float64], float]:
    """Place (x, y) of the highest value, between pixels by a parabola through its neighbours, and the value."""
    y, x = np.unravel_index(int(fit.argmax()), fit.shape)
    best = float(fit[y, x])
    place = np.array([x, y], np.float64)
    for axis, (low, high) in enumerate((
        (fit[y, x - 1] if x > 0 else best, fit[y, x + 1] if x + 1 < fit.shape[1] else best),
        (fit[y - 1, x] if y > 0 else best, fit[y + 1, x] if y + 1 < fit.shape[0] else best),
    )):
        curve = 2 * best - float(low) - float(high)
        if curve > 1e-9:
            place[axis] += float(np.clip(0.5 * (float(high) - float(low)) / curve, -0.5, 0.5))
    return place, best


def _correlation(one: Image, other: Image) -> float | None:
    a, b = one.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-6 else None
