"""The frozen value that travels from source to sink."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from playingage.core import Timecode, check_rate
from playingage.frames.colour import Colour

Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float16] | NDArray[np.float32]
DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float16), np.dtype(np.float32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a frame comes from: a file's path, a device or an address, and the camera's reel where it is known."""

    name: str = ""
    reel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture.

    pixels: H x W x 3 RGB, C-contiguous and read-only. uint8 spans 0..255 and uint16 0..65535, full range; float16 and
        float32 hold 1.0 at nominal white and may exceed 0..1.
    alpha: H x W of the same dtype, or None.
    bits: significant bits of the original (10 for 10-bit video carried in uint16).
    number: frame number in the source, from 0. rate: frames a second.
    pts: presentation time in seconds from the start, exact; None means number / rate.
    captured: `time.monotonic()` at capture for live frames, in seconds; None elsewhere.
    """

    pixels: Pixels
    number: int
    rate: Fraction
    colour: Colour = field(default_factory=Colour)
    bits: int = 8
    alpha: Pixels | None = None
    timecode: Timecode | None = None
    pts: Fraction | None = None
    origin: Origin = field(default_factory=Origin)
    captured: float | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"a frame wants pixels of H x W x 3, not {self.pixels.shape}")
        if self.pixels.dtype not in DTYPES:
            raise ValueError(f"a frame wants uint8, uint16, float16 or float32 pixels, not {self.pixels.dtype}")
        if self.alpha is not None and (
            self.alpha.shape != self.pixels.shape[:2] or self.alpha.dtype != self.pixels.dtype
        ):
            raise ValueError("alpha wants the height, width and dtype of the pixels")
        if self.number < 0:
            raise ValueError(f"frame number {self.number} is negative")
        if not 1 <= self.bits <= 32:
            raise ValueError(f"{self.bits} significant bits are not between 1 and 32")
        check_rate(self.rate)
        self.pixels.setflags(write=False)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def seconds(self) -> Fraction:
        """Presentation time from the start of the source, exact."""
        return self.pts if self.pts is not None else Fraction(self.number) / self.rate
