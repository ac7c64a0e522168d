"""Hair, beard and brows that turn grey with the years, or get colour back; and what lies over a face.

The parsing network tells what is hair. A share of it, after how many people's hair is grey at an age, goes over to the
colour that grey strands have in the light of this picture; each place keeps its own shading. All that decides is a
smooth mean over masks and nothing is remembered, so that nothing flickers. Legend: S = 256 side of the head crop.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine.look import Look
from playingage.faces import HEAD_EYES
from playingage.frames.pixels import Image, Plane
from playingage.models import MASKS, HeadParser

SIDE = 256
"""Side of the head crop in which the colour is worked out, 6.4 eye distances."""
Age = float | Plane
_EYE = SIDE / HEAD_EYES
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_HALF_GREY, _SPREAD = 56.0, 8.0
"""Age in years at which half of a head's hair is grey, and how fast that goes (logistic), as measured on portraits."""
_BEARD_AHEAD = 4.0
"""Years that beards are grey before the hair."""
_BROWS = 0.5
"""Brows turn this much as far as the beard."""
_GREY_LOW, _GREY_SLOPE = 0.16, 0.68
"""Luma of grey hair against the skin's, as a line."""
_SKIN = np.array([1.25, 0.94, 0.83], np.float32)
"""Mean colour of skin over its luma in neutral light."""
_GREY = np.array([1.015, 1.0, 0.965], np.float32)
"""Colour of grey hair over its luma."""
_BROWN = np.array([1.16, 0.96, 0.88], np.float32)
_DARK = 0.30
"""Luma of hair that gets its colour back, against the skin's."""
_BACK = 0.8
"""At most this much of the grey gets colour back: what was its own is not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A parsed head. crop: S x S x 3, display-encoded 0..1. masks: 6 x S x S in the order of `MASKS`, 0..1."""

    crop: Image
    masks: NDArray[np.float32]

    def mask(self, name: str) -> Plane:
        """One mask, S x S."""
        return np.asarray(self.masks[MASKS.index(name)])


@dataclass(slots=True, eq=False)
class HeldMasks:
    """The masks of one face's head, which go along with it for a frame or two as long as nothing moves within the crop.

    most: how many further frames they serve at most. sooner: by how many fewer at first, so that the faces of a picture
    are not all parsed in the same frames. Belongs to one thread at a time.
    """

    most: int = 1
    sooner: int = 0
    masks: NDArray[np.float32] | None = None
    left: int = 0
    seen: Plane | None = None

    def serve(self, crop: Image) -> NDArray[np.float32] | None:
        """The masks, if they still hold for this head crop of S x S x 3."""
        small = _gist(crop)
        fits = self.seen is not None and float(cv2.norm(small, self.seen, cv2.NORM_L1)) < _MOVED * small.size
        if self.masks is None or self.left < 1 or not fits:
            self.seen = small
            return None
        self.left -= 1
        return self.masks

    def keep(self, masks: NDArray[np.float32]) -> None:
        """These were found now."""
        self.masks, self.left, self.sooner = masks, self.most - self.sooner, 0


def _gist(crop: Image) -> Plane:
    green = np.ascontiguousarray(crop[::2, ::2, 1])
    return np.asarray(cv2.resize(green, (_GIST, _GIST), interpolation=cv2.INTER_AREA), np.float32)


def parse_head(parser: HeadParser, crop: Image, held: HeldMasks | None = None) -> Head:
    """Parse a head crop of S x S x 3, unless what is `held` of it still serves."""
    known = None if held is None else held.serve(crop)
    if known is not None:
        return Head(crop=crop, masks=known)
    small = np.asarray(cv2.resize(crop, (parser.size, parser.size), interpolation=cv2.INTER_LINEAR), np.float32)
    masks = np.empty((len(MASKS), SIDE, SIDE), np.float32)
    for k, found in enumerate(parser(small)):
        cv2.resize(found, (SIDE, SIDE), dst=masks[k], interpolation=cv2.INTER_LINEAR)
    masks -= _FAINT
    np.maximum(masks, 0, out=masks)
    masks *= _SURE
    if held is not None:
        held.keep(masks)
    return Head(crop=crop, masks=masks)


