"""What every source and sink shares: iteration, `with`, limits on dimensions, errors told in words."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from playingage.core import UnreadableError
from playingage.frames import Frame
from playingage.media.counting import Faults
from playingage.media.ports import Source, SourceInfo

MAX_SIDE = 16384
MAX_PIXELS = 134_217_728
"""Pictures beyond these are refused before memory is taken for them (16384 x 8192 just fits)."""


def check_size(width: int, height: int, name: str) -> None:
    """Raise UnreadableError if a picture of this size is none or absurd."""
    if width < 1 or height < 1:
        raise UnreadableError(f"{name}: has no picture ({width}x{height})", "Check that the file is complete.")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnreadableError(
            f"{name}: {width}x{height} is larger than Playing Age takes"
            f" ({MAX_SIDE} a side, {MAX_PIXELS // 1_000_000} megapixels)",
            "Scale the pictures down first.",
        )


def faults_of(source: Source) -> Faults:
    """What went wrong in a source so far; nothing where it does not tell."""
    return source.faults if isinstance(source, SourceBase) else Faults()


class SourceBase:
    """Iteration and `with` for sources; a subclass gives `info`, `read` and `close`."""

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        raise NotImplementedError

    @property
    def faults(self) -> Faults:
        """What went wrong so far, counted; nothing for sources that fail instead."""
        return Faults()

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """Give everything back; may be called twice."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SinkBase:
    """`with` for sinks; a subclass gives `write`, `finish` and `abandon`."""

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        raise NotImplementedError

    def finish(self) -> None:
        """Complete the output and give it its final name."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Remove everything that was begun; may be called twice."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()
