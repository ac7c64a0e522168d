"""What age does to faces on the average: slopes per year of shape, colour and detail, per sex, on the mean shape.

Everything lives in the wide crop's mean-shape picture. Legend: HW picture, P landmarks, B bands; "slope" is per year.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import EYE_LEFT, EYE_RIGHT, OVAL, neck_region
from playingage.training.arrays import f32
from playingage.training.geometry import MeanShape, Points, full_points, sample
from playingage.training.portraits import Portrait
from playingage.training.teacher.bands import Plane, blur, energy, split, to_work
from playingage.training.teacher.skin import skin_of

SEXES = ("F", "M")
GLASSES = 1.15
_POOL = 60.0
"""The slope of all counts like so many faces of one sex: there are few women among the portraits."""
_MAX_YAW = 15.0
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
BROWS = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
_NOSTRILS = (48, 64, 98, 97, 2, 326, 327, 294, 278)
_NOSE = (193, 417, 48, 278, 2)
"""Noses have spots rather than lines; little of them is lent."""
_FEW_FACES = 8.0
"""So many faces without skin at a place halve the slope when as many show it."""
_CREASE = 10.0
"""Curvature of log lightness across a line that counts in full, at a pixel's scale."""
_YOUNG = 50.0
"""Younger faces than this (years) tell what detail is everybody's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slopes:
    """Change per year for one sex: `shape` P x 2 (pixels), `colour` HW x 3, `gain` B x HW (log energy)."""

    shape: Points
    colour: Plane
    gain: Plane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """The fitted teacher's numbers, all on the mean shape.

    `donors` D x HW: what is special in the log-lightness detail of each older face, `tones` D its skin's log lightness,
    and `lends` per sex which of them lend to it. `typical` HW: the usual detail (edges of lips, nostrils, lids),
    `valleys` HW: the usual dark lines.
    `face` and `taper` HW 0..1: where skin is judged, and where its colour may change: a change of colour that ended
    sharply would look like a mask before ears and scalp.
    """

    mean: MeanShape
    slopes: dict[str, Slopes]
    donors: Plane
    tones: NDArray[np.float32]
    lends: dict[str, NDArray[np.bool_]]
    typical: Plane
    valleys: Plane
    face: Plane
    taper: Plane


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
    skins = np.stack([skin_of(w, mean.points) for w in work])
    slopes = {}
    for sex in SEXES:
        weight = np.array([1.0 if p.sex == sex else _POOL / len(bare) for p in bare])
        slopes[sex] = Slopes(
            shape=_symmetric_points(_slope(shape, age, weight), mean),
            colour=_symmetric(_skin_slope(flat, age, weight, skins)),
            gain=np.stack([_symmetric(g) for g in _slope(detail, age, weight)]),
        )
    light = {p.name: w[..., 0] for p, w in zip(bare, flat, strict=True)}
    young = [light[p.name] for p in bare if p.age < _YOUNG]
    typical = f32(np.mean([detail_of(face) for face in young], axis=0))
    usual = f32(np.mean([valleys_of(face) for face in young], axis=0))
    names = [name for sex in SEXES for name in donors[sex]]
    at, area = {p.name: i for i, p in enumerate(bare)}, _lending(mean)
    special = [_bend(detail_of(light[n]) - typical) for n in names]
    lent = [d * creases_of(light[n]) * skins[at[n]] * area for d, n in zip(special, names, strict=True)]
    tones = [tone_of(work[at[n]], skins[at[n]], face) for n in names]
    return Statistics(
        mean=mean, slopes=slopes, donors=f32(np.stack(lent)), tones=f32(tones), typical=typical, valleys=usual,
        face=face, taper=_taper(mean), lends={sex: np.array([n in donors[sex] for n in names]) for sex in SEXES},
    )


def detail_of(light: Plane) -> Plane:
    """HW: what is finer than a tenth of the eye distance in a plane of log lightness: lines, folds, pores."""
    return light - blur(light, 6.5)


def valleys_of(light: Plane) -> Plane:
    """HW, at least 0: depth of dark lines and folds of a plane of log lightness, without pores and grain."""
    return f32(np.maximum(blur(light, 5.5) - blur(light, 1.0), 0))


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


def _skin_slope(
    values: NDArray[np.float32], age: NDArray[np.float64], weight: NDArray[np.float64], skins: NDArray[np.float32]
) -> Plane:
    """HW x 3: slope of N x HW x 3 over age where the faces show skin; it fades to 0 where few of them do.

    A forehead that hair has left would otherwise pass for skin that grows pale.
    """
    w = skins * weight[:, None, None].astype(np.float32)
    total = w.sum(axis=0)
    a = f32(age)[:, None, None] - (w * f32(age)[:, None, None]).sum(axis=0) / (total + 1)
    spread = (w * a * a).sum(axis=0) + _FEW_FACES * float(np.var(age))
    out = []
    for c in range(3):
        plane = values[..., c]
        level = (w * plane).sum(axis=0) / (total + 1)
        rest = np.clip(plane - level, -2.5 * plane.std(), 2.5 * plane.std())
        out.append((w * a * rest).sum(axis=0) / spread)
    return f32(np.stack(out, axis=-1))


def creases_of(light: Plane) -> Plane:
    """HW, 0.25..1: where a plane of log lightness has dark lines, by the curvature across less that along them (Frangi
    et al., "Multiscale vessel enhancement filtering", 1998): spots and mottled light are not lent as wrinkles.
    """
    found = np.zeros_like(light)
    for sigma in (1.2, 2.2, 3.6):
        smooth = blur(light, sigma)
        xx, yy, xy = (f32(cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3)) for order in ((2, 0), (0, 2), (1, 1)))
        mean, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        across, along = mean + spread, np.abs(mean - spread)
        found = np.maximum(found, np.clip((across - along) * sigma**1.5 / _CREASE, 0, 1))
    return f32(0.25 + 0.75 * blur(f32(found), 0.8))


def tone_of(work: Plane, skin: Plane, face: Plane) -> float:
    """Mean log lightness of the skin (HW 0..1) within the face (HW 0..1)."""
    weight = skin * face
    return float((work[..., 0] * weight).sum() / max(float(weight.sum()), 1e-6))


def _taper(mean: MeanShape) -> Plane:
    """HW: 1 in the face's middle, falling to 0 at its outline over a seventh of its width."""
    inside = np.zeros((len(mean.to_image(mean.points)),) * 2, np.uint8)
    outline = mean.points[list(OVAL)].copy()
    middle = outline.mean(axis=0)
    high = outline[:, 1] < middle[1]
    outline[high] = middle + (outline[high] - middle) * (1.02, 1.12)
    cv2.fillPoly(inside, [np.round(outline).astype(np.int32)], 1)
    depth = f32(cv2.distanceTransform(inside, cv2.DIST_L2, 5))
    return blur(np.clip(depth / 16.0, 0, 1), 3.0)


