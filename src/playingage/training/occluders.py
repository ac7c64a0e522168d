"""Things in front of a face: fingers, objects and spectacles, cut from other pictures or drawn, to be left alone.

Pictures are H x W x 3 float32 display-encoded 0..1. Every function draws from the generator it is given.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.arrays import f32

Picture = NDArray[np.float32]
Plane = NDArray[np.float32]


def occlude(size: int, centre: tuple[float, float], other: Picture, rng: np.random.Generator) -> tuple[Picture, Plane]:
    """(colour, coverage 0..1) of one random occluder of a `size` x `size` picture, near `centre` (x, y).

    `other` lends texture: a different person's wide crop, whose middle is skin.
    """
    kind = rng.choice(["hand", "object", "spectacles"], p=[0.5, 0.3, 0.2])
    if kind == "spectacles":
        return _spectacles(size, rng)
    coverage = _hand(size, centre, rng) if kind == "hand" else _object(size, centre, rng)
    colour = _texture(size, other, skin=kind == "hand", rng=rng)
    if kind == "hand":
        # Rounded shading: brighter along the middle of each finger.
        inside = cv2.distanceTransform((coverage > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        round_ = np.clip(inside / (inside.max() + 1e-6) * 1.6, 0, 1) ** 0.6
        colour = colour * (0.62 + 0.42 * round_[..., None])
    return np.clip(colour, 0, 1).astype(np.float32), coverage


def _hand(size: int, centre: tuple[float, float], rng: np.random.Generator) -> Plane:
    """Two to five fingers side by side, sometimes with a palm."""
    mask = np.zeros((size, size), np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    width = size * rng.uniform(0.03, 0.055)
    start = np.array(centre) + rng.normal(0, size * 0.16, 2)
    fingers = int(rng.integers(1, 6))
    for i in range(fingers):
        base = start + across * (i - fingers / 2) * width * rng.uniform(1.6, 2.1) - along * size * 0.5
        joint = start + across * (i - fingers / 2) * width * 2.0 + across * rng.normal(0, width * 0.4)
        tip = joint + along * size * rng.uniform(0.05, 0.2) + across * rng.normal(0, width * 0.6)
        points = np.round(np.array([base, joint, tip]) * 8).astype(np.int32)
        cv2.polylines(mask, [points], False, 1.0, max(2, int(2 * width)), cv2.LINE_AA, shift=3)
    return f32(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 1.5)))


def _object(size: int, centre: tuple[float, float], rng: np.random.Generator) -> Plane:
    """A polygon or ellipse: a cup, a microphone, a phone, a scarf."""
    mask = np.zeros((size, size), np.float32)
    middle = np.array(centre) + rng.normal(0, size * 0.18, 2)
    if rng.random() < 0.5:
        axes = size * rng.uniform(0.05, 0.2, 2)
        cv2.ellipse(mask, (tuple(middle), tuple(2 * axes), float(rng.uniform(0, 180))), 1.0, -1, cv2.LINE_AA)
    else:
        turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 8))))
        radius = size * rng.uniform(0.06, 0.28, len(turns))
        outline = middle + np.stack([np.cos(turns) * radius, np.sin(turns) * radius], axis=1)
        cv2.fillPoly(mask, [np.round(outline * 8).astype(np.int32)], 1.0, cv2.LINE_AA, shift=3)
    return f32(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.5)))


def _spectacles(size: int, rng: np.random.Generator) -> tuple[Picture, Plane]:
    """Dark or metal frames where the canonical crop has the eyes; `size` is a wide crop of five eye distances."""
    mask = np.zeros((size, size), np.float32)
    eye = size / 5
    y = size / 2 - 0.08 * 4 * eye + rng.normal(0, 0.03 * eye)
    half = np.array([rng.uniform(0.3, 0.42), rng.uniform(0.22, 0.34)]) * eye
    thick = int(rng.integers(1, 6))
    squarish = rng.random() < 0.5
    for side in (-1, 1):
        x = size / 2 + side * eye * 0.5
        middle = np.array([x, y])
        low, high = np.round(middle - half).astype(int), np.round(middle + half).astype(int)
        if squarish:
            cv2.rectangle(mask, tuple(low.tolist()), tuple(high.tolist()), 1.0, thick, cv2.LINE_AA)
        else:
            cv2.ellipse(mask, ((x, y), tuple(2 * half), 0), 1.0, thick, cv2.LINE_AA)
        outer = int(x + side * half[0]), int(y - half[1] * 0.4)
        cv2.line(mask, outer, (int(size / 2 + side * eye * 1.15), int(y - half[1] * 0.3)), 1.0, thick, cv2.LINE_AA)
    cv2.line(mask, (int(size / 2 - eye * 0.5 + half[0]), int(y)), (int(size / 2 + eye * 0.5 - half[0]), int(y)), 1.0,
             thick, cv2.LINE_AA)
    tone = rng.uniform(0.02, 0.25) if rng.random() < 0.7 else rng.uniform(0.4, 0.8)
    colour = np.full((size, size, 3), tone, np.float32) + rng.normal(0, 0.04, 3).astype(np.float32)
    return np.clip(colour, 0, 1).astype(np.float32), np.clip(cv2.GaussianBlur(mask, (0, 0), 0.6), 0, 1)


def _texture(size: int, other: Picture, *, skin: bool, rng: np.random.Generator) -> Picture:
    """A piece of another picture, enlarged to fill: from the middle of the face for skin, from anywhere for objects."""
    height = other.shape[0]
    side = int(height * (0.14 if skin else rng.uniform(0.1, 0.4)))
    if skin:
        x, y = int(height * rng.uniform(0.38, 0.5)), int(height * rng.uniform(0.52, 0.58))
    else:
        x, y = (int(v) for v in rng.integers(0, height - side, 2))
    piece = np.ascontiguousarray(other[y : y + side, x : x + side][:, :: rng.choice([-1, 1])])
    return f32(cv2.resize(piece, (size, size), interpolation=cv2.INTER_CUBIC)) * np.float32(rng.uniform(0.75, 1.2))
