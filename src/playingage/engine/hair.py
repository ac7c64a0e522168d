"""Hair, beard and brows that turn grey with the years, or get colour back; and what lies over a face.

The parsing network tells what is hair. A share of it, after how many people's hair is grey at an age, goes over to the
colour that grey strands have in the light of this picture; each place keeps its own shading. All that decides is a
smooth mean over masks and nothing is remembered, so that nothing flickers.

Only the places where hair is are worked on, as lists of N pixels; only what asks for neighbours takes the box around
them. What follows from the masks alone is kept with them. Legend: S = 256 side of the head crop.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine.look import Look
from playingage.engine.marks import Marks
from playingage.faces import HEAD_EYES
from playingage.frames.pixels import Image, Plane
from playingage.models import MASKS, HeadParser

SIDE = 256
"""Side of the head crop in which the colour is worked out, 6.4 eye distances."""
Age = float | Plane
Values = NDArray[np.float32]
"""N or 3 x N, one for each place."""
Places = NDArray[np.intp]
Box = tuple[slice, slice]
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


class HeadMasks:
    """What was found of a head, and what follows from that alone, each worked out when it is first asked for.

    planes: 6 x S x S in the order of `MASKS`, 0..1. marks: those of the face's skin, which the engine leaves here.
    Belongs to one thread at a time.
    """

    def __init__(self, planes: NDArray[np.float32]) -> None:
        self.planes = planes
        self.marks: Marks | None = None
        self._strands: dict[str, _Strands | None] = {}

    def plane(self, name: str) -> Plane:
        """One mask, S x S."""
        return np.asarray(self.planes[MASKS.index(name)])

    @cached_property
    def cover(self) -> Plane:
        """What lies over the skin, S x S, 0..1: a thing in front, or hair."""
        return np.maximum(_ramp(self.plane("front"), 0.25, 0.75), _ramp(self.plane("hair"), 0.3, 0.9))

    @cached_property
    def free(self) -> Plane:
        """Where nothing is in front, S x S, 0..1."""
        return 1 - _ramp(self.plane("front"), 0.2, 0.7)

    @cached_property
    def skin(self) -> tuple[Places, Values]:
        """Where the face's skin is, and how much each place counts."""
        face = self.plane("face").ravel()
        at = np.flatnonzero(face > _NONE)
        return at, face[at] ** 2

    def strands(self, name: str) -> "_Strands | None":
        """Where hair of this kind is; None where there is hardly any."""
        if name not in self._strands:
            self._strands[name] = _Strands.of(self, name)
        return self._strands[name]


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
    green = np.ascontiguousarray(crop[::2, ::2, 1])
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
    small = np.asarray(cv2.resize(crop, (parser.size, parser.size), interpolation=cv2.INTER_LINEAR), np.float32)
    planes = np.empty((len(MASKS), SIDE, SIDE), np.float32)
    for plane, found in zip(planes, parser(small), strict=True):
        cv2.resize(found, (SIDE, SIDE), dst=plane, interpolation=cv2.INTER_LINEAR)
        np.maximum(np.subtract(plane, _FAINT, out=plane), 0, out=plane)
        np.multiply(plane, _SURE, out=plane)
    masks = HeadMasks(planes)
    if held is not None:
        held.keep(masks)
    return Head(crop=crop, masks=masks)


