"""A take held against the clip that it was shot from, through the whole live path: every frame and timecode."""

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from live.fakes import FakeFace, FakeReaged, FakeReager, FakeSource
from live.shooting import done, wait
from playingage.core import PlayingAgeError, Timecode
from playingage.engine import Ask
from playingage.frames import Frame
from playingage.live import Direction, LiveRun, LiveSettings
from playingage.live.takes import RecorderSettings, Take, TakeRecorder
from playingage.media import SourceInfo, open_sink, open_source

RATE, WIDTH, HEIGHT, COUNT = Fraction(30000, 1001), 480, 270, 48


class Lightener:
    """Changes a soft-edged disc, and says where. `takes` seconds for a frame."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        across, down = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
        away = np.hypot(across - 240, down - 120)
        self.matte = np.clip((70 - away) / 10, 0, 1).astype(np.float32)

    def process(self, frame: Frame, ask: Ask, /) -> FakeReaged:
        time.sleep(self.takes)
        pixels = frame.pixels + (self.matte * 50)[..., None]
        face = FakeFace(performer="ada", name="Ada", target_age=ask.age, source_age=30.0)
        return FakeReaged(frame=replace(frame, pixels=np.clip(pixels, 0, 255).astype(np.uint8)), matte=self.matte,
                          faces=(face,))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A camera's recording, without loss: 29.97, drop-frame timecode, a picture that moves."""
    path = tmp_path_factory.mktemp("clip") / "camera.mkv"
    info = SourceInfo(name="made", width=WIDTH, height=HEIGHT, rate=RATE,
                      timecode=Timecode.parse("00:59:59;20", RATE))
    texture = np.random.default_rng(4).integers(30, 220, (40, 70, 3)).astype(np.uint8)
    wide = np.asarray(cv2.resize(texture, (WIDTH + COUNT * 4, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
    with open_sink(str(path), info, codec="ffv1") as sink:
        for number in range(COUNT):
            sink.write(Frame(pixels=np.ascontiguousarray(wide[:, number * 4 : number * 4 + WIDTH]), number=number,
                             rate=RATE))
    return path


@pytest.mark.parametrize("takes", [0.0, 0.09])
def test_every_frame_is_the_sources(clip: Path, tmp_path: Path, takes: float) -> None:
    source = open_source(str(clip), realtime=True)
    with source, TakeRecorder(tmp_path, source.info, RecorderSettings(reserve=0)) as made:
        direction = Direction(40.0, recorder=made)
        direction.act("scene", {"scene": "3"}, "test")
        direction.act("roll", {}, "test")
        settings = LiveSettings(log_every=0)
        with LiveRun(source, Lightener(takes), settings, direction=direction, listeners=(made,)) as run:
            wait(lambda: run.state()["source"]["state"] == "ended", 20)
            direction.act("cut", {}, "test")
            done(made)
            never_came = run.snapshot()["dropped"]["source"]
    shot = {frame.number: frame for frame in open_source(str(clip))}
    matte, lightener = Lightener().matte, Lightener()
    with Take.open(tmp_path / "3_001") as take:
        assert take.rate == RATE and take.document["source"]["name"] == str(clip)
        late, counts = [frame.note["view"] == "late" for frame in take.frames], take.document["counts"]
        assert counts["missing"] <= counts["not_kept_up"] + never_came and len(take.frames) > COUNT // 3
        assert counts["late"] == sum(late) and not late[0] and (any(late) or not takes)
        for index, frame in enumerate(take.frames):
            given = shot[frame.number]
            assert frame.timecode == str(given.timecode) and ";" in frame.timecode
            clean, aged = take.pixels(index, "clean"), take.pixels(index, "aged")
            assert psnr(clean, given.pixels) > 37
            if late[index]:
                given = shot[frame.note["held_from"]]
            again = lightener.process(given, Ask(age=40.0)).frame.pixels
            assert psnr(aged, again) > 37
            if late[index]:
                continue
            outside = cv2.dilate((matte > 0).astype(np.uint8), np.ones((33, 33), np.uint8)) == 0
            assert np.abs(clean[outside].astype(int) - aged[outside]).max() <= 2
            rows = np.flatnonzero(matte.any(1))
            assert np.array_equal(clean[: rows[0] // 64 * 64], aged[: rows[0] // 64 * 64])
            assert np.abs(take.pixels(index, "matte") / 255.0 - matte).max() < 0.06
        assert {face["target_age"] for frame in take.frames for face in frame.faces} == {40.0}


@pytest.mark.logs_errors
def test_a_full_disk_stops_the_take_and_not_the_picture(tmp_path: Path) -> None:
    free, source = [1 << 40], FakeSource()
    seen: list[int] = []
    with TakeRecorder(tmp_path, source.info, space=lambda folder: free[0]) as made:
        direction = Direction(40.0, recorder=made)
        listeners = (made, lambda pair: seen.append(pair.clean.number))
        with LiveRun(source, FakeReager(), LiveSettings(log_every=0), direction=direction, listeners=listeners):
            direction.act("roll", {}, "test")
            wait(lambda: made.report()["frames"] > 5)
            free[0] = 0
            wait(lambda: made.report()["state"] == "stopped")
            told, full = made.report(), len(seen)
            assert told["words"].startswith("RECORDING STOPPED: DISK FULL") and told["minutes_left"] == 0
            wait(lambda: len(seen) > full + 48)
            numbers = seen[-40:]
            assert len(numbers) / (numbers[-1] - numbers[0] + 1) > 0.5  # most of what the camera gives
            direction.act("cut", {}, "test")
            with pytest.raises(PlayingAgeError, match="DISK FULL"):
                direction.act("roll", {}, "test")
            assert not direction.state.rolling
            free[0] = 1 << 40
            direction.act("roll", {}, "test")
            wait(lambda: made.report()["state"] == "recording" and made.report()["frames"] > 3)
            direction.act("cut", {}, "test")
            done(made)
    with Take.open(tmp_path / "0_001") as first, Take.open(tmp_path / "0_002") as second:
        assert (first.ended, second.ended) == ("disk full", "cut") and first.verify() == second.verify() == []


def psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))
