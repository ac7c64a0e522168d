"""Bringing a change found in the canonical crop back into the frame."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces import box_in_frame, scale_of
from playingage.frames import DISPLAY_ENCODED, from_view, to_view
from playingage.frames.pixels import Image, Picture, Plane, full_scale

_FAINT = 1 / 1024
"""Up to this a crop's matte is taken as 0, so that the region touched has an end."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Change and matte in the frame's own geometry, for rows `top:top+h` and columns `left:left+w`.

    values: h x w x 4. The first three are the change, already multiplied by the matte, to be added in the
    display-encoded view; the last is the matte, 0..1. Where the matte is 0, so is the change.
    """

    left: int
    top: int
    values: NDArray[np.float32]

    def of(self, whole: NDArray[Any]) -> NDArray[Any]:
        """The rows and columns of a frame or its matte that this patch is for."""
        height, width = self.values.shape[:2]
        return whole[self.top : self.top + height, self.left : self.left + width]


def to_frame(
    delta: Image, matte: Plane, transform: NDArray[np.float32], height: int, width: int, at: tuple[int, int] = (0, 0)
) -> Patch | None:
    """Warp a crop's change (S x S x 3) and matte back; None where the frame does not meet the matte.

    matte: S x S, or that part of it, from the row and column `at` on, outside of which it is 0. A crop finer than the
    frame is reduced by area first, so that fine change neither aliases nor flickers.
    """
    x, y, columns, rows = cv2.boundingRect((matte > _FAINT).view(np.uint8))
    if not columns:
        return None
    matte = matte[y : y + rows, x : x + columns]
    x, y = x + at[1], y + at[0]
    box = slice(y, y + rows), slice(x, x + columns)
    left, top, right, bottom = box_in_frame(transform, (x - 1, y - 1, x + columns, y + rows))
    left, top, right, bottom = max(left, 0), max(top, 0), min(right + 1, width), min(bottom + 1, height)
    if right <= left or bottom <= top:
        return None
    local = transform.astype(np.float64)
    scale = scale_of(transform)
    weight = cv2.threshold(matte, _FAINT, 0, cv2.THRESH_TOZERO)[1]
    stack = np.asarray(cv2.merge([*np.multiply(delta[box].transpose(2, 0, 1), weight, order="C"), weight]), np.float32)
    if scale > 1.25:
        size = delta.shape[0]
        small = max(1, round(size / scale))
        factor = size / small
        whole = np.zeros((size, size, 4), np.float32)
        whole[box] = stack
        stack = np.asarray(cv2.resize(whole, (small, small), interpolation=cv2.INTER_AREA), np.float32)
        local[:, :2] /= factor
        local[:, 2] = (local[:, 2] + 0.5) / factor - 0.5
    else:
        local[:, 2] -= x, y
    local[:, 2] += local[:, :2] @ (left, top)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(stack, local, (right - left, bottom - top), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return Patch(left, top, np.asarray(warped, np.float32))


def add_patch(pixels: Picture, patch: Patch, transfer: str) -> None:
    """Add a patch to a frame's pixels in place. Where its matte is 0 not a bit changes; depth and dtype stay."""
    region = patch.of(pixels)
    scale = full_scale(pixels.dtype)
    if transfer in DISPLAY_ENCODED and np.issubdtype(pixels.dtype, np.integer):
        # The common case: saturated, and rounded to nearest, which leaves alone what changes by 0. The fourth channel
        # goes along for nothing, for that is faster than taking it out of the floats.
        four = cv2.cvtColor(region, cv2.COLOR_RGB2RGBA)
        depth = cv2.CV_8U if pixels.dtype == np.uint8 else cv2.CV_16U
        cv2.addWeighted(four, 1, patch.values, scale, 0, dst=four, dtype=depth)
        cv2.cvtColor(four, cv2.COLOR_RGBA2RGB, dst=region)
        return
    before = region.astype(np.float32) / np.float32(scale)
    after = from_view(to_view(before, transfer) + patch.values[..., :3], transfer) * np.float32(scale)
    if np.issubdtype(pixels.dtype, np.integer):
        after = np.clip(np.rint(after), 0, scale)
    np.copyto(region, after.astype(pixels.dtype), where=patch.values[..., 3:] > 0)


def merge_matte(whole: Plane, patch: Patch) -> None:
    """Lay a patch's matte into the frame's (H x W) in place; where two faces meet the larger holds."""
    region = patch.of(whole)
    cv2.max(region, cv2.extractChannel(patch.values, 3), dst=region)
