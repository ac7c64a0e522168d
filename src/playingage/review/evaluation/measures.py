"""What was done to one face, measured on the picture before and after. No judge, no network but the face mesh.

Legend: HW picture, P landmarks; distances in percent of the eye distance, differences in 8-bit levels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import Face
from playingage.faces.mesh import FaceMesh, region_of_landmarks
from playingage.faces.region import EYE_LEFT, EYE_RIGHT, INNER_LIPS, OVAL
from playingage.frames.pixels import Plane

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
_MOUTH = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, *INNER_LIPS)
_CHEEKS = ((118, 50, 205, 36, 126, 47), (347, 280, 425, 266, 355, 277))
_SKIN = (*_CHEEKS, (151, 108, 107, 9, 336, 337), (6, 197, 195, 45, 275))
"""Bare skin: both cheeks, the lower forehead, the ridge of the nose."""
_FINE = 0.02
"""Detail finer than this share of the eye distance (a Gaussian's sigma) is what skin is made of."""
_HEAD = 1.2
"""Eye distances around the face's oval that hair and neck take up."""
_LEAST_PIXELS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """changed: mean difference in the face, 8-bit levels. eyes, mouth: landmark movement, percent of the eye distance.

    sharpness: energy of fine skin detail, after over before; None where the face is too small to tell.
    outside_mean, outside_most: difference outside the head, 8-bit levels; None where the head fills the picture.
    """

    changed: float
    eyes: float
    mouth: float
    sharpness: float | None
    outside_mean: float | None
    outside_most: float | None


class Before:
    """A picture before anything was done to it, with its face (both H x W x 3 uint8 RGB): compares others with it."""

    def __init__(self, picture: Rgb, face: Face, mesh: FaceMesh) -> None:
        self.picture, self.face = picture, face
        self._mesh = mesh
        self._region = region_of_landmarks(face.landmarks)
        self._points = self._landmarks(picture)
        self.oval = hull_mask(picture.shape[:2], self._points[list(OVAL)])
        self.eye_distance = eye_distance(self._points)
        self._skin = np.zeros_like(self.oval)
        for outline in _SKIN:
            self._skin |= hull_mask(picture.shape[:2], self._points[list(outline)])
        self._detail = self._energy(picture)
        # Distances from the oval by one transform: a dilation that wide would be slow on large pictures.
        away = cv2.distanceTransform((~self.oval).astype(np.uint8), cv2.DIST_L2, 5)
        self._outside = np.asarray(away > _HEAD * self.eye_distance, np.bool_)

    def measure(self, after: Rgb) -> Measures:
        """The same picture (H x W x 3 uint8) after re-ageing, against this one."""
        difference = cv2.absdiff(self.picture, after)
        eyes, mouth = self._moved(after)
        outside = difference.max(axis=2)[self._outside]
        energy = self._energy(after)
        return Measures(
            changed=float(difference[self.oval].mean()), eyes=eyes, mouth=mouth,
            sharpness=None if energy is None or not self._detail else energy / self._detail,
            outside_mean=float(outside.mean()) if outside.size else None,
            outside_most=float(outside.max()) if outside.size else None,
        )

    def tone(self) -> float:
        """Individual typology angle of the cheeks in degrees (Chardon et al., 1991): lighter skin, larger angle.

        As the picture shows it: light, exposure and grading move it by tens of degrees.
        """
        cheeks = np.zeros_like(self.oval)
        for outline in _CHEEKS:
            cheeks |= hull_mask(self.picture.shape[:2], self._points[list(outline)])
        chosen = self.picture[cheeks] if cheeks.any() else self.picture[self.oval]
        middle = np.median(chosen, axis=0).astype(np.float32)[None, None] / 255
        lightness, _, yellow = cv2.cvtColor(middle, cv2.COLOR_RGB2LAB)[0, 0]
        return float(np.degrees(np.arctan2(lightness - 50, yellow)))

    def _landmarks(self, picture: Rgb) -> NDArray[np.float64]:
        """P x 2, always from one and the same region, so that a picture moves nothing against itself."""
        return self._mesh.landmarks(picture, self._region, irises=False)[0][:468, :2].astype(np.float64)

    def _moved(self, after: Rgb) -> tuple[float, float]:
        moved = aligned(self._landmarks(after), self._points) - self._points
        distance = 100 * np.hypot(*moved.T) / self.eye_distance
        return float(distance[[*EYE_LEFT, *EYE_RIGHT]].mean()), float(distance[list(_MOUTH)].mean())

    def _energy(self, picture: Rgb) -> float | None:
        if int(self._skin.sum()) < _LEAST_PIXELS:
            return None
        light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = light - cv2.GaussianBlur(light, (0, 0), max(1.0, _FINE * self.eye_distance))
        return float(fine[self._skin].var())


def hull_mask(shape: tuple[int, ...], points: NDArray[np.floating]) -> Mask:
    """HW bool: inside the convex hull of `points` (N x 2)."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 1)
    return np.asarray(mask, np.bool_)


def eye_distance(points: NDArray[np.floating]) -> float:
    """Pixels between the centres of the eyes' outlines."""
    left, right = points[list(EYE_LEFT), :2].mean(axis=0), points[list(EYE_RIGHT), :2].mean(axis=0)
    return max(float(np.hypot(*(right - left))), 1.0)


def aligned(points: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """`points` (P x 2) laid onto `to` by the least-squares turn, scale and shift."""
    a, b = points - points.mean(axis=0), to - to.mean(axis=0)
    z, w = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    turned = z * ((z.conj() * w).sum() / max(float((np.abs(z) ** 2).sum()), 1e-9))
    return np.asarray(np.stack([turned.real, turned.imag], axis=1) + to.mean(axis=0), np.float64)


def error_in(one: Rgb, other: Rgb, weight: Plane) -> tuple[float, float]:
    """(RMS, mean absolute) difference of two pictures, 8-bit levels, weighted by HW 0..1."""
    difference = one.astype(np.float32) - other
    total = max(float(weight.sum()) * 3, 1e-6)
    squares = float((difference**2 * weight[..., None]).sum()) / total
    return squares**0.5, float((np.abs(difference) * weight[..., None]).sum()) / total
