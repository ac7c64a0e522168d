"""A test picture that moves, and whose frame number a program can read back out of a screen shot."""

import re
import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from numpy.typing import NDArray

from playingage.core import SettingError, Timecode
from playingage.frames import Colour, Frame, Origin
from playingage.media.base import MAX_PIXELS, MAX_SIDE, SourceBase
from playingage.media.ports import SourceInfo

BLOCKS = 32
"""Black and white blocks across the top: 24 bits of the number, high bit first, then 8 bits of check."""
_NUMBER_BITS, _CHECK_BITS = 24, 8
_STRIP = 16
"""The strip is 1/16 of the height."""
_DARK, _LIGHT = 0.35, 0.65
_SHAPE = re.compile(r"^(?:(\d+)x(\d+))?(?:@([\d./]+))?$")
_BARS = (
    (191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0), (0, 0, 191), (16, 16, 16),
)
_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


def _check(number: int) -> int:
    return zlib.crc32(number.to_bytes(4, "big")) & 0xFF


def _bits(number: int) -> NDArray[np.uint8]:
    code = (number % (1 << _NUMBER_BITS)) << _CHECK_BITS | _check(number % (1 << _NUMBER_BITS))
    return np.array([code >> (BLOCKS - 1 - i) & 1 for i in range(BLOCKS)], np.uint8)


def read_number(pixels: NDArray[Any]) -> int | None:
    """The frame number in a whole picture of the pattern, at any size from 64 pixels width, also after JPEG or scaling.

    pixels: H x W x 3 (or 4), uint8 or uint16 full range, or float 0..1. None where there is no number to be read with
    certainty; the chance that another picture gives one is below one in 256. Numbers wrap at 2**24.
    """
    top = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    height, width = pixels.shape[:2]
    strip = max(2, height // _STRIP)
    code = 0
    for i in range(BLOCKS):
        left, right = i * width / BLOCKS, (i + 1) * width / BLOCKS
        quarter = (right - left) / 4
        inner = pixels[strip // 4 : max(strip // 4 + 1, strip * 3 // 4), round(left + quarter) : max(
            round(left + quarter) + 1, round(right - quarter)), :3]
        level = float(inner.mean()) / top if inner.size else 0.5
        if _DARK < level < _LIGHT:
            return None
        code = code << 1 | (level >= _LIGHT)
    number = code >> _CHECK_BITS
    return number if code & 0xFF == _check(number) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternSettings:
    """Size in pixels, rate in frames a second, depth (8, 10 or 16 bits) and number of frames (None: endless)."""

    width: int = 1920
    height: int = 1080
    rate: Fraction = Fraction(24)
    bits: int = 8
    frames: int | None = None

    def __post_init__(self) -> None:
        fits = 64 <= self.width <= MAX_SIDE and 32 <= self.height <= MAX_SIDE
        if not fits or self.width * self.height > MAX_PIXELS:
            raise SettingError(
                f"a pattern of {self.width}x{self.height} cannot be made", f"Use 64x32 to {MAX_SIDE} a side."
            )
        if not 0 < self.rate <= 1000:
            raise SettingError(f"a rate of {self.rate} makes no sense", "Use more than 0 and at most 1000.")
        if self.bits not in (8, 10, 16):
            raise SettingError(f"a pattern of {self.bits} bits cannot be made", "Use 8, 10 or 16.")
        if self.frames is not None and self.frames < 1:
            raise SettingError(f"a pattern of {self.frames} frames has none", "Use 1 or more.")

    @classmethod
    def parse(cls, address: str) -> "PatternSettings":
        """Read `pattern:`, `pattern:1280x720@25`, `pattern:64x64@24000/1001?frames=48&bits=10`. Raises SettingError."""
        body, _, query = address.removeprefix("pattern:").partition("?")
        shape = _SHAPE.match(body)
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if shape is None or set(asked) - {"frames", "bits"}:
            raise SettingError(f"{address} is not a pattern", "Write it as pattern:1920x1080@24?frames=48.")
        given: dict[str, Any] = {}
        if shape.group(1):
            given |= {"width": int(shape.group(1)), "height": int(shape.group(2))}
        try:
            if shape.group(3):
                given["rate"] = _NTSC.get(shape.group(3)) or Fraction(shape.group(3))
            given |= {key: int(value) for key, value in asked.items()}
        except (ValueError, ZeroDivisionError) as error:
            raise SettingError(f"{address}: a number in it cannot be read", "Write whole numbers.") from error
        return cls(**given)


class PatternSource(SourceBase):
    """Colour bars that move one 96th of the width a frame, under a strip that holds the frame number."""

    def __init__(self, settings: PatternSettings, name: str = "pattern:") -> None:
        self._settings, self._number, self._closed = settings, 0, False
        deep = settings.bits > 8
        self._dtype = np.dtype(np.uint16 if deep else np.uint8)
        self._colour = Colour(matrix="rgb", full_range=True)
        width = settings.width
        index = np.arange(2 * width) % width * len(_BARS) // width
        line = np.asarray(_BARS, np.uint16)[index] * (257 if deep else 1)
        strip = self._strip
        self._base = np.repeat(line[None].astype(self._dtype), settings.height - strip, axis=0)
        self._start = Timecode.parse("01:00:00:00", settings.rate)
        self._info = SourceInfo(
            name=name,
            width=width,
            height=settings.height,
            rate=settings.rate,
            colour=self._colour,
            bits=settings.bits,
            pixel_format="rgb48le" if deep else "rgb24",
            codec="pattern",
            container="pattern",
            frames=settings.frames,
            duration=None if settings.frames is None else settings.frames / settings.rate,
            timecode=self._start,
        )

    @property
    def _strip(self) -> int:
        return max(2, self._settings.height // _STRIP)

    @property
    def info(self) -> SourceInfo:
        """What is known of the pattern."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame; None after the last or when closed."""
        settings, number = self._settings, self._number
        if self._closed or (settings.frames is not None and number >= settings.frames):
            return None
        self._number += 1
        width, strip = settings.width, self._strip
        pixels = np.empty((settings.height, width, 3), self._dtype)
        shift = number * max(1, width // 96) % width
        pixels[strip:] = self._base[:, shift : shift + width]
        white = 255 if settings.bits == 8 else 65535
        blocks = _bits(number)[np.arange(width) * BLOCKS // width].astype(self._dtype) * white
        pixels[:strip] = blocks[None, :, None]
        return Frame(
            pixels=pixels,
            number=number,
            rate=settings.rate,
            colour=self._colour,
            bits=settings.bits,
            timecode=self._start + number,
            origin=Origin(name=self._info.name),
        )

    def rewind(self) -> None:
        """Start again at number 0."""
        self._number, self._closed = 0, False

    def close(self) -> None:
        """May be called twice; reading then gives None."""
        self._closed = True
