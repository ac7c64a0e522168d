"""What a file holds, stream by stream."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.stream import Stream
from av.video.stream import VideoStream

from playingage.core import UnreadableError
from playingage.media.address import Kind, kind_of
from playingage.media.opening import open_source
from playingage.media.ports import SourceInfo
from playingage.media.reasons import FFmpegError, reason_of


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """One stream. `rate`: frames or samples a second; size in pixels; `channels` of audio; `duration` in seconds."""

    index: int
    kind: str
    codec: str
    profile: str = ""
    rate: Fraction | None = None
    width: int | None = None
    height: int | None = None
    pixel_format: str = ""
    channels: int | None = None
    layout: str = ""
    bit_rate: int | None = None
    duration: Fraction | None = None
    language: str = ""
    timecode: str = ""

    def __str__(self) -> str:
        parts = [f"{self.index}: {self.kind} {self.codec}" + (f" ({self.profile})" if self.profile else "")]
        if self.width:
            parts.append(f"{self.width}x{self.height} {self.pixel_format}")
        if self.rate:
            unit = "Hz" if self.kind == "audio" else "frames a second"
            parts.append(f"{float(self.rate):.6g} {unit}")
        parts += [text for text in (self.layout, self.language, self.timecode) if text]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReport:
    """What Playing Age reads of a file, and all streams in it (none for pictures)."""

    info: SourceInfo
    streams: tuple[StreamInfo, ...]


def inspect_media(path: str | Path) -> MediaReport:
    """Look into a clip, picture or sequence. Raises UnreadableError, as opening it would."""
    with open_source(str(path)) as source:
        info = source.info
    if kind_of(str(path)) is not Kind.CLIP:
        return MediaReport(info=info, streams=())
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            return MediaReport(info=info, streams=tuple(_stream(s) for s in container.streams))
    except FFmpegError as error:
        raise UnreadableError(f"{path} cannot be read: {reason_of(error)}", "Check that it is complete.") from error


def _stream(stream: Stream) -> StreamInfo:
    tags = {k.lower(): v for k, v in stream.metadata.items()}
    language = tags.get("language", "")
    plain = StreamInfo(
        index=stream.index,
        kind=stream.type,
        codec=stream.name or ("timecode" if "timecode" in tags else "unknown"),
        language="" if language == "und" else language,
        timecode=tags.get("timecode", ""),
        duration=None if stream.duration is None or stream.time_base is None else stream.duration * stream.time_base,
    )
    if isinstance(stream, VideoStream):
        video = stream.codec_context
        return replace(
            plain,
            codec=video.name,
            profile=stream.profile or "",
            rate=stream.average_rate or stream.guessed_rate,
            width=video.width,
            height=video.height,
            pixel_format=video.pix_fmt or "",
            bit_rate=stream.bit_rate,
        )
    if isinstance(stream, AudioStream):
        audio = stream.codec_context
        return replace(
            plain,
            codec=audio.name,
            profile=stream.profile or "",
            rate=Fraction(audio.sample_rate),
            channels=audio.layout.nb_channels,
            layout=audio.layout.name,
            bit_rate=audio.bit_rate,
        )
    return plain
