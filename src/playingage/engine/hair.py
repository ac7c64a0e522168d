"""Hair, beard and brows that turn grey with the years, or get colour back.

The parsing network tells what is hair. A share of it, after how many people's hair is grey at an age, goes over to the
colour that grey strands have in the light of this picture; each place keeps its own shading. All that decides is a
smooth mean over masks and nothing is remembered, so that nothing flickers.

Only the places where hair is are worked on, as lists of N pixels; only what asks for neighbours takes the box around
them. Legend: S side of the head crop.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.engine.heads import NONE, SIDE, Head, Places, Strands, Values, blur, eye, places, ramp, step
from playingage.engine.look import Look
from playingage.frames.pixels import Image, Plane

Age = float | Plane
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
_STRAY = 0.06
"""How far (0..1) a strand's chroma may lie from that of all the hair."""


def grey_share(age: Age, ahead: float = 0.0) -> Age:
    """Share of the hair that is grey at an age in years, 0..1."""
    share = 1 / (1 + np.exp((_HALF_GREY - ahead - np.asarray(age, np.float32)) / _SPREAD))
    return np.asarray(share, np.float32) if isinstance(age, np.ndarray) else float(share)


def regrey(head: Head, source: Age, target: Age, look: Look) -> tuple[Image, Plane] | None:
    """Change (S x S x 3, display-encoded) and matte (S x S, 0..1) of hair, beard and brows; None where there is none.

    Ages are in years, numbers or S x S. The matte is the hair itself, without what is in front of it.
    """
    skin, side = _Skin.of(head), head.masks.side
    delta = np.zeros((3, side * side), np.float32)
    matte = np.zeros(side * side, np.float32)
    parts = [("hair", look.grey_hair, 0.0, 1.0), ("beard", look.grey_beard, _BEARD_AHEAD, 1.0),
             ("brows", look.grey_beard, _BEARD_AHEAD, _BROWS)]
    for name, amount, ahead, share in parts:
        where = head.masks.strands(name) if amount > 0 else None
        if where is None:
            continue
        part = _Part(head.crop, where, skin)
        more, less = _turning(_at(source, where.at), _at(target, where.at), ahead, part.greyness)
        if max(float(more.max()), float(less.max())) < NONE:
            continue
        if name == "hair":
            temples = _temples(side)[where.at]
            more, less = (_power(turned, temples) if turned.any() else turned for turned in (more, less))
        surely = part.apart if name == "beard" else 1.0
        weight = part.likely() * np.float32(amount * share * where.there * surely)
        at, change, already = where.at, part.changed(more, less), matte[where.at]
        if already.any():  # what lies under two masks is changed by the stronger
            stronger = np.flatnonzero(weight > already)
            at, weight, change = at[stronger], weight[stronger], change[:, stronger]
        matte[at] = weight
        for whole, plane in zip(delta, change, strict=True):
            whole[at] = plane
    return (delta.reshape(3, side, side).transpose(1, 2, 0), matte.reshape(side, side)) if matte.any() else None


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
        if total < 0.2 * eye(head.masks.side) ** 2:
            return cls(luma=0.5, colour=np.asarray(_SKIN / 2, np.float32), tint=np.ones(3, np.float32))
        colour = np.asarray(weight @ _colours(head.crop, at) / total, np.float32)
        luma = max(float(colour @ _LUMA), 0.02)
        tint = np.maximum(colour / luma / _SKIN, 0.05) ** 0.25 * _GREY
        tint = np.asarray(tint / (tint @ _LUMA), np.float32)
        return cls(luma=luma, colour=colour, tint=tint)


