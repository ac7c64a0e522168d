"""Interlaced pictures made whole ones, by FFmpeg's bwdif."""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import av
from av import VideoFrame
from av.filter import Graph

from playingage.core import SettingError, UnreadableError
from playingage.media.reasons import FFmpegError, reason_of


class Deinterlace(Enum):
    """AUTO: where the stream says that it is interlaced. FIELDS: likewise, but a picture of each field. ON: always."""

    AUTO = "auto"
    FIELDS = "fields"
    ON = "on"
    OFF = "off"

    @classmethod
    def parse(cls, text: str) -> "Deinterlace":
        """Read the option. Raises SettingError."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise SettingError(f"deinterlacing {text!r} is not known", "Use auto, fields, on or off.") from None

    def applies(self, interlaced: bool) -> bool:
        """Whether pictures of a stream are to be deinterlaced that says it is interlaced, or not."""
        return self is Deinterlace.ON or (interlaced and self is not Deinterlace.OFF)

    @property
    def doubles(self) -> bool:
        """Whether there are two pictures a frame."""
        return self is Deinterlace.FIELDS

    @property
    def words(self) -> str:
        """How it is done, for people and records."""
        return f"bwdif, a picture a {'field' if self.doubles else 'frame'}"


@dataclass(frozen=True, slots=True)
class Shot:
    """A decoded picture, its own time in seconds where it has one, and the moment it arrived."""

    picture: VideoFrame
    seconds: Fraction | None
    arrived: float


class Deinterlacer:
    """Gives a picture for each frame or field, one frame late, as each needs the frame after it.

    It stays with the size and pixel format of its first picture; `fits` tells whether another goes in.
    """

    def __init__(self, first: VideoFrame, way: Deinterlace, time_base: Fraction | None) -> None:
        self._way, self._base = way, time_base or Fraction(1, 90000)
        self._form = (first.width, first.height, first.format.name)
        self._arrived: deque[tuple[Fraction, float]] = deque(maxlen=8)
        self._count, self._timed = 0, True
        base, form = self._base, first.format.name
        self._graph = Graph()
        self._graph.threads = 1
        entry = self._graph.add(
            "buffer",
            f"video_size={first.width}x{first.height}:pix_fmt={form}:time_base={base.numerator}/{base.denominator}"
            f":pixel_aspect=1/1:colorspace={first.colorspace}:range={first.color_range}",
        )
        bwdif = self._graph.add(
            "bwdif",
            f"mode={'send_field' if way.doubles else 'send_frame'}:parity=auto"
            f":deint={'all' if way is Deinterlace.ON else 'interlaced'}",
        )
        back = self._graph.add("format", f"pix_fmts={form}")  # packed formats go through planar ones, without loss
        self._exit = self._graph.add("buffersink")
        self._entry = entry
        self._graph.link_nodes(entry, bwdif, back, self._exit).configure()

    def fits(self, picture: VideoFrame) -> bool:
        """Whether the picture has the size and format that this one was made for."""
        return (picture.width, picture.height, picture.format.name) == self._form

    def take(self, shot: Shot) -> list[Shot]:
        """The pictures that are ready now that this one came."""
        self._timed = shot.seconds is not None
        if shot.picture.pts is None:
            shot.picture.pts = self._count
        self._count += 1
        self._arrived.append((shot.picture.pts * self._base, shot.arrived))
        self._entry.push(shot.picture)
        return self._pull()

    def rest(self) -> list[Shot]:
        """The last pictures, after the last one came."""
        self._entry.push(None)
        return self._pull()

    def _pull(self) -> list[Shot]:
        ready: list[Shot] = []
        while True:
            try:
                picture = self._exit.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return ready
            except FFmpegError as error:
                raise UnreadableError(f"deinterlacing failed: {reason_of(error)}", "Leave it off.") from error
            if not isinstance(picture, VideoFrame):
                raise AssertionError("a graph of pictures gives pictures")
            seconds = (picture.pts or 0) * (picture.time_base or self._base)
            ready.append(Shot(picture, seconds if self._timed else None, self._moment(seconds)))

    def _moment(self, seconds: Fraction) -> float:
        """When the picture at that time arrived; a second field, half a frame after its first."""
        best = self._arrived[0]
        for known in self._arrived:
            if known[0] <= seconds:
                best = known
        return best[1] + float(max(seconds - best[0], Fraction(0)))
