"""The teacher at work: an aligned picture of a face shown at another age.

Order: warp of the shape, colour at large, energy of the person's own detail, then folds and wrinkles of older donors.
Legend: HW wide crop, working units as in `bands.to_work`; ages in years.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.region import EYE_LEFT, EYE_RIGHT, INNER_LIPS
from playingage.training.arrays import f32
from playingage.training.geometry import Map, Points, full_points, sample
from playingage.training.portraits import Portrait
from playingage.training.teacher.bands import Plane, blur, from_work, split, to_work
from playingage.training.teacher.skin import skin_of
from playingage.training.teacher.statistics import (
    GLASSES,
    LIPS,
    Statistics,
    detail_of,
    glasses_score,
    tone_of,
    valleys_of,
)

_SPECTACLES = (
    127, 70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300, 356, 454, 352, 280, 330, 371, 4, 142, 101, 50, 123, 234,
)

_CHOOSY = 40.0
"""How much likeness decides whose lines a face gets."""
_TONE = 22.0
"""Difference of skin's log lightness that makes a donor e times less likely."""
_VIVID = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How far the measured mean change is carried, since the mean of many faces is milder than any one face's ageing.

    Factors on the slopes per year, for older and younger; `donor` is the share of a donor's lines at 78 years, `fill`
    how much of a line's depth is filled where all furrows shall go, `deepen` how much is added at 78.
    """

    shape: tuple[float, float] = (2.1, 2.1)
    light: tuple[float, float] = (3.2, 2.6)
    chroma: tuple[float, float] = (2.1, 2.2)
    gain: tuple[float, float] = (1.3, 2.2)
    donor: float = 2.5
    fill: float = 0.95
    deepen: float = 0.9
    skin_light: float = 16.0
    old_light: float = 10.0
    other_light: float = 5.0
    least_gain: tuple[float, float, float, float] = (0.95, 0.8, 0.65, 0.6)
    most_gain: tuple[float, float, float, float] = (1.25, 1.5, 1.8, 1.9)

    def __post_init__(self) -> None:
        if min(*self.shape, *self.light, *self.chroma, *self.gain, self.donor, self.fill, self.deepen) < 0:
            raise ValueError("strengths are factors of at least 0")
        if min(self.least_gain) <= 0 or min(self.most_gain) < 1:
            raise ValueError("gains stay positive, and the greatest is at least 1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """A face prepared for the teacher; its maps are reused for every age.

    `keep` is 0 on eyeballs and inside the mouth, `skin` 1 where the picture has this face's skin colour; HW, 0..1.
    `donors` D: whose wrinkles this face gets, shares that sum to 1.
    """

    points: Points
    to_mean: Map
    sex: str
    age: float
    work: Plane
    keep: Plane
    skin: Plane
    donors: NDArray[np.float32]


def prepare(portrait: Portrait, statistics: Statistics) -> Subject:
    """Everything about one face that does not depend on the asked age."""
    points = full_points(portrait.landmarks)
    work = to_work(portrait.rgb)
    skin = skin_of(work, portrait.landmarks)
    keep = _keep(portrait.landmarks, work.shape[0])
    unwrapped = sample(portrait.rgb.astype(np.float32), statistics.mean.to_image(points))
    if glasses_score(unwrapped, statistics.mean) > GLASSES:
        keep = keep * (1 - _eye_area(portrait.landmarks, work.shape[0]) * np.clip(1.4 - 2 * skin, 0, 1))
    return Subject(points=points, to_mean=statistics.mean.from_image(points), sex=portrait.sex, age=portrait.age,
                   work=work, keep=keep, skin=skin, donors=donors_of(work, skin, points, portrait.sex, statistics))


def donors_of(work: Plane, skin: Plane, points: Points, sex: str, statistics: Statistics) -> NDArray[np.float32]:
    """D shares: the older faces whose lines are likest to the first traces that this face shows, and likest in tone."""
    unwrap = statistics.mean.to_image(points)
    area = sample(skin, unwrap) * statistics.face
    own = sample(work, unwrap)
    traces = detail_of(np.ascontiguousarray(own[..., 0])) - statistics.typical
    likeness = np.array([_correlation(traces, donor, area) for donor in statistics.donors])
    tone = tone_of(own, sample(skin, unwrap), statistics.face)
    score = likeness * _CHOOSY - ((statistics.tones - tone) / _TONE) ** 2
    score = np.where(statistics.lends[sex], score, -np.inf)
    share = np.exp(score - score.max())
    return f32(share / share.sum())


def _correlation(a: Plane, b: Plane, weight: Plane) -> float:
    a, b = a - np.average(a, weights=weight), b - np.average(b, weights=weight)
    norm = np.sqrt((weight * a * a).sum() * (weight * b * b).sum())
    return float((weight * a * b).sum() / max(norm, 1e-6))


def blend(shares: NDArray[np.float32], donors: Plane) -> Plane:
    """HW: the donors' detail by shares; several donors keep as much contrast as one, where a mean would fade."""
    return f32(np.tensordot(shares, donors, 1) / np.linalg.norm(shares) ** _VIVID)


