"""The part of the canonical crop where a face may be changed, from its landmarks alone."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames.pixels import Plane

Box = tuple[slice, slice]
# MediaPipe mesh indices, each a closed outline.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
EYE_LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
EYE_RIGHT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_OPENINGS = (EYE_LEFT, EYE_RIGHT, INNER_LIPS)
_RIMS = np.concatenate(_OPENINGS)
"""Their points, one outline after the other."""
_LEVELS = (
    "ighegfdcbaaijjkkkklhhadddddbbbbdlcddfijiijjkgfbegfffaaabbjjghjjagaaaaaaaiiigjjjgijjlkkkkjkkkifhjjhhhffgaaakaaadedcege"
    "eeeeedfbhfdegcfhcfklfkblhfdcdjhlllaldccbcbbbcbchigiblllkcellhkkkkliiiihecciicleeeflllkglghhlfkljijiifgggbbbbbceeeeedd"
    "fgfghghhhcddccechadddddbbbbdlcddfijiijjkgfbegfffaaabbjjghjjagaaaaaaaiiigjjjgijjlkkkkjjkkigjjhhhffgaaakaaadedcegeeeeee"
    "dfbhfdegcfhcfklfkblhfdcdjhllldccbcbbccbcighlllkcelhkkkkliiiihecciicleflkglghhlfkljijiifgggbbbbbcfeeeeddfgfghghhhcddcc"
)
"""For each point of the mesh how far down a face it lies, from a to l, on the mean of frontal portraits."""
_BANDS = tuple(
    np.array([i for i, level in enumerate(_LEVELS) if level in pair]) for pair in map("".join, pairwise("abcdefghijkl"))
)
_BROW_TOP = (54, 103, 67, 109, 10, 338, 297, 332, 284)
_FOREHEAD = 0.17
"""How far the region reaches above the mesh, in parts of the face's height: the mesh ends below the hairline."""
_LIFTED = [OVAL.index(i) for i in _BROW_TOP]
_LIFT = np.outer(np.sin(np.linspace(0.15 * np.pi, 0.85 * np.pi, len(_LIFTED))), [_FOREHEAD] * 2).astype(np.float32)
"""How far each point of the brow's top goes up, in parts of the face's height; fading towards the temples, so that the
outline stays round."""
_JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
_NECK = 0.42
"""How far the neck's region reaches below the jaw, in parts of the face's height."""
_MARGIN = 1.04
_WORK, _CELL, _WHOLE = 160, 5, 32
"""Side of the crop in which regions are drawn, and of its cells, which become whole pixels in crops of n times 32."""
_SHIFT = 4


