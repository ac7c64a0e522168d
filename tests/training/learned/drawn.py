"""A drawn performer: the mean face, whose skin gets a darker cheek, a crease and a lower nose with the years."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.placing import mean_landmarks
from playingage.training.geometry import MeanShape, full_points, sample
from playingage.training.performer.frames import EraFrame
from playingage.training.portraits import WIDE

SIDE = 2 * WIDE
AGES = (25.0, 45.0, 65.0)
CREASE = (120, 215, 175, 235)
"""Where on the mean face, pixels of WIDE."""


@dataclass(frozen=True)
class Moment:
    """What differs between frames besides age: light over the picture, head's shift in pixels, grain's seed."""

    light: float
    slope: float
    shift: tuple[float, float]
    seed: int


def moment(seed: int) -> Moment:
    rng = np.random.default_rng(seed)
    return Moment(float(rng.uniform(0.8, 1.15)), float(rng.uniform(-0.25, 0.25)), (float(rng.normal(0, 1.5)),) * 2,
                  seed)


def landmarks(age: float, now: Moment) -> NDArray[np.float32]:
    """468 x 2 in the wide crop at WIDE: the nose's tip sinks by 4 pixels over 40 years."""
    mean = mean_landmarks().copy()
    nose = np.exp(-(((mean - mean[4]) / 14.0) ** 2).sum(axis=1))
    mean[:, 1] += nose * (age - 25) / 10
    return np.asarray(mean + np.array(now.shift), np.float32)


def face(age: float, now: Moment) -> EraFrame:
    """The performer at an age in a moment."""
    mean = mean_landmarks()
    years = (age - 25) / 40
    skin = np.full((WIDE, WIDE, 3), (0.72, 0.55, 0.46), np.float32)
    y, x = np.mgrid[:WIDE, :WIDE].astype(np.float32)
    cheek = np.exp(-((x - 110) ** 2 + (y - 200) ** 2) / 500)
    left, top, right, bottom = CREASE
    line = np.zeros((WIDE, WIDE), np.float32)
    cv2.line(line, (left, top), (right, bottom), 1.0, 2, cv2.LINE_AA)
    line = np.asarray(cv2.GaussianBlur(line, (0, 0), 1.0), np.float32)
    dark = 1 - 0.25 * years * cheek - 0.3 * years * line
    points = landmarks(age, now)
    shape = MeanShape(mean)
    laid = sample(np.asarray(skin * dark[..., None], np.float32), shape.from_image(full_points(points)))
    light = now.light * (1 + now.slope * (x / WIDE - 0.5))
    grain = np.random.default_rng(now.seed).normal(0, 0.004, laid.shape)
    picture = np.clip(laid * light[..., None] + grain, 0, 1)
    large = cv2.resize(np.asarray(picture, np.float32), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    whole = np.concatenate([points, np.repeat(points[[33, 263]], 5, axis=0)])
    return EraFrame(
        name=f"{age:.0f}-{now.seed}", title=f"film of {age:.0f}", group=f"{age:.0f}-{now.seed}", age=age,
        rgb=np.round(large * 255).astype(np.uint8), landmarks=np.asarray((whole + 0.5) * 2 - 0.5, np.float32),
        eye=128.0, yaw=0.0, pitch=0.0,
    )


def archive(count: int) -> list[EraFrame]:
    return [face(age, moment(100 * k + i)) for k, age in enumerate(AGES) for i in range(count)]
