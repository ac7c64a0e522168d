"""Capture devices and network streams: pictures as they come, within time limits."""

import time
from collections.abc import Callable
from fractions import Fraction
from urllib.parse import urlsplit

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from playingage.core import SourceLostError, UnreadableError
from playingage.frames import Frame, Origin
from playingage.media.base import MAX_PIXELS, SourceBase, check_size
from playingage.media.describe import context_tags, describe
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, is_timeout, reason_of
from playingage.media.timing import Timing
from playingage.media.unpack import Unpacker, orientation, turn

_COMMON = {"flags": "low_delay", "analyzeduration": "1000000"}
_BY_SCHEME: dict[str, dict[str, str]] = {
    "rtsp": {"rtsp_transport": "tcp"},
    "rtsps": {"rtsp_transport": "tcp"},
    "udp": {"fifo_size": "50000", "overrun_nonfatal": "1", "reuse": "1"},
    "rtmp": {"rtmp_live": "live"},
    "rtmps": {"rtmp_live": "live"},
}
_ENDS = ("http", "https", "tcp")
"""Schemes whose end of data is an end, as of a file; for others it is a loss."""
_PROTOCOLS = "rtp,udp,tcp,tls,rtsp,rtmp,rtmpt,rtmps,rtmpts,http,https,httpproxy,crypto"


