"""What age does to faces on the average: slopes per year of shape, colour and detail, per sex, on the mean shape.

Everything lives in the wide crop's mean-shape picture. Legend: HW picture, P landmarks, B bands; "slope" is per year.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.arrays import f32
from playingage.training.geometry import MeanShape, Points, full_points, sample
from playingage.training.portraits import Portrait
from playingage.training.teacher.bands import Plane, blur, energy, split, to_work

SEXES = ("F", "M")
GLASSES = 1.15
_POOL = 60.0
"""The slope of all counts like so many faces of one sex: there are few women among the portraits."""
_MAX_YAW = 15.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slopes:
    """Change per year for one sex: `shape` P x 2 (pixels), `colour` HW x 3, `gain` B x HW (log energy)."""

    shape: Points
    colour: Plane
    gain: Plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """The fitted teacher's numbers; `donors` per sex HW, log-lightness detail of older faces."""

    mean: MeanShape
    slopes: dict[str, Slopes]
    donors: dict[str, Plane]


def fit(portraits: list[Portrait], donors: dict[str, list[str]]) -> Statistics:
    """Regress over portraits that may be learned from. `donors`: per sex names of older faces that lend wrinkles.

    Raises ValueError for a donor who is not among the frontal faces without spectacles.
    """
    mean, bare, unwrapped = bare_faces(portraits)
    strangers = {name for names in donors.values() for name in names} - {p.name for p in bare}
    if strangers:
        raise ValueError(f"not frontal and without spectacles, so no donors: {', '.join(sorted(strangers))}")
    work = np.stack([to_work(np.clip(face, 0, 255).astype(np.uint8)) for face in unwrapped])
    face = _face_weight(mean)
    level = (work * face[None, :, :, None]).sum(axis=(1, 2), keepdims=True) / face.sum()
    flat = work - level
    detail = np.stack([np.stack([energy(band) for band in split(w[..., 0])[0]]) for w in flat])
    shape = np.stack([_normalised(p.landmarks[:468], mean) for p in bare])
    age = np.array([p.age for p in bare])
    slopes = {}
    for sex in SEXES:
        weight = np.array([1.0 if p.sex == sex else _POOL / len(bare) for p in bare])
        slopes[sex] = Slopes(
            shape=_symmetric_points(_slope(shape, age, weight), mean),
            colour=_symmetric(_slope(flat, age, weight)),
            gain=np.stack([_symmetric(g) for g in _slope(detail, age, weight)]),
        )
    by_name = {p.name: w for p, w in zip(bare, flat, strict=True)}
    return Statistics(mean=mean, slopes=slopes, donors={s: _donor([by_name[n] for n in donors[s]]) for s in SEXES})


def bare_faces(portraits: list[Portrait]) -> tuple[MeanShape, list[Portrait], list[Plane]]:
    """(mean shape of the frontal portraits, those without spectacles, these brought to the mean shape, 0..255)."""
    frontal = [p for p in portraits if p.kind == "portrait" and abs(p.yaw) < _MAX_YAW]
    mean = mean_shape(frontal)
    unwrapped = [sample(p.rgb.astype(np.float32), mean.to_image(full_points(p.landmarks))) for p in frontal]
    chosen = [i for i, face in enumerate(unwrapped) if glasses_score(face, mean) < GLASSES]
    return mean, [frontal[i] for i in chosen], [unwrapped[i] for i in chosen]


def mean_shape(portraits: list[Portrait]) -> MeanShape:
    """The mirror-symmetric mean of the aligned landmarks."""
    mean = MeanShape(np.mean([p.landmarks[:468] for p in portraits], axis=0).astype(np.float32))
    points = mean.points[:468]
    return MeanShape(((points + _flip(points, mean)) / 2).astype(np.float32))


def _flip(points: Points, mean: MeanShape) -> Points:
    return f32(points[mean.mirror] * f32([-1, 1]) + f32([mean.points[[1, 4, 5, 6], 0].mean() * 2, 0]))


def _symmetric_points(slope: Points, mean: MeanShape) -> Points:
    return f32((slope + slope[mean.mirror] * f32([-1, 1])) / 2)


def _symmetric(plane: Plane) -> Plane:
    """Mean of a picture (HW or HW x C) on the mean shape and its mirror image; the shape is centred in the crop."""
    return f32((plane + plane[:, ::-1]) / 2)


def _normalised(landmarks: Points, mean: MeanShape) -> Points:
    """Landmarks with place, turn and scale of the whole taken out towards the mean shape's stable points."""
    stable = [168, 6, 33, 263, 133, 362]
    return f32(landmarks - landmarks[stable].mean(axis=0) + mean.points[stable].mean(axis=0))


def _slope(values: NDArray[np.floating], age: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weighted least-squares slope of `values` (N x ...) over `age` in years, outliers clipped at 2.5 deviations."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    a = age - np.average(age, weights=weight)
    w = weight / weight.sum()
    slope = np.zeros(flat.shape[1])
    for _ in range(2):
        mean = w @ flat
        slope = (w * a) @ (flat - mean) / (w @ (a * a))
        residual = flat - mean - np.outer(a, slope)
        limit = 2.5 * np.sqrt(w @ residual**2)
        flat = mean + np.outer(a, slope) + np.clip(residual, -limit, limit)
    return slope.reshape(values.shape[1:]).astype(np.float32)


def _face_weight(mean: MeanShape) -> Plane:
    """HW 0..1: the cheeks, nose and forehead, by which a picture's exposure and tint are judged."""
    weight = np.zeros((len(mean.to_image(mean.points)),) * 2, np.float32)
    hull = cv2.convexHull(np.round(mean.points[[67, 297, 454, 365, 152, 136, 234]]).astype(np.int32))
    cv2.fillConvexPoly(weight, hull, 1.0)
    return blur(weight, 3.0)


def glasses_score(unwrapped: Plane, mean: MeanShape) -> float:
    """Strength of horizontal edges where spectacles' bridge and arms run; bare faces lie under 1.15 (by looking)."""
    grey = np.log(cv2.cvtColor(np.clip(unwrapped, 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY).astype(np.float32) + 10)
    edges = np.abs(cv2.Sobel(blur(grey, 0.8), cv2.CV_32F, 0, 1))

    def strongest(x: float, y: float, up: int, down: int, half: int) -> float:
        return float(edges[int(y) - up : int(y) + down, int(x) - half : int(x) + half + 1].max(axis=0).mean())

    x, y = mean.points[[168, 6]].mean(axis=0)
    score = strongest(x, y, 10, 12, 4)
    for index, side in ((130, -1), (359, 1)):
        x, y = mean.points[index]
        score += 0.5 * strongest(x + 9 * side, y, 14, 8, 3)
    return score


def _donor(faces: list[Plane]) -> Plane:
    """HW log-lightness detail (bands 0.9 to 7 px) of older faces: at every place that of the one with most of it.

    Averaging would wash wrinkles out; taking the strongest keeps them lines.
    """
    details = []
    for face in faces:
        detail = sum(split(face[..., 0])[0][:3])
        details.append(np.clip(detail, -26, 16))
    strength = np.stack([blur(d * d, 9.0) for d in details])
    share = strength**3 / (strength**3).sum(axis=0)
    share = np.stack([blur(s, 5.0) for s in share])
    return f32((np.stack(details) * share / share.sum(axis=0)).sum(axis=0))
