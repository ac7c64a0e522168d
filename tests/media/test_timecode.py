"""Timecode from the pictures, the container, the audio and the clock: exact, with drop-frame, over jumps."""

import itertools
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media.clips import frames_of, info_of, make_clip, picture
from media.ltc_signal import wave
from media.sei import write_labelled
from playingage.core import SettingError, Timecode
from playingage.core.timecode import NTSC
from playingage.frames import Frame
from playingage.media import open_source
from playingage.media.base import SourceBase
from playingage.media.labelled import LabelledSource
from playingage.media.labels import FreeRun, PairLabels, TimecodeChoice, TimecodeFrom, moved
from playingage.media.ports import SourceInfo

RATES = tuple(
    Fraction(*parts) for parts in (
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1),
    )
)
DROP, PAL = Fraction(30000, 1001), Fraction(25)


def labels_from(text: str, rate: Fraction, count: int) -> list[Timecode]:
    first = Timecode.parse(text, rate)
    return [moved(first, n) for n in range(count)]


def read_labels(path: Path, **options: str) -> list[Timecode | None]:
    with open_source(str(path), **options) as source:  # type: ignore[arg-type]
        return [frame.timecode for frame in source]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("rate", RATES)
def test_timecode_in_the_pictures_is_read_exactly(tmp_path: Path, codec: str, rate: Fraction) -> None:
    start = f"10:00:59{';' if rate in NTSC else ':'}{round(rate) - 3:02}"
    labels = labels_from(start, rate, 8)
    write_labelled(tmp_path / "a.ts", labels, rate, codec=codec)
    assert read_labels(tmp_path / "a.ts") == labels
    with open_source(str(tmp_path / "a.ts")) as source:
        assert source.info.timecode == labels[0]
        assert any("SEI" in note for note in source.info.notes)


def test_timecode_of_some_pictures_is_counted_on_and_a_jump_is_followed(tmp_path: Path) -> None:
    first, second = labels_from("01:00:59;28", DROP, 6), labels_from("05:00:00;00", DROP, 4)
    given_ = [first[0], None, None, *first[3:], second[0], None, *second[2:]]
    write_labelled(tmp_path / "a.ts", given_, DROP)
    assert read_labels(tmp_path / "a.ts") == [*first, *second]


@pytest.mark.parametrize("rate", [Fraction(50), Fraction(60000, 1001)])
def test_labels_that_stand_for_two_pictures_each_are_counted_up(tmp_path: Path, rate: Fraction) -> None:
    """As 50p and 59.94p over SDI have them, over a minute at which labels are dropped, and over a jump."""
    mark, half = (";", DROP) if rate in NTSC else (":", PAL)
    first, second = labels_from(f"10:00:59{mark}20", half, 20), labels_from(f"11:00:00{mark}10", half, 10)
    given_ = [label for label in (*first, *second) for _ in range(2)]
    wanted = [
        moved(begin, n) for begin, count in (
            (Timecode.of(10, 0, 59, 40, rate, mark == ";"), 40), (Timecode.of(11, 0, 0, 20, rate, mark == ";"), 20),
        ) for n in range(count)
    ]
    write_labelled(tmp_path / "a.ts", given_, rate)
    found = read_labels(tmp_path / "a.ts")
    assert found[4:] == wanted[4:]
    assert [str(label) for label in found[:4]] == [str(label) for label in given_[:4]]


def test_a_lost_picture_does_not_end_the_counting_of_pairs() -> None:
    rate, pairs = Fraction(50), PairLabels()
    seen = [Timecode.parse(f"10:00:00:{n:02}", rate) for n in range(12) for _ in range(2)]
    del seen[11]
    found = [pairs.label(label, rate) for label in seen]
    first = Timecode.parse("10:00:00:00", rate)
    assert found[4:11] == [moved(first, n) for n in range(4, 11)]
    assert found[11:] == [moved(first, n) for n in range(12, 24)]
    single = PairLabels()
    every = [moved(first, n) for n in range(60)]
    assert [single.label(label, rate) for label in every] == every
    still = [single.label(first, rate) for _ in range(8)]
    assert still == [first] * 8


