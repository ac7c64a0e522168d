"""Capture devices and network streams: pictures as they come, within time limits."""

import dataclasses
import logging
import time
from collections.abc import Callable
from fractions import Fraction
from urllib.parse import urlsplit

import av
from av import VideoFrame
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from playingage.core import SettingError, SourceLostError, Timecode, UnreadableError
from playingage.frames import Frame, Origin
from playingage.media.base import MAX_PIXELS, SourceBase, check_size
from playingage.media.counting import Faults, FrameCounter, Place, standard_rate
from playingage.media.deinterlace import Deinterlace, Deinterlacer, Shot
from playingage.media.describe import context_tags, describe, is_interlaced, picture_timecode
from playingage.media.labels import PairLabels, TimecodeChoice, TimecodeFrom, moved, rerated
from playingage.media.ltc_audio import LtcEar
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, is_timeout, reason_of
from playingage.media.shown import shown_address
from playingage.media.timing import Timing
from playingage.media.unpack import Unpacker, orientation, turn

log = logging.getLogger(__name__)
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
_WORDS = {
    "damaged": "damaged pictures are left out",
    "late": "pictures out of order are left out",
    "repeated": "pictures with the time of the one before are left out",
    "lost": "pictures are missing",
    "jumps": "its times break off and begin anew",
}