def furrowed(age: float | Plane) -> Plane:
    """How far wrinkles have come at an age in years (a number or a map): 0 at 24, 1 at 78."""
    return f32(np.clip((np.asarray(age) - 24) / 54, 0.02, 1.15) ** 1.25)


def _eye_area(landmarks: Points, size: int) -> Plane:
    """HW 0..1: where spectacles sit, below the brows."""
    area = np.zeros((size, size), np.float32)
    outline = np.round(landmarks[list(_SPECTACLES)] * 16).astype(np.int32)
    cv2.fillPoly(area, [outline], 1.0, lineType=cv2.LINE_AA, shift=4)
    return blur(area, 2.0)


def _keep(landmarks: Points, size: int) -> Plane:
    holes = np.zeros((size, size), np.float32)
    for outline in (EYE_LEFT, EYE_RIGHT, INNER_LIPS):
        fixed = np.round(landmarks[list(outline)] * 16).astype(np.int32)
        cv2.fillPoly(holes, [fixed], 1.0, lineType=cv2.LINE_AA, shift=4)
    return f32(1 - np.clip(blur(holes, 1.2) * 1.3, 0, 1))


def apply(
    subject: Subject, target: float, statistics: Statistics, strength: Strength
) -> tuple[NDArray[np.float32], Map]:
    """The face at `target` years, display-encoded RGB HW x 3, 0..1; and for each pixel its place in the original."""
    years = 50.0 * float(np.tanh((target - subject.age) / 50.0))
    older = 0 if years > 0 else 1
    slopes = statistics.slopes[subject.sex]
    moved = subject.points.copy()
    moved += _damped_shape(slopes.shape, subject, years * strength.shape[older], statistics)
    places = statistics.mean.between(moved, subject.points)
    grid = np.stack(np.meshgrid(*(np.arange(len(places), dtype=np.float32),) * 2), axis=-1)
    places = grid + np.stack([blur(np.ascontiguousarray((places - grid)[..., i]), 2.5) for i in range(2)], axis=-1)
    work = sample(subject.work, places, cubic=True)
    to_mean = sample(subject.to_mean, places)
    keep, skin = sample(subject.keep, places), sample(subject.skin, places)

    bands, rest = split(np.ascontiguousarray(work[..., 0]))
    gain = sample(np.ascontiguousarray(slopes.gain.transpose(1, 2, 0)), to_mean) * (years * strength.gain[older] / 2)
    light = rest
    for k, band in enumerate(bands):
        factor = np.clip(np.exp(gain[..., k]), strength.least_gain[k], strength.most_gain[k])
        light = light + band * (1 + (factor - 1) * keep)
    colour = sample(slopes.colour, to_mean) * (years * sample(statistics.taper, to_mean))[..., None]
    shade = colour[..., 0] * strength.light[older]
    # Old skin sinks into shade; light patches on it would look like paint.
    most = np.where((shade > 0) & (years > 0), strength.old_light, strength.skin_light) * skin
    light = light + _soft(f32(shade), f32(most + strength.other_light * (1 - skin))) * keep
    before, after = float(furrowed(subject.age)), float(furrowed(target))
    own = np.maximum(valleys_of(np.ascontiguousarray(work[..., 0])) - sample(statistics.valleys, to_mean), 0)
    if after > before:
        lines = sample(blend(subject.donors, statistics.donors), to_mean)
        light = light + (lines * strength.donor - own * strength.deepen) * keep * skin * (after - before)
    else:
        light = light + own * keep * skin * (strength.fill * (1 - after / before))
    chroma = work[..., 1:] + np.clip(colour[..., 1:] * strength.chroma[older], -9, 9) * keep[..., None]
    return from_work(np.dstack([light, chroma])), places


def _soft(value: Plane, limit: Plane) -> Plane:
    """Bends a value smoothly towards +-limit."""
    return f32(limit * np.tanh(value / limit))


def _damped_shape(shape: Points, subject: Subject, years: float, statistics: Statistics) -> Points:
    """P x 2 displacement in pixels: the mean change, little at the openings of eyes and mouth, none far outside."""
    face = shape * years
    mean = statistics.mean.points[:468]
    for outline, share, reach in ((EYE_LEFT, 0.25, 9.0), (EYE_RIGHT, 0.25, 9.0), (LIPS, 0.3, 10.0)):
        anchor = mean[list(outline)]
        distance = np.sqrt(((mean[:, None] - anchor[None]) ** 2).sum(axis=-1)).min(axis=1)
        centre = face[list(outline)].mean(axis=0)
        weight = np.exp(-((distance / reach) ** 2))[:, None]
        face = face * (1 - weight) + weight * share * (0.6 * face + 0.4 * centre)
    moved = np.zeros_like(subject.points)
    moved[:468] = face
    oval = full_points(subject.points[:468] + face)[468:504] - subject.points[468:504]
    moved[468:504] = oval * 0.6
    return moved
