"""Linear timecode out of the audio of a file or stream."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from playingage.core import SettingError, Timecode, UnreadableError
from playingage.media.labels import LtcClock
from playingage.media.ltc import LtcDecoder
from playingage.media.reasons import FFmpegError, reason_of

_MOST_CHANNELS = 64
_AHEAD_S = 0.5
"""Seconds of audio read beyond a picture of a file, so that the codeword over it is known."""


class LtcEar:
    """Listens to audio frames, in one channel, or in all until one of them gives labels.

    channel: from 1, counted over all audio `streams`. rate: the pictures'. Raises SettingError where the source, `name`
    in words, has no such channel.
    """

    def __init__(self, streams: Sequence[AudioStream], channel: int | None, rate: Fraction, name: str) -> None:
        self.clock = LtcClock(rate)
        self.channel: int | None = None
        self._decoders: dict[tuple[int, int], tuple[int, LtcDecoder]] = {}
        number = 0
        for stream in streams:
            context = stream.codec_context
            if context is None:  # PyAV's types do not say so
                continue
            for place in range(context.layout.nb_channels):
                number += 1
                if channel in (None, number) and number <= _MOST_CHANNELS:
                    self._decoders[stream.index, place] = (number, LtcDecoder(context.sample_rate))
        if not self._decoders:
            some = f"has {number} audio channel{'s'[: number != 1]}, not {channel}" if number else "has no audio"
            raise SettingError(f"{name}: {some}: no linear timecode can be read", "Choose another --timecode.")
        self.streams = tuple(s for s in streams if any(index == s.index for index, _ in self._decoders))
        self.heard = float("-inf")
        """The time up to which audio was taken, in seconds."""

    def hear(self, stream: int, frame: AudioFrame) -> None:
        """Take a frame of the stream with that index."""
        if frame.pts is None or frame.time_base is None:
            return
        start = float(frame.pts * frame.time_base)
        self.heard = max(self.heard, start + frame.samples / frame.sample_rate)
        planes: NDArray[np.float32] | None = None
        for (index, place), (number, decoder) in tuple(self._decoders.items()):
            if index != stream:
                continue
            if planes is None:
                planes = channels_of(frame)
            if place >= len(planes):
                continue
            words = decoder.feed(planes[place], start)
            if words and self.channel in (None, number):
                if self.channel is None:
                    self.channel = number
                    self._decoders = {(index, place): (number, decoder)}
                self.clock.add(words)


def channels_of(frame: AudioFrame) -> NDArray[np.float32]:
    """The samples as channels x samples, full scale 1.0."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        return np.ascontiguousarray((samples.astype(np.float32) - 128) / 128)
    if samples.dtype.kind == "i":
        return np.ascontiguousarray(samples.astype(np.float32) / float(1 << 8 * samples.dtype.itemsize - 1))
    return np.ascontiguousarray(samples, np.float32)


class LtcTrack:
    """The linear timecode in a file's audio, read along with the pictures and a little ahead of them."""

    def __init__(self, path: Path, channel: int | None, rate: Fraction) -> None:
        try:
            self._container = av.open(str(path), options={"protocol_whitelist": "file"})
        except FFmpegError as error:
            raise UnreadableError(f"{path}: its audio cannot be read: {reason_of(error)}", "Mend the file.") from error
        try:
            self.ear = LtcEar(self._container.streams.audio, channel, rate, str(path))
            self._packets = self._container.demux(self.ear.streams)
        except BaseException:
            self._container.close()
            raise
        self._over = False

    def at(self, seconds: float) -> Timecode | None:
        """The label of the picture at that time of the file; the times asked for must grow."""
        self.read_until(seconds + _AHEAD_S)
        return self.ear.clock.at(seconds)

    def read_until(self, seconds: float) -> None:
        """Read audio up to that time of the file."""
        while not self._over and self.ear.heard < seconds:
            packet = next(self._packets, None)
            if packet is None:
                self._over = True
                return
            try:
                for frame in packet.decode():
                    self.ear.hear(packet.stream.index, frame)
            except av.error.EOFError:
                continue
            except FFmpegError:  # damaged audio gives no labels; the pictures count on
                continue

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._over = True
        self._container.close()