class StreamSource(SourceBase):
    """A network address or a capture device. Damaged pictures are left out and counted in `damaged`.

    `captured` is the moment at which a picture's data had arrived, before it was decoded. Raises SourceLostError when
    nothing comes for `timeout_s` seconds, at opening or in `read()`.
    """

    def __init__(self, address: str, *, timeout_s: float, threads: int = 0, accurate: bool = True) -> None:
        self._name, self._timeout = address, timeout_s
        self._scheme = urlsplit(address).scheme.lower()
        options = {**_COMMON, **_BY_SCHEME.get(self._scheme, {}), "protocol_whitelist": _PROTOCOLS}
        self._setup(lambda: av.open(address, options=options, timeout=(timeout_s, timeout_s)), threads, accurate)

    def _setup(self, opener: Callable[[], InputContainer], threads: int, accurate: bool) -> None:
        self._unpacker = Unpacker(accurate=accurate, threads=1)
        self.damaged = 0
        self._number, self._closed = 0, False
        self._ready: list[VideoFrame] = []
        self._arrived = time.monotonic()
        self._container = self._connect(opener)
        try:
            self._stream = self._video(threads)
            self._packets = self._container.demux(self._stream)
            first = self._decode()
            if first is None:
                raise UnreadableError(f"{self._name}: ended before its first picture", "Check the address.")
            self._pending: VideoFrame | None = first
            self._first_tick = first.pts
            self._turns = orientation(first)
            self._info = describe(
                self._name, self._container, self._stream, first, self._timing(), self._turns, self._header
            )
        except BaseException:
            self._container.close()
            raise

    def _connect(self, opener: Callable[[], InputContainer]) -> InputContainer:
        try:
            return opener()
        except (FFmpegError, OSError, ValueError) as error:
            if isinstance(error, av.error.InvalidDataError):
                raise UnreadableError(
                    f"{self._name}: what it sends is no picture stream", "Check the address."
                ) from error
            late = is_timeout(error)
            why = f"no answer within {self._timeout:g} s" if late else reason_of(error)
            raise SourceLostError(f"{self._name}: {why}", "Check the address and that the sender runs.") from error

    def _video(self, threads: int) -> VideoStream:
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise UnreadableError(f"{self._name}: has no video that can be read", "Check the address.")
        context = stream.codec_context
        if context is None:  # PyAV's types do not say so
            raise UnreadableError(f"{self._name}: no decoder knows its codec", "Have it sent as H.264.")
        check_size(context.width, context.height, self._name)
        self._header = context_tags(stream)
        context.options = {"max_pixels": str(MAX_PIXELS)}
        context.thread_count = threads
        context.thread_type = "SLICE"
        return stream

    def _timing(self) -> Timing:
        stream = self._stream
        rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
        rate = next((r for r in rates if r and 0 < r <= 1000), Fraction(25))
        return Timing(frames=None, rate=rate, variable=False, end=None)

    @property
    def info(self) -> SourceInfo:
        """What is known of the stream; its rate is what it announces."""
        return self._info

    def read(self) -> Frame | None:
        """The next picture, or None at the end of what is sent over HTTP or TCP. Raises SourceLostError."""
        if self._closed:
            return None
        picture, self._pending = self._pending, None
        if picture is None:
            picture = self._decode()
        if picture is None:
            if self._scheme in _ENDS:
                self.close()
                return None
            raise self._lost("the sender ended it")
        return self._frame(picture)

    def close(self) -> None:
        """Disconnect; may be called twice. Call it from the thread that reads."""
        if not self._closed:
            self._closed, self._pending = True, None
            self._container.close()

    def _decode(self) -> VideoFrame | None:
        until = time.monotonic() + self._timeout
        while not self._ready:
            if time.monotonic() > until:
                raise self._lost(f"no whole picture for {self._timeout:g} s")
            try:
                packet = next(self._packets, None)
            except av.error.EOFError:
                return None
            except (FFmpegError, OSError) as error:
                late = is_timeout(error)
                raise self._lost(f"nothing came for {self._timeout:g} s" if late else reason_of(error)) from error
            if packet is None:
                return None
            self._arrived = time.monotonic()
            try:
                pictures = packet.decode()
            except av.error.EOFError:
                return None
            except (FFmpegError, ValueError):
                self.damaged += 1
                continue
            whole = [p for p in pictures if not p.is_corrupt]
            self.damaged += len(pictures) - len(whole)
            self._ready.extend(whole)
        return self._ready.pop(0)

    def _lost(self, why: str) -> SourceLostError:
        self.close()
        return SourceLostError(f"{self._name}: lost: {why}", "It is tried again in live; check sender and network.")

    def _frame(self, picture: VideoFrame) -> Frame:
        info = self._info
        turns, mirror = self._turns
        size = (picture.height, picture.width) if turns % 2 else (picture.width, picture.height)
        if size != (info.width, info.height):
            raise self._lost(f"the picture changed to {size[0]}x{size[1]}")
        pixels, alpha = self._unpacker.unpack(picture, info.colour)
        if turns or mirror:
            pixels, alpha = turn(pixels, turns, mirror), None if alpha is None else turn(alpha, turns, mirror)
        pts: Fraction | None = None
        if picture.pts is not None and self._first_tick is not None and self._stream.time_base:
            pts = (picture.pts - self._first_tick) * self._stream.time_base
        number = self._number
        self._number += 1
        return Frame(
            pixels=pixels,
            alpha=alpha,
            number=number,
            rate=info.rate,
            colour=info.colour,
            bits=info.bits,
            pts=pts,
            timecode=None if info.timecode is None else info.timecode + number,
            origin=Origin(name=self._name),
            captured=self._arrived,
        )


class DeviceSource(StreamSource):
    """A V4L2 capture device, `/dev/videoN` with optional `?size=1280x720&format=mjpeg`.

    The driver can block without limit: use it inside `GuardedSource`.
    """

    def __init__(
        self, address: str, *, timeout_s: float, rate: Fraction | None = None, threads: int = 0, accurate: bool = True
    ) -> None:
        path, wishes = device_wishes(address)
        self._name, self._timeout, self._scheme = address, timeout_s, "device"
        options = dict(wishes)
        if rate is not None:
            options["framerate"] = f"{rate.numerator}/{rate.denominator}"
        self._setup(
            lambda: av.open(path, format="v4l2", options=options, timeout=(timeout_s, timeout_s)), threads, accurate
        )


def device_wishes(address: str) -> tuple[str, dict[str, str]]:
    """A device's path and FFmpeg's options for what is asked of it. Raises UnreadableError for unknown wishes."""
    path, _, query = address.partition("?")
    wishes: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        if key not in ("size", "format") or not value:
            raise UnreadableError(f"{address}: {part!r} is not known", "Use size=1280x720 and format=mjpeg.")
        wishes["video_size" if key == "size" else "input_format"] = value
    return path, wishes
