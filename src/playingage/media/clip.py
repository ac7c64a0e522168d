"""A clip in a file, read in order, every frame or an error.

Damage is reported where container or decoder can see it; flipped bits that still make sense to a codec without
checksums cannot be seen by anybody.
"""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFrame
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from playingage.core import Timecode, UnreadableError
from playingage.frames import Frame, Origin
from playingage.media.base import MAX_PIXELS, SourceBase, check_size
from playingage.media.deinterlace import Deinterlace, Deinterlacer, Shot
from playingage.media.describe import context_tags, describe, is_interlaced, picture_timecode
from playingage.media.labels import Counting, PairLabels, TimecodeChoice, TimecodeFrom, moved, rerated
from playingage.media.ltc_audio import LtcTrack
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, reason_of
from playingage.media.timing import Timing, clip_timing, doubled
from playingage.media.unpack import Unpacker, orientation, turn

_LOCAL = {"protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}
"""A file on disk may not make us open network addresses (a playlist could)."""
_SEARCHED_S = 10
"""Seconds of audio searched for linear timecode when a clip is opened."""


class ClipSource(SourceBase):
    """A file's best video stream as upright RGB frames.

    Raises UnreadableError at once for what is no clip, and from `read()` naming the frame for one that is damaged or
    cut off. `threads` decode (0: one per core). With `accurate=False` chroma is not interpolated (8-bit clips convert
    about four times faster). A frame carries the timecode of the container, else that in the pictures (SEI); or linear
    timecode in the audio where `timecode` asks for that. Interlaced clips are deinterlaced as `deinterlace` says.
    """

    def __init__(
        self, path: Path, *, threads: int = 0, accurate: bool = True, timecode: TimecodeChoice | None = None,
        deinterlace: Deinterlace = Deinterlace.OFF,
    ) -> None:
        self._path, self._threads = path, threads
        self._name = str(path)
        self._choice, self._way = timecode or TimecodeChoice(), deinterlace
        self._track: LtcTrack | None = None
        self._unpacker = Unpacker(accurate=accurate, threads=1)
        self._number = 0
        self._ended = False
        self._container, self._stream = self._open()
        try:
            self._timing = self._scan()
            first = self._decode()
            if first is None:
                raise UnreadableError(f"{self._name}: holds no frame that can be decoded", "Check that it is complete.")
            self._pending: Shot | None = first
            self._start = self._last = first.seconds
            self._turns = orientation(first.picture)
            filtered = self._filter is not None
            if filtered and self._way.doubles:
                self._timing = doubled(self._timing)
            self._info = describe(
                self._name, self._container, self._stream, first.picture, self._timing, self._turns, self._header,
                self._way if filtered else None,
            )
            self._start_labels(first)
        except (ValueError, ArithmeticError) as error:
            self.close()
            raise UnreadableError(
                f"{self._name} cannot be read: what it says of itself makes no sense: {error}", "The file is damaged."
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> SourceInfo:
        """What is known of the clip."""
        return self._info

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises UnreadableError naming the frame that cannot be decoded."""
        if self._ended:
            return None
        shot, self._pending = self._pending, None
        if shot is None:
            shot = self._decode()
        if shot is None:
            self._ended = True
            self._check_complete()
            return None
        return self._frame(shot)

    def skip(self, count: int) -> None:
        """Pass over the next `count` frames: every one is decoded, none converted. Raises as `read` does."""
        for _ in range(count):
            shot, self._pending = self._pending, None
            shot = shot or (None if self._ended else self._decode())
            if shot is None:
                return  # the next `read` says whether the clip is complete
            if shot.seconds is not None:
                self._last = shot.seconds
            self._label(shot)
            self._number += 1

    def rewind(self) -> None:
        """Start again at the first frame."""
        self.close()
        self._counting, self._pairs = Counting(), PairLabels(fields=self._doubles)
        if self._choice.origin is TimecodeFrom.LTC:
            self._track = self._open_track()
        self._container, self._stream = self._open()
        self._number, self._ended, self._pending = 0, False, None

    def close(self) -> None:
        """Close the file; may be called twice. Reading then gives None."""
        self._ended = True
        self._pending = None
        self._container.close()
        if self._track is not None:
            self._track.close()

    def _open_track(self) -> LtcTrack:
        return LtcTrack(self._path, self._choice.channel, self._timing.rate)

    def _start_labels(self, first: Shot) -> None:
        """Find out where timecode comes from, and the first frame's."""
        self._counting, self._pairs = Counting(), PairLabels(fields=self._doubles)
        self._tag = self._info.timecode if self._choice.origin is not TimecodeFrom.LTC else None
        notes, found = self._info.notes, self._tag
        if self._choice.origin is TimecodeFrom.LTC:
            self._track = self._open_track()
            found = self._track.at(self._seconds(first))
            if found is None:
                self._track.read_until(self._seconds(first) + _SEARCHED_S)
            heard, channel = self._track.ear.clock.seen, self._track.ear.channel
            notes = (
                *notes, f"timecode: linear timecode of audio channel {channel}" if heard
                else f"timecode: none was read on the audio in the first {_SEARCHED_S} seconds",
            )
        elif found is None:
            found = self._seen(first.picture)
            found = None if found is None else rerated(found, self._timing.rate)
            notes = (*notes, "timecode: of the pictures (SEI)") if found is not None else notes
        origin = "ltc" if self._track is not None and self._track.ear.clock.seen else "source"
        self._info = replace(
            self._info, timecode=found, notes=notes, timecode_from="" if found is None else origin
        )

    def _seconds(self, shot: Shot) -> float:
        return float(self._number / self._timing.rate if shot.seconds is None else shot.seconds)

    def _seen(self, picture: VideoFrame) -> Timecode | None:
        rate = self._timing.rate / 2 if self._doubles else self._timing.rate
        return picture_timecode(picture, rate, self._stream.codec_context.framerate)

    @property
    def _doubles(self) -> bool:
        return bool(self._info.deinterlaced) and self._way.doubles

    def _label(self, shot: Shot) -> Timecode | None:
        if self._tag is not None:
            return moved(self._tag, self._number)
        if self._track is not None:
            seen = self._track.at(self._seconds(shot))
        else:
            seen = self._pairs.label(self._seen(shot.picture), self._timing.rate)
        return self._counting.label(seen, self._number, self._timing.rate)

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if not self._path.is_file():
            kind = "is not a file" if self._path.exists() else "does not exist"
            raise UnreadableError(f"{self._name} {kind}", "Check the path.")
        try:
            container = av.open(self._name, options=dict(_LOCAL))
        except (FFmpegError, OSError, ValueError) as error:
            raise UnreadableError(
                f"{self._name} cannot be read: {reason_of(error)}", "Check that it is a complete picture or clip."
            ) from error
        try:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream):
                raise UnreadableError(f"{self._name}: has no video that can be read", "Give a complete clip.")
            context = stream.codec_context
            if context is None:  # PyAV's types do not say so
                raise UnreadableError(f"{self._name}: no decoder knows its codec", "Convert it with another tool.")
            check_size(context.width, context.height, self._name)
            self._header = context_tags(stream)
            context.options = {"max_pixels": str(MAX_PIXELS)}
            context.thread_count = self._threads
            context.thread_type = "AUTO"
        except BaseException:
            container.close()
            raise
        self._packets = container.demux(stream)
        self._decoded: list[VideoFrame] = []
        self._ready: list[Shot] = []
        self._filter: Deinterlacer | None = None
        return container, stream

    def _scan(self) -> Timing:
        try:
            return clip_timing(self._name, self._container, self._stream)
        except FFmpegError as error:
            raise UnreadableError(
                f"{self._name} cannot be read to its end: {reason_of(error)}", "It is damaged; mend or copy it anew."
            ) from error

    def _decode(self) -> Shot | None:
        """The next picture, deinterlaced where that is asked for."""
        while not self._ready:
            picture = self._decode_next()
            if picture is None:
                if self._filter is None:
                    return None
                rest, self._filter = self._filter.rest(), None
                self._ready += rest
                if not rest:
                    return None
                break
            base = self._stream.time_base
            seconds = None if picture.pts is None or base is None else picture.pts * base
            self._ready += self._made_whole(Shot(picture, seconds, 0.0))
        return self._ready.pop(0)

    def _made_whole(self, shot: Shot) -> list[Shot]:
        if self._number == 0 and self._filter is None and self._way.applies(is_interlaced(self._stream, shot.picture)):
            self._filter = Deinterlacer(shot.picture, self._way, self._stream.time_base)
        if self._filter is None:
            return [shot]
        if not self._filter.fits(shot.picture):
            raise self._damaged(f"the picture changes to {shot.picture.width}x{shot.picture.height}")
        return self._filter.take(shot)

    def _decode_next(self) -> VideoFrame | None:
        while not self._decoded:
            try:
                packet: Packet[VideoStream] | None = next(self._packets, None)
                if packet is None:
                    return None
                if packet.is_corrupt:
                    raise self._damaged("the file is damaged there")
                self._decoded = list(packet.decode())
            except (av.error.EOFError, StopIteration):
                return None
            except (FFmpegError, ValueError) as error:
                raise self._damaged(reason_of(error)) from error
        picture = self._decoded.pop(0)
        if picture.is_corrupt:
            raise self._damaged("its data is damaged")
        return picture

    def _damaged(self, reason: str) -> UnreadableError:
        self._ended = True
        return UnreadableError(
            f"{self._name}: frame {self._number} cannot be decoded: {reason}",
            f"The {self._number} frames before it are good; copy the file anew from its original.",
        )

    def _check_complete(self) -> None:
        """Raise if the container promises frames after the last one decoded."""
        timing, last = self._timing, self._last
        base = self._stream.time_base or Fraction(1)
        first = timing.first * base if timing.first is not None else self._start
        if timing.end is None or last is None or first is None:
            return
        missing = timing.end - (last - first)
        if missing > Fraction(1, 2) / timing.rate:
            raise self._damaged(f"the file is cut off or damaged, {float(missing):.3g} s before its end")

    def _frame(self, shot: Shot) -> Frame:
        info, number, picture = self._info, self._number, shot.picture
        turns, mirror = self._turns
        width, height = (picture.height, picture.width) if turns % 2 else (picture.width, picture.height)
        if (width, height) != (info.width, info.height):
            raise self._damaged(f"the picture changes to {width}x{height} from {info.width}x{info.height}")
        pixels, alpha = self._unpacker.unpack(picture, info.colour)
        if turns or mirror:
            pixels, alpha = turn(pixels, turns, mirror), None if alpha is None else turn(alpha, turns, mirror)
        pts: Fraction | None = None
        if info.variable_rate and shot.seconds is not None and self._start is not None:
            pts = shot.seconds - self._start
        if shot.seconds is not None:
            self._last = shot.seconds
        label = self._label(shot)
        self._number += 1
        return Frame(
            pixels=pixels,
            alpha=alpha,
            number=number,
            rate=info.rate,
            colour=info.colour,
            bits=info.bits,
            pts=pts,
            timecode=label,
            origin=Origin(name=self._name, reel=dict(info.metadata).get("reel_name", "")),
        )
