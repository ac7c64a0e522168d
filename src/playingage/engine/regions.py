"""Ages of parts of a face: soft maps in the canonical crop, laid out by the landmarks, so that they move with them."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import in_crop
from playingage.frames.pixels import Plane

_WORK = 128
_FEATHER = 0.022
"""Standard deviation of a region's soft border, in parts of the crop: wide enough that no step of age shows."""
_SHIFT = 4
# Lines over the MediaPipe mesh that regions share as borders: on the picture's left, in the same order on its right.
_Line = tuple[tuple[int, ...], tuple[int, ...]]
_LID: _Line = ((34, 139, 156, 46, 53, 52, 65, 55, 193), (264, 368, 383, 276, 283, 282, 295, 285, 417))
_ROOT: _Line = ((245, 128), (465, 357))
_BAG: _Line = ((121, 120, 119, 118, 117, 116), (350, 349, 348, 347, 346, 345))
_NOSE: _Line = ((121, 47, 126, 129), (350, 277, 355, 358))
_FOLD: _Line = ((203, 206, 216, 212, 202, 211), (423, 426, 436, 432, 422, 431))
_JAW: _Line = ((149, 150, 136, 172, 58, 132, 93, 234), (378, 379, 365, 397, 288, 361, 323, 454))
_LIP: _Line = ((2, 97, 98), (2, 326, 327))
_CHIN: _Line = ((149, 176, 148, 152), (378, 400, 377, 152))


def region_maps(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> dict[str, Plane]:
    """Each region by its name as float32 size x size, 0..1; nowhere do they sum to more than 1.

    `landmarks` are 468+ x 2 or 3 in frame pixels, `transform` frame to crop of `size` pixels. Brow and neck reach to
    the crop's upper and lower border; nose and ears are in none.
    """
    points = in_crop(landmarks, transform, _WORK / size)
    small = {name: _drawn(outlines) for name, outlines in _outlines(points).items()}
    total = np.maximum(np.add.reduce(list(small.values())), 1)
    return {
        name: np.asarray(cv2.resize(plane / total, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
        for name, plane in small.items()
    }


def with_regions(
    age: float | Plane, ages: Mapping[str, float], landmarks: NDArray[np.float32], transform: NDArray[np.float32],
    size: int,
) -> float | Plane:
    """Target ages in years over the crop: `age` (one, or size x size), and in the regions theirs, softly."""
    if not ages:
        return age
    maps = region_maps(landmarks, transform, size)
    result = np.array(np.broadcast_to(np.float32(age), (size, size)))
    for name, wanted in ages.items():
        result += maps[name] * (np.float32(wanted) - age)
    return result


def _outlines(points: NDArray[np.float32]) -> dict[str, list[NDArray[np.float32]]]:
    """The outlines of each region in pixels of the working crop."""

    def side(right: int, *lines: _Line) -> NDArray[np.float32]:
        return np.concatenate([points[list(line[right])] for line in lines])

    def across(*lines: _Line) -> NDArray[np.float32]:
        return np.concatenate([side(0, *lines), side(1, *lines)[::-1]])

    return {
        "eyes": [side(right, _LID, _ROOT, _BAG) for right in (0, 1)],
        "brow": [_beyond(across(_LID), -_WORK)],
        "cheeks": [side(right, _back(_BAG), _NOSE, _FOLD, _JAW) for right in (0, 1)],
        "mouth": [across(_LIP, _FOLD, _CHIN)],
        "neck": [_beyond(across(_back(_JAW), _CHIN), _WORK)],
    }


def _back(line: _Line) -> _Line:
    return line[0][::-1], line[1][::-1]


def _beyond(line: NDArray[np.float32], far: float) -> NDArray[np.float32]:
    """A line from left to right closed by one `far` pixels below it (above, if negative): out of the crop."""
    return np.concatenate([line, [line[-1] + (_WORK, far), line[0] + (-_WORK, far)]])


def _drawn(outlines: list[NDArray[np.float32]]) -> Plane:
    canvas = np.zeros((_WORK, _WORK), np.float32)
    for outline in outlines:
        cv2.fillPoly(canvas, [np.round(outline * (1 << _SHIFT)).astype(np.int32)], 1.0, cv2.LINE_AA, _SHIFT)
    soft = cv2.GaussianBlur(canvas, (0, 0), _FEATHER * _WORK, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32)
