"""`open_source` and `open_sink`: from an address to the right adapter, by rules that can be read here."""

from fractions import Fraction
from functools import partial
from pathlib import Path

from playingage.core import SettingError
from playingage.media.address import PICTURE_SUFFIXES, Kind, SequenceName, kind_of, sequence_in
from playingage.media.clip import ClipSource
from playingage.media.clip_sink import ClipSink
from playingage.media.deinterlace import Deinterlace
from playingage.media.guarded import GuardedSource
from playingage.media.labelled import LabelledSource
from playingage.media.labels import TimecodeChoice, TimecodeFrom
from playingage.media.pacing import PacedSource
from playingage.media.pattern import PatternSettings, PatternSource
from playingage.media.picture_sink import WRITTEN_SUFFIXES, PictureSink, SequenceSink
from playingage.media.pictures import PictureSource
from playingage.media.ports import Source, SourceInfo
from playingage.media.reconnect import ReconnectingSource
from playingage.media.rules import CLIP_SUFFIXES
from playingage.media.stream import DeviceSource, StreamSource

TIMEOUT_S = 10.0


def open_source(
    address: str,
    *,
    realtime: bool = False,
    loop: bool = False,
    rate: Fraction | None = None,
    timeout_s: float = TIMEOUT_S,
    threads: int = 0,
    accurate: bool = True,
    timecode: str = "auto",
    deinterlace: str | None = None,
) -> Source:
    """Open anything that gives frames.

    address: a clip; a picture; a sequence (`shot.%04d.png`, `shot.####.png` or a folder of numbered pictures); a
        capture device (`/dev/video0`); an rtsp, rtmp, http, udp, rtp or tcp address;
        `pattern:WIDTHxHEIGHT@RATE?frames=N`.
    realtime: pace a file by its times as a camera would; frames then carry `captured`. A device or stream comes back by
        itself after a loss (`ReconnectingSource`). loop: start a file again at its end.
    rate: frames a second for pictures (24 if not given) and the wish to a device; a clip has its own.
    timeout_s: the longest that opening and each read of a device or network address may take, in seconds.
    threads: decoding threads, 0 for one per core. accurate: interpolate chroma and round exactly.
    timecode: `source`, what comes with the pictures; `ltc` or `ltc:CHANNEL`, linear timecode on an audio channel, from
        1; `free`, the time of day counted at the source's rate; `auto`, the source's where it has one, else free for
        devices and streams. The info's notes say which it is.
    deinterlace: `auto`, where the source says it is interlaced; `fields`, likewise but a picture of each field; `on`,
        always; `off`. By default auto for devices, streams and what is played in real time, off for other footage.

    Raises UnreadableError, SourceLostError (no answer in time) or SettingError. Never blocks for ever.
    """
    if timeout_s <= 0:
        raise SettingError(f"a time limit of {timeout_s} seconds makes no sense", "Give more than 0.")
    kind, choice = kind_of(address), TimecodeChoice.parse(timecode)
    live_kind = kind in (Kind.STREAM, Kind.DEVICE)
    way = Deinterlace.parse(deinterlace or ("auto" if realtime or live_kind else "off"))
    if way in (Deinterlace.ON, Deinterlace.FIELDS) and kind not in (Kind.CLIP, Kind.STREAM, Kind.DEVICE):
        raise SettingError(f"{address}: a {kind.value} has no fields", "Leave deinterlacing out.")
    if rate is not None and kind in (Kind.CLIP, Kind.STREAM):
        raise SettingError(f"{address}: a {kind.value} has its own rate", "Leave the rate out.")
    if kind is Kind.PATTERN:
        pattern = PatternSource(PatternSettings.parse(address), address)
        _check_timecode(choice, address, kind, realtime)
        paced: Source = PacedSource(pattern, loop=loop, paced=realtime) if realtime or loop else pattern
        return LabelledSource(paced, choice) if choice.origin is TimecodeFrom.FREE else paced
    if live_kind:
        _check_timecode(choice, address, kind, True)
        opener = partial(_live, address, kind, rate, timeout_s, threads, accurate, choice, way)
        if not realtime:
            return LabelledSource(opener(), choice)
        again = partial(opener, again=True)
        return LabelledSource(ReconnectingSource(opener, ends=kind is Kind.STREAM, again=again), choice)
    _check_timecode(choice, address, kind, realtime)
    stored = _stored(address, kind, rate, threads, accurate, choice, way)
    played: Source = PacedSource(stored, loop=loop, paced=realtime) if realtime or loop else stored
    return LabelledSource(played, choice) if choice.origin is TimecodeFrom.FREE else played


