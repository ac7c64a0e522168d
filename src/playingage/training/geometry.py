"""The mesh on which faces are brought to one shape: 468 landmarks, two rings around the head, the crop's corners.

Pictures move between an image and the mean shape by piecewise affine maps over one fixed triangulation (Cootes, Edwards
and Taylor, "Active Appearance Models", 1998). Points are (x, y) in pixels of the wide crop. Legend: P points, T
triangles, HW picture.
"""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import Delaunay

from playingage.faces.placing import full_points
from playingage.training.arrays import f32
from playingage.training.portraits import WIDE

Points = NDArray[np.float32]
Map = NDArray[np.float32]
__all__ = ["Map", "MeanShape", "Points", "full_points", "sample"]


class MeanShape:
    """A mean face (468 x 2 landmarks in the wide crop) and the maps between it and any other face."""

    def __init__(self, landmarks: Points) -> None:
        self.points = full_points(landmarks)
        simplices = Delaunay(self.points.astype(np.float64)).simplices
        self.triangles: NDArray[np.int32] = simplices.astype(np.int32)

    @cached_property
    def mirror(self) -> NDArray[np.int64]:
        """Index of each landmark's mirror image (468): the pairing with the least squared distances in all."""
        flipped = self.points[:468] * (-1, 1) + (2 * self.points[[1, 4, 5, 6, 10, 152], 0].mean(), 0)
        distance = ((flipped[:, None] - self.points[None, :468]) ** 2).sum(axis=-1)
        return np.asarray(linear_sum_assignment(distance)[1], np.int64)

    def to_image(self, points: Points) -> Map:
        """For every pixel of the mean-shape picture its place in an image with mesh `points` (P x 2): HW x 2."""
        return _transfer(self.points, points, self.triangles)

    def from_image(self, points: Points) -> Map:
        """For every pixel of an image with mesh `points` its place in the mean-shape picture: HW x 2."""
        return _transfer(points, self.points, self.triangles)

    def between(self, target: Points, source: Points) -> Map:
        """For every pixel of a picture with mesh `target` its place in the one with mesh `source`: HW x 2."""
        return _transfer(target, source, self.triangles)


def _transfer(target: Points, source: Points, triangles: NDArray[np.int32]) -> Map:
    """Piecewise affine map: per pixel of the target mesh's picture the place (x, y) in the source's."""
    corners = target[triangles].astype(np.float64)
    homogeneous = np.concatenate([corners, np.ones((len(corners), 3, 1))], axis=2)
    area = np.abs(np.linalg.det(homogeneous))
    homogeneous[area < 1e-3] = np.eye(3)
    affine = np.linalg.solve(homogeneous, source[triangles].astype(np.float64))
    index = np.zeros((WIDE, WIDE), np.int32)
    fixed = np.round(corners * 16).astype(np.int32)
    # Larger triangles first: where a turned head folds the mesh, the small near ones win.
    for t in np.argsort(-area):
        cv2.fillConvexPoly(index, fixed[t], int(t), shift=4)
    chosen = affine[index]
    y, x = np.mgrid[:WIDE, :WIDE].astype(np.float64)
    place = chosen[..., 0, :] * x[..., None] + chosen[..., 1, :] * y[..., None] + chosen[..., 2, :]
    return f32(place)


def sample(picture: NDArray[np.float32], places: Map, *, cubic: bool = False) -> NDArray[np.float32]:
    """`picture` (H x W or H x W x C float32) read at `places` (HW x 2), the border repeated."""
    flags = cv2.INTER_CUBIC if cubic else cv2.INTER_LINEAR
    x, y = np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])
    return f32(cv2.remap(picture, x, y, flags, borderMode=cv2.BORDER_REPLICATE))
