"""A source and an engine that implement the ports, with numbers that can be read out of the pictures."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from playingage.core import SourceLostError
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.media.ports import SourceInfo

BITS = 24
NUMBER_ROW, AGE_ROW = 0, 1


def write_number(pixels: NDArray[np.uint8], row: int, value: int) -> None:
    """Write `value` as BITS black or white blocks, each 1/32 of the width, in block row `row` at the top left."""
    block = pixels.shape[1] // 32
    for bit in range(BITS):
        light = 255 if value >> (BITS - 1 - bit) & 1 else 0
        pixels[row * block : (row + 1) * block, bit * block : (bit + 1) * block] = light


def read_number(pixels: NDArray[np.uint8], row: int) -> int:
    """The number that `write_number` wrote."""
    block = pixels.shape[1] // 32
    middle = row * block + block // 2
    return sum(int(pixels[middle, bit * block + block // 2].mean() > 127) << (BITS - 1 - bit) for bit in range(BITS))


@dataclass(frozen=True, kw_only=True)
class FakeFace:
    id: int = 1
    box: tuple[float, float, float, float] = (0.0, 0.0, 10.0, 10.0)
    confidence: float = 1.0
    strength: float = 1.0
    source_age: float | None = None
    target_age: float | None = None
    name: str = ""
    performer: str = ""
    likeness: float | None = None
    pinned: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FakeReaged:
    frame: Frame
    matte: NDArray[np.float32] | None
    faces: tuple[FakeFace, ...]


class FakeReager:
    """Writes the age into the picture. Can be told to fail, to be slow, or to see other faces."""

    def __init__(self, *, takes: float = 0.0) -> None:
        self.fails: Exception | None = None
        self.faces: tuple[FakeFace, ...] = (FakeFace(),)
        self.takes = takes
        self.ages: list[tuple[int, float]] = []

    def process(self, frame: Frame, ask: Ask, /) -> FakeReaged:
        age, faces = ask.age, self.faces
        if self.fails is not None:
            raise self.fails
        if self.takes:
            time.sleep(self.takes)
        self.ages.append((frame.number, age))
        if not any(face.strength > 0 for face in faces):
            return FakeReaged(frame=frame, matte=None, faces=faces)
        pixels: NDArray[np.uint8] = frame.pixels.copy()  # type: ignore[assignment]
        write_number(pixels, AGE_ROW, round(age * 10))
        return FakeReaged(frame=dataclasses.replace(frame, pixels=pixels), matte=None, faces=faces)


class FakeSource:
    """A camera: paced, numbered, and it can be unplugged. `frames` None is endless."""

    def __init__(
        self,
        *,
        width: int = 640,
        height: int = 360,
        rate: int = 24,
        frames: int | None = None,
        paced: bool = True,
        content: list[NDArray[np.uint8]] | None = None,
    ) -> None:
        self.info = SourceInfo(name="fake", width=width, height=height, rate=Fraction(rate), frames=frames)
        self.unplugged = threading.Event()
        self.reads_while_lost = 0
        self._paced = paced
        self._content = content or [np.full((height, width, 3), 90, np.uint8)]
        self._number = 0
        self._due = 0.0

    def read(self) -> Frame | None:
        if self.unplugged.is_set():
            self.reads_while_lost += 1
            raise SourceLostError("the cable is out")
        if self.info.frames is not None and self._number >= self.info.frames:
            return None
        if self._paced:
            now = time.monotonic()
            self._due = max(self._due, now - 0.1) + float(1 / self.info.rate)
            time.sleep(max(0.0, self._due - now))
        pixels = self._content[self._number % len(self._content)].copy()
        write_number(pixels, NUMBER_ROW, self._number)
        frame = Frame(pixels=pixels, number=self._number, rate=self.info.rate, captured=time.monotonic())
        self._number += 1
        return frame

    def close(self) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
