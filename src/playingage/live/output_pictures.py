"""What an output shows of a pair: the picture itself, both, or the matte; with words wherever it is not what it claims.

Pure but for what is kept of the last picture. Pixels are H x W x 3 RGB, full range, 8 bits.
"""

import unicodedata
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from playingage.frames import Frame
from playingage.live.encode import display_pixels
from playingage.live.pair import Pair, View

_ALL = 0.98
"""Strength from which a face counts as fully changed, as in the verdict."""
_MEANT = ("unknown", "off")
"""Reasons for which a face is left alone on purpose."""
_AMBER, _GREY = (255, 176, 0), (170, 170, 170)
_FONT = cv2.FONT_HERSHEY_DUPLEX
Eight = NDArray[np.uint8]


class Shows(StrEnum):
    """What an output shows."""

    AGED = "aged"
    CLEAN = "clean"
    BOTH = "both"
    MATTE = "matte"


def caption_of(pair: Pair) -> str:
    """What the aged picture has to say of itself; empty where every face that is meant is fully changed."""
    verdict = pair.verdict
    partly = any(face.strength < _ALL and not set(face.reasons) & set(_MEANT) for face in pair.faces)
    if verdict.view is View.AGED and not partly:
        return ""
    return " - ".join(filter(None, (verdict.words, verdict.note)))


class Composer:
    """Makes the pictures of one output, all of one size. `again` is the last of them."""

    def __init__(self, shows: Shows, width: int, height: int) -> None:
        self._shows, self._width, self._height = shows, width, height
        self._black: Eight = np.zeros((height, width, 3), np.uint8)
        self.again = self._last = self._held = self._black
        self._held_words = ""

    def picture(self, pair: Pair) -> Eight:
        """The output's picture of a pair."""
        self.again = self._made(pair)
        return self.again

    def _made(self, pair: Pair) -> Eight:
        self._held_words = ""
        if self._shows is Shows.CLEAN:
            self._last = self._fit(_display(pair.clean))
        elif self._shows is Shows.MATTE:
            self._last = self._black if pair.matte is None or not _whole(pair) else self._fit(_grey(pair.matte))
        elif self._shows is Shows.BOTH:
            self._last = self._side_by_side(pair)
        else:
            self._last = self._fit(self._aged(pair))
            caption = caption_of(pair)
            return self._last if not caption else self._with_words(self._last, caption)
        return self._last

    def held(self, words: str) -> Eight:
        """The last picture, with words on why there is no newer one; a matte is black then."""
        if self._shows is Shows.MATTE:
            return self._black
        if words != self._held_words:
            self._held, self._held_words = self._with_words(self._last, words), words
        return self._held

    def _aged(self, pair: Pair) -> Eight:
        return self._black if pair.aged is None else _display(pair.aged)

    def _fit(self, pixels: Eight) -> Eight:
        """At the output's size: an odd last row or column cut off, another size scaled and centred on black."""
        height, width = pixels.shape[:2]
        if (width - width % 2, height - height % 2) == (self._width, self._height):
            return pixels[: self._height, : self._width]
        whole = np.zeros((self._height, self._width, 3), np.uint8)
        _put(whole, pixels)
        return whole

    def _side_by_side(self, pair: Pair) -> Eight:
        whole = np.zeros((self._height, self._width, 3), np.uint8)
        middle = self._width // 2
        caption = caption_of(pair)
        for part, pixels, words, colour in (
            (whole[:, :middle], _display(pair.clean), "CAMERA", _GREY),
            (whole[:, middle:], self._aged(pair), caption or pair.verdict.words, _AMBER if caption else _GREY),
        ):
            _put(part, pixels)
            strip = strip_of(words, middle, self._height, colour)
            part[-len(strip) :, : strip.shape[1]] = strip
        return whole

    def _with_words(self, pixels: Eight, words: str) -> Eight:
        strip = strip_of(words, self._width, self._height, _AMBER)
        whole = pixels.copy()
        whole[-len(strip) :] = strip
        return whole


@lru_cache(maxsize=16)
def strip_of(words: str, width: int, height: int, colour: tuple[int, int, int]) -> Eight:
    """A black strip with words, for the bottom of a picture of `height`; long words are set smaller."""
    rows = max(16, height // 20)
    strip = np.zeros((rows, width, 3), np.uint8)
    text = plain(words)
    stroke = 1 if rows < 48 else 2
    scale = 0.55 * rows / max(1, cv2.getTextSize("A", _FONT, 1.0, stroke)[0][1])
    while scale > 0.1 and cv2.getTextSize(text, _FONT, scale, stroke)[0][0] > 0.96 * width:
        scale *= 0.95
    tall = cv2.getTextSize("A", _FONT, scale, stroke)[0][1]
    place = (round(0.02 * width), round((rows + tall) / 2))
    cv2.putText(strip, text, place, _FONT, scale, colour, stroke, cv2.LINE_AA)
    strip.setflags(write=False)
    return strip


def plain(words: str) -> str:
    """In the letters that can be drawn: accents are taken off, other signs become question marks."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", words) if not unicodedata.combining(each))
    return "".join(each if " " <= each <= "~" else "?" for each in bare)


def _put(part: Eight, pixels: Eight) -> None:
    """Scale `pixels` into the middle of `part`, as large as they fit."""
    height, width = pixels.shape[:2]
    scale = min(part.shape[1] / width, part.shape[0] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (part.shape[1] - size[0]) // 2, (part.shape[0] - size[1]) // 2
    part[top : top + size[1], left : left + size[0]] = small


def _whole(pair: Pair) -> bool:
    """Whether the matte belongs to the pictures: it does not once the aged one is held or left away."""
    return pair.aged is not None and pair.aged.number == pair.clean.number


def _grey(matte: NDArray[np.float32]) -> Eight:
    eight = cv2.convertScaleAbs(matte, alpha=255.0)
    return np.asarray(cv2.cvtColor(eight, cv2.COLOR_GRAY2RGB), np.uint8)


def _display(frame: Frame) -> Eight:
    return display_pixels(frame.pixels, frame.colour.transfer)
