"""A head in its wide crop: what the parsing network found there, what follows from that, how long it holds.

Legend: S side of the head crop, see `head_side`.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine.marks import Marks
from playingage.faces import HEAD_EYES
from playingage.frames.pixels import Image, Plane
from playingage.models import MASKS, HeadParser

SIDE = 256
"""Side of the head crop beside a large network, 6.4 eye distances."""
Values = NDArray[np.float32]
"""N or 3 x N, one for each place."""
Places = NDArray[np.intp]
Box = tuple[slice, slice]
NONE = 1 / 512
"""Up to this a mask counts as nothing."""
_LEAST = {"hair": 0.12, "beard": 0.06, "brows": 0.02}
"""Area in square eye distances below which a mask counts as empty."""
_GIST, _MOVED, _MOVED_THERE = 32, 0.006, 0.035
"""Side of the picture by which it is seen that something moved, and the differences (0..1) that say so: on average, and
of one place with its neighbours."""
_FAINT, _COVER, _ROOM = 0.04, 128, 6


def head_side(size: int) -> int:
    """Side of the head crop beside a face's crop of `size`: the parser's own where that is small too."""
    return HeadParser.size if size <= 256 else SIDE


class HeadMasks:
    """What was found of a head, and what follows from that alone, each worked out when it is first asked for.

    planes: 6 x S x S in the order of `MASKS`, 0..1. marks: those of the face's skin, which the engine leaves here.
    Belongs to one thread at a time.
    """

    def __init__(self, planes: NDArray[np.float32]) -> None:
        self.planes = planes
        self.marks: Marks | None = None
        self._strands: dict[str, Strands | None] = {}

    @property
    def side(self) -> int:
        """S."""
        return int(self.planes.shape[-1])

    def plane(self, name: str) -> Plane:
        """One mask, S x S."""
        return np.asarray(self.planes[MASKS.index(name)])

    @cached_property
    def bare(self) -> Plane:
        """Where nothing lies over the skin, S x S, 0..1: no thing in front, and no hair."""
        return 1 - np.maximum(ramp(self.plane("front"), 0.25, 0.75), ramp(self.plane("hair"), 0.3, 0.9))

    @cached_property
    def free(self) -> Plane:
        """Where nothing is in front, S x S, 0..1."""
        return 1 - ramp(self.plane("front"), 0.2, 0.7)

    @cached_property
    def skin(self) -> tuple[Places, Values]:
        """Where the face's skin is, and how much each place counts."""
        face = self.plane("face").ravel()
        at = np.flatnonzero(face > NONE)
        return at, face[at] ** 2

    def strands(self, name: str) -> "Strands | None":
        """Where hair of this kind is; None where there is hardly any."""
        if name not in self._strands:
            self._strands[name] = Strands.of(self, name)
        return self._strands[name]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strands:
    """Where one kind of hair is. at: N places in the crop, each with its mask, 0..1.

    rim: which of the N are not well inside; outer: how far they are not, 0..1. box: rows and columns that hold them,
    with room for what is blurred. inside: the places within the box. weight: how much each counts for means, 1 all
    together. there: 0 where there is hardly any hair, 1 where there is some.
    """

    at: Places
    mask: Values
    rim: Places
    outer: Values
    weight: Values
    box: Box
    inside: Places
    there: float

    @classmethod
    def of(cls, masks: HeadMasks, name: str) -> "Strands | None":
        """Of one kind of hair; None where there is hardly any: a bald head stays bald."""
        mask = masks.plane(name) * masks.free
        if name == "beard":  # a shaved chin is half believed to be one
            mask = ramp(mask, 0.25, 0.85)
        there = step(float(mask.sum()) / eye(masks.side) ** 2, _LEAST[name], 3 * _LEAST[name])
        if there <= 0:
            return None
        some = mask > NONE
        x, y, width, height = cv2.boundingRect(some.view(np.uint8))
        box = _roomy(y, y + height, masks.side), _roomy(x, x + width, masks.side)
        at, inside = np.flatnonzero(some), np.flatnonzero(some[box])
        core = blur(mask[box], 2.0 * masks.side / SIDE).ravel()[inside]
        outer = 1 - ramp(core, 0.75, 0.97)
        rim = np.flatnonzero(outer)
        mask = mask.ravel()[at]
        weight = mask * mask
        return cls(
            at=at, mask=mask, rim=rim, outer=outer[rim], weight=weight / (weight.sum() + np.float32(1e-6)), box=box,
            inside=inside, there=there,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A parsed head. crop: S x S x 3, display-encoded 0..1."""

    crop: Image
    masks: HeadMasks


@dataclass(slots=True, eq=False)
class HeldMasks:
    """The masks of one face's head, which go along with it for a few frames as long as nothing moves within the crop.

    most: how many further frames they serve at most. sooner: by how many fewer at first and after a movement, counted
    round, so that the faces of a picture are not all parsed in the same frames. Belongs to one thread at a time.
    """

    most: int = 3
    sooner: int = 0
    masks: HeadMasks | None = None
    left: int = 0
    seen: Plane | None = None

    def serve(self, crop: Image) -> HeadMasks | None:
        """The masks, if they still hold for this head crop of S x S x 3; else `keep` is to be told new ones."""
        small = _gist(crop)
        moved = self.seen is None or _moved(small, self.seen)
        if self.masks is None or moved or self.left < 1:
            self.left = self.most - (self.sooner % (self.most + 1) if moved else 0)
            self.masks, self.seen = None, small
        else:
            self.left -= 1
        return self.masks

    def keep(self, masks: HeadMasks) -> None:
        """These were found now."""
        self.masks = masks


def _gist(crop: Image) -> Plane:
    green = np.ascontiguousarray(crop[:, ::2, 1])
    return np.asarray(cv2.resize(green, (_GIST, _GIST), interpolation=cv2.INTER_AREA), np.float32)


def _moved(small: Plane, seen: Plane) -> bool:
    """Whether two gists differ on the whole, as when a head turns, or in some place, as when a hand comes in."""
    off = cv2.absdiff(small, seen)
    return cv2.mean(off)[0] >= _MOVED or float(cv2.blur(off, (3, 3)).max()) >= _MOVED_THERE


def parse_head(parser: HeadParser, crop: Image, held: HeldMasks | None = None) -> Head:
    """Parse a head crop of S x S x 3, unless what is `held` of it still serves."""
    known = None if held is None else held.serve(crop)
    if known is not None:
        return Head(crop=crop, masks=known)
    side, own = crop.shape[0], (parser.size, parser.size)
    small = crop if side == parser.size else cv2.resize(crop, own, interpolation=cv2.INTER_LINEAR)
    planes = np.empty((len(MASKS), side, side), np.float32)
    for plane, found in zip(planes, parser(np.asarray(small, np.float32)), strict=True):
        cv2.resize(found, (side, side), dst=plane, interpolation=cv2.INTER_LINEAR)
        np.maximum(np.subtract(plane, _FAINT, out=plane), 0, out=plane)
        np.multiply(plane, _sure(side), out=plane)
    masks = HeadMasks(planes)
    if held is not None:
        held.keep(masks)
    return Head(crop=crop, masks=masks)


def uncovered(head: Head, head_transform: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """How much of the face is bare, `size` x `size`, 0..1: less where a thing is in front or hair falls over it.

    The transforms (2 x 3) lead from the frame to the head crop and to the face's crop.
    """
    to_head = head_transform.astype(np.float64)
    through = to_head[:, :2] @ cv2.invertAffineTransform(transform.astype(np.float64))
    through[:, 2] += to_head[:, 2]
    factor = size / _COVER
    through[:, 2] += through[:, :2].sum(axis=1) * ((factor - 1) / 2)
    through[:, :2] *= factor
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(head.masks.bare, through, (_COVER, _COVER), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(moved, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def blur(plane: Plane, sigma: float) -> Plane:
    """By a Gaussian of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _roomy(low: int, high: int, side: int) -> slice:
    """With room on both sides for what is blurred, from even to even."""
    return slice(max(0, low - _ROOM) & -2, min(side, high + _ROOM + 1) & -2)


def ramp(value: NDArray[np.float32], zero: float, one: float) -> NDArray[np.float32]:
    """0 up to `zero`, 1 from `one` on, smooth between."""
    t = value - np.float32(zero)
    t *= np.float32(1 / (one - zero))
    np.clip(t, 0, 1, out=t)
    left = t * np.float32(-2)
    left += 3
    left *= t
    left *= t
    return left


def step(value: float, zero: float, one: float) -> float:
    """`ramp` of one number."""
    t = min(max((value - zero) / (one - zero), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def eye(side: int) -> float:
    """Pixels of an eye distance."""
    return side / HEAD_EYES


def places(side: int) -> tuple[Plane, Plane]:
    """Of every pixel its place in eye distances from the eyes' middle, x and y downward."""
    axis = (np.arange(side, dtype=np.float32) + 0.5) / eye(side)
    x, y = np.meshgrid(axis - HEAD_EYES * 0.5, axis - HEAD_EYES * 0.42)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


@cache
def _sure(side: int) -> Plane:
    """Over 1 - `_FAINT` where this head's hair can be, softly 0 at the border and where a neighbour's would be."""
    x, y = places(side)
    edge = np.minimum.reduce([x + HEAD_EYES / 2, HEAD_EYES / 2 - x, y + 0.42 * HEAD_EYES, 0.58 * HEAD_EYES - y])
    beside = 1 - ramp(np.abs(x), 2.2, 2.8)
    return np.asarray(ramp(edge, 0.0, 0.5) * beside / np.float32(1 - _FAINT), np.float32)
