"""The two ports of the media layer: where frames come from and where they go."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from playingage.core import Timecode
from playingage.frames import Colour, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What is known of a source before its frames are read. `frames` and `duration` are None where it is endless."""

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
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """Gives frames in order, each once.

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
