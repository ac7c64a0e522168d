"""Where each pixel of a canonical crop lies on the mean face, from landmarks.

Landmarks pull the mean face's grid with them, piecewise affine over a fixed triangulation (Cootes, Edwards and Taylor,
"Active Appearance Models", 1998); two rings around the face and the crop's far border let the pull fade. That map runs
from the mean face to the crop; its inverse is found by fixed-point iteration.
Points are (x, y) in pixels of the wide crop: 320, with the canonical 256 in its middle. Legend: P points, G grid (64).
"""

import csv
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import OVAL

F32 = NDArray[np.float32]
GRID = 64
WIDE, CROP = 320, 256
_RINGS = (1.35, 1.9)
_SIDE = np.linspace(-0.6 * WIDE, 1.6 * WIDE, 7)
_FAR = np.array([(x, y) for x in _SIDE for y in _SIDE if not (-1 < x < WIDE and -1 < y < WIDE)], np.float32)
_CELL = CROP // GRID
_SPAN = WIDE // _CELL
_ROUNDS = 6


@cache
def mean_landmarks() -> F32:
    """468 x 2: landmarks of the mean of frontal portraits in the wide crop."""
    with (Path(__file__).parent / "mean_face.csv").open(encoding="utf-8", newline="") as file:
        return np.array([(float(row["x"]), float(row["y"])) for row in csv.DictReader(file)], np.float32)


def full_points(landmarks: F32) -> F32:
    """P x 2: 468 landmarks, the face oval scaled about the bridge of the nose (two rings), and far fixed points."""
    face = landmarks[:468]
    centre = face[[6, 197, 5]].mean(axis=0)
    rings = [centre + (face[list(OVAL)] - centre) * scale for scale in _RINGS]
    return np.concatenate([face, *rings, _FAR]).astype(np.float32)


def place_of(landmarks: F32, transform: F32, size: int) -> F32:
    """2 x G x G: for each cell of the crop how far off it lies on the mean face, in parts of half the crop's side.

    `landmarks` 468 or more x 2 or 3 in frame pixels, `transform` the 2 x 3 similarity to a crop of `size` pixels.
    """
    in_crop = landmarks[:468, :2] @ transform[:, :2].T + transform[:, 2]
    wide = (in_crop + 0.5) * (CROP / size) - 0.5 + (WIDE - CROP) / 2
    corners, weights = _cells()
    moved = full_points(wide.astype(np.float32)) - full_points(mean_landmarks())
    pull = np.einsum("yxk,yxkc->yxc", weights, moved[corners]) / np.float32(_CELL)
    pull = cv2.GaussianBlur(pull, (0, 0), 0.6, borderType=cv2.BORDER_REPLICATE)
    x, y = np.meshgrid(np.arange(_SPAN, dtype=np.float32), np.arange(_SPAN, dtype=np.float32))
    off = np.zeros_like(pull)
    for _ in range(_ROUNDS):
        # Where a pixel comes from on the mean face is its place less the pull there.
        found = cv2.remap(pull, x + off[..., 0], y + off[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        off = -found
    edge = (_SPAN - GRID) // 2
    inner = off[edge : edge + GRID, edge : edge + GRID] * np.float32(2 / GRID)
    return np.ascontiguousarray(inner.transpose(2, 0, 1), np.float32)


@cache
def _cells() -> tuple[NDArray[np.int64], F32]:
    """For each cell of the wide grid the triangle it lies in (three indices) and its barycentric weights."""
    points = full_points(mean_landmarks())
    low, high = points.min(axis=0) - 8, points.max(axis=0) + 8
    mesh = cv2.Subdiv2D((int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])))
    vertex = {mesh.insert((float(x), float(y))): i for i, (x, y) in enumerate(points)}
    corners, weights = np.zeros((_SPAN, _SPAN, 3), np.int64), np.zeros((_SPAN, _SPAN, 3), np.float32)
    for row in range(_SPAN):
        for column in range(_SPAN):
            at = (column + 0.5) * _CELL - 0.5, (row + 0.5) * _CELL - 0.5
            _, edge, _ = mesh.locate(at)
            ids = []
            for _ in range(3):
                ids.append(vertex[mesh.edgeOrg(edge)[0]])
                edge = mesh.getEdge(edge, cv2.SUBDIV2D_NEXT_AROUND_LEFT)
            corner = np.column_stack([points[ids], np.ones(3)]).T
            corners[row, column] = ids
            weights[row, column] = np.linalg.solve(corner.astype(np.float64), (*at, 1.0))
    return corners, weights
