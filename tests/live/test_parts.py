"""Mailbox, statistics, verdicts, sizes, settings: the parts without threads of their own."""

from fractions import Fraction

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray

from live.fakes import FakeFace
from playingage.core import SettingError
from playingage.frames import Colour, Frame
from playingage.live import LiveSettings, LiveStats, Mailbox, View, encode_picture, judge, scaled_size
from playingage.live.encode import encode_pictures
from playingage.live.stats import line


def test_newest_wins_and_says_that_it_dropped() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(1), box.put(2), box.put(3)] == [None, 1, 2]
    assert box.take(0) == 3
    assert box.take(0) is None


def test_a_closed_mailbox_neither_takes_nor_gives_nor_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close()
    assert box.put(2) is None
    assert box.take(60) is None


@pytest.mark.parametrize(
    ("strengths", "view", "words", "note"),
    [
        ((), View.NO_FACE, "NO FACE", "NOTHING CHANGED"),
        ((0.0,), View.NO_FACE, "NO FACE", "NOTHING CHANGED"),
        ((1.0,), View.AGED, "AT AGE 35", ""),
        ((0.5,), View.FADING, "FACE FADING", "AT AGE 35"),
        ((1.0, 0.5), View.AGED, "AT AGE 35", "1 OF 2 FACES FADING"),
        ((1.0, 0.0), View.AGED, "AT AGE 35", "1 OF 2 FACES FADING"),
        ((0.3, 0.0), View.FADING, "FACE FADING", "AT AGE 35"),
    ],
)
def test_the_label_never_claims_more_than_was_done(
    strengths: tuple[float, ...], view: View, words: str, note: str
) -> None:
    verdict = judge([FakeFace(strength=strength) for strength in strengths], 35.0)
    assert (verdict.view, verdict.words, verdict.note) == (view, words, note)


@pytest.mark.parametrize(
    ("faces", "view", "words", "note"),
    [
        ([FakeFace(strength=0, reasons=("child",))], View.NO_FACE, "FACE LEFT AS IT IS", "READS AS A CHILD"),
        ([FakeFace(strength=0, reasons=("pose", "size"))], View.NO_FACE, "FACE LEFT AS IT IS",
         "TURNED AWAY, TOO SMALL"),
        ([FakeFace(strength=0.4, reasons=("pose",))], View.FADING, "FACE FADING", "AT AGE 35, TURNED AWAY"),
        ([FakeFace(strength=0, reasons=("unsure",))], View.NO_FACE, "NO FACE", "NOTHING CHANGED"),
        ([FakeFace(), FakeFace(strength=0, reasons=("child",))], View.AGED, "AT AGE 35",
         "1 OF 2 FACES FADING, READS AS A CHILD"),
        ([FakeFace(reasons=("ages",))], View.AGED, "AT AGE 35", ""),
        ([FakeFace(strength=0, reasons=("unknown",))], View.NO_FACE, "FACE LEFT AS IT IS", "1 NOT RECOGNISED"),
        ([FakeFace(name="Ada", target_age=60), FakeFace(strength=0, reasons=("unknown",))], View.AGED, "AT AGE 60",
         "Ada, 1 NOT RECOGNISED"),
        ([FakeFace(name="Ada", target_age=60), FakeFace(name="Ben", target_age=30)], View.AGED, "AT AGE 60 AND 30",
         "Ada 60, Ben 30"),
        ([FakeFace(name="Ada", target_age=60, strength=0.5)], View.FADING, "FACE FADING", "AT AGE 60, Ada"),
    ],
)
def test_the_label_says_why(faces: list[FakeFace], view: View, words: str, note: str) -> None:
    verdict = judge(faces, 35.0)
    assert (verdict.view, verdict.words, verdict.note) == (view, words, note)


def test_half_years_are_said() -> None:
    assert judge([FakeFace()], 35.5).words == "AT AGE 35.5"


def test_stats_forget_what_left_the_window_and_keep_the_totals() -> None:
    stats = LiveStats(10.0, 0.0)
    for i in range(100):
        stats.count("shown", i * 0.1)
        stats.delay("shown", 0.500, i * 0.1)
    for i in range(100):
        stats.delay("shown", 0.050 if i % 10 else 0.200, 20 + i * 0.1)
    stats.drop("viewer", 3)
    snapshot = stats.snapshot(30.0)
    report = snapshot["delay"]["shown"]
    assert report["p50_ms"] == 50 and report["p95_ms"] == 200 and report["count"] == 200
    assert report["run_max_ms"] == 500 and report["run_p95_ms"] == 500
    assert snapshot["fps"]["shown"] == 0 and snapshot["totals"]["shown"] == 100
    assert snapshot["dropped"] == {"source": 0, "capture": 0, "engine": 0, "encoder": 0, "viewer": 3}
    assert "shown 50/200" in line(snapshot)


