"""What is known of one face in one frame."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

LANDMARKS = 478

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Head rotation in degrees: yaw > 0 turns to the picture's right, pitch > 0 down, roll > 0 clockwise."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A tracked face.

    landmarks: 478 x 3 float32; x and y in pixels of the frame (top-left pixel centre at 0, 0), z in the same unit
        relative to the head's centre, smaller is nearer. 0..467 in MediaPipe's mesh order, 468..472 the iris on
        the picture's left (centre, then four on its rim), 473..477 the one on the right.
    confidence: 0..1, that this is a face. strength: 0..1, how much of it may be changed: falls softly towards
        profile and when the face is being lost.
    """

    id: int
    landmarks: NDArray[np.float32]
    pose: Pose
    confidence: float
    strength: float = 1.0
    _box: Box = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.landmarks.shape != (LANDMARKS, 3) or self.landmarks.dtype != np.float32:
            found = f"{self.landmarks.dtype} {self.landmarks.shape}"
            raise ValueError(f"landmarks want float32 {LANDMARKS} x 3, not {found}")
        if not (0 <= self.confidence <= 1 and 0 <= self.strength <= 1):
            raise ValueError("confidence and strength are between 0 and 1")
        object.__setattr__(self, "_box", box_of(self.landmarks))

    @property
    def points(self) -> NDArray[np.float32]:
        """478 x 2: x and y of the landmarks in pixels."""
        return self.landmarks[:, :2]

    @property
    def box(self) -> Box:
        """Left, top, right, bottom of the landmarks in pixels."""
        return self._box

    @property
    def size(self) -> float:
        """The longer side of the box in pixels."""
        return side_of(self._box)


def box_of(points: NDArray[np.floating]) -> Box:
    """Left, top, right, bottom of points, N x 2 or 3."""
    low, high = cv2.reduce(points, 0, cv2.REDUCE_MIN)[0], cv2.reduce(points, 0, cv2.REDUCE_MAX)[0]
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def side_of(box: Box) -> float:
    """The longer side."""
    left, top, right, bottom = box
    return max(right - left, bottom - top)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes (left, top, right, bottom); 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)
