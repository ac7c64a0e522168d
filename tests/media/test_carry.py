"""What travels with the pictures: sound, time, timecode, tags, orientation."""

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media.clips import RATE, centres, expected, frames_of, info_of, make_clip
from playingage.core import SettingError, Timecode
from playingage.frames import Frame, Pixels
from playingage.media import inspect_media, open_sink, open_source

NTSC = Fraction(30000, 1001)


def copy(source: Path, target: Path, **more: object) -> list[Frame]:
    """Read all of a clip and write it again; gives the frames read."""
    frames = []
    with open_source(str(source)) as opened, open_sink(target, opened.info, **more) as sink:  # type: ignore[arg-type]
        for frame in opened:
            sink.write(frame)
            frames.append(frame)
    return frames


def sound(path: Path) -> list[tuple[str, list[bytes], Fraction]]:
    """Codec, packets and start in seconds of every audio stream."""
    with av.open(str(path)) as container:
        streams = []
        for stream in container.streams.audio:
            packets = [p for p in container.demux(stream) if p.size]
            first = packets[0]
            assert first.pts is not None
            streams.append((stream.codec_context.name, [bytes(p) for p in packets], first.pts * first.time_base))
        return streams


@pytest.mark.parametrize(
    ("given", "audio", "target"),
    [
        ("a.mp4", "aac", "o.mp4"), ("a.mov", "pcm_s16le", "o.mov"), ("a.mkv", "pcm_s16le", "o.mkv"),
        ("a.mp4", "aac", "o.mkv"),
    ],
)
def test_audio_is_copied_bit_for_bit(tmp_path: Path, given: str, audio: str, target: str) -> None:
    make_clip(tmp_path / given, count=24, audio=audio)
    copy(tmp_path / given, tmp_path / target)
    (codec, before, start), (other, after, new_start) = *sound(tmp_path / given), *sound(tmp_path / target)
    assert other == codec
    if (audio, target) == ("aac", "o.mkv"):  # Matroska has no edit list to hide the packet that primes AAC
        before, start = before[1:], Fraction(0)
    assert after == before
    assert abs(new_start - start) < Fraction(1, 500)


