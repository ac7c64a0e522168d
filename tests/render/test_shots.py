"""Shots: the same twice, steady, nothing un-aged after a cut, soft comings and goings."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from playingage.core import SettingError, UnreadableError, UnwritableError
from playingage.engine import Cast, CastAges, Engine
from playingage.faces import Face, FaceTracker
from playingage.faces.tracker import TrackerSettings
from playingage.frames import Frame
from playingage.media import SourceInfo
from playingage.media.base import SinkBase, SourceBase
from playingage.render import RenderSettings, SteadyFrame, matte_frame, render, steady_faces
from render.material import backdrop, moving, placed

_RATE = Fraction(24)
Portrait = NDArray[np.uint8]


class Listed(SourceBase):
    """Pictures in memory; breaks at `breaks`."""

    def __init__(self, pictures: Sequence[NDArray[Any]], breaks: int | None = None) -> None:
        self._pictures, self._breaks, self._number = pictures, breaks, 0
        self.closed = False

    @property
    def info(self) -> SourceInfo:
        height, width = self._pictures[0].shape[:2]
        return SourceInfo(name="listed", width=width, height=height, rate=_RATE, frames=len(self._pictures))

    def read(self) -> Frame | None:
        if self._number == self._breaks:
            raise UnreadableError(f"listed: frame {self._number} cannot be decoded", "Copy it anew.")
        if self._number >= len(self._pictures):
            return None
        self._number += 1
        return Frame(pixels=self._pictures[self._number - 1].copy(), number=self._number - 1, rate=_RATE)

    def close(self) -> None:
        self.closed = True


class Kept(SinkBase):
    """Keeps what is written; full after `room` frames."""

    def __init__(self, room: int = 1000) -> None:
        self.frames: list[Frame] = []
        self._room = room

    def write(self, frame: Frame) -> None:
        if len(self.frames) == self._room:
            raise UnwritableError("kept: no space is left to write it", "Free space.")
        self.frames.append(frame)

    def finish(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def _steady(engine: Engine, pictures: Sequence[NDArray[Any]], known: float | None = None) -> list[SteadyFrame]:
    tracker = FaceTracker(engine.device, TrackerSettings(smooth=False))
    return list(steady_faces(Listed(pictures), tracker, CastAges(Cast.everybody(engine, known))))


def test_same_input_gives_the_same_frames(portrait: Portrait, engine: Engine) -> None:
    pictures = moving(portrait, 5)
    runs = []
    for _ in range(2):
        sink, mattes = Kept(), Kept()
        render(Listed(pictures), sink, engine, RenderSettings(age=70), matte=mattes)
        runs.append((sink.frames, mattes.frames))
    for one, two in zip(*runs, strict=True):
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))


def test_two_sided_smoothing_calms_landmarks(portrait: Portrait, engine: Engine) -> None:
    noise = np.random.default_rng(0)
    pictures = [
        np.clip(p + noise.normal(0, 10, p.shape), 0, 255).astype(np.uint8) for p in moving(portrait, 14)
    ]
    raw = FaceTracker(engine.device, TrackerSettings(smooth=False))
    rough = [raw.update(p, n / 24)[0].points for n, p in enumerate(pictures)]
    calm = [item.faces[0].points for item in _steady(engine, pictures)]

    def jitter(points: list[NDArray[np.float32]]) -> float:
        """Mean second difference: 0 for any steady motion."""
        return float(np.abs(np.diff(np.stack(points), n=2, axis=0)).mean())

    def drag(points: list[NDArray[np.float32]]) -> float:
        return float(np.abs(np.stack(points).mean(axis=1) - np.stack(rough).mean(axis=1)).mean())

    assert jitter(calm) < 0.5 * jitter(rough)
    assert drag(calm) < 0.25  # pixels: motion is followed, not dragged behind


def test_ages_are_held_over_a_shot_and_known_in_its_first_frame(portrait: Portrait, engine: Engine) -> None:
    items = _steady(engine, moving(portrait, 14))
    ages = [item.ages[0] for item in items]
    assert max(ages) - min(ages) == 0


def test_ages_read_late_come_without_a_step(portrait: Portrait, engine: Engine) -> None:
    class Wandering(Engine):
        """Reads 30 off the first face, 60 off all later ones."""

        count = 0

        def apparent_age(self, frame: Frame, face: Face) -> float:
            self.count += 1
            return 30.0 if self.count == 1 else 60.0

    class Turned(FaceTracker):
        """The head is turned away for the first 12 frames, so that only one age is read of it."""

        frames = 0

        def update(self, pixels: NDArray[np.uint8], seconds: float) -> tuple[Face, ...]:
            self.frames += 1
            faces = super().update(pixels, seconds)
            yaw = 60.0 if self.frames <= 12 else 0.0
            return tuple(replace(face, pose=replace(face.pose, yaw=yaw)) for face in faces)

    reader = Wandering(engine.package, engine.device)
    tracker = Turned(engine.device, TrackerSettings(smooth=False))
    items = list(steady_faces(Listed(moving(portrait, 24)), tracker, CastAges(Cast.everybody(reader))))
    ages = [item.ages[0] for item in items]
    assert ages[0] == 30
    assert ages[-1] > 30
    assert max(abs(np.diff(ages))) < 0.2


def _cut_material(portrait: Portrait, alike: bool) -> list[Portrait]:
    """Two shots; in `alike` ones the background stays and only the head is elsewhere."""
    size = (240, 160)
    one = [placed(portrait, size, (-60 + n, 0)) for n in range(6)]
    if alike:
        return one + [placed(portrait, size, (60 + n, 0)) for n in range(6)]
    return one + [_other(portrait, size, n) for n in range(6)]


def _other(portrait: Portrait, size: tuple[int, int], n: int) -> Portrait:
    dark = placed(portrait, size, (50 + n, 5), seed=7).astype(np.int32)
    columns = np.linspace(120, -120, size[0])[None, :, None]
    head = placed(portrait, size, (50 + n, 5), seed=7) != backdrop(size, 7)
    return np.where(head, dark, np.clip(dark + columns, 0, 255)).astype(np.uint8)


@pytest.mark.parametrize("alike", [False, True])
def test_first_frame_after_a_cut_is_aged_in_full(alike: bool, portrait: Portrait, engine: Engine) -> None:
    items = _steady(engine, _cut_material(portrait, alike), known=35)
    assert [n for n, item in enumerate(items) if item.cut] == [6]
    assert {face.id for item in items[:6] for face in item.faces}.isdisjoint(
        face.id for item in items[6:] for face in item.faces
    )
    for n in (0, 5, 6, 7):
        assert len(items[n].faces) == 1, f"frame {n}"
        assert items[n].faces[0].strength > 0.95, f"frame {n}"


def test_face_that_leaves_and_comes_back_fades(portrait: Portrait, engine: Engine) -> None:
    size = (240, 160)
    places = [*range(0, 180, 15), *[180] * 12, *range(180, 0, -15), *[0] * 10]
    pictures = [placed(portrait, size, (x, 0), 0.4) for x in places]
    items = _steady(engine, pictures, known=35)
    strengths = [max((face.strength for face in item.faces), default=0.0) for item in items]
    assert not any(item.cut for item in items)
    assert strengths[0] > 0.95
    assert strengths[-1] > 0.95
    assert min(strengths) == 0
    steps = np.diff(strengths)
    assert steps.min() > -0.3
    assert steps.max() < 0.3


def test_nobody_there_changes_nothing(engine: Engine) -> None:
    pictures = [backdrop((160, 120), n) for n in range(3)]
    sink, mattes = Kept(), Kept()
    report = render(Listed(pictures), sink, engine, RenderSettings(age=70), matte=mattes)
    assert (report.frames, report.frames_aged, report.faces) == (3, 0, 0)
    assert all(np.array_equal(a, b.pixels) for a, b in zip(pictures, sink.frames, strict=True))
    assert not any(frame.pixels.any() for frame in mattes.frames)


def test_progress_counts_every_frame_and_errors_come_through(portrait: Portrait, engine: Engine) -> None:
    told: list[int] = []
    with pytest.raises(UnreadableError, match="frame 12"):
        render(Listed(moving(portrait, 20), breaks=12), Kept(), engine, RenderSettings(age=70), told.append)
    assert told == list(range(1, len(told) + 1))
    with pytest.raises(UnwritableError, match="no space"):
        render(Listed(moving(portrait, 8)), Kept(room=1), engine, RenderSettings(age=70))
    with pytest.raises(UnwritableError, match="no space"):
        render(Listed(moving(portrait, 4)), Kept(), engine, RenderSettings(age=70), matte=Kept(room=3))


def test_a_stop_in_the_midst_ends_both_threads(portrait: Portrait, engine: Engine) -> None:
    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        render(Listed(moving(portrait, 20)), Kept(), engine, RenderSettings(age=70), stop)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "wrong",
    [{"age": float("nan")}, {"age": float("inf")}, {"age": -1}, {"age": 30, "source_age": float("nan")}],
)
def test_settings_check_themselves(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        RenderSettings(**wrong)


def test_age_beyond_the_model_is_refused(engine: Engine) -> None:
    for age in (engine.ages[0] - 1, engine.ages[1] + 1):
        with pytest.raises(SettingError, match="outside"):
            render(Listed([backdrop((64, 64))]), Kept(), engine, RenderSettings(age=age))


def test_matte_is_grey_and_says_what_was_touched(portrait: Portrait) -> None:
    frame = Frame(pixels=placed(portrait), number=3, rate=_RATE)
    matte = np.zeros((120, 160), np.float32)
    matte[10, 10], matte[20, 20], matte[30, 30] = 1.0, 0.5, 1e-6
    grey = matte_frame(frame, matte)
    assert grey.pixels.dtype == np.uint16
    assert (grey.number, grey.bits, grey.alpha) == (3, 16, None)
    assert [tuple(grey.pixels[n, n]) for n in (10, 20, 30, 40)] == [(65535,) * 3, (32768,) * 3, (1,) * 3, (0,) * 3]


def test_frames_are_held_by_the_dozen_not_by_the_clip(portrait: Portrait, engine: Engine) -> None:
    read = 0

    def endless() -> Iterator[Frame]:
        nonlocal read
        picture = placed(portrait)
        while True:
            read += 1
            yield Frame(pixels=picture.copy(), number=read - 1, rate=_RATE)

    tracker = FaceTracker(engine.device, TrackerSettings(smooth=False))
    items = steady_faces(endless(), tracker, CastAges(Cast.everybody(engine, 35)))
    for n in range(3):
        assert next(items).frame.number == n
    assert read == 3 + 8
