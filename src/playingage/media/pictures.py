"""Single pictures and image sequences, each file decoded by itself."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from av import CodecContext, Packet, VideoFrame

from playingage.core import UnreadableError
from playingage.frames import Colour, Frame, Origin, Pixels
from playingage.media.base import MAX_PIXELS, SourceBase, check_size
from playingage.media.comments import comment_of
from playingage.media.exif import orientation_of
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, reason_of
from playingage.media.tags import colour_from_tags
from playingage.media.unpack import Unpacker, layout_of, orientation, raw_tags, turn

STILL_RATE = Fraction(24)
"""Frames a second of pictures where nothing else is said."""
_MAX_BYTES = 1 << 31
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "mjpeg"), (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"),
    (b"\x76\x2f\x31\x01", "exr"), (b"SDPX", "dpx"), (b"XPDS", "dpx"), (b"BM", "bmp"),
)


def decode_picture(path: Path) -> tuple[VideoFrame, str, tuple[int, bool]]:
    """A picture file as FFmpeg decodes it, the codec's name, and how to turn it (see `exif.TURNS`).

    Raises UnreadableError with path and reason.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableError(f"{path}: is larger than 2 GB", "Give a picture.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadableError(f"{path} does not exist", "Check the path.") from error
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}", "Check the path and your rights.") from error
    codec = _codec_of(data)
    if codec is None:
        raise UnreadableError(
            f"{path} is not a picture: its content is not PNG, JPEG, TIFF, EXR, DPX, WebP or BMP" if data else
            f"{path} is empty", "Check the file.",
        )
    if codec == "mjpeg" and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise UnreadableError(f"{path} cannot be decoded: it is cut off", "Copy it anew.")
    if codec == "png" and len(data) > 24:
        check_size(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"), str(path))
    context = CodecContext.create(codec, "r")
    context.options = {"max_pixels": str(MAX_PIXELS)}
    try:
        frames = context.decode(Packet(data)) or context.decode(None)  # type: ignore[attr-defined]
    except (FFmpegError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be decoded: {reason_of(error)}", "Check that it is complete.") from error
    if not frames or frames[0].is_corrupt:
        raise UnreadableError(f"{path} cannot be decoded: it is damaged or cut off", "Copy it anew.")
    check_size(frames[0].width, frames[0].height, str(path))
    return frames[0], codec, orientation_of(data) or orientation(frames[0])


def _codec_of(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((codec for magic, codec in _MAGIC if data.startswith(magic)), None)


class PictureSource(SourceBase):
    """Pictures in files, one frame each, in the given order.

    Raises UnreadableError for a picture that cannot be decoded or differs in size or kind from the first.
    """

    def __init__(
        self, paths: Sequence[Path], *, name: str = "", rate: Fraction | None = None, first_number: int | None = None
    ) -> None:
        if not paths:
            raise ValueError("a picture source needs at least one path")
        self._paths = tuple(paths)
        self._number, self._closed = 0, False
        self._unpacker = Unpacker(threads=1)
        first, codec, turned = decode_picture(paths[0])
        self._pending: tuple[VideoFrame, tuple[int, bool]] | None = (first, turned)
        self._info = self._describe(first, codec, name or str(paths[0]), rate or STILL_RATE, first_number, turned)

    @property
    def info(self) -> SourceInfo:
        """What is known of the pictures; the first one speaks for all."""
        return self._info

    def read(self) -> Frame | None:
        """The next picture as a frame, or None at the end."""
        if self._closed or self._number >= len(self._paths):
            return None
        path, info, number = self._paths[self._number], self._info, self._number
        pending, self._pending = self._pending, None
        if pending is None:
            picture, _, turned = decode_picture(path)
        else:
            picture, turned = pending
        pixels, alpha = self._upright(picture, info.colour, turned)
        height, width = pixels.shape[:2]
        if (width, height) != (info.width, info.height):
            raise UnreadableError(
                f"{path}: is {width}x{height}, the first picture is {info.width}x{info.height}", "Make them alike."
            )
        if layout_of(picture.format.name).bits != info.bits or (alpha is not None) != info.alpha:
            raise UnreadableError(
                f"{path}: is {picture.format.name}, the first picture is {info.pixel_format}", "Make them alike."
            )
        self._number += 1
        return Frame(
            pixels=pixels,
            alpha=alpha,
            number=number,
            rate=info.rate,
            colour=info.colour,
            bits=info.bits,
            origin=Origin(name=str(path)),
        )

    def skip(self, count: int) -> None:
        """Pass over the next `count` pictures without reading them."""
        if count > 0:
            self._number, self._pending = min(self._number + count, len(self._paths)), None

    def rewind(self) -> None:
        """Start again at the first picture."""
        self._number, self._closed, self._pending = 0, False, None

    def close(self) -> None:
        """May be called twice; reading then gives None."""
        self._closed, self._pending = True, None

    def _upright(
        self, picture: VideoFrame, colour: Colour, turned: tuple[int, bool]
    ) -> tuple[Pixels, Pixels | None]:
        pixels, alpha = self._unpacker.unpack(picture, colour)
        turns, mirror = turned
        if turns or mirror:
            return turn(pixels, turns, mirror), None if alpha is None else turn(alpha, turns, mirror)
        return pixels, alpha

    def _describe(
        self, first: VideoFrame, codec: str, name: str, rate: Fraction, first_number: int | None,
        turned: tuple[int, bool],
    ) -> SourceInfo:
        layout = layout_of(first.format.name)
        colour, notes = colour_from_tags(
            raw_tags(first), rgb=layout.rgb, floating=layout.floating, height=first.height, still=True
        )
        turns, mirror = turned
        if turns or mirror:
            notes.append(f"stored pictures are turned by {turns * 90} degrees{' and mirrored' if mirror else ''}")
        width, height = (first.height, first.width) if turns % 2 else (first.width, first.height)
        comment = comment_of(self._paths[0].read_bytes())
        return SourceInfo(
            name=name,
            width=width,
            height=height,
            rate=rate,
            colour=colour,
            bits=layout.bits,
            pixel_format=first.format.name,
            codec=codec,
            container="picture" if first_number is None else "sequence",
            frames=len(self._paths),
            duration=len(self._paths) / rate,
            rotation=turns * 90,
            alpha=layout.alpha,
            floating=layout.floating,
            metadata=(("comment", comment),) if comment else (),
            first_number=first_number,
            notes=tuple(notes),
        )
