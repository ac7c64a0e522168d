"""When a clip's frames are shown: their number, exact rate, and whether that rate is constant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from playingage.core import check_rate

_HIDDEN = ("vp8", "vp9", "av1", "mpeg4", "msmpeg4v2", "msmpeg4v3")
"""Codecs whose packets may hold no picture, so that packets do not count frames."""
_ROUNDED = Fraction(1, 50_000)
"""Relative error of a rate that a container rounded; whole and NTSC rates differ fifty times as much."""
_LENGTH = re.compile(r"^(\d+):(\d\d):(\d\d\.\d+)$")
_SLACK = 1.5
"""Ticks of the time base by which a constant rate's times may be rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """frames: how many packets hold a picture to show, None where packets do not tell.

    rate: frames a second, exact where constant, else the average. end: time in seconds at which the last frame starts,
    after the first; None where unknown. first: presentation time of the first frame in ticks, where known.
    """

    frames: int | None
    rate: Fraction
    variable: bool
    end: Fraction | None
    first: int | None = None


def clip_timing(name: str, container: InputContainer, stream: VideoStream) -> Timing:
    """The timing of a clip: from its index where that shows a constant rate, else by going once through its packets."""
    base = stream.time_base or Fraction(1, 1000)
    candidates = [r for r in (stream.average_rate, stream.guessed_rate, stream.base_rate) if r and 0 < r <= 1000]
    index = stream.index_entries
    if stream.frames > 1 and len(index) == stream.frames:
        decoding = sorted(entry.timestamp for entry in index if not entry.is_discard)
        timing = timing_of(decoding, base, candidates)
        if not timing.variable and stream.codec_context.name not in _HIDDEN:
            return replace(timing, first=stream.start_time)
    ticks = sorted(_scan(name, container, stream.index))
    timing = timing_of(ticks, base, candidates, counted=stream.codec_context.name not in _HIDDEN)
    promised = _promised(stream)
    if promised is None or timing.end is None:
        return timing
    return replace(timing, end=max(timing.end, promised - Fraction(3, 2) / timing.rate))


def _promised(stream: VideoStream) -> Fraction | None:
    """The length in seconds that a Matroska file's tag promises for the stream; its index does not tell."""
    parts = _LENGTH.match(stream.metadata.get("DURATION", ""))
    if parts is None:
        return None
    hours, minutes, seconds = (Fraction(part) for part in parts.groups())
    return (hours * 60 + minutes) * 60 + seconds


def timing_of(ticks: Sequence[int], base: Fraction, candidates: Sequence[Fraction], *, counted: bool = True) -> Timing:
    """The timing of frames shown at sorted `ticks` of `base` seconds; `candidates` are rates that the file names.

    Raises ValueError for times that make no sense.
    """
    if base <= 0:
        raise ValueError(f"a time base of {base} seconds")
    frames = len(ticks) if counted and ticks else None
    end = (ticks[-1] - ticks[0]) * base if ticks else None
    first = ticks[0] if ticks else None
    for rate in (*map(snapped, candidates), *candidates):
        if is_constant(ticks, base, rate):
            return Timing(frames=frames, rate=rate, variable=False, end=end, first=first)
    if len(ticks) < 2 or not end:
        alone = snapped(candidates[0]) if candidates else Fraction(24)
        return Timing(frames=frames, rate=alone, variable=False, end=end, first=first)
    average = check_rate((Fraction(len(ticks) - 1) / end).limit_denominator(1001))
    variable = not is_constant(ticks, base, average)
    return Timing(frames=frames, rate=average, variable=variable, end=end, first=first)


def doubled(timing: Timing) -> Timing:
    """The timing of a clip of which each frame is made two pictures."""
    frames = None if timing.frames is None else 2 * timing.frames
    end = None if timing.end is None else timing.end + 1 / timing.rate / 2
    return replace(timing, frames=frames, rate=2 * timing.rate, end=end)


def snapped(rate: Fraction) -> Fraction:
    """The whole number or NTSC rate (n * 1000/1001) that `rate` is a rounding of, else `rate` itself."""
    whole = round(rate)
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    return next((r for r in (Fraction(whole), ntsc) if r and abs(r - rate) < rate * _ROUNDED), rate)


def is_constant(ticks: Sequence[int], base: Fraction, rate: Fraction) -> bool:
    """Whether frames at sorted `ticks` of `base` seconds stand on the grid of `rate`, but for rounding to ticks."""
    if len(ticks) < 2:
        return True
    since = np.asarray(ticks, np.float64) - ticks[0]
    grid = np.arange(len(ticks)) / float(rate * base)
    return bool(np.abs(since - grid).max() <= _SLACK)


def _scan(name: str, container: InputContainer, index: int) -> list[int]:
    """Presentation times of the packets of stream `index`, in the file's order, from a second opening of the file."""
    ticks: list[int] = []
    with av.open(name, options=dict(container.options)) as second:
        for packet in second.demux(second.streams[index]):
            tick = packet.pts if packet.pts is not None else packet.dts
            if tick is not None and packet.size and not packet.is_discard:
                ticks.append(tick)
    return ticks
