"""Light, sharpness, grain and combing of a face, from the pixels around it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import face_region, template_transform, warp_crop

F32 = NDArray[np.float32]
_SIDE = 96
_HASH = 32
_FINE = 128.0
"""Sharpness is looked at in pictures of at most so many pixels from eye to eye: what the native crop shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Of the skin, see `FaceRow`: light, light_side, light_top, contrast."""

    level: float
    side: float
    top: float
    contrast: float


def luma(pixels: NDArray[np.uint8] | F32) -> F32:
    """Rec.709 luma of RGB, 0..1 (H x W)."""
    weights = np.array([[0.2126, 0.7152, 0.0722]], np.float32) / (255 if pixels.dtype == np.uint8 else 1)
    return np.asarray(cv2.transform(pixels.astype(np.float32), weights), np.float32).reshape(pixels.shape[:2])


def canonical(pixels: NDArray[np.uint8], landmarks: F32, size: int = _SIDE) -> tuple[F32, F32]:
    """Luma 0..1 of the aligned crop of `size` pixels, and where in it the face is (0..1)."""
    transform = template_transform(landmarks, size)
    return luma(warp_crop(pixels, transform, size) / np.float32(255)), face_region(landmarks, transform, size)


def light_of(crop: F32, region: F32) -> Light:
    """Level and direction of light from the shading of the skin: a plane through its smoothed luma."""
    smooth = cv2.GaussianBlur(crop, (0, 0), _SIDE / 20)
    skin = region > 0.5
    values = smooth[skin].astype(np.float64)
    if values.size < 50:
        return Light(level=float(crop.mean()), side=0.0, top=0.0, contrast=0.0)
    y, x = np.nonzero(skin)
    # Dark places are beard, brows and nostrils, not shade.
    bright = values >= np.percentile(values, 15)
    across, down = (x - x.mean()) / (_SIDE / 4), (y - y.mean()) / (_SIDE / 4)
    plane = np.column_stack([np.ones(values.size), across, down])[bright]
    (level, side, drop), *_ = np.linalg.lstsq(plane, values[bright], rcond=None)
    level = max(float(level), 0.02)
    return Light(
        level=float(np.clip(values.mean(), 0, 1)), side=float(np.clip(2.5 * side / level, -1, 1)),
        top=float(np.clip(-2.5 * drop / level, -1, 1)), contrast=float(np.clip(values.std(), 0, 1)),
    )


def sharpness_of(plane: F32, face: NDArray[np.bool_], noise: float) -> float:
    """0..1: how much of its contrast from pixel to pixel a face has left, against that over three pixels.

    plane: luma in the frame's own pixels, or reduced by area (never warped: that would blur it). face: where to look.
    """
    if face.sum() < 50:
        return 0.0

    def energy(step: int) -> float:
        across, down = plane[:, step:] - plane[:, :-step], plane[step:] - plane[:-step]
        a, d = across[face[:, step:]], down[face[step:]]
        both = float(np.mean(a * a) + np.mean(d * d)) - 4 * noise * noise
        return max(both, 1e-8)

    ratio = np.sqrt(energy(1) / energy(3))  # a third where all is smooth, 0.58 where all are edges
    return float(np.clip((ratio - 0.33) / 0.22, 0, 1))


def noise_of(plane: F32, face: NDArray[np.bool_]) -> float:
    """Standard deviation of the grain of a face, 0..1 (Immerkaer 1996, by the median: edges do not count)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answer = np.abs(cv2.filter2D(plane, cv2.CV_32F, kernel))[face]
    return float(1.4826 * np.median(answer) / 6) if answer.size > 20 else 0.0


def detail_of(plane: F32, landmarks: F32, eye: float) -> tuple[float, float]:
    """Sharpness and noise of a face (luma H x W in the frame's own pixels). Large faces are reduced for sharpness."""
    noise = noise_of(plane, inside_of(landmarks, plane.shape))
    scale = min(1.0, _FINE / max(eye, 1.0))
    if scale < 1:
        plane = np.asarray(cv2.resize(plane, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    return sharpness_of(plane, inside_of(landmarks * scale, plane.shape), noise * scale), noise


def inside_of(landmarks: F32, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where a face is in a picture of `shape`: the hull of its landmarks."""
    hull = cv2.convexHull(np.round(landmarks[:468, :2]).astype(np.int32))
    return np.asarray(cv2.fillConvexPoly(np.zeros(shape[:2], np.uint8), hull, 1), np.bool_)


def is_combed(plane: F32) -> bool:
    """Whether lines of two moments take turns in a picture (luma H x W in the frame's own lines)."""
    if plane.shape[0] < 8:
        return False
    above, here, below = plane[:-2], plane[1:-1], plane[2:]
    # In a comb a line differs from both neighbours the same way, and they agree.
    comb = np.minimum((here - above) * (here - below), 1.0)
    combed = (comb > 0.0015) & (np.abs(above - below) < 0.5 * np.abs(here - above))
    # A still picture's texture does so in some places; a comb does it line after line.
    both = combed[1:] & combed[:-1]
    return bool(both.mean() > 0.012)


def hash_of(crop: F32) -> int:
    """64-bit perceptual hash of an aligned crop: signs of the low frequencies of its cosine transform."""
    inner = crop[_SIDE // 6 : -_SIDE // 6, _SIDE // 6 : -_SIDE // 6]
    small = cv2.resize(inner, (_HASH, _HASH), interpolation=cv2.INTER_AREA)
    low = np.asarray(cv2.dct(small), np.float32)[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
