"""The part of the canonical crop where a face may be changed, from its landmarks alone."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames.pixels import Plane

# MediaPipe mesh indices, each a closed outline.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
EYE_LEFT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
EYE_RIGHT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
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
_JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
_NECK = 0.42
"""How far the neck's region reaches below the jaw, in parts of the face's height."""
_MARGIN = 1.04
_WORK = 160
_SHIFT = 4


def neck_region(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """Float32 size x size, 0..1: where a neck may be, below the jaw, fading downwards and to the sides.

    Arguments as in `face_region`. What of it is skin only the picture tells.
    """
    points = (landmarks[:, :2] @ transform[:, :2].T + transform[:, 2] + 0.5) * (_WORK / size) - 0.5
    down = (points[152] - points[10]) * _NECK
    jaw = points[list(_JAW)]
    height = float(np.hypot(*(points[10] - points[152])))
    neck = np.zeros((_WORK, _WORK), np.float32)
    # Layers that reach less and less far: a ramp down the neck, whichever way the head is tilted.
    steps = np.linspace(0.25, 1.0, 6)
    for step in steps:
        narrow = jaw.mean(axis=0) + (jaw - jaw.mean(axis=0)) * 0.9
        layer = np.zeros_like(neck)
        _fill(layer, np.concatenate([narrow, narrow[::-1] + down * step]), 1.0)
        neck += layer / len(steps)
    neck = _blur(neck, max(1.0, 0.035 * height)) * _border(_WORK)
    full = np.asarray(cv2.resize(neck, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
    full[full < 1 / 512] = 0
    return full


def face_region(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """Float32 size x size, 0..1: 1 on the face from hairline to below the jaw, feathered; 0 on eyeballs and in the
    mouth.

    `landmarks` are 468+ x 2 or 3 in frame pixels, `transform` frame to crop of `size` pixels.
    """
    scale = _WORK / size
    points = (landmarks[:, :2] @ transform[:, :2].T + transform[:, 2] + 0.5) * scale - 0.5
    oval = points[list(OVAL)].copy()
    up = points[10] - points[152]
    height = float(np.hypot(*up))
    lifted = [OVAL.index(i) for i in _BROW_TOP]
    # The lift fades towards the temples, so that the outline stays round.
    fade = np.sin(np.linspace(0.15 * np.pi, 0.85 * np.pi, len(lifted)))
    oval[lifted] += np.outer(fade, up) * _FOREHEAD
    centre = oval.mean(axis=0)
    region = np.zeros((_WORK, _WORK), np.float32)
    for outline in (oval, *_bands(points[:468])):
        _fill(region, centre + (outline - centre) * _MARGIN, 1.0)
    # The feather lies wholly inside the outline: a change that reached past it would show as a halo.
    region = np.clip(2 * _blur(region, max(1.0, 0.035 * height)) - 1, 0, 1)
    # No change reaches the crop's border: whatever lies there would end in a visible edge.
    margin = _border(_WORK)
    small = region * (1 - _openings(points)) * margin
    full = np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
    full[full < 1 / 512] = 0
    return full


def openings(landmarks: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """Float32 size x size, 0..1: 1 on eyeballs and inside the mouth, which no change may touch.

    Arguments as in `face_region`.
    """
    points = (landmarks[:, :2] @ transform[:, :2].T + transform[:, 2] + 0.5) * (_WORK / size) - 0.5
    return np.asarray(cv2.resize(_openings(points), (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _openings(points: NDArray[np.float32]) -> Plane:
    holes = np.zeros((_WORK, _WORK), np.float32)
    for outline in (EYE_LEFT, EYE_RIGHT, INNER_LIPS):
        _fill(holes, points[list(outline)], 1.0)
    return _blur(holes, 0.8)


def _bands(points: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Outlines that together cover what is seen of the mesh (P x 2), also where its oval lies hidden on a turned head.

    Two levels of points at a time: their hulls follow the profile, and move as smoothly as the points do.
    """
    return [np.asarray(cv2.convexHull(points[band]), np.float32)[:, 0] for band in _BANDS]


def _blur(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)


def _fill(canvas: Plane, outline: NDArray[np.float32], value: float) -> None:
    fixed = np.round(outline * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [fixed], value, lineType=cv2.LINE_AA, shift=_SHIFT)


def _border(size: int, width: float = 0.04) -> Plane:
    ramp = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (size * width), 0, 1).astype(np.float32)
    return np.minimum.outer(ramp, ramp)
