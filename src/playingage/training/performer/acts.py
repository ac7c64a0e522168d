"""What a moment does to a face's landmarks: pose and expression, apart from whose face it is and how old.

The effects of `effects.csv` are those of people at large (`recipes/pose_effects.py`); an archive with enough frames
corrects them for its performer.
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from playingage.training.arrays import Array, f32
from playingage.training.geometry import Points
from playingage.training.portraits import EYE

ACTS = ("yaw", "pitch", "yaw2", "pitch2", "yawpitch", "mouth", "width", "lids", "brows")
POSES = 5
"""The first acts are pose: a face towards the camera has none of it."""
EFFECTS = Path(__file__).parent / "effects.csv"
_DOUBT = 40.0
"""Frames for which the belief counts that pose and expression act on this performer as on everybody."""


def acts_of(shape: Points, yaw: float, pitch: float) -> list[float]:
    """The acts' amounts: pose in tens of degrees and products, openings in tenths of the eye distance.

    `shape`: at least 468 landmarks in the wide crop at WIDE; angles in degrees.
    """
    yaw, pitch = yaw / 10, pitch / 10

    def apart(a: int, b: int) -> float:
        return float(np.hypot(*(shape[a, :2] - shape[b, :2]))) / EYE * 10

    return [yaw, pitch, yaw * yaw / 3, pitch * pitch / 3, yaw * pitch / 3, apart(13, 14), apart(61, 291),
            apart(159, 145) + apart(386, 374), apart(105, 159) + apart(334, 386)]


def at_rest(points: NDArray[np.float32], acts: NDArray[np.float64], index: NDArray[np.int64]) -> Array:
    """N x P x 2 landmarks without what their moments did to them: towards the camera, with the usual expression.

    `acts` N x A, `index` N: the era of each frame. Amounts are taken about each era's mean, so that what differs
    between eras stays.
    """
    eras = int(index.max()) + 1
    moved, seen = acts.copy(), points.reshape(len(points), -1).astype(np.float64)
    for k in range(eras):
        moved[index == k] -= acts[index == k].mean(axis=0)
        seen[index == k] -= seen[index == k].mean(axis=0)
    usual = effects()
    spread = np.maximum((moved**2).mean(axis=0), 0.05)
    own = np.linalg.solve(moved.T @ moved + _DOUBT * np.diag(spread), moved.T @ (seen - moved @ usual))
    rest = acts.mean(axis=0)
    rest[:POSES] = 0
    return f32(points - ((acts - rest) @ (usual + own)).reshape(points.shape))


@cache
def effects() -> NDArray[np.float64]:
    """A x 2P: displacement of the landmarks in pixels of the wide crop, for one unit of each act."""
    with EFFECTS.open(encoding="utf-8", newline="") as file:
        table = [[float(value) for value in row[1:]] for row in list(csv.reader(file))[1:]]
    return np.array(table).reshape(-1, len(ACTS), 2).transpose(1, 0, 2).reshape(len(ACTS), -1)
