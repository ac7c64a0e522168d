"""What is learned from: dated faces of one performer, brought to the mean face.

Legend: S side of a wide crop (five eye distances), T side of the mean face's picture at full detail (512: 128 pixels an
eye distance), G its grid (64). Colour: display-encoded RGB; "log" is ln(value + EPSILON) of values 0..1, in which
lightness and light add up to the picture whatever the gamma.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.align import warp_crop
from playingage.faces.placing import mean_landmarks
from playingage.faces.region import EYE_LEFT, EYE_RIGHT, INNER_LIPS
from playingage.training.arrays import Array, f32
from playingage.training.geometry import MeanShape, Points, full_points
from playingage.training.portraits import CROP, WIDE, wide_transform
from playingage.training.teacher.bands import blur, to_work
from playingage.training.teacher.skin import skin_of
from playingage.training.teacher.statistics import BROWS, LIPS

EPSILON = 0.03
FULL = 512
_LEAST_AREA, _FULL_AREA = 0.3, 0.7
"""Share of its area on the mean face below which a triangle is seen too slantwise to count, and from which in full."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EraFrame:
    """A dated face. `rgb` uint8 S x S x 3, the wide crop (S = WIDE or a multiple of it); `landmarks` 478 x 2 in it.

    `age` in years; `group` names what shares its light with it, as a shot; `eye` is the eye distance in pixels of the
    source, which tells what detail can be believed; `yaw` and `pitch` in degrees; `name` its id, `title` its origin.
    """

    name: str
    title: str
    group: str
    age: float
    rgb: NDArray[np.uint8]
    landmarks: Points
    eye: float
    yaw: float
    pitch: float

    def __post_init__(self) -> None:
        side = self.rgb.shape[0]
        if self.rgb.shape != (side, side, 3) or side % WIDE or not self.eye > 0 or not 0 < self.age < 130:
            raise ValueError(f"{self.name}: a wide crop is square, a multiple of {WIDE} pixels, with an age and a size")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unwrapped:
    """A frame on the mean face. `log` T x T x 3 float16; `seen` T x T uint8, 255 where it shows the performer's skin;
    `shape` 468 x 2, the landmarks in pixels of the wide crop at WIDE.
    """

    log: NDArray[np.float16]
    seen: NDArray[np.uint8]
    shape: Points


@cache
def mean_face() -> MeanShape:
    """The mean of frontal portraits, on which the tables lie."""
    return MeanShape(mean_landmarks())


def small_landmarks(frame: EraFrame) -> Points:
    """Landmarks in pixels of a wide crop of WIDE."""
    return f32((frame.landmarks[:, :2] + 0.5) * (WIDE / frame.rgb.shape[0]) - 0.5)


def unwrap(frame: EraFrame, size: int = FULL) -> Unwrapped:
    """The frame's face on the mean face, and where it can be believed."""
    mean, points = mean_face(), small_landmarks(frame)
    mesh = full_points(points)
    places = enlarged(mean.to_image(mesh), size)
    scale = frame.rgb.shape[0] / WIDE
    places = f32((places + 0.5) * scale - 0.5)
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    picture = cv2.remap(frame.rgb, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    log = np.log(f32(picture) / 255 + EPSILON)
    seen = enlarged(_seen(frame, points, mesh), size)
    return Unwrapped(log=log.astype(np.float16), seen=np.round(seen * 255).astype(np.uint8), shape=points[:468])


def enlarged(value: Array, size: int) -> Array:
    """The canonical part of something on the mean face's wide picture (WIDE x WIDE), at `size` pixels."""
    edge = (WIDE - CROP) // 2
    inner = np.ascontiguousarray(value[edge : edge + CROP, edge : edge + CROP])
    return f32(cv2.resize(inner, (size, size), interpolation=cv2.INTER_LINEAR)) if size != CROP else f32(inner)


def _seen(frame: EraFrame, points: Points, mesh: Points) -> Array:
    """WIDE x WIDE on the mean face, 0..1: skin, seen not too slantwise, without eyeballs and the mouth's inside."""
    mean = mean_face()
    small = frame.rgb
    if small.shape[0] != WIDE:
        small = np.asarray(cv2.resize(small, (WIDE, WIDE), interpolation=cv2.INTER_AREA), np.uint8)
    skin = np.maximum(skin_of(to_work(small), points), _lips_and_brows(points))
    for outline in (EYE_LEFT, EYE_RIGHT, INNER_LIPS):
        fixed = np.round(points[list(outline)] * 16).astype(np.int32)
        cv2.fillPoly(skin, [fixed], 0.0, lineType=cv2.LINE_AA, shift=4)
    there = mean.to_image(mesh)
    x, y = np.ascontiguousarray(there[..., 0]), np.ascontiguousarray(there[..., 1])
    on_mean = f32(cv2.remap(f32(skin), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))
    # How much of the picture a pixel of the mean face covers: the map's Jacobian.
    dx, dy = np.gradient(there, axis=1), np.gradient(there, axis=0)
    area = np.abs(dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0])
    facing = np.clip((blur(f32(area), 2.0) - _LEAST_AREA) / (_FULL_AREA - _LEAST_AREA), 0, 1)
    return f32(on_mean * facing)


def _lips_and_brows(points: Points) -> Array:
    area = np.zeros((WIDE, WIDE), np.float32)
    for outline in (LIPS, *BROWS):
        hull = cv2.convexHull(np.round(points[list(outline)] * 16).astype(np.int32))
        cv2.fillConvexPoly(area, hull, 1.0, lineType=cv2.LINE_AA, shift=4)
    return area


def wide_crop(
    picture: NDArray[np.uint8], landmarks: NDArray[np.float32], size: int = 2 * WIDE
) -> tuple[NDArray[np.uint8], Points]:
    """(wide crop size x size x 3, landmarks in it) of a face in an RGB picture (uint8)."""
    transform = wide_transform(landmarks, size)
    crop = np.clip(warp_crop(picture, transform, size) + 0.5, 0, 255).astype(np.uint8)
    return crop, f32(landmarks[:, :2] @ transform[:, :2].T + transform[:, 2])


def crop_of(frame: EraFrame, size: int = CROP) -> Array:
    """The canonical crop of a frame, size x size x 3, 0..1."""
    edge = frame.rgb.shape[0] * (WIDE - CROP) // WIDE // 2
    inner = frame.rgb[edge:-edge, edge:-edge]
    return f32(f32(cv2.resize(inner, (size, size), interpolation=cv2.INTER_AREA)) / 255)
