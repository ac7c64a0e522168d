"""Frames into pictures: one file, or a numbered sequence."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from av import CodecContext, VideoFrame
from av.video.codeccontext import VideoCodecContext

from playingage.core import SettingError, UnwritableError
from playingage.frames import Frame
from playingage.media.address import SequenceName
from playingage.media.base import SinkBase
from playingage.media.comments import with_comment
from playingage.media.pack import Packer
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, reason_of
from playingage.media.staging import StagedFolder, check_target, no_such_choice, unwritable, write_whole
from playingage.media.tags import RawTags, tags_from_colour

_ENCODERS = {".png": "png", ".jpg": "mjpeg", ".jpeg": "mjpeg", ".tif": "tiff", ".tiff": "tiff"}
WRITTEN_SUFFIXES = tuple(_ENCODERS)
_JPEG_QUANTISER = 2
"""FFmpeg's finest useful JPEG quantiser: about quality 95."""
_LAMBDA = 118
"""FFmpeg's lambda of one quantiser step (FF_QP2LAMBDA)."""


class PictureEncoder:
    """Encodes frames as PNG or TIFF (8 bits, or 16 for deeper frames) or JPEG (8 bits, 4:4:4)."""

    def __init__(self, suffix: str, like: SourceInfo) -> None:
        if suffix not in _ENCODERS:
            raise no_such_choice("the picture suffix", suffix, WRITTEN_SUFFIXES)
        self._encoder = _ENCODERS[suffix]
        self._jpeg = self._encoder == "mjpeg"
        deep, alpha = like.bits > 8 and not self._jpeg, like.alpha and not self._jpeg
        self.pixel_format = _form(self._encoder, deep, alpha)
        tags = tags_from_colour(like.colour, rgb=not self._jpeg, height=like.height)
        if self._jpeg:
            tags = RawTags(primaries=tags.primaries, transfer=tags.transfer, matrix=5, range=2)
        self._tags, self._packer = tags, Packer(self.pixel_format, tags)
        notes = []
        if self._jpeg and like.bits > 8:
            notes.append(f"{like.bits} bits are reduced to 8 in JPEG")
        elif like.floating:
            notes.append("floating-point pictures are limited to 0..1 and stored with 16 bits")
        if self._jpeg and like.alpha:
            notes.append("JPEG does not keep alpha")
        self.notes = tuple(notes)

    def encode(self, frame: Frame) -> bytes:
        """The bytes of a picture file."""
        picture = self._packer.pack(frame)
        context = self._context(picture)
        if self._jpeg:
            context.qscale = True
            context.global_quality = _JPEG_QUANTISER * _LAMBDA
            picture.pts = 0
        return b"".join(bytes(p) for p in [*context.encode(picture), *context.encode(None)])

    def _context(self, picture: VideoFrame) -> VideoCodecContext:
        context = CodecContext.create(self._encoder, "w")
        if not isinstance(context, VideoCodecContext):
            raise AssertionError("a picture encoder makes a video context")
        context.width, context.height, context.pix_fmt = picture.width, picture.height, picture.format.name
        context.time_base = Fraction(1, 24)
        context.color_primaries, context.color_trc = self._tags.primaries, self._tags.transfer
        context.colorspace, context.color_range = self._tags.matrix, self._tags.range
        if self._encoder == "tiff":
            context.options = {"compression_algo": "deflate"}
        elif self._encoder == "png":
            context.options = {"pred": "paeth", "compression_level": "1"}
        return context


def _form(encoder: str, deep: bool, alpha: bool) -> str:
    if encoder == "mjpeg":
        return "yuvj444p"
    if encoder == "png":
        return ("rgba64be" if alpha else "rgb48be") if deep else ("rgba" if alpha else "rgb24")
    return ("rgba64le" if alpha else "rgb48le") if deep else ("rgba" if alpha else "rgb24")


