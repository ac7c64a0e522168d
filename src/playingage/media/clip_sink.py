"""Frames into a clip: encoded, tagged, timed and named as the source was."""

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import IO, cast

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from playingage.core import PlayingAgeError, SettingError, UnwritableError
from playingage.frames import Frame
from playingage.media.audio import AudioCopy
from playingage.media.base import SinkBase
from playingage.media.pack import Packer
from playingage.media.ports import SourceInfo
from playingage.media.reasons import reason_of
from playingage.media.rules import ClipFormat, choose_format, clip_time_base
from playingage.media.staging import StagedFile, unwritable
from playingage.media.tags import tags_from_colour

_BUFFER = 1 << 20
_NOT_CARRIED = ("major_brand", "minor_version", "compatible_brands", "encoder", "timecode", "duration")
_MUXER = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}


class ClipSink(SinkBase):
    """A clip in .mp4, .mov or .mkv. See `choose_format` for the codec and `open_sink` for the arguments.

    `notes` says in words what the format does not keep.
    """

    def __init__(
        self,
        path: Path,
        like: SourceInfo,
        *,
        codec: str | None = None,
        overwrite: bool = False,
        audio_from: str | None = None,
        crf: int | None = None,
        preset: str | None = None,
        threads: int = 0,
    ) -> None:
        self._path, self._like = path, like
        self._suffix = path.suffix.lower()
        self._format = choose_format(self._suffix, like, codec=codec, crf=crf, preset=preset)
        rgb = self._format.codec == "ffv1"
        self._tags = tags_from_colour(like.colour, rgb=rgb, height=like.height)
        self._packer = Packer(self._format.pixel_format, self._tags)
        self._base = clip_time_base(like)
        self._written, self._done = 0, False
        self._last_tick = -1
        self._shift = Fraction(0)
        self._audio: AudioCopy | None = None
        self._file = StagedFile(path, overwrite=overwrite)
        try:
            self._container = self._begin()
            self._stream = self._add_video(threads)
            if audio_from is not None:
                self._audio = AudioCopy(audio_from, self._container, self._suffix)
            self._container.start_encoding()
        except BaseException as error:
            self.abandon()
            if isinstance(error, (FFmpegError, OSError, ValueError)):
                raise self._unfit(error) from error
            raise

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format does not keep, for a person."""
        like, notes = self._like, list(self._format.notes)
        if like.variable_rate and self._suffix == ".mkv":
            notes.append("Matroska rounds the times of a variable frame rate to milliseconds")
        if like.interlaced:
            notes.append("the source is interlaced; the clip is marked progressive")
        return tuple(notes)

    @property
    def format(self) -> ClipFormat:
        """The codec and pixel format chosen."""
        return self._format

    def write(self, frame: Frame) -> None:
        """Encode the next frame. Raises UnwritableError; the output is then gone."""
        if self._done:
            raise UnwritableError(f"{self._path}: is already finished", "Open a new output.")
        self._check(frame)
        try:
            picture = self._packer.pack(frame)
            if not self._written:
                self._shift = self._like.start + frame.seconds
            tick = self._tick(frame)
            picture.pts, picture.time_base = tick, self._base
            if not self._like.variable_rate:
                picture.duration = 1
            self._container.mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.copy_until(tick * self._base, self._shift)
        except (FFmpegError, OSError, ValueError) as error:
            self.abandon()
            raise self._failed(error) from error
        except BaseException:
            self.abandon()
            raise
        self._written, self._last_tick = self._written + 1, tick

    def finish(self) -> None:
        """Write what is pending, close the file and give it its name. Raises UnwritableError."""
        if self._done:
            return
        if not self._written:
            self.abandon()
            raise UnwritableError(f"{self._path}: no frame was written", "Nothing was left behind.")
        try:
            rest = self._stream.encode(None)
            for packet in rest if self._written <= 2 else ():
                packet.dts = packet.pts  # x265 4.1 leaves the decoding times of clips of 1 or 2 frames to chance
            self._container.mux(rest)
            if self._audio is not None:
                whole = self._written == self._like.frames
                self._audio.copy_until(None if whole else (self._last_tick + 1) * self._base, self._shift)
                self._audio.close()
            self._container.close()
        except (FFmpegError, OSError, ValueError) as error:
            self.abandon()
            raise self._failed(error) from error
        except BaseException:
            self.abandon()
            raise
        self._done = True
        self._file.commit()

    def abandon(self) -> None:
        """Remove everything that was begun; may be called twice. After `finish()` it does nothing."""
        if self._done:
            return
        self._done = True
        if self._audio is not None:
            self._audio.close()
        container = getattr(self, "_container", None)
        if container is not None:
            with contextlib.suppress(FFmpegError, OSError, ValueError):
                container.close()
        self._file.discard()

    def _begin(self) -> OutputContainer:
        like = self._like
        carried = {k: v for k, v in like.metadata if k not in _NOT_CARRIED}
        options: dict[str, str] = {}
        if self._suffix != ".mkv" and any(key.startswith("com.") for key in carried):
            options["movflags"] = "use_metadata_tags"
        if self._suffix != ".mkv" and like.variable_rate:
            options["video_track_timescale"] = str(self._base.denominator)
        container = av.open(
            cast(IO[bytes], self._file), "w", format=_MUXER[self._suffix], options=options, buffer_size=_BUFFER
        )
        container.metadata.update(carried)
        if like.timecode is not None:
            container.metadata["timecode"] = str(like.timecode)
        return container

    def _add_video(self, threads: int) -> VideoStream:
        like, form = self._like, self._format
        stream = self._container.add_stream(form.encoder, rate=like.rate, options=dict(form.options))
        if not isinstance(stream, VideoStream):
            raise AssertionError("a video encoder makes a video stream")
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = like.width, like.height, form.pixel_format
        context.time_base = self._base
        stream.time_base = self._base
        context.sample_aspect_ratio = like.sample_aspect
        context.color_primaries, context.color_trc = self._tags.primaries, self._tags.transfer
        context.colorspace, context.color_range = self._tags.matrix, self._tags.range
        context.thread_count = threads
        if form.tag:
            context.codec_tag = form.tag
        return stream

    def _tick(self, frame: Frame) -> int:
        if not self._like.variable_rate:
            return self._written
        tick = round((frame.seconds + self._like.start - self._shift) / self._base)
        if tick <= self._last_tick:
            raise ValueError(f"frame {frame.number} is not later than the one before it")
        return tick

    def _check(self, frame: Frame) -> None:
        like = self._like
        if (frame.width, frame.height) != (like.width, like.height):
            problem = f"frame {frame.number} is {frame.width}x{frame.height}, not {like.width}x{like.height}"
        elif (frame.pixels.dtype != np.uint8) != (like.bits > 8):
            problem = f"frame {frame.number} holds {frame.pixels.dtype}, which does not fit {like.bits} bits"
        else:
            return
        self.abandon()
        raise UnwritableError(f"{self._path}: {problem}", "All frames of an output must be alike.")

    def _unfit(self, error: BaseException) -> PlayingAgeError:
        if self._file.error is not None:
            return unwritable(self._path, self._file.error)
        return SettingError(
            f"{self._path}: {self._format.codec} cannot be set up for it: {reason_of(error)}",
            "Choose another codec or container; .mkv holds most audio.",
        )

    def _failed(self, error: BaseException) -> UnwritableError:
        cause = self._file.error or error
        if not isinstance(cause, Exception):
            raise cause
        return unwritable(self._path, cause, "" if self._file.error else reason_of(error))
