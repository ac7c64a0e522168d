"""Black bars about a picture (letterbox, pillarbox): they are no part of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playingage.archive.quality import luma

_BLACK, _FLAT, _SEEN = 0.075, 0.02, 0.12
_MOST = 0.4


@dataclass(frozen=True, slots=True)
class Bars:
    """Lines and columns of black at the borders, in pixels."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __bool__(self) -> bool:
        return any((self.left, self.top, self.right, self.bottom))

    def least(self, other: "Bars | None") -> "Bars":
        """What is black in both pictures."""
        if other is None:
            return self
        return Bars(
            min(self.left, other.left), min(self.top, other.top), min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def __str__(self) -> str:
        parts = []
        if self.top or self.bottom:
            parts.append(f"letterbox of {self.top} and {self.bottom} lines")
        if self.left or self.right:
            parts.append(f"pillarbox of {self.left} and {self.right} columns")
        return ", ".join(parts) or "no bars"


def bars_of(view: NDArray[np.uint8]) -> Bars | None:
    """The bars of a picture (uint8 H x W x 3 RGB); None for one too dark to tell."""
    step = max(1, min(view.shape[:2]) // 270)
    if np.percentile(luma(view[::step, ::step]), 98) < _SEEN:
        return None
    coarse, columns = luma(view[:, ::step]), luma(view[::step])
    top, bottom = _border(coarse)
    left, right = _border(columns.T)
    return Bars(left, top, right, bottom)


def _border(lines: NDArray[np.float32]) -> tuple[int, int]:
    """Black lines before and after; none where they would leave hardly anything, or are few."""
    black = (lines.max(axis=1) < _BLACK) & (lines.std(axis=1) < _FLAT)
    count = len(black)
    if black.all():
        return 0, 0
    first, last = int(np.argmin(black)), int(np.argmin(black[::-1]))
    most = int(_MOST * count)
    return (first if 2 < first <= most else 0), (last if 2 < last <= most else 0)