def _lending(mean: MeanShape) -> Plane:
    """HW 0..1: where lines may be lent: within the outline or on the neck, not on lids, lips, brows and nostrils, whose
    edges lie elsewhere in every face.
    """
    taper = _taper(mean)
    neck = neck_region(mean.points, np.eye(2, 3, dtype=np.float32), len(taper)) * 0.7
    closed = np.zeros(taper.shape, np.uint8)
    for outline in (LIPS, EYE_LEFT, EYE_RIGHT, *BROWS, _NOSTRILS):
        hull = cv2.convexHull(np.round(mean.points[list(outline)]).astype(np.int32))
        cv2.fillConvexPoly(closed, hull, 1)
    grown = cv2.dilate(closed, np.ones((5, 5), np.uint8))
    nose = np.zeros(taper.shape, np.float32)
    cv2.fillConvexPoly(nose, cv2.convexHull(np.round(mean.points[list(_NOSE)]).astype(np.int32)), 1.0)
    return f32(np.maximum(taper, neck) * (1 - blur(f32(grown), 1.2)) * (1 - 0.7 * blur(nose, 3.0)))


def _bend(detail: Plane) -> Plane:
    """Limits a donor's detail smoothly: dark to 16, light, which is what lies between lines, to 4."""
    return f32(np.where(detail < 0, 16 * np.tanh(detail / 16), 4 * np.tanh(detail / 4)))


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

