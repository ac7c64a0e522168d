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
_HALF_GREY, _SPREAD = 58.5, 8.0
"""Age in years at which half of a head's hair is grey, and how fast that goes (logistic), as measured on portraits."""
_BEARD_AHEAD = 4.0
"""Years that beards are grey before the hair."""
_BROWS = 0.5
"""Brows turn this much as far as the beard."""
_GREY_LOW, _GREY_SLOPE = 0.16, 0.68
"""Luma of grey hair against the skin's, as a line."""
_SKIN = np.array([1.25, 0.94, 0.83], np.float32)
"""Mean colour of skin over its luma in neutral light."""
_GREY = np.array([1.01, 1.0, 0.98], np.float32)
"""Colour of grey hair over its luma."""
_BROWN = np.array([1.16, 0.96, 0.88], np.float32)
_DARK = 0.30
"""Luma of hair that gets its colour back, against the skin's."""
_BACK = 0.8
"""At most this much of the grey gets colour back: what was its own is not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """A parsed head. crop: S x S x 3, display-encoded 0..1. masks: S x S x 6 in the order of `MASKS`, 0..1."""

    crop: Image
    masks: Image

    def mask(self, name: str) -> Plane:
        """One mask, S x S."""
        return np.ascontiguousarray(self.masks[..., MASKS.index(name)])


def parse_head(parser: HeadParser, crop: Image) -> Head:
    """Parse a head crop of S x S x 3."""
    small = np.asarray(cv2.resize(crop, (parser.size, parser.size), interpolation=cv2.INTER_AREA), np.float32)
    masks = cv2.resize(parser(small), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return Head(crop=crop, masks=np.asarray(masks, np.float32) * _NEAR[..., None])


def uncovered(head: Head, head_transform: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """How much of the face is bare, `size` x `size`, 0..1: less where a thing is in front or hair falls over it.

    The transforms (2 x 3) lead from the frame to the head crop and to the face's crop.
    """
    over = np.maximum(_ramp(head.mask("front"), 0.25, 0.75), _ramp(head.mask("hair"), 0.3, 0.9))
    from_face = cv2.invertAffineTransform(transform.astype(np.float64))
    through = head_transform.astype(np.float64) @ np.vstack([from_face, [0, 0, 1]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(over, through, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(1 - moved, np.float32)


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
    delta, matte = np.zeros_like(head.crop), np.zeros((SIDE, SIDE), np.float32)
    parts = [("hair", look.grey_hair, 0.0, 1.0), ("beard", look.grey_beard, _BEARD_AHEAD, 1.0),
             ("brows", look.grey_beard, _BEARD_AHEAD, _BROWS)]
    for name, amount, ahead, share in parts:
        mask = head.mask(name) * free
        if amount <= 0 or mask.sum() < _LEAST[name] * _EYE**2:
            continue
        there = _presence(mask, name)
        before, after = grey_share(source, ahead), grey_share(target, ahead)
        change, likely = _turned(head.crop, mask, before, after, skin, temples=name == "hair")
        weight = mask * likely * np.float32(amount * share * there)
        # What lies under two masks is changed by the stronger.
        stronger = (weight > matte)[..., None]
        np.copyto(delta, change, where=stronger)
        np.maximum(matte, weight, out=matte)
    return (delta, matte) if matte.any() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skin:
    """The face's luma, and the tint of the light that the skin tells (about 1, 1, 1)."""

    luma: float
    tint: NDArray[np.float32]

    @classmethod
    def of(cls, head: Head) -> "_Skin":
        weight = head.mask("face") ** 2
        total = float(weight.sum())
        if total < 0.2 * _EYE**2:
            return cls(luma=0.5, tint=np.ones(3, np.float32))
        colour = np.einsum("hwc,hw->c", head.crop, weight) / total
        luma = max(float(colour @ _LUMA), 0.02)
        tint = (colour / luma / _SKIN) ** 0.4 * _GREY
        return cls(luma=luma, tint=np.asarray(tint / (tint @ _LUMA), np.float32))