def _check_timecode(choice: TimecodeChoice, address: str, kind: Kind, realtime: bool) -> None:
    if choice.origin is TimecodeFrom.FREE and not realtime:
        raise SettingError(f"{address}: timecode runs free only in live", "Take its own, or leave timecode out.")
    if choice.origin is TimecodeFrom.LTC and kind not in (Kind.CLIP, Kind.STREAM):
        raise SettingError(f"{address}: a {kind.value} has no audio to read linear timecode from", "Take another.")


def open_stored(
    address: str, *, rate: Fraction | None = None, threads: int = 0, accurate: bool = True, timecode: str = "auto",
    deinterlace: str = "off",
) -> ClipSource | PictureSource:
    """As `open_source`, for clips, pictures and sequences alone; what it returns can `skip`. Raises likewise."""
    kind = kind_of(address)
    if kind not in (Kind.CLIP, Kind.PICTURE, Kind.SEQUENCE, Kind.FOLDER):
        raise SettingError(f"{address}: is no stored footage", "Give a file or a sequence.")
    choice = TimecodeChoice.parse(timecode)
    _check_timecode(choice, address, kind, False)
    return _stored(address, kind, rate, threads, accurate, choice, Deinterlace.parse(deinterlace))


def _live(
    address: str, kind: Kind, rate: Fraction | None, timeout_s: float, threads: int, accurate: bool,
    choice: TimecodeChoice, way: Deinterlace, again: bool = False,
) -> Source:
    if kind is Kind.STREAM:
        return StreamSource(
            address, timeout_s=timeout_s, threads=threads, accurate=accurate, timecode=choice, deinterlace=way,
            again=again,
        )
    device = partial(
        DeviceSource, address, timeout_s=timeout_s, rate=rate, threads=threads, accurate=accurate, timecode=choice,
        deinterlace=way,
    )
    return GuardedSource(device, name=address, timeout_s=timeout_s)


def _stored(
    address: str, kind: Kind, rate: Fraction | None, threads: int, accurate: bool, choice: TimecodeChoice,
    way: Deinterlace,
) -> ClipSource | PictureSource:
    path = Path(address)
    if kind is Kind.PICTURE:
        return PictureSource([path], rate=rate)
    if kind is Kind.CLIP:
        return ClipSource(path, threads=threads, accurate=accurate, timecode=choice, deinterlace=way)
    name = sequence_in(path) if kind is Kind.FOLDER else SequenceName.parse(address)
    numbers = name.numbers()
    return PictureSource([name.path(n) for n in numbers], name=str(name), rate=rate, first_number=numbers[0])


def open_sink(
    path: str | Path,
    like: SourceInfo,
    *,
    codec: str | None = None,
    overwrite: bool = False,
    audio: bool = True,
    crf: int | None = None,
    preset: str | None = None,
    threads: int = 0,
    first_number: int | None = None,
    publish_each: bool = False,
) -> ClipSink | PictureSink | SequenceSink:
    """Open an output for frames as in `like`: the source's info, with `bits`, `alpha` and size as the frames have them.

    path: a clip (.mp4, .mov, .mkv), a picture (.png, .jpg, .tif), a sequence (`out.%04d.png`, `out.####.tif`) or a
        folder (name without suffix; pictures are then `NAME/NAME.%06d.png`).
    codec: h264, hevc, prores or ffv1; by default the suffix and the depth choose (see `choose_format`).
    audio: copy the audio of `like.name` where it is a file with audio. crf, preset: for h264 and hevc.
    first_number: number of a sequence's first picture (default: as in the source, else 1).
    publish_each: a sequence's pictures take their names one by one, for renders that go on later.

    Existing output is refused unless `overwrite`. Raises SettingError or UnwritableError. The sink's `notes` say what
    the format does not keep.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in CLIP_SUFFIXES:
        source = like.name if audio and like.audio and Path(like.name).is_file() else None
        return ClipSink(
            target, like, codec=codec, overwrite=overwrite, audio_from=source, crf=crf, preset=preset, threads=threads
        )
    if codec is not None or crf is not None or preset is not None:
        raise SettingError(f"{target}: codec, crf and preset are for clips", f"Use {', '.join(CLIP_SUFFIXES)}.")
    first = first_number if first_number is not None else 1 if like.first_number is None else like.first_number
    if not suffix:
        name = SequenceName(target, f"{target.name}.", 6, ".png")
    elif suffix in WRITTEN_SUFFIXES and ("%" in target.name or "#" in target.name):
        name = SequenceName.parse(str(path))
    elif suffix in WRITTEN_SUFFIXES:
        return PictureSink(target, like, overwrite=overwrite)
    else:
        known = (*CLIP_SUFFIXES, *WRITTEN_SUFFIXES)
        readable = " (it can be read, not written)" if suffix in PICTURE_SUFFIXES else ""
        raise SettingError(f"{target}: {suffix} cannot be written{readable}", f"Use one of {', '.join(known)}.")
    return SequenceSink(name, like, first_number=first, overwrite=overwrite, publish_each=publish_each)