class _Part:
    """One kind of hair in a picture. Its mean colour is what everything is measured against."""

    def __init__(self, crop: Image, where: Strands, skin: _Skin) -> None:
        self.crop, self.where, self.skin = crop, where, skin
        colours = _colours(crop, where.at)
        mean = where.weight @ colours
        self.mean = max(float(mean @ _LUMA), 0.01)
        self.colour = np.asarray(mean, np.float32)
        self.luma = np.asarray(cv2.transform(colours[None], _LUMA[None]), np.float32).ravel()
        self.fine = crop.shape[0] / SIDE
        # Only what hair can be: at a soft edge the ground shows through and must not be taken for bright strands.
        self.own = self._as_hair(self.luma)
        self.usual = self.own * ((self.colour - np.float32(self.mean)) / np.float32(self.mean))[:, None]
        self.strange = np.empty((3, colours.shape[0]), np.float32)
        cv2.split(colours[None], mv=list(self.strange[:, None]))
        self.strange -= self.luma
        self.strange -= self.usual

    def _as_hair(self, luma: Values) -> Values:
        return np.clip(luma, np.float32(0.4 * self.mean), np.float32(2.2 * self.mean))

    @property
    def greyness(self) -> float:
        """How far this hair looks grey, 0..1: little colour under this light, and not dark."""
        colour = float(np.ptp(self.colour / self.skin.tint)) / self.mean
        return step(0.38 - colour, 0.0, 0.14) * step(self.mean / self.skin.luma, 0.3, 0.65)

    @property
    def apart(self) -> float:
        """How surely this is not skin, 0..1, by its mean colour."""
        return step(float(np.abs(self.colour - self.skin.colour).max()) / self.skin.luma, 0.08, 0.2)

    def likely(self) -> Values:
        """The mask, at the hair's edge less where lightness or colour are the ground's."""
        rim = self.where.rim
        bright = ramp(self.luma[rim], 1.5 * self.mean + 0.06, 2.2 * self.mean + 0.16)
        off = ramp(np.maximum.reduce([np.abs(plane[rim]) for plane in self.strange]), 0.06, 0.16)
        likely = self.where.mask.copy()
        likely[rim] *= 1 - np.maximum(bright, off) * self.where.outer
        return likely

    def changed(self, more: Values, less: Values) -> Values:
        """Change of red, green and blue, 3 x N, when a share `more` turns grey and `less` gets its colour back."""
        tone = self._darkened(self._greyed(more), less)
        # Chroma goes to the light's tint or to brown, away from the hair's own. What a place has beyond that counts
        # only as far as hair of this head can have it: a coloured ground keeps its own.
        tint = self.skin.tint[:, None]
        change = np.clip(self.strange, np.float32(-_STRAY), np.float32(_STRAY))
        change += self.usual
        change *= -(more + less)
        change += (tone * more) * (tint - 1)
        if less.any():
            change += (tone * less) * (_BROWN[:, None] * tint - 1)
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
            smooth = blur(around, 0.9 * self.fine)
            around = np.asarray(cv2.addWeighted(around, nearness, smooth, 1 - nearness, 0), np.float32)
        calm = around.ravel()[self.where.inside]
        strand = calm - _wide_blur(around, 3 * self.fine).ravel()[self.where.inside]
        strand *= np.float32(1 / (0.25 * mean + 0.01))
        strand /= 1 + np.abs(strand)
        strand *= np.float32(1.4) * more * (1 - more)
        strand += more
        share = np.clip(strand, 0, 1, out=strand)
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
    # Not `clip`, which takes ten times as long over one number.
    more = np.minimum(np.maximum((after - before) / np.maximum(1 - before, 1e-3), 0), 1)
    less = np.minimum(np.maximum(1 - after / np.maximum(before, 1e-3), 0), 1) * (_BACK * greyness)
    return np.asarray(more, np.float32), np.asarray(less, np.float32)


def _power(share: Values, exponent: Values) -> Values:
    """What turns where what stays, 1 - `share`, is taken to a power."""
    return 1 - np.exp(np.log(np.maximum(1 - share, np.float32(1e-6))) * exponent)


def _at(age: Age, places: Places) -> Age:
    return age.ravel()[places] if isinstance(age, np.ndarray) else age


def _colours(crop: Image, places: Places) -> Image:
    """N x 3."""
    return np.asarray(crop.reshape(-1, 3).take(places, axis=0))


def _wide_blur(plane: Plane, sigma: float) -> Plane:
    """`blur` by two pixels or more, as good as exactly; at half the size, which takes a third of the time."""
    height, width = plane.shape
    half = np.asarray(cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32)
    half = blur(half, (sigma * sigma / 4 - 0.29) ** 0.5)  # going there and back blurs a little itself
    return np.asarray(cv2.resize(half, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


@cache
def _temples(side: int) -> Values:
    """Exponent on what stays as it is: above 1 at the temples, which turn grey first, below 1 on the crown."""
    x, y = places(side)
    near = np.exp(-(((np.abs(x) - 1.2) / 0.35) ** 2) - ((y - 0.1) / 0.9) ** 2)
    return np.asarray(0.85 + 0.75 * near, np.float32).ravel()
