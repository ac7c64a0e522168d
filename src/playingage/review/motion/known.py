"""Motion that is known exactly, of pictures that were moved on purpose."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.core import UnreadableError
from playingage.review.motion.flow import Places, carried, own_places

_ROUNDS = 12
"""Steps of the inversion; the motions at hand shrink the error at least threefold each time."""


class KnownMotion:
    """Where each pixel of each frame lies in one picture that never moves.

    `grids`: T x h x w x 2 float32 places (x, y) at every `step` pixels of a frame of `size` (height, width), straight
    between.
    """

    def __init__(self, grids: NDArray[np.float32], step: int, size: tuple[int, int]) -> None:
        height, width = size
        if grids.ndim != 4 or grids.shape[3] != 2 or step < 1 or not np.isfinite(grids).all():
            raise ValueError(f"a motion wants T x h x w x 2 places at every step, not {grids.shape} at {step}")
        if (grids.shape[1] - 1) * step < height - 1 or (grids.shape[2] - 1) * step < width - 1:
            raise ValueError(f"a grid of {grids.shape[1]} x {grids.shape[2]} does not cover {height} x {width}")
        self._grids, self._step, self._size = grids.astype(np.float32), step, size

    @classmethod
    def load(cls, path: Path, size: tuple[int, int]) -> "KnownMotion":
        """Read an .npz with `places` and `step`. Raises UnreadableError."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(np.asarray(stored["places"], np.float32), int(stored["step"]), size)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            hint = "Make it with recipes/held_out_clips.py."
            raise UnreadableError(f"{path}: holds no motion of these frames: {error}", hint) from error

    def __len__(self) -> int:
        return len(self._grids)

    def still(self, number: int) -> Places:
        """H x W x 2: where each pixel of a frame lies in the picture that never moves."""
        stretch = np.array([[self._step, 0, 0], [0, self._step, 0]], np.float64)
        height, width = self._size
        return np.asarray(
            cv2.warpAffine(self._grids[number], stretch, (width, height), borderMode=cv2.BORDER_REPLICATE), np.float32
        )

    def moved(self, number: int, places: Places) -> Places:
        """Where `places` of the picture that never moves lie in a frame: the inverse of `still`, by fixed point."""
        offset = self.still(number) - own_places(*self._size)
        found = places.copy()
        for _ in range(_ROUNDS):
            found = places - carried(offset, found)
        return found

    def between(self, now: int, before: int) -> Places:
        """Where in frame `before` each pixel of frame `now` lies."""
        return self.moved(before, self.still(now))
