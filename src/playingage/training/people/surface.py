"""The same skin in two pictures of a sitter: what no landmarks tell exactly on a head that is turned."""

from dataclasses import replace

import cv2
import numpy as np

from playingage.training.people.assets import F32
from playingage.training.people.pairs import People
from playingage.training.people.scene import Scene
from playingage.training.people.sitter import Sitter


def facing(scene: Scene) -> Scene:
    """The shot with the sitter at rest, looking straight into the camera."""
    return replace(scene, yaw=0.0, pitch=0.0, roll=0.0, body_yaw=0.0, gaze=(0.0, 0.0), expression=(), glasses=None,
                   occluders=())


def skin_places(people: People, sitter: Sitter, age: float, scene: Scene, other: Scene, size: int) -> F32:
    """For each pixel of `scene`'s picture its place (x, y) in `other`'s: (size, size, 2), NaN where no head is seen.

    Hair and what stands before the head are not looked at.
    """
    here, there = (people.stage.on_screen(sitter, age, each, size) for each in (scene, other))
    head = people.stage.charts["head"]
    tris = head.vertex[head.tris]
    at = here[tris]
    a, b = at[:, 1, :2] - at[:, 0, :2], at[:, 2, :2] - at[:, 0, :2]
    facing_us = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0  # y points down: what turns the other way is seen
    tris, at = tris[facing_us], at[facing_us]
    index = np.full((size, size), -1, np.int32)
    fixed = np.round(at[..., :2] * 16).astype(np.int32)
    for t in np.argsort(-at[..., 2].mean(1)):  # the nearest is painted last
        cv2.fillConvexPoly(index, fixed[t], int(t), shift=4)
    corners = np.concatenate([at[..., :2].astype(np.float64), np.ones((len(at), 3, 1))], axis=2)
    corners[np.abs(np.linalg.det(corners)) < 1e-6] = np.eye(3)
    affine = np.linalg.solve(corners, there[tris][..., :2].astype(np.float64))[np.maximum(index, 0)]
    y, x = np.mgrid[:size, :size].astype(np.float64)
    places = affine[..., 0, :] * x[..., None] + affine[..., 1, :] * y[..., None] + affine[..., 2, :]
    places[index < 0] = np.nan
    return np.asarray(places, np.float32)