def uncovered(head: Head, head_transform: NDArray[np.float32], transform: NDArray[np.float32], size: int) -> Plane:
    """How much of the face is bare, `size` x `size`, 0..1: less where a thing is in front or hair falls over it.

    The transforms (2 x 3) lead from the frame to the head crop and to the face's crop.
    """
    from_face = cv2.invertAffineTransform(transform.astype(np.float64))
    through = head_transform.astype(np.float64) @ np.vstack([from_face, [0, 0, 1]])
    through = through @ _scaled(size / _COVER)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(head.masks.cover, through, (_COVER, _COVER), flags=flags, borderMode=cv2.BORDER_REPLICATE)
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
    delta = np.zeros((3, SIDE * SIDE), np.float32)
    matte = np.zeros(SIDE * SIDE, np.float32)
    parts = [("hair", look.grey_hair, 0.0, 1.0), ("beard", look.grey_beard, _BEARD_AHEAD, 1.0),
             ("brows", look.grey_beard, _BEARD_AHEAD, _BROWS)]
    for name, amount, ahead, share in parts:
        where = head.masks.strands(name) if amount > 0 else None
        if where is None:
            continue
        part = _Part(head.crop, where, skin)
        more, less = _turning(_at(source, where.at), _at(target, where.at), ahead, part.greyness)
        if max(float(more.max()), float(less.max())) < _NONE:
            continue
        if name == "hair":
            temples = _TEMPLES[where.at]
            more, less = (_power(turned, temples) if turned.any() else turned for turned in (more, less))
        surely = part.apart if name == "beard" else 1.0
        weight = where.mask * part.likely() * np.float32(amount * share * where.there * surely)
        at, change = where.at, part.changed(more, less)
        already = matte[at]
        if already.any():  # what lies under two masks is changed by the stronger
            stronger = np.flatnonzero(weight > already)
            at, weight, change = at[stronger], weight[stronger], change[:, stronger]
        matte[at] = weight
        for whole, plane in zip(delta, change, strict=True):
            whole[at] = plane
    if not matte.any():
        return None
    picture = cv2.merge([plane.reshape(SIDE, SIDE) for plane in delta])
    return np.asarray(picture, np.float32), matte.reshape(SIDE, SIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Skin:
    """The face's luma and colour, and the tint of the light that the skin tells (about 1, 1, 1)."""

    luma: float
    colour: NDArray[np.float32]
    tint: NDArray[np.float32]

    @classmethod
    def of(cls, head: Head) -> "_Skin":
        at, weight = head.masks.skin
        total = float(weight.sum())
        if total < 0.2 * _EYE**2:
            return cls(luma=0.5, colour=np.asarray(_SKIN / 2, np.float32), tint=np.ones(3, np.float32))
        colour = np.asarray(weight @ _colours(head.crop, at) / total, np.float32)
        luma = max(float(colour @ _LUMA), 0.02)
        tint = np.maximum(colour / luma / _SKIN, 0.05) ** 0.25 * _GREY
        tint = np.asarray(tint / (tint @ _LUMA), np.float32)
        return cls(luma=luma, colour=colour, tint=tint)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Strands:
    """Where one kind of hair is. at: N places in the crop, each with its mask, 0..1, and how far it is not well inside.

    box: rows and columns that hold them, with room for what is blurred. inside: the places within the box. weight: how
    much each counts for means, 1 all together. there: 0 where there is hardly any hair, 1 where there is some.
    """

    at: Places
    mask: Values
    rim: Values
    weight: Values
    box: Box
    inside: Places
    there: float

    @classmethod
    def of(cls, masks: HeadMasks, name: str) -> "_Strands | None":
        """Of one kind of hair; None where there is hardly any: a bald head stays bald."""
        mask = masks.plane(name) * masks.free
        if name == "beard":  # a shaved chin is half believed to be one
            mask = _ramp(mask, 0.25, 0.85)
        there = _step(float(mask.sum()) / _EYE**2, _LEAST[name], 3 * _LEAST[name])
        if there <= 0:
            return None
        some = mask > _NONE
        x, y, width, height = cv2.boundingRect(some.view(np.uint8))
        box = _roomy(y, y + height), _roomy(x, x + width)
        at, inside = np.flatnonzero(some), np.flatnonzero(some[box])
        core = _blur(mask[box], 2.0).ravel()[inside]
        mask = mask.ravel()[at]
        weight = mask * mask
        return cls(
            at=at, mask=mask, rim=1 - _ramp(core, 0.75, 0.97), weight=weight / (weight.sum() + np.float32(1e-6)),
            box=box, inside=inside, there=there,
        )


class _Part:
    """One kind of hair in a picture. Its mean colour is what everything is measured against."""

    def __init__(self, crop: Image, where: _Strands, skin: _Skin) -> None:
        self.crop, self.where, self.skin = crop, where, skin
        colours = _colours(crop, where.at)
        mean = where.weight @ colours
        self.mean = max(float(mean @ _LUMA), 0.01)
        self.colour = np.asarray(mean, np.float32)
        self.luma = np.asarray(cv2.transform(colours[None], _LUMA[None]), np.float32).ravel()
        # Only what hair can be: at a soft edge the ground shows through and must not be taken for bright strands.
        self.own = self._as_hair(self.luma)
        self.usual = self.own * ((self.colour - np.float32(self.mean)) / np.float32(self.mean))[:, None]
        self.strange = np.subtract(colours.T, self.luma, order="C")
        self.strange -= self.usual

    def _as_hair(self, luma: Values) -> Values:
        return np.minimum(np.maximum(luma, np.float32(0.4 * self.mean)), np.float32(2.2 * self.mean))

    @property
    def greyness(self) -> float:
        """How far this hair looks grey, 0..1: little colour under this light, and not dark."""
        colour = float(np.ptp(self.colour / self.skin.tint)) / self.mean
        return _step(0.38 - colour, 0.0, 0.14) * _step(self.mean / self.skin.luma, 0.3, 0.65)

    @property
    def apart(self) -> float:
        """How surely this is not skin, 0..1, by its mean colour."""
        return _step(float(np.abs(self.colour - self.skin.colour).max()) / self.skin.luma, 0.08, 0.2)

    def likely(self) -> Values:
        """1 inside the hair; at its edge less where lightness or colour are the ground's."""
        bright = _ramp(self.luma, 1.5 * self.mean + 0.06, 2.2 * self.mean + 0.16)
        off = np.maximum.reduce(np.abs(self.strange))
        return 1 - np.maximum(bright, _ramp(off, 0.06, 0.16)) * self.where.rim

    def changed(self, more: Values, less: Values) -> Values:
        """Change of red, green and blue, 3 x N, when a share `more` turns grey and `less` gets its colour back."""
        tone = self._darkened(self._greyed(more), less)
        # Chroma goes to the light's tint or to brown, away from the hair's own. What a place has beyond that counts
        # only as far as hair of this head can have it: a coloured ground keeps its own.
        tint = self.skin.tint[:, None]
        aim = more * (tint - 1)
        if less.any():
            aim = aim + less * (_BROWN[:, None] * tint - 1)
        change = np.minimum(np.maximum(self.strange, np.float32(-_STRAY)), np.float32(_STRAY))
        change += self.usual
        change *= -(more + less)
        change += tone * aim
        change += tone - self.own
        return change

    def _greyed(self, more: Values) -> Values:
        """Luma after a share `more` of the strands turned grey; bright strands turn first."""
        skin, mean, own = self.skin.luma, self.mean, self.own
        if not more.any():
            return own
        grey = max(_GREY_LOW * min(1.0, skin / 0.3) + _GREY_SLOPE * skin, 0.95 * mean)
        # Dark hair has little light and much noise: the darker, the flatter and the smoother is what is made of it.
        nearness = min(1.0, mean / grey)
        around = self._as_hair(np.asarray(cv2.transform(self.crop[self.where.box], _LUMA[None]), np.float32))
        if nearness < 1:
            around = np.asarray(cv2.addWeighted(around, nearness, _blur(around, 0.9), 1 - nearness, 0), np.float32)
        calm = around.ravel()[self.where.inside]
        strand = calm - _wide_blur(around).ravel()[self.where.inside]
        strand *= np.float32(1 / (0.25 * mean + 0.01))
        strand /= 1 + np.abs(strand)
        strand *= np.float32(1.4) * more * (1 - more)
        strand += more
        share = np.minimum(np.maximum(strand, 0), 1)
        bent = np.power(calm * np.float32(1 / mean), np.float32(max(nearness, 0.05) ** 0.6))
        return np.asarray(own + share * (bent * np.float32(grey) - calm), np.float32)

    def _darkened(self, tone: Values, less: Values) -> Values:
        """Luma after grey strands got a dark colour back; as a power of their own, for dark hair shines more."""
        if not less.any():
            return tone
        factor = np.float32(np.log(min(1.0, _DARK * self.skin.luma / self.mean)))
        light = np.log(np.maximum(tone, 1e-3) * np.float32(1 / self.mean))
        return np.asarray(np.exp(factor * less + light * (1 + np.float32(0.6) * less)) * np.float32(self.mean))


def _turning(source: Age, target: Age, ahead: float, greyness: float) -> tuple[Values, Values]:
    """Shares of the hair that turn grey, and that get their colour back, between two ages: N, or one number."""
    before, after = np.asarray(grey_share(source, ahead)), np.asarray(grey_share(target, ahead))
    more = np.clip((after - before) / np.maximum(1 - before, 1e-3), 0, 1)
    less = np.clip(1 - after / np.maximum(before, 1e-3), 0, 1) * (_BACK * greyness)
    return np.asarray(more, np.float32), np.asarray(less, np.float32)


def _power(share: Values, exponent: Values) -> Values:
    """What turns where what stays, 1 - `share`, is taken to a power."""
    return 1 - np.exp(np.log(np.maximum(1 - share, np.float32(1e-6))) * exponent)


def _at(age: Age, places: Places) -> Age:
    return age.ravel()[places] if isinstance(age, np.ndarray) else age


def _colours(crop: Image, places: Places) -> Image:
    """N x 3."""
    return np.asarray(crop.reshape(-1, 3).take(places, axis=0))


def _blur(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _wide_blur(plane: Plane) -> Plane:
    """Blurred by 3 pixels, as good as exactly; at half the size, which takes a third of the time."""
    height, width = plane.shape
    half = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    half = cv2.GaussianBlur(half, (0, 0), 1.4)  # both ways of the size blur a little themselves
    return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _roomy(low: int, high: int) -> slice:
    """With room on both sides for what is blurred, from even to even."""
    return slice(max(0, low - _ROOM) & -2, min(SIDE, high + _ROOM + 1) & -2)


_GIST, _MOVED, _MOVED_THERE = 32, 0.006, 0.035
"""Side of the picture by which it is seen that something moved, and the differences (0..1) that say so: on average, and
of one place with its neighbours."""
_LEAST = {"hair": 0.12, "beard": 0.06, "brows": 0.02}
"""Area in square eye distances below which a mask counts as empty."""
_NONE, _ROOM = 1 / 512, 6
_STRAY = 0.06
"""How far (0..1) a strand's chroma may lie from that of all the hair."""


def _ramp(value: NDArray[np.float32], zero: float, one: float) -> NDArray[np.float32]:
    """0 up to `zero`, 1 from `one` on, smooth between."""
    t = value - np.float32(zero)
    t *= np.float32(1 / (one - zero))
    np.minimum(np.maximum(t, 0, out=t), 1, out=t)
    left = t * np.float32(-2)
    left += 3
    left *= t
    left *= t
    return left


def _step(value: float, zero: float, one: float) -> float:
    """`_ramp` of one number."""
    t = min(max((value - zero) / (one - zero), 0.0), 1.0)
    return t * t * (3 - 2 * t)


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
_SURE, _TEMPLES = _near() / np.float32(1 - _FAINT), _temples().ravel()
