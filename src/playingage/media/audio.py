"""Audio of a source file, copied packet by packet into the written clip."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from playingage.core import SettingError, UnreadableError
from playingage.media.reasons import FFmpegError, reason_of

_HOLDS = {
    ".mp4": ("aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac"),
    ".mov": ("aac", "mp3", "mp2", "ac3", "eac3", "alac", "pcm_"),
    ".mkv": ("",),
}
"""Beginnings of the names of audio codecs that a container takes and players expect in it."""


def holds_audio(suffix: str, codec: str) -> bool:
    """Whether audio of FFmpeg's `codec` can be copied into a clip with `suffix`."""
    return codec.startswith(_HOLDS[suffix])


class AudioCopy:
    """Copies all audio streams of file `name` into `output`, moved so that the video's first written frame is at 0."""

    def __init__(self, name: str, output: OutputContainer, suffix: str) -> None:
        self._name = name
        self._output = output
        self._primes = suffix != ".mkv"
        """Whether the packet before the first frame, by which AAC is primed, can be kept (by an edit list)."""
        try:
            self._container: InputContainer = av.open(name, options={"protocol_whitelist": "file"})
        except FFmpegError as error:
            raise UnreadableError(f"{name}: its audio cannot be read: {reason_of(error)}", "Drop the audio.") from error
        try:
            self._streams = {s.index: self._add(s, suffix) for s in self._container.streams.audio}
        except BaseException:
            self.close()
            raise
        self._packets: Iterator[Packet[Stream]] = self._container.demux(*self._container.streams.audio)
        self._waiting: Packet[Stream] | None = None

    def _add(self, stream: AudioStream, suffix: str) -> Stream:
        codec = stream.codec_context.name
        try:
            if not holds_audio(suffix, codec):
                raise ValueError(codec)
            added = self._output.add_stream_from_template(stream)
        except (FFmpegError, ValueError) as error:
            raise SettingError(
                f"{suffix} does not hold the source's {codec} audio", "Write a .mkv or .mov, or drop the audio."
            ) from error
        added.metadata.update({k: v for k, v in stream.metadata.items() if k in ("language", "title")})
        return added

    def copy_until(self, end: Fraction | None, shift: Fraction) -> None:
        """Copy the packets that start before `end` seconds of the written clip (None: all that is left).

        `shift` is the source's time in seconds of the clip's first frame; audio before it is left out.
        """
        while (packet := self._next()) is not None:
            base = packet.time_base
            tick = packet.pts if packet.pts is not None else packet.dts
            if tick is None:
                continue
            since = tick * base - shift
            if end is not None and since >= end:
                self._waiting = packet
                return
            ends = since + (packet.duration or 0) * base
            if ends < 0 or (ends == 0 and not self._primes):
                continue
            moved = round(shift / base)
            if packet.pts is not None:
                packet.pts -= moved
            if packet.dts is not None:
                packet.dts -= moved
            packet.stream = self._streams[packet.stream.index]
            self._output.mux_one(packet)

    def _next(self) -> Packet[Stream] | None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            return waiting
        try:
            return next(self._packets, None)
        except FFmpegError as error:
            raise UnreadableError(
                f"{self._name}: its audio is damaged: {reason_of(error)}", "Drop the audio, or mend the file."
            ) from error

    def close(self) -> None:
        """Close the source file; may be called twice."""
        self._container.close()
