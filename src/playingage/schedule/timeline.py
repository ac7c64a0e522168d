"""Timelines in OpenTimelineIO: clips, and markers that begin scenes, become scenes and shots with frame ranges."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from playingage.core import SettingError, Timecode, check_rate
from playingage.schedule.faults import Fault, ScheduleError
from playingage.schedule.model import Part, Scene, Schedule, Shot, same
from playingage.schedule.names import tidy
from playingage.schedule.script import Imported

if TYPE_CHECKING:
    import opentimelineio as otio

_NAME = re.compile(
    r"(?:SC(?:ENE)?[ _-]?)?(?P<scene>\d{1,4}[A-Z]{0,3})[ _/-]+(?:SH(?:OT)?[ _-]?)?(?P<shot>[A-Z]{1,3}|\d{1,4}[A-Z]?)"
    r"(?:[ _/-]+(?:T(?:K|AKE)?[ _-]?)?(?P<take>\d{1,3}))?(?:\.[A-Z0-9]{2,4})?", re.IGNORECASE,
)
_MARKER = re.compile(r"(?:SC(?:ENE)?[ .:_-]*)(?P<scene>[\w.\-]{1,32})\b.*", re.IGNORECASE)
_NTSC = (24, 30, 48, 60, 120)
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class _Piece:
    """A clip: its name; when it begins in the timeline, in seconds; first frame and length of its source."""

    name: str
    begins: float
    first: int
    frames: int
    rate: Fraction


def name_pattern(text: str | None) -> re.Pattern[str]:
    """How clips are named: a regular expression with groups `scene` and `shot`. Raises SettingError."""
    if text is None:
        return _NAME
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise SettingError(f"--clips {text!r} is no regular expression: {error}") from error
    if "scene" not in pattern.groupindex:
        raise SettingError(f"--clips {text!r} has no group named scene",
                           r"Write it like '(?P<scene>\d+)(?P<shot>[A-Z])'.")
    return pattern


def import_timeline(text: str, file: str, cast: Mapping[str, str], pattern: re.Pattern[str]) -> Imported:
    """Scenes and shots of a timeline's JSON. Raises ScheduleError, SettingError without the extra `otio`."""
    timeline = _timeline(text, file)
    markers = sorted(_markers(timeline))
    shots: dict[str, tuple[str, dict[str, Shot]]] = {scene.casefold(): (scene, {}) for _, scene in markers}
    left, joined = [], []
    for piece in sorted(_pieces(timeline, file), key=lambda piece: piece.begins):
        place = _place(piece, pattern, markers)
        if place is None:
            left.append(piece.name or "without a name")
            continue
        scene, shot = place
        _, known = shots.setdefault(same(scene), (scene, {}))
        made = _shot(piece, shot)
        if same(shot) in known:
            joined.append(f"{scene} {shot}")
            made = _joined(known[same(shot)], made)
        known[same(shot)] = made
    listed = tuple(Scene(id=scene, details=tuple(known.values())) for scene, known in shots.values())
    remarks = [_many("clips whose names tell no scene and shot, left out", left),
               _many("shots that come more than once, from their first frame to their last", joined)]
    parts = tuple(Part(character=tidy(name), performer=performer) for name, performer in cast.items())
    return Imported(schedule=Schedule(listed=listed, cast=parts), remarks=tuple(filter(None, remarks)))


def _timeline(text: str, file: str) -> "otio.schema.Timeline":
    try:
        import opentimelineio as otio
    except ImportError as error:
        raise SettingError("timelines need the extra `otio`", "Install it: pip install 'playingage[otio]'") from error
    try:
        found: Any = otio.core.deserialize_json_from_string(text)
    except Exception as error:  # the library's own kinds share no root
        raise _error(file, f"is no timeline of OpenTimelineIO: {tidy(str(error))}") from error
    if not isinstance(found, otio.schema.Timeline):
        raise _error(file, f"holds a {type(found).__name__}, not a timeline")
    return found