def test_rate_is_right_before_the_window_is_full() -> None:
    stats = LiveStats(10.0, 0.0)
    for i in range(48):
        stats.count("shown", i / 24)
    assert stats.snapshot(2.0)["fps"]["shown"] == 24


def test_a_log_line_can_be_made_of_nothing() -> None:
    assert "0.0 fps" in line(LiveStats(10.0, 0.0).snapshot(0.0))


@pytest.mark.parametrize(
    ("picture", "short_side", "size"),
    [
        ((1920, 1080), 1080, (1920, 1080)),
        ((1920, 1080), 2160, (1920, 1080)),
        ((1920, 1080), 720, (1280, 720)),
        ((1920, 1080), 756, (1280, 720)),
        ((1920, 1080), 800, (1920, 1080)),
        ((1920, 1080), 540, (960, 540)),
        ((1920, 1080), 100, (960, 540)),
        ((1080, 1920), 720, (720, 1280)),
        ((640, 480), 720, (640, 480)),
        ((8192, 8192), 8192, (4096, 4096)),
        ((8192, 4320), 4320, (4096, 2160)),
        ((1, 1), 540, (1, 1)),
        ((4000, 1), 540, (4000, 1)),
    ],
)
def test_one_of_three_sizes(picture: tuple[int, int], short_side: int, size: tuple[int, int]) -> None:
    assert scaled_size(*picture, short_side) == size


@pytest.mark.parametrize(
    ("pixels", "transfer"),
    [
        (np.full((72, 128, 3), 128, np.uint8), "bt709"),
        (np.full((72, 128, 3), 128 * 257, np.uint16), "bt709"),
        (np.full((72, 128, 3), 128 / 255, np.float32), "bt709"),
        (np.full((72, 128, 3), 128 / 255, np.float16), "srgb"),
        (np.full((72, 128, 3), 0.2158605, np.float32), "linear"),
        (np.full((72, 128, 3), 0.2158605 * 65535, np.uint16), "linear"),
    ],
)
@pytest.mark.parametrize("size", [(128, 72), (64, 36)])
def test_every_depth_reaches_the_monitor_as_the_same_grey(
    pixels: NDArray[np.uint8], transfer: str, size: tuple[int, int]
) -> None:
    frame = Frame(pixels=pixels, number=0, rate=Fraction(24), colour=Colour(transfer=transfer))
    jpeg = encode_picture(frame, size, 90)
    back = simplejpeg.decode_jpeg(jpeg.data)
    assert back.shape == (size[1], size[0], 3) and (jpeg.width, jpeg.height) == size
    assert abs(float(back.mean()) - 128) < 1.5


@pytest.mark.parametrize("size", [(320, 200), (160, 100), (213, 133)])
def test_pictures_of_a_pair_are_those_that_each_alone_would_be(size: tuple[int, int]) -> None:
    clean = np.random.default_rng(1).integers(0, 255, (200, 320, 3), np.uint8)
    aged = clean.copy()
    aged[70:90, 100:140] //= 2
    frames = [Frame(pixels=pixels, number=0, rate=Fraction(24)) for pixels in (clean, aged)]
    together = encode_pictures(frames, size, 85)
    for one, frame in zip(together, frames, strict=True):
        alone = encode_picture(frame, size, 85)
        assert (one.width, one.height) == size
        assert np.array_equal(simplejpeg.decode_jpeg(one.data), simplejpeg.decode_jpeg(alone.data))
    assert together[0].data != together[1].data


def test_not_a_number_is_no_reason_to_fail() -> None:
    frame = Frame(pixels=np.full((16, 16, 3), np.nan, np.float32), number=0, rate=Fraction(24))
    assert simplejpeg.decode_jpeg(encode_picture(frame, (16, 16), 90).data).max() < 3


@pytest.mark.parametrize("age", [17.9, 90.1, float("nan"), float("inf"), True, None, "35", [35]])
def test_an_age_is_a_number_in_range(age: object) -> None:
    with pytest.raises(SettingError):
        LiveSettings().check_age(age)


@pytest.mark.parametrize(
    "wrong", [{"age": 5}, {"youngest": 50, "oldest": 40}, {"quality": 0}, {"max_viewers": 0}, {"on_failure": "clean"}]
)
def test_settings_check_themselves(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        LiveSettings(**wrong)  # type: ignore[arg-type]
