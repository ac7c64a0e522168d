"""The two ports of the media layer: where frames come from and where they go."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from playingage.core import Timecode, check_rate
from playingage.frames import Colour, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What is known of a source before its frames are read. `frames` and `duration` are None where it is endless.

    name: the address it was opened with. width, height: of the frames, upright (after `rotation`).
    rate: frames a second, exact; the average where `variable_rate`. bits: significant bits of the stored samples.
    rotation: degrees counter-clockwise by which stored pictures were turned to be upright. sample_aspect: width of a
    stored sample by its height. audio: number of audio streams. metadata: the container's text tags.
    start: the container's own time of the first frame in seconds (audio of the same file is timed by it).
    time_base: seconds a tick of the stored times. first_number: number in the name of a sequence's first picture.
    notes: plain sentences on what was assumed or unusual, for a person.
    timecode_from: where the frames' timecode comes from: "source", "ltc" or "clock"; empty where they have none.
    deinterlaced: how fields were made pictures, as "bwdif, a picture a frame"; empty where they were not.
    generation: grows each time a live source changes its size, depth, rate or colour, after a loss or while it runs;
    a frame's own size and rate are always right.
    """

    name: str
    width: int
    height: int
    rate: Fraction
    colour: Colour = field(default_factory=Colour)
    bits: int = 8
    pixel_format: str = ""
    codec: str = ""
    container: str = ""
    frames: int | None = None
    duration: Fraction | None = None
    timecode: Timecode | None = None
    rotation: int = 0
    audio: int = 0
    variable_rate: bool = False
    sample_aspect: Fraction = Fraction(1)
    interlaced: bool = False
    alpha: bool = False
    floating: bool = False
    metadata: tuple[tuple[str, str], ...] = ()
    start: Fraction = Fraction(0)
    time_base: Fraction | None = None
    first_number: int | None = None
    notes: tuple[str, ...] = ()
    timecode_from: str = ""
    deinterlaced: str = ""
    generation: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a source of {self.width}x{self.height} has no picture")
        check_rate(self.rate)
        if self.frames is not None and self.frames < 0:
            raise ValueError(f"{self.frames} frames")


class Source(Protocol):
    """Gives frames in order, each once. `info` may change between frames of a live source: see its `generation`.

    `read()` returns the next frame or None at the end; it raises `UnreadableError` for data that cannot be decoded and
    `SourceLostError` for a source that went away, and never blocks longer than the source's time limit.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        ...

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        ...

    def close(self) -> None:
        """Give everything back; may be called twice."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Sink(Protocol):
    """Takes frames in order.

    Nothing stands under the final name before `finish()`; `abandon()` removes what was begun. Leaving a `with` block
    finishes, or abandons when an exception passes. `write()` raises `UnwritableError`.
    """

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def finish(self) -> None:
        """Complete the output and give it its final name."""
        ...

    def abandon(self) -> None:
        """Remove everything that was begun; may be called twice."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
