"""Bringing a change found in the canonical crop back into the frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import scale_of
from playingage.frames import DISPLAY_ENCODED, from_view, to_view
from playingage.frames.pixels import Image, Picture, Plane, full_scale

_FAINT = 1 / 1024
"""Below this the matte is taken as 0, so that the region touched has an end."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Change and matte in the frame's own geometry, for rows `top:top+h` and columns `left:left+w`.

    change: h x w x 3, already multiplied by the matte, to be added in the display-encoded view. matte: h x w, 0..1.
    """

    left: int
    top: int
    change: Image
    matte: Plane


def to_frame(
    delta: Image, matte: Plane, transform: NDArray[np.float32], height: int, width: int
) -> Patch | None:
    """Warp a crop's change (S x S x 3) and matte (S x S) back; None where the frame does not meet the matte.

    A crop finer than the frame is reduced by area first, so that fine change neither aliases nor flickers.
    """
    rows, columns = np.flatnonzero(matte.max(axis=1) > _FAINT), np.flatnonzero(matte.max(axis=0) > _FAINT)
    if not rows.size:
        return None
    inverse = cv2.invertAffineTransform(transform.astype(np.float64))
    x0, x1, y0, y1 = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
    corners = np.array([[x0, y0, 1], [x1, y0, 1], [x0, y1, 1], [x1, y1, 1]], np.float64) @ inverse.T
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width, height])
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, [width, height])
    if right <= left or bottom <= top:
        return None
    stack = np.asarray(cv2.merge([cv2.multiply(delta, cv2.merge([matte] * 3)), matte]), np.float32)
    local = transform.astype(np.float64).copy()
    scale = scale_of(transform)
    size = matte.shape[0]
    if scale > 1.25:
        small = max(1, round(size / scale))
        factor = size / small
        stack = np.asarray(cv2.resize(stack, (small, small), interpolation=cv2.INTER_AREA), np.float32)
        local[:, :2] /= factor
        local[:, 2] = (local[:, 2] + 0.5) / factor - 0.5
    local[:, 2] += local[:, :2] @ (left, top)
    extent = int(right - left), int(bottom - top)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = np.asarray(
        cv2.warpAffine(stack, local, extent, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )
    back = np.asarray(cv2.threshold(cv2.extractChannel(warped, 3), _FAINT, 0, cv2.THRESH_TOZERO)[1], np.float32)
    return Patch(int(left), int(top), np.asarray(cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), np.float32), back)


def add_patch(pixels: Picture, patch: Patch, transfer: str) -> None:
    """Add a patch to a frame's pixels in place. Where its matte is 0 not a bit changes; depth and dtype stay."""
    height, width = patch.matte.shape
    region = pixels[patch.top : patch.top + height, patch.left : patch.left + width]
    inside = patch.matte > 0
    scale = full_scale(pixels.dtype)
    if transfer in DISPLAY_ENCODED and np.issubdtype(pixels.dtype, np.integer):
        # The common case in one pass: saturated, rounded to nearest, written inside the matte only.
        depth = cv2.CV_8U if pixels.dtype == np.uint8 else cv2.CV_16U
        cv2.add(region, patch.change * np.float32(scale), dst=region, mask=inside.view(np.uint8), dtype=depth)
        return
    before = region.astype(np.float32) / np.float32(scale)
    after = from_view(to_view(before, transfer) + patch.change, transfer) * np.float32(scale)
    if np.issubdtype(pixels.dtype, np.integer):
        after = np.clip(np.rint(after), 0, scale)
    np.copyto(region, after.astype(pixels.dtype), where=inside[..., None])


def merge_matte(whole: Plane, patch: Patch) -> None:
    """Lay a patch's matte into the frame's (H x W) in place; where two faces meet the larger holds."""
    height, width = patch.matte.shape
    region = whole[patch.top : patch.top + height, patch.left : patch.left + width]
    np.maximum(region, patch.matte, out=region)