class _Pictures(SinkBase):
    """What both picture sinks share: the encoder and the check that frames are alike."""

    def __init__(self, path: Path, suffix: str, like: SourceInfo) -> None:
        self._path, self._like = path, like
        self._encoder = PictureEncoder(suffix, like)
        self._done = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What the format does not keep, for a person."""
        return self._encoder.notes

    def _bytes(self, frame: Frame) -> bytes:
        if self._done:
            raise UnwritableError(f"{self._path}: is already finished", "Open a new output.")
        like = self._like
        problem = ""
        if (frame.width, frame.height) != (like.width, like.height):
            problem = f"frame {frame.number} is {frame.width}x{frame.height}, not {like.width}x{like.height}"
        elif (frame.pixels.dtype != np.uint8) != (like.bits > 8):
            problem = f"frame {frame.number} holds {frame.pixels.dtype}, which does not fit {like.bits} bits"
        if problem:
            self.abandon()
            raise UnwritableError(f"{self._path}: {problem}", "All frames of an output must be alike.")
        comment = dict(like.metadata).get("comment", "")
        try:
            data = self._encoder.encode(frame)
            return with_comment(data, comment) if comment else data
        except (FFmpegError, ValueError) as error:
            self.abandon()
            raise unwritable(self._path, error, reason_of(error)) from error


class PictureSink(_Pictures):
    """One picture in one file; takes exactly one frame."""

    def __init__(self, path: Path, like: SourceInfo, *, overwrite: bool = False) -> None:
        if like.frames != 1:
            raise SettingError(
                f"{path} holds one picture, the source has {'no end' if like.frames is None else like.frames}",
                "Name a sequence as out.%04d.png or a clip as out.mp4.",
            )
        check_target(path, overwrite=overwrite)
        super().__init__(path, path.suffix.lower(), like)
        self._overwrite = overwrite
        self._data: bytes | None = None

    def write(self, frame: Frame) -> None:
        """Take the frame. Raises UnwritableError for a second one."""
        if self._data is not None:
            raise UnwritableError(f"{self._path} holds one picture and was given a second", "Write a sequence.")
        self._data = self._bytes(frame)

    def finish(self) -> None:
        """Write the file under its name."""
        if self._done:
            return
        self._done = True
        if self._data is None:
            raise UnwritableError(f"{self._path}: no frame was written", "Nothing was left behind.")
        write_whole(self._path, self._data, overwrite=self._overwrite)

    def abandon(self) -> None:
        """Forget the picture."""
        self._done, self._data = True, None


class SequenceSink(_Pictures):
    """Numbered pictures: frame n becomes picture `first_number` + n.

    They are gathered in a hidden folder beside and moved at `finish()`; with `publish_each` every picture takes its
    final name as soon as it is complete, so that an interrupted render can go on, and `abandon()` leaves finished ones.
    """

    def __init__(
        self, name: SequenceName, like: SourceInfo, *, first_number: int, overwrite: bool = False,
        publish_each: bool = False,
    ) -> None:
        if first_number < 0:
            raise SettingError(f"the first picture's number {first_number} is negative", "Count from 0 or more.")
        super().__init__(Path(str(name)), Path(name.suffix).suffix.lower() or name.suffix.lower(), like)
        self._name, self._first, self._overwrite = name, first_number, overwrite
        self._new_folder = not name.folder.exists()
        check_target(name.folder, overwrite=True)
        if not overwrite and not publish_each and not self._new_folder:
            self._refuse_existing()
        self._staged: StagedFolder | None = None
        if publish_each:
            self._make_folder()
        else:
            self._staged = StagedFolder(name.folder)
        self._written: set[int] = set()

    def _refuse_existing(self) -> None:
        for file in self._name.folder.iterdir():
            if self._name.number(file.name) is not None:
                raise UnwritableError(f"{file} is already there", "Choose another name or allow overwriting.")

    def _make_folder(self) -> None:
        try:
            self._name.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self._name.folder, error) from error

    def write(self, frame: Frame) -> None:
        """Encode the frame to its own file. Raises UnwritableError."""
        if frame.number in self._written:
            self.abandon()
            raise UnwritableError(f"{self._path}: frame {frame.number} was given twice", "Give each frame once.")
        data = self._bytes(frame)
        target = self._name.path(self._first + frame.number)
        if self._staged is not None:
            target = self._staged.path / target.name
        try:
            write_whole(target, data, overwrite=self._overwrite)
        except UnwritableError:
            self.abandon()
            raise
        self._written.add(frame.number)

    def finish(self) -> None:
        """Give all pictures their final names."""
        if self._done:
            return
        if not self._written:
            self.abandon()
            raise UnwritableError(f"{self._path}: no frame was written", "Nothing was left behind.")
        self._done = True
        if self._staged is not None:
            self._staged.publish(self._name.folder)

    def abandon(self) -> None:
        """Remove what was begun; may be called twice."""
        if self._done:
            return
        self._done = True
        if self._staged is not None:
            self._staged.discard()