@pytest.mark.parametrize(
    ("name", "encoder", "text", "rate"),
    [
        ("a.mov", "libx264", "09:59:59;28", DROP), ("a.mov", "libx264", "09:59:59:23", Fraction(24000, 1001)),
        ("a.mp4", "libx264", "23:59:59:24", PAL), ("a.mxf", "mpeg2video", "09:58:59;28", DROP),
        ("a.mxf", "mpeg2video", "09:58:59:28", DROP), ("a.mxf", "mpeg2video", "09:58:59:23", PAL),
    ],
)
def test_a_timecode_track_is_read_with_its_drop_frame_flag(
    tmp_path: Path, name: str, encoder: str, text: str, rate: Fraction
) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.metadata["timecode"] = text
        if name == "a.mxf":
            container.metadata["timecode"] = text
        for number in range(4):
            frame = av.VideoFrame.from_ndarray((picture(number) * 255).astype(np.uint8))
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert read_labels(path) == labels_from(text, rate, 4)


def make_ltc_clip(
    path: Path, rate: Fraction, signal: NDArray[np.float32], count: int, codec: str, channels: int = 2
) -> Path:
    """A clip whose last audio channel carries `signal`; the others hum."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        layout = "mono" if channels == 1 else "stereo"
        sound = container.add_stream(codec, rate=48000, layout=layout, options={"b": "256k"})
        assert isinstance(sound, av.AudioStream)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray((picture(number) * 255).astype(np.uint8))
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        hum = (0.3 * np.sin(np.arange(len(signal)) * 0.02)).astype(np.float32)
        both = np.stack([hum] * (channels - 1) + [signal])
        resampler = av.AudioResampler(sound.codec_context.format.name, layout, 48000)
        for start in range(0, both.shape[1], 1024):
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(both[:, start : start + 1024]), "fltp", layout)
            block.sample_rate, block.pts, block.time_base = 48000, start, Fraction(1, 48000)
            for ready in resampler.resample(block):
                container.mux(sound.encode(ready))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("rate", RATES)
def test_linear_timecode_of_a_clip_is_frame_accurate(tmp_path: Path, rate: Fraction) -> None:
    half = rate / 2 if rate > 30 else rate
    start = "10:00:59;20" if half == DROP else "10:00:59:20"
    labels = labels_from(start, half, 40)
    path = make_ltc_clip(tmp_path / "a.mov", rate, wave(labels), 30, "pcm_s16le")
    wanted = Timecode.of(10, 0, 59, 20 * (2 if rate > 30 else 1), rate, rate in NTSC)
    found = read_labels(path, timecode="ltc:2")
    assert found == [moved(wanted, n) for n in range(30)]
    assert read_labels(path, timecode="ltc") == found
    with open_source(str(path), timecode="ltc") as source:
        assert (source.info.timecode, source.info.timecode_from) == (wanted, "ltc")


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "mp2"), ("a.mov", "pcm_s24le")])
def test_linear_timecode_survives_compression_and_a_jump(tmp_path: Path, name: str, codec: str) -> None:
    first, second = labels_from("10:00:00:00", PAL, 20), labels_from("15:30:00:10", PAL, 30)
    path = make_ltc_clip(tmp_path / name, PAL, wave([*first, *second]), 45, codec)
    assert read_labels(path, timecode="ltc:2") == [*first, *second][:45]


def test_linear_timecode_begins_late_and_ends_early(tmp_path: Path) -> None:
    labels = labels_from("10:00:00:00", PAL, 12)
    signal = wave(labels, lead=10 / 25)
    path = make_ltc_clip(tmp_path / "a.mov", PAL, np.pad(signal, (0, 24000)), 34, "pcm_s16le")
    found = read_labels(path, timecode="ltc")
    assert found[10:] == labels_from("10:00:00:00", PAL, 24)
    assert found[:10] == labels_from("09:59:59:15", PAL, 10)


def test_linear_timecode_that_counts_otherwise_is_taken_by_its_time(tmp_path: Path) -> None:
    labels = labels_from("10:00:00:00", PAL, 80)
    path = make_ltc_clip(tmp_path / "a.mov", Fraction(24), wave(labels), 70, "pcm_s16le")
    found = read_labels(path, timecode="ltc")
    wanted = labels_from("10:00:00:00", Fraction(24), 70)
    # How many frames the labels count is known at the first change of second.
    assert found[26:] == wanted[26:]


def test_what_has_no_linear_timecode_says_so(tmp_path: Path) -> None:
    mute = make_clip(tmp_path / "a.mp4")
    with pytest.raises(SettingError, match="has no audio"):
        open_source(str(mute), timecode="ltc")
    hum = make_ltc_clip(tmp_path / "b.mov", PAL, np.zeros(24000, np.float32), 10, "pcm_s16le")
    with pytest.raises(SettingError, match="has 2 audio channels"):
        open_source(str(hum), timecode="ltc:3")
    with open_source(str(hum), timecode="ltc") as source:
        assert any("none was read" in note for note in source.info.notes)
        assert [frame.timecode for frame in source] == [None] * 10
    for text in ("ltc:0", "ltc:x", "sei", "free:2", ""):
        with pytest.raises(SettingError, match="is not known"):
            TimecodeChoice.parse(text)
    with pytest.raises(SettingError, match="only in live"):
        open_source(str(mute), timecode="free")
    with pytest.raises(SettingError, match="no audio to read"):
        open_source("pattern:64x48@24", timecode="ltc")


def test_timecode_goes_on_over_a_loop(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mov", count=3, rate=Fraction(100), metadata={"timecode": "01:00:00:98"})
    with open_source(str(path), realtime=True, loop=True) as source:
        found = [frame.timecode for frame in itertools.islice(source, 8)]
    assert found == labels_from("01:00:00:98", Fraction(100), 8)
    ltc = make_ltc_clip(tmp_path / "b.mov", PAL, wave(labels_from("02:00:00:00", PAL, 12)), 10, "pcm_s16le")
    with open_source(str(ltc), loop=True, timecode="ltc") as source:
        found = [frame.timecode for frame in itertools.islice(source, 25)]
    assert found == labels_from("02:00:00:00", PAL, 25)


@settings(max_examples=60, deadline=None)
@given(
    rate=st.sampled_from([*RATES]), begin=st.floats(0, 86399.9), hours=st.floats(0, 24),
)
def test_free_running_labels_stay_in_step_with_the_clock(rate: Fraction, begin: float, hours: float) -> None:
    run = FreeRun(lambda captured: (begin + captured) % 86400)
    first = run.label(0, rate, 0.0)
    number = int(hours * 3600 * rate)
    label = run.label(number, rate, float(number / rate))
    assert run.settings == 1
    assert label == moved(first, number)
    if rate in NTSC or rate.denominator == 1:
        text = str(label)
        shown = int(text[:2]) * 3600 + int(text[3:5]) * 60 + int(text[6:8]) + int(text[9:]) / label.base
        real = (begin + float(number / rate)) % 86400
        away = (shown - real + 43200) % 86400 - 43200
        assert -0.25 < away < 0.25  # drop-frame counts 0.09 s a day wrong, and a label stands for its whole frame
    assert label.drop == (rate in NTSC)


@settings(max_examples=40, deadline=None)
@given(rate=st.sampled_from(sorted(NTSC)), frame=st.integers(0, 2_589_407 * 2))
def test_drop_frame_labels_are_read_back(rate: Fraction, frame: int) -> None:
    day = 2_589_408 * (1 if rate == DROP else 2)
    label = Timecode(frame % day, rate, True)
    assert Timecode.parse(str(label), rate) == label
    assert moved(label, day) == label
    assert moved(moved(label, 1), -1) == label


def test_free_running_labels_are_set_again_where_the_rate_is_wrong() -> None:
    run = FreeRun(lambda captured: 36000 + captured)
    found = [run.label(n, PAL, n / 20) for n in range(2000)]  # says 25, sends 20
    assert run.settings == 4  # 100 s bring 20 s, in steps of five
    assert abs(found[-1].frame / 25 - (36000 + 1999 / 20)) < 5.1


def test_a_sender_whose_clock_runs_off_makes_no_jump_in_twelve_hours() -> None:
    run = FreeRun(lambda captured: 36000 + captured)
    before: Timecode | None = None
    for number in range(0, 25 * 3600 * 12, 250):
        label = run.label(number, PAL, number / 25 * (1 + 1e-4))
        assert before is None or label == moved(before, 250)
        before = label
    assert run.settings == 1


class Listed(SourceBase):
    """Gives these frames."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames

    @property
    def info(self) -> SourceInfo:
        return info_of(None)

    def read(self) -> Frame | None:
        return self.frames.pop(0) if self.frames else None

    def close(self) -> None:
        self.frames = []


