"""The ways to another age that are compared: each takes a frame, its face and an age, and gives a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.performer.archive import NOW, Made, Rgb
from playingage.engine import Reager
from playingage.faces import Face, FaceFinder, face_region
from playingage.training.geometry import MeanShape, full_points, sample
from playingage.training.portraits import WIDE, wide_transform

_FINE = 2
"""The paste is done in a wide crop of this many times its usual side: 128 pixels an eye distance."""


class Way(Protocol):
    """From a frame (H x W x 3 uint8) with a face of 65 years to the frame at `age`."""

    def __call__(self, frame: Rgb, face: Face, age: float) -> Rgb: ...


def nothing(frame: Rgb, face: Face, age: float) -> Rgb:
    """The frame as it is."""
    del face, age
    return frame


@dataclass(frozen=True)
class ByModel:
    """A model package in the engine that live and render use; the source age is given."""

    reager: Reager

    def __call__(self, frame: Rgb, face: Face, age: float) -> Rgb:
        return self.reager(frame, age=age, source_age=NOW, transfer="srgb", faces=[face])


@dataclass(frozen=True, eq=False)
class _Cut:
    """An archive frame in the wide crop: `rgb` float32 of _FINE * WIDE pixels, landmarks (478 x 2) at WIDE."""

    age: float
    rgb: NDArray[np.float32]
    points: NDArray[np.float32]


class Pasted:
    """The archive's frame of the nearest age, pose and expression, laid onto the performance's landmarks, its colours
    matched, blended in where the engine would change the face.
    """

    def __init__(self, archive: Sequence[Made], finder: FaceFinder) -> None:
        self._cuts: list[_Cut] = []
        for made in archive:
            rgb = made.rgb()
            faces = finder.find(rgb)
            if faces:
                self._cuts.append(_cut(rgb, max(faces, key=lambda f: f.size), made.age))
        if not self._cuts:
            raise ValueError("no face is found in the archive")
        self._shape = MeanShape(np.mean([cut.points for cut in self._cuts], axis=0).astype(np.float32))

    def __call__(self, frame: Rgb, face: Face, age: float) -> Rgb:
        here = _cut(frame, face, NOW)
        nearest = min(abs(cut.age - age) for cut in self._cuts)
        era = [cut for cut in self._cuts if abs(cut.age - age) == nearest]
        best = min(era, key=lambda cut: float(np.hypot(*(cut.points - here.points)[:468].T).mean()))
        places = self._shape.between(full_points(here.points), full_points(best.points))
        fine = cv2.resize(places, (_FINE * WIDE, _FINE * WIDE), interpolation=cv2.INTER_LINEAR) * _FINE
        laid = sample(best.rgb, np.asarray(fine + (_FINE - 1) / 2, np.float32))
        transform = _fine(wide_transform(face.landmarks))
        region = face_region(face.landmarks, transform, _FINE * WIDE)
        delta = _coloured(laid, here.rgb, region) - here.rgb
        back = np.asarray(cv2.invertAffineTransform(transform), np.float32)
        change = _to_frame(delta * region[..., None], back, frame)
        return np.asarray(np.clip(np.rint(frame + change), 0, 255), np.uint8)


def _cut(rgb: Rgb, face: Face, age: float) -> _Cut:
    coarse = wide_transform(face.landmarks)
    points = (face.points @ coarse[:, :2].T + coarse[:, 2]).astype(np.float32)
    side = _FINE * WIDE
    # at most twice as large here as there: area filtering is not needed
    crop = cv2.warpAffine(rgb, _fine(coarse), (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return _Cut(age, crop.astype(np.float32), points)


def _fine(transform: NDArray[np.float32]) -> NDArray[np.float32]:
    fine = transform * np.float32(_FINE)
    fine[:, 2] += (_FINE - 1) / 2
    return fine


def _coloured(laid: NDArray[np.float32], like: NDArray[np.float32], region: NDArray[np.float32]) -> NDArray[np.float32]:
    """`laid` with the mean and spread of each Lab channel of `like` within the region (Reinhard et al., 2001)."""
    a, b = (cv2.cvtColor(picture / np.float32(255), cv2.COLOR_RGB2LAB) for picture in (np.clip(laid, 0, 255), like))
    inside = region > 0.5
    for k in range(3):
        spread = float(b[..., k][inside].std() / max(float(a[..., k][inside].std()), 1e-3))
        a[..., k] = (a[..., k] - a[..., k][inside].mean()) * np.clip(spread, 0.5, 2) + b[..., k][inside].mean()
    return np.asarray(cv2.cvtColor(a, cv2.COLOR_LAB2RGB) * 255, np.float32)


def _to_frame(change: NDArray[np.float32], back: NDArray[np.float32], frame: Rgb) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    warped = cv2.warpAffine(change, back, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(warped, np.float32)