def _turned(
    crop: Image, mask: Plane, before: Age, after: Age, skin: _Skin, *, temples: bool
) -> tuple[Image, Plane]:
    """Change of colour of one kind of hair, as if all of the crop were that hair (S x S x 3), and how likely each place
    is hair at all by its colour (S x S).
    """
    luma = crop @ _LUMA
    weight = mask * mask
    total = float(weight.sum()) + 1e-6
    mean = max(float((luma * weight).sum()) / total, 0.01)
    chroma = np.einsum("hwc,hw->c", crop - luma[..., None], weight) / total
    more = np.clip((np.asarray(after) - before) / np.maximum(1 - np.asarray(before), 1e-3), 0, 1)
    less = np.clip(1 - np.asarray(after) / np.maximum(np.asarray(before), 1e-3), 0, 1)
    less = less * (_BACK * _greyness(mean, chroma, skin))
    if temples:
        more, less = 1 - (1 - more) ** _TEMPLES, 1 - (1 - less) ** _TEMPLES
    # Only what hair can be: at a soft edge the ground shows through and must not be taken for bright strands.
    own = np.clip(luma, 0.4 * mean, 2.2 * mean)
    tone = _greyed(own, mean, more, skin)
    tone = _darkened(tone, mean, less, skin)
    strange = (crop - luma[..., None]) - (own / mean)[..., None] * chroma
    change = (tone - own)[..., None] + _recoloured(strange, own, tone, mean, chroma, more, less, skin)
    return np.asarray(change, np.float32), _likely(mask, luma, mean, np.abs(strange).max(axis=2))


def _likely(mask: Plane, luma: Plane, mean: float, strange: Plane) -> Plane:
    """1 inside the hair; at its edge less where lightness or colour are the ground's."""
    core = _ramp(np.asarray(cv2.GaussianBlur(mask, (0, 0), 2.0), np.float32), 0.75, 0.97)
    bright = _ramp(luma, 1.5 * mean + 0.06, 2.2 * mean + 0.16)
    ground = np.maximum(bright, _ramp(strange, 0.06, 0.16))
    return 1 - ground * (1 - core)


def _greyed(own: Plane, mean: float, more: Age, skin: _Skin) -> Plane:
    """Luma after a share `more` of the strands turned grey; bright strands turn first."""
    grey = max(_GREY_LOW * min(1.0, skin.luma / 0.3) + _GREY_SLOPE * skin.luma, 0.95 * mean)
    # Dark hair has little light and much noise: the darker, the flatter and the smoother is what is made of it.
    nearness = min(1.0, mean / grey)
    smooth = np.asarray(cv2.GaussianBlur(own, (0, 0), 0.9), np.float32)
    calm = smooth + (own - smooth) * np.float32(nearness)
    around = np.asarray(cv2.GaussianBlur(calm, (0, 0), 3.0), np.float32)
    strand = np.tanh((calm - around) / (0.25 * mean + 0.01))
    share = np.clip(more + 1.2 * np.asarray(more) * (1 - np.asarray(more)) * strand, 0, 1)
    target = grey * (calm / mean) ** np.float32(max(nearness, 0.05) ** 0.6)
    return np.asarray(own + share * (target - calm), np.float32)


def _darkened(tone: Plane, mean: float, less: Age, skin: _Skin) -> Plane:
    """Luma after grey strands got a dark colour back; as a power of their own, for dark hair shines more."""
    less = np.asarray(less, np.float32)
    factor = min(1.0, _DARK * skin.luma / mean) ** less
    return np.asarray(mean * factor * (np.maximum(tone, 1e-3) / mean) ** (1 + 0.6 * less), np.float32)


def _recoloured(
    strange: Image, own: Plane, tone: Plane, mean: float, chroma: NDArray[np.float32], more: Age, less: Age,
    skin: _Skin,
) -> Image:
    """Change of chroma: away from the hair's colour to the light's tint, or to brown.

    strange: what each place's chroma has beyond the hair's. It counts only as far as hair of this head can have it; a
    coloured ground keeps its own.
    """
    seen = (own / mean)[..., None] * chroma + np.clip(strange, -_STRAY, _STRAY)
    grey = (skin.tint - 1) * tone[..., None]
    brown = (_BROWN * skin.tint - 1) * tone[..., None]
    share, back = (np.broadcast_to(np.asarray(a, np.float32), (SIDE, SIDE))[..., None] for a in (more, less))
    return np.asarray(share * (grey - seen) + back * (brown - seen), np.float32)


def _greyness(mean: float, chroma: NDArray[np.float32], skin: _Skin) -> float:
    """How far this hair looks grey, 0..1: little colour under this light, and not dark."""
    colour = float(np.ptp((chroma + mean) / skin.tint)) / mean
    return float(_ramp(np.float32(0.55 - colour), 0.0, 0.3) * _ramp(np.float32(mean / skin.luma), 0.3, 0.65))


def _presence(mask: Plane, name: str) -> float:
    """0 where there is hardly any hair, 1 where there is some: a bald head stays bald."""
    area = float(mask.sum()) / _EYE**2
    return float(_ramp(np.float32(area), _LEAST[name], 3 * _LEAST[name]))


_LEAST = {"hair": 0.12, "beard": 0.06, "brows": 0.02}
"""Area in square eye distances below which a mask counts as empty."""
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


_NEAR, _TEMPLES = _near(), _temples()