def uncovered(head: Head, head_transform: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """How much of the face is bare, `size` x `size`, 0..1: less where a thing is in front or hair falls over it.

    The transforms (2 x 3) lead from the frame to the head crop and to the face's crop.
    """
    over = np.maximum(_ramp(head.mask("front"), 0.25, 0.75), _ramp(head.mask("hair"), 0.3, 0.9))
    from_face = cv2.invertAffineTransform(transform.astype(np.float64))
    through = head_transform.astype(np.float64) @ np.vstack([from_face, [0, 0, 1]])
    through = through @ _scaled(size / _COVER)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(over, through, (_COVER, _COVER), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return 1 - np.asarray(cv2.resize(moved, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _scaled(factor: float) -> NDArray[np.float64]:
    """3 x 3: pixels of a small square to those of one `factor` times as large."""
    shift = (factor - 1) / 2
    return np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]], np.float64)


def grey_share(age: Age, ahead: float = 0.0) -> Age:
    """Share of the hair that is grey at an age in years, 0..1."""
    share = 1 / (1 + np.exp((_HALF_GREY - ahead - np.asarray(age, np.float32)) / _SPREAD))
    return np.asarray(share, np.float32) if isinstance(age, np.ndarray) else float(share)


def regrey(head: Head, source: Age, target: Age, look: Look) -> tuple[Image, Plane] | None:
    """Change (S x S x 3, display-encoded) and matte (S x S, 0..1) of hair, beard and brows; None where there is none.

    Ages are in years, numbers or S x S. The matte is the hair itself, without what is in front of it.
    """
    skin = _Skin.of(head)
    free = 1 - _ramp(head.mask("front"), 0.2, 0.7)
    luma = np.asarray(cv2.transform(head.crop, _LUMA[None]), np.float32)
    planes = [*cv2.split(head.crop), luma]
    delta = [np.zeros((SIDE, SIDE), np.float32) for _ in range(3)]
    matte = np.zeros((SIDE, SIDE), np.float32)
    parts = [("hair", look.grey_hair, 0.0, 1.0), ("beard", look.grey_beard, _BEARD_AHEAD, 1.0),
             ("brows", look.grey_beard, _BEARD_AHEAD, _BROWS)]
    for name, amount, ahead, share in parts:
        mask = head.mask(name) * free
        if name == "beard":  # a shaved chin is half believed to be one
            mask = _ramp(mask, 0.25, 0.85)
        there = _presence(mask, name)
        if amount * there <= 0:
            continue
        box = _box(mask)
        part = _Part([np.asarray(plane[box], np.float32) for plane in planes], mask[box], skin)
        more, less = _turning(_boxed(source, box), _boxed(target, box), ahead, part.greyness)
        if max(float(more.max()), float(less.max())) < _NONE:
            continue
        if name == "hair":
            more, less = (1 - (1 - turned) ** _TEMPLES[box] if turned.any() else turned for turned in (more, less))
        if name == "beard":
            there *= part.apart
        weight = mask[box] * part.likely() * np.float32(amount * share * there)
        # What lies under two masks is changed by the stronger.
        stronger = weight > matte[box]
        for whole, change in zip(delta, part.changed(more, less), strict=True):
            np.copyto(whole[box], change, where=stronger)
        np.maximum(matte[box], weight, out=matte[box])
    return (np.asarray(cv2.merge(delta), np.float32), matte) if matte.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skin:
    """The face's luma and colour, and the tint of the light that the skin tells (about 1, 1, 1)."""

    luma: float
    colour: NDArray[np.float32]
    tint: NDArray[np.float32]

    @classmethod
    def of(cls, head: Head) -> "_Skin":
        weight = head.mask("face") ** 2
        total = float(weight.sum())
        if total < 0.2 * _EYE**2:
            return cls(luma=0.5, colour=np.asarray(_SKIN / 2, np.float32), tint=np.ones(3, np.float32))
        colour = np.asarray(weight.ravel() @ head.crop.reshape(-1, 3) / total, np.float32)
        luma = max(float(colour @ _LUMA), 0.02)
        tint = np.maximum(colour / luma / _SKIN, 0.05) ** 0.25 * _GREY
        tint = np.asarray(tint / (tint @ _LUMA), np.float32)
        return cls(luma=luma, colour=colour, tint=tint)


class _Part:
    """One kind of hair, in the box that holds it; h x w. Its mean colour is what everything is measured against."""

    def __init__(self, planes: list[Plane], mask: Plane, skin: _Skin) -> None:
        """`planes` are red, green, blue and luma, display-encoded."""
        *colours, self.luma = planes
        self.mask, self.skin = mask, skin
        weight = mask * mask
        total = float(weight.sum()) + 1e-6
        self.mean = max(float(np.vdot(self.luma, weight)) / total, 0.01)
        self.chroma = [float(np.vdot(colour, weight)) / total - self.mean for colour in colours]
        # Only what hair can be: at a soft edge the ground shows through and must not be taken for bright strands.
        self.own = np.clip(self.luma, 0.4 * self.mean, 2.2 * self.mean)
        usual = [self.luma + self.own * np.float32(c / self.mean) for c in self.chroma]
        self.strange = [colour - plane for colour, plane in zip(colours, usual, strict=True)]

    @property
    def greyness(self) -> float:
        """How far this hair looks grey, 0..1: little colour under this light, and not dark."""
        colour = float(np.ptp((np.array(self.chroma) + self.mean) / self.skin.tint)) / self.mean
        return float(
            _ramp(np.float32(0.38 - colour), 0.0, 0.14) * _ramp(np.float32(self.mean / self.skin.luma), 0.3, 0.65)
        )

    @property
    def apart(self) -> float:
        """How surely this is not skin, 0..1, by its mean colour."""
        off = np.abs(np.array(self.chroma) + self.mean - self.skin.colour).max() / self.skin.luma
        return float(_ramp(np.float32(off), 0.08, 0.2))

    def likely(self) -> Plane:
        """1 inside the hair; at its edge less where lightness or colour are the ground's."""
        core = _ramp(_blur(self.mask, 2.0), 0.75, 0.97)
        bright = _ramp(self.luma, 1.5 * self.mean + 0.06, 2.2 * self.mean + 0.16)
        off = np.maximum(np.maximum(np.abs(self.strange[0]), np.abs(self.strange[1])), np.abs(self.strange[2]))
        return 1 - np.maximum(bright, _ramp(off, 0.06, 0.16)) * (1 - core)

    def changed(self, more: Plane, less: Plane) -> list[Plane]:
        """Change of red, green and blue when a share `more` turns grey and `less` gets its colour back."""
        tone = self._darkened(self._greyed(more), less)
        # Chroma goes to the light's tint or to brown, away from the hair's own. What a place has beyond that counts
        # only as far as hair of this head can have it: a coloured ground keeps its own.
        lighter, both = tone - self.own, more + less
        result = []
        for k, strange in enumerate(self.strange):
            seen = self.own * np.float32(self.chroma[k] / self.mean) + np.clip(strange, -_STRAY, _STRAY)
            aim = more * np.float32(self.skin.tint[k] - 1)
            if less.any():
                aim = aim + less * np.float32(_BROWN[k] * self.skin.tint[k] - 1)
            result.append(lighter + tone * aim - seen * both)
        return result

    def _greyed(self, more: Plane) -> Plane:
        """Luma after a share `more` of the strands turned grey; bright strands turn first."""
        skin, mean, own = self.skin.luma, self.mean, self.own
        if not more.any():
            return own
        grey = max(_GREY_LOW * min(1.0, skin / 0.3) + _GREY_SLOPE * skin, 0.95 * mean)
        # Dark hair has little light and much noise: the darker, the flatter and the smoother is what is made of it.
        nearness = min(1.0, mean / grey)
        smooth = _blur(own, 0.9)
        calm = smooth + (own - smooth) * np.float32(nearness)
        strand = (calm - _blur(calm, 3.0)) * np.float32(1 / (0.25 * mean + 0.01))
        strand /= 1 + np.abs(strand)
        share = np.clip(more + np.float32(1.4) * more * (1 - more) * strand, 0, 1)
        bent = np.asarray(cv2.pow(calm * np.float32(1 / mean), max(nearness, 0.05) ** 0.6), np.float32)
        return own + share * (bent * np.float32(grey) - calm)

    def _darkened(self, tone: Plane, less: Plane) -> Plane:
        """Luma after grey strands got a dark colour back; as a power of their own, for dark hair shines more."""
        if not less.any():
            return tone
        factor = np.float32(np.log(min(1.0, _DARK * self.skin.luma / self.mean)))
        light = np.log(np.maximum(tone, 1e-3) * np.float32(1 / self.mean))
        return np.asarray(np.exp(factor * less + light * (1 + np.float32(0.6) * less)) * np.float32(self.mean))


def _turning(source: Age, target: Age, ahead: float, greyness: float) -> tuple[Plane, Plane]:
    """Shares of the hair that turn grey, and that get their colour back, between two ages: h x w, or one number."""
    before, after = np.asarray(grey_share(source, ahead)), np.asarray(grey_share(target, ahead))
    more = np.clip((after - before) / np.maximum(1 - before, 1e-3), 0, 1)
    less = np.clip(1 - after / np.maximum(before, 1e-3), 0, 1) * (_BACK * greyness)
    return np.asarray(more, np.float32), np.asarray(less, np.float32)


def _box(mask: Plane) -> tuple[slice, slice]:
    """Rows and columns that hold a mask, with room for what is blurred."""
    x, y, width, height = cv2.boundingRect((mask > _NONE).view(np.uint8))
    return slice(max(0, y - _ROOM), y + height + _ROOM), slice(max(0, x - _ROOM), x + width + _ROOM)


def _boxed(age: Age, box: tuple[slice, slice]) -> Age:
    return age[box] if isinstance(age, np.ndarray) else age


def _presence(mask: Plane, name: str) -> float:
    """0 where there is hardly any hair, 1 where there is some: a bald head stays bald."""
    area = float(mask.sum()) / _EYE**2
    return float(_ramp(np.float32(area), _LEAST[name], 3 * _LEAST[name]))


def _blur(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


_GIST, _MOVED = 32, 0.006
"""Side of the picture by which it is seen that something moved, and the mean difference (0..1) that says so."""
_LEAST = {"hair": 0.12, "beard": 0.06, "brows": 0.02}
"""Area in square eye distances below which a mask counts as empty."""
_NONE, _ROOM = 1 / 512, 6
_STRAY = 0.06
"""How far (0..1) a strand's chroma may lie from that of all the hair."""


def _ramp(value: Plane | np.float32, zero: float, one: float) -> Plane:
    t = np.clip((value - np.float32(zero)) / np.float32(one - zero), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _places() -> tuple[Plane, Plane]:
    """Of every pixel its place in eye distances from the eyes' middle, x and y downward."""
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5) / _EYE
    x, y = np.meshgrid(axis - HEAD_EYES * 0.5, axis - HEAD_EYES * 0.42)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _near() -> Plane:
    """1 where this head's hair can be, softly 0 at the border and where a neighbour's would be."""
    x, y = _places()
    edge = np.minimum.reduce([x + HEAD_EYES / 2, HEAD_EYES / 2 - x, y + 0.42 * HEAD_EYES, 0.58 * HEAD_EYES - y])
    beside = 1 - _ramp(np.abs(x), 2.2, 2.8)
    return np.asarray(_ramp(edge, 0.0, 0.5) * beside, np.float32)


def _temples() -> Plane:
    """Exponent on what stays as it is: above 1 at the temples, which turn grey first, below 1 on the crown."""
    x, y = _places()
    side = np.exp(-(((np.abs(x) - 1.2) / 0.35) ** 2) - ((y - 0.1) / 0.9) ** 2)
    return np.asarray(0.85 + 0.75 * side, np.float32)


_FAINT, _COVER = 0.04, 128
_SURE, _TEMPLES = _near() / np.float32(1 - _FAINT), _temples()
