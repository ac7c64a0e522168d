"""How near a result is to the truth, what became of the performance in it, and whom it looks like.

Legend: HW picture, P landmarks. Pictures are uint8 RGB, display-encoded; masks HW 0..1 float32.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import flip_evaluator
import numpy as np
from numpy.typing import NDArray

from playingage.faces.identity import distance
from playingage.faces.mesh import FaceMesh, region_of_landmarks

Rgb = NDArray[np.uint8]
Plane = NDArray[np.float32]
_MARGIN = 8
"""Pixels about the compared part that the filters of SSIM and FLIP may look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One result against its truth. `psnr` (dB), `ssim` (0..1), `flip` (0..1, 0 is equal) inside the face; `head_...`
    in the box about the whole head; `landmarks`: mean way of 468 points from the performance, % of the eye distance.
    """

    psnr: float
    ssim: float
    flip: float
    head_psnr: float
    head_ssim: float
    landmarks: float


def psnr(one: Rgb, other: Rgb, weight: Plane) -> float:
    """Peak signal to noise ratio in dB over the pixels weighed by `weight` (HW); at most 99."""
    squared = (one.astype(np.float64) - other).__pow__(2).mean(axis=2)
    error = float((squared * weight).sum() / max(float(weight.sum()), 1e-9))
    return float(min(99.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def ssim(one: Rgb, other: Rgb) -> Plane:
    """Structural similarity of lightness at each pixel (HW, at most 1), Gaussian window of sigma 1.5.

    Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004.
    """
    a, b = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (one, other))

    def mean(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5), np.float64)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = mean(a), mean(b)
    var_a, var_b, both = mean(a * a) - mean_a**2, mean(b * b) - mean_b**2, mean(a * b) - mean_a * mean_b
    up = (2 * mean_a * mean_b + c1) * (2 * both + c2)
    return np.asarray(up / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)), np.float32)


def flip(truth: Rgb, other: Rgb) -> Plane:
    """Perceptual difference at each pixel (HW, 0..1) as one flips between the pictures at 67 pixels a degree.

    Andersson et al., "FLIP: A Difference Evaluator for Alternating Images", 2020.
    """
    one, two = (np.ascontiguousarray(picture, np.float32) / np.float32(255) for picture in (truth, other))
    shown = flip_evaluator.evaluate(one, two, "LDR", applyMagma=False, computeMeanError=False)[0]
    return np.asarray(shown, np.float32).reshape(truth.shape[:2])


class Compared:
    """One frame of a performance and its truth at one age: compares results with both."""

    def __init__(self, performance: Rgb, truth: Rgb, masks: Sequence[Rgb], points: NDArray[np.float32],
                 mesh: FaceMesh) -> None:
        """masks: of the performance and of the truth (red: skin that is seen, green: head). points: 478 x 3 of the
        performance.
        """
        self._truth, self._mesh = truth, mesh
        self._region = region_of_landmarks(points)
        self._points = self._landmarks(performance)
        self._eye = float(np.hypot(*(self._points[[33, 133]].mean(axis=0) - self._points[[263, 362]].mean(axis=0))))
        skin, head = (np.maximum.reduce([m[..., k] for m in masks]).astype(np.float32) / 255 for k in (0, 1))
        # where either shows skin: a jaw that became narrower counts as much as one that became wider
        self.face = skin * _hull(skin.shape, self._points, self._landmarks(truth))
        self._face_box, self._head_box = _box(self.face), _box(head)

    def figures(self, result: Rgb) -> Figures:
        """The figures of a result (H x W x 3 of the performance's frame)."""
        face, head = self._face_box, self._head_box
        weight, inside = self.face[face], np.ones_like(self.face[head])
        whole = ssim(self._truth[head], result[head])
        moved = np.hypot(*(self._landmarks(result) - self._points).T).mean()
        return Figures(
            psnr=psnr(self._truth[face], result[face], weight), head_psnr=psnr(self._truth[head], result[head], inside),
            ssim=_mean(ssim(self._truth[face], result[face]), weight), head_ssim=float(whole.mean()),
            flip=_mean(flip(self._truth[face], result[face]), weight), landmarks=float(100 * moved / self._eye),
        )

    def _landmarks(self, picture: Rgb) -> NDArray[np.float64]:
        """P x 2, always from one and the same region, so that a picture moves nothing against itself."""
        return self._mesh.landmarks(picture, self._region, irises=False)[0][:468, :2].astype(np.float64)


def rank(result: NDArray[np.float32], known: Mapping[str, NDArray[np.float32]], wanted: str) -> int:
    """Which place `wanted` takes among the `known` embeddings (name to 128 numbers) by nearness to `result`'s; 1 is
    the nearest.
    """
    near = sorted(known, key=lambda name: distance(result, known[name]))
    return near.index(wanted) + 1


def _hull(shape: tuple[int, ...], *points: NDArray[np.float64]) -> Plane:
    mask = np.zeros(shape, np.uint8)
    for each in points:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(each).astype(np.int32)), 1)
    return mask.astype(np.float32)


def _box(mask: Plane) -> tuple[slice, slice]:
    rows, columns = np.nonzero(mask.max(axis=1) > 0.5)[0], np.nonzero(mask.max(axis=0) > 0.5)[0]
    if not len(rows):
        raise ValueError("nothing of the face is seen")
    return (slice(max(rows[0] - _MARGIN, 0), rows[-1] + _MARGIN + 1),
            slice(max(columns[0] - _MARGIN, 0), columns[-1] + _MARGIN + 1))


def _mean(plane: Plane, weight: Plane) -> float:
    return float((plane * weight).sum() / max(float(weight.sum()), 1e-9))