def test_audio_that_does_not_fit_is_said_and_can_be_dropped(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mkv", count=4, audio="pcm_s16le", options={"preset": "ultrafast"})
    with pytest.raises(SettingError, match="does not hold the source's pcm_s16le audio"):
        copy(tmp_path / "a.mkv", tmp_path / "o.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mkv"]
    copy(tmp_path / "a.mkv", tmp_path / "o.mp4", audio=False)
    assert sound(tmp_path / "o.mp4") == []


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv"])
@pytest.mark.parametrize(
    ("rate", "text"),
    [(Fraction(24), "01:02:03:04"), (NTSC, "00:59:58;02"), (NTSC, "10:00:00:00"), (Fraction(25), "23:59:59:24")],
)
def test_timecode_is_carried(tmp_path: Path, name: str, rate: Fraction, text: str) -> None:
    timecode = Timecode.parse(text, rate)
    with open_sink(tmp_path / name, info_of(3, rate=rate, timecode=timecode)) as sink:
        for frame in frames_of(3, rate=rate):
            sink.write(frame)
    with open_source(str(tmp_path / name)) as source:
        assert source.info.timecode == timecode
        assert [str(f.timecode) for f in source] == [str(timecode + n) for n in range(3)]


def test_title_and_dates_are_carried(tmp_path: Path) -> None:
    given = {"title": "Shot 12", "artist": "Unit B", "comment": "take 3"}
    make_clip(tmp_path / "a.mp4", metadata=given)
    copy(tmp_path / "a.mp4", tmp_path / "o.mp4")
    with open_source(str(tmp_path / "o.mp4")) as source:
        assert given.items() <= dict(source.info.metadata).items()


TICKS = [0, 3000, 6003, 9000, 15000, 15600, 30000, 90001]
BASE = Fraction(1, 90000)


@pytest.mark.parametrize("name", ["o.mp4", "o.mov"])
def test_variable_rate_keeps_every_time_exactly(tmp_path: Path, name: str) -> None:
    make_clip(
        tmp_path / "a.mp4", count=len(TICKS), ticks=TICKS, base=BASE, muxing={"video_track_timescale": "90000"},
        options={"bf": "2"},
    )
    with open_source(str(tmp_path / "a.mp4")) as source:
        info = source.info
        assert info.variable_rate
        assert info.frames == len(TICKS)
        assert any("variable" in note for note in info.notes)
    frames = copy(tmp_path / "a.mp4", tmp_path / name)
    assert [f.pts for f in frames] == [t * BASE for t in TICKS]
    with open_source(str(tmp_path / name)) as source:
        assert source.info.variable_rate
        assert [f.pts for f in source] == [t * BASE for t in TICKS]


@pytest.mark.parametrize("rate", [RATE, NTSC, Fraction(25), Fraction(50), Fraction(60000, 1001), Fraction(12)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.mov"])
def test_constant_rates_are_exact(tmp_path: Path, name: str, rate: Fraction) -> None:
    make_clip(tmp_path / name, count=30, rate=rate)
    with open_source(str(tmp_path / name)) as source:
        assert (source.info.rate, source.info.variable_rate, source.info.frames) == (rate, False, 30)
        assert source.info.duration == 30 / rate


TURNS: dict[float, Callable[[Pixels], Pixels]] = {
    90: lambda a: np.rot90(a, 1), 180: lambda a: np.rot90(a, 2), 270: lambda a: np.rot90(a, 3),
    -90: lambda a: np.rot90(a, 3),
}


@pytest.mark.parametrize("degrees", list(TURNS))
def test_phone_video_stands_upright(tmp_path: Path, degrees: float) -> None:
    plain, turned = make_clip(tmp_path / "a.mp4"), make_clip(tmp_path / "b.mp4", rotate=degrees)
    with open_source(str(plain)) as one, open_source(str(turned)) as other:
        assert other.info.rotation == degrees % 360
        assert any("turned" in note for note in other.info.notes)
        for before, after in zip(one, other, strict=True):
            assert (after.width, after.height) == (other.info.width, other.info.height)
            np.testing.assert_array_equal(TURNS[degrees](before.pixels), after.pixels)
    copy(turned, tmp_path / "o.mp4")
    with open_source(str(tmp_path / "o.mp4")) as again:
        assert again.info.rotation == 0
        assert (again.info.width, again.info.height) == ((48, 64) if degrees % 180 else (64, 48))


def test_sample_aspect_is_noted_and_carried(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", aspect=Fraction(4, 3))
    with open_source(str(tmp_path / "a.mp4")) as source:
        assert source.info.sample_aspect == Fraction(4, 3)
        assert any("not square" in note for note in source.info.notes)
    copy(tmp_path / "a.mp4", tmp_path / "o.mov")
    with open_source(str(tmp_path / "o.mov")) as source:
        assert source.info.sample_aspect == Fraction(4, 3)


def test_alpha_is_kept_by_prores_ffv1_and_png(tmp_path: Path) -> None:
    alpha = np.tile(np.arange(64, dtype=np.uint16) * 1024, (48, 1))
    frame = Frame(pixels=frames_of(1, bits=16)[0].pixels, alpha=alpha, number=0, rate=RATE, bits=16)
    for name, step in (("o.mov", 70), ("o.mkv", 0), ("o.%02d.png", 0)):
        with open_sink(tmp_path / name, info_of(1, bits=16, alpha=True)) as sink:
            sink.write(frame)
        with open_source(str(tmp_path / name)) as source:
            assert source.info.alpha
            read = source.read()
        assert read is not None
        assert read.alpha is not None
        assert np.abs(read.alpha.astype(int) - alpha).max() <= step


def test_interlaced_is_noted(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", options={"x264-params": "interlaced=1:tff=1"})
    with open_source(str(tmp_path / "a.mp4")) as source:
        assert source.info.interlaced
        assert any("interlaced" in note for note in source.info.notes)


def test_a_part_takes_its_own_sound(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mov", count=48, audio="pcm_s16le", rate=Fraction(24))
    with open_source(str(tmp_path / "a.mov")) as source, open_sink(tmp_path / "o.mov", source.info) as sink:
        for frame in source:
            if 24 <= frame.number < 36:
                sink.write(frame)
    with av.open(str(tmp_path / "o.mov")) as container:
        seconds = sum(f.samples for f in container.decode(audio=0)) / 48000
    assert abs(seconds - 0.5) < 0.05


def test_inspection_names_all_streams(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mov", audio="pcm_s16le", metadata={"timecode": "01:00:00:00"})
    report = inspect_media(tmp_path / "a.mov")
    assert [s.kind for s in report.streams] == ["video", "audio", "data"]
    assert report.info.audio == 1
    video, audio, data = report.streams
    assert (video.codec, video.width, video.height, video.rate) == ("h264", 64, 48, RATE)
    assert (audio.codec, audio.rate, audio.layout) == ("pcm_s16le", Fraction(48000), "stereo")
    assert data.timecode == "01:00:00:00"
    assert "64x48" in str(video)


def test_copied_pictures_look_the_same(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", "libx265", "yuv420p10le")
    copy(tmp_path / "a.mp4", tmp_path / "o.mp4")
    with open_source(str(tmp_path / "o.mp4")) as source:
        assert (source.info.codec, source.info.pixel_format) == ("hevc", "yuv420p10le")
        for frame in source:
            np.testing.assert_allclose(centres(frame.pixels), expected(frame.number), atol=4 / 255)
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


POINTS: dict[tuple[int, int, int, int], Callable[[Pixels], Pixels]] = {
    (1, 0, 0, 1): lambda a: a, (-1, 0, 0, 1): lambda a: a[:, ::-1], (1, 0, 0, -1): lambda a: a[::-1],
    (-1, 0, 0, -1): lambda a: a[::-1, ::-1], (0, 1, 1, 0): lambda a: a.swapaxes(0, 1),
    (0, -1, -1, 0): lambda a: a[::-1, ::-1].swapaxes(0, 1), (0, 1, -1, 0): lambda a: a.swapaxes(0, 1)[:, ::-1],
    (0, -1, 1, 0): lambda a: a.swapaxes(0, 1)[::-1],
}
"""Display matrix to what it does: x' = a x + c y, y' = b x + d y, with y downward."""
EXIF = {
    1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1), 5: (0, 1, 1, 0), 6: (0, 1, -1, 0),
    7: (0, -1, -1, 0), 8: (0, -1, 1, 0),
}


@pytest.mark.parametrize("matrix", list(POINTS))
def test_every_display_matrix_is_applied(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = (v << 16 for v in matrix)
    make_clip(tmp_path / "a.mp4")
    make_clip(tmp_path / "b.mp4", matrix=(a, b, 0, c, d, 0, 0, 0, 1 << 30))
    with open_source(str(tmp_path / "a.mp4")) as one, open_source(str(tmp_path / "b.mp4")) as other:
        before, after = one.read(), other.read()
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(POINTS[matrix](before.pixels), after.pixels)


@pytest.mark.parametrize("value", list(EXIF))
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_every_exif_orientation_is_applied(tmp_path: Path, name: str, value: int) -> None:
    path = tmp_path / name
    with open_sink(path, info_of(1)) as sink:
        sink.write(frames_of(1)[0])
    with open_source(str(path)) as source:
        before = source.read()
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, value, 0, 0)
    data = path.read_bytes()
    if name == "a.jpg":
        path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + data[2:])
    else:
        check = struct.pack(">I", zlib.crc32(b"eXIf" + tiff))
        path.write_bytes(data[:33] + struct.pack(">I", len(tiff)) + b"eXIf" + tiff + check + data[33:])
    with open_source(str(path)) as source:
        after = source.read()
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(POINTS[EXIF[value]](before.pixels), after.pixels)