def _pieces(timeline: "otio.schema.Timeline", file: str) -> Iterator[_Piece]:
    """Clips of the picture tracks that are in use."""
    import opentimelineio as otio

    for track in timeline.video_tracks():
        for clip in track.find_clips():
            if not clip.enabled:
                continue
            try:
                range_ = clip.trimmed_range()
                begins = clip.transformed_time(range_.start_time, timeline.tracks).to_seconds()
            except (otio.exceptions.OTIOError, ValueError, NotImplementedError) as error:
                raise _error(file, f"clip {clip.name!r} has no usable range: {tidy(str(error))}") from error
            rate = _rate(range_.duration.rate, clip.name, file)
            start, frames = range_.start_time.rescaled_to(range_.duration.rate).value, range_.duration.value
            if not (math.isfinite(start) and math.isfinite(frames) and 1 <= frames < 10**9 and 0 <= start < 10**9):
                raise _error(file, f"clip {clip.name!r} begins at frame {start:g} and has {frames:g} frames")
            yield _Piece(clip.name, begins, round(start), round(frames), rate)


def _markers(timeline: "otio.schema.Timeline") -> Iterator[tuple[float, str]]:
    """Where scenes begin, in seconds of the timeline: markers named `Scene 12` on it or on its tracks."""
    for owner in (timeline.tracks, *timeline.video_tracks()):
        for marker in owner.markers:
            named = _MARKER.fullmatch(tidy(marker.name))
            if named:
                yield marker.marked_range.start_time.to_seconds(), named["scene"]


def _place(
    piece: _Piece, pattern: re.Pattern[str], markers: list[tuple[float, str]]
) -> tuple[str, str] | None:
    """Scene and shot of a clip: by its name, else by the scene's marker before it and its name as the shot."""
    name = tidy(piece.name)
    match = pattern.fullmatch(name)
    if match is not None and match["scene"]:
        shot = match["shot"] if "shot" in pattern.groupindex else None
        return _short(match["scene"]), _short(shot or name)
    before = [scene for begins, scene in markers if begins <= piece.begins + 1e-6]
    return (before[-1], _short(name)) if before and name else None


def _short(name: str) -> str:
    kept = "".join(sign if sign.isprintable() else " " for sign in name)[:32]
    return tidy(kept).replace("*", "") or "unnamed"


def _shot(piece: _Piece, id: str) -> Shot:
    return Shot(id=id, start=str(Timecode(piece.first, piece.rate)), frames=piece.frames, rate=piece.rate)


def _joined(first: Shot, second: Shot) -> Shot:
    """From the earlier beginning to the later end, of one rate; else the first as it is."""
    if first.rate is None or first.rate != second.rate or not first.frames or not second.frames:
        return first
    starts = [Timecode.parse(each.start, first.rate).frame for each in (first, second)]
    begin, end = min(starts), max(starts[0] + first.frames, starts[1] + second.frames)
    return Shot(id=first.id, start=str(Timecode(begin, first.rate)), frames=end - begin, rate=first.rate)


def _rate(value: float, name: str, file: str) -> Fraction:
    """A rate that was written as a float: 23.976 is 24000/1001."""
    try:
        if not math.isfinite(value):
            raise ValueError(value)
        for whole in _NTSC:
            if abs(value - whole * 1000 / 1001) < 0.005:
                return Fraction(whole * 1000, 1001)
        return check_rate(Fraction(value).limit_denominator(1001))
    except ValueError:
        raise _error(file, f"clip {name!r} has a frame rate of {value:g}") from None


def _many(words: str, names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - _MOST_TOLD} more" if len(every) > _MOST_TOLD else ""
    return f"{words}: {', '.join(every[:_MOST_TOLD])}{more}" if every else ""


def _error(file: str, what: str) -> ScheduleError:
    return ScheduleError(file, (Fault(line=0, field="", what=what),), "Export the timeline again as .otio.")
