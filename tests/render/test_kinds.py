"""Every kind of input into every kind of output, and what is carried over."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playingage.engine import Engine
from playingage.media import inspect_media, open_source
from playingage.render import marks_in
from render.material import (
    RATE,
    audio_packets,
    deepened,
    moving,
    placed,
    read_all,
    write_clip,
    write_pictures,
)
from render.running import assert_untouched_outside, render_file

Portrait = NDArray[np.uint8]
_TIMECODE = "01:02:03:04"


def _make(kind: str, folder: Path, portrait: Portrait) -> str:
    """One input of each kind, three frames long (one for pictures)."""
    pictures = moving(portrait, 3)
    deep = deepened(pictures)
    names = {"timecode": _TIMECODE}
    alpha = np.dstack([pictures[0], np.linspace(0, 255, pictures[0][..., 0].size).reshape(120, 160).astype(np.uint8)])
    made: dict[str, Any] = {
        "h264": lambda: write_clip(folder / "in.mp4", pictures, audio="aac", metadata=names),
        "hevc10": lambda: write_clip(folder / "in.mov", deep, "libx265", "yuv420p10le", metadata=names),
        "prores": lambda: write_clip(
            folder / "in.mov", deep, "prores_ks", "yuv422p10le", audio="pcm_s16le", metadata=names
        ),
        "ffv1": lambda: write_clip(folder / "in.mkv", pictures, "ffv1", "bgr0", metadata=names, tags=(1, 1, 0, 2)),
        "png8": lambda: write_pictures(folder / "plates", pictures, first=1001),
        "tiff16": lambda: write_pictures(folder / "plates", deep, "plate_%d.tif"),
        "picture": lambda: write_pictures(folder, pictures[:1], "one.png" + "%.0d", first=0),
        "jpeg": lambda: write_pictures(folder, pictures[:1], "one.jpg" + "%.0d", first=0),
        "alpha": lambda: write_pictures(folder / "plates", [alpha, alpha], "a.%04d.png"),
    }
    return str(made[kind]())


def _address(kind: str, folder: Path, portrait: Portrait) -> str:
    if kind in ("picture", "jpeg"):
        path = folder / f"one.{'png' if kind == 'picture' else 'jpg'}"
        assert cv2.imwrite(str(path), np.ascontiguousarray(placed(portrait)[..., ::-1]))
        return str(path)
    return _make(kind, folder, portrait)


@pytest.mark.parametrize("kind", ["h264", "hevc10", "prores", "ffv1", "png8", "tiff16", "picture", "jpeg", "alpha"])
def test_lossless_clip_of_every_input_is_identical_outside_the_matte(
    kind: str, tmp_path: Path, portrait: Portrait, engine: Engine
) -> None:
    source = _address(kind, tmp_path, portrait)
    done = render_file(engine, source, tmp_path / "out.mkv")
    assert_untouched_outside(done)
    with open_source(source) as a, open_source(str(tmp_path / "out.mkv")) as b:
        before, after = a.info, b.info
    assert (before.rate, before.frames, before.timecode) == (after.rate, after.frames, after.timecode)
    assert (before.width, before.height, before.alpha) == (after.width, after.height, after.alpha)
    assert after.bits == (8 if before.bits == 8 else 16)
    assert (before.colour.primaries, before.colour.transfer) == (after.colour.primaries, after.colour.transfer)
    assert before.audio == after.audio
    assert done.report.frames_aged == done.report.frames
    assert marks_in(after.metadata)[-1].endswith(engine.package.sha256)


_OUTPUTS = [
    ("out.mp4", None, "hevc", "yuv420p10le"), ("out.mov", None, "prores", "yuv422p10le"),
    ("out.mov", "hevc", "hevc", "yuv420p10le"), ("out.mkv", None, "ffv1", "gbrp16le"),
    ("aged.%04d.png", None, "png", "rgb48be"), ("aged.%04d.tif", None, "tiff", "rgb48le"),
]


@pytest.mark.parametrize(("name", "codec", "expected", "pixel_format"), _OUTPUTS)
def test_ten_bits_stay_ten_bits(
    name: str, codec: str | None, expected: str, pixel_format: str, tmp_path: Path, portrait: Portrait, engine: Engine
) -> None:
    source = write_clip(
        tmp_path / "in.mov", deepened(moving(portrait, 2)), "prores_ks", "yuv422p10le", audio="pcm_s16le",
        metadata={"timecode": _TIMECODE},
    )
    codec_audio = name.endswith(".mp4")
    if codec_audio:  # PCM does not fit there; the next test looks at sound
        source = write_clip(tmp_path / "silent.mov", deepened(moving(portrait, 2)), "prores_ks", "yuv422p10le",
                            metadata={"timecode": _TIMECODE})
    done = render_file(engine, source, tmp_path / name, codec=codec)
    with open_source(str(tmp_path / name)) as opened:
        info = opened.info
    assert (info.codec, info.pixel_format, info.frames) == (expected, pixel_format, 2)
    assert info.bits >= 10
    for before, after, matte in zip(done.before, done.after, done.mattes, strict=True):
        assert len(np.unique(after.pixels[..., 1] // 64)) > 256
        error = np.abs(before.pixels.astype(np.int32) - after.pixels)[matte == 0]
        assert error.mean() < (1 if "16" in pixel_format or "48" in pixel_format else 900)
    if "%" not in name:
        assert (str(info.timecode), info.rate) == (_TIMECODE, RATE)
        assert (info.colour.primaries, info.colour.transfer) == ("bt709", "bt709")


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv"])
def test_sound_is_copied_packet_by_packet(name: str, tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    source = write_clip(tmp_path / "in.mp4", moving(portrait, 8), audio="aac")
    render_file(engine, source, tmp_path / name)
    before, after = audio_packets(source), audio_packets(tmp_path / name)
    if name.endswith(".mkv"):
        before = before[1:]  # Matroska cannot hold what stands before 0, the priming of AAC
    assert [data for data, _ in after] == [data for data, _ in before]


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_pictures_and_sequences_are_marked_and_numbered(
    suffix: str, tmp_path: Path, portrait: Portrait, engine: Engine
) -> None:
    source = write_pictures(tmp_path / "plates", moving(portrait, 2), first=1001)
    (tmp_path / "aged").mkdir()
    done = render_file(engine, source, tmp_path / "aged" / f"shot.%04d.{suffix}")
    assert sorted(p.name for p in (tmp_path / "aged").glob("shot.*")) == [f"shot.100{n}.{suffix}" for n in (1, 2)]
    if suffix != "jpg":
        assert_untouched_outside(done)
    for number in (1001, 1002):
        path = tmp_path / "aged" / f"shot.{number}.{suffix}"
        assert cv2.imread(str(path)) is not None  # other programs read it too
        with open_source(str(path)) as opened:
            assert marks_in(opened.info.metadata)[0].endswith(engine.package.sha256)


def test_variable_times_are_kept(tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    ticks = [0, 40, 73, 173, 200]
    source = write_clip(tmp_path / "in.mkv", moving(portrait, 5), ticks=ticks, base=Fraction(1, 1000))
    for name in ("a.mkv", "b.mp4"):
        done = render_file(engine, source, tmp_path / name)
        assert [f.seconds for f in done.after] == [f.seconds for f in done.before] == [Fraction(t, 1000) for t in ticks]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_clips_come_out_upright(turn: int, tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    turned = [np.ascontiguousarray(np.rot90(picture, -turn // 90)) for picture in moving(portrait, 2)]
    source = write_clip(tmp_path / "in.mp4", turned, rotate=turn)
    done = render_file(engine, source, tmp_path / "out.mkv")
    with open_source(str(tmp_path / "out.mkv")) as opened:
        assert (opened.info.width, opened.info.height, opened.info.rotation) == (160, 120, 0)
    assert done.report.faces == 1
    assert_untouched_outside(done)


@pytest.mark.parametrize(("name", "codec"), [("out.mp4", "h264"), ("out.mov", "prores"), ("out.mkv", "ffv1")])
def test_odd_sizes_are_kept(name: str, codec: str, tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    source = write_clip(tmp_path / "in.mkv", moving(portrait, 2, (161, 121)), "ffv1", "bgr0", tags=(1, 1, 0, 2))
    done = render_file(engine, source, tmp_path / name, codec=codec)
    assert done.after[0].pixels.shape == (121, 161, 3)
    if codec == "ffv1":
        assert_untouched_outside(done)


@pytest.mark.parametrize(
    ("tags", "name"), [((9, 16, 9, 1), "pq"), ((9, 18, 9, 1), "hlg"), ((5, 1, 5, 2), "pal, full range")]
)
def test_colour_tags_are_carried(
    tags: tuple[int, int, int, int], name: str, tmp_path: Path, portrait: Portrait, engine: Engine
) -> None:
    source = write_clip(tmp_path / "in.mov", deepened(moving(portrait, 3)), "libx265", "yuv420p10le", tags=tags)
    render_file(engine, source, tmp_path / "out.mp4")
    with open_source(str(source)) as a, open_source(str(tmp_path / "out.mp4")) as b:
        assert a.info.colour == b.info.colour
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == tags


def test_mark_is_added_to_the_comment_that_was_there(tmp_path: Path, portrait: Portrait, engine: Engine) -> None:
    source = write_clip(tmp_path / "in.mp4", moving(portrait, 2), metadata={"comment": "slate 12", "title": "Ada"})
    for before, after in (("in.mp4", "a.mkv"), ("a.mkv", "b.mov")):
        render_file(engine, tmp_path / before, tmp_path / after)
        tags = dict(inspect_media(tmp_path / after).info.metadata)
        assert tags["title"] == "Ada"
        assert tags["comment"].startswith("slate 12\n")
        assert len(marks_in(tags.items())) == 1
    assert read_all(source)[0].pixels.shape == (120, 160, 3)