def neck_region(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """Float32 size x size, 0..1: where a neck may be, below the jaw, fading downwards and to the sides.

    Arguments as in `face_region`. What of it is skin only the picture tells.
    """
    points = in_crop(landmarks, transform, _WORK / size)
    down = (points[152] - points[10]) * _NECK
    jaw = points[list(_JAW)]
    height = float(np.hypot(*(points[10] - points[152])))
    neck = np.zeros((_WORK, _WORK), np.float32)
    # Layers that reach less and less far: a ramp down the neck, whichever way the head is tilted.
    steps = np.linspace(0.25, 1.0, 6)
    for step in steps:
        narrow = jaw.mean(axis=0) + (jaw - jaw.mean(axis=0)) * 0.9
        layer = np.zeros_like(neck)
        cv2.fillPoly(layer, [_fixed(np.concatenate([narrow, narrow[::-1] + down * step]))], 1.0, shift=_SHIFT)
        neck += layer / len(steps)
    return _enlarged(_blur(neck, max(1.0, 0.035 * height)) * _BORDER, (size, size))


def face_region(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """Float32 size x size, 0..1: 1 on the face from hairline to below the jaw, feathered; 0 on eyeballs and in the
    mouth.

    `landmarks` are 468+ x 2 or 3 in frame pixels, `transform` frame to crop of `size` pixels.
    """
    region = np.zeros((size, size), np.float32)
    box, part = face_part(landmarks, transform, size)
    region[box] = part
    return region


def face_part(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> tuple[Box, Plane]:
    """Rows and columns of the crop that hold all of `face_region`, and it there."""
    points = in_crop(landmarks, transform, _WORK / size)
    oval = points[list(OVAL)]
    up = points[10] - points[152]
    height = float(np.hypot(*up))
    oval[_LIFTED] += _LIFT * up
    centre = oval.mean(axis=0)
    mesh = _fixed(centre + (np.concatenate([points[:468], oval]) - centre) * _MARGIN)
    region = np.zeros((_WORK, _WORK), np.float32)
    # Two levels of the mesh at a time cover what is seen of it, also where its oval lies hidden on a turned head: their
    # hulls follow the profile, and move as smoothly as the points do.
    for each in (mesh[468:], *(cv2.convexHull(mesh[band]) for band in _BANDS)):
        cv2.fillPoly(region, [each], 2.0, shift=_SHIFT)
    # The feather lies wholly inside the outline: a change that reached past it would show as a halo.
    box = _box(mesh, 2, _CELL if size % _WHOLE == 0 else _WORK)
    soft = _blur(region[box], max(1.0, 0.035 * height))
    soft -= 1
    np.minimum(np.maximum(soft, 0, out=soft), 1, out=soft)
    # No change reaches the crop's border: whatever lies there would end in a visible edge.
    np.multiply(soft, _BORDER[box], out=region[box])
    holes, bare = _openings(points[_RIMS])
    region[holes] *= bare
    rows, columns = inside = _at_size(box, size)
    return inside, _enlarged(region[box], (columns.stop - columns.start, rows.stop - rows.start))


def spare_openings(mask: Plane, landmarks: NDArray[np.float32], transform: NDArray[np.float32]) -> None:
    """Take a mask (S x S, in place, S a multiple of 32) to 0 on eyeballs and inside the mouth, which no change may
    touch.

    Arguments as in `face_region`, the crop being the mask's.
    """
    box, bare = _openings(in_crop(landmarks[_RIMS], transform, _WORK / mask.shape[0]))
    part = mask[_at_size(box, mask.shape[0])]
    if part.size:
        part *= cv2.resize(bare, part.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _openings(rims: NDArray[np.float32]) -> tuple[Box, Plane]:
    """Rows and columns of the working crop around the openings, and 0 in these, 1 elsewhere.

    rims: 52 x 2, the points of `_RIMS`.
    """
    fixed = _fixed(rims)
    rows, columns = box = _box(fixed, 6, _CELL)
    fixed -= np.array((columns.start, rows.start), np.int32) << _SHIFT
    bare = np.ones((rows.stop - rows.start, columns.stop - columns.start), np.float32)
    first = 0
    for outline in _OPENINGS:
        cv2.fillPoly(bare, [fixed[first : first + len(outline)]], 0.0, shift=_SHIFT)
        first += len(outline)
    return box, _blur(bare, 0.8) if bare.size else bare


def in_crop(landmarks: NDArray[np.float32], transform: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """P x 2: the landmarks in pixels of a crop `scale` times as large as the one that `transform` leads to."""
    points = (landmarks[:, :2] @ transform[:, :2].T + transform[:, 2] + 0.5) * scale - 0.5
    return np.asarray(points, np.float32)


def _fixed(points: NDArray[np.float32]) -> NDArray[np.int32]:
    """Points as OpenCV draws them, in 1/16 pixels."""
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def _at_size(box: Box, size: int) -> Box:
    """Rows and columns of the working crop as those of a crop of `size`."""
    rows, columns = (slice(each.start * size // _WORK, each.stop * size // _WORK) for each in box)
    return rows, columns


def _box(fixed: NDArray[np.int32], room: int, cell: int) -> Box:
    """Rows and columns of the working crop, whole cells of it, that hold these points in 1/16 pixels and some room."""
    x, y, width, height = (value >> _SHIFT for value in cv2.boundingRect(fixed[:, None]))

    def within(low: int, extent: int) -> slice:
        start, stop = (low - room) // cell * cell, -(-(low + extent + 2 + room) // cell) * cell
        return slice(min(max(start, 0), _WORK), min(max(stop, 0), _WORK))

    return within(y, height), within(x, width)


def _blur(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def _enlarged(region: Plane, extent: tuple[int, int]) -> Plane:
    full = cv2.resize(region, extent, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.threshold(full, 1 / 512, 0, cv2.THRESH_TOZERO)[1], np.float32)


def _border(size: int, width: float = 0.04) -> Plane:
    ramp = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (size * width), 0, 1).astype(np.float32)
    return np.minimum.outer(ramp, ramp)


_BORDER = _border(_WORK)
