"""Octaves of a picture: differences of Gaussians that add up to the picture again."""

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.training.arrays import f32

Plane = NDArray[np.float32]
SIGMAS = (0.9, 1.8, 3.6, 7.2)
"""Standard deviations, in pixels at 64 pixels an eye distance: band k lies between SIGMAS[k-1] and SIGMAS[k]."""
_FLOOR = 12.0


def blur(picture: Plane, sigma: float) -> Plane:
    """Gaussian blur, the border repeated."""
    return f32(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def to_work(rgb: NDArray[np.uint8]) -> Plane:
    """Display-encoded RGB to H x W x 3 float32: log lightness (100 log(L + 12)), Lab a, Lab b."""
    lab = f32(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
    lab[..., 0] = 100 * np.log(lab[..., 0] + _FLOOR)
    return lab


def from_work(work: Plane) -> Plane:
    """The inverse of `to_work`: display-encoded RGB float32 0..1, clipped."""
    lab = work.copy()
    lab[..., 0] = np.clip(np.exp(lab[..., 0] / 100) - _FLOOR, 0, 100)
    return f32(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1))


def split(plane: Plane) -> tuple[list[Plane], Plane]:
    """(bands from fine to coarse, the rest), which sum to `plane`."""
    bands, rest = [], plane
    for sigma in SIGMAS:
        low = blur(plane, sigma)
        bands.append(rest - low)
        rest = low
    return bands, rest


def energy(band: Plane) -> Plane:
    """Log of the band's local mean square (natural log, units of the band squared), over half a nose's width."""
    return f32(np.log(blur(band * band, 7.0) + 0.05))
