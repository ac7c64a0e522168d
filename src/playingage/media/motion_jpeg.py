"""Ready JPEGs appended to a Matroska file as Motion-JPEG, each at a known place, so that any player opens it.

The file grows at its end only, a cluster a picture; when it is closed, its duration and an index are filled in. Cut
off anywhere, it is played up to there. JFIF's Y'CbCr is that of BT.601 in full range, whatever the primaries: so it is
tagged.
"""

import io
import os
from collections import deque
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import IO, cast

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from playingage.core import UnwritableError
from playingage.frames import Colour
from playingage.media.reasons import reason_of
from playingage.media.staging import unwritable
from playingage.media.tags import tags_from_colour

_BUFFER = 1 << 20
_CLUSTER_MS = 400
"""Small pictures share a cluster; none waits longer than this for its own to be written."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture lies: its number in order of writing, and its bytes from `offset` on."""

    index: int
    offset: int
    length: int


class JpegClipWriter:
    """A Matroska file that JPEGs of one size are appended to. Belongs to one thread; `sync` may be called by another.

    A picture is handed to the system one picture late (by then its cluster is known to be whole): `add` returns those
    that are now in the file. Raises UnwritableError; what is in the file stays there.
    colour: of the RGB that the JPEGs were made of. timecode: of the first picture; empty for none.
    """

    def __init__(
        self, path: Path, *, width: int, height: int, rate: Fraction, colour: Colour, timecode: str = ""
    ) -> None:
        self.path, self._rate = path, rate
        self._pending: deque[tuple[int, bytes]] = deque()
        self._added, self._last = 0, -1
        self._out = _Appended()
        try:
            self._file = path.open("xb", buffering=0)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            self._container = av.open(
                cast(IO[bytes], self._out), "w", format="matroska", buffer_size=_BUFFER,
                options={"flush_packets": "1", "cluster_time_limit": str(_CLUSTER_MS)},
            )
            if timecode:
                self._container.metadata["timecode"] = timecode
            self._stream = self._add_stream(width, height, colour)
            self._container.start_encoding()
            self._write()
        except (FFmpegError, OSError, ValueError) as error:
            self._file.close()
            raise self._failed(error) from error

    @property
    def bytes_written(self) -> int:
        """Bytes in the file."""
        return self._out.size

    def add(self, jpeg: bytes, position: int) -> list[Placed]:
        """Append a picture, shown `position` frames after the first; positions grow."""
        if position <= self._last:
            raise ValueError(f"position {position} does not follow {self._last}")
        packet = av.Packet(jpeg)
        packet.stream, packet.time_base = self._stream, 1 / self._rate
        packet.pts = packet.dts = position
        packet.duration, packet.is_keyframe = 1, True
        self._pending.append((self._added, jpeg))
        self._added, self._last = self._added + 1, position
        try:
            self._container.mux_one(packet)
            return self._write()
        except (FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def sync(self) -> None:
        """Return when what was written is on the disk."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> list[Placed]:
        """Fill in duration and index, flush to disk, close; the pictures that this brought into the file."""
        if self._file.closed:
            return []
        try:
            self._container.close()
            placed = self._write()
            os.fsync(self._file.fileno())
            return placed
        except (FFmpegError, OSError) as error:
            raise self._failed(error) from error
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Close the file as it is, without filling anything in; may be called twice."""
        self._file.close()

    def _add_stream(self, width: int, height: int, colour: Colour) -> VideoStream:
        stream = self._container.add_stream("mjpeg", rate=self._rate)
        if not isinstance(stream, VideoStream):
            raise AssertionError("a video encoder makes a video stream")
        context = stream.codec_context
        context.width, context.height = width, height
        context.pix_fmt = "yuvj420p"  # of grey pictures too: nothing is encoded here, and players look into the JPEG
        context.time_base = stream.time_base = 1 / self._rate
        tags = tags_from_colour(replace(colour, matrix="bt470bg", full_range=True), rgb=False, height=height)
        context.color_primaries, context.color_trc = tags.primaries, tags.transfer
        context.colorspace, context.color_range = tags.matrix, tags.range
        return stream

    def _write(self) -> list[Placed]:
        """Bring to the file what the muxer gave out, and find the pictures in it."""
        placed: list[Placed] = []
        for offset, data in self._out.take():
            view, done = memoryview(data), 0
            while done < len(view):
                done += os.pwrite(self._file.fileno(), view[done:], offset + done)
            at = 0
            while self._pending:
                index, jpeg = self._pending[0]
                at = data.find(jpeg, at)
                if at < 0:
                    break
                placed.append(Placed(index, offset + at, len(jpeg)))
                at += len(jpeg)
                self._pending.popleft()
        return placed

    def _failed(self, error: Exception) -> UnwritableError:
        if isinstance(error, OSError) and not isinstance(error, FFmpegError):
            return unwritable(self.path, error)
        return UnwritableError(f"{self.path} cannot be written: {reason_of(error)}", "Nothing more is written to it.")


class _Appended:
    """What FFmpeg writes into: keeps the pieces for `take`, joined where one follows the other."""

    def __init__(self) -> None:
        self.name = "take"
        self.size = self._at = 0
        self._pieces: list[tuple[int, bytearray]] = []

    def write(self, data: bytes) -> int:
        if self._pieces and self._pieces[-1][0] + len(self._pieces[-1][1]) == self._at:
            self._pieces[-1][1].extend(data)
        else:
            self._pieces.append((self._at, bytearray(data)))
        self._at += len(data)
        self.size = max(self.size, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def take(self) -> list[tuple[int, bytearray]]:
        pieces, self._pieces = self._pieces, []
        return pieces