class StreamSource(SourceBase):
    """A network address or a capture device. What is damaged, late or twice there is left out and counted (`faults`).

    `captured` is the moment at which a picture's data had arrived, before it was decoded. Numbers follow the pictures'
    own times, so that what is missing shows as a gap. Size, depth and rate may change while it runs: `info` and the
    frames tell, and `info.generation` grows. A frame carries the timecode that came with it: in the picture (SEI), in
    the container, or as linear timecode in the audio where `timecode` asks for that; none where none came.
    An interlaced stream is deinterlaced as `deinterlace` says, which makes it a frame later.
    With `again`, for a source that was there before, it may be without the audio channel of the timecode.

    Raises SourceLostError when nothing comes for `timeout_s` seconds, at opening or in `read()`.
    """

    def __init__(
        self, address: str, *, timeout_s: float, threads: int = 0, accurate: bool = True,
        timecode: TimecodeChoice | None = None, deinterlace: Deinterlace = Deinterlace.AUTO, again: bool = False,
    ) -> None:
        self._name, self._timeout, self._again = shown_address(address), timeout_s, again
        self._scheme = urlsplit(address).scheme.lower()
        self._choice, self._way = timecode or TimecodeChoice(), deinterlace
        options = {**_COMMON, **_BY_SCHEME.get(self._scheme, {}), "protocol_whitelist": _PROTOCOLS}
        self._setup(lambda: av.open(address, options=options, timeout=(timeout_s, timeout_s)), threads, accurate)

    def _setup(self, opener: Callable[[], InputContainer], threads: int, accurate: bool) -> None:
        self._unpacker = Unpacker(accurate=accurate, threads=1)
        self._damaged, self._closed = 0, False
        self._told: set[str] = set()
        self._ready: list[Shot] = []
        self._filter: Deinterlacer | None = None
        self._interlaced = False
        self._arrived = time.monotonic()
        self._container = self._connect(opener)
        try:
            self._stream = self._video(threads)
            self._ear = self._listen()
            heard = self._ear.streams if self._ear is not None else ()
            self._packets = self._container.demux(self._stream, *heard)
            first = self._decode()
            if first is None:
                raise UnreadableError(f"{self._name}: ended before its first picture", "Check the address.")
            self._pending: Shot | None = first
            tick = self._stream.time_base or Fraction(1, 90000)
            self._counter = FrameCounter(self._rate() * (2 if self._doubles else 1), tick / 2)
            self._info = self._describe(first.picture)
            self._tag = self._info.timecode
            self._pairs = PairLabels(fields=self._doubles)
            seen = self._seen(first.picture)
            if seen is not None:
                self._info = dataclasses.replace(self._info, timecode=rerated(seen, self._counter.rate))
        except (ValueError, ArithmeticError) as error:
            self._container.close()
            raise UnreadableError(
                f"{self._name}: what it says of itself makes no sense: {error}", "Check the sender."
            ) from error
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

    def _listen(self) -> LtcEar | None:
        if self._choice.origin is not TimecodeFrom.LTC:
            return None
        try:
            return LtcEar(self._container.streams.audio, self._choice.channel, self._rate(), self._name)
        except SettingError as error:
            if not self._again:
                raise
            log.warning("%s", error.what)  # the picture is back, if without its timecode
            return None

    def _rate(self) -> Fraction:
        stream = self._stream
        said = (stream.average_rate, stream.codec_context.framerate, stream.guessed_rate, stream.base_rate)
        rates = [rate for rate in said if rate and 0 < rate <= 1000]
        known = (found for rate in rates if (found := standard_rate(rate)) is not None)
        return next(known, rates[0] if rates else Fraction(25))

    def _describe(self, picture: VideoFrame, generation: int = 0) -> SourceInfo:
        check_size(picture.width, picture.height, self._name)
        self._turns = orientation(picture)
        self._filtered = self._filter is not None
        self._form = (picture.width, picture.height, picture.format.name)
        timing = Timing(frames=None, rate=self._counter.rate, variable=False, end=None)
        way = self._way if self._filtered else None
        info = describe(self._name, self._container, self._stream, picture, timing, self._turns, self._header, way)
        return dataclasses.replace(info, generation=generation)

    @property
    def info(self) -> SourceInfo:
        """What is known of the stream now; its rate is what it announces or, where that is wrong, what is measured."""
        return self._info

    @property
    def faults(self) -> Faults:
        """What went wrong so far, counted."""
        return self._counter.faults + Faults(damaged=self._damaged)

    def read(self) -> Frame | None:
        """The next picture, or None at the end of what is sent over HTTP or TCP. Raises SourceLostError."""
        while not self._closed:
            shot, self._pending = self._pending, None
            if shot is None:
                shot = self._decode()
            if shot is None:
                if self._scheme in _ENDS:
                    self.close()
                    return None
                raise self._lost("the sender ended it")
            place = self._counter.take(shot.seconds, shot.arrived)
            self._tell()
            if place is None:
                continue
            try:
                self._follow(shot.picture)
                return self._frame(shot, place)
            except (FFmpegError, ValueError, ArithmeticError):  # damage that the decoder did not see
                self._damaged += 1
        return None

    def close(self) -> None:
        """Disconnect; may be called twice. Call it from the thread that reads."""
        if not self._closed:
            self._closed, self._pending = True, None
            self._container.close()

    def _decode(self) -> Shot | None:
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
                if self._filter is None:
                    return None
                rest, self._filter = self._filter.rest(), None
                if not rest:
                    return None
                self._ready += rest
                break
            if isinstance(packet.stream, AudioStream):
                self._hear(packet)
                continue
            self._arrived = time.monotonic()
            try:
                pictures = packet.decode()
            except av.error.EOFError:
                return None
            except (FFmpegError, ValueError):
                self._damaged += 1
                continue
            whole = [p for p in pictures if isinstance(p, VideoFrame) and not p.is_corrupt]
            self._damaged += len(pictures) - len(whole)
            for picture in whole:
                self._ready += self._made_whole(Shot(picture, self._time(picture), self._arrived))
        return self._ready.pop(0)

    @property
    def _doubles(self) -> bool:
        return self._filter is not None and self._way.doubles

    def _made_whole(self, shot: Shot) -> list[Shot]:
        """The picture, or those that are ready where it is to be deinterlaced. Once interlaced, a stream stays so."""
        picture = shot.picture
        if not self._interlaced:
            self._interlaced = is_interlaced(self._stream, picture)
        if not self._way.applies(self._interlaced):
            return [shot]
        rest: list[Shot] = []
        if self._filter is None or not self._filter.fits(picture):
            rest = self._filter.rest() if self._filter is not None else []
            self._filter = Deinterlacer(picture, self._way, self._stream.time_base)
        return rest + self._filter.take(shot)

    def _hear(self, packet: "av.Packet[Stream]") -> None:
        if self._ear is None:
            return
        try:
            for sound in packet.decode():
                if isinstance(sound, AudioFrame):
                    self._ear.hear(packet.stream.index, sound)
        except (FFmpegError, ValueError):  # damaged audio gives no labels; they are counted on
            return

    def _tell(self) -> None:
        """Log each kind of fault once a connection."""
        faults = self.faults
        for kind, words in _WORDS.items():
            if kind not in self._told and getattr(faults, kind):
                self._told.add(kind)
                log.warning("%s: %s (told once)", self._name, words)

    def _lost(self, why: str) -> SourceLostError:
        self.close()
        return SourceLostError(f"{self._name}: lost: {why}", "It is tried again in live; check sender and network.")

    def _time(self, picture: VideoFrame) -> Fraction | None:
        base = self._stream.time_base
        return None if picture.pts is None or base is None else picture.pts * base

    def _follow(self, picture: VideoFrame) -> None:
        """Take up another size, depth or rate."""
        before, rate = self._info, self._counter.rate
        if (
            (picture.width, picture.height, picture.format.name) == self._form and rate == before.rate
            and self._filtered == (self._filter is not None)
        ):
            return
        found = self._describe(picture, before.generation + 1)
        label = None if before.timecode is None else rerated(before.timecode, rate)
        self._info = dataclasses.replace(found, timecode=label)
        if rate != before.rate:
            self._tag = None if self._tag is None else rerated(self._tag, rate)
            if self._ear is not None:
                self._ear.clock.rerate(rate)
        log.warning(
            "%s: is now %dx%d, %d bits, %.6g frames a second; was %dx%d, %d bits, %.6g", self._name, found.width,
            found.height, found.bits, found.rate, before.width, before.height, before.bits, before.rate,
        )

    def _seen(self, picture: VideoFrame) -> Timecode | None:
        """The timecode in the picture itself, where that is asked for."""
        if self._choice.origin not in (TimecodeFrom.AUTO, TimecodeFrom.SOURCE):
            return None
        rate = self._counter.rate / 2 if self._doubles else self._counter.rate
        return picture_timecode(picture, rate, self._stream.codec_context.framerate)

    def _label(self, shot: Shot, place: Place) -> Timecode | None:
        if self._ear is not None:
            return None if shot.seconds is None else self._ear.clock.at(float(shot.seconds))
        seen = self._pairs.label(self._seen(shot.picture), self._counter.rate)
        if seen is None and self._tag is not None and self._choice.origin is not TimecodeFrom.FREE:
            seen = moved(self._tag, place.number)
        return seen

    def _frame(self, shot: Shot, place: Place) -> Frame:
        info, picture = self._info, shot.picture
        turns, mirror = self._turns
        pixels, alpha = self._unpacker.unpack(picture, info.colour)
        if turns or mirror:
            pixels, alpha = turn(pixels, turns, mirror), None if alpha is None else turn(alpha, turns, mirror)
        return Frame(
            pixels=pixels,
            alpha=alpha,
            number=place.number,
            rate=info.rate,
            colour=info.colour,
            bits=info.bits,
            pts=None if shot.seconds is None else place.seconds,
            timecode=self._label(shot, place),
            origin=Origin(name=self._name),
            captured=shot.arrived,
        )


class DeviceSource(StreamSource):
    """A V4L2 capture device, `/dev/videoN` with optional `?size=1280x720&format=mjpeg`.

    The driver can block without limit: use it inside `GuardedSource`.
    """

    def __init__(
        self, address: str, *, timeout_s: float, rate: Fraction | None = None, threads: int = 0, accurate: bool = True,
        timecode: TimecodeChoice | None = None, deinterlace: Deinterlace = Deinterlace.AUTO,
    ) -> None:
        path, wishes = device_wishes(address)
        self._name, self._timeout, self._scheme = address, timeout_s, "device"
        self._again = False
        self._choice, self._way = timecode or TimecodeChoice(), deinterlace
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
