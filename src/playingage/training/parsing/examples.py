"""A head with its masks, as the parsing network learns it, and its place on disk.

Legend: W = 240 side of an example, which holds the head crop of the network (192) with room to turn and shift.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.faces.align import head_transform
from playingage.models.parsing import MASKS, SIDE

WIDE = 240
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """`rgb` W x W x 3 display-encoded; `masks` W x W x 6 in the order of `MASKS`, 255 for one; `known` W x W, 255 where
    the masks count; `cover` W x W, 255 on the person, 0 on what is behind. All uint8.
    """

    name: str
    kind: str
    rgb: U8
    masks: U8
    known: U8
    cover: U8


def example_transform(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frame pixels to pixels of an example, 2 x 3: the head crop with a margin."""
    transform = head_transform(landmarks, SIDE).copy()
    transform[:, 2] += (WIDE - SIDE) / 2
    return transform


def to_example(plane: NDArray[np.uint8], transform: NDArray[np.float32], *, outside: int | None = None) -> U8:
    """A picture or mask of the frame in an example's geometry; `outside` None repeats the border."""
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    local = transform.astype(np.float64).copy()
    if scale < 0.7:  # reduce by area first
        small = cv2.resize(plane, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        fx, fy = small.shape[1] / plane.shape[1], small.shape[0] / plane.shape[0]
        local[:, 2] += local[:, :2] @ (0.5 / fx - 0.5, 0.5 / fy - 0.5)
        local[:, :2] @= np.diag((1 / fx, 1 / fy))
        plane = np.asarray(small, np.uint8)
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR
    moved = cv2.warpAffine(plane, local, (WIDE, WIDE), flags=flags, borderMode=border, borderValue=(outside or 0,) * 4)
    return np.asarray(moved, np.uint8)


def store(path: Path, examples: list[Example]) -> None:
    """Write examples (.npz) under a temporary name, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part.npz")
    shapes = {"rgb": (WIDE, WIDE, 3), "masks": (WIDE, WIDE, len(MASKS)), "known": (WIDE, WIDE), "cover": (WIDE, WIDE)}
    planes = {k: np.array([getattr(e, k) for e in examples], np.uint8).reshape(-1, *s) for k, s in shapes.items()}
    words = {k: np.array([getattr(e, k) for e in examples], np.str_) for k in ("name", "kind")}
    np.savez_compressed(partial, allow_pickle=False, **words, **planes)
    partial.replace(path)


def stored(path: Path) -> list[Example]:
    """Examples that were written before."""
    with np.load(path) as file:
        s = {key: file[key] for key in file.files}
    return [
        Example(name=str(s["name"][i]), kind=str(s["kind"][i]), rgb=s["rgb"][i], masks=s["masks"][i],
                known=s["known"][i], cover=s["cover"][i])
        for i in range(len(s["name"]))
    ]
