"""Timelines of OpenTimelineIO."""

from fractions import Fraction
from typing import Any

import pytest

from playingage.core import SettingError
from playingage.schedule import ScheduleError, Shot
from playingage.schedule.script import Imported
from playingage.schedule.timeline import import_timeline, name_pattern

otio = pytest.importorskip("opentimelineio")
RATE = 24000 / 1001


def clip(name: str, start: int, frames: int, *, rate: float = RATE, enabled: bool = True) -> Any:
    time = otio.opentime.RationalTime
    made = otio.schema.Clip(name=name, source_range=otio.opentime.TimeRange(time(start, rate), time(frames, rate)))
    made.enabled = enabled
    return made


def timeline(*clips: Any, markers: tuple[tuple[str, int], ...] = ()) -> str:
    made = otio.schema.Timeline(name="cut")
    track = otio.schema.Track(name="V1", kind="Video")
    sound = otio.schema.Track(name="A1", kind="Audio")
    made.tracks.extend([track, sound])
    track.extend(clips)
    sound.append(clip("99A-1", 0, 5))
    for name, frame in markers:
        time = otio.opentime.RationalTime
        made.tracks.markers.append(otio.schema.Marker(
            name=name, marked_range=otio.opentime.TimeRange(time(frame, RATE), time(0, RATE))))
    return str(made.to_json_string())


def read(text: str, pattern: str | None = None) -> Imported:
    return import_timeline(text, "cut.otio", {"ANN": "ada"}, name_pattern(pattern))


def shots(made: Imported) -> dict[str, tuple[Shot, ...]]:
    return {scene.id: scene.details for scene in made.schedule.listed}


def test_clips_become_shots_with_their_ranges() -> None:
    rate = Fraction(24000, 1001)
    gap = otio.schema.Gap(duration=otio.opentime.RationalTime(24, RATE))
    made = read(timeline(
        clip("12A-3", 86400, 48), gap, clip("12_B_t2", 240, 24), clip("SC013_SH010.mov", 5, 7), clip("12-B", 200, 50),
        clip("insert", 0, 9), clip("14A-1", 0, 9, enabled=False), clip("", 0, 3),
    ))
    assert shots(made) == {
        "12A": (Shot(id="3", start="01:00:00:00", frames=48, rate=rate),),
        "12": (Shot(id="B", start="00:00:08:08", frames=64, rate=rate),),
        "013": (Shot(id="010", start="00:00:00:05", frames=7, rate=rate),),
    }
    assert any("insert, without a name" in remark for remark in made.remarks)
    assert any("12 B" in remark for remark in made.remarks)
    assert made.schedule.performer_of("ann") == "ada"


def test_markers_say_which_scene_follows() -> None:
    made = read(timeline(clip("walk", 0, 24), clip("turn", 0, 24), clip("wave", 0, 24),
                         markers=(("Scene 7", 0), ("note", 10), ("scene: 8A", 24))))
    assert {scene: [shot.id for shot in found] for scene, found in shots(made).items()} == {
        "7": ["walk"], "8A": ["turn", "wave"]}


def test_clips_of_other_names() -> None:
    made = read(timeline(clip("TLY~12~004", 0, 24)), r"TLY~(?P<scene>\d+)~(?P<shot>\d+)")
    assert list(shots(made)) == ["12"]
    for wrong in ("(", r"(\d+)"):
        with pytest.raises(SettingError, match="--clips"):
            name_pattern(wrong)


@pytest.mark.parametrize("text", [
    "", "{", "[]", '{"OTIO_SCHEMA": "Clip.2"}', '{"OTIO_SCHEMA": "Timeline.1", "tracks": 3}', "null", "é",
    timeline(clip("12A-1", 0, 0)), timeline(clip("12A-1", -5, 3)), timeline(clip("12A-1", 0, 3, rate=1e9)),
    timeline(otio.schema.Clip(name="12A-1")),
])
def test_what_is_no_timeline_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError, match=r"cut\.otio"):
        read(text)


@pytest.mark.parametrize(("written", "exact"), [
    (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)), (24, Fraction(24)), (25.0, Fraction(25)),
    (29.97, Fraction(30000, 1001)), (59.94005994, Fraction(60000, 1001)),
])
def test_rates_are_made_exact(written: float, exact: Fraction) -> None:
    made = read(timeline(clip("12A-3", 0, 48, rate=written)))
    assert shots(made)["12A"][0].rate == exact