def frame_at(number: int, label: Timecode | None, rate: Fraction = DROP) -> Frame:
    return Frame(pixels=frames_of(1)[0].pixels, number=number, rate=rate, timecode=label, captured=number / float(rate))


def test_timecode_counts_lost_frames_and_follows_the_source() -> None:
    own = labels_from("10:00:59;27", DROP, 40)
    listed = [frame_at(0, own[0]), frame_at(1, None), frame_at(5, None), frame_at(6, own[6]), frame_at(7, own[30])]
    with LabelledSource(Listed(listed)) as source:
        assert [frame.timecode for frame in source] == [own[0], own[1], own[5], own[6], own[30]]
        assert "timecode: the source's own" in source.info.notes
        assert source.info.timecode_from == "source"


def test_a_source_without_timecode_runs_free_until_it_has_one() -> None:
    own = Timecode.parse("10:00:00;02", DROP)
    listed = [frame_at(0, None), frame_at(3, None), frame_at(4, own), frame_at(5, None)]
    begin = float((Timecode.parse("05:00:59;29", DROP).frame + Fraction(1, 2)) / DROP)
    with LabelledSource(Listed(listed), clock=lambda captured: begin + captured) as source:
        assert "timecode: runs free from this machine's clock" in source.info.notes
        assert source.info.timecode_from == "clock"
        found = [str(frame.timecode) for frame in source]
        assert source.info.timecode_from == "source"
    assert found == ["05:00:59;29", "05:01:00;04", "10:00:00;02", "10:00:00;03"]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [("source", ["None", "10:00:00;02"]), ("ltc", ["None", "10:00:00;02"]), ("free", ["01:00:00;00", "01:00:00;01"])],
)
def test_the_choice_is_kept(choice: str, wanted: list[str]) -> None:
    listed = [frame_at(0, None), frame_at(1, Timecode.parse("10:00:00;02", DROP))]
    clock = lambda captured: 3600.001 + captured  # noqa: E731
    with LabelledSource(Listed(listed), TimecodeChoice.parse(choice), clock=clock) as source:
        assert [str(frame.timecode) for frame in source] == wanted
        assert TimecodeChoice.parse(choice).origin is TimecodeFrom(choice)


def test_a_played_clip_can_run_free_by_the_time_of_day(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", count=3, rate=PAL)
    with open_source(str(path), realtime=True, timecode="free") as source:
        found = [frame.timecode for frame in source]
    now = time.localtime()
    first = found[0]
    assert first is not None
    away = (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec) - first.frame / 25
    assert (away + 2) % 86400 < 7
    assert found == [moved(first, n) for n in range(3)]
